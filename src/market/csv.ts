import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorText } from '../core/error-text.ts';
import { MarketError } from './errors.ts';

/** Rows of a CSV file, one at a time. */

/** A longer line is no CSV of candles or trades. */
const MOST_LINE = 64 * 1024;
export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** The lines of a file, `.gz` and `.zst` unpacked, with their numbers from 1. @throws MarketError when it cannot be read */
export async function* linesOf(file: string): AsyncGenerator<{ readonly line: string; readonly number: number }> {
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  const unpack = file.endsWith('.gz') ? createGunzip() : file.endsWith('.zst') ? createZstdDecompress() : null;
  const bytes: Readable = unpack === null ? source : source.pipe(unpack);
  source.on('error', (error) => unpack?.destroy(error));
  bytes.setEncoding('utf8');
  let rest = '';
  let number = 0;
  try {
    for await (const chunk of bytes as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield { line: withoutReturn(line), number: ++number };
      if (rest.length > MOST_LINE)
        throw new MarketError(
          `${file}: line ${number + 1} is longer than ${MOST_LINE} characters: expected rows of text`,
        );
    }
  } catch (thrown) {
    if (thrown instanceof MarketError) throw thrown;
    throw new MarketError(`${file}: cannot be read: ${errorText(thrown)}`);
  } finally {
    source.destroy();
  }
  if (rest !== '') yield { line: withoutReturn(rest), number: number + 1 };
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** The fields of a line; a field in double quotes may hold the delimiter. */
export function fieldsOf(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const char = line[index];
    if (quoted && char === '"' && line[index + 1] === '"') {
      field += '"';
      index += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  fields.push(field);
  return fields;
}

/** The delimiter that splits this line into most fields. */
export function delimiterOf(line: string): string {
  const counts = DELIMITERS.map((delimiter) => fieldsOf(line, delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}
