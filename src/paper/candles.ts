import { keepLast, NS, type PublicTrade } from './model.ts';

/**
 * Candles of a minute from public trades, and longer ones made of them (API 4). Prices and sizes count 1e-9, money
 * 1e-18.
 */
export interface Candle {
  readonly openMs: number;
  open: bigint;
  high: bigint;
  low: bigint;
  close: bigint;
  volume: bigint;
  value: bigint;
  trades: number;
}

const MINUTE_MS = 60_000;
/** Kept per instrument: two days. */
const KEPT = 2_880;

/** Available lengths, minutes. */
export const CANDLE_MINUTES: Readonly<Record<string, number>> = {
  ...{ CI_1_M: 1, CI_3_M: 3, CI_5_M: 5, CI_15_M: 15, CI_30_M: 30, CI_1_H: 60, CI_2_H: 120, CI_4_H: 240 },
  ...{ CI_6_H: 360, CI_8_H: 480, CI_12_H: 720, CI_1_D: 1_440 },
};

/** Adds a trade to the candle of its minute. */
export function countCandle(candles: Candle[], { timeNs, price, size }: PublicTrade): void {
  const openMs = Math.floor(Number(timeNs / NS) / MINUTE_MS) * MINUTE_MS;
  const prices = { open: price, high: price, low: price, close: price };
  const one: Candle = { openMs, ...prices, volume: size, value: price * size, trades: 1 };
  const last = candles.at(-1);
  if (last?.openMs === openMs) add(last, one);
  else keepLast(candles, one, KEPT);
}

function add(into: Candle, other: Candle): void {
  if (other.high > into.high) into.high = other.high;
  if (other.low < into.low) into.low = other.low;
  into.close = other.close;
  into.volume += other.volume;
  into.value += other.value;
  into.trades += other.trades;
}

/** Candles of that many minutes; none where nothing traded. */
export function candlesOf(candles: readonly Candle[], minutes: number): Candle[] {
  if (minutes === 1) return [...candles];
  const longer: Candle[] = [];
  for (const candle of candles) {
    const openMs = Math.floor(candle.openMs / (minutes * MINUTE_MS)) * minutes * MINUTE_MS;
    const last = longer.at(-1);
    if (last !== undefined && last.openMs === openMs) add(last, candle);
    else longer.push({ ...candle, openMs });
  }
  return longer;
}
