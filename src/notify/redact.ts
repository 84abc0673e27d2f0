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
