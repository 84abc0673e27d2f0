import type { InstrumentSpec, ReplayEvent } from '../paper/index.ts';
import { tradesOf } from './bridge.ts';
import { MarketError, unusable } from './errors.ts';
import { OwnRemoval, type OwnTrading } from './own.ts';
import type { MarketRecord } from './record.ts';
import { ALWAYS, type Range, readMarket } from './store.ts';

/** A stored market as the embedded exchange plays it, one block in memory at a time. */
export function* eventsOf(options: {
  readonly directory: string;
  readonly symbol: string;
  readonly seed: number;
  readonly range?: Range;
  /** Removed from it; null: nothing. */
  readonly without?: OwnTrading | null;
}): Generator<ReplayEvent> {
  const { directory, symbol, seed, range = ALWAYS, without = null } = options;
  const removal = without === null ? null : new OwnRemoval(without);
  let spec: InstrumentSpec | null = null;
  for (const stored of readMarket(directory, symbol, range)) {
    const record = removal === null ? stored : removal.of(stored);
    if (record === null) continue;
    if (record.kind === 'candle') {
      if (spec === null) throw new MarketError(`${directory}/${symbol}: a candle before its instrument`);
      yield* tradesOf(record, spec, seed);
      continue;
    }
    if (record.kind === 'instrument') spec = record.spec;
    yield record;
  }
}

/** What a replay must know about a stored market in advance. */
export interface MarketSummary {
  readonly symbol: string;
  readonly spec: InstrumentSpec;
  /** Of the first trade, candle or book; null: none. */
  readonly firstPrice: bigint | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly counts: Readonly<Record<MarketRecord['kind'], number>>;
  readonly gapMs: number;
  /** The part of the engine's own trading that it contains; null: not checked. */
  readonly own: { readonly orders: number; readonly seen: OwnRemoval['counts'] } | null;
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number; readonly why: string }[];
}

/** Gaps listed individually; further ones are counted. */
const GAPS_KEPT = 1_000;

/** Reads all of a symbol's records in a range. @throws MarketError if there are none, or they are unreadable */
export function summaryOf(
  directory: string,
  symbol: string,
  range: Range = ALWAYS,
  own: OwnTrading | null = null,
): MarketSummary {
  const removal = own === null ? null : new OwnRemoval(own);
  const counts = { instrument: 0, book: 0, trade: 0, mark: 0, funding: 0, gap: 0, candle: 0 };
  const gaps: { fromMs: number; toMs: number; why: string }[] = [];
  let [spec, firstMs, lastMs, gapMs] = [null as InstrumentSpec | null, null as number | null, 0, 0];
  let firstPrice: bigint | null = null;
  for (const record of readMarket(directory, symbol, range)) {
    removal?.of(record);
    counts[record.kind] += 1;
    if (record.kind === 'instrument') spec ??= record.spec;
    if (record.kind === 'gap') {
      gapMs += record.toMs - record.atMs;
      if (gaps.length < GAPS_KEPT) gaps.push({ fromMs: record.atMs, toMs: record.toMs, why: record.why });
    }
    firstMs ??= record.atMs;
    firstPrice ??= priceOf(record);
    lastMs = Math.max(
      lastMs,
      record.kind === 'gap' ? record.toMs : record.kind === 'candle' ? record.atMs + record.intervalMs : record.atMs,
    );
  }
  if (spec === null || firstMs === null)
    throw unusable(directory, null, {
      en: `something of ${symbol} in that time: see \`market ls\``,
      zh: `这段时间内 ${symbol} 的行情：见 "market ls"`,
    });
  const found = own === null || removal === null ? null : { orders: own.orders.length, seen: removal.counts };
  return { symbol, spec, firstPrice, firstMs, lastMs, counts, gapMs, gaps, own: found };
}

function priceOf(record: MarketRecord): bigint | null {
  if (record.kind === 'trade') return record.price;
  if (record.kind === 'candle') return record.open;
  return record.kind === 'book' ? (record.bids[0]?.price ?? record.asks[0]?.price ?? null) : null;
}
