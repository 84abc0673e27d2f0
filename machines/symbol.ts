import { assign, enqueueActions, setup } from 'xstate';
import { isStaleReading } from '../src/core/assess.ts';
import { PRIORITY } from '../src/core/classify.ts';
import type {
  AccountParked,
  AccountUnparked,
  GatewayToSymbol,
  InstrumentListed,
  InstrumentUnlisted,
  PollerToSymbol,
  ReduceOnlyChanged,
  StrategyChanged,
  SymbolForgotten,
  SymbolSteered,
  TradingDrain,
  TradingHalt,
} from '../src/core/messages.ts';
import { ACCOUNTS } from '../src/core/model.ts';
import {
  accountParked,
  accountUnparked,
  assessed,
  attemptRefused,
  cancelEnded,
  carriedOut,
  draining,
  forgotten,
  gatewayStarted,
  initialContext,
  instrumentListed,
  instrumentUnlisted,
  orderResolved,
  orderSent,
  pollerStarted,
  reduceOnlyChanged,
  type Step,
  type SymbolContext,
  type SymbolInput,
  type SymbolMemory,
  snapshotReceived,
  starting,
  steered,
  submissionEnded,
  touchFailed,
  touchWanted,
  waiting,
} from './symbol-steps.ts';

/**
 * One symbol: both accounts' positions and orders in one instrument (strategy 5).
 *
 * It takes slices of both accounts' views into the ledger, decides at each change, and asks the gateway for submissions and
 * cancels. It never talks to the exchange, never learns of a fill from the gateway, and decides no create on an account while
 * what it asked for there is under way (strategy 9.10).
 */

export type SymbolEvent =
  | PollerToSymbol
  | GatewayToSymbol
  | TradingDrain
  | TradingHalt
  | InstrumentListed
  | InstrumentUnlisted
  | AccountParked
  | AccountUnparked
  | ReduceOnlyChanged
  | SymbolSteered
  | SymbolForgotten
  | StrategyChanged;

/** What is known after that change. */
function changed({ known }: SymbolMemory, change: Partial<SymbolContext>): SymbolMemory {
  return { known: { ...known, ...change } };
}

/** An action that carries out a step: context first, then journal and people, then the other actors. */
function perform(stepOf: (context: SymbolContext, event: SymbolEvent) => Step | null) {
  return enqueueActions<SymbolMemory, SymbolEvent, undefined, SymbolEvent, never, never, never, never, never>(
    ({ context, event, enqueue, system }) => {
      const { known } = context;
      const step = stepOf(known, event);
      if (step === null) return;
      // Most polls bring nothing new, and each assignment makes XState build a whole snapshot of the machine.
      if (changes(known, step.change)) enqueue.assign(changed(context, step.change));
      if (step.entries.length > 0 || step.facts.length > 0) {
        enqueue(() => {
          if (step.entries.length > 0) known.journal.append(step.entries);
          for (const fact of step.facts) known.reporter.report(fact);
        });
      }
      for (const { to, message } of step.commands) {
        const actor = system.get(to);
        if (actor) enqueue.sendTo(actor, message);
      }
    },
  );
}

function changes(context: SymbolContext, change: Partial<SymbolContext>): boolean {
  return (Object.keys(change) as (keyof SymbolContext)[]).some((key) => change[key] !== context[key]);
}

/** The step of one type of event; other events that may lead here do nothing. */
function on<T extends SymbolEvent['type']>(
  type: T,
  stepOf: (context: SymbolContext, event: Extract<SymbolEvent, { type: T }>) => Step,
) {
  return perform((context, event) =>
    event.type === type ? stepOf(context, event as Extract<SymbolEvent, { type: T }>) : null,
  );
}

const symbolSetup = setup({
  types: {
    input: {} as SymbolInput,
    context: {} as SymbolMemory,
    events: {} as SymbolEvent,
  },
  guards: {
    /** Only old data are news: a failed read while the last ones are fresh changes nothing. */
    dataGoneStale: ({ context: { known } }) => {
      const now = { nowMs: known.clock.nowMs(), era: known.clock.era() };
      return ACCOUNTS.some((account) => {
        const snapshot = known.snapshots[account];
        return snapshot !== null && isStaleReading(snapshot, now, known.staleMs);
      });
    },
    dataUnusable: ({ context }) => context.known.assessment?.kind === 'unusable',
    touchWanted: ({ context }) => context.known.assessment?.kind === 'touch-wanted',
    resting: ({ context }) => matches(context.known, 0),
    hedgedWithPartialFill: ({ context }) => matches(context.known, 1),
    hedgedAtLimit: ({ context }) => matches(context.known, 2),
    hedged: ({ context }) => matches(context.known, 3),
    blockedBothWays: ({ context }) => matches(context.known, 4),
  },
  actions: {
    start: perform(starting),
    takeSnapshot: on('snapshot.received', (context, event) => snapshotReceived(context, event.snapshot)),
    takeTouch: assign(({ event, context }) => {
      if (event.type !== 'touch.received') return changed(context, { touchAsked: false });
      const { bid, ask, atMs } = event;
      const touch = { bid, ask, atMs, era: context.known.clock.era() };
      return changed(context, { touch, touchAsked: false, touchFailed: null });
    }),
    noteTouchFailed: assign(({ event, context }) =>
      event.type === 'touch.failed' ? changed(context, touchFailed(context.known, event)) : context,
    ),
    askForTouch: perform(touchWanted),
    assess: assign(({ context }) => changed(context, assessed(context.known))),
    sayWaiting: perform(waiting),
    carryOut: perform(carriedOut),
    addOrder: on('order.sent', orderSent),
    dropAttempt: on('attempt.refused', attemptRefused),
    endSubmission: on('submission.ended', submissionEnded),
    resolveOrder: on('order.resolved', orderResolved),
    endCancel: on('cancel.ended', cancelEnded),
    tellPoller: on('poller.started', pollerStarted),
    meetGateway: on('gateway.started', gatewayStarted),
    halt: assign(({ context }) => changed(context, { halted: true })),
    takeRules: on('instrument.listed', instrumentListed),
    noteUnlisted: on('instrument.unlisted', instrumentUnlisted),
    notePark: on('account.parked', accountParked),
    noteUnpark: on('account.unparked', accountUnparked),
    steer: on('symbol.steered', steered),
    forget: perform(forgotten),
    retune: assign(({ context, event }) => {
      if (event.type !== 'strategy.changed') return context;
      const { strategy, staleMs, loopIntervalMs } = event;
      return changed(context, { strategy, staleMs, loopIntervalMs });
    }),
    noteDemand: on('reduce-only.changed', reduceOnlyChanged),
    sayDraining: perform(draining),
  },
});

export const symbolMachine = symbolSetup.createMachine({
  id: 'symbol',
  description: 'One instrument on both accounts: snapshots in, decisions out.',
  context: ({ input }) => ({ known: initialContext(input) }),
  entry: ['start'],
  initial: 'waiting',
  on: {
    'snapshot.received': { target: '.deciding', actions: ['takeSnapshot'] },
    'snapshot.failed': { target: '.deciding', guard: 'dataGoneStale' },
    'touch.received': { target: '.deciding', actions: ['takeTouch'] },
    'touch.failed': { actions: ['noteTouchFailed'] },
    'order.sent': { actions: ['addOrder'] },
    'attempt.refused': { actions: ['dropAttempt'] },
    'submission.ended': { target: '.deciding', actions: ['endSubmission'] },
    'order.resolved': { target: '.deciding', actions: ['resolveOrder'] },
    'cancel.ended': { actions: ['endCancel'] },
    'poller.started': { actions: ['tellPoller'] },
    'gateway.started': { actions: ['meetGateway'] },
    'trading.halt': { actions: ['halt'] },
    'instrument.listed': { actions: ['takeRules'] },
    'instrument.unlisted': { actions: ['noteUnlisted'] },
    'account.parked': { actions: ['notePark'] },
    'account.unparked': { actions: ['noteUnpark'] },
    'reduce-only.changed': { actions: ['noteDemand'] },
    'symbol.steered': { target: '.deciding', actions: ['steer'] },
    'symbol.forgotten': { actions: ['forget'] },
    'strategy.changed': { actions: ['retune'] },
    'trading.drain': { target: '.draining' },
  },
  states: {
    waiting: {
      description:
        'No usable data of both accounts: missing, too old, in contradiction with the ledger, or no mark yet.',
      entry: ['sayWaiting'],
    },
    deciding: {
      description: 'A usable pair of snapshots is there: which of the five states is it? First match wins.',
      entry: ['assess'],
      always: [
        { guard: 'touchWanted', target: 'waiting', actions: ['askForTouch'] },
        { guard: 'dataUnusable', target: 'waiting' },
        { guard: 'resting', target: 'cooldown' },
        { guard: 'hedgedWithPartialFill', target: 'partial-wait' },
        { guard: 'hedgedAtLimit', target: 'capped' },
        { guard: 'hedged', target: 'equal' },
        { guard: 'blockedBothWays', target: 'capped' },
        { target: 'imbalanced' },
      ],
    },
    equal: {
      description: 'Hedged, with room: both accounts quote one opening order each.',
      entry: ['carryOut'],
    },
    imbalanced: {
      description: 'Not hedged: one account trades against the net, never worse than the guard price.',
      entry: ['carryOut'],
    },
    'partial-wait': {
      description:
        'Hedged, and an order is filled in part: nothing new until it is filled, over, or has waited long enough.',
      entry: ['carryOut'],
    },
    capped: {
      description: 'The position limits allow nothing that the present positions call for.',
      entry: ['carryOut'],
    },
    cooldown: {
      description: 'Resting after refused orders: nothing new until the rest is over.',
      entry: ['carryOut'],
    },
    draining: {
      description: 'The engine stops: fills are still booked, nothing new is asked for.',
      entry: ['sayDraining'],
      on: {
        'snapshot.received': { actions: ['takeSnapshot'] },
        'snapshot.failed': {},
        'symbol.steered': { actions: ['steer'] },
        'touch.received': {},
        'submission.ended': { actions: ['endSubmission'] },
        'order.resolved': { actions: ['resolveOrder'] },
      },
    },
  },
});

/** Whether the situation matches the rule of strategy 5 with that index in core's table. */
function matches(context: SymbolContext, index: number): boolean {
  const { assessment } = context;
  return assessment?.kind === 'usable' && (PRIORITY[index]?.when(assessment.plan.situation) ?? false);
}
