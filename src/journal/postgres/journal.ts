import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { shownDatabase } from '../../core/database-address.ts';
import { type Reason, reason } from '../../core/reasons.ts';
import type { EngineJournal } from '../engine-journal.ts';
import { JournalError } from '../errors.ts';
import { journalWith } from '../observed.ts';
import { compactAtOpen, type OpenJournalOptions, type SqliteJournal } from '../sqlite.ts';
import { type Connection, connectDatabase, databaseError, giveUp } from './connection.ts';
import { type HeldLease, LEASE_MS, type LeaseOfOther, namePage, settleBehind, takeLease } from './lease.ts';
import { DatabaseLog, type Moment, type Trouble } from './log.ts';
import { catchUp, journalOfMirror, type MirrorOptions, openMirrorFile, removeMirror } from './mirror.ts';
import { migrateDatabase } from './schema.ts';

/** By then a killed engine's lease has expired: if it is still held, another engine runs. */
const LEASE_WAIT_MS = LEASE_MS + 2_000;
/** Interval of checking a lease that another engine holds. */
export const LEASE_POLL_MS = 500;
const APPLICATION = 'grvt-hedge';

export interface OpenDatabaseOptions extends OpenJournalOptions {
  /** `postgres://…`, with the password. */
  readonly address: string;
  /** Environment and accounts, as in file names. */
  readonly pairName: string;
  /** Start with an empty journal: its exchange no longer exists (`paper`). */
  readonly startsEmpty?: boolean;
  /** For a journal that may be behind: makes the symbols start as after a lost one (strategy 11.3). */
  readonly reset?: (journal: EngineJournal) => void;
  /** Monotonic clock. */
  readonly steadyMs: () => number;
  /** How long to wait for another engine's lease; default {@link LEASE_WAIT_MS}. */
  readonly leaseWaitMs?: number;
  /** Address of this engine's page, for the fleet (strategy 18.3). */
  readonly pageUrl?: string | null;
  /** Another engine holds the lease: reported once for each. */
  readonly onWait?: (holder: string) => void;
  /** How long `close` waits for a database that does not answer. */
  readonly closeMaxMs?: number;
}

/** Events of a database journal while an engine runs. */
export interface DatabaseListener {
  /** null: it answers again. */
  trouble(trouble: Trouble | null): void;
  /** Nothing can be written any more: the engine must end. */
  lost(error: JournalError): void;
}

/** A journal on PostgreSQL (strategy 18.1). */
export interface DatabaseJournal extends EngineJournal {
  /** The last entries may be missing: symbols start as after a lost journal (strategy 11.3). */
  readonly isBehind: boolean;
  readonly epoch: number;
  /** The local copy, for readers of files. */
  readonly file: string;
  /** Milliseconds of lease left. */
  leaseLeftMs(): number;
  /** Reports the present state and all later changes. */
  listen(listener: DatabaseListener): void;
  /** After `close`: resolves when the last entries are in the database, rejects if they are not. */
  readonly ended: Promise<void>;
}

/**
 * Opens the journal of this run in a database: checks the server, migrates the schema, takes the lease, updates the
 * local copy. @throws JournalError
 */
export async function openDatabaseJournal(options: OpenDatabaseOptions): Promise<DatabaseJournal> {
  const { address, pairName, steadyMs, clock } = options;
  const name = `${shownDatabase(address)} (${pairName})`;
  const holder = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
  const now = (): Moment => ({ steadyMs: steadyMs(), wallMs: clock.nowMs() });
  const connect = () => connectDatabase(address, APPLICATION, 'writing');
  const connection = await connect();
  const listeners: DatabaseListener[] = [];
  let begun: DatabaseLog | null = null;
  const held: { trouble: Trouble | null; lost: JournalError | null } = { trouble: null, lost: null };
  try {
    await migrateDatabase(connection.client, name);
    const { lease, leasedAt } = await leaseOf(connection, { ...options, holder, name, now });
    await namePage(connection.client, lease, options.pageUrl ?? null);
    let copy: Copy | null = null;
    // It renews the lease from now on, since fetching a long journal takes time.
    const log = new DatabaseLog({
      name,
      connection,
      reconnect: connect,
      lease,
      leasedAt,
      now,
      closeMaxMs: options.closeMaxMs,
      onDurable: (seq) => copy?.onDurable(seq),
      onTrouble: (trouble) => {
        held.trouble = trouble;
        for (const listener of listeners) listener.trouble(trouble);
      },
      onLost: (error) => {
        held.lost = error;
        for (const listener of listeners) listener.lost(error);
      },
    });
    begun = log;
    if (options.startsEmpty) await startPosition(connection, lease);
    const opened = await copyOf(connection, lease, options);
    copy = opened;
    const journal = opened.open(log);
    if (opened.isBehind) {
      options.reset?.(journal);
      await log.durable(journal.lastSeq);
      await settleBehind(connection.client, lease);
    }
    compactAtOpen(journal, clock.nowMs());
    const isOfThisEpoch = (clientOrderId: string): boolean => {
      const prepared = journal.latest('order.prepared', clientOrderId);
      return prepared !== null && prepared.seq > lease.lastSeq;
    };
    return {
      ...journalWith(journal, { close: () => opened.close(journal) }),
      name,
      notices: opened.notices,
      isBehind: opened.isBehind,
      epoch: lease.epoch,
      file: opened.file,
      beforeSending() {
        const began = now();
        return () => whyNotSend(log, passed(began, now()));
      },
      isOfPreviousHolder: (clientOrderId) => !isOfThisEpoch(clientOrderId),
      // Orders prepared by another holder are the next one's as much as ours.
      whyNotCancel: (clientOrderId) =>
        log.leaseLeftMs() > 0 || isOfThisEpoch(clientOrderId) ? null : reason('order-of-successor', '18.2'),
      leaseLeftMs: () => log.leaseLeftMs(),
      listen: (listener) => {
        listeners.push(listener);
        if (held.trouble !== null) listener.trouble(held.trouble);
        if (held.lost !== null) listener.lost(held.lost);
      },
      ended: log.ended,
    };
  } catch (thrown) {
    begun?.close();
    giveUp(connection.client);
    throw databaseError(thrown, name, 'opening');
  }
}

/** Longest time from the append to sending: a process that was frozen in between sends nothing outdated (18.2). */
const APPEND_MAX_MS = 2_000;
/** Lease that must be left, by the worse clock: the time a request may take to arrive. */
const LEASE_LEFT_MIN_MS = 3_000;

function whyNotSend(log: DatabaseLog, passedMs: number): Reason | null {
  if (passedMs > APPEND_MAX_MS) return reason('append-slow', '18.2', { ms: Math.round(passedMs) });
  // 0 if the epoch is over.
  const leftMs = log.leaseLeftMs();
  return leftMs < LEASE_LEFT_MIN_MS ? reason('lease-short', '18.2', { ms: Math.max(0, Math.round(leftMs)) }) : null;
}

/** Time between two moments by the clock that shows more: suspension stops one, a person may set the other. */
function passed(from: Moment, to: Moment): number {
  return Math.max(to.steadyMs - from.steadyMs, to.wallMs - from.wallMs);
}

interface LeaseQuestion extends OpenDatabaseOptions {
  readonly holder: string;
  readonly name: string;
  readonly now: () => Moment;
}

async function leaseOf(
  { client, identity }: Connection,
  { pairName, holder, name, now, onWait, leaseWaitMs = LEASE_WAIT_MS }: LeaseQuestion,
): Promise<{ readonly lease: HeldLease; readonly leasedAt: Moment }> {
  const began = now().steadyMs;
  for (let said = ''; ; ) {
    const leasedAt = now();
    const taken: HeldLease | LeaseOfOther = await takeLease(client, { pairName, holder, identity });
    if ('epoch' in taken) return { lease: taken, leasedAt };
    if (taken.holder !== said) onWait?.(taken.holder);
    said = taken.holder;
    if (now().steadyMs - began >= leaseWaitMs) {
      throw new JournalError('lease-over', name, reason('lease-of-other', '18.2', { holder: taken.holder }));
    }
    await new Promise((resolve) => setTimeout(resolve, LEASE_POLL_MS));
  }
}

async function startPosition({ client }: Connection, { pair, epoch, lastSeq }: HeldLease): Promise<void> {
  await client.query('SELECT grvt_hedge.same_epoch($1, $2)', [pair, epoch]);
  await client.query('UPDATE grvt_hedge.pairs SET removed_seq = $2 WHERE id = $1', [pair, lastSeq]);
  await client.query('DELETE FROM grvt_hedge.entries WHERE pair = $1', [pair]);
}

interface Copy {
  readonly file: string;
  readonly isBehind: boolean;
  readonly notices: readonly Reason[];
  open(log: DatabaseLog): SqliteJournal;
  onDurable(seq: number): void;
  close(journal: SqliteJournal): void;
}

/** Brings the local copy up to the database. */
async function copyOf({ client, identity }: Connection, lease: HeldLease, options: OpenDatabaseOptions): Promise<Copy> {
  // Not its address: a server may have several.
  const of = `${identity.systemIdentifier} ${new URL(options.address).pathname} ${lease.pair}`;
  const mirrored: MirrorOptions = { ...options, fileName: `mirror-${options.pairName}.db`, of };
  const reading = () => journalOfMirror(mirror, mirrored, () => null);
  let mirror = openMirrorFile(mirrored);
  const notices: Reason[] = [];
  try {
    // The database ends before entries known to be in it: it is an older copy of itself.
    const isBehind = lease.isBehind || lease.lastSeq < mirror.durableSeq;
    if (isBehind) notices.push(reason('database-behind', '18.1'));
    let agreed =
      isBehind || options.startsEmpty ? null : await catchUp(reading(), client, lease.pair, mirror.durableSeq);
    if (agreed === null) {
      mirror.db.close();
      mirror.mark.close();
      removeMirror(mirror.file);
      mirror = openMirrorFile(mirrored);
      agreed = (await catchUp(reading(), client, lease.pair, 0)) ?? 0;
    }
    const { mark } = mirror;
    let isClosed = false;
    return {
      file: mirror.file,
      isBehind,
      notices,
      open(log) {
        const journal = journalOfMirror(mirror, mirrored, () => log);
        journal.skipTo(lease.lastSeq);
        // Entries that an engine here had in flight when it ended, if nobody has written since.
        const tail = journal.rowsAfter(lease.lastSeq);
        if (tail.length > 0) {
          notices.push(reason('database-got-late', '18.1', { entries: tail.length }));
          log.written(journal.lastSeq, tail);
        }
        mark.write(journal.lastSeq, false);
        mark.noteDurable(lease.lastSeq);
        return journal;
      },
      onDurable(seq) {
        if (!isClosed) mark.noteDurable(seq);
      },
      close(journal) {
        isClosed = true;
        journal.close();
      },
    };
  } catch (thrown) {
    mirror.db.close();
    mirror.mark.close();
    throw thrown;
  }
}
