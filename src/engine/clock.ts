import type { EngineClock } from '../ports.ts';

/** Set back by less than this, the clock is as it was: two clocks read one after the other are never quite together. */
export const SET_BACK_MS = 1_000;

/**
 * A wall clock held against one that nobody sets. However long it was not looked at, a set-back shows: the wall clock has
 * gone less far than the steady one. That the machine slept, or the clock was set ahead, only makes data look older.
 *
 * @param wallMs milliseconds since the epoch, as people and the system set them
 * @param steadyMs milliseconds since any beginning, never set
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
