import { type Alert, engineAlert, type NetLeft } from '../alerts.ts';
import type { Decimal } from '../decimal.ts';
import type { Fact } from '../facts.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { Message, TradingDrain } from '../messages.ts';
import type { AccountName } from '../model.ts';
import type { News } from '../outbox.ts';
import type { DaemonTimer } from './events.ts';
import type { DaemonMemory, EngineSymbol, LiveOrder } from './memory.ts';

export interface DaemonNow {
  readonly nowMs: number;
  readonly exchangeNowMs: number;
  /** The exchange's clock minus ours; null: not known. */
  readonly skewMs: number | null;
}

/** What steps read from the journal and from other actors. Reading changes nothing; the journal's part throws if it cannot be read. */
export interface DaemonView {
  /** What is not hedged now, and the symbols of which nothing is known yet (strategy 12.3). */
  open(symbols: readonly EngineSymbol[]): Pick<News, 'unhedged' | 'unknown'>;
  /** What the accounts hold of a symbol by its ledger. */
  sizes(instrument: string): Readonly<Record<AccountName, Decimal>>;
  /** The body of the journal's last note of that name; null: none. */
  note(name: string): unknown;
  hasPrepared(clientOrderId: string): boolean;
  /** Whether the journal has a symbol's state: a version before this one has traded with it. */
  hasTraded(): boolean;
  /** Prepared orders that nobody has seen rest or end (strategy 9.6). */
  inDoubt(): DaemonMemory['unknown'];
  /** What symbols would hold live and leave unhedged if they started now. */
  journalledOrders(): readonly LiveOrder[];
  journalledNets(): readonly NetLeft[];
}

export interface Sent {
  readonly do: 'send';
  readonly to: string;
  readonly message: Message;
}

/** Something to do; the chart carries the commands of a step out in their order. */
export type DaemonCommand =
  /** To the actor of that system id, if it runs. */
  | Sent
  /** To an actor that a command before it starts. */
  | { readonly do: 'send-child'; readonly actor: string; readonly message: TradingDrain }
  /** Starts the actor of that id from what is known after this step. */
  | { readonly do: 'start'; readonly actor: string }
  | { readonly do: 'stop'; readonly actor: string }
  | { readonly do: 'read-listing' }
  /** Of the daemon itself, before it takes any other event. */
  | { readonly do: 'raise'; readonly event: DaemonTimer }
  /** A timer; it takes the place of the one with that id. null: only cancels it. */
  | { readonly do: 'time'; readonly id: string; readonly timer: Timer | null };

interface Timer {
  readonly event: DaemonTimer;
  readonly delayMs: number;
}

/** What an event leads to. The chart does it in this order: memory, journal, reporter, commands. */
export interface DaemonStep {
  readonly change?: Partial<DaemonMemory>;
  /** If they cannot be written, that is reported, and the rest is done all the same … */
  readonly entries?: readonly JournalEntry[];
  readonly facts?: readonly Fact[];
  readonly commands?: readonly DaemonCommand[];
  /** … unless this says that nothing may follow then. */
  readonly onlyIfWritten?: true;
}

export function send(to: string, message: Message): Sent {
  return { do: 'send', to, message };
}

export function raise(alert: Alert): Sent {
  return send('alert-desk', { type: 'alert.raised', alert });
}

export function clear(key: string, { nowMs: atMs }: Pick<DaemonNow, 'nowMs'>): DaemonCommand {
  return send('alert-desk', { type: 'alert.cleared', key, atMs });
}

export function toSymbols(symbols: readonly EngineSymbol[], message: Message): DaemonCommand[] {
  return symbols.map(({ config }) => send(`symbol:${config.instrument}`, message));
}

export function note(key: string, body: unknown, { nowMs: atMs }: DaemonNow): JournalEntry {
  return { kind: 'note', key, atMs, body };
}

/** The journal could not be read or written. */
export function journalFailed(message: string, { nowMs: atMs }: DaemonNow) {
  return {
    facts: [{ type: 'journal.failed', atMs, message }],
    commands: [raise(engineAlert('journal-failed', null, message, atMs))],
  } as const satisfies DaemonStep;
}
