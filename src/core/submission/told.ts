import type { AttemptRefused, OrderResolved, SubmissionEnded, SubmissionTold } from '../messages.ts';
import { intentOf, orderOf, type SubmissionMemory } from './memory.ts';

/** Sent to the symbol when its submission is over. */
export const submissionEnded = (
  memory: SubmissionMemory,
  result: SubmissionEnded['result'],
  atMs: number,
): SubmissionTold => ({
  type: 'submission.told',
  childId: memory.childId,
  message: {
    type: 'submission.ended',
    intentId: intentOf(memory).intentId,
    account: intentOf(memory).account,
    atMs,
    result,
  },
});

/** Sent to the symbol when there is proof of what became of an order (strategy 9.6). */
export const orderResolved = (
  memory: SubmissionMemory,
  outcome: OrderResolved['outcome'],
  atMs: number,
): SubmissionTold => ({
  type: 'submission.told',
  childId: memory.childId,
  message: {
    type: 'order.resolved',
    clientOrderId: orderOf(memory).clientOrderId,
    account: orderOf(memory).account,
    atMs,
    outcome,
  },
});

/** Sent to the symbol when an attempt is over and nothing of it lives. */
export const refusedAttempt = (memory: SubmissionMemory, atMs: number): SubmissionTold => {
  const { clientOrderId, account } = orderOf(memory);
  const message: AttemptRefused = {
    type: 'attempt.refused',
    clientOrderId,
    account,
    atMs,
  };
  return { type: 'submission.told', childId: memory.childId, message };
};
