import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';

export type JournalProblem =
  /** The directory or file is not writable. */
  | 'read-only'
  /** Disk full (or size limit reached). */
  | 'full'
  /** Torn, bit-flipped, or shorter than what was written. */
  | 'damaged'
  /** Written by a newer version of this program. */
  | 'newer-schema'
  /** A file of another program. */
  | 'not-a-journal'
  /** Locked by another process. */
  | 'busy'
  /** The database does not answer, or answers wrongly (strategy 18.1). */
  | 'unreachable'
  /** The database does not keep what it committed, or is connected in a way that may not. */
  | 'unsafe-server'
  /** Another database or an older copy: the last entries may be missing (strategy 18.1). */
  | 'behind'
  /** Another engine holds the lease of this pair (strategy 18.2). */
  | 'lease-over'
  /** Any other error of the operating system. */
  | 'io';

/**
 * The only error of the journal: its message names the file, the problem and the remedy in one line. Thrown at start
 * instead of continuing with a doubtful journal, and by `append` if nothing may be sent.
 */
export class JournalError extends Error {
  readonly problem: JournalProblem;
  readonly file: string;

  constructor(problem: JournalProblem, file: string, what: string, cause?: unknown) {
    // One line, even if SQLite reports several.
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

/** SQLite's primary result codes with a problem of their own. */
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

/** Converts what SQLite or the file system threw into a JournalError; `doing` names the operation. */
export function toJournalError(thrown: unknown, file: string, doing: string): JournalError {
  if (thrown instanceof JournalError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const said = `${doing} failed: ${error.message}`;
  if ('errcode' in error && typeof error.errcode === 'number') {
    const primary = error.errcode & 0xff;
    // CANTOPEN and IOERR give no reason; the directory often does.
    const problem = SQLITE_PROBLEMS[primary] ?? problemOfDirectory(dirname(file)) ?? 'io';
    return new JournalError(problem, file, said, error);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // A number beyond 2^53 in a column that never has one.
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
