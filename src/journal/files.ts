import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toJournalError } from './errors.ts';

/** The journal of the embedded exchange, whose accounts are the same in each run. */
export const PAPER_JOURNAL = 'journal-paper.db';

/** How many journals of ended paper runs are kept for `why` and `replay`. */
export const PAPER_JOURNALS_KEPT = 5;

/**
 * One journal per environment and ordered pair of accounts: with A and B swapped the lots would be on the wrong
 * accounts. Ids that are not plain digits are distinguished by a digest.
 */
export function journalFileName(of: { readonly env: string; readonly subAccountIds: readonly string[] }): string {
  if (of.env === 'paper') return PAPER_JOURNAL;
  const parts = of.subAccountIds.map((id) => (/^\d{1,20}$/.test(id) ? id : digest(id)));
  return `journal-${/^[a-z]{1,20}$/.test(of.env) ? of.env : digest(of.env)}-${parts.join('-')}.db`;
}

function digest(text: string): string {
  return `x${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

const ASIDE = /^journal-paper\.\d{8}T\d{9}Z(\.\d+)?\.db$/;
/** A journal's other files; the log first, so that the file never stands alone with half its content. */
const SUFFIXES = ['-wal', '.mark', ''];

/**
 * Renames the journal of the last paper run by its last write time (UTC) and removes all but the newest `keep`: each
 * run of the embedded exchange starts from scratch. The caller holds the lock, and the journal is not open.
 * @returns its new name; null: there was none. @throws JournalError if the directory is not writable.
 */
export function rotatePaperJournals(directory: string, keep = PAPER_JOURNALS_KEPT): string | null {
  const current = join(directory, PAPER_JOURNAL);
  try {
    const aside = existsSync(current) ? freeName(directory, lastWritten(current)) : null;
    if (aside !== null) for (const suffix of SUFFIXES) renameIfThere(current + suffix, join(directory, aside) + suffix);
    // Left over by a run that was killed in the middle of the above.
    for (const suffix of [...SUFFIXES, '-shm']) rmSync(current + suffix, { force: true });
    for (const old of listPaperJournals(directory).slice(keep)) {
      for (const suffix of [...SUFFIXES, '-shm']) rmSync(join(directory, old) + suffix, { force: true });
    }
    return aside;
  } catch (error) {
    throw toJournalError(error, current, 'setting-aside');
  }
}

/** File names of ended paper runs, newest first. */
export function listPaperJournals(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => ASIDE.test(name))
    .sort(byTimeThenNumber)
    .reverse();
}

function byTimeThenNumber(first: string, second: string): number {
  const [, timeOne = '', numberOne = '0'] = first.split('.');
  const [, timeTwo = '', numberTwo = '0'] = second.split('.');
  if (timeOne !== timeTwo) return timeOne < timeTwo ? -1 : 1;
  return (Number.parseInt(numberOne, 10) || 0) - (Number.parseInt(numberTwo, 10) || 0);
}

function lastWritten(file: string): Date {
  const wal = `${file}-wal`;
  const times = [file, wal].filter((path) => existsSync(path)).map((path) => statSync(path).mtimeMs);
  return new Date(Math.max(...times));
}

function freeName(directory: string, at: Date): string {
  const stamp = at.toISOString().replaceAll(/[-:.]/g, '');
  return unusedName(directory, `journal-paper.${stamp}`);
}

/** The first of `STEM.db`, `STEM.2.db`, … that does not exist. */
export function unusedName(directory: string, stem: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? `${stem}.db` : `${stem}.${number}.db`;
    if (!SUFFIXES.some((suffix) => existsSync(join(directory, name) + suffix))) return name;
  }
}

function renameIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}
