import { existsSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import { shownDatabase } from '../../core/database-address.ts';
import { reason } from '../../core/reasons.ts';
import type { Clock } from '../../ports.ts';
import { type JournalContents, verifyJournal } from '../copy.ts';
import type { Row } from '../entry.ts';
import { JournalError } from '../errors.ts';
import { Mark } from '../mark.ts';
import { openForWriting, SqliteJournal } from '../sqlite.ts';
import { connectDatabase, databaseError } from './connection.ts';
import { releaseLease, takeLease } from './lease.ts';
import { databaseKey } from './log.ts';
import { rowsAfter } from './mirror.ts';
import { findPair } from './reading.ts';
import { migrateDatabase, requireSchema } from './schema.ts';

/** Copies a journal between a file and a database, entry by entry at the same places (docs/running.md 11). */

/** Entries per statement: a few megabytes. */
const CHUNK_ROWS = 1_000;
const APPLICATION = 'grvt-hedge copy';

/**
 * Copies the journal of a pair, as of one moment, into a new file, even while an engine writes it.
 * @throws JournalError; then there is no such file
 */
export async function copyToFile(
  address: string,
  pairName: string,
  to: string,
  clock: Clock,
): Promise<JournalContents> {
  if (existsSync(to)) throw new JournalError('io', to, reason('journal-copy-exists', '18.1'));
  if (!existsSync(dirname(to))) throw new JournalError('io', to, reason('journal-no-directory', '18.1'));
  const name = shownDatabase(address);
  const { client } = await connectDatabase(address, APPLICATION, 'reading');
  const remove = () => {
    for (const suffix of ['-wal', '-shm', '.mark', '']) rmSync(to + suffix, { force: true });
  };
  try {
    await requireSchema(client, name);
    const pair = await findPair(client, pairName);
    if (pair === null)
      throw new JournalError('unreachable', name, reason('database-without-pair', '18.1', { pair: pairName }));
    const mark = new Mark(to);
    const options = { directory: dirname(to), fileName: basename(to), days: Number.POSITIVE_INFINITY, clock };
    const { db } = openForWriting(to, mark, options);
    const journal = new SqliteJournal(db, to, mark, [], options, () => null);
    try {
      // Compaction may remove settled entries that were not read yet, which leaves no gap.
      for (let last = 0; last < pair.lastSeq; ) {
        const rows = await rowsAfter(client, pair.id, last, CHUNK_ROWS);
        const wanted = rows.filter(({ seq }) => seq <= pair.lastSeq);
        journal.takeRows(wanted);
        last = wanted.at(-1)?.seq ?? pair.lastSeq;
      }
      // One file, like a backup.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
    } finally {
      journal.close();
    }
    return verifyJournal(to);
  } catch (thrown) {
    remove();
    throw databaseError(thrown, name, 'copying-to', to);
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Copies a journal file into a database under the lease of its pair, which must not have a journal there yet.
 * @param file no engine has it open (the caller holds the locks of strategy 11.1) @throws JournalError; then nothing
 * has changed there
 */
export async function copyToDatabase(
  file: string,
  address: string,
  pairName: string,
  holder: string,
): Promise<JournalContents> {
  const contents = verifyJournal(file);
  const name = shownDatabase(address);
  const { client, identity } = await connectDatabase(address, APPLICATION, 'writing');
  try {
    await migrateDatabase(client, name);
    const lease = await takeLease(client, { pairName, holder, identity });
    if (!('epoch' in lease))
      throw new JournalError('lease-over', name, reason('lease-prevents-copy', '18.2', { holder: lease.holder }));
    try {
      if (lease.lastSeq > 0) {
        throw new JournalError(
          'io',
          name,
          reason('database-has-journal', '18.1', { pair: pairName, seq: lease.lastSeq }),
        );
      }
      await client.query('BEGIN');
      await client.query('SELECT grvt_hedge.same_epoch($1, $2)', [lease.pair, lease.epoch]);
      for (const rows of rowsOfFile(file)) await insert(client, lease.pair, lease.epoch, rows);
      // Places removed from the file's end stay used here, too.
      await client.query('UPDATE grvt_hedge.pairs SET removed_seq = $2 WHERE id = $1', [lease.pair, contents.lastSeq]);
      await client.query('COMMIT');
    } finally {
      await client.query('ROLLBACK').catch(() => {});
      await releaseLease(client, lease).catch(() => {});
    }
    return contents;
  } catch (thrown) {
    throw databaseError(thrown, name, 'copying-from', file);
  } finally {
    await client.end().catch(() => {});
  }
}

function* rowsOfFile(file: string): Generator<Row[]> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const sql = 'SELECT seq, kind, key, at_ms, body, checksum FROM entries WHERE seq > ? ORDER BY seq LIMIT ?';
    const chunk = db.prepare(sql);
    for (let last = 0; ; ) {
      const rows = chunk.all(last, CHUNK_ROWS) as unknown as Row[];
      if (rows.length === 0) return;
      last = rows.at(-1)?.seq ?? last;
      yield rows;
    }
  } finally {
    db.close();
  }
}

async function insert(client: Client, pair: number, epoch: number, rows: readonly Row[]): Promise<void> {
  await client.query(
    `INSERT INTO grvt_hedge.entries (pair, seq, epoch, number, kind, key, at_ms, body, checksum)
     SELECT $1, seq, $2, seq, kind, key, at_ms, body, checksum
     FROM unnest($3::bigint[], $4::text[], $5::text[], $6::double precision[], $7::text[], $8::bigint[])
       AS row (seq, kind, key, at_ms, body, checksum)`,
    [
      pair,
      epoch,
      rows.map(({ seq }) => seq),
      rows.map(({ kind }) => kind),
      rows.map(({ key }) => databaseKey(key)),
      rows.map(({ at_ms: atMs }) => atMs),
      rows.map(({ body }) => body),
      rows.map(({ checksum }) => checksum),
    ],
  );
}
