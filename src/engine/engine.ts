import { type Actor, createActor, type InputFrom, type InspectionEvent } from 'xstate';
import { daemonMachine } from '../../machines/daemon.ts';
import type { DaemonOutput } from '../../machines/daemon-context.ts';
import { takeOverSplits } from '../../machines/restore.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { alertKey } from '../core/alerts.ts';
import type { Auditor } from '../core/audit/index.ts';
import { takerFillAlert, unexplainedAlert } from '../core/conditions.ts';
import type { DaemonMemory, EngineSymbol } from '../core/daemon/memory.ts';
import type { Decimal } from '../core/decimal.ts';
import { whyOf } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, type Instrument } from '../core/model.ts';
import type { MoneyRow } from '../core/money.ts';
import { clear, raise, type ToAlerting } from '../core/raise.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { RolloutLimits } from '../core/rollout.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { GrvtExchange } from '../grvt/exchange.ts';
import type { StreamOptions, Streams } from '../grvt/stream.ts';
import { standingCommands } from '../journal/commands.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { rememberedInstrument, rememberInstruments, rememberRows } from '../journal/instruments.ts';
import { observedJournal } from '../journal/observed.ts';
import { rememberPair } from '../journal/pair.ts';
import { lastSequence, unsettledOrders } from '../journal/read.ts';
import type { Heartbeat, Journal, Notifier, Reporter } from '../ports.ts';
import { labelOf, type Settings } from '../settings/index.ts';
import { reasonText } from '../texts/reasons.ts';
import { Auditing, type AuditingParts } from './auditing.ts';
import { lastCleanup } from './last-cleanup.ts';
import { type LeavingParts, leavingSymbol, leavingSymbols } from './leaving-symbols.ts';
import { startMarkKeeper } from './mark-keeper.ts';
import { type MoneyReader, type MoneyReaderParts, startMoneyReader } from './money-reader.ts';
import { createRollout, type Rollout } from './rollout.ts';
import {
  orStartError,
  type ReadyToTrade,
  readyToTrade,
  refuseDeadMan,
  refuseOtherEngine,
  StartError,
  settleBehind,
} from './start.ts';
import { allOf, auditRow, auditSettings, daemonSettings, textsOf } from './tuning.ts';

/** The parts of an engine; simulation and production differ only in these. */
export interface EngineParts extends AuditingParts {
  readonly settings: Settings;
  /** Creates the adapter; the auditor observes its traffic. */
  readonly openExchange: (onWire: (event: WireEvent) => void, report: (fact: Fact) => void) => GrvtExchange;
  readonly journal: EngineJournal;
  readonly notifier: Notifier;
  readonly heartbeat: Heartbeat | null;
  readonly reporter: Reporter;
  /** Start-up warnings (strategy 2.2) and other lines that are no facts. */
  readonly warn: (text: string) => void;
  /** The daemon itself failed by a defect (strategy 13.5); the engine cleans up and ends. */
  readonly onDefect?: (thrown: unknown) => void;
  /** The symbols are resolved and trading begins. */
  readonly onTrading?: (engine: Engine, symbols: readonly EngineSymbol[]) => void;
  readonly inspect?: (event: InspectionEvent) => void;
  /** How long the start watches for orders of another engine (strategy 11.1); default {@link OTHER_ENGINE_WATCH_MS}. */
  readonly otherEngineWatchMs?: number;
  /** For tests of what takes hours (strategy 16.7). */
  readonly rolloutLimits?: RolloutLimits;
}

/** The callbacks of an engine for its streams. */
export type StreamCallbacks = Pick<
  StreamOptions,
  'wire' | 'onFrame' | 'onCancelDropped' | 'onFill' | 'onBook' | 'onChange'
>;

export interface Engine {
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: GrvtExchange;
  /** Its journal, observed by the auditor. */
  readonly journal: Journal;
  readonly auditor: () => Auditor | null;
  /** Drains, cleans up and stops (strategy 13.1). */
  stop(why: Reason): void;
  /**
   * Ends at once: nothing more is decided, drained, cancelled or sent, and `stopped` stays pending (strategy 18.2).
   * @returns false: it was stopping already
   */
  standDown(): boolean;
  /** Replaces these symbols (strategy 16); new ones are started. */
  steer(symbols: readonly EngineSymbol[]): void;
  /** Applies reloaded settings and replaces these symbols (strategy 16.4). */
  reloaded(settings: Settings, listed: readonly Instrument[], symbols: readonly EngineSymbol[]): void;
  /** Books what the accounts earn and pay, until the engine ends (strategy 17). */
  readMoney(say: MoneyReaderParts['say']): void;
  /** The gray rollout (strategy 16.7). */
  readonly rollout: Rollout;
  /** Connects the streams to the pollers (strategy 10.6). */
  listen(open: (ears: StreamCallbacks) => Streams): Streams;
  readonly stopped: Promise<DaemonOutput>;
}

/** Assembles an engine and starts it. */
export function startEngine(parts: EngineParts): Engine {
  const engine = new RunningEngine(parts);
  engine.daemon.start();
  return engine;
}

class RunningEngine implements Engine {
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: GrvtExchange;
  readonly journal: EngineJournal;
  readonly rollout: Rollout;
  readonly stopped: Promise<DaemonOutput>;
  readonly #parts: EngineParts;
  readonly #auditing: Auditing;
  #settings: Settings;
  #leaving: LeavingParts | null = null;
  #streams: Streams | null = null;
  #money: MoneyReader | null = null;
  #markKeeper: ReturnType<typeof startMarkKeeper> | null = null;
  #stoodDown = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#auditing = new Auditing(parts, (broken) => this.daemon.send(broken));
    this.journal = observedJournal(parts.journal, this.#auditing);
    this.exchange = parts.openExchange(
      (event) => this.#auditing.onWire(event),
      (fact) => {
        parts.reporter.report(fact);
        if (fact.type === 'budget.share' || fact.type === 'budget.late') this.daemon.send(fact);
      },
    );
    this.daemon = createActor(daemonMachine, {
      ...(parts.inspect ? { inspect: parts.inspect } : {}),
      systemId: 'daemon',
      input: this.#input(),
    });
    this.rollout = this.#openRollout();
    this.stopped = this.#end();
  }

  #input(): InputFrom<typeof daemonMachine> {
    const { exchange, journal } = this;
    const { notifier, heartbeat, clock } = this.#parts;
    return {
      ...{ exchange, journal, notifier, heartbeat, clock },
      reporter: { report: (fact) => this.#report(fact) },
      texts: textsOf(this.#settings),
      settings: daemonSettings(this.#settings),
      prepare: () => this.#prepare(),
      takeUp: (instrument) => {
        const symbol = this.#leaving === null ? null : leavingSymbol(this.#leaving, instrument);
        if (symbol !== null) this.#takeUp(symbol);
        return symbol;
      },
      reconnectStreams: (account, why) => this.#streams?.reconnect(account, why),
      unsettled: () => unsettledOrders(journal),
      lastSequence: () => lastSequence(journal),
    };
  }

  /** The auditor learns of draining before any child does, whatever caused it (strategy 13.1). */
  #report(fact: Fact): void {
    if (fact.type === 'engine.draining') this.auditor()?.drainBegan();
    this.#parts.reporter.report(fact);
    this.rollout.observe(fact);
  }

  #openRollout(): Rollout {
    const { journal, daemon } = this;
    return createRollout({
      ...{ journal, clock: this.#parts.clock, limits: this.#parts.rolloutLimits },
      report: (fact) => this.#report(fact),
      settings: () => this.#settings,
      symbols: () => this.#memory.symbols,
      steer: (symbols) => this.steer(symbols),
      failed: (message) => daemon.send({ type: 'journal.failed', message }),
      raise: (alert) => this.#send(raise(alert)),
      clear: (key, atMs) => this.#send(clear(key, { nowMs: atMs })),
    });
  }

  #end(): Promise<DaemonOutput> {
    const { daemon, exchange, journal } = this;
    const close = () => {
      this.#money?.close();
      this.#markKeeper?.close();
    };
    return new Promise((resolve, reject) => {
      daemon.subscribe({
        complete: () => {
          close();
          if (this.#stoodDown) return;
          resolve(daemon.getSnapshot().output ?? { exitCode: 1, failure: whyOf('the engine ended without a word') });
        },
        // The daemon failed with its children: its orders are cancelled all the same (strategy 13.5).
        error: (thrown) => {
          close();
          this.auditor()?.drainBegan();
          const parts = { ...this.#parts, settings: this.#settings, daemon, exchange, journal };
          lastCleanup(parts, thrown).then(resolve, reject);
        },
      });
    });
  }

  /** What precedes trading, up to its symbols. */
  async #prepare(): Promise<readonly EngineSymbol[]> {
    const { exchange, journal, daemon } = this;
    const { clock, onTrading, warn: say } = this.#parts;
    const settings = this.#settings;
    const warn = (why: Reason): void => say(reasonText(why, settings.lang));
    const ready = await readyToTrade(exchange, settings.symbols, warn, (name) =>
      orStartError(() => rememberedInstrument(journal, name)),
    );
    const isBehind = await settleBehind(exchange, journal, clock.nowMs());
    // Orders whose entries are lost are not another engine's.
    if (!isBehind) await refuseOtherEngine(exchange, journal, { ...this.#parts, warn });
    await refuseDeadMan(exchange, journal, settings.deadManMs, clock.nowMs());
    if (!daemon.getSnapshot().matches('starting')) throw new StartError(0, reason('stopped-while-starting', '13.1'));
    const symbols = orStartError(() => this.rollout.assign(this.#withCommands(ready)));
    for (const { instrument } of symbols) exchange.takeUp(instrument.name);
    orStartError(() => this.#remember(ready, symbols));
    this.#auditing.begin(symbols, settings, journal);
    onTrading?.(this, symbols);
    return symbols;
  }

  /** The symbols of the start and those that are leaving, each with its commands in force. */
  #withCommands({ listed, symbols }: ReadyToTrade): EngineSymbol[] {
    const { journal } = this;
    this.#leaving = { journal, rows: this.#settings.symbols, listed, unsettled: unsettledOrders(journal) };
    const standing = standingCommands(journal);
    return [...symbols, ...leavingSymbols(this.#leaving)].map((symbol) => {
      const inForce = standing.get(symbol.instrument.name) ?? [];
      return inForce.length === 0 ? symbol : { ...symbol, standing: inForce };
    });
  }

  #remember(ready: ReadyToTrade, symbols: readonly EngineSymbol[]): void {
    const { journal } = this;
    const { clock, subAccountIds } = this.#parts;
    const traded = symbols.filter((symbol) => !symbol.unlisted).map((symbol) => symbol.instrument);
    rememberPair(journal, { label: labelOf(this.#settings), accounts: subAccountIds }, clock.nowMs());
    rememberInstruments(journal, traded, clock.nowMs());
    const rows = ready.symbols.map((symbol) => symbol.config);
    rememberRows(journal, rows, clock.nowMs());
    takeOverSplits(journal, clock.nowMs());
  }

  auditor(): Auditor | null {
    return this.#auditing.own;
  }

  get #memory(): DaemonMemory {
    return this.daemon.getSnapshot().context.memory;
  }

  #send({ to, message }: ToAlerting): void {
    this.daemon.system.get(to)?.send(message);
  }

  #takeUp(symbol: EngineSymbol): void {
    this.exchange.takeUp(symbol.instrument.name);
    this.#auditing.inCharge?.takeUp(auditRow(symbol));
  }

  readMoney(say: MoneyReaderParts['say']): void {
    const { exchange, journal } = this;
    const { clock } = this.#parts;
    this.#money ??= startMoneyReader({
      ...{ exchange, journal, clock, keptMs: this.#settings.journalMs, say },
      onBooked: (rows) => this.#alertTakers(rows),
      onJudged: (gaps) => this.#alertUnexplained(gaps),
    });
    this.#markKeeper ??= startMarkKeeper({ journal, clock, say, marks: () => this.#marks() });
  }

  #alertTakers(rows: readonly MoneyRow[]): void {
    for (const row of rows) {
      if (row.type !== 'fill' || row.origin !== 'own' || !row.isTaker) continue;
      this.#send(raise(takerFillAlert(row, this.#parts.clock.nowMs())));
    }
  }

  #alertUnexplained(gaps: Parameters<NonNullable<MoneyReaderParts['onJudged']>>[0]): void {
    const atMs = this.#parts.clock.nowMs();
    for (const account of ACCOUNTS) {
      const gap = gaps[account];
      this.#send(
        gap === null
          ? clear(alertKey('money-unexplained', account), { nowMs: atMs })
          : raise(unexplainedAlert(gap, atMs)),
      );
    }
  }

  #marks(): Record<string, Decimal | null> {
    return Object.fromEntries(
      this.#memory.symbols.map(({ config: { instrument } }) => {
        const known = memoryOf(this.daemon.system.get(`symbol:${instrument}`));
        const { assessment = null, state } = known ?? {};
        const decided = assessment?.kind === 'usable' ? assessment.input.valuation.mark : null;
        return [instrument, decided ?? state?.acceptedMark ?? null];
      }),
    );
  }

  stop(why: Reason): void {
    this.daemon.send({ type: 'stop.requested', why });
  }

  standDown(): boolean {
    const now = this.daemon.getSnapshot();
    this.#stoodDown = true;
    this.daemon.stop();
    this.exchange.close();
    return !now.context.memory.draining && (now.matches('starting') || now.matches('trading'));
  }

  steer(symbols: readonly EngineSymbol[]): void {
    const known = this.#memory.symbols;
    for (const symbol of symbols) {
      const { config, instrument, unlisted } = symbol;
      this.#takeUp(symbol);
      const isNew = known.every((one) => one.config.instrument !== config.instrument);
      if (isNew && !unlisted) this.#streams?.watch(instrument.name);
    }
    this.daemon.send({ type: 'symbols.steered', symbols });
  }

  reloaded(now: Settings, listed: readonly Instrument[], symbols: readonly EngineSymbol[]): void {
    const { journal } = this;
    const atMs = this.#parts.clock.nowMs();
    const isRolloutChanged = this.#settings.rollout !== now.rollout;
    this.#settings = now;
    if (this.#leaving !== null) this.#leaving = { ...this.#leaving, rows: now.symbols, listed };
    const trading = symbols.filter((symbol) => symbol.leaving === undefined);
    const traded = trading.flatMap((one) => (one.unlisted ? [] : [one.instrument]));
    rememberInstruments(journal, traded, atMs);
    const rows = trading.map((one) => one.config);
    rememberRows(journal, rows, atMs);
    this.#auditing.inCharge?.retune(auditSettings(now));
    this.daemon.send({ type: 'settings.changed', settings: daemonSettings(now), texts: textsOf(now) });
    const steered = isRolloutChanged ? allOf(this.#memory.symbols, symbols) : symbols;
    if (steered.length > 0) this.steer(this.rollout.assign(steered));
  }

  listen(open: (ears: StreamCallbacks) => Streams): Streams {
    const { exchange } = this;
    const { clock } = this.#parts;
    const poller = (account: AccountName) => this.daemon.system.get(`poller:${account}`);
    this.#streams = open({
      wire: exchange.wire,
      onFrame: (account, frame) => poller(account)?.send({ type: 'frame.received', frame }),
      onCancelDropped: (clientOrderId) => exchange.voidFence(clientOrderId),
      onFill: (fill) => this.#money?.takeFill(fill),
      onBook: (book) => exchange.takeBook(book),
      onChange: (account, up) => poller(account)?.send({ type: 'streams.reported', up, atMs: clock.nowMs() }),
    });
    return this.#streams;
  }
}
