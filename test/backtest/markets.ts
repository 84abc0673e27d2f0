import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Asked } from '../../src/backtest/plan.ts';
import { DEFAULT_LATENCY } from '../../src/backtest/question.ts';
import type { CandleRecord } from '../../src/market/record.ts';
import { MarketWriter } from '../../src/market/store.ts';
import { e9 } from '../../src/paper/fixed.ts';
import { type InstrumentSpec, knownInstruments, type Level } from '../../src/paper/index.ts';

/** Small stored markets, made by hand. */

export const START_MS = Date.UTC(2026, 0, 5);
export const BNB: InstrumentSpec = knownInstruments().find(({ base }) => base === 'BNB')!;

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'backtest-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const timed = (atMs: number) => ({ atMs, exchangeNs: BigInt(atMs) * 1_000_000n });
const level = (ticks: number, size: string, tick = BNB.tick): Level => ({
  price: BigInt(ticks) * tick,
  size: e9(size),
  orders: 1,
});

/**
 * A market that stands still between a bid and an ask of so many ticks, and in which takers come every five seconds from
 * either side, each taking all that stands there and more: whoever quotes earns the spread.
 */
export function quietMarket(
  directory: string,
  options: { minutes: number; bid?: number; ask?: number; fromMs?: number; spec?: InstrumentSpec },
) {
  const { minutes, bid = 6_200, ask = 6_204, fromMs = START_MS, spec = BNB } = options;
  const writer = new MarketWriter(directory, BNB.name);
  writer.append({ kind: 'instrument', atMs: fromMs, spec });
  for (let step = 0; step < minutes * 12; step += 1) {
    const atMs = fromMs + step * 5_000;
    writer.append({
      kind: 'book',
      ...timed(atMs),
      bids: [level(bid, '2', spec.tick)],
      asks: [level(ask, '2', spec.tick)],
    });
    const takerBuys = step % 2 === 0;
    const { price } = level(takerBuys ? ask : bid, '0', spec.tick);
    writer.append({ kind: 'trade', ...timed(atMs + 1_000), takerBuys, price, size: e9('3'), id: `${step}` });
  }
  writer.close();
}

/** Candles of a minute, from those four prices and a volume. */
export function candleMarket(
  directory: string,
  candles: readonly (readonly [string, string, string, string, string])[],
) {
  const writer = new MarketWriter(directory, BNB.name);
  writer.append({ kind: 'instrument', atMs: START_MS, spec: BNB });
  for (const [index, texts] of candles.entries()) {
    const [open, high, low, close, volume] = texts.map(e9) as [bigint, bigint, bigint, bigint, bigint];
    const candle: CandleRecord = {
      ...{ kind: 'candle', atMs: START_MS + index * 60_000, intervalMs: 60_000 },
      ...{ open, high, low, close, volume },
    };
    writer.append(candle);
  }
  writer.close();
}

/** What a command line without options asks. */
export function asked(market: string, more: Partial<Asked> = {}): Asked {
  return {
    ...{
      own: new Map(),
      isOwnTakenOut: false,
      market,
      symbols: null,
      rows: [],
      variables: {},
      sets: [],
      fromMs: null,
      toMs: null,
      equityUsdt: '10000',
    },
    ...{ fill: 'both', spread: null, depthUsdt: null, makerFeePercent: '-0.0001', takerFeePercent: '0.045' },
    ...{ fundingPercent: null, latency: DEFAULT_LATENCY, seed: 1, audit: true, workers: 1, yes: false },
    ...more,
  };
}
