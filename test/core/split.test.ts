import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lotsNet } from '../../src/core/ledger.ts';
import { reconcile } from '../../src/core/reconcile.ts';
import { afterSplit } from '../../src/core/split.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { d, lot, NOW, position, snapshot, stateWith } from '../support/core.ts';

/** Positions that change by one ratio (strategy 10.5). */

const SETTINGS = { partialFillTimeoutMs: 1_800_000 };

/** Readings of both accounts, their fill histories empty, until a difference is old enough to be taken over. */
function afterReadings(from: SymbolState, sizes: Readonly<Record<'A' | 'B', string>>, forSec = 24): SymbolState {
  let state = from;
  for (let atSec = 0; atSec <= forSec; atSec += 4) {
    for (const account of ['A', 'B'] as const) {
      const held = d(sizes[account]).isZero() ? null : position(sizes[account]);
      const reading = snapshot(account, held, { atMs: NOW + atSec * 1_000, fills: [] });
      state = reconcile(state, reading, SETTINGS, d(60)).state;
    }
  }
  return state;
}

const held = (A: string, B: string, over: Partial<SymbolState> = {}): SymbolState =>
  stateWith({ begun: true, booked: { A: d(A), B: d(B) }, ...over });

describe('10.5 one ratio of both accounts is a split', () => {
  const rows: readonly [name: string, before: [string, string], now: [string, string], ratio: string | null][] = [
    ['ten for one', ['10', '-10'], ['100', '-100'], '10'],
    ['one for ten, not hedged', ['10', '-7'], ['1', '-0.7'], '0.1'],
    ['three for two', ['-10', '10'], ['-15', '15'], '1.5'],
    ['one for three, rounded to steps', ['10', '-10.01'], ['3.33', '-3.34'], '0.3333'],
    ['both long', ['10', '5'], ['20', '10'], '2'],
    ['five for four', ['8', '-8'], ['10', '-10'], '1.25'],
    ['trades of 7 % that a stale journal does not know', ['0.354', '-0.354'], ['0.379', '-0.379'], null],
    ['and of 62 %', ['10', '-10'], ['16.2', '-16.2'], null],
    ['only one account moved', ['10', '-10'], ['100', '-10'], null],
    ['ratios that differ', ['10', '-10'], ['100', '-50'], null],
    ['small moves of unlike size', ['1000', '-1000'], ['1000.01', '-1000.02'], null],
    ['an account that was flat', ['10', '0'], ['100', '0'], null],
    ['both are gone: a settlement', ['10', '-10'], ['0', '0'], null],
    ['both turned round', ['10', '-10'], ['-10', '10'], null],
  ];
  for (const [name, [A, B], [nowA, nowB], ratio] of rows) {
    it(name, () => {
      const before = held(A, B);
      const state = afterReadings(before, { A: nowA, B: nowB });
      assert.equal(state.split?.ratio.toSignificantDigits(4).toFixed() ?? null, ratio);
      // Paused: nothing is adopted. Otherwise all of it is.
      const booked = ratio === null ? { A: nowA, B: nowB } : { A, B };
      assert.deepEqual([state.booked.A.toFixed(), state.booked.B.toFixed()], [booked.A, booked.B]);
    });
  }

  it('it is found when the difference has lasted, not before, and ends when positions agree again', () => {
    assert.equal(afterReadings(held('10', '-10'), { A: '100', B: '-100' }, 16).split, undefined);
    const paused = afterReadings(held('10', '-10'), { A: '100', B: '-100' });
    assert.notEqual(paused.split, undefined);
    const back = afterReadings(paused, { A: '10', B: '-10' });
    assert.equal(back.split, undefined);
    assert.deepEqual(back.contradiction, { A: null, B: null });
  });

  it('fills that explain both differences are no split', () => {
    let state = held('10', '-10');
    for (const atSec of [0, 5, 10, 15]) {
      for (const [account, side, size] of [
        ['A', 'sell', '5'],
        ['B', 'buy', '-5'],
      ] as const) {
        const atMs = NOW + atSec * 1_000;
        const fill = { instrument: 'X', side, size: d(5), price: d(70), timeMs: NOW - 1_000, clientOrderId: '0' };
        state = reconcile(state, snapshot(account, position(size), { atMs, fills: [fill] }), SETTINGS, d(60)).state;
      }
    }
    assert.equal(state.split, undefined);
    assert.deepEqual([state.booked.A.toFixed(), state.booked.B.toFixed(), state.lots.length], ['5', '-5', 0]);
  });
});

describe('10.5 a start after a split', () => {
  for (const [name, ratio, lots] of [
    ['ten for one', '10', ['A buy 20 @ 60', 'A buy 10 @ 61']],
    ['one for ten', '0.1', ['A buy 0.2 @ 6000', 'A buy 0.1 @ 6100']],
    ['one for three', d(1).div(3).toFixed(), ['A buy 0.66667 @ 1800', 'A buy 0.33333 @ 1830']],
  ] as const) {
    it(name, () => {
      const open = [lot(1, 'A', 'buy', 2, 600), lot(2, 'A', 'buy', 1, 610)];
      const split = { ratio: d(ratio), sinceMs: NOW };
      const after = afterSplit(held('10', '-7', { lots: open, split }), NOW + 9);
      const words = after.lots.map(
        ({ account, side, size, price }) =>
          `${account} ${side} ${size.toSignificantDigits(5)} @ ${price.toSignificantDigits(9)}`,
      );
      assert.deepEqual(words, lots);
      assert.equal(after.booked.A.toSignificantDigits(9).toFixed(), d(10).mul(ratio).toSignificantDigits(9).toFixed());
      assert.ok(after.booked.A.plus(after.booked.B).eq(lotsNet(after.lots)), 'lots come to the booked net (4.5)');
      assert.equal('split' in after, false);
      assert.deepEqual(after.fillsFromMs, { A: NOW + 9, B: NOW + 9 });
    });
  }
});
