import type { Decimal } from './core/decimal.ts';
import type { Fact } from './core/facts.ts';
import type { JournalEntry, JournalKind, StoredEntry } from './core/journal-entry.ts';
import type {
  AccountFill,
  AccountName,
  AccountSummary,
  Book,
  ExchangeOrder,
  Instrument,
  Intent,
  ListedOrder,
  Position,
  Rows,
  Side,
} from './core/model.ts';
import type { Reason } from './core/reasons.ts';

/**
 * Interfaces of the engine to the outside. Failures reject with or throw an `Error` that carries an `ExchangeFailure`
 * (core/failure.ts).
 */

/** Wall clock. Injected, so that a seed replays a run. */
export interface Clock {
  nowMs(): number;
}

/** A wall clock that detects being set back, after which old data would look fresh (strategy 10.3). */
export interface EngineClock extends Clock {
  /** How often the clock has been set back. The age of data from another era is unknown. */
  era(): number;
  /** Monotonic clock, ms. */
  steadyMs(): number;
}

/** A create without its signature. Sizes and prices are exact; one leg, limit, post-only, GOOD_TILL_TIME. */
export interface OrderDraft {
  readonly account: AccountName;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly clientOrderId: string;
  /** uint32, never repeated with an otherwise equal payload: the client order id is not signed (API 5.1). */
  readonly nonce: number;
  /** By the exchange's clock. */
  readonly expirationMs: number;
  /** Signed: the order may only shrink a position (strategy 9.13). Absent: it may grow one. */
  readonly reduceOnly?: boolean;
}

/** A signed create: `payload` is the exact request body that is sent and journalled (strategy 9.3). */
export interface SignedOrder {
  readonly draft: OrderDraft;
  readonly payload: string;
}

/** Permission for one create. */
export interface Admission {
  /** Not sent: returns the permission without cost. */
  unused(): void;
}

/** The exchange for both accounts, including pacing, sessions, time-outs and validation (9.1, 9.8, 9.9, 10.4). */
export interface Exchange {
  /** The exchange's clock, estimated from its `Date` header; ours before its first answer. */
  exchangeNowMs(): number;
  /** The exchange's clock minus ours; null before its first answer. */
  clockSkewMs(): number | null;

  instruments(): Promise<readonly Instrument[]>;
  /**
   * The newest book, by the exchange's time, received at most 2 s ago, from the stream or REST; else REST is asked
   * (strategy 7.4).
   * @param options.receivedAfterMs our clock: only a book received later
   */
  book(instrument: string, options?: { readonly receivedAfterMs?: number }): Promise<Book>;
  /** Best bid and ask of the newest book of any age, and when it was received; null: no book, or one side is empty. */
  lastTouch(instrument: string): { readonly bid: Decimal; readonly ask: Decimal; readonly atMs: number } | null;
  /** The index price, > 0, USDT, which also limits post-only orders (strategy 9.5). */
  indexPrice(instrument: string): Promise<Decimal>;

  positions(account: AccountName): Promise<Rows<Position>>;
  /** Part of a full read, or, with `need`, of a look-up (strategy 9.1). */
  openOrders(account: AccountName, need?: 'look-up'): Promise<Rows<ListedOrder>>;
  accountSummary(account: AccountName): Promise<AccountSummary>;
  /**
   * null: 1004, unknown to the exchange (which alone proves nothing, strategy 9.6). `sentAtMs`: when it was sent, our
   * clock, if known: how far back a history is read that answers several look-ups together (9.1).
   */
  order(account: AccountName, clientOrderId: string, sentAtMs?: number): Promise<ExchangeOrder | null>;
  /**
   * Every strategy order of the account created or closed since then (exchange's time), all pages; with `wanted`, as
   * far back as these need, but no more pages than there are of them.
   */
  orderHistory(account: AccountName, sinceMs: number, wanted?: ReadonlySet<string>): Promise<readonly ExchangeOrder[]>;
  /** The account's fills since then (exchange's time), newest first, at most 20,000. */
  fillHistory(account: AccountName, sinceMs: number): Promise<readonly AccountFill[]>;

  sign(draft: OrderDraft): SignedOrder;
  /**
   * Waits for permission to send a create: a session and the budget, repairs before openings, symbol by symbol in turn
   * (strategy 9.1), so that nothing waits between pricing and sending (7.4). Ended by `createOrder` or `unused`.
   */
  admitCreate(account: AccountName, instrument: string, purpose: Intent['purpose']): Promise<Admission>;
  /**
   * Sends exactly `signed.payload`. The answer is an acknowledgement, mostly PENDING (strategy 9.4).
   * @param whyNot asked at the last moment: why it must not be sent any more; null: it may. Otherwise the call fails as
   * `unavailable`, and nothing was sent. @param admission permission to send it; absent: obtained here
   */
  createOrder(signed: SignedOrder, whyNot?: () => Reason | null, admission?: Admission): Promise<ExchangeOrder>;
  /**
   * Requests a cancel; resolves with the acknowledgement, which says nothing about the order (strategy 9.7).
   * `timeToLiveMs` (multiple of 100, ≤ 5000) also kills a create with that id that arrives within it. `instrument`:
   * simultaneous cancels of one account and instrument are sent as one call (9.12).
   */
  cancelOrder(account: AccountName, clientOrderId: string, timeToLiveMs?: number, instrument?: string): Promise<void>;
  /**
   * Makes the exchange cancel all orders of the account unless renewed within `countdownMs`, 1001 to 300,000; 0: off.
   */
  cancelOnDisconnect(account: AccountName, countdownMs: number): Promise<void>;
  /** The exchange dropped the last fence of that id because another cancel was in force (9.12). It proves nothing. */
  isFenceVoid(clientOrderId: string): boolean;
  /** The engine stops: from now on the whole budget may be used (strategy 9.1). */
  spendAll(): void;
}

/** What the exchange cannot be asked again (strategy 9.3, 11.2): one ordered log, append-only. */
export interface Journal {
  /**
   * Assigns places to the entries, all or none, and returns the last one at once: they are readable from then on, but
   * may be lost in a crash until they are durable. Throws if they cannot be written: then nothing may be sent.
   */
  append(entries: readonly JournalEntry[]): number;
  /**
   * Resolves when everything up to that place survives a crash of process and machine; rejects if it may not. Pending
   * while that is unknown. What depends on an entry is sent only afterwards (strategy 9.3).
   */
  durable(place: number): Promise<void>;
  /**
   * Called before an entry is appended that a request depends on; the result tells, right before the request is sent,
   * why it must not be; null: it may (strategy 18.2). Absent: nobody else can write this journal.
   */
  beforeSending?(): () => Reason | null;
  /** Whether a previous holder of the lease prepared the order, and may still send it (strategy 18.2). */
  isOfPreviousHolder?(clientOrderId: string): boolean;
  /** Why an order may not be cancelled from here: another engine may hold the lease (18.2). Absent: any may be. */
  whyNotCancel?(clientOrderId: string): Reason | null;
  /** The last entry of that kind and key. */
  latest<K extends JournalKind>(kind: K, key: string): StoredEntry<K> | null;
  /** The last entry of each key of that kind, oldest first. */
  latestOfEach<K extends JournalKind>(kind: K): readonly StoredEntry<K>[];
  /** Entries in order. */
  scan(filter?: { kind?: JournalKind; key?: string; sinceMs?: number; afterSeq?: number }): Iterable<StoredEntry>;
  close(): void;
}

/**
 * Delivers one message. Rejects if it was not accepted; the alert manager retries (strategy 12.1). The error has
 * `forContent: true` if the same message would be refused again.
 */
export interface Notifier {
  send(text: string): Promise<void>;
}

/** Reports to a heartbeat monitor that the engine polls both accounts (strategy 2.1). Rejects if it did not arrive. */
export interface Heartbeat {
  beat(): Promise<void>;
}

/** Hides secrets in a text, before it is shortened or shown. */
export interface Redact {
  (text: string): string;
  /** The same for JSON text, which stays JSON; absent: it does anyway. */
  json?(text: string): string;
  /** Also hides the cookie of a new session from now on. */
  learn?(session: string): void;
}

/** Receives facts: log, figures, metrics, dashboard. Never throws, never decides. */
export interface Reporter {
  report(fact: Fact): void;
}
