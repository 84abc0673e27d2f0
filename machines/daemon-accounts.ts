import {
  type Alert,
  accountParkedAlert,
  alertKey,
  apiFailureAlert,
  apiFailureKey,
  awaitsName,
  foreignOrderAlert,
  foreignOrderName,
  journalUnreachableAlert,
  judgeBudget,
  judgeClockSkew,
  judgeMmr,
  openingsStoppedAlert,
  openingsStoppedKey,
} from '../src/core/alerts.ts';
import { otherEngineAlert } from '../src/core/conditions.ts';
import { errorText } from '../src/core/error-text.ts';
import type { OrderEnded } from '../src/core/messages.ts';
import { type ListedOrder, otherAccount } from '../src/core/model.ts';
import {
  eachStop,
  NO_LIMITS,
  OPENINGS_STOPS_NOTE,
  type OpeningsStops,
  type StopNews,
  stopReason,
  stopsAfter,
} from '../src/core/openings-stop.ts';
import { isOwnOrder } from '../src/core/order-id.ts';
import { rejection } from '../src/core/refusals.ts';
import {
  type Acting,
  type DaemonContext,
  type DaemonEvent,
  type EventOf,
  type Reporting,
  reportJournal,
  say,
  tellSymbols,
} from './daemon-context.ts';
import { send } from './send.ts';
/** What the daemon judges of accounts, their calls and the orders of many symbols at once, and tells the alert manager and symbols. */

/** Ends of orders so close together, … */
export const ENDS_WITHIN_MS = 10_000;

/** … with one reason on more symbols than this, are one alert (strategy 9.5). */
export const ENDS_ALERTED_SINGLY = 5;

/** Symbols that the alert names: a message holds no hundred. */
const ENDS_NAMED = 10;

/** The alert is over when nothing more was ended for that reason for a minute. */
export const ENDS_OVER_MS = 60_000;

export function judgeAccount(
  context: DaemonContext,
  event: EventOf<'account.polled'>,
  { enqueue, system }: Acting,
): void {
  const { snapshot, failedLookups } = event;
  const { account } = snapshot;
  const nowMs = context.clock.nowMs();
  const open = snapshot.openOrders.filter((order) => !isOwnOrder(order) && !awaitsName(order));
  const untold = open.filter((order) => !context.foreign[account].includes(foreignOrderName(order)));
  if (untold.length > 0) {
    enqueue(() => {
      for (const order of untold) {
        const { instrument, orderId, clientOrderId } = order;
        say(context, { type: 'order.foreign', account, instrument, orderId, clientOrderId });
      }
    });
  }
  const others = othersOrders(context, snapshot.openOrders, { enqueue, system });
  const alerts = [
    ...untold.map((order) => foreignOrderAlert(account, order.instrument, order, nowMs)),
    ...others.map((order) => otherEngineAlert(account, order, nowMs)),
  ];
  const { mmrAlertThreshold } = context.settings;
  const mmr = judgeMmr(account, snapshot.summary, mmrAlertThreshold, nowMs, context.summaries[otherAccount(account)]);
  const skew = judgeClockSkew(context.exchange.clockSkewMs(), nowMs);
  // Only what holds is cleared: every poll of a good day would tell the alert desk the same twice.
  const judged = [
    { key: alertKey('mmr', account), holds: mmr !== null },
    { key: alertKey('clock-skew'), holds: skew !== null },
  ];
  const news = judged.filter(({ key, holds }) => holds !== context.holding.includes(key));
  const over = news.flatMap(({ key, holds }) => (holds ? [] : [key]));
  const begun = news.flatMap(({ key, holds }) => (holds ? [key] : []));
  // A look-up is no part of the three reads: what it fails to find out keeps its symbol waiting (strategy 10.2, 10.3).
  const lookups = failedLookups.map(({ failure, inARow }) => apiFailureAlert(failure, inARow, nowMs, null));
  const failing = lookups.map((alert) => alert.key);
  const cleared = [...context.failing[account].filter((key) => !failing.includes(key)), ...over];
  // A poll of a good day changes none of these, and each assignment makes a whole new snapshot of the machine.
  const changes = [open, context.foreign[account], context.failing[account], failing, over, begun];
  if (changes.some((list) => list.length > 0)) {
    enqueue.assign({
      foreign: { ...context.foreign, [account]: open.map(foreignOrderName) },
      failing: { ...context.failing, [account]: failing },
      holding: [...context.holding.filter((key) => !over.includes(key)), ...begun],
    });
  }
  for (const alert of [...alerts, ...lookups, mmr, skew]) {
    if (alert !== null) send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
  }
  for (const key of cleared) send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
  send({ enqueue, system }, 'heartbeat', event);
  send({ enqueue, system }, `dead-man:${account}`, event);
}

export function alertFailure(
  context: DaemonContext,
  event: EventOf<'account.failed'>,
  { enqueue, system }: Acting,
): void {
  const { account, failure, inARow, atMs } = event;
  const key = apiFailureKey(failure.account, failure.call);
  const keys = context.failing[account];
  enqueue.assign({
    failing: { ...context.failing, [account]: keys.includes(key) ? keys : [...keys, key] },
  });
  const parkedFor = context.parked[account];
  // Told once, it would lapse after a day and silence nothing any more: parked it is until its poller is answered.
  const parked = parkedFor === null ? [] : [accountParkedAlert(parkedFor, account, atMs)];
  for (const alert of [...parked, apiFailureAlert(failure, inARow, atMs, null)]) {
    send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
  }
  send({ enqueue, system }, 'heartbeat', event);
}

export function alertParked(
  context: DaemonContext,
  event: EventOf<'account.parked'>,
  { enqueue, system }: Acting,
): void {
  const { account, failure } = event;
  const sinceMs = context.parkedSinceMs[account] ?? context.clock.nowMs();
  enqueue.assign({
    parked: { ...context.parked, [account]: failure },
    parkedSinceMs: { ...context.parkedSinceMs, [account]: sinceMs },
  });
  tellSymbols(context, { enqueue, system }, event);
  const alert = accountParkedAlert(failure, account, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
  enqueue(() => say(context, { type: 'account.parked', account, failure }));
}

export function clearParked(
  context: DaemonContext,
  event: EventOf<'account.unparked'>,
  { enqueue, system }: Acting,
): void {
  const { account } = event;
  const key = alertKey('account-parked', account);
  // It may have been open since before this start.
  send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: context.clock.nowMs() });
  if (context.parked[account] === null) return;
  enqueue.assign({
    parked: { ...context.parked, [account]: null },
    parkedSinceMs: { ...context.parkedSinceMs, [account]: null },
  });
  tellSymbols(context, { enqueue, system }, event);
  enqueue(() => say(context, { type: 'account.unparked', account }));
}

/** The database of the journal (strategy 18.1): both accounts wait for it. */
export function judgeJournal(
  context: DaemonContext,
  event: EventOf<'journal.reach'>,
  { enqueue, system }: Acting,
): void {
  const { sinceMs, message } = event;
  const atMs = context.clock.nowMs();
  enqueue.assign({ journalSinceMs: sinceMs });
  tellSymbols(context, { enqueue, system }, event);
  if (sinceMs === null) {
    send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key: alertKey('journal-unreachable'), atMs });
    return;
  }
  const alert = journalUnreachableAlert(message, sinceMs, atMs);
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
  enqueue(() => say(context, { type: 'journal.failed', message }));
}

/** Whether openings are stopped (strategy 8.6): symbols learn it before they decide on what was read. */
export function judgeStops(context: DaemonContext, event: DaemonEvent, { enqueue, system }: Acting): void {
  const nowMs = context.clock.nowMs();
  const limits = context.settings.openingsLimits ?? NO_LIMITS;
  const stops = stopsAfter(context.stops, limits, stopNews(event), nowMs);
  const each = eachStop(stops);
  for (const { of, why } of each) {
    const key = openingsStoppedKey(of);
    if (why !== null)
      send({ enqueue, system }, 'alert-desk', {
        type: 'alert.raised',
        alert: openingsStoppedAlert(of, why, nowMs),
      });
    else if (context.holding.includes(key))
      send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
  }
  const held = each.flatMap(({ of, why }) => (why === null ? [] : [openingsStoppedKey(of)]));
  const judged = each.map(({ of }) => openingsStoppedKey(of));
  if (judged.some((key) => held.includes(key) !== context.holding.includes(key)))
    enqueue.assign({ holding: [...context.holding.filter((key) => !judged.includes(key)), ...held] });
  if (stops === context.stops) return;
  enqueue.assign({ stops });
  rememberStops(context, stops, { enqueue, system });
  const why = stopReason(stops);
  const before = stopReason(context.stops);
  if ((why === null) !== (before === null) || why?.code !== before?.code)
    tellSymbols(context, { enqueue, system }, { type: 'openings.stopped', why });
}

export function budgetChanged(_context: DaemonContext, event: DaemonEvent, { enqueue, system }: Acting): void {
  if (event.type !== 'budget.share' && event.type !== 'budget.late') return;
  const { key, alert } = judgeBudget(event);
  if (alert === null) send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: event.atMs });
  else send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

/** Ends with one reason on many symbols within seconds have one cause, and are one alert (strategy 9.5). */
export function judgeEnds(context: DaemonContext, event: EventOf<'order.ended'>, { enqueue, system }: Acting): void {
  const { reason, instrument } = event;
  const nowMs = context.clock.nowMs();
  const isRecent = ({ atMs }: OrderEnded) => atMs <= nowMs && nowMs - atMs <= ENDS_WITHIN_MS;
  const others = (one: OrderEnded) => one.reason !== reason || one.instrument !== instrument;
  const ends = [...context.ends.filter((one) => isRecent(one) && others(one)), event];
  enqueue.assign({ ends });
  const symbols = ends.filter((one) => one.reason === reason).map((one) => one.instrument);
  if (symbols.length <= ENDS_ALERTED_SINGLY) return;
  const key = alertKey('orders-ended', reason);
  const about = { account: null, instrument: null, atMs: nowMs, sinceMs: null };
  const details = {
    reason: rejection(reason),
    count: String(symbols.length),
    symbols: symbols.slice(0, ENDS_NAMED).join(', '),
  };
  send({ enqueue, system }, 'alert-desk', {
    type: 'alert.raised',
    alert: { kind: 'orders-ended', key, ...about, details },
  });
  enqueue.cancel(key);
  enqueue.raise({ type: 'ends.over', reason }, { id: key, delay: ENDS_OVER_MS });
}

/** What an account may do concerns all its symbols (strategy 9.13). */
export function tellDemand(
  context: DaemonContext,
  event: EventOf<'reduce-only.changed'>,
  { enqueue, system }: Acting,
): void {
  const others = context.symbols.filter(({ config }) => config.instrument !== event.instrument);
  tellSymbols({ symbols: others }, { enqueue, system }, event);
}

export function clearEnds(context: DaemonContext, event: EventOf<'ends.over'>, { enqueue, system }: Acting): void {
  const key = alertKey('orders-ended', event.reason);
  send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: context.clock.nowMs() });
}

export function haltSymbol(
  context: DaemonContext,
  event: EventOf<'invariant.broken'>,
  { enqueue, system }: Acting,
): void {
  const { invariant, instrument, detail } = event;
  enqueue.assign({ broken: true });
  enqueue(() => say(context, { type: 'invariant.broken', invariant, instrument, detail }));
  const alert: Alert = {
    kind: 'invariant-broken',
    key: alertKey('invariant-broken', invariant, instrument ?? '-'),
    account: null,
    instrument,
    atMs: context.clock.nowMs(),
    sinceMs: null,
    details: { invariant, detail },
  };
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
  for (const symbol of context.symbols) {
    if (instrument !== null && symbol.config.instrument !== instrument) continue;
    const why = `${invariant}: ${detail}`;
    send({ enqueue, system }, `symbol:${symbol.config.instrument}`, { type: 'trading.halt', why });
  }
}

/** An order of an engine before this one, whose journal is lost, may reach the exchange so long after this one has started. */
const LATE_ORDER_MS = 10_000;

/**
 * Own orders that another engine placed while this one runs (strategy 11.1): created since, and in no journal entry of this one.
 * At most the first of them. Openings are not withheld for it: of two engines that both saw the other, none would trade.
 */
function othersOrders(
  context: DaemonContext,
  orders: readonly ListedOrder[],
  parts: Reporting,
): readonly ListedOrder[] {
  const sinceMs = context.tradingSinceMs + LATE_ORDER_MS;
  const late = orders.filter((order) => isOwnOrder(order) && Number(order.createTimeNs / 1_000_000n) > sinceMs);
  try {
    return late
      .filter(({ clientOrderId }) => context.journal.latest('order.prepared', clientOrderId) === null)
      .slice(0, 1);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), parts);
    return [];
  }
}

function stopNews(event: DaemonEvent): StopNews {
  if (event.type === 'margin.read') return { margin: event };
  return event.type === 'money.counted' ? { day: event.day } : {};
}

/** Forgotten, a stop for the loss of the day would end with the process. */
function rememberStops({ journal, clock, ...context }: DaemonContext, body: OpeningsStops, parts: Reporting): void {
  try {
    journal.append([{ kind: 'note', key: OPENINGS_STOPS_NOTE, atMs: clock.nowMs(), body }]);
  } catch (thrown) {
    reportJournal({ journal, clock, ...context }, errorText(thrown), parts);
  }
}
