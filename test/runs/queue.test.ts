import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sumsOf } from '../../src/market/checksums.ts';
import { DAY_MS } from '../../src/market/store.ts';
import { codeName } from '../../src/runs/code.ts';
import { runInQueue } from '../../src/runs/coordinator.ts';
import { pack, unpack } from '../../src/runs/pack.ts';
import {
  BATCHES,
  type Batch,
  coordinatorOf,
  LOST_AT_MOST,
  openQueue,
  QueueError,
  type RunQueue,
  runsOf,
  workerOf,
} from '../../src/runs/queue.ts';
import type { RunsOptions, Standing } from '../../src/runs/task.ts';
import { workForQueue } from '../../src/runs/worker.ts';
import { optionsOf } from '../../src/simulate/options.ts';
import { BNB, quietMarket, START_MS } from '../backtest/markets.ts';
import { LONG_PATIENCE_MS } from '../support/patience.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts';
import { command } from './support.ts';

/** What a queue does beside giving the results of one machine (strategy 18.4). */

const CAMPAIGN = { kind: 'campaign', market: null } as const;

let server: TestPostgres;

/** Bounded by the test's own time limit. */
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await pause(20);
}

function opened(t: TestContext, url: string, name: string): Promise<RunQueue> {
  const queue = openQueue(url, name, false, () => {});
  t.after(async () => (await queue).close());
  return queue;
}

/** A coordinator that lives in this process. */
function coordinate(
  t: TestContext,
  url: string,
  batch: Pick<Batch, 'kind' | 'market'> = CAMPAIGN,
  count = 2,
  days = '0.01',
) {
  const controller = new AbortController();
  const said: string[] = [];
  const standings: Standing[] = [];
  const [results, failures] = [new Map<number, string>(), new Map<number, string>()];
  const given = { days, symbols: '1', faults: '0', profile: 'calm', mode: 'mixed', leg: '24', loop: '2' };
  const { of } = optionsOf({ ...given, latency: '5-80', seeds: `1..${count}` });
  const options: RunsOptions = {
    ...{ count, signal: controller.signal, onStanding: (one) => void standings.push(one) },
    taskOf: (run) => ({ kind: 'campaign', options: of(run + 1) }),
    onResult: (run, result) => void results.set(run, result),
    onFailed: (run, error) => void failures.set(run, error),
  };
  const done = runInQueue(url, batch, { ...options, say: (text) => void said.push(text) });
  t.after(async () => {
    controller.abort();
    await done;
  });
  return { said, standings, results, failures, done, stop: () => controller.abort() };
}

/** A worker that lives in this process; its runs do not. */
function work(t: TestContext, url: string, market = 'market') {
  const controller = new AbortController();
  const said: string[] = [];
  const parts = { slots: 1, market, signal: controller.signal, say: (text: string) => void said.push(text) };
  const done = workForQueue(url, parts);
  t.after(async () => {
    controller.abort();
    await done;
  });
  return { said, done, stop: () => controller.abort() };
}

const waits = ({ said }: { readonly said: readonly string[] }) =>
  until(() => said.some((one) => one.includes('waits')));
const batchOf = async ({ boss }: RunQueue): Promise<Batch> => (await boss.findJobs<Batch>(BATCHES))[0]!.data;

describe('18.4 the queue', { ...needsPostgres(), concurrency: 1, timeout: LONG_PATIENCE_MS }, () => {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.stop());

  it('a coordinator that is stopped removes its waiting runs, and leaves nothing behind', async (t) => {
    const url = await server.fresh();
    const one = coordinate(t, url, CAMPAIGN, 1_200);
    await waits(one);
    const database = new URL(url).pathname.slice(1);
    const count = async () =>
      (await server.query('SELECT count(*)::int AS n FROM grvt_hedge_queue.job', [], database))[0];
    assert.deepEqual(await count(), { n: 1_201 });
    one.stop();
    assert.equal(await one.done, true);
    assert.deepEqual(await count(), { n: 0 });
    assert.deepEqual([one.results.size, one.failures.size], [0, 0]);
  });

  it('a run reports its progress; removed from the queue, it ends at its worker, and the worker goes on', async (t) => {
    const url = await server.fresh();
    const days = 30;
    const [one, worker] = [coordinate(t, url, CAMPAIGN, 2, String(days)), work(t, url)];
    const reached = () => one.standings.at(-1)?.running[0]?.simulatedMs ?? 0;
    await until(() => reached() > 0);
    assert.ok(reached() < days * DAY_MS);
    one.stop();
    await one.done;
    await until(() => worker.said.some((text) => text.includes('not wanted any more')));
    const next = coordinate(t, url, CAMPAIGN, 1);
    await next.done;
    assert.equal(next.results.size, 1);
  });

  it('a run whose process fails is one failure: it is not tried again', async (t) => {
    const url = await server.fresh();
    const planted = ['--import', './test/simulate/worker-dies.ts'];
    const worker = command(url, ['simulate', 'worker', '--workers', '1'], planted);
    t.after(() => worker.child.kill('SIGKILL'));
    const one = coordinate(t, url);
    await one.done;
    assert.deepEqual([...one.failures], [[1, 'its process ended with code 3']], worker.said());
    assert.equal(one.results.size, 1);
    worker.child.kill('SIGINT');
    assert.equal((await worker.ended).code, 0);
  });

  it('a run whose worker is silent for 15 s waits again', async (t) => {
    const url = await server.fresh();
    const one = coordinate(t, url, CAMPAIGN, 1);
    await waits(one);
    const queue = await opened(t, url, workerOf(codeName()));
    const runs = runsOf((await batchOf(queue)).id);
    // Before it is taken: its silence is measured from there, however late the answer comes.
    const began = performance.now();
    const [first] = await queue.boss.fetch(runs);
    await until(async () => (await queue.boss.findJobs(runs))[0]!.state === 'retry');
    const seconds = (performance.now() - began) / 1_000;
    assert.ok(seconds > 14, `${seconds} s`);
    const [again] = await queue.boss.fetch(runs);
    assert.equal(again!.id, first!.id);
  });

  it('a run that is lost with its worker again and again is given up and named', async (t) => {
    const url = await server.fresh();
    const one = coordinate(t, url, CAMPAIGN, 1);
    await waits(one);
    const queue = await opened(t, url, workerOf(codeName()));
    const runs = runsOf((await batchOf(queue)).id);
    for (let lost = 0; lost <= LOST_AT_MOST; lost += 1) {
      const [job] = await queue.boss.fetch(runs);
      assert.ok(job, `taken again after it was lost ${lost} times`);
      await queue.boss.fail(runs, job.id);
    }
    await one.done;
    assert.deepEqual([...one.failures], [[0, `its worker was lost ${LOST_AT_MOST + 1} times`]]);
  });

  it('a worker of other code takes nothing, and both name both versions', async (t) => {
    const url = await server.fresh();
    const one = coordinate(t, url);
    const other = '0.9.0 (0123456789ab, Node 24)';
    await opened(t, url, workerOf(other));
    await until(() => one.said.some((text) => text.includes(`is of ${other}, and this is ${codeName()}`)));
    one.stop();
    await one.done;
    const batch: Batch = { id: 'abc', kind: 'campaign', host: 'elsewhere', code: other, market: null };
    const coordinator = await opened(t, url, coordinatorOf(batch.id));
    await coordinator.boss.createQueue(runsOf(batch.id));
    await coordinator.boss.send(runsOf(batch.id), { run: 0, task: '' });
    await coordinator.boss.send(BATCHES, batch);
    const worker = work(t, url);
    await until(() => worker.said.length > 1);
    assert.equal(
      worker.said[1],
      `Batch abc of elsewhere: it is of ${other}, and this worker of ${codeName()}. It gets none of its runs.`,
    );
    assert.equal((await coordinator.boss.findJobs(runsOf('abc')))[0]!.state, 'created');
  });

  it('a worker whose stored market differs takes nothing, and both name the files', async (t) => {
    const url = await server.fresh();
    const [here, there] = ['here-', 'there-'].map((name) => mkdtempSync(join(tmpdir(), name))) as [string, string];
    t.after(() => {
      for (const path of [here, there]) rmSync(path, { recursive: true });
    });
    quietMarket(here, { minutes: 1 });
    const range = { fromMs: START_MS, toMs: START_MS + DAY_MS };
    const market = { symbols: [BNB.name], range, files: sumsOf(here, [BNB.name], range) };
    const one = coordinate(t, url, { kind: 'backtest', market });
    const bare = work(t, url, there);
    const missing = join(there, BNB.name, '2026-01-05.market.zst is missing');
    await until(
      () => one.said.some((text) => text.includes(missing)) && bare.said.some((text) => text.includes(missing)),
    );
    bare.stop();
    quietMarket(there, { minutes: 2 });
    const other = work(t, url, there);
    await until(() => other.said.some((text) => text.includes('2026-01-05.market.zst is another one')));
    assert.equal(one.results.size + one.failures.size, 0);
  });

  it('no worker works for a coordinator that is gone, and the next one removes its runs', async (t) => {
    const url = await server.fresh();
    const gone: Batch = { id: 'gone', kind: 'campaign', host: 'elsewhere', code: codeName(), market: null };
    const queue = await opened(t, url, coordinatorOf('another'));
    await queue.boss.createQueue(runsOf('gone'));
    await queue.boss.send(runsOf('gone'), { run: 0, task: '' });
    await queue.boss.send(BATCHES, gone);
    const database = new URL(url).pathname.slice(1);
    const one = coordinate(t, url, CAMPAIGN, 1);
    work(t, url);
    await one.done;
    assert.equal((await queue.boss.findJobs(runsOf('gone')))[0]!.state, 'created', 'the worker passed it over');
    await server.query("UPDATE grvt_hedge_queue.job SET created_on = now() - interval '2 hours'", [], database);
    await coordinate(t, url, CAMPAIGN, 1).done;
    assert.deepEqual(await queue.boss.findJobs(BATCHES), []);
    assert.equal(await queue.boss.getQueue(runsOf('gone')), null);
  });

  it('a database that restarts meanwhile delays, and loses nothing', async (t) => {
    const url = await server.fresh();
    const [one] = [coordinate(t, url, CAMPAIGN, 4), work(t, url)];
    await until(() => one.results.size > 0);
    await server.crash();
    await one.done;
    assert.deepEqual([...one.results.keys()].sort(), [0, 1, 2, 3]);
  });

  it('a database that cannot be used is reported in one line without the password', async () => {
    const url = new URL(await server.fresh());
    url.pathname = '/missing';
    await assert.rejects(
      openQueue(url.href, 'x', false, () => {}),
      (thrown: Error) => {
        assert.ok(thrown instanceof QueueError);
        assert.match(
          thrown.message,
          /^The queue in postgres:\/\/grvt@127\.0\.0\.1:\d+\/missing: database "missing" does not exist$/,
        );
        return true;
      },
    );
  });
});

it('18.4 a task is packed exactly', () => {
  const task = {
    at: Number.POSITIVE_INFINITY,
    size: 2n ** 70n,
    fills: new Map([['1', 3n]]),
    none: undefined,
    least: -0,
  };
  assert.deepStrictEqual(unpack(pack(task)), task);
});

describe('18.4 where the queue is', () => {
  const wrong: readonly [readonly string[], RegExp][] = [
    [
      ['--queue', 'postgres://me:hush-hush@host/name'],
      /^--queue: postgres:\/\/me@host\/name: expected no password, .*GRVT_HEDGE_JOURNAL_URL/,
    ],
    [['--queue', 'me:hush-hush@host'], /^--queue: expected postgres:\/\/user@host:5432\/database$/],
    [['--queue'], /^--queue: expected the address of a database behind it, or in GRVT_HEDGE_JOURNAL_URL$/],
    [
      ['--queue', 'postgres://me@127.0.0.1:1/name'],
      /^The queue in postgres:\/\/me@127\.0\.0\.1:1\/name: .*ECONNREFUSED/,
    ],
  ];
  for (const [args, words] of wrong) {
    it(`${args.join(' ').replace('hush-hush', 'PASSWORD')}: one line`, async () => {
      const all = [['simulate'], ['simulate', 'worker'], ['backtest', 'worker']];
      // Each is a process that takes its time to begin.
      for (const before of words === wrong[0]![1] ? all : all.slice(0, 1)) {
        const run = command('', [...before, ...args]);
        const { code, out } = await run.ended;
        assert.match(run.said().trimEnd(), words);
        assert.doesNotMatch(run.said(), /hush/);
        assert.equal(out, '');
        assert.ok(code === 78 || code === 69, `${code}`);
      }
    });
  }
});
