import { type Decimal, sum, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import { lotsNet, lotsValue } from '../core/ledger.ts';
import { ACCOUNTS, type AccountName, type LotMatch } from '../core/model.ts';
import {
  addTotals,
  type BalanceRow,
  earnedUsdt,
  type Interval,
  intervalsOf,
  type MoneyRow,
  matchShare,
  NO_TOTALS,
  type PaymentRow,
  rowTimeMs,
  type Share,
  shareOf,
  type Totals,
  unexplainedLimit,
} from '../core/money.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { completeUntilMs, dayOf, readUpTo, utcDay } from '../journal/money.ts';
import { levellingLines } from './levelling.ts';
import { clockTime, columns } from './words.ts';

/** What was earned, from the journal (strategy 17.3, 17.4): as a table, as JSON, or every row of it as CSV. */

export const REPORT_GROUPS = ['day', 'symbol', 'account'] as const;
export type ReportGroup = (typeof REPORT_GROUPS)[number];

const DAY_MS = 86_400_000;

/** One line of the table. */
export interface ReportLine {
  /** A day, a symbol or an account; `pair`: hedges and unwinds, which are of both; empty: of no symbol. */
  readonly of: string;
  /** Of a day: whether every list was read past its end. */
  readonly isFinal: boolean | null;
  readonly totals: Totals;
  /** Open lots at the mark of the last decision, USDT; null: of a day or account, or the mark is not known. */
  readonly unrealised: Decimal | null;
  /** Earned, with what is unrealised where that is known, USDT. */
  readonly total: Decimal;
  /** Of cash, between balances that ended then, USDT (strategy 17.3); null: there are none. */
  readonly unexplained: Decimal | null;
}

export interface Report {
  readonly fromDay: string;
  readonly lines: readonly ReportLine[];
  readonly sum: ReportLine;
  readonly intervals: readonly Interval[];
  /** Intervals that leave more unexplained than may be. */
  readonly gaps: readonly Interval[];
  /** Days whose totals changed after they were final. */
  readonly reopened: readonly string[];
  /** Days of before the journal's rows; their daily totals are by UTC. */
  readonly beforeRows: readonly string[];
  readonly rows: readonly PaymentRow[];
  /** The newest balance of each account; null: one has none. */
  readonly balances: Readonly<Record<AccountName, BalanceRow>> | null;
  readonly matches: readonly BookedMatch[];
}

/** One match, and the fill that was booked with it. */
export interface BookedMatch extends LotMatch {
  readonly instrument: string;
  readonly atMs: number;
  readonly clientOrderId: string;
}

/** The day of a time, local to the time zone of the process, as every time of a report. */
function dayName(timeMs: number): string {
  return clockTime(timeMs).slice(0, 10);
}

/**
 * The report of the last days, today among them.
 *
 * @param days > 0
 * @param keptMs how long the journal keeps rows; days before that come from the daily totals
 */
export function makeReport(
  journal: EngineJournal,
  { days, by, nowMs, keptMs }: { days: number; by: ReportGroup; nowMs: number; keptMs: number },
): Report {
  const fromDay = dayName(nowMs - (days - 1) * DAY_MS);
  // A day later than it must be: its rows are going.
  const rowsFrom = utcDay(nowMs - keptMs + DAY_MS);
  const wanted = (timeMs: number) => utcDay(timeMs) >= rowsFrom && dayName(timeMs) >= fromDay;
  const money = rowsOf(journal);
  const rows = money.filter((row): row is PaymentRow => row.type !== 'balance' && wanted(rowTimeMs(row)));
  const matched = factsOf(journal).filter((fact) => wanted(fact.atMs));
  const shares: (Share & { readonly day: string })[] = [
    ...rows.map(shareOf),
    ...matched.flatMap((fact) => matchShare(fact) ?? []),
  ].map((share) => ({ ...share, day: dayName(share.timeMs) }));
  const before = journal.latestOfEach('money.day').flatMap(({ key, body }) => {
    const { day, account, instrument } = dayOf(key);
    if (day >= rowsFrom || day < fromDay) return [];
    return [{ account: account as Share['account'], instrument, day, timeMs: Date.parse(day), totals: body }];
  });
  const all = [...before, ...shares];
  const intervals = ACCOUNTS.flatMap((account) => intervalsOf(money, account)).filter(({ toNs }) =>
    wanted(rowTimeMs({ timeNs: toNs })),
  );
  const groupOf = (share: (typeof all)[number]): string =>
    by === 'day' ? share.day : by === 'symbol' ? share.instrument : share.account;
  const intervalGroup = (one: Interval): string =>
    by === 'day' ? dayName(rowTimeMs({ timeNs: one.toNs })) : by === 'account' ? one.account : '';
  const open = new Map(
    journal.latestOfEach('symbol.state').map((entry) => [entry.key, openLots(journal, entry.body as SymbolState)]),
  );
  const upTo = readUpTo(journal);
  const line = (of: string, within: typeof all, unrealised: Decimal | null, those: readonly Interval[]) => {
    const totals = within.reduce((one, { totals: other }) => addTotals(one, other), NO_TOTALS);
    const isFinal = by !== 'day' || of === '' ? null : upTo !== null && dayName(completeUntilMs(upTo)) > of;
    const total = earnedUsdt(totals).plus(unrealised ?? ZERO);
    const unexplained = those.length === 0 ? null : sum(those.map((one) => one.unexplained));
    return { of, isFinal, totals, unrealised, total, unexplained };
  };
  const names = [...new Set([...all.map(groupOf), ...(by === 'symbol' ? [...open.keys()] : [])])].sort();
  const lines = names.map((of) => {
    const within = all.filter((share) => groupOf(share) === of);
    const those = by === 'symbol' ? [] : intervals.filter((one) => intervalGroup(one) === of);
    return line(of, within, by === 'symbol' ? (open.get(of) ?? null) : null, those);
  });
  const known = [...open.values()].filter((value) => value !== null);
  return {
    fromDay,
    lines,
    sum: { ...line('', all, known.length === 0 ? null : sum(known), intervals), of: 'total' },
    intervals,
    gaps: intervals.filter((one) => one.unexplained.abs().gt(unexplainedLimit(one.rows))),
    reopened: [...new Set(rows.filter((row) => row.late).map((row) => dayName(rowTimeMs(row))))].sort(),
    beforeRows: [...new Set(before.map(({ day }) => day))].sort(),
    rows: [...rows].sort((one, other) => Number(one.timeNs - other.timeNs)),
    matches: matched.flatMap(matchesOf),
    balances: newestBalances(money),
  };
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
  return fact.matches.map((match) => ({ ...match, instrument, atMs, clientOrderId }));
}

/** Open lots at the mark of the symbol's last decision; null: it never decided. */
function openLots(journal: EngineJournal, { instrument, lots }: SymbolState): Decimal | null {
  if (lots.length === 0) return ZERO;
  const decision = journal.latest('decision', instrument)?.body as
    | { readonly input: { readonly valuation: { readonly mark: Decimal | null } } }
    | undefined;
  const mark = decision?.input.valuation.mark ?? null;
  return mark === null ? null : lotsNet(lots).mul(mark).minus(lotsValue(lots));
}

/** The table, and what is to be known about it. */
export function reportTable(report: Report, by: ReportGroup): string[] {
  const money = (value: Decimal | null) => (value === null ? '' : value.toFixed());
  const amounts = (value: Totals['fees']) =>
    Object.entries(value)
      .map(([currency, amount]) => (currency === 'USDT' ? amount.toFixed() : `${amount.toFixed()} ${currency}`))
      .join(' + ') || '0';
  const rows = [...report.lines, report.sum].map((one) => [
    one.of === '' ? '-' : one.of,
    ...(by === 'day' ? [one.isFinal === null ? '' : one.isFinal ? 'final' : 'open'] : []),
    ...[String(one.totals.fills), money(one.totals.volume), money(one.totals.spread), money(one.totals.unwindGain)],
    ...[amounts(one.totals.fees), amounts(one.totals.funding), money(one.unrealised), money(one.total)],
    ...[amounts(one.totals.transfers), one.unexplained === null ? '' : one.unexplained.toFixed(6)],
  ]);
  const heads = ['fills', 'volume', 'spread', 'unwinds', 'fees', 'funding', 'unrealised', 'total', 'transfers'];
  const takers = report.sum.totals.ownTakers;
  return [
    `Since ${report.fromDay}, USDT; fees and funding: paid, below zero received`,
    ...columns([[by, ...(by === 'day' ? ['state'] : []), ...heads, 'unexplained'], ...rows]),
    ...(takers === 0 ? [] : [`Own fills that were a taker's: ${takers}`]),
    ...(by === 'account' && report.balances !== null ? marginLines(report.balances) : []),
    ...report.gaps.map(
      ({ account, fromNs, toNs, unexplained, rows: count }) =>
        `Unexplained: ${unexplained.toFixed()} USDT of account ${account}, ${clockTime(rowTimeMs({ timeNs: fromNs }))} to ` +
        `${clockTime(rowTimeMs({ timeNs: toNs }))}, ${count} rows (strategy 17.3)`,
    ),
    ...report.reopened.map((day) => `${day}: the exchange listed rows of it after it was final`),
    ...(report.beforeRows.length === 0
      ? []
      : [`${report.beforeRows[0]} to ${report.beforeRows.at(-1)}: from daily totals, UTC; rows are kept no longer`]),
  ];
}

function marginLines(balances: NonNullable<Report['balances']>): string[] {
  const atMs = Math.min(rowTimeMs(balances.A), rowTimeMs(balances.B));
  return [`Margins of ${clockTime(atMs)}:`, ...levellingLines(balances, null)];
}

const CSV_HEAD = [
  ...['time', 'type', 'account', 'instrument', 'trade_id', 'order_id', 'client_order_id', 'side', 'size', 'price'],
  ...['volume', 'amount', 'currency', 'origin', 'is_taker', 'lot_id', 'lot_price'],
] as const;
type CsvRow = Partial<Record<(typeof CSV_HEAD)[number], string>>;

/** One row per fill, fee, funding payment, transfer, hedge and unwind (strategy 17.4); `amount` above zero is received. */
export function reportCsv({ rows, matches }: Report): string[] {
  const listed = [
    ...rows.flatMap((row) => paymentRows(row).map((csv) => ({ timeNs: row.timeNs, csv }))),
    ...matches.map((match) => ({ timeNs: BigInt(Math.floor(match.atMs)) * 1_000_000n, csv: matchRow(match) })),
  ].sort((one, other) => (one.timeNs < other.timeNs ? -1 : one.timeNs > other.timeNs ? 1 : 0));
  const text = ({ timeNs, csv }: (typeof listed)[number]) =>
    CSV_HEAD.map((column) => cell(column === 'time' ? isoTime(timeNs) : (csv[column] ?? ''))).join(',');
  return [CSV_HEAD.join(','), ...listed.map(text)];
}

function isoTime(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** Quoted where it must be; what a spreadsheet would take for a formula gets a mark before it. */
function cell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function paymentRows(row: PaymentRow): CsvRow[] {
  const { account } = row;
  if (row.type !== 'fill') {
    const amount = row.type === 'funding' ? row.amount.neg() : row.amount;
    const instrument = row.type === 'funding' ? row.instrument : '';
    const { type, currency } = row;
    return [{ ...{ type, account, instrument, currency }, trade_id: row.txId, amount: amount.toFixed() }];
  }
  const { instrument, side, origin } = row;
  const ids = { account, instrument, trade_id: row.tradeId, order_id: row.orderId, client_order_id: row.clientOrderId };
  const of = { ...ids, side, origin, is_taker: String(row.isTaker) };
  const [size, price, volume] = [row.size.toFixed(), row.price.toFixed(), row.size.mul(row.price).toFixed()];
  return [
    { ...of, type: 'fill', size, price, volume },
    { ...of, type: 'fee', amount: row.fee.neg().toFixed(), currency: row.feeCurrency },
  ];
}

function matchRow(match: BookedMatch): CsvRow {
  return {
    ...{ type: match.kind, account: match.fillAccount, instrument: match.instrument, side: match.fillSide },
    ...{ client_order_id: match.clientOrderId, size: match.size.toFixed(), price: match.fillPrice.toFixed() },
    ...{ amount: match.gainUsdt.toFixed(), currency: 'USDT' },
    ...{ lot_id: String(match.lotId), lot_price: match.lotPrice.toFixed() },
  };
}
