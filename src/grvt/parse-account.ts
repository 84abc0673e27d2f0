import { Decimal } from '../core/decimal.ts';
import type {
  AccountFill,
  AccountSummary,
  FundingTerms,
  InstrumentTerms,
  MarginRules,
  Position,
} from '../core/model.ts';
import { mayBeStrategyId } from '../core/order-id.ts';
import { reason } from '../core/reasons.ts';
import { marginOf } from './margin.ts';
import { mustBeOwn, parsePage, preview, type RowScope, readAs, readRow, UnusableAnswer, ZERO_FIELD } from './parse.ts';
import { foreignClientId } from './parse-orders.ts';
import {
  bracketRow,
  fillRow,
  fundingAnswer,
  leverageRow,
  leveragesAnswer,
  marginRulesAnswer,
  positionRow,
  rowsAnswer,
  summaryAnswer,
  uint64Text,
} from './wire.ts';

/** An account's positions, fills and terms (strategy 10.4, 11.7). */

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

/** Largest position and risk brackets of an instrument (strategy 11.7). */
export function parseMarginRules(answer: unknown): MarginRules {
  const { max_position_size: largest, risk_brackets: rows } = readAs(marginRulesAnswer, answer);
  return {
    maxPositionSize: largest && !new Decimal(largest).isZero() ? new Decimal(largest) : null,
    brackets: (rows ?? []).flatMap((one) => {
      const row = bracketRow.safeParse(one);
      if (!row.success) return [];
      const { notional_floor, notional_cap, max_leverage } = row.data;
      return [
        {
          floor: new Decimal(notional_floor),
          cap: notional_cap ? new Decimal(notional_cap) : null,
          maxLeverage: new Decimal(max_leverage),
        },
      ];
    }),
  };
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
