import { isStale, type Now } from './assess.ts';
import type { Fact } from './facts.ts';
import type { AccountFailed, AccountPolled, ReadingsTuned } from './messages.ts';
import { ACCOUNTS, type AccountName } from './model.ts';

/** Whether an external monitor is called, and what each event changes about it (strategy 2.1). */

export interface HeartbeatMemory {
  /** An older poll counts as none: 3 intervals, at least 10 s (strategy 10.3). */
  readonly freshMs: number;
  /** When each account was last polled successfully; null: never, or failed since. */
  readonly polled: Readonly<Record<AccountName, { readonly atMs: number; readonly era: number } | null>>;
}

/** The result of an event. */
export interface HeartbeatStep {
  readonly change?: Partial<HeartbeatMemory>;
  readonly facts?: readonly Fact[];
}

export function areBothPolled({ polled, freshMs }: HeartbeatMemory, now: Now): boolean {
  return ACCOUNTS.every((account) => {
    const last = polled[account];
    return last !== null && !isStale(last, now, freshMs);
  });
}

export function accountPolled({ polled }: HeartbeatMemory, now: Now, { snapshot }: AccountPolled): HeartbeatStep {
  return { change: { polled: { ...polled, [snapshot.account]: { atMs: now.nowMs, era: now.era } } } };
}

export function accountFailed({ polled }: HeartbeatMemory, _now: Now, { account }: AccountFailed): HeartbeatStep {
  return { change: { polled: { ...polled, [account]: null } } };
}

export function readingsTuned(_memory: HeartbeatMemory, _now: Now, { staleMs }: ReadingsTuned): HeartbeatStep {
  return { change: { freshMs: staleMs } };
}

/** The call failed, or did not end. */
export function beatMissed(reason: string, { nowMs: atMs }: Now): HeartbeatStep {
  return { facts: [{ type: 'heartbeat.missed', atMs, reason }] };
}
