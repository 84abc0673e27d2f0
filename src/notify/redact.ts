/** Shorter than this a secret is not searched for: it would blank out half of every text and hide nothing. */
const SHORTEST_SECRET = 4;

/**
 * Text without the secrets, in whatever spelling they may come back: plain, in JSON, in a URL. To be used before cutting
 * a text short, lest half a secret is left.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return spellings.reduce((left, spelling) => left.replaceAll(spelling, '***'), text);
}

/** A path shorter than this, without a query, is a word (`/send-message`), no key; sought everywhere it would blank out ours. */
const SHORTEST_KEY_PATH = 16;

/**
 * What of an address must never be printed: all that stands beyond its origin may be a key (a dead-man switch, a bot).
 * The whole of it, and what is sent of it, since a server repeats that ("Cannot POST /…"). An origin alone is none;
 * of what is no address all may be one.
 */
export function secretsOfAddress(address: string): string[] {
  if (!URL.canParse(address)) return [address];
  const { origin, href, pathname, search } = new URL(address);
  const sent = `${pathname}${search}`;
  if (href === `${origin}/`) return [];
  return [address, href, ...(search !== '' || sent.length >= SHORTEST_KEY_PATH ? [sent] : [])];
}
