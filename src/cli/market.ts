import { Command, Option } from 'commander';
import { EXIT_GOOD, EXIT_INCOMPLETE } from '../core/exit-codes.ts';
import { columns } from '../explain/words.ts';
import { DELIMITERS } from '../market/csv.ts';
import { MarketError } from '../market/errors.ts';
import {
  IMPORT_KINDS,
  type ImportKind,
  type ImportResult,
  importCsv,
  TIME_UNITS,
  type TimeUnit,
} from '../market/import.ts';
import { daysOf, symbolsIn } from '../market/store.ts';
import { listingOf, type Verified, verifyDay } from '../market/verify.ts';
import { e9, printE9 } from '../paper/fixed.ts';
import { type InstrumentSpec, knownInstruments } from '../paper/index.ts';
import { nearest } from '../settings/index.ts';
import { ABOVE_ZERO, OptionError, oneOfThese } from '../texts/option-error.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { duration, MARKET_DIRECTORY } from './arguments.ts';
import { reportingErrors } from './long-run.ts';
import { illegal, marketSaid as text } from './spoken.ts';

/** `market ls|verify|import` (strategy 19.1). */

/** Makes the action of a command: runs it and hands on its exit code. */
export function marketAction<Given extends unknown[]>(
  ended: (exitCode: number) => void,
  run: (...given: Given) => number | Promise<number>,
): (...given: Given) => Promise<void> {
  return async (...given) => ended(await reportingErrors([MarketError, ReasonError], () => run(...given)));
}

/** @param ended receives the exit code */
export function marketCommand(ended: (exitCode: number) => void): Command {
  const market = new Command('market').description('stored markets: list, verify, import');
  market
    .command('ls')
    .description('what there is: symbols, days, bytes, days that are missing')
    .option(...MARKET_DIRECTORY)
    .option('--json', 'as JSON')
    .action(marketAction(ended, list));
  market
    .command('verify')
    .argument('[symbol...]', 'only these')
    .description('read all of it: records, gaps, damaged places, crossed books, trades outside the book')
    .option(...MARKET_DIRECTORY)
    .option('--json', 'as JSON')
    .action(marketAction(ended, verify));
  market
    .command('import')
    .argument('<file>', 'CSV, or CSV packed as .gz or .zst')
    .description(
      'trades or candles of elsewhere, e.g. market import btc.csv --symbol BTC_USDT_Perp --kind candles ' +
        '--columns time=timestamp,open=open,high=high,low=low,close=close,volume=volume',
    )
    .requiredOption('--symbol <name>', 'instrument they are stored as')
    .addOption(new Option('--kind <kind>', 'what the rows are').choices(IMPORT_KINDS).makeOptionMandatory())
    .requiredOption('--columns <ours=theirs,...>', 'the columns: names of the header, or numbers from 1', columnsOf)
    .option('--no-header', 'the first line is a row; columns are numbers')
    .option('--skip <lines>', 'lines above the header, or above the first row', lineCount, 0)
    .option('--newest-first', 'the file has its newest row first')
    .option('--delimiter <text>', 'between fields: , ; tab | (default: found out)', delimiter)
    .addOption(new Option('--decimal <mark>', 'the point of a number').choices(['.', ',']).default('.'))
    .addOption(new Option('--time <unit>', 'of the times (default: found out)').choices(TIME_UNITS))
    .option('--interval <duration>', 'of a candle: 1m, 1h (default: the first two rows)', duration)
    .addOption(new Option('--volume <of>', 'what volume counts').choices(['base', 'quote']).default('base'))
    .option('--gap <duration>', 'a longer silence between trades is a gap', duration, 3_600_000)
    .option('--tick <size>', 'tick of an instrument that is not built in')
    .option('--step <size>', 'size step, also the smallest size')
    .option('--min-notional <usdt>', 'smallest order, USDT')
    .option(...MARKET_DIRECTORY)
    .action(marketAction(ended, importFile));
  return market;
}

function list({ market, json }: { market: string; json?: boolean }): number {
  const listings = symbolsIn(market).map((symbol) => listingOf(market, symbol));
  if (json) {
    console.log(JSON.stringify(listings, null, 2));
    return EXIT_GOOD;
  }
  if (listings.length === 0) console.log(text('nothing', { market }));
  const rows = listings.map((one) => [
    ...[one.symbol, one.firstDay, one.lastDay, String(one.files), megabytes(one.bytes)],
    one.missing.length === 0 ? text('none') : daysInWords(one.missing),
  ]);
  const head = (['symbol', 'from', 'to', 'days', 'megabytes', 'missing'] as const).map((name) => text(name));
  if (rows.length > 0) for (const line of columns([head, ...rows])) console.log(line);
  return EXIT_GOOD;
}

const DAYS_NAMED = 3;

/** The first ones by name, then how many more. */
export function daysInWords(days: readonly string[]): string {
  const more = days.length - DAYS_NAMED;
  const named = days.slice(0, DAYS_NAMED).join(', ');
  return more > 0 ? text('andMore', { days: named, more }) : named;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(2);
}

function verify(asked: readonly string[], { market, json }: { market: string; json?: boolean }): number {
  const stored = symbolsIn(market);
  const unknown = asked.find((name) => !stored.includes(name));
  if (unknown !== undefined) throw new OptionError('symbol', unknown, oneOfThese(stored));
  const all = (asked.length === 0 ? stored : asked).map((symbol) => ({
    symbol,
    missing: listingOf(market, symbol).missing,
    days: daysOf(market, symbol).map((day) => verifyDay(market, symbol, day)),
  }));
  const wrong = all.flatMap(({ days }) => days.flatMap((day) => day.wrong));
  if (json) {
    console.log(JSON.stringify(all, null, 2));
    return wrong.length === 0 ? EXIT_GOOD : EXIT_INCOMPLETE;
  }
  const head = (
    [
      ...(['day', 'trades', 'books', 'marks', 'funding', 'candles', 'gaps'] as const),
      ...(['gapTime', 'crossed', 'outside', 'rulesChanged'] as const),
    ] as const
  ).map((name) => text(name));
  for (const { symbol, missing, days } of all) {
    console.log(symbol);
    for (const line of columns([head, ...days.map(verifiedRow)])) console.log(`  ${line}`);
    if (missing.length > 0) console.log(text('daysMissing', { days: missing.join(', ') }));
  }
  for (const line of wrong) console.error(line);
  console.log(wrong.length === 0 ? text('intact') : text('damaged', { count: wrong.length }));
  return wrong.length === 0 ? EXIT_GOOD : EXIT_INCOMPLETE;
}

function verifiedRow({ day, counts, gapMs, crossedBooks, tradesOutside, ruleChanges }: Verified): string[] {
  const { trade, book, mark, funding, candle, gap } = counts;
  const minutes = text('minutes', { minutes: (gapMs / 60_000).toFixed(1) });
  return [
    day,
    ...[trade, book, mark, funding, candle, gap].map(String),
    minutes,
    ...[crossedBooks, tradesOutside, ruleChanges].map(String),
  ];
}

interface GivenImport {
  readonly market: string;
  readonly symbol: string;
  readonly kind: ImportKind;
  readonly columns: Readonly<Record<string, string>>;
  readonly header: boolean;
  readonly skip: number;
  readonly newestFirst?: boolean;
  readonly delimiter?: string;
  readonly decimal: '.' | ',';
  readonly time?: TimeUnit;
  readonly interval?: number;
  readonly volume: 'base' | 'quote';
  readonly gap: number;
  readonly tick?: string;
  readonly step?: string;
  readonly minNotional?: string;
}

async function importFile(file: string, given: GivenImport): Promise<number> {
  const spec = specOf(given);
  const result = await importCsv({
    file,
    directory: given.market,
    kind: given.kind,
    spec,
    columns: given.columns,
    header: given.header,
    skip: given.skip,
    newestFirst: given.newestFirst ?? false,
    delimiter: given.delimiter ?? null,
    decimal: given.decimal,
    timeUnit: given.time ?? null,
    intervalMs: given.interval ?? null,
    volume: given.volume,
    gapMs: given.gap,
    onProgress: (rows) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${rows} rows`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  for (const line of importWords(given, spec, result)) console.log(line);
  return EXIT_GOOD;
}

/** What was done, and what was assumed. */
export function importWords(
  given: { readonly market: string; readonly kind: ImportKind },
  spec: InstrumentSpec,
  result: ImportResult,
): string[] {
  const {
    rows,
    firstMs,
    lastMs,
    delimiter: between,
    timeUnit,
    intervalMs,
    roundedPrices,
    roundedSizes,
    tooSmall,
  } = result;
  const [from, to] = [new Date(firstMs).toISOString(), new Date(lastMs).toISOString()];
  const seconds = intervalMs === null ? null : intervalMs / 1_000;
  return [
    text('imported', { rows, kind: text(given.kind), symbol: spec.name, from, to, market: given.market }),
    text('readAs', {
      delimiter: between === '\t' ? text('tab') : between,
      times: timeUnit === 'iso' ? text('asDates') : text('inUnit', { unit: timeUnit }),
      seconds,
    }),
    text('rounded', {
      ...{ tick: printE9(spec.tick), prices: roundedPrices, step: printE9(spec.minSize), sizes: roundedSizes },
      small: tooSmall === 0 ? null : tooSmall,
    }),
    ...(result.gaps === 0 ? [] : [text('gapsIn', { gaps: result.gaps, minutes: (result.gapMs / 60_000).toFixed(1) })]),
    ...(given.kind === 'trades' && !result.sidesGiven ? [text('sideDrawn')] : []),
  ];
}

/** The instrument to store: built in, or from its tick and step. @throws OptionError */
export function specOf(given: {
  readonly symbol: string;
  readonly tick?: string;
  readonly step?: string;
  readonly minNotional?: string;
}): InstrumentSpec {
  const { symbol, tick, step, minNotional } = given;
  const known = knownInstruments();
  const same = known.find(({ name }) => name === symbol);
  if (same === undefined && (tick === undefined || step === undefined)) {
    const names = known.map(({ name }) => name);
    const near = nearest(symbol, names);
    throw new OptionError('--symbol', symbol, {
      en: `a built-in one${near === null ? '' : `, perhaps ${near}`}, or --tick and --step with it`,
      zh: `内置合约${near === null ? '' : `（是否想写 ${near}？）`}，或同时给出 --tick 和 --step`,
    });
  }
  const base = symbol.split('_')[0] ?? symbol;
  const template = same ?? { ...known[0]!, name: symbol, base, minNotional: 0n };
  return {
    ...template,
    ...(tick === undefined ? {} : { tick: positive('tick', tick) }),
    ...(step === undefined ? {} : { minSize: positive('step', step) }),
    ...(minNotional === undefined ? {} : { minNotional: positive('min-notional', minNotional) }),
  };
}

function positive(option: string, text: string): bigint {
  try {
    const value = e9(text);
    if (value > 0n) return value;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  throw new OptionError(`--${option}`, text, ABOVE_ZERO);
}

function columnsOf(text: string): Record<string, string> {
  const named: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [ours, theirs, ...more] = part.split('=');
    if (!ours || !theirs || more.length > 0)
      throw illegal({ en: 'OURS=THEIRS, such as price=px', zh: '我们的列=文件的列，例如 price=px' }, part);
    named[ours.trim()] = theirs.trim();
  }
  return named;
}

function lineCount(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw illegal({ en: 'a number of lines, 0 to 9999', zh: '行数，0 至 9999' });
  return Number(text);
}

function delimiter(text: string): string {
  const meant = text === 'tab' || text === '\\t' ? '\t' : text;
  if (!(DELIMITERS as readonly string[]).includes(meant)) throw illegal({ en: ', ; tab or |', zh: ' , ; tab 或 |' });
  return meant;
}
