import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPaper, PROFILES, type ProfileName, syntheticInstruments } from '../../src/paper/index.ts';
import { cpuTimeMs } from '../support/cpu-time.ts';
import { PaperBench, START_MS } from './paper-bench.ts';

const BTC = 'BTC_USDT_Perp';

/** A run of quotes under faults: everything that was answered, hashed. `chop`: time is handed in in slices of that. */
async function run(seed: number, chop: number): Promise<string> {
  const d = new PaperBench({
    seed,
    faults: [
      { kind: 'server-error', rate: 0.05 },
      { kind: 'late-position', rate: 0.3 },
      { kind: 'lost-frame', rate: 0.1 },
    ],
  });
  const hash = createHash('sha256');
  const subscriber = d.exchange.connect('/ws/full', d.headers.get('A')!, {
    send: (text) => hash.update(text),
    close: () => {},
  });
  assert.ok(typeof subscriber !== 'number');
  const params = { stream: 'v1.order', selectors: [d.sub('A')] };
  subscriber.receive(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params, id: 1 }), d.nowMs);
  for (let round = 0; round < 60; round++) {
    for (let slice = 0; slice < 1_000; slice += chop) d.wait(chop);
    const book = d.raw(null, '/lite/v1/book', { i: BTC, d: 10 });
    hash.update(book.body);
    if (book.status !== 200) continue;
    const { r } = JSON.parse(book.body);
    for (const [name, buy, price] of [
      ['A', true, r.b[0].p],
      ['B', false, r.a[0].p],
    ] as const) {
      const order = await d.sign(name, { buy, price, size: '0.01', postOnly: true, nonce: round * 2 + (buy ? 1 : 2) });
      hash.update(d.raw(name, '/full/v1/create_order', { order }).body);
      hash.update(d.raw(name, '/lite/v1/positions', { sa: d.sub(name) }).body);
      hash.update(d.raw(name, '/full/v1/account_summary', { sub_account_id: d.sub(name) }).body);
    }
  }
  hash.update(d.raw('A', '/full/v1/fill_history', { sub_account_id: d.sub('A') }).body);
  return hash.digest('hex');
}

describe('the exchange', () => {
  it('answers the same bytes for the same seed and calls, in whatever slices time is handed in', async () => {
    const first = await run(5, 1_000);
    assert.equal(await run(5, 1_000), first);
    assert.equal(await run(5, 50), first);
    assert.notEqual(await run(6, 1_000), first);
  });

  for (const profile of Object.keys(PROFILES) as ProfileName[]) {
    it(`moves a ${profile} market by its seed alone, not by what its accounts do`, async () => {
      const quiet = new PaperBench({ profile, seed: 21 });
      const busy = new PaperBench({ profile, seed: 21 });
      // Orders far away: a post-only order at the touch may be raced, which is the one thing that moves a price.
      for (let round = 0; round < 40; round++) {
        await busy.place('A', { buy: true, price: '90000.0', size: '0.01', postOnly: true });
        await busy.place('A', { buy: true, size: '0.01', isMarket: true, timeInForce: 'IMMEDIATE_OR_CANCEL' });
        busy.wait(1_000);
      }
      quiet.wait(busy.nowMs - quiet.nowMs);
      const mark = (d: PaperBench): string => d.call(null, 'mini', { instrument: BTC }).body.result.mark_price;
      assert.equal(mark(busy), mark(quiet));
    });
  }

  it('shows quotes, fills on both sides, parts and a post-only refusal within a minute', async () => {
    const d = new PaperBench({ seed: 1 });
    const seen = { fills: 0, parts: 0, refusals: 0, buys: 0, sells: 0 };
    d.exchange.venue.onEvent((event) => {
      if (event.type === 'fill') {
        seen.fills += 1;
        seen[event.fill.order.buy ? 'buys' : 'sells'] += 1;
        if (event.fill.order.traded < event.fill.order.size) seen.parts += 1;
      }
      if (event.type === 'order' && event.order.reason === 'FAIL_POST_ONLY') seen.refusals += 1;
    });
    for (let round = 0; round < 30; round++) {
      for (const spec of d.specs) {
        const { bids, asks } = d.call(null, 'book', { instrument: spec.name, depth: 10 }).body.result;
        const size =
          (Math.ceil(300 / Number(bids[0].price) / (Number(spec.minSize) / 1e9)) * Number(spec.minSize)) / 1e9;
        for (const [name, buy, price] of [
          ['A', true, bids[0].price],
          ['B', false, asks[0].price],
        ] as const) {
          const mine = [...d.exchange.venue.accounts.find((each) => each.name === name)!.active.values()];
          if (mine.some((order) => order.instrument === spec.name)) continue;
          const order = await d.sign(name, {
            instrument: spec.name,
            buy,
            price,
            size: size.toFixed(3),
            postOnly: true,
          });
          assert.equal(d.call(name, 'create_order', { order }).status, 200);
        }
      }
      d.wait(2_000);
    }
    assert.ok(seen.buys >= 20 && seen.sells >= 20, JSON.stringify(seen));
    assert.ok(seen.parts >= 2 && seen.refusals >= 1, JSON.stringify(seen));
  });

  it('moves a hundred instruments for a minute in well under a second', () => {
    const exchange = createPaper({ startMs: START_MS, instruments: syntheticInstruments(100) });
    const tookMs = cpuTimeMs(() => exchange.advance(START_MS + 60_000));
    assert.equal(exchange.venue.steps, 240);
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
  });
});
