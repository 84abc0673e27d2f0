import { ZERO } from './decimal.ts';
import type { SymbolConfig } from './model.ts';
import type { SymbolState } from './symbol-state.ts';

/**
 * Removal of symbols (strategy 16.3): a symbol whose row is removed or disabled while it has positions or orders
 * continues as `hedge-only` until it is hedged without live orders; then it ends.
 */

/** The row a symbol uses while it is being removed: its last one, even if disabled (strategy 16.3). */
export function leavingRow(row: SymbolConfig): SymbolConfig {
  return { ...row, enabled: true };
}

/**
 * The row of an instrument without one: smallest orders and a maximum of 0, so that repairs only shrink positions
 * (8.3).
 */
export function rowWithoutOne(instrument: string): SymbolConfig {
  return {
    instrument,
    enabled: true,
    orderNotionalUsdt: ZERO,
    imbalanceLimitUsdt: ZERO,
    maxTotalPositionUsdt: ZERO,
    minTotalPositionUsdt: ZERO,
    aSideWhenEqual: 'buy',
    positionMode: 'increase',
    decreaseRepair: 'larger',
  };
}

/** Whether the journal holds positions or orders of the symbol that need managing (strategy 16.3). */
export function isOpen(state: SymbolState): boolean {
  if (state.orders.length > 0) return true;
  if (!state.begun || state.left) return false;
  return state.lots.length > 0 || !state.booked.A.isZero() || !state.booked.B.isZero();
}
