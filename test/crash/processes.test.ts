import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runReal } from './children.ts';
import { runScenario } from './virtual.ts';

/**
 * The same with real processes, real files and SIGKILL: a sample of the points, since each run takes as long as its
 * scenario. `node test/crash/full.ts --processes` runs them all.
 */

/** Points of the sample, spread over the scenario's more than 500; every fourth is followed by a second kill while it recovers. */
const SAMPLE = 8;
const FIRST_POINT = 9;
const BETWEEN = 61;
/** Runs at a time: each waits for the clock far longer than it works. */
const AT_A_TIME = 4;

const kills = Array.from({ length: SAMPLE }, (_, index) => {
  const point = FIRST_POINT + index * BETWEEN;
  return index % 4 === 3 ? [point, 20 + index * 3] : [point];
});

test('an engine process killed at any of a sample of points comes to the same end', async (t) => {
  const { outcome } = await runScenario();
  const left = [...kills];
  let died = 0;
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const run = await runReal(next);
      const where = `killed at point ${next.join(' and then ')}`;
      assert.deepEqual(run.wrong, [], where);
      assert.deepEqual(run.outcome, outcome, where);
      assert.equal(run.kills, next.length, where);
      died += run.kills;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  t.diagnostic(`${kills.length} runs, ${died} processes killed`);
});
