import { type Reason, reason } from './reasons.ts';
import {
  type AccountView,
  COVER_MS,
  DISAGREEING_MAX,
  FOLLOWS_NONE,
  type Folded,
  IGNORE_MS,
  mapParts,
  type Shown,
  unchanged,
} from './view.ts';

/** Streams connecting and disconnecting, and time limits (strategy 10.1, 10.6). */

/** Limit for a frame to report what REST shows of an own order; otherwise the streams are not intact (10.6). */
export const PROBE_MS = 2_000;

/** Orders per account for which REST's state is kept: a few of each of a hundred symbols. */
const SHOWN_MAX = 1_000;

/** The account's streams are subscribed from now on, or down (strategy 10.6). */
export function withStreams(view: AccountView, up: boolean, atMs: number): Folded {
  const ignored = view.disagreed.filter((one) => one.atMs + IGNORE_MS > atMs);
  const parts = mapParts(view, (part, instrument) => {
    // A new connection does not end the time in which its frames are ignored.
    const whole = ignored.length >= DISAGREEING_MAX;
    const until = ignored.flatMap((one) => (whole || one.instrument === instrument ? [one.atMs + IGNORE_MS] : []));
    const trustFromMs = up ? Math.max(atMs, ...until) : Number.POSITIVE_INFINITY;
    return { ...part, trustFromMs, held: [], ...FOLLOWS_NONE };
  });
  const next = { ...view, parts, intactSinceMs: up ? atMs : null, probes: [], uncovered: up ? [] : view.uncovered };
  return { view: next, changed: Object.keys(view.parts), seen: [], contradictions: [] };
}

/** When {@link withTime} is due next; null: not before another message. */
export function dueAtMs(view: AccountView): number | null {
  const times = [
    ...view.probes.map((probe) => probe.sinceMs + PROBE_MS),
    ...view.uncovered.map((one) => one.sinceMs + COVER_MS),
  ];
  return times.length === 0 ? null : Math.min(...times);
}

/** Applies time limits (10.1, 10.6): orders to look up, and an unanswered probe, which makes the streams reconnect. */
export function withTime(
  view: AccountView,
  nowMs: number,
): Folded & { readonly lookupsWanted: readonly string[]; readonly failed: Reason | null } {
  const due = (sinceMs: number, afterMs: number) => nowMs >= sinceMs + afterMs || nowMs < sinceMs;
  const wanted = view.uncovered.filter((one) => due(one.sinceMs, COVER_MS));
  const uncovered = view.uncovered.map((one) => (wanted.includes(one) ? { ...one, sinceMs: nowMs } : one));
  const lookupsWanted = wanted.map((one) => one.clientOrderId);
  const probe = view.probes.find((one) => due(one.sinceMs, PROBE_MS));
  const next = { ...view, uncovered };
  if (probe === undefined) return { ...unchanged(next), lookupsWanted, failed: null };
  const { clientOrderId, instrument } = probe;
  const why = reason('stream-lacks-order', '10.6', { clientOrderId, instrument, seconds: PROBE_MS / 1000 });
  // One missing frame costs one recovery, whatever its content.
  const down = withStreams({ ...next, shown: withShown(view.shown, view.probes) }, false, nowMs);
  return { ...down, contradictions: [{ instrument: null, why }], lookupsWanted, failed: why };
}

export function withShown(
  known: AccountView['shown'],
  shown: readonly (Shown & { readonly clientOrderId: string })[],
): AccountView['shown'] {
  if (shown.length === 0) return known;
  const next = new Map(known);
  for (const { clientOrderId, tradedSize, over } of shown) {
    next.delete(clientOrderId);
    next.set(clientOrderId, { tradedSize, over });
  }
  return new Map([...next].slice(-SHOWN_MAX));
}
