import { Decimal, min } from '../core/decimal.ts';
import { type LevelledAccount, levelling } from '../core/levelling.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';
import { type BalanceRow, type MoneyRow, rowTimeMs } from '../core/money.ts';
import type { Journal } from '../ports.ts';
import { checkText } from '../texts/check.ts';
import type { Language } from '../texts/language.ts';
import { WHY_NOT_LEVELLED } from '../texts/reasons.ts';
import { clockTime } from './words.ts';

/** Margins of both accounts and the levelling advice as text (strategy 17.5). */

/**
 * Free margin, distance to liquidation and the advised transfer, one line each.
 * @param sameFundingAccount whether both accounts have the same funding account; null: not known
 */
export function levellingLines(
  accounts: Readonly<Record<AccountName, LevelledAccount>>,
  sameFundingAccount: boolean | null,
  language: Language = 'en',
): string[] {
  const found = levelling(accounts);
  const lines = ACCOUNTS.map((account) => marginLine(account, accounts[account], language));
  if (typeof found === 'string') {
    return [...lines, checkText(language, 'noLevelling', { why: WHY_NOT_LEVELLED[language][found] })];
  }
  const { from, to, amount, isBounded, ratios } = found;
  const route =
    sameFundingAccount === null ? '' : checkText(language, sameFundingAccount ? 'withinFunding' : 'acrossFunding');
  const bound = isBounded ? checkText(language, 'asMuchAs', { from }) : '';
  const [ratioA, ratioB] = [percent(ratios.A), percent(ratios.B)];
  return [
    ...lines,
    checkText(language, 'levelling', { usdt: amount.toFixed(2), from, to, bound, route, ratioA, ratioB }),
  ];
}

function marginLine(account: AccountName, { equity, margin }: LevelledAccount, language: Language): string {
  const { maintenance, initial, liquidation } = margin;
  const ratio = equity.gt(0) ? percent(maintenance.div(equity)) : '∞';
  const free =
    initial === null
      ? checkText(language, 'freeUnknown')
      : checkText(language, 'free', { usdt: equity.minus(initial).toFixed(2) });
  const [first, ...rest] = liquidation.map(({ distance }) => distance);
  const nearest = first === undefined ? null : min(first, ...rest);
  const symbol = liquidation.find(({ distance }) => nearest?.eq(distance))?.instrument ?? '';
  const far = nearest === null ? {} : { distance: percent(nearest), symbol };
  return checkText(language, 'margins', { account, ratio, free, ...far });
}

/** Rounded down: a text never claims more than there is. */
function percent(share: Decimal): string {
  return `${share.mul(100).toDecimalPlaces(2, Decimal.ROUND_DOWN).toFixed(2)} %`;
}

/** Balances are read hourly; older ones are outdated. */
const MARGINS_OF_MS = 3 * 3_600_000;

/** Margins and advice by the newest balances in the journal, with their time; empty: an account has no recent one. */
export function latestMargins(journal: Pick<Journal, 'scan'>, nowMs: number, language: Language = 'en'): string[] {
  const balances = latestBalances(journal, nowMs);
  if (balances === null) return [];
  const { A, B } = balances;
  const atMs = Math.min(rowTimeMs(A), rowTimeMs(B));
  return [checkText(language, 'marginsOf', { time: clockTime(atMs) }), ...levellingLines({ A, B }, null, language)];
}

/** The newest balances in the journal; null: an account has no recent one. */
export function latestBalances(
  journal: Pick<Journal, 'scan'>,
  nowMs: number,
): Readonly<Record<AccountName, BalanceRow>> | null {
  const newest: Partial<Record<AccountName, BalanceRow>> = {};
  for (const { body } of journal.scan({ kind: 'money', sinceMs: nowMs - MARGINS_OF_MS })) {
    const row = body as MoneyRow;
    if (row.type === 'balance') newest[row.account] = row;
  }
  const { A, B } = newest;
  return A === undefined || B === undefined ? null : { A, B };
}
