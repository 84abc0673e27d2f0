import { type Decimal, ZERO } from './decimal.ts';
import type { Fact } from './facts.ts';
import { book, incrementPrice, lotsNet, lotsOfPositions } from './ledger.ts';
import type { AccountName, ExchangeOrder, ManagedOrder, OrderWords, SymbolSnapshot } from './model.ts';
import { comparePosition, purposeOf, sizeOf } from './position-check.ts';
import { isPostOnlyRefusal, whoEnded } from './refusals.ts';
import { CLOSED_ORDERS_REMEMBERED, RECENT_FILL_MS, RECENT_FILLS_MAX, type SymbolState, sign } from './symbol-state.ts';
import { sideAgainst } from './valuing.ts';

export interface Reconciled {
  readonly state: SymbolState;
  readonly facts: readonly Fact[];
  /** The snapshot agrees with the ledger (4.5), which every decision requires (strategy 15, I12). */
  readonly agrees: boolean;
  /** Live orders unknown to the exchange: looked up by 9.6. */
  readonly lost: readonly ManagedOrder[];
  /** Orders that ended without a fill, an expiry or a cancel of ours (strategy 9.5). */
  readonly ended: readonly EndedOrder[];
}

/** An order that somebody else ended (strategy 9.5). */
export interface EndedOrder {
  readonly order: ManagedOrder;
  readonly by: 'by-hand' | 'exchange';
  /** The exchange's reject reason. */
  readonly word: string;
}

/**
 * Where a symbol stands when there is no journal (strategy 11.3): lots from the positions, strategy orders adopted, what
 * they had traded by then counted as booked. Orders in doubt that no reading shows may still arrive (18.1).
 */
export function begin(
  state: SymbolState,
  snapshots: Readonly<Record<AccountName, SymbolSnapshot>>,
  nowMs: number,
): { readonly state: SymbolState; readonly facts: readonly Fact[] } {
  const lots = lotsOfPositions({ A: snapshots.A.position, B: snapshots.B.position }, nowMs);
  const net = lotsNet(lots);
  const found = [snapshots.A, snapshots.B].flatMap((snapshot) =>
    snapshot.orders.filter(isOpen).map((order) => {
      const purpose = !net.isZero() && order.side === sideAgainst(net) ? 'repair' : 'opening';
      return adopt(order, snapshot, purpose, { booked: true });
    }),
  );
  const shown = new Set([snapshots.A, snapshots.B].flatMap(({ orders }) => orders.map((order) => order.clientOrderId)));
  const inDoubt = state.orders.filter((order) => !shown.has(order.clientOrderId));
  const begun: SymbolState = {
    ...state,
    begun: true,
    lots,
    nextLotId: lots.length + 1,
    orders: oldestFirst([...found, ...inDoubt]),
    booked: { A: sizeOf(snapshots.A.position), B: sizeOf(snapshots.B.position) },
    closedSizes: {},
    fillsFromMs: { A: snapshots.A.receivedAtMs, B: snapshots.B.receivedAtMs },
  };
  return {
    state: begun,
    facts: [
      {
        type: 'lots.restored',
        atMs: nowMs,
        instrument: state.instrument,
        source: 'positions',
        lots: lots.length,
        net,
        difference: '',
      },
      ...oldestFirst(found).map((order) => adopted(state.instrument, order, nowMs)),
    ],
  };
}

/**
 * Merges one account's snapshot into the ledger (strategy 4, 10.2, 10.5): increments booked or waiting, ended orders
 * removed, unknown strategy orders adopted (11.4), positions compared.
 * @param mark for a drift that no fills explain; null: that drift waits for one
 */
export function reconcile(
  before: SymbolState,
  snapshot: SymbolSnapshot,
  settings: { readonly partialFillTimeoutMs: number; readonly deadMan?: boolean },
  mark: Decimal | null,
): Reconciled {
  const nowMs = snapshot.receivedAtMs;
  const facts: Fact[] = [];
  const ended: EndedOrder[] = [];
  let state = before;

  for (const order of snapshot.orders) {
    if (state.closed.includes(order.clientOrderId)) continue;
    if (!state.orders.some((one) => one.clientOrderId === order.clientOrderId)) {
      if (!isOpen(order)) continue;
      const late = adopt(order, snapshot, purposeOf(state, order.side), { booked: false });
      state = { ...state, orders: oldestFirst([...state.orders, late]) };
      facts.push(adopted(state.instrument, late, nowMs));
    }
    const taken = takeOrder(state, order, nowMs, settings.partialFillTimeoutMs);
    ended.push(...endOf(state, taken.state, order, settings.deadMan));
    state = taken.state;
    facts.push(...taken.facts);
  }

  const lost = state.orders.filter(
    (order) =>
      order.account === snapshot.account &&
      !order.unknown &&
      order.confirmedAtMs !== null &&
      // A time in the future dates from before our clock was set back.
      (order.confirmedAtMs < snapshot.requestedAtMs || order.confirmedAtMs > nowMs) &&
      snapshot.absent.includes(order.clientOrderId),
  );
  if (lost.length > 0) {
    state = {
      ...state,
      orders: state.orders.map((order) => (lost.includes(order) ? { ...order, unknown: true } : order)),
    };
  }

  const compared = comparePosition(state, snapshot, mark);
  return {
    state: compared.state,
    facts: [...facts, ...compared.facts],
    agrees: compared.state.contradiction[snapshot.account] === null,
    lost,
    ended,
  };
}

/** The order that ended with this read, unless we, a fill or its expiry ended it (strategy 9.5). */
function endOf(before: SymbolState, now: SymbolState, seen: ExchangeOrder, deadMan?: boolean): EndedOrder[] {
  const order = before.orders.find((one) => one.clientOrderId === seen.clientOrderId);
  const lives = now.orders.some((one) => one.clientOrderId === seen.clientOrderId);
  if (order === undefined || lives || isPostOnlyRefusal(seen.rejectReason)) return [];
  const by = whoEnded(seen, order.cancelRequestedAtMs !== null || order.cancelSent === true, deadMan);
  return by === 'ours' ? [] : [{ order, by, word: seen.rejectReason }];
}

interface Taken {
  readonly state: SymbolState;
  readonly facts: readonly Fact[];
}

/** One order's row: what it traded since is booked or waits (strategy 4.1 to 4.3). */
function takeOrder(state: SymbolState, seen: ExchangeOrder, nowMs: number, partialFillTimeoutMs: number): Taken {
  const known = state.orders.find((order) => order.clientOrderId === seen.clientOrderId);
  // An older answer: cumulative sizes never shrink.
  if (!known || seen.tradedSize.lt(known.tradedSize)) return { state, facts: [] };

  const over = !isOpen(seen);
  const order = asRead(known, seen, nowMs);
  const added = seen.tradedSize.minus(known.bookedSize);
  const price = incrementPrice(
    { size: known.bookedSize, valueUsdt: known.bookedValueUsdt },
    { size: seen.tradedSize, averagePrice: seen.avgFillPrice },
  );
  // An impossible average: nothing is booked, and the position decides (10.4, 10.5).
  if (added.gt(0) && price === null) {
    if (!over) return { state, facts: [] };
    const booked = known.bookedValueUsdt.toFixed();
    const why = `impossible avg_fill_price ${seen.avgFillPrice.toFixed()}: ${booked} USDT of it are booked`;
    // Kept, it could explain the difference, which would then never be adopted.
    return { state: letGo(state, order.clientOrderId), facts: [orderOver(state, order, seen, why, nowMs)] };
  }
  const untilMs = (order.firstPartialAtMs ?? nowMs) + partialFillTimeoutMs;
  const next = withRecentFill(state, order, seen.tradedSize.minus(known.tradedSize), nowMs);
  if (price !== null && (over || nowMs >= untilMs)) {
    const booked = bookIncrement(next, order, { size: added, price }, nowMs);
    if (!over) return { state: replaceOrder(booked.state, booked.order), facts: booked.facts };
    const ended = letGo(replaceOrder(booked.state, booked.order), order.clientOrderId);
    return { state: ended, facts: [...booked.facts, orderOver(state, booked.order, seen, seen.rejectReason, nowMs)] };
  }
  if (over) {
    const ended = letGo(replaceOrder(next, order), order.clientOrderId);
    return { state: ended, facts: [orderOver(state, order, seen, seen.rejectReason, nowMs)] };
  }
  const isNew = price !== null && seen.tradedSize.gt(known.tradedSize);
  const waits = { type: 'fill.waiting', atMs: nowMs, ...wordsOf(state.instrument, order), fillSize: added } as const;
  const facts = isNew ? [{ ...waits, fillPrice: price, untilMs }] : [];
  // Nothing new, as in nearly every read: the same object, so that nothing is journalled.
  return { state: next === state && sameReading(known, order) ? state : replaceOrder(next, order), facts };
}

/** The order as this row shows it, not booked yet. */
function asRead(known: ManagedOrder, seen: ExchangeOrder, nowMs: number): ManagedOrder {
  const isPartial = seen.tradedSize.gt(0) && isOpen(seen);
  const isPending = seen.status === 'PENDING';
  return {
    ...known,
    unknown: isPending ? known.unknown : false,
    confirmedAtMs: known.confirmedAtMs ?? (isPending ? null : nowMs),
    tradedSize: seen.tradedSize,
    avgFillPrice: seen.avgFillPrice,
    // A time in the future (our clock was set back) counts from now.
    firstPartialAtMs:
      known.firstPartialAtMs === null ? (isPartial ? nowMs : null) : Math.min(known.firstPartialAtMs, nowMs),
  };
}

/** Books what an order has traded beyond what is booked of it. */
function bookIncrement(
  state: SymbolState,
  order: ManagedOrder,
  { size, price }: { readonly size: Decimal; readonly price: Decimal },
  nowMs: number,
): Taken & { readonly order: ManagedOrder } {
  const { account, side, clientOrderId, tradedSize, avgFillPrice } = order;
  const booking = book(state, { account, side, size, price, source: 'fill', clientOrderId, atMs: nowMs });
  const booked: Fact = {
    type: 'fill.booked',
    atMs: nowMs,
    ...wordsOf(state.instrument, order),
    fillSize: size,
    fillPrice: price,
    matches: booking.matches,
    openedLotSize: booking.openedLotSize,
    netAfter: lotsNet(booking.state.lots),
  };
  return {
    state: booking.state,
    order: { ...order, bookedSize: tradedSize, bookedValueUsdt: tradedSize.mul(avgFillPrice) },
    facts: [booked],
  };
}

function orderOver(state: SymbolState, order: ManagedOrder, seen: ExchangeOrder, reason: string, atMs: number): Fact {
  const { status, tradedSize } = seen;
  return { type: 'order.over', atMs, ...wordsOf(state.instrument, order), status, reason, tradedSize };
}

function withRecentFill(state: SymbolState, order: ManagedOrder, size: Decimal, nowMs: number): SymbolState {
  if (!size.gt(0)) return state;
  const lately = (state.recentFills ?? []).filter((one) => isRecent(one.atMs, nowMs)).slice(1 - RECENT_FILLS_MAX);
  const fill = { account: order.account, size: size.mul(sign(order.side)), atMs: nowMs };
  return { ...state, recentFills: [...lately, fill] };
}

function isRecent(atMs: number, nowMs: number): boolean {
  return atMs <= nowMs && nowMs - atMs < RECENT_FILL_MS;
}

/** The position lacks exactly the account's last own fills: it lags behind the ledger (strategy 9.10). */
export function lagsBehindFills(state: SymbolState, account: AccountName, nowMs: number): boolean {
  const difference = state.contradiction[account]?.difference;
  if (difference === undefined) return false;
  let missing = ZERO;
  for (const fill of (state.recentFills ?? []).toReversed()) {
    if (fill.account !== account || !isRecent(fill.atMs, nowMs)) continue;
    missing = missing.plus(fill.size);
    if (missing.plus(difference).isZero()) return true;
  }
  return false;
}

/** Whether a row changed nothing. */
function sameReading(known: ManagedOrder, order: ManagedOrder): boolean {
  return (
    known.unknown === order.unknown &&
    known.confirmedAtMs === order.confirmedAtMs &&
    known.firstPartialAtMs === order.firstPartialAtMs &&
    known.tradedSize.eq(order.tradedSize) &&
    known.avgFillPrice.eq(order.avgFillPrice) &&
    known.bookedSize.eq(order.bookedSize)
  );
}

/** Removes an ended order, and remembers its id because of stale answers. */
export function letGo(state: SymbolState, clientOrderId: string): SymbolState {
  const closed = [...state.closed.filter((id) => id !== clientOrderId), clientOrderId].slice(-CLOSED_ORDERS_REMEMBERED);
  const left = {
    ...state,
    orders: state.orders.filter((order) => order.clientOrderId !== clientOrderId),
    closed,
  };
  const booked = state.orders.find((order) => order.clientOrderId === clientOrderId)?.bookedSize ?? ZERO;
  if (state.closedSizes === undefined) return left;
  if (booked.isZero()) return { ...left, closedSizesTo: clientOrderId };
  const sizes = Object.entries({ ...state.closedSizes, [clientOrderId]: booked });
  return {
    ...left,
    closedSizes: Object.fromEntries(sizes.filter(([id]) => closed.includes(id))),
    closedSizesTo: clientOrderId,
  };
}

export function replaceOrder(state: SymbolState, order: ManagedOrder): SymbolState {
  return {
    ...state,
    orders: state.orders.map((one) => (one.clientOrderId === order.clientOrderId ? order : one)),
  };
}

export function wordsOf(instrument: string, order: ManagedOrder): OrderWords {
  const { account, clientOrderId, side, size, price, purpose } = order;
  return { instrument, account, clientOrderId, side, size, price, purpose, guardPrice: null };
}

function adopt(
  order: ExchangeOrder,
  snapshot: SymbolSnapshot,
  purpose: ManagedOrder['purpose'],
  traded: { readonly booked: boolean },
): ManagedOrder {
  return {
    clientOrderId: order.clientOrderId,
    account: snapshot.account,
    side: order.side,
    price: order.limitPrice,
    size: order.size,
    purpose,
    unknown: false,
    confirmedAtMs: snapshot.receivedAtMs,
    sentAtMs: Number(order.createTimeNs / 1_000_000n),
    expirationMs: Number(order.expirationNs / 1_000_000n),
    tradedSize: traded.booked ? order.tradedSize : ZERO,
    avgFillPrice: traded.booked ? order.avgFillPrice : ZERO,
    bookedSize: traded.booked ? order.tradedSize : ZERO,
    bookedValueUsdt: traded.booked ? order.tradedSize.mul(order.avgFillPrice) : ZERO,
    firstPartialAtMs: traded.booked && order.tradedSize.gt(0) ? snapshot.receivedAtMs : null,
    cancelRequestedAtMs: null,
  };
}

function adopted(instrument: string, order: ManagedOrder, atMs: number): Fact {
  return { type: 'order.adopted', atMs, ...wordsOf(instrument, order), tradedSize: order.tradedSize };
}

function isOpen(order: ExchangeOrder): boolean {
  return order.status === 'OPEN' || order.status === 'PENDING';
}

function oldestFirst(orders: readonly ManagedOrder[]): ManagedOrder[] {
  return [...orders].sort((a, b) => a.sentAtMs - b.sentAtMs);
}
