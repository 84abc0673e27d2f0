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
 * What waits to be told to people (strategy 12.1): values only. The alert desk keeps them in the journal, delivers them
 * and says here what became of that.
 *
 * There is one item per alert key: tellings of one alert that wait together become one item that counts them. So a
 * gateway that is down for a day leaves one item per key, not one per repeat.
 */
export type OutboxItem = Notice | DailyReport | News | Folded;

interface Queued {
  /** Place in the queue: grows by one per item; kept when tellings join. */
  readonly order: number;
  readonly queuedAtMs: number;
  /** How often the gateway refused a message with this in it for what it says. Absent: never. */
  readonly refused?: number;
  /** Set aside (refused twice): when it is tried again, alone. */
  readonly nextTryMs?: number;
}

/** Tellings of one alert, not delivered yet. */
export interface Notice extends Queued {
  readonly type: 'notice';
  readonly key: string;
  readonly kind: AlertKind;
  readonly account: AccountName | null;
  readonly instrument: string | null;
  /** Of the newest telling. */
  readonly details: AlertDetails;
  /** Since when the condition holds or held: the first episode in here. */
  readonly sinceMs: number;
  /** Raises that would have been a message each. 0: only the end of something told before. */
  readonly times: number;
  /** When the condition ended; null: it holds. */
  readonly overAtMs: number | null;
}

/** The symbols still stuck on a Beijing day (strategy 12.2). */
export interface DailyReport extends Queued {
  readonly type: 'daily';
  readonly day: number;
  readonly stuckMs: number;
  /** Longest unhedged first. */
  readonly stuck: readonly StuckSymbol[];
  /** Symbols that had not found out where they stand. Absent: none. */
  readonly unknown?: readonly string[];
}

/** What was done, by whom: information, told once (strategy 12.3). */
export type Doing =
  /** `after`: the run before stopped in order, or ended without a stop, so that this one takes over; `unknown`: an older version did not note it; `none`: there was none. */
  | { readonly what: 'started'; readonly after: 'stop' | 'crash' | 'unknown' | 'none'; readonly symbols: number }
  | { readonly what: 'stopped'; readonly why: Reason | string }
  /** `mode` holds now, by these (strategy 16.1); `untilMs` null: until it is changed. */
  | {
      readonly what: 'mode-changed';
      readonly symbols: readonly string[];
      readonly mode: string;
      readonly by: readonly string[];
      readonly untilMs: number | null;
      readonly why: string;
    }
  | { readonly what: 'statement'; readonly statement: Statement };

/** What a day earned (strategy 17.4), USDT as text; fees and funding: received above zero. */
export interface Statement {
  /** `2026-11-30`. */
  readonly day: string;
  readonly isFinal: boolean;
  readonly total: string;
  readonly spread: string;
  readonly unwinds: string;
  readonly fees: string;
  readonly funding: string;
  /** Null: not known. */
  readonly unrealised: string | null;
  readonly differences: string | null;
  readonly volume: string;
  /** The total of seven days, today among them. */
  readonly weekTotal: string;
}

/** A doing, with what is not hedged at that moment and what that costs at the touch. */
export interface News extends Queued {
  readonly type: 'news';
  readonly doing: Doing;
  readonly unhedged: readonly NetLeft[];
  /** Symbols that had not found out where they stand. */
  readonly unknown: readonly string[];
}

/** What a full outbox, or a full message, only counts. */
export interface Folded extends Queued {
  readonly type: 'folded';
  readonly tallies: readonly FoldedTally[];
}

export interface FoldedTally {
  readonly kind: AlertKind;
  readonly phase: NoticePhase;
  /** Different alerts. */
  readonly alerts: number;
  /** Tellings of them. */
  readonly times: number;
  readonly sinceMs: number;
}

/** `passed`: began and ended while it could not be told. */
export type NoticePhase = 'raised' | 'resolved' | 'passed';

export function phaseOf(notice: Notice): NoticePhase {
  if (notice.overAtMs === null) return 'raised';
  return notice.times > 0 ? 'passed' : 'resolved';
}

export interface Outbox {
  readonly pending: ReadonlyMap<string, OutboxItem>;
  /** In the message that is on its way; pending again if it fails. */
  readonly inFlight: ReadonlyMap<string, OutboxItem>;
  readonly nextOrder: number;
}

export const EMPTY_OUTBOX: Outbox = { pending: new Map(), inFlight: new Map(), nextOrder: 1 };

/**
 * Items that are not critical and may wait at a time: five kinds for each of a hundred symbols. Beyond it they are
 * counted, not kept. Critical ones always find room: their keys are as few as accounts, symbols, actors and invariants.
 */
export const OUTBOX_LIMIT = 500;

/** Daily reports that may wait at a time: a week of no delivery. The oldest goes, for the newest holds what still matters. */
export const DAILY_LIMIT = 7;

const FOLDED_KEY = 'folded';

/** Where items sit in the outbox and the journal: alert key, `daily:<day>`, `news:<what>`, `folded`; newer news replace older. */
export function itemKey(item: OutboxItem): string {
  if (item.type === 'notice') return item.key;
  if (item.type === 'news') {
    const { doing } = item;
    return ['news', doing.what, ...('symbols' in doing && Array.isArray(doing.symbols) ? doing.symbols : [])].join(':');
  }
  return item.type === 'daily' ? `daily:${item.day}` : FOLDED_KEY;
}

/** Whether an item must be told in full (strategy 12.1). */
export function isCritical(item: OutboxItem): boolean {
  return item.type === 'daily' || (item.type === 'notice' && ALERT_POLICIES[item.kind].critical);
}

/** The telling of a raise, or of so many at once. */
export function raisedNotice(alert: Alert, state: AlertState, nowMs: number, times = 1): Notice {
  return { ...notice(state, nowMs), details: alert.details, times };
}

/** The telling of an end. */
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

/** A later telling joins an earlier one of the same key: the place of the first, the words of the last. */
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

/** What of the outbox changed: the key to write, and the item as it must survive a crash; null: nothing waits there. */
export interface OutboxChange {
  readonly key: string;
  readonly item: OutboxItem | null;
}

/** Queues an item: joins one of its key, or takes the last place; folded into a count when the outbox is full. */
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

/** Takes a waiting item out without telling it (a wider alert tells it, strategy 12). */
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

/** The gateway took the message: what was in it is done. */
export function delivered(outbox: Outbox): { readonly outbox: Outbox; readonly changes: readonly OutboxChange[] } {
  const after: Outbox = { ...outbox, inFlight: new Map() };
  return { outbox: after, changes: [...outbox.inFlight.keys()].map((key) => ({ key, item: surviving(after, key) })) };
}

/** It did not, or its answer was lost: everything in it waits again, in its old place. The journal knows it already. */
export function undelivered(outbox: Outbox): Outbox {
  const pending = new Map(outbox.pending);
  for (const [key, item] of outbox.inFlight) {
    const later = pending.get(key);
    pending.set(key, later === undefined ? item : joinItems(item, later));
  }
  return { ...outbox, pending, inFlight: new Map() };
}

/** The outbox as the journal has it: what was not delivered waits, in order. */
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
