import type { AuditSettings } from './model.ts';

/** How far back the auditor looks, and how much of it it keeps: the bounds that several of its rules share. */

/** Time-outs are 5 s (strategy 9.1): a book asked for longer ago than two of them is not what a create waited for. */
export const ASKED_LATELY_MS = 10_000;
/** Enough for the history at a 2 s loop; at a faster one the older half is not needed. */
export const MAX_HISTORY = 96;
/** Of one instrument: those that are over go first, and of vanished ones the oldest. */
export const MAX_ORDERS = 1_024;
/** So long after a refusal the other way of 6.3 may go first: its 15 minutes, and a decision made just before their end. */
export const OTHER_WAY_MS = 960_000;
/** The two clocks may differ by this much before an expiry is disputed. */
export const CLOCK_SKEW_MS = 60_000;
/** A difference adopted here may turn out to be the fill of an order whose outcome was unknown until it expired. */
export const DRIFT_WITHDRAWN_WITHIN_MS = 7_200_000;

/** The waits that follow an engine's loop, ms. */
export interface Windows {
  /** From a decision to its create, behind another submission: until its data are too old to leave on (strategy 10.3). */
  readonly decisionToSendMs: number;
  /** Views further back than this are never needed: a submission of all its attempts. */
  readonly historyMs: number;
  /** An attempt that follows a refusal later than this is a new submission: the data of its first were too old. */
  readonly retryWithinMs: number;
  /** Where nothing moved for so long, any engine has begun (11.3): two readings alike, some polls failing. */
  readonly begunAfterMs: number;
  /** An engine has had a usable snapshot by then, however many polls of a restart fail. */
  readonly restartMs: number;
  /** Orders that are over are kept this long, for late answers and for views. */
  readonly keepOverMs: number;
}

/** Time-outs (5 s) set the least of them, whatever the loop. */
export function windowsOf({ staleMs }: AuditSettings): Windows {
  const historyMs = Math.max(120_000, 2 * staleMs);
  return {
    decisionToSendMs: staleMs,
    historyMs,
    retryWithinMs: Math.max(60_000, staleMs),
    begunAfterMs: 2 * staleMs,
    restartMs: 12 * staleMs,
    keepOverMs: Math.max(300_000, 2 * historyMs),
  };
}
