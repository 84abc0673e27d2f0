import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { errorText, systemCode } from '../core/error-text.ts';

/**
 * Standard output or error of a run (strategy 13.6), which cannot block the engine: Node writes to terminals and pipes
 * synchronously, and a full one would block the process.
 */
export interface EngineConsole {
  /** Writes the text, or drops it if nobody reads. Never blocks or throws. */
  write(text: string): void;
  /** A terminal, which shows colours. */
  readonly colour: boolean;
  /** Number of texts dropped so far. */
  lost(): number;
  /** Closes it at once, dropping what still waits. */
  close(): void;
}

export interface ConsoleOptions {
  /** Called when texts begin to be dropped, with the reason; once until writing works again. */
  readonly onLost?: (why: string) => void;
}

/** Bytes that may wait for the reader of a socket: the capacity of a pipe. */
const WAITING_MAX_BYTES = 65_536;

/** `write` returns the number of bytes accepted, and throws if nobody will ever read again. */
interface Sink {
  write(bytes: Uint8Array): number;
  close(): void;
}

/** @param fd 1 or 2 */
export function openConsole(fd: number, options: ConsoleOptions = {}): EngineConsole {
  let sink: Sink | null = sinkOf(fd);
  /** The rest of a partly written text: written first. At most one text and the note before it. */
  let rest: Uint8Array = new Uint8Array();
  let lost = 0;
  let dropped = 0;

  const lose = (why: string) => {
    const isFirst = dropped === 0;
    lost += 1;
    dropped += 1;
    if (isFirst) options.onLost?.(why);
  };
  const flush = (): boolean => {
    while (sink !== null && rest.length > 0) {
      const taken = sink.write(rest);
      if (taken === 0) return false;
      rest = rest.subarray(taken);
    }
    return true;
  };
  return {
    write(text) {
      if (sink === null) {
        lose('it is closed');
        return;
      }
      try {
        if (!flush()) {
          lose('nobody reads it');
          return;
        }
        const note = dropped === 0 ? '' : `… ${dropped} lines were not shown: nobody read the console\n`;
        dropped = 0;
        rest = Buffer.from(note + text);
        flush();
      } catch (thrown) {
        // A reader that has gone (`| head`, a closed terminal) does not come back.
        close(sink);
        sink = null;
        rest = new Uint8Array();
        lose(errorText(thrown));
      }
    },
    colour: isatty(fd),
    lost: () => lost,
    close() {
      if (sink !== null) close(sink);
      sink = null;
    },
  };
}

/**
 * Redirects what the process and its libraries write to the standard streams through consoles that never block, and
 * Node's warnings to `warn`. @returns ends it and closes both
 */
export function guardStandardStreams(out: EngineConsole, err: EngineConsole, warn: (text: string) => void): () => void {
  const guarded = [
    ['stdout', out],
    ['stderr', err],
  ] as const;
  const previous = guarded.map(([name]) => Object.getOwnPropertyDescriptor(process, name));
  for (const [name, one] of guarded) {
    const write = (chunk: unknown, _encoding: unknown, done: () => void) => {
      one.write(String(chunk));
      done();
    };
    Object.defineProperty(process, name, { configurable: true, value: new Writable({ write }) });
  }
  // Node prints warnings by a blocking write of its own.
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  const onWarning = ({ name, message }: Error) => warn(`${name}: ${message}`);
  process.on('warning', onWarning);
  return () => {
    process.off('warning', onWarning);
    for (const printer of printers) process.on('warning', printer);
    for (const [index, [name, one]] of guarded.entries()) {
      Object.defineProperty(process, name, previous[index] ?? {});
      one.close();
    }
  };
}

function close(sink: Sink): void {
  try {
    sink.close();
  } catch {
    // Already closed.
  }
}

/** A non-blocking writer for this descriptor; files do not block for long and are written directly. */
function sinkOf(fd: number): Sink | null {
  try {
    const kind = fstatSync(fd);
    if (kind.isFile()) return { write: (bytes) => writeSync(fd, bytes), close: () => {} };
    return opened(fd) ?? socket(fd);
  } catch {
    // There is no such descriptor: a service without a console.
    return null;
  }
}

/**
 * A descriptor of our own on the same terminal or pipe, because non-blocking mode is shared by everybody who uses the
 * given one. null: it cannot be opened again.
 */
function opened(fd: number): Sink | null {
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  for (const path of [`/proc/self/fd/${fd}`, ...(isatty(fd) ? ['/dev/tty'] : [])]) {
    let own: number;
    try {
      own = openSync(path, flags);
    } catch {
      continue;
    }
    return {
      write: (bytes) => {
        try {
          return writeSync(own, bytes);
        } catch (thrown) {
          if (systemCode(thrown) === 'EAGAIN') return 0;
          throw thrown;
        }
      },
      close: () => closeSync(own),
    };
  }
  return null;
}

/** Written asynchronously, with a limit on what waits. */
function socket(fd: number): Sink {
  const stream = new Socket({ fd, readable: false, writable: true });
  let failure: Error | null = null;
  stream.on('error', (thrown) => {
    failure = thrown;
  });
  // Does not keep the process alive.
  stream.unref();
  return {
    write(bytes) {
      if (failure !== null) throw failure;
      if (stream.writableLength > WAITING_MAX_BYTES) return 0;
      // Copied, since the stream keeps the buffer until it is written.
      stream.write(Buffer.from(bytes));
      return bytes.length;
    },
    close: () => stream.destroy(),
  };
}
