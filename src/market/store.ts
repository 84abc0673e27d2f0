import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { whyOf } from '../core/error-text.ts';
import { reason } from '../core/reasons.ts';
import type { InstrumentSpec } from '../paper/index.ts';
import { appendBlock, BLOCK_BYTES, blocksOf } from './blocks.ts';
import { MarketError, unusable } from './errors.ts';
import { decodeRecord, encodeRecord, type MarketRecord } from './record.ts';

/**
 * Markets on disk (strategy 19.1): a directory per symbol with a file per UTC day of our receive time. Each file begins
 * with the instrument, so that it can be read alone. A time without data is a record, the gap.
 */

export const DAY_MS = 86_400_000;
const ENDING = '.market.zst';
const FILE = /^(\d{4}-\d{2}-\d{2})\.market\.zst$/;
const SYMBOL = /^(?!\.)[\w.-]{1,64}$/;

/** The UTC day of a time, `2026-01-05`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** Where one day is kept. */
export function fileOf(directory: string, symbol: string, day: string): string {
  return join(directory, symbol, `${day}${ENDING}`);
}

/** Symbols with stored data, sorted. @throws MarketError if the directory is unreadable */
export function symbolsIn(directory: string): string[] {
  return entriesOf(directory).filter((name) => SYMBOL.test(name) && daysOf(directory, name).length > 0);
}

/** Days with a file, sorted. */
export function daysOf(directory: string, symbol: string): string[] {
  const path = join(directory, symbol);
  if (!existsSync(path) || !statSync(path).isDirectory()) return [];
  return entriesOf(path).flatMap((name) => FILE.exec(name)?.[1] ?? []);
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (thrown) {
    throw new MarketError(reason('market-unreadable', '19.1', { at: path, why: whyOf(thrown) }));
  }
}

export function sizeOf(directory: string, symbol: string, day: string): number {
  return statSync(fileOf(directory, symbol, day)).size;
}

/** A record of a file, or a place where something is missing. */
export type StoredItem =
  | MarketRecord
  /** `torn`: the file ends within a block; `damaged`: bytes of a block changed. `at`: byte of the file. */
  | { readonly kind: 'broken'; readonly how: 'torn' | 'damaged'; readonly file: string; readonly at: number };

/**
 * Reads one day's file.
 * @throws MarketError naming file and line if an intact block has no valid record, or time runs backwards
 */
export function* readDay(directory: string, symbol: string, day: string): Generator<StoredItem> {
  const file = fileOf(directory, symbol, day);
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const block of blocksOf(file)) {
    if (block.text === null) {
      yield { kind: 'broken', how: block.wrong, file, at: block.at };
      continue;
    }
    for (const line of block.text.split('\n')) {
      if (line === '') continue;
      const record = named(file, () => decodeRecord(line));
      if (record.atMs < lastMs) {
        const [was, is] = [new Date(lastMs).toISOString(), new Date(record.atMs).toISOString()];
        throw unusable(file, is, {
          en: `records in order of time, none before ${was}`,
          zh: `按时间排序的记录，不早于 ${was}`,
        });
      }
      lastMs = record.atMs;
      yield record;
    }
  }
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof MarketError ? new MarketError(`${file}: ${thrown.message}`) : thrown;
  }
}

export interface Range {
  /** ms since the epoch; the end is excluded. */
  readonly fromMs: number;
  readonly toMs: number;
}

export const ALWAYS: Range = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/**
 * The records of a symbol in order, one block in memory at a time. Missing days, torn and damaged places are gaps; the
 * instrument as known before the range comes first. @throws MarketError as {@link readDay} does
 */
export function* readMarket(directory: string, symbol: string, range: Range = ALWAYS): Generator<MarketRecord> {
  const { fromMs, toMs } = range;
  let lastMs: number | null = null;
  let missing: string | null = null;
  let instrument: MarketRecord | null = null;
  for (const day of daysOf(directory, symbol)) {
    const beginsMs = Date.parse(day);
    if (beginsMs >= toMs || beginsMs + DAY_MS <= fromMs) continue;
    if (lastMs !== null && beginsMs - DAY_MS > Date.parse(dayOf(lastMs))) missing ??= 'no file of that day';
    for (const item of readDay(directory, symbol, day)) {
      if (item.kind === 'broken') {
        missing = item.how === 'torn' ? 'the file is cut there' : 'the file is damaged there';
        continue;
      }
      if (item.kind === 'instrument' && item.atMs < fromMs) instrument = item;
      const endsMs = item.kind === 'gap' ? item.toMs : item.atMs;
      if (endsMs < fromMs || item.atMs >= toMs) continue;
      if (instrument !== null) yield { ...instrument, atMs: fromMs };
      instrument = null;
      if (missing !== null && lastMs !== null && item.atMs > lastMs)
        yield { kind: 'gap', atMs: lastMs, toMs: item.atMs, why: missing };
      missing = null;
      lastMs = endsMs;
      yield item;
    }
  }
}

/** Writes the records of one symbol in order, a file per day; continues after an earlier writer. */
export class MarketWriter {
  readonly #directory: string;
  readonly #symbol: string;
  /** Of the open file. */
  #dayEndsMs = 0;
  #fd: number | null = null;
  #text: string[] = [];
  #bytes = 0;
  #lastMs: number | null = null;
  #instrument: InstrumentSpec | null = null;
  /** A torn block that was cut off and kept beside the file. */
  readonly cut: { readonly file: string; readonly bytes: number } | null;

  /** @throws MarketError if the symbol is no valid directory name, or the stored data are unreadable */
  constructor(directory: string, symbol: string) {
    if (!SYMBOL.test(symbol))
      throw unusable(symbol, null, {
        en: 'the name of an instrument, e.g. BNB_USDT_Perp',
        zh: '合约名称，例如 BNB_USDT_Perp',
      });
    this.#directory = directory;
    this.#symbol = symbol;
    const newest = daysOf(directory, symbol).at(-1);
    this.cut = newest === undefined ? null : this.#takeUp(newest);
  }

  /** Reads the newest file: its end, and its last instrument. */
  #takeUp(day: string): MarketWriter['cut'] {
    const file = fileOf(this.#directory, this.#symbol, day);
    let torn: number | null = null;
    for (const item of readDay(this.#directory, this.#symbol, day)) {
      if (item.kind === 'broken' && item.how === 'torn') torn = item.at;
      else if (item.kind === 'broken')
        throw unusable(file, null, {
          en: `an intact file, and it is damaged at byte ${item.at}: move it away before more is written to it`,
          zh: `完好的文件，而它在第 ${item.at} 字节处损坏：请移走它，再继续写入`,
        });
      else {
        if (item.kind === 'instrument') this.#instrument = item.spec;
        this.#lastMs = item.kind === 'gap' ? item.toMs : item.atMs;
      }
    }
    if (torn === null) return null;
    const bytes = statSync(file).size - torn;
    copyFileSync(file, `${file}.torn`);
    truncateSync(file, torn);
    return { file, bytes };
  }

  /** Time of the last record, ms; null: none yet. */
  get lastMs(): number | null {
    return this.#lastMs;
  }

  /** The instrument as last written. */
  get instrument(): InstrumentSpec | null {
    return this.#instrument;
  }

  /** @throws MarketError if the record is older than the last one */
  append(record: MarketRecord): void {
    if (this.#lastMs !== null && record.atMs < this.#lastMs) {
      const [had, got] = [new Date(this.#lastMs).toISOString(), new Date(record.atMs).toISOString()];
      throw unusable(this.#symbol, got, {
        en: `records in order of time, none before ${had}`,
        zh: `按时间排序的记录，不早于 ${had}`,
      });
    }
    if (record.kind === 'gap') {
      // Split at midnight, so that each file covers its own day.
      const midnightMs = Date.parse(dayOf(record.atMs)) + DAY_MS;
      if (record.toMs > midnightMs) {
        this.#write({ ...record, toMs: midnightMs });
        this.append({ ...record, atMs: midnightMs });
        return;
      }
    }
    this.#write(record);
  }

  #write(record: MarketRecord): void {
    if (this.#fd === null || record.atMs >= this.#dayEndsMs) this.#open(dayOf(record.atMs), record);
    if (record.kind === 'instrument') this.#instrument = record.spec;
    this.#lastMs = record.kind === 'gap' ? record.toMs : record.atMs;
    const line = encodeRecord(record);
    this.#text.push(line);
    this.#bytes += line.length + 1;
    if (this.#bytes >= BLOCK_BYTES) this.flush();
  }

  #open(day: string, first: MarketRecord): void {
    this.#closeFile();
    mkdirSync(join(this.#directory, this.#symbol), { recursive: true });
    const file = fileOf(this.#directory, this.#symbol, day);
    const isNew = !existsSync(file);
    this.#fd = openSync(file, 'a');
    this.#dayEndsMs = Date.parse(day) + DAY_MS;
    if (isNew && first.kind !== 'instrument' && this.#instrument !== null) {
      this.#text.push(encodeRecord({ kind: 'instrument', atMs: first.atMs, spec: this.#instrument }));
    }
  }

  /** Writes everything so far to disk. */
  flush(): void {
    if (this.#fd === null || this.#text.length === 0) return;
    appendBlock(this.#fd, `${this.#text.join('\n')}\n`);
    this.#text = [];
    this.#bytes = 0;
  }

  #closeFile(): void {
    this.flush();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  close(): void {
    this.#closeFile();
  }
}
