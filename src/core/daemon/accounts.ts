import {
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
} from '../alerts.ts';
import { otherEngineAlert } from '../conditions.ts';
import { whyOf } from '../error-text.ts';
import type { Fact } from '../facts.ts';
import type {
  AccountFailed,
  AccountParked,
  AccountPolled,
  AccountUnparked,
  JournalReach,
  MarginRead,
  OrderEnded,
  ReduceOnlyChanged,
} from '../messages.ts';
import { type ListedOrder, otherAccount } from '../model.ts';
import { eachStop, NO_LIMITS, OPENINGS_STOPS_NOTE, type StopInputs, stopReason, stopsAfter } from '../openings-stop.ts';
import { isOwnOrder } from '../order-id.ts';
import { rejection } from '../refusals.ts';
import { kept } from '../same-list.ts';
import type { BudgetChanged, InvariantBroken } from './events.ts';
import type { DaemonMemory as Memory } from './memory.ts';
import {
  clear,
  type DaemonCommand,
  type DaemonView,
  journalFailed,
  type DaemonNow as Now,
  note,
  raise,
  type DaemonStep as Step,
  send,
  toSymbols,
} from './step.ts';

/** Conditions of accounts, their calls, and orders of many symbols at once: alerts, and messages to symbols. */

/** Orders ended within this time */
const ENDS_WITHIN_MS = 10_000;
/** for one reason on more symbols than this are one alert (strategy 9.5). */
const ENDS_ALERTED_SINGLY = 5;
/** Symbols named in the alert. */
const ENDS_NAMED = 10;
/** The alert is over a minute after the last order ended for that reason. */
export const ENDS_OVER_MS = 60_000;
/** How long after the start an order of a previous engine without journal may still arrive at the exchange. */
const LATE_ORDER_MS = 10_000;

/** Judges the account. Also ends a stop of openings whose time is over: an unchanged summary is not sent, so that no other event may come. */
export function accountPolled(memory: Memory, now: Now, event: AccountPolled, view: DaemonView): Step {
  const { loss } = memory.stops;
  if (loss === null || now.nowMs < loss.untilMs) return accountJudged(memory, now, event, view);
  const ended = stopsJudged(memory, now, {});
  const judged = accountJudged({ ...memory, ...ended.change }, now, event, view);
  return {
    change: { ...ended.change, ...judged.change },
    entries: ended.entries ?? [],
    facts: [...(ended.facts ?? []), ...(judged.facts ?? [])],
    commands: [...(ended.commands ?? []), ...(judged.commands ?? [])],
  };
}

/** Raises and clears: foreign orders, another engine's orders, margin, clock, failed look-ups. */
function accountJudged(memory: Memory, now: Now, event: AccountPolled, view: DaemonView): Step {
  const { snapshot, failedLookups } = event;
  const { account, openOrders, summary } = snapshot;
  const { nowMs: atMs, skewMs } = now;
  const { foreign, failing, holding, summaries, settings } = memory;
  const open = openOrders.filter((order) => !isOwnOrder(order) && !awaitsName(order));
  const unreported = open.filter((order) => !foreign[account].includes(foreignOrderName(order)));
  const others = othersOrders(memory, now, event, view);
  const { ours } = others;
  const mmr = judgeMmr(account, summary, settings.mmrAlertThreshold, atMs, summaries[otherAccount(account)]);
  const skew = judgeClockSkew(skewMs, atMs);
  // Clears only what held, so that an ordinary poll sends nothing to the alert manager.
  const judged = [
    { key: alertKey('mmr', account), holds: mmr !== null },
    { key: alertKey('clock-skew'), holds: skew !== null },
  ].filter(({ key, holds }) => holds !== holding.includes(key));
  const begun = judged.flatMap(({ key, holds }) => (holds ? [key] : []));
  const over = judged.flatMap(({ key, holds }) => (holds ? [] : [key]));
  // A look-up is not one of the three reads: its failure keeps only its symbol waiting (strategy 10.2, 10.3).
  const lookups = failedLookups.map(({ failure, inARow }) => apiFailureAlert(failure, inARow, atMs, null));
  const failingNow = lookups.map(({ key }) => key);
  const ended = failing[account].filter((key) => !failingNow.includes(key));
  const alerts = [
    ...unreported.map((order) => foreignOrderAlert(account, order.instrument, order, atMs)),
    ...others.orders.map((order) => otherEngineAlert(account, order, atMs)),
    ...lookups,
    ...[mmr, skew].filter((alert) => alert !== null),
  ];
  // An ordinary poll changes none of these, and each change creates a new snapshot of the machine.
  const changing = [open, foreign[account], failing[account], failingNow, over, begun];
  const isNews = ours !== memory.ours[account] || changing.some((list) => list.length > 0);
  const change = {
    foreign: { ...foreign, [account]: open.map(foreignOrderName) },
    ours: { ...memory.ours, [account]: ours },
    failing: { ...failing, [account]: failingNow },
    holding: [...holding.filter((key) => !over.includes(key)), ...begun],
  };
  return {
    ...(isNews ? { change } : {}),
    facts: [
      ...unreported.map(
        ({ instrument, orderId, clientOrderId }): Fact => ({
          ...{ type: 'order.foreign', atMs, account, instrument, orderId, clientOrderId },
        }),
      ),
      ...(others.facts ?? []),
    ],
    commands: [
      ...(others.commands ?? []),
      ...alerts.map(raise),
      ...[...ended, ...over].map((key) => clear(key, now)),
      send('heartbeat', event),
      send(`dead-man:${account}`, event),
    ],
  };
}

/**
 * Own orders placed by another engine while this one runs (strategy 11.1): created since, and unknown to this journal.
 * At most the first of them, and none while the journal is out of reach: they may be the next lease holder's (18.2).
 * Openings continue, since otherwise two engines that saw each other would both stop.
 */
function othersOrders(
  { tradingSinceMs, journalSinceMs, ours }: Memory,
  now: Now,
  { snapshot: { account, openOrders } }: AccountPolled,
  view: DaemonView,
): Step & { readonly orders: readonly ListedOrder[]; readonly ours: readonly string[] } {
  const known = ours[account];
  if (journalSinceMs !== null) return { orders: [], ours: known };
  const sinceMs = tradingSinceMs + LATE_ORDER_MS;
  const late = openOrders.filter((order) => isOwnOrder(order) && Number(order.createTimeNs / 1_000_000n) > sinceMs);
  const isOurs = ({ clientOrderId }: ListedOrder) => known.includes(clientOrderId) || view.hasPrepared(clientOrderId);
  try {
    const prepared = late.filter(isOurs);
    const others = late.filter((order) => !prepared.includes(order)).slice(0, 1);
    const ids = prepared.map(({ clientOrderId }) => clientOrderId);
    return { orders: others, ours: kept(known, ids) };
  } catch (thrown) {
    return { orders: [], ours: known, ...journalFailed(whyOf(thrown), now) };
  }
}

export function accountFailed(memory: Memory, _now: Now, event: AccountFailed): Step {
  const { account, failure, inARow, atMs } = event;
  const key = apiFailureKey(failure.account, failure.call);
  const keys = memory.failing[account];
  const parkedFor = memory.parked[account];
  // Raised only once it would lapse after a day and suppress nothing, but the account is parked until its poller gets
  // an answer.
  const parked = parkedFor === null ? [] : [accountParkedAlert(parkedFor, account, atMs)];
  return {
    change: { failing: { ...memory.failing, [account]: keys.includes(key) ? keys : [...keys, key] } },
    commands: [...parked, apiFailureAlert(failure, inARow, atMs, null)].map(raise).concat(send('heartbeat', event)),
  };
}

export function accountParked(memory: Memory, { nowMs: atMs }: Now, event: AccountParked): Step {
  const { account, failure } = event;
  const sinceMs = memory.parkedSinceMs[account] ?? atMs;
  return {
    change: {
      parked: { ...memory.parked, [account]: failure },
      parkedSinceMs: { ...memory.parkedSinceMs, [account]: sinceMs },
    },
    facts: [{ type: 'account.parked', atMs, account, failure }],
    commands: [...toSymbols(memory.symbols, event), raise(accountParkedAlert(failure, account, atMs))],
  };
}

export function accountUnparked(memory: Memory, now: Now, event: AccountUnparked): Step {
  const { account } = event;
  // It may have been open since before this start.
  const cleared = clear(alertKey('account-parked', account), now);
  if (memory.parked[account] === null) return { commands: [cleared] };
  return {
    change: {
      parked: { ...memory.parked, [account]: null },
      parkedSinceMs: { ...memory.parkedSinceMs, [account]: null },
    },
    facts: [{ type: 'account.unparked', atMs: now.nowMs, account }],
    commands: [cleared, ...toSymbols(memory.symbols, event)],
  };
}

/** The journal's database (strategy 18.1): both accounts wait for it. */
export function journalReached(memory: Memory, now: Now, event: JournalReach): Step {
  const { sinceMs, why } = event;
  const { nowMs: atMs } = now;
  const toAll = toSymbols(memory.symbols, event);
  if (sinceMs === null || why === null) {
    return { change: { journalSinceMs: null }, commands: [...toAll, clear(alertKey('journal-unreachable'), now)] };
  }
  return {
    change: { journalSinceMs: sinceMs },
    facts: [{ type: 'journal.failed', atMs, message: why }],
    commands: [...toAll, raise(journalUnreachableAlert(why, sinceMs, atMs))],
  };
}

/** A summary, whose margin may stop openings (strategy 8.6). */
export function marginRead(memory: Memory, now: Now, event: MarginRead): Step {
  const summaries = { ...memory.summaries, [event.account]: event.summary };
  const { change, ...rest } = stopsJudged(memory, now, { margin: event });
  return { change: { ...change, summaries }, ...rest };
}

/** Whether openings are stopped (strategy 8.6); symbols are informed before they decide on the new data. */
export function stopsJudged(memory: Memory, now: Now, news: StopInputs): Step {
  const { holding, settings, symbols } = memory;
  const stops = stopsAfter(memory.stops, settings.openingsLimits ?? NO_LIMITS, news, now.nowMs);
  const each = eachStop(stops).map(({ of, why }) => ({ of, why, key: openingsStoppedKey(of) }));
  const commands = each.flatMap(({ of, why, key }) => {
    if (why !== null) return [raise(openingsStoppedAlert(of, why, now.nowMs))];
    return holding.includes(key) ? [clear(key, now)] : [];
  });
  const others = holding.filter((key) => each.every((one) => one.key !== key));
  const held = each.flatMap(({ why, key }) => (why === null ? [] : [key]));
  const isSame = each.every(({ why, key }) => (why !== null) === holding.includes(key));
  const change = isSame ? {} : { holding: [...others, ...held] };
  if (stops === memory.stops) return { change, commands };
  const why = stopReason(stops);
  return {
    change: { ...change, stops },
    // Journalled, so that a stop for the loss of the day survives a restart.
    entries: [note(OPENINGS_STOPS_NOTE, stops, now)],
    commands: [
      ...commands,
      ...(why?.code === stopReason(memory.stops)?.code ? [] : toSymbols(symbols, { type: 'openings.stopped', why })),
    ],
  };
}

export function budgetChanged(_memory: Memory, _now: Now, event: BudgetChanged): Step {
  const { key, alert } = judgeBudget(event);
  return { commands: [alert === null ? clear(key, { nowMs: event.atMs }) : raise(alert)] };
}

/** Orders ended for one reason on many symbols within seconds are one alert (strategy 9.5). */
export function orderEnded(memory: Memory, { nowMs }: Now, event: OrderEnded): Step {
  const { reason, instrument } = event;
  const isRecent = ({ atMs }: OrderEnded) => atMs <= nowMs && nowMs - atMs <= ENDS_WITHIN_MS;
  const isOther = (one: OrderEnded) => one.reason !== reason || one.instrument !== instrument;
  const ends = [...memory.ends.filter((one) => isRecent(one) && isOther(one)), event];
  const symbols = ends.filter((one) => one.reason === reason).map((one) => one.instrument);
  if (symbols.length <= ENDS_ALERTED_SINGLY) return { change: { ends } };
  const key = alertKey('orders-ended', reason);
  const named = symbols.slice(0, ENDS_NAMED).join(', ');
  const details = { reason: rejection(reason), count: String(symbols.length), symbols: named };
  const about = { account: null, instrument: null, atMs: nowMs, sinceMs: null };
  const isOver = { event: { type: 'ends.over', reason }, delayMs: ENDS_OVER_MS } as const;
  return {
    change: { ends },
    commands: [raise({ kind: 'orders-ended', key, ...about, details }), { do: 'time', id: key, timer: isOver }],
  };
}

export function endsOver(_memory: Memory, now: Now, { reason }: { readonly reason: string }): Step {
  return { commands: [clear(alertKey('orders-ended', reason), now)] };
}

/** Permissions of an account concern all its symbols (strategy 9.13). */
export function reduceOnlyChanged({ symbols }: Memory, _now: Now, event: ReduceOnlyChanged): Step {
  const others = symbols.filter(({ config }) => config.instrument !== event.instrument);
  return { commands: toSymbols(others, event) };
}

/** The symbol, or every one, creates nothing any more (strategy 15). */
export function invariantBroken(memory: Memory, { nowMs: atMs }: Now, event: InvariantBroken): Step {
  const { invariant, instrument, detail } = event;
  const halted = memory.symbols.filter(({ config }) => instrument === null || config.instrument === instrument);
  const commands: DaemonCommand[] = [
    raise({
      kind: 'invariant-broken',
      key: alertKey('invariant-broken', invariant, instrument ?? '-'),
      ...{ account: null, instrument, atMs, sinceMs: null },
      details: { invariant, detail },
    }),
    ...toSymbols(halted, { type: 'trading.halt' }),
  ];
  return {
    change: { broken: true },
    facts: [{ type: 'invariant.broken', atMs, invariant, instrument, detail }],
    commands,
  };
}
