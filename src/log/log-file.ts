import { closeSync, constants, fstatSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../core/error-text.ts';
import { ensurePrivateDirectory, openPrivate } from '../os/private-files.ts';

/** The current log file always has this name, so that it can be followed and searched (strategy 14). */
export const LOG_FILE_NAME = 'grvt_dual_maker_hedge.log';

const STEM = 'grvt_dual_maker_hedge';

/** Older files have the UTC time of their rotation; the number distinguishes two in one second. */
const OLD_NAME = /^grvt_dual_maker_hedge\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z(\.\d+)?\.log$/;

/** An editor still opens such a file easily; a quiet day is well below. */
export const MAX_FILE_BYTES = 20_000_000;

/** Older files kept: with the size above, at most 300 MB of logs. */
export const MAX_OLD_FILES = 14;

export interface LogFile {
  /** Appends a line with its end. Throws if it cannot be written. */
  write(text: string, atMs: number): void;
  close(): void;
}

export interface LogFileOptions {
  readonly dir: string;
  readonly maxBytes?: number;
  readonly maxOldFiles?: number;
  /** Called if old files could not be renamed or deleted; default: standard error. */
  readonly complain?: (text: string) => void;
}

/**
 * Opens the current log file for appending, creating the directory. It is rotated when it would exceed its size or a
 * new UTC day begins; the oldest files beyond the count are deleted. Written synchronously, so that the last line
 * before a crash is there. If another program renames, deletes or replaces it (logrotate), the next line opens it
 * again; a truncated file is continued. A failing rename (Windows: another program holds the file) is reported, and the
 * same file is used for another period. @throws the file system's error if directory or file cannot be created.
 */
export function openLogFile(options: LogFileOptions): LogFile {
  const { dir, maxBytes = MAX_FILE_BYTES, maxOldFiles = MAX_OLD_FILES } = options;
  const complain = options.complain ?? ((text: string) => process.stderr.write(`${text}\n`));
  const path = join(dir, LOG_FILE_NAME);
  let live: OpenFile | null = null;
  let sizeBound = maxBytes;

  const open = () => {
    ensurePrivateDirectory(dir);
    const file = openPrivate(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
    const { size, mtimeMs, ino, dev } = fstatSync(file, { bigint: true });
    live = { file, ino, dev, size: Number(size), day: size === 0n ? null : dayOf(Number(mtimeMs)) };
    return live;
  };
  /** Checked for each line: it takes a microsecond and lines are few. */
  const named = (): OpenFile => {
    if (live === null) return open();
    const there = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (there !== undefined && there.ino === live.ino && there.dev === live.dev) {
      live.size = Number(there.size);
      return live;
    }
    const { file } = live;
    live = null;
    closeSync(file);
    return open();
  };
  const putAside = (atMs: number, size: number) => {
    try {
      renameSync(path, freeName(dir, atMs));
      sizeBound = maxBytes;
      const old = oldFiles(dir);
      for (const name of old.slice(0, Math.max(0, old.length - maxOldFiles))) rmSync(join(dir, name), { force: true });
    } catch (thrown) {
      sizeBound = size + maxBytes;
      complain(`Old log files could not be put aside or deleted: ${errorText(thrown)}`);
    }
  };
  open();

  return {
    write(text, atMs) {
      const bytes = Buffer.from(text);
      const today = dayOf(atMs);
      let current = named();
      const newDay = current.day !== null && current.day !== today;
      if (current.size > 0 && (newDay || current.size + bytes.length > sizeBound)) {
        // Closed first, since Windows renames no open file; forgotten, so that the next line recovers from a failure.
        live = null;
        closeSync(current.file);
        putAside(atMs, current.size);
        current = open();
      }
      current.day = today;
      let written = 0;
      while (written < bytes.length) written += writeSync(current.file, bytes, written);
      current.size += bytes.length;
    },
    close() {
      if (live !== null) closeSync(live.file);
      live = null;
    },
  };
}

/** The current file: its identity, its size and the UTC day of its lines; null: none. */
interface OpenFile {
  readonly file: number;
  readonly ino: bigint;
  readonly dev: bigint;
  size: number;
  day: string | null;
}

/** `2026-10-17`, UTC. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

function freeName(dir: string, atMs: number): string {
  const stamp = `${new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  const taken = new Set(readdirSync(dir));
  let name = `${STEM}.${stamp}.log`;
  for (let n = 1; taken.has(name); n += 1) name = `${STEM}.${stamp}.${n}.log`;
  return join(dir, name);
}

/** Rotated files, oldest first. */
function oldFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => OLD_NAME.test(name))
    .sort();
}
