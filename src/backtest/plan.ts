import { z } from 'zod';
import { reason } from '../core/reasons.ts';
import { type MarketSummary, summaryOf } from '../market/feed.ts';
import type { OwnTrading } from '../market/own.ts';
import { ALWAYS, type Range, symbolsIn } from '../market/store.ts';
import { e9 } from '../paper/fixed.ts';
import { FILL_RULES, type FillRule, type InventedBook } from '../paper/index.ts';
import { nearest } from '../settings/index.ts';
import { ABOVE_ZERO, OptionError, OptionUnusable, oneOfThese } from '../texts/option-error.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { DEFAULT_LATENCY, type Latency, type PlayedSymbol, type Question, type Row } from './question.ts';
import { settingsOf } from './settings.ts';

/** The question of a backtest, from the command line (strategy 19.2, 19.3). */

/** The command line. */
export interface Asked {
  readonly market: string;
  /** null: all that are stored. */
  readonly symbols: readonly string[] | null;
  /** Rows of a symbols file, if there is one. */
  readonly rows: readonly Row[];
  /** The engine's environment variables, as set outside. */
  readonly variables: Readonly<Record<string, string>>;
  /** `order_notional_usdt=200,500`, in the order given. */
  readonly sets: readonly string[];
  /** An engine's own trading in these markets by symbol, from its journal. */
  readonly own: ReadonlyMap<string, OwnTrading>;
  /** It is removed; else the result warns of it. */
  readonly isOwnTakenOut: boolean;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly equityUsdt: string;
  readonly fill: FillRule | 'both';
  readonly spread: string | null;
  readonly depthUsdt: string | null;
  readonly makerFeePercent: string;
  readonly takerFeePercent: string;
  readonly fundingPercent: string | null;
  readonly latency: Latency;
  readonly seed: number;
  readonly audit: boolean;
  /** Simultaneous processes. */
  readonly workers: number;
  /** However long it takes. */
  readonly yes: boolean;
}

/** One combination of settings. */
export interface Point {
  /** What differs from the others: names and values, in the order given. */
  readonly values: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly variables: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly asked: Asked;
  readonly summaries: readonly MarketSummary[];
  readonly range: Range;
  /** Of several points one is chosen by the time before it; null: there is only one. */
  readonly splitMs: number | null;
  readonly invented: InventedBook | null;
  readonly points: readonly Point[];
  /** Set to one value in all of them. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly fills: readonly FillRule[];
  /** Symbols without a row in any symbols file. */
  readonly withoutRow: readonly string[];
}

/** A sweep chooses on this share of the time and shows the rest beside it (strategy 19.3). */
export const CHOOSE_ON = 0.7;

/** A row for a symbol without one; printed with the result. */
export function defaultRow(instrument: string): Row {
  return {
    ...{ instrument, order_notional_usdt: 200, imbalance_limit_usdt: 400, max_total_position_usdt: 4_000 },
    ...{ min_total_position_usdt: 0, a_side_when_equal: 'buy', position_mode: 'increase' },
  };
}

const ROW_FIELDS = [
  ...['order_notional_usdt', 'imbalance_limit_usdt', 'max_total_position_usdt', 'min_total_position_usdt'],
  ...['a_side_when_equal', 'position_mode', 'decrease_repair', 'mode'],
];
/** Variables that influence what the engine does to a market. */
export const STRATEGY_VARIABLES: readonly string[] = [
  'GRVT_HEDGE_LOOP_INTERVAL_SEC',
  'GRVT_HEDGE_ORDERBOOK_DEPTH',
  'GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT',
  'GRVT_HEDGE_POST_ONLY_MAX_RETRY',
  'GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC',
  'GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC',
  'GRVT_HEDGE_ORDER_TTL_SEC',
  'GRVT_HEDGE_RATE_SCALE',
  'GRVT_HEDGE_STREAMS',
];
const SETTABLE = [...ROW_FIELDS, ...STRATEGY_VARIABLES];

/** Reads what is stored and creates every combination of settings. @throws OptionError, MarketError */
export function planOf(asked: Asked): Plan {
  const names = asked.symbols ?? symbolsIn(asked.market);
  const stored = symbolsIn(asked.market);
  if (names.length === 0)
    throw new OptionError('--market', asked.market, {
      en: 'stored markets, as `market import` makes them: there are none',
      zh: '已存的行情（见 "market import"）：此处没有',
    });
  for (const name of names) {
    if (stored.includes(name)) continue;
    throw new OptionError('--symbols', name, oneOfThese(stored, nearest(name, stored)));
  }
  const asRange: Range = { fromMs: asked.fromMs ?? ALWAYS.fromMs, toMs: asked.toMs ?? ALWAYS.toMs };
  const summaries = names.map((name) => summaryOf(asked.market, name, asRange, asked.own.get(name) ?? null));
  const range = {
    fromMs: Math.max(asRange.fromMs, ...summaries.map(({ firstMs }) => firstMs)),
    toMs: Math.min(asRange.toMs, ...summaries.map(({ lastMs }) => lastMs)),
  };
  if (range.toMs - range.fromMs < LEAST_MS)
    throw new OptionError('--symbols', names.join(','), {
      en: 'at least a minute that they have in common',
      zh: '至少有一分钟共同的行情',
    });
  const fills = asked.fill === 'both' ? FILL_RULES : [asked.fill];
  mayTakeSoLong(asked, (range.toMs - range.fromMs) * names.length * fills.length);
  const points = pointsOf(names, asked);
  const single = asked.sets.map(axisOf).filter(({ values }) => values.length === 1);
  return {
    ...{ asked, summaries, range, points, invented: inventedOf(asked, summaries) },
    splitMs: points.length > 1 ? range.fromMs + Math.round((range.toMs - range.fromMs) * CHOOSE_ON) : null,
    fills,
    fixed: Object.fromEntries(single.map(({ name, values }) => [name, values[0]!])),
    withoutRow: names.filter((name) => !asked.rows.some((row) => row.instrument === name)),
  };
}

const LEAST_MS = 60_000;
/** Approximate speed compared with real time, for the estimate. */
const SPEED = 700;
/** Longer runs need confirmation. */
const LONG_MS = 3_600_000;

/** @throws OptionError if it takes long and was not confirmed */
function mayTakeSoLong({ sets, workers, yes }: Asked, marketMs: number): void {
  const count = sets.reduce((total, text) => total * text.split(',').length, 1);
  const takesMs = (count * marketMs) / SPEED / workers;
  if (yes || takesMs <= LONG_MS) return;
  throw new ReasonError(reason('takes-long', '19.3', { combinations: count, ms: takesMs, workers }));
}

/** @throws OptionError if a book must be invented without instructions, or only some symbols have books */
function inventedOf({ spread, depthUsdt }: Asked, summaries: readonly MarketSummary[]): InventedBook | null {
  const bare = summaries.filter(({ counts }) => counts.book === 0).map(({ symbol }) => symbol);
  if (bare.length === 0) return null;
  if (bare.length < summaries.length)
    throw new OptionError('--symbols', bare.join(','), {
      en: 'one kind in a run: no books were recorded of these, of the others they were',
      zh: '一次运行只用一种：这些标的没有录制盘口，其余的有',
    });
  if (spread === null || depthUsdt === null)
    throw new OptionError('--symbols', bare.join(','), {
      en: '--spread and --depth with it, which invent the books that were not recorded, e.g. --spread 1 --depth 20000',
      zh: '同时给出 --spread 和 --depth，用来虚构未录制的盘口，例如 --spread 1 --depth 20000',
    });
  return { spread: spreadOf(spread), depth: amountOf('depth', depthUsdt) };
}

function spreadOf(text: string): InventedBook['spread'] {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent !== null) return { share: amountOf('spread', percent[1]!) / 100n };
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new OptionError('--spread', text, {
      en: 'ticks, such as 1, or percent, such as 0.02%',
      zh: 'tick 数，例如 1，或百分比，例如 0.02%',
    });
  return { ticks: BigInt(text) };
}

/** 1e-9. */
function amountOf(option: string, text: string): bigint {
  if (!/^\d+(\.\d+)?$/.test(text) || e9(text) === 0n) throw new OptionError(`--${option}`, text, ABOVE_ZERO);
  return e9(text);
}

/** Every combination of settings, each read by the product's own reader. @throws OptionError */
export function pointsOf(
  names: readonly string[],
  { rows, variables, sets }: Pick<Asked, 'rows' | 'variables' | 'sets'>,
): Point[] {
  const axes = sets.map(axisOf);
  const twice = axes.find(({ name }, index) => axes.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    throw new OptionError('--set', twice.name, { en: 'each setting once', zh: '每个设置只出现一次' });
  const count = axes.reduce((total, { values }) => total * values.length, 1);
  if (count > MOST_POINTS)
    throw new OptionError('--set', String(count), {
      en: `at most ${MOST_POINTS} combinations`,
      zh: `最多 ${MOST_POINTS} 种组合`,
    });
  const own = names.map((name) => rows.find((row) => row.instrument === name) ?? defaultRow(name));
  let combinations: Record<string, string>[] = [{}];
  for (const { name, values } of axes)
    combinations = combinations.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  return combinations.map((values) => {
    const ofRow = Object.fromEntries(Object.entries(values).filter(([name]) => ROW_FIELDS.includes(name)));
    const ofEngine = Object.fromEntries(Object.entries(values).filter(([name]) => !ROW_FIELDS.includes(name)));
    const varying = axes.filter((axis) => axis.values.length > 1).map(({ name }) => [name, values[name]!]);
    const point: Point = {
      values: Object.fromEntries(varying),
      rows: own.map((row) => ({ ...row, enabled: true, ...ofRow })),
      variables: { ...variables, ...ofEngine },
    };
    const reading = settingsOf(point);
    if (reading.ok) return point;
    const shown = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    throw new OptionUnusable('--set', shown.join(' '), reading.errors);
  });
}

/** More would take years. */
const MOST_POINTS = 10_000_000;

function axisOf(text: string): { readonly name: string; readonly values: readonly string[] } {
  const at = text.indexOf('=');
  const [name, values] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).split(',')];
  if (at < 1 || values.some((value) => value.trim() === ''))
    throw new OptionError('--set', text, {
      en: 'NAME=VALUE,VALUE,…, such as order_notional_usdt=200,500',
      zh: '名称=值,值,…，例如 order_notional_usdt=200,500',
    });
  if (!SETTABLE.includes(name)) throw new OptionError('--set', name, oneOfThese(SETTABLE, nearest(name, SETTABLE)));
  return { name, values: values.map((value) => value.trim()) };
}

const sweepFile = z.strictObject({
  symbols: z.array(z.string().min(1)).min(1).optional(),
  set: z.record(z.string(), z.array(z.string().regex(/^[^,=]+$/)).min(1)),
});

/** The contents of a sweep file. @throws OptionError naming the place in it */
export function sweepOf(
  file: string,
  json: unknown,
): { readonly symbols: readonly string[] | null; readonly sets: readonly string[] } {
  const { data, error } = sweepFile.safeParse(json);
  if (data === undefined) {
    const wrong = error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
    const form = '"set": { "order_notional_usdt": ["200", "500"] }';
    throw new OptionError('--sweep', file, {
      en: `${form}, and "symbols" if not all; found ${JSON.stringify(wrong.join('; '))}`,
      zh: `${form}，不取全部标的时另有 "symbols"；发现 ${JSON.stringify(wrong.join('; '))}`,
    });
  }
  return {
    symbols: data.symbols ?? null,
    sets: Object.entries(data.set).map(([name, values]) => `${name}=${values.join(',')}`),
  };
}

/** One run of the plan. */
export function questionOf(plan: Plan, point: Point, fill: FillRule): Question {
  const { asked, summaries, range, splitMs, invented } = plan;
  const symbols: PlayedSymbol[] = summaries.map(({ spec, firstPrice, counts }) => ({
    spec: { ...spec, startPrice: firstPrice ?? spec.startPrice },
    isDrawn: counts.candle > 0,
    without: asked.isOwnTakenOut ? (asked.own.get(spec.name) ?? null) : null,
  }));
  return {
    ...{
      directory: asked.market,
      symbols,
      range,
      splitMs,
      invented,
      fill,
      seeded: null,
      seed: asked.seed,
      audit: asked.audit,
    },
    ...{ equityUsdt: asked.equityUsdt, latency: asked.latency, fundingPercent: asked.fundingPercent },
    ...{ makerFeePercent: asked.makerFeePercent, takerFeePercent: asked.takerFeePercent },
    ...{ rows: point.rows, variables: point.variables },
  };
}

/** `50,20`: orders, data. @throws OptionError */
export function latencyOf(text: string): Latency {
  const found = /^(\d{1,5}),(\d{1,5})$/.exec(text);
  if (found === null)
    throw new OptionError('--latency', text, {
      en: `ORDERS,DATA in milliseconds, such as ${DEFAULT_LATENCY.ordersMs},${DEFAULT_LATENCY.dataMs}`,
      zh: `订单,数据（毫秒），例如 ${DEFAULT_LATENCY.ordersMs},${DEFAULT_LATENCY.dataMs}`,
    });
  return { ordersMs: Number(found[1]), dataMs: Number(found[2]) };
}

/** Whether the spread is the market's, not an invented one (strategy 19.2). */
export function isMoneyKnown({ invented }: Pick<Plan, 'invented'>): boolean {
  return invented === null;
}
