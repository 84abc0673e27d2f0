import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { isDatabaseUrl, isUnprotected, passwordsIn, shownDatabase } from '../core/database-address.ts';
import { whyOf } from '../core/error-text.ts';
import { EXIT_CONFIGURATION, EXIT_GOOD, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { Batch } from '../runs/queue.ts';
import type { RunsOptions } from '../runs/task.ts';
import type { Secret } from '../settings/index.ts';
import { OptionError, wholeFrom } from '../texts/option-error.ts';
import { ReasonError, thrownText } from '../texts/reason-error.ts';
import { MARKET_DIRECTORY } from './arguments.ts';
import { interruptedBySignals, say } from './long-run.ts';
import { spokenLanguage } from './spoken.ts';

/** `--queue` of campaigns and backtests, and `worker` of both (strategy 18.4). */

/** The address in the settings; null: none. undefined: invalid, which was reported. */
export type DatabaseOfSettings = () => Promise<Secret | null | undefined>;

export const QUEUE = [
  '--queue [address]',
  'by workers of this database, e.g. postgres://me@host/name without a password (default: GRVT_HEDGE_JOURNAL_URL)',
] as const;

/**
 * The queue's address.
 * @param given the option: an address, or true without one; undefined: no queue @returns null: no queue @throws
 * OptionError
 */
export async function queueAddress(
  given: string | boolean | undefined,
  ofSettings: DatabaseOfSettings,
): Promise<string | null> {
  if (given === undefined) return null;
  const fromSettings = given === true || given === false ? await ofSettings() : null;
  const address = typeof given === 'string' ? given : fromSettings?.reveal();
  if (address === undefined) {
    throw new OptionError('--queue', null, {
      en: 'the address of a database behind it, or in GRVT_HEDGE_JOURNAL_URL',
      zh: '在其后给出数据库的地址，或设置 GRVT_HEDGE_JOURNAL_URL',
    });
  }
  // An invalid address is not repeated, since it may contain a password.
  if (!isDatabaseUrl(address)) {
    const form = 'postgres://user@host:5432/database';
    throw new OptionError('--queue', null, { en: form, zh: ` ${form}` });
  }
  if (typeof given === 'string' && passwordsIn(address).length > 0) {
    throw new OptionError('--queue', shownDatabase(address), {
      en:
        'no password, which every user of this machine can read on the command line: put the address into ' +
        'GRVT_HEDGE_JOURNAL_URL, or into the file that GRVT_HEDGE_JOURNAL_URL_FILE names, and give --queue alone',
      zh:
        '不带密码的地址：本机所有用户都能读到命令行；请把地址写入 GRVT_HEDGE_JOURNAL_URL，' +
        '或写入 GRVT_HEDGE_JOURNAL_URL_FILE 所指的文件，并单独给出 --queue',
    });
  }
  if (isUnprotected(address)) {
    say(`${shownDatabase(address)} is not on this machine and its certificate is not proven: add ?sslmode=verify-full`);
  }
  return address;
}

/** Runs over the queue. @throws ReasonError if it cannot begin */
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
    throw new ReasonError(whyOf(thrown));
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

/** @throws OptionError */
function slotsOf(text: string | undefined): number {
  const count = text === undefined ? availableParallelism() : Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS)
    throw new OptionError('--workers', text ?? null, wholeFrom(1, MAX_WORKERS));
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
    if (foreign !== undefined) {
      throw new OptionError(foreign.long ?? foreign.flags, null, {
        en: 'only --queue, --workers and --market with worker',
        zh: 'worker 只有 --queue、--workers 和 --market',
      });
    }
    const { queue = true, workers, market } = command.optsWithGlobals<Given>();
    const slots = slotsOf(workers);
    const address = await queueAddress(queue, ofSettings);
    if (address !== null) await workForQueue(address, { slots, market, signal: interruption.signal, say });
    return EXIT_GOOD;
  } catch (thrown) {
    if (!(thrown instanceof OptionError) && !(thrown instanceof QueueError)) throw thrown;
    console.error(thrownText(thrown, spokenLanguage()));
    return thrown instanceof OptionError ? EXIT_CONFIGURATION : EXIT_UNREACHABLE;
  }
}
