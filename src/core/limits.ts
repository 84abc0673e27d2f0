import { Decimal, max, min, sum, ZERO } from './decimal.ts';
import {
  ACCOUNTS,
  type AccountName,
  type ManagedOrder,
  oppositeSide,
  otherAccount,
  type Side,
  type SymbolConfig,
} from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { remainingSize, sign } from './symbol-state.ts';

/** Openings stay 2 % away from a limit, so that a moving mark leaves room for the other leg (strategy 8.3, 8.4). */
const OPENING_SHARE_OF_MAX = new Decimal('0.98');
const OPENING_SHARE_OF_MIN = new Decimal('1.02');
const WHOLE = new Decimal(1);

/** The inputs of the limits (8.5): actual positions, live orders that count, and the prices that value them. */
export interface Exposure {
  /** The mark; while it is in doubt its lowest and highest plausible values, of which the stricter one counts (3.1). */
  readonly low: Decimal;
  readonly high: Decimal;
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  readonly live: readonly ManagedOrder[];
}

export const UNBOUNDED: Decimal = new Decimal('1e60');

/** A new order to be limited. */
export interface LimitedOrder {
  readonly account: AccountName;
  readonly side: Side;
  readonly opening: boolean;
  /** Its expected price; it counts at the larger of this and the mark (6.2). */
  readonly price: Decimal;
}

/** @param live the live orders that count towards the limits */
export function exposureOf(
  { valuation, marks }: Pick<PlanInput, 'valuation' | 'marks'>,
  live: readonly ManagedOrder[],
): Exposure {
  const { mark, actual } = valuation;
  return { low: marks?.low ?? mark, high: marks?.high ?? mark, actual, live };
}

/** The value of one unit of an order against limits, USDT: the larger of the mark and its own price (strategy 6.2). */
export function countedPrice(exposure: Pick<Exposure, 'high'>, price: Decimal): Decimal {
  return max(exposure.high, price);
}

/**
 * How much more an account may have on a side (base units, ≥ 0; `UNBOUNDED` if no limit applies). `increase` (strategy
 * 8.3): with all live orders that grow the total filled, the total may not exceed `max_total_position_usdt`, nor the
 * account half of it. `decrease` (8.4): with all live orders that shrink the total filled, the total may not fall below
 * `min_total_position_usdt`, nor the account below half of it.
 */
export function roomFor(config: SymbolConfig, exposure: Exposure, order: LimitedOrder): Decimal {
  return config.positionMode === 'increase'
    ? max(ZERO, growthRoom(config, exposure, order))
    : max(ZERO, shrinkRoom(config, exposure, order));
}

/**
 * The equal size that each of the given accounts may open (strategy 6.5): within its own room and, together, within the
 * total's.
 * @param price expected price of the new orders
 */
export function roomForPair(
  config: SymbolConfig,
  exposure: Exposure,
  sides: Readonly<Record<AccountName, Side>>,
  accounts: readonly AccountName[],
  price: Decimal,
): Decimal {
  const own = accounts.map((account) =>
    roomFor(config, exposure, { account, side: sides[account], opening: true, price }),
  );
  const alike = min(UNBOUNDED, ...own);
  if (accounts.length < 2) return alike;
  return min(alike, totalRoomForOpenings(config, exposure, price).div(accounts.length));
}

/** What the limit on the total leaves for all openings together, base units. */
function totalRoomForOpenings(config: SymbolConfig, exposure: Exposure, price: Decimal): Decimal {
  const total = sum(ACCOUNTS.map((account) => exposure.actual[account].abs()));
  const change = (of: typeof growthOf) =>
    sum(ACCOUNTS.flatMap((account) => [of(exposure, account, 'buy'), of(exposure, account, 'sell')]));
  const counted = countedPrice(exposure, price);
  if (config.positionMode === 'increase') {
    const limit = config.maxTotalPositionUsdt.mul(OPENING_SHARE_OF_MAX);
    return max(ZERO, limit.minus(total.mul(exposure.high)).minus(change(growthOf)).div(counted));
  }
  if (config.minTotalPositionUsdt.isZero()) return UNBOUNDED;
  const limit = config.minTotalPositionUsdt.mul(OPENING_SHARE_OF_MIN);
  return max(ZERO, total.mul(exposure.low).minus(change(shrinkOf)).minus(limit).div(counted));
}

function growthRoom(config: SymbolConfig, exposure: Exposure, order: LimitedOrder): Decimal {
  const { account, side, price } = order;
  const { high } = exposure;
  const other = otherAccount(account);
  const limit = config.maxTotalPositionUsdt.mul(order.opening ? OPENING_SHARE_OF_MAX : WHOLE);
  const others = exposure.actual[other]
    .abs()
    .mul(high)
    .plus(growthOf(exposure, other, 'buy'))
    .plus(growthOf(exposure, other, 'sell'))
    .plus(growthOf(exposure, account, oppositeSide(side)));
  const bound = min(limit.div(2), limit.minus(others));
  const along = exposure.actual[account].mul(sign(side));
  const live = liveOf(exposure, account, side);
  if (along.gte(0)) return bound.minus(along.mul(high)).minus(live.worth).div(countedPrice(exposure, price));
  // Orders against the position shrink it first: up to twice its size leave it no larger than before.
  const counted = max(countedPrice(exposure, price), live.maxUnitUsdt);
  return max(bound.div(counted).plus(along.abs()), along.mul(-2)).minus(live.size);
}

function shrinkRoom(config: SymbolConfig, exposure: Exposure, order: LimitedOrder): Decimal {
  const { account, side, price } = order;
  const { low } = exposure;
  const along = exposure.actual[account].mul(sign(side));
  if (along.gte(0) || config.minTotalPositionUsdt.isZero()) return UNBOUNDED;
  const limit = config.minTotalPositionUsdt.mul(order.opening ? OPENING_SHARE_OF_MIN : WHOLE);
  const total = sum(ACCOUNTS.map((one) => exposure.actual[one].abs())).mul(low);
  const other = otherAccount(account);
  const shrunkByOther = max(shrinkOf(exposure, other, 'buy'), shrinkOf(exposure, other, 'sell'));
  const own = along.abs().mul(low).minus(limit.div(2));
  const bound = min(own, total.minus(shrunkByOther).minus(limit));
  return bound.minus(liveOf(exposure, account, side).worth).div(countedPrice(exposure, price));
}

/** By how much an account's live orders on one side grow its position if all are filled, USDT. */
function growthOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const live = liveOf(exposure, account, side);
  if (live === NONE_LIVE) return ZERO;
  const along = exposure.actual[account].mul(sign(side));
  if (along.gte(0)) return live.worth;
  return max(ZERO, live.size.minus(along.mul(-2))).mul(live.maxUnitUsdt);
}

/** By how much an account's live orders of one side can shrink its position, USDT. */
function shrinkOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const live = liveOf(exposure, account, side);
  if (live === NONE_LIVE) return ZERO;
  const along = exposure.actual[account].mul(sign(side));
  if (along.gte(0)) return ZERO;
  return live.size.lte(along.abs()) ? live.worth : along.abs().mul(live.maxUnitUsdt);
}

const NONE_LIVE = { size: ZERO, worth: ZERO, maxUnitUsdt: ZERO };

/** An account's live orders on one side in sum; `maxUnitUsdt`: the highest value of one unit among them, USDT. */
function liveOf(exposure: Exposure, account: AccountName, side: Side) {
  const live = exposure.live.filter((order) => order.account === account && order.side === side);
  if (live.length === 0) return NONE_LIVE;
  const counted = (order: ManagedOrder) => countedPrice(exposure, order.price);
  return {
    size: sum(live.map(remainingSize)),
    worth: sum(live.map((order) => remainingSize(order).mul(counted(order)))),
    maxUnitUsdt: max(ZERO, ...live.map(counted)),
  };
}
