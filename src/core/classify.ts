import type { TradingState } from './model.ts';

/** The facts by which strategy 5 picks a state; plan.ts gathers them. */
export interface Situation {
  readonly resting: boolean;
  readonly hedged: boolean;
  /** An order waits on a partial fill (4.3). */
  readonly partialFillWaits: boolean;
  /** 6.1 or 6.2 leave room for an opening, not counting the symbol's own live openings. */
  readonly openingHasRoom: boolean;
  /** Either way of 6.3 has room. */
  readonly repairHasRoom: boolean;
}

/** The order it would submit is suspended after refusals (strategy 5.1). */
export const isResting = (situation: Situation): boolean => situation.resting;
export const isHedgedWithPartialFill = ({ hedged, partialFillWaits }: Situation): boolean => hedged && partialFillWaits;
export const isHedgedAtLimit = ({ hedged, openingHasRoom }: Situation): boolean => hedged && !openingHasRoom;
export const isHedged = ({ hedged }: Situation): boolean => hedged;
export const isRepairBlocked = ({ repairHasRoom }: Situation): boolean => !repairHasRoom;

/** Trading states by priority (5), the first match wins; the chart's `deciding` has the same order (tested). */
export const PRIORITY: readonly { readonly state: TradingState; readonly when: (situation: Situation) => boolean }[] = [
  { state: 'cooldown', when: isResting },
  { state: 'partial-wait', when: isHedgedWithPartialFill },
  { state: 'capped', when: isHedgedAtLimit },
  { state: 'equal', when: isHedged },
  { state: 'capped', when: isRepairBlocked },
  { state: 'imbalanced', when: () => true },
];

export function classify(situation: Situation): TradingState {
  const first = PRIORITY.find((entry) => entry.when(situation));
  return first?.state ?? 'imbalanced';
}
