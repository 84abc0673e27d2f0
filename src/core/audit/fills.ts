import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { OrderBody } from './bodies.ts';
import { takeBack } from './drift.ts';
import type { AuditFill, AuditLot } from './lots.ts';
import type { AuditOrder, OrderPhase, PartialWait } from './model.ts';
import { CERTAIN_POLLS, isLive, isUnproven } from './model.ts';
import { givesWay, remember, setOver, signed } from './orders.ts';
import { move } from './positions.ts';
import type { Audit, AuditInstrument } from './state.ts';
import { fault, wholePollsOf } from './state.ts';
import { CLOCK_SKEW_MS } from './windows.ts';

/**
 * What orders have filled: learning it, booking it, and the partial fills that wait.
 *
 * Waiting partial fills (4.3): their clock is the engine's wall clock, and which reading started it is not on the wire. From
 * when it may be over until it is over for certain each is booked in one reading of a view and waits in another.
 */

/** What a status says of an order (API 6). */
const PHASES: Readonly<Record<string, OrderPhase>> = {
  PENDING: 'acknowledged',
  OPEN: 'open',
  FILLED: 'filled',
  CANCELLED: 'cancelled',
  REJECTED: 'rejected',
};

/** What a post-only order is rejected with whose price would have matched (strategy 9.5). */
const POST_ONLY_REASONS: ReadonlySet<string> = new Set(['FAIL_POST_ONLY', 'RESTING_ORDER_WOULD_CROSS']);

/** Takes what an answer says of an order: its state, and what it traded. */
export function learn(audit: Audit, order: AuditOrder, body: OrderBody): void {
  const instrument = audit.instruments.get(order.instrument);
  const wasOver = !isLive(order);
  const phase = PHASES[body.status];
  if (!phase) return;
  order.notFound = false;
  order.lookedUpAbsent = false;
  order.unseen = false;
  order.openOrdersLack = false;
  order.historyLacks = false;
  order.proof = null;
  const over = phase === 'filled' || phase === 'cancelled' || phase === 'rejected';
  const grew = body.traded.gt(order.traded);
  if (grew && instrument?.beginning && !order.heard) instrument.movedAtMs[order.account] = audit.nowMs;
  // What was refused or proven absent and shows all the same is alive (9.6); what the exchange ended stays ended.
  const returned = wasOver && (order.phase === 'refused' || order.phase === 'absent') && phase !== 'rejected';
  // The state of an order can be told before its reason is: an answer that lacked a field, and a whole one after it.
  if (phase === 'rejected' && POST_ONLY_REASONS.has(body.rejectReason) && !order.postOnlyRefused) {
    order.postOnlyRefused = true;
    instrument?.figures.postOnlyRefused();
  }
  if (wasOver && !returned && !grew) return;
  if (returned) {
    order.overAtMs = null;
    order.turnedAway = false;
  }
  if (grew) {
    order.traded = body.traded;
    order.avgPrice = body.avgPrice;
    if (instrument) {
      const filled = signed(order.side, order.traded.minus(tradedBefore(order)));
      move(audit, instrument, order.account, filled);
      takeBack(audit, instrument, order, filled);
    }
  }
  if (!order.traded.isZero()) order.wait ??= waitFrom(audit.rawMs, null);
  const before = order.phase;
  if (over) {
    if (!wasOver && isRefusal(audit, order, phase)) givesWay(audit, order);
    setOver(audit, order, phase);
  } else if (phase === 'open' && isLive(order)) {
    order.phase = 'open';
    order.endedAtMs ??= audit.nowMs;
  } else if (isUnproven(order)) order.phase = 'acknowledged';
  const booked = order.booked;
  if (instrument && (!isLive(order) || order.wait?.isOver)) bookOrder(audit, instrument, order);
  const news = grew || order.phase !== before || wasOver === isLive(order) || !order.booked.eq(booked);
  if (news) remember(audit, order);
}

/** Whether an end is the exchange's own (strategy 9.5): post-only refusals are, once they used up the attempts. */
function isRefusal({ nowMs, settings }: Audit, order: AuditOrder, phase: AuditOrder['phase']): boolean {
  if (phase === 'rejected') return !order.postOnlyRefused || order.attempt >= settings.postOnlyMaxRetry;
  const expired = order.expirationMs !== null && nowMs >= order.expirationMs - CLOCK_SKEW_MS;
  return phase === 'cancelled' && order.cancelAskedAtMs === null && !expired;
}

/** What the auditor knew to have traded at its last moment; the flow moves by the rest. */
function tradedBefore(order: AuditOrder): Decimal {
  return order.moments.at(-1)?.traded ?? ZERO;
}

/**
 * What is not booked of an order, `size`, as one fill. An average that the booked part makes impossible tells no price, and
 * an engine has the size from the position, at an entry price (strategy 10.4, 10.5).
 */
export function unbookedFill(audit: Audit, order: AuditOrder, size: Decimal): AuditFill {
  const { account, side, clientOrderId } = order;
  const value = order.traded.mul(order.avgPrice).minus(order.bookedValue);
  const loose = !value.gt(0);
  const price = loose ? order.price : value.div(size);
  return { account, side, size, price, seq: audit.seq, atMs: audit.nowMs, loose, clientOrderId };
}

/** Books what waits of an order (strategy 4.2, 4.3). */
export function bookOrder(audit: Audit, instrument: AuditInstrument, order: AuditOrder): void {
  const size = order.traded.minus(order.booked);
  if (size.isZero()) return;
  const fill: AuditFill = {
    ...unbookedFill(audit, order, size),
    ...(order.wait?.perhapsSeq == null ? {} : { sinceMs: order.wait.perhapsAtMs }),
  };
  order.booked = order.traded;
  order.bookedValue = order.traded.mul(order.avgPrice);
  const readings = instrument.lots.book(fill, wholePollsOf(audit));
  instrument.bookings[order.side] += 1;
  order.ownBookings += 1;
  instrument.figures.filled(readings[0]!.matches);
  judgeFill(audit, instrument, order, fill, readings);
  if (instrument.lots.current.some((lots) => lots.length === 0)) instrument.guardsJudged = true;
}

/** I2: a repair's fill closed nothing though lots stand that were there when it left: they could only go at a loss. */
function judgeFill(
  audit: Audit,
  instrument: AuditInstrument,
  order: AuditOrder,
  fill: AuditFill,
  readings: readonly { readonly lots: readonly AuditLot[]; readonly left: Decimal }[],
): void {
  if (fill.loose || order.repairSeq === null || !instrument.guardsJudged || instrument.lots.crowded) return;
  if (instrument.bookings[order.side] - order.sideBookingsAtSend !== order.ownBookings) return;
  if (instrument.drifts !== order.driftsAtSend) return;
  // Whether that is booked is not on the wire, and what it may have consumed stands here still.
  if (instrument.orders.some((one) => isLive(one) && isPerhapsBooked(one, audit.seq))) return;
  audit.checked('I2');
  const { repairSeq } = order;
  const passed = readings.map((reading) =>
    reading.left.isZero()
      ? []
      : reading.lots.filter((lot) => lot.side !== fill.side && !lot.loose && lot.seq <= repairSeq[lot.account]),
  );
  if (passed.some((lots) => lots.length === 0)) return;
  const lots = passed[0]!;
  audit.breach(
    fault('I2', '4.4', 'a repair filled past lots it could only have closed at a loss', {
      side: fill.side,
      fillPrice: fill.price,
      unmatched: readings[0]!.left,
      standing: lots.map((lot) => `${lot.account} ${lot.side} ${lot.size} at ${lot.price}`).join(', '),
    }),
    { instrument: order.instrument, account: order.account, clientOrderId: order.clientOrderId },
  );
}

/** May an engine have booked what is read of its partial fill at `atSeq`, though it is not certain that it has (4.3). */
export function isPerhapsBooked(order: AuditOrder, atSeq: number): boolean {
  const { wait } = order;
  return wait !== null && !wait.isOver && wait.perhapsSeq !== null && wait.perhapsSeq <= atSeq;
}

/** A wait first read at `firstMs`, and begun for certain at `certainMs`, by the engine's clock. */
export function waitFrom(firstMs: number, certainMs: number | null): PartialWait {
  return { firstMs, certainMs, polls: 0, perhapsSeq: null, perhapsAtMs: 0, overduePolls: 0, isOver: false };
}

/** One more whole poll of a partial fill that waits (4.3): moves its clock on. */
export function waited(audit: Audit, wait: PartialWait): void {
  wait.polls += 1;
  if (wait.polls >= CERTAIN_POLLS) wait.certainMs ??= audit.rawMs;
  const { firstMs, certainMs } = wait;
  const waitedMs = audit.rawMs - Math.min(firstMs, certainMs ?? firstMs);
  if (wait.perhapsSeq === null && waitedMs >= audit.settings.partialFillTimeoutMs) {
    wait.perhapsSeq = audit.seq;
    wait.perhapsAtMs = audit.nowMs;
  }
  if (certainMs === null || audit.rawMs - Math.max(firstMs, certainMs) < audit.settings.partialFillTimeoutMs) return;
  wait.overduePolls += 1;
  if (wait.overduePolls >= CERTAIN_POLLS) wait.isOver = true;
}
