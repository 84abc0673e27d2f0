import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { decode } from '../core/codec.ts';
import type { OrderOutcome } from '../core/journal-entry.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { checksumOf, type Row } from './entry.ts';
import { JournalError } from './errors.ts';
import type { Mark } from './mark.ts';
import { settles } from './retention.ts';
import { checkIdentity, checkSchema, MIGRATIONS } from './schema.ts';

/** Reading a larger file completely would delay a start by more than about two seconds. */
export const VERIFY_MAX_BYTES = 512 * 1024 * 1024;
/** Of a larger file the last entries are checked at start, older ones when they are read. */
export const VERIFY_TAIL_ENTRIES = 100_000;

/**
 * Verifies a journal before anything is written, over a read-only connection, so that a rejected file stays exactly as
 * it was (closing a writable one would merge a damaged `-wal`). Detects another program's file, a newer schema, changed
 * table definitions, inconsistent pages and indexes, a changed entry, and durable entries that are missing.
 * @returns remarks that do not prevent a start. @throws JournalError
 */
export function inspect(
  file: string,
  mark: Mark,
  migrations: readonly string[] = MIGRATIONS,
  maxBytes = VERIFY_MAX_BYTES,
): Reason[] {
  const notices: Reason[] = [];
  const witnessed = mark.read();
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() === false) throw new JournalError('io', file, reason('journal-no-file', '11.3'));
  if (stat === undefined) {
    refuseLoss(file, mark, witnessed, 0);
    return notices;
  }
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const version = checkIdentity(db, file, migrations);
    const lastSeq = version === 0 ? 0 : lastSeqOf(db);
    refuseLoss(file, mark, witnessed, lastSeq);
    if (version === 0) return notices;
    if (version === migrations.length) checkSchema(db, file, migrations);
    const whole = stat.size <= maxBytes;
    if (whole) checkPages(db, file);
    checkEntries(db, file, whole ? 0 : lastSeq - VERIFY_TAIL_ENTRIES, whole);
    if (!whole) notices.push(reason('journal-checked-in-part', '11.3', { entries: VERIFY_TAIL_ENTRIES }));
    if (witnessed === 'unreadable') notices.push(reason('journal-mark-renewed', '11.3', { mark: mark.path }));
    if (witnessed === 'missing' && lastSeq > 0) {
      notices.push(reason('journal-mark-missing', '11.3', { mark: mark.path }));
    }
    return notices;
  } finally {
    db.close();
  }
}

/** The seq of the newest entry ever written, removed or not. */
export function lastSeqOf(db: DatabaseSync): number {
  const row = db
    .prepare(
      `SELECT max((SELECT coalesce(max(seq), 0) FROM entries),
                  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0)) AS seq`,
    )
    .get();
  return Number(row?.seq ?? 0);
}

function refuseLoss(file: string, mark: Mark, witnessed: ReturnType<Mark['read']>, lastSeq: number): void {
  if (typeof witnessed !== 'number' || witnessed <= lastSeq) return;
  const what = reason('journal-entries-gone', '11.3', { ends: lastSeq, written: witnessed, mark: mark.path });
  throw new JournalError('damaged', file, what);
}

/** Pages, B-trees, and that each index matches its table. */
function checkPages(db: DatabaseSync, file: string): void {
  const said = db
    .prepare('PRAGMA integrity_check(3)')
    .all()
    .map((row) => String(row.integrity_check));
  if (said.length === 1 && said[0] === 'ok') return;
  throw new JournalError('damaged', file, reason('journal-pages-damaged', '11.3', { words: said.join('; ') }));
}

function checkEntries(db: DatabaseSync, file: string, afterSeq: number, whole: boolean): void {
  const unsettled = new Set<string>();
  const rows = db.prepare('SELECT * FROM entries WHERE seq > ? ORDER BY seq').iterate(afterSeq);
  for (const row of rows as Iterable<unknown> as Iterable<Row>) {
    checkRow(row, file);
    if (!whole || (row.kind !== 'order.prepared' && row.kind !== 'order.outcome')) continue;
    const body = row.kind === 'order.outcome' ? decode<OrderOutcome>(row.body) : null;
    const effect = settles({ kind: row.kind, body });
    if (effect === 'opens') unsettled.add(row.key);
    else unsettled.delete(row.key);
  }
  if (!whole) return;
  const kept = db.prepare('SELECT key FROM unsettled').all();
  if (kept.length !== unsettled.size || kept.some((row) => !unsettled.has(String(row.key)))) {
    throw new JournalError('damaged', file, reason('journal-unsettled-differ', '11.3'));
  }
}

/** @throws JournalError if a stored entry is not what was written. */
export function checkRow(row: Row, file: string): void {
  if (checksumOf(row) === row.checksum) return;
  throw new JournalError('damaged', file, reason('journal-entry-changed', '11.3', { seq: row.seq }));
}
