import type { AccountName } from './model.ts';

/** How things stood at one moment, for the charts of days and weeks (strategy 17.6). Plain text, for it is drawn and never reckoned with. */

/** A sample each minute is kept for a day, one each hour for a month. */
export type SampleEvery = 'minute' | 'hour';

export interface Sample {
  /** USDT; null: not read. */
  readonly equity: Readonly<Record<AccountName, string | null>>;
  /** What the day has come to by then, USDT (strategy 17.3); null: not counted. */
  readonly total: string | null;
  readonly symbols: Readonly<Record<string, SymbolSample>>;
}

/** One symbol: what a chart of it shows. Short names, for there is one a minute of each. */
export interface SymbolSample {
  /** |A| and |B| at the mark, USDT; null: no mark. */
  readonly a: string | null;
  readonly b: string | null;
  /** Net at the mark, signed, USDT. */
  readonly n: string | null;
  /** Seconds of the minute, or hour, that it was not hedged. */
  readonly u: number;
  /** What it earned this day by then, USDT; null: not counted. */
  readonly t: string | null;
}
