import { ceilTo, Decimal, floorTo, max, min, UINT64_MAX } from './decimal.ts';
import type { AccountName, Book, Instrument, Side } from './model.ts';
import { type Reason, reason } from './reasons.ts';

/** The highest price that can be signed (API 9). */
const HIGHEST_PRICE = UINT64_MAX.div(new Decimal(10).pow(9));

/** A price, or the rule that forbids one. */
export type PriceResult = { readonly ok: true; readonly price: Decimal } | { readonly ok: false; readonly why: Reason };

/** Whether an order may be sent at its price, or the rule that forbids it. */
export type SendableResult = { readonly ok: true } | { readonly ok: false; readonly why: Reason };

/** The best bid and ask of a book, or why it is unusable. */
export type TouchResult =
  | { readonly ok: true; readonly bid: Decimal; readonly ask: Decimal }
  | { readonly ok: false; readonly why: Reason };

/**
 * The best prices of a book (strategy 7.4). An empty, one-sided, crossed or locked (bid = ask) book is unusable, and so
 * is an impossible best price: no maker order could rest there.
 */
export function touchOf(book: Book): TouchResult {
  const bid = book.bids[0]?.price;
  const ask = book.asks[0]?.price;
  if (bid === undefined && ask === undefined) return deny(reason('book-empty', '7.4'));
  if (bid === undefined) return deny(reason('book-without-bids', '7.4'));
  if (ask === undefined) return deny(reason('book-without-asks', '7.4'));
  const prices = { bid: bid.toFixed(), ask: ask.toFixed() };
  if (bid.lte(0) || ask.lte(0)) return deny(reason('book-impossible', '7.4', prices));
  if (bid.gte(ask)) return deny(reason('book-crossed', '7.4', prices));
  return { ok: true, bid, ask };
}

/**
 * The price of one attempt (strategy 7.1, 6.6): a sell at the best ask or the guard, whichever is higher, rounded up to
 * the tick; a buy at the best bid or the guard, whichever is lower, rounded down; the index price likewise, if it
 * counts; then one tick beyond every price in `beyondPrices` (the other account's live and in-flight orders on the
 * other side) that it would match. Each step makes the price more passive, so the guard holds throughout.
 */
export function priceFor(request: {
  readonly side: Side;
  readonly book: Book;
  readonly guardPrice: Decimal | null;
  readonly beyondPrices: readonly Decimal[];
  readonly instrument: Instrument;
  /** The index price that bounds the order (9.5); absent: none. */
  readonly indexPrice?: Decimal | null;
}): PriceResult {
  const { side, guardPrice, beyondPrices, indexPrice = null } = request;
  const touch = touchOf(request.book);
  if (!touch.ok) return touch;
  const tick = request.instrument.tickSize;
  const guard = [guardPrice, indexPrice].filter((price) => price !== null);
  if (side === 'sell') {
    const own = ceilTo(max(touch.ask, ...guard), tick);
    return { ok: true, price: max(own, ...beyondPrices.map((price) => floorTo(price, tick).plus(tick))) };
  }
  const own = floorTo(min(touch.bid, ...guard), tick);
  const price = min(own, ...beyondPrices.map((other) => ceilTo(other, tick).minus(tick)));
  if (price.lte(0)) return deny(reason('price-not-positive', '7.1', { price: price.toFixed() }));
  return { ok: true, price };
}

/**
 * The last check before signing: tradable at its price (strategy 7.3), worth at this book what its size was meant for
 * (6.2), and, for a repair beyond the net, nearer to the market than the live orders against it (6.4): a sell below
 * `nearerThanPrice`, a buy above.
 */
export function checkSendable(order: {
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly instrument: Instrument;
  readonly nearerThanPrice: Decimal | null;
  /** Value of one unit at the book it was priced from, USDT, and the maximum value of the order; absent: no maximum. */
  readonly worth?: { readonly price: Decimal; readonly mostUsdt: Decimal };
}): SendableResult {
  const { side, size, price, instrument, nearerThanPrice, worth } = order;
  if (price.gt(HIGHEST_PRICE)) {
    return deny(reason('price-unsignable', '7.1', { price: price.toFixed(), most: HIGHEST_PRICE.toFixed() }));
  }
  const step = instrument.minSize.toFixed();
  if (size.lt(instrument.minSize)) {
    return deny(reason('size-below-minimum', '7.3', { size: size.toFixed(), minimum: step }));
  }
  if (!size.mod(instrument.minSize).isZero()) {
    return deny(reason('size-off-step', '7.3', { size: size.toFixed(), step }));
  }
  const notional = size.mul(price);
  if (notional.lt(instrument.minNotional)) {
    const minimum = instrument.minNotional.toFixed();
    return deny(reason('notional-below-minimum', '7.3', { notional: notional.toFixed(), minimum }));
  }
  if (worth !== undefined && size.mul(worth.price).gt(worth.mostUsdt)) {
    const usdt = size.mul(worth.price).toFixed(2);
    const figures = { size: size.toFixed(), usdt, most: worth.mostUsdt.toFixed() };
    return deny(reason('worth-too-much-at-book', '6.2', figures));
  }
  if (nearerThanPrice !== null && !(side === 'sell' ? price.lt(nearerThanPrice) : price.gt(nearerThanPrice))) {
    return deny(reason('not-nearer', '6.4', { price: price.toFixed(), than: nearerThanPrice.toFixed() }));
  }
  return { ok: true };
}

function deny(why: Reason): { readonly ok: false; readonly why: Reason } {
  return { ok: false, why };
}

/** A priced order that may be in flight or resting, which 6.6 must avoid. */
export interface PricedOrder {
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly price: Decimal;
}

/** The prices an order must go beyond: those of the other account's orders on the other side (strategy 6.6). */
export function pricesToGoBeyond(
  orders: Iterable<PricedOrder>,
  order: { readonly instrument: string; readonly account: AccountName; readonly side: Side },
): Decimal[] {
  const prices: Decimal[] = [];
  for (const other of orders) {
    if (other.instrument !== order.instrument) continue;
    if (other.account !== order.account && other.side !== order.side) prices.push(other.price);
  }
  return prices;
}
