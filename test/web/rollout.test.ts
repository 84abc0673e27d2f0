import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusLines } from '../../src/cli/status.ts';
import type { RolloutStatus } from '../../src/status/model.ts';
import { startWeb } from '../../src/web/index.ts';
import { NO_BROWSER, openBrowser, openPage, stickingOut } from './browser.ts';
import { NOON_MS, status, symbolStatus, webOptions } from './fixtures.ts';

const rollout = (more: Partial<RolloutStatus> = {}): RolloutStatus => ({
  ...{ stage: 'waiting', hedges: 0, hedgesWanted: 10, ranMs: 0, ranWantedMs: 1_800_000 },
  ...{ placed: 0, failed: 0, cooldowns: 0, passedOn: null, held: null },
  ...more,
});
const HELD = { figure: 'success', value: '94/100', limit: '0.95' } as const;
const SYMBOLS = [
  symbolStatus({ instrument: 'BNB_USDT_Perp', rollout: rollout({ stage: 'full' }) }),
  symbolStatus({
    instrument: 'BTC_USDT_Perp',
    rollout: rollout({ stage: 'trial', hedges: 1, ranMs: 600_000, placed: 5, passedOn: 'capped' }),
  }),
  symbolStatus({
    instrument: 'ETH_USDT_Perp',
    rollout: rollout({ stage: 'trial', hedges: 4, ranMs: 720_000, placed: 94, failed: 6, held: HELD }),
  }),
  symbolStatus({ instrument: 'SOL_USDT_Perp', symbolMode: 'hedge-only', rollout: rollout() }),
  symbolStatus({ instrument: 'XRP_USDT_Perp', symbolMode: 'hedge-only', rollout: rollout() }),
];

test('16.7 status shows the rollout as progress, with figures and what holds it', () => {
  const lines = statusLines(status({ symbols: SYMBOLS }));
  const at = lines.findIndex((line) => line.startsWith('Rollout'));
  assert.deepEqual(lines.slice(at, at + 4), [
    'Rollout: 1 of 5 symbols in full, 2 waiting',
    '  BTC_USDT_Perp on trial: 1 of 10 hedges, 10 min of 30 min, 5 of 5 orders placed; the next one has started meanwhile',
    '  ETH_USDT_Perp on trial: 4 of 10 hedges, 12 min of 30 min, 94 of 100 orders placed; HELD by success: 94/100, limit 0.95',
    '',
  ]);
  assert.match(lines.join('\n'), /SOL_USDT_Perp +equal.*, hedge-only \(rollout\)/);
  const full = SYMBOLS.map((symbol) => ({ ...symbol, rollout: rollout({ stage: 'full' }) }));
  for (const symbols of [full, full.map((symbol) => ({ ...symbol, rollout: null }))]) {
    assert.ok(!statusLines(status({ symbols })).some((line) => line.startsWith('Rollout')));
  }
});

test('status follows the language: nothing but names, states and verbs is English', () => {
  const open = {
    hedgeSide: 'sell',
    size: '0.48',
    usdt: '297.60',
    sinceMs: NOON_MS - 60_000,
    costUsdt: '0.05',
  } as const;
  const symbols = [...SYMBOLS, symbolStatus({ instrument: 'LTC_USDT_Perp', open })];
  const lines = statusLines(status({ symbols, startedAtMs: NOON_MS - 7_200_000 }), 'zh');
  const text = lines.join('\n');
  assert.match(text, /paper 上 trading，已 2 小时/);
  assert.match(text, /LTC_USDT_Perp 未对冲：卖出 0\.48 可对冲，297\.60 USDT/);
  assert.match(text, /灰度发布：5 个标的中 1 个已全额，2 个等待/);
  assert.match(text, /没有告警。/);
  assert.doesNotMatch(text, /\b(symbols|hedges|alert|unhedged|on trial|ago|not read|why|margin|hedged:)\b/);
  const state = lines.find((line) => line.startsWith('标的'))!.indexOf('状态');
  assert.ok(state > 0);
});

test('16.7 so does the page, on a telephone too, in both languages', { skip: NO_BROWSER }, async () => {
  let symbols = SYMBOLS;
  const web = await startWeb(webOptions({ source: { status: () => status({ symbols }) } }));
  const browser = await openBrowser();
  try {
    const { page, wrong } = await openPage(browser, web.url, { width: 390, height: 844 });
    const card = page.locator('.rollout');
    const text = await card.innerText();
    assert.match(text, /1 of 5 symbols in full/);
    assert.match(text, /BTC on trial: 1\/10 hedges, 10 min of 30 min, 5 of 5 orders placed; the next one has started/);
    assert.match(text, /ETH on trial: 4\/10.*holds the rollout: orders placed 94\/100, limit 0\.95/);
    assert.match(text, /SOL waits for its turn/);
    assert.doesNotMatch(text, /XRP|undefined/);
    assert.equal(await card.locator('li.held').count(), 1);
    assert.deepEqual(await stickingOut(page), []);
    await page.getByRole('button', { name: '中文' }).click();
    assert.match(await card.innerText(), /5 个标的中 1 个已全额[\s\S]*试运行：对冲 4\/10 次，12分\/30分/);
    symbols = SYMBOLS.map((symbol) => ({ ...symbol, rollout: rollout({ stage: 'full' }) }));
    await card.waitFor({ state: 'hidden' });
    assert.deepEqual(wrong, []);
  } finally {
    await browser.close();
    await web.close();
  }
});
