import type { Auditor, Breach } from '../../src/core/audit/index.ts';
import { Decimal } from '../../src/core/decimal.ts';
import type { AccountName, Side } from '../../src/core/model.ts';
import { ACCOUNTS } from '../../src/core/model.ts';

/**
 * A scripted wire: a tiny exchange of one instrument whose truth the test moves by hand, and the requests and answers an
 * engine would exchange with it, told to an auditor one by one.
 */

export const INSTRUMENT = 'BNB_USDT_Perp';
export const SUB_ACCOUNTS: Readonly<Record<AccountName, string>> = { A: '1000000000000001', B: '1000000000000002' };

export interface ScriptedOrder {
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: string;
  readonly price: string;
  readonly requestId: number;
  readonly request: unknown;
  readonly createdMs: number;
  status: string;
  reason: string;
  traded: Decimal;
  value: Decimal;
}

/** How a request ends. `never`: no answer is heard. */
export type Ending =
  | { readonly status: number; readonly body: unknown }
  | { readonly failed: string }
  | { readonly never: true };

export interface CreateOptions {
  readonly clientOrderId?: string;
  readonly ending?: Ending | 'acknowledged' | 'open';
  readonly order?: Record<string, unknown>;
  readonly size?: string;
  /** False: no book is read first. */
  readonly reads?: boolean;
}

/** An id of ours (strategy 9.2) with those lower bits. */
export function strategyOrderId(account: AccountName, side: Side, sequence: number | bigint): string {
  const bits = (0b1110n << 60n) | (account === 'B' ? 1n << 59n : 0n) | (side === 'sell' ? 1n << 58n : 0n);
  return String(bits | BigInt(sequence));
}

export const TIMED_OUT: Ending = { failed: 'timeout of 5000ms exceeded' };
export const SERVER_ERROR: Ending = {
  status: 500,
  body: { code: 1002, message: 'Internal Server Error', status: 500 },
};
export const UNKNOWN_ORDER: Ending = { status: 404, body: { code: 1004, message: 'Data Not Found', status: 404 } };

function ns(ms: number): string {
  return `${ms}000000`;
}

export class Wire {
  nowMs = 1_760_000_000_000;
  /** How often our clock was set back; with no time set in, as much time has passed meanwhile. */
  era = 0;
  bid = '100.0';
  ask = '100.1';
  mark = '100.05';
  tickSize = '0.1';
  minSize = '0.01';
  minNotional = '5.0';
  readonly orders: ScriptedOrder[] = [];
  readonly position: Record<AccountName, { size: Decimal; cost: Decimal }> = {
    A: { size: new Decimal(0), cost: new Decimal(0) },
    B: { size: new Decimal(0), cost: new Decimal(0) },
  };
  /** Answers to give instead of the truth, by route. */
  readonly instead = new Map<string, Ending>();
  readonly breaches: Breach[] = [];
  readonly auditor: Auditor;
  private requestId = 0;
  private sequence = 0;

  constructor(auditor: Auditor) {
    this.auditor = auditor;
  }

  /** The invariants broken so far, each named once, with its rule. */
  get broken(): string[] {
    return [...new Set(this.breaches.map((one) => `${one.invariant} ${one.rule}`))].sort();
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  send(account: AccountName | null, route: string, request: unknown): number {
    this.requestId += 1;
    const event = { kind: 'sent', id: this.requestId, atMs: this.nowMs, account, route, request } as const;
    this.breaches.push(...this.auditor.hear(event, this.era));
    return this.requestId;
  }

  end(id: number, account: AccountName | null, route: string, ending: Ending): void {
    if ('never' in ending) return;
    const base = { id, atMs: this.nowMs, account, route };
    this.breaches.push(
      ...this.auditor.hear(
        'failed' in ending
          ? { kind: 'failed', ...base, reason: ending.failed }
          : { kind: 'answered', ...base, status: ending.status, body: ending.body },
        this.era,
      ),
    );
  }

  /** One request and its end, 5 ms later. */
  call(account: AccountName | null, route: string, request: unknown, truth: () => unknown): void {
    this.answer(this.send(account, route, request), account, route, truth);
  }

  /** The end of a request, 5 ms from now. */
  private answer(id: number, account: AccountName | null, route: string, truth: () => unknown): void {
    this.nowMs += 5;
    const instead = this.instead.get(account ? `${account} ${route}` : route) ?? this.instead.get(route);
    this.end(id, account, route, instead ?? { status: 200, body: truth() });
  }

  instruments(): this {
    this.call(null, 'all_instruments', { is_active: true }, () => ({
      result: [
        {
          instrument: INSTRUMENT,
          instrument_hash: '0x030801',
          base_decimals: 9,
          quote_decimals: 6,
          tick_size: this.tickSize,
          min_size: this.minSize,
          min_notional: this.minNotional,
        },
      ],
    }));
    return this;
  }

  readBook(): this {
    this.call(null, 'book', { instrument: INSTRUMENT, depth: 10 }, () => ({
      result: {
        event_time: ns(this.nowMs),
        instrument: INSTRUMENT,
        bids: [{ price: this.bid, size: '50.0', num_orders: 3 }],
        asks: [{ price: this.ask, size: '50.0', num_orders: 3 }],
      },
    }));
    return this;
  }

  positionRows(account: AccountName): unknown[] {
    const { size, cost } = this.position[account];
    if (size.isZero()) return [];
    return [
      {
        event_time: ns(this.nowMs),
        sub_account_id: SUB_ACCOUNTS[account],
        instrument: INSTRUMENT,
        size: size.toString(),
        entry_price: cost.div(size).toDecimalPlaces(12).toString(),
        mark_price: this.mark,
      },
    ];
  }

  orderBody(order: ScriptedOrder): unknown {
    const fresh = order.status === 'PENDING';
    return {
      order_id: fresh ? '0x00' : `0x0101${order.requestId.toString(16).padStart(28, '0')}`,
      sub_account_id: SUB_ACCOUNTS[order.account],
      is_market: false,
      time_in_force: 'GOOD_TILL_TIME',
      post_only: true,
      reduce_only: false,
      legs: [
        {
          instrument: INSTRUMENT,
          size: order.size,
          limit_price: order.price,
          is_buying_asset: order.side === 'buy',
        },
      ],
      signature: { expiration: ns(order.createdMs + 3_600_000), nonce: 1 },
      metadata: { client_order_id: order.clientOrderId, create_time: ns(order.createdMs) },
      state: {
        status: order.status,
        reject_reason: order.reason,
        book_size: ['0.0'],
        traded_size: [order.traded.toString()],
        avg_fill_price: [order.traded.isZero() ? '0.0' : order.value.div(order.traded).toString()],
        update_time: ns(this.nowMs),
      },
    };
  }

  /** Positions, open orders and summary of one account, asked for at once (strategy 10.1), answered 5 ms apart. */
  poll(only?: AccountName, meanwhile: { readonly beforeSummary?: () => void } = {}): this {
    for (const account of only === undefined ? ACCOUNTS : [only]) {
      const sub = { sub_account_id: SUB_ACCOUNTS[account] };
      const margins = { initial_margin: '0.0', maintenance_margin: '0.0', available_balance: '10000.0' };
      const reads: [route: string, truth: () => unknown][] = [
        ['positions', () => ({ result: this.positionRows(account) })],
        ['open_orders', () => this.openOrders(account)],
        [
          'account_summary',
          () => ({ result: { event_time: ns(this.nowMs), ...sub, total_equity: '10000.0', ...margins } }),
        ],
      ];
      const asked = reads.map(([route]) => this.send(account, route, sub));
      for (const [index, [route, truth]] of reads.entries()) {
        if (route === 'account_summary') meanwhile.beforeSummary?.();
        this.answer(asked[index]!, account, route, truth);
      }
    }
    return this;
  }

  private openOrders(account: AccountName): unknown {
    const open = this.orders.filter((order) => order.account === account && order.status === 'OPEN');
    return { result: open.map((order) => this.orderBody(order)) };
  }

  readOpenOrders(account: AccountName): this {
    const sub = { sub_account_id: SUB_ACCOUNTS[account] };
    this.call(account, 'open_orders', sub, () => this.openOrders(account));
    return this;
  }

  readHistory(account: AccountName, sinceMs: number): this {
    const request = { sub_account_id: SUB_ACCOUNTS[account], start_time: ns(sinceMs) };
    this.call(account, 'order_history', request, () => ({
      result: this.orders.filter((order) => order.account === account).map((order) => this.orderBody(order)),
      next: '',
    }));
    return this;
  }

  /** Starts the engine: instruments, both accounts read. */
  begin(): this {
    return this.instruments().poll();
  }

  lookUp(order: ScriptedOrder, ending?: Ending): this {
    const request = { sub_account_id: SUB_ACCOUNTS[order.account], client_order_id: order.clientOrderId };
    const id = this.send(order.account, 'order', request);
    this.nowMs += 5;
    this.end(id, order.account, 'order', ending ?? { status: 200, body: { result: this.orderBody(order) } });
    return this;
  }

  create(account: AccountName, side: Side, size: string, price: string, options: CreateOptions = {}): ScriptedOrder {
    if (options.reads !== false) this.readBook();
    this.sequence += 1;
    const clientOrderId = options.clientOrderId ?? strategyOrderId(account, side, this.sequence);
    const request = {
      order: {
        sub_account_id: SUB_ACCOUNTS[account],
        is_market: false,
        time_in_force: 'GOOD_TILL_TIME',
        post_only: true,
        reduce_only: false,
        legs: [{ instrument: INSTRUMENT, size, limit_price: price, is_buying_asset: side === 'buy' }],
        signature: { expiration: ns(this.nowMs + 3_600_000), nonce: this.sequence },
        metadata: { client_order_id: clientOrderId },
        ...options.order,
      },
    };
    const requestId = this.send(account, 'create_order', request);
    const order: ScriptedOrder = {
      clientOrderId,
      account,
      side,
      size,
      price,
      requestId,
      request,
      createdMs: this.nowMs,
      status: 'PENDING',
      reason: 'UNSPECIFIED',
      traded: new Decimal(0),
      value: new Decimal(0),
    };
    this.orders.push(order);
    this.nowMs += 5;
    const ending = options.ending ?? 'open';
    if (typeof ending !== 'string') {
      this.end(requestId, account, 'create_order', ending);
      return order;
    }
    this.end(requestId, account, 'create_order', { status: 200, body: { result: this.orderBody(order) } });
    if (ending === 'open') {
      order.status = 'OPEN';
      this.lookUp(order);
    }
    return order;
  }

  /** The exchange trades part or all of an order; nobody hears of it yet. */
  fill(order: ScriptedOrder, size: string, price = order.price): this {
    const traded = new Decimal(size);
    order.traded = order.traded.plus(traded);
    order.value = order.value.plus(traded.mul(price));
    order.status = order.traded.eq(order.size) ? 'FILLED' : 'OPEN';
    this.trade(order.account, order.side, size, price);
    return this;
  }

  /** A position moves, by whatever cause. */
  trade(account: AccountName, side: Side, size: string, price: string): this {
    const position = this.position[account];
    const signed = side === 'buy' ? new Decimal(size) : new Decimal(size).neg();
    const after = position.size.plus(signed);
    if (position.size.mul(signed).gte(0)) position.cost = position.cost.plus(signed.mul(price));
    else if (after.isZero()) position.cost = after;
    else if (after.mul(position.size).gt(0)) position.cost = position.cost.div(position.size).mul(after);
    else position.cost = after.mul(price);
    position.size = after;
    return this;
  }

  /** The exchange ended an order; nobody hears of it yet. */
  finish(order: ScriptedOrder, status: 'CANCELLED' | 'REJECTED', reason = 'CLIENT_CANCEL'): this {
    order.status = status;
    order.reason = reason;
    return this;
  }

  cancel(order: ScriptedOrder, options: { ttlMs?: number; ending?: Ending } = {}): this {
    const id = this.send(order.account, 'cancel_order', {
      sub_account_id: SUB_ACCOUNTS[order.account],
      client_order_id: order.clientOrderId,
      ...(options.ttlMs === undefined ? {} : { time_to_live_ms: String(options.ttlMs) }),
    });
    this.nowMs += 5;
    this.end(id, order.account, 'cancel_order', options.ending ?? { status: 200, body: { result: { ack: true } } });
    return this;
  }

  /** Fills an order whole and lets both accounts be read, the order looked up. */
  fillAndTell(order: ScriptedOrder, size = order.size): this {
    return this.fill(order, size).wait(2_000).poll().lookUp(order);
  }

  drain(): this {
    this.auditor.drainBegan(this.nowMs);
    return this;
  }

  stop(): this {
    this.breaches.push(...this.auditor.stopped(this.nowMs));
    return this;
  }
}
