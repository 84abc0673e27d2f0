import { addSent, confirm, dropAbsent, forgetCancel, markUnknown } from '../src/core/managed-orders.ts';
import { letGo } from '../src/core/reconcile.ts';
import { emptySymbolState, type SymbolState } from '../src/core/symbol-state.ts';
import type { Journal, PreparedOrder } from '../src/ports.ts';

/**
 * What a symbol knows when it starts, or starts again (strategy 11.2): its last saved state, put right by what the journal
 * says of its orders since. One path for a first start, a restart after `kill -9` and an actor that failed.
 *
 * @param unsettled orders that were prepared and have no final outcome, of any instrument
 */
export function restoreSymbol(journal: Journal, instrument: string, unsettled: readonly PreparedOrder[]): SymbolState {
  const saved = journal.latest('symbol.state', instrument)?.body as SymbolState | undefined;
  if (saved === undefined || !saved.begun) return emptySymbolState(instrument);
  let state = saved;
  for (const order of saved.orders) {
    const { clientOrderId } = order;
    state = forgetCancel(state, clientOrderId);
    const outcome = journal.latest('order.outcome', clientOrderId)?.body;
    switch (outcome?.outcome) {
      case 'refused':
      case 'unsent':
      case 'rejected':
        state = letGo(state, clientOrderId);
        break;
      case 'absent':
        state = dropAbsent(state, clientOrderId);
        break;
      case 'resting':
      case 'filled':
      case 'cancelled':
        state = confirm(state, clientOrderId, outcome.atMs);
        break;
      default:
        if (order.confirmedAtMs === null) state = markUnknown(state, clientOrderId);
    }
  }
  for (const prepared of unsettled) {
    const { intent, clientOrderId, price, sentAtMs, expirationMs } = prepared;
    if (intent.instrument !== instrument || state.closed.includes(clientOrderId)) continue;
    if (state.orders.some((order) => order.clientOrderId === clientOrderId)) continue;
    const { account, side, size, purpose } = intent;
    state = addSent(state, { clientOrderId, account, side, size, price, purpose, sentAtMs, expirationMs });
    const outcome = journal.latest('order.outcome', clientOrderId)?.body;
    state =
      outcome?.outcome === 'resting' ? confirm(state, clientOrderId, outcome.atMs) : markUnknown(state, clientOrderId);
  }
  return state;
}
