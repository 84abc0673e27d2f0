import { assign, enqueueActions, fromPromise, type SnapshotFrom, setup } from 'xstate';
import { ALERT_POLICIES, type StuckNow } from '../src/core/alerts.ts';
import {
  type AlertPolicies,
  DAILY_NOTE,
  type DeskMemory,
  type DeskStep,
  type DeskWrite,
  deskClear,
  deskDaily,
  deskHandle,
  deskNews,
  deskRaise,
  deskWake,
  outboxWrite,
  recall,
  restoreDesk,
} from '../src/core/desk.ts';
import { errorText } from '../src/core/error-text.ts';
import type { Fact } from '../src/core/facts.ts';
import type { JournalEntry } from '../src/core/journal-entry.ts';
import type { ToAlertDesk } from '../src/core/messages.ts';
import { type AlertTexts, delivered, isDue, rejected, takeKeys, takeMessage, undelivered } from '../src/core/outbox.ts';
import type { AlertSink, Clock, Journal, Notifier, Reporter } from '../src/ports.ts';

/**
 * The alert desk (strategy 12): every alert arrives, whatever happens.
 *
 * It takes conditions as they are raised and cleared, judges what is to be told, writes that to the journal, and delivers
 * it one message at a time. It never trades, never delays whoever raises, and never fails because a delivery, the
 * journal, a text or a reporter does: everything it asks of the world is caught here, and said.
 */

/** At most one message in this time: a phone that rings more often is put away. */
export const PACE_MS = 3000;
/** What comes up together is told together: all symbols judge the same poll within a loop interval (2 s). */
export const GATHER_MS = 2000;
/** Longest pause between tries: a gateway that is back is found within five minutes, one that is down is not hammered. */
export const LONGEST_PAUSE_MS = 300_000;
/** How often ends of conditions and the hour of the daily report are looked at. The times themselves are absolute. */
export const WAKE_MS = 5000;
/** A delivery that has not ended by now never will: three times what the notifier allows itself. Its answer counts as lost. */
export const SENDING_LIMIT_MS = 30_000;

export interface AlertDeskInput {
  readonly journal: Journal;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** Every word that is told, in one language (src/notify/texts.ts). */
  readonly texts: AlertTexts;
  readonly settings: {
    /** Minutes after midnight, Beijing time (strategy 12.2). */
    readonly dailyReportAtMinutes: number;
    readonly stuckMs: number;
    /** The repeat table of strategy 12 unless given. */
    readonly policies?: AlertPolicies;
  };
  /** Symbols that are not hedged now, stuck or not, and those still to be heard of. */
  readonly stuckNow: () => StuckNow;
}

interface AlertDeskContext extends AlertDeskInput {
  readonly policies: AlertPolicies;
  readonly memory: DeskMemory;
  readonly records: DeskRecords;
  /** The message that is on its way. */
  readonly text: string;
  readonly failuresInARow: number;
  readonly pauseMs: number;
  /** The engine has stopped: nothing more comes up that could join a message, and the process waits for the last one. */
  readonly closing: boolean;
}

interface Delivery extends Pick<AlertDeskContext, 'notifier' | 'records' | 'text'> {}

/** A message leaves when its entry is safe in the journal (strategy 9.3), or when it is known that it never will be. */
const deliver = fromPromise<void, Delivery>(async ({ input: { notifier, records, text }, signal }) => {
  await records.durable();
  // Given up meanwhile: it is tried again.
  if (signal.aborted) return;
  await notifier.send(text);
});

export const alertDeskMachine = setup({
  types: {
    context: {} as AlertDeskContext,
    events: {} as ToAlertDesk,
    input: {} as AlertDeskInput,
  },
  actors: { deliver },
  delays: {
    gatherMs: GATHER_MS,
    pauseMs: ({ context }) => context.pauseMs,
    sendingLimitMs: SENDING_LIMIT_MS,
    wakeMs: WAKE_MS,
  },
  guards: {
    somethingWaits: ({ context: { memory, clock } }) => isDue(memory.outbox, clock.nowMs()),
    lastWordsWait: ({ context: { memory, clock, closing, failuresInARow } }) =>
      closing && failuresInARow === 0 && isDue(memory.outbox, clock.nowMs()),
    refusedForContent: (_, { thrown }: { readonly thrown: unknown }) => isForContent(thrown),
  },
  actions: {
    judgeRaised: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'alert.raised') return;
      const { records, clock, policies } = context;
      const memory = records.recall(context.memory, event.alert.key);
      keep(context, deskRaise(memory, event.alert, clock.nowMs(), policies), enqueue);
    }),
    judgeCleared: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'alert.cleared') return;
      keep(context, deskClear(context.memory, event.key, event.atMs, context.policies), enqueue);
    }),
    takeNews: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'news.told') return;
      keep(context, deskNews(context.memory, event.news, context.clock.nowMs()), enqueue);
      if (event.news.doing.what === 'stopped') enqueue.assign({ closing: true });
    }),
    takeHandling: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'alert.handled') return;
      const { memory, clock, policies, records } = context;
      const { key, by, silenceMs } = event;
      const atMs = clock.nowMs();
      const step = deskHandle(memory, key, event, atMs, policies);
      if (step === null) return;
      keep(context, step, enqueue);
      const untilMs = silenceMs === null ? null : atMs + silenceMs;
      enqueue(() => records.report({ type: 'alert.handled', atMs, key, by, untilMs }));
    }),
    retune: assign(({ context, event }) => {
      if (event.type !== 'desk.tuned') return {};
      const { texts, dailyReportAtMinutes, stuckMs } = event;
      return { texts, settings: { ...context.settings, dailyReportAtMinutes, stuckMs } };
    }),
    judgeTime: enqueueActions(({ context, enqueue }) => {
      keep(context, deskWake(context.memory, context.clock.nowMs(), context.policies), enqueue);
    }),
    judgeDailyReport: enqueueActions(({ context, enqueue }) => {
      const { memory, clock, settings, records } = context;
      const stuck = () => records.attempt(context.stuckNow, null);
      const step = deskDaily(memory, clock.nowMs(), settings.dailyReportAtMinutes, settings.stuckMs, stuck);
      keep(context, step, enqueue);
    }),
    takeMessage: assign(({ context: { memory, records, texts, clock } }) => {
      const nowMs = clock.nowMs();
      const taken =
        records.attempt(() => takeMessage(memory.outbox, texts, nowMs), null) ?? takeKeys(memory.outbox, nowMs);
      return taken === null ? {} : { memory: { ...memory, outbox: taken.outbox }, text: taken.text };
    }),
    noteDelivered: enqueueActions(({ context, enqueue }) => {
      const { memory, records, clock } = context;
      const atMs = clock.nowMs();
      const alerts = memory.outbox.inFlight.size;
      const { outbox, changes } = delivered(memory.outbox);
      enqueue.assign({ memory: { ...memory, outbox }, text: '', failuresInARow: 0, pauseMs: PACE_MS });
      enqueue(() => {
        records.write(changes.map(outboxWrite(atMs)));
        records.report({ type: 'alerts.sent', atMs, alerts, waiting: outbox.pending.size });
      });
    }),
    /** The gateway is there: what else waits goes on at its pace. */
    noteRefused: enqueueActions(({ context, enqueue }, { reason }: { readonly reason: string }) => {
      const { memory, records, clock } = context;
      const atMs = clock.nowMs();
      const { outbox, changes, aside } = rejected(memory.outbox, atMs);
      enqueue.assign({ memory: { ...memory, outbox }, text: '', failuresInARow: 0, pauseMs: PACE_MS });
      enqueue(() => {
        records.write(changes.map(outboxWrite(atMs)));
        records.report({ type: 'alerts.refused', atMs, reason, setAside: aside, waiting: outbox.pending.size });
      });
    }),
    noteUndelivered: enqueueActions(({ context, enqueue }, { reason }: { readonly reason: string }) => {
      const { memory, records, clock } = context;
      const outbox = undelivered(memory.outbox);
      const inARow = context.failuresInARow + 1;
      const pauseMs = pauseAfter(inARow);
      enqueue.assign({ memory: { ...memory, outbox }, text: '', failuresInARow: inARow, pauseMs });
      const waiting = outbox.pending.size;
      enqueue(() => {
        records.report({ type: 'alerts.unsent', atMs: clock.nowMs(), reason, inARow, waiting, pauseMs });
      });
    }),
  },
}).createMachine({
  id: 'alert-desk',
  context: ({ input }) => ({
    ...input,
    policies: input.settings.policies ?? ALERT_POLICIES,
    memory: restored(input),
    records: new DeskRecords(input),
    text: '',
    failuresInARow: 0,
    pauseMs: PACE_MS,
    closing: false,
  }),
  type: 'parallel',
  on: {
    'alert.raised': { actions: 'judgeRaised' },
    'alert.cleared': { actions: 'judgeCleared' },
    'news.told': { actions: 'takeNews' },
    'alert.handled': { actions: 'takeHandling' },
    'desk.tuned': { actions: 'retune' },
  },
  states: {
    delivery: {
      description: 'Tells people, one message at a time.',
      initial: 'pausing',
      states: {
        outbox: {
          description: 'Nothing waits to be told.',
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
            src: 'deliver',
            input: ({ context }) => context,
            onDone: { target: 'pausing', actions: 'noteDelivered' },
            onError: [
              {
                guard: { type: 'refusedForContent', params: ({ event }) => ({ thrown: event.error }) },
                target: 'pausing',
                actions: { type: 'noteRefused', params: ({ event }) => ({ reason: errorText(event.error) }) },
              },
              {
                target: 'pausing',
                actions: { type: 'noteUndelivered', params: ({ event }) => ({ reason: errorText(event.error) }) },
              },
            ],
          },
          after: {
            sendingLimitMs: {
              target: 'pausing',
              actions: { type: 'noteUndelivered', params: { reason: 'the delivery did not end' } },
            },
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
      description: 'Looks at the time: ends of conditions, the hour of the daily report.',
      initial: 'waiting',
      states: {
        waiting: {
          description: 'Until the next look.',
          entry: ['judgeTime', 'judgeDailyReport'],
          after: { wakeMs: { target: 'waiting', reenter: true } },
        },
      },
    },
  },
});

/** Pause after so many failed tries in a row, ms: 3 s, doubling, at most five minutes. */
export function pauseAfter(failuresInARow: number): number {
  return Math.min(PACE_MS * 2 ** Math.min(failuresInARow - 1, 16), LONGEST_PAUSE_MS);
}

/** Nothing waits whose time has come and nothing is on its way: at the end of a run there is nothing more to wait for. */
export function deskIsQuiet(snapshot: SnapshotFrom<typeof alertDeskMachine>): boolean {
  const { memory, clock } = snapshot.context;
  return !isDue(memory.outbox, clock.nowMs()) && memory.outbox.inFlight.size === 0;
}

/** The desk as those see it that are no actors. */
export function alertSink(desk: { send(event: ToAlertDesk): void }): AlertSink {
  return {
    raise: (alert) => desk.send({ type: 'alert.raised', alert }),
    clear: (key, atMs) => desk.send({ type: 'alert.cleared', key, atMs }),
  };
}

/** @throws what the journal throws: an engine that cannot read its memory must not start (strategy 11.2). */
function restored({ journal, clock }: AlertDeskInput): DeskMemory {
  const journalled = {
    states: journal.latestOfEach('alert.state').map(({ body }) => body),
    outbox: journal.latestOfEach('outbox').map(({ body }) => body),
    dailyNote: journal.latest('note', DAILY_NOTE)?.body ?? null,
  };
  return restoreDesk(journalled, clock.nowMs());
}

/** Memory first, then the journal, then the word of it; a delivery starts only after all three. */
function keep(
  { memory, records, clock }: AlertDeskContext,
  step: DeskStep,
  enqueue: { (action: () => void): void; assign(change: Partial<AlertDeskContext>): void },
): void {
  if (step.memory !== memory) enqueue.assign({ memory: step.memory });
  enqueue(() => {
    const atMs = clock.nowMs();
    records.write(step.writes);
    for (const alert of step.told) records.report({ type: 'alert.raised', atMs, alert });
    for (const ended of step.resolved) records.report({ type: 'alert.resolved', atMs, ...ended });
  });
}

/** The journal and the reporter as the desk uses them: nothing they do stops it. */
class DeskRecords {
  readonly #journal: Journal;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  /** Entries that could not be written, the newest of each kind and key; they go with the next write, or look at the time. */
  readonly #unwritten = new Map<string, JournalEntry>();
  /** Of the last entry written. */
  #place = 0;

  constructor({ journal, reporter, clock }: AlertDeskInput) {
    this.#journal = journal;
    this.#reporter = reporter;
    this.#clock = clock;
  }

  /** Writes; a journal that fails is said once, and people are told what there is to tell all the same. */
  write(writes: readonly DeskWrite[]): void {
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

  /** Resolves when what was written is safe, or when it is reported that it is not. */
  async durable(): Promise<void> {
    try {
      await this.#journal.durable(this.#place);
    } catch (thrown) {
      this.#journalFailed(thrown);
    }
  }

  /** The memory, with what the journal has of a key that was let go: an order named once is not named again. */
  recall(memory: DeskMemory, key: string): DeskMemory {
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
      // A reporter never throws by contract; where one does all the same there is nobody left to tell, and alerts go on.
    }
  }

  /** What `action` gives, or `otherwise` when it throws, which is said. */
  attempt<T>(action: () => T, otherwise: T): T {
    try {
      return action();
    } catch (thrown) {
      this.report({ type: 'alerts.failed', atMs: this.#clock.nowMs(), message: errorText(thrown) });
      return otherwise;
    }
  }

  #journalFailed(thrown: unknown): void {
    this.report({ type: 'journal.failed', atMs: this.#clock.nowMs(), message: errorText(thrown) });
  }
}

/** The notifier says so of its own failures (ports.ts). */
function isForContent(thrown: unknown): boolean {
  return thrown instanceof Error && 'forContent' in thrown && thrown.forContent === true;
}
