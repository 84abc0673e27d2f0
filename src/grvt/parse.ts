import { type ZodError, type ZodType, z } from 'zod';
import { Decimal, ZERO } from '../core/decimal.ts';
import type { AccountSummary, Book, BookLevel, ExchangeOrder, Instrument, Position } from '../core/model.ts';
import { isStrategyOrder } from '../core/order-id.ts';
import {
  bookAnswer,
  instrumentRow,
  instrumentsAnswer,
  type OrderRow,
  orderAnswer,
  orderHistoryAnswer,
  ordersAnswer,
  positionsAnswer,
  summaryAnswer,
} from './wire.ts';

/**
 * GRVT's answers as the engine's values (strategy 10.4): a missing or impossible field makes the whole answer unusable,
 * and the complaint names it. Rows of another sub account are such a field: their sizes are not ours.
 */

/** An answer that cannot be used. The message begins with the field, e.g. `result[2].state.status: …`. */
export class UnusableAnswer extends Error {
  constructor(field: string, why: string) {
    super(`${field === '' ? 'answer' : field}: ${why}`);
    this.name = 'UnusableAnswer';
  }
}

/** @throws UnusableAnswer naming the first field that is missing or impossible. */
export function readAs<T>(schema: ZodType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new UnusableAnswer(...complaint(read.error, answer));
}

/**
 * Perpetuals of `all_instruments`; other kinds are not read.
 *
 * @throws UnusableAnswer naming the field.
 */
export function parseInstruments(answer: unknown): Instrument[] {
  const rows = readAs(instrumentsAnswer, answer).result;
  const found = new Map<string, Instrument>();
  for (const [index, row] of rows.entries()) {
    if (isOtherKind(row)) continue;
    const field = `result[${index}]`;
    const read = instrumentRow.safeParse(row);
    if (!read.success) {
      const [path, why] = complaint(read.error, row);
      throw new UnusableAnswer(path === '' ? field : `${field}.${path}`, why);
    }
    const instrument = {
      name: read.data.instrument,
      hash: read.data.instrument_hash,
      base: read.data.base,
      quote: read.data.quote,
      baseDecimals: read.data.base_decimals,
      tickSize: new Decimal(read.data.tick_size),
      minSize: new Decimal(read.data.min_size),
      minNotional: new Decimal(read.data.min_notional ?? '0'),
    };
    if (instrument.tickSize.isZero()) throw new UnusableAnswer(`${field}.tick_size`, 'is zero');
    if (instrument.minSize.isZero()) throw new UnusableAnswer(`${field}.min_size`, 'is zero');
    found.set(instrument.name, instrument);
  }
  return [...found.values()];
}

/**
 * A book of the instrument asked for. Empty, one-sided and crossed books are the caller's to judge (strategy 7.4).
 *
 * @throws UnusableAnswer when it is another instrument's, unordered, or has an impossible level.
 */
export function parseBook(answer: unknown, instrument: string): Book {
  const row = readAs(bookAnswer, answer).result;
  if (row.instrument !== instrument) {
    throw new UnusableAnswer('result.instrument', `is ${row.instrument}, asked for ${instrument}`);
  }
  return {
    instrument,
    bids: bookSide('bids', row.bids, (price, before) => price.lt(before)),
    asks: bookSide('asks', row.asks, (price, before) => price.gt(before)),
    eventTimeNs: BigInt(row.event_time),
  };
}

function bookSide(
  side: string,
  rows: readonly { price: string; size: string }[],
  isFurther: (price: Decimal, before: Decimal) => boolean,
): BookLevel[] {
  const levels: BookLevel[] = [];
  for (const [index, row] of rows.entries()) {
    const price = new Decimal(row.price);
    const size = new Decimal(row.size);
    if (price.isZero()) throw new UnusableAnswer(`result.${side}[${index}].price`, 'is zero');
    if (size.isZero()) throw new UnusableAnswer(`result.${side}[${index}].size`, 'is zero');
    const before = levels.at(-1)?.price;
    if (before !== undefined && !isFurther(price, before)) {
      throw new UnusableAnswer(
        `result.${side}[${index}].price`,
        `${row.price} is not further than ${before.toFixed()}`,
      );
    }
    levels.push({ price, size });
  }
  return levels;
}

/**
 * Positions that are not flat, one per instrument: of repeated rows the newest (strategy 10.4).
 *
 * @throws UnusableAnswer naming the field; a mark or entry price of zero under a position is one (strategy 3.1).
 */
export function parsePositions(answer: unknown, subAccountId: string): Position[] {
  const rows = readAs(positionsAnswer, answer).result;
  const newest = new Map<string, Position>();
  for (const [index, row] of rows.entries()) {
    const field = `result[${index}]`;
    mustBeOwn(`${field}.sub_account_id`, row.sub_account_id, subAccountId);
    const position = {
      instrument: row.instrument,
      size: new Decimal(row.size),
      entryPrice: new Decimal(row.entry_price),
      markPrice: new Decimal(row.mark_price),
      eventTimeNs: BigInt(row.event_time),
    };
    if (!position.size.isZero()) {
      if (position.markPrice.isZero()) throw new UnusableAnswer(`${field}.mark_price`, 'is zero');
      if (position.entryPrice.isZero()) throw new UnusableAnswer(`${field}.entry_price`, 'is zero');
    }
    const known = newest.get(position.instrument);
    if (known === undefined || position.eventTimeNs > known.eventTimeNs) newest.set(position.instrument, position);
  }
  return [...newest.values()].filter((position) => !position.size.isZero());
}

/** @throws UnusableAnswer naming the field. */
export function parseSummary(answer: unknown, subAccountId: string): AccountSummary {
  const row = readAs(summaryAnswer, answer).result;
  mustBeOwn('result.sub_account_id', row.sub_account_id, subAccountId);
  return {
    totalEquity: new Decimal(row.total_equity),
    initialMargin: new Decimal(row.initial_margin),
    maintenanceMargin: new Decimal(row.maintenance_margin),
    availableBalance: new Decimal(row.available_balance),
    eventTimeNs: BigInt(row.event_time),
  };
}

/**
 * One order: the answer to a look-up or to a create.
 *
 * @throws UnusableAnswer naming the field; another client order id than the one asked for is one.
 */
export function parseOrder(answer: unknown, subAccountId: string, clientOrderId: string): ExchangeOrder {
  const order = orderOf(readAs(orderAnswer, answer).result, 'result', subAccountId);
  if (order.clientOrderId !== clientOrderId) {
    throw new UnusableAnswer(
      'result.metadata.client_order_id',
      `is ${order.clientOrderId}, asked for ${clientOrderId}`,
    );
  }
  return order;
}

/** @throws UnusableAnswer naming the field. */
export function parseOpenOrders(answer: unknown, subAccountId: string): ExchangeOrder[] {
  return newestOrders(ordersOf(readAs(ordersAnswer, answer).result, subAccountId));
}

/** One page of history, as served, and where the next begins; null: this was the last. @throws UnusableAnswer */
export function parseOrderHistory(
  answer: unknown,
  subAccountId: string,
  limit: number,
): { orders: ExchangeOrder[]; next: string | null } {
  const { result, next } = readAs(orderHistoryAnswer, answer);
  // A full page that does not say whether more follows would pass for the whole history, and prove absences (9.6).
  if (result.length >= limit && typeof next !== 'string') throw new UnusableAnswer('next', 'is missing');
  return { orders: ordersOf(result, subAccountId), next: next === undefined || next === '' ? null : next };
}

/**
 * A repeated order counts once, and of differing rows the newest wins (strategy 10.4): by update time, then by what has
 * traded, then by being over. Rows are the same order when they carry one client id; orders without one, by order id.
 */
export function newestOrders(orders: readonly ExchangeOrder[]): ExchangeOrder[] {
  const newest = new Map<string, ExchangeOrder>();
  for (const order of orders) {
    const key = order.clientOrderId === '0' ? order.orderId : order.clientOrderId;
    const known = newest.get(key);
    if (known === undefined || isNewer(order, known)) newest.set(key, order);
  }
  return [...newest.values()];
}

function isNewer(order: ExchangeOrder, known: ExchangeOrder): boolean {
  if (order.updateTimeNs !== known.updateTimeNs) return order.updateTimeNs > known.updateTimeNs;
  if (!order.tradedSize.eq(known.tradedSize)) return order.tradedSize.gt(known.tradedSize);
  return LIFE[order.status] > LIFE[known.status];
}

/** Order of a life: no status goes back (API 5.2). */
const LIFE: Readonly<Record<ExchangeOrder['status'], number>> = {
  PENDING: 0,
  OPEN: 1,
  FILLED: 2,
  CANCELLED: 2,
  REJECTED: 2,
};

function ordersOf(rows: readonly OrderRow[], subAccountId: string): ExchangeOrder[] {
  return rows.map((row, index) => orderOf(row, `result[${index}]`, subAccountId));
}

function orderOf(row: OrderRow, field: string, subAccountId: string): ExchangeOrder {
  mustBeOwn(`${field}.sub_account_id`, row.sub_account_id, subAccountId);
  const leg = row.legs[0]!;
  const { state } = row;
  const size = new Decimal(leg.size);
  const tradedSize = new Decimal(state.traded_size[0]!);
  const averages = state.avg_fill_price ?? [];
  const avgFillPrice = averages.length === 0 ? ZERO : new Decimal(averages[0]!);
  if (size.isZero()) throw new UnusableAnswer(`${field}.legs[0].size`, 'is zero');
  if (tradedSize.gt(size)) {
    throw new UnusableAnswer(
      `${field}.state.traded_size[0]`,
      `${tradedSize.toFixed()} is more than the size ${leg.size}`,
    );
  }
  if (!tradedSize.isZero() && avgFillPrice.isZero()) {
    throw new UnusableAnswer(`${field}.state.avg_fill_price[0]`, 'is missing or zero though something traded');
  }
  // Booked as it stands it would end the order with a fill nobody sees.
  if (state.status === 'FILLED' && tradedSize.isZero()) {
    throw new UnusableAnswer(`${field}.state.traded_size[0]`, 'is zero though the order is FILLED');
  }
  // Canonical: one id has one spelling.
  const clientOrderId = BigInt(row.metadata.client_order_id).toString();
  const limitPrice = new Decimal(leg.limit_price ?? '0');
  // A foreign order may have no price (market, trigger) and fill less than it says (what is left of a position). Ours are
  // limit orders, adopted at their price (6.6); let go as filled in part, the rest would come back as drift.
  if (isStrategyOrder(clientOrderId)) {
    if (limitPrice.isZero()) throw new UnusableAnswer(`${field}.legs[0].limit_price`, 'is missing or zero');
    if (state.status === 'FILLED' && !tradedSize.eq(size)) {
      throw new UnusableAnswer(
        `${field}.state.traded_size[0]`,
        `is ${tradedSize.toFixed()}, not the size ${leg.size} though the order is FILLED`,
      );
    }
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

function mustBeOwn(field: string, found: string, own: string): void {
  if (found !== own) throw new UnusableAnswer(field, `is ${found}, not this account's ${own}`);
}

function isOtherKind(row: unknown): boolean {
  return (
    row !== null && typeof row === 'object' && 'kind' in row && typeof row.kind === 'string' && row.kind !== 'PERPETUAL'
  );
}

/** The field of the first complaint and what is wrong with it. Of a union, the branch that went deepest. */
function complaint(error: ZodError, answer: unknown): [field: string, why: string] {
  const issue = error.issues[0];
  if (issue === undefined) return ['', 'unusable'];
  const found = valueAt(answer, issue.path);
  const shown =
    found === undefined ? 'missing' : `${issue.message.replace(/^Invalid input: /, '')}, found ${preview(found)}`;
  return [fieldName(issue.path), shown];
}

function fieldName(path: readonly PropertyKey[]): string {
  return z.core.toDotPath(path);
}

function valueAt(answer: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    answer,
  );
}

/** Of a value more than is shown of it: secrets are taken out first (errors.ts shortens it). */
const MAX_PREVIEW = 4_096;

function preview(value: unknown): string {
  if (value === null || typeof value !== 'object') {
    const whole = JSON.stringify(value) ?? String(value);
    return whole.slice(0, MAX_PREVIEW);
  }
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
