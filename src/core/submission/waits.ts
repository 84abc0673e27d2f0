import type { SubmissionMemory } from './memory.ts';

/** How long a submission waits for what, and how often (strategy 9.4 to 9.6, 9.9). */

/** Attempts of one submission are at least so far apart (strategy 9.5). */
export const ATTEMPT_GAP_MS = 500;
/** After a 429 the pause doubles from here (strategy 9.9) … */
const RATE_LIMIT_PAUSE_MS = 1_000;
/** … up to here: the intent is stale by then, and the symbol decides again. */
const RATE_LIMIT_PAUSE_MAX_MS = 8_000;
/** Intact streams that say nothing of an order for so long are not waited for: REST is asked (strategy 9.4). */
export const STREAM_SILENCE_MS = 1_000;
/** Without streams, the first look-up of an acknowledged order: a matching engine answers within some milliseconds. Doubles … */
const CONFIRM_PAUSE_MS = 20;
/** … up to here, so that a slow confirmation is still seen within a second. */
const CONFIRM_PAUSE_MAX_MS = 1_000;
/** 5 s of look-ups, 10 s with streams, while the symbol's slot is held; then the outcome counts as unknown and the slot is free. */
export const CONFIRM_LOOKUPS_MAX = 10;
/** The longest the exchange keeps a cancel waiting for its create (API 5.4): the create's own time-out is 5 s too. */
export const FENCE_TTL_MS = 5_000;
/** Waited past the fence's time, for clocks that do not run alike. */
export const FENCE_MARGIN_MS = 500;
/** The order history is read from so long before the send: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;
/** While unknown, the pauses between questions double from here … */
const UNKNOWN_PAUSE_MS = 250;
/** … up to here, for ever: two questions a minute cost nothing. */
const UNKNOWN_PAUSE_MAX_MS = 30_000;

/** Before the next attempt: counted from the last one. Never longer than the pause: our clock may have been set back since. */
export function untilNextAttempt({ failure, rateLimits, attemptAtMs }: SubmissionMemory, nowMs: number): number {
  const pause =
    failure?.kind === 'rate-limited'
      ? doubled(RATE_LIMIT_PAUSE_MS, rateLimits - 1, RATE_LIMIT_PAUSE_MAX_MS)
      : ATTEMPT_GAP_MS;
  return Math.min(pause, Math.max(0, attemptAtMs + pause - nowMs));
}

/** Before an acknowledged order is looked up. */
export const confirmPause = ({ lookups }: SubmissionMemory): number =>
  doubled(CONFIRM_PAUSE_MS, lookups, CONFIRM_PAUSE_MAX_MS);

/** Before an order of unknown outcome is asked about again. */
export const unknownPause = ({ rounds }: SubmissionMemory): number =>
  doubled(UNKNOWN_PAUSE_MS, rounds - 1, UNKNOWN_PAUSE_MAX_MS);

/** A pause that doubles from `first` with each time before, up to `most`; milliseconds. */
function doubled(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}
