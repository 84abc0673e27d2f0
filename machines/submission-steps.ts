import type { AnyActorRef } from 'xstate';
import { type Decimal, max } from '../src/core/decimal.ts';
import { errorText } from '../src/core/error-text.ts';
import type { OrderWords } from '../src/core/facts.ts';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import type { OrderOutcome, PreparedOrder, PricedFrom } from '../src/core/journal-entry.ts';
import type {
  AttemptRefused,
  LookupsDone,
  OrderResolved,
  SubmissionEnded,
  SubmissionHalt,
  SubmissionTold,
} from '../src/core/messages.ts';
import type { AccountName, Book, ExchangeOrder, Instrument, Intent, Side, TrackedOrder } from '../src/core/model.ts';
import { clientOrderIdOf, isOwnOrder, nonceOf } from '../src/core/order-id.ts';
import { checkSendable, type PricedOrder, priceFor, touchOf } from '../src/core/pricing.ts';
import { type Reason, reason } from '../src/core/reasons.ts';
import { isPostOnlyRefusal } from '../src/core/refusals.ts';
import type { SubmissionTask } from '../src/core/submission/tracked.ts';
import { furtherRow } from '../src/core/view.ts';
import type { Admission, EngineClock, Exchange, Journal, Reporter, SignedOrder } from '../src/ports.ts';

/**
 * What the names of the chart in submission.ts stand for: pricing an attempt and writing it down, what an answer says of it,
 * and what proves that an order never came to be. The chart says when.
 */

/** Attempts of one submission are at least so far apart (strategy 9.5). */
export const ATTEMPT_GAP_MS = 500;
/** After a 429 the pause doubles from here (strategy 9.9) … */
export const RATE_LIMIT_PAUSE_MS = 1_000;
/** … up to here: the intent is stale by then, and the symbol decides anew. */
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
/** Past an order's expiry by the exchange's clock before it counts: the clock is read from a header of whole seconds. */
export const EXPIRY_MARGIN_MS = 2_000;
/** The same for an order that a former holder of the lease prepared: it can be on its way from a machine that was frozen (18.2). */
export const FORMER_EXPIRY_MARGIN_MS = 10_000;
/** The order history is read from so long before the send: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;
/** While unknown, the pauses between questions double from here … */
export const UNKNOWN_PAUSE_MS = 250;
/** … up to here, for ever: two questions a minute cost nothing. */
export const UNKNOWN_PAUSE_MAX_MS = 30_000;

/** The settings a submission goes by. */
export interface SubmissionSettings {
  /** Attempts of one submission (`POST_ONLY_MAX_RETRY`). */
  readonly postOnlyMaxRetry: number;
  /** Life of each order (`ORDER_TTL_SEC`), milliseconds. */
  readonly orderTtlMs: number;
}

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

/** What an attempt came to at pricing time. */
export type Quote =
  | { readonly kind: 'sendable'; readonly price: Decimal; readonly pricedFrom: PricedFrom }
  | { readonly kind: 'book-unusable'; readonly why: Reason }
  | { readonly kind: 'denied'; readonly why: Reason };

/** An attempt before it is signed. */
export type Draft = Omit<PreparedOrder, 'payload'>;

/** An attempt as it stands in the journal, and its bytes as they leave. */
export interface Recorded {
  readonly prepared: PreparedOrder;
  readonly signed: SignedOrder;
  /** Asked again right before the bytes leave (strategy 18.2). */
  readonly whyNot: () => Reason | null;
}

/** What a submission knows. */
export interface SubmissionContext {
  readonly childId: string;
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  readonly intact: boolean;
  /** null: nothing is to be submitted, only an order's fate is to be found out. */
  readonly intent: Intent | null;
  /** Attempts begun. */
  readonly attempt: number;
  readonly postOnlyRefusals: number;
  /** The price of the last attempt, if it was refused as crossing the book or the index (9.5); null: it was not. */
  readonly wouldCross: Decimal | null;
  /** When the last post-only refusal was learned, our clock; null: there was none. The next book is received later (7.4). */
  readonly refusedAtMs: number | null;
  readonly rateLimits: number;
  readonly attemptAtMs: number;
  /** Leave to send this attempt; ended by sending it. */
  readonly admission: Admission | null;
  readonly quote: Quote | null;
  readonly draft: Draft | null;
  readonly recorded: Recorded | null;
  /** The attempt in flight or in doubt. */
  readonly order: TrackedOrder | null;
  /** What the exchange last said of it, by REST or its streams; null: it knows no such order, or has said nothing. */
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
  /** Why the present attempt or outcome is what it is; null: nothing is wrong yet. */
  readonly why: Reason | null;
  /** Looks at an acknowledged order. */
  readonly lookups: number;
  /** Pauses made while unknown. */
  readonly rounds: number;
  readonly fencePassed: boolean;
  /** On what the question now out may prove absence: known when it was asked, not when it is answered. */
  /** A former holder of the lease may have prepared it, and may still send it (strategy 18.2). */
  readonly isFormer: boolean;
  readonly proofBasis: 'fence' | 'expiry' | null;
  readonly halt: SubmissionHalt['result'] | null;
}

/** Where a submission, or the search for an order’s fate, begins. */
export function begin({ input }: { input: SubmissionInput }): SubmissionContext {
  const { task } = input;
  return {
    childId: input.childId,
    deps: input.deps,
    desk: input.desk,
    intact: input.intact,
    intent: task.kind === 'submit' ? task.intent : null,
    attempt: task.kind === 'submit' ? 0 : task.order.attempt,
    postOnlyRefusals: 0,
    wouldCross: null,
    refusedAtMs: null,
    rateLimits: 0,
    attemptAtMs: 0,
    admission: null,
    quote: null,
    draft: null,
    recorded: null,
    order: task.kind === 'resolve' ? task.order : null,
    seen: null,
    failure: null,
    why: task.kind === 'resolve' ? task.why : null,
    lookups: 0,
    rounds: task.kind === 'resolve' ? task.rounds : 0,
    fencePassed: false,
    isFormer: task.kind === 'resolve' && input.deps.journal.isOfFormer?.(task.order.clientOrderId) === true,
    proofBasis: null,
    halt: null,
  };
}

/** What is to be submitted. Throws where only an order’s fate is to be found out. */
export function intentOf(context: SubmissionContext): Intent {
  if (context.intent === null) throw new Error('a submission without an intent was asked to price one');
  return context.intent;
}

/** The attempt in flight or in doubt. Throws before there is one. */
export function orderOf(context: SubmissionContext): TrackedOrder {
  if (context.order === null) throw new Error('a submission was asked about an order before it sent one');
  return context.order;
}

/** A value the chart’s order of states promises. Throws when it is missing. */
export function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`a submission has no ${what} yet`);
  return value;
}

/** What an attempt is priced from. */
export interface Market {
  readonly book: Book;
  /** Read only after a refusal that the index may explain (9.5); null: not read. */
  readonly index: Decimal | null;
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

/** Whether an order at that price on that side would take from the book. */
function crossedBook(price: Decimal | null, side: Side, book: Book): boolean {
  const opposite = (side === 'sell' ? book.bids : book.asks)[0]?.price;
  if (price === null || opposite === undefined) return false;
  return side === 'sell' ? price.lte(opposite) : price.gte(opposite);
}

/** The price of this attempt and whether it may go (strategy 7.1, 7.3, 6.4, 6.6). */
export function quoteFor(context: SubmissionContext, { book, index }: Market): Quote {
  const intent = intentOf(context);
  const instrument = context.deps.instruments.get(intent.instrument);
  if (instrument === undefined) return { kind: 'denied', why: reason('instrument-unknown', '2.2') };
  // Before it takes a number: the gateway that replaced its own may give the same one (strategy 9.2).
  if (context.desk.isOrphaned()) return { kind: 'denied', why: ORPHANED };
  const old = tooOld(context);
  if (old !== null) return { kind: 'denied', why: old };
  const own = intent.beyondPrice === null ? [] : [intent.beyondPrice];
  const { side, guardPrice, size, nearerThanPrice } = intent;
  const beyondPrices = [...own, ...context.desk.pricesToGoBeyond(intent)];
  const indexPrice = crossedBook(context.wouldCross, side, book) ? null : index;
  const priced = priceFor({ side, book, guardPrice, beyondPrices, instrument, indexPrice });
  const touch = touchOf(book);
  if (!touch.ok) return { kind: 'book-unusable', why: touch.why };
  if (!priced.ok) return { kind: 'denied', why: priced.why };
  const { mostUsdt } = intent;
  // A repair may rest far from the market at its guard; an opening is worth what it would be bought or sold at.
  const worthPrice = intent.purpose === 'opening' ? max(priced.price, touch.ask) : touch.bid.plus(touch.ask).div(2);
  const worth = mostUsdt === undefined ? {} : { worth: { price: worthPrice, mostUsdt } };
  const sendable = checkSendable({ side, size, price: priced.price, instrument, nearerThanPrice, ...worth });
  if (!sendable.ok) return { kind: 'denied', why: sendable.why };
  return { kind: 'sendable', price: priced.price, pricedFrom: { bid: touch.bid, ask: touch.ask, beyondPrices } };
}

/** Behind another submission, after retries, a slow book or a wait for the budget: what it was decided on is history (strategy 10.3). */
export function tooOld(context: SubmissionContext): Reason | null {
  const { clock } = context.deps;
  const era = clock.era();
  const { validInEra = era, validUntilMs = Number.POSITIVE_INFINITY } = intentOf(context);
  if (era !== validInEra) return reason('decided-before-clock-step', '10.3');
  return clock.nowMs() > validUntilMs ? reason('decided-on-old-data', '10.3') : null;
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

/** Outcomes after which the exchange may have more to say of an order. */
function mayLive(outcome: OrderOutcome['outcome']): boolean {
  return outcome === 'resting' || outcome === 'unknown';
}

/** The order as facts name it. Throws before there is one. */
export function orderWords(context: SubmissionContext): OrderWords {
  const { instrument, account, clientOrderId, side, size, price, purpose, guardPrice } = orderOf(context);
  return { instrument, account, clientOrderId, side, size, price, purpose, guardPrice };
}

/** A create's failure. What carries no kind is a defect of ours, and no proof that nothing left: unknown. */
export function createFailure(thrown: unknown, account: AccountName): ExchangeFailure {
  const failure = toFailure(thrown, 'createOrder', account);
  if (failure === thrown) return failure;
  return { ...failure, kind: 'unknown' };
}

/** 2012: the client id overlaps an active order, so an order of that id lives (API 3). */
export const OVERLAPPING_CLIENT_ID_CODE = 2012;

/** What an answer leaves in the journal. `rejected` promises that nothing traded: a start lets go of it unseen (strategy 11.2). */
export function outcomeOf({ status, tradedSize }: ExchangeOrder): OrderOutcome['outcome'] {
  switch (status) {
    case 'FILLED':
      return 'filled';
    case 'CANCELLED':
      return 'cancelled';
    case 'REJECTED':
      return tradedSize.gt(0) ? 'cancelled' : 'rejected';
    default:
      return 'resting';
  }
}

/** An order the matching engine has not named yet (API 5.1). */
const UNNAMED_ORDER = /^0x0*$/;

/** Whether the answer is about our order at all, and says more than "received" (`0x00` is an acknowledgement, API 5.1). */
export function verdict(
  context: SubmissionContext,
): 'open' | 'over' | 'post-only' | 'rejected' | 'doubtful' | 'pending' {
  const { seen } = context;
  if (seen === null) return 'pending';
  if (seen.clientOrderId !== orderOf(context).clientOrderId) return 'doubtful';
  if (seen.status === 'REJECTED') {
    if (seen.tradedSize.gt(0) || seen.rejectReason === 'OVERLAPPING_CLIENT_ORDER_ID') return 'doubtful';
    return isPostOnlyRefusal(seen.rejectReason) ? 'post-only' : 'rejected';
  }
  if (seen.status === 'FILLED' || seen.status === 'CANCELLED') return 'over';
  if (seen.status === 'OPEN' && !UNNAMED_ORDER.test(seen.orderId)) return 'open';
  return 'pending';
}

/** Whether that row is one of our order. */
export function isOfOrder({ order }: SubmissionContext, row: ExchangeOrder): boolean {
  return order !== null && order.clientOrderId === row.clientOrderId;
}

/** What is known of the order after an answer: a stream may have told more of it already. */
export function knownAfter({ seen }: SubmissionContext, answer: ExchangeOrder | null): ExchangeOrder | null {
  if (seen === null || answer === null || seen.clientOrderId !== answer.clientOrderId) return answer;
  return furtherRow(seen, answer);
}

/** Gives an answer about an order to the view of its account: its symbol decides on that, and need not wait for a whole reading (10.1). */
export function shareAnswer(system: AnyActorRef['system'], account: AccountName, order: ExchangeOrder | null): void {
  if (order === null) return;
  const message: LookupsDone = { type: 'lookups.done', lookups: [{ clientOrderId: order.clientOrderId, order }] };
  system.get(`poller:${account}`)?.send(message);
}

/** A pause that doubles from `first` with each time before, up to `most`; milliseconds. */
export function growing(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}

/** Whether the order has expired by the exchange's clock; never by ours alone (strategy 9.6). */
export function hasExpired(context: SubmissionContext): boolean {
  const { exchange } = context.deps;
  if (exchange.clockSkewMs() === null) return false;
  const marginMs = context.isFormer ? FORMER_EXPIRY_MARGIN_MS : EXPIRY_MARGIN_MS;
  return exchange.exchangeNowMs() > orderOf(context).expirationMs + marginMs;
}

/** What proves that an order is not coming any more, besides what the exchange says of it (strategy 9.6, 18.2); null: nothing yet. */
export function proofBasisOf(context: SubmissionContext): SubmissionContext['proofBasis'] {
  if (context.fencePassed && !context.isFormer) return 'fence';
  return hasExpired(context) ? 'expiry' : null;
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

/** What the symbol is told when its submission is over. */
export const ended = (context: SubmissionContext, result: SubmissionEnded['result']): SubmissionTold => ({
  type: 'submission.told',
  childId: context.childId,
  message: {
    type: 'submission.ended',
    intentId: intentOf(context).intentId,
    account: intentOf(context).account,
    atMs: context.deps.clock.nowMs(),
    result,
  },
});

/** What the symbol is told when there is proof of what became of an order (strategy 9.6). */
export const resolved = (context: SubmissionContext, outcome: OrderResolved['outcome']): SubmissionTold => ({
  type: 'submission.told',
  childId: context.childId,
  message: {
    type: 'order.resolved',
    clientOrderId: orderOf(context).clientOrderId,
    account: orderOf(context).account,
    atMs: context.deps.clock.nowMs(),
    outcome,
  },
});

/** What the symbol is told when an attempt is over and nothing of it lives. */
export const attemptRefused = (context: SubmissionContext): SubmissionTold => {
  const { clientOrderId, account } = orderOf(context);
  const message: AttemptRefused = {
    type: 'attempt.refused',
    clientOrderId,
    account,
    atMs: context.deps.clock.nowMs(),
  };
  return { type: 'submission.told', childId: context.childId, message };
};

/** What proves that the order never came to be, in words (strategy 9.6). */
export const proofWords = (context: SubmissionContext): string => {
  const basis = context.proofBasis === 'expiry' ? 'expired by the exchange’s clock' : 'fenced by a cancel';
  return `${basis}; order says 1004, open_orders and order_history lack it`;
};

/** Why the submission is where it is. */
export const whyOf = (context: SubmissionContext): Reason => present(context.why, 'reason');
