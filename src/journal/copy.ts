import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Reason, reason } from '../core/reasons.ts';
import { ensurePrivateDirectory, ensurePrivateFile } from '../os/private-files.ts';
import { JournalError, toJournalError } from './errors.ts';
import { unusedName } from './files.ts';
import { Mark } from './mark.ts';
import { inspect, lastSeqOf } from './verify.ts';

/** Backups of a journal (docs/running.md 10): made while an engine writes, verified, and restored. */

export interface JournalContents {
  readonly file: string;
  readonly bytes: number;
  /** Entries in the file; settled older ones have been removed (GRVT_HEDGE_JOURNAL_DAYS). */
  readonly entries: number;
  /** Place of the newest entry ever written; 0: none. */
  readonly lastSeq: number;
  /** Wall clock of the newest entry; null: none. */
  readonly lastAtMs: number | null;
  /** Orders whose end is not in the journal. */
  readonly unsettledOrders: number;
  /** Remarks that are not errors. */
  readonly notices: readonly Reason[];
}

/** A writer commits within milliseconds; a longer wait means another problem. */
const BUSY_TIMEOUT_MS = 5_000;
/** The files of one journal. The log comes first, so that the file never stands alone with half its content. */
const SUFFIXES = ['-wal', '-shm', '.mark', ''] as const;

/**
 * Reads and checks the whole journal: pages, indexes, each entry's checksum, and that no entry is missing at its end.
 * @throws JournalError that names the problem
 */
export function verifyJournal(file: string): JournalContents {
  try {
    if (!existsSync(file)) throw new JournalError('io', file, reason('journal-not-there', '11.3'));
    if (statSync(file).size === 0) throw new JournalError('not-a-journal', file, reason('journal-empty', '11.3'));
    const notices = inspect(file, new Mark(file), undefined, Number.POSITIVE_INFINITY);
    return { ...contentsOf(file), notices };
  } catch (thrown) {
    throw toJournalError(thrown, file, 'verifying');
  }
}

/**
 * Copies a journal into one file as of one moment, even while an engine writes it. The copy is verified and on disk
 * before it gets its name; a failed copy leaves nothing behind.
 * @param to a file that does not exist yet, in an existing directory @throws JournalError
 */
export function backupJournal(file: string, to: string): JournalContents {
  if (existsSync(to)) throw new JournalError('io', to, reason('journal-copy-exists', '11.3'));
  if (!existsSync(dirname(to))) throw new JournalError('io', to, reason('journal-no-directory', '11.3'));
  const part = `${to}.part`;
  try {
    const contents = copyInto(part, file);
    // A link instead of a rename: it fails if a file of that name was created meanwhile.
    linkSync(part, to);
    removeFiles(part);
    syncFile(dirname(to));
    return { ...contents, file: to };
  } catch (thrown) {
    removeFiles(part);
    throw toJournalError(thrown, file, 'copying-to', to);
  }
}

export interface RestoredJournal {
  readonly restored: JournalContents;
  /** The new name of the previous journal; null: there was none. */
  readonly setAside: string | null;
}

/**
 * Replaces a journal that no engine has open (the caller holds the locks of strategy 11.1) by a copy, which is verified
 * first; the previous journal is kept under another name.
 * @param file where the journal belongs @param older allow a copy that ends before the present journal @throws
 * JournalError; then nothing has changed
 */
export function restoreJournal(copy: string, file: string, older: boolean): RestoredJournal {
  const found = verifyJournal(copy);
  const there = placesWritten(file);
  if (there !== null && there > found.lastSeq && !older) {
    throw new JournalError('io', copy, reason('journal-copy-older', '11.3', { ends: found.lastSeq, there }));
  }
  const part = `${file}.part`;
  try {
    ensurePrivateDirectory(dirname(file));
    const restored = copyInto(part, copy);
    const setAside = putAside(file);
    const mark = new Mark(file);
    mark.write(restored.lastSeq, true);
    mark.close();
    renameSync(part, file);
    syncFile(dirname(file));
    return { restored: { ...restored, file }, setAside };
  } catch (thrown) {
    removeFiles(part);
    throw toJournalError(thrown, file, 'restoring-from', copy);
  }
}

/** Copies a journal as of one moment, verifies the copy, and waits until it is on disk. */
function copyInto(part: string, file: string): JournalContents {
  removeFiles(part);
  // VACUUM INTO needs an empty file or none; ours has the right mode from the start.
  ensurePrivateFile(part);
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.prepare('VACUUM INTO ?').run(part);
  } finally {
    db.close();
  }
  inspect(part, new Mark(part), undefined, Number.POSITIVE_INFINITY);
  const contents = { ...contentsOf(part), notices: [] };
  syncFile(part);
  return contents;
}

function contentsOf(file: string): Omit<JournalContents, 'notices'> {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const row = db.prepare('SELECT count(*) AS entries, max(at_ms) AS at_ms FROM entries').get();
    const unsettled = db.prepare('SELECT count(*) AS orders FROM unsettled').get();
    return {
      file,
      bytes: statSync(file).size,
      entries: Number(row?.entries ?? 0),
      lastSeq: lastSeqOf(db),
      lastAtMs: row?.at_ms == null ? null : Number(row.at_ms),
      unsettledOrders: Number(unsettled?.orders ?? 0),
    };
  } finally {
    db.close();
  }
}

/** Place of the newest entry ever written to the journal at `file`, by its mark or itself; null: both unreadable. */
function placesWritten(file: string): number | null {
  const marked = new Mark(file).read();
  let stored: number | null = null;
  try {
    if (existsSync(file)) stored = contentsOf(file).lastSeq;
  } catch {
    // A damaged journal is the reason for a restore; its mark still has the last place.
  }
  return typeof marked === 'number' ? Math.max(marked, stored ?? 0) : stored;
}

function putAside(file: string): string | null {
  if (!SUFFIXES.some((suffix) => existsSync(file + suffix))) return null;
  const aside = unusedName(dirname(file), basename(file, '.db').concat('.before-restore'));
  for (const suffix of SUFFIXES) {
    if (existsSync(file + suffix)) renameSync(file + suffix, join(dirname(file), aside) + suffix);
  }
  return aside;
}

function removeFiles(file: string): void {
  for (const suffix of [...SUFFIXES, '-journal']) rmSync(file + suffix, { force: true });
}

/** Syncs a file, or a directory's names. Windows cannot sync a directory; its file system logs names itself. */
function syncFile(path: string): void {
  const isDirectory = statSync(path).isDirectory();
  if (isDirectory && process.platform === 'win32') return;
  const fd = openSync(path, isDirectory ? 'r' : 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
