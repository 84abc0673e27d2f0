import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsPostgres } from '../support/postgres.ts';
import { campaign } from './takeover/campaign.ts';

/** Two events of the campaign that is run by hand (`test/crash/take-over.ts`), on real processes. */
describe('18.2 take-overs, judged at the exchange', { ...needsPostgres(), concurrency: 1 }, () => {
  it('a create that was frozen behind its last check comes after the take-over, and was counted on', async () => {
    const names = ['between check and bytes, thawed after'];
    const report = await campaign({ seed: 1, everyMs: 0, names, say: () => {} });
    assert.deepEqual(report.problems, []);
    assert.deepEqual([report.takeOvers, report.late], [1, 1]);
  });

  it('a copy of the database that lacks the last entries is promoted: nothing is lost at the exchange', async () => {
    const report = await campaign({ seed: 2, everyMs: 0, names: ['stale copy promoted'], say: () => {} });
    assert.deepEqual(report.problems, []);
    assert.equal(report.takeOvers, 1);
  });
});
