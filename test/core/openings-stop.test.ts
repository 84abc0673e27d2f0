import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  eachStop,
  judgeLossStop,
  judgeMarginStop,
  type LossStop,
  NO_LIMITS,
  NO_STOPS,
  type OpeningsStops,
  remainingStops,
  stopReason,
  stopsAfter,
} from '../../src/core/openings-stop.ts';
import { makePlan } from '../../src/core/plan.ts';
import { reason } from '../../src/core/reasons.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { config, d, input, lot, order } from '../support/core.ts';

const NOW = 1_000_000;
const MIDNIGHT = NOW + 3_600_000;
const summary = (margin: string, equity: string) => ({ totalEquity: d(equity), maintenanceMargin: d(margin) });

describe('8.6 margin: begins at the limit, ends 5 % below it', () => {
  const limit = d('0.5');
  const going = { ratio: '0.5100', limit };
  const table: readonly [string, string, string, typeof going | null, string | null][] = [
    ['below the limit', '499.99', '1000', null, null],
    ['at the limit', '500', '1000', null, '0.5000'],
    ['above it', '510', '1000', null, '0.5100'],
    ['it goes on below the limit, with the figure it began with', '480', '1000', going, '0.5100'],
    ['it goes on at 95 % of it', '475', '1000', going, '0.5100'],
    ['it ends below that', '474.99', '1000', going, null],
    ['no equity, with margin', '1', '0', null, '∞'],
    ['equity below zero, with margin', '1', '-5', null, '∞'],
    ['neither equity nor margin', '0', '0', null, null],
  ];
  for (const [name, margin, equity, former, ratio] of table)
    it(`8.6 ${name}`, () => {
      const stop = judgeMarginStop(summary(margin, equity), limit, former);
      assert.equal(stop?.ratio ?? null, ratio);
      if (former !== null && ratio !== null) assert.equal(stop, former);
    });

  it('8.6 off, or with another limit, it is judged again', () => {
    assert.equal(judgeMarginStop(summary('900', '1000'), null, going), null);
    assert.equal(judgeMarginStop(summary('480', '1000'), d('0.6'), going), null);
    assert.equal(judgeMarginStop(summary('480', '1000'), d('0.48'), going)?.limit.toFixed(), '0.48');
  });
});

describe('8.6 loss: once reached, until the day ends', () => {
  const limit = d(100);
  const going: LossStop = { loss: d(120), limit, untilMs: MIDNIGHT };
  const day = (total: string, endsMs = MIDNIGHT) => ({ total: d(total), endsMs });
  const table: readonly [string, ReturnType<typeof day> | null, LossStop | null, number, string | null][] = [
    ['a gain', day('250'), null, NOW, null],
    ['a smaller loss', day('-99.99'), null, NOW, null],
    ['the loss itself', day('-100'), null, NOW, '100'],
    ['it goes on though the mark came back', day('40'), going, NOW, '120'],
    ['it goes on while nothing new is known', null, going, MIDNIGHT - 1, '120'],
    ['it ends with the day', null, going, MIDNIGHT, null],
    ['the next day is judged by itself', day('-5', MIDNIGHT + 86_400_000), going, MIDNIGHT, null],
    ['figures of a day that is over stop nothing', day('-500', NOW), null, NOW, null],
  ];
  for (const [name, known, former, nowMs, loss] of table)
    it(`8.6 ${name}`, () => {
      assert.equal(judgeLossStop(known, limit, former, nowMs)?.loss.toFixed() ?? null, loss);
    });

  it('8.6 a limit raised above the loss ends it, and so does none; a raised one below it does not', () => {
    assert.equal(judgeLossStop(null, d(121), going, NOW), null);
    assert.equal(judgeLossStop(null, null, going, NOW), null);
    assert.equal(judgeLossStop(null, d(110), going, NOW)?.limit.toFixed(), '110');
  });
});

describe('8.6 all of them together', () => {
  const limits = { marginRatio: d('0.5'), lossUsdt: d(100) };
  const both: OpeningsStops = {
    margin: { A: null, B: { ratio: '0.6000', limit: d('0.5') } },
    loss: { loss: d(120), limit: d(100), untilMs: MIDNIGHT },
  };

  it('8.6 news of one account leaves the other as it was, and no news the very same value', () => {
    const news = { margin: { account: 'A', summary: summary('10', '1000') } } as const;
    assert.equal(stopsAfter(both, limits, news, NOW), both);
    assert.equal(stopsAfter(NO_STOPS, limits, news, NOW), NO_STOPS);
    const over = stopsAfter(both, limits, { margin: { account: 'B', summary: summary('10', '1000') } }, NOW);
    assert.deepEqual([over.margin.B, over.loss], [null, both.loss]);
  });

  it('8.6 what a start remembers goes by the limits it has, and by its clock', () => {
    assert.deepEqual(remainingStops(both, limits, NOW), both);
    assert.deepEqual(remainingStops(both, NO_LIMITS, NOW), NO_STOPS);
    assert.equal(remainingStops(both, limits, MIDNIGHT).loss, null);
    assert.equal(remainingStops(both, { ...limits, marginRatio: d('0.7') }, NOW).margin.B, null);
  });

  it('8.6 the reason names account and figures, in both languages', () => {
    const why = stopReason(both);
    assert.ok(why);
    assert.equal(reasonText(why, 'en'), 'margin ratio 0.6000 of account B has reached 0.5');
    assert.match(reasonText(why, 'zh'), /账户 B.*0\.6000.*0\.5/);
    const loss = stopReason({ ...both, margin: NO_STOPS.margin });
    assert.ok(loss);
    assert.equal(reasonText(loss, 'en'), 'the loss of the day, 120.00 USDT, has reached 100');
    assert.equal(stopReason(NO_STOPS), null);
    assert.deepEqual(
      eachStop(both).map(({ of, why: one }) => [of, one?.code ?? null]),
      [
        ['A', null],
        ['B', 'margin-stop'],
        ['loss', 'loss-stop'],
      ],
    );
  });
});

describe('8.6 what a decision makes of it', () => {
  const openingsStop = reason('loss-stop', '8.6', { loss: '120.00', limit: '100' });
  const hedged = { lots: [], a: 5, b: -5 };

  it('8.6 increase, hedged: nothing is opened, and the idle reason says why', () => {
    const plan = makePlan({ ...input(hedged), openingsStop });
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.tradingState, 'equal');
    assert.ok(plan.idle);
    assert.equal(
      reasonText(plan.idle, 'en'),
      'openings are stopped: the loss of the day, 120.00 USDT, has reached 100',
    );
    assert.equal(makePlan(input(hedged)).creates.length, 2);
  });

  it('8.6 live openings are cancelled, repairs that cover the net stay', () => {
    const orders = [order('A', 'buy', 1, 99), order('B', 'sell', 1, 101)];
    const trims = makePlan({ ...input({ ...hedged, orders }), openingsStop }).trims;
    assert.deepEqual(
      trims.map(({ order: { account }, why }) => [account, why.code, why.rule]),
      [
        ['A', 'opens', '8.6'],
        ['B', 'opens', '8.6'],
      ],
    );
    const repair = { ...order('B', 'sell', 1, 101), purpose: 'repair' as const };
    const net = { a: 6, b: -5, lots: [lot(1, 'A', 'buy', 1, 100)], orders: [repair] };
    assert.deepEqual(makePlan({ ...input(net), openingsStop }).trims, []);
  });

  it('8.6 decrease goes on: what it closes frees margin', () => {
    const decrease = input({ ...hedged, config: config({ positionMode: 'decrease', minTotalPositionUsdt: d(0) }) });
    assert.equal(makePlan({ ...decrease, openingsStop }).creates.length, 2);
  });

  it('16.1 a stricter mode is named first', () => {
    const plan = makePlan({ ...input(hedged), openingsStop, mode: 'hedge-only' });
    assert.equal(plan.idle?.code, 'hedge-only');
  });
});
