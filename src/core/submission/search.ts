import type { OrderResolved } from '../messages.ts';
import { type Reason, reason } from '../reasons.ts';
import { proofBasisOf } from './answers.ts';
import { orderOf, present, type SubmissionMemory, whyOf } from './memory.ts';
import {
  ended,
  type SubmissionNow as Now,
  orderWords,
  outcome,
  reported,
  type SubmissionStep as Step,
  seenOutcome,
} from './step.ts';

/** The search for an order of unknown outcome, until it is found or proven absent (strategy 9.6). */

/** The exchange's answer cannot concern this attempt. */
export function answerDoubted({ seen }: SubmissionMemory): Step {
  return { change: { why: reason('impossible-answer', '9.6', { word: seen?.rejectReason ?? '' }) } };
}

/** It was acknowledged, but neither an answer nor a stream shows its state. */
export function neverConfirmed(): Step {
  return { change: { why: reason('never-confirmed', '9.6') } };
}

/** Unknown outcome: its slot is free, and it counts as live until there is proof. */
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

/** The search begins. */
export function begun(memory: SubmissionMemory, { nowMs: atMs }: Now): Step {
  return { facts: [{ type: 'order.unknown', atMs, reason: whyOf(memory), ...orderWords(memory) }] };
}

/** The order is looked up: what its absence would prove is fixed now, not at the answer. */
export function askedFor(memory: SubmissionMemory, { exchangeNowMs, isExchangeClockKnown }: Now): Step {
  return { change: { proofBasis: proofBasisOf(memory, isExchangeClockKnown ? exchangeNowMs : null) } };
}

/** Nothing was learned: a pause, then again. */
export function paused({ rounds }: SubmissionMemory): Step {
  return { change: { rounds: rounds + 1 } };
}

/** No create of that order can arrive any more. */
export function fencePassed(): Step {
  return { change: { fencePassed: true } };
}

/** Proven: the exchange knows the order by its id; snapshots show the rest. */
export function foundToExist(memory: SubmissionMemory, now: Now): Step {
  const proof = reason('proven-to-exist', '9.6', { status: present(memory.seen, 'answer').status });
  return { ...resolved(memory, now, 'exists', proof), outcome: seenOutcome(memory, now) };
}

/** Proven: the order never existed and cannot appear any more. */
export function foundAbsent(memory: SubmissionMemory, now: Now): Step {
  const proof = reason('proven-absent', '9.6', { by: present(memory.proofBasis, 'proof') });
  return { ...resolved(memory, now, 'absent', proof), outcome: outcome(memory, now, 'absent', proof) };
}

function resolved(memory: SubmissionMemory, now: Now, outcome: OrderResolved['outcome'], proof: Reason): Step {
  const { clientOrderId, account } = orderOf(memory);
  const atMs = now.nowMs;
  return {
    facts: [{ type: 'order.resolved', atMs, outcome, proof, ...orderWords(memory) }],
    messages: [reported(memory, { type: 'order.resolved', clientOrderId, account, atMs, outcome })],
  };
}
