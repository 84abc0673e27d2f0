import type { DaemonMemory, DaemonSettings, EngineSymbol } from '../src/core/daemon/memory.ts';
import type { DaemonNow } from '../src/core/daemon/step.ts';
import type { PreparedOrder } from '../src/core/journal-entry.ts';
import type { AccountName } from '../src/core/model.ts';
import type { AlertTexts } from '../src/core/outbox-message.ts';
import type { Reason } from '../src/core/reasons.ts';
import type { EngineClock, Exchange, Heartbeat, Journal, Notifier, Reporter } from '../src/ports.ts';

export interface DaemonDeps {
  readonly exchange: Exchange;
  readonly journal: Journal;
  readonly notifier: Notifier;
  /** null: no heartbeat monitor. */
  readonly heartbeat: Heartbeat | null;
  readonly clock: EngineClock;
  readonly reporter: Reporter;
  /** Logs in, reads the instruments, resolves the symbols. Rejects with a `StartError`. */
  readonly prepare: () => Promise<readonly EngineSymbol[]>;
  /**
   * The symbol of an instrument without one on which an own order rests: it is being removed (strategy 16.3). null: its
   * rules are unknown.
   */
  readonly takeUp: (instrument: string) => EngineSymbol | null;
  /** Makes the account's streams reconnect (strategy 10.6). Absent: there are none. */
  readonly reconnectStreams?: (account: AccountName, why: Reason) => void;
  /** Prepared orders without outcome in the journal (strategy 9.6). */
  readonly unsettled: () => readonly PreparedOrder[];
  readonly lastSequence: () => bigint | null;
}

export interface DaemonInput extends DaemonDeps {
  readonly settings: DaemonSettings;
  readonly texts: AlertTexts;
}

export interface DaemonContext {
  readonly deps: DaemonDeps;
  readonly memory: DaemonMemory;
}

export interface DaemonOutput {
  readonly exitCode: number;
  readonly failure: Reason | null;
}

export function nowOf({ deps: { clock, exchange } }: DaemonContext): DaemonNow {
  return { nowMs: clock.nowMs(), exchangeNowMs: exchange.exchangeNowMs(), skewMs: exchange.clockSkewMs() };
}
