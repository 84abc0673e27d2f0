import { fromPromise, setup } from 'xstate';
import {
  acknowledged,
  CANCEL_LOOKUPS_MAX,
  type CancellationBeginning,
  type CancellationMemory,
  type CancellationStep,
  ended,
  initialCancellation,
  isDueAgain,
  lookUpBegun,
  lookupPause,
  parks,
  requested,
  requestFailed,
} from '../src/core/cancellation.ts';
import type { OrderSeen, StreamsChanged } from '../src/core/messages.ts';
import { STREAM_SILENCE_MS } from '../src/core/submission/waits.ts';
import { isOver } from '../src/core/view-rows.ts';
import type { Clock, Exchange, Reporter } from '../src/ports.ts';
import { type CallEnded, carryOut, eventOf, forEvents, forFailures } from './carry-out.ts';
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

function begin({ input }: { input: CancellationInput }): CancellationContext {
  const { exchange, clock, reporter, ...beginning } = input;
  return { deps: { exchange, clock, reporter }, memory: initialCancellation(beginning) };
}

const contextOf = ({ context }: { context: CancellationContext }) => context;

const calls = {
  requestCancel: fromPromise(({ input: { deps, memory } }: { input: CancellationContext }) =>
    deps.exchange.cancelOrder(memory.account, memory.clientOrderId, undefined, memory.instrument),
  ),
  lookUpOrder: fromPromise(({ input: { deps, memory } }: { input: CancellationContext }) =>
    deps.exchange.order(memory.account, memory.clientOrderId),
  ),
};

type CancellationEvent = OrderSeen | StreamsChanged | CallEnded<typeof calls>;

const cancellation = setup({
  types: {
    context: {} as CancellationContext,
    events: {} as CancellationEvent,
    input: {} as CancellationInput,
  },
  actors: calls,
  guards: {
    isOver: ({ context: { memory } }) => memory.seen !== null && isOver(memory.seen),
    tellsEnd: ({ context, event }) => {
      const { order } = eventOf(event, 'order.seen');
      return order.clientOrderId === context.memory.clientOrderId && isOver(order);
    },
    isFollowed: ({ context: { memory } }) => memory.intact && memory.acknowledged,
    lookupsUsedUp: ({ context }) => context.memory.lookups >= CANCEL_LOOKUPS_MAX,
    isDueAgain: ({ context }) => isDueAgain(context.memory),
    accountMustStop: ({ context: { memory } }) =>
      memory.failure?.kind === 'parked' || memory.failure?.kind === 'unauthenticated',
  },
  delays: { streamSilence: STREAM_SILENCE_MS, lookupPause: ({ context }) => lookupPause(context.memory) },
});

/** Carries out a step: memory, reporter, messages to the gateway. */
function perform(stepOf: (memory: CancellationMemory, nowMs: number, event: CancellationEvent) => CancellationStep) {
  return cancellation.enqueueActions((args) => {
    const { context, event, enqueue } = args;
    const { messages = [], ...rest } = stepOf(context.memory, context.deps.clock.nowMs(), event);
    carryOut(args, rest);
    for (const message of messages) enqueue.sendParent(message);
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const cancellationSetup = cancellation.extend({
  actions: {
    noteRequest: perform(requested),
    noteAcknowledged: perform(acknowledged),
    noteFailure: onFailure(requestFailed),
    noteSeen: on('xstate.done.actor.lookUpOrder', (_memory, _nowMs, { output: seen }) => ({ change: { seen } })),
    shareAnswer: ({ context, event, system }) =>
      shareAnswer(system, context.memory.account, eventOf(event, 'xstate.done.actor.lookUpOrder').output),
    noteIntact: on('streams.changed', (_memory, _nowMs, { intact }) => ({ change: { intact } })),
    countLookup: perform(lookUpBegun),
    park: perform(parks),
    endOver: perform(ended('over')),
    endFailed: perform(ended('failed')),
  },
});

export const cancellationMachine = cancellationSetup.createMachine({
  id: 'cancellation',
  context: begin,
  initial: 'requesting',
  on: {
    'order.seen': { guard: 'tellsEnd', target: '.over' },
    'streams.changed': { actions: 'noteIntact' },
  },
  states: {
    requesting: {
      description: 'Asks the exchange to cancel the order by its client id.',
      entry: 'noteRequest',
      invoke: {
        id: 'requestCancel',
        src: 'requestCancel',
        input: contextOf,
        onDone: { target: 'waiting', actions: 'noteAcknowledged' },
        onError: { target: 'weighing-failure', actions: 'noteFailure' },
      },
    },
    'weighing-failure': {
      description:
        'The request failed: stops where the account is parked, otherwise looks whether it happened all the same.',
      always: [{ guard: 'accountMustStop', target: 'failed', actions: 'park' }, { target: 'waiting' }],
    },
    waiting: {
      description:
        'Will the streams report the end? They do for a cancel that was acknowledged, while they are intact.',
      always: [{ guard: 'isFollowed', target: 'following' }, { target: 'pausing' }],
    },
    following: {
      description: 'The streams are intact and will report the end; after a second of silence REST is asked (9.4).',
      after: { streamSilence: 'looking-up' },
      on: { 'streams.changed': { target: 'waiting', actions: 'noteIntact' } },
    },
    pausing: {
      description: 'A short, growing pause before the order is looked up.',
      after: { lookupPause: 'looking-up' },
    },
    'looking-up': {
      description: 'Asks for the order’s state: it alone confirms a cancel (9.7).',
      entry: 'countLookup',
      invoke: {
        id: 'lookUpOrder',
        src: 'lookUpOrder',
        input: contextOf,
        onDone: {
          target: 'weighing',
          actions: ['noteSeen', 'shareAnswer'],
        },
        onError: { target: 'weighing' },
      },
    },
    weighing: {
      description: 'Over, still alive, or unknown: ends, asks for the cancel again, or looks it up again.',
      always: [
        { guard: 'isOver', target: 'over' },
        { guard: 'lookupsUsedUp', target: 'failed' },
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
