/** Strings and punctuation; other tokens need not be distinguished. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]/g;

/**
 * Duplicate keys of the list's objects, by index, in order of the text: `JSON.parse` silently keeps the last value.
 * Nested objects are not checked.
 * @param text a valid JSON list
 */
export function repeatedKeys(text: string): ReadonlyMap<number, readonly string[]> {
  const repeated = new Map<number, string[]>();
  let [depth, index] = [0, 0];
  /** How often each key of the present object occurred; null: not an object. */
  let keys: Map<string, number> | null = null;
  let keyNext = false;
  for (const [token] of text.matchAll(TOKENS)) {
    switch (token) {
      case '{':
      case '[':
        depth += 1;
        if (depth === 2) keys = token === '{' ? new Map() : null;
        keyNext = depth === 2;
        break;
      case '}':
      case ']':
        depth -= 1;
        keyNext = false;
        break;
      case ',':
        if (depth === 1) index += 1;
        keyNext = depth === 2;
        break;
      case ':':
        keyNext = false;
        break;
      default: {
        if (!keyNext || keys === null) break;
        const key = JSON.parse(token) as string;
        const times = (keys.get(key) ?? 0) + 1;
        keys.set(key, times);
        if (times === 2) repeated.set(index, [...(repeated.get(index) ?? []), key]);
      }
    }
  }
  return repeated;
}
