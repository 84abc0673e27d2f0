import { E9 } from './fixed.ts';
import { keepLast, type PaperAccount } from './model.ts';

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
export function remember<T>(rows: T[], row: T): void {
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
export function nextFundingMs(clockMs: number, intervalMs: number): number {
  return (Math.floor(clockMs / intervalMs) + 1) * intervalMs;
}

/** Payment of a position, truncated at the quote's six decimals like a fee. */
export function fundingOf(size: bigint, mark: bigint, rate: bigint): bigint {
  return ((size * mark * rate) / E9 / 10n ** 12n) * 10n ** 12n;
}
