import type { Sample, SampleEvery } from '../core/sample.ts';
import type { Clock, Journal } from '../ports.ts';
import { createAllowance } from './allowance.ts';
import { number } from './history.ts';

/** Curves of a day, a week and 30 days from the journal (strategy 17.6). */

const HOUR_MS = 3_600_000;
/** Each span: how far back, and which samples. */
const SPANS: Readonly<Record<string, { readonly ms: number; readonly every: SampleEvery }>> = {
  day: { ms: 24 * HOUR_MS, every: 'minute' },
  week: { ms: 168 * HOUR_MS, every: 'hour' },
  month: { ms: 720 * HOUR_MS, every: 'hour' },
};
const SECONDS: Readonly<Record<SampleEvery, number>> = { minute: 60, hour: 3_600 };
/** Entries read per turn of the event loop: some milliseconds with a hundred symbols. */
const CHUNK = 20;
/** Curves requested in a row, and the interval of further ones. */
export const CURVES_IN_A_ROW = 10;
const CURVE_EVERY_MS = 2_000;

/**
 * Time, equity of A and B, |A|, |B|, net, unhedged share of the time (percent), and the day's total. Of all symbols
 * nets are added by absolute value, and the share is that of the longest unhedged one. For drawing only.
 */
export type CurvePoint = readonly [
  atMs: number,
  equityA: number | null,
  equityB: number | null,
  a: number | null,
  b: number | null,
  net: number | null,
  unhedged: number,
  total: number | null,
];

export interface Samples {
  /** @param instrument empty: all symbols together. null: no such span */
  curve(span: string, instrument: string): Promise<readonly CurvePoint[] | 'busy' | 'too-often' | null>;
}

export function createSamples(journal: Pick<Journal, 'scan'>, clock: Clock): Samples {
  const mayAsk = createAllowance(CURVES_IN_A_ROW, CURVE_EVERY_MS, clock);
  let reads = false;
  return {
    async curve(name, instrument) {
      const span = Object.hasOwn(SPANS, name) ? SPANS[name] : undefined;
      if (span === undefined) return null;
      if (reads) return 'busy';
      if (!mayAsk()) return 'too-often';
      reads = true;
      try {
        const points: CurvePoint[] = [];
        const { every, ms } = span;
        for (const { atMs, body } of journal.scan({ kind: 'sample', key: every, sinceMs: clock.nowMs() - ms })) {
          points.push(pointOf(atMs, body as Sample, instrument, SECONDS[every]));
          if (points.length % CHUNK === 0) await new Promise((resume) => setImmediate(resume));
        }
        return points;
      } finally {
        reads = false;
      }
    },
  };
}

function pointOf(atMs: number, { equity, total, symbols }: Sample, instrument: string, seconds: number): CurvePoint {
  const share = (unhedged: number) => Math.min(100, (unhedged * 100) / seconds);
  if (instrument !== '') {
    const one = symbols[instrument];
    if (one === undefined) return [atMs, null, null, null, null, null, 0, null];
    return [atMs, null, null, number(one.a), number(one.b), number(one.n), share(one.u), number(one.t)];
  }
  const each = Object.values(symbols);
  const add = (pick: 'a' | 'b' | 'n') => each.reduce((sum, one) => sum + Math.abs(number(one[pick]) ?? 0), 0);
  const longest = each.reduce((most, { u }) => Math.max(most, u), 0);
  const ends = [number(equity.A), number(equity.B)] as const;
  return [atMs, ...ends, add('a'), add('b'), add('n'), share(longest), number(total)];
}
