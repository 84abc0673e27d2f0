import type { TDG } from '@grvt/client';
import { z } from 'zod';
import { Decimal } from '../core/decimal.ts';
import type { AccountFill, AccountSummary, Position } from '../core/model.ts';
import { mayBeStrategyId } from '../core/order-id.ts';
import { reason } from '../core/reasons.ts';
import { asks, OF_ACCOUNT, type Owner, of, pageOf, READ_UNITS, type ReadSpec, SUMMARY_UNITS } from './calls.ts';
import { marginOf } from './margin.ts';
import { mustBeOwn, parsePage, preview, type RowScope, readAs, readRow, UnusableAnswer, ZERO_FIELD } from './parse.ts';
import { foreignClientId } from './parse-orders.ts';
import { decimalText, fillRow, nameText, nanosText, rowsAnswer, uint64Text, unsignedText } from './wire.ts';

/** Calls about an account: positions, summary, fills, terms (strategy 10.4, 11.7). */

/** Rows per page of fills: the exchange's maximum. */
export const FILLS_PAGE_ROWS = 1_000;

const positionRow = z.object({
  event_time: nanosText,
  sub_account_id: uint64Text,
  instrument: nameText,
  size: decimalText,
  entry_price: unsignedText,
  mark_price: unsignedText,
});

const summaryRow = z.object({
  sub_account_id: uint64Text,
  total_equity: decimalText,
  maintenance_margin: unsignedText,
});

const summaryAnswer = z.object({ result: summaryRow });

/** Rows of `get_all_initial_leverage`, read one by one, since others may have any form (strategy 10.4). */
const leveragesAnswer = z.object({ results: z.array(z.unknown()) });

const leverageRow = z.object({
  instrument: z.string(),
  leverage: unsignedText,
  min_leverage: z.string().nullish(),
  max_leverage: z.string().nullish(),
  margin_type: z.string().nullish(),
});

const fundingAnswer = z.object({
  result: z.object({ main_account_id: z.string().nullish() }).nullish(),
  tier: z
    .object({ tier: z.number(), futures_taker_fee: z.number().nullish(), futures_maker_fee: z.number().nullish() })
    .nullish(),
});

/** An account's terms for one instrument (strategy 11.7), as the exchange writes them; null: not stated. */
export interface InstrumentTerms {
  readonly instrument: string;
  readonly leverage: string;
  readonly minLeverage: string | null;
  readonly maxLeverage: string | null;
  /** `CROSS` or `ISOLATED`. */
  readonly marginType: string | null;
}

/** The funding account of a trading account, and its fees as the exchange's integers. */
export interface FundingTerms {
  readonly mainAccountId: string | null;
  readonly tier: number | null;
  readonly takerFee: number | null;
  readonly makerFee: number | null;
}

export function positionsSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'positions', route: 'positions', ...OF_ACCOUNT, ...asks('reading', READ_UNITS) },
    request: of(owner),
    invoke: (client, request, config) => client.positions(request, config),
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

export function leverageSpec(owner: Owner): ReadSpec<TDG> {
  return {
    ...{ call: 'instrumentTerms', route: 'get_all_initial_leverage', ...OF_ACCOUNT, ...asks('rest', READ_UNITS) },
    isOptional: true,
    request: of(owner),
    invoke: (client, request, config) => client.getAllInitialLeverage(request, config),
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

export function fillsSpec(owner: Owner, sinceMs: number, cursor: string | null): ReadSpec<TDG> {
  return {
    ...{ call: 'fillHistory', route: 'fill_history', ...OF_ACCOUNT, ...asks('look-up', READ_UNITS) },
    request: pageOf(owner, sinceMs, FILLS_PAGE_ROWS, cursor),
    invoke: (client, request, config) => client.fillHistory(request, config),
  };
}

/**
 * Positions that are not flat, one per instrument: the newest of repeated rows (strategy 10.4). @throws UnusableAnswer
 * naming the field of a traded instrument's row; a mark or entry price of zero under a position is one (strategy 3.1).
 */
export function parsePositions(answer: unknown, subAccountId: string, scope: RowScope): Position[] {
  const rows = readAs(rowsAnswer, answer).result;
  const newest = new Map<string, Position>();
  for (const [index, row] of rows.entries()) {
    const position = readRow(scope, `result[${index}]`, row, (one) => positionOf(one, subAccountId));
    if (position === null) continue;
    const known = newest.get(position.instrument);
    if (known === undefined || position.eventTimeNs > known.eventTimeNs) newest.set(position.instrument, position);
  }
  return [...newest.values()].filter((position) => !position.size.isZero());
}

/** One position, flat or not. @throws UnusableAnswer naming the field. */
export function positionOf(row: unknown, subAccountId: string): Position {
  const read = readAs(positionRow, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const position = {
    instrument: read.instrument,
    size: new Decimal(read.size),
    entryPrice: new Decimal(read.entry_price),
    markPrice: new Decimal(read.mark_price),
    eventTimeNs: BigInt(read.event_time),
  };
  if (!position.size.isZero()) {
    if (position.markPrice.isZero()) throw new UnusableAnswer('mark_price', ZERO_FIELD);
    if (position.entryPrice.isZero()) throw new UnusableAnswer('entry_price', ZERO_FIELD);
  }
  return position;
}

/** @throws UnusableAnswer naming the field. */
export function parseSummary(answer: unknown, subAccountId: string): AccountSummary {
  const row = readAs(summaryAnswer, answer).result;
  mustBeOwn('result.sub_account_id', row.sub_account_id, subAccountId);
  return {
    totalEquity: new Decimal(row.total_equity),
    maintenanceMargin: new Decimal(row.maintenance_margin),
    ...marginOf(answer),
  };
}

/**
 * One page of fills (without those of size zero), and the cursor of the next; null: the last one. `key` distinguishes a
 * row on two pages from two equal rows; null: nothing does.
 * @throws UnusableAnswer naming the field of a traded instrument's fill, or `next`.
 */
export function parseFillHistory(
  answer: unknown,
  subAccountId: string,
  limit: number,
  scope: RowScope,
): { fills: { readonly key: string | null; readonly fill: AccountFill }[]; next: string | null } {
  const { rows, next } = parsePage(answer, limit);
  const read = rows.map((row, index) => readRow(scope, `result[${index}]`, row, (one) => fillOf(one, subAccountId)));
  return { fills: read.filter((one) => one?.fill.size.gt(0) === true).map((one) => one!), next };
}

function fillOf(row: unknown, subAccountId: string): { key: string | null; fill: AccountFill } {
  const read = readAs(fillRow, row);
  mustBeOwn('sub_account_id', read.sub_account_id, subAccountId);
  const price = new Decimal(read.price);
  if (price.isZero()) throw new UnusableAnswer('price', ZERO_FIELD);
  const id = read.client_order_id;
  const isOwn = mayBeStrategyId(id);
  if (isOwn && !uint64Text.safeParse(id).success) {
    throw new UnusableAnswer(
      'client_order_id',
      reason('field-odd', '10.4', { expected: 'not-unsigned', found: preview(id) }),
    );
  }
  const fill = {
    instrument: read.instrument,
    side: read.is_buyer ? ('buy' as const) : ('sell' as const),
    size: new Decimal(read.size),
    price,
    timeMs: Number(BigInt(read.event_time) / 1_000_000n),
    // Canonical spelling of the id.
    clientOrderId: isOwn ? BigInt(id as string).toString() : foreignClientId(id),
  };
  return { key: read.trade_id ? `${read.trade_id} ${fill.side}` : null, fill };
}

/** Leverage and margin type by instrument (strategy 11.7). Unreadable rows are left out: nothing depends on them. */
export function parseInstrumentTerms(answer: unknown): InstrumentTerms[] {
  return readAs(leveragesAnswer, answer).results.flatMap((one) => {
    const row = leverageRow.safeParse(one);
    if (!row.success) return [];
    const { instrument, leverage, min_leverage, max_leverage, margin_type } = row.data;
    return [
      {
        instrument,
        leverage,
        minLeverage: min_leverage ?? null,
        maxLeverage: max_leverage ?? null,
        marginType: margin_type ?? null,
      },
    ];
  });
}

/** Funding account and fee tier (strategy 11.7). */
export function parseFundingTerms(answer: unknown): FundingTerms {
  const { result, tier } = readAs(fundingAnswer, answer);
  return {
    mainAccountId: result?.main_account_id ?? null,
    tier: tier?.tier ?? null,
    takerFee: tier?.futures_taker_fee ?? null,
    makerFee: tier?.futures_maker_fee ?? null,
  };
}
