import { commonMultiple, Decimal, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';

/**
 * Reads GRVT's full-name JSON as sent and received (API 4 to 6). Separate from the adapter's schemas on purpose: an
 * auditor that shares the engine's parser would share its bugs. Unreadable values are null, never a default.
 */

export type Json = Readonly<Record<string, unknown>>;

/** A JSON object, or the object in a JSON text; null for anything else. */
export function asObject(value: unknown): Json | null {
  if (typeof value === 'string') {
    try {
      return asObject(JSON.parse(value) as unknown);
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

const PLAIN = /^-?\d+(\.\d+)?$/;

function isDecimal(value: unknown): value is string | number {
  return typeof value === 'string' ? PLAIN.test(value) : typeof value === 'number' && Number.isFinite(value);
}

/** A decimal as GRVT prints it; null if it is not one. */
export function asDecimal(value: unknown): Decimal | null {
  return isDecimal(value) ? new Decimal(value) : null;
}

/** An unsigned integer as text or number; null if it is not one. */
export function asInteger(value: unknown): bigint | null {
  if (typeof value === 'string' && /^\d+$/.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return null;
}

/** An id as text, even if it was sent as a number. */
export function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : null;
}

/**
 * Account and side of a strategy order's id (strategy 9.2): bits 63–60 `1110`, bit 59 the account, bit 58 the side.
 * null: foreign.
 */
export function strategyId(clientOrderId: string): { readonly account: AccountName; readonly side: Side } | null {
  if (!/^\d{19,20}$/.test(clientOrderId)) return null;
  const bits = BigInt(clientOrderId);
  if (bits >> 60n !== 0b1110n) return null;
  return { account: (bits >> 59n) & 1n ? 'B' : 'A', side: (bits >> 58n) & 1n ? 'sell' : 'buy' };
}

export interface OrderBody {
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly status: string;
  readonly rejectReason: string;
  readonly traded: Decimal;
  readonly avgPrice: Decimal;
  readonly updateTimeNs: bigint | null;
  readonly expirationNs: bigint | null;
}

/** The first of a list. */
export function first(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : undefined;
}

const STATUSES: ReadonlySet<unknown> = new Set(['PENDING', 'OPEN', 'FILLED', 'CANCELLED', 'REJECTED']);

/**
 * The strategy orders of a list; null if one is unreadable, since a partial answer is no answer. Foreign rows are
 * ignored (strategy 10.4).
 */
export function readOwnOrders(rows: readonly unknown[]): readonly OrderBody[] | null {
  let read = lists.get(rows);
  if (read === undefined) {
    read = ownOrdersIn(rows);
    lists.set(rows, read);
  }
  return read;
}

/** An answer with the text of the last one is the same value: its rows are not read again. */
const lists = new WeakMap<readonly unknown[], readonly OrderBody[] | null>();

function ownOrdersIn(rows: readonly unknown[]): readonly OrderBody[] | null {
  const orders = rows.filter(isPerhapsOwn).map(readOrder);
  const read = orders.filter((order) => order !== null && strategyId(order.clientOrderId) !== null);
  return read.length < orders.length ? null : (read as OrderBody[]);
}

/** Whether its client id is a strategy order's, or may be one that was rounded or spelled unusually. */
function isPerhapsOwn(row: unknown): boolean {
  const id = asObject(asObject(row)?.metadata)?.client_order_id;
  const text = typeof id === 'number' && Number.isFinite(id) ? id.toFixed(0) : typeof id === 'string' ? id.trim() : '';
  return /^(\d{1,40}|0x[\da-f]{1,40})$/i.test(text) && BigInt(text) >> 60n === 0b1110n;
}

/**
 * A strategy order by its first leg; null if a field is missing or impossible (strategy 10.4). The average may be
 * missing if nothing traded.
 */
export function readOrder(value: unknown): OrderBody | null {
  const order = asObject(value);
  const leg = asObject(first(order?.legs));
  const state = asObject(order?.state);
  const metadata = asObject(order?.metadata);
  const clientOrderId = asText(metadata?.client_order_id);
  if (!order || !leg || !state || clientOrderId === null) return null;
  const size = asDecimal(leg.size);
  const price = leg.limit_price === undefined || leg.limit_price === null ? ZERO : asDecimal(leg.limit_price);
  const traded = asDecimal(first(state.traded_size));
  const average = first(state.avg_fill_price);
  const avgPrice = average === undefined ? ZERO : asDecimal(average);
  const { instrument } = leg;
  const { status, reject_reason: rejectReason } = state;
  if (!size || !price || !traded || !avgPrice || typeof instrument !== 'string' || typeof status !== 'string')
    return null;
  if (!STATUSES.has(status) || typeof rejectReason !== 'string' || typeof leg.is_buying_asset !== 'boolean')
    return null;
  if (asText(order.sub_account_id) === null || asInteger(state.update_time) === null) return null;
  if (asInteger(asObject(order.signature)?.expiration) === null) return null;
  if (traded.gt(size) || traded.isNegative() || size.isZero() || (traded.gt(0) && avgPrice.lte(0))) return null;
  if (price.lte(0) || (status === 'FILLED' && !traded.eq(size))) return null;
  return {
    clientOrderId,
    instrument,
    side: leg.is_buying_asset === true ? 'buy' : 'sell',
    size,
    price,
    status,
    rejectReason,
    traded,
    avgPrice,
    updateTimeNs: asInteger(state.update_time),
    expirationNs: asInteger(asObject(order.signature)?.expiration),
  };
}

export interface CreateBody {
  readonly subAccountId: string | null;
  readonly clientOrderId: string | null;
  readonly instrument: string | null;
  readonly side: Side;
  readonly size: Decimal | null;
  readonly price: Decimal | null;
  readonly legs: number;
  readonly isMarket: boolean;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly timeInForce: string | null;
  readonly expirationNs: bigint | null;
}

/** The order a create asks for; null: unreadable. */
export function readCreate(request: unknown): CreateBody | null {
  const order = asObject(asObject(request)?.order);
  if (!order) return null;
  const legs = Array.isArray(order.legs) ? (order.legs as unknown[]) : [];
  const leg = asObject(legs[0]);
  return {
    subAccountId: asText(order.sub_account_id),
    clientOrderId: asText(asObject(order.metadata)?.client_order_id),
    instrument: asText(leg?.instrument),
    side: leg?.is_buying_asset === true ? 'buy' : 'sell',
    size: asDecimal(leg?.size),
    price: asDecimal(leg?.limit_price),
    legs: legs.length,
    isMarket: order.is_market !== undefined && order.is_market !== false,
    postOnly: order.post_only === true,
    reduceOnly: order.reduce_only === true,
    timeInForce: asText(order.time_in_force),
    expirationNs: asInteger(asObject(order.signature)?.expiration),
  };
}

export interface PositionBody {
  readonly size: Decimal;
  readonly markPrice: Decimal;
  readonly eventTimeNs: bigint;
}

/**
 * The rows of a positions answer, one per instrument (the newest of repeated rows, strategy 10.4); null if the row of a
 * traded instrument is unreadable. Other instruments are ignored.
 */
export function readPositions(
  result: unknown,
  isTraded: (instrument: string) => boolean,
): Map<string, PositionBody> | null {
  if (!Array.isArray(result)) return null;
  const rows = new Map<string, PositionBody>();
  for (const item of result as unknown[]) {
    const row = asObject(item);
    if (typeof row?.instrument !== 'string' || !isTraded(row.instrument)) continue;
    const size = asDecimal(row?.size);
    const markPrice = asDecimal(row?.mark_price);
    const eventTimeNs = asInteger(row?.event_time);
    if (!size || !markPrice || asDecimal(row?.entry_price) === null) return null;
    if (eventTimeNs === null || asText(row.sub_account_id) === null) return null;
    const known = rows.get(row.instrument);
    if (known && known.eventTimeNs > eventTimeNs) continue;
    rows.set(row.instrument, { size, markPrice, eventTimeNs });
  }
  return rows;
}

/** The size step: the larger of `min_size` and the resolution of `base_decimals` (strategy 3.2, 7.3). */
export function stepOf(minSize: Decimal, baseDecimals: number): Decimal {
  return commonMultiple(minSize, new Decimal(10).pow(-baseDecimals));
}

/** Best bid and ask; null if a side is empty or unreadable, or the book is crossed (strategy 7.4). */
export function readTouch(result: unknown): { instrument: string; bid: Decimal; ask: Decimal } | null {
  const book = asObject(result);
  const bid = asDecimal(asObject(first(book?.bids))?.price);
  const ask = asDecimal(asObject(first(book?.asks))?.price);
  if (!book || typeof book.instrument !== 'string' || !bid || !ask || bid.gte(ask)) return null;
  return { instrument: book.instrument, bid, ask };
}

/** A fill in a fill history. */
export interface FillBody {
  readonly instrument: string;
  /** Base units; sells negative. */
  readonly size: Decimal;
  readonly price: Decimal;
  /** The exchange's time. */
  readonly atMs: number;
  /** Identifies a row that two pages contain; null: none. */
  readonly tradeId: string | null;
  readonly clientOrderId: string | null;
}

/** The readable fills of a page. */
export function readFills(result: unknown): readonly FillBody[] {
  return (Array.isArray(result) ? (result as unknown[]) : []).flatMap((item) => {
    const row = asObject(item);
    const size = asDecimal(row?.size);
    const price = asDecimal(row?.price);
    const timeNs = asInteger(row?.event_time);
    if (!size?.gt(0) || !price || timeNs === null || typeof row?.instrument !== 'string') return [];
    const isBuy = row.is_buyer === true;
    const trade = asText(row.trade_id);
    return [
      {
        ...{ instrument: row.instrument, size: isBuy ? size : size.neg(), price, atMs: Number(timeNs / 1_000_000n) },
        ...{ tradeId: trade === null ? null : `${trade} ${isBuy}`, clientOrderId: asText(row.client_order_id) },
      },
    ];
  });
}
