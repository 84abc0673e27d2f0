import type { Book } from './book.ts';
import { least } from './fixed.ts';
import type { Executions } from './matching.ts';
import { alive, type PaperOrder } from './model.ts';
import type { FillRule, RecordedTrade } from './replay.ts';

/**
 * Effect of recorded trades on resting orders (strategy 19.2). Each trade's size is spent once, over all own orders of
 * both accounts by price, then time: on orders whose price the trade passed, and at its price after the queue at their
 * arrival. @returns how much of the trade was spent on own orders, 1e-9
 */
export function spendTrade(book: Book, trade: RecordedTrade, fill: FillRule, executions: Executions): bigint {
  const { takerBuys, price } = trade;
  const orders = (takerBuys ? book.asks : book.bids).filter((order) =>
    takerBuys ? order.price <= price : order.price >= price,
  );
  const execution = executions.next();
  let part = 0;
  let left = trade.size;
  /** The part of this trade that filled others at its price before our orders. */
  let passed = 0n;
  const take = (order: PaperOrder, size: bigint): void => {
    if (size <= 0n || !alive(order)) return;
    part += 1;
    executions.fill(order, order.price, size, false, `${execution}-${part}`);
  };
  for (const order of orders) {
    const rest = order.size - order.traded;
    if (fill === 'optimistic') {
      take(order, rest);
      continue;
    }
    if (order.price === price) {
      // A younger order's queue includes an older one's: a size that passed one has passed all behind it.
      const ahead = order.queueAhead > passed ? order.queueAhead - passed : 0n;
      const gone = least(ahead, left);
      passed += gone;
      left -= gone;
      order.queueAhead -= least(order.queueAhead, passed);
    }
    const size = least(rest, left);
    left -= size;
    take(order, size);
  }
  return fill === 'optimistic' ? 0n : trade.size - left - passed;
}

/** Under `optimistic`, an order touched by the other side of the book is filled. */
export function fillTouched(book: Book, executions: Executions): void {
  for (const buy of [true, false]) {
    const touch = book.market.touch(buy);
    if (touch === null) continue;
    for (const order of [...(buy ? book.bids : book.asks)]) {
      if (buy ? order.price < touch : order.price > touch) break;
      executions.fill(order, order.price, order.size - order.traded, false, `${executions.next()}-1`);
    }
  }
}
