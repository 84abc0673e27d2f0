import type { AccountName } from './model.ts';

/** Figures of one moment for the charts of days and weeks (strategy 17.6), as text, since they are only drawn. */

/** Samples per minute are kept for a day, per hour for a month. */
export type SampleEvery = 'minute' | 'hour';

export interface Sample {
  /** USDT; null: not read. */
  readonly equity: Readonly<Record<AccountName, string | null>>;
  /** Total of the day so far, USDT (strategy 17.3); null: not counted. */
  readonly total: string | null;
  readonly symbols: Readonly<Record<string, SymbolSample>>;
}

/** One symbol's figures. Short names, because there is one of each every minute. */
export interface SymbolSample {
  /** |A| and |B| at the mark, USDT; null: no mark. */
  readonly a: string | null;
  readonly b: string | null;
  /** Net at the mark, signed, USDT. */
  readonly n: string | null;
  /** Seconds of the minute or hour in which it was unhedged. */
  readonly u: number;
  /** Earned so far this day, USDT; null: not counted. */
  readonly t: string | null;
}
