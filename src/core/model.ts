import type { Decimal } from './decimal.ts';

/**
 * The types of the engine. Conventions: sizes are base units, signed only where stated; prices and money are USDT;
 * `…Ms` are wall-clock milliseconds since the epoch by our clock; `…Ns` are the exchange's nanoseconds, as bigint.
 */

/** The two trading accounts: credentials `_1` and `_2` (strategy 1). */
export type AccountName = 'A' | 'B';
export const ACCOUNTS: readonly AccountName[] = ['A', 'B'];

export type Side = 'buy' | 'sell';

export function otherAccount(account: AccountName): AccountName {
  return account === 'A' ? 'B' : 'A';
}

export function oppositeSide(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

/** One row of the symbols file (strategy 2.2). */
export interface SymbolConfig {
  /** The exchange's spelling, e.g. `BNB_USDT_Perp`. */
  readonly instrument: string;
  readonly enabled: boolean;
  /** 0 only without a row (strategy 16.3): orders have the smallest tradable size. */
  readonly orderNotionalUsdt: Decimal;
  readonly imbalanceLimitUsdt: Decimal;
  readonly maxTotalPositionUsdt: Decimal;
  readonly minTotalPositionUsdt: Decimal;
  readonly aSideWhenEqual: Side;
  readonly positionMode: 'increase' | 'decrease';
  readonly decreaseRepair: 'larger' | 'smaller';
  /** The mode of the row (strategy 16.1); absent: `trade`. */
  readonly mode?: SymbolMode;
}

/** Modes (strategy 16.1). `hedge-only`: only repairs; `pause`: the same until hedged, then nothing; `hold`: nothing. */
export type SymbolMode = 'trade' | 'hedge-only' | 'pause' | 'hold';

/** Why a symbol is being removed (strategy 16.3). `unconfigured`: it never had a row, but one of our orders rests. */
export type LeavingWhy = 'removed' | 'disabled' | 'unconfigured';

/** Gray rollout (16.7). `waiting` for its turn, `hedge-only`; `trial`: a part of its amount; `full`: all of it. */
export type RolloutStage = 'waiting' | 'trial' | 'full';

/**
 * Why it is in that stage: its turn came, it passed, its amount was raised, a person skipped the trial; or the next
 * symbol starts although this one is still on trial: after the time limit, because its limits or its row leave it
 * nothing to trade.
 */
export type RolloutWhy = 'turn' | 'passed' | 'raised' | 'skipped' | 'time' | 'capped' | 'mode';

/** An instrument's rules. The size step is `minSize` (API: there is no separate lot step). */
export interface Instrument {
  readonly name: string;
  /** Hex asset id used in order signatures. */
  readonly hash: string;
  readonly base: string;
  readonly quote: string;
  /** Scale of sizes in signatures, −18 to 18; not the step. */
  readonly baseDecimals: number;
  readonly tickSize: Decimal;
  /** The exchange's `min_size`, rounded up to a multiple of 10^−`baseDecimals`. */
  readonly minSize: Decimal;
  /** USDT; zero if the exchange states none. */
  readonly minNotional: Decimal;
}

export interface BookLevel {
  readonly price: Decimal;
  readonly size: Decimal;
}

/** An order book, best first on both sides. */
export interface Book {
  readonly instrument: string;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  readonly eventTimeNs: bigint;
}

/** The rows of one answer. `from`: the wire id of the request; absent without a wire. */
export type Rows<T> = readonly T[] & { readonly from?: number };

export interface Position {
  readonly instrument: string;
  /** Base units; short < 0. */
  readonly size: Decimal;
  readonly entryPrice: Decimal;
  readonly markPrice: Decimal;
  readonly eventTimeNs: bigint;
}

export type OrderStatus = 'PENDING' | 'OPEN' | 'FILLED' | 'CANCELLED' | 'REJECTED';

/** An order as the exchange reports it (one leg). */
export interface ExchangeOrder {
  /** `0x00` until the matching engine has assigned one (API 5.1). */
  readonly orderId: string;
  /** Decimal uint64. */
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly limitPrice: Decimal;
  readonly postOnly: boolean;
  readonly status: OrderStatus;
  /** The exchange's word; `UNSPECIFIED`: none. */
  readonly rejectReason: string;
  /** Cumulative. */
  readonly tradedSize: Decimal;
  /** Average over `tradedSize`; zero if nothing traded. */
  readonly avgFillPrice: Decimal;
  readonly createTimeNs: bigint;
  readonly updateTimeNs: bigint;
  readonly expirationNs: bigint;
  /** Wire id of the request or frame that reported it; absent without a wire. */
  readonly from?: number;
}

/** An order's state by a stream frame (API 8); no order id: not assigned yet. */
export interface StreamOrderState
  extends Pick<ExchangeOrder, 'status' | 'rejectReason' | 'tradedSize' | 'avgFillPrice' | 'updateTimeNs'> {
  readonly orderId?: string;
}

/** An order that is not ours, with the fields needed to name it (strategy 10.4, 11.4); no others are read. */
export interface ForeignOrder {
  /** `0x00` if the exchange gave none. */
  readonly orderId: string;
  /** `0` if the exchange gave none. */
  readonly clientOrderId: string;
  /** Of the first leg that has one; `?`: none has. */
  readonly instrument: string;
  /** null: an unknown status. */
  readonly status: OrderStatus | null;
}

/** A row of the open orders: a strategy order, fully parsed, or a foreign one (order-id.ts distinguishes them). */
export type ListedOrder = ExchangeOrder | ForeignOrder;

/** From `account_summary` of the trading account (strategy 14: not the aggregated one), USDT. */
export interface AccountSummary {
  readonly totalEquity: Decimal;
  readonly maintenanceMargin: Decimal;
  /** For levelling (strategy 17.5); absent: not in the answer. */
  readonly margin?: AccountMargin;
}

/** An account's margin figures (strategy 17.5), USDT. */
export interface AccountMargin {
  readonly maintenance: Decimal;
  /** Including live orders; null: not stated. */
  readonly initial: Decimal | null;
  /** null: not stated. */
  readonly availableToTransfer: Decimal | null;
  /** Instruments with an isolated-margin position. */
  readonly isolated: readonly string[];
  /** Distance of each mark from the estimated liquidation price, as a share of the mark; of positions that have one. */
  readonly liquidation: readonly { readonly instrument: string; readonly distance: Decimal }[];
}

/** Why no transfer between the accounts is advised (strategy 17.5). */
export type NoLevelling = 'no-margin' | 'no-equity' | 'isolated' | 'not-known' | 'level' | 'nothing-to-give';

/** A fill of an account, ours or not (API 5.5): explains differences of positions (strategy 10.5). */
export interface AccountFill {
  readonly instrument: string;
  readonly side: Side;
  /** > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  readonly timeMs: number;
  /** `0`: not of an order with a client id, e.g. of a liquidation. */
  readonly clientOrderId: string;
}

/** The look-up of a live order that was missing from the open orders (strategy 10.2). */
export interface OrderLookup {
  readonly clientOrderId: string;
  /** null: the exchange does not know it, which alone proves nothing. */
  readonly order: ExchangeOrder | null;
}

/** One complete REST read of one account (strategy 10.1). A failed read never becomes a snapshot. */
export interface AccountSnapshot {
  readonly account: AccountName;
  /**
   * When its first request was sent, our clock. All that the exchange did earlier is in this snapshot or a later one.
   */
  readonly requestedAtMs: number;
  /** How often our clock had been set back when they were sent (strategy 10.3). */
  readonly era: number;
  readonly receivedAtMs: number;
  readonly positions: Rows<Position>;
  /** Strategy and foreign orders of every instrument. */
  readonly openOrders: readonly ListedOrder[];
  readonly lookups: readonly OrderLookup[];
  readonly summary: AccountSummary;
}

/** The part of an account's view that concerns one instrument: the basis of decisions, and what the journal keeps. */
export interface SymbolSnapshot {
  readonly account: AccountName;
  /** When the last full read was requested. */
  readonly requestedAtMs: number;
  /** Era of our clock at that time. */
  readonly era: number;
  /** When the last message was merged. */
  readonly receivedAtMs: number;
  /** It includes a new full read; false: only frames or look-ups since. Absent: true. */
  readonly whole?: boolean;
  /** The account's streams are intact and report its changes (strategy 10.6). Absent: they are not. */
  readonly intact?: boolean;
  /** When the last frame naming the instrument arrived. Absent, null: none. */
  readonly lastFrameAtMs?: number | null;
  /** null: flat. */
  readonly position: Position | null;
  /** The last full read shows the same size; false: a frame outranks it. Absent: true. */
  readonly asRead?: boolean;
  /** Wire id of the message that stated the position or its absence; absent without a wire. */
  readonly positionFrom?: number;
  /** Strategy orders only: open, looked up, or recently ended. */
  readonly orders: readonly ExchangeOrder[];
  /** Client ids that were looked up and are unknown to the exchange. */
  readonly absent: readonly string[];
  /** Client ids of `orders` that are not among the open orders of the last full read. Absent: none. */
  readonly lookedUp?: readonly string[];
  /** The account's fills of this instrument, if requested (10.5); null: unreadable. Absent: not requested. */
  readonly fills?: readonly AccountFill[] | null;
}

/** A filled size that waits for its hedge (strategy 1). */
export interface FillLot {
  readonly id: number;
  readonly account: AccountName;
  readonly side: Side;
  /** Open size, > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  readonly bookedAtMs: number;
  /** `fill`: of our order; `start`: a position found at start (11.3); `drift`: adopted (10.5). */
  readonly source: 'fill' | 'start' | 'drift';
  /** The order that was filled; null for synthetic lots. */
  readonly clientOrderId: string | null;
}

/** One match: a hedge (other account's lot) or an unwind (own lot) (strategy 4.4). */
export interface LotMatch {
  readonly kind: 'hedge' | 'unwind' | 'netting';
  readonly lotId: number;
  readonly lotAccount: AccountName;
  readonly lotPrice: Decimal;
  readonly lotBookedAtMs: number;
  readonly fillAccount: AccountName;
  readonly fillSide: Side;
  readonly fillPrice: Decimal;
  readonly size: Decimal;
  /** (sell price − buy price) × size, USDT; never negative except for `netting` (11.3). */
  readonly gainUsdt: Decimal;
}

/**
 * A strategy order the engine manages. It is live (strategy 1) until the exchange has reported its end and its last
 * increment is booked, and while its outcome is unknown.
 */
export interface ManagedOrder {
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly price: Decimal;
  readonly size: Decimal;
  /** `opening` by 6.1/6.2, `repair` by 6.3; adopted orders by the state they were found in. */
  readonly purpose: 'opening' | 'repair';
  /** Sent, and its outcome is unknown (9.6). */
  readonly unknown: boolean;
  /** When the exchange confirmed it OPEN; null: not yet. Snapshots requested earlier prove nothing about it (10.2). */
  readonly confirmedAtMs: number | null;
  readonly sentAtMs: number;
  readonly expirationMs: number;
  /** Cumulative, as last read. */
  readonly tradedSize: Decimal;
  readonly avgFillPrice: Decimal;
  /** The part of `tradedSize` that is in the ledger; the rest waits (4.3). */
  readonly bookedSize: Decimal;
  readonly bookedValueUsdt: Decimal;
  /** When its first partial fill was seen: starts the clock of 4.3, never restarted. */
  readonly firstPartialAtMs: number | null;
  readonly cancelRequestedAtMs: number | null;
  /** A cancel of ours may have arrived although none is in flight: one that failed, a fence, a stop (9.5). */
  readonly cancelSent?: boolean;
  /** An intent that counts as live although no attempt was sent (strategy 9.10). Absent: an order. */
  readonly isIntent?: true;
}

/** The fields of every fact about an order. */
export interface OrderWords {
  readonly instrument: string;
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly purpose: 'opening' | 'repair';
  readonly guardPrice: Decimal | null;
}

/** One attempt as it was sent, tracked until its outcome is known. */
export interface TrackedOrder extends OrderWords {
  readonly attempt: number;
  /** Our clock. */
  readonly sentAtMs: number;
  /** The exchange's clock. */
  readonly expirationMs: number;
}

/** What a symbol wants submitted: everything but the price, which each attempt determines again (7.3, 7.4). */
export interface Intent {
  readonly intentId: string;
  readonly instrument: string;
  readonly account: AccountName;
  readonly side: Side;
  /** A multiple of the step. */
  readonly size: Decimal;
  readonly purpose: 'opening' | 'repair';
  /** The guard price (7.2); null for openings. */
  readonly guardPrice: Decimal | null;
  /** For a repair beyond the net (6.4): its price must be nearer to the market than this one; else null. */
  readonly nearerThanPrice: Decimal | null;
  /** Extreme price of the other account's orders on the other side, from which 6.6 keeps one tick away; null: none. */
  readonly beyondPrice: Decimal | null;
  /** It shrinks a position and is sent with `reduce_only` because the exchange demands it (9.13). Absent: no. */
  readonly reduceOnly?: true;
  /** USDT, by the book it is priced from: above this it was sized at a wrong price (6.2). Absent: no bound. */
  readonly mostUsdt?: Decimal;
  /** The rules behind account, side, size and guard, e.g. `['6.3', '6.4', '7.2']`. */
  readonly rules: readonly string[];
  /** When the older of its two snapshots becomes stale: it is not priced later (10.3). Absent: no limit. */
  readonly validUntilMs?: number;
  /** The era of our clock for `validUntilMs`: it is not priced in another one. Absent: any. */
  readonly validInEra?: number;
}

export type TradingState = 'equal' | 'imbalanced' | 'partial-wait' | 'capped' | 'cooldown';
export const TRADING_STATES: readonly TradingState[] = ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown'];
