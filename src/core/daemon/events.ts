import type { Fact } from '../facts.ts';
import type { ExchangeFailure } from '../failure.ts';
import type {
  AccountFailed,
  AccountParked,
  AccountPolled,
  AccountUnparked,
  GatewayIdle,
  JournalFailed,
  JournalReach,
  LockLost,
  MarginRead,
  MoneyCounted,
  OrderEnded,
  ReduceOnlyChanged,
  RulesDoubted,
  SymbolFlattened,
  SymbolLeft,
  TaskFailed,
} from '../messages.ts';
import type { Instrument } from '../model.ts';
import type { AlertTexts } from '../outbox-message.ts';
import type { Reason } from '../reasons.ts';
import type { DaemonSettings, EngineSymbol } from './memory.ts';

/** The daemon's events besides the messages of core/messages.ts. */

/** The exchange's list of instruments, or why it is unreadable. */
export type Listing =
  | { readonly ok: true; readonly instruments: readonly Instrument[] }
  | { readonly ok: false; readonly failure: ExchangeFailure };

/** Commands or rows changed (strategy 16); the journal already has them. */
export interface SymbolsSteered {
  readonly type: 'symbols.steered';
  /** Running ones take their new settings, the others are started. */
  readonly symbols: readonly EngineSymbol[];
}

/** Settings changed that apply while it runs (strategy 16.4). */
export interface SettingsChanged {
  readonly type: 'settings.changed';
  readonly settings: DaemonSettings;
  readonly texts: AlertTexts;
}

/** SIGINT, SIGTERM, a command, or the end of `MAX_RUNTIME`. */
export interface StopRequested {
  readonly type: 'stop.requested';
  readonly why: Reason;
}

/** An uncaught exception or rejection (strategy 13.5). */
export interface DefectFound {
  readonly type: 'defect.found';
  readonly message: string;
}

/** The auditor found an invariant violated (strategy 15). */
export interface InvariantBroken {
  readonly type: 'invariant.broken';
  readonly invariant: string;
  readonly instrument: string | null;
  readonly detail: string;
}

/** The request budget was cut, has recovered, or requests wait for it (strategy 9.1, 9.9). */
export type BudgetChanged = Extract<Fact, { readonly type: 'budget.share' | 'budget.late' }>;

/** Timers of the daemon. */
export type DaemonTimer =
  /** A failed actor is restarted. */
  | { readonly type: 'actor.due'; readonly actor: string }
  /** A command expires, or reaches its deadline (strategy 16.2). */
  | { readonly type: 'commands.due' }
  /** The exchange's list is due to be read (strategy 11.6, 11.8). */
  | { readonly type: 'listing.due' }
  /** No order was ended for that reason for a while (strategy 9.5). */
  | { readonly type: 'ends.over'; readonly reason: string }
  | StopRequested;

/** All events of the daemon, except the ends of the calls and actors it starts. */
export type DaemonEvent =
  | AccountPolled
  | AccountFailed
  | AccountParked
  | AccountUnparked
  | BudgetChanged
  | DaemonTimer
  | DefectFound
  | GatewayIdle
  | InvariantBroken
  | JournalFailed
  | JournalReach
  | LockLost
  | MarginRead
  | MoneyCounted
  | OrderEnded
  | ReduceOnlyChanged
  | RulesDoubted
  | SettingsChanged
  | SymbolFlattened
  | SymbolLeft
  | SymbolsSteered
  | TaskFailed;
