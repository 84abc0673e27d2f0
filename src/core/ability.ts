import { ACCOUNTS, type AccountName } from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { growthWithheld, mayOnlyReduceSince } from './reduce-only.ts';
import { isResting, JOURNAL_UNABLE_MS, refusedOpeningsSince, UNABLE_MS } from './rests.ts';

/** Whether an account can submit at all, open, or repair now (strategy 5.7, 9.5, 9.8, 9.13). */

type Able = Pick<PlanInput, 'config' | 'state' | 'nowMs' | 'unable'>;

/** The exchange does not let the account go on (strategy 9.8): it submits nothing. */
export function isParked({ unable }: Pick<PlanInput, 'unable'>, account: AccountName): boolean {
  return unable?.[account]?.why === 'parked';
}

/** Nothing can be written down before it leaves (strategy 18.1): neither account submits anything. */
export function awaitsJournal({ unable }: Pick<PlanInput, 'unable'>, account: AccountName): boolean {
  return unable?.[account]?.why === 'journal';
}

/** Whether the account may repair now: not parked, the journal in reach, and its repairs do not rest. */
export function mayRepair(input: Omit<Able, 'config'>, account: AccountName): boolean {
  if (isParked(input, account) || awaitsJournal(input, account)) return false;
  return !isResting(input.state, { account, purpose: 'repair' }, input.nowMs);
}

/** Whether the account's openings are withheld now (strategy 9.13): in `increase`, where they grow its position. */
export function openingsWithheld({ config, state, nowMs }: Able, account: AccountName): boolean {
  return config.positionMode === 'increase' && growthWithheld(state, account, nowMs);
}

/** Whether the account has been unable to open for 10 s, for want of the journal 5 s, without an opening that rests since (strategy 5.7). */
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

/** As {@link cannotOpen}, and it may not even be tried at this moment: the other account's openings are cancelled. */
export function isShutOut(input: Able, account: AccountName): boolean {
  const { state, nowMs, unable } = input;
  const inability = unable?.[account] ?? null;
  const isBarred = inability !== null && (inability.untilMs === null || nowMs < inability.untilMs);
  const rests = isResting(state, { account, purpose: 'opening' }, nowMs);
  return (isBarred || rests || openingsWithheld(input, account)) && cannotOpen(input, account);
}

/** The accounts that cannot open (strategy 5.7). */
export function accountsThatCannotOpen(input: Able): readonly AccountName[] {
  return ACCOUNTS.filter((account) => cannotOpen(input, account));
}
