import { type AnyActorRef, assign, enqueueActions, fromPromise, setup } from 'xstate';
import { toFailure } from '../src/core/failure.ts';
import type {
  AccountParked,
  AccountUnparked,
  CancellationTold,
  GatewayToSymbol,
  InstrumentListed,
  IntentsOutdated,
  OrderCancel,
  OrderResolve,
  OrderSeen,
  OrderSubmit,
  ParkingFound,
  StreamsChanged,
  SubmissionPrepared,
  SubmissionsTuned,
  SubmissionTold,
  TouchRequest,
  TradingDrain,
} from '../src/core/messages.ts';
import { ACCOUNTS } from '../src/core/model.ts';
import { touchOf } from '../src/core/pricing.ts';
import { reason } from '../src/core/reasons.ts';
import { type CancellationInput, cancellationMachine } from './cancellation.ts';
import {
  accept,
  begin,
  type Command,
  DRAINING,
  type GatewayContext,
  type GatewayInput,
  halt,
  idle,
  isParkedFor,
  noteCancelTold,
  noteDone,
  noteFailed,
  noteSent,
  noteTold,
  orderSeen,
  park,
  parkedResult,
  parkFound,
  resolve,
  type Step,
  startCancel,
  startTouch,
  streamsChanged,
  type TouchAnswer,
  type TouchInput,
  takeUp,
  turnAway,
  withdraw,
} from './order-gateway-steps.ts';
import { submissionMachine } from './submission.ts';
import type { SubmissionInput } from './submission-steps.ts';

/**
 * The one way to the exchange for orders, both accounts (strategy 9.1): per account and symbol one submission at a time;
 * cancels go at once; orders of unknown outcome are found out in the background. It keeps the prices given out, so that no
 * order of A can match one of B (strategy 6.6), and the order sequence (strategy 9.2).
 *
 * It decides nothing about trading and books no fill; it tells each symbol how its submissions end.
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
  | SubmissionTold
  | CancellationTold
  | ParkingFound
  | AccountParked
  | AccountUnparked
  | TradingDrain
  | InstrumentListed
  | SubmissionsTuned
  | ChildDone
  | ChildFailed;

/** What the chart needs of XState to carry a step out; messages go by `sendTo`, so that the inspector knows who sent them. */
interface Hands {
  assign(context: GatewayContext): void;
  sendTo(target: AnyActorRef, event: { type: string }): void;
  spawnChild(src: 'submission', options: { id: string; input: SubmissionInput }): void;
  spawnChild(src: 'cancellation', options: { id: string; input: CancellationInput }): void;
  spawnChild(src: 'readTouch', options: { id: string; input: TouchInput }): void;
  stopChild(id: string): void;
}

interface Directory {
  get(systemId: string): AnyActorRef | undefined;
}

/** Does what a step says. Who is not there is not told: a symbol that was stopped needs no answer. */
function carryOut(step: Step, { enqueue, system }: { enqueue: unknown; system: unknown }): void {
  const hands = enqueue as Hands;
  const directory = system as Directory;
  const tell = (target: AnyActorRef | string | undefined, message: { type: string }): void => {
    if (target !== undefined) hands.sendTo(target as AnyActorRef, message);
  };
  hands.assign(step.context);
  for (const command of step.commands) {
    switch (command.do) {
      case 'tell-symbol':
        tell(directory.get(`symbol:${command.instrument}`), command.message);
        break;
      case 'tell':
        tell(directory.get(command.systemId), command.message);
        break;
      case 'tell-child':
        tell(command.childId, command.message);
        break;
      case 'submit':
        hands.spawnChild('submission', { id: command.childId, input: command.input });
        break;
      case 'cancel':
        hands.spawnChild('cancellation', { id: command.childId, input: command.input });
        break;
      case 'read-touch':
        hands.spawnChild('readTouch', { id: command.childId, input: command.input });
        break;
      case 'stop':
        hands.stopChild(command.childId);
        break;
    }
  }
}

/** The touch of a fresh book (strategy 3.1, 7.4). */
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

const whole = <E>({ event }: { event: E }) => event;

// ---- the chart ------------------------------------------------------------------------------------------------------

export const orderGatewayMachine = setup({
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
    repairsBesideParked: ({ context, event }) =>
      event.type === 'order.submit' && !isParkedFor(context.parked, event.intent),
    isAnyParked: ({ context }) => context.parked.length > 0,
    isNoneParked: ({ context }) => context.parked.length === 0,
    isNothingInFlight: ({ context }) =>
      Object.keys(context.active).length === 0 &&
      ACCOUNTS.every((account) => context.queues[account].length === 0) &&
      Object.values(context.jobs).every((job) => job.kind !== 'cancel'),
  },
  actions: {
    ownDesk: ({ context, self }) => {
      context.desk.isOrphaned = () => self.getSnapshot().status !== 'active';
    },
    takeUpUnsettled: enqueueActions(({ context, enqueue, system }) => carryOut(takeUp(context), { enqueue, system })),
    greetSymbols: enqueueActions(({ context, enqueue, system }) => {
      const unsettled = context.deps.unsettled.map(({ intent, clientOrderId }) => ({
        account: intent.account,
        clientOrderId,
      }));
      const message: GatewayToSymbol = { type: 'gateway.started', unsettled, atMs: context.deps.clock.nowMs() };
      const commands = [...context.deps.instruments.keys()].map(
        (instrument): Command => ({ do: 'tell-symbol', instrument, message }),
      );
      carryOut({ context, commands }, { enqueue, system });
    }),
    acceptIntent: enqueueActions(({ context, enqueue, system }, { intent }: OrderSubmit) =>
      carryOut(accept(context, intent), { enqueue, system }),
    ),
    refuseAsParked: enqueueActions(({ context, enqueue, system }, { intent }: OrderSubmit) =>
      carryOut(turnAway(context, intent, parkedResult(context.parked)), { enqueue, system }),
    ),
    denyAsDraining: enqueueActions(({ context, enqueue, system }, { intent }: OrderSubmit) =>
      carryOut(turnAway(context, intent, DRAINING), { enqueue, system }),
    ),
    noteSent: enqueueActions(({ context, enqueue, system }, event: SubmissionPrepared) =>
      carryOut(noteSent(context, event), { enqueue, system }),
    ),
    noteTold: enqueueActions(({ context, enqueue, system }, event: SubmissionTold) =>
      carryOut(noteTold(context, event), { enqueue, system }),
    ),
    startCancel: enqueueActions(({ context, enqueue, system }, event: OrderCancel) =>
      carryOut(startCancel(context, event), { enqueue, system }),
    ),
    noteCancelTold: enqueueActions(({ context, enqueue, system }, event: CancellationTold) =>
      carryOut(noteCancelTold(context, event), { enqueue, system }),
    ),
    withdrawIntents: enqueueActions(({ context, enqueue, system }, { instrument }: IntentsOutdated) =>
      carryOut(withdraw(context, instrument), { enqueue, system }),
    ),
    resolveOrder: enqueueActions(({ context, enqueue, system }, event: OrderResolve) =>
      carryOut(resolve(context, event), { enqueue, system }),
    ),
    forwardSeen: enqueueActions(({ context, enqueue, system }, event: OrderSeen) =>
      carryOut(orderSeen(context, event), { enqueue, system }),
    ),
    forwardStreams: enqueueActions(({ context, enqueue, system }, event: StreamsChanged) =>
      carryOut(streamsChanged(context, event), { enqueue, system }),
    ),
    readTouch: enqueueActions(({ context, enqueue, system }, event: TouchRequest) =>
      carryOut(startTouch(context, event), { enqueue, system }),
    ),
    takeOutChild: enqueueActions(({ context, enqueue, system }, event: ChildDone) =>
      carryOut(noteDone(context, event.actorId, event.output), { enqueue, system }),
    ),
    takeOverFromChild: enqueueActions(({ context, enqueue, system }, event: ChildFailed) =>
      carryOut(noteFailed(context, event.actorId, event.error), { enqueue, system }),
    ),
    parkAsFound: enqueueActions(({ context, enqueue, system }, event: ParkingFound) =>
      carryOut(parkFound(context, event), { enqueue, system }),
    ),
    parkAsTold: enqueueActions(({ context, enqueue, system }, event: AccountParked) =>
      carryOut(park(context, event.account), { enqueue, system }),
    ),
    unpark: assign(({ context }, event: AccountUnparked) => {
      const parked = context.parked.filter((account) => account !== event.account);
      context.desk.parked = parked;
      return { parked };
    }),
    retune: assign(({ context }, { settings }: SubmissionsTuned) => ({ deps: { ...context.deps, settings } })),
    takeRules: assign(({ context }, { instrument }: InstrumentListed) => ({
      deps: { ...context.deps, instruments: new Map(context.deps.instruments).set(instrument.name, instrument) },
    })),
    haltAsDraining: enqueueActions(({ context, enqueue, system }) =>
      carryOut(halt(context, DRAINING), { enqueue, system }),
    ),
    tellIdle: enqueueActions(({ context, enqueue, system }) => carryOut(idle(context), { enqueue, system })),
  },
}).createMachine({
  id: 'order-gateway',
  context: begin,
  initial: 'trading',
  entry: ['ownDesk', 'takeUpUnsettled', 'greetSymbols'],
  on: {
    'submission.prepared': { actions: { type: 'noteSent', params: whole } },
    'submission.told': { actions: { type: 'noteTold', params: whole } },
    'cancellation.told': { actions: { type: 'noteCancelTold', params: whole } },
    'submissions.tuned': { actions: { type: 'retune', params: whole } },
    'intents.outdated': { actions: { type: 'withdrawIntents', params: whole } },
    'order.cancel': { actions: { type: 'startCancel', params: whole } },
    'order.resolve': { actions: { type: 'resolveOrder', params: whole } },
    'order.seen': { actions: { type: 'forwardSeen', params: whole } },
    'streams.changed': { actions: { type: 'forwardStreams', params: whole } },
    'touch.request': { actions: { type: 'readTouch', params: whole } },
    'instrument.listed': { actions: { type: 'takeRules', params: whole } },
    'parking.found': {
      actions: { type: 'parkAsFound', params: whole },
    },
    'account.parked': { actions: { type: 'parkAsTold', params: whole } },
    'account.unparked': { actions: { type: 'unpark', params: whole } },
    'xstate.done.actor.*': { actions: { type: 'takeOutChild', params: whole } },
    'xstate.error.actor.*': {
      actions: { type: 'takeOverFromChild', params: whole },
    },
  },
  states: {
    trading: {
      description:
        'Takes intents: one submission at a time per account and symbol, the others wait in its queue (9.1).',
      on: {
        'order.submit': { actions: { type: 'acceptIntent', params: whole } },
        'trading.drain': 'draining',
      },
      always: { guard: 'isAnyParked', target: 'parked' },
    },
    parked: {
      description:
        'An account is parked: it creates nothing, the other one repairs and does not open. Cancels and questions go on (9.8).',
      on: {
        'order.submit': [
          { guard: 'repairsBesideParked', actions: { type: 'acceptIntent', params: whole } },
          { actions: { type: 'refuseAsParked', params: whole } },
        ],
        'trading.drain': 'draining',
      },
      always: { guard: 'isNoneParked', target: 'trading' },
    },
    draining: {
      description: 'The engine stops: no create leaves any more, what is in flight is settled (13.1).',
      entry: 'haltAsDraining',
      on: { 'order.submit': { actions: { type: 'denyAsDraining', params: whole } } },
      always: { guard: 'isNothingInFlight', target: 'idle' },
    },
    idle: {
      description: 'Nothing is queued or in flight; orders of unknown outcome are still being found out (13.1).',
      entry: 'tellIdle',
      on: { 'order.submit': { actions: { type: 'denyAsDraining', params: whole } } },
    },
  },
});
