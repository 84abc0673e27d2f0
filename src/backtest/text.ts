import { columns } from '../explain/words.ts';
import { lasting } from '../simulate/report-text.ts';
import { type BacktestWords, backtestWords } from '../texts/backtest.ts';
import type { Language } from '../texts/language.ts';
import { type Answer, type PointAnswer, type Run, shareOf, sumOf } from './answer.ts';

/** A backtest's result as tables in a terminal. */
export function answerText(answer: Answer, language: Language = 'en'): string {
  const text = backtestWords(language);
  const lines = [...headLines(answer, text), '', ...tableLines(answer, text), ...chosenLines(answer, text)];
  const colon = language === 'en' ? ':' : '：';
  lines.push('', `${text('unknown')}${colon}`, ...answer.notes.map((note) => `- ${note}`));
  return lines.join('\n');
}

function headLines({ market, range, invented, fixed, equityUsdt }: Answer, text: BacktestWords): string[] {
  const of = market.map(({ symbol, counts }) => {
    const held = (['trade', 'book', 'candle'] as const).filter((kind) => (counts[kind] ?? 0) > 0);
    return `${symbol} (${held.map((kind) => text(kind, { count: counts[kind] })).join(', ')})`;
  });
  return [
    `${of.join('; ')}`,
    `${text('range', range)}, ${lasting(Date.parse(range.to) - Date.parse(range.from))}`,
    text('accounts', { equity: equityUsdt, fixed: Object.keys(fixed).length === 0 ? '' : labelOf(fixed, text) }),
    ...(invented === null ? [] : [text('invented', { spread: invented.spread, depth: invented.depthUsdt })]),
  ];
}

const MONEY = ['spread', 'unwinds', 'openLots', 'fees', 'funding', 'total'] as const;

function tableLines({ points, isMoneyKnown }: Answer, text: BacktestWords): string[] {
  const head = [
    ...(['settings', 'fills', 'volume', ...(isMoneyKnown ? MONEY : [])] as const),
    ...(['hedges', 'toHedge', 'unhedged', 'worstNet', 'stranded', 'costAtTouch', 'leastMargin'] as const),
  ].map((name) => text(name));
  const rows = points.flatMap((point) => point.runs.map((run) => rowOf(point, run, isMoneyKnown, text)));
  return columns([head, ...rows]);
}

function rowOf(point: PointAnswer, run: Run, isMoneyKnown: boolean, text: BacktestWords): string[] {
  const { whole, leastMarginRatio } = run;
  const slowest = whole.reduce((worst, one) =>
    (one.timeToHedge.p90Ms ?? 0) > (worst.timeToHedge.p90Ms ?? 0) ? one : worst,
  );
  return [
    labelOf(point.values, text),
    run.fill,
    sumOf(whole, 'volume').toFixed(0),
    ...(isMoneyKnown ? MONEY.map((name) => sumOf(whole, name).toFixed(2)) : []),
    String(whole.reduce((total, { hedges }) => total + hedges, 0)),
    `${lasting(slowest.timeToHedge.medianMs)} / ${lasting(slowest.timeToHedge.p90Ms)}`,
    percent(shareOf(whole, 'unhedgedMs')),
    Math.max(...whole.map(({ worstNet }) => Number(worstNet))).toFixed(0),
    percent(shareOf(whole, 'strandedMs')),
    isMoneyKnown ? sumOf(whole, 'costAtTouch').toFixed(2) : '–',
    leastMarginRatio === null ? '–' : `${leastMarginRatio.toFixed(1)} ×`,
  ];
}

function chosenLines({ chosen, chosenBy, splitAt, isMoneyKnown, asked }: Answer, text: BacktestWords): string[] {
  if (chosen === null || splitAt === null) return [];
  const best = text(chosenBy === 'total' ? 'byTotal' : 'byUnhedged');
  const rows = chosen.runs.flatMap((run) =>
    (['first', 'rest'] as const).flatMap((part) => {
      const figures = run[part];
      if (figures === null) return [];
      return [
        [
          ...[text(part === 'first' ? 'before' : 'after'), run.fill, sumOf(figures, 'volume').toFixed(0)],
          ...(isMoneyKnown ? [sumOf(figures, 'total').toFixed(2)] : []),
          ...[percent(shareOf(figures, 'unhedgedMs')), percent(shareOf(figures, 'strandedMs'))],
        ],
      ];
    }),
  );
  const heads = ['fills', 'volume', ...(isMoneyKnown ? (['total'] as const) : []), 'unhedged', 'stranded'] as const;
  const head = ['', ...heads.map((name) => text(name))];
  return [
    '',
    text('chosen', { asked, best, at: splitAt, values: labelOf(chosen.values, text) }),
    ...columns([head, ...rows]),
  ];
}

/** `order_notional_usdt 200, imbalance_limit_usdt 400` */
function labelOf(values: Readonly<Record<string, string>>, text: BacktestWords): string {
  const set = Object.entries(values);
  return set.length === 0 ? text('asTheyAre') : set.map(([name, value]) => `${name} ${value}`).join(', ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
