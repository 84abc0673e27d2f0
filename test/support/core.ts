import fc from 'fast-check';
import { Decimal } from '../../src/core/decimal.ts';
import { book, type Fill } from '../../src/core/ledger.ts';
import type {
  AccountName,
  ExchangeOrder,
  FillLot,
  Instrument,
  LeavingWhy,
  ManagedOrder,
  Position,
  Side,
  SymbolConfig,
  SymbolMode,
  SymbolSnapshot,
} from '../../src/core/model.ts';
import type { PlanInput, StrategySettings } from '../../src/core/plan-input.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { emptySymbolState, type Rest, type SymbolState, sign } from '../../src/core/symbol-state.ts';
import { valuePair } from '../../src/core/valuing.ts';

/** An ordinary moment; nothing depends on it. */
export const NOW = Date.UTC(2026, 0, 15, 12);

/** A decimal from what a test writes. */
export function d(value: string | number): Decimal {
  return new Decimal(value);
}

/** Decimals as plain text, everything else as it is: for deepEqual with readable differences. */
export function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/**
 * The seed of a file's generated cases, printed when its run starts. The same in every run, so that the gate is
 * deterministic; `FC_SEED` tries another, and fast-check prints it again, with the path to the smallest case, when a property
 * fails.
 */
export function seedFor(file: string): number {
  const seed = Number(process.env.FC_SEED ?? 20_261_120);
  console.log(`${file}: generated cases from FC_SEED=${seed}`);
  return seed;
}

/** Step 0.01, tick 0.1, no smallest notional: the smallest tradable size is 0.01 at any mark. */
export function instrument(over: Partial<Instrument> = {}): Instrument {
  return {
    name: 'BNB_USDT_Perp',
    hash: '0x030501',
    base: 'BNB',
    quote: 'USDT',
    baseDecimals: 9,
    tickSize: d('0.1'),
    minSize: d('0.01'),
    minNotional: d(0),
    ...over,
  };
}

/** Orders of 1000, limits of 1000, at most 30000 and at least 2000 USDT. */
export function config(over: Partial<SymbolConfig> = {}): SymbolConfig {
  return {
    instrument: 'BNB_USDT_Perp',
    enabled: true,
    orderNotionalUsdt: d(1000),
    imbalanceLimitUsdt: d(1000),
    maxTotalPositionUsdt: d(30000),
    minTotalPositionUsdt: d(2000),
    aSideWhenEqual: 'buy',
    positionMode: 'increase',
    decreaseRepair: 'larger',
    ...over,
  };
}

export function strategy(over: Partial<StrategySettings> = {}): StrategySettings {
  return {
    singleOrderDiffThresholdUsdt: d(20),
    partialFillTimeoutMs: 1_800_000,
    postOnlyCooldownMs: 300_000,
    stuckMs: 6 * 3_600_000,
    ...over,
  };
}

let lastId = 0;

/** A live, confirmed order: `order('A', 'buy', 1.5, 100)`. */
export function order(
  account: AccountName,
  side: Side,
  size: string | number,
  price: string | number,
  over: Partial<ManagedOrder> = {},
): ManagedOrder {
  lastId += 1;
  return {
    clientOrderId: `${account}-${side}-${lastId}`,
    account,
    side,
    price: d(price),
    size: d(size),
    purpose: 'opening',
    unknown: false,
    confirmedAtMs: NOW - 60_000,
    sentAtMs: NOW - 61_000,
    expirationMs: NOW + 3_600_000,
    tradedSize: d(0),
    avgFillPrice: d(0),
    bookedSize: d(0),
    bookedValueUsdt: d(0),
    firstPartialAtMs: null,
    cancelRequestedAtMs: null,
    ...over,
  };
}

/** A rest that began at NOW and lasts 10 s. */
export function rest(account: AccountName, purpose: Rest['purpose'], over: Partial<Rest> = {}): Rest {
  return {
    account,
    purpose,
    untilMs: NOW + 10_000,
    sinceMs: NOW,
    reason: reason('order-refused', '9.5', { refusal: failed('no') }),
    by: 'refusal',
    inARow: 1,
    yieldsUntilMs: null,
    doubtsRules: false,
    alertKey: 'order-refused:BNB_USDT_Perp',
    ...over,
  };
}

export function lot(
  id: number,
  account: AccountName,
  side: Side,
  size: string | number,
  price: string | number,
  over: Partial<FillLot> = {},
): FillLot {
  return {
    id,
    account,
    side,
    size: d(size),
    price: d(price),
    bookedAtMs: NOW - 100_000 + id,
    source: 'fill',
    clientOrderId: null,
    ...over,
  };
}

export function fill(account: AccountName, side: Side, size: string | number, price: string | number): Fill {
  return { account, side, size: d(size), price: d(price), source: 'fill', clientOrderId: null, atMs: NOW };
}

/** A begun state whose booked positions follow from nothing but what is given. */
export function stateWith(over: Partial<SymbolState> = {}): SymbolState {
  const lots = over.lots ?? [];
  return {
    ...emptySymbolState('BNB_USDT_Perp'),
    begun: true,
    nextLotId: lots.reduce((most, one) => Math.max(most, one.id), 0) + 1,
    ...over,
  };
}

/** A state after these fills, booked one after the other. */
export function stateAfter(fills: readonly Fill[]): SymbolState {
  return fills.reduce((state, one) => book(state, one).state, stateWith());
}

export interface InputOptions {
  readonly a?: string | number;
  readonly b?: string | number;
  readonly mark?: string | number;
  readonly config?: Partial<SymbolConfig>;
  readonly instrument?: Partial<Instrument>;
  readonly strategy?: Partial<StrategySettings>;
  readonly orders?: readonly ManagedOrder[];
  readonly lots?: readonly FillLot[];
  readonly state?: Partial<SymbolState>;
  readonly halted?: boolean;
  readonly unlisted?: boolean;
  readonly leaving?: LeavingWhy;
  readonly mode?: SymbolMode;
  readonly unable?: PlanInput['unable'];
  readonly denied?: readonly string[];
  readonly nowMs?: number;
}

/** What a decision is made from: actual positions of A and B at a mark of 100 unless said otherwise. */
export function input(options: InputOptions = {}): PlanInput {
  const { a = 0, b = 0, mark = 100, orders = [], lots = [] } = options;
  const state = stateWith({ orders, lots, ...options.state });
  const rules = instrument(options.instrument);
  return {
    config: config(options.config),
    instrument: rules,
    strategy: strategy(options.strategy),
    state,
    valuation: valuePair(state, rules, { A: d(a), B: d(b) }, d(mark)),
    nowMs: options.nowMs ?? NOW,
    halted: options.halted ?? false,
    ...(options.unlisted ? { unlisted: true } : {}),
    ...(options.leaving === undefined ? {} : { leaving: options.leaving }),
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.unable === undefined ? {} : { unable: options.unable }),
    denied: options.denied ?? [],
  };
}

export function position(size: string | number, over: Partial<Omit<Position, 'size'>> = {}): Position {
  return {
    instrument: 'BNB_USDT_Perp',
    size: d(size),
    entryPrice: d(100),
    markPrice: d(100),
    eventTimeNs: 1n,
    ...over,
  };
}

/** The same order as the exchange reports it. */
export function seen(of: ManagedOrder, over: Partial<ExchangeOrder> = {}): ExchangeOrder {
  return {
    orderId: `0x${of.clientOrderId}`,
    clientOrderId: of.clientOrderId,
    instrument: 'BNB_USDT_Perp',
    side: of.side,
    size: of.size,
    limitPrice: of.price,
    postOnly: true,
    status: 'OPEN',
    rejectReason: 'UNSPECIFIED',
    tradedSize: of.tradedSize,
    avgFillPrice: of.tradedSize.isZero() ? d(0) : of.price,
    createTimeNs: BigInt(of.sentAtMs) * 1_000_000n,
    updateTimeNs: BigInt(of.sentAtMs) * 1_000_000n,
    expirationNs: BigInt(of.expirationMs) * 1_000_000n,
    ...over,
  };
}

/** A reading of one account, requested and answered within 50 ms. */
export function snapshot(
  account: AccountName,
  size: string | number | Position | null,
  over: Partial<SymbolSnapshot> & { readonly atMs?: number } = {},
): SymbolSnapshot {
  const { atMs = NOW, ...rest } = over;
  return {
    account,
    requestedAtMs: atMs - 50,
    era: 0,
    receivedAtMs: atMs,
    position: size === null || typeof size === 'object' ? size : position(size),
    orders: [],
    absent: [],
    ...rest,
  };
}

/** Signed effect of a size on a side. */
export function signed(side: Side, size: Decimal): Decimal {
  return size.mul(sign(side));
}

/** Sides and accounts for generated cases. */
export const anyAccount: fc.Arbitrary<AccountName> = fc.constantFrom('A', 'B');
export const anySide: fc.Arbitrary<Side> = fc.constantFrom('buy', 'sell');

/** A size of whole steps of 0.01, up to `most` steps. */
export function anySize(most = 2000): fc.Arbitrary<Decimal> {
  return fc.integer({ min: 1, max: most }).map((steps) => d(steps).div(100));
}

/** A price on the tick of 0.1 around 100. */
export const anyPrice: fc.Arbitrary<Decimal> = fc.integer({ min: 900, max: 1100 }).map((ticks) => d(ticks).div(10));

export const anyFill: fc.Arbitrary<Fill> = fc
  .record({ account: anyAccount, side: anySide, size: anySize(), price: anyPrice, late: fc.nat(1000) })
  .map(({ late, ...one }) => ({ ...one, source: 'fill' as const, clientOrderId: null, atMs: NOW + late }));

/** Why a call failed. */
export function failed(message = 'failed'): Reason {
  return reason('network', '9.6', { code: '', words: message });
}
