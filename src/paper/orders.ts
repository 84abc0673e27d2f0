import {
  bookExecution,
  holdingOf,
  type MarkOf,
  rememberClosed,
  rememberDigest,
  rememberFill,
  reserve,
} from './accounts.ts';
import { type Book, crosses, joinQueue, leaveQueue } from './book.ts';
import { VenueError } from './errors.ts';
import { most, printE9 } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { type Executions, matchTaker } from './matching.ts';
import {
  alive,
  type Holding,
  type NewOrder,
  NS,
  type PaperAccount,
  type PaperFill,
  type PaperOrder,
  type VenueEvent,
  type VenueOptions,
} from './model.ts';
import { checkNew, refusalOf } from './order-rules.ts';
import { Refusals } from './refusals.ts';
import type { Timeline } from './timeline.ts';

/**
 * The life of each order, from its create to its end: acknowledged, taken up by the matching engine, refused, resting,
 * filled, cancelled, expired. What an order is held against is in order-rules.ts, who trades with whom in matching.ts
 * over book.ts, what it does to an account in accounts.ts.
 */

/** Fences remembered per account; they live five seconds at most. */
const FENCES_KEPT = 1_000;

/** What orders need of the venue. */
export interface OrderParts {
  readonly options: VenueOptions;
  readonly time: Timeline;
  readonly accounts: readonly PaperAccount[];
  readonly markOf: MarkOf;
  /** @throws VenueError of that code (1004 unless given) if there is no such instrument. */
  readonly book: (instrument: string, code?: number) => Book;
  readonly emit: (event: VenueEvent) => void;
  /** Publishes a trade of that instrument. */
  readonly publicTrade: (book: Book, takerBuys: boolean, price: bigint, size: bigint, tradeId: string) => void;
}

/** An order is asked for by either; the exchange's own id wins. */
export interface OrderIds {
  readonly orderId?: string | undefined;
  readonly clientOrderId?: string | undefined;
}

/** All orders of all accounts. */
export class Orders implements Executions {
  /** Refusals on demand. */
  readonly refusals = new Refusals();
  /** Called before an execution changes anything. */
  beforeFill: ((order: PaperOrder) => void) | null = null;
  readonly #parts: OrderParts;
  readonly #options: VenueOptions;
  readonly #time: Timeline;
  readonly #book: OrderParts['book'];
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #orders = 0;
  #executions = 60_000_000;

  constructor(parts: OrderParts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#time = parts.time;
    this.#book = parts.book;
  }

  next(): number {
    return ++this.#executions;
  }

  /** When the next order expires or the next dead-man timer runs out, in given time. */
  nextDeadlineMs(): number {
    let next = this.#nextExpiryMs;
    for (const account of this.#parts.accounts) if (account.countdownDueMs < next) next = account.countdownDueMs;
    return next;
  }

  /** Cancels what has expired, and everything open of an account whose dead-man timer has run out. */
  meetDeadlines(): void {
    const clock = this.#time.clockMs;
    for (const account of this.#parts.accounts) {
      if (account.countdownDueMs <= this.#time.nowMs) {
        account.countdownDueMs = Number.POSITIVE_INFINITY;
        this.#cancelOpen(account, 'CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED');
      }
      for (const order of account.active.values()) {
        if (order.status === 'OPEN' && Number(order.expirationNs / NS) <= clock)
          this.close(order, 'CANCELLED', 'EXPIRED');
      }
    }
    this.findNextExpiry();
  }

  /** Also after the clock has jumped. */
  findNextExpiry(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const account of this.#parts.accounts) {
      for (const order of account.active.values()) {
        if (order.status === 'OPEN') next = Math.min(next, Number(order.expirationNs / NS) - this.#time.shiftMs);
      }
    }
    this.#nextExpiryMs = Math.max(next, this.#time.nowMs);
  }

  /**
   * Accepts a create with a valid signature. It is only acknowledged: the matching engine decides later (API 5.3).
   * @throws VenueError with the code of the first violated rule.
   */
  create(account: PaperAccount, request: NewOrder): PaperOrder {
    const known = account.digests.get(request.digest);
    // An identical signed payload with the same nonce is a duplicate (API 5.1): the same answer, no new order.
    if (known !== undefined) return known;
    const book = this.#book(request.instrument, 2061);
    const code = this.refusals.strike('code', account, request);
    if (code !== null) throw new VenueError(code);
    checkNew(request, { book, account, markOf: this.#parts.markOf }, this.#options);
    return this.admit(
      account,
      request,
      this.#options.createLatencyMs + (request.postOnly ? 0 : this.#options.takerDelayMs),
    );
  }

  /** The matching engine reaches the order after that time. */
  admit(account: PaperAccount, request: NewOrder, delayMs: number): PaperOrder {
    const stamp = this.#time.stampNs();
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
        this.#parts.emit({ type: 'order', order });
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
    reserve(this.#holding(order), order.buy, size);
  }

  /** The position of its account in its instrument. */
  #holding({ account, instrument }: PaperOrder): Holding {
    return holdingOf(account, this.#book(instrument).spec, () => this.#time.stampNs());
  }

  /** Gives the order its real number, in the layout of captured ones (API 5.1). */
  #name(order: PaperOrder): void {
    this.#orders += 1;
    const hash = this.#book(order.instrument).spec.hash.slice(2).padStart(6, '0');
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
    const book = this.#book(order.instrument);
    this.#name(order);
    const refusal =
      this.refusals.strike('reject', order.account, order) ??
      refusalOf(order, { book, account: order.account, markOf: this.#parts.markOf }, this.#time.clockMs);
    if (refusal !== null) {
      this.close(order, 'REJECTED', refusal);
    } else if (order.cancelReason !== null) {
      order.status = 'OPEN';
      this.#touch(order);
      this.#parts.emit({ type: 'order', order });
      this.close(order, 'CANCELLED', order.cancelReason);
    } else if (!order.postOnly) {
      const end = matchTaker(book, order, this.#options.selfTrade, this);
      if (end === 'rests') this.#rest(book, order);
      else if (end !== 'over') this.close(order, end.status, end.reason);
    } else {
      if (!crosses(book, order)) book.market.race(order.buy, order.price);
      if (crosses(book, order)) this.close(order, 'REJECTED', 'FAIL_POST_ONLY');
      else this.#rest(book, order);
    }
  }

  #rest(book: Book, order: PaperOrder): void {
    order.status = 'OPEN';
    this.#touch(order);
    joinQueue(book, order);
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, Number(order.expirationNs / NS) - this.#time.shiftMs);
    this.#parts.emit({ type: 'order', order });
    const end = this.refusals.strike('end', order.account, order);
    if (end !== null) this.#time.later(this.#options.createLatencyMs, () => this.#cancelIfOpen(order, end));
  }

  #cancelIfOpen(order: PaperOrder, reason: string): void {
    if (order.status === 'OPEN') this.close(order, 'CANCELLED', reason);
  }

  #touch(order: PaperOrder): void {
    order.updatedNs = this.#time.stampNs();
    order.version += 1;
  }

  /** Books one execution of an order: order, position, balance, fee, history (API 6). */
  fill(order: PaperOrder, price: bigint, size: bigint, taker: boolean, tradeId: string): void {
    this.beforeFill?.(order);
    const { account } = order;
    const book = this.#book(order.instrument);
    order.traded += size;
    order.tradedValue += price * size;
    if (taker && order.status === 'PENDING') order.status = 'OPEN';
    this.#touch(order);
    const holding = this.#holding(order);
    const { maker = this.#options.makerFee, taker: takerFee = this.#options.takerFee } = account.fees;
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
    this.#parts.emit({ type: 'fill', fill });
    this.#parts.emit({ type: 'position', account, holding });
    if (!taker) this.#parts.publicTrade(book, !order.buy, price, size, tradeId);
    if (order.traded === order.size) this.close(order, 'FILLED', 'UNSPECIFIED');
    else this.#parts.emit({ type: 'order', order });
    this.limitReduceOnly(account, order.instrument, holding.size);
  }

  /** Ends resting reduce-only orders that exceed what is left to reduce. */
  limitReduceOnly(account: PaperAccount, instrument: string, held: bigint): void {
    for (const order of [...account.active.values()]) {
      if (!order.reduceOnly || order.status !== 'OPEN' || order.instrument !== instrument) continue;
      const reducible = order.buy ? -held : held;
      if (order.size - order.traded > reducible) this.close(order, 'CANCELLED', 'REDUCE_ONLY_LIMIT');
    }
  }

  /** Ends an order, with its reservation and its place in the book. */
  close(order: PaperOrder, status: 'FILLED' | 'CANCELLED' | 'REJECTED', reason: string): void {
    const { account } = order;
    const book = this.#book(order.instrument);
    this.#reserve(order, order.traded - order.size);
    leaveQueue(book, order);
    order.status = status;
    order.reason = reason;
    this.#touch(order);
    if (account.active.get(order.clientOrderId) === order) account.active.delete(order.clientOrderId);
    rememberClosed(order);
    this.#parts.emit({ type: 'order', order });
  }

  /** The order under that id, the newest if a client id was reused; null if unknown or hidden. */
  find(account: PaperAccount, ids: OrderIds): PaperOrder | null {
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
  cancel(account: PaperAccount, ids: OrderIds, timeToLiveMs: number, fillFirst = false): void {
    const order =
      ids.orderId !== undefined
        ? account.byOrderId.get(ids.orderId.toLowerCase())
        : account.active.get(ids.clientOrderId ?? '');
    if (ids.clientOrderId !== undefined && ids.orderId === undefined && timeToLiveMs > 0) {
      this.#fence(account, ids.clientOrderId, timeToLiveMs, order !== undefined);
    }
    if (order === undefined || !alive(order)) return;
    this.#time.later(this.#options.cancelLatencyMs, () => {
      if (order.status === 'PENDING') {
        order.cancelReason = 'CLIENT_CANCEL';
        return;
      }
      if (order.status !== 'OPEN') return;
      if (fillFirst) this.fill(order, order.price, order.size - order.traded, false, `${this.next()}-1`);
      this.#cancelIfOpen(order, 'CLIENT_CANCEL');
    });
  }

  #fence(account: PaperAccount, clientOrderId: string, timeToLiveMs: number, met: boolean): void {
    const report = (status: 'EXPIRED' | 'DROPPED_DUPLICATE'): void =>
      this.#parts.emit({
        type: 'cancel',
        account,
        clientOrderId,
        orderId: '0x00',
        status,
        timeNs: this.#time.stampNs(),
      });
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
      if (order.status !== 'OPEN' || !passes(this.#book(order.instrument).spec)) continue;
      this.#time.later(this.#options.cancelLatencyMs, () => this.#cancelIfOpen(order, 'CLIENT_CANCEL'));
    }
  }

  /** Arms, renews or (0) disarms the dead-man timer (API 5.5). */
  countdown(account: PaperAccount, ms: number): void {
    account.countdownMs = ms;
    account.countdownDueMs = ms === 0 ? Number.POSITIVE_INFINITY : this.#time.nowMs + ms;
  }

  /** An exchange restart: all resting orders are lost; positions stay. */
  dropResting(): void {
    for (const account of this.#parts.accounts) this.#cancelOpen(account, 'SYSTEM_FAILOVER');
  }

  #cancelOpen(account: PaperAccount, reason: string): void {
    for (const order of [...account.active.values()]) this.#cancelIfOpen(order, reason);
  }

  /** Fills a resting order, or part of it, at its own price. @throws RangeError if it is not open or smaller. */
  fillOrder(order: PaperOrder, size?: bigint, price?: bigint): void {
    const rest = order.size - order.traded;
    if (order.status !== 'OPEN') throw new RangeError(`order is ${order.status}, not OPEN`);
    if (size !== undefined && (size <= 0n || size > rest))
      throw new RangeError('size must be more than 0 and at most what rests');
    this.fill(order, price ?? order.price, size ?? rest, false, `${this.next()}-1`);
  }

  /** Ends an open order for a reason of the venue's own. */
  killOrder(order: PaperOrder, reason: string): void {
    if (order.status !== 'OPEN') throw new RangeError(`order is ${order.status}, not OPEN`);
    this.close(order, 'CANCELLED', reason);
  }
}
