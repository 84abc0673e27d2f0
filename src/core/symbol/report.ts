import type { NetLeft, StuckSymbol } from '../alerts.ts';
import { openNet } from '../conditions.ts';
import { ZERO } from '../decimal.ts';
import { guardPrice, lotsNet } from '../ledger.ts';
import type { Touch } from '../mark.ts';
import { repairWays } from '../repairs.ts';
import { sideAgainst } from '../valuing.ts';
import type { SymbolMemory } from './memory.ts';

/** How often a stuck symbol reads the best prices for the daily report (strategy 12.2); older ones are not reported. */
export const STUCK_TOUCH_MS = 60_000;

function isReportable(touch: Pick<Touch, 'atMs'>, nowMs: number): boolean {
  return nowMs - touch.atMs < 2 * STUCK_TOUCH_MS;
}

/** The symbol in the daily report (strategy 12.2). `stuck` null: hedged. null: state or best prices not known yet. */
export function reportOf(memory: SymbolMemory, nowMs: number): { readonly stuck: StuckSymbol | null } | null {
  const { state, config, assessment, touch } = memory;
  if (!state.begun) return null;
  if (state.unhedgedSinceMs === null) return { stuck: null };
  const fresh = touch !== null && isReportable(touch, nowMs) ? touch : null;
  if (memory.touchAsked && fresh === null) return null;
  const net = lotsNet(state.lots);
  const [hedgeSide, size] = [sideAgainst(net), net.abs()];
  const input = assessment?.kind === 'usable' ? assessment.input : null;
  const account = input === null ? 'A' : input.valuation[repairWays(input)[0]];
  return {
    stuck: {
      instrument: config.instrument,
      hedgeSide,
      size,
      unhedgedSinceMs: state.unhedgedSinceMs,
      ...(memory.leaving === undefined ? {} : { leaves: true as const }),
      guardPrice: guardPrice(state.lots, { account, side: hedgeSide, size }, ZERO),
      touch: fresh === null ? null : hedgeSide === 'sell' ? fresh.ask : fresh.bid,
    },
  };
}

/**
 * The symbol's unhedged net (strategy 12.3, 13.4); null: hedged, or unknown.
 * @param received the newest book received, besides the one the symbol requested
 */
export function netLeftOf(
  { state, instrument, assessment, touch: asked }: SymbolMemory,
  nowMs: number,
  received: Pick<Touch, 'bid' | 'ask' | 'atMs'> | null = null,
): NetLeft | null {
  const touch = received !== null && received.atMs >= (asked?.atMs ?? 0) ? received : asked;
  const mark = assessment?.kind === 'usable' ? assessment.input.valuation.mark : null;
  return openNet(state, instrument, mark, touch !== null && isReportable(touch, nowMs) ? touch : null);
}
