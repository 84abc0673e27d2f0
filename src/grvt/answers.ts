import type { MDG, TDG } from '@grvt/client';
import type { Reason } from '../core/reasons.ts';
import type { CallSpec, Decoded, LastAnswer, ReadSpec } from './calls.ts';
import { NoAnswer, whyNoJson } from './errors.ts';
import type { HttpAnswer, Post } from './http.ts';
import type { SessionHeaders } from './session.ts';
import { errorBody } from './wire.ts';

/** One request and its answer: as bytes, as JSON under lite names, and under full ones. */

/** A request without an answer after this is over for us (strategy 9.1). */
export const REQUEST_TIMEOUT_MS = 5_000;
/** Of requests without a session. */
const NO_HEADERS = {};

/** What reads go through. */
interface Way<Client> {
  readonly client: Client;
  readonly post: Post;
}

/** An answer as received, before the client's name tables. */
export interface RawAnswer {
  readonly status: number;
  readonly date: string | null;
  /** What `body` was read from. */
  readonly text: string;
  /** Parsed JSON, of reads under lite names. */
  readonly body: unknown;
  /** Why the body is no JSON; null: it is. */
  readonly unreadable: Reason | null;
  /** The body's text is the one this was decoded from. */
  readonly known: Decoded | null;
}

/** What a read through the client carries besides its body. */
interface ReadConfig {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Reads the answer; what it returns is what the client goes on with. */
  readonly read: (answer: HttpAnswer) => unknown;
}

/**
 * Has the client's reads go straight to `post`. The client only ever posts JSON; merging defaults into each request twice,
 * flattening the headers of seven methods and running empty chains of interceptors cost as much as all we do with the answer.
 */
export function carryReads(client: TDG | MDG, url: string, post: Post): void {
  const { origin } = new URL(url);
  const straight = async (to: string, body: unknown, { headers, signal, read }: ReadConfig) => {
    const path = to.slice(origin.length);
    return { data: read(await post({ path, headers, body: JSON.stringify(body), signal, isRepeatable: true })) };
  };
  Object.assign(client.axios, { post: straight });
}

/**
 * One HTTP exchange. Rejects with what was thrown when there was no answer. The time-out is a deadline for the whole answer: a
 * server that drips bytes is never silent.
 */
export async function exchangeOnce<Client>(
  { client, post }: Way<Client>,
  spec: CallSpec<Client>,
  session: SessionHeaders | null,
  beforeBytes: (() => void) | undefined,
): Promise<{ raw: RawAnswer; mapped: unknown }> {
  const deadline = new AbortController();
  const { signal } = deadline;
  const timer = setTimeout(() => {
    deadline.abort(new NoAnswer(REQUEST_TIMEOUT_MS));
  }, REQUEST_TIMEOUT_MS);
  const headers = session ?? NO_HEADERS;
  try {
    if ('body' in spec) {
      // Of a create or a cancel on a dropped connection nobody knows the outcome (strategy 9.6).
      const raw = readRaw(
        await post({ path: spec.path, headers, body: spec.body, signal, isRepeatable: false, beforeBytes }),
        null,
      );
      return { raw, mapped: raw.body };
    }
    let raw: RawAnswer | null = null;
    const read = (answer: HttpAnswer): unknown => {
      raw = readRaw(answer, spec.repeats?.decoded ?? null);
      // Of a known one nothing is left for the client to map.
      return raw.known === null ? raw.body : null;
    };
    const config: ReadConfig = { headers, signal, read };
    const mapped = await spec.invoke(client, spec.request as never, config as never);
    if (raw === null) throw new Error('the client gave an answer that was never received');
    return { raw, mapped: remembered(raw, mapped, spec.repeats) };
  } finally {
    clearTimeout(timer);
  }
}

function remembered({ text, body, known }: RawAnswer, mapped: unknown, repeats: LastAnswer | undefined): unknown {
  if (known !== null) return known.mapped;
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

/** The error body of an answer, whatever its HTTP status; GRVT's lite names, or full ones; null: it is none. */
export function errorOf(raw: RawAnswer): { code: number; message: string; status: number } | null {
  if (raw.body === null || typeof raw.body !== 'object' || 'r' in raw.body) return null;
  const body = raw.body as Record<string, unknown>;
  const read = errorBody.safeParse({ code: body.c ?? body.code, message: body.m ?? body.message });
  return read.success ? { code: read.data.code, message: read.data.message ?? '', status: raw.status } : null;
}

/** Without the client's `undefined` keys: what its tables do not know (API 10). What has none stays the same object. */
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

/** A read of every poll: what it takes from the last answer, it takes from the same text only. */
export function pollRead<T>(spec: ReadSpec<TDG>, parse: (answer: unknown) => T): PollRead<T> {
  return { spec: { ...spec, repeats: { decoded: null, tellable: forSame(withoutUnmapped) } }, parse: forSame(parse) };
}

/** That function, which gives its last result again for the very same argument. */
function forSame<From, To>(make: (from: From) => To): (from: From) => To {
  let last: { readonly from: From; readonly to: To } | null = null;
  return (from) => {
    if (last?.from !== from) last = { from, to: make(from) };
    return last.to;
  };
}
