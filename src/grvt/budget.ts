import PQueue, { type QueueAddOptions } from 'p-queue';
import type { AccountName } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { reasonText } from '../texts/reasons.ts';

/** The purpose of a request, by priority (strategy 9.1). */
export const NEEDS = [
  'cancel',
  'repair',
  'opening',
  'overdue-reading',
  'look-up',
  'reading',
  'summary',
  'rest',
] as const;
export type Need = (typeof NEEDS)[number];

/** The separate budgets of the exchange (API 7): reads, creates and cancels of each account, and market data. */
export type BucketName = 'reads' | 'creates' | 'cancels' | 'market data';

/** Units of a bucket per second, by the weights of API 7: one every 10 ms. */
const UNITS_PER_SECOND = 100;
/** Share that we use (strategy 9.1); the rest is for other programs on the account. A stop may use everything. */
const PLANNED_SHARE = 0.8;
/** Share of that which openings may use, so that repairs find room even while a hundred symbols open. */
const OPENINGS_SHARE = 0.75;
/** How long a request counts after its answer: it reached the exchange earlier, so no second there ever sees more. */
const COUNTS_MS = 1_000;
/**
 * Requests that may wait per bucket: a hundred symbols with two orders each, looked up, cancelled and replaced at once.
 * The next one fails without having been sent.
 */
const MAX_WAITING = 600;
/** Longest wait: by then the caller has given up or asked again. */
const MAX_WAIT_MS = 60_000;
/** A longer wait is reported (strategy 9.1). */
export const LATE_MS = 10_000;
/** A full read of this age is overdue (strategy 9.1). */
export const OVERDUE_MS = 6_000;
/** Pauses of a bucket after a 429, doubling while 429s go on (strategy 9.9). */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** Consecutive answers without a 429 after which the pause is reset. */
const CALM_ANSWERS = 30;
/** Factor by which a 429 cuts a bucket (strategy 9.9). */
const CUT = 0.8;
/** Smallest share that cuts leave. */
const LEAST_SHARE = 0.25;
/** A cut is reversed in steps, completely within ten minutes (strategy 9.9). */
const RECOVERY_STEPS = 10;
const RECOVERY_STEP_MS = 60_000;

/** A request that was never sent because it waited too long or too many were waiting. */
export class NotAdmitted extends Error {
  readonly why: Reason;

  constructor(why: Reason) {
    super(`never sent: ${reasonText(why)}`);
    this.name = 'NotAdmitted';
    this.why = reason('never-left', '9.1', { why });
  }
}

const CLOSING = reason('engine-closes', '13.1');

export interface Asked {
  readonly need: Need;
  /** Its weight (API 7). */
  readonly units: number;
  /** Requests of equal priority are served symbol by symbol in turn (strategy 9.1). */
  readonly turn?: string;
  /** Time until a full read becomes overdue, ms. */
  readonly overdueInMs?: number;
}

/** Permission to send one request. Exactly one of the three calls ends it. */
export interface Permit {
  /** The exchange answered, or the request failed: it counts for another second. */
  done(): void;
  /** The exchange answered 429. */
  limited(): void;
  /** The request was not sent: it costs nothing. */
  unused(): void;
}

/** Events of a bucket that are reported (strategy 9.1, 9.9). */
export type BudgetEvent = { readonly account: AccountName | null; readonly bucket: BucketName } & (
  | {
      /** Share left after a 429, 1: all. */
      readonly type: 'budget.share';
      readonly share: number;
    }
  | {
      /** Requests that have waited longer than 10 s; 0: none any more. */
      readonly type: 'budget.late';
      readonly waiting: number;
    }
);

export interface Bucket {
  /** Resolves when the request may be sent, at once if units are free and nobody waits. @throws NotAdmitted */
  take(asked: Asked): Promise<Permit>;
  /** Counts a request sent without asking, since the exchange may count it here as well. */
  count(units: number): void;
  /** From now on the whole budget may be used (strategy 9.1). */
  hurry(): void;
  /** Number of waiting requests. */
  readonly waiting: number;
  /** Units free now, and per second when idle. */
  readonly left: number;
  readonly limit: number;
  /** Rejects everyone who waits. */
  close(): void;
}

export interface BucketOptions {
  readonly account: AccountName | null;
  readonly bucket: BucketName;
  /** `RATE_SCALE`: multiplies the budget, for other tiers. */
  readonly scale: number;
  readonly tell: (event: BudgetEvent) => void;
}

/**
 * A bucket of the exchange's weights (strategy 9.1): no second, as the exchange counts it, has more units than planned.
 * A permit holds its units until a second after its answer, by timers, independent of our wall clock. A request heavier
 * than the whole budget is sent when nothing else counts.
 */
export function createBucket({ account, bucket, scale, tell }: BucketOptions): Bucket {
  if (!(scale > 0)) throw new RangeError(`the scale of a budget must be above 0: ${scale}`);
  const queue = new Turns();
  // Only for requests that must wait: most find room, and a promise queue costs as much as sending them.
  const line = new PQueue<Turns, Place>({ queueClass: queueOf(queue), autoStart: false });
  const refusals = new Set<(why: Reason) => void>();
  let planned = PLANNED_SHARE;
  let share = 1;
  let used = 0;
  let permits = 0;
  /** 429s to permits up to this number are one event: they were sent before the first one was known. */
  let counted = 0;
  let inARow = 0;
  let calm = 0;
  let pause: NodeJS.Timeout | null = null;
  let recovery: NodeJS.Timeout | null = null;
  let late = 0;
  let closed = false;

  const limit = (): number => Math.floor(UNITS_PER_SECOND * scale * planned * share);
  const fits = (units: number, priority: number): boolean => {
    const most = priority === OPENING ? limit() * OPENINGS_SHARE : limit();
    return pause === null && (used === 0 || used + units <= most);
  };

  /** Serves the queue for as long as its first request finds room. */
  function serve(): void {
    const next = queue.next();
    if (next !== undefined && fits(next.units, next.priority)) line.start();
    else line.pause();
  }

  function release(units: number, afterMs: number): void {
    const back = () => {
      used -= units;
      serve();
    };
    if (afterMs === 0) back();
    // Does not keep the process alive.
    else setTimeout(back, afterMs).unref();
  }

  function grant(units: number): Permit {
    used += units;
    permits += 1;
    const number = permits;
    let over = false;
    const end = (afterMs: number) => {
      if (over) return;
      over = true;
      release(units, afterMs);
    };
    return {
      done() {
        calm += 1;
        if (calm >= CALM_ANSWERS) inARow = 0;
        end(COUNTS_MS);
      },
      limited() {
        end(COUNTS_MS);
        if (number <= counted) return;
        counted = permits;
        backOff();
      },
      unused: () => end(0),
    };
  }

  function backOff(): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** inARow, MAX_PAUSE_MS);
    inARow = Math.min(inARow + 1, 16);
    calm = 0;
    if (pause !== null) clearTimeout(pause);
    pause = setTimeout(() => {
      pause = null;
      serve();
    }, pauseMs);
    serve();
    setShare(Math.max(LEAST_SHARE, share * CUT));
    if (recovery !== null) clearInterval(recovery);
    const step = (1 - share) / RECOVERY_STEPS;
    let steps = 0;
    recovery = setInterval(() => {
      steps += 1;
      setShare(steps === RECOVERY_STEPS ? 1 : share + step);
      if (steps === RECOVERY_STEPS && recovery !== null) clearInterval(recovery);
      serve();
    }, RECOVERY_STEP_MS).unref();
  }

  function setShare(next: number): void {
    share = next;
    tell({ type: 'budget.share', account, bucket, share });
  }

  function countLate(change: 1 | -1): void {
    late += change;
    // Only the first and the last are reported.
    if ((change === 1 && late === 1) || late === 0) tell({ type: 'budget.late', account, bucket, waiting: late });
  }

  function wait({ need, units, turn = '', overdueInMs }: Asked): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const id = String(nextId());
      let isLate = false;
      const end = () => {
        for (const timer of timers) clearTimeout(timer);
        refusals.delete(refuse);
        if (isLate) countLate(-1);
      };
      let refused = false;
      const refuse = (why: Reason) => {
        refused = true;
        // It passes the queue without cost, since p-queue keeps what never runs.
        queue.letGo(id);
        end();
        serve();
        reject(new NotAdmitted(why));
      };
      const timers = [
        setTimeout(() => {
          isLate = true;
          countLate(1);
        }, LATE_MS),
        setTimeout(() => refuse(reason('budget-waited', '9.1', { seconds: MAX_WAIT_MS / 1_000 })), MAX_WAIT_MS),
      ];
      if (overdueInMs !== undefined) {
        timers.push(
          setTimeout(() => {
            queue.setPriority(id, priorityOf('overdue-reading'));
            serve();
          }, overdueInMs),
        );
      }
      refusals.add(refuse);
      void line.add(
        async () => {
          if (!refused) {
            end();
            resolve(grant(units));
          }
          serve();
        },
        { priority: priorityOf(need), id, turn, units },
      );
      serve();
    });
  }

  return {
    async take(asked) {
      if (closed) throw new NotAdmitted(CLOSING);
      if (queue.size === 0 && fits(asked.units, priorityOf(asked.need))) return grant(asked.units);
      if (refusals.size >= MAX_WAITING) throw new NotAdmitted(reason('budget-full', '9.1', { waiting: MAX_WAITING }));
      return wait(asked);
    },
    count(units) {
      used += units;
      release(units, COUNTS_MS);
    },
    hurry() {
      planned = 1;
      serve();
    },
    get waiting() {
      return refusals.size;
    },
    get limit() {
      return limit();
    },
    get left() {
      return pause === null ? Math.max(0, limit() - used) : 0;
    },
    close() {
      closed = true;
      if (pause !== null) clearTimeout(pause);
      if (recovery !== null) clearInterval(recovery);
      for (const refuse of [...refusals]) refuse(CLOSING);
    },
  };
}

const priorityOf = (need: Need): number => NEEDS.length - NEEDS.indexOf(need);
const OPENING = priorityOf('opening');

let lastId = 0;
const nextId = (): number => {
  lastId += 1;
  return lastId;
};

interface Place extends QueueAddOptions {
  readonly priority: number;
  readonly id: string;
  readonly turn: string;
  readonly units: number;
}

interface Waiting extends Place {
  readonly run: () => Promise<unknown>;
}

/** A queue for p-queue: by priority, then symbol by symbol in turn, then by arrival (strategy 9.1). */
class Turns {
  /** By priority, then in order of the symbols' turns. */
  readonly #lanes = new Map<number, Map<string, Waiting[]>>();
  readonly #placed = new Map<string, Waiting>();

  get size(): number {
    return this.#placed.size;
  }

  enqueue(run: Waiting['run'], options?: Partial<Place>): void {
    const { priority = 0, id = String(nextId()), turn = '', units = 0 } = options ?? {};
    const one = { run, priority, id, turn, units };
    this.#placed.set(id, one);
    const lane = this.#lanes.get(priority) ?? new Map<string, Waiting[]>();
    this.#lanes.set(priority, lane);
    lane.set(turn, [...(lane.get(turn) ?? []), one]);
  }

  dequeue(): Waiting['run'] | undefined {
    const next = this.next();
    if (next === undefined) return undefined;
    this.remove(next.id);
    // The other waiting requests of its symbol have had their turn.
    const lane = this.#lanes.get(next.priority);
    const others = lane?.get(next.turn);
    if (lane !== undefined && others !== undefined) {
      lane.delete(next.turn);
      lane.set(next.turn, others);
    }
    return next.run;
  }

  setPriority(id: string, priority: number): void {
    this.#move(id, { priority });
  }

  /** It no longer waits: it is served next, at no cost. */
  letGo(id: string): void {
    this.#move(id, { priority: Number.POSITIVE_INFINITY, units: 0 });
  }

  #move(id: string, change: Partial<Place>): void {
    const one = this.#placed.get(id);
    if (one === undefined) return;
    this.remove(id);
    this.enqueue(one.run, { ...one, ...change });
  }

  remove(idOrRun: string | Waiting['run']): void {
    const one =
      typeof idOrRun === 'string'
        ? this.#placed.get(idOrRun)
        : [...this.#placed.values()].find(({ run }) => run === idOrRun);
    if (one === undefined) return;
    this.#placed.delete(one.id);
    const lane = this.#lanes.get(one.priority);
    const rest = (lane?.get(one.turn) ?? []).filter((other) => other !== one);
    if (rest.length > 0) lane?.set(one.turn, rest);
    else lane?.delete(one.turn);
    if (lane?.size === 0) this.#lanes.delete(one.priority);
  }

  filter({ priority }: { readonly priority?: number }): Waiting['run'][] {
    return [...this.#placed.values()].filter((one) => one.priority === priority).map(({ run }) => run);
  }

  /** The next request; undefined: nobody waits. */
  next(): Waiting | undefined {
    const highest = Math.max(...this.#lanes.keys());
    const [first] = this.#lanes.get(highest)?.values() ?? [];
    return first?.[0];
  }
}

/** p-queue constructs its queue itself; this makes it use ours. */
function queueOf(queue: Turns): new () => Turns {
  return class {
    constructor() {
      // biome-ignore lint/correctness/noConstructorReturn: the one queue of this bucket
      return queue;
    }
  } as new () => Turns;
}
