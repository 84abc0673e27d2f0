import { fromPromise, setup } from 'xstate';
import { toFailure } from '../src/core/failure.ts';
import type {
  AccountParked,
  AccountUnparked,
  CancellationTold,
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
import { touchOf } from '../src/core/pricing.ts';
import { reason } from '../src/core/reasons.ts';
import { cancellationMachine } from './cancellation.ts';
import { eventOf } from './event-of.ts';
import {
  accept,
  begin,
  DRAINING,
  type GatewayContext,
  type GatewayInput,
  greetSymbols,
  halt,
  idle,
  isNothingInFlight,
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
  unchanged,
  unpark,
  withDeps,
  withdraw,
} from './order-gateway-steps.ts';
import { send } from './send.ts';
import { submissionMachine } from './submission.ts';

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

// ---- the chart ------------------------------------------------------------------------------------------------------

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
    mayRepairBesideParked: ({ context, event }) => !isParkedFor(context.parked, eventOf(event, 'order.submit').intent),
    isAnyParked: ({ context }) => context.parked.length > 0,
    isNoneParked: ({ context }) => context.parked.length === 0,
    isNothingInFlight: ({ context }) => isNothingInFlight(context),
  },
});

/** An action that carries out a step: what is known first, then its commands, in their order. */
function perform(stepOf: (context: GatewayContext, event: GatewayEvent) => Step) {
  return gateway.enqueueActions(({ context, event, enqueue, system }) => {
    const step = stepOf(context, event);
    enqueue.assign(step.context);
    for (const command of step.commands) {
      switch (command.do) {
        case 'send':
          send({ enqueue, system }, command.to, command.message);
          break;
        case 'send-child':
          enqueue.sendTo(command.childId, command.message);
          break;
        case 'submit':
          enqueue.spawnChild('submission', { id: command.childId, input: command.input });
          break;
        case 'cancel':
          enqueue.spawnChild('cancellation', { id: command.childId, input: command.input });
          break;
        case 'read-touch':
          enqueue.spawnChild('readTouch', { id: command.childId, input: command.input });
          break;
        case 'stop':
          enqueue.stopChild(command.childId);
          break;
      }
    }
  });
}

/** {@link perform} for one type of event; the chart leads no other one there. */
function on<T extends GatewayEvent['type']>(
  type: T,
  stepOf: (context: GatewayContext, event: Extract<GatewayEvent, { readonly type: T }>) => Step,
) {
  return perform((context, event) => stepOf(context, eventOf(event, type)));
}

export const orderGatewayMachine = gateway
  .extend({
    actions: {
      ownDesk: ({ context, self }) => {
        context.desk.isOrphaned = () => self.getSnapshot().status !== 'active';
      },
      resolveUnsettled: perform(takeUp),
      greetSymbols: perform(greetSymbols),
      acceptIntent: on('order.submit', (context, { intent }) => accept(context, intent)),
      turnAwayAsParked: on('order.submit', (context, { intent }) =>
        turnAway(context, intent, parkedResult(context.parked)),
      ),
      denyAsDraining: on('order.submit', (context, { intent }) => turnAway(context, intent, DRAINING)),
      addSent: on('submission.prepared', noteSent),
      endSubmission: on('submission.told', noteTold),
      startCancel: on('order.cancel', startCancel),
      endCancel: on('cancellation.told', noteCancelTold),
      withdrawIntents: on('intents.outdated', (context, { instrument }) => withdraw(context, instrument)),
      resolveOrder: on('order.resolve', resolve),
      forwardSeen: on('order.seen', orderSeen),
      forwardStreams: on('streams.changed', streamsChanged),
      readTouch: on('touch.request', startTouch),
      dropChild: perform((context, event) =>
        'output' in event ? noteDone(context, event.actorId, event.output) : unchanged(context),
      ),
      replaceChild: perform((context, event) =>
        'error' in event ? noteFailed(context, event.actorId, event.error) : unchanged(context),
      ),
      parkAndReport: on('parking.found', parkFound),
      park: on('account.parked', (context, { account }) => park(context, account)),
      unpark: on('account.unparked', (context, { account }) => unpark(context, account)),
      takeSettings: on('submissions.tuned', (context, { settings }) => withDeps(context, { settings })),
      takeRules: on('instrument.listed', (context, { instrument }) =>
        withDeps(context, { instruments: new Map(context.deps.instruments).set(instrument.name, instrument) }),
      ),
      haltAsDraining: perform((context) => halt(context, DRAINING)),
      reportIdle: perform(idle),
    },
  })
  .createMachine({
    id: 'order-gateway',
    context: begin,
    initial: 'trading',
    entry: ['ownDesk', 'resolveUnsettled', 'greetSymbols'],
    on: {
      'submission.prepared': { actions: 'addSent' },
      'submission.told': { actions: 'endSubmission' },
      'cancellation.told': { actions: 'endCancel' },
      'submissions.tuned': { actions: 'takeSettings' },
      'intents.outdated': { actions: 'withdrawIntents' },
      'order.cancel': { actions: 'startCancel' },
      'order.resolve': { actions: 'resolveOrder' },
      'order.seen': { actions: 'forwardSeen' },
      'streams.changed': { actions: 'forwardStreams' },
      'touch.request': { actions: 'readTouch' },
      'instrument.listed': { actions: 'takeRules' },
      'parking.found': {
        actions: 'parkAndReport',
      },
      'account.parked': { actions: 'park' },
      'account.unparked': { actions: 'unpark' },
      'xstate.done.actor.*': { actions: 'dropChild' },
      'xstate.error.actor.*': {
        actions: 'replaceChild',
      },
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
          'order.submit': [
            { guard: 'mayRepairBesideParked', actions: 'acceptIntent' },
            { actions: 'turnAwayAsParked' },
          ],
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
