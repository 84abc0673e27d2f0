import { streamAlert } from '../conditions.ts';
import type { Fact } from '../facts.ts';
import { type ExchangeFailure, toFailure } from '../failure.ts';
import type {
  FrameReceived,
  InstrumentsPolled,
  LookupsDone,
  Message,
  OrdersWatched,
  ReadingsTuned,
  StreamsReported,
} from '../messages.ts';
import type { AccountName, AccountSummary } from '../model.ts';
import { raise } from '../raise.ts';
import { type Reason, reason } from '../reasons.ts';
import { type Folded, withInstruments } from '../view.ts';
import { withFrame } from '../view-frames.ts';
import { withLookups, withReading } from '../view-readings.ts';
import { sliceOf } from '../view-slice.ts';
import { withStreams, withTime } from '../view-streams.ts';
import { absentOf, failedAfter, failuresOf, fillsFor, plannedLookups, watchedIn } from './lookups.ts';
import {
  type LookupResults,
  NO_RESULTS,
  NONE_FAILED,
  type PollerMemory,
  type Reading,
  SUMMARY_EVERY_MS,
} from './memory.ts';

/** The effect of each event on a poller. Pure; the chart in machines/account-poller.ts says when. */

/** The time of a step. */
export interface PollerNow {
  readonly nowMs: number;
  /** Era of our clock: changes when the clock is set. */
  readonly era: number;
  /** The exchange's clock. */
  readonly exchangeNowMs: number;
}

/** The result of an event. The chart applies memory, reporter, messages, then requests, in this order. */
export interface PollerStep {
  readonly change?: Partial<PollerMemory>;
  readonly facts?: readonly Fact[];
  readonly messages?: readonly { readonly to: string; readonly message: Message }[];
  /** Why the account's streams must reconnect (strategy 10.6). */
  readonly reconnect?: Reason | null;
  /** Orders to look up at once because of frames (strategy 10.1). */
  readonly lookUp?: readonly string[];
}

/** A poller started: symbols send what they watch. It does not know what the streams sent since they connected. */
export function started({ account, instruments }: PollerMemory): PollerStep {
  return {
    messages: instruments.map((name) => ({ to: `symbol:${name}`, message: { type: 'poller.started', account } })),
    reconnect: reason('poller-started', '10.1'),
  };
}

export function ordersWatched(memory: PollerMemory, _now: PollerNow, event: OrdersWatched): PollerStep {
  return { change: { watched: { ...memory.watched, [event.instrument]: event } } };
}

export function readingsTuned(_memory: PollerMemory, _now: PollerNow, { loopIntervalMs }: ReadingsTuned): PollerStep {
  return { change: { loopIntervalMs } };
}

export function instrumentsPolled(
  { view }: PollerMemory,
  _now: PollerNow,
  { instruments }: InstrumentsPolled,
): PollerStep {
  return { change: { instruments, view: withInstruments(view, instruments) } };
}

/** A frame of the streams (strategy 10.6). */
export function frameReceived(memory: PollerMemory, now: PollerNow, { frame }: FrameReceived): PollerStep {
  const folded = withFrame(memory.view, frame);
  return { ...(folded.view === memory.view ? {} : { change: { view: folded.view } }), ...spread(memory, now, folded) };
}

export function streamsReported(memory: PollerMemory, now: PollerNow, { up, atMs }: StreamsReported): PollerStep {
  const folded = withStreams(memory.view, up, atMs);
  const { facts, messages } = spread(memory, now, folded);
  // Sent before the symbols' slices, so that they act on the new state of the streams.
  return { change: { view: folded.view }, facts, messages: [toGateway(memory, up), ...messages] };
}

/** Answers about orders that others looked up. */
export function lookupsDone(memory: PollerMemory, now: PollerNow, { lookups }: LookupsDone): PollerStep {
  const folded = withLookups(memory.view, lookups, now.nowMs);
  return { change: { view: folded.view }, ...spread(memory, now, folded) };
}

/** A timer of the view is due. */
export function viewDue(memory: PollerMemory, now: PollerNow): PollerStep {
  const { lookupsWanted, failed, ...folded } = withTime(memory.view, now.nowMs);
  const { facts, messages } = spread(memory, now, folded);
  return {
    change: { view: folded.view },
    facts,
    messages: [...(failed === null ? [] : [toGateway(memory, false)]), ...messages],
    reconnect: failed,
    lookUp: lookupsWanted,
  };
}

function toGateway({ account }: PollerMemory, intact: boolean) {
  return { to: 'gateway', message: { type: 'streams.changed', account, intact } } as const;
}

/** Distributes a changed view: slices to symbols, changed orders to the gateway and the clean-up. */
function spread(memory: PollerMemory, { nowMs }: PollerNow, folded: Folded, whole = false) {
  const { account, poll } = memory;
  const facts: Fact[] = [];
  const messages: { readonly to: string; readonly message: Message }[] = [];
  for (const instrument of folded.changed) {
    const absent = whole ? absentOf(poll, instrument) : [];
    const snapshot = sliceOf(folded.view, instrument, { nowMs, whole, absent });
    if (snapshot === null) continue;
    const fills = whole ? fillsFor(poll, instrument) : {};
    messages.push({
      to: `symbol:${instrument}`,
      message: { type: 'snapshot.received', snapshot: { ...snapshot, ...fills } },
    });
  }
  const intact = folded.view.intactSinceMs !== null;
  for (const order of folded.seen) {
    const message = { type: 'order.seen', account, order, intact } as const;
    messages.push({ to: 'gateway', message }, { to: 'cleanup', message });
  }
  for (const contradiction of folded.contradictions) {
    const { instrument, why } = contradiction;
    facts.push({ type: 'stream.contradicted', atMs: nowMs, account, instrument, why });
    messages.push(raise(streamAlert(account, contradiction, nowMs)));
  }
  return { facts, messages };
}

/** A poll begins: its requests are about to be sent. */
export function pollBegun({ watched }: PollerMemory, { nowMs, era }: PollerNow): PollerStep {
  const none = { toLookUp: [], postponed: [], results: NO_RESULTS };
  return { change: { poll: { requestedAtMs: nowMs, era, watched, reading: null, ...none }, failure: null } };
}

/** The last summary while it is fresh (not dated in the future by a clock set back since). null: to be read. */
export function freshSummary({ summary, poll }: PollerMemory): AccountSummary | null {
  const ageMs = summary === null ? SUMMARY_EVERY_MS : poll.requestedAtMs - summary.requestedAtMs;
  return ageMs >= 0 && ageMs < SUMMARY_EVERY_MS ? (summary?.value ?? null) : null;
}

/** The read shows every own order. */
export function readingTaken(memory: PollerMemory, _now: PollerNow, { reading }: { reading: Reading }): PollerStep {
  const poll = { ...memory.poll, reading, watched: watchedIn(memory) };
  return { change: { poll, summary: summaryOf(memory, reading), failedLookups: NONE_FAILED } };
}

/** Own orders are missing from the read, or fills are requested. */
export function lookupsPlanned(memory: PollerMemory, _now: PollerNow, { reading }: { reading: Reading }): PollerStep {
  const { lookedUpLast, ...planned } = plannedLookups(memory, reading);
  const poll = { ...memory.poll, reading, watched: watchedIn(memory), ...planned };
  return { change: { poll, summary: summaryOf(memory, reading), lookedUpLast } };
}

function summaryOf({ summary, poll }: PollerMemory, reading: Reading): PollerMemory['summary'] {
  if (summary?.value === reading.summary) return summary;
  return { requestedAtMs: poll.requestedAtMs, value: reading.summary };
}

/** Results of the look-ups; failures are reported. */
export function lookupsTaken(memory: PollerMemory, { nowMs }: PollerNow, results: LookupResults): PollerStep {
  const failedLookups = failedAfter(memory, results);
  const facts = failuresOf(results).map((failure) =>
    readFailed(memory.account, failure, failedLookups[failure.call]?.inARow ?? 1, nowMs),
  );
  return { change: { poll: { ...memory.poll, results }, failedLookups }, facts };
}

function readFailed(account: AccountName, failure: ExchangeFailure, inARow: number, atMs: number): Fact {
  return { type: 'read.failed', atMs, account, failure, inARow };
}

/** A look-up requested by a frame failed; the view requests it again. */
export function lookupFailed({ account }: PollerMemory, { nowMs }: PollerNow, thrown: unknown): Fact {
  return readFailed(account, toFailure(thrown, 'order', account), 1, nowMs);
}

/** The poll failed. Anything but a failed call is a defect of ours, reported as a failure. */
export function pollFailed({ account, failuresInARow }: PollerMemory, _now: PollerNow, thrown: unknown): PollerStep {
  const failure = isFailure(thrown) ? thrown : toFailure(thrown, 'account', account);
  return { change: { failure, failuresInARow: failuresInARow + 1 } };
}

function isFailure(thrown: unknown): thrown is ExchangeFailure {
  return typeof thrown === 'object' && thrown !== null && 'kind' in thrown && 'call' in thrown;
}

/** Reports to everybody who would have decided on it that there is no snapshot (strategy 10.3). */
export function failureReported(memory: PollerMemory, { nowMs }: PollerNow): PollerStep {
  const { account, instruments, failure, failuresInARow: inARow } = memory;
  if (failure === null) return {};
  return {
    facts: [readFailed(account, failure, inARow, nowMs)],
    messages: [
      ...instruments.map((name) => ({
        to: `symbol:${name}`,
        message: { type: 'snapshot.failed', account, failure, atMs: nowMs } as const,
      })),
      { to: 'daemon', message: { type: 'account.failed', account, failure, inARow, atMs: nowMs } },
    ],
  };
}

/** The exchange has locked the account out (strategy 9.8); sent once. */
export function parkingReported({ account, failure, isParked }: PollerMemory): PollerStep {
  if (failure === null || isParked) return {};
  return { messages: toBoth({ type: 'account.parked', account, failure }) };
}

/** The exchange answers again, unless the account was parked during this poll. */
export function unparkingReported({ account, isParked, parkAfterPoll }: PollerMemory): PollerStep {
  if (isParked === false || parkAfterPoll) return {};
  return { change: { isParked: false }, messages: toBoth({ type: 'account.unparked', account }) };
}

function toBoth(message: Message) {
  return ['gateway', 'daemon'].map((to) => ({ to, message }));
}

/** The poll is complete: merged into the view; symbols get their slices, the daemon all of it. */
export function pollDelivered(memory: PollerMemory, now: PollerNow): PollerStep {
  const { account, poll, failedLookups, failuresInARow, sentSummary } = memory;
  const { reading, results, requestedAtMs, era, postponed } = poll;
  if (reading === null) throw new Error('a poll without a reading was to be delivered');
  const { nowMs, exchangeNowMs } = now;
  const { positions, openOrders, summary } = reading;
  const { lookups, failed } = results;
  const folded = withReading(memory.view, {
    ...{ requestedAtMs, receivedAtMs: nowMs, era, exchangeNowMs, positions, openOrders, lookups },
    without: [...Object.keys(failed), ...postponed],
  });
  const { facts, messages } = spread(memory, now, folded, true);
  const whole = { account, requestedAtMs, era, receivedAtMs: nowMs, ...reading, lookups };
  const polled: Fact = {
    ...{ type: 'account.polled', atMs: nowMs, account, elapsedMs: nowMs - requestedAtMs },
    totalEquityUsdt: summary.totalEquity,
    maintenanceMarginUsdt: summary.maintenanceMargin,
    openOrders: openOrders.length,
  };
  return {
    change: { view: folded.view, sentSummary: summary, ...(failuresInARow > 0 ? { failuresInARow: 0 } : {}) },
    facts: [polled, ...facts],
    messages: [
      ...Object.entries(failed).map(([instrument, failure]) => ({
        to: `symbol:${instrument}`,
        message: { type: 'snapshot.failed', account, failure, atMs: nowMs } as const,
      })),
      ...(summary === sentSummary
        ? []
        : [{ to: 'daemon', message: { type: 'margin.read', account, summary } } as const]),
      ...messages,
      {
        to: 'daemon',
        message: { type: 'account.polled', snapshot: whole, failedLookups: Object.values(failedLookups) },
      },
    ],
  };
}
