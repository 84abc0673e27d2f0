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

/** Keys as stored: a lone surrogate cannot be written as UTF-8 and would come back as another key. */
export function storedKey(key: string): string {
  return key.toWellFormed();
}

/**
 * The row of an entry.
 *
 * @throws TypeError for what no journal can hold: an unknown kind, a time that is not a number, a body that is not data.
 */
export function toRow(seq: number, entry: JournalEntry, redact: Redact = (text) => text): Row {
  if (!KNOWN.has(entry.kind)) throw new TypeError(`not a kind of journal entry: ${JSON.stringify(entry.kind)}`);
  if (!Number.isFinite(entry.atMs))
    throw new TypeError(`journal entry ${entry.kind}: time is not a number: ${entry.atMs}`);
  const plain: string | undefined = encode(entry.body);
  if (plain === undefined) throw new TypeError(`journal entry ${entry.kind} ${entry.key}: the body is not data`);
  // A prepared order is in our own words, and its bytes are the ones that are sent (strategy 9.3).
  const body = entry.kind === 'order.prepared' ? plain : redact(plain);
  const key = storedKey(entry.key);
  const row = { seq, kind: entry.kind, key, at_ms: entry.atMs, body };
  return { ...row, checksum: checksumOf(row) };
}

/** CRC-32 over every column: finds each single flipped bit and each burst up to 32 bits. */
export function checksumOf(row: Omit<Row, 'checksum'>): number {
  return crc32(`${row.seq}\n${row.kind}\n${row.key}\n${row.at_ms}\n${row.body}`);
}
