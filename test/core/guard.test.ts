import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Decimal, min, sum, ZERO } from '../../src/core/decimal.ts';
import { book, guardPrice } from '../../src/core/ledger.ts';
import { type AccountName, type FillLot, oppositeSide, type Side } from '../../src/core/model.ts';
import { anyAccount, anyPrice, anySide, anySize, d, fill, lot, seedFor, stateWith } from '../support/core.ts';

const seed = seedFor('core/guard');

describe('7.2 the guard price', () => {
  const cases: {
    name: string;
    lots: FillLot[];
    order: [AccountName, Side, string];
    live?: string;
    guard: string | null;
  }[] = [
    { name: '7.2 without opposite lots there is no guard', lots: [], order: ['B', 'sell', '1'], guard: null },
    {
      name: '7.2 lots of the own side guard nothing',
      lots: [lot(1, 'A', 'sell', 1, 100)],
      order: ['B', 'sell', '1'],
      guard: null,
    },
    {
      name: '7.2 a sell is guarded by the buy lot it closes',
      lots: [lot(1, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1'],
      guard: '100',
    },
    {
      name: '7.2 a small sell reaches only the cheapest buy lot',
      lots: [lot(1, 'A', 'buy', 1, 105), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1'],
      guard: '100',
    },
    {
      name: '7.2 a larger sell reaches the dearer lot, whatever part of it',
      lots: [lot(1, 'A', 'buy', 1, 105), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1.01'],
      guard: '105',
    },
    {
      name: '7.2 a small buy reaches only the maxUnitUsdt sell lot',
      lots: [lot(1, 'A', 'sell', 1, 95), lot(2, 'A', 'sell', 1, 100)],
      order: ['B', 'buy', '1'],
      guard: '100',
    },
    {
      name: '7.2 a larger buy reaches the cheaper sell lot',
      lots: [lot(1, 'A', 'sell', 1, 95), lot(2, 'A', 'sell', 1, 100)],
      order: ['B', 'buy', '2'],
      guard: '95',
    },
    {
      name: '7.2 live orders on that side are taken to fill first',
      lots: [lot(1, 'A', 'buy', 1, 105), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1'],
      live: '1',
      guard: '105',
    },
    {
      name: '7.2 a live order that leaves a bit of the easy lot does not raise the guard of a small order',
      lots: [lot(1, 'A', 'buy', 1, 105), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '0.5'],
      live: '0.5',
      guard: '100',
    },
    {
      name: '7.2 an order larger than all lots has the hardest as its guard',
      lots: [lot(1, 'A', 'buy', 1, 105), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '9'],
      guard: '105',
    },
    {
      name: '7.2 the other account’s lots are walked first, even where its own are easier',
      lots: [lot(1, 'B', 'buy', 1, 90), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1'],
      guard: '100',
    },
    {
      name: '7.2 the hardest lot reached counts, not the last: an easy own lot does not lower the guard',
      lots: [lot(1, 'B', 'buy', 1, 90), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '2'],
      guard: '100',
    },
    {
      name: '7.2 its own lots are reached once the other account’s are used up',
      lots: [lot(1, 'B', 'buy', 1, 110), lot(2, 'A', 'buy', 1, 100)],
      order: ['B', 'sell', '1.5'],
      guard: '110',
    },
    {
      name: '7.2 of its own lots the easiest are reached first, too',
      lots: [lot(1, 'B', 'buy', 1, 110), lot(2, 'B', 'buy', 1, 105)],
      order: ['B', 'sell', '1'],
      guard: '105',
    },
    {
      name: '7.2 a synthetic lot guards with its entry price',
      lots: [lot(1, 'A', 'buy', 1, '98.76', { source: 'start' })],
      order: ['B', 'sell', '1'],
      guard: '98.76',
    },
  ];
  for (const one of cases) {
    it(one.name, () => {
      const [account, side, size] = one.order;
      const guard = guardPrice(one.lots, { account, side, size: d(size) }, d(one.live ?? 0));
      assert.equal(guard?.toFixed() ?? null, one.guard);
    });
  }
});

/** Lots that all stand on one side, as they do against a net. */
function lotsOf(side: Side, accounts: readonly AccountName[], most: number): fc.Arbitrary<FillLot[]> {
  return fc
    .array(fc.tuple(fc.constantFrom(...accounts), anySize(), anyPrice), { minLength: 1, maxLength: most })
    .map((rows) =>
      rows.map(([account, size, price], index) => lot(index + 1, account, side, size.toFixed(), price.toFixed())),
    );
}

function total(lots: readonly FillLot[]): Decimal {
  return sum(lots.map((one) => one.size));
}

describe('what the guard holds for any lots', () => {
  it('I2 7.2 an order priced at its guard always closes what it reaches', () => {
    const situation = anySide.chain((side) =>
      fc.record({
        lots: lotsOf(oppositeSide(side), ['A', 'B'], 8),
        account: anyAccount,
        side: fc.constant(side),
        size: anySize(6000),
      }),
    );
    fc.assert(
      fc.property(situation, ({ lots, account, side, size }) => {
        const guard = guardPrice(lots, { account, side, size }, ZERO);
        assert.ok(guard);
        const { matches, openedLotSize } = book(stateWith({ lots }), {
          ...fill(account, side, 1, 1),
          size,
          price: guard,
        });
        const reached = min(size, total(lots));
        assert.equal(sum(matches.map((one) => one.size)).toFixed(), reached.toFixed());
        assert.equal(openedLotSize.toFixed(), size.minus(reached).toFixed());
        assert.ok(matches.every((one) => one.gainUsdt.gte(0)));
      }),
      { seed, numRuns: 500 },
    );
  });

  it('7.2 one tick worse than the guard it would leave a lot it reaches', () => {
    const situation = anySide.chain((side) =>
      fc.record({
        lots: lotsOf(oppositeSide(side), ['A'], 6),
        side: fc.constant(side),
        share: fc.integer({ min: 1, max: 100 }),
      }),
    );
    fc.assert(
      fc.property(situation, ({ lots, side, share }) => {
        const size = total(lots).mul(share).div(100);
        const guard = guardPrice(lots, { account: 'B', side, size }, ZERO);
        assert.ok(guard);
        const worse = side === 'sell' ? guard.minus('0.1') : guard.plus('0.1');
        const { openedLotSize } = book(stateWith({ lots }), { ...fill('B', side, 1, 1), size, price: worse });
        assert.ok(openedLotSize.gt(0));
      }),
      { seed, numRuns: 300 },
    );
  });

  it('I2 7.2 several orders of one account, each priced at its guard, close what they reach whichever fills first', () => {
    const situation = anySide.chain((side) =>
      fc.record({
        lots: lotsOf(oppositeSide(side), ['A'], 8),
        side: fc.constant(side),
        sizes: fc.array(anySize(1500), { minLength: 2, maxLength: 4 }),
        sequence: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
      }),
    );
    fc.assert(
      fc.property(situation, ({ lots, side, sizes, sequence }) => {
        let live = ZERO;
        const orders = sizes.map((size, index) => {
          const price = guardPrice(lots, { account: 'B', side, size }, live);
          live = live.plus(size);
          assert.ok(price);
          return { size, price, turn: sequence[index] ?? 0 };
        });
        let state = stateWith({ lots });
        let matched = ZERO;
        for (const one of [...orders].sort((a, b) => a.turn - b.turn)) {
          const booking = book(state, { ...fill('B', side, 1, 1), size: one.size, price: one.price });
          matched = matched.plus(sum(booking.matches.map((match) => match.size)));
          state = booking.state;
        }
        assert.equal(matched.toFixed(), min(live, total(lots)).toFixed());
      }),
      { seed, numRuns: 500 },
    );
  });

  it('7.2 more live orders or a larger order never ease the guard', () => {
    const situation = anySide.chain((side) =>
      fc.record({
        lots: lotsOf(oppositeSide(side), ['A', 'B'], 6),
        side: fc.constant(side),
        size: anySize(),
        live: anySize(),
        more: anySize(),
      }),
    );
    fc.assert(
      fc.property(situation, ({ lots, side, size, live, more }) => {
        const base = guardPrice(lots, { account: 'B', side, size }, live);
        const withLive = guardPrice(lots, { account: 'B', side, size }, live.plus(more));
        const larger = guardPrice(lots, { account: 'B', side, size: size.plus(more) }, live);
        assert.ok(base && withLive && larger);
        for (const harder of [withLive, larger]) {
          assert.ok(side === 'sell' ? harder.gte(base) : harder.lte(base));
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
