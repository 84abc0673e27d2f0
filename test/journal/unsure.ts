import type { EngineJournal, RetentionOptions } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { journalWith } from '../../src/journal/observed.ts';

/** A journal that does not know whether what it took is safe, until the test decides: as one behind a network. */
export interface UnsureJournal extends EngineJournal {
  /** What was appended so far is safe, or, with a failure, may not be. */
  settle(failure: Error | null): void;
}

export function createUnsureJournal(retention?: RetentionOptions): UnsureJournal {
  const journal = createMemoryJournal(retention);
  const waiting: { resolve: () => void; reject: (failure: Error) => void }[] = [];
  let lastPlace = 0;
  let safePlace = 0;
  let failed: Error | null = null;
  return {
    ...journalWith(journal, {
      append(entries) {
        lastPlace = journal.append(entries);
        return lastPlace;
      },
      durable(place) {
        if (failed !== null) return Promise.reject(failed);
        if (place > lastPlace || place <= safePlace) return journal.durable(place);
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
    }),
    settle(failure) {
      failed = failure;
      if (failure === null) safePlace = lastPlace;
      for (const { resolve, reject } of waiting.splice(0)) failure === null ? resolve() : reject(failure);
    },
  };
}
