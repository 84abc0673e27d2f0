import { proxyOf, type Settings, shownProxy } from '../settings/index.ts';
import { checkText } from '../texts/check.ts';
import type { Language } from '../texts/language.ts';
import type { Venue } from './venue.ts';

/** The proxy for an address, with user and password; null: direct. */
export type ProxyFor = (url: string) => string | null;

export function proxyFor({ proxy }: Settings): ProxyFor {
  return (url) => proxyOf(url, proxy)?.reveal() ?? null;
}

/**
 * Every host the engine connects to and the route there, one line each, for `check` and the start (strategy 2.1). Only
 * the origin of a message address, since the rest may be a key.
 */
export function hostLines(settings: Settings, venue: Venue, language: Language = 'en'): string[] {
  const { hosts } = venue;
  const used = [
    ['hostLogin', hosts.edge],
    ['hostTrading', hosts.trades],
    ['hostMarketData', hosts.marketData],
    ['hostMessages', settings.telegram?.gatewayUrl],
    ['hostHeartbeat', settings.heartbeatUrl],
  ] as const;
  return used.flatMap(([what, url]) => {
    if (!url) return [];
    const proxy = proxyOf(url, settings.proxy);
    const way =
      proxy === null
        ? checkText(language, 'directly')
        : checkText(language, 'throughProxy', { proxy: shownProxy(proxy) });
    return [checkText(language, 'host', { what: checkText(language, what), origin: new URL(url).origin, way })];
  });
}
