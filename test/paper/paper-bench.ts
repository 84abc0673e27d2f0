import assert from 'node:assert/strict';
import { createPaper, type PaperExchange, type PaperOptions } from '../../src/paper/index.ts';
import type { InstrumentSpec } from '../../src/paper/instruments.ts';
import type { PaperCredentials } from '../../src/paper/sessions.ts';
import { type OrderInput, signedOrder } from './client.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
export type Loose = any;

export const START_MS = 1_760_000_000_000;

/** An exchange in virtual time, and both accounts logged in on it. */
export class PaperBench {
  readonly exchange: PaperExchange;
  nowMs = START_MS;
  readonly headers = new Map<string, Record<string, string>>();

  constructor(options: Partial<PaperOptions> = {}) {
    this.exchange = createPaper({ seed: 7, startMs: START_MS, rateLimits: false, ...options });
    for (const account of this.exchange.accounts) this.login(account.name);
  }

  get specs(): readonly InstrumentSpec[] {
    return [...this.exchange.venue.books()].map((book) => book.spec);
  }

  account(name: string): PaperCredentials {
    const found = this.exchange.accounts.find((each) => each.name === name);
    assert.ok(found);
    return found;
  }

  sub(name: string): string {
    return this.account(name).subAccountId;
  }

  login(name: string): void {
    const answer = this.exchange.handle(
      {
        method: 'POST',
        path: '/auth/api_key/login',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ api_key: this.account(name).apiKey }),
      },
      this.nowMs,
    );
    assert.equal(answer.status, 200, answer.body);
    this.headers.set(name, {
      'content-type': 'application/json',
      cookie: answer.headers['set-cookie']!.split(';')[0]!,
      'x-grvt-account-id': answer.headers['x-grvt-account-id']!,
    });
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.exchange.advance(this.nowMs);
  }

  raw(name: string | null, path: string, body: unknown) {
    const headers = name === null ? { 'content-type': 'application/json' } : this.headers.get(name)!;
    return this.exchange.handle({ method: 'POST', path, headers, body: JSON.stringify(body) }, this.nowMs);
  }

  call(name: string | null, route: string, body: Loose = {}): { status: number; body: Loose } {
    const own = name === null ? body : { sub_account_id: this.sub(name), ...body };
    const answer = this.raw(
      name,
      `/full/${route === 'bulk_orders' ? 'v2' : 'v1'}/${route}`,
      route === 'create_order' ? body : own,
    );
    return { status: answer.status, body: JSON.parse(answer.body) };
  }

  /** A signed order of that account. */
  sign(name: string, input: Omit<OrderInput, 'expirationMs'> & { expirationMs?: number }): Promise<Loose> {
    return signedOrder(this.account(name), this.specs, { expirationMs: this.nowMs + 600_000, ...input });
  }

  /** Places an order and lets it arrive; its client order id. */
  async place(name: string, input: Omit<OrderInput, 'expirationMs'> & { expirationMs?: number }): Promise<string> {
    const order = await this.sign(name, input);
    const answer = this.call(name, 'create_order', { order });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    this.wait(40);
    return order.metadata.client_order_id;
  }

  /** The order's state: `STATUS REASON traded`. */
  state(name: string, clientOrderId: string): string {
    const { state } = this.order(name, clientOrderId);
    return `${state.status} ${state.reject_reason} ${state.traded_size[0]}`;
  }

  order(name: string, clientOrderId: string): Loose {
    const answer = this.call(name, 'order', { client_order_id: clientOrderId });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.result;
  }

  /** Puts a still book in place: one level a side, of that size. */
  still(instrument = 'BTC_USDT_Perp', bid = '100.0', ask = '101.0', size = '1000'): void {
    this.exchange.control.book({
      instrument,
      bids: [{ price: bid, size }],
      asks: [{ price: ask, size }],
      settle: true,
    });
  }
}
