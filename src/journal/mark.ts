import { closeSync, constants, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemCode } from '../core/error-text.ts';
import { openPrivate } from '../os/private-files.ts';

/**
 * A file beside the journal with the place of the last entry written, of the last one known to be on disk, and the boot
 * id of the machine; written after each append, without sync.
 * SQLite silently drops what it cannot read of a truncated or removed `-wal`, since a torn tail is normal after a
 * crash. The mark distinguishes the two: a journal behind it has lost entries. During the same boot every entry written
 * must be there; after a power cut only those that were on disk, and the mark itself may be older.
 */
export class Mark {
  readonly path: string;
  readonly #boot: string;
  #fd: number | null = null;
  #writtenSeq = 0;
  #durableSeq = 0;

  /** @param boot constant until the machine reboots; '': unknown, as after a power cut. */
  constructor(file: string, boot: string = bootId()) {
    this.path = `${file}.mark`;
    this.#boot = boot.slice(0, BOOT).padEnd(BOOT, '-');
  }

  /** The place that the journal must reach; `missing`: no such file; `unreadable`: not written by us. */
  read(): number | 'missing' | 'unreadable' {
    const found = this.#read();
    if (typeof found === 'string') return found;
    return found.boot === this.#boot && found.boot !== UNKNOWN_BOOT ? found.written : found.durable;
  }

  /** The place of the last entry known to be on disk; 0: none. */
  readDurable(): number {
    const found = this.#read();
    return typeof found === 'string' ? 0 : found.durable;
  }

  #read(): { readonly written: number; readonly durable: number; readonly boot: string } | 'missing' | 'unreadable' {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return 'missing';
      throw error;
    }
    try {
      // One byte more than ours, to detect longer files.
      const buffer = Buffer.alloc(LENGTH + 1);
      const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, LENGTH + 1, 0));
      const [written = '', durable = '', boot = ''] = text.split(' ');
      if (text !== lineOf(Number(written), Number(durable), boot)) return 'unreadable';
      return { written: Number(written), durable: Number(durable), boot };
    } finally {
      closeSync(fd);
    }
  }

  /** The entry was written; `isDurable`: it is on disk with all before it. */
  write(seq: number, isDurable: boolean): void {
    this.#writtenSeq = seq;
    if (isDurable) this.#durableSeq = seq;
    this.#write();
  }

  /** The journal is on disk up to that entry. */
  noteDurable(seq: number): void {
    this.#durableSeq = Math.max(this.#durableSeq, seq);
    this.#write();
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #write(): void {
    if (this.#fd === null) {
      this.#fd = openPrivate(this.path, constants.O_RDWR | constants.O_CREAT);
      // A foreign file may be longer than our line.
      ftruncateSync(this.#fd, LENGTH);
    }
    writeSync(this.#fd, lineOf(this.#writtenSeq, this.#durableSeq, this.#boot), 0, 'latin1');
  }
}

const DIGITS = 16;
const BOOT = 36;
const UNKNOWN_BOOT = '-'.repeat(BOOT);
/** Two numbers, the boot id, eight hex digits and blanks: a constant length, so each write covers the last one. */
const LENGTH = 2 * (DIGITS + 1) + BOOT + 1 + 8 + 1;

function lineOf(writtenSeq: number, durableSeq: number, boot: string): string {
  const words = [writtenSeq, durableSeq]
    .map((seq) => String(seq).padStart(DIGITS, '0'))
    .concat(boot)
    .join(' ');
  return `${words} ${crc32(words).toString(16).padStart(8, '0')}\n`;
}

/** Linux has an id for each boot; '' elsewhere. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // Not Linux, or no /proc: only what was durable is required, as after a power cut.
    return '';
  }
}
