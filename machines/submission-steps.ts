import type { AnyActorRef } from 'xstate';
import type { Now } from '../src/core/assess.ts';
import type { Decimal } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import type { OrderOutcome, PreparedOrder } from '../src/core/journal-entry.ts';
import type { LookupsDone, OrderResolved, SubmissionEnded, SubmissionTold } from '../src/core/messages.ts';
import type { AccountName, ExchangeOrder, Instrument, Side, TrackedOrder } from '../src/core/model.ts';
import { clientOrderIdOf, isOwnOrder, nonceOf } from '../src/core/order-id.ts';
import type { PricedOrder } from '../src/core/pricing.ts';
import { type Reason, reason } from '../src/core/reasons.ts';
import { mayLive } from '../src/core/submission/answers.ts';
import {
  type Draft,
  initialSubmission,
  intentOf,
  orderOf,
  type Quote,
  type SubmissionMemory,
  type SubmissionSettings,
} from '../src/core/submission/memory.ts';
import { type Market, quoteFor } from '../src/core/submission/quote.ts';
import { orderResolved, refusedAttempt, submissionEnded } from '../src/core/submission/told.ts';
import type { SubmissionTask } from '../src/core/submission/tracked.ts';
import type { Admission, EngineClock, Exchange, Journal, Reporter, SignedOrder } from '../src/ports.ts';

/**
 * What the names of the chart in submission.ts stand for: pricing an attempt and writing it down, what an answer says of it,
 * and what proves that an order never came to be. The chart says when.
 */

/** Attempts of one submission are at least so far apart (strategy 9.5). */
export const ATTEMPT_GAP_MS = 500;
/** After a 429 the pause doubles from here (strategy 9.9) … */
export const RATE_LIMIT_PAUSE_MS = 1_000;
/** … up to here: the intent is stale by then, and the symbol decides again. */
export const RATE_LIMIT_PAUSE_MAX_MS = 8_000;
/** Intact streams that say nothing of an order for so long are not waited for: REST is asked (strategy 9.4). */
export const STREAM_SILENCE_MS = 1_000;
/** Without streams, the first look-up of an acknowledged order: a matching engine answers within some milliseconds. Doubles … */
export const CONFIRM_PAUSE_MS = 20;
/** … up to here, so that a slow confirmation is still seen within a second. */
export const CONFIRM_PAUSE_MAX_MS = 1_000;
/** 5 s of look-ups, 10 s with streams, while the symbol's slot is held; then the outcome counts as unknown and the slot is free. */
export const CONFIRM_LOOKUPS_MAX = 10;
/** The longest the exchange keeps a cancel waiting for its create (API 5.4): the create's own time-out is 5 s too. */
export const FENCE_TTL_MS = 5_000;
/** Waited past the fence's time, for clocks that do not run alike. */
export const FENCE_MARGIN_MS = 500;
/** The order history is read from so long before the send: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;
/** While unknown, the pauses between questions double from here … */
export const UNKNOWN_PAUSE_MS = 250;
/** … up to here, for ever: two questions a minute cost nothing. */
export const UNKNOWN_PAUSE_MAX_MS = 30_000;

/** What the gateway lends its submissions: both of them act at once, in the same turn of the loop. */
export interface SubmissionDesk {
  /** The next order sequence; never the same twice (strategy 9.2). */
  nextSequence(): bigint;
  /** Prices of the other account's submissions to keep clear of (strategy 6.6). */
  pricesToGoBeyond(order: { instrument: string; account: AccountName; side: Side }): readonly Decimal[];
  /** Enters this attempt's price, before anything else can be priced. */
  reserve(order: PricedOrder): void;
  /** Why this create may not leave at this moment: a failed gateway, a drain, a parked account, a fill booked since (9.5); null: it may. */
  whyNot(): Reason | null;
  /** Whether its gateway has failed: nothing further is priced or sent from this desk (strategy 9.1). */
  isOrphaned(): boolean;
}

/** Why a submission whose gateway has failed goes no further. */
export const ORPHANED: Reason = reason('gateway-replaced', '9.1');

/** What a submission works with. */
export interface SubmissionDeps {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly settings: SubmissionSettings;
}

/** One task: an intent to submit, or an order whose fate is to be found out. */
export interface SubmissionInput {
  readonly childId: string;
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  /** The account's streams are intact: they tell what becomes of its order (strategy 9.4). */
  readonly intact: boolean;
  readonly task: SubmissionTask;
}

/** An attempt as it stands in the journal, and its bytes as they leave. */
export interface Recorded {
  readonly prepared: PreparedOrder;
  readonly signed: SignedOrder;
  /** Asked again right before the bytes leave (strategy 18.2). */
  readonly whyNot: () => Reason | null;
}

/** What a submission knows, and what it works with. */
export interface SubmissionContext extends SubmissionMemory {
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  /** Leave to send this attempt; ended by sending it. */
  readonly admission: Admission | null;
  readonly recorded: Recorded | null;
}

/** Where it begins. */
export function begin({ input }: { input: SubmissionInput }): SubmissionContext {
  const { childId, deps, desk, intact, task } = input;
  const isFormer = task.kind === 'resolve' && deps.journal.isOfFormer?.(task.order.clientOrderId) === true;
  const handles = { deps, desk, admission: null, recorded: null };
  return { ...initialSubmission(childId, task, intact, isFormer), ...handles };
}

/** What an attempt is to be priced from: after a refusal, what was received since (7.4), and perhaps the index (9.5). */
export interface MarketQuestion extends Pick<SubmissionContext, 'wouldCross' | 'refusedAtMs'> {
  readonly exchange: Exchange;
  readonly instrument: string;
}

/** Reads what the attempt is priced from, at once. */
export async function readMarket({ exchange, instrument, wouldCross, refusedAtMs }: MarketQuestion): Promise<Market> {
  const index = wouldCross === null ? null : exchange.indexPrice(instrument);
  const [book, price] = await Promise.all([
    exchange.book(instrument, refusedAtMs === null ? {} : { receivedAfterMs: refusedAtMs }),
    index,
  ]);
  return { book, index: price };
}

/** The price of this attempt and whether it may go (strategy 7.1, 7.3, 6.4, 6.6). */
export function quoteOf(context: SubmissionContext, market: Market): Quote {
  const { deps, desk } = context;
  // Before it takes a number: the gateway that replaced its own may give the same one (strategy 9.2).
  if (desk.isOrphaned()) return { kind: 'denied', why: ORPHANED };
  const intent = intentOf(context);
  const instrument = deps.instruments.get(intent.instrument);
  return quoteFor(context, market, { instrument, othersPrices: desk.pricesToGoBeyond(intent) }, nowOf(context));
}

export function nowOf({ deps: { clock } }: SubmissionContext): Now {
  return { nowMs: clock.nowMs(), era: clock.era() };
}

/** The exchange's clock; null: not known. */
export function exchangeNow({ deps: { exchange } }: SubmissionContext): number | null {
  return exchange.clockSkewMs() === null ? null : exchange.exchangeNowMs();
}

/** Names the attempt and enters its price, in one turn with the pricing: nothing can be priced in between (strategy 6.6). */
export function draftAttempt(context: SubmissionContext): Draft {
  const intent = intentOf(context);
  if (context.quote?.kind !== 'sendable') throw new Error('an attempt without a price was to be drafted');
  const { price, pricedFrom } = context.quote;
  const { account, side, instrument } = intent;
  const sequence = context.desk.nextSequence();
  const clientOrderId = clientOrderIdOf(account, side, sequence);
  context.desk.reserve({ clientOrderId, instrument, account, side, price });
  const { clock, exchange, settings } = context.deps;
  const expirationMs = exchange.exchangeNowMs() + settings.orderTtlMs;
  const sentAtMs = clock.nowMs();
  return { intent, attempt: context.attempt, sequence, clientOrderId, price, pricedFrom, sentAtMs, expirationMs };
}

/** Signs the attempt and writes it down; resolves when it is safe and may leave (strategy 9.3). Rejects when either fails. */
export async function record(deps: SubmissionDeps, draft: Draft): Promise<Recorded> {
  const { intent, sequence, clientOrderId, price, sentAtMs, expirationMs } = draft;
  const { account, instrument, side, size } = intent;
  const nonce = nonceOf(sequence);
  const signed = deps.exchange.sign({
    ...{ account, instrument, side, size, price, clientOrderId, nonce, expirationMs },
    ...(intent.reduceOnly ? { reduceOnly: true } : {}),
  });
  const prepared: PreparedOrder = { ...draft, payload: signed.payload };
  const whyNot = deps.journal.beforeSending?.() ?? (() => null);
  const place = deps.journal.append([{ kind: 'order.prepared', key: clientOrderId, atMs: sentAtMs, body: prepared }]);
  await deps.journal.durable(place);
  return { prepared, signed, whyNot };
}

/**
 * Writes an outcome down. That it cannot be written is reported and changes nothing: the order is asked about again at the
 * next start, and arrives at the same outcome.
 */
export function journalOutcome(
  context: SubmissionContext,
  outcome: OrderOutcome['outcome'],
  detail: OrderOutcome['detail'],
): void {
  const { journal, clock, reporter } = context.deps;
  const clientOrderId = context.draft?.clientOrderId ?? orderOf(context).clientOrderId;
  const atMs = clock.nowMs();
  try {
    // A snapshot can tell the end before a slow answer tells that it rested: the end stays the last word, or a later
    // start would take the order up again and book its fills twice.
    const last = mayLive(outcome) ? journal.latest('order.outcome', clientOrderId)?.body.outcome : undefined;
    if (last !== undefined && !mayLive(last)) return;
    const body: OrderOutcome = { clientOrderId, outcome, detail, atMs };
    journal.append([{ kind: 'order.outcome', key: clientOrderId, atMs, body }]);
  } catch (thrown) {
    reporter.report({ type: 'journal.failed', atMs, message: `${clientOrderId}: ${errorText(thrown)}` });
  }
}

/** Gives an answer about an order to the view of its account: its symbol decides on that, and need not wait for a whole reading (10.1). */
export function shareAnswer(system: AnyActorRef['system'], account: AccountName, order: ExchangeOrder | null): void {
  if (order === null) return;
  const message: LookupsDone = { type: 'lookups.done', lookups: [{ clientOrderId: order.clientOrderId, order }] };
  system.get(`poller:${account}`)?.send(message);
}

/** Which order is asked for, and of whom. */
export type OrderQuestion = { exchange: Exchange; order: TrackedOrder };
/** As `OrderQuestion`, with the life of each order, milliseconds. */
export type ListQuestion = OrderQuestion & { orderTtlMs: number };

/** The order in either list, its end before its life; null: in neither. */
export async function findInLists({ exchange, order, orderTtlMs }: ListQuestion): Promise<ExchangeOrder | null> {
  // By the exchange's clock as it was read when the order was signed, too: ours may have been set since.
  const sentAtExchangeMs = Math.min(
    order.sentAtMs + Math.min(0, exchange.clockSkewMs() ?? 0),
    order.expirationMs - orderTtlMs,
  );
  const [open, history] = await Promise.all([
    exchange.openOrders(order.account),
    exchange.orderHistory(order.account, sentAtExchangeMs - HISTORY_MARGIN_MS),
  ]);
  return (
    [...history, ...open.filter(isOwnOrder)].find((candidate) => candidate.clientOrderId === order.clientOrderId) ??
    null
  );
}

export const ended = (context: SubmissionContext, result: SubmissionEnded['result']): SubmissionTold =>
  submissionEnded(context, result, context.deps.clock.nowMs());

export const resolved = (context: SubmissionContext, outcome: OrderResolved['outcome']): SubmissionTold =>
  orderResolved(context, outcome, context.deps.clock.nowMs());

export const attemptRefused = (context: SubmissionContext): SubmissionTold =>
  refusedAttempt(context, context.deps.clock.nowMs());

/** A pause that doubles from `first` with each time before, up to `most`; milliseconds. */
export function growing(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}
