import { randomBytes } from 'node:crypto';
import {
  type DatabaseJournal,
  type OpenDatabaseOptions,
  openDatabaseJournal,
} from '../../../src/journal/postgres/journal.ts';
import { CLOCK, temporaryDirectory } from '../support.ts';

const opened: DatabaseJournal[] = [];

/** A journal of a pair and a directory of its own, unless told otherwise. */
export async function openPair(address: string, more: Partial<OpenDatabaseOptions> = {}): Promise<DatabaseJournal> {
  const journal = await openDatabaseJournal({
    address,
    pairName: `test-${randomBytes(4).toString('hex')}`,
    directory: more.directory ?? temporaryDirectory(),
    days: 30,
    clock: CLOCK,
    steadyMs: () => performance.now(),
    ...more,
  });
  opened.push(journal);
  return journal;
}

/** After each test: a journal that one which failed did not close would go on renewing its lease, and its file would not end. */
export async function closePairs(): Promise<void> {
  for (const journal of opened.splice(0)) {
    journal.close();
    await journal.ended.catch(() => {});
  }
}
