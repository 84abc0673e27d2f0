import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recoverAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import {
  at,
  digest,
  fillRows,
  fullOf,
  instrumentRow,
  isLive,
  type Listing,
  type Lite,
  liteOf,
  type Moment,
  NANO,
  nano,
  now,
  ns,
  orderRow,
  ours,
  printed,
  type StrangeAccount,
  type StrangeOrder,
} from './strange-wire.ts';

/**
 * A second exchange, written from the API page alone and sharing nothing with the embedded one: `lite` REST, orders also `full`, with
 * every habit the page allows and the embedded one does not have. Answers of different calls lag behind the truth by
 * amounts of their own; creates get lost on either side of being carried out; sessions last seconds.
 */
export interface StrangeOptions {
  readonly seed: number;
  /** Life of a session cookie, whole seconds. */
  readonly cookieSec: number;
  /** Longest time by which `order` and `positions` may lag behind the truth. */
  readonly lagMs: number;
  /** Probabilities per call, or per 50 ms where a fill is meant. */
  readonly chances: {
    readonly cutBefore: number;
    readonly cutAfter: number;
    readonly late: number;
    readonly burst: number;
    readonly slow: number;
    readonly postOnly: number;
    readonly fill: number;
  };
}

/** A market as quiet or as wild as a test wants it. */
export const CALM: StrangeOptions['chances'] = {
  cutBefore: 0,
  cutAfter: 0,
  late: 0,
  burst: 0,
  slow: 0,
  postOnly: 0,
  fill: 0,
};
export const WILD: StrangeOptions['chances'] = {
  cutBefore: 0.04,
  cutAfter: 0.06,
  late: 0.02,
  burst: 0.002,
  slow: 0.04,
  postOnly: 0.1,
  fill: 0.12,
};

const STEP_MS = 50;
/** What the exchange does at most to a create that is on its way. */
const LATE_MS = 6_000;

interface Held {
  readonly atMs: number;
  readonly size: bigint;
  readonly entry: bigint;
}

const KEYS: readonly StrangeAccount[] = [
  { name: 'A', apiKey: 'strange-key-a', privateKey: `0x${'1a'.repeat(32)}`, subAccountId: '4611686018427387905' },
  { name: 'B', apiKey: 'strange-key-b', privateKey: `0x${'2b'.repeat(32)}`, subAccountId: '77' },
];

class Refusal extends Error {
  readonly code: number;
  readonly status: number;
  constructor(code: number, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export class StrangeExchange {
  readonly accounts = KEYS;
  readonly orders: StrangeOrder[] = [];
  /** What no engine may ever do, as it was seen. */
  readonly offences: string[] = [];
  /** Faults that struck, by name. */
  readonly struck: Record<string, number> = {};
  readonly calls: Record<string, number> = {};
  logins = 0;
  url = '';
  /** No fill, no fault, no lag: for reading the end. */
  still = false;
  chances: StrangeOptions['chances'];
  readonly #options: StrangeOptions;
  readonly #listings: readonly Listing[];
  readonly #held = new Map<string, Held[]>();
  readonly #cookies = new Map<string, { account: StrangeAccount; endsMs: number }>();
  readonly #fences = new Map<string, number>();
  readonly #views = new Map<string, { lagMs: number; nextMs: number; asOfMs: number }>();
  readonly #arrived = new Set<string>();
  readonly #denied = new Set<string>();
  #random: number;
  #burstUntilMs = 0;
  #serial = 0;
  #server: ReturnType<typeof createServer> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: StrangeOptions) {
    this.#options = options;
    this.chances = options.chances;
    this.#random = options.seed;
    const listing = (
      name: string,
      hash: string,
      tick: string,
      step: string,
      minNotional: string,
      homeTicks: number,
    ) => ({
      name,
      hash,
      tick: nano(tick),
      step: nano(step),
      minNotional: nano(minNotional),
      homeTicks,
      bidTicks: homeTicks,
    });
    this.#listings = [
      listing('BNB_USDT_Perp', '0x030801', '0.1', '0.01', '5', 6_000),
      listing('LTC_USDT_Perp', '0x037b01', '0.01', '0.1', '10', 9_000),
      listing('DOGE_USDT_Perp', '0x031e01', '0.00001', '10', '5', 20_000),
    ];
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.offences.push(`the strange exchange failed: ${error instanceof Error ? error.stack : String(error)}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
  }

  // ---- what a test does and looks at --------------------------------------------------------------------------------

  /** Holds that position from now on, whatever it was. */
  hold(account: 'A' | 'B', instrument: string, size: string, entry: string): void {
    this.#held.set(`${account} ${instrument}`, [{ atMs: 0, size: nano(size), entry: nano(entry) }]);
  }

  position(account: 'A' | 'B', instrument: string): bigint {
    return this.#held.get(`${account} ${instrument}`)?.at(-1)?.size ?? 0n;
  }

  /** Places an order by hand: open at once, `traded` of it filled before anybody looked. */
  place(
    account: 'A' | 'B',
    instrument: string,
    clientId: string,
    buy: boolean,
    size: string,
    price: string,
    traded = '0',
  ) {
    const order = this.#newOrder(account, instrument, clientId, buy, nano(size), nano(price), Date.now() + 3_600_000, {
      signer: '0x00',
      expiration: ns(Date.now() + 3_600_000),
      nonce: 1,
    });
    order.orderId = this.#orderId();
    order.life.push({ atMs: 0, status: 'OPEN', reason: 'UNSPECIFIED', traded: nano(traded) });
    return order;
  }

  /** Orders that rest, or are about to. */
  live(account: 'A' | 'B'): StrangeOrder[] {
    return this.orders.filter((order) => order.account === account && isLive(now(order)));
  }

  // ---- the market ---------------------------------------------------------------------------------------------------

  #step(): void {
    const nowMs = Date.now();
    for (const listing of this.#listings) {
      if (this.still) continue;
      const pull = Math.sign(listing.homeTicks - listing.bidTicks) * 0.15;
      const draw = this.#draw() - 0.5 + pull * this.#draw();
      if (Math.abs(draw) > 0.3) listing.bidTicks += Math.sign(draw) * (this.#draw() < 0.15 ? 3 : 1);
    }
    for (const order of this.orders) {
      const state = now(order);
      if (!isLive(state)) continue;
      const listing = this.#listing(order.instrument);
      if (state.status === 'PENDING') {
        if (nowMs < order.opensAtMs) continue;
        const crosses = order.buy
          ? order.price >= this.#best(listing, false)
          : order.price <= this.#best(listing, true);
        const killed = (this.#fences.get(order.clientId) ?? 0) > order.createdMs;
        if (killed) this.#turn(order, 'REJECTED', 'CLIENT_CANCEL', 0n);
        else if (crosses || this.#strikes('postOnly')) this.#turn(order, 'REJECTED', 'FAIL_POST_ONLY', 0n);
        else {
          order.orderId = this.#orderId();
          this.#turn(order, 'OPEN', 'UNSPECIFIED', 0n);
        }
        continue;
      }
      if (!ours(order.clientId)) continue;
      const touch = this.#crowd(listing, order.buy);
      const through = order.buy
        ? order.price >= this.#crowd(listing, false)
        : order.price <= this.#crowd(listing, true);
      // Takers reach a few levels deep.
      const reach = BigInt(Math.floor(this.#draw() * 6)) * listing.tick;
      const atTouch = order.buy ? order.price >= touch - reach : order.price <= touch + reach;
      const rest = order.size - state.traded;
      if (!this.still && through) this.#fill(order, rest);
      else if (!this.still && atTouch && this.#strikes('fill')) {
        const steps = Number(rest / listing.step);
        const part = BigInt(1 + Math.floor(this.#draw() * steps)) * listing.step;
        this.#fill(order, this.#draw() < 0.5 || part > rest ? rest : part);
      } else if (order.cancelAtMs !== null && nowMs >= order.cancelAtMs)
        this.#turn(order, 'CANCELLED', 'CLIENT_CANCEL', state.traded);
      else if (nowMs >= order.expiresMs) this.#turn(order, 'CANCELLED', 'EXPIRED', state.traded);
    }
  }

  #fill(order: StrangeOrder, size: bigint): void {
    const traded = now(order).traded + size;
    this.#turn(order, traded === order.size ? 'FILLED' : 'OPEN', 'UNSPECIFIED', traded);
    const key = `${order.account} ${order.instrument}`;
    const held = this.#held.get(key) ?? [];
    const before = held.at(-1) ?? { size: 0n, entry: 0n };
    const after = before.size + (order.buy ? size : -size);
    const abs = (value: bigint): bigint => (value < 0n ? -value : value);
    let { entry } = before;
    if (before.size === 0n || before.size > 0n === order.buy)
      entry = (before.entry * abs(before.size) + order.price * size) / abs(after);
    else if (after !== 0n && after > 0n === order.buy) entry = order.price;
    this.#held.set(key, [...held, { atMs: Date.now(), size: after, entry }]);
    this.struck.fills = (this.struck.fills ?? 0) + 1;
  }

  #turn(order: StrangeOrder, status: Moment['status'], reason: string, traded: bigint): void {
    order.life.push({ atMs: Date.now(), status, reason, traded });
  }

  #crowd(listing: Listing, bid: boolean): bigint {
    return BigInt(bid ? listing.bidTicks : listing.bidTicks + 2) * listing.tick;
  }

  /** The best price on a side, our own orders included. */
  #best(listing: Listing, bid: boolean): bigint {
    const own = this.orders.filter((o) => o.instrument === listing.name && o.buy === bid && now(o).status === 'OPEN');
    return own
      .map((o) => o.price)
      .reduce((best, price) => ((bid ? price > best : price < best) ? price : best), this.#crowd(listing, bid));
  }

  #listing(name: string): Listing {
    const found = this.#listings.find((listing) => listing.name === name);
    if (found === undefined) throw new Refusal(3000, 400, 'Instrument is invalid');
    return found;
  }

  // ---- chance and lag -----------------------------------------------------------------------------------------------

  /** mulberry32. */
  #draw(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  #strikes(name: keyof StrangeOptions['chances']): boolean {
    const struck = this.#draw() < this.chances[name] && !this.still;
    if (struck && name !== 'fill') this.struck[name] = (this.struck[name] ?? 0) + 1;
    return struck;
  }

  /** The moment a kind of answer shows: never before one it has shown. */
  #asOf(view: string): number {
    const nowMs = Date.now();
    const known = this.#views.get(view) ?? { lagMs: 0, nextMs: 0, asOfMs: 0 };
    const { lagMs } = this.#options;
    const redrawn = nowMs >= known.nextMs;
    const lag = this.still
      ? 0
      : redrawn
        ? this.#draw() < 0.3
          ? this.#draw() * lagMs
          : this.#draw() * 100
        : known.lagMs;
    const asOfMs = Math.max(known.asOfMs, nowMs - lag);
    this.#views.set(view, { lagMs: lag, nextMs: redrawn ? nowMs + 1_500 : known.nextMs, asOfMs });
    return asOfMs;
  }

  // ---- the wire -----------------------------------------------------------------------------------------------------

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') ?? {};
    const path = request.url ?? '';
    const isFull = path.startsWith('/full/');
    const route = path.replace(/^\/(lite|full)\/v1\//, '');
    const body = isFull ? liteOf(sent) : sent;
    this.calls[route] = (this.calls[route] ?? 0) + 1;
    const send = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      const text = typeof value === 'string' ? value : JSON.stringify(isFull ? fullOf(value) : value);
      response.writeHead(status, {
        'Content-Type': typeof value === 'string' ? 'text/html' : 'application/json',
        ...headers,
      });
      response.end(text);
    };
    if (path === '/auth/api_key/login') return this.#login(body as { api_key?: string }, send);
    if (this.#strikes('burst')) this.#burstUntilMs = Date.now() + 400;
    if (this.#strikes('slow')) await wait(200 + this.#draw() * 800);
    const bursting = Date.now() < this.#burstUntilMs && !this.still;
    if (bursting && this.#draw() < 0.5) return send(502, '<html><body>502 Bad Gateway</body></html>');
    const creates = route === 'create_order';
    if (bursting && (!creates || this.#draw() < 0.5)) return send(500, { c: 1002, m: 'Internal Server Error', s: 500 });
    if (creates && this.#strikes('cutBefore')) {
      response.destroy();
      return;
    }
    if (creates && this.#strikes('late')) await wait(LATE_MS);
    try {
      const answer = await this.#answer(route, body, request);
      if (creates && (bursting || this.#strikes('cutAfter'))) {
        if (bursting) return send(500, { c: 1005, m: 'Unknown Error', s: 500 });
        response.destroy();
        return;
      }
      send(200, answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(error.status, { c: error.code, m: error.message, s: error.status });
    }
  }

  #login(
    body: { api_key?: string },
    send: (status: number, value: unknown, headers?: Record<string, string>) => void,
  ): void {
    this.logins += 1;
    const account = KEYS.find((one) => one.apiKey === body.api_key);
    if (account === undefined) {
      send(401, { code: 1000, message: 'You need to authenticate', status: 401 });
      return;
    }
    const cookie = `c${++this.#serial}-${account.name}`;
    const endsMs = Math.floor(Date.now() / 1_000) * 1_000 + this.#options.cookieSec * 1_000;
    this.#cookies.set(cookie, { account, endsMs });
    send(
      200,
      { location: '', status: 'success' },
      {
        'Set-Cookie': `gravity=${cookie}; Path=/; Expires=${new Date(endsMs).toUTCString()}; HttpOnly; Secure`,
        'X-Grvt-Account-Id': `acc-${account.name}`,
      },
    );
  }

  /** Whose session this is. */
  #session(request: IncomingMessage, subAccountId: unknown): StrangeAccount {
    const cookie = /gravity=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const session = this.#cookies.get(cookie ?? '');
    if (
      session === undefined ||
      session.endsMs <= Date.now() ||
      request.headers['x-grvt-account-id'] !== `acc-${session.account.name}`
    )
      throw new Refusal(1000, 401, 'You need to authenticate prior to using this functionality');
    if (subAccountId !== session.account.subAccountId) throw new Refusal(1001, 403, 'You are not authorized');
    return session.account;
  }

  #answer(route: string, body: Lite, request: IncomingMessage): unknown {
    const nowMs = Date.now();
    if (route === 'all_instruments') return { r: this.#listings.map(instrumentRow) };
    if (route === 'book') return { r: this.#book(body) };
    const whose = route === 'create_order' ? body.o?.sa : body.sa;
    const account = this.#session(request, whose);
    const { name } = account;
    const mine = this.orders.filter((order) => order.account === name);
    switch (route) {
      case 'create_order':
        return this.#create(account, body.o);
      case 'cancel_order':
        return this.#cancel(mine, body);
      case 'order': {
        const asOfMs = this.#asOf(`order ${name}`);
        const found = mine.findLast((order) => order.clientId === body.co || order.orderId === body.oi);
        const row = found === undefined ? null : orderRow(found, account, asOfMs);
        if (row === null) throw new Refusal(1004, 404, 'Data Not Found');
        return { r: row };
      }
      case 'open_orders':
        // The book is always up to date: an order leaves it before any other answer knows why.
        return {
          r: mine.filter((order) => now(order).status === 'OPEN').map((order) => orderRow(order, account, nowMs)),
        };
      case 'order_history': {
        const asOfMs = this.#asOf(`history ${name}`);
        const fromMs = Number(BigInt(body.st ?? '0') / 1_000_000n);
        const rows = mine
          .filter((order) => (at(order, asOfMs)?.atMs ?? 0) >= fromMs && !isLive(at(order, asOfMs)))
          .reverse();
        const offset = Number(body.c ?? 0);
        const limit = Math.min(Number(body.l ?? 500), 40);
        const next = offset + limit < rows.length ? String(offset + limit) : '';
        return { r: rows.slice(offset, offset + limit).map((order) => orderRow(order, account, asOfMs)), n: next };
      }
      case 'fill_history': {
        const asOfMs = this.#asOf(`fills ${name}`);
        const fromMs = Number(BigInt(body.st ?? '0') / 1_000_000n);
        const fills = mine
          .flatMap((order) => fillRows(order, account, asOfMs))
          .filter((fill) => fill.atMs >= fromMs)
          .sort((a, b) => b.atMs - a.atMs)
          .map((fill) => fill.row);
        const offset = Number(body.c ?? 0);
        const limit = Math.min(Number(body.l ?? 500), 40);
        return {
          r: fills.slice(offset, offset + limit),
          n: offset + limit < fills.length ? String(offset + limit) : '',
        };
      }
      case 'positions':
        return { r: this.#positions(account, this.#asOf(`positions ${name}`)) };
      case 'account_summary':
        return {
          r: {
            et: ns(nowMs),
            sa: account.subAccountId,
            mt: 'SIMPLE_CROSS_MARGIN',
            sc: 'USDT',
            up: '0.0',
            te: '25000.0',
            im: '300.0',
            mm: '150.0',
            ab: '24000.0',
            sb: [{ c: 'USDT', b: '25000.0', ip: '1.0003' }],
            p: [],
          },
        };
      default:
        throw new Refusal(1003, 400, `no such route: ${route}`);
    }
  }

  #book(body: Lite): unknown {
    const listing = this.#listing(body.i);
    if (![10, 50, 100, 500].includes(body.d)) throw new Refusal(3031, 400, 'Depth is invalid');
    const side = (bid: boolean) => {
      const sizes = new Map<bigint, bigint>();
      const add = (price: bigint, size: bigint) => sizes.set(price, (sizes.get(price) ?? 0n) + size);
      for (let level = 0n; level < 5n; level += 1n)
        add(this.#crowd(listing, bid) + (bid ? -level : level) * listing.tick, listing.step * 7n);
      for (const order of this.orders) {
        const state = now(order);
        if (order.instrument === listing.name && order.buy === bid && state.status === 'OPEN')
          add(order.price, order.size - state.traded);
      }
      const levels = [...sizes].sort(([a], [b]) => Number(bid ? b - a : a - b));
      return levels.slice(0, body.d).map(([price, size]) => ({ p: printed(price), s: printed(size), no: 3 }));
    };
    return { et: ns(Date.now()), i: listing.name, b: side(true), a: side(false) };
  }

  #positions(account: StrangeAccount, asOfMs: number): unknown[] {
    return this.#listings.flatMap((listing) => {
      const held = this.#held.get(`${account.name} ${listing.name}`)?.findLast((one) => one.atMs <= asOfMs);
      if (held === undefined || held.size === 0n) return [];
      const mark = this.#crowd(listing, true) + listing.tick;
      return [
        {
          et: ns(asOfMs),
          sa: account.subAccountId,
          i: listing.name,
          s: printed(held.size),
          n: printed((held.size * mark) / NANO),
          ep: printed(held.entry),
          ep1: '0.0',
          mp: printed(mark),
          up: '0.0',
          el: 12, // A number where text is said (API 12.5).
          l: 20,
        },
      ];
    });
  }

  async #create(account: StrangeAccount, o: Lite): Promise<unknown> {
    const [leg] = o.l;
    const clientId = String(o.m.co);
    const [size, price] = [nano(leg.s), nano(leg.lp)];
    const listing = this.#listing(leg.i);
    if (this.#arrived.has(clientId)) this.offences.push(`client id ${clientId} arrived twice`);
    this.#arrived.add(clientId);
    if (o.po !== true || o.im === true || o.ti !== 'GOOD_TILL_TIME') this.offences.push(`not a maker: ${clientId}`);
    if (BigInt(o.s.e) <= BigInt(ns(Date.now()))) throw new Refusal(2001, 403, 'Signature has expired');
    const { r, s1, v } = o.s;
    const signer = await recoverAddress({
      hash: digest(o, listing, size, price),
      signature: { r, s: s1, v: BigInt(v) },
    });
    if (signer.toLowerCase() !== privateKeyToAccount(account.privateKey).address.toLowerCase())
      throw new Refusal(2002, 403, 'Signature does not match payload');
    if (size % listing.step !== 0n || size <= 0n) throw new Refusal(2065, 400, 'Size too granular');
    if (price % listing.tick !== 0n) throw new Refusal(2064, 400, 'Price is not on tick');
    if (size * price < listing.minNotional * NANO) throw new Refusal(2066, 400, 'Below min notional');
    const active = this.orders.some(
      (other) => other.account === account.name && other.clientId === clientId && isLive(now(other)),
    );
    if (active) throw new Refusal(2012, 400, 'Client order id overlaps');
    const expiresMs = Number(BigInt(o.s.e) / 1_000_000n);
    const order = this.#newOrder(account.name, listing.name, clientId, leg.ib, size, price, expiresMs, {
      signer: o.s.s,
      expiration: o.s.e,
      nonce: o.s.n,
    });
    return { r: orderRow(order, account, Date.now()) };
  }

  #newOrder(
    account: 'A' | 'B',
    instrument: string,
    clientId: string,
    buy: boolean,
    size: bigint,
    price: bigint,
    expiresMs: number,
    signature: Record<string, unknown>,
  ): StrangeOrder {
    const createdMs = Date.now();
    const opensAtMs = createdMs + 20 + this.#draw() * 300;
    const order: StrangeOrder = {
      ...{ account, clientId, instrument, buy, size, price, createdMs, expiresMs, opensAtMs, signature },
      orderId: '0x00',
      cancelAtMs: null,
      life: [{ atMs: createdMs, status: 'PENDING', reason: 'UNSPECIFIED', traded: 0n }],
    };
    this.orders.push(order);
    return order;
  }

  #cancel(mine: readonly StrangeOrder[], body: Lite): unknown {
    const found = mine.findLast((order) => order.clientId === body.co || order.orderId === body.oi);
    if (!ours(String(body.co)) || (found !== undefined && !ours(found.clientId)))
      this.offences.push(`a cancel of ${body.co ?? body.oi}, which is not the engine's`);
    const open = found !== undefined && isLive(now(found));
    if (open) found.cancelAtMs ??= Date.now() + 30 + this.#draw() * 250;
    // The second cancel of an unknown id is always acked: an engine's growing pauses must not outlast a test.
    else if (!this.#denied.has(body.co) && this.#draw() < 0.5) {
      this.#denied.add(body.co);
      throw new Refusal(1004, 404, 'Data Not Found');
    }
    // Kills a create of that id that arrives later, for so long.
    else this.#fences.set(body.co, Date.now() + Number(body.tt ?? 100));
    return { r: { a: this.#draw() < 0.5 ? 'true' : true } };
  }

  #orderId(): string {
    return `0x0101${(++this.#serial).toString(16).padStart(28, '0')}`;
  }
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
