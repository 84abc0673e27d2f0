import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { whyOf } from '../core/error-text.ts';
import { reason } from '../core/reasons.ts';
import { MarketError, unusable } from './errors.ts';

/** Rows of a CSV file, one at a time. */

/** A longer line is no CSV of candles or trades. */
const MOST_LINE = 64 * 1024;
export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Read and held at a time. */
const BLOCK = 256 * 1024;
const NEWLINE = 0x0a;
const ZIP = /\.zip$/i;

export interface Line {
  readonly line: string;
  /** From 1. */
  readonly number: number;
}

export interface LinesOptions {
  /** Lines before the first relevant one, such as an address above the header. */
  readonly skip: number;
  /** Whether the first relevant line has column names; it comes first in either order. */
  readonly header: boolean;
  /** The file has its newest row first: it is read from its end. */
  readonly newestFirst: boolean;
}

/** The lines of a file, decompressing `.gz` and `.zst`, rows oldest first. @throws MarketError if it is unreadable */
export async function* linesOf(file: string, { skip, header, newestFirst }: LinesOptions): AsyncGenerator<Line> {
  if (ZIP.test(file))
    throw unusable(file, null, {
      en: 'CSV, .gz or .zst, no ZIP archive: unpack it first',
      zh: ' CSV、.gz 或 .zst，而不是 ZIP：请先解压',
    });
  const first = skip + (header ? 1 : 0);
  let count = 0;
  for await (const line of forwards(file)) {
    count = line.number;
    if (count <= skip || (newestFirst && count > first)) continue;
    yield line;
  }
  if (newestFirst) yield* backwards(file, count, first);
}

async function* forwards(file: string): AsyncGenerator<Line> {
  const source = createReadStream(file, { highWaterMark: BLOCK });
  const unpack = unpackerOf(file);
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
      refuseLong(file, rest.length, number + 1);
    }
  } catch (thrown) {
    throw unreadable(file, thrown);
  } finally {
    source.destroy();
  }
  if (rest !== '') yield { line: withoutReturn(rest), number: number + 1 };
}

/** The last of `count` lines first, down to the one after `first`. A compressed file is unpacked to a temporary one. */
async function* backwards(file: string, count: number, first: number): AsyncGenerator<Line> {
  const unpack = unpackerOf(file);
  const directory = unpack === null ? null : await mkdtemp(join(tmpdir(), 'grvt-csv-'));
  const plain = directory === null ? file : join(directory, 'rows.csv');
  try {
    if (unpack !== null) await pipeline(createReadStream(file), unpack, createWriteStream(plain));
    const handle = await open(plain);
    try {
      let end = (await handle.stat()).size;
      let rest = Buffer.alloc(0);
      let number = count;
      const take = (line: Buffer) => ({ line: withoutReturn(line.toString('utf8')), number: number-- });
      // The text after the last line break is a line only if it is not empty.
      let isBehindLast = true;
      while (end > 0 && number > first) {
        const size = Math.min(BLOCK, end);
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, end - size);
        if (bytesRead !== size)
          throw unusable(file, null, { en: 'a file that nobody cuts while it is read', zh: '读取期间不被截短的文件' });
        end -= size;
        rest = Buffer.concat([buffer, rest]);
        for (let at = rest.lastIndexOf(NEWLINE); at >= 0 && number > first; at = rest.lastIndexOf(NEWLINE)) {
          const line = rest.subarray(at + 1);
          rest = rest.subarray(0, at);
          if (!isBehindLast || line.length > 0) yield take(line);
          isBehindLast = false;
        }
        refuseLong(file, rest.length, number);
      }
      if (number > first) yield take(rest);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw unreadable(file, thrown);
  } finally {
    if (directory !== null) await rm(directory, { recursive: true });
  }
}

function unpackerOf(file: string) {
  return file.endsWith('.gz') ? createGunzip() : file.endsWith('.zst') ? createZstdDecompress() : null;
}

function refuseLong(file: string, length: number, number: number): void {
  if (length > MOST_LINE)
    throw unusable(file, null, {
      en: `lines of at most ${MOST_LINE} characters: line ${number} is longer`,
      zh: `每行最多 ${MOST_LINE} 个字符：第 ${number} 行更长`,
    });
}

function unreadable(file: string, thrown: unknown): MarketError {
  return thrown instanceof MarketError
    ? thrown
    : new MarketError(reason('market-unreadable', '19.1', { at: file, why: whyOf(thrown) }));
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

/** The delimiter that gives the most fields. */
export function delimiterOf(line: string): string {
  const counts = DELIMITERS.map((delimiter) => fieldsOf(line, delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',';
}
