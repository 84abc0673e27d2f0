import { type Candle, countCandle } from './candles.ts';
import { least, most } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import type { Level, Market } from './market.ts';
import { keepLast, type PaperOrder, type PublicTrade } from './model.ts';

/**
 * The book of one instrument: the crowd's market, the accounts' resting orders, and the trades. How an incoming order
 * is matched is in matching.ts.
 */
export interface Book {
  readonly market: Market;
  spec: InstrumentSpec;
  /** Best first, then oldest. */
  readonly bids: PaperOrder[];
  readonly asks: PaperOrder[];
  readonly trades: PublicTrade[];
  /** Of a minute each, oldest first. */
  readonly candles: Candle[];
  lastPrice: bigint;
  lastSize: bigint;
  high: bigint;
  low: bigint;
  open: bigint;
  buyVolume: bigint;
  sellVolume: bigint;
  buyValue: bigint;
  sellValue: bigint;
  resting: number;
}

/** A book as others may look at it. */
export type VenueBook = Readonly<Book>;

/** Public trades kept per instrument: the most one `trade` call may ask for (API 8). */
const TRADES_KEPT = 1_000;

/** A book without orders of any account. */
export function openBook(spec: InstrumentSpec, market: Market): Book {
  const price = market.touch(false) ?? spec.startPrice;
  return {
    market,
    spec,
    bids: [],
    asks: [],
    trades: [],
    candles: [],
    lastPrice: price,
    lastSize: spec.minSize,
    high: price,
    low: price,
    open: price,
    buyVolume: 0n,
    sellVolume: 0n,
    buyValue: 0n,
    sellValue: 0n,
    resting: 0,
  };
}

/** Best resting price of the accounts on that side (asks if `ask`). */
function ownBest(book: Book, ask: boolean): bigint | null {
  return (ask ? book.asks : book.bids)[0]?.price ?? null;
}

/** The crowd's levels, never crossing a resting order of an account. */
export function crowdLevels(book: Book, ask: boolean, count: number): Level[] {
  return book.market.levels(ask, count, ownBest(book, !ask));
}

/** Price-sorted levels of one side, crowd and accounts together, best first. */
export function levelsOf(book: Book, ask: boolean, depth: number): Level[] {
  const crowd = crowdLevels(book, ask, depth);
  const own = ask ? book.asks : book.bids;
  if (own.length === 0) return crowd;
  const merged: { price: bigint; size: bigint; orders: number }[] = crowd.map((level) => ({ ...level }));
  for (const order of own) {
    const better = (level: { price: bigint }): boolean =>
      ask ? level.price >= order.price : level.price <= order.price;
    let at = merged.findIndex(better);
    if (at < 0) at = merged.length;
    const level = merged[at];
    if (level !== undefined && level.price === order.price) {
      level.size += order.size - order.traded;
      level.orders += 1;
    } else {
      merged.splice(at, 0, { price: order.price, size: order.size - order.traded, orders: 1 });
    }
  }
  return merged.slice(0, depth);
}

/** The best price the order could trade at, or null. */
function opposite(book: Book, order: PaperOrder): bigint | null {
  const crowd = crowdLevels(book, order.buy, 1)[0]?.price ?? null;
  const own = ownBest(book, order.buy);
  if (crowd === null || own === null) return crowd ?? own;
  return order.buy ? least(crowd, own) : most(crowd, own);
}

/** Whether the order would trade at once. */
export function crosses(book: Book, order: PaperOrder): boolean {
  const price = opposite(book, order);
  return price !== null && (order.buy ? order.price >= price : order.price <= price);
}

/** Inserts an order after better prices and older orders at its own. */
export function joinQueue(book: Book, order: PaperOrder): void {
  const side = order.buy ? book.bids : book.asks;
  let index = side.length;
  while (index > 0 && (order.buy ? side[index - 1]!.price < order.price : side[index - 1]!.price > order.price))
    index -= 1;
  side.splice(index, 0, order);
  book.resting += 1;
  order.queueAhead = book.market.queueAt(!order.buy, order.price);
}

/** Removes an order, if present. */
export function leaveQueue(book: Book, order: PaperOrder): void {
  const side = order.buy ? book.bids : book.asks;
  const index = side.indexOf(order);
  if (index < 0) return;
  side.splice(index, 1);
  book.resting -= 1;
}

/** Counts a trade for tickers and public trades. */
export function recordTrade(book: Book, trade: PublicTrade): void {
  const { price, size } = trade;
  book.lastPrice = price;
  book.lastSize = size;
  if (price > book.high) book.high = price;
  if (price < book.low) book.low = price;
  if (trade.takerBuys) {
    book.buyVolume += size;
    book.buyValue += size * price;
  } else {
    book.sellVolume += size;
    book.sellValue += size * price;
  }
  countCandle(book.candles, trade);
  keepLast(book.trades, trade, TRADES_KEPT);
}
