import type { OwnTrading } from '../market/own.ts';
import type { Range } from '../market/store.ts';
import type { FillRule, InstrumentSpec, InventedBook, MarketProfile } from '../paper/index.ts';

/** What one run of a backtest is asked (strategy 19.2). Plain values: it goes to a process of its own. */
export interface Question {
  /** Stored markets: a directory per symbol. */
  readonly directory: string;
  readonly symbols: readonly PlayedSymbol[];
  readonly range: Range;
  /** Figures are kept apart before and after it; null: they are not. */
  readonly splitMs: number | null;
  /** Of paths within candles, latency and keys. */
  readonly seed: number;
  /** USDT of each account at the beginning. */
  readonly equityUsdt: string;
  readonly fill: FillRule;
  /** The embedded exchange's own market in place of a stored one: for the self-check (strategy 19.4). null: the stored one. */
  readonly seeded: { readonly profile: MarketProfile; readonly fromMs: number } | null;
  /** null: books were recorded. */
  readonly invented: InventedBook | null;
  /** Percent of the notional; below zero: a rebate. */
  readonly makerFeePercent: string;
  readonly takerFeePercent: string;
  /** Percent that longs pay at each funding time, where none was recorded; null: none. */
  readonly fundingPercent: string | null;
  readonly latency: Latency;
  /** The engine audits itself (strategy 15). */
  readonly audit: boolean;
  /** Environment variables of the engine. */
  readonly variables: Readonly<Record<string, string>>;
  /** Rows of the symbols file. */
  readonly rows: readonly Row[];
}

/** One symbol as it is played. */
export interface PlayedSymbol {
  readonly spec: InstrumentSpec;
  /** What it holds is candles: the path within each is drawn. */
  readonly isDrawn: boolean;
  /** Taken out of the market; null: nothing is. */
  readonly without: OwnTrading | null;
}

/** One way, milliseconds; drawn between 0.8 and 1.2 of it. */
export interface Latency {
  /** From the engine to the exchange's matching. */
  readonly ordersMs: number;
  /** Everything else, either way. */
  readonly dataMs: number;
}

/** One row of a symbols file, as JSON has it. */
export type Row = Readonly<Record<string, string | number | boolean>>;

export const DEFAULT_LATENCY: Latency = { ordersMs: 50, dataMs: 20 };
