import type { Decimal } from './decimal.ts';

/**
 * The words of the engine as types. Values only: nothing here acts.
 *
 * Conventions: sizes are base units, signed only where said; prices and money are USDT; `…Ms` are wall-clock
 * milliseconds since the epoch by our clock; `…Ns` are the exchange's nanoseconds, as bigint.
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
  /** The exchange's own spelling, e.g. `BNB_USDT_Perp`. */
  readonly instrument: string;
  readonly enabled: boolean;
  /** 0 only where there is no row (strategy 16.3): an order is the smallest tradable size. */
  readonly orderNotionalUsdt: Decimal;
  readonly imbalanceLimitUsdt: Decimal;
  readonly maxTotalPositionUsdt: Decimal;
  readonly minTotalPositionUsdt: Decimal;
  readonly aSideWhenEqual: Side;
  readonly positionMode: 'increase' | 'decrease';
  readonly decreaseRepair: 'larger' | 'smaller';
  /** What the row lets it do (strategy 16.1); absent: `trade`. */
  readonly mode?: SymbolMode;
}

/**
 * What a symbol may do (strategy 16.1): `hedge-only` makes no openings and goes on repairing, `pause` does so until it is hedged
 * and then nothing, `hold` does nothing at all.
 */
export type SymbolMode = 'trade' | 'hedge-only' | 'pause' | 'hold';

/**
 * Why a symbol leaves (strategy 16.3): its row is gone, its row is disabled, or there never was one and an order of ours
 * rests on it.
 */
export type LeavingWhy = 'removed' | 'disabled' | 'unconfigured';

/**
 * Where a symbol is in the gray rollout (strategy 16.7). `waiting`: its turn has not come, it is `hedge-only`. `trial`: it trades with
 * a part of its amount. `full`: with all of it.
 */
export type RolloutStage = 'waiting' | 'trial' | 'full';

/**
 * Why it is there: its turn, it has shown what it had to, its amount was raised, a person said so; or, still on trial, the next one
 * starts all the same: by the time, because its limits allow nothing, because its row does not let it trade.
 */
export type RolloutWhy = 'turn' | 'passed' | 'raised' | 'skipped' | 'time' | 'capped' | 'mode';

/** What the exchange says of an instrument. The size step is `minSize` (API: there is no separate lot step). */
export interface Instrument {
  readonly name: string;
  /** Hex asset id that order signatures carry. */
  readonly hash: string;
  readonly base: string;
  readonly quote: string;
  /** Scale of sizes in signatures, −18 to 18; not the step. */
  readonly baseDecimals: number;
  readonly tickSize: Decimal;
  /** The exchange's `min_size`, rounded up to what `baseDecimals` can say. */
  readonly minSize: Decimal;
  /** USDT; zero where the exchange states none. */
  readonly minNotional: Decimal;
}

/** What an account trades under in one instrument (strategy 11.7), as the exchange writes it; null: it does not say. */
export interface InstrumentTerms {
  readonly instrument: string;
  readonly leverage: string;
  readonly minLeverage: string | null;
  readonly maxLeverage: string | null;
  /** `CROSS` or `ISOLATED`. */
  readonly marginType: string | null;
}

/** What the exchange lets every account hold of an instrument (strategy 11.7); null: it does not say. */
export interface MarginRules {
  /** Base units. */
  readonly maxPositionSize: Decimal | null;
  /** By notional, USDT: from `floor`, below `cap` (null: without end). */
  readonly brackets: readonly {
    readonly floor: Decimal;
    readonly cap: Decimal | null;
    readonly maxLeverage: Decimal;
  }[];
}

/** The funding account of a trading account, and the fees it pays: the exchange's own integers. */
export interface FundingTerms {
  readonly mainAccountId: string | null;
  readonly tier: number | null;
  readonly takerFee: number | null;
  readonly makerFee: number | null;
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

/** The rows of one answer. `from`: the wire id of its request; absent where there is no wire. */
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

/** An order as the exchange reports it: one leg. */
export interface ExchangeOrder {
  /** `0x00` until the matching engine has named it (API 5.1). */
  readonly orderId: string;
  /** Decimal uint64. */
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly limitPrice: Decimal;
  readonly postOnly: boolean;
  readonly status: OrderStatus;
  /** The exchange's word, `UNSPECIFIED` when none. */
  readonly rejectReason: string;
  /** Cumulative. */
  readonly tradedSize: Decimal;
  /** Average over `tradedSize`; zero while nothing traded. */
  readonly avgFillPrice: Decimal;
  readonly createTimeNs: bigint;
  readonly updateTimeNs: bigint;
  readonly expirationNs: bigint;
  /** Wire id of the request or frame that told it; absent where there is no wire. */
  readonly from?: number;
}

/** What a state frame tells of an order (API 8); no order id: it has none yet. */
export interface StreamOrderState
  extends Pick<ExchangeOrder, 'status' | 'rejectReason' | 'tradedSize' | 'avgFillPrice' | 'updateTimeNs'> {
  readonly orderId?: string;
}

/**
 * An order that is not ours, as far as it takes to name it (strategy 10.4, 11.4): no rule uses more of it, so none of its
 * other fields is read.
 */
export interface ForeignOrder {
  /** `0x00` where the exchange gave none. */
  readonly orderId: string;
  /** `0` where the exchange gave none. */
  readonly clientOrderId: string;
  /** Of its first leg that names one; `?`: none does. */
  readonly instrument: string;
  /** null: a status that is not known here. */
  readonly status: OrderStatus | null;
}

/** A row of the open orders: a strategy order, read whole, or a foreign one (order-id.ts tells which). */
export type ListedOrder = ExchangeOrder | ForeignOrder;

/** From `account_summary` of the trading account (strategy 14: not the aggregated one). USDT. */
export interface AccountSummary {
  readonly totalEquity: Decimal;
  readonly maintenanceMargin: Decimal;
  /** For levelling (strategy 17.5); absent: the answer does not say. */
  readonly margin?: AccountMargin;
}

/** What an account's margin is made of (strategy 17.5), USDT. */
export interface AccountMargin {
  readonly maintenance: Decimal;
  /** Including live orders; null: the exchange does not say. */
  readonly initial: Decimal | null;
  /** Null: the exchange does not say. */
  readonly availableToTransfer: Decimal | null;
  /** Instruments whose position has a margin of its own. */
  readonly isolated: readonly string[];
  /** How far each mark is from the estimated liquidation price, as a share of the mark; of positions that have one. */
  readonly liquidation: readonly { readonly instrument: string; readonly distance: Decimal }[];
}

/** Why no transfer between the accounts is advised (strategy 17.5). */
export type NoLevelling = 'no-margin' | 'no-equity' | 'isolated' | 'not-known' | 'level' | 'nothing-to-give';

/** A fill of an account, ours or not (API 5.5): what a difference of positions is explained by (strategy 10.5). */
export interface AccountFill {
  readonly instrument: string;
  readonly side: Side;
  /** > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  /** The exchange's time. */
  readonly timeMs: number;
  /** `0`: not of an order with an id, as those of a liquidation. */
  readonly clientOrderId: string;
}

/** What became of an order we hold live and did not see among the open ones (strategy 10.2). */
export interface OrderLookup {
  readonly clientOrderId: string;
  /** null: the exchange answered that it knows no such order; that alone proves nothing. */
  readonly order: ExchangeOrder | null;
}

/** One complete reading of one account (strategy 10.1). A failed read never becomes a snapshot. */
export interface AccountSnapshot {
  readonly account: AccountName;
  /** When the first of its reads was sent, our clock. What the exchange did before this is in it or in a later one. */
  readonly requestedAtMs: number;
  /** Of our clock when they were sent: it counts how often it was set back (strategy 10.3). */
  readonly era: number;
  readonly receivedAtMs: number;
  readonly positions: Rows<Position>;
  /** Strategy and foreign orders, every instrument. */
  readonly openOrders: readonly ListedOrder[];
  readonly lookups: readonly OrderLookup[];
  readonly summary: AccountSummary;
}

/** The part of an account's view that concerns one instrument: what a symbol decides on, and what the journal keeps. */
export interface SymbolSnapshot {
  readonly account: AccountName;
  /** When the last whole reading of it was requested. */
  readonly requestedAtMs: number;
  /** Of our clock then. */
  readonly era: number;
  /** When the last message was folded into it. */
  readonly receivedAtMs: number;
  /** It brings a whole reading; false: frames or look-ups since then. Absent: true. */
  readonly whole?: boolean;
  /** The account's streams tell what becomes of it (strategy 10.6). Absent: they do not. */
  readonly intact?: boolean;
  /** When the last frame that names the instrument came. Absent, null: none. */
  readonly lastFrameAtMs?: number | null;
  /** null: flat. */
  readonly position: Position | null;
  /** The last whole reading said that size, too; false: a frame has outranked it. Absent: true. */
  readonly asRead?: boolean;
  /** Wire id of the message that stated the position, or that lacked it; absent where there is no wire. */
  readonly positionFrom?: number;
  /** Strategy orders only, open, looked up, or over a moment ago. */
  readonly orders: readonly ExchangeOrder[];
  /** Client ids looked up and not known to the exchange. */
  readonly absent: readonly string[];
  /** Client ids of `orders` that are not among the open ones of the last whole reading. Absent: none. */
  readonly lookedUp?: readonly string[];
  /** The account's fills of this instrument, where they were asked for (10.5); null: they cannot be read. Absent: not asked. */
  readonly fills?: readonly AccountFill[] | null;
}

/** A filled size waiting for its hedge (strategy 1). */
export interface FillLot {
  readonly id: number;
  readonly account: AccountName;
  readonly side: Side;
  /** What is still open of it, > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  readonly bookedAtMs: number;
  /** `fill`: from an order of ours; `start`: a position found at start (11.3); `drift`: adopted (10.5). */
  readonly source: 'fill' | 'start' | 'drift';
  /** The order that filled; null for synthetic lots. */
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
  /** (sell price − buy price) × size, USDT; never negative but for `netting` (11.3). */
  readonly gainUsdt: Decimal;
}

/**
 * A strategy order the engine answers for.
 *
 * It is live (strategy 1) until the exchange has said that it is over and its last increment is booked; an order whose
 * submission has an unknown outcome is live too.
 */
export interface ManagedOrder {
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly price: Decimal;
  readonly size: Decimal;
  /** `opening` by 6.1/6.2, `repair` by 6.3; adopted orders are classed by the state they were found in. */
  readonly purpose: 'opening' | 'repair';
  /** Sent, and the exchange has not said what became of it (9.6). */
  readonly unknown: boolean;
  /** When the exchange confirmed it OPEN; null before. Snapshots requested earlier say nothing about it (10.2). */
  readonly confirmedAtMs: number | null;
  readonly sentAtMs: number;
  readonly expirationMs: number;
  /** Cumulative, as last seen. */
  readonly tradedSize: Decimal;
  readonly avgFillPrice: Decimal;
  /** Of `tradedSize`, what is in the ledger; the rest waits (4.3). */
  readonly bookedSize: Decimal;
  readonly bookedValueUsdt: Decimal;
  /** When its first partial fill was seen: the 4.3 clock. Never restarted. */
  readonly firstPartialAtMs: number | null;
  readonly cancelRequestedAtMs: number | null;
  /** A cancel of ours may have reached the exchange though none is under way: one that failed, a fence, a stop (9.5). */
  readonly cancelSent?: boolean;
  /** No attempt of it has left yet: an intent that counts as live (strategy 9.10). Absent: an order. */
  readonly isIntent?: true;
}

/** What every fact about an order says of it. */
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

/** One attempt as it was sent: what is followed until the exchange has said what became of it. */
export interface TrackedOrder extends OrderWords {
  readonly attempt: number;
  /** Our clock. */
  readonly sentAtMs: number;
  /** The exchange's clock. */
  readonly expirationMs: number;
}

/** What a symbol wants submitted: everything but the price, which is found anew for each attempt (7.3, 7.4). */
export interface Intent {
  readonly intentId: string;
  readonly instrument: string;
  readonly account: AccountName;
  readonly side: Side;
  /** Whole steps. */
  readonly size: Decimal;
  readonly purpose: 'opening' | 'repair';
  /** The price it must not be worse than (7.2); null for openings. */
  readonly guardPrice: Decimal | null;
  /** For a repair past the net (6.4): its price must be nearer to the market than this one; else null. */
  readonly nearerThanPrice: Decimal | null;
  /** Extreme price of the other account's live orders on the other side: 6.6 keeps one tick beyond; null: none. */
  readonly beyondPrice: Decimal | null;
  /** It shrinks a position, and is sent with `reduce_only` because the exchange demands it (9.13). Absent: it is not. */
  readonly reduceOnly?: true;
  /** USDT: were it worth more at the book it is priced from, the size was fixed at a wrong price (6.2). Absent: no bound. */
  readonly mostUsdt?: Decimal;
  /** The rules that gave account, side, size and guard, e.g. `['6.3', '6.4', '7.2']`. */
  readonly rules: readonly string[];
  /** When the older of the two snapshots it rests on goes stale: after that it is not priced any more (10.3). Absent: no limit. */
  readonly validUntilMs?: number;
  /** The era of our clock that time is in: in another one it is not priced either. Absent: in any. */
  readonly validInEra?: number;
}

/** The five states, by the names strategy 5 gives them. */
export type TradingState = 'equal' | 'imbalanced' | 'partial-wait' | 'capped' | 'cooldown';
export const TRADING_STATES: readonly TradingState[] = ['equal', 'imbalanced', 'partial-wait', 'capped', 'cooldown'];
