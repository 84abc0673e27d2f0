import type { TDG } from '@grvt/client';
import { z } from 'zod';
import { Decimal, sum } from '../core/decimal.ts';
import type { AccountName } from '../core/model.ts';
import {
  type BalanceRow,
  type FillRow,
  type FundingRow,
  originOf,
  type PaymentRow,
  type TransferRow,
} from '../core/money.ts';
import { mayBeStrategyId } from '../core/order-id.ts';
import { asks, nanos, OF_ACCOUNT, type Owner, of, READ_UNITS, type ReadSpec, SUMMARY_UNITS } from './calls.ts';
import { accountMargin, balanceAnswer } from './margin.ts';
import { MISSING, mustBeOwn, parsePage, type RowScope, readAs, readRow, UnusableAnswer, ZERO_FIELD } from './parse.ts';
import { summarySpec } from './parse-account.ts';
import { foreignClientId } from './parse-orders.ts';
import {
  decimalText,
  fillRow,
  hexText,
  MAX_DECIMAL_CHARS,
  nameText,
  nanosText,
  uint64Text,
  unsignedText,
} from './wire.ts';

/**
 * Fills with fees, funding, transfers and deposits by the exchange's lists (17). Unreadable rows are skipped (10.4).
 */

export interface PaymentOwner {
  readonly account: AccountName;
  readonly subAccountId: string;
}

export type PaymentList = 'fill_history' | 'funding_payment_history' | 'transfer_history' | 'deposit_history';

/** Rows per page of payments: the exchange's maximum. */
export const PAYMENTS_PAGE_ROWS = 1_000;

/** Time range of the rows by the exchange's clock, ms; both ends included. */
export interface PaymentTime {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A fill with its fee and profit (strategy 17.1). */
const fillMoney = fillRow.extend({
  trade_id: z.string().min(1).max(100),
  order_id: hexText.nullish(),
  is_taker: z.boolean(),
  fee: decimalText,
  fee_rate: z.string().max(MAX_DECIMAL_CHARS).nullish().catch(null),
  /** Added late; a perpetual's fee is paid in its settlement currency. */
  fee_currency: nameText.nullish(),
  realized_pnl: decimalText.nullish().catch(null),
  is_liquidation: z.boolean().nullish().catch(null),
});

const fundingRow = z.object({
  event_time: nanosText,
  sub_account_id: uint64Text,
  instrument: nameText,
  currency: nameText,
  amount: decimalText,
  tx_id: nameText,
});

const accountText = z.union([z.string().max(100), z.int().transform(String)]).nullish();

const transferRow = z.object({
  tx_id: nameText,
  from_sub_account_id: accountText,
  to_sub_account_id: accountText,
  currency: nameText,
  num_tokens: unsignedText,
  event_time: nanosText,
});

const depositRow = z.object({
  l_2_hash: nameText,
  to_account_id: accountText,
  currency: nameText,
  num_tokens: unsignedText,
  /** Empty while pending. */
  confirmed_time: z.union([z.literal(''), nanosText]).nullish(),
});

export function balanceSpec(owner: Owner): ReadSpec<TDG> {
  return { ...summarySpec(owner), call: 'balance', ...asks('rest', SUMMARY_UNITS), isOptional: true };
}

/** The client method and the reported name of each list. */
const PAYMENTS: Readonly<Record<PaymentList, Pick<ReadSpec<TDG>, 'call' | 'invoke'>>> = {
  fill_history: { call: 'fills', invoke: (client, request, config) => client.fillHistory(request, config) },
  funding_payment_history: {
    call: 'fundingPayments',
    invoke: (client, request, config) => client.fundingPaymentHistory(request, config),
  },
  transfer_history: {
    call: 'transfers',
    invoke: (client, request, config) => client.transferHistory(request, config),
  },
  deposit_history: { call: 'deposits', invoke: (client, request, config) => client.depositHistory(request, config) },
};

export function paymentsSpec(list: PaymentList, owner: Owner, { fromMs, toMs }: PaymentTime): ReadSpec<TDG> {
  const isOfAccount = list === 'fill_history' || list === 'funding_payment_history';
  return {
    ...{ ...PAYMENTS[list], route: list, ...OF_ACCOUNT, ...asks('rest', READ_UNITS), isOptional: true },
    request: {
      // Transfers and deposits concern the whole funding account, i.e. the session's.
      ...(isOfAccount ? of(owner) : {}),
      start_time: nanos(fromMs),
      end_time: nanos(toMs),
      limit: PAYMENTS_PAGE_ROWS,
    },
  };
}

/**
 * One page of a list: the rows of the account, and the cursor of the next page; null: the last one.
 * @throws UnusableAnswer
 */
export function parsePayments(
  list: PaymentList,
  answer: unknown,
  owner: PaymentOwner,
  limit: number,
  scope: RowScope,
): { rows: PaymentRow[]; next: string | null } {
  const { rows, next } = parsePage(answer, limit);
  const read = READERS[list];
  const found = rows.map((row, index) => readRow(scope, `result[${index}]`, row, (one) => read(one, owner)));
  return { rows: found.filter((row) => row !== null), next };
}

/** A fill with its fee; null: not one. @throws UnusableAnswer naming the field */
export function fillMoneyOf(row: unknown, { account, subAccountId }: PaymentOwner): FillRow | null {
  const read = readAs(fillMoney, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const [size, price] = [new Decimal(read.size), new Decimal(read.price)];
  if (size.isZero()) return null;
  if (price.isZero()) throw new UnusableAnswer('price', ZERO_FIELD);
  const id = read.client_order_id;
  const isId = mayBeStrategyId(id) && uint64Text.safeParse(id).success;
  const clientOrderId = isId ? BigInt(id as string).toString() : foreignClientId(id);
  // Part of a fill's identity: without it the same fill would be booked twice (strategy 17.1).
  if (read.order_id == null && !read.is_liquidation) throw new UnusableAnswer('order_id', MISSING);
  const orderId = read.order_id ?? '0x00';
  return {
    ...{ type: 'fill', account, tradeId: read.trade_id, orderId, clientOrderId, instrument: read.instrument },
    side: read.is_buyer ? 'buy' : 'sell',
    ...{ size, price, fee: new Decimal(read.fee), feeCurrency: read.fee_currency ?? 'USDT' },
    ...{ feeRate: read.fee_rate ?? null, isTaker: read.is_taker },
    origin: originOf({ clientOrderId, orderId, isLiquidation: read.is_liquidation ?? false }),
    realizedPnl: read.realized_pnl == null ? null : new Decimal(read.realized_pnl),
    timeNs: BigInt(read.event_time),
  };
}

function fundingOf(row: unknown, { account, subAccountId }: PaymentOwner): FundingRow {
  const read = readAs(fundingRow, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const { tx_id: txId, instrument, currency } = read;
  const [amount, timeNs] = [new Decimal(read.amount), BigInt(read.event_time)];
  return { type: 'funding', account, txId, instrument, currency, amount, timeNs };
}

/** The list covers the whole funding account; null: not of this trading account. */
function transferOf(row: unknown, { account, subAccountId }: PaymentOwner): TransferRow | null {
  const read = readAs(transferRow, row);
  const { tx_id: txId, currency } = read;
  const [comes, goes] = [read.to_sub_account_id === subAccountId, read.from_sub_account_id === subAccountId];
  if (comes === goes) return null;
  const tokens = new Decimal(read.num_tokens);
  const [amount, timeNs] = [comes ? tokens : tokens.neg(), BigInt(read.event_time)];
  return { type: 'transfer', account, txId, currency, amount, timeNs };
}

/** A deposit into the funding account reaches a trading account as a transfer; null: such a deposit, or pending. */
function depositOf(row: unknown, { account, subAccountId }: PaymentOwner): TransferRow | null {
  const read = readAs(depositRow, row);
  if (read.to_account_id !== subAccountId || !read.confirmed_time) return null;
  const { l_2_hash: txId, currency } = read;
  const [amount, timeNs] = [new Decimal(read.num_tokens), BigInt(read.confirmed_time)];
  return { type: 'deposit', account, txId, currency, amount, timeNs };
}

const READERS: Readonly<Record<PaymentList, (row: unknown, owner: PaymentOwner) => PaymentRow | null>> = {
  fill_history: fillMoneyOf,
  funding_payment_history: fundingOf,
  transfer_history: transferOf,
  deposit_history: depositOf,
};

/** Printed amounts are truncated at this digit. */
const PRINTED_DIGIT = new Decimal('0.000001');

/**
 * Equity, margins and cash of one account (strategy 17.3).
 *
 * @throws UnusableAnswer naming the field
 */
export function parseBalance(answer: unknown, { account, subAccountId }: PaymentOwner): BalanceRow {
  const read = readAs(balanceAnswer, answer).result;
  mustBeOwn('result.sub_account_id', read.sub_account_id, subAccountId);
  const equity = new Decimal(read.total_equity);
  const notional = read.positions.map((row) => {
    const product = new Decimal(row.size).mul(row.mark_price);
    // The product has the digits that were truncated from the printed notional.
    return product.minus(row.notional).abs().lt(PRINTED_DIGIT) ? product : new Decimal(row.notional);
  });
  const settles = new Decimal(read.settle_index_price ?? '1');
  const others = read.spot_balances
    .filter(({ currency }) => currency !== 'USDT')
    .map(({ balance, index_price }) => new Decimal(balance).mul(index_price ?? '0').div(settles));
  return {
    ...{ type: 'balance', account, timeNs: BigInt(read.event_time), equity },
    cash: equity.minus(sum(notional)).minus(sum(others)),
    sizes: Object.fromEntries(read.positions.map((row) => [row.instrument, new Decimal(row.size)])),
    margin: accountMargin(read),
  };
}
