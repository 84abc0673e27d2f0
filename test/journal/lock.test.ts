import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, describe, it, mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reason } from '../../src/core/reasons.ts';
import { LOCK_CHECK_MS, watchLocks } from '../../src/engine/upkeep.ts';
import { acquireLocks, isHeld, type LockChange, LockError } from '../../src/journal/lock.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { assertChinese } from '../support/chinese.ts';
import { temporaryDirectory } from './support.ts';

const LOCKER = fileURLToPath(new URL('children/locker.ts', import.meta.url));

const started: ChildProcessByStdio<Writable, Readable, null>[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** A process that is ready to try; `go` makes it try and resolves with what it says. */
async function starter(dataDirectory: string, accountDirectory: string, ...accounts: string[]) {
  const child = spawn(process.execPath, ['--disable-sigusr1', LOCKER, dataDirectory, accountDirectory, ...accounts], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  started.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  return {
    pid: child.pid!,
    go: async (): Promise<string> => {
      child.stdin.write('go\n');
      return (await lines.next()).value ?? 'nothing';
    },
    kill: async (): Promise<void> => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
    end: async (): Promise<void> => {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

/** The holder's pid of a lock that is held. */
function pidIn(error: unknown): number | null {
  return error instanceof LockError && error.why.code === 'lock-held' ? error.why.params.pid : null;
}

/** A change of a lock in English; the Chinese has no English in it. */
function reported(change: LockChange | undefined): string {
  if (change === undefined) return '';
  assertChinese(reasonText(change.why, 'zh'));
  return reasonText(change.why);
}

describe('one engine', () => {
  it('a second one on the same data directory is refused with the pid of the first', async () => {
    const data = temporaryDirectory();
    const machine = temporaryDirectory();
    const first = await starter(data, machine);
    assert.equal(await first.go(), 'held');
    await assert.rejects(
      () => acquireLocks({ dataDirectory: data, accountDirectory: machine, accounts: [] }),
      (error: unknown) =>
        pidIn(error) === first.pid &&
        error instanceof LockError &&
        error.message.includes(`another engine (pid ${first.pid}) already runs on the data directory ${data}`),
    );
    assert.equal(isHeld(data), true);
    await first.end();
    assert.equal(isHeld(data), false);
    assert.equal(isHeld(join(data, 'never used')), false);
    (await acquireLocks({ dataDirectory: data, accountDirectory: machine, accounts: [] })).release();
  });

  it('a second one on one of the accounts, from another data directory, is refused with the pid of the first', async () => {
    const machine = temporaryDirectory();
    const first = await starter(temporaryDirectory(), machine, '11', '22');
    assert.equal(await first.go(), 'held');
    const data = temporaryDirectory();
    const ask = (env: string, ...ids: string[]) =>
      acquireLocks({
        dataDirectory: data,
        accountDirectory: machine,
        accounts: ids.map((subAccountId) => ({ env, subAccountId })),
      });
    for (const ids of [
      ['22', '33'],
      ['33', '11'],
    ]) {
      await assert.rejects(
        () => ask('testnet', ...ids),
        (error: unknown) =>
          pidIn(error) === first.pid && error instanceof Error && /account (11|22) of testnet/.test(error.message),
      );
    }
    // What a refused one had taken already is free again; other accounts and other hosts are nobody's business.
    (await ask('testnet', '33', '44')).release();
    (await ask('prod', '11', '22')).release();
    (await ask('testnet')).release();
    await first.end();
    (await ask('testnet', '22', '11')).release();
  });

  it('a killed one leaves nothing that stands in the way, and its pid file is taken over', async () => {
    const data = temporaryDirectory();
    const machine = temporaryDirectory();
    const first = await starter(data, machine, '11');
    assert.equal(await first.go(), 'held');
    await first.kill();
    assert.equal(readFileSync(join(data, 'engine.lock.pid'), 'utf8'), `${first.pid}\n`);
    const locks = await acquireLocks({
      dataDirectory: data,
      accountDirectory: machine,
      accounts: [{ env: 'testnet', subAccountId: '11' }],
    });
    assert.equal(readFileSync(join(data, 'engine.lock.pid'), 'utf8'), `${process.pid}\n`);
    locks.release();
    locks.release();
    assert.ok(!existsSync(join(data, 'engine.lock.pid')));
  });

  it('a pid file of a program that lives but holds no lock does not stand in the way', async () => {
    const data = temporaryDirectory();
    writeFileSync(join(data, 'engine.lock.pid'), `${process.ppid}\n`);
    (await acquireLocks({ dataDirectory: data, accountDirectory: data, accounts: [] })).release();
  });

  it('within one process it is refused as well', async () => {
    const request = { dataDirectory: temporaryDirectory(), accountDirectory: temporaryDirectory(), accounts: [] };
    const locks = await acquireLocks(request);
    await assert.rejects(
      () => acquireLocks(request),
      (error: unknown) => pidIn(error) === process.pid,
    );
    locks.release();
  });

  it('one account named twice does not block itself', async () => {
    const account = { env: 'testnet', subAccountId: '5' };
    const request = { dataDirectory: temporaryDirectory(), accountDirectory: temporaryDirectory() };
    (await acquireLocks({ ...request, accounts: [account, account] })).release();
  });

  it('a lock that cannot be taken for another reason is reported with the path', async () => {
    const file = join(temporaryDirectory(), 'data');
    writeFileSync(file, '');
    await assert.rejects(
      () => acquireLocks({ dataDirectory: file, accounts: [] }),
      (error: unknown) =>
        error instanceof LockError && error.why.code === 'lock-unusable' && error.message.includes(file),
    );
  });

  it('of several that start at once after a crash exactly one wins, and the others name it', async () => {
    const data = temporaryDirectory();
    const machine = temporaryDirectory();
    const crashed = await starter(data, machine, '11', '22');
    assert.equal(await crashed.go(), 'held');
    await crashed.kill();
    for (let round = 0; round < 3; round++) {
      const starters = [];
      // Half of them on the same data directory, half only on the same accounts.
      for (let index = 0; index < 4; index++) {
        starters.push(await starter(index % 2 === 0 ? data : temporaryDirectory(), machine, '11', '22'));
      }
      const said = await Promise.all(starters.map((one) => one.go()));
      const winners = starters.filter((_, index) => said[index] === 'held');
      // Two can refuse each other where each holds a different lock the other wants; two never win.
      assert.ok(winners.length <= 1, said.join());
      const [winner] = winners;
      assert.ok(winner !== undefined, said.join());
      assert.ok(said.filter((line) => line === `refused ${winner.pid}`).length >= 1, said.join());
      assert.ok(
        said.every((line) => /^(held|refused (\d+|null))$/.test(line)),
        said.join(),
      );
      await Promise.all(starters.map((one) => one.kill()));
    }
  });
});

describe('11.1 locks that go while they are held', () => {
  const account = { env: 'testnet', subAccountId: '11' };
  const request = () => ({
    dataDirectory: temporaryDirectory(),
    accountDirectory: temporaryDirectory(),
    accounts: [account],
  });
  const lockIn = (directory: string) => join(directory, readdirSync(directory).find((name) => name.endsWith('.lock'))!);

  it('an undisturbed lock reports nothing, and never looks old to a cleaner of old files', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    for (const directory of [asked.dataDirectory, asked.accountDirectory]) {
      const path = lockIn(directory);
      for (const file of [path, `${path}.pid`]) utimesSync(file, 1, 1);
      assert.deepEqual(locks.check(), []);
      for (const file of [path, `${path}.pid`]) assert.ok(statSync(file).mtimeMs > 1_000_000, file);
    }
    locks.release();
  });

  it('checking a lock does not release it', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    assert.deepEqual(locks.check(), []);
    const second = await starter(temporaryDirectory(), asked.accountDirectory, '11');
    assert.equal(await second.go(), `refused ${process.pid}`);
    await second.end();
    locks.release();
  });

  it('an account’s lock that was removed is taken again, said, and keeps a second engine off', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    rmSync(asked.accountDirectory, { recursive: true });
    const news = locks.check();
    assert.deepEqual(
      news.map(({ held }) => held),
      [true],
    );
    assert.match(reported(news[0]), /account-\w+\.lock was removed .* taken again/);
    assert.deepEqual(locks.check(), []);
    const second = await starter(temporaryDirectory(), asked.accountDirectory, '11');
    assert.equal(await second.go(), `refused ${process.pid}`);
    await second.end();
    locks.release();
    (await acquireLocks(asked)).release();
  });

  it('one that was removed and is another engine’s now is reported at each check, with its pid, until it is free', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    rmSync(asked.accountDirectory, { recursive: true });
    const second = await starter(temporaryDirectory(), asked.accountDirectory, '11');
    assert.equal(await second.go(), 'held');
    for (let look = 0; look < 2; look += 1) {
      const news = locks.check();
      assert.equal(news.length, 1);
      assert.equal(news[0]?.held, false);
      assert.match(reported(news[0]), new RegExp(`another engine \\(pid ${second.pid}\\) .*stop one of the two`));
      assert.ok(!reported(news[0]).includes('account 11'), 'an alert names no account');
    }
    assert.equal(readFileSync(`${lockIn(asked.accountDirectory)}.pid`, 'utf8'), `${second.pid}\n`);
    await second.kill();
    assert.deepEqual(
      locks.check().map(({ held }) => held),
      [true],
    );
    locks.release();
  });

  it('one that was removed and cannot be taken again is reported with its path, and names no account', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    rmSync(asked.accountDirectory, { recursive: true });
    writeFileSync(asked.accountDirectory, '');
    const [news] = locks.check();
    assert.equal(news?.held, false);
    assert.match(reported(news), /account-\w+\.lock cannot be kept: /);
    assert.ok(!reported(news).includes('account 11'), reported(news));
    locks.release();
  });

  it('the data directory’s lock is only missed: a directory that was moved is not remade', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    renameSync(asked.dataDirectory, `${asked.dataDirectory}-moved`);
    for (let look = 0; look < 2; look += 1) {
      const news = locks.check();
      assert.equal(news.length, 1);
      assert.equal(news[0]?.held, false);
      assert.match(reported(news[0]), /engine\.lock was removed or replaced/);
    }
    assert.ok(!existsSync(asked.dataDirectory));
    await assert.rejects(
      () => acquireLocks({ ...asked, dataDirectory: `${asked.dataDirectory}-moved`, accounts: [] }),
      LockError,
    );
    locks.release();
    rmSync(`${asked.dataDirectory}-moved`, { recursive: true });
  });

  it('released locks are not checked', async () => {
    const asked = request();
    const locks = await acquireLocks(asked);
    locks.release();
    rmSync(asked.accountDirectory, { recursive: true });
    assert.deepEqual(locks.check(), []);
  });

  it('locks are checked every minute: one taken again is a warning, a lost one an alert at each check', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const said: string[] = [];
    const news = [
      [],
      [{ held: true, why: reason('lock-taken-again', '11.1', { path: 'x' }) }],
      [{ held: false, why: reason('lock-replaced', '11.1', { path: 'x' }) }],
      [{ held: false, why: reason('lock-replaced', '11.1', { path: 'x' }) }],
    ];
    const timer = watchLocks(
      { check: () => news.shift() ?? [] },
      { warn: ({ code }) => said.push(`warn ${code}`), alert: ({ code }) => said.push(`alert ${code}`) },
    );
    for (let look = 0; look < 5; look += 1) mock.timers.tick(LOCK_CHECK_MS);
    clearInterval(timer);
    mock.timers.reset();
    assert.deepEqual(said, ['warn lock-taken-again', 'alert lock-replaced', 'alert lock-replaced']);
  });
});
