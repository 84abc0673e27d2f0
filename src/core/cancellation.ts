import type { Fact } from './facts.ts';
import { type ExchangeFailure, toFailure } from './failure.ts';
import type { CancelEnded, CancellationReport, ParkingFound } from './messages.ts';
import type { AccountName, ExchangeOrder } from './model.ts';

/** One cancel, and what each event does to it (strategy 9.7). */

/** Without streams, delay of the first look-up: a matching engine cancels within milliseconds. Doubles */
const CANCEL_PAUSE_MS = 20;
/** … up to here. */
const CANCEL_PAUSE_MAX_MS = 2_000;
/** About 20 s of look-ups; meanwhile the symbol sees the order in every snapshot. */
export const CANCEL_LOOKUPS_MAX = 16;
/** Without streams, an acknowledged cancel is repeated after so many look-ups of a live order. */
const CANCEL_REPEAT_LOOKUPS = 4;

export interface CancellationBeginning {
  readonly childId: string;
  readonly account: AccountName;
  readonly instrument: string;
  readonly clientOrderId: string;
  /** The account's streams are intact and report the order (strategy 9.4). */
  readonly intact: boolean;
}

export interface CancellationMemory extends CancellationBeginning {
  readonly acknowledged: boolean;
  readonly lookups: number;
  /** The last answer; null: none since the last look-up began, or the exchange does not know the order. */
  readonly seen: ExchangeOrder | null;
  readonly failure: ExchangeFailure | null;
}

/** The result of an event, applied as memory, reporter, message to the gateway. */
export interface CancellationStep {
  readonly change?: Partial<CancellationMemory>;
  readonly facts?: readonly Fact[];
  readonly messages?: readonly (CancellationReport | ParkingFound)[];
}

export function initialCancellation(beginning: CancellationBeginning): CancellationMemory {
  return { ...beginning, acknowledged: false, lookups: 0, seen: null, failure: null };
}

export function requested(): CancellationStep {
  return { change: { acknowledged: false, failure: null } };
}

export function acknowledged(): CancellationStep {
  return { change: { acknowledged: true } };
}

export function requestFailed(
  { account, clientOrderId }: CancellationMemory,
  atMs: number,
  thrown: unknown,
): CancellationStep {
  const failure = toFailure(thrown, 'cancelOrder', account);
  return { change: { failure }, facts: [{ type: 'cancel.failed', atMs, account, clientOrderId, failure }] };
}

export function lookUpBegun({ lookups }: CancellationMemory): CancellationStep {
  return { change: { lookups: lookups + 1, seen: null } };
}

/** The failed request stops the account (strategy 9.8). */
export function parks({ account, failure }: CancellationMemory): CancellationStep {
  if (failure === null) throw new Error('a cancel parked its account without a failure');
  return { messages: [{ type: 'parking.found', account, failure }] };
}

/** `over`: the order's state confirms it. `failed`: nothing does; the order is as it was. */
export const ended =
  (outcome: CancelEnded['outcome']) =>
  (memory: CancellationMemory, atMs: number): CancellationStep => {
    const { childId, clientOrderId, account } = memory;
    const failure = outcome === 'failed' ? memory.failure : null;
    const message: CancelEnded = { type: 'cancel.ended', clientOrderId, account, atMs, outcome, failure };
    return { messages: [{ type: 'cancellation.reported', childId, message }] };
  };

/** Whether the cancel is requested again rather than only looked up. */
export function isDueAgain({ intact, acknowledged, lookups }: CancellationMemory): boolean {
  return intact || !acknowledged || lookups % CANCEL_REPEAT_LOOKUPS === 0;
}

export function lookupPause({ lookups }: CancellationMemory): number {
  return Math.min(CANCEL_PAUSE_MAX_MS, CANCEL_PAUSE_MS * 2 ** lookups);
}
