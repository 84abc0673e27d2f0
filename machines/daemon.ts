import type { AnyActorRef, SnapshotFrom } from 'xstate';
import { alertKey, apiFailureKey, engineAlert, openingsStoppedKey } from '../src/core/alerts.ts';
import { netLeftAlert } from '../src/core/conditions.ts';
import { errorText } from '../src/core/error-text.ts';
import { toFailure } from '../src/core/failure.ts';
import { ACCOUNTS, type AccountName } from '../src/core/model.ts';
import { eachStop, NO_STOPS } from '../src/core/openings-stop.ts';
import { parseClientOrderId } from '../src/core/order-id.ts';
import { reason } from '../src/core/reasons.ts';
import { type alertDeskMachine, deskIsQuiet } from './alert-desk.ts';
import {
  alertFailure,
  alertParked,
  budgetChanged,
  clearEnds,
  clearParked,
  haltSymbol,
  judgeAccount,
  judgeEnds,
  judgeJournal,
  judgeStops,
  tellDemand,
} from './daemon-accounts.ts';
import { type DaemonInput, type EngineSymbol, liveOrders, netsLeft, openNow } from './daemon-actors.ts';
import {
  type Acting,
  type DaemonContext,
  type DaemonEvent,
  type DaemonOutput,
  daemon,
  type EventOf,
  type StartFailure,
  say,
} from './daemon-context.ts';
import {
  alertJournal,
  alertLock,
  alertTask,
  drain,
  endDeadMan,
  noteDefect,
  noteDisarmed,
  noteStart,
  noteStop,
  rememberUnsettled,
  respawn,
  startTrading,
  superviseActor,
  tellStarted,
  tellStatement,
} from './daemon-life.ts';
import {
  dropSymbol,
  endCommands,
  endFlatten,
  readListing,
  retune,
  sayLeaving,
  steer,
  takeListing,
  takeUpStrays,
} from './daemon-symbols.ts';
import { eventOf } from './event-of.ts';
import type { StopCleanupOutput } from './stop-cleanup.ts';

/**
 * The engine as a whole: starts, trades, drains, cleans up, stops (strategy 11, 13). It starts the other actors, restarts
 * those that fail without touching their siblings, and judges what concerns an account rather than a symbol. It takes no
 * decision about orders.
 */

/** The exit code of a run that a defect ended (strategy 13.2). */
const EXIT_DEFECT = 70;

/** An action whose function acts: it sends, starts, remembers and reports, in the order it says. */
function perform(act: (context: DaemonContext, event: DaemonEvent, acting: Acting) => void) {
  return daemon.enqueueActions(({ context, event, enqueue, self, system }) =>
    act(context, event, { enqueue, self, system }),
  );
}

/** {@link perform} for one type of event; the chart leads no other one there. */
function on<T extends DaemonEvent['type']>(
  type: T,
  act: (context: DaemonContext, event: EventOf<T>, acting: Acting) => void,
) {
  return perform((context, event, acting) => act(context, eventOf(event, type), acting));
}

const daemonSetup = daemon.extend({
  actions: {
    takeSymbols: daemon.assign(({ event }) => ({
      symbols: 'output' in event ? (event.output as readonly EngineSymbol[]) : [],
    })),
    startTrading: perform(startTrading),
    sayStarted: ({ context }) => {
      say(context, {
        type: 'engine.started',
        mode: context.settings.mode,
        instruments: context.symbols.flatMap(({ config, leaving }) =>
          leaving === undefined ? [config.instrument] : [],
        ),
      });
      for (const symbol of context.symbols) sayLeaving(context, symbol);
    },
    noteStart: perform(noteStart),
    noteStop: perform(noteStop),
    tellStarted: perform(tellStarted),
    tellStatement: on('money.counted', tellStatement),
    rememberWhy: daemon.assign(({ event }) => ({ stopWhy: eventOf(event, 'stop.requested').why })),
    noteDefect: on('defect.found', noteDefect),
    sayDraining: ({ context }) => say(context, { type: 'engine.draining', why: context.stopWhy }),
    drain: perform(drain),
    rememberUnknown: daemon.assign({
      unknown: ({ context, event }) => (event.type === 'gateway.idle' ? event.unknown : context.unknown),
    }),
    rememberUnsettled: perform(rememberUnsettled),
    judgeAccount: on('account.polled', judgeAccount),
    takeUpStrays: perform(takeUpStrays),
    dropSymbol: on('symbol.left', dropSymbol),
    steer: on('symbols.steered', steer),
    retune: on('settings.changed', retune),
    endCommands: perform(endCommands),
    endFlatten: on('symbol.flattened', endFlatten),
    alertFailure: on('account.failed', alertFailure),
    alertParked: on('account.parked', alertParked),
    clearParked: on('account.unparked', clearParked),
    judgeJournal: on('journal.reach', judgeJournal),
    noteSummary: daemon.assign(({ context, event }) =>
      event.type === 'margin.read' ? { summaries: { ...context.summaries, [event.account]: event.summary } } : {},
    ),
    judgeStops: perform(judgeStops),
    judgeBudget: perform(budgetChanged),
    spendAll: ({ context }) => context.exchange.spendAll(),
    judgeEnds: on('order.ended', judgeEnds),
    tellDemand: on('reduce-only.changed', tellDemand),
    clearEnds: on('ends.over', clearEnds),
    haltSymbol: on('invariant.broken', haltSymbol),
    superviseActor: perform(superviseActor),
    alertTask: on('task.failed', alertTask),
    alertJournal: perform(alertJournal),
    alertLock: on('lock.lost', alertLock),
    respawn: on('actor.due', respawn),
    readListing: perform(readListing),
    takeListing: on('xstate.done.actor.listing', takeListing),
    endDeadMan: perform(endDeadMan),
    noteDisarmed: perform(noteDisarmed),
    /** What was kept will be cancelled when the timer runs out. */
    alertArmed: ({ context, event, system }) => {
      const { why } = toFailure('error' in event ? event.error : event, 'cancelOnDisconnect', null);
      const alert = engineAlert('dead-man-armed', null, why, context.clock.nowMs());
      system.get('alert-desk')?.send({ type: 'alert.raised', alert });
    },
    takeCleanup: daemon.assign(({ context, event }) => {
      const output = 'output' in event ? (event.output as StopCleanupOutput) : null;
      const left = output?.left ?? [];
      return { exitCode: left.length > 0 ? 1 : context.exitCode };
    }),
    /** A fill that only the clean-up has seen is booked before what stays open is listed (strategy 13.4). */
    tellRows: ({ event, system }) => {
      const { rows = [] } = 'output' in event ? (event.output as Partial<StopCleanupOutput>) : {};
      for (const account of ACCOUNTS) {
        const own = rows.filter(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.account === account);
        const lookups = own.map((order) => ({ clientOrderId: order.clientOrderId, order }));
        if (lookups.length > 0) system.get(`poller:${account}`)?.send({ type: 'lookups.done', lookups });
      }
    },
    /** Sent at once: an enqueued event would arrive after the desk was asked whether something waits. */
    alertLeft: ({ context, self, system }) => {
      const atMs = context.clock.nowMs();
      const desk = system.get('alert-desk');
      const open = openNow(context, self);
      for (const net of open.unhedged) desk?.send({ type: 'alert.raised', alert: netLeftAlert(net, atMs) });
      desk?.send({ type: 'news.told', news: { doing: { what: 'stopped', why: context.stopWhy }, ...open } });
    },
    sayLeft: ({ context, self }) => {
      const left = [...netsLeft(context, self), ...context.journalledNets];
      for (const net of left) say(context, { type: 'net.left', ...net });
    },
    // At the very end: what is found broken while the last alerts are sent counts as well (strategy 13.2).
    countBroken: daemon.assign(({ context }) => ({
      exitCode: context.defect !== null ? EXIT_DEFECT : context.exitCode === 0 && context.broken ? 1 : context.exitCode,
    })),
    lookAtDesk: daemon.assign({
      told: ({ system }) => {
        const desk = system.get('alert-desk')?.getSnapshot() as SnapshotFrom<typeof alertDeskMachine> | undefined;
        return desk === undefined || deskIsQuiet(desk);
      },
    }),
    failCleanup: daemon.assign(({ event }) => ({
      exitCode: 1,
      failure: `clean-up failed: ${errorText('error' in event ? event.error : event)}`,
    })),
    failStart: daemon.assign(({ event }) => {
      const error = 'error' in event ? event.error : undefined;
      const known = error instanceof Error && 'exitCode' in error ? (error as Error & StartFailure) : null;
      return { exitCode: known?.exitCode ?? 69, failure: known?.message ?? errorText(error) };
    }),
    sayStopped: ({ context }) => say(context, { type: 'engine.stopped', exitCode: context.exitCode }),
  },
});

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: DaemonInput }): DaemonContext {
  return {
    ...input,
    symbols: [],
    foreign: { A: [], B: [] },
    // What was open when the engine last went down ends with the first good poll.
    failing: { A: keysOfAccount('A'), B: keysOfAccount('B') },
    holding: [
      ...ACCOUNTS.map((account) => alertKey('mmr', account)),
      alertKey('clock-skew'),
      ...eachStop(NO_STOPS).map(({ of }) => openingsStoppedKey(of)),
    ],
    parked: { A: null, B: null },
    parkedSinceMs: { A: null, B: null },
    journalSinceMs: null,
    stops: NO_STOPS,
    summaries: { A: null, B: null },
    ends: [],
    respawns: {},
    listingFailures: 0,
    listing: 'none',
    strays: { A: {}, B: {} },
    unknown: [],
    journalled: [],
    journalledNets: [],
    tradingSinceMs: 0,
    toTell: null,
    draining: false,
    broken: false,
    defect: null,
    told: false,
    stopWhy: reason('stop-asked', '13.1', { by: '' }),
    exitCode: 0,
    failure: null,
  };
}

type Args = { context: DaemonContext };

const outputOf = ({ context }: Args): DaemonOutput => ({ exitCode: context.exitCode, failure: context.failure });
const prepareInput = ({ context }: Args) => ({ prepare: context.prepare });
const disarmInput = ({ context }: Args) => ({ exchange: context.exchange });
const cleanupInput = ({ context, self }: Args & { self: AnyActorRef }) => ({
  exchange: context.exchange,
  clock: context.clock,
  reporter: context.reporter,
  cancelOnStop: context.settings.cancelOnStop,
  keep: context.settings.stopKeepStrategyOrders,
  unknown: context.unknown,
  live: [...context.journalled, ...liveOrders(context, self)],
});

export const daemonMachine = daemonSetup.createMachine({
  id: 'daemon',
  description: 'The engine: starts, trades, drains, cleans up, stops.',
  context: begin,
  output: outputOf,
  initial: 'starting',
  on: {
    'account.polled': { actions: ['judgeAccount', 'takeUpStrays', 'tellStarted'] },
    'margin.read': { actions: ['noteSummary', 'judgeStops'] },
    'money.counted': { actions: ['judgeStops', 'tellStatement'] },
    'account.failed': { actions: ['alertFailure'] },
    'account.parked': { actions: ['alertParked'] },
    'account.unparked': { actions: ['clearParked'] },
    'journal.reach': { actions: ['judgeJournal'] },
    'symbol.left': { actions: ['dropSymbol'] },
    'symbol.flattened': { actions: ['endFlatten'] },
    'defect.found': { actions: ['noteDefect'] },
    'budget.share': { actions: ['judgeBudget'] },
    'budget.late': { actions: ['judgeBudget'] },
    'order.ended': { actions: ['judgeEnds'] },
    'reduce-only.changed': { actions: ['tellDemand'] },
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
        input: prepareInput,
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
      entry: ['startTrading', 'sayStarted', 'noteStart'],
      on: {
        'symbols.steered': { actions: ['steer'] },
        'settings.changed': { actions: ['retune', 'judgeStops'] },
        'commands.due': { actions: ['endCommands'] },
        'listing.due': { actions: ['readListing'] },
        'rules.doubted': { actions: ['readListing'] },
        'xstate.done.actor.listing': { actions: ['takeListing'] },
        'stop.requested': { target: 'draining', actions: ['rememberWhy'] },
        'defect.found': { target: 'draining', actions: ['noteDefect'] },
      },
    },
    draining: {
      description: 'No create leaves any more; what is in flight is settled first.',
      entry: ['sayDraining', 'spendAll', 'drain'],
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
        onDone: { target: 'disarming', actions: ['takeCleanup', 'tellRows'] },
        onError: { target: 'disarming', actions: ['failCleanup'] },
      },
    },
    disarming: {
      description: 'The exchange’s dead-man timers are switched off, if they are ours: what was kept stays.',
      entry: 'endDeadMan',
      always: { guard: 'noDeadMan', target: 'telling' },
      invoke: {
        src: 'disarm',
        input: disarmInput,
        onDone: { target: 'telling', actions: ['noteDisarmed'] },
        onError: { target: 'telling', actions: ['alertArmed'] },
      },
    },
    telling: {
      description:
        'What the alert desk still has to tell gets a moment; the rest stays in the journal for the next start.',
      entry: ['alertLeft'],
      after: { farewellMs: { target: 'stopped' } },
      initial: 'looking',
      states: {
        looking: {
          description: 'Is there anything left to tell?',
          entry: ['lookAtDesk'],
          always: { guard: 'nothingToTell', target: '#daemon.stopped' },
          after: { lookAgainMs: { target: 'looking', reenter: true } },
        },
      },
    },
    stopped: {
      description: 'Nothing runs any more.',
      type: 'final',
      entry: ['countBroken', 'sayLeft', 'sayStopped', 'noteStop'],
    },
  },
});

/** Calls of an account that may have been failing when the engine last went down. */
const CALLS_OF_ACCOUNT = [
  ...['login', 'positions', 'openOrders', 'accountSummary', 'order', 'orderHistory', 'fillHistory'],
  ...['createOrder', 'cancelOrder'],
];

/** API failures that the first good poll of an account ends; that it is not parked its poller says. */
function keysOfAccount(account: AccountName): string[] {
  return [...CALLS_OF_ACCOUNT.map((call) => apiFailureKey(account, call)), apiFailureKey(null, 'book')];
}
