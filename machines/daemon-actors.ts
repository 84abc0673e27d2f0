import type { AnyActorRef, InputFrom } from 'xstate';
import type { NetLeft, StuckNow, StuckSymbol } from '../src/core/alerts.ts';
import { openNet } from '../src/core/conditions.ts';
import type { Decimal } from '../src/core/decimal.ts';
import type { JournalEntry, PreparedOrder } from '../src/core/journal-entry.ts';
import type { RolloutStage } from '../src/core/model.ts';
import { ACCOUNTS, type AccountName, type Instrument, type LeavingWhy, type SymbolConfig } from '../src/core/model.ts';
import type { Standing } from '../src/core/modes.ts';
import { type OpeningsLimits, type OpeningsStops, stopReason } from '../src/core/openings-stop.ts';
import type { News } from '../src/core/outbox.ts';
import type { AlertTexts } from '../src/core/outbox-message.ts';
import type { PlanInput, StrategySettings } from '../src/core/plan-input.ts';
import type { Reason } from '../src/core/reasons.ts';
import type { SubmissionSettings } from '../src/core/submission/memory.ts';
import { netLeftOf, reportOf } from '../src/core/symbol/report.ts';
import type { SymbolState } from '../src/core/symbol-state.ts';
import type { EngineClock, Exchange, Heartbeat, Journal, Notifier, Reporter } from '../src/ports.ts';
import { accountPollerMachine } from './account-poller.ts';
import { alertDeskMachine } from './alert-desk.ts';
import { deadManMachine } from './dead-man.ts';
import { heartbeatMachine } from './heartbeat.ts';
import { orderGatewayMachine } from './order-gateway.ts';
import { restoreSymbol } from './restore.ts';
import type { StopCleanupInput } from './stop-cleanup.ts';
import { memoryOf, symbolMachine } from './symbol.ts';

/**
 * Which actors a trading engine has, and what each of them is started from: at the start and after a failure alike. The
 * chart in daemon.ts says when.
 */

/** One symbol of the engine, as the start resolved it. */
export interface EngineSymbol {
  readonly config: SymbolConfig;
  /** Of an unlisted one: its rules when it was last listed. */
  readonly instrument: Instrument;
  /** The exchange does not list it any more (strategy 11.6); absent: it does. */
  readonly unlisted?: boolean;
  /** Why it leaves (strategy 16.3); absent: it trades. */
  readonly leaving?: LeavingWhy;
  /** Commands that may be in force (strategy 16.2); absent: none. */
  readonly standing?: readonly Standing[];
  /** How far the gray rollout has come with it (strategy 16.7); absent: none concerns it. */
  readonly rollout?: RolloutStage;
}

/** The settings the daemon and its actors go by. */
export interface DaemonSettings {
  readonly mode: string;
  readonly strategy: StrategySettings;
  readonly submission: SubmissionSettings;
  readonly loopIntervalMs: number;
  /** Data older than this stop new orders (strategy 10.3). */
  readonly staleMs: number;
  /** null: never stops by itself. */
  readonly maxRuntimeMs: number | null;
  readonly mmrAlertThreshold: Decimal;
  /** What stops openings (strategy 8.6). Absent: nothing does. */
  readonly openingsLimits?: OpeningsLimits;
  readonly cancelOnStop: boolean;
  readonly stopKeepStrategyOrders: number;
  readonly dailyReportAtMinutes: number;
  /** A message a day with what was earned (strategy 17.4). Absent: none. */
  readonly dailyStatement?: boolean;
  /** The exchange's dead-man timer (strategy 2.1); absent or 0: none. */
  readonly deadManMs?: number;
}

/** What the engine works with. */
export interface DaemonInput {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly notifier: Notifier;
  /** null: no dead-man switch to call. */
  readonly heartbeat: Heartbeat | null;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  readonly texts: AlertTexts;
  readonly settings: DaemonSettings;
  /** Logs in, reads the instruments, resolves the symbols. Rejects with a `StartError`. */
  readonly prepare: () => Promise<readonly EngineSymbol[]>;
  /**
   * The symbol of an instrument that no symbol runs for and on which an order of ours rests: it leaves (strategy 16.3).
   * null: neither the exchange's list nor the journal knows its rules.
   */
  readonly takeUp: (instrument: string) => EngineSymbol | null;
  /** Connects the account's streams again (strategy 10.6). Absent: there are none. */
  readonly reconnectStreams?: (account: AccountName, why: Reason) => void;
  /** Prepared orders whose fate the journal does not know (strategy 9.6). */
  readonly unsettled: () => readonly PreparedOrder[];
  readonly lastSequence: () => bigint | null;
}

/** What actors are started from. */
export interface TradingParts extends DaemonInput {
  readonly symbols: readonly EngineSymbol[];
  /** Since when each account is parked (strategy 9.8); null: it is not. */
  readonly parkedSinceMs: Readonly<Record<AccountName, number | null>>;
  /** Since when the journal's database has not answered (strategy 18.1); null: it does. */
  readonly journalSinceMs: number | null;
  /** What stops openings now (strategy 8.6). */
  readonly stops: OpeningsStops;
}

/** The entry that these commands, and no others, are in force of that instrument from now on (strategy 16.2). */
export function standingEntry(
  instrument: string,
  standing: readonly Standing[],
  atMs: number,
): JournalEntry<'command'> {
  const body = { standing, ...(standing.length === 0 ? { settled: true as const } : {}) };
  return { kind: 'command', key: instrument, atMs, body };
}

/** Ids of the actors of a trading engine, in the order they start: receivers before senders. */
export function actorsOf({
  heartbeat,
  symbols,
  settings,
}: Pick<TradingParts, 'heartbeat' | 'symbols' | 'settings'>): string[] {
  return [
    'alert-desk',
    ...(heartbeat === null ? [] : ['heartbeat']),
    ...(settings.deadManMs ? ACCOUNTS.map((account) => `dead-man:${account}`) : []),
    ...ACCOUNTS.map((account) => `poller:${account}`),
    'gateway',
    ...symbols.map((symbol) => `symbol:${symbol.config.instrument}`),
  ];
}

/** Orders that were prepared and that nobody has seen rest or end (strategy 9.6). */
export function inDoubt({ journal, unsettled }: Pick<DaemonInput, 'journal' | 'unsettled'>): readonly PreparedOrder[] {
  return unsettled().filter(
    ({ clientOrderId }) => journal.latest('order.outcome', clientOrderId)?.body.outcome !== 'resting',
  );
}

/** The machine of each kind of actor. */
export const LOGIC = {
  alertDesk: alertDeskMachine,
  heartbeat: heartbeatMachine,
  deadMan: deadManMachine,
  poller: accountPollerMachine,
  gateway: orderGatewayMachine,
  symbol: symbolMachine,
} as const;

type Logic = typeof LOGIC;

interface Start<K extends keyof Logic> {
  readonly id: string;
  readonly systemId: string;
  readonly input: InputFrom<Logic[K]>;
}

/** What of `enqueue` children are started with. */
export interface Spawner {
  spawnChild(src: 'alertDesk', start: Start<'alertDesk'>): void;
  spawnChild(src: 'heartbeat', start: Start<'heartbeat'>): void;
  spawnChild(src: 'deadMan', start: Start<'deadMan'>): void;
  spawnChild(src: 'poller', start: Start<'poller'>): void;
  spawnChild(src: 'gateway', start: Start<'gateway'>): void;
  spawnChild(src: 'symbol', start: Start<'symbol'>): void;
}

/** Starts one actor from what the journal knows: at the start and after a failure alike. */
export function spawnOne(context: TradingParts, actor: string, spawner: Spawner, self: AnyActorRef): void {
  const { exchange, journal, clock, reporter, settings } = context;
  const [role, name] = actor.split(':') as [string, string | undefined];
  const named = { id: actor, systemId: actor };
  switch (role) {
    case 'alert-desk': {
      const { notifier, texts } = context;
      const desk = { dailyReportAtMinutes: settings.dailyReportAtMinutes, stuckMs: settings.strategy.stuckMs };
      const stuckNow = () => stuckSymbols(context, self);
      spawner.spawnChild('alertDesk', {
        ...named,
        input: { journal, notifier, clock, reporter, texts, settings: desk, stuckNow },
      });
      return;
    }
    case 'heartbeat':
      if (context.heartbeat === null) return;
      spawner.spawnChild('heartbeat', {
        ...named,
        input: { heartbeat: context.heartbeat, clock, reporter, freshMs: settings.staleMs },
      });
      return;
    case 'dead-man':
      spawner.spawnChild('deadMan', {
        ...named,
        input: { account: name === 'B' ? 'B' : 'A', exchange, clock, periodMs: settings.deadManMs ?? 0 },
      });
      return;
    case 'poller': {
      const account: AccountName = name === 'B' ? 'B' : 'A';
      const instruments = context.symbols.map((symbol) => symbol.config.instrument);
      const { loopIntervalMs } = settings;
      const { reconnectStreams } = context;
      const streams = reconnectStreams === undefined ? {} : { reconnectStreams };
      spawner.spawnChild('poller', {
        ...named,
        input: { account, exchange, clock, reporter, instruments, loopIntervalMs, ...streams },
      });
      return;
    }
    case 'gateway': {
      const unsettled = inDoubt(context);
      spawner.spawnChild('gateway', {
        ...named,
        input: {
          exchange,
          journal,
          clock,
          reporter,
          settings: settings.submission,
          instruments: new Map(context.symbols.map((symbol) => [symbol.config.instrument, symbol.instrument])),
          lastSequence: context.lastSequence(),
          unsettled,
        },
      });
      return;
    }
    case 'symbol': {
      const symbol = context.symbols.find((one) => one.config.instrument === name);
      if (!symbol) return;
      const state = restoreSymbol(journal, symbol.config.instrument, context.unsettled());
      const { strategy, staleMs, loopIntervalMs } = settings;
      const { parkedSinceMs, journalSinceMs, stops } = context;
      const reach = { parkedSinceMs, journalSinceMs, openingsStop: stopReason(stops) };
      spawner.spawnChild('symbol', {
        ...named,
        input: { ...symbol, strategy, staleMs, loopIntervalMs, state, ...reach, clock, journal, reporter },
      });
      return;
    }
  }
}

export type LiveOrders = NonNullable<StopCleanupInput['live']>;

/** The orders the symbols hold live: what the clean-up has to see the end of (strategy 13.1). */
export function liveOrders(context: TradingParts, self: AnyActorRef): LiveOrders {
  return context.symbols.flatMap(({ config: { instrument } }) => {
    const known = memoryOf(self.system.get(`symbol:${instrument}`));
    return known === undefined ? [] : ordersOf(known.state);
  });
}

/** What stays unhedged if the engine stops now (strategy 13.4). */
export function netsLeft(context: TradingParts, self: AnyActorRef): NetLeft[] {
  return context.symbols.flatMap(({ config }) => {
    const known = memoryOf(self.system.get(`symbol:${config.instrument}`));
    return (
      (known === undefined
        ? null
        : netLeftOf(known, context.clock.nowMs(), context.exchange.lastTouch(config.instrument))) ?? []
    );
  });
}

/** What is not hedged now, and the symbols of which nothing is known yet (strategy 12.3). */
export function openNow(context: TradingParts, self: AnyActorRef): Pick<News, 'unhedged' | 'unknown'> {
  const unknown = context.symbols.flatMap(({ config, unlisted }) => {
    const known = memoryOf(self.system.get(`symbol:${config.instrument}`));
    return unlisted || (known?.state.begun && known.assessment !== null) ? [] : [config.instrument];
  });
  return { unhedged: netsLeft(context, self), unknown };
}

/** The same by the journal, of every instrument: for a stop before any symbol has begun. */
export function journalledNets({ journal, unsettled }: Pick<DaemonInput, 'journal' | 'unsettled'>): NetLeft[] {
  const prepared = unsettled();
  return journal.latestOfEach('symbol.state').flatMap(({ key }) => {
    const state = restoreSymbol(journal, key, prepared);
    const decision = journal.latest('decision', key)?.body as { readonly input: PlanInput } | undefined;
    return (state.left ? null : openNet(state, decision?.input.instrument ?? null, state.acceptedMark, null)) ?? [];
  });
}

/** The orders symbols would hold live if they started now, of every instrument: a stop before they do goes by the journal. */
export function journalledOrders({ journal, unsettled }: Pick<DaemonInput, 'journal' | 'unsettled'>): LiveOrders {
  const prepared = unsettled();
  return journal.latestOfEach('symbol.state').flatMap(({ key }) => ordersOf(restoreSymbol(journal, key, prepared)));
}

function ordersOf({ instrument, orders }: SymbolState): LiveOrders {
  return orders.map(({ account, clientOrderId, sentAtMs }) => ({ account, instrument, clientOrderId, sentAtMs }));
}

/** For the daily report (strategy 12.2): what is not hedged now, and the symbols of which that is not known, or not all of it. */
function stuckSymbols(context: TradingParts, self: AnyActorRef): StuckNow {
  const stuck: StuckSymbol[] = [];
  const awaited: string[] = [];
  const nowMs = context.clock.nowMs();
  for (const { config } of context.symbols) {
    const known = memoryOf(self.system.get(`symbol:${config.instrument}`));
    let report = known === undefined ? null : reportOf(known, nowMs);
    if (report === null) {
      awaited.push(config.instrument);
      // What it is without the touch it waits for.
      report = known === undefined ? null : reportOf({ ...known, touchAsked: false }, nowMs);
    }
    if (report !== null && report.stuck !== null) stuck.push(report.stuck);
  }
  return { stuck, awaited };
}
