import { Decimal, max, min, sum, ZERO } from './decimal.ts';
import { ACCOUNTS, type AccountName, type ManagedOrder, otherAccount, type Side, type SymbolConfig } from './model.ts';
import { remainingSize, sign } from './symbol-state.ts';

/** Openings keep 2 % off a limit, so that a moving mark leaves the other leg its room (strategy 8.3, 8.4). */
const OPENING_SHARE_OF_MAX = new Decimal('0.98');
const OPENING_SHARE_OF_MIN = new Decimal('1.02');
const WHOLE = new Decimal(1);

/** What the limits are judged on: actual sizes at the mark (strategy 8.5) and the live orders that count. */
export interface Exposure {
  readonly mark: Decimal;
  /** Signed, base units. */
  readonly actual: Readonly<Record<AccountName, Decimal>>;
  readonly live: readonly ManagedOrder[];
}

/** A size that no limit bounds. */
export const UNBOUNDED: Decimal = new Decimal('1e60');

/**
 * How much more an account may have on a side (base units, ≥ 0; `UNBOUNDED` where no limit applies).
 *
 * `increase` (strategy 8.3): it and the live orders that grow the total, all filled, may not take the total past
 * `max_total_position_usdt`, nor the account past half of it. `decrease` (8.4): it and the live orders that shrink the
 * total may not take the total below `min_total_position_usdt`, nor the account below half of it.
 */
export function roomFor(
  config: SymbolConfig,
  exposure: Exposure,
  order: { readonly account: AccountName; readonly side: Side; readonly opening: boolean },
): Decimal {
  const bound =
    config.positionMode === 'increase' ? growthBound(config, exposure, order) : shrinkBound(config, exposure, order);
  if (bound.gte(UNBOUNDED)) return UNBOUNDED;
  return max(ZERO, bound.minus(liveSize(exposure.live, order.account, order.side)));
}

/**
 * How much each of the given accounts may open, alike (strategy 6.5): within its own room and, all of them together,
 * within the total's.
 */
export function roomForPair(
  config: SymbolConfig,
  exposure: Exposure,
  sides: Readonly<Record<AccountName, Side>>,
  accounts: readonly AccountName[],
): Decimal {
  const own = accounts.map((account) => roomFor(config, exposure, { account, side: sides[account], opening: true }));
  const alike = min(UNBOUNDED, ...own);
  if (accounts.length < 2) return alike;
  return min(alike, totalRoomForOpenings(config, exposure).div(accounts.length));
}

/** What the limit of the total leaves all openings together. */
function totalRoomForOpenings(config: SymbolConfig, exposure: Exposure): Decimal {
  const total = sum(ACCOUNTS.map((account) => exposure.actual[account].abs()));
  const change = (of: typeof growthOf) =>
    sum(ACCOUNTS.flatMap((account) => [of(exposure, account, 'buy'), of(exposure, account, 'sell')]));
  if (config.positionMode === 'increase') {
    const limit = config.maxTotalPositionUsdt.mul(OPENING_SHARE_OF_MAX).div(exposure.mark);
    return max(ZERO, limit.minus(total).minus(change(growthOf)));
  }
  if (config.minTotalPositionUsdt.isZero()) return UNBOUNDED;
  const limit = config.minTotalPositionUsdt.mul(OPENING_SHARE_OF_MIN).div(exposure.mark);
  return max(ZERO, total.minus(change(shrinkOf)).minus(limit));
}

/** Upper bound of all orders of that account and side together, in `increase`. */
function growthBound(
  config: SymbolConfig,
  exposure: Exposure,
  order: { readonly account: AccountName; readonly side: Side; readonly opening: boolean },
): Decimal {
  const share = order.opening ? OPENING_SHARE_OF_MAX : WHOLE;
  const limit = config.maxTotalPositionUsdt.mul(share).div(exposure.mark);
  const along = exposure.actual[order.account].mul(sign(order.side));
  const others = exposure.actual[otherAccount(order.account)]
    .abs()
    .plus(growthOf(exposure, otherAccount(order.account), 'buy'))
    .plus(growthOf(exposure, otherAccount(order.account), 'sell'))
    .plus(growthOf(exposure, order.account, order.side === 'buy' ? 'sell' : 'buy'));
  // Orders against the position shrink it first: up to twice its size they do not leave it larger than it was.
  const withoutGrowth = along.lt(0) ? along.mul(-2) : ZERO;
  const own = max(limit.div(2).minus(along), withoutGrowth);
  const total = max(limit.minus(others).minus(along), withoutGrowth);
  return min(own, total);
}

/** Upper bound of all orders of that account and side together, in `decrease`. */
function shrinkBound(
  config: SymbolConfig,
  exposure: Exposure,
  order: { readonly account: AccountName; readonly side: Side; readonly opening: boolean },
): Decimal {
  const along = exposure.actual[order.account].mul(sign(order.side));
  if (along.gte(0) || config.minTotalPositionUsdt.isZero()) return UNBOUNDED;
  const share = order.opening ? OPENING_SHARE_OF_MIN : WHOLE;
  const limit = config.minTotalPositionUsdt.mul(share).div(exposure.mark);
  const total = sum(ACCOUNTS.map((account) => exposure.actual[account].abs()));
  const others = otherAccount(order.account);
  const shrunkByOther = max(shrinkOf(exposure, others, 'buy'), shrinkOf(exposure, others, 'sell'));
  const own = along.abs().minus(limit.div(2));
  return max(ZERO, min(own, total.minus(shrunkByOther).minus(limit)));
}

/** By how much an account's live orders of one side, all filled, grow its position. */
function growthOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const along = exposure.actual[account].mul(sign(side));
  const filled = along.plus(liveSize(exposure.live, account, side)).abs();
  return max(ZERO, filled.minus(along.abs()));
}

/** By how much an account's live orders of one side can shrink its position. */
function shrinkOf(exposure: Exposure, account: AccountName, side: Side): Decimal {
  const along = exposure.actual[account].mul(sign(side));
  return along.lt(0) ? min(along.abs(), liveSize(exposure.live, account, side)) : ZERO;
}

function liveSize(live: readonly ManagedOrder[], account: AccountName, side: Side): Decimal {
  return sum(live.filter((order) => order.account === account && order.side === side).map(remainingSize));
}
