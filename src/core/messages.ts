import type { Alert } from './alerts.ts';
import type { Decimal } from './decimal.ts';
import type { ExchangeFailure } from './failure.ts';
import type { PreparedOrder } from './journal-entry.ts';
import type {
  AccountName,
  AccountSnapshot,
  AccountSummary,
  ExchangeOrder,
  Instrument,
  Intent,
  LeavingWhy,
  OrderLookup,
  RolloutStage,
  Side,
  SymbolConfig,
  SymbolSnapshot,
  TrackedOrder,
} from './model.ts';
import type { Standing } from './modes.ts';
import type { DayMoney } from './openings-stop.ts';
import type { News, Statement } from './outbox.ts';
import type { AlertTexts } from './outbox-message.ts';
import type { StrategySettings } from './plan-input.ts';
import type { Reason } from './reasons.ts';
import type { ReduceOnly } from './symbol-state.ts';
import type { AccountFrame } from './view.ts';

/**
 * Every event that crosses between actors. Facts are `noun.past`, requests are `noun.verb`.
 *
 * | from → to                | events                                                        |
 * |--------------------------|---------------------------------------------------------------|
 * | poller → symbol          | snapshot.received, snapshot.failed, poller.started            |
 * | poller → daemon          | account.polled, account.failed                                |
 * | symbol → poller          | orders.watched                                                |
 * | streams → poller         | frame.received, streams.reported                              |
 * | poller → gateway         | order.seen, streams.changed                                   |
 * | poller → cleanup         | order.seen                                                    |
 * | poller → alert-manager      | alert.raised                                                  |
 * | symbol → gateway         | order.submit, intents.outdated, order.cancel, order.resolve, touch.request |
 * | gateway → symbol         | order.sent, attempt.refused, submission.ended, order.resolved, cancel.ended, touch.received, touch.failed, gateway.started |
 * | submission → gateway     | submission.prepared, submission.reported, parking.found           |
 * | gateway → submission     | submission.halt, order.seen, streams.changed                  |
 * | gateway → cancellation   | order.seen, streams.changed                                   |
 * | cancellation → gateway   | cancellation.reported, parking.found                              |
 * | gateway → poller         | account.parked                                                |
 * | submission, cancellation, daemon → poller | lookups.done                                 |
 * | poller → gateway, daemon | account.parked, account.unparked                              |
 * | symbol, gateway, daemon → alert-manager | alert.raised, alert.cleared                       |
 * | daemon → symbol          | trading.halt                                                  |
 * | daemon → symbol, gateway | instrument.listed                                             |
 * | daemon → symbol          | symbol.steered, symbol.forgotten, strategy.changed            |
 * | daemon → gateway         | submissions.tuned                                             |
 * | daemon → poller, heartbeat | readings.tuned                                              |
 * | daemon → alert-manager      | alerts.tuned                                                    |
 * | symbol → daemon          | symbol.flattened                                              |
 * | daemon → symbol          | instrument.unlisted                                           |
 * | symbol → daemon → symbol | reduce-only.changed                                           |
 * | symbol → daemon          | rules.doubted, order.ended                                    |
 * | daemon → symbol          | account.parked, account.unparked (as pollers and gateway said) |
 * | run → daemon → symbol    | journal.reach                                                 |
 * | run → daemon             | journal.failed, lock.lost                                     |
 * | poller → daemon          | margin.read                                                   |
 * | daemon → symbol          | openings.stopped                                              |
 * | money reader → daemon    | money.counted                                                 |
 * | daemon → all             | trading.drain                                                 |
 * | gateway → daemon         | gateway.idle, account.parked, task.failed                     |
 * | daemon → heartbeat       | account.polled, account.failed (as the pollers sent them)     |
 *
 * Actors find each other by system id: `symbol:<instrument>`, `poller:A`, `poller:B`, `gateway`, `alert-manager`, `daemon`, `cleanup`.
 */

/** Any of them. */
export type Message =
  | PollerStarted
  | SnapshotReceived
  | SnapshotFailed
  | AccountPolled
  | AccountFailed
  | OrdersWatched
  | FrameReceived
  | LookupsDone
  | StreamsReported
  | OrderSeen
  | StreamsChanged
  | OrderSubmit
  | IntentsOutdated
  | OrderCancel
  | OrderResolve
  | TouchRequest
  | GatewayStarted
  | OrderSent
  | AttemptRefused
  | SubmissionEnded
  | OrderResolved
  | CancelEnded
  | TouchReceived
  | TouchFailed
  | TradingDrain
  | GatewayIdle
  | AccountParked
  | AccountUnparked
  | JournalReach
  | TaskFailed
  | JournalFailed
  | LockLost
  | OpeningsStopped
  | MoneyCounted
  | MarginRead
  | SubmissionPrepared
  | SubmissionReport
  | SubmissionHalt
  | CancellationReport
  | AlertHandled
  | NewsReported
  | AlertRaised
  | AlertCleared
  | TradingHalt
  | SymbolLeft
  | SymbolSteered
  | SymbolForgotten
  | SubmissionsTuned
  | StrategyChanged
  | ReadingsTuned
  | AlertsTuned
  | SymbolFlattened
  | InstrumentsPolled
  | InstrumentListed
  | InstrumentUnlisted
  | RulesDoubted
  | OrderEnded
  | ReduceOnlyChanged
  | ParkingFound;

export type PollerToSymbol = SnapshotReceived | SnapshotFailed | PollerStarted;

/**
 * A poller has started. Only sent to running symbols when a failed poller was replaced, whose watch lists are lost:
 * each symbol sends its `orders.watched` again.
 */
export interface PollerStarted {
  readonly type: 'poller.started';
  readonly account: AccountName;
}

export interface SnapshotReceived {
  readonly type: 'snapshot.received';
  readonly snapshot: SymbolSnapshot;
}

/** A poll failed: no data (strategy 10.3). The symbol judges the age of its last data. */
export interface SnapshotFailed {
  readonly type: 'snapshot.failed';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
  readonly atMs: number;
}

/** Everything that reaches a symbol. */
export type ToSymbol =
  | PollerToSymbol
  | GatewayToSymbol
  | TradingDrain
  | TradingHalt
  | InstrumentListed
  | InstrumentUnlisted
  | AccountParked
  | AccountUnparked
  | JournalReach
  | OpeningsStopped
  | ReduceOnlyChanged
  | SymbolSteered
  | SymbolForgotten
  | StrategyChanged;

export type PollerToDaemon = AccountPolled | AccountFailed;

export interface AccountPolled {
  readonly type: 'account.polled';
  readonly snapshot: AccountSnapshot;
  /** Look-ups that fail, one per call (strategy 10.2): no data for their symbols. */
  readonly failedLookups: readonly FailedLookup[];
}

/** A failing look-up call (strategy 10.3, 12); `inARow` counts the polls it failed in. */
export interface FailedLookup {
  readonly failure: ExchangeFailure;
  readonly inARow: number;
}

export interface AccountFailed {
  readonly type: 'account.failed';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
  readonly inARow: number;
  readonly atMs: number;
}

/**
 * All client ids of that symbol and account that are confirmed and live; those missing from the open orders are looked
 * up in the same poll (strategy 10.2). Replaces the previous list, from the next poll on.
 */
export interface OrdersWatched {
  readonly type: 'orders.watched';
  readonly instrument: string;
  readonly clientOrderIds: readonly string[];
  /**
   * When each was sent, our clock: how far back the order history is read if `order` no longer knows it. Default: a
   * day.
   */
  readonly sentAtMs?: Readonly<Record<string, number>>;
  /** A difference needs explaining: the slice includes the fill history since then (10.5). Absent: not needed. */
  readonly fillsSinceMs?: number;
}

/** A frame of the account's streams, in sequence (strategy 10.6). */
export interface FrameReceived {
  readonly type: 'frame.received';
  readonly frame: AccountFrame;
}

/** REST answers about orders, for the view before its next full read (strategy 10.1). */
export interface LookupsDone {
  readonly type: 'lookups.done';
  readonly lookups: readonly OrderLookup[];
}

/** The account's streams are all subscribed, or no longer. */
export interface StreamsReported {
  readonly type: 'streams.reported';
  readonly up: boolean;
  readonly atMs: number;
}

/** The row of an own order changed, by a frame or by REST (strategy 9.4). */
export interface OrderSeen {
  readonly type: 'order.seen';
  readonly account: AccountName;
  readonly order: ExchangeOrder;
  /** Its streams are intact and will report further changes. */
  readonly intact: boolean;
}

/** The account's streams are intact from now on, or no longer: then REST is asked for states at once (strategy 9.4). */
export interface StreamsChanged {
  readonly type: 'streams.changed';
  readonly account: AccountName;
  readonly intact: boolean;
}

export type SymbolToGateway = OrderSubmit | IntentsOutdated | OrderCancel | OrderResolve | TouchRequest;

export interface OrderSubmit {
  readonly type: 'order.submit';
  readonly intent: Intent;
}

/** A fill was booked: no attempt of an earlier decision may be sent (strategy 5, 6, 9.5). */
export interface IntentsOutdated {
  readonly type: 'intents.outdated';
  readonly instrument: string;
}

/** Cancel by client order id; confirmed by the order's state (strategy 9.7). */
export interface OrderCancel {
  readonly type: 'order.cancel';
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
}

/** The order's state became unknown after all (confirmed live, then 1004): look it up by strategy 9.6. */
export interface OrderResolve {
  readonly type: 'order.resolve';
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly sentAtMs: number;
  readonly expirationMs: number;
  /** For the log; absent: read from the journal. */
  readonly purpose?: 'opening' | 'repair';
}

/** A flat symbol needs the book's mid as its mark (strategy 3.1). */
export interface TouchRequest {
  readonly type: 'touch.request';
  readonly instrument: string;
}

export type GatewayToSymbol =
  | OrderSent
  | AttemptRefused
  | SubmissionEnded
  | OrderResolved
  | CancelEnded
  | TouchReceived
  | TouchFailed
  | GatewayStarted;

/**
 * A gateway has started. Only sent to running symbols when a failed gateway was replaced, whose queue is lost: an
 * intent without an `order.sent` is unsent, the orders of `unsettled` follow as `order.resolved`.
 */
export interface GatewayStarted {
  readonly type: 'gateway.started';
  readonly unsettled: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
  readonly atMs: number;
}

/** Journalled and about to be sent: counts as live from now on. */
export interface OrderSent extends Omit<TrackedOrder, 'instrument' | 'guardPrice'> {
  readonly type: 'order.sent';
  readonly intentId: string;
}

/** The attempt is proven over without a fill: post-only refusal, refusal by code, or never sent. */
export interface AttemptRefused {
  readonly type: 'attempt.refused';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
}

/** How the submission of an intent ended. Fills come from snapshots only. */
export interface SubmissionEnded {
  readonly type: 'submission.ended';
  readonly intentId: string;
  readonly account: AccountName;
  readonly atMs: number;
  readonly result: /** Confirmed: rested at `atMs` or already over (filled, cancelled); the next snapshots show it. */
    | { readonly kind: 'confirmed'; readonly clientOrderId: string }
    /** Not sent because of our own rules at pricing time (7.3, 6.4), or because the engine drains. */
    | { readonly kind: 'denied'; readonly why: Reason }
    /**
     * A fill was booked since its decision: no attempt is sent any more (9.5), and the symbol decides again. Attempts
     * sent before were reported by `attempt.refused`.
     */
    | { readonly kind: 'outdated' }
    /** The exchange refused, other than post-only (9.5). */
    | { readonly kind: 'refused'; readonly code: number | null; readonly reason: Reason }
    /** Post-only refusals used up the attempts (9.5). */
    | { readonly kind: 'exhausted'; readonly attempts: number }
    /** The attempt may live: `order.resolved` follows (9.6). */
    | {
        readonly kind: 'unknown';
        readonly clientOrderId: string;
        readonly reason: Reason;
        /** The call that failed; absent or null: none. */
        readonly failure?: ExchangeFailure | null;
      }
    /** The account is parked, rate limited or unreachable; nothing was sent. */
    | { readonly kind: 'unsent'; readonly why: Reason; readonly failure?: ExchangeFailure | null };
}

/** An unknown outcome resolved by positive proof (strategy 9.6). */
export interface OrderResolved {
  readonly type: 'order.resolved';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
  /**
   * `exists`: open or over under that id, snapshots show the rest. `absent`: it never existed and cannot appear any
   * more.
   */
  readonly outcome: 'exists' | 'absent';
}

/** A cancel ended: the order is over by its state, or the cancel failed and the order is unchanged. */
export interface CancelEnded {
  readonly type: 'cancel.ended';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
  readonly outcome: 'over' | 'failed';
  /** The call that failed; absent or null: none. */
  readonly failure?: ExchangeFailure | null;
}

export interface TouchReceived {
  readonly type: 'touch.received';
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
}

export interface TouchFailed {
  readonly type: 'touch.failed';
  readonly why: Reason;
  /** Why the book could not be read; absent or null: it was read, but has no usable best prices (strategy 7.4). */
  readonly failure?: ExchangeFailure | null;
  readonly atMs: number;
}

/** Daemon → gateway and symbols: no create may be sent any more (strategy 13.1). */
export interface TradingDrain {
  readonly type: 'trading.drain';
}

/** Gateway → daemon while draining: nothing is queued or in flight, except unknown outcomes. */
export interface GatewayIdle {
  readonly type: 'gateway.idle';
  /** Client ids per account whose outcome is still unknown. */
  readonly unknown: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
}

/**
 * The account must stop (strategy 9.8): no creates on either account until `account.unparked`. From whoever met the
 * failure first; the account's poller then retries slowly, and only it reports the end.
 */
export interface AccountParked {
  readonly type: 'account.parked';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
}

/** The account's poller got an answer again, or its first one: a previous poller may have parked the account. */
export interface AccountUnparked {
  readonly type: 'account.unparked';
  readonly account: AccountName;
}

/** The journal's database stopped answering or answers again (strategy 18.1): nothing is created meanwhile. */
export interface JournalReach {
  readonly type: 'journal.reach';
  /** Since when it is out of reach, our clock; null: it answers. */
  readonly sinceMs: number | null;
  /** What failed; null: nothing. */
  readonly why: Reason | null;
}

/** Growth of positions is stopped from now on, or no longer (strategy 8.6). */
export interface OpeningsStopped {
  readonly type: 'openings.stopped';
  /** null: not stopped. */
  readonly why: Reason | null;
}

/** A new summary of an account, before its symbols decide on the read that brought it (strategy 8.6). */
export interface MarginRead {
  readonly type: 'margin.read';
  readonly account: AccountName;
  readonly summary: AccountSummary;
}

/** The day's total so far (strategy 17.3). */
export interface MoneyCounted {
  readonly type: 'money.counted';
  readonly day: DayMoney;
  /** Yesterday's statement. Absent: not computed. */
  readonly statement?: Statement;
}

/**
 * Gateway → daemon: a child of the gateway threw. The gateway has handled the consequences; the daemon reports and
 * alerts.
 */
export interface TaskFailed {
  readonly type: 'task.failed';
  readonly task: string;
  readonly message: string;
}

/** The journal's maintenance failed; nothing waits for it. */
export interface JournalFailed {
  readonly type: 'journal.failed';
  readonly message: Reason;
}

/** A lock was lost (strategy 11.1); repeated for as long as it is. */
export interface LockLost {
  readonly type: 'lock.lost';
  readonly message: Reason;
}

/** Submission → gateway: journalled, priced and about to be sent; becomes `order.sent`. */
export interface SubmissionPrepared {
  readonly type: 'submission.prepared';
  readonly childId: string;
  readonly prepared: PreparedOrder;
}

/** Submission → gateway: for the symbol, and for the gateway's own state. */
export interface SubmissionReport {
  readonly type: 'submission.reported';
  readonly childId: string;
  readonly message: AttemptRefused | SubmissionEnded | OrderResolved;
}

/** Gateway → submission: no further attempt may be sent; what is in flight is settled first. */
export interface SubmissionHalt {
  readonly type: 'submission.halt';
  /** How the submission ends unless the attempt in flight decides it. */
  readonly result: { readonly kind: 'denied' | 'outdated' | 'unsent'; readonly why: Reason };
}

/** Cancellation → gateway: how the cancel ended, for the symbol. */
export interface CancellationReport {
  readonly type: 'cancellation.reported';
  readonly childId: string;
  readonly message: CancelEnded;
}

export type ToAlertManager = AlertRaised | AlertCleared | NewsReported | AlertHandled | AlertsTuned;

/** A person acknowledges or silences an alert (strategy 12.4); without effect if it is not open. */
export interface AlertHandled {
  readonly type: 'alert.handled';
  readonly key: string;
  readonly by: string;
  /** null: acknowledged. */
  readonly silenceMs: number | null;
}

/** A start, a stop, a change of mode (strategy 12.3). */
export interface NewsReported {
  readonly type: 'news.reported';
  readonly news: Pick<News, 'doing' | 'unhedged' | 'unknown'>;
}

/** A condition of strategy 12 holds. Repeated for as long as it does; the alert manager decides what is sent. */
export interface AlertRaised {
  readonly type: 'alert.raised';
  readonly alert: Alert;
}

/**
 * The condition does not hold. Ignored if it is not open, so it may be repeated; after a start it ends what was open
 * before.
 */
export interface AlertCleared {
  readonly type: 'alert.cleared';
  readonly key: string;
  readonly atMs: number;
}

/** Daemon → symbol: an invariant is violated here; no new orders, everything else goes on (strategy 15). */
export interface TradingHalt {
  readonly type: 'trading.halt';
}

/** Symbol → daemon: its removal is complete (strategy 16.3). */
export interface SymbolLeft {
  readonly type: 'symbol.left';
  readonly instrument: string;
}

/** Daemon → symbol: its row, commands and removal from the next decision on (strategy 16). */
export interface SymbolSteered {
  readonly type: 'symbol.steered';
  readonly config: SymbolConfig;
  readonly standing: readonly Standing[];
  readonly leaving: LeavingWhy | null;
  /** null: not part of a rollout (strategy 16.7). */
  readonly rollout?: RolloutStage | null;
}

/** A person ends its removal at once, whatever its positions (strategy 16.3). */
export interface SymbolForgotten {
  readonly type: 'symbol.forgotten';
}

/** Daemon → gateway: settings of new submissions (strategy 16.4). */
export interface SubmissionsTuned {
  readonly type: 'submissions.tuned';
  readonly settings: { readonly postOnlyMaxRetry: number; readonly orderTtlMs: number };
}

/** Daemon → symbol: settings of its next decisions (strategy 16.4). */
export interface StrategyChanged {
  readonly type: 'strategy.changed';
  readonly strategy: StrategySettings;
  readonly staleMs: number;
  readonly loopIntervalMs: number;
}

/** Daemon → poller and heartbeat: settings of the next pauses (strategy 16.4). */
export interface ReadingsTuned {
  readonly type: 'readings.tuned';
  readonly loopIntervalMs: number;
  /** Older reads are stale (strategy 10.3). */
  readonly staleMs: number;
}

/** Daemon → alert manager: settings of the next messages (strategy 16.4). */
export interface AlertsTuned {
  readonly type: 'alerts.tuned';
  readonly texts: AlertTexts;
  readonly dailyReportAtMinutes: number;
  readonly stuckMs: number;
}

/** Symbol → daemon: `flatten` is done: both positions are below the tradable size without live orders (16.2). */
export interface SymbolFlattened {
  readonly type: 'symbol.flattened';
  readonly instrument: string;
}

/** Daemon → pollers: the instruments whose symbols get slices from now on (strategy 10.1, 16.3). */
export interface InstrumentsPolled {
  readonly type: 'instruments.polled';
  readonly instruments: readonly string[];
}

/** Daemon → symbol, gateway: the exchange lists it again (strategy 11.6), or changed its rules (11.8). */
export interface InstrumentListed {
  readonly type: 'instrument.listed';
  readonly instrument: Instrument;
}

/** Daemon → symbol: the exchange no longer lists it: nothing new is submitted until it does (strategy 11.6). */
export interface InstrumentUnlisted {
  readonly type: 'instrument.unlisted';
}

/** Symbol → daemon: a refusal suggests outdated tick, step or minimum; the list is read now (strategy 9.5, 11.8). */
export interface RulesDoubted {
  readonly type: 'rules.doubted';
  readonly instrument: string;
}

/** Symbol → daemon: the exchange or a person ended a resting order; many equal ones are one alert (strategy 9.5). */
export interface OrderEnded {
  readonly type: 'order.ended';
  readonly instrument: string;
  /** The exchange's reason. */
  readonly reason: string;
  readonly atMs: number;
}

/**
 * Symbol → daemon → the other symbols: an account may only reduce (strategy 9.13), has another time of its next try, or
 * may grow again (`demand` null). Demands of the instrument alone are not sent.
 */
export interface ReduceOnlyChanged {
  readonly type: 'reduce-only.changed';
  readonly account: AccountName;
  /** Of the symbol that learned it. */
  readonly instrument: string;
  readonly demand: ReduceOnly | null;
}

/** Submission or cancellation → gateway: the answer to a call requires the account to be parked. */
export interface ParkingFound {
  readonly type: 'parking.found';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
}
