import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../src/core/audit/judge.ts';
import { isOpen, leavingRow, rowWithoutOne } from '../../src/core/leaving.ts';
import type { ManagedOrder } from '../../src/core/model.ts';
import { makePlan } from '../../src/core/plan.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import {
  anyAccount,
  anySide,
  anySize,
  config,
  d,
  type InputOptions,
  input,
  lot,
  order,
  rest,
  seedFor,
  stateWith,
} from '../support/core.ts';

const seed = seedFor('core/leaving');
const BNB = 'BNB_USDT_Perp';
const repair = { purpose: 'repair' } as const;

interface Case {
  readonly name: string;
  readonly given: InputOptions;
  /** `account side size`. */
  readonly creates?: readonly string[];
  /** Ids. */
  readonly trims?: readonly string[];
  readonly state: string;
}

describe('16.3 what a leaving symbol submits and cancels', () => {
  const named = (id: string, of: ManagedOrder): ManagedOrder => ({ ...of, clientOrderId: id });
  const buyLot = lot(1, 'A', 'buy', 5, 100);
  const decrease = { positionMode: 'decrease', minTotalPositionUsdt: d(0) } as const;
  const cases: Case[] = [
    { name: 'flat: nothing', given: {}, state: 'equal' },
    { name: 'hedged: nothing is opened', given: { a: 10, b: -10 }, state: 'equal' },
    { name: 'hedged beyond the maximum: not capped', given: { a: 400, b: -400 }, state: 'equal' },
    { name: 'hedged in decrease: nothing is closed', given: { a: 10, b: -10, config: decrease }, state: 'equal' },
    {
      name: 'hedged: every order goes, a repair too',
      given: {
        orders: [named('o', order('A', 'buy', 1, 99)), named('r', order('B', 'sell', 1, 101, repair))],
      },
      trims: ['o', 'r'],
      state: 'equal',
    },
    {
      name: 'hedged, an opening filled in part: what is left of it goes at once',
      given: {
        a: '0.4',
        orders: [named('o', order('A', 'buy', 1, 99, { tradedSize: d('0.4'), avgFillPrice: d(99) }))],
      },
      trims: ['o'],
      state: 'partial-wait',
    },
    {
      name: 'cooldown: openings go',
      given: {
        orders: [named('o', order('A', 'buy', 1, 99))],
        state: { rests: [rest('A', 'repair'), rest('B', 'repair'), rest('A', 'opening')] },
      },
      trims: ['o'],
      state: 'cooldown',
    },
    {
      name: 'a net is repaired by the smaller, within the maximum',
      given: { a: 5, lots: [buyLot] },
      creates: ['B sell 5'],
      state: 'imbalanced',
    },
    {
      name: 'by the larger, where 8.3 blocks the smaller',
      given: { a: 5, lots: [buyLot], config: { maxTotalPositionUsdt: d(0) } },
      creates: ['A sell 5'],
      state: 'imbalanced',
    },
    {
      name: '8.4 does not bind',
      given: {
        a: 5,
        lots: [buyLot],
        config: leavingRow(config({ positionMode: 'decrease', minTotalPositionUsdt: d(9999) })),
      },
      creates: ['A sell 5'],
      state: 'imbalanced',
    },
    {
      name: 'without a row by the smallest tradable size, and by the account that shrinks',
      given: { a: 5, lots: [buyLot], config: rowWithoutOne(BNB) },
      creates: ['A sell 0.01'],
      state: 'imbalanced',
    },
    {
      name: 'without a row, the other side alike',
      given: { a: -3, b: '0.5', lots: [lot(1, 'A', 'sell', '2.5', 100)], config: rowWithoutOne(BNB) },
      creates: ['A buy 0.01'],
      state: 'imbalanced',
    },
    {
      name: 'an opening goes, against the net or not, and is waited for',
      given: {
        a: 5,
        lots: [buyLot],
        orders: [named('with', order('A', 'buy', 1, 99)), named('against', order('B', 'sell', 5, 101))],
      },
      trims: ['with', 'against'],
      state: 'imbalanced',
    },
    {
      name: 'a repair stays, and nothing goes past the net beside it',
      given: { a: 5, lots: [buyLot], orders: [named('r', order('B', 'sell', 5, 105, repair))] },
      state: 'imbalanced',
    },
    {
      name: 'what of the repairs goes past the net is cancelled, newest first',
      given: {
        a: 5,
        lots: [buyLot],
        orders: [named('old', order('B', 'sell', 5, 105, repair)), named('new', order('B', 'sell', 1, 104, repair))],
      },
      trims: ['new'],
      state: 'imbalanced',
    },
    {
      name: 'a repair of a former net that has shrunk since',
      given: { a: 1, lots: [lot(1, 'A', 'buy', 1, 100)], orders: [named('r', order('B', 'sell', 5, 105, repair))] },
      trims: ['r'],
      state: 'imbalanced',
    },
    {
      name: 'not asked twice, nor what nobody has seen',
      given: {
        orders: [
          named('asked', order('A', 'buy', 1, 99, { cancelRequestedAtMs: 1 })),
          named('unknown', order('B', 'sell', 1, 101, { unknown: true, confirmedAtMs: null })),
        ],
      },
      state: 'equal',
    },
    { name: '11.6 unlisted: nothing', given: { a: 5, lots: [buyLot], unlisted: true }, state: 'imbalanced' },
  ];
  for (const { name, given, creates = [], trims = [], state } of cases) {
    it(`16.3 ${name}`, () => {
      const plan = makePlan(input({ leaving: 'removed', ...given }));
      assert.equal(plan.tradingState, state, reasonText(plan.why));
      const made = plan.creates.map(({ account, side, size }) => `${account} ${side} ${size.toFixed()}`);
      assert.deepEqual(made, creates);
      assert.deepEqual(
        plan.trims.map((trim) => trim.order.clientOrderId),
        trims,
      );
    });
  }

  it('16.1 never opens, never goes past the net, and grows no position without a row', () => {
    const anyOrder = fc.record({ account: anyAccount, side: anySide, size: anySize(), own: fc.boolean() });
    fc.assert(
      fc.property(
        anySize(),
        anySize(),
        fc.boolean(),
        fc.boolean(),
        fc.array(anyOrder, { maxLength: 3 }),
        fc.boolean(),
        (one, other, aShort, bShort, given, row) => {
          const [a, b] = [aShort ? one.neg() : one, bShort ? other.neg() : other];
          const net = a.plus(b);
          const orders = given.map(({ account, side, size, own }) =>
            order(account, side, size.toFixed(), 100, own ? repair : {}),
          );
          const lots = net.isZero() ? [] : [lot(1, 'A', net.gt(0) ? 'buy' : 'sell', net.abs().toFixed(), 100)];
          const rule = row ? {} : rowWithoutOne(BNB);
          const planned = input({ leaving: 'removed', a: a.toFixed(), b: b.toFixed(), orders, lots, config: rule });
          const plan = makePlan(planned);
          for (const create of plan.creates) {
            assert.equal(create.purpose, 'repair');
            assert.equal(create.side, net.gt(0) ? 'sell' : 'buy');
            assert.ok(create.size.lte(net.abs()));
            if (row) continue;
            const held = create.account === 'A' ? a : b;
            assert.ok(held.mul(create.side === 'sell' ? 1 : -1).gt(0), 'it shrinks what the account holds');
          }
          const gone = new Set(plan.trims.map((trim) => trim.order));
          const staying = orders.filter((each) => !gone.has(each));
          const covered = staying.reduce((sum, each) => sum.plus(each.size), d(0));
          assert.ok(covered.minus(net.abs()).lt('0.01'), 'what stays does not go past the net');
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('15 I6: the auditor allows the smallest tradable size without a row, and no more', () => {
    const view = {
      position: { A: d(5), B: d(0) },
      waiting: { A: d(0), B: d(0) },
      markPrice: d(100),
      lots: [],
      orders: [],
    };
    const rules = { tickSize: d('0.1'), minSize: d('0.01'), minNotional: d(0), baseDecimals: 9 };
    const settings = {
      singleOrderDiffThresholdUsdt: d(20),
      postOnlyMaxRetry: 5,
      partialFillTimeoutMs: 1,
      staleMs: 1,
      cancelOnStop: true,
      stopKeepStrategyOrders: 0,
    };
    const faults = (size: string) =>
      judge(
        { account: 'A', side: 'sell', size: d(size), price: d(101), liveBefore: 0 },
        view,
        rowWithoutOne(BNB),
        settings,
        rules,
      ).faults.map((fault) => fault.rule);
    assert.deepEqual(faults('0.01'), []);
    assert.deepEqual(faults('0.02'), ['6.4']);
  });
});

describe('16.3 what of a journalled symbol is open', () => {
  const cases: [string, Parameters<typeof stateWith>[0], boolean][] = [
    ['nothing', {}, false],
    ['an order', { orders: [order('A', 'buy', 1, 99)] }, true],
    ['a lot', { lots: [lot(1, 'A', 'buy', 1, 100)] }, true],
    ['a hedged position', { booked: { A: d(1), B: d(-1) } }, true],
    ['a hedged position that was left before', { booked: { A: d(1), B: d(-1) }, left: true }, false],
    ['an order on what was left before', { orders: [order('A', 'buy', 1, 99)], left: true }, true],
    ['never begun', { begun: false, booked: { A: d(1), B: d(0) } }, false],
  ];
  for (const [name, state, open] of cases)
    it(`16.3 ${name}: ${open}`, () => assert.equal(isOpen(stateWith(state)), open));
});
