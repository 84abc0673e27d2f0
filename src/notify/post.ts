import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { type RequestInit } from 'node-fetch';

/** An answer is a few words; more than this is a page, and no more of it is read. */
export const MOST_ANSWER_BYTES = 65_536;

/** A message, or a heartbeat, that did not get through. `message` names no secret and carries no cause that would. */
export class DeliveryError extends Error {
  /** `refused`: it was not taken. `unknown`: it left, and the answer was lost; it may have arrived. */
  readonly outcome: 'refused' | 'unknown';
  /** It was refused for what it says: the same words would be refused again (strategy 12.1). */
  readonly forContent: boolean;

  constructor(outcome: 'refused' | 'unknown', message: string, forContent = false) {
    super(message);
    this.forContent = forContent;
    this.name = 'DeliveryError';
    this.outcome = outcome;
  }
}

/** The part of node-fetch that is used; a test may stand in for it. */
export type Fetch = typeof fetch;

/** How a request travels. */
export interface Way {
  readonly fetch?: Fetch;
  /** The proxy, with user and password; absent or null: directly (strategy 2.1). */
  readonly proxy?: string | null;
}

/**
 * One HTTP request, its answer read within `timeoutMs`, redirects not followed.
 *
 * @throws DeliveryError `unknown` when the connection, the answer or the time was lost; `refused` when no connection was made.
 */
export async function request(
  url: string,
  init: Omit<RequestInit, 'signal' | 'redirect' | 'size' | 'agent'>,
  options: Way & { readonly timeoutMs: number },
): Promise<{ readonly status: number; readonly body: string }> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), options.timeoutMs);
  try {
    const response = await (options.fetch ?? fetch)(url, {
      ...init,
      redirect: 'manual',
      size: MOST_ANSWER_BYTES,
      agent: agentOf(url, options),
      signal: abort.signal,
    });
    return { status: response.status, body: await response.text() };
  } catch (thrown) {
    if (abort.signal.aborted) throw new DeliveryError('unknown', `no answer within ${options.timeoutMs / 1000} s`);
    // The message of a fetch error holds the whole address, and an address may hold a key: only its code is told.
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    const type = thrown instanceof Error && 'type' in thrown ? String(thrown.type) : '';
    const why = [code, type].filter((part) => part !== '').join(' ') || 'not an address that can be called';
    throw new DeliveryError(NEVER_LEFT.includes(code) ? 'refused' : 'unknown', `no answer: ${why}`);
  } finally {
    clearTimeout(timer);
  }
}

/** A connection of its own for each request: messages are few. Without an agent node-fetch would take that of the process. */
function agentOf(url: string, { proxy = null, timeoutMs }: Way & { readonly timeoutMs: number }): HttpAgent {
  const through = proxy === null ? {} : { timeout: timeoutMs, proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  return /^https:/i.test(url) ? new HttpsAgent(through) : new HttpAgent(through);
}

/** No connection came about, so nothing left. */
const NEVER_LEFT: readonly string[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_PROXY_TUNNEL',
];
