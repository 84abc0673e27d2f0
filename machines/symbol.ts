import { assign, enqueueActions, setup } from 'xstate';
import type { Alert } from '../src/core/alerts.ts';
import { type Assessment, assess, type Touch } from '../src/core/assess.ts';
import { PRIORITY } from '../src/core/classify.ts';
import { encode } from '../src/core/codec.ts';
import { conditionsOf, symbolAlertKey } from '../src/core/conditions.ts';
import type { Fact, SymbolPhase } from '../src/core/facts.ts';
import {
  addSent,
  confirm,
  countIntents,
  dropAbsent,
  dropRefused,
  endRest,
  forgetCancel,
  markCancelRequested,
  markUnknown,
  restAfterExhaustion,
  restAfterRefusal,
} from '../src/core/managed-orders.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Instrument,
  type ManagedOrder,
  type SymbolConfig,
  type SymbolSnapshot,
} from '../src/core/model.ts';
import { intentKey } from '../src/core/plan.ts';
import type { StrategySettings } from '../src/core/plan-input.ts';
import { begin, reconcile, wordsOf } from '../src/core/reconcile.ts';
import type { SymbolState } from '../src/core/symbol-state.ts';
import { markOf } from '../src/core/valuing.ts';
import type { Clock, Journal, JournalEntry, Reporter } from '../src/ports.ts';
import type {
  AlertCleared,
  AlertRaised,
  GatewayToSymbol,
  OrdersWatched,
  PollerToSymbol,
  PollHasten,
  SubmissionEnded,
  SymbolToGateway,
  TradingDrain,
  TradingHalt,
} from './messages.ts';

/**
 * One symbol: both accounts' positions and orders in one instrument (strategy 5).
 *
 * It takes snapshots into the ledger, decides once per usable pair of them, and asks the gateway for submissions and
 * cancels. It never talks to the exchange, never learns of a fill from the gateway, and never decides while what it asked
 * for is under way (strategy 9.10).
 */

/** How long an intent that our own pricing rules denied is not asked for again: a book read is not worth more often. */
export const DENIED_PAUSE_MS = 10_000;
/** Unusable data are said when they last this many decisions: a snapshot taken between two answers is no news. */
const UNUSABLE_BEFORE_SAID = 2;

export interface SymbolInput {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  readonly strategy: StrategySettings;
  readonly staleMs: number;
  /** Restored or empty (strategy 11.2, 11.3). */
  readonly state: SymbolState;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly reporter: Reporter;
}

export interface SymbolContext extends SymbolInput {
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  /** The account's last two readings were alike: nothing moved while they were taken (strategy 11.3). */
  readonly steady: Readonly<Record<AccountName, boolean>>;
  readonly touch: Touch | null;
  readonly touchAsked: boolean;
  /** Intents submitted and cancels asked for whose end is not known yet. */
  readonly underWay: readonly string[];
  /** Snapshots must be requested later than this (strategy 9.10). */
  readonly barrierMs: number;
  readonly assessment: Assessment | null;
  readonly unusableInARow: number;
  /** The phase last told to people, and why nothing was submitted. */
  readonly toldPhase: SymbolPhase;
  readonly toldIdle: string;
  /** Keys of conditions that hold (strategy 12). */
  readonly holding: readonly string[];
  readonly denied: readonly { readonly key: string; readonly untilMs: number }[];
  readonly submitted: Readonly<Record<string, string>>;
  readonly halted: boolean;
  /** The state as the journal has it. */
  readonly saved: string;
}

export type SymbolEvent = PollerToSymbol | GatewayToSymbol | TradingDrain | TradingHalt;

/** What leaves the symbol: to the gateway, to a poller, to the alert desk. */
export type SymbolCommand = SymbolToGateway | OrdersWatched | PollHasten | AlertRaised | AlertCleared;

const symbolSetup = setup({
  types: {
    input: {} as SymbolInput,
    context: {} as SymbolContext,
    events: {} as SymbolEvent,
  },
  guards: {
    settling: ({ context, event }) => isSettling(context, event),
    /** Only old data are news: a failed read while the last ones are fresh changes nothing. */
    dataGoneStale: ({ context }) =>
      ACCOUNTS.some((account) => {
        const snapshot = context.snapshots[account];
        return snapshot !== null && context.clock.nowMs() - snapshot.requestedAtMs > context.staleMs;
      }),
    dataUnusable: ({ context }) => context.assessment?.kind === 'unusable',
    touchWanted: ({ context }) => context.assessment?.kind === 'touch-wanted',
    resting: ({ context }) => matches(context, 0),
    hedgedWithPartialFill: ({ context }) => matches(context, 1),
    hedgedAtLimit: ({ context }) => matches(context, 2),
    hedged: ({ context }) => matches(context, 3),
    blockedBothWays: ({ context }) => matches(context, 4),
  },
  actions: {
    takeSnapshot: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'snapshot.received') return;
      const taken = take(context, event.snapshot);
      enqueue.assign({ snapshots: taken.snapshots, steady: taken.steady, state: taken.state });
      enqueue({ type: 'save', params: { facts: taken.facts } });
      enqueue({ type: 'publish', params: { facts: taken.facts } });
      for (const order of taken.lost) {
        const { account, clientOrderId, side, size, price, sentAtMs, expirationMs, purpose } = order;
        const { instrument } = context.config;
        const command: SymbolToGateway = {
          type: 'order.resolve',
          account,
          instrument,
          clientOrderId,
          side,
          size,
          price,
          sentAtMs,
          expirationMs,
          purpose,
        };
        enqueue({ type: 'toGateway', params: { command } });
      }
      if (taken.firstContradiction) {
        enqueue({ type: 'toPoller', params: { account: event.snapshot.account, command: { type: 'poll.hasten' } } });
      }
      for (const command of taken.alerts) enqueue({ type: 'toAlertDesk', params: { command } });
      enqueue({ type: 'watchOrders', params: { before: context.state } });
    }),
    takeTouch: assign({
      touch: ({ event, context }) =>
        event.type === 'touch.received' ? { bid: event.bid, ask: event.ask, atMs: event.atMs } : context.touch,
      touchAsked: false,
    }),
    forgetTouchRequest: assign({ touchAsked: false }),
    askForTouch: enqueueActions(({ context, enqueue }) => {
      if (context.touchAsked) return;
      enqueue.assign({ touchAsked: true });
      enqueue({
        type: 'toGateway',
        params: { command: { type: 'touch.request', instrument: context.config.instrument } },
      });
    }),
    assess: assign(({ context }) => {
      const nowMs = context.clock.nowMs();
      const denied = context.denied.filter((denial) => denial.untilMs > nowMs);
      const assessment = assess({ ...context, denied: denied.map((denial) => denial.key), nowMs });
      const state = assessment.kind === 'usable' ? assessment.input.state : context.state;
      const unusableInARow = assessment.kind === 'unusable' ? context.unusableInARow + 1 : 0;
      return { assessment, state, denied, unusableInARow };
    }),
    /** Says that there is no decision, once it is more than a snapshot between two answers. */
    sayWaiting: enqueueActions(({ context, enqueue }) => {
      if (context.assessment?.kind !== 'unusable' || context.unusableInARow < UNUSABLE_BEFORE_SAID) return;
      enqueue({
        type: 'sayPhase',
        params: { phase: 'waiting', why: context.assessment.why, rule: context.assessment.rule },
      });
    }),
    carryOut: enqueueActions(({ context, enqueue }) => {
      if (context.assessment?.kind !== 'usable') return;
      const { plan, input } = context.assessment;
      const nowMs = input.nowMs;
      const instrument = context.config.instrument;
      let state = countIntents(context.state, plan.creates);
      for (const trim of plan.trims) state = markCancelRequested(state, trim.order.clientOrderId, nowMs);
      const underWay = [
        ...context.underWay,
        ...plan.creates.map((intent) => intent.intentId),
        ...plan.trims.map((trim) => cancelKey(trim.order.clientOrderId)),
      ];
      const submitted = {
        ...context.submitted,
        ...Object.fromEntries(plan.creates.map((intent) => [intent.intentId, intentKey(intent)])),
      };
      const conditions = conditionsOf(input, plan);
      enqueue.assign({ state, underWay, submitted, holding: conditions.map((alert) => alert.key) });
      enqueue({ type: 'sayPhase', params: { phase: plan.tradingState, why: plan.why, rule: '5' } });
      enqueue({ type: 'sayIdle', params: { idle: plan.idle } });
      if (plan.creates.length > 0 || plan.trims.length > 0) {
        const body = { input, plan, snapshots: context.snapshots };
        enqueue({
          type: 'toJournal',
          params: { entries: [{ kind: 'decision', key: instrument, atMs: nowMs, body }] },
        });
      }
      for (const trim of plan.trims) {
        const { account, clientOrderId } = trim.order;
        enqueue({
          type: 'publish',
          params: {
            facts: [
              {
                type: 'order.cancel-requested',
                atMs: nowMs,
                ...wordsOf(instrument, trim.order),
                why: trim.why,
                rule: trim.rule,
              },
            ],
          },
        });
        enqueue({
          type: 'toGateway',
          params: { command: { type: 'order.cancel', account, instrument, clientOrderId } },
        });
      }
      for (const intent of plan.creates) {
        enqueue({ type: 'toGateway', params: { command: { type: 'order.submit', intent } } });
      }
      for (const alert of conditions) {
        enqueue({ type: 'toAlertDesk', params: { command: { type: 'alert.raised', alert } } });
      }
      for (const key of context.holding) {
        if (conditions.some((alert) => alert.key === key)) continue;
        enqueue({ type: 'toAlertDesk', params: { command: { type: 'alert.cleared', key, atMs: nowMs } } });
      }
      enqueue({ type: 'save', params: {} });
    }),
    addOrder: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'order.sent') return;
      enqueue.assign({ state: addSent(context.state, event) });
      enqueue({ type: 'save', params: {} });
    }),
    dropAttempt: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'attempt.refused') return;
      enqueue.assign({ state: dropRefused(context.state, event.clientOrderId) });
      enqueue({ type: 'watchOrders', params: { before: context.state } });
      enqueue({ type: 'save', params: {} });
    }),
    endSubmission: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'submission.ended') return;
      const ended = afterSubmission(context, event);
      enqueue.assign(ended.context);
      for (const command of ended.alerts) enqueue({ type: 'toAlertDesk', params: { command } });
      enqueue({ type: 'watchOrders', params: { before: context.state } });
      enqueue({ type: 'save', params: {} });
    }),
    resolveOrder: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'order.resolved') return;
      const state =
        event.outcome === 'absent'
          ? dropAbsent(context.state, event.clientOrderId)
          : confirm(context.state, event.clientOrderId, event.atMs);
      enqueue.assign({ state, barrierMs: Math.max(context.barrierMs, event.atMs) });
      enqueue({ type: 'watchOrders', params: { before: context.state } });
      enqueue({ type: 'save', params: {} });
    }),
    endCancel: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'cancel.ended') return;
      const failed = event.outcome === 'failed';
      enqueue.assign({
        state: failed ? forgetCancel(context.state, event.clientOrderId) : context.state,
        underWay: context.underWay.filter((one) => one !== cancelKey(event.clientOrderId)),
        barrierMs: Math.max(context.barrierMs, event.atMs),
      });
      enqueue({ type: 'save', params: {} });
    }),
    /** A new gateway knows nothing of what the former one had queued; what had left follows as `order.resolved`. */
    meetGateway: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'gateway.started') return;
      let state = context.state;
      for (const order of state.orders) {
        if (order.confirmedAtMs === null) state = markUnknown(state, order.clientOrderId);
        state = forgetCancel(state, order.clientOrderId);
      }
      enqueue.assign({ state, underWay: [], touchAsked: false, barrierMs: Math.max(context.barrierMs, event.atMs) });
      enqueue({ type: 'save', params: {} });
    }),
    halt: assign({ halted: true }),
    sayDraining: enqueueActions(({ enqueue }) => {
      enqueue({ type: 'sayPhase', params: { phase: 'draining', why: 'the engine stops', rule: '13.1' } });
    }),
    /** The watch lists of strategy 10.2: what is confirmed live on each account. */
    watchOrders: enqueueActions(({ context, enqueue }, params: { readonly before: SymbolState | null }) => {
      for (const account of ACCOUNTS) {
        const watched = watchList(context.state, account);
        if (
          params.before !== null &&
          sameList(watched.clientOrderIds, watchList(params.before, account).clientOrderIds)
        ) {
          continue;
        }
        enqueue({
          type: 'toPoller',
          params: { account, command: { type: 'orders.watched', instrument: context.config.instrument, ...watched } },
        });
      }
    }),
    watchRestored: enqueueActions(({ enqueue }) => {
      enqueue({ type: 'watchOrders', params: { before: null } });
    }),
    sayPhase: enqueueActions(
      ({ context, enqueue }, params: { readonly phase: SymbolPhase; readonly why: string; readonly rule: string }) => {
        if (context.toldPhase === params.phase) return;
        enqueue.assign({ toldPhase: params.phase, toldIdle: '' });
        const { instrument } = context.config;
        const fact: Fact = {
          type: 'state.changed',
          atMs: context.clock.nowMs(),
          instrument,
          from: context.toldPhase,
          to: params.phase,
          why: params.why,
          rule: params.rule,
        };
        enqueue({ type: 'publish', params: { facts: [fact] } });
      },
    ),
    sayIdle: enqueueActions(
      ({ context, enqueue }, params: { readonly idle: { readonly why: string; readonly rule: string } | null }) => {
        const why = params.idle?.why ?? '';
        if (context.toldIdle === why) return;
        enqueue.assign({ toldIdle: why });
        if (params.idle === null) return;
        const { instrument } = context.config;
        const fact: Fact = { type: 'symbol.idle', atMs: context.clock.nowMs(), instrument, ...params.idle };
        enqueue({ type: 'publish', params: { facts: [fact] } });
      },
    ),
    /** What must not be forgotten is in the journal before anything is done on the strength of it (strategy 9.3). */
    save: enqueueActions(({ context, enqueue }, params: { readonly facts?: readonly Fact[] } = {}) => {
      const { instrument } = context.config;
      const history = (params.facts ?? []).map(
        (fact): JournalEntry => ({ kind: 'fact', key: historyKey(fact, instrument), atMs: fact.atMs, body: fact }),
      );
      // A contradiction is judged anew after a restart: it is made of snapshots, not of history.
      const text = encode({ ...context.state, contradiction: null });
      if (text === context.saved && history.length === 0) return;
      enqueue.assign({ saved: text });
      const state: JournalEntry = {
        kind: 'symbol.state',
        key: instrument,
        atMs: context.clock.nowMs(),
        body: context.state,
      };
      enqueue({ type: 'toJournal', params: { entries: [state, ...history] } });
    }),
    publish: ({ context }, params: { readonly facts: readonly Fact[] }) => {
      for (const fact of params.facts) context.reporter.report(fact);
    },
    toJournal: ({ context }, params: { readonly entries: readonly JournalEntry[] }) => {
      context.journal.append(params.entries);
    },
    toGateway: enqueueActions(({ system, enqueue }, params: { readonly command: SymbolToGateway }) => {
      const gateway = system.get('gateway');
      if (gateway) enqueue.sendTo(gateway, params.command);
    }),
    toPoller: enqueueActions(
      (
        { system, enqueue },
        params: { readonly account: AccountName; readonly command: OrdersWatched | PollHasten },
      ) => {
        const poller = system.get(`poller:${params.account}`);
        if (poller) enqueue.sendTo(poller, params.command);
      },
    ),
    toAlertDesk: enqueueActions(({ system, enqueue }, params: { readonly command: AlertRaised | AlertCleared }) => {
      const desk = system.get('alert-desk');
      if (desk) enqueue.sendTo(desk, params.command);
    }),
  },
});

export const symbolMachine = symbolSetup.createMachine({
  id: 'symbol',
  description: 'One instrument on both accounts: snapshots in, decisions out.',
  context: ({ input }) => ({
    ...input,
    snapshots: { A: null, B: null },
    steady: { A: false, B: false },
    touch: null,
    touchAsked: false,
    underWay: [],
    barrierMs: 0,
    assessment: null,
    unusableInARow: 0,
    toldPhase: 'waiting',
    toldIdle: '',
    holding: [],
    denied: [],
    submitted: {},
    halted: false,
    saved: '',
  }),
  entry: ['watchRestored'],
  initial: 'waiting',
  on: {
    'snapshot.received': [
      { guard: 'settling', actions: ['takeSnapshot'] },
      { target: '.deciding', actions: ['takeSnapshot'] },
    ],
    'snapshot.failed': { target: '.deciding', guard: 'dataGoneStale' },
    'touch.received': [
      { guard: 'settling', actions: ['takeTouch'] },
      { target: '.deciding', actions: ['takeTouch'] },
    ],
    'touch.failed': { actions: ['forgetTouchRequest'] },
    'order.sent': { actions: ['addOrder'] },
    'attempt.refused': { actions: ['dropAttempt'] },
    'submission.ended': { actions: ['endSubmission'] },
    'order.resolved': { actions: ['resolveOrder'] },
    'cancel.ended': { actions: ['endCancel'] },
    'gateway.started': { actions: ['meetGateway'] },
    'trading.halt': { actions: ['halt'] },
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
        'touch.received': {},
      },
    },
  },
});

/** Something is under way, or one of the snapshots is from before it ended (strategy 9.10). */
function isSettling(context: SymbolContext, event: SymbolEvent): boolean {
  if (context.underWay.length > 0) return true;
  const arrived = event.type === 'snapshot.received' ? event.snapshot : null;
  return ACCOUNTS.some((account) => {
    const snapshot = arrived?.account === account ? arrived : context.snapshots[account];
    return snapshot !== null && snapshot.requestedAtMs <= context.barrierMs;
  });
}

/** Whether the situation matches the rule of strategy 5 with that index in core's table. */
function matches(context: SymbolContext, index: number): boolean {
  const { assessment } = context;
  return assessment?.kind === 'usable' && (PRIORITY[index]?.when(assessment.plan.situation) ?? false);
}

interface Taken {
  readonly snapshots: SymbolContext['snapshots'];
  readonly steady: SymbolContext['steady'];
  readonly state: SymbolState;
  readonly facts: readonly Fact[];
  readonly lost: readonly ManagedOrder[];
  readonly firstContradiction: boolean;
  readonly alerts: readonly AlertRaised[];
}

/** A snapshot into the ledger, or, before there is one, towards its beginning (strategy 11.3). */
function take(context: SymbolContext, snapshot: SymbolSnapshot): Taken {
  const { account } = snapshot;
  const former = context.snapshots[account];
  const snapshots = { ...context.snapshots, [account]: snapshot };
  const steady = { ...context.steady, [account]: former !== null && readsAlike(former, snapshot) };
  const nothing = { steady, facts: [], lost: [], firstContradiction: false, alerts: [] };
  if (former !== null && snapshot.requestedAtMs < former.requestedAtMs) {
    return { ...nothing, snapshots: context.snapshots, steady: context.steady, state: context.state };
  }
  if (!context.state.begun) {
    const { A, B } = snapshots;
    const ready = (one: SymbolSnapshot) => one.orders.length === 0 || steady[one.account];
    if (A === null || B === null || !ready(A) || !ready(B)) return { ...nothing, snapshots, state: context.state };
    const begun = begin(context.state, { A, B }, snapshot.receivedAtMs);
    return { ...nothing, snapshots, state: begun.state, facts: begun.facts };
  }
  const mark = markOf([snapshots.A?.position ?? null, snapshots.B?.position ?? null], context.touch);
  const taken = reconcile(context.state, snapshot, context.strategy, mark);
  const firstContradiction =
    context.state.contradiction[account] === null && taken.state.contradiction[account] !== null;
  return {
    snapshots,
    steady,
    state: taken.state,
    facts: taken.facts,
    lost: taken.lost,
    firstContradiction,
    alerts: taken.facts.flatMap(driftAlert),
  };
}

function readsAlike(one: SymbolSnapshot, other: SymbolSnapshot): boolean {
  const reading = (snapshot: SymbolSnapshot) =>
    encode([
      snapshot.position?.size ?? null,
      snapshot.orders.map((order) => [order.clientOrderId, order.status, order.tradedSize]),
    ]);
  return reading(one) === reading(other);
}

function driftAlert(fact: Fact): AlertRaised[] {
  if (fact.type !== 'drift.adopted') return [];
  const { instrument, account, atMs } = fact;
  const details = { difference: fact.difference.toFixed(), price: fact.price.toFixed() };
  const key = `${symbolAlertKey('drift', instrument)}:${account}`;
  return [{ type: 'alert.raised', alert: { kind: 'drift', key, account, instrument, atMs, sinceMs: null, details } }];
}

/** What the end of a submission leaves behind: orders, rests, denials, alerts (strategy 9.5, 9.10). */
function afterSubmission(
  context: SymbolContext,
  event: SubmissionEnded,
): { readonly context: Partial<SymbolContext>; readonly alerts: readonly (AlertRaised | AlertCleared)[] } {
  const { result, atMs, account } = event;
  const { instrument } = context.config;
  const { [event.intentId]: key, ...submitted } = context.submitted;
  const ended = {
    submitted,
    underWay: context.underWay.filter((one) => one !== event.intentId),
    barrierMs: Math.max(context.barrierMs, atMs),
  };
  const raise = (kind: 'post-only-exhausted' | 'order-refused', details: Alert['details']): AlertRaised => ({
    type: 'alert.raised',
    alert: { kind, key: symbolAlertKey(kind, instrument), account, instrument, atMs, sinceMs: null, details },
  });
  const cooldownMs = context.strategy.postOnlyCooldownMs;
  switch (result.kind) {
    case 'confirmed': {
      const confirmed = confirm(context.state, result.clientOrderId, atMs);
      const { restUntilMs } = confirmed;
      // While it rests, this is the other leg of the pair that brought the rest about.
      if (restUntilMs === null || atMs < restUntilMs) return { context: { ...ended, state: confirmed }, alerts: [] };
      const cleared = (kind: 'post-only-exhausted' | 'order-refused'): AlertCleared => ({
        type: 'alert.cleared',
        key: symbolAlertKey(kind, instrument),
        atMs,
      });
      return {
        context: { ...ended, state: endRest(confirmed) },
        alerts: [cleared('post-only-exhausted'), cleared('order-refused')],
      };
    }
    case 'unknown':
      return { context: { ...ended, state: markUnknown(context.state, result.clientOrderId) }, alerts: [] };
    case 'denied':
    case 'unsent': {
      const denied = key === undefined ? [] : [{ key, untilMs: atMs + DENIED_PAUSE_MS }];
      return { context: { ...ended, denied: [...context.denied, ...denied] }, alerts: [] };
    }
    case 'exhausted':
      return {
        context: { ...ended, state: restAfterExhaustion(context.state, atMs, cooldownMs, result.attempts) },
        alerts: [
          raise('post-only-exhausted', {
            attempts: String(result.attempts),
            cooldownSeconds: String(Math.round(cooldownMs / 1000)),
          }),
        ],
      };
    case 'refused': {
      const state = restAfterRefusal(context.state, atMs, cooldownMs, result.reason);
      const restSeconds = String(Math.round(((state.restUntilMs ?? atMs) - atMs) / 1000));
      return {
        context: { ...ended, state },
        alerts: [raise('order-refused', { code: String(result.code ?? '-'), reason: result.reason, restSeconds })],
      };
    }
  }
}

/** What the account's poller looks up when it is missing from open orders: confirmed, and not being found out by 9.6. */
function watchList(state: SymbolState, account: AccountName): Pick<OrdersWatched, 'clientOrderIds' | 'sentAtMs'> {
  const orders = state.orders.filter(
    (order) => order.account === account && order.confirmedAtMs !== null && !order.unknown,
  );
  return {
    clientOrderIds: orders.map((order) => order.clientOrderId),
    sentAtMs: Object.fromEntries(orders.map((order) => [order.clientOrderId, order.sentAtMs])),
  };
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function cancelKey(clientOrderId: string): string {
  return `cancel:${clientOrderId}`;
}

/** History is kept by order where there is one, else by symbol. */
function historyKey(fact: Fact, instrument: string): string {
  return 'clientOrderId' in fact ? fact.clientOrderId : instrument;
}
