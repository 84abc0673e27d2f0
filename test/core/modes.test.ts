import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeavingWhy, SymbolMode } from '../../src/core/model.ts';
import { conductOf, inForce, MODES, modeOf, rowInForce, type Standing, withPause } from '../../src/core/modes.ts';
import { makePlan } from '../../src/core/plan.ts';
import { config, d, input, lot, order, rest, stateWith } from '../support/core.ts';

const NOW = 1_000_000;

function standing(verb: Standing['verb'], untilMs: number | null = null): Standing {
  return { verb, sinceMs: 0, untilMs, by: 'ann', why: null };
}

describe('16.1 the strictest source applies', () => {
  const commands: readonly [readonly Standing[], SymbolMode][] = [
    [[], 'trade'],
    [[standing('flatten')], 'trade'],
    [[standing('hedge-only')], 'hedge-only'],
    [[standing('pause')], 'pause'],
    [[standing('cancel')], 'hold'],
    [[standing('cancel'), standing('pause')], 'hold'],
    [[standing('pause', NOW)], 'trade'],
    [[standing('pause', NOW + 1)], 'pause'],
    [[standing('pause', NOW), standing('hedge-only')], 'hedge-only'],
  ];
  const files: readonly SymbolMode[] = ['trade', 'hedge-only', 'pause'];
  const leavings: readonly (LeavingWhy | undefined)[] = [undefined, 'removed', 'disabled'];
  for (const file of files)
    for (const [said, byCommand] of commands)
      for (const leaving of leavings) {
        const verbs = said.map((one) => `${one.verb}${one.untilMs === null ? '' : ` until ${one.untilMs - NOW}`}`);
        it(`16.1 file ${file}, commands [${verbs.join()}], leaving ${leaving}`, () => {
          const all = [file, byCommand, leaving === undefined ? 'trade' : 'hedge-only'] as const;
          const strictest = all.map((mode) => MODES.indexOf(mode)).reduce((one, other) => Math.max(one, other));
          assert.equal(modeOf({ file, standing: said, leaving }, NOW), MODES[strictest]);
        });
      }

  it('16.2 a duration ends its command alone; the deadline of flatten does not end it', () => {
    const all = [standing('pause', NOW), standing('hedge-only', NOW + 1), standing('flatten', NOW - 1)];
    assert.deepEqual(
      inForce(all, NOW).map(({ verb }) => verb),
      ['hedge-only', 'flatten'],
    );
  });

  it('16.2 flatten decreases to nothing, whatever the row says', () => {
    const row = config({ positionMode: 'increase', minTotalPositionUsdt: d(500) });
    const { positionMode, minTotalPositionUsdt } = rowInForce(row, [standing('flatten', NOW - 1)]);
    assert.deepEqual([positionMode, minTotalPositionUsdt.toFixed()], ['decrease', '0']);
    assert.equal(rowInForce(row, [standing('pause')]), row);
  });
});

describe('16.1 pause: as hedge-only until hedged, then nothing', () => {
  const conduct = (state: Parameters<typeof stateWith>[0], hedged: boolean) => {
    const now = withPause(stateWith(state), 'pause', hedged);
    return conductOf({ mode: 'pause', state: now });
  };

  it('16.1 not hedged, or an order is live: it repairs', () => {
    assert.equal(conduct({}, false), 'repair');
    assert.equal(conduct({ orders: [order('A', 'buy', 1, 99)] }, true), 'repair');
  });

  it('16.1 hedged without an order: nothing, and so it stays when a net comes', () => {
    assert.equal(conduct({}, true), 'nothing');
    assert.equal(conduct({ pauseReached: true }, false), 'nothing');
  });

  it('16.1 another mode forgets it, and without a change the state is the very same', () => {
    const state = stateWith({ pauseReached: true });
    assert.equal(withPause(state, 'hedge-only', false).pauseReached, undefined);
    assert.equal(withPause(state, 'pause', false), state);
    const other = stateWith({});
    assert.equal(withPause(other, 'trade', true), other);
  });
});

/** Each state of strategy 5, as it comes about, with an opening and a repair where they may rest. */
const STATES: Readonly<Record<string, Parameters<typeof input>[0]>> = {
  equal: { a: 10, b: -10 },
  imbalanced: { a: 10, b: -5, lots: [lot(1, 'A', 'buy', 5, 100)] },
  'partial-wait': {
    a: 13,
    b: -10,
    orders: [order('A', 'buy', 8, 99, { clientOrderId: 'part', tradedSize: d(3), avgFillPrice: d(99) })],
  },
  capped: { a: 400, b: -400 },
  cooldown: {
    a: 10,
    b: -10,
    state: { rests: [rest('A', 'opening'), rest('B', 'opening')] },
  },
};

describe('16.1 what each mode submits and cancels in each state', () => {
  for (const mode of MODES)
    for (const [state, given] of Object.entries(STATES)) {
      it(`16.1 ${mode} in ${state}`, () => {
        const resting = [
          order('A', 'sell', 1, 101, { clientOrderId: 'opening' }),
          order('B', 'sell', 1, 101, { clientOrderId: 'repair', purpose: 'repair' }),
        ];
        const made = makePlan(input({ ...given, mode }));
        const cancels = makePlan(input({ ...given, mode, orders: [...(given?.orders ?? []), ...resting] })).trims;
        const purposes = new Set(made.creates.map(({ purpose }) => purpose));
        const cancelled = new Set(cancels.map((trim) => trim.order.clientOrderId));
        if (mode !== 'trade') {
          assert.ok(!purposes.has('opening'), 'nothing is opened');
          assert.ok(cancelled.has('opening'), 'openings are cancelled');
        }
        if (mode === 'hold') {
          assert.deepEqual(made.creates, []);
          assert.equal(made.idle?.rule, '16.1');
          assert.ok(cancelled.has('repair'), 'repairs are cancelled');
        } else {
          assert.equal(purposes.has('repair'), state === 'imbalanced');
          if (state === 'imbalanced') assert.ok(!cancelled.has('repair'), 'repairs stay');
        }
        if (mode === 'trade') assert.equal(purposes.has('opening'), state === 'equal');
        if (mode === 'trade' || !['capped', 'cooldown'].includes(state)) assert.equal(made.tradingState, state);
      });
    }

  it('16.1 a pause that was reached repairs nothing any more', () => {
    const reached = { ...STATES.imbalanced, mode: 'pause', state: { pauseReached: true } } as const;
    const plan = makePlan(input(reached));
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.tradingState, 'imbalanced');
  });

  it('16.3 in hedge-only the minimum of 8.4 does not bind a repair', () => {
    const row = { positionMode: 'decrease', minTotalPositionUsdt: d(100_000) } as const;
    const given = { ...STATES.imbalanced, config: row };
    const repairs = (mode: SymbolMode) =>
      makePlan(input({ ...given, mode })).creates.map(({ account, side }) => `${account} ${side}`);
    assert.deepEqual(repairs('trade'), ['B sell'], 'the larger may not shrink');
    assert.deepEqual(repairs('hedge-only'), ['A sell']);
  });
});
