import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { z } from 'zod';
import { envExample, loadSettings, VARIABLE_NAMES, VARIABLES } from '../../src/settings/index.ts';
import { ROW_KEYS, readSymbols } from '../../src/settings/symbols-file.ts';
import { reasonTexts } from '../../src/texts/reasons.ts';
import { ROW } from './support.ts';

const root = join(import.meta.dirname, '../..');
const example = readFileSync(join(root, '.env.example'), 'utf8');
const schemaText = readFileSync(join(root, 'config/hedge_symbols.schema.json'), 'utf8');
const seed = Number(process.env.FC_SEED ?? Date.now() % 1_000_000_000);

describe('.env.example', () => {
  it('is what the table of variables writes', () => assert.equal(example, envExample()));
  it('sets every variable to its fixed default, and GRVT_ENV to nothing, so that it must be set with keys', () => {
    const values = parseEnv(example);
    assert.deepEqual(Object.keys(values).sort(), [...VARIABLE_NAMES].sort());
    for (const name of VARIABLE_NAMES) {
      const { default: fixed, otherwise } = VARIABLES[name];
      assert.equal(values[name], name === 'GRVT_ENV' || otherwise !== null ? '' : (fixed ?? ''), name);
    }
  });
  it('gives unit, default and a line in English and in Chinese for each', () => {
    for (const name of VARIABLE_NAMES) {
      const { unit, en, zh } = VARIABLES[name];
      assert.match(en, /^[\x20-\x7e]+\.$/, name);
      assert.match(zh, /[\u4e00-\u9fff]/, name);
      assert.ok(example.includes(`# ${en}\n# ${zh}\n# Unit: ${unit}. Default: `), name);
    }
  });
  it('a database address is all that a copy needs for a journal in PostgreSQL: orders then live for 300 s', () => {
    const readFile = (path: string) => readFileSync(path.endsWith('.env') ? `${path}.example` : path);
    const env = { GRVT_HEDGE_JOURNAL_URL: 'postgres://grvt:secret@127.0.0.1:5432/grvt_hedge' };
    const result = loadSettings({ env, root, readFile });
    assert.ok(result.ok, result.ok ? '' : reasonTexts(result.errors));
    assert.equal(result.settings.orderTtlMs, 300_000);
  });
  it('copied to .env it starts the embedded exchange on the example symbols, without a warning', () => {
    const readFile = (path: string) => readFileSync(path.endsWith('.env') ? `${path}.example` : path);
    const result = loadSettings({ env: {}, root, readFile });
    assert.ok(result.ok, result.ok ? '' : reasonTexts(result.errors));
    assert.deepEqual(result.warnings, []);
    assert.equal(result.settings.mode, 'paper');
    assert.ok(result.settings.symbols.some((symbol) => symbol.positionMode === 'decrease' && symbol.enabled));
    for (const symbol of result.settings.symbols) {
      assert.ok(symbol.enabled && symbol.orderNotionalUsdt.lte(symbol.imbalanceLimitUsdt), symbol.instrument);
    }
  });
});

describe('the JSON schema of the symbols file', () => {
  const document = JSON.parse(schemaText);
  const schema = z.fromJSONSchema(document);
  const bySchema = (text: string) => schema.safeParse(JSON.parse(text)).success;
  const byValidator = (text: string) => readSymbols(new TextEncoder().encode(text), 'f').ok;

  it('knows the keys the validator knows, and requires those it requires', () => {
    assert.deepEqual(Object.keys(document.items.properties), [...ROW_KEYS]);
    for (const key of ROW_KEYS) {
      const row: Record<string, unknown> = { ...ROW };
      delete row[key];
      assert.equal(byValidator(JSON.stringify([row])), !document.items.required.includes(key), key);
    }
  });
  it('takes the example', () => {
    const text = readFileSync(join(root, 'config/hedge_symbols.example.json'), 'utf8');
    assert.ok(bySchema(text) && byValidator(text));
  });

  const values = [
    true,
    false,
    null,
    0,
    1,
    -1,
    0.5,
    1000,
    1e15,
    2e15,
    '',
    '0',
    '0.0',
    '5',
    '1000.5',
    '-1',
    '1e3',
    'x',
    'buy',
    'sell',
    'increase',
    'decrease',
    'larger',
    'smaller',
    'BTC_USDT_Perp',
    'a b',
    [],
    {},
  ];
  it('judges every key and value as the validator does', () => {
    for (const key of [...ROW_KEYS, 'unknown']) {
      for (const value of values) {
        const text = JSON.stringify([
          { ...ROW, min_total_position_usdt: 0, max_total_position_usdt: 1e15, [key]: value },
        ]);
        // What no schema can say: min ≤ max.
        if (key === 'max_total_position_usdt' && value === 0) continue;
        assert.equal(bySchema(text), byValidator(text), text);
      }
    }
  });
  it('judges rows made at random as the validator does', () => {
    const amount = fc.oneof(fc.constantFrom(...values), fc.integer({ min: -5, max: 5000 }));
    const row = fc.record(
      {
        instrument: fc.constantFrom('BTC_USDT_Perp', 'a b', 5),
        enabled: fc.constantFrom(true, false, 'true'),
        order_notional_usdt: amount,
        imbalance_limit_usdt: amount,
        max_total_position_usdt: fc.constant(1e15),
        min_total_position_usdt: fc.constant(0),
        a_side_when_equal: fc.constantFrom('buy', 'sell', 'BUY'),
        position_mode: fc.constantFrom('increase', 'decrease', 1),
        decrease_repair: fc.constantFrom('larger', 'smaller', null),
      },
      { requiredKeys: ['max_total_position_usdt', 'min_total_position_usdt'] },
    );
    fc.assert(
      fc.property(row, (one) => {
        const text = JSON.stringify([one]);
        assert.equal(bySchema(text), byValidator(text), text);
      }),
      { seed, numRuns: 500 },
    );
  });
});
