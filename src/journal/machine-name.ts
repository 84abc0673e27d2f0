import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { systemCode } from '../core/error-text.ts';

/**
 * A name that the system keeps for one process of this machine: an abstract Unix socket on Linux, a named pipe on
 * Windows. It is in no directory, so links cannot redirect it, and it disappears with its process. A client that
 * connects receives the holder's pid and user.
 */
export interface HeldName {
  release(): void;
}

export interface Holder {
  readonly pid: number | null;
  /** Its user id; null: unknown, or a system without user ids. */
  readonly uid: number | null;
}

export class NameTaken extends Error {
  readonly holder: Holder;

  constructor(holder: Holder) {
    super('the name is taken');
    this.name = 'NameTaken';
    this.holder = holder;
  }
}

export const HAS_MACHINE_NAMES = process.platform === 'linux' || process.platform === 'win32';

/** A holder answers at once, unless it is suspended. */
const ANSWER_MS = 500;
/** An answer has some 40 bytes. */
const MOST_ANSWER_BYTES = 256;
/** Simultaneous clients; further ones try again a moment later. */
const MOST_ASKERS = 8;

/** Prevents garbage collection while the process lives, even if the caller drops it. */
const HELD = new Set<Server>();

/** @param name letters, digits and dashes @throws NameTaken; the system's Error if it refuses such names */
export async function takeName(name: string): Promise<HeldName> {
  const path = pathOf(name);
  const server = createServer((asker) => {
    asker.on('error', () => asker.destroy());
    asker.setTimeout(ANSWER_MS, () => asker.destroy());
    asker.end(`${JSON.stringify({ pid: process.pid, uid: process.getuid?.() ?? null })}\n`);
    asker.resume();
    asker.unref();
  });
  server.maxConnections = MOST_ASKERS;
  try {
    await new Promise<void>((held, failed) => {
      server.once('error', failed);
      server.listen({ path }, held);
    });
  } catch (thrown) {
    if (systemCode(thrown) !== 'EADDRINUSE') throw thrown;
    throw new NameTaken(await holderOf(path));
  }
  // A failing accept (no file descriptor left) does not lose the name.
  server.on('error', () => {});
  server.unref();
  HELD.add(server);
  return {
    release: () => {
      HELD.delete(server);
      server.close();
    },
  };
}

/** Names held on this machine with that prefix; none if the system does not list them. */
export function namesBeginning(prefix: string): string[] {
  const all =
    process.platform === 'win32'
      ? readdirSync('\\\\.\\pipe\\')
      : readFileSync('/proc/net/unix', 'latin1')
          .split('\n')
          .flatMap((line) => /@(grvt-hedge-.*)$/.exec(line)?.[1] ?? []);
  const own = all.flatMap((name) => /^grvt-hedge-(.*)$/.exec(name)?.[1] ?? []);
  return [...new Set(own.filter((name) => name.startsWith(prefix)))];
}

/** The holder of a name, as it states itself. */
export function holderOfName(name: string): Promise<Holder> {
  return holderOf(pathOf(name));
}

function pathOf(name: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\grvt-hedge-${name}` : `\0grvt-hedge-${name}`;
}

function holderOf(path: string): Promise<Holder> {
  return new Promise((answered) => {
    let text = '';
    const socket = connect({ path });
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      answered(readHolder(text));
    };
    const timer = setTimeout(end, ANSWER_MS);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n') || text.length > MOST_ANSWER_BYTES) end();
    });
    socket.on('error', end);
    socket.on('end', end);
  });
}

/** The holder's statement; its user is checked against the system's if available. */
function readHolder(text: string): Holder {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    // Suspended, or not one of our engines: the name is taken anyway.
    return { pid: null, uid: null };
  }
  const { pid, uid } = (said ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(pid)) return { pid: null, uid: null };
  const owner = lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
  return { pid: pid as number, uid: owner ?? (Number.isSafeInteger(uid) ? (uid as number) : null) };
}
