import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/**
 * A witness beside the journal: the seq of the last entry that was durable, written after each append.
 *
 * SQLite drops what it cannot read of a cut or removed `-wal` without a word, because a torn tail is normal after a
 * crash. The witness tells the two apart: it is only ever behind the journal, so a journal that is behind it has lost
 * entries. It needs no sync: a process that is killed leaves its writes with the system, and after a power cut it is
 * merely older.
 */
export class Mark {
  readonly path: string;
  #fd: number | null = null;

  constructor(file: string) {
    this.path = `${file}.mark`;
  }

  /** The seq it holds; `missing`: no such file; `unreadable`: not what we wrote. */
  read(): number | 'missing' | 'unreadable' {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
      throw error;
    }
    try {
      // One byte more than ours, so that a longer file is seen to be not ours.
      const buffer = Buffer.alloc(LENGTH + 1);
      const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, LENGTH + 1, 0));
      const seq = Number(text.slice(0, DIGITS));
      return Number.isSafeInteger(seq) && text === lineOf(seq) ? seq : 'unreadable';
    } finally {
      closeSync(fd);
    }
  }

  write(seq: number): void {
    if (this.#fd === null) {
      this.#fd = openForWriting(this.path);
      // What someone else put there may be longer than a line of ours.
      ftruncateSync(this.#fd, LENGTH);
    }
    writeSync(this.#fd, lineOf(seq), 0, 'latin1');
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

const DIGITS = 16;
/** Digits, a blank, eight hex digits, a line feed: always the same length, so each write covers the last one. */
const LENGTH = DIGITS + 10;

function lineOf(seq: number): string {
  const digits = String(seq).padStart(DIGITS, '0');
  return `${digits} ${crc32(digits).toString(16).padStart(8, '0')}\n`;
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return openSync(path, 'wx+');
    throw error;
  }
}
