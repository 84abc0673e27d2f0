import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ACCOUNTS, type Intent, type ManagedOrder } from '../../src/core/model.ts';
import { openingSides, openingSize, toStep } from '../../src/core/openings.ts';
import { makePlan } from '../../src/core/plan.ts';
import type { Reason } from '../../src/core/reasons.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { d, type InputOptions, input, instrument, order, seedFor } from '../support/core.ts';

const seed = seedFor('core/openings');

/** `A buy 10`. */
function reported(intents: readonly Intent[]): string[] {
  return intents.map((intent) => `${intent.account} ${intent.side} ${intent.size.toFixed()}`);
}

const decrease = { positionMode: 'decrease' } as const;

interface Case {
  readonly name: string;
  readonly given: InputOptions;
  readonly creates: readonly string[];
  readonly state?: string;
  readonly idleRule?: string;
}

function table(cases: readonly Case[]): void {
  for (const one of cases) {
    it(one.name, () => {
      const plan = makePlan(input(one.given));
      assert.deepEqual(reported(plan.creates), one.creates);
      assert.equal(plan.tradingState, one.state ?? 'equal', reasonText(plan.why));
      assert.equal(plan.idle?.rule, one.idleRule);
      assert.equal(plan.idle === null, one.creates.length > 0);
    });
  }
}

describe('6.1 equal, increase', () => {
  table([
    {
      name: '6.1 flat: A opens on a_side_when_equal, B on the opposite side',
      given: {},
      creates: ['A buy 10', 'B sell 10'],
    },
    {
      name: '6.1 flat: a_side_when_equal sell turns both round',
      given: { config: { aSideWhenEqual: 'sell' } },
      creates: ['A sell 10', 'B buy 10'],
    },
    {
      name: '6.1 holding: each account grows its own',
      given: { a: 5, b: -5 },
      creates: ['A buy 10', 'B sell 10'],
    },
    {
      name: '6.1 holding the other way round: each still grows its own',
      given: { a: -5, b: 5 },
      creates: ['A sell 10', 'B buy 10'],
    },
    {
      name: '6.1 one side flat, the other dust: dust is flat, the configured side counts',
      given: { a: '-0.09', b: 0, instrument: { minSize: d('0.1') } },
      creates: ['A buy 10', 'B sell 10'],
    },
    {
      name: '6.1 one side dust: the larger’s side counts',
      given: { a: '-0.1', b: '0.05', instrument: { minSize: d('0.1') } },
      creates: ['A sell 10', 'B buy 10'],
    },
    {
      name: '6.1 A dust, B long: B’s side counts',
      given: { a: '-0.05', b: '0.1', instrument: { minSize: d('0.1') } },
      creates: ['A sell 10', 'B buy 10'],
    },
    {
      name: '6.1 dust on both sides in the same direction is flat: the configured side counts',
      given: { a: '0.03', b: '0.02', instrument: { minSize: d('0.1') } },
      creates: ['A buy 10', 'B sell 10'],
    },
    {
      name: '6.1 8.2 while hedged each account has one order: both quote, nothing more',
      given: { orders: [order('A', 'buy', 10, 99), order('B', 'sell', 10, 101)] },
      creates: [],
      idleRule: '8.2',
    },
  ]);

  it('6.1 sides that contradict a_side_when_equal are reported', () => {
    assert.equal(openingSides(input({ a: -5, b: 5 }))?.contradictsConfig, true);
    assert.equal(openingSides(input({ a: 5, b: -5 }))?.contradictsConfig, false);
    assert.equal(openingSides(input({}))?.contradictsConfig, false);
  });

  it('6.1 7.2 an opening has no guard, and names its rules', () => {
    const [intent] = makePlan(input({})).creates;
    assert.equal(intent?.guardPrice, null);
    assert.equal(intent?.nearerThanPrice, null);
    assert.equal(intent?.purpose, 'opening');
    assert.deepEqual(intent?.rules, ['6.1', '6.5']);
  });
});

describe('6.2 equal, decrease', () => {
  table([
    {
      name: '6.2 each account shrinks',
      given: { a: 50, b: -50, config: decrease },
      creates: ['A sell 10', 'B buy 10'],
    },
    {
      name: '14 in decrease the sides come from the positions, not from a_side_when_equal',
      given: { a: -50, b: 50, config: decrease },
      creates: ['A buy 10', 'B sell 10'],
    },
    {
      name: '6.2 both flat: nothing',
      given: { config: decrease },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
    {
      name: '6.2 both dust: nothing',
      given: { a: '0.09', b: '-0.09', config: decrease, instrument: { minSize: d('0.1') } },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
    {
      name: '6.2 never more than is held: the rest is closed at once',
      given: { a: 3, b: -3, config: { ...decrease, minTotalPositionUsdt: d(0) } },
      creates: ['A sell 3', 'B buy 3'],
    },
    {
      name: '6.2 never more than either holds: the smaller of the two binds both',
      given: {
        a: '3',
        b: '-2.95',
        instrument: { minNotional: d(10) },
        config: { ...decrease, minTotalPositionUsdt: d(0) },
      },
      creates: ['A sell 2.95', 'B buy 2.95'],
    },
    {
      name: '6.2 a crumb that closes all that is held is submitted',
      given: { a: '0.02', b: '-0.02', config: { ...decrease, minTotalPositionUsdt: d(0) } },
      creates: ['A sell 0.02', 'B buy 0.02'],
    },
    {
      name: '6.2 8.4 a limit that leaves half of the order or more lets it through',
      given: { a: '15.2', b: '-15.2', config: decrease },
      creates: ['A sell 5', 'B buy 5'],
    },
    {
      name: '6.2 8.4 a limit that leaves less than half of the order lets nothing through',
      given: { a: '15.19', b: '-15.19', config: decrease },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
  ]);
});

describe('6.2 openings that a limit reduces to almost nothing', () => {
  // Smallest tradable: 1.02 × 10 / 100, up to the step: 0.11. B keeps 0.15 × 100 − 1.02 × 7.8 / 2 = 11.022: 0.11 may go, 0.04 stays.
  table([
    {
      name: '6.2 8.4 a crumb that closes one account, not both, is not submitted',
      given: {
        ...{ a: '0.22', b: '-0.15', instrument: { minNotional: d(10) } },
        config: { ...decrease, minTotalPositionUsdt: d('7.8') },
      },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
    {
      name: '6.2 8.4 the same crumb that closes both is submitted',
      given: {
        ...{ a: '0.21', b: '-0.15', instrument: { minNotional: d(10) } },
        config: { ...decrease, minTotalPositionUsdt: d('7.8') },
      },
      creates: ['A sell 0.11', 'B buy 0.11'],
    },
  ]);

  table([
    {
      name: '6.2 8.3 in increase too: half of the order or more is submitted',
      given: { a: '142', b: '-142' },
      creates: ['A buy 5', 'B sell 5'],
    },
    {
      name: '6.2 8.3 in increase too: less than half is not',
      given: { a: '142.01', b: '-142.01' },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
    {
      name: '6.2 in increase closing all is no excuse for a crumb',
      given: { config: { maxTotalPositionUsdt: d(900) } },
      creates: [],
      state: 'capped',
      idleRule: '5',
    },
  ]);

  // 29400 − 28402, or 3038 − 2040: 998 for both, 4.99 each.
  const limited: [name: string, given: InputOptions, why: Reason][] = [
    [
      '8.3 a limited opening says which limit, what it leaves and what was wanted',
      { a: '142.01', b: '-142.01' },
      {
        ...{ code: 'limited', rule: '8.3' },
        params: { setting: 'max_total_position_usdt', limit: '30000', left: '499.00', wanted: '1000' },
      },
    ],
    [
      '8.4 and in decrease',
      { a: '15.19', b: '-15.19', config: decrease },
      {
        ...{ code: 'limited', rule: '8.4' },
        params: { setting: 'min_total_position_usdt', limit: '2000', left: '499.00', wanted: '1000' },
      },
    ],
    [
      '7.3 an opening that is too small by itself says its size and the smallest',
      { config: { orderNotionalUsdt: d(4) }, instrument: { minNotional: d(5) } },
      { code: 'opening-too-small', rule: '7.3', params: { size: '0.04', smallest: '0.06' } },
    ],
  ];
  for (const [name, given, why] of limited) {
    it(name, () => {
      const from = input(given);
      const answer = openingSize(from, openingSides(from)!, ACCOUNTS, [], null);
      assert.deepEqual(answer, { kind: why.code === 'limited' ? 'limited' : 'too-small', why });
    });
  }

  it('5.3 the symbol’s own live openings are left out of the count: quoting near the limit is equal, not capped', () => {
    const orders = [order('A', 'buy', 5, 99), order('B', 'sell', 5, 101)];
    assert.equal(makePlan(input({ a: '142', b: '-142', orders })).tradingState, 'equal');
  });
});

describe('6.5 the two orders of a pair have one size', () => {
  table([
    {
      name: '6.5 the size is order_notional at the mark, rounded down to the step',
      given: { mark: 300 },
      creates: ['A buy 3.33', 'B sell 3.33'],
    },
    {
      name: '6.5 both are clipped alike by the fuller account',
      given: { a: 9, b: '-8.95', instrument: { minNotional: d(10) }, config: { maxTotalPositionUsdt: d(3000) } },
      creates: ['A buy 5.7', 'B sell 5.7'],
    },
    {
      name: '6.5 when one still has its live opening, the other’s new one takes the remaining size of that',
      given: { orders: [order('A', 'buy', '7.5', 99)] },
      creates: ['B sell 7.5'],
    },
    {
      name: '6.5 of a partly filled opening the remaining size counts',
      given: { a: '2', b: '-2', orders: [order('B', 'sell', '7.5', 101, { tradedSize: d(2), bookedSize: d(2) })] },
      creates: ['A buy 5.5'],
    },
    {
      name: '6.5 8.2 where surplus goes, the new one takes the remaining size of the order that stays',
      given: {
        ...{ a: 6, b: -6 },
        orders: [
          order('B', 'sell', 6, 101, { tradedSize: d(2), bookedSize: d(2), sentAtMs: 1 }),
          order('B', 'sell', 6, '100.5', { tradedSize: d(4), bookedSize: d(4), sentAtMs: 2 }),
        ],
      },
      creates: ['A buy 2'],
    },
    {
      name: '6.5 the remaining size of the partner is no crumb of the limits: it is submitted however small',
      given: { orders: [order('A', 'buy', '0.5', 99)] },
      creates: ['B sell 0.5'],
    },
    {
      name: '6.5 while the partner is being cancelled nothing is submitted beside it',
      given: { orders: [order('A', 'buy', 10, 99, { cancelRequestedAtMs: 1 })] },
      creates: [],
      idleRule: '8.2',
    },
    {
      name: '6.5 8.2 while an order on the wrong side occupies the other account nothing is submitted',
      given: { orders: [order('A', 'sell', 10, 101)] },
      creates: [],
      idleRule: '8.2',
    },
  ]);
});

describe('7.3 sizes', () => {
  table([
    {
      name: '7.3 an order below the smallest tradable size is not submitted',
      given: { config: { orderNotionalUsdt: d('4') }, instrument: { minNotional: d(5) } },
      creates: [],
      idleRule: '7.3',
    },
    {
      name: '7.3 an order below one step is not submitted',
      given: { config: { orderNotionalUsdt: d('4') }, instrument: { minSize: d('0.1') } },
      creates: [],
      idleRule: '7.3',
    },
    {
      name: '7.3 a size is rounded down to the step',
      given: { config: { orderNotionalUsdt: d('999.9') }, instrument: { minSize: d('0.5') } },
      creates: ['A buy 9.5', 'B sell 9.5'],
    },
    {
      name: '7.3 a size is rounded down to base_decimals too',
      given: { mark: 7, instrument: { minSize: d('0.001'), baseDecimals: 1 } },
      creates: ['A buy 142.8', 'B sell 142.8'],
    },
    {
      name: '7.3 base_decimals below zero: whole thousands',
      given: { mark: '0.1', instrument: { minSize: d('1000'), baseDecimals: -3 } },
      creates: ['A buy 10000', 'B sell 10000'],
    },
  ]);
});

describe('6.6 no order of A may match one of B', () => {
  it('6.6 an intent carries the other account’s live price on the other side', () => {
    const resting: ManagedOrder = order('A', 'buy', '7.5', '99.3');
    const [intent] = makePlan(input({ orders: [resting] })).creates;
    assert.equal(intent?.beyondPrice?.toFixed(), '99.3');
  });
  it('6.6 without one there is nothing to go beyond', () => {
    assert.deepEqual(
      makePlan(input({})).creates.map((intent) => intent.beyondPrice),
      [null, null],
    );
  });
});

describe('what openings hold for any hedged pair', () => {
  const situation = fc.record({
    held: fc.integer({ min: -40000, max: 40000 }),
    mark: fc.integer({ min: 50, max: 5000 }),
    decreasing: fc.boolean(),
    order: fc.integer({ min: 1, max: 3000 }),
    limit: fc.integer({ min: 0, max: 40000 }),
    minSize: fc.constantFrom('0.001', '0.01', '0.1', '1'),
    minNotional: fc.constantFrom(0, 5, 100),
  });

  it('6.5 I3 I5 a pair has one size of whole steps, tradable, opposite sides, and no limit with 2 % to spare is passed', () => {
    let pairs = 0;
    fc.assert(
      fc.property(situation, (given) => {
        const step = d(given.minSize);
        const held = d(given.held).div(100).div(step).trunc().mul(step);
        const limits = {
          orderNotionalUsdt: d(given.order),
          maxTotalPositionUsdt: d(given.limit),
          minTotalPositionUsdt: d(given.limit),
          positionMode: given.decreasing ? ('decrease' as const) : ('increase' as const),
        };
        const from = input({
          a: held.toFixed(),
          b: held.neg().toFixed(),
          mark: given.mark / 10,
          config: limits,
          instrument: { minSize: step, minNotional: d(given.minNotional) },
        });
        const plan = makePlan(from);
        if (plan.creates.length === 0) return;
        const [one, two, ...more] = plan.creates;
        assert.ok(one && two && more.length === 0);
        pairs += 1;
        assert.ok(one.size.eq(two.size), `${one.size} and ${two.size}`);
        assert.notEqual(one.side, two.side);
        assert.ok(one.size.mod(step).isZero());
        assert.ok(one.size.gte(from.valuation.smallestTradable));
        assert.ok(one.size.mul(from.valuation.mark).lte(given.order));
        const change = given.decreasing ? one.size.neg() : one.size;
        const each = held.abs().plus(change);
        assert.ok(each.gte(0), 'never more than it holds');
        const totalAfter = each.mul(2).mul(from.valuation.mark);
        if (given.decreasing) assert.ok(given.limit === 0 || totalAfter.gte(d(given.limit).mul('1.02')));
        else assert.ok(totalAfter.lte(d(given.limit).mul('0.98')));
        const half = one.size.mul(from.valuation.mark).gte(d(given.order).div(2));
        const closes = given.decreasing && each.lt(from.valuation.smallestTradable);
        const unclipped = one.size.eq(d(given.order).div(from.valuation.mark).div(step).floor().mul(step));
        assert.ok(half || closes || unclipped);
      }),
      { seed, numRuns: 1500 },
    );
    assert.ok(pairs > 100, `only ${pairs} pairs were opened: the cases show nothing`);
  });
});

describe('7.3 a size is rounded down to the resolution of base_decimals first, then to whole steps', () => {
  // [min_size, base_decimals, size, rounded]
  const cases = [
    ['0.01', 9, '1.2399', '1.23'],
    ['0.01', 2, '1.2399', '1.23'],
    ['0.015', 2, '0.0459', '0.03'],
    ['0.015', 3, '0.0459', '0.045'],
    ['0.001', 1, '0.19', '0.1'],
    ['10', -3, '4321', '4000'],
  ] as const;
  for (const [minSize, baseDecimals, size, rounded] of cases) {
    it(`${size} is ${rounded} in steps of ${minSize} with ${baseDecimals} decimals, the second time too`, () => {
      const rules = instrument({ minSize: d(minSize), baseDecimals });
      for (let time = 0; time < 2; time += 1) assert.equal(toStep({ instrument: rules }, d(size)).toFixed(), rounded);
    });
  }
});
