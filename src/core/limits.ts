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

/** Openings keep 2 % off a limit, so that a moving mark leaves the other leg its room (strategy 8.3, 8.4). */
const OPENING_SHARE_OF_MAX = new Decimal('0.98');
const OPENING_SHARE_OF_MIN = new Decimal('1.02');
const WHOLE = new Decimal(1);

/** What the limits are judged on (strategy 8.5): actual sizes, the live orders that count, and what both are worth. */
export interface Exposure {
  /** The mark; while it is not accepted the lowest and the highest it may truly be, the stricter of which counts (3.1). */
  readonly low: Decimal;
  readonly high: Decimal;
  /** Signed, base units. */
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  readonly live: readonly ManagedOrder[];
}

/** A size that no limit bounds. */
export const UNBOUNDED: Decimal = new Decimal('1e60');

/** A new order that limits are asked about. */
export interface LimitedOrder {
  readonly account: AccountName;
  readonly side: Side;
  readonly opening: boolean;
  /** The price it is expected at; it counts at the larger of this and the mark (6.2). */
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

/** What one unit of an order counts, USDT: the larger of the mark and its own price (strategy 6.2). */
export function countedPrice(exposure: Pick<Exposure, 'high'>, price: Decimal): Decimal {
  return max(exposure.high, price);
}

/**
 * How much more an account may have on a side (base units, ≥ 0; `UNBOUNDED` where no limit applies).
 *
 * `increase` (strategy 8.3): it and the live orders that grow the total, all filled, may not take the total past
 * `max_total_position_usdt`, nor the account past half of it. `decrease` (8.4): it and the live orders that shrink the
 * total may not take the total below `min_total_position_usdt`, nor the account below half of it.
 */
export function roomFor(config: SymbolConfig, exposure: Exposure, order: LimitedOrder): Decimal {
  return config.positionMode === 'increase'
    ? max(ZERO, growthRoom(config, exposure, order))
    : max(ZERO, shrinkRoom(config, exposure, order));
}

/**
 * How much each of the given accounts may open, alike (strategy 6.5): within its own room and, all of them together,
 * within the total's.
 *
 * @param price what the new orders are expected at
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

/** What the limit of the total leaves all openings together, base units. */
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

/** What is left for a new order of that account and side, in `increase`. */
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
  // Orders against the position shrink it first: up to twice its size they do not leave it larger than it was.
  const counted = max(countedPrice(exposure, price), live.dearest);
  return max(bound.div(counted).plus(along.abs()), along.mul(-2)).minus(live.size);
}

/** What is left for a new order of that account and side, in `decrease`. */
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

/** By how much an account's live orders of one side, all filled, grow its position, USDT. */
function growthOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const along = exposure.actual[account].mul(sign(side));
  const live = liveOf(exposure, account, side);
  if (along.gte(0)) return live.worth;
  return max(ZERO, live.size.minus(along.mul(-2))).mul(live.dearest);
}

/** By how much an account's live orders of one side can shrink its position, USDT. */
function shrinkOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const along = exposure.actual[account].mul(sign(side));
  if (along.gte(0)) return ZERO;
  const live = liveOf(exposure, account, side);
  return live.size.lte(along.abs()) ? live.worth : along.abs().mul(live.dearest);
}

/** What an account's live orders of one side come to; `dearest`: what a unit of them counts at most, USDT. */
function liveOf(exposure: Exposure, account: AccountName, side: Side) {
  const live = exposure.live.filter((order) => order.account === account && order.side === side);
  const counted = (order: ManagedOrder) => countedPrice(exposure, order.price);
  return {
    size: sum(live.map(remainingSize)),
    worth: sum(live.map((order) => remainingSize(order).mul(counted(order)))),
    dearest: max(ZERO, ...live.map(counted)),
  };
}
