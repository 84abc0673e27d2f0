import { type Book, crowdLevels, levelsOf } from './book.ts';
import { least } from './fixed.ts';
import { alive, type PaperOrder, type VenueOptions } from './model.ts';

/**
 * Matching: the moving market and its takers with resting orders, and a taking order with the book. The effects on
 * order and account are in orders.ts.
 */

/** The functions of the venue that matching needs. */
export interface Executions {
  /** A new number for the trade ids of one match. */
  next(): number;
  /** One execution of an order; `tradeId` is the same on both sides of it. */
  fill(order: PaperOrder, price: bigint, size: bigint, taker: boolean, tradeId: string): void;
  close(order: PaperOrder, status: 'CANCELLED' | 'REJECTED', reason: string): void;
}

/** How a taking order ends: the rest rests, is closed, or nothing is left. */
export type TakerEnd = 'rests' | 'over' | { readonly status: 'CANCELLED' | 'REJECTED'; readonly reason: string };

/** Depth beyond the crowd's price at which a resting order is filled completely. */
const DEEP_TICKS = 8n;

/** The market has moved through resting orders: they are filled, best first, as far as the crowd's size goes. */
export function sweep(book: Book, size: bigint, executions: Executions): void {
  for (const buy of [true, false]) {
    const orders = buy ? book.bids : book.asks;
    let budget = size;
    for (;;) {
      const order = orders[0];
      const touch = book.market.touch(buy);
      if (order === undefined || touch === null) break;
      const depth = (buy ? order.price - touch : touch - order.price) / book.spec.tick;
      if (depth < 0n || (buy ? order.price < touch : order.price > touch)) break;
      const rest = order.size - order.traded;
      const part = depth > DEEP_TICKS ? rest : least(rest, budget);
      if (part <= 0n) break;
      budget -= least(part, budget);
      executions.fill(order, order.price, part, false, `${executions.next()}-1`);
    }
  }
}

/** A taker at the best price fills resting orders: better prices first, then older ones. */
export function takeResting(book: Book, buys: boolean, size: bigint, executions: Executions): void {
  const orders = buys ? book.asks : book.bids;
  const touch = book.market.touch(buys);
  let budget = size;
  const execution = executions.next();
  let part = 0;
  for (let index = 0; budget > 0n; ) {
    const order = orders[index];
    if (order === undefined) break;
    const beyond = touch !== null && (buys ? order.price > touch : order.price < touch);
    if (beyond) break;
    if (touch !== null && order.price === touch && order.queueAhead > 0n) {
      const gone = least(order.queueAhead, budget);
      order.queueAhead -= gone;
      budget -= gone;
      if (budget === 0n) break;
    }
    const taken = least(order.size - order.traded, budget);
    budget -= taken;
    part += 1;
    executions.fill(order, order.price, taken, false, `${execution}-${part}`);
    if (alive(order)) index += 1;
  }
}

/** Takes liquidity: better price first; at one price the crowd, then the older order. */
export function matchTaker(
  book: Book,
  order: PaperOrder,
  selfTrade: VenueOptions['selfTrade'],
  executions: Executions,
): TakerEnd {
  const execution = executions.next();
  let part = 0;
  let ended: string | null = null;
  if (order.timeInForce === 'FILL_OR_KILL' && available(book, order) < order.size) ended = 'FOK_CANCEL';
  while (ended === null && alive(order) && order.traded < order.size) {
    const rest = order.size - order.traded;
    const crowd = crowdLevels(book, order.buy, 1)[0] ?? null;
    const own = (order.buy ? book.asks : book.bids)[0] ?? null;
    const crowdFirst =
      crowd !== null && (own === null || (order.buy ? crowd.price <= own.price : crowd.price >= own.price));
    const price = crowdFirst ? crowd.price : own?.price;
    if (price === undefined || !within(order, price)) break;
    part += 1;
    if (crowdFirst) {
      const size = least(rest, crowd.size);
      book.market.consume(order.buy, price, size);
      executions.fill(order, price, size, true, `${execution}-${part}`);
      continue;
    }
    const maker = own!;
    const sameOwner = maker.account.owner === order.account.owner;
    if (maker.account === order.account) {
      ended = 'SELF_MATCHED_SUBACCOUNT';
    } else if (sameOwner && selfTrade === 'reject-taker') {
      ended = 'SELF_TRADE_PROTECTION';
    } else if (sameOwner && selfTrade === 'cancel-maker') {
      executions.close(maker, 'CANCELLED', 'SELF_TRADE_PROTECTION');
    } else {
      const size = least(rest, maker.size - maker.traded);
      executions.fill(maker, price, size, false, `${execution}-${part}`);
      executions.fill(order, price, size, true, `${execution}-${part}`);
    }
  }
  if (!alive(order)) return 'over';
  if (ended?.startsWith('SELF')) return { status: deadStatus(order), reason: ended };
  if (ended !== null) return { status: 'CANCELLED', reason: ended };
  if (order.isMarket || order.timeInForce !== 'GOOD_TILL_TIME') return { status: 'CANCELLED', reason: 'IOC_CANCEL' };
  return 'rests';
}

/** An order that was never OPEN cannot be CANCELLED, unless it has traded (API 5.2). */
function deadStatus(order: PaperOrder): 'REJECTED' | 'CANCELLED' {
  return order.traded === 0n ? 'REJECTED' : 'CANCELLED';
}

/** Size available within the order's price, at most its own size. */
function available(book: Book, order: PaperOrder): bigint {
  let total = 0n;
  for (const level of levelsOf(book, order.buy, 500)) {
    if (!within(order, level.price) || total >= order.size) break;
    total += level.size;
  }
  return total;
}

function within(order: PaperOrder, price: bigint): boolean {
  return order.isMarket || (order.buy ? price <= order.price : price >= order.price);
}
