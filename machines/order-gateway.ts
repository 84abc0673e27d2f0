import { fromPromise, setup } from 'xstate';
import { whyOf } from '../src/core/error-text.ts';
import { toFailure } from '../src/core/failure.ts';
import {
  attemptPrepared,
  cancellationReported,
  cancelRequested,
  childDone,
  childFailed,
  hasJobFor,
  orderLost,
  orderSeen,
  streamsChanged,
  submissionReported,
  touchRequested,
} from '../src/core/gateway/children.ts';
import {
  DRAINING,
  type GatewayBeginning,
  type GatewayMemory,
  initialGateway,
  isNothingInFlight,
  isParkedFor,
  parkedResult,
  type Register,
  type Submitter,
  whyNotLeave,
  withNextSequence,
} from '../src/core/gateway/memory.ts';
import { intentAccepted, intentsOutdated, turnedAway } from '../src/core/gateway/queue.ts';
import {
  accountParked,
  accountUnparked,
  draining,
  idleReported,
  ordersTakenUp,
  parkingFound,
  rulesTaken,
  settingsTaken,
  symbolsInformed,
} from '../src/core/gateway/standing.ts';
import { type GatewayCommand, type GatewayStep, remembered, type TouchAnswer } from '../src/core/gateway/step.ts';
import type { PreparedOrder } from '../src/core/journal-entry.ts';
import type {
  AccountParked,
  AccountUnparked,
  CancellationReport,
  InstrumentListed,
  IntentsOutdated,
  OrderCancel,
  OrderResolve,
  OrderSeen,
  OrderSubmit,
  ParkingFound,
  StreamsChanged,
  SubmissionPrepared,
  SubmissionReport,
  SubmissionsTuned,
  TouchRequest,
  TradingDrain,
} from '../src/core/messages.ts';
import { withEntry } from '../src/core/price-table.ts';
import { pricesToGoBeyond, touchOf } from '../src/core/pricing.ts';
import { reason } from '../src/core/reasons.ts';
import { ORPHANED } from '../src/core/submission/quote.ts';
import type { EngineClock, Exchange, Journal, Reporter } from '../src/ports.ts';
import { cancellationMachine } from './cancellation.ts';
import { eventOf, forEvents, send } from './carry-out.ts';
import { submissionMachine } from './submission.ts';
import type { RegisterAccess } from './submission-calls.ts';

/**
 * The only way to the exchange for orders of both accounts (strategy 9.1): one submission at a time per account and
 * symbol, cancels at once, unknown outcomes looked up in the background. It keeps the prices in use, so that no order
 * of A can match one of B (strategy 6.6), and the order sequence (strategy 9.2).
 * It makes no trading decisions and books no fills; it reports to each symbol how its submissions end.
 */

type ChildDone = { type: `xstate.done.actor.${string}`; output: unknown; actorId: string };
type ChildFailed = { type: `xstate.error.actor.${string}`; error: unknown; actorId: string };

export type GatewayEvent =
  | OrderSubmit
  | IntentsOutdated
  | OrderCancel
  | OrderResolve
  | TouchRequest
  | OrderSeen
  | StreamsChanged
  | SubmissionPrepared
  | SubmissionReport
  | CancellationReport
  | ParkingFound
  | AccountParked
  | AccountUnparked
  | TradingDrain
  | InstrumentListed
  | SubmissionsTuned
  | ChildDone
  | ChildFailed;

interface GatewayDeps {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Prepared orders of unknown outcome, from a crash or a failed gateway. */
  readonly unsettled: readonly PreparedOrder[];
}

export interface GatewayInput extends GatewayDeps, GatewayBeginning {}

interface GatewayContext {
  readonly deps: GatewayDeps;
  readonly shared: SharedRegister;
  readonly memory: GatewayMemory;
}

/** The register as submissions use it between their steps (strategy 6.6, 9.2). */
class SharedRegister {
  current: Register;
  /** Whether its gateway has failed: its children run on, unknown to the replacement (strategy 9.1). */
  isOrphaned: () => boolean = () => false;

  constructor(register: Register) {
    this.current = register;
  }

  /** The interface for one submission. */
  forSubmission(number: number, order: Submitter, { clock }: GatewayDeps): RegisterAccess {
    return {
      nextSequence: () => {
        const register = withNextSequence(this.current, clock.nowMs());
        this.current = register;
        return register.lastSequence;
      },
      pricesToGoBeyond: (priced) => pricesToGoBeyond(this.current.prices, priced),
      reserve: (priced) => {
        this.current = { ...this.current, prices: withEntry(this.current.prices, priced, number) };
      },
      isOrphaned: () => this.isOrphaned(),
      whyNot: () => (this.isOrphaned() ? ORPHANED : whyNotLeave(this.current, number, order)),
    };
  }
}

function begin({ input }: { input: GatewayInput }): GatewayContext {
  const { exchange, journal, clock, reporter, unsettled, ...beginning } = input;
  const memory = initialGateway(beginning);
  return {
    deps: { exchange, journal, clock, reporter, unsettled },
    shared: new SharedRegister(memory.register),
    memory,
  };
}

interface TouchInput extends Pick<GatewayDeps, 'exchange' | 'clock'> {
  readonly instrument: string;
}

/** The best prices of a fresh book (strategy 3.1, 7.4). */
async function readTouch({ exchange, clock, instrument }: TouchInput): Promise<TouchAnswer> {
  try {
    const touch = touchOf(await exchange.book(instrument));
    const atMs = clock.nowMs();
    if (!touch.ok) return { type: 'touch.failed', why: touch.why, atMs };
    return { type: 'touch.received', bid: touch.bid, ask: touch.ask, atMs };
  } catch (thrown) {
    const failure = toFailure(thrown, 'book', null);
    return { type: 'touch.failed', why: reason('book-unread', '7.4'), failure, atMs: clock.nowMs() };
  }
}

/** The journal's record of an order, for the log; an unreadable journal is reported. */
function preparedFor({ journal, reporter, clock }: GatewayDeps, clientOrderId: string): PreparedOrder | null {
  try {
    return journal.latest('order.prepared', clientOrderId)?.body ?? null;
  } catch (thrown) {
    reporter.report({ type: 'journal.failed', atMs: clock.nowMs(), message: whyOf(thrown) });
    return null;
  }
}

const gateway = setup({
  types: {
    context: {} as GatewayContext,
    events: {} as GatewayEvent,
    input: {} as GatewayInput,
  },
  actors: {
    submission: submissionMachine,
    cancellation: cancellationMachine,
    readTouch: fromPromise(({ input }: { input: TouchInput }) => readTouch(input)),
  },
  guards: {
    mayRepairBesideParked: ({ context, event }) =>
      !isParkedFor(context.memory.parked, eventOf(event, 'order.submit').intent),
    isAnyParked: ({ context }) => context.memory.parked.length > 0,
    isNoneParked: ({ context }) => context.memory.parked.length === 0,
    isNothingInFlight: ({ context }) => isNothingInFlight(context.memory),
  },
});

/** Carries out a step: memory and register, facts, commands. */
function perform(
  stepOf: (memory: GatewayMemory, nowMs: number, event: GatewayEvent, deps: GatewayDeps) => GatewayStep,
) {
  return gateway.enqueueActions(({ context, event, enqueue, system }) => {
    const { deps, shared } = context;
    const step = stepOf({ ...context.memory, register: shared.current }, deps.clock.nowMs(), event, deps);
    const { memory, facts = [], commands } = step;
    shared.current = memory.register;
    enqueue.assign({ memory });
    for (const fact of facts) enqueue(() => deps.reporter.report(fact));
    for (const command of commands) {
      switch (command.do) {
        case 'send':
          send({ enqueue, system }, command.to, command.message);
          break;
        case 'send-child':
          enqueue.sendTo(command.childId, command.message);
          break;
        case 'submit':
          enqueue.spawnChild('submission', { id: command.childId, input: submissionInput(context, command) });
          break;
        case 'cancel':
          enqueue.spawnChild('cancellation', { id: command.childId, input: cancellationInput(context, command) });
          break;
        case 'read-touch': {
          const { exchange, clock } = deps;
          const input = { exchange, clock, instrument: command.instrument };
          enqueue.spawnChild('readTouch', { id: command.childId, input });
          break;
        }
        case 'stop':
          enqueue.stopChild(command.childId);
          break;
      }
    }
  });
}

type Do<D extends GatewayCommand['do']> = Extract<GatewayCommand, { readonly do: D }>;

function submissionInput(
  { deps, shared, memory: { settings, instruments } }: GatewayContext,
  { childId, number, order, intact, task }: Do<'submit'>,
) {
  const access = shared.forSubmission(number, order, deps);
  return { childId, deps: { ...deps, settings, instruments }, shared: access, intact, task };
}

function cancellationInput({ deps }: GatewayContext, { childId, request, intact }: Do<'cancel'>) {
  const { account, instrument, clientOrderId } = request;
  const { exchange, clock, reporter } = deps;
  return { childId, account, instrument, clientOrderId, exchange, clock, reporter, intact };
}

const on = forEvents(perform);

const gatewaySetup = gateway.extend({
  actions: {
    ownRegister: ({ context, self }) => {
      context.shared.isOrphaned = () => self.getSnapshot().status !== 'active';
    },
    resolveUnsettled: perform((memory, _nowMs, _event, { unsettled }) => ordersTakenUp(memory, unsettled)),
    greetSymbols: perform((memory, nowMs, _event, { unsettled }) => symbolsInformed(memory, nowMs, unsettled)),
    acceptIntent: on('order.submit', (memory, nowMs, { intent }) => intentAccepted(memory, nowMs, intent)),
    turnAwayAsParked: on('order.submit', (memory, nowMs, { intent }) =>
      turnedAway(memory, nowMs, intent, parkedResult(memory.parked)),
    ),
    denyAsDraining: on('order.submit', (memory, nowMs, { intent }) => turnedAway(memory, nowMs, intent, DRAINING)),
    addSent: on('submission.prepared', attemptPrepared),
    endSubmission: on('submission.reported', submissionReported),
    startCancel: on('order.cancel', cancelRequested),
    endCancel: on('cancellation.reported', cancellationReported),
    withdrawIntents: on('intents.outdated', (memory, nowMs, { instrument }) =>
      intentsOutdated(memory, nowMs, instrument),
    ),
    resolveOrder: on('order.resolve', (memory, _nowMs, request, deps) =>
      hasJobFor(memory, request.clientOrderId)
        ? remembered(memory)
        : orderLost(memory, request, preparedFor(deps, request.clientOrderId)),
    ),
    forwardSeen: on('order.seen', orderSeen),
    forwardStreams: on('streams.changed', streamsChanged),
    readTouch: on('touch.request', touchRequested),
    dropChild: perform((memory, nowMs, event) =>
      'output' in event ? childDone(memory, nowMs, event.actorId, event.output) : remembered(memory),
    ),
    replaceChild: perform((memory, nowMs, event) =>
      'error' in event ? childFailed(memory, nowMs, event.actorId, event.error) : remembered(memory),
    ),
    parkAndReport: on('parking.found', parkingFound),
    park: on('account.parked', accountParked),
    unpark: on('account.unparked', accountUnparked),
    takeSettings: on('submissions.tuned', settingsTaken),
    takeRules: on('instrument.listed', rulesTaken),
    haltAsDraining: perform(draining),
    reportIdle: perform(idleReported),
  },
});

export const orderGatewayMachine = gatewaySetup.createMachine({
  id: 'order-gateway',
  context: begin,
  initial: 'trading',
  entry: ['ownRegister', 'resolveUnsettled', 'greetSymbols'],
  on: {
    'submission.prepared': { actions: 'addSent' },
    'submission.reported': { actions: 'endSubmission' },
    'cancellation.reported': { actions: 'endCancel' },
    'submissions.tuned': { actions: 'takeSettings' },
    'intents.outdated': { actions: 'withdrawIntents' },
    'order.cancel': { actions: 'startCancel' },
    'order.resolve': { actions: 'resolveOrder' },
    'order.seen': { actions: 'forwardSeen' },
    'streams.changed': { actions: 'forwardStreams' },
    'touch.request': { actions: 'readTouch' },
    'instrument.listed': { actions: 'takeRules' },
    'parking.found': { actions: 'parkAndReport' },
    'account.parked': { actions: 'park' },
    'account.unparked': { actions: 'unpark' },
    'xstate.done.actor.*': { actions: 'dropChild' },
    'xstate.error.actor.*': { actions: 'replaceChild' },
  },
  states: {
    trading: {
      description:
        'Takes intents: one submission at a time per account and symbol, the others wait in its queue (9.1).',
      on: {
        'order.submit': { actions: 'acceptIntent' },
        'trading.drain': 'draining',
      },
      always: { guard: 'isAnyParked', target: 'parked' },
    },
    parked: {
      description:
        'An account is parked: it creates nothing, the other one repairs and does not open. Cancels and questions go on (9.8).',
      on: {
        'order.submit': [{ guard: 'mayRepairBesideParked', actions: 'acceptIntent' }, { actions: 'turnAwayAsParked' }],
        'trading.drain': 'draining',
      },
      always: { guard: 'isNoneParked', target: 'trading' },
    },
    draining: {
      description: 'The engine stops: no create leaves any more, what is in flight is settled (13.1).',
      entry: 'haltAsDraining',
      on: { 'order.submit': { actions: 'denyAsDraining' } },
      always: { guard: 'isNothingInFlight', target: 'idle' },
    },
    idle: {
      description: 'Nothing is queued or in flight; orders of unknown outcome are still being found out (13.1).',
      entry: 'reportIdle',
      on: { 'order.submit': { actions: 'denyAsDraining' } },
    },
  },
});
