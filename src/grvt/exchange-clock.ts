import type { Clock } from '../ports.ts';

/** HTTP dates are whole seconds. */
const DATE_RESOLUTION_MS = 1_000;
/** Drift of two clocks per elapsed time: a poor crystal loses 100 ppm, doubled here. */
const DRIFT_PPM = 200;
/** Consecutive contradicting answers before a step of a clock is accepted: a single wrong date must not move it. */
const STEP_ANSWERS = 3;

/**
 * The exchange's clock, estimated from the `Date` header of its answers. Each answer was written between our request
 * and its receipt, in the second it names, which bounds the difference of the clocks; the bounds of many answers
 * intersect to far below a second. The estimate moves only when it is outside the bounds, and steps when several
 * consecutive answers contradict the earlier ones.
 */
export interface ExchangeClock {
  /** The exchange's time; ours until its first answer. */
  nowMs(): number;
  /** Its clock minus ours; null before its first answer. */
  skewMs(): number | null;
  /** One answer: when its request was sent and it was received (our clock), and its `Date` header. */
  observe(sentAtMs: number, receivedAtMs: number, date: string | null): void;
}

export function createExchangeClock(clock: Clock): ExchangeClock {
  let low = 0;
  let high = 0;
  let observedAtMs = 0;
  let skew: number | null = null;
  let contradictions: { low: number; high: number }[] = [];
  /** Cached: the three answers of a poll mostly have the same date. */
  let read = { date: '', ms: Number.NaN };

  function msOf(date: string): number {
    if (date !== read.date) read = { date, ms: Date.parse(date) };
    return read.ms;
  }

  return {
    nowMs: () => clock.nowMs() + (skew ?? 0),
    skewMs: () => skew,
    observe(sentAtMs, receivedAtMs, date) {
      const dateMs = date === null ? Number.NaN : msOf(date);
      if (Number.isNaN(dateMs) || receivedAtMs < sentAtMs) return;
      const bounds = { low: dateMs - receivedAtMs, high: dateMs + DATE_RESOLUTION_MS - sentAtMs };
      if (skew === null) {
        low = bounds.low;
        high = bounds.high;
        skew = Math.round((low + high) / 2);
        observedAtMs = receivedAtMs;
        return;
      }
      const drift = (Math.max(0, receivedAtMs - observedAtMs) * DRIFT_PPM) / 1_000_000;
      const joint = { low: Math.max(low - drift, bounds.low), high: Math.min(high + drift, bounds.high) };
      if (joint.low <= joint.high) {
        contradictions = [];
      } else {
        contradictions.push(bounds);
        if (contradictions.length < STEP_ANSWERS) return;
        joint.low = Math.max(...contradictions.map((one) => one.low));
        joint.high = Math.min(...contradictions.map((one) => one.high));
        contradictions = joint.low <= joint.high ? [] : contradictions.slice(1);
        if (joint.low > joint.high) return;
      }
      low = joint.low;
      high = joint.high;
      observedAtMs = receivedAtMs;
      skew = Math.round(Math.min(Math.max(skew, low), high));
    },
  };
}
