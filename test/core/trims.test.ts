import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MarkTrust } from '../../src/core/mark.ts';
import type { AccountName, ManagedOrder } from '../../src/core/model.ts';
import { makePlan } from '../../src/core/plan.ts';
import type { PlanInput } from '../../src/core/plan-input.ts';
import { reason } from '../../src/core/reasons.ts';
import { orderCap, planTrims, type Trim, trimsWithoutView } from '../../src/core/trims.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import {
  anyAccount,
  anySide,
  anySize,
  d,
  type InputOptions,
  input,
  lot,
  NOW,
  order,
  rest,
  seedFor,
} from '../support/core.ts';

const seed = seedFor('core/trims');

const decrease = { positionMode: 'decrease' } as const;
const LOW_DIFF = 'Cancelled extra strategy order due to low diff account cap';

/** An order that a test can name: `old`, `new`. */
function named(id: string, of: ManagedOrder, over: Partial<ManagedOrder> = {}): ManagedOrder {
  return { ...of, clientOrderId: id, ...over };
}

interface Case {
  readonly name: string;
  readonly given: InputOptions;
  /** `id rule`. */
  readonly trims: readonly string[];
  readonly state: string;
  readonly why?: string;
}

function table(cases: readonly Case[]): void {
  for (const one of cases) {
    it(one.name, () => {
      const plan = makePlan(input(one.given));
      assert.equal(plan.tradingState, one.state, reasonText(plan.why));
      assert.deepEqual(
        plan.trims.map((trim) => `${trim.order.clientOrderId} ${trim.why.rule}`),
        one.trims,
      );
      if (one.why !== undefined) assert.equal(reasonText(plan.trims[0]?.why ?? ''), one.why);
    });
  }
}

/** `id code rule`. */
function codes(trims: readonly Trim[]): string[] {
  return trims.map(({ order: { clientOrderId }, why }) => `${clientOrderId} ${why.code} ${why.rule}`);
}

describe('8.1 8.2 how many live orders an account may have', () => {
  const cases: [string, InputOptions, number][] = [
    ['8.1 two while not hedged', { a: 10, b: 0 }, 2],
    ['8.2 one while hedged', { a: 10, b: -10 }, 1],
    ['8.2 one while the diff is below the threshold', { a: '0.19', b: 0 }, 1],
    ['8.2 two at the threshold', { a: '0.2', b: 0 }, 2],
    ['8.2 one while flat', {}, 1],
    ['8.2 the threshold is a setting', { a: 10, b: 0, strategy: { singleOrderDiffThresholdUsdt: d(1001) } }, 1],
    [
      '8.2 hedged with a diff above the threshold is one all the same: the net is dust',
      { a: '0.5', b: 0, instrument: { minSize: d(1) } },
      1,
    ],
  ];
  for (const [name, given, cap] of cases) it(name, () => assert.equal(orderCap(input(given)), cap));
});

describe('8.2 openings whose size is not what it was meant to be', () => {
  const pair = (size: string | number, price = 100) => [
    named('a', order('A', 'buy', size, price)),
    named('b', order('B', 'sell', size, price)),
  ];
  const held = { a: 10, b: -10 };
  table([
    {
      name: '8.2 worth 1.25 × the amount they stay',
      given: { ...held, orders: pair('12.5') },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 worth more they go: sized at a wrong mark, or before the amount was lowered',
      given: { ...held, orders: pair('12.51') },
      trims: ['a 8.2', 'b 8.2'],
      state: 'equal',
      why: 'it is worth 1251.00 USDT, more than 1250',
    },
    {
      name: '8.2 6.2 each counts at the larger of the mark and its own price',
      given: { ...held, mark: 6, orders: pair('12.51') },
      trims: ['a 8.2', 'b 8.2'],
      state: 'equal',
    },
    {
      name: '8.2 a mark that has risen by more than a quarter',
      given: { ...held, mark: 126, orders: pair(10) },
      trims: ['a 8.2', 'b 8.2'],
      state: 'equal',
    },
    {
      name: '8.2 what is left of one counts',
      given: {
        ...held,
        orders: pair(13).map((one) => ({ ...one, tradedSize: d(1), bookedSize: d(1) })),
      },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 in cooldown they go too',
      given: {
        ...held,
        orders: pair(166),
        state: { rests: [rest('A', 'opening'), rest('A', 'repair'), rest('B', 'repair')] },
      },
      trims: ['a 8.2', 'b 8.2'],
      state: 'cooldown',
    },
    {
      name: '8.2 as long as the limit itself holds both, they stay',
      given: { ...held, orders: pair(10), config: { maxTotalPositionUsdt: d(4000) } },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 past the limit both go: each is left out of its own count only',
      given: { ...held, orders: pair(10), config: { maxTotalPositionUsdt: d(3990) } },
      trims: ['a 8.2', 'b 8.2'],
      state: 'equal',
      why: 'the limits leave 9.900000000 of its 10',
    },
    {
      name: '8.2 below the minimum likewise',
      given: {
        ...held,
        orders: [named('a', order('A', 'sell', 5, 100)), named('b', order('B', 'buy', 5, 100))],
        config: { ...decrease, minTotalPositionUsdt: d(1001), orderNotionalUsdt: d(500) },
      },
      trims: ['a 8.2', 'b 8.2'],
      state: 'equal',
    },
    {
      name: '8.2 while not hedged the leg that covers the net is a repair, whatever the limit',
      given: { a: 20, b: -10, orders: pair(10).slice(1), config: { maxTotalPositionUsdt: d(3500) } },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '8.2 a repair stays one, whatever it is worth',
      given: {
        ...{ a: 11, b: -10 },
        orders: pair(166)
          .slice(1)
          .map((one) => ({ ...one, purpose: 'repair' as const })),
      },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '8.2 in cooldown an opening along the net goes, though the net is larger',
      given: {
        ...{ a: 200, b: 0, orders: pair(166).slice(0, 1) },
        state: { rests: [rest('A', 'repair'), rest('B', 'repair')] },
      },
      trims: ['a 8.2'],
      state: 'cooldown',
    },
    {
      name: '8.2 but not one larger than the net and than the amount',
      given: { a: 11, b: -10, orders: pair(166).slice(1) },
      trims: ['b 8.2'],
      state: 'imbalanced',
    },
  ]);
});

describe('8.2 orders on a side that the state would not submit go first', () => {
  const sell = (over: Partial<ManagedOrder> = {}) => named('sell', order('A', 'sell', 10, 101), over);
  const buy = (over: Partial<ManagedOrder> = {}) => named('buy', order('A', 'buy', 10, 99), over);
  table([
    { name: '8.2 equal: an opening on the opening side stays', given: { orders: [buy()] }, trims: [], state: 'equal' },
    {
      name: '8.2 equal: an order on the other side goes',
      given: { orders: [sell()] },
      trims: ['sell 8.2'],
      state: 'equal',
      why: 'a sell of A is not on the opening side now',
    },
    {
      name: '8.2 equal: a left-over repair on the opening side stays',
      given: { orders: [buy({ purpose: 'repair' })] },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 equal, decrease: an order that would grow the position goes',
      given: { a: 50, b: -50, config: decrease, orders: [buy()] },
      trims: ['buy 8.2'],
      state: 'equal',
    },
    {
      name: '11.6 not listed: what does not repair the net goes, what does stays',
      given: {
        a: 10,
        b: 0,
        unlisted: true,
        orders: [named('x', order('A', 'buy', 5, 99)), named('y', order('B', 'sell', 10, 101), { purpose: 'repair' })],
      },
      trims: ['x 11.6'],
      state: 'imbalanced',
      why: 'the exchange does not list it: a buy that does not repair',
    },
    {
      name: '11.6 not listed and hedged: openings go',
      given: { a: 10, b: -10, unlisted: true, orders: [named('x', order('A', 'buy', 5, 99))] },
      trims: ['x 11.6'],
      state: 'equal',
    },
    {
      name: '8.2 imbalanced: an order that would grow the net goes, on the account that repairs',
      given: { a: -10, b: 0, orders: [named('x', order('B', 'sell', 5, 101))] },
      trims: ['x 8.2'],
      state: 'imbalanced',
      why: 'a sell would grow the net',
    },
    {
      name: '8.2 imbalanced: an order that would grow the net goes, on the other account too',
      given: { a: 10, b: 0, orders: [buy()] },
      trims: ['buy 8.2'],
      state: 'imbalanced',
    },
    {
      name: '8.2 imbalanced: an order against the net stays, on either account',
      given: { a: 10, b: 0, orders: [sell(), named('b', order('B', 'sell', 5, 101))] },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '8.2 capped, increase: an order that grows goes, one that shrinks stays',
      given: { a: 150, b: -150, orders: [buy(), named('b', order('B', 'buy', 5, 99))] },
      trims: ['buy 8.2'],
      state: 'capped',
    },
    {
      name: '8.2 capped, increase: both openings go',
      given: { a: 150, b: -150, orders: [buy(), named('b', order('B', 'sell', 5, 101))] },
      trims: ['buy 8.2', 'b 8.2'],
      state: 'capped',
      why: 'it would move the total towards its limit',
    },
    {
      name: '8.2 capped, increase: a sell of a flat account moves towards the limit as well as a buy',
      given: { config: { maxTotalPositionUsdt: d(0) }, orders: [sell(), named('b', order('B', 'buy', 5, 99))] },
      trims: ['sell 8.2', 'b 8.2'],
      state: 'capped',
    },
    {
      name: '8.2 capped, decrease: an order that shrinks goes, one that grows stays',
      given: { a: 10, b: -10, config: decrease, orders: [sell(), named('b', order('B', 'sell', 5, 101))] },
      trims: ['sell 8.2'],
      state: 'capped',
      why: 'it would move the total towards its limit',
    },
    {
      name: '8.2 capped, decrease, flat: nothing is left to close, so every order goes',
      given: { config: decrease, orders: [sell(), named('b', order('B', 'buy', 5, 99))] },
      trims: ['sell 8.2', 'b 8.2'],
      state: 'capped',
      why: 'there is no position for it to close',
    },
    {
      name: '8.2 partial-wait: a wrong side stays',
      given: {
        a: 1,
        b: 0,
        orders: [named('b', order('B', 'buy', 10, 99)), buy({ tradedSize: d(1) })],
      },
      trims: [],
      state: 'partial-wait',
    },
    {
      name: '8.2 cooldown: a wrong side stays',
      given: { orders: [sell()], state: { rests: [rest('B', 'opening')] } },
      trims: [],
      state: 'cooldown',
    },
  ]);
});

describe('8.2 openings whose remainder is no longer tradable', () => {
  const rules = { minNotional: d(50) };
  const crumb = (over: Partial<ManagedOrder> = {}) =>
    named('crumb', order('A', 'buy', 10, 99, { tradedSize: d('9.5'), bookedSize: d('9.5') }), over);
  table([
    {
      name: '8.2 the crumb of an opening goes',
      given: { a: '9.5', b: '-9.5', instrument: rules, orders: [crumb()] },
      trims: ['crumb 8.2'],
      state: 'equal',
      why: 'what is left of the opening, 0.5, is no longer tradable',
    },
    {
      name: '8.2 a remainder of the smallest tradable size stays',
      given: {
        a: '9.49',
        b: '-9.49',
        instrument: rules,
        orders: [crumb({ tradedSize: d('9.49'), bookedSize: d('9.49') })],
      },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 while hedged the crumb of a repair goes: it would block the opening of both legs',
      given: { a: '9.5', b: '-9.5', instrument: rules, orders: [crumb({ purpose: 'repair' })] },
      trims: ['crumb 8.2'],
      state: 'equal',
    },
    {
      name: '8.2 in imbalanced the crumb of a repair stays: it may still close what it is for',
      given: { a: -20, b: 0, instrument: rules, orders: [crumb({ purpose: 'repair' })] },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '8.2 in imbalanced the crumb of an opening against the net goes too',
      given: { a: -20, b: 0, instrument: rules, orders: [crumb()] },
      trims: ['crumb 8.2'],
      state: 'imbalanced',
    },
    {
      name: '8.2 in cooldown the crumb stays',
      given: {
        ...{ a: '9.5', b: '-9.5', instrument: rules, orders: [crumb()] },
        state: { rests: [rest('A', 'opening'), rest('B', 'opening')] },
      },
      trims: [],
      state: 'cooldown',
    },
    {
      name: '8.2 in partial-wait the crumb stays: its fill is what is waited for',
      given: { a: '9.5', b: 0, instrument: rules, orders: [crumb({ bookedSize: d(0) })] },
      trims: [],
      state: 'partial-wait',
    },
  ]);
});

describe('16.1 in hedge-only what is no repair goes', () => {
  const repair = (id: string, size: string | number, over: Partial<ManagedOrder> = {}) =>
    named(id, order('B', 'sell', size, 101, { purpose: 'repair' }), over);
  const given = { mode: 'hedge-only', a: 10, b: 0, instrument: { minSize: d('0.1') } } as const;
  table([
    {
      name: '16.1 a repair of the net stays, a buy and an opening against the net go',
      given: {
        ...given,
        orders: [repair('r', 10), named('with', order('A', 'buy', 5, 99)), named('o', order('B', 'sell', 5, 101))],
      },
      trims: ['with 16.1', 'o 16.1'],
      state: 'imbalanced',
      why: 'hedge-only: a buy that does not repair',
    },
    {
      name: '16.1 a repair that would grow the net goes',
      given: { ...given, orders: [repair('r', 10, { side: 'buy' })] },
      trims: ['r 16.1'],
      state: 'imbalanced',
    },
    {
      name: '16.1 hedged: a repair goes too',
      given: { ...given, b: -10, orders: [repair('r', 10)] },
      trims: ['r 16.1'],
      state: 'equal',
      why: 'hedge-only: a sell that does not repair',
    },
    {
      name: '16.1 of two repairs the newer one goes when both exceed the net: 6 + 4.1 > 10',
      given: { ...given, orders: [repair('r', 6), repair('r2', '4.1')] },
      trims: ['r2 16.1'],
      state: 'imbalanced',
      why: 'a sell would go past the net',
    },
    {
      name: '16.1 less than the smallest tradable size past the net is none: 6 + 4.09',
      given: { ...given, orders: [repair('r', 6), repair('r2', '4.09')] },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '16.1 one that went does not count towards the net: 11 goes, 10 stays',
      given: { ...given, orders: [repair('r', 11), repair('r2', 10)] },
      trims: ['r 16.1'],
      state: 'imbalanced',
    },
    {
      name: '16.1 what is booked of a repair does not count: 14 of which 4 are booked',
      given: { ...given, orders: [repair('r', 14, { tradedSize: d(4), bookedSize: d(4) })] },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '9.4 one that is not confirmed yet is not cancelled',
      given: { ...given, orders: [named('o', order('B', 'sell', 5, 101, { confirmedAtMs: null }))] },
      trims: [],
      state: 'imbalanced',
    },
  ]);

  const openingsStop = reason('loss-stop', '8.6', { loss: '120.00', limit: '100' });
  const stopped: [name: string, given: Partial<PlanInput>, why: string][] = [
    ['8.6 16.1 by a stop an opening goes', {}, 'opens 8.6'],
    ['8.6 16.1 in mode trade too', { mode: 'trade' }, 'opens 8.6'],
    ['16.1 in hedge-only the mode is the reason', { mode: 'hedge-only' }, 'not-a-repair 16.1'],
    ['16.3 during removal likewise', { leaving: 'removed' }, 'not-a-repair 16.1'],
    ['11.6 not listed likewise', { unlisted: true }, 'not-a-repair 11.6'],
  ];
  for (const [name, over, why] of stopped) {
    it(name, () => {
      const from = {
        ...input({ a: 10, b: 0, orders: [named('o', order('B', 'sell', 5, 101))] }),
        openingsStop,
        ...over,
      };
      assert.deepEqual(codes(makePlan(from).trims), [`o ${why}`]);
    });
  }

  it('8.6 6.4 by a stop a repair that exceeds the net goes as one', () => {
    const from = { ...input({ a: 10, b: 0, orders: [repair('r', 11)] }), openingsStop };
    assert.deepEqual(codes(makePlan(from).trims), ['r past-net 16.1']);
  });
});

describe('16.1 on hold', () => {
  table([
    {
      name: '16.1 every own order goes, a repair too; one being cancelled is not asked for again',
      given: {
        ...{ mode: 'hold', a: 10, b: 0 },
        orders: [
          named('r', order('B', 'sell', 10, 101, { purpose: 'repair' })),
          named('o', order('A', 'buy', 5, 99)),
          named('going', order('A', 'sell', 5, 101, { cancelRequestedAtMs: NOW })),
        ],
      },
      trims: ['r 16.1', 'o 16.1'],
      state: 'imbalanced',
      why: 'the symbol is on hold: every own order is cancelled',
    },
  ]);
});

describe('what is cancelled without a decision', () => {
  const b = (id: string, size: string | number, over: Partial<ManagedOrder> = {}) =>
    named(id, order('B', 'sell', size, 101), over);
  /** A has bought 5, or as much as is said. */
  const held = (size: string | number = 5, side: 'buy' | 'sell' = 'buy') => ({ lots: [lot(1, 'A', side, size, 100)] });
  const stop = reason('loss-stop', '8.6', { loss: '120.00', limit: '100' });
  const parked = (sinceMs: number) => ({ A: { why: 'parked', sinceMs, untilMs: null }, B: null }) as const;
  interface Blind {
    readonly name: string;
    readonly given: InputOptions;
    readonly stop?: true;
    readonly blind?: readonly AccountName[];
    /** `id code rule`. */
    readonly trims: readonly string[];
  }
  const cases: readonly Blind[] = [
    {
      name: '10.5 after a split every order goes, one against the net too',
      given: { ...held(), orders: [b('h', 5), b('o', 6)], state: { split: { ratio: d(2), sinceMs: NOW } } },
      trims: ['h before-split 10.5', 'o before-split 10.5'],
    },
    {
      name: '16.1 on hold every order goes, one against the net too',
      given: { ...held(), orders: [b('h', 5)], mode: 'hold' },
      trims: ['h not-wanted 16.1'],
    },
    {
      name: '16.1 in hedge-only an order of at most the net stays, a larger one goes, and one along the net',
      given: { ...held(), orders: [b('h', 5), b('o', '5.01'), b('along', 1, { side: 'buy' })], mode: 'hedge-only' },
      trims: ['o opens 16.1', 'along opens 16.1'],
    },
    {
      name: '16.1 of one that has traded what is left counts',
      given: { ...held(), orders: [b('h', 8, { tradedSize: d(3), bookedSize: d(3) })], mode: 'hedge-only' },
      trims: [],
    },
    {
      name: '16.1 of a short net likewise',
      given: { ...held(5, 'sell'), orders: [b('h', 5, { side: 'buy' }), b('o', 1)], mode: 'hedge-only' },
      trims: ['o opens 16.1'],
    },
    {
      name: '16.1 a step of net is one, less is none',
      given: { ...held('0.01'), orders: [b('h', '0.01')], mode: 'hedge-only' },
      trims: [],
    },
    {
      name: '16.1 less than a step of net is none',
      given: { ...held('0.009'), orders: [b('o', '0.009')], mode: 'hedge-only' },
      trims: ['o opens 16.1'],
    },
    { name: '8.6 by a stop openings go', given: { orders: [b('o', 5)] }, stop: true, trims: ['o opens 8.6'] },
    {
      name: '8.6 in mode trade too',
      given: { orders: [b('o', 5)], mode: 'trade' },
      stop: true,
      trims: ['o opens 8.6'],
    },
    {
      name: '8.6 16.1 in hedge-only the mode is the reason',
      given: { orders: [b('o', 5)], mode: 'hedge-only' },
      stop: true,
      trims: ['o opens 16.1'],
    },
    {
      name: '11.6 not listed: all but what is against the net',
      given: { ...held(), orders: [b('h', 5), b('o', 6)], unlisted: true },
      trims: ['o order-on-unlisted 11.6'],
    },
    {
      name: '5.7 the openings of an account whose partner cannot be read go',
      given: { orders: [b('o', 5), named('own', order('A', 'buy', 5, 99))] },
      blind: ['A'],
      trims: ['o without-partner 5.7'],
    },
    {
      name: '5.7 or was unable to open for 10 s',
      given: { orders: [b('o', 5), named('own', order('A', 'buy', 5, 99))], unable: parked(NOW - 10_000) },
      trims: ['o without-partner 5.7'],
    },
    { name: '5.7 not before', given: { orders: [b('o', 5)], unable: parked(NOW - 9_999) }, trims: [] },
    {
      name: '5.7 8.6 a stop that does not apply, since the row shrinks, is not the reason',
      given: { orders: [b('o', 5)], config: decrease },
      stop: true,
      blind: ['A'],
      trims: ['o without-partner 5.7'],
    },
    {
      name: '9.4 one that is not confirmed yet is not cancelled',
      given: { orders: [b('o', 5, { confirmedAtMs: null })], mode: 'hold' },
      trims: [],
    },
    { name: '5.7 without any of these all stay', given: { orders: [b('o', 5)] }, trims: [] },
  ];
  for (const one of cases) {
    it(one.name, () => {
      const from = { ...input(one.given), ...(one.stop ? { openingsStop: stop } : {}) };
      assert.deepEqual(codes(trimsWithoutView(from, from.instrument, one.blind ?? [])), one.trims);
    });
  }

  it('5.7 it is reported which account cannot open', () => {
    const from = input({ orders: [b('o', 5)] });
    const [trim] = trimsWithoutView(from, from.instrument, ['A']);
    assert.equal(reasonText(trim?.why ?? ''), 'account A cannot open its leg');
  });
});

describe('3.1 8.2 openings while the mark is not accepted', () => {
  const trusts: [MarkTrust, string[]][] = [
    ['accepted', ['o worth-too-much 8.2']],
    ['in-question', []],
    ['doubtful', ['o opens-at-doubtful-mark 3.1']],
  ];
  for (const [trust, trims] of trusts) {
    it(`3.1 8.2 one worth more than the amount, the mark ${trust}`, () => {
      const from = input({ a: 10, b: -10, orders: [named('o', order('A', 'buy', '12.51', 100))] });
      const marks = { trust, read: d(100), low: d(100), high: d(100), touch: null };
      assert.deepEqual(codes(planTrims({ ...from, marks }, 'equal')), trims);
    });
  }
});

describe('5.7 orders whose partner cannot open', () => {
  /** A cannot open; of what B has. */
  const b = (size: string | number, over: Partial<ManagedOrder> = {}) => [
    named('b', order('B', 'sell', size, 100), over),
    named('a', order('A', 'buy', 1, 100)),
  ];
  const given = {
    instrument: { minSize: d('0.1') },
    unable: { A: { why: 'backed-off', sinceMs: NOW - 10_000, untilMs: null }, B: null },
  } as const;
  const repair = { purpose: 'repair' } as const;
  const gone = ['b without-partner 5.7'];
  const cases: [name: string, given: InputOptions, trims: string[]][] = [
    ['5.7 hedged: an opening goes', { a: 10, b: -10, orders: b(5) }, gone],
    ['5.7 hedged: the rest of a repair is an opening', { a: 10, b: -10, orders: b(5, repair) }, gone],
    ['5.7 a net of dust leaves it hedged: an opening goes', { a: '10.05', b: -10, orders: b('0.1') }, gone],
    ['5.7 not hedged: an opening of the net is a hedge', { a: 10, b: -5, orders: b(5) }, ['a grows-net 8.2']],
    ['5.7 so is one less than tradable above it', { a: 10, b: -5, orders: b('5.09') }, ['a grows-net 8.2']],
    ['5.7 but not a larger one', { a: 10, b: -5, orders: b('5.1') }, [...gone, 'a grows-net 8.2']],
    ['5.7 nor one along the net', { a: 5, b: -10, orders: b(5) }, gone],
    ['5.7 a repair stays one, though larger', { a: 10, b: -5, orders: b(6, repair) }, ['a grows-net 8.2']],
    ['5.7 and goes for its side alone', { a: 5, b: -10, orders: b(6, repair) }, ['b grows-net 8.2']],
  ];
  for (const [name, of, trims] of cases) {
    it(name, () => assert.deepEqual(codes(makePlan(input({ ...given, ...of })).trims), trims));
  }
  it('5.7 it says which account cannot open', () => {
    const { trims } = makePlan(input({ ...given, a: 10, b: -10, orders: b(5) }));
    assert.equal(reasonText(trims[0]?.why ?? ''), 'account A cannot open its leg');
  });
});

describe('8.2 surplus goes oldest first', () => {
  const at = (id: string, age: number, over: Partial<ManagedOrder> = {}) =>
    named(id, order('B', 'sell', 2, 101, { sentAtMs: NOW - age }), over);
  table([
    {
      name: '8.2 hedged: of two on one account the older goes, in the source’s words',
      given: { orders: [at('new', 1000), at('old', 9000)] },
      trims: ['old 8.2'],
      state: 'equal',
      why: LOW_DIFF,
    },
    {
      name: '8.2 below the threshold: of two the older goes',
      given: { a: '0.1', b: 0, orders: [at('old', 9000), at('new', 1000)] },
      trims: ['old 8.2'],
      state: 'imbalanced',
      why: LOW_DIFF,
    },
    {
      name: '8.1 above the threshold: two stay',
      given: { a: 10, b: 0, orders: [at('old', 9000), at('new', 1000)] },
      trims: [],
      state: 'imbalanced',
    },
    {
      name: '8.1 above the threshold: of three the oldest goes',
      given: { a: 10, b: 0, orders: [at('mid', 5000), at('old', 9000), at('new', 1000)] },
      trims: ['old 8.1'],
      state: 'imbalanced',
      why: 'more than 2 strategy orders on B',
    },
    {
      name: '8.2 one on each account is no surplus',
      given: { orders: [at('b', 9000), named('a', order('A', 'buy', 2, 99))] },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 an order that goes for its side leaves no surplus behind',
      given: { orders: [at('wrong', 1000, { side: 'buy' }), at('right', 9000)] },
      trims: ['wrong 8.2'],
      state: 'equal',
    },
    {
      name: '8.2 an order being cancelled is no surplus and is not asked for again',
      given: { orders: [at('going', 9000, { cancelRequestedAtMs: NOW }), at('new', 1000)] },
      trims: [],
      state: 'equal',
    },
    {
      name: '9.6 an order of unknown outcome counts, but is not cancelled: the next oldest goes',
      given: { orders: [at('unknown', 9000, { unknown: true }), at('new', 1000)] },
      trims: ['new 8.2'],
      state: 'equal',
    },
    {
      name: '9.4 an order that is not confirmed yet is not cancelled',
      given: { orders: [at('sent', 9000, { confirmedAtMs: null, side: 'buy' })] },
      trims: [],
      state: 'equal',
    },
    {
      name: '8.2 in cooldown surplus goes',
      given: { orders: [at('new', 1000), at('old', 9000)], state: { rests: [rest('B', 'opening')] } },
      trims: ['old 8.2'],
      state: 'cooldown',
    },
  ]);

  it('15 while halted trims go on and nothing is created', () => {
    const plan = makePlan(input({ halted: true, orders: [at('new', 1000), at('old', 9000)] }));
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.idle?.rule, '15');
    assert.equal(plan.trims.length, 1);
  });
});

describe('what trims and creates hold together', () => {
  const anyOrder = fc
    .tuple(anyAccount, anySide, anySize(500), fc.nat(1000), fc.constantFrom('live', 'unknown', 'sent', 'going'))
    .map(([account, side, size, age, kind]) =>
      order(account, side, size.toFixed(), side === 'buy' ? 99 : 101, {
        sentAtMs: NOW - age,
        unknown: kind === 'unknown',
        confirmedAtMs: kind === 'sent' ? null : NOW - 10,
        cancelRequestedAtMs: kind === 'going' ? NOW - 5 : null,
      }),
    );

  it('I4 8.1 8.2 no create passes the cap; no order is trimmed twice, nor one that cannot be cancelled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -3000, max: 3000 }),
        fc.integer({ min: -3000, max: 3000 }),
        fc.boolean(),
        fc.boolean(),
        fc.array(anyOrder, { maxLength: 6 }),
        (a, b, decreasing, hedged, orders) => {
          const from = input({
            a: a / 100,
            b: hedged ? -a / 100 : b / 100,
            orders,
            config: { positionMode: decreasing ? 'decrease' : 'increase' },
          });
          const plan = makePlan(from);
          const cap = orderCap(from);
          for (const account of ['A', 'B'] as const) {
            const creates = plan.creates.filter((intent) => intent.account === account).length;
            const live = orders.filter((one) => one.account === account).length;
            assert.ok(creates === 0 || live + creates <= cap, `${live} live, ${creates} new, cap ${cap}`);
            const staying =
              live -
              plan.trims.filter((trim) => trim.order.account === account).length -
              orders.filter((one) => one.account === account && one.cancelRequestedAtMs !== null).length;
            const stuck = orders.filter(
              (one) =>
                one.account === account &&
                one.cancelRequestedAtMs === null &&
                (one.unknown || one.confirmedAtMs === null),
            ).length;
            assert.ok(staying <= Math.max(cap, stuck), 'surplus is trimmed at once');
          }
          const ids = plan.trims.map((trim) => trim.order.clientOrderId);
          assert.equal(new Set(ids).size, ids.length);
          for (const { order: trimmed } of plan.trims) {
            assert.ok(!trimmed.unknown && trimmed.confirmedAtMs !== null && trimmed.cancelRequestedAtMs === null);
          }
        },
      ),
      { seed, numRuns: 1500 },
    );
  });
});
