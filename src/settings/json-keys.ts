/** Strings and the signs between them; numbers, true, false and null need not be told apart. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]/g;

/**
 * Keys that an object of the list has more than once, by the object's place in the list; each key once, in the order of the
 * text. `JSON.parse` keeps the last value of such a key without a word. Keys of objects further inside are not looked at.
 *
 * @param text JSON that `JSON.parse` has read, of a list
 */
export function repeatedKeys(text: string): ReadonlyMap<number, readonly string[]> {
  const repeated = new Map<number, string[]>();
  let [depth, index] = [0, 0];
  /** How often each key of the present object has come; null: what stands at this place of the list is no object. */
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
