import { VenueError } from './errors.ts';
import { abs, E9, least, most, printE9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { type Flow, InstrumentMarket, type Level, type MarketProfile, STEP_MS } from './market.ts';

/**
 * The embedded exchange's matching engine and accounts. Pure: no I/O, no clock, no chance of its own beyond the seeded
 * market; time is handed in, and everything that happens between two moments happens in `advance`, in order of time.
 *
 * Prices and sizes count 1e-9 units, money 1e-18 (`fixed.ts`). Positions are signed, short < 0.
 */

export type OrderStatus = 'PENDING' | 'OPEN' | 'FILLED' | 'CANCELLED' | 'REJECTED';

/** A create as it came over the wire, its numbers read. */
export interface NewOrder {
  readonly instrument: string;
  readonly buy: boolean;
  readonly size: bigint;
  /** Zero for a market order. */
  readonly price: bigint;
  readonly isMarket: boolean;
  readonly timeInForce: string;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly clientOrderId: string;
  readonly expirationNs: bigint;
  /** As sent, signer in lower case; echoed. */
  readonly signature: {
    readonly signer: string;
    readonly r: string;
    readonly s: string;
    readonly v: number;
    readonly nonce: number;
  };
  /** Hash of what was signed: equal ones are duplicates (API 5.1). */
  readonly digest: string;
  readonly builder?: string;
  readonly builderFee?: string;
}

/** An order the venue knows. Only the venue changes it. */
export interface PaperOrder extends NewOrder {
  readonly account: PaperAccount;
  /** `0x00` until the matching engine has taken it up (API 5.1). */
  orderId: string;
  status: OrderStatus;
  reason: string;
  traded: bigint;
  /** Sum of price × size over its fills, 1e-18. */
  tradedValue: bigint;
  readonly createdNs: bigint;
  updatedNs: bigint;
  /** What stood before it at its price when it joined. */
  queueAhead: bigint;
  /** Asked to go before it was taken up. */
  cancelReason: string | null;
  /** Invisible to reads until then (a fault, faults.ts). */
  hiddenUntilMs: number;
  /** Refused as post-only whatever the book says (a fault). */
  forceRefusal: boolean;
  /** Grows with every change: renderings are cached by it. */
  version: number;
}

export interface PaperFill {
  readonly order: PaperOrder;
  readonly timeNs: bigint;
  readonly taker: boolean;
  readonly price: bigint;
  readonly size: bigint;
  readonly mark: bigint;
  readonly index: bigint;
  /** 1e-18; before fees. */
  readonly realized: bigint;
  /** 1e-18; negative: received. */
  readonly fee: bigint;
  /** As the wire prints it: percent, and a rebate shows as zero (API 4). */
  readonly feeRate: string;
  readonly tradeId: string;
}

export interface PublicTrade {
  readonly instrument: string;
  readonly timeNs: bigint;
  readonly takerBuys: boolean;
  readonly price: bigint;
  readonly size: bigint;
  readonly mark: bigint;
  readonly index: bigint;
  readonly tradeId: string;
}

/** What an account holds of one instrument, and what its open orders would add. */
export interface Holding {
  readonly spec: InstrumentSpec;
  size: bigint;
  /** Signed entry value: entry price × size, 1e-18. */
  cost: bigint;
  exitSize: bigint;
  exitValue: bigint;
  realized: bigint;
  fees: bigint;
  updatedNs: bigint;
  /** Remaining size of live buy and sell orders, for the initial margin. */
  openBuys: bigint;
  openSells: bigint;
}

/** A trading account. Only the venue changes it. */
export interface PaperAccount {
  /** `A`, `B`, … : for the control path and logs; the wire knows the number only. */
  readonly name: string;
  readonly subAccountId: string;
  readonly owner: string;
  /** Deposits, realised results and fees, 1e-18. */
  balance: bigint;
  readonly holdings: Map<string, Holding>;
  /** PENDING and OPEN, by client order id. */
  readonly active: Map<string, PaperOrder>;
  /** Closed ones, oldest first. */
  readonly closed: PaperOrder[];
  readonly fills: PaperFill[];
  readonly byOrderId: Map<string, PaperOrder>;
  /** The newest order under each client order id. */
  readonly byClientId: Map<string, PaperOrder>;
  /** Digests of creates already taken, with their expiry. */
  readonly digests: Map<string, PaperOrder>;
  /** Client ids a cancel has forbidden, until when (API 5.4). */
  readonly fences: Map<string, number>;
  countdownDueMs: number;
  countdownMs: number;
  /** Reads of positions show this copy until then (a fault). */
  frozen: { untilMs: number; holdings: ReadonlyMap<string, Holding>; balance: bigint } | null;
}

export type VenueEvent =
  | { readonly type: 'order'; readonly order: PaperOrder }
  | { readonly type: 'fill'; readonly fill: PaperFill }
  | { readonly type: 'position'; readonly account: PaperAccount; readonly holding: Holding }
  | {
      readonly type: 'cancel';
      readonly account: PaperAccount;
      readonly clientOrderId: string;
      readonly orderId: string;
      readonly status: 'EXPIRED' | 'DROPPED_DUPLICATE';
      readonly timeNs: bigint;
    }
  | { readonly type: 'trade'; readonly trade: PublicTrade }
  | { readonly type: 'step'; readonly step: number };

export interface VenueOptions {
  readonly instruments: readonly InstrumentSpec[];
  readonly seed: number;
  readonly profile: MarketProfile;
  /** When time begins, ms since the epoch; steps fall on whole multiples of the step after it. */
  readonly startMs: number;
  /** From a create's answer to the matching engine. */
  readonly createLatencyMs: number;
  /** Added for orders that may take (API 5.1: the speed bump). */
  readonly takerDelayMs: number;
  readonly cancelLatencyMs: number;
  /** Share of notional, 1e-9; negative: rebate. */
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  /** Two accounts of one owner meeting: trade, kill the incoming order, or kill the resting one (API 5.3). */
  readonly selfTrade: 'allow' | 'reject-taker' | 'cancel-maker';
  /** A used client order id: refused at once (2012), or later as a state (API 12.12). */
  readonly overlap: 'code' | 'state';
  /** Distance from the mark a limit price may have, 1e-9 of the mark; null: any (code 7201). */
  readonly priceBand: bigint | null;
  readonly maxOpenOrders: number;
}

/** What order_history and fill_history remember per account. A day of one engine; memory stays flat over a month. */
export const CLOSED_KEPT = 5_000;
export const FILLS_KEPT = 5_000;
/** Public trades remembered per instrument: the most one `trade` call may ask for (API 8). */
export const TRADES_KEPT = 1_000;
/** Digests remembered per account: more than can be sent within their lifetime at the venue's own rate limit. */
export const DIGESTS_KEPT = 20_000;
/** Fences remembered per account; they live five seconds at most. */
const FENCES_KEPT = 1_000;
/** A list is cut back when it has grown this much past its bound, so that cutting is rare. */
const SLACK = 512;
/** Longest life of a signature (API 5.1). */
const MAX_EXPIRATION_MS = 30 * 86_400_000;
/** Depth beyond the crowd's price at which a resting order is taken whole: the market has left it behind. */
const DEEP_TICKS = 8n;
const NS = 1_000_000n;

interface Book {
  readonly market: InstrumentMarket;
  spec: InstrumentSpec;
  /** Best first, then oldest. */
  readonly bids: PaperOrder[];
  readonly asks: PaperOrder[];
  readonly trades: PublicTrade[];
  lastPrice: bigint;
  lastSize: bigint;
  high: bigint;
  low: bigint;
  open: bigint;
  buyVolume: bigint;
  sellVolume: bigint;
  buyValue: bigint;
  sellValue: bigint;
  resting: number;
}
export type VenueBook = Readonly<Book>;

interface Action {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Whether the order still stands in the book or is on its way there. */
function alive(order: PaperOrder): boolean {
  return order.status === 'OPEN' || order.status === 'PENDING';
}

export class Venue {
  readonly options: VenueOptions;
  readonly accounts: readonly PaperAccount[];
  readonly #books = new Map<string, Book>();
  readonly #byId = new Map<string, PaperAccount>();
  readonly #listeners: ((event: VenueEvent) => void)[] = [];
  /** Called before an execution changes anything. */
  beforeFill: ((order: PaperOrder) => void) | null = null;
  /** Sorted by time; what was put first runs first. */
  readonly #actions: Action[] = [];
  #nowMs: number;
  #shiftMs = 0;
  #lastNs = 0n;
  #nextStepMs: number;
  #steps = 0;
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #orders = 0;
  #executions = 60_000_000;

  constructor(
    options: VenueOptions,
    accounts: readonly { name: string; subAccountId: string; owner: string; equity: bigint }[],
  ) {
    this.options = options;
    this.#nowMs = options.startMs;
    this.#nextStepMs = options.startMs + STEP_MS;
    for (const spec of options.instruments) this.#addBook(spec);
    this.accounts = accounts.map((account) => ({
      name: account.name,
      subAccountId: account.subAccountId,
      owner: account.owner,
      balance: account.equity,
      holdings: new Map(),
      active: new Map(),
      closed: [],
      fills: [],
      byOrderId: new Map(),
      byClientId: new Map(),
      digests: new Map(),
      fences: new Map(),
      countdownDueMs: Number.POSITIVE_INFINITY,
      countdownMs: 0,
      frozen: null,
    }));
    for (const account of this.accounts) this.#byId.set(account.subAccountId, account);
  }

  #addBook(spec: InstrumentSpec): void {
    const market = new InstrumentMarket(spec, this.options.seed, this.options.profile);
    const price = market.touch(false) ?? spec.startPrice;
    this.#books.set(spec.name, {
      market,
      spec,
      bids: [],
      asks: [],
      trades: [],
      lastPrice: price,
      lastSize: spec.minSize,
      high: price,
      low: price,
      open: price,
      buyVolume: 0n,
      sellVolume: 0n,
      buyValue: 0n,
      sellValue: 0n,
      resting: 0,
    });
  }

  /** Hears everything that happens, in order. */
  onEvent(listener: (event: VenueEvent) => void): void {
    this.#listeners.push(listener);
  }

  #emit(event: VenueEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The exchange's clock, ms: the time handed in, plus what `shiftClock` has put it off by. */
  get clockMs(): number {
    return this.#nowMs + this.#shiftMs;
  }

  /** The time handed in last. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Market steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /** A time stamp of now, ns; no two are equal. */
  stampNs(): bigint {
    const ns = BigInt(Math.floor(this.clockMs)) * NS;
    this.#lastNs = ns > this.#lastNs ? ns : this.#lastNs + 1n;
    return this.#lastNs;
  }

  /** The exchange's clock jumps, and with it what expires; the market does not move. */
  shiftClock(byMs: number): void {
    this.#shiftMs += byMs;
    this.#lastNs = 0n;
    this.#findNextExpiry();
  }

  /** When something will happen next, in handed-in time. */
  nextEventMs(): number {
    return Math.min(this.#nextStepMs, this.#actions[0]?.dueMs ?? Number.POSITIVE_INFINITY, this.#nextDeadline());
  }

  #nextDeadline(): number {
    let next = this.#nextExpiryMs;
    for (const account of this.accounts) if (account.countdownDueMs < next) next = account.countdownDueMs;
    return next;
  }

  /** Lets everything happen that is due by then. Time never goes back: an earlier moment changes nothing. */
  advance(toMs: number): void {
    for (;;) {
      const action = this.#actions[0];
      const actionMs = action?.dueMs ?? Number.POSITIVE_INFINITY;
      const deadlineMs = this.#nextDeadline();
      const next = Math.min(actionMs, deadlineMs, this.#nextStepMs);
      if (next > toMs) break;
      if (next > this.#nowMs) this.#nowMs = next;
      if (action !== undefined && actionMs === next) {
        this.#actions.shift();
        action.run();
      } else if (deadlineMs === next) {
        this.#meetDeadlines();
      } else {
        this.#nextStepMs += STEP_MS;
        this.#step();
      }
    }
    if (toMs > this.#nowMs) this.#nowMs = toMs;
  }

  #later(delayMs: number, run: () => void): void {
    const dueMs = this.#nowMs + delayMs;
    let index = this.#actions.length;
    while (index > 0 && this.#actions[index - 1]!.dueMs > dueMs) index -= 1;
    this.#actions.splice(index, 0, { dueMs, run });
  }

  #meetDeadlines(): void {
    for (const account of this.accounts) {
      if (account.countdownDueMs <= this.#nowMs) {
        account.countdownDueMs = Number.POSITIVE_INFINITY;
        for (const order of [...account.active.values()]) {
          if (order.status === 'OPEN') this.#close(order, 'CANCELLED', 'CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED');
        }
      }
      const clock = this.clockMs;
      for (const order of account.active.values()) {
        if (order.status === 'OPEN' && Number(order.expirationNs / NS) <= clock)
          this.#close(order, 'CANCELLED', 'EXPIRED');
      }
    }
    this.#findNextExpiry();
  }

  #findNextExpiry(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const account of this.accounts) {
      for (const order of account.active.values()) {
        if (order.status === 'OPEN') next = Math.min(next, Number(order.expirationNs / NS) - this.#shiftMs);
      }
    }
    this.#nextExpiryMs = Math.max(next, this.#nowMs);
  }

  // ── market ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @throws VenueError of that code when there is no such instrument. */
  book(instrument: string, code = 1004): VenueBook {
    const book = this.#books.get(instrument);
    if (book === undefined) throw new VenueError(code);
    return book;
  }

  /** All books, in the order the instruments were given. */
  books(): Iterable<VenueBook> {
    return this.#books.values();
  }

  /** Changes an instrument's rules from now on, or lists a new one; orders that rest stay. */
  setInstrument(spec: InstrumentSpec): void {
    const book = this.#books.get(spec.name);
    if (book === undefined) this.#addBook(spec);
    else book.spec = spec;
  }

  #step(): void {
    this.#steps += 1;
    for (const book of this.#books.values()) {
      const flow = book.market.step();
      if (flow.taker !== null) this.#crowdTrade(book, flow);
      if (book.resting > 0) {
        this.#sweep(book, flow.sweepSize);
        if (flow.taker !== null) this.#take(book, flow.taker === 'buy', flow.takerSize);
      }
    }
    this.#emit({ type: 'step', step: this.#steps });
  }

  /** The crowd trades with itself: what tickers and public trades show. */
  #crowdTrade(book: Book, flow: Flow): void {
    const buys = flow.taker === 'buy';
    const price = book.market.touch(buys);
    if (price !== null) this.#publicTrade(book, buys, price, flow.takerSize, `${++this.#executions}-1`);
  }

  #publicTrade(book: Book, takerBuys: boolean, price: bigint, size: bigint, tradeId: string): void {
    book.lastPrice = price;
    book.lastSize = size;
    if (price > book.high) book.high = price;
    if (price < book.low) book.low = price;
    if (takerBuys) {
      book.buyVolume += size;
      book.buyValue += size * price;
    } else {
      book.sellVolume += size;
      book.sellValue += size * price;
    }
    const { market } = book;
    const trade: PublicTrade = {
      instrument: book.spec.name,
      timeNs: this.stampNs(),
      takerBuys,
      price,
      size,
      mark: market.mark(),
      index: market.index(),
      tradeId,
    };
    book.trades.push(trade);
    if (book.trades.length > TRADES_KEPT + SLACK) book.trades.splice(0, book.trades.length - TRADES_KEPT);
    this.#emit({ type: 'trade', trade });
  }

  /** The market has moved through resting orders: they are taken, best first, as far as the crowd goes in this moment. */
  #sweep(book: Book, size: bigint): void {
    for (const buy of [true, false]) {
      const orders = buy ? book.bids : book.asks;
      let budget = size;
      for (;;) {
        const order = orders[0];
        const touch = book.market.touch(buy);
        if (order === undefined || touch === null) break;
        const depth = (buy ? order.price - touch : touch - order.price) / book.spec.tick;
        if (depth < 0n || (buy ? order.price < touch : order.price > touch)) break;
        const rest = order.size - order.traded;
        const part = depth > DEEP_TICKS ? rest : least(rest, budget);
        if (part <= 0n) break;
        budget -= least(part, budget);
        this.#fill(order, order.price, part, false, `${++this.#executions}-1`);
      }
    }
  }

  /** A taker comes to the touch and meets what rests there: better prices first, then the older order. */
  #take(book: Book, buys: boolean, size: bigint): void {
    const orders = buys ? book.asks : book.bids;
    const touch = book.market.touch(buys);
    let budget = size;
    const execution = ++this.#executions;
    let part = 0;
    for (let index = 0; budget > 0n; ) {
      const order = orders[index];
      if (order === undefined) break;
      const beyond = touch !== null && (buys ? order.price > touch : order.price < touch);
      if (beyond) break;
      if (touch !== null && order.price === touch && order.queueAhead > 0n) {
        const gone = least(order.queueAhead, budget);
        order.queueAhead -= gone;
        budget -= gone;
        if (budget === 0n) break;
      }
      const taken = least(order.size - order.traded, budget);
      budget -= taken;
      part += 1;
      this.#fill(order, order.price, taken, false, `${execution}-${part}`);
      if (alive(order)) index += 1;
    }
  }

  /** Best resting price of the accounts on that side (asks when `ask`). */
  #ownBest(book: Book, ask: boolean): bigint | null {
    return (ask ? book.asks : book.bids)[0]?.price ?? null;
  }

  /** The crowd's levels as they can be shown and met: never crossing what an account has resting. */
  #crowd(book: Book, ask: boolean, count: number): Level[] {
    return book.market.levels(ask, count, this.#ownBest(book, !ask));
  }

  /** Price-sorted levels of one side, the crowd's and the accounts' together, best first. */
  levels(instrument: string, ask: boolean, depth: number): Level[] {
    const book = this.book(instrument, 3000) as Book;
    const crowd = this.#crowd(book, ask, depth);
    const own = ask ? book.asks : book.bids;
    if (own.length === 0) return crowd;
    const merged: { price: bigint; size: bigint; orders: number }[] = crowd.map((level) => ({ ...level }));
    for (const order of own) {
      const better = (level: { price: bigint }): boolean =>
        ask ? level.price >= order.price : level.price <= order.price;
      let at = merged.findIndex(better);
      if (at < 0) at = merged.length;
      const level = merged[at];
      if (level !== undefined && level.price === order.price) {
        level.size += order.size - order.traded;
        level.orders += 1;
      } else {
        merged.splice(at, 0, { price: order.price, size: order.size - order.traded, orders: 1 });
      }
    }
    return merged.slice(0, depth);
  }

  /** Best price and size of one side as the book shows it. */
  best(instrument: string, ask: boolean): Level | null {
    return this.levels(instrument, ask, 1)[0] ?? null;
  }

  /** The instrument's mark price. @throws VenueError 1004 */
  mark(instrument: string): bigint {
    return this.book(instrument).market.mark();
  }

  // ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The account under that number, or null. */
  account(subAccountId: string): PaperAccount | null {
    return this.#byId.get(subAccountId) ?? null;
  }

  #holding(account: PaperAccount, spec: InstrumentSpec): Holding {
    let holding = account.holdings.get(spec.name);
    if (holding === undefined) {
      holding = {
        spec,
        size: 0n,
        cost: 0n,
        exitSize: 0n,
        exitValue: 0n,
        realized: 0n,
        fees: 0n,
        updatedNs: this.stampNs(),
        openBuys: 0n,
        openSells: 0n,
      };
      account.holdings.set(spec.name, holding);
    }
    return holding;
  }

  /** Unrealised result of what is held, 1e-18. */
  unrealized(holdings: Iterable<Holding>): bigint {
    let total = 0n;
    for (const holding of holdings) {
      if (holding.size !== 0n) total += holding.size * this.mark(holding.spec.name) - holding.cost;
    }
    return total;
  }

  /**
   * Equity and margins, 1e-18 (API 6): the initial margin of an instrument is the larger of its long and its short side,
   * orders included, at the mark, over the leverage; the maintenance margin is half of that of the position alone.
   */
  margins(account: PaperAccount): { equity: bigint; unrealized: bigint; initial: bigint; maintenance: bigint } {
    const unrealized = this.unrealized(account.holdings.values());
    let initial = 0n;
    let maintenance = 0n;
    for (const holding of account.holdings.values()) {
      const { size, openBuys, openSells } = holding;
      if (size === 0n && openBuys === 0n && openSells === 0n) continue;
      const mark = this.mark(holding.spec.name);
      const exposure = most(most(size, 0n) + openBuys, most(-size, 0n) + openSells);
      initial += (exposure * mark) / holding.spec.leverage;
      maintenance += (abs(size) * mark) / (holding.spec.leverage * 2n);
    }
    return { equity: account.balance + unrealized, unrealized, initial, maintenance };
  }

  /** Puts a position in place as if it had always been there: no fill, no fee. */
  setPosition(account: PaperAccount, instrument: string, size: bigint, entryPrice: bigint): void {
    const holding = this.#holding(account, this.book(instrument).spec);
    holding.size = size;
    holding.cost = size * entryPrice;
    holding.exitSize = 0n;
    holding.exitValue = 0n;
    holding.realized = 0n;
    holding.fees = 0n;
    holding.updatedNs = this.stampNs();
    this.#emit({ type: 'position', account, holding });
  }

  /** Sets the equity by changing the balance. */
  setEquity(account: PaperAccount, equity: bigint): void {
    account.balance = equity - this.unrealized(account.holdings.values());
  }

  /** Reads of this account's positions and summary stay as they are now until then. */
  freezePositions(account: PaperAccount, untilMs: number): void {
    if (account.frozen !== null && account.frozen.untilMs > this.#nowMs) return;
    const holdings = new Map([...account.holdings].map(([name, holding]) => [name, { ...holding }]));
    account.frozen = { untilMs, holdings, balance: account.balance };
  }

  /** Holdings and balance as reads see them. */
  visible(account: PaperAccount): { holdings: ReadonlyMap<string, Holding>; balance: bigint } {
    if (account.frozen !== null && account.frozen.untilMs <= this.#nowMs) account.frozen = null;
    return account.frozen ?? account;
  }

  // ── orders ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a create whose signature was found good. It is only acknowledged: what becomes of it is decided when the
   * matching engine reaches it (API 5.3).
   *
   * @throws VenueError with the code of the first rule it breaks.
   */
  create(account: PaperAccount, request: NewOrder): PaperOrder {
    const known = account.digests.get(request.digest);
    // An identical signed payload with the same nonce is a duplicate and ignored (API 5.1): the same answer, no new order.
    if (known !== undefined) return known;
    this.#check(account, request);
    return this.#admit(
      account,
      request,
      this.options.createLatencyMs + (request.postOnly ? 0 : this.options.takerDelayMs),
    );
  }

  #admit(account: PaperAccount, request: NewOrder, delayMs: number): PaperOrder {
    const stamp = this.stampNs();
    const order: PaperOrder = {
      ...request,
      account,
      orderId: '0x00',
      status: 'PENDING',
      reason: 'UNSPECIFIED',
      traded: 0n,
      tradedValue: 0n,
      createdNs: stamp,
      updatedNs: stamp,
      queueAhead: 0n,
      cancelReason: null,
      hiddenUntilMs: 0,
      forceRefusal: false,
      version: 0,
    };
    const fence = account.fences.get(order.clientOrderId);
    if (fence !== undefined && fence >= this.#nowMs) order.cancelReason = 'FENCE';
    const overlaps = account.active.has(order.clientOrderId);
    account.digests.set(order.digest, order);
    if (account.digests.size > DIGESTS_KEPT) account.digests.delete(account.digests.keys().next().value!);
    if (overlaps) {
      // Reported as a state: the order never becomes the one its client id names (API 12.12).
      this.#later(delayMs, () => {
        this.#name(order);
        order.status = 'REJECTED';
        order.reason = 'OVERLAPPING_CLIENT_ORDER_ID';
        this.#touch(order);
        this.#keepClosed(order);
        this.#emit({ type: 'order', order });
      });
      return order;
    }
    account.active.set(order.clientOrderId, order);
    account.byClientId.set(order.clientOrderId, order);
    this.#reserve(order, order.size);
    this.#later(delayMs, () => this.#takeUp(order));
    return order;
  }

  /** Counts remaining size of a live order in, or out when negative. */
  #reserve(order: PaperOrder, size: bigint): void {
    const holding = this.#holding(order.account, this.book(order.instrument).spec);
    if (order.buy) holding.openBuys += size;
    else holding.openSells += size;
  }

  #check(account: PaperAccount, order: NewOrder): void {
    const refuse = (when: boolean, code: number): void => {
      if (when) throw new VenueError(code);
    };
    const book = this.book(order.instrument, 2061) as Book;
    const { spec } = book;
    refuse(!spec.active, 2060);
    refuse(order.isMarket && order.price !== 0n, 2020);
    refuse(!order.isMarket && order.price <= 0n, 2021);
    refuse(order.timeInForce === 'ALL_OR_NONE', 2030);
    refuse(order.postOnly && !['GOOD_TILL_TIME', 'RETAIL_PRICE_IMPROVEMENT'].includes(order.timeInForce), 2032);
    refuse(order.size < spec.minSize, 2062);
    refuse(order.size % spec.minSize !== 0n, 2065);
    refuse(order.price % spec.tick !== 0n, 2064);
    const holding = account.holdings.get(spec.name);
    const held = holding?.size ?? 0n;
    const reduces = order.buy ? held < 0n : held > 0n;
    const mark = book.market.mark();
    const notional = order.size * (order.isMarket ? mark : order.price);
    if (notional < spec.minNotional * E9) throw new VenueError(order.reduceOnly && reduces ? 2067 : 2066);
    if (this.options.priceBand !== null && !order.isMarket) {
      refuse(abs(order.price - mark) * E9 > this.options.priceBand * mark, 7201);
    }
    if (order.reduceOnly) {
      refuse(held === 0n, 2400);
      refuse(!reduces, 2401);
      refuse(order.size > abs(held), 2402);
    }
    refuse(this.options.overlap === 'code' && account.active.has(order.clientOrderId), 2012);
    refuse(account.active.size >= this.options.maxOpenOrders, 2090);
    const after = order.buy
      ? held + (holding?.openBuys ?? 0n) + order.size
      : (holding?.openSells ?? 0n) + order.size - held;
    refuse(!order.reduceOnly && after > spec.maxPosition, 2081);
    refuse(!this.#affords(account, order, spec, mark), 2080);
  }

  /** Whether the equity covers the initial margin with this order added; an order that only lowers it always passes. */
  #affords(account: PaperAccount, order: NewOrder, spec: InstrumentSpec, mark: bigint): boolean {
    const { equity, initial } = this.margins(account);
    const holding = account.holdings.get(spec.name);
    const size = holding?.size ?? 0n;
    const side = (extraBuys: bigint, extraSells: bigint): bigint =>
      most(
        most(size, 0n) + (holding?.openBuys ?? 0n) + extraBuys,
        most(-size, 0n) + (holding?.openSells ?? 0n) + extraSells,
      );
    const added = side(order.buy ? order.size : 0n, order.buy ? 0n : order.size) - side(0n, 0n);
    return added <= 0n || initial + (added * mark) / spec.leverage <= equity;
  }

  /** Gives the order its real number, in the layout of captured ones (API 5.1). */
  #name(order: PaperOrder): void {
    this.#orders += 1;
    const hash = this.book(order.instrument).spec.hash.slice(2).padStart(6, '0');
    const quote = hash.slice(0, 2);
    const base = hash.slice(2, -2).slice(-2).padStart(2, '0');
    const counter = (0x66000000 + this.#orders).toString(16).padStart(8, '0');
    const signed = order.signature.s.slice(-6).padStart(6, '0').toLowerCase();
    order.orderId = `0x010101${base}${quote}${signed}00000000${counter}`;
    order.account.byOrderId.set(order.orderId, order);
  }

  /** The matching engine reaches a new order. */
  #takeUp(order: PaperOrder): void {
    if (order.status !== 'PENDING') return;
    const book = this.book(order.instrument) as Book;
    this.#name(order);
    const refusal = this.#refusal(book, order);
    if (refusal !== null) {
      this.#close(order, 'REJECTED', refusal);
    } else if (order.cancelReason !== null) {
      order.status = 'OPEN';
      this.#touch(order);
      this.#emit({ type: 'order', order });
      this.#close(order, 'CANCELLED', order.cancelReason);
    } else if (!order.postOnly) {
      this.#match(book, order);
    } else {
      if (!this.#crosses(book, order)) book.market.race(order.buy, order.price);
      if (this.#crosses(book, order)) this.#close(order, 'REJECTED', 'FAIL_POST_ONLY');
      else this.#rest(book, order);
    }
  }

  /** Why the matching engine does not take the order, or null. What the book says of it comes after. */
  #refusal(book: Book, order: PaperOrder): string | null {
    const clock = this.clockMs;
    const expirationMs = Number(order.expirationNs / NS);
    if (order.cancelReason === 'FENCE') return 'CLIENT_CANCEL';
    if (expirationMs <= clock) return 'EXPIRED';
    if (expirationMs > clock + MAX_EXPIRATION_MS) return 'EXCEED_MAX_SIGNATURE_EXPIRATION';
    if (!book.spec.active) return 'INSTRUMENT_DEACTIVATED';
    if (order.forceRefusal && order.postOnly) return 'FAIL_POST_ONLY';
    if (order.reduceOnly) {
      const held = order.account.holdings.get(order.instrument)?.size ?? 0n;
      return (order.buy ? held >= 0n : held <= 0n) ? 'FAIL_REDUCE_ONLY' : null;
    }
    const { equity, initial } = this.margins(order.account);
    return initial > equity ? 'BELOW_MARGIN' : null;
  }

  #opposite(book: Book, order: PaperOrder): bigint | null {
    const crowd = this.#crowd(book, order.buy, 1)[0]?.price ?? null;
    const own = this.#ownBest(book, order.buy);
    if (crowd === null || own === null) return crowd ?? own;
    return order.buy ? least(crowd, own) : most(crowd, own);
  }

  #crosses(book: Book, order: PaperOrder): boolean {
    const opposite = this.#opposite(book, order);
    return opposite !== null && (order.buy ? order.price >= opposite : order.price <= opposite);
  }

  #within(order: PaperOrder, price: bigint): boolean {
    return order.isMarket || (order.buy ? price <= order.price : price >= order.price);
  }

  #rest(book: Book, order: PaperOrder): void {
    order.status = 'OPEN';
    this.#touch(order);
    const side = order.buy ? book.bids : book.asks;
    let index = side.length;
    while (index > 0 && (order.buy ? side[index - 1]!.price < order.price : side[index - 1]!.price > order.price))
      index -= 1;
    side.splice(index, 0, order);
    book.resting += 1;
    // A quarter of what stands there: the rest of a queue gives up before its turn comes.
    order.queueAhead = book.market.sizeAt(!order.buy, order.price) / 4n;
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, Number(order.expirationNs / NS) - this.#shiftMs);
    this.#emit({ type: 'order', order });
  }

  /** Takes liquidity: better price first; at one price the crowd, which was there before, then the older order. */
  #match(book: Book, order: PaperOrder): void {
    const execution = ++this.#executions;
    let part = 0;
    let ended: string | null = null;
    if (order.timeInForce === 'FILL_OR_KILL' && this.#available(book, order) < order.size) ended = 'FOK_CANCEL';
    while (ended === null && alive(order) && order.traded < order.size) {
      const rest = order.size - order.traded;
      const crowd = this.#crowd(book, order.buy, 1)[0] ?? null;
      const own = (order.buy ? book.asks : book.bids)[0] ?? null;
      const crowdFirst =
        crowd !== null && (own === null || (order.buy ? crowd.price <= own.price : crowd.price >= own.price));
      const price = crowdFirst ? crowd.price : own?.price;
      if (price === undefined || !this.#within(order, price)) break;
      part += 1;
      if (crowdFirst) {
        const size = least(rest, crowd.size);
        book.market.consume(order.buy, price, size);
        this.#fill(order, price, size, true, `${execution}-${part}`);
        continue;
      }
      const maker = own!;
      const sameOwner = maker.account.owner === order.account.owner;
      if (maker.account === order.account) {
        ended = 'SELF_MATCHED_SUBACCOUNT';
      } else if (sameOwner && this.options.selfTrade === 'reject-taker') {
        ended = 'SELF_TRADE_PROTECTION';
      } else if (sameOwner && this.options.selfTrade === 'cancel-maker') {
        this.#close(maker, 'CANCELLED', 'SELF_TRADE_PROTECTION');
      } else {
        const size = least(rest, maker.size - maker.traded);
        this.#fill(maker, price, size, false, `${execution}-${part}`);
        this.#fill(order, price, size, true, `${execution}-${part}`);
      }
    }
    if (!alive(order)) return;
    if (ended?.startsWith('SELF')) this.#close(order, this.#dead(order), ended);
    else if (ended !== null) this.#close(order, 'CANCELLED', ended);
    else if (order.isMarket || order.timeInForce !== 'GOOD_TILL_TIME') this.#close(order, 'CANCELLED', 'IOC_CANCEL');
    else this.#rest(book, order);
  }

  /** Before it was OPEN an order cannot be CANCELLED, unless it has traded (API 5.2). */
  #dead(order: PaperOrder): 'REJECTED' | 'CANCELLED' {
    return order.traded === 0n ? 'REJECTED' : 'CANCELLED';
  }

  #available(book: Book, order: PaperOrder): bigint {
    let total = 0n;
    for (const level of this.levels(book.spec.name, order.buy, 500)) {
      if (!this.#within(order, level.price) || total >= order.size) break;
      total += level.size;
    }
    return total;
  }

  #touch(order: PaperOrder): void {
    order.updatedNs = this.stampNs();
    order.version += 1;
  }

  /** Books one execution of an order: order, position, balance, fee, history (API 6). */
  #fill(order: PaperOrder, price: bigint, size: bigint, taker: boolean, tradeId: string): void {
    this.beforeFill?.(order);
    const { account } = order;
    const book = this.book(order.instrument) as Book;
    const value = price * size;
    order.traded += size;
    order.tradedValue += value;
    if (taker && order.status === 'PENDING') order.status = 'OPEN';
    this.#touch(order);
    const holding = this.#holding(account, book.spec);
    const signed = order.buy ? size : -size;
    if (order.buy) holding.openBuys -= size;
    else holding.openSells -= size;
    const opening = holding.size === 0n || holding.size > 0n === order.buy;
    let realized = 0n;
    if (opening) {
      if (holding.size === 0n) {
        holding.exitSize = 0n;
        holding.exitValue = 0n;
        holding.realized = 0n;
        holding.fees = 0n;
      }
      holding.size += signed;
      holding.cost += signed * price;
    } else {
      const closing = least(size, abs(holding.size));
      // The closed share of the entry value leaves with it; what the cut drops stays in the rest, so no digit is lost.
      const share = closing === abs(holding.size) ? holding.cost : (holding.cost * closing) / abs(holding.size);
      const closedSigned = holding.size > 0n ? closing : -closing;
      realized = closedSigned * price - share;
      holding.size -= closedSigned;
      holding.cost -= share;
      holding.exitSize += closing;
      holding.exitValue += closing * price;
      holding.realized += realized;
      const over = size - closing;
      if (over > 0n) {
        holding.size = order.buy ? over : -over;
        holding.cost = holding.size * price;
        holding.exitSize = 0n;
        holding.exitValue = 0n;
        holding.realized = 0n;
        holding.fees = 0n;
      }
    }
    // Cut at the quote's six decimals, as observed fees are (API 4).
    const rate = taker ? this.options.takerFee : this.options.makerFee;
    const fee = ((value * rate) / E9 / 10n ** 12n) * 10n ** 12n;
    holding.fees += fee;
    holding.updatedNs = order.updatedNs;
    account.balance += realized - fee;
    const fill: PaperFill = {
      order,
      timeNs: order.updatedNs,
      taker,
      price,
      size,
      mark: book.market.mark(),
      index: book.market.index(),
      realized,
      fee,
      feeRate: printE9(most(0n, rate) * 100n),
      tradeId,
    };
    account.fills.push(fill);
    if (account.fills.length > FILLS_KEPT + SLACK) account.fills.splice(0, account.fills.length - FILLS_KEPT);
    this.#emit({ type: 'fill', fill });
    this.#emit({ type: 'position', account, holding });
    if (!taker) this.#publicTrade(book, !order.buy, price, size, tradeId);
    if (order.traded === order.size) this.#close(order, 'FILLED', 'UNSPECIFIED');
    else this.#emit({ type: 'order', order });
  }

  #close(order: PaperOrder, status: 'FILLED' | 'CANCELLED' | 'REJECTED', reason: string): void {
    const { account } = order;
    const book = this.book(order.instrument) as Book;
    this.#reserve(order, order.traded - order.size);
    const side = order.buy ? book.bids : book.asks;
    const index = side.indexOf(order);
    if (index >= 0) {
      side.splice(index, 1);
      book.resting -= 1;
    }
    order.status = status;
    order.reason = reason;
    this.#touch(order);
    if (account.active.get(order.clientOrderId) === order) account.active.delete(order.clientOrderId);
    this.#keepClosed(order);
    this.#emit({ type: 'order', order });
  }

  #keepClosed(order: PaperOrder): void {
    const { account } = order;
    account.closed.push(order);
    if (account.closed.length <= CLOSED_KEPT + SLACK) return;
    for (const old of account.closed.splice(0, account.closed.length - CLOSED_KEPT)) {
      account.byOrderId.delete(old.orderId);
      if (account.byClientId.get(old.clientOrderId) === old) account.byClientId.delete(old.clientOrderId);
    }
  }

  /** The order under that id, newest first where a client id was used again; null when unknown or hidden. */
  find(
    account: PaperAccount,
    ids: { orderId?: string | undefined; clientOrderId?: string | undefined },
  ): PaperOrder | null {
    const order =
      ids.orderId !== undefined
        ? account.byOrderId.get(ids.orderId.toLowerCase())
        : account.byClientId.get(ids.clientOrderId ?? '');
    return order === undefined || this.isHidden(order) ? null : order;
  }

  isHidden(order: PaperOrder): boolean {
    return order.hiddenUntilMs > this.#nowMs;
  }

  /**
   * Takes a cancel; it acts a moment later. By client id it also kills a create of that id which arrives within
   * `timeToLiveMs` (API 5.4). What is unknown or over is acknowledged all the same.
   */
  cancel(
    account: PaperAccount,
    ids: { orderId?: string | undefined; clientOrderId?: string | undefined },
    timeToLiveMs: number,
    fillFirst = false,
  ): void {
    const order =
      ids.orderId !== undefined
        ? account.byOrderId.get(ids.orderId.toLowerCase())
        : account.active.get(ids.clientOrderId ?? '');
    if (ids.clientOrderId !== undefined && ids.orderId === undefined && timeToLiveMs > 0) {
      this.#fence(account, ids.clientOrderId, timeToLiveMs, order !== undefined);
    }
    if (order === undefined || !alive(order)) return;
    this.#later(this.options.cancelLatencyMs, () => {
      if (order.status === 'PENDING') {
        order.cancelReason = 'CLIENT_CANCEL';
        return;
      }
      if (order.status !== 'OPEN') return;
      if (fillFirst) this.#fill(order, order.price, order.size - order.traded, false, `${++this.#executions}-1`);
      if (order.status === 'OPEN') this.#close(order, 'CANCELLED', 'CLIENT_CANCEL');
    });
  }

  #fence(account: PaperAccount, clientOrderId: string, timeToLiveMs: number, met: boolean): void {
    const report = (status: 'EXPIRED' | 'DROPPED_DUPLICATE'): void =>
      this.#emit({ type: 'cancel', account, clientOrderId, orderId: '0x00', status, timeNs: this.stampNs() });
    if ((account.fences.get(clientOrderId) ?? 0) >= this.#nowMs) report('DROPPED_DUPLICATE');
    const until = this.#nowMs + timeToLiveMs;
    account.fences.set(clientOrderId, until);
    if (account.fences.size > FENCES_KEPT) account.fences.delete(account.fences.keys().next().value!);
    this.#later(timeToLiveMs, () => {
      if (account.fences.get(clientOrderId) !== until) return;
      account.fences.delete(clientOrderId);
      const known = account.byClientId.get(clientOrderId);
      if (!met && known === undefined) report('EXPIRED');
    });
  }

  /** Asks every open order that passes to go. Like the venue's own call it may miss orders on their way (API 5.5). */
  cancelAll(account: PaperAccount, passes: (spec: InstrumentSpec) => boolean): void {
    for (const order of account.active.values()) {
      if (order.status !== 'OPEN' || !passes(this.book(order.instrument).spec)) continue;
      this.#later(this.options.cancelLatencyMs, () => {
        if (order.status === 'OPEN') this.#close(order, 'CANCELLED', 'CLIENT_CANCEL');
      });
    }
  }

  /** Arms, refreshes or (0) disarms the dead man's switch (API 5.5). */
  countdown(account: PaperAccount, ms: number): void {
    account.countdownMs = ms;
    account.countdownDueMs = ms === 0 ? Number.POSITIVE_INFINITY : this.#nowMs + ms;
  }

  /** An exchange restart: every resting order is gone; positions stay. */
  dropResting(reason = 'SYSTEM_FAILOVER'): number {
    let dropped = 0;
    for (const account of this.accounts) {
      for (const order of [...account.active.values()]) {
        if (order.status !== 'OPEN') continue;
        this.#close(order, 'CANCELLED', reason);
        dropped += 1;
      }
    }
    return dropped;
  }

  // ── for the control path ──────────────────────────────────────────────────────────────────────────────────────────

  /** Rests an order at once, unsigned and unchecked: someone trading by hand. */
  inject(account: PaperAccount, request: NewOrder): PaperOrder {
    const order = this.#admit(account, request, 0);
    this.advance(this.#nowMs);
    return order;
  }

  /**
   * Fills a resting order at its own price, or all that is left of it.
   *
   * @throws RangeError when it is not open or the size is not what it has left.
   */
  fillOrder(order: PaperOrder, size?: bigint, price?: bigint): void {
    const rest = order.size - order.traded;
    if (order.status !== 'OPEN') throw new RangeError(`order is ${order.status}, not OPEN`);
    if (size !== undefined && (size <= 0n || size > rest))
      throw new RangeError('size must be more than 0 and at most what rests');
    this.#fill(order, price ?? order.price, size ?? rest, false, `${++this.#executions}-1`);
  }

  /** Ends an open order for a reason of the venue's own. */
  killOrder(order: PaperOrder, reason: string): void {
    if (order.status !== 'OPEN') throw new RangeError(`order is ${order.status}, not OPEN`);
    this.#close(order, 'CANCELLED', reason);
  }

  /** A taker of the crowd comes along now: sells into bids when `buys` is false. */
  takerArrives(instrument: string, buys: boolean, size: bigint): void {
    this.#take(this.book(instrument) as Book, buys, size);
  }

  /** Takes what rests in the way of the crowd's present prices, all of it. */
  settleCrossed(instrument: string): void {
    const book = this.book(instrument) as Book;
    const everything = [...book.bids, ...book.asks].reduce((total, order) => total + order.size, 0n);
    this.#sweep(book, everything);
  }
}
