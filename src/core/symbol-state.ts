import { type Decimal, ZERO } from './decimal.ts';
import type { AccountName, FillLot, ManagedOrder } from './model.ts';
import type { Reason } from './reasons.ts';

/**
 * Everything a symbol must not forget: the journal holds the latest one of each symbol, and a restart goes on from it
 * (strategy 11.2). Values only; every change makes a new one.
 */
export interface SymbolState {
  readonly instrument: string;
  /** False until positions (11.3) or the journal (11.2) have told where it stands. */
  readonly begun: boolean;
  /** Open lots, oldest first. Their signed sum is the net (4.5). */
  readonly lots: readonly FillLot[];
  readonly nextLotId: number;
  /** Live strategy orders, oldest first. */
  readonly orders: readonly ManagedOrder[];
  /** The latest orders that are over: a stale answer that still shows one must not bring it back. Bounded. */
  readonly closed: readonly string[];
  /** What was booked of those, where anything was; absent in older journals, where it was all. */
  readonly closedSizes?: Readonly<Record<string, Decimal>>;
  /** The newest of `closed` when `closedSizes` was last added to; absent: none was closed since those began. */
  readonly closedSizesTo?: string;
  /** Fills of before are in the ledger or adopted, the exchange's time (10.5); absent in older journals. */
  readonly fillsFromMs?: Readonly<Record<AccountName, number>>;
  /** Signed position that the booked fills add up to: the settled size of 3.3. */
  readonly booked: Readonly<Record<AccountName, Decimal>>;
  /** Positions that do not agree with the ledger, per account (10.5). */
  readonly contradiction: Readonly<Record<AccountName, Contradiction | null>>;
  /** Both accounts' sizes changed by one ratio: it is paused until a start takes that over (10.5). Absent: they did not. */
  readonly split?: Split;
  /** Own fills of the last {@link RECENT_FILL_MS}, oldest first: positions may lag behind them (9.10). Not journalled. */
  readonly recentFills?: readonly RecentFill[];
  /** When it left hedged; null while hedged. Runs on across restarts. */
  readonly unhedgedSinceMs: number | null;
  /** Rests after refusals (9.5), at most one of each account and purpose. Absent in the states of older journals. */
  readonly rests?: readonly Rest[];
  /** Demands for `reduce_only` (9.13), at most one of each account and one of the instrument. Absent: none. */
  readonly reduceOnly?: readonly ReduceOnly[];
  readonly nextIntent: number;
  readonly realised: Realised;
  /** It has left (strategy 16.3): what it holds is nobody's to manage until its row is enabled again. Absent: it has not. */
  readonly left?: true;
  /** It is paused, and was hedged without a live order since: it does nothing (strategy 16.1). Absent: not so. */
  readonly pauseReached?: true;
  /** The last mark that was not doubtful, to within 1 % (3.1); null: none yet. */
  readonly acceptedMark: Decimal | null;
  /** The mark is doubtful (3.1); null: it is not. */
  readonly markDoubt: MarkDoubt | null;
}

/** A mark that is not to decide anything before it is confirmed (3.1). */
export interface MarkDoubt {
  /** The doubted mark that the next reading is held against, … */
  readonly mark: Decimal;
  /** … and when it was read. */
  readonly readAtMs: number;
  /** When the first doubted reading was made, whatever was read meanwhile. */
  readonly sinceMs: number;
}

/** A split that was found (10.5): new units for each old one, and when. */
export interface Split {
  readonly ratio: Decimal;
  readonly sinceMs: number;
}

/** Whose orders of which purpose. */
export interface Purpose {
  readonly account: AccountName;
  readonly purpose: 'opening' | 'repair';
}

/** Orders of one account and purpose wait until a time (strategy 9.5). Journalled with the symbol. */
export interface Rest extends Purpose {
  /** Wall-clock. Past: the next attempt may be made; the rest stays until one goes through. */
  readonly untilMs: number;
  /** When the first refusal of this run came (strategy 5.7). */
  readonly sinceMs: number;
  readonly reason: Reason;
  /** `ended`: by the exchange, after it rested: that an order rests again proves nothing at once. */
  readonly by: 'refusal' | 'end' | 'post-only';
  /** Refusals other than post-only, in a row: each doubles the rest. */
  readonly inARow: number;
  /** Until then the other way of 6.3 goes first; null: it does not. */
  readonly yieldsUntilMs: number | null;
  /** The refusal doubts the rules of the instrument: new ones end the rest (strategy 11.8). */
  readonly doubtsRules: boolean;
  /** Key of the alert that told of it, cleared with the rest. */
  readonly alertKey: string;
}

/** The exchange takes only orders that shrink a position (strategy 9.13). Journalled with the symbol. */
export interface ReduceOnly {
  /** The account that may only reduce (2091), in every instrument; null: both, in this one (7304). */
  readonly account: AccountName | null;
  /** Wall-clock: when the first refusal of this episode came. */
  readonly sinceMs: number;
  /** From then on one order that grows a position may be tried. */
  readonly nextTryMs: number;
}

/** An own fill as it was seen first, booked or waiting: signed size, base units. */
export interface RecentFill {
  readonly account: AccountName;
  readonly size: Decimal;
  readonly atMs: number;
}

/** How long a position may lag behind a fill without delaying a repair within the net (9.10). */
export const RECENT_FILL_MS = 10_000;
/** Fills remembered of that time: two accounts, five a second. More than that lags no further. */
export const RECENT_FILLS_MAX = 100;

/** Realised results since the journal began (4.6). */
export interface Realised {
  readonly hedges: number;
  readonly hedgedSize: Decimal;
  readonly hedgeGainUsdt: Decimal;
  readonly unwinds: number;
  readonly unwindGainUsdt: Decimal;
}

export interface Contradiction {
  /** Position minus what the ledger expects. */
  readonly difference: Decimal;
  /** Since when positions contradict the ledger, whatever the difference. */
  readonly sinceMs: number;
  /** Since when by this very difference, … */
  readonly alikeSinceMs: number;
  /** … in so many snapshots running. */
  readonly snapshots: number;
  /** The fill history is asked for from then on, and these orders of ours are looked up (10.5). Absent: not yet. */
  readonly history?: { readonly sinceMs: number; readonly clientOrderIds: readonly string[] };
}

/** How many closed order ids a symbol remembers. A stale answer is seconds old; this is hours of orders. */
export const CLOSED_ORDERS_REMEMBERED = 64;

/** What was booked of closed orders counts from here on: of those so far nothing is left to book. */
export function noClosedSizes(closed: readonly string[]): Pick<SymbolState, 'closedSizes' | 'closedSizesTo'> {
  const newest = closed.at(-1);
  return { closedSizes: {}, ...(newest === undefined ? {} : { closedSizesTo: newest }) };
}

export function emptySymbolState(instrument: string): SymbolState {
  return {
    instrument,
    begun: false,
    lots: [],
    nextLotId: 1,
    orders: [],
    closed: [],
    closedSizes: {},
    booked: { A: ZERO, B: ZERO },
    contradiction: { A: null, B: null },
    unhedgedSinceMs: null,
    rests: [],
    nextIntent: 1,
    realised: { hedges: 0, hedgedSize: ZERO, hedgeGainUsdt: ZERO, unwinds: 0, unwindGainUsdt: ZERO },
    acceptedMark: null,
    markDoubt: null,
  };
}

/** What an order has traded that is not in the ledger yet (4.3), base units, ≥ 0. */
export function waitingSize(order: ManagedOrder): Decimal {
  return order.tradedSize.minus(order.bookedSize);
}

/** What can still trade of an order. */
export function remainingSize(order: ManagedOrder): Decimal {
  return order.size.minus(order.tradedSize);
}

/** `+1` for a buy, `-1` for a sell. */
export function sign(side: 'buy' | 'sell'): 1 | -1 {
  return side === 'buy' ? 1 : -1;
}
