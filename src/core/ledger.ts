import { type Decimal, min, sum, ZERO } from './decimal.ts';
import type { AccountName, FillLot, LotMatch, Side } from './model.ts';
import { oppositeSide } from './model.ts';
import { type Realised, type SymbolState, sign } from './symbol-state.ts';

/** A fill to book: an increment of an order, or a synthetic one (10.5). */
export interface Fill {
  readonly account: AccountName;
  readonly side: Side;
  /** > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  readonly source: FillLot['source'];
  readonly clientOrderId: string | null;
  readonly atMs: number;
}

export interface Booking {
  readonly state: SymbolState;
  readonly matches: readonly LotMatch[];
  /** The rest, which became a lot. */
  readonly openedLotSize: Decimal;
}

/**
 * Price of the increment between two reads of an order, derived from the cumulative averages so that the booked value
 * equals the exchange's (strategy 4.1).
 * @returns null if nothing was added, or the added value is not positive: the answer is impossible (strategy 10.4).
 */
export function incrementPrice(
  before: { readonly size: Decimal; readonly valueUsdt: Decimal },
  after: { readonly size: Decimal; readonly averagePrice: Decimal },
): Decimal | null {
  const size = after.size.minus(before.size);
  const valueUsdt = after.size.mul(after.averagePrice).minus(before.valueUsdt);
  return size.gt(0) && valueUsdt.gt(0) ? valueUsdt.div(size) : null;
}

/**
 * Books a fill (strategy 4.4): it consumes open lots of the opposite side, never at a loss; the other account's first
 * (a hedge), then its own (an unwind); the tightest permitted first, then the oldest. The rest becomes a lot.
 */
export function book(state: SymbolState, fill: Fill): Booking {
  let left = fill.size;
  const matches: LotMatch[] = [];
  const remaining = new Map<number, Decimal>();

  for (const lot of consumptionOrder(state.lots, fill)) {
    if (left.isZero()) break;
    const size = min(left, lot.size);
    left = left.minus(size);
    remaining.set(lot.id, lot.size.minus(size));
    matches.push(match(lot, fill, size, lot.account === fill.account ? 'unwind' : 'hedge'));
  }

  const lots = state.lots
    .map((lot) => ({ ...lot, size: remaining.get(lot.id) ?? lot.size }))
    .filter((lot) => lot.size.gt(0));
  if (left.gt(0)) {
    lots.push({
      id: state.nextLotId,
      account: fill.account,
      side: fill.side,
      size: left,
      price: fill.price,
      bookedAtMs: fill.atMs,
      source: fill.source,
      clientOrderId: fill.clientOrderId,
    });
  }
  return {
    state: {
      ...state,
      lots,
      nextLotId: state.nextLotId + (left.gt(0) ? 1 : 0),
      booked: { ...state.booked, [fill.account]: state.booked[fill.account].plus(fill.size.mul(sign(fill.side))) },
      realised: realise(state.realised, matches),
    },
    matches,
    openedLotSize: left,
  };
}

/** The lots a fill may consume, in order. */
function consumptionOrder(lots: readonly FillLot[], fill: Fill): FillLot[] {
  const permitted = lots.filter((lot) => lot.side === oppositeSide(fill.side) && !atALoss(lot, fill));
  const tightestFirst = (a: FillLot, b: FillLot) =>
    (fill.side === 'sell' ? b.price.cmp(a.price) : a.price.cmp(b.price)) || a.bookedAtMs - b.bookedAtMs || a.id - b.id;
  return [
    ...permitted.filter((lot) => lot.account !== fill.account).sort(tightestFirst),
    ...permitted.filter((lot) => lot.account === fill.account).sort(tightestFirst),
  ];
}

function atALoss(lot: FillLot, fill: Fill): boolean {
  return fill.side === 'sell' ? lot.price.gt(fill.price) : lot.price.lt(fill.price);
}

function match(lot: FillLot, fill: Fill, size: Decimal, kind: LotMatch['kind']): LotMatch {
  const perUnit = fill.side === 'sell' ? fill.price.minus(lot.price) : lot.price.minus(fill.price);
  return {
    kind,
    lotId: lot.id,
    lotAccount: lot.account,
    lotPrice: lot.price,
    lotBookedAtMs: lot.bookedAtMs,
    fillAccount: fill.account,
    fillSide: fill.side,
    fillPrice: fill.price,
    size,
    gainUsdt: perUnit.mul(size),
  };
}

function realise(before: Realised, matches: readonly LotMatch[]): Realised {
  const hedges = matches.filter((one) => one.kind === 'hedge');
  const unwinds = matches.filter((one) => one.kind === 'unwind');
  return {
    hedges: before.hedges + hedges.length,
    hedgedSize: before.hedgedSize.plus(sum(hedges.map((one) => one.size))),
    hedgeGainUsdt: before.hedgeGainUsdt.plus(sum(hedges.map((one) => one.gainUsdt))),
    unwinds: before.unwinds + unwinds.length,
    unwindGainUsdt: before.unwindGainUsdt.plus(sum(unwinds.map((one) => one.gainUsdt))),
  };
}

/** Signed sum of the open lots; equals the net (strategy 4.5). */
export function lotsNet(lots: readonly FillLot[]): Decimal {
  return sum(lots.map((lot) => lot.size.mul(sign(lot.side))));
}

/** Cost of the open lots, USDT: paid for bought ones less proceeds of sold ones. */
export function lotsValue(lots: readonly FillLot[]): Decimal {
  return sum(lots.map((lot) => lot.size.mul(lot.price).mul(sign(lot.side))));
}

/**
 * Lots for positions found without a journal (strategy 11.3): one synthetic lot per account at its entry price. Equal
 * and opposite parts count as hedged and consume each other at any price; the rest stays open.
 */
export function lotsOfPositions(
  positions: Readonly<Record<AccountName, { readonly size: Decimal; readonly entryPrice: Decimal } | null>>,
  atMs: number,
): FillLot[] {
  const sizeA = positions.A?.size ?? ZERO;
  const sizeB = positions.B?.size ?? ZERO;
  const opposite = sizeA.mul(sizeB).isNegative();
  const consumed = opposite ? min(sizeA.abs(), sizeB.abs()) : ZERO;
  const lots: FillLot[] = [];
  for (const account of ['A', 'B'] as const) {
    const position = positions[account];
    const open = (position?.size ?? ZERO).abs().minus(consumed);
    if (!position || !open.gt(0)) continue;
    lots.push({
      id: lots.length + 1,
      account,
      side: position.size.gt(0) ? 'buy' : 'sell',
      size: open,
      price: position.entryPrice,
      bookedAtMs: atMs,
      source: 'start',
      clientOrderId: null,
    });
  }
  return lots;
}

/**
 * The guard price of an order against the net (strategy 7.2): walks the lots it would be matched against, easiest
 * first, the other account's first, over both accounts' live orders on that side plus this order, and returns the
 * hardest lot reached. @returns null if no lot is open on the opposite side.
 */
export function guardPrice(
  lots: readonly FillLot[],
  order: { readonly account: AccountName; readonly side: Side; readonly size: Decimal },
  liveSizeOnThatSide: Decimal,
): Decimal | null {
  const easiestFirst = (a: FillLot, b: FillLot) =>
    order.side === 'sell' ? a.price.cmp(b.price) : b.price.cmp(a.price);
  const against = lots.filter((lot) => lot.side === oppositeSide(order.side));
  const walk = [
    ...against.filter((lot) => lot.account !== order.account).sort(easiestFirst),
    ...against.filter((lot) => lot.account === order.account).sort(easiestFirst),
  ];
  let uncovered = order.size.plus(liveSizeOnThatSide);
  let hardest: Decimal | null = null;
  for (const lot of walk) {
    if (!uncovered.gt(0)) break;
    uncovered = uncovered.minus(lot.size);
    if (hardest === null || (order.side === 'sell' ? lot.price.gt(hardest) : lot.price.lt(hardest)))
      hardest = lot.price;
  }
  return hardest;
}

/** Price of the cheapest open lot, for 3.2; null: none is open. */
export function cheapestLotPrice(lots: readonly FillLot[]): Decimal | null {
  return lots.reduce<Decimal | null>((least, lot) => (least === null || lot.price.lt(least) ? lot.price : least), null);
}
