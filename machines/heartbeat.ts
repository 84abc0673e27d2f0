import { assign, fromPromise, setup } from 'xstate';
import { isStale } from '../src/core/assess.ts';
import { errorText } from '../src/core/error-text.ts';
import type { PollerToDaemon, ReadingsTuned } from '../src/core/messages.ts';
import { ACCOUNTS, type AccountName } from '../src/core/model.ts';
import type { EngineClock, Heartbeat, Reporter } from '../src/ports.ts';

/**
 * Calls an external heartbeat monitor once a minute while both accounts are polled successfully (strategy 2.1). When
 * the engine stops, hangs or loses the exchange, the calls stop and the monitor raises an alarm. It never retries
 * within the minute, since the monitor has a grace period.
 */

export const BEAT_MS = 60_000;
/** How often polls are checked while an account is not polled. */
export const LOOK_MS = 1000;
/** Limit for a call: by then the next one is due. */
export const BEAT_LIMIT_MS = 30_000;

export interface HeartbeatInput {
  readonly heartbeat: Heartbeat;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** An older poll counts as none: 3 intervals, at least 10 s (strategy 10.3). */
  readonly freshMs: number;
}

interface HeartbeatContext extends HeartbeatInput {
  /** When each account was last polled successfully; null: never, or failed since. */
  readonly polled: Readonly<Record<AccountName, { readonly atMs: number; readonly era: number } | null>>;
}

const beat = fromPromise<void, { readonly heartbeat: Heartbeat }>(({ input }) => input.heartbeat.beat());

export const heartbeatMachine = setup({
  types: {
    context: {} as HeartbeatContext,
    events: {} as PollerToDaemon | ReadingsTuned,
    input: {} as HeartbeatInput,
  },
  actors: { beat },
  delays: { beatMs: BEAT_MS, lookMs: LOOK_MS, beatLimitMs: BEAT_LIMIT_MS },
  guards: {
    bothPolled: ({ context }) => {
      const now = { nowMs: context.clock.nowMs(), era: context.clock.era() };
      return ACCOUNTS.every((account) => {
        const polled = context.polled[account];
        return polled !== null && !isStale(polled, now, context.freshMs);
      });
    },
  },
  actions: {
    notePolled: assign(({ context }, { account }: { readonly account: AccountName }) => ({
      polled: { ...context.polled, [account]: { atMs: context.clock.nowMs(), era: context.clock.era() } },
    })),
    noteFailed: assign(({ context }, { account }: { readonly account: AccountName }) => ({
      polled: { ...context.polled, [account]: null },
    })),
    retune: assign((_, { freshMs }: { readonly freshMs: number }) => ({ freshMs })),
    reportMissed: ({ context: { reporter, clock } }, { reason }: { readonly reason: string }) =>
      reporter.report({ type: 'heartbeat.missed', atMs: clock.nowMs(), reason }),
  },
}).createMachine({
  id: 'heartbeat',
  context: ({ input }) => ({ ...input, polled: { A: null, B: null } }),
  on: {
    'account.polled': {
      actions: { type: 'notePolled', params: ({ event }) => ({ account: event.snapshot.account }) },
    },
    'account.failed': { actions: { type: 'noteFailed', params: ({ event }) => ({ account: event.account }) } },
    'readings.tuned': { actions: { type: 'retune', params: ({ event }) => ({ freshMs: event.staleMs }) } },
  },
  initial: 'silent',
  states: {
    silent: {
      description: 'An account is not polled successfully, or none has been yet: no call leaves.',
      always: { guard: 'bothPolled', target: 'minute' },
      after: { lookMs: { target: 'silent', reenter: true } },
    },
    minute: {
      description: 'Both accounts are polled: one call, then the rest of the minute.',
      initial: 'beating',
      after: { beatMs: 'silent' },
      states: {
        beating: {
          description: 'The call is on its way.',
          invoke: {
            src: 'beat',
            input: ({ context }) => ({ heartbeat: context.heartbeat }),
            onDone: 'resting',
            onError: {
              target: 'resting',
              actions: { type: 'reportMissed', params: ({ event }) => ({ reason: errorText(event.error) }) },
            },
          },
          after: {
            beatLimitMs: {
              target: 'resting',
              actions: { type: 'reportMissed', params: { reason: 'the call did not end' } },
            },
          },
        },
        resting: { description: 'Called; the next call is due when the minute is over.' },
      },
    },
  },
});
