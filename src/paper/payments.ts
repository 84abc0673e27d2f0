import type { VenueBook } from './book.ts';
import { E9 } from './fixed.ts';
import { keepLast, NS, type PaperAccount } from './model.ts';
import type { Timeline } from './timeline.ts';

/**
 * Changes of an account's balance besides fills: funding, transfers, deposits. Amounts count 1e-18, funding rates 1e-9.
 */

/** One funding payment of an account; positive: paid. */
export interface PaperFunding {
  readonly timeNs: bigint;
  readonly account: PaperAccount;
  readonly instrument: string;
  readonly amount: bigint;
  readonly txId: string;
}

/** A transfer between accounts of one owner; null: the funding account. */
export interface PaperTransfer {
  readonly timeNs: bigint;
  readonly from: PaperAccount | null;
  readonly to: PaperAccount | null;
  readonly amount: bigint;
  readonly txId: string;
}

/** Rows kept of each kind: a month of hourly funding of seven instruments on two accounts. */
const ROWS_KEPT = 10_000;

/** Records a row, dropping the oldest. */
function remember<T>(rows: T[], row: T): void {
  keepLast(rows, row, ROWS_KEPT);
}

/** Share of the notional that longs pay at each interval, and the next time by the exchange's clock. */
export interface FundingRate {
  readonly rate: bigint;
  readonly intervalMs: number;
  readonly dueMs: number;
}

/** A rate as it was paid. */
export interface PaidRate extends Omit<FundingRate, 'dueMs'> {
  readonly instrument: string;
  readonly timeNs: bigint;
  readonly mark: bigint;
}

/** The next whole multiple of the interval after that time. */
function nextFundingMs(clockMs: number, intervalMs: number): number {
  return (Math.floor(clockMs / intervalMs) + 1) * intervalMs;
}

/** Payment of a position, truncated at the quote's six decimals like a fee. */
function fundingOf(size: bigint, mark: bigint, rate: bigint): bigint {
  return ((size * mark * rate) / E9 / 10n ** 12n) * 10n ** 12n;
}

/** Rates in force, and what was paid, transferred and deposited. */
export class Payments {
  /** Oldest first, as all rows here. */
  readonly funding: PaperFunding[] = [];
  /** Rates of all instruments as they were paid. */
  readonly paidRates: PaidRate[] = [];
  readonly transfers: PaperTransfer[] = [];
  readonly deposits: PaperTransfer[] = [];
  /** By instrument; without a rate nothing is paid. */
  readonly #rates = new Map<string, FundingRate>();
  readonly #time: Timeline;
  readonly #bookOf: (instrument: string) => VenueBook;
  #transactions = 7_000_000;

  constructor(time: Timeline, bookOf: (instrument: string) => VenueBook) {
    this.#time = time;
    this.#bookOf = bookOf;
  }

  /** When the next payment is due, by the exchange's clock. */
  nextFundingMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#rates.values()) next = Math.min(next, dueMs);
    return next;
  }

  /** Longs pay shorts, at a negative rate the other way round (API 4). */
  payFunding(accounts: readonly PaperAccount[]): void {
    const { clockMs } = this.#time;
    for (const [instrument, { rate, intervalMs, dueMs }] of this.#rates) {
      if (dueMs > clockMs) continue;
      this.#rates.set(instrument, { rate, intervalMs, dueMs: nextFundingMs(clockMs, intervalMs) });
      const mark = this.#bookOf(instrument).market.mark();
      remember(this.paidRates, { timeNs: BigInt(dueMs) * NS, instrument, rate, intervalMs, mark });
      const txId = String(++this.#transactions);
      for (const account of accounts) {
        const holding = account.holdings.get(instrument);
        if (holding === undefined || holding.size === 0n) continue;
        const amount = fundingOf(holding.size, mark, rate);
        account.balance -= amount;
        holding.funding += amount;
        remember(this.funding, { timeNs: this.#time.stampNs(), account, instrument, amount, txId });
      }
    }
  }

  /** Sets the rate that longs pay at each interval, 1e-9 of the notional, and its next time by the exchange's clock. */
  setFunding(instrument: string, rate: bigint, intervalMs?: number, dueMs?: number): void {
    const every = intervalMs ?? this.#intervalMs(instrument);
    const due = dueMs ?? nextFundingMs(this.#time.clockMs, every);
    this.#rates.set(instrument, { rate, intervalMs: every, dueMs: due });
  }

  /** The rate in force. */
  rate(instrument: string): FundingRate {
    const intervalMs = this.#intervalMs(instrument);
    const dueMs = nextFundingMs(this.#time.clockMs, intervalMs);
    return this.#rates.get(instrument) ?? { rate: 0n, intervalMs, dueMs };
  }

  #intervalMs(instrument: string): number {
    return this.#bookOf(instrument).spec.fundingIntervalHours * 3_600_000;
  }

  /** Moves money between two trading accounts, or from or to their funding account (null). */
  transfer(from: PaperAccount | null, to: PaperAccount | null, amount: bigint): void {
    if (amount <= 0n) throw new RangeError('amount must be more than 0');
    if (from !== null) from.balance -= amount;
    if (to !== null) to.balance += amount;
    remember(this.transfers, { timeNs: this.#time.stampNs(), from, to, amount, txId: String(++this.#transactions) });
  }

  deposit(to: PaperAccount, amount: bigint): void {
    if (amount <= 0n) throw new RangeError('amount must be more than 0');
    to.balance += amount;
    const txId = `0x${(++this.#transactions).toString(16).padStart(64, '0')}`;
    remember(this.deposits, { timeNs: this.#time.stampNs(), from: null, to, amount, txId });
  }
}
