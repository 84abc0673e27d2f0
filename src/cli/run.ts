import type { DaemonOutput } from '../../machines/daemon-context.ts';
import { errorText } from '../core/error-text.ts';
import { EXIT_CONFIGURATION, EXIT_DEFECT, EXIT_UNREACHABLE } from '../core/exit-codes.ts';
import type { Reason } from '../core/reasons.ts';
import { removeEngineAddress, writeEngineAddress } from '../engine/address.ts';
import { systemClock } from '../engine/clock.ts';
import { announced, takeCommands } from '../engine/command-channel.ts';
import { openExchange, openStreams } from '../engine/connections.ts';
import { type Dashboard, openDashboard } from '../engine/dashboard.ts';
import { DEFECT_STOP_MAX_MS, defectReactor, describeDefect, watchDefects } from '../engine/defects.ts';
import { type Engine, startEngine } from '../engine/engine.ts';
import { createLives, type Lives } from '../engine/lives.ts';
import { heartbeatOf, notifierOf } from '../engine/messengers.ts';
import { startMoneyWatch } from '../engine/money-watch.ts';
import { hostLines, proxyFor } from '../engine/routes.ts';
import {
  closeJournal,
  followDatabase,
  goOnWithEdit,
  isLeaseLost,
  type Leased,
  openRunDatabase,
  openRunJournal,
} from '../engine/run-journal.ts';
import { lockRun } from '../engine/run-locks.ts';
import { openLog, type Say } from '../engine/run-log.ts';
import type { SettingsOnDisk } from '../engine/settings-on-disk.ts';
import { listenToSignals } from '../engine/signals.ts';
import { tee } from '../engine/tee.ts';
import { compareTerms } from '../engine/terms.ts';
import { keepJournalSmall, watchLocks } from '../engine/upkeep.ts';
import { type LiveOrigin, openVenue, secretsOf, type Venue } from '../engine/venue.ts';
import { dayMoney, statementOf } from '../explain/money-figures.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import type { Locks } from '../journal/lock.ts';
import { type EngineLog, guardStandardStreams, openConsole } from '../log/index.ts';
import { MarketError } from '../market/errors.ts';
import { openServiceManager, type ServiceManager } from '../os/service-manager.ts';
import { createRedactor, type Redactor, type Settings } from '../settings/index.ts';
import { OptionError } from '../texts/option-error.ts';
import { thrownText } from '../texts/reason-error.ts';
import { reasonText } from '../texts/reasons.ts';
import { ENVIRONMENTS, originOf } from './public-hosts.ts';

export interface RunOptions {
  readonly inspect?: boolean;
  readonly standby?: boolean;
  /** Whose live market the embedded exchange follows; absent: its own (strategy 19.5). */
  readonly market?: string;
  readonly disk: SettingsOnDisk;
}

/**
 * Runs the engine until it is stopped (strategy 11, 13). After losing its lease it continues as a standby (strategy
 * 18.2). @returns the exit code of strategy 13.2
 */
export async function run(settings: Settings, warnings: readonly Reason[], options: RunOptions): Promise<number> {
  let ended = await runOnce(settings, warnings, options);
  while (ended === STANDS_BY) ended = await runOnce(options.disk.current(), [], { ...options, standby: true });
  return ended;
}

/** Instead of an exit code: another engine holds the lease now, or the database is another one. */
const STANDS_BY = 'stands by';
type Ended = number | typeof STANDS_BY;

async function runOnce(settings: Settings, warnings: readonly Reason[], options: RunOptions): Promise<Ended> {
  // Everything is closed in reverse order, however the run ends.
  await using open = new AsyncDisposableStack();
  const ground = await openGround(settings, warnings, options, open);
  if (typeof ground === 'number') return ground;
  try {
    return await trade(ground, options.inspect ?? false, open);
  } catch (thrown) {
    // Found while reading: the verification at the start does not read a large file completely.
    if (thrown instanceof JournalError) {
      if (isLeaseLost(thrown)) return STANDS_BY;
      ground.tell(thrown.why);
      return EXIT_CONFIGURATION;
    }
    ground.say('fatal', `A defect ends the run: ${describeDefect(thrown)} (strategy 13.5)`);
    return EXIT_DEFECT;
  }
}

/** What a run needs before there is an engine. */
interface Ground {
  readonly settings: Settings;
  readonly disk: SettingsOnDisk;
  readonly venue: Venue;
  readonly redact: Redactor;
  readonly log: EngineLog;
  readonly say: Say;
  /** An error, in the language of the settings in force. */
  readonly tell: (why: Reason) => void;
  readonly locks: Locks;
  readonly journal: EngineJournal;
  /** The journal is in a database whose lease this engine holds; null: it is a file. */
  readonly leased: Leased | null;
  readonly lives: Lives;
  readonly service: ServiceManager | null;
}

/** @returns the exit code if something is missing, which is reported */
async function openGround(
  given: Settings,
  warnings: readonly Reason[],
  options: RunOptions,
  open: AsyncDisposableStack,
): Promise<Ground | number> {
  const disk = withTimeZone(options.disk);
  let venue: Venue;
  try {
    venue = await openVenue(given, liveOrigin(options.market, given));
  } catch (thrown) {
    if (!(thrown instanceof MarketError || thrown instanceof OptionError)) throw thrown;
    console.error(thrownText(thrown, given.lang));
    return EXIT_CONFIGURATION;
  }
  open.defer(() => venue.close());
  const redact = createRedactor(secretsOf(given, venue));
  let log: EngineLog | null = null;
  const say: Say = (level, text) => log?.say(level, text, Date.now());
  const tell = (why: Reason) => say('error', reasonText(why, disk.current().lang));
  const warn = (text: string) => say('warn', text);
  // A standby is live, too.
  const lives = createLives(() => performance.now());
  const service = openServiceManager({ env: process.env, problems: lives.problems, warn });
  open.defer(() => service?.close());
  const isLost = (why: string) =>
    say('warn', `The console loses lines: ${why}; the log file has them all (strategy 13.6)`);
  const screen = openConsole(1, { onLost: isLost });
  open.defer(guardStandardStreams(screen, openConsole(2), warn));
  try {
    // Before the log, which belongs to the engine that runs here already, if any.
    const locks = await lockRun(given, venue);
    open.defer(() => locks.release());
    const opened = openLog(disk.current, redact, screen);
    log = opened;
    open.defer(() => opened.close());
    for (const warning of warnings) say('warn', reasonText(warning, given.lang));
    for (const line of hostLines(given, venue)) say('info', line);
    if (options.standby) service?.status('standby');
    const leased = await openRunDatabase(given, venue, redact, (text) => say('info', text), options.standby ?? false);
    if (leased !== null) open.defer(() => leased.locks.release());
    const journal = leased?.journal ?? openRunJournal(given, venue, redact);
    open.defer(() => closeJournal(journal, leased?.journal ?? null, tell));
    const settings = goOnWithEdit(journal, disk, say) ?? given;
    return { settings, disk, venue, redact, log, say, tell, locks, journal, leased, lives, service };
  } catch (thrown) {
    if (log === null) console.error(redact(thrownText(thrown, given.lang)));
    else say('error', thrownText(thrown, given.lang));
    // A database may answer later; everything else needs a person.
    return thrown instanceof JournalError && thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION;
  }
}

/** Starts the engine and waits for its end. */
async function trade(ground: Ground, inspect: boolean, open: AsyncDisposableStack): Promise<Ended> {
  const { settings, disk, venue, redact, log, say, journal, leased, lives, service } = ground;
  const clock = systemClock;
  const running: { engine: Engine | null } = { engine: null };
  const onDefect = reactToDefects(running, say);
  open.defer(watchDefects(onDefect));
  for (const notice of journal.notices) say('warn', reasonText(notice, settings.lang));
  const dashboard = await showDashboard(ground, inspect, open);
  const reporter = tee(dashboard === null ? [log, lives] : [log, lives, dashboard]);
  const connection = { settings, venue, clock, redact };
  const whyNotCancel = (clientOrderId: string) => journal.whyNotCancel?.(clientOrderId) ?? null;
  const engine = startEngine({
    settings,
    subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
    openExchange: (onWire, report) => openExchange(connection, say, { onWire, report, whyNotCancel }),
    journal,
    notifier: notifierOf(disk.current, say, redact),
    heartbeat: heartbeatOf(disk.current),
    clock,
    reporter,
    onDefect,
    onWire: (event) => dashboard?.onWire(event),
    ...(dashboard?.inspect ? { inspect: dashboard.inspect } : {}),
    warn: (text) => say('warn', text),
    onTrading: (engine, symbols) => {
      compareTerms(engine, symbols, say);
      engine.readMoney(say);
      if (!settings.streams) return;
      const onTouch = (instrument: string, bid: string, ask: string) => dashboard?.onTouch(instrument, bid, ask);
      const streams = openStreams(connection, engine, symbols, { onTouch, report: (fact) => reporter.report(fact) });
      open.defer(() => streams.close());
    },
  });
  running.engine = engine;
  watchMoney(ground, engine, dashboard, open);
  const lost = leased === null ? NEVER : followDatabase(leased.journal, engine, ground.tell);
  followLife(engine, lives, service);
  dashboard?.attach(engine);
  watchJournal(ground, engine, open);
  const steer = announced(service, {
    ...{ engine, journal: engine.journal, clock, disk },
    hide: (secret) => redact.learn?.(secret),
    report: (fact) => reporter.report(fact),
  });
  const control = await takeCommands(settings, steer, say);
  open.defer(() => control?.close());
  dashboard?.takeCommands(steer);
  const reload = () => steer({ verb: 'reload', by: 'SIGHUP', why: null });
  const unlisten = listenToSignals(engine, say, reload, () => disk.current().lang);
  const ended = await Promise.race([lost, engine.stopped]);
  unlisten();
  if ('wasTrading' in ended) return ended.wasTrading ? STANDS_BY : EXIT_UNREACHABLE;
  return exitCodeOf(engine, ended, ground);
}

async function showDashboard(ground: Ground, inspect: boolean, open: AsyncDisposableStack): Promise<Dashboard | null> {
  const { settings, disk, journal, redact, say, lives } = ground;
  const warn = (text: string) => say('warn', text);
  const parts = { settings: disk.current, journal, clock: systemClock, redact, warn, inspect, lives };
  const dashboard = await openDashboard(parts);
  if (dashboard === null) return null;
  open.defer(() => dashboard.close());
  open.defer(() => removeEngineAddress(settings.dataDir));
  say('info', `Dashboard: ${dashboard.url}`);
  noteEngineAddress(settings, dashboard.url, warn);
  if (dashboard.inspect) say('info', `Stately inspector: ${dashboard.url}/inspect`);
  return dashboard;
}

function watchMoney(ground: Ground, engine: Engine, dashboard: Dashboard | null, open: AsyncDisposableStack): void {
  const { settings, journal, leased, say } = ground;
  const money = startMoneyWatch({
    ...{ file: leased?.journal.file ?? journal.name, keptMs: settings.journalMs, clock: systemClock, say },
    onFigures: (figures) => {
      const statement = statementOf(figures);
      const day = dayMoney(figures);
      engine.daemon.send({ type: 'money.counted', day, ...(statement === null ? {} : { statement }) });
      dashboard?.onMoney(figures);
    },
  });
  open.defer(() => money.close());
}

/** Keeps the journal small, and checks that it is still this engine's. */
function watchJournal(
  { settings, journal, locks, leased, say }: Ground,
  engine: Engine,
  open: AsyncDisposableStack,
): void {
  open.defer(keepJournalSmall(journal, (message) => engine.daemon.send({ type: 'journal.failed', message })));
  const lockWatch = watchLocks(
    { check: () => [...locks.check(), ...(leased?.locks.check() ?? [])] },
    {
      warn: (why) => say('warn', reasonText(why, settings.lang)),
      alert: (message) => engine.daemon.send({ type: 'lock.lost', message }),
    },
  );
  open.defer(() => clearInterval(lockWatch));
}

/** Says what the auditor and the engine found at the end. */
function exitCodeOf(engine: Engine, { exitCode, failure }: DaemonOutput, { say, tell }: Ground): number {
  const hasTraded = exitCode !== EXIT_UNREACHABLE && exitCode !== EXIT_CONFIGURATION;
  const breaches = hasTraded ? (engine.auditor()?.stopped() ?? []) : [];
  for (const breach of breaches) say('error', `invariant ${breach.invariant} broken: ${breach.what}`);
  if (failure !== null) tell(failure);
  engine.exchange.close();
  return exitCode === 0 && breaches.length > 0 ? 1 : exitCode;
}

/** A journal in a file cannot be lost to another engine. */
const NEVER = new Promise<never>(() => {});

/** The first defect stops the engine (strategy 13.5). */
function reactToDefects(running: { readonly engine: Engine | null }, say: Say): (thrown: unknown) => void {
  return defectReactor({
    log: say,
    stop: (message) => {
      // Nothing trades yet, and an interrupted start cannot be continued.
      if (running.engine === null) process.exit(EXIT_DEFECT);
      running.engine.daemon.send({ type: 'defect.found', message });
      setTimeout(() => process.exit(EXIT_DEFECT), DEFECT_STOP_MAX_MS).unref();
    },
  });
}

/** For `status` in a shell with another port. Without it the settings' port is used. */
function noteEngineAddress({ dataDir }: Settings, url: string, warn: (text: string) => void): void {
  try {
    writeEngineAddress(dataDir, Number(new URL(url).port), process.pid);
  } catch (thrown) {
    const why = errorText(thrown);
    warn(`status finds this engine by GRVT_HEDGE_HTTP_PORT only: ${why}`);
  }
}

/** Every local time of this process uses the zone of the settings in force (strategy 2.1). */
function withTimeZone(disk: SettingsOnDisk): SettingsOnDisk {
  return {
    ...disk,
    accept(settings) {
      disk.accept(settings);
      process.env.TZ = settings.timeZone;
    },
  };
}

/** @throws OptionError if a live market is asked for while the engine trades for real, or of an unknown environment */
function liveOrigin(market: string | undefined, settings: Settings): LiveOrigin | null {
  if (market === undefined) return null;
  if (settings.mode !== 'paper')
    throw new OptionError('--market', market, {
      en: `GRVT_ENV=paper with it, not ${settings.mode}: a dry run is on the embedded exchange`,
      zh: `同时设置 GRVT_ENV=paper，而不是 ${settings.mode}：模拟行情运行只用内置交易所`,
    });
  const env = ENVIRONMENTS.find((name) => name === market);
  const origin = originOf(env === undefined ? { env: 'prod', url: market } : { env }, '--market');
  return { origin, proxy: proxyFor(settings)(origin), say: (text) => console.error(text) };
}

/** Tells the watchdog and systemd when the engine trades and when it stops. */
function followLife(engine: Engine, lives: Lives, service: ServiceManager | null): void {
  let phase: 'starting' | 'trading' | 'stopping' = 'starting';
  engine.daemon.subscribe((snapshot) => {
    const now = snapshot.matches('starting') ? 'starting' : snapshot.matches('trading') ? 'trading' : 'stopping';
    if (now === phase) return;
    phase = now;
    service?.status(now);
    if (now === 'trading') {
      lives.trading();
      service?.ready();
    } else {
      lives.stopping();
      service?.stopping();
    }
  });
}
