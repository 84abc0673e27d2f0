import { DatabaseSync } from 'node:sqlite';
import { reason } from '../core/reasons.ts';
import { JournalError } from './errors.ts';

/** Stored in each file's header (`GRVH`), so that another program's database is not mistaken for a journal. */
export const APPLICATION_ID = 0x47_52_56_48;

/**
 * Migrations from an empty file to today's schema; the file's `user_version` counts them. A released step is never
 * changed: add one.
 */
export const MIGRATIONS: readonly string[] = [
  // We assign seq and never reuse it (AUTOINCREMENT remembers it past deletions). The indexes end in the rowid, so
  // (kind, key) finds the last entry of a key and (kind) walks a kind in order.
  `CREATE TABLE entries (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     key TEXT NOT NULL,
     at_ms INTEGER NOT NULL,
     body TEXT NOT NULL,
     checksum INTEGER NOT NULL
   );
   CREATE INDEX entries_by_key ON entries (kind, key);
   CREATE INDEX entries_by_kind ON entries (kind);
   CREATE INDEX entries_by_time ON entries (at_ms);
   CREATE TABLE unsettled (key TEXT PRIMARY KEY) WITHOUT ROWID;
   CREATE TABLE opened (id INTEGER PRIMARY KEY CHECK (id = 1), at_ms INTEGER NOT NULL);`,
];

/**
 * Migrates a file to today's schema, each step completely or not at all.
 * @throws JournalError for a newer schema, another program's database, or a schema that does not match its version.
 */
export function migrate(db: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const version = checkIdentity(db, file, migrations);
  for (let step = version; step < migrations.length; step++) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(migrations[step]!);
      db.exec(`PRAGMA user_version = ${step + 1}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT`);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  checkSchema(db, file, migrations);
}

/** Checks the owner and returns the number of migrations. Throws as `migrate` does. */
export function checkIdentity(db: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): number {
  const version = pragma(db, 'user_version');
  const owner = pragma(db, 'application_id');
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n);
  if (owner === 0 && version === 0 && tables === 0) return 0;
  if (owner !== APPLICATION_ID) {
    throw new JournalError('not-a-journal', file, reason('journal-of-other-program', '11.3'));
  }
  if (version > migrations.length) {
    throw new JournalError(
      'newer-schema',
      file,
      reason('journal-schema-newer', '11.3', { version, known: migrations.length }),
    );
  }
  if (version < 1) throw new JournalError('damaged', file, reason('journal-schema-impossible', '11.3', { version }));
  return version;
}

/** The schema's text must equal the result of the steps: a flipped bit could make an index point elsewhere. */
export function checkSchema(db: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const fresh = new DatabaseSync(':memory:');
  try {
    for (const step of migrations) fresh.exec(step);
    const expected = schemaText(fresh);
    if (schemaText(db) !== expected) throw new JournalError('damaged', file, reason('journal-tables-changed', '11.3'));
  } finally {
    fresh.close();
  }
}

function schemaText(db: DatabaseSync): string {
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
  return JSON.stringify(rows);
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
