import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepOf } from '../../src/backtest/plan.ts';
import { selfCheck } from '../../src/backtest/self-check.ts';
import { MARKETS } from '../../src/simulate/setup.ts';
import { BNB, START_MS, temporaryDirectory } from './markets.ts';

test('a replay equals the exchange until queue position or timing differ', async (t) => {
  const check = await selfCheck({
    ...{ directory: temporaryDirectory(t), spec: BNB, profile: MARKETS.calm, seed: 3, fromMs: START_MS, hours: 0.1 },
  });
  assert.equal(check.windows.length, 3);
  for (const { sameCreates, difference } of check.windows) {
    assert.ok(sameCreates >= 2, JSON.stringify(difference));
    assert.notEqual(difference?.kind, 'other', JSON.stringify(difference));
  }
  assert.ok(check.sameCreates >= 6, `${check.sameCreates}`);
});

test('a sweep’s file is read, or the place that is wrong is named', () => {
  assert.deepEqual(sweepOf('a.json', { symbols: ['X'], set: { mode: ['trade', 'pause'] } }), {
    symbols: ['X'],
    sets: ['mode=trade,pause'],
  });
  assert.throws(
    () => sweepOf('a.json', { set: { mode: 'trade' } }),
    /--sweep: a\.json: expected .*; found "set\.mode: /,
  );
  assert.throws(() => sweepOf('a.json', { sets: {} }), /expected "set"/);
  assert.throws(() => sweepOf('a.json', { set: { mode: ['trade,pause'] } }), /set.mode.0/);
});
