import type { AnyActorRef } from 'xstate';
import type { Decimal } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import type { OrderOutcome, PreparedOrder } from '../src/core/journal-entry.ts';
import type { LookupsDone } from '../src/core/messages.ts';
import type { AccountName, ExchangeOrder, Instrument, Side } from '../src/core/model.ts';
import { isOwnOrder, nonceOf } from '../src/core/order-id.ts';
import type { PricedOrder } from '../src/core/pricing.ts';
import type { Reason } from '../src/core/reasons.ts';
import { mayLive } from '../src/core/submission/answers.ts';
import {
  initialSubmission,
  intentOf,
  orderOf,
  present,
  type SubmissionMemory,
  type SubmissionSettings,
} from '../src/core/submission/memory.ts';
import { type Market, type QuoteGiven, tooOld } from '../src/core/submission/quote.ts';
import type { SubmissionNow } from '../src/core/submission/step.ts';
import type { SubmissionTask } from '../src/core/submission/tracked.ts';
import { FENCE_TTL_MS, HISTORY_MARGIN_MS } from '../src/core/submission/waits.ts';
import type { Admission, EngineClock, Exchange, Journal, Reporter, SignedOrder } from '../src/ports.ts';

/** What a submission works with, and what it asks of the exchange and the journal. The chart in submission.ts says when. */

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
export interface SubmissionContext {
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  readonly memory: SubmissionMemory;
  /** Leave to send this attempt; ended by sending it. */
  readonly admission: Admission | null;
  readonly recorded: Recorded | null;
}

/** Where it begins. */
export function begin({ input: { deps, desk, ...given } }: { input: SubmissionInput }): SubmissionContext {
  const { task } = given;
  const isFormer = task.kind === 'resolve' && deps.journal.isOfFormer?.(task.order.clientOrderId) === true;
  const memory = initialSubmission({ ...given, isFormer, settings: deps.settings });
  return { deps, desk, memory, admission: null, recorded: null };
}

export function nowOf({ deps: { clock, exchange } }: SubmissionContext): SubmissionNow {
  const isExchangeClockKnown = exchange.clockSkewMs() !== null;
  return { nowMs: clock.nowMs(), era: clock.era(), exchangeNowMs: exchange.exchangeNowMs(), isExchangeClockKnown };
}

/** Leave for a create (strategy 9.1); given back at once where the submission was halted meanwhile. */
export async function admitCreate({ deps, memory }: SubmissionContext, signal: AbortSignal): Promise<Admission> {
  const { account, instrument, purpose } = intentOf(memory);
  const admission = await deps.exchange.admitCreate(account, instrument, purpose);
  if (signal.aborted) admission.unused();
  return admission;
}

/** Reads what the attempt is priced from, at once: after a refusal, a book received since (7.4), and perhaps the index (9.5). */
export async function readMarket({ deps: { exchange }, memory }: SubmissionContext): Promise<Market> {
  const { wouldCross, refusedAtMs } = memory;
  const { instrument } = intentOf(memory);
  const [index, book] = await Promise.all([
    wouldCross === null ? null : exchange.indexPrice(instrument),
    exchange.book(instrument, refusedAtMs === null ? {} : { receivedAfterMs: refusedAtMs }),
  ]);
  return { book, index };
}

/** What a price depends on beside the market. */
export function quoteGiven({ deps, desk, memory }: SubmissionContext): QuoteGiven {
  const intent = intentOf(memory);
  const instrument = deps.instruments.get(intent.instrument);
  return { instrument, othersPrices: desk.pricesToGoBeyond(intent), isOrphaned: desk.isOrphaned() };
}

/** Signs the attempt and writes it down; resolves when it is safe and may leave (strategy 9.3). Rejects when either fails. */
export async function recordAttempt({ deps, memory }: SubmissionContext): Promise<Recorded> {
  const draft = present(memory.draft, 'draft');
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

/** Sends the create, unless a reason against it has come up since. */
export function createOrder(context: SubmissionContext): Promise<ExchangeOrder> {
  const { deps, desk, memory } = context;
  const { signed, whyNot } = present(context.recorded, 'record');
  const admission = present(context.admission, 'admission');
  return deps.exchange.createOrder(
    signed,
    () => desk.whyNot() ?? tooOld(memory, nowOf(context)) ?? whyNot(),
    admission,
  );
}

export function lookUpOrder({ deps, memory }: SubmissionContext): Promise<ExchangeOrder | null> {
  const { account, clientOrderId, sentAtMs } = orderOf(memory);
  return deps.exchange.order(account, clientOrderId, sentAtMs);
}

/** A cancel that also kills a create still under way, by its time to live. */
export function fenceOrder({ deps, memory }: SubmissionContext): Promise<void> {
  const { account, clientOrderId, instrument } = orderOf(memory);
  return deps.exchange.cancelOrder(account, clientOrderId, FENCE_TTL_MS, instrument);
}

/** The order in either list, its end before its life; null: in neither. */
export async function searchLists({ deps: { exchange }, memory }: SubmissionContext): Promise<ExchangeOrder | null> {
  const order = orderOf(memory);
  // By the exchange's clock as it was read when the order was signed, too: ours may have been set since.
  const sentAtExchangeMs = Math.min(
    order.sentAtMs + Math.min(0, exchange.clockSkewMs() ?? 0),
    order.expirationMs - memory.settings.orderTtlMs,
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

/**
 * Writes an outcome down. That it cannot be written is reported and changes nothing: the order is asked about again at the
 * next start, and arrives at the same outcome.
 */
export function journalOutcome({ journal, reporter }: SubmissionDeps, body: OrderOutcome): void {
  const { clientOrderId, outcome, atMs } = body;
  try {
    // A snapshot can tell the end before a slow answer tells that it rested: the end stays the last word, or a later
    // start would take the order up again and book its fills twice.
    const last = mayLive(outcome) ? journal.latest('order.outcome', clientOrderId)?.body.outcome : undefined;
    if (last !== undefined && !mayLive(last)) return;
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
