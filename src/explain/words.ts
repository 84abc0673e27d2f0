import { Decimal } from '../core/decimal.ts';

/** Formats of the commands that read the journal: plain decimals, times in `GRVT_HEDGE_TIME_ZONE`. */

/** `2026-11-20 09:40:01.123`, local. */
export function clockTime(atMs: number): string {
  const offsetMs = new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(atMs - offsetMs).toISOString().replace('T', ' ').replace('Z', '');
}

/** The zone of those times, e.g. `Asia/Shanghai`. */
export function zoneName(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The same value with decimals and integers as plain text, for any JSON parser. */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (Array.isArray(value)) return value.map(plainJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainJson(inner)]));
}

/** Rows in columns of equal width, the first row a heading; numbers are left-aligned, so that they can be copied. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The rules that an order cites, in a few words each (docs/strategy.md has them whole). */
export const RULE_WORDS: Readonly<Record<string, string>> = {
  '6.1': 'equal, increase: each account opens on the side that grows its position',
  '6.2': 'equal, decrease: each account closes on the side that shrinks its position',
  '6.3': 'imbalanced: one account trades against the net; which one, by mode and limits',
  '6.4': 'size of a repair: what is not covered yet, at most one order',
  '6.5': 'both orders of an opening pair have one size',
  '6.6': 'no order of A may match one of B: one tick beyond',
  '7.1': 'a sell at the best ask or its guard, a buy at the best bid or its guard',
  '7.2': 'the guard: the hardest open lot the order would be matched with',
  '8.1': 'at most two live orders per account',
  '8.2': 'at most one live order per account while hedged or nearly so; orders on a wrong side go first',
};
