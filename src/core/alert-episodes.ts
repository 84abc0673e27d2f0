import {
  ALERT_POLICIES,
  type Alert,
  type AlertDetails,
  type AlertKind,
  type AlertPolicy,
  type Repeat,
} from './alerts.ts';
import type { AccountName } from './model.ts';

/** When an alert is told, repeated and over (strategy 12): its episodes, as values. */

const SECOND = 1000;
const HOUR = 3_600_000;
/** Information that comes back is told again after this. */
const INFORMATION_AGAIN_MS = 24 * HOUR;

/** What the desk remembers of one alert key, across restarts: its episode and when it was last told (strategy 12). */
export interface AlertState {
  readonly key: string;
  readonly kind: AlertKind;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  readonly details: AlertDetails;
  /** Beginning of the episode. */
  readonly sinceMs: number;
  /** Last raise, to within `SEEN_GRAIN_MS`: written seldom on purpose. */
  readonly seenAtMs: number;
  /** Last telling in this episode (for `once` kinds: ever); null: not told, being silenced. */
  readonly toldAtMs: number | null;
  /** Tellings in this episode. */
  readonly tellings: number;
  /** When the condition ended; the episode ends with the telling of it. null: it holds. */
  readonly overAtMs: number | null;
  /** null: the episode is open. */
  readonly closedAtMs: number | null;
  /** `resolved`: told. `untold`: nobody had heard of it. `lapsed`: neither raised nor cleared for a day; not told. */
  readonly closing: 'resolved' | 'untold' | 'lapsed' | null;
  /** How often it came back soon after being over: each doubles the calm asked for before `resolved`. */
  readonly returns: number;
  /** Told when the period ends: what came within it and differs from what was told. Absent: nothing. */
  readonly owed?: OwedTelling;
  /** What a person said of it (strategy 12.4). Absent: nothing. */
  readonly handling?: Handling;
  /** As journalled: nothing needs it any more. */
  readonly settled?: boolean;
}

/** What a person said of an open alert (strategy 12.4). */
export interface Handling {
  /** Acknowledged: not repeated while this episode lasts; its end is told. */
  readonly ackedBy: string | null;
  /** Nothing of it is told until then, in a later episode neither. null: it is not silenced. */
  readonly silencedUntilMs: number | null;
  readonly by: string;
  /** What it said when that was told, or when it was last told for being worse. */
  readonly details: AlertDetails;
}

/** Happenings that wait for the end of a period: how many, and the words of the newest. */
export interface OwedTelling {
  readonly times: number;
  readonly details: AlertDetails;
}

/** `seenAtMs` is kept to within an hour: often enough to judge `LAPSE_MS`, seldom enough not to fill the journal. */
export const SEEN_GRAIN_MS = HOUR;

/** An alert neither raised nor cleared for a day stops being listed as open; nobody said that it is resolved. */
export const LAPSE_MS = 24 * HOUR;

/**
 * What is told once ever is remembered for so long after it was last seen: orders live at most 30 days (API 5.1), one more is
 * for what `seenAtMs` leaves out. So many are as many as people were told of in a month.
 */
export const ONCE_KEPT_MS = 31 * LAPSE_MS;

/**
 * What was open before a start is given this long to be raised or cleared, however long ago it was seen: a start after a day
 * down must hear of the first polls first. No day: an engine that starts every day would keep for ever what nobody speaks of.
 */
export const START_GRACE_MS = HOUR;

/** Five polls: a condition that is back sooner was never over. */
export const CALM_MS = 10 * SECOND;

/** The period of kinds without one, where a period bounds something. */
const PERIOD_WITHOUT_REPEAT_MS = 900 * SECOND;

/** How long a condition must stay over before `resolved` is told: doubled by each return, at most the alert's period. */
export function calmMs(state: AlertState, repeat: Repeat): number {
  const most = typeof repeat === 'number' ? repeat : PERIOD_WITHOUT_REPEAT_MS;
  return Math.min(CALM_MS * 2 ** Math.min(state.returns, 20), most);
}

/** The condition holds now, as far as the desk was told. */
export function alertHolds(state: AlertState): boolean {
  return state.closedAtMs === null && state.overAtMs === null;
}

/**
 * A time later than now is from before our clock was set back, and counts as now: what was told then is told again a
 * period from now, not when the clock is there again. The same state where there is none.
 */
function notAfter(state: AlertState, nowMs: number): AlertState {
  const { sinceMs, seenAtMs, toldAtMs, overAtMs, closedAtMs } = state;
  const latestMs = Math.max(sinceMs, seenAtMs, toldAtMs ?? sinceMs, overAtMs ?? sinceMs, closedAtMs ?? sinceMs);
  if (latestMs <= nowMs) return state;
  const least = (atMs: number | null) => (atMs === null ? null : Math.min(atMs, nowMs));
  return {
    ...state,
    sinceMs: Math.min(sinceMs, nowMs),
    seenAtMs: Math.min(seenAtMs, nowMs),
    toldAtMs: least(toldAtMs),
    overAtMs: least(overAtMs),
    closedAtMs: least(closedAtMs),
  };
}

/**
 * What a raise does to the key: the state after it, and whether it is to be told now (strategy 12).
 *
 * An episode lasts until its end is told; within it the alert is told again by its period, whatever flickers. A condition
 * that is back after `resolved` was told is a new episode and told at once, for the last word must not stay false.
 * Returns the same state object when nothing worth keeping has changed.
 *
 * @param worse it is told now, whatever the period: a person keeps it back and it got worse (strategy 12.4)
 */
export function judgeRaise(
  before: AlertState | null,
  alert: Alert,
  silenced: boolean,
  nowMs: number,
  { repeat, event = false, information = false }: Pick<AlertPolicy, 'repeat' | 'event' | 'information'>,
  worse = false,
): { readonly state: AlertState; readonly tell: boolean } {
  if (before === null) return openEpisode(alert, 0, silenced, nowMs);
  const state = notAfter(before, nowMs);
  if (repeat === 'once' && state.toldAtMs !== null) return { state: seen(state, nowMs), tell: false };
  const leftSinceTold = alert.sinceMs !== null && state.toldAtMs !== null && alert.sinceMs > state.toldAtMs;
  if (state.closedAtMs !== null) {
    if (repeat === 'episode' && state.closing === 'lapsed' && !leftSinceTold)
      return { state: seen(state, nowMs), tell: false };
    // Information that goes and comes all day, as at a limit that the mark crosses, is told once a day.
    if (information && state.toldAtMs !== null && nowMs - state.toldAtMs < INFORMATION_AGAIN_MS) {
      return { state: { ...state, seenAtMs: nowMs, overAtMs: null, closedAtMs: null, closing: null }, tell: false };
    }
    const period = typeof repeat === 'number' ? repeat : PERIOD_WITHOUT_REPEAT_MS;
    const soon = state.closing === 'resolved' && nowMs - state.closedAtMs < period;
    return openEpisode(alert, soon ? state.returns + 1 : 0, silenced, nowMs);
  }
  if (repeat === 'episode' && leftSinceTold) return openEpisode(alert, state.returns, silenced, nowMs);
  const due =
    worse ||
    state.toldAtMs === null ||
    (typeof repeat === 'number' && nowMs - state.toldAtMs >= repeat && nowMs > state.toldAtMs);
  const tell = due && !silenced;
  const back = state.overAtMs !== null;
  const { owed: owedBefore, ...rest } = state;
  const owed = event && !tell ? owedWith(state, alert) : undefined;
  if (!tell && !back && owed === owedBefore) return { state: seen(state, nowMs), tell };
  return {
    state: {
      ...rest,
      // What is owed is not told yet.
      details: owed === undefined ? alert.details : state.details,
      sinceMs: Math.min(state.sinceMs, alert.sinceMs ?? alert.atMs),
      seenAtMs: nowMs,
      overAtMs: null,
      returns: state.returns + (back ? 1 : 0),
      ...(tell ? { toldAtMs: nowMs, tellings: state.tellings + 1 } : {}),
      ...(owed === undefined ? {} : { owed }),
    },
    tell,
  };
}

/** What is owed once this has happened too; the very same value where it says nothing else than the last of it did. */
function owedWith({ owed, details }: AlertState, alert: Alert): OwedTelling | undefined {
  if (sameDetails((owed ?? { details }).details, alert.details)) return owed;
  return { times: (owed?.times ?? 0) + 1, details: alert.details };
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
    toldAtMs: silenced ? null : nowMs,
    tellings: silenced ? 0 : 1,
    overAtMs: null,
    closedAtMs: null,
    closing: null,
    returns,
  };
  return { state, tell: !silenced };
}

function seen(state: AlertState, nowMs: number): AlertState {
  return nowMs - state.seenAtMs < SEEN_GRAIN_MS ? state : { ...state, seenAtMs: nowMs, settled: false };
}

/** What a clear does: the condition is over from `atMs` on; nobody hears of the end of what nobody was told. */
export function judgeClear(state: AlertState, atMs: number): AlertState {
  if (!alertHolds(state)) return state;
  if (state.toldAtMs === null) return { ...state, overAtMs: atMs, closedAtMs: atMs, closing: 'untold' };
  return { ...state, overAtMs: atMs };
}

/**
 * What the passing of time does: tells what is owed, tells the end of what stayed over long enough, lets lapse what nobody
 * speaks of.
 *
 * @param muted a person keeps it back: what is owed waits
 * @param startedAtMs of the desk: what is open from before has `START_GRACE_MS` from then
 */
export function judgeTime(
  before: AlertState,
  nowMs: number,
  repeat: Repeat,
  startedAtMs: number,
  muted = false,
): { readonly state: AlertState; readonly resolved: boolean; readonly owed?: OwedTelling } {
  const state = notAfter(before, nowMs);
  if (state.closedAtMs !== null) return { state, resolved: false };
  if (state.owed !== undefined && !muted) {
    // The end of it all is told after that.
    if (typeof repeat === 'number' && nowMs - (state.toldAtMs ?? 0) < repeat) return { state, resolved: false };
    const { owed, ...rest } = state;
    const told = { ...rest, details: owed.details, toldAtMs: nowMs, tellings: state.tellings + 1 };
    return { state: told, resolved: false, owed };
  }
  if (state.overAtMs !== null) {
    if (nowMs - state.overAtMs < calmMs(state, repeat)) return { state, resolved: false };
    return { state: { ...state, closedAtMs: nowMs, closing: 'resolved' }, resolved: true };
  }
  if (nowMs - state.seenAtMs < LAPSE_MS || nowMs - startedAtMs < START_GRACE_MS) return { state, resolved: false };
  return { state: { ...state, closedAtMs: nowMs, closing: 'lapsed' }, resolved: false };
}

/** The order in which alerts are shown everywhere (strategy 12.3): critical ones first, information last, then longest first. */
export function byUrgency(
  one: Pick<AlertState, 'kind' | 'sinceMs'>,
  other: Pick<AlertState, 'kind' | 'sinceMs'>,
): number {
  const rank = ({ kind }: Pick<AlertState, 'kind'>) =>
    ALERT_POLICIES[kind].critical ? 0 : ALERT_POLICIES[kind].information ? 2 : 1;
  return rank(one) - rank(other) || one.sinceMs - other.sinceMs;
}

/**
 * What `alerts` lists: open alerts, most urgent first, and those that closed since `sinceMs`, newest end first. The end is
 * that of the condition, as shown, not when it was told; of one end the newest beginning is first, then by key.
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

/** When a closed alert's condition ended, milliseconds; one that lapsed ended when it was closed. */
function endOf(state: AlertState): number {
  return state.overAtMs ?? state.closedAtMs ?? state.seenAtMs;
}

/** Reads a journalled state; null when it is not one (an older or a damaged entry: the alert then starts afresh). */
export function readAlertState(body: unknown): AlertState | null {
  if (body === null || typeof body !== 'object') return null;
  const state = body as Partial<Record<keyof AlertState, unknown>>;
  const numbers = [state.sinceMs, state.seenAtMs, state.tellings, state.returns].every(Number.isFinite);
  const nullable = [state.toldAtMs, state.overAtMs, state.closedAtMs].every((x) => x === null || Number.isFinite(x));
  const known = typeof state.kind === 'string' && Object.hasOwn(ALERT_POLICIES, state.kind);
  const details = isRecord(state.details);
  const owed =
    state.owed === undefined ||
    (isRecord(state.owed) && Number.isFinite(state.owed.times) && isRecord(state.owed.details));
  return numbers && nullable && known && details && owed && typeof state.key === 'string' ? (body as AlertState) : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}
