import { shapeOf, shown } from './wording.ts';

export interface DotenvReading {
  /** Values by name, as written, without quotes. */
  readonly values: Readonly<Record<string, string>>;
  /** Each begins with the line number. They contain no part of a value, which may be a key. */
  readonly errors: readonly string[];
}

/** A line's name and value, nothing, or why it is ambiguous. */
type Line =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  | { readonly kind: 'problem'; readonly name: string | null; readonly problem: string };

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=(.*)$/s;
const SINGLE = "write it in single quotes ('…'), which take it as it is";

/**
 * Reads `.env` (strategy 2.1): one `NAME=value` per line, with `export`, spaces around `=`, quotes and comments as
 * every program reads them. What programs interpret differently is an error, since a key cut off at a `#` would be used
 * unnoticed.
 * @param isOurs whether this program reads the name; of other lines only the end is determined @param sameName
 * canonical name of two spellings, for duplicates @param file its name, for errors
 */
export function readDotenv(
  text: string,
  isOurs: (name: string) => boolean,
  sameName: (name: string) => string = (name) => name,
  file = '.env',
): DotenvReading {
  const values: Record<string, string> = {};
  const errors: string[] = [];
  const seenOn = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const at = `${file} line ${index + 1}`;
    const line = readLine(content, isOurs);
    if (line.kind === 'nothing') continue;
    if (line.name !== null && isOurs(line.name)) {
      const earlier = seenOn.get(sameName(line.name));
      if (earlier !== undefined)
        errors.push(`${at}: ${line.name}: is on line ${earlier} already: expected each name once`);
      else seenOn.set(sameName(line.name), index + 1);
    }
    if (line.kind === 'value') values[line.name] = line.value;
    else errors.push(`${at}: ${line.name === null ? '' : `${line.name}: `}${line.problem}`);
  }
  return { values, errors };
}

function readLine(content: string, isOurs: (name: string) => boolean): Line {
  const text = content.trim();
  if (text === '' || text.startsWith('#')) return { kind: 'nothing' };
  const [, name = '', rest = ''] = ASSIGNMENT.exec(text) ?? [];
  if (name === '') return { kind: 'problem', name: null, problem: noAssignment(text, isOurs) };
  const ours = isOurs(name);
  const read = /^\s*["'`]/.test(rest) ? quoted(rest.trim()) : unquoted(rest);
  if ('value' in read) return { kind: 'value', name, value: read.value };
  if (ours || read.unended) return { kind: 'problem', name: ours ? name : null, problem: read.problem };
  return { kind: 'nothing' };
}

function noAssignment(text: string, isOurs: (name: string) => boolean): string {
  const name = /^(?:export\s+)?(\w+)/.exec(text)?.[1] ?? '';
  return isOurs(name)
    ? `${shown(name)} is not followed by "=": expected NAME=value`
    : `is no NAME=value (not shown: ${shapeOf(text)}): expected that, or # before a comment`;
}

type Read = { readonly value: string } | { readonly problem: string; readonly unended?: boolean };

function quoted(text: string): Read {
  const quote = text.charAt(0);
  if (quote === '`') return { problem: `backquotes are a command to a shell: ${SINGLE}` };
  const end = text.indexOf(quote, 1);
  if (end < 0) return { problem: `the quote ${quote} is not closed on this line: expected it closed`, unended: true };
  const [value, after] = [text.slice(1, end), text.slice(end + 1)];
  if (quote === '"' && value.includes('\\')) {
    return { problem: `a backslash in double quotes is an escape to some programs: ${SINGLE}` };
  }
  if (quote === '"' && EXPANDS.test(value)) return { problem: expanding };
  if (!/^\s*$|^\s+#/.test(after)) {
    return { problem: 'text after the closing quote: expected nothing there, or a comment after a space' };
  }
  return { value };
}

/** What some programs replace by a variable or a command's output. */
const EXPANDS = /\$[\w{($]/;
const expanding = `"$" is replaced by some programs, not by this one: ${SINGLE}`;

function unquoted(text: string): Read {
  const comment = /\s#/.exec(text);
  const value = (comment === null ? text : text.slice(0, comment.index)).trim();
  if (value.includes('#')) return { problem: `"#" without a space before it is a comment to some programs: ${SINGLE}` };
  if (/["'`\u2018\u2019\u201c\u201d]/.test(value)) {
    return { problem: 'a quote inside the value: expected quotes around all of it, or none' };
  }
  if (EXPANDS.test(value)) return { problem: expanding };
  if (value.endsWith('\\'))
    return { problem: `a backslash at the end continues the line for some programs: ${SINGLE}` };
  return { value };
}
