import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ensurePrivateDirectory, ensurePrivateFile } from '../os/private-files.ts';
import { JournalError, toJournalError } from './errors.ts';
import { unusedName } from './files.ts';
import { Mark } from './mark.ts';
import { inspect, lastSeqOf } from './verify.ts';

/** Copies of a journal (docs/running.md 10): taken while an engine writes, checked, and put back. */

/** What a journal file holds. */
export interface JournalContents {
  readonly file: string;
  readonly bytes: number;
  /** Entries in the file; older ones have been removed when they were settled (GRVT_HEDGE_JOURNAL_DAYS). */
  readonly entries: number;
  /** Place of the newest entry there ever was; 0: none. */
  readonly lastSeq: number;
  /** Wall-clock milliseconds of the newest entry; null: none. */
  readonly lastAtMs: number | null;
  /** Orders whose end the journal does not know. */
  readonly unsettledOrders: number;
  /** What is worth reading although it is no fault. */
  readonly notices: readonly string[];
}

/** A writer commits within milliseconds; a reader that waits longer has found another problem. */
const BUSY_TIMEOUT_MS = 5_000;
/** The files of one journal. The log comes first, so that the file never stands alone with half of what it held. */
const SUFFIXES = ['-wal', '-shm', '.mark', ''] as const;

/**
 * Reads the whole journal and checks it: pages, indexes, each entry's checksum, and that no entry is missing at its end.
 *
 * @throws JournalError which names what is wrong
 */
export function verifyJournal(file: string): JournalContents {
  try {
    if (!existsSync(file)) throw new JournalError('io', file, 'there is no such file');
    if (statSync(file).size === 0) throw new JournalError('not-a-journal', file, 'it is empty');
    const notices = inspect(file, new Mark(file), undefined, Number.POSITIVE_INFINITY);
    return { ...contentsOf(file), notices };
  } catch (thrown) {
    throw toJournalError(thrown, file, 'verifying it');
  }
}

/**
 * Copies a journal into one file of its own, as it stood at one moment, also while an engine writes it. The copy is checked
 * and on disk before it gets its name; a copy that fails leaves nothing behind.
 *
 * @param to a file that does not exist yet, in a directory that does
 * @throws JournalError
 */
export function backupJournal(file: string, to: string): JournalContents {
  if (existsSync(to)) throw new JournalError('io', to, 'it exists already, and a backup never replaces a file');
  if (!existsSync(dirname(to))) throw new JournalError('io', to, 'its directory does not exist');
  const part = `${to}.part`;
  try {
    const contents = copyInto(part, file);
    // A link and not a rename: it fails where somebody made a file of that name meanwhile.
    linkSync(part, to);
    removeFiles(part);
    syncFile(dirname(to));
    return { ...contents, file: to };
  } catch (thrown) {
    removeFiles(part);
    throw toJournalError(thrown, file, `copying it to ${to}`);
  }
}

/** What a restore did. */
export interface RestoredJournal {
  readonly restored: JournalContents;
  /** The journal that was there: its name now; null: there was none. */
  readonly setAside: string | null;
}

/**
 * Puts a copy in place of a journal that no engine has open (the caller holds the locks of strategy 11.1). The copy is
 * checked first; the journal that was there keeps its entries under another name.
 *
 * @param file where the journal belongs
 * @param older put back a copy that ends before the journal that is there
 * @throws JournalError; then nothing has changed
 */
export function restoreJournal(copy: string, file: string, older: boolean): RestoredJournal {
  const found = verifyJournal(copy);
  const there = placesWritten(file);
  if (there !== null && there > found.lastSeq && !older) {
    const what =
      `it ends at entry ${found.lastSeq} and the journal that is there at ${there}: with the copy the engine would not know ` +
      'what it did since; --older puts it back all the same';
    throw new JournalError('io', copy, what);
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
    throw toJournalError(thrown, file, `restoring it from ${copy}`);
  }
}

/** Copies a journal as it stands at one moment, checks the copy, and waits until it is on disk. */
function copyInto(part: string, file: string): JournalContents {
  removeFiles(part);
  // VACUUM INTO needs an empty file or none; an empty one has our mode from the start.
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

/** The newest place that was ever written to the journal at `file`, by its mark or itself; null: neither can be read. */
function placesWritten(file: string): number | null {
  const marked = new Mark(file).read();
  let stored: number | null = null;
  try {
    if (existsSync(file)) stored = contentsOf(file).lastSeq;
  } catch {
    // A damaged journal is what a restore is for; its mark still says how far it went.
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

/** A file's bytes, or a directory's names, are on the disk. Windows cannot sync a directory; its file system logs names itself. */
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
