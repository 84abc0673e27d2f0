import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalProblem } from '../core/journal-reasons.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { journalFileName } from '../journal/files.ts';
import type { DatabaseJournal } from '../journal/postgres/journal.ts';
import type { DatabaseState } from '../journal/postgres/reading.ts';
import type { Clock, EngineClock, Redact } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { checkText } from '../texts/check.ts';
import { beginAgain } from './behind-journal.ts';

/**
 * The journal in a database: its pair's name, how a run opens it, and where commands read it (strategy 18.1, 18.2). The
 * database driver is loaded only if needed.
 */

const DAY_MS = 86_400_000;
/** Pause between a standby's attempts to reach a database. */
const STANDBY_RETRY_MS = 1_000;

/** A pair's name in its database: environment and accounts, A first; in `paper` the name of the settings. */
export function pairNameOf({ mode, name }: Settings, subAccountIds: readonly string[]): string {
  if (mode !== 'paper') return journalFileName({ env: mode, subAccountIds }).replace(/^journal-|\.db$/g, '');
  return /^[\w.-]+$/.test(name)
    ? `paper-${name}`
    : `paper-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/**
 * Identity of a pair's lease for locks on this machine (strategy 11.1): the server itself, however its host is spelled.
 * A standby retries until it is answered. @throws JournalError
 */
export async function leaseIdOf(settings: Settings, parts: OpenForRun): Promise<string> {
  const address = addressOf(settings);
  const { serverOf } = await import('../journal/postgres/reading.ts');
  const { systemIdentifier } = await orStandBy(parts, () => serverOf(address));
  const of = `${systemIdentifier} ${new URL(address).pathname} ${pairNameOf(settings, parts.subAccountIds)}`;
  return createHash('sha256').update(of).digest('hex').slice(0, 16);
}

function addressOf({ journalUrl }: Settings): string {
  if (journalUrl === null) throw new Error('there is no database to keep a journal in');
  return journalUrl.reveal();
}

/** A standby continues: the database does not answer, or the lease was lost again before trading began. */
const WAITED_FOR: readonly JournalProblem[] = ['unreachable', 'lease-over', 'behind'];

async function orStandBy<T>({ standby, say }: OpenForRun, ask: () => Promise<T>): Promise<T> {
  for (let said = ''; ; ) {
    try {
      return await ask();
    } catch (thrown) {
      if (!standby || !(thrown instanceof JournalError) || !WAITED_FOR.includes(thrown.problem)) throw thrown;
      if (thrown.message !== said) say(reason('standby-retries', '18.2', { why: thrown.why }));
      said = thrown.message;
      await new Promise((resolve) => setTimeout(resolve, STANDBY_RETRY_MS));
    }
  }
}

/** The file commands read: their own copy, or the engine's if that is newer (the database did not answer). */
export function copyFileOf(settings: Settings, subAccountIds: readonly string[]): string {
  const pair = pairNameOf(settings, subAccountIds);
  const [own, engines] = ['copy', 'mirror'].map((name) => join(settings.dataDir, `${name}-${pair}.db`));
  return writtenAt(engines ?? '') > writtenAt(own ?? '') ? (engines ?? '') : (own ?? '');
}

/** ms; 0: none. */
function writtenAt(file: string): number {
  const times = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...times);
}

export interface OpenForRun {
  readonly subAccountIds: readonly [string, string];
  readonly clock: EngineClock;
  readonly redact: Redact;
  /** Wait for the lease while another engine holds it (strategy 18.2). */
  readonly standby: boolean;
  readonly say: (why: Reason) => void;
}

/** Opens the journal of a run in the configured database. @throws JournalError */
export async function openForRun(settings: Settings, parts: OpenForRun): Promise<DatabaseJournal> {
  const { subAccountIds, clock, redact, standby, say } = parts;
  const { openDatabaseJournal } = await import('../journal/postgres/journal.ts');
  const options = {
    address: addressOf(settings),
    pairName: pairNameOf(settings, subAccountIds),
    directory: settings.dataDir,
    days: settings.journalMs / DAY_MS,
    clock,
    redact,
    steadyMs: () => clock.steadyMs(),
    startsEmpty: settings.mode === 'paper',
    pageUrl: pageOf(settings),
    reset: (journal: EngineJournal) => beginAgain(journal, clock.nowMs()),
    ...(standby
      ? {
          leaseWaitMs: Number.POSITIVE_INFINITY,
          onWait: (holder: string) => say(reason('standby-waits', '18.2', { holder })),
        }
      : {}),
  };
  return orStandBy(parts, () => openDatabaseJournal(options));
}

/** As others reach it: the published name, else loopback. */
function pageOf({ publicUrl, httpPort }: Settings): string | null {
  return publicUrl ?? (httpPort === null ? null : `http://127.0.0.1:${httpPort}`);
}

/** Of the configured accounts; null: not given, or the journal is a file. */
export function pairIdsOf(settings: Settings): readonly [string, string] | null {
  if (settings.journalUrl === null) return null;
  if (settings.mode === 'paper') return ['', ''];
  const { accounts } = settings;
  return accounts === null ? null : [accounts.A.accountId, accounts.B.accountId];
}

/** Updates a command's copy of the database's journal before it reads. @throws JournalError */
export async function prepareReading(settings: Settings, clock: Clock): Promise<void> {
  const ids = pairIdsOf(settings);
  if (settings.journalUrl === null || ids === null) return;
  const pairName = pairNameOf(settings, ids);
  const options = {
    directory: settings.dataDir,
    fileName: `copy-${pairName}.db`,
    days: settings.journalMs / DAY_MS,
    clock,
  };
  const { refreshCopy, withReader } = await import('../journal/postgres/reading.ts');
  await withReader(settings.journalUrl.reveal(), (reader) => refreshCopy(reader, pairName, options));
}

/** The database lines of `check` and `status` in the language of the settings. @throws JournalError */
export async function databaseLines(settings: Settings): Promise<string[]> {
  const ids = pairIdsOf(settings);
  if (settings.journalUrl === null || ids === null) return [];
  const pairName = pairNameOf(settings, ids);
  const { inspectDatabase } = await import('../journal/postgres/reading.ts');
  const { name, version, synchronousCommit, pair }: DatabaseState = await inspectDatabase(
    settings.journalUrl.reveal(),
    pairName,
  );
  const { lang } = settings;
  const server = checkText(lang, 'journalServer', { name, version, commit: synchronousCommit });
  if (pair === null) return [server, checkText(lang, 'journalNew', { pair: pairName })];
  const { holder, lastSeq: seq, epoch } = pair;
  const left = (pair.leaseLeftMs / 1000).toFixed(1);
  const held = holder === null ? checkText(lang, 'leaseFree') : checkText(lang, 'leaseHeld', { holder, left });
  const behind = pair.isBehind ? checkText(lang, 'journalBehind') : '';
  return [server, checkText(lang, 'journalPair', { pair: pairName, seq, epoch, held, behind })];
}
