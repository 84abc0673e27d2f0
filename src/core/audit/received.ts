import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import type { FillBody, OrderBody } from './bodies.ts';
import {
  asDecimal,
  asInteger,
  asObject,
  asText,
  first,
  readFills,
  readOrder,
  readPositions,
  readTouch,
  stepOf,
} from './bodies.ts';
import type { InstrumentRules } from './model.ts';

/**
 * The messages the engine received, by subject: rows that a declared input can name and be compared with (strategy
 * 15.2). Bounded by number and age.
 */

/** A position, or its absence, as one message stated it. */
export interface PositionSeen {
  /** The message's id. */
  readonly id: number;
  readonly kind: 'reading' | 'frame';
  /** When it was requested (frames are not) and received, by the auditor's monotonic time. */
  readonly askedAtMs: number;
  readonly atMs: number;
  /** How often our wall clock had been set back at the request. */
  readonly era: number;
  readonly size: Decimal;
  /** null: flat. */
  readonly markPrice: Decimal | null;
}

export interface TouchSeen {
  readonly atMs: number;
  readonly bid: Decimal;
  readonly ask: Decimal;
}

/** A fill history of an account, newest first: the pages so far; no rows if a page was unreadable. */
export interface HistorySeen {
  readonly atMs: number;
  readonly fills: readonly FillBody[];
}

/** Histories kept per account: a difference is explained within a few. */
const MAX_HISTORIES = 8;
/** Fills kept of one history: as many as an engine may page through. */
const MAX_FILLS = 20_000;
/** Messages kept per position or book: the last minute of a busy stream, the last minutes of a 2 s loop. */
const MAX_SEEN = 256;
/** Full reads kept: an account's view is based on the last one or the one before. */
const READINGS_KEPT = 2;

/** Older rows are never declared: full reads become unusable long before (strategy 10.3). */
const KEEP_MS = 300_000;

export class Received {
  readonly #positions = new Map<string, PositionSeen[]>();
  readonly #touches = new Map<string, TouchSeen[]>();
  readonly #histories = new Map<AccountName, HistorySeen[]>();
  readonly rules = new Map<string, InstrumentRules>();
  /** The previous rules, and until when an order may still follow them. */
  readonly previousRules = new Map<string, { readonly rules: InstrumentRules; readonly untilMs: number }>();

  /** The latest full reads of each account, for symbols that start later. */
  readonly #readings = new Map<AccountName, { readonly result: unknown; readonly when: SeenAt }[]>();

  positions(account: AccountName, instrument: string): readonly PositionSeen[] {
    return this.#positions.get(`${account} ${instrument}`) ?? [];
  }

  touches(instrument: string): readonly TouchSeen[] {
    return this.#touches.get(instrument) ?? [];
  }

  histories(account: AccountName): readonly HistorySeen[] {
    return this.#histories.get(account) ?? [];
  }

  /** A page of fills; a request with a cursor continues the page before it. */
  sawFills(account: AccountName, request: unknown, result: unknown, atMs: number): void {
    const known = this.histories(account);
    const continued = asObject(request)?.cursor === undefined ? undefined : known.at(-1);
    const previous = continued?.fills ?? [];
    const ids = new Set(previous.map(({ tradeId }) => tradeId));
    const added = readFills(result).filter(({ tradeId }) => tradeId === null || !ids.has(tradeId));
    const fills = [...previous, ...added].slice(0, MAX_FILLS);
    const others = continued === undefined ? known : known.slice(0, -1);
    this.#histories.set(account, [...others, { atMs, fills }].slice(-MAX_HISTORIES));
  }

  /** A complete answer to `positions`: for each requested instrument a row, or its absence. */
  sawReading(account: AccountName, result: unknown, traded: ReadonlyMap<string, unknown>, when: SeenAt): void {
    this.#readings.set(account, [...(this.#readings.get(account) ?? []), { result, when }].slice(-READINGS_KEPT));
    this.#sawRows(account, result, traded, when);
  }

  #sawRows(account: AccountName, result: unknown, traded: ReadonlyMap<string, unknown>, when: SeenAt): void {
    const rows = readPositions(result, (instrument) => traded.has(instrument));
    if (rows === null) return;
    for (const instrument of traded.keys()) {
      const row = rows.get(instrument);
      const { size, markPrice } = row ?? { size: ZERO, markPrice: null };
      this.#sawPosition(account, instrument, { ...when, kind: 'reading', size, markPrice });
    }
  }

  /** An instrument is traded from now on: the latest reads count, including its absence from them. */
  takeUp(instrument: string): void {
    for (const [account, readings] of this.#readings) {
      for (const { result, when } of readings) this.#sawRows(account, result, new Map([[instrument, null]]), when);
    }
  }

  sawPositionFrame(account: AccountName, feed: unknown, when: SeenAt): void {
    for (const [instrument, { size, markPrice }] of readPositions([feed], () => true) ?? []) {
      this.#sawPosition(account, instrument, { ...when, kind: 'frame', size, markPrice });
    }
  }

  #sawPosition(account: AccountName, instrument: string, seen: PositionSeen): void {
    keep(this.#positions, `${account} ${instrument}`, seen);
  }

  sawBook(result: unknown, atMs: number): void {
    const touch = readTouch(result);
    if (touch !== null) keep(this.#touches, touch.instrument, { atMs, bid: touch.bid, ask: touch.ask });
  }

  /** Tick, step and minimum notional. */
  sawInstruments(result: unknown, previousUntilMs: number): void {
    for (const item of Array.isArray(result) ? (result as unknown[]) : [result]) {
      const row = asObject(item);
      const name = asText(row?.instrument);
      const tickSize = asDecimal(row?.tick_size);
      const minSize = asDecimal(row?.min_size);
      const baseDecimals = asDecimal(row?.base_decimals)?.toNumber();
      if (name === null || !row || !tickSize?.gt(0) || !minSize?.gt(0) || !Number.isInteger(baseDecimals)) continue;
      const step = stepOf(minSize, baseDecimals as number);
      const rules = { tickSize, minSize: step, minNotional: asDecimal(row.min_notional) ?? ZERO };
      const old = this.rules.get(name);
      if (old && !(old.tickSize.eq(tickSize) && old.minSize.eq(minSize) && old.minNotional.eq(rules.minNotional))) {
        this.previousRules.set(name, { rules: old, untilMs: previousUntilMs });
      }
      this.rules.set(name, rules);
    }
  }

  /** After a start, earlier messages are no basis for decisions. */
  forget(): void {
    this.#positions.clear();
    this.#readings.clear();
    this.#touches.clear();
    this.#histories.clear();
  }
}

export type SeenAt = Pick<PositionSeen, 'id' | 'askedAtMs' | 'atMs' | 'era'>;

function keep<T extends { readonly atMs: number }>(map: Map<string, T[]>, key: string, seen: T): void {
  const list = map.get(key) ?? [];
  list.push(seen);
  if (list.length > MAX_SEEN || (list[0] as T).atMs < seen.atMs - KEEP_MS) list.shift();
  map.set(key, list);
}

/** An order by a frame of the order or the state stream; null: unreadable, or a state without the order's terms. */
export function orderOfFrame(stream: string, feed: unknown): Pick<OrderBody, StateFields> | null {
  if (stream === 'v1.order') return readOrder(feed);
  const row = asObject(feed);
  const state = asObject(row?.order_state);
  const clientOrderId = asText(row?.client_order_id);
  const traded = asDecimal(first(state?.traded_size));
  const avgPrice = asDecimal(first(state?.avg_fill_price)) ?? ZERO;
  const { status, reject_reason: rejectReason } = state ?? {};
  if (clientOrderId === null || traded === null || typeof status !== 'string') return null;
  const updateTimeNs = asInteger(state?.update_time);
  return { clientOrderId, status, rejectReason: String(rejectReason ?? ''), traded, avgPrice, updateTimeNs };
}

/** What a message may change about an order. */
export type StateFields = 'clientOrderId' | 'status' | 'rejectReason' | 'traded' | 'avgPrice' | 'updateTimeNs';
