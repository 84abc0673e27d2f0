import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKTEST_WORDS } from '../../src/texts/backtest.ts';
import { CHECK_WORDS, checkText } from '../../src/texts/check.ts';
import { LIST_WORDS } from '../../src/texts/listings.ts';
import { MARKET_WORDS } from '../../src/texts/market.ts';
import { STATUS_WORDS, statusText } from '../../src/texts/status.ts';

/** What commands say in two languages: the same values in both. */

const valuesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

for (const [table, words] of [
  ['check', CHECK_WORDS],
  ['status', STATUS_WORDS],
  ['listings', LIST_WORDS],
  ['backtest', BACKTEST_WORDS],
  ['market', MARKET_WORDS],
] as const) {
  for (const [name, [en, zh]] of Object.entries(words)) {
    test(`${table}, ${name}: Chinese names what English names`, () => {
      assert.deepEqual(valuesOf(zh), valuesOf(en));
      assert.ok(/[\u4e00-\u9fff]/.test(zh) || valuesOf(en).length > 2, zh);
    });
  }
}

test('a text is filled in, and what lacks its value is left out', () => {
  const position = { symbol: 'BNB_USDT_Perp', size: '1', price: '600' };
  assert.equal(checkText('en', 'position', { ...position, note: '' }), '  position BNB_USDT_Perp 1 @ 600');
  assert.equal(
    checkText('zh', 'position', { ...position, note: checkText('zh', 'hedgeOnly') }),
    '  仓位 BNB_USDT_Perp 1 @ 600（只对冲）',
  );
  assert.equal(statusText('zh', 'noAlert'), '没有告警。');
});
