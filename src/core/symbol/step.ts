import type { Now } from '../assess.ts';
import { encode } from '../codec.ts';
import type { Fact, SymbolPhase } from '../facts.ts';
import type { JournalEntry, OrderOutcome } from '../journal-entry.ts';
import type { Reason } from '../reasons.ts';
import { endedRests } from '../rests.ts';
import type { SymbolState } from '../symbol-state.ts';
import { clear, type SymbolCommand, sameList, watchChanges } from './commands.ts';
import type { SymbolMemory } from './memory.ts';

/** What an event leads to. The chart does it in this order: memory, journal, reporter, messages to other actors. */
export interface Step {
  readonly change: Partial<SymbolMemory>;
  readonly entries: readonly JournalEntry[];
  readonly facts: readonly Fact[];
  readonly commands: readonly SymbolCommand[];
}

/** What a step does beside its change of memory. */
interface Effects {
  readonly facts?: readonly Fact[];
  /** Facts that the journal keeps too. */
  readonly history?: readonly Fact[];
  readonly entries?: readonly JournalEntry[];
  readonly commands?: readonly SymbolCommand[];
}

/** A change of memory that concerns nobody else and that no restart has to know. */
export function remember(change: Partial<SymbolMemory>): Step {
  return { change, entries: [], facts: [], commands: [] };
}

/**
 * Completes a step: a changed state is in the journal before anything is done that rests on it, the pollers' watch lists follow the
 * orders, and alerts of rests that ended are cleared.
 */
export function finish(before: SymbolMemory, now: Now, change: Partial<SymbolMemory>, effects: Effects = {}): Step {
  const { instrument } = before.config;
  const { facts = [], history = [], entries = [], commands = [] } = effects;
  const after = change.state ?? before.state;
  // Compared with what was last written, not with the memory before: assessing changes the state without a step of its own.
  const saved = after === before.savedState ? before.saved : encode(journalled(after));
  const state: JournalEntry[] =
    saved === before.saved ? [] : [{ kind: 'symbol.state', key: instrument, atMs: now.nowMs, body: journalled(after) }];
  return {
    change: { ...change, saved, savedState: after },
    entries: [...entries, ...state, ...history.flatMap((fact) => historyEntries(fact, instrument))],
    facts: [...history, ...facts],
    commands: [
      ...watchChanges(instrument, before.state, after),
      ...endedRestAlerts(before.state, after).map((key) => clear(key, now)),
      ...commands,
    ],
  };
}

/** What the journal holds of a state: contradictions, doubts and recent fills are found again from snapshots after a restart. */
function journalled(state: SymbolState): SymbolState {
  const { recentFills: _recent, ...kept } = state;
  return { ...kept, contradiction: { A: null, B: null }, markDoubt: null };
}

/** Alerts of rests that are over, and that no other rest has raised too (strategy 9.5, 12). */
function endedRestAlerts(before: SymbolState, after: SymbolState): readonly string[] {
  const keys = new Set(endedRests(before, after).map(({ alertKey }) => alertKey));
  for (const rest of after.rests ?? []) keys.delete(rest.alertKey);
  return [...keys];
}

/** A fact as the journal keeps it; where it is the end of an order, its outcome, so that no start asks about it again (strategy 11.2). */
function historyEntries(fact: Fact, instrument: string): JournalEntry[] {
  const entry: JournalEntry = { kind: 'fact', key: historyKey(fact, instrument), atMs: fact.atMs, body: fact };
  if (fact.type !== 'order.over') return [entry];
  const { clientOrderId, atMs } = fact;
  const outcome = ENDS[fact.status] ?? 'cancelled';
  const body = { clientOrderId, outcome, detail: fact.reason, atMs };
  return [entry, { kind: 'order.outcome', key: clientOrderId, atMs, body }];
}

const ENDS: Readonly<Record<string, OrderOutcome['outcome']>> = {
  FILLED: 'filled',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
};

/** Facts are kept by order where they name one, else by symbol; the last one under the instrument's own key is its phase. */
function historyKey(fact: Fact, instrument: string): string {
  if (fact.type === 'symbol.idle') return `idle ${instrument}`;
  return 'clientOrderId' in fact ? fact.clientOrderId : instrument;
}

/** The symbol is in another phase than was reported last. */
export function phaseFacts({ reportedPhase, config }: SymbolMemory, now: Now, phase: SymbolPhase, why: Reason): Fact[] {
  if (reportedPhase === phase) return [];
  const { instrument } = config;
  return [{ type: 'state.changed', atMs: now.nowMs, instrument, from: reportedPhase, to: phase, why }];
}

/** The former list where the new one is equal, so that it counts as unchanged. */
export function kept(before: readonly string[], after: readonly string[]): readonly string[] {
  return sameList(before, after) ? before : after;
}
