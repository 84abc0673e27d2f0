import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';

/**
 * Whether the engine still works, for a watchdog that kills a hanging process (docs/running.md 4); that it is asked at
 * all shows that the event loop runs. Failures of exchange, disk or Telegram gateway never count: a new process would
 * meet them too.
 */
export interface Lives {
  report(fact: Fact): void;
  /** The engine trades: from now on both pollers are expected to make attempts. */
  trading(): void;
  /** It stops, which has a time limit of its own (strategy 13.1). */
  stopping(): void;
  /** Why it does not work; empty: it does. */
  problems(): readonly string[];
}

/**
 * Longest time between two attempts to read an account: 60 s waiting for the budget, 30 s of back-off, 5 s each for a
 * login and a request. Beyond it a poller or a queue is stuck.
 */
export const ATTEMPT_MAX_MS = 120_000;

/** @param nowMs a monotonic clock */
export function createLives(nowMs: () => number): Lives {
  /** Time of each account's last attempt; null: none is expected. */
  let attempts: Record<AccountName, number> | null = null;
  const attempted = (account: AccountName) => {
    if (attempts !== null) attempts[account] = nowMs();
  };
  return {
    report(fact) {
      if (fact.type === 'account.polled') attempted(fact.account);
      else if (fact.type === 'read.failed') attempted(fact.account);
    },
    trading: () => {
      attempts ??= { A: nowMs(), B: nowMs() };
    },
    stopping: () => {
      attempts = null;
    },
    problems() {
      const since = attempts;
      if (since === null) return [];
      return ACCOUNTS.flatMap((account) => {
        const silentMs = nowMs() - since[account];
        if (silentMs <= ATTEMPT_MAX_MS) return [];
        return [`account ${account}: no attempt to read it for ${Math.floor(silentMs / 1000)} s`];
      });
    },
  };
}
