import { Decimal as DecimalJs } from 'decimal.js';

/**
 * The one decimal type of the engine (strategy 2.2): sizes in base units, prices and money in USDT. 60 significant
 * digits keep `average × size` of two uint64-scaled figures exact; only a quotient (the price of an increment, strategy
 * 4.1) may be rounded, far below any tick. Exponents are limited to ±9e3, so that a hostile `1e400` stays finite.
 */
export const Decimal = DecimalJs.clone({
  precision: 60,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  toExpNeg: -9e3,
  toExpPos: 9e3,
  maxE: 9e3,
  minE: -9e3,
});
export type Decimal = DecimalJs;

export const ZERO: Decimal = new Decimal(0);

/** The largest number a signed order can carry (API 9): sizes × 10^`base_decimals`, prices × 10^9. */
export const UINT64_MAX: Decimal = new Decimal('18446744073709551615');

/** A plain decimal number as GRVT writes it: optional sign, digits, optional fraction. No exponent, no spaces. */
export const PLAIN_DECIMAL = /^-?\d+(\.\d+)?$/;

/** @throws RangeError naming the text if it is not a plain decimal number. */
export function decimal(text: string): Decimal {
  if (!PLAIN_DECIMAL.test(text)) throw new RangeError(`not a decimal number: ${JSON.stringify(text)}`);
  return new Decimal(text);
}

/** USDT with two decimals; zero has no sign. */
export function usdtText(amount: Decimal): string {
  const cents = amount.toDecimalPlaces(2);
  return (cents.isZero() ? ZERO : cents).toFixed(2);
}

/** The largest multiple of `step` that is not above `value` (value ≥ 0, step > 0). */
export function floorTo(value: Decimal, step: Decimal): Decimal {
  // `divToInt` is exact; a quotient of 60 digits is not.
  return value.divToInt(step).mul(step);
}

/** The smallest multiple of `step` that is not below `value` (value ≥ 0, step > 0). */
export function ceilTo(value: Decimal, step: Decimal): Decimal {
  return unitsFor(value, step).mul(step);
}

/** How many whole `unit`s reach `value` (value ≥ 0, unit > 0). */
export function unitsFor(value: Decimal, unit: Decimal): Decimal {
  const whole = value.divToInt(unit);
  return whole.mul(unit).lt(value) ? whole.plus(1) : whole;
}

export function commonMultiple(first: Decimal, second: Decimal): Decimal {
  const scale = new Decimal(10).pow(Math.max(first.decimalPlaces(), second.decimalPlaces()));
  const [one, other] = [first, second].map((value) => BigInt(value.mul(scale).toFixed())) as [bigint, bigint];
  let [divisor, rest] = [one, other];
  while (rest > 0n) [divisor, rest] = [rest, divisor % rest];
  return new Decimal(((one / divisor) * other).toString()).div(scale);
}

export function min(first: Decimal, ...rest: Decimal[]): Decimal {
  return rest.reduce((least, value) => (value.lt(least) ? value : least), first);
}

export function max(first: Decimal, ...rest: Decimal[]): Decimal {
  return rest.reduce((most, value) => (value.gt(most) ? value : most), first);
}

export function sum(values: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const value of values) total = total.plus(value);
  return total;
}
