import { filled } from './commands.ts';
import { type Decimal, floorTo } from './decimal.ts';
import type { Instrument, SymbolConfig } from './model.ts';
import { smallestTradableSize } from './valuing.ts';

/** Warnings about a symbol's settings; the Chinese texts are in src/texts/check.ts. */
const SYMBOL_WARNINGS = {
  'fill-passes-limit':
    '{symbol} order_notional_usdt: {order} is above imbalance_limit_usdt {limit}: one fill alone passes the limit',
  'too-small':
    '{symbol} order_notional_usdt: {order} buys {size} {base} at {mark}, below the smallest tradable size {smallest} ' +
    '(about {usdt} USDT): nothing would be submitted',
} as const;

export interface SymbolWarning {
  readonly code: keyof typeof SYMBOL_WARNINGS;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The warnings of strategy 2.2: a single fill exceeds the imbalance limit; an order would be below the smallest
 * tradable size (3.2) at this mark, so that the symbol would never trade.
 * @param mark USDT per base unit, > 0.
 */
export function foundSymbolWarnings(
  config: SymbolConfig,
  instrument: Instrument,
  mark: Decimal,
): readonly SymbolWarning[] {
  const warnings: SymbolWarning[] = [];
  const named = { symbol: config.instrument, order: config.orderNotionalUsdt.toFixed() };
  if (config.orderNotionalUsdt.gt(config.imbalanceLimitUsdt)) {
    warnings.push({ code: 'fill-passes-limit', params: { ...named, limit: config.imbalanceLimitUsdt.toFixed() } });
  }
  const smallest = smallestTradableSize(instrument, mark, []);
  const size = floorTo(config.orderNotionalUsdt.div(mark), instrument.minSize);
  if (size.lt(smallest)) {
    const buys = { size: size.toFixed(), base: instrument.base, mark: mark.toFixed() };
    const least = { smallest: smallest.toFixed(), usdt: smallest.mul(mark).toDecimalPlaces(2).toFixed() };
    warnings.push({ code: 'too-small', params: { ...named, ...buys, ...least } });
  }
  return warnings;
}

export function symbolWarningEnglish({ code, params }: SymbolWarning): string {
  return filled(SYMBOL_WARNINGS[code], params);
}

export function symbolWarnings(config: SymbolConfig, instrument: Instrument, mark: Decimal): readonly string[] {
  return foundSymbolWarnings(config, instrument, mark).map(symbolWarningEnglish);
}
