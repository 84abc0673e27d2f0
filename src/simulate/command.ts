import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { decode, encode } from '../core/codec.ts';
import { type CampaignResult, runCampaign } from './campaign.ts';
import { type GivenOptions, OptionError, optionsOf, type PlainOptions } from './options.ts';
import { type Report, reportOf, reportText } from './report.ts';

/** Nothing broken, and everything that was asked for happened. */
const EXIT_GOOD = 0;
/** A fault that was asked for never happened: the campaign proves less than it was to (1, as for anything that failed). */
const EXIT_FAULT_MISSING = 1;
/** An invariant broke, or the engine failed (strategy 13.2). */
const EXIT_BROKEN = 70;
const EXIT_USAGE = 78;

/** Between two lines of progress. */
const PROGRESS_EVERY_MS = 500;
/** Lines shown before a breach, and with `--verbose`. */
const AROUND = 24;
const AROUND_VERBOSE = 160;

/** The `simulate` command. `ended` hears the exit code. */
export function simulateCommand(
  ended: (exitCode: number) => void = (exitCode) => {
    process.exitCode = exitCode;
  },
): Command {
  return new Command('simulate')
    .description(
      'months of trading in minutes: the engine against the embedded exchange in virtual time, with faults, audited',
    )
    .option('--days <days>', 'simulated days per seed', '1')
    .option('--seed <seed>', 'seed of markets, settings, network and faults', '1')
    .option('--seeds <seeds>', 'many campaigns, on all cores: 1..200 or 1,5,9')
    .option('--symbols <count>', 'symbols traded', '1')
    .option('--faults <rate>', 'every fault there is, at this rate: 0.05 spoils 5 % of the calls; 0 none', '0')
    .option('--fault <kind=rate...>', 'one kind of fault at its own rate')
    .option('--profile <name>', 'market: mixed (by seed), calm, meanReverting, choppy, walk, trending, lively', 'mixed')
    .option('--mode <mode>', 'mixed, increase or decrease', 'mixed')
    .option('--leg <hours>', 'longest time between two stops in order', '24')
    .option('--loop <seconds>', 'pause between polls', '2')
    .option('--latency <ms-ms>', 'round trips of the network', '5-80')
    .option('--streams', 'listen to streams too (always where stream faults are asked for)')
    .option('--no-streams', 'poll only, whatever faults are asked for')
    .option('--only <invariants>', 'act on these only, e.g. I7 or I2,I9')
    .option('--until <time>', 'end there: 90s, 15m, 3h, or a time as the report prints it')
    .option('--keep-going', 'go on after a breach and count them')
    .option('--workers <count>', 'processes at a time (default: the cores there are)')
    .option('--log <file>', 'write every line of the engine’s log there (one seed)')
    .option('--verbose', 'show what happened around a breach at length, and the log of one seed')
    .option('--json', 'the report as JSON; what depends on the wall clock stands under `wall`')
    .action(async (given: GivenOptions) => {
      try {
        ended(await simulate(given));
      } catch (thrown) {
        if (!(thrown instanceof OptionError)) throw thrown;
        console.error(thrown.message);
        ended(EXIT_USAGE);
      }
    });
}

/** Runs what the options ask for and prints its report. @returns the exit code @throws OptionError */
export async function simulate(given: GivenOptions): Promise<number> {
  const { seeds, of } = optionsOf(given);
  const beganMs = performance.now();
  const cores = given.workers === undefined ? availableParallelism() : Math.max(1, Number(given.workers));
  const workers = Math.min(cores, seeds.length);
  const results =
    seeds.length === 1 ? [await inThisProcess(of(seeds[0]!), given)] : await inWorkers(seeds, of, workers);
  const seconds = (performance.now() - beganMs) / 1_000;
  const { seed: _seed, ...what } = of(seeds[0]!);
  const report = reportOf(results, what, { seconds, workers }, what.symbols);
  clearProgress();
  if (given.json) process.stdout.write(`${JSON.stringify(JSON.parse(encode(report)), plainNumbers, 2)}\n`);
  else process.stdout.write(`${reportText(report, given.verbose ? AROUND_VERBOSE : AROUND)}\n`);
  return exitCodeOf(report);
}

/** Decimals as plain text. */
function plainNumbers(_key: string, value: unknown): unknown {
  if (value !== null && typeof value === 'object') {
    if ('$d' in value) return value.$d;
    if ('$n' in value) return value.$n;
  }
  return value;
}

function exitCodeOf(report: Report): number {
  if (report.findings.length > 0 || report.crashes.length > 0) return EXIT_BROKEN;
  return report.missingFaults.length > 0 ? EXIT_FAULT_MISSING : EXIT_GOOD;
}

async function inThisProcess(options: PlainOptions, given: GivenOptions): Promise<CampaignResult> {
  const file = given.log === undefined ? null : openSync(given.log, 'w');
  let shownMs = 0;
  const beganMs = realNow();
  try {
    return await runCampaign({
      ...options,
      ...(file === null && !given.verbose
        ? {}
        : {
            onLogLine: (line: string) => {
              if (file !== null) writeSync(file, line);
              else if (!given.json) process.stdout.write(line);
            },
          }),
      onProgress: ({ simulatedMs, totalMs, breaches }) => {
        if (realNow() - shownMs < PROGRESS_EVERY_MS) return;
        shownMs = realNow();
        const days = simulatedMs / 86_400_000;
        const speed = days / Math.max(0.001, (realNow() - beganMs) / 1_000);
        progress(
          `seed ${options.seed}: ${days.toFixed(2)} of ${(totalMs / 86_400_000).toFixed(2)} days, ` +
            `${speed.toFixed(4)} days a second${breaches === 0 ? '' : `, ${breaches} broken`}`,
        );
      },
    });
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** The real clock, whatever time the process lives in. */
function realNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Each worker takes the next seed when it has done one; results come back in the order of the seeds. */
async function inWorkers(
  seeds: readonly number[],
  of: (seed: number) => PlainOptions,
  count: number,
): Promise<readonly CampaignResult[]> {
  const left = [...seeds];
  const results = new Map<number, CampaignResult>();
  const path = fileURLToPath(new URL('./worker.ts', import.meta.url));
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let child: ChildProcess | null = null;
      let seed: number | undefined;
      const next = (): void => {
        seed = left.shift();
        if (seed === undefined) {
          child?.disconnect();
          resolve();
          return;
        }
        child ??= begin();
        child.send(of(seed));
      };
      const begin = (): ChildProcess => {
        const started = fork(path, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        started.on('message', (message: { seed: number; result: string }) => {
          results.set(message.seed, decode<CampaignResult>(message.result));
          progress(`${results.size} of ${seeds.length} seeds`);
          next();
        });
        started.on('error', reject);
        started.on('exit', (code) => {
          if (code !== 0 && seed !== undefined)
            reject(new Error(`the process of seed ${seed} ended with code ${code}`));
        });
        return started;
      };
      next();
    });
  await Promise.all(Array.from({ length: count }, work));
  return seeds.map((seed) => results.get(seed)!);
}

let shown = false;

function progress(text: string): void {
  if (process.stderr.isTTY !== true) return;
  process.stderr.write(`\r\u001b[2K${text}`);
  shown = true;
}

function clearProgress(): void {
  if (shown) process.stderr.write('\r\u001b[2K');
  shown = false;
}
