import type { Decimal } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';

/**
 * What a decision rested on, as the engine declares it in its journal, taken from view and ledger before planning filters
 * anything (strategy 15.2). Sizes are base units, prices USDT. `from` is the id of the wire message that a row came from.
 */
export interface Declared {
  readonly instrument: string;
  /** The intents it led to. A decision that only cancels declares none, and is not judged. */
  readonly intents: readonly DeclaredIntent[];
  readonly mark: Decimal;
  readonly accounts: Readonly<Record<AccountName, DeclaredAccount>>;
  /** Every order the ledger holds live, its own intents aside. */
  readonly orders: readonly DeclaredOrder[];
  readonly lots: readonly DeclaredLot[];
}

export interface DeclaredIntent {
  readonly intentId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
}

export interface DeclaredAccount {
  /** Signed position by the ledger, booked and waiting fills: what the decision counts with (strategy 9.10). */
  readonly held: Decimal;
  /** The position as the exchange reported it; null: flat. */
  readonly position: { readonly size: Decimal; readonly markPrice: Decimal } | null;
  /** The streams tell what becomes of the position: no frame about it may be left out (strategy 10.6). */
  readonly intact: boolean;
  /** The message the position, or its absence, came from. */
  readonly from: number;
}

export interface DeclaredOrder {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly price: Decimal;
  readonly size: Decimal;
  /** Cumulative, as last received. */
  readonly traded: Decimal;
  /** Of `traded`, what the lots contain. */
  readonly booked: Decimal;
}

export interface DeclaredLot {
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
}
