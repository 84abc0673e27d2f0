import { EXCHANGES } from '../settings/index.ts';
import { OptionError } from '../texts/option-error.ts';

/** Environments with public market data. */
export const ENVIRONMENTS = ['prod', 'testnet', 'staging', 'dev'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** The address of public market data. @throws OptionError */
export function originOf({ env, url }: { readonly env: Environment; readonly url?: string }, option = '--url'): string {
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
  throw new OptionError(option, url, {
    en: `an address such as http://127.0.0.1:8700, or one of ${ENVIRONMENTS.join(', ')}`,
    zh: `地址，例如 http://127.0.0.1:8700，或其中之一：${ENVIRONMENTS.join('、')}`,
  });
}
