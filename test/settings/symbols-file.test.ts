import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SymbolConfig } from '../../src/core/model.ts';
import { repeatedKeys } from '../../src/settings/json-keys.ts';
import { readSymbols } from '../../src/settings/symbols-file.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';
import { errorsOf, KEY_A, load, REAL, ROW } from './support.ts';

const FILE = 'symbols.json';
const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000_000);

function read(content: string | Uint8Array | object) {
  const text = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  return readSymbols(typeof text === 'string' ? new TextEncoder().encode(text) : text, FILE);
}

function symbolsOf(content: string | object): readonly SymbolConfig[] {
  const result = read(content);
  assert.ok(result.ok, result.ok ? '' : reasonTexts(result.errors));
  return result.symbols;
}

function refusals(content: string | Uint8Array | object): readonly string[] {
  const result = read(content);
  assert.ok(!result.ok, 'expected to be refused');
  return result.errors.map((why) => reasonText(why));
}

/** A row with one value written as given, not through a number of this language. */
function rowText(key: string, written: string): string {
  return JSON.stringify([{ ...ROW, [key]: '@@' }]).replace('"@@"', written);
}

describe('a key that a row has more than once', () => {
  const row = JSON.stringify(ROW).slice(1, -1);
  it('is an error naming row and key, whatever its values, all at once', () => {
    const twice = `[{${row}}, {${row.replace('BNB', 'SOL')}, "order_notional_usdt": 1, "order\\u005fnotional_usdt": 2, "enabled": true}]`;
    assert.deepEqual(refusals(twice), [
      'symbols.json [1] SOL_USDT_Perp order_notional_usdt: is there more than once: expected each key once',
      'symbols.json [1] SOL_USDT_Perp enabled: is there more than once: expected each key once',
    ]);
  });
  it('is reported beside what else is wrong with the row', () => {
    const errors = refusals(`[{"instrument": "A", "instrument": "B", "nonsense": 1}]`);
    assert.match(errors[0] ?? '', /^symbols\.json \[0\] B instrument: is there more than once/);
    assert.ok(errors.some((error) => error.includes('nonsense: unknown key')));
  });
  it('is one whose text differs from an earlier one in escapes only, and no other', () => {
    assert.deepEqual([...repeatedKeys(String.raw`[{"a":1,"\u0061":2}]`)], [[0, ['a']]]);
    for (const text of [
      '[]',
      '[["a","a","a"],{"a":"a","b":"a"},{"a":1}]',
      String.raw`[{"a":"\",\"a\":1","b":"{\"a\":1,"},{"a":[{"b":1},"a","b"],"b":{"a":1,"c":{"b":1,"a":1}},"c":2}]`,
      '[1,"a","a",{"A":1,"a":2}]',
    ]) {
      JSON.parse(text);
      assert.deepEqual([...repeatedKeys(text)], [], text);
    }
    assert.deepEqual([...repeatedKeys('[1,["x"],{"a":{"b":1},"b":[1,{"a":2}],"a":3,"b":4,"a":5}]')], [[2, ['a', 'b']]]);
  });
  it('is found wherever it stands, and nothing is found where each is there once (fast-check)', () => {
    const keys = fc.uniqueArray(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.jsonValue(), fc.boolean()), { maxLength: 4 }), (rows) => {
        const text = rows.map(([names, value, doubled]) => {
          const list = doubled ? [...names, names[0] as string] : names;
          return `{${list.map((name) => `${JSON.stringify(name)} : ${JSON.stringify(value)}`).join(' , ')}}`;
        });
        const expected = rows.flatMap(([names, , doubled], index) => (doubled ? [[index, [names[0]]]] : []));
        assert.deepEqual([...repeatedKeys(`[${text.join(',')}]`)], expected);
      }),
      { seed },
    );
  });
});

describe('the file as a whole', () => {
  it('the row of the source is read', () => {
    const [symbol] = symbolsOf([ROW]);
    assert.deepEqual(
      {
        ...symbol,
        orderNotionalUsdt: symbol?.orderNotionalUsdt.toFixed(),
        maxTotalPositionUsdt: symbol?.maxTotalPositionUsdt.toFixed(),
      },
      {
        ...symbol,
        instrument: 'BNB_USDT_Perp',
        enabled: true,
        orderNotionalUsdt: '1000',
        maxTotalPositionUsdt: '30000',
        aSideWhenEqual: 'buy',
        positionMode: 'increase',
        decreaseRepair: 'larger',
      },
    );
  });
  it('enabled is true and decrease_repair larger when left out', () => {
    const { enabled: _, ...row } = ROW;
    const [symbol] = symbolsOf([row]);
    assert.deepEqual([symbol?.enabled, symbol?.decreaseRepair], [true, 'larger']);
  });
  it('a byte order mark is passed over', () => assert.equal(symbolsOf(`\ufeff${JSON.stringify([ROW])}`).length, 1));
  it('a file with nothing enabled is warned of', () => {
    const result = read([{ ...ROW, enabled: false }]);
    assert.match((result.ok && result.warnings[0] && reasonText(result.warnings[0])) || '', /no symbol is enabled/);
  });

  it('a missing file is `Symbols config file not found`', () => {
    const errors = errorsOf(load({ GRVT_HEDGE_SYMBOLS_FILE: 'config/none.json' }));
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /^Symbols config file not found: GRVT_HEDGE_SYMBOLS_FILE: "config\/none.json"/);
  });
  it('an unreadable file is an error', () => {
    const denied = Object.assign(new Error('x'), { code: 'EACCES' });
    assert.match(errorsOf(load({ ...REAL }, { 'config/symbols.json': denied }))[0] ?? '', /cannot be read: .*EACCES/);
  });

  const whole: [string, string | Uint8Array, RegExp][] = [
    ['empty', '', /empty/],
    ['white space', ' \n ', /empty/],
    ['non-UTF-8', new Uint8Array([0x5b, 0xff, 0x5d]), /not UTF-8/],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x5b, 0x00, 0x5d, 0x00]), /not UTF-8/],
    ['non-JSON', 'instrument: BNB', /line 1 column 1: expected a value/],
    ['cut off', JSON.stringify([ROW]).slice(0, -5), /line 1 column \d+: expected/],
    ['a trailing comma', '[{"instrument":"X",}]', /line 1 column 20/],
    ['an object', '{"instrument":"X"}', /an object is not a list/],
    ['a number', '7', /7 is not a list/],
    ['null', 'null', /null is not a list/],
    ['an empty list', '[]', /an empty list/],
    ['too many rows', JSON.stringify(new Array(501).fill(ROW)), /501 symbols/],
    ['too large', `[${' '.repeat(1_000_001)}]`, /bytes/],
    ['very deep', '['.repeat(100_000), /./],
  ];
  for (const [what, content, expected] of whole) {
    it(`${what} is \`Invalid symbols config JSON\``, () => {
      const errors = refusals(content);
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? '', /^Invalid symbols config JSON: symbols\.json: /);
      assert.match(errors[0] ?? '', expected);
    });
  }
  it('a key file named by mistake is not quoted', () => {
    for (const text of [KEY_A, KEY_A.slice(2), `GRVT_TRADING_PRIVATE_KEY_1=${KEY_A}`, `["${KEY_A}" x]`]) {
      const message = refusals(text).join();
      assert.doesNotMatch(message, /3edf98|c636a6|21715b23b1d/, message);
    }
  });
});

describe('one row', () => {
  const AMOUNTS = ['order_notional_usdt', 'imbalance_limit_usdt', 'max_total_position_usdt', 'min_total_position_usdt'];
  for (const key of AMOUNTS) {
    for (const bad of [
      '-1',
      '"-1"',
      '1e400',
      '1e3',
      '"1e3"',
      '1E5',
      '"abc"',
      '""',
      '" 5"',
      'null',
      'true',
      '[]',
      '{}',
      '"NaN"',
      '"Infinity"',
      '"0x10"',
      '-0',
      '9999999999999999',
      `0.${'1'.repeat(40)}`,
    ]) {
      it(`${key} refuses ${bad.slice(0, 20)}`, () => {
        const errors = refusals(rowText(key, bad)).filter((error) => !error.includes('expected min ≤ max'));
        assert.equal(errors.length, 1, errors.join('\n'));
        assert.ok(errors[0]?.startsWith(`symbols.json [0] BNB_USDT_Perp ${key}: `), errors[0]);
        assert.match(errors[0] ?? '', /is not legal: expected a number of USDT/);
      });
    }
    it(`${key} missing is an error`, () => {
      const row: Record<string, unknown> = { ...ROW };
      delete row[key];
      assert.match(
        refusals([row])[0] ?? '',
        new RegExp(`^symbols.json \\[0\\] BNB_USDT_Perp ${key}: is missing: expected`),
      );
    });
  }
  it('order_notional_usdt of 0 is refused, the others may be 0', () => {
    assert.match(
      refusals(rowText('order_notional_usdt', '0.0'))[0] ?? '',
      /order_notional_usdt: 0\.0 is not legal: expected a number of USDT above 0/,
    );
    const zero = { ...ROW, imbalance_limit_usdt: 0, min_total_position_usdt: 0, max_total_position_usdt: 0 };
    assert.equal(symbolsOf([zero]).length, 1);
  });
  it('amounts are exact: 0.1 is 0.1, and digits beyond floating point are kept', () => {
    for (const written of ['0.1', '"0.1"', '12345678901234.000000000000000001', '0.30000000000000004', '1000.10']) {
      const value = symbolsOf(rowText('imbalance_limit_usdt', written))[0]?.imbalanceLimitUsdt;
      assert.equal(value?.toFixed(), written.replaceAll('"', '').replace(/(\.\d*?)0+$/, '$1'));
    }
  });
  it('any plain decimal survives reading unchanged', () => {
    const digits = fc.stringMatching(/^(0|[1-9]\d{0,13})(\.\d{0,15}[1-9])?$/);
    fc.assert(
      fc.property(digits, fc.boolean(), (text, quoted) => {
        const written = quoted ? `"${text}"` : text;
        assert.equal(symbolsOf(rowText('imbalance_limit_usdt', written))[0]?.imbalanceLimitUsdt.toFixed(), text);
      }),
      { seed, numRuns: 500 },
    );
  });

  const words: [string, unknown, RegExp][] = [
    ['a_side_when_equal', 'long', /expected "buy" or "sell"/],
    ['a_side_when_equal', 'BUY', /expected "buy" or "sell"/],
    ['a_side_when_equal', undefined, /is missing/],
    ['position_mode', 'hold', /expected "increase" or "decrease"/],
    ['position_mode', undefined, /is missing/],
    ['decrease_repair', 'both', /expected "larger" or "smaller"/],
    ['enabled', 'true', /expected true or false/],
    ['enabled', 1, /1 is not legal: expected true or false/],
    ['enabled', null, /null is not legal/],
  ];
  for (const [key, value, expected] of words) {
    it(`${key} refuses ${JSON.stringify(value)}`, () => {
      const errors = refusals([{ ...ROW, [key]: value }]);
      assert.equal(errors.length, 1);
      assert.ok(errors[0]?.startsWith(`symbols.json [0] BNB_USDT_Perp ${key}: `), errors[0]);
      assert.match(errors[0] ?? '', expected);
    });
  }
  for (const value of [undefined, '', 5, 'BNB USDT', 'x'.repeat(65), 'BNB\n']) {
    it(`instrument refuses ${JSON.stringify(value)}`, () =>
      assert.match(refusals([{ ...ROW, instrument: value }])[0] ?? '', /^symbols\.json \[0\].* instrument: /));
  }
  for (const value of [null, 5, 'BNB', [], [ROW]]) {
    it(`a row ${JSON.stringify(value)?.slice(0, 12)} is refused`, () =>
      assert.match(refusals([value])[0] ?? '', /^symbols\.json \[0\]: .* is not a symbol/));
  }
  it('an unknown key is an error that suggests the nearest', () => {
    const errors = refusals([{ ...ROW, order_notional: 5, qqqqqqq: 1 }]);
    assert.deepEqual(errors, [
      'symbols.json [0] BNB_USDT_Perp order_notional: unknown key; did you mean order_notional_usdt?',
      'symbols.json [0] BNB_USDT_Perp qqqqqqq: unknown key',
    ]);
  });
  it('an own key __proto__ is an unknown key', () =>
    assert.match(refusals(`[{"__proto__":{},${JSON.stringify(ROW).slice(1)}]`)[0] ?? '', /__proto__: unknown key/));
  it('min above max is an error, even when something else is wrong as well', () => {
    const errors = refusals([{ ...ROW, min_total_position_usdt: 30000.01, position_mode: 'x' }]);
    assert.equal(errors.length, 2);
    assert.match(
      errors.join(),
      /min_total_position_usdt: 30000\.01 is above max_total_position_usdt 30000: expected min ≤ max/,
    );
  });
  it('an instrument named twice, regardless of case, is a duplicate', () => {
    const errors = refusals([ROW, { ...ROW, instrument: 'bnb_usdt_PERP' }]);
    assert.deepEqual(errors, [
      'symbols.json [1] bnb_usdt_PERP instrument: duplicate of [0]: expected each instrument once',
    ]);
  });
  it('all mistakes of all rows are reported at once', () => {
    const errors = refusals([{ ...ROW, enabled: 3 }, 7, { ...ROW, order_notional_usdt: -1, extra: 1 }]);
    assert.equal(errors.length, 5, errors.join('\n'));
  });
});
