import { distance } from 'fastest-levenshtein';
import { type Reason, reason } from '../core/reasons.ts';
import type { ShownValue, TextShape } from '../core/start-reasons.ts';

/** Longest value repeated in an error. */
const SHOWN_CHARS = 80;

/** A private key pasted into the wrong variable must not be printed in the error about it. */
const KEY_LIKE = /[0-9a-f]{64}/i;

/** A password inside a URL. */
const URL_PASSWORD = /\/\/[^/?#\s]*@/;

/**
 * A value for an error: quoted, control characters escaped, shortened. What looks like a key or contains a password is
 * described instead.
 */
export function shown(value: string): ShownValue {
  if (KEY_LIKE.test(value)) return { hidden: 'key', ...shapeOf(value) };
  if (URL_PASSWORD.test(value)) return { hidden: 'url', ...shapeOf(value) };
  return JSON.stringify(value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}…` : value);
}

/** An address that clearly names its host. */
const HTTP_HOST = /^https?:\/\/[^\s/?#\\]/i;

/**
 * An address for an error, whose rest may be a key: its origin and shape. Only the shape if the host is uncertain (no
 * scheme, user or password, a key instead of a host).
 */
export function shownOrigin(value: string): ShownValue {
  const certain = HTTP_HOST.test(value) && !value.includes('@') && !KEY_LIKE.test(value) && URL.canParse(value);
  return certain ? { hidden: 'rest', origin: new URL(value).origin, ...shapeOf(value) } : hidden(value);
}

/** A value that is never shown. */
export function hidden(value: string): ShownValue {
  return { hidden: 'value', ...shapeOf(value) };
}

/** The shape of a secret: its length and kind of characters. */
export function shapeOf(value: string): TextShape {
  return { characters: value.length, kind: kindOf(value) };
}

function kindOf(value: string): TextShape['kind'] {
  if (/^\d+$/.test(value)) return 'digits';
  if (/^0x[0-9a-f]*$/i.test(value)) return 'hex-0x';
  if (/^[0-9a-f]+$/i.test(value)) return 'hex';
  if (/\s/.test(value)) return 'white-space';
  return /^[\x21-\x7e]+$/.test(value) ? 'printable' : 'not-ascii';
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

/** A problem of a variable, a file, or a row's key. */
export function wrongAt(at: ShownValue, problem: Reason): Reason {
  return reason('wrong-at', problem.rule, { at, problem });
}
