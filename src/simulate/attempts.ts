import type { SymbolConfig } from '../core/model.ts';

type PositionMode = SymbolConfig['positionMode'];

/**
 * One symbol's way to where its mode leads: from the moment it was told to go there until it got there, over as many legs
 * (stops and starts) as that took. `increase` gets to its cap, `decrease` to its minimum, within one order.
 */
export interface GoalAttempt {
  readonly instrument: string;
  readonly mode: PositionMode;
  /** From its beginning to the end of the campaign: the time it could have had. */
  readonly availableMs: number;
  /** null: it did not get there. */
  readonly tookMs: number | null;
}

/**
 * An attempt that begins later than this before the end of its campaign is not counted, whether it got there or not: only
 * the quick ones could. Half a day, so that a campaign of one day counts what begins in its first half.
 */
export const ATTEMPT_LEAST_MS = 12 * 3_600_000;

/** Follows the symbols of one campaign. Times are true time. */
export interface Attempts {
  /** A leg begins; a symbol that is on its way already stays so. */
  legBegan(instrument: string, mode: PositionMode, atMs: number): void;
  /** A leg ended. `reachedAtMs`: when the symbol got there in that leg; null: it did not. */
  legEnded(instrument: string, reachedAtMs: number | null): void;
  /** All there were, with those still on their way. */
  all(endMs: number): readonly GoalAttempt[];
}

export function createAttempts(): Attempts {
  const over: { instrument: string; mode: PositionMode; beganMs: number; tookMs: number }[] = [];
  const underWay = new Map<string, { mode: PositionMode; beganMs: number }>();
  return {
    legBegan(instrument, mode, atMs) {
      if (underWay.get(instrument)?.mode !== mode) underWay.set(instrument, { mode, beganMs: atMs });
    },
    legEnded(instrument, reachedAtMs) {
      const attempt = underWay.get(instrument);
      if (attempt === undefined || reachedAtMs === null) return;
      underWay.delete(instrument);
      over.push({ instrument, ...attempt, tookMs: reachedAtMs - attempt.beganMs });
    },
    all: (endMs) => [
      ...over.map(({ beganMs, ...attempt }) => ({ ...attempt, availableMs: endMs - beganMs })),
      ...[...underWay].map(([instrument, { mode, beganMs }]) => ({
        ...{ instrument, mode, availableMs: endMs - beganMs },
        tookMs: null,
      })),
    ],
  };
}
