import type { Now } from '../assess.ts';
import type { Fact } from '../facts.ts';
import type { OrderOutcome } from '../journal-entry.ts';
import type { ParkingFound, SubmissionEnded, SubmissionPrepared, SubmissionReport } from '../messages.ts';
import type { OrderWords } from '../model.ts';
import type { PricedOrder } from '../pricing.ts';
import { outcomeOf } from './answers.ts';
import { intentOf, orderOf, present, type SubmissionMemory, whyOf } from './memory.ts';

/** Our clock and the exchange's at one moment. */
export interface SubmissionNow extends Now {
  /** Ours until the exchange's is known. */
  readonly exchangeNowMs: number;
  readonly isExchangeClockKnown: boolean;
}

/** The result of an event. The chart applies memory, price table, journal, reporter, messages in this order. */
export interface SubmissionStep {
  readonly change?: Partial<SubmissionMemory>;
  /** This attempt's price, which the other account's orders must avoid (strategy 6.6). */
  readonly reserve?: PricedOrder;
  readonly outcome?: OrderOutcome;
  readonly facts?: readonly Fact[];
  readonly messages?: readonly (SubmissionPrepared | SubmissionReport | ParkingFound)[];
}

/** A message to the symbol, through the gateway. */
export function reported({ childId }: SubmissionMemory, message: SubmissionReport['message']): SubmissionReport {
  return { type: 'submission.reported', childId, message };
}

export function ended(memory: SubmissionMemory, { nowMs }: Now, result: SubmissionEnded['result']): SubmissionReport {
  const { intentId, account } = intentOf(memory);
  return reported(memory, { type: 'submission.ended', intentId, account, atMs: nowMs, result });
}

/** An attempt is over and does not live. */
export function attemptRefused(memory: SubmissionMemory, { nowMs }: Now): SubmissionReport {
  const { clientOrderId, account } = orderOf(memory);
  return reported(memory, { type: 'attempt.refused', clientOrderId, account, atMs: nowMs });
}

/** The call that failed stops its account (strategy 9.8). */
export function parking(memory: SubmissionMemory): ParkingFound {
  const { account } = intentOf(memory);
  return { type: 'parking.found', account, failure: present(memory.failure, 'failure') };
}

/** The order as facts name it. Throws before there is one. */
export function orderWords(memory: SubmissionMemory): OrderWords {
  const { instrument, account, clientOrderId, side, size, price, purpose, guardPrice } = orderOf(memory);
  return { instrument, account, clientOrderId, side, size, price, purpose, guardPrice };
}

/** The attempt's outcome, for the journal. */
export function outcome(
  memory: SubmissionMemory,
  { nowMs }: Now,
  outcome: OrderOutcome['outcome'],
  detail: OrderOutcome['detail'] = '',
): OrderOutcome {
  const { clientOrderId } = memory.draft ?? orderOf(memory);
  return { clientOrderId, outcome, detail, atMs: nowMs };
}

/** Its outcome by the exchange's last answer. */
export function seenOutcome(memory: SubmissionMemory, now: Now): OrderOutcome {
  const seen = present(memory.seen, 'answer');
  return outcome(memory, now, outcomeOf(seen), seen.rejectReason);
}

/** The exchange refused the order. */
export function refusalFact(memory: SubmissionMemory, { nowMs: atMs }: Now): Fact {
  const code = memory.failure?.code ?? null;
  return { type: 'order.refused', atMs, code, reason: whyOf(memory), ...orderWords(memory) };
}
