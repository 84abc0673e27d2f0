import type { InstrumentSpec } from './instruments.ts';
import type { MarketProfile } from './market.ts';
import type { ReplayOptions } from './replay.ts';

/**
 * Types of the matching engine. Prices and sizes count 1e-9 units, money 1e-18 (`fixed.ts`). Positions are signed,
 * short < 0.
 */

/** As `order.state.status` has it (API 5.2). */
export type OrderStatus = 'PENDING' | 'OPEN' | 'FILLED' | 'CANCELLED' | 'REJECTED';

/** A parsed create. */
export interface NewOrder {
  readonly instrument: string;
  readonly buy: boolean;
  readonly size: bigint;
  /** Zero for a market order. */
  readonly price: bigint;
  readonly isMarket: boolean;
  readonly timeInForce: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly clientOrderId: string;
  readonly expirationNs: bigint;
  /** As sent, signer in lower case; echoed. */
  readonly signature: {
    readonly signer: string;
    readonly r: string;
    readonly s: string;
    readonly v: number;
    readonly nonce: number;
  };
  /** Hash of what was signed: equal ones are duplicates (API 5.1). */
  readonly digest: string;
  readonly builder?: string;
  readonly builderFee?: string;
}

/** Only the venue changes it. */
export interface PaperOrder extends NewOrder {
  readonly account: PaperAccount;
  /** `0x00` until the matching engine has assigned it (API 5.1). */
  orderId: string;
  status: OrderStatus;
  reason: string;
  traded: bigint;
  /** Sum of price × size over its fills, 1e-18. */
  tradedValue: bigint;
  readonly createdNs: bigint;
  updatedNs: bigint;
  /** Size before it at its price when it joined. */
  queueAhead: bigint;
  /** Cancelled before the matching engine reached it. */
  cancelReason: string | null;
  /** Invisible to reads until then (a fault, faults.ts). */
  hiddenUntilMs: number;
  /** Refused as post-only whatever the book (a fault). */
  forceRefusal: boolean;
  /** Increases with every change: key of cached renderings. */
  version: number;
}

/** One execution, for one account. */
export interface PaperFill {
  readonly order: PaperOrder;
  readonly timeNs: bigint;
  readonly taker: boolean;
  readonly price: bigint;
  readonly size: bigint;
  readonly mark: bigint;
  readonly index: bigint;
  /** 1e-18; before fees. */
  readonly realized: bigint;
  /** 1e-18; negative: received. */
  readonly fee: bigint;
  /** As printed: percent, with a rebate shown as zero (API 4). */
  readonly feeRate: string;
  readonly tradeId: string;
  /** The exchange closed the position (liquidation, auto-deleveraging). */
  readonly liquidation: boolean;
}

/** One execution as published. */
export interface PublicTrade {
  readonly instrument: string;
  readonly timeNs: bigint;
  readonly takerBuys: boolean;
  readonly price: bigint;
  readonly size: bigint;
  readonly mark: bigint;
  readonly index: bigint;
  readonly tradeId: string;
}

/** An account's position in one instrument, with its open orders. */
export interface Holding {
  readonly spec: InstrumentSpec;
  size: bigint;
  /** Signed entry value: entry price × size, 1e-18. */
  cost: bigint;
  exitSize: bigint;
  exitValue: bigint;
  realized: bigint;
  fees: bigint;
  /** Funding paid since it was opened, 1e-18. */
  funding: bigint;
  updatedNs: bigint;
  /** Remaining size of live buy and sell orders, for the initial margin. */
  openBuys: bigint;
  openSells: bigint;
}

/** Only the venue changes it. */
export interface PaperAccount {
  /** `A`, `B`, … : for control and logs; only the number is on the wire. */
  readonly name: string;
  readonly subAccountId: string;
  readonly owner: string;
  /** Deposits, realised results and fees, 1e-18. */
  balance: bigint;
  readonly holdings: Map<string, Holding>;
  /** PENDING and OPEN, by client order id. */
  readonly active: Map<string, PaperOrder>;
  /** Closed ones, oldest first. */
  readonly closed: PaperOrder[];
  readonly fills: PaperFill[];
  /** Fees of its tier, share of notional, 1e-9; absent: the venue's. */
  fees: { maker?: bigint; taker?: bigint };
  readonly byOrderId: Map<string, PaperOrder>;
  /** The newest order under each client order id. */
  readonly byClientId: Map<string, PaperOrder>;
  /** Digests of accepted creates, with their expiry. */
  readonly digests: Map<string, PaperOrder>;
  /** Client ids blocked by a cancel, until when (API 5.4). */
  readonly fences: Map<string, number>;
  countdownDueMs: number;
  countdownMs: number;
  /** Reads of positions show this copy until then (a fault). */
  frozen: { untilMs: number; holdings: ReadonlyMap<string, Holding>; balance: bigint } | null;
}

/** Events as they happen. */
export type VenueEvent =
  | { readonly type: 'order'; readonly order: PaperOrder }
  | { readonly type: 'fill'; readonly fill: PaperFill }
  | { readonly type: 'position'; readonly account: PaperAccount; readonly holding: Holding }
  | {
      readonly type: 'cancel';
      readonly account: PaperAccount;
      readonly clientOrderId: string;
      readonly orderId: string;
      readonly status: 'EXPIRED' | 'DROPPED_DUPLICATE';
      readonly timeNs: bigint;
    }
  | { readonly type: 'trade'; readonly trade: PublicTrade }
  | { readonly type: 'step'; readonly step: number }
  /** The recording has no data of this instrument until then. */
  | { readonly type: 'gap'; readonly instrument: string; readonly untilMs: number };

/** Options of the venue. */
export interface VenueOptions {
  readonly instruments: readonly InstrumentSpec[];
  readonly seed: number;
  readonly profile: MarketProfile;
  /** Start time, ms since the epoch; steps are at whole multiples of the step after it. */
  readonly startMs: number;
  /** From a create's answer to the matching engine. */
  readonly createLatencyMs: number;
  /** Added for orders that may take (API 5.1: the speed bump). */
  readonly takerDelayMs: number;
  readonly cancelLatencyMs: number;
  /** Share of notional, 1e-9; negative: rebate. */
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  /** Two accounts of one owner meet: trade, reject the incoming order, or cancel the resting one (API 5.3). */
  readonly selfTrade: 'allow' | 'reject-taker' | 'cancel-maker';
  /** A used client order id: refused at once (2012), or later as a state (API 12.12). */
  readonly overlap: 'code' | 'state';
  /** Largest distance of a limit price from the mark, 1e-9 of the mark; null: any (code 7201). */
  readonly priceBand: bigint | null;
  readonly maxOpenOrders: number;
  /** Recorded markets instead of seeded ones; null: seeded. */
  readonly replay: ReplayOptions | null;
}

/** Nanoseconds of a millisecond. */
export const NS = 1_000_000n;

/** A list is cut when it exceeds its bound by this much, so that cutting is rare. */
const SLACK = 512;

/** Records a row at the end of a list that keeps about `most`. @returns the oldest ones, which it drops */
export function keepLast<T>(rows: T[], row: T, most: number): readonly T[] {
  rows.push(row);
  return rows.length > most + SLACK ? rows.splice(0, rows.length - most) : NONE;
}

const NONE: readonly never[] = [];

/** Whether the order is in the book or on its way there. */
export function alive(order: PaperOrder): boolean {
  return order.status === 'OPEN' || order.status === 'PENDING';
}
