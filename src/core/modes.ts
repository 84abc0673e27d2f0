import { ZERO } from './decimal.ts';
import type { LeavingWhy, RolloutStage, SymbolConfig, SymbolMode } from './model.ts';
import type { Reason } from './reasons.ts';
import type { SymbolState } from './symbol-state.ts';

/**
 * What a symbol may do (strategy 16.1). Sources: its row in the symbols file, commands, its removal (16.3) and the
 * rollout (16.7). Each is stored separately; the strictest applies.
 */

/** The modes, the strictest last. */
export const MODES: readonly SymbolMode[] = ['trade', 'hedge-only', 'pause', 'hold'];

/** Commands that stay in force (strategy 16.2). */
export type StandingVerb = 'hedge-only' | 'pause' | 'cancel' | 'flatten';

/** A command in force. Journalled. */
export interface Standing {
  readonly verb: StandingVerb;
  readonly sinceMs: number;
  /** Wall clock: when it ends or, for `flatten`, when the remains are reported. null: not by itself. */
  readonly untilMs: number | null;
  /** Who gave it; free text. */
  readonly by: string;
  readonly why: string | null;
  /** The deadline of `flatten` has passed and the remains were reported. */
  readonly overdue?: true;
}

export interface ModeSources {
  /** The mode of its row; absent: `trade`. */
  readonly file?: SymbolMode | undefined;
  readonly standing?: readonly Standing[] | undefined;
  readonly leaving?: LeavingWhy | undefined;
  /** Absent: not in a rollout. */
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

/** The commands that have not expired; `flatten` does not expire. */
export function inForce(standing: readonly Standing[], nowMs: number): readonly Standing[] {
  return standing.filter(({ verb, untilMs }) => verb === 'flatten' || untilMs === null || nowMs < untilMs);
}

/** The row as it applies now: `flatten` decreases to zero (strategy 16.2). */
export function rowInForce(row: SymbolConfig, standing: readonly Standing[] | undefined): SymbolConfig {
  if (standing?.some(({ verb }) => verb === 'flatten') !== true) return row;
  return { ...row, positionMode: 'decrease', minTotalPositionUsdt: ZERO };
}

/** What a mode allows now: openings and repairs, repairs, or nothing, with its orders cancelled (strategy 16.1). */
export type Conduct = 'trade' | 'repair' | 'nothing';

/** Older decisions have no mode: `hedge-only` during removal. */
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

/** A paused symbol, once hedged without live orders, does nothing (strategy 16.1). Same object if nothing changes. */
export function withPause(state: SymbolState, mode: SymbolMode, hedged: boolean): SymbolState {
  const reached = mode === 'pause' && (state.pauseReached === true || (hedged && state.orders.length === 0));
  if (reached === (state.pauseReached === true)) return state;
  if (reached) return { ...state, pauseReached: true };
  const { pauseReached: _over, ...rest } = state;
  return rest;
}
