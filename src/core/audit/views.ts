import { ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { isPerhapsHeldLive } from './absence.ts';
import { isPerhapsBooked, unbookedFill } from './fills.ts';
import type { View, ViewOrder } from './judge.ts';
import { smallestTradable } from './judge.ts';
import type { AuditFill } from './lots.ts';
import { bookFill, comingTo } from './lots.ts';
import type { AuditOrder } from './model.ts';
import { knownAt } from './model.ts';
import { netAt } from './nets.ts';
import { NEVER_WAS, signed } from './orders.ts';
import { markOf } from './positions.ts';
import type { Audit, AuditInstrument } from './state.ts';

/** Views: each way in which what was known at two moments, one of each account, can be read (`judge.ts` judges one). */

/** Orders whose partial fill may be booked or not, and orders that may count as live or not: each doubles the views. */
const MAX_PERHAPS = 3;

/** Every view of what was known of A at `at.A` and of B at `at.B`. */
export function* viewsAt(
  audit: Audit,
  instrument: AuditInstrument,
  create: AuditOrder,
  at: Readonly<Record<AccountName, number>>,
): Iterable<View> {
  const held = instrument.orders
    .filter((order) => order !== create && isPerhapsHeldLive(order, at[order.account]))
    .slice(-MAX_PERHAPS);
  // Each of them counts as live or not: every combination is a view, the one without any first.
  for (let live = 0; live < 2 ** held.length; live += 1)
    yield* viewsWith(
      audit,
      instrument,
      create,
      at,
      held.filter((_, bit) => (live >> bit) & 1),
    );
}

/** Those in which of the orders proven absent these count as live. */
function* viewsWith(
  audit: Audit,
  instrument: AuditInstrument,
  create: AuditOrder,
  at: Readonly<Record<AccountName, number>>,
  heldLive: readonly AuditOrder[],
): Iterable<View> {
  const position = { A: ZERO, B: ZERO };
  const waiting = { A: ZERO, B: ZERO };
  for (const account of ACCOUNTS)
    position[account] = knownAt(instrument.holding[account].positions, at[account])?.size ?? ZERO;
  const orders: ViewOrder[] = [];
  const perhaps: { readonly fill: AuditFill; readonly index: number }[] = [];
  for (const order of instrument.orders) {
    const isHeld = heldLive.includes(order);
    if (order === create || (NEVER_WAS.has(order.phase) && !isHeld)) continue;
    const moments = isHeld ? order.moments.filter((one) => !one.over) : order.moments;
    // Sent after the moment of the view: the engine knew of it all the same, as it was when it left.
    const moment = knownAt(moments, at[order.account]) ?? moments[0];
    if (!moment || moment.over) continue;
    const size = moment.traded.minus(moment.booked);
    if (!size.isZero() && perhaps.length < MAX_PERHAPS && isPerhapsBooked(order, at[order.account]))
      perhaps.push({ fill: unbookedFill(audit, order, size), index: orders.length });
    orders.push({
      account: order.account,
      side: order.side,
      price: order.price,
      remaining: order.size.minus(moment.traded),
      unbooked: order.size.minus(moment.booked),
    });
    waiting[order.account] = waiting[order.account].plus(signed(order.side, size));
  }
  const net = netAt(instrument, at, waiting);
  const known = instrument.lots.at(at.A, at.B);
  const readings = net === null ? known : comingTo(known, net, (lots) => lots);
  for (const markPrice of markOf(audit, instrument, at)) {
    const view: View = { position, waiting, markPrice, readings, orders };
    // Each of them is booked or waits: every combination is a view.
    for (let booked = 0; booked < 2 ** perhaps.length; booked += 1)
      yield* byTradable(instrument, perhaps.filter((_, bit) => (booked >> bit) & 1).reduce(withBooked, view));
  }
}

/** The view in parts, each of readings with one smallest tradable size. */
function byTradable(instrument: AuditInstrument, view: View): Iterable<View> {
  if (view.readings.length === 1) return [view];
  const parts = Map.groupBy(view.readings, (lots) => String(smallestTradable(instrument.rules, view.markPrice, lots)));
  return [...parts.values()].map((readings) => ({ ...view, readings }));
}

/** The view in which that partial fill is booked. */
function withBooked(view: View, { fill, index }: { readonly fill: AuditFill; readonly index: number }): View {
  const { account, side, size } = fill;
  const waits = view.waiting[account].minus(signed(side, size));
  const orders = view.orders.map((one, at) => (at === index ? { ...one, unbooked: one.unbooked.minus(size) } : one));
  return {
    ...view,
    readings: view.readings.map((lots) => bookFill(lots, fill).lots),
    waiting: { ...view.waiting, [account]: waits },
    orders,
  };
}
