import type { Book } from '../core/model.ts';
import type { Clock, EngineClock, Exchange } from '../ports.ts';

/** Greatest age, since its receipt, of a book that prices an order (strategy 7.4). */
export const BOOK_FRESH_MS = 2_000;

/** How long to wait for the next book of a live stream (one and a half of its periods) before REST is asked. */
export const STREAM_WAIT_MS = 750;

/** A clock without detection of being set back: short commands need none. */
export type BookClock = Clock & Partial<Pick<EngineClock, 'era'>>;

/** The last book of each instrument, from both sources (strategy 7.4). */
export interface Books {
  /** A book of the stream; ignored if a fresh one is newer by the exchange's time. */
  take(book: Book): void;
  /**
   * The newest book, by the exchange's time, received at most 2 s ago; else the next one of a live stream, else one
   * from REST. Callers for one instrument share one request. An empty, one-sided or crossed book fails the attempt
   * without another request.
   * @param receivedAfterMs our clock; earlier books do not count
   */
  newest(instrument: string, receivedAfterMs?: number): Promise<Book>;
  /** Best bid and ask of the newest book of any age; null: no book, or one side is empty. */
  lastTouch(instrument: string): ReturnType<Exchange['lastTouch']>;
}

interface Held {
  readonly book: Book;
  readonly receivedAtMs: number;
  readonly era: number;
}

interface Sources {
  stream: Held | null;
  rest: Held | null;
}

/** @param read asks REST for a book @param isTraded bounds the memory to two books per traded instrument */
export function createBooks(parts: {
  readonly clock: BookClock;
  readonly read: (instrument: string) => Promise<Book>;
  readonly isTraded: (instrument: string) => boolean;
}): Books {
  const { clock, read, isTraded } = parts;
  const kept = new Map<string, Sources>();
  const asked = new Map<string, Promise<Book>>();
  /** Callers waiting for the stream's next book, each for a bounded time. */
  const waiting = new Map<string, Set<() => void>>();
  const era = () => clock.era?.() ?? 0;

  function isFresh(held: Held): boolean {
    const ageMs = clock.nowMs() - held.receivedAtMs;
    // A clock set back by less than an era's threshold gives a negative age.
    return held.era === era() && ageMs >= 0 && ageMs <= BOOK_FRESH_MS;
  }

  function sourcesOf(instrument: string): Sources {
    const known = kept.get(instrument) ?? { stream: null, rest: null };
    if (isTraded(instrument)) kept.set(instrument, known);
    return known;
  }

  function hold(book: Book): Held {
    return { book, receivedAtMs: clock.nowMs(), era: era() };
  }

  function freshest(instrument: string, receivedAfterMs: number): Book | null {
    const sources = kept.get(instrument);
    let newest: Held | null = null;
    for (const held of [sources?.stream ?? null, sources?.rest ?? null]) {
      if (held === null || !isFresh(held) || held.receivedAtMs <= receivedAfterMs) continue;
      if (newest === null || isNewer(held, newest)) newest = held;
    }
    return newest?.book ?? null;
  }

  function nextOfStream(instrument: string): Promise<void> {
    return new Promise((resolve) => {
      const all = waiting.get(instrument) ?? new Set();
      waiting.set(instrument, all);
      const end = () => {
        clearTimeout(timer);
        all.delete(end);
        resolve();
      };
      const timer = setTimeout(end, STREAM_WAIT_MS);
      all.add(end);
    });
  }

  async function ask(instrument: string): Promise<Book> {
    try {
      const book = await read(instrument);
      sourcesOf(instrument).rest = hold(book);
      return book;
    } finally {
      asked.delete(instrument);
    }
  }

  return {
    lastTouch(instrument) {
      const sources = kept.get(instrument);
      const [stream, rest] = [sources?.stream ?? null, sources?.rest ?? null];
      const held = stream !== null && (rest === null || isNewer(stream, rest)) ? stream : rest;
      const [bid, ask] = [held?.book.bids[0]?.price, held?.book.asks[0]?.price];
      if (held === null || bid === undefined || ask === undefined) return null;
      return { bid, ask, atMs: held.receivedAtMs };
    },
    take(book) {
      if (!isTraded(book.instrument)) return;
      const sources = sourcesOf(book.instrument);
      const last = sources.stream;
      if (last !== null && isFresh(last) && book.eventTimeNs < last.book.eventTimeNs) return;
      sources.stream = hold(book);
      for (const end of waiting.get(book.instrument) ?? []) end();
    },
    async newest(instrument, receivedAfterMs = Number.NEGATIVE_INFINITY) {
      const stream = kept.get(instrument)?.stream ?? null;
      const held = freshest(instrument, receivedAfterMs);
      if (held !== null) return held;
      if (stream !== null && isFresh(stream)) {
        await nextOfStream(instrument);
        const next = freshest(instrument, receivedAfterMs);
        if (next !== null) return next;
      }
      const request = asked.get(instrument) ?? ask(instrument);
      asked.set(instrument, request);
      const answer = await request;
      // The stream may have sent a newer one meanwhile.
      return freshest(instrument, receivedAfterMs) ?? answer;
    },
  };
}

/** By the exchange's time; if equal, by receipt. */
function isNewer({ book, receivedAtMs }: Held, than: Held): boolean {
  if (book.eventTimeNs !== than.book.eventTimeNs) return book.eventTimeNs > than.book.eventTimeNs;
  return receivedAtMs >= than.receivedAtMs;
}
