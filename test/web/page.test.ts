import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startWeb, type Web } from '../../src/web/index.ts';
import { reservedPort } from '../support/ports.ts';
import { attributes, NO_BROWSER, openBrowser, openPage, stickingOut } from './browser.ts';
import { handClock, manySymbols, NOON_MS, stateChanged, status, symbolStatus, webOptions } from './fixtures.ts';
import { openStage, type Stage, until } from './stage.ts';

const BNB = 'BNB_USDT_Perp';
const ALERT = {
  ...{ key: 'drift', kind: 'drift', account: null, instrument: BNB, sinceMs: NOON_MS, details: {} },
  ...{
    critical: false,
    information: false,
    over: false,
    ackedBy: null,
    silencedUntilMs: null,
    text: { en: 'drift', zh: 'drift' },
  },
};

describe('the page of a running engine', { skip: NO_BROWSER }, () => {
  let browser: Browser;
  let stage: Stage;
  const actor = () => stage.engine.daemon.system.get(`symbol:${BNB}`)!.getSnapshot();
  const lit = (page: Page) => attributes(page, '.statechart .state.lit', 'data-state');

  before(async () => {
    [browser, stage] = await Promise.all([openBrowser(), openStage()]);
    await stage.quoting(BNB);
  });
  after(async () => {
    await browser.close();
    await stage.close();
  });

  test('a fill is on the page as it happens', async () => {
    const { page, wrong } = await openPage(browser, stage.url);
    await page.waitForSelector(`[data-symbol="${BNB}"]`);
    const before = await page.locator('.feed li[data-type="fill.booked"]').count();
    stage.fill(BNB);
    const fills = async () => (await attributes(page, '.feed li[data-type="fill.booked"]', 'data-id')).length;
    await until(async () => (await fills()) > before, 'the fill on the page');
    await page.waitForSelector(`[data-symbol="${BNB}"][data-phase="imbalanced"]`);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('the lit state of the statechart is the actor’s', async () => {
    const { page, wrong } = await openPage(browser, `${stage.url}/#/${BNB}`);
    await page.waitForSelector('.statechart .state.lit');
    await until(async () => {
      const [state] = await lit(page);
      return state === actor().value;
    }, 'the lit state');
    assert.equal((await lit(page)).length, 1);
    assert.equal(actor().value, 'imbalanced');
    stage.fill(BNB);
    await until(
      async () => (await lit(page)).join() === 'equal' && actor().value === 'equal',
      'the state after the hedge',
    );
    assert.equal(await page.locator('.symbolhead [data-phase]').getAttribute('data-phase'), 'equal');
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('the last transitions are lit in turn when asked for', async () => {
    const { page } = await openPage(browser, `${stage.url}/#/${BNB}`);
    await page.waitForSelector('.statechart .state.lit');
    await page.getByRole('button', { name: /show the last transitions/ }).click();
    const seen = new Set<string>();
    await until(async () => {
      const [from, to] = [
        await attributes(page, '.statechart .transition.lit', 'data-from'),
        await attributes(page, '.statechart .transition.lit', 'data-to'),
      ];
      for (const [index, one] of to.entries()) seen.add(`${from[index]}>${one}`);
      return seen.has('deciding>imbalanced') && seen.has('deciding>equal') && seen.has('>deciding');
    }, 'transitions lit');
    await page.close();
  });

  test('the slider shows the past: the state, what was seen, and what was decided', async () => {
    const { page, wrong } = await openPage(browser, `${stage.url}/#/${BNB}`);
    const slider = page.locator('.slider');
    await until(async () => Number(await slider.getAttribute('max')) > 3, 'moments');
    interface Moment {
      phase: string;
      fact: { type: string };
    }
    const list = (await (await fetch(`${stage.url}/api/past/${BNB}`)).json()) as { moments: Moment[] };
    for (const wanted of ['imbalanced', 'equal']) {
      const index = list.moments.findIndex((one) => one.phase === wanted && one.fact.type === 'decision.made');
      await slider.fill(String(index));
      await page.waitForSelector(`[data-moment-phase="${wanted}"]`);
      assert.deepEqual(await lit(page), [wanted]);
      const text = await page.locator('.moment').innerText();
      assert.match(text, /position A/i);
      assert.match(text, /submit [AB] (buy|sell)/);
    }
    await page.getByRole('button', { name: /^now/ }).click();
    assert.equal((await lit(page)).join(), actor().value);
    // An hour ago nothing ran; 30 days back is as far as it goes.
    const back = page.locator('.back-slider');
    assert.equal(await back.getAttribute('min'), String(-30 * 24));
    await back.fill('-1');
    await page.waitForSelector('.past p:has-text("nothing of this symbol in that time")');
    assert.equal(await slider.getAttribute('max'), '0');
    await page.getByRole('button', { name: /^now/ }).click();
    await until(async () => Number(await slider.getAttribute('max')) > 3, 'the moments of now');
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('nothing is fetched from outside', async () => {
    const { page, fetched } = await openPage(browser, `${stage.url}/#/${BNB}`);
    await page.waitForSelector('.statechart .state.lit');
    await page.goto(stage.url);
    await page.waitForSelector('.tile');
    assert.ok(fetched.length > 8);
    for (const url of fetched) assert.ok(url.startsWith(`${stage.url}/`), url);
    await page.close();
  });

  test('nothing overflows at 360 px, on a symbol’s page either', async () => {
    for (const hash of ['', `#/${BNB}`]) {
      const { page, wrong } = await openPage(browser, `${stage.url}/${hash}`, { width: 360, height: 780 });
      await page.waitForSelector(hash === '' ? '.tile' : '.statechart .state.lit');
      assert.deepEqual(await stickingOut(page), []);
      assert.deepEqual(wrong, []);
      await page.close();
    }
  });
});

describe('the page of any engine', { skip: NO_BROWSER }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());

  /** A web part with that status, closed when the test is over. */
  const serve = async (
    t: TestContext,
    change: Parameters<typeof status>[0],
    more: Parameters<typeof webOptions>[0] = {},
  ): Promise<Web> => {
    const web = await startWeb(webOptions({ source: { status: () => status(change) }, ...more }));
    t.after(() => web.close());
    return web;
  };

  for (const width of [360, 768, 1440]) {
    test(`sixty symbols fit a screen of ${width} px`, async (t) => {
      const web = await serve(t, { symbols: manySymbols(60), name: 'the second engine of the three in Zurich' });
      const { page, wrong } = await openPage(browser, web.url, { width });
      assert.equal(await page.locator('.tile').count(), 60);
      assert.deepEqual(await stickingOut(page), []);
      await page.getByRole('button', { name: '中文' }).click();
      assert.deepEqual(await stickingOut(page), []);
      assert.deepEqual(wrong, []);
      await page.close();
    });
  }

  test('sixty lively symbols: worst unhedged first, by any heading, and nothing on the page is pushed about', async (t) => {
    let turn = 0;
    const source = {
      status: () => {
        turn += 1;
        const symbols = manySymbols(60).map((symbol, at) => {
          const net = String(((at * 7 + turn * 13) % 60) + 0.5);
          const unhedged = at % 2 === turn % 2 ? { fromMs: NOON_MS - at * 1000, untilMs: NOON_MS } : null;
          return { ...symbol, net, netUsdt: net, unhedged, lots: turn % 3 === 0 ? [] : symbol.lots };
        });
        return status({ symbols });
      },
    };
    const web = await serve(t, {}, { source });
    const { page, wrong } = await openPage(browser, web.url);
    await page.waitForSelector('.symboltable .row[data-row]');
    await page.evaluate(`(() => {
      window.shift = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.shift += one.value)))
        .observe({ type: 'layout-shift', buffered: false });
    })()`);
    const turnBefore = turn;
    await until(() => turn > turnBefore + 3, 'some turns');
    assert.ok((await page.evaluate<number>('window.shift')) <= 0.002, `${await page.evaluate<number>('window.shift')}`);
    const column = (name: string) =>
      page.evaluate<string[]>(`[...document.querySelectorAll('.symboltable .rows .row')]
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map((one) => one.querySelector('.col-${name}').textContent)`);
    const nets = (await column('net')).map(Number);
    assert.deepEqual(
      nets,
      [...nets].sort((a, b) => b - a),
    );
    await page.getByRole('button', { name: 'symbol', exact: true }).click();
    const names = await column('symbol');
    assert.deepEqual(
      names,
      [...names].sort((a, b) => a.localeCompare(b)),
    );
    await page.getByRole('button', { name: /^cooldown/ }).click();
    assert.ok((await page.locator('.symboltable .row:visible').count()) < 20);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('a state’s chip shows its symbols and no others; so does a name', async (t) => {
    const web = await serve(t, { symbols: manySymbols(60) });
    const { page } = await openPage(browser, web.url);
    await page.getByRole('button', { name: /^cooldown/ }).click();
    const phases = await attributes(page, '.tile:not([hidden])', 'data-phase');
    assert.ok(phases.length > 0 && phases.every((phase) => phase === 'cooldown'));
    await page.getByRole('button', { name: /^cooldown/ }).click();
    await page.getByRole('searchbox').fill('doge');
    assert.deepEqual(await page.locator('.tile:visible strong').allInnerTexts(), ['DOGE']);
    await page.close();
  });

  test('every state is named as in the statechart, in Chinese too', async (t) => {
    const web = await serve(t, { symbols: manySymbols(14) }, { lang: () => 'zh' });
    const { page, wrong } = await openPage(browser, web.url);
    const names = new Set(await page.locator('.tile .phase').allInnerTexts());
    for (const name of ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown', 'waiting'])
      assert.ok(names.has(name), name);
    assert.match(await page.locator('h1').innerText(), /正在交易 14 个标的/);
    const text = await page.locator('.tiles').innerText();
    assert.match(text, /已对冲：A 0\.48，B -0\.48/);
    assert.doesNotMatch(text, /waits for|hedged:|undefined|NaN/);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('the language is switched by the reader and stays switched', async (t) => {
    const web = await serve(t, {});
    const { page } = await openPage(browser, web.url);
    assert.match(await page.locator('h1').innerText(), /Trading/);
    await page.getByRole('button', { name: '中文' }).click();
    assert.match(await page.locator('h1').innerText(), /正在交易/);
    await page.reload();
    await page.waitForSelector('h1');
    assert.match(await page.locator('h1').innerText(), /正在交易/);
    await page.close();
  });

  test('dark and light are there, and the button changes them', async (t) => {
    const web = await serve(t, {});
    const { page } = await openPage(browser, web.url);
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await ground();
    await page.locator('#top button').last().click();
    assert.notEqual(await ground(), dark);
    await page.close();
  });

  test('seven tabs show what happens, also after the one with the stream was closed', async (t) => {
    const web = await serve(t, {});
    const { page: first } = await openPage(browser, web.url);
    const context = first.context();
    const others: Page[] = [];
    for (let at = 0; at < 6; at++) {
      const page = await context.newPage();
      await page.goto(web.url);
      await page.waitForSelector('.tile');
      others.push(page);
    }
    web.reporter.report(stateChanged(BNB));
    await Promise.all([first, ...others].map((page) => page.waitForSelector('.feed li')));
    await first.close();
    await until(() => {
      web.reporter.report(stateChanged(BNB));
      return others.at(-1)!.locator('.feed li:nth-child(3)').count();
    }, 'another tab with the stream');
    await others[0]!.goto(`${web.url}/#/%E0%A4%A`);
    await others[0]!.waitForSelector('.tile');
    await context.close();
  });

  test('a view that is remade stays where it was read', async (t) => {
    const web = await serve(t, { symbols: manySymbols(60) });
    const { page } = await openPage(browser, web.url);
    await page.evaluate('scrollTo(0, 700)');
    await page.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))");
    assert.equal(await page.evaluate<number>('scrollY'), 700);
    await page.close();
  });

  test("account cards show the last digits of the accounts' ids", async (t) => {
    const web = await serve(t, {});
    const { page, wrong } = await openPage(browser, web.url);
    await page.waitForSelector('.account.acc-B');
    assert.deepEqual(await attributes(page, '.account [data-id-ends]', 'data-id-ends'), ['4782', '0114']);
    assert.equal(await page.locator('.account.acc-B [data-id-ends]').innerText(), '…0114');
    assert.deepEqual(wrong, []);
    await page.close();
  });

  test('an engine that goes away is shown as gone, and found again', async (t) => {
    const port = await reservedPort();
    const first = await serve(t, {}, { port });
    const { page } = await openPage(browser, first.url);
    await page.waitForSelector('.link.up');
    await first.close();
    await page.waitForSelector('.link.down');
    await serve(t, { symbols: [symbolStatus({ phase: 'cooldown', state: 'cooldown' })] }, { port });
    await page.waitForSelector('.link.up');
    await page.waitForSelector('.tile[data-phase="cooldown"]');
    await page.close();
  });

  /** How the page shows the engine. */
  const shown = async (page: Page) => ({
    headline: await page.locator('h1').innerText(),
    needs: await page.locator('.needs').innerText(),
    title: await page.title(),
    tile: await page.evaluate<string>("getComputedStyle(document.querySelector('.tile')).filter"),
    age: await page.locator('.account dd [data-since]').first().innerText(),
  });

  test('an engine that sends nothing for 10 s is not answering: its page is grey, its clocks stand', async (t) => {
    let frozen = false;
    const alerts = [{ ...ALERT, key: 'drift', kind: 'drift' }];
    const source = {
      status: () => {
        if (frozen) throw new Error('frozen');
        return status({ alerts });
      },
    };
    const web = await serve(t, {}, { source });
    const { page } = await openPage(browser, web.url, { clock: true });
    await page.waitForSelector('.link.up');
    const live = await shown(page);
    assert.deepEqual([live.headline, live.title, live.tile], ['Trading 1 symbols.', '(1) one · grvt-hedge', 'none']);
    await until(() => page.locator('#said').innerText(), 'the alert, for a screen reader');
    assert.equal(await page.locator('#said').innerText(), 'New alert: drift');
    frozen = true;
    await page.clock.fastForward(8_000);
    assert.equal((await shown(page)).headline, live.headline);
    await page.clock.fastForward(2_500);
    await page.waitForSelector('.link.down');
    const silent = await shown(page);
    assert.equal(silent.headline, 'last update 12:00:00, engine not answering');
    assert.deepEqual([silent.title, silent.tile], ['(!) one · grvt-hedge', 'grayscale(1)']);
    assert.match(silent.needs, /orders may rest and fill/);
    await page.clock.fastForward(60_000);
    assert.equal((await shown(page)).age, silent.age);
    await page.getByRole('button', { name: '中文' }).click();
    assert.match((await shown(page)).headline, /最后更新 12:00:00，引擎无响应/);
    await page.goto(`${web.url}/#/${BNB}`);
    assert.match(await page.locator('#gone').innerText(), /12:00:00/);
    frozen = false;
    await page.waitForSelector('.link.up');
    assert.equal(await page.locator('#gone').innerText(), '');
    await page.close();
  });

  test('13.4 an engine that stopped in order says so, and what it leaves unhedged', async () => {
    const open = {
      hedgeSide: 'sell',
      size: '0.48',
      usdt: '297.60',
      sinceMs: NOON_MS - 60_000,
      costUsdt: '0.05',
    } as const;
    const cases: [Partial<ReturnType<typeof symbolStatus>>, string][] = [
      [{}, 'Nothing is left unhedged.'],
      [
        { open },
        'Left unhedged: BNB: sell 0.48 would hedge it, 297.60 USDT, since 11:59:00, at the touch that costs 0.05 USDT.',
      ],
    ];
    for (const [symbol, words] of cases) {
      let engine: 'trading' | 'stopped' = 'trading';
      const source = { status: () => status({ engine, symbols: [symbolStatus(symbol)] }) };
      const web = await startWeb(webOptions({ source }));
      const { page } = await openPage(browser, web.url, { clock: true });
      await page.waitForSelector('.link.up');
      engine = 'stopped';
      await web.close();
      await page.waitForSelector('.link.down');
      await page.clock.fastForward(60_000);
      const { headline, needs, title, tile } = await shown(page);
      assert.deepEqual([headline, needs], ['Stopped in order at 12:00:00.', words]);
      assert.deepEqual([title, tile], ['one · grvt-hedge', 'grayscale(1)']);
      await page.close();
    }
  });

  test('12.3 what needs you counts what requires action, not information nor what is over', async (t) => {
    const alert = (kind: string, changes: { over?: boolean; information?: boolean }) => ({
      ...{ ...ALERT, key: kind, kind },
      ...changes,
    });
    const capped = alert('limit-reached', { information: true });
    const cases: [ReturnType<typeof alert>[], string, string[]][] = [
      [[capped], 'Nothing needs you.', []],
      [[alert('drift', {}), alert('mmr', { over: true }), capped], 'Alerts: 1', ['1']],
    ];
    for (const [alerts, words, count] of cases) {
      const web = await serve(t, { alerts });
      const { page } = await openPage(browser, web.url);
      assert.equal(await page.locator('.needs').innerText(), words);
      assert.deepEqual(await page.locator('.alerts .count-bad').allInnerTexts(), count);
      assert.equal(await page.locator('.alerts li').count(), alerts.length);
      await page.close();
    }
  });

  test('what an exchange or an operator writes is text, never markup', async (t) => {
    const evil = '<img src=x onerror="document.title=\'owned\'">';
    const evilWords = { rule: evil, en: evil, zh: evil };
    const web = await serve(t, { name: evil, symbols: [symbolStatus({ why: { ...evilWords }, idle: evilWords })] });
    const { page } = await openPage(browser, web.url);
    web.reporter.report({ type: 'actor.failed', atMs: NOON_MS, actor: evil, message: evil });
    await page.waitForSelector('.feed li[data-type="actor.failed"]');
    assert.equal(await page.locator('.tile img, .feed img, img[src="x"]').count(), 0);
    assert.equal(await page.title(), `${evil} · grvt-hedge`);
    await page.close();
  });

  test('17.4 today and seven days of money are on the page, of one symbol too; 8.6 a stop for openings beside them', async () => {
    const line = {
      ...{ fills: 4, volume: '2400', spread: '1.5', unwinds: '0.25', fees: { USDT: '-0.2', BTC: '0.1' } },
      ...{ funding: { USDT: '0.3' }, unrealised: null, differences: '0', total: '-1.65' },
    };
    const money = { today: line, week: { ...line, total: '9.75' } };
    const openingsStop = { rule: '8.6', en: 'openings are stopped', zh: '停止开仓' };
    const shown = status({ money: { ...money, atMs: NOON_MS }, openingsStop, symbols: [symbolStatus({ money })] });
    const web = await startWeb(webOptions({ source: { status: () => shown } }));
    try {
      for (const view of ['', `#/${BNB}`]) {
        const { page, wrong } = await openPage(browser, `${web.url}/${view}`);
        const cells = page.locator('.money tr[data-span="today"] td');
        assert.deepEqual(await cells.allInnerTexts(), [
          ...['−1.65', '1.50', '0.25', '0.20\n−0.10 BTC', '−0.30', '–', '0.00', '2 400.00'],
        ]);
        assert.equal(await page.locator('.money tr[data-span="week"] td').first().innerText(), '9.75');
        assert.match(await page.locator('.money').innerText(), /openings are stopped/);
        await page.locator('[data-history="week"]').click();
        await page.waitForSelector('.history[data-points="0"]');
        await page.getByRole('button', { name: '中文' }).click();
        assert.match(await page.locator('.money').innerText(), /停止开仓[\s\S]*手续费/);
        assert.deepEqual(wrong, []);
        await page.context().close();
      }
    } finally {
      await web.close();
    }
  });

  test('the feed and the page stay bounded while facts pour in', async (t) => {
    const clock = handClock();
    const web = await serve(t, {}, { clock });
    const { page, wrong } = await openPage(browser, web.url);
    for (let at = 0; at < 600; at++) web.reporter.report(stateChanged(BNB, NOON_MS + at));
    await until(async () => (await attributes(page, '.feed li', 'data-id')).length >= 100, 'the feed');
    assert.ok((await page.locator('.feed li').count()) <= 120);
    assert.deepEqual(wrong, []);
    await page.close();
  });
});
