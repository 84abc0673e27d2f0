import { enqueueActions, fromPromise, setup } from 'xstate';
import {
  acknowledged,
  CANCEL_LOOKUPS_MAX,
  type CancellationBeginning,
  type CancellationMemory,
  type CancellationStep,
  ended,
  initialCancellation,
  isDueAgain,
  lookPause,
  lookUpBegun,
  parks,
  requested,
  requestFailed,
} from '../src/core/cancellation.ts';
import type { OrderSeen, StreamsChanged } from '../src/core/messages.ts';
import type { ExchangeOrder } from '../src/core/model.ts';
import { STREAM_SILENCE_MS } from '../src/core/submission/waits.ts';
import { isOver } from '../src/core/view-rows.ts';
import type { Clock, Exchange, Reporter } from '../src/ports.ts';
import { shareAnswer } from './submission-calls.ts';

/**
 * One cancel: requests it, then waits until the order's state shows its end (strategy 9.7), by streams or else REST
 * (9.4). An acknowledged cancel proves nothing, and a failed one may have happened: only the order's state counts.
 * After a bounded number of look-ups it gives up; the order is unchanged, and its symbol decides again.
 */

interface CancellationDeps {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

export type CancellationInput = CancellationBeginning & CancellationDeps;

interface CancellationContext {
  readonly deps: CancellationDeps;
  readonly memory: CancellationMemory;
}

type CancellationEvent = OrderSeen | StreamsChanged;
type Args = { context: CancellationContext };

function begin({ input }: { input: CancellationInput }): CancellationContext {
  const { exchange, clock, reporter, ...beginning } = input;
  return { deps: { exchange, clock, reporter }, memory: initialCancellation(beginning) };
}

const contextOf = ({ context }: Args) => context;
const outputOf = <T>({ event }: { event: { output: T } }) => event.output;
const thrownOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });
const whole = <E>({ event }: { event: E }) => event;

/** An action that carries out a step: memory, reporter, message to the gateway. */
function perform<P = undefined>(stepOf: (memory: CancellationMemory, nowMs: number, params: P) => CancellationStep) {
  return enqueueActions<
    CancellationContext,
    CancellationEvent,
    P,
    CancellationEvent,
    never,
    never,
    never,
    never,
    never
  >(({ context: { deps, memory }, enqueue }, params) => {
    const { change, fact, message } = stepOf(memory, deps.clock.nowMs(), params);
    if (change !== undefined) enqueue.assign({ memory: { ...memory, ...change } });
    if (fact !== undefined) enqueue(() => deps.reporter.report(fact));
    if (message !== undefined) enqueue.sendParent(message);
  });
}

export const cancellationMachine = setup({
  types: {
    context: {} as CancellationContext,
    events: {} as CancellationEvent,
    input: {} as CancellationInput,
  },
  actors: {
    requestCancel: fromPromise(({ input: { deps, memory } }: { input: CancellationContext }) =>
      deps.exchange.cancelOrder(memory.account, memory.clientOrderId, undefined, memory.instrument),
    ),
    lookUpOrder: fromPromise(({ input: { deps, memory } }: { input: CancellationContext }) =>
      deps.exchange.order(memory.account, memory.clientOrderId),
    ),
  },
  guards: {
    isOver: ({ context: { memory } }) => memory.seen !== null && isOver(memory.seen),
    tellsEnd: ({ context }, { order }: OrderSeen) =>
      order.clientOrderId === context.memory.clientOrderId && isOver(order),
    isFollowed: ({ context: { memory } }) => memory.intact && memory.acknowledged,
    looksUsedUp: ({ context }) => context.memory.looks >= CANCEL_LOOKUPS_MAX,
    isDueAgain: ({ context }) => isDueAgain(context.memory),
    accountMustStop: ({ context: { memory } }) =>
      memory.failure?.kind === 'parked' || memory.failure?.kind === 'unauthenticated',
  },
  delays: { streamSilence: STREAM_SILENCE_MS, lookPause: ({ context }) => lookPause(context.memory) },
  actions: {
    noteRequest: perform(requested),
    noteAcknowledged: perform(acknowledged),
    noteFailure: perform(requestFailed),
    shareAnswer: ({ context, system }, answer: ExchangeOrder | null) =>
      shareAnswer(system, context.memory.account, answer),
    noteSeen: perform((_memory, _nowMs, seen: ExchangeOrder | null) => ({ change: { seen } })),
    noteIntact: perform((_memory, _nowMs, { intact }: StreamsChanged) => ({ change: { intact } })),
    countLook: perform(lookUpBegun),
    park: perform(parks),
    endOver: perform(ended('over')),
    endFailed: perform(ended('failed')),
  },
}).createMachine({
  id: 'cancellation',
  context: begin,
  initial: 'requesting',
  on: {
    'order.seen': { guard: { type: 'tellsEnd', params: whole }, target: '.over' },
    'streams.changed': { actions: { type: 'noteIntact', params: whole } },
  },
  states: {
    requesting: {
      description: 'Asks the exchange to cancel the order by its client id.',
      entry: 'noteRequest',
      invoke: {
        src: 'requestCancel',
        input: contextOf,
        onDone: { target: 'waiting', actions: 'noteAcknowledged' },
        onError: { target: 'weighing-failure', actions: { type: 'noteFailure', params: thrownOf } },
      },
    },
    'weighing-failure': {
      description:
        'The request failed: stops where the account is parked, otherwise looks whether it happened all the same.',
      always: [{ guard: 'accountMustStop', target: 'failed', actions: 'park' }, { target: 'waiting' }],
    },
    waiting: {
      description: 'Will the streams tell? They do of a cancel that was acknowledged, while they are intact.',
      always: [{ guard: 'isFollowed', target: 'following' }, { target: 'pausing' }],
    },
    following: {
      description: 'The streams are intact and will tell the end; after a second of silence REST is asked (9.4).',
      after: { streamSilence: 'looking' },
      on: { 'streams.changed': { target: 'waiting', actions: { type: 'noteIntact', params: whole } } },
    },
    pausing: {
      description: 'A short, growing pause before the order is looked up.',
      after: { lookPause: 'looking' },
    },
    looking: {
      description: 'Asks for the order’s state: it alone confirms a cancel (9.7).',
      entry: 'countLook',
      invoke: {
        src: 'lookUpOrder',
        input: contextOf,
        onDone: {
          target: 'weighing',
          actions: [
            { type: 'noteSeen', params: outputOf },
            { type: 'shareAnswer', params: outputOf },
          ],
        },
        onError: { target: 'weighing' },
      },
    },
    weighing: {
      description: 'Over, still alive, or not to be learned: ends, asks for the cancel again, or looks again.',
      always: [
        { guard: 'isOver', target: 'over' },
        { guard: 'looksUsedUp', target: 'failed' },
        { guard: 'isDueAgain', target: 'requesting' },
        { target: 'waiting' },
      ],
    },
    over: {
      description: 'The exchange says that the order is over.',
      type: 'final',
      entry: 'endOver',
    },
    failed: {
      description: 'Not confirmed: the order is as it was.',
      type: 'final',
      entry: 'endFailed',
    },
  },
});
