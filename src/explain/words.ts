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

/** Chinese characters and punctuation, which take two cells of a terminal. */
const WIDE = /[\p{Script=Han}\u3000-\u303f\uff00-\uff60]/gu;

function cells(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

/** Rows in columns of equal width, the first row a heading; numbers are left-aligned, so that they can be copied. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => cells(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - cells(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}
