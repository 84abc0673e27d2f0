import type { Decimal } from '../decimal.ts';
import { ZERO } from '../decimal.ts';
import type { Side } from '../model.ts';
import type { AuditOrder, OrderPhase } from './model.ts';
import { isLive, isUnproven } from './model.ts';
import type { Audit } from './state.ts';
import { MAX_ORDERS, OTHER_WAY_MS } from './windows.ts';

/** The orders the auditor keeps, and how one ends. */

const MAX_MOMENTS = 24;

/** Ends of orders that never rested. */
export const NEVER_WAS: ReadonlySet<OrderPhase> = new Set(['refused', 'rejected', 'absent']);

/** What an order asks for, and when it left. */
type OrderTerms = Pick<
  AuditOrder,
  | 'clientOrderId'
  | 'account'
  | 'instrument'
  | 'side'
  | 'size'
  | 'price'
  | 'heard'
  | 'sentSeq'
  | 'sentAtMs'
  | 'expirationMs'
>;

/** Did `one` leave after `other`; orders never heard leaving are older, and among them the exchange's time tells. */
export function isNewer(one: AuditOrder, other: AuditOrder): boolean {
  return one.sentSeq === other.sentSeq ? one.sentAtMs >= other.sentAtMs : one.sentSeq > other.sentSeq;
}

/** `size` as it moves a position: buys positive. */
export function signed(side: Side, size: Decimal): Decimal {
  return side === 'buy' ? size : size.neg();
}

/** An order of which only its terms and what is given are known: live, nothing traded, nothing proven. */
export function orderOf(terms: OrderTerms, known: Partial<AuditOrder>): AuditOrder {
  return {
    ...terms,
    phase: 'sent',
    endedAtMs: null,
    postOnlyRefused: false,
    turnedAway: false,
    overAtMs: null,
    traded: ZERO,
    avgPrice: ZERO,
    booked: ZERO,
    bookedValue: ZERO,
    wait: null,
    fenceEndMs: null,
    notFound: false,
    lookedUpAbsent: false,
    unseen: false,
    lacked: false,
    ahead: null,
    openOrdersLack: false,
    historyLacks: false,
    proof: null,
    cancelAskedAtMs: null,
    moments: [],
    attempt: 1,
    chainStartMs: terms.sentAtMs,
    minRequestedMs: 0,
    repairSeq: null,
    sideBookingsAtSend: 0,
    driftsAtSend: 0,
    ownBookings: 0,
    ...known,
  };
}

/** Notes what it has come to as a moment of its own, for views. */
export function remember(audit: Audit, order: AuditOrder): void {
  order.moments.push({ seq: audit.seq, traded: order.traded, booked: order.booked, over: !isLive(order) });
  if (order.moments.length > MAX_MOMENTS) order.moments.splice(1, 1);
}

/** Keeps a new order, and lets go of those that have been over for long. */
export function keep(audit: Audit, order: AuditOrder): void {
  audit.accounts[order.account].orders.set(order.clientOrderId, order);
  const instrument = audit.instruments.get(order.instrument);
  if (!instrument) return;
  instrument.orders.push(order);
  const dropped = instrument.orders.filter(
    (one) =>
      one.overAtMs !== null &&
      (audit.nowMs - one.overAtMs > audit.windows.keepOverMs ||
        (instrument.orders.length > MAX_ORDERS && one.phase !== 'absent')),
  );
  if (dropped.length === 0) return;
  const gone = new Set(dropped);
  instrument.orders = instrument.orders.filter((one) => !gone.has(one));
  for (const one of dropped) audit.accounts[one.account].orders.delete(one.clientOrderId);
}

/** The exchange refused an order, or ended one that rested: its account's repairs may rest, and give way (strategy 6.3, 9.5). */
export function givesWay(audit: Audit, order: AuditOrder): void {
  const holding = audit.instruments.get(order.instrument)?.holding[order.account];
  if (holding) holding.refusedUntilMs = audit.nowMs + OTHER_WAY_MS;
}

/** It is over; when it first was stays. */
export function setOver(audit: Audit, order: AuditOrder, phase: OrderPhase): void {
  order.phase = phase;
  order.endedAtMs ??= audit.nowMs;
  order.overAtMs ??= audit.nowMs;
  order.ahead = null;
}

/** The request failed or its answer cannot be read (9.6). */
export function outcomeUnknown(audit: Audit, order: AuditOrder): void {
  if (!isUnproven(order)) return;
  order.phase = 'unknown';
  order.endedAtMs ??= audit.nowMs;
}
