import type { OwnTrading } from '../market/own.ts';
import type { Range } from '../market/store.ts';
import type { FillRule, InstrumentSpec, InventedBook, MarketProfile } from '../paper/index.ts';

/** The input of one run of a backtest (strategy 19.2). Plain values, because it is sent to a process. */
export interface Question {
  /** Stored markets: a directory per symbol. */
  readonly directory: string;
  readonly symbols: readonly PlayedSymbol[];
  readonly range: Range;
  /** Figures are separate before and after it; null: no split. */
  readonly splitMs: number | null;
  /** For paths within candles, latency and keys. */
  readonly seed: number;
  /** Starting equity of each account, USDT. */
  readonly equityUsdt: string;
  readonly fill: FillRule;
  /** The embedded exchange's own market instead of a stored one, for the self-check (19.4). null: the stored one. */
  readonly seeded: { readonly profile: MarketProfile; readonly fromMs: number } | null;
  /** null: books were recorded. */
  readonly invented: InventedBook | null;
  /** Percent of the notional; negative: a rebate. */
  readonly makerFeePercent: string;
  readonly takerFeePercent: string;
  /** Percent that longs pay at each funding time if none was recorded; null: none. */
  readonly fundingPercent: string | null;
  readonly latency: Latency;
  /** The engine audits itself (strategy 15). */
  readonly audit: boolean;
  /** Environment variables of the engine. */
  readonly variables: Readonly<Record<string, string>>;
  /** Rows of the symbols file. */
  readonly rows: readonly Row[];
}

export interface PlayedSymbol {
  readonly spec: InstrumentSpec;
  /** It consists of candles: the path within each is drawn. */
  readonly isDrawn: boolean;
  /** Removed from the market; null: nothing. */
  readonly without: OwnTrading | null;
}

/** One way, ms; drawn between 0.8 and 1.2 of it. */
export interface Latency {
  /** From the engine to the exchange's matching. */
  readonly ordersMs: number;
  /** Everything else, either way. */
  readonly dataMs: number;
}

/** One row of a symbols file as JSON. */
export type Row = Readonly<Record<string, string | number | boolean>>;

export const DEFAULT_LATENCY: Latency = { ordersMs: 50, dataMs: 20 };
