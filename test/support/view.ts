import assert from 'node:assert/strict';
import type { ExchangeOrder, OrderStatus } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import {
  type AccountFrame,
  type AccountView,
  emptyView,
  type Folded,
  type WholeReading,
  withInstruments,
} from '../../src/core/view.ts';
import { withFrame } from '../../src/core/view-frames.ts';
import { missingOrders, withLookups, withReading } from '../../src/core/view-readings.ts';
import { sliceOf } from '../../src/core/view-slice.ts';
import { withStreams, withTime } from '../../src/core/view-streams.ts';
import { d, NOW, position } from './core.ts';

export const BNB = 'BNB_USDT_Perp';
export const id = (number: number) => clientOrderIdOf('A', 'buy', BigInt(number));

/** Own order `number` of 10, at that point of its life; `at`: the exchange's seconds. */
export function row(number: number, status: OrderStatus, traded = 0, at = 1, instrument = BNB): ExchangeOrder {
  return {
    orderId: `0x${number}`,
    clientOrderId: id(number),
    instrument,
    side: 'buy',
    size: d(10),
    limitPrice: d(100),
    postOnly: true,
    status,
    rejectReason: 'UNSPECIFIED',
    tradedSize: d(traded),
    avgFillPrice: d(traded === 0 ? 0 : 100),
    createTimeNs: 1n,
    updateTimeNs: BigInt(Math.round(at * 1e9)),
    expirationNs: BigInt(NOW + 3_600_000) * 1_000_000n,
  };
}

/** One message at a time; `at` is in seconds after NOW. */
export class Account {
  view: AccountView;
  contradictions: string[] = [];
  changed = 0;
  /** What the last message changed. */
  last: Folded | null = null;
  #from = 0;

  constructor(...instruments: string[]) {
    this.view = emptyView('A', instruments.length === 0 ? [BNB] : instruments);
  }

  #take(folded: Folded): this {
    this.view = folded.view;
    this.last = folded;
    this.changed += folded.changed.length;
    for (const { instrument } of folded.contradictions) this.contradictions.push(instrument ?? 'account');
    return this;
  }

  /** Any frame. */
  frame(at: number, frame: object): this {
    return this.#frame(at, frame as never);
  }

  #frame(at: number, frame: Omit<AccountFrame, 'from' | 'receivedAtMs'>): this {
    this.#from += 1;
    return this.#take(withFrame(this.view, { ...frame, from: this.#from, receivedAtMs: ms(at) } as AccountFrame));
  }

  up(at: number) {
    return this.#take(withStreams(this.view, true, ms(at)));
  }
  down(at: number) {
    return this.#take(withStreams(this.view, false, ms(at)));
  }
  order(at: number, order: ExchangeOrder) {
    return this.#frame(at, { kind: 'order', order } as never);
  }
  state(at: number, number: number, status: OrderStatus, traded = 0) {
    const { tradedSize, avgFillPrice, updateTimeNs } = row(number, status, traded, at);
    const state = { status, rejectReason: 'UNSPECIFIED', tradedSize, avgFillPrice, updateTimeNs };
    return this.#frame(at, { kind: 'state', clientOrderId: id(number), state } as never);
  }
  fill(at: number, number: number, time = at, instrument = BNB) {
    const eventTimeNs = BigInt(Math.round(time * 1e9));
    return this.#frame(at, { kind: 'fill', instrument, clientOrderId: id(number), eventTimeNs } as never);
  }
  position(at: number, size: number, instrument = BNB, time = at) {
    const row = position(size, { instrument, eventTimeNs: BigInt(Math.round(time * 1e9)) });
    return this.#frame(at, { kind: 'position', position: row } as never);
  }
  /** A whole reading requested at `at`, answered 100 ms later, complete with its look-ups. */
  read(
    at: number,
    size: number | Record<string, number>,
    open: ExchangeOrder[] = [],
    looked: ExchangeOrder[] = [],
    absent: number[] = [],
    more: Partial<WholeReading> = {},
  ) {
    const sizes = typeof size === 'number' ? { [BNB]: size } : size;
    const rows = Object.entries(sizes).flatMap(([instrument, one]) =>
      one === 0 ? [] : [position(one, { instrument, eventTimeNs: BigInt(Math.round((at + 0.1) * 1e9)) })],
    );
    return this.#take(
      withReading(this.view, {
        requestedAtMs: ms(at),
        receivedAtMs: ms(at + 0.1),
        era: 0,
        exchangeNowMs: ms(at),
        positions: rows,
        openOrders: open,
        lookups: [
          ...looked.map((order) => ({ clientOrderId: order.clientOrderId, order })),
          ...absent.map((number) => ({ clientOrderId: id(number), order: null })),
        ],
        without: [],
        ...more,
      }),
    );
  }
  /** The followed instruments. */
  follow(...instruments: string[]) {
    this.view = withInstruments(this.view, instruments);
    return this;
  }
  lookUp(at: number, number: number, order: ExchangeOrder | null) {
    return this.#take(withLookups(this.view, [{ clientOrderId: id(number), order }], ms(at)));
  }
  /** Time passes; the numbers of the orders that are to be looked up. */
  wait(at: number): string[] {
    const { lookupsWanted, failed: _, ...folded } = withTime(this.view, ms(at));
    this.#take(folded);
    return lookupsWanted.map(short);
  }
  missing(at: number, watched: number[], open: number[]): string[] {
    const reading = { requestedAtMs: ms(at), openIds: new Set(open.map(id)) };
    return missingOrders(this.view, BNB, watched.map(id), reading).map(short);
  }
  /** What the last message reported: `instruments | orders | contradictions`. */
  said(): string {
    const { changed, seen, contradictions } = this.last ?? assert.fail('no message');
    const orders = seen.map((one) => `${short(one.clientOrderId)}:${one.status}/${one.tradedSize}`);
    const codes = contradictions.map(({ instrument, why }) => `${instrument} ${why.code} ${why.rule}`);
    return [changed, orders, codes].map((some) => some.join(' ') || '-').join(' | ');
  }
  /** `position | order:status/traded … | intact`, as the symbol receives it. */
  shows(instrument = BNB): string {
    const slice = sliceOf(this.view, instrument, { nowMs: NOW, whole: false, absent: [] });
    if (slice === null) return 'nothing';
    const orders = slice.orders.map((one) => `${short(one.clientOrderId)}:${one.status}/${one.tradedSize}`);
    return [slice.position?.size.toFixed() ?? 'flat', orders.join(' ') || '-', slice.intact ? 'intact' : 'REST'].join(
      ' | ',
    );
  }
}

export const ms = (at: number) => NOW + Math.round(at * 1000);
export const short = (clientOrderId: string) => String(BigInt(clientOrderId) & 0xffffn);

/** Streams up for long, proven at 1: flat, order 1 rests. */
export const quoting = () => new Account().up(-10).read(1, 0, [row(1, 'OPEN')]);
