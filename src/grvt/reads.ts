import type { TDG } from '@grvt/client';
import type { AccountFill, ExchangeOrder } from '../core/model.ts';
import type { PaymentRow } from '../core/money.ts';
import { reason } from '../core/reasons.ts';
import type { Permit } from './budget.ts';
import type { Caller, PrivateChannel } from './caller.ts';
import type { CallSpec } from './calls.ts';
import { ExchangeError } from './errors.ts';
import { FILLS_PAGE_ROWS, fillsSpec, parseFillHistory } from './parse-account.ts';
import {
  HISTORY_PAGE_ROWS,
  historySpec,
  newestOrders,
  orderSpec,
  parseOrder,
  parseOrderHistory,
} from './parse-orders.ts';
import { PAYMENTS_PAGE_ROWS, type PaymentList, type PaymentTime, parsePayments, paymentsSpec } from './payments.ts';

/** Reads of one account that need several requests, or for which a missing order is an answer. */

/** Most pages of fills: newest first, so that only the least relevant ones are missed. */
const FILLS_MAX_PAGES = 20;
/** Most pages of one history: 20,000 orders. A longer one is an error, never shortened. */
const HISTORY_MAX_PAGES = 40;
/** Most pages of payments: half an hour of the read budget. A longer list is an error, never shortened. */
const PAYMENTS_MAX_PAGES = 10_000;

/** null: unknown to the exchange. */
export async function readOrder(
  caller: Caller,
  channel: PrivateChannel,
  clientOrderId: string,
  permit: Permit | null = null,
): Promise<ExchangeOrder | null> {
  const spec = orderSpec(channel.keys, clientOrderId);
  const read = (answer: unknown, from: number) => ({
    ...parseOrder(answer, channel.keys.subAccountId, clientOrderId),
    from,
  });
  try {
    return await caller.readPrivate(channel, spec, read, { permit });
  } catch (error) {
    if (error instanceof ExchangeError && error.kind === 'not-found') return null;
    throw error;
  }
}

/** Newest first: every page, or as many as the wanted orders need. */
export async function readHistory(
  caller: Caller,
  channel: PrivateChannel,
  sinceMs: number,
  wanted?: ReadonlySet<string>,
): Promise<readonly ExchangeOrder[]> {
  const missing = new Set(wanted);
  const found: ExchangeOrder[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  for (let page = 0; page < HISTORY_MAX_PAGES; page += 1) {
    const spec: CallSpec<TDG> = historySpec(channel.keys, sinceMs, cursor);
    const read = await caller.readPrivate(channel, spec, (answer, from) => {
      const page = parseOrderHistory(answer, channel.keys.subAccountId, HISTORY_PAGE_ROWS);
      return { ...page, orders: page.orders.map((order) => ({ ...order, from })) };
    });
    found.push(...read.orders);
    for (const { clientOrderId } of read.orders) missing.delete(clientOrderId);
    const isEnough = wanted !== undefined && (missing.size === 0 || page + 1 >= wanted.size);
    if (read.next === null || isEnough) return newestOrders(found);
    if (seen.has(read.next)) {
      throw new ExchangeError(
        'malformed',
        { call: spec.call, account: channel.account },
        null,
        reason('page-repeated', '10.4'),
      );
    }
    seen.add(read.next);
    cursor = read.next;
  }
  const why = reason('too-many-pages', '9.6', { pages: HISTORY_MAX_PAGES });
  throw new ExchangeError('unavailable', { call: 'orderHistory', account: channel.account }, null, why);
}

export async function readFills(
  caller: Caller,
  channel: PrivateChannel,
  sinceMs: number,
): Promise<readonly AccountFill[]> {
  const found: AccountFill[] = [];
  const seen = new Set<string>();
  const scope = caller.scopeOf('fillHistory', channel.account);
  let cursor: string | null = null;
  for (let page = 0; page < FILLS_MAX_PAGES; page += 1) {
    const spec: CallSpec<TDG> = fillsSpec(channel.keys, sinceMs, cursor);
    const read = await caller.readPrivate(channel, spec, (answer) =>
      parseFillHistory(answer, channel.keys.subAccountId, FILLS_PAGE_ROWS, scope),
    );
    for (const { key, fill } of read.fills) {
      if (key !== null && seen.has(key)) continue;
      if (key !== null) seen.add(key);
      found.push(fill);
    }
    if (read.next === null || read.next === cursor) break;
    cursor = read.next;
  }
  return found;
}

export async function readPayments(
  caller: Caller,
  channel: PrivateChannel,
  list: PaymentList,
  time: PaymentTime,
): Promise<readonly PaymentRow[]> {
  const { account, keys } = channel;
  const owner = { account, subAccountId: keys.subAccountId };
  const spec = paymentsSpec(list, keys, time);
  // An unreadable row must not keep the others from being booked.
  const scope = { ...caller.scopeOf(spec.call, account), isTraded: () => false };
  const found: PaymentRow[] = [];
  const cursors = new Set<string>();
  for (let cursor: string | null = null; cursors.size < PAYMENTS_MAX_PAGES; ) {
    const request: Record<string, unknown> = cursor === null ? spec.request : { ...spec.request, cursor };
    const read = await caller.readPrivate(channel, { ...spec, request }, (answer) =>
      parsePayments(list, answer, owner, PAYMENTS_PAGE_ROWS, scope),
    );
    found.push(...read.rows);
    if (read.next === null) return found;
    if (cursors.has(read.next))
      throw new ExchangeError('malformed', { call: spec.call, account }, null, reason('page-repeated', '10.4'));
    cursors.add(read.next);
    cursor = read.next;
  }
  const why = reason('too-many-pages', '17.1', { pages: PAYMENTS_MAX_PAGES });
  throw new ExchangeError('unavailable', { call: spec.call, account }, null, why);
}
