import type { Decimal } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';

/**
 * The inputs of a decision as the engine journals them, from view and ledger before planning filters anything (strategy
 * 15.2). Sizes are base units, prices USDT. `from`: the id of the wire message of a row.
 */
export interface Declared {
  readonly instrument: string;
  /** The resulting intents. A decision that only cancels has none and is not checked. */
  readonly intents: readonly DeclaredIntent[];
  readonly mark: Decimal;
  readonly accounts: Readonly<Record<AccountName, DeclaredAccount>>;
  /** Every order that is live by the ledger, except its own intents. */
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
  /** Signed position by the ledger, booked and waiting fills: used by the decision (strategy 9.10). */
  readonly held: Decimal;
  /** The position by the exchange; null: flat. */
  readonly position: { readonly size: Decimal; readonly markPrice: Decimal } | null;
  /** The streams report the position: no frame about it may be ignored (strategy 10.6). */
  readonly intact: boolean;
  /** The message that stated the position or its absence. */
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
  /** The part of `traded` that the lots contain. */
  readonly booked: Decimal;
}

export interface DeclaredLot {
  readonly account: AccountName;
  readonly side: Side;
  /** > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
}
