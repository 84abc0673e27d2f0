import WebSocket from 'ws';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { Redact } from '../ports.ts';
import { asItIs, ExchangeError, shownReason } from './errors.ts';
import type { FeedOptions } from './feeds.ts';
import { ACCOUNT_STREAMS } from './frames.ts';
import { openAgents } from './http.ts';
import type { Session, SessionHeaders } from './session.ts';
import { because, HANDSHAKE_TIMEOUT_MS, type SocketClass, StreamSocket, type Subscription } from './stream-socket.ts';

export interface StreamOptions extends FeedOptions {
  /** Origins; `http` becomes `ws`. */
  readonly hosts: { readonly trades: string; readonly marketData: string };
  readonly sessions: Readonly<Record<AccountName, Session>>;
  readonly bookDepth: number;
  /** The account's streams are all subscribed, or no longer; no frame covers the time between (API 8). */
  readonly onChange: (account: AccountName, up: boolean) => void;
  readonly report: (fact: Fact) => void;
  /** Applied to foreign text before it is shown. */
  readonly redact?: Redact;
  /** The proxy for an address; absent or null: direct (strategy 2.1). */
  readonly proxyFor?: (url: string) => string | null;
  readonly WebSocket?: SocketClass;
}

export interface Streams {
  /** REST contradicts the account's streams: they reconnect (strategy 10.6). */
  reconnect(account: AccountName, why: Reason): void;
  /** Subscribes the book of another instrument, by a new connection made at once. */
  watch(instrument: string): void;
  /** Closes all connections for good; each is reported `off`. */
  close(): void;
}

/** Pauses between connections, doubling while they fail. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** After this time a connection counts as good, and the pause is reset. */
const GOOD_AFTER_MS = 10_000;
/** Books per subscribe request, so that its size does not grow with the number of symbols. */
const SELECTORS_PER_REQUEST = 50;
/** Milliseconds between books of one instrument: four in the time one may price an order (strategy 7.4). */
const BOOK_RATE_MS = 500;

/**
 * The exchange's streams (strategy 10.6, API 8): order, state, fill and position of both accounts, and the books, over
 * `/ws/full`. Silence, gaps, unreadable frames, disconnects and ended sessions are detected within 10 s, reported as
 * `stream.changed`, and followed by a new connection.
 */
export function createStreams(options: StreamOptions): Streams {
  const connections: Connection[] = ACCOUNTS.map((account) =>
    keepConnected({
      options,
      account,
      origin: options.hosts.trades,
      session: options.sessions[account],
      subscriptions: ACCOUNT_STREAMS.map((stream) => ({ stream, selectors: [options.subAccountIds[account]] })),
    }),
  );
  const selectorOf = (instrument: string) => `${instrument}@${BOOK_RATE_MS}-${options.bookDepth}`;
  const books = options.instruments.map(selectorOf);
  const subscriptions: Subscription[] = [];
  let market: Connection | null = null;
  const connect = () => {
    const origin = options.hosts.marketData;
    market = keepConnected({ options, account: null, origin, session: null, subscriptions });
    connections.push(market);
  };
  if (books.length > 0) {
    for (let from = 0; from < books.length; from += SELECTORS_PER_REQUEST) {
      subscriptions.push({ stream: 'v1.book.s', selectors: books.slice(from, from + SELECTORS_PER_REQUEST) });
    }
    connect();
  }
  return {
    reconnect: (account, why) => connections[ACCOUNTS.indexOf(account)]?.lose(why),
    watch: (instrument) => {
      subscriptions.push({ stream: 'v1.book.s', selectors: [selectorOf(instrument)] });
      if (market === null) connect();
      else market.lose(because('stream-symbol-added'));
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

function withoutSession(thrown: unknown): Reason {
  return thrown instanceof ExchangeError
    ? reason('no-session', '9.8', { login: thrown.why })
    : because('stream-failed', { words: errorText(thrown) });
}

function streamUrl(origin: string): string {
  return `${origin.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/full`;
}

interface Connection {
  /** Treats it as broken. */
  lose(why: Reason): void;
  close(): void;
}

/** One connection, renewed whenever it is lost. */
function keepConnected(input: {
  options: StreamOptions;
  account: AccountName | null;
  origin: string;
  session: Session | null;
  subscriptions: readonly Subscription[];
}): Connection {
  const { options, account, origin, session, subscriptions } = input;
  const { clock, redact = asItIs, WebSocket: Socket = WebSocket } = options;
  const url = streamUrl(origin);
  const agents = openAgents(options.proxyFor?.(origin) ?? null, {
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
    keepAlive: false,
  });
  const agent = url.startsWith('wss:') ? agents.httpsAgent : agents.httpAgent;

  let closed = false;
  let status: 'up' | 'down' | null = null;
  let failedInARow = 0;
  let timer: NodeJS.Timeout | null = null;
  let socket: StreamSocket | null = null;

  function say(next: 'up' | 'down' | 'off', why: Reason): void {
    if (next === status) return;
    status = next === 'off' ? null : next;
    options.report({
      type: 'stream.changed',
      atMs: clock.nowMs(),
      account,
      status: next,
      why: shownReason(why, redact),
    });
  }

  function changed(up: boolean): void {
    if (account !== null) options.onChange(account, up);
  }

  function later(pauseMs: number): void {
    if (closed) return;
    timer = setTimeout(connect, pauseMs);
  }

  function retry(): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failedInARow, MAX_PAUSE_MS);
    failedInARow = Math.min(failedInARow + 1, 16);
    later(pauseMs);
  }

  async function connect(): Promise<void> {
    timer = null;
    let headers: SessionHeaders | null = null;
    try {
      headers = session === null ? null : await session.ready();
    } catch (error) {
      say('down', withoutSession(error));
      retry();
      return;
    }
    if (!closed) open(headers);
  }

  function open(headers: SessionHeaders | null): void {
    const parts = { feeds: options, account, url, agent, Socket, session, headers, subscriptions, onLost };
    socket = new StreamSocket({
      ...parts,
      onUp: () => {
        say('up', because('stream-subscribed'));
        changed(true);
      },
    });
  }

  function onLost(why: Reason, upForMs: number | null, rejected: SessionHeaders | null): void {
    if (upForMs !== null && upForMs >= GOOD_AFTER_MS) failedInARow = 0;
    say('down', why);
    if (upForMs !== null) changed(false);
    if (rejected === null || session === null) {
      retry();
      return;
    }
    // Only the session was invalid: logs in first, with the login's own pauses.
    session.renew(rejected).then(retry, (error: unknown) => {
      say('down', withoutSession(error));
      retry();
    });
  }

  connect();
  return {
    lose: (why) => socket?.lose(why),
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      socket?.end();
      say('off', because('stream-closed'));
    },
  };
}
