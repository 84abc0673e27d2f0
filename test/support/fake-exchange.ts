import { type Decimal, decimal } from '../../src/core/decimal.ts';
import type { ExchangeFailure, FailureKind } from '../../src/core/failure.ts';
import type {
  AccountFill,
  AccountName,
  AccountSummary,
  Book,
  ExchangeOrder,
  Instrument,
  Intent,
  OrderStatus,
  Position,
} from '../../src/core/model.ts';
import { parseClientOrderId } from '../../src/core/order-id.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import type { Admission, Exchange, OrderDraft, SignedOrder } from '../../src/ports.ts';
import { reasonText } from '../../src/texts/reasons.ts';

/** A failure as the adapter throws it. */
export class TestFailure extends Error implements ExchangeFailure {
  readonly kind: FailureKind;
  readonly call: string;
  readonly account: AccountName | null;
  readonly code: number | null;
  readonly why: Reason;

  constructor(kind: FailureKind, call = 'test', code: number | null = null, account: AccountName | null = null) {
    super(`${call}: ${kind}${code === null ? '' : ` ${code}`}`);
    this.kind = kind;
    this.call = call;
    this.account = account;
    this.code = code;
    this.why = reason('network', '10.3', { code: '', words: `${kind}${code === null ? '' : ` ${code}`}` });
  }
}

export function testInstrument(name = 'BNB_USDT_Perp'): Instrument {
  return {
    name,
    hash: '0x030801',
    base: 'BNB',
    quote: 'USDT',
    baseDecimals: 9,
    tickSize: decimal('0.1'),
    minSize: decimal('0.01'),
    minNotional: decimal('5'),
  };
}

export function testBook(bid: string | null, ask: string | null, instrument = 'BNB_USDT_Perp'): Book {
  const side = (price: string | null) => (price === null ? [] : [{ price: decimal(price), size: decimal('1') }]);
  return { instrument, bids: side(bid), asks: side(ask), eventTimeNs: 0n };
}

let intents = 0;

export function testIntent(changes: Partial<Intent> = {}): Intent {
  intents += 1;
  return {
    intentId: `intent-${intents}`,
    instrument: 'BNB_USDT_Perp',
    account: 'A',
    side: 'buy',
    size: decimal('0.1'),
    purpose: 'opening',
    guardPrice: null,
    nearerThanPrice: null,
    beyondPrice: null,
    rules: ['6.1'],
    ...changes,
  };
}

/** An order of that client id as the exchange would show it. */
export function testOrder(
  clientOrderId: string,
  status: OrderStatus,
  changes: Partial<ExchangeOrder> = {},
): ExchangeOrder {
  return {
    orderId: status === 'PENDING' ? '0x00' : '0x01',
    clientOrderId,
    instrument: 'BNB_USDT_Perp',
    side: parseClientOrderId(clientOrderId)?.side ?? 'buy',
    size: decimal('0.1'),
    limitPrice: decimal('600'),
    postOnly: true,
    status,
    rejectReason: 'UNSPECIFIED',
    tradedSize: decimal('0'),
    avgFillPrice: decimal('0'),
    createTimeNs: 1n,
    updateTimeNs: 1n,
    expirationNs: 0n,
    ...changes,
  };
}

const SUMMARY: AccountSummary = {
  totalEquity: decimal('1000'),
  maintenanceMargin: decimal('5'),
};

/** One call that left: its name and arguments. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly atMs: number;
}

/**
 * An exchange whose answers a test writes: each method is a field to replace. Unless replaced, it is quiet and flat: a book
 * of 599.9 / 600.1, acknowledged creates, no orders. Every call is kept, in order.
 */
export class FakeExchange implements Exchange {
  readonly calls: Call[] = [];
  readonly #nowMs: () => number;
  skewMs: number | null = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  onBook: (instrument: string) => Promise<Book> = async (instrument) => testBook('599.9', '600.1', instrument);
  onIndexPrice: (instrument: string) => Promise<Decimal> = async () => decimal('600');
  onInstruments: () => Promise<readonly Instrument[]> = async () => [testInstrument()];
  onPositions: (account: AccountName) => Promise<readonly Position[]> = async () => [];
  onOpenOrders: (account: AccountName) => Promise<readonly ExchangeOrder[]> = async () => [];
  onSummary: (account: AccountName) => Promise<AccountSummary> = async () => SUMMARY;
  onOrder: (account: AccountName, clientOrderId: string) => Promise<ExchangeOrder | null> = async () => null;
  onHistory: (account: AccountName, sinceMs: number) => Promise<readonly ExchangeOrder[]> = async () => [];
  onFills: (account: AccountName, sinceMs: number) => Promise<readonly AccountFill[]> = async () => [];
  onSign: (draft: OrderDraft) => string = (draft) => JSON.stringify({ id: draft.clientOrderId, nonce: draft.nonce });
  onCreate: (signed: SignedOrder) => Promise<ExchangeOrder> = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'PENDING');
  onCancel: (account: AccountName, clientOrderId: string, timeToLiveMs?: number) => Promise<void> = async () => {};

  #note(name: string, ...args: unknown[]): void {
    this.calls.push({ name, args, atMs: this.#nowMs() });
  }

  /** Calls of that name so far. */
  named(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  /** Orders that were sent, oldest first. */
  sent(): OrderDraft[] {
    return this.named('createOrder').map(({ args }) => (args[0] as SignedOrder).draft);
  }

  exchangeNowMs(): number {
    return this.#nowMs() + (this.skewMs ?? 0);
  }

  clockSkewMs(): number | null {
    return this.skewMs;
  }

  instruments(): Promise<readonly Instrument[]> {
    this.#note('instruments');
    return this.onInstruments();
  }

  indexPrice(instrument: string): Promise<Decimal> {
    this.#note('indexPrice', instrument);
    return this.onIndexPrice(instrument);
  }

  book(instrument: string, options: { readonly receivedAfterMs?: number } = {}): Promise<Book> {
    this.#note('book', instrument, options);
    return this.onBook(instrument);
  }

  onCountdown: (account: AccountName, ms: number) => Promise<void> = async () => {};
  cancelOnDisconnect(account: AccountName, ms: number): Promise<void> {
    this.#note('cancelOnDisconnect', account, ms);
    return this.onCountdown(account, ms);
  }

  onLastTouch: Exchange['lastTouch'] = () => null;
  lastTouch(instrument: string): ReturnType<Exchange['lastTouch']> {
    return this.onLastTouch(instrument);
  }

  positions(account: AccountName): Promise<readonly Position[]> {
    this.#note('positions', account);
    return this.onPositions(account);
  }

  openOrders(account: AccountName): Promise<readonly ExchangeOrder[]> {
    this.#note('openOrders', account);
    return this.onOpenOrders(account);
  }

  accountSummary(account: AccountName): Promise<AccountSummary> {
    this.#note('accountSummary', account);
    return this.onSummary(account);
  }

  order(account: AccountName, clientOrderId: string): Promise<ExchangeOrder | null> {
    this.#note('order', account, clientOrderId);
    return this.onOrder(account, clientOrderId);
  }

  orderHistory(account: AccountName, sinceMs: number): Promise<readonly ExchangeOrder[]> {
    this.#note('orderHistory', account, sinceMs);
    return this.onHistory(account, sinceMs);
  }

  fillHistory(account: AccountName, sinceMs: number): Promise<readonly AccountFill[]> {
    this.#note('fillHistory', account, sinceMs);
    return this.onFills(account, sinceMs);
  }

  sign(draft: OrderDraft): SignedOrder {
    this.#note('sign', draft);
    return { draft, payload: this.onSign(draft) };
  }

  /** Leave for a create, before it is priced; replace it to let one wait for session and budget. */
  onAdmit: () => Promise<void> | null = () => null;
  /** The last word before a create leaves; replace it to let one wait. */
  onPermit: () => Promise<void> | null = () => null;

  /** Leave given and not used, by account and instrument. */
  readonly returned: string[] = [];

  async admitCreate(account: AccountName, instrument: string): Promise<Admission> {
    const admission = this.onAdmit();
    if (admission !== null) await admission;
    return { unused: () => void this.returned.push(`${account} ${instrument}`) };
  }

  async createOrder(signed: SignedOrder, whyNot: () => Reason | null = () => null): Promise<ExchangeOrder> {
    const permit = this.onPermit();
    if (permit !== null) await permit;
    const why = whyNot();
    if (why !== null) throw new TestFailure('unavailable', `createOrder never left: ${reasonText(why)}`);
    this.#note('createOrder', signed);
    return this.onCreate(signed);
  }

  cancelOrder(account: AccountName, clientOrderId: string, timeToLiveMs?: number): Promise<void> {
    this.#note('cancelOrder', account, clientOrderId, timeToLiveMs);
    return this.onCancel(account, clientOrderId, timeToLiveMs);
  }

  voidFences = new Set<string>();

  isFenceVoid(clientOrderId: string): boolean {
    return this.voidFences.has(clientOrderId);
  }

  spendAll(): void {
    this.#note('spendAll');
  }
}
