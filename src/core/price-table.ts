import type { PricedOrder } from './pricing.ts';

/**
 * The prices in use, so that an A and a B submission of one instrument never get prices that match (strategy 6.6). An
 * intent carries the orders its symbol knew; the table covers those it could not know. Pure: each function returns a
 * new table.
 */
export type PriceTable = readonly PriceEntry[];

/** The price of one attempt, entered before it is sent. */
export interface PriceEntry extends PricedOrder {
  /** The submission that uses it; numbers increase in the order of the symbols' requests. */
  readonly submission: number;
  /** The newest submission requested by the time this one ended; null: not ended. */
  readonly endedAt: number | null;
}

export function withEntry(table: PriceTable, entry: PricedOrder, submission: number): PriceTable {
  return [...table, { ...entry, submission, endedAt: null }];
}

/** Removes an attempt that was never sent or is proven dead. */
export function withoutOrder(table: PriceTable, clientOrderId: string): PriceTable {
  return table.filter((entry) => entry.clientOrderId !== clientOrderId);
}

/** Removes all entries of a submission: none of its orders lives. */
export function withoutSubmission(table: PriceTable, submission: number): PriceTable {
  return table.filter((entry) => entry.submission !== submission);
}

/** Marks a submission's entries as ended: its order rests or is over. Later intents of its symbol have counted it. */
export function withEnded(table: PriceTable, submission: number, newest: number): PriceTable {
  return table.map((entry) =>
    entry.submission === submission && entry.endedAt === null ? { ...entry, endedAt: newest } : entry,
  );
}

/**
 * Drops what an instrument's symbol has counted by now: entries whose submission ended before this intent was
 * requested, once no earlier submission can still be priced. This bounds the life of every entry.
 * @param unfinished numbers of the instrument's submissions that are queued or may still be priced, the new one
 * included.
 */
export function withoutCovered(table: PriceTable, instrument: string, unfinished: readonly number[]): PriceTable {
  return table.filter((entry) => {
    const { endedAt } = entry;
    if (entry.instrument !== instrument || endedAt === null) return true;
    return unfinished.some((number) => number <= endedAt);
  });
}
