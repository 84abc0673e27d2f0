import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simulateApart } from './support.ts';

describe('a campaign', () => {
  it('with every fault at 5 % breaks no invariant, and every fault that was asked for happens', async () => {
    const { code, out, complaint } = await simulateApart(
      '--days',
      '0.1',
      '--symbols',
      '2',
      '--faults',
      '0.05',
      '--json',
    );
    const report = JSON.parse(out);
    assert.deepEqual(report.broken, {}, complaint);
    assert.deepEqual(report.crashes, []);
    assert.deepEqual(report.missingFaults, []);
    assert.ok(report.fills > 10 && report.checks.I2 > 0 && report.checks.I11 > 0);
    assert.equal(code, 0);
  });

  it('without faults gains and never loses', async () => {
    const { code, out } = await simulateApart('--days', '0.05', '--seed', '2', '--json');
    const report = JSON.parse(out);
    assert.deepEqual(report.broken, {});
    assert.ok(Number(report.spreadGainedUsdt) >= 0);
    assert.deepEqual(report.faults, {});
    assert.equal(code, 0);
  });

  it('ends where it is told to and is the same until then', async () => {
    const log = async (...more: string[]) =>
      (
        await simulateApart('--days', '0.03', '--seed', '4', '--faults', '0.05', '--verbose', '--no-streams', ...more)
      ).out
        .split('\n')
        .filter((line) => line.startsWith('{"'));
    const [whole, cut] = await Promise.all([log(), log('--until', '20m')]);
    assert.ok(cut.length > 50 && cut.length < whole.length);
    assert.deepEqual(cut, whole.slice(0, cut.length));
  });

  it('fails when a fault that was asked for never happened', async () => {
    const asked = ['--days', '0.01', '--fault', 'disconnect=0.1', '--no-streams'];
    const { code, out } = await simulateApart(...asked);
    assert.match(out, /asked for and never happened: disconnect/);
    assert.equal(code, 1);
  });

  it('ends with 70 and shows seed, time and what happened around a breach', async () => {
    const child = spawn(
      process.execPath,
      ['--import', './mistakes/plant.ts', './mistakes/simulate.ts', '--days', '0.02', '--seed', '5'],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        env: { ...process.env, PLANTED_MISTAKE: 'taker-order' },
      },
    );
    let out = '';
    child.stdout.on('data', (data) => {
      out += data;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 70);
    assert.match(out, /I1 broken \(strategy 1\): not a maker order: not post-only/);
    assert.match(out, /seed 5, 2026-01-05T00:00:0/);
    assert.match(out, /\| .*"route":"create_order"/);
  });

  it('mistakes in the options are told in words', async () => {
    const { code, complaint } = await simulateApart('--days', 'some');
    assert.match(complaint, /--days: "some": expected a number/);
    assert.equal(code, 78);
  });
});
