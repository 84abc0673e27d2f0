import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Ended, simulateApart } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'simulate-'));
after(() => rmSync(directory, { recursive: true, force: true }));

interface Parsed {
  readonly digests: Readonly<Record<string, { log: string; journal: string }>>;
  readonly fills: number;
  readonly broken: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  wall?: unknown;
}

function reportOf(ended: Ended): Parsed {
  assert.ok(ended.out.startsWith('{'), ended.complaint);
  const report: Parsed = JSON.parse(ended.out);
  delete report.wall;
  return report;
}

/** Short, and yet with every kind of fault there is. */
const CAMPAIGN = ['--days', '0.02', '--symbols', '2', '--faults', '0.1', '--json'] as const;

describe('the same seed and commit, two processes', () => {
  it('the same bytes in log, journal and report', async () => {
    const [one, other] = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const log = join(directory, `${name}.log`);
        const report = reportOf(await simulateApart(...CAMPAIGN, '--seed', '1', '--log', log));
        return { report, log: readFileSync(log) };
      }),
    );
    assert.ok(one && other);
    assert.ok(one.report.fills > 0, 'a campaign in which nothing happens proves nothing');
    assert.ok(one.log.length > 10_000);
    assert.deepEqual(one.report, other.report);
    assert.ok(one.log.equals(other.log), 'the logs differ');
  });

  it('many seeds in workers give what each gives alone, and another seed is another campaign', async () => {
    const asked = ['--days', '0.01', '--faults', '0.1', '--json'];
    const [together, alone] = await Promise.all(
      [
        ['--seeds', '1..3', '--workers', '2'],
        ['--seed', '2'],
      ].map(async (seeds) => reportOf(await simulateApart(...asked, ...seeds))),
    );
    assert.ok(together && alone);
    assert.deepEqual(Object.keys(together.digests), ['1', '2', '3']);
    assert.deepEqual(together.digests['2'], alone.digests['2']);
    for (const kept of ['journal', 'log'] as const)
      assert.equal(new Set(Object.values(together.digests).map((digest) => digest[kept])).size, 3, kept);
  });
});
