import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assess } from '../../src/core/assess.ts';
import { decode, encode } from '../../src/core/codec.ts';
import { conditionsOf } from '../../src/core/conditions.ts';
import type { AccountName } from '../../src/core/model.ts';
import { makePlan } from '../../src/core/plan.ts';
import {
  changedDemands,
  demandsReduceOnly,
  GROWTH_TRY_MS,
  growthWithheld,
  mayOnlyReduce,
  withDemand,
  withNextTry,
  withoutDemands,
} from '../../src/core/reduce-only.ts';
import type { ReduceOnly } from '../../src/core/symbol-state.ts';
import { planTrims } from '../../src/core/trims.ts';
import {
  config,
  d,
  type InputOptions,
  input,
  instrument,
  lot,
  NOW,
  order,
  snapshot,
  stateWith,
  strategy,
} from '../support/core.ts';

/** A demand of a minute ago; a try is due `dueInMs` from now. */
function demand(account: AccountName | null, dueInMs = GROWTH_TRY_MS - 60_000): ReduceOnly {
  return { account, sinceMs: NOW - 60_000, nextTryMs: NOW + dueInMs };
}

function planned(demands: readonly ReduceOnly[], options: InputOptions = {}) {
  const plan = makePlan(input({ ...options, state: { reduceOnly: demands, ...options.state } }));
  const creates = plan.creates.map(({ account, side, size, reduceOnly }) =>
    [account, side, size.toFixed(), ...(reduceOnly ? ['reduce-only'] : [])].join(' '),
  );
  return { creates, rule: plan.idle?.rule ?? null, state: plan.tradingState };
}

describe('9.13 what a refusal demands', () => {
  for (const [code, demands] of [
    [2091, true],
    [7304, true],
    [2090, false],
    [2080, false],
    [2401, false],
    [null, false],
  ] as const) {
    it(`${code} ${demands ? 'demands' : 'does not demand'} reduce_only`, () =>
      assert.equal(demandsReduceOnly(code), demands));
  }

  it('2091 binds the account, 7304 both, each for 15 minutes until a try', () => {
    const account = withDemand(stateWith(), 'B', 2091, NOW);
    assert.deepEqual([mayOnlyReduce(account, 'A'), mayOnlyReduce(account, 'B')], [false, true]);
    const both = withDemand(stateWith(), 'B', 7304, NOW);
    assert.deepEqual([mayOnlyReduce(both, 'A'), mayOnlyReduce(both, 'B')], [true, true]);
    assert.ok(growthWithheld(both, 'A', NOW + GROWTH_TRY_MS - 1));
    assert.ok(!growthWithheld(both, 'A', NOW + GROWTH_TRY_MS));
  });

  it('a second demand keeps the beginning; a try that is taken ends all that binds its account', () => {
    const twice = withDemand(withDemand(stateWith(), 'B', 2091, NOW), 'B', 2091, NOW + 5);
    assert.deepEqual(twice.reduceOnly, [{ account: 'B', sinceMs: NOW, nextTryMs: NOW + 5 + GROWTH_TRY_MS }]);
    const all = withDemand(withDemand(twice, 'A', 2091, NOW), 'A', 7304, NOW);
    assert.deepEqual(
      withoutDemands(all, 'B').reduceOnly?.map(({ account }) => account),
      ['A'],
    );
    const next = withNextTry(all, 'B', NOW + 7).reduceOnly ?? [];
    assert.deepEqual(
      next.map(({ account, nextTryMs }) => [account, nextTryMs === NOW + 7]),
      [
        ['B', true],
        ['A', false],
        [null, true],
      ],
    );
  });

  it('only demands on an account are reported to the other symbols', () => {
    const before = stateWith();
    assert.deepEqual(changedDemands(before, withDemand(before, 'B', 7304, NOW)), []);
    const bound = withDemand(before, 'B', 2091, NOW);
    assert.deepEqual(changedDemands(before, bound), [{ account: 'B', demand: bound.reduceOnly?.[0] }]);
    assert.deepEqual(changedDemands(bound, withoutDemands(bound, 'B')), [{ account: 'B', demand: null }]);
    assert.deepEqual(changedDemands(bound, { ...bound }), []);
  });
});

describe('9.13 repairs', () => {
  // A holds 10, B −4: the net of 6 is covered by a sell of B, which grows, or of A, which shrinks.
  const net = { a: 10, b: -4, lots: [lot(1, 'A', 'buy', 6, 99)] };
  const cases: readonly (readonly [string, readonly ReduceOnly[], InputOptions, string[], string | null])[] = [
    ['no demand: the smaller repairs', [], net, ['B sell 6'], null],
    ['B may only reduce: A repairs, without the flag', [demand('B')], net, ['A sell 6'], null],
    ['the instrument may only be reduced: A repairs, with it', [demand(null)], net, ['A sell 6 reduce-only'], null],
    ['A may only reduce: B repairs by growing', [demand('A')], net, ['B sell 6'], null],
    ['a try is due: B is tried without the flag', [demand('B', 0)], net, ['B sell 6'], null],
    ['due in a millisecond: not yet', [demand('B', 1)], net, ['A sell 6'], null],
    ['one of two demands is not due: not yet', [demand('B', 0), demand(null, 1)], net, ['A sell 6 reduce-only'], null],
    [
      'A shrinks by no more than it holds beside its live orders',
      [demand(null)],
      {
        ...net,
        config: { positionMode: 'decrease', minTotalPositionUsdt: d(0) },
        orders: [order('A', 'sell', 5, 101, { purpose: 'repair' })],
      },
      ['A sell 1 reduce-only'],
      null,
    ],
    [
      'A is parked: nobody may',
      [demand('B')],
      { ...net, unable: { A: { sinceMs: NOW, untilMs: null, why: 'parked' }, B: null } },
      [],
      '9.13',
    ],
    [
      'same direction: the smaller shrinks',
      [demand(null)],
      { a: 10, b: 4, lots: [lot(1, 'A', 'buy', 14, 99)] },
      ['B sell 4 reduce-only'],
      null,
    ],
    [
      'flat and one-sided: the other is withheld, the holder shrinks',
      [demand(null)],
      { a: 3, lots: [lot(1, 'A', 'buy', 3, 99)] },
      ['A sell 3 reduce-only'],
      null,
    ],
    [
      'in decrease the larger shrinks',
      [demand(null)],
      { ...net, config: { positionMode: 'decrease', minTotalPositionUsdt: d(0) } },
      ['A sell 6 reduce-only'],
      null,
    ],
    [
      'past the net, which would grow: none',
      [demand('B')],
      {
        ...net,
        strategy: { singleOrderDiffThresholdUsdt: d(0) },
        orders: [order('A', 'sell', 6, 101, { purpose: 'repair' })],
      },
      [],
      '6.4',
    ],
  ];
  for (const [name, demands, options, creates, rule] of cases) {
    it(name, () => {
      const plan = planned(demands, options);
      assert.deepEqual([plan.creates, plan.rule], [creates, rule]);
    });
  }
});

describe('9.13 openings', () => {
  const hedged = { a: 5, b: -5 };
  const cases: readonly (readonly [string, readonly ReduceOnly[], InputOptions, string[], string | null])[] = [
    ['no demand: a pair', [], hedged, ['A buy 10', 'B sell 10'], null],
    ['an account may only reduce: neither opens', [demand('B')], hedged, [], '9.13'],
    ['the instrument may only be reduced: neither opens', [demand(null)], hedged, [], '9.13'],
    ['flat: neither opens', [demand('A')], {}, [], '9.13'],
    ['a try of B is due: its leg alone', [demand('B', 0)], hedged, ['B sell 10'], null],
    ['a try of the instrument is due: one leg alone', [demand(null, 0)], hedged, ['A buy 10'], null],
    ['both accounts, one of them due: neither', [demand('A', 0), demand('B', 1)], hedged, [], '9.13'],
    [
      'in decrease they shrink: both go, with the flag where it is demanded',
      [demand('B')],
      { ...hedged, config: { positionMode: 'decrease', minTotalPositionUsdt: d(0) } },
      ['A sell 5', 'B buy 5 reduce-only'],
      null,
    ],
  ];
  for (const [name, demands, options, creates, rule] of cases) {
    it(name, () => {
      const plan = planned(demands, options);
      assert.deepEqual([plan.creates, plan.rule, plan.state], [creates, rule, 'equal']);
    });
  }

  it('5.7 after 10 s the other account’s opening is cancelled, not while a try is due', () => {
    const trims = (one: ReduceOnly) =>
      planTrims(input({ ...hedged, orders: [order('A', 'buy', 5, 99)], state: { reduceOnly: [one] } }), 'equal');
    assert.deepEqual(
      trims(demand('B')).map(({ why, order: { account } }) => [why.rule, account]),
      [['5.7', 'A']],
    );
    assert.deepEqual(trims({ ...demand('B'), sinceMs: NOW - 9_999 }), []);
    assert.deepEqual(trims(demand('B', 0)), []);
    assert.deepEqual(trims(demand('A')), []);
  });
});

describe('9.13 what is remembered', () => {
  it('survives the journal', () => {
    const state = withDemand(stateWith(), 'B', 7304, NOW);
    assert.deepEqual(decode<typeof state>(encode(state)).reduceOnly, state.reduceOnly);
  });

  it('5 our clock was set back: what is to come lasts no longer than 15 minutes from now', () => {
    const state = stateWith({ reduceOnly: [{ account: 'B', sinceMs: NOW + 50, nextTryMs: NOW + 50 + GROWTH_TRY_MS }] });
    const assessment = assess({
      config: config(),
      instrument: instrument(),
      strategy: strategy(),
      state,
      snapshots: { A: snapshot('A', 5), B: snapshot('B', -5) },
      touch: null,
      staleMs: 10_000,
      loopIntervalMs: 2_000,
      nowMs: NOW,
      era: 0,
      halted: false,
      unlisted: false,
      denied: [],
    });
    assert.ok(assessment.kind === 'usable');
    assert.deepEqual(assessment.input.state.reduceOnly, [
      { account: 'B', sinceMs: NOW, nextTryMs: NOW + GROWTH_TRY_MS },
    ]);
  });

  it('12 is alerted as long as it holds: of an account once for all symbols, of an instrument by itself', () => {
    const held = input({ a: 5, b: -5, state: { reduceOnly: [demand('B'), demand(null)] } });
    assert.deepEqual(
      conditionsOf(held, makePlan(held)).map(({ key, account, instrument: of }) => [key, account, of]),
      [
        ['reduce-only:B', 'B', null],
        ['reduce-only:BNB_USDT_Perp', null, 'BNB_USDT_Perp'],
      ],
    );
  });
});
