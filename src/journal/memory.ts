import { decode } from '../core/codec.ts';
import type { JournalEntry, JournalKind, StoredEntry } from '../core/journal-entry.ts';
import type { Reason } from '../core/reasons.ts';
import type { CompactionStep, EngineJournal, RetentionOptions } from './engine-journal.ts';
import { type Row, storedKey, toRow } from './entry.ts';
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

/** No compaction by default: tests and simulations keep everything. */
const KEEP_ALL: RetentionOptions = { days: Number.POSITIVE_INFINITY };

/**
 * A journal in memory, for tests and simulation. It keeps encoded text, so that what is read back is never the object
 * that was given, as with a file.
 */
export function createMemoryJournal(options: RetentionOptions = KEEP_ALL): EngineJournal {
  return new MemoryJournal(options);
}

class MemoryJournal implements EngineJournal, RetentionStore {
  readonly name = 'memory';
  readonly notices: readonly Reason[] = [];
  readonly #days: number;
  readonly #settled: (entry: StoredEntry) => boolean;
  /** In order of seq (insertion order). */
  readonly #rows = new Map<number, Row>();
  /** The seqs of each kind and key, in order. */
  readonly #groups = new Map<JournalKind, Map<string, Set<number>>>();
  readonly #latest = new Map<JournalKind, Map<string, number>>();
  readonly #unsettled = new Set<string>();
  #lastSeq = 0;
  #cursor: Cursor = START;
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#days = options.days;
    this.#settled = options.settled ?? settledByBody;
  }

  append(entries: readonly JournalEntry[]): number {
    this.#mustBeOpen();
    let seq = this.#lastSeq;
    // Everything that can throw precedes the first change: all or nothing.
    const rows = entries.map((entry) => ({ row: toRow(++seq, entry), effect: settles(entry) }));
    this.#lastSeq = seq;
    for (const { row, effect } of rows) {
      this.#rows.set(row.seq, row);
      inner(this.#latest, row.kind).set(row.key, row.seq);
      const group = inner(this.#groups, row.kind);
      const seqs = group.get(row.key);
      if (seqs === undefined) group.set(row.key, new Set([row.seq]));
      else seqs.add(row.seq);
      if (effect === 'opens') this.#unsettled.add(row.key);
      else if (effect === 'closes') this.#unsettled.delete(row.key);
    }
    return seq;
  }

  async durable(place: number): Promise<void> {
    this.#mustBeOpen();
    if (place > this.#lastSeq)
      throw new RangeError(`entry ${place} was never written; the last one is ${this.#lastSeq}`);
  }

  latest<K extends JournalKind>(kind: K, key: string): StoredEntry<K> | null {
    this.#mustBeOpen();
    const seq = this.#latest.get(kind)?.get(storedKey(key));
    return seq === undefined ? null : this.#entry<K>(seq);
  }

  latestOfEach<K extends JournalKind>(kind: K): readonly StoredEntry<K>[] {
    this.#mustBeOpen();
    const seqs = [...(this.#latest.get(kind)?.values() ?? [])].sort((a, b) => a - b);
    return seqs.map((seq) => this.#entry<K>(seq));
  }

  *scan(
    filter: { kind?: JournalKind; key?: string; sinceMs?: number; afterSeq?: number } = {},
  ): Generator<StoredEntry, void, undefined> {
    this.#mustBeOpen();
    const { kind, key, sinceMs, afterSeq = 0 } = filter;
    const wanted = key === undefined ? undefined : storedKey(key);
    const upTo = this.#lastSeq;
    const seqs =
      kind !== undefined && wanted !== undefined
        ? (this.#groups.get(kind)?.get(wanted) ?? new Set<number>())
        : this.#rows.keys();
    for (const seq of seqs) {
      if (seq > upTo) return;
      const row = this.#rows.get(seq);
      if (row === undefined || seq <= afterSeq) continue;
      if (kind !== undefined && row.kind !== kind) continue;
      if (wanted !== undefined && row.key !== wanted) continue;
      if (sinceMs !== undefined && row.at_ms < sinceMs) continue;
      yield this.#entry(seq);
    }
  }

  newest<K extends JournalKind>(kind: K): StoredEntry<K> | null {
    this.#mustBeOpen();
    let seq = 0;
    for (const last of this.#latest.get(kind)?.values() ?? []) seq = Math.max(seq, last);
    return seq === 0 ? null : this.#entry<K>(seq);
  }

  unsettledKeys(): readonly string[] {
    this.#mustBeOpen();
    const firstPrepared = (key: string): number => {
      const [first = 0] = this.#groups.get('order.prepared')?.get(key) ?? [];
      return first;
    };
    return [...this.#unsettled].sort((a, b) => firstPrepared(a) - firstPrepared(b) || (a < b ? -1 : 1));
  }

  mentioning<K extends JournalKind>(kind: K, key: string | null, words: readonly string[]): readonly StoredEntry<K>[] {
    this.#mustBeOpen();
    const quoted = words.map((word) => JSON.stringify(word));
    const wanted = key === null ? null : storedKey(key);
    return [...this.#rows.values()]
      .filter((row) => row.kind === kind && (wanted === null || row.key === wanted))
      .filter((row) => quoted.some((word) => row.body.includes(word)))
      .map((row) => this.#entry<K>(row.seq));
  }

  compact(nowMs: number): CompactionStep {
    this.#mustBeOpen();
    const step = compactStep(this, nowMs - this.#days * DAY_MS, this.#cursor);
    this.#cursor = step.next ?? START;
    const samples = compactSamples(this, nowMs);
    return { removed: step.removed + samples.removed, more: step.more || samples.more };
  }

  close(): void {
    this.#closed = true;
  }

  // Queries of compaction (retention.ts).

  oldEntries(cutoffMs: number, cursor: Cursor, limit: number): readonly OldEntry[] {
    return [...this.#rows.values()]
      .filter((row) => row.at_ms < cutoffMs)
      .filter((row) => row.at_ms > cursor.atMs || (row.at_ms === cursor.atMs && row.seq > cursor.seq))
      .sort((a, b) => a.at_ms - b.at_ms || a.seq - b.seq)
      .slice(0, limit)
      .map((row) => ({ seq: row.seq, kind: row.kind, key: row.key, atMs: row.at_ms }));
  }

  group(kind: JournalKind, key: string): { count: number; lastSeq: number; youngestMs: number } | null {
    const seqs = this.#groups.get(kind)?.get(key);
    if (seqs === undefined) return null;
    let lastSeq = 0;
    let youngestMs = Number.NEGATIVE_INFINITY;
    for (const seq of seqs) {
      lastSeq = seq;
      youngestMs = Math.max(youngestMs, this.#rows.get(seq)!.at_ms);
    }
    return { count: seqs.size, lastSeq, youngestMs };
  }

  isUnsettled(clientOrderId: string): boolean {
    return this.#unsettled.has(clientOrderId);
  }

  newestPreparedKey(): string | null {
    return this.newest('order.prepared')?.key ?? null;
  }

  settled(seq: number): boolean {
    return this.#settled(this.#entry(seq));
  }

  olderOf(kind: JournalKind, key: string, cutoffMs: number, limit: number): readonly number[] {
    const seqs = [...(this.#groups.get(kind)?.get(key) ?? [])];
    return seqs.filter((seq) => this.#rows.get(seq)!.at_ms < cutoffMs).slice(0, limit);
  }

  remove(seq: number): number {
    const row = this.#rows.get(seq);
    if (row === undefined) return 0;
    this.#rows.delete(seq);
    const seqs = this.#groups.get(row.kind)!.get(row.key)!;
    seqs.delete(seq);
    // The latest of a group is removed only if it is the only one (retention.ts), so nothing takes its place.
    if (seqs.size === 0) {
      this.#groups.get(row.kind)!.delete(row.key);
      this.#latest.get(row.kind)!.delete(row.key);
    }
    return 1;
  }

  removeGroup(kind: JournalKind, key: string): number {
    const seqs = [...(this.#groups.get(kind)?.get(key) ?? [])];
    for (const seq of seqs) this.remove(seq);
    return seqs.length;
  }

  #entry<K extends JournalKind>(seq: number): StoredEntry<K> {
    const row = this.#rows.get(seq)!;
    return { seq, kind: row.kind as K, key: row.key, atMs: row.at_ms, body: decode(row.body) };
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error('the journal is closed');
  }
}

function inner<T>(outer: Map<JournalKind, Map<string, T>>, kind: JournalKind): Map<string, T> {
  let map = outer.get(kind);
  if (map === undefined) {
    map = new Map();
    outer.set(kind, map);
  }
  return map;
}
