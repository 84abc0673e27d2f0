import { MarketError, unusable } from './errors.ts';
import type { RecordKind } from './record.ts';
import { DAY_MS, daysOf, readDay, sizeOf } from './store.ts';

/** Properties of a symbol's files without reading them. */
export interface Listing {
  readonly symbol: string;
  readonly files: number;
  readonly bytes: number;
  readonly firstDay: string;
  readonly lastDay: string;
  /** Days without a file between the first and the last. */
  readonly missing: readonly string[];
}

/** @throws MarketError if the symbol has no file */
export function listingOf(directory: string, symbol: string): Listing {
  const days = daysOf(directory, symbol);
  const [firstDay, lastDay] = [days[0], days.at(-1)];
  if (firstDay === undefined || lastDay === undefined)
    throw unusable(directory, null, { en: `something of ${symbol}`, zh: `${symbol} 的行情` });
  const missing: string[] = [];
  for (let atMs = Date.parse(firstDay); atMs < Date.parse(lastDay); atMs += DAY_MS) {
    const day = new Date(atMs).toISOString().slice(0, 10);
    if (!days.includes(day)) missing.push(day);
  }
  const bytes = days.reduce((total, day) => total + sizeOf(directory, symbol, day), 0);
  return { symbol, files: days.length, bytes, firstDay, lastDay, missing };
}

/** The content of one day's file. */
export interface Verified {
  readonly day: string;
  readonly counts: Readonly<Record<RecordKind, number>>;
  readonly gapMs: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Bids at or above asks. */
  readonly crossedBooks: number;
  /** At a price outside the book before it. */
  readonly tradesOutside: number;
  /** Ticks or steps that changed within the day. */
  readonly ruleChanges: number;
  /** Its errors; empty: none. */
  readonly wrong: readonly string[];
}

/** Reads one file; never throws because of its content. */
export function verifyDay(directory: string, symbol: string, day: string): Verified {
  const counts = { instrument: 0, book: 0, trade: 0, mark: 0, funding: 0, gap: 0, candle: 0 };
  const wrong: string[] = [];
  let [gapMs, crossedBooks, tradesOutside, ruleChanges] = [0, 0, 0, 0];
  let [firstMs, lastMs, rules]: [number | null, number | null, string | null] = [null, null, null];
  let [bid, ask]: [bigint | null, bigint | null] = [null, null];
  try {
    for (const item of readDay(directory, symbol, day)) {
      if (item.kind === 'broken') {
        const what = item.how === 'torn' ? 'ends within a block that begins' : 'is damaged in the block';
        wrong.push(`${item.file} ${what} at byte ${item.at}: expected a whole block`);
        continue;
      }
      counts[item.kind] += 1;
      firstMs ??= item.atMs;
      lastMs = item.atMs;
      if (item.kind === 'gap') gapMs += item.toMs - item.atMs;
      else if (item.kind === 'instrument') {
        const now = `${item.spec.tick} ${item.spec.minSize}`;
        if (rules !== null && rules !== now) ruleChanges += 1;
        rules = now;
      } else if (item.kind === 'book') {
        [bid, ask] = [item.bids[0]?.price ?? null, item.asks[0]?.price ?? null];
        if (bid !== null && ask !== null && bid >= ask) crossedBooks += 1;
      } else if (item.kind === 'trade') {
        if ((bid !== null && item.price < bid) || (ask !== null && item.price > ask)) tradesOutside += 1;
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof MarketError)) throw thrown;
    wrong.push(thrown.message);
  }
  return { day, counts, gapMs, firstMs, lastMs, crossedBooks, tradesOutside, ruleChanges, wrong };
}
