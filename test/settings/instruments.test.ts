import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import type { Instrument, SymbolConfig } from '../../src/core/model.ts';
import { symbolWarnings } from '../../src/core/symbol-warnings.ts';
import { type Resolution, resolveInstruments } from '../../src/settings/index.ts';
import { reasonText } from '../../src/texts/reasons.ts';

function instrument(name: string, minSize = '0.001', minNotional = '100'): Instrument {
  return {
    name,
    hash: '0x030501',
    base: name.split('_')[0] ?? '',
    quote: name.split('_')[1] ?? '',
    baseDecimals: 9,
    tickSize: new Decimal('0.1'),
    minSize: new Decimal(minSize),
    minNotional: new Decimal(minNotional),
  };
}

function config(name: string, change: Partial<SymbolConfig> = {}): SymbolConfig {
  return {
    instrument: name,
    enabled: true,
    orderNotionalUsdt: new Decimal(500),
    imbalanceLimitUsdt: new Decimal(500),
    maxTotalPositionUsdt: new Decimal(6000),
    minTotalPositionUsdt: new Decimal(0),
    aSideWhenEqual: 'buy',
    positionMode: 'increase',
    decreaseRepair: 'larger',
    ...change,
  };
}

const LISTED = ['BTC_USDT_Perp', 'ETH_USDT_Perp', 'BNB_USDT_Perp'].map((name) => instrument(name));

function errorsOf(result: Resolution): readonly string[] {
  return result.ok ? [] : result.errors.map((why) => reasonText(why));
}

describe('resolving instruments', () => {
  for (const name of ['BNB_USDT_Perp', 'BNB_USDT_PERP', 'bnb_usdt_perp']) {
    it(`${name} is BNB_USDT_Perp`, () => {
      const result = resolveInstruments([config(name)], LISTED);
      assert.ok(result.ok);
      assert.equal(result.symbols[0]?.config.instrument, 'BNB_USDT_Perp');
      assert.equal(result.symbols[0]?.instrument.name, 'BNB_USDT_Perp');
    });
  }
  it('unknown names are errors that suggest the nearest, all at once', () => {
    const result = resolveInstruments(
      [config('BNBUSDT_Perp'), config('BTC_USDT_Perp'), config('ETH_USD_Perp'), config('QQQ')],
      LISTED,
    );
    assert.deepEqual(errorsOf(result), [
      'symbols [0] BNBUSDT_Perp instrument: the exchange does not list it; did you mean BNB_USDT_Perp?',
      'symbols [2] ETH_USD_Perp instrument: the exchange does not list it; did you mean ETH_USDT_Perp?',
      'symbols [3] QQQ instrument: the exchange does not list it',
    ]);
  });
  for (const [written, meant] of [
    ['ETHUSDT', 'ETH_USDT_Perp'],
    ['ethusdt', 'ETH_USDT_Perp'],
    ['BNB-USDT', 'BNB_USDT_Perp'],
    ['BNB_USDT', 'BNB_USDT_Perp'],
    ['btc', 'BTC_USDT_Perp'],
    ['BTC/USDT:USDT', 'BTC_USDT_Perp'],
    ['BTC/USDT', 'BTC_USDT_Perp'],
    ['BTC-USDT-SWAP', 'BTC_USDT_Perp'],
    ['BTC-PERP', 'BTC_USDT_Perp'],
    ['BTCUSDT.P', 'BTC_USDT_Perp'],
    ['ETHUSDTPERP', 'ETH_USDT_Perp'],
    ['ETHUSDT_UMCBL', 'ETH_USDT_Perp'],
  ] as const) {
    it(`${written} is an error that suggests ${meant}`, () => {
      const result = resolveInstruments([config(written)], [instrument('BTC_USDC_Perp'), ...LISTED]);
      assert.deepEqual(errorsOf(result), [
        `symbols [0] ${written} instrument: the exchange does not list it; did you mean ${meant}?`,
      ]);
    });
  }
  it('two rows that mean one instrument are an error', () => {
    const result = resolveInstruments([config('BTC_USDT_Perp'), config('btc_usdt_perp')], LISTED);
    assert.match(errorsOf(result)[0] ?? '', /duplicate of \[0\], both are BTC_USDT_Perp/);
  });
  it('a row that is not enabled and not listed is left out with a warning', () => {
    const result = resolveInstruments([config('LTC_USDT_Perp', { enabled: false }), config('BTC_USDT_Perp')], LISTED);
    assert.ok(result.ok);
    assert.deepEqual([result.symbols.length, result.warnings.length], [1, 1]);
  });
  it('11.6 a row that was traded before is kept, by the rules it had, with a warning', () => {
    const former = instrument('LTC_USDT_Perp', '0.1');
    const remembered = (name: string) => (name.toLowerCase() === 'ltc_usdt_perp' ? former : null);
    const result = resolveInstruments([config('BTC_USDT_Perp'), config('LTC_USDT_PERP')], LISTED, remembered);
    assert.ok(result.ok);
    assert.deepEqual(
      result.symbols.map((symbol) => [symbol.config.instrument, symbol.instrument.minSize.toFixed(), symbol.unlisted]),
      [
        ['BTC_USDT_Perp', '0.001', undefined],
        ['LTC_USDT_Perp', '0.1', true],
      ],
    );
    assert.match(
      result.warnings.map((why) => reasonText(why)).join(),
      /^symbols \[1\] LTC_USDT_PERP instrument: the exchange does not list it any more/,
    );
  });
  it('11.6 a name that was never traded stays an error; one that is not enabled stays left out', () => {
    const remembered = () => assert.fail('asked for what is listed or not enabled');
    assert.ok(resolveInstruments([config('BTC_USDT_Perp')], LISTED, remembered).ok);
    const off = resolveInstruments([config('LTC_USDT_Perp', { enabled: false })], LISTED, remembered);
    assert.deepEqual(off.ok && off.symbols, []);
    const typo = resolveInstruments([config('BTC_USDT_Prep'), config('LTC_USDT_Perp')], LISTED, (name) =>
      name === 'LTC_USDT_Perp' ? instrument(name) : null,
    );
    assert.deepEqual(errorsOf(typo), [
      'symbols [0] BTC_USDT_Prep instrument: the exchange does not list it; did you mean BTC_USDT_Perp?',
    ]);
  });
  it('11.6 two rows that mean one unlisted instrument are an error', () => {
    const rows = [config('LTC_USDT_Perp'), config('ltc_usdt_perp')];
    const result = resolveInstruments(rows, LISTED, () => instrument('LTC_USDT_Perp'));
    assert.match(errorsOf(result)[0] ?? '', /duplicate of \[0\], both are LTC_USDT_Perp/);
  });
  it('names that differ in case only need the exact spelling', () => {
    const listed = [instrument('ABC_USDT_Perp'), instrument('abc_USDT_Perp')];
    assert.ok(resolveInstruments([config('abc_USDT_Perp')], listed).ok);
    assert.ok(!resolveInstruments([config('Abc_USDT_Perp')], listed).ok);
  });
});

describe('warnings that need a price', () => {
  const btc = instrument('BTC_USDT_Perp');
  const mark = new Decimal(90_000);
  it('a sensible symbol has none', () => assert.deepEqual(symbolWarnings(config(btc.name), btc, mark), []));
  it('an order above the imbalance limit: one fill alone passes it', () => {
    const warnings = symbolWarnings(config(btc.name, { imbalanceLimitUsdt: new Decimal(499) }), btc, mark);
    assert.equal(warnings.length, 1);
    assert.match(reasonText(warnings[0] ?? ''), /500 is above imbalance_limit_usdt 499/);
  });
  it('an order equal to the imbalance limit is none', () =>
    assert.deepEqual(symbolWarnings(config(btc.name, { imbalanceLimitUsdt: new Decimal(500) }), btc, mark), []));
  it('an order below the smallest tradable size, by size or by notional', () => {
    for (const [notional, smallest] of [
      ['89', '0.002'],
      ['150', '0.002'],
    ] as const) {
      const warnings = symbolWarnings(config(btc.name, { orderNotionalUsdt: new Decimal(notional) }), btc, mark);
      assert.match(reasonText(warnings[0] ?? ''), new RegExp(`below the smallest tradable size ${smallest}`), notional);
    }
    assert.deepEqual(symbolWarnings(config(btc.name, { orderNotionalUsdt: new Decimal(180) }), btc, mark), []);
  });
});
