import type { EngineClock } from '../ports.ts';

/** Smaller steps back are ignored: two clocks are never read at exactly the same time. */
export const SET_BACK_MS = 1_000;

/**
 * A wall clock compared with a monotonic one: a step back shows whenever it is next read, since the wall clock has
 * advanced less. Sleep and steps forward only make data look older.
 * @param wallMs ms since the epoch @param steadyMs monotonic ms
 */
export function createEngineClock(wallMs: () => number, steadyMs: () => number): EngineClock {
  let era = 0;
  let furthestAheadMs = Number.NEGATIVE_INFINITY;
  return {
    nowMs: wallMs,
    steadyMs,
    era: () => {
      const aheadMs = wallMs() - steadyMs();
      if (aheadMs <= furthestAheadMs - SET_BACK_MS) {
        era += 1;
        furthestAheadMs = aheadMs;
      } else {
        furthestAheadMs = Math.max(furthestAheadMs, aheadMs);
      }
      return era;
    },
  };
}

/** Of this machine. */
export const systemClock = createEngineClock(
  () => Date.now(),
  () => performance.now(),
);
