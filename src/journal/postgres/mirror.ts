import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import type { JournalKind } from '../../core/journal-entry.ts';
import { reason } from '../../core/reasons.ts';
import type { Row } from '../entry.ts';
import { JournalError } from '../errors.ts';
import { Mark } from '../mark.ts';
import { MIGRATIONS } from '../schema.ts';
import { type Durability, type OpenJournalOptions, openForWriting, SqliteJournal } from '../sqlite.ts';
import { lastSeqOf } from '../verify.ts';
import { keyOfDatabase } from './log.ts';

/**
 * A local copy of a journal in a database: all reads use it, so that no decision, page or command waits for the
 * network. The database is the journal; the copy may be deleted while no engine runs. The mark beside it (mark.ts)
 * holds the place up to which the database has the file's entries; later ones were in flight.
 */

/** Rows fetched at a time: a few megabytes, some ten milliseconds of inserting. */
const FETCH_ROWS = 2_000;

const MIRROR_MIGRATIONS = [
  ...MIGRATIONS,
  'CREATE TABLE mirror_of (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL)',
];

const SUFFIXES = ['-wal', '-shm', '.mark', ''];

export interface MirrorOptions extends OpenJournalOptions {
  /** Database and pair of the copy; of another one it starts from scratch. */
  readonly of: string;
}

export interface Mirror {
  readonly file: string;
  readonly mark: Mark;
  readonly db: DatabaseSync;
  /** The last place known to be in the database, by the file. */
  readonly durableSeq: number;
}

/** Opens the file; a damaged one, or one of another database, is replaced by an empty one. */
export function openMirrorFile(options: MirrorOptions): Mirror {
  const file = join(options.directory, options.fileName ?? 'mirror.db');
  try {
    return openOnce(file, options);
  } catch (thrown) {
    if (!(thrown instanceof JournalError) || !['damaged', 'newer-schema', 'not-a-journal'].includes(thrown.problem))
      throw thrown;
    removeMirror(file);
    return openOnce(file, options);
  }
}

function openOnce(file: string, options: MirrorOptions): Mirror {
  const mark = new Mark(file);
  const durableSeq = mark.readDurable();
  // The database tells whether entries are missing at its end.
  rmSync(mark.path, { force: true });
  const { db } = openForWriting(file, mark, { ...options, migrations: MIRROR_MIGRATIONS });
  const of = db.prepare('SELECT name FROM mirror_of').get()?.name ?? null;
  if (of !== null && of !== options.of) {
    db.close();
    throw new JournalError('damaged', file, reason('database-of-other-copy', '18.1'));
  }
  db.prepare('INSERT OR IGNORE INTO mirror_of (id, name) VALUES (1, ?)').run(options.of);
  return { file, mark, db, durableSeq: Math.min(durableSeq, lastSeqOf(db)) };
}

/** Removes the copy. No engine may have it open. */
export function removeMirror(file: string): void {
  for (const suffix of SUFFIXES) rmSync(file + suffix, { force: true });
}

/** The journal in the open file. @param durability of the database */
export function journalOfMirror(
  mirror: Mirror,
  options: MirrorOptions,
  durability: (journal: SqliteJournal) => Durability | null,
): SqliteJournal {
  return new SqliteJournal(mirror.db, mirror.file, mirror.mark, [], options, durability);
}

/** The database's entries after that place. */
export async function rowsAfter(client: Client, pair: number, seq: number, limit = FETCH_ROWS): Promise<Row[]> {
  const { rows } = await client.query(
    `SELECT seq, kind, key, at_ms, body, checksum FROM grvt_hedge.entries WHERE pair = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [pair, seq, limit],
  );
  return rows.map(rowOf);
}

/** An entry from a query's result. */
export function rowOf(row: Record<string, unknown>): Row {
  return {
    seq: Number(row.seq),
    kind: row.kind as JournalKind,
    key: keyOfDatabase(String(row.key)),
    at_ms: Number(row.at_ms),
    body: String(row.body),
    checksum: Number(row.checksum),
  };
}

/**
 * Fetches what the file lacks, and compares what is not known to be in the database with what is there.
 * @returns the place up to which the file now equals the database; null: the file differs, or has more than the
 * database ever had, and must start from scratch
 */
export async function catchUp(
  journal: SqliteJournal,
  client: Client,
  pair: number,
  durableSeq: number,
): Promise<number | null> {
  for (let agreed = durableSeq; ; ) {
    const rows = await rowsAfter(client, pair, agreed);
    const known = rows.filter((row) => row.seq <= journal.lastSeq);
    if (known.some((row) => journal.checksumAt(row.seq) !== row.checksum)) return null;
    journal.takeRows(rows.slice(known.length));
    agreed = rows.at(-1)?.seq ?? agreed;
    if (rows.length < FETCH_ROWS) return agreed;
  }
}
