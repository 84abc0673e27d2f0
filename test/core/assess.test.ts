import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Assessment, assess, type Knowledge } from '../../src/core/assess.ts';
import { conditionsOf, SYMBOL_CONDITIONS } from '../../src/core/conditions.ts';
import { makePlan } from '../../src/core/plan.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import {
  config,
  d,
  type InputOptions,
  input,
  instrument,
  lot,
  NOW,
  order,
  position,
  rest,
  snapshot,
  stateWith,
  strategy,
} from '../support/core.ts';

const HOUR = 3_600_000;

function knowledge(over: Partial<Knowledge> = {}): Knowledge {
  return {
    config: config(),
    instrument: instrument(),
    strategy: strategy(),
    state: stateWith(),
    snapshots: { A: snapshot('A', 5), B: snapshot('B', -5) },
    touch: null,
    staleMs: 10_000,
    loopIntervalMs: 2_000,
    nowMs: NOW,
    era: 0,
    halted: false,
    unlisted: false,
    denied: [],
    ...over,
  };
}

function reported(assessment: Assessment): string {
  return assessment.kind === 'unusable' ? `unusable ${assessment.why.rule}` : assessment.kind;
}

const touch = { bid: d(99), ask: d(101), atMs: NOW, era: 0 };
const flat = { A: snapshot('A', null), B: snapshot('B', null) };

describe('5 10.3 10.5 whether there can be a decision', () => {
  const cases: [string, Partial<Knowledge>, string][] = [
    ['5 two fresh snapshots that agree are usable', {}, 'usable'],
    ['11.6 of what is not listed positions are valued as ever', { unlisted: true }, 'usable'],
    [
      '11.6 flat and not listed: there is no book to take a mark from',
      { unlisted: true, snapshots: { A: snapshot('A', null), B: snapshot('B', null) } },
      'unusable 11.6',
    ],
    ['10.1 without data of A there is none', { snapshots: { A: null, B: snapshot('B', 0) } }, 'unusable 10.1'],
    ['10.1 without data of B there is none', { snapshots: { A: snapshot('A', 0), B: null } }, 'unusable 10.1'],
    ['10.3 data as old as allowed are usable', { nowMs: NOW + 9950 }, 'usable'],
    ['10.3 older data stop decisions', { nowMs: NOW + 9951 }, 'unusable 10.3'],
    [
      '10.3 one old account is enough, however fresh the other',
      { snapshots: { A: snapshot('A', 5, { atMs: NOW - 20_000 }), B: snapshot('B', -5) } },
      'unusable 10.3',
    ],
    [
      '10.3 data of before our clock was set back: nobody knows their age, though they are dated in a time to come',
      { era: 1, snapshots: { A: snapshot('A', 5, { atMs: NOW + 60_000 }), B: snapshot('B', -5, { era: 1 }) } },
      'unusable 10.3',
    ],
    [
      '10.3 nor when the clock has run past that time again',
      { era: 1, snapshots: { A: snapshot('A', 5, { era: 1 }), B: snapshot('B', -5) } },
      'unusable 10.3',
    ],
    [
      '10.3 with readings of after it all is as before',
      { era: 1, snapshots: { A: snapshot('A', 5, { era: 1 }), B: snapshot('B', -5, { era: 1 }) } },
      'usable',
    ],
    [
      '10.3 age counts from the request, not from the answer',
      { snapshots: { A: snapshot('A', 5, { requestedAtMs: NOW - 10_001 }), B: snapshot('B', -5) } },
      'unusable 10.3',
    ],
    ['11.3 before the beginning there is no decision', { state: stateWith({ begun: false }) }, 'unusable 11.3'],
    [
      '10.5 a contradiction on one account stops decisions',
      {
        state: stateWith({
          contradiction: { A: null, B: { difference: d(1), sinceMs: NOW, alikeSinceMs: NOW, snapshots: 1 } },
        }),
      },
      'unusable 10.5',
    ],
    [
      '10.5 where both are flat by now, it is adopted at the mark, which is the book’s: the book is wanted',
      {
        snapshots: flat,
        state: stateWith({
          contradiction: { A: null, B: { difference: d(1), sinceMs: NOW, alikeSinceMs: NOW, snapshots: 1 } },
        }),
      },
      'touch-wanted',
    ],
    [
      '10.5 and once it is known, the contradiction stops decisions',
      {
        snapshots: flat,
        touch,
        state: stateWith({
          contradiction: { A: null, B: { difference: d(1), sinceMs: NOW, alikeSinceMs: NOW, snapshots: 1 } },
        }),
      },
      'unusable 10.5',
    ],
    [
      '3.1 a mark of zero makes the data unusable',
      { snapshots: { A: snapshot('A', position(5, { markPrice: d(0) })), B: snapshot('B', null) } },
      'unusable 3.1',
    ],
    ['3.1 both flat and no book: the book is wanted', { snapshots: flat }, 'touch-wanted'],
    ['3.1 both flat with a fresh book is usable', { snapshots: flat, touch }, 'usable'],
    [
      '3.1 10.3 both flat: a book as old as stale data creates nothing, a new one is wanted',
      { snapshots: flat, touch: { ...touch, atMs: NOW - 10_001 } },
      'touch-wanted',
    ],
    [
      '3.1 10.3 both flat: nor does one of before our clock was set back',
      {
        era: 1,
        snapshots: { A: snapshot('A', null, { era: 1 }), B: snapshot('B', null, { era: 1 }) },
        touch,
      },
      'touch-wanted',
    ],
    [
      '3.1 both flat with nothing to create: an old book is good enough',
      { snapshots: flat, touch: { ...touch, atMs: NOW - HOUR }, config: config({ positionMode: 'decrease' }) },
      'usable',
    ],
  ];
  for (const [name, over, expected] of cases) it(name, () => assert.equal(reported(assess(knowledge(over))), expected));

  it('10.5 the reason names the account and by how much it differs', () => {
    const contradiction = { A: { difference: d('-1.5'), sinceMs: NOW, alikeSinceMs: NOW, snapshots: 1 }, B: null };
    const assessment = assess(knowledge({ state: stateWith({ contradiction }) }));
    assert.equal(
      assessment.kind === 'unusable' && reasonText(assessment.why),
      'position of A differs from the ledger by -1.5',
    );
  });

  it('3.1 both are valued at the newest position’s mark', () => {
    const snapshots = {
      A: snapshot('A', position(5, { markPrice: d(100), eventTimeNs: 1n })),
      B: snapshot('B', position(-5, { markPrice: d(110), eventTimeNs: 2n })),
    };
    const assessment = assess(knowledge({ snapshots }));
    assert.equal(assessment.kind === 'usable' && assessment.input.valuation.mark.toFixed(), '110');
  });
});

describe('12 since when a symbol is unhedged', () => {
  const clock = (a: number, since: number | null): number | null => {
    const assessment = assess(
      knowledge({
        state: stateWith({ unhedgedSinceMs: since, booked: { A: d(a), B: d(-5) } }),
        snapshots: { A: snapshot('A', a), B: snapshot('B', -5) },
      }),
    );
    assert.ok(assessment.kind === 'usable');
    return assessment.state.unhedgedSinceMs;
  };
  it('12 the clock starts when the symbol leaves hedged', () => assert.equal(clock(6, null), NOW));
  it('12 it runs on while not hedged', () => assert.equal(clock(6, NOW - HOUR), NOW - HOUR));
  it('12 it ends when hedged again', () => assert.equal(clock(5, NOW - HOUR), null));
  it('12 it does not run while hedged', () => assert.equal(clock(5, null), null));
});

describe('5 9.5 12 times in the future are from before our clock was set back', () => {
  function kept(state: Partial<SymbolState>): SymbolState {
    const assessment = assess(
      knowledge({
        state: stateWith({ ...state, booked: { A: d(6), B: d(-5) } }),
        snapshots: { A: snapshot('A', 6), B: snapshot('B', -5) },
      }),
    );
    assert.ok(assessment.kind === 'usable');
    return assessment.state;
  }
  const cooldownMs = strategy().postOnlyCooldownMs;

  it('9.5 a rest lasts at most the cooldown from now', () => {
    const until = (untilMs: number) => kept({ rests: [rest('A', 'repair', { untilMs })] }).rests?.[0]?.untilMs;
    assert.equal(until(NOW + HOUR), NOW + cooldownMs);
    assert.equal(until(NOW + cooldownMs - 1), NOW + cooldownMs - 1);
    assert.equal(until(NOW - 1), NOW - 1);
  });

  it('5.7 6.3 neither did its run begin later than now, nor does the other way go first for longer than from now', () => {
    const late = rest('A', 'repair', { sinceMs: NOW + HOUR, yieldsUntilMs: NOW + HOUR });
    const [now] = kept({ rests: [late] }).rests ?? [];
    assert.deepEqual([now?.sinceMs, now?.yieldsUntilMs], [NOW, NOW + 900_000]);
  });
  it('12 what left hedged in the future has left it now', () => {
    assert.equal(kept({ unhedgedSinceMs: NOW + HOUR }).unhedgedSinceMs, NOW);
  });
});

describe('12 the conditions a decision finds', () => {
  function kinds(given: InputOptions): string[] {
    const from = input(given);
    return conditionsOf(from, makePlan(from)).map((alert) => alert.kind);
  }
  const cases: [string, InputOptions, string[]][] = [
    ['12 nothing holds of a hedged pair with room', { a: 5, b: -5 }, []],
    ['3.4 12 positions in the same direction', { a: 5, b: 5 }, ['same-direction']],
    ['3.4 12 dust in the same direction is set aside', { a: 5, b: '0.05', instrument: { minNotional: d(10) } }, []],
    ['6.1 12 sides that contradict a_side_when_equal', { a: -5, b: 5 }, ['side-contradicts-config']],
    [
      '6.2 12 not in decrease, where the positions give the sides',
      { a: -50, b: 50, config: { positionMode: 'decrease' } },
      [],
    ],
    ['8.3 12 the limit is reached', { a: 150, b: -150 }, ['limit-reached']],
    ['6.2 12 flat in decrease is the goal, not a limit', { config: { positionMode: 'decrease' } }, []],
    [
      '8.1 12 more orders on an account than the cap',
      { a: 50, orders: [1, 2, 3].map(() => order('B', 'sell', 1, 101)) },
      ['order-count'],
    ],
    [
      '8.1 12 two orders are no surplus for an alert',
      { a: 50, orders: [1, 2].map(() => order('B', 'sell', 1, 101)) },
      [],
    ],
    ['12 unhedged for just the hours as configured', { a: 5, state: { unhedgedSinceMs: NOW - 6 * HOUR } }, []],
    ['12 unhedged for longer', { a: 5, state: { unhedgedSinceMs: NOW - 6 * HOUR - 1 } }, ['unhedged']],
    [
      '12 the hours are a setting',
      { a: 5, state: { unhedgedSinceMs: NOW - HOUR - 1 }, strategy: { stuckMs: HOUR } },
      ['unhedged'],
    ],
  ];
  for (const [name, given, expected] of cases) it(name, () => assert.deepEqual(kinds(given), expected));

  it('12 every condition is of the kinds that a decision can end', () => {
    for (const [, given] of cases) {
      for (const kind of kinds(given))
        assert.ok(
          SYMBOL_CONDITIONS.some((known) => known === kind),
          kind,
        );
    }
  });

  it('12 unhedged says side, guard and since when', () => {
    const from = input({ a: 5, lots: [lot(1, 'A', 'buy', 5, '98.7')], state: { unhedgedSinceMs: NOW - 7 * HOUR } });
    const [alert] = conditionsOf(from, makePlan(from));
    assert.equal(alert?.sinceMs, NOW - 7 * HOUR);
    assert.equal(alert?.details.side, 'sell');
    assert.equal(alert?.details.guard, '98.7');
    assert.equal(alert?.details.hours, '6');
  });

  it('12 7.2 the guard reported is that of the account which would repair', () => {
    const from = input({
      a: 5,
      b: -2,
      config: { positionMode: 'decrease', decreaseRepair: 'smaller', minTotalPositionUsdt: d(0) },
      lots: [lot(1, 'A', 'buy', 3, 98), lot(2, 'B', 'buy', 3, 97)],
      state: { unhedgedSinceMs: NOW - 7 * HOUR },
    });
    const plan = makePlan(from);
    const [alert] = conditionsOf(from, plan);
    assert.equal(alert?.details.guard, plan.creates[0]?.guardPrice?.toFixed());
  });
});
