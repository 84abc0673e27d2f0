import { Decimal } from '../core/decimal.ts';
import { isReason } from '../core/reasons.ts';
import { reasonWords } from '../texts/reasons.ts';

/** A value as JSON: decimals and bigints as text, so that readers need no floats; reasons as text. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return value.toFixed();
  if (isReason(value)) return reasonWords(value);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
