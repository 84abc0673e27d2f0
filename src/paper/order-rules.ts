import { type MarkOf, marginsOf } from './accounts.ts';
import type { VenueBook } from './book.ts';
import { VenueError } from './errors.ts';
import { abs, E9, most } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { type NewOrder, NS, type PaperAccount, type PaperOrder, type VenueOptions } from './model.ts';

/**
 * Which orders the venue refuses: at once, by a code, or in the matching engine, by a reason (API 3, 5.3). The form of
 * a request is in order-request.ts.
 */

/** Longest life of a signature (API 5.1). */
const MAX_EXPIRATION_MS = 30 * 86_400_000;

/** What an order is checked against. */
export interface RuleContext {
  readonly book: VenueBook;
  readonly account: PaperAccount;
  readonly markOf: MarkOf;
}

/**
 * Checks a create against the rules that apply at once. @throws VenueError with the code of the first violated rule.
 */
export function checkNew(
  order: NewOrder,
  { book, account, markOf }: RuleContext,
  options: Pick<VenueOptions, 'priceBand' | 'overlap' | 'maxOpenOrders'>,
): void {
  const refuse = (when: boolean, code: number): void => {
    if (when) throw new VenueError(code);
  };
  const { spec } = book;
  refuse(!spec.active, 2060);
  refuse(order.isMarket && order.price !== 0n, 2020);
  refuse(!order.isMarket && order.price <= 0n, 2021);
  refuse(order.timeInForce === 'ALL_OR_NONE', 2030);
  refuse(order.postOnly && !['GOOD_TILL_TIME', 'RETAIL_PRICE_IMPROVEMENT'].includes(order.timeInForce), 2032);
  refuse(order.size < spec.minSize, 2062);
  refuse(order.size % spec.minSize !== 0n, 2065);
  refuse(order.price % spec.tick !== 0n, 2064);
  const holding = account.holdings.get(spec.name);
  const held = holding?.size ?? 0n;
  const reduces = order.buy ? held < 0n : held > 0n;
  const mark = book.market.mark();
  const notional = order.size * (order.isMarket ? mark : order.price);
  if (notional < spec.minNotional * E9) throw new VenueError(order.reduceOnly && reduces ? 2067 : 2066);
  if (options.priceBand !== null && !order.isMarket) {
    refuse(abs(order.price - mark) * E9 > options.priceBand * mark, 7201);
  }
  if (order.reduceOnly) {
    refuse(held === 0n, 2400);
    refuse(!reduces, 2401);
    refuse(order.size > abs(held), 2402);
  }
  refuse(options.overlap === 'code' && account.active.has(order.clientOrderId), 2012);
  refuse(account.active.size >= options.maxOpenOrders, 2090);
  const after = order.buy
    ? held + (holding?.openBuys ?? 0n) + order.size
    : (holding?.openSells ?? 0n) + order.size - held;
  refuse(!order.reduceOnly && after > spec.maxPosition, 2081);
  refuse(!affords(account, order, spec, markOf), 2080);
}

/** Whether the equity covers the initial margin including this order; an order that lowers it always passes. */
function affords(account: PaperAccount, order: NewOrder, spec: InstrumentSpec, markOf: MarkOf): boolean {
  const { equity, initial } = marginsOf(account, markOf);
  const holding = account.holdings.get(spec.name);
  const size = holding?.size ?? 0n;
  const side = (extraBuys: bigint, extraSells: bigint): bigint =>
    most(
      most(size, 0n) + (holding?.openBuys ?? 0n) + extraBuys,
      most(-size, 0n) + (holding?.openSells ?? 0n) + extraSells,
    );
  const added = side(order.buy ? order.size : 0n, order.buy ? 0n : order.size) - side(0n, 0n);
  return added <= 0n || initial + (added * markOf(spec.name)) / spec.leverage <= equity;
}

/** Why the matching engine refuses the order, apart from the book; null: it does not. */
export function refusalOf(order: PaperOrder, { book, account, markOf }: RuleContext, clockMs: number): string | null {
  const expirationMs = Number(order.expirationNs / NS);
  if (order.cancelReason === 'FENCE') return 'CLIENT_CANCEL';
  if (expirationMs <= clockMs) return 'EXPIRED';
  if (expirationMs > clockMs + MAX_EXPIRATION_MS) return 'EXCEED_MAX_SIGNATURE_EXPIRATION';
  if (!book.spec.active) return 'INSTRUMENT_DEACTIVATED';
  if (order.forceRefusal && order.postOnly) return 'FAIL_POST_ONLY';
  if (order.reduceOnly) {
    const held = account.holdings.get(order.instrument)?.size ?? 0n;
    return (order.buy ? held >= 0n : held <= 0n) ? 'FAIL_REDUCE_ONLY' : null;
  }
  const { equity, initial } = marginsOf(account, markOf);
  return initial > equity ? 'BELOW_MARGIN' : null;
}
