import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { shownDatabase } from '../core/database-address.ts';
import { EXIT_CONFIGURATION, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import { reason } from '../core/reasons.ts';
import { chosenJournalFile, journalOfRun, NoJournalError } from '../engine/journal-choice.ts';
import { pairIdsOf, pairNameOf } from '../engine/journal-database.ts';
import { clockTime, zoneName } from '../explain/words.ts';
import { backupJournal, type JournalContents, restoreJournal, verifyJournal } from '../journal/copy.ts';
import { JournalError } from '../journal/errors.ts';
import { PAPER_JOURNAL } from '../journal/files.ts';
import { acquireLocks, LockError } from '../journal/lock.ts';
import { copyToDatabase, copyToFile } from '../journal/postgres/copying.ts';
import type { Settings } from '../settings/index.ts';
import { type ListWords, listWords } from '../texts/listings.ts';
import { thrownText } from '../texts/reason-error.ts';
import { reasonText } from '../texts/reasons.ts';
import { JOURNAL } from './arguments.ts';
import { complainOf, type JournalCommandParts, type JournalOptions } from './explain.ts';

/** `journal backup|verify|restore` (docs/running.md 10). */

/** Runs a command with its parts and keeps its exit code. */
export type WithParts = (command: (parts: JournalCommandParts) => number | Promise<number>) => Promise<void>;

const JSON_TEXT = ['--json', 'as JSON'] as const;

export function journalCommand(withParts: WithParts): Command {
  const journal = new Command('journal').description(
    'copy a journal while an engine writes it, check it, put a copy back',
  );
  journal
    .command('backup')
    .argument('<file>', 'the copy, which must not exist')
    .description('copy the journal as it is at this moment into one file, also while an engine trades')
    .option(...JOURNAL)
    .option(...JSON_TEXT)
    .action((file: string, options: JournalOptions) => withParts((parts) => backupCommand(parts, file, options)));
  journal
    .command('verify')
    .argument('[file]', 'a journal or a copy; without it the journal of the settings')
    .description('read all of it; say what it holds, or what is wrong with it')
    .option(...JSON_TEXT)
    .action((file: string | undefined, options: JournalOptions) =>
      withParts((parts) => verifyCommand(parts, file ?? null, options)),
    );
  journal
    .command('restore')
    .argument('<file>', 'a copy that backup made')
    .description(
      'put a copy in place of the journal of the settings, with the engine stopped; the present one is kept aside',
    )
    .option('--older', 'also if the copy ends before the journal that is there')
    .option(...JSON_TEXT)
    .action((file: string, options: RestoreOptions) => withParts((parts) => restoreCommand(parts, file, options)));
  journal
    .command('copy')
    .argument('<from>', `a journal file, or the word ${DATABASE}: the one of GRVT_HEDGE_JOURNAL_URL`)
    .argument('<to>', `a file that does not exist, or the word ${DATABASE}`)
    .description(
      'copy the journal of the accounts between a file and the database of the settings, every entry in its place; ' +
        'to a database with the engine stopped, and only where it has none of these accounts',
    )
    .option(...JSON_TEXT)
    .action((from: string, to: string, options: JournalOptions) =>
      withParts((parts) => copyCommand(parts, from, to, options)),
    );
  return journal;
}

/** The address is not given on the command line, which other users can see, because it contains a password. */
const DATABASE = 'database';

/** @returns 0: copied and verified; 69: the database does not answer; 78: nothing changed, with the reason */
export function copyCommand(
  parts: JournalCommandParts,
  from: string,
  to: string,
  options: JournalOptions,
): Promise<number> {
  return reportingUserErrors(parts, async () => {
    const { settings, clock } = parts;
    const text = listWords(settings.lang);
    const ids = pairIdsOf(settings);
    if (settings.journalUrl === null || ids === null) {
      throw new NoJournalError(reason('copy-without-database', '18.1'));
    }
    if ((from === DATABASE) === (to === DATABASE)) {
      throw new NoJournalError(reason('copy-between-files', '18.1', { word: DATABASE }));
    }
    const address = settings.journalUrl.reveal();
    const pairName = pairNameOf(settings, ids);
    if (from === DATABASE) {
      const copied = await copyToFile(address, pairName, resolve(to), clock);
      print(parts, options, { ...copied }, text('copied', { journal: described(copied, text) }));
      return 0;
    }
    const locks = await acquireLocks({ dataDirectory: settings.dataDir, accounts: accountsOf(settings) });
    try {
      const copied = await copyToDatabase(resolve(from), address, pairName, `${hostname()}:${process.pid}:copy`);
      print(
        parts,
        options,
        { ...copied },
        text('copiedTo', { journal: described(copied, text), database: shownDatabase(address) }),
      );
      return 0;
    } finally {
      locks.release();
    }
  });
}

export interface RestoreOptions extends JournalOptions {
  readonly older?: boolean;
}

/** @returns 0: the copy is on disk and verified; 78: there is none, with the reason */
export function backupCommand(parts: JournalCommandParts, to: string, options: JournalOptions): Promise<number> {
  return reportingUserErrors(parts, () => {
    if (parts.settings.journalUrl !== null && options.journal === undefined) {
      return copyCommand(parts, DATABASE, to, options);
    }
    const text = listWords(parts.settings.lang);
    const copied = backupJournal(chosenJournalFile(parts.settings, options.journal ?? null), resolve(to));
    print(parts, options, { ...copied }, text('copied', { journal: described(copied, text) }));
    return 0;
  });
}

/** @returns 0: intact; 78: damaged, or missing */
export function verifyCommand(
  parts: JournalCommandParts,
  file: string | null,
  options: JournalOptions,
): Promise<number> {
  return reportingUserErrors(parts, () => {
    const text = listWords(parts.settings.lang);
    const found = verifyJournal(chosenJournalFile(parts.settings, file));
    complainOf(found.notices, parts);
    const notices = found.notices.map((notice) => reasonText(notice));
    print(parts, options, { ...found, notices }, text('whole', { journal: described(found, text) }));
    return 0;
  });
}

/** @returns 0: the copy is the journal now; 78: nothing changed, with the reason */
export function restoreCommand(parts: JournalCommandParts, copy: string, options: RestoreOptions): Promise<number> {
  return reportingUserErrors(parts, async () => {
    const { settings } = parts;
    const text = listWords(settings.lang);
    if (settings.journalUrl !== null) {
      throw new NoJournalError(reason('restore-into-database', '18.1', { copy, word: DATABASE }));
    }
    const file = join(settings.dataDir, nameOfRun(settings));
    const locks = await acquireLocks({ dataDirectory: settings.dataDir, accounts: accountsOf(settings) });
    try {
      const { restored, setAside } = restoreJournal(resolve(copy), file, options.older ?? false);
      const said = [
        text('restored', { journal: described(restored, text) }),
        ...(setAside === null ? [] : [text('setAside', { file: join(settings.dataDir, setAside) })]),
        text(settings.mode === 'paper' ? 'nextPaper' : 'nextStart'),
      ];
      print(parts, options, { ...restored, setAside }, said.join(settings.lang === 'en' ? ' ' : ''));
      return 0;
    } finally {
      locks.release();
    }
  });
}

function accountsOf({ mode, accounts }: Settings): { env: string; subAccountId: string }[] {
  if (mode === 'paper' || accounts === null) return [];
  return [accounts.A, accounts.B].map(({ accountId }) => ({ env: mode, subAccountId: accountId }));
}

function nameOfRun(settings: Settings): string {
  const { accounts, mode } = settings;
  if (mode === 'paper') return PAPER_JOURNAL;
  if (accounts === null) {
    throw new NoJournalError(reason('restore-without-accounts', '11.1'));
  }
  return journalOfRun(settings, [accounts.A.accountId, accounts.B.accountId]);
}

function described({ file, entries, lastSeq, lastAtMs, unsettledOrders }: JournalContents, text: ListWords): string {
  const last =
    lastAtMs === null
      ? text('noEntry')
      : text('lastEntry', { seq: lastSeq, time: clockTime(lastAtMs), zone: zoneName() });
  return text('journal', { file, entries, last, orders: unsettledOrders });
}

function print(parts: JournalCommandParts, options: JournalOptions, json: object, line: string): void {
  parts.print(options.json ? JSON.stringify(json, null, 2) : line);
}

async function reportingUserErrors(
  parts: JournalCommandParts,
  command: () => number | Promise<number>,
): Promise<number> {
  try {
    return await command();
  } catch (thrown) {
    const expected = [NoJournalError, JournalError, LockError].some((kind) => thrown instanceof kind);
    if (!expected) throw thrown;
    parts.complain(thrownText(thrown, parts.settings.lang));
    const isAway = thrown instanceof JournalError && thrown.problem === 'unreachable';
    return isAway ? EXIT_UNREACHABLE : EXIT_CONFIGURATION;
  }
}
