import assert from 'node:assert/strict';
import { statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf } from '../../src/backtest/answer.ts';
import { type Asked, planOf, questionOf } from '../../src/backtest/plan.ts';
import { type Played, play } from '../../src/backtest/play.ts';
import { answerText } from '../../src/backtest/text.ts';
import { Decimal } from '../../src/core/decimal.ts';
import { MarketWriter } from '../../src/market/store.ts';
import { e9 } from '../../src/paper/fixed.ts';
import { ReasonError } from '../../src/texts/reason-error.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { assertChinese } from '../support/chinese.ts';
import { asked, BNB, candleMarket, quietMarket, START_MS, temporaryDirectory } from './markets.ts';

async function played(question: Asked): Promise<{ runs: Played[]; text: string; json: string }> {
  const plan = planOf(question);
  const runs = [];
  for (const fill of plan.fills) runs.push(await play(questionOf(plan, plan.points[0]!, fill)));
  const answer = answerOf(plan, [runs]);
  return { runs, text: answerText(answer), json: JSON.stringify(answer) };
}

test('in a market that stands still both accounts earn the spread, and the statement adds up to what the exchange says', async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 5 });
  const { runs, text } = await played(asked(market));
  for (const run of runs) {
    const [figures] = run.whole;
    assert.ok(figures !== undefined);
    assert.equal(run.failure, null);
    assert.deepEqual(run.breaches, {});
    assert.ok(figures.hedges > 5, `${figures.hedges} hedges`);
    assert.equal(figures.takerFills, 0);
    const of = (name: 'spread' | 'unwinds' | 'openLots' | 'differences' | 'fees' | 'funding' | 'total') =>
      new Decimal(figures[name]);
    const sum = of('spread').plus(of('unwinds')).plus(of('openLots')).plus(of('differences')).minus(of('fees'));
    assert.equal(sum.minus(of('funding')).toFixed(), of('total').toFixed());
    assert.equal(figures.differences, '0', 'nothing is unexplained');
    // Four ticks of 0.1 on each hedged unit; the rebate is a fee below zero.
    assert.ok(of('spread').gt(0) && of('fees').lt(0));
    assert.equal(run.series?.atSec.length, run.series?.gained.length);
    assert.equal(run.series?.atSec.length, 5);
  }
  assert.ok(Number(runs[1]!.whole[0]!.volume) >= Number(runs[0]!.whole[0]!.volume), 'a touch fills no less');
  assert.match(text, /conservative/);
  // The same again: the same bytes (of the other rule of fills, the sweep's test).
  const [again] = (await played(asked(market, { fill: 'conservative' }))).runs;
  assert.equal(JSON.stringify(again), JSON.stringify(runs[0]));
});

test('from candles no gains are reported, and what is assumed is named', async (t) => {
  const market = temporaryDirectory(t);
  const quiet = ['620', '620.6', '619.4', '620', '400'] as const;
  candleMarket(
    market,
    Array.from({ length: 5 }, () => quiet),
  );
  const { text, json } = await played(asked(market, { spread: '2', depthUsdt: '5000', fill: 'conservative' }));
  assert.match(text, /Invented: a spread of 2 ticks, 5000.0 USDT at each price/);
  assert.match(text, /depends on the invented spread/);
  assert.match(text, /path within each candle/);
  assert.doesNotMatch(text, /\btotal\b|open lots|\bspread {2}/);
  assert.equal(JSON.parse(json).isMoneyKnown, false);
});

const REFUSED: readonly { readonly why: RegExp; readonly ask: Partial<Asked>; readonly candles?: true }[] = [
  {
    why: /--symbols: BNB_USDT_Prep: expected one of BNB_USDT_Perp; did you mean BNB_USDT_Perp\?/,
    ask: { symbols: ['BNB_USDT_Prep'] },
  },
  { why: /--set: order_notional: expected one of order_notional_usdt, /, ask: { sets: ['order_notional=200'] } },
  { why: /expected NAME=VALUE/, ask: { sets: ['order_notional_usdt'] } },
  { why: /expected NAME=VALUE/, ask: { sets: ['order_notional_usdt=200,,300'] } },
  { why: /--set: mode: expected each setting once/, ask: { sets: ['mode=trade', 'mode=pause'] } },
  { why: /order_notional_usdt=-5: not usable: .*order_notional_usdt/, ask: { sets: ['order_notional_usdt=-5'] } },
  { why: /GRVT_HEDGE_LOOP_INTERVAL_SEC=0: not usable/, ask: { sets: ['GRVT_HEDGE_LOOP_INTERVAL_SEC=0'] } },
  { why: /--set: GRVT_TRADING_API_KEY_1: expected one of/, ask: { sets: ['GRVT_TRADING_API_KEY_1=x'] } },
  { why: /expected --spread and --depth/, ask: {}, candles: true },
  { why: /--spread: wide: expected ticks/, ask: { spread: 'wide', depthUsdt: '1' }, candles: true },
  { why: /--depth: 0: expected a number above 0/, ask: { spread: '1', depthUsdt: '0' }, candles: true },
  { why: /expected something of BNB_USDT_Perp in that time/, ask: { fromMs: Date.UTC(2027, 0, 1) } },
  {
    why: /1000000 combinations of settings take about .* add --yes/,
    ask: {
      sets: ['order_notional_usdt', 'imbalance_limit_usdt', 'max_total_position_usdt'].map(
        (name) => `${name}=${Array.from({ length: 100 }, (_, index) => 1_000 + index).join(',')}`,
      ),
    },
  },
];

for (const { why, ask, candles } of REFUSED) {
  test(`refused: ${why.source}`, (t) => {
    const market = temporaryDirectory(t);
    if (candles)
      candleMarket(
        market,
        Array.from({ length: 3 }, () => ['620', '621', '619', '620', '40'] as const),
      );
    else quietMarket(market, { minutes: 3 });
    assert.throws(
      () => planOf(asked(market, ask)),
      (thrown) => {
        assert.ok(thrown instanceof Error);
        assert.match(thrown.message, why);
        if (thrown instanceof ReasonError) assertChinese(reasonText(thrown.why, 'zh'));
        return true;
      },
    );
  });
}

test('every combination of what is set is a point, read as the product reads it', (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 5 });
  const plan = planOf(asked(market, { sets: ['order_notional_usdt=200,500', 'GRVT_HEDGE_LOOP_INTERVAL_SEC=2,5'] }));
  assert.deepEqual(
    plan.points.map(({ rows, variables }) => [rows[0]?.order_notional_usdt, variables.GRVT_HEDGE_LOOP_INTERVAL_SEC]),
    [
      ['200', '2'],
      ['200', '5'],
      ['500', '2'],
      ['500', '5'],
    ],
  );
  assert.equal(plan.splitMs, plan.range.fromMs + Math.round((plan.range.toMs - plan.range.fromMs) * 0.7));
  assert.equal(plan.summaries[0]?.spec.name, BNB.name);
});

test('what is wrong with a recording is played around, and named: a new tick, a crossed book, a trade outside, a day missing, an end cut off', async (t) => {
  const market = temporaryDirectory(t);
  quietMarket(market, { minutes: 4 });
  const coarse = { ...BNB, tick: BNB.tick * 10n };
  const oddMs = START_MS + 238_000;
  const writer = new MarketWriter(market, BNB.name);
  const [low, high] = [coarse.tick * 620n, coarse.tick * 622n];
  const level = (price: bigint) => ({ price, size: e9('2'), orders: 1 });
  const timed = { atMs: oddMs, exchangeNs: BigInt(oddMs) * 1_000_000n };
  writer.append({ kind: 'book', ...timed, bids: [level(high)], asks: [level(low)] });
  writer.append({ kind: 'trade', ...timed, takerBuys: true, price: high * 2n, size: e9('0.01'), id: 'far' });
  writer.close();
  quietMarket(market, { minutes: 4, fromMs: START_MS + 240_000, spec: coarse, bid: 620, ask: 622 });
  // The day after next, and of it all but the last bytes.
  const nextMs = START_MS + 2 * 86_400_000;
  quietMarket(market, { minutes: 2, fromMs: nextMs, spec: coarse, bid: 620, ask: 622 });
  quietMarket(market, { minutes: 2, fromMs: nextMs + 120_000, spec: coarse, bid: 620, ask: 622 });
  const file = join(market, BNB.name, '2026-01-07.market.zst');
  truncateSync(file, statSync(file).size - 5);

  const plan = planOf(asked(market, { toMs: START_MS + 480_000, sets: ['max_total_position_usdt=100000'] }));
  const fills: { price: bigint; atMs: number }[] = [];
  const run = await play(questionOf(plan, plan.points[0]!, 'conservative'), {
    onFill: ({ price }, atMs) => fills.push({ price, atMs }),
  });
  assert.equal(run.failure, null);
  assert.deepEqual(run.breaches, {});
  const later = fills.filter(({ atMs }) => atMs > START_MS + 300_000);
  assert.ok(later.length > 5, `${later.length} fills at the new tick`);
  for (const { price } of later) assert.equal(price % coarse.tick, 0n);
  const text = answerText(answerOf(plan, [[run]]));
  assert.match(text, /1 crossed books were not used/);
  assert.match(text, /1 trades were outside the book/);

  const [summary] = planOf(asked(market)).summaries;
  assert.deepEqual(
    summary!.gaps.map(({ why }) => why),
    ['no file of that day'],
  );
  assert.equal(summary!.lastMs, nextMs + 116_000, 'what was written last is cut off');
});
