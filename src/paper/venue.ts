import {
  type AccountStart,
  bookExecution,
  freezeReads,
  holdingOf,
  type Margins,
  marginsOf,
  openAccount,
  placePosition,
  rememberFill,
  reserve,
  unrealizedOf,
  visibleOf,
} from './accounts.ts';
import { type Book, levelsOf, openBook, recordTrade, type VenueBook } from './book.ts';
import { VenueError } from './errors.ts';
import { printE9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { InstrumentMarket, type Level, type Market, STEP_MS } from './market.ts';
import { sweep, takeResting } from './matching.ts';
import type {
  Holding,
  NewOrder,
  PaperAccount,
  PaperFill,
  PaperOrder,
  PublicTrade,
  VenueEvent,
  VenueOptions,
} from './model.ts';
import { Orders } from './orders.ts';
import { Payments } from './payments.ts';
import { fillTouched, spendTrade } from './recorded-matching.ts';
import { type RecordedTrade, ReplayMarket } from './replay.ts';
import { ShownMarks } from './shown-marks.ts';
import { Timeline } from './timeline.ts';

/**
 * The embedded exchange's matching engine: its time, its markets and the positions of its accounts. Pure: no I/O, no
 * clock, no chance of its own beyond the seeded market; time is handed in, and everything that happens between two
 * moments happens in `advance`, in order of time. The life of an order is in orders.ts.
 */

/** The matching engine and its accounts. */
export class Venue {
  readonly options: VenueOptions;
  readonly accounts: readonly PaperAccount[];
  readonly #books = new Map<string, Book>();
  readonly #markOf = (instrument: string): bigint => this.mark(instrument);
  readonly #stamp = (): bigint => this.stampNs();
  readonly #byId = new Map<string, PaperAccount>();
  readonly #listeners: ((event: VenueEvent) => void)[] = [];
  readonly #time: Timeline;
  readonly orders: Orders;
  readonly payments: Payments;
  #nextStepMs: number;
  #steps = 0;

  constructor(options: VenueOptions, accounts: readonly AccountStart[]) {
    this.options = options;
    this.#time = new Timeline(options.startMs);
    this.payments = new Payments(this.#time, (instrument) => this.book(instrument));
    this.#nextStepMs = options.startMs + STEP_MS;
    for (const spec of options.instruments) this.#addBook(spec);
    this.accounts = accounts.map(openAccount);
    for (const account of this.accounts) this.#byId.set(account.subAccountId, account);
    this.orders = new Orders({
      ...{ options, time: this.#time, accounts: this.accounts, markOf: this.#markOf },
      book: (instrument, code) => this.#book(instrument, code),
      emit: (event) => this.#emit(event),
      publicTrade: (book, takerBuys, price, size, tradeId) => this.#publicTrade(book, takerBuys, price, size, tradeId),
    });
  }

  #addBook(spec: InstrumentSpec): void {
    const { seed, profile, replay } = this.options;
    const market: Market = replay === null ? new InstrumentMarket(spec, seed, profile) : new ReplayMarket(spec, replay);
    this.#books.set(spec.name, openBook(spec, market));
  }

  /** Receives every event, in order. */
  onEvent(listener: (event: VenueEvent) => void): void {
    this.#listeners.push(listener);
  }

  #emit(event: VenueEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The exchange's clock, ms: the given time plus the shift. */
  get clockMs(): number {
    return this.#time.clockMs;
  }

  /** The last given time. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** Market steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /** A unique time stamp of now, ns. */
  stampNs(): bigint {
    return this.#time.stampNs();
  }

  /** The exchange's clock and its expiries jump; the market does not move. */
  shiftClock(byMs: number): void {
    this.#time.shift(byMs);
    this.orders.findNextExpiry();
  }

  /** When something happens next, in given time. */
  nextEventMs(): number {
    return Math.min(this.#nextStepMs, this.#time.nextActionMs, this.#nextDeadline(), this.#nextRecordedMs());
  }

  /** Time of the next event of recorded markets. */
  #nextRecordedMs(): number {
    let next = Number.POSITIVE_INFINITY;
    if (this.options.replay !== null)
      for (const { market } of this.#books.values()) next = Math.min(next, market.nextMs());
    return next;
  }

  #nextDeadline(): number {
    return Math.min(this.orders.nextDeadlineMs(), this.payments.nextFundingMs() - this.#time.shiftMs);
  }

  /** Processes everything due by then. An earlier time changes nothing. */
  advance(toMs: number): void {
    for (;;) {
      const actionMs = this.#time.nextActionMs;
      const deadlineMs = this.#nextDeadline();
      const recordedMs = this.#nextRecordedMs();
      const next = Math.min(actionMs, deadlineMs, this.#nextStepMs, recordedMs);
      if (next > toMs) break;
      this.#time.passTo(next);
      // Recorded events of a moment precede our own.
      if (recordedMs === next) {
        this.#playRecorded(next);
      } else if (actionMs === next) {
        this.#time.runNextAction();
      } else if (deadlineMs === next) {
        this.payments.payFunding(this.accounts);
        this.orders.meetDeadlines();
      } else {
        this.#nextStepMs += STEP_MS;
        this.#step();
      }
    }
    this.#time.passTo(toMs);
  }

  /** @throws VenueError of that code if there is no such instrument. */
  book(instrument: string, code?: number): VenueBook {
    return this.#book(instrument, code);
  }

  #book(instrument: string, code = 1004): Book {
    const book = this.#books.get(instrument);
    if (book === undefined) throw new VenueError(code);
    return book;
  }

  /** In the order the instruments were given. */
  books(): Iterable<VenueBook> {
    return this.#books.values();
  }

  /** Changes an instrument's rules, or lists a new one; resting orders stay. */
  setInstrument(spec: InstrumentSpec): void {
    const book = this.#books.get(spec.name);
    if (book === undefined) this.#addBook(spec);
    else {
      book.spec = spec;
      if (book.market instanceof ReplayMarket) book.market.setSpec(spec);
    }
  }

  #step(): void {
    this.#steps += 1;
    for (const book of this.#books.values()) {
      const flow = book.market.step();
      if (flow === null) continue;
      if (flow.taker !== null) this.#crowdTrade(book, flow.taker === 'buy', flow.takerSize);
      if (book.resting > 0) {
        sweep(book, flow.sweepSize, this.orders);
        if (flow.taker !== null) takeResting(book, flow.taker === 'buy', flow.takerSize, this.orders);
      }
    }
    this.#emit({ type: 'step', step: this.#steps });
  }

  /** Plays what was recorded up to that time. */
  #playRecorded(upToMs: number): void {
    for (const book of this.#books.values()) {
      const { market } = book;
      if (!(market instanceof ReplayMarket)) continue;
      while (market.nextMs() <= upToMs) this.#playNext(book, market);
    }
  }

  #playNext(book: Book, market: ReplayMarket): void {
    const event = market.play();
    if (event === null) return;
    const { name } = book.spec;
    if (event.kind === 'trade') this.#tradeAsRecorded(book, market, event);
    else if (event.kind === 'funding') this.payments.setFunding(name, event.rate, event.intervalMs, event.dueMs);
    else if (event.kind === 'instrument') book.spec = event.spec;
    else if (event.kind === 'gap') this.#emit({ type: 'gap', instrument: name, untilMs: event.toMs });
    else if (market.fill === 'optimistic' && book.resting > 0) fillTouched(book, this.orders);
  }

  #tradeAsRecorded(book: Book, market: ReplayMarket, trade: RecordedTrade): void {
    const { takerBuys, price, size, id } = trade;
    const spent = book.resting === 0 ? 0n : spendTrade(book, trade, market.fill, this.orders);
    if (size > spent) this.#publicTrade(book, takerBuys, price, size - spent, id);
  }

  /** A trade within the crowd, for tickers and public trades. */
  #crowdTrade(book: Book, buys: boolean, size: bigint): void {
    const price = book.market.touch(buys);
    if (price !== null) this.#publicTrade(book, buys, price, size, `${this.orders.next()}-1`);
  }

  #publicTrade(book: Book, takerBuys: boolean, price: bigint, size: bigint, tradeId: string): void {
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
    recordTrade(book, trade);
    this.#emit({ type: 'trade', trade });
  }

  /** Price-sorted levels of one side, crowd and accounts together, best first. */
  levels(instrument: string, ask: boolean, depth: number): Level[] {
    return levelsOf(this.book(instrument, 3000), ask, depth);
  }

  /** Best price and size of one side as the book shows it. */
  best(instrument: string, ask: boolean): Level | null {
    return this.levels(instrument, ask, 1)[0] ?? null;
  }

  /** Wrong marks in position rows. */
  readonly shownMarks: ShownMarks = new ShownMarks();

  /** The instrument's mark price. @throws VenueError 1004 */
  mark(instrument: string): bigint {
    return this.book(instrument).market.mark();
  }

  /** The account under that number, or null. */
  account(subAccountId: string): PaperAccount | null {
    return this.#byId.get(subAccountId) ?? null;
  }

  #holding(account: PaperAccount, spec: InstrumentSpec): Holding {
    return holdingOf(account, spec, this.#stamp);
  }

  /** Unrealised result of the positions, 1e-18. */
  unrealized(holdings: Iterable<Holding>): bigint {
    return unrealizedOf(holdings, this.#markOf);
  }

  /** Equity and margins, 1e-18 (API 6). */
  margins(account: PaperAccount): Margins {
    return marginsOf(account, this.#markOf);
  }

  /** Sets a position directly: no fill, no fee. */
  setPosition(account: PaperAccount, instrument: string, size: bigint, entryPrice: bigint): void {
    const holding = this.#holding(account, this.book(instrument).spec);
    placePosition(holding, size, entryPrice, this.stampNs());
    this.#emit({ type: 'position', account, holding });
    this.orders.limitReduceOnly(account, instrument, size);
  }

  /** Sets the equity by changing the balance. */
  setEquity(account: PaperAccount, equity: bigint): void {
    account.balance = equity - this.unrealized(account.holdings.values());
  }

  /** Freezes this account's positions and summary as read until then. */
  freezePositions(account: PaperAccount, untilMs: number): void {
    freezeReads(account, untilMs, this.#time.nowMs);
  }

  /** Positions and balance as reads show them. */
  visible(account: PaperAccount): { holdings: ReadonlyMap<string, Holding>; balance: bigint } {
    return visibleOf(account, this.#time.nowMs);
  }

  /** Rests an order directly, unsigned and unchecked, like a person trading by hand. */
  inject(account: PaperAccount, request: NewOrder): PaperOrder {
    const order = this.orders.admit(account, request, 0);
    this.advance(this.#time.nowMs);
    return order;
  }

  /**
   * Closes part of a position like a liquidation or auto-deleveraging: a fill without order or fee.
   * @throws RangeError if the position is smaller.
   */
  closePosition(account: PaperAccount, instrument: string, size: bigint, price: bigint, liquidation = true): void {
    const book = this.#book(instrument);
    const holding = this.#holding(account, book.spec);
    const held = holding.size < 0n ? -holding.size : holding.size;
    if (size <= 0n || size > held)
      throw new RangeError(`size must be more than 0 and at most the ${printE9(held)} held`);
    const buy = holding.size < 0n;
    const timeNs = this.stampNs();
    reserve(holding, buy, size);
    const { realized, fee } = bookExecution(account, holding, { buy, price, size, feeRate: 0n, atNs: timeNs });
    const tradeId = `${this.orders.next()}-1`;
    const order: PaperOrder = {
      ...{ instrument, account, buy, size, price, isMarket: true, timeInForce: 'IMMEDIATE_OR_CANCEL' },
      ...{ postOnly: false, reduceOnly: true, clientOrderId: '0', expirationNs: timeNs, digest: `closed ${tradeId}` },
      signature: { signer: account.owner, r: '0x00', s: '0x00', v: 27, nonce: 0 },
      ...{ orderId: '0x00', status: 'FILLED', reason: 'LIQUIDATION', traded: size, tradedValue: price * size },
      ...{ createdNs: timeNs, updatedNs: timeNs, queueAhead: 0n, cancelReason: null, hiddenUntilMs: 0 },
      ...{ forceRefusal: false, version: 0 },
    };
    const fill: PaperFill = {
      ...{ order, timeNs, taker: true, price, size, mark: book.market.mark(), index: book.market.index() },
      ...{ realized, fee, feeRate: '0.0', tradeId, liquidation },
    };
    rememberFill(account, fill);
    this.#emit({ type: 'fill', fill });
    this.#emit({ type: 'position', account, holding });
  }

  /** Re-denominates every position of an instrument (a split): sizes by the ratio, entry prices inversely. */
  split(instrument: string, numerator: bigint, denominator: bigint): void {
    for (const account of this.accounts) {
      const holding = account.holdings.get(instrument);
      if (holding === undefined || holding.size === 0n) continue;
      const entry = holding.cost / holding.size;
      const size = (holding.size * numerator) / denominator;
      this.setPosition(account, instrument, size, (entry * denominator) / numerator);
    }
  }

  /** A taker of the crowd arrives now: sells into bids if `buys` is false. */
  takerArrives(instrument: string, buys: boolean, size: bigint): void {
    takeResting(this.#book(instrument), buys, size, this.orders);
  }

  /** Fills everything that rests in the way of the crowd's present prices. */
  settleCrossed(instrument: string): void {
    const book = this.#book(instrument);
    const everything = [...book.bids, ...book.asks].reduce((total, order) => total + order.size, 0n);
    sweep(book, everything, this.orders);
  }
}
