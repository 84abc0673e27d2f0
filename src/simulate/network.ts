import { JSON_HEADERS, type Post } from '../grvt/http.ts';
import type { FetchLike } from '../grvt/session.ts';
import type { PaperAnswer, PaperExchange, PaperRequest } from '../paper/index.ts';
import type { Chance } from './chance.ts';
import { faultyCalls } from './fault-plan.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One engine's life: what it started ends with it. */
export interface Life {
  alive: boolean;
}

/** What the network does to one request. ms of true time. */
export interface Passage {
  readonly upMs: number;
  readonly downMs: number;
  /** The request never arrives, silently. */
  readonly requestLost: boolean;
  /** It arrives and is executed; the answer is lost. */
  readonly answerLost: boolean;
}

export interface NetworkParts {
  readonly time: VirtualTime;
  readonly exchange: PaperExchange;
  readonly passage: (request: PaperRequest) => Passage;
  /** While false, connections are refused. */
  readonly reachable: () => boolean;
  /** Called when a request arrives at the exchange, before and after it is executed. */
  readonly onArrival?: (request: PaperRequest, moment: 'before' | 'after') => void;
  /** Called once per request sent while the exchange accepted connections: whether a fault met it. */
  readonly onCarried?: (request: PaperRequest, faulty: boolean) => void;
}

/** The in-process transport of one engine, byte for byte like connections. */
export interface Network {
  readonly post: Post;
  readonly fetch: FetchLike;
  /** Sends one request; never settles once the engine is dead or the answer is lost. */
  readonly carry: (request: PaperRequest) => Promise<PaperAnswer>;
}

/**
 * Errors as Node's sockets create them, which distinguish a request that was never sent from one that may have arrived.
 */
function socketError(kind: 'refused' | 'reset'): Error {
  return kind === 'refused'
    ? Object.assign(new Error('connect ECONNREFUSED 127.0.0.1'), { code: 'ECONNREFUSED', syscall: 'connect' })
    : Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

/** As the wire shows them, of one object: the same session headers serve thousands of requests. */
const shown = new WeakMap<object, Record<string, string>>();

function asShown(headers: Readonly<Record<string, string>>): Record<string, string> {
  let lower = shown.get(headers);
  if (lower === undefined) {
    lower = lowerCase({ ...JSON_HEADERS, ...headers });
    shown.set(headers, lower);
  }
  return lower;
}

function lowerCase(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const named: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && value !== null && value !== false) named[name.toLowerCase()] = String(value);
  }
  return named;
}

/** Path and query of a URL. */
export function pathOf(url: string): string {
  return url.replace(/^(https?|wss?):\/\/[^/]+/, '');
}

/** Uniform latency per direction, so that a round trip takes `least` to `most`. */
export function latency(random: Chance, least: number, most: number): { upMs: number; downMs: number } {
  const tripMs = Math.round(random.between(least, most));
  const upMs = Math.round(tripMs * random.between(0.3, 0.7));
  return { upMs, downMs: tripMs - upMs };
}

/** Connects one engine to the network. */
export function connectNetwork(parts: NetworkParts, life: Life): Network {
  const { time, exchange } = parts;

  function carry(request: PaperRequest): Promise<PaperAnswer> {
    if (!life.alive) return new Promise(() => {});
    const passage = parts.passage(request);
    const lateMs = exchange.api.arrivalDelayMs(request);
    return new Promise((resolve, reject) => {
      const answer = (atMs: number, settle: () => void): void => {
        time.at(atMs, () => {
          if (life.alive) settle();
        });
      };
      if (!parts.reachable()) {
        answer(time.nowMs + passage.upMs, () => reject(socketError('refused')));
        return;
      }
      if (passage.requestLost) {
        parts.onCarried?.(request, true);
        return;
      }
      time.at(
        time.nowMs + passage.upMs + lateMs,
        () => {
          parts.onArrival?.(request, 'before');
          const faultyBefore = faultyCalls(exchange.faults.counts());
          const given = exchange.handle(request, time.nowMs);
          const faulty = faultyCalls(exchange.faults.counts()) > faultyBefore;
          parts.onCarried?.(request, faulty || passage.answerLost || lateMs > 0);
          parts.onArrival?.(request, 'after');
          if (passage.answerLost) return;
          answer(time.nowMs + passage.downMs + given.delayMs, () => {
            if (given.broken === null) resolve(given);
            else reject(socketError(given.broken));
          });
        },
        true,
      );
    });
  }

  return {
    carry,
    post: ({ path, headers, body, deadline }) =>
      new Promise((resolve, reject) => {
        deadline.listen(reject);
        carry({ method: 'POST', path, headers: asShown(headers), body }).then(
          (given) => resolve({ status: given.status, date: given.headers.date ?? null, text: given.body }),
          reject,
        );
      }),
    async fetch(url, init) {
      const given = await carry({
        method: init.method,
        path: pathOf(url),
        // Added by fetch itself.
        headers: { accept: '*/*', ...lowerCase(init.headers) },
        body: init.body,
      });
      return {
        status: given.status,
        headers: { get: (name) => given.headers[name.toLowerCase()] ?? null },
        text: async () => given.body,
      };
    },
  };
}
