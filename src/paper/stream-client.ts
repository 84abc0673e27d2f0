import type { Api } from './api.ts';
import { ERRORS, VenueError } from './errors.ts';
import { DEFAULT_DELAY_MS, DEFAULT_FOR_MS, type FaultKind, type FaultRule, type Faults } from './faults.ts';
import { e9, printE9 } from './fixed.ts';
import type { PaperAccount } from './model.ts';
import { liteText, toFull, toLite } from './names.ts';
import type { Session, Sessions } from './sessions.ts';
import { readSubscription, STREAMS, type Subscription } from './subscriptions.ts';
import type { Venue } from './venue.ts';
import { bookView, type Json, levelView, miniView, positionView, tickerView, tradeView } from './views.ts';

/** One connection: its frames, their numbers, and the faults of streams (API 8). */

/** Receives a connection's text. */
export interface Sink {
  send(text: string): void;
  /** The exchange closes the connection. */
  close(code: number, reason: string): void;
}

/** One client's connection. */
export interface Connection {
  /** A text frame from the client, arrived at `nowMs`. */
  receive(text: string, nowMs: number): void;
  /** The client disconnected. */
  end(): void;
}

/** Subscriptions one connection may hold: a hundred instruments on every stream. */
const MAX_SUBSCRIPTIONS = 2_000;
/** Levels a `v1.book.d` subscription follows. */
const DELTA_DEPTH = 50;

export type Variant = 'full' | 'lite' | 'legacy';

export interface StreamParts {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly api: Api;
}

/** A stream of a connection that sent a message whose `prev_sequence_number` is not the last one sent. */
export interface StreamGap {
  readonly stream: string;
  /** True time of the first such message. */
  readonly atMs: number;
}

/** An event on one stream. */
export interface Notice {
  readonly stream: string;
  readonly account: PaperAccount | null;
  readonly instrument: string | null;
  readonly feed: () => Json;
}

/** Messages of a stream delayed by a fault, in order. */
interface Held {
  /** True time by which all of them are sent. */
  readonly untilMs: number;
  /** The next message of the stream is sent before this one. */
  readonly isSwapped: boolean;
  readonly bodies: Json[];
}

/** Most delayed messages of a stream: some seconds of it; beyond that the connection is closed. */
const HELD_MAX = 1_000;
/** Longest wait of a message for the next one of its stream. */
const SWAP_MS = 2_000;

interface ClientParts extends StreamParts {
  /** All connections share its numbers: the last one used on that stream and selector. */
  readonly hub: { lastSequence(key: string): number };
  readonly variant: Variant;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly session: Session | null;
  readonly sink: Sink;
}

export class Client {
  readonly #parts: ClientParts;
  /** By stream and primary selector. */
  readonly #subscriptions = new Map<string, Subscription>();
  /** By stream and primary selector: messages delayed by faults. */
  readonly #held = new Map<string, Held>();
  /** By stream and primary selector: number of messages omitted without a gap in the numbers. */
  readonly #hidden = new Map<string, number>();
  /** By stream and primary selector: the last number sent. */
  readonly #numbers = new Map<string, number>();
  /** By sub account id: the streams whose numbers show a missing message. */
  readonly #gaps = new Map<string, readonly StreamGap[]>();
  #silentUntilMs = 0;
  /** Older framing: whether the last subscription asked for full names. */
  #legacyFull = false;
  #closed = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  get #lite(): boolean {
    return this.#parts.variant === 'lite' || (this.#parts.variant === 'legacy' && !this.#legacyFull);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.sink.close(code, reason);
  }

  /** Closes it if its session has expired. */
  #endsExpired(): boolean {
    const { session, venue } = this.#parts;
    if (session === null || session.expiresMs > venue.clockMs) return false;
    this.close(1008, 'session expired');
    return true;
  }

  /** The key that opened its session; null: no session. */
  get apiKey(): string | null {
    return this.#parts.session?.credentials.apiKey ?? null;
  }

  /** Gaps of this connection. */
  gaps(account: PaperAccount): readonly StreamGap[] {
    return this.#gaps.get(account.subAccountId) ?? [];
  }

  #send(struct: string, value: Json): void {
    if (!this.#closed) this.#parts.sink.send(this.#lite ? liteText(struct, value) : JSON.stringify(value));
  }

  #noteGap(key: string): void {
    const { account, stream } = this.#subscriptions.get(key) ?? {};
    if (!account || stream === undefined) return;
    const known = this.gaps(account);
    if (known.some((gap) => gap.stream === stream)) return;
    this.#gaps.set(account.subAccountId, [...known, { stream, atMs: this.#parts.venue.nowMs }]);
  }

  /** Sends a message of a stream, recording gaps in its numbers. */
  #sendFrame(key: string, struct: string, body: Json): void {
    const number = Number(body.sequence_number);
    const last = this.#numbers.get(key);
    if (number > 0 && number !== last) {
      if (last !== undefined && Number(body.prev_sequence_number) !== last) this.#noteGap(key);
      this.#numbers.set(key, number);
    }
    this.#send(struct, body);
  }

  /** Subscriptions to an event's stream. */
  *listening(notice: Notice): Iterable<Subscription> {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.stream !== notice.stream || subscription.account !== notice.account) continue;
      if (subscription.instrument !== null && subscription.instrument !== notice.instrument) continue;
      yield subscription;
    }
  }

  /** Sends one frame; number 0 is a snapshot. Stream faults apply here. */
  frame(subscription: Subscription, feed: Json, sequence: number): void {
    const { faults, venue, session, sessions } = this.#parts;
    const { stream, account } = subscription;
    if (this.#endsExpired() || venue.nowMs < this.#silentUntilMs) return;
    const names = account === null ? [] : [account.name, account.subAccountId];
    const strikes = (kind: FaultKind): FaultRule | null => faults.strikes(kind, stream, names);
    if (strikes('disconnect') !== null) {
      this.close(1011, 'internal error');
      return;
    }
    if (session !== null && strikes('session-over') !== null) {
      sessions.revoke(session.credentials.subAccountId);
      this.close(1008, 'session expired');
      return;
    }
    const silence = strikes('silent-stream');
    if (silence !== null) this.#silentUntilMs = venue.nowMs + (silence.forMs ?? DEFAULT_FOR_MS);
    if (silence !== null || strikes('lost-frame') !== null) return;
    const key = `${stream} ${subscription.primary}`;
    const hidden = this.#hidden.get(key) ?? 0;
    if (sequence > 0 && strikes('gapless-loss') !== null) {
      this.#hidden.set(key, hidden + 1);
      return;
    }
    const number = sequence === 0 ? 0 : sequence - hidden;
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

  /** Sends a message, or inserts it among the delayed ones. */
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

  /** A position message that is wrong by one step. */
  #withWrongSize(feed: Json): Json {
    const { minSize } = this.#parts.venue.book(String(feed.instrument)).spec;
    return { ...feed, size: printE9(e9(String(feed.size)) + minSize) };
  }

  /** One market step: streams with a rate send what is due. */
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
      for (const level of levels) if (before.get(level.price) !== level.size) changes.push(levelView(level));
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

  receive(text: string, nowMs: number): void {
    const { venue } = this.#parts;
    venue.advance(nowMs);
    let message: Json;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new VenueError(1003);
      message = parsed as Json;
    } catch {
      // Anything but an object, including the bare `ping` of some clients: an error, and the connection stays (API 8).
      this.#fail(1003, undefined, '');
      return;
    }
    if (this.#endsExpired()) return;
    if (this.#parts.variant === 'legacy') this.#legacy(message);
    else this.#rpc(this.#parts.variant === 'lite' ? (toFull('JSONRPCRequest', message) as Json) : message);
  }

  #fail(code: number, id: unknown, method: string): void {
    const [status, message] = ERRORS[code]!;
    if (this.#parts.variant === 'legacy') this.#send('FullError', { code, message, status });
    else this.#respond(id, method, { error: { code, message } });
  }

  #respond(id: unknown, method: string, outcome: Json): void {
    this.#send('JSONRPCResponse', { jsonrpc: '2.0', ...outcome, ...(id === undefined ? {} : { id }), method });
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
      this.#respond(id, method, { result });
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
    const result = api.call(route, body, sessions.authenticate(this.#parts.headers, venue.clockMs));
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
        const nothing = { num_snapshots: [], first_sequence_number: [] };
        this.#send('WSSubscribeResponseV1Legacy', { ...id, subs: [], ...result, ...nothing });
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
    const made = this.#selectors(selectors).map((selector) =>
      readSubscription(this.#parts.venue, this.#parts.session, String(stream), selector),
    );
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

  /** Streams of complete states always have number 0 (API 8). */
  #counts(subscription: Subscription): boolean {
    return subscription.spec.kind !== 'book' && subscription.spec.kind !== 'quote';
  }

  #latest(subscription: Subscription): number {
    if (!this.#counts(subscription)) return 0;
    const own = subscription.spec.kind === 'delta-book' || subscription.spec.kind === 'delta-quote';
    return own ? subscription.sequence : this.#parts.hub.lastSequence(`${subscription.stream} ${subscription.primary}`);
  }

  #unsubscribe(stream: unknown, selectors: unknown): Json {
    const unsubs: string[] = [];
    for (const selector of this.#selectors(selectors)) {
      const primary = selector.split('@')[0]!;
      if (this.#subscriptions.delete(`${String(stream)} ${primary}`)) unsubs.push(selector);
    }
    return { stream, unsubs };
  }

  /** The first frames of a new subscription. */
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
