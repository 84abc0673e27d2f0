import { Decimal, max, sum, ZERO } from '../decimal.ts';
import type { AccountName } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import type { Declared } from './declared.ts';
import { isHedged, type Judgement, judge, smallestTradable, type ViewOrder } from './judge.ts';
import { netOf, signed, textOf } from './lots.ts';
import { fault } from './model.ts';
import type { Applies } from './modes.ts';
import type { WireOrder } from './orders.ts';
import type { PositionSeen } from './received.ts';
import type { Audit, Decided } from './state.ts';

/**
 * The second check (strategy 15.2): each create refers to a journalled decision with its inputs. They are compared with
 * the messages received, must include every live order, and are used to derive again whether the create was allowed.
 */

/** Time until a message is merged into the view: a frame, and a look-up, which waits for the read it belongs to. */
const FOLDED_MS = { frame: 1_000, rest: 6_000 };
/** Largest age of a full read with intact streams (strategy 10.3). */
const READING_MAX_MS = 30_000;
/** Time from the engine's decision until the create is sent: signature, journal, a slow disk. */
const LEAVING_MS = 1_000;
/** A position may lag behind the ledger by own fills received within this time (strategy 9.10). */
const LAG_MS = 10_000;
/** Increments tried in all combinations; beyond that only the newest. */
const MAX_COMBINED = 10;

/** I2, I4, I5, I6, I9, I12 of a create that is sent for the first time. */
export function judgeDecision(audit: Audit, order: WireOrder): void {
  const prepared = audit.prepared.get(order.clientOrderId);
  if (prepared === undefined) return;
  const decided = audit.decisions.get(prepared.intentId);
  audit.checked('I9');
  if (decided === undefined) {
    audit.breach(order, 'I12', '15.2', 'a create without a journalled decision', { intent: prepared.intentId });
    return;
  }
  const { declared } = decided;
  const intent = declared.intents.find(({ intentId }) => intentId === prepared.intentId);
  if (intent?.account !== order.account || intent.side !== order.side || !intent.size.eq(order.size)) {
    audit.breach(order, 'I12', '15.2', 'a create that differs from its decision', { size: intent?.size });
    return;
  }
  for (const account of ACCOUNTS) judgePosition(audit, decided, account, order);
  judgeOrders(audit, decided, order);
  judgeLots(audit, decided, order);
  judgeTouch(audit, order, prepared.bid, prepared.ask);
  judgeWorth(audit, decided.atMs, order, prepared.bid);
  judgeReduceOnly(audit, declared, order);
  judgeAllowed(audit, decided, order);
}

/** The declared row is the message's, not too old, and nothing newer about it was ignored (strategy 10.3, 10.6). */
function judgePosition(audit: Audit, { declared, atMs }: Decided, account: AccountName, order: WireOrder): void {
  const { position, from, intact } = declared.accounts[account];
  const seen = audit.received.positions(account, declared.instrument);
  const named = seen.find((one) => one.id === from);
  const size = position?.size ?? ZERO;
  const marksDiffer = position !== null && named?.markPrice?.eq(position.markPrice) !== true;
  if (named === undefined || !named.size.eq(size) || marksDiffer) {
    const detail = { account, size, from, received: named?.size ?? 'no such message' };
    audit.breach(order, 'I12', '15.2', 'a declared position that no such message stated', detail);
    return;
  }
  const reading = seen.findLast((one) => one.kind === 'reading' && one.atMs <= atMs);
  const limitMs = audit.hasStreams ? READING_MAX_MS : audit.settings.staleMs;
  const ageMs = reading === undefined ? Number.POSITIVE_INFINITY : audit.nowMs - reading.askedAtMs;
  if (ageMs > limitMs + LEAVING_MS || named.era !== audit.era) {
    const detail = { account, ageMs, limitMs, era: named.era, eraNow: audit.era };
    audit.breach(order, 'I12', '10.3', 'a create on data that were too old when it left', detail);
  }
  const leftOut = intact ? newestBefore(seen, 'frame', atMs - FOLDED_MS.frame) : undefined;
  const readingLeftOut = newestBefore(seen, 'reading', atMs - limitMs);
  for (const newer of [leftOut, readingLeftOut]) {
    if (newer === undefined || newer.atMs <= named.atMs || newer.size.eq(size)) continue;
    // A later read that contradicts the frame may take precedence over it (strategy 10.6).
    if (newer.kind === 'frame' && named.kind === 'reading' && named.askedAtMs > newer.atMs) continue;
    const detail = { account, size, newer: newer.size, message: newer.id };
    audit.breach(order, 'I12', '15.2', 'a declared position that a later message had replaced', detail);
  }
}

function newestBefore(seen: readonly PositionSeen[], kind: PositionSeen['kind'], beforeMs: number) {
  return seen.findLast((one) => one.kind === kind && one.atMs <= beforeMs);
}

/** Every live order is declared, with what was received about it. */
function judgeOrders(audit: Audit, { declared, atMs }: Decided, order: WireOrder): void {
  for (const live of audit.orders.live(declared.instrument)) {
    const row = declared.orders.find(({ clientOrderId }) => clientOrderId === live.clientOrderId);
    if (row === undefined) {
      // Orders of the same decision are sent after it; orders found meanwhile are adopted by the next one.
      if (live.sentAtMs === null || live.sentAtMs >= atMs) continue;
      const detail = { other: live.clientOrderId };
      audit.breach(order, 'I12', '15.2', 'a decision that leaves a live order out', detail);
      continue;
    }
    const late = sum(live.increments.filter((one) => one.atMs > atMs - FOLDED_MS.rest).map(({ size }) => size.abs()));
    if (row.traded.lt(live.traded.minus(late)) || row.traded.gt(live.traded) || row.size.gt(live.size)) {
      const detail = { other: live.clientOrderId, declared: row.traded, received: live.traded };
      audit.breach(order, 'I12', '15.2', 'a declared order that differs from what was received', detail);
    }
  }
  for (const row of declared.orders) {
    const known = audit.orders.get(row.account, row.clientOrderId);
    if (known !== undefined && !row.traded.gt(known.traded)) continue;
    // A create that waits for a login has its bytes in the journal, and counts as live before it leaves.
    if (known === undefined && row.traded.isZero() && audit.prepared.has(row.clientOrderId)) continue;
    const detail = { other: row.clientOrderId, declared: row.traded, received: known?.traded ?? 'never' };
    audit.breach(order, 'I12', '15.2', 'a declared order that no message stated', detail);
  }
}

/** I9: the lots are those of the bookings and sum to the net; the position agrees, or lags by own fills (9.10). */
function judgeLots(audit: Audit, { declared, atMs }: Decided, order: WireOrder): void {
  const { instrument, accounts, orders, lots } = declared;
  const booked = audit.ledgers.get(instrument)?.lots;
  if (booked !== undefined && textOf([...booked.values()]) !== textOf(lots))
    audit.breach(order, 'I9', '15.2', 'declared lots that do not follow from the bookings', { lots: textOf(lots) });
  const waiting = waitingOf(declared);
  const net = accounts.A.held.plus(accounts.B.held).minus(waiting.A).minus(waiting.B);
  if (!netOf(lots).eq(net))
    audit.breach(order, 'I9', '4.5', 'lots that do not come to the net', { lots: netOf(lots), net });
  for (const account of ACCOUNTS) {
    const lag = accounts[account].held.minus(accounts[account].position?.size ?? ZERO);
    if (lag.isZero()) continue;
    const repairs = order.side === (net.gt(0) ? 'sell' : 'buy') && order.size.lte(net.abs());
    const fills = filledLately(audit, account, instrument, atMs);
    if (repairs && comesTo(fills, lag)) continue;
    const detail = { account, lag, orders: orders.length };
    audit.breach(order, 'I12', '10.5', 'a create while a position contradicts its fills', detail);
  }
}

/** Own fills, newest first, that a position may have lacked at a decision: later attempts of it leave long after. */
function filledLately(audit: Audit, account: AccountName, instrument: string, decidedAtMs: number): Decimal[] {
  // A fill is booked once the view includes it, i.e. when a read in progress has ended.
  const sinceMs = decidedAtMs - LAG_MS - FOLDED_MS.rest;
  const sizes: { readonly atMs: number; readonly size: Decimal }[] = [];
  for (const order of audit.orders.of(account))
    if (order.instrument === instrument) sizes.push(...order.increments.filter(({ atMs }) => atMs >= sinceMs));
  return sizes.sort((one, two) => two.atMs - one.atMs).map(({ size }) => size);
}

/** Whether some of these fills sum to that size. */
function comesTo(fills: readonly Decimal[], size: Decimal): boolean {
  let total = ZERO;
  for (const fill of fills) {
    total = total.plus(fill);
    if (total.eq(size)) return true;
  }
  const few = fills.slice(0, MAX_COMBINED);
  for (let chosen = 1; chosen < 2 ** few.length; chosen += 1)
    if (sum(few.filter((_, index) => (chosen >> index) & 1)).eq(size)) return true;
  return false;
}

/** Largest value of an order at the bid it was priced from, as a share of `order_notional_usdt` (6.2). */
const MOST_SHARE = new Decimal('1.25');

/** I5: an order is worth at most 1.25 × `order_notional_usdt` at the book; without a row there is no limit. */
function judgeWorth(audit: Audit, atMs: number, order: WireOrder, bid: Decimal): void {
  const amounts = appliedTo(audit, order.instrument, atMs).map(({ row }) => row.orderNotionalUsdt);
  const amount = max(ZERO, ...amounts);
  const [worth, most] = [order.size.mul(bid), amount.mul(MOST_SHARE)];
  if (amounts.some((one) => one.isZero()) || worth.lte(most)) return;
  audit.breach(order, 'I5', '6.2', 'worth more than 1.25 times the amount of an order', { worth, most });
}

/** I6: an order with `reduce_only` shrinks a position, with or without its latest fills (strategy 9.13). */
function judgeReduceOnly(audit: Audit, { accounts }: Declared, order: WireOrder): void {
  if (!order.reduceOnly) return;
  const { held, position } = accounts[order.account];
  const shrinks = [held, position?.size ?? ZERO].some((size) => signed(order.side, size).plus(order.size).lte(0));
  if (shrinks) return;
  audit.breach(order, 'I6', '9.13', 'a reduce-only order larger than what it shrinks', { held });
}

/** I3: on the passive side of a book received recently (strategy 7.1, 7.4). */
function judgeTouch(audit: Audit, order: WireOrder, bid: Decimal, ask: Decimal): void {
  const seen = audit.received.touches(order.instrument).findLast((one) => one.bid.eq(bid) && one.ask.eq(ask));
  if (seen === undefined || audit.nowMs - seen.atMs > audit.settings.staleMs + LEAVING_MS)
    audit.breach(order, 'I3', '7.4', 'priced from a book that was not received lately', { bid, ask });
  else if (order.side === 'sell' ? order.price.lt(ask) : order.price.gt(bid))
    audit.breach(order, 'I3', '7.1', 'priced through the touch', { price: order.price, bid, ask });
}

function waitingOf(declared: Declared): Record<AccountName, Decimal> {
  const waiting = { A: ZERO, B: ZERO };
  for (const { account, side, traded, booked } of declared.orders)
    waiting[account] = waiting[account].plus(signed(side, traded.minus(booked)));
  return waiting;
}

/** The create by the rules of strategy 3, 6, 7.2 and 8, on the declared inputs and the orders sent since. */
function judgeAllowed(audit: Audit, { declared, atMs }: Decided, order: WireOrder): void {
  const { instrument, accounts, lots, mark } = declared;
  const applied = appliedTo(audit, instrument, atMs);
  if (applied.length === 0) return;
  // An order that ended since without a further fill covers nothing any more.
  const standing = declared.orders.filter(({ account, clientOrderId, traded }) => {
    const known = audit.orders.get(account, clientOrderId);
    return known === undefined || known.end === null || known.traded.gt(traded);
  });
  const orders: ViewOrder[] = standing.map(({ account, side, price, size, traded, booked }) => {
    return { account, side, price, remaining: size.minus(traded), unbooked: size.minus(booked) };
  });
  for (const live of audit.orders.live(instrument)) {
    if (live.sentAtMs === null || live.sentAtMs < atMs) continue;
    if (declared.orders.some(({ clientOrderId }) => clientOrderId === live.clientOrderId)) continue;
    const { account, side, price, size, traded } = live;
    orders.push({ account, side, price, remaining: size.minus(traded), unbooked: size });
  }
  const view = {
    position: { A: accounts.A.held, B: accounts.B.held },
    waiting: waitingOf(declared),
    markPrice: mark,
    lots,
    orders,
  };
  let liveBefore = 0;
  for (const live of audit.orders.live(instrument)) if (live.account === order.account) liveBefore += 1;
  // If the rules have just changed, the previous ones allow it too (11.8).
  const rules = audit.received.rules.get(instrument) ?? null;
  const previous = audit.received.previousRules.get(instrument)?.rules;
  const create = { ...order, liveBefore, givingWay: audit.givingWay(instrument) };
  const judgements = [rules, ...(previous ? [previous] : [])].flatMap((one) =>
    applied.map(({ row, mode }) => withMode(judge(create, view, row, audit.settings, one), mode)),
  );
  const judgement = judgements.reduce((best, one) => (one.faults.length < best.faults.length ? one : best));
  audit.checked(...judgement.invariants);
  for (const one of judgement.faults) audit.record(one, order);
  if (!isHedged(netOf(lots), smallestTradable(rules, mark, lots))) judgeOutdated(audit, { declared, atMs }, order);
}

/**
 * The rows and modes a create may be based on: the present ones and, if they changed just after its decision, the
 * previous ones. Intents decided before a change are withdrawn (strategy 16.4), except those being sent.
 */
function appliedTo(audit: Audit, instrument: string, decidedAtMs: number): readonly Applies[] {
  const now = audit.applies(instrument);
  const previous = audit.previouslyApplied.get(instrument);
  const isOfBefore =
    previous !== undefined && decidedAtMs <= previous.atMs && audit.nowMs - previous.atMs <= LEAVING_MS;
  return [...(now === null ? [] : [now]), ...(isOfBefore ? [previous.applied] : [])];
}

/** I12: openings only in `trade`, nothing in `hold` (strategy 16.1). */
function withMode(judgement: Judgement, mode: Applies['mode']): Judgement {
  const isForbidden = mode === 'hold' || (mode !== 'trade' && judgement.purpose === 'opening');
  if (!isForbidden) return judgement;
  const forbidden = fault('I12', '16.1', `a create in a mode that forbids it: ${judgement.purpose} in ${mode}`);
  return { ...judgement, faults: [...judgement.faults, forbidden] };
}

/** Once a fill of the symbol is known, nothing decided before is sent (strategy 9.5). */
function judgeOutdated(audit: Audit, { declared, atMs }: Decided, order: WireOrder): void {
  for (const account of ACCOUNTS)
    for (const one of audit.orders.of(account)) {
      if (one.instrument !== declared.instrument) continue;
      const known = one.increments.find((fill) => fill.atMs > atMs && fill.atMs <= audit.nowMs - FOLDED_MS.rest);
      if (known === undefined) continue;
      const detail = { other: one.clientOrderId, fill: known.size };
      audit.breach(order, 'I12', '9.5', 'a create that was decided before a fill that is known', detail);
      return;
    }
}
