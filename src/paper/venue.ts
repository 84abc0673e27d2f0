import {
  type AccountStart,
  bookExecution,
  freezeReads,
  holdingOf,
  type Margins,
  marginsOf,
  openAccount,
  placePosition,
  rememberClosed,
  rememberDigest,
  rememberFill,
  reserve,
  unrealizedOf,
  visibleOf,
} from './accounts.ts';
import { type Book, crosses, joinQueue, leaveQueue, levelsOf, openBook, recordTrade, type VenueBook } from './book.ts';
import { VenueError } from './errors.ts';
import { most, printE9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { InstrumentMarket, type Level, type Market, STEP_MS } from './market.ts';
import { type Executions, matchTaker, sweep, takeResting } from './matching.ts';
import {
  alive,
  type Holding,
  type NewOrder,
  NS,
  type PaperAccount,
  type PaperFill,
  type PaperOrder,
  type PublicTrade,
  type VenueEvent,
  type VenueOptions,
} from './model.ts';
import { checkNew, refusalOf } from './order-rules.ts';
import { Payments } from './payments.ts';
import { fillTouched, spendTrade } from './recorded-matching.ts';
import { Refusals } from './refusals.ts';
import { type RecordedTrade, ReplayMarket } from './replay.ts';
import { ShownMarks } from './shown-marks.ts';
import { Timeline } from './timeline.ts';

/**
 * The embedded exchange's matching engine: the life of each order from its create to its end, and what happens when. Pure:
 * no I/O, no clock, no chance of its own beyond the seeded market; time is handed in, and everything that happens between
 * two moments happens in `advance`, in order of time.
 *
 * What an order is held against is in order-rules.ts, who trades with whom in matching.ts over book.ts, what it does to an
 * account in accounts.ts.
 */

/** Fences remembered per account; they live five seconds at most. */
const FENCES_KEPT = 1_000;

/** The matching engine and its accounts. */
export class Venue {
  readonly options: VenueOptions;
  readonly accounts: readonly PaperAccount[];
  /** Refusals on demand. */
  readonly refusals = new Refusals();
  readonly #books = new Map<string, Book>();
  readonly #markOf = (instrument: string): bigint => this.mark(instrument);
  readonly #stamp = (): bigint => this.stampNs();
  readonly #byId = new Map<string, PaperAccount>();
  readonly #listeners: ((event: VenueEvent) => void)[] = [];
  /** Called before an execution changes anything. */
  beforeFill: ((order: PaperOrder) => void) | null = null;
  readonly #time: Timeline;
  readonly #matching: Executions;
  readonly payments: Payments;
  #nextStepMs: number;
  #steps = 0;
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #orders = 0;
  #executions = 60_000_000;

  constructor(options: VenueOptions, accounts: readonly AccountStart[]) {
    this.options = options;
    this.#time = new Timeline(options.startMs);
    this.payments = new Payments(this.#time, (instrument) => this.book(instrument));
    this.#matching = {
      next: () => ++this.#executions,
      fill: (order, price, size, taker, tradeId) => this.#fill(order, price, size, taker, tradeId),
      close: (order, status, reason) => this.#close(order, status, reason),
    };
    this.#nextStepMs = options.startMs + STEP_MS;
    for (const spec of options.instruments) this.#addBook(spec);
    this.accounts = accounts.map(openAccount);
    for (const account of this.accounts) this.#byId.set(account.subAccountId, account);
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
    this.#findNextExpiry();
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
    let next = this.#nextExpiryMs;
    for (const account of this.accounts) if (account.countdownDueMs < next) next = account.countdownDueMs;
    return Math.min(next, this.payments.nextFundingMs() - this.#time.shiftMs);
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
        this.#meetDeadlines();
      } else {
        this.#nextStepMs += STEP_MS;
        this.#step();
      }
    }
    this.#time.passTo(toMs);
  }

  #meetDeadlines(): void {
    this.payments.payFunding(this.accounts);
    for (const account of this.accounts) {
      if (account.countdownDueMs <= this.#time.nowMs) {
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
        if (order.status === 'OPEN') next = Math.min(next, Number(order.expirationNs / NS) - this.#time.shiftMs);
      }
    }
    this.#nextExpiryMs = Math.max(next, this.#time.nowMs);
  }

  /** @throws VenueError of that code if there is no such instrument. */
  book(instrument: string, code = 1004): VenueBook {
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
        sweep(book, flow.sweepSize, this.#matching);
        if (flow.taker !== null) takeResting(book, flow.taker === 'buy', flow.takerSize, this.#matching);
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
    else if (market.fill === 'optimistic' && book.resting > 0) fillTouched(book, this.#matching);
  }

  #tradeAsRecorded(book: Book, market: ReplayMarket, trade: RecordedTrade): void {
    const { takerBuys, price, size, id } = trade;
    const spent = book.resting === 0 ? 0n : spendTrade(book, trade, market.fill, this.#matching);
    if (size > spent) this.#publicTrade(book, takerBuys, price, size - spent, id);
  }

  /** A trade within the crowd, for tickers and public trades. */
  #crowdTrade(book: Book, buys: boolean, size: bigint): void {
    const price = book.market.touch(buys);
    if (price !== null) this.#publicTrade(book, buys, price, size, `${++this.#executions}-1`);
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
    this.#limitReduceOnly(account, instrument, size);
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

  /**
   * Accepts a create with a valid signature. It is only acknowledged: the matching engine decides later (API 5.3).
   * @throws VenueError with the code of the first violated rule.
   */
  create(account: PaperAccount, request: NewOrder): PaperOrder {
    const known = account.digests.get(request.digest);
    // An identical signed payload with the same nonce is a duplicate (API 5.1): the same answer, no new order.
    if (known !== undefined) return known;
    const book = this.book(request.instrument, 2061);
    const code = this.refusals.strike('code', account, request);
    if (code !== null) throw new VenueError(code);
    checkNew(request, { book, account, markOf: this.#markOf }, this.options);
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
    if (fence !== undefined && fence >= this.#time.nowMs) order.cancelReason = 'FENCE';
    const overlaps = account.active.has(order.clientOrderId);
    rememberDigest(account, order);
    if (overlaps) {
      // Refused as a state: the client id keeps naming the other order (API 12.12).
      this.#time.later(delayMs, () => {
        this.#name(order);
        order.status = 'REJECTED';
        order.reason = 'OVERLAPPING_CLIENT_ORDER_ID';
        this.#touch(order);
        rememberClosed(order);
        this.#emit({ type: 'order', order });
      });
      return order;
    }
    account.active.set(order.clientOrderId, order);
    account.byClientId.set(order.clientOrderId, order);
    this.#reserve(order, order.size);
    this.#time.later(delayMs, () => this.#takeUp(order));
    return order;
  }

  /** Adds remaining size of a live order, or removes it if negative. */
  #reserve(order: PaperOrder, size: bigint): void {
    reserve(this.#holding(order.account, this.book(order.instrument).spec), order.buy, size);
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
    const refusal =
      this.refusals.strike('reject', order.account, order) ??
      refusalOf(order, { book, account: order.account, markOf: this.#markOf }, this.clockMs);
    if (refusal !== null) {
      this.#close(order, 'REJECTED', refusal);
    } else if (order.cancelReason !== null) {
      order.status = 'OPEN';
      this.#touch(order);
      this.#emit({ type: 'order', order });
      this.#close(order, 'CANCELLED', order.cancelReason);
    } else if (!order.postOnly) {
      const end = matchTaker(book, order, this.options.selfTrade, this.#matching);
      if (end === 'rests') this.#rest(book, order);
      else if (end !== 'over') this.#close(order, end.status, end.reason);
    } else {
      if (!crosses(book, order)) book.market.race(order.buy, order.price);
      if (crosses(book, order)) this.#close(order, 'REJECTED', 'FAIL_POST_ONLY');
      else this.#rest(book, order);
    }
  }

  #rest(book: Book, order: PaperOrder): void {
    order.status = 'OPEN';
    this.#touch(order);
    joinQueue(book, order);
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, Number(order.expirationNs / NS) - this.#time.shiftMs);
    this.#emit({ type: 'order', order });
    const end = this.refusals.strike('end', order.account, order);
    if (end !== null) this.#time.later(this.options.createLatencyMs, () => this.#endResting(order, end));
  }

  #endResting(order: PaperOrder, reason: string): void {
    if (order.status === 'OPEN') this.#close(order, 'CANCELLED', reason);
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
    order.traded += size;
    order.tradedValue += price * size;
    if (taker && order.status === 'PENDING') order.status = 'OPEN';
    this.#touch(order);
    const holding = this.#holding(account, book.spec);
    const { maker = this.options.makerFee, taker: takerFee = this.options.takerFee } = account.fees;
    const feeRate = taker ? takerFee : maker;
    const execution = { buy: order.buy, price, size, feeRate, atNs: order.updatedNs };
    const { realized, fee } = bookExecution(account, holding, execution);
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
      feeRate: printE9(most(0n, feeRate) * 100n),
      tradeId,
      liquidation: false,
    };
    rememberFill(account, fill);
    this.#emit({ type: 'fill', fill });
    this.#emit({ type: 'position', account, holding });
    if (!taker) this.#publicTrade(book, !order.buy, price, size, tradeId);
    if (order.traded === order.size) this.#close(order, 'FILLED', 'UNSPECIFIED');
    else this.#emit({ type: 'order', order });
    this.#limitReduceOnly(account, order.instrument, holding.size);
  }

  /** Ends resting reduce-only orders that exceed what is left to reduce. */
  #limitReduceOnly(account: PaperAccount, instrument: string, held: bigint): void {
    for (const order of [...account.active.values()]) {
      if (!order.reduceOnly || order.status !== 'OPEN' || order.instrument !== instrument) continue;
      const reducible = order.buy ? -held : held;
      if (order.size - order.traded > reducible) this.#close(order, 'CANCELLED', 'REDUCE_ONLY_LIMIT');
    }
  }

  #close(order: PaperOrder, status: 'FILLED' | 'CANCELLED' | 'REJECTED', reason: string): void {
    const { account } = order;
    const book = this.book(order.instrument) as Book;
    this.#reserve(order, order.traded - order.size);
    leaveQueue(book, order);
    order.status = status;
    order.reason = reason;
    this.#touch(order);
    if (account.active.get(order.clientOrderId) === order) account.active.delete(order.clientOrderId);
    rememberClosed(order);
    this.#emit({ type: 'order', order });
  }

  /** The order under that id, the newest if a client id was reused; null if unknown or hidden. */
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
    return order.hiddenUntilMs > this.#time.nowMs;
  }

  /**
   * A cancel, which acts a moment later. By client id it also kills a create that arrives within `timeToLiveMs` (API
   * 5.4). Unknown and ended orders are acknowledged, too.
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
    this.#time.later(this.options.cancelLatencyMs, () => {
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
    if ((account.fences.get(clientOrderId) ?? 0) >= this.#time.nowMs) report('DROPPED_DUPLICATE');
    const until = this.#time.nowMs + timeToLiveMs;
    account.fences.set(clientOrderId, until);
    if (account.fences.size > FENCES_KEPT) account.fences.delete(account.fences.keys().next().value!);
    this.#time.later(timeToLiveMs, () => {
      if (account.fences.get(clientOrderId) !== until) return;
      account.fences.delete(clientOrderId);
      const known = account.byClientId.get(clientOrderId);
      if (!met && known === undefined) report('EXPIRED');
    });
  }

  /** Cancels every open order that passes. Like the venue's own call it may miss orders in flight (API 5.5). */
  cancelAll(account: PaperAccount, passes: (spec: InstrumentSpec) => boolean): void {
    for (const order of account.active.values()) {
      if (order.status !== 'OPEN' || !passes(this.book(order.instrument).spec)) continue;
      this.#time.later(this.options.cancelLatencyMs, () => {
        if (order.status === 'OPEN') this.#close(order, 'CANCELLED', 'CLIENT_CANCEL');
      });
    }
  }

  /** Arms, renews or (0) disarms the dead-man timer (API 5.5). */
  countdown(account: PaperAccount, ms: number): void {
    account.countdownMs = ms;
    account.countdownDueMs = ms === 0 ? Number.POSITIVE_INFINITY : this.#time.nowMs + ms;
  }

  /** An exchange restart: all resting orders are lost; positions stay. */
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

  /** Rests an order directly, unsigned and unchecked, like a person trading by hand. */
  inject(account: PaperAccount, request: NewOrder): PaperOrder {
    const order = this.#admit(account, request, 0);
    this.advance(this.#time.nowMs);
    return order;
  }

  /**
   * Closes part of a position like a liquidation or auto-deleveraging: a fill without order or fee.
   * @throws RangeError if the position is smaller.
   */
  closePosition(account: PaperAccount, instrument: string, size: bigint, price: bigint, liquidation = true): void {
    const book = this.book(instrument) as Book;
    const holding = this.#holding(account, book.spec);
    const held = holding.size < 0n ? -holding.size : holding.size;
    if (size <= 0n || size > held)
      throw new RangeError(`size must be more than 0 and at most the ${printE9(held)} held`);
    const buy = holding.size < 0n;
    const timeNs = this.stampNs();
    reserve(holding, buy, size);
    const { realized, fee } = bookExecution(account, holding, { buy, price, size, feeRate: 0n, atNs: timeNs });
    const tradeId = `${++this.#executions}-1`;
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

  /** Fills a resting order, or part of it, at its own price. @throws RangeError if it is not open or smaller. */
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

  /** A taker of the crowd arrives now: sells into bids if `buys` is false. */
  takerArrives(instrument: string, buys: boolean, size: bigint): void {
    takeResting(this.book(instrument) as Book, buys, size, this.#matching);
  }

  /** Fills everything that rests in the way of the crowd's present prices. */
  settleCrossed(instrument: string): void {
    const book = this.book(instrument) as Book;
    const everything = [...book.bids, ...book.asks].reduce((total, order) => total + order.size, 0n);
    sweep(book, everything, this.#matching);
  }
}
