import type { JournalKind, OrderOutcome, StoredEntry } from '../core/journal-entry.ts';
import type { SampleEvery } from '../core/sample.ts';
import type { CompactionStep } from './engine-journal.ts';

/**
 * What may be forgotten, decided in one place for both journals (bounded growth; strategy 9.3 says what may not).
 *
 * Older than `days`:
 * - `decision`, `fact`, `money`, `money.marks`: gone; the daily totals that `money` went into (`money.day`) stay for ever.
 * - latest-wins kinds: gone once a later entry of that kind and key exists; the last one only when it is settled.
 * - `sample`: by its own age, whatever `days` are: a minute’s after a day, an hour’s after a month ({@link compactSamples}).
 * - `order.prepared`, `order.outcome`: all entries of an order go together, once its last word is a final outcome and
 *   none of them is younger; never those of the newest prepared order, which carries the sequence on.
 */

/** Entries looked at in one step: a few milliseconds, less than one poll's own work. */
export const COMPACT_CHUNK = 200;

export const DAY_MS = 86_400_000;

/** Every kind there is; an entry of another kind is not ours. */
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

/** Outcomes after which the exchange has nothing more to say of an order: `resting` and `unknown` are not (strategy 9.6). */
export function isFinal(outcome: OrderOutcome['outcome']): boolean {
  return outcome !== 'resting' && outcome !== 'unknown';
}

/** What an entry does to the set of unsettled orders: the last word about a client order id decides. */
export function settles(entry: { readonly kind: JournalKind; readonly body: unknown }): 'opens' | 'closes' | 'neither' {
  if (entry.kind === 'order.prepared') return 'opens';
  if (entry.kind !== 'order.outcome') return 'neither';
  return isFinal((entry.body as OrderOutcome).outcome) ? 'closes' : 'opens';
}

/** Default for RetentionOptions.settled. */
export function settledByBody(entry: StoredEntry): boolean {
  const body: unknown = entry.body;
  return body === null || (typeof body === 'object' && 'settled' in body && body.settled === true);
}

/** Where a walk over the old entries has come to; ordered by time, then by seq. */
export interface Cursor {
  readonly atMs: number;
  readonly seq: number;
}
export const START: Cursor = { atMs: Number.NEGATIVE_INFINITY, seq: 0 };

/** An entry as compaction sees it: the body is read only where a rule asks for it. */
export interface OldEntry {
  readonly seq: number;
  readonly kind: JournalKind;
  readonly key: string;
  readonly atMs: number;
}

/** What the walk asks of a journal. */
export interface RetentionStore {
  /** Entries older than `cutoffMs` past `cursor`, by time then seq, at most `limit`. */
  oldEntries(cutoffMs: number, cursor: Cursor, limit: number): readonly OldEntry[];
  /** Entries of that kind and key: how many, the last one's seq, the youngest one's time; null: none. */
  group(kind: JournalKind, key: string): { count: number; lastSeq: number; youngestMs: number } | null;
  isUnsettled(clientOrderId: string): boolean;
  newestPreparedKey(): string | null;
  settled(seq: number): boolean;
  /** Places of the entries of that kind and key older than `cutoffMs`, at most `limit`. */
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

/** How long samples are kept: what a chart of a day, or of 30 days, shows, and some more for a chart that is open. */
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
  // The last one goes only when nothing is left that would then look like the last word.
  return group.count === 1 && store.settled(entry.seq) ? store.remove(entry.seq) : 0;
}

function mayForgetOrder(store: RetentionStore, key: string, cutoffMs: number): boolean {
  if (store.isUnsettled(key) || store.newestPreparedKey() === key) return false;
  return [...ORDER].every((kind) => (store.group(kind, key)?.youngestMs ?? Number.NEGATIVE_INFINITY) < cutoffMs);
}
