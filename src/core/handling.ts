import { type AlertState, type Handling, sameDetails } from './alert-episodes.ts';
import type { Alert, AlertDetails, AlertKind, AlertPolicy } from './alerts.ts';
import { type Decimal, decimal, PLAIN_DECIMAL } from './decimal.ts';

/** Alerts that a person acknowledged or silenced (strategy 12.4). */

const HOUR = 3_600_000;
/** Longest silence: a longer one would be forgotten. */
export const SILENCE_MAX_MS = 7 * 24 * HOUR;
/** For a paused symbol with a net (strategy 16.1). */
const HELD_SILENCE_MAX_MS = HOUR;

/** The detail that measures severity: larger is worse. */
const MEASURES: Partial<Record<string, string>> = { mmr: 'ratio', unhedged: 'diff', 'held-with-net': 'diff' };
/** Factor by which it must grow after being silenced: less is movement of the mark. */
const WORSE_BY = decimal('1.05');

/** Longest silence of a kind, ms. */
export function silenceMaxMs(kind: AlertKind): number {
  return kind === 'held-with-net' ? HELD_SILENCE_MAX_MS : SILENCE_MAX_MS;
}

/** Whether an acknowledgement or silence suppresses its messages now. */
export function isMuted(state: AlertState | null, nowMs: number): boolean {
  if (state?.handling === undefined) return false;
  return (state.handling.ackedBy !== null && state.closedAtMs === null) || isSilenced(state, nowMs);
}

/** A silence longer than the maximum was set by a clock that ran ahead. */
export function isSilenced({ handling, kind }: AlertState, nowMs: number): boolean {
  const untilMs = handling?.silencedUntilMs ?? null;
  return untilMs !== null && nowMs < untilMs && untilMs - nowMs <= silenceMaxMs(kind);
}

/** Whether a critical alert became worse since it was handled: then it is sent anyway. */
export function isWorse(
  { handling }: AlertState,
  alert: Pick<Alert, 'kind' | 'details'>,
  policy: AlertPolicy,
): boolean {
  if (handling === undefined || !policy.critical) return false;
  const measure = MEASURES[alert.kind];
  const [before, now] = [handling.details, alert.details];
  if (measure === undefined) return !sameDetails(before, now);
  const [was, is] = [amount(before[measure]), amount(now[measure])];
  // No equity: the ratio is infinite.
  if (is === null || was === null) return now[measure] !== before[measure] && is === null;
  return is.gt(was.mul(WORSE_BY));
}

function amount(text: AlertDetails[string] | undefined): Decimal | null {
  return typeof text === 'string' && PLAIN_DECIMAL.test(text) ? decimal(text) : null;
}

/** What carries over into a new episode of the same alert: a silence that still runs. */
export function handlingOfNext(before: AlertState | null, nowMs: number): Handling | undefined {
  if (before?.handling === undefined || !isSilenced(before, nowMs)) return undefined;
  return { ...before.handling, ackedBy: null };
}
