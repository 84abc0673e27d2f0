import { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import type { AxiosAdapter, AxiosHeaders, AxiosStatic, InternalAxiosRequestConfig } from 'axios';

/** The client's own copy of axios. */
const axios = createRequire(createRequire(import.meta.url).resolve('@grvt/client'))('axios') as AxiosStatic;

/** One answer as the adapter gave it, before anybody looked into it. */
export interface Answer {
  readonly data: unknown;
  readonly headers: unknown;
  readonly status: unknown;
}

/** What one request of the client carries besides its body. */
export interface PostConfig {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Asked once more, on a new connection, when the one it was sent on turns out to have been dropped while idle. */
  readonly repeatable: boolean;
  /** Reads the answer; what it returns is what the client goes on with. */
  readonly read: (answer: Answer) => unknown;
}

/** The connections to one host. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * Opens connections straight to a host, or through a proxy by Node's own tunnels. Both are said, since without it Node may read
 * the environment of the process.
 *
 * @param proxy with user and password, which Node keeps out of its errors; null: straight
 * @param timeoutMs how long a proxy may take to open a tunnel; a tunnel that is idle for as long is closed
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

const BODY_HEADERS = { Accept: 'application/json, text/plain, */*', 'Content-Type': 'application/json' };

/** A session's headers as axios wants them: the same for thousands of requests. */
const prepared = new WeakMap<PostConfig['headers'], AxiosHeaders>();

function axiosHeaders(headers: PostConfig['headers']): AxiosHeaders {
  let known = prepared.get(headers);
  if (known === undefined) {
    known = new axios.AxiosHeaders({ ...BODY_HEADERS, ...headers });
    prepared.set(headers, known);
  }
  // Each request gets its own: adapters write into them.
  return Object.assign(new axios.AxiosHeaders(), known);
}

/** What the system says of a connection that the other side has given up. */
const DROPPED: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

/** The request went out on a connection kept from before, and that was gone: no server need have read it. */
function wasDroppedWhileIdle(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('code' in thrown) || !DROPPED.includes(thrown.code)) return false;
  const request = 'request' in thrown ? thrown.request : null;
  return request instanceof ClientRequest && request.reusedSocket;
}

/**
 * Has the client's requests go straight to axios' adapter. The client only ever posts JSON; merging the defaults into each
 * request twice, flattening the headers of seven methods and running empty chains of interceptors cost as much as all we do
 * with the answer.
 *
 * @param always axios' options of every request
 * @param fresh connections for one request each, for what is repeated
 * @param adapter carries the requests; default: axios' own over Node's sockets
 */
export function postStraight(
  client: { readonly axios: object },
  always: Readonly<Record<string, unknown>>,
  fresh: Agents,
  adapter: unknown = 'http',
): void {
  const carry = axios.getAdapter(adapter as AxiosAdapter);
  const post = async (
    url: string,
    body: unknown,
    { headers, signal, repeatable, read }: PostConfig,
  ): Promise<{ data: unknown }> => {
    const data = JSON.stringify(body);
    const send = (agents: Agents | null) =>
      carry({
        ...always,
        ...agents,
        method: 'post',
        url,
        headers: axiosHeaders(headers),
        data,
        signal,
      } as InternalAxiosRequestConfig);
    try {
      return { data: read(await send(null)) };
    } catch (thrown) {
      if (!repeatable || !wasDroppedWhileIdle(thrown)) throw thrown;
      // Other idle connections may have been dropped with it, so not on one of those.
      return { data: read(await send(fresh)) };
    }
  };
  Object.assign(client.axios, { post });
}
