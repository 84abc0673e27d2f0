import { randomBytes } from 'node:crypto';
import {
  type DatabaseJournal,
  type OpenDatabaseOptions,
  openDatabaseJournal,
} from '../../../src/journal/postgres/journal.ts';
import { CLOCK, temporaryDirectory } from '../support.ts';

/** A journal of a pair and a directory of its own, unless told otherwise. */
export function openPair(address: string, more: Partial<OpenDatabaseOptions> = {}): Promise<DatabaseJournal> {
  return openDatabaseJournal({
    address,
    pairName: `test-${randomBytes(4).toString('hex')}`,
    directory: more.directory ?? temporaryDirectory(),
    days: 30,
    clock: CLOCK,
    steadyMs: () => performance.now(),
    ...more,
  });
}
