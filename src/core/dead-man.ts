import { deadManAlert, deadManKey } from './conditions.ts';
import { errorText } from './error-text.ts';
import type { AccountPolled } from './messages.ts';
import type { AccountName, ListedOrder } from './model.ts';
import { isOwnOrder } from './order-id.ts';
import { clear, raise, type ToAlerting } from './raise.ts';

/** The exchange's dead-man timer of one account, and what each event changes about it (strategy 2.1). */

export interface DeadManMemory {
  readonly account: AccountName;
  /** Without a renewal for this long the exchange cancels. */
  readonly periodMs: number;
  /** A resting foreign order; null: none rests; undefined: no list was read yet. */
  readonly foreign: ListedOrder | null | undefined;
}

/** The result of an event. */
export interface DeadManStep {
  readonly change?: Partial<DeadManMemory>;
  readonly messages?: readonly ToAlerting[];
}

export function ordersRead(_memory: DeadManMemory, _nowMs: number, { snapshot }: AccountPolled): DeadManStep {
  return { change: { foreign: snapshot.openOrders.find((order) => !isOwnOrder(order)) ?? null } };
}

/** A foreign order rests, which the timer would take along. */
export function foreignFound(memory: DeadManMemory, nowMs: number): DeadManStep {
  return raised(memory, null, nowMs);
}

/** The exchange was asked to set the timer, and it may run or not. */
export function callFailed(memory: DeadManMemory, nowMs: number, thrown: unknown): DeadManStep {
  return raised(memory, errorText(thrown), nowMs);
}

export function timerSet({ account }: DeadManMemory, nowMs: number): DeadManStep {
  return { messages: [clear(deadManKey(account), { nowMs })] };
}

function raised({ account, foreign = null }: DeadManMemory, reason: string | null, nowMs: number): DeadManStep {
  return { messages: [raise(deadManAlert(account, foreign, reason, nowMs))] };
}
