import type { Level } from '../paper/index.ts';
import type { MarketRecord } from './record.ts';

/** Orders and trades of an engine that traded while a market was recorded (19.1). Prices and sizes count 1e-9. */
export interface OwnTrading {
  /** In order of `fromMs`. */
  readonly orders: readonly OwnOrder[];
  /** Sizes by trade id. */
  readonly fills: ReadonlyMap<string, bigint>;
}

export interface OwnOrder {
  readonly buy: boolean;
  readonly price: bigint;
  readonly size: bigint;
  /** When it was sent. */
  readonly fromMs: number;
  /** When its end was known. */
  readonly toMs: number;
  readonly fills: readonly { readonly timeNs: bigint; readonly size: bigint }[];
}

/** Removes own orders from books and own trades from trades, record by record in order of time. */
export class OwnRemoval {
  /**
   * Trades that were own, in whole or in part; levels with own orders; and own orders that the book did not show at
   * their price or size although it reached as deep: a few at their beginning and end, most if the engine traded
   * elsewhere.
   */
  readonly counts = { trades: 0, levels: 0, unseen: 0 };
  readonly #own: OwnTrading;
  #begun = 0;
  #standing: OwnOrder[] = [];

  constructor(own: OwnTrading) {
    this.#own = own;
  }

  /** The record without the engine; null: nothing remains. */
  of(record: MarketRecord): MarketRecord | null {
    if (record.kind === 'trade') {
      const own = this.#own.fills.get(record.id);
      if (own === undefined) return record;
      this.counts.trades += 1;
      return own < record.size ? { ...record, size: record.size - own } : null;
    }
    if (record.kind !== 'book') return record;
    const { atMs, exchangeNs } = record;
    for (let next = this.#own.orders[this.#begun]; next !== undefined && next.fromMs <= atMs; ) {
      this.#standing.push(next);
      this.#begun += 1;
      next = this.#own.orders[this.#begun];
    }
    this.#standing = this.#standing.filter(({ toMs }) => toMs >= atMs);
    if (this.#standing.length === 0) return record;
    return {
      ...record,
      bids: this.#less(record.bids, true, exchangeNs),
      asks: this.#less(record.asks, false, exchangeNs),
    };
  }

  #less(levels: readonly Level[], buy: boolean, atNs: bigint): readonly Level[] {
    const own = new Map<bigint, bigint>();
    for (const order of this.#standing) {
      if (order.buy !== buy) continue;
      const traded = order.fills.reduce((sum, { timeNs, size }) => (timeNs <= atNs ? sum + size : sum), 0n);
      if (traded < order.size) own.set(order.price, (own.get(order.price) ?? 0n) + order.size - traded);
    }
    if (own.size === 0) return levels;
    const left = levels.flatMap((level) => {
      const size = own.get(level.price);
      if (size === undefined || size > level.size) return [level];
      own.delete(level.price);
      this.counts.levels += 1;
      return size === level.size ? [] : [{ ...level, size: level.size - size }];
    });
    const deepest = levels.at(-1)?.price;
    for (const price of own.keys())
      if (deepest !== undefined && (buy ? price >= deepest : price <= deepest)) this.counts.unseen += 1;
    return left;
  }
}
