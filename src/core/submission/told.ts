import type { AttemptRefused, OrderResolved, SubmissionEnded, SubmissionTold } from '../messages.ts';
import { intentOf, orderOf, type SubmissionMemory } from './memory.ts';

/** To the symbol: its submission is over. */
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

/** To the symbol: the outcome of an order is proven (strategy 9.6). */
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

/** To the symbol: an attempt is over and no order of it lives. */
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
