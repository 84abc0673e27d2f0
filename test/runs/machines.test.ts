import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { quietMarket } from '../backtest/markets.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type Command, command } from './support.ts';

/** Campaigns and backtests over workers as processes of their own (strategy 18.4). */

let server: TestPostgres;
let url: string;

/** How many runs workers are at. */
async function going(): Promise<number> {
  const sql = "SELECT count(*)::int AS count FROM grvt_hedge_queue.job WHERE name LIKE 'runs/%' AND state = 'active'";
  const [row] = await server.query(sql, [], new URL(url).pathname.slice(1));
  return row!.count as number;
}

/** The report over four workers, two of which are killed while all are at a run, where each run waits for the file `go`. */
async function overFour(go: string, args: readonly string[], market: readonly string[] = []) {
  const worker = [args[0]!, 'worker', '--workers', '1', ...market];
  const workers = Array.from({ length: 4 }, () =>
    command(url, worker, ['--import', './test/runs/hold.ts'], { HOLD_UNTIL: go }),
  );
  try {
    for (const { said, child } of workers) {
      while (!said().includes('Worker of')) {
        assert.equal(child.exitCode, null, said());
        await pause(50);
      }
    }
    const coordinator = command(url, [...args, '--queue']);
    while ((await going()) < 4) {
      assert.equal(coordinator.child.exitCode, null, coordinator.said());
      await pause(20);
    }
    for (const { child } of workers.slice(0, 2)) child.kill('SIGKILL');
    writeFileSync(go, '');
    const report = await coordinator.ended;
    const password = decodeURIComponent(new URL(url).password);
    for (const { said } of [...workers, coordinator]) assert.ok(!said().includes(password) && !said().includes('p%40'));
    const finished = workers.map(({ said }) => [...said().matchAll(/^Run \d+ of batch \w+: /gm)].length);
    assert.deepEqual(finished.slice(0, 2), [0, 0], 'the first two were killed at their first run');
    return report;
  } finally {
    await ended(workers);
  }
}

async function ended(workers: readonly Command[]): Promise<void> {
  for (const { child } of workers) child.kill('SIGINT');
  for (const { ended } of workers) await ended;
}

/** A report without what depends on the clock on the wall. */
function withoutWall(text: string): string {
  const { wall, ...report } = JSON.parse(text);
  assert.ok(wall.seconds > 0);
  return JSON.stringify(report);
}

describe('18.4 runs over four workers, two of them killed', { ...needsPostgres(), concurrency: 1 }, () => {
  let directory: string;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'runs-'));
    server = await startPostgres();
    url = await server.fresh();
  });
  after(() => {
    server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('a campaign is that of one machine, byte for byte', async () => {
    const args = ['simulate', '--days', '0.01', '--seeds', '1..5', '--faults', '0.05', '--json'];
    const over = await overFour(join(directory, 'campaign'), args);
    const one = await command('', args).ended;
    assert.equal(withoutWall(over.out), withoutWall(one.out));
    assert.equal(over.code, one.code);
  });

  it('a backtest is that of one machine, byte for byte', async () => {
    const [here, there] = [join(directory, 'here'), join(directory, 'there')];
    for (const market of [here, there]) quietMarket(market, { minutes: 8 });
    const sets = ['--fill', 'optimistic', '--set', 'order_notional_usdt=200,250,300,350,400'];
    const args = ['backtest', ...sets, '--json'];
    const over = await overFour(join(directory, 'backtest'), [...args, '--market', here], ['--market', there]);
    const one = await command('', [...args, '--market', here]).ended;
    assert.deepEqual(over, one);
    assert.equal(one.code, 0);
  });
});
