import { type AnyActorRef, assign, enqueueActions, fromPromise, setup } from 'xstate';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
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
import { isOwnOrder } from '../src/core/order-id.ts';
import type { EngineClock, Exchange, Reporter } from '../src/ports.ts';
import type {
  AccountFailed,
  AccountParked,
  AccountPolled,
  AccountUnparked,
  FailedLookup,
  InstrumentsPolled,
  OrdersWatched,
  PollerStarted,
  PollHasten,
  SnapshotFailed,
  SnapshotReceived,
} from './messages.ts';

/**
 * Reads one account, over and over: positions, open orders and summary at once, then every watched order that is not among
 * the open ones; waits after the work; hands each symbol its slice and the daemon the whole (strategy 10.1, 10.2).
 *
 * A failed read is never an empty one: whoever would have decided on it is told that there is no snapshot (strategy 10.3).
 */

/** After failures the pause doubles from the loop interval up to here: a venue that is down is asked twice a minute. */
export const BACK_OFF_MAX_MS = 30_000;
/** A parked account is asked so often whether it may go on (strategy 9.8): an operator has to act, and may be unlocking it. */
export const PARKED_RETRY_MS = 30_000;
/**
 * Two polls in this time at most, however often one is asked for: three reads each are then 6 of the 10 requests a second
 * (strategy 10.6). Two, so that the poll a fill asks for is not held up by the one before it.
 */
export const HASTEN_WINDOW_MS = 1_000;
/**
 * A fill comes as several messages: those after the first ask for a poll that would tell little, and whose three reads would
 * leave no room in the budget for the hedge's create. A poll that follows one asked for comes so much after its beginning.
 */
export const HASTEN_GAP_MS = 200;
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
}

/** What the three reads gave. */
interface Reading {
  readonly positions: Rows<Position>;
  readonly openOrders: readonly ListedOrder[];
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
  readonly watched: Readonly<Record<string, OrdersWatched>>;
  /** The lists of the present poll: as they were when it began. */
  readonly watchedAtStart: Readonly<Record<string, OrdersWatched>>;
  readonly requestedAtMs: number;
  /** Of our clock then. */
  readonly era: number;
  /** When the poll before the present or last one began. */
  readonly formerRequestedAtMs: number;
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
  /** A poll was asked for while one was under way. */
  readonly hastened: boolean;
  /** The present or last poll was asked for. */
  readonly wasAskedFor: boolean;
  readonly nextIsAskedFor: boolean;
}

/** What the three reads come to. */
type ReadingEnded =
  | { readonly type: 'reading.done'; readonly reading: Reading }
  | { readonly type: 'reading.failed'; readonly thrown: unknown };

export type PollerEvent = OrdersWatched | InstrumentsPolled | PollHasten | AccountParked | ReadingEnded;

type Args = { context: PollerContext };

const NO_RESULTS: LookupResults = { lookups: [], failed: {} };
const NONE_FAILED: PollerContext['failedLookups'] = {};

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: PollerInput }): PollerContext {
  return {
    deps: input,
    watched: {},
    watchedAtStart: {},
    requestedAtMs: 0,
    era: 0,
    formerRequestedAtMs: 0,
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
    hastened: false,
    wasAskedFor: false,
    nextIsAskedFor: false,
  };
}

/** Milliseconds until a poll that is asked for may begin; not above 0: now (strategy 10.6). */
function untilBudgetAllows(context: PollerContext): number {
  const { requestedAtMs, formerRequestedAtMs, wasAskedFor, deps } = context;
  const gapEndsMs = wasAskedFor ? requestedAtMs + HASTEN_GAP_MS : requestedAtMs;
  return Math.max(formerRequestedAtMs + HASTEN_WINDOW_MS, gapEndsMs) - deps.clock.nowMs();
}

function isParking(failure: ExchangeFailure | null): boolean {
  return failure?.kind === 'parked' || failure?.kind === 'unauthenticated';
}

/** All three reads at once; one that fails fails the poll, after all have come back: polls never overlap (strategy 10.1). */
async function readAccount({ exchange, account }: ReadInput): Promise<Reading> {
  const reads = [exchange.positions(account), exchange.openOrders(account), exchange.accountSummary(account)] as const;
  const settled = await Promise.allSettled(reads);
  const failures = settled.flatMap((read) =>
    read.status === 'rejected' ? [toFailure(read.reason, 'account', account)] : [],
  );
  const failure = failures.find(isParking) ?? failures[0];
  if (failure !== undefined) throw failure;
  const [positions, openOrders, summary] = await Promise.all(reads);
  return { positions, openOrders, summary };
}

/** A symbol that first spoke while this poll was under way has orders that rested before: they are looked up as well. */
function watchedIn({ watched, watchedAtStart }: PollerContext): PollerContext['watchedAtStart'] {
  return watched === watchedAtStart ? watched : { ...watched, ...watchedAtStart };
}

/** Whether all watched orders are among the open ones. */
function isNothingMissing(context: PollerContext, { openOrders }: Reading): boolean {
  const open = new Set(openOrders.map((order) => order.clientOrderId));
  return Object.values(watchedIn(context)).every(
    ({ clientOrderIds, fillsSinceMs }) => fillsSinceMs === undefined && clientOrderIds.every((id) => open.has(id)),
  );
}

/** Which watched orders are missing, instrument by instrument, as many as fit, beginning where the last poll ended. */
function planLookups(
  context: PollerContext,
  reading: Reading,
): Pick<PollerContext, 'reading' | 'watchedAtStart' | 'toLookUp' | 'postponed' | 'lookedUpLast'> {
  const open = new Set(reading.openOrders.map((order) => order.clientOrderId));
  const watchedAtStart = watchedIn(context);
  const names = Object.keys(watchedAtStart).sort();
  const turn = names.findIndex((name) => name > context.lookedUpLast);
  const inTurn = turn === -1 ? names : [...names.slice(turn), ...names.slice(0, turn)];
  const toLookUp: WatchedOrder[] = [];
  const postponed: string[] = [];
  let lookedUpLast = context.lookedUpLast;
  for (const instrument of inTurn) {
    const watch = watchedAtStart[instrument];
    const missing = watch?.clientOrderIds.filter((id) => !open.has(id)) ?? [];
    if (missing.length === 0) continue;
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

/** One symbol's part of a poll (strategy 10.1): its position, and strategy orders only. */
function sliceFor(instrument: string, snapshot: AccountSnapshot, absent: readonly string[]): SymbolSnapshot {
  const { account, requestedAtMs, era, receivedAtMs } = snapshot;
  const open = snapshot.openOrders.filter((order) => order.instrument === instrument);
  const found = snapshot.lookups.flatMap(({ order }) =>
    order !== null && order.instrument === instrument ? [order] : [],
  );
  return {
    account,
    requestedAtMs,
    era,
    receivedAtMs,
    position: snapshot.positions.find((position) => position.instrument === instrument) ?? null,
    ...(snapshot.positions.from === undefined ? {} : { positionFrom: snapshot.positions.from }),
    orders: [...open, ...found].filter(isOwnOrder),
    ...(found.length === 0 ? {} : { lookedUp: found.map((order) => order.clientOrderId) }),
    absent,
  };
}

function wholeSnapshot(context: PollerContext): AccountSnapshot {
  const { reading, results, requestedAtMs, era, deps } = context;
  if (reading === null) throw new Error('a poll without a reading was to be delivered');
  const receivedAtMs = deps.clock.nowMs();
  return { account: deps.account, requestedAtMs, era, receivedAtMs, ...reading, lookups: results.lookups };
}

/** Ids of an instrument that were looked up and are not known. */
function absentOf(context: PollerContext, instrument: string): string[] {
  const mine = new Set(context.watchedAtStart[instrument]?.clientOrderIds);
  return context.results.lookups.flatMap(({ clientOrderId, order }) =>
    order === null && mine.has(clientOrderId) ? [clientOrderId] : [],
  );
}

interface ReadInput {
  readonly exchange: Exchange;
  readonly account: AccountName;
}

interface LookupInput extends ReadInput {
  readonly orders: readonly WatchedOrder[];
  readonly requestedAtMs: number;
  /** How far back the fills are read; null: nobody asks for them. */
  readonly fillsSinceMs: number | null;
}

const readInput = ({ context }: Args): ReadInput => ({
  exchange: context.deps.exchange,
  account: context.deps.account,
});
const lookupInput = ({ context }: Args): LookupInput => ({
  ...readInput({ context }),
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

type Message =
  | SnapshotReceived
  | SnapshotFailed
  | PollerStarted
  | AccountPolled
  | AccountFailed
  | AccountParked
  | AccountUnparked;

/** Sends to whoever runs under that name; who is not there is not told. */
function tell({ enqueue, system }: { enqueue: unknown; system: unknown }, systemId: string, message: Message): void {
  const target = (system as { get(id: string): AnyActorRef | undefined }).get(systemId);
  const hands = enqueue as { sendTo(target: AnyActorRef, message: Message): void };
  if (target !== undefined) hands.sendTo(target, message);
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
    isHastened: ({ context }) => context.hastened,
    budgetAllows: ({ context }) => untilBudgetAllows(context) <= 0,
  },
  delays: {
    interval: ({ context }) => context.deps.loopIntervalMs,
    // Never longer than the window: our clock may have been set back since.
    untilBudgetAllows: ({ context }) => Math.min(HASTEN_WINDOW_MS, Math.max(0, untilBudgetAllows(context))),
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
    noteInstruments: assign(({ context }, { instruments }: InstrumentsPolled) => ({
      deps: { ...context.deps, instruments },
    })),
    greetSymbols: enqueueActions(({ context, enqueue, system }) => {
      const { account, instruments } = context.deps;
      for (const instrument of instruments) {
        tell({ enqueue, system }, `symbol:${instrument}`, { type: 'poller.started', account });
      }
    }),
    beginPoll: assign({
      requestedAtMs: ({ context }) => context.deps.clock.nowMs(),
      formerRequestedAtMs: ({ context }) => context.requestedAtMs,
      era: ({ context }) => context.deps.clock.era(),
      watchedAtStart: ({ context }) => context.watched,
      reading: null,
      toLookUp: [],
      postponed: [],
      results: NO_RESULTS,
      failure: null,
      hastened: false,
      wasAskedFor: ({ context }) => context.nextIsAskedFor,
      nextIsAskedFor: false,
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
      watchedAtStart: watchedIn(context),
      failedLookups: NONE_FAILED,
    })),
    planLookups: assign(({ context }, params: { reading: Reading }) => planLookups(context, params.reading)),
    noteLookups: assign(({ context }, { output }: { output: LookupResults }) => ({
      results: output,
      failedLookups: failedAfter(context, output),
    })),
    noteFailure: assign(({ context }, params: { thrown: unknown }) => ({
      failure: failureOf(params.thrown, context.deps.account),
      failuresInARow: context.failuresInARow + 1,
    })),
    noteHastened: assign({ hastened: true }),
    noteAskedFor: assign({ nextIsAskedFor: true }),
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
      const snapshot = wholeSnapshot(context);
      for (const instrument of context.deps.instruments) {
        const failure = context.results.failed[instrument];
        if (failure !== undefined) {
          const { account, clock } = context.deps;
          const message: SnapshotFailed = { type: 'snapshot.failed', account, failure, atMs: clock.nowMs() };
          tell({ enqueue, system }, `symbol:${instrument}`, message);
        } else if (!context.postponed.includes(instrument)) {
          const slice = sliceFor(instrument, snapshot, absentOf(context, instrument));
          const whole = { ...slice, ...fillsFor(context, instrument) };
          tell({ enqueue, system }, `symbol:${instrument}`, { type: 'snapshot.received', snapshot: whole });
        }
      }
      const failedLookups = Object.values(context.failedLookups);
      tell({ enqueue, system }, 'daemon', { type: 'account.polled', snapshot, failedLookups });
    }),
    tellFailed: enqueueActions(({ context, enqueue, system }) => {
      const { account, clock, instruments } = context.deps;
      const { failure, failuresInARow } = context;
      if (failure === null) return;
      const atMs = clock.nowMs();
      for (const instrument of instruments) {
        tell({ enqueue, system }, `symbol:${instrument}`, { type: 'snapshot.failed', account, failure, atMs });
      }
      const message: AccountFailed = { type: 'account.failed', account, failure, inARow: failuresInARow, atMs };
      tell({ enqueue, system }, 'daemon', message);
    }),
    tellParked: enqueueActions(({ context, enqueue, system }) => {
      const { account } = context.deps;
      const { failure, isParked } = context;
      if (failure === null || isParked) return;
      for (const systemId of ['gateway', 'daemon']) {
        tell({ enqueue, system }, systemId, { type: 'account.parked', account, failure });
      }
    }),
    tellUnparked: enqueueActions(({ context, enqueue, system }) => {
      const { account } = context.deps;
      if (context.isParked === false || context.parkAfterPoll) return;
      for (const systemId of ['gateway', 'daemon']) {
        tell({ enqueue, system }, systemId, { type: 'account.unparked', account });
      }
      enqueue.assign({ isParked: false });
    }),
  },
}).createMachine({
  id: 'account-poller',
  context: begin,
  initial: 'polling',
  entry: 'greetSymbols',
  on: {
    'orders.watched': { actions: { type: 'noteWatched', params: whole } },
    'instruments.polled': { actions: { type: 'noteInstruments', params: whole } },
  },
  states: {
    polling: {
      description: 'Reads the account (10.1).',
      entry: 'beginPoll',
      initial: 'reading',
      on: {
        'poll.hasten': { actions: 'noteHastened' },
        'account.parked': { actions: 'noteParkAfterPoll' },
      },
      states: {
        reading: {
          description:
            'Positions, open orders and account summary, at once. Are all watched orders among the open ones? An order that is not is looked up, never assumed gone (10.2).',
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
      entry: ['noteSuccess', 'tellUnparked', 'reportPolled', 'deliver'],
      always: [
        { guard: 'mustPark', target: 'parked' },
        { guard: 'isHastened', target: 'hastening' },
      ],
      after: { interval: 'polling' },
      on: { 'poll.hasten': 'hastening', 'account.parked': 'parked' },
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
    hastening: {
      description:
        'Asked to poll early: at once, but never a third time within a second, nor right after a poll that was asked for (10.6).',
      entry: 'noteAskedFor',
      always: { guard: 'budgetAllows', target: 'polling' },
      after: { untilBudgetAllows: 'polling' },
      on: { 'account.parked': 'parked' },
    },
    'backing-off': {
      description: 'The last poll failed: waits longer each time. Nothing hastens it.',
      after: { backOff: 'polling' },
      on: { 'account.parked': 'parked' },
    },
    parked: {
      description: 'This account must not go on (9.8): asks slowly whether it may again. Nothing hastens it.',
      entry: 'noteParked',
      after: { parkedRetry: 'polling' },
    },
  },
});

/** `readAccount` throws failures; anything else is a defect of ours, told as one. */
function failureOf(thrown: unknown, account: AccountName): ExchangeFailure {
  if (typeof thrown === 'object' && thrown !== null && 'kind' in thrown && 'call' in thrown)
    return thrown as ExchangeFailure;
  return toFailure(thrown, 'account', account);
}
