import type { Decimal } from '../src/core/decimal.ts';
import type { ExchangeFailure } from '../src/core/failure.ts';
import type { AccountName, AccountSnapshot, Intent, Side, SymbolSnapshot } from '../src/core/model.ts';

/**
 * Every event that crosses between actors. Facts are `noun.past`, requests are `noun.verb`.
 *
 * | from → to                | events                                                        |
 * |--------------------------|---------------------------------------------------------------|
 * | poller → symbol          | snapshot.received, snapshot.failed                            |
 * | poller → daemon          | account.polled, account.failed                                |
 * | symbol → poller          | orders.watched, poll.hasten                                   |
 * | symbol → gateway         | order.submit, order.cancel, order.resolve, touch.request      |
 * | gateway → symbol         | order.sent, attempt.refused, submission.ended, order.resolved, cancel.ended, touch.received |
 * | submission → gateway     | submission.priced (through the shared price table), submission.done |
 * | daemon → all             | trading.drain                                                 |
 * | gateway → daemon         | gateway.idle                                                  |
 *
 * Actors find each other by system id: `symbol:<instrument>`, `poller:A`, `poller:B`, `gateway`, `daemon`.
 */

export type PollerToSymbol = SnapshotReceived | SnapshotFailed;

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
}

export interface AccountFailed {
  readonly type: 'account.failed';
  readonly account: AccountName;
  readonly failure: ExchangeFailure;
  readonly inARow: number;
  readonly atMs: number;
}

export type SymbolToPoller = OrdersWatched | PollHasten;

/**
 * All client ids of that symbol on that account that are confirmed and live: those missing from open orders are looked up
 * in the same poll (strategy 10.2). Replaces the symbol's former list. Counts from the next poll that starts.
 */
export interface OrdersWatched {
  readonly type: 'orders.watched';
  readonly instrument: string;
  readonly clientOrderIds: readonly string[];
}

/** Poll again soon: a stream message, or an answer that contradicts the ledger. Never faster than the request budget (10.6). */
export interface PollHasten {
  readonly type: 'poll.hasten';
}

export type SymbolToGateway = OrderSubmit | OrderCancel | OrderResolve | TouchRequest;

export interface OrderSubmit {
  readonly type: 'order.submit';
  readonly intent: Intent;
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
  | TouchFailed;

/** Journalled and about to leave: from now on it counts as live. */
export interface OrderSent {
  readonly type: 'order.sent';
  readonly intentId: string;
  readonly attempt: number;
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly purpose: 'opening' | 'repair';
  readonly sentAtMs: number;
  readonly expirationMs: number;
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
    | { readonly kind: 'denied'; readonly reason: string; readonly rule: string }
    /** The exchange said no, other than post-only (9.5). */
    | { readonly kind: 'refused'; readonly code: number | null; readonly reason: string }
    /** Post-only refusals used up the attempts (9.5). */
    | { readonly kind: 'exhausted'; readonly attempts: number }
    /** The attempt may live: `order.resolved` follows in its time (9.6). */
    | { readonly kind: 'unknown'; readonly clientOrderId: string; readonly reason: string }
    /** The account is parked, rate limited or out of reach; nothing left. */
    | { readonly kind: 'unsent'; readonly reason: string };
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
}

export interface TouchReceived {
  readonly type: 'touch.received';
  readonly bid: Decimal;
  readonly ask: Decimal;
  readonly atMs: number;
}

export interface TouchFailed {
  readonly type: 'touch.failed';
  readonly reason: string;
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
