import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, describe, it } from 'node:test';
import { copyToDatabase, copyToFile } from '../../../src/journal/postgres/copying.ts';
import { refreshCopy, withReader } from '../../../src/journal/postgres/reading.ts';
import { openJournalForReading } from '../../../src/journal/sqlite.ts';
import { needsPostgres, startPostgres, type TestPostgres } from '../../support/postgres.ts';
import { CLOCK, note, open, outcome, prepared, temporaryDirectory } from '../support.ts';
import { closePairs, openPair } from './support.ts';

const { skip } = needsPostgres();

/** All that a journal file holds, as it is stored. */
function rowsOf(file: string): unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return [...db.prepare('SELECT * FROM entries ORDER BY seq').all()].map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

describe('copies between a file and a database (strategy 18.1)', { skip }, () => {
  let server: TestPostgres;
  let address: string;
  before(async () => {
    server = await startPostgres();
    address = await server.fresh();
  });
  afterEach(closePairs);
  after(() => server?.stop());

  /** A journal with a removed entry in its middle and at its end, an open order, and a key that a database has to escape. */
  async function journalFile(): Promise<string> {
    const directory = temporaryDirectory();
    const journal = open(directory);
    journal.append([note('first', 1), note('with \0 and \\', { deep: ['值', '"'] }), prepared('1', 1n)]);
    journal.append([prepared('2', 2n), outcome('2', 'filled'), note('last', 2)]);
    await journal.durable(6);
    journal.close();
    const file = join(directory, 'journal.db');
    const db = new DatabaseSync(file);
    db.exec('DELETE FROM entries WHERE seq IN (1)');
    db.close();
    return file;
  }

  it('file to database to file: every entry in its place, byte for byte; what was open is open', async () => {
    const file = await journalFile();
    const [pairName, directory] = ['round-trip', temporaryDirectory()];
    const copied = await copyToDatabase(file, address, pairName, 'test');
    assert.deepEqual([copied.entries, copied.lastSeq, copied.unsettledOrders], [5, 6, 1]);
    const back = join(directory, 'back.db');
    const found = await copyToFile(address, pairName, back, CLOCK);
    assert.deepEqual([found.entries, found.lastSeq, found.unsettledOrders], [5, 6, 1]);
    assert.deepEqual(rowsOf(back), rowsOf(file));
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.endsWith('.mark')),
      ['back.db'],
    );
    // An engine goes on behind it, from either.
    const engine = await openPair(address, { pairName });
    assert.deepEqual(engine.unsettledKeys(), ['1']);
    assert.equal(engine.append([note('next', 3)]), 7);
    await engine.durable(7);
    engine.close();
    await engine.ended;
    const reading = openJournalForReading({ directory, fileName: 'back.db' });
    assert.deepEqual(reading.unsettledKeys(), ['1']);
    reading.close();
  });

  it('into a database that has a journal of the pair, or whose engine runs, nothing is copied', async () => {
    const file = await journalFile();
    const journal = await openPair(address, { pairName: 'held' });
    await journal.durable(journal.append([note('theirs', 1)]));
    await assert.rejects(copyToDatabase(file, address, 'held', 'test'), /trades this pair: stop it first/);
    journal.close();
    await journal.ended;
    await assert.rejects(copyToDatabase(file, address, 'held', 'test'), /has a journal of held up to entry 1 already/);
    const again = await openPair(address, { pairName: 'held', leaseWaitMs: 0 });
    assert.deepEqual(
      [...again.scan()].map(({ key }) => key),
      ['theirs'],
    );
    again.close();
    await again.ended;
  });

  it('a copy never replaces a file, and leaves none where it fails', async () => {
    const directory = temporaryDirectory();
    const there = join(directory, 'there.db');
    await copyToDatabase(await journalFile(), address, 'once', 'test');
    await copyToFile(address, 'once', there, CLOCK);
    await assert.rejects(copyToFile(address, 'once', there, CLOCK), /never replaces a file/);
    const missing = join(directory, 'missing.db');
    await assert.rejects(copyToFile(address, 'no-such-pair', missing, CLOCK), /no journal of no-such-pair/);
    assert.equal(existsSync(missing), false);
  });

  it('what commands read is brought up to date, and begun again where it holds what the database does not', async () => {
    const pairName = 'looked';
    const options = { directory: temporaryDirectory(), fileName: 'copy.db', days: 30, clock: CLOCK };
    assert.equal(await withReader(address, (reader) => refreshCopy(reader, pairName, options)), false);
    const keys = () => {
      const reading = openJournalForReading(options);
      const found = [...reading.scan()].map(({ key }) => key);
      reading.close();
      return found;
    };
    const journal = await openPair(address, { pairName });
    for (const key of ['one', 'two']) {
      await journal.durable(journal.append([note(key, 1)]));
      assert.equal(await withReader(address, (reader) => refreshCopy(reader, pairName, options)), true);
    }
    assert.deepEqual(keys(), ['one', 'two']);
    const database = new URL(address).pathname.slice(1);
    const pair = "(SELECT id FROM grvt_hedge.pairs WHERE name = 'looked')";
    await server.query(`DELETE FROM grvt_hedge.entries WHERE seq = 2 AND pair = ${pair}`, [], database);
    assert.equal(await withReader(address, (reader) => refreshCopy(reader, pairName, options)), true);
    assert.deepEqual(keys(), ['one'], 'an older copy of the database was put in its place');
    journal.close();
    await journal.ended.catch(() => {});
  });
});
