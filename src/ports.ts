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
 * What the engine needs of the world: interfaces only. Everything that fails rejects or throws an `Error` that carries
 * an `ExchangeFailure` (core/failure.ts).
 */

/** Wall clock. Injected, so that a seed replays a run. */
export interface Clock {
  nowMs(): number;
}

/** A wall clock that notices when it is set back: by times alone, old data look fresh after it (strategy 10.3). */
export interface EngineClock extends Clock {
  /** How often the clock was set back so far. The age of something dated in another era is not known. */
  era(): number;
  /** Milliseconds since any beginning, by a clock that nobody sets. */
  steadyMs(): number;
}

/** Everything about a create but its signature. Sizes and prices are exact; one leg, limit, post-only, GOOD_TILL_TIME. */
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
  /** Signed: the exchange lets it shrink a position and nothing else (strategy 9.13). Absent: it may grow one. */
  readonly reduceOnly?: boolean;
}

/** A create, signed: `payload` is the exact request body that leaves and that the journal holds (strategy 9.3). */
export interface SignedOrder {
  readonly draft: OrderDraft;
  readonly payload: string;
}

/** Leave for one create. */
export interface Admission {
  /** It is not sent: the leave costs nothing. */
  unused(): void;
}

/** The exchange, both accounts. Pacing, sessions, time-outs and validation are behind it (strategy 9.1, 9.8, 9.9, 10.4). */
export interface Exchange {
  /** Our estimate of the exchange's clock, from its `Date` header; our own clock until it has answered once. */
  exchangeNowMs(): number;
  /** Exchange's clock minus ours; null until it has answered once. */
  clockSkewMs(): number | null;

  instruments(): Promise<readonly Instrument[]>;
  /**
   * The newest book, by the exchange's time, received at most 2 s ago, from the stream or REST; else REST is asked (strategy 7.4).
   *
   * @param options.receivedAfterMs our clock: only a book that was received later
   */
  book(instrument: string, options?: { readonly receivedAfterMs?: number }): Promise<Book>;
  /** Best bid and ask of the newest book received, of any age, and when; null: none was, or a side of it is empty. */
  lastTouch(instrument: string): { readonly bid: Decimal; readonly ask: Decimal; readonly atMs: number } | null;
  /** The index price, > 0, USDT: what the exchange holds post-only orders against beside the book (strategy 9.5). */
  indexPrice(instrument: string): Promise<Decimal>;

  positions(account: AccountName): Promise<Rows<Position>>;
  /** Part of a whole reading, unless a look-up is said to need it (strategy 9.1). */
  openOrders(account: AccountName, need?: 'look-up'): Promise<Rows<ListedOrder>>;
  accountSummary(account: AccountName): Promise<AccountSummary>;
  /**
   * null: 1004, the exchange knows no such order (which alone proves nothing, strategy 9.6). `sentAtMs`: when it was sent, our
   * clock, if that is known: how far back a history is read that answers several questions together (9.1).
   */
  order(account: AccountName, clientOrderId: string, sentAtMs?: number): Promise<ExchangeOrder | null>;
  /**
   * Every strategy order of the account created or closed since then (exchange's time), all pages; with `wanted`, as far back as it takes to
   * find these, but no more pages than there are of them.
   */
  orderHistory(account: AccountName, sinceMs: number, wanted?: ReadonlySet<string>): Promise<readonly ExchangeOrder[]>;
  /** The account's fills since then (exchange's time), newest first, the newest 20,000 at most. */
  fillHistory(account: AccountName, sinceMs: number): Promise<readonly AccountFill[]>;

  sign(draft: OrderDraft): SignedOrder;
  /**
   * Waits until a create may leave: for a session and for the budget, repairs before openings, symbol by symbol in turn (strategy
   * 9.1). So nothing is waited for between pricing and sending (7.4). Ended by `createOrder`, or by `unused`.
   */
  admitCreate(account: AccountName, instrument: string, purpose: Intent['purpose']): Promise<Admission>;
  /**
   * Sends exactly `signed.payload`. The answer is an acknowledgement, mostly PENDING (strategy 9.4).
   *
   * @param whyNot asked at the last moment, after any wait for session and budget: why it must not leave any more; null: it
   *   may. Then the call fails as `unavailable`, having sent nothing.
   * @param admission leave to send it; absent: it is waited for here
   */
  createOrder(signed: SignedOrder, whyNot?: () => Reason | null, admission?: Admission): Promise<ExchangeOrder>;
  /**
   * Asks for a cancel; resolves with the ack, which says nothing of the order (strategy 9.7).
   * `timeToLiveMs` (multiple of 100, ≤ 5000) also kills a create with that id that arrives within it.
   * `instrument`: cancels of one account and instrument that are due at the same time leave as one call (9.12).
   */
  cancelOrder(account: AccountName, clientOrderId: string, timeToLiveMs?: number, instrument?: string): Promise<void>;
  /** Has the exchange cancel all orders of the account unless this is asked again within `countdownMs`, 1001 to 300,000; 0: never. */
  cancelOnDisconnect(account: AccountName, countdownMs: number): Promise<void>;
  /** The exchange dropped the last fence of that id: another cancel of it was in force (9.12). It proves nothing. */
  isFenceVoid(clientOrderId: string): boolean;
  /** The engine stops: from now on the whole of the budget may be used, not only what is planned (strategy 9.1). */
  spendAll(): void;
}

/** What cannot be asked of the exchange again (strategy 9.3, 11.2): one ordered log, append-only. */
export interface Journal {
  /**
   * Assigns places to the entries, all or none, and returns the last one at once: they can be read from then on. What is not
   * durable yet is on its way, and may be lost in a crash. Throws when it cannot be written: then nothing may leave.
   */
  append(entries: readonly JournalEntry[]): number;
  /**
   * Resolves when everything up to that place survives a crash of process and machine. Rejects when it does not, or may not.
   * Stays pending for as long as that is unknown. What may not be sent before its entry is safe waits for it (strategy 9.3).
   */
  durable(place: number): Promise<void>;
  /**
   * Asked before an entry is appended that a request waits for: gives what says, right before the bytes of that request leave,
   * why they must not any more; null: they may (strategy 18.2). Absent: nobody else can write this journal.
   */
  beforeSending?(): () => Reason | null;
  /** Whether another holder of the lease, before this one, prepared the order: it may still send it (strategy 18.2). */
  isOfPreviousHolder?(clientOrderId: string): boolean;
  /** Why an order may not be cancelled from here: another engine may hold the lease (strategy 18.2). Absent: any may be. */
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
 * Delivers one message to people. Rejects when it was not accepted; the alert desk retries (strategy 12.1). The error says
 * `forContent: true` where the same words would be refused again.
 */
export interface Notifier {
  send(text: string): Promise<void>;
}

/** Tells a dead-man switch that the engine polls both accounts (strategy 2.1). Rejects when it was not heard. */
export interface Heartbeat {
  beat(): Promise<void>;
}

/** Hides secrets in a text, before it is shortened or shown. */
export interface Redact {
  (text: string): string;
  /** The same for JSON text, which stays JSON; absent: it does anyway. */
  json?(text: string): string;
  /** Hides the cookie of a new session from now on, too. */
  learn?(session: string): void;
}

/** Hears what happened: log, figures, metrics, dashboard. Never throws, never decides. */
export interface Reporter {
  report(fact: Fact): void;
}
