import { Agent as HttpAgent } from 'node:http';
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
  /** Reads the answer; what it returns is what the client goes on with. */
  readonly read: (answer: Answer) => unknown;
}

/** The connections to one host. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * Opens connections that are kept for the next request, straight to a host or through a proxy: Node's own tunnels. Both say
 * so in so many words, since without it Node would read the environment of the process.
 *
 * @param proxy with user and password, which Node keeps out of its errors; null: straight
 * @param timeoutMs how long a proxy may take to open a tunnel; a tunnel that is idle for as long is closed
 */
export function openAgents(
  proxy: string | null,
  { maxSockets, timeoutMs }: { readonly maxSockets?: number; readonly timeoutMs: number },
): Agents {
  const kept = { keepAlive: true, ...(maxSockets === undefined ? {} : { maxSockets }) };
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

/**
 * Has the client's requests go straight to axios' adapter. The client only ever posts JSON; merging the defaults into each
 * request twice, flattening the headers of seven methods and running empty chains of interceptors cost as much as all we do
 * with the answer.
 *
 * @param always axios' options of every request
 * @param adapter carries the requests; default: axios' own over Node's sockets
 */
export function postStraight(
  client: { readonly axios: object },
  always: Readonly<Record<string, unknown>>,
  adapter: unknown = 'http',
): void {
  const carry = axios.getAdapter(adapter as AxiosAdapter);
  const post = async (
    url: string,
    body: unknown,
    { headers, signal, read }: PostConfig,
  ): Promise<{ data: unknown }> => {
    const answer = await carry({
      ...always,
      method: 'post',
      url,
      headers: axiosHeaders(headers),
      data: JSON.stringify(body),
      signal,
    } as InternalAxiosRequestConfig);
    return { data: read(answer) };
  };
  Object.assign(client.axios, { post });
}
