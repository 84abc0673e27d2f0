import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';

/** What is the matter with a journal. */
export type JournalProblem =
  /** The directory or file cannot be written. */
  | 'read-only'
  /** No room on the disk (or the size bound is reached). */
  | 'full'
  /** Torn, bit-flipped, or shorter than what was written. */
  | 'damaged'
  /** Written by a newer version of this program. */
  | 'newer-schema'
  /** A file of something else. */
  | 'not-a-journal'
  /** Another process holds it. */
  | 'busy'
  /** A database that does not answer, or not as it should (strategy 18.1). */
  | 'unreachable'
  /** A database that does not keep what it has committed, or is reached in a way that does not. */
  | 'unsafe-server'
  /** The database is another one, or an older copy: it may lack the last entries (strategy 18.1). */
  | 'behind'
  /** Another engine holds the lease of this pair (strategy 18.2). */
  | 'lease-over'
  /** Anything else the operating system said. */
  | 'io';

/**
 * The one error of the journal: its message names the file, the problem and what a person can do (docs: one line is
 * enough to act on). Thrown at start instead of going on with doubtful memory, and by `append` when nothing may leave.
 */
export class JournalError extends Error {
  readonly problem: JournalProblem;
  readonly file: string;

  constructor(problem: JournalProblem, file: string, what: string, cause?: unknown) {
    // One line, though SQLite's own findings come in several.
    super(
      `journal ${file}: ${what.replaceAll(/\s*\n\s*/g, ' ')}. ${REMEDIES[problem](file)}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'JournalError';
    this.problem = problem;
    this.file = file;
  }
}

const REMEDIES: Readonly<Record<JournalProblem, (file: string) => string>> = {
  'read-only': (file) =>
    `Make ${dirname(file)} writable for this user, or set GRVT_HEDGE_DATA_DIR to a directory that is`,
  full: (file) =>
    `Free some space on the disk that holds ${dirname(file)} and start again; nothing written so far is lost`,
  damaged: (file) =>
    `Put the newest good copy of ${file} back; or move ${file}, ${file}-wal and ${file}.mark to another place and start ` +
    'again: the engine then rebuilds its lots from the positions at the exchange, and the history is lost',
  'newer-schema': () => 'Run the version that wrote it, or a newer one',
  'not-a-journal': (file) => `Move ${file} away, or set GRVT_HEDGE_DATA_DIR to another directory`,
  busy: () => 'Close the other program that has it open (a database browser, a backup) and try again',
  unreachable: () => 'Check GRVT_HEDGE_JOURNAL_URL, the server and the way to it; nothing is created until it answers',
  'unsafe-server': () => 'Change the server, or what GRVT_HEDGE_JOURNAL_URL names, and start again',
  behind: () => 'The next start reconciles both accounts as after a lost journal (strategy 11.3)',
  'lease-over': () => 'Nothing more is created here; a standby goes on',
  io: () => 'Check the disk and the path, then start again',
};

/** SQLite's primary result codes that have a word of their own here. */
const SQLITE_PROBLEMS: Readonly<Record<number, JournalProblem>> = {
  3: 'read-only', // PERM
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  8: 'read-only', // READONLY
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  26: 'damaged', // NOTADB: a first page that cannot be read
};

const OS_PROBLEMS: Readonly<Record<string, JournalProblem>> = {
  EACCES: 'read-only',
  EPERM: 'read-only',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** Reads whatever SQLite or the file system threw as a JournalError; `doing` says during what. */
export function toJournalError(thrown: unknown, file: string, doing: string): JournalError {
  if (thrown instanceof JournalError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const said = `${doing} failed: ${error.message}`;
  if ('errcode' in error && typeof error.errcode === 'number') {
    const primary = error.errcode & 0xff;
    // CANTOPEN and IOERR do not say why; the directory often does.
    const problem = SQLITE_PROBLEMS[primary] ?? problemOfDirectory(dirname(file)) ?? 'io';
    return new JournalError(problem, file, said, error);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // A figure beyond 2^53 in a column that never holds one.
  if (code === 'ERR_OUT_OF_RANGE') return new JournalError('damaged', file, said, error);
  return new JournalError(OS_PROBLEMS[code] ?? 'io', file, said, error);
}

function problemOfDirectory(directory: string): JournalProblem | null {
  try {
    accessSync(directory, constants.W_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return OS_PROBLEMS[code] ?? null;
  }
}
