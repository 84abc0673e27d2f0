import { type ExchangeFailure, toFailure } from '../failure.ts';
import type { OrderOutcome } from '../journal-entry.ts';
import type { AccountName, ExchangeOrder } from '../model.ts';
import { isPostOnlyRefusal } from '../refusals.ts';
import { furtherRow } from '../view-rows.ts';
import { orderOf, present, type SubmissionMemory } from './memory.ts';

/** What the exchange's answers say about an attempt, and what proves that it never existed (strategy 9.4, 9.6). */

/** Margin after an order's expiry by the exchange's clock, which is known in whole seconds only. */
export const EXPIRY_MARGIN_MS = 2_000;
/** The same for an order of a previous holder of the lease: a frozen machine may send it late (18.2). */
export const PREVIOUS_HOLDER_EXPIRY_MARGIN_MS = 10_000;

/** Outcomes after which the exchange may still report on an order. */
export function mayLive(outcome: OrderOutcome['outcome']): boolean {
  return outcome === 'resting' || outcome === 'unknown';
}

/** A failure of a create. Anything that is not an exchange failure is a defect of ours and proves nothing: unknown. */
export function createFailure(thrown: unknown, account: AccountName): ExchangeFailure {
  const failure = toFailure(thrown, 'createOrder', account);
  if (failure === thrown) return failure;
  return { ...failure, kind: 'unknown' };
}

/** 2012: the client id overlaps an active order, so an order with that id lives (API 3). */
const OVERLAPPING_CLIENT_ID_CODE = 2012;

/** Whether a failed create may have reached the exchange all the same (strategy 9.6). */
export function createMayLive({ failure }: SubmissionMemory): boolean {
  const { kind, code } = present(failure, 'failure');
  return kind === 'unknown' || kind === 'malformed' || kind === 'not-found' || code === OVERLAPPING_CLIENT_ID_CODE;
}

/** Whether no further attempt is allowed (strategy 9.5). */
export function isLastAttempt({ attempt, settings }: SubmissionMemory): boolean {
  return attempt >= settings.postOnlyMaxRetry;
}

/** … because of refusals. A 429 is a matter of the budget, which recovers within seconds: no rest of minutes for that. */
export function isExhausted(memory: SubmissionMemory): boolean {
  return isLastAttempt(memory) && memory.postOnlyRefusals > 0 && memory.failure?.kind !== 'rate-limited';
}

/** Whether the last answer proves that the exchange knows the order that was asked for (strategy 9.6). */
export function isFateKnown(memory: SubmissionMemory): boolean {
  const { seen } = memory;
  return seen !== null && seen.status !== 'PENDING' && seen.clientOrderId === orderOf(memory).clientOrderId;
}

/** The outcome to journal. `rejected` means that nothing traded: a start does not look it up (strategy 11.2). */
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

/** An order that the matching engine has not named yet (API 5.1). */
const UNNAMED_ORDER = /^0x0*$/;

export type Verdict = 'open' | 'over' | 'post-only' | 'rejected' | 'doubtful' | 'pending';

/** Whether the answer concerns our order and is more than an acknowledgement (`0x00`, API 5.1). */
export function verdict(memory: SubmissionMemory, seen = memory.seen): Verdict {
  if (seen === null) return 'pending';
  if (seen.clientOrderId !== orderOf(memory).clientOrderId) return 'doubtful';
  if (seen.status === 'REJECTED') {
    if (seen.tradedSize.gt(0) || seen.rejectReason === 'OVERLAPPING_CLIENT_ORDER_ID') return 'doubtful';
    return isPostOnlyRefusal(seen.rejectReason) ? 'post-only' : 'rejected';
  }
  if (seen.status === 'FILLED' || seen.status === 'CANCELLED') return 'over';
  if (seen.status === 'OPEN' && !UNNAMED_ORDER.test(seen.orderId)) return 'open';
  return 'pending';
}

export function isOfOrder({ order }: SubmissionMemory, row: ExchangeOrder): boolean {
  return order !== null && order.clientOrderId === row.clientOrderId;
}

/** Whether that row reports the fate of our order. */
export function tellsFate(memory: SubmissionMemory, row: ExchangeOrder): boolean {
  return isOfOrder(memory, row) && verdict(memory, row) !== 'pending';
}

/** The newer of an answer and a row that a stream may have sent already. */
export function knownAfter({ seen }: SubmissionMemory, answer: ExchangeOrder | null): ExchangeOrder | null {
  if (seen === null || answer === null || seen.clientOrderId !== answer.clientOrderId) return answer;
  return furtherRow(seen, answer);
}

/** Whether the order has expired by the exchange's clock, never by ours alone (strategy 9.6). */
function hasExpired(memory: SubmissionMemory, exchangeNowMs: number | null): boolean {
  if (exchangeNowMs === null) return false;
  const marginMs = memory.isOfPreviousHolder ? PREVIOUS_HOLDER_EXPIRY_MARGIN_MS : EXPIRY_MARGIN_MS;
  return exchangeNowMs > orderOf(memory).expirationMs + marginMs;
}

/**
 * What proves, apart from the exchange's answers, that an order will not appear any more (strategy 9.6, 18.2); null:
 * nothing yet.
 * @param exchangeNowMs the exchange's clock; null: not known
 */
export function proofBasisOf(memory: SubmissionMemory, exchangeNowMs: number | null): SubmissionMemory['proofBasis'] {
  if (memory.fencePassed && !memory.isOfPreviousHolder) return 'fence';
  return hasExpired(memory, exchangeNowMs) ? 'expiry' : null;
}
