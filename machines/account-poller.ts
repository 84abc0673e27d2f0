import { type AnyActorRef, fromPromise, type SnapshotFrom, setup } from 'xstate';
import { type Decimal, ZERO } from '../src/core/decimal.ts';
import type {
  AccountParked,
  FrameReceived,
  InstrumentsPolled,
  LookupsDone,
  OrdersWatched,
  ReadingsTuned,
  StreamsReported,
} from '../src/core/messages.ts';
import type { AccountName } from '../src/core/model.ts';
import { fillsSince, isNothingMissing } from '../src/core/polling/lookups.ts';
import {
  initialPoller,
  isParking,
  type PollerBeginning,
  type PollerMemory,
  type Reading,
} from '../src/core/polling/memory.ts';
import {
  failureReported,
  frameReceived,
  freshSummary,
  instrumentsPolled,
  lookupFailed,
  lookupsDone,
  lookupsPlanned,
  lookupsTaken,
  ordersWatched,
  type PollerNow,
  type PollerStep,
  parkingReported,
  pollBegun,
  pollDelivered,
  pollFailed,
  readingsTuned,
  readingTaken,
  started,
  streamsReported,
  unparkingReported,
  viewDue,
} from '../src/core/polling/steps.ts';
import type { Reason } from '../src/core/reasons.ts';
import { dueAtMs } from '../src/core/view-streams.ts';
import type { EngineClock, Exchange, Reporter } from '../src/ports.ts';
import { type LookupInput, lookUp, lookUpAgain, readAccount } from './account-reads.ts';
import { type CallEnded, carryOut, eventOf, forEvents, forFailures } from './carry-out.ts';

/**
 * Maintains the view of one account (strategy 10.1): repeatedly reads positions and open orders, looks up own orders
 * missing there, regularly reads the summary, and merges stream frames (10.6). It sends changed slices to symbols,
 * changed own orders to the gateway, and each full read to the daemon.
 * A failed read never counts as an empty one: everybody who would have decided on it learns that there is no snapshot
 * (strategy 10.3).
 */

/** Pause after failures, doubling from the loop interval up to this: a venue that is down is asked twice a minute. */
export const BACK_OFF_MAX_MS = 30_000;
/** How often a parked account is tried again (strategy 9.8): an operator may be unlocking it. */
export const PARKED_RETRY_MS = 30_000;
interface PollerDeps {
  readonly exchange: Exchange;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Makes the account's streams reconnect (strategy 10.6). Absent: there are none. */
  readonly reconnectStreams?: (account: AccountName, why: Reason) => void;
}

export type PollerInput = PollerBeginning & PollerDeps;

interface PollerContext {
  readonly deps: PollerDeps;
  readonly memory: PollerMemory;
  /** When the view's timer is due; null: not before another message. */
  readonly dueAtMs: number | null;
}

/** The result of the reads. */
type ReadingEnded =
  | { readonly type: 'reading.done'; readonly reading: Reading }
  | { readonly type: 'reading.failed'; readonly thrown: unknown };

/** The view's timer is due: {@link dueAtMs}. */
interface ViewDue {
  readonly type: 'view.due';
}

const calls = {
  lookUpMissing: fromPromise(({ input }: { input: LookupInput }) => lookUp(input)),
};

export type PollerEvent =
  | OrdersWatched
  | InstrumentsPolled
  | ReadingsTuned
  | FrameReceived
  | StreamsReported
  | AccountParked
  | ReadingEnded
  | LookupsDone
  | ViewDue
  | CallEnded<typeof calls>;

function begin({ input }: { input: PollerInput }): PollerContext {
  const { exchange, clock, reporter, reconnectStreams, ...beginning } = input;
  const deps = { exchange, clock, reporter, ...(reconnectStreams === undefined ? {} : { reconnectStreams }) };
  return { deps, memory: initialPoller(beginning), dueAtMs: null };
}

function nowOf({ deps: { clock, exchange } }: PollerContext): PollerNow {
  return { nowMs: clock.nowMs(), era: clock.era(), exchangeNowMs: exchange.exchangeNowMs() };
}

const lookupInput = ({ context: { deps, memory } }: { context: PollerContext }): LookupInput => ({
  exchange: deps.exchange,
  account: memory.account,
  orders: memory.poll.toLookUp,
  requestedAtMs: memory.poll.requestedAtMs,
  fillsSinceMs: fillsSince(memory.poll),
});

const poller = setup({
  types: { context: {} as PollerContext, events: {} as PollerEvent, input: {} as PollerInput },
  actors: calls,
  guards: {
    isNothingMissing: ({ context, event }) => isNothingMissing(context.memory, eventOf(event, 'reading.done').reading),
    isParking: ({ context }) => isParking(context.memory.failure),
    mustPark: ({ context }) => context.memory.parkAfterPoll,
  },
  delays: {
    interval: ({ context }) => context.memory.loopIntervalMs,
    backOff: ({ context: { memory } }) => {
      const { loopIntervalMs, failuresInARow } = memory;
      return Math.max(
        loopIntervalMs,
        Math.min(BACK_OFF_MAX_MS, loopIntervalMs * 2 ** Math.min(20, failuresInARow - 1)),
      );
    },
    parkedRetry: PARKED_RETRY_MS,
  },
});

/** Carries out a step: memory, reporter, messages, then requests to streams and exchange. */
function perform(stepOf: (memory: PollerMemory, now: PollerNow, event: PollerEvent) => PollerStep) {
  return poller.enqueueActions((args) => {
    const { context, event, enqueue, self } = args;
    const { deps, memory } = context;
    const { account } = memory;
    const { reconnect = null, lookUp: ids = [], ...rest } = stepOf(memory, nowOf(context), event);
    carryOut(args, rest);
    if (reconnect !== null) enqueue(() => deps.reconnectStreams?.(account, reconnect));
    if (ids.length === 0) return;
    const failed = (thrown: unknown) => deps.reporter.report(lookupFailed(memory, nowOf(context), thrown));
    enqueue(() => {
      lookUpAgain(deps.exchange, account, ids, failed).then((lookups) => self.send({ type: 'lookups.done', lookups }));
    });
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const pollerSetup = poller.extend({
  actions: {
    start: perform(started),
    noteWatched: on('orders.watched', ordersWatched),
    retune: on('readings.tuned', readingsTuned),
    noteInstruments: on('instruments.polled', instrumentsPolled),
    foldFrame: on('frame.received', frameReceived),
    foldStreams: on('streams.reported', streamsReported),
    foldLookups: on('lookups.done', lookupsDone),
    foldTime: perform(viewDue),
    wakeWhenDue: poller.enqueueActions(({ context, event, enqueue }) => {
      const dueMs = dueAtMs(context.memory.view);
      // The timer has fired.
      if (dueMs === context.dueAtMs && event.type !== 'view.due') return;
      enqueue.cancel('view.due');
      enqueue.assign({ dueAtMs: dueMs });
      if (dueMs === null) return;
      const delay = Math.max(0, dueMs - context.deps.clock.nowMs());
      enqueue.raise({ type: 'view.due' }, { id: 'view.due', delay });
    }),
    beginPoll: perform(pollBegun),
    // Not an actor, because starting one per poll is a large part of a poll's cost.
    read: ({ context: { deps, memory }, self }) => {
      const ended = (event: ReadingEnded) => self.send(event);
      readAccount({ exchange: deps.exchange, account: memory.account, summary: freshSummary(memory) }).then(
        (reading) => ended({ type: 'reading.done', reading }),
        (thrown: unknown) => ended({ type: 'reading.failed', thrown }),
      );
    },
    noteReading: on('reading.done', readingTaken),
    planLookups: on('reading.done', lookupsPlanned),
    takeLookups: on('xstate.done.actor.lookUpMissing', (memory, now, { output }) => lookupsTaken(memory, now, output)),
    noteFailure: on('reading.failed', (memory, now, { thrown }) => pollFailed(memory, now, thrown)),
    noteDefect: onFailure(pollFailed),
    noteParkAfterPoll: perform(() => ({ change: { parkAfterPoll: true } })),
    noteParked: perform(() => ({ change: { isParked: true, parkAfterPoll: false } })),
    deliver: perform(pollDelivered),
    reportFailed: perform(failureReported),
    reportParked: perform(parkingReported),
    reportUnparked: perform(unparkingReported),
  },
});

export const accountPollerMachine = pollerSetup.createMachine({
  id: 'account-poller',
  context: begin,
  initial: 'polling',
  entry: ['start'],
  on: {
    'orders.watched': { actions: 'noteWatched' },
    'instruments.polled': { actions: 'noteInstruments' },
    'readings.tuned': { actions: 'retune' },
    'frame.received': { actions: ['foldFrame', 'wakeWhenDue'] },
    'streams.reported': { actions: ['foldStreams', 'wakeWhenDue'] },
    'lookups.done': { actions: ['foldLookups', 'wakeWhenDue'] },
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
            'Positions, open orders and now and then the summary, at once. Are all own orders among the open ones? One that is not is looked up, never assumed gone, unless an intact stream has reported its end (10.2).',
          entry: 'read',
          on: {
            'reading.done': [
              {
                guard: 'isNothingMissing',
                target: '#account-poller.waiting',
                actions: 'noteReading',
              },
              { target: 'looking-up', actions: 'planLookups' },
            ],
            'reading.failed': { target: '#account-poller.failed', actions: 'noteFailure' },
          },
        },
        'looking-up': {
          description:
            'Asks for the missing orders, and reads the history for those the exchange no longer knows (10.2); reads the fills that a difference is to be explained by (10.5).',
          invoke: {
            id: 'lookUpMissing',
            src: 'lookUpMissing',
            input: lookupInput,
            onDone: { target: '#account-poller.waiting', actions: 'takeLookups' },
            onError: { target: '#account-poller.failed', actions: 'noteDefect' },
          },
        },
      },
    },
    waiting: {
      description:
        'Hands each symbol its slice and the daemon the whole; then waits for the loop interval, after the work (10.1).',
      entry: ['reportUnparked', 'deliver', 'wakeWhenDue'],
      always: { guard: 'mustPark', target: 'parked' },
      after: { interval: 'polling' },
      on: { 'account.parked': 'parked' },
    },
    failed: {
      description: 'No snapshot: says so, and never an empty one (10.3).',
      entry: 'reportFailed',
      always: [
        { guard: 'isParking', target: 'parked', actions: 'reportParked' },
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

/** The position in the view of a running poller, base units; null: it does not run, or has not read it yet. */
export function readSizeOf(actor: AnyActorRef | undefined, instrument: string): Decimal | null {
  const snapshot: SnapshotFrom<typeof accountPollerMachine> | undefined = actor?.getSnapshot();
  const part = snapshot?.context.memory.view.parts[instrument];
  if (part === undefined || part.provenAtMs === null) return null;
  return part.position?.size ?? ZERO;
}
