import type { InstrumentSpec, RecordedTrade } from '../paper/index.ts';
import { type RandomStream, randomStream } from '../paper/random.ts';
import type { CandleRecord } from './record.ts';

/**
 * Trades in place of a candle (strategy 19.2): a path from its open to its close that touches its high and low and
 * never leaves them, drawn from a seed and the candle's own time, so that a candle gives the same trades wherever a run
 * begins. The path, the trades' sizes and their takers are invented; open, high, low, close and volume are not.
 */

/** Trades of one candle: enough to touch every part of it, few enough to be fast. */
const TRADES = 24;

export function tradesOf(candle: CandleRecord, spec: InstrumentSpec, seed: number): RecordedTrade[] {
  const random = randomStream(seed, `bridge ${spec.name} ${candle.atMs}`);
  const prices = pathOf(candle, spec.tick, random);
  const sizes = sizesOf(candle.volume, prices.length, spec.minSize, random);
  const trades: RecordedTrade[] = [];
  let last = candle.open;
  let buys = candle.close >= candle.open;
  for (const [index, price] of prices.entries()) {
    const dice = random.next();
    // A rising price was lifted by a buyer, a falling one hit by a seller; at an unchanged price either is drawn.
    buys = price > last ? true : price < last ? false : (dice & 1) === 1;
    last = price;
    const size = sizes[index] ?? 0n;
    if (size === 0n) continue;
    const atMs = candle.atMs + Math.floor((candle.intervalMs * index) / prices.length);
    const id = `${candle.atMs}-${index}`;
    trades.push({ kind: 'trade', atMs, exchangeNs: BigInt(atMs) * 1_000_000n, takerBuys: buys, price, size, id });
  }
  return trades;
}

/** Open, then high and low in drawn order, then close, with a bridge of ticks in between. */
function pathOf({ open, high, low, close }: CandleRecord, tick: bigint, random: RandomStream): bigint[] {
  const highFirst = (random.next() & 1) === 1;
  const corners = highFirst ? [open, high, low, close] : [open, low, high, close];
  const perLeg = (TRADES - 1) / 3;
  const prices: bigint[] = [open];
  for (let leg = 0; leg < 3; leg += 1) {
    const [from, to] = [corners[leg]!, corners[leg + 1]!];
    const count = Math.floor(perLeg * (leg + 1)) - Math.floor(perLeg * leg);
    let at = from;
    for (let step = 1; step <= count; step += 1) {
      const left = BigInt(count - step);
      // About a third of the remaining distance: the bridge always arrives.
      const straight = (to - at) / (left + 1n);
      const swing = (high - low) / BigInt(2 * TRADES);
      const noise = left === 0n || swing === 0n ? 0n : (swing * (BigInt(random.next() % 2_001) - 1_000n)) / 1_000n;
      const next = left === 0n ? to : onTick(at + straight + noise, tick);
      at = next > high ? high : next < low ? low : next;
      prices.push(at);
    }
  }
  return prices;
}

function onTick(price: bigint, tick: bigint): bigint {
  return ((price + tick / 2n) / tick) * tick;
}

/** The volume in so many parts of whole steps; the last part takes the remainder. */
function sizesOf(volume: bigint, count: number, step: bigint, random: RandomStream): bigint[] {
  const weights = Array.from({ length: count }, () => 1n + BigInt(random.next() & 0xff));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  let left = volume;
  return weights.map((weight, index) => {
    const size = index === count - 1 ? (left / step) * step : ((volume * weight) / total / step) * step;
    left -= size;
    return size;
  });
}
