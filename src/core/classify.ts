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

/** Refused orders rest, and they are what it would submit (strategy 5.1). */
export const isResting = (situation: Situation): boolean => situation.resting;
export const isHedgedWithPartialFill = ({ hedged, partialFillWaits }: Situation): boolean => hedged && partialFillWaits;
export const isHedgedAtLimit = ({ hedged, openingHasRoom }: Situation): boolean => hedged && !openingHasRoom;
export const isHedged = ({ hedged }: Situation): boolean => hedged;
/** Neither way of 6.3 has room. */
export const isRepairBlocked = ({ repairHasRoom }: Situation): boolean => !repairHasRoom;

/**
 * The states of a symbol in the order of strategy 5: first match wins. The chart's `deciding` state has its transitions in
 * this very order, with the same predicates (a test compares them).
 */
export const PRIORITY: readonly { readonly state: TradingState; readonly when: (situation: Situation) => boolean }[] = [
  { state: 'cooldown', when: isResting },
  { state: 'partial-wait', when: isHedgedWithPartialFill },
  { state: 'capped', when: isHedgedAtLimit },
  { state: 'equal', when: isHedged },
  { state: 'capped', when: isRepairBlocked },
  { state: 'imbalanced', when: () => true },
];

/** The state a situation belongs to (strategy 5). */
export function classify(situation: Situation): TradingState {
  const first = PRIORITY.find((entry) => entry.when(situation));
  return first?.state ?? 'imbalanced';
}
