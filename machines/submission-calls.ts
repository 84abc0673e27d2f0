import type { AnyActorRef } from 'xstate';
import type { Decimal } from '../src/core/decimal.ts';
import { whyOf } from '../src/core/error-text.ts';
import type { OrderOutcome, PreparedOrder } from '../src/core/journal-entry.ts';
import type { LookupsDone } from '../src/core/messages.ts';
import type { AccountName, ExchangeOrder, Instrument, Side } from '../src/core/model.ts';
import { isOwnOrder, nonceOf } from '../src/core/order-id.ts';
import type { PricedOrder } from '../src/core/pricing.ts';
import { type Reason, reason } from '../src/core/reasons.ts';
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

/** What a submission asks of the exchange and the journal. The chart in submission.ts says when. */

/** Shared by the gateway's submissions; every method is synchronous. */
export interface RegisterAccess {
  /** The next order sequence, never reused (strategy 9.2). */
  nextSequence(): bigint;
  /** Prices of the other account's submissions to keep clear of (strategy 6.6). */
  pricesToGoBeyond(order: { instrument: string; account: AccountName; side: Side }): readonly Decimal[];
  /** Enters this attempt's price before anything else can be priced. */
  reserve(order: PricedOrder): void;
  /**
   * Why this create may not be sent now: a failed gateway, a drain, a parked account, a fill booked since (9.5); null:
   * it may.
   */
  whyNot(): Reason | null;
  /** Whether its gateway has failed: nothing more is priced or sent through it (strategy 9.1). */
  isOrphaned(): boolean;
}

export interface SubmissionDeps {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly settings: SubmissionSettings;
}

/** One task: an intent to submit, or an order whose outcome is looked up. */
export interface SubmissionInput {
  readonly childId: string;
  readonly deps: SubmissionDeps;
  readonly shared: RegisterAccess;
  /** The account's streams are intact and report its order (strategy 9.4). */
  readonly intact: boolean;
  readonly task: SubmissionTask;
}

/** A journalled attempt and the bytes to send. */
export interface Recorded {
  readonly prepared: PreparedOrder;
  readonly signed: SignedOrder;
  /** Asked again right before the bytes are sent (strategy 18.2). */
  readonly whyNot: () => Reason | null;
}

export interface SubmissionContext {
  readonly deps: SubmissionDeps;
  readonly shared: RegisterAccess;
  readonly memory: SubmissionMemory;
  /** Permission to send this attempt, used up by sending it. */
  readonly admission: Admission | null;
  readonly recorded: Recorded | null;
}

export function begin({ input: { deps, shared, ...given } }: { input: SubmissionInput }): SubmissionContext {
  const { task } = given;
  const isOfPreviousHolder =
    task.kind === 'resolve' && deps.journal.isOfPreviousHolder?.(task.order.clientOrderId) === true;
  const memory = initialSubmission({ ...given, isOfPreviousHolder, settings: deps.settings });
  return { deps, shared, memory, admission: null, recorded: null };
}

export function nowOf({ deps: { clock, exchange } }: SubmissionContext): SubmissionNow {
  const isExchangeClockKnown = exchange.clockSkewMs() !== null;
  return { nowMs: clock.nowMs(), era: clock.era(), exchangeNowMs: exchange.exchangeNowMs(), isExchangeClockKnown };
}

/** Permission for a create (strategy 9.1); returned at once if the submission was halted meanwhile. */
export async function admitCreate({ deps, memory }: SubmissionContext, signal: AbortSignal): Promise<Admission> {
  const { account, instrument, purpose } = intentOf(memory);
  const admission = await deps.exchange.admitCreate(account, instrument, purpose);
  if (signal.aborted) admission.unused();
  return admission;
}

/** Reads what the attempt is priced from: after a refusal, a book received since (7.4), and perhaps the index (9.5). */
export async function readMarket({ deps: { exchange }, memory }: SubmissionContext): Promise<Market> {
  const { wouldCross, refusedAtMs } = memory;
  const { instrument } = intentOf(memory);
  const [index, book] = await Promise.all([
    wouldCross === null ? null : exchange.indexPrice(instrument),
    exchange.book(instrument, refusedAtMs === null ? {} : { receivedAfterMs: refusedAtMs }),
  ]);
  return { book, index };
}

/** What a price depends on besides the market. */
export function quoteGiven({ deps, shared, memory }: SubmissionContext): QuoteGiven {
  const intent = intentOf(memory);
  const instrument = deps.instruments.get(intent.instrument);
  return { instrument, othersPrices: shared.pricesToGoBeyond(intent), isOrphaned: shared.isOrphaned() };
}

/** Signs and journals the attempt; resolves when it is safe to send (strategy 9.3). Rejects if either fails. */
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
  const { deps, shared, memory } = context;
  const { signed, whyNot } = present(context.recorded, 'record');
  const admission = present(context.admission, 'admission');
  return deps.exchange.createOrder(
    signed,
    () => shared.whyNot() ?? tooOld(memory, nowOf(context)) ?? whyNot(),
    admission,
  );
}

export function lookUpOrder({ deps, memory }: SubmissionContext): Promise<ExchangeOrder | null> {
  const { account, clientOrderId, sentAtMs } = orderOf(memory);
  return deps.exchange.order(account, clientOrderId, sentAtMs);
}

/** A cancel that also kills a create in flight, by its time to live. */
export function fenceOrder({ deps, memory }: SubmissionContext): Promise<void> {
  const { account, clientOrderId, instrument } = orderOf(memory);
  return deps.exchange.cancelOrder(account, clientOrderId, FENCE_TTL_MS, instrument);
}

/** The order in either list, preferring its end; null: in neither. */
export async function searchLists({ deps: { exchange }, memory }: SubmissionContext): Promise<ExchangeOrder | null> {
  const order = orderOf(memory);
  // Also by the exchange's clock as it was when the order was signed, since ours may have been set meanwhile.
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

/** Journals an outcome. A failure is reported and changes nothing: the next start looks the order up again. */
export function journalOutcome({ journal, reporter }: SubmissionDeps, body: OrderOutcome): void {
  const { clientOrderId, outcome, atMs } = body;
  try {
    // A snapshot may show the end before a slow answer shows that it rested: the end stays the last entry, or a later
    // start would adopt the order again and book its fills twice.
    const last = mayLive(outcome) ? journal.latest('order.outcome', clientOrderId)?.body.outcome : undefined;
    if (last !== undefined && !mayLive(last)) return;
    journal.append([{ kind: 'order.outcome', key: clientOrderId, atMs, body }]);
  } catch (thrown) {
    const message = reason('outcome-not-recorded', '9.3', { clientOrderId, why: whyOf(thrown) });
    reporter.report({ type: 'journal.failed', atMs, message });
  }
}

/** Passes an answer about an order to its account's view, so that its symbol need not wait for a full read (10.1). */
export function shareAnswer(system: AnyActorRef['system'], account: AccountName, order: ExchangeOrder | null): void {
  if (order === null) return;
  const message: LookupsDone = { type: 'lookups.done', lookups: [{ clientOrderId: order.clientOrderId, order }] };
  system.get(`poller:${account}`)?.send(message);
}
