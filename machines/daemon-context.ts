import { fromPromise, setup } from 'xstate';
import { engineAlert, type NetLeft } from '../src/core/alerts.ts';
import type { Fact } from '../src/core/facts.ts';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
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
  Message,
  MoneyCounted,
  OrderEnded,
  ReduceOnlyChanged,
  RulesDoubted,
  SymbolFlattened,
  SymbolLeft,
  TaskFailed,
} from '../src/core/messages.ts';
import { ACCOUNTS, type AccountName, type AccountSummary, type Instrument } from '../src/core/model.ts';
import type { AlertTexts } from '../src/core/outbox-message.ts';
import type { Reason } from '../src/core/reasons.ts';
import type { Exchange } from '../src/ports.ts';
import {
  type DaemonInput,
  type DaemonSettings,
  type EngineSymbol,
  type LiveOrders,
  LOGIC,
  type TradingParts,
} from './daemon-actors.ts';
import { type Sending, send } from './send.ts';
import { stopCleanupMachine } from './stop-cleanup.ts';

/** What the daemon knows, what it receives, and what its actions act with. The chart is daemon.ts. */

/** What is in flight has this long to settle before the clean-up begins anyway: three requests and their confirmations. */
export const DRAIN_LIMIT_MS = 30_000;

/** A stopping engine waits this long for its last alerts to be delivered: one delivery and its pace. */
export const FAREWELL_MS = 10_000;

const LOOK_AGAIN_MS = 100;

/** What the exchange lists, or why that could not be read. */
export type Listing =
  | { readonly ok: true; readonly instruments: readonly Instrument[] }
  | { readonly ok: false; readonly failure: ExchangeFailure };

/** Why the engine cannot start, with its exit code (strategy 13.2). */
export interface StartFailure {
  readonly exitCode: number;
  readonly message: string;
}

export interface DaemonContext extends TradingParts {
  /** Names of the foreign orders already reported (strategy 11.4), those still open. */
  readonly foreign: Readonly<Record<AccountName, readonly string[]>>;
  /** The last summary of each account; null: none yet. */
  readonly summaries: Readonly<Record<AccountName, AccountSummary | null>>;
  /** Keys of conditions judged here that hold, or may since before this start: the first poll clears those that do not. */
  readonly holding: readonly string[];
  /** Alert keys of failing calls, per account. */
  readonly failing: Readonly<Record<AccountName, readonly string[]>>;
  /** What each account was parked for (strategy 9.8); null: it is not. */
  readonly parked: Readonly<Record<AccountName, ExchangeFailure | null>>;
  /** Orders that the exchange ended lately, at most one of each symbol and reason (strategy 9.5). */
  readonly ends: readonly OrderEnded[];
  /** Respawns per actor. */
  readonly respawns: Readonly<Record<string, { readonly count: number; readonly lastMs: number }>>;
  /** How often in a row the exchange's list could not be read while a symbol was waiting for it. */
  readonly listingFailures: number;
  /** A reading of the list is under way; `again`: doubts came after it was asked for, so another one follows (11.8). */
  readonly listing: 'none' | 'asked' | 'again';
  /** Own orders on instruments nobody knows, by client id: when their cancel was last asked for (strategy 16.3). */
  readonly strays: Readonly<Record<AccountName, Readonly<Record<string, number>>>>;
  readonly unknown: GatewayIdle['unknown'];
  /** When trading began, by the exchange's clock. */
  readonly tradingSinceMs: number;
  /** A stop before any symbol began: what the journal holds live. */
  readonly journalled: LiveOrders;
  /** … and what is not hedged by it. */
  readonly journalledNets: readonly NetLeft[];
  /** How this run began, until the message about its start is sent (strategy 12.3); null: it is, or it does not trade yet. */
  readonly toTell: { readonly after: 'stop' | 'crash' | 'unknown' | 'none'; readonly sinceMs: number } | null;
  /** The stop has begun: an actor that is started again drains at once. */
  readonly draining: boolean;
  readonly broken: boolean;
  /** A defect that nobody caught ends the run (strategy 13.5); null: none was found. */
  readonly defect: string | null;
  /** The alert desk has nothing left to tell. */
  readonly told: boolean;
  /** Why it stops, once it does. */
  readonly stopWhy: Reason;
  readonly exitCode: number;
  readonly failure: string | null;
}

export type DaemonEvent =
  | AccountPolled
  | AccountFailed
  | AccountParked
  | AccountUnparked
  | JournalReach
  | TaskFailed
  | JournalFailed
  | LockLost
  | MarginRead
  | MoneyCounted
  | GatewayIdle
  | SymbolLeft
  | SymbolFlattened
  | SymbolsSteered
  /** Settings that can change while it runs have (strategy 16.4). */
  | { readonly type: 'settings.changed'; readonly settings: DaemonSettings; readonly texts: AlertTexts }
  /** A command ends by its time, or the deadline of one has come (strategy 16.2). */
  | { readonly type: 'commands.due' }
  /** SIGINT, SIGTERM. */
  | { readonly type: 'stop.requested'; readonly why: Reason }
  /** An exception or a rejection that nobody caught (strategy 13.5). */
  | { readonly type: 'defect.found'; readonly message: string }
  /** The request budget was cut, has recovered, or is waited for (strategy 9.1, 9.9). */
  | Extract<Fact, { readonly type: 'budget.share' | 'budget.late' }>
  /** The auditor found an invariant broken (strategy 15). */
  | {
      readonly type: 'invariant.broken';
      readonly invariant: string;
      readonly instrument: string | null;
      readonly detail: string;
    }
  | { readonly type: 'actor.due'; readonly actor: string }
  | RulesDoubted
  | OrderEnded
  | ReduceOnlyChanged
  /** No order was ended for that reason for a while. */
  | { readonly type: 'ends.over'; readonly reason: string }
  /** Time to read the exchange's list again (strategy 11.6, 11.8). */
  | { readonly type: 'listing.due' }
  | { readonly type: 'xstate.done.actor.listing'; readonly output: unknown; readonly actorId: string }
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string };

/** Commands, rows or both changed (strategy 16); what is to be remembered is in the journal already. */
export interface SymbolsSteered {
  readonly type: 'symbols.steered';
  /** Symbols as they are from now on: those that run take them, others are started. */
  readonly symbols: readonly EngineSymbol[];
}

export interface DaemonOutput {
  readonly exitCode: number;
  readonly failure: string | null;
}

const prepare = fromPromise<readonly EngineSymbol[], { readonly prepare: DaemonInput['prepare'] }>(({ input }) =>
  input.prepare(),
);

const listing = fromPromise<Listing, { readonly exchange: Exchange }>(async ({ input }) => {
  try {
    return { ok: true, instruments: await input.exchange.instruments() };
  } catch (thrown) {
    return { ok: false, failure: toFailure(thrown, 'instruments', null) };
  }
});

/** Twice at most: one request that got lost must not cost what was to be kept. */
const disarm = fromPromise<void, { readonly exchange: Exchange }>(async ({ input: { exchange } }) => {
  const off = (account: AccountName) => exchange.cancelOnDisconnect(account, 0);
  await Promise.all(ACCOUNTS.map((account) => off(account).catch(() => off(account))));
});

/** Types, actors, times and guards of the daemon's chart; its actions are in daemon.ts. */
export const daemon = setup({
  types: {
    input: {} as DaemonInput,
    context: {} as DaemonContext,
    events: {} as DaemonEvent,
    output: {} as DaemonOutput,
  },
  actors: {
    prepare,
    listing,
    cleanup: stopCleanupMachine,
    disarm,
    ...LOGIC,
  },
  delays: {
    drainLimitMs: DRAIN_LIMIT_MS,
    farewellMs: FAREWELL_MS,
    lookAgainMs: LOOK_AGAIN_MS,
  },
  guards: {
    nothingToTell: ({ context }) => context.told,
    noDeadMan: ({ context }) => !context.settings.deadManMs,
  },
});

/** The events of that type. */
export type EventOf<T extends DaemonEvent['type']> = Extract<DaemonEvent, { readonly type: T }>;

/** What of an action's arguments its function acts with, typed by the setup itself. */
export type Acting = Pick<Parameters<Parameters<typeof daemon.enqueueActions>[0]>[0], 'enqueue' | 'system' | 'self'>;

/** … where it starts no actors. */
export type Reporting = Omit<Acting, 'self'>;

/** Tells every symbol. */
export function tellSymbols({ symbols }: Pick<DaemonContext, 'symbols'>, sending: Sending, message: Message): void {
  for (const { config } of symbols) send(sending, `symbol:${config.instrument}`, message);
}

/** Says that an actor failed, and alerts; the alert desk's own failure can only be said. */
export function reportFailed(
  context: DaemonContext,
  actor: string,
  message: string,
  { enqueue, system }: Reporting,
): void {
  enqueue(() => say(context, { type: 'actor.failed', actor, message }));
  if (actor === 'alert-desk') return;
  const alert = engineAlert('actor-failed', actor, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

/** Says that the journal failed, and alerts. */
export function reportJournal(context: DaemonContext, message: string, { enqueue, system }: Reporting): void {
  enqueue(() => say(context, { type: 'journal.failed', message }));
  const alert = engineAlert('journal-failed', null, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

type Sayable = Fact extends infer One ? (One extends Fact ? Omit<One, 'atMs'> : never) : never;

export function say(context: DaemonContext, fact: Sayable): void {
  context.reporter.report({ atMs: context.clock.nowMs(), ...fact } as Fact);
}
