import { z } from 'zod';
import type { Api, PaperAnswer } from './api.ts';
import { ERRORS } from './errors.ts';
import { FAULT_KINDS, type FaultKind, type Faults } from './faults.ts';
import { E9, e9, parseE9, printE9, printQuote } from './fixed.ts';
import { instrumentsFromJson } from './instruments.ts';
import type { PaperAccount, PaperOrder } from './model.ts';
import { hashText } from './random.ts';
import type { PaperCredentials, Sessions } from './sessions.ts';
import type { StreamHub } from './streams.ts';
import type { AccountTerms, TermsChange } from './terms.ts';
import type { Venue } from './venue.ts';
import { orderView } from './views.ts';

/**
 * Control of the exchange (`/paper/*`) for tests and people, beyond what clients can do. Bodies are JSON; prices, sizes
 * and money are decimals as text, accounts go by name (`A`) or number.
 */

const decimalText = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => parseE9(text) !== null, 'a plain decimal number');
const account = z.string();
const ids = { client_order_id: z.string().optional(), order_id: z.string().optional() };
const level = z.union([
  z.tuple([decimalText, decimalText]).transform(([price, size]) => ({ price, size })),
  z.object({ price: decimalText, size: decimalText }),
]);
const rule = z.strictObject({
  kind: z.enum(Object.keys(FAULT_KINDS) as [FaultKind, ...FaultKind[]]),
  rate: z.number().min(0).max(1).default(1),
  route: z.string().optional(),
  account: account.optional(),
  count: z.number().int().positive().optional(),
  delayMs: z.number().nonnegative().optional(),
  forMs: z.number().nonnegative().optional(),
});

/** Most time one call may let pass: a month, which takes half a minute for four instruments. */
export const MAX_ADVANCE_MS = 31 * 86_400_000;
/** Largest clock jump: ten years, within which milliseconds stay distinguishable. */
const MAX_JUMP_MS = 3_653 * 86_400_000;

/** The body of each path; docs/grvt.md has a table (API 14). */
export const BODIES = {
  book: z.strictObject({
    instrument: z.string(),
    bids: z.array(level).default([]),
    asks: z.array(level).default([]),
    /** Whether resting orders in the way of the new book are filled. */
    settle: z.boolean().default(true),
  }),
  market: z.strictObject({
    instrument: z.string(),
    /** Ends the effect of `book`. */
    release: z.boolean().optional(),
    gap: z.number().gt(-1).optional(),
    empty: z.boolean().optional(),
    frozen: z.boolean().optional(),
    taker: z.strictObject({ side: z.enum(['buy', 'sell']), size: decimalText }).optional(),
  }),
  instruments: z.unknown(),
  rules: z.strictObject({
    instrument: z.string(),
    tick_size: decimalText.optional(),
    min_size: decimalText.optional(),
    min_notional: decimalText.optional(),
  }),
  mark: z.strictObject({
    instrument: z.string(),
    account: account.optional(),
    /** The mark in position rows; absent: the true one again. */
    price: decimalText.optional(),
    /** Number of answers to `positions`, or duration; absent: until it is reset. */
    answers: z.number().int().positive().optional(),
    for_ms: z.number().positive().optional(),
  }),
  refuse: z.strictObject({
    account: account.optional(),
    instrument: z.string().optional(),
    /** One of: the create's error code, the reason of its rejection, the reason of its end once it rests. */
    code: z.number().int().optional(),
    reject: z.string().optional(),
    end: z.string().optional(),
    /** Orders with `reduce_only` pass, as after 2091 and 7304. */
    reduce_only_passes: z.boolean().default(false),
    count: z.number().int().positive().optional(),
    /** Removes the previous rules first; alone it removes all. */
    clear: z.boolean().default(false),
  }),
  active: z.strictObject({ instrument: z.string(), active: z.boolean() }),
  fill: z.strictObject({ account, ...ids, size: decimalText.optional(), price: decimalText.optional() }),
  order: z.strictObject({
    account,
    instrument: z.string(),
    side: z.enum(['buy', 'sell']),
    size: decimalText,
    price: decimalText,
    post_only: z.boolean().default(false),
    client_order_id: z.string().regex(/^\d+$/).optional(),
    expires_in_ms: z.number().positive().default(86_400_000),
  }),
  cancel: z.strictObject({ account, ...ids, reason: z.string().default('CLIENT_CANCEL') }),
  position: z.strictObject({ account, instrument: z.string(), size: decimalText, entry_price: decimalText.optional() }),
  /** The exchange closes part of a position (liquidation, auto-deleveraging) at that price. */
  close: z.strictObject({
    account,
    instrument: z.string(),
    size: decimalText,
    price: decimalText,
    kind: z.enum(['liquidation', 'adl']).optional(),
  }),
  funding: z.strictObject({
    instrument: z.string(),
    /** Share of the notional that longs pay at each interval; negative: shorts pay. */
    rate: decimalText,
    interval_ms: z.number().int().positive().optional(),
    /** Absent: at the next whole multiple of the interval. */
    due_in_ms: z.number().nonnegative().optional(),
  }),
  /** Without `from` or `to`: the funding account. */
  transfer: z.strictObject({ from: account.optional(), to: account.optional(), amount: decimalText }),
  deposit: z.strictObject({ account, amount: decimalText }),
  /** Re-denominates the positions of an instrument: `to` units for each `from`. Its mark follows from the book. */
  split: z.strictObject({
    instrument: z.string(),
    from: z.number().int().positive(),
    to: z.number().int().positive(),
  }),
  equity: z.strictObject({ account, equity: decimalText }),
  terms: z.strictObject({
    /** Absent: of the instrument, for every account. */
    account: account.optional(),
    /** Absent: of the account altogether, its fee tier and funding account. */
    instrument: z.string().optional(),
    max_position_size: decimalText.optional(),
    risk_brackets: z
      .array(
        z.strictObject({
          notional_floor: decimalText,
          notional_cap: decimalText.optional(),
          max_leverage: z.number().positive(),
        }),
      )
      .optional(),
    leverage: decimalText.optional(),
    min_leverage: decimalText.optional(),
    max_leverage: decimalText.optional(),
    margin_type: z.enum(['CROSS', 'ISOLATED']).optional(),
    main_account_id: z.string().optional(),
    tier: z.number().int().optional(),
    futures_taker_fee: z.number().int().optional(),
    futures_maker_fee: z.number().int().optional(),
  }),
  clock: z.strictObject({
    /** Lets that much time pass: the market moves, orders expire. */
    advance_ms: z.number().nonnegative().max(MAX_ADVANCE_MS).optional(),
    /** The exchange's clock jumps; the market does not move. */
    jump_ms: z.number().min(-MAX_JUMP_MS).max(MAX_JUMP_MS).optional(),
  }),
  session: z.strictObject({ account: account.optional(), lifetime_ms: z.number().positive().optional() }),
  /** One of: a further API key of the account, or a key to revoke. */
  keys: z.strictObject({ account: account.optional(), revoke: z.string().optional() }),
  faults: z.strictObject({ rules: z.array(rule), add: z.boolean().default(false) }),
  restart: z.strictObject({ drop_orders: z.boolean().default(true) }),
} as const;
type Path = keyof typeof BODIES;
type Body<P extends Path> = z.output<(typeof BODIES)[P]>;

/** The controlled parts of one exchange. */
export interface ControlParts {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly api: Api;
  readonly streams: StreamHub;
  readonly terms: AccountTerms;
  readonly accounts: readonly PaperCredentials[];
  readonly seed: number;
  /** Lets that much time pass at once, ms. */
  skip(ms: number): void;
}

/** Controls one exchange. Methods throw if what they name does not exist. */
export class Control {
  readonly #exchange: ControlParts;
  readonly #venue: Venue;
  #injected = 0;
  #skip: (ms: number) => void;

  constructor(exchange: ControlParts) {
    this.#exchange = exchange;
    this.#venue = exchange.venue;
    this.#skip = (ms) => exchange.skip(ms);
  }

  #account(name: string): PaperAccount {
    const found = this.#venue.accounts.find((each) => each.name === name || each.subAccountId === name);
    if (found === undefined) throw new RangeError(`no such account: ${name}`);
    return found;
  }

  #order(
    account: PaperAccount,
    by: { client_order_id?: string | undefined; order_id?: string | undefined },
  ): PaperOrder {
    const order =
      by.order_id !== undefined ? account.byOrderId.get(by.order_id) : account.byClientId.get(by.client_order_id ?? '');
    if (order === undefined) throw new RangeError('no such order');
    return order;
  }

  /** Replaces the crowd's book; its walk stops. */
  book(body: Body<'book'>): void {
    const side = (levels: Body<'book'>['bids']) =>
      levels.map(({ price, size }) => ({ price: e9(price), size: e9(size), orders: 1 }));
    this.#venue.book(body.instrument, 3000).market.setScript({ bids: side(body.bids), asks: side(body.asks) });
    if (body.settle) this.#venue.settleCrossed(body.instrument);
  }

  /** Changes the crowd's behaviour. */
  market(body: Body<'market'>): void {
    const { market } = this.#venue.book(body.instrument, 3000);
    if (body.release === true) market.setScript(null);
    if (body.frozen !== undefined) market.setFrozen(body.frozen);
    if (body.empty !== undefined) market.setEmpty(body.empty);
    if (body.gap !== undefined) market.gap(body.gap);
    if (body.taker !== undefined)
      this.#venue.takerArrives(body.instrument, body.taker.side === 'buy', e9(body.taker.size));
  }

  /** Lists or changes instruments, in GRVT's JSON. */
  instruments(body: unknown): void {
    for (const spec of instrumentsFromJson(body)) this.#venue.setInstrument(spec);
  }

  /** Changes an instrument's rules for new orders; resting ones stay. */
  rules({ instrument, tick_size, min_size, min_notional }: Body<'rules'>): void {
    const { spec } = this.#venue.book(instrument, 3000);
    const positive = (text: string | undefined, name: string, now: bigint): bigint => {
      const value = text === undefined ? now : e9(text);
      if (value <= 0n) throw new RangeError(`${name} must be above zero: ${text}`);
      return value;
    };
    this.#venue.setInstrument({
      ...spec,
      tick: positive(tick_size, 'tick_size', spec.tick),
      minSize: positive(min_size, 'min_size', spec.minSize),
      minNotional: min_notional === undefined ? spec.minNotional : e9(min_notional),
    });
  }

  /** Shows a wrong mark in position rows of one account or both; the market uses the true one. */
  mark(body: Body<'mark'>): void {
    this.#venue.book(body.instrument, 3000);
    const account = body.account === undefined ? null : this.#account(body.account);
    const { price, answers = Number.POSITIVE_INFINITY, for_ms = Number.POSITIVE_INFINITY } = body;
    const times = { fromMs: this.#venue.clockMs, untilMs: this.#venue.clockMs + for_ms };
    const shown = price === undefined ? null : { price: e9(price), ...times, left: answers };
    this.#venue.shownMarks.set(body.instrument, account, shown);
  }

  /** Refuses orders of an account, an instrument, or all. */
  refuse(body: Body<'refuse'>): void {
    const { code = null, reject = null, end = null, instrument = null } = body;
    const given = [code, reject, end].filter((one) => one !== null);
    if (given.length > 1 || (given.length === 0 && !body.clear)) throw new RangeError('one of code, reject, end');
    if (code !== null && ERRORS[code] === undefined) throw new RangeError(`no such venue error: ${code}`);
    if (instrument !== null) this.#venue.book(instrument, 3000);
    if (body.clear) this.#venue.orders.refusals.clear();
    if (given.length === 0) return;
    const account = body.account === undefined ? null : this.#account(body.account);
    const { reduce_only_passes: reduceOnlyPasses, count = null } = body;
    this.#venue.orders.refusals.add({ account, instrument, code, reject, end, reduceOnlyPasses, left: count });
  }

  /** Opens or closes an instrument for new orders. */
  active(body: Body<'active'>): void {
    this.#venue.setInstrument({ ...this.#venue.book(body.instrument, 3000).spec, active: body.active });
  }

  /** Fills a resting order. */
  fill(body: Body<'fill'>): void {
    const order = this.#order(this.#account(body.account), body);
    this.#venue.orders.fillOrder(
      order,
      body.size === undefined ? undefined : e9(body.size),
      body.price === undefined ? undefined : e9(body.price),
    );
  }

  /** Places an order directly: unsigned, unchecked, at once. */
  order(body: Body<'order'>): PaperOrder {
    const account = this.#account(body.account);
    this.#venue.book(body.instrument, 3000);
    this.#injected += 1;
    const mark = hashText(this.#exchange.seed, `injected ${this.#injected}`).toString(16).padStart(64, '0');
    return this.#venue.inject(account, {
      instrument: body.instrument,
      buy: body.side === 'buy',
      size: e9(body.size),
      price: e9(body.price),
      isMarket: false,
      timeInForce: 'GOOD_TILL_TIME',
      postOnly: body.post_only,
      reduceOnly: false,
      // As the web page assigns them: below 2^63 (API 5.1).
      clientOrderId: body.client_order_id ?? String(1_000_000 + this.#injected),
      expirationNs: BigInt(Math.floor(this.#venue.clockMs + body.expires_in_ms)) * 1_000_000n,
      signature: { signer: account.owner, r: `0x${mark}`, s: `0x${mark}`, v: 27, nonce: this.#injected },
      digest: `injected ${this.#injected}`,
    });
  }

  /** Ends a resting order for any reason. */
  cancel(body: Body<'cancel'>): void {
    this.#venue.orders.killOrder(this.#order(this.#account(body.account), body), body.reason);
  }

  /** Sets a position; entry at the mark unless given. */
  position(body: Body<'position'>): void {
    const mark = this.#venue.book(body.instrument, 3000).market.mark();
    const entry = body.entry_price === undefined ? mark : e9(body.entry_price);
    this.#venue.setPosition(this.#account(body.account), body.instrument, e9(body.size), entry);
  }

  /** Closes part of a position, like a liquidation or auto-deleveraging. */
  close({ account, instrument, size, price, kind }: Body<'close'>): void {
    this.#venue.closePosition(this.#account(account), instrument, e9(size), e9(price), kind !== 'adl');
  }

  /** Sets an instrument's funding rate, its interval, and its next time. */
  funding({ instrument, rate, interval_ms, due_in_ms }: Body<'funding'>): void {
    const dueMs = due_in_ms === undefined ? undefined : this.#venue.clockMs + due_in_ms;
    this.#venue.payments.setFunding(instrument, e9(rate), interval_ms, dueMs);
  }

  /** Moves money between trading accounts, or from and to the funding account. */
  transfer({ from, to, amount }: Body<'transfer'>): void {
    if (from === to) throw new RangeError('from and to must differ, and one of them must be given');
    const [giver, taker] = [from, to].map((name) => (name === undefined ? null : this.#account(name)));
    this.#venue.payments.transfer(giver ?? null, taker ?? null, e9(amount) * E9);
  }

  /** Money from outside into an account. */
  deposit({ account, amount }: Body<'deposit'>): void {
    this.#venue.payments.deposit(this.#account(account), e9(amount) * E9);
  }

  /** Splits an instrument: ends its orders and re-denominates its positions. */
  split({ instrument, from, to }: Body<'split'>): void {
    for (const each of this.#venue.accounts)
      for (const order of [...each.active.values()])
        if (order.instrument === instrument && order.status === 'OPEN')
          this.#venue.orders.killOrder(order, 'CORPORATE_ACTION');
    this.#venue.split(instrument, BigInt(to), BigInt(from));
  }

  /** Sets an account's equity, USDT. */
  equity(body: Body<'equity'>): void {
    this.#venue.setEquity(this.#account(body.account), e9(body.equity) * E9);
  }

  /** Changes an instrument's leverage, margin type and margin rules, or the account's fee tier and funding account. */
  terms({ account: name, instrument, max_position_size, risk_brackets, ...change }: Body<'terms'>): void {
    if (instrument !== undefined) this.#venue.book(instrument, 3000);
    if (name === undefined) {
      if (instrument === undefined) throw new RangeError('an account or an instrument');
      this.#exchange.terms.changeRules(instrument, { max_position_size, risk_brackets });
      return;
    }
    const found = this.#account(name);
    const { subAccountId } = found;
    // The tier's fees, in millionths of the notional.
    if (change.futures_maker_fee !== undefined) found.fees.maker = BigInt(change.futures_maker_fee) * 1_000n;
    if (change.futures_taker_fee !== undefined) found.fees.taker = BigInt(change.futures_taker_fee) * 1_000n;
    this.#exchange.terms.change(subAccountId, instrument ?? null, change as TermsChange);
  }

  /** Lets time pass, or shifts the exchange's clock. */
  clock(body: Body<'clock'>): void {
    if (body.advance_ms !== undefined) this.#skip(body.advance_ms);
    if (body.jump_ms !== undefined) this.#venue.shiftClock(body.jump_ms);
  }

  /** Ends sessions of one account or all, and sets the life of new ones. */
  session(body: Body<'session'>): void {
    const { sessions } = this.#exchange;
    if (body.lifetime_ms !== undefined) sessions.lifetimeMs = body.lifetime_ms;
    else sessions.revoke(body.account === undefined ? undefined : this.#account(body.account).subAccountId);
  }

  /** Issues a further API key of an account, as GRVT's web page does, or revokes one. */
  keys({ account: name, revoke }: Body<'keys'>): PaperCredentials | null {
    const { sessions } = this.#exchange;
    if ((name === undefined) === (revoke === undefined)) throw new RangeError('one of account, revoke');
    if (name !== undefined) return sessions.issue(this.#account(name).subAccountId);
    sessions.revokeKey(revoke as string);
    this.#exchange.streams.disconnectKey(revoke as string);
    return null;
  }

  faults(body: Body<'faults'>): void {
    if (body.add) this.#exchange.faults.add(body.rules);
    else this.#exchange.faults.set(body.rules);
  }

  /** The exchange restarts: sessions, sockets and (unless asked to keep them) all resting orders are lost. */
  restart(body: Body<'restart'>): void {
    this.#exchange.sessions.revoke();
    this.#exchange.streams.disconnectAll();
    if (body.drop_orders) this.#venue.orders.dropResting();
  }

  /** The whole state as plain JSON. */
  state(): unknown {
    const venue = this.#venue;
    const { faults, api, sessions } = this.#exchange;
    return {
      clock_ms: venue.clockMs,
      steps: venue.steps,
      requests: api.requests(),
      logins: sessions.logins,
      faults: faults.counts(),
      instruments: [...venue.books()].map((book) => ({
        instrument: book.spec.name,
        active: book.spec.active,
        mark_price: printE9(book.market.mark()),
        best_bid: printE9(venue.best(book.spec.name, false)?.price ?? 0n),
        best_ask: printE9(venue.best(book.spec.name, true)?.price ?? 0n),
      })),
      accounts: venue.accounts.map((each) => ({
        account: each.name,
        sub_account_id: each.subAccountId,
        equity: printQuote(venue.margins(each).equity),
        maintenance_margin: printQuote(venue.margins(each).maintenance),
        positions: [...each.holdings.values()]
          .filter((holding) => holding.size !== 0n)
          .map((holding) => ({
            instrument: holding.spec.name,
            size: printE9(holding.size),
            entry_price: printE9(holding.cost / holding.size),
          })),
        open_orders: [...each.active.values()].map(orderView),
        fills: each.fills.length,
        closed_orders: each.closed.length,
      })),
    };
  }

  /**
   * Answers a request to `/paper/PATH`: GET `state`, `faults`, `accounts`; POST the rest. Errors answer 400 with the
   * reason.
   * @param skip replaces the exchange's own way of letting time pass.
   */
  handle(method: string, path: string, body: string, skip = this.#skip): PaperAnswer {
    const answer = (status: number, value: unknown): PaperAnswer => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
      delayMs: 0,
      broken: null,
    });
    const name = path.split('?')[0]!.replace(/^\/paper\//, '');
    const { faults } = this.#exchange;
    if (method === 'GET') {
      if (name === 'state') return answer(200, this.state());
      if (name === 'faults') return answer(200, { rules: faults.rules, counts: faults.counts(), kinds: FAULT_KINDS });
      if (name === 'accounts') return answer(200, this.#exchange.sessions.credentials);
      return answer(404, { error: `no such path: GET ${name}` });
    }
    if (!Object.hasOwn(BODIES, name))
      return answer(404, { error: `no such path: ${name}`, paths: Object.keys(BODIES) });
    const atOnce = this.#skip;
    try {
      this.#skip = skip;
      const read = BODIES[name as Path].parse(body === '' ? {} : JSON.parse(body));
      const act = this[name as Path] as (read: unknown) => unknown;
      const result = act.call(this, read);
      const order = name === 'order' ? { order: orderView(result as PaperOrder) } : {};
      const key = name === 'keys' && result !== null ? { key: result } : {};
      return answer(200, { done: true, ...order, ...key });
    } catch (error) {
      if (error instanceof z.ZodError) return answer(400, { error: z.prettifyError(error) });
      return answer(400, { error: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#skip = atOnce;
    }
  }
}
