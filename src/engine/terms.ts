import { type Alert, isolatedMarginAlert, isolatedMarginKey } from '../core/alerts.ts';
import {
  ACCOUNTS,
  type AccountName,
  type FundingTerms,
  type InstrumentTerms,
  type SymbolConfig,
} from '../core/model.ts';
import { ExchangeError } from '../grvt/errors.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import { reasonText } from '../texts/reasons.ts';

/** What could not be read: an older server, a key without that permission, a failed call. Nothing follows from it. */
interface Unknown {
  readonly unknown: string;
}

/** What an account trades under, as far as it can be read (strategy 11.7). */
export interface AccountTerms {
  readonly instruments: readonly InstrumentTerms[] | Unknown;
  readonly funding: FundingTerms | Unknown;
}

export type Terms = Readonly<Record<AccountName, AccountTerms>>;

/** Reads the terms of both accounts (strategy 11.7). No rule needs them, so it never rejects for what the exchange says. */
export async function readTerms(exchange: Pick<GrvtExchange, 'instrumentTerms' | 'fundingTerms'>): Promise<Terms> {
  const of = async (account: AccountName): Promise<AccountTerms> => {
    const [instruments, funding] = await Promise.all([
      orUnknown(exchange.instrumentTerms(account)),
      orUnknown(exchange.fundingTerms(account)),
    ]);
    return { instruments, funding };
  };
  const [A, B] = await Promise.all([of('A'), of('B')]);
  return { A, B };
}

async function orUnknown<T>(reading: Promise<T>): Promise<T | Unknown> {
  try {
    return await reading;
  } catch (thrown) {
    if (!(thrown instanceof ExchangeError)) throw thrown;
    return { unknown: reasonText(thrown.why) };
  }
}

/**
 * The terms of both accounts beside what the rules assume, a line each, for `check` and the start (strategy 11.7).
 *
 * @param traded names of the instruments that are traded
 */
export function termLines(terms: Terms, traded: readonly string[]): string[] {
  return [
    ...ACCOUNTS.flatMap((account) => [
      ...instrumentLines(account, terms[account].instruments, traded),
      feeLine(account, terms[account].funding),
    ]),
    selfTradeLine(terms),
  ];
}

function instrumentLines(account: AccountName, rows: AccountTerms['instruments'], traded: readonly string[]): string[] {
  if ('unknown' in rows) return [`Account ${account}: leverage and margin type unknown (${rows.unknown})`];
  return traded.map((instrument) => {
    const row = rows.find((one) => one.instrument === instrument);
    if (row === undefined)
      return `Account ${account}: ${instrument} leverage and margin type unknown (not in the answer)`;
    const { leverage, minLeverage, maxLeverage, marginType } = row;
    const range = minLeverage === null || maxLeverage === null ? '' : ` (${minLeverage} to ${maxLeverage})`;
    const margin = marginType ?? 'margin type unknown';
    const note = marginType === 'ISOLATED' ? ": the account's margin ratio says nothing about it" : '';
    return `Account ${account}: ${instrument} leverage ${leverage}${range}, ${margin}${note}`;
  });
}

function feeLine(account: AccountName, funding: AccountTerms['funding']): string {
  if ('unknown' in funding) return `Account ${account}: fee tier unknown (${funding.unknown})`;
  const { tier, makerFee, takerFee } = funding;
  if (tier === null) return `Account ${account}: fee tier unknown (not in the answer)`;
  return `Account ${account}: fee tier ${tier}, maker fee ${makerFee ?? '?'}, taker fee ${takerFee ?? '?'} (the exchange's integers)`;
}

function selfTradeLine({ A, B }: Terms): string {
  const [a, b] = [A.funding, B.funding].map((one) => ('unknown' in one ? null : one.mainAccountId));
  if (!a || !b) return 'Self-trade prevention: unknown whether both accounts are under one funding account';
  return a === b
    ? 'Self-trade prevention: both accounts are under one funding account, so it applies where their orders meet'
    : 'Self-trade prevention: two funding accounts, so it does not apply between them';
}

/**
 * Where the exchange lets no account hold what a symbol may reach (strategy 8.3, 11.7): a leverage above that of the bracket of
 * its maximum position, and a maximum position above the largest one. Symbol after symbol: nothing is in a hurry.
 *
 * @returns a line each, and one for each reason why some could not be read
 */
export async function marginWarnings(
  exchange: Pick<GrvtExchange, 'marginRules' | 'indexPrice'>,
  terms: Terms,
  configs: readonly SymbolConfig[],
): Promise<string[]> {
  const warnings: string[] = [];
  const unknown = new Map<string, string[]>();
  for (const { instrument, positionMode, maxTotalPositionUsdt } of configs) {
    if (positionMode !== 'increase') continue;
    const most = maxTotalPositionUsdt.div(2);
    const rules = await orUnknown(exchange.marginRules(instrument));
    if ('unknown' in rules) {
      unknown.set(rules.unknown, [...(unknown.get(rules.unknown) ?? []), instrument]);
      continue;
    }
    const bracket = rules.brackets.find(({ floor, cap }) => most.gte(floor) && (cap === null || most.lt(cap)));
    for (const account of ACCOUNTS) {
      const rows = terms[account].instruments;
      const row = 'unknown' in rows ? undefined : rows.find((one) => one.instrument === instrument);
      if (bracket === undefined || row === undefined || !bracket.maxLeverage.lt(row.leverage)) continue;
      warnings.push(
        `${instrument}: account ${account} has leverage ${row.leverage}, and at the symbol's maximum position ` +
          `(${most.toFixed()} USDT an account) the exchange allows ${bracket.maxLeverage.toFixed()}: orders will be refused`,
      );
    }
    if (rules.maxPositionSize === null) continue;
    const price = await orUnknown(exchange.indexPrice(instrument));
    if ('unknown' in price) continue;
    const size = most.div(price);
    if (size.gt(rules.maxPositionSize))
      warnings.push(
        `${instrument}: the symbol's maximum position (${most.toFixed()} USDT an account) is ${size.toSignificantDigits(6).toFixed()} ` +
          `at ${price.toFixed()}, and the exchange allows ${rules.maxPositionSize.toFixed()}: orders will be refused`,
      );
  }
  for (const [why, instruments] of unknown) warnings.push(`${instruments.join(', ')}: margin rules unknown (${why})`);
  return warnings;
}

/** The alerts that follow from the terms, and the keys of those that do not hold; of what is unknown neither. */
export function termAlerts(
  terms: Terms,
  traded: readonly string[],
  atMs: number,
): { readonly raised: readonly Alert[]; readonly cleared: readonly string[] } {
  const raised: Alert[] = [];
  const cleared: string[] = [];
  for (const account of ACCOUNTS) {
    const { instruments } = terms[account];
    if ('unknown' in instruments) continue;
    for (const { instrument, marginType, leverage } of instruments) {
      if (!traded.includes(instrument) || marginType === null) continue;
      if (marginType === 'ISOLATED') raised.push(isolatedMarginAlert(account, instrument, leverage, atMs));
      else cleared.push(isolatedMarginKey(account, instrument));
    }
  }
  return { raised, cleared };
}
