import type { Now } from '../assess.ts';
import { encode } from '../codec.ts';
import type { Fact, SymbolPhase } from '../facts.ts';
import type { JournalEntry, OrderOutcome } from '../journal-entry.ts';
import { clear } from '../raise.ts';
import type { Reason } from '../reasons.ts';
import { endedRests } from '../rests.ts';
import type { SymbolState } from '../symbol-state.ts';
import { type SymbolCommand, watchChanges } from './commands.ts';
import type { SymbolMemory } from './memory.ts';

/** The result of an event. The chart applies memory, journal, reporter, messages in this order. */
export interface Step {
  readonly change: Partial<SymbolMemory>;
  readonly entries: readonly JournalEntry[];
  readonly facts: readonly Fact[];
  readonly commands: readonly SymbolCommand[];
}

interface Effects {
  readonly facts?: readonly Fact[];
  /** Facts that are journalled too. */
  readonly history?: readonly Fact[];
  readonly entries?: readonly JournalEntry[];
  readonly commands?: readonly SymbolCommand[];
}

/** A change of memory that nothing else depends on. */
export function remember(change: Partial<SymbolMemory>): Step {
  return { change, entries: [], facts: [], commands: [] };
}

/** Completes a step: journals a changed state first, updates watch lists, clears alerts of ended rests. */
export function finish(before: SymbolMemory, now: Now, change: Partial<SymbolMemory>, effects: Effects = {}): Step {
  const { instrument } = before.config;
  const { facts = [], history = [], entries = [], commands = [] } = effects;
  const after = change.state ?? before.state;
  // Compared with the last written state, since assessing changes the state without a step of its own.
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

/** The journalled part of a state: differences, doubts and recent fills are found again after a restart. */
function journalled(state: SymbolState): SymbolState {
  const { recentFills: _recent, ...kept } = state;
  return { ...kept, contradiction: { A: null, B: null }, markDoubt: null };
}

/** Alerts of ended rests that no other rest has raised too (strategy 9.5, 12). */
function endedRestAlerts(before: SymbolState, after: SymbolState): readonly string[] {
  const keys = new Set(endedRests(before, after).map(({ alertKey }) => alertKey));
  for (const rest of after.rests ?? []) keys.delete(rest.alertKey);
  return [...keys];
}

/** A fact as a journal entry; an order's end also as its outcome, which a start need not look up (strategy 11.2). */
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

/** Facts are keyed by their order or else their symbol; the last one under the instrument's own key is its phase. */
function historyKey(fact: Fact, instrument: string): string {
  if (fact.type === 'symbol.idle') return `idle ${instrument}`;
  return 'clientOrderId' in fact ? fact.clientOrderId : instrument;
}

export function phaseFacts({ reportedPhase, config }: SymbolMemory, now: Now, phase: SymbolPhase, why: Reason): Fact[] {
  if (reportedPhase === phase) return [];
  const { instrument } = config;
  return [{ type: 'state.changed', atMs: now.nowMs, instrument, from: reportedPhase, to: phase, why }];
}
