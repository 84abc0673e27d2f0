import { type Alert, alertKey, isStuck, type NetLeft, type StuckSymbol } from '../src/core/alerts.ts';
import { type Assessment, assess, isStale, isStaleReading, type Knowledge, usableForMs } from '../src/core/assess.ts';
import { encode } from '../src/core/codec.ts';
import {
  conditionsOf,
  heldAlert,
  heldDriftAlert,
  heldDriftKey,
  leavingAlert,
  leftAlert,
  openNet,
  SYMBOL_CONDITIONS,
  splitAlert,
  unhedgedAlert,
  unlistedAlert,
} from '../src/core/conditions.ts';
import { type Decimal, ZERO } from '../src/core/decimal.ts';
import { declare } from '../src/core/declare.ts';
import type { Fact, SymbolPhase } from '../src/core/facts.ts';
import type { JournalEntry, OrderOutcome } from '../src/core/journal-entry.ts';
import { guardPrice, lotsNet } from '../src/core/ledger.ts';
import {
  addSent,
  confirm,
  countIntents,
  dropAbsent,
  dropRefused,
  forgetCancel,
  markAllCancelSent,
  markCancelRequested,
  markUnknown,
} from '../src/core/managed-orders.ts';
import { hasMoved, type Touch } from '../src/core/mark.ts';
import type {
  AccountParked,
  AccountUnparked,
  AlertCleared,
  AlertRaised,
  AttemptRefused,
  CancelEnded,
  GatewayStarted,
  InstrumentListed,
  OrderEnded,
  OrderResolved,
  OrderSent,
  OrdersWatched,
  PollerStarted,
  ReduceOnlyChanged,
  RulesDoubted,
  SubmissionEnded,
  SymbolFlattened,
  SymbolLeft,
  SymbolSteered,
  SymbolToGateway,
  TouchFailed,
} from '../src/core/messages.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Instrument,
  type Intent,
  type LeavingWhy,
  type ManagedOrder,
  type Position,
  type SymbolConfig,
  type SymbolMode,
  type SymbolSnapshot,
} from '../src/core/model.ts';
import { conductOf, modeOf, rowInForce, type Standing } from '../src/core/modes.ts';
import { largestSize } from '../src/core/openings.ts';
import { intentKey, type Plan } from '../src/core/plan.ts';
import type { Inability, PlanInput, StrategySettings } from '../src/core/plan-input.ts';
import { type Reason, reason, reasonKey } from '../src/core/reasons.ts';
import { begin, type Reconciled, reconcile, wordsOf } from '../src/core/reconcile.ts';
import {
  changedDemands,
  demandsReduceOnly,
  GROWTH_TRY_MS,
  mayOnlyReduce,
  withAccountDemand,
  withDemand,
  withNextTry,
  withoutDemands,
} from '../src/core/reduce-only.ts';
import { doubtsRules, rejection } from '../src/core/refusals.ts';
import { repairWays } from '../src/core/repairs.ts';
import {
  endedRests,
  restAfterExhaustion,
  restAfterRefusal,
  restOf,
  restsAfterConfirmation,
  restsAfterFill,
  restsAfterNewRules,
  restsAfterTime,
} from '../src/core/rests.ts';
import type { Purpose, SymbolState } from '../src/core/symbol-state.ts';
import { symbolWarnings } from '../src/core/symbol-warnings.ts';
import { type Trim, trimsWithoutView } from '../src/core/trims.ts';
import { markOf, sideAgainst } from '../src/core/valuing.ts';
import { isOver } from '../src/core/view.ts';
import type { EngineClock, Journal, Reporter } from '../src/ports.ts';

/**
 * What each event does to a symbol, as values: (what it knows, event) → what changes and what leaves. The chart in
 * symbol.ts says when; nothing here acts.
 */

/** How long an intent that our own pricing rules denied is not asked for again: a book read is not worth more often. */
export const DENIED_PAUSE_MS = 10_000;
/**
 * How often a stuck symbol asks for its touch: the daily report tells how far it is from the guard (strategy 12.2), and one
 * book a minute costs nothing. A touch twice as old is not told as the present one.
 */
export const STUCK_TOUCH_MS = 60_000;
/**
 * Where orders of ours have been seen, a start waits until nothing has moved for so long (strategy 11.3): positions lag
 * behind fills by seconds, and what an order traded just before must not be missing from the position it is counted with.
 */
export const START_STEADY_MS = 4_000;
/** An account's view unusable for so long cannot open (strategy 5.7). */
const BLIND_MS = 30_000;
/** Unusable data are said when they last this many decisions: a snapshot taken between two answers is no news. */
const UNUSABLE_BEFORE_SAID = 2;

export interface SymbolInput {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  /** The exchange does not list it (any more): no new orders (strategy 11.6). Absent: it does. */
  readonly unlisted?: boolean;
  /** Why it leaves: `hedge-only` until it has (strategy 16.3). Absent: it stays. */
  readonly leaving?: LeavingWhy | undefined;
  /** Commands that may be in force (strategy 16.2). Absent: none. */
  readonly standing?: readonly Standing[];
  readonly strategy: StrategySettings;
  /** Data older than this stop new orders (strategy 10.3). */
  readonly staleMs: number;
  /** Pause between polls: a doubtful mark is confirmed by a reading that much later (strategy 3.1). */
  readonly loopIntervalMs: number;
  /** Restored or empty (strategy 11.2, 11.3). */
  readonly state: SymbolState;
  /** Since when each account is parked (strategy 9.8). Absent: neither is. */
  readonly parkedSinceMs?: Readonly<Record<AccountName, number | null>>;
  readonly clock: EngineClock;
  readonly journal: Journal;
  readonly reporter: Reporter;
}

/** An order whose submission ended at that moment. */
interface AwaitedEnd {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly atMs: number;
}

export interface SymbolContext extends SymbolInput {
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  /** Since when the account's readings are alike: when the first of them was requested (strategy 11.3). */
  readonly steadySinceMs: Readonly<Record<AccountName, number>>;
  /** A reading showed an order of ours before it was known where the symbol stands. */
  readonly sawOrders: boolean;
  readonly touch: Touch | null;
  readonly touchAsked: boolean;
  /** The touch that is wanted has come to nothing: why the last time, and how often in a row. */
  readonly touchFailed: { readonly why: Reason; readonly inARow: number } | null;
  /** Intents submitted and cancels asked for whose end is not known yet. */
  readonly underWay: readonly string[];
  /** Ends that the acting account's view does not contain yet: no create there until it does (strategy 9.10). */
  readonly awaited: readonly AwaitedEnd[];
  /** When the last submission ended: openings rest on what is proven since (strategy 9.10). */
  readonly lastEndMs: number;
  readonly assessment: Assessment | null;
  readonly unusableInARow: number;
  /** The phase last told to people, and why nothing was submitted, without its figures. */
  readonly toldPhase: SymbolPhase;
  readonly toldIdle: string;
  /** Keys of conditions that hold (strategy 12). */
  readonly holding: readonly string[];
  readonly denied: readonly { readonly key: string; readonly untilMs: number }[];
  /** Intents under way, by their ids. */
  readonly submitted: Readonly<Record<string, Submitted>>;
  /** Creates of an account that did not leave, without one that was answered since (strategy 5.7); null: they leave. */
  readonly backedOff: Readonly<Record<AccountName, Omit<Inability, 'why'> | null>>;
  /** Since when an account is parked (strategy 9.8); null: it is not. */
  readonly parkedSinceMs: Readonly<Record<AccountName, number | null>>;
  readonly halted: boolean;
  /** That sizes are clipped to what a signature can carry has been said (strategy 7.3). */
  readonly clippingTold: boolean;
  /** What looks wrong in the symbols file has been said (strategy 2.2): it takes a mark to judge it. */
  readonly warned: boolean;
  /** The journal's state has been held against the exchange, and what differs was said (strategy 11.2). */
  readonly compared: boolean;
  /** The state as the journal has it, … */
  readonly saved: string;
  /** … and the value that text was made of: only another one is written out again. */
  readonly savedState: SymbolState | null;
}

/**
 * The machine's context: one value. XState copies a context key by key at each assignment, and an object that gets more than
 * some eighteen keys that way is a hash table to V8: forty times as slow to copy, and slow to read ever after.
 */
export interface SymbolMemory {
  readonly known: SymbolContext;
}

/** What a symbol's actor knows; undefined: it does not run. */
export function knownOf(actor: { getSnapshot(): unknown } | undefined): SymbolContext | undefined {
  return (actor?.getSnapshot() as { context: SymbolMemory } | undefined)?.context.known;
}

/** An intent under way, with its attempt that is in the ledger; null: none has left, or the last one is over. */
export interface Submitted {
  readonly intent: Intent;
  readonly clientOrderId: string | null;
  /** It carries `reduce_only`: what demands that does not refuse it for the lack of it (strategy 9.13). */
  readonly reduceOnly: boolean;
  /** It may grow a position of an account that may only reduce: it is tried. */
  readonly tries: boolean;
}

/** Something to send to another actor. */
export type SymbolCommand =
  | { readonly to: 'gateway'; readonly message: SymbolToGateway }
  | { readonly to: 'poller:A' | 'poller:B'; readonly message: OrdersWatched }
  | { readonly to: 'alert-desk'; readonly message: AlertRaised | AlertCleared }
  | {
      readonly to: 'daemon';
      readonly message: RulesDoubted | OrderEnded | ReduceOnlyChanged | SymbolLeft | SymbolFlattened;
    };

/** What an event leads to. In this order: context, journal, people, other actors. */
export interface Step {
  readonly change: Partial<SymbolContext>;
  readonly entries: readonly JournalEntry[];
  readonly facts: readonly Fact[];
  readonly commands: readonly SymbolCommand[];
}

export function initialContext(input: SymbolInput): SymbolContext {
  // It runs again: what it holds is its own again (strategy 16.3).
  const { left: _left, ...state } = input.state;
  return {
    ...input,
    state,
    snapshots: { A: null, B: null },
    steadySinceMs: { A: 0, B: 0 },
    sawOrders: false,
    touch: null,
    touchAsked: false,
    touchFailed: null,
    underWay: [],
    awaited: [],
    lastEndMs: 0,
    assessment: null,
    unusableInARow: 0,
    toldPhase: 'waiting',
    toldIdle: '',
    // A start may find conditions open that no longer hold: the first decision clears them.
    holding: [
      ...SYMBOL_CONDITIONS.map((kind) => alertKey(kind, input.config.instrument)),
      ...ACCOUNTS.map((account) => heldDriftKey(input.config.instrument, account)),
    ],
    denied: [],
    submitted: {},
    backedOff: { A: null, B: null },
    parkedSinceMs: input.parkedSinceMs ?? { A: null, B: null },
    halted: false,
    clippingTold: false,
    warned: false,
    compared: !input.state.begun,
    saved: '',
    savedState: null,
  };
}

/** A restored symbol tells the pollers what to look for, and has the orders of unknown outcome found out (strategy 9.6, 10.2). */
export function starting(context: SymbolContext): Step {
  const lost = context.state.orders.filter((order) => order.unknown);
  return {
    change: {},
    entries: [],
    // What the journal had is said with what the exchange says of it, once both accounts are read (strategy 11.2).
    facts: [],
    commands: [
      ...ACCOUNTS.map((account) => watch(context.config.instrument, context.state, account)),
      ...lost.map((order) => resolveCommand(context, order)),
    ],
  };
}

/**
 * The exchange lists it again, or by other rules: they apply from the next decision on (strategy 11.6, 11.8). What was decided
 * by the former rules is withdrawn, and a rest that a refusal by the former rules brought about is over.
 */
export function instrumentListed(context: SymbolContext, { instrument }: InstrumentListed): Step {
  const state = restsAfterNewRules(context.state);
  const change = { instrument, state, unlisted: false, denied: [], toldIdle: '' };
  return finish(context, change, { commands: outdated(context) });
}

/**
 * Another row, other commands, or it leaves or does not any more (strategy 16): they apply from the next decision on, and what
 * was decided by the former ones is withdrawn.
 */
export function steered(context: SymbolContext, { config, standing, leaving }: SymbolSteered): Step {
  const change = { config, standing, leaving: leaving ?? undefined, denied: [], warned: false, toldIdle: '' };
  return finish(context, change, { commands: outdated(context) });
}

/** The exchange does not list it any more (strategy 11.6): what was decided is withdrawn, and nothing new is submitted. */
export function instrumentUnlisted(context: SymbolContext): Step {
  return finish(context, { unlisted: true, toldIdle: '' }, { commands: outdated(context) });
}

/** A snapshot into the ledger, or, before there is one, towards its beginning (strategy 4, 11.3). */
export function snapshotReceived(context: SymbolContext, snapshot: SymbolSnapshot): Step {
  const { account } = snapshot;
  const former = context.snapshots[account];
  const nowMs = context.clock.nowMs();
  // Of another era: our clock was set back since, and no reading of after it is older than that one.
  const ordered = former !== null && former.era === snapshot.era;
  if (ordered && snapshot.requestedAtMs < former.requestedAtMs) return finish(context, {});
  const snapshots = { ...context.snapshots, [account]: snapshot };
  const unmoved = ordered && readsAlike(former, snapshot);
  // A frame in between is a move too, though both readings are alike; one of a time to come is from before our clock was set back.
  const lastFrameAtMs = (snapshot.lastFrameAtMs ?? 0) > nowMs ? 0 : (snapshot.lastFrameAtMs ?? 0);
  const isSteady = unmoved && lastFrameAtMs < context.steadySinceMs[account];
  const sinceMs = isSteady ? context.steadySinceMs[account] : snapshot.requestedAtMs;
  const seen = {
    snapshots,
    steadySinceMs: { ...context.steadySinceMs, [account]: sinceMs },
    // What has ended has ended by now, whatever time the clock of then gave it.
    lastEndMs: Math.min(context.lastEndMs, nowMs),
    sawOrders: context.sawOrders || snapshot.orders.length > 0,
  };

  if (!context.state.begun) {
    // Lots are founded on whole readings alone: what frames tell is in the next one (strategy 11.3).
    if (snapshot.whole === false) return finish(context, { snapshots: withFrameTime(context.snapshots, snapshot) });
    const { A, B } = snapshots;
    if (A === null || B === null) return finish(context, seen);
    // What moved since an old one would be found as drift, at another price, and alerted.
    const now = { nowMs, era: context.clock.era() };
    const fresh = (one: SymbolSnapshot) => !isStaleReading(one, now, context.staleMs);
    const steady = (one: SymbolSnapshot) => one.requestedAtMs - seen.steadySinceMs[one.account] >= START_STEADY_MS;
    const quiet = (one: SymbolSnapshot) =>
      (one.lastFrameAtMs ?? null) === null ||
      (one.lastFrameAtMs ?? 0) > nowMs ||
      (one.lastFrameAtMs ?? 0) < (seen.sawOrders ? seen.steadySinceMs[one.account] : one.requestedAtMs);
    // A frame of before the request outranks the reading in the view, but nothing is founded on it.
    const isRead = (one: SymbolSnapshot) => one.asRead ?? true;
    const ready = (one: SymbolSnapshot) => fresh(one) && quiet(one) && isRead(one) && (!seen.sawOrders || steady(one));
    if (!ready(A) || !ready(B)) return finish(context, seen);
    const begun = begin(context.state, { A, B }, snapshot.receivedAtMs);
    return finish(context, { ...seen, state: begun.state }, { history: begun.facts });
  }
  const taken = reconcile(context.state, snapshot, context.strategy, freshMark(context, snapshots));
  const awaited = context.awaited.filter((end) => !isContained(end, taken.state, snapshot));
  const comparison = context.compared
    ? null
    : compareOnce({ ...context, snapshots, state: taken.state }, snapshot.receivedAtMs);
  const rested = restsAfterReading(context, taken, nowMs);
  return finish(
    context,
    { ...seen, state: rested.state, awaited, compared: context.compared || comparison !== null },
    {
      history: [...taken.facts, ...(comparison?.facts ?? [])],
      commands: [
        ...(comparison?.commands ?? []),
        ...taken.lost.map((order) => resolveCommand(context, order)),
        ...taken.facts.flatMap(driftAlert),
        ...rested.commands,
        ...(taken.facts.some(({ type }) => OUTDATING.has(type)) ? outdated(context) : []),
      ],
    },
  );
}

/** What makes what was decided before it history: a known fill, booked or waiting, and a drift (strategy 9.5, 9.10). */
const OUTDATING: ReadonlySet<Fact['type']> = new Set(['fill.booked', 'fill.waiting', 'drift.adopted']);

function withFrameTime(snapshots: SymbolContext['snapshots'], { account, lastFrameAtMs }: SymbolSnapshot) {
  const known = snapshots[account];
  return known === null ? snapshots : { ...snapshots, [account]: { ...known, lastFrameAtMs: lastFrameAtMs ?? null } };
}

/** The view of its account shows how that order stands, or was read as a whole since (strategy 9.10). */
function isContained(end: AwaitedEnd, state: SymbolState, snapshot: SymbolSnapshot | null): boolean {
  const { account, clientOrderId, atMs } = end;
  if (!state.orders.some((order) => order.clientOrderId === clientOrderId)) return true;
  if (snapshot?.account !== account) return false;
  if ((snapshot.whole ?? true) && snapshot.requestedAtMs > atMs) return true;
  return snapshot.orders.some((order) => order.clientOrderId === clientOrderId && order.status !== 'PENDING');
}

/** What a reading does to the rests: fills end them, ends of orders by others begin them (strategy 9.5). */
function restsAfterReading(
  { config, strategy }: SymbolContext,
  taken: Reconciled,
  nowMs: number,
): { readonly state: SymbolState; readonly commands: readonly SymbolCommand[] } {
  const { instrument } = config;
  let { state } = taken;
  const commands: SymbolCommand[] = [];
  for (const fact of taken.facts) {
    if (fact.type === 'fill.booked' || fact.type === 'fill.waiting') state = restsAfterFill(state, fact, nowMs);
  }
  for (const { order, by, word } of taken.ended) {
    const { account } = order;
    // Who cancels by hand does not want new positions; a net is repaired all the same.
    const of: Purpose = { account, purpose: by === 'by-hand' ? 'opening' : order.purpose };
    const key = alertKey('order-ended', instrument, word);
    const refusal = { code: null, reason: rejection(word) };
    const doubts = doubtsRules(refusal);
    const told = { refusal, by: 'end', doubtsRules: doubts, alertKey: key } as const;
    state = restAfterRefusal(state, of, nowMs, strategy.postOnlyCooldownMs, told);
    const restSeconds = String(Math.round(((restOf(state, of)?.untilMs ?? nowMs) - nowMs) / 1000));
    const details = { reason: refusal.reason, side: order.side, purpose: order.purpose, by, restSeconds };
    const alert: Alert = { kind: 'order-ended', key, account, instrument, atMs: nowMs, sinceMs: null, details };
    commands.push(
      { to: 'alert-desk', message: { type: 'alert.raised', alert } },
      { to: 'daemon', message: { type: 'order.ended', instrument, reason: word, atMs: nowMs } },
      ...(doubts ? [{ to: 'daemon', message: { type: 'rules.doubted', instrument } } as const] : []),
    );
  }
  return { state: restsAfterTime(state, nowMs), commands };
}

/**
 * The mark of data that may be decided on (strategy 3.1, 10.3): a drift that no fills explain waits for one, and so for a
 * reading of the other account, which may show the same change (10.5).
 */
function freshMark(context: SymbolContext, snapshots: SymbolContext['snapshots']): Decimal | null {
  const { clock, staleMs, touch, state } = context;
  const now = { nowMs: clock.nowMs(), era: clock.era() };
  const positions: (Position | null)[] = [];
  for (const account of ACCOUNTS) {
    const snapshot = snapshots[account];
    if (snapshot === null || isStaleReading(snapshot, now, staleMs)) return null;
    positions.push(snapshot.position);
  }
  const mark = markOf(positions, touch === null || isStale(touch, now, staleMs) ? null : touch);
  return mark === null || state.markDoubt !== null || hasMoved(mark, state.acceptedMark) ? null : mark;
}

/** Its intents under way were decided before a fill that is booked now: the gateway lets no attempt of them leave any more. */
function outdated({ underWay, config }: SymbolContext): readonly SymbolCommand[] {
  if (underWay.length === 0) return [];
  return [{ to: 'gateway', message: { type: 'intents.outdated', instrument: config.instrument } }];
}

/**
 * The first reading of both accounts after a start with a journal: where they differ is said (strategy 11.2), as an episode
 * that begins with this start. It ends with the first decision, for which there must be no difference any more.
 */
function compareOnce(
  context: SymbolContext,
  atMs: number,
): { readonly facts: readonly Fact[]; readonly commands: readonly SymbolCommand[] } | null {
  if (ACCOUNTS.some((account) => context.snapshots[account] === null)) return null;
  const { instrument } = context.config;
  const { lots, contradiction } = context.state;
  const differing = ACCOUNTS.filter((account) => contradiction[account] !== null);
  const difference = differing
    .map((account) => `${account} ${contradiction[account]?.difference.toFixed()}`)
    .join(', ');
  const restored: Fact = {
    type: 'lots.restored',
    atMs,
    instrument,
    source: 'journal',
    lots: lots.length,
    net: lotsNet(lots),
    difference,
  };
  if (difference === '') return { facts: [restored], commands: [] };
  const key = alertKey('start-difference', instrument);
  const about = { account: null, instrument, atMs, sinceMs: atMs };
  const alert: Alert = { kind: 'start-difference', key, ...about, details: { difference } };
  return { facts: [restored], commands: [{ to: 'alert-desk', message: { type: 'alert.raised', alert } }] };
}

/** Judges what is known now (strategy 5); what it leads to is carried out by the state it chooses. */
export function assessed(context: SymbolContext): Partial<SymbolContext> {
  const [nowMs, era] = [context.clock.nowMs(), context.clock.era()];
  const denied = context.denied.filter(({ untilMs }) => untilMs > nowMs && untilMs <= nowMs + DENIED_PAUSE_MS);
  const { instrument, strategy, snapshots, touch, staleMs, loopIntervalMs, halted, standing } = context;
  const config = rowInForce(context.config, standing);
  const assessment = assess({
    ...{ config, instrument, strategy, snapshots, touch, staleMs, loopIntervalMs, halted, nowMs, era },
    state: context.state,
    unlisted: context.unlisted ?? false,
    mode: modeNow(context),
    leaving: context.leaving,
    unable: inabilities(context),
    denied: denied.map((denial) => denial.key),
    ...underWayFor(context),
  });
  const state = assessment.kind === 'usable' ? assessment.state : context.state;
  const unusableInARow = assessment.kind === 'unusable' ? context.unusableInARow + 1 : 0;
  const touchFailed = assessment.kind === 'touch-wanted' ? context.touchFailed : null;
  return { assessment, state, denied, unusableInARow, touchFailed };
}

/** What it may do now (strategy 16.1). */
export function modeNow({ config, standing, leaving, clock }: SymbolContext): SymbolMode {
  return modeOf({ file: config.mode, standing, leaving }, clock.nowMs());
}

/** What a decision is to know of what is under way (strategy 9.10). */
function underWayFor({
  submitted,
  awaited,
  lastEndMs,
}: SymbolContext): Pick<Knowledge, 'intents' | 'busy' | 'lastEndMs'> {
  const all = Object.values(submitted);
  const intents = all.flatMap(({ intent, clientOrderId }) => (clientOrderId === null ? [intent] : []));
  const accounts = [...all.map(({ intent }) => intent.account), ...awaited.map((end) => end.account)];
  return { intents, busy: ACCOUNTS.filter((account) => accounts.includes(account)), lastEndMs };
}

/**
 * A symbol that leaves has left (strategy 16.3): it is hedged, and no order of it is live, unknown or under way. One that the
 * exchange does not list can be hedged by no order, so it waits for its orders alone. null: not yet.
 */
function leftNow(context: SymbolContext): Step | null {
  const { leaving, unlisted, assessment, state, snapshots, underWay, awaited, lastEndMs } = context;
  if (leaving === undefined || !state.begun || state.orders.length > 0 || underWay.length > 0) return null;
  const { A, B } = snapshots;
  if (A === null || B === null || awaited.length > 0) return null;
  if ([A, B].some((one) => !one.intact && one.requestedAtMs <= lastEndMs)) return null;
  const hedged = assessment?.kind === 'usable' && assessment.plan.situation.hedged;
  if (!hedged && !unlisted) return null;
  return hasLeft(context, leaving);
}

/** A person forgets a symbol that leaves (strategy 16.3): it has left, whatever it holds. */
export function forgotten(context: SymbolContext): Step {
  const { leaving, state, underWay } = context;
  if (leaving === undefined || state.orders.length > 0 || underWay.length > 0) return finish(context, {});
  return hasLeft(context, leaving);
}

function hasLeft(context: SymbolContext, leaving: LeavingWhy): Step {
  const { state, snapshots, config, clock } = context;
  const atMs = clock.nowMs();
  const { instrument } = config;
  const held = (account: AccountName) => snapshots[account]?.position?.size ?? ZERO;
  const sizes = { A: held('A'), B: held('B') };
  const fact: Fact = { type: 'symbol.left', atMs, instrument, leaving, sizes, net: lotsNet(state.lots) };
  return finish(
    context,
    { state: { ...state, left: true }, holding: [] },
    {
      history: [fact],
      commands: [
        ...context.holding.map(
          (key): SymbolCommand => ({ to: 'alert-desk', message: { type: 'alert.cleared', key, atMs } }),
        ),
        { to: 'alert-desk', message: { type: 'alert.raised', alert: leftAlert(instrument, sizes, state, atMs) } },
        { to: 'daemon', message: { type: 'symbol.left', instrument } },
      ],
    },
  );
}

/** Why accounts cannot open, beyond their rests (strategy 5.7, 9.8, 9.9). */
function inabilities({ parkedSinceMs, backedOff, clock }: SymbolContext): NonNullable<PlanInput['unable']> {
  const nowMs = clock.nowMs();
  const of = (account: AccountName): Inability | null => {
    const [parked, off] = [parkedSinceMs[account], backedOff[account]];
    // A time to come is from before our clock was set back.
    if (parked !== null) return { sinceMs: Math.min(parked, nowMs), untilMs: null, why: 'parked' };
    if (off === null) return null;
    const untilMs = Math.min(off.untilMs ?? nowMs, nowMs + DENIED_PAUSE_MS);
    return { sinceMs: Math.min(off.sinceMs, nowMs), untilMs, why: 'backed-off' };
  };
  return { A: of('A'), B: of('B') };
}

/** An account is parked: it submits nothing, and no account opens (strategy 9.8). */
export function accountParked(context: SymbolContext, { account }: AccountParked): Step {
  const sinceMs = context.parkedSinceMs[account] ?? context.clock.nowMs();
  return finish(context, { parkedSinceMs: { ...context.parkedSinceMs, [account]: sinceMs } });
}

/** It is not any more: it opens and repairs from the next decision on. */
export function accountUnparked(context: SymbolContext, { account }: AccountUnparked): Step {
  return finish(context, { parkedSinceMs: { ...context.parkedSinceMs, [account]: null } });
}

/** An account may only reduce, or may grow again, as another symbol has learnt it (strategy 9.13). */
export function reduceOnlyChanged(context: SymbolContext, { account, demand }: ReduceOnlyChanged): Step {
  return finish(context, { state: withAccountDemand(context.state, account, demand) });
}

/** What the other symbols are told of the demands on an account (strategy 9.13). */
function toldDemands({ state, config }: SymbolContext, now: SymbolState): readonly SymbolCommand[] {
  return changedDemands(state, now).map(({ account, demand }): SymbolCommand => {
    const message = { type: 'reduce-only.changed', account, instrument: config.instrument, demand } as const;
    return { to: 'daemon', message };
  });
}

/** What is cancelled though nothing can be decided: openings without a partner (strategy 5.7) or a listing (11.6), all after a split (10.5). */
function cancelsWhileWaiting(context: SymbolContext): {
  readonly change: Partial<SymbolContext>;
  readonly commands: readonly SymbolCommand[];
  readonly facts: readonly Fact[];
} {
  const { state, snapshots, clock, assessment } = context;
  if (assessment?.kind !== 'unusable' || !state.begun) return { change: {}, commands: [], facts: [] };
  const [nowMs, era] = [clock.nowMs(), clock.era()];
  const blind = ACCOUNTS.filter((account) => {
    const snapshot = snapshots[account];
    return snapshot !== null && snapshot.era === era && nowMs - snapshot.requestedAtMs >= BLIND_MS;
  });
  const trims = trimsWithoutView(
    {
      config: context.config,
      state,
      nowMs,
      unable: inabilities(context),
      unlisted: context.unlisted ?? false,
      mode: modeNow(context),
    },
    context.instrument,
    blind,
  );
  return {
    change: {
      state: trims.reduce((now, { order }) => markCancelRequested(now, order.clientOrderId, nowMs), state),
      underWay: [...context.underWay, ...trims.map(({ order }) => cancelKey(order.clientOrderId))],
    },
    commands: trims.map((trim) => cancelCommand(context, trim)),
    facts: trims.map((trim) => cancelFact(context, trim, nowMs)),
  };
}

function cancelCommand({ config }: SymbolContext, { order: { account, clientOrderId } }: Trim): SymbolCommand {
  return { to: 'gateway', message: { type: 'order.cancel', account, instrument: config.instrument, clientOrderId } };
}

function cancelFact({ config }: SymbolContext, { order, why }: Trim, atMs: number): Fact {
  return { type: 'order.cancel-requested', atMs, ...wordsOf(config.instrument, order), why };
}

/** No decision; said once it is more than a snapshot between two answers. */
export function waiting(context: SymbolContext): Step {
  const left = leftNow(context);
  if (left !== null) return left;
  const step = saidWaiting(context);
  const { change, commands, facts } = cancelsWhileWaiting(context);
  if (commands.length === 0) return step;
  return finish(
    context,
    { ...step.change, ...change },
    { entries: step.entries, commands: [...step.commands, ...commands], facts: [...step.facts, ...facts] },
  );
}

function saidWaiting(context: SymbolContext): Step {
  const { assessment, unusableInARow, config } = context;
  const lasts = assessment?.kind === 'touch-wanted' || unusableInARow >= UNUSABLE_BEFORE_SAID;
  const alerts = conditionsWhileWaiting(context, lasts);
  const commands = alerts.map(
    (alert): SymbolCommand => ({ to: 'alert-desk', message: { type: 'alert.raised', alert } }),
  );
  const keys = new Set([...context.holding, ...alerts.map(({ key }) => key)]);
  const holding = kept(context.holding, [...keys]);
  const why = whyWaiting(context);
  if (why === null || !lasts) return finish(context, { holding }, { commands });
  const history = phaseFact(context, 'waiting', why);
  // From its start on a symbol waits without a word: that it gets no mark is said then as well (3.1).
  const toldIdle = assessment?.kind === 'touch-wanted' ? reasonKey(why) : '';
  const isNews = history.length === 0 && toldIdle !== '' && toldIdle !== context.toldIdle;
  const { instrument } = config;
  const idle: Fact[] = isNews ? [{ type: 'symbol.idle', atMs: context.clock.nowMs(), instrument, why }] : [];
  return finish(context, { holding, toldPhase: 'waiting', toldIdle }, { history: [...history, ...idle], commands });
}

/** What it waits for while there can be no decision; null: nothing, or a touch that has not come to nothing twice running. */
export function whyWaiting({ assessment, touchFailed }: SymbolContext): Reason | null {
  if (assessment?.kind === 'unusable') return assessment.why;
  if (assessment?.kind !== 'touch-wanted' || touchFailed === null) return null;
  return touchFailed.inARow < UNUSABLE_BEFORE_SAID ? null : reason('no-mark', '3.1', { book: touchFailed.why });
}

/** What a failed call says differs from one to the next; its alert tells it (strategy 12). */
export function touchFailed(context: SymbolContext, { why }: TouchFailed): Partial<SymbolContext> {
  return { touchAsked: false, touchFailed: { why, inARow: (context.touchFailed?.inARow ?? 0) + 1 } };
}

/** What holds though there is nothing to decide on (strategy 10.5, 11.6, 12); the next decision finds whether it is over. */
function conditionsWhileWaiting(context: SymbolContext, lasts: boolean): Alert[] {
  const { config, instrument, unlisted, leaving, state, strategy, clock } = context;
  const nowMs = clock.nowMs();
  const net = lotsNet(state.lots);
  // Without a mark nobody knows what is dust, but what no order can trade; who would repair is not known either.
  const isDust = net.abs().lt(instrument.minSize);
  const stuck = lasts && !isDust ? unhedgedAlert({ config, state, strategy, nowMs }, net, 'A', null) : null;
  const mode = modeNow(context);
  const holds = conductOf({ mode, state }) === 'nothing';
  const held =
    state.split === undefined
      ? ACCOUNTS.map((one) => heldDriftAlert(config.instrument, one, state.contradiction[one], nowMs))
      : [splitAlert(config.instrument, state, nowMs)];
  return [
    ...(unlisted ? [unlistedAlert(config.instrument, state.booked, state, nowMs)] : []),
    ...(lasts && !isDust && holds ? [heldAlert(config.instrument, mode, net, null, nowMs)] : []),
    ...(leaving === undefined ? [] : [leavingAlert(config.instrument, leaving, state.booked, state, nowMs)]),
    ...[stuck, ...held].filter((alert) => alert !== null),
  ];
}

export function touchWanted(context: SymbolContext): Step {
  if (context.touchAsked) return finish(context, {});
  return finish(context, { touchAsked: true }, { commands: [askTouch(context)] });
}

function askTouch(context: SymbolContext): SymbolCommand {
  const message: SymbolToGateway = { type: 'touch.request', instrument: context.config.instrument };
  return { to: 'gateway', message };
}

/** A stuck symbol whose touch is not known, or was heard some time ago; an unlisted one has no book. */
function touchIsMissed({ touch, unlisted, strategy }: SymbolContext, { state, nowMs }: PlanInput): boolean {
  if (unlisted || state.unhedgedSinceMs === null || !isStuck(state.unhedgedSinceMs, nowMs, strategy.stuckMs)) {
    return false;
  }
  return touch === null || nowMs - touch.atMs >= STUCK_TOUCH_MS;
}

/**
 * The symbol as the daily report tells it (strategy 12.2): `stuck` null where it is hedged; null altogether while it has not
 * found out where it stands, or the touch it has asked for is still on its way.
 */
export function reportOf(context: SymbolContext): { readonly stuck: StuckSymbol | null } | null {
  const { state, config, assessment, touch } = context;
  if (!state.begun) return null;
  if (state.unhedgedSinceMs === null) return { stuck: null };
  const fresh = touch !== null && context.clock.nowMs() - touch.atMs < 2 * STUCK_TOUCH_MS ? touch : null;
  if (context.touchAsked && fresh === null) return null;
  const net = lotsNet(state.lots);
  const [hedgeSide, size] = [sideAgainst(net), net.abs()];
  const input = assessment?.kind === 'usable' ? assessment.input : null;
  const account = input === null ? 'A' : input.valuation[repairWays(input)[0]];
  return {
    stuck: {
      instrument: config.instrument,
      hedgeSide,
      size,
      unhedgedSinceMs: state.unhedgedSinceMs,
      ...(context.leaving === undefined ? {} : { leaves: true as const }),
      guardPrice: guardPrice(state.lots, { account, side: hedgeSide, size }, size.mul(0)),
      touch: fresh === null ? null : hedgeSide === 'sell' ? fresh.ask : fresh.bid,
    },
  };
}

/**
 * What of the symbol is unhedged (strategy 12.3, 13.4); null: it is hedged, or nothing is known of it.
 *
 * @param heard the newest book there is, beside the one the symbol asked for
 */
export function netLeftOf(
  context: SymbolContext,
  heard: Pick<Touch, 'bid' | 'ask' | 'atMs'> | null = null,
): NetLeft | null {
  const { state, instrument, assessment, clock } = context;
  const touch = heard !== null && heard.atMs >= (context.touch?.atMs ?? 0) ? heard : context.touch;
  const mark = assessment?.kind === 'usable' ? assessment.input.valuation.mark : null;
  const fresh = touch !== null && clock.nowMs() - touch.atMs < 2 * STUCK_TOUCH_MS ? touch : null;
  return openNet(state, instrument, mark, fresh);
}

/** Submits and trims what was decided, and raises the conditions that hold (strategy 6, 8.2, 12). */
export function carriedOut(context: SymbolContext): Step {
  if (context.assessment?.kind !== 'usable') return finish(context, {});
  const left = leftNow(context);
  if (left !== null) return left;
  const { plan, input, bookWanted } = context.assessment;
  const { nowMs } = input;
  const { instrument } = context.config;
  const acts = plan.creates.length > 0 || plan.trims.length > 0;
  let state = countIntents(context.state, plan.creates);
  for (const trim of plan.trims) state = markCancelRequested(state, trim.order.clientOrderId, nowMs);
  for (const intent of plan.creates) {
    if (triesToGrow(state, intent)) state = withNextTry(state, intent.account, nowMs + GROWTH_TRY_MS);
  }

  const conditions = conditionsOf(input, plan);
  const over = context.holding.filter((key) => !conditions.some((alert) => alert.key === key));
  // An intent that is tried now and then, and denied each time, does not make the reason for waiting a new one (7.3).
  const toldIdle = context.toldPhase === plan.tradingState ? context.toldIdle : '';
  // While an intent is under way, that nothing more is submitted is no news.
  const isIdle = plan.idle !== null && Object.keys(context.submitted).length === 0;
  const idleWhy = plan.idle === null || !isIdle ? toldIdle : reasonKey(plan.idle);
  const asksForTouch = !context.touchAsked && (bookWanted || touchIsMissed(context, input));
  const clipped = context.clippingTold ? [] : clippings(input, plan);
  const decision: JournalEntry = {
    kind: 'decision',
    key: instrument,
    atMs: nowMs,
    body: { input, plan, snapshots: context.snapshots, declared: declare(input, plan, context.snapshots) },
  };
  const flattened = isFlattened(context, input);
  return finish(
    context,
    {
      state,
      ...(acts ? askedFor(context, plan) : {}),
      holding: kept(
        context.holding,
        conditions.map((alert) => alert.key),
      ),
      clippingTold: context.clippingTold || clipped.length > 0,
      warned: true,
      touchAsked: context.touchAsked || asksForTouch,
      toldPhase: plan.tradingState,
      toldIdle: idleWhy,
    },
    {
      entries: acts ? [decision] : [],
      // Kept, so that a look back finds the state of each moment.
      history: [
        ...phaseFact(context, plan.tradingState, plan.why),
        ...(plan.idle !== null && idleWhy !== toldIdle
          ? [{ type: 'symbol.idle', atMs: nowMs, instrument, why: plan.idle } satisfies Fact]
          : []),
      ],
      facts: [...warnings(context, input), ...clipped, ...plan.trims.map((trim) => cancelFact(context, trim, nowMs))],
      commands: [
        ...toldDemands(context, state),
        ...plan.trims.map((trim) => cancelCommand(context, trim)),
        ...plan.creates.map((intent): SymbolCommand => {
          return { to: 'gateway', message: { type: 'order.submit', intent: { ...intent, ...validity(context) } } };
        }),
        ...(asksForTouch ? [askTouch(context)] : []),
        ...(flattened ? [{ to: 'daemon', message: { type: 'symbol.flattened', instrument } } as const] : []),
        ...conditions.map((alert): SymbolCommand => ({ to: 'alert-desk', message: { type: 'alert.raised', alert } })),
        ...over.map(
          (key): SymbolCommand => ({ to: 'alert-desk', message: { type: 'alert.cleared', key, atMs: nowMs } }),
        ),
      ],
    },
  );
}

/** `flatten` is done: both positions are below the tradable size, and no order is live or under way (strategy 16.2). */
function isFlattened(context: SymbolContext, { valuation, state }: PlanInput): boolean {
  const { standing = [], underWay, awaited } = context;
  if (!standing.some(({ verb }) => verb === 'flatten')) return false;
  if (state.orders.length > 0 || underWay.length > 0 || awaited.length > 0) return false;
  return ACCOUNTS.every((account) => valuation.actual[account].abs().lt(valuation.smallestTradable));
}

/** It may grow a position of an account that may only reduce (strategy 9.13). */
function triesToGrow(state: SymbolState, { account, reduceOnly }: Intent): boolean {
  return !reduceOnly && mayOnlyReduce(state, account);
}

/** What is under way once the plan is carried out. */
function askedFor(context: SymbolContext, plan: Plan): Pick<SymbolContext, 'underWay' | 'submitted'> {
  const { creates, trims } = plan;
  return {
    underWay: [
      ...context.underWay,
      ...creates.map((intent) => intent.intentId),
      ...trims.map((trim) => cancelKey(trim.order.clientOrderId)),
    ],
    submitted: {
      ...context.submitted,
      ...Object.fromEntries(
        creates.map((intent): [string, Submitted] => {
          const { intentId, reduceOnly = false } = intent;
          const tries = triesToGrow(context.state, intent);
          return [intentId, { intent, clientOrderId: null, reduceOnly, tries }];
        }),
      ),
    },
  };
}

/** What of the symbol's settings looks wrong at this mark, at the first decision (strategy 2.2). */
function warnings(context: SymbolContext, { config, instrument, valuation, nowMs }: PlanInput): Fact[] {
  if (context.warned || context.leaving !== undefined) return [];
  return symbolWarnings(config, instrument, valuation.mark).map((text) => {
    return { type: 'symbol.warned', atMs: nowMs, instrument: config.instrument, text };
  });
}

/** An order of the largest size there is was meant to be larger (strategy 7.3). */
function clippings({ instrument, nowMs }: PlanInput, plan: Plan): Fact[] {
  const largest = largestSize(instrument);
  if (plan.creates.every(({ size }) => size.lt(largest))) return [];
  const text = `${instrument.name}: orders are clipped to ${largest.toFixed()}, the largest size a signature can carry`;
  return [{ type: 'symbol.warned', atMs: nowMs, instrument: instrument.name, text }];
}

/** Until the older of the two snapshots is too old to decide on, or our clock is set back (strategy 10.3). */
function validity({ snapshots, staleMs }: SymbolContext): Required<Pick<Intent, 'validInEra' | 'validUntilMs'>> {
  const untilMs = (snapshot: SymbolSnapshot | null) =>
    snapshot === null ? 0 : snapshot.requestedAtMs + usableForMs(snapshot, staleMs);
  const validUntilMs = Math.min(untilMs(snapshots.A), untilMs(snapshots.B));
  return { validInEra: snapshots.A?.era ?? 0, validUntilMs };
}

/** From now on the order counts, not the intent. */
export function orderSent(context: SymbolContext, sent: OrderSent): Step {
  const { [sent.intentId]: one, ...others } = context.submitted;
  const submitted =
    one === undefined ? others : { ...others, [sent.intentId]: { ...one, clientOrderId: sent.clientOrderId } };
  return finish(context, { state: addSent(context.state, sent), submitted, toldIdle: '' });
}

/** An attempt left and is over, with nothing traded; its intent is under way still. */
export function attemptRefused(context: SymbolContext, { clientOrderId, atMs }: AttemptRefused): Step {
  const state = dropRefused(context.state, clientOrderId);
  const submitted = Object.fromEntries(
    Object.entries(context.submitted).map(([intentId, one]) => [
      intentId,
      one.clientOrderId === clientOrderId ? { ...one, clientOrderId: null } : one,
    ]),
  );
  return finish(context, { state, submitted, lastEndMs: Math.max(context.lastEndMs, atMs) });
}

export function orderResolved(context: SymbolContext, event: OrderResolved): Step {
  const { clientOrderId, atMs } = event;
  const state =
    event.outcome === 'absent' ? dropAbsent(context.state, clientOrderId) : confirm(context.state, clientOrderId, atMs);
  return finish(context, { state, ...awaitedAfter(context, event, state) });
}

export function cancelEnded(context: SymbolContext, event: CancelEnded): Step {
  const { clientOrderId } = event;
  return finish(context, {
    state: event.outcome === 'failed' ? forgetCancel(context.state, clientOrderId) : context.state,
    underWay: context.underWay.filter((one) => one !== cancelKey(clientOrderId)),
  });
}

/** A submission of that order ended: it is awaited in the view of its account, unless that shows it already (9.10). */
function awaitedAfter(
  context: SymbolContext,
  end: AwaitedEnd,
  state: SymbolState,
): Pick<SymbolContext, 'awaited' | 'lastEndMs'> {
  const { account, clientOrderId, atMs } = end;
  const contained = isContained(end, state, context.snapshots[account]);
  return {
    awaited: contained ? context.awaited : [...context.awaited, { account, clientOrderId, atMs }],
    lastEndMs: Math.max(context.lastEndMs, atMs),
  };
}

/** A new gateway knows nothing of what the former one had queued; what had left follows as `order.resolved`. */
export function gatewayStarted(context: SymbolContext, event: GatewayStarted): Step {
  let state = context.state;
  for (const order of state.orders) {
    if (order.confirmedAtMs === null) state = markUnknown(state, order.clientOrderId);
    state = forgetCancel(state, order.clientOrderId);
  }
  const lastEndMs = Math.max(context.lastEndMs, event.atMs);
  return finish(context, { state, underWay: [], submitted: {}, awaited: [], touchAsked: false, lastEndMs });
}

/** A poller that replaces a failed one knows no watch list yet. */
export function pollerStarted(context: SymbolContext, event: PollerStarted): Step {
  return finish(
    context,
    {},
    {
      commands: [watch(context.config.instrument, context.state, event.account)],
    },
  );
}

export function draining(context: SymbolContext): Step {
  const history = phaseFact(context, 'draining', reason('draining', '13.1'));
  return finish(context, { toldPhase: 'draining', state: markAllCancelSent(context.state) }, { history });
}

/** Completes a step: the state is in the journal before anything is done on the strength of it; watch lists follow the orders. */
function finish(
  before: SymbolContext,
  change: Partial<SymbolContext>,
  also: {
    readonly facts?: readonly Fact[];
    /** Facts that the journal keeps too. */
    readonly history?: readonly Fact[];
    readonly entries?: readonly JournalEntry[];
    readonly commands?: readonly SymbolCommand[];
  } = {},
): Step {
  const { instrument } = before.config;
  const now = change.state ?? before.state;
  const history = (also.history ?? []).flatMap((fact): JournalEntry[] => [
    { kind: 'fact', key: historyKey(fact, instrument), atMs: fact.atMs, body: fact },
    ...outcomeOf(fact),
  ]);
  // Against what was last written, not against the step before: deciding starts the clock of 12 without a step of its own.
  // A contradiction and a doubt are judged anew after a restart: they are made of snapshots, not of history.
  const body = (): SymbolState => {
    const { recentFills: _recent, ...kept } = now;
    return { ...kept, contradiction: { A: null, B: null }, markDoubt: null };
  };
  const saved = now === before.savedState ? before.saved : encode(body());
  const state: JournalEntry[] =
    saved === before.saved ? [] : [{ kind: 'symbol.state', key: instrument, atMs: before.clock.nowMs(), body: body() }];
  const watches =
    now.orders === before.state.orders && now.contradiction === before.state.contradiction
      ? []
      : ACCOUNTS.filter((account) => !sameWatch(before.state, now, account));
  return {
    change: { ...change, saved, savedState: now },
    entries: [...(also.entries ?? []), ...state, ...history],
    facts: [...(also.history ?? []), ...(also.facts ?? [])],
    commands: [
      ...watches.map((account) => watch(instrument, now, account)),
      ...clearedRests(before, now),
      ...(also.commands ?? []),
    ],
  };
}

/** Alerts of rests that are over, and of which no other rest tells (strategy 9.5, 12). */
function clearedRests({ state, clock }: SymbolContext, now: SymbolState): readonly SymbolCommand[] {
  const keys = new Set(endedRests(state, now).map(({ alertKey: key }) => key));
  for (const rest of now.rests ?? []) keys.delete(rest.alertKey);
  const atMs = clock.nowMs();
  return [...keys].map((key) => ({ to: 'alert-desk', message: { type: 'alert.cleared', key, atMs } }));
}

/** What the end of a submission leaves behind: orders, rests, denials, alerts (strategy 9.5, 9.10). */
export function submissionEnded(context: SymbolContext, event: SubmissionEnded): Step {
  const { change, alerts, doubts } = afterSubmission(context, event);
  const { instrument } = context.config;
  return finish(context, change, {
    commands: [
      ...toldDemands(context, change.state ?? context.state),
      ...alerts.map((message): SymbolCommand => ({ to: 'alert-desk', message })),
      ...(doubts ? [{ to: 'daemon', message: { type: 'rules.doubted', instrument } } as const] : []),
    ],
  });
}

function afterSubmission(
  context: SymbolContext,
  event: SubmissionEnded,
): { readonly change: Partial<SymbolContext>; readonly alerts: readonly AlertRaised[]; readonly doubts?: boolean } {
  const { result, atMs, account } = event;
  const { instrument } = context.config;
  const { [event.intentId]: submitted, ...others } = context.submitted;
  // The exchange answered for it: creates of the account leave.
  const leaves = { backedOff: { ...context.backedOff, [account]: null } };
  const nothingLeft = {
    submitted: others,
    underWay: context.underWay.filter((one) => one !== event.intentId),
  };
  const over = { ...nothingLeft, lastEndMs: Math.max(context.lastEndMs, atMs) };
  // Withdrawn by a gateway that was replaced meanwhile: what it was is not known any more, and it rests nothing.
  const of: Purpose | null = submitted === undefined ? null : { account, purpose: submitted.intent.purpose };
  const raise = (kind: 'post-only-exhausted' | 'order-refused', details: Alert['details']): AlertRaised => ({
    type: 'alert.raised',
    alert: { kind, key: alertKey(kind, instrument), account, instrument, atMs, sinceMs: null, details },
  });
  const cooldownMs = context.strategy.postOnlyCooldownMs;
  const untried = submitted?.tries ? withNextTry(context.state, account, atMs) : context.state;
  switch (result.kind) {
    case 'confirmed': {
      const confirmed = confirm(context.state, result.clientOrderId, atMs);
      const awaited = awaitedAfter(context, { account, clientOrderId: result.clientOrderId, atMs }, confirmed);
      const rested = of === null ? confirmed : restsAfterConfirmation(confirmed, of, atMs);
      const state = submitted?.tries ? withoutDemands(rested, account) : rested;
      return { change: { ...over, ...leaves, ...awaited, state }, alerts: [] };
    }
    case 'unknown':
      return { change: { ...over, state: markUnknown(context.state, result.clientOrderId) }, alerts: [] };
    case 'outdated':
      // It decides again at once, on the fill that made this one history: of what had left before, `attemptRefused` told.
      return { change: { ...nothingLeft, state: untried }, alerts: [] };
    case 'denied':
    case 'unsent': {
      const denied =
        submitted === undefined ? [] : [{ key: intentKey(submitted.intent), untilMs: atMs + DENIED_PAUSE_MS }];
      const former = context.backedOff[account];
      const backsOff = result.kind === 'unsent' && (result.failure ?? null) !== null;
      const off = { sinceMs: former?.sinceMs ?? atMs, untilMs: atMs + DENIED_PAUSE_MS };
      const backedOff = { ...context.backedOff, [account]: backsOff ? off : former };
      const change = { ...nothingLeft, state: untried, backedOff, denied: [...context.denied, ...denied] };
      return { change, alerts: [] };
    }
    case 'exhausted': {
      const told = { attempts: result.attempts, alertKey: alertKey('post-only-exhausted', instrument) };
      const state = of === null ? context.state : restAfterExhaustion(context.state, of, atMs, cooldownMs, told);
      return {
        change: { ...over, ...leaves, state },
        alerts: [
          raise('post-only-exhausted', {
            attempts: String(result.attempts),
            cooldownSeconds: String(Math.round(cooldownMs / 1000)),
          }),
        ],
      };
    }
    case 'refused': {
      // It lacked `reduce_only`: what shrinks a position is sent again with it at once, and nothing else was wrong (9.13).
      if (demandsReduceOnly(result.code) && !submitted?.reduceOnly) {
        const state = withDemand(context.state, account, result.code, atMs);
        return { change: { ...over, ...leaves, state }, alerts: [] };
      }
      const doubts = doubtsRules(result);
      const told = {
        refusal: result,
        by: 'refusal',
        doubtsRules: doubts,
        alertKey: alertKey('order-refused', instrument),
      } as const;
      const state = of === null ? context.state : restAfterRefusal(context.state, of, atMs, cooldownMs, told);
      const untilMs = (of === null ? null : restOf(state, of)?.untilMs) ?? atMs;
      const restSeconds = String(Math.round((untilMs - atMs) / 1000));
      return {
        change: { ...over, ...leaves, state },
        alerts: [raise('order-refused', { code: String(result.code ?? '-'), reason: result.reason, restSeconds })],
        doubts,
      };
    }
  }
}

/** Two readings that tell the same. In which order an answer lists what rests is no news; neither is what was over before. */
function readsAlike(one: SymbolSnapshot, other: SymbolSnapshot): boolean {
  const size = other.position?.size ?? null;
  const sameSize = size === null ? one.position === null : (one.position?.size.eq(size) ?? false);
  const open = ({ orders }: SymbolSnapshot) => orders.filter((order) => !isOver(order));
  return (
    sameSize &&
    open(one).length === open(other).length &&
    open(one).every((order) => {
      const same = other.orders.find(({ clientOrderId }) => clientOrderId === order.clientOrderId);
      return same?.status === order.status && same.tradedSize.eq(order.tradedSize);
    })
  );
}

function driftAlert(fact: Fact): SymbolCommand[] {
  if (fact.type !== 'drift.adopted') return [];
  const { instrument, account, atMs } = fact;
  const details = { difference: fact.difference.toFixed(), price: fact.price.toFixed() };
  const key = alertKey('drift', instrument, account);
  const alert: Alert = { kind: 'drift', key, account, instrument, atMs, sinceMs: null, details };
  return [{ to: 'alert-desk', message: { type: 'alert.raised', alert } }];
}

/** What the account's poller looks up when it is missing from open orders: confirmed, and not being found out by 9.6. */
function watchedOrders(state: SymbolState, account: AccountName): readonly ManagedOrder[] {
  return state.orders.filter((order) => order.account === account && order.confirmedAtMs !== null && !order.unknown);
}

function watched(state: SymbolState, account: AccountName): readonly string[] {
  const orders = watchedOrders(state, account).map((order) => order.clientOrderId);
  // Of ours by their fills alone (10.5): none of them is managed.
  return [...orders, ...(state.contradiction[account]?.history?.clientOrderIds ?? [])];
}

/** Whether the account's poller is to look for the same orders, and for the fills alike. */
function sameWatch(one: SymbolState, other: SymbolState, account: AccountName): boolean {
  const since = (state: SymbolState) => state.contradiction[account]?.history?.sinceMs;
  return since(one) === since(other) && sameList(watched(one, account), watched(other, account));
}

function watch(instrument: string, state: SymbolState, account: AccountName): SymbolCommand {
  const orders = watchedOrders(state, account);
  const history = state.contradiction[account]?.history;
  return toPoller(account, {
    type: 'orders.watched',
    instrument,
    clientOrderIds: watched(state, account),
    sentAtMs: Object.fromEntries(orders.map((order) => [order.clientOrderId, order.sentAtMs])),
    ...(history === undefined ? {} : { fillsSinceMs: history.sinceMs }),
  });
}

function toPoller(account: AccountName, message: OrdersWatched): SymbolCommand {
  return { to: `poller:${account}`, message };
}

function resolveCommand(context: SymbolContext, order: ManagedOrder): SymbolCommand {
  const { account, clientOrderId, side, size, price, sentAtMs, expirationMs, purpose } = order;
  const { instrument } = context.config;
  return {
    to: 'gateway',
    message: {
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
    },
  };
}

function phaseFact(context: SymbolContext, phase: SymbolPhase, why: Reason): Fact[] {
  if (context.toldPhase === phase) return [];
  const atMs = context.clock.nowMs();
  return [
    {
      type: 'state.changed',
      atMs,
      instrument: context.config.instrument,
      from: context.toldPhase,
      to: phase,
      why,
    },
  ];
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** The list there was where the new one says the same: what stays the same value is no change. */
function kept(before: readonly string[], now: readonly string[]): readonly string[] {
  return sameList(before, now) ? before : now;
}

function cancelKey(clientOrderId: string): string {
  return `cancel:${clientOrderId}`;
}

/** The last word about an order that is over, so that no start asks about it again (strategy 11.2). */
function outcomeOf(fact: Fact): JournalEntry[] {
  if (fact.type !== 'order.over') return [];
  const { clientOrderId, atMs } = fact;
  const outcome = ENDS[fact.status] ?? 'cancelled';
  return [
    { kind: 'order.outcome', key: clientOrderId, atMs, body: { clientOrderId, outcome, detail: fact.reason, atMs } },
  ];
}

const ENDS: Readonly<Record<string, OrderOutcome['outcome']>> = {
  FILLED: 'filled',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
};

/** History is kept by order where there is one, else by symbol. */
function historyKey(fact: Fact, instrument: string): string {
  // Under the instrument's own key the last one is its phase.
  if (fact.type === 'symbol.idle') return `idle ${instrument}`;
  return 'clientOrderId' in fact ? fact.clientOrderId : instrument;
}
