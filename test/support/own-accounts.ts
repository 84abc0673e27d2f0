import { randomInt } from 'node:crypto';
import { credentialsFromSeed, type PaperCredentials } from '../../src/paper/sessions.ts';

/** Accounts that no other test run on this machine uses: an engine's process holds the names of its accounts (strategy 11.1). */
export function ownAccounts(): readonly PaperCredentials[] {
  const seed = randomInt(2 ** 31);
  return ['A', 'B'].map((name) => credentialsFromSeed(seed, name, true));
}
