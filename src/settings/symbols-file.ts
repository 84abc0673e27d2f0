import { z } from 'zod';
import { type Decimal, decimal } from '../core/decimal.ts';
import type { Side, SymbolConfig } from '../core/model.ts';
import { type BothTexts, type Reason, reason } from '../core/reasons.ts';
import type { ShownValue } from '../core/start-reasons.ts';
import { utf8 } from './given.ts';
import { repeatedKeys } from './json-keys.ts';
import { jsonMistake } from './json-mistake.ts';
import { nearest, shown } from './wording.ts';

export type SymbolsReading =
  | { readonly ok: true; readonly symbols: readonly SymbolConfig[]; readonly warnings: readonly Reason[] }
  | { readonly ok: false; readonly errors: readonly Reason[] };

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
function field<T>(expected: BothTexts, read: (value: unknown) => T | undefined, fallback?: T) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T => {
      if (value === undefined && fallback !== undefined) return fallback;
      const result = read(value);
      if (result !== undefined) return result;
      const problem =
        value === undefined
          ? reason('value-missing', '2.2', { expected })
          : reason('value-illegal', '2.2', { value: written(value), expected });
      context.addIssue({ code: 'custom', params: { problem } });
      return z.NEVER;
    });
}

function amount(en: string, zh: string, fits: (value: Decimal) => boolean) {
  const plainly = {
    en: `${en}, written plainly (1000 or 0.5 or "1000")`,
    zh: `${zh}，直接写数字（1000、0.5 或 "1000"）`,
  };
  return field(plainly, (value) => {
    const text = value instanceof WrittenNumber ? value.source : value;
    if (typeof text !== 'string' || text.length > MAX_AMOUNT_CHARS || !/^\d+(\.\d+)?$/.test(text)) return undefined;
    const read = decimal(text);
    return fits(read) && read.lte(LARGEST_USDT) ? read : undefined;
  });
}

function word<const T extends string>(words: readonly T[], fallback?: T) {
  const quoted = words.map((one) => `"${one}"`);
  const expected = { en: quoted.join(' or '), zh: ` ${quoted.join(' 或 ')}` };
  return field<T>(expected, (value) => words.find((one) => one === value), fallback);
}

const notNegativeAmount = amount(
  'a number of USDT, 0 or more',
  '金额（USDT），不小于 0',
  (value) => !value.isNegative(),
);

const rowSchema: z.ZodType<Row> = z.strictObject({
  instrument: field(
    { en: 'the name of an instrument, e.g. "BNB_USDT_Perp"', zh: '标的名称，例如 "BNB_USDT_Perp"' },
    (value) => (typeof value === 'string' && /^[\w./:-]{1,64}$/.test(value) ? value : undefined),
  ),
  enabled: field(
    { en: 'true or false', zh: ' true 或 false' },
    (value) => (typeof value === 'boolean' ? value : undefined),
    true,
  ),
  order_notional_usdt: amount('a number of USDT above 0', '金额（USDT），大于 0', (value) => value.gt(0)),
  imbalance_limit_usdt: notNegativeAmount,
  max_total_position_usdt: notNegativeAmount,
  min_total_position_usdt: notNegativeAmount,
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
  const invalid = (problem: Reason): SymbolsReading => ({
    ok: false,
    errors: [reason('symbols-file-invalid', '2.2', { file, problem })],
  });
  if (bytes.length > MAX_BYTES)
    return invalid(reason('symbols-too-large', '2.2', { bytes: bytes.length, most: MAX_BYTES }));
  const text = utf8(bytes);
  if (text === null) return invalid(reason('file-not-utf8', '2.2'));
  if (text.trim() === '') return invalid(reason('symbols-empty', '2.2'));
  const parsed = parse(text);
  if ('problem' in parsed) return invalid(parsed.problem);
  const rows = parsed.value;
  if (!Array.isArray(rows)) return invalid(reason('symbols-no-list', '2.2', { value: written(rows) }));
  if (rows.length === 0) return invalid(reason('symbols-none', '2.2'));
  if (rows.length > MAX_SYMBOLS)
    return invalid(reason('symbols-too-many', '2.2', { count: rows.length, most: MAX_SYMBOLS }));
  return judgeRows(rows, repeatedKeys(text), file);
}

function judgeRows(
  rows: readonly unknown[],
  repeated: ReadonlyMap<number, readonly string[]>,
  file: string,
): SymbolsReading {
  const errors: Reason[] = [];
  const symbols: SymbolConfig[] = [];
  const firstIndex = new Map<string, number>();
  for (const [index, value] of rows.entries()) {
    const name = instrumentOf(value);
    const shownName = name === null ? null : printable(name);
    const complain = (key: ShownValue | null, problem: Reason) =>
      errors.push(reason('row-wrong', '2.2', { file, row: index, name: shownName, key, problem }));
    if (typeof value !== 'object' || value === null || value instanceof WrittenNumber || Array.isArray(value)) {
      complain(null, reason('row-no-object', '2.2', { value: written(value) }));
      continue;
    }
    for (const key of repeated.get(index) ?? []) complain(printable(key), reason('key-repeated', '2.2'));
    const result = rowSchema.safeParse(value);
    for (const issue of result.error?.issues ?? []) {
      if (issue.code === 'custom') complain(issue.path.join('.'), issue.params?.problem as Reason);
      if (issue.code !== 'unrecognized_keys') continue;
      for (const key of issue.keys)
        complain(printable(key), reason('key-unknown', '2.2', { near: nearest(key, ROW_KEYS) }));
    }
    const earlier = name === null ? undefined : firstIndex.get(name.toLowerCase());
    if (earlier !== undefined) complain('instrument', reason('row-repeats', '2.2', { earlier, instrument: null }));
    else if (name !== null) firstIndex.set(name.toLowerCase(), index);
    const [least, most] = [amountOf(value, 'min_total_position_usdt'), amountOf(value, 'max_total_position_usdt')];
    if (least !== null && most !== null && least.gt(most)) {
      const limits = { least: least.toFixed(), most: most.toFixed() };
      complain('min_total_position_usdt', reason('min-above-max', '2.2', limits));
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

function printable(name: string): ShownValue {
  return /^[\w.-]{1,64}$/.test(name) ? name : shown(name);
}

function instrumentOf(row: unknown): string | null {
  const name = entry(row, 'instrument');
  return typeof name === 'string' && name !== '' ? name : null;
}

/** A valid amount under a key, whatever else is wrong with the row. */
function amountOf(row: unknown, key: keyof Row): Decimal | null {
  const result = notNegativeAmount.safeParse(entry(row, key));
  return result.success ? result.data : null;
}

function entry(row: unknown, key: string): unknown {
  return typeof row === 'object' && row !== null && Object.hasOwn(row, key)
    ? (row as Record<string, unknown>)[key]
    : undefined;
}

/** A value of the file as it was written, shortened. */
function written(value: unknown): ShownValue {
  if (value instanceof WrittenNumber) return shorten(value.source);
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return { json: 'list' };
  if (typeof value === 'object' && value !== null) return { json: 'object' };
  return String(value);
}

function shorten(text: string): string {
  return text.length > MAX_AMOUNT_CHARS ? `${text.slice(0, MAX_AMOUNT_CHARS)}…` : text;
}

/** The reviver's third argument (ES2025, in Node 24). */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parse(text: string): { readonly value: unknown } | { readonly problem: Reason } {
  const keepWritten: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new WrittenNumber(context.source ?? String(value)) : value;
  try {
    return { value: JSON.parse(text, keepWritten as Parameters<typeof JSON.parse>[1]) as unknown };
  } catch {
    const mistake = jsonMistake(text);
    // Nested so deeply that the parser gives up.
    if (mistake === null) return { problem: reason('file-unreadable', '2.2', { code: 'RangeError' }) };
    return { problem: reason('symbols-not-json', '2.2', { ...mistake }) };
  }
}
