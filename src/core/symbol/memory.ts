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

/** An intent that our own pricing rules denied is not submitted again for so long: reading a book more often gains nothing. */
export const DENIED_PAUSE_MS = 10_000;

/** What a symbol is started with. */
export interface SymbolBeginning {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  /** The exchange does not list it (any more): no new orders (strategy 11.6). Absent: it does. */
  readonly unlisted?: boolean;
  /** Why it leaves: `hedge-only` until it has (strategy 16.3). Absent: it stays. */
  readonly leaving?: LeavingWhy | undefined;
  /** Commands that may be in force (strategy 16.2). Absent: none. */
  readonly standing?: readonly Standing[];
  /** How far the gray rollout has come with it (strategy 16.7). Absent: none concerns it. */
  readonly rollout?: RolloutStage | undefined;
  readonly strategy: StrategySettings;
  /** Data older than this stop new orders (strategy 10.3). */
  readonly staleMs: number;
  /** Pause between polls: a doubtful mark is confirmed by a reading that much later (strategy 3.1). */
  readonly loopIntervalMs: number;
  /** Restored or empty (strategy 11.2, 11.3). */
  readonly state: SymbolState;
  /** Since when each account is parked (strategy 9.8). Absent: neither is. */
  readonly parkedSinceMs?: Readonly<Record<AccountName, number | null>>;
  /** Since when the journal's database has not answered (strategy 18.1); absent or null: it does. */
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

/**
 * What a symbol knows: both accounts' views, what is under way, and what was decided and reported last. Of this only `state`
 * survives a restart; every step makes a new value.
 */
export interface SymbolMemory extends SymbolBeginning {
  readonly snapshots: Readonly<Record<AccountName, SymbolSnapshot | null>>;
  /** Since when the account's readings are alike: when the first of them was requested (strategy 11.3). */
  readonly steadySinceMs: Readonly<Record<AccountName, number>>;
  /** A reading showed an order of ours before it was known where the symbol stands. */
  readonly sawOrders: boolean;
  readonly touch: Touch | null;
  readonly touchAsked: boolean;
  /** The last requests for a touch failed: why the last one did, and how many in a row. */
  readonly touchFailed: { readonly why: Reason; readonly inARow: number } | null;
  /** Intents submitted and cancels asked for whose end is not known yet. */
  readonly underWay: readonly string[];
  /** Ends that the acting account's view does not contain yet: no create there until it does (strategy 9.10). */
  readonly awaited: readonly AwaitedEnd[];
  /** When the last submission ended: openings rest on what is proven since (strategy 9.10). */
  readonly lastEndMs: number;
  readonly assessment: Assessment | null;
  readonly unusableInARow: number;
  /** The phase that was reported last, … */
  readonly reportedPhase: SymbolPhase;
  /** … and why nothing was submitted: the key of its reason, which leaves figures out. */
  readonly reportedIdle: string;
  /** Keys of conditions that hold (strategy 12). */
  readonly holding: readonly string[];
  readonly denied: readonly { readonly key: string; readonly untilMs: number }[];
  /** Intents under way, by their ids. */
  readonly submitted: Readonly<Record<string, Submitted>>;
  /** Creates of an account that did not leave, without one that was answered since (strategy 5.7); null: they leave. */
  readonly backedOff: Readonly<Record<AccountName, Omit<Inability, 'why'> | null>>;
  /** Since when an account is parked (strategy 9.8); null: it is not. */
  readonly parkedSinceMs: Readonly<Record<AccountName, number | null>>;
  /** Since when the journal's database has not answered (strategy 18.1); null: it does. */
  readonly journalSinceMs: number | null;
  /** Why openings are stopped (strategy 8.6); null: they are not. */
  readonly openingsStop: Reason | null;
  readonly halted: boolean;
  /** It has been reported that sizes are clipped to what a signature can carry (strategy 7.3). */
  readonly clippingReported: boolean;
  /** What looks wrong in the symbols file has been reported (strategy 2.2): it takes a mark to judge it. */
  readonly warned: boolean;
  /** The journal's state was compared with the exchange after the start, and the differences reported (strategy 11.2). */
  readonly compared: boolean;
  /** The state as the journal has it, … */
  readonly saved: string;
  /** … and the value that text was made of: only another one is written out again. */
  readonly savedState: SymbolState | null;
}

/** An intent under way, with its attempt that is in the ledger; null: none has left, or the last one is over. */
export interface Submitted {
  readonly intent: Intent;
  readonly clientOrderId: string | null;
  /** It carries `reduce_only`: what demands that does not refuse it for the lack of it (strategy 9.13). */
  readonly reduceOnly: boolean;
  /** It may grow a position of an account that may only reduce: it is tried. */
  readonly tries: boolean;
}

/** What a symbol knows before its first snapshot. */
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
    // A start may find conditions open that no longer hold: the first decision clears them.
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

/** What it may do now (strategy 16.1). */
export function modeNow({ config, standing, leaving, rollout }: SymbolMemory, now: Now): SymbolMode {
  return modeOf({ file: config.mode, standing, leaving, rollout }, now.nowMs);
}

/** Why accounts cannot open, beyond their rests (strategy 5.7, 9.8, 9.9). */
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
