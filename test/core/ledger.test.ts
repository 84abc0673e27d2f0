import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { min, sum, ZERO } from '../../src/core/decimal.ts';
import { book, cheapestLotPrice, type Fill, incrementPrice, lotsNet } from '../../src/core/ledger.ts';
import type { FillLot, LotMatch } from '../../src/core/model.ts';
import { oppositeSide } from '../../src/core/model.ts';
import { anyFill, d, fill, lot, plain, seedFor, signed, stateAfter, stateWith } from '../support/core.ts';

const seed = seedFor('core/ledger');

/** `sell 1 of B at 100` closed what: `hedge #1 1 +2`. */
function reported(matches: readonly LotMatch[]): string[] {
  return matches.map(
    (one) =>
      `${one.kind} #${one.lotId} ${one.size.toFixed()} ${one.gainUsdt.gte(0) ? '+' : ''}${one.gainUsdt.toFixed()}`,
  );
}

function open(lots: readonly FillLot[]): string[] {
  return lots.map((one) => `#${one.id} ${one.account} ${one.side} ${one.size.toFixed()} @ ${one.price.toFixed()}`);
}

describe('4.1 the price of an increment', () => {
  const cases: [string, [string, string], [string, string], string | null][] = [
    ['4.1 the first increment costs the average', ['0', '0'], ['2', '100'], '100'],
    ['4.1 a second increment costs what moves the average', ['1', '100'], ['2', '101'], '102'],
    ['4.1 an increment at the same price leaves the average', ['1', '100'], ['3', '100'], '100'],
    ['4.1 an increment may be cheaper than all before', ['2', '210'], ['3', '100'], '90'],
    ['4.1 nothing added has no price', ['2', '200'], ['2', '100'], null],
    ['4.1 a size that shrank has no price', ['2', '200'], ['1', '100'], null],
    ['10.4 an increment worth nothing is impossible', ['1', '100'], ['2', '50'], null],
    ['10.4 an increment worth less than nothing is impossible', ['1', '100'], ['2', '49'], null],
  ];
  for (const [name, [size, valueUsdt], [total, averagePrice], expected] of cases) {
    it(name, () => {
      const price = incrementPrice(
        { size: d(size), valueUsdt: d(valueUsdt) },
        { size: d(total), averagePrice: d(averagePrice) },
      );
      assert.equal(price?.toFixed() ?? null, expected);
    });
  }

  it("4.1 the booked value equals the exchange's to the last digit, however often it was read and rounded", () => {
    const step = fc.record({
      steps: fc.bigInt({ min: 1n, max: 10n ** 12n }),
      average: fc.bigInt({ min: 90_000_000_000n, max: 110_000_000_000n }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (readings) => {
        let before = { size: ZERO, valueUsdt: ZERO };
        let booked = ZERO;
        for (const { steps, average } of readings) {
          // The exchange gives averages with nine decimals, so each reading's value is rounded on its own.
          const size = before.size.plus(d(steps.toString()).div('1e9'));
          const averagePrice = d(average.toString()).div('1e9');
          const price = incrementPrice(before, { size, averagePrice });
          if (price === null) continue;
          booked = booked.plus(price.mul(size.minus(before.size)));
          before = { size, valueUsdt: size.mul(averagePrice) };
        }
        // Nine decimals of size by nine of price: eighteen decimals hold the exchange's figure whole.
        assert.equal(booked.toFixed(18), before.valueUsdt.toFixed(18));
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('4.4 matching', () => {
  const cases: { name: string; lots: FillLot[]; fill: Fill; matches: string[]; left: string[] }[] = [
    {
      name: '4.4 a fill without opposite lots becomes a lot',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('B', 'buy', 2, 101),
      matches: [],
      left: ['#1 A buy 1 @ 100', '#2 B buy 2 @ 101'],
    },
    {
      name: '4.4 a sell consumes a buy lot of the other account: a hedge',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('B', 'sell', 1, 102),
      matches: ['hedge #1 1 +2'],
      left: [],
    },
    {
      name: '4.4 a buy consumes a sell lot of the other account: a hedge',
      lots: [lot(1, 'B', 'sell', 1, 100)],
      fill: fill('A', 'buy', 1, 97),
      matches: ['hedge #1 1 +3'],
      left: [],
    },
    {
      name: '4.4 a sell consumes its own account’s buy lot: an unwind',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('A', 'sell', 1, 101),
      matches: ['unwind #1 1 +1'],
      left: [],
    },
    {
      name: '4.4 a sell at the price it was bought for is no loss',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('B', 'sell', 1, 100),
      matches: ['hedge #1 1 +0'],
      left: [],
    },
    {
      name: '4.4 a sell never consumes a dearer buy lot: the lot stays, the fill becomes a lot',
      lots: [lot(1, 'A', 'buy', 1, '100.1')],
      fill: fill('B', 'sell', 1, 100),
      matches: [],
      left: ['#1 A buy 1 @ 100.1', '#2 B sell 1 @ 100'],
    },
    {
      name: '4.4 a buy never consumes a cheaper sell lot',
      lots: [lot(1, 'A', 'sell', 1, '99.9')],
      fill: fill('B', 'buy', 1, 100),
      matches: [],
      left: ['#1 A sell 1 @ 99.9', '#2 B buy 1 @ 100'],
    },
    {
      name: '4.4 the other account’s lots go first, however tight its own are',
      lots: [lot(1, 'B', 'buy', 1, 100), lot(2, 'A', 'buy', 1, 90)],
      fill: fill('B', 'sell', 1, 100),
      matches: ['hedge #2 1 +10'],
      left: ['#1 B buy 1 @ 100'],
    },
    {
      name: '4.4 what the other account’s lots leave of a fill unwinds its own',
      lots: [lot(1, 'B', 'buy', 1, 100), lot(2, 'A', 'buy', 1, 90)],
      fill: fill('B', 'sell', '1.5', 100),
      matches: ['hedge #2 1 +10', 'unwind #1 0.5 +0'],
      left: ['#1 B buy 0.5 @ 100'],
    },
    {
      name: '4.4 for a sell the maxUnitUsdt buy lot it may consume goes first',
      lots: [lot(1, 'A', 'buy', 1, 90), lot(2, 'A', 'buy', 1, 99), lot(3, 'A', 'buy', 1, 101)],
      fill: fill('B', 'sell', 1, 100),
      matches: ['hedge #2 1 +1'],
      left: ['#1 A buy 1 @ 90', '#3 A buy 1 @ 101'],
    },
    {
      name: '4.4 for a buy the cheapest sell lot it may consume goes first',
      lots: [lot(1, 'A', 'sell', 1, 110), lot(2, 'A', 'sell', 1, 101), lot(3, 'A', 'sell', 1, 99)],
      fill: fill('B', 'buy', 1, 100),
      matches: ['hedge #2 1 +1'],
      left: ['#1 A sell 1 @ 110', '#3 A sell 1 @ 99'],
    },
    {
      name: '4.4 of lots with one price the oldest goes first, whatever its place in the list',
      lots: [lot(2, 'A', 'buy', 1, 100, { bookedAtMs: 2000 }), lot(1, 'A', 'buy', 1, 100, { bookedAtMs: 1000 })],
      fill: fill('B', 'sell', 1, 100),
      matches: ['hedge #1 1 +0'],
      left: ['#2 A buy 1 @ 100'],
    },
    {
      name: '4.4 of lots of one price and moment the first booked goes first',
      lots: [lot(2, 'A', 'buy', 1, 100, { bookedAtMs: 5 }), lot(1, 'A', 'buy', 1, 100, { bookedAtMs: 5 })],
      fill: fill('B', 'sell', 1, 100),
      matches: ['hedge #1 1 +0'],
      left: ['#2 A buy 1 @ 100'],
    },
    {
      name: '4.4 a fill goes through several lots and the last is consumed in part',
      lots: [lot(1, 'A', 'buy', 1, 100), lot(2, 'A', 'buy', 1, 99), lot(3, 'A', 'buy', 1, 98)],
      fill: fill('B', 'sell', '2.5', 100),
      matches: ['hedge #1 1 +0', 'hedge #2 1 +1', 'hedge #3 0.5 +1'],
      left: ['#3 A buy 0.5 @ 98'],
    },
    {
      name: '4.4 what no lot takes of a fill becomes a lot at its price',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('B', 'sell', 3, 105),
      matches: ['hedge #1 1 +5'],
      left: ['#2 B sell 2 @ 105'],
    },
    {
      name: '14 lots are matched by base size: 1 bought at 100 and sold at 101 leaves nothing',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      fill: fill('B', 'sell', 1, 101),
      matches: ['hedge #1 1 +1'],
      left: [],
    },
  ];
  for (const one of cases) {
    it(one.name, () => {
      const booking = book(stateWith({ lots: one.lots }), one.fill);
      assert.deepEqual(reported(booking.matches), one.matches);
      assert.deepEqual(open(booking.state.lots), one.left);
    });
  }

  it('4.4 a match says whose lot it was, when it was booked, and both prices', () => {
    const { matches } = book(stateWith({ lots: [lot(7, 'A', 'buy', 2, 100)] }), fill('B', 'sell', 1, 103));
    assert.deepEqual(plain(matches[0]), {
      kind: 'hedge',
      lotId: 7,
      lotAccount: 'A',
      lotPrice: '100',
      lotBookedAtMs: lot(7, 'A', 'buy', 2, 100).bookedAtMs,
      fillAccount: 'B',
      fillSide: 'sell',
      fillPrice: '103',
      size: '1',
      gainUsdt: '3',
    });
  });

  it('4.4 a lot that is left remembers the order, the moment and where it came from', () => {
    const { state, openedLotSize } = book(stateWith(), {
      ...fill('A', 'buy', 1, 100),
      clientOrderId: '42',
      source: 'drift',
    });
    assert.equal(openedLotSize.toFixed(), '1');
    assert.equal(state.lots[0]?.clientOrderId, '42');
    assert.equal(state.lots[0]?.source, 'drift');
    assert.equal(state.nextLotId, 2);
  });

  it('4.4 lot numbers are never given twice', () => {
    const state = stateAfter([fill('A', 'buy', 1, 100), fill('B', 'sell', 1, 100), fill('A', 'buy', 1, 100)]);
    assert.deepEqual(
      state.lots.map((one) => one.id),
      [2],
    );
  });
});

describe('4.6 realised results', () => {
  it('4.6 hedges and unwinds are counted apart, with size and gain', () => {
    const lots = [lot(1, 'A', 'buy', 2, 100), lot(2, 'B', 'buy', 3, 90)];
    const { state } = book(stateWith({ lots }), fill('B', 'sell', 4, 101));
    assert.deepEqual(plain(state.realised), {
      hedges: 1,
      hedgedSize: '2',
      hedgeGainUsdt: '2',
      unwinds: 1,
      unwindGainUsdt: '22',
    });
  });

  it('4.6 they add up over fills', () => {
    const state = stateAfter([
      fill('A', 'buy', 2, 100),
      fill('B', 'sell', 1, 101),
      fill('B', 'sell', 1, 102),
      fill('B', 'buy', 1, 99),
    ]);
    assert.equal(state.realised.hedges, 2);
    assert.equal(state.realised.hedgeGainUsdt.toFixed(), '3');
  });
});

describe('what the ledger holds for any fills', () => {
  const fills = fc.array(anyFill, { minLength: 1, maxLength: 40 });

  it('4.5 I9 the signed sum of the lots is the sum of the fills, per account as booked and in all', () => {
    fc.assert(
      fc.property(fills, (all) => {
        const state = stateAfter(all);
        assert.ok(lotsNet(state.lots).eq(sum(all.map((one) => signed(one.side, one.size)))));
        for (const account of ['A', 'B'] as const) {
          const own = all.filter((one) => one.account === account);
          assert.ok(state.booked[account].eq(sum(own.map((one) => signed(one.side, one.size)))));
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('I2 no fill closes a lot at a loss, and the gain is that of the prices', () => {
    fc.assert(
      fc.property(fills, (all) => {
        let state = stateWith();
        for (const one of all) {
          const before = new Map(state.lots.map((each) => [each.id, each]));
          const booking = book(state, one);
          for (const match of booking.matches) {
            const consumed = before.get(match.lotId);
            assert.ok(consumed, `lot ${match.lotId} was open`);
            assert.notEqual(consumed.side, one.side);
            const [sold, bought] = one.side === 'sell' ? [one.price, consumed.price] : [consumed.price, one.price];
            assert.ok(sold.gte(bought), `sold at ${sold} what was bought at ${bought}`);
            assert.ok(match.gainUsdt.eq(sold.minus(bought).mul(match.size)));
            assert.equal(match.kind, consumed.account === one.account ? 'unwind' : 'hedge');
          }
          state = booking.state;
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('4.4 a fill is matched as far as it may be, and not a step further', () => {
    fc.assert(
      fc.property(fills, anyFill, (all, last) => {
        const before = stateAfter(all);
        const { state, matches, openedLotSize } = book(before, last);
        const matched = sum(matches.map((one) => one.size));
        const permitted = before.lots.filter(
          (one) =>
            one.side === oppositeSide(last.side) &&
            (last.side === 'sell' ? one.price.lte(last.price) : one.price.gte(last.price)),
        );
        assert.ok(matched.eq(min(last.size, sum(permitted.map((one) => one.size)))));
        assert.ok(matched.plus(openedLotSize).eq(last.size));
        assert.ok(state.lots.every((one) => one.size.gt(0)));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('4.4 no lot left was tighter than one consumed of the same account', () => {
    fc.assert(
      fc.property(fills, anyFill, (all, last) => {
        const before = stateAfter(all);
        const { state, matches } = book(before, last);
        for (const match of matches) {
          const tighter = state.lots.filter(
            (one) =>
              one.account === match.lotAccount &&
              one.side === oppositeSide(last.side) &&
              (last.side === 'sell'
                ? one.price.lte(last.price) && one.price.gt(match.lotPrice)
                : one.price.gte(last.price) && one.price.lt(match.lotPrice)),
          );
          assert.deepEqual(open(tighter), []);
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  it('4.6 what was realised is the sum of all matches', () => {
    fc.assert(
      fc.property(fills, (all) => {
        let state = stateWith();
        const matches: LotMatch[] = [];
        for (const one of all) {
          const booking = book(state, one);
          matches.push(...booking.matches);
          state = booking.state;
        }
        const gain = (kind: string) =>
          sum(matches.filter((one) => one.kind === kind).map((one) => one.gainUsdt)).toFixed();
        assert.equal(state.realised.hedgeGainUsdt.toFixed(), gain('hedge'));
        assert.equal(state.realised.unwindGainUsdt.toFixed(), gain('unwind'));
        assert.equal(state.realised.hedges + state.realised.unwinds, matches.length);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('3.2 the cheapest open lot is that of all lots, or none', () => {
    assert.equal(cheapestLotPrice([]), null);
    const lots = [lot(1, 'A', 'buy', 1, 3), lot(2, 'B', 'sell', 1, 2), lot(3, 'A', 'buy', 1, 4)];
    assert.equal(cheapestLotPrice(lots)?.toFixed(), '2');
  });
});
