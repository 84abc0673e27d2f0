import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { backupJournal, restoreJournal, verifyJournal } from '../../src/journal/copy.ts';
import { JournalError } from '../../src/journal/errors.ts';
import { openJournalForReading } from '../../src/journal/sqlite.ts';
import { NOW_MS, note, open, outcome, prepared, temporaryDirectory } from './support.ts';

function written(directory: string, count: number, from = 0) {
  const journal = open(directory);
  for (let index = from; index < from + count; index += 1) {
    journal.append([
      prepared(String(1000 + index), BigInt(index), NOW_MS + index),
      note('state', { index }, NOW_MS + index),
    ]);
  }
  return journal;
}

function entriesOf(file: string): unknown[] {
  const journal = openJournalForReading({ directory: join(file, '..'), fileName: file.split('/').at(-1)! });
  try {
    assert.deepEqual(journal.notices, []);
    return [...journal.scan()];
  } finally {
    journal.close();
  }
}

describe('copies of a journal', () => {
  it('a backup taken while an engine writes holds all that was written until then, and nothing later', () => {
    const from = temporaryDirectory();
    const journal = written(from, 20);
    const to = join(temporaryDirectory(), 'copy.db');
    const copied = backupJournal(join(from, 'journal.db'), to);
    const before = [...journal.scan()];
    journal.append([outcome('1000', 'filled')]);
    journal.close();
    assert.deepEqual(entriesOf(to), before);
    assert.deepEqual(
      { entries: copied.entries, lastSeq: copied.lastSeq, lastAtMs: copied.lastAtMs, open: copied.unsettledOrders },
      { entries: 40, lastSeq: 40, lastAtMs: NOW_MS + 19, open: 20 },
    );
    assert.equal(copied.file, to);
  });

  it('a backup is closed to other users, is one file, and never replaces one', {
    skip: process.platform === 'win32',
  }, () => {
    const from = temporaryDirectory();
    written(from, 3).close();
    const folder = temporaryDirectory();
    const to = join(folder, 'copy.db');
    backupJournal(join(from, 'journal.db'), to);
    assert.equal(statSync(to).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['copy.db']);
    assert.throws(() => backupJournal(join(from, 'journal.db'), to), /exists already/);
    assert.throws(
      () => backupJournal(join(from, 'journal.db'), join(folder, 'none', 'c.db')),
      /directory does not exist/,
    );
  });

  it('a damaged journal is not copied, and leaves nothing behind', () => {
    const from = temporaryDirectory();
    written(from, 200).close();
    const file = join(from, 'journal.db');
    truncateSync(file, statSync(file).size - 4096);
    const folder = temporaryDirectory();
    assert.throws(() => backupJournal(file, join(folder, 'copy.db')), JournalError);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('verify finds a copy torn at any page, changed, empty or missing', () => {
    const from = temporaryDirectory();
    written(from, 100).close();
    const folder = temporaryDirectory();
    const whole = join(folder, 'copy.db');
    backupJournal(join(from, 'journal.db'), whole);
    assert.equal(verifyJournal(whole).entries, 200);
    const torn = join(folder, 'torn.db');
    for (let bytes = 0; bytes < statSync(whole).size; bytes += 4096) {
      copyFileSync(whole, torn);
      truncateSync(torn, bytes);
      assert.throws(() => verifyJournal(torn), JournalError, `cut to ${bytes} bytes`);
    }
    assert.throws(() => verifyJournal(join(folder, 'none.db')), /there is no such file/);
    writeFileSync(torn, 'not a journal, not a journal');
    assert.throws(() => verifyJournal(torn), JournalError);
  });

  it('a restore into another directory gives the same entries, and the engine goes on after them', () => {
    const from = temporaryDirectory();
    written(from, 10).close();
    const copy = join(temporaryDirectory(), 'copy.db');
    backupJournal(join(from, 'journal.db'), copy);
    const directory = join(temporaryDirectory(), 'data');
    const { restored, setAside } = restoreJournal(copy, join(directory, 'journal.db'), false);
    assert.equal(setAside, null);
    assert.equal(restored.entries, 20);
    assert.deepEqual(entriesOf(join(directory, 'journal.db')), entriesOf(copy));
    const journal = written(directory, 1, 10);
    assert.deepEqual(journal.notices, []);
    assert.equal([...journal.scan()].at(-1)?.seq, 22);
    journal.close();
  });

  it('a copy older than the journal that is there is refused without --older, and what was there is kept aside', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const copy = join(temporaryDirectory(), 'copy.db');
    written(directory, 5).close();
    backupJournal(file, copy);
    written(directory, 1, 5).close();
    const present = entriesOf(file);
    assert.throws(() => restoreJournal(copy, file, false), /ends at entry 10 .* at 12/);
    assert.deepEqual(entriesOf(file), present, 'refused: nothing has changed');
    const { setAside } = restoreJournal(copy, file, true);
    assert.equal(setAside, 'journal.before-restore.db');
    assert.deepEqual(entriesOf(join(directory, setAside)), present);
    assert.equal(entriesOf(file).length, 10);
    assert.equal(restoreJournal(copy, file, false).setAside, 'journal.before-restore.2.db');
  });

  it('a journal that was lost is known by its mark to be newer than the copy', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const copy = join(temporaryDirectory(), 'copy.db');
    written(directory, 5).close();
    backupJournal(file, copy);
    written(directory, 1, 5).close();
    writeFileSync(file, 'a disk error');
    assert.throws(() => restoreJournal(copy, file, false), /--older/);
    assert.equal(restoreJournal(copy, file, true).restored.entries, 10);
  });

  it('a torn copy changes nothing', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    written(directory, 50).close();
    const copy = join(temporaryDirectory(), 'copy.db');
    backupJournal(file, copy);
    truncateSync(copy, statSync(copy).size - 4096);
    const before = entriesOf(file);
    assert.throws(() => restoreJournal(copy, file, false), JournalError);
    assert.deepEqual(entriesOf(file), before);
    mkdirSync(join(directory, 'x'));
    assert.equal(existsSync(`${file}.part`), false);
  });
});
