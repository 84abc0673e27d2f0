import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchMarket } from '../../src/market/fetch.ts';
import { answerOf } from '../../src/market/public-api.ts';
import { readMarket } from '../../src/market/store.ts';
import { createPaper, knownInstruments, PROFILES } from '../../src/paper/index.ts';
import { temporaryDirectory } from '../backtest/markets.ts';

const SPEC = knownInstruments().find(({ base }) => base === 'BNB')!;
const START_MS = Date.UTC(2026, 0, 5);

/** The embedded exchange after some minutes of trading, asked as over the network; time passes with each pause. */
function venue(minutes: number, options: { rateLimits?: boolean; failures?: number } = {}) {
  const exchange = createPaper({
    ...{ startMs: START_MS, instruments: [SPEC], profile: PROFILES.lively, rateLimits: options.rateLimits },
  });
  let nowMs = START_MS + minutes * 60_000;
  exchange.advance(nowMs);
  // The end of a range is not in it.
  const traded = exchange.venue.book(SPEC.name).trades.filter(({ timeNs }) => timeNs < BigInt(nowMs) * 1_000_000n);
  let failures = options.failures ?? 0;
  let asked = 0;
  return {
    exchange,
    traded,
    asked: () => asked,
    pause: async (ms: number) => {
      nowMs += ms;
    },
    api: {
      ask: async (route: string, body: Readonly<Record<string, unknown>>) => {
        asked += 1;
        if (failures > 0) {
          failures -= 1;
          return answerOf(route, 502, '<html>');
        }
        const path = `/full/v1/${route}`;
        const headers = { 'content-type': 'application/json' };
        const { status, body: text } = exchange.handle(
          { method: 'POST', path, headers, body: JSON.stringify(body) },
          nowMs,
        );
        return answerOf(route, status, text);
      },
    },
  };
}

test('past trades come oldest first, each once, over pages and windows', async (t) => {
  const directory = temporaryDirectory(t);
  const { api, pause, traded } = venue(12);
  assert.ok(traded.length > 600);
  const options = { api, pause, directory, spec: SPEC, kind: 'trades', funding: false, fromMs: START_MS } as const;
  const fetched = await fetchMarket({ ...options, toMs: START_MS + 720_000 });
  const records = [...readMarket(directory, SPEC.name)];
  assert.equal(records[0]?.kind, 'instrument');
  const stored = records.flatMap((record) => (record.kind === 'trade' ? [record] : []));
  assert.deepEqual(
    stored.map(({ id, price, size, exchangeNs, takerBuys }) => [id, price, size, exchangeNs, takerBuys]),
    traded.map(({ tradeId, price, size, timeNs, takerBuys }) => [tradeId, price, size, timeNs, takerBuys]),
  );
  assert.equal(fetched.rows, traded.length);
  assert.ok(fetched.pages >= 2);
  assert.equal(fetched.waits, 0, 'the pace meets no limit');
});

test('ended after one window, it goes on after the last trade; what is there is not asked for again', async (t) => {
  const directory = temporaryDirectory(t);
  const { api, pause, traded } = venue(12);
  const options = { api, pause, directory, spec: SPEC, kind: 'trades', funding: false, fromMs: START_MS } as const;
  let windows = 0;
  const first = await fetchMarket({ ...options, toMs: START_MS + 720_000, interrupted: () => windows++ > 0 });
  assert.equal(first.reachedMs, START_MS + 600_000);
  const second = await fetchMarket({ ...options, toMs: START_MS + 720_000 });
  assert.ok(second.fromMs > START_MS + 590_000);
  assert.ok(second.rows < traded.length / 2);
  const ids = [...readMarket(directory, SPEC.name)].flatMap((record) => (record.kind === 'trade' ? [record.id] : []));
  assert.deepEqual(
    ids,
    traded.map(({ tradeId }) => tradeId),
  );
});

test('candles of a minute are what the trades within it were', async (t) => {
  const directory = temporaryDirectory(t);
  const { api, pause, traded } = venue(10);
  await fetchMarket({
    api,
    pause,
    directory,
    spec: SPEC,
    kind: 'candles',
    funding: false,
    fromMs: START_MS,
    toMs: START_MS + 600_000,
  });
  const candles = [...readMarket(directory, SPEC.name)].flatMap((record) => (record.kind === 'candle' ? [record] : []));
  assert.equal(candles.length, 10);
  for (const candle of candles) {
    const within = traded.filter(
      ({ timeNs }) => Math.floor(Number(timeNs / 1_000_000n) / 60_000) * 60_000 === candle.atMs,
    );
    const prices = within.map(({ price }) => price);
    const sorted = [...prices].sort((one, other) => (one < other ? -1 : 1));
    assert.deepEqual(
      [candle.open, candle.high, candle.low, candle.close],
      [prices[0], sorted.at(-1), sorted[0], prices.at(-1)],
    );
    assert.equal(
      candle.volume,
      within.reduce((total, { size }) => total + size, 0n),
    );
  }
});

test('an answer that failed is asked for again; one that fails for good is reported, and what came before it stays', async (t) => {
  const directory = temporaryDirectory(t);
  const passing = venue(5, { failures: 3 });
  const options = {
    directory,
    spec: SPEC,
    kind: 'trades',
    funding: false,
    fromMs: START_MS,
    toMs: START_MS + 300_000,
  } as const;
  const { rows } = await fetchMarket({ ...options, ...passing });
  assert.equal(rows, passing.traded.length);
  const failing = venue(5, { failures: 1_000 });
  await assert.rejects(
    fetchMarket({ ...options, ...failing, directory: temporaryDirectory(t) }),
    /trade_history: HTTP 502: <html>/,
  );
  assert.equal(failing.asked(), 6);
});

test('funding rates stand where they were paid, beside the candles of that time, once however often it is ended', async (t) => {
  const directory = temporaryDirectory(t);
  const { api, pause, exchange } = venue(0);
  const hour = 3_600_000;
  for (const [after, rate] of ['0.0001', '-0.00005', '0.0002'].entries()) {
    exchange.advance(START_MS + after * hour + 60_000);
    exchange.control.funding({ instrument: SPEC.name, rate, interval_ms: hour, due_in_ms: hour - 60_000 });
  }
  exchange.advance(START_MS + 200 * 60_000);
  const options = { api, pause, directory, spec: SPEC, kind: 'candles', funding: true, fromMs: START_MS } as const;
  const first = await fetchMarket({ ...options, toMs: START_MS + 2 * hour });
  const second = await fetchMarket({ ...options, toMs: START_MS + 200 * 60_000 });
  assert.deepEqual([first.fundingRates, second.fundingRates], [2, 1]);
  const records = [...readMarket(directory, SPEC.name)];
  assert.deepEqual(
    records.flatMap((record) => (record.kind === 'funding' ? [[record.atMs, record.dueMs, record.rate]] : [])),
    [100_000n, -50_000n, 200_000n].map((rate, index) => {
      const dueMs = START_MS + (index + 1) * hour;
      return [dueMs - 1, dueMs, rate];
    }),
  );
  const minutes = records.flatMap((record) => (record.kind === 'candle' ? [(record.atMs - START_MS) / 60_000] : []));
  assert.deepEqual(
    minutes,
    Array.from({ length: 200 }, (_, minute) => minute),
  );
});

test('of rates that are listed minute by minute those at the whole interval were paid; a rate that is none is reported', async (t) => {
  const eightHours = 28_800_000;
  const row = (atMs: number, more: object) => {
    const [instrument, mark_price, funding_time] = [SPEC.name, '620', `${BigInt(atMs) * 1_000_000n}`];
    return { instrument, mark_price, funding_time, funding_rate: '-0.0034', ...more };
  };
  const answering = (rows: readonly object[]) => ({
    ...({ spec: SPEC, kind: 'trades', funding: true, fromMs: START_MS, toMs: START_MS + eightHours + 1 } as const),
    ...{ directory: temporaryDirectory(t), pause: async () => {} },
    api: { ask: async (route: string) => ({ result: route === 'funding' ? rows : [], next: '' }) },
  });
  const minutes = [0, 1, 2].map((minute) =>
    row(START_MS + eightHours - minute * 60_000, { funding_interval_hours: '0' }),
  );
  const options = answering(minutes);
  const spec = { ...SPEC, fundingIntervalHours: 8 };
  assert.equal((await fetchMarket({ ...options, spec })).fundingRates, 1);
  const [, paid] = [...readMarket(options.directory, SPEC.name)];
  assert.deepEqual(paid?.kind === 'funding' && [paid.rate, paid.intervalMs], [-34_000n, eightHours]);
  await assert.rejects(
    fetchMarket(answering([row(START_MS + eightHours, { funding_rate: 'none' })])),
    /BNB_USDT_Perp: a funding rate that cannot be read/,
  );
});
