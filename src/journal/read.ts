import { BEHIND_NOTE, type BehindNote } from '../core/behind-note.ts';
import type { PreparedOrder, StoredEntry } from '../core/journal-entry.ts';
import type { EngineJournal } from './engine-journal.ts';

/** Prepared orders without a final outcome, oldest first: a start looks each up (strategy 9.6, 11.2). */
export function unsettledOrders(journal: EngineJournal): PreparedOrder[] {
  return journal.unsettledKeys().flatMap((key) => journal.latest('order.prepared', key)?.body ?? []);
}

/**
 * Sequence of the newest prepared order (strategy 9.2), or beyond those whose entries are lost (18.1): the next one must be larger. null:
 * none was ever prepared.
 */
export function lastSequence(journal: EngineJournal): bigint | null {
  const prepared = journal.newest('order.prepared')?.body.sequence ?? null;
  const beyond = (journal.latest('note', BEHIND_NOTE)?.body as BehindNote | undefined)?.sequence ?? null;
  return prepared === null || (beyond !== null && beyond > prepared) ? beyond : prepared;
}

/** The journal's entries about one order, each list oldest first. */
export interface OrderHistory {
  readonly clientOrderId: string;
  /** null: not ours, adopted without preparation, or removed (older than GRVT_HEDGE_JOURNAL_DAYS). */
  readonly prepared: StoredEntry<'order.prepared'> | null;
  readonly outcomes: readonly StoredEntry<'order.outcome'>[];
  /** Whatever their key. */
  readonly facts: readonly StoredEntry<'fact'>[];
  /** Those that name the order or its intent: why it was made, and what was decided about it later. */
  readonly decisions: readonly StoredEntry<'decision'>[];
}

export function orderHistory(journal: EngineJournal, clientOrderId: string): OrderHistory {
  const prepared = journal.latest('order.prepared', clientOrderId);
  const names = prepared === null ? [clientOrderId] : [clientOrderId, prepared.body.intent.intentId];
  return {
    clientOrderId,
    prepared,
    outcomes: [...journal.scan({ kind: 'order.outcome', key: clientOrderId })] as StoredEntry<'order.outcome'>[],
    facts: journal.mentioning('fact', null, names),
    decisions: journal.mentioning('decision', prepared?.body.intent.instrument ?? null, names),
  };
}
