import {
  type AlertState,
  alertHolds,
  type Handling,
  judgeClear,
  judgeRaise,
  judgeTime,
  LAPSE_MS,
  ONCE_KEPT_MS,
  readAlertState,
  storedAlertState,
} from './alert-episodes.ts';
import { type Alert, type AlertKind, type AlertPolicy, isStuck, type StuckNow, widerAlert } from './alerts.ts';
import { dailyReportDue, dailyReportWaits } from './daily-report.ts';
import type { Fact } from './facts.ts';
import { handlingOfNext, isMuted, isSilenced, isWorse, silenceMaxMs } from './handling.ts';
import type { AlertsTuned } from './messages.ts';
import {
  type DailyReport,
  enqueue,
  isCritical,
  type News,
  type Outbox,
  type OutboxChange,
  type OutboxItem,
  raisedNotice,
  resolvedNotice,
  restoreOutbox,
  withdraw,
} from './outbox.ts';
import type { AlertTexts } from './outbox-message.ts';

/**
 * The state of the alert manager (strategy 12) and how each event changes it. Pure: the machine keeps the memory,
 * journals `writes` before anything is delivered, and reports.
 */
export interface AlertMemory {
  readonly states: ReadonlyMap<string, AlertState>;
  readonly outbox: Outbox;
  /** Only these suppress narrower alerts: what was open before the start may be over. */
  readonly raisedSinceStart: ReadonlySet<string>;
  /** Beijing day of the last daily report, sent or found empty; null: never. */
  readonly dailyDay: number | null;
  /** Start of this alert manager; moved to now if our clock is set back before it. */
  readonly startedAtMs: number;
  /** How messages are delivered: {@link ./alert-delivery.ts}. */
  readonly delivery: Delivery;
  readonly tuning: AlertTuning;
}

/** What a reload changes (strategy 16.4). */
export interface AlertTuning {
  /** All texts in one language (src/notify/texts.ts). */
  readonly texts: AlertTexts;
  /** Minutes after midnight, Beijing time (strategy 12.2). */
  readonly dailyReportAtMinutes: number;
  readonly stuckMs: number;
}

export interface Delivery {
  /** The message in flight; empty: none. */
  readonly text: string;
  readonly failuresInARow: number;
  /** Pause before the next message, counted from the end of the last one. */
  readonly pauseMs: number;
  /** The engine has stopped: no further alert can join a message, and the process waits for the last one. */
  readonly closing: boolean;
}

/** At most one message in this time, so that a phone does not ring all the time. */
export const PACE_MS = 3000;

const NO_DELIVERY: Delivery = { text: '', failuresInARow: 0, pauseMs: PACE_MS, closing: false };

/** Written to the journal in one transaction. */
export interface AlertWrite {
  readonly kind: 'alert.state' | 'outbox' | 'note';
  readonly key: string;
  readonly body: unknown;
}

/** The result of an event, applied as memory, journal, reporter; a delivery starts after all three. */
export interface AlertStep {
  readonly memory: AlertMemory;
  readonly writes: readonly AlertWrite[];
  readonly facts: readonly Fact[];
}

/** Journal key of the day of the last daily report. */
export const DAILY_NOTE = 'daily-report';

export type AlertPolicies = Readonly<Record<AlertKind, AlertPolicy>>;

const nothing = (memory: AlertMemory): AlertStep => ({ memory, writes: [], facts: [] });

/** Restores the memory from the journal; unreadable entries are skipped. */
export function restoreAlerts(
  journalled: {
    readonly states: Iterable<unknown>;
    readonly outbox: Iterable<unknown>;
    readonly dailyNote: unknown;
  },
  nowMs: number,
  tuning: AlertTuning,
): AlertMemory {
  const states = [...journalled.states].map(readAlertState).filter((state) => state !== null);
  const note = journalled.dailyNote;
  const day = note !== null && typeof note === 'object' && 'day' in note ? note.day : null;
  return {
    states: new Map(states.map((state) => [state.key, state])),
    outbox: restoreOutbox(journalled.outbox),
    raisedSinceStart: new Set(),
    dailyDay: typeof day === 'number' ? day : null,
    startedAtMs: nowMs,
    delivery: NO_DELIVERY,
    tuning,
  };
}

/** Reloaded settings and texts apply from the next message on (strategy 16.4). */
export function alertsTuned(memory: AlertMemory, { type: _type, ...tuning }: AlertsTuned): AlertStep {
  return nothing({ ...memory, tuning });
}

/** Restores a key that the memory had dropped, from its journal entry. */
export function recall(memory: AlertMemory, body: unknown): AlertMemory {
  const state = readAlertState(body);
  if (state === null || memory.states.has(state.key)) return memory;
  return { ...memory, states: new Map(memory.states).set(state.key, state) };
}

/** A condition was found to hold. */
export function alertRaised(memory: AlertMemory, alert: Alert, nowMs: number, policies: AlertPolicies): AlertStep {
  const policy = policies[alert.kind];
  const before = memory.states.get(alert.key) ?? null;
  const isMutedNow = isMuted(before, nowMs);
  const worse = before !== null && isMutedNow && isWorse(before, alert, policy);
  const wider = !policy.critical && widerAlert(alert, holdsIn(memory.states, memory.raisedSinceStart)) !== null;
  const judged = judgeRaise(before, alert, wider || (isMutedNow && !worse), nowMs, policy, worse);
  const { send } = judged;
  const state = withHandling(judged.state, before, alert, nowMs, send);
  const raisedSinceStart = memory.raisedSinceStart.has(alert.key)
    ? memory.raisedSinceStart
    : new Set(memory.raisedSinceStart).add(alert.key);
  const begins = before === null || !alertHolds(before) || raisedSinceStart !== memory.raisedSinceStart;
  if (state === before && !begins) return nothing(memory);
  const states = new Map(memory.states).set(alert.key, state);
  const writes: AlertWrite[] = state === before ? [] : [stateWrite(state, policies, nowMs)];
  let { outbox } = memory;
  if (send) {
    const heldBack = before?.heldBack?.times ?? 0;
    const queued = enqueue(outbox, raisedNotice(alert, state, nowMs, 1 + heldBack));
    outbox = queued.outbox;
    writes.push(...queued.changes.map(outboxWrite(nowMs)));
  }
  const raised = { ...memory, states, outbox, raisedSinceStart };
  const after = begins ? silenceNarrower(raised, policies, nowMs, writes) : { states, outbox };
  const facts: readonly Fact[] = send ? [{ type: 'alert.raised', atMs: nowMs, alert }] : [];
  return { memory: { ...raised, ...after }, writes, facts };
}

/**
 * An acknowledgement lasts for the episode, a silence also for the next; if it was sent as worse, severity counts from
 * there.
 */
function withHandling(
  state: AlertState,
  before: AlertState | null,
  alert: Alert,
  nowMs: number,
  send: boolean,
): AlertState {
  if (before?.handling === undefined || state === before) return state;
  const isSame = before.closedAtMs === null && state.sinceMs <= before.sinceMs;
  const handling = isSame ? before.handling : handlingOfNext(before, nowMs);
  const { handling: _before, ...rest } = state;
  if (handling === undefined) return rest;
  return { ...rest, handling: send ? { ...handling, details: alert.details } : handling };
}

/** Acknowledges or silences an alert (strategy 12.4). No effect if no such alert is open or the silence is too long. */
export function alertHandled(
  memory: AlertMemory,
  key: string,
  given: { readonly by: string; readonly silenceMs: number | null },
  nowMs: number,
  policies: AlertPolicies,
): AlertStep {
  const before = memory.states.get(key);
  if (before === undefined || before.closedAtMs !== null) return nothing(memory);
  const { by, silenceMs } = given;
  if (silenceMs !== null && (silenceMs <= 0 || silenceMs > silenceMaxMs(before.kind))) return nothing(memory);
  const handling: Handling = {
    by,
    details: before.details,
    ackedBy: silenceMs === null ? by : (before.handling?.ackedBy ?? null),
    silencedUntilMs: silenceMs === null ? (before.handling?.silencedUntilMs ?? null) : nowMs + silenceMs,
  };
  const state = { ...before, handling };
  const untilMs = silenceMs === null ? null : nowMs + silenceMs;
  return {
    memory: { ...memory, states: new Map(memory.states).set(key, state) },
    writes: [stateWrite(state, policies, nowMs)],
    facts: [{ type: 'alert.handled', atMs: nowMs, key, by, untilMs }],
  };
}

/** Withdraws a waiting notice caused by an alert that now holds; it is sent if its condition outlasts that alert. */
function silenceNarrower(memory: AlertMemory, policies: AlertPolicies, nowMs: number, writes: AlertWrite[]) {
  let { outbox } = memory;
  const states = new Map(memory.states);
  for (const [key, item] of memory.outbox.pending) {
    const state = states.get(key);
    if (item.type !== 'notice' || item.times === 0 || item.overAtMs !== null || state === undefined) continue;
    if (
      policies[item.kind].critical ||
      isCritical(item) ||
      widerAlert(item, holdsIn(states, memory.raisedSinceStart)) === null
    )
      continue;
    const withdrawn = withdraw(outbox, key);
    outbox = withdrawn.outbox;
    const timesSent = Math.max(0, state.timesSent - item.times);
    const unsent = { ...state, timesSent, sentAtMs: timesSent === 0 ? null : state.sentAtMs };
    states.set(key, unsent);
    writes.push(stateWrite(unsent, policies, nowMs), outboxWrite(nowMs)(withdrawn.change));
  }
  return { states, outbox };
}

/** A condition was found not to hold. Unknown and closed keys are ignored. */
export function alertCleared(memory: AlertMemory, key: string, atMs: number, policies: AlertPolicies): AlertStep {
  const before = memory.states.get(key);
  if (before === undefined) return nothing(memory);
  const state = judgeClear(before, atMs);
  if (state === before) return nothing(memory);
  return {
    ...nothing({ ...memory, states: new Map(memory.states).set(key, state) }),
    writes: [stateWrite(state, policies, atMs)],
  };
}

/** Queues repeats that are due and ends that are certain by now; drops what ended long ago (the journal keeps it). */
export function timePassed(memory: AlertMemory, nowMs: number, policies: AlertPolicies): AlertStep {
  // Mostly nothing changes, every few seconds: nothing is copied before it is known.
  const changed: [string, AlertState][] = [];
  const dropped: string[] = [];
  const startedAtMs = Math.min(memory.startedAtMs, nowMs);
  let { outbox } = memory;
  const writes: AlertWrite[] = [];
  const raised: Fact[] = [];
  const ended: Fact[] = [];
  for (const [key, before] of memory.states) {
    const { state, resolved, heldBack } = judgeTime(
      before,
      nowMs,
      policies[before.kind].repeat,
      startedAtMs,
      isMuted(before, nowMs),
    );
    if (state !== before) {
      changed.push([key, state]);
      writes.push(stateWrite(state, policies, nowMs));
    }
    if (heldBack !== undefined) {
      const { kind, account, instrument, details } = state;
      const alert: Alert = { kind, key, account, instrument, atMs: nowMs, sinceMs: null, details };
      const queued = enqueue(outbox, raisedNotice(alert, state, nowMs, heldBack.times));
      outbox = queued.outbox;
      writes.push(...queued.changes.map(outboxWrite(nowMs)));
      raised.push({ type: 'alert.raised', atMs: nowMs, alert });
    }
    if (resolved) {
      const lastedMs = Math.max(0, (state.overAtMs ?? nowMs) - state.sinceMs);
      ended.push({ type: 'alert.resolved', atMs: nowMs, key, lastedMs });
      if (!policies[before.kind].information && !isSilenced(before, nowMs)) {
        const queued = enqueue(outbox, resolvedNotice(state, nowMs));
        outbox = queued.outbox;
        writes.push(...queued.changes.map(outboxWrite(nowMs)));
      }
    }
    if (state.closedAtMs === null) continue;
    const once = policies[state.kind].repeat === 'once';
    if (nowMs - Math.max(state.closedAtMs, state.seenAtMs) <= (once ? ONCE_KEPT_MS : LAPSE_MS)) continue;
    if (once && !state.settled) writes.push(stateWrite(state, policies, nowMs));
    dropped.push(key);
  }
  const same = writes.length === 0 && dropped.length === 0 && startedAtMs === memory.startedAtMs;
  if (same) return nothing(memory);
  const states = new Map([...memory.states, ...changed]);
  const raisedSinceStart = new Set(memory.raisedSinceStart);
  for (const key of dropped) {
    states.delete(key);
    raisedSinceStart.delete(key);
  }
  return { memory: { ...memory, states, raisedSinceStart, outbox, startedAtMs }, writes, facts: [...raised, ...ended] };
}

/** Queues a notice about an action (strategy 12.3); it replaces a waiting one on the same subject. */
export function newsReceived(
  memory: AlertMemory,
  news: Omit<News, 'type' | 'order' | 'queuedAtMs'>,
  nowMs: number,
): AlertStep {
  const { outbox, changes } = enqueue(memory.outbox, { type: 'news', order: 0, queuedAtMs: nowMs, ...news });
  const { delivery } = memory;
  const closing = delivery.closing || news.doing.what === 'stopped';
  return {
    ...nothing({ ...memory, outbox, delivery: { ...delivery, closing } }),
    writes: changes.map(outboxWrite(nowMs)),
  };
}

/**
 * Queues the daily report if it is due (strategy 12.2) and marks it done in the same write, so that it is queued once a
 * day. While symbols are awaited it is retried at the next wake, for ten minutes; then it is sent without them and
 * names them. `stuckNow` null: the query failed.
 */
export function dailyReportIfDue(memory: AlertMemory, nowMs: number, stuckNow: () => StuckNow | null): AlertStep {
  const { dailyReportAtMinutes: atMinute, stuckMs } = memory.tuning;
  const day = dailyReportDue(nowMs, atMinute, memory.dailyDay);
  const known = day === null ? null : stuckNow();
  if (day === null || known === null) return nothing(memory);
  if (known.awaited.length > 0 && dailyReportWaits(nowMs, atMinute, memory.startedAtMs)) return nothing(memory);
  const unknown = known.awaited.filter((name) => !known.stuck.some(({ instrument }) => instrument === name));
  const report: DailyReport = {
    type: 'daily',
    order: 0,
    queuedAtMs: nowMs,
    day,
    stuckMs,
    stuck: known.stuck
      .filter((symbol) => symbol.leaves || isStuck(symbol.unhedgedSinceMs, nowMs, stuckMs))
      .sort((a, b) => a.unhedgedSinceMs - b.unhedgedSinceMs),
    ...(unknown.length === 0 ? {} : { unknown }),
  };
  const note: AlertWrite = { kind: 'note', key: DAILY_NOTE, body: { day } };
  if (report.stuck.length === 0 && unknown.length === 0)
    return { ...nothing({ ...memory, dailyDay: day }), writes: [note] };
  const { outbox, changes } = enqueue(memory.outbox, report);
  return {
    ...nothing({ ...memory, outbox, dailyDay: day }),
    writes: [note, ...changes.map(outboxWrite(nowMs))],
  };
}

/** Outbox changes as journal writes; a message that no longer waits leaves a mark with its time. */
export function outboxWrite(nowMs: number): (change: OutboxChange) => AlertWrite {
  return ({ key, item }) => {
    const body: OutboxItem | { readonly type: 'done'; readonly atMs: number; readonly settled: true } = item ?? {
      type: 'done',
      atMs: nowMs,
      settled: true,
    };
    return { kind: 'outbox', key, body };
  };
}

/** `settled` lets the journal drop it; a `once` alert must be remembered for as long as its cause can be seen. */
function stateWrite(state: AlertState, policies: AlertPolicies, nowMs: number): AlertWrite {
  const over = state.closedAtMs !== null;
  const settled = over && (policies[state.kind].repeat !== 'once' || nowMs - state.seenAtMs > ONCE_KEPT_MS);
  return { kind: 'alert.state', key: state.key, body: storedAlertState({ ...state, settled }) };
}

function holdsIn(
  states: ReadonlyMap<string, AlertState>,
  raisedSinceStart: ReadonlySet<string>,
): (key: string) => boolean {
  return (key) => {
    const state = states.get(key);
    return state !== undefined && raisedSinceStart.has(key) && alertHolds(state);
  };
}
