import { z } from 'zod';
import { type Decimal, decimal } from '../core/decimal.ts';
import type { Side, SymbolConfig } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { utf8 } from './given.ts';
import { repeatedKeys } from './json-keys.ts';
import { jsonMistake } from './json-mistake.ts';
import { shown, suggestion } from './wording.ts';

export type SymbolsReading =
  | { readonly ok: true; readonly symbols: readonly SymbolConfig[]; readonly warnings: readonly Reason[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** More instruments than any account trades: a longer file is the wrong one. */
export const MAX_SYMBOLS = 500;

/** Larger than 500 rows can be. */
const MAX_BYTES = 1_000_000;

/** Digits of an amount, including the point: beyond that the arithmetic (60 digits) would have to round. */
const MAX_AMOUNT_CHARS = 40;

/** Above any real position; keeps a typing error from becoming a limit. */
const LARGEST_USDT = decimal('1000000000000000');

/** A number as it was written: JSON's own parsing would use binary floating point. */
class WrittenNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

interface Row {
  readonly instrument: string;
  readonly enabled: boolean;
  readonly order_notional_usdt: Decimal;
  readonly imbalance_limit_usdt: Decimal;
  readonly max_total_position_usdt: Decimal;
  readonly min_total_position_usdt: Decimal;
  readonly a_side_when_equal: Side;
  readonly position_mode: 'increase' | 'decrease';
  readonly decrease_repair: 'larger' | 'smaller';
  readonly mode: 'trade' | 'hedge-only' | 'pause';
}

/** One field: returns its value or what was expected. `fallback` undefined: required. */
function field<T>(expected: string, read: (value: unknown) => T | undefined, fallback?: T) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T => {
      if (value === undefined && fallback !== undefined) return fallback;
      const result = read(value);
      if (result !== undefined) return result;
      const message = value === undefined ? 'is missing' : `${written(value)} is not legal`;
      context.addIssue({ code: 'custom', message: `${message}: expected ${expected}` });
      return z.NEVER;
    });
}

function amount(expected: string, fits: (value: Decimal) => boolean) {
  return field(`${expected}, written plainly (1000 or 0.5 or "1000")`, (value) => {
    const text = value instanceof WrittenNumber ? value.source : value;
    if (typeof text !== 'string' || text.length > MAX_AMOUNT_CHARS || !/^\d+(\.\d+)?$/.test(text)) return undefined;
    const read = decimal(text);
    return fits(read) && read.lte(LARGEST_USDT) ? read : undefined;
  });
}

function word<const T extends string>(words: readonly T[], fallback?: T) {
  return field<T>(words.map((one) => `"${one}"`).join(' or '), (value) => words.find((one) => one === value), fallback);
}

const notNegative = (value: Decimal) => !value.isNegative();

const rowSchema: z.ZodType<Row> = z.strictObject({
  instrument: field('the name of an instrument, e.g. "BNB_USDT_Perp"', (value) =>
    typeof value === 'string' && /^[\w./:-]{1,64}$/.test(value) ? value : undefined,
  ),
  enabled: field('true or false', (value) => (typeof value === 'boolean' ? value : undefined), true),
  order_notional_usdt: amount('a number of USDT above 0', (value) => value.gt(0)),
  imbalance_limit_usdt: amount('a number of USDT, 0 or more', notNegative),
  max_total_position_usdt: amount('a number of USDT, 0 or more', notNegative),
  min_total_position_usdt: amount('a number of USDT, 0 or more', notNegative),
  a_side_when_equal: word(['buy', 'sell']),
  position_mode: word(['increase', 'decrease']),
  decrease_repair: word(['larger', 'smaller'], 'larger'),
  mode: word(['trade', 'hedge-only', 'pause'], 'trade'),
}) as unknown as z.ZodType<Row>;

/** The keys a row may have (strategy 2.2). */
export const ROW_KEYS = [
  'instrument',
  'enabled',
  'order_notional_usdt',
  'imbalance_limit_usdt',
  'max_total_position_usdt',
  'min_total_position_usdt',
  'a_side_when_equal',
  'position_mode',
  'decrease_repair',
  'mode',
] as const satisfies readonly (keyof Row)[];

/**
 * Reads the symbols file (strategy 2.2): exact amounts, no unknown keys, all errors at once with index, instrument and
 * key. Names are resolved later with the exchange's list (`resolveInstruments`). Never throws.
 * @param file its name in messages.
 */
export function readSymbols(bytes: Uint8Array, file: string): SymbolsReading {
  const invalid = (why: string): SymbolsReading => ({
    ok: false,
    errors: [`Invalid symbols config JSON: ${file}: ${why}`],
  });
  if (bytes.length > MAX_BYTES) return invalid(`${bytes.length} bytes: expected at most ${MAX_BYTES}`);
  const text = utf8(bytes);
  if (text === null) return invalid('not UTF-8 text: save it as UTF-8');
  if (text.trim() === '') return invalid('empty: expected a list of symbols, [ { … } ]');
  const parsed = parse(text);
  if ('problem' in parsed) return invalid(parsed.problem);
  const rows = parsed.value;
  if (!Array.isArray(rows)) return invalid(`${written(rows)} is not a list: expected [ { … } ]`);
  if (rows.length === 0)
    return invalid('an empty list: expected at least one symbol (to trade none, set "enabled": false)');
  if (rows.length > MAX_SYMBOLS) return invalid(`${rows.length} symbols: expected at most ${MAX_SYMBOLS}`);
  return judgeRows(rows, repeatedKeys(text), file);
}

function judgeRows(
  rows: readonly unknown[],
  repeated: ReadonlyMap<number, readonly string[]>,
  file: string,
): SymbolsReading {
  const errors: string[] = [];
  const symbols: SymbolConfig[] = [];
  const firstIndex = new Map<string, number>();
  for (const [index, value] of rows.entries()) {
    const name = instrumentOf(value);
    const at = `${file} [${index}]${name === null ? '' : ` ${printable(name)}`}`;
    if (typeof value !== 'object' || value === null || value instanceof WrittenNumber || Array.isArray(value)) {
      errors.push(`${at}: ${written(value)} is not a symbol: expected { "instrument": …, … }`);
      continue;
    }
    for (const key of repeated.get(index) ?? []) {
      errors.push(`${at} ${printable(key)}: is there more than once: expected each key once`);
    }
    const result = rowSchema.safeParse(value);
    if (!result.success) errors.push(...result.error.issues.flatMap((issue) => complaints(issue, at)));
    const earlier = name === null ? undefined : firstIndex.get(name.toLowerCase());
    if (earlier !== undefined)
      errors.push(`${at} instrument: duplicate of [${earlier}]: expected each instrument once`);
    else if (name !== null) firstIndex.set(name.toLowerCase(), index);
    const [least, most] = [amountOf(value, 'min_total_position_usdt'), amountOf(value, 'max_total_position_usdt')];
    if (least !== null && most !== null && least.gt(most)) {
      errors.push(
        `${at} min_total_position_usdt: ${least.toFixed()} is above max_total_position_usdt ${most.toFixed()}: expected min ≤ max`,
      );
    }
    if (result.success) symbols.push(configOf(result.data));
  }
  if (errors.length > 0) return { ok: false, errors };
  const warnings = symbols.some((symbol) => symbol.enabled) ? [] : [reason('no-symbol-enabled', '2.2', { file })];
  return { ok: true, symbols, warnings };
}

function configOf(row: Row): SymbolConfig {
  return {
    instrument: row.instrument,
    enabled: row.enabled,
    orderNotionalUsdt: row.order_notional_usdt,
    imbalanceLimitUsdt: row.imbalance_limit_usdt,
    maxTotalPositionUsdt: row.max_total_position_usdt,
    minTotalPositionUsdt: row.min_total_position_usdt,
    aSideWhenEqual: row.a_side_when_equal,
    positionMode: row.position_mode,
    decreaseRepair: row.decrease_repair,
    ...(row.mode === 'trade' ? {} : { mode: row.mode }),
  };
}

function complaints(issue: z.core.$ZodIssue, at: string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${at} ${printable(key)}: unknown key${suggestion(key, ROW_KEYS)}`);
  }
  return [`${at} ${issue.path.join('.')}: ${issue.message}`];
}

function printable(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : shown(name);
}

function instrumentOf(row: unknown): string | null {
  const name = entry(row, 'instrument');
  return typeof name === 'string' && name !== '' ? name : null;
}

/** A valid amount under a key, whatever else is wrong with the row. */
function amountOf(row: unknown, key: keyof Row): Decimal | null {
  const result = amount('', notNegative).safeParse(entry(row, key));
  return result.success ? result.data : null;
}

function entry(row: unknown, key: string): unknown {
  return typeof row === 'object' && row !== null && Object.hasOwn(row, key)
    ? (row as Record<string, unknown>)[key]
    : undefined;
}

/** A value of the file as it was written, shortened. */
function written(value: unknown): string {
  if (value instanceof WrittenNumber) return shorten(value.source);
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function shorten(text: string): string {
  return text.length > MAX_AMOUNT_CHARS ? `${text.slice(0, MAX_AMOUNT_CHARS)}…` : text;
}

/** The reviver's third argument (ES2025, in Node 24). */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parse(text: string): { readonly value: unknown } | { readonly problem: string } {
  const keepWritten: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new WrittenNumber(context.source ?? String(value)) : value;
  try {
    return { value: JSON.parse(text, keepWritten as Parameters<typeof JSON.parse>[1]) as unknown };
  } catch {
    const mistake = jsonMistake(text);
    if (mistake === null) return { problem: 'cannot be read' };
    const { line, column, expected } = mistake;
    return { problem: `line ${line} column ${column}: expected ${expected}` };
  }
}
