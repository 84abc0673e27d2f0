import { Decimal, max, min, sum, unitsFor, ZERO } from './decimal.ts';
import { cheapestLotPrice } from './ledger.ts';
import {
  ACCOUNTS,
  type AccountName,
  type FillLot,
  type Instrument,
  type ManagedOrder,
  type Position,
  type Side,
} from './model.ts';
import { type SymbolState, sign, waitingSize } from './symbol-state.ts';

/** Headroom over `min_notional`, so that a size stays tradable when the price moves a little (strategy 3.2). */
const MIN_NOTIONAL_HEADROOM = new Decimal('1.02');

/** Value of a pair of accounts at one mark (strategy 3). Sizes are base units, signed where stated. */
export interface Valuation {
  readonly mark: Decimal;
  /** Signed; by the exchange (3.3). */
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  /** Signed; without the filled part of orders that still wait (3.3). */
  readonly settled: Readonly<Record<AccountName, Decimal>>;
  /** Settled A + settled B (3.4). */
  readonly net: Decimal;
  readonly smallestTradable: Decimal;
  readonly hedged: boolean;
  /** |net| × mark, USDT (3.5). */
  readonly diffUsdt: Decimal;
  readonly smaller: AccountName;
  readonly larger: AccountName;
  /** |A| + |B|, actual, base units. */
  readonly total: Decimal;
  readonly totalUsdt: Decimal;
  /** Both accounts beyond dust on the same side (3.4). */
  readonly sameDirection: boolean;
  /** Both accounts below the smallest tradable size. */
  readonly flat: boolean;
}

/**
 * The smallest size worth an order (strategy 3.2): the larger of `min_size` and 1.02 × `min_notional` at the lower of
 * the mark and the cheapest open lot's price, rounded up to the step.
 */
export function smallestTradableSize(instrument: Instrument, mark: Decimal, lots: readonly FillLot[]): Decimal {
  const cheapestLot = cheapestLotPrice(lots);
  const price = cheapestLot === null ? mark : min(mark, cheapestLot);
  const { minSize, minNotional } = instrument;
  const steps = unitsFor(minNotional.mul(MIN_NOTIONAL_HEADROOM), price.mul(minSize));
  return max(minSize, steps.mul(minSize));
}

export function valuePair(
  state: SymbolState,
  instrument: Instrument,
  actual: Readonly<Record<AccountName, Decimal>>,
  mark: Decimal,
): Valuation {
  const settled = {
    A: actual.A.minus(waitingOf(state.orders, 'A')),
    B: actual.B.minus(waitingOf(state.orders, 'B')),
  };
  const net = settled.A.plus(settled.B);
  const smallestTradable = smallestTradableSize(instrument, mark, state.lots);
  const sizes = { A: settled.A.abs(), B: settled.B.abs() };
  const imbalance = net.abs();
  const smaller: AccountName = sizes.A.lt(sizes.B) ? 'A' : 'B';
  const total = actual.A.abs().plus(actual.B.abs());
  const sameSide = settled.A.mul(settled.B).gt(0);
  const lesser = sizes[smaller];
  return {
    mark,
    actual,
    settled,
    net,
    smallestTradable,
    hedged: imbalance.lt(smallestTradable),
    diffUsdt: imbalance.mul(mark),
    smaller,
    larger: smaller === 'A' ? 'B' : 'A',
    total,
    totalUsdt: total.mul(mark),
    sameDirection: sameSide && lesser.gte(smallestTradable),
    flat: ACCOUNTS.every((account) => sizes[account].lt(smallestTradable)),
  };
}

/** Signed size traded and not booked yet on one account (3.3). */
export function waitingOf(orders: readonly ManagedOrder[], account: AccountName): Decimal {
  return sum(
    orders.filter((order) => order.account === account).map((order) => waitingSize(order).mul(sign(order.side))),
  );
}

/**
 * The mark for both accounts (strategy 3.1): the newest position's; both flat: the mid of the book.
 * @returns null if there is neither, or the mark is not positive: the data are unusable.
 */
export function markOf(
  positions: readonly (Position | null)[],
  touch: { readonly bid: Decimal; readonly ask: Decimal } | null,
): Decimal | null {
  const newest = positions.reduce<Position | null>(
    (best, one) => (one && (best === null || one.eventTimeNs > best.eventTimeNs) ? one : best),
    null,
  );
  const mark = newest?.markPrice ?? touch?.bid.plus(touch.ask).div(2) ?? ZERO;
  return mark.gt(0) ? mark : null;
}

/** Side of an order that trades against the net (strategy 6.3). */
export function sideAgainst(net: Decimal): Side {
  return net.gt(0) ? 'sell' : 'buy';
}
