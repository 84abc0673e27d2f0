import { alertKey } from '../alerts.ts';
import type { Assessment, Now } from '../assess.ts';
import { heldDriftKey, SYMBOL_CONDITIONS } from '../conditions.ts';
import type { SymbolPhase } from '../facts.ts';
import type { Touch } from '../mark.ts';
import type { RolloutStage } from '../model.ts';
import {
  ACCOUNTS,
  type AccountName,
  type Instrument,
  type Intent,
  type LeavingWhy,
  type SymbolConfig,
  type SymbolMode,
  type SymbolSnapshot,
} from '../model.ts';
import { modeOf, type Standing } from '../modes.ts';
import type { Inability, PlanInput, StrategySettings } from '../plan-input.ts';
import type { Reason } from '../reasons.ts';
import type { SymbolState } from '../symbol-state.ts';

/** Pause before an intent denied by our pricing rules is submitted again, to limit reads of the book. */
export const DENIED_PAUSE_MS = 10_000;

export interface SymbolBeginning {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  /** The exchange does not list it: no new orders (strategy 11.6). Absent: it does. */
  readonly unlisted?: boolean;
  /** Why it is being removed, as `hedge-only` (strategy 16.3). Absent: it is not. */
  readonly leaving?: LeavingWhy | undefined;
  /** Commands that may be in force (strategy 16.2). Absent: none. */
  readonly standing?: readonly Standing[];
  /** Its stage in the gray rollout (strategy 16.7). Absent: not in one. */
  readonly rollout?: RolloutStage | undefined;
  readonly strategy: StrategySettings;
  /** Older data allow no new orders (strategy 10.3). */
  readonly staleMs: number;
  /** Pause between polls: a doubtful mark needs a read that much later (strategy 3.1). */
  readonly loopIntervalMs: number;
  /** Restored or empty (strategy 11.2, 11.3). */
  readonly state: SymbolState;
  /** Since when each account is parked (strategy 9.8). Absent: neither is. */
  readonly parkedSinceMs?: Readonly<Record<AccountName, number | null>>;
  /** Since when the journal's database is out of reach (strategy 18.1); absent or null: it is not. */
  readonly journalSinceMs?: number | null;
  /** Why openings are stopped (strategy 8.6); absent or null: they are not. */
  readonly openingsStop?: Reason | null;
}

/** An order whose submission ended at that moment. */
export interface AwaitedEnd {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly atMs: number;
}

/** Both accounts' views, what is pending and what was last reported. Only `state` survives a restart. Immutable. */
export interface SymbolMemory extends SymbolBeginning {
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  /** Since when the account's reads are equal, by the request of the first one (strategy 11.3). */
  readonly steadySinceMs: Readonly<Record<AccountName, number>>;
  /** A read showed an order of ours before the symbol's state was established. */
  readonly sawOrders: boolean;
  readonly touch: Touch | null;
  readonly touchAsked: boolean;
  /** Why the last request for best prices failed, and how many failed in a row. */
  readonly touchFailed: { readonly why: Reason; readonly inARow: number } | null;
  /** Submitted intents and requested cancels whose end is not known yet. */
  readonly underWay: readonly string[];
  /** Ends that the account's view does not include yet: no create there until it does (strategy 9.10). */
  readonly awaited: readonly AwaitedEnd[];
  /** When the last submission ended: openings need data proven since (strategy 9.10). */
  readonly lastEndMs: number;
  readonly assessment: Assessment | null;
  readonly unusableInARow: number;
  /** The phase that was last reported. */
  readonly reportedPhase: SymbolPhase;
  /** The key (without figures) of the last reported idle reason. */
  readonly reportedIdle: string;
  /** Keys of conditions that hold (strategy 12). */
  readonly holding: readonly string[];
  readonly denied: readonly { readonly key: string; readonly untilMs: number }[];
  /** Pending intents by id. */
  readonly submitted: Readonly<Record<string, Submitted>>;
  /** Creates of an account that were not sent, with none answered since (strategy 5.7); null: they are sent. */
  readonly backedOff: Readonly<Record<AccountName, Omit<Inability, 'why'> | null>>;
  /** Since when an account is parked (strategy 9.8); null: it is not. */
  readonly parkedSinceMs: Readonly<Record<AccountName, number | null>>;
  /** Since when the journal's database is out of reach (strategy 18.1); null: it is not. */
  readonly journalSinceMs: number | null;
  /** Why openings are stopped (strategy 8.6); null: they are not. */
  readonly openingsStop: Reason | null;
  readonly halted: boolean;
  /** Whether clipping to what a signature can carry was reported (strategy 7.3). */
  readonly clippingReported: boolean;
  /** Whether warnings about its row were reported (strategy 2.2); they need a mark. */
  readonly warned: boolean;
  /** Whether the journal was compared with the exchange after the start (strategy 11.2). */
  readonly compared: boolean;
  /** The state as last journalled, */
  readonly saved: string;
  /** and the object that text came from: only another one is encoded again. */
  readonly savedState: SymbolState | null;
}

/** A pending intent with its attempt in the ledger; null: none sent, or the last one is over. */
export interface Submitted {
  readonly intent: Intent;
  readonly clientOrderId: string | null;
  /** Sent with `reduce_only`: a refusal that demands it had another cause (strategy 9.13). */
  readonly reduceOnly: boolean;
  /** Tries whether a position may grow although the account may only reduce. */
  readonly tries: boolean;
}

export function initialMemory(input: SymbolBeginning): SymbolMemory {
  // It runs again, so it manages its positions again (strategy 16.3).
  const { left: _left, ...state } = input.state;
  return {
    ...input,
    state,
    snapshots: { A: null, B: null },
    steadySinceMs: { A: 0, B: 0 },
    sawOrders: false,
    touch: null,
    touchAsked: false,
    touchFailed: null,
    underWay: [],
    awaited: [],
    lastEndMs: 0,
    assessment: null,
    unusableInARow: 0,
    reportedPhase: 'waiting',
    reportedIdle: '',
    // Conditions that may be open from before the start: the first decision clears those that no longer hold.
    holding: [
      ...SYMBOL_CONDITIONS.map((kind) => alertKey(kind, input.config.instrument)),
      ...ACCOUNTS.map((account) => heldDriftKey(input.config.instrument, account)),
    ],
    denied: [],
    submitted: {},
    backedOff: { A: null, B: null },
    parkedSinceMs: input.parkedSinceMs ?? { A: null, B: null },
    journalSinceMs: input.journalSinceMs ?? null,
    openingsStop: input.openingsStop ?? null,
    halted: false,
    clippingReported: false,
    warned: false,
    compared: !input.state.begun,
    saved: '',
    savedState: null,
  };
}

export function modeNow({ config, standing, leaving, rollout }: SymbolMemory, now: Now): SymbolMode {
  return modeOf({ file: config.mode, standing, leaving, rollout }, now.nowMs);
}

/** Why accounts cannot open, apart from rests (strategy 5.7, 9.8, 9.9). */
export function inabilities(
  { parkedSinceMs, journalSinceMs, backedOff }: SymbolMemory,
  { nowMs }: Now,
): NonNullable<PlanInput['unable']> {
  const of = (account: AccountName): Inability | null => {
    const [parked, off] = [parkedSinceMs[account], backedOff[account]];
    // A time in the future dates from before our clock was set back.
    if (parked !== null) return { sinceMs: Math.min(parked, nowMs), untilMs: null, why: 'parked' };
    if (journalSinceMs !== null) return { sinceMs: Math.min(journalSinceMs, nowMs), untilMs: null, why: 'journal' };
    if (off === null) return null;
    const untilMs = Math.min(off.untilMs ?? nowMs, nowMs + DENIED_PAUSE_MS);
    return { sinceMs: Math.min(off.sinceMs, nowMs), untilMs, why: 'backed-off' };
  };
  return { A: of('A'), B: of('B') };
}
