import type { ExchangeFailure } from '../failure.ts';
import type { FailedLookup } from '../messages.ts';
import type { SymbolSnapshot } from '../model.ts';
import { missingOrders } from '../view.ts';
import {
  LOOKUPS_MAX,
  type LookupResults,
  NONE_FAILED,
  type Poll,
  type PollerMemory,
  type Reading,
  type WatchedOrder,
} from './memory.ts';

/** Which own orders a reading does not show, and are looked up: never assumed gone (strategy 10.2). */

/** A symbol that first spoke while this poll was under way has orders that rested before: they are looked up as well. */
export function watchedIn({ watched, poll }: PollerMemory): Poll['watched'] {
  return watched === poll.watched ? watched : { ...watched, ...poll.watched };
}

/** Own orders that must be looked up, by instrument (strategy 10.2). */
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

/** Whether nothing has to be asked for beyond the reading: no order, and no fills (strategy 10.2, 10.5). */
export function isNothingMissing(memory: PollerMemory, reading: Reading): boolean {
  const wantsFills = Object.values(watchedIn(memory)).some(({ fillsSinceMs }) => fillsSinceMs !== undefined);
  return !wantsFills && missingIn(memory, reading).length === 0;
}

/** Which watched orders are missing, instrument by instrument, as many as fit, beginning where the last poll ended. */
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

/** How far back the fills are read that differences are to be explained by (strategy 10.5); null: nobody asks for them. */
export function fillsSince({ watched }: Poll): number | null {
  const times = Object.values(watched).flatMap(({ fillsSinceMs }) => fillsSinceMs ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** What failed of the look-ups. A history of fills that cannot be read keeps no symbol from its snapshot. */
export function failuresOf({ failed, fills }: LookupResults): readonly ExchangeFailure[] {
  return [...Object.values(failed), ...(fills !== undefined && 'kind' in fills ? [fills] : [])];
}

/** What fails after these look-ups; an instrument whose turn did not come may fail still. */
export function failedAfter({ failedLookups, poll }: PollerMemory, results: LookupResults) {
  const now = failuresOf(results).map((failure): [string, FailedLookup] => {
    const { call } = failure;
    return [call, { failure, inARow: (failedLookups[call]?.inARow ?? 0) + 1 }];
  });
  return { ...(poll.postponed.length > 0 ? failedLookups : NONE_FAILED), ...Object.fromEntries(now) };
}

/** The fills of an instrument, where they were asked for; null: they cannot be read. */
export function fillsFor({ results, watched }: Poll, instrument: string): Pick<SymbolSnapshot, 'fills'> {
  const { fills } = results;
  const { fillsSinceMs } = watched[instrument] ?? {};
  if (fills === undefined || fillsSinceMs === undefined) return {};
  if ('kind' in fills) return { fills: null };
  return { fills: fills.filter((fill) => fill.instrument === instrument && fill.timeMs >= fillsSinceMs) };
}

/** Ids of an instrument that were looked up and are not known. */
export function absentOf({ toLookUp, results }: Poll, instrument: string): string[] {
  const mine = new Set(toLookUp.flatMap((one) => (one.instrument === instrument ? [one.clientOrderId] : [])));
  return results.lookups.flatMap(({ clientOrderId, order }) =>
    order === null && mine.has(clientOrderId) ? [clientOrderId] : [],
  );
}
