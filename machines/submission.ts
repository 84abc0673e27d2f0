import { assign, fromPromise, sendParent, setup } from 'xstate';
import type { Decimal } from '../src/core/decimal.ts';
import type { OrderWords } from '../src/core/facts.ts';
import { type ExchangeFailure, toFailure } from '../src/core/failure.ts';
import type { AccountName, Book, ExchangeOrder, Instrument, Intent, Side } from '../src/core/model.ts';
import { clientOrderIdOf, nonceOf } from '../src/core/order-id.ts';
import { checkSendable, type PricedOrder, priceFor, touchOf } from '../src/core/pricing.ts';
import type {
  Clock,
  Exchange,
  Journal,
  OrderOutcome,
  PreparedOrder,
  PricedFrom,
  Reporter,
  SignedOrder,
} from '../src/ports.ts';
import type {
  AttemptRefused,
  OrderResolve,
  OrderResolved,
  ParkingFound,
  SubmissionEnded,
  SubmissionHalt,
  SubmissionPrepared,
  SubmissionTold,
} from './messages.ts';

/**
 * The life of one intent: price it, write it down, send it, hear what became of it; again when it was refused as post-only;
 * and when nobody knows what became of it, find out by positive proof, for as long as that takes (strategy 9.3 to 9.6).
 *
 * One actor per intent, or per order whose whereabouts are unknown. It never books a fill (snapshots do), never sends a
 * create whose bytes are not in the journal, never sends an attempt twice, and has no timer that turns unknown into known.
 */

/** Attempts of one submission are at least so far apart (strategy 9.5). */
export const ATTEMPT_GAP_MS = 500;
/** After a 429 the pause doubles from here (strategy 9.9) … */
export const RATE_LIMIT_PAUSE_MS = 1_000;
/** … up to here: the intent is stale by then, and the symbol decides anew. */
export const RATE_LIMIT_PAUSE_MAX_MS = 8_000;
/** First look at an acknowledged order: a matching engine answers within some milliseconds. Doubles … */
export const CONFIRM_PAUSE_MS = 20;
/** … up to here, so that a slow confirmation is still seen within a second. */
export const CONFIRM_PAUSE_MAX_MS = 1_000;
/** About 5 s of looking while the account's slot is held; then the outcome counts as unknown and the slot is free. */
export const CONFIRM_LOOKUPS_MAX = 10;
/** The longest the exchange keeps a cancel waiting for its create (API 5.4): the create's own time-out is 5 s too. */
export const FENCE_TTL_MS = 5_000;
/** Waited past the fence's time, for clocks that do not run alike. */
export const FENCE_MARGIN_MS = 500;
/** Past an order's expiry by the exchange's clock before it counts: the clock is read from a header of whole seconds. */
export const EXPIRY_MARGIN_MS = 2_000;
/** The order history is read from so long before the send: covers a clock that was set meanwhile. */
export const HISTORY_MARGIN_MS = 60_000;
/** While unknown, the pauses between questions double from here … */
export const UNKNOWN_PAUSE_MS = 250;
/** … up to here, for ever: two questions a minute cost nothing. */
export const UNKNOWN_PAUSE_MAX_MS = 30_000;

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
  /** Why no create may leave at this moment: the engine drains, or an account is parked; null: it may. */
  whyNot(): string | null;
}

export interface SubmissionDeps {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly settings: SubmissionSettings;
}

export interface SubmissionInput {
  readonly childId: string;
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  readonly task:
    | { readonly kind: 'submit'; readonly intent: Intent }
    /** Nobody knows what became of it: found in the journal after a crash, or lost from sight. */
    | {
        readonly kind: 'resolve';
        readonly order: TrackedOrder;
        readonly reason: string;
        /** Pauses already made: a child that replaces a failed one begins with a pause. */
        readonly rounds: number;
      };
}

/** One attempt as it was sent. */
export interface TrackedOrder {
  readonly instrument: string;
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly purpose: 'opening' | 'repair';
  readonly guardPrice: Decimal | null;
  readonly attempt: number;
  /** Our clock. */
  readonly sentAtMs: number;
  /** The exchange's clock. */
  readonly expirationMs: number;
}

/** An attempt from the journal. */
export function trackedFromPrepared(prepared: PreparedOrder): TrackedOrder {
  const { intent } = prepared;
  return {
    instrument: intent.instrument,
    account: intent.account,
    clientOrderId: prepared.clientOrderId,
    side: intent.side,
    size: intent.size,
    price: prepared.price,
    purpose: intent.purpose,
    guardPrice: intent.guardPrice,
    attempt: prepared.attempt,
    sentAtMs: prepared.sentAtMs,
    expirationMs: prepared.expirationMs,
  };
}

/** An order a symbol lost sight of. What the symbol does not say is read from the journal's record, where there is one. */
export function trackedFromRequest(request: OrderResolve, prepared: PreparedOrder | null): TrackedOrder {
  return {
    instrument: request.instrument,
    account: request.account,
    clientOrderId: request.clientOrderId,
    side: request.side,
    size: request.size,
    price: request.price,
    purpose: request.purpose ?? prepared?.intent.purpose ?? 'repair',
    guardPrice: prepared?.intent.guardPrice ?? null,
    attempt: prepared?.attempt ?? 1,
    sentAtMs: request.sentAtMs,
    expirationMs: request.expirationMs,
  };
}

/** What an attempt came to at pricing time. */
type Quote =
  | { readonly kind: 'sendable'; readonly price: Decimal; readonly pricedFrom: PricedFrom }
  | { readonly kind: 'book-unusable'; readonly reason: string }
  | { readonly kind: 'denied'; readonly reason: string; readonly rule: string };

/** An attempt before it is signed. */
interface Draft {
  readonly intent: Intent;
  readonly attempt: number;
  readonly sequence: bigint;
  readonly clientOrderId: string;
  readonly price: Decimal;
  readonly pricedFrom: PricedFrom;
  readonly sentAtMs: number;
  readonly expirationMs: number;
}

interface Recorded {
  readonly prepared: PreparedOrder;
  readonly signed: SignedOrder;
}

export interface SubmissionContext {
  readonly childId: string;
  readonly deps: SubmissionDeps;
  readonly desk: SubmissionDesk;
  /** null: nothing is to be submitted, only an order's fate is to be found out. */
  readonly intent: Intent | null;
  /** Attempts begun. */
  readonly attempt: number;
  readonly postOnlyRefusals: number;
  readonly rateLimits: number;
  readonly attemptAtMs: number;
  readonly quote: Quote | null;
  readonly draft: Draft | null;
  readonly recorded: Recorded | null;
  /** The attempt in flight or in doubt. */
  readonly order: TrackedOrder | null;
  /** What the exchange last said of it; null: it knows no such order, or has not been asked. */
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
  /** Why the present attempt or outcome is what it is, in words. */
  readonly reason: string;
  readonly denial: { readonly reason: string; readonly rule: string };
  /** Looks at an acknowledged order. */
  readonly lookups: number;
  /** Pauses made while unknown. */
  readonly rounds: number;
  readonly fencePassed: boolean;
  /** On what the question now out may prove absence: known when it was asked, not when it is answered. */
  readonly proofBasis: 'fence' | 'expiry' | null;
  readonly halt: SubmissionHalt['result'] | null;
}

export type SubmissionEvent = SubmissionHalt;

type Args = { context: SubmissionContext };

// ---- what the chart's names stand for -------------------------------------------------------------------------------

function begin({ input }: { input: SubmissionInput }): SubmissionContext {
  const { task } = input;
  return {
    childId: input.childId,
    deps: input.deps,
    desk: input.desk,
    intent: task.kind === 'submit' ? task.intent : null,
    attempt: task.kind === 'submit' ? 0 : task.order.attempt,
    postOnlyRefusals: 0,
    rateLimits: 0,
    attemptAtMs: 0,
    quote: null,
    draft: null,
    recorded: null,
    order: task.kind === 'resolve' ? task.order : null,
    seen: null,
    failure: null,
    reason: task.kind === 'resolve' ? task.reason : '',
    denial: { reason: '', rule: '' },
    lookups: 0,
    rounds: task.kind === 'resolve' ? task.rounds : 0,
    fencePassed: false,
    proofBasis: null,
    halt: null,
  };
}

function intentOf(context: SubmissionContext): Intent {
  if (context.intent === null) throw new Error('a submission without an intent was asked to price one');
  return context.intent;
}

function orderOf(context: SubmissionContext): TrackedOrder {
  if (context.order === null) throw new Error('a submission was asked about an order before it sent one');
  return context.order;
}

function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`a submission has no ${what} yet`);
  return value;
}

/** The price of this attempt and whether it may go (strategy 7.1, 7.3, 6.4, 6.6). */
function quoteFor(context: SubmissionContext, book: Book): Quote {
  const intent = intentOf(context);
  const instrument = context.deps.instruments.get(intent.instrument);
  if (instrument === undefined) return { kind: 'denied', reason: 'the exchange lists no such instrument', rule: '2.2' };
  const old = tooOld(context);
  if (old !== null) return { kind: 'denied', reason: old, rule: '10.3' };
  const own = intent.beyondPrice === null ? [] : [intent.beyondPrice];
  const { side, guardPrice, size, nearerThanPrice } = intent;
  const beyondPrices = [...own, ...context.desk.pricesToGoBeyond(intent)];
  const priced = priceFor({ side, book, guardPrice, beyondPrices, instrument });
  if (!priced.ok && priced.rule === '7.4') return { kind: 'book-unusable', reason: priced.reason };
  if (!priced.ok) return { kind: 'denied', reason: priced.reason, rule: priced.rule };
  const sendable = checkSendable({ side, size, price: priced.price, instrument, nearerThanPrice });
  if (!sendable.ok) return { kind: 'denied', reason: sendable.reason, rule: sendable.rule };
  const touch = touchOf(book);
  if (!touch.ok) return { kind: 'book-unusable', reason: touch.reason };
  return { kind: 'sendable', price: priced.price, pricedFrom: { bid: touch.bid, ask: touch.ask, beyondPrices } };
}

/** Behind another submission, after retries, a slow book or a wait for the budget: what it was decided on is history (strategy 10.3). */
function tooOld(context: SubmissionContext): string | null {
  const { validFromMs = Number.NEGATIVE_INFINITY, validUntilMs = Number.POSITIVE_INFINITY } = intentOf(context);
  const nowMs = context.deps.clock.nowMs();
  if (nowMs < validFromMs) return 'our clock was set back since the data it was decided on were read';
  return nowMs > validUntilMs ? 'the data it was decided on are too old by now' : null;
}

/** Names the attempt and enters its price, in one turn with the pricing: nothing can be priced in between (strategy 6.6). */
function draftAttempt(context: SubmissionContext): Draft {
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

/** Signs the attempt and writes it down, synced, before it may leave (strategy 9.3). Throws when either cannot be done. */
function record(deps: SubmissionDeps, draft: Draft): Recorded {
  const { intent, attempt, sequence, clientOrderId, price, pricedFrom, sentAtMs, expirationMs } = draft;
  const { account, instrument, side, size } = intent;
  const nonce = nonceOf(sequence);
  const signed = deps.exchange.sign({ account, instrument, side, size, price, clientOrderId, nonce, expirationMs });
  const { payload } = signed;
  const prepared: PreparedOrder = {
    intent,
    attempt,
    clientOrderId,
    sequence,
    price,
    payload,
    sentAtMs,
    expirationMs,
    pricedFrom,
  };
  deps.journal.append([{ kind: 'order.prepared', key: clientOrderId, atMs: sentAtMs, body: prepared }]);
  return { prepared, signed };
}

/**
 * Writes an outcome down. That it cannot be written is reported and changes nothing: the order is asked about again at the
 * next start, and arrives at the same outcome.
 */
function journalOutcome(context: SubmissionContext, outcome: OrderOutcome['outcome'], detail: string): void {
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
    reporter.report({ type: 'actor.failed', atMs, actor: 'journal', message: `${clientOrderId}: ${wordsOf(thrown)}` });
  }
}

/** Outcomes after which the exchange may have more to say of an order. */
function mayLive(outcome: OrderOutcome['outcome']): boolean {
  return outcome === 'resting' || outcome === 'unknown';
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function orderWords(context: SubmissionContext): OrderWords {
  const { instrument, account, clientOrderId, side, size, price, purpose, guardPrice } = orderOf(context);
  return { instrument, account, clientOrderId, side, size, price, purpose, guardPrice };
}

/** A create's failure. What carries no kind is a defect of ours, and no proof that nothing left: unknown. */
function createFailure(thrown: unknown, account: AccountName): ExchangeFailure {
  const failure = toFailure(thrown, 'createOrder', account);
  if (failure === thrown) return failure;
  return { ...failure, kind: 'unknown' };
}

/** 2012: the client id overlaps an active order, so an order of that id lives (API 3). */
const OVERLAPPING_CLIENT_ID_CODE = 2012;

/** What an answer leaves in the journal. `rejected` promises that nothing traded: a start lets go of it unseen (strategy 11.2). */
function outcomeOf({ status, tradedSize }: ExchangeOrder): OrderOutcome['outcome'] {
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
function verdict(context: SubmissionContext): 'open' | 'over' | 'post-only' | 'rejected' | 'doubtful' | 'pending' {
  const { seen } = context;
  if (seen === null) return 'pending';
  if (seen.clientOrderId !== orderOf(context).clientOrderId) return 'doubtful';
  if (seen.status === 'REJECTED') {
    if (seen.tradedSize.gt(0) || seen.rejectReason === 'OVERLAPPING_CLIENT_ORDER_ID') return 'doubtful';
    return seen.rejectReason === 'FAIL_POST_ONLY' ? 'post-only' : 'rejected';
  }
  if (seen.status === 'FILLED' || seen.status === 'CANCELLED') return 'over';
  if (seen.status === 'OPEN' && !UNNAMED_ORDER.test(seen.orderId)) return 'open';
  return 'pending';
}

function growing(first: number, times: number, most: number): number {
  return Math.min(most, first * 2 ** Math.min(times, 30));
}

/** Whether the order has expired by the exchange's clock; never by ours alone (strategy 9.6). */
function hasExpired(context: SubmissionContext): boolean {
  const { exchange } = context.deps;
  if (exchange.clockSkewMs() === null) return false;
  return exchange.exchangeNowMs() > orderOf(context).expirationMs + EXPIRY_MARGIN_MS;
}

const bookInput = ({ context }: Args) => ({
  exchange: context.deps.exchange,
  instrument: intentOf(context).instrument,
});
const recordInput = ({ context }: Args) => ({ deps: context.deps, draft: present(context.draft, 'draft') });
const createInput = ({ context }: Args) => ({
  exchange: context.deps.exchange,
  signed: present(context.recorded, 'record').signed,
  whyNot: () => context.desk.whyNot() ?? tooOld(context),
});
const orderInput = ({ context }: Args) => ({ exchange: context.deps.exchange, order: orderOf(context) });

const listInput = (args: Args) => ({ ...orderInput(args), orderTtlMs: args.context.deps.settings.orderTtlMs });

const outputOf = <T>({ event }: { event: { output: T } }) => ({ output: event.output });
const thrownOf = ({ event }: { event: { error: unknown } }) => ({ thrown: event.error });
const haltOf = ({ event }: { event: SubmissionHalt }) => ({ result: event.result });

type OrderQuestion = { exchange: Exchange; order: TrackedOrder };
type ListQuestion = OrderQuestion & { orderTtlMs: number };

/** The order in either list, its end before its life; null: in neither. */
async function findInLists({ exchange, order, orderTtlMs }: ListQuestion): Promise<ExchangeOrder | null> {
  // By the exchange's clock as it was read when the order was signed, too: ours may have been set since.
  const sentAtExchangeMs = Math.min(
    order.sentAtMs + Math.min(0, exchange.clockSkewMs() ?? 0),
    order.expirationMs - orderTtlMs,
  );
  const [open, history] = await Promise.all([
    exchange.openOrders(order.account),
    exchange.orderHistory(order.account, sentAtExchangeMs - HISTORY_MARGIN_MS),
  ]);
  return [...history, ...open].find((candidate) => candidate.clientOrderId === order.clientOrderId) ?? null;
}

const ended = ({ context }: Args, result: SubmissionEnded['result']): SubmissionTold => ({
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

const resolved = ({ context }: Args, outcome: OrderResolved['outcome']): SubmissionTold => ({
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

const attemptRefused = ({ context }: Args): SubmissionTold => {
  const { clientOrderId, account } = orderOf(context);
  const message: AttemptRefused = {
    type: 'attempt.refused',
    clientOrderId,
    account,
    atMs: context.deps.clock.nowMs(),
  };
  return { type: 'submission.told', childId: context.childId, message };
};

const proofWords = (context: SubmissionContext): string => {
  const basis = context.proofBasis === 'expiry' ? 'expired by the exchange’s clock' : 'fenced by a cancel';
  return `${basis}; order says 1004, open_orders and order_history lack it`;
};

const setupSubmission = setup({
  types: {
    context: {} as SubmissionContext,
    events: {} as SubmissionEvent,
    input: {} as SubmissionInput,
  },
  actors: {
    readBook: fromPromise(({ input }: { input: { exchange: Exchange; instrument: string } }) =>
      input.exchange.book(input.instrument),
    ),
    recordAttempt: fromPromise(async ({ input }: { input: { deps: SubmissionDeps; draft: Draft } }) =>
      record(input.deps, input.draft),
    ),
    createOrder: fromPromise(
      ({ input }: { input: { exchange: Exchange; signed: SignedOrder; whyNot: () => string | null } }) =>
        input.exchange.createOrder(input.signed, input.whyNot),
    ),
    lookUpOrder: fromPromise(({ input }: { input: OrderQuestion }) =>
      input.exchange.order(input.order.account, input.order.clientOrderId),
    ),
    fenceOrder: fromPromise(({ input }: { input: OrderQuestion }) =>
      input.exchange.cancelOrder(input.order.account, input.order.clientOrderId, FENCE_TTL_MS),
    ),
    searchLists: fromPromise(({ input }: { input: ListQuestion }) => findInLists(input)),
  },
  guards: {
    hasOrderToResolve: ({ context }) => context.order !== null,
    isReplacement: ({ context }) => context.rounds > 0,
    isHalted: ({ context }) => context.halt !== null,
    haltIsDenial: ({ context }) => context.halt?.kind === 'denied',
    isSendable: ({ context }) => context.quote?.kind === 'sendable',
    isDenied: ({ context }) => context.quote?.kind === 'denied',
    saysPostOnly: ({ context }) => verdict(context) === 'post-only',
    saysRejected: ({ context }) => verdict(context) === 'rejected',
    saysOpen: ({ context }) => verdict(context) === 'open',
    saysOver: ({ context }) => verdict(context) === 'over',
    saysDoubtful: ({ context }) => verdict(context) === 'doubtful',
    lookupsUsedUp: ({ context }) => context.lookups >= CONFIRM_LOOKUPS_MAX,
    attemptsUsedUp: ({ context }) => context.attempt >= context.deps.settings.postOnlyMaxRetry,
    // What a 429 ended is a matter of the budget, which comes back within seconds: no rest of minutes for that.
    attemptsRefusedUp: ({ context }) =>
      context.attempt >= context.deps.settings.postOnlyMaxRetry &&
      context.postOnlyRefusals > 0 &&
      context.failure?.kind !== 'rate-limited',
    createMayLive: ({ context }) => {
      const { kind, code } = present(context.failure, 'failure');
      return kind === 'unknown' || kind === 'malformed' || kind === 'not-found' || code === OVERLAPPING_CLIENT_ID_CODE;
    },
    createRateLimited: ({ context }) => context.failure?.kind === 'rate-limited',
    createNeverLeft: ({ context }) => context.failure?.kind === 'unavailable',
    accountMustStop: ({ context }) => context.failure?.kind === 'parked' || context.failure?.kind === 'unauthenticated',
    exchangeKnowsFate: ({ context }) =>
      context.seen !== null &&
      context.seen.status !== 'PENDING' &&
      context.seen.clientOrderId === orderOf(context).clientOrderId,
    exchangeKnowsOrder: ({ context }) => context.seen !== null,
    proofMayBegin: ({ context }) => context.proofBasis !== null,
  },
  delays: {
    untilNextAttempt: ({ context }) => {
      const limited = context.failure?.kind === 'rate-limited';
      const pause = limited
        ? growing(RATE_LIMIT_PAUSE_MS, context.rateLimits - 1, RATE_LIMIT_PAUSE_MAX_MS)
        : ATTEMPT_GAP_MS;
      // Never longer than the pause: our clock may have been set back since.
      return Math.min(pause, Math.max(0, context.attemptAtMs + pause - context.deps.clock.nowMs()));
    },
    confirmPause: ({ context }) => growing(CONFIRM_PAUSE_MS, context.lookups, CONFIRM_PAUSE_MAX_MS),
    untilFencePasses: FENCE_TTL_MS + FENCE_MARGIN_MS,
    unknownPause: ({ context }) => growing(UNKNOWN_PAUSE_MS, context.rounds - 1, UNKNOWN_PAUSE_MAX_MS),
  },
  actions: {
    rememberHalt: assign({ halt: (_, params: { result: SubmissionHalt['result'] }) => params.result }),
    beginAttempt: assign({
      attempt: ({ context }) => context.attempt + 1,
      attemptAtMs: ({ context }) => context.deps.clock.nowMs(),
      quote: null,
      draft: null,
      recorded: null,
      order: null,
      seen: null,
      failure: null,
      lookups: 0,
    }),
    quoteAttempt: assign(({ context }, params: { output: Book }) => {
      const quote = quoteFor(context, params.output);
      if (quote.kind === 'sendable') return { quote };
      if (quote.kind === 'denied') return { quote, denial: quote, reason: quote.reason };
      return { quote, reason: `strategy 7.4: ${quote.reason}` };
    }),
    noteBookFailure: assign(({ context }, params: { thrown: unknown }) => {
      const failure = toFailure(params.thrown, 'book', null);
      const rateLimits = context.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0);
      return { failure, reason: `the book could not be read: ${failure.message}`, rateLimits };
    }),
    reportBookFailure: ({ context }) => {
      const failure = present(context.failure, 'failure');
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'read.failed', atMs: clock.nowMs(), account: null, failure, inARow: context.attempt });
    },
    draftAttempt: assign({ draft: ({ context }) => draftAttempt(context) }),
    noteRecordFailure: assign((_, params: { thrown: unknown }) => ({
      reason: `the attempt could not be signed and written down: ${wordsOf(params.thrown)}`,
    })),
    reportRecordFailure: ({ context }) => {
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'actor.failed', atMs: clock.nowMs(), actor: 'journal', message: context.reason });
    },
    noteRecorded: assign((_, params: { output: Recorded }) => ({
      recorded: params.output,
      order: trackedFromPrepared(params.output.prepared),
    })),
    tellPrepared: sendParent(({ context }): SubmissionPrepared => {
      const { prepared } = present(context.recorded, 'record');
      return { type: 'submission.prepared', childId: context.childId, prepared };
    }),
    reportSent: ({ context }) => {
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'order.sent', atMs: clock.nowMs(), attempt: context.attempt, ...orderWords(context) });
    },
    noteSendTime: assign({ attemptAtMs: ({ context }) => context.deps.clock.nowMs() }),
    noteAnswer: assign((_, params: { output: ExchangeOrder | null }) => ({ seen: params.output })),
    noteCreateFailure: assign(({ context }, params: { thrown: unknown }) => {
      const failure = createFailure(params.thrown, orderOf(context).account);
      const rateLimits = context.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0);
      return { failure, reason: failure.message, rateLimits };
    }),
    noteDoubt: assign({ reason: ({ context }) => `an answer that cannot be ours: ${context.seen?.rejectReason}` }),
    noteUnconfirmed: assign({ reason: 'acknowledged, and not confirmed in any state since' }),
    countLookup: assign({ lookups: ({ context }) => context.lookups + 1 }),
    noteRejection: assign({ reason: ({ context }) => context.seen?.rejectReason ?? 'UNSPECIFIED', failure: null }),
    countPostOnly: assign({
      postOnlyRefusals: ({ context }) => context.postOnlyRefusals + 1,
      reason: 'FAIL_POST_ONLY',
      failure: null,
    }),
    journalPostOnly: ({ context }) => journalOutcome(context, 'rejected', 'FAIL_POST_ONLY'),
    journalRejected: ({ context }) => journalOutcome(context, 'rejected', context.reason),
    journalRefused: ({ context }) => journalOutcome(context, 'refused', context.reason),
    journalUnsent: ({ context }) => journalOutcome(context, 'unsent', context.reason),
    journalHalted: ({ context }) => journalOutcome(context, 'unsent', context.halt?.reason ?? ''),
    journalResting: ({ context }) => journalOutcome(context, 'resting', ''),
    journalSeen: ({ context }) => {
      const seen = present(context.seen, 'answer');
      journalOutcome(context, outcomeOf(seen), seen.rejectReason);
    },
    journalUnknown: ({ context }) => journalOutcome(context, 'unknown', context.reason),
    journalAbsent: ({ context }) => journalOutcome(context, 'absent', proofWords(context)),
    reportPostOnly: ({ context }) => {
      const { reporter, clock, settings } = context.deps;
      const attemptsLeft = Math.max(0, settings.postOnlyMaxRetry - context.attempt);
      const words = { attempt: context.attempt, attemptsLeft, ...orderWords(context) };
      reporter.report({ type: 'order.post-only-refused', atMs: clock.nowMs(), ...words });
    },
    reportRefused: ({ context }) => {
      const { reporter, clock } = context.deps;
      const words = { code: context.failure?.code ?? null, reason: context.reason, ...orderWords(context) };
      reporter.report({ type: 'order.refused', atMs: clock.nowMs(), ...words });
    },
    reportPlaced: ({ context }) => {
      const { reporter, clock } = context.deps;
      const atMs = clock.nowMs();
      const elapsedMs = atMs - orderOf(context).sentAtMs;
      reporter.report({ type: 'order.placed', atMs, attempt: context.attempt, elapsedMs, ...orderWords(context) });
    },
    reportUnknown: ({ context }) => {
      const { reporter, clock } = context.deps;
      reporter.report({ type: 'order.unknown', atMs: clock.nowMs(), reason: context.reason, ...orderWords(context) });
    },
    reportExists: ({ context }) => {
      const { reporter, clock } = context.deps;
      const proof = `the exchange says ${present(context.seen, 'answer').status}`;
      const words = { outcome: 'exists', proof, ...orderWords(context) };
      reporter.report({ type: 'order.resolved', atMs: clock.nowMs(), ...words });
    },
    reportAbsent: ({ context }) => {
      const { reporter, clock } = context.deps;
      const words = { outcome: 'absent', proof: proofWords(context), ...orderWords(context) };
      reporter.report({ type: 'order.resolved', atMs: clock.nowMs(), ...words });
    },
    reportDenied: ({ context }) => {
      const { reporter, clock } = context.deps;
      const intent = intentOf(context);
      const { instrument, account } = intent;
      const { reason, rule } = context.denial;
      reporter.report({ type: 'intent.denied', atMs: clock.nowMs(), instrument, account, intent, reason, rule });
    },
    reportExhausted: ({ context }) => {
      const { reporter, clock } = context.deps;
      const { instrument, account } = intentOf(context);
      reporter.report({
        type: 'intent.exhausted',
        atMs: clock.nowMs(),
        instrument,
        account,
        attempts: context.attempt,
      });
    },
    adoptHaltDenial: assign(({ context }) =>
      context.halt?.kind === 'denied' ? { denial: { reason: context.halt.reason, rule: context.halt.rule } } : {},
    ),
    adoptHaltReason: assign({ reason: ({ context }) => context.halt?.reason ?? '' }),
    noteAttemptsUsedUp: assign({ reason: ({ context }) => `${context.attempt} attempts failed: ${context.reason}` }),
    tellAttemptRefused: sendParent(attemptRefused),
    tellParked: sendParent(({ context }): ParkingFound => {
      const failure = present(context.failure, 'failure');
      return { type: 'parking.found', account: orderOf(context).account, failure };
    }),
    tellConfirmed: sendParent(({ context }) =>
      ended({ context }, { kind: 'confirmed', clientOrderId: orderOf(context).clientOrderId }),
    ),
    tellDenied: sendParent(({ context }) => ended({ context }, { kind: 'denied', ...wordsOfDenial(context) })),
    tellRefused: sendParent(({ context }) =>
      ended({ context }, { kind: 'refused', code: context.failure?.code ?? null, reason: context.reason }),
    ),
    tellExhausted: sendParent(({ context }) => ended({ context }, { kind: 'exhausted', attempts: context.attempt })),
    tellUnsent: sendParent(({ context }) =>
      ended({ context }, { kind: 'unsent', reason: context.reason, failure: context.failure }),
    ),
    tellUnknown: sendParent(({ context }) =>
      ended(
        { context },
        {
          kind: 'unknown',
          clientOrderId: orderOf(context).clientOrderId,
          reason: context.reason,
          failure: context.failure,
        },
      ),
    ),
    tellExists: sendParent(({ context }) => resolved({ context }, 'exists')),
    tellAbsent: sendParent(({ context }) => resolved({ context }, 'absent')),
    noteProofBasis: assign({
      proofBasis: ({ context }) => (context.fencePassed ? 'fence' : hasExpired(context) ? 'expiry' : null),
    }),
    noteFencePassed: assign({ fencePassed: true }),
    countRound: assign({ rounds: ({ context }) => context.rounds + 1 }),
  },
});

function wordsOfDenial(context: SubmissionContext): { reason: string; rule: string } {
  return { reason: context.denial.reason, rule: context.denial.rule };
}

// ---- the chart ------------------------------------------------------------------------------------------------------

export const submissionMachine = setupSubmission.createMachine({
  id: 'submission',
  context: begin,
  initial: 'beginning',
  on: { 'submission.halt': { actions: { type: 'rememberHalt', params: haltOf } } },
  states: {
    beginning: {
      description: 'Takes up its task: an intent to submit, or an order whose fate is to be found out.',
      always: [{ guard: 'hasOrderToResolve', target: 'unknown', actions: 'reportUnknown' }, { target: 'pricing' }],
    },
    pricing: {
      description: 'Reads the book afresh for this attempt (7.4).',
      entry: 'beginAttempt',
      invoke: {
        src: 'readBook',
        input: bookInput,
        onDone: { target: 'judging', actions: { type: 'quoteAttempt', params: outputOf } },
        onError: {
          target: 'considering',
          actions: [{ type: 'noteBookFailure', params: thrownOf }, 'reportBookFailure'],
        },
      },
      on: { 'submission.halt': { target: 'halting', actions: { type: 'rememberHalt', params: haltOf } } },
    },
    judging: {
      description:
        'Holds the price against the rules: guard, tick, the other account’s orders, smallest sizes (7.1, 7.3, 6.4, 6.6).',
      always: [
        { guard: 'isSendable', target: 'recording', actions: 'draftAttempt' },
        { guard: 'isDenied', target: 'denied' },
        { target: 'considering' },
      ],
    },
    recording: {
      description: 'Signs the attempt and writes its exact bytes to the journal before anything leaves (9.3).',
      invoke: {
        src: 'recordAttempt',
        input: recordInput,
        onDone: [
          { guard: 'isHalted', target: 'halting', actions: 'journalHalted' },
          {
            target: 'sending',
            actions: [{ type: 'noteRecorded', params: outputOf }, 'tellPrepared', 'reportSent'],
          },
        ],
        onError: {
          target: 'unsent',
          actions: [{ type: 'noteRecordFailure', params: thrownOf }, 'reportRecordFailure'],
        },
      },
    },
    sending: {
      description: 'The create is on its way. From here on the order counts as live.',
      entry: 'noteSendTime',
      invoke: {
        src: 'createOrder',
        input: createInput,
        onDone: { target: 'weighing', actions: { type: 'noteAnswer', params: outputOf } },
        onError: { target: 'weighing-failure', actions: { type: 'noteCreateFailure', params: thrownOf } },
      },
    },
    weighing: {
      description: 'Reads what the exchange says of the order; an acknowledgement alone says nothing (9.4).',
      always: [
        { guard: 'saysOpen', target: 'resting' },
        { guard: 'saysOver', target: 'over' },
        {
          guard: 'saysPostOnly',
          target: 'considering',
          actions: ['countPostOnly', 'journalPostOnly', 'reportPostOnly', 'tellAttemptRefused'],
        },
        { guard: 'saysRejected', target: 'refused', actions: ['noteRejection', 'journalRejected'] },
        { guard: 'saysDoubtful', target: 'losing-sight', actions: 'noteDoubt' },
        { guard: 'lookupsUsedUp', target: 'losing-sight', actions: 'noteUnconfirmed' },
        { target: 'confirming' },
      ],
    },
    'weighing-failure': {
      description: 'The create failed: decides whether it may have happened all the same (9.6), or certainly did not.',
      always: [
        { guard: 'createMayLive', target: 'losing-sight' },
        {
          guard: 'createRateLimited',
          target: 'considering',
          actions: ['journalRefused', 'reportRefused', 'tellAttemptRefused'],
        },
        { guard: 'accountMustStop', target: 'unsent', actions: ['journalUnsent', 'tellAttemptRefused', 'tellParked'] },
        { guard: 'createNeverLeft', target: 'unsent', actions: ['journalUnsent', 'tellAttemptRefused'] },
        { target: 'refused', actions: 'journalRefused' },
      ],
    },
    confirming: {
      description:
        'Acknowledged: asks for the order until the exchange says OPEN, FILLED, CANCELLED or REJECTED (9.4).',
      initial: 'pausing',
      states: {
        pausing: {
          description: 'A short, growing pause before the order is asked for.',
          after: { confirmPause: 'asking' },
        },
        asking: {
          description: 'Asks for the order by its client id.',
          entry: 'countLookup',
          invoke: {
            src: 'lookUpOrder',
            input: orderInput,
            onDone: { target: '#submission.weighing', actions: { type: 'noteAnswer', params: outputOf } },
            onError: { target: '#submission.weighing' },
          },
        },
      },
    },
    considering: {
      description: 'This attempt is over and nothing of it lives: decides whether there is another one.',
      always: [
        { guard: 'isHalted', target: 'halting' },
        { guard: 'attemptsRefusedUp', target: 'exhausted' },
        { guard: 'attemptsUsedUp', target: 'unsent', actions: 'noteAttemptsUsedUp' },
        { target: 'backing-off' },
      ],
    },
    'backing-off': {
      description: 'Waits before the next attempt: at least 500 ms from the last one, longer after a 429 (9.5, 9.9).',
      after: { untilNextAttempt: 'pricing' },
      on: { 'submission.halt': { target: 'halting', actions: { type: 'rememberHalt', params: haltOf } } },
    },
    halting: {
      description: 'No further attempt may leave: the engine drains (13.1), or an account is parked (9.8).',
      always: [
        { guard: 'haltIsDenial', target: 'denied', actions: 'adoptHaltDenial' },
        { target: 'unsent', actions: 'adoptHaltReason' },
      ],
    },
    'losing-sight': {
      description: 'The outcome is unknown: says so, frees the account’s slot, and goes on to find out (9.6).',
      entry: ['journalUnknown', 'reportUnknown', 'tellUnknown'],
      always: 'unknown',
    },
    unknown: {
      description: 'Nobody knows what became of the order. It counts as live until there is positive proof (9.6).',
      initial: 'entering',
      states: {
        entering: {
          description: 'Asks at once; one that replaces a failed actor waits first.',
          always: [{ guard: 'isReplacement', target: 'pausing' }, { target: 'looking-up' }],
        },
        'looking-up': {
          description: 'Asks for the order by its client id.',
          entry: 'noteProofBasis',
          invoke: {
            src: 'lookUpOrder',
            input: orderInput,
            onDone: { target: 'weighing', actions: { type: 'noteAnswer', params: outputOf } },
            onError: { target: 'pausing' },
          },
        },
        weighing: {
          description: 'Known under its id: that is proof. Not known: that alone proves nothing.',
          always: [
            { guard: 'exchangeKnowsFate', target: '#submission.exists' },
            { guard: 'exchangeKnowsOrder', target: 'pausing' },
            { guard: 'proofMayBegin', target: 'proving' },
            { target: 'fencing' },
          ],
        },
        fencing: {
          description: 'Sends a cancel that also kills a create still under way, by its time to live.',
          invoke: {
            src: 'fenceOrder',
            input: orderInput,
            onDone: { target: 'fence-waiting' },
            onError: { target: 'pausing' },
          },
        },
        'fence-waiting': {
          description: 'The fence is acknowledged: waits until its time has passed, then asks again.',
          after: { untilFencePasses: { target: 'looking-up', actions: 'noteFencePassed' } },
        },
        proving: {
          description:
            'The order is unknown after the fence or its expiry: reads open orders and the history since before the send.',
          invoke: {
            src: 'searchLists',
            input: listInput,
            onDone: { target: 'weighing-lists', actions: { type: 'noteAnswer', params: outputOf } },
            onError: { target: 'pausing' },
          },
        },
        'weighing-lists': {
          description: 'In a list: it exists. In neither: it never came to be, and cannot any more.',
          always: [
            { guard: 'exchangeKnowsFate', target: '#submission.exists' },
            { guard: 'exchangeKnowsOrder', target: 'pausing' },
            { target: '#submission.absent' },
          ],
        },
        pausing: {
          description: 'Nothing was learned: a growing pause, then from the look-up again, for as long as it takes.',
          entry: 'countRound',
          after: { unknownPause: 'looking-up' },
        },
      },
    },
    resting: {
      description: 'Confirmed: the order rests at the exchange.',
      type: 'final',
      entry: ['journalResting', 'reportPlaced', 'tellConfirmed'],
    },
    over: {
      description: 'Confirmed, and over already: filled, or cancelled after it rested.',
      type: 'final',
      entry: ['journalSeen', 'reportPlaced', 'tellConfirmed'],
    },
    denied: {
      description: 'Not sent, by our own rules.',
      type: 'final',
      entry: ['reportDenied', 'tellDenied'],
    },
    refused: {
      description: 'The exchange said no, other than post-only (9.5).',
      type: 'final',
      entry: ['reportRefused', 'tellAttemptRefused', 'tellRefused'],
    },
    exhausted: {
      description: 'The attempts are used up by post-only refusals (9.5).',
      type: 'final',
      entry: ['reportExhausted', 'tellExhausted'],
    },
    unsent: {
      description: 'Nothing lives at the exchange: it never left, or could not be tried again.',
      type: 'final',
      entry: 'tellUnsent',
    },
    exists: {
      description: 'Proven: the exchange knows the order by its id; snapshots tell the rest.',
      type: 'final',
      entry: ['journalSeen', 'reportExists', 'tellExists'],
    },
    absent: {
      description: 'Proven: the order never came to be and cannot any more (9.6).',
      type: 'final',
      entry: ['journalAbsent', 'reportAbsent', 'tellAbsent'],
    },
  },
});
