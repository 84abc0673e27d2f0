import { type AnyActorRef, assign, enqueueActions, fromPromise, type SnapshotFrom, setup } from 'xstate';
import {
  type Alert,
  accountParkedAlert,
  alertKey,
  apiFailureAlert,
  apiFailureKey,
  awaitsName,
  engineAlert,
  foreignOrderAlert,
  foreignOrderName,
  journalUnreachableAlert,
  judgeBudget,
  judgeClockSkew,
  judgeMmr,
  type NetLeft,
  openingsStoppedAlert,
  openingsStoppedKey,
} from '../src/core/alerts.ts';
import { netLeftAlert, otherEngineAlert, strayOrderAlert } from '../src/core/conditions.ts';
import { type Decimal, ZERO } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import type { Fact } from '../src/core/facts.ts';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import { ruleChanges, sameRules } from '../src/core/instrument-rules.ts';
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
import {
  ACCOUNTS,
  type AccountName,
  type AccountSummary,
  type Instrument,
  type ListedOrder,
  otherAccount,
} from '../src/core/model.ts';
import { inForce, modeOf, type Standing } from '../src/core/modes.ts';
import {
  eachStop,
  NO_LIMITS,
  NO_STOPS,
  OPENINGS_STOPS_NOTE,
  type OpeningsStops,
  remainingStops,
  type StopNews,
  stopReason,
  stopsAfter,
} from '../src/core/openings-stop.ts';
import { isOwnOrder, parseClientOrderId } from '../src/core/order-id.ts';
import type { AlertTexts, Doing } from '../src/core/outbox.ts';
import { rejection } from '../src/core/refusals.ts';
import { DEAD_MAN_NOTE, RUN_NOTE, type RunNote } from '../src/core/run-note.ts';
import type { Exchange } from '../src/ports.ts';
import { type alertDeskMachine, deskIsQuiet } from './alert-desk.ts';
import {
  actorsOf,
  type DaemonInput,
  type DaemonSettings,
  type EngineSymbol,
  inDoubt,
  journalledNets,
  journalledOrders,
  type LiveOrders,
  LOGIC,
  liveOrders,
  netsLeft,
  openNow,
  type Spawner,
  spawnOne,
  standingEntry,
  type TradingParts,
} from './daemon-actors.ts';
import { type Sending, send } from './send.ts';
import { type StopCleanupOutput, stopCleanupMachine } from './stop-cleanup.ts';
import { memoryOf } from './symbol.ts';

/**
 * The engine as a whole: starts, trades, drains, cleans up, stops (strategy 11, 13). It starts the other actors, restarts
 * those that fail without touching their siblings, and judges what concerns an account rather than a symbol. It takes no
 * decision about orders.
 */

/** Pauses before a failed actor is started again; the last one goes on for ever. */
export const RESPAWN_PAUSES_MS: readonly number[] = [100, 1_000, 5_000, 30_000];
/** An actor that has run this long starts with the first pause again. */
export const RESPAWN_FORGIVEN_MS = 300_000;
/** What is in flight has this long to settle before the clean-up begins anyway: three requests and their confirmations. */
export const DRAIN_LIMIT_MS = 30_000;

/** A start is told after this at the latest, whatever is not known by then. */
export const START_TOLD_MS = 60_000;

/** A stopping engine waits this long for its last alerts to be delivered: one delivery and its pace. */
export const FAREWELL_MS = 10_000;
const LOOK_AGAIN_MS = 100;

/** While a symbol is not listed, the exchange's list is read again so often (strategy 11.6): one public request. */
export const LISTING_PAUSE_MS = 60_000;

/** The list is read again so often in any case (strategy 11.8): ticks and steps change a few times a year. */
export const RULES_PAUSE_MS = 3_600_000;
/** While an own order on an instrument nobody knows still rests, its cancel is asked for again so often (strategy 16.3). */
export const STRAY_CANCEL_MS = 30_000;

/** Ends of orders so close together, … */
export const ENDS_WITHIN_MS = 10_000;
/** … with one reason on more symbols than this, are one alert (strategy 9.5). */
export const ENDS_ALERTED_SINGLY = 5;
/** Symbols that the alert names: a message holds no hundred. */
const ENDS_NAMED = 10;
/** The alert is over when nothing more was ended for that reason for a minute. */
export const ENDS_OVER_MS = 60_000;

/** The exit code of a run that a defect ended (strategy 13.2). */
const EXIT_DEFECT = 70;

/** What the exchange lists, or why that could not be read. */
type Listing =
  | { readonly ok: true; readonly instruments: readonly Instrument[] }
  | { readonly ok: false; readonly failure: ExchangeFailure };

/** Why the engine cannot start, with its exit code (strategy 13.2). */
export interface StartFailure {
  readonly exitCode: number;
  readonly message: string;
}

interface DaemonContext extends TradingParts {
  /** Names of the foreign orders already told (strategy 11.4), those still open. */
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
  /** How this run began, until people are told what it found (strategy 12.3); null: they are, or it does not trade yet. */
  readonly toTell: { readonly after: 'stop' | 'crash' | 'unknown' | 'none'; readonly sinceMs: number } | null;
  /** The stop has begun: an actor that is started again is told so at once. */
  readonly draining: boolean;
  readonly broken: boolean;
  /** A defect that nobody caught ends the run (strategy 13.5); null: none was found. */
  readonly defect: string | null;
  /** The alert desk has nothing left to tell. */
  readonly told: boolean;
  readonly stopWhy: string;
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
  | { readonly type: 'stop.requested'; readonly why: string }
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
  /** Symbols as they are from now on: those that run are told, others are started. */
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

const daemonSetup = setup({
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
  actions: {
    takeSymbols: assign(({ event }) => ({
      symbols: 'output' in event ? (event.output as readonly EngineSymbol[]) : [],
    })),
    startTrading: enqueueActions(({ context, enqueue, self }) => {
      const stops = rememberedStops(context);
      enqueue.assign({ stops });
      for (const actor of actorsOf(context)) spawnOne({ ...context, stops }, actor, enqueue, self);
      scheduleListing(context.symbols, enqueue);
      scheduleEnds(context, context.symbols, enqueue);
      enqueue.assign({ tradingSinceMs: context.exchange.exchangeNowMs() });
      scheduleEnd(context.settings, 0, enqueue);
    }),
    sayStarted: ({ context }) => {
      say(context, {
        type: 'engine.started',
        mode: context.settings.mode,
        instruments: context.symbols.flatMap(({ config, leaving }) =>
          leaving === undefined ? [config.instrument] : [],
        ),
      });
      for (const symbol of context.symbols) sayLeaving(context, symbol);
    },
    /** For `status` and the next start: a run that trades, and how it ended. One that never traded says nothing. */
    noteStart: enqueueActions(({ context, enqueue, system }) => {
      const startedAtMs = context.clock.nowMs();
      const former = lastRun(context);
      const after = former === null ? afterNoNote(context) : former.stoppedAtMs === null ? 'crash' : 'stop';
      enqueue.assign({ toTell: { after, sinceMs: startedAtMs } });
      noteRun(context, { enqueue, system }, { startedAtMs, stoppedAtMs: null, exitCode: null });
    }),
    noteStop: enqueueActions(({ context, enqueue, system }) => {
      if (!context.draining) return;
      const stoppedAtMs = context.clock.nowMs();
      noteRun(context, { enqueue, system }, { stoppedAtMs, exitCode: context.exitCode });
    }),
    /** Once every symbol has found out where it stands, or after a minute without those that have not. */
    tellStarted: enqueueActions(({ context, enqueue, self, system }) => {
      const { toTell, symbols } = context;
      if (toTell === null || context.draining) return;
      const open = openNow(context, self);
      const waitedMs = Math.abs(context.clock.nowMs() - toTell.sinceMs);
      if (open.unknown.length > 0 && waitedMs < START_TOLD_MS) return;
      enqueue.assign({ toTell: null });
      const doing = { what: 'started', after: toTell.after, symbols: symbols.length } as const;
      send({ enqueue, system }, 'alert-desk', { type: 'news.told', news: { doing, ...open } });
    }),
    rememberWhy: assign({ stopWhy: ({ event }) => (event.type === 'stop.requested' ? event.why : '') }),
    noteDefect: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'defect.found') return;
      const { message } = event;
      enqueue.assign({ defect: message, ...(context.defect === null ? { stopWhy: `a defect: ${message}` } : {}) });
      const alert = engineAlert('defect', null, message, context.clock.nowMs());
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
    }),
    sayDraining: ({ context }) => say(context, { type: 'engine.draining', why: context.stopWhy }),
    drain: enqueueActions(({ context, enqueue, system }) => {
      enqueue.assign({ draining: true });
      const receivers = ['gateway', ...context.symbols.map((symbol) => `symbol:${symbol.config.instrument}`)];
      for (const id of receivers) send({ enqueue, system }, id, { type: 'trading.drain' });
    }),
    rememberUnknown: assign({
      unknown: ({ context, event }) => (event.type === 'gateway.idle' ? event.unknown : context.unknown),
    }),
    /**
     * The gateway never said what it still has in flight; the journal knows which orders nobody has seen rest or end. And
     * while no symbol has begun, which ones they would hold.
     */
    rememberUnsettled: enqueueActions(({ context, enqueue, system }) => {
      try {
        const unknown = inDoubt(context).map(({ intent, clientOrderId }) => ({
          account: intent.account,
          clientOrderId,
        }));
        enqueue.assign({ unknown });
        if (context.symbols.length > 0) return;
        enqueue.assign({ journalled: journalledOrders(context), journalledNets: journalledNets(context) });
      } catch (thrown) {
        // The clean-up goes by what is known without it; whether that is all nobody can say (strategy 13.2).
        reportJournal(context, errorText(thrown), { enqueue, system });
        enqueue.assign({ exitCode: 1 });
      }
    }),
    judgeAccount: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'account.polled') return;
      const { snapshot, failedLookups } = event;
      const { account } = snapshot;
      const nowMs = context.clock.nowMs();
      const open = snapshot.openOrders.filter((order) => !isOwnOrder(order) && !awaitsName(order));
      const untold = open.filter((order) => !context.foreign[account].includes(foreignOrderName(order)));
      if (untold.length > 0) {
        enqueue(() => {
          for (const order of untold) {
            const { instrument, orderId, clientOrderId } = order;
            say(context, { type: 'order.foreign', account, instrument, orderId, clientOrderId });
          }
        });
      }
      const others = othersOrders(context, snapshot.openOrders, { enqueue, system });
      const alerts = [
        ...untold.map((order) => foreignOrderAlert(account, order.instrument, order, nowMs)),
        ...others.map((order) => otherEngineAlert(account, order, nowMs)),
      ];
      const { mmrAlertThreshold } = context.settings;
      const mmr = judgeMmr(
        account,
        snapshot.summary,
        mmrAlertThreshold,
        nowMs,
        context.summaries[otherAccount(account)],
      );
      const skew = judgeClockSkew(context.exchange.clockSkewMs(), nowMs);
      // Only what holds is cleared: every poll of a good day would tell the alert desk the same twice.
      const judged = [
        { key: alertKey('mmr', account), holds: mmr !== null },
        { key: alertKey('clock-skew'), holds: skew !== null },
      ];
      const news = judged.filter(({ key, holds }) => holds !== context.holding.includes(key));
      const over = news.flatMap(({ key, holds }) => (holds ? [] : [key]));
      const begun = news.flatMap(({ key, holds }) => (holds ? [key] : []));
      // A look-up is no part of the three reads: what it fails to find out keeps its symbol waiting (strategy 10.2, 10.3).
      const lookups = failedLookups.map(({ failure, inARow }) => apiFailureAlert(failure, inARow, nowMs, null));
      const failing = lookups.map((alert) => alert.key);
      const cleared = [...context.failing[account].filter((key) => !failing.includes(key)), ...over];
      // A poll of a good day changes none of these, and each assignment makes a whole new snapshot of the machine.
      const changes = [open, context.foreign[account], context.failing[account], failing, over, begun];
      if (changes.some((list) => list.length > 0)) {
        enqueue.assign({
          foreign: { ...context.foreign, [account]: open.map(foreignOrderName) },
          failing: { ...context.failing, [account]: failing },
          holding: [...context.holding.filter((key) => !over.includes(key)), ...begun],
        });
      }
      for (const alert of [...alerts, ...lookups, mmr, skew]) {
        if (alert !== null) send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
      }
      for (const key of cleared) send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
      send({ enqueue, system }, 'heartbeat', event);
      send({ enqueue, system }, `dead-man:${account}`, event);
    }),
    /**
     * Orders of ours on instruments that no symbol runs for (strategy 16.3): a symbol that leaves takes them up, or, where
     * nobody knows the instrument, they are cancelled.
     */
    takeUpStrays: enqueueActions(({ context, event, enqueue, self, system }) => {
      if (event.type !== 'account.polled' || context.draining) return;
      const { account, openOrders } = event.snapshot;
      const run = new Set(context.symbols.map((symbol) => symbol.config.instrument));
      const strays = openOrders.filter((one) => isOwnOrder(one) && !run.has(one.instrument));
      const known = context.strays[account];
      if (strays.length === 0 && Object.keys(known).length === 0) return;
      const nowMs = context.clock.nowMs();
      const taken = [...new Set(strays.map((order) => order.instrument))].flatMap((name) => context.takeUp(name) ?? []);
      if (taken.length > 0) {
        const symbols = [...context.symbols, ...taken];
        enqueue.assign({ symbols });
        startSymbols({ ...context, symbols }, taken, { enqueue, system, self });
      }
      const nobodys = strays.filter(({ instrument }) =>
        taken.every((symbol) => symbol.config.instrument !== instrument),
      );
      const asked: Record<string, number> = {};
      for (const order of nobodys) {
        const { instrument, clientOrderId } = order;
        const lastMs = known[clientOrderId];
        const due = lastMs === undefined || nowMs - lastMs >= STRAY_CANCEL_MS || nowMs < lastMs;
        asked[clientOrderId] = due ? nowMs : lastMs;
        send({ enqueue, system }, 'alert-desk', {
          type: 'alert.raised',
          alert: strayOrderAlert(account, order, nowMs),
        });
        if (!due) continue;
        if (lastMs === undefined) {
          enqueue(() => say(context, { type: 'order.stray', account, instrument, clientOrderId }));
        }
        send({ enqueue, system }, 'gateway', { type: 'order.cancel', account, instrument, clientOrderId });
      }
      for (const clientOrderId of Object.keys(known)) {
        if (clientOrderId in asked) continue;
        const key = alertKey('stray-order', account, clientOrderId);
        send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
      }
      enqueue.assign({ strays: { ...context.strays, [account]: asked } });
    }),
    /** It has left (strategy 16.3): what it holds is listed, and nobody polls for it any more. */
    dropSymbol: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'symbol.left') return;
      const symbols = context.symbols.filter((symbol) => symbol.config.instrument !== event.instrument);
      enqueue.assign({ symbols });
      const { standing = [] } = context.symbols.find(({ config }) => config.instrument === event.instrument) ?? {};
      if (standing.length > 0) remember(context, event.instrument, [], { enqueue, system });
      enqueue(() => {
        for (const { verb } of standing)
          say(context, { type: 'command.ended', instrument: event.instrument, verb, how: 'left' });
      });
      enqueue.stopChild(`symbol:${event.instrument}`);
      tellPolled({ enqueue, system }, symbols);
    }),
    /** A symbol takes other settings between two decisions (strategy 16.4); one that does not run yet is started. */
    steer: enqueueActions(({ context, event, enqueue, self, system }) => {
      if (event.type !== 'symbols.steered') return;
      const changed = new Map(event.symbols.map((symbol) => [symbol.config.instrument, symbol]));
      const runs = (name: string) => context.symbols.some(({ config }) => config.instrument === name);
      const added = event.symbols.filter(({ config }) => !runs(config.instrument));
      const symbols = [...context.symbols.map((one) => changed.get(one.config.instrument) ?? one), ...added];
      enqueue.assign({ symbols });
      scheduleEnds(context, symbols, enqueue);
      for (const symbol of event.symbols) {
        const former = context.symbols.find(({ config }) => config.instrument === symbol.config.instrument);
        if (former === undefined) continue;
        if (former.leaving === undefined) enqueue(() => sayLeaving(context, symbol));
        tellSteered({ enqueue, system }, symbol);
      }
      startSymbols({ ...context, symbols }, added, { enqueue, system, self });
      tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
    }),
    /** Settings that were read again apply from the next decision, submission or stop on (strategy 16.4). */
    retune: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'settings.changed') return;
      const { settings, texts } = event;
      const { strategy, staleMs, loopIntervalMs, dailyReportAtMinutes } = settings;
      enqueue.assign({ settings, texts });
      send({ enqueue, system }, 'gateway', { type: 'submissions.tuned', settings: settings.submission });
      tellSymbols(context, { enqueue, system }, { type: 'strategy.changed', strategy, staleMs, loopIntervalMs });
      for (const actor of ['heartbeat', ...ACCOUNTS.map((account) => `poller:${account}`)])
        send({ enqueue, system }, actor, { type: 'readings.tuned', staleMs, loopIntervalMs });
      const { stuckMs } = strategy;
      send({ enqueue, system }, 'alert-desk', { type: 'desk.tuned', texts, dailyReportAtMinutes, stuckMs });
      if (settings.maxRuntimeMs !== context.settings.maxRuntimeMs) {
        scheduleEnd(settings, context.exchange.exchangeNowMs() - context.tradingSinceMs, enqueue);
      }
    }),
    /** Commands whose time has come end, those alone; of a `flatten` what remains is listed (strategy 16.2). */
    endCommands: enqueueActions(({ context, enqueue, self, system }) => {
      const nowMs = context.clock.nowMs();
      const symbols = context.symbols.map((symbol): EngineSymbol => {
        const { standing = [], config } = symbol;
        const { instrument } = config;
        const isDue = ({ untilMs, overdue }: Standing) => untilMs !== null && nowMs >= untilMs && !overdue;
        if (!standing.some(isDue)) return symbol;
        const now = standing.flatMap((one): Standing[] =>
          !isDue(one) ? [one] : one.verb === 'flatten' ? [{ ...one, overdue: true }] : [],
        );
        const steered = { ...symbol, standing: now };
        remember(context, instrument, now, { enqueue, system });
        enqueue(() => {
          for (const { verb } of standing.filter(isDue)) {
            if (verb !== 'flatten') say(context, { type: 'command.ended', instrument, verb, how: 'time' });
            else
              say(context, { type: 'flatten.overdue', instrument, sizes: sizesOf(system.get(`symbol:${instrument}`)) });
          }
        });
        tellSteered({ enqueue, system }, steered);
        return steered;
      });
      enqueue.assign({ symbols });
      scheduleEnds(context, symbols, enqueue);
      tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
    }),
    /** Both positions are below the tradable size: `flatten` is done, and the symbol pauses (strategy 16.2). */
    endFlatten: enqueueActions(({ context, event, enqueue, self, system }) => {
      if (event.type !== 'symbol.flattened') return;
      const { instrument } = event;
      const symbol = context.symbols.find(({ config }) => config.instrument === instrument);
      const flatten = symbol?.standing?.find(({ verb }) => verb === 'flatten');
      if (symbol === undefined || flatten === undefined) return;
      const { by, why } = flatten;
      const pause: Standing = { verb: 'pause', sinceMs: context.clock.nowMs(), untilMs: null, by, why };
      const others = (symbol.standing ?? []).filter(({ verb }) => verb !== 'flatten' && verb !== 'pause');
      const steered = { ...symbol, standing: [...others, pause] };
      remember(context, instrument, steered.standing, { enqueue, system });
      const symbols = context.symbols.map((one) => (one === symbol ? steered : one));
      enqueue.assign({ symbols });
      tellModes({ ...context, symbols }, context.symbols, { enqueue, system, self });
      enqueue(() => say(context, { type: 'command.ended', instrument, verb: 'flatten', how: 'done' }));
      tellSteered({ enqueue, system }, steered);
    }),
    alertFailure: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'account.failed') return;
      const { account, failure, inARow, atMs } = event;
      const key = apiFailureKey(failure.account, failure.call);
      const keys = context.failing[account];
      enqueue.assign({
        failing: { ...context.failing, [account]: keys.includes(key) ? keys : [...keys, key] },
      });
      const parkedFor = context.parked[account];
      // Told once, it would lapse after a day and silence nothing any more: parked it is until its poller is answered.
      const parked = parkedFor === null ? [] : [accountParkedAlert(parkedFor, account, atMs)];
      for (const alert of [...parked, apiFailureAlert(failure, inARow, atMs, null)]) {
        send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
      }
      send({ enqueue, system }, 'heartbeat', event);
    }),
    alertParked: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'account.parked') return;
      const { account, failure } = event;
      const sinceMs = context.parkedSinceMs[account] ?? context.clock.nowMs();
      enqueue.assign({
        parked: { ...context.parked, [account]: failure },
        parkedSinceMs: { ...context.parkedSinceMs, [account]: sinceMs },
      });
      tellSymbols(context, { enqueue, system }, event);
      const alert = accountParkedAlert(failure, account, context.clock.nowMs());
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
      enqueue(() => say(context, { type: 'account.parked', account, failure }));
    }),
    clearParked: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'account.unparked') return;
      const { account } = event;
      const key = alertKey('account-parked', account);
      // It may have been open since before this start.
      send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: context.clock.nowMs() });
      if (context.parked[account] === null) return;
      enqueue.assign({
        parked: { ...context.parked, [account]: null },
        parkedSinceMs: { ...context.parkedSinceMs, [account]: null },
      });
      tellSymbols(context, { enqueue, system }, event);
      enqueue(() => say(context, { type: 'account.unparked', account }));
    }),
    /** The database of the journal (strategy 18.1): both accounts wait for it. */
    judgeJournal: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'journal.reach') return;
      const { sinceMs, message } = event;
      const atMs = context.clock.nowMs();
      enqueue.assign({ journalSinceMs: sinceMs });
      tellSymbols(context, { enqueue, system }, event);
      if (sinceMs === null) {
        send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key: alertKey('journal-unreachable'), atMs });
        return;
      }
      const alert = journalUnreachableAlert(message, sinceMs, atMs);
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
      enqueue(() => say(context, { type: 'journal.failed', message }));
    }),
    noteSummary: assign(({ context, event }) =>
      event.type === 'margin.read' ? { summaries: { ...context.summaries, [event.account]: event.summary } } : {},
    ),
    /** Whether openings are stopped (strategy 8.6): symbols learn it before they decide on what was read. */
    judgeStops: enqueueActions(({ context, event, enqueue, system }) => {
      const nowMs = context.clock.nowMs();
      const limits = context.settings.openingsLimits ?? NO_LIMITS;
      const stops = stopsAfter(context.stops, limits, stopNews(event), nowMs);
      const each = eachStop(stops);
      for (const { of, why } of each) {
        const key = openingsStoppedKey(of);
        if (why !== null)
          send({ enqueue, system }, 'alert-desk', {
            type: 'alert.raised',
            alert: openingsStoppedAlert(of, why, nowMs),
          });
        else if (context.holding.includes(key))
          send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: nowMs });
      }
      const held = each.flatMap(({ of, why }) => (why === null ? [] : [openingsStoppedKey(of)]));
      const judged = each.map(({ of }) => openingsStoppedKey(of));
      if (judged.some((key) => held.includes(key) !== context.holding.includes(key)))
        enqueue.assign({ holding: [...context.holding.filter((key) => !judged.includes(key)), ...held] });
      if (stops === context.stops) return;
      enqueue.assign({ stops });
      rememberStops(context, stops, { enqueue, system });
      const why = stopReason(stops);
      const before = stopReason(context.stops);
      if ((why === null) !== (before === null) || why?.code !== before?.code)
        tellSymbols(context, { enqueue, system }, { type: 'openings.stopped', why });
    }),
    judgeBudget: enqueueActions(({ event, enqueue, system }) => {
      if (event.type !== 'budget.share' && event.type !== 'budget.late') return;
      const { key, alert } = judgeBudget(event);
      if (alert === null) send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: event.atMs });
      else send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
    }),
    spendAll: ({ context }) => context.exchange.spendAll(),
    /** Ends with one reason on many symbols within seconds have one cause, and are one alert (strategy 9.5). */
    judgeEnds: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'order.ended') return;
      const { reason, instrument } = event;
      const nowMs = context.clock.nowMs();
      const isRecent = ({ atMs }: OrderEnded) => atMs <= nowMs && nowMs - atMs <= ENDS_WITHIN_MS;
      const others = (one: OrderEnded) => one.reason !== reason || one.instrument !== instrument;
      const ends = [...context.ends.filter((one) => isRecent(one) && others(one)), event];
      enqueue.assign({ ends });
      const symbols = ends.filter((one) => one.reason === reason).map((one) => one.instrument);
      if (symbols.length <= ENDS_ALERTED_SINGLY) return;
      const key = alertKey('orders-ended', reason);
      const about = { account: null, instrument: null, atMs: nowMs, sinceMs: null };
      const details = {
        reason: rejection(reason),
        count: String(symbols.length),
        symbols: symbols.slice(0, ENDS_NAMED).join(', '),
      };
      send({ enqueue, system }, 'alert-desk', {
        type: 'alert.raised',
        alert: { kind: 'orders-ended', key, ...about, details },
      });
      enqueue.cancel(key);
      enqueue.raise({ type: 'ends.over', reason }, { id: key, delay: ENDS_OVER_MS });
    }),
    /** What an account may do concerns all its symbols (strategy 9.13). */
    tellDemand: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'reduce-only.changed') return;
      const others = context.symbols.filter(({ config }) => config.instrument !== event.instrument);
      tellSymbols({ symbols: others }, { enqueue, system }, event);
    }),
    clearEnds: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'ends.over') return;
      const key = alertKey('orders-ended', event.reason);
      send({ enqueue, system }, 'alert-desk', { type: 'alert.cleared', key, atMs: context.clock.nowMs() });
    }),
    haltSymbol: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'invariant.broken') return;
      const { invariant, instrument, detail } = event;
      enqueue.assign({ broken: true });
      enqueue(() => say(context, { type: 'invariant.broken', invariant, instrument, detail }));
      const alert: Alert = {
        kind: 'invariant-broken',
        key: alertKey('invariant-broken', invariant, instrument ?? '-'),
        account: null,
        instrument,
        atMs: context.clock.nowMs(),
        sinceMs: null,
        details: { invariant, detail },
      };
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
      for (const symbol of context.symbols) {
        if (instrument !== null && symbol.config.instrument !== instrument) continue;
        const why = `${invariant}: ${detail}`;
        send({ enqueue, system }, `symbol:${symbol.config.instrument}`, { type: 'trading.halt', why });
      }
    }),
    /** A failed actor is reported and started again after a pause; its siblings never notice. */
    superviseActor: enqueueActions(({ context, event, enqueue, system }) => {
      if (!('error' in event)) return;
      const actor = event.type.slice('xstate.error.actor.'.length);
      reportFailed(context, actor, errorText(event.error), { enqueue, system });
      enqueue.stopChild(actor);
      scheduleRespawn(context, actor, enqueue);
    }),
    /** The gateway has seen to what the task was doing. */
    alertTask: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'task.failed') return;
      const { task, message } = event;
      enqueue(() => say(context, { type: 'task.failed', task, message }));
      const alert = engineAlert('task-failed', task, message, context.clock.nowMs());
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
    }),
    alertJournal: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type === 'journal.failed') reportJournal(context, event.message, { enqueue, system });
    }),
    alertLock: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'lock.lost') return;
      const { message } = event;
      enqueue(() => say(context, { type: 'lock.lost', message }));
      const alert = engineAlert('lock-lost', null, message, context.clock.nowMs());
      send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
    }),
    /** Started again from the journal; where that cannot be read, later. */
    respawn: enqueueActions(({ context, event, enqueue, self, system }) => {
      if (event.type !== 'actor.due') return;
      const { actor } = event;
      try {
        spawnOne(context, actor, enqueue, self);
      } catch (thrown) {
        reportFailed(context, actor, errorText(thrown), { enqueue, system });
        scheduleRespawn(context, actor, enqueue);
        return;
      }
      if (context.draining && (actor === 'gateway' || actor.startsWith('symbol:'))) {
        enqueue.sendTo(actor, { type: 'trading.drain' });
      }
    }),
    /** One reading at a time: a doubt that comes while one is under way has it read once more. */
    readListing: enqueueActions(({ context, enqueue }) => {
      if (context.listing !== 'none') {
        enqueue.assign({ listing: 'again' });
        return;
      }
      enqueue.assign({ listing: 'asked' });
      enqueue.spawnChild('listing', { id: 'listing', input: { exchange: context.exchange } });
    }),
    /** Rules that changed, and symbols that are listed again or no more, apply from the next decision (strategy 11.6, 11.8). */
    takeListing: enqueueActions(({ context, event, enqueue, system }) => {
      if (event.type !== 'xstate.done.actor.listing') return;
      enqueue.stopChild('listing');
      const output = event.output as Listing;
      const listingFailures = output.ok ? 0 : context.listingFailures + 1;
      const listed = new Map(output.ok ? output.instruments.map((one) => [one.name, one]) : []);
      const symbols = context.symbols.map((symbol): EngineSymbol => {
        const instrument = listed.get(symbol.config.instrument);
        if (output.ok && instrument === undefined) return symbol.unlisted ? symbol : { ...symbol, unlisted: true };
        const isNews = instrument !== undefined && (symbol.unlisted || !sameRules(instrument, symbol.instrument));
        if (!isNews) return symbol;
        const { unlisted: _unlisted, ...rest } = symbol;
        return { ...rest, instrument };
      });
      enqueue.assign({ symbols, listingFailures, listing: 'none' });
      if (!output.ok) {
        const { failure } = output;
        enqueue(() => say(context, { type: 'listing.failed', failure, inARow: listingFailures }));
      }
      symbols.forEach((symbol, index) => {
        const former = context.symbols[index];
        if (former === undefined || former === symbol) return;
        const { instrument } = symbol;
        if (symbol.unlisted) {
          send({ enqueue, system }, `symbol:${instrument.name}`, { type: 'instrument.unlisted' });
          return;
        }
        const changes = ruleChanges(former.instrument, instrument);
        if (changes.length > 0) {
          enqueue(() => say(context, { type: 'instrument.changed', instrument: instrument.name, changes }));
        }
        // The gateway first: it prices by these rules what the symbol then asks for.
        for (const id of ['gateway', `symbol:${instrument.name}`]) {
          send({ enqueue, system }, id, { type: 'instrument.listed', instrument });
        }
      });
      if (context.listing === 'again') enqueue.raise({ type: 'listing.due' });
      else scheduleListing(symbols, enqueue);
    }),
    /** They would go on arming. */
    endDeadMan: enqueueActions(({ enqueue }) => {
      for (const account of ACCOUNTS) enqueue.stopChild(`dead-man:${account}`);
    }),
    noteDisarmed: enqueueActions(({ context, enqueue, system }) => {
      const body = { armed: false };
      try {
        context.journal.append([{ kind: 'note', key: DEAD_MAN_NOTE, atMs: context.clock.nowMs(), body }]);
      } catch (thrown) {
        reportJournal(context, errorText(thrown), { enqueue, system });
      }
    }),
    /** What was kept will be cancelled when the timer runs out. */
    alertArmed: ({ context, event, system }) => {
      const { why } = toFailure('error' in event ? event.error : event, 'cancelOnDisconnect', null);
      const alert = engineAlert('dead-man-armed', null, why, context.clock.nowMs());
      system.get('alert-desk')?.send({ type: 'alert.raised', alert });
    },
    takeCleanup: assign(({ context, event }) => {
      const output = 'output' in event ? (event.output as StopCleanupOutput) : null;
      const left = output?.left ?? [];
      return { exitCode: left.length > 0 ? 1 : context.exitCode };
    }),
    /** A fill that only the clean-up has seen is booked before what stays open is listed (strategy 13.4). */
    tellRows: ({ event, system }) => {
      const { rows = [] } = 'output' in event ? (event.output as Partial<StopCleanupOutput>) : {};
      for (const account of ACCOUNTS) {
        const own = rows.filter(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.account === account);
        const lookups = own.map((order) => ({ clientOrderId: order.clientOrderId, order }));
        if (lookups.length > 0) system.get(`poller:${account}`)?.send({ type: 'lookups.done', lookups });
      }
    },
    /** The desk hears it before it is asked whether it has something to tell: an enqueued event would come after that. */
    alertLeft: ({ context, self, system }) => {
      const atMs = context.clock.nowMs();
      const desk = system.get('alert-desk');
      const open = openNow(context, self);
      for (const net of open.unhedged) desk?.send({ type: 'alert.raised', alert: netLeftAlert(net, atMs) });
      desk?.send({ type: 'news.told', news: { doing: { what: 'stopped', why: context.stopWhy }, ...open } });
    },
    sayLeft: ({ context, self }) => {
      const left = [...netsLeft(context, self), ...context.journalledNets];
      for (const net of left) say(context, { type: 'net.left', ...net });
    },
    // At the very end: what is found broken while the last alerts are told counts as well (strategy 13.2).
    countBroken: assign(({ context }) => ({
      exitCode: context.defect !== null ? EXIT_DEFECT : context.exitCode === 0 && context.broken ? 1 : context.exitCode,
    })),
    lookAtDesk: assign({
      told: ({ system }) => {
        const desk = system.get('alert-desk')?.getSnapshot() as SnapshotFrom<typeof alertDeskMachine> | undefined;
        return desk === undefined || deskIsQuiet(desk);
      },
    }),
    failCleanup: assign(({ event }) => ({
      exitCode: 1,
      failure: `clean-up failed: ${errorText('error' in event ? event.error : event)}`,
    })),
    failStart: assign(({ event }) => {
      const error = 'error' in event ? event.error : undefined;
      const known = error instanceof Error && 'exitCode' in error ? (error as Error & StartFailure) : null;
      return { exitCode: known?.exitCode ?? 69, failure: known?.message ?? errorText(error) };
    }),
    sayStopped: ({ context }) => say(context, { type: 'engine.stopped', exitCode: context.exitCode }),
  },
});

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: DaemonInput }): DaemonContext {
  return {
    ...input,
    symbols: [],
    foreign: { A: [], B: [] },
    // What was open when the engine last went down ends with the first good poll.
    failing: { A: keysOfAccount('A'), B: keysOfAccount('B') },
    holding: [
      ...ACCOUNTS.map((account) => alertKey('mmr', account)),
      alertKey('clock-skew'),
      ...eachStop(NO_STOPS).map(({ of }) => openingsStoppedKey(of)),
    ],
    parked: { A: null, B: null },
    parkedSinceMs: { A: null, B: null },
    journalSinceMs: null,
    stops: NO_STOPS,
    summaries: { A: null, B: null },
    ends: [],
    respawns: {},
    listingFailures: 0,
    listing: 'none',
    strays: { A: {}, B: {} },
    unknown: [],
    journalled: [],
    journalledNets: [],
    tradingSinceMs: 0,
    toTell: null,
    draining: false,
    broken: false,
    defect: null,
    told: false,
    stopWhy: '',
    exitCode: 0,
    failure: null,
  };
}

type Args = { context: DaemonContext };

const outputOf = ({ context }: Args): DaemonOutput => ({ exitCode: context.exitCode, failure: context.failure });
const prepareInput = ({ context }: Args) => ({ prepare: context.prepare });
const disarmInput = ({ context }: Args) => ({ exchange: context.exchange });
const cleanupInput = ({ context, self }: Args & { self: AnyActorRef }) => ({
  exchange: context.exchange,
  clock: context.clock,
  reporter: context.reporter,
  cancelOnStop: context.settings.cancelOnStop,
  keep: context.settings.stopKeepStrategyOrders,
  unknown: context.unknown,
  live: [...context.journalled, ...liveOrders(context, self)],
});

export const daemonMachine = daemonSetup.createMachine({
  id: 'daemon',
  description: 'The engine: starts, trades, drains, cleans up, stops.',
  context: begin,
  output: outputOf,
  initial: 'starting',
  on: {
    'account.polled': { actions: ['judgeAccount', 'takeUpStrays', 'tellStarted'] },
    'margin.read': { actions: ['noteSummary', 'judgeStops'] },
    'money.counted': { actions: ['judgeStops'] },
    'account.failed': { actions: ['alertFailure'] },
    'account.parked': { actions: ['alertParked'] },
    'account.unparked': { actions: ['clearParked'] },
    'journal.reach': { actions: ['judgeJournal'] },
    'symbol.left': { actions: ['dropSymbol'] },
    'symbol.flattened': { actions: ['endFlatten'] },
    'defect.found': { actions: ['noteDefect'] },
    'budget.share': { actions: ['judgeBudget'] },
    'budget.late': { actions: ['judgeBudget'] },
    'order.ended': { actions: ['judgeEnds'] },
    'reduce-only.changed': { actions: ['tellDemand'] },
    'ends.over': { actions: ['clearEnds'] },
    'invariant.broken': { actions: ['haltSymbol'] },
    'task.failed': { actions: ['alertTask'] },
    'journal.failed': { actions: ['alertJournal'] },
    'lock.lost': { actions: ['alertLock'] },
    'actor.due': { actions: ['respawn'] },
    'xstate.error.actor.*': { actions: ['superviseActor'] },
  },
  states: {
    starting: {
      description: 'Logs both accounts in, reads the instruments and resolves the symbols.',
      invoke: {
        id: 'prepare',
        src: 'prepare',
        input: prepareInput,
        onDone: { target: 'trading', actions: ['takeSymbols'] },
        onError: { target: 'stopped', actions: ['failStart'] },
      },
      on: {
        'stop.requested': { target: 'cleaning', actions: ['rememberWhy', 'rememberUnsettled'] },
        'defect.found': { target: 'cleaning', actions: ['noteDefect', 'rememberUnsettled'] },
      },
    },
    trading: {
      description: 'Polls both accounts, decides, submits.',
      entry: ['startTrading', 'sayStarted', 'noteStart'],
      on: {
        'symbols.steered': { actions: ['steer'] },
        'settings.changed': { actions: ['retune', 'judgeStops'] },
        'commands.due': { actions: ['endCommands'] },
        'listing.due': { actions: ['readListing'] },
        'rules.doubted': { actions: ['readListing'] },
        'xstate.done.actor.listing': { actions: ['takeListing'] },
        'stop.requested': { target: 'draining', actions: ['rememberWhy'] },
        'defect.found': { target: 'draining', actions: ['noteDefect'] },
      },
    },
    draining: {
      description: 'No create leaves any more; what is in flight is settled first.',
      entry: ['sayDraining', 'spendAll', 'drain'],
      on: { 'gateway.idle': { target: 'cleaning', actions: ['rememberUnknown'] } },
      after: { drainLimitMs: { target: 'cleaning', actions: ['rememberUnsettled'] } },
    },
    cleaning: {
      description: 'Cancels our own orders, but for those to be kept, until the exchange agrees.',
      entry: 'spendAll',
      invoke: {
        id: 'cleanup',
        systemId: 'cleanup',
        src: 'cleanup',
        input: cleanupInput,
        onDone: { target: 'disarming', actions: ['takeCleanup', 'tellRows'] },
        onError: { target: 'disarming', actions: ['failCleanup'] },
      },
    },
    disarming: {
      description: 'The exchange’s dead-man timers are switched off, if they are ours: what was kept stays.',
      entry: 'endDeadMan',
      always: { guard: 'noDeadMan', target: 'telling' },
      invoke: {
        src: 'disarm',
        input: disarmInput,
        onDone: { target: 'telling', actions: ['noteDisarmed'] },
        onError: { target: 'telling', actions: ['alertArmed'] },
      },
    },
    telling: {
      description:
        'What the alert desk still has to tell gets a moment; the rest stays in the journal for the next start.',
      entry: ['alertLeft'],
      after: { farewellMs: { target: 'stopped' } },
      initial: 'looking',
      states: {
        looking: {
          description: 'Is there anything left to tell?',
          entry: ['lookAtDesk'],
          always: { guard: 'nothingToTell', target: '#daemon.stopped' },
          after: { lookAgainMs: { target: 'looking', reenter: true } },
        },
      },
    },
    stopped: {
      description: 'Nothing runs any more.',
      type: 'final',
      entry: ['countBroken', 'sayLeft', 'sayStopped', 'noteStop'],
    },
  },
});

/** Calls of an account that may have been failing when the engine last went down. */
const CALLS_OF_ACCOUNT = [
  ...['login', 'positions', 'openOrders', 'accountSummary', 'order', 'orderHistory', 'fillHistory'],
  ...['createOrder', 'cancelOrder'],
];

/** API failures that the first good poll of an account ends; that it is not parked its poller says. */
function keysOfAccount(account: AccountName): string[] {
  return [...CALLS_OF_ACCOUNT.map((call) => apiFailureKey(account, call)), apiFailureKey(null, 'book')];
}

/** What of an action's arguments helpers act with. */
interface Acting extends Sending {
  readonly enqueue: Sending['enqueue'] &
    Spawner & {
      (does: () => void): void;
      assign(change: Partial<DaemonContext>): void;
      raise(event: DaemonEvent, options: { readonly id: string; readonly delay: number }): void;
    };
}

/** Tells every symbol. */
function tellSymbols({ symbols }: Pick<DaemonContext, 'symbols'>, sending: Sending, message: Message): void {
  for (const { config } of symbols) send(sending, `symbol:${config.instrument}`, message);
}

/** When the list is read again: soon while a symbol waits to be listed (strategy 11.6), else within the hour (11.8). */
function scheduleListing(
  symbols: readonly EngineSymbol[],
  enqueue: {
    cancel: (id: string) => void;
    raise: (event: DaemonEvent, options: { id: string; delay: number }) => void;
  },
): void {
  const delay = symbols.some((symbol) => symbol.unlisted) ? LISTING_PAUSE_MS : RULES_PAUSE_MS;
  enqueue.cancel('listing-due');
  enqueue.raise({ type: 'listing.due' }, { id: 'listing-due', delay });
}

/**
 * When the engine ends by itself (`MAX_RUNTIME`, strategy 2.1).
 *
 * @param tradedMs how long it has traded already
 */
function scheduleEnd(
  { maxRuntimeMs }: Pick<DaemonSettings, 'maxRuntimeMs'>,
  tradedMs: number,
  enqueue: Parameters<typeof scheduleListing>[1],
): void {
  enqueue.cancel('run-over');
  if (maxRuntimeMs === null) return;
  const event = { type: 'stop.requested', why: `${maxRuntimeMs / 1000} s are over` } as const;
  enqueue.raise(event, { id: 'run-over', delay: Math.max(0, maxRuntimeMs - tradedMs) });
}

/** Longest timer for the end of a command: a timer takes 24.8 days at most, and a wall clock may be set meanwhile. */
const ENDS_LOOK_MS = 3_600_000;

/** When the next command ends by its time, or its deadline comes (strategy 16.2). */
function scheduleEnds(
  { clock }: Pick<DaemonContext, 'clock'>,
  symbols: readonly EngineSymbol[],
  enqueue: Parameters<typeof scheduleListing>[1],
): void {
  enqueue.cancel('commands-due');
  const times = symbols.flatMap(({ standing = [] }) =>
    standing.flatMap(({ untilMs, overdue }) => (untilMs === null || overdue ? [] : [untilMs])),
  );
  if (times.length === 0) return;
  const delay = Math.min(Math.max(0, Math.min(...times) - clock.nowMs()), ENDS_LOOK_MS);
  enqueue.raise({ type: 'commands.due' }, { id: 'commands-due', delay });
}

/** These commands are in force now, remembered or, with an alert, not (strategy 16.2). */
function remember(context: DaemonContext, instrument: string, standing: readonly Standing[], acting: Acting): void {
  try {
    context.journal.append([standingEntry(instrument, standing, context.clock.nowMs())]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), acting);
  }
}

/** Changes of mode are messages, with what is unhedged (strategy 12.3); symbols with one new mode are one message. */
function tellModes(
  context: DaemonContext,
  before: readonly EngineSymbol[],
  { enqueue, system, self }: Acting & { readonly self: AnyActorRef },
): void {
  const nowMs = context.clock.nowMs();
  const former = new Map(before.map((symbol) => [symbol.config.instrument, symbol]));
  const byMode = new Map<string, EngineSymbol[]>();
  for (const symbol of context.symbols) {
    const was = former.get(symbol.config.instrument);
    if (was === undefined || was === symbol) continue;
    const mode = modeWord(symbol, nowMs);
    // Whatever of a command has just ended was in force until now.
    const standing = (was.standing ?? []).map((one) => ({ ...one, untilMs: null }));
    if (mode !== modeWord({ ...was, standing }, nowMs)) byMode.set(mode, [...(byMode.get(mode) ?? []), symbol]);
  }
  for (const [mode, symbols] of byMode) {
    const given = symbols.flatMap(({ standing = [] }) => inForce(standing, nowMs));
    const ends = given.flatMap(({ untilMs }) => untilMs ?? []);
    const doing: Doing = {
      what: 'mode-changed',
      symbols: symbols.map(({ config }) => config.instrument),
      mode,
      by: [...new Set(given.map(({ by }) => by))],
      untilMs: ends.length > 0 ? Math.max(...ends) : null,
      why: given.at(-1)?.why ?? '',
    };
    const news = { doing, ...openNow({ ...context, symbols }, self) };
    send({ enqueue, system }, 'alert-desk', { type: 'news.told', news });
  }
}

function modeWord({ config, standing = [], leaving, rollout }: EngineSymbol, nowMs: number): string {
  if (standing.some(({ verb }) => verb === 'flatten')) return 'flatten';
  return modeOf({ file: config.mode, standing, leaving, rollout }, nowMs);
}

function tellSteered(sending: Sending, { config, standing = [], leaving, rollout }: EngineSymbol): void {
  const sources = { config, standing, leaving: leaving ?? null, rollout: rollout ?? null };
  const steered = { type: 'symbol.steered', ...sources } as const;
  send(sending, `symbol:${config.instrument}`, steered);
}

/** Symbols that did not run: pollers and gateway learn of them first (strategy 16.3, 16.4). */
function startSymbols(
  context: DaemonContext,
  added: readonly EngineSymbol[],
  { enqueue, system, self }: Acting & { readonly self: AnyActorRef },
): void {
  if (added.length === 0) return;
  tellPolled({ enqueue, system }, context.symbols);
  for (const symbol of added) {
    enqueue(() => sayLeaving(context, symbol));
    const { instrument } = symbol;
    if (!symbol.unlisted) send({ enqueue, system }, 'gateway', { type: 'instrument.listed', instrument });
    spawnOne(context, `symbol:${symbol.config.instrument}`, enqueue, self);
  }
}

/** What the accounts hold of a symbol by its ledger. */
function sizesOf(actor: AnyActorRef | undefined): Readonly<Record<AccountName, Decimal>> {
  return memoryOf(actor)?.state.booked ?? { A: ZERO, B: ZERO };
}

/** An order of an engine before this one, whose journal is lost, may reach the exchange so long after this one has started. */
const LATE_ORDER_MS = 10_000;

/**
 * Own orders that another engine placed while this one runs (strategy 11.1): created since, and in no journal entry of this one.
 * At most the first of them. Openings are not withheld for it: of two engines that both saw the other, none would trade.
 */
function othersOrders(context: DaemonContext, orders: readonly ListedOrder[], parts: Acting): readonly ListedOrder[] {
  const sinceMs = context.tradingSinceMs + LATE_ORDER_MS;
  const late = orders.filter((order) => isOwnOrder(order) && Number(order.createTimeNs / 1_000_000n) > sinceMs);
  try {
    return late
      .filter(({ clientOrderId }) => context.journal.latest('order.prepared', clientOrderId) === null)
      .slice(0, 1);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), parts);
    return [];
  }
}

/** Says that an actor failed, and alerts; the alert desk's own failure can only be said. */
function reportFailed(context: DaemonContext, actor: string, message: string, { enqueue, system }: Acting): void {
  enqueue(() => say(context, { type: 'actor.failed', actor, message }));
  if (actor === 'alert-desk') return;
  const alert = engineAlert('actor-failed', actor, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

/** Says that the journal failed, and alerts. */
function reportJournal(context: DaemonContext, message: string, { enqueue, system }: Acting): void {
  enqueue(() => say(context, { type: 'journal.failed', message }));
  const alert = engineAlert('journal-failed', null, message, context.clock.nowMs());
  send({ enqueue, system }, 'alert-desk', { type: 'alert.raised', alert });
}

function stopNews(event: DaemonEvent): StopNews {
  if (event.type === 'margin.read') return { margin: event };
  return event.type === 'money.counted' ? { day: event.day } : {};
}

/** What stopped openings when the engine last went down, as far as it still may (strategy 8.6). */
function rememberedStops({ journal, settings, clock }: DaemonContext): OpeningsStops {
  const known = (journal.latest('note', OPENINGS_STOPS_NOTE)?.body as OpeningsStops | undefined) ?? NO_STOPS;
  return remainingStops(known, settings.openingsLimits ?? NO_LIMITS, clock.nowMs());
}

/** Forgotten, a stop for the loss of the day would end with the process. */
function rememberStops({ journal, clock, ...context }: DaemonContext, body: OpeningsStops, parts: Acting): void {
  try {
    journal.append([{ kind: 'note', key: OPENINGS_STOPS_NOTE, atMs: clock.nowMs(), body }]);
  } catch (thrown) {
    reportFailed({ journal, clock, ...context }, 'journal', errorText(thrown), parts);
  }
}

function lastRun({ journal }: Pick<DaemonContext, 'journal'>): RunNote | null {
  return (journal.latest('note', RUN_NOTE)?.body as RunNote | undefined) ?? null;
}

/** A version that kept no such note has traded with this journal: it does not say how that ended. */
function afterNoNote({ journal }: Pick<DaemonContext, 'journal'>): 'unknown' | 'none' {
  return journal.latestOfEach('symbol.state').length === 0 ? 'none' : 'unknown';
}

/** The engine trades and stops without that note; that it cannot be written is reported. */
function noteRun(context: DaemonContext, parts: Acting, change: Partial<RunNote>): void {
  const { journal, clock } = context;
  try {
    const body = { ...lastRun(context), ...change };
    journal.append([{ kind: 'note', key: RUN_NOTE, atMs: clock.nowMs(), body }]);
  } catch (thrown) {
    reportJournal(context, errorText(thrown), parts);
  }
}

/** The pause before it is started again: longer each time, unless it had run well for a while. */
function scheduleRespawn(context: DaemonContext, actor: string, enqueue: Acting['enqueue']): void {
  const nowMs = context.clock.nowMs();
  const former = context.respawns[actor];
  const count = former && nowMs - former.lastMs < RESPAWN_FORGIVEN_MS ? former.count + 1 : 0;
  enqueue.assign({ respawns: { ...context.respawns, [actor]: { count, lastMs: nowMs } } });
  const delay = RESPAWN_PAUSES_MS[Math.min(count, RESPAWN_PAUSES_MS.length - 1)] ?? 0;
  enqueue.raise({ type: 'actor.due', actor }, { id: `respawn:${actor}`, delay });
}

/** The pollers hand slices to these symbols from the present poll on. */
function tellPolled(sending: Sending, symbols: readonly EngineSymbol[]): void {
  const instruments = symbols.map((symbol) => symbol.config.instrument);
  for (const account of ACCOUNTS) send(sending, `poller:${account}`, { type: 'instruments.polled', instruments });
}

function sayLeaving(context: DaemonContext, { config, leaving }: EngineSymbol): void {
  if (leaving !== undefined) say(context, { type: 'symbol.leaving', instrument: config.instrument, leaving });
}

type Sayable = Fact extends infer One ? (One extends Fact ? Omit<One, 'atMs'> : never) : never;

function say(context: DaemonContext, fact: Sayable): void {
  context.reporter.report({ atMs: context.clock.nowMs(), ...fact } as Fact);
}
