import { isStuck } from '../alerts.ts';
import { assess, isStaleReading, type Knowledge, type Now, usableForMs } from '../assess.ts';
import type { Situation } from '../classify.ts';
import { conditionsOf } from '../conditions.ts';
import { declare } from '../declare.ts';
import type { Fact } from '../facts.ts';
import type { JournalEntry } from '../journal-entry.ts';
import { countIntents } from '../managed-orders.ts';
import { ACCOUNTS, type Intent, type SymbolSnapshot } from '../model.ts';
import { rowInForce } from '../modes.ts';
import { largestSize } from '../openings.ts';
import type { Plan } from '../plan.ts';
import type { PlanInput } from '../plan-input.ts';
import { clear, raise } from '../raise.ts';
import { reason, reasonKey } from '../reasons.ts';
import { GROWTH_TRY_MS, mayOnlyReduce, withNextTry } from '../reduce-only.ts';
import { trialRow } from '../rollout.ts';
import { kept } from '../same-list.ts';
import type { SymbolState } from '../symbol-state.ts';
import { symbolWarnings } from '../symbol-warnings.ts';
import { cancels, demandMessages, requestTouch, type SymbolCommand } from './commands.ts';
import { leftNow } from './leave.ts';
import { DENIED_PAUSE_MS, inabilities, modeNow, type Submitted, type SymbolMemory } from './memory.ts';
import { STUCK_TOUCH_MS } from './report.ts';
import { finish, phaseFacts, remember, type Step } from './step.ts';

/** Assesses the present data (strategy 5); the state it leads to carries the plan out. */
export function assessed(memory: SymbolMemory, now: Now): Step {
  const { nowMs, era } = now;
  const denied = memory.denied.filter(({ untilMs }) => untilMs > nowMs && untilMs <= nowMs + DENIED_PAUSE_MS);
  const { instrument, strategy, snapshots, touch, staleMs, loopIntervalMs, halted, standing, rollout } = memory;
  const row = rowInForce(memory.config, standing);
  const config = rollout === 'trial' ? trialRow(row, instrument, memory.state.acceptedMark) : row;
  const assessment = assess({
    ...{ config, instrument, strategy, snapshots, touch, staleMs, loopIntervalMs, halted, nowMs, era },
    state: memory.state,
    unlisted: memory.unlisted ?? false,
    mode: modeNow(memory, now),
    leaving: memory.leaving,
    openingsStop: memory.openingsStop ?? undefined,
    unable: inabilities(memory, now),
    denied: denied.map((denial) => denial.key),
    ...underWay(memory),
  });
  const state = assessment.kind === 'usable' ? assessment.state : memory.state;
  const unusableInARow = assessment.kind === 'unusable' ? memory.unusableInARow + 1 : 0;
  const touchFailed = assessment.kind === 'touch-wanted' ? memory.touchFailed : null;
  return remember({ assessment, state, denied, unusableInARow, touchFailed });
}

/** Data became too old to decide on (strategy 10.3). A failed read while the last one is fresh changes nothing. */
export function dataBecameStale({ snapshots, staleMs }: SymbolMemory, now: Now): boolean {
  return ACCOUNTS.some((account) => {
    const snapshot = snapshots[account];
    return snapshot !== null && isStaleReading(snapshot, now, staleMs);
  });
}

export function situationIs({ assessment }: SymbolMemory, kind: (situation: Situation) => boolean): boolean {
  return assessment?.kind === 'usable' && kind(assessment.plan.situation);
}

/** Pending intents and recent ends that the decision must consider (strategy 9.10). */
function underWay({ submitted, awaited, lastEndMs }: SymbolMemory): Pick<Knowledge, 'intents' | 'busy' | 'lastEndMs'> {
  const all = Object.values(submitted);
  const intents = all.flatMap(({ intent, clientOrderId }) => (clientOrderId === null ? [intent] : []));
  const accounts = [...all.map(({ intent }) => intent.account), ...awaited.map((end) => end.account)];
  return { intents, busy: ACCOUNTS.filter((account) => accounts.includes(account)), lastEndMs };
}

/** A stuck symbol has no book, or an old one; an unlisted one has none to read. */
function touchIsMissed({ touch, unlisted, strategy }: SymbolMemory, { state, nowMs }: PlanInput): boolean {
  if (unlisted || state.unhedgedSinceMs === null || !isStuck(state.unhedgedSinceMs, nowMs, strategy.stuckMs)) {
    return false;
  }
  return touch === null || nowMs - touch.atMs >= STUCK_TOUCH_MS;
}

/** Submits and cancels as planned, raises the conditions that hold, reports what is new (strategy 6, 8.2, 12). */
export function planCarriedOut(memory: SymbolMemory, now: Now): Step {
  if (memory.assessment?.kind !== 'usable') return finish(memory, now, {});
  const left = leftNow(memory, now);
  if (left !== null) return left;
  const { plan, input, bookWanted } = memory.assessment;
  const { instrument } = memory.config;
  const asksForTouch = !memory.touchAsked && (bookWanted || touchIsMissed(memory, input));
  const orders = ordersOf(memory, plan, input);
  const conditions = conditionsOf(input, plan);
  const keys = conditions.map(({ key }) => key);
  const report = planReport(memory, now, plan, input);
  return finish(
    memory,
    now,
    {
      ...orders.change,
      ...report.change,
      holding: kept(memory.holding, keys),
      touchAsked: memory.touchAsked || asksForTouch,
    },
    {
      entries: orders.entries,
      history: report.history,
      facts: [...report.facts, ...orders.facts],
      commands: [
        ...orders.commands,
        ...(asksForTouch ? [requestTouch(memory)] : []),
        ...(isFlattened(memory, input)
          ? [{ to: 'daemon', message: { type: 'symbol.flattened', instrument } } as const]
          : []),
        ...conditions.map(raise),
        ...memory.holding.filter((key) => !keys.includes(key)).map((key) => clear(key, now)),
      ],
    },
  );
}

/** The plan's orders and cancels; the decision is journalled if there are any. */
function ordersOf(memory: SymbolMemory, plan: Plan, input: PlanInput) {
  const { creates, trims } = plan;
  const { nowMs } = input;
  if (creates.length === 0 && trims.length === 0) return NO_ORDERS;
  const { config, underWay } = memory;
  const withIntents = { config, underWay: [...underWay, ...creates.map(({ intentId }) => intentId)] };
  const cancelled = cancels(withIntents, countIntents(memory.state, creates), trims, nowMs);
  const tries = creates.filter((intent) => triesToGrow(memory.state, intent));
  const state = tries.reduce(
    (after, { account }) => withNextTry(after, account, nowMs + GROWTH_TRY_MS),
    cancelled.change.state,
  );
  const submitted = creates.map((intent): [string, Submitted] => {
    const { intentId, reduceOnly = false } = intent;
    return [intentId, { intent, clientOrderId: null, reduceOnly, tries: tries.includes(intent) }];
  });
  const submits = creates.map((intent): SymbolCommand => {
    return { to: 'gateway', message: { type: 'order.submit', intent: { ...intent, ...validity(memory) } } };
  });
  return {
    change: {
      ...cancelled.change,
      state,
      submitted: { ...memory.submitted, ...Object.fromEntries(submitted) },
    },
    entries: [decisionEntry(memory, plan, input)],
    facts: cancelled.facts,
    commands: [...demandMessages(memory, state), ...cancelled.commands, ...submits],
  };
}

const NO_ORDERS = remember({});

/** The decision with all its inputs, for replay. */
function decisionEntry({ config, snapshots }: SymbolMemory, plan: Plan, input: PlanInput): JournalEntry {
  const body = { input, plan, snapshots, declared: declare(input, plan, snapshots) };
  return { kind: 'decision', key: config.instrument, atMs: input.nowMs, body };
}

/** Phase and idle reason if they are new, and warnings that are due. */
function planReport(memory: SymbolMemory, now: Now, plan: Plan, input: PlanInput) {
  const { instrument } = memory.config;
  // An intent that is denied again now and then does not make the idle reason new (7.3).
  const before = memory.reportedPhase === plan.tradingState ? memory.reportedIdle : '';
  // While an intent is pending, idleness is not reported.
  const idle = Object.keys(memory.submitted).length === 0 ? plan.idle : null;
  const reportedIdle = idle === null ? before : reasonKey(idle);
  const clipped = memory.clippingReported ? [] : clippings(input, plan);
  const facts: readonly Fact[] = [...warnings(memory, input), ...clipped];
  const history: readonly Fact[] = [
    ...phaseFacts(memory, now, plan.tradingState, plan.why),
    ...(idle !== null && reportedIdle !== before
      ? [{ type: 'symbol.idle', atMs: input.nowMs, instrument, why: idle } satisfies Fact]
      : []),
  ];
  const clippingReported = memory.clippingReported || clipped.length > 0;
  return { change: { clippingReported, warned: true, reportedPhase: plan.tradingState, reportedIdle }, facts, history };
}

/** `flatten` is done: both positions are below the tradable size and no order is live or pending (strategy 16.2). */
function isFlattened(memory: SymbolMemory, { valuation, state }: PlanInput): boolean {
  const { standing = [], underWay, awaited } = memory;
  if (!standing.some(({ verb }) => verb === 'flatten')) return false;
  if (state.orders.length > 0 || underWay.length > 0 || awaited.length > 0) return false;
  return ACCOUNTS.every((account) => valuation.actual[account].abs().lt(valuation.smallestTradable));
}

/** It may grow a position of an account that may only reduce (strategy 9.13). */
function triesToGrow(state: SymbolState, { account, reduceOnly }: Intent): boolean {
  return !reduceOnly && mayOnlyReduce(state, account);
}

/** Warnings about the symbol's settings at this mark, at the first decision (strategy 2.2). */
function warnings(memory: SymbolMemory, { config, instrument, valuation, nowMs }: PlanInput): Fact[] {
  if (memory.warned || memory.leaving !== undefined) return [];
  return symbolWarnings(config, instrument, valuation.mark).map((why) => {
    return { type: 'symbol.warned', atMs: nowMs, instrument: config.instrument, why };
  });
}

/** The order was clipped to the largest size that can be signed (strategy 7.3). */
function clippings({ instrument, nowMs }: PlanInput, plan: Plan): Fact[] {
  const largest = largestSize(instrument);
  if (plan.creates.every(({ size }) => size.lt(largest))) return [];
  const why = reason('orders-clipped', '7.3', { symbol: instrument.name, largest: largest.toFixed() });
  return [{ type: 'symbol.warned', atMs: nowMs, instrument: instrument.name, why }];
}

/** Until the older of the two snapshots is too old to decide on, or our clock is set back (strategy 10.3). */
function validity({ snapshots, staleMs }: SymbolMemory): Required<Pick<Intent, 'validInEra' | 'validUntilMs'>> {
  const untilMs = (snapshot: SymbolSnapshot | null) =>
    snapshot === null ? 0 : snapshot.requestedAtMs + usableForMs(snapshot, staleMs);
  const validUntilMs = Math.min(untilMs(snapshots.A), untilMs(snapshots.B));
  return { validInEra: snapshots.A?.era ?? 0, validUntilMs };
}
