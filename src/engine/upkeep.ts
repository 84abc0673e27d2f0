import { whyOf } from '../core/error-text.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Locks } from '../journal/lock.ts';

/** Periodic maintenance of journal and locks. */

const DAY_MS = 86_400_000;

/** Pause between two steps of compaction, so that it never delays a decision. */
const COMPACT_PAUSE_MS = 250;

/**
 * Delay of the first compaction: opening inspects a bounded number of entries, and a run that never lasts a day would
 * leave the rest for ever.
 */
const COMPACT_FIRST_MS = 60_000;

/** Interval of checking the locks: how long a second engine can run unnoticed after a lock file was removed. */
export const LOCK_CHECK_MS = 60_000;

/**
 * Removes settled history, a minute after the start and then daily, in small steps. Failures stop nothing: other
 * writers notice an unwritable journal themselves.
 * @param tell receives errors, at most once a day @returns ends it
 */
export function keepJournalSmall(journal: Pick<EngineJournal, 'compact'>, tell: (why: Reason) => void): () => void {
  const step = () => {
    let more = false;
    try {
      more = journal.compact(Date.now()).more;
    } catch (thrown) {
      tell(reason('journal-not-compacted', '9.3', { why: whyOf(thrown) }));
    }
    timer = setTimeout(step, more ? COMPACT_PAUSE_MS : DAY_MS);
  };
  let timer = setTimeout(step, COMPACT_FIRST_MS);
  return () => clearTimeout(timer);
}

/**
 * Checks the locks every minute (strategy 11.1): a warning for one that was taken again, an alert for one that was
 * lost, repeated by strategy 12. Stops nothing: a person decides which of two engines is the right one.
 */
export function watchLocks(
  locks: Pick<Locks, 'check'>,
  tell: { readonly warn: (why: Reason) => void; readonly alert: (why: Reason) => void },
): NodeJS.Timeout {
  return setInterval(() => {
    for (const { held, why } of locks.check()) (held ? tell.warn : tell.alert)(why);
  }, LOCK_CHECK_MS);
}
