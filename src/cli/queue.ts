import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { isDatabaseUrl, isUnprotected, passwordsIn, shownDatabase } from '../core/database-address.ts';
import { EXIT_CONFIGURATION, EXIT_GOOD, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { Batch } from '../runs/queue.ts';
import type { RunsOptions } from '../runs/task.ts';
import type { Secret } from '../settings/index.ts';
import { MARKET_DIRECTORY } from './arguments.ts';
import { interruptedBySignals, say } from './long-run.ts';

/** `--queue` of campaigns and backtests, and `worker` of both (strategy 18.4). */

/** The address in the settings; null: none. undefined: invalid, which was reported. */
export type DatabaseOfSettings = () => Promise<Secret | null | undefined>;

export const QUEUE = [
  '--queue [address]',
  'by workers of this database, e.g. postgres://me@host/name without a password (default: GRVT_HEDGE_JOURNAL_URL)',
] as const;

/** A user error, in one line. */
export class QueueOptionError extends Error {}

/**
 * The queue's address.
 * @param given the option: an address, or true without one; undefined: no queue @returns null: no queue @throws
 * QueueOptionError
 */
export async function queueAddress(
  given: string | boolean | undefined,
  ofSettings: DatabaseOfSettings,
): Promise<string | null> {
  if (given === undefined) return null;
  const fromSettings = given === true || given === false ? await ofSettings() : null;
  const address = typeof given === 'string' ? given : fromSettings?.reveal();
  if (address === undefined) {
    throw new QueueOptionError(
      fromSettings === undefined
        ? '--queue: the settings are not usable'
        : '--queue: expected the address of a database behind it, or in GRVT_HEDGE_JOURNAL_URL',
    );
  }
  // An invalid address is not repeated, since it may contain a password.
  if (!isDatabaseUrl(address)) throw new QueueOptionError('--queue: expected postgres://user@host:5432/database');
  if (typeof given === 'string' && passwordsIn(address).length > 0) {
    throw new QueueOptionError(
      `--queue: ${shownDatabase(address)}: a password on the command line can be read by every user of this machine: put the ` +
        'address into GRVT_HEDGE_JOURNAL_URL, or into the file that GRVT_HEDGE_JOURNAL_URL_FILE names, and give --queue alone',
    );
  }
  if (isUnprotected(address)) {
    say(`${shownDatabase(address)} is not on this machine and its certificate is not proven: add ?sslmode=verify-full`);
  }
  return address;
}

/** Runs over the queue. @throws QueueOptionError if it cannot begin */
export async function overQueue(
  address: string,
  batch: Pick<Batch, 'kind' | 'market'>,
  runs: RunsOptions,
): Promise<void> {
  const [{ runInQueue }, { QueueError }] = await Promise.all([
    import('../runs/coordinator.ts'),
    import('../runs/queue.ts'),
  ]);
  try {
    await runInQueue(address, batch, { ...runs, say });
  } catch (thrown) {
    if (!(thrown instanceof QueueError)) throw thrown;
    throw new QueueOptionError(thrown.message);
  }
}

/** Number of workers; null: no queue. */
export function workersText(workers: number | null): string {
  if (workers === null) return '';
  return workers === 0 ? ', no worker yet' : `, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}

const OPTIONS: ReadonlySet<string> = new Set(['queue', 'workers', 'market']);

interface Given {
  readonly queue?: string | true;
  readonly workers?: string;
  readonly market: string;
}

/** `worker`: a subcommand of both `simulate` and `backtest`. */
export function workerCommand(ended: (exitCode: number) => void, ofSettings: DatabaseOfSettings): Command {
  return new Command('worker')
    .description('take runs of campaigns and backtests from the queue, until stopped')
    .option(...QUEUE)
    .option('--workers <count>', 'processes at a time (default: the cores there are)')
    .option(...MARKET_DIRECTORY)
    .action(async (_options: unknown, command: Command) => {
      ended(await work(command, ofSettings));
    });
}

const MAX_WORKERS = 1_024;

/** @throws QueueOptionError */
function slotsOf(text: string | undefined): number {
  const count = text === undefined ? availableParallelism() : Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS)
    throw new QueueOptionError(`--workers: ${text}: expected a whole number from 1 to ${MAX_WORKERS}`);
  return count;
}

async function work(command: Command, ofSettings: DatabaseOfSettings): Promise<number> {
  using interruption = interruptedBySignals(EXIT_GOOD, 'it ends after the runs it is at; once more ends at once');
  // Loaded only here.
  const [{ workForQueue }, { QueueError }] = await Promise.all([
    import('../runs/worker.ts'),
    import('../runs/queue.ts'),
  ]);
  try {
    // Options of both commands are parsed by the parent command.
    const above = command.parent;
    const foreign = above?.options.find(
      (option) => above.getOptionValueSource(option.attributeName()) === 'cli' && !OPTIONS.has(option.attributeName()),
    );
    if (foreign !== undefined) throw new QueueOptionError(`worker: ${foreign.long} is no option of it`);
    const { queue = true, workers, market } = command.optsWithGlobals<Given>();
    const slots = slotsOf(workers);
    const address = await queueAddress(queue, ofSettings);
    if (address !== null) await workForQueue(address, { slots, market, signal: interruption.signal, say });
    return EXIT_GOOD;
  } catch (thrown) {
    if (!(thrown instanceof QueueOptionError) && !(thrown instanceof QueueError)) throw thrown;
    console.error(thrown.message);
    return thrown instanceof QueueOptionError ? EXIT_CONFIGURATION : EXIT_UNREACHABLE;
  }
}
