import { fromPromise, setup } from 'xstate';
import {
  callFailed,
  type DeadManMemory,
  type DeadManStep,
  foreignFound,
  ordersRead,
  timerSet,
} from '../src/core/dead-man.ts';
import type { AccountPolled } from '../src/core/messages.ts';
import type { Clock, Exchange } from '../src/ports.ts';
import { type CallEnded, forEvents, forFailures, send } from './carry-out.ts';

/**
 * The exchange's dead-man timer of one account (strategy 2.1, `GRVT_HEDGE_DEAD_MAN_SEC`): armed, and renewed twice per
 * period, so that the exchange cancels all orders of the account when this engine is gone. It would cancel foreign
 * orders, too: while one rests the timer is off, with an alert.
 */

/** Pause after a failed call: a period is at least sixty seconds, and at most half of it has passed. */
export const RETRY_MS = 5_000;

interface DeadManDeps {
  readonly exchange: Pick<Exchange, 'cancelOnDisconnect'>;
  readonly clock: Clock;
}

export type DeadManInput = DeadManDeps & Pick<DeadManMemory, 'account' | 'periodMs'>;

interface DeadManContext {
  readonly deps: DeadManDeps;
  readonly memory: DeadManMemory;
}

function begin({ input: { account, periodMs, ...deps } }: { input: DeadManInput }): DeadManContext {
  return { deps, memory: { account, periodMs, foreign: undefined } };
}

const contextOf = ({ context }: { context: DeadManContext }) => context;

const calls = {
  arm: fromPromise(({ input: { deps, memory } }: { input: DeadManContext }) =>
    deps.exchange.cancelOnDisconnect(memory.account, memory.periodMs),
  ),
  disarm: fromPromise(({ input: { deps, memory } }: { input: DeadManContext }) =>
    deps.exchange.cancelOnDisconnect(memory.account, 0),
  ),
};

type DeadManEvent = AccountPolled | CallEnded<typeof calls>;

const deadMan = setup({
  types: {
    context: {} as DeadManContext,
    events: {} as DeadManEvent,
    input: {} as DeadManInput,
  },
  actors: calls,
  delays: { renewMs: ({ context }) => context.memory.periodMs / 2, retryMs: RETRY_MS },
  guards: {
    foreignRests: ({ context }) => (context.memory.foreign ?? null) !== null,
    noneRests: ({ context }) => context.memory.foreign === null,
  },
});

/** Carries out a step: memory, messages to the alert manager. */
function perform(stepOf: (memory: DeadManMemory, nowMs: number, event: DeadManEvent) => DeadManStep) {
  return deadMan.enqueueActions((args) => {
    const { context, event, enqueue } = args;
    const { deps, memory } = context;
    const { change, messages = [] } = stepOf(memory, deps.clock.nowMs(), event);
    if (change !== undefined) enqueue.assign({ memory: { ...memory, ...change } });
    for (const { to, message } of messages) send(args, to, message);
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const deadManSetup = deadMan.extend({
  actions: {
    noteOrders: on('account.polled', ordersRead),
    alertForeign: perform(foreignFound),
    alertFailed: onFailure(callFailed),
    clearAlert: perform(timerSet),
  },
});

export const deadManMachine = deadManSetup.createMachine({
  id: 'dead-man',
  context: begin,
  on: { 'account.polled': { actions: 'noteOrders' } },
  initial: 'unknown',
  states: {
    unknown: {
      description: 'The open orders have not been read yet; the start has armed it, or switched it off.',
      always: [
        { guard: 'foreignRests', target: 'disarming' },
        { guard: 'noneRests', target: 'arming' },
      ],
    },
    arming: {
      description: 'The timer is being set to its period.',
      invoke: {
        id: 'arm',
        src: 'arm',
        input: contextOf,
        onDone: { target: 'armed', actions: 'clearAlert' },
        onError: { target: 'notArmed', actions: 'alertFailed' },
      },
    },
    armed: {
      description: 'The timer runs; it is set again before half of it is over.',
      always: { guard: 'foreignRests', target: 'disarming' },
      after: { renewMs: 'arming' },
    },
    notArmed: {
      description: 'Setting it failed: it may run or not. Tried again soon.',
      always: { guard: 'foreignRests', target: 'disarming' },
      after: { retryMs: 'arming' },
    },
    disarming: {
      description: 'A foreign order rests, which the timer would take along: it is being switched off.',
      entry: 'alertForeign',
      invoke: {
        id: 'disarm',
        src: 'disarm',
        input: contextOf,
        onDone: 'off',
        onError: { target: 'notOff', actions: 'alertFailed' },
      },
    },
    notOff: {
      description: 'Switching it off failed: it may run. Tried again soon.',
      always: { guard: 'noneRests', target: 'arming' },
      after: { retryMs: 'disarming' },
    },
    off: {
      description: 'The timer is off while a foreign order rests.',
      always: { guard: 'noneRests', target: 'arming' },
    },
  },
});
