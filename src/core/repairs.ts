import { awaitsJournal, mayRepair } from './ability.ts';
import { type Decimal, max, min, sum, ZERO } from './decimal.ts';
import { guardPrice } from './ledger.ts';
import { exposureOf, roomFor } from './limits.ts';
import type { AccountName, ManagedOrder, Side } from './model.ts';
import { conductOf } from './modes.ts';
import { toStep } from './openings.ts';
import type { PlanInput } from './plan-input.ts';
import { type Reason, reason } from './reasons.ts';
import { roomToGrow } from './reduce-only.ts';
import { yieldsWay } from './rests.ts';
import { sideAgainst } from './valuing.ts';

/** Which account repairs an imbalance (strategy 6.3). */
export type RepairWay = 'smaller' | 'larger';

export interface Repair {
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
  readonly guardPrice: Decimal | null;
  /** For an order beyond the net: the price it must improve on (6.4); null otherwise. */
  readonly nearerThanPrice: Decimal | null;
  readonly rules: readonly string[];
}

export type RepairAnswer =
  | { readonly kind: 'repair'; readonly repair: Repair }
  | { readonly kind: 'none'; readonly why: Reason };

/** The ways of 6.3, the preferred one first. */
export function repairWays(input: Pick<PlanInput, 'config' | 'valuation'>): readonly [RepairWay, RepairWay] {
  const { config, valuation } = input;
  const preferred: RepairWay =
    config.positionMode === 'increase' || valuation.sameDirection ? 'smaller' : config.decreaseRepair;
  return preferred === 'smaller' ? ['smaller', 'larger'] : ['larger', 'smaller'];
}

/**
 * Room that the limits leave a way of 6.3 (base units). 8.4 does not bind positions in the same direction (6.3), the
 * smaller one if it is mere dust on the larger's side (it passes zero and grows), or `hedge-only` (16.3).
 * @param counted the live orders that count towards the limits @param size of the repair, for its guard price (6.2)
 */
export function repairRoom(
  input: PlanInput,
  way: RepairWay,
  counted: readonly ManagedOrder[],
  size: Decimal = ZERO,
): Decimal {
  const { config, valuation } = input;
  const account = valuation[way];
  const side = sideAgainst(valuation.net);
  const dustOnThatSide = way === 'smaller' && valuation.settled.A.mul(valuation.settled.B).gt(0);
  const unbound = valuation.sameDirection || dustOnThatSide || conductOf(input) !== 'trade';
  const judged = unbound ? { ...config, minTotalPositionUsdt: config.minTotalPositionUsdt.mul(0) } : config;
  const exposure = exposureOf(input, counted);
  return roomFor(judged, exposure, { account, side, opening: false, price: expectedPrice(input, account, size) });
}

/** Expected price of a repair of that size: the best price if known, and no nearer than its guard (7.1). */
function expectedPrice(input: PlanInput, account: AccountName, size: Decimal): Decimal {
  const { valuation, marks, state } = input;
  const side = sideAgainst(valuation.net);
  if (side === 'buy') return marks?.touch?.bid ?? valuation.mark;
  const guard = size.isZero()
    ? null
    : guardPrice(state.lots, { account, side, size }, hedgeOpen(ordersAgainstNet(input)));
  return max(marks?.touch?.ask ?? valuation.mark, guard ?? ZERO);
}

/** Live orders of either account that trade against the net (6.4). */
export function ordersAgainstNet(input: Pick<PlanInput, 'state' | 'valuation'>): ManagedOrder[] {
  const side = sideAgainst(input.valuation.net);
  return input.state.orders.filter((order) => order.side === side);
}

/** `hedge_open` of 6.4: the size of the live orders against the net, less what is booked of them. */
export function hedgeOpen(orders: readonly ManagedOrder[]): Decimal {
  return sum(orders.map((order) => order.size.minus(order.bookedSize)));
}

/** Whether either way of 6.3 has room, not counting live repairs (strategy 5, rule 5). */
export function repairHasRoom(input: PlanInput): boolean {
  return waysWithRoom(input).length > 0;
}

/** The ways of 6.3 that have room, not counting live repairs, the preferred one first. */
export function waysWithRoom(input: PlanInput): readonly RepairWay[] {
  const against = sideAgainst(input.valuation.net);
  const counted = input.state.orders.filter((order) => order.side !== against);
  return repairWays(input).filter((way) => repairRoom(input, way, counted).gte(input.valuation.smallestTradable));
}

/** Whether the account of a way may submit a repair now: not parked or suspended (strategy 9.5, 9.8, 9.13). */
export function mayTakeWay(input: PlanInput, way: RepairWay): boolean {
  const { valuation } = input;
  const account = valuation[way];
  const room = roomToGrow(input, account, sideAgainst(valuation.net));
  return mayRepair(input, account) && room.gte(valuation.smallestTradable);
}

/** The next repair (strategy 6.3, 6.4), or why there is none. */
export function planRepair(input: PlanInput, cap: number): RepairAnswer {
  const { config, valuation, state } = input;
  const against = ordersAgainstNet(input);
  const open = hedgeOpen(against);
  const net = valuation.net.abs();
  const uncovered = net.minus(open);
  const uncoveredIsTradable = uncovered.gte(valuation.smallestTradable);
  const [preferred, other] = repairWays(input);

  // No repair goes beyond the net in `decrease`, during removal, or at a mark that is not accepted.
  const isAccepted = input.marks === undefined || input.marks.trust === 'accepted';
  if (!uncoveredIsTradable && (config.positionMode === 'decrease' || conductOf(input) !== 'trade' || !isAccepted)) {
    return none(reason('covered', isAccepted ? '6.4' : '3.1', { open: open.toFixed(), net: net.toFixed() }));
  }
  // Beside an order of unknown outcome, going beyond the net might place the same order twice (9.6).
  if (!uncoveredIsTradable && against.some((order) => order.unknown)) {
    return none(reason('unknown-against-net', '9.6'));
  }
  const price = max(valuation.mark, input.marks?.high ?? ZERO);
  // Without a row, an order has the smallest tradable size (strategy 16.3).
  const orderSize = config.orderNotionalUsdt.isZero()
    ? valuation.smallestTradable
    : config.orderNotionalUsdt.div(price);
  const gap = net.minus(open.div(2));
  const pastZero = config.imbalanceLimitUsdt.div(price);
  const wanted = min(orderSize, gap.mul(2), net.plus(pastZero).minus(open));
  const asked = uncoveredIsTradable ? min(wanted, uncovered) : wanted;

  // Recently refused for margin and the like: the other way goes first if it can (6.3).
  const gives = yieldsWay(state, valuation[preferred], input.nowMs) && mayTakeWay(input, other);
  const side = sideAgainst(valuation.net);
  const roomOf = (way: RepairWay) =>
    mayTakeWay(input, way)
      ? min(repairRoom(input, way, state.orders, asked), roomToGrow(input, valuation[way], side))
      : ZERO;
  const otherSize = () => (uncoveredIsTradable ? toStep(input, min(asked, roomOf(other))) : ZERO);
  if (gives && otherSize().gte(valuation.smallestTradable)) return submit(input, other, otherSize(), cap, null);
  const roomOfPreferred = roomOf(preferred);
  const preferredSize = toStep(input, min(asked, roomOfPreferred));
  if (preferredSize.gte(valuation.smallestTradable) && !(gives && !uncoveredIsTradable)) {
    return submit(input, preferred, preferredSize, cap, uncoveredIsTradable ? null : nearest(against, side));
  }
  if (roomOfPreferred.lt(valuation.smallestTradable) && otherSize().gte(valuation.smallestTradable)) {
    return submit(input, other, otherSize(), cap, null);
  }
  if (!uncoveredIsTradable) {
    return none(reason('covered', '6.4', { open: open.toFixed(), net: net.toFixed() }));
  }
  if (!mayTakeWay(input, preferred) && !mayTakeWay(input, other)) {
    const withheld = [preferred, other].find((way) => mayRepair(input, valuation[way]));
    if (withheld === undefined) {
      const isJournal = awaitsJournal(input, valuation[preferred]);
      return none(isJournal ? reason('awaits-journal', '18.1') : reason('neither-may-repair', '9.8'));
    }
    return none(reason('repairs-only-reduce', '9.13', { account: valuation[withheld] }));
  }
  const size = max(preferredSize, otherSize()).toFixed();
  return none(reason('repair-too-small', '7.3', { size, smallest: valuation.smallestTradable.toFixed() }));
}

function submit(
  input: PlanInput,
  way: RepairWay,
  size: Decimal,
  cap: number,
  nearerThanPrice: Decimal | null,
): RepairAnswer {
  const account = input.valuation[way];
  const live = input.state.orders.filter((order) => order.account === account);
  if (live.length >= cap) {
    return none(reason('orders-at-cap', cap === 1 ? '8.2' : '8.1', { account, live: live.length, cap }));
  }
  const side = sideAgainst(input.valuation.net);
  const guard = guardPrice(input.state.lots, { account, side, size }, hedgeOpen(ordersAgainstNet(input)));
  return {
    kind: 'repair',
    repair: { account, side, size, guardPrice: guard, nearerThanPrice, rules: ['6.3', '6.4', '7.2'] },
  };
}

/** The nearest price to the market among live orders on a side, of which there is one: the lowest sell, the highest buy. */
function nearest(live: readonly ManagedOrder[], side: Side): Decimal {
  return live.map(({ price }) => price).reduce((one, other) => (side === 'sell' ? min(one, other) : max(one, other)));
}

function none(why: Reason): RepairAnswer {
  return { kind: 'none', why };
}
