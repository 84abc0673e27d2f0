import type { Actor } from 'xstate';
import { alertMemoryOf } from '../../machines/alert-manager.ts';
import type { daemonMachine } from '../../machines/daemon.ts';
import { memoryOf } from '../../machines/symbol.ts';
import { type Decimal, decimal, PLAIN_DECIMAL } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { ExchangeFailure } from '../core/failure.ts';
import { levellingAdvice } from '../core/levelling.ts';
import { ACCOUNTS, type AccountName, type AccountSummary } from '../core/model.ts';
import { type OpeningsStops, stopReason } from '../core/openings-stop.ts';
import { reason } from '../core/reasons.ts';
import type { FailingFigure, RolloutLimits, RolloutProgress } from '../core/rollout.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { MoneyFigures } from '../explain/money-figures.ts';
import { createFigures } from '../log/index.ts';
import type { Clock, Reporter } from '../ports.ts';
import { lastDigits, type Settings } from '../settings/index.ts';
import type { Texts } from '../texts/language.ts';
import { type ReasonWords, reasonWords } from '../texts/reasons.ts';
import type { AccountStatus, BudgetStatus, Status, StatusSource, SymbolStatus } from '../web/index.ts';
import {
  field,
  figuresStatus,
  gatewayStatus,
  type LastTouch,
  leafOf,
  marginRatio,
  openAlerts,
  type PhaseMemory,
  rolloutStatus,
  type SymbolParts,
  statusSettings,
  symbolStatus,
  text,
} from './project.ts';

/** Collects the status of a running engine. Read-only. */
export interface EngineStatus extends StatusSource {
  /** Facts that no actor's snapshot contains: sessions, streams, phases with their reasons. */
  readonly reporter: Reporter;
  /** The adapter's traffic: REST books. */
  onWire(event: WireEvent): void;
  /** Best bid and ask of a stream's book, as text. */
  onTouch(instrument: string, bid: string, ask: string): void;
  /** New money figures. */
  onMoney(figures: MoneyFigures): void;
  /** The engine runs: its actors are read from now on. */
  attach(engine: WatchedEngine): void;
}

/** The observed parts of a running engine. */
export interface WatchedEngine {
  readonly daemon: Actor<typeof daemonMachine>;
  readonly exchange: { budget(): readonly BudgetStatus[] };
  /** Absent: no rollout data. */
  readonly rollout?: { shown(instrument: string): RolloutShown | null };
}

/** A symbol's progress in the gray rollout (strategy 16.7). */
export interface RolloutShown {
  readonly progress: RolloutProgress;
  readonly held: FailingFigure | null;
  readonly limits: RolloutLimits;
}

export interface EngineStatusOptions {
  /** The present settings (strategy 16.4). */
  readonly settings: () => Settings;
  readonly staleMs: () => number;
  readonly clock: Clock;
}
/** How old the shown numbers of a symbol may be whose actor has failed. */
const KEPT_EVERY_MS = 5_000;
/** Facts remembered per account. */
interface AccountMemory {
  polledAtMs: number | null;
  pollTookMs: number | null;
  failuresInARow: number;
  failure: Texts | null;
  equityUsdt: Decimal | null;
  maintenanceMarginUsdt: Decimal | null;
  openOrders: number | null;
  sessionUntilMs: number | null;
  stream: 'up' | 'down' | 'off' | null;
}
/** The status of a running engine: its actors' state joined with remembered facts. */
export function createEngineStatus(options: EngineStatusOptions): EngineStatus {
  const { clock } = options;
  const figures = createFigures();
  const accounts: Record<AccountName, AccountMemory> = { A: newAccount(), B: newAccount() };
  const phases = new Map<string, PhaseMemory>();
  /** Symbols that have left `waiting` once. */
  const settled = new Set<string>();
  const touches = new Map<string, LastTouch>();
  /** The last status of each symbol. */
  const whole = new Map<string, SymbolStatus>();
  /** Symbols whose actor has failed and does not work yet again, since when. */
  const failed = new Map<string, number>();
  let keptAtMs = 0;
  let engine: WatchedEngine | null = null;
  let startedAtMs: number | null = null;
  let money: MoneyFigures | null = null;
  /** The last status of a stopped engine, whose actors have no state any more. */
  let last: Status | null = null;

  const report = (fact: Fact) => {
    figures.report(fact);
    switch (fact.type) {
      case 'engine.started':
        startedAtMs = fact.atMs;
        break;
      case 'engine.stopped':
        last = { ...status(), engine: 'stopped', stopped: { atMs: fact.atMs, exitCode: fact.exitCode } };
        break;
      case 'actor.failed': {
        const instrument = fact.actor.startsWith('symbol:') ? fact.actor.slice('symbol:'.length) : null;
        if (instrument !== null && !failed.has(instrument)) failed.set(instrument, fact.atMs);
        break;
      }
      case 'lots.restored':
        failed.delete(fact.instrument);
        break;
      case 'state.changed':
        failed.delete(fact.instrument);
        phases.set(fact.instrument, {
          phase: fact.to,
          why: fact.why,
          sinceMs: fact.atMs,
          isFirst: (phases.get(fact.instrument)?.phase ?? 'waiting') === 'waiting' && !settled.has(fact.instrument),
        });
        if (fact.to !== 'waiting') settled.add(fact.instrument);
        break;
      case 'account.polled': {
        const memory = accounts[fact.account];
        memory.polledAtMs = fact.atMs - fact.elapsedMs;
        memory.pollTookMs = fact.elapsedMs;
        memory.failuresInARow = 0;
        memory.failure = null;
        memory.equityUsdt = fact.totalEquityUsdt;
        memory.maintenanceMarginUsdt = fact.maintenanceMarginUsdt;
        memory.openOrders = fact.openOrders;
        // A failed actor is gone at once, and its successor is empty until it has read the journal.
        if (engine !== null && Math.abs(fact.atMs - keptAtMs) >= KEPT_EVERY_MS) {
          keptAtMs = fact.atMs;
          status();
        }
        break;
      }
      case 'read.failed':
        accounts[fact.account].failuresInARow = fact.inARow;
        accounts[fact.account].failure = failureTexts(fact.failure);
        break;
      case 'session.renewed':
        accounts[fact.account].sessionUntilMs = fact.untilMs;
        break;
      case 'stream.changed':
        if (fact.account !== null) accounts[fact.account].stream = fact.status;
        break;
    }
  };

  const onWire = (event: WireEvent) => {
    if (event.kind === 'answered' && event.route === 'book') takeRestBook(touches, event.body, event.atMs);
  };

  const onTouch = (instrument: string, bid: string, ask: string) => {
    if (!PLAIN_DECIMAL.test(bid) || !PLAIN_DECIMAL.test(ask)) return;
    touches.set(instrument, { bid: decimal(bid), ask: decimal(ask), atMs: clock.nowMs() });
  };

  const accountStatus = (account: AccountName): AccountStatus => {
    const memory = accounts[account];
    const { equityUsdt, maintenanceMarginUsdt, ...rest } = memory;
    return {
      account,
      idEnds: idEnds(options.settings(), account),
      poller: leafOf(engine?.daemon.system.get(`poller:${account}`)?.getSnapshot().value),
      ...rest,
      equityUsdt: text(equityUsdt),
      maintenanceMarginUsdt: text(maintenanceMarginUsdt),
      marginRatio: marginRatio(equityUsdt, maintenanceMarginUsdt),
      ...marginStatus(engine?.daemon.getSnapshot().context.memory.summaries[account] ?? null),
    };
  };

  const status = (): Status => {
    if (last !== null) return last;
    const nowMs = clock.nowMs();
    const system = engine?.daemon.system;
    const daemon = engine?.daemon.getSnapshot();
    const configured = daemon?.context.memory.symbols.map((symbol) => symbol.config) ?? [];
    const settings = options.settings();
    const configs = configured.length > 0 ? configured : settings.symbols.filter((symbol) => symbol.enabled);
    const manager = alertMemoryOf(system?.get('alert-manager'));
    return {
      atMs: nowMs,
      source: 'engine',
      mode: settings.mode,
      name: settings.name,
      timeZone: settings.timeZone,
      engine: (leafOf(daemon?.value) ?? 'starting') as Status['engine'],
      lastEntryAtMs: nowMs,
      stopped: null,
      startedAtMs,
      settings: statusSettings(settings, options.staleMs()),
      accounts: ACCOUNTS.map(accountStatus),
      levelling: levellingWords(daemon?.context.memory.summaries),
      budget: engine?.exchange.budget() ?? [],
      symbols: configs.map((config) => {
        const failedMs = failed.get(config.instrument);
        const before = whole.get(config.instrument) ?? null;
        if (failedMs !== undefined && before !== null) return notRunning(before, failedMs);
        const actor = system?.get(`symbol:${config.instrument}`);
        const progress = engine?.rollout?.shown(config.instrument) ?? null;
        const parts: SymbolParts = {
          config,
          rollout: progress === null ? null : rolloutStatus(progress.progress, progress.held, progress.limits),
          context: memoryOf(actor) ?? null,
          state: leafOf(actor?.getSnapshot().value),
          lastPhase: phases.get(config.instrument) ?? null,
          lastTouch: touches.get(config.instrument) ?? null,
          nowMs,
        };
        const spans = money?.symbols[config.instrument] ?? null;
        const shown = { ...symbolStatus(parts, before), money: spans };
        if (failedMs !== undefined) return notRunning(shown, failedMs);
        whole.set(config.instrument, shown);
        return shown;
      }),
      alerts: manager === undefined ? [] : openAlerts(manager.states.values(), nowMs),
      outboxWaiting: manager === undefined ? 0 : manager.outbox.pending.size + manager.outbox.inFlight.size,
      gateway: gatewayStatus(system?.get('gateway')?.getSnapshot()),
      money: money === null ? null : { atMs: money.atMs, today: money.today, week: money.week },
      openingsStop: stopWords(daemon?.context.memory.stops),
      figures: figuresStatus(figures.snapshot()),
    };
  };

  return {
    status,
    reporter: { report },
    onWire,
    onTouch,
    onMoney: (counted) => {
      money = counted;
    },
    attach: (one) => {
      engine = one;
    },
  };
}
/** A symbol whose actor has failed: its last numbers, and that nobody watches them. */
function notRunning(before: SymbolStatus, sinceMs: number): SymbolStatus {
  const why = reasonWords(reason('symbol-failed', '12'));
  return { ...before, phase: 'waiting', state: null, sinceMs, sinceStart: false, why, idle: null, waits: 'data' };
}
/** The part of an account's id that may be shown (`GRVT_HEDGE_NAME` has as much). */
export function idEnds({ accounts }: Settings, account: AccountName): string | null {
  return accounts === null ? null : lastDigits(accounts[account].accountId);
}

export function newAccount(): AccountMemory {
  return {
    polledAtMs: null,
    pollTookMs: null,
    failuresInARow: 0,
    failure: null,
    equityUsdt: null,
    maintenanceMarginUsdt: null,
    openOrders: null,
    sessionUntilMs: null,
    stream: null,
  };
}
/** A REST book: `{ result: { instrument, bids: [{ price }], asks } }`. Anything else is ignored. */
function takeRestBook(touches: Map<string, LastTouch>, body: unknown, atMs: number): void {
  const result = field(body, 'result');
  const instrument = field(result, 'instrument');
  const bid = field(first(field(result, 'bids')), 'price');
  const ask = field(first(field(result, 'asks')), 'price');
  if (typeof instrument !== 'string' || typeof bid !== 'string' || typeof ask !== 'string') return;
  if (!PLAIN_DECIMAL.test(bid) || !PLAIN_DECIMAL.test(ask)) return;
  touches.set(instrument, { bid: decimal(bid), ask: decimal(ask), atMs });
}
function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

/** Why openings are stopped (strategy 8.6). */
export function stopWords(stops: OpeningsStops | undefined): ReasonWords | null {
  const why = stops === undefined ? null : stopReason(stops);
  return why === null ? null : reasonWords(why);
}

function levellingWords(
  summaries: Readonly<Record<AccountName, AccountSummary | null>> | undefined,
): ReasonWords | null {
  const { A = null, B = null } = summaries ?? {};
  return A === null || B === null ? null : reasonWords(levellingAdvice({ A, B }));
}

/** Free margin and the nearest liquidation (strategy 17.5). */
function marginStatus(summary: AccountSummary | null): Pick<AccountStatus, 'freeMarginUsdt' | 'liquidation'> {
  const margin = summary?.margin;
  if (summary === null || margin === undefined) return { freeMarginUsdt: null, liquidation: null };
  const { initial, liquidation } = margin;
  const [nearest] = [...liquidation].sort((one, other) => one.distance.cmp(other.distance));
  return {
    freeMarginUsdt: initial === null ? null : summary.totalEquity.minus(initial).toFixed(),
    liquidation: nearest === undefined ? null : { ...nearest, distance: nearest.distance.toDecimalPlaces(6).toFixed() },
  };
}

function failureTexts({ call, why }: ExchangeFailure): Texts {
  const { en, zh } = reasonWords(why);
  return { en: `${call}: ${en}`, zh: `${call}：${zh}` };
}
