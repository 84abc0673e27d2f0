import { type Decimal, floorTo } from './decimal.ts';
import type { Instrument, SymbolConfig } from './model.ts';
import { type Reason, reason } from './reasons.ts';
import { smallestTradableSize } from './valuing.ts';

/**
 * The warnings of strategy 2.2: a single fill exceeds the imbalance limit; an order would be below the smallest
 * tradable size (3.2) at this mark, so that the symbol would never trade.
 * @param mark USDT per base unit, > 0.
 */
export function symbolWarnings(config: SymbolConfig, instrument: Instrument, mark: Decimal): readonly Reason[] {
  const warnings: Reason[] = [];
  const named = { symbol: config.instrument, order: config.orderNotionalUsdt.toFixed() };
  if (config.orderNotionalUsdt.gt(config.imbalanceLimitUsdt)) {
    warnings.push(reason('one-fill-passes-limit', '2.2', { ...named, limit: config.imbalanceLimitUsdt.toFixed() }));
  }
  const smallest = smallestTradableSize(instrument, mark, []);
  const size = floorTo(config.orderNotionalUsdt.div(mark), instrument.minSize);
  if (size.lt(smallest)) {
    const buys = { size: size.toFixed(), base: instrument.base, mark: mark.toFixed() };
    const least = { smallest: smallest.toFixed(), usdt: smallest.mul(mark).toDecimalPlaces(2).toFixed() };
    warnings.push(reason('order-never-tradable', '2.2', { ...named, ...buys, ...least }));
  }
  return warnings;
}
