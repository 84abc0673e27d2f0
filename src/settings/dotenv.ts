import { type Reason, reason } from '../core/reasons.ts';
import { shapeOf, shown } from './wording.ts';

export interface DotenvReading {
  /** Values by name, as written, without quotes. */
  readonly values: Readonly<Record<string, string>>;
  /** They contain no part of a value, which may be a key. */
  readonly errors: readonly Reason[];
}

/** A line's name and value, nothing, or why it is ambiguous. */
type Line =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  | { readonly kind: 'problem'; readonly name: string | null; readonly problem: Reason };

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=(.*)$/s;

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
  const errors: Reason[] = [];
  const seenOn = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = readLine(content, isOurs);
    if (line.kind === 'nothing') continue;
    const { name } = line;
    const complain = (problem: Reason) =>
      errors.push(reason('env-line', '2.1', { file, line: index + 1, name, problem }));
    if (name !== null && isOurs(name)) {
      const earlier = seenOn.get(sameName(name));
      if (earlier !== undefined) complain(reason('line-repeats', '2.1', { earlier }));
      else seenOn.set(sameName(name), index + 1);
    }
    if (line.kind === 'value') values[line.name] = line.value;
    else complain(line.problem);
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

function noAssignment(text: string, isOurs: (name: string) => boolean): Reason {
  const name = /^(?:export\s+)?(\w+)/.exec(text)?.[1] ?? '';
  return isOurs(name)
    ? reason('line-without-equals', '2.1', { name: shown(name) })
    : reason('line-no-assignment', '2.1', shapeOf(text));
}

type Read = { readonly value: string } | { readonly problem: Reason; readonly unended?: boolean };

function quoted(text: string): Read {
  const quote = text.charAt(0);
  if (quote === '`') return { problem: reason('line-backquotes', '2.1') };
  const end = text.indexOf(quote, 1);
  if (end < 0) return { problem: reason('line-quote-open', '2.1', { quote }), unended: true };
  const [value, after] = [text.slice(1, end), text.slice(end + 1)];
  if (quote === '"' && value.includes('\\')) return { problem: reason('line-backslash', '2.1') };
  if (quote === '"' && EXPANDS.test(value)) return { problem: reason('line-expands', '2.1') };
  if (!/^\s*$|^\s+#/.test(after)) return { problem: reason('line-text-after-quote', '2.1') };
  return { value };
}

/** What some programs replace by a variable or a command's output. */
const EXPANDS = /\$[\w{($]/;

function unquoted(text: string): Read {
  const comment = /\s#/.exec(text);
  const value = (comment === null ? text : text.slice(0, comment.index)).trim();
  if (value.includes('#')) return { problem: reason('line-hash', '2.1') };
  if (/["'`\u2018\u2019\u201c\u201d]/.test(value)) return { problem: reason('line-quote-inside', '2.1') };
  if (EXPANDS.test(value)) return { problem: reason('line-expands', '2.1') };
  if (value.endsWith('\\')) return { problem: reason('line-continues', '2.1') };
  return { value };
}
