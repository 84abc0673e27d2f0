import { type Actor, createActor, type InspectionEvent } from 'xstate';
import { daemonMachine } from '../../machines/daemon.ts';
import type { DaemonOutput } from '../../machines/daemon-context.ts';
import { takeOverSplits } from '../../machines/restore.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { alertKey } from '../core/alerts.ts';
import { type Auditor, type Breach, createAuditor } from '../core/audit/index.ts';
import { takerFillAlert, unexplainedAlert } from '../core/conditions.ts';
import type { EngineSymbol } from '../core/daemon/memory.ts';
import { whyOf } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName, type Instrument } from '../core/model.ts';
import type { MoneyRow } from '../core/money.ts';
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
import type { EngineClock, Heartbeat, Journal, Notifier, Reporter } from '../ports.ts';
import { labelOf, type Settings } from '../settings/index.ts';
import { reasonText } from '../texts/reasons.ts';
import { lastCleanup } from './last-cleanup.ts';
import { type LeavingParts, leavingSymbol, leavingSymbols } from './leaving-symbols.ts';
import { startMarkKeeper } from './mark-keeper.ts';
import { type MoneyReader, type MoneyReaderParts, startMoneyReader } from './money-reader.ts';
import { createRollout, type Rollout } from './rollout.ts';
import { orStartError, readyToTrade, refuseDeadMan, refuseOtherEngine, StartError, settleBehind } from './start.ts';
import { allOf, auditRow, auditSettings, daemonSettings, journalledStart, textsOf } from './tuning.ts';

/** The parts of an engine; simulation and production differ only in these. */
export interface EngineParts {
  readonly settings: Settings;
  readonly subAccountIds: Readonly<Record<AccountName, string>>;
  /** Creates the adapter; the auditor observes its traffic. */
  readonly openExchange: (onWire: (event: WireEvent) => void, report: (fact: Fact) => void) => GrvtExchange;
  readonly journal: EngineJournal;
  readonly notifier: Notifier;
  readonly heartbeat: Heartbeat | null;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Start-up warnings (strategy 2.2) and other lines that are no facts. */
  readonly warn: (text: string) => void;
  /** The daemon itself failed by a defect (strategy 13.5); the engine cleans up and ends. */
  readonly onDefect?: (thrown: unknown) => void;
  /** The symbols are resolved and trading begins. */
  readonly onTrading?: (engine: Engine, symbols: readonly EngineSymbol[]) => void;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Audits this engine from outside; default: it audits itself. */
  readonly auditedBy?: () => Auditor | null;
  /** How long the start watches for orders of another engine (strategy 11.1); default {@link OTHER_ENGINE_WATCH_MS}. */
  readonly otherEngineWatchMs?: number;
  /** For tests of what takes hours (strategy 16.7). */
  readonly rolloutLimits?: RolloutLimits;
  /** Also observes the traffic, for figures and metrics. Must not throw. */
  readonly onWire?: (event: WireEvent) => void;
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
  const { clock, reporter } = parts;
  const warn = (why: Reason): void => parts.warn(reasonText(why));
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
  const startEvents: WireEvent[] = [];

  const onWire = (event: WireEvent): void => {
    parts.onWire?.(event);
    if (auditor === null) {
      // Before the symbols are resolved nothing can be checked: the few calls of the start are kept until then.
      if (startEvents.length < START_EVENTS_MAX) startEvents.push(event);
      return;
    }
    report(auditor.observe(event));
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
  /** The auditor learns of draining before any child does, whatever caused it (strategy 13.1). */
  const reportToAuditor = (fact: Fact): void => {
    if (fact.type === 'engine.draining') auditor?.drainBegan();
    reporter.report(fact);
    rollout.observe(fact);
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
      reporter: { report: reportToAuditor },
      texts: textsOf(settings),
      settings: daemonSettings(settings),
      prepare: async () => {
        const ready = await readyToTrade(exchange, settings.symbols, warn, (name) =>
          orStartError(() => rememberedInstrument(journal, name)),
        );
        const isBehind = await settleBehind(exchange, journal, clock.nowMs());
        // Orders whose entries are lost are not another engine's.
        if (!isBehind) await refuseOtherEngine(exchange, journal, { ...parts, warn });
        await refuseDeadMan(exchange, journal, settings.deadManMs, clock.nowMs());
        if (!daemon.getSnapshot().matches('starting'))
          throw new StartError(0, reason('stopped-while-starting', '13.1'));
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
        for (const event of startEvents.splice(0)) report(auditor?.observe(event) ?? []);
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
      reconnectStreams: (account, why) => streams?.reconnect(account, why),
      unsettled: () => unsettledOrders(journal),
      lastSequence: () => lastSequence(journal),
    },
  });

  const alertTakers = (rows: readonly MoneyRow[]): void => {
    for (const row of rows) {
      if (row.type !== 'fill' || row.origin !== 'own' || !row.isTaker) continue;
      daemon.system.get('alert-manager')?.send({ type: 'alert.raised', alert: takerFillAlert(row, clock.nowMs()) });
    }
  };
  const alertUnexplained: MoneyReaderParts['onJudged'] = (gaps) => {
    const [manager, atMs] = [daemon.system.get('alert-manager'), clock.nowMs()];
    for (const account of ACCOUNTS) {
      const gap = gaps[account];
      if (gap !== null) manager?.send({ type: 'alert.raised', alert: unexplainedAlert(gap, atMs) });
      else manager?.send({ type: 'alert.cleared', key: alertKey('money-unexplained', account), atMs });
    }
  };
  const rollout = createRollout({
    ...{ journal, clock, report: reportToAuditor, limits: parts.rolloutLimits },
    settings: () => settings,
    symbols: () => daemon.getSnapshot().context.memory.symbols,
    steer: (symbols) => engine.steer(symbols),
    failed: (message) => daemon.send({ type: 'journal.failed', message }),
    raise: (alert) => daemon.system.get('alert-manager')?.send({ type: 'alert.raised', alert }),
    clear: (key, atMs) => daemon.system.get('alert-manager')?.send({ type: 'alert.cleared', key, atMs }),
  });
  const stopped = new Promise<DaemonOutput>((resolve, reject) => {
    daemon.subscribe({
      complete: () => {
        money?.close();
        markKeeper?.close();
        if (stoodDown) return;
        resolve(daemon.getSnapshot().output ?? { exitCode: 1, failure: whyOf('the engine ended without a word') });
      },
      // The daemon failed with its children: its orders are cancelled all the same (strategy 13.5).
      error: (thrown) => {
        money?.close();
        markKeeper?.close();
        auditor?.drainBegan();
        lastCleanup({ ...parts, settings, daemon, exchange, journal }, thrown).then(resolve, reject);
      },
    });
  });
  const marksNow = () =>
    Object.fromEntries(
      daemon.getSnapshot().context.memory.symbols.map(({ config: { instrument } }) => {
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
      return !now.context.memory.draining && (now.matches('starting') || now.matches('trading'));
    },
    steer: (symbols) => {
      const { memory } = daemon.getSnapshot().context;
      for (const symbol of symbols) {
        const { config, instrument, unlisted } = symbol;
        exchange.takeUp(instrument.name);
        (auditor ?? parts.auditedBy?.())?.takeUp(auditRow(symbol));
        const isNew = memory.symbols.every((one) => one.config.instrument !== config.instrument);
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
      const steered = isRolloutChanged ? allOf(daemon.getSnapshot().context.memory.symbols, symbols) : symbols;
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

/** Calls before the symbols are known: two logins, their proofs, the instruments. */
const START_EVENTS_MAX = 100;
