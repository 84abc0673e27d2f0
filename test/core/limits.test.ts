import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Decimal, max, sum, ZERO } from '../../src/core/decimal.ts';
import { type Exposure, exposureOf, roomFor, roomForPair, UNBOUNDED } from '../../src/core/limits.ts';
import type { AccountName, ManagedOrder, Side, SymbolConfig } from '../../src/core/model.ts';
import { otherAccount } from '../../src/core/model.ts';
import type { PlanInput } from '../../src/core/plan-input.ts';
import { anyAccount, anyPrice, anySide, anySize, config, d, order, seedFor, signed } from '../support/core.ts';

const seed = seedFor('core/limits');
const STEP = d('0.01');

function exposure(a: string | number, b: string | number, live: readonly ManagedOrder[] = [], mark = 100): Exposure {
  return { low: d(mark), high: d(mark), actual: { A: d(a), B: d(b) }, live };
}

interface Case {
  readonly name: string;
  readonly mode: SymbolConfig['positionMode'];
  readonly limit: number;
  readonly a: string | number;
  readonly b: string | number;
  readonly live?: readonly ManagedOrder[];
  readonly order: readonly [AccountName, Side, 'repair' | 'opening'];
  readonly room: string;
}

const FREE = UNBOUNDED.toFixed();

describe('8.3 in increase', () => {
  // At a mark of 100 a limit of 2000 is 20 units in all and 10 an account; openings 19.6 and 9.8.
  const cases: Case[] = [
    {
      name: '8.3 a flat account has half of the maximum',
      mode: 'increase',
      limit: 2000,
      a: 0,
      b: 0,
      order: ['A', 'buy', 'repair'],
      room: '10',
    },
    {
      name: '8.3 a flat account has half of the maximum on the sell side too',
      mode: 'increase',
      limit: 2000,
      a: 0,
      b: 0,
      order: ['B', 'sell', 'repair'],
      room: '10',
    },
    {
      name: '8.3 an opening keeps 2 % off its half',
      mode: 'increase',
      limit: 2000,
      a: 0,
      b: 0,
      order: ['A', 'buy', 'opening'],
      room: '9.8',
    },
    {
      name: '8.3 what is held leaves the rest of the half',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -4,
      order: ['A', 'buy', 'repair'],
      room: '6',
    },
    {
      name: '8.3 the total binds where the other account holds more than its half',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -13,
      order: ['A', 'buy', 'repair'],
      room: '3',
    },
    {
      name: '8.3 an account at its half has no room to grow',
      mode: 'increase',
      limit: 2000,
      a: 10,
      b: -5,
      order: ['A', 'buy', 'repair'],
      room: '0',
    },
    {
      name: '8.3 an account past its half has no room, and no negative one',
      mode: 'increase',
      limit: 2000,
      a: 12,
      b: -5,
      order: ['A', 'buy', 'repair'],
      room: '0',
    },
    {
      name: '8.3 live orders of that side count',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -4,
      live: [order('A', 'buy', 2, 99)],
      order: ['A', 'buy', 'repair'],
      room: '4',
    },
    {
      name: '8.3 of a live order only what can still trade counts',
      mode: 'increase',
      limit: 2000,
      a: 5,
      b: -4,
      live: [order('A', 'buy', 2, 99, { tradedSize: d(1) })],
      order: ['A', 'buy', 'repair'],
      room: '4',
    },
    {
      name: '8.3 6.2 live orders of the other account that grow the total count towards the total, at their own price',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -9,
      live: [order('B', 'sell', 3, 101)],
      order: ['A', 'buy', 'repair'],
      room: '3.97',
    },
    {
      name: '8.3 live orders that shrink do not count',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -13,
      live: [order('B', 'buy', 3, 99), order('A', 'sell', 1, 101)],
      order: ['A', 'buy', 'repair'],
      room: '3',
    },
    {
      name: '8.3 an order against the position may shrink it, pass zero and grow to the half',
      mode: 'increase',
      limit: 2000,
      a: 4,
      b: -4,
      order: ['A', 'sell', 'repair'],
      room: '14',
    },
    {
      name: '8.3 an order that does not leave the account larger is no growth, whatever it holds',
      mode: 'increase',
      limit: 2000,
      a: 15,
      b: -15,
      order: ['A', 'sell', 'repair'],
      room: '30',
    },
    {
      name: '8.5 the room is that at the mark',
      mode: 'increase',
      limit: 3000,
      a: 0,
      b: 0,
      order: ['A', 'buy', 'repair'],
      room: '15',
    },
  ];
  table(cases);
});

describe('8.4 in decrease', () => {
  // At a mark of 100 a limit of 1000 is 10 units in all and 5 an account; openings 10.2 and 5.1.
  const cases: Case[] = [
    {
      name: '8.4 an account may shrink to half of the minimum',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: -20,
      order: ['A', 'sell', 'repair'],
      room: '15',
    },
    {
      name: '8.4 an opening keeps 2 % above',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: -20,
      order: ['A', 'sell', 'opening'],
      room: '14.9',
    },
    {
      name: '8.4 the total binds where the other account holds less than its half',
      mode: 'decrease',
      limit: 1000,
      a: 8,
      b: -4,
      order: ['A', 'sell', 'repair'],
      room: '2',
    },
    {
      name: '8.4 an account below its half has no room to shrink',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: -4,
      order: ['B', 'buy', 'repair'],
      room: '0',
    },
    {
      name: '8.4 6.2 live orders of that side count, at the larger of mark and own price',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: -20,
      live: [order('A', 'sell', 5, 101)],
      order: ['A', 'sell', 'repair'],
      room: '9.95',
    },
    {
      name: '8.4 of a live order only what can still trade counts',
      mode: 'decrease',
      limit: 1000,
      a: 18,
      b: -20,
      live: [order('A', 'sell', 5, 101, { tradedSize: d(2) })],
      order: ['A', 'sell', 'repair'],
      room: '9.97',
    },
    {
      name: '8.4 live orders that shrink the other account count towards the total',
      mode: 'decrease',
      limit: 1000,
      a: 10,
      b: -6,
      live: [order('B', 'buy', 2, 99)],
      order: ['A', 'sell', 'repair'],
      room: '4',
    },
    {
      name: '8.4 live orders that grow do not count',
      mode: 'decrease',
      limit: 1000,
      a: 10,
      b: -6,
      live: [order('B', 'sell', 2, 101), order('A', 'buy', 3, 99)],
      order: ['A', 'sell', 'repair'],
      room: '5',
    },
    {
      name: '8.4 an order that grows its account is not bound',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: -3,
      order: ['B', 'sell', 'repair'],
      room: FREE,
    },
    {
      name: '8.4 a sell of a flat account is not bound',
      mode: 'decrease',
      limit: 1000,
      a: 20,
      b: 0,
      order: ['B', 'sell', 'repair'],
      room: FREE,
    },
    {
      name: '8.4 a buy of a flat account is not bound',
      mode: 'decrease',
      limit: 1000,
      a: 0,
      b: -20,
      order: ['A', 'buy', 'repair'],
      room: FREE,
    },
    {
      name: '8.4 a minimum of zero binds nothing',
      mode: 'decrease',
      limit: 0,
      a: 20,
      b: -20,
      order: ['A', 'sell', 'opening'],
      room: FREE,
    },
  ];
  table(cases);
});

function table(cases: readonly Case[]): void {
  for (const one of cases) {
    it(one.name, () => {
      const [account, side, purpose] = one.order;
      const limits = config({
        positionMode: one.mode,
        maxTotalPositionUsdt: d(one.limit),
        minTotalPositionUsdt: d(one.limit),
      });
      const room = roomFor(limits, exposure(one.a, one.b, one.live), {
        account,
        side,
        opening: purpose === 'opening',
        price: d(100),
      });
      assert.equal(room.toFixed(), one.room);
    });
  }
}

describe('6.5 room for a pair', () => {
  const sides = { A: 'buy', B: 'sell' } as const;
  const increase = config({ positionMode: 'increase', maxTotalPositionUsdt: d(2000) });
  const decrease = config({ positionMode: 'decrease', minTotalPositionUsdt: d(1000) });

  it('6.5 8.3 a flat pair shares 98 % of the maximum', () => {
    assert.equal(roomForPair(increase, exposure(0, 0), sides, ['A', 'B'], d(100)).toFixed(), '9.8');
  });
  it('6.5 8.3 both get what the fuller account has left', () => {
    assert.equal(roomForPair(increase, exposure(6, -5), sides, ['A', 'B'], d(100)).toFixed(), '3.8');
  });
  it('6.5 8.3 neither account’s half nor the total is passed by both together', () => {
    assert.equal(roomForPair(increase, exposure(5, -5), sides, ['A', 'B'], d(100)).toFixed(), '4.8');
  });
  it('6.5 8.3 one account alone is bound by its half and by the total', () => {
    assert.equal(roomForPair(increase, exposure(5, -12), sides, ['A'], d(100)).toFixed(), '2.6');
  });
  it('6.5 8.4 a pair shrinks alike, 2 % above the minimum', () => {
    assert.equal(roomForPair(decrease, exposure(-20, 20), sides, ['A', 'B'], d(100)).toFixed(), '14.9');
  });
  it('6.5 8.4 the smaller account’s half binds both', () => {
    assert.equal(roomForPair(decrease, exposure(-20, 8), sides, ['A', 'B'], d(100)).toFixed(), '2.9');
  });
  for (const live of [order('A', 'sell', 5, 100), order('B', 'buy', 5, 100)])
    it(`6.5 8.3 what ${live.account}'s live ${live.side} may add to the total, both leave`, () => {
      assert.equal(roomForPair(increase, exposure(0, 0, [live]), sides, ['A', 'B'], d(100)).toFixed(), '7.3');
    });
  it('6.5 8.3 an account that opens alone against its position may turn it round', () => {
    assert.equal(roomForPair(increase, exposure(-5, 5), sides, ['A'], d(100)).toFixed(), '14.8');
  });
  it('6.5 8.4 what a live order may take from the total, both leave', () => {
    const live = [order('A', 'sell', 10, 100)];
    assert.equal(roomForPair(decrease, exposure(20, 20, live), sides, ['A', 'B'], d(100)).toFixed(), '9.9');
  });
  it('3.1 the marks in question bound the exposure from both sides, else the mark does', () => {
    const valuation = { mark: d(100), actual: { A: d(1), B: d(-1) } } as PlanInput['valuation'];
    const of = (marks: Pick<PlanInput, 'marks'>) => {
      const { low, high, actual } = exposureOf({ valuation, ...marks }, []);
      return [low, high, actual.A, actual.B].map((value) => value.toFixed());
    };
    assert.deepEqual(of({}), ['100', '100', '1', '-1']);
    assert.deepEqual(of({ marks: { low: d(98), high: d(103) } as PlanInput['marks'] & object }), [
      '98',
      '103',
      '1',
      '-1',
    ]);
  });
  it('6.5 without an opening there is no limit', () => {
    assert.ok(roomForPair(increase, exposure(0, 0), sides, [], d(100)).gte(UNBOUNDED));
  });
});

// ------------------------------------------------------------------------- the limits, said a second time and judged by filling

function live(of: readonly ManagedOrder[], account: AccountName, side: Side): Decimal {
  return sum(
    of.filter((one) => one.account === account && one.side === side).map((one) => one.size.minus(one.tradedSize)),
  );
}

/** |position| after all live orders of a side and `more` have filled. */
function filled(at: Exposure, account: AccountName, side: Side, more: Decimal = ZERO): Decimal {
  return at.actual[account].plus(signed(side, live(at.live, account, side).plus(more))).abs();
}

/** What the live orders of an account and side, and `more` at `price`, count: each at the larger of the mark and its own price. */
function counted(at: Exposure, account: AccountName, side: Side, more: Decimal = ZERO, price: Decimal = ZERO) {
  const rows = at.live
    .filter((one) => one.account === account && one.side === side)
    .map((one) => ({ size: one.size.minus(one.tradedSize), unit: max(at.high, one.price) }));
  if (more.gt(0)) rows.push({ size: more, unit: max(at.high, price) });
  return {
    size: sum(rows.map(({ size }) => size)),
    worth: sum(rows.map(({ size, unit }) => size.mul(unit))),
    maxUnitUsdt: max(ZERO, ...rows.map(({ unit }) => unit)),
  };
}

/** By how much the live orders of one side leave an account larger, USDT. */
function growth(at: Exposure, account: AccountName, side: Side): Decimal {
  const along = signed(side, at.actual[account]);
  const { size, worth, maxUnitUsdt } = counted(at, account, side);
  if (along.gte(0)) return worth;
  return max(ZERO, size.minus(along.abs().mul(2))).mul(maxUnitUsdt);
}

/** 8.3 and 8.4 as they are written: would `size` more on that side, with all that counts filled, pass a limit? */
function passes(
  limits: SymbolConfig,
  at: Exposure,
  account: AccountName,
  side: Side,
  size: Decimal,
  share: Decimal,
  price: Decimal,
): boolean {
  const other = otherAccount(account);
  const opposite: Side = side === 'buy' ? 'sell' : 'buy';
  const along = signed(side, at.actual[account]);
  const own = counted(at, account, side, size, price);
  if (limits.positionMode === 'increase') {
    if (filled(at, account, side, size).lte(along.abs())) return false;
    const limit = limits.maxTotalPositionUsdt.mul(share);
    const ownUsdt = along.gte(0)
      ? along.mul(at.high).plus(own.worth)
      : own.size.minus(along.abs()).mul(own.maxUnitUsdt);
    const elsewhere = at.actual[other]
      .abs()
      .mul(at.high)
      .plus(growth(at, other, 'buy'))
      .plus(growth(at, other, 'sell'))
      .plus(growth(at, account, opposite));
    return ownUsdt.gt(limit.div(2)) || ownUsdt.plus(elsewhere).gt(limit);
  }
  if (along.gte(0) || limits.minTotalPositionUsdt.isZero()) return false;
  const limit = limits.minTotalPositionUsdt.mul(share);
  const ownLeft = along.abs().mul(at.low).minus(own.worth);
  const shrinking: Side = at.actual[other].gt(0) ? 'sell' : 'buy';
  const held = at.actual[other].abs();
  const shrunk = counted(at, other, shrinking);
  const otherLeft = held.mul(at.low).minus(shrunk.size.lte(held) ? shrunk.worth : held.mul(shrunk.maxUnitUsdt));
  return ownLeft.lt(limit.div(2)) || ownLeft.plus(otherLeft).lt(limit);
}

const anyOrder = fc
  .tuple(anyAccount, anySide, anySize(500), fc.integer({ min: 1, max: 500 }))
  .map(([account, side, size, price]) => order(account, side, size.toFixed(), price));
const anyExposure = fc
  .record({
    a: fc.integer({ min: -3000, max: 3000 }),
    b: fc.integer({ min: -3000, max: 3000 }),
    orders: fc.array(anyOrder, { maxLength: 3 }),
    mark: fc.integer({ min: 1, max: 5000 }),
    doubt: fc.constantFrom(1, 1, 1, 2, 100),
  })
  .map(
    ({ a, b, orders, mark, doubt }): Exposure => ({
      low: d(mark).div(10).div(doubt),
      high: d(mark).div(10),
      actual: { A: d(a).div(100), B: d(b).div(100) },
      live: orders,
    }),
  );
const anyLimits = fc
  .record({
    mode: fc.constantFrom('increase' as const, 'decrease' as const),
    limit: fc.integer({ min: 0, max: 20000 }),
  })
  .map(({ mode, limit }) =>
    config({ positionMode: mode, maxTotalPositionUsdt: d(limit), minTotalPositionUsdt: d(limit) }),
  );

describe('8.5 clipping is exact', () => {
  it('8.3 8.4 8.5 I5 the room passes no limit, and one more step would', () => {
    fc.assert(
      fc.property(
        anyLimits,
        anyExposure,
        anyAccount,
        anySide,
        fc.boolean(),
        anyPrice,
        (limits, at, account, side, opening, price) => {
          const share = d(opening ? (limits.positionMode === 'increase' ? '0.98' : '1.02') : 1);
          const room = roomFor(limits, at, { account, side, opening, price });
          assert.ok(room.gte(0));
          if (room.gte(UNBOUNDED)) {
            assert.equal(passes(limits, at, account, side, d('1e9'), share, price), false);
            return;
          }
          // The division by the mark is rounded at 60 digits; a hair inside and outside is what can be told apart.
          const hair = d('1e-40');
          if (room.gt(hair)) assert.equal(passes(limits, at, account, side, room.minus(hair), share, price), false);
          assert.equal(passes(limits, at, account, side, room.plus(STEP), share, price), true);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });

  it('6.5 8.5 I5 what a hedged pair gets alike passes no limit, and one more step each would', () => {
    const pair = fc
      .record({
        held: fc.integer({ min: -3000, max: 3000 }),
        waiting: fc.integer({ min: 0, max: 100 }),
        mark: fc.integer({ min: 1, max: 5000 }),
      })
      .map(
        ({ held, mark }): Exposure => ({
          low: d(mark).div(10),
          high: d(mark).div(10),
          actual: { A: d(held).div(100), B: d(-held).div(100) },
          live: [],
        }),
      );
    fc.assert(
      fc.property(anyLimits, pair, anySide, (limits, at, flatSide) => {
        const increase = limits.positionMode === 'increase';
        const held = at.actual.A;
        if (held.isZero() && !increase) return;
        const growing: Side = held.isZero() ? flatSide : held.gt(0) ? 'buy' : 'sell';
        const a: Side = increase ? growing : growing === 'buy' ? 'sell' : 'buy';
        const sides = { A: a, B: a === 'buy' ? 'sell' : 'buy' } as const;
        const price = d(100);
        const room = roomForPair(limits, at, sides, ['A', 'B'], price);
        if (room.gte(UNBOUNDED.div(2))) return;
        const share = d(increase ? '0.98' : '1.02');
        const both = (size: Decimal): boolean => {
          const afterA = order('A', sides.A, size.toFixed(), 100);
          return (
            passes(limits, at, 'A', sides.A, size, share, price) ||
            passes(limits, { ...at, live: [afterA] }, 'B', sides.B, size, share, price)
          );
        };
        const hair = d('1e-40');
        if (room.gt(hair)) assert.equal(both(room.minus(hair)), false);
        assert.equal(both(room.plus(STEP)), true);
      }),
      { seed, numRuns: 1000 },
    );
  });
});
