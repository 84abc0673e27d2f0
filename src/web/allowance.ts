import type { Clock } from '../ports.ts';

/** Rate limit: so many at once, then one per `everyMs`. A clock set back costs nothing. */
export function createAllowance(most: number, everyMs: number, clock: Clock): () => boolean {
  let left = most;
  let countedMs = clock.nowMs();
  return () => {
    const nowMs = clock.nowMs();
    const earned = Math.floor((nowMs - countedMs) / everyMs);
    left = Math.min(most, left + Math.max(0, earned));
    countedMs = earned < 0 || left === most ? nowMs : countedMs + earned * everyMs;
    if (left === 0) return false;
    left -= 1;
    return true;
  };
}
