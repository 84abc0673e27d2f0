import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { acquireLocks, LockError, nameOf } from '../../src/journal/lock.ts';
import { HAS_MACHINE_NAMES, NameTaken, takeName } from '../../src/journal/machine-name.ts';
import { temporaryDirectory } from './support.ts';

/** A name that no other test of this machine uses. */
const fresh = () => `test-${randomBytes(8).toString('hex')}`;
const refusedBy = (problem: RegExp) => (error: unknown) =>
  error instanceof LockError && error.why.code === 'lock-held' && problem.test(error.message);

describe('11.1 one engine per account and machine', { skip: !HAS_MACHINE_NAMES }, () => {
  it('a name is held by one process, which others learn, and is free once it is released', async () => {
    const name = fresh();
    const held = await takeName(name);
    const self = { pid: process.pid, uid: process.getuid?.() ?? null };
    for (let asked = 0; asked < 3; asked++) {
      await assert.rejects(takeName(name), (error) => {
        assert.ok(error instanceof NameTaken);
        assert.deepEqual(error.holder, self);
        return true;
      });
    }
    held.release();
    (await takeName(name)).release();
  });

  it('an account is refused from another data directory and temporary directory; the environment is part of it', async () => {
    const subAccountId = fresh();
    const request = (env: string) => ({ dataDirectory: temporaryDirectory(), accounts: [{ env, subAccountId }] });
    const first = await acquireLocks(request('testnet'));
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporaryDirectory();
    try {
      await assert.rejects(
        acquireLocks(request('testnet')),
        refusedBy(new RegExp(`pid ${process.pid}\\) already runs`)),
      );
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
    (await acquireLocks(request('prod'))).release();
    first.release();
    (await acquireLocks(request('testnet'))).release();
  });

  for (const [how, answer] of [
    ['says nothing', ''],
    ['says nonsense', 'null\n'],
    ['says too much', 'x'.repeat(10_000)],
  ] as const) {
    it(`whoever holds the name and ${how} holds it all the same`, { skip: process.platform !== 'linux' }, async () => {
      const subAccountId = fresh();
      const squatter = createServer((asker) => {
        asker.on('error', () => {});
        asker.write(answer);
      });
      await new Promise<void>((up) =>
        squatter.listen({ path: `\0grvt-hedge-${nameOf({ env: 'testnet', subAccountId })}` }, up),
      );
      await assert.rejects(
        acquireLocks({ dataDirectory: temporaryDirectory(), accounts: [{ env: 'testnet', subAccountId }] }),
        refusedBy(/^another engine or program .* already runs on account/),
      );
      squatter.close();
    });
  }

  it('one that asks and never reads, or sends without end, does not disturb the holder', {
    skip: process.platform !== 'linux',
  }, async () => {
    const name = fresh();
    const held = await takeName(name);
    const rude = Array.from({ length: 20 }, () => connect({ path: `\0grvt-hedge-${name}` }));
    for (const socket of rude) {
      socket.on('error', () => {});
      socket.write('x'.repeat(100_000));
    }
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of rude) socket.destroy();
    await assert.rejects(takeName(name), NameTaken);
    held.release();
  });
});
