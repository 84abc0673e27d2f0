import { type Actor, type AnyActorRef, createActor, type InspectionEvent, toPromise } from 'xstate';
import { daemonMachine } from '../../machines/daemon.ts';
import {
  type DaemonSettings,
  type EngineSymbol,
  inDoubt,
  journalledOrders,
  netsLeft,
} from '../../machines/daemon-actors.ts';
import type { DaemonOutput } from '../../machines/daemon-context.ts';
import { restoreSymbol, takeOverSplits } from '../../machines/restore.ts';
import { type StopCleanupInput, stopCleanupMachine } from '../../machines/stop-cleanup.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { alertKey } from '../core/alerts.ts';
import { type Auditor, type AuditSettings, type Breach, createAuditor, type StartSymbol } from '../core/audit/index.ts';
import { netLeftAlert, takerFillAlert, unexplainedAlert } from '../core/conditions.ts';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import type { AccountName, Instrument, SymbolConfig } from '../core/model.ts';
import { ACCOUNTS } from '../core/model.ts';
import { modeOf } from '../core/modes.ts';
import type { MoneyRow } from '../core/money.ts';
import type { Reason } from '../core/reasons.ts';
import { mayOnlyReduce } from '../core/reduce-only.ts';
import { restOf } from '../core/rests.ts';
import type { RolloutLimits } from '../core/rollout.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { ExchangeError } from '../grvt/errors.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { StreamOptions, Streams } from '../grvt/stream.ts';
import { standingCommands } from '../journal/commands.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { JournalError } from '../journal/errors.ts';
import { rememberedInstrument, rememberInstruments, rememberRows } from '../journal/instruments.ts';
import { observedJournal } from '../journal/observed.ts';
import { rememberPair } from '../journal/pair.ts';
import { lastSequence, unsettledOrders } from '../journal/read.ts';
import { alertLine, alertTexts } from '../notify/texts.ts';
import type { EngineClock, Heartbeat, Journal, Notifier, Reporter } from '../ports.ts';
import type { Settings } from '../settings/index.ts';
import { labelOf, resolveInstruments } from '../settings/index.ts';
import { reasonText } from '../texts/reasons.ts';
import { settleDeadMan } from './dead-man.ts';
import { describeDefect, EXIT_DEFECT } from './defects.ts';
import { type LeavingParts, leavingSymbol, leavingSymbols } from './leaving-symbols.ts';
import { startMarkKeeper } from './mark-keeper.ts';
import { type MoneyReader, type MoneyReaderParts, startMoneyReader } from './money-reader.ts';
import { OTHER_ENGINE_WATCH_MS, ordersOfJournal, watchOtherEngine } from './other-engine.ts';
import { createRollout, type Rollout } from './rollout.ts';

/** Data older than this many loop intervals stop new orders … (strategy 10.3) */
const STALE_INTERVALS = 3;
/** … but never sooner than this. */
const STALE_LEAST_MS = 10_000;

/** What an engine is put together from; simulation and production differ only in these. */
export interface EngineParts {
  readonly settings: Settings;
  readonly subAccountIds: Readonly<Record<AccountName, string>>;
  /** Makes the adapter; what it hears on the wire goes to the auditor. */
  readonly openExchange: (onWire: (event: WireEvent) => void, report: (fact: Fact) => void) => GrvtExchange;
  readonly journal: EngineJournal;
  readonly notifier: Notifier;
  readonly heartbeat: Heartbeat | null;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Start-up warnings (strategy 2.2) and the like: lines that are no facts. */
  readonly warn: (text: string) => void;
  /** The daemon itself failed, by a defect (strategy 13.5); the engine cleans up and ends. */
  readonly onDefect?: (thrown: unknown) => void;
  /** Called when the symbols are resolved and trading begins. */
  readonly onTrading?: (engine: Engine, symbols: readonly EngineSymbol[]) => void;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Audits this engine from outside; default: it audits itself. */
  readonly auditedBy?: () => Auditor | null;
  /** How long orders of another engine are watched for at the start (strategy 11.1); default {@link OTHER_ENGINE_WATCH_MS}. */
  readonly otherEngineWatchMs?: number;
  /** For tests of what takes hours (strategy 16.7). */
  readonly rolloutLimits?: RolloutLimits;
  /** Hears the wire too: figures and metrics. Must not throw. */
  readonly onWire?: (event: WireEvent) => void;
}

/** What the engine gives to its streams. */
export type StreamEars = Pick<StreamOptions, 'wire' | 'onFrame' | 'onCancelDropped' | 'onFill' | 'onBook' | 'onChange'>;

/** A running engine. */
export interface Engine {
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: GrvtExchange;
  /** Its journal, as the auditor hears it too. */
  readonly journal: Journal;
  readonly auditor: () => Auditor | null;
  /** Drains, cleans up and stops (strategy 13.1). */
  stop(why: string): void;
  /**
   * Ends at once: nothing is decided, drained, cancelled or sent any more, and `stopped` stays pending (strategy 18.2).
   *
   * @returns whether it was trading or starting; false: it was stopping already
   */
  standDown(): boolean;
  /** These symbols are from now on as they are here (strategy 16); those that do not run are started. */
  steer(symbols: readonly EngineSymbol[]): void;
  /** Settings that were read again apply from now on, and these symbols are as they are here (strategy 16.4). */
  reloaded(settings: Settings, listed: readonly Instrument[], symbols: readonly EngineSymbol[]): void;
  /** Books what the accounts earn and pay from now on, until the engine ends (strategy 17). */
  readMoney(say: MoneyReaderParts['say']): void;
  /** The gray rollout (strategy 16.7). */
  readonly rollout: Rollout;
  /** Connects the streams; what they tell goes to the pollers (strategy 10.6). */
  listen(open: (ears: StreamEars) => Streams): Streams;
  readonly stopped: Promise<DaemonOutput>;
}

/** Why there is no engine, with the exit code of strategy 13.2. */
export class StartError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}

export const EXIT_CONFIGURATION = 78;
export const EXIT_UNREACHABLE = 69;

/** Age of data at which new orders stop (strategy 10.3). */
export function staleMs(loopIntervalMs: number): number {
  return Math.max(STALE_INTERVALS * loopIntervalMs, STALE_LEAST_MS);
}

/** Puts an engine together and starts it. */
export function startEngine(parts: EngineParts): Engine {
  const { clock, reporter } = parts;
  let { settings } = parts;
  let auditor: Auditor | null = null;
  let leaving: LeavingParts | null = null;
  let streams: Streams | null = null;
  let money: MoneyReader | null = null;
  let markKeeper: ReturnType<typeof startMarkKeeper> | null = null;
  let stoodDown = false;
  const journal = observedJournal(parts.journal, {
    appended: (entries, place) => report(auditor?.journalled(entries, place) ?? []),
    durable: (place) => auditor?.durable(place),
  });
  const heard: WireEvent[] = [];

  const onWire = (event: WireEvent): void => {
    parts.onWire?.(event);
    if (auditor === null) {
      // Before the symbols are resolved there is nothing to judge; the few start-up calls are kept for its first look.
      if (heard.length < HEARD_BEFORE_START_MAX) heard.push(event);
      return;
    }
    report(auditor.hear(event));
  };
  const report = (breaches: readonly Breach[]): void => {
    for (const breach of breaches) {
      const numbers = Object.entries(breach.detail).map(([name, value]) => `${name}=${value}`);
      const detail = [breach.what, `(strategy ${breach.rule})`, breach.clientOrderId ?? '', ...numbers]
        .filter((part) => part !== '')
        .join(' ');
      daemon.send({ type: 'invariant.broken', invariant: breach.invariant, instrument: breach.instrument, detail });
    }
  };
  /** Whatever ended it, a signal or `MAX_RUNTIME`: the auditor hears that it drains before a child does (strategy 13.1). */
  const heardByAuditor = (fact: Fact): void => {
    if (fact.type === 'engine.draining') auditor?.drainBegan();
    reporter.report(fact);
    rollout.hear(fact);
  };
  const exchange = parts.openExchange(onWire, (fact) => {
    reporter.report(fact);
    if (fact.type === 'budget.share' || fact.type === 'budget.late') daemon.send(fact);
  });

  const daemon = createActor(daemonMachine, {
    ...(parts.inspect ? { inspect: parts.inspect } : {}),
    systemId: 'daemon',
    input: {
      exchange,
      journal,
      notifier: parts.notifier,
      heartbeat: parts.heartbeat,
      clock,
      reporter: { report: heardByAuditor },
      texts: textsOf(settings),
      settings: daemonSettings(settings),
      prepare: async () => {
        const ready = await readyToTrade(exchange, settings.symbols, parts.warn, (name) =>
          orStartError(() => rememberedInstrument(journal, name)),
        );
        await refuseOtherEngine(exchange, journal, parts);
        await refuseDeadMan(exchange, journal, parts);
        if (!daemon.getSnapshot().matches('starting')) throw new StartError(0, 'stopped while it started');
        const begun = orStartError(() => {
          leaving = { journal, rows: settings.symbols, listed: ready.listed, unsettled: unsettledOrders(journal) };
          const standing = standingCommands(journal);
          return [...ready.symbols, ...leavingSymbols(leaving)].map((symbol) => {
            const inForce = standing.get(symbol.instrument.name) ?? [];
            return inForce.length === 0 ? symbol : { ...symbol, standing: inForce };
          });
        });
        const symbols = orStartError(() => rollout.assign(begun));
        for (const { instrument } of symbols) exchange.takeUp(instrument.name);
        const traded = symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument);
        orStartError(() => {
          rememberPair(journal, { label: labelOf(settings), accounts: parts.subAccountIds }, clock.nowMs());
          rememberInstruments(journal, traded, clock.nowMs());
          const rows = ready.symbols.map((symbol) => symbol.config);
          rememberRows(journal, rows, clock.nowMs());
          takeOverSplits(journal, clock.nowMs());
        });
        if (!parts.auditedBy)
          auditor = createAuditor({
            time: () => ({ wallMs: clock.nowMs(), steadyMs: clock.steadyMs(), era: clock.era() }),
            symbols: symbols.map(auditRow),
            commands: standingCommands(journal),
            accounts: parts.subAccountIds,
            settings: auditSettings(settings),
            knownAtStart: orStartError(() => journalledStart(journal)),
          });
        for (const event of heard.splice(0)) report(auditor?.hear(event) ?? []);
        parts.onTrading?.(engine, symbols);
        return symbols;
      },
      takeUp: (instrument) => {
        const symbol = leaving === null ? null : leavingSymbol(leaving, instrument);
        if (symbol !== null) {
          exchange.takeUp(symbol.instrument.name);
          (auditor ?? parts.auditedBy?.())?.takeUp(auditRow(symbol));
        }
        return symbol;
      },
      reconnectStreams: (account, why) => streams?.reconnect(account, reasonText(why)),
      unsettled: () => unsettledOrders(journal),
      lastSequence: () => lastSequence(journal),
    },
  });

  /** What is left to do when the daemon itself has failed: its parts end, its orders are cancelled (strategy 13.5). */
  const lastCleanup = async (thrown: unknown): Promise<DaemonOutput> => {
    auditor?.drainBegan();
    const left = netsLeft(daemon.getSnapshot().context, daemon);
    // An actor that throws leaves its children running, and they would go on quoting; only this event ends them.
    const children: Readonly<Record<string, AnyActorRef | undefined>> = daemon.getSnapshot().children;
    for (const child of Object.values(children)) child?.send({ type: 'xstate.stop' });
    parts.onDefect?.(thrown);
    const details = { reason: describeDefect(thrown) };
    const defect = { kind: 'defect', account: null, instrument: null, details } as const;
    const alerts = [defect, ...left.map((net) => netLeftAlert(net, clock.nowMs()))];
    const lines = alerts.map((alert) => alertLine(alert, settings.lang));
    const told = sendLines(parts.notifier, lines).catch((why: unknown) => {
      parts.warn(`the defect could not be reported: ${errorText(why)}`);
    });
    const { cancelOnStop, stopKeepStrategyOrders: keep } = settings;
    const known = { exchange, clock, reporter, cancelOnStop, keep, ...journalledForCleanup(journal, parts.warn) };
    const cleanup = createActor(stopCleanupMachine, { input: known });
    const ended = toPromise(cleanup);
    cleanup.start();
    await Promise.all([ended, told]);
    for (const net of left) reporter.report({ type: 'net.left', atMs: clock.nowMs(), ...net });
    reporter.report({ type: 'engine.stopped', atMs: clock.nowMs(), exitCode: EXIT_DEFECT });
    return { exitCode: EXIT_DEFECT, failure: null };
  };
  const alertTakers = (rows: readonly MoneyRow[]): void => {
    for (const row of rows) {
      if (row.type !== 'fill' || row.origin !== 'own' || !row.isTaker) continue;
      daemon.system.get('alert-desk')?.send({ type: 'alert.raised', alert: takerFillAlert(row, clock.nowMs()) });
    }
  };
  const alertUnexplained: MoneyReaderParts['onJudged'] = (gaps) => {
    const [desk, atMs] = [daemon.system.get('alert-desk'), clock.nowMs()];
    for (const account of ACCOUNTS) {
      const gap = gaps[account];
      if (gap !== null) desk?.send({ type: 'alert.raised', alert: unexplainedAlert(gap, atMs) });
      else desk?.send({ type: 'alert.cleared', key: alertKey('money-unexplained', account), atMs });
    }
  };
  const rollout = createRollout({
    ...{ journal, clock, report: heardByAuditor, limits: parts.rolloutLimits },
    settings: () => settings,
    symbols: () => daemon.getSnapshot().context.symbols,
    steer: (symbols) => engine.steer(symbols),
    failed: (message) => daemon.send({ type: 'journal.failed', message }),
    raise: (alert) => daemon.system.get('alert-desk')?.send({ type: 'alert.raised', alert }),
    clear: (key, atMs) => daemon.system.get('alert-desk')?.send({ type: 'alert.cleared', key, atMs }),
  });
  const stopped = new Promise<DaemonOutput>((resolve, reject) => {
    daemon.subscribe({
      complete: () => {
        money?.close();
        markKeeper?.close();
        if (stoodDown) return;
        resolve(daemon.getSnapshot().output ?? { exitCode: 1, failure: 'the engine ended without a word' });
      },
      // The engine itself failed, and its parts with it: what it left is cancelled all the same (strategy 13.5).
      error: (thrown) => {
        money?.close();
        markKeeper?.close();
        lastCleanup(thrown).then(resolve, reject);
      },
    });
  });
  const marksNow = () =>
    Object.fromEntries(
      daemon.getSnapshot().context.symbols.map(({ config: { instrument } }) => {
        const known = memoryOf(daemon.system.get(`symbol:${instrument}`));
        const { assessment = null, state } = known ?? {};
        const decided = assessment?.kind === 'usable' ? assessment.input.valuation.mark : null;
        return [instrument, decided ?? state?.acceptedMark ?? null];
      }),
    );
  const engine: Engine = {
    daemon,
    exchange,
    journal,
    auditor: () => auditor,
    readMoney: (say) => {
      const { journalMs: keptMs } = settings;
      money ??= startMoneyReader({
        ...{ exchange, journal, clock, keptMs, say, onBooked: alertTakers, onJudged: alertUnexplained },
      });
      markKeeper ??= startMarkKeeper({ journal, clock, say, marks: marksNow });
    },
    rollout,
    stop: (why) => daemon.send({ type: 'stop.requested', why }),
    standDown: () => {
      const now = daemon.getSnapshot();
      stoodDown = true;
      daemon.stop();
      exchange.close();
      return !now.context.draining && (now.matches('starting') || now.matches('trading'));
    },
    steer: (symbols) => {
      const { context } = daemon.getSnapshot();
      for (const symbol of symbols) {
        const { config, instrument, unlisted } = symbol;
        exchange.takeUp(instrument.name);
        (auditor ?? parts.auditedBy?.())?.takeUp(auditRow(symbol));
        const isNew = context.symbols.every((one) => one.config.instrument !== config.instrument);
        if (isNew && !unlisted) streams?.watch(instrument.name);
      }
      daemon.send({ type: 'symbols.steered', symbols });
    },
    reloaded: (now, listed, symbols) => {
      const isRolloutChanged = settings.rollout !== now.rollout;
      settings = now;
      if (leaving !== null) leaving = { ...leaving, rows: now.symbols, listed };
      const trading = symbols.filter((symbol) => symbol.leaving === undefined);
      rememberInstruments(
        journal,
        trading.flatMap((one) => (one.unlisted ? [] : [one.instrument])),
        clock.nowMs(),
      );
      rememberRows(
        journal,
        trading.map((one) => one.config),
        clock.nowMs(),
      );
      (auditor ?? parts.auditedBy?.())?.retune(auditSettings(now));
      daemon.send({ type: 'settings.changed', settings: daemonSettings(now), texts: textsOf(now) });
      const steered = isRolloutChanged ? allOf(daemon.getSnapshot().context.symbols, symbols) : symbols;
      if (steered.length > 0) engine.steer(rollout.assign(steered));
    },
    listen: (open) => {
      const poller = (account: AccountName) => daemon.system.get(`poller:${account}`);
      streams = open({
        wire: exchange.wire,
        onFrame: (account, frame) => poller(account)?.send({ type: 'frame.received', frame }),
        onCancelDropped: (clientOrderId) => exchange.voidFence(clientOrderId),
        onFill: (fill) => money?.takeFill(fill),
        onBook: (book) => exchange.takeBook(book),
        onChange: (account, up) => poller(account)?.send({ type: 'streams.reported', up, atMs: clock.nowMs() }),
      });
      return streams;
    },
    stopped,
  };
  daemon.start();
  return engine;
}

/** What people are told, in their language and zone. */
function textsOf(settings: Settings) {
  return alertTexts(settings.lang, labelOf(settings), settings.timeZone);
}

/** What the daemon and its actors go by. */
function daemonSettings(settings: Settings): DaemonSettings {
  return {
    mode: settings.mode,
    strategy: {
      singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
      partialFillTimeoutMs: settings.partialFillTimeoutMs,
      postOnlyCooldownMs: settings.postOnlyCooldownMs,
      stuckMs: settings.stuckMs,
      ...(settings.deadManMs > 0 ? { deadMan: true } : {}),
    },
    submission: { postOnlyMaxRetry: settings.postOnlyMaxRetry, orderTtlMs: settings.orderTtlMs },
    loopIntervalMs: settings.loopIntervalMs,
    staleMs: staleMs(settings.loopIntervalMs),
    maxRuntimeMs: settings.maxRuntimeMs,
    mmrAlertThreshold: settings.mmrAlertThreshold,
    openingsLimits: { marginRatio: settings.openingsStopMmr, lossUsdt: settings.openingsStopLossUsdt },
    cancelOnStop: settings.cancelOnStop,
    deadManMs: settings.deadManMs,
    stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
    dailyReportAtMinutes: settings.dailyReportAtMinutes,
    dailyStatement: settings.dailyStatement,
  };
}

/** The row that the auditor judges a symbol by: a leaving one, and one the rollout has not come to, is `hedge-only` at least. */
export function auditRow({ config, leaving, rollout }: EngineSymbol): SymbolConfig {
  if (leaving === undefined && rollout !== 'waiting') return config;
  return { ...config, mode: modeOf({ file: config.mode, leaving, rollout }, 0) };
}

/** Every symbol, those that change as they are from now on. */
function allOf(running: readonly EngineSymbol[], changed: readonly EngineSymbol[]): readonly EngineSymbol[] {
  const now = new Map(changed.map((symbol) => [symbol.config.instrument, symbol]));
  const others = running.filter(({ config }) => !now.has(config.instrument));
  return [...others, ...changed];
}

/** What the auditor goes by. */
function auditSettings(settings: Settings): AuditSettings {
  return {
    singleOrderDiffThresholdUsdt: settings.singleOrderDiffThresholdUsdt,
    partialFillTimeoutMs: settings.partialFillTimeoutMs,
    staleMs: staleMs(settings.loopIntervalMs),
    cancelOnStop: settings.cancelOnStop,
    stopKeepStrategyOrders: settings.stopKeepStrategyOrders,
  };
}

/** Lines of one message: each has some 100 characters, one of a defect up to 1,000, and a message takes 4,096. */
const LINES_PER_MESSAGE = 20;

async function sendLines(notifier: Notifier, lines: readonly string[]): Promise<void> {
  for (let at = 0; at < lines.length; at += LINES_PER_MESSAGE)
    await notifier.send(lines.slice(at, at + LINES_PER_MESSAGE).join('\n'));
}

/** What the journal knows that a clean-up has to see the end of; where it cannot be read, the exchange's lists must do. */
function journalledForCleanup(
  journal: EngineJournal,
  warn: (text: string) => void,
): Pick<StopCleanupInput, 'unknown' | 'live'> {
  const memory = { journal, unsettled: () => unsettledOrders(journal) };
  try {
    const unknown = inDoubt(memory).map(({ intent, clientOrderId }) => ({ account: intent.account, clientOrderId }));
    return { unknown, live: journalledOrders(memory) };
  } catch (thrown) {
    warn(errorText(thrown));
    return { unknown: [], live: [] };
  }
}

/** Calls made before the symbols are known: two logins, their proofs, the instruments. */
const HEARD_BEFORE_START_MAX = 100;

/** What a start finds out before it trades. */
export interface ReadyToTrade {
  /** The symbols of the enabled rows. */
  readonly symbols: readonly EngineSymbol[];
  /** What the exchange lists. */
  readonly listed: readonly Instrument[];
}

/**
 * Both accounts in, instruments read, symbols resolved (strategy 2.2, 11).
 *
 * @param remembered the rules of an instrument this engine has traded before (strategy 11.6); null: it has not
 * @throws StartError
 */
export async function readyToTrade(
  exchange: GrvtExchange,
  configs: readonly SymbolConfig[],
  warn: (text: string) => void,
  remembered: (name: string) => Instrument | null = () => null,
): Promise<ReadyToTrade> {
  try {
    await Promise.all(ACCOUNTS.map((account) => outlasting429(() => exchange.login(account))));
    const listed = await outlasting429(() => exchange.instruments());
    const resolution = resolveInstruments(configs, listed, remembered);
    if (!resolution.ok) throw new StartError(EXIT_CONFIGURATION, resolution.errors.join('\n'));
    for (const warning of resolution.warnings) warn(warning);
    return { symbols: resolution.symbols.filter((symbol) => symbol.config.enabled), listed };
  } catch (thrown) {
    if (thrown instanceof ExchangeError) throw startErrorOf(thrown);
    throw thrown;
  }
}

/**
 * Refuses to start beside an engine that trades these accounts from another machine (strategy 11.1). What cannot be read is
 * said as unknown: nothing is decided before the polls have read the same (strategy 10.3).
 *
 * @throws StartError
 */
async function refuseOtherEngine(exchange: GrvtExchange, journal: EngineJournal, parts: EngineParts): Promise<void> {
  const watchMs = parts.otherEngineWatchMs ?? OTHER_ENGINE_WATCH_MS;
  const read = async () => {
    const of = (account: AccountName) => outlasting429(() => exchange.openOrders(account));
    const [A, B] = await Promise.all([of('A'), of('B')]);
    return { A, B };
  };
  try {
    const appeared = await watchOtherEngine(
      read,
      orStartError(() => ordersOfJournal(journal)),
      watchMs,
    );
    if (appeared === null) return;
    const { account, instrument, clientOrderId } = appeared;
    throw new StartError(
      EXIT_CONFIGURATION,
      `another engine trades these accounts, perhaps on another machine: while this one started, order ${clientOrderId} ` +
        `of account ${account} on ${instrument} appeared, which has our prefix and is not in this journal; stop that engine first`,
    );
  } catch (thrown) {
    if (!(thrown instanceof ExchangeError)) throw thrown;
    parts.warn(`whether another engine trades these accounts is unknown: ${thrown.message}`);
  }
}

/** The dead-man timers are armed, or off, before the first create (strategy 2.1). @throws StartError */
async function refuseDeadMan(exchange: GrvtExchange, journal: EngineJournal, parts: EngineParts): Promise<void> {
  const { settings, clock } = parts;
  try {
    const refused = await settleDeadMan(exchange, journal, settings.deadManMs, clock.nowMs());
    if (refused !== null) throw new StartError(EXIT_CONFIGURATION, refused);
  } catch (thrown) {
    throw thrown instanceof ExchangeError ? startErrorOf(thrown) : thrown;
  }
}

/**
 * A call of the start, again and again while the exchange answers 429 (strategy 9.9). Each time the budget waits longer before it
 * lets the call go; it refuses once the engine is closed.
 */
export async function outlasting429<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError) || thrown.kind !== 'rate-limited') throw thrown;
    }
  }
}

/** Wrong keys are a matter of configuration; everything else is an exchange out of reach (strategy 13.2). */
export function startErrorOf(error: ExchangeError): StartError {
  const configuration = error.kind === 'parked' || error.kind === 'unauthenticated' || error.kind === 'refused';
  if (!configuration) return new StartError(EXIT_UNREACHABLE, error.message);
  const advice = error.account === null || namesSettings(error.why) ? '' : adviceOnKeys(error.account);
  return new StartError(EXIT_CONFIGURATION, `${error.message}${advice}`);
}

/** Whether a failure says itself which settings to look at. */
function namesSettings(why: Reason): boolean {
  switch (why.code) {
    case 'login-refused':
    case 'not-a-login':
      return true;
    case 'no-session':
      return namesSettings(why.params.login);
    case 'answered-with-code':
      return why.params.check.length > 0;
    default:
      return false;
  }
}

function adviceOnKeys(account: AccountName): string {
  const number = account === 'A' ? 1 : 2;
  return (
    `; check GRVT_TRADING_API_KEY_${number} and GRVT_TRADING_ACCOUNT_ID_${number}: ` +
    'whether that key belongs to that account, may trade, and may be used from here'
  );
}

/** A journal that cannot be used is a matter of configuration, not of the exchange (strategy 13.2). @throws StartError */
function orStartError<T>(use: () => T): T {
  try {
    return use();
  } catch (thrown) {
    if (thrown instanceof JournalError) throw new StartError(EXIT_CONFIGURATION, thrown.message);
    throw thrown;
  }
}

/** What a journal makes a start know of each instrument it has traded, for the auditor: what the symbols begin from, too. */
export function journalledStart(journal: EngineJournal): readonly StartSymbol[] {
  const unsettled = unsettledOrders(journal);
  return journal.latestOfEach('symbol.state').flatMap((entry): StartSymbol[] => {
    const state = restoreSymbol(journal, entry.key, unsettled);
    const { begun, instrument, lots, booked, orders } = state;
    const givingWay = ACCOUNTS.filter((account) => restOf(state, { account, purpose: 'repair' }) !== null);
    const reducing = ACCOUNTS.filter((account) => mayOnlyReduce(state, account));
    return begun ? [{ instrument, lots, booked, orders, givingWay, mayOnlyReduce: reducing }] : [];
  });
}
