import { ZERO } from './decimal.ts';
import type { ExchangeOrder, OrderLookup, Position } from './model.ts';
import { isOwnOrder } from './order-id.ts';
import { reason } from './reasons.ts';
import {
  type AccountView,
  type Contradiction,
  DISAGREEING_MAX,
  FOLLOWS_NONE,
  type Folded,
  IGNORE_MS,
  isTrusted,
  mapParts,
  type OrderRow,
  type Part,
  READING_LAG_MS,
  unchanged,
  type WholeReading,
} from './view.ts';
import { foldFrame } from './view-frames.ts';
import { isOver, type PartFolded, sameSize, takeRow } from './view-rows.ts';
import { withShown } from './view-streams.ts';

/** The effect of reads and look-ups on a view, and their checks (strategy 10.1, 10.6). */

/** How long an ended row stays in the slices, for the symbol to book it. */
export const ENDED_SHOWN_MS = 10_000;
/** How long an ended own order is remembered at least, besides until its expiry (strategy 10.1). */
export const ENDED_REMEMBERED_MS = 3_600_000;
/** Ended orders kept per instrument: an hour of three ends a second. Beyond it the oldest are dropped. */
const ENDED_MAX = 10_000;

/**
 * Whether the streams should have reported what REST shows beyond the view: a read requested shortly after they came up
 * may lack what happened before.
 */
function isProbed(part: Part): boolean {
  return part.provenAtMs !== null && part.provenAtMs >= part.trustFromMs + READING_LAG_MS;
}

/** Answers to look-ups of single orders (strategy 10.1); null: unknown to the exchange. */
export function withLookups(view: AccountView, lookups: readonly OrderLookup[], receivedAtMs: number): Folded {
  let next: AccountView = view;
  const changed = new Set<string>();
  const seen: ExchangeOrder[] = [];
  for (const { clientOrderId, order } of lookups) {
    const waiting = next.uncovered.find((one) => one.clientOrderId === clientOrderId)?.state ?? null;
    next = { ...next, uncovered: next.uncovered.filter((one) => one.clientOrderId !== clientOrderId) };
    const part = order === null ? undefined : next.parts[order.instrument];
    if (order === null || part === undefined) continue;
    const taken = takeRow(part, order, receivedAtMs, 'look-up');
    // The waiting state belongs to an order that REST confirms.
    const merged =
      waiting === null || !isTrusted(part)
        ? taken
        : foldFrame(taken.part, { kind: 'state', clientOrderId, ...waiting });
    next = { ...next, parts: { ...next.parts, [order.instrument]: merged.part } };
    if (taken.changed || merged.changed) changed.add(order.instrument);
    seen.push(...(merged.changed ? merged.seen : taken.seen));
    if (isProbed(part) && taken.further && waiting === null) next = withProbe(next, order, receivedAtMs);
  }
  return { view: next, changed: [...changed], seen, contradictions: [] };
}

/** REST reported first: a frame must follow (strategy 10.6). */
function withProbe(view: AccountView, order: ExchangeOrder, sinceMs: number): AccountView {
  if (order.status === 'PENDING') return view;
  const { instrument, clientOrderId, tradedSize } = order;
  const shown = view.shown.get(clientOrderId);
  if (shown?.tradedSize.gte(tradedSize) && (shown.over || !isOver(order))) return view;
  const others = view.probes.filter((probe) => probe.clientOrderId !== clientOrderId);
  return { ...view, probes: [...others, { instrument, clientOrderId, tradedSize, over: isOver(order), sinceMs }] };
}

/**
 * Own orders that must be looked up (strategy 10.2): watched or open in the view, missing from the read's open orders,
 * whose end no intact stream has reported and that no frame named shortly before the request.
 */
export function missingOrders(
  view: AccountView,
  instrument: string,
  watched: readonly string[],
  reading: { readonly requestedAtMs: number; readonly openIds: ReadonlySet<string> },
): string[] {
  const part = view.parts[instrument];
  const rows = new Map(part?.orders.map((row) => [row.order.clientOrderId, row]));
  const open = [...rows.values()].flatMap(({ order }) => (isOver(order) ? [] : [order.clientOrderId]));
  const ids = new Set([...watched, ...open]);
  return [...ids].filter((id) => {
    if (reading.openIds.has(id)) return false;
    const row = rows.get(id);
    if (part === undefined || row === undefined || !isTrusted(part)) return true;
    return !isOver(row.order) && !isRecent(row.lastFrameAtMs, reading.requestedAtMs);
  });
}

function isRecent(frameAtMs: number | null, requestedAtMs: number): boolean {
  return frameAtMs !== null && frameAtMs >= requestedAtMs - READING_LAG_MS;
}

/** A full read: initialises the view, or checks and corrects it row by row (strategy 10.1, 10.6). */
export function withReading(view: AccountView, reading: WholeReading): Folded {
  const positions = new Map(reading.positions.map((position) => [position.instrument, position]));
  const listed = Map.groupBy(reading.openOrders.filter(isOwnOrder), (order) => order.instrument);
  const looked = Map.groupBy(
    reading.lookups.map(({ order }) => order).filter((order) => order !== null),
    (order) => order.instrument,
  );
  const lookedUp = new Set(reading.lookups.map((one) => one.clientOrderId));
  const parts: Record<string, Part> = { ...view.parts };
  const changed: string[] = [];
  const seen: ExchangeOrder[] = [];
  const disagreeing: string[] = [];
  const probes: ExchangeOrder[] = [];
  const dropped: OrderRow[] = [];
  for (const [instrument, part] of Object.entries(view.parts)) {
    if (reading.without.includes(instrument)) continue;
    const taken = takeReading(part, reading, {
      position: positions.get(instrument) ?? null,
      listed: listed.get(instrument) ?? [],
      looked: looked.get(instrument) ?? [],
      lookedUp,
    });
    parts[instrument] = taken.part;
    changed.push(instrument);
    seen.push(...taken.seen);
    if (taken.disagrees) disagreeing.push(instrument);
    probes.push(...taken.further);
    dropped.push(...taken.dropped);
  }
  let next: AccountView = {
    ...view,
    parts,
    uncovered: view.uncovered.filter((one) => !lookedUp.has(one.clientOrderId)),
    shown: withShown(
      view.shown,
      dropped.map(({ order }) => ({ ...order, over: false })),
    ),
  };
  for (const order of probes) next = withProbe(next, order, reading.receivedAtMs);
  const judged = withDisagreements(next, disagreeing, reading.receivedAtMs);
  return { ...judged, changed, seen };
}

interface ReadRows {
  readonly position: Position | null;
  readonly listed: readonly ExchangeOrder[];
  readonly looked: readonly ExchangeOrder[];
  /** Of all orders, known to the exchange or not. */
  readonly lookedUp: ReadonlySet<string>;
}

function takeReading(
  before: Part,
  reading: WholeReading,
  rows: ReadRows,
): Omit<PartFolded, 'changed'> & {
  readonly disagrees: boolean;
  readonly further: readonly ExchangeOrder[];
  readonly dropped: readonly OrderRow[];
} {
  const { requestedAtMs, era } = reading;
  const sameClock = before.provenAtMs === null || before.era === era;
  // Times from before our clock was set back cannot be compared.
  const part = sameClock ? before : { ...before, ...forgottenTimes(before, requestedAtMs) };
  const followed = isTrusted(part);
  const recent = part.streamedSize !== null && isRecent(part.lastFrameAtMs, requestedAtMs);

  const { kept, dropped } = keptRows(part, rows, followed, requestedAtMs);
  const taken = takeRows({ ...part, orders: kept }, rows, reading);
  let next = taken.part;
  const { seen, further } = taken;

  const held = followed ? [] : part.held;
  const isStreams = followed && recent && !sameSize(part.position, rows.position);
  const position = isStreams ? part.position : rows.position;
  const read = rows.position?.size ?? ZERO;
  const isAgainst = followed && !recent && part.streamedSize !== null && !read.eq(part.streamedSize);
  const disagrees = isAgainst && (part.againstSize?.eq(read) ?? false);
  next = forget(
    {
      ...next,
      position,
      positionFrom: isStreams ? part.positionFrom : reading.positions.from,
      provenAtMs: requestedAtMs,
      readSize: read,
      era,
      held: [],
      againstSize: isAgainst ? read : null,
    },
    reading,
  );
  if (!isTrusted(next)) {
    return { part: { ...next, held }, seen, disagrees: false, further, dropped };
  }
  for (const frame of held) {
    // An older position than the read's; orders are compared by themselves.
    if (frame.kind === 'position' && frame.receivedAtMs < requestedAtMs - READING_LAG_MS) continue;
    const folded = foldFrame(next, frame);
    next = folded.part;
    seen.push(...folded.seen);
  }
  return { part: next, seen, disagrees, further, dropped };
}

/** A reading's orders, listed or looked up; `further`: those that the streams should have reported. */
function takeRows(part: Part, rows: ReadRows, { openOrders: { from }, receivedAtMs }: WholeReading) {
  let next = part;
  const seen: ExchangeOrder[] = [];
  const further: ExchangeOrder[] = [];
  for (const [by, orders] of [
    ['list', rows.listed],
    ['look-up', rows.looked],
  ] as const) {
    for (const order of orders) {
      const row = by === 'list' && from !== undefined ? { ...order, from } : order;
      const taken = takeRow(next, row, receivedAtMs, by);
      next = taken.part;
      seen.push(...taken.seen);
      if (taken.further && isProbed(part)) further.push(order);
    }
  }
  return { part: next, seen, further };
}

/** The view's orders that a reading leaves in it, and those that it shows to be gone. */
function keptRows(part: Part, rows: ReadRows, followed: boolean, requestedAtMs: number) {
  const openIds = new Set(rows.listed.map((order) => order.clientOrderId));
  const kept: OrderRow[] = [];
  const dropped: OrderRow[] = [];
  for (const row of part.orders) {
    const id = row.order.clientOrderId;
    const isListed = openIds.has(id);
    const isLookedUp = rows.looked.some((order) => order.clientOrderId === id);
    const isNewer = !rows.lookedUp.has(id) && followed && isRecent(row.lastFrameAtMs, requestedAtMs);
    if (isListed || isOver(row.order) || isLookedUp || isNewer) kept.push({ ...row, listed: isListed });
    else dropped.push(row);
  }
  return { kept, dropped };
}

function forgottenTimes(part: Part, requestedAtMs: number): Partial<Part> {
  const trustFromMs = Number.isFinite(part.trustFromMs) ? requestedAtMs : part.trustFromMs;
  const orders = part.orders.map((row) => ({ ...row, changedAtMs: requestedAtMs, lastFrameAtMs: null }));
  return { trustFromMs, lastFrameAtMs: null, orders, held: [], ...FOLLOWS_NONE };
}

/** Ended rows leave the slices after a while; their ids are kept until nothing can show them again. */
function forget(part: Part, { receivedAtMs, exchangeNowMs }: WholeReading): Part {
  const leaving = part.orders.filter(({ order, changedAtMs }) => {
    return isOver(order) && (receivedAtMs - changedAtMs >= ENDED_SHOWN_MS || receivedAtMs < changedAtMs);
  });
  const first = part.ended.values().next().value;
  const isOld = ({ endedAtMs, expirationMs }: { readonly endedAtMs: number; readonly expirationMs: number }) =>
    receivedAtMs - endedAtMs >= ENDED_REMEMBERED_MS && exchangeNowMs > expirationMs;
  if (leaving.length === 0 && (first === undefined || !isOld(first))) return part;
  const ended = new Map([...part.ended].filter(([, one]) => !isOld(one)));
  for (const { order } of leaving) {
    ended.set(order.clientOrderId, {
      endedAtMs: receivedAtMs,
      expirationMs: Number(order.expirationNs / 1_000_000n),
    });
    if (ended.size > ENDED_MAX) ended.delete(ended.keys().next().value ?? '');
  }
  return { ...part, ended, orders: part.orders.filter((row) => !leaving.includes(row)) };
}

/** REST takes precedence: frames of those instruments, or of the account, are ignored for a while (strategy 10.6). */
function withDisagreements(view: AccountView, instruments: readonly string[], atMs: number): Folded {
  const lately = view.disagreed.filter((one) => atMs - one.atMs < IGNORE_MS && one.atMs <= atMs);
  if (instruments.length === 0) return unchanged({ ...view, disagreed: lately });
  const disagreed = [
    ...lately.filter((one) => !instruments.includes(one.instrument)),
    ...instruments.map((instrument) => ({ instrument, atMs })),
  ];
  const whole = disagreed.length >= DISAGREEING_MAX;
  const ignored = (part: Part): Part => ({
    ...part,
    trustFromMs: atMs + IGNORE_MS,
    held: [],
    ...FOLLOWS_NONE,
  });
  const parts = mapParts(view, (part, name) => (whole || instruments.includes(name) ? ignored(part) : part));
  const why = reason('stream-disagrees', '10.6');
  const contradictions: Contradiction[] = instruments.map((instrument) => ({ instrument, why }));
  if (whole) {
    contradictions.push({
      instrument: null,
      why: reason('streams-disagree', '10.6', { instruments: disagreed.length }),
    });
  }
  return { ...unchanged({ ...view, parts, disagreed }), contradictions };
}
