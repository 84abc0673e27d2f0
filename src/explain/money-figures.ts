import { decimal } from '../core/decimal.ts';
import type { DayMoney } from '../core/openings-stop.ts';
import type { Statement } from '../core/outbox.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import type { MoneyLine } from '../status/model.ts';
import { makeReport, type Report, type ReportLine } from './report.ts';

/** Figures of today and of seven days, for page, metrics and the stop for a loss (strategy 8.6, 17.4). */

/** Days of the week's figures including today, as in `report` without options. */
export const WEEK_DAYS = 7;

/** Figures of one moment as plain text, since they come from another thread. */
export interface MoneyFigures {
  readonly atMs: number;
  /** Wall clock: end of today. */
  readonly dayEndsMs: number;
  /** Yesterday's; null: nothing happened. */
  readonly yesterday: { readonly day: string; readonly isFinal: boolean; readonly line: MoneyLine } | null;
  readonly today: MoneyLine;
  readonly week: MoneyLine;
  readonly symbols: Readonly<Record<string, { readonly today: MoneyLine; readonly week: MoneyLine }>>;
}

/** @param keptMs how long the journal keeps rows */
export function moneyFigures(journal: EngineJournal, nowMs: number, keptMs: number): MoneyFigures {
  const of = (days: number) => makeReport(journal, { days, by: 'symbol', nowMs, keptMs });
  const [today, week] = [of(1), of(WEEK_DAYS)];
  const lineOf = (report: Report, symbol: string) => {
    const found = report.lines.find((one) => one.of === symbol);
    return found === undefined ? NOTHING : moneyLine(found);
  };
  const symbols = week.lines.map((line) => line.of).filter((name) => name !== '');
  return {
    atMs: nowMs,
    dayEndsMs: dayEnd(nowMs),
    yesterday: yesterdayOf(makeReport(journal, { days: 2, by: 'day', nowMs, keptMs })),
    today: moneyLine(today.sum),
    week: moneyLine(week.sum),
    symbols: Object.fromEntries(
      symbols.map((name) => [name, { today: lineOf(today, name), week: lineOf(week, name) }]),
    ),
  };
}

/** The figures that the stop for a loss uses. */
export function dayMoney({ today, dayEndsMs }: MoneyFigures): DayMoney {
  return { total: decimal(today.total), endsMs: dayEndsMs };
}

function yesterdayOf({ fromDay, lines }: Report): MoneyFigures['yesterday'] {
  const found = lines.find(({ of }) => of === fromDay);
  return found === undefined ? null : { day: fromDay, isFinal: found.isFinal === true, line: moneyLine(found) };
}

/** For the daily message; null: nothing happened yesterday. */
export function statementOf({ yesterday, week }: MoneyFigures): Statement | null {
  if (yesterday === null) return null;
  const { day, isFinal, line } = yesterday;
  const received = (amounts: MoneyLine['fees']) =>
    decimal(amounts.USDT ?? '0')
      .neg()
      .toFixed();
  const { total, spread, unwinds, unrealised, differences, volume } = line;
  return {
    ...{ day, isFinal, total, spread, unwinds, unrealised, differences, volume, weekTotal: week.total },
    ...{ fees: received(line.fees), funding: received(line.funding) },
  };
}

const NOTHING: MoneyLine = {
  ...{ fills: 0, volume: '0', spread: '0', unwinds: '0', fees: {}, funding: {} },
  ...{ unrealised: '0', differences: '0', total: '0' },
};

function moneyLine({ totals, unrealised, differences, total }: ReportLine): MoneyLine {
  const amounts = (value: typeof totals.fees) =>
    Object.fromEntries(Object.entries(value).map(([currency, amount]) => [currency, amount.toFixed()]));
  return {
    fills: totals.fills,
    volume: totals.volume.toFixed(),
    spread: totals.spread.toFixed(),
    unwinds: totals.unwindGain.toFixed(),
    fees: amounts(totals.fees),
    funding: amounts(totals.funding),
    unrealised: unrealised?.toFixed() ?? null,
    differences: differences?.toFixed() ?? null,
    total: total.toFixed(),
  };
}

/** The next midnight in the process's zone. */
function dayEnd(nowMs: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
}
