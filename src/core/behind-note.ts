/** Key of the journal's note that its last entries may be missing (strategy 18.1). */
export const BEHIND_NOTE = 'behind';

export interface BehindNote {
  /** Client ids must be above this one; null: the exchange has not been asked yet. */
  readonly sequence: bigint | null;
}
