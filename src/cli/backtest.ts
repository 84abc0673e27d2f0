import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { answerOf } from '../backtest/answer.ts';
import { AskError, type Asked, latencyOf, planOf, questionOf, STRATEGY_VARIABLES } from '../backtest/plan.ts';
import { play } from '../backtest/play.ts';
import { DEFAULT_LATENCY, type Row } from '../backtest/question.ts';
import { answerText } from '../backtest/text.ts';
import { MarketError } from '../market/errors.ts';
import { FILL_RULES, type FillRule } from '../paper/index.ts';
import { MARKET_DIRECTORY } from './market.ts';

/** `backtest` (strategy 19.2, 19.3). */

const EXIT_GOOD = 0;
/** A run failed, or broke an invariant. */
const EXIT_BROKEN = 70;
const EXIT_USAGE = 78;

interface Given {
  readonly market: string;
  readonly symbols?: string;
  readonly symbolsFile?: string;
  readonly equity: string;
  readonly set: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly fill: FillRule | 'both';
  readonly spread?: string;
  readonly depth?: string;
  readonly makerFee: string;
  readonly takerFee: string;
  readonly funding?: string;
  readonly latency: string;
  readonly seed: string;
  readonly audit: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** @param ended hears the exit code */
export function backtestCommand(ended: (exitCode: number) => void): Command {
  const { ordersMs, dataMs } = DEFAULT_LATENCY;
  return new Command('backtest')
    .description(
      'the engine in virtual time on a stored market, e.g. backtest --symbols BTC_USDT_Perp --set order_notional_usdt=200,500',
    )
    .option(...MARKET_DIRECTORY)
    .option('--symbols <names>', 'which, by comma (default: all that are stored)')
    .option('--symbols-file <file>', 'their rows (default: GRVT_HEDGE_SYMBOLS_FILE; without a row a small one)')
    .option('--equity <usdt>', 'of each account at the beginning', '10000')
    .option('--set <name=values>', 'a setting and its values, by comma; every combination is played', collect, [])
    .option('--from <time>', 'from there, UTC: 2026-01-05 or 2026-01-05T08:00')
    .option('--to <time>', 'to there')
    .addOption(
      new Option('--fill <rule>', 'what fills a resting order').choices([...FILL_RULES, 'both']).default('both'),
    )
    .option('--spread <spread>', 'where no book was recorded: ticks, or percent such as 0.02%')
    .option('--depth <usdt>', 'where no book was recorded: what stands at each price')
    .option('--maker-fee <percent>', 'of the notional; below 0: a rebate', '-0.0001')
    .option('--taker-fee <percent>', 'of the notional', '0.045')
    .option('--funding <percent>', 'that longs pay at each funding time, where none was recorded')
    .option('--latency <ms,ms>', 'one way: orders, data', `${ordersMs},${dataMs}`)
    .option('--seed <seed>', 'of paths within candles and of latency', '1')
    .option('--no-audit', 'without the auditor: faster')
    .option('--json', 'as JSON, decimals as text')
    .option('--yes', 'however long it takes')
    .action(async (given: Given) => {
      try {
        ended(await backtest(given));
      } catch (thrown) {
        if (!(thrown instanceof AskError) && !(thrown instanceof MarketError)) throw thrown;
        console.error(thrown.message);
        ended(EXIT_USAGE);
      }
    });
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

async function backtest(given: Given): Promise<number> {
  const plan = planOf(askedOf(given));
  const beganMs = realNow();
  const runs = [];
  for (const point of plan.points) {
    const played = [];
    for (const fill of plan.fills) played.push(await play(questionOf(plan, point, fill)));
    runs.push(played);
  }
  const tookMs = realNow() - beganMs;
  const answer = answerOf(plan, runs);
  console.log(given.json ? JSON.stringify(answer, null, 2) : answerText(answer));
  const playedMs = runs.flat().reduce((total, { untilMs }) => total + untilMs - plan.range.fromMs, 0);
  console.error(
    `${(playedMs / 3_600_000).toFixed(1)} hours of market in ${(tookMs / 1_000).toFixed(1)} s: ${Math.round(playedMs / tookMs)} times real time`,
  );
  const isBroken = runs
    .flat()
    .some(({ failure, breaches }) => failure !== null || Object.keys(breaches ?? {}).length > 0);
  return isBroken ? EXIT_BROKEN : EXIT_GOOD;
}

/** The real clock, whatever time the process lives in. */
function realNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** @throws AskError */
function askedOf(given: Given): Asked {
  const { env } = process;
  const variables = Object.fromEntries(
    STRATEGY_VARIABLES.flatMap((name) => (env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]])),
  );
  return {
    market: given.market,
    symbols: given.symbols === undefined ? null : given.symbols.split(',').map((name) => name.trim()),
    rows: rowsOf(given.symbolsFile ?? env.GRVT_HEDGE_SYMBOLS_FILE ?? null),
    variables,
    sets: given.set,
    fromMs: given.from === undefined ? null : timeOf('from', given.from),
    toMs: given.to === undefined ? null : timeOf('to', given.to),
    equityUsdt: decimalOf('equity', given.equity),
    fill: given.fill,
    spread: given.spread ?? null,
    depthUsdt: given.depth ?? null,
    makerFeePercent: decimalOf('maker-fee', given.makerFee),
    takerFeePercent: decimalOf('taker-fee', given.takerFee),
    fundingPercent: given.funding === undefined ? null : decimalOf('funding', given.funding),
    latency: latencyOf(given.latency),
    seed: seedOf(given.seed),
    audit: given.audit,
    workers: availableParallelism(),
    yes: given.yes === true,
  };
}

/** @throws AskError when the file cannot be read or is no list of rows; what a row says is judged with the settings */
function rowsOf(file: string | null): readonly Row[] {
  if (file === null) return [];
  let rows: unknown;
  try {
    rows = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new AskError(`--symbols-file: ${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (!Array.isArray(rows) || rows.some((row) => row === null || typeof row !== 'object'))
    throw new AskError(`--symbols-file: ${file}: expected a list of rows, as in config/hedge_symbols.example.json`);
  return rows as readonly Row[];
}

function timeOf(option: string, text: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z?$/.test(text);
  const atMs = isDay || isTime ? Date.parse(isDay || text.endsWith('Z') ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(atMs)) throw new AskError(`--${option}: ${text}: expected 2026-01-05 or 2026-01-05T08:00, UTC`);
  return atMs;
}

function decimalOf(option: string, text: string): string {
  if (!/^-?\d{1,12}(\.\d{1,9})?$/.test(text)) throw new AskError(`--${option}: ${text}: expected a number`);
  return text;
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new AskError(`--seed: ${text}: expected a whole number`);
  return Number(text);
}
