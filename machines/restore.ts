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
 * A symbol's state at its start or restart (strategy 11.2): its last saved state, corrected by later journal entries of
 * its orders. The same for a first start, a restart after `kill -9` and a failed actor.
 * @param unsettled prepared orders without a final outcome, of any instrument
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
  // Journalled and perhaps sent before the symbol failed. Even if it is over, its fills must still be booked.
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
 * A state of an older version: missing fields are those of a new symbol, except `closedSizes`, whose absence means that
 * all of each closed order is booked. An older version also carries the sizes without adding to them: they count only
 * up to the newest closed order.
 */
function asOfNow(instrument: string, saved: SymbolState): SymbolState {
  const { closedSizes: _, ...empty } = emptySymbolState(instrument);
  const state: SymbolState = { ...empty, ...saved };
  if (state.closedSizes === undefined || state.closed.at(-1) === state.closedSizesTo) return state;
  const { closedSizes: _stale, ...rest } = state;
  return rest;
}

/**
 * Only at a start, not when an actor restarts: symbols paused by a split continue in its units (strategy 10.5), which
 * the journal records.
 */
export function takeOverSplits(journal: Journal, nowMs: number): void {
  const entries = journal.latestOfEach('symbol.state').flatMap(({ key, body }): JournalEntry[] => {
    const state = body as SymbolState;
    if (state.split === undefined) return [];
    return [{ kind: 'symbol.state', key, atMs: nowMs, body: afterSplit(state, nowMs) }];
  });
  if (entries.length > 0) journal.append(entries);
}

/**
 * One order of the state, by its last outcome. An ended order that may have traded stays: it is looked up and booked.
 */
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
