import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { ControlError, giveCommand, NoEngineError } from '../control/client.ts';
import type { Command as Steering } from '../core/commands.ts';
import { EXIT_INCOMPLETE, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { Settings } from '../settings/index.ts';
import { answerLine } from '../texts/answers.ts';
import { reasonText } from '../texts/reasons.ts';
import { duration } from './arguments.ts';
import { illegal } from './spoken.ts';

export interface SteerParts {
  readonly settings: Pick<Settings, 'dataDir' | 'lang'>;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Runs the command with its parts. */
type Run = (command: (parts: SteerParts) => Promise<number>) => Promise<void>;

interface Common {
  readonly why?: string;
  readonly json?: boolean;
}

/**
 * Sends a command to the engine of the settings' data directory and prints its answer.
 * @returns 0; {@link EXIT_INCOMPLETE}; {@link EXIT_UNREACHABLE}
 */
export async function steerCommand(parts: SteerParts, command: Steering, options: Common): Promise<number> {
  const { settings, print, complain } = parts;
  try {
    const answer = await giveCommand(settings.dataDir, command);
    if (options.json) print(JSON.stringify(answer, null, 2));
    else for (const said of answer.says) (answer.ok ? print : complain)(answerLine(said, settings.lang));
    return answer.ok ? 0 : EXIT_INCOMPLETE;
  } catch (thrown) {
    if (!(thrown instanceof NoEngineError || thrown instanceof ControlError)) throw thrown;
    if (options.json) print(JSON.stringify({ ok: false, error: thrown.message }, null, 2));
    else complain(reasonText(thrown.why, settings.lang));
    return EXIT_UNREACHABLE;
  }
}

/** Adds the commands of strategy 16.2 to the program. */
export function addSteeringCommands(program: Command, alerts: Command, run: Run): void {
  const add = (usage: string, what: string, example: string, parent = program) =>
    parent
      .command(usage)
      .description(`${what}; e.g. grvt-hedge ${example}`)
      .option('--why <text>', 'the reason, for the journal', atMost(WHY_MAX))
      .option('--json', 'the answer as JSON');
  const give = (command: Asked, options: Common) =>
    run((parts) => steerCommand(parts, { ...command, by: user(), why: options.why ?? null } as Steering, options));

  for (const [verb, what] of [
    ['pause', 'open nothing, repair until hedged, then do nothing'],
    ['hedge-only', 'open nothing, go on repairing'],
  ] as const) {
    add(`${verb} <symbols...>`, what, `${verb} BNB_USDT_Perp --for 1h`)
      .option('--for <duration>', 'how long: 90s, 30m, 1h, 2d, 1h30m', duration)
      .action((symbols: string[], options: Common & { for?: number }) =>
        give({ verb, symbols, forMs: options.for ?? null }, options),
      );
  }
  add('resume <symbols...>', 'end the commands that are in force', 'resume all').action(
    (symbols: string[], options: Common) => give({ verb: 'resume', symbols }, options),
  );
  add('cancel <symbols...>', 'cancel own orders now, then submit nothing until resumed', 'cancel BNB_USDT_Perp')
    .option('--with-net', 'though a net stays that nothing hedges any more')
    .action((symbols: string[], options: Common & { withNet?: boolean }) =>
      give({ verb: 'cancel', symbols, withNet: options.withNet ?? false }, options),
    );
  add('flatten <symbols...>', 'decrease to nothing with maker orders, then pause', 'flatten BNB_USDT_Perp --by 2h')
    .option('--by <duration>', 'when what remains is listed: 30m, 2h', duration)
    .action((symbols: string[], options: Common & { by?: number }) =>
      give({ verb: 'flatten', symbols, forMs: options.by ?? null }, options),
    );
  add('ack <key>', 'do not repeat an alert while it lasts', 'alerts ack mmr:A', alerts).action(
    (key: string, options: Common) => give({ verb: 'ack', key }, options),
  );
  add('silence <key>', 'tell nothing of an alert for a while', 'alerts silence mmr:A --for 2h', alerts)
    .requiredOption('--for <duration>', 'how long: 30m, 2h, 1d', duration)
    .action((key: string, options: Common & { for: number }) =>
      give({ verb: 'silence', key, forMs: options.for }, options),
    );
  for (const [verb, what, example] of [
    ['set', 'change a row of the symbols file', 'set BNB_USDT_Perp max_total_position_usdt=5000'],
    ['add', 'add a row to the symbols file', 'add SOL_USDT_Perp order_notional_usdt=200 …'],
  ] as const) {
    add(`${verb} <symbol> <key=value...>`, what, example).action((symbol: string, pairs: string[], options: Common) =>
      give({ verb, symbol, values: valuesOf(pairs) }, options),
    );
  }
  add('remove <symbol>', 'remove a row of the symbols file; the symbol is wound down', 'remove SOL_USDT_Perp').action(
    (symbol: string, options: Common) => give({ verb: 'remove', symbol }, options),
  );
  const rollout = program.command('rollout').description('the gray rollout of a running engine (status shows it)');
  add(
    'skip <symbols...>',
    'go on in full with a symbol that waits or is on trial',
    'rollout skip SOL_USDT_Perp',
    rollout,
  ).action((symbols: string[], options: Common) => give({ verb: 'skip', symbols }, options));
  add('reload', 'read settings and symbols file again, all or nothing', 'reload --dry-run')
    .option('--dry-run', 'say what would change, and change nothing')
    .action((options: Common & { dryRun?: true }) =>
      give({ verb: 'reload', ...(options.dryRun ? { dryRun: true } : {}) }, options),
    );
  add('stop', 'stop the engine in order', 'stop').action((options: Common) => give({ verb: 'stop' }, options));
  add('forget <symbols...>', 'manage a leaving symbol no longer', 'forget SOL_USDT_Perp --position-stays')
    .option('--position-stays', 'what it holds stays at the exchange')
    .action((symbols: string[], options: Common & { positionStays?: boolean }) =>
      give({ verb: 'forget', symbols, positionStays: options.positionStays ?? false }, options),
    );
}

/** A command without `by` and `why`. */
type Asked = Steering extends infer One ? (One extends Steering ? Omit<One, 'by' | 'why'> : never) : never;

/** Limit of the engine (src/control/protocol.ts). */
const WHY_MAX = 200;
const BY_MAX = 64;

/** The system may have no name for a user, as in a container: then its number. */
function user(): string {
  try {
    return userInfo().username.slice(0, BY_MAX) || 'unknown';
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

function atMost(chars: number): (text: string) => string {
  return (text) => {
    if (text.length <= chars) return text;
    throw illegal({ en: `at most ${chars} characters`, zh: `最多 ${chars} 个字符` });
  };
}

/** `key=value` pairs. @throws InvalidArgumentError */
function valuesOf(pairs: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (at < 1) throw illegal({ en: 'key=value', zh: '键=值' }, JSON.stringify(pair));
    if (Object.hasOwn(values, key)) throw illegal({ en: 'each key once', zh: '每个键只出现一次' }, key);
    values[key] = pair.slice(at + 1);
  }
  return values;
}
