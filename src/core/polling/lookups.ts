import type { ExchangeFailure } from '../failure.ts';
import type { FailedLookup } from '../messages.ts';
import type { SymbolSnapshot } from '../model.ts';
import { missingOrders } from '../view-readings.ts';
import {
  LOOKUPS_MAX,
  type LookupResults,
  NONE_FAILED,
  type Poll,
  type PollerMemory,
  type Reading,
  type WatchedOrder,
} from './memory.ts';

/** Own orders that a read does not show are looked up, never assumed to have ended (strategy 10.2). */

/** The orders of a symbol that first reported during this poll rested before: they are looked up as well. */
export function watchedIn({ watched, poll }: PollerMemory): Poll['watched'] {
  return watched === poll.watched ? watched : { ...watched, ...poll.watched };
}

function missingIn(memory: PollerMemory, { openOrders }: Reading): [instrument: string, ids: string[]][] {
  const { view, poll, instruments } = memory;
  const { requestedAtMs } = poll;
  const openIds = new Set(openOrders.map((order) => order.clientOrderId));
  const watched = watchedIn(memory);
  return instruments.flatMap((instrument): [string, string[]][] => {
    const ids = watched[instrument]?.clientOrderIds ?? [];
    const missing = missingOrders(view, instrument, ids, { requestedAtMs, openIds });
    return missing.length === 0 ? [] : [[instrument, missing]];
  });
}

/** Whether the read is complete: no order is missing and no fills are requested (strategy 10.2, 10.5). */
export function isNothingMissing(memory: PollerMemory, reading: Reading): boolean {
  const wantsFills = Object.values(watchedIn(memory)).some(({ fillsSinceMs }) => fillsSinceMs !== undefined);
  return !wantsFills && missingIn(memory, reading).length === 0;
}

/** The missing orders, by whole instruments, as many as fit, continuing after the last poll's. */
export function plannedLookups(
  memory: PollerMemory,
  reading: Reading,
): Pick<Poll, 'toLookUp' | 'postponed'> & Pick<PollerMemory, 'lookedUpLast'> {
  const watched = watchedIn(memory);
  const all = missingIn(memory, reading).sort(([one], [other]) => (one < other ? -1 : 1));
  const turn = all.findIndex(([name]) => name > memory.lookedUpLast);
  const inTurn = turn === -1 ? all : [...all.slice(turn), ...all.slice(0, turn)];
  const toLookUp: WatchedOrder[] = [];
  const postponed: string[] = [];
  let { lookedUpLast } = memory;
  for (const [instrument, missing] of inTurn) {
    if (toLookUp.length > 0 && (postponed.length > 0 || toLookUp.length + missing.length > LOOKUPS_MAX)) {
      postponed.push(instrument);
      continue;
    }
    const sentAtMs = watched[instrument]?.sentAtMs;
    for (const clientOrderId of missing) {
      toLookUp.push({ instrument, clientOrderId, sentAtMs: sentAtMs?.[clientOrderId] ?? null });
    }
    lookedUpLast = instrument;
  }
  return { toLookUp, postponed, lookedUpLast };
}

/** How far back fills are read to explain differences (strategy 10.5); null: none requested. */
export function fillsSince({ watched }: Poll): number | null {
  const times = Object.values(watched).flatMap(({ fillsSinceMs }) => fillsSinceMs ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** The failed look-ups. An unreadable fill history does not block a snapshot. */
export function failuresOf({ failed, fills }: LookupResults): readonly ExchangeFailure[] {
  return [...Object.values(failed), ...(fills !== undefined && 'kind' in fills ? [fills] : [])];
}

/** The failing look-ups after these; instruments not yet tried again keep their failure. */
export function failedAfter({ failedLookups, poll }: PollerMemory, results: LookupResults) {
  const now = failuresOf(results).map((failure): [string, FailedLookup] => {
    const { call } = failure;
    return [call, { failure, inARow: (failedLookups[call]?.inARow ?? 0) + 1 }];
  });
  return { ...(poll.postponed.length > 0 ? failedLookups : NONE_FAILED), ...Object.fromEntries(now) };
}

/** The requested fills of an instrument; null: unreadable. */
export function fillsFor({ results, watched }: Poll, instrument: string): Pick<SymbolSnapshot, 'fills'> {
  const { fills } = results;
  const { fillsSinceMs } = watched[instrument] ?? {};
  if (fills === undefined || fillsSinceMs === undefined) return {};
  if ('kind' in fills) return { fills: null };
  return { fills: fills.filter((fill) => fill.instrument === instrument && fill.timeMs >= fillsSinceMs) };
}

/** Looked-up ids of an instrument that the exchange does not know. */
export function absentOf({ toLookUp, results }: Poll, instrument: string): string[] {
  const mine = new Set(toLookUp.flatMap((one) => (one.instrument === instrument ? [one.clientOrderId] : [])));
  return results.lookups.flatMap(({ clientOrderId, order }) =>
    order === null && mine.has(clientOrderId) ? [clientOrderId] : [],
  );
}
