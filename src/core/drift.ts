import { type Decimal, sum, ZERO } from './decimal.ts';
import type { AccountFill, AccountName, Side } from './model.ts';
import { isStrategyOrder } from './order-id.ts';
import { CLOSED_ORDERS_REMEMBERED, type Contradiction, type SymbolState } from './symbol-state.ts';

/** Explains a difference between position and ledger from the fill history (strategy 10.5). Sizes: buys > 0. */

/** How many snapshots must show the same difference, and for how long, before it is adopted. */
export const DRIFT_SNAPSHOTS = 3;
export const DRIFT_MS = 10_000;
/** How long a history that does not explain the difference is read again: it may lag behind the positions. */
export const HISTORY_LAG_MS = 20_000;
/** How long an unreadable history is tried again before the mark is used as price. */
export const HISTORY_UNREAD_MS = 60_000;
/** How far back from the difference the history is read: fills may be older, and the engine may have been down. */
export const HISTORY_BACK_MS = 86_400_000;
/** How far back own fills count if closed orders may have been forgotten: less than it takes to forget them. */
export const OWN_BACK_MS = 60_000;
/** Most own orders looked up for one difference. */
export const OWN_LOOKED_UP_MAX = 10;

export interface Explanation {
  /** Fills of own orders that the ledger lacks, by order, oldest first. */
  readonly own: readonly OwnFill[];
  /** The total of the other fills; null: none. Its price is the average paid. */
  readonly rest: {
    readonly size: Decimal;
    readonly price: Decimal;
    /** All of them are fills of orders, none of a liquidation or deleveraging. */
    readonly byHand: boolean;
  } | null;
  /** Exchange time of the newest fill used; null: none. */
  readonly newestMs: number | null;
}

export interface OwnFill {
  readonly clientOrderId: string;
  /** Signed. */
  readonly size: Decimal;
  readonly price: Decimal;
}

/** The time from which fills may explain the difference: earlier ones are in the ledger or adopted. */
export function historySince(state: SymbolState, account: AccountName, { sinceMs }: Contradiction): number {
  return Math.max(state.fillsFromMs?.[account] ?? 0, sinceMs - HISTORY_BACK_MS);
}

/**
 * Own orders with fills that the ledger lacks, newest first, at most `OWN_LOOKED_UP_MAX`: not managed, and not closed
 * with everything booked. Their fills are never drift.
 * @param sinceMs when the position began to differ from the ledger
 */
export function ownFills(
  state: SymbolState,
  account: AccountName,
  sinceMs: number,
  fills: readonly AccountFill[],
): OwnFill[] {
  const managed = new Set(state.orders.map((order) => order.clientOrderId));
  const mayForget = state.closedSizes === undefined || state.closed.length >= CLOSED_ORDERS_REMEMBERED;
  const found = new Map<string, AccountFill[]>();
  for (const fill of newestFirst(since(state, account, fills))) {
    const id = fill.clientOrderId;
    if (!isStrategyOrder(id) || managed.has(id) || (mayForget && fill.timeMs < sinceMs - OWN_BACK_MS)) continue;
    found.set(id, [...(found.get(id) ?? []), fill]);
  }
  const missing: OwnFill[] = [];
  for (const [clientOrderId, its] of found) {
    // Closed by a version that did not note what was booked: all of it counts as booked.
    const known = state.closed.includes(clientOrderId);
    if (known && state.closedSizes === undefined) continue;
    let left = sum(its.map(({ size }) => size)).minus((known && state.closedSizes?.[clientOrderId]) || ZERO);
    let [size, value] = [ZERO, ZERO];
    // The newest fills are the ones not booked.
    for (const fill of its) {
      if (left.lte(0)) break;
      const part = fill.size.lt(left) ? fill.size : left;
      [left, size, value] = [left.minus(part), size.plus(part), value.plus(part.mul(fill.price))];
    }
    if (size.gt(0)) missing.push({ clientOrderId, size: signed(its[0]!.side, size), price: value.div(size) });
    if (missing.length >= OWN_LOOKED_UP_MAX) break;
  }
  return missing;
}

/** The fills that explain a difference exactly: unbooked own ones, then the newest others. null: none do (yet). */
export function explain(
  state: SymbolState,
  account: AccountName,
  { difference, sinceMs }: Pick<Contradiction, 'difference' | 'sinceMs'>,
  fills: readonly AccountFill[],
): Explanation | null {
  const own = ownFills(state, account, sinceMs, fills);
  const others = newestFirst(since(state, account, fills)).filter(
    ({ clientOrderId }) => !isStrategyOrder(clientOrderId),
  );
  return (
    explainedBy(own, others, difference.minus(sum(own.map(({ size }) => size)))) ??
    (own.length === 0 ? null : explainedBy([], others, difference))
  );
}

function explainedBy(own: readonly OwnFill[], others: readonly AccountFill[], left: Decimal): Explanation | null {
  if (left.isZero()) return { own: [...own].reverse(), rest: null, newestMs: null };
  let come = ZERO;
  for (const [index, fill] of others.entries()) {
    come = come.plus(signed(fill.side, fill.size));
    if (!come.eq(left)) continue;
    // Fills of the other side cancelled out: the price is what was paid for what remains.
    const side = left.gt(0) ? 'buy' : 'sell';
    const used = others.slice(0, index + 1);
    const paid = used.filter((one) => one.side === side);
    const price = sum(paid.map((one) => one.size.mul(one.price))).div(sum(paid.map((one) => one.size)));
    return {
      own: [...own].reverse(),
      rest: { size: left, price, byHand: used.every(isOfAnOrder) },
      newestMs: others[0]?.timeMs ?? null,
    };
  }
  return null;
}

function isOfAnOrder({ clientOrderId }: AccountFill): boolean {
  return clientOrderId !== '0';
}

function since(state: SymbolState, account: AccountName, fills: readonly AccountFill[]): readonly AccountFill[] {
  const fromMs = state.fillsFromMs?.[account] ?? 0;
  return fills.filter(({ timeMs }) => timeMs > fromMs);
}

function newestFirst(fills: readonly AccountFill[]): AccountFill[] {
  return [...fills].sort((one, other) => other.timeMs - one.timeMs);
}

function signed(side: Side, size: Decimal): Decimal {
  return side === 'buy' ? size : size.neg();
}
