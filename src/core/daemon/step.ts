import { type Alert, engineAlert, type NetLeft } from '../alerts.ts';
import type { Decimal } from '../decimal.ts';
import type { Fact } from '../facts.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { Message, TradingDrain } from '../messages.ts';
import type { AccountName } from '../model.ts';
import type { News } from '../outbox.ts';
import { clear as cleared, raise as raised } from '../raise.ts';
import type { Reason } from '../reasons.ts';
import type { DaemonTimer } from './events.ts';
import type { DaemonMemory, EngineSymbol, LiveOrder } from './memory.ts';

export interface DaemonNow {
  readonly nowMs: number;
  readonly exchangeNowMs: number;
  /** The exchange's clock minus ours; null: not known. */
  readonly skewMs: number | null;
}

/** Reads of the journal and other actors for steps. No side effects; throws if the journal is unreadable. */
export interface DaemonView {
  /** What is unhedged now, and the symbols of unknown state (strategy 12.3). */
  open(symbols: readonly EngineSymbol[]): Pick<News, 'unhedged' | 'unknown'>;
  /** A symbol's positions by its ledger. */
  sizes(instrument: string): Readonly<Record<AccountName, Decimal>>;
  /** A symbol's net by what was read of both accounts, whether it runs or not, base units; null: not read yet. */
  netRead(instrument: string): Decimal | null;
  /** The body of the journal's last note of that name; null: none. */
  note(name: string): unknown;
  hasPrepared(clientOrderId: string): boolean;
  /** Whether the journal has a symbol's state, so that an older version has traded with it. */
  hasTraded(): boolean;
  /** Prepared orders that were neither seen to rest nor to end (strategy 9.6). */
  inDoubt(): DaemonMemory['unknown'];
  /** Live orders and unhedged nets of symbols if they started now; orders also of one instrument alone. */
  journalledOrders(instrument?: string): readonly LiveOrder[];
  journalledNets(): readonly NetLeft[];
}

export interface Sent {
  readonly do: 'send';
  readonly to: string;
  readonly message: Message;
}

/** A command that the chart carries out, in order. */
export type DaemonCommand =
  /** To the actor of that system id, if it runs. */
  | Sent
  /** To an actor that an earlier command of this step starts. */
  | { readonly do: 'send-child'; readonly actor: string; readonly message: TradingDrain }
  /** Starts the actor of that id from the state after this step. */
  | { readonly do: 'start'; readonly actor: string }
  | { readonly do: 'stop'; readonly actor: string }
  | { readonly do: 'read-listing' }
  /** Handled by the daemon itself before any other event. */
  | { readonly do: 'raise'; readonly event: DaemonTimer }
  /** A timer; replaces the one with that id. null: only cancels it. */
  | { readonly do: 'time'; readonly id: string; readonly timer: Timer | null };

interface Timer {
  readonly event: DaemonTimer;
  readonly delayMs: number;
}

/** The result of an event. The chart applies memory, journal, reporter, commands in this order. */
export interface DaemonStep {
  readonly change?: Partial<DaemonMemory>;
  /** If they cannot be written, that is reported and the rest continues, */
  readonly entries?: readonly JournalEntry[];
  readonly facts?: readonly Fact[];
  readonly commands?: readonly DaemonCommand[];
  /** unless this says that nothing may follow. */
  readonly onlyIfWritten?: true;
}

export function send(to: string, message: Message): Sent {
  return { do: 'send', to, message };
}

export function raise(alert: Alert): Sent {
  return { do: 'send', ...raised(alert) };
}

export function clear(key: string, now: Pick<DaemonNow, 'nowMs'>): DaemonCommand {
  return { do: 'send', ...cleared(key, now) };
}

export function toSymbols(symbols: readonly EngineSymbol[], message: Message): DaemonCommand[] {
  return symbols.map(({ config }) => send(`symbol:${config.instrument}`, message));
}

export function note(key: string, body: unknown, { nowMs: atMs }: DaemonNow): JournalEntry {
  return { kind: 'note', key, atMs, body };
}

/** The journal could not be read or written. */
export function journalFailed(message: Reason, { nowMs: atMs }: DaemonNow) {
  return {
    facts: [{ type: 'journal.failed', atMs, message }],
    commands: [raise(engineAlert('journal-failed', null, message, atMs))],
  } as const satisfies DaemonStep;
}
