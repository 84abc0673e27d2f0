import type { SymbolConfig } from '../core/model.ts';

type PositionMode = SymbolConfig['positionMode'];

/**
 * A symbol's way to its goal: the maximum for `increase`, the minimum for `decrease`, to within one order, over as many
 * legs (stops and starts) as it takes.
 */
export interface GoalAttempt {
  readonly instrument: string;
  readonly mode: PositionMode;
  /** From its beginning to the end of the campaign. */
  readonly availableMs: number;
  /** null: the goal was not reached. */
  readonly tookMs: number | null;
}

/**
 * Attempts that begin later than this before the end do not count: only quick ones could succeed. Half a day, so that a
 * campaign of one day counts its first half.
 */
export const ATTEMPT_LEAST_MS = 12 * 3_600_000;

/** Tracks the symbols of one campaign, in true time. */
export interface Attempts {
  /** A leg begins; attempts in progress continue. */
  legBegan(instrument: string, mode: PositionMode, atMs: number): void;
  /** A leg ended. `reachedAtMs`: when the symbol reached its goal in that leg; null: it did not. */
  legEnded(instrument: string, reachedAtMs: number | null): void;
  /** All attempts, including those in progress. */
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
