import { Command } from 'commander';
import { latency } from './latency.ts';
import { load } from './load.ts';
import { requests } from './requests.ts';

/** Measurements, run by hand: `npm run bench -- latency|requests|load`. Every figure is a ratio or a median of one run. */
const program = new Command('bench').description(
  'measurements of the engine against the embedded exchange, on loopback',
);

program
  .command('latency')
  .description("from a fill at the exchange to the hedge's create arriving there")
  .option('--rounds <n>', 'fills per row', '40')
  .action(async (options: { rounds: string }) => latency(Number(options.rounds)));
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
