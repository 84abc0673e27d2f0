import type { AlertTuning } from '../alert-manager.ts';
import { alertKey, apiFailureKey, type NetLeft, openingsStoppedKey } from '../alerts.ts';
import type { Decimal } from '../decimal.ts';
import type { ExchangeFailure } from '../failure.ts';
import type { GatewayIdle, OrderEnded } from '../messages.ts';
import {
  ACCOUNTS,
  type AccountName,
  type AccountSummary,
  type Instrument,
  type Intent,
  type LeavingWhy,
  type RolloutStage,
  type SymbolConfig,
} from '../model.ts';
import type { Standing } from '../modes.ts';
import { eachStop, NO_STOPS, type OpeningsLimits, type OpeningsStops } from '../openings-stop.ts';
import type { AlertTexts } from '../outbox-message.ts';
import type { StrategySettings } from '../plan-input.ts';
import { type Reason, reason } from '../reasons.ts';
import type { SubmissionSettings } from '../submission/memory.ts';

/** One symbol of the engine. */
export interface EngineSymbol {
  readonly config: SymbolConfig;
  /** Of an unlisted one: its rules when it was last listed. */
  readonly instrument: Instrument;
  /** No longer listed by the exchange (strategy 11.6); absent: listed. */
  readonly unlisted?: boolean;
  /** Why it is being removed (strategy 16.3); absent: it trades. */
  readonly leaving?: LeavingWhy;
  /** Commands that may be in force (strategy 16.2); absent: none. */
  readonly standing?: readonly Standing[];
  /** Its stage in the gray rollout (strategy 16.7); absent: not part of one. */
  readonly rollout?: RolloutStage;
}

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
  /** Limits that stop openings (strategy 8.6). Absent: none. */
  readonly openingsLimits?: OpeningsLimits;
  readonly cancelOnStop: boolean;
  readonly stopKeepStrategyOrders: number;
  readonly dailyReportAtMinutes: number;
  /** A daily message with the result (strategy 17.4). Absent: none. */
  readonly dailyStatement?: boolean;
  /** The exchange's dead-man timer (strategy 2.1); absent or 0: none. */
  readonly deadManMs?: number;
}

/** A live order of a symbol. */
export interface LiveOrder {
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
  /** Absent: not known, of an order that only the journal's attempts show. */
  readonly purpose?: Intent['purpose'];
  /** Our clock: its rank among the newest until the exchange tells it; absent: the last. */
  readonly sentAtMs?: number;
}

interface Respawns {
  readonly count: number;
  readonly lastMs: number;
  readonly sinceMs: number;
}

export interface DaemonMemory {
  readonly settings: DaemonSettings;
  /** Of alerts, in the language of the settings. */
  readonly texts: AlertTexts;
  readonly symbols: readonly EngineSymbol[];
  /** Since when each account is parked (strategy 9.8); null: it is not. */
  readonly parkedSinceMs: Readonly<Record<AccountName, number | null>>;
  /** The failure that parked the account. */
  readonly parked: Readonly<Record<AccountName, ExchangeFailure | null>>;
  /** Since when the journal's database has not answered (strategy 18.1); null: it does. */
  readonly journalSinceMs: number | null;
  /** What stops openings now (strategy 8.6). */
  readonly stops: OpeningsStops;
  /** Names of the reported foreign orders (strategy 11.4) that are still open. */
  readonly foreign: Readonly<Record<AccountName, readonly string[]>>;
  /** Client ids of open orders that the journal is known to have prepared, by account: it is not read again for them. */
  readonly ours: Readonly<Record<AccountName, readonly string[]>>;
  /** The last summary of each account; null: none yet. */
  readonly summaries: Readonly<Record<AccountName, AccountSummary | null>>;
  /**
   * Alert keys of conditions that hold, or may hold since before this start: the first poll clears those that do not.
   */
  readonly holding: readonly string[];
  /** Alert keys of failing calls, by account. */
  readonly failing: Readonly<Record<AccountName, readonly string[]>>;
  /** Orders recently ended by the exchange, at most one of each symbol and reason (strategy 9.5). */
  readonly ends: readonly OrderEnded[];
  /** Failed actors: how often, last and since when they keep failing. */
  readonly respawns: Readonly<Record<string, Respawns>>;
  /** Consecutive failed reads of the exchange's list. */
  readonly listingFailures: number;
  /** A read of the list is in progress; `again`: doubts arose since it was requested, so another one follows (11.8). */
  readonly listing: 'none' | 'asked' | 'again';
  /** Own orders on unknown instruments, by client id: when their cancel was last requested (strategy 16.3). */
  readonly strays: Readonly<Record<AccountName, Readonly<Record<string, number>>>>;
  /** Orders of unknown outcome when the engine stopped. */
  readonly unknown: GatewayIdle['unknown'];
  /** A stop before any symbol started: the live orders by the journal, */
  readonly journalled: readonly LiveOrder[];
  /** and what is unhedged by it. */
  readonly journalledNets: readonly NetLeft[];
  /** When trading began, by the exchange's clock. */
  readonly tradingSinceMs: number;
  /** How this run began, until the message about it is sent (strategy 12.3); null: sent, or not trading yet. */
  readonly startToSend: { readonly after: 'stop' | 'crash' | 'unknown' | 'none'; readonly sinceMs: number } | null;
  /** The stop has begun: an actor that is restarted drains at once. */
  readonly draining: boolean;
  /** An invariant was violated (strategy 15). */
  readonly broken: boolean;
  /** An uncaught defect ends the run (strategy 13.5); null: none. */
  readonly defect: string | null;
  /** The alert manager has nothing left to send. */
  readonly isAllSent: boolean;
  /** Why it stops, once it does. */
  readonly stopWhy: Reason;
  readonly exitCode: number;
  readonly failure: Reason | null;
}

/** What the alert manager takes from the settings. */
export function alertTuning({ settings, texts }: Pick<DaemonMemory, 'settings' | 'texts'>): AlertTuning {
  return { texts, dailyReportAtMinutes: settings.dailyReportAtMinutes, stuckMs: settings.strategy.stuckMs };
}

/** A daemon before it starts: alerts from before end with the first good poll. */
export function initialDaemon(settings: DaemonSettings, texts: AlertTexts): DaemonMemory {
  return {
    settings,
    texts,
    symbols: [],
    parkedSinceMs: { A: null, B: null },
    parked: { A: null, B: null },
    journalSinceMs: null,
    stops: NO_STOPS,
    foreign: { A: [], B: [] },
    ours: { A: [], B: [] },
    summaries: { A: null, B: null },
    holding: [
      ...ACCOUNTS.map((account) => alertKey('mmr', account)),
      alertKey('clock-skew'),
      ...eachStop(NO_STOPS).map(({ of }) => openingsStoppedKey(of)),
    ],
    failing: { A: failureKeysOf('A'), B: failureKeysOf('B') },
    ends: [],
    respawns: {},
    listingFailures: 0,
    listing: 'none',
    strays: { A: {}, B: {} },
    unknown: [],
    journalled: [],
    journalledNets: [],
    tradingSinceMs: 0,
    startToSend: null,
    draining: false,
    broken: false,
    defect: null,
    isAllSent: false,
    stopWhy: reason('stop-asked', '13.1', { by: '' }),
    exitCode: 0,
    failure: null,
  };
}

const CALLS_OF_ACCOUNT = [
  ...['login', 'positions', 'openOrders', 'accountSummary', 'order', 'orderHistory', 'fillHistory'],
  ...['createOrder', 'cancelOrder'],
];

/** API failures that an account's first good poll ends; its poller tells whether it is parked. */
function failureKeysOf(account: AccountName): string[] {
  return [...CALLS_OF_ACCOUNT.map((call) => apiFailureKey(account, call)), apiFailureKey(null, 'book')];
}
