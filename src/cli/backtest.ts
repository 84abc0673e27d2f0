import { Command, Option } from 'commander';
import { DEFAULT_LATENCY } from '../backtest/question.ts';
import { FILL_RULES, type FillRule } from '../paper/index.ts';
import { MARKET_DIRECTORY } from './arguments.ts';
import { QUEUE } from './queue.ts';

/** Options of `backtest` (strategy 19.2, 19.3); backtest-run.ts implements it. */

/** The command line as text. */
export interface GivenBacktest {
  readonly market: string;
  readonly symbols?: string;
  readonly symbolsFile?: string;
  readonly equity: string;
  readonly set: readonly string[];
  readonly sweep?: string;
  readonly selfCheck?: string;
  /** Journals; true: that of the settings. */
  readonly without?: true | readonly string[];
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
  readonly workers?: string;
  readonly queue?: string | true;
  readonly html?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** @param worker the command below it */
export function backtestCommand(run: (given: GivenBacktest) => Promise<void>, worker: Command): Command {
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
    .option(
      '--sweep <file>',
      'settings and symbols from a file, as config/backtest_sweep.example.json; --set comes on top',
    )
    .option(
      '--without [journal...]',
      'take the orders and trades of these engines out of the recording (without a name: of the settings’ journal)',
    )
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
    .option(
      '--self-check <hours>',
      'hold a replay of so many hours of the embedded exchange against that exchange itself',
    )
    .option('--workers <count>', 'processes at a time (default: the cores there are)')
    .option(...QUEUE)
    .option('--html <file>', 'write the answer there too, with charts: one file that needs no network')
    .option('--json', 'as JSON, decimals as text')
    .option('--yes', 'however long it takes')
    .action(run)
    .addCommand(worker);
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
