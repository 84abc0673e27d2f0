import { type Decimal, max, ZERO } from '../decimal.ts';
import type { AuditMatch } from './lots.ts';
import type { Breach } from './model.ts';

/** What the strategy achieved on one instrument, from the wire alone. Money in USDT, durations in milliseconds. */
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
  /** How long the episode that held the worst imbalance lasted. */
  readonly worstImbalanceEpisodeMs: number;
  readonly longestUnhedgedMs: number;
  /** From leaving hedged to being hedged again. */
  readonly unhedged: DurationFigures;
  /** From a lot's booking to its hedge or unwind. */
  readonly timeToHedge: DurationFigures;
  /** When `increase` first came within one order of its cap, `decrease` of its minimum; null: not yet. */
  readonly goalReachedAfterMs: number | null;
  readonly totalUsdt: Decimal;
  readonly unhedgedNow: boolean;
  /** How long it has been unhedged at the last look; 0: it is hedged. */
  readonly unhedgedNowMs: number;
}

/** Percentiles are those of buckets 2 % wide: within 1 % of the exact value. */
export interface DurationFigures {
  readonly count: number;
  readonly medianMs: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly longestMs: number;
  /** How many in each bucket, by the bucket's number, so that distributions can be added up without loss. */
  readonly buckets: Readonly<Record<string, number>>;
}

export interface AuditReport {
  readonly events: number;
  readonly symbols: readonly SymbolFigures[];
  /** How many of each invariant; the first ones in full. */
  readonly breachCounts: Readonly<Record<string, number>>;
  readonly breaches: readonly Breach[];
  /** How often each invariant was put to the test. */
  readonly checks: Readonly<Record<string, number>>;
}

/** Durations in buckets 2 % wide: months of them in a few hundred numbers. */
export interface Durations {
  add(ms: number): void;
  /** Takes all of another distribution; only its `buckets` and `longestMs` count. */
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

/** Collects one instrument's figures. */
export interface FigureBook {
  created(): void;
  postOnlyRefused(): void;
  filled(matches: readonly AuditMatch[]): void;
  drifted(): void;
  /** One look at the positions: net in base units, mark and total in USDT. */
  observed(atMs: number, look: { hedged: boolean; netUsdt: Decimal; totalUsdt: Decimal; goal: boolean }): void;
  figures(instrument: string): SymbolFigures;
}

export function createFigureBook(): FigureBook {
  let creates = 0;
  let postOnlyRefusals = 0;
  let fills = 0;
  let hedges = 0;
  let unwinds = 0;
  let drifts = 0;
  let gainUsdt = ZERO;
  let firstMs: number | null = null;
  let lastMs = 0;
  let hedgedMs = 0;
  let hedged = true;
  let unhedgedSinceMs = 0;
  let episodeWorst = ZERO;
  let worstImbalanceUsdt = ZERO;
  let worstImbalanceEpisodeMs = 0;
  let longestUnhedgedMs = 0;
  let goalReachedAfterMs: number | null = null;
  let totalUsdt = ZERO;
  const unhedged = createDurations();
  const timeToHedge = createDurations();
  return {
    created() {
      creates += 1;
    },
    postOnlyRefused() {
      postOnlyRefusals += 1;
    },
    filled(matches) {
      fills += 1;
      for (const match of matches) {
        if (match.kind === 'hedge') hedges += 1;
        else unwinds += 1;
        gainUsdt = gainUsdt.plus(match.gainUsdt);
        timeToHedge.add(Math.max(0, match.heldMs));
      }
    },
    drifted() {
      drifts += 1;
    },
    observed(atMs, look) {
      if (firstMs === null) firstMs = atMs;
      else if (hedged) hedgedMs += atMs - lastMs;
      lastMs = atMs;
      totalUsdt = look.totalUsdt;
      if (hedged && !look.hedged) {
        unhedgedSinceMs = atMs;
        episodeWorst = ZERO;
      }
      if (!look.hedged) episodeWorst = max(episodeWorst, look.netUsdt);
      if (!hedged || !look.hedged) {
        const lastedMs = atMs - unhedgedSinceMs;
        longestUnhedgedMs = Math.max(longestUnhedgedMs, lastedMs);
        if (episodeWorst.gte(worstImbalanceUsdt)) {
          worstImbalanceUsdt = episodeWorst;
          worstImbalanceEpisodeMs = lastedMs;
        }
        if (look.hedged) unhedged.add(lastedMs);
      }
      hedged = look.hedged;
      if (look.goal && goalReachedAfterMs === null) goalReachedAfterMs = atMs - firstMs;
    },
    figures: (instrument) => ({
      instrument,
      creates,
      postOnlyRefusals,
      fills,
      hedges,
      unwinds,
      gainUsdt,
      drifts,
      observedMs: firstMs === null ? 0 : lastMs - firstMs,
      hedgedMs,
      worstImbalanceUsdt,
      worstImbalanceEpisodeMs,
      longestUnhedgedMs,
      unhedged: unhedged.figures(),
      timeToHedge: timeToHedge.figures(),
      goalReachedAfterMs,
      totalUsdt,
      unhedgedNow: !hedged,
      unhedgedNowMs: hedged ? 0 : lastMs - unhedgedSinceMs,
    }),
  };
}
