import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { check } from './check.ts';
import { EXIT_CONFIGURATION } from './engine.ts';
import { run, systemClock } from './run.ts';
import { loadSettings, type Settings } from './settings/index.ts';

/** Where `package.json` is: relative paths of the settings are relative to it. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The command line.
 *
 * @returns the exit code (strategy 13.2)
 */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('grvt-hedge')
    .description('Dual maker hedge engine for GRVT perpetuals: two accounts, opposite positions, maker orders only.')
    .showHelpAfterError()
    .exitOverride();
  program
    .command('run', { isDefault: true })
    .description('trade until stopped; without keys on the embedded exchange')
    .action(async () => {
      exitCode = await withSettings('trade', run);
    });
  program
    .command('check')
    .description(
      'look at settings, accounts, clocks and instruments, and say what the engine would do first; changes nothing',
    )
    .action(async () => {
      exitCode = await withSettings('trade', (settings, warnings) =>
        check(settings, warnings, systemClock, console.log),
      );
    });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('commander.')) {
      return 'exitCode' in thrown && thrown.exitCode === 0 ? 0 : EXIT_CONFIGURATION;
    }
    throw thrown;
  }
  return exitCode;
}

/** Reads the settings, or says all that is wrong with them. */
async function withSettings(
  purpose: 'trade' | 'look',
  command: (settings: Settings, warnings: readonly string[]) => Promise<number>,
): Promise<number> {
  const reading = loadSettings({ env: process.env, root: ROOT, purpose });
  if (!reading.ok) {
    console.error(
      `The settings are not usable (${reading.errors.length} ${reading.errors.length === 1 ? 'error' : 'errors'}):`,
    );
    for (const error of reading.errors) console.error(`- ${error}`);
    return EXIT_CONFIGURATION;
  }
  return command(reading.settings, reading.warnings);
}
