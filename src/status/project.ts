import { type AlertState, alertHolds, byUrgency } from '../core/alert-episodes.ts';
import { ALERT_POLICIES, type NetLeft } from '../core/alerts.ts';
import { type Decimal, usdtText, ZERO } from '../core/decimal.ts';
import type { SymbolPhase } from '../core/facts.ts';
import type { GatewayMemory } from '../core/gateway/memory.ts';
import { isSilenced } from '../core/handling.ts';
import { guardPrice, lotsNet } from '../core/ledger.ts';
import type { AccountName, Instrument, ManagedOrder, Position, SymbolConfig } from '../core/model.ts';
import { inForce, type ModeSources, modeOf } from '../core/modes.ts';
import type { Plan } from '../core/plan.ts';
import type { Reason } from '../core/reasons.ts';
import { hedgeOpen } from '../core/repairs.ts';
import { longestRest } from '../core/rests.ts';
import { type FailingFigure, ROLLOUT_LIMITS, type RolloutLimits, type RolloutProgress } from '../core/rollout.ts';
import type { SymbolMemory } from '../core/symbol/memory.ts';
import { netLeftOf } from '../core/symbol/report.ts';
import { whyWaiting } from '../core/symbol/waiting.ts';
import { emptySymbolState, type SymbolState, waitingSize } from '../core/symbol-state.ts';
import { markOf, sideAgainst, smallestTradableSize, waitingOf } from '../core/valuing.ts';
import type { FiguresSnapshot } from '../log/index.ts';
import { alertLine } from '../notify/texts.ts';
import type { Settings } from '../settings/index.ts';
import { type ReasonWords, reasonWords } from '../texts/reasons.ts';
import type {
  AlertStatus,
  FiguresStatus,
  GatewayStatus,
  OrderStatusRow,
  RolloutStatus,
  StatusSettings,
  SymbolStatus,
  Waits,
} from '../web/index.ts';
/** Best bid and ask of an instrument, as last received. */
export interface LastTouch {
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
}
/** The last reported phase of a symbol. */
export interface PhaseMemory {
  readonly phase: SymbolPhase;
  readonly why: Reason | string;
  readonly sinceMs: number;
  /** Its first one after `waiting` in this run. */
  readonly isFirst: boolean;
}
export interface SymbolParts {
  readonly config: SymbolConfig;
  /** null: its actor does not run. */
  readonly context: SymbolMemory | null;
  readonly state: string | null;
  readonly lastPhase: PhaseMemory | null;
  readonly lastTouch: LastTouch | null;
  readonly rollout?: RolloutStatus | null;
  readonly nowMs: number;
}

/**
 * A running symbol for display. Consistent in time: while only one account's answer has arrived, the previous status.
 * @param previous its last status; null: none
 */
export function symbolStatus(parts: SymbolParts, previous: SymbolStatus | null): SymbolStatus {
  if (previous !== null && isBetweenAnswers(parts)) return previous;
  const { config, context, lastPhase, nowMs } = parts;
  const state = context?.state ?? emptySymbolState(config.instrument);
  const assessment = context?.assessment ?? null;
  const unusable = context === null ? null : whyWaiting(context);
  const positions = { A: context?.snapshots.A?.position ?? null, B: context?.snapshots.B?.position ?? null };
  const touch = newerOf(parts.lastTouch, context?.touch ?? null);
  // Decisions use the ledger, behind which a position may lag (9.10); without a decision, the position as read.
  const input = state.begun && assessment?.kind === 'usable' ? assessment.input : null;
  const actual = input === null ? sizesRead(positions) : sizesHeld(state);
  const mark = input?.valuation.mark ?? markOf([positions.A, positions.B], context?.touch ?? parts.lastTouch);
  const plan = assessment?.kind === 'usable' ? assessment.plan : null;
  const isUnknown = context === null || parts.state === null || isBetweenAnswers(parts);
  const phase = isUnknown ? 'waiting' : (parts.state as SymbolPhase);
  const { instrument = null, strategy = null } = context ?? {};
  const common = stateStatus({ config, instrument, strategy, state, positions, actual, mark, nowMs });
  return {
    ...common,
    phase,
    state: parts.state,
    sinceMs: lastPhase?.sinceMs ?? null,
    sinceStart: lastPhase?.isFirst ?? false,
    why: reasonOf(phase, unusable, plan, lastPhase),
    idle: plan?.idle ? reasonWords(plan.idle) : null,
    waits: waitsFor(phase, context, plan, state),
    halted: context?.halted ?? false,
    unlisted: context?.unlisted ?? false,
    ...modeStatus(
      { file: config.mode, standing: context?.standing, leaving: context?.leaving, rollout: context?.rollout },
      nowMs,
    ),
    rollout: parts.rollout ?? null,
    touch: touch === null ? null : { bid: touch.bid.toFixed(), ask: touch.ask.toFixed(), atMs: touch.atMs },
    open: context === null ? null : openStatus(netLeftOf(context, nowMs, parts.lastTouch)),
    money: null,
    dataAtMs: {
      A: context?.snapshots.A?.requestedAtMs ?? null,
      B: context?.snapshots.B?.requestedAtMs ?? null,
    },
  };
}

function sizesRead({ A, B }: Readonly<Record<AccountName, Position | null>>): Readonly<Record<AccountName, Decimal>> {
  return { A: A?.size ?? ZERO, B: B?.size ?? ZERO };
}

/** Positions by the ledger: booked fills and fills that wait to be booked. */
export function sizesHeld({ booked, orders }: SymbolState): Readonly<Record<AccountName, Decimal>> {
  return { A: booked.A.plus(waitingOf(orders, 'A')), B: booked.B.plus(waitingOf(orders, 'B')) };
}

/** Why the symbol is in its phase: the reason of unusable data, of the decision, or the last reported one. */
function reasonOf(
  phase: SymbolPhase,
  unusable: Reason | null,
  plan: Plan | null,
  lastPhase: PhaseMemory | null,
): ReasonWords | null {
  if (phase === 'waiting' && unusable !== null) return reasonWords(unusable);
  if (plan !== null && plan.tradingState === phase) return reasonWords(plan.why);
  if (lastPhase !== null && lastPhase.phase === phase) return reasonWords(lastPhase.why);
  return unusable === null ? null : reasonWords(unusable);
}

export function openStatus(net: NetLeft | null): SymbolStatus['open'] {
  if (net === null) return null;
  const { hedgeSide, size, usdt, sinceMs, costUsdt } = net;
  const money = (amount: Decimal | null) => (amount === null ? null : usdtText(amount));
  return { hedgeSide, size: size.toFixed(), usdt: money(usdt), sinceMs, costUsdt: money(costUsdt) };
}

/** The newer of the stream's book and the one the symbol requested. */
function newerOf(lastTouch: LastTouch | null, asked: LastTouch | null): LastTouch | null {
  return lastTouch !== null && (asked === null || lastTouch.atMs >= asked.atMs) ? lastTouch : asked;
}

/** Only one account's answer has arrived: the net of both would mix two moments. */
function isBetweenAnswers({ state, lastPhase, context }: SymbolParts): boolean {
  if (context === null || state === null) return false;
  return (
    state === 'deciding' ||
    (state === 'waiting' &&
      context.assessment?.kind === 'unusable' &&
      lastPhase !== null &&
      lastPhase.phase !== 'waiting')
  );
}

/** What has to happen before it does something else. */
function waitsFor(phase: SymbolPhase, context: SymbolMemory | null, plan: Plan | null, state: SymbolState): Waits {
  if (phase === 'draining' || phase === 'stopped') return 'stop';
  if (context?.halted) return 'operator';
  if (context?.unlisted) return 'listing';
  if (context !== null && context.underWay.length > 0) return 'answers';
  if (plan === null || phase === 'waiting') return 'data';
  switch (phase) {
    case 'cooldown':
      return 'rest-over';
    case 'partial-wait':
      return 'rest-of-fill';
    case 'capped':
      return plan.idle?.code === 'nothing-to-close' ? 'operator' : 'room';
    case 'imbalanced':
      if (plan.idle?.code === 'awaits-price' || plan.idle?.code === 'repair-too-small') return 'price';
      return state.orders.length > 0 ? 'fill-to-hedge' : 'next-poll';
    default:
      return state.orders.length > 0 ? 'fills-to-open' : 'next-poll';
  }
}

interface StateParts {
  readonly config: SymbolConfig;
  readonly instrument: Instrument | null;
  readonly strategy: {
    readonly partialFillTimeoutMs: number;
    readonly postOnlyCooldownMs: number;
    readonly stuckMs: number;
  } | null;
  readonly state: SymbolState;
  readonly positions: Readonly<Record<AccountName, Position | null>>;
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  readonly mark: Decimal | null;
  readonly nowMs: number;
}

/** Status by ledger and positions, for a running and a journalled symbol alike. */
export function stateStatus(parts: StateParts) {
  const { config, instrument, strategy, state, positions, actual, mark, nowMs } = parts;
  const settled = {
    A: actual.A.minus(waitingOf(state.orders, 'A')),
    B: actual.B.minus(waitingOf(state.orders, 'B')),
  };
  const net = settled.A.plus(settled.B);
  const side = sideAgainst(net);
  const against = state.orders.filter((order) => order.side === side);
  const gap = net.isZero() ? ZERO : net.abs().minus(hedgeOpen(against).div(2));
  const smallest = instrument !== null && mark !== null ? smallestTradableSize(instrument, mark, state.lots) : null;
  const valued = (size: Decimal) => (mark === null ? null : size.mul(mark).toFixed(2));
  const position = (account: AccountName) => ({
    size: actual[account].toFixed(),
    notionalUsdt: valued(actual[account]),
    entryPrice: text(positions[account]?.entryPrice),
  });
  const lotsSum = lotsNet(state.lots);
  const hedger = settled.A.abs().lt(settled.B.abs()) ? 'A' : 'B';
  const guard = lotsSum.isZero()
    ? null
    : guardPrice(state.lots, { account: hedger, side: sideAgainst(lotsSum), size: lotsSum.abs() }, ZERO);
  const limit = config.positionMode === 'increase' ? config.maxTotalPositionUsdt : config.minTotalPositionUsdt;
  return {
    instrument: config.instrument,
    mode: config.positionMode,
    mark: text(mark),
    tickSize: instrument?.tickSize.toFixed() ?? null,
    positions: { A: position('A'), B: position('B') },
    net: net.toFixed(),
    netUsdt: valued(net),
    gap: gap.toFixed(),
    gapUsdt: valued(gap),
    hedged: smallest === null ? null : net.abs().lt(smallest),
    smallestTradable: text(smallest),
    totalUsdt: valued(actual.A.abs().plus(actual.B.abs())),
    limitUsdt: limit.toFixed(),
    orders: state.orders.map(orderRow),
    lots: state.lots.map(({ id, account, side, size, price, bookedAtMs, source }) => ({
      id,
      account,
      side,
      size: size.toFixed(),
      price: price.toFixed(),
      bookedAtMs,
      source,
    })),
    guard: guard === null ? null : { side: sideAgainst(lotsSum), price: guard.toFixed() },
    partialFill: partialFillOf(state.orders, strategy?.partialFillTimeoutMs ?? null),
    cooldown: cooldownOf(state, strategy?.postOnlyCooldownMs ?? null, nowMs),
    unhedged:
      state.unhedgedSinceMs === null || strategy === null
        ? null
        : { fromMs: state.unhedgedSinceMs, untilMs: state.unhedgedSinceMs + strategy.stuckMs },
    hedges: state.realised.hedges,
    unwinds: state.realised.unwinds,
    gainedUsdt: state.realised.hedgeGainUsdt.plus(state.realised.unwindGainUsdt).toFixed(),
  } satisfies Partial<SymbolStatus>;
}

function orderRow(order: ManagedOrder): OrderStatusRow {
  const { clientOrderId, account, side, price, size, tradedSize, purpose, sentAtMs } = order;
  return {
    clientOrderId,
    account,
    side,
    price: price.toFixed(),
    size: size.toFixed(),
    tradedSize: tradedSize.toFixed(),
    purpose,
    state: orderState(order),
    sentAtMs,
    expiresAtMs: order.expirationMs,
  };
}

function orderState(order: ManagedOrder): OrderStatusRow['state'] {
  if (order.unknown) return 'unknown';
  if (order.cancelRequestedAtMs !== null) return 'cancelling';
  if (order.confirmedAtMs === null) return 'sent';
  return order.tradedSize.gt(0) ? 'partly-filled' : 'resting';
}

/** The clock of the order that has waited longest for the rest of its fill (strategy 4.3). */
function partialFillOf(orders: readonly ManagedOrder[], timeoutMs: number | null): SymbolStatus['partialFill'] {
  if (timeoutMs === null) return null;
  const since = orders.filter((order) => waitingSize(order).gt(0)).flatMap((order) => order.firstPartialAtMs ?? []);
  if (since.length === 0) return null;
  const fromMs = Math.min(...since);
  return { fromMs, untilMs: fromMs + timeoutMs };
}

/** The current rest of strategy 9.5. Its beginning is not stored; the longest possible rest is assumed. */
function cooldownOf(state: SymbolState, longestMs: number | null, nowMs: number): SymbolStatus['cooldown'] {
  const rest = longestRest(state, nowMs);
  if (rest === null || longestMs === null) return null;
  return { fromMs: rest.untilMs - longestMs, untilMs: rest.untilMs, reason: reasonWords(rest.reason) };
}
export function openAlerts(states: Iterable<AlertState>, nowMs: number): AlertStatus[] {
  return [...states]
    .filter((state) => state.closedAtMs === null && state.sentAtMs !== null)
    .sort(byUrgency)
    .map((state) => ({
      key: state.key,
      kind: state.kind,
      account: state.account,
      instrument: state.instrument,
      sinceMs: state.sinceMs,
      critical: ALERT_POLICIES[state.kind].critical,
      information: ALERT_POLICIES[state.kind].information === true,
      ackedBy: state.handling?.ackedBy ?? null,
      silencedUntilMs: isSilenced(state, nowMs) ? (state.handling?.silencedUntilMs ?? null) : null,
      over: !alertHolds(state),
      details: state.details,
      text: { en: alertLine(state, 'en'), zh: alertLine(state, 'zh') },
    }));
}

/** The parts of the gateway's snapshot that are shown. */
interface GatewaySnapshot {
  readonly value: unknown;
  readonly context: { readonly memory: Pick<GatewayMemory, 'queues' | 'jobs'> };
}

export function gatewayStatus(snapshot: GatewaySnapshot | undefined): GatewayStatus | null {
  if (snapshot === undefined) return null;
  const { queues, jobs } = snapshot.context.memory;
  return {
    state: leafOf(snapshot.value) ?? 'trading',
    queued: { A: queues.A.length, B: queues.B.length },
    jobs: Object.keys(jobs).length,
  };
}

export function figuresStatus(figures: FiguresSnapshot): FiguresStatus {
  const { accounts: _accounts, gainUsdt, unwinds: _unwinds, ...rest } = figures;
  return { ...rest, gainedUsdt: gainUsdt.toFixed() };
}

export function marginRatio(equity: Decimal | null, margin: Decimal | null): string | null {
  if (equity === null || margin === null || !equity.gt(0)) return null;
  return margin.div(equity).toDecimalPlaces(6).toFixed();
}

export function text(value: Decimal | null | undefined): string | null {
  return value?.toFixed() ?? null;
}

/** The innermost state of a statechart's value: `polling.reading` of `{ polling: 'reading' }`. */
export function leafOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return null;
  const [entry] = Object.entries(value);
  return entry === undefined ? null : `${entry[0]}.${leafOf(entry[1]) ?? ''}`.replace(/\.$/, '');
}
export function statusSettings(settings: Settings, staleMs: number): StatusSettings {
  return {
    loopIntervalMs: settings.loopIntervalMs,
    staleMs,
    stuckMs: settings.stuckMs,
    mmrAlertThreshold: settings.mmrAlertThreshold.toFixed(),
  };
}
export function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined;
}

/** Step of the displayed time on trial, since every change is sent to the page. */
const RAN_STEP_MS = 10_000;

export function rolloutStatus(
  { stage, hedges, ranMs, placed, failed, cooldowns, passedOn }: RolloutProgress,
  held: FailingFigure | null,
  limits: RolloutLimits = ROLLOUT_LIMITS,
): RolloutStatus {
  const figures = held === null ? null : { figure: held.figure, value: held.value, limit: held.limit };
  return {
    ...{ stage, hedges, placed, failed, cooldowns, passedOn, held: figures },
    ...{ hedgesWanted: limits.hedges, ranWantedMs: limits.ranMs },
    ranMs: Math.floor(ranMs / RAN_STEP_MS) * RAN_STEP_MS,
  };
}

/** The mode of a symbol and its sources (strategy 16.1). */
export function modeStatus(
  sources: ModeSources,
  nowMs: number,
): Pick<SymbolStatus, 'symbolMode' | 'modeSources' | 'leaving'> {
  const { file = 'trade', standing = [], leaving = null } = sources;
  return {
    symbolMode: modeOf(sources, nowMs),
    modeSources: { file, commands: inForce(standing, nowMs) },
    leaving,
  };
}
