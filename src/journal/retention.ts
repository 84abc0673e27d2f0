import type { JournalKind, OrderOutcome, StoredEntry } from '../core/journal-entry.ts';
import type { SampleEvery } from '../core/sample.ts';
import type { CompactionStep } from './engine-journal.ts';

/**
 * What may be removed from a journal (bounded growth; strategy 9.3 says what must stay).
 * Older than `days`:
 * - `decision`, `fact`, `money`, `money.marks`: removed; the daily totals (`money.day`) stay for ever.
 * - latest-wins kinds: removed once a later entry of that kind and key exists; the last one only if it is settled.
 * - `sample`: by its own age, independent of `days` ({@link compactSamples}).
 * - `order.prepared`, `order.outcome`: all entries of an order together, once its outcome is final and
 * none is younger; never those of the newest prepared order, which holds the sequence.
 */

/** Entries inspected per step: a few milliseconds, less than the work of one poll. */
export const COMPACT_CHUNK = 200;

export const DAY_MS = 86_400_000;

/** All kinds; another kind is not ours. */
export const JOURNAL_KINDS: readonly JournalKind[] = [
  'order.prepared',
  'order.outcome',
  'symbol.state',
  'decision',
  'fact',
  'alert.state',
  'outbox',
  'command',
  'money',
  'money.day',
  'money.marks',
  'sample',
  'note',
];

const HISTORY: ReadonlySet<JournalKind> = new Set<JournalKind>(['decision', 'fact', 'money', 'money.marks']);
const ORDER: ReadonlySet<JournalKind> = new Set<JournalKind>(['order.prepared', 'order.outcome']);

/** Outcomes after which the exchange has nothing to add; `resting` and `unknown` are not final (strategy 9.6). */
export function isFinal(outcome: OrderOutcome['outcome']): boolean {
  return outcome !== 'resting' && outcome !== 'unknown';
}

/** An entry's effect on the set of unsettled orders: the last entry of a client order id decides. */
export function settles(entry: { readonly kind: JournalKind; readonly body: unknown }): 'opens' | 'closes' | 'neither' {
  if (entry.kind === 'order.prepared') return 'opens';
  if (entry.kind !== 'order.outcome') return 'neither';
  return isFinal((entry.body as OrderOutcome).outcome) ? 'closes' : 'opens';
}

export function settledByBody(entry: StoredEntry): boolean {
  const body: unknown = entry.body;
  return body === null || (typeof body === 'object' && 'settled' in body && body.settled === true);
}

/** Position of a walk over old entries, by time, then seq. */
export interface Cursor {
  readonly atMs: number;
  readonly seq: number;
}
export const START: Cursor = { atMs: Number.NEGATIVE_INFINITY, seq: 0 };

/** An entry as compaction sees it: the body is read only if a rule needs it. */
export interface OldEntry {
  readonly seq: number;
  readonly kind: JournalKind;
  readonly key: string;
  readonly atMs: number;
}

/** Queries of the walk. */
export interface RetentionStore {
  /** Entries older than `cutoffMs` after `cursor`, by time then seq, at most `limit`. */
  oldEntries(cutoffMs: number, cursor: Cursor, limit: number): readonly OldEntry[];
  /** Count, last seq and youngest time of that kind and key; null: none. */
  group(kind: JournalKind, key: string): { count: number; lastSeq: number; youngestMs: number } | null;
  isUnsettled(clientOrderId: string): boolean;
  newestPreparedKey(): string | null;
  settled(seq: number): boolean;
  /** Seqs of that kind and key older than `cutoffMs`, at most `limit`. */
  olderOf(kind: JournalKind, key: string, cutoffMs: number, limit: number): readonly number[];
  /** Returns how many it removed. */
  remove(seq: number): number;
  removeGroup(kind: JournalKind, key: string): number;
}

/** One step of the walk. Returns the cursor for the next one; null: done. */
export function compactStep(
  store: RetentionStore,
  cutoffMs: number,
  cursor: Cursor,
): CompactionStep & { readonly next: Cursor | null } {
  const entries = store.oldEntries(cutoffMs, cursor, COMPACT_CHUNK);
  let removed = 0;
  const gone = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'sample') continue;
    if (HISTORY.has(entry.kind)) removed += store.remove(entry.seq);
    else if (!ORDER.has(entry.kind)) removed += removeSuperseded(store, entry);
    else if (!gone.has(entry.key) && mayForgetOrder(store, entry.key, cutoffMs)) {
      for (const kind of ORDER) removed += store.removeGroup(kind, entry.key);
      gone.add(entry.key);
    }
  }
  const last = entries.at(-1);
  const more = entries.length === COMPACT_CHUNK && last !== undefined;
  return { removed, more, next: more ? { atMs: last.atMs, seq: last.seq } : null };
}

/** How long samples are kept: the span of the day's and the 30 days' chart, with a margin. */
const SAMPLES_KEPT_MS: Readonly<Record<SampleEvery, number>> = { minute: 26 * 3_600_000, hour: 31 * DAY_MS };

/** One step over the samples, at most {@link COMPACT_CHUNK} of each. */
export function compactSamples(store: RetentionStore, nowMs: number): CompactionStep {
  let removed = 0;
  let more = false;
  for (const every of ['minute', 'hour'] as const) {
    const old = store.olderOf('sample', every, nowMs - SAMPLES_KEPT_MS[every], COMPACT_CHUNK);
    for (const seq of old) removed += store.remove(seq);
    more ||= old.length === COMPACT_CHUNK;
  }
  return { removed, more };
}

function removeSuperseded(store: RetentionStore, entry: OldEntry): number {
  const group = store.group(entry.kind, entry.key);
  if (group === null) return 0;
  if (group.lastSeq !== entry.seq) return store.remove(entry.seq);
  // The last one is removed only if no older one would then become the last.
  return group.count === 1 && store.settled(entry.seq) ? store.remove(entry.seq) : 0;
}

function mayForgetOrder(store: RetentionStore, key: string, cutoffMs: number): boolean {
  if (store.isUnsettled(key) || store.newestPreparedKey() === key) return false;
  return [...ORDER].every((kind) => (store.group(kind, key)?.youngestMs ?? Number.NEGATIVE_INFINITY) < cutoffMs);
}
