import { Command, Option } from 'commander';
import { EXIT_GOOD, EXIT_INCOMPLETE } from '../core/exit-codes.ts';
import { openAgents } from '../grvt/http.ts';
import { claim } from '../market/claim.ts';
import { MarketError } from '../market/errors.ts';
import { FETCH_KINDS, type FetchKind, fetchMarket } from '../market/fetch.ts';
import { instrumentOf, openPublicApi, type PublicApi } from '../market/public-api.ts';
import { type Recorder, startRecorder } from '../market/recorder.ts';
import { daysOf } from '../market/store.ts';
import { type InstrumentSpec, knownInstruments, type ProfileName } from '../paper/index.ts';
import { nearest } from '../settings/index.ts';
import { MARKETS, PROFILE_NAMES } from '../simulate/setup.ts';
import { OptionError, oneOfThese } from '../texts/option-error.ts';
import { duration, MARKET_DIRECTORY, wholeNumber } from './arguments.ts';
import { clearProgress, interruptedBySignals, progress, realNow, say } from './long-run.ts';
import { marketAction } from './market.ts';
import { ENVIRONMENTS, type Environment, originOf } from './public-hosts.ts';
import { illegal, marketSaid as text } from './spoken.ts';

/** `record`, `market fetch` and `market make` (strategy 19.1). */

/** Interval of reading the instruments: a tick size may change during a recording. */
const RULES_EVERY_MS = 3_600_000;
/** Interval of checking whether to end. */
const CHECK_EVERY_MS = 250;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Start of `market make`: any day, but always the same. */
const MADE_FROM_MS = Date.UTC(2026, 0, 5);
const MOST_HOURS = 24 * 366;

interface Given {
  readonly market: string;
  readonly env: Environment;
  readonly url?: string;
  readonly depth: string;
  readonly for?: number;
}

/** The proxy of the environment variables, as in the engine; null: none. */
export function proxyOfEnvironment(origin: string): string | null {
  const { HTTPS_PROXY, https_proxy } = process.env;
  return origin.startsWith('https:') ? HTTPS_PROXY || https_proxy || null : null;
}

/** @param ended receives the exit code */
export function recordCommand(ended: (exitCode: number) => void): Command {
  return new Command('record')
    .argument('<symbol...>', 'instruments, e.g. BTC_USDT_Perp')
    .description('record books, trades, marks and funding of the public streams, without keys, until Ctrl+C')
    .addOption(new Option('--env <name>', 'whose streams').choices(ENVIRONMENTS).default('prod'))
    .option('--url <address>', 'another exchange than those, such as the embedded one: http://127.0.0.1:8700')
    .addOption(new Option('--depth <levels>', 'of each book').choices(['10', '50', '100', '500']).default('10'))
    .option('--for <duration>', 'ends by itself: 30m, 8h, 7d', duration)
    .option(...MARKET_DIRECTORY)
    .action(marketAction(ended, record));
}

async function record(symbols: readonly string[], given: Given): Promise<number> {
  const origin = originOf(given);
  const proxy = proxyOfEnvironment(origin);
  using open = new DisposableStack();
  const api = open.adopt(openPublicApi(origin, proxy), (one) => one.close());
  const { signal } = open.use(interruptedBySignals(EXIT_INCOMPLETE));
  const instruments: InstrumentSpec[] = [];
  for (const symbol of new Set(symbols)) {
    instruments.push(await instrumentOf(api, symbol));
    open.defer(claim(given.market, symbol));
  }
  const agents = openAgents(proxy, { timeoutMs: HANDSHAKE_TIMEOUT_MS, keepAlive: false });
  const recorder = startRecorder({
    ...{ origin, directory: given.market, instruments, nowMs: Date.now, say, depth: Number(given.depth) },
    agent: origin.startsWith('https:') ? agents.httpsAgent : agents.httpAgent,
  });
  const watch = setInterval(() => void followRules(api, instruments, recorder), RULES_EVERY_MS);
  const endMs = given.for === undefined ? Number.POSITIVE_INFINITY : realNow() + given.for;
  await new Promise<void>((resolve) => {
    const shown = setInterval(() => {
      progress(countsText(recorder));
      if (!signal.aborted && realNow() < endMs) return;
      clearInterval(shown);
      resolve();
    }, CHECK_EVERY_MS);
  });
  clearInterval(watch);
  recorder.close();
  clearProgress();
  console.log(text('areIn', { what: countsText(recorder), market: given.market }));
  return EXIT_GOOD;
}

/** A failed read is reported; the next one follows. */
async function followRules(api: PublicApi, instruments: readonly InstrumentSpec[], recorder: Recorder): Promise<void> {
  for (const { name } of instruments) {
    try {
      recorder.rules(await instrumentOf(api, name));
    } catch (thrown) {
      if (!(thrown instanceof MarketError)) throw thrown;
      say(thrown.message);
    }
  }
}

function countsText({ counts }: Recorder): string {
  const { books, trades, marks, gaps, unreadable, clockBack } = counts;
  return text('recorded', { books, trades, marks, gaps, unreadable: unreadable || null, clockBack: clockBack || null });
}

/** `market fetch`. @param ended receives the exit code */
export function fetchCommand(ended: (exitCode: number) => void): Command {
  return new Command('fetch')
    .argument('<symbol...>', 'instruments, e.g. BTC_USDT_Perp')
    .description(
      'past public trades or candles of a minute, and funding rates, by the exchange’s API; goes on where it ended',
    )
    .requiredOption('--from <day>', 'from there, UTC: 2026-11-01', day)
    .option('--to <day>', 'to there (default: now)', day)
    .option('--no-funding', 'without the funding rates of that time')
    .addOption(new Option('--kind <kind>', 'what').choices(FETCH_KINDS).default('trades'))
    .addOption(new Option('--env <name>', 'whose').choices(ENVIRONMENTS).default('prod'))
    .option('--url <address>', 'another exchange than those, such as the embedded one: http://127.0.0.1:8700')
    .option(...MARKET_DIRECTORY)
    .action(marketAction(ended, fetchAll));
}

interface FetchGiven {
  readonly market: string;
  readonly from: number;
  readonly to?: number;
  readonly kind: FetchKind;
  readonly funding: boolean;
  readonly env: Environment;
  readonly url?: string;
}

async function fetchAll(symbols: readonly string[], given: FetchGiven): Promise<number> {
  const origin = originOf(given);
  using open = new DisposableStack();
  const api = open.adopt(openPublicApi(origin, proxyOfEnvironment(origin)), (one) => one.close());
  const { signal } = open.use(interruptedBySignals(EXIT_INCOMPLETE));
  const { market: directory, kind, funding, from: fromMs } = given;
  for (const symbol of new Set(symbols)) {
    const spec = await instrumentOf(api, symbol);
    using claimed = new DisposableStack();
    claimed.defer(claim(directory, symbol));
    const fetched = await fetchMarket({
      ...{ api, directory, spec, kind, funding, fromMs, toMs: given.to ?? Date.now() },
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onProgress: (reachedMs, rows) =>
        progress(text('fetching', { symbol, rows, kind: text(kind), to: stamp(reachedMs) })),
      interrupted: () => signal.aborted,
    });
    clearProgress();
    const what = text('fetched', {
      ...{ symbol, rows: fetched.rows, kind: text(kind), rates: funding ? fetched.fundingRates : null },
      ...{ from: stamp(fetched.fromMs), to: stamp(fetched.reachedMs) },
      ...{ pages: fetched.pages, waits: fetched.waits || null },
    });
    console.log(text('areIn', { what, market: directory }));
    if (signal.aborted) return EXIT_INCOMPLETE;
  }
  return EXIT_GOOD;
}

function stamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16);
}

function day(text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$/.test(text)
    ? Date.parse(text.length === 10 ? text : `${text}Z`)
    : Number.NaN;
  // 30 February is read as 2 March.
  if (Number.isNaN(atMs) || !new Date(atMs).toISOString().startsWith(text))
    throw illegal({ en: '2026-11-01 or 2026-11-01T08:00, UTC', zh: '2026-11-01 或 2026-11-01T08:00（UTC）' });
  return atMs;
}

/** `market make`. @param ended receives the exit code */
export function makeCommand(ended: (exitCode: number) => void): Command {
  return new Command('make')
    .argument('[symbol...]', 'built-in instruments', ['BNB_USDT_Perp'])
    .description('a market to try things on: the embedded exchange’s own, recorded in virtual time')
    .option('--hours <hours>', 'how long', hours, 6)
    .addOption(new Option('--profile <name>', 'what it is like').choices(PROFILE_NAMES).default('meanReverting'))
    .option('--seed <seed>', 'another market', wholeNumber, 1)
    .option(...MARKET_DIRECTORY)
    .action(marketAction(ended, make));
}

interface MakeGiven {
  readonly market: string;
  readonly hours: number;
  readonly profile: ProfileName;
  readonly seed: number;
}

async function make(symbols: readonly string[], { market, hours: long, profile, seed }: MakeGiven): Promise<number> {
  const known = knownInstruments();
  const instruments = symbols.map((name) => {
    const spec = known.find((one) => one.name === name);
    if (spec !== undefined) return spec;
    const names = known.map((one) => one.name);
    throw new OptionError('symbol', name, oneOfThese(names, nearest(name, names)));
  });
  const taken = symbols.find((symbol) => daysOf(market, symbol).length > 0);
  if (taken !== undefined)
    throw new OptionError('--market', market, {
      en: `another directory: something of ${taken} is stored there`,
      zh: `另一个目录：此处已存有 ${taken} 的行情`,
    });
  using open = new DisposableStack();
  const { signal } = open.use(interruptedBySignals(EXIT_INCOMPLETE));
  for (const symbol of symbols) open.defer(claim(market, symbol));
  const toMs = MADE_FROM_MS + long * 3_600_000;
  const { makeMarket } = await import('../backtest/make.ts');
  const made = await makeMarket({
    ...{ directory: market, instruments, seed, profile: MARKETS[profile], fromMs: MADE_FROM_MS, toMs },
    say: () => {},
    onProgress: (simulatedMs) => progress(text('making', { done: (simulatedMs / 3_600_000).toFixed(1), hours: long })),
    interrupted: () => signal.aborted,
  });
  clearProgress();
  console.log(text('areIn', { what: text('made', { ...made, hours: long }), market }));
  return signal.aborted ? EXIT_INCOMPLETE : EXIT_GOOD;
}

function hours(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text) || value <= 0 || value > MOST_HOURS)
    throw illegal({ en: `hours, at most ${MOST_HOURS}`, zh: `小时数，最多 ${MOST_HOURS}` });
  return value;
}
