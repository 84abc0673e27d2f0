import type { JournalKind, StoredEntry } from '../core/journal-entry.ts';
import type { Reason } from '../core/reasons.ts';
import type { Journal } from '../ports.ts';

export interface CompactionStep {
  /** Entries removed. */
  readonly removed: number;
  /** More remains: call again soon, after other work. */
  readonly more: boolean;
}

/** The port plus what start, CLI and the daily upkeep need. Implemented by all journals. */
export interface EngineJournal extends Journal {
  /** The file, or `memory`. */
  readonly name: string;
  /** What was found and repaired at open, for the log. Empty: nothing. */
  readonly notices: readonly Reason[];
  /** Client order ids without a final outcome, oldest first: a start looks them up (strategy 9.6, 11.2). */
  unsettledKeys(): readonly string[];
  /** The last entry of that kind, whatever its key. */
  newest<K extends JournalKind>(kind: K): StoredEntry<K> | null;
  /** Entries of that kind (and key, if given) whose text has one of `words` as a whole JSON string, oldest first. */
  mentioning<K extends JournalKind>(kind: K, key: string | null, words: readonly string[]): readonly StoredEntry<K>[];
  /**
   * Removes settled entries older than `days`. Inspects at most COMPACT_CHUNK entries per call, so that it never blocks
   * long. Open ones stay: see retention.ts.
   */
  compact(nowMs: number): CompactionStep;
}

export interface RetentionOptions {
  /** GRVT_HEDGE_JOURNAL_DAYS, > 0. */
  readonly days: number;
  /**
   * Whether the last entry of a latest-wins kind may be removed: a delivered message, a closed alert. Default: its body
   * is `null` or has `settled: true`.
   */
  readonly settled?: (entry: StoredEntry) => boolean;
}
