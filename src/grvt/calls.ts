import type { MDG, TDG } from '@grvt/client';
import type { Asked, BucketName } from './budget.ts';
import type { CallEffect } from './errors.ts';
import type { OrderCall } from './orders.ts';
import type { PaymentList } from './payments.ts';

/** The calls: their names in the port and on the wire, their budget, and their bodies under full names. */

export interface CallNames {
  readonly call: string;
  readonly bucket: BucketName;
  readonly asked: Asked;
}

/** A read: its body under full names, and the client method. */
export interface ReadSpec<Client> extends CallNames {
  readonly route: string;
  readonly effect: CallEffect;
  readonly request: Readonly<Record<string, unknown>>;
  readonly invoke: (client: Client, request: never, config: never) => Promise<unknown>;
  /** Optional: an older server or the key's permissions may not have it. Its failure is ignored. */
  readonly isOptional?: boolean;
  /** For repeated calls: the last answer. */
  readonly repeats?: LastAnswer;
}

export type CallSpec<Client> =
  | ReadSpec<Client>
  | (OrderCall & CallNames & { readonly isOptional?: never; readonly repeats?: never });

/**
 * The last answer of a call of one account, and its decoded form, so that the same text is not decoded again: most
 * polls bring the same open orders. One answer per call is kept.
 */
export interface LastAnswer {
  decoded: Decoded | null;
  /** An answer for observers, without fields that the client's tables do not know. */
  readonly tellable: (value: unknown) => unknown;
}

export interface Decoded {
  readonly text: string;
  /** Under lite names, and under full names. */
  readonly body: unknown;
  readonly mapped: unknown;
}

/** Time range of the rows by the exchange's clock, ms; both ends included. */
export interface PaymentTime {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Owner {
  readonly subAccountId: string;
}

/** Rows per page of order history: the exchange's default. */
export const HISTORY_PAGE_ROWS = 500;
/** Rows per page of fills: the exchange's maximum. */
export const FILLS_PAGE_ROWS = 1_000;
/** Rows per page of payments: the exchange's maximum. */
export const PAYMENTS_PAGE_ROWS = 1_000;
/** Weights of API 7. */
export const READ_UNITS = 20;
const SUMMARY_UNITS = 40;
const MARKET_UNITS = 12;
const MINI_UNITS = 4;

const OF_ACCOUNT = { effect: 'read', bucket: 'reads' } as const;
const OF_MARKET = { effect: 'read', bucket: 'market data' } as const;

function asks(need: Asked['need'], units: number): { readonly asked: Asked } {
  return { asked: { need, units } };
}

function of({ subAccountId }: Owner): { readonly sub_account_id: string } {
  return { sub_account_id: subAccountId };
}

function nanos(ms: number): string {
  return `${BigInt(Math.max(0, Math.floor(ms))) * 1_000_000n}`;
}

export function instrumentsSpec(): ReadSpec<MDG> {
  return {
    ...{ call: 'instruments', route: 'all_instruments', ...OF_MARKET, ...asks('rest', MARKET_UNITS) },
    request: { is_active: true },
    invoke: (client, request, config) => client.allInstruments(request, config),
  };
}

export function bookSpec(instrument: string, depth: number): ReadSpec<MDG> {
  return {
    ...{ call: 'book', route: 'book', ...OF_MARKET, ...asks('look-up', MARKET_UNITS) },
    request: { instrument, depth },
    invoke: (client, request, config) => client.orderBook(request, config),
  };
}

export function miniSpec(instrument: string): ReadSpec<MDG> {
  return {
    ...{ call: 'indexPrice', route: 'mini', ...OF_MARKET, ...asks('look-up', MINI_UNITS) },
    request: { instrument },
    invoke: (client, request, config) => client.miniTicker(request, config),
  };
}

export function positionsSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'positions', route: 'positions', ...OF_ACCOUNT, ...asks('reading', READ_UNITS) },
    request: of(owner),
    invoke: (client, request, config) => client.positions(request, config),
  };
}

export function openOrdersSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'openOrders', route: 'open_orders', ...OF_ACCOUNT, ...asks('reading', READ_UNITS) },
    request: of(owner),
    invoke: (client, request, config) => client.openOrders(request, config),
  };
}

/** The trading account's own summary; the aggregated one has no maintenance margin (strategy 14). */
export function summarySpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'accountSummary', route: 'account_summary', ...OF_ACCOUNT, ...asks('summary', SUMMARY_UNITS) },
    request: of(owner),
    invoke: (client, request, config) => client.subAccountSummary(request, config),
  };
}

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

export function leverageSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'instrumentTerms', route: 'get_all_initial_leverage', ...OF_ACCOUNT, ...asks('rest', READ_UNITS) },
    isOptional: true,
    request: of(owner),
    invoke: (client, request, config) => client.getAllInitialLeverage(request, config),
  };
}

export function marginRulesSpec(instrument: string): ReadSpec<MDG> {
  return {
    ...{ call: 'marginRules', route: 'margin_rules', ...OF_MARKET, ...asks('rest', MARKET_UNITS), isOptional: true },
    request: { instrument },
    invoke: (client, request, config) => client.marginRules(request, config),
  };
}

export function fundingSpec(): ReadSpec<TDG> {
  return {
    ...{ call: 'fundingTerms', route: 'funding_account_summary', ...OF_ACCOUNT, ...asks('rest', SUMMARY_UNITS) },
    isOptional: true,
    request: {},
    invoke: (client, _request, config) => client.fundingAccountSummary(config),
  };
}

export function orderSpec(owner: Owner, clientOrderId: string): ReadSpec<TDG> {
  return {
    ...{ call: 'order', route: 'order', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: { ...of(owner), client_order_id: clientOrderId },
    invoke: (client, request, config) => client.order(request, config),
  };
}

export function historySpec(owner: Owner, sinceMs: number, cursor: string | null): ReadSpec<TDG> {
  return {
    ...{ call: 'orderHistory', route: 'order_history', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: pageOf(owner, sinceMs, HISTORY_PAGE_ROWS, cursor),
    invoke: (client, request, config) => client.orderHistory(request, config),
  };
}

export function fillsSpec(owner: Owner, sinceMs: number, cursor: string | null): ReadSpec<TDG> {
  return {
    ...{ call: 'fillHistory', route: 'fill_history', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: pageOf(owner, sinceMs, FILLS_PAGE_ROWS, cursor),
    invoke: (client, request, config) => client.fillHistory(request, config),
  };
}

function pageOf(owner: Owner, sinceMs: number, limit: number, cursor: string | null) {
  return { ...of(owner), start_time: nanos(sinceMs), limit, ...(cursor === null ? {} : { cursor }) };
}
