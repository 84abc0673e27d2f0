import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { reason } from '../core/reasons.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { journalFileName, listPaperJournals, PAPER_JOURNAL } from '../journal/files.ts';
import { openJournalForReading } from '../journal/sqlite.ts';
import type { Settings } from '../settings/index.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { copyFileOf, pairIdsOf } from './journal-database.ts';

/** Which journal a run writes and a command reads: one per environment and pair of accounts (strategy 11.1). */

/** The file of a run within the data directory. */
export function journalOfRun(settings: Settings, subAccountIds: readonly [string, string]): string {
  return settings.mode === 'paper' ? PAPER_JOURNAL : journalFileName({ env: settings.mode, subAccountIds });
}

/** There is no journal to read, or more than one candidate. The message says what to do. */
export class NoJournalError extends ReasonError {}

/**
 * Opens the journal for a command, even while an engine writes it: `given`, else that of the settings; in `paper` the
 * newest.
 * @param given a path, or a file name in the data directory; null: by the settings @throws NoJournalError, JournalError
 */
export function openChosenJournal(settings: Settings, given: string | null): EngineJournal {
  const file = chosenJournalFile(settings, given);
  return openJournalForReading({ directory: dirname(file), fileName: basename(file) });
}

/** The path of that journal, which exists. @throws NoJournalError */
export function chosenJournalFile(settings: Settings, given: string | null): string {
  const inDatabase = given === null ? chosenCopy(settings) : null;
  const file = inDatabase ?? (given === null ? join(settings.dataDir, chosenName(settings)) : pathOf(settings, given));
  if (!existsSync(file))
    throw new NoJournalError(reason('no-such-journal', '11.1', { file, others: journalsIn(settings.dataDir) }));
  return file;
}

/** The local copy of a journal in a database; null: the journal is a file. */
function chosenCopy(settings: Settings): string | null {
  if (settings.journalUrl === null) return null;
  const ids = pairIdsOf(settings);
  if (ids === null) {
    throw new NoJournalError(reason('pair-unknown', '18.1'));
  }
  return copyFileOf(settings, ids);
}

function chosenName(settings: Settings): string {
  const { mode, dataDir, accounts } = settings;
  if (mode === 'paper') {
    const newest = existsSync(join(dataDir, PAPER_JOURNAL)) ? PAPER_JOURNAL : listPaperJournals(dataDir)[0];
    if (newest === undefined) throw new NoJournalError(reason('no-paper-journal', '11.1', { dataDir }));
    return newest;
  }
  if (accounts !== null) return journalOfRun(settings, [accounts.A.accountId, accounts.B.accountId]);
  const candidates = journalsIn(dataDir).filter((name) => name.startsWith(`journal-${mode}-`));
  if (candidates.length > 1) {
    throw new NoJournalError(reason('many-journals', '11.1', { mode, names: candidates }));
  }
  const [only] = candidates;
  if (only === undefined) throw new NoJournalError(reason('no-journal', '11.1', { mode, dataDir }));
  return only;
}

function pathOf(settings: Settings, given: string): string {
  const inDataDir = join(settings.dataDir, given);
  return basename(given) === given && existsSync(inDataDir) ? inDataDir : resolve(given);
}

function journalsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.startsWith('journal') && name.endsWith('.db'))
    .sort();
}
