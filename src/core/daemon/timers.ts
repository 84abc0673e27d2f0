import { reason } from '../reasons.ts';
import type { EngineSymbol } from './memory.ts';
import type { DaemonCommand, DaemonNow } from './step.ts';

/** The timers of the daemon. */

/** How often the exchange's list is read while a symbol is unlisted (strategy 11.6): one public request. */
export const LISTING_PAUSE_MS = 60_000;
/** How often the list is read in any case (strategy 11.8): ticks and steps change a few times a year. */
export const RULES_PAUSE_MS = 3_600_000;
/** Longest timer for the end of a command: Node's limit is 24.8 days, and a wall clock may be set meanwhile. */
const ENDS_CHECK_MS = 3_600_000;

/** The next read of the list: soon while a symbol is unlisted (strategy 11.6), else within the hour (11.8). */
export function listingTimer(symbols: readonly EngineSymbol[]): DaemonCommand {
  const delayMs = symbols.some(({ unlisted }) => unlisted) ? LISTING_PAUSE_MS : RULES_PAUSE_MS;
  return { do: 'time', id: 'listing-due', timer: { event: { type: 'listing.due' }, delayMs } };
}

/** The next command that expires or reaches its deadline (strategy 16.2). */
export function endsTimer(symbols: readonly EngineSymbol[], { nowMs }: DaemonNow): DaemonCommand {
  const times = symbols.flatMap(({ standing = [] }) =>
    standing.flatMap(({ untilMs, overdue }) => (untilMs === null || overdue ? [] : [untilMs])),
  );
  const delayMs = Math.min(Math.max(0, Math.min(...times) - nowMs), ENDS_CHECK_MS);
  const timer = { event: { type: 'commands.due' }, delayMs } as const;
  return { do: 'time', id: 'commands-due', timer: times.length === 0 ? null : timer };
}

/**
 * The end of the run (`MAX_RUNTIME`, strategy 2.1).
 * @param maxRuntimeMs null: unlimited @param tradedMs how long it has traded already
 */
export function endTimer(maxRuntimeMs: number | null, tradedMs: number): DaemonCommand {
  if (maxRuntimeMs === null) return { do: 'time', id: 'run-over', timer: null };
  const why = reason('run-time-over', '13.1', { seconds: maxRuntimeMs / 1000 });
  const delayMs = Math.max(0, maxRuntimeMs - tradedMs);
  return { do: 'time', id: 'run-over', timer: { event: { type: 'stop.requested', why }, delayMs } };
}
