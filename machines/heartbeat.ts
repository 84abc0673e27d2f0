import { fromPromise, setup } from 'xstate';
import type { Now } from '../src/core/assess.ts';
import { errorText } from '../src/core/error-text.ts';
import {
  accountFailed,
  accountPolled,
  areBothPolled,
  beatMissed,
  type HeartbeatMemory,
  type HeartbeatStep,
  readingsTuned,
} from '../src/core/heartbeat.ts';
import type { PollerToDaemon, ReadingsTuned } from '../src/core/messages.ts';
import type { EngineClock, Heartbeat, Reporter } from '../src/ports.ts';
import { type CallEnded, carryOut, forEvents, forFailures } from './carry-out.ts';

/**
 * Calls an external heartbeat monitor once a minute while both accounts are polled successfully (strategy 2.1). When
 * the engine stops, hangs or loses the exchange, the calls stop and the monitor raises an alarm. It never retries
 * within the minute, since the monitor has a grace period.
 */

export const BEAT_MS = 60_000;
/** How often polls are checked while an account is not polled. */
export const CHECK_MS = 1000;
/** Limit for a call: by then the next one is due. */
export const BEAT_LIMIT_MS = 30_000;

interface HeartbeatDeps {
  readonly heartbeat: Heartbeat;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
}

export type HeartbeatInput = HeartbeatDeps & Pick<HeartbeatMemory, 'freshMs'>;

interface HeartbeatContext {
  readonly deps: HeartbeatDeps;
  readonly memory: HeartbeatMemory;
}

function begin({ input: { freshMs, ...deps } }: { input: HeartbeatInput }): HeartbeatContext {
  return { deps, memory: { freshMs, polled: { A: null, B: null } } };
}

function nowOf({ deps: { clock } }: HeartbeatContext): Now {
  return { nowMs: clock.nowMs(), era: clock.era() };
}

const contextOf = ({ context }: { context: HeartbeatContext }) => context;

const calls = {
  beat: fromPromise(({ input }: { input: HeartbeatContext }) => input.deps.heartbeat.beat()),
};

type HeartbeatEvent = PollerToDaemon | ReadingsTuned | CallEnded<typeof calls>;

const heartbeat = setup({
  types: {
    context: {} as HeartbeatContext,
    events: {} as HeartbeatEvent,
    input: {} as HeartbeatInput,
  },
  actors: calls,
  delays: { beatMs: BEAT_MS, checkMs: CHECK_MS, beatLimitMs: BEAT_LIMIT_MS },
  guards: {
    areBothPolled: ({ context }) => areBothPolled(context.memory, nowOf(context)),
  },
});

/** Carries out a step: memory, reporter. */
function perform(stepOf: (memory: HeartbeatMemory, now: Now, event: HeartbeatEvent) => HeartbeatStep) {
  return heartbeat.enqueueActions((args) => {
    const { context, event } = args;
    carryOut(args, stepOf(context.memory, nowOf(context), event));
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const heartbeatSetup = heartbeat.extend({
  actions: {
    notePolled: on('account.polled', accountPolled),
    noteFailed: on('account.failed', accountFailed),
    retune: on('readings.tuned', readingsTuned),
    reportFailed: onFailure((_memory, now, thrown) => beatMissed(errorText(thrown), now)),
    reportUnanswered: perform((_memory, now) => beatMissed('the call did not end', now)),
  },
});

export const heartbeatMachine = heartbeatSetup.createMachine({
  id: 'heartbeat',
  context: begin,
  on: {
    'account.polled': { actions: 'notePolled' },
    'account.failed': { actions: 'noteFailed' },
    'readings.tuned': { actions: 'retune' },
  },
  initial: 'silent',
  states: {
    silent: {
      description: 'An account is not polled successfully, or none has been yet: no call leaves.',
      always: { guard: 'areBothPolled', target: 'minute' },
      after: { checkMs: { target: 'silent', reenter: true } },
    },
    minute: {
      description: 'Both accounts are polled: one call, then the rest of the minute.',
      initial: 'beating',
      after: { beatMs: 'silent' },
      states: {
        beating: {
          description: 'The call is on its way.',
          invoke: {
            id: 'beat',
            src: 'beat',
            input: contextOf,
            onDone: 'resting',
            onError: { target: 'resting', actions: 'reportFailed' },
          },
          after: { beatLimitMs: { target: 'resting', actions: 'reportUnanswered' } },
        },
        resting: { description: 'Called; the next call is due when the minute is over.' },
      },
    },
  },
});
