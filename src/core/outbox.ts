import type { AlertState } from './alert-episodes.ts';
import {
  ALERT_POLICIES,
  type Alert,
  type AlertDetails,
  type AlertKind,
  type NetLeft,
  type StuckSymbol,
} from './alerts.ts';
import type { AccountName } from './model.ts';
import type { Reason } from './reasons.ts';

/**
 * Messages that wait for delivery (strategy 12.1). Pure: the alert manager journals and delivers them. One item per
 * alert key: repeats that wait together become one item that counts them, so a gateway that is down for a day leaves
 * one item per key.
 */
export type OutboxItem = Notice | DailyReport | News | Folded;

interface Queued {
  /** Place in the queue: increases with each item; kept when items join. */
  readonly order: number;
  readonly queuedAtMs: number;
  /** How often the gateway refused a message with this item for its content. Absent: never. */
  readonly refused?: number;
  /** Set aside (refused twice): when it is tried again, alone. */
  readonly nextTryMs?: number;
}

/** Undelivered messages of one alert. */
export interface Notice extends Queued {
  readonly type: 'notice';
  readonly key: string;
  readonly kind: AlertKind;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  /** Of the newest raise. */
  readonly details: AlertDetails;
  /** Since when the condition holds or held: the first episode included. */
  readonly sinceMs: number;
  /** Raises that would have been one message each. 0: only the end of an alert that was sent. */
  readonly times: number;
  /** When the condition ended; null: it holds. */
  readonly overAtMs: number | null;
}

/** The stuck symbols of a Beijing day (strategy 12.2). */
export interface DailyReport extends Queued {
  readonly type: 'daily';
  readonly day: number;
  readonly stuckMs: number;
  /** Longest unhedged first. */
  readonly stuck: readonly StuckSymbol[];
  /** Symbols of unknown state. Absent: none. */
  readonly unknown?: readonly string[];
}

/** An action and its author: information, sent once (strategy 12.3). */
export type Doing =
  /**
   * `after`: how the previous run ended: stopped properly, or without a stop; `unknown`: not noted by an older version;
   * `none`: no previous run.
   */
  | { readonly what: 'started'; readonly after: 'stop' | 'crash' | 'unknown' | 'none'; readonly symbols: number }
  | { readonly what: 'stopped'; readonly why: Reason | string }
  /** The new mode and its sources (strategy 16.1); `untilMs` null: until it is changed. */
  | {
      readonly what: 'mode-changed';
      readonly symbols: readonly string[];
      readonly mode: string;
      readonly by: readonly string[];
      readonly untilMs: number | null;
      readonly why: string;
    }
  | { readonly what: 'statement'; readonly statement: Statement };

/** A day's result (strategy 17.4), USDT as text; fees and funding: positive received. */
export interface Statement {
  /** `2026-11-30`. */
  readonly day: string;
  readonly isFinal: boolean;
  readonly total: string;
  readonly spread: string;
  readonly unwinds: string;
  readonly fees: string;
  readonly funding: string;
  /** null: not known. */
  readonly unrealised: string | null;
  readonly differences: string | null;
  readonly volume: string;
  /** Total of seven days including today. */
  readonly weekTotal: string;
}

/** An action, with what is unhedged at that moment and its cost at the best price. */
export interface News extends Queued {
  readonly type: 'news';
  readonly doing: Doing;
  readonly unhedged: readonly NetLeft[];
  /** Symbols of unknown state. */
  readonly unknown: readonly string[];
}

/** What a full outbox or message only counts. */
export interface Folded extends Queued {
  readonly type: 'folded';
  readonly tallies: readonly FoldedTally[];
}

export interface FoldedTally {
  readonly kind: AlertKind;
  readonly phase: NoticePhase;
  /** Different alerts. */
  readonly alerts: number;
  /** How often they were raised. */
  readonly times: number;
  readonly sinceMs: number;
}

/** `passed`: began and ended before it could be sent. */
export type NoticePhase = 'raised' | 'resolved' | 'passed';

export function phaseOf(notice: Notice): NoticePhase {
  if (notice.overAtMs === null) return 'raised';
  return notice.times > 0 ? 'passed' : 'resolved';
}

export interface Outbox {
  readonly pending: ReadonlyMap<string, OutboxItem>;
  /** In the message in flight; pending again if it fails. */
  readonly inFlight: ReadonlyMap<string, OutboxItem>;
  readonly nextOrder: number;
}

export const EMPTY_OUTBOX: Outbox = { pending: new Map(), inFlight: new Map(), nextOrder: 1 };

/**
 * Most items that are not critical: five kinds for each of a hundred symbols. Beyond it they are only counted. Critical
 * ones always fit, since their keys are limited by accounts, symbols, actors and invariants.
 */
export const OUTBOX_LIMIT = 500;

/** Most waiting daily reports: a week without delivery. The oldest is dropped. */
export const DAILY_LIMIT = 7;

const FOLDED_KEY = 'folded';

/**
 * Key of an item in outbox and journal: alert key, `daily:<day>`, `news:<what>`, `folded`; a newer notice replaces an
 * older one.
 */
export function itemKey(item: OutboxItem): string {
  if (item.type === 'notice') return item.key;
  if (item.type === 'news') {
    const { doing } = item;
    return ['news', doing.what, ...('symbols' in doing && Array.isArray(doing.symbols) ? doing.symbols : [])].join(':');
  }
  return item.type === 'daily' ? `daily:${item.day}` : FOLDED_KEY;
}

/** Whether an item must be shown in full (strategy 12.1). */
export function isCritical(item: OutboxItem): boolean {
  return item.type === 'daily' || (item.type === 'notice' && ALERT_POLICIES[item.kind].critical);
}

/** The item of a raise, or of several at once. */
export function raisedNotice(alert: Alert, state: AlertState, nowMs: number, times = 1): Notice {
  return { ...notice(state, nowMs), details: alert.details, times };
}

/** The item of an end. */
export function resolvedNotice(state: AlertState, nowMs: number): Notice {
  return { ...notice(state, nowMs), overAtMs: state.overAtMs };
}

export function notice(state: AlertState, nowMs: number): Notice {
  const { key, kind, account, instrument, details, sinceMs } = state;
  return {
    type: 'notice',
    key,
    kind,
    account,
    instrument,
    details,
    sinceMs,
    times: 0,
    overAtMs: null,
    order: 0,
    queuedAtMs: nowMs,
  };
}

/** A later item joins an earlier one of the same key: first place, last details. */
export function joinItems(earlier: OutboxItem, later: OutboxItem): OutboxItem {
  const { order, refused, nextTryMs } = earlier;
  const place = {
    order,
    queuedAtMs: Math.min(earlier.queuedAtMs, later.queuedAtMs),
    ...(refused === undefined ? {} : { refused }),
    ...(nextTryMs === undefined ? {} : { nextTryMs }),
  };
  if (earlier.type === 'notice' && later.type === 'notice')
    return {
      ...later,
      ...place,
      times: earlier.times + later.times,
      sinceMs: Math.min(earlier.sinceMs, later.sinceMs),
    };
  if (earlier.type === 'folded' && later.type === 'folded')
    return { ...earlier, ...place, tallies: later.tallies.reduce(addTally, earlier.tallies) };
  return { ...later, ...place };
}

export function addTally(tallies: readonly FoldedTally[], added: FoldedTally): readonly FoldedTally[] {
  const same = (tally: FoldedTally) => tally.kind === added.kind && tally.phase === added.phase;
  if (!tallies.some(same)) return [...tallies, added];
  return tallies.map((tally) =>
    same(tally)
      ? {
          ...tally,
          alerts: tally.alerts + added.alerts,
          times: tally.times + added.times,
          sinceMs: Math.min(tally.sinceMs, added.sinceMs),
        }
      : tally,
  );
}

export function tallyOf(item: Notice): FoldedTally {
  return {
    kind: item.kind,
    phase: phaseOf(item),
    alerts: 1,
    times: Math.max(1, item.times),
    sinceMs: item.sinceMs,
  };
}

/** A change of the outbox: the key, and the item to journal; null: nothing waits there. */
export interface OutboxChange {
  readonly key: string;
  readonly item: OutboxItem | null;
}

/** Queues an item: joins one of its key, or comes last; only counted if the outbox is full. */
export function enqueue(
  outbox: Outbox,
  item: OutboxItem,
): { readonly outbox: Outbox; readonly changes: readonly OutboxChange[] } {
  const full =
    item.type === 'notice' &&
    !isCritical(item) &&
    !outbox.pending.has(itemKey(item)) &&
    countFoldable(outbox) >= OUTBOX_LIMIT;
  const entering: OutboxItem = full
    ? { type: 'folded', order: 0, queuedAtMs: item.queuedAtMs, tallies: [tallyOf(item)] }
    : item;
  const key = itemKey(entering);
  const pending = new Map(outbox.pending);
  const there = pending.get(key);
  pending.set(key, there === undefined ? { ...entering, order: outbox.nextOrder } : joinItems(there, entering));
  const changes: OutboxChange[] = [];
  const dailies = [...pending.values()].filter((waiting) => waiting.type === 'daily').sort((a, b) => a.day - b.day);
  for (const oldest of dailies.slice(0, Math.max(0, dailies.length - DAILY_LIMIT))) {
    pending.delete(itemKey(oldest));
    changes.push({ key: itemKey(oldest), item: null });
  }
  const after: Outbox = { ...outbox, pending, nextOrder: outbox.nextOrder + (there === undefined ? 1 : 0) };
  return { outbox: after, changes: [{ key, item: surviving(after, key) }, ...changes] };
}

/** Removes a waiting item without sending it, because a wider alert is sent (strategy 12). */
export function withdraw(outbox: Outbox, key: string): { readonly outbox: Outbox; readonly change: OutboxChange } {
  const pending = new Map(outbox.pending);
  pending.delete(key);
  const after = { ...outbox, pending };
  return { outbox: after, change: { key, item: surviving(after, key) } };
}

function countFoldable(outbox: Outbox): number {
  if (outbox.pending.size < OUTBOX_LIMIT) return outbox.pending.size;
  let count = 0;
  for (const item of outbox.pending.values()) if (item.type === 'notice' && !isCritical(item)) count += 1;
  return count;
}

export function surviving(outbox: Outbox, key: string): OutboxItem | null {
  const flying = outbox.inFlight.get(key);
  const waiting = outbox.pending.get(key);
  if (flying !== undefined && waiting !== undefined) return joinItems(flying, waiting);
  return flying ?? waiting ?? null;
}

/** The gateway accepted the message: its items are done. */
export function delivered(outbox: Outbox): { readonly outbox: Outbox; readonly changes: readonly OutboxChange[] } {
  const after: Outbox = { ...outbox, inFlight: new Map() };
  return { outbox: after, changes: [...outbox.inFlight.keys()].map((key) => ({ key, item: surviving(after, key) })) };
}

/** It did not, or its answer was lost: its items wait again at their old places. The journal has them already. */
export function undelivered(outbox: Outbox): Outbox {
  const pending = new Map(outbox.pending);
  for (const [key, item] of outbox.inFlight) {
    const later = pending.get(key);
    pending.set(key, later === undefined ? item : joinItems(item, later));
  }
  return { ...outbox, pending, inFlight: new Map() };
}

/** The outbox from the journal: what was not delivered waits, in order. */
export function restoreOutbox(bodies: Iterable<unknown>): Outbox {
  const items = [...bodies].filter(isItem).sort((a, b) => a.order - b.order);
  return {
    pending: new Map(items.map((item) => [itemKey(item), item])),
    inFlight: new Map(),
    nextOrder: (items.at(-1)?.order ?? 0) + 1,
  };
}

function isItem(body: unknown): body is OutboxItem {
  if (body === null || typeof body !== 'object' || !('type' in body)) return false;
  const item = body as Partial<Record<string, unknown>>;
  if (!Number.isFinite(item.order) || !Number.isFinite(item.queuedAtMs)) return false;
  if (item.type === 'notice')
    return (
      typeof item.key === 'string' &&
      typeof item.kind === 'string' &&
      Object.hasOwn(ALERT_POLICIES, item.kind) &&
      isRecord(item.details)
    );
  if (item.type === 'daily')
    return Number.isFinite(item.day) && Array.isArray(item.stuck) && Array.isArray(item.unknown ?? []);
  if (item.type === 'news') return isRecord(item.doing) && Array.isArray(item.unhedged) && Array.isArray(item.unknown);
  return item.type === 'folded' && Array.isArray(item.tallies);
}

function isRecord(value: unknown): boolean {
  return value !== null && typeof value === 'object';
}
