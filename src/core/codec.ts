import { Decimal } from './decimal.ts';

/**
 * Exact text form of core values for journal and dashboard: a Decimal is `{"$d":"1.5"}`, a bigint `{"$n":"12"}`. Keys
 * keep their order, so equal values give equal text.
 */
export function encode(value: unknown): string {
  return JSON.stringify(tag(value));
}

/** @throws SyntaxError if the text is not JSON, RangeError if a tagged number is invalid. */
export function decode<T>(text: string): T {
  return JSON.parse(text, (_key, value: unknown) => untag(value)) as T;
}

function tag(value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: value.toString() };
  if (value === null || typeof value !== 'object') return value;
  if (Decimal.isDecimal(value)) return { $d: value.toFixed() };
  if (Array.isArray(value)) return value.map(tag);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tag(inner)]));
}

function untag(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if ('$d' in value && typeof value.$d === 'string') return new Decimal(value.$d);
  if ('$n' in value && typeof value.$n === 'string') return BigInt(value.$n);
  return value;
}
