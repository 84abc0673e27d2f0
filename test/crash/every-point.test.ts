import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from '../../src/explain/replay.ts';
import { runScenario } from './virtual.ts';

/**
 * A crash at every point: the scenario once without, and once for each journal write, each request that may change something,
 * and some of those that only read, with the engine killed before or after it. The end is the same. `npm run crash` has every
 * point there is, more second crashes, and real processes.
 */

/** Of the requests that only read, one in so many is a point here: nothing differs between two of them but the moment. */
const READS_EVERY = 5;
const READS = /request(?: carried out)?: \/lite\/v1\/(?:open_orders|positions|account_summary|book|order)$/;

/** A recovery is some sixty points long: logins, reads, look-ups, first writes. */
const RECOVERY_POINTS = 60;
/** Of the points after which a second crash follows, one in so many: all of them are in the full set. */
const DOUBLE_EVERY = 5;
/** A power cut comes at one in so many points. */
const POWER_CUT_EVERY = 7;

const whole = await runScenario();
const total = whole.points.length;

test('the scenario comes to its end, and nothing is wrong with it', () => {
  assert.deepEqual(whole.wrong, []);
  assert.deepEqual(whole.outcome, {
    positions: ['A BNB_USDT_Perp 1.06', 'A SOL_USDT_Perp 15.98', 'B BNB_USDT_Perp -0.96', 'B SOL_USDT_Perp -17.99'],
    lots: ['A BNB_USDT_Perp buy @ 620: 0.1', 'A SOL_USDT_Perp sell @ 150.01: 2.01'],
    realised: ['BNB_USDT_Perp hedged 0.96, gain 0.048, 0 unwinds', 'SOL_USDT_Perp hedged 2.01, gain 0.0201, 0 unwinds'],
  });
});

test('it has writes and requests of every kind that matters', () => {
  for (const about of [
    'order.prepared',
    'order.outcome',
    'symbol.state',
    'decision',
    '/create_order',
    '/cancel_order',
    '/order',
    '/open_orders',
    '/positions',
    '/login',
  ]) {
    assert.ok(
      whole.points.some((point) => point.includes(about)),
      about,
    );
  }
});

test('a crash before or after any write or request changes nothing of the end', async (t) => {
  let [reads, runs] = [0, 0];
  for (let point = 1; point <= total; point += 1) {
    const about = whole.points[point - 1] ?? '';
    // An odd distance: in turns before a request and after it was carried out.
    if (READS.test(about) && reads++ % READS_EVERY !== 0) continue;
    const run = await runScenario({ kills: [point] });
    const where = `killed at point ${point}, ${about}`;
    assert.deepEqual(run.wrong, [], where);
    assert.deepEqual(run.outcome, whole.outcome, where);
    assert.equal(run.starts, 2, where);
    assert.equal(replay(run.journal).difference, null, where);
    runs += 1;
  }
  t.diagnostic(`${runs} of ${total} points, one crash each`);
});

test('nor does a second crash during the recovery', async (t) => {
  let runs = 0;
  for (let point = 1; point <= total; point += DOUBLE_EVERY) {
    const again = 1 + ((point * 7) % RECOVERY_POINTS);
    const run = await runScenario({ kills: [point, point + again] });
    const where = `killed at point ${point}, ${whole.points[point - 1]}, and ${again} points later, ${run.points[point + again - 1]}`;
    assert.deepEqual(run.wrong, [], where);
    assert.deepEqual(run.outcome, whole.outcome, where);
    // Close to the end there may be no point left to die at a second time.
    assert.equal(run.starts, run.points.length < point + again ? 2 : 3, where);
    runs += 1;
  }
  t.diagnostic(`${runs} of ${total} points, two crashes each`);
});

test('nor does a power cut, which takes what was not yet synced as well', async (t) => {
  let lost = 0;
  for (let point = 1; point <= total; point += POWER_CUT_EVERY) {
    const run = await runScenario({ kills: [point], powerCuts: true });
    const where = `power cut at point ${point}, ${whole.points[point - 1]}`;
    assert.deepEqual(run.wrong, [], where);
    assert.deepEqual(run.outcome, whole.outcome, where);
    assert.equal(replay(run.journal).difference, null, where);
    lost += run.entriesLost;
  }
  assert.ok(lost > 0, 'no power cut took anything');
  t.diagnostic(`one of ${POWER_CUT_EVERY} of ${total} points, ${lost} entries lost`);
});

test('nor do crashes in a row, every 40 points', async () => {
  const kills = Array.from({ length: 12 }, (_, index) => (index + 1) * 40);
  const run = await runScenario({ kills });
  assert.deepEqual(run.wrong, []);
  assert.deepEqual(run.outcome, whole.outcome);
  assert.equal(run.starts, kills.length + 1);
});
