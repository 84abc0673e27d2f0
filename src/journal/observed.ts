import type { JournalEntry } from '../ports.ts';
import type { EngineJournal } from './engine-journal.ts';

/** The same journal; `onAppended` receives what was appended, once it is written. It must not throw. */
export function observedJournal(
  journal: EngineJournal,
  onAppended: (entries: readonly JournalEntry[]) => void,
): EngineJournal {
  return {
    name: journal.name,
    notices: journal.notices,
    append: (entries) => {
      journal.append(entries);
      onAppended(entries);
    },
    latest: (kind, key) => journal.latest(kind, key),
    latestOfEach: (kind) => journal.latestOfEach(kind),
    scan: (filter) => journal.scan(filter),
    close: () => journal.close(),
    unsettledKeys: () => journal.unsettledKeys(),
    newest: (kind) => journal.newest(kind),
    mentioning: (kind, key, words) => journal.mentioning(kind, key, words),
    compact: (nowMs) => journal.compact(nowMs),
  };
}
