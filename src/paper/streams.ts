import type { Api } from './api.ts';
import { ERRORS, VenueError } from './errors.ts';
import { DEFAULT_DELAY_MS, DEFAULT_FOR_MS, type FaultKind, type FaultRule, type Faults } from './faults.ts';
import { e9, printE9 } from './fixed.ts';
import { type Level, STEP_MS } from './market.ts';
import type { PaperAccount, VenueEvent } from './model.ts';
import { liteText, toFull, toLite } from './names.ts';
import { readUint64 } from './order-request.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Venue } from './venue.ts';
import {
  bookView,
  fillView,
  type Json,
  miniView,
  orderView,
  positionView,
  stateView,
  tickerView,
  tradeView,
} from './views.ts';

/**
 * The exchange's streams (API 8), free of any socket: text in, text out. Messages are born inside the calls that move
 * the exchange, in the order things happened.
 */

/** Where a connection's text goes. */
export interface Sink {
  send(text: string): void;
  /** The exchange ends the connection. */
  close(code: number, reason: string): void;
}

/** One client's connection. */
export interface Connection {
  /** A text frame from the client, arrived at `nowMs`. */
  receive(text: string, nowMs: number): void;
  /** The client is gone. */
  end(): void;
}

/** Subscriptions one connection may hold: a hundred instruments on every stream. */
const MAX_SUBSCRIPTIONS = 2_000;
/** Levels a `v1.book.d` subscription follows. */
const DELTA_DEPTH = 50;

type Variant = 'full' | 'lite' | 'legacy';
type Kind = 'private' | 'book' | 'delta-book' | 'quote' | 'delta-quote' | 'trade';
interface Stream {
  readonly kind: Kind;
  /** Structure of its frames. */
  readonly frame: string;
  /** Legal rates, or limits for trades. */
  readonly rates: readonly number[];
}

const SNAPSHOT_RATES = [200, 500, 1000, 5000];
const DELTA_RATES = [0, 50, 100, 200, 500, 1000, 5000];
const STREAMS: Readonly<Record<string, Stream>> = {
  'v1.order': { kind: 'private', frame: 'WSOrderFeedDataV1', rates: [] },
  'v1.state': { kind: 'private', frame: 'WSOrderStateFeedDataV1', rates: [] },
  'v1.position': { kind: 'private', frame: 'WSPositionsFeedDataV1', rates: [] },
  'v1.fill': { kind: 'private', frame: 'WSFillFeedDataV1', rates: [] },
  'v1.cancel': { kind: 'private', frame: 'WSCancelFeedDataV1', rates: [] },
  'v1.book.s': { kind: 'book', frame: 'WSOrderbookLevelsFeedDataV1', rates: [500, 1000] },
  'v1.book.d': { kind: 'delta-book', frame: 'WSOrderbookLevelsFeedDataV1', rates: [50, 100, 500, 1000] },
  'v1.mini.s': { kind: 'quote', frame: 'WSMiniTickerFeedDataV1', rates: SNAPSHOT_RATES },
  'v1.mini.d': { kind: 'delta-quote', frame: 'WSMiniTickerFeedDataV1', rates: DELTA_RATES },
  'v1.ticker.s': { kind: 'quote', frame: 'ApiTickerFeed', rates: SNAPSHOT_RATES },
  'v1.ticker.d': { kind: 'delta-quote', frame: 'ApiTickerFeed', rates: DELTA_RATES },
  'v1.trade': { kind: 'trade', frame: 'ApiTradeFeed', rates: [50, 200, 500, 1000] },
};
const BOOK_DEPTHS = [10, 50, 100, 500];

interface Subscription {
  readonly stream: string;
  readonly spec: Stream;
  /** As subscribed; echoed in every frame. */
  readonly selector: string;
  /** Instrument, or sub account and perhaps instrument. */
  readonly primary: string;
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  readonly everySteps: number;
  readonly depth: number;
  /** What was sent last, for streams of changes. */
  bids: Map<bigint, bigint>;
  asks: Map<bigint, bigint>;
  fields: Json;
  /** Last number of a stream of changes: changes are reckoned from this subscription's own snapshot. */
  sequence: number;
}

export interface StreamParts {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly api: Api;
}

/** A stream of a connection on which a message was sent whose `prev_sequence_number` is not the last one sent. */
export interface StreamGap {
  readonly stream: string;
  /** True time of the first such message. */
  readonly atMs: number;
}

/** All connections of one exchange. */
export class StreamHub {
  readonly #parts: StreamParts;
  readonly #clients = new Set<Client>();
  /** Last sequence number by stream and selector: shared by all who listen. */
  readonly #sequences = new Map<string, number>();

  constructor(parts: StreamParts) {
    this.#parts = parts;
    parts.venue.onEvent((event) => {
      if (this.#clients.size > 0) this.#hear(event);
    });
  }

  /** Connections open now. */
  get connections(): number {
    return this.#clients.size;
  }

  /**
   * Opens a connection: `/ws/full` and `/ws/lite` speak JSON-RPC, `/ws` the older framing. Without session headers it
   * hears the public streams only. A number is the HTTP status the handshake is refused with.
   */
  connect(path: string, headers: Readonly<Record<string, string | undefined>>, sink: Sink): Connection | number {
    const plain = path.split('?')[0]!.replace(/\/+$/, '');
    const variant: Variant | null =
      plain === '/ws/full' ? 'full' : plain === '/ws/lite' ? 'lite' : plain === '/ws' ? 'legacy' : null;
    if (variant === null) return 404;
    const { sessions, venue } = this.#parts;
    const session = sessions.authenticate(headers, venue.clockMs);
    if (session === null && headers.cookie !== undefined && /gravity=/.test(headers.cookie)) return 401;
    const client: Client = new Client(this.#parts, this, variant, headers, session, {
      send: (text) => sink.send(text),
      close: (code, reason) => {
        this.#clients.delete(client);
        sink.close(code, reason);
      },
    });
    this.#clients.add(client);
    return {
      receive: (text, nowMs) => {
        if (this.#clients.has(client)) client.receive(text, nowMs);
      },
      end: () => this.#clients.delete(client),
    };
  }

  /** Ends every connection, as a restart does. */
  disconnectAll(): void {
    for (const client of [...this.#clients]) client.close(1012, 'service restart');
  }

  /** Ends the connections that an API key opened. */
  disconnectKey(apiKey: string): void {
    for (const client of [...this.#clients]) if (client.apiKey === apiKey) client.close(1008, 'API key revoked');
  }

  /** Streams of that account on open connections whose numbers have shown that a message is missing. */
  gaps(account: PaperAccount): readonly StreamGap[] {
    return [...this.#clients].flatMap((client) => client.gaps(account));
  }

  /** The last number given out on that stream and selector. */
  lastSequence(key: string): number {
    return this.#sequences.get(key) ?? 0;
  }

  #hear(event: VenueEvent): void {
    if (event.type === 'step') {
      for (const client of [...this.#clients]) client.step(event.step);
      return;
    }
    const notices = this.#notices(event);
    const numbered = new Map<string, number>();
    for (const client of [...this.#clients]) {
      for (const notice of notices) {
        for (const subscription of client.listening(notice)) {
          const key = `${subscription.stream} ${subscription.primary}`;
          let sequence = numbered.get(key);
          if (sequence === undefined) {
            sequence = this.lastSequence(key) + 1;
            this.#sequences.set(key, sequence);
            numbered.set(key, sequence);
          }
          client.frame(subscription, notice.feed(), sequence);
        }
      }
    }
  }

  #notices(event: Exclude<VenueEvent, { type: 'step' }>): Notice[] {
    const { venue } = this.#parts;
    switch (event.type) {
      case 'order': {
        const { order } = event;
        const about = { account: order.account, instrument: order.instrument };
        return [
          { ...about, stream: 'v1.order', feed: () => orderView(order) },
          {
            ...about,
            stream: 'v1.state',
            feed: () => ({
              order_id: order.orderId,
              client_order_id: order.clientOrderId,
              order_state: stateView(order),
            }),
          },
        ];
      }
      case 'fill': {
        const { fill } = event;
        const { account, instrument } = fill.order;
        return [{ account, instrument, stream: 'v1.fill', feed: () => fillView(fill) }];
      }
      case 'position': {
        const { account, holding } = event;
        const feed = (): Json => positionView(venue, account, holding, holding.updatedNs);
        return [{ account, instrument: holding.spec.name, stream: 'v1.position', feed }];
      }
      case 'gap':
        return [];
      case 'cancel': {
        const { account } = event;
        const feed = (): Json => ({
          sub_account_id: account.subAccountId,
          client_order_id: event.clientOrderId,
          order_id: event.orderId,
          reason: 'CLIENT_CANCEL',
          update_time: event.timeNs.toString(),
          cancel_status: event.status,
        });
        return [{ account, instrument: null, stream: 'v1.cancel', feed }];
      }
      case 'trade':
        return [
          {
            account: null,
            instrument: event.trade.instrument,
            stream: 'v1.trade',
            feed: () => tradeView(event.trade),
          },
        ];
    }
  }
}

/** Something that happened, on one stream. */
interface Notice {
  readonly stream: string;
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  readonly feed: () => Json;
}

/** What a fault holds back of a stream, in order. */
interface Held {
  /** By true time: all of it is sent then at the latest. */
  readonly untilMs: number;
  /** The next message of the stream goes first, and this after it. */
  readonly isSwapped: boolean;
  readonly bodies: Json[];
}

/** Messages held back of a stream: some seconds of it; beyond that the connection is given up. */
const HELD_MAX = 1_000;
/** A message that waits for the next one of its stream waits so long. */
const SWAP_MS = 2_000;

class Client {
  readonly #parts: StreamParts;
  readonly #hub: StreamHub;
  readonly #variant: Variant;
  readonly #headers: Readonly<Record<string, string | undefined>>;
  readonly #session: Session | null;
  readonly #sink: Sink;
  /** By stream and primary selector. */
  readonly #subscriptions = new Map<string, Subscription>();
  /** By stream and primary selector: what faults hold back … */
  readonly #held = new Map<string, Held>();
  /** … and how many messages they left out without leaving out a number. */
  readonly #untold = new Map<string, number>();
  /** By stream and primary selector: the last number that was sent … */
  readonly #numbers = new Map<string, number>();
  /** … and, by sub account id, the streams whose numbers show that a message never came. */
  readonly #gaps = new Map<string, readonly StreamGap[]>();
  #silentUntilMs = 0;
  /** Older framing: whether the last subscription asked for full names. */
  #legacyFull = false;
  #closed = false;

  constructor(
    parts: StreamParts,
    hub: StreamHub,
    variant: Variant,
    headers: Readonly<Record<string, string | undefined>>,
    session: Session | null,
    sink: Sink,
  ) {
    this.#parts = parts;
    this.#hub = hub;
    this.#variant = variant;
    this.#headers = headers;
    this.#session = session;
    this.#sink = sink;
  }

  get #lite(): boolean {
    return this.#variant === 'lite' || (this.#variant === 'legacy' && !this.#legacyFull);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink.close(code, reason);
  }

  /** What opened its session; null: it has none. */
  get apiKey(): string | null {
    return this.#session?.credentials.apiKey ?? null;
  }

  /** {@link StreamHub.gaps} of this connection. */
  gaps(account: PaperAccount): readonly StreamGap[] {
    return this.#gaps.get(account.subAccountId) ?? [];
  }

  #send(struct: string, value: Json): void {
    if (!this.#closed) this.#sink.send(this.#lite ? liteText(struct, value) : JSON.stringify(value));
  }

  #noteGap(key: string): void {
    const { account, stream } = this.#subscriptions.get(key) ?? {};
    if (!account || stream === undefined) return;
    const known = this.gaps(account);
    if (known.some((gap) => gap.stream === stream)) return;
    this.#gaps.set(account.subAccountId, [...known, { stream, atMs: this.#parts.venue.nowMs }]);
  }

  /** Sends a message of a stream, and notes what its number shows. */
  #sendFrame(key: string, struct: string, body: Json): void {
    const number = Number(body.sequence_number);
    const last = this.#numbers.get(key);
    if (number > 0 && number !== last) {
      if (last !== undefined && Number(body.prev_sequence_number) !== last) this.#noteGap(key);
      this.#numbers.set(key, number);
    }
    this.#send(struct, body);
  }

  /** Subscriptions that a notice concerns. */
  *listening(notice: Notice): Iterable<Subscription> {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.stream !== notice.stream || subscription.account !== notice.account) continue;
      if (subscription.instrument !== null && subscription.instrument !== notice.instrument) continue;
      yield subscription;
    }
  }

  /** Sends one frame; number 0 is a snapshot. Here stream faults strike. */
  frame(subscription: Subscription, feed: Json, sequence: number): void {
    const { faults, venue } = this.#parts;
    const { stream, account } = subscription;
    if (this.#session !== null && this.#session.expiresMs <= venue.clockMs) {
      this.close(1008, 'session expired');
      return;
    }
    if (venue.nowMs < this.#silentUntilMs) return;
    const names = account === null ? [] : [account.name, account.subAccountId];
    const strikes = (kind: FaultKind): FaultRule | null => faults.strikes(kind, stream, names);
    if (strikes('disconnect') !== null) {
      this.close(1011, 'internal error');
      return;
    }
    if (this.#session !== null && strikes('session-over') !== null) {
      this.#parts.sessions.revoke(this.#session.credentials.subAccountId);
      this.close(1008, 'session expired');
      return;
    }
    const silence = strikes('silent-stream');
    if (silence !== null) this.#silentUntilMs = venue.nowMs + (silence.forMs ?? DEFAULT_FOR_MS);
    if (silence !== null || strikes('lost-frame') !== null) return;
    const key = `${stream} ${subscription.primary}`;
    const untold = this.#untold.get(key) ?? 0;
    if (sequence > 0 && strikes('untold-frame') !== null) {
      this.#untold.set(key, untold + 1);
      return;
    }
    const number = sequence === 0 ? 0 : sequence - untold;
    const body = {
      stream,
      selector: subscription.selector,
      sequence_number: String(number),
      feed: strikes('wrong-position-frame') === null ? feed : this.#withWrongSize(feed),
      prev_sequence_number: String(Math.max(0, number - 1)),
    };
    const late = strikes('late-frame') ?? strikes('late-position-frame');
    const isSwapped = late === null && strikes('swapped-frame') !== null;
    if (this.#held.has(key) || (late === null && !isSwapped)) {
      this.#deliver(key, subscription.spec.frame, body);
      if (strikes('duplicate-frame') !== null) this.#deliver(key, subscription.spec.frame, body);
      return;
    }
    const waitMs = late === null ? SWAP_MS : (late.delayMs ?? DEFAULT_DELAY_MS);
    this.#held.set(key, { untilMs: venue.nowMs + waitMs, isSwapped, bodies: [body] });
  }

  /** Sends a message, or puts it where it belongs among those that are held back. */
  #deliver(key: string, struct: string, body: Json): void {
    const held = this.#held.get(key);
    if (held === undefined || held.isSwapped) this.#sendFrame(key, struct, body);
    else if (held.bodies.length < HELD_MAX) held.bodies.push(body);
    else this.close(1013, 'too far behind');
    if (held?.isSwapped) this.#release(key, held);
  }

  #release(key: string, { bodies }: Held): void {
    this.#held.delete(key);
    const spec = STREAMS[key.split(' ')[0] ?? '']!;
    for (const body of bodies) this.#sendFrame(key, spec.frame, body);
  }

  /** A position message that is one step off. */
  #withWrongSize(feed: Json): Json {
    const { minSize } = this.#parts.venue.book(String(feed.instrument)).spec;
    return { ...feed, size: printE9(e9(String(feed.size)) + minSize) };
  }

  /** The market has moved a step: streams with a rate send what is due. */
  step(step: number): void {
    for (const [key, held] of this.#held) if (this.#parts.venue.nowMs >= held.untilMs) this.#release(key, held);
    for (const subscription of [...this.#subscriptions.values()]) {
      if (subscription.everySteps === 0 || step % subscription.everySteps !== 0) continue;
      this.#periodic(subscription);
    }
  }

  #quote(subscription: Subscription): Json {
    const book = this.#parts.venue.book(subscription.instrument!);
    return subscription.stream.startsWith('v1.mini')
      ? miniView(this.#parts.venue, book)
      : tickerView(this.#parts.venue, book);
  }

  #periodic(subscription: Subscription): void {
    const { venue } = this.#parts;
    const instrument = subscription.instrument!;
    switch (subscription.spec.kind) {
      case 'book':
        this.frame(subscription, bookView(venue, instrument, subscription.depth), 0);
        break;
      case 'quote':
        this.frame(subscription, this.#quote(subscription), 0);
        break;
      case 'delta-quote': {
        const next = this.#quote(subscription);
        const changed: Json = { event_time: next.event_time, instrument };
        for (const key in next) if (next[key] !== subscription.fields[key]) changed[key] = next[key];
        subscription.fields = next;
        this.frame(subscription, changed, ++subscription.sequence);
        break;
      }
      case 'delta-book': {
        const change = this.#bookChange(subscription);
        if (change !== null) this.frame(subscription, change, ++subscription.sequence);
        break;
      }
    }
  }

  #bookChange(subscription: Subscription): Json | null {
    const { venue } = this.#parts;
    const side = (ask: boolean, before: Map<bigint, bigint>): [Json[], Map<bigint, bigint>] => {
      const levels = venue.levels(subscription.instrument!, ask, DELTA_DEPTH);
      const now = new Map(levels.map((level) => [level.price, level.size]));
      const changes: Json[] = [];
      for (const level of levels) if (before.get(level.price) !== level.size) changes.push(this.#level(level));
      for (const price of before.keys()) {
        if (!now.has(price)) changes.push({ price: printE9(price), size: '0.0', num_orders: 0 });
      }
      return [changes, now];
    };
    const [bids, bidsNow] = side(false, subscription.bids);
    const [asks, asksNow] = side(true, subscription.asks);
    if (bids.length === 0 && asks.length === 0) return null;
    subscription.bids = bidsNow;
    subscription.asks = asksNow;
    return { event_time: venue.stampNs().toString(), instrument: subscription.instrument, bids, asks };
  }

  #level(level: Level): Json {
    return { price: printE9(level.price), size: printE9(level.size), num_orders: level.orders };
  }

  // ── from the client ───────────────────────────────────────────────────────────────────────────────────────────────

  receive(text: string, nowMs: number): void {
    const { venue } = this.#parts;
    venue.advance(nowMs);
    let message: Json;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new VenueError(1003);
      message = parsed as Json;
    } catch {
      // Anything but an object, the bare `ping` of some clients included: an error, and the connection stays (API 8).
      this.#fail(1003, undefined, '');
      return;
    }
    if (this.#session !== null && this.#session.expiresMs <= venue.clockMs) {
      this.close(1008, 'session expired');
      return;
    }
    if (this.#variant === 'legacy') this.#legacy(message);
    else this.#rpc(this.#variant === 'lite' ? (toFull('JSONRPCRequest', message) as Json) : message);
  }

  #fail(code: number, id: unknown, method: string): void {
    const [status, message] = ERRORS[code]!;
    if (this.#variant === 'legacy') this.#send('FullError', { code, message, status });
    else
      this.#send('JSONRPCResponse', {
        jsonrpc: '2.0',
        error: { code, message },
        ...(id === undefined ? {} : { id }),
        method,
      });
  }

  #rpc(request: Json): void {
    const { id } = request;
    const method = String(request.method ?? '');
    try {
      let result: Json;
      const params = (request.params ?? {}) as Json;
      let after: (() => void) | null = null;
      if (method === 'subscribe') {
        const named = this.#lite ? (toFull('WSSubscribeParams', params) as Json) : params;
        [result, after] = this.#subscribe(named.stream, named.selectors);
        if (this.#lite) result = toLite('SubscribeResult', result) as Json;
      } else if (method === 'unsubscribe') {
        const named = this.#lite ? (toFull('WSUnsubscribeParams', params) as Json) : params;
        result = this.#unsubscribe(named.stream, named.selectors);
        if (this.#lite) result = toLite('WSUnsubscribeResult', result) as Json;
      } else if (method === 'unsubscribe_all') {
        const unsubs = [...this.#subscriptions.values()].map((subscription) => subscription.selector);
        this.#subscriptions.clear();
        result = { unsubs };
      } else if (method === 'list_streams') {
        result = { streams: [...this.#subscriptions.values()].map(({ stream, selector }) => ({ stream, selector })) };
      } else {
        result = this.#call(method, params);
      }
      this.#send('JSONRPCResponse', {
        jsonrpc: '2.0',
        result,
        ...(id === undefined ? {} : { id }),
        method,
      });
      after?.();
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      this.#fail(error.code, id, method);
    }
  }

  /** A REST call over the socket: `v1/create_order` and so on; the result holds the whole REST body (API 8). */
  #call(method: string, params: Json): Json {
    const route = /^v[12]\/([a-z_]+)$/.exec(method)?.[1];
    const known = route === undefined ? null : this.#parts.api.structures(route);
    if (route === undefined || known === null) throw new VenueError(1003);
    const lite = this.#lite && known.request !== null;
    const body = lite ? (toFull(known.request!, params) as Json) : params;
    const { api, sessions, venue } = this.#parts;
    const result = api.call(route, body, sessions.authenticate(this.#headers, venue.clockMs));
    return this.#lite ? (toLite(known.response, result) as Json) : result;
  }

  #legacy(message: Json): void {
    const lite = message.stream === undefined && message.s !== undefined;
    const request = lite ? (toFull('WSSubscribeRequestV1Legacy', message) as Json) : message;
    this.#legacyFull = lite ? request.is_full === true : request.is_full !== false;
    try {
      const id = request.request_id === undefined ? {} : { request_id: request.request_id };
      if (request.method === 'subscribe') {
        const [result, after] = this.#subscribe(request.stream, request.feed);
        const { latest_sequence_number: _latest, ...flat } = result;
        this.#send('WSSubscribeResponseV1Legacy', { ...id, ...flat });
        after();
      } else if (request.method === 'unsubscribe') {
        const result = this.#unsubscribe(request.stream, request.feed);
        this.#send('WSSubscribeResponseV1Legacy', {
          ...id,
          subs: [],
          ...result,
          num_snapshots: [],
          first_sequence_number: [],
        });
      } else {
        throw new VenueError(1003);
      }
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      this.#fail(error.code, undefined, '');
    }
  }

  #selectors(value: unknown): string[] {
    if (!Array.isArray(value) || value.length === 0 || value.some((item) => typeof item !== 'string')) {
      throw new VenueError(1102);
    }
    return value as string[];
  }

  #subscribe(stream: unknown, selectors: unknown): [Json, () => void] {
    const made = this.#selectors(selectors).map((selector) => this.#read(String(stream), selector));
    if (this.#subscriptions.size + made.length > MAX_SUBSCRIPTIONS) throw new VenueError(1102);
    const snapshots = made.map((subscription) => this.#snapshots(subscription));
    const latest = made.map((subscription) => this.#latest(subscription));
    for (const subscription of made) {
      this.#subscriptions.set(`${subscription.stream} ${subscription.primary}`, subscription);
    }
    const result = {
      stream,
      subs: made.map((subscription) => subscription.selector),
      unsubs: [],
      num_snapshots: snapshots.map((feeds) => feeds.length),
      first_sequence_number: latest.map((last, index) => String(this.#counts(made[index]!) ? last + 1 : 0)),
      latest_sequence_number: latest.map(String),
    };
    const after = (): void => {
      made.forEach((subscription, index) => {
        for (const feed of snapshots[index]!) this.frame(subscription, feed, 0);
      });
    };
    return [result, after];
  }

  /** Streams of whole pictures always say 0 (API 8). */
  #counts(subscription: Subscription): boolean {
    return subscription.spec.kind !== 'book' && subscription.spec.kind !== 'quote';
  }

  #latest(subscription: Subscription): number {
    if (!this.#counts(subscription)) return 0;
    const own = subscription.spec.kind === 'delta-book' || subscription.spec.kind === 'delta-quote';
    return own ? subscription.sequence : this.#hub.lastSequence(`${subscription.stream} ${subscription.primary}`);
  }

  #unsubscribe(stream: unknown, selectors: unknown): Json {
    const unsubs: string[] = [];
    for (const selector of this.#selectors(selectors)) {
      const primary = selector.split('@')[0]!;
      if (this.#subscriptions.delete(`${String(stream)} ${primary}`)) unsubs.push(selector);
    }
    return { stream, unsubs };
  }

  #read(stream: string, selector: string): Subscription {
    const spec = Object.hasOwn(STREAMS, stream) ? STREAMS[stream]! : null;
    if (spec === null) throw new VenueError(1003);
    const [primary = '', secondary, ...more] = selector.split('@');
    if (more.length > 0) throw new VenueError(1101);
    const base = {
      stream,
      spec,
      selector,
      primary,
      depth: 0,
      everySteps: 0,
      bids: new Map(),
      asks: new Map(),
      fields: {},
      // Never below what an earlier subscription was given: no stream sends more than one change a step.
      sequence: this.#parts.venue.steps,
    };
    if (spec.kind === 'private') {
      if (secondary !== undefined) throw new VenueError(1103);
      const dash = primary.indexOf('-');
      const id = dash < 0 ? primary : primary.slice(0, dash);
      const instrument = dash < 0 ? null : primary.slice(dash + 1);
      if (this.#session === null) throw new VenueError(1000);
      if (readUint64(id) === null) throw new VenueError(3020);
      if (instrument !== null) this.#parts.venue.book(instrument, 3000);
      if (this.#session.credentials.subAccountId !== id) throw new VenueError(1001);
      return { ...base, account: this.#parts.venue.account(id), instrument };
    }
    this.#parts.venue.book(primary, 3000);
    if (secondary === undefined) throw new VenueError(1101);
    const [rateText = '', depthText, ...rest] = secondary.split('-');
    if (rest.length > 0 || (spec.kind === 'book') !== (depthText !== undefined)) throw new VenueError(1103);
    const rate = /^\d+$/.test(rateText) ? Number(rateText) : Number.NaN;
    if (!spec.rates.includes(rate)) throw new VenueError(spec.kind === 'trade' ? 3031 : 3030);
    const depth = spec.kind === 'book' ? Number(depthText) : 0;
    if (spec.kind === 'book' && !BOOK_DEPTHS.includes(depth)) throw new VenueError(3031);
    const everySteps = spec.kind === 'trade' ? 0 : Math.max(1, Math.round(rate / STEP_MS));
    return { ...base, account: null, instrument: primary, depth: spec.kind === 'trade' ? rate : depth, everySteps };
  }

  /** What a new subscription begins with. */
  #snapshots(subscription: Subscription): Json[] {
    const { venue } = this.#parts;
    const { spec, instrument, account } = subscription;
    switch (spec.kind) {
      case 'book':
        return [bookView(venue, instrument!, subscription.depth)];
      case 'quote':
        return [this.#quote(subscription)];
      case 'delta-quote':
        subscription.fields = this.#quote(subscription);
        return [subscription.fields];
      case 'delta-book': {
        const change = this.#bookChange(subscription);
        return [change ?? bookView(venue, instrument!, DELTA_DEPTH)];
      }
      case 'trade':
        return venue.book(instrument!).trades.slice(-subscription.depth).map(tradeView);
      case 'private': {
        if (subscription.stream !== 'v1.position' || account === null) return [];
        const stamp = venue.stampNs();
        return [...account.holdings.values()]
          .filter((holding) => holding.size !== 0n && (instrument === null || holding.spec.name === instrument))
          .map((holding) => positionView(venue, account, holding, stamp));
      }
    }
  }
}
