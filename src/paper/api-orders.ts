import { type ApiParts, type Context, filter, page, type Route, route, strings } from './api-route.ts';
import { VenueError } from './errors.ts';
import { DEFAULT_FOR_MS } from './faults.ts';
import type { PaperAccount, PaperOrder } from './model.ts';
import { readOrder, readUint64 } from './order-request.ts';
import type { Session } from './sessions.ts';
import { acknowledgement, type Json, orderView } from './views.ts';

/** Largest `time_to_live_ms` of a cancel, and its default (API 5.4). */
const MAX_TTL_MS = 5_000;
const DEFAULT_TTL_MS = 100;
/** Most items of each kind in one bulk request (API 5.5). */
const BULK_MAX = 100;

/** Calls that create, cancel and list orders (API 5.1 to 5.5). */
export function orderRoutes(parts: ApiParts): Readonly<Record<string, Route>> {
  const { venue } = parts;
  return {
    create_order: route('ApiCreateOrder', 'session', 5, (context) => create(parts, context)),
    cancel_order: route(['ApiCancelOrderRequest', 'AckResponse'], 'account', 5, (context) => cancel(parts, context)),
    cancel_all_orders: route(['ApiCancelAllOrdersRequest', 'AckResponse'], 'account', 50, ({ account, body }) => {
      venue.orders.cancelAll(account, filter(body));
      return { result: { ack: true } };
    }),
    cancel_on_disconnect: route(['ApiCancelOnDisconnectRequest', 'AckResponse'], 'account', 100, (context) =>
      countdown(parts, context),
    ),
    bulk_orders: route('ApiBulkOrders', 'account', 5, (context) => bulk(parts, context)),
    order: route('ApiGetOrder', 'account', 20, (context) => {
      const order = venue.orders.find(context.account, idsOf(context.body));
      if (order === null) throw new VenueError(1004);
      return { result: orderView(order) };
    }),
    open_orders: route('ApiOpenOrders', 'account', 20, (context) => openOrders(parts, context)),
    order_history: route('ApiOrderHistory', 'account', 20, ({ account, body }) => {
      const passes = filter(body);
      const visible = (order: PaperOrder): boolean =>
        !venue.orders.isHidden(order) && passes(venue.book(order.instrument).spec);
      return page(account.closed, { stamp: (order) => order.updatedNs, passes: visible, view: orderView }, body);
    }),
  };
}

function create(parts: ApiParts, { body, session, account }: Context): Json {
  return { result: acknowledgement(place(parts, body.order, session!, account)) };
}

function place(parts: ApiParts, raw: unknown, session: Session, account: PaperAccount): PaperOrder {
  const order = parts.venue.orders.create(account, readOrder(raw, session, parts));
  if (order.status === 'PENDING' && parts.faults.strikes('post-only-refusal', 'create_order', names(account))) {
    order.forceRefusal = true;
  }
  return order;
}

export function names(account: PaperAccount): readonly string[] {
  return [account.name, account.subAccountId];
}

/** @throws VenueError 3021 without either id. */
function idsOf(body: Json): { orderId?: string; clientOrderId?: string } {
  if (typeof body.order_id === 'string' && body.order_id !== '') return { orderId: body.order_id };
  const clientOrderId = readUint64(body.client_order_id);
  if (clientOrderId !== null) return { clientOrderId };
  throw new VenueError([undefined, null, ''].includes(body.client_order_id as string) ? 3021 : 1003);
}

function ttlOf(value: unknown): number {
  if (value === undefined || value === null || value === '') return DEFAULT_TTL_MS;
  const ms = Number(value);
  if (!Number.isInteger(ms) || ms < 0) throw new VenueError(1003);
  if (ms > MAX_TTL_MS) throw new VenueError(2301);
  return Math.floor(ms / 100) * 100;
}

function cancel(parts: ApiParts, { account, body }: Context): Json {
  const ids = idsOf(body);
  const fillFirst = parts.faults.strikes('fill-during-cancel', 'cancel_order', names(account)) !== null;
  parts.venue.orders.cancel(account, ids, ttlOf(body.time_to_live_ms), fillFirst);
  return { result: { ack: true } };
}

function countdown(parts: ApiParts, { account, body }: Context): Json {
  const ms = Number(body.countdown_time ?? 0);
  if (!Number.isInteger(ms) || ms < 0) throw new VenueError(1003);
  if (ms > 300_000) throw new VenueError(6000);
  parts.venue.orders.countdown(account, ms <= 1_000 ? 0 : Math.floor(ms / 1_000) * 1_000);
  return { result: { ack: true } };
}

function openOrders(parts: ApiParts, { account, body }: Context): Json {
  const { venue, faults } = parts;
  const passes = filter(body);
  const open = [...account.active.values()].filter((order) => order.status === 'OPEN');
  if (open.length > 0 && faults.has('lost-order')) {
    const rule = faults.strikes('lost-order', 'open_orders', names(account));
    if (rule !== null) {
      open[faults.random.next() % open.length]!.hiddenUntilMs = venue.nowMs + (rule.forMs ?? DEFAULT_FOR_MS);
    }
  }
  return {
    result: open
      .filter((order) => !venue.orders.isHidden(order) && passes(venue.book(order.instrument).spec))
      .map(orderView),
  };
}

function bulk(parts: ApiParts, { account, body, session }: Context): Json {
  const { venue } = parts;
  const orders = body.orders ?? [];
  const orderIds = strings(body.order_i_ds) ?? [];
  const clientIds = strings(body.client_order_i_ds) ?? [];
  if (!Array.isArray(orders)) throw new VenueError(1003);
  if (orderIds.length > 0 && clientIds.length > 0) throw new VenueError(2233);
  if (orders.length > BULK_MAX || orderIds.length + clientIds.length > BULK_MAX) throw new VenueError(2235);
  const instruments = new Set(
    orders.map((order) => (order as { legs?: { instrument?: string }[] })?.legs?.[0]?.instrument),
  );
  if (instruments.size > 1) throw new VenueError(2234);
  const ttl = ttlOf(body.time_to_live_ms);
  const acks = [...orderIds.map((orderId) => ({ orderId })), ...clientIds.map((clientOrderId) => ({ clientOrderId }))];
  for (const ids of acks) venue.orders.cancel(account, ids, ttl);
  // A bad order is REJECTED without affecting the others.
  const placed = orders.map((raw) => acknowledgement(place(parts, raw, session!, account)));
  return { orders: placed, cancel_acks: acks.map(() => ({ ack: true })) };
}
