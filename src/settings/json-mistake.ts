import type { JsonExpected } from '../core/start-reasons.ts';

/** The first place where a text is not JSON. Lines and columns begin at 1; a column counts UTF-16 units. */
export interface JsonMistake {
  readonly line: number;
  readonly column: number;
  readonly expected: JsonExpected;
  /** The text ends there. */
  readonly isAtEnd: boolean;
}

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const OTHER = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/**
 * Finds where `JSON.parse` failed and what was expected there. Contains nothing of the text, which may be a key file
 * named by mistake. For an invalid string the place is its beginning. @returns null if the text is JSON
 */
export function jsonMistake(text: string): JsonMistake | null {
  let at = 0;
  /** Closing brackets of all open lists and objects, the innermost last. */
  const open: (']' | '}')[] = [];
  let expected: JsonExpected = 'value';
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) !== null;
    if (found) at = pattern.lastIndex;
    return found;
  };
  const takes = (sign: string): boolean => {
    if (!text.startsWith(sign, at)) return false;
    at += sign.length;
    return true;
  };
  /** A key and its colon; a value follows. */
  const key = (): boolean => {
    take(SPACE);
    expected = 'key';
    if (!take(STRING)) return false;
    take(SPACE);
    expected = 'colon';
    return takes(':');
  };
  /** After a value: closing brackets, then a comma or the end. */
  const after = (): 'value' | 'end' | 'mistake' => {
    for (;;) {
      take(SPACE);
      const closing = open.at(-1);
      expected = closing ?? 'end';
      if (closing === undefined) return at === text.length ? 'end' : 'mistake';
      if (takes(closing)) open.pop();
      else if (takes(',')) return closing === ']' || key() ? 'value' : 'mistake';
      else return 'mistake';
    }
  };
  for (;;) {
    take(SPACE);
    expected = 'value';
    const opening = text.charAt(at);
    if (opening === '[' || opening === '{') {
      at += 1;
      open.push(opening === '[' ? ']' : '}');
      take(SPACE);
      const isEmpty = text.startsWith(open.at(-1) ?? '', at);
      if (!isEmpty) {
        if (opening === '{' && !key()) return placed();
        continue;
      }
    } else if (!take(STRING) && !take(OTHER)) return placed();
    const next = after();
    if (next === 'end') return null;
    if (next === 'mistake') return placed();
  }

  function placed(): JsonMistake {
    const before = text.slice(0, at).split(/\r\n|\n|\r/);
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { line: before.length, column, expected, isAtEnd: at >= text.length };
  }
}
