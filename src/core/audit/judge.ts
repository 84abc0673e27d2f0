import { Decimal, max, min, unitsFor, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import { otherAccount } from '../model.ts';
import type { Lots } from './lots.ts';
import { cheapestOf, guardOf, signed } from './lots.ts';
import {
  type AuditSettings,
  type AuditSymbol,
  type Fault,
  fault,
  type InstrumentRules,
  type Invariant,
} from './model.ts';

/**
 * Checks one create against the inputs of its decision: the rules of strategy 3, 6, 7.2 and 8, implemented a second
 * time.
 */

/** A strategy order in the view. */
export interface ViewOrder {
  readonly account: AccountName;
  readonly side: Side;
  readonly price: Decimal;
  /** Size less what had traded: may still move the position. */
  readonly remaining: Decimal;
  /** Size less what is booked: may still move the net (strategy 6.4, 7.2). */
  readonly unbooked: Decimal;
}

export interface View {
  /** Actual signed sizes (strategy 3.3). */
  readonly position: Readonly<Record<AccountName, Decimal>>;
  /** Signed size of partial fills that wait (strategy 4.3). */
  readonly waiting: Readonly<Record<AccountName, Decimal>>;
  readonly markPrice: Decimal;
  readonly lots: Lots;
  /** Those live at the decision and those sent since, without the create itself. */
  readonly orders: readonly ViewOrder[];
}

export interface Create {
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** Live strategy orders of its account and instrument when it was sent, including those in flight (strategy 8.1). */
  readonly liveBefore: number;
  /** Accounts whose repairs the exchange may refuse: the other way of 6.3 is allowed. */
  readonly givingWay?: readonly AccountName[];
}

export interface Judgement {
  readonly faults: readonly Fault[];
  readonly purpose: 'opening' | 'repair';
  readonly invariants: readonly Invariant[];
}

const MARGIN = new Decimal('1.02');
const OPENING_ROOM_BELOW_MAX = new Decimal('0.98');
const OPENING_ROOM_ABOVE_MIN = new Decimal('1.02');

/** The smallest size worth an order (strategy 3.2), base units; null if the instrument's rules are unknown. */
export function smallestTradable(rules: InstrumentRules | null, markPrice: Decimal, lots: Lots): Decimal | null {
  if (!rules) return null;
  const cheapest = cheapestOf(lots);
  const price = cheapest ? min(markPrice, cheapest) : markPrice;
  const steps = unitsFor(MARGIN.mul(rules.minNotional), price.mul(rules.minSize));
  return max(rules.minSize, steps.mul(rules.minSize));
}

/** Whether a net of this size counts as none (strategy 3.4); without rules only zero does. */
export function isHedged(net: Decimal, smallest: Decimal | null): boolean {
  return smallest ? net.abs().lt(smallest) : net.isZero();
}

function total(orders: readonly ViewOrder[], account: AccountName | null, side: Side, field: 'remaining' | 'unbooked') {
  let size = ZERO;
  for (const order of orders) {
    if (order.side === side && (account === null || order.account === account)) size = size.plus(order[field]);
  }
  return size;
}

/** The largest |position| of an account once everything that grows it is filled, including `extra` on `side` (8.3). */
function grownReach(view: View, account: AccountName, side: Side | null, extra: Decimal): Decimal {
  const position = view.position[account];
  let most = position.abs();
  for (const one of ['buy', 'sell'] as const) {
    let size = total(view.orders, account, one, 'remaining');
    if (one === side) size = size.plus(extra);
    most = max(most, one === 'buy' ? position.plus(size) : size.minus(position));
  }
  return most;
}

function shrinks(view: View, account: AccountName, side: Side): boolean {
  const position = view.position[account];
  return side === 'sell' ? position.gt(0) : position.lt(0);
}

/**
 * Value of an account's live orders on a side against limits, USDT: each at the larger of the mark and its price
 * (strategy 6.2).
 */
function worthOf(
  view: View,
  account: AccountName,
  side: Side,
): { readonly worth: Decimal; readonly maxUnitUsdt: Decimal } {
  let worth = ZERO;
  let maxUnitUsdt = view.markPrice;
  for (const order of view.orders) {
    if (order.account !== account || order.side !== side) continue;
    const unit = max(view.markPrice, order.price);
    worth = worth.plus(order.remaining.mul(unit));
    maxUnitUsdt = max(maxUnitUsdt, unit);
  }
  return { worth, maxUnitUsdt };
}

/**
 * Largest value of an account, USDT, once everything that grows it is filled, including `extra` on `side` at the mark.
 */
function grownUsdt(view: View, account: AccountName, side: Side | null, extra: Decimal): Decimal {
  const mark = view.markPrice;
  let most = view.position[account].abs().mul(mark);
  for (const one of ['buy', 'sell'] as const) {
    const along = signed(one, view.position[account]);
    const added = one === side ? extra : ZERO;
    const size = total(view.orders, account, one, 'remaining').plus(added);
    const { worth } = worthOf(view, account, one);
    // Which order closes the position and which opens a new one is undefined, so openings count at the mark at least.
    const grown = along.gte(0) ? along.plus(added).mul(mark).plus(worth) : size.plus(along).mul(mark);
    most = max(most, grown);
  }
  return most;
}

/**
 * Smallest value of an account, USDT, once everything that shrinks it is filled, including `extra` at the mark
 * (strategy 8.4).
 */
function shrunkUsdt(view: View, account: AccountName, extra: Decimal): Decimal {
  const position = view.position[account];
  const side = position.gt(0) ? 'sell' : 'buy';
  const size = total(view.orders, account, side, 'remaining');
  if (size.plus(extra).gte(position.abs())) return ZERO;
  return max(
    ZERO,
    position
      .abs()
      .minus(extra)
      .mul(view.markPrice)
      .minus(worthOf(view, account, side).worth),
  );
}

/**
 * How much an account may still trade on a side within 8.3 or 8.4, base units; null: no limit applies.
 * @param unit largest value of one unit, USDT: its price depends on a guard that is unknown here
 */
function repairRoom(
  view: View,
  symbol: AuditSymbol,
  account: AccountName,
  side: Side,
  sameDirection: boolean,
  unit: Decimal,
) {
  const other = otherAccount(account);
  const along = signed(side, view.position[account]);
  const live = total(view.orders, account, side, 'remaining');
  const { worth, maxUnitUsdt } = worthOf(view, account, side);
  if (symbol.positionMode === 'increase') {
    const elsewhere = (['buy', 'sell'] as const).reduce((sum, one) => {
      const others = signed(one, view.position[other]);
      const size = total(view.orders, other, one, 'remaining');
      const of = worthOf(view, other, one);
      return sum.plus(others.gte(0) ? of.worth : max(ZERO, size.plus(others.mul(2))).mul(of.maxUnitUsdt));
    }, view.position[other].abs().mul(view.markPrice));
    const back: Side = side === 'buy' ? 'sell' : 'buy';
    const turned = max(ZERO, total(view.orders, account, back, 'remaining').minus(along.gt(0) ? along.mul(2) : ZERO));
    const own = turned.mul(worthOf(view, account, back).maxUnitUsdt);
    const { maxTotalPositionUsdt } = symbol;
    const bound = min(maxTotalPositionUsdt.div(2), maxTotalPositionUsdt.minus(elsewhere).minus(own));
    if (along.gte(0)) return bound.minus(along.mul(view.markPrice)).minus(worth).div(unit);
    return max(bound.div(max(unit, maxUnitUsdt)).plus(along.abs()), along.mul(-2)).minus(live);
  }
  if (sameDirection || !shrinks(view, account, side)) return null;
  const mark = view.markPrice;
  const held = { own: view.position[account].abs().mul(mark), other: view.position[other].abs().mul(mark) };
  const closing: Side = view.position[other].gt(0) ? 'sell' : 'buy';
  const size = total(view.orders, other, closing, 'remaining');
  const of = worthOf(view, other, closing);
  const gone = size.lte(view.position[other].abs()) ? of.worth : view.position[other].abs().mul(of.maxUnitUsdt);
  const { minTotalPositionUsdt } = symbol;
  const bound = min(
    held.own.minus(minTotalPositionUsdt.div(2)),
    held.own.plus(held.other).minus(gone).minus(minTotalPositionUsdt),
  );
  return bound.minus(worth).div(unit);
}

/** I5: the limits of 8.3 and 8.4. */
function limitFaults(
  { account, side, size }: Create,
  view: View,
  symbol: AuditSymbol,
  opening: boolean,
  sameDirection: boolean,
): readonly Fault[] {
  const other = otherAccount(account);
  const mark = view.markPrice;
  const faults: Fault[] = [];
  if (symbol.positionMode === 'increase') {
    const without = grownReach(view, account, null, ZERO);
    const own = grownReach(view, account, side, size);
    if (own.lte(without)) return [];
    const limit = symbol.maxTotalPositionUsdt.mul(opening ? OPENING_ROOM_BELOW_MAX : 1);
    const half = limit.div(2);
    const ownUsdt = grownUsdt(view, account, side, size);
    const totalUsdt = ownUsdt.plus(grownUsdt(view, other, null, ZERO));
    if (totalUsdt.gt(limit))
      faults.push(fault('I5', '8.3', 'could take the total past its maximum', { totalUsdt, limit, mark }));
    if (ownUsdt.gt(half))
      faults.push(
        fault('I5', '8.3', 'could take its account past half of the maximum', { ownUsdt, limit: half, mark }),
      );
    return faults;
  }
  if (sameDirection || !shrinks(view, account, side)) return [];
  const limit = symbol.minTotalPositionUsdt.mul(opening ? OPENING_ROOM_ABOVE_MIN : 1);
  const half = limit.div(2);
  const ownUsdt = shrunkUsdt(view, account, size);
  const totalUsdt = ownUsdt.plus(shrunkUsdt(view, other, ZERO));
  if (totalUsdt.lt(limit))
    faults.push(fault('I5', '8.4', 'could take the total below its minimum', { totalUsdt, limit, mark }));
  if (ownUsdt.lt(half))
    faults.push(fault('I5', '8.4', 'could take its account below half of the minimum', { ownUsdt, limit: half, mark }));
  return faults;
}

/** The sides an account may open on (strategy 6.1, 6.2); both if the rule leaves a choice between two dusts. */
function openingSides(view: View, symbol: AuditSymbol, account: AccountName, smallest: Decimal | null): Side[] {
  const own = view.position[account];
  const others = view.position[otherAccount(account)];
  const holds = (size: Decimal): boolean => (smallest ? size.abs().gte(smallest) : !size.isZero());
  const along = (size: Decimal): Side => (size.gt(0) ? 'buy' : 'sell');
  const against = (size: Decimal): Side => (size.gt(0) ? 'sell' : 'buy');
  if (symbol.positionMode === 'decrease') return own.isZero() ? [] : [against(own)];
  if (holds(own)) return [along(own)];
  if (holds(others)) return [against(others)];
  const asConfigured: Side = account === 'A' ? symbol.aSideWhenEqual : symbol.aSideWhenEqual === 'buy' ? 'sell' : 'buy';
  if (own.abs().gt(others.abs())) return [asConfigured, along(own)];
  return others.isZero() ? [asConfigured] : [asConfigured, against(others)];
}

/** What the rules of a create depend on, by its view. */
interface Situation {
  /** Positions without the partial fills that wait. */
  readonly settled: Readonly<Record<AccountName, Decimal>>;
  readonly net: Decimal;
  readonly smallest: Decimal | null;
  /** Figures that every fault shows. */
  readonly known: Readonly<Record<string, Decimal>>;
}

/** The rules that a create violates. */
export function judge(
  create: Create,
  view: View,
  symbol: AuditSymbol,
  settings: AuditSettings,
  rules: InstrumentRules | null,
): Judgement {
  const { position, waiting, markPrice: mark } = view;
  const settled = { A: position.A.minus(waiting.A), B: position.B.minus(waiting.B) };
  const net = settled.A.plus(settled.B);
  const smallest = smallestTradable(rules, mark, view.lots);
  const known = { positionA: position.A, positionB: position.B, net, mark };
  const situation = { settled, net, smallest, known };

  const diffUsdt = net.abs().mul(mark);
  const hedged = isHedged(net, smallest);
  const cap = hedged || diffUsdt.lt(settings.singleOrderDiffThresholdUsdt) ? 1 : 2;
  const live = create.liveBefore + 1;
  const detail = { live, cap, diffUsdt, ...known };
  const beyondCap =
    live > cap ? [fault('I4', cap === 2 ? '8.1' : '8.2', 'more live orders than the cap of that moment', detail)] : [];
  if (hedged) {
    const faults = [...beyondCap, ...openingFaults(create, view, symbol, situation)];
    return { faults, purpose: 'opening', invariants: ['I4', 'I5', 'I6'] };
  }
  const faults = [...beyondCap, ...repairFaults(create, view, symbol, situation)];
  return { faults, purpose: 'repair', invariants: ['I2', 'I4', 'I5', 'I6'] };
}

/** I5, I6 of an opening (strategy 6.1, 6.2). */
function openingFaults(create: Create, view: View, symbol: AuditSymbol, { smallest, known }: Situation): Fault[] {
  const { account, side, size } = create;
  const { waiting } = view;
  const faults: Fault[] = [];
  if (!waiting.A.isZero() || !waiting.B.isZero())
    faults.push(fault('I6', '5', 'a new order while a partial fill waits', { waitsA: waiting.A, waitsB: waiting.B }));
  const rule = symbol.positionMode === 'increase' ? '6.1' : '6.2';
  if (!openingSides(view, symbol, account, smallest).includes(side))
    faults.push(fault('I6', rule, `an opening ${side} the mode does not call for`, known));
  else if (symbol.positionMode === 'decrease' && size.gt(view.position[account].abs()))
    faults.push(fault('I5', '6.2', 'an opening sheds more than is held', { size, ...known }));
  return [...faults, ...limitFaults(create, view, symbol, true, false)];
}

/** I2, I5, I6 of a repair: its side, account, size and price (strategy 6.3, 6.4, 7.2). */
function repairFaults(create: Create, view: View, symbol: AuditSymbol, situation: Situation): Fault[] {
  const { account, side, size, price } = create;
  const { settled, net, smallest, known } = situation;
  // Dust has no direction (3.4).
  const lesser = min(settled.A.abs(), settled.B.abs());
  const sameDirection = settled.A.mul(settled.B).gt(0) && (smallest === null || lesser.gte(smallest));
  const limits = limitFaults(create, view, symbol, false, sameDirection);
  if (side === (net.gt(0) ? 'buy' : 'sell'))
    return [fault('I6', '6.3', 'not against the net while not hedged', known), ...limits];
  const hedgeOpen = total(view.orders, null, side, 'unbooked');
  const faults = [
    ...accountFaults(create, view, symbol, situation, hedgeOpen, sameDirection),
    ...sizeFaults(create, view, symbol, situation, hedgeOpen),
    ...limits,
  ];
  const guard = guardOf(view.lots, account, side, hedgeOpen.plus(size));
  if (guard && (side === 'sell' ? price.lt(guard) : price.gt(guard))) {
    const detail = { price, guard, size, hedgeOpen, net };
    faults.push(fault('I2', '7.2', 'a repair priced worse than its guard would close a lot at a loss', detail));
  }
  return faults;
}

/** I6: the account that repairs, and what the other one may (strategy 6.3). */
function accountFaults(
  { account, side, size, price, givingWay }: Create,
  view: View,
  symbol: AuditSymbol,
  { settled, net, smallest, known }: Situation,
  hedgeOpen: Decimal,
  sameDirection: boolean,
): readonly Fault[] {
  const smaller: AccountName = settled.A.abs().lt(settled.B.abs()) ? 'A' : 'B';
  const bySmaller = sameDirection || symbol.positionMode === 'increase' || symbol.decreaseRepair === 'smaller';
  const preferred = bySmaller ? smaller : otherAccount(smaller);
  if (account === preferred) return [];
  const unit = max(view.markPrice, price, ...view.lots.map((lot) => lot.price));
  const room = repairRoom(view, symbol, preferred, side, sameDirection, unit);
  const refused = givingWay?.includes(preferred) ?? false;
  const blocked = refused || (room !== null && (smallest ? room.lt(smallest) : room.lte(0)));
  if (!blocked) {
    const detail = { settledA: settled.A, settledB: settled.B, ...(room ? { room } : {}), ...known };
    return [fault('I6', '6.3', `the account that should repair is ${preferred}`, detail)];
  }
  const uncovered = net.abs().minus(hedgeOpen);
  if (size.lte(uncovered)) return [];
  return [fault('I6', '6.3', 'the other way repairs more than no live order covers', { size, uncovered, ...known })];
}

/** I6: how large a repair may be, and that one past the net is nearer to the market (strategy 6.4). */
function sizeFaults(
  { side, size, price }: Create,
  view: View,
  symbol: AuditSymbol,
  { net, smallest, known }: Situation,
  hedgeOpen: Decimal,
): readonly Fault[] {
  const mark = view.markPrice;
  const uncovered = net.abs().minus(hedgeOpen);
  const gap = net.abs().minus(hedgeOpen.div(2));
  // Without a row, repairs have the smallest tradable size (strategy 16.3).
  const orderSize = symbol.orderNotionalUsdt.isZero() && smallest ? smallest : symbol.orderNotionalUsdt.div(mark);
  const most = min(orderSize, gap.mul(2), net.abs().plus(symbol.imbalanceLimitUsdt.div(mark)).minus(hedgeOpen));
  const isCovered = smallest ? uncovered.lt(smallest) : uncovered.lte(0);
  const bounded = symbol.positionMode === 'decrease' || !isCovered ? min(most, uncovered) : most;
  const faults: Fault[] = [];
  if (size.gt(bounded))
    faults.push(fault('I6', '6.4', 'a repair larger than its rule', { size, most: bounded, hedgeOpen, ...known }));
  if (size.lte(uncovered)) return faults;
  const [first, ...others] = view.orders.filter((order) => order.side === side).map((order) => order.price);
  if (first === undefined) return faults;
  const nearest = side === 'sell' ? min(first, ...others) : max(first, ...others);
  if (side === 'sell' ? price.lt(nearest) : price.gt(nearest)) return faults;
  const detail = { price, nearest, hedgeOpen, ...known };
  return [...faults, fault('I6', '6.4', 'passes the net without a price nearer to the market', detail)];
}
