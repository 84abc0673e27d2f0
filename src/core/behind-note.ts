/** Key of the journal's note that it may lack its last entries (strategy 18.1). */
export const BEHIND_NOTE = 'behind';

export interface BehindNote {
  /** Client ids are above this one; null: the exchange has not been asked yet. */
  readonly sequence: bigint | null;
}
