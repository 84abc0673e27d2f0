/**
 * What the exchange's codes and reasons for a refusal mean to the strategy (strategy 9.5): whether the rules we
 * trade by are in doubt.
 */

/** A create that the exchange refused: its code, or the reason an order ended with. */
export interface Refusal {
  readonly code: number | null;
  /** The exchange's own word or sentence. */
  readonly reason: string;
}

/** Size below the minimum, off tick, off step, below the minimum notional: our rules of the instrument may be old. */
const DOUBTFUL_RULES: ReadonlySet<number> = new Set([2062, 2064, 2065, 2066, 2067]);

/** Whether the instruments are to be read again before the next attempt (strategy 9.5, 11.8). */
export function doubtsRules({ code }: Refusal): boolean {
  return code !== null && DOUBTFUL_RULES.has(code);
}
