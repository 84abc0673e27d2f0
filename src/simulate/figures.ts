import { Decimal, max, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { LotMatch, SymbolConfig } from '../core/model.ts';
import { abs } from '../paper/fixed.ts';
import type { PaperExchange } from '../paper/index.ts';
import { isOurs, netOf, tradable } from './truth.ts';

/**
 * Results of the strategy on one instrument, from its own facts and the exchange's books. Money in USDT, durations in
 * ms.
 */
export interface SymbolFigures {
  readonly instrument: string;
  readonly creates: number;
  readonly postOnlyRefusals: number;
  readonly fills: number;
  readonly hedges: number;
  readonly unwinds: number;
  readonly gainUsdt: Decimal;
  readonly drifts: number;
  readonly observedMs: number;
  readonly hedgedMs: number;
  readonly worstImbalanceUsdt: Decimal;
  /** Duration of the episode with the worst imbalance. */
  readonly worstImbalanceEpisodeMs: number;
  readonly longestUnhedgedMs: number;
  /** From becoming unhedged to being hedged again. */
  readonly unhedged: DurationFigures;
  /** From a lot's booking to its hedge or unwind. */
  readonly timeToHedge: DurationFigures;
  /** When `increase` first came within one order of its maximum, `decrease` of its minimum; null: not yet. */
  readonly goalReachedAfterMs: number | null;
  readonly totalUsdt: Decimal;
  readonly unhedgedNow: boolean;
  /** For how long it has been unhedged; 0: it is hedged. */
  readonly unhedgedNowMs: number;
}

/** Percentiles are of buckets 2 % wide: within 1 % of the exact value. */
export interface DurationFigures {
  readonly count: number;
  readonly medianMs: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly longestMs: number;
  /** Count per bucket number, so that distributions can be added without loss. */
  readonly buckets: Readonly<Record<string, number>>;
}

/** Durations in buckets 2 % wide: months of them in a few hundred numbers. */
export interface Durations {
  add(ms: number): void;
  /** Adds another distribution; only its `buckets` and `longestMs` are used. */
  addAll(other: Pick<DurationFigures, 'buckets' | 'longestMs'>): void;
  figures(): DurationFigures;
}

const BUCKET_RATIO = Math.log(1.02);

export function createDurations(): Durations {
  const buckets = new Map<number, number>();
  let count = 0;
  let longestMs = 0;
  const percentile = (share: number): number | null => {
    if (count === 0) return null;
    let seen = 0;
    for (const bucket of [...buckets.keys()].sort((one, two) => one - two)) {
      seen += buckets.get(bucket)!;
      if (seen >= share * count)
        return bucket < 0 ? 0 : Math.min(longestMs, Math.round(Math.exp(bucket * BUCKET_RATIO)));
    }
    return longestMs;
  };
  return {
    add(ms) {
      const bucket = ms < 1 ? -1 : Math.round(Math.log(ms) / BUCKET_RATIO);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      count += 1;
      longestMs = Math.max(longestMs, ms);
    },
    addAll(other) {
      for (const [bucket, many] of Object.entries(other.buckets)) {
        buckets.set(Number(bucket), (buckets.get(Number(bucket)) ?? 0) + many);
        count += many;
      }
      longestMs = Math.max(longestMs, other.longestMs);
    },
    figures: () => ({
      count,
      medianMs: percentile(0.5),
      p90Ms: percentile(0.9),
      p99Ms: percentile(0.99),
      longestMs,
      buckets: Object.fromEntries([...buckets].sort(([one], [two]) => one - two)),
    }),
  };
}

/** One observation of the positions: net and total in USDT at the mark. */
interface Sample {
  readonly hedged: boolean;
  readonly netUsdt: Decimal;
  readonly totalUsdt: Decimal;
  /** Within one order of its goal. */
  readonly goal: boolean;
}

class FigureBook {
  readonly counts = { creates: 0, postOnlyRefusals: 0, fills: 0, hedges: 0, unwinds: 0, drifts: 0 };
  readonly #unhedged = createDurations();
  readonly #timeToHedge = createDurations();
  readonly #worst = { worstImbalanceUsdt: ZERO, worstImbalanceEpisodeMs: 0, longestUnhedgedMs: 0 };
  #gainUsdt = ZERO;
  #firstMs: number | null = null;
  #lastMs = 0;
  #hedgedMs = 0;
  #hedged = true;
  #unhedgedSinceMs = 0;
  #episodeWorst = ZERO;
  #goalReachedAfterMs: number | null = null;
  #totalUsdt = ZERO;

  filled(matches: readonly LotMatch[], atMs: number): void {
    this.counts.fills += 1;
    for (const match of matches) {
      if (match.kind === 'hedge') this.counts.hedges += 1;
      else this.counts.unwinds += 1;
      this.#gainUsdt = this.#gainUsdt.plus(match.gainUsdt);
      this.#timeToHedge.add(Math.max(0, atMs - match.lotBookedAtMs));
    }
  }

  observed(atMs: number, { hedged, netUsdt, totalUsdt, goal }: Sample): void {
    const wasHedged = this.#hedged;
    this.#firstMs ??= atMs;
    if (wasHedged && this.#firstMs !== atMs) this.#hedgedMs += atMs - this.#lastMs;
    this.#lastMs = atMs;
    this.#totalUsdt = totalUsdt;
    if (wasHedged && !hedged) {
      this.#unhedgedSinceMs = atMs;
      this.#episodeWorst = ZERO;
    }
    if (!hedged) this.#episodeWorst = max(this.#episodeWorst, netUsdt);
    if (!wasHedged || !hedged) {
      const lastedMs = atMs - this.#unhedgedSinceMs;
      const worst = this.#worst;
      worst.longestUnhedgedMs = Math.max(worst.longestUnhedgedMs, lastedMs);
      if (this.#episodeWorst.gte(worst.worstImbalanceUsdt)) {
        worst.worstImbalanceUsdt = this.#episodeWorst;
        worst.worstImbalanceEpisodeMs = lastedMs;
      }
      if (hedged) this.#unhedged.add(lastedMs);
    }
    this.#hedged = hedged;
    if (goal) this.#goalReachedAfterMs ??= atMs - this.#firstMs;
  }

  figures(instrument: string): SymbolFigures {
    return {
      ...{ instrument, ...this.counts, gainUsdt: this.#gainUsdt, ...this.#worst },
      observedMs: this.#firstMs === null ? 0 : this.#lastMs - this.#firstMs,
      hedgedMs: this.#hedgedMs,
      unhedged: this.#unhedged.figures(),
      timeToHedge: this.#timeToHedge.figures(),
      goalReachedAfterMs: this.#goalReachedAfterMs,
      totalUsdt: this.#totalUsdt,
      unhedgedNow: !this.#hedged,
      unhedgedNowMs: this.#hedged ? 0 : this.#lastMs - this.#unhedgedSinceMs,
    };
  }
}

/** The figures of one leg. Observations have true time, matches the engine's. */
export interface LegBooks {
  observe(fact: Fact): void;
  /** Reads the exchange's books: after each fill, and regularly because the mark moves. */
  sample(instrument: string, trueMs: number): void;
  figures(): readonly SymbolFigures[];
}

const WITHIN = { max: '0.98', min: '1.02' };

export function createLegBooks(exchange: PaperExchange, symbols: readonly SymbolConfig[]): LegBooks {
  const { venue } = exchange;
  const books = new Map(symbols.map((symbol) => [symbol.instrument, { symbol, book: new FigureBook() }]));
  return {
    observe(fact) {
      if (!('instrument' in fact) || fact.instrument === null) return;
      const book = books.get(fact.instrument)?.book;
      if (book === undefined) return;
      if (fact.type === 'order.sent') book.counts.creates += 1;
      else if (fact.type === 'order.post-only-refused') book.counts.postOnlyRefusals += 1;
      else if (fact.type === 'fill.booked') book.filled(fact.matches, fact.atMs);
      else if (fact.type === 'drift.adopted') book.counts.drifts += 1;
    },
    sample(instrument, trueMs) {
      const of = books.get(instrument);
      if (of === undefined) return;
      const mark = venue.mark(instrument);
      const sizes = venue.accounts.map((account) => account.holdings.get(instrument)?.size ?? 0n);
      // What an open order has traded may wait (strategy 4.3).
      const waiting = venue.accounts
        .flatMap((account) => [...account.active.values()])
        .filter((order) => order.instrument === instrument && isOurs(order))
        .reduce((total, order) => total + (order.buy ? order.traded : -order.traded), 0n);
      const net = netOf(venue, instrument) - waiting;
      const totalUsdt = usdt(sizes.reduce((total, size) => total + abs(size) * mark, 0n));
      const { positionMode, maxTotalPositionUsdt, minTotalPositionUsdt, orderNotionalUsdt } = of.symbol;
      const goal =
        positionMode === 'increase'
          ? totalUsdt.gte(maxTotalPositionUsdt.mul(WITHIN.max).minus(orderNotionalUsdt))
          : totalUsdt.lte(minTotalPositionUsdt.mul(WITHIN.min).plus(orderNotionalUsdt));
      const hedged = !tradable(venue.book(instrument).spec, mark, net);
      of.book.observed(trueMs, { hedged, netUsdt: usdt(abs(net) * mark), totalUsdt, goal });
    },
    figures: () => [...books].map(([instrument, { book }]) => book.figures(instrument)),
  };
}

/** USDT of the exchange's 1e-18. */
export function usdt(value: bigint): Decimal {
  return new Decimal(value.toString()).div('1e18');
}
