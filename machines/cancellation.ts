import { assign, fromPromise, sendParent, setup } from 'xstate';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import type { CancelEnded, CancellationReport, OrderSeen, ParkingFound, StreamsChanged } from '../src/core/messages.ts';
import type { AccountName, ExchangeOrder } from '../src/core/model.ts';
import { STREAM_SILENCE_MS } from '../src/core/submission/waits.ts';
import { isOver } from '../src/core/view-rows.ts';
import type { Clock, Exchange, Reporter } from '../src/ports.ts';
import { shareAnswer } from './submission-calls.ts';

/**
 * One cancel: asks for it, then waits until the order's state says that it is over (strategy 9.7), as the account's streams
 * tell it, else REST (9.4). An acknowledged cancel proves nothing, a failed one may have happened: only the order's state
 * counts. It gives up after a bounded number of look-ups; the order is then as it was, and its symbol decides again.
 */

/** Without streams, delay of the first look-up: a matching engine cancels within milliseconds. Doubles */
export const CANCEL_PAUSE_MS = 20;
/** … up to here. */
export const CANCEL_PAUSE_MAX_MS = 2_000;
/** About 20 s of look-ups; meanwhile the symbol sees the order in every snapshot. */
export const CANCEL_LOOKUPS_MAX = 16;
/** Without streams, an acknowledged cancel is repeated after so many look-ups of a live order. */
export const CANCEL_REPEAT_LOOKUPS = 4;

export interface CancellationInput {
  readonly childId: string;
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The account's streams are intact and report the order (strategy 9.4). */
  readonly intact: boolean;
}

interface CancellationContext extends CancellationInput {
  readonly acknowledged: boolean;
  readonly looks: number;
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
}

type Args = { context: CancellationContext };
type Question = { exchange: Exchange; account: AccountName; instrument: string; clientOrderId: string };

function begin({ input }: { input: CancellationInput }): CancellationContext {
  return { ...input, acknowledged: false, looks: 0, seen: null, failure: null };
}

const question = ({ context }: Args): Question => ({
  exchange: context.exchange,
  account: context.account,
  instrument: context.instrument,
  clientOrderId: context.clientOrderId,
});
const whole = <E>({ event }: { event: E }) => event;
const outputOf = <T>({ event }: { event: { output: T } }) => ({ output: event.output });
const thrownOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });

function told(context: CancellationContext, outcome: CancelEnded['outcome']): CancellationReport {
  const { childId, clientOrderId, account, clock } = context;
  const failure = outcome === 'failed' ? context.failure : null;
  const message: CancelEnded = { type: 'cancel.ended', clientOrderId, account, atMs: clock.nowMs(), outcome, failure };
  return { type: 'cancellation.told', childId, message };
}

export const cancellationMachine = setup({
  types: {
    context: {} as CancellationContext,
    events: {} as OrderSeen | StreamsChanged,
    input: {} as CancellationInput,
  },
  actors: {
    requestCancel: fromPromise(({ input }: { input: Question }) =>
      input.exchange.cancelOrder(input.account, input.clientOrderId, undefined, input.instrument),
    ),
    lookUpOrder: fromPromise(({ input }: { input: Question }) =>
      input.exchange.order(input.account, input.clientOrderId),
    ),
  },
  guards: {
    isOver: ({ context }) => context.seen !== null && isOver(context.seen),
    tellsEnd: ({ context }, { order }: OrderSeen) => order.clientOrderId === context.clientOrderId && isOver(order),
    isFollowed: ({ context }) => context.intact && context.acknowledged,
    looksUsedUp: ({ context }) => context.looks >= CANCEL_LOOKUPS_MAX,
    isDueAgain: ({ context }) => context.intact || !context.acknowledged || context.looks % CANCEL_REPEAT_LOOKUPS === 0,
    accountMustStop: ({ context }) => context.failure?.kind === 'parked' || context.failure?.kind === 'unauthenticated',
  },
  delays: {
    streamSilence: STREAM_SILENCE_MS,
    lookPause: ({ context }) => Math.min(CANCEL_PAUSE_MAX_MS, CANCEL_PAUSE_MS * 2 ** context.looks),
  },
  actions: {
    noteRequest: assign({ acknowledged: false, failure: null }),
    noteAcknowledged: assign({ acknowledged: true }),
    noteFailure: assign(({ context }, params: { thrown: unknown }) => ({
      failure: toFailure(params.thrown, 'cancelOrder', context.account),
    })),
    reportFailure: ({ context }) => {
      if (context.failure === null) return;
      const { reporter, clock, account, clientOrderId, failure } = context;
      reporter.report({ type: 'cancel.failed', atMs: clock.nowMs(), account, clientOrderId, failure });
    },
    shareAnswer: ({ context, system }, { output }: { output: ExchangeOrder | null }) =>
      shareAnswer(system, context.account, output),
    noteSeen: assign((_, params: { output: ExchangeOrder | null }) => ({ seen: params.output })),
    noteIntact: assign({ intact: (_, { intact }: StreamsChanged) => intact }),
    countLook: assign({ looks: ({ context }) => context.looks + 1, seen: null }),
    tellParked: sendParent(({ context }): ParkingFound => {
      if (context.failure === null) throw new Error('a cancel parked its account without a failure');
      return { type: 'parking.found', account: context.account, failure: context.failure };
    }),
    tellOver: sendParent(({ context }) => told(context, 'over')),
    tellFailed: sendParent(({ context }) => told(context, 'failed')),
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
        input: question,
        onDone: { target: 'waiting', actions: 'noteAcknowledged' },
        onError: { target: 'weighing-failure', actions: [{ type: 'noteFailure', params: thrownOf }, 'reportFailure'] },
      },
    },
    'weighing-failure': {
      description:
        'The request failed: stops where the account is parked, otherwise looks whether it happened all the same.',
      always: [{ guard: 'accountMustStop', target: 'failed', actions: 'tellParked' }, { target: 'waiting' }],
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
        input: question,
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
      entry: 'tellOver',
    },
    failed: {
      description: 'Not confirmed: the order is as it was.',
      type: 'final',
      entry: 'tellFailed',
    },
  },
});
