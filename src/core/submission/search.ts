import type { OrderResolved } from '../messages.ts';
import { type Reason, reason } from '../reasons.ts';
import { proofBasisOf } from './answers.ts';
import { orderOf, present, type SubmissionMemory, whyOf } from './memory.ts';
import {
  ended,
  type SubmissionNow as Now,
  orderWords,
  outcome,
  type SubmissionStep as Step,
  seenOutcome,
  told,
} from './step.ts';

/** Nobody knows what became of an order: it is lost from sight, searched for, and found or proven absent (strategy 9.6). */

/** The exchange's answer cannot be about this attempt. */
export function answerDoubted({ seen }: SubmissionMemory): Step {
  return { change: { why: reason('impossible-answer', '9.6', { word: seen?.rejectReason ?? '' }) } };
}

/** It was acknowledged, and no answer or stream says what became of it. */
export function neverConfirmed(): Step {
  return { change: { why: reason('never-confirmed', '9.6') } };
}

/** Lost from sight: its slot is free, and it counts as live until there is proof. */
export function lostSight(memory: SubmissionMemory, now: Now): Step {
  const { failure } = memory;
  const reason = whyOf(memory);
  const { clientOrderId } = orderOf(memory);
  return {
    ...begun(memory, now),
    outcome: outcome(memory, now, 'unknown', reason),
    messages: [ended(memory, now, { kind: 'unknown', clientOrderId, reason, failure })],
  };
}

/** Its fate is to be found out. */
export function begun(memory: SubmissionMemory, { nowMs: atMs }: Now): Step {
  return { facts: [{ type: 'order.unknown', atMs, reason: whyOf(memory), ...orderWords(memory) }] };
}

/** The order is asked for: what its absence would prove is settled now, not when the answer comes. */
export function askedFor(memory: SubmissionMemory, { exchangeNowMs, isExchangeClockKnown }: Now): Step {
  return { change: { proofBasis: proofBasisOf(memory, isExchangeClockKnown ? exchangeNowMs : null) } };
}

/** Nothing was learned: a pause, then from the beginning. */
export function paused({ rounds }: SubmissionMemory): Step {
  return { change: { rounds: rounds + 1 } };
}

/** No create of that order can arrive any more. */
export function fencePassed(): Step {
  return { change: { fencePassed: true } };
}

/** Proven: the exchange knows the order by its id; snapshots tell the rest. */
export function foundToExist(memory: SubmissionMemory, now: Now): Step {
  const proof = reason('proven-to-exist', '9.6', { status: present(memory.seen, 'answer').status });
  return { ...resolved(memory, now, 'exists', proof), outcome: seenOutcome(memory, now) };
}

/** Proven: the order never came to be and cannot any more. */
export function foundAbsent(memory: SubmissionMemory, now: Now): Step {
  const proof = reason('proven-absent', '9.6', { by: present(memory.proofBasis, 'proof') });
  return { ...resolved(memory, now, 'absent', proof), outcome: outcome(memory, now, 'absent', proof) };
}

function resolved(memory: SubmissionMemory, now: Now, outcome: OrderResolved['outcome'], proof: Reason): Step {
  const { clientOrderId, account } = orderOf(memory);
  const atMs = now.nowMs;
  return {
    facts: [{ type: 'order.resolved', atMs, outcome, proof, ...orderWords(memory) }],
    messages: [told(memory, { type: 'order.resolved', clientOrderId, account, atMs, outcome })],
  };
}
