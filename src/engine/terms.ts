import { type Alert, isolatedMarginAlert, isolatedMarginKey } from '../core/alerts.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import { errorText } from '../core/error-text.ts';
import { ACCOUNTS, type AccountName, type SymbolConfig } from '../core/model.ts';
import { clear, raise } from '../core/raise.ts';
import type { Reason } from '../core/reasons.ts';
import { ExchangeError } from '../grvt/errors.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { FundingTerms, InstrumentTerms } from '../grvt/parse-account.ts';
import { type CheckText, checkText } from '../texts/check.ts';
import type { Language } from '../texts/language.ts';
import { reasonText } from '../texts/reasons.ts';
import type { Engine } from './engine.ts';
import type { Say } from './run-log.ts';

/** Could not be read: an older server, a key without permission, a failed call. Without consequence. */
interface Unknown {
  readonly unknown: Reason;
}

/** An account's trading terms, as far as they can be read (strategy 11.7). */
export interface AccountTerms {
  readonly instruments: readonly InstrumentTerms[] | Unknown;
  readonly funding: FundingTerms | Unknown;
}

export type Terms = Readonly<Record<AccountName, AccountTerms>>;

/** Reads the terms of both accounts (11.7). No rule needs them, so it never rejects because of the exchange. */
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
    return { unknown: thrown.why };
  }
}

/**
 * The terms of both accounts compared with what the rules assume, one line each, for `check` and the start (strategy
 * 11.7).
 * @param traded names of the traded instruments
 */
export function termLines(terms: Terms, traded: readonly string[], language: Language = 'en'): string[] {
  return [
    ...ACCOUNTS.flatMap((account) => [
      ...instrumentLines(account, terms[account].instruments, traded, language),
      feeLine(account, terms[account].funding, language),
    ]),
    checkText(language, selfTrade(terms)),
  ];
}

function instrumentLines(
  account: AccountName,
  rows: AccountTerms['instruments'],
  traded: readonly string[],
  language: Language,
): string[] {
  if ('unknown' in rows) {
    return [checkText(language, 'leverageUnknown', { account, why: reasonText(rows.unknown, language) })];
  }
  return traded.map((symbol) => {
    const row = rows.find((one) => one.instrument === symbol);
    if (row === undefined) {
      return checkText(language, 'leverageOfUnknown', { account, symbol, why: checkText(language, 'notInAnswer') });
    }
    const { leverage, minLeverage: least, maxLeverage: most, marginType } = row;
    return checkText(language, 'leverage', {
      ...{ account, symbol, leverage },
      ...(least === null || most === null ? {} : { least, most }),
      margin: marginType ?? checkText(language, 'marginTypeUnknown'),
      note: marginType === 'ISOLATED' ? checkText(language, 'isolatedNote') : '',
    });
  });
}

function feeLine(account: AccountName, funding: AccountTerms['funding'], language: Language): string {
  const unknown = (why: string) => checkText(language, 'feesUnknown', { account, why });
  if ('unknown' in funding) return unknown(reasonText(funding.unknown, language));
  const { tier, makerFee, takerFee } = funding;
  if (tier === null) return unknown(checkText(language, 'notInAnswer'));
  return checkText(language, 'fees', { account, tier, maker: makerFee ?? '?', taker: takerFee ?? '?' });
}

function selfTrade({ A, B }: Terms): CheckText {
  const [a, b] = [A.funding, B.funding].map((one) => ('unknown' in one ? null : one.mainAccountId));
  if (!a || !b) return 'selfTradeUnknown';
  return a === b ? 'selfTradeOne' : 'selfTradeTwo';
}

/**
 * Warnings about symbols whose maximum the exchange does not allow (strategy 8.3, 11.7): a leverage above the
 * bracket's, or a position above the largest. One symbol after the other, without hurry.
 * @returns one line each, and one for each reason why some could not be read
 */
export async function marginWarnings(
  exchange: Pick<GrvtExchange, 'marginRules' | 'indexPrice'>,
  terms: Terms,
  configs: readonly SymbolConfig[],
  language: Language = 'en',
): Promise<string[]> {
  const warnings: string[] = [];
  const unknown = new Map<string, string[]>();
  for (const { instrument, positionMode, maxTotalPositionUsdt } of configs) {
    if (positionMode !== 'increase') continue;
    const most = maxTotalPositionUsdt.div(2);
    const rules = await orUnknown(exchange.marginRules(instrument));
    if ('unknown' in rules) {
      const why = reasonText(rules.unknown, language);
      unknown.set(why, [...(unknown.get(why) ?? []), instrument]);
      continue;
    }
    const bracket = rules.brackets.find(({ floor, cap }) => most.gte(floor) && (cap === null || most.lt(cap)));
    for (const account of ACCOUNTS) {
      const rows = terms[account].instruments;
      const row = 'unknown' in rows ? undefined : rows.find((one) => one.instrument === instrument);
      if (bracket === undefined || row === undefined || !bracket.maxLeverage.lt(row.leverage)) continue;
      warnings.push(
        checkText(language, 'leverageAbove', {
          ...{ symbol: instrument, account, leverage: row.leverage },
          ...{ most: most.toFixed(), allowed: bracket.maxLeverage.toFixed() },
        }),
      );
    }
    if (rules.maxPositionSize === null) continue;
    const price = await orUnknown(exchange.indexPrice(instrument));
    if ('unknown' in price) continue;
    const size = most.div(price);
    if (size.gt(rules.maxPositionSize))
      warnings.push(
        checkText(language, 'positionAbove', {
          ...{ symbol: instrument, most: most.toFixed(), size: size.toSignificantDigits(6).toFixed() },
          ...{ price: price.toFixed(), allowed: rules.maxPositionSize.toFixed() },
        }),
      );
  }
  for (const [why, instruments] of unknown) {
    warnings.push(checkText(language, 'marginRulesUnknown', { symbols: instruments.join(', '), why }));
  }
  return warnings;
}

/** The alerts that follow from the terms, and the keys of those that do not hold; unknown terms give neither. */
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

/** Reports the accounts' terms and raises alerts where the rules assume otherwise (11.7). Nothing waits for it. */
export function compareTerms(engine: Engine, symbols: readonly EngineSymbol[], say: Say): void {
  const traded = symbols.map((symbol) => symbol.instrument.name);
  const compared = readTerms(engine.exchange).then(async (terms) => {
    const atMs = Date.now();
    for (const line of termLines(terms, traded)) say('info', line);
    const { raised, cleared } = termAlerts(terms, traded, atMs);
    const manager = engine.daemon.system.get('alert-manager');
    for (const alert of raised) manager?.send(raise(alert).message);
    for (const key of cleared) manager?.send(clear(key, { nowMs: atMs }).message);
    const opening = symbols.filter((symbol) => !symbol.leaving && !symbol.unlisted).map((symbol) => symbol.config);
    for (const warning of await marginWarnings(engine.exchange, terms, opening)) say('warn', warning);
  });
  compared.catch((thrown: unknown) => {
    say('error', `the terms of the accounts: ${errorText(thrown)}`);
  });
}
