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
  /** We use the exchange's dead-man timer (strategy 2.1): orders it ended are no refusals (9.5). */
  readonly deadMan?: boolean;
}

/** Why an account cannot open (strategy 5.7). */
export interface Inability {
  readonly sinceMs: number;
  /** When it may be tried again; null: not before the account is back. */
  readonly untilMs: number | null;
  /**
   * `parked`: submits nothing (9.8); `journal`: likewise while it is out of reach (18.1); `backed-off`: no creates
   * (9.9).
   */
  readonly why: 'parked' | 'journal' | 'backed-off';
}

/** All inputs of a decision: equal inputs give an equal plan, so the journal can replay it. */
export interface PlanInput {
  readonly config: SymbolConfig;
  readonly instrument: Instrument;
  readonly strategy: StrategySettings;
  readonly state: SymbolState;
  readonly valuation: Valuation;
  /** How far the mark is trusted, and the book (strategy 3.1). Absent in older decisions: the mark alone was used. */
  readonly marks?: MarkJudgement;
  readonly nowMs: number;
  /** An invariant is violated: no new orders, everything else goes on (strategy 15). */
  readonly halted: boolean;
  /** The exchange does not list the instrument: no new orders (11.6). Absent, as in older decisions: it does. */
  readonly unlisted?: boolean;
  /** Its mode (strategy 16.1). Absent in older decisions: `trade`, or `hedge-only` during removal. */
  readonly mode?: SymbolMode;
  /** Why the symbol is being removed (strategy 16.3). Absent: it is not. */
  readonly leaving?: LeavingWhy | undefined;
  /** Why openings are stopped (strategy 8.6). Absent: they are not. */
  readonly openingsStop?: Reason;
  /** Since when each account cannot open, apart from suspensions (strategy 5.7, 9.8); absent: both can. */
  readonly unable?: Readonly<Record<AccountName, Inability | null>>;
  /** Accounts that get no new order because one is in progress or has just ended (strategy 9.10). Absent: none. */
  readonly busy?: readonly AccountName[];
  /** Accounts without openings and orders beyond the net, because their state is not proven (9.10). Absent: none. */
  readonly unproven?: readonly AccountName[];
  /** Intents that our pricing rules have just denied (`intentKey`): not repeated at once. */
  readonly denied: readonly string[];
}
