import { type AccountToLock, acquireLocks, type Locks } from '../journal/lock.ts';
import type { Settings } from '../settings/index.ts';
import type { Venue } from './venue.ts';

/** One engine per data directory and per account (strategy 11.1); with a lease the accounts wait for that. */
export function lockRun(settings: Settings, venue: Venue): Promise<Locks> {
  const accounts = settings.journalUrl === null ? accountsToLock(settings, venue) : [];
  return acquireLocks({ dataDirectory: settings.dataDir, accounts });
}

export function accountsToLock({ mode }: Settings, venue: Venue): AccountToLock[] {
  const keys = venue.paper === null ? [venue.keys.A, venue.keys.B] : [];
  return keys.map(({ subAccountId }) => ({ env: mode, subAccountId }));
}
