import { Decimal, max, sum } from './decimal.ts';
import { UNBOUNDED } from './limits.ts';
import type { AccountName, Side } from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { type ReduceOnly, remainingSize, type SymbolState, sign } from './symbol-state.ts';

/**
 * The exchange's demand for `reduce_only` (strategy 9.13): which account may only reduce its positions, and when an
 * order that grows one is tried again. The symbol's state holds at most one demand per account and one for its
 * instrument.
 */

/** Time after the demand, or the last try, until an order that grows a position is tried. */
export const GROWTH_TRY_MS = 900_000;

/** Error code: the account may only reduce its positions. */
const ACCOUNT_MAY_ONLY_REDUCE = 2091;
/** Error code: positions in the instrument may only be reduced, by any account. */
const INSTRUMENT_MAY_ONLY_BE_REDUCED = 7304;

type Remembered = Pick<SymbolState, 'reduceOnly'>;

/** Whether a refusal with that code demands `reduce_only`. */
export function demandsReduceOnly(code: number | null): boolean {
  return code === ACCOUNT_MAY_ONLY_REDUCE || code === INSTRUMENT_MAY_ONLY_BE_REDUCED;
}

/** The demands on an account: its own, and the instrument's. */
export function demandsOn({ reduceOnly }: Remembered, account: AccountName): readonly ReduceOnly[] {
  return (reduceOnly ?? []).filter((one) => one.account === null || one.account === account);
}

/** The account's orders that shrink a position carry `reduce_only`. */
export function mayOnlyReduce(state: Remembered, account: AccountName): boolean {
  return demandsOn(state, account).length > 0;
}

/** The account's orders that would grow a position are suspended: it may only reduce, and no try is due. */
export function growthWithheld(state: Remembered, account: AccountName, nowMs: number): boolean {
  return demandsOn(state, account).some(({ nextTryMs }) => nowMs < nextTryMs);
}

/** Since when the account may only reduce; null: it may grow. */
export function mayOnlyReduceSince(state: Remembered, account: AccountName): number | null {
  const since = demandsOn(state, account).map(({ sinceMs }) => sinceMs);
  return since.length === 0 ? null : Math.min(...since);
}

/** A refusal demanded `reduce_only`: 2091 for the account, 7304 for both accounts on the instrument. */
export function withDemand(state: SymbolState, account: AccountName, code: number | null, atMs: number): SymbolState {
  const of = code === INSTRUMENT_MAY_ONLY_BE_REDUCED ? null : account;
  const previous = state.reduceOnly?.find((one) => one.account === of);
  const sinceMs = Math.min(previous?.sinceMs ?? atMs, atMs);
  return withAccountDemand(state, of, { account: of, sinceMs, nextTryMs: atMs + GROWTH_TRY_MS });
}

/** The account's demand (null: the instrument's) as another symbol learned it; null: it ended. */
export function withAccountDemand(
  state: SymbolState,
  account: AccountName | null,
  demand: ReduceOnly | null,
): SymbolState {
  const others = (state.reduceOnly ?? []).filter((one) => one.account !== account);
  return { ...state, reduceOnly: demand === null ? others : [...others, demand] };
}

/** An order that grows a position is being tried, or its try failed before it was sent: schedules the next one. */
export function withNextTry(state: SymbolState, account: AccountName, nextTryMs: number): SymbolState {
  const bound = demandsOn(state, account);
  if (bound.length === 0) return state;
  const reduceOnly = (state.reduceOnly ?? []).map((one) => (bound.includes(one) ? { ...one, nextTryMs } : one));
  return { ...state, reduceOnly };
}

/** The exchange accepted an order that grows a position: the demands on the account are over. */
export function withoutDemands(state: SymbolState, account: AccountName): SymbolState {
  const bound = demandsOn(state, account);
  if (bound.length === 0) return state;
  return { ...state, reduceOnly: (state.reduceOnly ?? []).filter((one) => !bound.includes(one)) };
}

/** Limits times in the future (our clock was set back) to the latest possible (strategy 5). */
export function clockedDemands(state: SymbolState, nowMs: number): readonly ReduceOnly[] | undefined {
  const clocked = state.reduceOnly?.map((one) => {
    const sinceMs = Math.min(one.sinceMs, nowMs);
    const nextTryMs = Math.min(one.nextTryMs, nowMs + GROWTH_TRY_MS);
    return sinceMs === one.sinceMs && nextTryMs === one.nextTryMs ? one : { ...one, sinceMs, nextTryMs };
  });
  return clocked?.every((one, index) => one === state.reduceOnly?.[index]) ? state.reduceOnly : clocked;
}

/** Accounts whose own demand differs between two states, for the other symbols. */
export function changedDemands(
  before: Remembered,
  now: Remembered,
): readonly { readonly account: AccountName; readonly demand: ReduceOnly | null }[] {
  return (['A', 'B'] as const).flatMap((account) => {
    const of = ({ reduceOnly }: Remembered) => reduceOnly?.find((one) => one.account === account) ?? null;
    const demand = of(now);
    return of(before) === demand ? [] : [{ account, demand }];
  });
}

/** How much an order of the account on that side can shrink its position beside its live ones; base units, ≥ 0. */
export function reducible(
  { state, valuation }: Pick<PlanInput, 'state' | 'valuation'>,
  account: AccountName,
  side: Side,
): Decimal {
  const against = valuation.actual[account].mul(-sign(side));
  const live = state.orders.filter((order) => order.account === account && order.side === side);
  return max(new Decimal(0), against.minus(sum(live.map(remainingSize))));
}

/** The largest order of the account on that side under strategy 9.13, base units; `UNBOUNDED` if it may grow. */
export function roomToGrow(
  input: Pick<PlanInput, 'state' | 'valuation' | 'nowMs'>,
  account: AccountName,
  side: Side,
): Decimal {
  return growthWithheld(input.state, account, input.nowMs) ? reducible(input, account, side) : UNBOUNDED;
}
