import { closeSync, constants, fstatSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../core/error-text.ts';
import { ensurePrivateDirectory, openPrivate } from '../os/private-files.ts';

/** The live log file always has this name, so that it can be followed and searched (strategy 14). */
export const LOG_FILE_NAME = 'grvt_dual_maker_hedge.log';

const STEM = 'grvt_dual_maker_hedge';

/** Older files are named by when they were put aside, UTC; the number tells two of one second apart. */
const OLD_NAME = /^grvt_dual_maker_hedge\.\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z(\.\d+)?\.log$/;

/** A file an editor still opens with ease; a quiet day is well below. */
export const MAX_FILE_BYTES = 20_000_000;

/** Older files kept: with the size above, never more than 300 MB of logs. */
export const MAX_OLD_FILES = 14;

/** Where lines of the log go. */
export interface LogFile {
  /** Appends a line (with its end). Throws when it cannot be written. */
  write(text: string, atMs: number): void;
  close(): void;
}

export interface LogFileOptions {
  readonly dir: string;
  readonly maxBytes?: number;
  readonly maxOldFiles?: number;
  /** Hears that old files could not be renamed or deleted; standard error unless told otherwise. */
  readonly complain?: (text: string) => void;
}

/**
 * Opens the live log file for appending, making the directory. When it would pass its size, or a new day (UTC) begins, it is
 * renamed and a new one begun; the oldest beyond the count are deleted. Written synchronously, so that the last line before
 * a crash is there. A file that another program renamed, deleted or replaced (logrotate) is opened again with the next line,
 * which may stand in a new one; one that was cut to nothing is gone on with. A rename that fails (Windows: another program holds the file) is said, and the log goes on in the same
 * file for as long again.
 *
 * @throws what the file system throws when the directory or file cannot be made.
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
  /** The file that has the name now: with each line, for a look takes a microsecond and lines are few. */
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
        // Closed first: Windows renames no open file. Forgotten first too, so that a failure here is mended by the next line.
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

/** The live file: which one it is to the file system, its size and the day (UTC) of its lines; null: it has none. */
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

/** Files put aside, oldest first. */
function oldFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => OLD_NAME.test(name))
    .sort();
}
