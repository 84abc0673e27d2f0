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
} from './alert-episodes.ts';
import { type Alert, type AlertKind, type AlertPolicy, isStuck, type StuckNow, widerAlert } from './alerts.ts';
import { dailyReportDue, dailyReportWaits } from './daily-report.ts';
import type { Fact } from './facts.ts';
import { handlingOfNext, isMuted, isSilenced, isWorse, silenceMaxMs } from './handling.ts';
import {
  type DailyReport,
  EMPTY_OUTBOX,
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

/**
 * Everything the alert desk knows (strategy 12), and what each thing that happens makes of it: values in, values out.
 * The machine keeps the memory, writes `writes` to the journal before anything is delivered, and reports.
 */
export interface DeskMemory {
  readonly states: ReadonlyMap<string, AlertState>;
  readonly outbox: Outbox;
  /**
   * Keys raised since the start. Only these silence narrower ones: what was open when the engine went down may be over,
   * and must not keep quiet what nobody tells then.
   */
  readonly heard: ReadonlySet<string>;
  /** Beijing day of the last daily report that was decided on, sent or empty; null: never. */
  readonly dailyDay: number | null;
  /** When this desk began; now, once our clock is set back behind it. */
  readonly startedAtMs: number;
  /** How the messages are delivered: {@link ./desk-delivery.ts}. */
  readonly delivery: Delivery;
}

/** One message at a time. */
export interface Delivery {
  /** The message that is on its way; empty: none is. */
  readonly text: string;
  readonly failuresInARow: number;
  /** Until the next message may leave, from the end of the last one. */
  readonly pauseMs: number;
  /** The engine has stopped: nothing more comes up that could join a message, and the process waits for the last one. */
  readonly closing: boolean;
}

/** At most one message in this time: a phone that rings more often is put away. */
export const PACE_MS = 3000;

const NO_DELIVERY: Delivery = { text: '', failuresInARow: 0, pauseMs: PACE_MS, closing: false };

/** What must be in the journal, all or none. */
export interface DeskWrite {
  readonly kind: 'alert.state' | 'outbox' | 'note';
  readonly key: string;
  readonly body: unknown;
}

/** What an event leads to. The chart does it in this order: memory, journal, reporter; a delivery starts only after all three. */
export interface DeskStep {
  readonly memory: DeskMemory;
  readonly writes: readonly DeskWrite[];
  readonly facts: readonly Fact[];
}

/** Journal key of the note that holds the day of the last daily report. */
export const DAILY_NOTE = 'daily-report';

export type AlertPolicies = Readonly<Record<AlertKind, AlertPolicy>>;

const nothing = (memory: DeskMemory): DeskStep => ({ memory, writes: [], facts: [] });

/** The memory as the journal has it; entries that cannot be read are left out. */
export function restoreDesk(
  journalled: {
    readonly states: Iterable<unknown>;
    readonly outbox: Iterable<unknown>;
    readonly dailyNote: unknown;
  },
  nowMs: number,
): DeskMemory {
  const states = [...journalled.states].map(readAlertState).filter((state) => state !== null);
  const note = journalled.dailyNote;
  const day = note !== null && typeof note === 'object' && 'day' in note ? note.day : null;
  return {
    states: new Map(states.map((state) => [state.key, state])),
    outbox: restoreOutbox(journalled.outbox),
    heard: new Set(),
    dailyDay: typeof day === 'number' ? day : null,
    startedAtMs: nowMs,
    delivery: NO_DELIVERY,
  };
}

/** What a desk knows that has received nothing yet. */
export const EMPTY_DESK: DeskMemory = {
  states: new Map(),
  outbox: EMPTY_OUTBOX,
  heard: new Set(),
  dailyDay: null,
  startedAtMs: 0,
  delivery: NO_DELIVERY,
};

/** A key the memory had let go is there again, as the journal has it. */
export function recall(memory: DeskMemory, body: unknown): DeskMemory {
  const state = readAlertState(body);
  if (state === null || memory.states.has(state.key)) return memory;
  return { ...memory, states: new Map(memory.states).set(state.key, state) };
}

/** A condition was seen to hold. */
export function deskRaise(memory: DeskMemory, alert: Alert, nowMs: number, policies: AlertPolicies): DeskStep {
  const policy = policies[alert.kind];
  const before = memory.states.get(alert.key) ?? null;
  const isMutedNow = isMuted(before, nowMs);
  const worse = before !== null && isMutedNow && isWorse(before, alert, policy);
  const wider = !policy.critical && widerAlert(alert, holdsIn(memory.states, memory.heard)) !== null;
  const judged = judgeRaise(before, alert, wider || (isMutedNow && !worse), nowMs, policy, worse);
  const { tell } = judged;
  const state = withHandling(judged.state, before, alert, nowMs, tell);
  const heard = memory.heard.has(alert.key) ? memory.heard : new Set(memory.heard).add(alert.key);
  const begins = before === null || !alertHolds(before) || heard !== memory.heard;
  if (state === before && !begins) return nothing(memory);
  const states = new Map(memory.states).set(alert.key, state);
  const writes: DeskWrite[] = state === before ? [] : [stateWrite(state, policies, nowMs)];
  let { outbox } = memory;
  if (tell) {
    const owed = before?.owed?.times ?? 0;
    const queued = enqueue(outbox, raisedNotice(alert, state, nowMs, 1 + owed));
    outbox = queued.outbox;
    writes.push(...queued.changes.map(outboxWrite(nowMs)));
  }
  const raised = { ...memory, states, outbox, heard };
  const after = begins ? silenceNarrower(raised, policies, nowMs, writes) : { states, outbox };
  const facts: readonly Fact[] = tell ? [{ type: 'alert.raised', atMs: nowMs, alert }] : [];
  return { memory: { ...raised, ...after }, writes, facts };
}

/** What a person said of it stays for the episode, a silence also for the next; sent because it got worse, it counts from there. */
function withHandling(
  state: AlertState,
  before: AlertState | null,
  alert: Alert,
  nowMs: number,
  tell: boolean,
): AlertState {
  if (before?.handling === undefined || state === before) return state;
  const isSame = before.closedAtMs === null && state.sinceMs <= before.sinceMs;
  const handling = isSame ? before.handling : handlingOfNext(before, nowMs);
  const { handling: _former, ...rest } = state;
  if (handling === undefined) return rest;
  return { ...rest, handling: tell ? { ...handling, details: alert.details } : handling };
}

/** A person has it in hand, or silences it (strategy 12.4). Nothing where no such alert is open, or it may not be silenced so long. */
export function deskHandle(
  memory: DeskMemory,
  key: string,
  given: { readonly by: string; readonly silenceMs: number | null },
  nowMs: number,
  policies: AlertPolicies,
): DeskStep {
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

/** A notice that waits and is caused by an alert that now holds is withdrawn; it is sent if its condition outlasts that alert. */
function silenceNarrower(memory: DeskMemory, policies: AlertPolicies, nowMs: number, writes: DeskWrite[]) {
  let { outbox } = memory;
  const states = new Map(memory.states);
  for (const [key, item] of memory.outbox.pending) {
    const state = states.get(key);
    if (item.type !== 'notice' || item.times === 0 || item.overAtMs !== null || state === undefined) continue;
    if (policies[item.kind].critical || isCritical(item) || widerAlert(item, holdsIn(states, memory.heard)) === null)
      continue;
    const withdrawn = withdraw(outbox, key);
    outbox = withdrawn.outbox;
    const tellings = Math.max(0, state.tellings - item.times);
    const untold = { ...state, tellings, toldAtMs: tellings === 0 ? null : state.toldAtMs };
    states.set(key, untold);
    writes.push(stateWrite(untold, policies, nowMs), outboxWrite(nowMs)(withdrawn.change));
  }
  return { states, outbox };
}

/** A condition was seen not to hold. Unknown and closed keys are ignored. */
export function deskClear(memory: DeskMemory, key: string, atMs: number, policies: AlertPolicies): DeskStep {
  const before = memory.states.get(key);
  if (before === undefined) return nothing(memory);
  const state = judgeClear(before, atMs);
  if (state === before) return nothing(memory);
  return {
    ...nothing({ ...memory, states: new Map(memory.states).set(key, state) }),
    writes: [stateWrite(state, policies, atMs)],
  };
}

/** Time has passed: repeats that are owed, and ends that are certain by now, are queued; what is long over is let go (the journal keeps it). */
export function deskWake(memory: DeskMemory, nowMs: number, policies: AlertPolicies): DeskStep {
  const states = new Map(memory.states);
  const heard = new Set(memory.heard);
  const startedAtMs = Math.min(memory.startedAtMs, nowMs);
  let { outbox } = memory;
  const writes: DeskWrite[] = [];
  const raised: Fact[] = [];
  const ended: Fact[] = [];
  for (const [key, before] of memory.states) {
    const { state, resolved, owed } = judgeTime(
      before,
      nowMs,
      policies[before.kind].repeat,
      startedAtMs,
      isMuted(before, nowMs),
    );
    if (state !== before) {
      states.set(key, state);
      writes.push(stateWrite(state, policies, nowMs));
    }
    if (owed !== undefined) {
      const { kind, account, instrument, details } = state;
      const alert: Alert = { kind, key, account, instrument, atMs: nowMs, sinceMs: null, details };
      const queued = enqueue(outbox, raisedNotice(alert, state, nowMs, owed.times));
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
    states.delete(key);
    heard.delete(key);
  }
  const same = writes.length === 0 && states.size === memory.states.size && startedAtMs === memory.startedAtMs;
  if (same) return nothing(memory);
  return { memory: { ...memory, states, heard, outbox, startedAtMs }, writes, facts: [...raised, ...ended] };
}

/** Something was done that people want to know of (strategy 12.3); of one that waits already, the newer words count. */
export function deskNews(
  memory: DeskMemory,
  news: Omit<News, 'type' | 'order' | 'queuedAtMs'>,
  nowMs: number,
): DeskStep {
  const { outbox, changes } = enqueue(memory.outbox, { type: 'news', order: 0, queuedAtMs: nowMs, ...news });
  const { delivery } = memory;
  const closing = delivery.closing || news.doing.what === 'stopped';
  return {
    ...nothing({ ...memory, outbox, delivery: { ...delivery, closing } }),
    writes: changes.map(outboxWrite(nowMs)),
  };
}

/**
 * The daily report, when its hour has come and it is not done (strategy 12.2): queued and noted as done in one write, so
 * that it is queued exactly once a day. While symbols are awaited it is asked again at the next wake, for ten minutes; then
 * it is sent without them, and names those of which nothing is known. `stuckNow` null: asking failed.
 */
export function deskDaily(
  memory: DeskMemory,
  nowMs: number,
  atMinute: number,
  stuckMs: number,
  stuckNow: () => StuckNow | null,
): DeskStep {
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
  const note: DeskWrite = { kind: 'note', key: DAILY_NOTE, body: { day } };
  if (report.stuck.length === 0 && unknown.length === 0)
    return { ...nothing({ ...memory, dailyDay: day }), writes: [note] };
  const { outbox, changes } = enqueue(memory.outbox, report);
  return {
    ...nothing({ ...memory, outbox, dailyDay: day }),
    writes: [note, ...changes.map(outboxWrite(nowMs))],
  };
}

/** Changes of the outbox as journal writes; what does not wait any more leaves a mark with its time. */
export function outboxWrite(nowMs: number): (change: OutboxChange) => DeskWrite {
  return ({ key, item }) => {
    const body: OutboxItem | { readonly type: 'done'; readonly atMs: number; readonly settled: true } = item ?? {
      type: 'done',
      atMs: nowMs,
      settled: true,
    };
    return { kind: 'outbox', key, body };
  };
}

/** `settled` lets the journal drop it in time; what is sent once ever must be remembered for as long as its cause can be seen. */
function stateWrite(state: AlertState, policies: AlertPolicies, nowMs: number): DeskWrite {
  const over = state.closedAtMs !== null;
  const settled = over && (policies[state.kind].repeat !== 'once' || nowMs - state.seenAtMs > ONCE_KEPT_MS);
  return { kind: 'alert.state', key: state.key, body: { ...state, settled } };
}

function holdsIn(states: ReadonlyMap<string, AlertState>, heard: ReadonlySet<string>): (key: string) => boolean {
  return (key) => {
    const state = states.get(key);
    return state !== undefined && heard.has(key) && alertHolds(state);
  };
}
