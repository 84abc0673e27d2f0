import { ZERO } from '../decimal.ts';
import type { SymbolMode as Mode } from '../model.ts';
import type { AuditSymbol, StandingCommand } from './model.ts';

/** Mode and row of a symbol, derived a second time from its row and the commands in the journal (strategy 16.1). */

/** The modes, the strictest last. */
const ORDER: readonly Mode[] = ['trade', 'hedge-only', 'pause', 'hold'];
const OF_VERB: Readonly<Record<string, Mode>> = { 'hedge-only': 'hedge-only', pause: 'pause', cancel: 'hold' };

export interface Applies {
  readonly mode: Mode;
  readonly row: AuditSymbol;
}

/** @param wallMs commands end by the wall clock */
export function applies(row: AuditSymbol, standing: readonly StandingCommand[], wallMs: number): Applies {
  const live = standing.filter(({ verb, untilMs }) => verb === 'flatten' || untilMs === null || wallMs < untilMs);
  const said = [row.mode ?? 'trade', ...live.map(({ verb }) => OF_VERB[verb] ?? 'trade')];
  const mode = said.reduce((one, other) => (ORDER.indexOf(other) > ORDER.indexOf(one) ? other : one));
  const flattens = live.some(({ verb }) => verb === 'flatten');
  if (flattens) return { mode, row: { ...row, positionMode: 'decrease', minTotalPositionUsdt: ZERO } };
  // The minimum does not bind repairs in a mode without openings (strategy 16.3).
  return { mode, row: mode === 'trade' ? row : { ...row, minTotalPositionUsdt: ZERO } };
}
