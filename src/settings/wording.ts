import { distance } from 'fastest-levenshtein';

/** Longest value repeated in an error. */
const SHOWN_CHARS = 80;

/** A private key pasted into the wrong variable must not be printed in the error about it. */
const KEY_LIKE = /[0-9a-f]{64}/i;

/** A password inside a URL. */
const URL_PASSWORD = /\/\/[^/?#\s]*@/;

/**
 * A value for an error message: quoted, control characters escaped, shortened. What looks like a key or contains a
 * password is described instead.
 */
export function shown(value: string): string {
  if (KEY_LIKE.test(value)) return `a value that looks like a key (${shapeOf(value)}, not shown)`;
  if (URL_PASSWORD.test(value)) return `a URL with a user or password in it (${value.length} characters, not shown)`;
  const cut = value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}…` : value;
  return JSON.stringify(cut);
}

/** An address that clearly names its host. */
const HTTP_HOST = /^https?:\/\/[^\s/?#\\]/i;

/**
 * An address for an error message, whose rest may be a key: its origin and shape. Only the shape if the host is
 * uncertain (no scheme, user or password, a key instead of a host).
 */
export function shownOrigin(value: string): string {
  const shape = `not shown: ${shapeOf(value)}`;
  const certain = HTTP_HOST.test(value) && !value.includes('@') && !KEY_LIKE.test(value) && URL.canParse(value);
  return certain ? `"${new URL(value).origin}" and more (${shape})` : `the value given (${shape})`;
}

/** The shape of a secret: its length and kind of characters. */
export function shapeOf(value: string): string {
  return `${value.length} character${value.length === 1 ? '' : 's'}, ${characterKind(value)}`;
}

function characterKind(value: string): string {
  if (/^\d+$/.test(value)) return 'all digits';
  if (/^0x[0-9a-f]*$/i.test(value)) return `0x and ${value.length - 2} hex digits`;
  if (/^[0-9a-f]+$/i.test(value)) return 'all hex digits, no 0x';
  if (/\s/.test(value)) return 'with white space in it';
  if (/^[\x21-\x7e]+$/.test(value)) return 'letters, digits and signs';
  return 'with characters that are not printable ASCII';
}

/**
 * The nearest known word, case-insensitive; null if none is near enough: neither a prefix nor within two typing errors
 * or a third of the word.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  const lower = word.toLowerCase();
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const typos = lower.length >= 3 && other.startsWith(lower) ? 1 : distance(lower, other);
    if (typos < least) {
      least = typos;
      best = candidate;
    }
  }
  return least <= Math.max(2, Math.floor(word.length / 3)) ? best : null;
}

/** The known word with the fewest typing errors; null only if no word is known. */
export function closest(word: string, known: readonly string[]): string | null {
  const typos = (candidate: string) => distance(word.toLowerCase(), candidate.toLowerCase());
  return known.reduce<string | null>((best, one) => (best !== null && typos(best) <= typos(one) ? best : one), null);
}

/** `; did you mean X?`, or empty. */
export function suggestion(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === null ? '' : `; did you mean ${near}?`;
}
