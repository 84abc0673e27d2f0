import { whyOf as thrownWhy } from '../error-text.ts';
import { type ExchangeFailure, toFailure } from '../failure.ts';
import type { PreparedOrder } from '../journal-entry.ts';
import type { SubmissionHalt } from '../messages.ts';
import type { ExchangeOrder } from '../model.ts';
import { clientOrderIdOf } from '../order-id.ts';
import { reason } from '../reasons.ts';
import { rejection, WOULD_CROSS } from '../refusals.ts';
import { createFailure, knownAfter } from './answers.ts';
import { intentOf, orderOf, type SubmissionMemory, whyOf } from './memory.ts';
import { type Market, type QuoteGiven, quoteFor } from './quote.ts';
import {
  attemptRefused,
  type SubmissionNow as Now,
  orderWords,
  outcome,
  parking,
  refusalFact,
  type SubmissionStep as Step,
} from './step.ts';
import { trackedFromPrepared } from './tracked.ts';

/** The effect of each event of an attempt: permission, price, journal, create, answer (strategy 9.3 to 9.5). */

/** No further attempt may be sent. */
export function halted(_memory: SubmissionMemory, _now: Now, { result }: SubmissionHalt): Step {
  return { change: { halt: result } };
}

/** Likewise while one is being journalled, which is not sent either. */
export function haltedWhileRecording(memory: SubmissionMemory, now: Now, { result }: SubmissionHalt): Step {
  return { change: { halt: result }, outcome: outcome(memory, now, 'unsent', result.why) };
}

/** Another attempt: only the refusal of the last one is kept. */
export function begun({ attempt }: SubmissionMemory, { nowMs }: Now): Step {
  const blank = { quote: null, draft: null, order: null, seen: null, failure: null, lookups: 0 };
  return { change: { ...blank, attempt: attempt + 1, attemptAtMs: nowMs } };
}

export function notAdmitted(memory: SubmissionMemory, _now: Now, thrown: unknown): Step {
  return failed(memory, toFailure(thrown, 'createOrder', intentOf(memory).account));
}

/** With the book: the price, or why there is none. */
export function priced(memory: SubmissionMemory, now: Now, market: Market, given: QuoteGiven): Step {
  const quote = quoteFor(memory, market, given, now);
  return { change: quote.kind === 'sendable' ? { quote } : { quote, why: quote.why } };
}

export function bookFailed(memory: SubmissionMemory, { nowMs: atMs }: Now, thrown: unknown): Step {
  const { instrument, account } = intentOf(memory);
  const { attempt } = memory;
  const failure = toFailure(thrown, 'book', null);
  return {
    ...failed(memory, failure, reason('book-call-failed', '7.4', { why: failure.why })),
    facts: [{ type: 'book.failed', atMs, instrument, account, failure, attempt }],
  };
}

/** Names the attempt and enters its price in the same turn, so that nothing is priced in between (strategy 6.6). */
export function drafted(memory: SubmissionMemory, now: Now, sequence: bigint): Step {
  const { quote, attempt, settings } = memory;
  if (quote?.kind !== 'sendable') throw new Error('an attempt without a price was to be drafted');
  const intent = intentOf(memory);
  const { price, pricedFrom } = quote;
  const { account, side, instrument } = intent;
  const clientOrderId = clientOrderIdOf(account, side, sequence);
  const times = { sentAtMs: now.nowMs, expirationMs: now.exchangeNowMs + settings.orderTtlMs };
  return {
    change: { draft: { intent, attempt, sequence, clientOrderId, price, pricedFrom, ...times } },
    reserve: { clientOrderId, instrument, account, side, price },
  };
}

/** The attempt is safe in the journal and is sent: its symbol counts it from now on. */
export function recorded(memory: SubmissionMemory, { nowMs: atMs }: Now, prepared: PreparedOrder): Step {
  const { childId, attempt } = memory;
  const order = trackedFromPrepared(prepared);
  return {
    change: { order },
    facts: [{ type: 'order.sent', atMs, attempt, ...orderWords({ ...memory, order }) }],
    messages: [{ type: 'submission.prepared', childId, prepared }],
  };
}

export function notRecorded(_memory: SubmissionMemory, { nowMs: atMs }: Now, thrown: unknown): Step {
  const message = thrownWhy(thrown);
  return {
    change: { why: reason('not-recorded', '9.3', { message }) },
    facts: [{ type: 'journal.failed', atMs, message }],
  };
}

/** Starts the gap before the next attempt (strategy 9.5). */
export function left(_memory: SubmissionMemory, { nowMs }: Now): Step {
  return { change: { attemptAtMs: nowMs } };
}

export function createFailed(memory: SubmissionMemory, _now: Now, thrown: unknown): Step {
  return failed(memory, createFailure(thrown, orderOf(memory).account));
}

/** The exchange or a stream answered; null: the order is unknown. */
export function answered(memory: SubmissionMemory, _now: Now, answer: ExchangeOrder | null): Step {
  return { change: { seen: knownAfter(memory, answer) } };
}

/** The acknowledged order is looked up again (strategy 9.4). */
export function lookedUp({ lookups }: SubmissionMemory): Step {
  return { change: { lookups: lookups + 1 } };
}

/** Refused as post-only: it does not live, and may be tried again with a newer book (strategy 9.5). */
export function refusedAsPostOnly(memory: SubmissionMemory, now: Now): Step {
  const { attempt, postOnlyRefusals, seen, settings } = memory;
  const why = rejection(seen?.rejectReason ?? 'FAIL_POST_ONLY');
  const wouldCross = seen?.rejectReason === WOULD_CROSS ? orderOf(memory).price : null;
  const attemptsLeft = Math.max(0, settings.postOnlyMaxRetry - attempt);
  return {
    change: { postOnlyRefusals: postOnlyRefusals + 1, why, wouldCross, refusedAtMs: now.nowMs, failure: null },
    outcome: outcome(memory, now, 'rejected', why),
    facts: [{ type: 'order.post-only-refused', atMs: now.nowMs, attempt, attemptsLeft, ...orderWords(memory) }],
    messages: [attemptRefused(memory, now)],
  };
}

/** The order was rejected for another reason. */
export function rejected(memory: SubmissionMemory, now: Now): Step {
  const why = rejection(memory.seen?.rejectReason ?? 'UNSPECIFIED');
  return { change: { why, failure: null }, outcome: outcome(memory, now, 'rejected', why) };
}

/** The create was refused by an error code: it does not live. */
export function refused(memory: SubmissionMemory, now: Now): Step {
  return { outcome: outcome(memory, now, 'refused', whyOf(memory)) };
}

/** Refused by a 429: may be tried again. */
export function rateLimited(memory: SubmissionMemory, now: Now): Step {
  return { ...refused(memory, now), facts: [refusalFact(memory, now)], messages: [attemptRefused(memory, now)] };
}

/** The create was never sent. */
export function neverLeft(memory: SubmissionMemory, now: Now): Step {
  return { outcome: outcome(memory, now, 'unsent', whyOf(memory)), messages: [attemptRefused(memory, now)] };
}

/** The create was never sent because its account must stop. */
export function neverLeftAndParks(memory: SubmissionMemory, now: Now): Step {
  return { ...neverLeft(memory, now), messages: [attemptRefused(memory, now), parking(memory)] };
}

/** No permission was given because the account must stop. */
export function parks(memory: SubmissionMemory): Step {
  return { messages: [parking(memory)] };
}

/** A call failed: the reason of the attempt's end; each 429 lengthens the next pause (strategy 9.9). */
function failed(memory: SubmissionMemory, failure: ExchangeFailure, why = failure.why): Step {
  return { change: { failure, why, rateLimits: memory.rateLimits + (failure.kind === 'rate-limited' ? 1 : 0) } };
}
