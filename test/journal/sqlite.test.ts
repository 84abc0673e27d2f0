import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { JournalError } from '../../src/journal/errors.ts';
import { lastSequence } from '../../src/journal/read.ts';
import { DAY_MS } from '../../src/journal/retention.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../src/journal/schema.ts';
import { openJournalForReading } from '../../src/journal/sqlite.ts';
import { journalContract } from './contract.ts';
import { NOW_MS, note, open, outcome, prepared, temporaryDirectory } from './support.ts';

const shared = temporaryDirectory();
let files = 0;
journalContract('file journal', (retention) => open(shared, { ...retention, fileName: `contract-${files++}.db` }));

/** Refused with one line that names the file, and holds what is expected. */
function refuses(action: () => unknown, problem: JournalError['problem'], file: string, words: RegExp): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof JournalError, String(error));
    assert.equal(error.problem, problem, error.message);
    assert.ok(error.message.startsWith(`journal ${file}: `), error.message);
    assert.ok(!error.message.includes('\n'), error.message);
    assert.match(error.message, words);
    return true;
  });
}

describe('a journal file', () => {
  it('is there again after it was closed, with its seq and its unsettled orders', () => {
    const directory = join(temporaryDirectory(), 'made', 'on the way');
    const first = open(directory);
    first.append([prepared('1', 7n), note('a', { x: 1 })]);
    first.close();
    const second = open(directory);
    assert.deepEqual(second.notices, []);
    assert.deepEqual(second.latest('note', 'a')?.body, { x: 1 });
    assert.deepEqual(second.unsettledKeys(), ['1']);
    assert.equal(lastSequence(second), 7n);
    second.append([note('a', 2)]);
    assert.equal(second.latest('note', 'a')?.seq, 3);
    second.close();
  });

  it('is compacted at open, by the clock it is given', () => {
    const directory = temporaryDirectory();
    const first = open(directory);
    first.append([{ kind: 'decision', key: 'x', atMs: NOW_MS, body: 1 }]);
    first.close();
    const later = open(directory, { clock: { nowMs: () => NOW_MS + 31 * DAY_MS } });
    assert.deepEqual([...later.scan()], []);
    later.append([note('a', 1)]);
    assert.equal(later.latest('note', 'a')?.seq, 2, 'a seq is never used again');
    later.close();
  });

  it('does not grow when old history makes room for new', () => {
    const directory = temporaryDirectory();
    let nowMs = NOW_MS;
    const journal = open(directory, { days: 1 });
    for (let day = 0; day < 8; day++, nowMs += DAY_MS) {
      for (let batch = 0; batch < 10; batch++) {
        journal.append(
          Array.from(
            { length: 50 },
            () => ({ kind: 'decision', key: 'x', atMs: nowMs, body: 'y'.repeat(400) }) as const,
          ),
        );
      }
      while (journal.compact(nowMs).more);
    }
    journal.close();
    // Two days of 200 kB are alive at most; eight were written.
    assert.ok(statSync(journal.name).size < 900_000, String(statSync(journal.name).size));
  });

  it('can be read while it is written, and not written by its readers', () => {
    const directory = temporaryDirectory();
    const writer = open(directory);
    writer.append([note('a', 1)]);
    const reader = openJournalForReading({ directory });
    assert.equal(reader.latest('note', 'a')?.body, 1);
    writer.append([note('a', 2)]);
    assert.equal(reader.latest('note', 'a')?.body, 2);
    assert.throws(() => reader.append([note('a', 3)]), /opened for reading/);
    assert.throws(() => reader.compact(NOW_MS), /opened for reading/);
    reader.close();
    writer.close();
  });

  it('a missing file is nothing to read', () => {
    const directory = temporaryDirectory();
    refuses(() => openJournalForReading({ directory }), 'io', join(directory, 'journal.db'), /unable to open/);
    assert.ok(!existsSync(join(directory, 'journal.db')));
  });

  it('opening it says nothing on the console', () => {
    const script = `import('${new URL('../../src/journal/sqlite.ts', import.meta.url)}').then((m) =>
      m.openJournal({ directory: process.argv[1], days: 1, clock: { nowMs: () => 1 } }).close())`;
    const run = spawnSync(process.execPath, ['--disable-sigusr1', '-e', script, temporaryDirectory()], {
      encoding: 'utf8',
    });
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', '']);
  });
});

describe('a journal that cannot be written', () => {
  it('a data directory that is a file is refused', () => {
    const file = join(temporaryDirectory(), 'data');
    writeFileSync(file, '');
    refuses(() => open(file), 'io', join(file, 'journal.db'), /EEXIST.*Check the disk and the path/);
    refuses(() => open(join(file, 'below')), 'io', join(file, 'below', 'journal.db'), /ENOTDIR/);
  });

  it('a directory in place of the file is refused', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'journal.db'));
    refuses(() => open(directory), 'io', join(directory, 'journal.db'), /not a (plain )?file/);
  });

  it('a directory the system does not let us write is refused', (t) => {
    // Where the tests run as root nothing is read-only by its mode; the kernel's own directories are.
    const directory = process.getuid?.() === 0 ? '/sys/kernel' : join(temporaryDirectory(), 'locked');
    if (process.platform === 'win32' || (directory === '/sys/kernel' && !existsSync(directory)))
      return t.skip('none here');
    if (directory !== '/sys/kernel') mkdirSync(directory, { mode: 0o500 });
    refuses(() => open(directory), 'read-only', join(directory, 'journal.db'), /Make .* writable/);
  });

  it('a connection that turned read-only says so at the next append, and nothing was written', () => {
    const directory = temporaryDirectory();
    const journal = open(directory);
    journal.append([note('a', 1)]);
    journal.close();
    const reader = openJournalForReading({ directory });
    assert.throws(
      () => reader.append([note('a', 2)]),
      (error: unknown) => (error as JournalError).problem === 'read-only',
    );
    assert.equal(reader.latest('note', 'a')?.body, 1);
    reader.close();
  });

  it('a full disk is reported at the append, which leaves nothing behind; what was there stays, and writing goes on', () => {
    const directory = temporaryDirectory();
    const journal = open(directory, { maxPages: 40 });
    const batch = () => [note('big', 'x'.repeat(6000)), note('end', 1)];
    let done = 0;
    refuses(
      () => {
        for (; done < 100; done++) journal.append(batch());
      },
      'full',
      join(directory, 'journal.db'),
      /full.*Free some space/,
    );
    assert.ok(done > 3);
    assert.equal([...journal.scan()].length, 2 * done);
    refuses(() => journal.append(batch()), 'full', join(directory, 'journal.db'), /full/);
    journal.append([note('small', 1)]);
    assert.equal(journal.latest('note', 'small')?.seq, 2 * done + 1);
    journal.close();
    const again = open(directory);
    assert.equal([...again.scan()].length, 2 * done + 1);
    again.close();
  });

  it('a disk too full to start on is refused at start', () => {
    const directory = temporaryDirectory();
    refuses(() => open(directory, { maxPages: 2 }), 'full', join(directory, 'journal.db'), /full.*Free some space/);
  });

  it('a program that has locked it for writing is waited for, then named as the reason', () => {
    const directory = temporaryDirectory();
    open(directory).close();
    const other = new DatabaseSync(join(directory, 'journal.db'));
    other.exec('BEGIN IMMEDIATE');
    refuses(() => open(directory), 'busy', join(directory, 'journal.db'), /locked.*Close the other program/);
    other.close();
  });
});

describe('the schema of a journal', () => {
  const next = [...MIGRATIONS, "ALTER TABLE opened ADD COLUMN by TEXT NOT NULL DEFAULT 'nobody'"];

  it('of an older version is brought up to date, and its entries are all there', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const older = new DatabaseSync(file);
    // By hand, as version 1 left it.
    older.exec(MIGRATIONS[0]!);
    older.exec(`PRAGMA user_version = 1; PRAGMA application_id = ${APPLICATION_ID}`);
    older.exec(`INSERT INTO entries VALUES (5, 'note', 'a', 1800000000000, '{"$d":"1.50"}', 4088957985)`);
    older.close();
    const journal = open(directory, { migrations: next });
    assert.equal(String(journal.latest('note', 'a')?.body), '1.5');
    journal.append([note('a', 2)]);
    assert.equal(journal.latest('note', 'a')?.seq, 6);
    journal.close();
    const db = new DatabaseSync(file);
    assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, 2);
    assert.equal(db.prepare('SELECT by FROM opened').get()?.by, 'nobody');
    db.close();
  });

  it('a step that fails leaves the older file as it was', () => {
    const directory = temporaryDirectory();
    const first = open(directory);
    first.append([note('a', 1)]);
    first.close();
    assert.throws(
      () => open(directory, { migrations: [...MIGRATIONS, 'DROP TABLE opened; SELECT nonsense'] }),
      JournalError,
    );
    const again = open(directory);
    assert.equal(again.latest('note', 'a')?.body, 1);
    again.close();
  });

  it('of a newer version is refused, and the file is not touched', () => {
    const directory = temporaryDirectory();
    open(directory, { migrations: next }).close();
    const file = join(directory, 'journal.db');
    const before = readFileSync(file);
    refuses(() => open(directory), 'newer-schema', file, /version 2.*up to 1.*Run the version that wrote it/);
    assert.deepEqual(readFileSync(file), before);
  });

  it("another program's database is refused, and the file is not touched", () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE recipes (name TEXT)');
    other.close();
    const before = readFileSync(file);
    refuses(() => open(directory), 'not-a-journal', file, /not a journal.*Move .* away/);
    assert.deepEqual(readFileSync(file), before);
  });

  it('a file that is no database is refused', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'journal.db'), 'hello, this is not a database at all '.repeat(50));
    refuses(
      () => open(directory),
      'damaged',
      join(directory, 'journal.db'),
      /not a database.*Put the newest good copy/,
    );
  });
});

describe('a large journal', () => {
  it('is not read through at open; a changed entry is found when it is read', () => {
    const directory = temporaryDirectory();
    const journal = open(directory);
    journal.append([prepared('1', 1n), outcome('1', 'filled'), note('a', 'good')]);
    journal.close();
    const db = new DatabaseSync(journal.name);
    db.exec(`UPDATE entries SET body = '"evil"' WHERE kind = 'note'`);
    db.close();
    refuses(() => open(directory), 'damaged', journal.name, /entry 3 has been changed/);
    const reader = openJournalForReading({ directory });
    refuses(() => reader.latest('note', 'a'), 'damaged', journal.name, /entry 3 has been changed/);
    assert.equal(reader.latest('order.outcome', '1')?.body.outcome, 'filled');
    reader.close();
    rmSync(`${journal.name}.mark`);
    refuses(() => open(directory, { verifyMaxBytes: 0 }), 'damaged', journal.name, /entry 3/);
  });
});
