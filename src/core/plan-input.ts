import type { Decimal } from './decimal.ts';
import type { MarkJudgement } from './mark.ts';
import type { AccountName, Instrument, LeavingWhy, SymbolConfig, SymbolMode } from './model.ts';
import type { Reason } from './reasons.ts';
import type { SymbolState } from './symbol-state.ts';
import type { Valuation } from './valuing.ts';

/** Settings that decisions depend on (strategy 2.1). */
export interface StrategySettings {
  readonly singleOrderDiffThresholdUsdt: Decimal;
  readonly partialFillTimeoutMs: number;
  readonly postOnlyCooldownMs: number;
  readonly stuckMs: number;
  /** The exchange's dead-man timer is ours (strategy 2.1): orders that it ended are no refusals (9.5). */
  readonly deadMan?: boolean;
}

/** Why an account cannot open (strategy 5.7). */
export interface Inability {
  readonly sinceMs: number;
  /** When it may be tried again; null: not before the account is back. */
  readonly untilMs: number | null;
  /**
   * `parked`: it submits nothing at all (9.8); `journal`: nor does it while the journal's database is out of reach (18.1);
   * `backed-off`: its creates do not leave (9.9).
   */
  readonly why: 'parked' | 'journal' | 'backed-off';
}

/** Everything a decision is made from: equal inputs give an equal plan, so the journal can replay it. */
export interface PlanInput {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  readonly strategy: StrategySettings;
  readonly state: SymbolState;
  readonly valuation: Valuation;
  /** How far the mark may decide, and the book beside it (strategy 3.1). Absent in older decisions: the mark alone decided. */
  readonly marks?: MarkJudgement;
  readonly nowMs: number;
  /** An invariant broke here: no new orders, everything else goes on (strategy 15). */
  readonly halted: boolean;
  /** The exchange does not list the instrument: no new orders (strategy 11.6). Absent: it does; so in older decisions. */
  readonly unlisted?: boolean;
  /** What it may do (strategy 16.1). Absent in older decisions: `trade`, or `hedge-only` while it leaves. */
  readonly mode?: SymbolMode;
  /** Why the symbol leaves (strategy 16.3). Absent: it does not. */
  readonly leaving?: LeavingWhy | undefined;
  /** Why openings are stopped (strategy 8.6). Absent: they are not. */
  readonly openingsStop?: Reason;
  /** Since when each account cannot open, beyond what its rests say (strategy 5.7, 9.8); absent: neither. */
  readonly unable?: Readonly<Record<AccountName, Inability | null>>;
  /** Accounts that get no new order now, because one of theirs is under way or has just ended (strategy 9.10). Absent: none. */
  readonly busy?: readonly AccountName[];
  /** Accounts that get no opening, and no order past the net: what is known is not proven for that (9.10). Absent: none. */
  readonly unproven?: readonly AccountName[];
  /** Intents our own pricing rules denied a moment ago (`intentKey`): not asked for again at once. */
  readonly denied: readonly string[];
}
