import type { Fact } from '../facts.ts';
import type { OrderWords } from '../model.ts';
import { proofWords } from './answers.ts';
import { intentOf, orderOf, present, type SubmissionMemory, whyOf } from './memory.ts';

/** The facts that a submission reports. */

/** @throws Error before there is an order. */
function orderWords(memory: SubmissionMemory): OrderWords {
  const { instrument, account, clientOrderId, side, size, price, purpose, guardPrice } = orderOf(memory);
  return { instrument, account, clientOrderId, side, size, price, purpose, guardPrice };
}

export function bookFailed(memory: SubmissionMemory, atMs: number): Fact {
  const { instrument, account } = intentOf(memory);
  const failure = present(memory.failure, 'failure');
  return { type: 'book.failed', atMs, instrument, account, failure, attempt: memory.attempt };
}

export function sent(memory: SubmissionMemory, atMs: number): Fact {
  return { type: 'order.sent', atMs, attempt: memory.attempt, ...orderWords(memory) };
}

export function placed(memory: SubmissionMemory, atMs: number): Fact {
  const elapsedMs = atMs - orderOf(memory).sentAtMs;
  return { type: 'order.placed', atMs, attempt: memory.attempt, elapsedMs, ...orderWords(memory) };
}

export function refusedAsPostOnly(memory: SubmissionMemory, atMs: number, attempts: number): Fact {
  const { attempt } = memory;
  const attemptsLeft = Math.max(0, attempts - attempt);
  return { type: 'order.post-only-refused', atMs, attempt, attemptsLeft, ...orderWords(memory) };
}

export function refused(memory: SubmissionMemory, atMs: number): Fact {
  const code = memory.failure?.code ?? null;
  return { type: 'order.refused', atMs, code, reason: whyOf(memory), ...orderWords(memory) };
}

export function outcomeUnknown(memory: SubmissionMemory, atMs: number): Fact {
  return { type: 'order.unknown', atMs, reason: whyOf(memory), ...orderWords(memory) };
}

export function foundOut(memory: SubmissionMemory, atMs: number): Fact {
  const proof = `the exchange says ${present(memory.seen, 'answer').status}`;
  return { type: 'order.resolved', atMs, outcome: 'exists', proof, ...orderWords(memory) };
}

export function neverWas(memory: SubmissionMemory, atMs: number): Fact {
  return { type: 'order.resolved', atMs, outcome: 'absent', proof: proofWords(memory), ...orderWords(memory) };
}

export function notSubmitted(memory: SubmissionMemory, atMs: number): Fact {
  const intent = intentOf(memory);
  const { instrument, account } = intent;
  return { type: 'intent.denied', atMs, instrument, account, intent, why: whyOf(memory) };
}

export function exhausted(memory: SubmissionMemory, atMs: number): Fact {
  const { instrument, account } = intentOf(memory);
  return { type: 'intent.exhausted', atMs, instrument, account, attempts: memory.attempt };
}
