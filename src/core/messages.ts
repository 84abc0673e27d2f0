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
 * | poller → alert-desk      | alert.raised                                                  |
 * | symbol → gateway         | order.submit, intents.outdated, order.cancel, order.resolve, touch.request |
 * | gateway → symbol         | order.sent, attempt.refused, submission.ended, order.resolved, cancel.ended, touch.received, touch.failed, gateway.started |
 * | submission → gateway     | submission.prepared, submission.told, parking.found           |
 * | gateway → submission     | submission.halt, order.seen, streams.changed                  |
 * | gateway → cancellation   | order.seen, streams.changed                                   |
 * | cancellation → gateway   | cancellation.told, parking.found                              |
 * | gateway → poller         | account.parked                                                |
 * | submission, cancellation, daemon → poller | lookups.done                                 |
 * | poller → gateway, daemon | account.parked, account.unparked                              |
 * | symbol, gateway, daemon → alert-desk | alert.raised, alert.cleared                       |
 * | daemon → symbol          | trading.halt                                                  |
 * | daemon → symbol, gateway | instrument.listed                                             |
 * | daemon → symbol          | symbol.steered, symbol.forgotten, strategy.changed            |
 * | daemon → gateway         | submissions.tuned                                             |
 * | daemon → poller, heartbeat | readings.tuned                                              |
 * | daemon → alert-desk      | desk.tuned                                                    |
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
 * Actors find each other by system id: `symbol:<instrument>`, `poller:A`, `poller:B`, `gateway`, `alert-desk`, `daemon`, `cleanup`.
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
  | SubmissionTold
  | SubmissionHalt
  | CancellationTold
  | AlertHandled
  | NewsTold
  | AlertRaised
  | AlertCleared
  | TradingHalt
  | SymbolLeft
  | SymbolSteered
  | SymbolForgotten
  | SubmissionsTuned
  | StrategyChanged
  | ReadingsTuned
  | DeskTuned
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
 * A poller has started. Sent to every symbol that runs by then, so only when a failed poller was replaced: the former one's
 * watch lists are gone; each symbol sends its `orders.watched` again.
 */
export interface PollerStarted {
  readonly type: 'poller.started';
  readonly account: AccountName;
}

export interface SnapshotReceived {
  readonly type: 'snapshot.received';
  readonly snapshot: SymbolSnapshot;
}

/** A poll failed: no data (strategy 10.3). Sent so that the symbol can judge its age. */
export interface SnapshotFailed {
  readonly type: 'snapshot.failed';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
  readonly atMs: number;
}

export type PollerToDaemon = AccountPolled | AccountFailed;

export interface AccountPolled {
  readonly type: 'account.polled';
  readonly snapshot: AccountSnapshot;
  /** Its look-ups that failed, or failed before and had no turn, one of each call (strategy 10.2): no data for their symbols. */
  readonly failedLookups: readonly FailedLookup[];
}

/** A call that looks up what is missing and fails (strategy 10.3, 12); `inARow` counts the polls it failed in. */
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
 * All client ids of that symbol on that account that are confirmed and live: those missing from open orders are looked up
 * in the same poll (strategy 10.2). Replaces the symbol's former list. Counts from the next poll that starts.
 */
export interface OrdersWatched {
  readonly type: 'orders.watched';
  readonly instrument: string;
  readonly clientOrderIds: readonly string[];
  /** When each was sent, our clock: how far back the order history is read for those `order` no longer knows. Else a day. */
  readonly sentAtMs?: Readonly<Record<string, number>>;
  /** A difference is to be explained: the fill history since then comes with the slice (strategy 10.5). Absent: not asked. */
  readonly fillsSinceMs?: number;
}

/** A frame of the account's streams, in sequence (strategy 10.6). */
export interface FrameReceived {
  readonly type: 'frame.received';
  readonly frame: AccountFrame;
}

/** REST answered about orders: the view learns of it before the next whole reading (strategy 10.1). */
export interface LookupsDone {
  readonly type: 'lookups.done';
  readonly lookups: readonly OrderLookup[];
}

/** The account's streams are all subscribed, or not any more. */
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
  /** Its streams are intact: what comes next of it comes here too. */
  readonly intact: boolean;
}

/** The account's streams are intact from now on, or not any more: then states are asked for by REST at once (strategy 9.4). */
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

/** A fill was booked: of what was decided before, no attempt is to leave any more (strategy 5, 6, 9.5). */
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

/** The order's whereabouts became unknown after all (confirmed live, then 1004): find out by strategy 9.6. */
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
  /** For the log; read from the journal where it is not said. */
  readonly purpose?: 'opening' | 'repair';
}

/** A flat symbol wants the book's mid as its mark (strategy 3.1). */
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
 * A gateway has started. Sent to every symbol that runs by then, so only when a failed gateway was replaced: what the former
 * one had queued is gone; an intent without an `order.sent` is unsent, the orders of `unsettled` follow as `order.resolved`.
 */
export interface GatewayStarted {
  readonly type: 'gateway.started';
  readonly unsettled: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
  readonly atMs: number;
}

/** Journalled and about to leave: from now on it counts as live. */
export interface OrderSent extends Omit<TrackedOrder, 'instrument' | 'guardPrice'> {
  readonly type: 'order.sent';
  readonly intentId: string;
}

/** That attempt is over, proven, with nothing traded: post-only refusal, a refusal by code, or it never left. */
export interface AttemptRefused {
  readonly type: 'attempt.refused';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
}

/** How the submission of an intent ended. Fills are never learned from this, only from snapshots. */
export interface SubmissionEnded {
  readonly type: 'submission.ended';
  readonly intentId: string;
  readonly account: AccountName;
  readonly atMs: number;
  readonly result: /** Confirmed: it rested at `atMs` or is over already (filled, cancelled); the next snapshots tell. */
    | { readonly kind: 'confirmed'; readonly clientOrderId: string }
    /** Not sent, by our own rules at pricing time (7.3, 6.4), or because the engine drains. */
    | { readonly kind: 'denied'; readonly why: Reason }
    /**
     * A fill was booked since it was decided: no attempt leaves any more (9.5), and the symbol decides anew. Of each attempt
     * that had left before, it has been told by an `attempt.refused`.
     */
    | { readonly kind: 'outdated' }
    /** The exchange said no, other than post-only (9.5). */
    | { readonly kind: 'refused'; readonly code: number | null; readonly reason: Reason }
    /** Post-only refusals used up the attempts (9.5). */
    | { readonly kind: 'exhausted'; readonly attempts: number }
    /** The attempt may live: `order.resolved` follows in its time (9.6). */
    | {
        readonly kind: 'unknown';
        readonly clientOrderId: string;
        readonly reason: Reason;
        /** The call it came to grief on; absent or null: none did. */
        readonly failure?: ExchangeFailure | null;
      }
    /** The account is parked, rate limited or out of reach; nothing left. */
    | { readonly kind: 'unsent'; readonly why: Reason; readonly failure?: ExchangeFailure | null };
}

/** An unknown outcome ended by positive proof (strategy 9.6). */
export interface OrderResolved {
  readonly type: 'order.resolved';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
  /** `exists`: open or over under that id, snapshots tell the rest. `absent`: it never came to be and cannot any more. */
  readonly outcome: 'exists' | 'absent';
}

/** A cancel ended: the order is over by its state, or the cancel failed and the order is as it was. */
export interface CancelEnded {
  readonly type: 'cancel.ended';
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly atMs: number;
  readonly outcome: 'over' | 'failed';
  /** The call it came to grief on; absent or null: none did. */
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
  /** Why the book could not be read; absent or null: it was, and gives no touch (strategy 7.4). */
  readonly failure?: ExchangeFailure | null;
  readonly atMs: number;
}

/** Daemon → gateway and symbols: no create leaves any more (strategy 13.1). */
export interface TradingDrain {
  readonly type: 'trading.drain';
}

/** Gateway → daemon while draining: nothing is queued or in flight, unknown outcomes aside. */
export interface GatewayIdle {
  readonly type: 'gateway.idle';
  /** Client ids per account whose outcome is still unknown. */
  readonly unknown: readonly { readonly account: AccountName; readonly clientOrderId: string }[];
}

/**
 * That account must not go on (strategy 9.8): no creates on either account until `account.unparked`. From whoever met the
 * failure first; the account's poller then asks slowly, and alone says when it is over.
 */
export interface AccountParked {
  readonly type: 'account.parked';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
}

/** The account's poller was answered again, or for the first time: a poller before it may have parked the account. */
export interface AccountUnparked {
  readonly type: 'account.unparked';
  readonly account: AccountName;
}

/** The journal's database does not answer, or answers again (strategy 18.1): nothing is created meanwhile, on either account. */
export interface JournalReach {
  readonly type: 'journal.reach';
  /** Since when it has not answered, our clock; null: it answers. */
  readonly sinceMs: number | null;
  /** What went wrong; empty: nothing. */
  readonly message: string;
}

/** Openings that grow positions are stopped from now on, or no more (strategy 8.6). */
export interface OpeningsStopped {
  readonly type: 'openings.stopped';
  /** Null: they are not. */
  readonly why: Reason | null;
}

/** An account's summary of a whole reading, before its symbols decide on that reading (strategy 8.6). */
export interface MarginRead {
  readonly type: 'margin.read';
  readonly account: AccountName;
  readonly summary: AccountSummary;
}

/** What the day has come to by now (strategy 17.3). */
export interface MoneyCounted {
  readonly type: 'money.counted';
  readonly day: DayMoney;
  /** What yesterday earned. Absent: it was not counted. */
  readonly statement?: Statement;
}

/** Gateway → daemon: a child of the gateway threw. The gateway has seen to what it was doing; the daemon reports and alerts. */
export interface TaskFailed {
  readonly type: 'task.failed';
  readonly task: string;
  readonly message: string;
}

/** The journal's upkeep failed; nothing waits for it. */
export interface JournalFailed {
  readonly type: 'journal.failed';
  readonly message: string;
}

/** A lock is not held any more (strategy 11.1); repeated for as long as it is not. */
export interface LockLost {
  readonly type: 'lock.lost';
  readonly message: string;
}

/** Submission → gateway: journalled, priced and about to leave; becomes `order.sent`. */
export interface SubmissionPrepared {
  readonly type: 'submission.prepared';
  readonly childId: string;
  readonly prepared: PreparedOrder;
}

/** Submission → gateway: for the symbol, and for the gateway's own books. */
export interface SubmissionTold {
  readonly type: 'submission.told';
  readonly childId: string;
  readonly message: AttemptRefused | SubmissionEnded | OrderResolved;
}

/** Gateway → submission: no further attempt may leave; what is in flight is settled first. */
export interface SubmissionHalt {
  readonly type: 'submission.halt';
  /** How the submission ends unless the attempt in flight decides it. */
  readonly result: { readonly kind: 'denied' | 'outdated' | 'unsent'; readonly why: Reason };
}

/** Cancellation → gateway: how the cancel ended, for the symbol. */
export interface CancellationTold {
  readonly type: 'cancellation.told';
  readonly childId: string;
  readonly message: CancelEnded;
}

export type ToAlertDesk = AlertRaised | AlertCleared | NewsTold | AlertHandled | DeskTuned;

/** A person has an alert in hand, or silences it (strategy 12.4); of one that is not open it says nothing. */
export interface AlertHandled {
  readonly type: 'alert.handled';
  readonly key: string;
  readonly by: string;
  /** null: it is acknowledged. */
  readonly silenceMs: number | null;
}

/** A start, a stop, a change of mode (strategy 12.3). */
export interface NewsTold {
  readonly type: 'news.told';
  readonly news: Pick<News, 'doing' | 'unhedged' | 'unknown'>;
}

/** A condition of strategy 12 holds. Said again for as long as it does; the alert desk decides what is sent. */
export interface AlertRaised {
  readonly type: 'alert.raised';
  readonly alert: Alert;
}

/**
 * The condition was judged and does not hold. Keys that are not open are ignored, so whoever judges may say so each time;
 * said once after a start, it ends what was open when the engine went down.
 */
export interface AlertCleared {
  readonly type: 'alert.cleared';
  readonly key: string;
  readonly atMs: number;
}

/** Daemon → symbol: an invariant broke here; no new orders, everything else goes on (strategy 15). */
export interface TradingHalt {
  readonly type: 'trading.halt';
  readonly why: string;
}

/** Symbol → daemon: it was to leave and has left (strategy 16.3): it is to run no longer. */
export interface SymbolLeft {
  readonly type: 'symbol.left';
  readonly instrument: string;
}

/** Daemon → symbol: from the next decision on it goes by this row, these commands, and leaves or does not (strategy 16). */
export interface SymbolSteered {
  readonly type: 'symbol.steered';
  readonly config: SymbolConfig;
  readonly standing: readonly Standing[];
  readonly leaving: LeavingWhy | null;
  /** null: no rollout concerns it (strategy 16.7). */
  readonly rollout?: RolloutStage | null;
}

/** A person says so: it leaves now, whatever it holds (strategy 16.3). */
export interface SymbolForgotten {
  readonly type: 'symbol.forgotten';
}

/** Daemon → gateway: submissions that begin from now on go by these (strategy 16.4). */
export interface SubmissionsTuned {
  readonly type: 'submissions.tuned';
  readonly settings: { readonly postOnlyMaxRetry: number; readonly orderTtlMs: number };
}

/** Daemon → symbol: decisions from now on go by these (strategy 16.4). */
export interface StrategyChanged {
  readonly type: 'strategy.changed';
  readonly strategy: StrategySettings;
  readonly staleMs: number;
  readonly loopIntervalMs: number;
}

/** Daemon → poller and heartbeat: the pauses that begin from now on go by these (strategy 16.4). */
export interface ReadingsTuned {
  readonly type: 'readings.tuned';
  readonly loopIntervalMs: number;
  /** Readings older than this are stale (strategy 10.3). */
  readonly staleMs: number;
}

/** Daemon → alert desk: what is told from now on goes by these (strategy 16.4). */
export interface DeskTuned {
  readonly type: 'desk.tuned';
  readonly texts: AlertTexts;
  readonly dailyReportAtMinutes: number;
  readonly stuckMs: number;
}

/** Symbol → daemon: `flatten` is done: both positions are below the tradable size, and no order is live (strategy 16.2). */
export interface SymbolFlattened {
  readonly type: 'symbol.flattened';
  readonly instrument: string;
}

/** Daemon → pollers: the instruments whose symbols get slices from now on (strategy 10.1, 16.3). */
export interface InstrumentsPolled {
  readonly type: 'instruments.polled';
  readonly instruments: readonly string[];
}

/** Daemon → symbol, gateway: the exchange lists it again (strategy 11.6), or its rules have changed (11.8): trade by these. */
export interface InstrumentListed {
  readonly type: 'instrument.listed';
  readonly instrument: Instrument;
}

/** Daemon → symbol: the exchange's list lacks the instrument: nothing new is submitted until it names it again (strategy 11.6). */
export interface InstrumentUnlisted {
  readonly type: 'instrument.unlisted';
}

/** Symbol → daemon: a refusal doubts tick, step or minimum of its instrument; the list is read again now (strategy 9.5, 11.8). */
export interface RulesDoubted {
  readonly type: 'rules.doubted';
  readonly instrument: string;
}

/** Symbol → daemon: the exchange, or somebody by hand, ended an order that rested; many alike are one alert (strategy 9.5). */
export interface OrderEnded {
  readonly type: 'order.ended';
  readonly instrument: string;
  /** The exchange's word. */
  readonly reason: string;
  readonly atMs: number;
}

/**
 * Symbol → daemon → the other symbols: an account may only reduce (strategy 9.13), the next try has another time, or it may grow
 * again (`demand` null). What concerns the instrument alone is not told.
 */
export interface ReduceOnlyChanged {
  readonly type: 'reduce-only.changed';
  readonly account: AccountName;
  /** Of the symbol that has learnt it. */
  readonly instrument: string;
  readonly demand: ReduceOnly | null;
}

/** Submission or cancellation → gateway: a call of theirs was answered so that the account must be parked. */
export interface ParkingFound {
  readonly type: 'parking.found';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
}
