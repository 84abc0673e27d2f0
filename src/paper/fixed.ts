import { PLAIN_DECIMAL } from '../core/decimal.ts';

/**
 * Exact arithmetic on integers: prices and sizes count 1e-9 units (the scale of signatures, API 9), their products
 * 1e-18. A matching engine rarely divides, and integers lose no digit.
 */

/** One unit of price or size. */
export const E9 = 1_000_000_000n;

function parse(text: string, decimals: number): bigint | null {
  if (!PLAIN_DECIMAL.test(text)) return null;
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  // Digits beyond the scale are truncated, like in the venue's signing rule (API 9).
  const value = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  return negative ? -value : value;
}

/** Reads a price or size into 1e-9 units, truncating further digits. null: not a plain decimal number. */
export function parseE9(text: string): bigint | null {
  return parse(text, 9);
}

/**
 * Reads a price or size of ours.
 *
 * @throws RangeError naming the text.
 */
export function e9(text: string): bigint {
  const value = parseE9(text);
  if (value === null) throw new RangeError(`not a decimal number: ${JSON.stringify(text)}`);
  return value;
}

/** Truncates `text` at `decimals` digits and scales it, like a size in a signature (API 9). null: not a number. */
export function parseScaled(text: string, decimals: number): bigint | null {
  if (decimals >= 0) return parse(text, decimals);
  const whole = parse(text, 0);
  return whole === null ? null : whole / 10n ** BigInt(-decimals);
}

/** Whether digits beyond 1e-9 would be lost. */
export function exceedsE9(text: string): boolean {
  const fraction = text.split('.')[1] ?? '';
  return /[1-9]/.test(fraction.slice(9));
}

function print(value: bigint, decimals: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, -decimals);
  let end = digits.length;
  const least = digits.length - decimals + 1;
  while (end > least && digits.charCodeAt(end - 1) === 48) end -= 1;
  return `${negative ? '-' : ''}${whole}.${digits.slice(whole.length, end)}`;
}

/** A price or size as the venue prints it: at least one decimal (API 1). */
export function printE9(value: bigint): string {
  return print(value, 9);
}

/** Money (1e-18) as the venue prints it: truncated at the quote's six decimals. */
export function printQuote(value: bigint): string {
  return print(value / 1_000_000_000_000n, 6);
}

/** A quotient truncated to `decimals` digits; zero if the divisor is zero. */
export function printRatio(numerator: bigint, denominator: bigint, decimals: number): string {
  if (denominator === 0n) return '0.0';
  return print((numerator * 10n ** BigInt(decimals)) / denominator, decimals);
}

export function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function least(first: bigint, second: bigint): bigint {
  return first < second ? first : second;
}

export function most(first: bigint, second: bigint): bigint {
  return first > second ? first : second;
}
