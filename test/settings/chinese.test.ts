import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { latencyOf, pointsOf } from '../../src/backtest/plan.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { Instrument, SymbolConfig } from '../../src/core/model.ts';
import { isReason, type Reason, reason } from '../../src/core/reasons.ts';
import { symbolWarnings } from '../../src/core/symbol-warnings.ts';
import { MarketWriter, symbolsIn } from '../../src/market/store.ts';
import { editSymbols, resolveInstruments, type SettingsResult, VARIABLE_NAMES } from '../../src/settings/index.ts';
import { UnfitFile } from '../../src/settings/read-file.ts';
import { readSymbols } from '../../src/settings/symbols-file.ts';
import { ReasonError } from '../../src/texts/reason-error.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { settingTextsZh } from '../../src/texts/setting-reasons.ts';
import { assertChinese } from '../support/chinese.ts';
import { KEY_A, load, REAL, ROW } from './support.ts';

const errorsOf = (result: SettingsResult | ReturnType<typeof readSymbols>) => (result.ok ? [] : result.errors);
const env = (change: Record<string, string>, files = {}) =>
  errorsOf(load({ ...REAL, GRVT_HEDGE_LANG: 'zh', ...change }, files));
const line = (text: string) => env({}, { '.env': text });
const file = (content: string | Uint8Array | object) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return errorsOf(readSymbols(content instanceof Uint8Array ? content : new TextEncoder().encode(text), 'f.json'));
};
const row = (change: object) => file([{ ...ROW, ...change }]);
const edit = (...given: [Parameters<typeof editSymbols>[1]]) => {
  const result = editSymbols(new TextEncoder().encode(JSON.stringify([ROW])), given[0], 'f.json');
  return result.ok ? [] : result.errors;
};
const listed = (...names: string[]) => names.map((name) => ({ name, base: 'BNB', quote: 'USDT' }) as Instrument);
const resolve = (names: readonly string[], exchange: readonly Instrument[]) => {
  const configs = names.map((instrument) => ({ instrument, enabled: true }) as SymbolConfig);
  const result = resolveInstruments(configs, exchange);
  return result.ok ? [] : result.errors;
};
const unreadable = Object.assign(new Error('no'), { code: 'EACCES' });
const utf16 = Buffer.from('\ufeffX=1', 'utf16le');
const DATABASE = 'postgres://u:p@127.0.0.1/d';

const refusedBy = (call: () => unknown): readonly Reason[] => {
  try {
    call();
  } catch (thrown) {
    assert.ok(thrown instanceof ReasonError);
    return [thrown.why];
  }
  return [];
};

const CASES: Readonly<Record<string, () => readonly Reason[]>> = {
  'an unknown name': () => env({ GRVT_HEDGE_STREAM: '1', GRVT_HEDGE_X: '1', [`GRVT_HEDGE_${KEY_A}`]: '1' }),
  'missing keys': () => env({ GRVT_TRADING_API_KEY_1: '', CHAT_ID: '' }),
  'no exchange named': () => env({ GRVT_ENV: '' }),
  'a likely exchange': () => env({ GRVT_ENV: 'production' }),
  'swapped keys': () => env({ GRVT_TRADING_API_KEY_1: KEY_A, GRVT_TRADING_PRIVATE_KEY_1: 'abc' }),
  'equal keys': () => env({ GRVT_TRADING_PRIVATE_KEY_2: KEY_A, API_KEY: String(REAL.GRVT_TRADING_API_KEY_1) }),
  'a key and its file': () => env({ API_KEY_FILE: 'x' }),
  'no key file': () => env({ API_KEY: '', API_KEY_FILE: 'x' }),
  'an unreadable key file': () => env({ API_KEY: '', API_KEY_FILE: 'x' }, { x: unreadable }),
  'a large key file': () => env({ API_KEY: '', API_KEY_FILE: 'x' }, { x: 'x'.repeat(5000) }),
  'an empty key file': () => env({ API_KEY: '', API_KEY_FILE: 'x' }, { x: ' ' }),
  'a key file in UTF-16': () => env({ API_KEY: '', API_KEY_FILE: 'x' }, { x: utf16 }),
  'orders beyond a take-over': () => env({ GRVT_HEDGE_JOURNAL_URL: DATABASE, GRVT_HEDGE_ORDER_TTL_SEC: '601' }),
  'another chain': () => env({ GRVT_CHAIN_ID: '325' }),
  "another exchange's host": () => env({ GRVT_TRADES_URL: 'https://trades.grvt.io' }),
  'an open host': () => env({ GRVT_TRADES_URL: 'http://trades.example' }),
  'a foreign host': () => env({ GRVT_TRADES_URL: 'https://trades.example' }),
  'any certificate': () => env({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
  'a value that looks like a key': () => env({ GRVT_HEDGE_PAPER_SEED: KEY_A }),
  'a value with a password': () => env({ GRVT_TRADES_URL: 'https://u:p@trades.example' }),
  'an address of which the origin is shown': () => env({ TELEGRAM_GATEWAY_URL: 'https://x.example/a b' }),
  'an unusable proxy': () => env({ HTTPS_PROXY: 'socks5://x:1' }),
  '.env unreadable': () => env({}, { '.env': unreadable }),
  '.env from a pipe': () => env({}, { '.env': new UnfitFile('.env', 'pipe') }),
  '.env without an end': () => env({}, { '.env': new UnfitFile('.env', 'too-large') }),
  '.env in UTF-16': () => env({}, { '.env': utf16 }),
  'lines of .env': () =>
    line(
      'GRVT_ENV\nnothing\nGRVT_A=`x`\nGRVT_B="x\nGRVT_C="a\\b"\nGRVT_D=$x\nGRVT_E="x"y\nGRVT_F=x#y\nGRVT_G=a"b\nGRVT_H=x\\\nGRVT_I=1\nGRVT_I=1',
    ),
  'no symbols file': () => env({ GRVT_HEDGE_SYMBOLS_FILE: 'none.json' }),
  'an unreadable symbols file': () => env({}, { 'config/symbols.json': unreadable }),
  'a symbols file too large': () => file(' '.repeat(1_000_001)),
  'a symbols file in UTF-16': () => file(utf16),
  'an empty symbols file': () => file(' '),
  'a symbols file that is no JSON': () =>
    ['[{a:1}]', '[{"a" 1}]', '[1 2]', '[{"a":1', '[] []', '[1,]', ''.padEnd(1, '[')].flatMap(file),
  'a symbols file nested too deeply': () => file(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
  'a symbols file without a list': () => [...file({}), ...file('"x"')],
  'no symbols': () => file([]),
  'too many symbols': () => file(Array.from({ length: 501 }, () => 1)),
  'a row that is no object': () => [...file([1]), ...file([[]])],
  'a key twice': () => file('[{"instrument":"X","instrument":"X"}]'),
  'an unknown key': () => row({ max_total: 1, [KEY_A]: 1 }),
  'illegal values': () =>
    row({ instrument: 1, enabled: {}, order_notional_usdt: 0, imbalance_limit_usdt: -1, a_side_when_equal: 'x' }),
  'missing values': () => file([{}]),
  'min above max': () => row({ min_total_position_usdt: 40_000 }),
  'a row twice': () => file([ROW, ROW]),
  'an instrument that is not listed': () => resolve(['BNX_USDT_Perp', 'QQQQ'], listed('BNB_USDT_Perp')),
  'an instrument in two spellings': () => resolve(['bnb_usdt_perp'], listed('BNB_USDT_Perp', 'BNB_usdt_Perp')),
  'two rows of one instrument': () => resolve(['BNB_USDT_Perp', 'bnb_usdt_perp'], listed('BNB_USDT_Perp')),
  'adding a row that exists': () => edit({ verb: 'add', symbol: 'BNB_USDT_Perp', values: {} }),
  'setting a row that does not': () => edit({ verb: 'set', symbol: 'BNX_USDT_Perp', values: {} }),
  'an order above its limit that is never tradable': () =>
    symbolWarnings(
      {
        instrument: 'BNB_USDT_Perp',
        orderNotionalUsdt: decimal('1'),
        imbalanceLimitUsdt: decimal('0'),
      } as SymbolConfig,
      { base: 'BNB', minSize: decimal('0.01'), minNotional: decimal('20') } as Instrument,
      decimal('600'),
    ),
  'an option': () => refusedBy(() => latencyOf('5')),
  'an option whose value is not usable': () =>
    refusedBy(() => pointsOf(['BNB_USDT_Perp'], { rows: [], variables: {}, sets: ['order_notional_usdt=-5'] })),
  'a stored market': () => refusedBy(() => new MarketWriter(tmpdir(), '..')),
  'a stored market that cannot be read': () => refusedBy(() => symbolsIn('none')),
  'a row that is imported': () => [
    reason('import-row-wrong', '19.1', {
      ...{ file: 'x.csv', line: 2, name: 'side', found: 'x', expected: { en: 'buy or sell', zh: ' buy 或 sell' } },
    }),
  ],
  'a sweep that takes long': () => [reason('takes-long', '19.3', { combinations: 9, ms: 7_200_000, workers: 2 })],
  'setting the name': () => edit({ verb: 'set', symbol: 'BNB_USDT_Perp', values: { instrument: 'X' } }),
};

/** The codes of a reason and of those within it. */
function codesIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return [...(isReason(value) ? [value.code] : []), ...Object.values(value).flatMap(codesIn)];
}

describe('errors of settings and symbol rows in Chinese', () => {
  const seen = new Set<string>(['settings-unusable', 'symbols-unusable']);
  for (const [what, errors] of Object.entries(CASES)) {
    it(what, () => {
      const found = errors();
      assert.ok(found.length > 0, 'refused');
      for (const why of found) {
        assertChinese(reasonText(why, 'zh'));
        for (const code of codesIn(why)) seen.add(code);
      }
    });
  }
  for (const name of VARIABLE_NAMES) {
    // Any text is a list of direct hosts.
    if (name === 'NO_PROXY') continue;
    it(`${name} says what is legal`, () => {
      const [error] = env({ [name]: 'ü \0' });
      assert.ok(error !== undefined);
      assertChinese(reasonText(error, 'zh'));
      assert.match(reasonText(error, 'zh'), new RegExp(`^${name}：.* 不合法：应为`));
    });
  }
  it('every reason of settings was among them', () =>
    assert.deepEqual(
      Object.keys(settingTextsZh(() => '')).filter((code) => !seen.has(code)),
      [],
    ));
  it('they are in the language of the settings, though the settings are not usable', () => {
    const language = (lang: string, files = {}) => {
      const result = load({ GRVT_HEDGE_LANG: lang, GRVT_HEDGE_X: '1' }, files);
      return result.ok ? null : result.lang;
    };
    assert.deepEqual([language('zh'), language('en'), language('de')], ['zh', 'en', 'en']);
    assert.equal(language('', { '.env': 'GRVT_HEDGE_LANG=zh' }), 'zh');
  });
});
