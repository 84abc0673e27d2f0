import type { SubmissionMemory } from './memory.ts';

/** Pauses and limits of a submission (strategy 9.4 to 9.6, 9.9). */

/** Shortest time between attempts of one submission (strategy 9.5). */
export const ATTEMPT_GAP_MS = 500;
/** Pause after a 429, doubling from here (strategy 9.9) */
const RATE_LIMIT_PAUSE_MS = 1_000;
/** up to here: by then the intent is stale, and the symbol decides again. */
const RATE_LIMIT_PAUSE_MAX_MS = 8_000;
/** Silence of intact streams about an order after which REST is asked (strategy 9.4). */
export const STREAM_SILENCE_MS = 1_000;
/** Without streams, delay of the first look-up of an acknowledged order: matching takes milliseconds. Doubles */
const CONFIRM_PAUSE_MS = 20;
/** up to here, so that a slow confirmation is still seen within a second. */
const CONFIRM_PAUSE_MAX_MS = 1_000;
/** 5 s of look-ups (10 s with streams) while the symbol's slot is occupied; then the outcome counts as unknown. */
export const CONFIRM_LOOKUPS_MAX = 10;
/** Longest time the exchange lets a cancel wait for its create (API 5.4), equal to the create's time-out. */
export const FENCE_TTL_MS = 5_000;
/** Margin after the fence's time, for differing clocks. */
export const FENCE_MARGIN_MS = 500;
/** Margin before the sending time when the history is read, for a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;
/** Pause between look-ups of an unknown outcome, doubling from here */
const UNKNOWN_PAUSE_MS = 250;
/** up to here, without end: two requests a minute cost nothing. */
const UNKNOWN_PAUSE_MAX_MS = 30_000;

/** Until the next attempt, counted from the last one; at most the pause itself, in case our clock was set back. */
export function untilNextAttempt({ failure, rateLimits, attemptAtMs }: SubmissionMemory, nowMs: number): number {
  const pause =
    failure?.kind === 'rate-limited'
      ? doubled(RATE_LIMIT_PAUSE_MS, rateLimits - 1, RATE_LIMIT_PAUSE_MAX_MS)
      : ATTEMPT_GAP_MS;
  return Math.min(pause, Math.max(0, attemptAtMs + pause - nowMs));
}

/** Until an acknowledged order is looked up. */
export const confirmPause = ({ lookups }: SubmissionMemory): number =>
  doubled(CONFIRM_PAUSE_MS, lookups, CONFIRM_PAUSE_MAX_MS);

/** Until an unknown outcome is looked up again. */
export const unknownPause = ({ rounds }: SubmissionMemory): number =>
  doubled(UNKNOWN_PAUSE_MS, rounds - 1, UNKNOWN_PAUSE_MAX_MS);

/** Doubles from `first` with each previous time, up to `most`; ms. */
function doubled(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}
