import type { Client } from 'pg';
import { type Reason, reason } from '../../core/reasons.ts';
import type { Row } from '../entry.ts';
import { JournalError } from '../errors.ts';
import type { Durability } from '../sqlite.ts';
import { type Connection, databaseError, giveUp, type ServerIdentity, sqlStateOf } from './connection.ts';
import { epochOver, type HeldLease, LEASE_MS, RENEW_MS, releaseLease, renewLease } from './lease.ts';
import { EPOCH_OVER } from './schema.ts';

/** Most rows and bytes of one statement; usually what arrived during the previous one. */
const BATCH_ROWS = 500;
const BATCH_BYTES = 1024 * 1024;
/**
 * Entries that nobody waits for wait so long for one that somebody does: the fill that leads to a create is booked some 15 ms before that
 * is prepared, and a statement of its own would be one commit more before the create may leave (strategy 9.3).
 */
export const LINGER_MS = 25;
/** Most bytes that wait while the database is unreachable, some 30,000 entries; beyond it nothing more is written. */
const QUEUE_BYTES = 64 * 1024 * 1024;
/** Pause between attempts to reconnect, doubling. */
const RETRY_MS = 100;
const RETRY_MAX_MS = 1_000;
/** How long a stop tries to write the last entries and to release the lease: one statement and one connection attempt. */
const CLOSE_MAX_MS = 5_000;
/** Rows per removing statement; a step of compaction has fewer, except for a group of an order. */
const REMOVE_ROWS = 5_000;

/** The database does not answer; `sinceMs`, monotonic clock: start of the first operation without answer. */
export interface Trouble {
  readonly sinceMs: number;
  readonly why: Reason;
}

export interface DatabaseLogParts {
  readonly name: string;
  readonly connection: Connection;
  readonly reconnect: () => Promise<Connection>;
  readonly lease: HeldLease;
  /** When the lease was requested. */
  readonly leasedAt: Moment;
  readonly now: () => Moment;
  /** How long `close` waits for the last entries; default {@link CLOSE_MAX_MS}. */
  readonly closeMaxMs?: number | undefined;
  readonly onDurable: (seq: number) => void;
  /** null: it answers again. */
  readonly onTrouble: (trouble: Trouble | null) => void;
  /** Nothing can ever be written any more: the lease is over, or the server changed. */
  readonly onLost: (error: JournalError) => void;
}

/** One moment by both clocks: suspension stops one, a person may set the other. */
export interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes entries durable in the database, in order, and keeps the lease: one statement at a time on one connection, each
 * one round trip and transaction. An append whose answer was lost is looked up by (epoch, number) on the next
 * connection, and repeated if it is absent (strategy 18.1).
 */
export class DatabaseLog implements Durability {
  readonly ended: Promise<void>;
  readonly #parts: DatabaseLogParts;
  readonly #firstSeq: number;
  /** Not known to be in the database yet, oldest first. Bound: QUEUE_BYTES. */
  #queue: Row[] = [];
  #queuedBytes = 0;
  /** Removed here, not there yet. Bounded, since compaction removes little per step. */
  #removed: number[] = [];
  /** One per create or message about to be sent. */
  #waiters: Waiter[] = [];
  #writtenSeq: number;
  #durableSeq: number;
  #connection: Connection | null;
  #leasedAt: Moment;
  #renewDue = false;
  /** The queue goes out though nobody waits for it. */
  #appendDue = false;
  #linger: NodeJS.Timeout | null = null;
  #failure: JournalError | null = null;
  #closing = false;
  /** The last entries are there; what is left is to release the lease. */
  #releasing = false;
  #isReleased = false;
  #trouble: Trouble | null = null;
  #retryMs = RETRY_MS;
  #wake: (() => void) | null = null;
  readonly #renewal: NodeJS.Timeout;

  constructor(parts: DatabaseLogParts) {
    this.#parts = parts;
    this.#connection = parts.connection;
    this.#firstSeq = parts.lease.lastSeq + 1;
    this.#writtenSeq = parts.lease.lastSeq;
    this.#durableSeq = parts.lease.lastSeq;
    this.#leasedAt = parts.leasedAt;
    this.#renewal = setInterval(() => {
      this.#renewDue = true;
      this.#wake?.();
    }, RENEW_MS);
    this.ended = this.#run();
    // Handled by whoever closes it.
    this.ended.catch(() => {});
  }

  /** Milliseconds of lease left, by the worse clock, counted from before its request. */
  leaseLeftMs(): number {
    const now = this.#parts.now();
    const gone = Math.max(now.steadyMs - this.#leasedAt.steadyMs, now.wallMs - this.#leasedAt.wallMs);
    // A wall clock that was set back makes a lease look younger; the monotonic one does not.
    return this.#failure === null && !this.#releasing ? LEASE_MS - gone : 0;
  }

  assertWell(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#queuedBytes < QUEUE_BYTES) return;
    const what = reason('database-lags', '18.1', { waiting: this.#queue.length });
    throw new JournalError('unreachable', this.#parts.name, what);
  }

  written(seq: number, rows: readonly Row[]): void {
    this.#queue.push(...rows);
    this.#queuedBytes += bytesOf(rows);
    this.#writtenSeq = seq;
    this.#linger ??= setTimeout(() => {
      this.#linger = null;
      this.#appendDue = true;
      this.#wake?.();
    }, LINGER_MS);
    if (this.#queue.length >= BATCH_ROWS) this.#wake?.();
  }

  removed(seqs: readonly number[]): void {
    this.#removed.push(...seqs);
    this.#wake?.();
  }

  async durable(seq: number): Promise<void> {
    if (seq > this.#writtenSeq)
      throw new RangeError(`entry ${seq} was never written; the last one is ${this.#writtenSeq}`);
    if (seq <= this.#durableSeq) return;
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ seq, resolve, reject });
      this.#wake?.();
    });
  }

  /** Writes what waits, releases the lease and ends; `ended` reports when, and errors. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    setTimeout(() => {
      const what = this.#releasing
        ? reason('lease-unreleased', '18.2')
        : reason('database-unwritten', '18.1', { entries: this.#queue.length });
      this.#fail(new JournalError('unreachable', this.#parts.name, what));
    }, this.#parts.closeMaxMs ?? CLOSE_MAX_MS).unref();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (this.#failure === null && !this.#isReleased) {
      const began = this.#parts.now();
      try {
        this.#connection ??= await this.#reconnected();
        const work = this.#next(this.#connection.client);
        if (work === 'none') {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = null;
          continue;
        }
        await work();
        this.#wentWell();
      } catch (thrown) {
        await this.#wentWrong(thrown, began);
      }
    }
    await this.#end();
  }

  /** The next statement: the lease before entries, entries before removals, the end of the lease last. */
  #next(client: Client): 'none' | (() => Promise<void>) {
    if (this.#renewDue && !this.#closing) return () => this.#renew(client);
    if (this.#queue.length > 0 && this.#isAppendDue()) return () => this.#append(client);
    if (this.#removed.length > 0) return () => this.#remove(client);
    if (this.#closing) return () => this.#release(client);
    return 'none';
  }

  #isAppendDue(): boolean {
    return this.#appendDue || this.#closing || this.#waiters.length > 0 || this.#queue.length >= BATCH_ROWS;
  }

  async #renew(client: Client): Promise<void> {
    const asked = this.#parts.now();
    await renewLease(client, this.#parts.lease, this.#parts.name);
    this.#leasedAt = asked;
    this.#renewDue = false;
  }

  async #append(client: Client): Promise<void> {
    const rows: Row[] = [];
    let bytes = 0;
    for (const row of this.#queue) {
      if (rows.length === BATCH_ROWS || (rows.length > 0 && bytes + row.body.length > BATCH_BYTES)) break;
      rows.push(row);
      bytes += row.body.length;
    }
    if (this.#linger !== null) clearTimeout(this.#linger);
    this.#linger = null;
    this.#appendDue = false;
    const { pair, epoch } = this.#parts.lease;
    const first = rows[0]!.seq;
    await client.query({
      name: 'append',
      text: 'SELECT grvt_hedge.append($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      values: [
        pair,
        epoch,
        first - this.#firstSeq + 1,
        first,
        rows.map((row) => row.kind),
        rows.map((row) => databaseKey(row.key)),
        rows.map((row) => row.at_ms),
        rows.map((row) => row.body),
        rows.map((row) => row.checksum),
      ],
    });
    // What came meanwhile lingers; what did not fit, or has lingered, does not.
    if (this.#queue.length > rows.length && this.#linger === null) this.#appendDue = true;
    this.#settle(rows.at(-1)!.seq);
  }

  async #remove(client: Client): Promise<void> {
    const { pair, epoch } = this.#parts.lease;
    const seqs = this.#removed.slice(0, REMOVE_ROWS);
    await client.query('SELECT grvt_hedge.remove($1, $2, $3)', [pair, epoch, seqs]);
    this.#removed.splice(0, seqs.length);
  }

  async #release(client: Client): Promise<void> {
    this.#releasing = true;
    await releaseLease(client, this.#parts.lease);
    this.#isReleased = true;
  }

  /** A new connection, on which the outcome of the interrupted statement is known. */
  async #reconnected(): Promise<Connection> {
    const connection = await this.#parts.reconnect();
    try {
      refuseOther(connection.identity, this.#parts.connection.identity, this.#parts.name);
      const { pair, epoch } = this.#parts.lease;
      const { rows } = await connection.client.query<{ epoch: number; number: number | null }>(
        `SELECT epoch, (SELECT max(number) FROM grvt_hedge.entries WHERE pair = $1 AND epoch = $2) AS number
         FROM grvt_hedge.pairs WHERE id = $1`,
        [pair, epoch],
      );
      const [row] = rows;
      if (row?.epoch !== epoch) throw epochOver(epoch, this.#parts.name);
      if (row.number !== null) this.#settle(this.#firstSeq + row.number - 1);
      return connection;
    } catch (thrown) {
      giveUp(connection.client);
      throw thrown;
    }
  }

  #settle(seq: number): void {
    if (seq <= this.#durableSeq) return;
    this.#durableSeq = seq;
    const count = this.#queue.findIndex((row) => row.seq > seq);
    this.#queuedBytes -= bytesOf(this.#queue.splice(0, count === -1 ? this.#queue.length : count));
    this.#parts.onDurable(seq);
    const settled = this.#waiters.filter((waiter) => waiter.seq <= seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
    for (const { resolve } of settled) resolve();
  }

  #wentWell(): void {
    this.#retryMs = RETRY_MS;
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#parts.onTrouble(null);
  }

  async #wentWrong(thrown: unknown, began: Moment): Promise<void> {
    const error = databaseError(thrown, this.#parts.name, 'writing');
    if (this.#connection !== null) giveUp(this.#connection.client);
    this.#connection = null;
    this.#appendDue = true;
    // A release without an answer was carried out, and the next engine has begun.
    if (this.#releasing && error.problem === 'lease-over') {
      this.#isReleased = true;
      return;
    }
    if (sqlStateOf(thrown) === EPOCH_OVER) {
      this.#fail(epochOver(this.#parts.lease.epoch, this.#parts.name));
    } else if (error.problem === 'lease-over' || error.problem === 'behind') this.#fail(error);
    if (this.#failure !== null) return;
    if (this.#trouble === null) {
      this.#trouble = { sinceMs: began.steadyMs, why: error.why };
      this.#parts.onTrouble(this.#trouble);
    }
    await new Promise<void>((resolve) => setTimeout(resolve, this.#retryMs));
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }

  #fail(error: JournalError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    if (this.#connection !== null) giveUp(this.#connection.client);
    this.#wake?.();
    if (!this.#closing) this.#parts.onLost(error);
  }

  async #end(): Promise<void> {
    clearInterval(this.#renewal);
    if (this.#linger !== null) clearTimeout(this.#linger);
    if (this.#failure !== null) throw this.#failure;
    // The lease is released: nothing depends on how the connection ends.
    if (this.#connection !== null) await this.#connection.client.end().catch(() => {});
  }
}

/** A changed server may lack what the last one had committed (strategy 18.1). @throws JournalError `behind` */
export function refuseOther(now: ServerIdentity, before: ServerIdentity, name: string): void {
  if (now.systemIdentifier === before.systemIdentifier && now.timeline === before.timeline) return;
  throw new JournalError('behind', name, reason('database-replaced', '18.1', { before, now }));
}

function bytesOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + row.body.length, 0);
}

/** A text in the database cannot contain U+0000, which a key may: written as `\0`, and the backslash doubled. */
export function databaseKey(key: string): string {
  return key.replaceAll('\\', '\\\\').replaceAll('\0', '\\0');
}

export function keyOfDatabase(stored: string): string {
  return stored.replaceAll(/\\([\\0])/g, (_, letter: string) => (letter === '0' ? '\0' : '\\'));
}
