import PQueue from 'p-queue';

/** What a request is for; the earlier in this list, the sooner it leaves (strategy 9.1). */
export type Priority = 'cancel' | 'create' | 'look-up' | 'read';

const RANK: Readonly<Record<Priority, number>> = { cancel: 3, create: 2, 'look-up': 1, read: 0 };

/** The part of an account's budget that is the cancels' alone (strategy 9.1). */
const CANCEL_SHARE = 0.2;
/**
 * Requests that may wait per account: a hundred symbols with two orders each, looked up, cancelled and replaced at once.
 * More waiting than that would only grow staler; the next one fails instead, having never left.
 */
const MAX_WAITING = 600;
/** Longest wait for a permit: the whole of `MAX_WAITING` at the default budget. After it a price is history. */
const MAX_WAIT_MS = 60_000;
/** A create is priced already (strategy 7.4): after this it is better priced anew than sent. Three turns of the budget. */
const MAX_CREATE_WAIT_MS = 3_000;
/** Pauses after 429, doubling while 429s go on (strategy 9.9). */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** Answers in a row without a 429 after which a pause is a first one again: a few right after a pause prove nothing. */
const CALM_ANSWERS = 30;

/** A request that never left, because it waited too long or too many were waiting. */
export class NotPaced extends Error {
  constructor(why: string) {
    super(`never left: ${why}`);
    this.name = 'NotPaced';
  }
}

/** Hands out permits to send one request each. */
export interface Pacer {
  /** Resolves when the request may leave, at once while the budget is unused. @throws NotPaced */
  take(priority: Priority): Promise<void>;
  /** The exchange answered 429: everything but the cancels' own share waits, longer each time in a row. */
  backOff(): void;
  /** The exchange answered anything else; after enough of these the next pause is a first one again. */
  answered(): void;
  /** Requests that wait for a permit. */
  readonly waiting: number;
  /** Refuses everyone who waits. */
  close(): void;
}

/**
 * A sliding budget of `requestsPerSec` (strategy 9.1): a permit holds its place in the lane for the second it counts, by timers,
 * which run on whatever our clock is set to; a rate reckoned by the clock would stand still for as long as it is set back.
 *
 * There are two lanes whose sum it is: one for everything, cancels before creates before look-ups before other reads, and one
 * that only cancels may use. A cancel leaves by whichever is free first. With `reserveForCancels: false` there is one lane:
 * market data has no cancels.
 */
export function createPacer(options: { requestsPerSec: number; reserveForCancels: boolean }): Pacer {
  const { requestsPerSec, reserveForCancels } = options;
  if (!Number.isInteger(requestsPerSec) || requestsPerSec < 1) {
    throw new RangeError(`requestsPerSec must be an integer ≥ 1: ${requestsPerSec}`);
  }
  // One request a second cannot be shared in two: two requests in two seconds can.
  const seconds = reserveForCancels && requestsPerSec === 1 ? 2 : 1;
  const budget = requestsPerSec * seconds;
  const reserved = reserveForCancels ? Math.max(1, Math.floor(budget * CANCEL_SHARE)) : 0;
  const general = createLane(budget - reserved, seconds * 1_000);
  const cancels = reserved > 0 ? createLane(reserved, seconds * 1_000) : null;

  const refusals = new Set<(why: string) => void>();
  let inARow = 0;
  let calm = 0;
  let resumeTimer: NodeJS.Timeout | null = null;

  function take(priority: Priority): Promise<void> {
    return new Promise((resolve, reject) => {
      if (refusals.size >= MAX_WAITING) {
        reject(new NotPaced(`${MAX_WAITING} requests are waiting already`));
        return;
      }
      const lanes = priority === 'cancel' && cancels !== null ? [cancels, general] : [general];
      if (lanes.some((lane) => lane.take())) {
        resolve();
        return;
      }
      let over = false;
      const end = (settle: () => void) => {
        over = true;
        clearTimeout(timer);
        refusals.delete(refuse);
        settle();
      };
      const refuse = (why: string) => end(() => reject(new NotPaced(why)));
      const mostMs = priority === 'create' ? MAX_CREATE_WAIT_MS : MAX_WAIT_MS;
      const timer = setTimeout(() => refuse(`waited ${mostMs / 1_000} s for the request budget`), mostMs);
      refusals.add(refuse);
      // Refused meanwhile, or its twin in the other lane was granted: the turn passes on, and costs nothing.
      const grant = (): boolean => {
        if (over) return false;
        end(resolve);
        return true;
      };
      for (const lane of lanes) lane.wait(RANK[priority], grant);
    });
  }

  return {
    take,
    backOff() {
      // Requests already under way when the first 429 came are the same event, not the next in the row.
      if (resumeTimer !== null) return;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** inARow, MAX_PAUSE_MS);
      inARow = Math.min(inARow + 1, 16);
      calm = 0;
      general.pause();
      resumeTimer = setTimeout(() => {
        resumeTimer = null;
        general.resume();
      }, pauseMs);
    },
    answered() {
      if (resumeTimer !== null || inARow === 0) return;
      calm += 1;
      if (calm >= CALM_ANSWERS) inARow = 0;
    },
    get waiting() {
      return refusals.size;
    },
    close() {
      if (resumeTimer !== null) clearTimeout(resumeTimer);
      resumeTimer = null;
      for (const refuse of [...refusals]) refuse('the engine is closing');
    },
  };
}

/** Permits that count for a while each, and the line of those who wait for one: the higher rank first, then who came first. */
interface Lane {
  /** A permit at once; false: there is none, or the lane is paused. */
  take(): boolean;
  /** @param grant called at the turn; false: nobody is waiting any more, and the permit is for the next */
  wait(rank: number, grant: () => boolean): void;
  pause(): void;
  resume(): void;
}

function createLane(permits: number, countsMs: number): Lane {
  // Only who has to wait goes through it: most requests find a permit, and a promise queue costs as much as sending them.
  const line = new PQueue();
  let free = permits;
  let paused = false;

  function spend(): void {
    free -= 1;
    if (free === 0) line.pause();
    // Nobody stays up for a permit that was used.
    setTimeout(() => {
      free += 1;
      if (!paused) line.start();
    }, countsMs).unref();
  }

  return {
    take() {
      if (paused || free === 0) return false;
      spend();
      return true;
    },
    wait(rank, grant) {
      void line.add(
        async () => {
          if (grant()) spend();
        },
        { priority: rank },
      );
    },
    pause() {
      paused = true;
      line.pause();
    },
    resume() {
      paused = false;
      if (free > 0) line.start();
    },
  };
}
