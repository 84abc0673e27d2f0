import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { errorText } from '../core/error-text.ts';

/**
 * The console of a run (strategy 13.6): standard output or standard error, written so that nobody can hold up the engine by
 * not reading it. Node writes terminals and pipes synchronously, and one that is full blocks the whole process.
 */
export interface EngineConsole {
  /** Writes, or loses the text where nobody reads. Never blocks, never throws. */
  write(text: string): void;
  /** It is a terminal, which shows colours. */
  readonly colour: boolean;
  /** Texts that were lost so far. */
  lost(): number;
  /** Lets go of it at once, whatever still waits to be read. */
  close(): void;
}

export interface ConsoleOptions {
  /** Hears that texts begin to be lost, and why; once until it can be written again. */
  readonly onLost?: (why: string) => void;
}

/** Bytes that may wait for a reader of a socket, which takes them asynchronously: what a pipe holds. */
const WAITING_MAX_BYTES = 65_536;

/** What the texts go through. `write` returns how many bytes were taken; it throws where nobody will ever read again. */
interface Sink {
  write(bytes: Uint8Array): number;
  close(): void;
}

/** @param fd 1 or 2 */
export function openConsole(fd: number, options: ConsoleOptions = {}): EngineConsole {
  let sink: Sink | null = sinkOf(fd);
  /** The end of a text that was taken in part: it goes first. At most one text and the note before it. */
  let rest: Uint8Array = new Uint8Array();
  let lost = 0;
  let untold = 0;

  const lose = (why: string) => {
    const isFirst = untold === 0;
    lost += 1;
    untold += 1;
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
        const note = untold === 0 ? '' : `… ${untold} lines were not shown: nobody read the console\n`;
        untold = 0;
        rest = Buffer.from(note + text);
        flush();
      } catch (thrown) {
        // A reader that went away (`| head`, a closed terminal) does not come back.
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
 * Sends what the process and its libraries write to standard output and standard error through consoles that never block,
 * and Node's warnings to `warn`.
 *
 * @returns ends it, and lets go of both
 */
export function guardStandardStreams(out: EngineConsole, err: EngineConsole, warn: (text: string) => void): () => void {
  const guarded = [
    ['stdout', out],
    ['stderr', err],
  ] as const;
  const former = guarded.map(([name]) => Object.getOwnPropertyDescriptor(process, name));
  for (const [name, one] of guarded) {
    const write = (chunk: unknown, _encoding: unknown, done: () => void) => {
      one.write(String(chunk));
      done();
    };
    Object.defineProperty(process, name, { configurable: true, value: new Writable({ write }) });
  }
  // Node prints its warnings with a write of its own, which blocks.
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  const onWarning = ({ name, message }: Error) => warn(`${name}: ${message}`);
  process.on('warning', onWarning);
  return () => {
    process.off('warning', onWarning);
    for (const printer of printers) process.on('warning', printer);
    for (const [index, [name, one]] of guarded.entries()) {
      Object.defineProperty(process, name, former[index] ?? {});
      one.close();
    }
  };
}

function close(sink: Sink): void {
  try {
    sink.close();
  } catch {
    // It was closed already; nothing is lost by that.
  }
}

/** The way to write this descriptor that never blocks; a file never does for long, and is written as it is. */
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
 * A descriptor of our own on the same terminal or pipe: not to block is a property of the opening, which is shared with
 * whoever else holds the one we were given. null: this system, or a socket, cannot be opened again.
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
          if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EAGAIN') return 0;
          throw thrown;
        }
      },
      close: () => closeSync(own),
    };
  }
  return null;
}

/** Written asynchronously, with a bound on what waits. */
function socket(fd: number): Sink {
  const stream = new Socket({ fd, readable: false, writable: true });
  let failure: Error | null = null;
  stream.on('error', (thrown) => {
    failure = thrown;
  });
  // What waits for a reader keeps no process alive.
  stream.unref();
  return {
    write(bytes) {
      if (failure !== null) throw failure;
      if (stream.writableLength > WAITING_MAX_BYTES) return 0;
      // Copied: the stream keeps what it is given until it is taken.
      stream.write(Buffer.from(bytes));
      return bytes.length;
    },
    close: () => stream.destroy(),
  };
}
