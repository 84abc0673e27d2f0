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
 * Live orders to cancel (strategy 8.2): openings without a partner (5.7), of a doubtful or outdated size, orders the
 * present state would not submit on that account, openings with an untradable remainder, then surplus, oldest first; in
 * `partial-wait` and `cooldown` only the first and the last. Orders being cancelled or of unknown existence (9.6) are
 * left out.
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
 * In `hedge-only` and for unlisted instruments, in any state: every live order that is no repair (strategy 11.6, 16.1):
 * openings, all orders of a hedged symbol, those that would grow the net, and what exceeds it, newest first.
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

/** Of a symbol that may not open: whether only a stop of openings keeps it from that (strategy 8.6). */
function stopsOpenings({ mode = 'trade', leaving, unlisted }: PlanInput): boolean {
  return mode === 'trade' && leaving === undefined && !unlisted;
}

/** In `hold`, and after a pause was reached, every own order is cancelled, repairs too (strategy 16.1). */
function notWanted(order: ManagedOrder): Trim {
  return { order, why: reason('not-wanted', '16.1') };
}

export function cancellable(order: ManagedOrder): boolean {
  return order.cancelRequestedAtMs === null && !order.unknown && order.confirmedAtMs !== null;
}

/**
 * An opening that rests while the mark is doubtful (strategy 3.1), or is worth more than intended or than the limit
 * leaves (8.2). In an unhedged pair an opening that covers the net is a repair.
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
 * The opening of an account whose partner has been unable to open (strategy 5.7); null: it may stay. The part that
 * covers the net of the partner's fill is a hedge.
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
 * Orders to cancel without a decision, by the ledger: openings of an account whose partner could not open or be read
 * for long (strategy 5.7), all openings if the exchange does not list the instrument (11.6), all orders after a split
 * (10.5), and what the mode forbids (16.1).
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
    // An order of at most the net's size is a hedge; without a mark, less than a step is no net.
    const hedges = net.abs().gte(minSize) && order.side === sideAgainst(net) && remainingSize(order).lte(net.abs());
    if (hedges) return [];
    if (input.unlisted) return [{ order, why: reason('order-on-unlisted', '11.6') }];
    if (!gone) return [];
    const why =
      conduct === 'repair'
        ? reason('opens', (input.mode ?? 'trade') === 'trade' ? '8.6' : '16.1')
        : reason('without-partner', '5.7', { account: partner });
    return [{ order, why }];
  });
}

/** The states in which orders of the wrong side go. */
type Deciding = Exclude<TradingState, 'partial-wait' | 'cooldown'>;

function misplacedBy(input: PlanInput, tradingState: Deciding, order: ManagedOrder): Trim[] {
  const wrong = wrongSide(input, tradingState, order);
  if (wrong) return [{ order, why: wrong }];
  // While hedged, the rest of a repair on the opening side is the opening: an untradable rest would block both legs.
  const opens = order.purpose === 'opening' || tradingState === 'equal';
  if (opens && remainingSize(order).lt(input.valuation.smallestTradable)) {
    return [{ order, why: reason('remainder-too-small', '8.2', { size: remainingSize(order).toFixed() }) }];
  }
  return [];
}

/** Why the present state would not submit that side on that account; null: it would. */
function wrongSide(input: PlanInput, tradingState: Deciding, order: ManagedOrder): Reason | null {
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
  }
}
