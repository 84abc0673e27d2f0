import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import type { OrderBody } from './bodies.ts';
import { signed } from './lots.ts';
import type { StateFields } from './received.ts';

/**
 * Own orders by the traffic alone (strategy 15.1): live from the moment the create is sent until a message states the
 * end, or until it is proven that the order never existed (strategy 9.6).
 */
export interface WireOrder {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** Its create carried `reduce_only`; absent: no, or unknown. */
  readonly reduceOnly?: boolean;
  /** Monotonic time of the create; null: found at the exchange or in the journal. */
  sentAtMs: number | null;
  /** By the exchange's clock; null: not known. */
  readonly expirationMs: number | null;
  /** The exchange has stated that it rests or is over. */
  confirmed: boolean;
  /** How it ended; null: live. */
  end: OrderEnd | null;
  /** 401 or 429: it did not reach the exchange, and the same bytes may be sent once more (strategy 9.8, 9.9). */
  turnedAway: boolean;
  traded: Decimal;
  /** Each cumulative size and value stated by a message, newest last. */
  readonly stated: { readonly traded: Decimal; readonly value: Decimal }[];
  /** Signed increments of `traded`, with the monotonic time of their receipt. */
  readonly increments: { readonly atMs: number; readonly size: Decimal }[];
  /** Our wall clock at the receipt of the first partial fill. */
  firstPartialAtMs: number | null;
  /** Monotonic time from which a look-up may prove absence; null: no fence was acknowledged. */
  fenceEndMs: number | null;
  /** The answers that lacked it after its fence or expiry. */
  lacking: { lookUp: boolean; openOrders: boolean; history: boolean };
  cancelAsked: boolean;
  /** The newest open orders lack it. */
  unlisted: boolean;
}

export type OrderEnd = 'refused' | 'rejected' | 'filled' | 'cancelled' | 'absent';

const ENDS: Readonly<Record<string, OrderEnd>> = { FILLED: 'filled', CANCELLED: 'cancelled', REJECTED: 'rejected' };

/** Cumulative states and increments kept per order: partial fills of hours. */
const MAX_STATED = 64;
/** Ended orders kept per account, for late bookings and repeated ids. */
const MAX_OVER = 512;

export type OrderTerms = Pick<
  WireOrder,
  'account' | 'clientOrderId' | 'instrument' | 'side' | 'size' | 'price' | 'reduceOnly' | 'sentAtMs' | 'expirationMs'
>;

export function newOrder(terms: OrderTerms): WireOrder {
  return {
    ...terms,
    confirmed: false,
    end: null,
    turnedAway: false,
    traded: ZERO,
    stated: [],
    increments: [],
    firstPartialAtMs: null,
    fenceEndMs: null,
    lacking: { lookUp: false, openOrders: false, history: false },
    cancelAsked: false,
    unlisted: false,
  };
}

export class WireOrders {
  readonly #orders: Record<AccountName, Map<string, WireOrder>> = { A: new Map(), B: new Map() };

  get(account: AccountName, clientOrderId: string): WireOrder | undefined {
    return this.#orders[account].get(clientOrderId);
  }

  add(order: WireOrder): WireOrder {
    const orders = this.#orders[order.account];
    orders.set(order.clientOrderId, order);
    if (orders.size > MAX_OVER) {
      for (const [id, one] of orders) {
        if (one.end === null) continue;
        orders.delete(id);
        if (orders.size <= MAX_OVER) break;
      }
    }
    return order;
  }

  of(account: AccountName): Iterable<WireOrder> {
    return this.#orders[account].values();
  }

  *live(instrument: string | null = null): Iterable<WireOrder> {
    for (const orders of Object.values(this.#orders))
      for (const order of orders.values())
        if (order.end === null && (instrument === null || order.instrument === instrument)) yield order;
  }

  /** After a lost journal the engine knows no orders; those that rest are found again (strategy 11.4). */
  clear(): void {
    for (const orders of Object.values(this.#orders)) orders.clear();
  }
}

/** Applies a message to an order. Traded sizes never shrink; an ended order stays ended. */
export function learn(
  order: WireOrder,
  state: Pick<OrderBody, StateFields>,
  now: { readonly atMs: number; readonly wallMs: number },
): void {
  order.lacking = { lookUp: false, openOrders: false, history: false };
  order.unlisted = false;
  order.turnedAway = false;
  const added = state.traded.minus(order.traded);
  if (!added.isNegative() && !state.traded.isZero()) {
    const value = state.traded.mul(state.avgPrice);
    const last = order.stated.at(-1);
    if (!last?.traded.eq(state.traded) || !last.value.eq(value)) order.stated.push({ traded: state.traded, value });
    if (order.stated.length > MAX_STATED) order.stated.shift();
  }
  if (added.gt(0)) {
    order.traded = state.traded;
    order.firstPartialAtMs ??= now.wallMs;
    order.increments.push({ atMs: now.atMs, size: signed(order.side, added) });
    if (order.increments.length > MAX_STATED) order.increments.shift();
  }
  // 14 refuses a create because another order of that id is active: it says nothing about that other order (API 5.2).
  const end = state.rejectReason === 'OVERLAPPING_CLIENT_ORDER_ID' ? undefined : ENDS[state.status];
  if (end !== undefined) {
    order.confirmed = true;
    if (order.end === null || order.end === 'refused' || order.end === 'absent') order.end = end;
  } else if (state.status === 'OPEN') {
    order.confirmed = true;
    if (order.end === 'refused' || order.end === 'absent') order.end = null;
  }
}

/** An answer requested after fence or expiry lacks the order; all three answers prove absence (strategy 9.6). */
export function lacks(order: WireOrder, part: keyof WireOrder['lacking']): void {
  order.lacking[part] = true;
  const { lookUp, openOrders, history } = order.lacking;
  if (lookUp && openOrders && history && order.end === null) order.end = 'absent';
}
