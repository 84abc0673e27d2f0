import { type AnyActorRef, fromPromise, type SnapshotFrom, setup } from 'xstate';
import {
  isQuiet,
  lastWordsWait,
  messageDelivered,
  messageLost,
  messageRefused,
  messageTaken,
  somethingWaits,
} from '../src/core/alert-delivery.ts';
import {
  type AlertMemory,
  type AlertPolicies,
  type AlertStep,
  type AlertTuning,
  type AlertWrite,
  alertCleared,
  alertHandled,
  alertRaised,
  alertsTuned,
  DAILY_NOTE,
  dailyReportIfDue,
  newsReceived,
  recall,
  restoreAlerts,
  timePassed,
} from '../src/core/alert-manager.ts';
import { ALERT_POLICIES, type StuckNow } from '../src/core/alerts.ts';
import { errorText, whyOf } from '../src/core/error-text.ts';
import type { Fact } from '../src/core/facts.ts';
import type { JournalEntry } from '../src/core/journal-entry.ts';
import type { ToAlertManager } from '../src/core/messages.ts';
import { takeKeys, takeMessage } from '../src/core/outbox-message.ts';
import type { Clock, Journal, Notifier, Reporter } from '../src/ports.ts';
import { type CallEnded, forEvents, forFailures, thrownOf } from './carry-out.ts';

/**
 * The alert manager (strategy 12) receives raised and cleared conditions, decides what is sent, journals it, and
 * delivers one message at a time.
 * It never trades, never delays its senders, and never fails because of a delivery, the journal, a text or a reporter:
 * such failures are caught and reported.
 */

/** Alerts raised together are one message: all symbols judge the same poll within a loop interval (2 s). */
export const GATHER_MS = 2000;
/** Interval of checking for ends of conditions and the daily report, whose times are absolute. */
export const WAKE_MS = 5000;
/** Limit for a delivery, three times the notifier's own; its answer then counts as lost. */
export const SENDING_LIMIT_MS = 30_000;

export interface AlertManagerDeps {
  readonly journal: Journal;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** The symbols that are unhedged now, stuck or not, and those that have not reported yet. */
  readonly stuckNow: () => StuckNow;
}

export interface AlertManagerInput extends AlertManagerDeps {
  readonly tuning: AlertTuning;
  /** Default: the repeat table of strategy 12. */
  readonly policies?: AlertPolicies;
}

interface AlertManagerContext {
  readonly deps: AlertManagerDeps;
  readonly policies: AlertPolicies;
  readonly records: AlertRecords;
  readonly memory: AlertMemory;
}

interface DeliveryInput extends Pick<AlertManagerDeps, 'notifier'> {
  readonly records: AlertRecords;
  readonly text: string;
}

/** A message is sent when its entry is durable in the journal (strategy 9.3), or known never to be. */
const deliver = fromPromise<void, DeliveryInput>(async ({ input: { notifier, records, text }, signal }) => {
  await records.durable();
  // Given up meanwhile: it is tried again.
  if (signal.aborted) return;
  await notifier.send(text);
});

const deliveryInput = ({ context: { deps, records, memory } }: { context: AlertManagerContext }): DeliveryInput => ({
  notifier: deps.notifier,
  records,
  text: memory.delivery.text,
});

const calls = { deliver };

type AlertManagerEvent = ToAlertManager | CallEnded<typeof calls>;

function begin({ input }: { input: AlertManagerInput }): AlertManagerContext {
  const { tuning, policies = ALERT_POLICIES, ...deps } = input;
  return { deps, policies, records: new AlertRecords(deps), memory: restored(deps, tuning) };
}

/** @throws the journal's error: an engine that cannot read its journal must not start (strategy 11.2). */
function restored({ journal, clock }: AlertManagerDeps, tuning: AlertTuning): AlertMemory {
  const journalled = {
    states: journal.latestOfEach('alert.state').map(({ body }) => body),
    outbox: journal.latestOfEach('outbox').map(({ body }) => body),
    dailyNote: journal.latest('note', DAILY_NOTE)?.body ?? null,
  };
  return restoreAlerts(journalled, clock.nowMs(), tuning);
}

const alerting = setup({
  types: {
    context: {} as AlertManagerContext,
    events: {} as AlertManagerEvent,
    input: {} as AlertManagerInput,
  },
  actors: calls,
  delays: {
    gatherMs: GATHER_MS,
    pauseMs: ({ context }) => context.memory.delivery.pauseMs,
    sendingLimitMs: SENDING_LIMIT_MS,
    wakeMs: WAKE_MS,
  },
  guards: {
    somethingWaits: ({ context: { memory, deps } }) => somethingWaits(memory, deps.clock.nowMs()),
    lastWordsWait: ({ context: { memory, deps } }) => lastWordsWait(memory, deps.clock.nowMs()),
    refusedForContent: ({ event }) => isForContent(thrownOf(event)),
  },
});

/** Carries out a step: memory, journal, reporter. */
function perform(
  stepOf: (memory: AlertMemory, nowMs: number, event: AlertManagerEvent, context: AlertManagerContext) => AlertStep,
) {
  return alerting.enqueueActions(({ context, event, enqueue }) => {
    const { records, deps } = context;
    const { memory, writes, facts } = stepOf(context.memory, deps.clock.nowMs(), event, context);
    if (memory !== context.memory) enqueue.assign({ memory });
    enqueue(() => {
      records.write(writes);
      for (const fact of facts) records.report(fact);
    });
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

const alertingSetup = alerting.extend({
  actions: {
    judgeRaised: on('alert.raised', (memory, nowMs, { alert }, { records, policies }) =>
      alertRaised(records.recall(memory, alert.key), alert, nowMs, policies),
    ),
    judgeCleared: on('alert.cleared', (memory, _nowMs, { key, atMs }, { policies }) =>
      alertCleared(memory, key, atMs, policies),
    ),
    takeNews: on('news.reported', (memory, nowMs, { news }) => newsReceived(memory, news, nowMs)),
    takeHandling: on('alert.handled', (memory, nowMs, event, { policies }) =>
      alertHandled(memory, event.key, event, nowMs, policies),
    ),
    retune: on('alerts.tuned', (memory, _nowMs, event) => alertsTuned(memory, event)),
    judgeTime: perform((memory, nowMs, _event, { policies }) => timePassed(memory, nowMs, policies)),
    judgeDailyReport: perform((memory, nowMs, _event, { deps, records }) => {
      const stuckNow = () => records.attempt(deps.stuckNow, null);
      return dailyReportIfDue(memory, nowMs, stuckNow);
    }),
    takeMessage: perform((memory, nowMs, _event, { records }) => {
      const full = records.attempt(() => takeMessage(memory.outbox, memory.tuning.texts, nowMs), null);
      return messageTaken(memory, full ?? takeKeys(memory.outbox, nowMs));
    }),
    noteDelivered: perform(messageDelivered),
    noteRefused: onFailure((memory, nowMs, thrown) => messageRefused(memory, nowMs, errorText(thrown))),
    noteUndelivered: onFailure((memory, nowMs, thrown) => messageLost(memory, nowMs, errorText(thrown))),
    noteUnanswered: perform((memory, nowMs) => messageLost(memory, nowMs, 'the delivery did not end')),
  },
});

export const alertManagerMachine = alertingSetup.createMachine({
  id: 'alert-manager',
  context: begin,
  type: 'parallel',
  on: {
    'alert.raised': { actions: 'judgeRaised' },
    'alert.cleared': { actions: 'judgeCleared' },
    'news.reported': { actions: 'takeNews' },
    'alert.handled': { actions: 'takeHandling' },
    'alerts.tuned': { actions: 'retune' },
  },
  states: {
    delivery: {
      description: 'Sends messages, one at a time.',
      initial: 'pausing',
      states: {
        outbox: {
          description: 'Nothing waits to be sent.',
          always: { guard: 'somethingWaits', target: 'gathering' },
        },
        gathering: {
          description: 'Something waits; what comes up at the same time joins it in one message.',
          always: { guard: 'lastWordsWait', target: 'sending', actions: 'takeMessage' },
          after: { gatherMs: { target: 'sending', actions: 'takeMessage' } },
        },
        sending: {
          description: 'One message is on its way to the gateway.',
          invoke: {
            id: 'deliver',
            src: 'deliver',
            input: deliveryInput,
            onDone: { target: 'pausing', actions: 'noteDelivered' },
            onError: [
              { guard: 'refusedForContent', target: 'pausing', actions: 'noteRefused' },
              { target: 'pausing', actions: 'noteUndelivered' },
            ],
          },
          after: {
            sendingLimitMs: { target: 'pausing', actions: 'noteUnanswered' },
          },
        },
        pausing: {
          description:
            'Keeps the pace between messages; longer with every try that failed in a row. Also after a start.',
          always: { guard: 'lastWordsWait', target: 'outbox' },
          after: { pauseMs: 'outbox' },
        },
      },
    },
    watch: {
      description: 'Checks the time: ends of conditions, the hour of the daily report.',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'Until the next check.',
          entry: ['judgeTime', 'judgeDailyReport'],
          after: { wakeMs: { target: 'waiting', reenter: true } },
        },
      },
    },
  },
});

/** The memory of a running alert manager; undefined: none runs. */
export function alertMemoryOf(actor: AnyActorRef | undefined): AlertMemory | undefined {
  const snapshot: SnapshotFrom<typeof alertManagerMachine> | undefined = actor?.getSnapshot();
  return snapshot?.context.memory;
}

/** Nothing waits whose time has come and nothing is on its way: at the end of a run there is nothing more to wait for. */
export function hasNothingToSend(actor: AnyActorRef | undefined): boolean {
  const snapshot: SnapshotFrom<typeof alertManagerMachine> | undefined = actor?.getSnapshot();
  return snapshot === undefined || isQuiet(snapshot.context.memory, snapshot.context.deps.clock.nowMs());
}

/** Journal and reporter for the alert manager: their failures never stop it. */
class AlertRecords {
  readonly #journal: Journal;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  /** Entries that could not be written, the newest of each kind and key; included in the next write. */
  readonly #unwritten = new Map<string, JournalEntry>();
  /** Of the last entry written. */
  #place = 0;

  constructor({ journal, reporter, clock }: AlertManagerDeps) {
    this.#journal = journal;
    this.#reporter = reporter;
    this.#clock = clock;
  }

  /** Writes; a failing journal is reported once, and alerts are sent all the same. */
  write(writes: readonly AlertWrite[]): void {
    const atMs = this.#clock.nowMs();
    const failedBefore = this.#unwritten.size > 0;
    for (const { kind, key, body } of writes) this.#unwritten.set(`${kind} ${key}`, { kind, key, atMs, body });
    if (this.#unwritten.size === 0) return;
    try {
      this.#place = this.#journal.append([...this.#unwritten.values()]);
      this.#unwritten.clear();
    } catch (thrown) {
      if (!failedBefore) this.#journalFailed(thrown);
    }
  }

  /** Resolves when what was written is durable, or its failure is reported. */
  async durable(): Promise<void> {
    try {
      await this.#journal.durable(this.#place);
    } catch (thrown) {
      this.#journalFailed(thrown);
    }
  }

  /** The memory with a dropped key restored from the journal, so that a `once` alert is not repeated. */
  recall(memory: AlertMemory, key: string): AlertMemory {
    if (memory.states.has(key)) return memory;
    const unwritten = this.#unwritten.get(`alert.state ${key}`)?.body;
    if (unwritten !== undefined) return recall(memory, unwritten);
    try {
      return recall(memory, this.#journal.latest('alert.state', key)?.body ?? null);
    } catch (thrown) {
      this.#journalFailed(thrown);
      return recall(memory, null);
    }
  }

  report(fact: Fact): void {
    try {
      this.#reporter.report(fact);
    } catch {
      // If a reporter throws against its contract, nobody is left to report to, and alerts go on.
    }
  }

  /** The result of `action`, or `otherwise` if it throws, which is reported. */
  attempt<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (thrown) {
      this.report({ type: 'alerts.failed', atMs: this.#clock.nowMs(), message: errorText(thrown) });
      return otherwise;
    }
  }

  #journalFailed(thrown: unknown): void {
    this.report({ type: 'journal.failed', atMs: this.#clock.nowMs(), message: whyOf(thrown) });
  }
}

/** The notifier marks such failures (ports.ts). */
function isForContent(thrown: unknown): boolean {
  return thrown instanceof Error && 'forContent' in thrown && thrown.forContent === true;
}
