import { deadManAlert, deadManKey } from './conditions.ts';
import { errorText } from './error-text.ts';
import type { AccountPolled, AlertCleared, AlertRaised } from './messages.ts';
import type { AccountName, ListedOrder } from './model.ts';
import { isOwnOrder } from './order-id.ts';

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
  readonly messages?: readonly { readonly to: 'alert-manager'; readonly message: AlertRaised | AlertCleared }[];
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

export function timerSet({ account }: DeadManMemory, atMs: number): DeadManStep {
  return { messages: [{ to: 'alert-manager', message: { type: 'alert.cleared', key: deadManKey(account), atMs } }] };
}

function raised({ account, foreign = null }: DeadManMemory, reason: string | null, nowMs: number): DeadManStep {
  const alert = deadManAlert(account, foreign, reason, nowMs);
  return { messages: [{ to: 'alert-manager', message: { type: 'alert.raised', alert } }] };
}
