import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';

/**
 * A name that the system keeps for one process of this machine: an abstract Unix socket on Linux, a named pipe on Windows.
 * It is in no directory, so neither a user, a temporary directory nor a link leads elsewhere, and it is gone with its process.
 * Whoever asks is told the holder's pid and user.
 */
export interface HeldName {
  release(): void;
}

/** Who holds a name, as far as it says so. */
export interface Holder {
  readonly pid: number | null;
  /** Its user id; null: unknown, or on a system without them. */
  readonly uid: number | null;
}

/** Somebody else has it. */
export class NameTaken extends Error {
  readonly holder: Holder;

  constructor(holder: Holder) {
    super('the name is taken');
    this.name = 'NameTaken';
    this.holder = holder;
  }
}

/** Whether this system has such names. */
export const HAS_MACHINE_NAMES = process.platform === 'linux' || process.platform === 'win32';

/** A holder answers at once, unless it is stopped. */
const ANSWER_MS = 500;
/** An answer is some 40 bytes. */
const MOST_ANSWER_BYTES = 256;
/** Starters that ask at the same time; the answer is sent at once, so that one more just asks a moment later. */
const MOST_ASKERS = 8;

/** Held names must not be collected while the process lives, even if the caller drops them. */
const HELD = new Set<Server>();

/**
 * Takes a name.
 *
 * @param name letters, figures and dashes
 * @throws NameTaken; Error of the system when it has no such names for us
 */
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
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE')) throw thrown;
    throw new NameTaken(await holderOf(path));
  }
  // An accept that fails (no file descriptor left) leaves the name ours.
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

/** Names held on this machine that begin so; where the system does not list them, none. */
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

/** Who holds a name, as far as it says so. */
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

/** What the holder says of itself, its user checked against the system's where that is told. */
function readHolder(text: string): Holder {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    // Stopped, or no engine of ours: whoever it is has the name.
    return { pid: null, uid: null };
  }
  const { pid, uid } = (said ?? {}) as Record<string, unknown>;
  if (!Number.isSafeInteger(pid)) return { pid: null, uid: null };
  const owner = lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
  return { pid: pid as number, uid: owner ?? (Number.isSafeInteger(uid) ? (uid as number) : null) };
}
