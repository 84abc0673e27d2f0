import { ZERO } from './decimal.ts';
import type { LeavingWhy, RolloutStage, SymbolConfig, SymbolMode } from './model.ts';
import type { Reason } from './reasons.ts';
import type { SymbolState } from './symbol-state.ts';

/**
 * What a symbol may do (strategy 16.1), and who says so: its row in the symbols file, commands, that it leaves (16.3), and the
 * rollout (16.7).
 * Each is stored by itself; the strictest applies.
 */

/** The modes, the strictest last. */
export const MODES: readonly SymbolMode[] = ['trade', 'hedge-only', 'pause', 'hold'];

/** The commands that stay in force until they end (strategy 16.2). */
export type StandingVerb = 'hedge-only' | 'pause' | 'cancel' | 'flatten';

/** A command that is in force. Journalled. */
export interface Standing {
  readonly verb: StandingVerb;
  readonly sinceMs: number;
  /** Wall-clock: when it ends, or, of `flatten`, when what remains is listed. null: not by itself. */
  readonly untilMs: number | null;
  /** Who gave it, and why, in their own words. */
  readonly by: string;
  readonly why: string | null;
  /** The deadline of `flatten` has passed, and what remains was listed. */
  readonly overdue?: true;
}

/** Everything that says what a symbol may do. */
export interface ModeSources {
  /** What its row says; absent: `trade`. */
  readonly file?: SymbolMode | undefined;
  readonly standing?: readonly Standing[] | undefined;
  readonly leaving?: LeavingWhy | undefined;
  /** Absent: no rollout concerns it. */
  readonly rollout?: RolloutStage | undefined;
}

const MODE_OF: Readonly<Record<StandingVerb, SymbolMode>> = {
  'hedge-only': 'hedge-only',
  pause: 'pause',
  cancel: 'hold',
  flatten: 'trade',
};

/** The strictest of the sources (strategy 16.1). */
export function modeOf({ file = 'trade', standing = [], leaving, rollout }: ModeSources, nowMs: number): SymbolMode {
  const said: SymbolMode[] = [file, ...inForce(standing, nowMs).map(({ verb }) => MODE_OF[verb])];
  if (leaving !== undefined || rollout === 'waiting') said.push('hedge-only');
  return said.reduce((strictest, one) => (MODES.indexOf(one) > MODES.indexOf(strictest) ? one : strictest));
}

/** The commands whose time has not come; that of `flatten` does not end it. */
export function inForce(standing: readonly Standing[], nowMs: number): readonly Standing[] {
  return standing.filter(({ verb, untilMs }) => verb === 'flatten' || untilMs === null || nowMs < untilMs);
}

/** The row as it applies now: `flatten` decreases to nothing (strategy 16.2). */
export function rowInForce(row: SymbolConfig, standing: readonly Standing[] | undefined): SymbolConfig {
  if (standing?.some(({ verb }) => verb === 'flatten') !== true) return row;
  return { ...row, positionMode: 'decrease', minTotalPositionUsdt: ZERO };
}

/** What a mode lets a symbol do now: open and repair, repair, or nothing, its orders cancelled (strategy 16.1). */
export type Conduct = 'trade' | 'repair' | 'nothing';

/** The conduct of a decision. Older ones have no mode: `hedge-only` while it leaves. */
export function conductOf(input: {
  readonly mode?: SymbolMode | undefined;
  readonly leaving?: LeavingWhy | undefined;
  readonly state: Pick<SymbolState, 'pauseReached'>;
  /** Openings that grow positions are stopped (strategy 8.6). */
  readonly openingsStop?: Reason | undefined;
  readonly config?: Pick<SymbolConfig, 'positionMode'>;
}): Conduct {
  switch (input.mode ?? (input.leaving === undefined ? 'trade' : 'hedge-only')) {
    case 'trade':
      return input.openingsStop !== undefined && input.config?.positionMode === 'increase' ? 'repair' : 'trade';
    case 'hedge-only':
      return 'repair';
    case 'pause':
      return input.state.pauseReached ? 'nothing' : 'repair';
    case 'hold':
      return 'nothing';
  }
}

/** A paused symbol is hedged and has no live order: from then on it does nothing (strategy 16.1). The very same state where nothing changes. */
export function withPause(state: SymbolState, mode: SymbolMode, hedged: boolean): SymbolState {
  const reached = mode === 'pause' && (state.pauseReached === true || (hedged && state.orders.length === 0));
  if (reached === (state.pauseReached === true)) return state;
  if (reached) return { ...state, pauseReached: true };
  const { pauseReached: _over, ...rest } = state;
  return rest;
}
