import { Decimal } from '../core/decimal.ts';
import { isReason, reasonWords } from '../texts/reasons.ts';

/** A value as JSON for people: decimals and big integers as text, so that no reader goes through floats; reasons in words. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (isReason(value)) return reasonWords(value);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
