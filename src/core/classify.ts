import type { TradingState } from './model.ts';

/** What strategy 5 asks of a usable pair of snapshots; plan.ts finds the answers. */
export interface Situation {
  readonly resting: boolean;
  readonly hedged: boolean;
  /** An order waits on a partial fill (4.3). */
  readonly partialFillWaits: boolean;
  /** 6.1 or 6.2 leave an opening room, the symbol's own live openings left out of the count. */
  readonly openingHasRoom: boolean;
  /** One of the two ways of 6.3 has room. */
  readonly repairHasRoom: boolean;
}

/**
 * The states of a symbol in the order of strategy 5: first match wins. The chart's `deciding` state has its transitions in
 * this very order (a test compares them).
 */
export const PRIORITY: readonly { readonly state: TradingState; readonly when: (situation: Situation) => boolean }[] = [
  { state: 'cooldown', when: (situation) => situation.resting },
  { state: 'partial-wait', when: (situation) => situation.hedged && situation.partialFillWaits },
  { state: 'capped', when: (situation) => situation.hedged && !situation.openingHasRoom },
  { state: 'equal', when: (situation) => situation.hedged },
  { state: 'capped', when: (situation) => !situation.repairHasRoom },
  { state: 'imbalanced', when: () => true },
];

/** The state a situation belongs to (strategy 5). */
export function classify(situation: Situation): TradingState {
  const first = PRIORITY.find((entry) => entry.when(situation));
  return first?.state ?? 'imbalanced';
}
