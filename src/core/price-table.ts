import type { PricedOrder } from './pricing.ts';

/**
 * What the gateway remembers of prices given out, so that an A and a B submission of one instrument can never be priced to
 * match (strategy 6.6). The symbol's own intents cover every order it knows; the table covers those it could not know of
 * when it decided. Values only: each function returns a new table.
 */
export type PriceTable = readonly PriceEntry[];

/** One attempt's price: entered when it is priced, before it leaves. */
export interface PriceEntry extends PricedOrder {
  /** Which submission gave it; numbers grow in the order the symbols asked. */
  readonly submission: number;
  /** The number of the newest submission asked for by the time this one ended; null: not ended. */
  readonly endedAt: number | null;
}

/** Enters a price that is about to be used. */
export function withEntry(table: PriceTable, entry: PricedOrder, submission: number): PriceTable {
  return [...table, { ...entry, submission, endedAt: null }];
}

/** Takes out an attempt that never left or is proven dead. */
export function withoutOrder(table: PriceTable, clientOrderId: string): PriceTable {
  return table.filter((entry) => entry.clientOrderId !== clientOrderId);
}

/** Takes out all that a submission entered: none of it lives. */
export function withoutSubmission(table: PriceTable, submission: number): PriceTable {
  return table.filter((entry) => entry.submission !== submission);
}

/** Marks a submission's entries as ended: its order rests, or is over. From the next intent on, the symbol has counted it. */
export function withEnded(table: PriceTable, submission: number, newest: number): PriceTable {
  return table.map((entry) =>
    entry.submission === submission && entry.endedAt === null ? { ...entry, endedAt: newest } : entry,
  );
}

/**
 * Drops what an instrument's symbol has counted by now: entries whose submission ended before this intent was asked for,
 * once no submission is left that was asked for earlier and might still be priced. That bounds every entry's life.
 *
 * @param unfinished numbers of the instrument's submissions that are queued or may yet be priced, the new one included.
 */
export function withoutCovered(table: PriceTable, instrument: string, unfinished: readonly number[]): PriceTable {
  return table.filter((entry) => {
    const { endedAt } = entry;
    if (entry.instrument !== instrument || endedAt === null) return true;
    return unfinished.some((number) => number <= endedAt);
  });
}
