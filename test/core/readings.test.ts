import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { book, lotsNet, lotsOfPositions } from '../../src/core/ledger.ts';
import { makePlan } from '../../src/core/plan.ts';
import { REFUSAL_REST_MS } from '../../src/core/rests.ts';
import { orderCap } from '../../src/core/trims.ts';
import { d, fill, type InputOptions, input, lot, NOW, order, stateAfter } from '../support/core.ts';

/** Where the strategy reads its source otherwise than to the letter (strategy 14): one case a row, as far as core decides it. */

function creates(given: InputOptions): string[] {
  return makePlan(input(given)).creates.map((one) => `${one.account} ${one.side} ${one.size.toFixed()}`);
}

const decrease = { positionMode: 'decrease' } as const;
const twoOrders = { singleOrderDiffThresholdUsdt: d(0) };

describe('14 readings of the source', () => {
  it('14 |A| = |B| compares sizes under one mark, to within the smallest tradable size', () => {
    const given = { a: '5.05', b: -5, instrument: { minNotional: d(10) } };
    assert.equal(input(given).valuation.hedged, true);
    assert.equal(makePlan(input(given)).tradingState, 'equal');
  });

  it('14 lots match by base size, not by notional: nothing stays of 1 bought at 100 and sold at 101', () => {
    assert.deepEqual(stateAfter([fill('A', 'buy', 1, 100), fill('B', 'sell', 1, 101)]).lots, []);
  });

  it('14 lots match across accounts first, then the same account, never at a loss', () => {
    const { matches } = book(
      stateAfter([fill('A', 'buy', 1, 100), fill('B', 'buy', 1, 99), fill('A', 'buy', 1, 102)]),
      fill('B', 'sell', 3, 101),
    );
    assert.deepEqual(
      matches.map((one) => `${one.kind} ${one.lotPrice.toFixed()}`),
      ['hedge 100', 'unwind 99'],
    );
  });

  it('14 the side is against the net, whatever the oldest lot says', () => {
    const lots = [lot(1, 'A', 'sell', 1, 90), lot(2, 'A', 'buy', 6, 100)];
    assert.equal(lotsNet(lots).toFixed(), '5');
    const [intent] = makePlan(input({ a: 5, lots })).creates;
    assert.equal(intent?.side, 'sell');
    assert.equal(intent?.guardPrice?.toFixed(), '100');
  });

  it('14 a synthetic lot carries entry_price into the guard', () => {
    const lots = lotsOfPositions({ A: { size: d(5), entryPrice: d('97.3') }, B: null }, NOW);
    assert.equal(makePlan(input({ a: 5, lots })).creates[0]?.guardPrice?.toFixed(), '97.3');
  });

  it('14 only the smaller adds in increase; in decrease the larger follows, or the smaller as decrease_repair says', () => {
    assert.deepEqual(creates({ a: 55, b: -50 }), ['B sell 5']);
    assert.deepEqual(creates({ a: 55, b: -50, config: decrease }), ['A sell 5']);
    assert.deepEqual(creates({ a: 55, b: -50, config: { ...decrease, decreaseRepair: 'smaller' } }), ['B sell 5']);
  });

  it('14 either way gives in to the other when a limit blocks it', () => {
    assert.deepEqual(creates({ a: 11, b: -10, config: { ...decrease, minTotalPositionUsdt: d(2000) } }), ['A sell 1']);
    assert.deepEqual(creates({ a: 10, b: -9, config: { ...decrease, minTotalPositionUsdt: d(2000) } }), ['B sell 1']);
    assert.deepEqual(creates({ a: 12, b: -10, config: { maxTotalPositionUsdt: d(2000) } }), ['A sell 2']);
  });

  it('14 min(order, 2 × gap), and at most the net while that is tradable', () => {
    assert.deepEqual(creates({ a: '0.3', b: 0 }), ['B sell 0.3']);
  });

  it('14 past the net only at a better price', () => {
    const [past] = makePlan(input({ a: 6, strategy: twoOrders, orders: [order('B', 'sell', 6, 101)] })).creates;
    assert.equal(past?.nearerThanPrice?.toFixed(), '101');
  });

  it('14 sides in decrease come from the positions, a pair held the other way round shrinks too', () => {
    assert.deepEqual(creates({ a: -50, b: 50, config: decrease }), ['A buy 10', 'B sell 10']);
  });

  it('14 sides in increase, when holding, are the growing ones', () => {
    assert.deepEqual(creates({ a: -50, b: 50 }), ['A sell 10', 'B buy 10']);
  });

  it('14 totals stay within the limits, each account within half, openings with 2 % to spare', () => {
    // 20 units at the mark of 100: 9.8 an account for openings, 10 for the leg that repairs.
    const config = { maxTotalPositionUsdt: d(2000) };
    assert.deepEqual(creates({ config }), ['A buy 9.8', 'B sell 9.8']);
    assert.deepEqual(creates({ a: '9.8', config }), ['B sell 9.8']);
    assert.equal(makePlan(input({ a: '9.8', b: '-9.8', config })).tradingState, 'capped');
  });

  it('14 at most one below the threshold, and also while hedged', () => {
    assert.equal(orderCap(input({ a: '0.19' })), 1);
    assert.equal(orderCap(input({ a: 5, b: -5 })), 1);
    assert.equal(orderCap(input({ a: 5 })), 2);
  });

  it('14 orders on a wrong side go first', () => {
    const orders = [order('B', 'sell', 5, 101, { sentAtMs: NOW - 9000 }), order('B', 'buy', 5, 99, { sentAtMs: NOW })];
    const plan = makePlan(input({ a: '0.1', orders }));
    assert.deepEqual(
      plan.trims.map((trim) => trim.order.side),
      ['buy'],
    );
  });

  it('14 positions of the same direction are not hedged', () => {
    assert.equal(input({ a: 5, b: 5 }).valuation.hedged, false);
    assert.equal(makePlan(input({ a: 5, b: 5 })).tradingState, 'imbalanced');
  });

  it('14 imbalance_limit_usdt bounds how far filled repairs may pass zero', () => {
    const past = (imbalanceLimitUsdt: number) =>
      creates({
        a: 6,
        strategy: twoOrders,
        orders: [order('B', 'sell', 6, 101)],
        config: { imbalanceLimitUsdt: d(imbalanceLimitUsdt) },
      });
    assert.deepEqual(past(0), []);
    assert.deepEqual(past(250), ['B sell 2.5']);
    assert.deepEqual(past(100_000), ['B sell 6']);
  });

  it('14 synthetic lots of both positions consume each other first', () => {
    const lots = lotsOfPositions({ A: { size: d(5), entryPrice: d(120) }, B: { size: d(-4), entryPrice: d(80) } }, NOW);
    assert.deepEqual(
      lots.map((one) => `${one.account} ${one.side} ${one.size.toFixed()}`),
      ['A buy 1'],
    );
  });

  it('14 below the smallest tradable size nothing is submitted: it is never rounded up', () => {
    assert.deepEqual(creates({ config: { orderNotionalUsdt: d('4.99') }, instrument: { minNotional: d(5) } }), []);
    assert.deepEqual(creates({ config: { orderNotionalUsdt: d('0.99') } }), []);
  });

  it('14 partial fills wait, and do not count as imbalance meanwhile', () => {
    const waits = order('A', 'buy', 10, 99, { tradedSize: d(4) });
    const plan = makePlan(input({ a: 4, b: 0, orders: [waits] }));
    assert.equal(plan.tradingState, 'partial-wait');
    assert.deepEqual(plan.creates, []);
  });

  it('9.5 the first rest after another refusal is 10 s', () => assert.equal(REFUSAL_REST_MS, 10_000));
});
