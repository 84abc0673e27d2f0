import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../core/error-text.ts';
import type { JournalProblem, JournalWork } from '../core/journal-reasons.ts';
import { type Reason, reason, withTexts } from '../core/reasons.ts';
import { ReasonError } from '../texts/reason-error.ts';

/**
 * The only error of the journal: its reason names the file, the problem and the remedy in one line. Thrown at start
 * instead of continuing with a doubtful journal, and by `append` if nothing may be sent.
 */
export class JournalError extends ReasonError {
  readonly problem: JournalProblem;
  readonly file: string;

  constructor(problem: JournalProblem, file: string, what: Reason, cause?: unknown) {
    super(
      reason('journal-unusable', '11.3', {
        ...{ problem, file, directory: dirname(file) },
        // One line, even if SQLite reports several.
        what: withTexts(what, (text) => text.replaceAll(/\s*\n\s*/g, ' ')),
      }),
      cause,
    );
    this.problem = problem;
    this.file = file;
  }
}

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

/** Converts what SQLite or the file system threw into a JournalError; `path` is the other file. */
export function toJournalError(thrown: unknown, file: string, work: JournalWork, path?: string): JournalError {
  if (thrown instanceof JournalError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const said = workFailed(work, error.message, path);
  if ('errcode' in error && typeof error.errcode === 'number') {
    const primary = error.errcode & 0xff;
    // CANTOPEN and IOERR give no reason; the directory often does.
    const problem = SQLITE_PROBLEMS[primary] ?? problemOfDirectory(dirname(file)) ?? 'io';
    return new JournalError(problem, file, said, error);
  }
  const code = systemCode(error);
  // A number beyond 2^53 in a column that never has one.
  if (code === 'ERR_OUT_OF_RANGE') return new JournalError('damaged', file, said, error);
  return new JournalError(OS_PROBLEMS[code] ?? 'io', file, said, error);
}

export function workFailed(work: JournalWork, words: string, path?: string): Reason {
  return reason('journal-work-failed', '11.3', { work, words, ...(path === undefined ? {} : { path }) });
}

function problemOfDirectory(directory: string): JournalProblem | null {
  try {
    accessSync(directory, constants.W_OK);
    return null;
  } catch (error) {
    return OS_PROBLEMS[systemCode(error)] ?? null;
  }
}
