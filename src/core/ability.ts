import { ACCOUNTS, type AccountName } from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { isResting, refusedOpeningsSince, UNABLE_MS } from './rests.ts';

/** Whether an account can submit at all, open, or repair now (strategy 5.7, 9.5, 9.8). */

type Able = Pick<PlanInput, 'state' | 'nowMs' | 'unable'>;

/** The exchange does not let the account go on (strategy 9.8): it submits nothing. */
export function isParked({ unable }: Pick<PlanInput, 'unable'>, account: AccountName): boolean {
  return unable?.[account]?.why === 'parked';
}

/** Whether the account may repair now: not parked, and its repairs do not rest. */
export function mayRepair(input: Able, account: AccountName): boolean {
  return !isParked(input, account) && !isResting(input.state, { account, purpose: 'repair' }, input.nowMs);
}

/** Whether the account has been unable to open for 10 s, without an opening that rests since (strategy 5.7). */
export function cannotOpen(input: Able, account: AccountName): boolean {
  const since = [input.unable?.[account]?.sinceMs, refusedOpeningsSince(input.state, account, input.nowMs)];
  return since.some((sinceMs) => typeof sinceMs === 'number' && input.nowMs - sinceMs >= UNABLE_MS);
}

/** As {@link cannotOpen}, and it may not even be tried at this moment: the other account's openings are cancelled. */
export function isShutOut(input: Able, account: AccountName): boolean {
  const { state, nowMs, unable } = input;
  const inability = unable?.[account] ?? null;
  const isBarred = inability !== null && (inability.untilMs === null || nowMs < inability.untilMs);
  const rests = isResting(state, { account, purpose: 'opening' }, nowMs);
  return (isBarred || rests) && cannotOpen(input, account);
}

/** The accounts that cannot open (strategy 5.7). */
export function accountsThatCannotOpen(input: Able): readonly AccountName[] {
  return ACCOUNTS.filter((account) => cannotOpen(input, account));
}
