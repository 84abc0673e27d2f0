import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * A text file in separately compressed blocks, so that a process that dies loses only the block it was writing. Before
 * each zstd frame is a skippable frame with its length and checksum: `zstdcat` reads such a file directly.
 */

/** First of zstd's skippable frames. */
const MAGIC = 0x184d2a50;
/** Magic, payload length; then length of the compressed block, length of its text, CRC-32 of the compressed block. */
const HEAD_BYTES = 20;
const PAYLOAD_BYTES = 12;
/** Text per block: larger blocks hardly compress better. */
export const BLOCK_BYTES = 256 * 1024;
/** Longest text of a block that is read: at most a block and one record are written. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Appends one block and waits until it is on disk. */
export function appendBlock(fd: number, text: string): void {
  const raw = Buffer.from(text);
  const packed = zstdCompressSync(raw);
  const head = Buffer.alloc(HEAD_BYTES);
  for (const [index, value] of [MAGIC, PAYLOAD_BYTES, packed.length, raw.length, crc32(packed)].entries()) {
    head.writeUInt32LE(value, 4 * index);
  }
  writeAll(fd, Buffer.concat([head, packed]));
  fsyncSync(fd);
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** One block as it is read: its text, or what is wrong with it. */
export type Block =
  | { readonly text: string; readonly endsAt: number }
  /** `torn`: the file ends within it; `damaged`: its bytes changed. */
  | { readonly text: null; readonly wrong: 'torn' | 'damaged'; readonly at: number };

/** The blocks of a file in order, one in memory at a time. A damaged one is skipped if its length is still known. */
export function* blocksOf(path: string): Generator<Block> {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    for (let at = 0; ; ) {
      const got = readFully(fd, head, at);
      if (got === 0) return;
      if (got < HEAD_BYTES) return yield { text: null, wrong: 'torn', at };
      const packedBytes = head.readUInt32LE(8);
      const rawBytes = head.readUInt32LE(12);
      const isHead = head.readUInt32LE(0) === MAGIC && head.readUInt32LE(4) === PAYLOAD_BYTES;
      if (!isHead || packedBytes > MOST_BYTES || rawBytes > MOST_BYTES)
        return yield { text: null, wrong: 'damaged', at };
      const packed = Buffer.alloc(packedBytes);
      if (readFully(fd, packed, at + HEAD_BYTES) < packedBytes) return yield { text: null, wrong: 'torn', at };
      const text = crc32(packed) === head.readUInt32LE(16) ? unpacked(packed, rawBytes) : null;
      const endsAt = at + HEAD_BYTES + packedBytes;
      yield text === null ? { text: null, wrong: 'damaged', at } : { text, endsAt };
      at = endsAt;
    }
  } finally {
    closeSync(fd);
  }
}

function unpacked(packed: Buffer, rawBytes: number): string | null {
  try {
    const raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, rawBytes) });
    return raw.length === rawBytes ? raw.toString('utf8') : null;
  } catch {
    // No zstd frame of that length: the caller reports where.
    return null;
  }
}

function readFully(fd: number, into: Buffer, position: number): number {
  let got = 0;
  while (got < into.length) {
    const count = readSync(fd, into, got, into.length - got, position + got);
    if (count === 0) break;
    got += count;
  }
  return got;
}
