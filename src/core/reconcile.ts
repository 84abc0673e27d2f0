import { type Decimal, sum, ZERO } from './decimal.ts';
import {
  DRIFT_MS,
  DRIFT_SNAPSHOTS,
  explain,
  HISTORY_LAG_MS,
  HISTORY_UNREAD_MS,
  historySince,
  type OwnFill,
  ownFills,
} from './drift.ts';
import type { Fact } from './facts.ts';
import { book, incrementPrice, lotsNet, lotsOfPositions } from './ledger.ts';
import type { AccountName, ExchangeOrder, ManagedOrder, OrderWords, Position, Side, SymbolSnapshot } from './model.ts';
import { isPostOnlyRefusal, whoEnded } from './refusals.ts';
import { splitRatio, withoutSplit } from './split.ts';
import {
  CLOSED_ORDERS_REMEMBERED,
  type Contradiction,
  noClosedSizes,
  RECENT_FILL_MS,
  RECENT_FILLS_MAX,
  type SymbolState,
  sign,
} from './symbol-state.ts';
import { sideAgainst, waitingOf } from './valuing.ts';

/** A contradiction is told at its second reading: the first is mostly a snapshot taken between two answers. */
const SAID_AT_SNAPSHOT = 2;

export interface Reconciled {
  readonly state: SymbolState;
  readonly facts: readonly Fact[];
  /** The snapshot agrees with the ledger (4.5); without that there is no decision (strategy 15, I12). */
  readonly agrees: boolean;
  /** Live orders the exchange says it does not know: find out by 9.6. */
  readonly lost: readonly ManagedOrder[];
  /** Orders that ended without being filled, without expiring and without a cancel of ours (strategy 9.5). */
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
 * they had traded by then counted as booked.
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
  const begun: SymbolState = {
    ...state,
    begun: true,
    lots,
    nextLotId: lots.length + 1,
    orders: oldestFirst(found),
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
      ...begun.orders.map((order) => adopted(state.instrument, order, nowMs)),
    ],
  };
}

/**
 * Takes one account's snapshot into the ledger (strategy 4, 10.2, 10.5): increments booked or left waiting, orders that are
 * over let go, unknown strategy orders adopted (11.4), positions compared.
 *
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
      // A time to come is from before our clock was set back.
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

/** The order that this reading ended, if neither we nor a fill nor its expiry did (strategy 9.5). */
function endOf(before: SymbolState, now: SymbolState, seen: ExchangeOrder, deadMan?: boolean): EndedOrder[] {
  const order = before.orders.find((one) => one.clientOrderId === seen.clientOrderId);
  const lives = now.orders.some((one) => one.clientOrderId === seen.clientOrderId);
  if (order === undefined || lives || isPostOnlyRefusal(seen.rejectReason)) return [];
  const by = whoEnded(seen, order.cancelRequestedAtMs !== null || order.cancelSent === true, deadMan);
  return by === 'ours' ? [] : [{ order, by, word: seen.rejectReason }];
}

/** One order's reading: what it traded since is booked or waits (strategy 4.1 to 4.3). */
function takeOrder(
  state: SymbolState,
  seen: ExchangeOrder,
  nowMs: number,
  partialFillTimeoutMs: number,
): { readonly state: SymbolState; readonly facts: readonly Fact[] } {
  const known = state.orders.find((order) => order.clientOrderId === seen.clientOrderId);
  // An older answer than one we had: cumulative sizes never shrink.
  if (!known || seen.tradedSize.lt(known.tradedSize)) return { state, facts: [] };

  const over = !isOpen(seen);
  const isPartial = seen.tradedSize.gt(0) && !over;
  // A time to come is from before our clock was set back: it is not waited for, but counted from now.
  const firstPartialAtMs =
    known.firstPartialAtMs === null ? (isPartial ? nowMs : null) : Math.min(known.firstPartialAtMs, nowMs);
  let order: ManagedOrder = {
    ...known,
    unknown: seen.status === 'PENDING' ? known.unknown : false,
    confirmedAtMs: known.confirmedAtMs ?? (seen.status === 'PENDING' ? null : nowMs),
    tradedSize: seen.tradedSize,
    avgFillPrice: seen.avgFillPrice,
    firstPartialAtMs,
  };
  const facts: Fact[] = [];
  const added = seen.tradedSize.minus(known.bookedSize);
  const price = incrementPrice(
    { size: known.bookedSize, valueUsdt: known.bookedValueUsdt },
    { size: seen.tradedSize, averagePrice: seen.avgFillPrice },
  );
  // An impossible average: nothing is booked of the row, and the position will say what is true (10.4, 10.5).
  if (added.gt(0) && price === null) {
    if (!over) return { state, facts: [] };
    const fact: Fact = {
      type: 'order.over',
      atMs: nowMs,
      ...wordsOf(state.instrument, order),
      status: seen.status,
      reason: `impossible avg_fill_price ${seen.avgFillPrice.toFixed()}: ${known.bookedValueUsdt.toFixed()} USDT of it are booked`,
      tradedSize: seen.tradedSize,
    };
    // Kept, it would be what may explain the difference, and the difference would never be adopted.
    return { state: letGo(state, order.clientOrderId), facts: [fact] };
  }
  const untilMs = (firstPartialAtMs ?? nowMs) + partialFillTimeoutMs;
  let next = withRecentFill(state, order, seen.tradedSize.minus(known.tradedSize), nowMs);

  if (price !== null && (over || nowMs >= untilMs)) {
    const booking = book(next, {
      account: order.account,
      side: order.side,
      size: added,
      price,
      source: 'fill',
      clientOrderId: order.clientOrderId,
      atMs: nowMs,
    });
    next = booking.state;
    order = { ...order, bookedSize: seen.tradedSize, bookedValueUsdt: seen.tradedSize.mul(seen.avgFillPrice) };
    facts.push({
      type: 'fill.booked',
      atMs: nowMs,
      ...wordsOf(state.instrument, order),
      fillSize: added,
      fillPrice: price,
      matches: booking.matches,
      openedLotSize: booking.openedLotSize,
      netAfter: lotsNet(next.lots),
    });
  } else if (price !== null && seen.tradedSize.gt(known.tradedSize)) {
    facts.push({
      type: 'fill.waiting',
      atMs: nowMs,
      ...wordsOf(state.instrument, order),
      fillSize: added,
      fillPrice: price,
      untilMs,
    });
  }
  if (over) {
    facts.push({
      type: 'order.over',
      atMs: nowMs,
      ...wordsOf(state.instrument, order),
      status: seen.status,
      reason: seen.rejectReason,
      tradedSize: seen.tradedSize,
    });
    return { state: letGo(replaceOrder(next, order), order.clientOrderId), facts };
  }
  // Nothing new, as in nearly every reading: the very same value, so that nobody takes it for a change to write down.
  return { state: next === state && sameReading(known, order) ? state : replaceOrder(next, order), facts };
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

/** The position lacks exactly the last own fills of the account, seen a moment ago: it lags behind the ledger (strategy 9.10). */
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

/** Whether a reading changed nothing that a reading can change. */
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

/** Position against ledger (strategy 4.5); a lasting difference is taken into it (10.5). */
function comparePosition(
  state: SymbolState,
  snapshot: SymbolSnapshot,
  mark: Decimal | null,
): { readonly state: SymbolState; readonly facts: readonly Fact[] } {
  const { account } = snapshot;
  const nowMs = snapshot.receivedAtMs;
  const expected = state.booked[account].plus(waitingOf(state.orders, account));
  const difference = sizeOf(snapshot.position).minus(expected);
  if (difference.isZero()) {
    const agreed = state.split === undefined ? state : withoutSplit(state);
    return { state: withContradiction(agreed, account, null), facts: [] };
  }

  const former = state.contradiction[account];
  const alike = former?.difference.eq(difference) ? former : null;
  // Drift is judged on whole readings; what is folded in between tells of differences and of their end (10.5). A reading that
  // says another size than the frame that outranks it shows no difference: the count begins again.
  const whole = snapshot.whole ?? true;
  const before = whole && snapshot.asRead === false ? 0 : (alike?.snapshots ?? 0);
  const isShown = whole && snapshot.asRead !== false;
  const contradiction = {
    difference,
    // A time to come is from before our clock was set back.
    sinceMs: Math.min(former?.sinceMs ?? nowMs, nowMs),
    // Counted from the first whole reading that shows it.
    alikeSinceMs: alike !== null && before > 0 ? Math.min(alike.alikeSinceMs, nowMs) : nowMs,
    snapshots: before + (isShown ? 1 : 0),
  };
  const seen: Fact = {
    type: 'drift.seen',
    atMs: nowMs,
    instrument: state.instrument,
    account,
    difference,
    snapshots: contradiction.snapshots,
  };
  // While an order of that account is not plainly among the open ones, the difference may be its fill: booked twice if
  // adopted now. It may be unconfirmed, lost, found again only after this reading began, or open by its look-up alone.
  const open = new Set(snapshot.orders.map((order) => order.clientOrderId));
  for (const clientOrderId of snapshot.lookedUp ?? []) open.delete(clientOrderId);
  const explained = state.orders.some(
    (order) =>
      order.account === account && (order.unknown || order.confirmedAtMs === null || !open.has(order.clientOrderId)),
  );
  const lasting =
    isShown && contradiction.snapshots >= DRIFT_SNAPSHOTS && nowMs - contradiction.alikeSinceMs >= DRIFT_MS;
  if (!lasting || explained || state.split !== undefined) {
    return {
      state: withContradiction(state, account, contradiction),
      facts: isShown && contradiction.snapshots === SAID_AT_SNAPSHOT ? [seen] : [],
    };
  }
  return adoptDrift(state, snapshot, contradiction, mark);
}

/**
 * A lasting difference into the ledger (strategy 10.5): fills of own orders as theirs, the rest at the average price of the
 * fills that explain it, else at the mark; one that is a split pauses the symbol instead. Until the history is read, or
 * while it may lag, it waits.
 */
function adoptDrift(
  state: SymbolState,
  snapshot: SymbolSnapshot,
  contradiction: Contradiction,
  mark: Decimal | null,
): { readonly state: SymbolState; readonly facts: readonly Fact[] } {
  const { account, fills } = snapshot;
  const { difference } = contradiction;
  const nowMs = snapshot.receivedAtMs;
  const own = ownFills(state, account, contradiction.sinceMs, fills ?? []);
  const wait = () => {
    const history = {
      sinceMs: historySince(state, account, contradiction),
      clientOrderIds: own.map(({ clientOrderId }) => clientOrderId),
    };
    return { state: withContradiction(state, account, { ...contradiction, history }), facts: [] };
  };
  const heldMs = nowMs - contradiction.alikeSinceMs;
  if (fills === undefined) return wait();
  // An order of ours that still rests is taken over and managed instead: it has to be asked for first.
  const known = new Set([...snapshot.orders.map((order) => order.clientOrderId), ...snapshot.absent]);
  if (own.some(({ clientOrderId }) => !known.has(clientOrderId))) return wait();
  const found = fills === null ? null : explain(state, account, contradiction, fills);
  if (found === null && heldMs < (fills === null ? HISTORY_UNREAD_MS : HISTORY_LAG_MS)) return wait();
  const contradicted = withContradiction(state, account, contradiction);
  const ratio = found === null ? splitRatio(contradicted) : null;
  if (ratio !== null) return { state: { ...contradicted, split: { ratio, sinceMs: nowMs } }, facts: [] };
  const booked = found?.own ?? [...own].reverse();
  const left = difference.minus(sum(booked.map(({ size }) => size)));
  const price = found === null ? mark : (found.rest?.price ?? null);
  if (!left.isZero() && price === null) return wait();
  const taken = bookOwn(state, account, booked, nowMs);
  const fromMs = found === null ? nowMs : Math.max(found.newestMs ?? 0, state.fillsFromMs?.[account] ?? 0);
  const settled: SymbolState = {
    ...withContradiction(taken.state, account, null),
    ...(left.isZero()
      ? {}
      : {
          fillsFromMs: { A: 0, B: 0, ...state.fillsFromMs, [account]: fromMs },
          ...(state.closedSizes === undefined ? noClosedSizes(state.closed) : {}),
        }),
  };
  if (left.isZero() || price === null) return { state: settled, facts: taken.facts };
  const booking = book(settled, {
    account,
    side: left.gt(0) ? 'buy' : 'sell',
    size: left.abs(),
    price,
    source: 'drift',
    clientOrderId: null,
    atMs: nowMs,
  });
  const adopted: Fact = {
    type: 'drift.adopted',
    atMs: nowMs,
    instrument: state.instrument,
    account,
    difference: left,
    price,
    pricedBy: found === null ? 'mark' : 'fills',
    ...(found?.rest?.byHand ? { byHand: true as const } : {}),
    matches: booking.matches,
  };
  return { state: booking.state, facts: [...taken.facts, adopted] };
}

/** Fills of own orders that nobody manages: booked as fills, each at the price that was paid; the order is remembered as over. */
function bookOwn(
  before: SymbolState,
  account: AccountName,
  own: readonly OwnFill[],
  atMs: number,
): { readonly state: SymbolState; readonly facts: readonly Fact[] } {
  let state = before;
  const facts: Fact[] = [];
  for (const { clientOrderId, size, price } of own) {
    const side: Side = size.gt(0) ? 'buy' : 'sell';
    const purpose = purposeOf(state, side);
    const fill = { account, side, size: size.abs(), price, source: 'fill', clientOrderId, atMs } as const;
    const booking = book(state, fill);
    const total = (state.closedSizes?.[clientOrderId] ?? ZERO).plus(fill.size);
    const closed = [...state.closed.filter((id) => id !== clientOrderId), clientOrderId].slice(
      -CLOSED_ORDERS_REMEMBERED,
    );
    const closedSizes = { ...state.closedSizes, [clientOrderId]: total };
    state = { ...booking.state, closed, closedSizes, closedSizesTo: clientOrderId };
    facts.push({
      type: 'fill.booked',
      atMs,
      ...{
        instrument: state.instrument,
        account,
        clientOrderId,
        side,
        size: fill.size,
        price,
        purpose,
        guardPrice: null,
      },
      fillSize: fill.size,
      fillPrice: price,
      matches: booking.matches,
      openedLotSize: booking.openedLotSize,
      netAfter: lotsNet(state.lots),
    });
  }
  return { state, facts };
}

/** Removes an order that is over, and remembers its id for stale answers. */
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

function purposeOf(state: SymbolState, side: Side): ManagedOrder['purpose'] {
  const net = lotsNet(state.lots);
  return !net.isZero() && side === sideAgainst(net) ? 'repair' : 'opening';
}

function adopted(instrument: string, order: ManagedOrder, atMs: number): Fact {
  return { type: 'order.adopted', atMs, ...wordsOf(instrument, order), tradedSize: order.tradedSize };
}

function withContradiction(
  state: SymbolState,
  account: AccountName,
  contradiction: SymbolState['contradiction'][AccountName],
): SymbolState {
  if (state.contradiction[account] === null && contradiction === null) return state;
  return { ...state, contradiction: { ...state.contradiction, [account]: contradiction } };
}

function isOpen(order: ExchangeOrder): boolean {
  return order.status === 'OPEN' || order.status === 'PENDING';
}

function sizeOf(position: Position | null): Decimal {
  return position?.size ?? ZERO;
}

function oldestFirst(orders: readonly ManagedOrder[]): ManagedOrder[] {
  return [...orders].sort((a, b) => a.sentAtMs - b.sentAtMs);
}
