import { E9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { type Level, type Market, takeFrom } from './market.ts';

/**
 * A recorded market (strategy 19.2): books, trades and marks are played at their receive times instead of a seeded
 * crowd. Its effect on resting orders is in recorded-matching.ts.
 */

interface Timed {
  /** Receive time, ms: not visible before. */
  readonly atMs: number;
  /** By the exchange's clock. */
  readonly exchangeNs: bigint;
}

/** A market event. Prices and sizes count 1e-9. */
export type ReplayEvent =
  | ({ readonly kind: 'book'; readonly bids: readonly Level[]; readonly asks: readonly Level[] } & Timed)
  | RecordedTrade
  | ({ readonly kind: 'mark'; readonly mark: bigint; readonly index: bigint } & Timed)
  /** `rate`: share of the notional that longs pay at each interval, 1e-9; next at `dueMs`. */
  | ({ readonly kind: 'funding'; readonly rate: bigint; readonly intervalMs: number; readonly dueMs: number } & Timed)
  | { readonly kind: 'instrument'; readonly atMs: number; readonly spec: InstrumentSpec }
  /** No data from `atMs` to `toMs`. */
  | { readonly kind: 'gap'; readonly atMs: number; readonly toMs: number; readonly why: string };

export type RecordedTrade = {
  readonly kind: 'trade';
  readonly takerBuys: boolean;
  readonly price: bigint;
  readonly size: bigint;
  readonly id: string;
} & Timed;

/** Events in order of time; `peek` shows the next one, null: none (yet). */
export interface Feed {
  peek(): ReplayEvent | null;
  take(): void;
}

/** Spread and depth if no book was recorded. */
export interface InventedBook {
  /** From bid to ask: ticks, or a share of the price, 1e-9. */
  readonly spread: { readonly ticks: bigint } | { readonly share: bigint };
  /** USDT at each price, 1e-9. */
  readonly depth: bigint;
}

/**
 * What fills a resting order: `conservative`, only what recorded trades leave after the queue; `optimistic`, any touch
 * of its price. The truth lies in between.
 */
export const FILL_RULES = ['conservative', 'optimistic'] as const;
export type FillRule = (typeof FILL_RULES)[number];

export interface ReplayOptions {
  readonly feedOf: (instrument: string) => Feed;
  readonly fill: FillRule;
  /** null: books come from the feed. */
  readonly invented: InventedBook | null;
}

/** Oddities of a recording that are counted instead of rejected. */
export interface ReplayCounts {
  trades: number;
  books: number;
  /** Bid at or above ask: not used. */
  crossedBooks: number;
  /** At a price outside the book of that moment. */
  tradesOutside: number;
  gaps: number;
  gapMs: number;
}

/** A feed of existing or lazily created events. */
export function feedFrom(events: Iterable<ReplayEvent>): Feed {
  const iterator = events[Symbol.iterator]();
  let head: ReplayEvent | null = null;
  let ended = false;
  return {
    peek() {
      if (head === null && !ended) {
        const next = iterator.next();
        if (next.done === true) ended = true;
        else head = next.value;
      }
      return head;
    },
    take() {
      head = null;
    },
  };
}

/** Queue of an order deeper than the recorded book: more than ever trades. */
const UNSEEN = 1n << 100n;
/** Levels of an invented book. */
const INVENTED_LEVELS = 50;

/** One recorded instrument. */
export class ReplayMarket implements Market {
  readonly fill: FillRule;
  readonly counts: ReplayCounts = { trades: 0, books: 0, crossedBooks: 0, tradesOutside: 0, gaps: 0, gapMs: 0 };
  #spec: InstrumentSpec;
  readonly #feed: Feed;
  readonly #invented: InventedBook | null;
  #bids: Level[] = [];
  #asks: Level[] = [];
  #mark: bigint | null = null;
  #index: bigint | null = null;
  #last: bigint;
  #empty = false;

  constructor(spec: InstrumentSpec, { feedOf, fill, invented }: ReplayOptions) {
    this.#spec = spec;
    this.#feed = feedOf(spec.name);
    this.fill = fill;
    this.#invented = invented;
    this.#last = spec.startPrice;
  }

  get spec(): InstrumentSpec {
    return this.#spec;
  }

  /** A changed tick holds from then on. */
  setSpec(spec: InstrumentSpec): void {
    this.#spec = spec;
  }

  /** Nothing happens in steps; see {@link nextMs}. */
  step(): null {
    return null;
  }

  nextMs(): number {
    return this.#feed.peek()?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next event and applies it to book and mark. */
  play(): ReplayEvent | null {
    const event = this.#feed.peek();
    if (event === null) return null;
    this.#feed.take();
    switch (event.kind) {
      case 'book':
        this.#showBook(event.bids, event.asks);
        break;
      case 'trade':
        this.#traded(event);
        break;
      case 'mark':
        this.#mark = event.mark;
        this.#index = event.index;
        break;
      case 'instrument':
        this.#spec = event.spec;
        break;
      case 'gap':
        this.counts.gaps += 1;
        this.counts.gapMs += event.toMs - event.atMs;
        this.#bids = [];
        this.#asks = [];
        break;
      case 'funding':
        break;
    }
    return event;
  }

  #showBook(bids: readonly Level[], asks: readonly Level[]): void {
    this.counts.books += 1;
    const [bid, ask] = [bids[0], asks[0]];
    if (bid !== undefined && ask !== undefined && bid.price >= ask.price) {
      this.counts.crossedBooks += 1;
      return;
    }
    this.#bids = [...bids];
    this.#asks = [...asks];
  }

  #traded({ price, takerBuys }: RecordedTrade): void {
    this.counts.trades += 1;
    this.#last = price;
    if (this.#invented !== null) {
      this.#invent(this.#invented, price, takerBuys);
      return;
    }
    const [bid, ask] = [this.#bids[0], this.#asks[0]];
    if ((bid !== undefined && price < bid.price) || (ask !== undefined && price > ask.price))
      this.counts.tradesOutside += 1;
  }

  /** A taker traded at the best price: that side is the trade's price, the other one a spread away. */
  #invent({ spread, depth }: InventedBook, price: bigint, takerBuys: boolean): void {
    const { tick, minSize } = this.#spec;
    const asked = 'ticks' in spread ? spread.ticks * tick : (price * spread.share) / E9;
    const wide = ((asked + tick - 1n) / tick) * tick;
    const apart = wide > tick ? wide : tick;
    const level = (at: bigint): Level => {
      const size = ((depth * E9) / at / minSize) * minSize;
      return { price: at, size: size > 0n ? size : minSize, orders: 1 };
    };
    const ask = takerBuys ? price : price + apart;
    const bid = ask - apart;
    this.#asks = Array.from({ length: INVENTED_LEVELS }, (_, index) => level(ask + BigInt(index) * tick));
    const bidLevels = bid <= 0n ? 0 : Math.min(INVENTED_LEVELS, Number((bid + tick - 1n) / tick));
    this.#bids = Array.from({ length: bidLevels }, (_, index) => level(bid - BigInt(index) * tick));
  }

  #side(ask: boolean): Level[] {
    return ask ? this.#asks : this.#bids;
  }

  setEmpty(empty: boolean): void {
    this.#empty = empty;
  }

  setFrozen(): never {
    throw new RangeError('a recorded market goes on as it was recorded');
  }

  setScript(): never {
    throw new RangeError('a recorded market shows the books that were recorded');
  }

  gap(): never {
    throw new RangeError('a recorded market has the prices that were recorded');
  }

  /** The recording contains any price movement already. */
  race(): boolean {
    return false;
  }

  sizeAt(ask: boolean, price: bigint): bigint {
    return this.#empty ? 0n : (this.#side(ask).find((level) => level.price === price)?.size ?? 0n);
  }

  /** The whole level; unknown beyond the recorded depth. */
  queueAt(ask: boolean, price: bigint): bigint {
    const deepest = this.#side(ask).at(-1);
    if (deepest === undefined || (ask ? price > deepest.price : price < deepest.price)) return UNSEEN;
    return this.sizeAt(ask, price);
  }

  levels(ask: boolean, count: number, bound: bigint | null): Level[] {
    if (this.#empty) return [];
    const side = this.#side(ask);
    if (bound === null) return side.slice(0, count);
    return side.filter((level) => (ask ? level.price > bound : level.price < bound)).slice(0, count);
  }

  /** Until the next book shows the real size. */
  consume(ask: boolean, price: bigint, size: bigint): void {
    takeFrom(this.#side(ask), price, size);
  }

  touch(ask: boolean): bigint | null {
    return this.#empty ? null : (this.#side(ask)[0]?.price ?? null);
  }

  /** As recorded, else the middle of the book, else the last trade. */
  mark(): bigint {
    if (this.#mark !== null) return this.#mark;
    const [bid, ask] = [this.#bids[0], this.#asks[0]];
    return bid !== undefined && ask !== undefined ? (bid.price + ask.price) / 2n : this.#last;
  }

  index(): bigint {
    return this.#index ?? this.mark();
  }
}
