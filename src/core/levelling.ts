import { Decimal, max, min, ZERO } from './decimal.ts';
import {
  ACCOUNTS,
  type AccountMargin,
  type AccountName,
  type AccountSummary,
  type NoLevelling,
  otherAccount,
} from './model.ts';
import { type Reason, reason } from './reasons.ts';

/** The transfer between the accounts that makes their margin ratios equal (17.5). The engine moves no money. */

export interface LevelledAccount {
  /** USDT. */
  readonly equity: Decimal;
  readonly margin: AccountMargin;
}

export interface Levelling {
  readonly from: AccountName;
  readonly to: AccountName;
  /** USDT, rounded down to 0.01. */
  readonly amount: Decimal;
  /** The giver may not transfer enough to make the ratios equal. */
  readonly isBounded: boolean;
  /** Maintenance margin over equity after the transfer. */
  readonly ratios: Readonly<Record<AccountName, Decimal>>;
}

const CENT = new Decimal('0.01');

/**
 * The transfer that makes both margin ratios equal at that moment: (mmA·eB − mmB·eA) / (mmA + mmB) into A; limited by
 * what the giver may transfer and by its initial margin, live orders included.
 */
export function levelling(accounts: Readonly<Record<AccountName, LevelledAccount>>): Levelling | NoLevelling {
  const { A, B } = accounts;
  const [marginA, marginB] = [A.margin.maintenance, B.margin.maintenance];
  if (ACCOUNTS.some((account) => accounts[account].margin.isolated.length > 0)) return 'isolated';
  if (!marginA.plus(marginB).gt(0)) return 'no-margin';
  if (!A.equity.plus(B.equity).gt(0)) return 'no-equity';
  const intoA = marginA.mul(B.equity).minus(marginB.mul(A.equity)).div(marginA.plus(marginB));
  const from = intoA.isNegative() ? 'A' : 'B';
  const wanted = toCents(intoA.abs());
  if (wanted.isZero()) return 'level';
  const giver = accounts[from];
  const { initial, availableToTransfer } = giver.margin;
  if (initial === null || availableToTransfer === null) return 'not-known';
  const amount = min(wanted, toCents(max(ZERO, min(availableToTransfer, giver.equity.minus(initial)))));
  if (amount.isZero()) return 'nothing-to-give';
  const to = otherAccount(from);
  const after = { [from]: giver.equity.minus(amount), [to]: accounts[to].equity.plus(amount) } as Record<
    AccountName,
    Decimal
  >;
  if (ACCOUNTS.some((account) => !after[account].gt(0))) return 'nothing-to-give';
  const ratios = { A: marginA.div(after.A), B: marginB.div(after.B) };
  return { from, to, amount, isBounded: amount.lt(wanted), ratios };
}

function toCents(amount: Decimal): Decimal {
  return amount.divToInt(CENT).mul(CENT);
}

/** The figures for levelling from an account's summary; null: it lacks them. */
export function levelledAccount({ totalEquity, margin }: AccountSummary): LevelledAccount | null {
  return margin === undefined ? null : { equity: totalEquity, margin };
}

/** The advice, or the reason why there is none (strategy 17.5). */
export function levellingAdvice(accounts: Readonly<Record<AccountName, AccountSummary>>): Reason {
  const [A, B] = [levelledAccount(accounts.A), levelledAccount(accounts.B)];
  const found = A === null || B === null ? 'not-known' : levelling({ A, B });
  if (typeof found === 'string') return reason('no-levelling', '17.5', { why: found });
  const { from, to, amount, isBounded, ratios } = found;
  return reason('levelling', '17.5', {
    ...{ from, to, amount: amount.toFixed(2), isBounded },
    ...{ ratioA: percent(ratios.A), ratioB: percent(ratios.B) },
  });
}

/** Rounded down: a text never claims more than there is. */
function percent(share: Decimal): string {
  return share.mul(100).toDecimalPlaces(2, Decimal.ROUND_DOWN).toFixed(2);
}
