import { z } from 'zod';
import { decimalText, nanosText, unsignedText } from '../grvt/wire.ts';
import { e9 } from '../paper/fixed.ts';
import type { InstrumentSpec } from '../paper/index.ts';
import { MarketError } from './errors.ts';
import { type PublicApi, TooMany } from './public-api.ts';
import type { MarketRecord } from './record.ts';
import { DAY_MS, dayOf, MarketWriter, readDay } from './store.ts';

/**
 * Fetches past public trades and candles into a stored market (strategy 19.1). The exchange gives the newest first, a
 * store needs the oldest first: it is asked window by window, each in memory until complete. An interrupted run
 * continues after the last record.
 */
export interface FetchOptions {
  readonly api: Pick<PublicApi, 'ask'>;
  readonly directory: string;
  readonly spec: InstrumentSpec;
  readonly kind: FetchKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** The funding rates of that time, too. */
  readonly funding: boolean;
  readonly pause: (ms: number) => Promise<void>;
  readonly onProgress?: (reachedMs: number, rows: number) => void;
  /** Called between two windows: everything up to then is complete. */
  readonly interrupted?: () => boolean;
}

export const FETCH_KINDS = ['trades', 'candles'] as const;
export type FetchKind = (typeof FETCH_KINDS)[number];

export interface Fetched {
  readonly rows: number;
  readonly fundingRates: number;
  readonly pages: number;
  /** How often the exchange demanded a pause. */
  readonly waits: number;
  /** Where this run began: after what was stored already. */
  readonly fromMs: number;
  /** Everything up to there was requested. */
  readonly reachedMs: number;
}

const PAGE = 1_000;
/** One window: ten minutes of trades; candles of a minute that fill a page. */
const WINDOW_MS: Readonly<Record<FetchKind, number>> = { trades: 600_000, candles: PAGE * 60_000 };
/** More rows in one window exceed any market. */
const MOST_ROWS = 500_000;
/** Interval of pages by the exchange's weights (API 7): never meets a limit. */
const PACE_MS = 130;
/** Pauses after a rejection or failure. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

const page = z.object({ result: z.array(z.unknown()), next: z.string().nullish() });
const tradeRow = z.object({
  event_time: nanosText,
  instrument: z.string(),
  is_taker_buyer: z.boolean(),
  size: unsignedText,
  price: unsignedText,
  trade_id: z.string().min(1).max(100),
});
const candleRow = z.object({
  open_time: nanosText,
  open: unsignedText,
  high: unsignedText,
  low: unsignedText,
  close: unsignedText,
  volume_b: unsignedText,
});
const fundingRow = z.object({
  funding_time: nanosText,
  /** Percent of the notional. */
  funding_rate: decimalText,
  /** As a number, or as text; 0 or absent: it does not say. */
  funding_interval_hours: z.coerce.number().nullish(),
});

const NS = 1_000_000n;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** @throws MarketError if the exchange does not answer, or unreadably */
export async function fetchMarket(options: FetchOptions): Promise<Fetched> {
  const { directory, spec, kind, toMs } = options;
  const writer = new MarketWriter(directory, spec.name);
  const { lastMs } = writer;
  const counts = { rows: 0, fundingRates: 0, pages: 0, waits: 0 };
  const after =
    lastMs === null
      ? Number.NEGATIVE_INFINITY
      : // The last record may be a funding rate, at any time of its minute.
        kind === 'candles'
        ? Math.floor(lastMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS
        : lastMs;
  // A process that died between two blocks may have omitted some trades of a millisecond.
  const stored = lastMs === null ? new Set<string>() : tradesAt(directory, spec.name, lastMs);
  const fromMs = Math.max(options.fromMs, after);
  let reachedMs = fromMs;
  /** Funding rates are asked for a day at a time. */
  let [funded, fundedToMs]: [MarketRecord[], number] = [[], fromMs];
  try {
    while (reachedMs < toMs && !options.interrupted?.()) {
      if (!options.funding) fundedToMs = toMs;
      else if (fundedToMs <= reachedMs) {
        fundedToMs = Math.min(toMs, reachedMs + DAY_MS);
        funded = await fundingOf(options, reachedMs, fundedToMs, counts);
      }
      const endMs = Math.min(fundedToMs, reachedMs + WINDOW_MS[kind]);
      const rates = funded.filter(({ atMs }) => atMs >= reachedMs && atMs < endMs);
      const records = [...(await windowOf(options, reachedMs, endMs, counts)), ...rates].sort(byTime);
      const [first] = records;
      if (first !== undefined && writer.instrument === null)
        writer.append({ kind: 'instrument', atMs: first.atMs, spec });
      for (const record of records) {
        if (record.kind === 'trade' && record.atMs === lastMs && stored.has(record.id)) continue;
        writer.append(record);
        if (record.kind === 'funding') counts.fundingRates += 1;
        else counts.rows += 1;
      }
      reachedMs = endMs;
      options.onProgress?.(reachedMs, counts.rows);
    }
  } finally {
    writer.close();
  }
  return { ...counts, fromMs, reachedMs };
}

function tradesAt(directory: string, symbol: string, atMs: number): Set<string> {
  const ids = new Set<string>();
  for (const item of readDay(directory, symbol, dayOf(atMs)))
    if (item.kind === 'trade' && item.atMs === atMs) ids.add(item.id);
  return ids;
}

/** Everything of one window, oldest first. */
async function windowOf(options: FetchOptions, fromMs: number, endMs: number, counts: Counts): Promise<MarketRecord[]> {
  const { spec, kind } = options;
  const found = new Map<string, MarketRecord>();
  const route = kind === 'trades' ? 'trade_history' : 'kline';
  const asked = kind === 'candles' ? { interval: 'CI_1_M', type: 'TRADE' } : {};
  await pagesOf(options, route, { asked, fromMs, endMs }, counts, (row) => {
    const [id, record] = recordOf(kind, row, spec.name);
    if (record.atMs < fromMs || record.atMs >= endMs || found.has(id)) return false;
    found.set(id, record);
    if (found.size > MOST_ROWS)
      throw new MarketError(
        `${spec.name}: more than ${MOST_ROWS} ${kind} within ${(endMs - fromMs) / MINUTE_MS} minutes`,
      );
    return true;
  });
  return [...found.values()].reverse().sort(byTime);
}

/**
 * Rates paid in that time, each as it stood just before. The exchange may list what a rate was in between, minute by minute: what
 * was paid is at whole multiples of the interval.
 */
async function fundingOf(
  options: FetchOptions,
  fromMs: number,
  endMs: number,
  counts: Counts,
): Promise<MarketRecord[]> {
  const { spec } = options;
  const seen = new Set<string>();
  const found: MarketRecord[] = [];
  await pagesOf(options, 'funding', { asked: {}, fromMs, endMs: endMs + 1 }, counts, (row) => {
    const { data: paid, error } = fundingRow.safeParse(row);
    if (paid === undefined) throw new MarketError(`${spec.name}: a funding rate that cannot be read: ${error.message}`);
    if (seen.has(paid.funding_time)) return false;
    seen.add(paid.funding_time);
    const exchangeNs = BigInt(paid.funding_time);
    const dueMs = Number(exchangeNs / NS);
    const intervalMs = (paid.funding_interval_hours || spec.fundingIntervalHours) * HOUR_MS;
    if (dueMs > fromMs && dueMs <= endMs && dueMs % intervalMs === 0)
      found.push({
        ...{ kind: 'funding', atMs: dueMs - 1, exchangeNs, dueMs, intervalMs },
        rate: e9(paid.funding_rate) / 100n,
      });
    return true;
  });
  return found.sort(byTime);
}

type Counts = { pages: number; waits: number };

/** Asks page after page, newest first. @param take says whether a row was new @throws MarketError */
async function pagesOf(
  options: FetchOptions,
  route: string,
  { asked, fromMs, endMs }: { asked: Readonly<Record<string, string>>; fromMs: number; endMs: number },
  counts: Counts,
  take: (row: unknown) => boolean,
): Promise<void> {
  const { name } = options.spec;
  let cursor: string | null = null;
  for (;;) {
    const body = {
      ...{ instrument: name, limit: PAGE },
      // Both ends belong to what is given.
      ...{ start_time: String(BigInt(fromMs) * NS), end_time: String(BigInt(endMs) * NS - 1n) },
      ...asked,
      ...(cursor === null ? {} : { cursor }),
    };
    const answer = page.safeParse(await patiently(options, route, body, counts));
    if (!answer.success)
      throw new MarketError(`${name}: a page of ${route} that cannot be read: ${answer.error.message}`);
    counts.pages += 1;
    const { result, next } = answer.data;
    // A cursor that brings nothing new leads nowhere.
    const news = result.filter(take).length;
    if (!next || news === 0) return;
    cursor = next;
  }
}

function byTime(one: MarketRecord, other: MarketRecord): number {
  return one.atMs - other.atMs || Number(timeOf(one) - timeOf(other));
}

function timeOf(record: MarketRecord): bigint {
  return 'exchangeNs' in record ? record.exchangeNs : BigInt(record.atMs) * NS;
}

/** The receive time of a past trade is unknown: the exchange's time is used. */
function recordOf(kind: FetchKind, row: unknown, name: string): [string, MarketRecord] {
  if (kind === 'trades') {
    const { data: trade, error } = tradeRow.safeParse(row);
    if (trade === undefined) throw new MarketError(`${name}: a trade that cannot be read: ${error.message}`);
    const exchangeNs = BigInt(trade.event_time);
    const [price, size] = [e9(trade.price), e9(trade.size)];
    const timed = { atMs: Number(exchangeNs / NS), exchangeNs };
    return [
      trade.trade_id,
      { kind: 'trade', ...timed, takerBuys: trade.is_taker_buyer, price, size, id: trade.trade_id },
    ];
  }
  const { data: candle, error } = candleRow.safeParse(row);
  if (candle === undefined) throw new MarketError(`${name}: a candle that cannot be read: ${error.message}`);
  const [open, high, low, close] = [e9(candle.open), e9(candle.high), e9(candle.low), e9(candle.close)];
  const atMs = Number(BigInt(candle.open_time) / NS);
  const volume = e9(candle.volume_b);
  return [candle.open_time, { kind: 'candle', atMs, intervalMs: MINUTE_MS, open, high, low, close, volume }];
}

/** Asks within the limits, pauses when rejected, and retries failed answers. */
async function patiently(
  { api, pause }: FetchOptions,
  route: string,
  body: Readonly<Record<string, unknown>>,
  counts: Counts,
): Promise<unknown> {
  for (let attempt = 0; ; attempt += 1) {
    await pause(PACE_MS);
    try {
      return await api.ask(route, body);
    } catch (thrown) {
      const waitMs = WAITS_MS[attempt];
      if (!(thrown instanceof MarketError) || waitMs === undefined) throw thrown;
      if (thrown instanceof TooMany) counts.waits += 1;
      await pause(waitMs);
    }
  }
}
