import { type Decimal, floorTo } from './decimal.ts';
import type { Instrument, SymbolConfig } from './model.ts';
import { smallestTradableSize } from './valuing.ts';

/**
 * The warnings of strategy 2.2: one fill alone passes the imbalance limit; an order would be below the smallest tradable
 * size (3.2) at this mark, so that the symbol would never trade.
 *
 * @param mark USDT per base unit, > 0.
 */
export function symbolWarnings(config: SymbolConfig, instrument: Instrument, mark: Decimal): readonly string[] {
  const warnings: string[] = [];
  const at = `${config.instrument} order_notional_usdt: ${config.orderNotionalUsdt.toFixed()}`;
  if (config.orderNotionalUsdt.gt(config.imbalanceLimitUsdt)) {
    warnings.push(
      `${at} is above imbalance_limit_usdt ${config.imbalanceLimitUsdt.toFixed()}: one fill alone passes the limit`,
    );
  }
  const smallest = smallestTradableSize(instrument, mark, []);
  const size = floorTo(config.orderNotionalUsdt.div(mark), instrument.minSize);
  if (size.lt(smallest)) {
    warnings.push(
      `${at} buys ${size.toFixed()} ${instrument.base} at ${mark.toFixed()}, below the smallest tradable size ` +
        `${smallest.toFixed()} (about ${smallest.mul(mark).toDecimalPlaces(2).toFixed()} USDT): nothing would be submitted`,
    );
  }
  return warnings;
}
