import { apiFailureAlert, apiFailureKey } from '../alerts.ts';
import type { ExchangeFailure } from '../failure.ts';
import type { CancelEnded, SubmissionEnded } from '../messages.ts';
import { clear, raise } from '../raise.ts';
import { BOOK_KEY, type GatewayMemory } from './memory.ts';
import { type GatewayCommand, type GatewayStep, remembered, type TouchAnswer } from './step.ts';

/**
 * Raises and clears API failures of order calls (strategy 12), which pollers do not see. Any answer to an order, even a
 * refusal, proves that book and create work; a finished cancel proves cancels. Parked accounts have their own alert.
 */
export function judgeCalls(memory: GatewayMemory, nowMs: number, message: SubmissionEnded | CancelEnded): GatewayStep {
  const { account } = message;
  if (message.type === 'cancel.ended') {
    return message.outcome === 'over'
      ? callsWork(memory, nowMs, [apiFailureKey(account, 'cancelOrder')])
      : callFails(memory, nowMs, message.failure ?? null);
  }
  switch (message.result.kind) {
    case 'unknown':
    case 'unsent':
      return callFails(memory, nowMs, message.result.failure ?? null);
    case 'denied':
    case 'outdated':
      return remembered(memory);
    default:
      return callsWork(memory, nowMs, [apiFailureKey(account, 'createOrder'), BOOK_KEY]);
  }
}

/** A flat symbol may read only the book (strategy 3.1). A successful read clears the alert, even of an empty book. */
export function judgeBook(memory: GatewayMemory, nowMs: number, answer: TouchAnswer): GatewayStep {
  const failure = answer.type === 'touch.failed' ? (answer.failure ?? null) : null;
  return failure === null ? callsWork(memory, nowMs, [BOOK_KEY]) : callFails(memory, nowMs, failure);
}

function callFails(memory: GatewayMemory, nowMs: number, failure: ExchangeFailure | null): GatewayStep {
  // Requests not sent for want of budget or connection are raised by the polls; only the book is not polled.
  const isRaisedHere = failure?.kind !== 'unavailable' || failure.call === 'book';
  if (failure === null || !isRaisedHere || failure.kind === 'parked' || failure.kind === 'unauthenticated') {
    return remembered(memory);
  }
  const key = apiFailureKey(failure.account, failure.call);
  const inARow = (memory.failing[key] ?? 0) + 1;
  return {
    memory: { ...memory, failing: { ...memory.failing, [key]: inARow } },
    commands: [{ do: 'send', ...raise(apiFailureAlert(failure, inARow, nowMs, null)) }],
  };
}

function callsWork(memory: GatewayMemory, nowMs: number, keys: readonly string[]): GatewayStep {
  const over = keys.filter((key) => memory.failing[key] !== undefined);
  if (over.length === 0) return remembered(memory);
  const failing = Object.fromEntries(Object.entries(memory.failing).filter(([key]) => !over.includes(key)));
  const commands = over.map((key): GatewayCommand => ({ do: 'send', ...clear(key, { nowMs }) }));
  return { memory: { ...memory, failing }, commands };
}
