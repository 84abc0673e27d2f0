/**
 * Control characters in foreign text that a terminal would execute or that reverse the writing direction: C0 (except
 * line breaks and tabs), DEL, C1, and bidirectional marks. They are shown as `\u001b`, so that a reader sees them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that must not reach anybody
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** The same in JSON text, where C0 is escaped already; escaped backslashes are skipped. */
const UNPRINTABLE_IN_JSON =
  /\\\\|\\u00(?:0[0-8b-f]|1[0-9a-f])|\\[bfr]|[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Escapes unprintable characters; JSON text stays JSON of the same value. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** JSON text whose values are printable after parsing. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, (found) => {
    if (found === '\\\\') return found;
    return `\\${escaped(JSON.parse(`"${found}"`) as string)}`;
  });
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
