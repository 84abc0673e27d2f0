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

/** Where a symbol is: one of the five of strategy 5, or around them. */
export type SymbolPhase = TradingState | 'waiting' | 'draining' | 'stopped';

/**
 * What happened, once, for people and figures: the log, the metrics, the dashboard and the journal's history are made of
 * these. Nothing decides on a fact.
 */
export type Fact = { readonly atMs: number } & (
  | {
      readonly type: 'state.changed';
      readonly instrument: string;
      readonly from: SymbolPhase;
      readonly to: SymbolPhase;
      readonly why: Reason;
    }
  /** Why nothing is being submitted; reported when the reason changes, not once a loop. */
  | { readonly type: 'symbol.idle'; readonly instrument: string; readonly why: Reason }
  /** What of the symbols file looks wrong at the present mark (strategy 2.2); once a start. */
  | { readonly type: 'symbol.warned'; readonly instrument: string; readonly text: string }
  /** Its row is gone or disabled, and something of it is open: `hedge-only` from here on (strategy 16.3). */
  | { readonly type: 'symbol.leaving'; readonly instrument: string; readonly leaving: LeavingWhy }
  /** It is hedged and no order of it is live: it runs no longer. `sizes` is what the accounts hold, signed, and stays. */
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
  /** A command is no longer in force: by its time, by `resume`, because it is done, or because the symbol has left. */
  | {
      readonly type: 'command.ended';
      readonly instrument: string;
      readonly verb: string;
      readonly how: 'time' | 'resume' | 'done' | 'replaced' | 'left';
    }
  /** The deadline of `flatten` has passed (strategy 16.2): what the accounts still hold, signed. */
  | {
      readonly type: 'flatten.overdue';
      readonly instrument: string;
      readonly sizes: Readonly<Record<AccountName, Decimal>>;
    }
  /** The gray rollout (strategy 16.7): where a symbol is now, and why. */
  | {
      readonly type: 'rollout.changed';
      readonly instrument: string;
      readonly stage: RolloutStage;
      readonly why: RolloutWhy;
    }
  /** An order of ours rests on an instrument that nobody knows the rules of: it is cancelled (strategy 16.3). */
  | {
      readonly type: 'order.stray';
      readonly account: AccountName;
      readonly instrument: string;
      readonly clientOrderId: string;
    }
  | ({ readonly type: 'order.sent'; readonly attempt: number } & OrderWords)
  /** Confirmed by the exchange as resting (or filled at once). */
  | ({ readonly type: 'order.placed'; readonly attempt: number; readonly elapsedMs: number } & OrderWords)
  | ({ readonly type: 'order.post-only-refused'; readonly attempt: number; readonly attemptsLeft: number } & OrderWords)
  | ({ readonly type: 'order.refused'; readonly code: number | null; readonly reason: Reason } & OrderWords)
  | ({ readonly type: 'order.unknown'; readonly reason: Reason } & OrderWords)
  | ({ readonly type: 'order.resolved'; readonly outcome: string; readonly proof: string } & OrderWords)
  /** Not submitted, by our own rules: while it was queued, or when it was priced. */
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
      /** The average of the fills that explain it, or the mark (10.5); absent in older journals. */
      readonly pricedBy?: 'fills' | 'mark';
      /** Somebody traded it, on whatever account: orders that are not ours explain all of it. */
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
  /** A row that no rule needs could not be read, and was left out (10.4); each once. `isLast`: no further one is reported. */
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
  /** The exchange changed what it asks of orders in this instrument; the next decision goes by it (strategy 11.8). */
  | { readonly type: 'instrument.changed'; readonly instrument: string; readonly changes: readonly RuleChange[] }
  | {
      readonly type: 'account.polled';
      readonly account: AccountName;
      readonly elapsedMs: number;
      readonly totalEquityUsdt: Decimal;
      readonly maintenanceMarginUsdt: Decimal;
      readonly openOrders: number;
    }
  /** A reading of an account, or a look-up of one of its orders (10.1, 10.2). */
  | {
      readonly type: 'read.failed';
      readonly account: AccountName;
      readonly failure: ExchangeFailure;
      readonly inARow: number;
    }
  /** The book that an order was to be priced by could not be read; the attempt ends (7.4). */
  | {
      readonly type: 'book.failed';
      readonly instrument: string;
      readonly account: AccountName;
      readonly failure: ExchangeFailure;
      readonly attempt: number;
    }
  /** The exchange's list of instruments could not be read; the rules that were read last stay in force (11.6, 11.8). */
  | { readonly type: 'listing.failed'; readonly failure: ExchangeFailure; readonly inARow: number }
  /** A session could not be renewed before its end; the present one is used as long as it lasts. */
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
      readonly why: string;
    }
  /** A stream tells something else than REST; instrument null: the account's streams are not intact (strategy 10.6). */
  | {
      readonly type: 'stream.contradicted';
      readonly account: AccountName;
      readonly instrument: string | null;
      readonly why: Reason;
    }
  | { readonly type: 'session.renewed'; readonly account: AccountName; readonly untilMs: number }
  /** What is left of a part of the request budget after a 429, or again; 1: all (strategy 9.9). `account` null: market data. */
  | {
      readonly type: 'budget.share';
      readonly account: AccountName | null;
      readonly bucket: string;
      readonly share: number;
    }
  /** Requests that have waited for the budget longer than 10 s; 0: none any more (strategy 9.1). */
  | {
      readonly type: 'budget.late';
      readonly account: AccountName | null;
      readonly bucket: string;
      readonly waiting: number;
    }
  | { readonly type: 'alert.raised'; readonly alert: Alert }
  | { readonly type: 'alert.resolved'; readonly key: string; readonly lastedMs: number }
  /** A person has it in hand (`untilMs` null), or silenced it until then (strategy 12.4). */
  | { readonly type: 'alert.handled'; readonly key: string; readonly by: string; readonly untilMs: number | null }
  /** One message was taken by the gateway; `alerts` is what it told of, `waiting` what is still to be told. */
  | { readonly type: 'alerts.sent'; readonly alerts: number; readonly waiting: number }
  /** A message was not taken, or its answer was lost; it is tried again after `pauseMs`. */
  | {
      readonly type: 'alerts.unsent';
      readonly reason: string;
      readonly inARow: number;
      readonly waiting: number;
      readonly pauseMs: number;
    }
  /** The gateway refused a message for what it says; `setAside` of its alerts were refused before and are tried alone from now on. */
  | { readonly type: 'alerts.refused'; readonly reason: string; readonly setAside: number; readonly waiting: number }
  /** The dead-man switch did not hear the engine; the next beat is a minute later. */
  | { readonly type: 'heartbeat.missed'; readonly reason: string }
  /** A cancel could not be sent, or was not answered as it should be: the order is as it was. */
  | {
      readonly type: 'cancel.failed';
      readonly account: AccountName;
      readonly clientOrderId: string;
      readonly failure: ExchangeFailure;
    }
  /** The journal could not be read or written; what depends on it waits or is repeated. */
  | { readonly type: 'journal.failed'; readonly message: string }
  /** A lock of the data directory or of an account is not held any more (11.1); nothing stops. */
  | { readonly type: 'lock.lost'; readonly message: string }
  /** An actor threw; it is started again after a pause. */
  | { readonly type: 'actor.failed'; readonly actor: string; readonly message: string }
  /** A task of the order gateway (a submission, a cancel, a book request) threw. It ends; its order is looked up (9.6). */
  | { readonly type: 'task.failed'; readonly task: string; readonly message: string }
  /** Something that alerts are made of threw: a text, a list. The alerts are sent without it. */
  | { readonly type: 'alerts.failed'; readonly message: string }
  | { readonly type: 'engine.started'; readonly mode: string; readonly instruments: readonly string[] }
  | { readonly type: 'engine.draining'; readonly why: string }
  /** A round of the stop's clean-up threw; the exchange is asked again. */
  | { readonly type: 'cleanup.failed'; readonly message: string }
  | {
      readonly type: 'cleanup.finished';
      readonly cancelled: number;
      readonly candidates: number;
      readonly kept: number;
      readonly left: readonly string[];
    }
  /** A net stays open when the engine stops (strategy 13.4). */
  | ({ readonly type: 'net.left' } & NetLeft)
  | { readonly type: 'engine.stopped'; readonly exitCode: number }
  | {
      readonly type: 'invariant.broken';
      readonly invariant: string;
      readonly instrument: string | null;
      readonly detail: string;
    }
);
