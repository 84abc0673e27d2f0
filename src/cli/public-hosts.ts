import { MarketError } from '../market/errors.ts';
import { EXCHANGES } from '../settings/index.ts';

/** Environments with public market data. */
export const ENVIRONMENTS = ['prod', 'testnet', 'staging', 'dev'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** The address of public market data. @throws MarketError */
export function originOf({ env, url }: { readonly env: Environment; readonly url?: string }): string {
  if (url === undefined) {
    const { hosts } = EXCHANGES[env];
    if (hosts === null) throw new Error(`${env} has no hosts of its own`);
    return hosts.marketDataUrl;
  }
  try {
    const { origin, protocol } = new URL(url);
    if (protocol === 'http:' || protocol === 'https:') return origin;
  } catch {
    // Reported below.
  }
  throw new MarketError(
    `${url}: expected an address such as http://127.0.0.1:8700, or one of ${ENVIRONMENTS.join(', ')}`,
  );
}
