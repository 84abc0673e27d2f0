import { type ZodError, type ZodType, z } from 'zod';
import { commonMultiple, Decimal, ZERO } from '../core/decimal.ts';
import type {
  AccountFill,
  AccountSummary,
  Book,
  BookLevel,
  ExchangeOrder,
  ForeignOrder,
  FundingTerms,
  Instrument,
  InstrumentTerms,
  ListedOrder,
  MarginRules,
  Position,
} from '../core/model.ts';
import { mayBeStrategyId } from '../core/order-id.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { reasonText } from '../texts/reasons.ts';
import { marginOf } from './margin.ts';
import {
  type BookRow,
  bookAnswer,
  bookRow,
  bracketRow,
  fillRow,
  fundingAnswer,
  indexAnswer,
  instrumentRow,
  leverageRow,
  leveragesAnswer,
  marginRulesAnswer,
  type OrderRow,
  orderAnswer,
  orderRow,
  orderStatus,
  pageAnswer,
  positionRow,
  rowsAnswer,
  summaryAnswer,
  uint64Text,
} from './wire.ts';

/**
 * GRVT's answers as the engine's values (strategy 10.4). In what a rule uses (own orders, traded instruments, the fields
 * read), a missing or impossible field makes the whole answer unusable, and the complaint names it; rows of another sub
 * account are such a field: their sizes are not ours. Any other row that cannot be read is skipped and reported.
 */

/** What is strict and what is skipped. */
export interface RowScope {
  /** Whether the engine trades an instrument of that name, case aside. */
  isTraded(instrument: string): boolean;
  /** A row nobody needs cannot be read: which one, and why. */
  onSkip(row: SkippedRow): void;
}

export interface SkippedRow {
  /** What the row names itself by; `?` where nothing in it can be read. */
  readonly name: string;
  /** Its field that cannot be read, without the row's place in the answer, and what is wrong with it. */
  readonly why: Reason;
}

/** An answer that cannot be used. The message begins with the field, e.g. `result[2].state.status: …`. */
export class UnusableAnswer extends Error {
  readonly #field: string;
  readonly #problem: Reason;
  readonly why: Reason;

  constructor(field: string, problem: Reason) {
    const why = reason('unusable-answer', '10.4', { field, problem });
    super(reasonText(why));
    this.name = 'UnusableAnswer';
    this.#field = field;
    this.#problem = problem;
    this.why = why;
  }

  /** The same complaint about a field of that row. */
  within(row: string): UnusableAnswer {
    return new UnusableAnswer(this.#field === '' ? row : `${row}.${this.#field}`, this.#problem);
  }
}

export const MISSING = reason('field-missing', '10.4');
export const ZERO_FIELD = reason('field-zero', '10.4');

/** @throws UnusableAnswer naming the first field that is missing or impossible. */
export function readAs<T>(schema: ZodType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new UnusableAnswer(...complaint(read.error, answer));
}

/**
 * Perpetuals of `all_instruments`; other kinds are not read.
 *
 * @throws UnusableAnswer naming the field, when a traded instrument's row cannot be read.
 */
export function parseInstruments(answer: unknown, scope: RowScope): Instrument[] {
  const rows = readAs(rowsAnswer, answer).result;
  const found = new Map<string, Instrument>();
  for (const [index, row] of rows.entries()) {
    if (isOtherKind(row)) continue;
    const instrument = readRow(scope, `result[${index}]`, row, instrumentOf);
    if (instrument !== null) found.set(instrument.name, instrument);
  }
  return [...found.values()];
}

function instrumentOf(row: unknown): Instrument {
  const read = readAs(instrumentRow, row);
  const [tickSize, minSize] = [new Decimal(read.tick_size), new Decimal(read.min_size)];
  if (tickSize.isZero()) throw new UnusableAnswer('tick_size', ZERO_FIELD);
  if (minSize.isZero()) throw new UnusableAnswer('min_size', ZERO_FIELD);
  return {
    name: read.instrument,
    hash: read.instrument_hash,
    base: read.base,
    quote: read.quote,
    baseDecimals: read.base_decimals,
    tickSize,
    // What a signature cannot say is no step: it would be cut off the signed size.
    minSize: commonMultiple(minSize, new Decimal(10).pow(-read.base_decimals)),
    minNotional: new Decimal(read.min_notional ?? '0'),
  };
}

/** A row by instrument; null: it cannot be read, and is skipped. @throws UnusableAnswer for a traded instrument. */
export function readRow<T>(scope: RowScope, field: string, row: unknown, read: (row: unknown) => T): T | null {
  try {
    return read(row);
  } catch (thrown) {
    if (!(thrown instanceof UnusableAnswer)) throw thrown;
    const instrument = textAt(row, 'instrument');
    if (instrument !== null && scope.isTraded(instrument)) throw thrown.within(field);
    scope.onSkip({ name: instrument ?? '?', why: thrown.why });
    return null;
  }
}

/** What a row has under that name, where it is text fit to be shown: printable, and no longer than any name of theirs. */
function textAt(row: unknown, key: string): string | null {
  const value = valueAt(row, [key]);
  return typeof value === 'string' && SHOWABLE.test(value) ? value : null;
}

const SHOWABLE = /^[\x20-\x7e]{1,100}$/;

/**
 * A book of the instrument asked for. Empty, one-sided and crossed books are the caller's to judge (strategy 7.4).
 *
 * @throws UnusableAnswer when it is another instrument's, unordered, or has an impossible level.
 */
export function parseBook(answer: unknown, instrument: string): Book {
  const row = readAs(bookAnswer, answer).result;
  if (row.instrument !== instrument) {
    throw new UnusableAnswer(
      'result.instrument',
      reason('field-for-another', '10.4', { found: row.instrument, asked: instrument }),
    );
  }
  return bookOf(row);
}

/**
 * A book as its stream sends it, by the same rules.
 *
 * @throws UnusableAnswer when it is unordered or has an impossible level.
 */
export function parseBookFrame(feed: unknown): Book {
  return bookOf(readAs(bookRow, feed));
}

function bookOf(row: BookRow): Book {
  return {
    instrument: row.instrument,
    bids: bookSide('bids', row.bids, (price, before) => price.lt(before)),
    asks: bookSide('asks', row.asks, (price, before) => price.gt(before)),
    eventTimeNs: BigInt(row.event_time),
  };
}

/**
 * The index price of the instrument asked for, USDT.
 *
 * @throws UnusableAnswer when it is another instrument's, or not above 0.
 */
export function parseIndexPrice(answer: unknown, instrument: string): Decimal {
  const row = readAs(indexAnswer, answer).result;
  if (row.instrument !== instrument) {
    throw new UnusableAnswer(
      'result.instrument',
      reason('field-for-another', '10.4', { found: row.instrument, asked: instrument }),
    );
  }
  const price = new Decimal(row.index_price);
  if (price.lte(0))
    throw new UnusableAnswer('result.index_price', reason('field-not-positive', '10.4', { found: row.index_price }));
  return price;
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
    if (price.isZero()) throw new UnusableAnswer(`result.${side}[${index}].price`, ZERO_FIELD);
    if (size.isZero()) throw new UnusableAnswer(`result.${side}[${index}].size`, ZERO_FIELD);
    const before = levels.at(-1)?.price;
    if (before !== undefined && !isFurther(price, before)) {
      throw new UnusableAnswer(
        `result.${side}[${index}].price`,
        reason('level-not-further', '10.4', { price: row.price, before: before.toFixed() }),
      );
    }
    levels.push({ price, size });
  }
  return levels;
}

/**
 * Positions that are not flat, one per instrument: of repeated rows the newest (strategy 10.4).
 *
 * @throws UnusableAnswer naming the field of a traded instrument's row; a mark or entry price of zero under a position is
 *   one (strategy 3.1).
 */
export function parsePositions(answer: unknown, subAccountId: string, scope: RowScope): Position[] {
  const rows = readAs(rowsAnswer, answer).result;
  const newest = new Map<string, Position>();
  for (const [index, row] of rows.entries()) {
    const position = readRow(scope, `result[${index}]`, row, (one) => positionOf(one, subAccountId));
    if (position === null) continue;
    const known = newest.get(position.instrument);
    if (known === undefined || position.eventTimeNs > known.eventTimeNs) newest.set(position.instrument, position);
  }
  return [...newest.values()].filter((position) => !position.size.isZero());
}

/** One position, flat or not. @throws UnusableAnswer naming the field. */
export function positionOf(row: unknown, subAccountId: string): Position {
  const read = readAs(positionRow, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const position = {
    instrument: read.instrument,
    size: new Decimal(read.size),
    entryPrice: new Decimal(read.entry_price),
    markPrice: new Decimal(read.mark_price),
    eventTimeNs: BigInt(read.event_time),
  };
  if (!position.size.isZero()) {
    if (position.markPrice.isZero()) throw new UnusableAnswer('mark_price', ZERO_FIELD);
    if (position.entryPrice.isZero()) throw new UnusableAnswer('entry_price', ZERO_FIELD);
  }
  return position;
}

/** @throws UnusableAnswer naming the field. */
export function parseSummary(answer: unknown, subAccountId: string): AccountSummary {
  const row = readAs(summaryAnswer, answer).result;
  mustBeOwn('result.sub_account_id', row.sub_account_id, subAccountId);
  return {
    totalEquity: new Decimal(row.total_equity),
    maintenanceMargin: new Decimal(row.maintenance_margin),
    ...marginOf(answer),
  };
}

/**
 * One order: the answer to a look-up or to a create.
 *
 * @throws UnusableAnswer naming the field; another client order id than the one asked for is one.
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
 * The open orders: own ones read whole, and the names of the foreign ones (strategy 11.4).
 *
 * @throws UnusableAnswer naming the field of an own order.
 */
export function parseOpenOrders(answer: unknown, subAccountId: string, scope: RowScope): ListedOrder[] {
  const rows = readAs(rowsAnswer, answer).result;
  return [...newestOrders(ownOrdersOf(rows, subAccountId)), ...foreignOrdersOf(rows, scope)];
}

/**
 * One page of history, own orders only, and where the next begins; null: this was the last.
 *
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
 * One page of fills, of which those without a size are none, and where the next begins; null: this was the last. `key` tells a
 * row that two pages have from two alike; null: nothing does.
 *
 * @throws UnusableAnswer naming the field of a traded instrument's fill, or `next`.
 */
export function parseFillHistory(
  answer: unknown,
  subAccountId: string,
  limit: number,
  scope: RowScope,
): { fills: { readonly key: string | null; readonly fill: AccountFill }[]; next: string | null } {
  const { rows, next } = parsePage(answer, limit);
  const read = rows.map((row, index) => readRow(scope, `result[${index}]`, row, (one) => fillOf(one, subAccountId)));
  return { fills: read.filter((one) => one?.fill.size.gt(0) === true).map((one) => one!), next };
}

function fillOf(row: unknown, subAccountId: string): { key: string | null; fill: AccountFill } {
  const read = readAs(fillRow, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const price = new Decimal(read.price);
  if (price.isZero()) throw new UnusableAnswer('price', ZERO_FIELD);
  const id = read.client_order_id;
  const isOwn = mayBeStrategyId(id);
  if (isOwn && !uint64Text.safeParse(id).success) {
    throw new UnusableAnswer(
      'client_order_id',
      reason('field-odd', '10.4', { expected: 'not-unsigned', found: preview(id) }),
    );
  }
  const fill = {
    instrument: read.instrument,
    side: read.is_buyer ? ('buy' as const) : ('sell' as const),
    size: new Decimal(read.size),
    price,
    timeMs: Number(BigInt(read.event_time) / 1_000_000n),
    // Canonical: one id has one spelling.
    clientOrderId: isOwn ? BigInt(id as string).toString() : foreignClientId(id),
  };
  return { key: read.trade_id ? `${read.trade_id} ${fill.side}` : null, fill };
}

/** The rows of a page, and where the next one begins; null: this was the last. @throws UnusableAnswer */
export function parsePage(answer: unknown, limit: number): { rows: readonly unknown[]; next: string | null } {
  const { result, next } = readAs(pageAnswer, answer);
  // A full page that does not say whether more follows would pass for the whole history, and prove absences (9.6).
  if (result.length >= limit && typeof next !== 'string') throw new UnusableAnswer('next', MISSING);
  return { rows: result, next: typeof next !== 'string' || next === '' ? null : next };
}

/**
 * A repeated order counts once, and of differing rows the newest wins (strategy 10.4): by update time, then by what has
 * traded, then by being over. Rows are the same order when they carry one client id.
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

/** Order of a life: no status goes back (API 5.2). */
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

/** The other rows, each named once. Of a row that has no id nobody could be told which order it is. */
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

/** A client id that is not ours, as far as it can be shown. */
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
  // Booked as it stands it would end the order with a fill nobody sees.
  if (state.status === 'FILLED' && tradedSize.isZero()) {
    throw new UnusableAnswer(`${field}.state.traded_size[0]`, reason('filled-without-trade', '10.4'));
  }
  // Canonical: one id has one spelling.
  const clientOrderId = BigInt(row.metadata.client_order_id).toString();
  const limitPrice = new Decimal(leg.limit_price ?? '0');
  // Ours are limit orders, adopted at their price (6.6); let go as filled in part, the rest would come back as drift.
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

/** @throws UnusableAnswer for another account's row. */
export function mustBeOwn(field: string, found: string, own: string): void {
  if (found !== own) {
    throw new UnusableAnswer(field, reason('field-of-other-account', '10.4', { found, own }));
  }
}

function isOtherKind(row: unknown): boolean {
  return (
    row !== null && typeof row === 'object' && 'kind' in row && typeof row.kind === 'string' && row.kind !== 'PERPETUAL'
  );
}

/** The field of the first complaint and what is wrong with it. Of a union, the branch that went deepest. */
function complaint(error: ZodError, answer: unknown): [field: string, problem: Reason] {
  const issue = error.issues[0]!;
  const found = valueAt(answer, issue.path);
  const expected = issue.message.replace(/^Invalid input: /, '');
  const problem = found === undefined ? MISSING : reason('field-odd', '10.4', { expected, found: preview(found) });
  return [fieldName(issue.path), problem];
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

/** Leverage and margin type by instrument (strategy 11.7). A row that cannot be read is left out: nothing depends on one. */
export function parseInstrumentTerms(answer: unknown): InstrumentTerms[] {
  return readAs(leveragesAnswer, answer).results.flatMap((one) => {
    const row = leverageRow.safeParse(one);
    if (!row.success) return [];
    const { instrument, leverage, min_leverage, max_leverage, margin_type } = row.data;
    return [
      {
        instrument,
        leverage,
        minLeverage: min_leverage ?? null,
        maxLeverage: max_leverage ?? null,
        marginType: margin_type ?? null,
      },
    ];
  });
}

/** Largest position and risk brackets of an instrument (strategy 11.7). */
export function parseMarginRules(answer: unknown): MarginRules {
  const { max_position_size: largest, risk_brackets: rows } = readAs(marginRulesAnswer, answer);
  return {
    maxPositionSize: largest && !new Decimal(largest).isZero() ? new Decimal(largest) : null,
    brackets: (rows ?? []).flatMap((one) => {
      const row = bracketRow.safeParse(one);
      if (!row.success) return [];
      const { notional_floor, notional_cap, max_leverage } = row.data;
      return [
        {
          floor: new Decimal(notional_floor),
          cap: notional_cap ? new Decimal(notional_cap) : null,
          maxLeverage: new Decimal(max_leverage),
        },
      ];
    }),
  };
}

/** Funding account and fee tier (strategy 11.7). */
export function parseFundingTerms(answer: unknown): FundingTerms {
  const { result, tier } = readAs(fundingAnswer, answer);
  return {
    mainAccountId: result?.main_account_id ?? null,
    tier: tier?.tier ?? null,
    takerFee: tier?.futures_taker_fee ?? null,
    makerFee: tier?.futures_maker_fee ?? null,
  };
}
