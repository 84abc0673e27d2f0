import { crc32 } from 'node:zlib';
import { encode } from '../core/codec.ts';
import type { JournalEntry, JournalKind } from '../core/journal-entry.ts';
import type { Redact } from '../ports.ts';
import { JOURNAL_KINDS } from './retention.ts';

/** An entry as it is stored. */
export interface Row {
  readonly seq: number;
  readonly kind: JournalKind;
  readonly key: string;
  readonly at_ms: number;
  readonly body: string;
  readonly checksum: number;
}

const KNOWN: ReadonlySet<string> = new Set(JOURNAL_KINDS);

/** Keys as stored: a lone surrogate cannot be written as UTF-8 and would be read back as another key. */
export function storedKey(key: string): string {
  return key.toWellFormed();
}

/** @throws TypeError for an unknown kind, an invalid time, or a body that is not plain data. */
export function toRow(seq: number, entry: JournalEntry, redact: Redact = (text) => text): Row {
  if (!KNOWN.has(entry.kind)) throw new TypeError(`not a kind of journal entry: ${JSON.stringify(entry.kind)}`);
  if (!Number.isFinite(entry.atMs))
    throw new TypeError(`journal entry ${entry.kind}: time is not a number: ${entry.atMs}`);
  const plain: string | undefined = encode(entry.body);
  if (plain === undefined) throw new TypeError(`journal entry ${entry.kind} ${entry.key}: the body is not data`);
  // A prepared order contains only our own data, and exactly its bytes are sent (strategy 9.3).
  const body = entry.kind === 'order.prepared' ? plain : redact(plain);
  const key = storedKey(entry.key);
  const row = { seq, kind: entry.kind, key, at_ms: entry.atMs, body };
  return { ...row, checksum: checksumOf(row) };
}

/** CRC-32 over every column: detects every single flipped bit and every burst of up to 32 bits. */
export function checksumOf(row: Omit<Row, 'checksum'>): number {
  return crc32(`${row.seq}\n${row.kind}\n${row.key}\n${row.at_ms}\n${row.body}`);
}
