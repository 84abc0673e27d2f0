import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { acquireLocks, LockError, machineLockDirectory } from '../../src/journal/lock.ts';
import { temporaryDirectory } from './support.ts';

const LOCKER = fileURLToPath(new URL('children/locker.ts', import.meta.url));
const HOST = 'https://trades.example';

const started: ChildProcessByStdio<Writable, Readable, null>[] = [];
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** A process that is ready to try; `go` makes it try and resolves with what it says. */
async function starter(dataDirectory: string, machineDirectory: string, ...accounts: string[]) {
  const child = spawn(process.execPath, [LOCKER, dataDirectory, machineDirectory, ...accounts], {
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

describe('one engine', () => {
  it('a second one on the same data directory is refused with the pid of the first', async () => {
    const data = temporaryDirectory();
    const machine = temporaryDirectory();
    const first = await starter(data, machine);
    assert.equal(await first.go(), 'held');
    assert.throws(
      () => acquireLocks({ dataDirectory: data, machineDirectory: machine, accounts: [] }),
      (error: unknown) =>
        error instanceof LockError &&
        error.problem === 'held' &&
        error.pid === first.pid &&
        error.message.includes(`another engine (pid ${first.pid}) already runs on the data directory ${data}`),
    );
    await first.end();
    acquireLocks({ dataDirectory: data, machineDirectory: machine, accounts: [] }).release();
  });

  it('a second one on one of the accounts, from another data directory, is refused with the pid of the first', async () => {
    const machine = temporaryDirectory();
    const first = await starter(temporaryDirectory(), machine, '11', '22');
    assert.equal(await first.go(), 'held');
    const data = temporaryDirectory();
    const ask = (tradingHost: string, ...ids: string[]) =>
      acquireLocks({
        dataDirectory: data,
        machineDirectory: machine,
        accounts: ids.map((subAccountId) => ({ tradingHost, subAccountId })),
      });
    for (const ids of [
      ['22', '33'],
      ['33', '11'],
    ]) {
      assert.throws(
        () => ask(HOST.toUpperCase(), ...ids),
        (error: unknown) =>
          error instanceof LockError && error.pid === first.pid && /account (11|22) at/.test(error.message),
      );
    }
    // What a refused one had taken already is free again; other accounts and other hosts are nobody's business.
    ask(HOST, '33', '44').release();
    ask('https://trades.testnet.example', '11', '22').release();
    ask(HOST).release();
    await first.end();
    ask(HOST, '22', '11').release();
  });

  it('a killed one leaves nothing that stands in the way, and its pid file is taken over', async () => {
    const data = temporaryDirectory();
    const machine = temporaryDirectory();
    const first = await starter(data, machine, '11');
    assert.equal(await first.go(), 'held');
    await first.kill();
    assert.equal(readFileSync(join(data, 'engine.lock.pid'), 'utf8'), `${first.pid}\n`);
    const locks = acquireLocks({
      dataDirectory: data,
      machineDirectory: machine,
      accounts: [{ tradingHost: HOST, subAccountId: '11' }],
    });
    assert.equal(readFileSync(join(data, 'engine.lock.pid'), 'utf8'), `${process.pid}\n`);
    locks.release();
    locks.release();
    assert.ok(!existsSync(join(data, 'engine.lock.pid')));
  });

  it('a pid file of a program that lives but holds no lock does not stand in the way', () => {
    const data = temporaryDirectory();
    writeFileSync(join(data, 'engine.lock.pid'), `${process.ppid}\n`);
    acquireLocks({ dataDirectory: data, machineDirectory: data, accounts: [] }).release();
  });

  it('within one process it is refused as well', () => {
    const request = { dataDirectory: temporaryDirectory(), machineDirectory: temporaryDirectory(), accounts: [] };
    const locks = acquireLocks(request);
    assert.throws(
      () => acquireLocks(request),
      (error: unknown) => error instanceof LockError && error.pid === process.pid,
    );
    locks.release();
  });

  it('one account named twice does not block itself', () => {
    const account = { tradingHost: HOST, subAccountId: '5' };
    const request = { dataDirectory: temporaryDirectory(), machineDirectory: temporaryDirectory() };
    acquireLocks({ ...request, accounts: [account, account] }).release();
  });

  it('a lock that cannot be taken for another reason is said with the path', () => {
    const file = join(temporaryDirectory(), 'data');
    writeFileSync(file, '');
    assert.throws(
      () => acquireLocks({ dataDirectory: file, accounts: [] }),
      (error: unknown) => error instanceof LockError && error.problem === 'unusable' && error.message.includes(file),
    );
  });

  it('the accounts’ locks are in a directory of this user', () => {
    assert.match(machineLockDirectory(), /grvt-hedge-\w+$/);
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
