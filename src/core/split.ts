import { Decimal, max, sum, ZERO } from './decimal.ts';
import { lotsNet } from './ledger.ts';
import { ACCOUNTS, type AccountName } from './model.ts';
import { noClosedSizes, type SymbolState } from './symbol-state.ts';
import { waitingOf } from './valuing.ts';

/** A split (strategy 10.5): the exchange re-denominates positions, so many new units for each old one. */

/** Tolerated difference between the accounts' ratios: the exchange rounds sizes to its steps. */
const RATIO_TOLERANCE = new Decimal('0.01');
/** Smaller changes are no split (the smallest common one is five for four) but trades that a stale journal lacks. */
const RATIO_LEAST = new Decimal('1.2');
/** Splits are so many units for at most this many: 10 for 1, 3 for 2, 5 for 4. */
const OLD_UNITS_MAX = 4;
/** Decimal places of scaled sizes: twice those of any signature (strategy 7.3), so that their sums stay exact. */
const SIZE_PLACES = 18;

/**
 * The ratio by which both accounts' positions differ from the ledger; null: not one ratio. An account without a
 * position shows no ratio; a position that closed or changed its sign was not split.
 */
export function splitRatio(state: SymbolState): Decimal | null {
  const changes = ACCOUNTS.map((account) => {
    const from = state.booked[account].plus(waitingOf(state.orders, account));
    return { from, to: from.plus(state.contradiction[account]?.difference ?? ZERO) };
  });
  if (changes.some(({ from, to }) => from.isZero() || to.eq(from) || to.div(from).lte(0))) return null;
  const [one, other] = changes.map(({ from, to }) => to.div(from).minus(1)) as [Decimal, Decimal];
  const apart = one.minus(other).abs();
  if (apart.gt(max(one.abs(), other.abs()).mul(RATIO_TOLERANCE))) return null;
  const ratio = sum(changes.map(({ to }) => to.abs())).div(sum(changes.map(({ from }) => from.abs())));
  return isUsual(ratio) ? ratio : null;
}

/** Whether it is a common split ratio or its inverse, allowing for rounding to steps. */
function isUsual(ratio: Decimal): boolean {
  const more = ratio.lt(1) ? new Decimal(1).div(ratio) : ratio;
  if (more.lt(RATIO_LEAST)) return false;
  return Array.from({ length: OLD_UNITS_MAX }, (_, index) => more.mul(index + 1)).some((units) =>
    units.minus(units.round()).abs().lte(units.mul(RATIO_TOLERANCE)),
  );
}

/**
 * The ledger in units after the split: sizes times the ratio, prices divided by it. What remains, e.g. rounded off by
 * the exchange, is drift. The previous mark is void.
 */
export function afterSplit({ split, ...state }: SymbolState, nowMs: number): SymbolState {
  if (split === undefined) return state;
  const { ratio } = split;
  const scaled = (size: Decimal): Decimal => size.mul(ratio).toDecimalPlaces(SIZE_PLACES);
  const lots = state.lots.map((lot) => ({ ...lot, size: scaled(lot.size), price: lot.price.div(ratio) }));
  const A = scaled(state.booked.A);
  return {
    ...state,
    lots,
    // Lots and booked sizes have the same net (4.5), whatever the rounding.
    booked: { A, B: lotsNet(lots).minus(A) },
    contradiction: { A: null, B: null },
    // Earlier fills are in old units.
    fillsFromMs: { A: nowMs, B: nowMs },
    ...noClosedSizes(state.closed),
    acceptedMark: null,
    markDoubt: null,
  };
}

/** Without the split: positions agree with the ledger again. */
export function withoutSplit({ split: _, ...state }: SymbolState): SymbolState {
  return state;
}

/** How each account's position differs from a ledger in old units, as text. */
export function splitDetails(state: SymbolState, ratio: Decimal): Readonly<Record<string, string>> {
  const of = (account: AccountName): string =>
    state.booked[account].plus(state.contradiction[account]?.difference ?? ZERO).toFixed();
  return { ratio: ratio.toSignificantDigits(6).toFixed(), a: of('A'), b: of('B') };
}
