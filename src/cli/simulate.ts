import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { encode } from '../core/codec.ts';
import { whyOf } from '../core/error-text.ts';
import { EXIT_CONFIGURATION, EXIT_DEFECT, EXIT_GOOD, EXIT_INCOMPLETE } from '../core/exit-codes.ts';
import { runInProcesses } from '../runs/pool.ts';
import type { RunsOptions } from '../runs/task.ts';
import { runCampaign } from '../simulate/campaign.ts';
import type { CampaignResult } from '../simulate/campaign-result.ts';
import { CALL_FAULT_COUNT } from '../simulate/fault-plan.ts';
import { DEFAULTS, type GivenOptions, optionsOf, type PlainOptions } from '../simulate/options.ts';
import { type Crash, type Report, reportOf } from '../simulate/report.ts';
import { lasting, reportText } from '../simulate/report-text.ts';
import { type Outcome, runSeeds, type Standing } from '../simulate/workers.ts';
import { OptionUnusable } from '../texts/option-error.ts';
import { ReasonError } from '../texts/reason-error.ts';
import { clearProgress, interruptedBySignals, progress, realNow, reportingErrors, say } from './long-run.ts';
import { type DatabaseOfSettings, overQueue, QUEUE, queueAddress, workerCommand, workersText } from './queue.ts';
import { spokenLanguage } from './spoken.ts';

const DAY_MS = 86_400_000;
/** Longest wait for git. */
const GIT_LIMIT_MS = 5_000;
const FAULTS_HELP =
  'every fault there is; of the calls that do not trade about this share fails (0.05: 5 %), of those that trade ' +
  'far more, up to about half; the report says how many were; 0: none';
const FAULT_HELP =
  'one kind of fault at a rate of its own: lost-order, late-position, post-only-refusal and fill-during-cancel strike at ' +
  `this rate where they can, kinds that any call can meet at 1/${CALL_FAULT_COUNT} of it and calls that trade at up to ` +
  `1/${2 * CALL_FAULT_COUNT} more, faults of streams at 1/5 of it (book: 1/500); events of the world happen in proportion to it`;
/** Breaches of one seed printed as they occur. */
const PRINTED_PER_SEED = 3;
/** Lines shown before a breach, and with `--verbose`. */
const AROUND = 24;
const AROUND_VERBOSE = 160;

/**
 * The `simulate` command. `ended` receives the exit code. On its own it ends the process if the options are invalid; as
 * part of a larger command line it throws like that one.
 */
export function simulateCommand(
  ended: (exitCode: number) => void = (exitCode) => {
    process.exitCode = exitCode;
  },
  ofSettings: DatabaseOfSettings = async () => null,
): Command {
  return new Command('simulate')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT_GOOD : EXIT_CONFIGURATION))
    .description(
      'months of trading in minutes: the engine against the embedded exchange in virtual time, with faults, audited',
    )
    .option('--days <days>', 'simulated days per seed', DEFAULTS.days)
    .option('--seed <seed>', `seed of markets, settings, network and faults (default: "${DEFAULTS.seed}")`)
    .option('--seeds <seeds>', 'many campaigns, on all cores: 1..200 or 1,5,9')
    .option('--symbols <count>', 'symbols traded', DEFAULTS.symbols)
    .option('--faults <rate>', FAULTS_HELP, DEFAULTS.faults)
    .option('--fault <kind=rate...>', FAULT_HELP)
    .option(
      '--profile <name>',
      'market: mixed (by seed), calm, meanReverting, choppy, walk, trending, lively',
      DEFAULTS.profile,
    )
    .option('--mode <mode>', 'mixed, increase or decrease', DEFAULTS.mode)
    .option('--leg <hours>', 'longest time between two stops in order', DEFAULTS.leg)
    .option('--loop <seconds>', 'pause between polls', DEFAULTS.loop)
    .option('--latency <ms-ms>', 'round trips of the network', DEFAULTS.latency)
    .option('--streams', 'listen to streams too (always where stream faults are asked for)')
    .option('--no-streams', 'poll only; --faults then leaves those of streams out')
    .option('--only <invariants>', 'act on these only, e.g. I7 or I2,I9')
    .option('--until <time>', 'end there: 90s, 15m, 3h, or a time as the report prints it')
    .option('--keep-going', 'go on after a breach and count them')
    .option('--workers <count>', 'processes at a time (default: the cores there are)')
    .option(...QUEUE)
    .option('--log <file>', 'write every line of the engine’s log there (one seed)')
    .option('--verbose', 'show what happened around a breach at length, and the log of one seed')
    .option('--json', 'the report as JSON; what depends on the wall clock stands under `wall`')
    .action(async (given: GivenOptions) => {
      const run = async () => simulate(given, await queueAddress(given.queue, ofSettings));
      ended(await reportingErrors([ReasonError], run));
    })
    .addCommand(workerCommand(ended, ofSettings));
}

/**
 * Runs what the options ask for and prints its report.
 *
 * @param queue address of the database whose workers make the runs; null: this machine does
 * @returns the exit code
 * @throws OptionError
 */
export async function simulate(given: GivenOptions, queue: string | null = null): Promise<number> {
  const { seeds, of, workers: asked, notes, again } = optionsOf(given);
  for (const note of notes) say(note[spokenLanguage()]);
  // Of the code as it was loaded.
  const commit = commitHere();
  const beganMs = realNow();
  let workers = queue === null ? Math.min(asked ?? availableParallelism(), seeds.length) : 0;
  const totalDays = of(seeds[0]!).days * seeds.length;
  using interruption = interruptedBySignals(EXIT_INCOMPLETE);
  const { signal } = interruption;
  const make = (runs: RunsOptions): Promise<void> =>
    queue === null ? runInProcesses({ ...runs, workers }) : overQueue(queue, { kind: 'campaign', market: null }, runs);
  const many = {
    ...{ seeds, of, signal, onResult: printFindings },
    onStanding: (standing: Standing) => {
      workers = Math.max(workers, standing.workers ?? 0);
      progress(standingText(standing, totalDays, realNow() - beganMs));
    },
    onCrash: ({ seed, at, error }: Crash) => say(`seed ${seed} failed${at === null ? '' : ` at ${at}`}: ${error}`),
  };
  const outcome: Outcome =
    seeds.length === 1 && queue === null
      ? { results: [await inThisProcess(of(seeds[0]!), given, signal)], without: { crashes: [], seeds: [] } }
      : await runSeeds(many, make);
  const seconds = (realNow() - beganMs) / 1_000;
  const { seed: _seed, ...what } = of(seeds[0]!);
  const report = reportOf(outcome.results, what, { seconds, workers }, outcome.without, { commit, again });
  clearProgress();
  if (given.json) process.stdout.write(`${JSON.stringify(JSON.parse(encode(report)), plainNumbers, 2)}\n`);
  else process.stdout.write(`${reportText(report, given.verbose ? AROUND_VERBOSE : AROUND)}\n`);
  return exitCodeOf(report);
}

/** The commit of this code. null: no repository of its own, or no git. */
function commitHere(): string | null {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const repository = ['--no-optional-locks', '--git-dir', join(root, '.git'), '--work-tree', root];
  try {
    return execFileSync('git', [...repository, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
      ...{ encoding: 'utf8', timeout: GIT_LIMIT_MS, stdio: ['ignore', 'pipe', 'ignore'] },
    }).trim();
  } catch {
    // Not needed to simulate; the report contains less.
    return null;
  }
}

/** A breach is printed at once, not after the last of many seeds. */
function printFindings({ seed, findings, crash, endedAt }: CampaignResult): void {
  for (const { invariant, at, what } of findings.slice(0, PRINTED_PER_SEED)) {
    say(`${invariant} broken in seed ${seed} at ${at}: ${what}`);
  }
  if (findings.length > PRINTED_PER_SEED) say(`… and ${findings.length - PRINTED_PER_SEED} more in seed ${seed}`);
  if (crash !== null) say(`seed ${seed} failed at ${endedAt}: ${crash}`);
}

function standingText(standing: Standing, totalDays: number, forMs: number): string {
  const { ended, seeds, simulatedMs, breaches, failed, workers } = standing;
  const days = simulatedMs / DAY_MS;
  const leftMs = days === 0 ? null : ((totalDays - days) / days) * forMs;
  return (
    `${ended} of ${seeds} seeds, ${days.toFixed(2)} of ${totalDays.toFixed(2)} days, ` +
    `${(days / Math.max(0.001, forMs / 1_000)).toFixed(4)} days a second, about ${lasting(leftMs)} left` +
    `${breaches === 0 ? '' : `, ${breaches} broken`}${failed === 0 ? '' : `, ${failed} failed`}${workersText(workers)}`
  );
}

function plainNumbers(_key: string, value: unknown): unknown {
  if (value !== null && typeof value === 'object') {
    if ('$d' in value) return value.$d;
    if ('$n' in value) return value.$n;
  }
  return value;
}

function exitCodeOf(report: Report): number {
  if (report.findings.length > 0 || report.crashes.length > 0) return EXIT_DEFECT;
  return report.missingFaults.length > 0 || report.interrupted !== null ? EXIT_INCOMPLETE : EXIT_GOOD;
}

async function inThisProcess(options: PlainOptions, given: GivenOptions, signal: AbortSignal): Promise<CampaignResult> {
  const file = given.log === undefined ? null : opened(given.log);
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
      interrupted: () => signal.aborted,
      onProgress: ({ simulatedMs, totalMs, breaches }) => {
        const days = simulatedMs / DAY_MS;
        const speed = days / Math.max(0.001, (realNow() - beganMs) / 1_000);
        progress(
          `seed ${options.seed}: ${days.toFixed(2)} of ${(totalMs / DAY_MS).toFixed(2)} days, ` +
            `${speed.toFixed(4)} days a second${breaches === 0 ? '' : `, ${breaches} broken`}`,
        );
      },
    });
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** @throws OptionUnusable if it is not writable */
function opened(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (thrown) {
    throw new OptionUnusable('--log', file, [whyOf(thrown)]);
  }
}
