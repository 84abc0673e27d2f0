import type { JournalEntry } from '../core/journal-entry.ts';
import type { RolloutProgress } from '../core/rollout.ts';
import type { Journal } from '../ports.ts';

/** A symbol's progress in the gray rollout (strategy 16.7), in the journal. */

const noteKey = (instrument: string) => `rollout:${instrument}`;

export function progressEntry(instrument: string, body: RolloutProgress, atMs: number): JournalEntry {
  return { kind: 'note', key: noteKey(instrument), atMs, body };
}

/** null: it has not started. */
export function readProgress(journal: Pick<Journal, 'latest'>, instrument: string): RolloutProgress | null {
  const body = journal.latest('note', noteKey(instrument))?.body;
  return (body as RolloutProgress | undefined) ?? null;
}
