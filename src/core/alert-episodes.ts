import {
  ALERT_POLICIES,
  type Alert,
  type AlertDetails,
  type AlertKind,
  type AlertPolicy,
  type Repeat,
} from './alerts.ts';
import type { AccountName } from './model.ts';

/** Episodes of an alert (strategy 12): when it is sent, repeated and resolved. Pure functions. */

const SECOND = 1000;
const HOUR = 3_600_000;
/** Information that recurs is sent again after this time. */
const INFORMATION_AGAIN_MS = 24 * HOUR;

/** The alert manager's record of one alert key, across restarts: its episode and when it was last sent (12). */
export interface AlertState {
  readonly key: string;
  readonly kind: AlertKind;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  readonly details: AlertDetails;
  readonly sinceMs: number;
  /** Last raise, rounded to `SEEN_GRAIN_MS` so that it is not journalled at every raise. */
  readonly seenAtMs: number;
  /** When it was last sent in this episode (for `once` kinds: ever); null: not sent, because it was silenced. */
  readonly sentAtMs: number | null;
  /** How often it was sent in this episode. */
  readonly timesSent: number;
  /** When the condition ended; the episode ends when `resolved` is sent. null: the condition holds. */
  readonly overAtMs: number | null;
  /** null: the episode is open. */
  readonly closedAtMs: number | null;
  /** `resolved`: its end was sent. `unsent`: nothing was ever sent. `lapsed`: not mentioned for a day; no message. */
  readonly closing: 'resolved' | 'unsent' | 'lapsed' | null;
  /** How often it recurred soon after it had ended: each time doubles the quiet time before `resolved`. */
  readonly returns: number;
  /** What happened within the repeat period and is to be sent when the period ends. Absent: nothing. */
  readonly heldBack?: HeldBackEvents;
  /** Acknowledgement or silence by a person (strategy 12.4). Absent: neither. */
  readonly handling?: Handling;
  /** Marked in the journal as no longer needed. */
  readonly settled?: boolean;
}

/** Acknowledgement or silence of an open alert (strategy 12.4). */
export interface Handling {
  /** Acknowledged: not repeated in this episode; its end is still sent. */
  readonly ackedBy: string | null;
  /** Nothing is sent until then, not even for a later episode. null: not silenced. */
  readonly silencedUntilMs: number | null;
  readonly by: string;
  /** Its details when it was handled, or when it was last sent for having become worse. */
  readonly details: AlertDetails;
}

/** Events held back until the repeat period ends: how many, and the details of the newest. */
export interface HeldBackEvents {
  readonly times: number;
  readonly details: AlertDetails;
}

/** Granularity of `seenAtMs`: fine enough to judge `LAPSE_MS`, coarse enough not to fill the journal. */
export const SEEN_GRAIN_MS = HOUR;

/** An alert that was neither raised nor cleared for a day is no longer listed as open, without a `resolved` message. */
export const LAPSE_MS = 24 * HOUR;

/**
 * How long a `once` alert is remembered: orders live at most 30 days (API 5.1), plus one for the grain of `seenAtMs`.
 */
export const ONCE_KEPT_MS = 31 * LAPSE_MS;

/**
 * Alerts open before a start have this long to be raised or cleared, however old they are: after a day down the first
 * polls must come first. Less than a day, so that an engine restarted daily does not keep them for ever.
 */
export const START_GRACE_MS = HOUR;

/** Five polls: a condition that recurs sooner is considered never to have ended. */
export const CALM_MS = 10 * SECOND;

/** Repeat period of kinds that have none. */
const PERIOD_WITHOUT_REPEAT_MS = 900 * SECOND;

/** Quiet time before `resolved` is sent: doubled by each recurrence, at most the alert's repeat period. */
export function calmMs(state: AlertState, repeat: Repeat): number {
  const most = typeof repeat === 'number' ? repeat : PERIOD_WITHOUT_REPEAT_MS;
  return Math.min(CALM_MS * 2 ** Math.min(state.returns, 20), most);
}

export function alertHolds(state: AlertState): boolean {
  return state.closedAtMs === null && state.overAtMs === null;
}

/** Limits a time in the future (our clock was set back) to now. Returns the same object if nothing changed. */
function notAfter(state: AlertState, nowMs: number): AlertState {
  const { sinceMs, seenAtMs, sentAtMs, overAtMs, closedAtMs } = state;
  const latestMs = Math.max(sinceMs, seenAtMs, sentAtMs ?? sinceMs, overAtMs ?? sinceMs, closedAtMs ?? sinceMs);
  if (latestMs <= nowMs) return state;
  const least = (atMs: number | null) => (atMs === null ? null : Math.min(atMs, nowMs));
  return {
    ...state,
    sinceMs: Math.min(sinceMs, nowMs),
    seenAtMs: Math.min(seenAtMs, nowMs),
    sentAtMs: least(sentAtMs),
    overAtMs: least(overAtMs),
    closedAtMs: least(closedAtMs),
  };
}

/**
 * The state after a raise, and whether to send the alert now (strategy 12). An episode lasts until `resolved` is sent;
 * within it the alert repeats by its period, however often the condition flickers. A recurrence after `resolved` starts
 * a new episode and is sent at once. Returns the same object if nothing worth keeping changed.
 * @param worse send now, whatever the period: it was acknowledged or silenced and became worse (strategy 12.4)
 */
export function judgeRaise(
  before: AlertState | null,
  alert: Alert,
  silenced: boolean,
  nowMs: number,
  { repeat, event = false, information = false }: Pick<AlertPolicy, 'repeat' | 'event' | 'information'>,
  worse = false,
): { readonly state: AlertState; readonly send: boolean } {
  if (before === null) return openEpisode(alert, 0, silenced, nowMs);
  const state = notAfter(before, nowMs);
  if (repeat === 'once' && state.sentAtMs !== null) return { state: seen(state, nowMs), send: false };
  const leftSinceSent = alert.sinceMs !== null && state.sentAtMs !== null && alert.sinceMs > state.sentAtMs;
  if (state.closedAtMs !== null) {
    if (repeat === 'episode' && state.closing === 'lapsed' && !leftSinceSent)
      return { state: seen(state, nowMs), send: false };
    // Information that comes and goes all day, such as a limit crossed by the mark, is sent once a day.
    if (information && state.sentAtMs !== null && nowMs - state.sentAtMs < INFORMATION_AGAIN_MS) {
      return { state: { ...state, seenAtMs: nowMs, overAtMs: null, closedAtMs: null, closing: null }, send: false };
    }
    const period = typeof repeat === 'number' ? repeat : PERIOD_WITHOUT_REPEAT_MS;
    const soon = state.closing === 'resolved' && nowMs - state.closedAtMs < period;
    return openEpisode(alert, soon ? state.returns + 1 : 0, silenced, nowMs);
  }
  if (repeat === 'episode' && leftSinceSent) return openEpisode(alert, state.returns, silenced, nowMs);
  const due =
    worse ||
    state.sentAtMs === null ||
    (typeof repeat === 'number' && nowMs - state.sentAtMs >= repeat && nowMs > state.sentAtMs);
  const send = due && !silenced;
  const back = state.overAtMs !== null;
  const { heldBack: heldBackBefore, ...rest } = state;
  const heldBack = event && !send ? heldBackWith(state, alert) : undefined;
  if (!send && !back && heldBack === heldBackBefore) return { state: seen(state, nowMs), send };
  return {
    state: {
      ...rest,
      // Details of an event that is held back are not those that were sent.
      details: heldBack === undefined ? alert.details : state.details,
      sinceMs: Math.min(state.sinceMs, alert.sinceMs ?? alert.atMs),
      seenAtMs: nowMs,
      overAtMs: null,
      returns: state.returns + (back ? 1 : 0),
      ...(send ? { sentAtMs: nowMs, timesSent: state.timesSent + 1 } : {}),
      ...(heldBack === undefined ? {} : { heldBack }),
    },
    send,
  };
}

/** The held-back events including this one; the same object if its details equal the last one's. */
function heldBackWith({ heldBack, details }: AlertState, alert: Alert): HeldBackEvents | undefined {
  if (sameDetails((heldBack ?? { details }).details, alert.details)) return heldBack;
  return { times: (heldBack?.times ?? 0) + 1, details: alert.details };
}

export function sameDetails(one: Alert['details'], other: Alert['details']): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]))
  );
}

function openEpisode(alert: Alert, returns: number, silenced: boolean, nowMs: number) {
  const state: AlertState = {
    key: alert.key,
    kind: alert.kind,
    account: alert.account,
    instrument: alert.instrument,
    details: alert.details,
    sinceMs: alert.sinceMs ?? alert.atMs,
    seenAtMs: nowMs,
    sentAtMs: silenced ? null : nowMs,
    timesSent: silenced ? 0 : 1,
    overAtMs: null,
    closedAtMs: null,
    closing: null,
    returns,
  };
  return { state, send: !silenced };
}

function seen(state: AlertState, nowMs: number): AlertState {
  return nowMs - state.seenAtMs < SEEN_GRAIN_MS ? state : { ...state, seenAtMs: nowMs, settled: false };
}

/** The condition is over since `atMs`. An alert that was never sent closes without a message. */
export function judgeClear(state: AlertState, atMs: number): AlertState {
  if (!alertHolds(state)) return state;
  if (state.sentAtMs === null) return { ...state, overAtMs: atMs, closedAtMs: atMs, closing: 'unsent' };
  return { ...state, overAtMs: atMs };
}

/**
 * The effect of time passing: sends what was held back, sends `resolved` after the quiet time, lets unmentioned alerts
 * lapse.
 * @param muted acknowledged or silenced by a person: held-back events wait @param startedAtMs start of the alert
 * manager: earlier alerts have `START_GRACE_MS` from then
 */
export function judgeTime(
  before: AlertState,
  nowMs: number,
  repeat: Repeat,
  startedAtMs: number,
  muted = false,
): { readonly state: AlertState; readonly resolved: boolean; readonly heldBack?: HeldBackEvents } {
  const state = notAfter(before, nowMs);
  if (state.closedAtMs !== null) return { state, resolved: false };
  if (state.heldBack !== undefined && !muted) {
    // `resolved` follows later.
    if (typeof repeat === 'number' && nowMs - (state.sentAtMs ?? 0) < repeat) return { state, resolved: false };
    const { heldBack, ...rest } = state;
    const sent = { ...rest, details: heldBack.details, sentAtMs: nowMs, timesSent: state.timesSent + 1 };
    return { state: sent, resolved: false, heldBack };
  }
  if (state.overAtMs !== null) {
    if (nowMs - state.overAtMs < calmMs(state, repeat)) return { state, resolved: false };
    return { state: { ...state, closedAtMs: nowMs, closing: 'resolved' }, resolved: true };
  }
  if (nowMs - state.seenAtMs < LAPSE_MS || nowMs - startedAtMs < START_GRACE_MS) return { state, resolved: false };
  return { state: { ...state, closedAtMs: nowMs, closing: 'lapsed' }, resolved: false };
}

/** Display order of alerts (strategy 12.3): critical first, information last, then the longest first. */
export function byUrgency(
  one: Pick<AlertState, 'kind' | 'sinceMs'>,
  other: Pick<AlertState, 'kind' | 'sinceMs'>,
): number {
  const rank = ({ kind }: Pick<AlertState, 'kind'>) =>
    ALERT_POLICIES[kind].critical ? 0 : ALERT_POLICIES[kind].information ? 2 : 1;
  return rank(one) - rank(other) || one.sinceMs - other.sinceMs;
}

/**
 * Open alerts by urgency, then those closed since `sinceMs`: newest end of condition first, then newest beginning, then
 * key.
 */
export function listAlerts(
  states: Iterable<AlertState>,
  sinceMs: number,
): { readonly open: readonly AlertState[]; readonly recent: readonly AlertState[] } {
  const all = [...states];
  return {
    open: all.filter((state) => state.closedAtMs === null).sort(byUrgency),
    recent: all
      .filter((state) => state.closedAtMs !== null && state.closedAtMs >= sinceMs)
      .sort((a, b) => endOf(b) - endOf(a) || b.sinceMs - a.sinceMs || (a.key < b.key ? -1 : 1)),
  };
}

/** When a closed alert's condition ended, ms; a lapsed alert ended when it was closed. */
function endOf(state: AlertState): number {
  return state.overAtMs ?? state.closedAtMs ?? state.seenAtMs;
}

/**
 * The journal's names of three fields and of one value, as the first version wrote them: they stay, so that each version
 * reads what another one wrote.
 */
interface StoredAlertState extends Omit<AlertState, 'sentAtMs' | 'timesSent' | 'heldBack' | 'closing'> {
  readonly toldAtMs: number | null;
  readonly tellings: number;
  readonly owed?: HeldBackEvents;
  readonly closing: 'resolved' | 'untold' | 'lapsed' | null;
}

const STORED_NAMES: Readonly<Partial<Record<string, keyof StoredAlertState>>> = {
  sentAtMs: 'toldAtMs',
  timesSent: 'tellings',
  heldBack: 'owed',
};

/** The body of a state's journal entry; {@link readAlertState} reads it. */
export function storedAlertState(state: AlertState): StoredAlertState {
  const stored = Object.entries(state).map(([name, value]) => [
    STORED_NAMES[name] ?? name,
    name === 'closing' && value === 'unsent' ? 'untold' : value,
  ]);
  return Object.fromEntries(stored) as StoredAlertState;
}

/** Reads a journalled state; null if it is unreadable (older or damaged): the alert then starts from scratch. */
export function readAlertState(body: unknown): AlertState | null {
  if (body === null || typeof body !== 'object') return null;
  const state = body as Partial<Record<keyof StoredAlertState, unknown>>;
  const numbers = [state.sinceMs, state.seenAtMs, state.tellings, state.returns].every(Number.isFinite);
  const nullable = [state.toldAtMs, state.overAtMs, state.closedAtMs].every((x) => x === null || Number.isFinite(x));
  const known = typeof state.kind === 'string' && Object.hasOwn(ALERT_POLICIES, state.kind);
  const details = isRecord(state.details);
  const heldBack =
    state.owed === undefined ||
    (isRecord(state.owed) && Number.isFinite(state.owed.times) && isRecord(state.owed.details));
  if (!numbers || !nullable || !known || !details || !heldBack || typeof state.key !== 'string') return null;
  const { toldAtMs, tellings, owed, closing, ...rest } = body as StoredAlertState;
  return {
    ...rest,
    sentAtMs: toldAtMs,
    timesSent: tellings,
    ...(owed === undefined ? {} : { heldBack: owed }),
    closing: closing === 'untold' ? 'unsent' : closing,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}
