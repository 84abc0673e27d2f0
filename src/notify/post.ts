import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { type RequestInit } from 'node-fetch';
import { systemCode } from '../core/error-text.ts';

/** Most bytes read of an answer: more than this is a web page. */
export const MOST_ANSWER_BYTES = 65_536;

/** A message or heartbeat was not delivered. `message` contains no secret, and there is no cause that would. */
export class DeliveryError extends Error {
  /** `refused`: not accepted. `unknown`: sent, but the answer was lost; it may have arrived. */
  readonly outcome: 'refused' | 'unknown';
  /** Refused for its content: the same message would be refused again (strategy 12.1). */
  readonly forContent: boolean;

  constructor(outcome: 'refused' | 'unknown', message: string, forContent = false) {
    super(message);
    this.forContent = forContent;
    this.name = 'DeliveryError';
    this.outcome = outcome;
  }
}

/** The part of node-fetch that is used; tests replace it. */
export type Fetch = typeof fetch;

export interface Way {
  readonly fetch?: Fetch;
  /** The proxy, with user and password; absent or null: direct (strategy 2.1). */
  readonly proxy?: string | null;
}

/**
 * One HTTP request without redirects; its answer must be complete within `timeoutMs`.
 * @throws DeliveryError `unknown` if connection, answer or time was lost; `refused` if no connection was made.
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
    // A fetch error's message contains the whole address, which may contain a key: only its code is used.
    const code = systemCode(thrown);
    const type = thrown instanceof Error && 'type' in thrown ? String(thrown.type) : '';
    const why = [code, type].filter((part) => part !== '').join(' ') || 'not an address that can be called';
    throw new DeliveryError(NEVER_LEFT.includes(code) ? 'refused' : 'unknown', `no answer: ${why}`);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection per request, since messages are few. Without an agent node-fetch would use the process's own. */
function agentOf(url: string, { proxy = null, timeoutMs }: Way & { readonly timeoutMs: number }): HttpAgent {
  const through = proxy === null ? {} : { timeout: timeoutMs, proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  return /^https:/i.test(url) ? new HttpsAgent(through) : new HttpAgent(through);
}

/** No connection was made, so nothing was sent. */
const NEVER_LEFT: readonly string[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_PROXY_TUNNEL',
];
