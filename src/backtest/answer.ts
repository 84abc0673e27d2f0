import { Decimal, sum } from '../core/decimal.ts';
import type { MarketSummary } from '../market/feed.ts';
import { printE9 } from '../paper/fixed.ts';
import type { FillRule } from '../paper/index.ts';
import { type BacktestWords, backtestWords } from '../texts/backtest.ts';
import type { Language } from '../texts/language.ts';
import { CHOOSE_ON, defaultRow, isMoneyKnown, type Plan } from './plan.ts';
import type { Played } from './play.ts';
import type { PeriodFigures } from './statement.ts';

/** Result of a backtest: plain values, the same bytes for the same question. Money in USDT, as text. */
export interface Answer {
  readonly market: readonly MarketPlayed[];
  readonly range: { readonly from: string; readonly to: string };
  /** How books were invented if none was recorded; null: they were recorded. */
  readonly invented: { readonly spread: string; readonly depthUsdt: string } | null;
  /** False: the gain depends on the invented spread and is not reported (strategy 19.2). */
  readonly isMoneyKnown: boolean;
  /** Settings with a single value. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly equityUsdt: string;
  readonly latencyMs: { readonly orders: number; readonly data: number };
  readonly feesPercent: { readonly maker: string; readonly taker: string };
  readonly fundingPercent: string | null;
  readonly seed: number;
  readonly isAudited: boolean;
  /** All requested combinations; `points` lacks those that were not played. */
  readonly asked: number;
  readonly points: readonly PointAnswer[];
  /** The best one before `splitAt`; null: there is only one, or none was played that far. */
  readonly chosen: PointAnswer | null;
  readonly splitAt: string | null;
  /** The criterion of the choice. */
  readonly chosenBy: 'total' | 'unhedged' | null;
  /** What a backtest cannot know, and oddities; the only text in a language. */
  readonly notes: readonly string[];
}

export interface MarketPlayed {
  readonly symbol: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly gapMs: number;
  readonly gaps: number;
}

export interface PointAnswer {
  readonly values: Readonly<Record<string, string>>;
  readonly rows: Plan['points'][number]['rows'];
  readonly variables: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
}

export interface Run extends Played {
  readonly fill: FillRule;
}

/** Assembles the results. @param runs by point and fill rule, as in the plan; null: not played */
export function answerOf(plan: Plan, runs: readonly (readonly (Played | null)[])[], language: Language = 'en'): Answer {
  const { asked, summaries, range, invented } = plan;
  const points = plan.points.flatMap((point, index) => {
    const played = plan.fills.flatMap((fill, at) => {
      const run = runs[index]?.[at] ?? null;
      return run === null ? [] : [{ fill, ...run }];
    });
    return played.length === 0 ? [] : [{ ...point, runs: played }];
  });
  const moneyKnown = isMoneyKnown(plan);
  const chosen = plan.points.length > 1 ? bestOf(points, moneyKnown) : null;
  const splitAt = plan.splitMs === null ? null : new Date(plan.splitMs).toISOString();
  return {
    market: summaries.map(({ symbol, counts, gapMs, gaps }) => ({ symbol, counts, gapMs, gaps: gaps.length })),
    range: { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() },
    invented: invented === null ? null : { spread: spreadText(invented.spread), depthUsdt: printE9(invented.depth) },
    isMoneyKnown: moneyKnown,
    fixed: plan.fixed,
    equityUsdt: asked.equityUsdt,
    latencyMs: { orders: asked.latency.ordersMs, data: asked.latency.dataMs },
    feesPercent: { maker: asked.makerFeePercent, taker: asked.takerFeePercent },
    fundingPercent: asked.fundingPercent,
    ...{ seed: asked.seed, isAudited: asked.audit, asked: plan.points.length, points, chosen, splitAt },
    chosenBy: chosen === null ? null : moneyKnown ? 'total' : 'unhedged',
    notes: notesOf(plan, points, backtestWords(language)),
  };
}

/** By the time before the split, under the stricter of the fill rules played. */
function bestOf(points: readonly PointAnswer[], moneyKnown: boolean): PointAnswer | null {
  let best: PointAnswer | null = null;
  for (const point of points) {
    if ((point.runs[0]?.first ?? null) === null) continue;
    if (best === null || isBetter(point.runs[0]!, best.runs[0]!, moneyKnown)) best = point;
  }
  return best;
}

/** Whether the first is better before the split; equal ones are not. */
export function isBetter(one: Played, other: Played, moneyKnown: boolean): boolean {
  if (one.first === null || other.first === null) return one.first !== null;
  if (moneyKnown) return sumOf(one.first, 'total').gt(sumOf(other.first, 'total'));
  return shareOf(one.first, 'unhedgedMs') < shareOf(other.first, 'unhedgedMs');
}

export type MoneyName = {
  [Name in keyof PeriodFigures]: PeriodFigures[Name] extends string ? Name : never;
}[keyof PeriodFigures];

/** Over all symbols, USDT. */
export function sumOf(figures: readonly PeriodFigures[], name: Exclude<MoneyName, 'instrument'>): Decimal {
  return sum(figures.map((one) => new Decimal(one[name])));
}

/** Share of the time of all symbols. */
export function shareOf(figures: readonly PeriodFigures[], name: 'unhedgedMs' | 'strandedMs'): number {
  const observed = figures.reduce((total, { observedMs }) => total + observedMs, 0);
  return observed === 0 ? 0 : figures.reduce((total, one) => total + one[name], 0) / observed;
}

/** `1 tick`, or a share of the price. */
function spreadText(spread: { readonly ticks: bigint } | { readonly share: bigint }): string {
  if ('share' in spread) return `${printE9(spread.share * 100n)} %`;
  return `${spread.ticks} ${spread.ticks === 1n ? 'tick' : 'ticks'}`;
}

/** Inherent limits of a recording, and oddities of this one. */
function notesOf(
  { summaries, withoutRow, points, asked }: Plan,
  played: readonly PointAnswer[],
  text: BacktestWords,
): string[] {
  const notes = [text('unseen'), text('queued'), text('embedded'), text('past')];
  const drawn = summaries.filter(({ counts }) => counts.candle > 0).map(({ symbol }) => symbol);
  if (drawn.length > 0) notes.push(text('drawn', { symbols: drawn.join(', ') }));
  if (summaries.every(({ counts }) => counts.funding === 0) && asked.fundingPercent === null)
    notes.push(text('noFunding'));
  if (summaries.every(({ counts }) => counts.mark === 0)) notes.push(text('noMarks'));
  for (const summary of summaries) notes.push(...ownNotes(summary, asked.isOwnTakenOut, text));
  if (withoutRow.length > 0) {
    const row = Object.entries(defaultRow('')).filter(([name]) => name !== 'instrument');
    const words = row.map(([name, value]) => `${name} ${value}`).join(', ');
    notes.push(text('noRow', { symbols: withoutRow.join(', '), row: words }));
  }
  for (const { symbol, gaps, gapMs } of summaries)
    if (gaps.length > 0) notes.push(text('gaps', { symbol, gaps: gaps.length, minutes: (gapMs / 60_000).toFixed(1) }));
  for (const [symbol, counts] of Object.entries(played[0]?.runs[0]?.market ?? {})) {
    if (counts.crossedBooks > 0) notes.push(text('crossed', { symbol, count: counts.crossedBooks }));
    if (counts.tradesOutside > 0) notes.push(text('outside', { symbol, count: counts.tradesOutside }));
  }
  if (points.length > 1) notes.push(text('manyAsked', { count: points.length, percent: CHOOSE_ON * 100 }));
  const runs = played.flatMap(({ runs: all }) => all);
  const cut = runs.filter(({ isWhole, failure }) => !isWhole && failure === null).length;
  if (cut > 0) notes.push(text('interrupted', { count: cut }));
  for (const failure of new Set(runs.flatMap((run) => run.failure ?? []))) notes.push(text('failed', { failure }));
  const broken = runs.filter(({ breaches }) => breaches !== null && Object.keys(breaches).length > 0).length;
  if (broken > 0) notes.push(text('breached', { count: broken }));
  return notes;
}

/** The engine's own trading in the recording, or removed from it (strategy 19.1). */
function ownNotes({ symbol, own, counts }: MarketSummary, isTakenOut: boolean, text: BacktestWords): string[] {
  if (own === null) return [];
  const { orders, seen } = own;
  if (counts.candle > 0) return [text('ownCandles', { symbol, orders })];
  const { trades, levels, unseen } = seen;
  if (!isTakenOut) return [text(trades > 0 ? 'ownPlayed' : 'ownUnseen', { symbol, trades, levels, orders })];
  return [
    text('ownTakenOut', { symbol, trades, levels, orders }),
    ...(unseen > levels ? [text('ownElsewhere', { symbol, times: unseen })] : []),
  ];
}
