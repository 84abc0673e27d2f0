import type { Book } from '../core/model.ts';
import type { Clock, EngineClock, Exchange } from '../ports.ts';

/** The oldest book that prices an order, by when it was received (strategy 7.4). */
export const BOOK_FRESH_MS = 2_000;

/** While the stream is alive its next book is waited for so long, one and a half of its periods; then REST is asked. */
export const STREAM_WAIT_MS = 750;

/** A clock that need not notice when it is set back: a short command does not live that long. */
export type BookClock = Clock & Partial<Pick<EngineClock, 'era'>>;

/** The last book of each instrument, from both sources (strategy 7.4). */
export interface Books {
  /** A book of the stream. One older, by the exchange's time, than a fresh one of the stream counts as nothing. */
  take(book: Book): void;
  /**
   * The newest book, by the exchange's time, of those received at most 2 s ago; where there is none, the next one of a stream that
   * is alive, else of REST. Callers that wait for one instrument share one request. The book may be empty, one-sided or crossed: that fails the attempt, and asks nobody again.
   *
   * @param receivedAfterMs our clock; only books received later count
   */
  newest(instrument: string, receivedAfterMs?: number): Promise<Book>;
  /** Best bid and ask of the newest book there is, of any age; null: none, or one without a side. */
  lastTouch(instrument: string): ReturnType<Exchange['lastTouch']>;
}

interface Held {
  readonly book: Book;
  readonly receivedAtMs: number;
  readonly era: number;
}

/** One book each: older ones have no use. */
interface Sources {
  stream: Held | null;
  rest: Held | null;
}

/**
 * @param read asks REST for a book
 * @param isTraded bounds what is kept: two books per instrument that is taken up
 */
export function createBooks(parts: {
  readonly clock: BookClock;
  readonly read: (instrument: string) => Promise<Book>;
  readonly isTraded: (instrument: string) => boolean;
}): Books {
  const { clock, read, isTraded } = parts;
  const kept = new Map<string, Sources>();
  const asked = new Map<string, Promise<Book>>();
  /** Who waits for the next book of the stream; each for a bounded time. */
  const waiting = new Map<string, Set<() => void>>();
  const era = () => clock.era?.() ?? 0;

  function isFresh(held: Held): boolean {
    const ageMs = clock.nowMs() - held.receivedAtMs;
    // Set back by less than an era takes, our clock says nothing of its age either.
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
      // The stream may have brought a newer one meanwhile.
      return freshest(instrument, receivedAfterMs) ?? answer;
    },
  };
}

/** By the exchange's time; of one time, what came later. */
function isNewer({ book, receivedAtMs }: Held, than: Held): boolean {
  if (book.eventTimeNs !== than.book.eventTimeNs) return book.eventTimeNs > than.book.eventTimeNs;
  return receivedAtMs >= than.receivedAtMs;
}
