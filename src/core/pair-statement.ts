import { type Decimal, min, sum, ZERO } from './decimal.ts';
import type { Fact } from './facts.ts';
import { lotsNet, lotsValue } from './ledger.ts';
import type { AccountName } from './model.ts';
import { type BalanceRow, type FillRow, heldBefore, rowTimeMs, signedSize } from './money.ts';
import { type SymbolState, sign, waitingSize } from './symbol-state.ts';

/**
 * The pair's statement (strategy 17.3): the ledger's earnings of a symbol compared with what both accounts traded.
 * spread + unwinds + open lots at the mark + differences = trade cash flow + change of size × mark
 * The left side comes from the ledger, the right side from the exchange's fills and positions. The mark cancels out.
 */

/** One booking of the ledger: an own fill, or drift. */
export interface LedgerBooking {
  readonly atMs: number;
  readonly account: AccountName;
  /** null: adopted drift (strategy 10.5). */
  readonly clientOrderId: string | null;
  /** Signed: positive bought. */
  readonly size: Decimal;
  readonly price: Decimal;
  readonly spread: Decimal;
  readonly unwindGain: Decimal;
}

/** What the ledger booked by a fact; null: nothing. */
export function bookingOf(fact: Fact): (LedgerBooking & { readonly instrument: string }) | null {
  if (fact.type !== 'fill.booked' && fact.type !== 'drift.adopted') return null;
  const { instrument, account, atMs, matches } = fact;
  const gainOf = (kind: 'hedge' | 'unwind') =>
    sum(matches.filter((one) => one.kind === kind).map((one) => one.gainUsdt));
  const gains = { spread: gainOf('hedge'), unwindGain: gainOf('unwind') };
  return fact.type === 'fill.booked'
    ? {
        ...{ instrument, account, atMs, clientOrderId: fact.clientOrderId },
        ...{ size: fact.fillSize.mul(sign(fact.side)), price: fact.fillPrice, ...gains },
      }
    : { ...{ instrument, account, atMs, clientOrderId: null, size: fact.difference, price: fact.price }, ...gains };
}

export interface PairRecord {
  /** Of both accounts, in any order. */
  readonly fills: readonly FillRow[];
  readonly balances: readonly BalanceRow[];
  readonly bookings: readonly LedgerBooking[];
  /** Exchange time up to which both accounts' fills were read: later bookings may not be listed yet. */
  readonly listedUntilMs: number;
  /** As last journalled, after all bookings. */
  readonly state: SymbolState;
}

/** A moment and its mark. */
export interface PairMoment {
  readonly atMs: number;
  /** null: unknown; lots open at that moment cannot be valued. */
  readonly mark: Decimal | null;
}

/** One period of one symbol, USDT. */
export interface PairStatement {
  readonly spread: Decimal;
  readonly unwindGain: Decimal;
  /** Change in value of the open lots at the mark; null: lots are open at an end whose mark is unknown. */
  readonly openLots: Decimal | null;
  /**
   * Fills outside the ledger (foreign, liquidation, ADL) less what was adopted as drift; at the mark if not adopted.
   */
  readonly differences: Decimal;
  /** −Σ signed size × price of all fills, before fees. */
  readonly cashFlow: Decimal;
  /** Change of size × mark of both accounts. */
  readonly held: Decimal;
  /** Right side less left side: own fills that the ledger booked differently from the exchange's list. */
  readonly unexplained: Decimal;
  readonly rows: number;
}

/** Sums up to a moment. Sizes are signed. */
interface Tally {
  readonly spread: Decimal;
  readonly unwindGain: Decimal;
  readonly ownFlow: Decimal;
  readonly otherFlow: Decimal;
  /** Σ signed size × price of own bookings, of drift. */
  readonly ownBooked: Decimal;
  readonly driftBooked: Decimal;
  readonly bookedSize: Decimal;
  readonly filledSize: Decimal;
  /** Fills that the ledger books later, less those it booked before their exchange time. */
  readonly waitingSize: Decimal;
  readonly waitingValue: Decimal;
  readonly rows: number;
}

/**
 * The statements between consecutive moments.
 * @param moments oldest first; the result has one element less
 */
export function pairStatements(record: PairRecord, moments: readonly PairMoment[]): PairStatement[] {
  const { state } = record;
  const tallies = talliesAt(record, [...moments.map(({ atMs }) => atMs), Number.POSITIVE_INFINITY]);
  const end = tallies.at(-1)!;
  const [netNow, valueNow] = [lotsNet(state.lots), lotsValue(state.lots)];
  const before = heldBefore(record.balances, record.fills) ?? netNow.plus(end.waitingSize).minus(end.filledSize);
  const points = moments.map(({ mark }, index) => {
    const tally = tallies[index]!;
    // Backwards from now: a booking changes the value of the lots by its gain and by what it moves.
    const later = { size: end.bookedSize.minus(tally.bookedSize), value: ledgerValue(end).minus(ledgerValue(tally)) };
    const net = netNow.minus(later.size).plus(tally.waitingSize);
    const value = valueNow.minus(later.value).plus(tally.waitingValue);
    return { tally, mark, net, value, held: before.plus(tally.filledSize) };
  });
  return points.slice(1).map((to, index) => {
    const from = points[index]!;
    // If only one mark is known it values both ends; open lots are then left out below.
    const [fromMark, toMark] = [from.mark ?? to.mark ?? ZERO, to.mark ?? from.mark ?? ZERO];
    const by = (key: Exclude<keyof Tally, 'rows'>) => to.tally[key].minus(from.tally[key]);
    const lots = to.net.mul(toMark).minus(to.value).minus(from.net.mul(fromMark).minus(from.value));
    const isValued = [from, to].every(({ mark, net }) => mark !== null || net.isZero());
    const apart = ({ held, net }: typeof from) => held.minus(net);
    const notAdopted = apart(to).mul(toMark).minus(apart(from).mul(fromMark));
    const differences = by('otherFlow').plus(by('driftBooked')).plus(notAdopted);
    const cashFlow = by('ownFlow').plus(by('otherFlow'));
    const held = to.held.mul(toMark).minus(from.held.mul(fromMark));
    const [spread, unwindGain] = [by('spread'), by('unwindGain')];
    const explained = spread.plus(unwindGain).plus(lots).plus(differences);
    return {
      ...{ spread, unwindGain, openLots: isValued ? lots : null, differences, cashFlow, held },
      unexplained: cashFlow.plus(held).minus(explained),
      rows: to.tally.rows - from.tally.rows,
    };
  });
}

/** What the bookings so far added to the value of the lots (strategy 4.4). */
function ledgerValue({ spread, unwindGain, ownBooked, driftBooked }: Tally): Decimal {
  return spread.plus(unwindGain).plus(ownBooked).plus(driftBooked);
}

/** Largest difference between the exchange's clock and ours. */
const CLOCKS_APART_MS = 10_000;

interface OwnOrder {
  /** All of it is booked in the end, or still waits in the ledger (strategy 4.3): unbooked fills are no error. */
  settles: boolean;
  readonly fills: FillRow[];
  readonly bookings: LedgerBooking[];
  /** Sizes up to the present moment of the sweep. */
  filled: Decimal;
  booked: Decimal;
}

function talliesAt(record: PairRecord, moments: readonly number[]): Tally[] {
  const { fills, bookings } = record;
  const orders = ordersOf(record);
  const events = [
    ...fills.map((fill) => ({ atMs: rowTimeMs(fill), id: fill.clientOrderId, fill, booking: null })),
    ...bookings.map((booking) => ({ atMs: booking.atMs, id: booking.clientOrderId, fill: null, booking })),
  ].sort((one, other) => one.atMs - other.atMs);
  const unsettled = new Set<OwnOrder>();
  let next = 0;
  let now: Omit<Tally, 'waitingSize' | 'waitingValue'> = {
    ...{ spread: ZERO, unwindGain: ZERO, ownFlow: ZERO, otherFlow: ZERO, ownBooked: ZERO, driftBooked: ZERO },
    ...{ bookedSize: ZERO, filledSize: ZERO, rows: 0 },
  };
  return moments.map((momentMs) => {
    for (; next < events.length && events[next]!.atMs <= momentMs; next += 1) {
      const { id, fill, booking } = events[next]!;
      const order = orders.get(id);
      if (fill !== null) {
        const size = signedSize(fill);
        const flow = size.mul(fill.price).neg();
        const which = order === undefined ? 'otherFlow' : 'ownFlow';
        now = { ...now, [which]: now[which].plus(flow), filledSize: now.filledSize.plus(size), rows: now.rows + 1 };
        if (order !== undefined) order.filled = order.filled.plus(size);
      } else {
        const { size, price, spread, unwindGain, clientOrderId } = booking!;
        const which = clientOrderId === null ? 'driftBooked' : 'ownBooked';
        now = {
          ...{ ...now, [which]: now[which].plus(size.mul(price)), bookedSize: now.bookedSize.plus(size) },
          ...{ spread: now.spread.plus(spread), unwindGain: now.unwindGain.plus(unwindGain) },
        };
        if (order !== undefined) order.booked = order.booked.plus(size);
      }
      if (order === undefined) continue;
      if (order.filled.eq(order.booked)) unsettled.delete(order);
      else unsettled.add(order);
    }
    const waiting = [...unsettled].filter(({ settles }) => settles).map((order) => waitingOf(order, momentMs));
    return {
      ...now,
      waitingSize: sum(waiting.map(({ size }) => size)),
      waitingValue: sum(waiting.map(({ value }) => value)),
    };
  });
}

/** The orders whose fills the ledger books. Fills of others, neither booked nor managed, are drift (strategy 10.5). */
function ordersOf({ fills, bookings, state, listedUntilMs }: PairRecord): ReadonlyMap<string | null, OwnOrder> {
  const orders = new Map<string | null, OwnOrder>();
  const orderOf = (id: string): OwnOrder => {
    const known = orders.get(id) ?? { settles: false, fills: [], bookings: [], filled: ZERO, booked: ZERO };
    orders.set(id, known);
    return known;
  };
  for (const booking of bookings)
    if (booking.clientOrderId !== null) orderOf(booking.clientOrderId).bookings.push(booking);
  const waits = state.orders
    .filter((order) => waitingSize(order).gt(0))
    .map(({ clientOrderId }) => orderOf(clientOrderId));
  for (const fill of fills) orders.get(fill.clientOrderId)?.fills.push(fill);
  for (const order of orders.values()) {
    const filled = sum(order.fills.map(signedSize));
    const isUnlisted = order.bookings.some(({ atMs }) => atMs > listedUntilMs - CLOCKS_APART_MS);
    order.settles = isUnlisted || waits.includes(order) || filled.eq(sum(order.bookings.map(({ size }) => size)));
  }
  return orders;
}

/** The newest fills of the order that are not booked at that moment, or the newest bookings whose fills come later. */
function waitingOf(order: OwnOrder, momentMs: number): { readonly size: Decimal; readonly value: Decimal } {
  const size = order.filled.minus(order.booked);
  const parts = size.mul(order.filled.plus(order.booked)).gt(0)
    ? order.fills.filter((fill) => rowTimeMs(fill) <= momentMs).map((fill) => ({ ...fill, atMs: rowTimeMs(fill) }))
    : order.bookings.filter(({ atMs }) => atMs <= momentMs).map((one) => ({ ...one, size: one.size.abs() }));
  let left = size.abs();
  let value = ZERO;
  for (const part of parts.sort((one, other) => other.atMs - one.atMs)) {
    const taken = min(left, part.size);
    value = value.plus(taken.mul(part.price));
    left = left.minus(taken);
  }
  return { size, value: size.isNegative() ? value.neg() : value };
}
