import type { JournalEntry, PreparedOrder } from '../src/core/journal-entry.ts';
import {
  addSent,
  confirm,
  dropAbsent,
  forgetCancel,
  markAllCancelSent,
  markUnknown,
} from '../src/core/managed-orders.ts';
import { letGo } from '../src/core/reconcile.ts';
import { afterSplit } from '../src/core/split.ts';
import { emptySymbolState, type SymbolState } from '../src/core/symbol-state.ts';
import type { Journal } from '../src/ports.ts';

/**
 * What a symbol knows when it starts, or starts again (strategy 11.2): its last saved state, put right by what the journal
 * says of its orders since. One path for a first start, a restart after `kill -9` and an actor that failed.
 *
 * @param unsettled orders that were prepared and have no final outcome, of any instrument
 */
export function restoreSymbol(journal: Journal, instrument: string, unsettled: readonly PreparedOrder[]): SymbolState {
  const entry = journal.latest('symbol.state', instrument);
  const saved = entry?.body as SymbolState | undefined;
  if (entry === null || saved === undefined) return emptySymbolState(instrument);
  if (!saved.begun) return withWhatMayArrive(journal, instrument, unsettled);
  let state = asOfNow(instrument, saved);
  for (const { clientOrderId } of saved.orders) {
    state = asTheJournalSays(journal, forgetCancel(state, clientOrderId), clientOrderId);
  }
  // Written down and perhaps sent, and the symbol did not live to hear of it. Its end may be known all the same: what it
  // traded is still to be booked.
  for (const prepared of [...unsettled, ...preparedSince(journal, entry.seq)]) {
    const { intent, clientOrderId, price, sentAtMs, expirationMs } = prepared;
    if (intent.instrument !== instrument || state.closed.includes(clientOrderId)) continue;
    if (state.orders.some((order) => order.clientOrderId === clientOrderId)) continue;
    const { account, side, size, purpose } = intent;
    state = addSent(state, { clientOrderId, account, side, size, price, purpose, sentAtMs, expirationMs });
    state = asTheJournalSays(journal, state, clientOrderId);
  }
  return markAllCancelSent(state);
}

/** Starts from the positions (18.1): orders whose fate nobody knows may still arrive and count as live; all others are part of them. */
function withWhatMayArrive(journal: Journal, instrument: string, unsettled: readonly PreparedOrder[]): SymbolState {
  return unsettled.reduce((state, { intent, clientOrderId, price, sentAtMs, expirationMs }) => {
    const outcome = journal.latest('order.outcome', clientOrderId)?.body.outcome ?? 'unknown';
    if (intent.instrument !== instrument || outcome !== 'unknown') return state;
    const { account, side, size, purpose } = intent;
    const sent = addSent(state, { clientOrderId, account, side, size, price, purpose, sentAtMs, expirationMs });
    return markUnknown(sent, clientOrderId);
  }, emptySymbolState(instrument));
}

/**
 * A state of an older version: what it does not have stands as in a symbol that is new. Not so `closedSizes`, whose absence
 * means that all of each closed order is booked. An older version, put back for a while, also carries the sizes on without
 * adding to them: they count only where they reach to the newest closed order.
 */
function asOfNow(instrument: string, saved: SymbolState): SymbolState {
  const { closedSizes: _, ...empty } = emptySymbolState(instrument);
  const state: SymbolState = { ...empty, ...saved };
  if (state.closedSizes === undefined || state.closed.at(-1) === state.closedSizesTo) return state;
  const { closedSizes: _stale, ...rest } = state;
  return rest;
}

/**
 * At a start, and not when a part of the engine begins again: symbols that a split paused go on in its units (strategy
 * 10.5). The journal says so from now on, to whoever restores them.
 */
export function takeOverSplits(journal: Journal, nowMs: number): void {
  const entries = journal.latestOfEach('symbol.state').flatMap(({ key, body }): JournalEntry[] => {
    const state = body as SymbolState;
    if (state.split === undefined) return [];
    return [{ kind: 'symbol.state', key, atMs: nowMs, body: afterSplit(state, nowMs) }];
  });
  if (entries.length > 0) journal.append(entries);
}

/** One order of the state, by its last outcome. What is over and may have traded stays: the exchange is asked, and it is booked. */
function asTheJournalSays(journal: Journal, state: SymbolState, clientOrderId: string): SymbolState {
  const outcome = journal.latest('order.outcome', clientOrderId)?.body;
  switch (outcome?.outcome) {
    case 'refused':
    case 'unsent':
    case 'rejected':
      return letGo(state, clientOrderId);
    case 'absent':
      return dropAbsent(state, clientOrderId);
    case 'resting':
    case 'filled':
    case 'cancelled':
      return confirm(state, clientOrderId, outcome.atMs);
    default: {
      const order = state.orders.find((one) => one.clientOrderId === clientOrderId);
      return order?.confirmedAtMs === null ? markUnknown(state, clientOrderId) : state;
    }
  }
}

function preparedSince(journal: Journal, seq: number): PreparedOrder[] {
  return [...journal.scan({ kind: 'order.prepared', afterSeq: seq })].map((entry) => entry.body as PreparedOrder);
}
