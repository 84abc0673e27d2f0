import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { runReal } from './children.ts';
import { runScenario } from './virtual.ts';

/**
 * Every crash point there is, for patience: `node test/crash/full.ts` in virtual time (two crashes at every pair of points a
 * recovery apart, and one crash each with longer outages), `--processes` with real processes.
 */

/** A supervisor's pause, longer than the partial fill's clock, longer than a create may be under way. */
const OUTAGES_MS = [700, 8_000, 45_000];
/** Points of a recovery at which the second crash comes. */
const AGAIN = Array.from({ length: 30 }, (_, index) => 1 + index * 2);
const REAL_AT_A_TIME = 4;

const { values } = parseArgs({ options: { processes: { type: 'boolean', default: false } } });
const whole = await runScenario();
assert.deepEqual(whole.wrong, []);
const bad: string[] = [];
let runs = 0;

const judge = (where: string, run: { readonly wrong: readonly string[]; readonly outcome: unknown }): void => {
  runs += 1;
  const same = JSON.stringify(run.outcome) === JSON.stringify(whole.outcome);
  if (same && run.wrong.length === 0) return;
  bad.push(`${where}: ${[...run.wrong, ...(same ? [] : [JSON.stringify(run.outcome)])].join('; ')}`);
  console.log(bad.at(-1));
};

if (values.processes) {
  const { points } = await runReal([]);
  console.log(`${points} points, a process killed at each`);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < points) {
      next += 1;
      const point = next;
      judge(`point ${point}`, await runReal([point]));
    }
  };
  await Promise.all(Array.from({ length: REAL_AT_A_TIME }, work));
} else {
  const total = whole.points.length;
  console.log(`${total} points; ${OUTAGES_MS.length} outages and ${AGAIN.length} second crashes each`);
  for (let point = 1; point <= total; point += 1) {
    for (const downMs of OUTAGES_MS) {
      judge(`point ${point}, down for ${downMs} ms`, await runScenario({ kills: [point], downMs }));
    }
    for (const again of AGAIN) {
      judge(`point ${point} and ${again} later`, await runScenario({ kills: [point, point + again] }));
    }
    if (point % 20 === 0) console.log(`${point} of ${total}`);
  }
}
console.log(`${runs} runs, ${bad.length} with another end`);
process.exitCode = bad.length === 0 ? 0 : 1;
