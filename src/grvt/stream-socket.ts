import type { Agent } from 'node:http';
import WebSocket, { type ClientOptions, type RawData } from 'ws';
import type { z } from 'zod';
import { errorText } from '../core/error-text.ts';
import type { AccountName } from '../core/model.ts';
import { type ParamsOf, type Reason, type ReasonCode, reason } from '../core/reasons.ts';
import { type FeedOptions, Feeds } from './feeds.ts';
import { CANCEL_STREAM } from './frames.ts';
import type { Session, SessionHeaders } from './session.ts';
import { feedFrame, rpcFrame } from './wire.ts';

/** Interval of pings and of checking the session. */
const PING_EVERY_MS = 3_000;
/** Silence, pongs included, after which a connection counts as dead: found at the third check, within 10 s. */
const SILENCE_MS = 6_500;
/** Longest handshake, and longest wait for all acknowledgements of subscriptions. */
export const HANDSHAKE_TIMEOUT_MS = 5_000;
const SUBSCRIBE_TIMEOUT_MS = 5_000;
/** Largest frame: a book of 500 levels has some 60 kB. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

export interface Subscription {
  readonly stream: string;
  readonly selectors: readonly string[];
}

export type SocketClass = new (url: string, options: ClientOptions) => WebSocket;

export interface SocketParts {
  readonly feeds: FeedOptions;
  /** null: of market data. */
  readonly account: AccountName | null;
  readonly url: string;
  readonly agent: Agent;
  readonly Socket: SocketClass;
  /** The account's session, and its headers at the handshake. */
  readonly session: Session | null;
  readonly headers: SessionHeaders | null;
  readonly subscriptions: readonly Subscription[];
  /** All subscriptions are acknowledged. */
  readonly onUp: () => void;
  /**
   * The connection is lost or of no more use, and closed.
   * @param upForMs how long all its streams were subscribed; null: never @param rejected the session that was refused
   */
  readonly onLost: (why: Reason, upForMs: number | null, rejected: SessionHeaders | null) => void;
}

/** Why a stream is up, down or off (strategy 10.6). */
export function because<C extends ReasonCode>(code: C, ...params: ParamsOf<C>): Reason {
  return reason(code, '10.6', ...params);
}

/** One connection, from its handshake to its end: subscribes, reads frames, and notices silence and a dead session. */
export class StreamSocket {
  readonly #parts: SocketParts;
  readonly #socket: WebSocket;
  readonly #feeds: Feeds;
  /** By the id of their request. */
  readonly #unacknowledged = new Map<number, Subscription>();
  /** Id of the optional subscription until it is answered. */
  #optionalId: number | null = null;
  #lastMessageAtMs: number;
  /** When all subscriptions were acknowledged; null: not yet. */
  #upAtMs: number | null = null;
  #silenceCheck: NodeJS.Timeout | null = null;
  #subscribing: NodeJS.Timeout | null = null;
  #over = false;

  constructor(parts: SocketParts) {
    this.#parts = parts;
    this.#feeds = new Feeds(parts.feeds, parts.account);
    this.#lastMessageAtMs = this.#nowMs();
    const { url, agent, headers } = parts;
    const socket = new parts.Socket(url, {
      headers: headers === null ? {} : { ...headers },
      agent,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    const received = () => {
      this.#lastMessageAtMs = this.#nowMs();
    };
    socket.on('open', () => this.#subscribe());
    socket.on('message', (data) => this.#take(data));
    socket.on('pong', received);
    socket.on('ping', received);
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      this.#lost(because('stream-handshake-refused', { status }), status === 401 ? headers : null);
    });
    socket.on('error', (error) => this.#lost(because('stream-failed', { words: errorText(error) })));
    socket.on('close', (code) => this.#lost(because('stream-disconnected', { code })));
  }

  /** Reconnects. Before its first row a connection that is being made has reported nothing: it goes on. */
  lose(why: Reason): void {
    if (this.#upAtMs !== null || this.#feeds.hasGivenRows) this.#lost(why);
  }

  /** Closes it; nothing is reported any more. */
  end(): void {
    this.#over = true;
    if (this.#silenceCheck !== null) clearInterval(this.#silenceCheck);
    if (this.#subscribing !== null) clearTimeout(this.#subscribing);
    this.#socket.terminate();
  }

  #lost(why: Reason, rejected: SessionHeaders | null = null): void {
    if (this.#over) return;
    this.end();
    this.#parts.onLost(why, this.#upAtMs === null ? null : this.#nowMs() - this.#upAtMs, rejected);
  }

  #nowMs(): number {
    return this.#parts.feeds.clock.nowMs();
  }

  #checkSilence(): void {
    const { session, headers } = this.#parts;
    // The exchange need not disconnect when a session ends or is replaced; it may just fall silent.
    if (session !== null && session.current() !== headers) {
      this.#lost(because('stream-session-over'));
      return;
    }
    const silentMs = this.#nowMs() - this.#lastMessageAtMs;
    if (silentMs >= SILENCE_MS) this.#lost(because('stream-silent', { seconds: (silentMs / 1_000).toFixed(1) }));
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #subscribe(): void {
    this.#lastMessageAtMs = this.#nowMs();
    this.#silenceCheck = setInterval(() => this.#checkSilence(), PING_EVERY_MS);
    this.#subscribing = setTimeout(() => {
      const streams = [...this.#unacknowledged.values()].map((one) => one.stream).join(', ');
      this.#lost(because('stream-unacknowledged', { streams, seconds: SUBSCRIBE_TIMEOUT_MS / 1_000 }));
    }, SUBSCRIBE_TIMEOUT_MS);
    for (const [index, subscription] of this.#parts.subscriptions.entries()) {
      this.#unacknowledged.set(index + 1, subscription);
      this.#request(index + 1, subscription);
    }
  }

  #request(id: number, params: Subscription): void {
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params, id }));
  }

  #take(data: RawData): void {
    this.#lastMessageAtMs = this.#nowMs();
    let frame: unknown;
    try {
      frame = JSON.parse(data.toString());
    } catch {
      this.#lost(because('stream-not-json'));
      return;
    }
    const feed = feedFrame.safeParse(frame);
    if (feed.success) {
      const why = this.#feeds.take(feed.data);
      if (why !== null) this.#lost(why);
      return;
    }
    const answer = rpcFrame.safeParse(frame);
    if (answer.success) this.#takeAnswer(answer.data);
    else this.#lost(because('stream-frame-unknown'));
  }

  #takeAnswer({ id, error, result }: z.infer<typeof rpcFrame>): void {
    const isOptional = this.#optionalId !== null && (id ?? this.#optionalId) === this.#optionalId;
    if (isOptional) this.#optionalId = null;
    if (error !== null && error !== undefined) {
      const { code, message } = error;
      if (isOptional && code !== 1000) return;
      const why = because('stream-refused', { code, words: message ?? '' });
      this.#lost(why, code === 1000 ? this.#parts.headers : null);
      return;
    }
    const subscription = this.#unacknowledged.get(id ?? 0);
    if (subscription === undefined) return;
    const missing = unsubscribed(subscription, result);
    if (missing !== null) {
      this.#lost(because('stream-not-subscribed', { stream: subscription.stream, selectors: missing }));
      return;
    }
    this.#unacknowledged.delete(id ?? 0);
    if (this.#unacknowledged.size === 0) this.#allSubscribed();
  }

  #allSubscribed(): void {
    if (this.#subscribing !== null) clearTimeout(this.#subscribing);
    this.#upAtMs = this.#nowMs();
    const { account, feeds, subscriptions, onUp } = this.#parts;
    onUp();
    // Optional: if it is refused, everything else goes on.
    if (account === null || feeds.onCancelDropped === undefined) return;
    this.#optionalId = subscriptions.length + 1;
    this.#request(this.#optionalId, { stream: CANCEL_STREAM, selectors: [feeds.subAccountIds[account]] });
  }
}

/** The first requested selector that the acknowledgement lacks; null: all are there, or it lists none. */
function unsubscribed(subscription: Subscription, result: unknown): string | null {
  const subs = result !== null && typeof result === 'object' && 'subs' in result ? result.subs : null;
  if (!Array.isArray(subs)) return null;
  return subscription.selectors.find((selector) => !subs.includes(selector)) ?? null;
}
