import type { JournalEntry } from '../core/journal-entry.ts';
import type { EngineJournal } from './engine-journal.ts';

/** That journal with some methods replaced. */
export function journalWith(
  journal: EngineJournal,
  other: Partial<Pick<EngineJournal, 'append' | 'durable' | 'close'>>,
): EngineJournal {
  return {
    name: journal.name,
    notices: journal.notices,
    append: (entries) => journal.append(entries),
    durable: (place) => journal.durable(place),
    latest: (kind, key) => journal.latest(kind, key),
    latestOfEach: (kind) => journal.latestOfEach(kind),
    scan: (filter) => journal.scan(filter),
    close: () => journal.close(),
    ...(journal.beforeSending && { beforeSending: () => journal.beforeSending?.() ?? (() => null) }),
    ...(journal.isOfPreviousHolder && { isOfPreviousHolder: (id) => journal.isOfPreviousHolder?.(id) === true }),
    ...(journal.whyNotCancel && { whyNotCancel: (id) => journal.whyNotCancel?.(id) ?? null }),
    unsettledKeys: () => journal.unsettledKeys(),
    newest: (kind) => journal.newest(kind),
    mentioning: (kind, key, words) => journal.mentioning(kind, key, words),
    compact: (nowMs) => journal.compact(nowMs),
    ...other,
  };
}

/** Observes a journal. It must not throw. */
export interface JournalObserver {
  appended(entries: readonly JournalEntry[], place: number): void;
  /** Called before those who wait for durability continue. */
  durable(place: number): void;
}

export function observedJournal(journal: EngineJournal, observer: JournalObserver): EngineJournal {
  return journalWith(journal, {
    append(entries) {
      const place = journal.append(entries);
      observer.appended(entries, place);
      return place;
    },
    async durable(place) {
      await journal.durable(place);
      observer.durable(place);
    },
  });
}
