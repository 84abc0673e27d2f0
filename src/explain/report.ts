import { type Decimal, sum, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, type LotMatch } from '../core/model.ts';
import {
  addTotals,
  type BalanceRow,
  earnedUsdt,
  type Interval,
  intervalsOf,
  isUnexplained,
  type MoneyRow,
  matchShare,
  NO_TOTALS,
  OTHER_ORIGINS,
  type PaymentRow,
  rowTimeMs,
  type Share,
  shareOf,
  type Totals,
} from '../core/money.ts';
import type { PairStatement } from '../core/pair-statement.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { completeUntilMs, dayOf, readUpTo, utcDay } from '../journal/money.ts';
import { checkText } from '../texts/check.ts';
import type { Language } from '../texts/language.ts';
import { GROUP_HEADS, type ListWords, listWords, PAIR_HEADS, REPORT_HEADS } from '../texts/listings.ts';
import { levellingLines } from './levelling.ts';
import { pairViews } from './pair-view.ts';
import { clockTime, columns } from './words.ts';

/** What was earned, from the journal (strategy 17.3, 17.4): as a table, as JSON, or all rows as CSV. */

export const REPORT_GROUPS = ['day', 'symbol', 'account'] as const;
export type ReportGroup = (typeof REPORT_GROUPS)[number];

const DAY_MS = 86_400_000;

export interface ReportLine {
  /** A day, a symbol or an account; `pair`: hedges and unwinds, which concern both; empty: no symbol. */
  readonly of: string;
  /** Of a day: whether every list was read past its end. */
  readonly isFinal: boolean | null;
  readonly totals: Totals;
  /** Change in value of the open lots at the mark, USDT; null: of an account, or a mark is unknown. */
  readonly unrealised: Decimal | null;
  /** Drift and start-up differences, USDT (strategy 17.3); null: of an account, or from before the journal's rows. */
  readonly differences: Decimal | null;
  /** Earned, plus unrealised result and differences if known, USDT. */
  readonly total: Decimal;
  /** By the pair statement for a symbol, else by cash between balances, USDT (strategy 17.3); null: not known. */
  readonly unexplained: Decimal | null;
}

export interface Report {
  readonly fromDay: string;
  readonly lines: readonly ReportLine[];
  readonly sum: ReportLine;
  /** The pair statement of each symbol over the whole time (strategy 17.3). */
  readonly pairs: readonly PairLine[];
  readonly intervals: readonly Interval[];
  /** Intervals with more unexplained than allowed. */
  readonly gaps: readonly Interval[];
  /** Days whose totals changed after they were final. */
  readonly reopened: readonly string[];
  /** Days from before the journal's rows; their daily totals are by UTC. */
  readonly beforeRows: readonly string[];
  readonly rows: readonly PaymentRow[];
  /** The newest balance of each account; null: one has none. */
  readonly balances: Readonly<Record<AccountName, BalanceRow>> | null;
  readonly matches: readonly BookedMatch[];
}

export interface PairLine extends PairStatement {
  readonly instrument: string;
  /** Loss of hedging its open lots at the best price, USDT; null: not known. Never added. */
  readonly costAtTouch: Decimal | null;
}

/** One match, and the fill that was booked with it. */
export interface BookedMatch extends LotMatch {
  readonly instrument: string;
  readonly atMs: number;
  readonly clientOrderId: string;
  /** A person closed the lot by a trade outside this engine. */
  readonly byHand: boolean;
}

/** Days in the process's zone, like every time of a report, or in UTC. */
interface Calendar {
  /** `2026-11-30`. */
  dayOf(timeMs: number): string;
  startOf(day: string): number;
}

function calendar(utc: boolean): Calendar {
  if (utc) return { dayOf: utcDay, startOf: (day) => Date.parse(day) };
  // Without a zone a date with a time is local.
  return { dayOf: (timeMs) => clockTime(timeMs).slice(0, 10), startOf: (day) => Date.parse(`${day}T00:00`) };
}

/** The last days including today, oldest first. */
function daysUpTo(nowMs: number, days: number, { dayOf, startOf }: Calendar): string[] {
  const found = [dayOf(nowMs)];
  // The moment before a day's start is in the day before, even when clocks change.
  while (found.length < days) found.unshift(dayOf(startOf(found[0]!) - 1));
  return found;
}

export interface ReportRequest {
  /** > 0. */
  readonly days: number;
  readonly by: ReportGroup;
  readonly nowMs: number;
  /** How long the journal keeps rows; earlier days come from the daily totals. */
  readonly keptMs: number;
  /** Days in UTC instead of the process's zone. */
  readonly utc?: boolean;
  /** Only this instrument. Money without a symbol, such as transfers, and balances are left out. */
  readonly instrument?: string | null;
}

/** The report of the last days including today. */
export function makeReport(journal: EngineJournal, request: ReportRequest): Report {
  const { days, by, nowMs, keptMs, instrument = null } = request;
  const { dayOf: dayName, startOf } = calendar(request.utc === true);
  const names = daysUpTo(nowMs, days, { dayOf: dayName, startOf });
  const fromDay = names[0]!;
  // One day less than possible: the rows of that day are being removed.
  const rowsFrom = utcDay(nowMs - keptMs + DAY_MS);
  const wanted = (timeMs: number) => utcDay(timeMs) >= rowsFrom && dayName(timeMs) >= fromDay;
  const isOf = (one: { readonly instrument: string }) => instrument === null || one.instrument === instrument;
  const money = rowsOf(journal);
  const facts = factsOf(journal);
  const rows = money.filter(
    (row): row is PaymentRow => row.type !== 'balance' && isOf(shareOf(row)) && wanted(rowTimeMs(row)),
  );
  const matched = facts.filter(
    (fact) => wanted(fact.atMs) && 'instrument' in fact && isOf({ instrument: fact.instrument ?? '' }),
  );
  const shares: (Share & { readonly day: string })[] = [
    ...rows.map(shareOf),
    ...matched.flatMap((fact) => matchShare(fact) ?? []),
  ].map((share) => ({ ...share, day: dayName(share.timeMs) }));
  const before = journal.latestOfEach('money.day').flatMap(({ key, body }) => {
    const { day, account, instrument: of } = dayOf(key);
    if (day >= rowsFrom || day < fromDay || !isOf({ instrument: of })) return [];
    return [{ account: account as Share['account'], instrument: of, day, timeMs: Date.parse(day), totals: body }];
  });
  const all = [...before, ...shares];
  const intervals = instrument !== null ? [] : intervalsWithin(money, wanted);
  const intervalDay = (one: Interval) => dayName(rowTimeMs({ timeNs: one.toNs }));
  const momentsMs = [...names.filter((day) => day >= rowsFrom).map(startOf), nowMs];
  // Not the sum of its days: a mark at the end of a day may be unknown, and does not matter for the whole.
  const whole = pairViews(journal, money, facts, [momentsMs[0]!, nowMs]).filter(isOf);
  const pairs = whole.map(
    ({ instrument: of, statements, costAtTouch }): PairLine => ({ instrument: of, ...statements[0]!, costAtTouch }),
  );
  const daily = by === 'day' ? pairViews(journal, money, facts, momentsMs).filter(isOf) : [];
  const upTo = readUpTo(journal);
  const line = (of: string, within: typeof all, pair: readonly PairStatement[] | null, unexplained: Decimal | null) => {
    const totals = within.reduce((one, { totals: other }) => addTotals(one, other), NO_TOTALS);
    const isFinal = by !== 'day' || of === '' ? null : upTo !== null && dayName(completeUntilMs(upTo)) > of;
    const lots = pair?.map(({ openLots }) => openLots) ?? [null];
    const unrealised = lots.includes(null) ? null : sum(lots as Decimal[]);
    const differences = pair === null ? null : sum(pair.map((one) => one.differences));
    const total = earnedUsdt(totals)
      .plus(unrealised ?? ZERO)
      .plus(differences ?? ZERO);
    return { of, isFinal, totals, unrealised, differences, total, unexplained };
  };
  const cash = (those: readonly Interval[]) => (those.length === 0 ? null : sum(those.map((one) => one.unexplained)));
  const makers: Readonly<Record<ReportGroup, () => ReportLine[]>> = {
    day: () =>
      [...new Set([...all.map(({ day }) => day), ...names])].sort().flatMap((day) => {
        const index = momentsMs.indexOf(startOf(day));
        const statements = index < 0 ? null : daily.map((pair) => pair.statements[index]!);
        const those = intervals.filter((one) => intervalDay(one) === day);
        const within = all.filter((share) => share.day === day);
        // A day without rows is left out, unless the value of what was open changed.
        const isQuiet = statements?.every((one) => one.openLots?.isZero() && one.differences.isZero()) ?? true;
        return within.length === 0 && isQuiet ? [] : [line(day, within, statements, cash(those))];
      }),
    symbol: () =>
      [...new Set([...all.map((share) => share.instrument), ...pairs.map((pair) => pair.instrument)])]
        .sort()
        .map((of) => {
          const pair = pairs.find((one) => one.instrument === of);
          const within = all.filter((share) => share.instrument === of);
          return line(of, within, pair === undefined ? null : [pair], pair?.unexplained ?? null);
        }),
    account: () =>
      [...new Set(all.map(({ account }) => account))].sort().map((account) => {
        const those = intervals.filter((one) => one.account === account);
        return line(
          account,
          all.filter((share) => share.account === account),
          null,
          cash(those),
        );
      }),
  };
  const unexplained = instrument === null ? cash(intervals) : (pairs[0]?.unexplained ?? null);
  return {
    fromDay,
    lines: makers[by](),
    sum: { ...line('', all, pairs, unexplained), of: 'total' },
    pairs,
    intervals,
    gaps: intervals.filter(isUnexplained),
    reopened: [...new Set(rows.filter((row) => row.late).map((row) => dayName(rowTimeMs(row))))].sort(),
    beforeRows: [...new Set(before.map(({ day }) => day))].sort(),
    rows: [...rows].sort((one, other) => Number(one.timeNs - other.timeNs)),
    matches: matched.flatMap(matchesOf),
    balances: newestBalances(money),
  };
}

function intervalsWithin(money: readonly MoneyRow[], wanted: (timeMs: number) => boolean): Interval[] {
  return ACCOUNTS.flatMap((account) => intervalsOf(money, account)).filter(({ toNs }) =>
    wanted(rowTimeMs({ timeNs: toNs })),
  );
}

function rowsOf(journal: EngineJournal): MoneyRow[] {
  return [...journal.scan({ kind: 'money' })].map((entry) => entry.body as PaymentRow | BalanceRow);
}

function newestBalances(money: readonly MoneyRow[]): Report['balances'] {
  const newest = (account: AccountName) =>
    money.findLast((row): row is BalanceRow => row.type === 'balance' && row.account === account);
  const [A, B] = [newest('A'), newest('B')];
  return A === undefined || B === undefined ? null : { A, B };
}

function factsOf(journal: EngineJournal): Fact[] {
  return [...journal.scan({ kind: 'fact' })].map((entry) => entry.body as Fact);
}

function matchesOf(fact: Fact): BookedMatch[] {
  if (fact.type !== 'fill.booked' && fact.type !== 'drift.adopted') return [];
  const { instrument, atMs } = fact;
  const clientOrderId = fact.type === 'fill.booked' ? fact.clientOrderId : '';
  const byHand = fact.type === 'drift.adopted' && fact.byHand === true;
  return fact.matches.map((match) => ({ ...match, instrument, atMs, clientOrderId, byHand }));
}

/** The table with its notes. */
export function reportTable(report: Report, by: ReportGroup, language: Language = 'en'): string[] {
  const text = listWords(language);
  const { [by]: group, state } = GROUP_HEADS[language];
  const names: Readonly<Record<string, string>> = { '': '-', total: text('total'), pair: text('pair') };
  const rows = [...report.lines, report.sum].map((one) => [
    names[one.of] ?? one.of,
    ...(by === 'day' ? [one.isFinal === null ? '' : text(one.isFinal ? 'final' : 'open')] : []),
    ...[String(one.totals.fills), money(one.totals.volume), money(one.totals.spread), money(one.totals.unwindGain)],
    ...[amounts(one.totals.fees), amounts(one.totals.funding), money(one.unrealised), money(one.differences)],
    ...[money(one.total), amounts(one.totals.transfers), one.unexplained === null ? '' : one.unexplained.toFixed(6)],
  ]);
  const takers = report.sum.totals.ownTakers;
  return [
    text('reportSince', { day: report.fromDay }),
    ...columns([[group, ...(by === 'day' ? [state] : []), ...REPORT_HEADS[language]], ...rows]),
    ...(by === 'symbol' ? pairTable(report.pairs, language) : []),
    ...otherFills(report.sum.totals, text),
    ...byHandLines(report.matches, text),
    ...(takers === 0 ? [] : [text('ownTakers', { count: takers })]),
    ...(by === 'account' && report.balances !== null ? marginLines(report.balances, language) : []),
    ...report.gaps.map(({ account, fromNs, toNs, unexplained, rows: count }) =>
      text('unexplained', {
        ...{ usdt: unexplained.toFixed(), account, rows: count },
        ...{ from: clockTime(rowTimeMs({ timeNs: fromNs })), to: clockTime(rowTimeMs({ timeNs: toNs })) },
      }),
    ),
    ...report.reopened.map((day) => text('reopened', { day })),
    ...(report.beforeRows.length === 0
      ? []
      : [text('beforeRows', { from: report.beforeRows[0], to: report.beforeRows.at(-1) })]),
  ];
}

/** Fills not made by orders of the engine (strategy 17.1). */
function otherFills({ others = {} }: Totals, text: ListWords): string[] {
  return OTHER_ORIGINS.flatMap((origin) => {
    const found = others[origin];
    if (found === undefined) return [];
    return [text('notOurs', { origin: text(origin), fills: found.fills, volume: money(found.volume) })];
  });
}

/** The part of spread and unwinds that a person traded (strategy 10.5). */
function byHandLines(matches: readonly BookedMatch[], text: ListWords): string[] {
  const those = matches.filter(({ byHand }) => byHand);
  if (those.length === 0) return [];
  return [text('byHand', { usdt: money(sum(those.map(({ gainUsdt }) => gainUsdt))), lots: those.length })];
}

/** To six decimals, as the exchange prints. */
function money(value: Decimal | null): string {
  return value === null ? '' : value.toDecimalPlaces(6).toFixed();
}

function amounts(value: Totals['fees']): string {
  const each = Object.entries(value).map(([currency, amount]) =>
    currency === 'USDT' ? money(amount) : `${money(amount)} ${currency}`,
  );
  return each.join(' + ') || '0';
}

/** Both sides of the pair statement, so that a reader can add them up. */
function pairTable(pairs: readonly PairLine[], language: Language): string[] {
  if (pairs.length === 0) return [];
  const rows = pairs.map((pair) => [
    ...[pair.instrument, money(pair.spread), money(pair.unwindGain), money(pair.openLots), money(pair.differences)],
    ...[money(pair.cashFlow), money(pair.held), pair.unexplained.toFixed(6), money(pair.costAtTouch)],
  ]);
  return columns([PAIR_HEADS[language], ...rows]);
}

function marginLines(balances: NonNullable<Report['balances']>, language: Language): string[] {
  const atMs = Math.min(rowTimeMs(balances.A), rowTimeMs(balances.B));
  return [checkText(language, 'marginsOf', { time: clockTime(atMs) }), ...levellingLines(balances, null, language)];
}
