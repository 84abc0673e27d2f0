import { parseE9, printE9 } from '../paper/fixed.ts';
import { type InstrumentSpec, instrumentsFromJson, type Level, type ReplayEvent } from '../paper/index.ts';
import { instrumentView } from '../paper/views.ts';
import { MarketError } from './errors.ts';

/**
 * One stored record of a market (strategy 19.1), written as a JSON array per line: its kind, our receive time in ms,
 * the exchange's time in ns as text. Prices and sizes are plain decimals as text, read to 1e-9.
 */
export type MarketRecord = ReplayEvent | CandleRecord;

/** One candle: `atMs` is its opening time. Prices and volume (base units) count 1e-9. */
export interface CandleRecord {
  readonly kind: 'candle';
  readonly atMs: number;
  readonly intervalMs: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
}

export type RecordKind = MarketRecord['kind'];

/** A record as its line, without the line break. */
export function encodeRecord(record: MarketRecord): string {
  const { kind, atMs } = record;
  switch (kind) {
    case 'instrument':
      return JSON.stringify([
        'i',
        atMs,
        { ...instrumentView(record.spec), start_price: printE9(record.spec.startPrice) },
      ]);
    case 'book':
      return JSON.stringify(['b', atMs, String(record.exchangeNs), pairs(record.bids), pairs(record.asks)]);
    case 'trade': {
      const { exchangeNs, takerBuys, price, size, id } = record;
      return JSON.stringify(['t', atMs, String(exchangeNs), takerBuys ? 1 : 0, printE9(price), printE9(size), id]);
    }
    case 'mark':
      return JSON.stringify(['m', atMs, String(record.exchangeNs), printE9(record.mark), printE9(record.index)]);
    case 'funding': {
      const { exchangeNs, rate, intervalMs, dueMs } = record;
      return JSON.stringify(['f', atMs, String(exchangeNs), printE9(rate), intervalMs, dueMs]);
    }
    case 'gap':
      return JSON.stringify(['g', atMs, record.toMs, record.why]);
    case 'candle': {
      const { intervalMs, open, high, low, close, volume } = record;
      return JSON.stringify(['k', atMs, intervalMs, ...[open, high, low, close, volume].map(printE9)]);
    }
  }
}

function pairs(levels: readonly Level[]): string[] {
  return levels.flatMap(({ price, size }) => [printE9(price), printE9(size)]);
}

/** @throws MarketError naming the line if it is no record */
export function decodeRecord(line: string): MarketRecord {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    throw unreadable(line);
  }
  const record = Array.isArray(fields) ? recordOf(fields) : null;
  if (record === null) throw unreadable(line);
  return record;
}

const SHOWN = 120;

function unreadable(line: string): MarketError {
  return new MarketError(`not a market record: ${line.slice(0, SHOWN)}`);
}

function recordOf(fields: readonly unknown[]): MarketRecord | null {
  const [kind, atMs, ...rest] = fields;
  if (typeof atMs !== 'number' || !Number.isSafeInteger(atMs)) return null;
  if (kind === 'i') {
    const spec = instrument(rest[0]);
    return spec === null ? null : { kind: 'instrument', atMs, spec };
  }
  if (kind === 'g') {
    const [toMs, why] = rest;
    return whole(toMs) && typeof why === 'string' ? { kind: 'gap', atMs, toMs, why } : null;
  }
  if (kind === 'k') {
    const [intervalMs, ...figures] = rest;
    const [open, high, low, close, volume] = figures.map(amount);
    return whole(intervalMs) && open && high && low && close && volume !== null && volume !== undefined
      ? { kind: 'candle', atMs, intervalMs, open, high, low, close, volume }
      : null;
  }
  const exchangeNs = typeof rest[0] === 'string' && /^\d{1,20}$/.test(rest[0]) ? BigInt(rest[0]) : null;
  return exchangeNs === null ? null : timedRecord(kind, atMs, exchangeNs, rest.slice(1));
}

function timedRecord(kind: unknown, atMs: number, exchangeNs: bigint, rest: readonly unknown[]): MarketRecord | null {
  const timed = { atMs, exchangeNs };
  switch (kind) {
    case 't': {
      const [buys, price, size, id] = [rest[0], amount(rest[1]), amount(rest[2]), rest[3]];
      const isWhole = (buys === 1 || buys === 0) && price && size && typeof id === 'string';
      return isWhole ? { kind: 'trade', ...timed, takerBuys: buys === 1, price, size, id } : null;
    }
    case 'b': {
      const [bids, asks] = [levels(rest[0]), levels(rest[1])];
      return bids === null || asks === null ? null : { kind: 'book', ...timed, bids, asks };
    }
    case 'm': {
      const [mark, index] = [amount(rest[0]), amount(rest[1])];
      return mark && index ? { kind: 'mark', ...timed, mark, index } : null;
    }
    case 'f': {
      const [rate, intervalMs, dueMs] = [typeof rest[0] === 'string' ? parseE9(rest[0]) : null, rest[1], rest[2]];
      return rate !== null && whole(intervalMs) && intervalMs > 0 && whole(dueMs)
        ? { kind: 'funding', ...timed, rate, intervalMs, dueMs }
        : null;
    }
    default:
      return null;
  }
}

function whole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Texts of amounts kept: a book repeats most prices of the one before, and sizes come in few steps. */
const AMOUNTS_KEPT = 10_000;
const amounts = new Map<string, bigint | null>();

/** Non-negative; null: no plain decimal. */
function amount(value: unknown): bigint | null {
  if (typeof value !== 'string') return null;
  const known = amounts.get(value);
  if (known !== undefined) return known;
  const parsed = parseE9(value);
  const read = parsed === null || parsed < 0n ? null : parsed;
  if (amounts.size >= AMOUNTS_KEPT) amounts.clear();
  amounts.set(value, read);
  return read;
}

function levels(value: unknown): Level[] | null {
  if (!Array.isArray(value) || value.length % 2 !== 0) return null;
  const read: Level[] = [];
  for (let index = 0; index < value.length; index += 2) {
    const [price, size] = [amount(value[index]), amount(value[index + 1])];
    if (!price || size === null) return null;
    read.push({ price, size, orders: 1 });
  }
  return read;
}

function instrument(value: unknown): InstrumentSpec | null {
  try {
    return instrumentsFromJson([value])[0] ?? null;
  } catch {
    return null;
  }
}
