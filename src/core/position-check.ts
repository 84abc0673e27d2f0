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
import { book, lotsNet } from './ledger.ts';
import type { AccountName, ManagedOrder, Position, Side, SymbolSnapshot } from './model.ts';
import { splitRatio, withoutSplit } from './split.ts';
import { CLOSED_ORDERS_REMEMBERED, type Contradiction, noClosedSizes, type SymbolState } from './symbol-state.ts';
import { sideAgainst, waitingOf } from './valuing.ts';

/** Compares an account's position with the ledger (strategy 4.5), and adopts a lasting difference (10.5). */

/** A difference is reported at its second read: the first is mostly a snapshot between two answers. */
const REPORTED_AT_SNAPSHOT = 2;

/** Position against ledger (strategy 4.5); a lasting difference is adopted (10.5). */
export function comparePosition(
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

  const previous = state.contradiction[account];
  const alike = previous?.difference.eq(difference) ? previous : null;
  // Drift is judged on full reads; frames in between only show differences and their end (10.5). A read whose size
  // differs from a frame that outranks it shows no difference and restarts the count.
  const whole = snapshot.whole ?? true;
  const before = whole && snapshot.asRead === false ? 0 : (alike?.snapshots ?? 0);
  const isShown = whole && snapshot.asRead !== false;
  const contradiction = {
    difference,
    // A time in the future dates from before our clock was set back.
    sinceMs: Math.min(previous?.sinceMs ?? nowMs, nowMs),
    // Counted from the first full read that shows it.
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
  // While one of the account's orders is not clearly among the open ones, the difference may be its fill, which would
  // be booked twice: the order may be unconfirmed, missing, found after this read began, or open by its look-up alone.
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
      facts: isShown && contradiction.snapshots === REPORTED_AT_SNAPSHOT ? [seen] : [],
    };
  }
  return adoptDrift(state, snapshot, contradiction, mark);
}

/**
 * Adopts a lasting difference (strategy 10.5): fills of own orders as theirs, the rest at the average price of the
 * fills that explain it, else at the mark; a split pauses the symbol instead. It waits until the history is read and
 * may not lag any more.
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
  // An own order that still rests is adopted and managed instead: it must be looked up first.
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
  const pricedBy = found === null ? 'mark' : 'fills';
  const byHand = found?.rest?.byHand ? { byHand: true as const } : {};
  const rest = bookRest(settled, { account, difference: left, price, pricedBy, ...byHand }, nowMs);
  return { state: rest.state, facts: [...taken.facts, rest.fact] };
}

type DriftAdopted = Extract<Fact, { readonly type: 'drift.adopted' }>;

/** Books what no fill of an own order explains. */
function bookRest(
  state: SymbolState,
  drift: Pick<DriftAdopted, 'account' | 'difference' | 'price' | 'pricedBy' | 'byHand'>,
  atMs: number,
): { readonly state: SymbolState; readonly fact: DriftAdopted } {
  const { account, difference, price } = drift;
  const side = difference.gt(0) ? 'buy' : 'sell';
  const size = difference.abs();
  const booking = book(state, { account, side, size, price, source: 'drift', clientOrderId: null, atMs });
  const { instrument } = state;
  return {
    state: booking.state,
    fact: { type: 'drift.adopted', atMs, instrument, ...drift, matches: booking.matches },
  };
}

/** Fills of unmanaged own orders: booked as fills, each at its price; the order is remembered as over. */
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

export function purposeOf(state: SymbolState, side: Side): ManagedOrder['purpose'] {
  const net = lotsNet(state.lots);
  return !net.isZero() && side === sideAgainst(net) ? 'repair' : 'opening';
}

function withContradiction(
  state: SymbolState,
  account: AccountName,
  contradiction: SymbolState['contradiction'][AccountName],
): SymbolState {
  if (state.contradiction[account] === null && contradiction === null) return state;
  return { ...state, contradiction: { ...state.contradiction, [account]: contradiction } };
}

export function sizeOf(position: Position | null): Decimal {
  return position?.size ?? ZERO;
}
