import { setTimeout as pause } from 'node:timers/promises';

/**
 * How long a test waits for what must come about, ms. It is no rule and measures nothing: it only ends a test that fails.
 * An engine starts in two seconds; beside twenty other jobs that took more than a minute.
 */
export const PATIENCE_MS = 240_000;

/** The same for what computes long: a whole campaign, a backtest, work over a queue. Alone it takes under a minute. */
export const LONG_PATIENCE_MS = 5 * PATIENCE_MS;

/** Interval of looking at a condition. */
const LOOK_MS = 10;

/** Waits for what another process or the system does; fails by its name when it does not come about. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await condition()); await pause(LOOK_MS)) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
  }
}
