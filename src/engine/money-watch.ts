import { Worker } from 'node:worker_threads';
import { errorText } from '../core/error-text.ts';
import type { MoneyFigures } from '../explain/money-figures.ts';
import type { Clock } from '../ports.ts';
import type { CountAt, Counted, CountingFrom } from './money-worker.ts';

/** Computes the money of today and the week once a minute, in a thread that ends with its computation (8.6, 17.4). */

/** Delay of the first computation: the first rows are read by then. */
const FIRST_MS = 15_000;
/** Interval of computations. */
const EVERY_MS = 60_000;
/** At most one part in so many of the time is spent computing: a journal of weeks takes seconds. */
const SHARE = 20;
/** After this time a computation is given up with its thread. */
const COUNT_MAX_MS = 300_000;
/** The thread's heap: a month of a hundred lively symbols is some 200 MB. */
const HEAP_MB = 1_024;

export interface MoneyWatchParts extends CountingFrom {
  readonly clock: Clock;
  readonly onFigures: (figures: MoneyFigures) => void;
  /** Delay of the first computation, ms; absent: a quarter of a minute. */
  readonly firstMs?: number;
  /** The computation fails, or works again. */
  readonly say: (level: 'info' | 'warn', text: string) => void;
}

/** Runs until it is closed. */
export function startMoneyWatch(parts: MoneyWatchParts): { close(): void } {
  const { file, keptMs, clock } = parts;
  let worker: Worker | null = null;
  let askedMs: number | null = null;
  let closed = false;
  let failing = false;
  let next = setTimeout(ask, parts.firstMs ?? FIRST_MS);

  function ask(): void {
    worker = start();
    const asked: CountAt = { nowMs: clock.nowMs() };
    askedMs = performance.now();
    worker.postMessage(asked);
    next = setTimeout(() => {
      drop();
      follow(`not done within ${COUNT_MAX_MS / 1000} s`);
    }, COUNT_MAX_MS);
  }

  function start(): Worker {
    const workerData: CountingFrom = { file, keptMs };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB };
    const started = new Worker(new URL('./money-worker.ts', import.meta.url), { workerData, resourceLimits });
    // Does not keep the process alive.
    started.unref();
    started.on('message', (counted: Counted) => {
      if (started !== worker || closed) return;
      // Between computations it would only occupy memory.
      drop();
      if ('failure' in counted) follow(counted.failure);
      else {
        parts.onFigures(counted.figures);
        follow(null);
      }
    });
    started.on('error', (thrown: unknown) => {
      if (started !== worker || closed) return;
      drop();
      follow(errorText(thrown));
    });
    return started;
  }

  function follow(why: string | null): void {
    clearTimeout(next);
    const tookMs = askedMs === null ? 0 : performance.now() - askedMs;
    if (why !== null && !failing) parts.say('warn', `Money: could not be computed, retried every minute: ${why}`);
    if (why === null && failing) parts.say('info', 'Money: computed again');
    failing = why !== null;
    next = setTimeout(ask, Math.max(EVERY_MS - tookMs, SHARE * tookMs));
  }

  function drop(): void {
    void worker?.terminate();
    worker = null;
  }

  return {
    close() {
      closed = true;
      clearTimeout(next);
      drop();
    },
  };
}
