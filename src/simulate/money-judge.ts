import { type Decimal, sum, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS } from '../core/model.ts';
import {
  type BalanceRow,
  type FillRow,
  intervalsOf,
  isUnexplained,
  type MoneyRow,
  type PaymentRow,
  rowKey,
  rowTimeMs,
  unexplainedLimit,
} from '../core/money.ts';
import { bookingOf, pairStatements } from '../core/pair-statement.ts';
import type { SymbolState } from '../core/symbol-state.ts';
import { makeReport } from '../explain/report.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { completeUntilMs, dayOf, readUpTo, utcDay } from '../journal/money.ts';
import type { PaperExchange } from '../paper/index.ts';
import { usdt } from './figures.ts';

/** Compares the journal's money with the exchange's own books and balances (strategy 17). */

export interface MoneyFinding {
  readonly what: string;
  readonly detail: Readonly<Record<string, string>>;
}

export interface MoneyJudged {
  /** Number of intervals, pairs and rows compared. */
  readonly checks: number;
  readonly findings: readonly MoneyFinding[];
}

const HOUR_MS = 3_600_000;
/** With faults a row may be listed late: the hourly read of a day includes it by then. */
const LATE_MS = 2 * HOUR_MS;

/**
 * @param strict without faults every interval is explained; with faults every final day is, since a clock that is set
 * moves
 * a row to the neighbouring interval
 */
export function judgeMoney(
  journal: EngineJournal,
  exchange: PaperExchange,
  strict: boolean,
  nowMs: number,
): MoneyJudged {
  const upTo = readUpTo(journal);
  if (upTo === null) return { checks: 0, findings: [] };
  const rows = [...journal.scan({ kind: 'money' })].map((entry) => entry.body as MoneyRow);
  const completeMs = completeUntilMs(upTo);
  const account = strict ? judgeIntervals(rows) : judgeDays(rows, completeMs);
  const listed = judgeRows(rows, exchange, upTo.sinceMs, strict ? completeMs : completeMs - LATE_MS);
  const pairs = strict ? judgePairs(journal, rows, Math.min(upTo.fills.A, upTo.fills.B)) : { checks: 0, findings: [] };
  const totals = judgeTotals(journal, rows);
  const all = [account, listed, pairs, totals, judgeClosing(journal, nowMs, strict)];
  return { checks: all.reduce((count, one) => count + one.checks, 0), findings: all.flatMap((one) => one.findings) };
}

function judgeIntervals(rows: readonly MoneyRow[]): MoneyJudged {
  const intervals = ACCOUNTS.flatMap((account) => intervalsOf(rows, account));
  const findings = intervals.filter(isUnexplained).map(({ account, unexplained, fromNs, toNs, rows: count }) => ({
    what: 'money moved that no row of the journal explains',
    detail: { account, unexplained: unexplained.toFixed(), fromNs: `${fromNs}`, toNs: `${toNs}`, rows: `${count}` },
  }));
  return { checks: intervals.length, findings };
}

function judgeDays(rows: readonly MoneyRow[], completeMs: number): MoneyJudged {
  const findings: MoneyFinding[] = [];
  let checks = 0;
  for (const account of ACCOUNTS) {
    const days = Map.groupBy(intervalsOf(rows, account), ({ toNs }) => utcDay(rowTimeMs({ timeNs: toNs })));
    for (const [day, intervals] of days) {
      if (day >= utcDay(completeMs)) continue;
      checks += 1;
      const left = sum(intervals.map(({ unexplained }) => unexplained));
      const count = intervals.reduce((total, one) => total + one.rows, 0);
      if (left.abs().lte(unexplainedLimit(count))) continue;
      const detail = { account, day, unexplained: left.toFixed(), rows: `${count}` };
      findings.push({ what: 'a final day leaves money unexplained', detail });
    }
  }
  return { checks, findings };
}

/** Each row of the exchange's books is in the journal with its amount, and nothing else. */
function judgeRows(rows: readonly MoneyRow[], exchange: PaperExchange, fromMs: number, toMs: number): MoneyJudged {
  const within = (timeNs: bigint) => {
    const timeMs = rowTimeMs({ timeNs });
    return timeMs > fromMs && timeMs < toMs;
  };
  const books = exchangeRows(exchange);
  const journalled = new Map(rows.filter(isPayment).map((row) => [rowKey(row), amountOf(row)]));
  const findings: MoneyFinding[] = [];
  for (const [key, { amount, timeNs }] of books) {
    const ours = journalled.get(key);
    if (!within(timeNs) || ours?.eq(amount)) continue;
    const detail = { row: key, theirs: amount.toFixed(), ours: ours?.toFixed() ?? 'nothing' };
    findings.push({ what: 'the journal has not booked what the exchange did', detail });
  }
  // The exchange drops its oldest rows: one it does not know may be among those.
  const oldest = [...books.values()].reduce((least, { timeNs }) => (timeNs < least ? timeNs : least), 2n ** 63n);
  for (const row of rows.filter(isPayment)) {
    if (row.timeNs < oldest || books.has(rowKey(row))) continue;
    findings.push({ what: 'the journal has booked what the exchange never did', detail: { row: rowKey(row) } });
  }
  return { checks: books.size, findings };
}

function isPayment(row: MoneyRow): row is PaymentRow {
  return row.type !== 'balance';
}

/** The fee of a fill, else the amount. */
function amountOf(row: PaymentRow): Decimal {
  return row.type === 'fill' ? row.fee : row.amount;
}

function exchangeRows({ venue }: PaperExchange): Map<string, { readonly amount: Decimal; readonly timeNs: bigint }> {
  const rows = new Map<string, { amount: Decimal; timeNs: bigint }>();
  for (const { name, fills } of venue.accounts)
    for (const { tradeId, order, fee, timeNs } of fills)
      rows.set(`fill ${name} ${tradeId} ${order.orderId}`, { amount: usdt(fee), timeNs });
  for (const { account, txId, instrument, timeNs, amount } of venue.payments.funding)
    rows.set(`funding ${account.name} ${txId} ${instrument} ${timeNs}`, { amount: usdt(amount), timeNs });
  for (const { from, to, txId, amount, timeNs } of venue.payments.transfers) {
    if (from !== null) rows.set(`transfer ${from.name} ${txId}`, { amount: usdt(amount).neg(), timeNs });
    if (to !== null) rows.set(`transfer ${to.name} ${txId}`, { amount: usdt(amount), timeNs });
  }
  for (const { to, txId, amount, timeNs } of venue.payments.deposits)
    rows.set(`deposit ${to!.name} ${txId}`, { amount: usdt(amount), timeNs });
  return rows;
}

/** The ledger's gains equal what both accounts traded (strategy 17.3, the pair's statement). */
function judgePairs(journal: EngineJournal, rows: readonly MoneyRow[], listedUntilMs: number): MoneyJudged {
  const bookings = [...journal.scan({ kind: 'fact' })].flatMap(({ body }) => bookingOf(body as Fact) ?? []);
  const balances = rows.filter((row): row is BalanceRow => row.type === 'balance');
  const findings: MoneyFinding[] = [];
  const states = journal.latestOfEach('symbol.state');
  for (const { key: instrument, body } of states) {
    const isOf = (one: { readonly instrument: string }) => one.instrument === instrument;
    const fills = rows.filter((row): row is FillRow => row.type === 'fill' && isOf(row));
    const record = { fills, balances, bookings: bookings.filter(isOf), listedUntilMs, state: body as SymbolState };
    const moments = [Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER].map((atMs) => ({ atMs, mark: null }));
    const { unexplained, rows: count } = pairStatements(record, moments)[0]!;
    if (unexplained.abs().lte(unexplainedLimit(count))) continue;
    const detail = { instrument, unexplained: unexplained.toFixed(), rows: `${count}` };
    findings.push({ what: 'the ledger gained otherwise than the accounts traded', detail });
  }
  return { checks: states.length, findings };
}

/** Longer than any campaign. */
const DAYS_MOST = 400;

/** Days sum to the whole exactly, and, without faults, each is valued at both its ends. */
function judgeClosing(journal: EngineJournal, nowMs: number, strict: boolean): MoneyJudged {
  const request = { days: DAYS_MOST, by: 'day', nowMs, keptMs: DAYS_MOST * 24 * HOUR_MS, utc: true } as const;
  const { lines, sum: whole } = makeReport(journal, request);
  const unvalued = lines.filter(({ unrealised }) => unrealised === null);
  const findings: MoneyFinding[] = [];
  if (strict && unvalued.length > 0) {
    const detail = { days: unvalued.map(({ of }) => of).join(' ') };
    findings.push({ what: 'a day is not valued at both its ends', detail });
  }
  const days = sum(lines.map(({ total }) => total));
  if (unvalued.length === 0 && !days.eq(whole.total)) {
    const detail = { days: days.toFixed(), whole: whole.total.toFixed() };
    findings.push({ what: 'the days do not add up to the whole', detail });
  }
  return { checks: lines.length, findings };
}

/** The daily totals, which outlive the rows, equal their sum. */
function judgeTotals(journal: EngineJournal, rows: readonly MoneyRow[]): MoneyJudged {
  const fills = rows.filter((row): row is FillRow => row.type === 'fill');
  const days = journal.latestOfEach('money.day').filter(({ key }) => dayOf(key).account !== 'pair');
  const fees = sum(days.map(({ body }) => body.fees.USDT ?? ZERO));
  const volume = sum(days.map(({ body }) => body.volume));
  const counted = days.reduce((count, { body }) => count + body.fills, 0);
  const ours = { fees: sum(fills.map(({ fee }) => fee)), volume: sum(fills.map(({ size, price }) => size.mul(price))) };
  if (counted === fills.length && fees.eq(ours.fees) && volume.eq(ours.volume)) return { checks: 1, findings: [] };
  const detail = { days: `${counted} ${fees.toFixed()}`, rows: `${fills.length} ${ours.fees.toFixed()}` };
  return { checks: 1, findings: [{ what: 'the daily totals are not what their rows come to', detail }] };
}
