import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { markOf, sideAgainst, smallestTradableSize, valuePair, waitingOf } from '../../src/core/valuing.ts';
import {
  anyAccount,
  anySide,
  d,
  input,
  instrument,
  lot,
  order,
  position,
  seedFor,
  stateWith,
} from '../support/core.ts';

const seed = seedFor('core/valuing');

describe('3.1 one mark values both accounts', () => {
  it("3.1 the mark is the newest position's", () => {
    const older = position(1, { markPrice: d(100), eventTimeNs: 1n });
    const newer = position(-1, { markPrice: d(101), eventTimeNs: 2n });
    assert.equal(markOf([older, newer], null)?.toFixed(), '101');
    assert.equal(markOf([newer, older], null)?.toFixed(), '101');
  });

  it('3.1 with one account flat the other position gives the mark, not the book', () => {
    const touch = { bid: d(90), ask: d(91) };
    assert.equal(markOf([null, position(1, { markPrice: d(101) })], touch)?.toFixed(), '101');
  });

  it('3.1 both flat: the mark is the mid of the book', () => {
    assert.equal(markOf([null, null], { bid: d('99.9'), ask: d('100.2') })?.toFixed(), '100.05');
  });

  it('3.1 both flat and no book: there is no mark', () => assert.equal(markOf([null, null], null), null));

  for (const mark of ['0', '-1']) {
    it(`3.1 a mark of ${mark} makes the data unusable, whatever the book or an older position says`, () => {
      const touch = { bid: d(99), ask: d(100) };
      const bad = position(1, { markPrice: d(mark), eventTimeNs: 2n });
      assert.equal(markOf([bad, null], touch), null);
      assert.equal(markOf([bad, position(1, { eventTimeNs: 1n })], touch), null);
    });
  }

  it('3.1 both accounts are worth their size at the one mark', () => {
    const { valuation } = input({ a: 2, b: -3, mark: 110 });
    assert.equal(valuation.totalUsdt.toFixed(), '550');
    assert.equal(valuation.diffUsdt.toFixed(), '110');
  });
});

describe('3.2 the smallest tradable size', () => {
  const cases: [string, { minSize: string; minNotional: string }, string, string[], string][] = [
    ['3.2 it is min_size where the notional asks for less', { minSize: '0.1', minNotional: '5' }, '100', [], '0.1'],
    ['3.2 it is 1.02 × min_notional at the mark, rounded up', { minSize: '0.01', minNotional: '5' }, '100', [], '0.06'],
    ['3.2 an exact multiple is not rounded further', { minSize: '0.01', minNotional: '100' }, '102', [], '1'],
    [
      '3.2 the cheapest open lot counts where it is below',
      { minSize: '0.01', minNotional: '5' },
      '100',
      ['50'],
      '0.11',
    ],
    ['3.2 the mark counts where all lots are dearer', { minSize: '0.01', minNotional: '5' }, '100', ['200'], '0.06'],
    [
      '3.2 of several lots the cheapest counts, of either side',
      { minSize: '0.01', minNotional: '5' },
      '100',
      ['90', '25', '80'],
      '0.21',
    ],
    ['3.2 without a smallest notional it is min_size', { minSize: '0.5', minNotional: '0' }, '0.0001', [], '0.5'],
    ['3.2 the step is min_size', { minSize: '3', minNotional: '5' }, '1', [], '6'],
  ];
  for (const [name, rules, mark, prices, expected] of cases) {
    it(name, () => {
      const lots = prices.map((price, index) => lot(index + 1, 'A', index % 2 === 0 ? 'buy' : 'sell', 1, price));
      const of = instrument({ minSize: d(rules.minSize), minNotional: d(rules.minNotional) });
      assert.equal(smallestTradableSize(of, d(mark), lots).toFixed(), expected);
    });
  }
});

describe('3.3 settled and actual size', () => {
  it('3.3 the filled part of an order that waits is actual and not settled', () => {
    const waiting = order('A', 'buy', 2, 100, { tradedSize: d('0.7') });
    const { valuation } = input({ a: '1.7', b: -1, orders: [waiting] });
    assert.equal(valuation.actual.A.toFixed(), '1.7');
    assert.equal(valuation.settled.A.toFixed(), '1');
    assert.equal(valuation.settled.B.toFixed(), '-1');
  });

  it('3.3 a waiting sell is added back', () => {
    const waiting = order('B', 'sell', 2, 100, { tradedSize: d('0.7') });
    assert.equal(input({ a: 1, b: '-1.7', orders: [waiting] }).valuation.settled.B.toFixed(), '-1');
  });

  it('3.3 what is booked of an order does not wait', () => {
    const half = order('A', 'buy', 2, 100, { tradedSize: d('0.7'), bookedSize: d('0.5') });
    assert.equal(waitingOf([half], 'A').toFixed(), '0.2');
    assert.equal(waitingOf([half], 'B').toFixed(), '0');
  });
});

describe('3.4 net and hedged', () => {
  const cases: [string, string, string, string, boolean][] = [
    ['3.4 opposite and equal positions are hedged', '5', '-5', '0', true],
    ['3.4 a net of less than the smallest tradable size is hedged', '5', '-4.91', '0.09', true],
    ['3.4 a net of the smallest tradable size is not hedged', '5', '-4.9', '0.1', false],
    ['3.4 a negative net counts by its size', '-5', '4.9', '-0.1', false],
    ['3.4 positions in the same direction are not hedged', '5', '5', '10', false],
    ['3.4 short positions in the same direction are not hedged', '-5', '-5', '-10', false],
    ['3.4 flat is hedged', '0', '0', '0', true],
    ['3.4 dust in the same direction is hedged', '0.04', '0.05', '0.09', true],
  ];
  for (const [name, a, b, net, hedged] of cases) {
    it(name, () => {
      const { valuation } = input({ a, b, instrument: { minSize: d('0.1') } });
      assert.equal(valuation.net.toFixed(), net);
      assert.equal(valuation.hedged, hedged);
    });
  }

  it('3.4 hedged is judged on settled sizes: a fill that waits is no imbalance yet', () => {
    const waiting = order('A', 'buy', 2, 100, { tradedSize: d(1) });
    assert.equal(input({ a: 6, b: -5, orders: [waiting] }).valuation.hedged, true);
  });

  const same: [string, string, string, boolean][] = [
    ['3.4 both beyond dust on one side are in the same direction', '5', '0.1', true],
    ['3.4 dust on the same side is set aside', '5', '0.09', false],
    ['3.4 opposite positions are not in the same direction', '5', '-5', false],
    ['3.4 a flat account is in no direction', '5', '0', false],
    ['3.4 two shorts are in the same direction', '-1', '-1', true],
  ];
  for (const [name, a, b, expected] of same) {
    it(name, () => {
      assert.equal(input({ a, b, instrument: { minSize: d('0.1') } }).valuation.sameDirection, expected);
    });
  }
});

describe('3.5 diff, smaller, larger, total', () => {
  const cases: [string, string, string, 'A' | 'B'][] = [
    ['3.5 the smaller is the one with less', '1', '-2', 'A'],
    ['3.5 the smaller is judged without the sign', '-3', '2', 'B'],
    ['3.5 equal: B is the smaller', '2', '-2', 'B'],
    ['3.5 both flat: B is the smaller', '0', '0', 'B'],
  ];
  for (const [name, a, b, smaller] of cases) {
    it(name, () => {
      const { valuation } = input({ a, b });
      assert.equal(valuation.smaller, smaller);
      assert.notEqual(valuation.larger, smaller);
    });
  }

  it('3.5 the smaller is judged on settled sizes, the total on actual ones', () => {
    const waiting = order('A', 'buy', 2, 100, { tradedSize: d(2), bookedSize: d(0) });
    const { valuation } = input({ a: 3, b: -2, orders: [waiting] });
    assert.equal(valuation.smaller, 'A');
    assert.equal(valuation.total.toFixed(), '5');
  });

  it('3.5 diff is the net at the mark', () => {
    assert.equal(input({ a: 3, b: '-1.5', mark: 80 }).valuation.diffUsdt.toFixed(), '120');
  });
});

describe('3.6 sizes are reckoned in base units', () => {
  it('3.6 equal sizes are hedged at any mark, whatever their notionals were when they filled', () => {
    for (const mark of ['0.01', '100', '99999']) {
      assert.equal(input({ a: '1.66', b: '-1.66', mark }).valuation.hedged, true);
    }
  });
});

describe('what valuing holds for any positions', () => {
  it('3.3 to 3.5 settled + waiting = actual, net and total are their sums, exactly one account is the smaller', () => {
    const waiting = fc
      .record({ account: anyAccount, side: anySide, traded: fc.nat(500), booked: fc.nat(500) })
      .map(({ account, side, traded, booked }) =>
        order(account, side, 10, 100, {
          tradedSize: d(Math.max(traded, booked)).div(100),
          bookedSize: d(Math.min(traded, booked)).div(100),
        }),
      );
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: -1000, max: 1000 }),
        fc.array(waiting, { maxLength: 4 }),
        (a, b, orders) => {
          const state = stateWith({ orders });
          const actual = { A: d(a).div(100), B: d(b).div(100) };
          const valuation = valuePair(state, instrument(), actual, d(100));
          for (const account of ['A', 'B'] as const) {
            assert.ok(valuation.settled[account].plus(waitingOf(orders, account)).eq(actual[account]));
          }
          assert.ok(valuation.net.eq(valuation.settled.A.plus(valuation.settled.B)));
          assert.ok(valuation.total.eq(actual.A.abs().plus(actual.B.abs())));
          assert.ok(valuation.settled[valuation.smaller].abs().lte(valuation.settled[valuation.larger].abs()));
          assert.equal(valuation.hedged, valuation.net.abs().lt(valuation.smallestTradable));
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it('6.3 the side against the net sells what is long and buys what is short', () => {
    assert.equal(sideAgainst(d('0.1')), 'sell');
    assert.equal(sideAgainst(d('-0.1')), 'buy');
  });
});
