import type { TDG } from '@grvt/client';
import { z } from 'zod';
import { Decimal, ZERO } from '../core/decimal.ts';
import type { ExchangeOrder, ForeignOrder, ListedOrder } from '../core/model.ts';
import { mayBeStrategyId } from '../core/order-id.ts';
import { reason } from '../core/reasons.ts';
import { asks, OF_ACCOUNT, type Owner, of, pageOf, READ_UNITS, type ReadSpec } from './calls.ts';
import {
  complaint,
  mustBeOwn,
  parsePage,
  type RowScope,
  readAs,
  SHOWABLE,
  textAt,
  UnusableAnswer,
  valueAt,
  ZERO_FIELD,
} from './parse.ts';
import { hexText, nameText, nanosText, orderState, orderStatus, rowsAnswer, uint64Text, unsignedText } from './wire.ts';

/** Calls that read orders, own and foreign (strategy 10.4, API 5.2). */

/** Rows per page of order history: the exchange's default. */
export const HISTORY_PAGE_ROWS = 500;

const orderLeg = z.object({
  instrument: nameText,
  size: unsignedText,
  /** Absent on market orders. */
  limit_price: unsignedText.nullish(),
  is_buying_asset: z.boolean(),
});

const orderRow = z.object({
  /** `0x00` or absent until the matching engine has assigned it (API 5.1). */
  order_id: hexText.nullish(),
  sub_account_id: uint64Text,
  post_only: z.boolean().nullish(),
  /** Exactly one for orders on the book. */
  legs: z.array(orderLeg).min(1),
  signature: z.object({ expiration: nanosText }),
  metadata: z.object({ client_order_id: uint64Text, create_time: nanosText.nullish().catch(null) }),
  state: orderState,
});

const orderAnswer = z.object({ result: orderRow });

type OrderRow = z.infer<typeof orderRow>;

export function openOrdersSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'openOrders', route: 'open_orders', ...OF_ACCOUNT, ...asks('reading', READ_UNITS) },
    request: of(owner),
    invoke: (client, request, config) => client.openOrders(request, config),
  };
}

export function orderSpec(owner: Owner, clientOrderId: string): ReadSpec<TDG> {
  return {
    ...{ call: 'order', route: 'order', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: { ...of(owner), client_order_id: clientOrderId },
    invoke: (client, request, config) => client.order(request, config),
  };
}

export function historySpec(owner: Owner, sinceMs: number, cursor: string | null): ReadSpec<TDG> {
  return {
    ...{ call: 'orderHistory', route: 'order_history', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: pageOf(owner, sinceMs, HISTORY_PAGE_ROWS, cursor),
    invoke: (client, request, config) => client.orderHistory(request, config),
  };
}

/**
 * One order: the answer to a look-up or a create.
 * @throws UnusableAnswer naming the field, e.g. if it is another client order id.
 */
export function parseOrder(answer: unknown, subAccountId: string, clientOrderId: string): ExchangeOrder {
  const order = orderOf('result', readAs(orderAnswer, answer).result, subAccountId);
  if (order.clientOrderId !== clientOrderId) {
    throw new UnusableAnswer(
      'result.metadata.client_order_id',
      reason('field-for-another', '10.4', { found: order.clientOrderId, asked: clientOrderId }),
    );
  }
  return order;
}

/**
 * The open orders: own ones completely, foreign ones by name (strategy 11.4).
 * @throws UnusableAnswer naming the field of an own order.
 */
export function parseOpenOrders(answer: unknown, subAccountId: string, scope: RowScope): ListedOrder[] {
  const rows = readAs(rowsAnswer, answer).result;
  return [...newestOrders(ownOrdersOf(rows, subAccountId)), ...foreignOrdersOf(rows, scope)];
}

/**
 * Own orders on one page of history, and the cursor of the next; null: the last one.
 * @throws UnusableAnswer naming the field of an own order, or `next`.
 */
export function parseOrderHistory(
  answer: unknown,
  subAccountId: string,
  limit: number,
): { orders: ExchangeOrder[]; next: string | null } {
  const { rows, next } = parsePage(answer, limit);
  return { orders: ownOrdersOf(rows, subAccountId), next };
}

/**
 * A repeated order counts once; of differing rows with one client id the newest wins (strategy 10.4): by update time,
 * then traded size, then being over.
 */
export function newestOrders(orders: readonly ExchangeOrder[]): ExchangeOrder[] {
  const newest = new Map<string, ExchangeOrder>();
  for (const order of orders) {
    const known = newest.get(order.clientOrderId);
    if (known === undefined || isNewer(order, known)) newest.set(order.clientOrderId, order);
  }
  return [...newest.values()];
}

function isNewer(order: ExchangeOrder, known: ExchangeOrder): boolean {
  if (order.updateTimeNs !== known.updateTimeNs) return order.updateTimeNs > known.updateTimeNs;
  if (!order.tradedSize.eq(known.tradedSize)) return order.tradedSize.gt(known.tradedSize);
  return LIFE[order.status] > LIFE[known.status];
}

/** Order of life stages: no status goes back (API 5.2). */
const LIFE: Readonly<Record<ExchangeOrder['status'], number>> = {
  PENDING: 0,
  OPEN: 1,
  FILLED: 2,
  CANCELLED: 2,
  REJECTED: 2,
};

/** The rows that are ours, or may be. */
function ownOrdersOf(rows: readonly unknown[], subAccountId: string): ExchangeOrder[] {
  return rows.flatMap((row, index) => {
    if (!isOwnRow(row)) return [];
    const field = `result[${index}]`;
    const read = orderRow.safeParse(row);
    if (read.success) return [orderOf(field, read.data, subAccountId)];
    throw new UnusableAnswer(...complaint(read.error, row)).within(field);
  });
}

function isOwnRow(row: unknown): boolean {
  return mayBeStrategyId(valueAt(row, ['metadata', 'client_order_id']));
}

/** The other rows, once each. A row without any id cannot be named. */
function foreignOrdersOf(rows: readonly unknown[], scope: RowScope): ForeignOrder[] {
  const found = new Map<string, ForeignOrder>();
  for (const row of rows) {
    if (isOwnRow(row)) continue;
    const orderId = textAt(row, 'order_id') ?? NO_ORDER_ID;
    const clientOrderId = foreignClientId(valueAt(row, ['metadata', 'client_order_id']));
    const legs = valueAt(row, ['legs']);
    const names = Array.isArray(legs) ? legs.map((leg) => textAt(leg, 'instrument')) : [];
    const instrument = names.find((name) => name !== null) ?? '?';
    if (orderId === NO_ORDER_ID && clientOrderId === NO_CLIENT_ID) {
      scope.onSkip({ name: instrument, why: reason('row-nameless', '10.4') });
      continue;
    }
    const status = orderStatus.safeParse(valueAt(row, ['state', 'status']));
    const order = { orderId, clientOrderId, instrument, status: status.success ? status.data : null };
    found.set(orderId === NO_ORDER_ID ? clientOrderId : orderId, order);
  }
  return [...found.values()];
}

const NO_ORDER_ID = '0x00';
const NO_CLIENT_ID = '0';

/** A foreign client id, as far as it can be shown. */
export function foreignClientId(value: unknown): string {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === 'string' && SHOWABLE.test(text) ? text : NO_CLIENT_ID;
}

function orderOf(field: string, row: OrderRow, subAccountId: string): ExchangeOrder {
  mustBeOwn(`${field}.sub_account_id`, row.sub_account_id, subAccountId);
  const leg = row.legs[0]!;
  const { state } = row;
  const size = new Decimal(leg.size);
  const tradedSize = new Decimal(state.traded_size[0]!);
  const averages = state.avg_fill_price ?? [];
  const avgFillPrice = averages.length === 0 ? ZERO : new Decimal(averages[0]!);
  if (size.isZero()) throw new UnusableAnswer(`${field}.legs[0].size`, ZERO_FIELD);
  if (tradedSize.gt(size)) {
    throw new UnusableAnswer(
      `${field}.state.traded_size[0]`,
      reason('traded-above-size', '10.4', { traded: tradedSize.toFixed(), size: leg.size }),
    );
  }
  if (!tradedSize.isZero() && avgFillPrice.isZero()) {
    throw new UnusableAnswer(`${field}.state.avg_fill_price[0]`, reason('traded-without-price', '10.4'));
  }
  // It would end the order without its fill.
  if (state.status === 'FILLED' && tradedSize.isZero()) {
    throw new UnusableAnswer(`${field}.state.traded_size[0]`, reason('filled-without-trade', '10.4'));
  }
  // Canonical spelling of the id.
  const clientOrderId = BigInt(row.metadata.client_order_id).toString();
  const limitPrice = new Decimal(leg.limit_price ?? '0');
  // Ours are limit orders, adopted at their price (6.6); otherwise the remaining fill would appear as drift.
  if (limitPrice.isZero())
    throw new UnusableAnswer(`${field}.legs[0].limit_price`, reason('field-missing-or-zero', '10.4'));
  if (state.status === 'FILLED' && !tradedSize.eq(size)) {
    throw new UnusableAnswer(
      `${field}.state.traded_size[0]`,
      reason('filled-in-part', '10.4', { traded: tradedSize.toFixed(), size: leg.size }),
    );
  }
  const updateTimeNs = BigInt(state.update_time);
  return {
    orderId: row.order_id ?? '0x00',
    clientOrderId,
    instrument: leg.instrument,
    side: leg.is_buying_asset ? 'buy' : 'sell',
    size,
    limitPrice,
    postOnly: row.post_only ?? false,
    status: state.status,
    rejectReason: state.reject_reason,
    tradedSize,
    avgFillPrice: tradedSize.isZero() ? ZERO : avgFillPrice,
    createTimeNs: typeof row.metadata.create_time === 'string' ? BigInt(row.metadata.create_time) : updateTimeNs,
    updateTimeNs,
    expirationNs: BigInt(row.signature.expiration),
  };
}
