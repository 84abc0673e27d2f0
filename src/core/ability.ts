import { ACCOUNTS, type AccountName } from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { growthWithheld, mayOnlyReduceSince } from './reduce-only.ts';
import { isResting, JOURNAL_UNABLE_MS, refusedOpeningsSince, UNABLE_MS } from './rests.ts';

/** Whether an account may submit anything, open a position or repair a net now (strategy 5.7, 9.5, 9.8, 9.13). */

type Able = Pick<PlanInput, 'config' | 'state' | 'nowMs' | 'unable'>;

/** The exchange has locked the account out (strategy 9.8): it submits nothing. */
export function isParked({ unable }: Pick<PlanInput, 'unable'>, account: AccountName): boolean {
  return unable?.[account]?.why === 'parked';
}

/** The journal is out of reach, so nothing may be sent (strategy 18.1): neither account submits anything. */
export function awaitsJournal({ unable }: Pick<PlanInput, 'unable'>, account: AccountName): boolean {
  return unable?.[account]?.why === 'journal';
}

export function mayRepair(input: Omit<Able, 'config'>, account: AccountName): boolean {
  if (isParked(input, account) || awaitsJournal(input, account)) return false;
  return !isResting(input.state, { account, purpose: 'repair' }, input.nowMs);
}

/** Whether openings that grow the account's position are suspended (strategy 9.13); only in `increase`. */
export function openingsWithheld({ config, state, nowMs }: Able, account: AccountName): boolean {
  return config.positionMode === 'increase' && growthWithheld(state, account, nowMs);
}

/** Whether the account was unable to open for 10 s (journal out of reach: 5 s), with no opening resting (5.7). */
export function cannotOpen(input: Able, account: AccountName): boolean {
  const { config, state, unable, nowMs } = input;
  const inability = unable?.[account];
  if (inability?.why === 'journal') return nowMs - inability.sinceMs >= JOURNAL_UNABLE_MS;
  const since = [
    inability?.sinceMs,
    refusedOpeningsSince(state, account, nowMs),
    config.positionMode === 'increase' ? mayOnlyReduceSince(state, account) : null,
  ];
  return since.some((sinceMs) => typeof sinceMs === 'number' && nowMs - sinceMs >= UNABLE_MS);
}

/** As {@link cannotOpen}, with no attempt allowed at this moment: the other account's openings are cancelled. */
export function isShutOut(input: Able, account: AccountName): boolean {
  const { state, nowMs, unable } = input;
  const inability = unable?.[account] ?? null;
  const isBarred = inability !== null && (inability.untilMs === null || nowMs < inability.untilMs);
  const rests = isResting(state, { account, purpose: 'opening' }, nowMs);
  return (isBarred || rests || openingsWithheld(input, account)) && cannotOpen(input, account);
}

export function accountsThatCannotOpen(input: Able): readonly AccountName[] {
  return ACCOUNTS.filter((account) => cannotOpen(input, account));
}
