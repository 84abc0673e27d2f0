import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { errorText, systemCode } from '../core/error-text.ts';
import type { Reason } from '../core/reasons.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Its `Date` header. */
  readonly date: string | null;
  readonly text: string;
}

export interface HttpPost {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent byte for byte. */
  readonly body: string;
  /** Its end ends the request, which fails with the reason. */
  readonly deadline: Deadline;
  /** May be sent again on a new connection if its connection was dropped while idle. */
  readonly isRepeatable: boolean;
  /** Called in the same turn in which the bytes are handed to the connection; throws if they must not be sent. */
  readonly beforeBytes?: (() => void) | undefined;
}

/** The deadline of a whole answer. An `AbortController` with its events costs more CPU than the JSON of a request. */
export class Deadline {
  readonly #timer: NodeJS.Timeout | null;
  #reason: Error | null = null;
  #listener: ((reason: Error) => void) | null = null;

  /** @param ms null: it ends only by {@link end} */
  constructor(ms: number | null, reason: () => Error) {
    this.#timer = ms === null ? null : setTimeout(() => this.end(reason()), ms);
  }

  /** Why it is over; null: it is not. */
  get reason(): Error | null {
    return this.#reason;
  }

  /** Calls the one listener when it ends; null: nobody listens any more. */
  listen(listener: ((reason: Error) => void) | null): void {
    this.#listener = listener;
  }

  end(reason: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#listener?.(reason);
  }

  /** The answer is there: it never ends. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listener = null;
  }
}

/**
 * Sends one POST. Rejects with what the client or the system threw; `syscall: 'connect'` means that no connection was
 * made, so nothing was sent.
 */
export type Post = (request: HttpPost) => Promise<HttpAnswer>;

export interface HttpOptions {
  /** With user and password; null: direct connection. */
  readonly proxy: string | null;
  /** Most connections; further requests wait for one. */
  readonly connections: number;
  /** Longer answers are not read. */
  readonly maxAnswerBytes: number;
}

/**
 * How long an idle connection is kept, unless the server asks for less: longer than the interval of full reads (10 s),
 * so that a create finds an open one; shorter than what servers and balancers keep (60 s and more).
 */
const KEEP_ALIVE_MS = 50_000;

/** Answers are not compressed: they are small, and a decompressed one could have any size. */
export const JSON_HEADERS = {
  Accept: 'application/json',
  'Accept-Encoding': 'identity',
  'Content-Type': 'application/json',
  'User-Agent': 'grvt-hedge',
};

/** Cached: the same session headers serve thousands of requests. */
const prepared = new WeakMap<HttpPost['headers'], string[]>();

function headerLines(headers: HttpPost['headers']): string[] {
  let lines = prepared.get(headers);
  if (lines === undefined) {
    lines = Object.entries({ ...JSON_HEADERS, ...headers }).flat();
    prepared.set(headers, lines);
  }
  return lines;
}

/** Persistent connections to one origin, direct or through a proxy. */
export function openHttp(origin: string, { proxy, connections, maxAnswerBytes }: HttpOptions): HttpConnections {
  /** The next request is the first one on a new connection. */
  let isNew = false;
  const connected = (): void => {
    isNew = true;
    queueMicrotask(() => {
      isNew = false;
    });
  };
  const dispatcher = (pipelining: 0 | 1): Dispatcher => {
    const options = {
      factory: (to: string | URL, given: object) => new Pool(to, given).on('connect', connected),
      connections,
      pipelining,
      maxResponseSize: maxAnswerBytes,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The caller's deadline is that of the whole answer.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    return proxy === null ? new Agent(options) : new ProxyAgent({ ...options, uri: proxy, proxyTunnel: false });
  };
  const kept = dispatcher(1);
  /** One-request connections: other idle ones may have been dropped with the first. */
  const fresh = dispatcher(0);
  return {
    async post(request) {
      try {
        return await dispatch(kept, origin, request, () => isNew);
      } catch (thrown) {
        if (!(thrown instanceof DroppedWhileIdle)) throw thrown;
        if (!request.isRepeatable) throw thrown.cause;
        return await dispatch(fresh, origin, request, () => true);
      }
    },
    close() {
      for (const one of [kept, fresh]) void one.destroy();
    },
  };
}

export interface HttpConnections {
  readonly post: Post;
  close(): void;
}

/** Thrown by `beforeBytes`: the request was ready and was not sent. */
export class NotSent extends Error {
  readonly why: Reason;

  constructor(why: Reason) {
    super('not sent');
    this.why = why;
  }
}

/** Error codes of a connection closed by the other side. */
const DROPPED: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** The request used an idle connection that was closed: the server need not have read it. */
class DroppedWhileIdle extends Error {}

function dispatch(
  dispatcher: Dispatcher,
  origin: string,
  request: HttpPost,
  isNew: () => boolean,
): Promise<HttpAnswer> {
  const { path, headers, body, deadline, beforeBytes } = request;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let wasIdle = false;
    const answer = { status: 0, date: null as string | null };
    const chunks: Buffer[] = [];
    const fail = (error: unknown): void => {
      deadline.listen(null);
      if (error instanceof NotSent) reject(error);
      else if (controller === null) reject(neverConnected(error));
      else if (wasIdle && answer.status === 0 && DROPPED.includes(systemCode(error))) {
        reject(new DroppedWhileIdle('dropped', { cause: error }));
      } else reject(error);
    };
    deadline.listen((reason) => {
      fail(reason);
      controller?.abort(reason);
    });
    dispatcher.dispatch(
      { origin, path, method: 'POST', headers: headerLines(headers), body },
      {
        onRequestStart(given) {
          // Aborted while it waited for a connection: it must not be sent any more.
          if (deadline.reason !== null) throw deadline.reason;
          beforeBytes?.();
          controller = given;
          wasIdle = !isNew();
        },
        onResponseStart(_controller, status, { date }) {
          answer.status = status;
          answer.date = typeof date === 'string' ? date : null;
        },
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd() {
          deadline.listen(null);
          resolve({ ...answer, text: Buffer.concat(chunks).toString('utf8') });
        },
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

function neverConnected(cause: unknown): Error {
  const message = errorText(cause);
  return Object.assign(new Error(message, { cause }), { code: systemCode(cause), syscall: 'connect' });
}

/** Node's own connections to one host, for logins and streams. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * Opens connections to a host, directly or through a proxy tunnel. Both are explicit, since otherwise Node may read the
 * process environment.
 * @param proxy with user and password, which Node keeps out of its errors; null: direct @param timeoutMs limit for
 * opening a tunnel, and for idle tunnels
 */
export function openAgents(
  proxy: string | null,
  { timeoutMs, ...kept }: { readonly timeoutMs: number; readonly keepAlive: boolean; readonly maxSockets?: number },
): Agents {
  const options =
    proxy === null
      ? { ...kept, proxyEnv: {} }
      : { ...kept, timeout: timeoutMs, proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}
