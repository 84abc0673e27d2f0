import { isStrategyOrder } from './order-id.ts';
import {
  type AccountFrame,
  type AccountView,
  type Folded,
  isTrusted,
  type Part,
  type Probe,
  type Uncovered,
  unchanged,
} from './view.ts';
import { isOver, LIFE, type PartFolded, sameSize, takeRow } from './view-rows.ts';

/** The effect of a stream frame on an account's view (strategy 10.6). */

/** Frames kept per instrument until the next read: 10 s of five fills a second, four frames each. */
const HELD_MAX = 200;
/** Orders per account whose fill or state waits for their row: one on both sides for each of a hundred symbols. */
const UNCOVERED_MAX = 200;

/** One frame, in sequence (strategy 10.6). */
export function withFrame(view: AccountView, frame: AccountFrame): Folded {
  const { clientOrderId } = frame.kind === 'order' ? frame.order : frame.kind === 'position' ? NOT_AN_ORDER : frame;
  if (clientOrderId !== null && !isStrategyOrder(clientOrderId)) return unchanged(view);
  const instrument = instrumentOf(view, frame);
  const part = instrument === null ? undefined : view.parts[instrument];
  if (instrument === null || part === undefined) {
    return unchanged(frame.kind === 'state' ? withUncovered(view, frame) : view);
  }
  if (frame.receivedAtMs < part.trustFromMs) return unchanged(view);
  const touched = { ...part, lastFrameAtMs: frame.receivedAtMs };
  const answered = { ...view, probes: view.probes.filter((probe) => !answers(frame, probe)) };
  if (!isTrusted(part)) {
    return unchanged({ ...answered, parts: { ...view.parts, [instrument]: holding(touched, frame) } });
  }
  return settled(answered, instrument, foldFrame(touched, frame, view.uncovered), frame);
}

const NOT_AN_ORDER = { clientOrderId: null };

function instrumentOf(view: AccountView, frame: AccountFrame): string | null {
  switch (frame.kind) {
    case 'order':
      return frame.order.instrument;
    case 'fill':
      return frame.instrument;
    case 'position':
      return frame.position.instrument;
    case 'state':
      for (const instrument in view.parts) {
        const part = view.parts[instrument]!;
        if (part.ended.has(frame.clientOrderId)) return instrument;
        if (part.orders.some(({ order }) => order.clientOrderId === frame.clientOrderId)) return instrument;
        if (part.held.some((held) => held.kind === 'order' && held.order.clientOrderId === frame.clientOrderId)) {
          return instrument;
        }
      }
      return null;
  }
}

function holding(part: Part, frame: AccountFrame): Part {
  if (part.held.length < HELD_MAX) return { ...part, held: [...part.held, frame] };
  // Too many frames: a later read must prove the state.
  return { ...part, held: [frame], trustFromMs: frame.receivedAtMs };
}

export function foldFrame(part: Part, frame: AccountFrame, uncovered: readonly Uncovered[] = []): PartFolded {
  switch (frame.kind) {
    case 'position': {
      const { position } = frame;
      if (position.eventTimeNs < part.streamedNs) return { part, changed: false, seen: [] };
      const next = position.size.isZero() ? null : position;
      const changed = !sameSize(part.position, next);
      const streamed = { streamedSize: position.size, streamedNs: position.eventTimeNs, againstSize: null };
      return { part: { ...part, position: next, positionFrom: frame.from, ...streamed }, changed, seen: [] };
    }
    case 'fill':
      return { part, changed: false, seen: [] };
    case 'order': {
      const waiting = uncovered.find((one) => one.clientOrderId === frame.order.clientOrderId)?.state ?? null;
      const first = takeRow(part, { ...frame.order, from: frame.from }, frame.receivedAtMs, 'frame');
      if (waiting === null) return first;
      const second = foldFrame(first.part, { kind: 'state', clientOrderId: frame.order.clientOrderId, ...waiting });
      return {
        part: second.part,
        changed: first.changed || second.changed,
        seen: second.changed ? second.seen : first.seen,
      };
    }
    case 'state': {
      const row = part.orders.find(({ order }) => order.clientOrderId === frame.clientOrderId);
      if (row === undefined) return { part, changed: false, seen: [] };
      return takeRow(part, { ...row.order, ...frame.state, from: frame.from }, frame.receivedAtMs, 'frame');
    }
  }
}

/** A frame's effect, and its consequences for waiting fills and states. */
function settled(view: AccountView, instrument: string, folded: PartFolded, frame: AccountFrame): Folded {
  const next = { ...view, parts: { ...view.parts, [instrument]: folded.part } };
  const covering =
    frame.kind === 'fill' && !isCovered(folded.part, frame.clientOrderId, frame.eventTimeNs)
      ? withUncovered(next, frame)
      : next;
  return {
    view: { ...covering, uncovered: stillUncovered(covering.uncovered, folded.part) },
    changed: folded.changed ? [instrument] : [],
    seen: folded.seen,
    contradictions: [],
  };
}

/** Whether an order's row is as new as its fill. */
function isCovered(part: Part, clientOrderId: string, fillNs: bigint): boolean {
  if (part.ended.has(clientOrderId)) return true;
  const row = part.orders.find(({ order }) => order.clientOrderId === clientOrderId);
  if (row === undefined) return false;
  return isOver(row.order) || (row.order.tradedSize.gt(0) && row.order.updateTimeNs >= fillNs);
}

function withUncovered(view: AccountView, frame: AccountFrame & { readonly kind: 'fill' | 'state' }): AccountView {
  const { clientOrderId, from, receivedAtMs } = frame;
  const known = view.uncovered.find((one) => one.clientOrderId === clientOrderId);
  const one: Uncovered = {
    clientOrderId,
    state: frame.kind === 'state' ? { state: frame.state, from, receivedAtMs } : (known?.state ?? null),
    fillNs: frame.kind === 'fill' ? frame.eventTimeNs : (known?.fillNs ?? null),
    sinceMs: known?.sinceMs ?? receivedAtMs,
  };
  const others = view.uncovered.filter((other) => other !== known);
  return { ...view, uncovered: [...others, one].slice(-UNCOVERED_MAX) };
}

/** What a changed instrument leaves uncovered; orders of other instruments are in none of its rows. */
function stillUncovered(uncovered: readonly Uncovered[], part: Part): readonly Uncovered[] {
  return uncovered.filter(({ clientOrderId, fillNs }) => {
    if (fillNs !== null) return !isCovered(part, clientOrderId, fillNs);
    return !part.ended.has(clientOrderId) && !part.orders.some(({ order }) => order.clientOrderId === clientOrderId);
  });
}

function answers(frame: AccountFrame, probe: Probe): boolean {
  if (frame.kind !== 'order' && frame.kind !== 'state') return false;
  const id = frame.kind === 'order' ? frame.order.clientOrderId : frame.clientOrderId;
  const { status, tradedSize } = frame.kind === 'order' ? frame.order : frame.state;
  if (id !== probe.clientOrderId || status === 'PENDING') return false;
  return tradedSize.gte(probe.tradedSize) && (!probe.over || LIFE[status] === LIFE.FILLED);
}
