import { type BothTexts, reason } from '../core/reasons.ts';
import { E9, parseE9, printE9 } from '../paper/fixed.ts';
import type { InstrumentSpec } from '../paper/index.ts';
import { OptionError, oneOfThese } from '../texts/option-error.ts';
import { delimiterOf, fieldsOf, type LinesOptions, linesOf } from './csv.ts';
import { MarketError, unusable } from './errors.ts';
import type { CandleRecord } from './record.ts';
import { MarketWriter } from './store.ts';

/** CSV of trades or candles into a stored market (strategy 19.1). Memory does not grow with the file. */

export const IMPORT_KINDS = ['trades', 'candles'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];
export const TIME_UNITS = ['iso', 's', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

/** Required and optional columns. */
const COLUMNS: Readonly<
  Record<ImportKind, { readonly needed: readonly string[]; readonly optional: readonly string[] }>
> = {
  trades: { needed: ['time', 'price', 'size'], optional: ['side', 'buyer-is-maker', 'id'] },
  candles: { needed: ['time', 'open', 'high', 'low', 'close', 'volume'], optional: [] },
};

export interface ImportOptions extends LinesOptions {
  readonly file: string;
  readonly directory: string;
  readonly kind: ImportKind;
  readonly spec: InstrumentSpec;
  /** Our name → the file's: a name in its header, or a number from 1. */
  readonly columns: Readonly<Record<string, string>>;
  /** null: detected from the first line. */
  readonly delimiter: string | null;
  readonly decimal: '.' | ',';
  /** null: detected from the first row. */
  readonly timeUnit: TimeUnit | null;
  /** Of candles, ms; null: from the first two rows. */
  readonly intervalMs: number | null;
  /** Whether volume is in base units or in the quote currency. */
  readonly volume: 'base' | 'quote';
  /** Longest silence between two trades that is not a gap. */
  readonly gapMs: number;
  readonly onProgress?: (rows: number) => void;
}

export interface ImportResult {
  readonly rows: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly delimiter: string;
  readonly timeUnit: TimeUnit;
  readonly intervalMs: number | null;
  /** Prices off the tick, sizes off the step, and rows dropped because less than a step remained. */
  readonly roundedPrices: number;
  readonly roundedSizes: number;
  readonly tooSmall: number;
  readonly gaps: number;
  readonly gapMs: number;
  /** Whether the file has the taker's side; otherwise a trade above the last price counts as a buy. */
  readonly sidesGiven: boolean;
}

const PROGRESS_ROWS = 100_000;
/** Unit of a numeric time by its digits before the point, for the years 2001 to 2286. */
const UNIT_OF_DIGITS: Readonly<Record<number, TimeUnit>> = { 10: 's', 13: 'ms', 16: 'us', 19: 'ns' };
const NS_PER: Readonly<Record<Exclude<TimeUnit, 'iso'>, bigint>> = { s: E9, ms: 1_000_000n, us: 1_000n, ns: 1n };
const NO_ZONE = /^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?$/;

/**
 * Imports one file after what is stored of the symbol already.
 * @throws MarketError naming file, line, column and value of the first unusable item; earlier rows are kept
 */
export async function importCsv(options: ImportOptions): Promise<ImportResult> {
  const importer = new Importer(options);
  try {
    for await (const { line, number } of linesOf(options.file, options)) importer.line(line, number);
    return importer.result();
  } finally {
    importer.close();
  }
}

class Importer {
  readonly #options: ImportOptions;
  readonly #writer: MarketWriter;
  #delimiter: string | null;
  #unit: TimeUnit | null;
  #places: Readonly<Record<string, number>> | null = null;
  #number = 0;
  #rows = 0;
  #firstMs: number | null = null;
  #lastNs: bigint | null = null;
  #lastPrice = 0n;
  #buys = true;
  #intervalMs: number | null;
  /** The first candle waits for the second one, which gives the interval. */
  #waiting: UntimedCandle | null = null;
  readonly #counts = { roundedPrices: 0, roundedSizes: 0, tooSmall: 0, gaps: 0, gapMs: 0 };

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#delimiter = options.delimiter;
    this.#unit = options.timeUnit;
    this.#intervalMs = options.intervalMs;
    const { needed, optional } = COLUMNS[options.kind];
    for (const name of needed) {
      if (options.columns[name] === undefined)
        throw new OptionError('--columns', Object.keys(options.columns).join(','), {
          en: `at least ${needed.join(', ')}`,
          zh: `至少有 ${needed.join('、')}`,
        });
    }
    const known = [...needed, ...optional];
    const unknown = Object.keys(options.columns).find((name) => !known.includes(name));
    if (unknown !== undefined) throw new OptionError('--columns', unknown, oneOfThese(known));
    this.#writer = new MarketWriter(options.directory, options.spec.name);
  }

  #wrong(name: string, found: string, expected: BothTexts): MarketError {
    const { file } = this.#options;
    return new MarketError(reason('import-row-wrong', '19.1', { file, line: this.#number, name, found, expected }));
  }

  line(line: string, number: number): void {
    this.#number = number;
    const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() === '') return;
    this.#delimiter ??= delimiterOf(text);
    const fields = fieldsOf(text, this.#delimiter);
    if (this.#places === null) {
      this.#places = this.#placesIn(fields);
      if (this.#options.header) return;
    }
    if (this.#options.kind === 'trades') this.#trade(fields);
    else this.#candle(fields);
    this.#rows += 1;
    if (this.#rows % PROGRESS_ROWS === 0) this.#options.onProgress?.(this.#rows);
  }

  /** Position of each column, from 0. */
  #placesIn(first: readonly string[]): Record<string, number> {
    const names = first.map((name) => name.trim());
    const places: Record<string, number> = {};
    for (const [ours, theirs] of Object.entries(this.#options.columns)) {
      const named = this.#options.header ? names.indexOf(theirs) : -1;
      const index = named >= 0 ? named : /^\d{1,4}$/.test(theirs) ? Number(theirs) - 1 : -1;
      if (index < 0 || index >= names.length) {
        const isOne = names.length === 1;
        throw this.#wrong('--columns', `${ours}=${theirs}`, {
          en: isOne
            ? 'more columns; the file has only one: is --delimiter right?'
            : `one of the columns ${names.join(', ')}`,
          zh: isOne ? '更多的列；文件只有一列：--delimiter 对吗？' : `其中一列：${names.join('、')}`,
        });
      }
      places[ours] = index;
    }
    return places;
  }

  #field(fields: readonly string[], name: string): string {
    const place = this.#places?.[name] ?? -1;
    const text = fields[place];
    if (text === undefined)
      throw this.#wrong(name, String(fields.length), {
        en: `at least ${place + 1} fields in the row`,
        zh: `一行至少 ${place + 1} 个字段`,
      });
    return text.trim();
  }

  /** A non-negative decimal number, 1e-9. */
  #amount(fields: readonly string[], name: string): bigint {
    const text = this.#field(fields, name);
    const { decimal } = this.#options;
    const plain = decimal === ',' ? text.replaceAll('.', '').replace(',', '.') : text;
    const value = parseE9(exponentless(plain));
    if (value !== null && value >= 0n) return value;
    const isComma = decimal === '.' && /^\d+,\d+$/.test(text);
    throw this.#wrong(name, JSON.stringify(text), {
      en: `a number of at least 0 with "${decimal}" as its point${isComma ? '; is it --decimal ","?' : ''}`,
      zh: `不小于 0 的数，小数点为 "${decimal}"${isComma ? '；是否应为 --decimal ","？' : ''}`,
    });
  }

  #price(fields: readonly string[], name: string): bigint {
    const { tick } = this.#options.spec;
    const value = this.#amount(fields, name);
    const price = ((value + tick / 2n) / tick) * tick;
    if (price !== value) this.#counts.roundedPrices += 1;
    if (price === 0n)
      throw this.#wrong(name, printE9(value), {
        en: `a price of at least a tick (${printE9(tick)})`,
        zh: `至少一个 tick（${printE9(tick)}）的价格`,
      });
    return price;
  }

  #size(value: bigint): bigint {
    const step = this.#options.spec.minSize;
    const size = (value / step) * step;
    if (size !== value) this.#counts.roundedSizes += 1;
    return size;
  }

  /** The row's time, ns; the file's order is kept. */
  #time(fields: readonly string[]): bigint {
    const text = this.#field(fields, 'time');
    this.#unit ??= this.#unitOf(text);
    const ns = timeNs(text, this.#unit);
    if (ns === null)
      throw this.#wrong('time', JSON.stringify(text), {
        en: this.#unit === 'iso' ? 'a date' : `a number of ${this.#unit}`,
        zh: this.#unit === 'iso' ? '日期' : `以 ${this.#unit} 为单位的数`,
      });
    if (this.#lastNs !== null && ns < this.#lastNs) {
      const [was, is] = [iso(this.#lastNs), iso(ns)];
      const { newestFirst } = this.#options;
      throw this.#wrong('time', is, {
        en: `nothing before ${was}: rows in order of time, ${newestFirst ? 'newest first' : 'oldest first; sort the file, or give --newest-first'}`,
        zh: `不早于 ${was}：按时间排序的行，${newestFirst ? '最新的在前' : '最早的在前；请排序文件，或加 --newest-first'}`,
      });
    }
    if (this.#lastNs === null) this.#begin(Number(ns / 1_000_000n));
    return ns;
  }

  #unitOf(text: string): TimeUnit {
    const digits = /^(\d+)([.,]\d+)?$/.exec(text)?.[1]?.length;
    const unit = digits === undefined ? 'iso' : UNIT_OF_DIGITS[digits];
    if (unit === undefined || timeNs(text, unit) === null) {
      throw this.#wrong('time', JSON.stringify(text), {
        en: 's, ms, us or ns since 1970, or a date; --time names which',
        zh: '自 1970 年起的 s、ms、us 或 ns，或日期；用 --time 指明',
      });
    }
    return unit;
  }

  #begin(atMs: number): void {
    const { spec, directory } = this.#options;
    const { lastMs } = this.#writer;
    if (lastMs !== null && atMs <= lastMs) {
      const [from, had] = [new Date(atMs).toISOString(), new Date(lastMs).toISOString()];
      throw this.#wrong('time', from, {
        en: `what comes after ${had}, up to where ${directory} holds ${spec.name} already`,
        zh: `晚于 ${had} 的内容：${directory} 中的 ${spec.name} 已存到那里`,
      });
    }
    this.#firstMs = atMs;
    if (lastMs !== null && atMs - lastMs > this.#options.gapMs) this.#gap(lastMs, atMs);
    this.#writer.append({ kind: 'instrument', atMs, spec });
  }

  #gap(fromMs: number, toMs: number): void {
    this.#counts.gaps += 1;
    this.#counts.gapMs += toMs - fromMs;
    this.#writer.append({ kind: 'gap', atMs: fromMs, toMs, why: 'no rows of that time' });
  }

  #trade(fields: readonly string[]): void {
    const before = this.#lastNs;
    const exchangeNs = this.#time(fields);
    const atMs = Number(exchangeNs / 1_000_000n);
    const beforeMs = before === null ? atMs : Number(before / 1_000_000n);
    if (atMs - beforeMs > this.#options.gapMs) this.#gap(beforeMs, atMs);
    this.#lastNs = exchangeNs;
    const price = this.#price(fields, 'price');
    this.#buys = this.#sideOf(fields, price);
    this.#lastPrice = price;
    const size = this.#size(this.#amount(fields, 'size'));
    if (size === 0n) {
      this.#counts.tooSmall += 1;
      return;
    }
    const id = this.#places?.id === undefined ? '' : this.#field(fields, 'id');
    this.#writer.append({ kind: 'trade', atMs, exchangeNs, takerBuys: this.#buys, price, size, id });
  }

  /** The taker's side. */
  #sideOf(fields: readonly string[], price: bigint): boolean {
    const name = this.#places?.side === undefined ? 'buyer-is-maker' : 'side';
    if (this.#places?.[name] === undefined) {
      if (price === this.#lastPrice) return this.#buys;
      return price > this.#lastPrice;
    }
    const text = this.#field(fields, name);
    const yes = /^(buy|b|bid|true|t|1)$/i.test(text);
    if (!yes && !/^(sell|s|ask|false|f|0|-1)$/i.test(text)) {
      throw this.#wrong(name, JSON.stringify(text), {
        en: name === 'side' ? 'buy or sell' : 'true or false',
        zh: name === 'side' ? ' buy 或 sell' : ' true 或 false',
      });
    }
    return name === 'side' ? yes : !yes;
  }

  #candle(fields: readonly string[]): void {
    const exchangeNs = this.#time(fields);
    const atMs = Number(exchangeNs / 1_000_000n);
    this.#lastNs = exchangeNs;
    const price = (name: string): bigint => this.#price(fields, name);
    const [open, high, low, close] = [price('open'), price('high'), price('low'), price('close')] as const;
    if (high < low || open > high || open < low || close > high || close < low) {
      const prices = [open, high, low, close].map(printE9).join(', ');
      const expected = 'low ≤ open, close ≤ high';
      throw this.#wrong('open, high, low, close', prices, { en: expected, zh: ` ${expected}` });
    }
    const given = this.#amount(fields, 'volume');
    const volume = this.#size(this.#options.volume === 'base' ? given : (given * E9) / close);
    const candle = { atMs, open, high, low, close, volume };
    if (this.#intervalMs !== null) {
      this.#keep(candle, this.#intervalMs);
    } else if (this.#waiting === null) {
      this.#waiting = candle;
    } else {
      this.#intervalMs = atMs - this.#waiting.atMs;
      this.#keep(this.#waiting, this.#intervalMs);
      this.#waiting = null;
      this.#keep(candle, this.#intervalMs);
    }
  }

  #keep(candle: UntimedCandle, intervalMs: number): void {
    const at = new Date(candle.atMs).toISOString();
    if (intervalMs <= 0) throw this.#wrong('time', at, { en: 'one candle for each time', zh: '每个时间一根 K 线' });
    const { lastMs } = this.#writer;
    const endedMs = lastMs === null || this.#previousMs === null ? candle.atMs : this.#previousMs + intervalMs;
    if (candle.atMs < endedMs)
      throw this.#wrong('time', at, { en: 'a time after the candle before it', zh: '前一根 K 线结束之后的时间' });
    if (candle.atMs > endedMs) this.#gap(endedMs, candle.atMs);
    this.#previousMs = candle.atMs;
    this.#writer.append({ kind: 'candle', intervalMs, ...candle });
  }

  #previousMs: number | null = null;

  result(): ImportResult {
    const { file } = this.#options;
    if (this.#rows === 0 || this.#firstMs === null || this.#lastNs === null)
      throw unusable(file, null, { en: 'at least one row', zh: '至少一行' });
    if (this.#waiting !== null)
      throw unusable(file, null, {
        en: 'more than one candle, or its length by --interval',
        zh: '不止一根 K 线，或用 --interval 给出其时长',
      });
    this.#writer.flush();
    return {
      rows: this.#rows,
      firstMs: this.#firstMs,
      lastMs: Number(this.#lastNs / 1_000_000n),
      delimiter: this.#delimiter ?? ',',
      timeUnit: this.#unit ?? 'iso',
      intervalMs: this.#intervalMs,
      ...this.#counts,
      sidesGiven: this.#places?.side !== undefined || this.#places?.['buyer-is-maker'] !== undefined,
    };
  }

  close(): void {
    this.#writer.close();
  }
}

/** A candle whose length is unknown until the next one. */
type UntimedCandle = Omit<CandleRecord, 'kind' | 'intervalMs'>;

/** `1.5e-7` as a plain decimal; anything else as it is. */
function exponentless(text: string): string {
  const match = /^(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/.exec(text);
  if (match === null) return text;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, '0');
  return point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}0` : `0.${'0'.repeat(-point)}${digits}`;
}

/** A time in ns since 1970; a date without a zone is UTC. null: not a time. */
export function timeNs(text: string, unit: TimeUnit): bigint | null {
  if (unit !== 'iso') {
    const match = /^(\d{1,19})(?:[.,](\d+))?$/.exec(text);
    if (match === null) return null;
    const [, whole = '0', fraction = ''] = match;
    const digits = String(NS_PER[unit]).length - 1;
    return BigInt(whole) * NS_PER[unit] + BigInt(fraction.slice(0, digits).padEnd(digits, '0') || '0');
  }
  const ms = Date.parse(
    NO_ZONE.test(text) ? `${text.replace(' ', 'T').replace(',', '.')}${text.length > 10 ? '' : 'T00:00'}Z` : text,
  );
  return Number.isNaN(ms) || ms < 0 ? null : BigInt(Math.floor(ms)) * 1_000_000n;
}

function iso(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}
