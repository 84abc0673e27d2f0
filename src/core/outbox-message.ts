import { ALERT_POLICIES, type AlertKind } from './alerts.ts';
import {
  addTally,
  type DailyReport,
  type FoldedTally,
  isCritical,
  itemKey,
  type News,
  type Notice,
  type NoticePhase,
  type Outbox,
  type OutboxChange,
  type OutboxItem,
  phaseOf,
  surviving,
  tallyOf,
  undelivered,
} from './outbox.ts';

/** Turns waiting items into messages of bounded length (strategy 12.1). */

/** Characters of one message: Telegram accepts 4096, and a gateway may add a line of its own. */
export const MESSAGE_LIMIT = 3500;

/** Reserved for the lines that count what did not fit. */
export const FOLD_RESERVE = 1000;

/** One notice of an action: a message holds two, with alerts before them. */
const NEWS_LIMIT = 1200;

/** Alerts of one group with all their numbers; of the others (twenty symbols, one failure) the names are enough. */
export const SHOWN_PER_GROUP = 10;

/** A message that waited longer says that it is late. */
export const LATE_MS = 60_000;

/** Alerts of one kind and phase, shown together (strategy 12: grouped). */
export interface NoticeGroup {
  readonly kind: AlertKind;
  readonly phase: NoticePhase;
  /** With all their numbers. */
  readonly shown: readonly Notice[];
  /** By name only. */
  readonly named: readonly Notice[];
}

/** All message texts in one language, implemented in src/notify. */
export interface AlertTexts {
  /** First line of a message; `lateSinceMs`: since when its oldest part waits, if it is late. */
  heading(lateSinceMs: number | null, nowMs: number): string;
  group(group: NoticeGroup, nowMs: number): string;
  /** How many were only counted, and since when. */
  folded(tallies: readonly FoldedTally[], nowMs: number): string;
  /** At most `limit` characters, including the number of symbols left out. */
  news(news: News, limit: number, nowMs: number): string;
  daily(report: DailyReport, limit: number, nowMs: number): string;
}

/** An item refused so often for its content is tried alone, after all others (strategy 12.1). */
export const SET_ASIDE_AFTER = 2;
/** Pause after a refused plain text, doubling from here */
const PLAIN_PAUSE_MS = 3_000;
/** up to here: it arrives within five minutes after the gateway's problem ends. */
const PLAIN_PAUSE_MAX_MS = 300_000;

function isAside(item: OutboxItem): boolean {
  return (item.refused ?? 0) >= SET_ASIDE_AFTER;
}

/** Whether a message is due: an item waits that is not set aside, or whose time has come. */
export function isDue(outbox: Outbox, nowMs: number): boolean {
  return dueItems(outbox, nowMs).length > 0;
}

/** The items of the next message by priority: critical alerts, then in order. Set-aside items come alone and last. */
function dueItems(outbox: Outbox, nowMs: number): readonly OutboxItem[] {
  const isUrgent = (item: OutboxItem) => item.type === 'notice' && isCritical(item);
  const queue = [...outbox.pending.values()].sort(
    (a, b) => Number(isUrgent(b)) - Number(isUrgent(a)) || a.order - b.order,
  );
  const ordinary = queue.filter((item) => !isAside(item));
  if (ordinary.length > 0) return ordinary;
  // A time further ahead than the longest pause dates from before our clock was set back.
  const isTime = ({ nextTryMs = 0 }: OutboxItem) => nextTryMs <= nowMs || nextTryMs - nowMs > PLAIN_PAUSE_MAX_MS;
  return queue.filter(isTime).slice(0, 1);
}

/**
 * The gateway refused the message for its content: all its items wait again. One refused twice is set aside: sent alone
 * in its own text, then shortened to plain characters with growing pauses, after everything else.
 */
export function rejected(
  outbox: Outbox,
  nowMs: number,
): { readonly outbox: Outbox; readonly changes: readonly OutboxChange[]; readonly aside: number } {
  const inFlight = new Map<string, OutboxItem>();
  for (const [key, item] of outbox.inFlight) {
    const refused = (item.refused ?? 0) + 1;
    const plainTries = refused - SET_ASIDE_AFTER - 1;
    const pauseMs =
      plainTries < 1 ? 0 : Math.min(PLAIN_PAUSE_MS * 2 ** Math.min(plainTries - 1, 16), PLAIN_PAUSE_MAX_MS);
    inFlight.set(key, { ...item, refused, ...(refused >= SET_ASIDE_AFTER ? { nextTryMs: nowMs + pauseMs } : {}) });
  }
  const after = undelivered({ ...outbox, inFlight });
  const changes = [...inFlight.keys()].map((key) => ({ key, item: surviving(after, key) }));
  return { outbox: after, changes, aside: [...inFlight.values()].filter(isAside).length };
}

/**
 * Makes one message of the waiting items, in order, and marks them in flight (strategy 12.1). Critical alerts come
 * first and in full; those that do not fit wait for the next message. The others are grouped as far as there is room,
 * and counted beyond; information comes last. A daily report is a message of its own. null: nothing is due.
 */
export function takeMessage(
  outbox: Outbox,
  texts: AlertTexts,
  nowMs: number,
): { readonly outbox: Outbox; readonly text: string } | null {
  const queue = dueItems(outbox, nowMs);
  const first = queue[0];
  if (first === undefined) return null;
  // Its own text was refused as well.
  if ((first.refused ?? 0) > SET_ASIDE_AFTER) return takeKeys(outbox, nowMs);
  if (first.type === 'daily') {
    const heading = texts.heading(late([first], nowMs), nowMs);
    const text = `${heading}\n${texts.daily(first, MESSAGE_LIMIT - heading.length - 1, nowMs)}`;
    return { outbox: fly(outbox, [first]), text };
  }
  const nextDaily = queue.findIndex((item) => item.type === 'daily');
  const candidates = nextDaily < 0 ? queue : queue.slice(0, nextDaily);

  const heading = texts.heading(late(candidates, nowMs), nowMs);
  const parts: string[] = [];
  const shown: OutboxItem[] = [];
  let tallies: readonly FoldedTally[] = [];
  let room = MESSAGE_LIMIT - FOLD_RESERVE - heading.length;
  for (const group of groups(candidates)) {
    const critical = ALERT_POLICIES[group[0]!.kind].critical;
    const fitted = critical
      ? fitCritical(group, texts, room, nowMs, parts.length === 0)
      : fit(group, texts, room, nowMs);
    if (fitted !== null) {
      parts.push(fitted.text);
      shown.push(...fitted.shown);
      room -= fitted.text.length + 1;
    } else if (!critical) {
      tallies = group.map(tallyOf).reduce(addTally, tallies);
      shown.push(...group);
    }
  }
  // Information comes last; what does not fit is left for the next message.
  for (const item of candidates) {
    if (item.type !== 'news') continue;
    const text = texts.news(item, Math.min(NEWS_LIMIT, room), nowMs);
    if (text.length + 1 > room) continue;
    parts.push(text);
    shown.push(item);
    room -= text.length + 1;
  }
  for (const item of candidates) {
    if (item.type !== 'folded') continue;
    tallies = item.tallies.reduce(addTally, tallies);
    shown.push(item);
  }
  if (tallies.length > 0) parts.push(clip(texts.folded(tallies, nowMs), FOLD_RESERVE - 2));
  return { outbox: fly(outbox, shown), text: [heading, ...parts].join('\n') };
}

/** The same without texts if those throw (a defect): only the keys, so that delivery never stops. */
export function takeKeys(outbox: Outbox, nowMs: number): { readonly outbox: Outbox; readonly text: string } | null {
  const queue = dueItems(outbox, nowMs).slice(0, SHOWN_PER_GROUP);
  if (queue.length === 0) return null;
  const line = (item: OutboxItem): string =>
    clip(`${plainText(itemKey(item))}${item.type === 'notice' && item.overAtMs !== null ? ' resolved' : ''}`, 300);
  return { outbox: fly(outbox, queue), text: queue.map(line).join('\n') };
}

/** Letters, digits and little else: nothing that a gateway could interpret as markup. */
function plainText(text: string): string {
  return text.replaceAll(/[^\w .,:/+-]/g, ' ');
}

function groups(items: readonly OutboxItem[]): readonly (readonly Notice[])[] {
  const byKind = new Map<string, Notice[]>();
  for (const item of items) {
    if (item.type !== 'notice') continue;
    const name = `${item.kind} ${phaseOf(item)}`;
    const group = byKind.get(name);
    if (group === undefined) byKind.set(name, [item]);
    else group.push(item);
  }
  // Stable: information last, the others in order.
  const isInformation = ([one]: readonly Notice[]) => ALERT_POLICIES[one!.kind].information === true;
  return [...byKind.values()].sort((a, b) => Number(isInformation(a)) - Number(isInformation(b)));
}

/** Fewer with all their numbers if room is short; null: only a count fits. */
function fit(group: readonly Notice[], texts: AlertTexts, room: number, nowMs: number) {
  const { kind } = group[0]!;
  for (const count of [SHOWN_PER_GROUP, 3, 1]) {
    const parts = { shown: group.slice(0, count), named: group.slice(count) };
    const text = texts.group({ kind, phase: phaseOf(group[0]!), ...parts }, nowMs);
    if (text.length + 1 <= room) return { text, shown: group };
  }
  return null;
}

/** As many as fit, all in full; alone in its message, the first one whatever its length. */
function fitCritical(group: readonly Notice[], texts: AlertTexts, room: number, nowMs: number, alone: boolean) {
  const { kind } = group[0]!;
  const phase = phaseOf(group[0]!);
  for (let count = group.length; count >= 1; count = Math.floor(count / 2)) {
    const shown = group.slice(0, count);
    const text = texts.group({ kind, phase, shown, named: [] }, nowMs);
    if (text.length + 1 <= room) return { text, shown };
    if (count === 1 && alone) return { text: clip(text, room - 1), shown };
  }
  return null;
}

function late(items: readonly OutboxItem[], nowMs: number): number | null {
  const oldest = items.reduce((least, item) => Math.min(least, item.queuedAtMs), nowMs);
  return nowMs - oldest > LATE_MS ? oldest : null;
}

function fly(outbox: Outbox, items: readonly OutboxItem[]): Outbox {
  const pending = new Map(outbox.pending);
  const inFlight = new Map<string, OutboxItem>();
  for (const item of items) {
    pending.delete(itemKey(item));
    inFlight.set(itemKey(item), item);
  }
  return { ...outbox, pending, inFlight };
}

/** Cuts a text that is too long, visibly. */
export function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, Math.max(0, limit - 1))}…`;
}
