import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { decode } from '../core/codec.ts';
import type { JournalEntry, JournalKind, StoredEntry } from '../core/journal-entry.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { ensurePrivateDirectory, ensurePrivateFile } from '../os/private-files.ts';
import type { Clock, Redact } from '../ports.ts';
import { tryWriting } from './directory.ts';
import type { CompactionStep, EngineJournal, RetentionOptions } from './engine-journal.ts';
import { type Row, storedKey, toRow } from './entry.ts';
import { JournalError, toJournalError } from './errors.ts';
import { LogSync } from './log-sync.ts';
import { Mark } from './mark.ts';
import {
  type Cursor,
  compactSamples,
  compactStep,
  DAY_MS,
  type OldEntry,
  type RetentionStore,
  START,
  settledByBody,
  settles,
} from './retention.ts';
import { MIGRATIONS, migrate } from './schema.ts';
import { checkRow, inspect, lastSeqOf, VERIFY_MAX_BYTES } from './verify.ts';

export interface OpenJournalOptions extends RetentionOptions {
  /** GRVT_HEDGE_DATA_DIR; created if missing. */
  readonly directory: string;
  /** From journalFileName (files.ts). */
  readonly fileName?: string;
  /** Applied to every body except those of prepared orders; must leave numbers and JSON intact. */
  readonly redact?: Redact;
  /** For the compaction at open. */
  readonly clock: Clock;
  /** Size limit in pages of 4 KiB, beyond which `append` fails as full. Default: the disk's. */
  readonly maxPages?: number;
  /** Larger files are not read completely at open (verify.ts). */
  readonly verifyMaxBytes?: number;
  /** Schema steps; only set in tests. */
  readonly migrations?: readonly string[];
}

/** What makes entries durable: the file's own log (log-sync.ts), or the database that the file is a copy of. */
export interface Durability {
  /** @throws if nothing more may be written */
  assertWell(): void;
  /** These were written to the file. */
  written(seq: number, rows: readonly Row[]): void;
  /** These were removed from it. */
  removed(seqs: readonly number[]): void;
  durable(seq: number): Promise<void>;
  close(): void;
}

/** How long another reader or a backup tool may lock the file. */
const BUSY_TIMEOUT_MS = 1000;
/** A `-wal` that grew during a long read is cut to this at the next checkpoint. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
/** Rows a scan holds at a time: no statement stays open while the caller works. */
const SCAN_CHUNK = 500;
/**
 * Steps of compaction at open (each COMPACT_CHUNK entries); the rest is left to the run, so that a start does not wait.
 */
const OPEN_COMPACT_STEPS = 50;

/**
 * Opens the journal of this run for writing: verified, migrated, compacted, and written to once, so that a full disk is
 * found now instead of at the first order. The caller holds the lock of the data directory (lock.ts).
 * @throws JournalError naming the file, the problem and the remedy.
 */
export function openJournal(options: OpenJournalOptions): EngineJournal {
  const { directory, fileName = 'journal.db', clock } = options;
  const file = join(directory, fileName);
  const mark = new Mark(file);
  let db: DatabaseSync | null = null;
  try {
    const opened = openForWriting(file, mark, options);
    db = opened.db;
    const durability = (journal: SqliteJournal): Durability =>
      new LogSync(`${file}-wal`, journal.lastSeq, (seq) => mark.noteDurable(seq));
    const journal = new SqliteJournal(db, file, mark, opened.notices, options, durability);
    mark.write(journal.lastSeq, true);
    compactAtOpen(journal, clock.nowMs());
    return journal;
  } catch (error) {
    mark.close();
    db?.close();
    throw toJournalError(error, file, 'opening');
  }
}

/** Verified, created if missing, migrated, and written to once. */
export function openForWriting(
  file: string,
  mark: Mark,
  { clock, migrations = MIGRATIONS, maxPages, verifyMaxBytes }: OpenJournalOptions,
): { readonly db: DatabaseSync; readonly notices: readonly Reason[] } {
  let db: DatabaseSync | null = null;
  try {
    ensurePrivateDirectory(dirname(file));
    tryWriting(dirname(file));
    // SQLite gives the accompanying files the mode of the file itself.
    ensurePrivateFile(file);
    for (const beside of ['-wal', '-shm'].map((suffix) => file + suffix))
      if (existsSync(beside)) ensurePrivateFile(beside);
    const notices = inspect(file, mark, migrations, verifyMaxBytes ?? VERIFY_MAX_BYTES);
    db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    prepareConnection(db, file, maxPages ?? null);
    migrate(db, file, migrations);
    db.prepare(
      'INSERT INTO opened (id, at_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms',
    ).run(clock.nowMs());
    // From here on the log is synced off the event loop (log-sync.ts), one sync for many entries.
    db.exec('PRAGMA synchronous = NORMAL');
    return { db, notices };
  } catch (error) {
    db?.close();
    throw error;
  }
}

export function compactAtOpen(journal: EngineJournal, nowMs: number): void {
  let steps = 0;
  while (journal.compact(nowMs).more && ++steps < OPEN_COMPACT_STEPS);
}

/**
 * Opens a journal for reading (why, replay, status), whether or not an engine runs. Writes nothing and checks each
 * entry as it is read; `append` and `compact` throw. @throws JournalError
 */
export function openJournalForReading(options: { directory: string; fileName?: string }): EngineJournal {
  const file = join(options.directory, options.fileName ?? 'journal.db');
  let db: DatabaseSync | null = null;
  try {
    const mark = new Mark(file);
    const witnessed = mark.read();
    db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    const notices: Reason[] = [];
    const ends = lastSeqOf(db);
    if (typeof witnessed === 'number' && witnessed > ends) {
      notices.push(reason('journal-end-missing', '11.3', { ends, written: witnessed }));
    }
    return new SqliteJournal(db, file, null, notices, { days: Number.POSITIVE_INFINITY }, () => null);
  } catch (error) {
    db?.close();
    throw toJournalError(error, file, 'reading');
  }
}

function prepareConnection(db: DatabaseSync, file: string, maxPages: number | null): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode !== 'wal') throw new JournalError('io', file, reason('journal-without-log', '11.3', { mode: String(mode) }));
  // FULL until the journal is open: that syncs what an earlier run had written, and the directory.
  db.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}; PRAGMA trusted_schema = OFF`);
  if (maxPages !== null) db.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`);
}

/** A journal in an open file, with the given durability. */
export class SqliteJournal implements EngineJournal, RetentionStore {
  readonly name: string;
  readonly notices: readonly Reason[];
  readonly #db: DatabaseSync;
  /** null: opened for reading. */
  readonly #mark: Mark | null;
  readonly #days: number;
  readonly #redact: Redact | undefined;
  readonly #settled: (entry: StoredEntry) => boolean;
  readonly #statements = new Map<string, StatementSync>();
  readonly #log: Durability | null;
  /** Removed by the present step of compaction. */
  #gone: number[] = [];
  #lastSeq: number;
  #cursor: Cursor = START;

  constructor(
    db: DatabaseSync,
    file: string,
    mark: Mark | null,
    notices: readonly Reason[],
    retention: RetentionOptions & { readonly redact?: Redact },
    durability: (journal: SqliteJournal) => Durability | null,
  ) {
    this.name = file;
    this.notices = notices;
    this.#db = db;
    this.#mark = mark;
    this.#days = retention.days;
    this.#redact = retention.redact;
    this.#settled = retention.settled ?? settledByBody;
    this.#lastSeq = lastSeqOf(db);
    this.#log = durability(this);
  }

  /** Place of the newest entry ever written. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The next entry gets a place above that one: newer ones have been removed elsewhere. */
  skipTo(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /** null: there is no such entry. */
  checksumAt(seq: number): number | null {
    const row = this.#get('SELECT checksum FROM entries WHERE seq = ?', [seq]);
    return row === undefined ? null : Number(row.checksum);
  }

  /** Stored entries after that place. */
  rowsAfter(seq: number): Row[] {
    return this.#all('SELECT * FROM entries WHERE seq > ? ORDER BY seq', [seq]) as unknown as Row[];
  }

  /** Writes entries that got their places elsewhere, each above the last one here. */
  takeRows(rows: readonly Row[]): void {
    const last = rows.at(-1);
    if (last === undefined || this.#mark === null) return;
    const found = rows.map((row) => {
      checkRow(row, this.name);
      return {
        ...row,
        effect: settles({ kind: row.kind, body: row.kind === 'order.outcome' ? decode(row.body) : null }),
      };
    });
    try {
      this.#inTransaction(() => this.#insert(found));
      this.#lastSeq = last.seq;
      this.#mark.write(last.seq, true);
    } catch (error) {
      throw toJournalError(error, this.name, 'writing');
    }
  }

  #insert(rows: readonly (Row & { readonly effect: ReturnType<typeof settles> })[]): void {
    for (const { seq, kind, key, at_ms, body, checksum, effect } of rows) {
      const values = [seq, kind, key, at_ms, body, checksum];
      this.#run('INSERT INTO entries (seq, kind, key, at_ms, body, checksum) VALUES (?, ?, ?, ?, ?, ?)', values);
      if (effect === 'opens') this.#run('INSERT OR IGNORE INTO unsettled (key) VALUES (?)', [key]);
      else if (effect === 'closes') this.#run('DELETE FROM unsettled WHERE key = ?', [key]);
    }
  }

  append(entries: readonly JournalEntry[]): number {
    if (entries.length === 0) return this.#lastSeq;
    if (this.#mark === null || this.#log === null) {
      throw new JournalError('read-only', this.name, reason('journal-only-read', '11.3'));
    }
    let seq = this.#lastSeq;
    const rows = entries.map((entry) => ({ ...toRow(++seq, entry, this.#redact), effect: settles(entry) }));
    try {
      this.#log.assertWell();
      this.#inTransaction(() => this.#insert(rows));
      this.#lastSeq = seq;
      this.#mark.write(seq, false);
      this.#log.written(seq, rows);
      return seq;
    } catch (error) {
      throw toJournalError(error, this.name, 'writing');
    }
  }

  async durable(place: number): Promise<void> {
    try {
      if (this.#log === null) throw new JournalError('read-only', this.name, reason('journal-only-read', '11.3'));
      await this.#log.durable(place);
    } catch (error) {
      throw toJournalError(error, this.name, 'syncing');
    }
  }

  latest<K extends JournalKind>(kind: K, key: string): StoredEntry<K> | null {
    const sql = 'SELECT * FROM entries WHERE kind = ? AND key = ? ORDER BY seq DESC LIMIT 1';
    return this.#entries<K>(sql, [kind, storedKey(key)])[0] ?? null;
  }

  latestOfEach<K extends JournalKind>(kind: K): readonly StoredEntry<K>[] {
    // Skips from key to key through the index instead of walking every entry of the kind.
    const sql = `
      WITH RECURSIVE keys (key) AS (
        SELECT min(key) FROM entries WHERE kind = ?1
        UNION ALL
        SELECT (SELECT min(e.key) FROM entries e WHERE e.kind = ?1 AND e.key > keys.key) FROM keys WHERE key IS NOT NULL
      )
      SELECT entries.* FROM keys
      JOIN entries ON entries.seq = (SELECT max(seq) FROM entries WHERE kind = ?1 AND key = keys.key)
      ORDER BY entries.seq`;
    return this.#entries<K>(sql, [kind]);
  }

  *scan(
    filter: { kind?: JournalKind; key?: string; sinceMs?: number; afterSeq?: number } = {},
  ): Generator<StoredEntry, void, undefined> {
    const { kind, key, sinceMs, afterSeq = 0 } = filter;
    const upTo = this.#lastStoredSeq();
    let after = afterSeq;
    if (sinceMs !== undefined) {
      const first = this.#get('SELECT min(seq) AS seq FROM entries INDEXED BY entries_by_time WHERE at_ms >= ?', [
        sinceMs,
      ]);
      if (first?.seq == null) return;
      after = Math.max(after, Number(first.seq) - 1);
    }
    const where = ['seq > ?', 'seq <= ?'];
    const fixed: SQLInputValue[] = [];
    if (kind !== undefined) {
      where.push('kind = ?');
      fixed.push(kind);
    }
    if (key !== undefined) {
      where.push('key = ?');
      fixed.push(storedKey(key));
    }
    const sql = `SELECT * FROM entries WHERE ${where.join(' AND ')} ORDER BY seq LIMIT ${SCAN_CHUNK}`;
    for (;;) {
      const chunk = this.#entries(sql, [after, upTo, ...fixed]);
      for (const entry of chunk) if (sinceMs === undefined || entry.atMs >= sinceMs) yield entry;
      const last = chunk.at(-1);
      if (last === undefined || chunk.length < SCAN_CHUNK) return;
      after = last.seq;
    }
  }

  newest<K extends JournalKind>(kind: K): StoredEntry<K> | null {
    const sql = 'SELECT * FROM entries INDEXED BY entries_by_kind WHERE kind = ? ORDER BY seq DESC LIMIT 1';
    return this.#entries<K>(sql, [kind])[0] ?? null;
  }

  unsettledKeys(): readonly string[] {
    const sql = `
      SELECT key FROM unsettled
      ORDER BY (SELECT min(seq) FROM entries WHERE kind = 'order.prepared' AND entries.key = unsettled.key), key`;
    return this.#all(sql, []).map((row) => String(row.key));
  }

  mentioning<K extends JournalKind>(kind: K, key: string | null, words: readonly string[]): readonly StoredEntry<K>[] {
    if (words.length === 0) return [];
    const where = words.map(() => 'instr(body, ?)').join(' OR ');
    const sql = `SELECT * FROM entries WHERE kind = ? ${key === null ? '' : 'AND key = ?'} AND (${where}) ORDER BY seq`;
    const quoted = words.map((word) => JSON.stringify(word));
    return this.#entries<K>(sql, [kind, ...(key === null ? [] : [storedKey(key)]), ...quoted]);
  }

  compact(nowMs: number): CompactionStep {
    if (this.#mark === null) throw new JournalError('read-only', this.name, reason('journal-only-read', '11.3'));
    try {
      const cutoffMs = nowMs - this.#days * DAY_MS;
      this.#gone = [];
      const [step, samples] = this.#inTransaction(() => [
        compactStep(this, cutoffMs, this.#cursor),
        compactSamples(this, nowMs),
      ]);
      this.#cursor = step.next ?? START;
      this.#log?.removed(this.#gone);
      return { removed: step.removed + samples.removed, more: step.more || samples.more };
    } catch (error) {
      throw toJournalError(error, this.name, 'compacting');
    }
  }

  close(): void {
    if (!this.#db.isOpen) return;
    this.#statements.clear();
    try {
      this.#log?.close();
    } catch (error) {
      throw toJournalError(error, this.name, 'closing');
    } finally {
      this.#db.close();
      this.#mark?.close();
    }
  }

  // Queries of compaction (retention.ts).

  oldEntries(cutoffMs: number, cursor: Cursor, limit: number): readonly OldEntry[] {
    const sql = `
      SELECT seq, kind, key, at_ms AS atMs FROM entries INDEXED BY entries_by_time
      WHERE at_ms < ? AND (at_ms, seq) > (?, ?) ORDER BY at_ms, seq LIMIT ?`;
    return this.#all(sql, [cutoffMs, cursor.atMs, cursor.seq, limit]) as unknown as OldEntry[];
  }

  group(kind: JournalKind, key: string): { count: number; lastSeq: number; youngestMs: number } | null {
    const latest = this.#get('SELECT max(seq) AS lastSeq FROM entries WHERE kind = ? AND key = ?', [kind, key]);
    if (latest?.lastSeq == null) return null;
    // An order has a handful of entries; a latest-wins key may have many, but only "one or more" matters.
    const sql = `
      SELECT count(*) AS count, max(at_ms) AS youngestMs FROM
      (SELECT at_ms FROM entries WHERE kind = ? AND key = ? ${kind.startsWith('order.') ? '' : 'LIMIT 2'})`;
    const row = this.#get(sql, [kind, key]);
    return { lastSeq: Number(latest.lastSeq), count: Number(row?.count), youngestMs: Number(row?.youngestMs) };
  }

  isUnsettled(clientOrderId: string): boolean {
    return this.#get('SELECT 1 AS yes FROM unsettled WHERE key = ?', [clientOrderId]) !== undefined;
  }

  newestPreparedKey(): string | null {
    return this.newest('order.prepared')?.key ?? null;
  }

  settled(seq: number): boolean {
    const entry = this.#entries('SELECT * FROM entries WHERE seq = ?', [seq])[0];
    return entry !== undefined && this.#settled(entry);
  }

  olderOf(kind: JournalKind, key: string, cutoffMs: number, limit: number): readonly number[] {
    // In order of time unless a clock was set back: the oldest come first, and a few are inspected.
    const sql = `
      SELECT seq FROM entries INDEXED BY entries_by_key
      WHERE kind = ? AND key = ? AND at_ms < ? ORDER BY seq LIMIT ?`;
    return this.#all(sql, [kind, key, cutoffMs, limit]).map((row) => Number(row.seq));
  }

  remove(seq: number): number {
    return this.#removed('DELETE FROM entries WHERE seq = ? RETURNING seq', [seq]);
  }

  removeGroup(kind: JournalKind, key: string): number {
    return this.#removed('DELETE FROM entries WHERE kind = ? AND key = ? RETURNING seq', [kind, key]);
  }

  #removed(sql: string, values: SQLInputValue[]): number {
    const seqs = this.#all(sql, values).map((row) => Number(row.seq));
    this.#gone.push(...seqs);
    return seqs.length;
  }

  #lastStoredSeq(): number {
    return Number(this.#get('SELECT max(seq) AS seq FROM entries', [])?.seq ?? 0);
  }

  /** All or nothing; throws the first error. */
  #inTransaction<T>(work: () => T): T {
    this.#run('BEGIN IMMEDIATE', []);
    try {
      const result = work();
      this.#run('COMMIT', []);
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, e.g. a full disk.
      if (this.#db.isTransaction) this.#run('ROLLBACK', []);
      throw error;
    }
  }

  /** Caches compiled statements; the texts are few, except for the number of `mentioning`'s words. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #get(sql: string, values: SQLInputValue[]): Record<string, unknown> | undefined {
    try {
      return this.#statement(sql).get(...values);
    } catch (error) {
      throw toJournalError(error, this.name, 'reading');
    }
  }

  #all(sql: string, values: SQLInputValue[]): Record<string, unknown>[] {
    try {
      return this.#statement(sql).all(...values);
    } catch (error) {
      throw toJournalError(error, this.name, 'reading');
    }
  }

  #entries<K extends JournalKind = JournalKind>(sql: string, values: SQLInputValue[]): StoredEntry<K>[] {
    return (this.#all(sql, values) as unknown as Row[]).map((row) => {
      checkRow(row, this.name);
      return { seq: row.seq, kind: row.kind as K, key: row.key, atMs: row.at_ms, body: decode(row.body) };
    });
  }
}
