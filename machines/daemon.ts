import { type AnyActorRef, fromPromise, setup } from 'xstate';
import { engineAlert } from '../src/core/alerts.ts';
import * as accounts from '../src/core/daemon/accounts.ts';
import type { DaemonEvent, Listing } from '../src/core/daemon/events.ts';
import * as life from '../src/core/daemon/life.ts';
import { type DaemonMemory, type EngineSymbol, initialDaemon } from '../src/core/daemon/memory.ts';
import {
  type DaemonNow,
  type DaemonStep,
  type DaemonView,
  journalFailed,
  raise,
  type Sent,
} from '../src/core/daemon/step.ts';
import * as symbols from '../src/core/daemon/symbols.ts';
import { whyOf } from '../src/core/error-text.ts';
import { toFailure } from '../src/core/failure.ts';
import { ACCOUNTS, type AccountName } from '../src/core/model.ts';
import type { Exchange } from '../src/ports.ts';
import { hasNothingToSend } from './alert-manager.ts';
import { type CallEnded, eventOf, forEvents, forFailures, send, thrownOf } from './carry-out.ts';
import { LOGIC, spawnOne } from './daemon-actors.ts';
import { type DaemonContext, type DaemonInput, type DaemonOutput, nowOf } from './daemon-context.ts';
import { liveOrders, netsLeft, viewOf } from './daemon-view.ts';
import { stopCleanupMachine } from './stop-cleanup.ts';

/**
 * The whole engine: starts, trades, drains, cleans up, stops (strategy 11, 13). It starts the other actors, restarts
 * failed ones without affecting the others, and judges what concerns accounts rather than symbols. It makes no
 * decisions about orders.
 */

/** Longest drain before the clean-up begins anyway: three requests and their confirmations. */
export const DRAIN_LIMIT_MS = 30_000;
/** How long a stopping engine waits for its last alerts: one delivery and its pace. */
export const LAST_MESSAGES_MS = 10_000;
const CHECK_AGAIN_MS = 100;

interface WithExchange {
  readonly exchange: Exchange;
}

const listing = fromPromise<Listing, WithExchange>(async ({ input }) => {
  try {
    return { ok: true, instruments: await input.exchange.instruments() };
  } catch (thrown) {
    return { ok: false, failure: toFailure(thrown, 'instruments', null) };
  }
});

/** At most twice: one lost request must not cost the orders that were kept. */
const disarm = fromPromise<void, WithExchange>(async ({ input: { exchange } }) => {
  const off = (account: AccountName) => exchange.cancelOnDisconnect(account, 0);
  await Promise.all(ACCOUNTS.map((account) => off(account).catch(() => off(account))));
});

const calls = {
  prepare: fromPromise<readonly EngineSymbol[], Pick<DaemonInput, 'prepare'>>(({ input }) => input.prepare()),
  listing,
  cleanup: stopCleanupMachine,
  disarm,
};

type Event = DaemonEvent | CallEnded<typeof calls>;

const daemon = setup({
  types: {
    input: {} as DaemonInput,
    context: {} as DaemonContext,
    events: {} as Event,
    output: {} as DaemonOutput,
  },
  actors: { ...calls, ...LOGIC },
  delays: { drainLimitMs: DRAIN_LIMIT_MS, farewellMs: LAST_MESSAGES_MS, checkAgainMs: CHECK_AGAIN_MS },
  guards: {
    nothingToSend: ({ context }) => context.memory.isAllSent,
    noDeadMan: ({ context }) => !context.memory.settings.deadManMs,
  },
});

type StepOf = (
  memory: DaemonMemory,
  now: DaemonNow,
  event: Event,
  view: DaemonView,
  context: DaemonContext,
) => DaemonStep;
type Args = Parameters<Parameters<typeof daemon.enqueueActions>[0]>[0];

/** Carries out a step: memory, journal, reporter, commands. */
function perform(stepOf: StepOf) {
  return daemon.enqueueActions((args) => {
    const { context, event, self } = args;
    carryOut(stepOf(context.memory, nowOf(context), event, viewOf(context, self), context), args);
  });
}

const on = forEvents(perform);
const onFailure = forFailures(perform);

function carryOut(step: DaemonStep, args: Args): void {
  const { context, enqueue, system, self } = args;
  const { deps } = context;
  const { change = {}, entries = [], facts = [], commands = [], onlyIfWritten } = step;
  // Each assignment creates a new snapshot of the machine, and a copy of so many fields is slow.
  const memory = Object.keys(change).length === 0 ? context.memory : { ...context.memory, ...change };
  if (memory !== context.memory) enqueue.assign({ memory });
  try {
    if (entries.length > 0) deps.journal.append(entries);
  } catch (thrown) {
    carryOut(journalFailed(whyOf(thrown), nowOf(context)), args);
    if (onlyIfWritten) return;
  }
  for (const fact of facts) enqueue(() => deps.reporter.report(fact));
  for (const command of commands) {
    switch (command.do) {
      case 'send':
        send({ enqueue, system }, command.to, command.message);
        break;
      case 'send-child':
        enqueue.sendTo(command.actor, command.message);
        break;
      case 'start':
        spawnOne({ deps, memory }, command.actor, enqueue, self);
        break;
      case 'stop':
        enqueue.stopChild(command.actor);
        break;
      case 'raise':
        enqueue.raise(command.event);
        break;
      case 'time':
        enqueue.cancel(command.id);
        if (command.timer === null) break;
        enqueue.raise(command.timer.event, { id: command.id, delay: command.timer.delayMs });
        break;
      case 'read-listing':
        enqueue.spawnChild('listing', { id: 'listing', input: { exchange: deps.exchange } });
        break;
    }
  }
}

type Messages = (memory: DaemonMemory, now: DaemonNow, event: Event, view: DaemonView) => readonly Sent[];

/** Sends messages at once: enqueued ones are sent only after the next states have been entered. */
function atOnce(messagesOf: Messages) {
  return ({ context, event, self, system }: Pick<Args, 'context' | 'event' | 'self' | 'system'>) => {
    const sent = messagesOf(context.memory, nowOf(context), event, viewOf(context, self));
    for (const { to, message } of sent) system.get(to)?.send(message);
  };
}

const daemonSetup = daemon.extend({
  actions: {
    takeSymbols: on('xstate.done.actor.prepare', (_memory, _now, { output: symbols }) => ({ change: { symbols } })),
    startTrading: perform((memory, now, _event, view) => life.tradingBegun(memory, now, view)),
    reportStarted: perform(life.startReported),
    noteStart: perform((memory, now, _event, view) => life.runBegun(memory, now, view)),
    noteStop: perform((memory, now, _event, view) => life.runEnded(memory, now, view)),
    sendStart: perform((memory, now, _event, view) => life.startSent(memory, now, view)),
    sendStatement: on('money.counted', life.statementSent),
    rememberWhy: on('stop.requested', (_memory, _now, { why }) => ({ change: { stopWhy: why } })),
    noteDefect: on('defect.found', life.defectFound),
    reportDraining: perform(({ stopWhy: why }, { nowMs: atMs }) => ({
      facts: [{ type: 'engine.draining', atMs, why }],
    })),
    drain: perform(life.drained),
    rememberUnknown: on('gateway.idle', (_memory, _now, { unknown }) => ({ change: { unknown } })),
    rememberUnsettled: perform((memory, now, _event, view) => life.unsettledRemembered(memory, now, view)),
    judgeAccount: on('account.polled', accounts.accountPolled),
    takeUpStrays: on('account.polled', (memory, now, event, _view, { deps }) => {
      const taken = symbols.strayInstruments(memory, event).flatMap((name) => deps.takeUp(name) ?? []);
      return symbols.straysFound(memory, now, event, taken);
    }),
    dropSymbol: on('symbol.left', symbols.symbolLeft),
    steer: on('symbols.steered', symbols.symbolsSteered),
    retune: on('settings.changed', symbols.settingsChanged),
    endCommands: perform((memory, now, _event, view) => symbols.commandsDue(memory, now, view)),
    endFlatten: on('symbol.flattened', symbols.symbolFlattened),
    alertFailure: on('account.failed', accounts.accountFailed),
    alertParked: on('account.parked', accounts.accountParked),
    clearParked: on('account.unparked', accounts.accountUnparked),
    judgeJournal: on('journal.reach', accounts.journalReached),
    judgeMargin: on('margin.read', accounts.marginRead),
    judgeLoss: on('money.counted', (memory, now, { day }) => accounts.stopsJudged(memory, now, { day })),
    judgeStops: perform((memory, now) => accounts.stopsJudged(memory, now, {})),
    judgeShare: on('budget.share', accounts.budgetChanged),
    judgeLateness: on('budget.late', accounts.budgetChanged),
    spendAll: ({ context }) => context.deps.exchange.spendAll(),
    judgeEnds: on('order.ended', accounts.orderEnded),
    passOnDemand: on('reduce-only.changed', accounts.reduceOnlyChanged),
    clearEnds: on('ends.over', accounts.endsOver),
    haltSymbol: on('invariant.broken', accounts.invariantBroken),
    superviseActor: perform((memory, now, event, view) =>
      'error' in event
        ? life.actorFailed(memory, now, event.type.slice('xstate.error.actor.'.length), event.error, view)
        : {},
    ),
    alertTask: on('task.failed', life.taskFailed),
    alertJournal: on('journal.failed', life.journalReported),
    alertLock: on('lock.lost', life.lockLost),
    /** If the journal is unreadable, it is tried again later. */
    respawn: daemon.enqueueActions((args) => {
      const { context, event } = args;
      const { actor } = eventOf(event, 'actor.due');
      try {
        carryOut(life.actorDue(context.memory, actor), args);
      } catch (thrown) {
        const view = viewOf(context, args.self);
        carryOut(life.actorFailed(context.memory, nowOf(context), actor, thrown, view), args);
      }
    }),
    readListing: perform(symbols.listingDue),
    dropListingActor: daemon.stopChild('listing'),
    takeListing: on('xstate.done.actor.listing', (memory, now, { output }) => symbols.listingRead(memory, now, output)),
    endDeadMan: perform(life.deadManEnded),
    noteDisarmed: perform(life.disarmed),
    /** The kept orders will be cancelled when the timer runs out. */
    alertArmed: atOnce((_memory, { nowMs }, event) => {
      const { why } = toFailure(thrownOf(event), 'cancelOnDisconnect', null);
      return [raise(engineAlert('dead-man-armed', null, why, nowMs))];
    }),
    takeCleanup: on('xstate.done.actor.cleanup', ({ exitCode }, _now, { output }) => ({
      change: { exitCode: output.left.length > 0 ? 1 : exitCode },
    })),
    /** A fill that only the clean-up has seen is booked before the remains are reported (strategy 13.4). */
    reportRows: atOnce((_memory, _now, event) =>
      life.rowsSeen(eventOf(event, 'xstate.done.actor.cleanup').output.rows),
    ),
    alertLeft: atOnce(life.leftOpen),
    reportLeft: ({ context, self }) => {
      const { memory, deps } = context;
      const atMs = deps.clock.nowMs();
      for (const net of [...netsLeft(context, self), ...memory.journalledNets])
        deps.reporter.report({ type: 'net.left', atMs, ...net });
    },
    judgeExitCode: perform(life.exitCodeJudged),
    readAlertManager: daemon.assign(({ context: { memory }, system }) => ({
      memory: { ...memory, isAllSent: hasNothingToSend(system.get('alert-manager')) },
    })),
    failCleanup: onFailure(life.cleanupFailed),
    failStart: onFailure(life.startFailed),
    reportStopped: perform(({ exitCode }, { nowMs: atMs }) => ({
      facts: [{ type: 'engine.stopped', atMs, exitCode }],
    })),
  },
});

type Given = { context: DaemonContext };

function begin({ input: { settings, texts, ...deps } }: { input: DaemonInput }): DaemonContext {
  return { deps, memory: initialDaemon(settings, texts) };
}

const outputOf = ({ context: { memory } }: Given): DaemonOutput => ({
  exitCode: memory.exitCode,
  failure: memory.failure,
});
const depsOf = ({ context }: Given) => context.deps;
const cleanupInput = ({ context, self }: Given & { self: AnyActorRef }) => {
  const { exchange, clock, reporter } = context.deps;
  const { settings, unknown, journalled } = context.memory;
  const { cancelOnStop, stopKeepStrategyOrders: keep } = settings;
  const live = [...journalled, ...liveOrders(context, self)];
  return { exchange, clock, reporter, cancelOnStop, keep, unknown, live };
};

export const daemonMachine = daemonSetup.createMachine({
  id: 'daemon',
  description: 'The engine: starts, trades, drains, cleans up, stops.',
  context: begin,
  output: outputOf,
  initial: 'starting',
  on: {
    'account.polled': { actions: ['judgeAccount', 'takeUpStrays', 'sendStart'] },
    'margin.read': { actions: ['judgeMargin'] },
    'money.counted': { actions: ['judgeLoss', 'sendStatement'] },
    'account.failed': { actions: ['alertFailure'] },
    'account.parked': { actions: ['alertParked'] },
    'account.unparked': { actions: ['clearParked'] },
    'journal.reach': { actions: ['judgeJournal'] },
    'symbol.left': { actions: ['dropSymbol'] },
    'symbol.flattened': { actions: ['endFlatten'] },
    'defect.found': { actions: ['noteDefect'] },
    'budget.share': { actions: ['judgeShare'] },
    'budget.late': { actions: ['judgeLateness'] },
    'order.ended': { actions: ['judgeEnds'] },
    'reduce-only.changed': { actions: ['passOnDemand'] },
    'ends.over': { actions: ['clearEnds'] },
    'invariant.broken': { actions: ['haltSymbol'] },
    'task.failed': { actions: ['alertTask'] },
    'journal.failed': { actions: ['alertJournal'] },
    'lock.lost': { actions: ['alertLock'] },
    'actor.due': { actions: ['respawn'] },
    'xstate.error.actor.*': { actions: ['superviseActor'] },
  },
  states: {
    starting: {
      description: 'Logs both accounts in, reads the instruments and resolves the symbols.',
      invoke: {
        id: 'prepare',
        src: 'prepare',
        input: depsOf,
        onDone: { target: 'trading', actions: ['takeSymbols'] },
        onError: { target: 'stopped', actions: ['failStart'] },
      },
      on: {
        'stop.requested': { target: 'cleaning', actions: ['rememberWhy', 'rememberUnsettled'] },
        'defect.found': { target: 'cleaning', actions: ['noteDefect', 'rememberUnsettled'] },
      },
    },
    trading: {
      description: 'Polls both accounts, decides, submits.',
      entry: ['startTrading', 'reportStarted', 'noteStart'],
      on: {
        'symbols.steered': { actions: ['steer'] },
        'settings.changed': { actions: ['retune', 'judgeStops'] },
        'commands.due': { actions: ['endCommands'] },
        'listing.due': { actions: ['readListing'] },
        'rules.doubted': { actions: ['readListing'] },
        'xstate.done.actor.listing': { actions: ['dropListingActor', 'takeListing'] },
        'stop.requested': { target: 'draining', actions: ['rememberWhy'] },
        'defect.found': { target: 'draining', actions: ['noteDefect'] },
      },
    },
    draining: {
      description: 'No create leaves any more; what is in flight is settled first.',
      entry: ['reportDraining', 'spendAll', 'drain'],
      on: { 'gateway.idle': { target: 'cleaning', actions: ['rememberUnknown'] } },
      after: { drainLimitMs: { target: 'cleaning', actions: ['rememberUnsettled'] } },
    },
    cleaning: {
      description: 'Cancels our own orders, but for those to be kept, until the exchange agrees.',
      entry: 'spendAll',
      invoke: {
        id: 'cleanup',
        systemId: 'cleanup',
        src: 'cleanup',
        input: cleanupInput,
        onDone: { target: 'disarming', actions: ['takeCleanup', 'reportRows'] },
        onError: { target: 'disarming', actions: ['failCleanup'] },
      },
    },
    disarming: {
      description: 'The exchange’s dead-man timers are switched off, if they are ours: what was kept stays.',
      entry: 'endDeadMan',
      always: { guard: 'noDeadMan', target: 'sending' },
      invoke: {
        id: 'disarm',
        src: 'disarm',
        input: depsOf,
        onDone: { target: 'sending', actions: ['noteDisarmed'] },
        onError: { target: 'sending', actions: ['alertArmed'] },
      },
    },
    sending: {
      description: 'Remaining messages get a last moment; the rest stay in the journal for the next start.',
      entry: ['alertLeft'],
      after: { farewellMs: { target: 'stopped' } },
      initial: 'checking',
      states: {
        checking: {
          description: 'Is anything left to send?',
          entry: ['readAlertManager'],
          always: { guard: 'nothingToSend', target: '#daemon.stopped' },
          after: { checkAgainMs: { target: 'checking', reenter: true } },
        },
      },
    },
    stopped: {
      description: 'Nothing runs any more.',
      type: 'final',
      entry: ['judgeExitCode', 'reportLeft', 'reportStopped', 'noteStop'],
    },
  },
});
