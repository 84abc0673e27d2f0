import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { EXIT_CONFIGURATION, EXIT_DEFECT } from '../core/exit-codes.ts';
import { printable } from '../core/printable.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { describeDefect, watchDefects } from '../engine/defects.ts';
import { type SettingsOnDisk, settingsOnDisk } from '../engine/settings-on-disk.ts';
import { secretsOf } from '../engine/venue.ts';
import { versionOf } from '../engine/version.ts';
import {
  createRedactor,
  loadSettings,
  type Purpose,
  type Redactor,
  readSettingsFile,
  type Settings,
  type SettingsSource,
  textsOf,
} from '../settings/index.ts';
import { reasonText } from '../texts/reasons.ts';
import { AFTER_ERROR, everyCommand, helpLanguage, localiseHelp } from './help.ts';
import { run } from './run.ts';
import { speak } from './spoken.ts';

/** The directory of `package.json`: base of relative paths in the settings. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The command line. @returns the exit code (strategy 13.2) */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  envFile = undefined;
  const language = helpLanguage(args, process.env, resolve(ROOT, '.env'));
  speak(language);
  const program = new Command('grvt-hedge')
    .description('Dual maker hedge engine for GRVT perpetuals: two accounts, opposite positions, maker orders only.')
    .version(versionOf(), '-V, --version', 'print the version')
    .option('--env-file <file>', 'read settings from this file instead of .env; for every command')
    .showHelpAfterError(AFTER_ERROR)
    // `alerts` and its subcommands both have `--json`.
    .exitOverride()
    .hook('preAction', () => {
      const { envFile: given } = program.opts<{ envFile?: string }>();
      envFile = given === undefined ? undefined : resolve(given);
      if (envFile !== undefined) forgetWhatNodeRead(envFile, process.env);
    });
  program
    .command('run')
    .description('trade until stopped; without keys on the embedded exchange')
    .option('--inspect', 'relay what the statecharts do to the Stately inspector, over a loopback WebSocket')
    .option('--standby', 'with a journal in a database: wait while another engine trades this pair, then take over')
    .option(
      '--market <whose>',
      'dry run: the embedded exchange follows the public streams of prod, testnet … or an address',
    )
    .action(async (options: { inspect?: boolean; standby?: boolean; market?: string }) => {
      exitCode = await withSettings('trade', (settings, warnings, _redact, disk) =>
        run(settings, warnings, { ...options, disk }),
      );
    });
  if (args[0] !== 'run') {
    // A run lives for months: it does not load what the other commands need.
    const { addCommands } = await import('./commands.ts');
    addCommands(program, {
      withSettings,
      texts: () => textsOf(settingsSource('rows')),
      root: ROOT,
      ended: (code) => {
        exitCode = code;
      },
    });
    // Commands created separately would end the process themselves on a wrong command line.
    for (const command of everyCommand(program)) if (command !== program) command.copyInheritedSettings(program);
  }
  localiseHelp(program, language);
  const unwatch = watchDefects((thrown) => {
    printDefect(thrown);
    process.exit(EXIT_DEFECT);
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    // Found by a command itself, which commander does not print.
    if (thrown instanceof InvalidArgumentError) {
      console.error(`${language === 'zh' ? '错误：' : 'error: '}${printable(thrown.message)}`);
    }
    if (thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('commander.')) {
      return 'exitCode' in thrown && thrown.exitCode === 0 ? 0 : EXIT_CONFIGURATION;
    }
    printDefect(thrown);
    return EXIT_DEFECT;
  } finally {
    unwatch();
  }
  return exitCode;
}

/**
 * Node itself loads a file named by `--env-file`, even after the script's name, into the environment with laxer rules.
 * Its values would then be fixed for the life of the process and be inherited by children, so they are removed; the
 * settings read the file themselves.
 */
export function forgetWhatNodeRead(file: string, env: NodeJS.ProcessEnv): void {
  let text: string;
  try {
    text = Buffer.from(readSettingsFile(file)).toString();
  } catch {
    // The settings report its errors.
    return;
  }
  for (const [name, value] of Object.entries(parseEnv(text))) if (env[name] === value) delete env[name];
}

/** `--env-file`, absolute; undefined: `.env` in the project root. */
let envFile: string | undefined;

/** Hides the secrets of the settings once they are read; before, whatever looks like one. */
let redactor = createRedactor();

/** Replaces Node's own report, which prints the whole error and its source line. */
function printDefect(thrown: unknown): void {
  console.error(redactor(`A defect: ${describeDefect(thrown)} (strategy 13.5)`));
}

function settingsSource(purpose: Purpose): SettingsSource {
  return { env: process.env, root: ROOT, envFile, purpose, uid: process.getuid?.() };
}

/** Reads the settings, or prints all their errors. */
async function withSettings(
  purpose: Purpose,
  command: (settings: Settings, warnings: readonly Reason[], redact: Redactor, disk: SettingsOnDisk) => Promise<number>,
): Promise<number> {
  const source = settingsSource(purpose);
  const reading = loadSettings(source);
  if (!reading.ok) {
    const text = reasonText(reason('settings-unusable', '2', { errors: reading.errors }), reading.lang);
    for (const line of text.split('\n')) console.error(printable(line));
    return EXIT_CONFIGURATION;
  }
  for (const why of reading.unread ?? []) console.error(printable(reasonText(why, reading.settings.lang)));
  const redact = createRedactor(secretsOf(reading.settings, null));
  redactor = redact;
  // The zone of every local time printed by this process.
  process.env.TZ = reading.settings.timeZone;
  const disk = settingsOnDisk(source, reading.settings, reading.symbolsBytes);
  return command(reading.settings, reading.warnings, redact, disk);
}
