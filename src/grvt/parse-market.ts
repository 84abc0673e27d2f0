import type { MDG } from '@grvt/client';
import { z } from 'zod';
import { commonMultiple, Decimal } from '../core/decimal.ts';
import type { Book, BookLevel, Instrument } from '../core/model.ts';
import { reason } from '../core/reasons.ts';
import { asks, MARKET_UNITS, OF_MARKET, type ReadSpec } from './calls.ts';
import { type RowScope, readAs, readRow, UnusableAnswer, ZERO_FIELD } from './parse.ts';
import { type BookRow, bookRow, hexText, nameText, rowsAnswer, unsignedText } from './wire.ts';

/** Calls of the market data service: instruments, books, index prices, margin rules (strategy 10.4, 11.7). */

const MINI_UNITS = 4;

const instrumentRow = z.object({
  instrument: nameText,
  instrument_hash: hexText,
  base: nameText,
  quote: nameText,
  kind: nameText.optional(),
  /** Negative: sizes are signed in tens, hundreds, thousands (−3) of the unit. */
  base_decimals: z.int().min(-18).max(18),
  tick_size: unsignedText,
  min_size: unsignedText,
  /** Added late; older captures lack it (API 4). */
  min_notional: unsignedText.nullish(),
});

const bookAnswer = z.object({ result: bookRow });

/** The used part of a mini ticker. */
const indexAnswer = z.object({ result: z.object({ instrument: z.string(), index_price: unsignedText }) });

/** For one instrument; `risk_brackets` likewise row by row. */
const marginRulesAnswer = z.object({
  max_position_size: unsignedText.nullish(),
  risk_brackets: z.array(z.unknown()).nullish(),
});

const bracketRow = z.object({
  notional_floor: unsignedText,
  notional_cap: unsignedText.nullish(),
  max_leverage: unsignedText,
});

/** The exchange's position limits for an instrument (strategy 11.7); null: not stated. */
export interface MarginRules {
  /** Base units. */
  readonly maxPositionSize: Decimal | null;
  /** By notional, USDT: from `floor`, below `cap` (null: unlimited). */
  readonly brackets: readonly {
    readonly floor: Decimal;
    readonly cap: Decimal | null;
    readonly maxLeverage: Decimal;
  }[];
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

export function marginRulesSpec(instrument: string): ReadSpec<MDG> {
  return {
    ...{ call: 'marginRules', route: 'margin_rules', ...OF_MARKET, ...asks('rest', MARKET_UNITS), isOptional: true },
    request: { instrument },
    invoke: (client, request, config) => client.marginRules(request, config),
  };
}

/**
 * Perpetuals of `all_instruments`; other kinds are not read.
 * @throws UnusableAnswer naming the field of a traded instrument's row.
 */
export function parseInstruments(answer: unknown, scope: RowScope): Instrument[] {
  const rows = readAs(rowsAnswer, answer).result;
  const found = new Map<string, Instrument>();
  for (const [index, row] of rows.entries()) {
    if (isOtherKind(row)) continue;
    const instrument = readRow(scope, `result[${index}]`, row, instrumentOf);
    if (instrument !== null) found.set(instrument.name, instrument);
  }
  return [...found.values()];
}

function instrumentOf(row: unknown): Instrument {
  const read = readAs(instrumentRow, row);
  const [tickSize, minSize] = [new Decimal(read.tick_size), new Decimal(read.min_size)];
  if (tickSize.isZero()) throw new UnusableAnswer('tick_size', ZERO_FIELD);
  if (minSize.isZero()) throw new UnusableAnswer('min_size', ZERO_FIELD);
  return {
    name: read.instrument,
    hash: read.instrument_hash,
    base: read.base,
    quote: read.quote,
    baseDecimals: read.base_decimals,
    tickSize,
    // A step finer than a signature can carry would be truncated from the signed size.
    minSize: commonMultiple(minSize, new Decimal(10).pow(-read.base_decimals)),
    minNotional: new Decimal(read.min_notional ?? '0'),
  };
}

/**
 * A book of the requested instrument, which may be empty, one-sided or crossed (strategy 7.4).
 * @throws UnusableAnswer if it is another instrument's, unordered, or has an impossible level.
 */
export function parseBook(answer: unknown, instrument: string): Book {
  const row = readAs(bookAnswer, answer).result;
  if (row.instrument !== instrument) {
    throw new UnusableAnswer(
      'result.instrument',
      reason('field-for-another', '10.4', { found: row.instrument, asked: instrument }),
    );
  }
  return bookOf(row);
}

/** A book from its stream, by the same rules. @throws UnusableAnswer if it is unordered or has an impossible level. */
export function parseBookFrame(feed: unknown): Book {
  return bookOf(readAs(bookRow, feed));
}

function bookOf(row: BookRow): Book {
  return {
    instrument: row.instrument,
    bids: bookSide('bids', row.bids, (price, before) => price.lt(before)),
    asks: bookSide('asks', row.asks, (price, before) => price.gt(before)),
    eventTimeNs: BigInt(row.event_time),
  };
}

/**
 * The index price of the requested instrument, USDT.
 * @throws UnusableAnswer if it is another instrument's, or not positive.
 */
export function parseIndexPrice(answer: unknown, instrument: string): Decimal {
  const row = readAs(indexAnswer, answer).result;
  if (row.instrument !== instrument) {
    throw new UnusableAnswer(
      'result.instrument',
      reason('field-for-another', '10.4', { found: row.instrument, asked: instrument }),
    );
  }
  const price = new Decimal(row.index_price);
  if (price.lte(0))
    throw new UnusableAnswer('result.index_price', reason('field-not-positive', '10.4', { found: row.index_price }));
  return price;
}

function bookSide(
  side: string,
  rows: readonly { price: string; size: string }[],
  isFurther: (price: Decimal, before: Decimal) => boolean,
): BookLevel[] {
  const levels: BookLevel[] = [];
  for (const [index, row] of rows.entries()) {
    const price = new Decimal(row.price);
    const size = new Decimal(row.size);
    if (price.isZero()) throw new UnusableAnswer(`result.${side}[${index}].price`, ZERO_FIELD);
    if (size.isZero()) throw new UnusableAnswer(`result.${side}[${index}].size`, ZERO_FIELD);
    const before = levels.at(-1)?.price;
    if (before !== undefined && !isFurther(price, before)) {
      throw new UnusableAnswer(
        `result.${side}[${index}].price`,
        reason('level-not-further', '10.4', { price: row.price, before: before.toFixed() }),
      );
    }
    levels.push({ price, size });
  }
  return levels;
}

function isOtherKind(row: unknown): boolean {
  return (
    row !== null && typeof row === 'object' && 'kind' in row && typeof row.kind === 'string' && row.kind !== 'PERPETUAL'
  );
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
