import type { AccountName, ManagedOrder } from './model.ts';
import { reason } from './reasons.ts';
import { blocksWay, type Refusal } from './refusals.ts';
import type { Purpose, Rest, SymbolState } from './symbol-state.ts';

/**
 * Suspensions after refusals (strategy 5.7, 6.3, 9.5), called rests: the refused account and purpose wait. The symbol's
 * state holds at most one rest for each of the four combinations.
 */

/** First rest after a refusal other than post-only; doubles with each consecutive one (strategy 9.5). */
export const REFUSAL_REST_MS = 10_000;
/** Time until the preferred way of 6.3 is tried again after a refusal. */
export const OTHER_WAY_MS = 900_000;
/** An order that rested this long ends a run of orders ended by the exchange (strategy 9.5). */
export const PROVEN_MS = 60_000;
/** Once an account could not open for so long, the other one's openings are cancelled (strategy 5.7). */
export const UNABLE_MS = 10_000;
/** Shorter while the journal is out of reach, since that blocks both accounts (strategy 18.1). */
export const JOURNAL_UNABLE_MS = 5_000;
/** An expired rest without a new attempt is forgotten after this time, not before {@link OTHER_WAY_MS}. */
export const RESTS_KEPT_MS = 900_000;

/** States of older journals have none. */
function restsOf({ rests }: Pick<SymbolState, 'rests'>): readonly Rest[] {
  return rests ?? [];
}

export function restOf(state: Pick<SymbolState, 'rests'>, { account, purpose }: Purpose): Rest | null {
  return restsOf(state).find((rest) => rest.account === account && rest.purpose === purpose) ?? null;
}

/** Whether that account's orders of that purpose wait now (strategy 9.5). */
export function isResting(state: Pick<SymbolState, 'rests'>, of: Purpose, nowMs: number): boolean {
  const rest = restOf(state, of);
  return rest !== null && nowMs < rest.untilMs;
}

/** Whether the account's repairs yield to the other way of 6.3 now. */
export function yieldsWay(state: Pick<SymbolState, 'rests'>, account: AccountName, nowMs: number): boolean {
  const until = restOf(state, { account, purpose: 'repair' })?.yieldsUntilMs ?? null;
  return until !== null && nowMs < until;
}

/** The longest current rest, for display; null: none. */
export function longestRest(state: Pick<SymbolState, 'rests'>, nowMs: number): Rest | null {
  return restsOf(state).reduce<Rest | null>(
    (longest, rest) => (rest.untilMs > (longest?.untilMs ?? nowMs) ? rest : longest),
    null,
  );
}

/** Since when the account's openings are refused with none resting since (strategy 5.7); null: they are not. */
export function refusedOpeningsSince(
  state: Pick<SymbolState, 'rests' | 'orders'>,
  account: AccountName,
  nowMs: number,
): number | null {
  const rest = restOf(state, { account, purpose: 'opening' });
  if (rest === null) return null;
  const rests = (order: ManagedOrder) =>
    order.account === account && order.purpose === 'opening' && order.confirmedAtMs !== null && !order.unknown;
  return nowMs >= rest.untilMs && state.orders.some(rests) ? null : rest.sinceMs;
}

/** The rest after post-only refusals used up the attempts (strategy 9.5). */
export function restAfterExhaustion(
  state: SymbolState,
  of: Purpose,
  atMs: number,
  cooldownMs: number,
  given: { readonly attempts: number; readonly alertKey: string },
): SymbolState {
  const previous = restOf(state, of);
  return withRest(state, {
    ...of,
    untilMs: atMs + cooldownMs,
    sinceMs: Math.min(previous?.sinceMs ?? atMs, atMs),
    reason: reason('attempts-used-up', '9.5', { attempts: given.attempts }),
    by: 'post-only',
    inARow: previous?.inARow ?? 0,
    yieldsUntilMs: previous?.yieldsUntilMs ?? null,
    doubtsRules: false,
    alertKey: given.alertKey,
  });
}

/**
 * The rest after any other refusal, or after the exchange ended a resting order: 10 s, doubling with each consecutive
 * one (strategy 9.5). It never shortens a longer rest.
 */
export function restAfterRefusal(
  state: SymbolState,
  of: Purpose,
  atMs: number,
  cooldownMs: number,
  given: {
    readonly refusal: Refusal;
    readonly by: 'refusal' | 'end';
    readonly doubtsRules: boolean;
    readonly alertKey: string;
  },
): SymbolState {
  const previous = restOf(state, of);
  const inARow = (previous?.inARow ?? 0) + 1;
  const untilMs = atMs + Math.min(REFUSAL_REST_MS * 2 ** (inARow - 1), cooldownMs);
  const yieldsUntilMs =
    of.purpose === 'repair' && blocksWay(given.refusal) ? atMs + OTHER_WAY_MS : (previous?.yieldsUntilMs ?? null);
  if (previous !== null && previous.untilMs > untilMs) return withRest(state, { ...previous, inARow, yieldsUntilMs });
  return withRest(state, {
    ...of,
    untilMs,
    sinceMs: Math.min(previous?.sinceMs ?? atMs, atMs),
    reason: reason(given.by === 'end' ? 'order-ended' : 'order-refused', '9.5', { refusal: given.refusal.reason }),
    by: given.by,
    inARow,
    yieldsUntilMs,
    doubtsRules: given.doubtsRules,
    alertKey: given.alertKey,
  });
}

/** An order of that account and purpose rests: ends a run of refusals, but not of orders ended while resting. */
export function restsAfterConfirmation(state: SymbolState, of: Purpose, atMs: number): SymbolState {
  return withoutRests(state, (rest) => same(rest, of) && rest.by !== 'end' && atMs >= rest.untilMs);
}

/** A fill of that account and purpose proves that the exchange accepts such orders. */
export function restsAfterFill(state: SymbolState, of: Purpose, atMs: number): SymbolState {
  return withoutRests(state, (rest) => same(rest, of) && atMs >= rest.untilMs);
}

/** New rules of the instrument end the rests caused by the previous ones (strategy 11.8). */
export function restsAfterNewRules(state: SymbolState): SymbolState {
  return withoutRests(state, (rest) => rest.doubtsRules);
}

/** Ends rests by time: an order has rested long enough since, or nothing was tried for long. */
export function restsAfterTime(state: SymbolState, nowMs: number): SymbolState {
  const proven = (rest: Rest) =>
    state.orders.some(
      (order) =>
        same(rest, order) &&
        order.confirmedAtMs !== null &&
        order.confirmedAtMs >= rest.untilMs &&
        nowMs - order.confirmedAtMs >= PROVEN_MS,
    );
  return withoutRests(state, (rest) => proven(rest) || nowMs >= rest.untilMs + RESTS_KEPT_MS);
}

/** The rests that a state no longer has, whose alerts are over. */
export function endedRests(before: SymbolState, now: SymbolState): readonly Rest[] {
  if (before.rests === now.rests) return [];
  return restsOf(before).filter((rest) => restOf(now, rest) === null);
}

/** Limits times in the future (our clock was set back) to the latest possible (strategy 5). */
export function clockedRests(state: SymbolState, nowMs: number, cooldownMs: number): readonly Rest[] {
  const rests = restsOf(state).map((rest) => {
    const untilMs = Math.min(rest.untilMs, nowMs + cooldownMs);
    const sinceMs = Math.min(rest.sinceMs, nowMs);
    const yieldsUntilMs = rest.yieldsUntilMs === null ? null : Math.min(rest.yieldsUntilMs, nowMs + OTHER_WAY_MS);
    const unchanged = untilMs === rest.untilMs && sinceMs === rest.sinceMs && yieldsUntilMs === rest.yieldsUntilMs;
    return unchanged ? rest : { ...rest, untilMs, sinceMs, yieldsUntilMs };
  });
  return rests.every((rest, index) => rest === restsOf(state)[index]) ? restsOf(state) : rests;
}

function same(rest: Purpose, of: Purpose): boolean {
  return rest.account === of.account && rest.purpose === of.purpose;
}

function withRest(state: SymbolState, rest: Rest): SymbolState {
  return { ...state, rests: [...restsOf(state).filter((one) => !same(one, rest)), rest] };
}

function withoutRests(state: SymbolState, over: (rest: Rest) => boolean): SymbolState {
  const rests = restsOf(state).filter((rest) => !over(rest));
  return rests.length === restsOf(state).length ? state : { ...state, rests };
}
