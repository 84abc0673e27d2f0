import { type AnyActorRef, setup } from 'xstate';
import type { Now } from '../src/core/assess.ts';
import {
  isHedged,
  isHedgedAtLimit,
  isHedgedWithPartialFill,
  isRepairBlocked,
  isResting,
} from '../src/core/classify.ts';
import type { JournalEntry } from '../src/core/journal-entry.ts';
import type { ToSymbol } from '../src/core/messages.ts';
import * as changes from '../src/core/symbol/changes.ts';
import type { SymbolCommand } from '../src/core/symbol/commands.ts';
import * as deciding from '../src/core/symbol/deciding.ts';
import { forgotten } from '../src/core/symbol/leave.ts';
import { initialMemory, type SymbolBeginning, type SymbolMemory } from '../src/core/symbol/memory.ts';
import { snapshotReceived } from '../src/core/symbol/snapshots.ts';
import type { Step } from '../src/core/symbol/step.ts';
import * as submissions from '../src/core/symbol/submissions.ts';
import * as waiting from '../src/core/symbol/waiting.ts';
import type { EngineClock, Journal, Reporter } from '../src/ports.ts';
import { carryOut, forEvents } from './carry-out.ts';

/**
 * One symbol: both accounts' positions and orders in one instrument (strategy 5). It merges slices of both accounts'
 * views into the ledger, decides at each change, and requests submissions and cancels from the gateway.
 * It never talks to the exchange, never learns of a fill from the gateway, and decides no create on an account while
 * its last request there is pending (strategy 9.10).
 */

interface SymbolDeps {
  readonly clock: EngineClock;
  readonly journal: Journal;
  readonly reporter: Reporter;
}

export type SymbolInput = SymbolBeginning & SymbolDeps;

/**
 * The symbol's memory is one value: XState copies a context key by key at each assignment, and objects with more than
 * some eighteen keys become hash tables in V8, forty times as slow to copy.
 */
interface SymbolContext {
  readonly deps: SymbolDeps;
  readonly memory: SymbolMemory;
}

/** The memory of a symbol's actor; undefined: it does not run. */
export function memoryOf(actor: AnyActorRef | undefined): SymbolMemory | undefined {
  const snapshot: { context: SymbolContext } | undefined = actor?.getSnapshot();
  return snapshot?.context.memory;
}

function begin({ input: { clock, journal, reporter, ...beginning } }: { input: SymbolInput }): SymbolContext {
  return { deps: { clock, journal, reporter }, memory: initialMemory(beginning) };
}

function nowOf({ deps: { clock } }: SymbolContext): Now {
  return { nowMs: clock.nowMs(), era: clock.era() };
}

const symbol = setup({
  types: {
    input: {} as SymbolInput,
    context: {} as SymbolContext,
    events: {} as ToSymbol,
  },
  guards: {
    dataBecameStale: ({ context }) => deciding.dataBecameStale(context.memory, nowOf(context)),
    dataIsUnusable: ({ context }) => context.memory.assessment?.kind === 'unusable',
    // No mark without the best bid and ask, and no book is fresh (strategy 3.1).
    touchIsWanted: ({ context }) => context.memory.assessment?.kind === 'touch-wanted',
    // What `assess` has found, in the order of strategy 5.
    isResting: ({ context }) => deciding.situationIs(context.memory, isResting),
    isHedgedWithPartialFill: ({ context }) => deciding.situationIs(context.memory, isHedgedWithPartialFill),
    isHedgedAtLimit: ({ context }) => deciding.situationIs(context.memory, isHedgedAtLimit),
    isHedged: ({ context }) => deciding.situationIs(context.memory, isHedged),
    isRepairBlocked: ({ context }) => deciding.situationIs(context.memory, isRepairBlocked),
  },
});

/** Carries out a step: journal, memory, reporter, messages to running actors. */
function perform(stepOf: (memory: SymbolMemory, now: Now, event: ToSymbol) => Step) {
  return symbol.enqueueActions((args) => {
    const { context, event, enqueue } = args;
    const { deps, memory } = context;
    const { change, entries, facts, commands } = stepOf(memory, nowOf(context), event);
    if (entries.length > 0) enqueue(() => append(deps.journal, entries, cancelsOf(commands), args.system));
    // Most polls bring nothing new.
    carryOut(args, { ...(isChanged(memory, change) ? { change } : {}), facts, messages: commands });
  });
}

/**
 * Journals what a step decided. If that fails the actor fails, and starts again from the journal; its cancels leave all
 * the same, since nothing waits for the journal but creates and messages (strategy 9.3, 16.2).
 * @throws the journal's error
 */
function append(
  journal: Journal,
  entries: readonly JournalEntry[],
  cancels: readonly SymbolCommand[],
  system: AnyActorRef['system'],
): void {
  try {
    journal.append(entries);
  } catch (thrown) {
    for (const { to, message } of cancels) system.get(to)?.send(message);
    throw thrown;
  }
}

function cancelsOf(commands: readonly SymbolCommand[]): readonly SymbolCommand[] {
  return commands.filter(({ message }) => message.type === 'order.cancel');
}

function isChanged(memory: SymbolMemory, change: Partial<SymbolMemory>): boolean {
  const keys = Object.keys(change) as (keyof SymbolMemory)[];
  return keys.some((key) => change[key] !== memory[key]);
}

const on = forEvents(perform);

const symbolSetup = symbol.extend({
  actions: {
    start: perform(changes.starting),
    takeSnapshot: on('snapshot.received', snapshotReceived),
    takeTouch: on('touch.received', waiting.touchReceived),
    countTouchFailure: on('touch.failed', waiting.touchFailed),
    requestTouch: perform(waiting.touchWanted),
    assess: perform(deciding.assessed),
    reportWaiting: perform(waiting.waiting),
    carryOutPlan: perform(deciding.planCarriedOut),
    addOrder: on('order.sent', submissions.orderSent),
    dropAttempt: on('attempt.refused', submissions.attemptRefused),
    endSubmission: on('submission.ended', submissions.submissionEnded),
    resolveOrder: on('order.resolved', submissions.orderResolved),
    endCancel: on('cancel.ended', submissions.cancelEnded),
    sendWatchList: on('poller.started', changes.pollerStarted),
    startOverWithGateway: on('gateway.started', submissions.gatewayStarted),
    halt: perform(changes.halted),
    takeRules: on('instrument.listed', changes.instrumentListed),
    markUnlisted: perform(changes.instrumentUnlisted),
    markParked: on('account.parked', changes.accountParked),
    markUnparked: on('account.unparked', changes.accountUnparked),
    markJournal: on('journal.reach', changes.journalReached),
    markOpeningsStop: on('openings.stopped', changes.openingsStopped),
    takeCommands: on('symbol.steered', changes.steered),
    leaveNow: perform(forgotten),
    takeStrategy: on('strategy.changed', changes.strategyChanged),
    takeReduceOnly: on('reduce-only.changed', changes.reduceOnlyChanged),
    reportDraining: perform(changes.draining),
  },
});

export const symbolMachine = symbolSetup.createMachine({
  id: 'symbol',
  description: 'One instrument on both accounts: snapshots in, decisions out.',
  context: begin,
  entry: ['start'],
  initial: 'waiting',
  // What may change the decision leads to `deciding`; the rest is remembered for the next one.
  on: {
    'snapshot.received': { target: '.deciding', actions: ['takeSnapshot'] },
    'snapshot.failed': { target: '.deciding', guard: 'dataBecameStale' },
    'touch.received': { target: '.deciding', actions: ['takeTouch'] },
    'touch.failed': { actions: ['countTouchFailure'] },
    'order.sent': { actions: ['addOrder'] },
    'attempt.refused': { actions: ['dropAttempt'] },
    'submission.ended': { target: '.deciding', actions: ['endSubmission'] },
    'order.resolved': { target: '.deciding', actions: ['resolveOrder'] },
    'cancel.ended': { actions: ['endCancel'] },
    'poller.started': { actions: ['sendWatchList'] },
    'gateway.started': { actions: ['startOverWithGateway'] },
    'trading.halt': { actions: ['halt'] },
    'instrument.listed': { actions: ['takeRules'] },
    'instrument.unlisted': { actions: ['markUnlisted'] },
    'account.parked': { actions: ['markParked'] },
    'account.unparked': { actions: ['markUnparked'] },
    'journal.reach': { actions: ['markJournal'] },
    'openings.stopped': { target: '.deciding', actions: ['markOpeningsStop'] },
    'reduce-only.changed': { actions: ['takeReduceOnly'] },
    'symbol.steered': { target: '.deciding', actions: ['takeCommands'] },
    'symbol.forgotten': { actions: ['leaveNow'] },
    'strategy.changed': { actions: ['takeStrategy'] },
    'trading.drain': { target: '.draining' },
  },
  states: {
    waiting: {
      description:
        'No usable data of both accounts: missing, too old, in contradiction with the ledger, or no mark yet.',
      entry: ['reportWaiting'],
    },
    deciding: {
      description: 'A usable pair of snapshots is there: which of the five states is it? First match wins.',
      entry: ['assess'],
      always: [
        { guard: 'touchIsWanted', target: 'waiting', actions: ['requestTouch'] },
        { guard: 'dataIsUnusable', target: 'waiting' },
        { guard: 'isResting', target: 'cooldown' },
        { guard: 'isHedgedWithPartialFill', target: 'partial-wait' },
        { guard: 'isHedgedAtLimit', target: 'capped' },
        { guard: 'isHedged', target: 'equal' },
        { guard: 'isRepairBlocked', target: 'capped' },
        { target: 'imbalanced' },
      ],
    },
    equal: {
      description: 'Hedged, with room: both accounts quote one opening order each.',
      entry: ['carryOutPlan'],
    },
    imbalanced: {
      description: 'Not hedged: one account trades against the net, never worse than the guard price.',
      entry: ['carryOutPlan'],
    },
    'partial-wait': {
      description:
        'Hedged, and an order is filled in part: nothing new until it is filled, over, or has waited long enough.',
      entry: ['carryOutPlan'],
    },
    capped: {
      description: 'The position limits allow nothing that the present positions call for.',
      entry: ['carryOutPlan'],
    },
    cooldown: {
      description: 'Resting after refused orders: nothing new until the rest is over.',
      entry: ['carryOutPlan'],
    },
    draining: {
      description: 'The engine stops: fills are still booked, nothing new is asked for.',
      entry: ['reportDraining'],
      // In place of the transitions above that lead to `deciding`; an empty one ignores the event.
      on: {
        'snapshot.received': { actions: ['takeSnapshot'] },
        'snapshot.failed': {},
        'symbol.steered': { actions: ['takeCommands'] },
        'openings.stopped': { actions: ['markOpeningsStop'] },
        'touch.received': {},
        'submission.ended': { actions: ['endSubmission'] },
        'order.resolved': { actions: ['resolveOrder'] },
      },
    },
  },
});
