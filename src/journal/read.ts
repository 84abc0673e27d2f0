import type { PreparedOrder, StoredEntry } from '../core/journal-entry.ts';
import type { EngineJournal } from './engine-journal.ts';

/** Prepared orders whose last word is not final, oldest first: start asks the exchange about each (strategy 9.6, 11.2). */
export function unsettledOrders(journal: EngineJournal): PreparedOrder[] {
  return journal.unsettledKeys().flatMap((key) => journal.latest('order.prepared', key)?.body ?? []);
}

/** The sequence of the newest prepared order (strategy 9.2): the next one must be above it. null: none was ever prepared. */
export function lastSequence(journal: EngineJournal): bigint | null {
  return journal.newest('order.prepared')?.body.sequence ?? null;
}

/** What the journal knows of one order, each list oldest first. */
export interface OrderHistory {
  readonly clientOrderId: string;
  /** null: not one of ours, adopted without its preparation, or forgotten (older than GRVT_HEDGE_JOURNAL_DAYS). */
  readonly prepared: StoredEntry<'order.prepared'> | null;
  readonly outcomes: readonly StoredEntry<'order.outcome'>[];
  /** About the order, whatever their key. */
  readonly facts: readonly StoredEntry<'fact'>[];
  /** Those that name the order or the intent it was prepared for: why it was made, and what was decided about it later. */
  readonly decisions: readonly StoredEntry<'decision'>[];
}

/** Everything that `why` needs of one order. */
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
