import { closeSync, constants, readSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import type { Command } from '../core/commands.ts';
import { systemCode } from '../core/error-text.ts';
import { reason } from '../core/reasons.ts';
import { openPrivate } from '../os/private-files.ts';
import type { SentAnswer } from '../texts/answers.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { isKnownReason } from '../texts/reasons.ts';
import { controlPlace, secretFile } from './place.ts';
import {
  ANSWER_MAX_BYTES,
  answeredSchema,
  greetingSchema,
  isProof,
  newSecret,
  parseLine,
  proofOf,
  provenSchema,
  readLines,
  refusalSchema,
  VERSION,
  writeLine,
} from './protocol.ts';

/** How long to wait for an answer: a reload reads files and the exchange's list. */
export const ANSWER_MS = 15_000;

/** No engine runs on that data directory. */
export class NoEngineError extends ReasonError {
  constructor(dataDir: string) {
    super(reason('no-engine', '16.5', { dataDir }));
  }
}

/** Something listens but does not answer like an engine of this version with this secret. */
export class ControlError extends ReasonError {}

/** Sends a command to the engine of a data directory (strategy 16.5). @throws NoEngineError, ControlError */
export function giveCommand(dataDir: string, command: Command, waitMs: number = ANSWER_MS): Promise<SentAnswer> {
  const place = controlPlace(dataDir);
  const secret = place === null ? null : readSecret(dataDir);
  if (place === null || secret === null) return Promise.reject(new NoEngineError(dataDir));
  return new Promise((resolve, reject) => {
    const socket = createConnection(place);
    const end = (error: Error) => {
      clearTimeout(late);
      reject(error);
      socket.destroy();
    };
    const late = setTimeout(
      () => end(new ControlError(reason('control-late', '16.5', { seconds: waitMs / 1000 }))),
      waitMs,
    );
    socket.on('error', (thrown: NodeJS.ErrnoException) => {
      const nobody = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(thrown.code ?? '');
      end(
        nobody
          ? new NoEngineError(dataDir)
          : new ControlError(reason('others-words', '16.5', { words: thrown.message })),
      );
    });
    socket.on('close', () => end(new ControlError(reason('control-closed', '16.5'))));
    talk(
      socket,
      secret,
      command,
      (answer) => {
        clearTimeout(late);
        resolve(answer);
        socket.destroy();
      },
      end,
    );
  });
}

function talk(
  socket: Socket,
  secret: string,
  command: Command,
  done: (answer: SentAnswer) => void,
  fail: (error: Error) => void,
): void {
  const nonce = newSecret();
  let theirs: string | null = null;
  let isProven = false;
  readLines(socket, ANSWER_MAX_BYTES, {
    tooLong: () => fail(new ControlError(reason('control-too-long', '16.5', { bytes: ANSWER_MAX_BYTES }))),
    line: (line) => {
      const refusal = parseLine(refusalSchema, line);
      if (refusal !== null) {
        const { error: words, why } = refusal;
        return fail(new ControlError(isKnownReason(why) ? why : reason('others-words', '16.5', { words })));
      }
      if (theirs === null) {
        const greeting = parseLine(greetingSchema, line);
        if (greeting === null) return fail(new ControlError(reason('control-no-engine', '16.5')));
        if (greeting.v !== VERSION) {
          return fail(new ControlError(reason('control-version', '16.5', { theirs: greeting.v, ours: VERSION })));
        }
        theirs = greeting.nonce;
        return writeLine(socket, { v: VERSION, nonce, proof: proofOf(secret, 'client', [theirs, nonce]) });
      }
      if (!isProven) {
        const proven = parseLine(provenSchema, line);
        if (proven === null || !isProof(proven.proof, proofOf(secret, 'engine', [theirs, nonce]))) {
          return fail(new ControlError(reason('control-secret', '16.5')));
        }
        isProven = true;
        return writeLine(socket, { command });
      }
      const answered = parseLine(answeredSchema, line);
      if (answered === null) return fail(new ControlError(reason('control-unreadable', '16.5')));
      done(answered.answer);
    },
  });
}

/** The secret of the running engine; null: none runs. */
function readSecret(dataDir: string): string | null {
  let fd: number;
  try {
    fd = openPrivate(secretFile(dataDir), constants.O_RDONLY);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
  try {
    const bytes = Buffer.alloc(128);
    const text = bytes.toString('utf8', 0, readSync(fd, bytes)).trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : null;
  } finally {
    closeSync(fd);
  }
}
