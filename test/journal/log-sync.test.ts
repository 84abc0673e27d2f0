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

describe('what is not waited for', () => {
  it('is synced once for all that was written within the time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, 'x');
    const durable: number[] = [];
    const log = new LogSync(path, (seq) => durable.push(seq));
    log.syncSoon(1);
    log.syncSoon(2);
    t.mock.timers.tick(SYNC_WITHIN_MS - 1);
    log.syncSoon(3);
    assert.deepEqual(durable, []);
    t.mock.timers.tick(1);
    await until(() => durable.length > 0);
    assert.deepEqual(durable, [3]);
    log.close();
  });

  it('is told by the next append when it could not be synced', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    // A device that takes writes and cannot be synced.
    const log = new LogSync('/dev/null', () => assert.fail('it is not durable'));
    log.syncSoon(1);
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
