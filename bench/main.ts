import { Command } from 'commander';
import { journals } from './journal.ts';
import { latency } from './latency.ts';
import { load } from './load.ts';
import { requests } from './requests.ts';
import { scale } from './scale.ts';

/** Measurements, run by hand: `npm run bench -- scale|latency|journal|requests|load`. Every figure is a ratio or a median of one run. */
const program = new Command('bench').description(
  'measurements of the engine against the embedded exchange, on loopback',
);

program
  .command('scale')
  .description(
    'many symbols on a lively market: from a fill that leaves a net uncovered to the create against it, and the stop',
  )
  .option('--symbols <n>', 'how many', '20')
  .option('--seconds <n>', 'how long to watch, after a warm-up of 20 s', '40')
  .option('--no-limits', "without the exchange's rate limits")
  .option('--no-streams', 'without streams')
  .option('--round-trip <ms>', 'added to each request', '0')
  .action(async (options: { symbols: string; seconds: string; limits: boolean; streams: boolean; roundTrip: string }) =>
    scale({
      symbols: Number(options.symbols),
      seconds: Number(options.seconds),
      limits: options.limits,
      streams: options.streams,
      roundTripMs: Number(options.roundTrip),
    }),
  );
program
  .command('latency')
  .description("from a fill at the exchange to the hedge's create arriving there")
  .option('--rounds <n>', 'fills per row', '40')
  .option('--only <text>', 'rows whose name has it', '')
  .action(async (options: { rounds: string; only: string }) => latency(Number(options.rounds), options.only));
program
  .command('journal')
  .description(
    'the same with the journal in a file and in the database of GRVT_HEDGE_JOURNAL_URL, which must be empty, by turns',
  )
  .option('--rounds <n>', 'fills of each', '60')
  .action(async (options: { rounds: string }) => {
    const { GRVT_HEDGE_JOURNAL_URL: address } = process.env;
    if (address === undefined) throw new Error('GRVT_HEDGE_JOURNAL_URL names no database');
    await journals(Number(options.rounds), address);
  });
program
  .command('requests')
  .description('REST calls per symbol-hour')
  .option('--seconds <n>', 'how long to watch', '60')
  .action(async (options: { seconds: string }) => requests(Number(options.seconds)));
program
  .command('load')
  .description('CPU and memory of an engine with many symbols')
  .option('--symbols <n>', 'how many', '100')
  .option('--seconds <n>', 'how long to watch, after a warm-up of 20 s', '60')
  .action(async (options: { symbols: string; seconds: string }) =>
    load(Number(options.symbols), Number(options.seconds)),
  );

await program.parseAsync();
