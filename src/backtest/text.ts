import { columns } from '../explain/words.ts';
import { lasting } from '../simulate/report-text.ts';
import { type Answer, type PointAnswer, type Run, shareOf, sumOf } from './answer.ts';

/** A backtest's result as tables in a terminal. */
export function answerText(answer: Answer): string {
  const lines = [...headLines(answer), '', ...tableLines(answer), ...chosenLines(answer)];
  lines.push(
    '',
    'What a backtest cannot know, and what was odd in this one:',
    ...answer.notes.map((note) => `- ${note}`),
  );
  return lines.join('\n');
}

function headLines({ market, range, invented, fixed, equityUsdt }: Answer): string[] {
  const of = market.map(({ symbol, counts }) => {
    const held = (['trade', 'book', 'candle'] as const).filter((kind) => (counts[kind] ?? 0) > 0);
    return `${symbol} (${held.map((kind) => `${counts[kind]} ${kind}s`).join(', ')})`;
  });
  return [
    `${of.join('; ')}`,
    `${range.from} to ${range.to}, ${lasting(Date.parse(range.to) - Date.parse(range.from))}`,
    `${equityUsdt} USDT in each account${Object.keys(fixed).length === 0 ? '' : `; set: ${labelOf(fixed)}`}`,
    ...(invented === null
      ? []
      : [
          `Invented: a spread of ${invented.spread}, ${invented.depthUsdt} USDT at each price. What would be gained depends on the invented spread and is not shown.`,
        ]),
  ];
}

const MONEY = ['spread', 'unwinds', 'openLots', 'fees', 'funding', 'total'] as const;
const MONEY_HEADS = ['spread', 'unwinds', 'open lots', 'fees', 'funding', 'total'];

function tableLines({ points, isMoneyKnown }: Answer): string[] {
  const head = [
    ...['settings', 'fills', 'volume', ...(isMoneyKnown ? MONEY_HEADS : [])],
    ...['hedges', 'to hedge p50 / p90', 'unhedged', 'worst net', 'stranded', 'cost at touch', 'least margin'],
  ];
  return [...columns([head, ...points.flatMap((point) => point.runs.map((run) => rowOf(point, run, isMoneyKnown)))])];
}

function rowOf(point: PointAnswer, run: Run, isMoneyKnown: boolean): string[] {
  const { whole, leastMarginRatio } = run;
  const slowest = whole.reduce((worst, one) =>
    (one.timeToHedge.p90Ms ?? 0) > (worst.timeToHedge.p90Ms ?? 0) ? one : worst,
  );
  return [
    labelOf(point.values),
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

function chosenLines({ chosen, chosenBy, splitAt, isMoneyKnown, asked }: Answer): string[] {
  if (chosen === null || splitAt === null) return [];
  const why = chosenBy === 'total' ? 'the largest total' : 'the least unhedged time';
  const rows = chosen.runs.flatMap((run) =>
    (['first', 'rest'] as const).flatMap((part) => {
      const figures = run[part];
      if (figures === null) return [];
      return [
        [
          ...[part === 'first' ? 'before' : 'after', run.fill, sumOf(figures, 'volume').toFixed(0)],
          ...(isMoneyKnown ? [sumOf(figures, 'total').toFixed(2)] : []),
          ...[percent(shareOf(figures, 'unhedgedMs')), percent(shareOf(figures, 'strandedMs'))],
        ],
      ];
    }),
  );
  const head = ['', 'fills', 'volume', ...(isMoneyKnown ? ['total'] : []), 'unhedged', 'stranded'];
  return [
    '',
    `Of ${asked} combinations the one with ${why} before ${splitAt}: ${labelOf(chosen.values)}`,
    ...columns([head, ...rows]),
  ];
}

/** `order_notional_usdt 200, imbalance_limit_usdt 400` */
export function labelOf(values: Readonly<Record<string, string>>): string {
  const set = Object.entries(values);
  return set.length === 0 ? 'as they are' : set.map(([name, value]) => `${name} ${value}`).join(', ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
