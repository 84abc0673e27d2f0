import { errorText, whyOf } from '../core/error-text.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { rotatePaperJournals } from '../journal/files.ts';
import { acquireLocks, type Locks } from '../journal/lock.ts';
import type { DatabaseJournal } from '../journal/postgres/journal.ts';
import { openJournal } from '../journal/sqlite.ts';
import type { Redactor, Settings } from '../settings/index.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { reasonText, reasonTexts } from '../texts/reasons.ts';
import { systemClock } from './clock.ts';
import type { Engine } from './engine.ts';
import { finishEdit } from './file-edits.ts';
import { journalOfRun } from './journal-choice.ts';
import { leaseIdOf, openForRun } from './journal-database.ts';
import { accountsToLock } from './run-locks.ts';
import type { Say } from './run-log.ts';
import type { SettingsOnDisk } from './settings-on-disk.ts';
import { openStandbyHealth } from './standby-health.ts';
import type { Venue } from './venue.ts';

/** The journal of a run: opened, maintained, closed (strategy 11.1, 11.3, 18). */

const DAY_MS = 86_400_000;

/** A journal in a database, with account locks that engines of one lease share (strategy 11.1). */
export interface Leased {
  readonly journal: DatabaseJournal;
  readonly locks: Locks;
}

/** The journal of the configured database; null: it is a file. A standby waits for the lease (strategy 18.2). */
export async function openRunDatabase(
  settings: Settings,
  venue: Venue,
  redact: Redactor,
  info: (text: string) => void,
  standby: boolean,
): Promise<Leased | null> {
  if (settings.journalUrl === null) {
    if (!standby) return null;
    throw new ReasonError(reason('standby-without-database', '18.2'));
  }
  const waitingRoom = standby ? await openStandbyHealth(settings.httpPort, info) : null;
  const subAccountIds = [venue.keys.A.subAccountId, venue.keys.B.subAccountId] as const;
  const say = (why: Reason) => info(reasonText(why, settings.lang));
  const parts = { subAccountIds, clock: systemClock, redact: redact.stored, standby, say };
  let locks: Locks | null = null;
  try {
    locks = await acquireLocks({
      dataDirectory: null,
      accounts: accountsToLock(settings, venue),
      lease: await leaseIdOf(settings, parts),
    });
    const journal = await openForRun(settings, parts);
    info(`Journal: ${journal.name}, epoch ${journal.epoch}`);
    return { journal, locks };
  } catch (thrown) {
    locks?.release();
    throw thrown;
  } finally {
    await waitingRoom?.close();
  }
}

/** In `paper` exchange and journal start from scratch in each run; the last journals are kept aside. */
export function openRunJournal(settings: Settings, venue: Venue, redact: Redactor): EngineJournal {
  const directory = settings.dataDir;
  const days = settings.journalMs / DAY_MS;
  if (venue.paper !== null) rotatePaperJournals(directory);
  const fileName = journalOfRun(settings, [venue.keys.A.subAccountId, venue.keys.B.subAccountId]);
  return openJournal({ directory, fileName, days, clock: systemClock, redact: redact.stored });
}

/**
 * Completes a change of the symbols file that a kill interrupted (strategy 16.2). A failure stops nothing.
 * @returns the present settings; null: nothing to complete
 */
export function goOnWithEdit(journal: EngineJournal, disk: SettingsOnDisk, say: Say): Settings | null {
  try {
    const finished = finishEdit(journal, disk, Date.now());
    if (finished === null) return null;
    const { how, command } = finished;
    const what = `${command.verb} ${command.symbol} of ${command.by}, in which the last run was killed`;
    if (how === 'lost') {
      say('warn', `${what}, is not made: the symbols file was changed since (strategy 16.2)`);
      return null;
    }
    say('info', `${what}, is made (strategy 16.2)`);
    if (how === 'was-made') return null;
    const reading = disk.read();
    if (!reading.ok) throw new Error(reasonTexts(reading.errors));
    disk.accept(reading.settings);
    return reading.settings;
  } catch (thrown) {
    const why = errorText(thrown);
    say('error', `A command interrupted by the end of the last run could not be completed: ${why}`);
    return null;
  }
}

/**
 * Tells the engine whether its journal's database answers (strategy 18.1). If another engine took the lease, or the
 * database is another one, this engine ends at once and cancels nothing: its orders are the other engine's now
 * (strategy 18.2). @returns resolves when that happens
 */
export function followDatabase(
  database: DatabaseJournal,
  engine: Engine,
  tell: (why: Reason) => void,
): Promise<{ readonly wasTrading: boolean }> {
  return new Promise((lost) => {
    database.listen({
      trouble: (trouble) => {
        const sinceMs = trouble === null ? null : systemClock.nowMs() - (systemClock.steadyMs() - trouble.sinceMs);
        engine.daemon.send({ type: 'journal.reach', sinceMs, why: trouble?.why ?? null });
      },
      lost: (error) => {
        const wasTrading = engine.standDown();
        tell(reason('journal-lost', '18.2', { why: error.why, standsBy: wasTrading }));
        lost({ wasTrading });
      },
    });
  });
}

/** Another engine writes this journal from now on, or its database is another one (strategy 18.1, 18.2). */
export function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof JournalError && (thrown.problem === 'lease-over' || thrown.problem === 'behind');
}

/**
 * A failing last sync is reported and prevents no other closing: no order depends on it, and the next start verifies
 * the file.
 */
export async function closeJournal(
  journal: EngineJournal,
  database: DatabaseJournal | null,
  tell: (why: Reason) => void,
): Promise<void> {
  try {
    journal.close();
    await database?.ended;
  } catch (thrown) {
    // Reported when it was lost.
    if (isLeaseLost(thrown)) return;
    tell(whyOf(thrown));
  }
}
