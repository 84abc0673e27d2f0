import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { memoryOf } from '../../machines/symbol.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { NO_BROWSER, openBrowser, openPage, stickingOut } from './browser.ts';
import { openStage, type Stage, until } from './stage.ts';

const BNB = 'BNB_USDT_Perp';
const TOKEN = 'correct-horse-battery-24';
const PHONE = { width: 390, height: 844 };

async function unlock(page: Page, token = TOKEN): Promise<void> {
  await page.getByRole('button', { name: 'Unlock', exact: true }).click();
  await page.locator('dialog input[type=password]').fill(token);
  await page.locator('dialog button[type=submit]').click();
}

async function unlocked(page: Page): Promise<void> {
  await unlock(page);
  await page.waitForSelector('.lock.open');
}

/** The page's answer to a command, once it has come. */
async function confirmed(page: Page): Promise<string> {
  await page.locator('dialog button[type=submit]:enabled').click();
  await page.waitForSelector('dialog button:text("Close")');
  return page.locator('dialog .said').innerText();
}

describe('16.6 the page acts', { skip: NO_BROWSER }, () => {
  let browser: Browser;
  let stage: Stage;
  const bnb = () => memoryOf(stage.engine.daemon.system.get(`symbol:${BNB}`));
  const standing = () =>
    stage.engine.daemon
      .getSnapshot()
      .context.memory.symbols.find(({ config }) => config.instrument === BNB)
      ?.standing?.map(({ verb, by }) => `${verb} of ${by}`);

  before(async () => {
    [browser, stage] = await Promise.all([openBrowser(), openStage({ env: { GRVT_HEDGE_CONTROL_TOKEN: TOKEN } })]);
    await stage.quoting(BNB);
  });
  after(async () => {
    await browser.close();
    await stage.close();
  });

  test('by telephone: two taps and a confirmation with numbers', async () => {
    const { page, wrong } = await openPage(browser, stage.url, PHONE);
    await page.waitForSelector('.tile');
    assert.equal(await page.locator('.acts button').count(), 0, 'locked, it only shows');
    await unlocked(page);
    await page.locator(`[data-symbol="${BNB}"]`).click();
    await page.locator('.acts [data-verb="pause"]').click();
    await page.waitForSelector('dialog .said [data-code="as-it-is"]');
    const asked = await page.locator('dialog').innerText();
    assert.match(asked, /Pause · BNB/);
    assert.match(asked, /repairs until it is hedged, then does nothing/);
    assert.match(asked, /2 own orders now, A 0, B 0/);
    assert.deepEqual(standing() ?? [], [], 'nothing is done yet');
    assert.deepEqual(await stickingOut(page), []);
    assert.match(await confirmed(page), /opens nothing/);
    assert.deepEqual(standing(), ['pause of page']);
    await until(() => bnb()?.state.pauseReached === true, 'the pause');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.acts [data-verb="resume"]').click();
    assert.match(await confirmed(page), /trades again/);
    await stage.quoting(BNB);
    assert.deepEqual(wrong, []);
    await page.context().close();
  });

  test('in Chinese the question, the numbers and the answer are Chinese', async () => {
    const { page } = await openPage(browser, stage.url, PHONE);
    await unlocked(page);
    await page.getByRole('button', { name: '中文' }).click();
    await page.locator('.acts [data-verb="hedge-only"]').click();
    await page.waitForSelector('dialog .said [data-code="as-it-is"]');
    const asked = await page.locator('dialog').innerText();
    assert.match(asked, /只对冲 · 全部标的/);
    assert.match(asked, /不再开仓，修复继续/);
    assert.match(asked, /现有 2 张自有订单/);
    assert.doesNotMatch(asked, /own orders|opens nothing|undefined|NaN/);
    await page.getByRole('button', { name: '返回' }).click();
    assert.equal(await page.locator('dialog').count(), 0);
    assert.deepEqual(standing() ?? [], []);
    await page.context().close();
  });

  test('a duration that is chosen is in the question, and in force', async () => {
    const { page } = await openPage(browser, `${stage.url}/#/${BNB}`);
    await unlocked(page);
    await page.locator('.acts [data-verb="hedge-only"]').click();
    await page.locator('dialog select').selectOption({ label: 'for 4 h' });
    await page.waitForSelector('dialog .said li:has-text("until ")');
    await page.locator('dialog input[type=text]').fill('lunch');
    await confirmed(page);
    const [one] = stage.engine.daemon
      .getSnapshot()
      .context.memory.symbols.find(({ config }) => config.instrument === BNB)!.standing!;
    assert.deepEqual([one?.verb, one?.by, one?.why], ['hedge-only', 'page', 'lunch']);
    const hours = ((one?.untilMs ?? 0) - Date.now()) / 3_600_000;
    assert.ok(hours > 3.9 && hours <= 4, String(hours));
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.acts [data-verb="resume"]').click();
    await confirmed(page);
    await stage.quoting(BNB);
    await page.context().close();
  });

  test('six wrong tokens, and the right one still works', async () => {
    const { page } = await openPage(browser, stage.url);
    const others = await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        fetch(`${stage.url}/api/control/unlock`, {
          method: 'POST',
          headers: { origin: stage.url, 'content-type': 'application/json' },
          body: JSON.stringify({ token: `wrong-token-number-${at}-xxxx` }),
        }),
      ),
    );
    assert.ok(others.every(({ ok }) => !ok));
    await unlock(page, 'not-the-token-at-all-000');
    await page.waitForSelector('dialog [role=alert]:text("not the token")');
    await page.locator('dialog input[type=password]').fill(TOKEN);
    await page.locator('dialog button[type=submit]').click();
    await page.waitForSelector('.lock.open');
    await page.context().close();
  });

  test('unlocked after a reload of the tab, in no other tab, and locked by the button', async () => {
    const { page } = await openPage(browser, stage.url);
    await unlocked(page);
    await page.reload();
    await page.waitForSelector('.lock.open');
    assert.deepEqual(await page.context().cookies(), []);
    const other = await page.context().newPage();
    await other.goto(stage.url);
    await other.waitForSelector('.tile');
    await other.waitForSelector('.lock:not(.open)');
    assert.equal(await other.locator('.acts button').count(), 0);
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await page.waitForSelector('.lock:not(.open)');
    assert.equal(await page.locator('.acts button').count(), 0);
    assert.equal(await page.evaluate<number>('sessionStorage.length'), 0);
    await page.context().close();
  });

  describe('a page of another port of this machine', () => {
    let other: Server;
    let url: string;
    before(async () => {
      other = createServer((_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end(`<!doctype html><title>other</title>
          <form id="urlencoded" method="post" action="${stage.url}/api/control/command"><input name="verb" value="stop"></form>
          <form id="text" method="post" enctype="text/plain" action="${stage.url}/api/control/command">
            <input name='{"verb":"stop","x":"' value='"}'></form>`);
      });
      await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
      url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    });
    after(() => other.close());

    for (const form of ['urlencoded', 'text']) {
      test(`its form (${form}) does nothing`, async () => {
        const context = await browser.newContext();
        context.setDefaultTimeout(PATIENCE_MS);
        const page = await context.newPage();
        await page.goto(url);
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.url().includes('/api/control/')),
          page.evaluate(`document.getElementById('${form}').submit()`),
        ]);
        assert.equal(answer.status(), 403);
        assert.equal(stage.engine.daemon.getSnapshot().value, 'trading');
        await context.close();
      });
    }

    test('its script reaches nothing, even with the session of an unlocked page', async () => {
      const { page } = await openPage(browser, stage.url);
      await unlocked(page);
      const key = await page.evaluate<string>("sessionStorage.getItem('grvt-hedge.session')");
      assert.match(key, /^[0-9a-f]{64}$/);
      await page.goto(url);
      assert.equal(await page.evaluate('sessionStorage.length'), 0, 'another port has another store');
      const tried = await page.evaluate<string>(`fetch('${stage.url}/api/control/command', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-hedge-session': '${key}' },
        body: JSON.stringify({ verb: 'stop' }),
      }).then((answer) => String(answer.status), (error) => error.name)`);
      assert.equal(tried, 'TypeError');
      assert.equal(stage.engine.daemon.getSnapshot().value, 'trading');
      await page.context().close();
    });
  });

  test('12.4 an alert is acknowledged, and another silenced, where it stands; the button stays while others come', async () => {
    const { page } = await openPage(browser, stage.url, PHONE);
    await unlocked(page);
    const manager = stage.engine.daemon.system.get('alert-manager');
    const raise = (account: 'A' | 'B', leverage: string) =>
      manager?.send({
        type: 'alert.raised',
        alert: {
          ...{ key: `isolated-margin:${account}`, kind: 'isolated-margin', account, instrument: null },
          ...{ atMs: Date.now(), sinceMs: null, details: { leverage } },
        },
      });
    raise('A', '10');
    const row = (account: string) => page.locator(`[data-alert="isolated-margin:${account}"]`);
    const ack = row('A').locator('[data-verb="ack"]');
    await ack.waitFor();
    await page.evaluate(`window.before = document.querySelector('[data-alert="isolated-margin:A"] [data-verb="ack"]')`);
    raise('B', '20');
    await row('B').waitFor();
    assert.equal(await page.evaluate('window.before.isConnected'), true);
    await ack.click();
    await page.waitForSelector('dialog .said [data-code="will-ack"]');
    await confirmed(page);
    await page.getByRole('button', { name: 'Close' }).click();
    await until(async () => /acknowledged by page/.test(await row('A').innerText()), 'the acknowledgement');
    await row('B').locator('[data-verb="silence"]').click();
    await page.locator('dialog select').selectOption({ label: 'for 2 h' });
    await page.waitForSelector('dialog .said [data-code="will-silence"]:has-text("until ")');
    await confirmed(page);
    await page.getByRole('button', { name: 'Close' }).click();
    await until(async () => /silenced until/.test(await row('B').innerText()), 'the silence');
    for (const account of ['A', 'B'])
      manager?.send({ type: 'alert.cleared', key: `isolated-margin:${account}`, atMs: Date.now() });
    await page.context().close();
  });

  test('cancel with a net names size, worth and cost, and is given with that word only', async () => {
    const { page } = await openPage(browser, `${stage.url}/#/${BNB}`, PHONE);
    await unlocked(page);
    stage.fill(BNB);
    await until(() => bnb()?.state.lots.length === 1, 'a lot');
    await page.locator('.acts [data-verb="cancel"]').click();
    await page.waitForSelector('dialog .said.loud [data-code="will-hold-with-net"]');
    assert.match(await page.locator('dialog .said').innerText(), /net of -?[\d.]+ \([\d.]+ USDT\) stays unhedged/);
    assert.deepEqual(standing() ?? [], []);
    await page.getByRole('button', { name: 'Yes, and leave it as it is' }).click();
    await page.waitForSelector('dialog button:text("Close")');
    assert.deepEqual(standing(), ['cancel of page']);
    await page.context().close();
  });
});

test('without a token there is no button', { skip: NO_BROWSER }, async () => {
  const [browser, stage] = await Promise.all([openBrowser(), openStage()]);
  try {
    const { page, wrong } = await openPage(browser, stage.url);
    await page.waitForSelector('.tile');
    assert.equal(await page.locator('.lock, .acts button').count(), 0);
    assert.deepEqual(wrong, []);
  } finally {
    await browser.close();
    await stage.close();
  }
});
