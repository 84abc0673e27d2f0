import { chmodSync, closeSync, constants, lstatSync, rmSync, writeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Answer } from '../core/answers.ts';
import type { Command } from '../core/commands.ts';
import { whyOf } from '../core/error-text.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { openPrivate } from '../os/private-files.ts';
import { type SentAnswer, sentLine } from '../texts/answers.ts';
import { reasonText } from '../texts/reasons.ts';
import { controlPlace, secretFile } from './place.ts';
import {
  isProof,
  LINE_MAX_BYTES,
  newSecret,
  parseLine,
  proofOf,
  proofSchema,
  readLines,
  requestSchema,
  VERSION,
  writeLine,
} from './protocol.ts';

/** Simultaneous connections: a person and some scripts. */
export const CLIENTS_MAX = 8;
/** Time from the connection to the command; a local client needs milliseconds. */
export const PROVE_MS = 2_000;
/** Time from the answer to the end of the connection: clients that do not read are disconnected. */
export const READ_MS = 2_000;

export interface Control {
  readonly place: string;
  close(): void;
}

/**
 * Accepts commands on the control channel of a data directory (strategy 16.5).
 * @param handle executes a command and answers; the client receives what it throws @throws Error, one line, if no
 * channel can be opened
 */
export async function openControl(dataDir: string, handle: (command: Command) => Promise<Answer>): Promise<Control> {
  const place = controlPlace(dataDir);
  if (place === null) {
    throw new Error(`the path of a socket in ${dataDir} is too long, and XDG_RUNTIME_DIR names no shorter place`);
  }
  const isPipe = process.platform === 'win32';
  if (!isPipe) removeStale(place);
  const secret = newSecret();
  writeSecret(dataDir, secret);
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= CLIENTS_MAX) {
      socket.on('error', () => undefined);
      refuse(socket, reason('control-full', '16.5', { clients: CLIENTS_MAX }));
      return;
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    serve(socket, secret, handle);
  });
  await listen(server, place, isPipe);
  return {
    place,
    close: () => {
      server.close();
      for (const client of clients) client.destroy();
      if (!isPipe) rmSync(place, { force: true });
      rmSync(secretFile(dataDir), { force: true });
    },
  };
}

/** A socket left by an engine; the lock of the data directory proves that it no longer runs. */
function removeStale(place: string): void {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${place} is not a socket: move it away, then start again`);
  rmSync(place);
}

function writeSecret(dataDir: string, secret: string): void {
  const fd = openPrivate(secretFile(dataDir), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeSync(fd, `${secret}\n`);
  } finally {
    closeSync(fd);
  }
}

function listen(server: Server, place: string, isPipe: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.off('error', reject);
      // A client that cannot be accepted (no file descriptor left) does not end the server.
      server.on('error', () => undefined);
      if (!isPipe) chmodSync(place, 0o600);
      resolve();
    });
  });
}

function serve(socket: Socket, secret: string, handle: (command: Command) => Promise<Answer>): void {
  const nonce = newSecret();
  let isProven = false;
  let isAsked = false;
  socket.on('error', () => socket.destroy());
  const silent = reason('control-no-command', '16.5', { seconds: PROVE_MS / 1000 });
  const late = setTimeout(() => refuse(socket, silent), PROVE_MS);
  socket.on('close', () => clearTimeout(late));
  writeLine(socket, { v: VERSION, nonce });
  readLines(socket, LINE_MAX_BYTES, {
    tooLong: () => refuse(socket, reason('control-line-too-long', '16.5', { bytes: LINE_MAX_BYTES })),
    line: (line) => {
      if (isAsked) return;
      if (!isProven) {
        const said = parseLine(proofSchema, line);
        if (said === null) return refuse(socket, reason('control-no-proof', '16.5'));
        if (said.v !== VERSION) {
          return refuse(socket, reason('control-client-version', '16.5', { theirs: said.v, ours: VERSION }));
        }
        const nonces = [nonce, said.nonce] as const;
        if (!isProof(said.proof, proofOf(secret, 'client', nonces))) {
          return refuse(socket, reason('control-client-secret', '16.5'));
        }
        isProven = true;
        writeLine(socket, { v: VERSION, proof: proofOf(secret, 'engine', nonces) });
        return;
      }
      isAsked = true;
      clearTimeout(late);
      const request = parseLine(requestSchema, line);
      if (request === null) return refuse(socket, reason('control-command-unknown', '16.5'));
      handle(request.command).then(
        ({ ok, says }) => finish(socket, { answer: { ok, says: says.map(sentLine) } satisfies SentAnswer }),
        (thrown: unknown) => refuse(socket, whyOf(thrown)),
      );
    },
  });
}

/** `error`: the English text, for clients of earlier versions. */
function refuse(socket: Socket, why: Reason): void {
  finish(socket, { error: reasonText(why, 'en'), why });
}

/** Sends the last line and closes; a client that does not read it is disconnected. */
function finish(socket: Socket, line: unknown): void {
  if (socket.destroyed) return;
  const cut = setTimeout(() => socket.destroy(), READ_MS);
  socket.on('close', () => clearTimeout(cut));
  socket.end(`${JSON.stringify(line)}\n`);
}
