import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import { streamAlert } from '../src/core/conditions.ts';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import type {
  AccountFailed,
  AccountParked,
  FailedLookup,
  FrameReceived,
  InstrumentsPolled,
  LookupsDone,
  OrdersWatched,
  ReadingsTuned,
  SnapshotFailed,
  StreamsReported,
} from '../src/core/messages.ts';
import type {
  AccountFill,
  AccountName,
  AccountSnapshot,
  AccountSummary,
  ListedOrder,
  OrderLookup,
  Position,
  Rows,
  SymbolSnapshot,
} from '../src/core/model.ts';
import {
  type AccountView,
  dueAtMs,
  emptyView,
  type Folded,
  missingOrders,
  sliceOf,
  withFrame,
  withInstruments,
  withLookups,
  withReading,
  withStreams,
  withTime,
} from '../src/core/view.ts';
import type { EngineClock, Exchange, Reporter } from '../src/ports.ts';
import { type Sending, send } from './send.ts';

/**
 * Keeps the view of one account (strategy 10.1): reads positions and open orders over and over, with every own order that
 * is missing there, and now and then the summary; folds in what the streams tell meanwhile (10.6); hands each symbol its
 * slice as soon as that changed, the gateway the own orders that did, and the daemon each whole reading.
 *
 * A failed read is never an empty one: whoever would have decided on it is told that there is no snapshot (strategy 10.3).
 */

/** After failures the pause doubles from the loop interval up to here: a venue that is down is asked twice a minute. */
export const BACK_OFF_MAX_MS = 30_000;
/** A parked account is asked so often whether it may go on (strategy 9.8): an operator has to act, and may be unlocking it. */
export const PARKED_RETRY_MS = 30_000;
/** The summary is read this often: margin moves with the mark, and its weight is that of two other reads (strategy 10.1). */
export const SUMMARY_EVERY_MS = 10_000;
/** Look-ups of one poll, whole instruments at a time: about half the orders of a hundred symbols, 10 s of the request budget. */
export const LOOKUPS_MAX = 100;
/** How far the history is read back for an order whose sending time is not said: a day, well above any order's life. */
export const HISTORY_DEFAULT_MS = 86_400_000;
/** The history is read from so long before an order's sending: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;

export interface PollerInput {
  readonly account: AccountName;
  /** Whose symbols get slices. */
  readonly instruments: readonly string[];
  readonly exchange: Exchange;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Pause after each poll (`LOOP_INTERVAL_SEC`), milliseconds. */
  readonly loopIntervalMs: number;
  /** Has the account's streams connected anew (strategy 10.6). Absent: there are none. */
  readonly reconnectStreams?: (account: AccountName, why: string) => void;
}

/** What the reads gave; the summary may be that of an earlier poll. */
interface Reading {
  readonly positions: Rows<Position>;
  readonly openOrders: Rows<ListedOrder>;
  readonly summary: AccountSummary;
}

interface WatchedOrder {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly sentAtMs: number | null;
}

interface LookupResults {
  readonly lookups: readonly OrderLookup[];
  /** Instruments with an order that could not be looked up. */
  readonly failed: Readonly<Record<string, ExchangeFailure>>;
  /** Absent: not asked for. */
  readonly fills?: readonly AccountFill[] | ExchangeFailure;
}

interface PollerContext {
  readonly deps: PollerInput;
  readonly view: AccountView;
  /** When the view has something to do by itself; null: not before another message. */
  readonly dueAtMs: number | null;
  readonly summary: { readonly requestedAtMs: number; readonly value: AccountSummary } | null;
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  /** The lists of the present poll: as they were when it began. */
  readonly watchedAtStart: Readonly<Record<string, OrdersWatched>>;
  readonly requestedAtMs: number;
  /** Of our clock then. */
  readonly era: number;
  readonly reading: Reading | null;
  readonly toLookUp: readonly WatchedOrder[];
  /** Instruments whose missing orders found no room in this poll. */
  readonly postponed: readonly string[];
  /** The instrument the next poll's look-ups begin after. */
  readonly lookedUpLast: string;
  readonly results: LookupResults;
  /** Look-ups that fail, by call: until a poll in which all of them succeed. At most one key per call that looks up. */
  readonly failedLookups: Readonly<Record<string, FailedLookup>>;
  readonly failure: ExchangeFailure | null;
  readonly failuresInARow: number;
  /** null: not known before the first poll ends; the poller before this one may have parked it. */
  readonly isParked: boolean | null;
  /** Told to park while a poll was under way: that poll's success proves nothing. */
  readonly parkAfterPoll: boolean;
}

/** What the reads come to. */
type ReadingEnded =
  | { readonly type: 'reading.done'; readonly reading: Reading }
  | { readonly type: 'reading.failed'; readonly thrown: unknown };

/** The view has something to do by itself: {@link dueAtMs}. */
interface ViewDue {
  readonly type: 'view.due';
}

export type PollerEvent =
  | OrdersWatched
  | InstrumentsPolled
  | FrameReceived
  | StreamsReported
  | AccountParked
  | ReadingEnded
  | LookupsDone
  | ViewDue;

type Args = { context: PollerContext };

const NO_RESULTS: LookupResults = { lookups: [], failed: {} };
const NONE_FAILED: PollerContext['failedLookups'] = {};

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: PollerInput }): PollerContext {
  return {
    deps: input,
    view: emptyView(input.account, input.instruments),
    dueAtMs: null,
    summary: null,
    watched: {},
    watchedAtStart: {},
    requestedAtMs: 0,
    era: 0,
    reading: null,
    toLookUp: [],
    postponed: [],
    lookedUpLast: '',
    results: NO_RESULTS,
    failedLookups: NONE_FAILED,
    failure: null,
    failuresInARow: 0,
    isParked: null,
    parkAfterPoll: false,
  };
}

function isParking(failure: ExchangeFailure | null): boolean {
  return failure?.kind === 'parked' || failure?.kind === 'unauthenticated';
}

/** All reads at once; one that fails fails the poll, after all have come back: polls never overlap (strategy 10.1). */
async function readAccount({ exchange, account, summary }: ReadInput): Promise<Reading> {
  const reads = [
    exchange.positions(account),
    exchange.openOrders(account),
    summary ?? exchange.accountSummary(account),
  ] as const;
  const settled = await Promise.allSettled(reads);
  const failures = settled.flatMap((read) =>
    read.status === 'rejected' ? [toFailure(read.reason, 'account', account)] : [],
  );
  const failure = failures.find(isParking) ?? failures[0];
  if (failure !== undefined) throw failure;
  const [positions, openOrders, read] = await Promise.all(reads);
  return { positions, openOrders, summary: read };
}

/** A symbol that first spoke while this poll was under way has orders that rested before: they are looked up as well. */
function watchedIn({ watched, watchedAtStart }: PollerContext): PollerContext['watchedAtStart'] {
  return watched === watchedAtStart ? watched : { ...watched, ...watchedAtStart };
}

/** Own orders that must be looked up, by instrument (strategy 10.2). */
function missingIn(context: PollerContext, { openOrders }: Reading): [instrument: string, ids: string[]][] {
  const { view, requestedAtMs, deps } = context;
  const openIds = new Set(openOrders.map((order) => order.clientOrderId));
  const watched = watchedIn(context);
  return deps.instruments.flatMap((instrument): [string, string[]][] => {
    const ids = watched[instrument]?.clientOrderIds ?? [];
    const missing = missingOrders(view, instrument, ids, { requestedAtMs, openIds });
    return missing.length === 0 ? [] : [[instrument, missing]];
  });
}

/** Whether nothing has to be asked for beyond the reading: no order, and no fills (strategy 10.2, 10.5). */
function isNothingMissing(context: PollerContext, reading: Reading): boolean {
  const wantsFills = Object.values(watchedIn(context)).some(({ fillsSinceMs }) => fillsSinceMs !== undefined);
  return !wantsFills && missingIn(context, reading).length === 0;
}

/** Which watched orders are missing, instrument by instrument, as many as fit, beginning where the last poll ended. */
function planLookups(
  context: PollerContext,
  reading: Reading,
): Pick<PollerContext, 'reading' | 'watchedAtStart' | 'toLookUp' | 'postponed' | 'lookedUpLast'> {
  const watchedAtStart = watchedIn(context);
  const all = missingIn(context, reading).sort(([one], [other]) => (one < other ? -1 : 1));
  const turn = all.findIndex(([name]) => name > context.lookedUpLast);
  const inTurn = turn === -1 ? all : [...all.slice(turn), ...all.slice(0, turn)];
  const toLookUp: WatchedOrder[] = [];
  const postponed: string[] = [];
  let lookedUpLast = context.lookedUpLast;
  for (const [instrument, missing] of inTurn) {
    const watch = watchedAtStart[instrument];
    if (toLookUp.length > 0 && (postponed.length > 0 || toLookUp.length + missing.length > LOOKUPS_MAX)) {
      postponed.push(instrument);
      continue;
    }
    for (const clientOrderId of missing) {
      toLookUp.push({ instrument, clientOrderId, sentAtMs: watch?.sentAtMs?.[clientOrderId] ?? null });
    }
    lookedUpLast = instrument;
  }
  return { reading, watchedAtStart, toLookUp, postponed, lookedUpLast };
}

/** The missing orders, and beside them the fills that a difference is to be explained by (strategy 10.5). */
async function lookUp(input: LookupInput): Promise<LookupResults> {
  const { exchange, account, fillsSinceMs } = input;
  const [found, fills] = await Promise.all([
    lookUpMissing(input),
    fillsSinceMs === null
      ? undefined
      : exchange
          .fillHistory(account, fillsSinceMs)
          .catch((thrown: unknown) => toFailure(thrown, 'fillHistory', account)),
  ]);
  return fills === undefined ? found : { ...found, fills };
}

/** Asks for each missing order; where `order` knows nothing of it, the history may know its end (strategy 10.2). */
async function lookUpMissing({ exchange, account, orders, requestedAtMs }: LookupInput): Promise<LookupResults> {
  const lookups: OrderLookup[] = [];
  const failed: Record<string, ExchangeFailure> = {};
  const unknown: WatchedOrder[] = [];
  const answers = await Promise.allSettled(
    orders.map(({ clientOrderId, sentAtMs }) => exchange.order(account, clientOrderId, sentAtMs ?? undefined)),
  );
  for (const [index, watched] of orders.entries()) {
    const answer = answers[index];
    if (answer?.status !== 'fulfilled') failed[watched.instrument] = toFailure(answer?.reason, 'order', account);
    else if (answer.value === null) unknown.push(watched);
    else lookups.push({ clientOrderId: watched.clientOrderId, order: answer.value });
  }
  if (unknown.length === 0) return { lookups, failed };
  const sent = unknown.map(({ sentAtMs }) => sentAtMs ?? requestedAtMs - HISTORY_DEFAULT_MS);
  try {
    const history = await exchange.orderHistory(account, Math.min(...sent) - HISTORY_MARGIN_MS);
    for (const { clientOrderId } of unknown) {
      lookups.push({ clientOrderId, order: history.find((order) => order.clientOrderId === clientOrderId) ?? null });
    }
  } catch (thrown) {
    for (const { instrument } of unknown) failed[instrument] = toFailure(thrown, 'orderHistory', account);
  }
  return { lookups, failed };
}

/** What fails after these look-ups; an instrument whose turn did not come may fail still. */
function failedAfter({ failedLookups, postponed }: PollerContext, results: LookupResults) {
  const now = failuresOf(results).map((failure): [string, FailedLookup] => {
    const { call } = failure;
    return [call, { failure, inARow: (failedLookups[call]?.inARow ?? 0) + 1 }];
  });
  return { ...(postponed.length > 0 ? failedLookups : NONE_FAILED), ...Object.fromEntries(now) };
}

/** What failed of the look-ups. A history of fills that cannot be read keeps no symbol from its snapshot. */
function failuresOf({ failed, fills }: LookupResults): readonly ExchangeFailure[] {
  return [...Object.values(failed), ...(fills !== undefined && 'kind' in fills ? [fills] : [])];
}

/** The fills of an instrument, where they were asked for; null: they cannot be read. */
function fillsFor(context: PollerContext, instrument: string): Pick<SymbolSnapshot, 'fills'> {
  const { fills } = context.results;
  const { fillsSinceMs } = context.watchedAtStart[instrument] ?? {};
  if (fills === undefined || fillsSinceMs === undefined) return {};
  if ('kind' in fills) return { fills: null };
  return { fills: fills.filter((fill) => fill.instrument === instrument && fill.timeMs >= fillsSinceMs) };
}

function wholeSnapshot(context: PollerContext): AccountSnapshot {
  const { reading, results, requestedAtMs, era, deps } = context;
  if (reading === null) throw new Error('a poll without a reading was to be delivered');
  const receivedAtMs = deps.clock.nowMs();
  return { account: deps.account, requestedAtMs, era, receivedAtMs, ...reading, lookups: results.lookups };
}

/** Ids of an instrument that were looked up and are not known. */
function absentOf({ toLookUp, results }: PollerContext, instrument: string): string[] {
  const mine = new Set(toLookUp.flatMap((one) => (one.instrument === instrument ? [one.clientOrderId] : [])));
  return results.lookups.flatMap(({ clientOrderId, order }) =>
    order === null && mine.has(clientOrderId) ? [clientOrderId] : [],
  );
}

/** The view after this poll; its look-ups, done or failed, are in. */
function viewAfterPoll(context: PollerContext): Folded {
  const { reading, results, requestedAtMs, era, postponed, deps } = context;
  if (reading === null) throw new Error('a poll without a reading was to be delivered');
  return withReading(context.view, {
    requestedAtMs,
    receivedAtMs: deps.clock.nowMs(),
    era,
    exchangeNowMs: deps.exchange.exchangeNowMs(),
    positions: reading.positions,
    openOrders: reading.openOrders,
    lookups: results.lookups,
    without: [...Object.keys(results.failed), ...postponed],
  });
}

/** Looks up what frames called for (strategy 10.1); what fails is asked for again by the view. */
async function lookUpAgain({ exchange, account, reporter, clock }: PollerInput, ids: readonly string[]) {
  const answers = await Promise.allSettled(ids.map((clientOrderId) => exchange.order(account, clientOrderId)));
  return answers.flatMap((answer, index): OrderLookup[] => {
    const clientOrderId = ids[index];
    if (answer.status === 'fulfilled')
      return clientOrderId === undefined ? [] : [{ clientOrderId, order: answer.value }];
    const failure = toFailure(answer.reason, 'order', account);
    reporter.report({ type: 'read.failed', atMs: clock.nowMs(), account, failure, inARow: 1 });
    return [];
  });
}

interface ReadInput {
  readonly exchange: Exchange;
  readonly account: AccountName;
  /** Not old enough to be read again; null: it is. */
  readonly summary: AccountSummary | null;
}

interface LookupInput extends Omit<ReadInput, 'summary'> {
  readonly orders: readonly WatchedOrder[];
  readonly requestedAtMs: number;
  /** How far back the fills are read; null: nobody asks for them. */
  readonly fillsSinceMs: number | null;
}

/** The last summary while it is fresh; of a time to come, as after our clock was set back, it is not. */
function freshSummary({ summary, requestedAtMs }: PollerContext): AccountSummary | null {
  const ageMs = summary === null ? SUMMARY_EVERY_MS : requestedAtMs - summary.requestedAtMs;
  return ageMs >= 0 && ageMs < SUMMARY_EVERY_MS ? (summary?.value ?? null) : null;
}

const readInput = ({ context }: Args): ReadInput => ({
  exchange: context.deps.exchange,
  account: context.deps.account,
  summary: freshSummary(context),
});
const lookupInput = ({ context }: Args): LookupInput => ({
  exchange: context.deps.exchange,
  account: context.deps.account,
  orders: context.toLookUp,
  requestedAtMs: context.requestedAtMs,
  fillsSinceMs: Object.values(context.watchedAtStart).reduce<number | null>(
    (least, { fillsSinceMs = null }) =>
      least === null || fillsSinceMs === null ? (least ?? fillsSinceMs) : Math.min(least, fillsSinceMs),
    null,
  ),
});
const whole = <E>({ event }: { event: E }) => event;
const outputOf = <T>({ event }: { event: { output: T } }) => ({ output: event.output });
const errorOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });
const readingOf = ({ event }: { event: { reading: Reading } }) => ({ reading: event.reading });
const thrownOf = ({ event }: { event: { thrown: unknown } }) => ({ thrown: event.thrown });

/** Sends a changed view to those who work with it: symbols their slices, the gateway and the clean-up the orders that changed. */
function spread(
  context: PollerContext,
  folded: Folded,
  sending: Sending,
  how: { readonly whole: boolean } = { whole: false },
): void {
  const { account, clock, reporter } = context.deps;
  const nowMs = clock.nowMs();
  for (const instrument of folded.changed) {
    const absent = how.whole ? absentOf(context, instrument) : [];
    const snapshot = sliceOf(folded.view, instrument, { nowMs, whole: how.whole, absent });
    if (snapshot === null) continue;
    const fills = how.whole ? fillsFor(context, instrument) : {};
    send(sending, `symbol:${instrument}`, { type: 'snapshot.received', snapshot: { ...snapshot, ...fills } });
  }
  const intact = folded.view.intactSinceMs !== null;
  for (const order of folded.seen) {
    for (const waiting of ['gateway', 'cleanup'])
      send(sending, waiting, { type: 'order.seen', account, order, intact });
  }
  for (const contradiction of folded.contradictions) {
    const { instrument, why } = contradiction;
    reporter.report({ type: 'stream.contradicted', atMs: nowMs, account, instrument, why });
    send(sending, 'alert-desk', { type: 'alert.raised', alert: streamAlert(account, contradiction, nowMs) });
  }
}

// ---- the chart ------------------------------------------------------------------------------------------------------

export const accountPollerMachine = setup({
  types: { context: {} as PollerContext, events: {} as PollerEvent, input: {} as PollerInput },
  actors: {
    lookUpMissing: fromPromise(({ input }: { input: LookupInput }) => lookUp(input)),
  },
  guards: {
    isNothingMissing: ({ context }, { reading }: { reading: Reading }) => isNothingMissing(context, reading),
    isParking: ({ context }) => isParking(context.failure),
    mustPark: ({ context }) => context.parkAfterPoll,
  },
  delays: {
    interval: ({ context }) => context.deps.loopIntervalMs,
    backOff: ({ context }) =>
      Math.max(
        context.deps.loopIntervalMs,
        Math.min(BACK_OFF_MAX_MS, context.deps.loopIntervalMs * 2 ** Math.min(20, context.failuresInARow - 1)),
      ),
    parkedRetry: PARKED_RETRY_MS,
  },
  actions: {
    noteWatched: assign(({ context }, event: OrdersWatched) => ({
      watched: { ...context.watched, [event.instrument]: event },
    })),
    retune: assign(({ context }, { loopIntervalMs }: ReadingsTuned) => ({ deps: { ...context.deps, loopIntervalMs } })),
    noteInstruments: assign(({ context }, { instruments }: InstrumentsPolled) => ({
      deps: { ...context.deps, instruments },
      view: withInstruments(context.view, instruments),
    })),
    greetSymbols: enqueueActions(({ context, enqueue, system }) => {
      const { account, instruments } = context.deps;
      for (const instrument of instruments) {
        send({ enqueue, system }, `symbol:${instrument}`, { type: 'poller.started', account });
      }
    }),
    // Where this poller replaces a failed one, it does not know what the streams have told since they were connected.
    startStreamsAnew: ({ context: { deps } }) =>
      deps.reconnectStreams?.(deps.account, 'the account’s poller has started'),
    foldFrame: enqueueActions(({ context, enqueue, system }, { frame }: FrameReceived) => {
      const folded = withFrame(context.view, frame);
      if (folded.view !== context.view) enqueue.assign({ view: folded.view });
      spread(context, folded, { enqueue, system });
    }),
    foldStreams: enqueueActions(({ context, enqueue, system }, { up, atMs }: StreamsReported) => {
      const folded = withStreams(context.view, up, atMs);
      enqueue.assign({ view: folded.view });
      // Before the symbols: what they ask for next is watched by what is true then.
      const { account } = context.deps;
      send({ enqueue, system }, 'gateway', { type: 'streams.changed', account, intact: up });
      spread(context, folded, { enqueue, system });
    }),
    foldLookups: enqueueActions(({ context, enqueue, system }, { lookups }: LookupsDone) => {
      const folded = withLookups(context.view, lookups, context.deps.clock.nowMs());
      enqueue.assign({ view: folded.view });
      spread(context, folded, { enqueue, system });
    }),
    foldTime: enqueueActions(({ context, enqueue, system, self }) => {
      const { deps } = context;
      const { account } = deps;
      const { lookupsWanted, failed, ...folded } = withTime(context.view, deps.clock.nowMs());
      enqueue.assign({ view: folded.view, dueAtMs: null });
      if (failed !== null) send({ enqueue, system }, 'gateway', { type: 'streams.changed', account, intact: false });
      spread(context, folded, { enqueue, system });
      enqueue(() => {
        if (failed !== null) deps.reconnectStreams?.(account, failed);
        if (lookupsWanted.length === 0) return;
        lookUpAgain(deps, lookupsWanted).then((lookups) => self.send({ type: 'lookups.done', lookups }));
      });
    }),
    wakeWhenDue: enqueueActions(({ context, enqueue }) => {
      const dueMs = dueAtMs(context.view);
      if (dueMs === context.dueAtMs) return;
      enqueue.cancel('view.due');
      enqueue.assign({ dueAtMs: dueMs });
      if (dueMs === null) return;
      const delay = Math.max(0, dueMs - context.deps.clock.nowMs());
      enqueue.raise({ type: 'view.due' }, { id: 'view.due', delay });
    }),
    beginPoll: assign({
      requestedAtMs: ({ context }) => context.deps.clock.nowMs(),
      era: ({ context }) => context.deps.clock.era(),
      watchedAtStart: ({ context }) => context.watched,
      reading: null,
      toLookUp: [],
      postponed: [],
      results: NO_RESULTS,
      failure: null,
    }),
    // Not an actor: to start and drop one for each poll, or to ask one that stays, is a good part of what a poll costs.
    read: ({ context, self }) => {
      const ended = (event: ReadingEnded) => self.send(event);
      readAccount(readInput({ context })).then(
        (reading) => ended({ type: 'reading.done', reading }),
        (thrown: unknown) => ended({ type: 'reading.failed', thrown }),
      );
    },
    noteReading: assign(({ context }, { reading }: { reading: Reading }) => ({
      reading,
      summary: summaryOf(context, reading),
      watchedAtStart: watchedIn(context),
      failedLookups: NONE_FAILED,
    })),
    planLookups: assign(({ context }, { reading }: { reading: Reading }) => ({
      summary: summaryOf(context, reading),
      ...planLookups(context, reading),
    })),
    noteLookups: assign(({ context }, { output }: { output: LookupResults }) => ({
      results: output,
      failedLookups: failedAfter(context, output),
    })),
    noteFailure: assign(({ context }, params: { thrown: unknown }) => ({
      failure: failureOf(params.thrown, context.deps.account),
      failuresInARow: context.failuresInARow + 1,
    })),
    noteParkAfterPoll: assign({ parkAfterPoll: true }),
    noteParked: assign({ isParked: true, parkAfterPoll: false }),
    noteSuccess: enqueueActions(({ context, enqueue }) => {
      // Asked first, because nearly every poll succeeds and each assignment makes a whole new snapshot of the machine.
      if (context.failuresInARow > 0) enqueue.assign({ failuresInARow: 0 });
    }),
    reportLookupFailures: ({ context }) => {
      const { account, reporter, clock } = context.deps;
      for (const failure of failuresOf(context.results)) {
        const inARow = context.failedLookups[failure.call]?.inARow ?? 1;
        reporter.report({ type: 'read.failed', atMs: clock.nowMs(), account, failure, inARow });
      }
    },
    reportPolled: ({ context }) => {
      const { account, reporter, clock } = context.deps;
      if (context.reading === null) return;
      const { summary, openOrders } = context.reading;
      const atMs = clock.nowMs();
      reporter.report({
        type: 'account.polled',
        atMs,
        account,
        elapsedMs: atMs - context.requestedAtMs,
        totalEquityUsdt: summary.totalEquity,
        maintenanceMarginUsdt: summary.maintenanceMargin,
        openOrders: openOrders.length,
      });
    },
    reportFailure: ({ context }) => {
      const { account, reporter, clock } = context.deps;
      if (context.failure === null) return;
      const { failure, failuresInARow } = context;
      reporter.report({ type: 'read.failed', atMs: clock.nowMs(), account, failure, inARow: failuresInARow });
    },
    deliver: enqueueActions(({ context, enqueue, system }) => {
      const { account, clock } = context.deps;
      const folded = viewAfterPoll(context);
      enqueue.assign({ view: folded.view });
      for (const [instrument, failure] of Object.entries(context.results.failed)) {
        const message: SnapshotFailed = { type: 'snapshot.failed', account, failure, atMs: clock.nowMs() };
        send({ enqueue, system }, `symbol:${instrument}`, message);
      }
      const { summary } = wholeSnapshot(context);
      send({ enqueue, system }, 'daemon', { type: 'margin.read', account, summary });
      spread(context, folded, { enqueue, system }, { whole: true });
      const failedLookups = Object.values(context.failedLookups);
      send({ enqueue, system }, 'daemon', { type: 'account.polled', snapshot: wholeSnapshot(context), failedLookups });
    }),
    tellFailed: enqueueActions(({ context, enqueue, system }) => {
      const { account, clock, instruments } = context.deps;
      const { failure, failuresInARow } = context;
      if (failure === null) return;
      const atMs = clock.nowMs();
      for (const instrument of instruments) {
        send({ enqueue, system }, `symbol:${instrument}`, { type: 'snapshot.failed', account, failure, atMs });
      }
      const message: AccountFailed = { type: 'account.failed', account, failure, inARow: failuresInARow, atMs };
      send({ enqueue, system }, 'daemon', message);
    }),
    tellParked: enqueueActions(({ context, enqueue, system }) => {
      const { account } = context.deps;
      const { failure, isParked } = context;
      if (failure === null || isParked) return;
      for (const systemId of ['gateway', 'daemon']) {
        send({ enqueue, system }, systemId, { type: 'account.parked', account, failure });
      }
    }),
    tellUnparked: enqueueActions(({ context, enqueue, system }) => {
      const { account } = context.deps;
      if (context.isParked === false || context.parkAfterPoll) return;
      for (const systemId of ['gateway', 'daemon']) {
        send({ enqueue, system }, systemId, { type: 'account.unparked', account });
      }
      enqueue.assign({ isParked: false });
    }),
  },
}).createMachine({
  id: 'account-poller',
  context: begin,
  initial: 'polling',
  entry: ['greetSymbols', 'startStreamsAnew'],
  on: {
    'orders.watched': { actions: { type: 'noteWatched', params: whole } },
    'instruments.polled': { actions: { type: 'noteInstruments', params: whole } },
    'readings.tuned': { actions: { type: 'retune', params: whole } },
    'frame.received': { actions: [{ type: 'foldFrame', params: whole }, 'wakeWhenDue'] },
    'streams.reported': { actions: [{ type: 'foldStreams', params: whole }, 'wakeWhenDue'] },
    'lookups.done': { actions: [{ type: 'foldLookups', params: whole }, 'wakeWhenDue'] },
    'view.due': { actions: ['foldTime', 'wakeWhenDue'] },
  },
  states: {
    polling: {
      description: 'Reads the account (10.1).',
      entry: 'beginPoll',
      initial: 'reading',
      on: {
        'account.parked': { actions: 'noteParkAfterPoll' },
      },
      states: {
        reading: {
          description:
            'Positions, open orders and now and then the summary, at once. Are all own orders among the open ones? One that is not is looked up, never assumed gone, unless an intact stream has told its end (10.2).',
          entry: 'read',
          on: {
            'reading.done': [
              {
                guard: { type: 'isNothingMissing', params: readingOf },
                target: '#account-poller.waiting',
                actions: { type: 'noteReading', params: readingOf },
              },
              { target: 'looking-up', actions: { type: 'planLookups', params: readingOf } },
            ],
            'reading.failed': {
              target: '#account-poller.failed',
              actions: { type: 'noteFailure', params: thrownOf },
            },
          },
        },
        'looking-up': {
          description:
            'Asks for the missing orders, and reads the history for those the exchange no longer knows (10.2); reads the fills that a difference is to be explained by (10.5).',
          invoke: {
            src: 'lookUpMissing',
            input: lookupInput,
            onDone: {
              target: '#account-poller.waiting',
              actions: [{ type: 'noteLookups', params: outputOf }, 'reportLookupFailures'],
            },
            onError: { target: '#account-poller.failed', actions: { type: 'noteFailure', params: errorOf } },
          },
        },
      },
    },
    waiting: {
      description:
        'Hands each symbol its slice and the daemon the whole; then waits for the loop interval, after the work (10.1).',
      entry: ['noteSuccess', 'tellUnparked', 'reportPolled', 'deliver', 'wakeWhenDue'],
      always: { guard: 'mustPark', target: 'parked' },
      after: { interval: 'polling' },
      on: { 'account.parked': 'parked' },
    },
    failed: {
      description: 'No snapshot: says so, and never an empty one (10.3).',
      entry: ['reportFailure', 'tellFailed'],
      always: [
        { guard: 'isParking', target: 'parked', actions: 'tellParked' },
        { guard: 'mustPark', target: 'parked' },
        { target: 'backing-off' },
      ],
    },
    'backing-off': {
      description: 'The last poll failed: waits longer each time.',
      after: { backOff: 'polling' },
      on: { 'account.parked': 'parked' },
    },
    parked: {
      description: 'This account must not go on (9.8): asks slowly whether it may again.',
      entry: 'noteParked',
      after: { parkedRetry: 'polling' },
    },
  },
});

function summaryOf(context: PollerContext, { summary }: Reading): PollerContext['summary'] {
  return context.summary?.value === summary
    ? context.summary
    : { requestedAtMs: context.requestedAtMs, value: summary };
}

/** `readAccount` throws failures; anything else is a defect of ours, told as one. */
function failureOf(thrown: unknown, account: AccountName): ExchangeFailure {
  if (typeof thrown === 'object' && thrown !== null && 'kind' in thrown && 'call' in thrown)
    return thrown as ExchangeFailure;
  return toFailure(thrown, 'account', account);
}
