import type { ExchangeOrder, OrderStatus, Position } from './model.ts';
import type { OrderRow, Part } from './view.ts';

/** Rows of own orders in a view: which of two is further, and which are over. */

export interface PartFolded {
  readonly part: Part;
  readonly changed: boolean;
  readonly seen: readonly ExchangeOrder[];
}

/** Order of life stages: no status goes back (API 5.2). */
export const LIFE: Readonly<Record<OrderStatus, number>> = {
  PENDING: 0,
  OPEN: 1,
  FILLED: 2,
  CANCELLED: 2,
  REJECTED: 2,
};

export function isOver({ status }: Pick<ExchangeOrder, 'status'>): boolean {
  return LIFE[status] === LIFE.FILLED;
}

/** The further of two rows of one order (strategy 10.6): by traded size, then over before open, then by update time. */
export function furtherRow(known: ExchangeOrder, seen: ExchangeOrder): ExchangeOrder {
  if (seen.tradedSize.lt(known.tradedSize)) return known;
  const isLater =
    seen.tradedSize.gt(known.tradedSize) ||
    LIFE[seen.status] > LIFE[known.status] ||
    (LIFE[seen.status] === LIFE[known.status] && seen.updateTimeNs >= known.updateTimeNs);
  if (!isLater) return known;
  if (!isOver(known) || isOver(seen)) return seen;
  return { ...seen, status: known.status, rejectReason: known.rejectReason };
}

function isFurther(known: ExchangeOrder | null, seen: ExchangeOrder): boolean {
  if (known === null) return true;
  return seen.tradedSize.gt(known.tradedSize) || LIFE[seen.status] > LIFE[known.status];
}

/** Merges one row of an own order; `changed`: it is new, `further`: a frame should have reported it. */
export function takeRow(
  part: Part,
  seen: ExchangeOrder,
  atMs: number,
  by: 'frame' | 'list' | 'look-up',
): PartFolded & { readonly further: boolean } {
  const index = part.orders.findIndex(({ order }) => order.clientOrderId === seen.clientOrderId);
  const known = part.orders[index];
  // Over long ago: a stale row does not revive it, but its end may be repeated to whoever asked.
  if (known === undefined && part.ended.has(seen.clientOrderId) && !(isOver(seen) && by === 'look-up')) {
    return { part, changed: false, seen: [], further: false };
  }
  const order = known === undefined ? seen : furtherRow(known.order, seen);
  const further = isFurther(known?.order ?? null, order);
  const row: OrderRow = {
    order,
    changedAtMs: further ? atMs : known!.changedAtMs,
    lastFrameAtMs: by === 'frame' ? atMs : (known?.lastFrameAtMs ?? null),
    listed: by === 'list' ? true : (known?.listed ?? false),
  };
  const orders = known === undefined ? [...part.orders, row] : part.orders.with(index, row);
  const isNews = further && !part.ended.has(seen.clientOrderId);
  return { part: { ...part, orders }, changed: further, seen: further ? [order] : [], further: isNews };
}

export function sameSize(one: Position | null, other: Position | null): boolean {
  return one === null || other === null ? one === other : one.size.eq(other.size);
}
