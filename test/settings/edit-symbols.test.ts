import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editSymbols, type SymbolsEdit } from '../../src/settings/edit-symbols.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';

const FILE = 'symbols.json';
const ROW =
  '{"instrument":"BNB_USDT_Perp","order_notional_usdt":200.50,"imbalance_limit_usdt":"1000","max_total_position_usdt":5000,' +
  '"min_total_position_usdt":0,"a_side_when_equal":"buy","position_mode":"increase"}';
const SOL = {
  order_notional_usdt: '12345678901234.123456789',
  imbalance_limit_usdt: '0',
  max_total_position_usdt: '100',
  min_total_position_usdt: '0',
  a_side_when_equal: 'sell',
  position_mode: 'decrease',
  enabled: 'false',
};

function edited(edit: SymbolsEdit, text = `[${ROW}]`): string {
  const result = editSymbols(Buffer.from(text), edit, FILE);
  return result.ok ? Buffer.from(result.bytes).toString() : reasonTexts(result.errors);
}

describe('16.2 set, add and remove in the symbols file', () => {
  it('16.2 set changes one key; every other number stays as it was written', () => {
    const text = edited({ verb: 'set', symbol: 'bnb_usdt_perp', values: { max_total_position_usdt: '2000.10' } });
    assert.match(text, /"order_notional_usdt": 200\.50,/);
    assert.match(text, /"imbalance_limit_usdt": "1000",/);
    assert.match(text, /"max_total_position_usdt": 2000\.10,/);
  });

  it('16.2 add writes numbers of any length as they are, and words as words', () => {
    const text = edited({ verb: 'add', symbol: 'SOL_USDT_Perp', values: SOL });
    assert.match(text, /"order_notional_usdt": 12345678901234\.123456789,/);
    assert.match(text, /"enabled": false/);
    assert.match(text, /"a_side_when_equal": "sell"/);
  });

  it('16.2 remove takes one row away', () => {
    const two = edited({ verb: 'add', symbol: 'SOL_USDT_Perp', values: SOL });
    for (const symbol of ['BNB_USDT_Perp', 'bnb']) {
      const one = edited({ verb: 'remove', symbol }, two);
      assert.doesNotMatch(one, /BNB/);
      assert.match(one, /SOL/);
    }
  });

  const refused: readonly [string, SymbolsEdit, RegExp][] = [
    ['an unknown key', { verb: 'set', symbol: 'BNB_USDT_Perp', values: { max_total: '1' } }, /max_total: unknown key/],
    [
      'a key that names the row',
      { verb: 'set', symbol: 'BNB_USDT_Perp', values: { instrument: 'X' } },
      /names the row/,
    ],
    [
      'a value that is not legal',
      { verb: 'set', symbol: 'BNB_USDT_Perp', values: { order_notional_usdt: '1e3' } },
      /"1e3" is not legal/,
    ],
    [
      'min above max',
      { verb: 'set', symbol: 'BNB_USDT_Perp', values: { min_total_position_usdt: '5001' } },
      /expected min ≤ max/,
    ],
    ['an unknown symbol', { verb: 'set', symbol: 'BNX_USDT_Perp', values: {} }, /did you mean BNB_USDT_Perp\?/],
    ['a symbol that is there', { verb: 'add', symbol: 'bnb_usdt_perp', values: SOL }, /already: change it with set/],
    [
      'a row with keys missing',
      { verb: 'add', symbol: 'SOL_USDT_Perp', values: {} },
      /order_notional_usdt: is missing/,
    ],
    ['the last row', { verb: 'remove', symbol: 'BNB_USDT_Perp' }, /an empty list/],
    ['a row that is not there', { verb: 'remove', symbol: 'DOGE' }, /has no row of DOGE/],
  ];
  for (const [what, edit, message] of refused) it(`16.2 refuses ${what}`, () => assert.match(edited(edit), message));

  it('16.2 a file that is half written is refused with its mistake', () =>
    assert.match(
      edited({ verb: 'remove', symbol: 'BNB_USDT_Perp' }, `[${ROW.slice(0, 50)}`),
      /Invalid symbols config JSON/,
    ));
});
