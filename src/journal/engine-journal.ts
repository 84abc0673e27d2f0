import type { JournalKind, StoredEntry } from '../core/journal-entry.ts';
import type { Journal } from '../ports.ts';

/** What one step of compaction did. */
export interface CompactionStep {
  /** Entries removed. */
  readonly removed: number;
  /** There is more to look at: call again soon, after letting other work through. */
  readonly more: boolean;
}

/** The port, and what start, the CLI and the daily upkeep need besides. Both journals are one of these. */
export interface EngineJournal extends Journal {
  /** The file, or `memory`. */
  readonly name: string;
  /** What was found and mended at open, in words for the log. Empty: nothing. */
  readonly notices: readonly string[];
  /** Client order ids whose last word is not a final outcome, oldest first: what start must ask the exchange about (strategy 9.6, 11.2). */
  unsettledKeys(): readonly string[];
  /** The last entry of that kind, whatever its key. */
  newest<K extends JournalKind>(kind: K): StoredEntry<K> | null;
  /** Entries of that kind (and key, when given) whose text holds one of `words` as a whole JSON string, oldest first. */
  mentioning<K extends JournalKind>(kind: K, key: string | null, words: readonly string[]): readonly StoredEntry<K>[];
  /**
   * Removes settled history older than `days`, at most COMPACT_CHUNK entries looked at per call, so that it never blocks
   * long. What is open stays: see retention.ts.
   */
  compact(nowMs: number): CompactionStep;
}

/** What both journals are opened with. */
export interface RetentionOptions {
  /** GRVT_HEDGE_JOURNAL_DAYS, > 0. */
  readonly days: number;
  /**
   * True when the last entry of a latest-wins kind need not be kept for ever: a delivered message, an alert that is over.
   * Default: its body is `null` or carries `settled: true`.
   */
  readonly settled?: (entry: StoredEntry) => boolean;
}
