import { fromPromise, setup } from 'xstate';
import {
  type CleanupAnswers,
  type CleanupBeginning,
  type CleanupMemory,
  type CleanupResult,
  type CleanupStep,
  cleanupResult,
  endSeen,
  fencesUp,
  initialCleanup,
  isAgreed,
  roundAnswered,
  type Target,
  toCancel,
} from '../src/core/cleanup.ts';
import type { LiveOrder } from '../src/core/daemon/memory.ts';
import { errorText } from '../src/core/error-text.ts';
import type { OrderSeen } from '../src/core/messages.ts';
import { ACCOUNTS, type AccountName, type ExchangeOrder, type ListedOrder } from '../src/core/model.ts';
import { FENCE_TTL_MS, HISTORY_MARGIN_MS } from '../src/core/submission/waits.ts';
import { isOver } from '../src/core/view-rows.ts';
import type { Clock, Exchange, Reporter } from '../src/ports.ts';
import { type CallEnded, carryOut, eventOf, forEvents, forFailures } from './carry-out.ts';

/**
 * The clean-up once no create is sent any more (strategy 13.1): cancels the strategy orders of both accounts on every
 * instrument except the newest few, and asks the exchange until it agrees or the time is up. Foreign orders are not
 * touched. It relies on the orders' states, not on acknowledgements, and lists what it could not confirm.
 */

/** The exchange is asked until it agrees, or this long (strategy 13.1). */
export const CLEANUP_MAX_MS = 30_000;
/**
 * A round of questions that takes longer, since its account is in a back-off or an answer is lost, does not keep cancels waiting any
 * longer: those have a budget of their own (strategy 9.1). Its answers count all the same, when they come.
 */
export const READ_PATIENCE_MS = 2_000;
/** Pause between two rounds: doubles from here */
export const ROUND_PAUSE_MS = 100;
/** up to here, so that the last answer is never much older. */
export const ROUND_PAUSE_MAX_MS = 1_000;
/** Up to so many states of an account are asked for one by one; more are read from its history (strategy 13.1). */
const STATES_ONE_BY_ONE = 2;
/** How far the history is read back for an order of unknown age: a day, well above any order's life. */
const HISTORY_DEFAULT_MS = 86_400_000;

interface CleanupDeps {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

export type StopCleanupInput = CleanupDeps & CleanupBeginning;

export interface StopCleanupOutput extends CleanupResult {
  /** The last row read of each order: its symbol may not know its fills (strategy 13.4). */
  readonly rows: readonly ExchangeOrder[];
}

interface CleanupContext {
  readonly deps: CleanupDeps;
  readonly memory: CleanupMemory;
  /** The pending requests: a round that continues with cancels waits for them again. */
  readonly out: { answers: Promise<CleanupAnswers> | null };
}

type Args = { context: CleanupContext };

function begin({ input: { exchange, clock, reporter, ...beginning } }: { input: StopCleanupInput }): CleanupContext {
  return { deps: { exchange, clock, reporter }, memory: initialCleanup(beginning), out: { answers: null } };
}

/** Asks, unless requests are pending: slow answers are not thrown away (strategy 13.1). */
function answersOf(context: CleanupContext): Promise<CleanupAnswers> {
  const { out } = context;
  out.answers ??= askExchange(context).finally(() => {
    out.answers = null;
  });
  return out.answers;
}

/** The open orders of both accounts, then the state of each order that is to go or has a place among those kept, and is not open. */
async function askExchange({ deps: { exchange, clock }, memory }: CleanupContext): Promise<CleanupAnswers> {
  const askedAtMs = clock.nowMs();
  const read = async (account: AccountName): Promise<readonly ListedOrder[] | string> => {
    try {
      return await exchange.openOrders(account, 'look-up');
    } catch (thrown) {
      return errorText(thrown);
    }
  };
  const [A, B] = await Promise.all([read('A'), read('B')]);
  const listed = [A, B].flatMap((orders) => (typeof orders === 'string' ? [] : orders));
  const ids = new Set(listed.map(({ clientOrderId }) => clientOrderId));
  const wanted = [...Object.values(memory.targets).filter(({ end }) => end === null), ...memory.held];
  const gone = wanted.filter(({ clientOrderId }) => !ids.has(clientOrderId));
  const found = await Promise.all(
    ACCOUNTS.map((account) => {
      const own = gone.filter((order) => order.account === account);
      return own.length === 0 ? {} : readStates(exchange, account, own, askedAtMs);
    }),
  );
  return { askedAtMs, open: { A, B }, states: Object.assign({}, ...found) };
}

/** The states of an account's orders: a few one by one, many from its history, and what that lacks one by one. */
async function readStates(
  exchange: Exchange,
  account: AccountName,
  gone: readonly (Target | LiveOrder)[],
  nowMs: number,
): Promise<Record<string, ExchangeOrder | null>> {
  const states: Record<string, ExchangeOrder | null> = {};
  const wanted = new Set(gone.map(({ clientOrderId }) => clientOrderId));
  if (gone.length > STATES_ONE_BY_ONE) {
    const sent = gone.map(({ sentAtMs }) => sentAtMs ?? nowMs - HISTORY_DEFAULT_MS);
    const sinceMs = Math.min(...sent) + Math.min(0, exchange.clockSkewMs() ?? 0) - HISTORY_MARGIN_MS;
    const [history] = await Promise.allSettled([exchange.orderHistory(account, sinceMs, wanted)]);
    for (const order of history.status === 'fulfilled' ? history.value : []) {
      if (wanted.delete(order.clientOrderId)) states[order.clientOrderId] = order;
    }
  }
  await Promise.allSettled(
    [...wanted].map(async (clientOrderId) => {
      states[clientOrderId] = await exchange.order(account, clientOrderId);
    }),
  );
  return states;
}

/**
 * Requests the cancels; returns the ids of acknowledged fences. An order seen open needs none, and one may be refused
 * (API 3: 2300).
 */
async function requestCancels({ deps: { exchange }, memory }: CleanupContext): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  await Promise.allSettled(
    toCancel(memory).map(async ({ account, instrument, clientOrderId, fenced, isOpen }) => {
      const isFence = fenced && !isOpen;
      await exchange.cancelOrder(account, clientOrderId, isFence ? FENCE_TTL_MS : undefined, instrument ?? undefined);
      if (isFence) acknowledged.push(clientOrderId);
    }),
  );
  return acknowledged;
}

const contextOf = ({ context }: Args) => context;
const finalOutput = ({ context: { memory } }: Args): StopCleanupOutput => ({
  ...cleanupResult(memory),
  rows: Object.values(memory.rows),
});

const calls = {
  askExchange: fromPromise(({ input }: { input: CleanupContext }) => answersOf(input)),
  requestCancels: fromPromise(({ input }: { input: CleanupContext }) => requestCancels(input)),
};

type CleanupEvent = OrderSeen | CallEnded<typeof calls>;

const rowSeen = (event: CleanupEvent) => eventOf(event, 'order.seen').order;

const cleanup = setup({
  types: {
    context: {} as CleanupContext,
    events: {} as CleanupEvent,
    input: {} as StopCleanupInput,
    output: {} as StopCleanupOutput,
  },
  actors: calls,
  guards: {
    isAgreed: ({ context }) => isAgreed(context.memory),
    isLastEnd: ({ context, event }) => isOver(rowSeen(event)) && isAgreed(endSeen(context.memory, rowSeen(event))),
    isEnd: ({ event }) => isOver(rowSeen(event)),
    hasToCancel: ({ context }) => toCancel(context.memory).length > 0,
  },
  delays: {
    timeIsUp: CLEANUP_MAX_MS,
    readPatience: READ_PATIENCE_MS,
    roundPause: ({ context: { memory } }) =>
      Math.min(ROUND_PAUSE_MAX_MS, ROUND_PAUSE_MS * 2 ** Math.min(20, memory.rounds - 1)),
  },
});

type StepOf = (memory: CleanupMemory, nowMs: number, event: CleanupEvent, exchange: Exchange) => CleanupStep;

/** Carries out a step: memory, reporter. */
function perform(stepOf: StepOf) {
  return cleanup.enqueueActions((args) => {
    const { deps, memory } = args.context;
    carryOut(args, stepOf(memory, deps.clock.nowMs(), args.event, deps.exchange));
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const cleanupSetup = cleanup.extend({
  actions: {
    beginRound: perform(({ rounds }) => ({ change: { rounds: rounds + 1 } })),
    noteEnd: on('order.seen', (memory, _nowMs, { order }) => ({ change: endSeen(memory, order) })),
    judge: on('xstate.done.actor.askExchange', (memory, _nowMs, { output }, exchange) => ({
      change: roundAnswered(memory, output, exchange.clockSkewMs() ?? 0, (id) => exchange.isFenceVoid(id)),
    })),
    noteAcknowledged: on('xstate.done.actor.requestCancels', (memory, nowMs, { output }) => ({
      change: fencesUp(memory, nowMs, output),
    })),
    reportDefect: onFailure((_memory, atMs, thrown) => ({
      facts: [{ type: 'cleanup.failed', atMs, message: errorText(thrown) }],
    })),
    reportFinished: perform((memory, atMs) => ({
      facts: [{ type: 'cleanup.finished', atMs, ...cleanupResult(memory) }],
    })),
  },
});

export const stopCleanupMachine = cleanupSetup.createMachine({
  id: 'stop-cleanup',
  context: begin,
  initial: 'working',
  output: finalOutput,
  states: {
    working: {
      description:
        'Cancels, and learns from the streams and by asking what is over, until the exchange agrees or the time is up (13.1).',
      initial: 'asking',
      after: { timeIsUp: 'finished' },
      on: {
        'order.seen': [
          {
            guard: 'isLastEnd',
            target: 'finished',
            actions: 'noteEnd',
          },
          { guard: 'isEnd', actions: 'noteEnd' },
        ],
      },
      states: {
        asking: {
          description:
            'Reads the open orders of both accounts, and the state of each order that is to go; cancels wait for it a moment only.',
          entry: 'beginRound',
          invoke: {
            id: 'askExchange',
            src: 'askExchange',
            input: contextOf,
            onDone: { target: 'judging', actions: 'judge' },
            onError: { target: 'pausing', actions: 'reportDefect' },
          },
          after: { readPatience: { guard: 'hasToCancel', target: 'cancelling' } },
        },
        judging: {
          description: 'Compares what is open with what was to be kept.',
          always: [
            { guard: 'isAgreed', target: '#stop-cleanup.finished' },
            { guard: 'hasToCancel', target: 'cancelling' },
            { target: 'pausing' },
          ],
        },
        cancelling: {
          description: 'Asks for the cancels that are due; those of orders nobody sees also stop a create under way.',
          invoke: {
            id: 'requestCancels',
            src: 'requestCancels',
            input: contextOf,
            onDone: { target: 'pausing', actions: 'noteAcknowledged' },
          },
        },
        pausing: {
          description: 'A short, growing pause before the exchange is asked again.',
          after: { roundPause: 'asking' },
        },
      },
    },
    finished: {
      description: 'The exchange agrees, or the time is up: what is left is listed.',
      type: 'final',
      entry: 'reportFinished',
    },
  },
});
