import { Decimal, floorTo, max, min, UINT64_MAX, ZERO } from './decimal.ts';
import { countedPrice, exposureOf, roomForPair, UNBOUNDED } from './limits.ts';
import { ACCOUNTS, type AccountName, type Instrument, type ManagedOrder, oppositeSide, type Side } from './model.ts';
import type { PlanInput } from './plan-input.ts';
import { type Reason, reason } from './reasons.ts';
import { remainingSize, sign } from './symbol-state.ts';
import type { Valuation } from './valuing.ts';

/** Smallest opening that limits may leave, as a share of `order_notional_usdt` (strategy 6.2). */
const LEAST_SHARE_OF_OPENING = new Decimal('0.5');
/** Largest value of an order, as a share of `order_notional_usdt`: above it its sizing price is outdated (8.2). */
export const MOST_SHARE_OF_ORDER: Decimal = new Decimal('1.25');

/** The side each account opens on (strategy 6.1, 6.2); null if there is nothing to open: `decrease` and both flat. */
export interface OpeningSides {
  readonly sides: Readonly<Record<AccountName, Side>>;
  /** The held positions are opposite to `a_side_when_equal` (6.1). */
  readonly contradictsConfig: boolean;
}

export function openingSides(input: Pick<PlanInput, 'config' | 'valuation'>): OpeningSides | null {
  const { config, valuation } = input;
  const configured = pair(config.aSideWhenEqual);
  if (valuation.flat) {
    return config.positionMode === 'increase' ? { sides: configured, contradictsConfig: false } : null;
  }
  const held = heldSides(valuation);
  return config.positionMode === 'increase'
    ? { sides: held, contradictsConfig: held.A !== configured.A }
    : { sides: { A: oppositeSide(held.A), B: oppositeSide(held.B) }, contradictsConfig: false };
}

/** The side that grows each account; if one is flat or dust, or both agree, the larger's side counts (6.1). */
function heldSides(valuation: Valuation): Record<AccountName, Side> {
  const larger = valuation.larger;
  const side: Side = valuation.settled[larger].gt(0) ? 'buy' : 'sell';
  return pair(larger === 'A' ? side : oppositeSide(side));
}

function pair(aSide: Side): Record<AccountName, Side> {
  return { A: aSide, B: oppositeSide(aSide) };
}

export type OpeningSize =
  | { readonly kind: 'size'; readonly size: Decimal }
  /** The limits leave nothing, or too little (6.2, 8.3, 8.4). */
  | { readonly kind: 'limited'; readonly why: Reason }
  /** Below the smallest tradable size for another reason than the limits (7.3). */
  | { readonly kind: 'too-small'; readonly why: Reason };

/**
 * The common size of the opening orders (strategy 6.5): `order_notional_usdt` at the larger of mark and best ask (6.2),
 * or the remainder of the other account's live opening; limited alike.
 * @param accounts those that get a new order @param counted live orders that count towards the limits @param partner
 * the live opening of the account that gets none, if any
 */
export function openingSize(
  input: PlanInput,
  opening: OpeningSides,
  accounts: readonly AccountName[],
  counted: readonly ManagedOrder[],
  partner: ManagedOrder | null,
): OpeningSize {
  const { config, valuation } = input;
  const exposure = exposureOf(input, counted);
  const price = countedPrice(exposure, input.marks?.touch?.ask ?? valuation.mark);
  const wanted = partner ? remainingSize(partner) : toStep(input, config.orderNotionalUsdt.div(price));
  const room = roomForPair(config, exposure, opening.sides, accounts, price);
  const held = config.positionMode === 'decrease' ? heldFor(valuation, opening, accounts) : UNBOUNDED;
  const size = toStep(input, min(wanted, room, held));

  const closesAll =
    config.positionMode === 'decrease' &&
    ACCOUNTS.every((account) => valuation.settled[account].abs().minus(size).lt(valuation.smallestTradable));
  const least = config.orderNotionalUsdt.mul(LEAST_SHARE_OF_OPENING).div(price);
  if (size.lt(wanted) && size.lt(least) && !closesAll) {
    const grows = config.positionMode === 'increase';
    const why = reason('limited', grows ? '8.3' : '8.4', {
      setting: grows ? 'max_total_position_usdt' : 'min_total_position_usdt',
      limit: (grows ? config.maxTotalPositionUsdt : config.minTotalPositionUsdt).toFixed(),
      left: size.mul(price).toFixed(2),
      wanted: config.orderNotionalUsdt.toFixed(),
    });
    return { kind: 'limited', why };
  }
  if (size.lt(valuation.smallestTradable)) {
    const smallest = valuation.smallestTradable.toFixed();
    return { kind: 'too-small', why: reason('opening-too-small', '7.3', { size: size.toFixed(), smallest }) };
  }
  return { kind: 'size', size };
}

/** The smallest of the positions: a shrinking order never takes more (6.2). An account that opens has no other order (8.2). */
function heldFor(valuation: Valuation, { sides }: OpeningSides, accounts: readonly AccountName[]): Decimal {
  const held = accounts.map((account) => valuation.settled[account].mul(-sign(sides[account])));
  return max(ZERO, min(UNBOUNDED, ...held));
}

/** Rounded down to the step, to `base_decimals`, and to what a signature can carry (strategy 7.3). */
export function toStep({ instrument }: Pick<PlanInput, 'instrument'>, size: Decimal): Decimal {
  return wholeSteps(instrument, min(size, largestSize(instrument)));
}

/** The largest size that can be signed: whole steps within a uint64 of size × 10^`base_decimals` (strategy 7.3). */
export function largestSize(instrument: Instrument): Decimal {
  const known = largestSizes.get(instrument);
  if (known !== undefined) return known;
  const size = wholeSteps(instrument, UINT64_MAX.div(new Decimal(10).pow(instrument.baseDecimals)));
  largestSizes.set(instrument, size);
  return size;
}

/** Cached: it costs a division and two powers, and each decision needs it several times. */
const largestSizes = new WeakMap<Instrument, Decimal>();

function wholeSteps(instrument: Instrument, size: Decimal): Decimal {
  const { minSize } = instrument;
  const unit = unitBesides(instrument);
  return floorTo(unit === null ? size : floorTo(size, unit), minSize);
}

/** The resolution of `base_decimals`, of which `min_size` is no multiple; null: whole steps of `min_size` are whole units. */
function unitBesides(instrument: Instrument): Decimal | null {
  let unit = units.get(instrument);
  if (unit === undefined) {
    const finest = new Decimal(10).pow(-instrument.baseDecimals);
    unit = instrument.minSize.mod(finest).isZero() ? null : finest;
    units.set(instrument, unit);
  }
  return unit;
}

/** Cached as the largest sizes are. */
const units = new WeakMap<Instrument, Decimal | null>();
