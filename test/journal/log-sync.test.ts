import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LogSync, SYNC_WITHIN_MS } from '../../src/journal/log-sync.ts';
import { Mark } from '../../src/journal/mark.ts';
import { temporaryDirectory } from './support.ts';

const TURNS_MAX = 100_000;

async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < TURNS_MAX, 'it never came');
    await turn();
  }
}

describe('what nobody waits for', () => {
  it('is synced once for all that was written within the time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'x');
    const durable: number[] = [];
    const log = new LogSync(path, 0, (seq) => durable.push(seq));
    log.written(1);
    log.written(2);
    t.mock.timers.tick(SYNC_WITHIN_MS - 1);
    log.written(3);
    assert.deepEqual(durable, []);
    t.mock.timers.tick(1);
    await until(() => durable.length > 0);
    assert.deepEqual(durable, [3]);
    log.close();
  });

  it('fails the next append when it could not be synced', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    // A device that takes writes and cannot be synced.
    const log = new LogSync('/dev/null', 0, () => assert.fail('it is not durable'));
    log.written(1);
    log.assertWell();
    t.mock.timers.tick(SYNC_WITHIN_MS);
    await until(() => {
      try {
        log.assertWell();
        return false;
      } catch (error) {
        assert.match(String(error), /EINVAL/);
        return true;
      }
    });
    assert.throws(() => log.close(), /EINVAL/);
  });
});

describe('what is waited for (strategy 9.3)', () => {
  it('of a hundred that wait, all are safe after two syncs: the one under way, and one for the others', async () => {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'x');
    const durable: number[] = [];
    const log = new LogSync(path, 0, (seq) => durable.push(seq));
    const order: number[] = [];
    const all = Array.from({ length: 100 }, async (_, index) => {
      log.written(index + 1);
      await log.durable(index + 1);
      assert.ok(durable.at(-1)! >= index + 1, 'not before the sync that covers it');
      order.push(index + 1);
    });
    await Promise.all(all);
    assert.deepEqual(durable, [1, 100]);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    await log.durable(50);
    assert.equal(durable.length, 2, 'what is safe already asks for no sync');
    log.close();
  });

  it('a sync that fails fails all who wait, and all later ones', async () => {
    const log = new LogSync('/dev/null', 0, () => assert.fail('it is not durable'));
    log.written(1);
    const first = log.durable(1);
    log.written(2);
    await Promise.all([first, log.durable(2)].map((one) => assert.rejects(one, /EINVAL/)));
    await assert.rejects(log.durable(1), /EINVAL/);
    assert.throws(() => log.close(), /EINVAL/);
  });
});

describe('the witness', () => {
  const file = () => join(temporaryDirectory(), 'journal.db');

  it('asks for all that was written while the machine runs on, and for what was on the disk after a power cut', () => {
    const path = file();
    const mark = new Mark(path, 'boot-1');
    mark.write(7, true);
    mark.write(9, false);
    assert.equal(new Mark(path, 'boot-1').read(), 9);
    assert.equal(new Mark(path, 'boot-2').read(), 7);
    mark.noteDurable(9);
    assert.equal(new Mark(path, 'boot-2').read(), 9);
    mark.close();
  });

  it('counts an unknown boot as another one', () => {
    const path = file();
    const mark = new Mark(path, '');
    mark.write(7, true);
    mark.write(9, false);
    assert.equal(new Mark(path, '').read(), 7);
    mark.close();
  });

  it('of a changed byte is unreadable', () => {
    const path = file();
    const mark = new Mark(path, 'boot-1');
    mark.write(7, true);
    mark.close();
    const text = readFileSync(mark.path, 'latin1');
    writeFileSync(mark.path, text.replace('7', '8'));
    assert.equal(new Mark(path, 'boot-1').read(), 'unreadable');
  });
});
