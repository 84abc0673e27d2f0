import { isShutOut } from './ability.ts';
import { max } from './decimal.ts';
import { lotsNet } from './ledger.ts';
import { exposureOf, roomFor } from './limits.ts';
import type { AccountName, Instrument, ManagedOrder, TradingState } from './model.ts';
import { ACCOUNTS, otherAccount } from './model.ts';
import { conductOf } from './modes.ts';
import { MOST_SHARE_OF_ORDER, openingSides } from './openings.ts';
import type { PlanInput } from './plan-input.ts';
import { type Reason, reason } from './reasons.ts';
import { hedgeOpen } from './repairs.ts';
import { remainingSize, sign } from './symbol-state.ts';
import { sideAgainst } from './valuing.ts';

/** Most live orders of a symbol on one account (strategy 8.1). */
export const ORDERS_PER_ACCOUNT = 2;

export interface Trim {
  readonly order: ManagedOrder;
  readonly why: Reason;
}

/** How many live orders an account may have now (strategy 8.1, 8.2). */
export function orderCap(input: Pick<PlanInput, 'valuation' | 'strategy'>): number {
  const { valuation, strategy } = input;
  const low = valuation.hedged || valuation.diffUsdt.lt(strategy.singleOrderDiffThresholdUsdt);
  return low ? 1 : ORDERS_PER_ACCOUNT;
}

/**
 * Live orders to cancel (strategy 8.2): openings without a partner (5.7), of a doubtful or an outdated size, those the present state would not submit
 * on that account, openings whose remainder is no longer tradable, then surplus, oldest first; in `partial-wait` and
 * `cooldown` only the first and the last. Orders that are being cancelled, or of whose existence nothing is known yet (9.6),
 * are not asked for again.
 */
export function planTrims(input: PlanInput, tradingState: TradingState): Trim[] {
  const onlySurplus = tradingState === 'partial-wait' || tradingState === 'cooldown';
  const conduct = conductOf(input);
  const misplaced =
    conduct === 'trade' && !input.unlisted
      ? input.state.orders.filter(cancellable).flatMap((order) => {
          const unsafe = withoutPartner(input, order) ?? unsafeOpening(input, tradingState, order);
          if (unsafe !== null) return [unsafe];
          return onlySurplus ? [] : misplacedBy(input, tradingState, order);
        })
      : conduct === 'nothing'
        ? input.state.orders.filter(cancellable).map(notWanted)
        : notForRepair(input);
  const gone = new Set(misplaced.map((trim) => trim.order.clientOrderId));
  const cap = orderCap(input);
  const surplus = ACCOUNTS.flatMap((account) => {
    const staying = input.state.orders.filter(
      (order) => order.account === account && order.cancelRequestedAtMs === null && !gone.has(order.clientOrderId),
    );
    const excess = Math.max(0, staying.length - cap);
    return staying
      .filter(cancellable)
      .sort((a, b) => a.sentAtMs - b.sentAtMs)
      .slice(0, excess)
      .map((order) => ({
        order,
        why: cap === 1 ? reason('over-low-diff-cap', '8.2') : reason('over-cap', '8.1', { account, cap }),
      }));
  });
  return [...misplaced, ...surplus];
}

/**
 * In `hedge-only` and where the exchange does not list the instrument, whatever the state: every live order that does not repair
 * (strategy 11.6, 16.1). Those are openings, all orders
 * of a hedged symbol, those that would grow the net, and what of the others goes past it, newest first.
 */
function notForRepair(input: PlanInput): Trim[] {
  const { state, valuation } = input;
  const against = sideAgainst(valuation.net);
  let uncovered = valuation.net.abs();
  const trims: Trim[] = [];
  for (const order of state.orders) {
    const repairs = !valuation.hedged && order.purpose === 'repair' && order.side === against;
    const covers = hedgeOpen([order]);
    if (repairs && covers.minus(uncovered).lt(valuation.smallestTradable)) {
      uncovered = uncovered.minus(covers);
    } else if (cancellable(order)) {
      const { side } = order;
      if (stopsOpenings(input) && !repairs) {
        trims.push({ order, why: reason('opens', '8.6') });
        continue;
      }
      const rule = input.unlisted ? '11.6' : '16.1';
      const isListed = !input.unlisted;
      trims.push({
        order,
        why: repairs ? reason('past-net', rule, { side }) : reason('not-a-repair', rule, { side, isListed }),
      });
    }
  }
  return trims;
}

/** Nothing but a stop for openings keeps the symbol from opening (strategy 8.6). */
function stopsOpenings({ mode = 'trade', leaving, unlisted, openingsStop }: PlanInput): boolean {
  return mode === 'trade' && leaving === undefined && !unlisted && openingsStop !== undefined;
}

/** In `hold`, and once a pause is reached, every own order goes, repairs too (strategy 16.1). */
function notWanted(order: ManagedOrder): Trim {
  return { order, why: reason('not-wanted', '16.1') };
}

export function cancellable(order: ManagedOrder): boolean {
  return order.cancelRequestedAtMs === null && !order.unknown && order.confirmedAtMs !== null;
}

/**
 * An opening that rests while the mark is doubtful (strategy 3.1), or is worth more than its size was meant for, or more than
 * the limit itself leaves (8.2). While the pair is not hedged, one that covers the net is a repair.
 */
function unsafeOpening(input: PlanInput, tradingState: TradingState, order: ManagedOrder): Trim | null {
  const { valuation, config, marks, state } = input;
  const remaining = remainingSize(order);
  const covers = order.side === sideAgainst(valuation.net) && remaining.lte(valuation.net.abs());
  const opens = valuation.hedged || (order.purpose === 'opening' && !covers);
  if (!opens) return null;
  if (marks?.trust === 'doubtful') return { order, why: reason('opens-at-doubtful-mark', '3.1') };
  if (marks !== undefined && marks.trust !== 'accepted') return null;
  const worth = remaining.mul(max(valuation.mark, order.price));
  const most = config.orderNotionalUsdt.mul(MOST_SHARE_OF_ORDER);
  if (worth.gt(most)) {
    return { order, why: reason('worth-too-much', '8.2', { usdt: worth.toFixed(2), most: most.toFixed() }) };
  }
  if (tradingState !== 'equal') return null;
  const others = state.orders.filter((one) => one !== order);
  const { account, side, price } = order;
  const room = roomFor(config, exposureOf(input, others), { account, side, price, opening: false });
  if (remaining.lte(room)) return null;
  const figures = { room: room.toFixed(input.instrument.baseDecimals), remaining: remaining.toFixed() };
  return { order, why: reason('room-too-small', '8.2', figures) };
}

/**
 * The opening of an account whose partner has been unable to open (strategy 5.7); null: it may stay. What covers the net of
 * the partner's fill, and no more than that, hedges.
 */
function withoutPartner(input: PlanInput, order: ManagedOrder): Trim | null {
  const { valuation } = input;
  const partner = otherAccount(order.account);
  if ((order.purpose === 'repair' && !valuation.hedged) || !isShutOut(input, partner)) return null;
  const hedges =
    !valuation.hedged &&
    order.side === sideAgainst(valuation.net) &&
    remainingSize(order).minus(valuation.net.abs()).lt(valuation.smallestTradable);
  return hedges ? null : { order, why: reason('without-partner', '5.7', { account: partner }) };
}

/**
 * Openings to cancel while there is nothing to decide on, by what the ledger knows: those of an account whose partner has been
 * unable to open, or could not be read for long (strategy 5.7), or all where the exchange does not list the instrument (11.6);
 * after a split all orders (10.5); what the mode does not want (16.1).
 *
 * @param blind accounts whose data have been unusable for 30 s
 */
export function trimsWithoutView(
  input: Pick<PlanInput, 'config' | 'state' | 'nowMs' | 'unable' | 'unlisted' | 'mode' | 'openingsStop'>,
  { minSize }: Instrument,
  blind: readonly AccountName[],
): Trim[] {
  const conduct = conductOf(input);
  const net = lotsNet(input.state.lots);
  return input.state.orders.filter(cancellable).flatMap((order) => {
    if (input.state.split !== undefined) return [{ order, why: reason('before-split', '10.5') }];
    const partner = otherAccount(order.account);
    if (conduct === 'nothing') return [notWanted(order)];
    const gone = conduct === 'repair' || blind.includes(partner) || isShutOut(input, partner);
    // What can trade no more than the net hedges it: without a mark, what is below a step is none.
    const hedges = net.abs().gte(minSize) && order.side === sideAgainst(net) && remainingSize(order).lte(net.abs());
    if (hedges) return [];
    if (input.unlisted) return [{ order, why: reason('order-on-unlisted', '11.6') }];
    if (!gone) return [];
    const byStop = input.openingsStop !== undefined && (input.mode ?? 'trade') === 'trade';
    const why =
      conduct === 'repair'
        ? reason('opens', byStop ? '8.6' : '16.1')
        : reason('without-partner', '5.7', { account: partner });
    return [{ order, why }];
  });
}

function misplacedBy(input: PlanInput, tradingState: TradingState, order: ManagedOrder): Trim[] {
  const wrong = wrongSide(input, tradingState, order);
  if (wrong) return [{ order, why: wrong }];
  // While hedged, what is left of a repair on the opening side stands in for the opening: a crumb of it would block both legs.
  const opens = order.purpose === 'opening' || tradingState === 'equal';
  if (opens && remainingSize(order).lt(input.valuation.smallestTradable)) {
    return [{ order, why: reason('remainder-too-small', '8.2', { size: remainingSize(order).toFixed() }) }];
  }
  return [];
}

/** Why the present state would not submit that side on that account; null when it would. */
function wrongSide(input: PlanInput, tradingState: TradingState, order: ManagedOrder): Reason | null {
  const { valuation, config } = input;
  const { account, side } = order;
  const along = valuation.actual[account].mul(sign(side));
  switch (tradingState) {
    case 'equal': {
      const opening = openingSides(input);
      const fits = opening?.sides[account] === side;
      return fits ? null : reason('not-the-opening-side', '8.2', { account, side });
    }
    case 'imbalanced':
      return side === sideAgainst(valuation.net) ? null : reason('grows-net', '8.2', { side });
    case 'capped': {
      const grows = along.gte(0);
      if (config.positionMode === 'increase') return grows ? reason('towards-limit', '8.2') : null;
      if (valuation.flat) return reason('closes-nothing', '8.2');
      return grows ? null : reason('towards-limit', '8.2');
    }
    default:
      return null;
  }
}
