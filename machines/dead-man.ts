import { fromPromise, setup } from 'xstate';
import type { Alert } from '../src/core/alerts.ts';
import { deadManAlert, deadManKey } from '../src/core/conditions.ts';
import { errorText } from '../src/core/error-text.ts';
import type { AccountPolled, AlertCleared, AlertRaised } from '../src/core/messages.ts';
import type { AccountName } from '../src/core/model.ts';
import { isOwnOrder } from '../src/core/order-id.ts';
import type { Clock, Exchange } from '../src/ports.ts';
import { send } from './send.ts';

/**
 * The exchange's dead-man timer of one account (strategy 2.1, `GRVT_HEDGE_DEAD_MAN_SEC`): armed, and renewed twice per
 * period, so that the exchange cancels all orders of the account when this engine is gone. It would cancel foreign
 * orders, too: while one rests the timer is off, with an alert.
 */

/** Pause after a failed call: a period is at least sixty seconds, and at most half of it has passed. */
export const RETRY_MS = 5_000;

export interface DeadManInput {
  readonly account: AccountName;
  readonly exchange: Pick<Exchange, 'cancelOnDisconnect'>;
  readonly clock: Clock;
  /** Without a renewal for this long the exchange cancels. */
  readonly periodMs: number;
}

interface DeadManContext extends DeadManInput {
  /** A resting foreign order; undefined: no list was read yet. */
  readonly foreign: { readonly instrument: string; readonly orderId: string } | null | undefined;
}

type Args = { context: DeadManContext };

function begin({ input }: { input: DeadManInput }): DeadManContext {
  return { ...input, foreign: undefined };
}

const setTimer = fromPromise<void, Pick<DeadManInput, 'exchange' | 'account'> & { readonly ms: number }>(({ input }) =>
  input.exchange.cancelOnDisconnect(input.account, input.ms),
);

const deadMan = setup({
  types: {
    context: {} as DeadManContext,
    events: {} as AccountPolled,
    input: {} as DeadManInput,
  },
  actors: { setTimer },
  delays: { renewMs: ({ context }) => context.periodMs / 2, retryMs: RETRY_MS },
  guards: {
    foreignRests: ({ context }) => (context.foreign ?? null) !== null,
    noneRests: ({ context }) => context.foreign === null,
  },
});

/** An action that sends the alert manager a message. */
function tell(messageOf: (context: DeadManContext, nowMs: number, event: AccountPolled) => AlertRaised | AlertCleared) {
  return deadMan.enqueueActions(({ context, event, enqueue, system }) =>
    send({ enqueue, system }, 'alert-manager', messageOf(context, context.clock.nowMs(), event)),
  );
}

const raised = (alert: Alert): AlertRaised => ({ type: 'alert.raised', alert });
const armInput = ({ context: { exchange, account, periodMs } }: Args) => ({ exchange, account, ms: periodMs });
const offInput = ({ context: { exchange, account } }: Args) => ({ exchange, account, ms: 0 });

export const deadManMachine = deadMan
  .extend({
    actions: {
      noteOrders: deadMan.assign(({ event }) => {
        const foreign = event.snapshot.openOrders.find((order) => !isOwnOrder(order));
        return { foreign: foreign === undefined ? null : { instrument: foreign.instrument, orderId: foreign.orderId } };
      }),
      alertForeign: tell(({ account, foreign }, nowMs) => raised(deadManAlert(account, foreign ?? null, null, nowMs))),
      alertFailed: tell(({ account, foreign }, nowMs, event) => {
        const why = errorText('error' in event ? event.error : event);
        return raised(deadManAlert(account, foreign ?? null, why, nowMs));
      }),
      clearAlert: tell(({ account }, atMs) => ({ type: 'alert.cleared', key: deadManKey(account), atMs })),
    },
  })
  .createMachine({
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
          src: 'setTimer',
          input: armInput,
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
          src: 'setTimer',
          input: offInput,
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
