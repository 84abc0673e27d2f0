import { type Decimal, ZERO } from './decimal.ts';
import type {
  AccountName,
  ExchangeOrder,
  ListedOrder,
  OrderLookup,
  OrderStatus,
  Position,
  Rows,
  StreamOrderState,
  SymbolSnapshot,
} from './model.ts';
import { isOwnOrder, isStrategyOrder } from './order-id.ts';
import { type Reason, reason } from './reasons.ts';

/**
 * The view of one account (strategy 10.1, 10.6): what its positions and own orders are, folded from whole readings, look-ups
 * and frames of its streams. Values only: (view, message) → (view, which instruments changed, what contradicts).
 *
 * All `…AtMs` are our clock. A part follows the streams once a reading requested while they were intact has proven it;
 * before that, frames are held for that reading; while the streams are not intact, they are dropped and REST alone counts.
 */

/** A reading may show a position as it was this long before (strategy 10.6): later frames outrank it. */
export const READING_LAG_MS = 5_000;
/** What REST shows of an own order must have been in a frame by then, or the streams are not intact (strategy 10.6). */
export const PROBE_MS = 2_000;
/** A fill, or the state of an order nobody has named, waits this long for an order's frame; then it is looked up (10.1). */
export const COVER_MS = 1_000;
/** Frames about an instrument on which stream and REST disagree are ignored this long (strategy 10.6) … */
export const IGNORE_MS = 60_000;
/** … and those of the whole account where so many instruments disagree within that time. */
export const DISAGREEING_MAX = 3;
/** A row that is over stays in the slices this long: the symbol books it from the first one. */
export const ENDED_SHOWN_MS = 10_000;
/** An ended own order is remembered until its expiry has passed, and at least this long (strategy 10.1). */
export const ENDED_REMEMBERED_MS = 3_600_000;
/** Ended orders remembered per instrument: an hour of three ends a second. Beyond it the oldest go. */
const ENDED_MAX = 10_000;
/** Frames held per instrument until the next reading: 10 s of five fills a second, four frames each. */
const HELD_MAX = 200;
/** Orders of an account of which is kept how far REST has shown them: those of a hundred symbols, a few each. */
const SHOWN_MAX = 1_000;
/** Orders whose fill or state waits to be covered, per account: one for each of a hundred symbols, on both sides. */
const UNCOVERED_MAX = 200;

/** A frame of an account's stream, read. `from`: its wire id. */
export type AccountFrame = { readonly from: number; readonly receivedAtMs: number } & (
  | { readonly kind: 'order'; readonly order: ExchangeOrder }
  | { readonly kind: 'state'; readonly clientOrderId: string; readonly state: StreamOrderState }
  | {
      readonly kind: 'fill';
      readonly instrument: string;
      readonly clientOrderId: string;
      readonly eventTimeNs: bigint;
    }
  /** Size 0: flat. */
  | { readonly kind: 'position'; readonly position: Position }
);

/** One whole reading (strategy 10.1): positions and open orders, with look-ups of the own orders that are missing there. */
export interface WholeReading {
  /** When the first of its requests was sent. */
  readonly requestedAtMs: number;
  readonly receivedAtMs: number;
  /** Of our clock at its request (strategy 10.3). */
  readonly era: number;
  readonly exchangeNowMs: number;
  readonly positions: Rows<Position>;
  /** Own and foreign orders. */
  readonly openOrders: Rows<ListedOrder>;
  readonly lookups: readonly OrderLookup[];
  /** Instruments with a missing order that could not be looked up: this reading says nothing of them (strategy 10.3). */
  readonly without: readonly string[];
}

interface OrderRow {
  readonly order: ExchangeOrder;
  /** When the message came that changed it last. */
  readonly changedAtMs: number;
  readonly lastFrameAtMs: number | null;
  /** Among the open orders of the last reading. */
  readonly listed: boolean;
}

/** One instrument. */
interface Part {
  readonly position: Position | null;
  readonly positionFrom: number | undefined;
  readonly orders: readonly OrderRow[];
  /** By client id, what is needed to forget it in time. */
  readonly ended: ReadonlyMap<string, { readonly endedAtMs: number; readonly expirationMs: number }>;
  /** When the last reading of it was requested; null: none yet. */
  readonly provenAtMs: number | null;
  /** The position it said. */
  readonly readSize: Decimal;
  readonly era: number;
  /** A reading requested from then on makes it follow the streams; Infinity: they are not intact. */
  readonly trustFromMs: number;
  readonly held: readonly AccountFrame[];
  /** Any frame that names the instrument. */
  readonly lastFrameAtMs: number | null;
  /** The position by the stream; null: it has told none since it is followed, and readings replace the row. */
  readonly streamedSize: Decimal | null;
  /** Exchange's time of the last position frame: where frames carry no numbers, an older one comes out of order. */
  readonly streamedNs: bigint;
  /** What the last reading said against that, requested long enough after the last frame; null: nothing. */
  readonly againstSize: Decimal | null;
}

interface Probe {
  readonly instrument: string;
  readonly clientOrderId: string;
  readonly tradedSize: Decimal;
  readonly over: boolean;
  readonly sinceMs: number;
}

/** How far an order has come, as far as it has been shown. */
type Shown = Pick<Probe, 'tradedSize' | 'over'>;

interface Uncovered {
  readonly clientOrderId: string;
  /** null: only its state has been seen. */
  readonly instrument: string | null;
  readonly state: { readonly state: StreamOrderState; readonly from: number; readonly receivedAtMs: number } | null;
  /** Exchange's time of its last fill. */
  readonly fillNs: bigint | null;
  readonly sinceMs: number;
}

export interface AccountView {
  readonly account: AccountName;
  readonly parts: Readonly<Record<string, Part>>;
  /** Since when its streams are intact; null: they are not. */
  readonly intactSinceMs: number | null;
  readonly probes: readonly Probe[];
  /** By client id: probes that no frame answered, and orders a reading lacked. REST showing that much again is no probe. */
  readonly shown: ReadonlyMap<string, Shown>;
  readonly uncovered: readonly Uncovered[];
  /** Instruments on which stream and REST disagreed within `IGNORE_MS`. */
  readonly disagreed: readonly { readonly instrument: string; readonly atMs: number }[];
}

/** What stream and REST disagree on (strategy 10.6); instrument null: the account's streams are ignored, or not intact. */
export interface Contradiction {
  readonly instrument: string | null;
  readonly why: Reason;
}

export interface Folded {
  readonly view: AccountView;
  /** Instruments whose slice is another one. */
  readonly changed: readonly string[];
  /** Rows of own orders that changed. */
  readonly seen: readonly ExchangeOrder[];
  readonly contradictions: readonly Contradiction[];
}

const FOLLOWS_NONE = { streamedSize: null, streamedNs: 0n, againstSize: null };

export function emptyView(account: AccountName, instruments: readonly string[]): AccountView {
  const part: Part = {
    position: null,
    positionFrom: undefined,
    orders: [],
    ended: new Map(),
    provenAtMs: null,
    readSize: ZERO,
    era: 0,
    trustFromMs: Number.POSITIVE_INFINITY,
    held: [],
    lastFrameAtMs: null,
    ...FOLLOWS_NONE,
  };
  const parts = Object.fromEntries(instruments.map((instrument) => [instrument, part]));
  return { account, parts, intactSinceMs: null, probes: [], shown: new Map(), uncovered: [], disagreed: [] };
}

/** The instruments that are followed from now on; what is known of those that were stays. */
export function withInstruments(view: AccountView, instruments: readonly string[]): AccountView {
  const { parts, intactSinceMs } = view;
  const fresh = emptyView(view.account, instruments).parts;
  const next = Object.fromEntries(
    Object.entries(fresh).map(([instrument, part]) => [
      instrument,
      parts[instrument] ?? { ...part, trustFromMs: intactSinceMs ?? part.trustFromMs },
    ]),
  );
  return { ...view, parts: next };
}

// ---- streams up and down ----------------------------------------------------------------------------------------------

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

/** Whether its streams tell what becomes of an instrument: intact, and proven since (strategy 10.6). */
export function isIntact(view: AccountView, instrument: string): boolean {
  const part = view.parts[instrument];
  return part !== undefined && isTrusted(part);
}

function isTrusted(part: Part): boolean {
  return part.provenAtMs !== null && part.provenAtMs >= part.trustFromMs;
}

/**
 * Whether what REST shows beyond the view is something the streams should have told: a reading requested a moment after they
 * were up may still lack what happened, and was told, before they were.
 */
function isProbed(part: Part): boolean {
  return part.provenAtMs !== null && part.provenAtMs >= part.trustFromMs + READING_LAG_MS;
}

// ---- time ---------------------------------------------------------------------------------------------------------

/** When {@link withTime} has something to do next; null: not before another message. */
export function dueAtMs(view: AccountView): number | null {
  const times = [
    ...view.probes.map((probe) => probe.sinceMs + PROBE_MS),
    ...view.uncovered.map((one) => one.sinceMs + COVER_MS),
  ];
  return times.length === 0 ? null : Math.min(...times);
}

/**
 * What has waited long enough (strategy 10.1, 10.6): orders to look up, and a probe that no frame answered, which ends
 * intactness: the streams are to be connected anew.
 */
export function withTime(
  view: AccountView,
  nowMs: number,
): Folded & { readonly lookupsWanted: readonly string[]; readonly failed: Reason | null } {
  const due = (sinceMs: number, afterMs: number) => nowMs >= sinceMs + afterMs || nowMs < sinceMs;
  const wanted = view.uncovered.filter((one) => due(one.sinceMs, COVER_MS));
  const uncovered =
    wanted.length === 0
      ? view.uncovered
      : view.uncovered.map((one) => (wanted.includes(one) ? { ...one, sinceMs: nowMs } : one));
  const lookupsWanted = wanted.map((one) => one.clientOrderId);
  const probe = view.probes.find((one) => due(one.sinceMs, PROBE_MS));
  const next = { ...view, uncovered };
  if (probe === undefined) return { ...unchanged(next), lookupsWanted, failed: null };
  const { clientOrderId, instrument } = probe;
  const why = reason('stream-lacks-order', '10.6', { clientOrderId, instrument, seconds: PROBE_MS / 1000 });
  // One missing frame costs one recovery, whatever it was about.
  const down = withStreams({ ...next, shown: withShown(view.shown, view.probes) }, false, nowMs);
  return { ...down, contradictions: [{ instrument: null, why }], lookupsWanted, failed: why };
}

function withShown(
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

// ---- frames -----------------------------------------------------------------------------------------------------------

/** One frame, none repeated and none missing before it: its sequence has been judged (strategy 10.6). */
export function withFrame(view: AccountView, frame: AccountFrame): Folded {
  const { clientOrderId } = frame.kind === 'order' ? frame.order : frame.kind === 'position' ? NOT_AN_ORDER : frame;
  if (clientOrderId !== null && !isStrategyOrder(clientOrderId)) return unchanged(view);
  const instrument = instrumentOf(view, frame);
  const part = instrument === null ? undefined : view.parts[instrument];
  if (instrument === null || part === undefined) {
    return instrument === null && frame.kind === 'state'
      ? unchanged(withUncovered(view, frame, null))
      : unchanged(view);
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
        const part = view.parts[instrument];
        if (part?.ended.has(frame.clientOrderId)) return instrument;
        if (part?.orders.some(({ order }) => order.clientOrderId === frame.clientOrderId)) return instrument;
        if (part?.held.some((held) => held.kind === 'order' && held.order.clientOrderId === frame.clientOrderId)) {
          return instrument;
        }
      }
      return null;
  }
}

function holding(part: Part, frame: AccountFrame): Part {
  if (part.held.length < HELD_MAX) return { ...part, held: [...part.held, frame] };
  // More than is held is proven by a later reading.
  return { ...part, held: [frame], trustFromMs: frame.receivedAtMs };
}

interface PartFolded {
  readonly part: Part;
  readonly changed: boolean;
  readonly seen: readonly ExchangeOrder[];
}

function foldFrame(part: Part, frame: AccountFrame, uncovered: readonly Uncovered[]): PartFolded {
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
      const second = foldFrame(first.part, { kind: 'state', clientOrderId: frame.order.clientOrderId, ...waiting }, []);
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

/** A frame's effect, and what it means for the fills and states that wait. */
function settled(view: AccountView, instrument: string, folded: PartFolded, frame: AccountFrame): Folded {
  const next = { ...view, parts: { ...view.parts, [instrument]: folded.part } };
  const covering =
    frame.kind === 'fill' && !isCovered(folded.part, frame.clientOrderId, frame.eventTimeNs)
      ? withUncovered(next, frame, instrument)
      : next;
  return {
    view: { ...covering, uncovered: stillUncovered(covering, instrument) },
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

function withUncovered(
  view: AccountView,
  frame: AccountFrame & { readonly kind: 'fill' | 'state' },
  instrument: string | null,
): AccountView {
  const { clientOrderId, from, receivedAtMs } = frame;
  const known = view.uncovered.find((one) => one.clientOrderId === clientOrderId);
  const one: Uncovered = {
    clientOrderId,
    instrument: instrument ?? known?.instrument ?? null,
    state: frame.kind === 'state' ? { state: frame.state, from, receivedAtMs } : (known?.state ?? null),
    fillNs: frame.kind === 'fill' ? frame.eventTimeNs : (known?.fillNs ?? null),
    sinceMs: known?.sinceMs ?? receivedAtMs,
  };
  const others = view.uncovered.filter((other) => other !== known);
  return { ...view, uncovered: [...others, one].slice(-UNCOVERED_MAX) };
}

function stillUncovered(view: AccountView, instrument: string): readonly Uncovered[] {
  const part = view.parts[instrument];
  if (view.uncovered.length === 0 || part === undefined) return view.uncovered;
  return view.uncovered.filter((one) => {
    if (one.fillNs !== null && one.instrument === instrument) return !isCovered(part, one.clientOrderId, one.fillNs);
    if (one.fillNs !== null) return true;
    return (
      !part.ended.has(one.clientOrderId) && !part.orders.some(({ order }) => order.clientOrderId === one.clientOrderId)
    );
  });
}

function answers(frame: AccountFrame, probe: Probe): boolean {
  if (frame.kind !== 'order' && frame.kind !== 'state') return false;
  const id = frame.kind === 'order' ? frame.order.clientOrderId : frame.clientOrderId;
  const { status, tradedSize } = frame.kind === 'order' ? frame.order : frame.state;
  if (id !== probe.clientOrderId || status === 'PENDING') return false;
  return tradedSize.gte(probe.tradedSize) && (!probe.over || LIFE[status] === LIFE.FILLED);
}

// ---- order rows --------------------------------------------------------------------------------------------------------

/** Order of a life: no status goes back (API 5.2). */
const LIFE: Readonly<Record<OrderStatus, number>> = { PENDING: 0, OPEN: 1, FILLED: 2, CANCELLED: 2, REJECTED: 2 };

export function isOver({ status }: Pick<ExchangeOrder, 'status'>): boolean {
  return LIFE[status] === LIFE.FILLED;
}

/**
 * The further of two rows of one order (strategy 10.6): by traded size, then over before open, then by update time. Traded
 * sizes never shrink, and an order that is over stays over.
 */
export function furtherRow(known: ExchangeOrder, seen: ExchangeOrder): ExchangeOrder {
  if (seen.tradedSize.lt(known.tradedSize)) return known;
  const isLater =
    seen.tradedSize.gt(known.tradedSize) ||
    LIFE[seen.status] > LIFE[known.status] ||
    (LIFE[seen.status] === LIFE[known.status] && seen.updateTimeNs >= known.updateTimeNs);
  if (!isLater) return known;
  if (!isOver(known) || isOver(seen)) return seen;
  return { ...seen, status: known.status, rejectReason: known.rejectReason };
}

function isFurther(known: ExchangeOrder | null, seen: ExchangeOrder): boolean {
  if (known === null) return true;
  return seen.tradedSize.gt(known.tradedSize) || LIFE[seen.status] > LIFE[known.status];
}

/** Takes one row of an own order; `changed` where it says something new of it, `further` where a frame should have said it. */
function takeRow(
  part: Part,
  seen: ExchangeOrder,
  atMs: number,
  by: 'frame' | 'list' | 'look-up',
): PartFolded & { readonly further: boolean } {
  const index = part.orders.findIndex(({ order }) => order.clientOrderId === seen.clientOrderId);
  const known = part.orders[index];
  // Over long ago: a stale row does not bring it back. That it is over may be said again to who asked.
  if (known === undefined && part.ended.has(seen.clientOrderId) && !(isOver(seen) && by === 'look-up')) {
    return { part, changed: false, seen: [], further: false };
  }
  const order = known === undefined ? seen : furtherRow(known.order, seen);
  const further = isFurther(known?.order ?? null, order);
  const row: OrderRow = {
    order,
    changedAtMs: further ? atMs : (known?.changedAtMs ?? atMs),
    lastFrameAtMs: by === 'frame' ? atMs : (known?.lastFrameAtMs ?? null),
    listed: by === 'list' ? true : (known?.listed ?? false),
  };
  const orders = known === undefined ? [...part.orders, row] : part.orders.with(index, row);
  const isNews = further && !part.ended.has(seen.clientOrderId);
  return { part: { ...part, orders }, changed: further, seen: further ? [order] : [], further: isNews };
}

// ---- REST -----------------------------------------------------------------------------------------------------------

/** Answers to look-ups of single orders (strategy 10.1); null: the exchange does not know that order. */
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
    // The state that waited has been read from a stream that REST confirms the order of.
    const merged =
      waiting === null || !isTrusted(part)
        ? taken
        : foldFrame(taken.part, { kind: 'state', clientOrderId, ...waiting }, []);
    next = { ...next, parts: { ...next.parts, [order.instrument]: merged.part } };
    if (taken.changed || merged.changed) changed.add(order.instrument);
    seen.push(...(merged.changed ? merged.seen : taken.seen));
    if (isProbed(part) && taken.further && waiting === null) next = withProbe(next, order, receivedAtMs);
  }
  return { view: next, changed: [...changed], seen, contradictions: [] };
}

/** REST was first to tell: a frame of it must follow (strategy 10.6). */
function withProbe(view: AccountView, order: ExchangeOrder, sinceMs: number): AccountView {
  if (order.status === 'PENDING') return view;
  const { instrument, clientOrderId, tradedSize } = order;
  const shown = view.shown.get(clientOrderId);
  if (shown?.tradedSize.gte(tradedSize) && (shown.over || !isOver(order))) return view;
  const others = view.probes.filter((probe) => probe.clientOrderId !== clientOrderId);
  return { ...view, probes: [...others, { instrument, clientOrderId, tradedSize, over: isOver(order), sinceMs }] };
}

/**
 * Own orders the reading must be completed by (strategy 10.2): those watched or open in the view, missing among its open
 * ones, whose end no intact stream has reported and that no frame named a moment before the request.
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

/** A whole reading: initialises the view, verifies it, and corrects it row by row (strategy 10.1, 10.6). */
export function withReading(view: AccountView, reading: WholeReading): Folded {
  const positions = new Map(reading.positions.map((position) => [position.instrument, position]));
  const listed = Map.groupBy(reading.openOrders.filter(isOwnOrder), (order) => order.instrument);
  const looked = Map.groupBy(
    reading.lookups.flatMap(({ order }) => (order === null ? [] : [order])),
    (order) => order.instrument,
  );
  const absent = new Set(reading.lookups.flatMap((one) => (one.order === null ? [one.clientOrderId] : [])));
  const parts: Record<string, Part> = { ...view.parts };
  const changed: string[] = [];
  const seen: ExchangeOrder[] = [];
  const disagreeing: string[] = [];
  const probes: ExchangeOrder[] = [];
  const dropped: OrderRow[] = [];
  for (const instrument of Object.keys(view.parts)) {
    const part = view.parts[instrument];
    if (part === undefined || reading.without.includes(instrument)) continue;
    const taken = takeReading(part, reading, {
      position: positions.get(instrument) ?? null,
      listed: listed.get(instrument) ?? [],
      looked: looked.get(instrument) ?? [],
      absent,
    });
    parts[instrument] = taken.part;
    changed.push(instrument);
    seen.push(...taken.seen);
    if (taken.disagrees) disagreeing.push(instrument);
    probes.push(...taken.further);
    dropped.push(...taken.dropped);
  }
  const lookedUp = new Set(reading.lookups.map((one) => one.clientOrderId));
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
  readonly absent: ReadonlySet<string>;
}

function takeReading(
  before: Part,
  reading: WholeReading,
  rows: ReadRows,
): PartFolded & {
  readonly disagrees: boolean;
  readonly further: readonly ExchangeOrder[];
  readonly dropped: readonly OrderRow[];
} {
  const { requestedAtMs, receivedAtMs, era } = reading;
  const sameClock = before.provenAtMs === null || before.era === era;
  // Times of before our clock was set back compare with none of after it.
  const part = sameClock ? before : { ...before, ...forgottenTimes(before, requestedAtMs) };
  const followed = isTrusted(part);
  const recent = part.streamedSize !== null && isRecent(part.lastFrameAtMs, requestedAtMs);

  const openIds = new Set(rows.listed.map((order) => order.clientOrderId));
  const dropped: OrderRow[] = [];
  const kept = part.orders.flatMap((row): OrderRow[] => {
    const id = row.order.clientOrderId;
    if (openIds.has(id) || isOver(row.order)) return [{ ...row, listed: openIds.has(id) }];
    if (rows.looked.some((order) => order.clientOrderId === id)) return [{ ...row, listed: false }];
    if (!rows.absent.has(id) && followed && isRecent(row.lastFrameAtMs, requestedAtMs))
      return [{ ...row, listed: false }];
    dropped.push(row);
    return [];
  });
  let next: Part = { ...part, orders: kept };
  const seen: ExchangeOrder[] = [];
  const further: ExchangeOrder[] = [];
  const { from } = reading.openOrders;
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
    return { part: { ...next, held }, changed: true, seen, disagrees: false, further, dropped };
  }
  for (const frame of held) {
    // An older position than the reading's own; orders compare by themselves.
    if (frame.kind === 'position' && frame.receivedAtMs < requestedAtMs - READING_LAG_MS) continue;
    const folded = foldFrame(next, frame, []);
    next = folded.part;
    seen.push(...folded.seen);
  }
  return { part: next, changed: true, seen, disagrees, further, dropped };
}

function forgottenTimes(part: Part, requestedAtMs: number): Partial<Part> {
  const trustFromMs = Number.isFinite(part.trustFromMs) ? requestedAtMs : part.trustFromMs;
  const orders = part.orders.map((row) => ({ ...row, changedAtMs: requestedAtMs, lastFrameAtMs: null }));
  return { trustFromMs, lastFrameAtMs: null, orders, held: [], ...FOLLOWS_NONE };
}

/** Rows that are over leave the slices after a while, and are remembered by their ids until nothing can show them again. */
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

/** REST wins, and the frames of those instruments, or of the account, are ignored for a while (strategy 10.6). */
function withDisagreements(view: AccountView, instruments: readonly string[], atMs: number): Folded {
  const lately = view.disagreed.filter((one) => atMs - one.atMs < IGNORE_MS && one.atMs <= atMs);
  if (instruments.length === 0) {
    const same = lately.length === view.disagreed.length;
    return unchanged(same ? view : { ...view, disagreed: lately });
  }
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

// ---- slices ---------------------------------------------------------------------------------------------------------

/** What a symbol receives of it (strategy 10.1); null: no reading of it has come yet. */
export function sliceOf(
  view: AccountView,
  instrument: string,
  of: { readonly nowMs: number; readonly whole: boolean; readonly absent: readonly string[] },
): SymbolSnapshot | null {
  const part = view.parts[instrument];
  if (part === undefined || part.provenAtMs === null) return null;
  const open = part.orders.filter(({ order }) => !isOver(order));
  const unlisted = open.filter((row) => !row.listed).map(({ order }) => order.clientOrderId);
  return {
    account: view.account,
    requestedAtMs: part.provenAtMs,
    era: part.era,
    receivedAtMs: of.nowMs,
    whole: of.whole,
    intact: isTrusted(part),
    lastFrameAtMs: part.lastFrameAtMs,
    position: part.position,
    asRead: (part.position?.size ?? ZERO).eq(part.readSize),
    ...(part.positionFrom === undefined ? {} : { positionFrom: part.positionFrom }),
    orders: part.orders.map(({ order }) => order),
    ...(unlisted.length === 0 ? {} : { lookedUp: unlisted }),
    absent: of.absent,
  };
}

// ---- helpers ----------------------------------------------------------------------------------------------------------

function unchanged(view: AccountView): Folded {
  return { view, changed: [], seen: [], contradictions: [] };
}

function mapParts(view: AccountView, change: (part: Part, instrument: string) => Part): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(view.parts).map(([instrument, part]) => [instrument, change(part, instrument)]),
  );
}

function sameSize(one: Position | null, other: Position | null): boolean {
  return one === null || other === null ? one === other : one.size.eq(other.size);
}
