import type { Fact } from '../core/facts.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';

/**
 * Whether the engine still does its work, for a watchdog that kills what hangs (docs/running.md 4). That this is asked at
 * all shows that the event loop turns. A failure of the exchange, the disk or the Telegram gateway never counts: the engine
 * goes on through these and alerts, and a new process would meet the same failure.
 */
export interface Lives {
  /** Every fact of the engine. */
  report(fact: Fact): void;
  /** The engine trades: from now on both pollers are expected to make attempts. */
  trading(): void;
  /** It stops: a time limit of its own bounds that (strategy 13.1). */
  stopping(): void;
  /** Why it does not do its work; empty: it does. */
  problems(): readonly string[];
}

/**
 * Longest time between two attempts to read an account, by our own bounds: 60 s in the waiting line of the budget, 30 s of
 * back-off, 5 s each for a login and a request. Beyond it a poller or a waiting line is stuck.
 */
export const ATTEMPT_MAX_MS = 120_000;

/** @param nowMs a clock that is never set back */
export function createLives(nowMs: () => number): Lives {
  /** Of the last attempt of each account; null: none is expected. */
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
