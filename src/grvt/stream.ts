import WebSocket, { type ClientOptions, type RawData } from 'ws';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, type Book } from '../core/model.ts';
import type { FillRow } from '../core/money.ts';
import { type ParamsOf, type Reason, type ReasonCode, reason } from '../core/reasons.ts';
import { judgeSequence } from '../core/sequence.ts';
import type { AccountFrame } from '../core/view.ts';
import type { Clock, Redact } from '../ports.ts';
import { asItIs, ExchangeError, shownReason } from './errors.ts';
import { ACCOUNT_STREAMS, CANCEL_STREAM, droppedCancel, parseFrame } from './frames.ts';
import { openAgents } from './http.ts';
import type { WireObserver } from './options.ts';
import { UnusableAnswer } from './parse.ts';
import { parseBookFrame } from './parse-market.ts';
import { fillMoneyOf } from './payments.ts';
import type { Session, SessionHeaders } from './session.ts';
import { feedFrame, rpcFrame } from './wire.ts';

export interface StreamOptions {
  /** Origins; `http` becomes `ws`. */
  readonly hosts: { readonly trades: string; readonly marketData: string };
  readonly sessions: Readonly<Record<AccountName, Session>>;
  readonly subAccountIds: Readonly<Record<AccountName, string>>;
  /** Instruments whose books are subscribed. */
  readonly instruments: readonly string[];
  readonly bookDepth: number;
  readonly clock: Clock;
  /** Numbers frames and passes them to the observer of the traffic. */
  readonly wire: WireObserver;
  /** An account frame that a rule uses, without gap or repetition (strategy 10.6). */
  readonly onFrame: (account: AccountName, frame: AccountFrame) => void;
  /** A fill of the account, own or not, with its fee (strategy 17.1). Absent: not needed. */
  readonly onFill?: (fill: FillRow) => void;
  /** A cancel of an own order was dropped as a duplicate (strategy 9.12). */
  readonly onCancelDropped?: (clientOrderId: string) => void;
  /** The account's streams are all subscribed, or no longer; no frame covers the time between (API 8). */
  readonly onChange: (account: AccountName, up: boolean) => void;
  readonly report: (fact: Fact) => void;
  /** Applied to foreign text before it is shown. */
  readonly redact?: Redact;
  /** A book was received (strategy 7.4). Unreadable ones are ignored. */
  readonly onBook: (book: Book) => void;
  /** Its best bid and ask as text, for display. */
  readonly onTouch?: (instrument: string, bid: string, ask: string) => void;
  /** The proxy for an address; absent or null: direct (strategy 2.1). */
  readonly proxyFor?: (url: string) => string | null;
  readonly WebSocket?: new (url: string, options: ClientOptions) => WebSocket;
}

export interface Streams {
  /** REST contradicts the account's streams: they reconnect (strategy 10.6). */
  reconnect(account: AccountName, why: Reason): void;
  /** Subscribes the book of another instrument, by a new connection made at once. */
  watch(instrument: string): void;
  /** Closes all connections for good; each is reported `off`. */
  close(): void;
}

/** Interval of pings and of checking the session. */
const PING_EVERY_MS = 3_000;
/** Silence, pongs included, after which a connection counts as dead: found at the third check, within 10 s. */
const SILENCE_MS = 6_500;
/** Longest handshake, and longest wait for all acknowledgements of subscriptions. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const SUBSCRIBE_TIMEOUT_MS = 5_000;
/** Pauses between connections, doubling while they fail. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** After this time a connection counts as good, and the pause is reset. */
const GOOD_AFTER_MS = 10_000;
/** Largest frame: a book of 500 levels has some 60 kB. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Books per subscribe request, so that its size does not grow with the number of symbols. */
const SELECTORS_PER_REQUEST = 50;
/** Milliseconds between books of one instrument: four in the time one may price an order (strategy 7.4). */
const BOOK_RATE_MS = 500;

interface Subscription {
  readonly stream: string;
  readonly selectors: readonly string[];
}

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

/** Why a stream is up, down or off (strategy 10.6). */
function because<C extends ReasonCode>(code: C, ...params: ParamsOf<C>): Reason {
  return reason(code, '10.6', ...params);
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
  const { clock, redact = asItIs } = options;
  const url = streamUrl(origin);
  const agents = openAgents(options.proxyFor?.(origin) ?? null, {
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
    keepAlive: false,
  });
  const Socket = options.WebSocket ?? WebSocket;

  let closed = false;
  let status: 'up' | 'down' | null = null;
  let failedInARow = 0;
  let timer: NodeJS.Timeout | null = null;
  /** Closes the present connection without another one. */
  let abandon: () => void = () => {};
  let loseThis: (why: Reason) => void = () => {};

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
    const socket = new Socket(url, {
      headers: headers === null ? {} : { ...headers },
      agent: url.startsWith('wss:') ? agents.httpsAgent : agents.httpAgent,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    let over = false;
    let lastMessageAtMs = clock.nowMs();
    let upAtMs: number | null = null;
    let watch: NodeJS.Timeout | null = null;
    let subscribing: NodeJS.Timeout | null = null;
    const unacknowledged = new Map<number, Subscription>();
    const sequences = new Map<string, bigint>();
    let hasGivenRows = false;

    function end(): void {
      over = true;
      if (watch !== null) clearInterval(watch);
      if (subscribing !== null) clearTimeout(subscribing);
      socket.terminate();
    }

    /** The connection is lost or unusable: reports it and reconnects. */
    function lose(why: Reason, rejected: SessionHeaders | null = null): void {
      if (over) return;
      end();
      if (closed) return;
      const wasUp = upAtMs !== null;
      if (upAtMs !== null && clock.nowMs() - upAtMs >= GOOD_AFTER_MS) failedInARow = 0;
      say('down', why);
      if (wasUp) changed(false);
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

    /** Id of the optional subscription until it is answered. */
    let optionalId: number | null = null;

    function checkSilence(): void {
      // The exchange need not disconnect when a session ends or is replaced; it may just fall silent.
      if (session !== null && session.current() !== headers) {
        lose(because('stream-session-over'));
        return;
      }
      const silentMs = clock.nowMs() - lastMessageAtMs;
      if (silentMs >= SILENCE_MS) {
        lose(because('stream-silent', { seconds: (silentMs / 1_000).toFixed(1) }));
        return;
      }
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }

    function subscribe(): void {
      lastMessageAtMs = clock.nowMs();
      watch = setInterval(checkSilence, PING_EVERY_MS);
      subscribing = setTimeout(() => {
        const streams = [...unacknowledged.values()].map((one) => one.stream).join(', ');
        lose(because('stream-unacknowledged', { streams, seconds: SUBSCRIBE_TIMEOUT_MS / 1_000 }));
      }, SUBSCRIBE_TIMEOUT_MS);
      for (const [index, subscription] of subscriptions.entries()) {
        const id = index + 1;
        unacknowledged.set(id, subscription);
        const { stream, selectors } = subscription;
        socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params: { stream, selectors }, id }));
      }
    }

    function take(data: RawData): void {
      lastMessageAtMs = clock.nowMs();
      let frame: unknown;
      try {
        frame = JSON.parse(data.toString());
      } catch {
        lose(because('stream-not-json'));
        return;
      }
      const feed = feedFrame.safeParse(frame);
      if (feed.success) {
        takeFeed(feed.data);
        return;
      }
      const answer = rpcFrame.safeParse(frame);
      if (!answer.success) lose(because('stream-frame-unknown'));
      else takeAnswer(answer.data);
    }

    function takeAnswer(answer: {
      id?: number | null | undefined;
      error?: { code: number; message?: string | null | undefined } | null | undefined;
      result?: unknown;
    }): void {
      const isOptional = optionalId !== null && (answer.id ?? optionalId) === optionalId;
      if (isOptional) optionalId = null;
      if (answer.error !== null && answer.error !== undefined) {
        const { code, message } = answer.error;
        if (isOptional && code !== 1000) return;
        lose(because('stream-refused', { code, words: message ?? '' }), code === 1000 ? headers : null);
        return;
      }
      const subscription = unacknowledged.get(answer.id ?? 0);
      if (subscription === undefined) return;
      const missing = unsubscribed(subscription, answer.result);
      if (missing !== null) {
        lose(because('stream-not-subscribed', { stream: subscription.stream, selectors: missing }));
        return;
      }
      unacknowledged.delete(answer.id ?? 0);
      if (unacknowledged.size > 0) return;
      if (subscribing !== null) clearTimeout(subscribing);
      upAtMs = clock.nowMs();
      say('up', because('stream-subscribed'));
      changed(true);
      // Optional: if it is refused, everything else goes on.
      if (account === null || options.onCancelDropped === undefined) return;
      const params = { stream: CANCEL_STREAM, selectors: [options.subAccountIds[account]] };
      optionalId = subscriptions.length + 1;
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params, id: optionalId }));
    }

    function takeFeed(frame: {
      stream: string;
      selector: string;
      sequence_number: string;
      prev_sequence_number?: string | null | undefined;
      feed?: unknown;
    }): void {
      const { stream, selector, feed } = frame;
      const sequence = BigInt(frame.sequence_number);
      const previous = typeof frame.prev_sequence_number === 'string' ? BigInt(frame.prev_sequence_number) : null;
      // Account streams have one selector each and number by stream, whatever selector a frame echoes.
      const key = account === null ? `${stream} ${selector}` : stream;
      const last = sequences.get(key) ?? null;
      const verdict = judgeSequence(last, sequence, previous);
      const id = options.wire.nextId();
      const atMs = clock.nowMs();
      options.wire.tell({
        kind: 'frame',
        id,
        atMs,
        account,
        stream,
        selector,
        sequence: frame.sequence_number,
        previous: frame.prev_sequence_number ?? null,
        feed,
      });
      if (stream === CANCEL_STREAM) {
        const dropped = droppedCancel(feed);
        if (dropped !== null) options.onCancelDropped?.(dropped);
        return;
      }
      if (verdict === 'gap') lose(because('stream-gap', { stream, sequence: String(sequence), after: String(last) }));
      if (verdict !== 'follows') return;
      if (sequence > 0n) sequences.set(key, sequence);
      if (account === null) takeBook(feed);
      else takeRow(account, stream, feed, id, atMs);
    }

    function takeBook(feed: unknown): void {
      try {
        const book = parseBookFrame(feed);
        options.onBook(book);
        const [bid, ask] = [book.bids[0], book.asks[0]];
        if (bid && ask) options.onTouch?.(book.instrument, bid.price.toFixed(), ask.price.toFixed());
      } catch (thrown) {
        if (!(thrown instanceof UnusableAnswer)) throw thrown;
      }
    }

    function takeRow(of: AccountName, stream: string, feed: unknown, from: number, receivedAtMs: number): void {
      const isTraded = (instrument: string) => options.instruments.includes(instrument);
      if (stream === 'v1.fill') takeFill(of, feed);
      try {
        const row = parseFrame(stream, feed, options.subAccountIds[of], isTraded);
        if (row === null) return;
        hasGivenRows = true;
        options.onFrame(of, { ...row, from, receivedAtMs } as AccountFrame);
      } catch (thrown) {
        if (!(thrown instanceof UnusableAnswer)) throw thrown;
        // Its content is missing, as in a gap.
        lose(because('stream-frame-unusable', { stream, answer: thrown.why }));
      }
    }

    /** For the statement only; an unreadable fill is found, or reported, in the history (strategy 17.1). */
    function takeFill(account: AccountName, feed: unknown): void {
      try {
        const fill = fillMoneyOf(feed, { account, subAccountId: options.subAccountIds[account] });
        if (fill !== null) options.onFill?.(fill);
      } catch (thrown) {
        if (!(thrown instanceof UnusableAnswer)) throw thrown;
      }
    }

    abandon = end;
    // Before its first row a connection that is being made has reported nothing: it need not be made again.
    loseThis = (why) => {
      if (upAtMs !== null || hasGivenRows) lose(why);
    };
    socket.on('open', subscribe);
    socket.on('message', take);
    socket.on('pong', () => {
      lastMessageAtMs = clock.nowMs();
    });
    socket.on('ping', () => {
      lastMessageAtMs = clock.nowMs();
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      lose(because('stream-handshake-refused', { status }), status === 401 ? headers : null);
    });
    socket.on('error', (error) => lose(because('stream-failed', { words: errorText(error) })));
    socket.on('close', (code) => lose(because('stream-disconnected', { code })));
  }

  connect();
  return {
    lose: (why) => loseThis(why),
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      abandon();
      say('off', because('stream-closed'));
    },
  };
}

/** The first requested selector that the acknowledgement lacks; null: all are there, or it lists none. */
function unsubscribed(subscription: Subscription, result: unknown): string | null {
  const subs = result !== null && typeof result === 'object' && 'subs' in result ? result.subs : null;
  if (!Array.isArray(subs)) return null;
  return subscription.selectors.find((selector) => !subs.includes(selector)) ?? null;
}
