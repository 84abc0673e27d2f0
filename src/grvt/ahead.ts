import type { Clock } from '../ports.ts';

/** An answer asked for longer ago is history: this is some slow round trips and a poll. */
export const AHEAD_MS = 500;
/** Answers kept at a time: a sweep of the book may end the orders of all symbols at once; beyond it the oldest goes. */
const AHEAD_MAX = 200;

/** What was asked before anyone needed it, each answer for one taker. */
export interface Ahead<T> {
  /** Asks, unless an answer is on its way or still fresh. */
  ask(key: string, request: () => Promise<T>): void;
  /** The answer asked for within AHEAD_MS, for this taker alone; null: there is none, or it came to nothing. */
  take(key: string): Promise<T | null>;
  /** Something happened since it was asked: it is for nobody now. */
  drop(key: string): void;
}

/**
 * Saves round trips between a fill and its hedge: a stream says that an order is over, so that its look-up and the book for
 * what comes next can be asked together with the poll that the message prompts (strategy 10.6), not one after the other.
 */
export function createAhead<T>(clock: Clock): Ahead<T> {
  const asked = new Map<string, { readonly atMs: number; readonly answer: Promise<T | null> }>();

  /** Our clock may have been set back since: an answer of a time to come is not fresh. */
  function isFresh(atMs: number): boolean {
    const ageMs = clock.nowMs() - atMs;
    return ageMs >= 0 && ageMs <= AHEAD_MS;
  }

  return {
    ask(key, request) {
      const former = asked.get(key);
      if (former !== undefined && isFresh(former.atMs)) return;
      asked.delete(key);
      const [oldest] = asked.keys();
      if (asked.size >= AHEAD_MAX && oldest !== undefined) asked.delete(oldest);
      // A failure was told where calls are made; whoever needs the answer asks again.
      asked.set(key, { atMs: clock.nowMs(), answer: request().catch(() => null) });
    },
    drop(key) {
      asked.delete(key);
    },
    async take(key) {
      const found = asked.get(key);
      asked.delete(key);
      return found !== undefined && isFresh(found.atMs) ? found.answer : null;
    },
  };
}
