import { z } from 'zod';
import { e9, parseE9 } from './fixed.ts';

/** An instrument as the embedded exchange trades it. Prices and sizes in 1e-9 units. */
export interface InstrumentSpec {
  readonly name: string;
  /** Signing asset id, hex. */
  readonly hash: string;
  readonly base: string;
  readonly quote: string;
  readonly kind: string;
  readonly venues: readonly string[];
  readonly settlementPeriod: string;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly tick: bigint;
  /** Also the size step (API 4). */
  readonly minSize: bigint;
  /** USDT, 1e-9 units; zero: none. */
  readonly minNotional: bigint;
  readonly maxPosition: bigint;
  readonly createTimeNs: string;
  readonly fundingIntervalHours: number;
  readonly fundingCap: string;
  readonly fundingFloor: string;
  /** Starting price of its market. */
  readonly startPrice: bigint;
  readonly leverage: bigint;
  /** false: creates answer 2060, market data continue. */
  readonly active: boolean;
}

interface Row {
  readonly base: string;
  readonly id: number;
  readonly tick: string;
  readonly minSize: string;
  readonly minNotional: string;
  readonly maxPosition: string;
  readonly price: string;
  readonly baseDecimals?: number;
}

/** API 4's table; missing figures are of the same magnitude as its neighbours. */
const LISTED: readonly Row[] = [
  { base: 'BTC', id: 5, tick: '0.1', minSize: '0.001', minNotional: '100.0', maxPosition: '1000.0', price: '95000.0' },
  { base: 'ETH', id: 4, tick: '0.01', minSize: '0.01', minNotional: '20.0', maxPosition: '10000.0', price: '3200.0' },
  { base: 'SOL', id: 6, tick: '0.01', minSize: '0.01', minNotional: '5.0', maxPosition: '100000.0', price: '150.0' },
  { base: 'BNB', id: 8, tick: '0.1', minSize: '0.01', minNotional: '5.0', maxPosition: '20000.0', price: '620.0' },
];

/** Further ones available by name. */
const UNLISTED: readonly Row[] = [
  { base: 'XRP', id: 15, tick: '0.0001', minSize: '1.0', minNotional: '5.0', maxPosition: '5000000.0', price: '2.2' },
  {
    base: 'DOGE',
    id: 30,
    tick: '0.00001',
    minSize: '1.0',
    minNotional: '5.0',
    maxPosition: '9000000.0',
    price: '0.18',
  },
  {
    base: 'ADA',
    id: 33,
    tick: '0.0001',
    minSize: '1.0',
    minNotional: '5.0',
    maxPosition: '5000000.0',
    price: '0.62',
    baseDecimals: 6,
  },
  { base: 'AAVE', id: 34, tick: '0.01', minSize: '0.1', minNotional: '5.0', maxPosition: '3000.0', price: '180.0' },
  { base: 'LTC', id: 40, tick: '0.01', minSize: '0.01', minNotional: '5.0', maxPosition: '50000.0', price: '92.0' },
  { base: 'DOT', id: 41, tick: '0.001', minSize: '0.1', minNotional: '5.0', maxPosition: '900000.0', price: '4.3' },
];

/** Leverage for an initial margin of 5 %; the maintenance margin is half of it. */
const DEFAULT_LEVERAGE = 20n;
const CREATED_NS = '1768040726362828205';

function fromRow(row: Row): InstrumentSpec {
  const id = row.id < 256 ? row.id.toString(16).padStart(2, '0') : row.id.toString(16).padStart(4, '0');
  return {
    name: `${row.base}_USDT_Perp`,
    hash: `0x03${id}01`,
    base: row.base,
    quote: 'USDT',
    kind: 'PERPETUAL',
    venues: ['ORDERBOOK', 'RFQ'],
    settlementPeriod: 'PERPETUAL',
    baseDecimals: row.baseDecimals ?? 9,
    quoteDecimals: 6,
    tick: e9(row.tick),
    minSize: e9(row.minSize),
    minNotional: e9(row.minNotional),
    maxPosition: e9(row.maxPosition),
    createTimeNs: CREATED_NS,
    fundingIntervalHours: 8,
    fundingCap: '0.3',
    fundingFloor: '-0.3',
    startPrice: e9(row.price),
    leverage: DEFAULT_LEVERAGE,
    active: true,
  };
}

/** BTC, ETH, SOL and BNB. */
export function defaultInstruments(): readonly InstrumentSpec[] {
  return LISTED.map(fromRow);
}

/** Every instrument this file knows by name, the default four first. */
export function knownInstruments(): readonly InstrumentSpec[] {
  return [...LISTED, ...UNLISTED].map(fromRow);
}

/** `SYM001_USDT_Perp` and so on, with varying prices and steps, for load tests. */
export function syntheticInstruments(count: number): readonly InstrumentSpec[] {
  const shapes: readonly Omit<Row, 'base' | 'id'>[] = [
    { tick: '0.1', minSize: '0.001', minNotional: '100.0', maxPosition: '1000.0', price: '60000.0' },
    { tick: '0.01', minSize: '0.01', minNotional: '20.0', maxPosition: '10000.0', price: '2500.0' },
    { tick: '0.01', minSize: '0.1', minNotional: '5.0', maxPosition: '100000.0', price: '140.0' },
    { tick: '0.001', minSize: '0.1', minNotional: '5.0', maxPosition: '900000.0', price: '8.5' },
    { tick: '0.0001', minSize: '1.0', minNotional: '5.0', maxPosition: '5000000.0', price: '0.65' },
  ];
  return Array.from({ length: count }, (_, index) =>
    fromRow({ base: `SYM${String(index + 1).padStart(3, '0')}`, id: 100 + index, ...shapes[index % shapes.length]! }),
  );
}

const number = z.union([z.string(), z.number()]).transform((value) => String(value));
const display = z.object({
  instrument: z.string().min(1),
  instrument_hash: z.string().regex(/^0x[0-9a-fA-F]+$/),
  base: z.string(),
  quote: z.string(),
  kind: z.string().default('PERPETUAL'),
  venues: z.array(z.string()).default(['ORDERBOOK']),
  settlement_period: z.string().default('PERPETUAL'),
  base_decimals: z.coerce.number().int().min(-18).max(18),
  quote_decimals: z.coerce.number().int().min(0).max(18).default(6),
  tick_size: number,
  min_size: number,
  create_time: number.default(CREATED_NS),
  max_position_size: number.default('1000000.0'),
  funding_interval_hours: z.coerce.number().int().default(8),
  adjusted_funding_rate_cap: number.default('0.3'),
  adjusted_funding_rate_floor: number.default('-0.3'),
  min_notional: number.default('0.0'),
  /** Our extension: the market's starting price. */
  start_price: number.optional(),
});
const displayFile = z.union([z.array(display), z.object({ result: z.union([z.array(display), display]) })]);

/**
 * Instruments from GRVT's JSON: a list, or an answer of `instrument`, `instruments` or `all_instruments`. Without
 * `start_price` the market starts at the table's price of the same base, else at 10,000 ticks.
 * @throws Error naming the field if the JSON has another form or a step is not positive.
 */
export function instrumentsFromJson(json: unknown): readonly InstrumentSpec[] {
  const read = displayFile.parse(json);
  const rows = Array.isArray(read) ? read : Array.isArray(read.result) ? read.result : [read.result];
  const known = new Map(knownInstruments().map((spec) => [spec.base, spec]));
  return rows.map((row) => {
    const positive = (field: 'tick_size' | 'min_size'): bigint => {
      const value = parseE9(row[field]);
      if (value === null || value <= 0n) throw new Error(`${row.instrument}: ${field} must be positive: ${row[field]}`);
      return value;
    };
    const tick = positive('tick_size');
    const start =
      row.start_price === undefined ? (known.get(row.base)?.startPrice ?? tick * 10_000n) : e9(row.start_price);
    return {
      name: row.instrument,
      hash: row.instrument_hash.toLowerCase(),
      base: row.base,
      quote: row.quote,
      kind: row.kind,
      venues: row.venues,
      settlementPeriod: row.settlement_period,
      baseDecimals: row.base_decimals,
      quoteDecimals: row.quote_decimals,
      tick,
      minSize: positive('min_size'),
      minNotional: e9(row.min_notional),
      maxPosition: e9(row.max_position_size),
      createTimeNs: row.create_time,
      fundingIntervalHours: row.funding_interval_hours,
      fundingCap: row.adjusted_funding_rate_cap,
      fundingFloor: row.adjusted_funding_rate_floor,
      startPrice: (start / tick) * tick,
      leverage: DEFAULT_LEVERAGE,
      active: true,
    };
  });
}
