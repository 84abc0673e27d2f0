import type { Alert, NetLeft } from './alerts.ts';
import type { Decimal } from './decimal.ts';
import type { ExchangeFailure } from './failure.ts';
import type { RuleChange } from './instrument-rules.ts';
import type {
  AccountName,
  Intent,
  LeavingWhy,
  LotMatch,
  OrderWords,
  RolloutStage,
  RolloutWhy,
  TradingState,
} from './model.ts';
import type { Reason } from './reasons.ts';

/** One of the five trading states of strategy 5, or a phase before or after them. */
export type SymbolPhase = TradingState | 'waiting' | 'draining' | 'stopped';

/** Events for people and figures: log, metrics, dashboard and the journal's history. No decision depends on a fact. */
export type Fact = { readonly atMs: number } & (
  | {
      readonly type: 'state.changed';
      readonly instrument: string;
      readonly from: SymbolPhase;
      readonly to: SymbolPhase;
      readonly why: Reason;
    }
  /** Why nothing is submitted; reported when the reason changes, not in every loop. */
  | { readonly type: 'symbol.idle'; readonly instrument: string; readonly why: Reason }
  /** What looks wrong in the symbol's row at the present mark (strategy 2.2); once per start. `text`: of older journals. */
  | ({ readonly type: 'symbol.warned'; readonly instrument: string } & (
      | { readonly why: Reason }
      | { readonly text: string }
    ))
  /** Its row was removed or disabled while it has positions or orders: `hedge-only` from now on (strategy 16.3). */
  | { readonly type: 'symbol.leaving'; readonly instrument: string; readonly leaving: LeavingWhy }
  /** The symbol was hedged without live orders and was removed. `sizes`: the remaining positions, signed. */
  | {
      readonly type: 'symbol.left';
      readonly instrument: string;
      readonly leaving: LeavingWhy;
      readonly sizes: Readonly<Record<AccountName, Decimal>>;
      /** Signed sum of its open lots: dust, or what no order can hedge. */
      readonly net: Decimal;
    }
  /** A person gave a command (strategy 16.2); `symbols`: those it concerns. */
  | {
      readonly type: 'command.given';
      readonly verb: string;
      readonly symbols: readonly string[];
      readonly by: string;
      readonly why: string | null;
      readonly untilMs: number | null;
    }
  /** A command is no longer in force: it expired, was resumed, is done, or its symbol was removed. */
  | {
      readonly type: 'command.ended';
      readonly instrument: string;
      readonly verb: string;
      readonly how: 'time' | 'resume' | 'done' | 'replaced' | 'left';
    }
  /** `flatten` reached its deadline (strategy 16.2): the remaining positions, signed. */
  | {
      readonly type: 'flatten.overdue';
      readonly instrument: string;
      readonly sizes: Readonly<Record<AccountName, Decimal>>;
    }
  /** Gray rollout (strategy 16.7): the symbol's stage, and why. */
  | {
      readonly type: 'rollout.changed';
      readonly instrument: string;
      readonly stage: RolloutStage;
      readonly why: RolloutWhy;
    }
  /** One of our orders rests on an instrument whose rules are unknown: it is cancelled (strategy 16.3). */
  | {
      readonly type: 'order.stray';
      readonly account: AccountName;
      readonly instrument: string;
      readonly clientOrderId: string;
    }
  | ({ readonly type: 'order.sent'; readonly attempt: number } & OrderWords)
  /** The exchange confirmed the order as resting (or filled at once). */
  | ({ readonly type: 'order.placed'; readonly attempt: number; readonly elapsedMs: number } & OrderWords)
  | ({ readonly type: 'order.post-only-refused'; readonly attempt: number; readonly attemptsLeft: number } & OrderWords)
  | ({ readonly type: 'order.refused'; readonly code: number | null; readonly reason: Reason } & OrderWords)
  | ({ readonly type: 'order.unknown'; readonly reason: Reason } & OrderWords)
  | ({ readonly type: 'order.resolved'; readonly outcome: string; readonly proof: Reason } & OrderWords)
  /** Denied by our own rules, in the queue or when it was priced. */
  | {
      readonly type: 'intent.denied';
      readonly instrument: string;
      readonly account: AccountName;
      readonly intent: Intent;
      readonly why: Reason;
    }
  | {
      readonly type: 'intent.exhausted';
      readonly instrument: string;
      readonly account: AccountName;
      readonly attempts: number;
    }
  | ({ readonly type: 'order.cancel-requested'; readonly why: Reason } & OrderWords)
  | ({
      readonly type: 'order.over';
      readonly status: string;
      readonly reason: string;
      readonly tradedSize: Decimal;
    } & OrderWords)
  | ({ readonly type: 'order.adopted'; readonly tradedSize: Decimal } & OrderWords)
  /** A partial fill was seen and waits (4.3). */
  | ({
      readonly type: 'fill.waiting';
      readonly fillSize: Decimal;
      readonly fillPrice: Decimal;
      readonly untilMs: number;
    } & OrderWords)
  | ({
      readonly type: 'fill.booked';
      readonly fillSize: Decimal;
      readonly fillPrice: Decimal;
      readonly matches: readonly LotMatch[];
      readonly openedLotSize: Decimal;
      readonly netAfter: Decimal;
    } & OrderWords)
  | {
      readonly type: 'drift.seen';
      readonly instrument: string;
      readonly account: AccountName;
      readonly difference: Decimal;
      readonly snapshots: number;
    }
  | {
      readonly type: 'drift.adopted';
      readonly instrument: string;
      readonly account: AccountName;
      readonly difference: Decimal;
      readonly price: Decimal;
      /** Average of the fills that explain it, or the mark (10.5); absent in older journals. */
      readonly pricedBy?: 'fills' | 'mark';
      /** Entirely explained by orders that are not ours, whichever account traded. */
      readonly byHand?: true;
      readonly matches: readonly LotMatch[];
    }
  | {
      readonly type: 'order.foreign';
      readonly account: AccountName;
      readonly instrument: string;
      readonly orderId: string;
      readonly clientOrderId: string;
    }
  /** A row that no rule needs was unreadable and left out (10.4); once each. `isLast`: no more are reported. */
  | {
      readonly type: 'row.skipped';
      readonly account: AccountName | null;
      readonly call: string;
      readonly name: string;
      readonly why: Reason;
      readonly isLast: boolean;
    }
  | {
      readonly type: 'lots.restored';
      readonly instrument: string;
      readonly source: 'journal' | 'positions';
      readonly lots: number;
      readonly net: Decimal;
      readonly difference: string;
    }
  /** The exchange changed its rules for orders in this instrument; the next decision uses them (strategy 11.8). */
  | { readonly type: 'instrument.changed'; readonly instrument: string; readonly changes: readonly RuleChange[] }
  | {
      readonly type: 'account.polled';
      readonly account: AccountName;
      readonly elapsedMs: number;
      readonly totalEquityUsdt: Decimal;
      readonly maintenanceMarginUsdt: Decimal;
      readonly openOrders: number;
    }
  /** A read of an account, or a look-up of one of its orders, failed (10.1, 10.2). */
  | {
      readonly type: 'read.failed';
      readonly account: AccountName;
      readonly failure: ExchangeFailure;
      readonly inARow: number;
    }
  /** The book to price an order by could not be read; the attempt ends (7.4). */
  | {
      readonly type: 'book.failed';
      readonly instrument: string;
      readonly account: AccountName;
      readonly failure: ExchangeFailure;
      readonly attempt: number;
    }
  /** The list of instruments could not be read; the last known rules stay in force (11.6, 11.8). */
  | { readonly type: 'listing.failed'; readonly failure: ExchangeFailure; readonly inARow: number }
  /** A session could not be renewed before its end; it is used for as long as it lasts. */
  | {
      readonly type: 'login.failed';
      readonly account: AccountName;
      readonly failure: ExchangeFailure;
      readonly inARow: number;
    }
  | { readonly type: 'account.parked'; readonly account: AccountName; readonly failure: ExchangeFailure }
  | { readonly type: 'account.unparked'; readonly account: AccountName }
  | {
      readonly type: 'stream.changed';
      readonly account: AccountName | null;
      readonly status: 'up' | 'down' | 'off';
      readonly why: Reason;
    }
  /** A stream contradicts REST; instrument null: the account's streams are not intact (strategy 10.6). */
  | {
      readonly type: 'stream.contradicted';
      readonly account: AccountName;
      readonly instrument: string | null;
      readonly why: Reason;
    }
  | { readonly type: 'session.renewed'; readonly account: AccountName; readonly untilMs: number }
  /** Share of a request budget that is left after a 429, 1: all (strategy 9.9). `account` null: market data. */
  | {
      readonly type: 'budget.share';
      readonly account: AccountName | null;
      readonly bucket: string;
      readonly share: number;
    }
  /** Requests that have waited longer than 10 s for the budget; 0: none any more (strategy 9.1). */
  | {
      readonly type: 'budget.late';
      readonly account: AccountName | null;
      readonly bucket: string;
      readonly waiting: number;
    }
  | { readonly type: 'alert.raised'; readonly alert: Alert }
  | { readonly type: 'alert.resolved'; readonly key: string; readonly lastedMs: number }
  /** Acknowledged (`untilMs` null) or silenced until then (strategy 12.4). */
  | { readonly type: 'alert.handled'; readonly key: string; readonly by: string; readonly untilMs: number | null }
  /** The gateway accepted a message with so many `alerts`; `waiting` are still to be sent. */
  | { readonly type: 'alerts.sent'; readonly alerts: number; readonly waiting: number }
  /** A message was not accepted, or its answer was lost; retried after `pauseMs`. */
  | {
      readonly type: 'alerts.unsent';
      readonly reason: string;
      readonly inARow: number;
      readonly waiting: number;
      readonly pauseMs: number;
    }
  /** The gateway refused a message for its content; `setAside` of its alerts are retried one by one. */
  | { readonly type: 'alerts.refused'; readonly reason: string; readonly setAside: number; readonly waiting: number }
  /** The heartbeat monitor did not answer; the next beat follows a minute later. */
  | { readonly type: 'heartbeat.missed'; readonly reason: string }
  /** A cancel could not be sent or was answered wrongly: the order is unchanged. */
  | {
      readonly type: 'cancel.failed';
      readonly account: AccountName;
      readonly clientOrderId: string;
      readonly failure: ExchangeFailure;
    }
  /** The journal could not be read or written; what depends on it waits or is retried. */
  | { readonly type: 'journal.failed'; readonly message: Reason }
  /** A lock of the data directory or of an account was lost (11.1); trading continues. */
  | { readonly type: 'lock.lost'; readonly message: Reason }
  /** An actor threw; it is restarted after a pause. */
  | { readonly type: 'actor.failed'; readonly actor: string; readonly message: string }
  /** A task of the order gateway (submission, cancel, book request) threw and ended; its order is looked up (9.6). */
  | { readonly type: 'task.failed'; readonly task: string; readonly message: string }
  /** A text or list for alerts threw; the alerts are sent without it. */
  | { readonly type: 'alerts.failed'; readonly message: string }
  | { readonly type: 'engine.started'; readonly mode: string; readonly instruments: readonly string[] }
  | { readonly type: 'engine.draining'; readonly why: Reason }
  /** A round of the clean-up at the stop threw; it is repeated. */
  | { readonly type: 'cleanup.failed'; readonly message: string }
  | {
      readonly type: 'cleanup.finished';
      readonly cancelled: number;
      readonly candidates: number;
      readonly kept: number;
      readonly left: readonly string[];
    }
  /** A net remains when the engine stops (strategy 13.4). */
  | ({ readonly type: 'net.left' } & NetLeft)
  | { readonly type: 'engine.stopped'; readonly exitCode: number }
  | {
      readonly type: 'invariant.broken';
      readonly invariant: string;
      readonly instrument: string | null;
      readonly detail: string;
    }
);
