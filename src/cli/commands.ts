import { type Command, Option } from 'commander';
import type { Reason } from '../core/reasons.ts';
import { systemClock } from '../engine/clock.ts';
import { prepareReading } from '../engine/journal-database.ts';
import { telegramOf } from '../engine/messengers.ts';
import type { SettingsOnDisk } from '../engine/settings-on-disk.ts';
import { CHART_FORMATS } from '../engine/statecharts.ts';
import { REPORT_GROUPS } from '../explain/report.ts';
import { JournalError } from '../journal/errors.ts';
import type { Purpose, Redactor, Secret, Settings } from '../settings/index.ts';
import { thrownText } from '../texts/reason-error.ts';
import { duration, JOURNAL, portNumber, wholeNumber } from './arguments.ts';
import { backtestCommand } from './backtest.ts';
import { type ChartOptions, chartCommand } from './chart.ts';
import { check } from './check.ts';
import {
  alertsCommand,
  alertsTestCommand,
  type JournalCommandParts,
  type JournalOptions,
  lotsCommand,
  ordersCommand,
  replayCommand,
  whyCommand,
  whySymbolCommand,
} from './explain.ts';
import { type FleetOptions, fleetCommand } from './fleet.ts';
import { journalCommand, type WithParts } from './journal.ts';
import { reportingErrors } from './long-run.ts';
import { marketCommand } from './market.ts';
import { type PaperCommandOptions, runPaper, SELF_TRADE_RULES } from './paper.ts';
import { type DatabaseOfSettings, workerCommand } from './queue.ts';
import { fetchCommand, makeCommand, recordCommand } from './record.ts';
import { type ReportOptions, reportCommand } from './report.ts';
import { simulateCommand } from './simulate.ts';
import { illegal } from './spoken.ts';
import { statusCommand } from './status.ts';
import { addSteeringCommands } from './steer.ts';

/** Every command but `run`, whose process lives for months and loads none of these. */

/** Reads the settings, or prints all their errors. @returns the exit code */
export type WithSettings = (
  purpose: Purpose,
  command: (settings: Settings, warnings: readonly Reason[], redact: Redactor, disk: SettingsOnDisk) => Promise<number>,
) => Promise<number>;

export interface CommandParts {
  readonly withSettings: WithSettings;
  /** The settings' texts as they are written. */
  readonly texts: () => ReadonlyMap<string, string>;
  /** The directory of `package.json`. */
  readonly root: string;
  /** Receives the exit code. */
  readonly ended: (exitCode: number) => void;
}

/** Adds them to the program, in the order of its help. */
export function addCommands(program: Command, { withSettings, texts, root, ended }: CommandParts): void {
  program
    .command('check')
    .description(
      'look at settings, accounts, clocks and instruments, and say what the engine would do first; changes nothing',
    )
    .option('--send', 'send one message through the configured Telegram gateway, too')
    .action(async ({ send = false }: { send?: boolean }) => {
      ended(
        await withSettings('trade', async (settings, warnings, redact) => {
          const checked = await check(settings, warnings, systemClock, console.log);
          if (!send) return checked;
          // The message channel is tested whatever the exchange answered.
          const sent = await alertsTestCommand(partsOf(settings, redact), telegramOf(settings, redact));
          return checked === 0 ? sent : checked;
        }),
      );
    });
  program
    .command('paper')
    .description('the embedded exchange alone, for any GRVT client; prints what an env file needs')
    .option('--port <port>', 'TCP port on loopback, 0 for any', portNumber, 8700)
    .option('--seed <seed>', 'seed of its market and its keys', wholeNumber, 1)
    .option('--instruments <file>', "instruments in GRVT's own JSON instead of the built-in ones")
    .option('--no-rate-limits', "turn no call away for being one too many; GRVT's weights are enforced otherwise")
    .addOption(
      new Option('--self-trade <rule>', 'when the two accounts, of one owner, meet in the book')
        .choices(SELF_TRADE_RULES)
        .default('allow'),
    )
    .action(async (options: PaperCommandOptions) => {
      ended(await reportingErrors([Error], () => runPaper(options)));
    });
  const withParts = async (command: (parts: JournalCommandParts, redact: Redactor) => Promise<number>) =>
    ended(
      await withSettings('look', async (settings, _warnings, redact) => command(partsOf(settings, redact), redact)),
    );
  const look: WithParts = (command) =>
    withParts(async (parts) => {
      try {
        await prepareReading(parts.settings, systemClock);
      } catch (thrown) {
        if (!(thrown instanceof JournalError)) throw thrown;
        // The last copy is better than nothing, and what needs no journal continues.
        parts.complain(thrownText(thrown, parts.settings.lang));
      }
      return command(parts);
    });
  const json = ['--json', 'as JSON, decimals as text'] as const;
  program
    .command('why')
    .argument('<client order id or symbol>')
    .description(
      'why an order was placed and what became of it: snapshot, state, rules, answers, fills, lots; ' +
        'of a symbol, its states and why it submitted nothing, e.g. grvt-hedge why BNB_USDT_Perp --last 1h',
    )
    .addOption(
      new Option('--last <duration>', 'of a symbol, how far back: 30m, 1h, 2d')
        .argParser(duration)
        .default(3_600_000, '1h'),
    )
    .option(...JOURNAL)
    .option(...json)
    .action((of: string, options: JournalOptions & { last: number }) =>
      // Client order ids are numbers.
      /^\d+$/.test(of)
        ? look((parts) => whyCommand(parts, of, options))
        : look((parts) => whySymbolCommand(parts, of, options.last, options)),
    );
  program
    .command('replay')
    .description('run the recorded inputs through the same core; name the first decision or ledger that differs')
    .option(...JOURNAL)
    .action((options: JournalOptions) => look((parts) => replayCommand(parts, options)));
  for (const [name, what, command] of [
    ['lots', 'open lots, with the price their hedge must not be worse than', lotsCommand],
    ['orders', 'live orders', ordersCommand],
    ['status', 'how things stand: a running engine is asked, else its journal is read', statusCommand],
  ] as const) {
    program
      .command(name)
      .description(what)
      .option(...JOURNAL)
      .option(...json)
      .action((options: JournalOptions) => look((parts) => command(parts, options)));
  }
  program
    .command('fleet')
    .description('all pairs of the database in GRVT_HEDGE_JOURNAL_URL, worst first; with --port a page and metrics')
    .option('--port <port>', 'serve a page, /metrics and /status on loopback until stopped; 0 for any', portNumber)
    .option(...json)
    .action((options: FleetOptions) => withParts((parts) => fleetCommand(parts, options)));
  program
    .command('report')
    .argument('[symbol]', 'only this one: its name, or its base')
    .description('what was earned: volume, spread, unwinds, fees, funding, by day, symbol or account; from the journal')
    .option('--days <n>', 'so many days, today among them', daysNumber, 7)
    .addOption(new Option('--by <what>', 'a line for each; of one symbol: symbol, else day').choices(REPORT_GROUPS))
    .option('--utc', 'days by UTC instead of the time zone of the settings')
    .addOption(new Option('--csv', 'every fill, fee, funding payment, transfer, hedge and unwind').conflicts('json'))
    .option(...JOURNAL)
    .option(...json)
    .action((symbol: string | undefined, options: ReportOptions) =>
      look((parts) => reportCommand(parts, symbol ?? null, options)),
    );
  program
    .command('chart')
    .argument('[machine]', 'which statechart', 'symbol')
    .addOption(new Option('--format <format>', 'how to write it').choices(CHART_FORMATS).default('mermaid'))
    .option('--docs', 'write docs/statecharts.md from all of them instead')
    .description('write a statechart from the machine itself; JSON loads in the Stately editor')
    .action((machine: string, options: ChartOptions) => {
      ended(chartCommand(machine, options, root));
    });
  const alerts = program
    .command('alerts')
    // Its options precede the names of its subcommands, which have the same ones.
    .enablePositionalOptions()
    .description('open alerts, and those that ended within a day')
    .option(...JOURNAL)
    .option(...json)
    .action((options: JournalOptions) => look((parts) => alertsCommand(parts, options)));
  alerts
    .command('test')
    .description('send one message through the configured Telegram gateway')
    .action(() => withParts((parts, redact) => alertsTestCommand(parts, telegramOf(parts.settings, redact))));
  program.addCommand(journalCommand(look));
  program.addCommand(marketCommand(ended).addCommand(fetchCommand(ended)).addCommand(makeCommand(ended)));
  const ofSettings: DatabaseOfSettings = async () => {
    let found: Secret | null | undefined;
    await withSettings('look', async ({ journalUrl }) => {
      found = journalUrl;
      return 0;
    });
    return found;
  };
  program.addCommand(recordCommand(ended));
  program.addCommand(
    backtestCommand(
      async (given) => {
        // Loaded only here, with everything that plays a market.
        const { backtestReportingErrors } = await import('./backtest-run.ts');
        ended(await withSettings('rows', (settings) => backtestReportingErrors(given, { settings, texts: texts() })));
      },
      workerCommand(ended, ofSettings),
    ),
  );
  program.addCommand(simulateCommand(ended, ofSettings));
  addSteeringCommands(program, alerts, look);
}

function partsOf(settings: Settings, redact: Redactor): JournalCommandParts {
  const print = (text: string) => console.log(redact(text));
  return { settings, clock: systemClock, print, complain: (text) => console.error(redact(text)) };
}

/** @throws InvalidArgumentError */
function daysNumber(text: string): number {
  const days = wholeNumber(text);
  if (days < 1 || days > 36_500) throw illegal({ en: '1 to 36500 days', zh: '1 至 36500 天' });
  return days;
}
