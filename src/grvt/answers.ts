import type { MDG, TDG } from '@grvt/client';
import type { Reason } from '../core/reasons.ts';
import type { CallSpec, Decoded, LastAnswer, ReadSpec, SentRead } from './calls.ts';
import { NoAnswer, whyNoJson } from './errors.ts';
import { Deadline, type HttpAnswer, type Post } from './http.ts';
import type { SessionHeaders } from './session.ts';
import { errorBody } from './wire.ts';

/** One request and its answer: as bytes, as JSON under lite names, and under full names. */

/** A request without an answer after this time has failed (strategy 9.1). */
export const REQUEST_TIMEOUT_MS = 5_000;
/** For requests without a session. */
const NO_HEADERS = {};

interface Way<Client> {
  readonly client: Client;
  readonly post: Post;
}

/** An answer as received, before the client's name tables are applied. */
export interface RawAnswer {
  readonly status: number;
  readonly date: string | null;
  /** The text that `body` was parsed from. */
  readonly text: string;
  /** Parsed JSON; reads have lite names. */
  readonly body: unknown;
  /** Why the body is not JSON; null: it is. */
  readonly unreadable: Reason | null;
  /** The decoded answer if its text was decoded before. */
  readonly known: Decoded | null;
}

/** What a read through the client carries besides its body. */
interface ReadConfig {
  /** Sends what the client has made of the request; its result is what the client continues with. */
  readonly send: (path: string, body: unknown) => Promise<unknown>;
}

/**
 * Sends the client's reads directly, by the `send` they carry. Its HTTP library costs as much CPU as everything we do with
 * the answer, and the client only ever posts JSON.
 */
export function carryReads(client: TDG | MDG, url: string): void {
  const { origin } = new URL(url);
  const straight = async (to: string, body: unknown, { send }: ReadConfig) => ({
    data: await send(to.slice(origin.length), body),
  });
  Object.assign(client.axios, { post: straight });
}

/**
 * One HTTP exchange. Rejects with what was thrown if there was no answer. The time-out is a deadline for the whole
 * answer, so that a slowly dripping server cannot hold it open.
 */
export async function exchangeOnce<Client>(
  { client, post }: Way<Client>,
  spec: CallSpec<Client>,
  session: SessionHeaders | null,
  beforeBytes: (() => void) | undefined,
): Promise<{ raw: RawAnswer; mapped: unknown }> {
  const deadline = new Deadline(REQUEST_TIMEOUT_MS, () => new NoAnswer(REQUEST_TIMEOUT_MS));
  const headers = session ?? NO_HEADERS;
  try {
    if ('body' in spec) {
      // The outcome of a create or cancel on a dropped connection is unknown (strategy 9.6).
      const raw = readRaw(
        await post({ path: spec.path, headers, body: spec.body, deadline, isRepeatable: false, beforeBytes }),
        null,
      );
      return { raw, mapped: raw.body };
    }
    const { repeats } = spec;
    const carry = async ({ path, body }: SentRead): Promise<RawAnswer> =>
      readRaw(await post({ path, headers, body, deadline, isRepeatable: true }), repeats?.decoded ?? null);
    // The client makes the same of the same request, and has nothing to map in a known answer.
    let raw = repeats?.sent ? await carry(repeats.sent) : null;
    if (raw !== null && raw.known !== null) return { raw, mapped: raw.known.mapped };
    const send = async (path: string, body: unknown): Promise<unknown> => {
      if (raw === null) {
        const sent = { path, body: JSON.stringify(body) };
        raw = await carry(sent);
        if (repeats !== undefined) repeats.sent = sent;
      }
      return raw.body;
    };
    const config: ReadConfig = { send };
    const mapped = await spec.invoke(client, spec.request as never, config as never);
    if (raw === null) throw new Error('the client gave an answer that was never received');
    return { raw, mapped: remembered(raw, mapped, repeats) };
  } finally {
    deadline.clear();
  }
}

function remembered({ text, body }: RawAnswer, mapped: unknown, repeats: LastAnswer | undefined): unknown {
  if (repeats !== undefined) repeats.decoded = { text, body, mapped };
  return mapped;
}

function readRaw({ status, date, text }: HttpAnswer, last: Decoded | null): RawAnswer {
  if (text === last?.text) return { status, date, text, body: last.body, unreadable: null, known: last };
  try {
    return { status, date, text, body: JSON.parse(text), unreadable: null, known: null };
  } catch {
    return { status, date, text, body: null, unreadable: whyNoJson(text), known: null };
  }
}

/** The error body of an answer under lite or full names, whatever the HTTP status; null: none. */
export function errorOf(raw: RawAnswer): { code: number; message: string; status: number } | null {
  if (raw.body === null || typeof raw.body !== 'object' || 'r' in raw.body) return null;
  const body = raw.body as Record<string, unknown>;
  const read = errorBody.safeParse({ code: body.c ?? body.code, message: body.m ?? body.message });
  return read.success ? { code: read.data.code, message: read.data.message ?? '', status: raw.status } : null;
}

/** Removes keys with value `undefined`, which the client's tables do not know (API 10). */
export function withoutUnmapped(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutUnmapped);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const given = value as Record<string, unknown>;
  let known = given;
  if ('undefined' in given) {
    known = { ...given };
    delete known.undefined;
  }
  for (const key in known) {
    const inner = known[key];
    const kept = withoutUnmapped(inner);
    if (kept === inner) continue;
    if (known === given) known = { ...given };
    known[key] = kept;
  }
  return known;
}

export interface PollRead<T> {
  readonly spec: ReadSpec<TDG>;
  readonly parse: (answer: unknown) => T;
}

/** A read made by every poll: an answer with the same text as the last one is not decoded again. */
export function pollRead<T>(spec: ReadSpec<TDG>, parse: (answer: unknown) => T): PollRead<T> {
  return {
    spec: { ...spec, repeats: { sent: null, decoded: null, tellable: forSame(withoutUnmapped) } },
    parse: forSame(parse),
  };
}

/** Memoises the last result for the same argument. */
function forSame<From, To>(make: (from: From) => To): (from: From) => To {
  let last: { readonly from: From; readonly to: To } | null = null;
  return (from) => {
    if (last?.from !== from) last = { from, to: make(from) };
    return last.to;
  };
}
