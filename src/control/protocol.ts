import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { z } from 'zod';
import type { Command } from '../core/commands.ts';
import type { SentAnswer } from '../texts/answers.ts';

/**
 * The lines of the control channel (strategy 16.5), one JSON value each: engine: { v, nonce }    command line: { v,
 * nonce, proof }    engine: { v, proof }    command line: { command } engine: { answer } Both sides know the secret in
 * the data directory; a proof is its HMAC over both nonces and the proving side.
 */

/** Version of the protocol. Either side rejects another one. */
export const VERSION = 1;
/** Longest line of a client: 500 symbols with names of 64 characters. */
export const LINE_MAX_BYTES = 65_536;
/** Longest line of the engine: some lines for each of 500 symbols. */
export const ANSWER_MAX_BYTES = 1_048_576;

const SECRET_BYTES = 32;
const HEX_32 = z.string().regex(/^[0-9a-f]{64}$/);

export const greetingSchema = z.object({ v: z.number(), nonce: HEX_32 });
export const proofSchema = z.object({ v: z.number(), nonce: HEX_32, proof: HEX_32 });
export const provenSchema = z.object({ v: z.number(), proof: HEX_32 });
const reasonSchema = z.object({ code: z.string(), rule: z.string(), params: z.record(z.string(), z.unknown()) });
/** `why`: absent from an engine of an earlier version. */
export const refusalSchema = z.object({ error: z.string(), why: reasonSchema.optional() });

/** Longest reason, and longest name of the person. */
const WHY_MAX = 200;
const BY_MAX = 64;
const SYMBOLS_MAX = 500;
const VALUES_MAX = 20;

const name = z.string().min(1).max(64);
/** An alert's key: its kind and its subject. */
const key = z.string().min(1).max(200);
const given = { by: z.string().min(1).max(BY_MAX), why: z.string().max(WHY_MAX).nullable() };
const symbols = z.array(name).min(1).max(SYMBOLS_MAX);
const forMs = z.number().nullable();
const values = z
  .record(z.string().min(1).max(64), z.string().max(64))
  .refine((value) => Object.keys(value).length <= VALUES_MAX);

/** Any other field is rejected. */
const commandSchema: z.ZodType<Command> = z.discriminatedUnion('verb', [
  z.strictObject({ verb: z.literal(['hedge-only', 'pause', 'flatten']), symbols, forMs, ...given }),
  z.strictObject({ verb: z.literal(['resume', 'skip']), symbols, ...given }),
  z.strictObject({ verb: z.literal('cancel'), symbols, withNet: z.boolean(), ...given }),
  z.strictObject({ verb: z.literal('forget'), symbols, positionStays: z.boolean(), ...given }),
  z.strictObject({ verb: z.literal(['set', 'add']), symbol: name, values, ...given }),
  z.strictObject({ verb: z.literal('remove'), symbol: name, ...given }),
  z.strictObject({ verb: z.literal('ack'), key, ...given }),
  z.strictObject({ verb: z.literal('silence'), key, forMs: z.number(), ...given }),
  z.strictObject({ verb: z.literal('reload'), dryRun: z.literal(true).optional(), ...given }),
  z.strictObject({ verb: z.literal('stop'), ...given }),
]) as unknown as z.ZodType<Command>;

/** A received command; null: invalid in this version. */
export function parseCommand(value: unknown): Command | null {
  const read = commandSchema.safeParse(value);
  return read.success ? read.data : null;
}

export const requestSchema: z.ZodType<{ readonly command: Command }> = z.object({ command: commandSchema });

const heldSchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('file'), mode: z.string() }),
  z.object({ by: z.literal('leaving'), why: z.string() }),
  z.object({ by: z.literal('rollout') }),
  z.object({ by: z.literal('command'), verb: z.string(), until: z.string().nullable() }),
]);

const answerSchema: z.ZodType<SentAnswer> = z.object({
  ok: z.boolean(),
  says: z.array(
    z.object({
      code: z.string(),
      symbol: z.string().nullable(),
      params: z.record(z.string(), z.string()),
      text: z.string(),
      rule: z.string().optional(),
      // Of a later version in a shape of its own: left out of the text.
      held: z.array(heldSchema).optional().catch(undefined),
      why: reasonSchema.optional(),
    }),
  ),
}) as unknown as z.ZodType<SentAnswer>;

export const answeredSchema: z.ZodType<{ readonly answer: SentAnswer }> = z.object({ answer: answerSchema });

/** A secret, or a nonce. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/** Proves knowledge of the secret without revealing it. */
export function proofOf(secret: string, side: 'engine' | 'client', nonces: readonly [string, string]): string {
  return createHmac('sha256', Buffer.from(secret, 'hex'))
    .update([side, ...nonces].join(' '))
    .digest('hex');
}

/** Compares in constant time. */
export function isProof(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(expected, 'hex'));
}

export function writeLine(socket: Socket, value: unknown): void {
  socket.write(`${JSON.stringify(value)}\n`);
}

/** Passes on each line until the socket closes; a longer line ends the connection. */
export function readLines(
  socket: Socket,
  maxBytes: number,
  on: { readonly line: (text: string) => void; readonly tooLong: () => void },
): void {
  let kept: Buffer = Buffer.alloc(0);
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    if (over) return;
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    for (let at = kept.indexOf(10); at >= 0 && !over; at = kept.indexOf(10)) {
      const line = kept.subarray(0, at).toString('utf8');
      kept = kept.subarray(at + 1);
      if (at > maxBytes) break;
      on.line(line);
    }
    if (kept.length <= maxBytes) return;
    over = true;
    kept = Buffer.alloc(0);
    on.tooLong();
  });
}

/** A line as the expected value; null: something else. */
export function parseLine<T>(schema: z.ZodType<T>, line: string): T | null {
  try {
    const read = schema.safeParse(JSON.parse(line));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
