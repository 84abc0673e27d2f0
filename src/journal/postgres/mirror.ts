import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import type { JournalKind } from '../../core/journal-entry.ts';
import type { Row } from '../entry.ts';
import { JournalError } from '../errors.ts';
import { Mark } from '../mark.ts';
import { MIGRATIONS } from '../schema.ts';
import { type Durability, type OpenJournalOptions, openForWriting, SqliteJournal } from '../sqlite.ts';
import { lastSeqOf } from '../verify.ts';
import { keyOfDatabase } from './log.ts';

/**
 * The journal of a database as a file beside the engine: what is read is read here, so that no decision, page or command to
 * the engine waits for a network. The database is the journal, this a copy: it may be removed while no engine runs.
 *
 * The mark beside it (mark.ts) says up to which place the file holds what the database has; what is behind that was on its way.
 */

/** Rows fetched at a time: a few megabytes, and some ten milliseconds of inserting. */
const FETCH_ROWS = 2_000;

const MIRROR_MIGRATIONS = [
  ...MIGRATIONS,
  'CREATE TABLE mirror_of (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL)',
];

/** The files of a copy. */
const SUFFIXES = ['-wal', '-shm', '.mark', ''];

export interface MirrorOptions extends OpenJournalOptions {
  /** Which database and pair it is a copy of: of another one it begins anew. */
  readonly of: string;
}

export interface Mirror {
  readonly file: string;
  readonly mark: Mark;
  readonly db: DatabaseSync;
  /** The last place that is known to be in the database, as the file has it. */
  readonly durableSeq: number;
}

/** Opens the file; one that is damaged, or of another database, is replaced by an empty one. */
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
  // Whether entries are missing at its end is asked of the database.
  rmSync(mark.path, { force: true });
  const { db } = openForWriting(file, mark, { ...options, migrations: MIRROR_MIGRATIONS });
  const of = db.prepare('SELECT name FROM mirror_of').get()?.name ?? null;
  if (of !== null && of !== options.of) {
    db.close();
    throw new JournalError('damaged', file, 'it is a copy of another database');
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

/** Entries behind that place, as the database has them. */
export async function rowsAfter(client: Client, pair: number, seq: number, limit = FETCH_ROWS): Promise<Row[]> {
  const { rows } = await client.query(
    `SELECT seq, kind, key, at_ms, body, checksum FROM grvt_hedge.entries WHERE pair = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [pair, seq, limit],
  );
  return rows.map(rowOf);
}

/** An entry as a query returned it. */
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
 * Fetches what the file lacks, and holds what is not known to be in the database against what is there.
 *
 * @returns up to which place the file now holds what the database has; null: it holds something else, or more than the
 *   database ever had, and has to begin anew
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
