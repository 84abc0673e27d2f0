import { type Decimal, sum, ZERO } from './decimal.ts';
import type { AccountFill, AccountName, Side } from './model.ts';
import { isStrategyOrder } from './order-id.ts';
import { CLOSED_ORDERS_REMEMBERED, type Contradiction, type SymbolState } from './symbol-state.ts';

/** What the fill history says of a difference between a position and the ledger (strategy 10.5). Signed sizes: buys > 0. */

/** Snapshots that must contradict the ledger alike, and for how long, before the difference is adopted. */
export const DRIFT_SNAPSHOTS = 3;
export const DRIFT_MS = 10_000;
/** A history that does not explain the difference may lag behind the positions: so long it is asked again. */
export const HISTORY_LAG_MS = 20_000;
/** So long a history that cannot be read is asked again: then the mark is what is known of the price. */
export const HISTORY_UNREAD_MS = 60_000;
/** How far before the contradiction the history is read: a fill shows before, and an engine may have been down meanwhile. */
export const HISTORY_BACK_MS = 86_400_000;
/** How long before the contradiction own fills count where closed orders may have been forgotten: far less than it takes to. */
export const OWN_BACK_MS = 60_000;
/** Orders of ours that one difference has looked up at most: more are not known to nobody at once. */
export const OWN_LOOKED_UP_MAX = 10;

/** What explains a difference. */
export interface Explanation {
  /** Fills of own orders that are not in the ledger, by order, oldest first. */
  readonly own: readonly OwnFill[];
  /** What the other fills come to; null: nothing is left for them. Its price is an average that was paid. */
  readonly rest: {
    readonly size: Decimal;
    readonly price: Decimal;
    /** Each was of an order that somebody placed: none of a liquidation or deleveraging. */
    readonly byHand: boolean;
  } | null;
  /** When the newest of the fills used was made, the exchange's time; null: none. */
  readonly newestMs: number | null;
}

export interface OwnFill {
  readonly clientOrderId: string;
  /** Signed. */
  readonly size: Decimal;
  readonly price: Decimal;
}

/** From when on fills may explain that difference: those of before are in the ledger, or adopted. */
export function historySince(state: SymbolState, account: AccountName, { sinceMs }: Contradiction): number {
  return Math.max(state.fillsFromMs?.[account] ?? 0, sinceMs - HISTORY_BACK_MS);
}

/**
 * Own orders with fills that the ledger lacks: not managed, and not let go with all of them booked. What such an order fills is
 * its own and never drift; newest orders first, at most `OWN_LOOKED_UP_MAX`.
 *
 * @param sinceMs when the position began to contradict the ledger
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
    // An order let go by a version that did not note what was booked of it: all of it.
    const known = state.closed.includes(clientOrderId);
    if (known && state.closedSizes === undefined) continue;
    let left = sum(its.map(({ size }) => size)).minus((known && state.closedSizes?.[clientOrderId]) || ZERO);
    let [size, value] = [ZERO, ZERO];
    // The newest of them are those that are not booked.
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

/**
 * The fills that explain a difference exactly: own ones that the ledger lacks, and the newest of the others that come to what
 * is left. Null: none do (yet).
 */
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
    // Fills the other way moved nothing in the end: the price is what was paid for what is there.
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

/** A liquidation and a deleveraging have no order. */
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
