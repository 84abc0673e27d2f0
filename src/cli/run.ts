import { isatty } from 'node:tty';
import type { EngineSymbol } from '../../machines/daemon-actors.ts';
import { type Control, openControl } from '../control/server.ts';
import type { Answer } from '../core/commands.ts';
import { errorText } from '../core/error-text.ts';
import { removeEngineAddress, writeEngineAddress } from '../engine/address.ts';
import { createEngineClock } from '../engine/clock.ts';
import { type Dashboard, openDashboard } from '../engine/dashboard.ts';
import { DEFECT_STOP_MAX_MS, defectReactor, describeDefect, EXIT_DEFECT, watchDefects } from '../engine/defects.ts';
import { type Engine, EXIT_CONFIGURATION, EXIT_UNREACHABLE, startEngine } from '../engine/engine.ts';
import { finishEdit } from '../engine/file-edits.ts';
import { journalOfRun } from '../engine/journal-choice.ts';
import { leaseIdOf, openForRun } from '../engine/journal-database.ts';
import { createLives, type Lives } from '../engine/lives.ts';
import { startMoneyWatch } from '../engine/money-watch.ts';
import { hostLines, proxyFor } from '../engine/routes.ts';
import type { SettingsOnDisk } from '../engine/settings-on-disk.ts';
import { openStandbyHealth } from '../engine/standby-health.ts';
import { createSteering, type Steer, type SteeringParts } from '../engine/steering.ts';
import { tee } from '../engine/tee.ts';
import { marginWarnings, readTerms, termAlerts, termLines } from '../engine/terms.ts';
import { type LiveOrigin, openVenue, secretsOf, type Venue } from '../engine/venue.ts';
import { dayMoney, statementOf } from '../explain/money-figures.ts';
import { createGrvtExchange } from '../grvt/exchange.ts';
import { createStreams, type Streams } from '../grvt/stream.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { rotatePaperJournals } from '../journal/files.ts';
import { acquireLocks, type Locks } from '../journal/lock.ts';
import type { DatabaseJournal } from '../journal/postgres/journal.ts';
import { openJournal } from '../journal/sqlite.ts';
import {
  createEngineLog,
  createFigures,
  type EngineConsole,
  type EngineLog,
  guardStandardStreams,
  type LogFile,
  openConsole,
  openLogFile,
  sharedBases,
} from '../log/index.ts';
import { MarketError } from '../market/errors.ts';
import { httpHeartbeat } from '../notify/heartbeat.ts';
import { logNotifier } from '../notify/log.ts';
import { telegramNotifier } from '../notify/telegram.ts';
import { openServiceManager, type ServiceManager } from '../os/service-manager.ts';
import type { Heartbeat, Notifier, Redact } from '../ports.ts';
import { createRedactor, type Redactor, type Settings } from '../settings/index.ts';
import { ENVIRONMENTS, originOf } from './public-hosts.ts';

const DAY_MS = 86_400_000;
/** Pause between two steps of the journal's upkeep, so that it never holds up a decision. */
const COMPACT_PAUSE_MS = 250;
/**
 * From the start to the first upkeep: the open looks at a bounded number of old entries, and a run that never lasts a day
 * would leave the rest for ever. By then the start's own reads and orders are done.
 */
const COMPACT_FIRST_MS = 60_000;

/**
 * Between two looks at the locks: how long a second engine can run unnoticed once a lock's file was removed. A look costs
 * microseconds; a minute is what the heartbeat allows too.
 */
export const LOCK_CHECK_MS = 60_000;

/** Levels of the REST client's log in its own words, and its words in ours. */
const SDK_LEVEL: Readonly<Record<Settings['sdkLogLevel'], string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
  silent: 'OFF',
};
const LOG_LEVEL = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

export const systemClock = createEngineClock(
  () => Date.now(),
  () => performance.now(),
);

/**
 * Runs the engine until it is stopped (strategy 11, 13).
 *
 * @returns the exit code of strategy 13.2
 */
export async function run(
  given: Settings,
  warnings: readonly string[],
  options: {
    readonly inspect?: boolean;
    readonly standby?: boolean;
    /** Whose live market the embedded exchange follows; absent: its own (strategy 19.5). */
    readonly market?: string;
    readonly disk: SettingsOnDisk;
  },
): Promise<number> {
  let settings = given;
  const disk = withTimeZone(options.disk);
  let venue: Venue;
  try {
    venue = await openVenue(settings, liveOrigin(options.market, settings));
  } catch (thrown) {
    if (!(thrown instanceof MarketError)) throw thrown;
    console.error(thrown.message);
    return EXIT_CONFIGURATION;
  }
  const redact = createRedactor(secretsOf(settings, venue));
  let locks: Locks | null = null;
  let log: EngineLog | null = null;
  const isLost = (why: string) =>
    log?.say('warn', `The console loses lines: ${why}; the log file has them all (strategy 13.6)`, Date.now());
  const screen = openConsole(1, { onLost: isLost });
  const unguard = guardStandardStreams(screen, openConsole(2), (text) => log?.say('warn', text, Date.now()));
  let journal: EngineJournal;
  let database: DatabaseJournal | null = null;
  let leased: Leased | null = null;
  try {
    // Before the log: while another engine runs here, the log is its own.
    locks = await lock(settings, venue);
    log = openLog(disk.current, redact, screen);
    for (const warning of warnings) log.say('warn', warning, Date.now());
    for (const line of hostLines(settings, venue)) log.say('info', line, Date.now());
    leased = await openRunDatabase(settings, venue, redact, log, options.standby ?? false);
    database = leased?.journal ?? null;
    journal = database ?? openRunJournal(settings, venue, redact);
    settings = goOnWithEdit(journal, disk, log) ?? settings;
  } catch (thrown) {
    const why = errorText(thrown);
    if (log === null) console.error(redact(why));
    else log.say('error', why, Date.now());
    locks?.release();
    await venue.close();
    log?.close();
    unguard();
    // A database that does not answer may do so later; all else is for a person to put right.
    return thrown instanceof JournalError && thrown.problem === 'unreachable' ? EXIT_UNREACHABLE : EXIT_CONFIGURATION;
  }
  const opened = log;
  const held = locks;
  let running: Engine | null = null;
  const onDefect = defectReactor({
    log: (level, text) => opened.say(level, text, Date.now()),
    stop: (message) => {
      // Nothing trades yet, and a start that was broken off in the middle cannot be gone on with.
      if (running === null) process.exit(EXIT_DEFECT);
      running.daemon.send({ type: 'defect.found', message });
      setTimeout(() => process.exit(EXIT_DEFECT), DEFECT_STOP_MAX_MS).unref();
    },
  });
  const unwatch = watchDefects(onDefect);
  for (const notice of journal.notices) log.say('warn', notice, Date.now());
  let endUpkeep: (() => void) | null = null;
  let lockWatch: NodeJS.Timeout | null = null;
  const streams: Streams[] = [];
  const lives = createLives(() => performance.now());
  const service = openServiceManager({
    env: process.env,
    problems: lives.problems,
    warn: (text) => log.say('warn', text, Date.now()),
  });
  let control: Control | null = null;
  let money: ReturnType<typeof startMoneyWatch> | null = null;
  const dashboard = await openDashboard({
    settings: disk.current,
    journal,
    clock: systemClock,
    redact,
    warn: (text) => log.say('warn', text, Date.now()),
    inspect: options.inspect ?? false,
    lives,
  });
  if (dashboard !== null) {
    log.say('info', `Dashboard: ${dashboard.url}`, Date.now());
    sayWhere(settings, dashboard.url, log);
  }
  if (dashboard?.inspect) log.say('info', `Stately inspector: ${dashboard.url}/inspect`, Date.now());
  const reporter = tee(dashboard === null ? [log, lives] : [log, lives, dashboard]);
  try {
    const engine = startEngine({
      settings,
      subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
      openExchange: (onWire, report) =>
        createGrvtExchange({
          hosts: venue.hosts,
          chainId: venue.chainId,
          accounts: venue.keys,
          bookDepth: settings.orderbookDepth,
          rateScale: settings.rateScale,
          clock: systemClock,
          instruments: settings.symbols.map(({ instrument }) => instrument),
          sdkLogLevel: SDK_LEVEL[settings.sdkLogLevel],
          log: (level, message) => log.say(LOG_LEVEL[level], `REST client: ${message}`, Date.now()),
          proxyFor: proxyFor(settings),
          onWire,
          report,
          redact,
          whyNotCancel: (clientOrderId) => journal.whyNotCancel?.(clientOrderId) ?? null,
        }),
      journal,
      notifier: notifierOf(disk.current, log, redact),
      heartbeat: heartbeatOf(disk.current),
      clock: systemClock,
      reporter,
      onDefect,
      onWire: (event) => dashboard?.onWire(event),
      ...(dashboard?.inspect ? { inspect: dashboard.inspect } : {}),
      warn: (text) => log.say('warn', text, Date.now()),
      onTrading: (engine, symbols) => {
        compareTerms(engine, symbols, log);
        engine.readMoney((level, text) => log.say(level, text, Date.now()));
        if (settings.streams) streams.push(listen(engine, symbols, settings, venue, log, dashboard, redact));
      },
    });
    running = engine;
    money = startMoneyWatch({
      ...{ file: database?.file ?? journal.name, keptMs: settings.journalMs, clock: systemClock },
      say: (level, text) => opened.say(level, text, Date.now()),
      onFigures: (figures) => {
        const statement = statementOf(figures);
        const day = dayMoney(figures);
        engine.daemon.send({ type: 'money.counted', day, ...(statement === null ? {} : { statement }) });
        dashboard?.onMoney(figures);
      },
    });
    if (database !== null) followDatabase(database, engine, log);
    followLife(engine, lives, service);
    dashboard?.attach(engine);
    endUpkeep = keepJournalSmall(journal, (message) => engine.daemon.send({ type: 'journal.failed', message }));
    lockWatch = watchLocks(
      { check: () => [...held.check(), ...(leased?.locks.check() ?? [])] },
      {
        warn: (message) => log.say('warn', message, Date.now()),
        alert: (message) => engine.daemon.send({ type: 'lock.lost', message }),
      },
    );
    const steer = announced(service, {
      engine,
      journal: engine.journal,
      clock: systemClock,
      disk,
      hide: (secret) => redact.learn?.(secret),
      report: (fact) => reporter.report(fact),
    });
    control = await takeCommands(settings, steer, log);
    dashboard?.takeCommands(steer);
    const unlisten = listenToSignals(engine, log, () => steer({ verb: 'reload', by: 'SIGHUP', why: null }));
    const { exitCode, failure } = await engine.stopped;
    unlisten();
    const hasTraded = exitCode !== EXIT_UNREACHABLE && exitCode !== EXIT_CONFIGURATION;
    const breaches = hasTraded ? (engine.auditor()?.stopped() ?? []) : [];
    for (const breach of breaches) {
      log.say('error', `invariant ${breach.invariant} broken: ${breach.what}`, Date.now());
    }
    if (failure !== null) log.say('error', failure, Date.now());
    engine.exchange.close();
    return exitCode === 0 && breaches.length > 0 ? 1 : exitCode;
  } catch (thrown) {
    // Found while reading: what the look at the start does not read through in a large file.
    if (thrown instanceof JournalError) {
      log.say('error', thrown.message, Date.now());
      return EXIT_CONFIGURATION;
    }
    log.say('fatal', `A defect ends the run: ${describeDefect(thrown)} (strategy 13.5)`, Date.now());
    return EXIT_DEFECT;
  } finally {
    control?.close();
    money?.close();
    for (const one of streams) one.close();
    service?.close();
    if (dashboard !== null) removeEngineAddress(settings.dataDir);
    await dashboard?.close();
    endUpkeep?.();
    if (lockWatch !== null) clearInterval(lockWatch);
    await closeJournal(journal, database, log);
    leased?.locks.release();
    locks.release();
    await venue.close();
    log.close();
    unguard();
    unwatch();
  }
}

/**
 * Makes a change of the symbols file that the last run was killed in (strategy 16.2). That it cannot be made stops nothing.
 *
 * @returns the settings as they are now; null: there was none to make
 */
function goOnWithEdit(journal: EngineJournal, disk: SettingsOnDisk, log: EngineLog): Settings | null {
  try {
    const finished = finishEdit(journal, disk, Date.now());
    if (finished === null) return null;
    const { how, command } = finished;
    const what = `${command.verb} ${command.symbol} of ${command.by}, in which the last run was killed`;
    if (how === 'lost') {
      log.say('warn', `${what}, is not made: the symbols file was changed since (strategy 16.2)`, Date.now());
      return null;
    }
    log.say('info', `${what}, is made (strategy 16.2)`, Date.now());
    if (how === 'was-made') return null;
    const reading = disk.read();
    if (!reading.ok) throw new Error(reading.errors.join('; '));
    disk.accept(reading.settings);
    return reading.settings;
  } catch (thrown) {
    const why = errorText(thrown);
    log.say('error', `A command that the last run was killed in could not be gone on with: ${why}`, Date.now());
    return null;
  }
}

/** A last sync that fails is said and keeps nothing else from being closed: no order rests on it, and the next start looks the file over. */
async function closeJournal(journal: EngineJournal, database: DatabaseJournal | null, log: EngineLog): Promise<void> {
  try {
    journal.close();
    await database?.ended;
  } catch (thrown) {
    log.say('error', errorText(thrown), Date.now());
  }
}

/** A journal in a database, and the accounts' locks, which engines of one lease share (strategy 11.1). */
interface Leased {
  readonly journal: DatabaseJournal;
  readonly locks: Locks;
}

/** The journal of the settings' database; null: it is a file. Waits for the lease where it stands by (strategy 18.2). */
async function openRunDatabase(
  settings: Settings,
  venue: Venue,
  redact: Redactor,
  log: EngineLog,
  standby: boolean,
): Promise<Leased | null> {
  if (settings.journalUrl === null) {
    if (!standby) return null;
    throw new Error('--standby needs GRVT_HEDGE_JOURNAL_URL: engines take over from each other by its lease');
  }
  const say = (text: string) => log.say('info', text, Date.now());
  const waitingRoom = standby ? await openStandbyHealth(settings.httpPort, say) : null;
  const subAccountIds = [venue.keys.A.subAccountId, venue.keys.B.subAccountId] as const;
  const parts = { subAccountIds, clock: systemClock, redact: redact.stored, standby, say };
  let locks: Locks | null = null;
  try {
    locks = await acquireLocks({
      dataDirectory: null,
      accounts: accountsToLock(settings, venue),
      lease: await leaseIdOf(settings, parts),
    });
    const journal = await openForRun(settings, parts);
    say(`Journal: ${journal.name}, epoch ${journal.epoch}`);
    return { journal, locks };
  } catch (thrown) {
    locks?.release();
    throw thrown;
  } finally {
    await waitingRoom?.close();
  }
}

/**
 * Tells the engine whether its journal's database answers (strategy 18.1). Once another engine holds the lease, or the database
 * is another one, this process ends at once and cancels nothing: its orders are the other engine's now (strategy 18.2).
 */
function followDatabase(database: DatabaseJournal, engine: Engine, log: EngineLog): void {
  database.listen({
    trouble: (trouble) => {
      const sinceMs = trouble === null ? null : systemClock.nowMs() - (systemClock.steadyMs() - trouble.sinceMs);
      engine.daemon.send({ type: 'journal.reach', sinceMs, message: trouble?.message ?? '' });
    },
    lost: (error) => {
      log.say('fatal', `${error.message}. This engine ends at once; what rests stays (strategy 18.2)`, Date.now());
      log.close();
      process.exit(EXIT_UNREACHABLE);
    },
  });
}

/** For `status` in a shell that is set to another port. Without it that asks its own port, as before. */
function sayWhere({ dataDir }: Settings, url: string, log: EngineLog): void {
  try {
    writeEngineAddress(dataDir, Number(new URL(url).port), process.pid);
  } catch (thrown) {
    const why = errorText(thrown);
    log.say('warn', `status finds this engine by GRVT_HEDGE_HTTP_PORT only: ${why}`, Date.now());
  }
}

/** Commands, of which systemd hears when one reads the settings again and when that is over (strategy 16.4). */
function announced(service: ServiceManager | null, parts: SteeringParts): Steer {
  const steer = createSteering(parts);
  return async (command, how) => {
    if (command.verb !== 'reload' || how === 'preview') return steer(command, how);
    service?.reloading();
    try {
      return await steer(command);
    } finally {
      service?.ready();
    }
  };
}

/** Opens the control channel (strategy 16.5); where that fails the engine trades without, which is said. */
async function takeCommands({ dataDir }: Settings, steer: Steer, log: EngineLog): Promise<Control | null> {
  try {
    return await openControl(dataDir, (command) => steer(command));
  } catch (thrown) {
    const why = errorText(thrown);
    log.say('error', `This engine takes no commands: ${why} (strategy 16.5)`, Date.now());
    return null;
  }
}

/** Every time that this process tells goes by the zone that applies (strategy 2.1). */
function withTimeZone(disk: SettingsOnDisk): SettingsOnDisk {
  return {
    ...disk,
    accept(settings) {
      disk.accept(settings);
      process.env.TZ = settings.timeZone;
    },
  };
}

function openLog(settings: () => Settings, redact: Redact, screen: EngineConsole): EngineLog {
  return createEngineLog({
    redact,
    screen,
    file: openLogOf(settings()),
    figures: createFigures(),
    context: {
      get diffThresholdUsdt() {
        return settings().singleOrderDiffThresholdUsdt.toFixed();
      },
      get stuckHours() {
        return String(settings().stuckMs / 3_600_000);
      },
      sharedBases: sharedBases(settings().symbols.map(({ instrument }) => instrument)),
    },
  });
}

/** @throws Error, one line that says what to do, when the directory cannot be written. */
function openLogOf({ logDir }: Settings): LogFile {
  try {
    return openLogFile({ dir: logDir });
  } catch (thrown) {
    const said = errorText(thrown);
    throw new Error(`the log in ${logDir} cannot be written: ${said}. Make it writable, or set GRVT_HEDGE_LOG_DIR`);
  }
}

/** One engine per data directory and per account (strategy 11.1); where it has a lease, its accounts wait for that. */
function lock(settings: Settings, venue: Venue): Promise<Locks> {
  const accounts = settings.journalUrl === null ? accountsToLock(settings, venue) : [];
  return acquireLocks({ dataDirectory: settings.dataDir, accounts });
}

function accountsToLock({ mode }: Settings, venue: Venue): { env: string; subAccountId: string }[] {
  const keys = venue.paper === null ? [venue.keys.A, venue.keys.B] : [];
  return keys.map(({ subAccountId }) => ({ env: mode, subAccountId }));
}

/**
 * Looks at the locks every minute (strategy 11.1): one that was taken again is a warning, one that is not ours an alert each
 * time, repeated by strategy 12. It stops nothing: which of two engines is the right one a person decides.
 */
export function watchLocks(
  locks: Pick<Locks, 'check'>,
  tell: { readonly warn: (message: string) => void; readonly alert: (message: string) => void },
): NodeJS.Timeout {
  return setInterval(() => {
    for (const { held, message } of locks.check()) (held ? tell.warn : tell.alert)(message);
  }, LOCK_CHECK_MS);
}

/** In `paper` the exchange begins anew with each run, and so does the journal; the last ones are kept aside. */
function openRunJournal(settings: Settings, venue: Venue, redact: Redactor): EngineJournal {
  const directory = settings.dataDir;
  const days = settings.journalMs / DAY_MS;
  if (venue.paper !== null) rotatePaperJournals(directory);
  const fileName = journalOfRun(settings, [venue.keys.A.subAccountId, venue.keys.B.subAccountId]);
  return openJournal({ directory, fileName, days, clock: systemClock, redact: redact.stored });
}

/**
 * Removes settled history, a minute after the start and then once a day, a little at a time. That it fails stops nothing:
 * what must be written is written by others, who see for themselves.
 *
 * @param tell what went wrong, once a day at most
 * @returns ends it; no step follows
 */
export function keepJournalSmall(journal: Pick<EngineJournal, 'compact'>, tell: (message: string) => void): () => void {
  const step = () => {
    let more = false;
    try {
      more = journal.compact(Date.now()).more;
    } catch (thrown) {
      tell(`old entries could not be removed: ${errorText(thrown)}`);
    }
    timer = setTimeout(step, more ? COMPACT_PAUSE_MS : DAY_MS);
  };
  let timer = setTimeout(step, COMPACT_FIRST_MS);
  return () => clearTimeout(timer);
}

/** Each message leaves by the gateway that is configured then (strategy 16.4). */
function notifierOf(settings: () => Settings, log: EngineLog, redact: Redact): Notifier {
  const spoken = logNotifier((text) => log.say('debug', text, Date.now()));
  return { send: (text) => (telegramOf(settings(), redact) ?? spoken).send(text) };
}

/** The configured Telegram gateway; null: none is. */
export function telegramOf(settings: Settings, redact: Redact): Notifier | null {
  const { telegram } = settings;
  if (telegram === null) return null;
  const { gatewayUrl: url, chatId, apiKey } = telegram;
  return telegramNotifier({ url, chatId, apiKey: apiKey.reveal() }, { redact, proxy: proxyFor(settings)(url) });
}

/** Each beat goes to the address that is configured then; to nobody where none is. */
function heartbeatOf(settings: () => Settings): Heartbeat {
  return {
    async beat() {
      const now = settings();
      const { heartbeatUrl: url } = now;
      if (url !== null) await httpHeartbeat(url, { proxy: proxyFor(now)(url) }).beat();
    },
  };
}

/** Says what the accounts trade under, and alerts where the rules assume otherwise (strategy 11.7). Nothing waits for it. */
function compareTerms(engine: Engine, symbols: readonly EngineSymbol[], log: EngineLog): void {
  const traded = symbols.map((symbol) => symbol.instrument.name);
  const compared = readTerms(engine.exchange).then(async (terms) => {
    const atMs = Date.now();
    for (const line of termLines(terms, traded)) log.say('info', line, atMs);
    const { raised, cleared } = termAlerts(terms, traded, atMs);
    const desk = engine.daemon.system.get('alert-desk');
    for (const alert of raised) desk?.send({ type: 'alert.raised', alert });
    for (const key of cleared) desk?.send({ type: 'alert.cleared', key, atMs });
    const opening = symbols.filter((symbol) => !symbol.leaving && !symbol.unlisted).map((symbol) => symbol.config);
    for (const warning of await marginWarnings(engine.exchange, terms, opening)) log.say('warn', warning, Date.now());
  });
  compared.catch((thrown: unknown) => {
    log.say('error', `the terms of the accounts: ${errorText(thrown)}`, Date.now());
  });
}

/** @throws MarketError when a live market is asked for where the engine trades for real, or of nobody */
function liveOrigin(market: string | undefined, settings: Settings): LiveOrigin | null {
  if (market === undefined) return null;
  if (settings.mode !== 'paper')
    throw new MarketError(
      `--market ${market}: a dry run is on the embedded exchange: expected GRVT_ENV=paper, not ${settings.mode}`,
    );
  const env = ENVIRONMENTS.find((name) => name === market);
  const origin = originOf(env === undefined ? { env: 'prod', url: market } : { env });
  return { origin, proxy: proxyFor(settings)(origin), say: (text) => console.error(text) };
}

/** The exchange's streams (strategy 10.6). */
function listen(
  engine: Engine,
  symbols: readonly EngineSymbol[],
  settings: Settings,
  venue: Venue,
  log: EngineLog,
  dashboard: Dashboard | null,
  redact: Redact,
): Streams {
  return engine.listen((ears) =>
    createStreams({
      ...ears,
      hosts: venue.hosts,
      sessions: { A: engine.exchange.session('A'), B: engine.exchange.session('B') },
      subAccountIds: { A: venue.keys.A.subAccountId, B: venue.keys.B.subAccountId },
      // Of what is not listed there is no book to listen to (strategy 11.6).
      instruments: symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument.name),
      bookDepth: settings.orderbookDepth,
      clock: systemClock,
      proxyFor: proxyFor(settings),
      redact,
      onTouch: (instrument, bid, ask) => dashboard?.onTouch(instrument, bid, ask),
      report: (fact) => {
        log.report(fact);
        dashboard?.report(fact);
      },
    }),
  );
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

/** What a signal leads to (strategy 13.1, 13.3). */
export type SignalAnswer = 'stop' | 'stop-at-once' | 'reload' | 'stopping-already';

/**
 * The first signal stops in order, the second at once. A terminal that closes sends SIGHUP, sometimes more than once: with
 * one attached it is an orderly stop, and never one at once. Without a terminal it asks for a reload (strategy 16.4).
 *
 * @param stopping a signal has asked for the stop already
 * @param attached a terminal was attached at the start: one that has closed since does not tell any more
 */
export function answerTo(signal: NodeJS.Signals, stopping: boolean, attached: boolean): SignalAnswer {
  if (signal !== 'SIGHUP') return stopping ? 'stop-at-once' : 'stop';
  if (stopping) return 'stopping-already';
  return attached ? 'stop' : 'reload';
}

function listenToSignals(engine: Engine, log: EngineLog, reload: () => Promise<Answer>): () => void {
  const attached = [0, 1, 2].some((fd) => isatty(fd));
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    switch (answerTo(signal, stopping, attached)) {
      case 'stop':
        stopping = true;
        engine.stop(signal);
        break;
      case 'stop-at-once':
        log.say(
          'warn',
          `${signal} again: stopped at once; orders left expire by themselves (strategy 13.3)`,
          Date.now(),
        );
        process.exit(1);
        break;
      case 'reload':
        reload().then(
          ({ ok, says }) => {
            for (const { text } of says) log.say(ok ? 'info' : 'error', `Reload: ${text} (strategy 16.4)`, Date.now());
          },
          (thrown: unknown) => log.say('error', `Reload: ${describeDefect(thrown)} (strategy 16.4)`, Date.now()),
        );
        break;
      case 'stopping-already':
        log.say('info', 'SIGHUP: the engine is stopping already (strategy 13.1)', Date.now());
        break;
    }
  };
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'];
  const used = signals.filter((signal) => signal !== 'SIGBREAK' || process.platform === 'win32');
  for (const signal of used) process.on(signal, onSignal);
  return () => {
    for (const signal of used) process.off(signal, onSignal);
  };
}
