import { ZERO } from './decimal.ts';
import type { SymbolConfig } from './model.ts';
import type { SymbolState } from './symbol-state.ts';

/**
 * Nothing is abandoned (strategy 16.3): a symbol whose row was removed or disabled while something of it is open goes on as
 * `hedge-only` until it is hedged and no order of it is live, and leaves then.
 */

/** The row a leaving symbol goes by: its last one, run though it is disabled (strategy 16.3). */
export function leavingRow(row: SymbolConfig): SymbolConfig {
  return { ...row, enabled: true };
}

/**
 * The row of an instrument that never had one: orders of the smallest tradable size, and a maximum of 0, so that a repair
 * shrinks a position and never grows one (8.3).
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

/** Whether the journal holds something of the symbol that must not be left without a manager (strategy 16.3). */
export function isOpen(state: SymbolState): boolean {
  if (state.orders.length > 0) return true;
  if (!state.begun || state.left) return false;
  return state.lots.length > 0 || !state.booked.A.isZero() || !state.booked.B.isZero();
}
