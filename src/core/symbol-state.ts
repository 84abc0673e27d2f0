import { type Decimal, ZERO } from './decimal.ts';
import type { AccountName, FillLot, ManagedOrder } from './model.ts';
import type { Reason } from './reasons.ts';

/** A symbol's state across restarts: the journal holds the latest one (strategy 11.2). Immutable. */
export interface SymbolState {
  readonly instrument: string;
  /** False until positions (11.3) or the journal (11.2) have established it. */
  readonly begun: boolean;
  /** Oldest first. Their signed sum is the net (4.5). */
  readonly lots: readonly FillLot[];
  readonly nextLotId: number;
  /** Live strategy orders, oldest first. */
  readonly orders: readonly ManagedOrder[];
  /** The latest ended orders: a stale answer must not revive them. Bounded. */
  readonly closed: readonly string[];
  /** What was booked of them; absent in older journals: everything. */
  readonly closedSizes?: Readonly<Record<string, Decimal>>;
  /** The newest of `closed` when `closedSizes` was last extended; absent: none was closed since. */
  readonly closedSizesTo?: string;
  /** Exchange time up to which fills are in the ledger or adopted (10.5); absent in older journals. */
  readonly fillsFromMs?: Readonly<Record<AccountName, number>>;
  /** Signed position by the booked fills: the settled size of 3.3. */
  readonly booked: Readonly<Record<AccountName, Decimal>>;
  /** Differences between position and ledger, per account (10.5). */
  readonly contradiction: Readonly<Record<AccountName, Contradiction | null>>;
  /** Both accounts' sizes changed by one ratio: paused until a start adopts it (10.5). Absent: no. */
  readonly split?: Split;
  /** Own fills of the last {@link RECENT_FILL_MS}, oldest first: positions may lag behind (9.10). Not journalled. */
  readonly recentFills?: readonly RecentFill[];
  /** When it became unhedged; null: hedged. Survives restarts. */
  readonly unhedgedSinceMs: number | null;
  /** Rests after refusals (9.5), at most one per account and purpose. Absent in older journals. */
  readonly rests?: readonly Rest[];
  /** Demands for `reduce_only` (9.13), at most one per account and one for the instrument. Absent: none. */
  readonly reduceOnly?: readonly ReduceOnly[];
  readonly nextIntent: number;
  readonly realised: Realised;
  /** It was removed (strategy 16.3): its positions are unmanaged until its row is enabled again. Absent: no. */
  readonly left?: true;
  /** It is paused and was hedged without live orders since: it does nothing (strategy 16.1). Absent: no. */
  readonly pauseReached?: true;
  /** The last accepted mark, to within 1 % (3.1); null: none yet. */
  readonly acceptedMark: Decimal | null;
  /** The mark is doubtful (3.1); null: it is not. */
  readonly markDoubt: MarkDoubt | null;
}

/** A doubtful mark, unused until it is confirmed (3.1). */
export interface MarkDoubt {
  /** The doubted mark that the next read is compared with, */
  readonly mark: Decimal;
  /** and when it was read. */
  readonly readAtMs: number;
  /** When the first doubted read was made. */
  readonly sinceMs: number;
}

/** A detected split (10.5): new units for each old one, and when. */
export interface Split {
  readonly ratio: Decimal;
  readonly sinceMs: number;
}

/** An account and the purpose of its orders. */
export interface Purpose {
  readonly account: AccountName;
  readonly purpose: 'opening' | 'repair';
}

/** Orders of one account and purpose wait until a time (strategy 9.5). Journalled with the symbol. */
export interface Rest extends Purpose {
  /** Wall clock. In the past: the next attempt may be made; the rest ends when one succeeds. */
  readonly untilMs: number;
  /** When the first refusal of this run was received (strategy 5.7). */
  readonly sinceMs: number;
  readonly reason: Reason;
  /** `end`: the exchange ended a resting order, so another order that rests proves nothing at once. */
  readonly by: 'refusal' | 'end' | 'post-only';
  /** Consecutive refusals other than post-only: each doubles the rest. */
  readonly inARow: number;
  /** Until then the other way of 6.3 goes first; null: it does not. */
  readonly yieldsUntilMs: number | null;
  /** The refusal suggests outdated rules of the instrument: new ones end the rest (strategy 11.8). */
  readonly doubtsRules: boolean;
  /** Key of its alert, cleared with the rest. */
  readonly alertKey: string;
}

/** The exchange accepts only orders that shrink a position (strategy 9.13). Journalled with the symbol. */
export interface ReduceOnly {
  /** The account that may only reduce in every instrument (2091); null: both accounts, in this one (7304). */
  readonly account: AccountName | null;
  /** Wall clock: the first refusal of this episode. */
  readonly sinceMs: number;
  /** From then on one order that grows a position may be tried. */
  readonly nextTryMs: number;
}

/** An own fill when it was first seen, booked or waiting: signed size, base units. */
export interface RecentFill {
  readonly account: AccountName;
  readonly size: Decimal;
  readonly atMs: number;
}

/** How long a position may lag behind a fill without delaying a repair within the net (9.10). */
export const RECENT_FILL_MS = 10_000;
/** Most fills kept of that time: two accounts, five a second. */
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
  /** Since when the position differs from the ledger by any amount. */
  readonly sinceMs: number;
  /** Since when by exactly this difference, */
  readonly alikeSinceMs: number;
  /** and in how many consecutive snapshots. */
  readonly snapshots: number;
  /** Start of the requested fill history, and own orders to look up (10.5). Absent: not yet. */
  readonly history?: { readonly sinceMs: number; readonly clientOrderIds: readonly string[] };
}

/** Closed order ids kept per symbol: hours of orders, while a stale answer is seconds old. */
export const CLOSED_ORDERS_REMEMBERED = 64;

/** Starts counting what is booked of closed orders: for those so far nothing is left to book. */
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

/** What an order has traded and the ledger has not booked yet (4.3), base units, ≥ 0. */
export function waitingSize(order: ManagedOrder): Decimal {
  return order.tradedSize.minus(order.bookedSize);
}

export function remainingSize(order: ManagedOrder): Decimal {
  return order.size.minus(order.tradedSize);
}

/** `+1` for a buy, `-1` for a sell. */
export function sign(side: 'buy' | 'sell'): 1 | -1 {
  return side === 'buy' ? 1 : -1;
}
