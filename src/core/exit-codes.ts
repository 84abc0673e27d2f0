/** Exit codes of the engine and of its commands (strategy 13.2). */

export const EXIT_GOOD = 0;
/** Less than was asked for: refused, interrupted, data found damaged, or a requested fault that never happened. */
export const EXIT_INCOMPLETE = 1;
/** The exchange, the database or the engine asked does not answer. */
export const EXIT_UNREACHABLE = 69;
/** A defect of ours, or a violated invariant (strategy 13.5). */
export const EXIT_DEFECT = 70;
/** Settings, options, keys, journal, or another engine that runs. */
export const EXIT_CONFIGURATION = 78;
