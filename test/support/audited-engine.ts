import { type Auditor, type AuditorOptions, type Breach, createAuditor } from '../../src/core/audit/index.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { AccountName, Side, SymbolConfig } from '../../src/core/model.ts';

/**
 * A scripted engine before an auditor: what it asks, receives, journals and sends is written down by the test, line by line.
 * Without `over` each step is right; a test changes one thing, and names the invariant that breaks.
 */

export const INSTRUMENT = 'BNB_USDT_Perp';
export const SUB_ACCOUNTS: Readonly<Record<AccountName, string>> = { A: '1000000000000001', B: '1000000000000002' };

export function d(value: string | number): Decimal {
  return new Decimal(value);
}

export const SYMBOL: SymbolConfig = {
  instrument: INSTRUMENT,
  enabled: true,
  orderNotionalUsdt: d(1000),
  imbalanceLimitUsdt: d(1000),
  maxTotalPositionUsdt: d(30_000),
  minTotalPositionUsdt: d(2000),
  aSideWhenEqual: 'buy',
  positionMode: 'increase',
  decreaseRepair: 'larger',
};

export const SETTINGS: AuditorOptions['settings'] = {
  singleOrderDiffThresholdUsdt: d(20),
  partialFillTimeoutMs: 1_800_000,
  staleMs: 10_000,
  cancelOnStop: true,
  stopKeepStrategyOrders: 0,
};

/** An id of ours (strategy 9.2) with those lower bits. */
export function strategyOrderId(account: AccountName, side: Side, sequence: number): string {
  const bits = (0b1110n << 60n) | (account === 'B' ? 1n << 59n : 0n) | (side === 'sell' ? 1n << 58n : 0n);
  return String(bits | BigInt(sequence));
}

export interface Sent {
  readonly requestId: number;
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: string;
  readonly price: string;
  readonly request: { readonly order: Record<string, unknown> };
}

interface Lot {
  readonly id: number;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: string;
  readonly price: string;
}

type Wanted = Pick<Sent, 'account' | 'side' | 'size' | 'price'>;

export class AuditedEngine {
  readonly auditor: Auditor;
  nowMs = 1_760_000_000_000;
  era = 0;
  mark = '100';
  /** Signed position of each account at the exchange. */
  readonly held: Record<AccountName, string> = { A: '0', B: '0' };
  lots: readonly Lot[] = [];
  readonly live: { readonly sent: Sent; traded: string; booked: string }[] = [];
  readonly breaches: Breach[] = [];
  readonly #from: Record<AccountName, number> = { A: 0, B: 0 };
  #lastId = 0;
  #sequence = 0;
  #intents = 0;

  constructor(options: Partial<AuditorOptions> = {}) {
    const time = () => ({ wallMs: this.nowMs, steadyMs: this.nowMs, era: this.era });
    this.auditor = createAuditor({ time, symbols: [SYMBOL], accounts: SUB_ACCOUNTS, settings: SETTINGS, ...options });
    this.call(
      null,
      'all_instruments',
      {},
      {
        result: [{ instrument: INSTRUMENT, tick_size: '0.1', min_size: '0.01', min_notional: '5', base_decimals: 9 }],
      },
    );
  }

  /** The invariants broken so far, each once with its rule. */
  get broken(): readonly string[] {
    return [...new Set(this.breaches.map(({ invariant, rule }) => `${invariant} ${rule}`))].sort();
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  send(account: AccountName | null, route: string, request: unknown): number {
    this.#lastId += 1;
    const event = { kind: 'sent', id: this.#lastId, atMs: this.nowMs, account, route, request } as const;
    this.breaches.push(...this.auditor.observe(event));
    return this.#lastId;
  }

  answer(id: number, account: AccountName | null, route: string, body: unknown, status = 200): void {
    const event = { kind: 'answered', id, atMs: this.nowMs, account, route, status, body } as const;
    this.breaches.push(...this.auditor.observe(event));
  }

  fail(id: number, account: AccountName | null, route: string, reason: string): void {
    this.breaches.push(...this.auditor.observe({ kind: 'failed', id, atMs: this.nowMs, account, route, reason }));
  }

  call(account: AccountName | null, route: string, request: unknown, body: unknown, status = 200): number {
    const id = this.send(account, route, request);
    this.wait(20).answer(id, account, route, body, status);
    return id;
  }

  frame(account: AccountName | null, stream: string, feed: unknown): number {
    this.#lastId += 1;
    const at = { kind: 'frame', id: this.#lastId, atMs: this.nowMs, account, stream } as const;
    const event = { ...at, selector: '', sequence: '1', previous: '0', feed } as const;
    this.breaches.push(...this.auditor.observe(event));
    return this.#lastId;
  }

  #place = 0;
  /** What is journalled is on the disk at once. */
  safe = true;

  journal(...entries: readonly { readonly kind: string; readonly key?: string; readonly body: unknown }[]): void {
    const keyed = entries.map((entry) => ({ key: INSTRUMENT, ...entry }));
    this.#place += entries.length;
    this.breaches.push(...this.auditor.journalled(keyed, this.#place));
    if (this.safe) this.auditor.durable(this.#place);
  }

  positionRow(account: AccountName, size = this.held[account]): Record<string, string> {
    return {
      instrument: INSTRUMENT,
      sub_account_id: SUB_ACCOUNTS[account],
      size,
      entry_price: '100',
      mark_price: this.mark,
      event_time: `${this.nowMs}000000`,
    };
  }

  /** A whole reading of one account, as far as an auditor looks at it. */
  read(account: AccountName): void {
    const rows = d(this.held[account]).isZero() ? [] : [this.positionRow(account)];
    this.#from[account] = this.call(account, 'positions', {}, { result: rows });
  }

  /** The position comes from that message from now on. */
  from(account: AccountName, id: number): void {
    this.#from[account] = id;
  }

  readBoth(): this {
    this.read('A');
    this.read('B');
    return this;
  }

  book(bid = '99.9', ask = '100.1'): void {
    const level = (price: string) => [{ price, size: '10', num_orders: 1 }];
    this.call(
      null,
      'book',
      { instrument: INSTRUMENT },
      {
        result: { instrument: INSTRUMENT, bids: level(bid), asks: level(ask), event_time: `${this.nowMs}000000` },
      },
    );
  }

  /** The state a symbol writes: its lots, and what they come to. */
  state(over: Record<string, unknown> = {}): { kind: string; body: unknown } {
    const lots = this.lots.map((lot) => ({ ...lot, size: d(lot.size), price: d(lot.price) }));
    const of = (account: AccountName) =>
      this.live.reduce(
        (size, { sent, traded, booked }) =>
          sent.account === account ? size.minus(signed(sent.side, d(traded).minus(booked))) : size,
        d(this.held[account]),
      );
    const booked = { A: of('A'), B: of('B') };
    return { kind: 'symbol.state', body: { instrument: INSTRUMENT, begun: true, lots, booked, orders: [], ...over } };
  }

  /** Journals a decision with its inputs; returns the intents' ids. */
  decide(wanted: readonly Wanted[], over: Record<string, unknown> = {}): readonly string[] {
    const intents = wanted.map(({ account, side, size }) => {
      this.#intents += 1;
      return { intentId: `${INSTRUMENT}#${this.#intents}`, account, side, size: d(size) };
    });
    const account = (name: AccountName) => {
      const size = d(this.held[name]);
      const position = size.isZero() ? null : { size, markPrice: d(this.mark) };
      return { held: size, position, intact: true, from: this.#from[name] };
    };
    const declared = {
      instrument: INSTRUMENT,
      intents,
      mark: d(this.mark),
      accounts: { A: account('A'), B: account('B') },
      orders: this.live.map(({ sent, traded, booked }) => ({
        ...{ account: sent.account, clientOrderId: sent.clientOrderId, side: sent.side },
        ...{ price: d(sent.price), size: d(sent.size), traded: d(traded), booked: d(booked) },
      })),
      lots: this.lots.map((lot) => ({ ...lot, size: d(lot.size), price: d(lot.price) })),
      ...over,
    };
    this.journal({ kind: 'decision', body: { declared } });
    return intents.map(({ intentId }) => intentId);
  }

  /** Prices, journals and sends one create. `order`: fields that differ on the wire; `journalled: false`: it is not; `leaves: false`: it waits. */
  create(
    wanted: Wanted,
    intentId: string,
    over: {
      readonly order?: object;
      readonly journalled?: boolean;
      readonly leaves?: boolean;
      readonly clientOrderId?: string;
    } = {},
  ): Sent {
    this.#sequence += 1;
    const { account, side, size, price } = wanted;
    const clientOrderId = over.clientOrderId ?? strategyOrderId(account, side, this.#sequence);
    const order = {
      sub_account_id: SUB_ACCOUNTS[account],
      is_market: false,
      time_in_force: 'GOOD_TILL_TIME',
      post_only: true,
      legs: [{ instrument: INSTRUMENT, size, limit_price: price, is_buying_asset: side === 'buy' }],
      signature: { expiration: `${this.nowMs + 3_600_000}000000` },
      metadata: { client_order_id: clientOrderId },
      ...over.order,
    };
    if (over.journalled !== false) {
      const pricedFrom = { bid: d('99.9'), ask: d('100.1') };
      const body = { intent: { intentId }, payload: JSON.stringify({ order }), pricedFrom };
      this.journal({ kind: 'order.prepared', key: clientOrderId, body });
    }
    const requestId = over.leaves === false ? 0 : this.send(account, 'create_order', { order });
    return { requestId, clientOrderId, request: { order }, ...wanted };
  }

  /** A whole order row, as any answer or frame has it. */
  orderRow(sent: Sent, status: string, traded = '0', avg = sent.price, reason = 'UNSPECIFIED'): object {
    return {
      ...sent.request.order,
      order_id: '0x01',
      state: {
        status,
        reject_reason: reason,
        traded_size: [traded],
        avg_fill_price: [d(traded).isZero() ? '0' : avg],
        update_time: `${this.nowMs}000000`,
      },
    };
  }

  /** The create is answered, and the order rests. */
  rests(sent: Sent): void {
    this.answer(sent.requestId, sent.account, 'create_order', { result: this.orderRow(sent, 'OPEN') });
    this.live.push({ sent, traded: '0', booked: '0' });
  }

  /** From both accounts read and a book to a create that rests. */
  open(wanted: Wanted, over: Parameters<AuditedEngine['create']>[2] = {}): Sent {
    this.readBoth().book();
    const [intentId = ''] = this.decide([wanted]);
    const sent = this.create(wanted, intentId, over);
    this.rests(sent);
    return sent;
  }

  /** The order fills whole, and the fill is booked as a lot. */
  fills(sent: Sent, lot: Lot): void {
    const { account, side, size, price, clientOrderId } = sent;
    this.call(account, 'order', { client_order_id: clientOrderId }, { result: this.orderRow(sent, 'FILLED', size) });
    this.held[account] = d(this.held[account])
      .plus(signed(side, d(size)))
      .toFixed();
    this.live.splice(0, this.live.length, ...this.live.filter((one) => one.sent !== sent));
    this.lots = [...this.lots, lot];
    this.journal({ kind: 'fact', body: booked(sent, size, price) }, this.state());
  }
}

/** The journal's fact of a fill that matched nothing. */
export function booked(sent: Sent, size: string, price: string, matches: readonly object[] = []): object {
  const { account, side, clientOrderId } = sent;
  const about = { type: 'fill.booked', instrument: INSTRUMENT, account, side, clientOrderId };
  return { ...about, fillSize: d(size), fillPrice: d(price), matches };
}

function signed(side: Side, size: Decimal): Decimal {
  return side === 'buy' ? size : size.neg();
}
