import { errorText } from '../core/error-text.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { Locks } from '../journal/lock.ts';

/** What a run does for its journal and its locks from time to time. */

const DAY_MS = 86_400_000;

/** Pause between two steps of the journal's upkeep, so that it never holds up a decision. */
const COMPACT_PAUSE_MS = 250;

/**
 * From the start to the first upkeep: the open looks at a bounded number of old entries, and a run that never lasts a day
 * would leave the rest for ever. By then the start's own reads and orders are done.
 */
const COMPACT_FIRST_MS = 60_000;

/**
 * Between two looks at the locks: how long a second engine can run unnoticed once a lock's file was removed. A look costs
 * microseconds; a minute is what the heartbeat allows too.
 */
export const LOCK_CHECK_MS = 60_000;

/**
 * Removes settled history, a minute after the start and then once a day, a little at a time. That it fails stops nothing:
 * what must be written is written by others, who see for themselves.
 *
 * @param tell what went wrong, once a day at most
 * @returns ends it; no step follows
 */
export function keepJournalSmall(journal: Pick<EngineJournal, 'compact'>, tell: (message: string) => void): () => void {
  const step = () => {
    let more = false;
    try {
      more = journal.compact(Date.now()).more;
    } catch (thrown) {
      tell(`old entries could not be removed: ${errorText(thrown)}`);
    }
    timer = setTimeout(step, more ? COMPACT_PAUSE_MS : DAY_MS);
  };
  let timer = setTimeout(step, COMPACT_FIRST_MS);
  return () => clearTimeout(timer);
}

/**
 * Looks at the locks every minute (strategy 11.1): one that was taken again is a warning, one that is not ours an alert each
 * time, repeated by strategy 12. It stops nothing: which of two engines is the right one a person decides.
 */
export function watchLocks(
  locks: Pick<Locks, 'check'>,
  tell: { readonly warn: (message: string) => void; readonly alert: (message: string) => void },
): NodeJS.Timeout {
  return setInterval(() => {
    for (const { held, message } of locks.check()) (held ? tell.warn : tell.alert)(message);
  }, LOCK_CHECK_MS);
}
