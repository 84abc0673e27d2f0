import { Decimal, sum, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import { ACCOUNTS } from '../model.ts';
import { type FillBody, strategyId } from './bodies.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import { netOf, signed, textOf } from './lots.ts';
import type { StartSymbol } from './model.ts';
import type { Audit, Contradiction } from './state.ts';

/**
 * Checks the journalled bookings against the messages received (strategy 15.2): each increment of an order once and at
 * its exact value, no match at a loss (I2), partial fills after their wait (4.3), drift only after the reads of 10.5
 * and at the price paid. The open lots follow from the bookings.
 */

/** The checked fields of a journalled own fill. */
export interface FillBooked {
  readonly instrument: string;
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly fillSize: Decimal;
  readonly fillPrice: Decimal;
  readonly matches: readonly Match[];
}

/** A journalled adopted drift (strategy 10.5). `difference`: signed. */
export interface DriftAdopted {
  readonly instrument: string;
  readonly account: AccountName;
  readonly difference: Decimal;
  readonly price: Decimal;
  readonly matches: readonly Match[];
}

export interface Match {
  readonly kind: string;
  readonly lotId: number;
  readonly lotPrice: Decimal;
  readonly size: Decimal;
}

/** Orders whose booked size is kept: late messages may repeat ended ones. */
const MAX_ORDERS = 512;
/** The price of an increment is a quotient of 60 digits (strategy 4.1). */
const VALUE_TOLERANCE = new Decimal('1e-30');
/** Reads that must show the same difference, and for how long (strategy 10.5), with tolerance for the clocks. */
const DRIFT_READINGS = 3;
const DRIFT_MS = 9_900;
/** The engine knew a history that arrived this long before a booking. */
const HISTORY_KNOWN_MS = 5_000;
/** Fills that moved a position were made at most this long before the difference was seen. */
const FILLED_BEFORE_MS = 5_000;

export function judgeFill(audit: Audit, fill: FillBooked): void {
  audit.checked('I2', 'I9');
  const { instrument, account, clientOrderId, side, fillSize, fillPrice, matches } = fill;
  const ledger = audit.ledgers.get(instrument);
  if (ledger === undefined) return;
  const before = ledger.orders.get(clientOrderId) ?? { size: ZERO, valueUsdt: ZERO };
  const size = before.size.plus(fillSize);
  const valueUsdt = before.valueUsdt.plus(fillSize.mul(fillPrice));
  const order = audit.orders.get(account, clientOrderId);
  const stated = order?.stated.filter(({ traded }) => traded.eq(size)) ?? [];
  const exact = stated.find(({ value }) => value.minus(valueUsdt).abs().lte(VALUE_TOLERANCE));
  if (exact === undefined && !isInHistory(audit, fill, before.size)) {
    const detail = {
      booked: size,
      valueUsdt,
      received: order?.traded ?? 'never',
      values: stated.map(({ value }) => value),
    };
    audit.breach(fill, 'I9', '4.1', 'a booking that no message of its order states', detail);
  }
  const waitedMs = audit.wallMs - (order?.firstPartialAtMs ?? 0);
  const waits =
    order !== undefined && order.end === null && waitedMs >= 0 && waitedMs < audit.settings.partialFillTimeoutMs;
  if (waits && order.firstPartialAtMs !== null)
    audit.breach(fill, 'I9', '4.3', 'a partial fill booked before its wait was over', { waitedMs });
  ledger.orders.delete(clientOrderId);
  ledger.orders.set(clientOrderId, { size, valueUsdt: exact?.value ?? valueUsdt });
  if (ledger.orders.size > MAX_ORDERS) ledger.orders.delete(ledger.orders.keys().next().value as string);
  audit.filled.push({ instrument, account, size: signed(side, fillSize) });
  bookInto(audit, ledger, { ...fill, size: fillSize, price: fillPrice, side, matches });
}

interface Booked {
  readonly instrument: string;
  readonly account: AccountName;
  readonly clientOrderId: string | null;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  readonly matches: readonly Match[];
}

/** I2, 4.4: what a fill closes, and that it closes all it may. The rest becomes a lot, numbered by the next state. */
function bookInto(audit: Audit, ledger: Ledger, fill: Booked): void {
  const { account, side, size, price, matches, instrument } = fill;
  ledger.booked[account] = ledger.booked[account].plus(signed(side, size));
  for (const match of matches) {
    const lot = ledger.lots.get(match.lotId);
    const kind = lot?.account === account ? 'unwind' : 'hedge';
    if (
      lot === undefined ||
      lot.side === side ||
      match.size.gt(lot.size) ||
      !match.lotPrice.eq(lot.price) ||
      match.kind !== kind
    ) {
      audit.breach(fill, 'I9', '4.4', 'a fill matched with a lot that is not there', {
        lot: match.lotId,
        size: match.size,
      });
      continue;
    }
    if (side === 'sell' ? price.lt(lot.price) : price.gt(lot.price))
      audit.breach(fill, 'I2', '4.4', 'a lot closed at a loss', { price, lotPrice: lot.price, size: match.size });
    if (match.size.eq(lot.size)) ledger.lots.delete(lot.id);
    else ledger.lots.set(lot.id, { ...lot, size: lot.size.minus(match.size) });
  }
  const left = size.minus(sum(matches.map((match) => match.size)));
  if (left.isZero()) return;
  for (const lot of ledger.lots.values()) {
    if (lot.side === side || (side === 'sell' ? lot.price.gt(price) : lot.price.lt(price))) continue;
    audit.breach(fill, 'I9', '4.4', 'a fill that leaves a lot it may close', { price, lotPrice: lot.price });
    break;
  }
  audit.opened.push({ instrument, lot: { account, side, size: left, price } });
}

/** Whether a fill history shows it: fills of unmanaged own orders are booked as own, the newest first (10.5). */
function isInHistory(audit: Audit, fill: FillBooked, bookedBefore: Decimal): boolean {
  const { account, clientOrderId, fillSize, fillPrice } = fill;
  return audit.received.histories(account).some(({ fills }) => {
    const its = fills.filter((one) => one.clientOrderId === clientOrderId);
    if (sum(its.map(({ size }) => size.abs())).lt(bookedBefore.plus(fillSize))) return false;
    let [left, value] = [fillSize, ZERO];
    for (const { size, price } of its) {
      const part = size.abs().lt(left) ? size.abs() : left;
      [left, value] = [left.minus(part), value.plus(part.mul(price))];
    }
    return value.minus(fillSize.mul(fillPrice)).abs().lte(VALUE_TOLERANCE);
  });
}

/** A drift was adopted: after three reads with the same difference over ten seconds, at the price paid (10.5). */
export function judgeDrift(audit: Audit, drift: DriftAdopted): void {
  audit.checked('I9');
  const { instrument, account, difference, price, matches } = drift;
  const ledger = audit.ledgers.get(instrument);
  if (ledger === undefined) return;
  audit.settleReading(account);
  const own = audit.filled.filter((one) => one.instrument === instrument && one.account === account);
  const all = difference.plus(sum(own.map(({ size }) => size)));
  const fill = { ...drift, clientOrderId: null };
  const beside = audit.contradiction(account, instrument, all);
  const alike = isLasting(audit, beside) ? beside : audit.contradiction(account, instrument, difference);
  if (alike === null || !isLasting(audit, alike)) {
    const { readings = 0, sinceMs = audit.nowMs } = alike ?? {};
    const detail = { difference, readings, lastedMs: audit.nowMs - sinceMs };
    audit.breach(fill, 'I9', '10.5', 'a drift adopted without the readings that show it', detail);
  } else judgeDriftPrice(audit, drift, alike.sinceMs);
  audit.adoptedAtMs.set(`${account} ${instrument}`, audit.wallMs);
  const side = difference.gt(0) ? 'buy' : 'sell';
  bookInto(audit, ledger, { ...fill, side, size: difference.abs(), price, matches });
}

function isLasting({ nowMs }: Audit, alike: Contradiction | null): boolean {
  return alike !== null && alike.readings >= DRIFT_READINGS && nowMs - alike.sinceMs >= DRIFT_MS;
}

/**
 * At the average of the fills that explain it exactly, else, after a history was requested, at a mark that was
 * received.
 */
function judgeDriftPrice(audit: Audit, drift: DriftAdopted, sinceMs: number): void {
  const { instrument, account, difference, price } = drift;
  const histories = audit.received.histories(account);
  const isPaid = histories.some(({ fills }) =>
    averagePaid(fills, instrument, difference)?.minus(price).abs().lte(VALUE_TOLERANCE),
  );
  if (isPaid) return;
  const marks = ACCOUNTS.flatMap((one) => audit.received.positions(one, instrument)).map(({ markPrice }) => markPrice);
  // With two flat accounts the mid of the book is the mark (strategy 1).
  const middles = audit.received.touches(instrument).map(({ bid, ask }) => bid.plus(ask).div(2));
  // Earlier fills may belong to a previous drift.
  const fromMs = Math.max(
    audit.wallOf(sinceMs) - FILLED_BEFORE_MS,
    audit.adoptedAtMs.get(`${account} ${instrument}`) ?? Number.NEGATIVE_INFINITY,
  );
  const isExplained = histories.some(({ atMs, fills }) => {
    if (atMs < sinceMs || audit.nowMs - atMs < HISTORY_KNOWN_MS) return false;
    const recent = fills.filter((one) => one.atMs > fromMs);
    return averagePaid(recent, instrument, difference) !== null;
  });
  const isAsked = histories.some(({ atMs }) => atMs >= sinceMs);
  if (isAsked && !isExplained && [...marks, ...middles].some((mark) => mark?.eq(price))) return;
  const detail = { price, isAsked, isExplained };
  audit.breach({ instrument, account }, 'I9', '10.5', 'a drift at neither what was paid nor a mark', detail);
}

/** Average price of the newest foreign fills that sum to a difference; null: none do. */
function averagePaid(fills: readonly FillBody[], instrument: string, difference: Decimal): Decimal | null {
  let [come, size, value] = [ZERO, ZERO, ZERO];
  const newestFirst = fills.toSorted((one, two) => two.atMs - one.atMs);
  for (const fill of newestFirst) {
    if (fill.instrument !== instrument || strategyId(fill.clientOrderId ?? '') !== null) continue;
    come = come.plus(fill.size);
    // Fills of the other side cancelled out.
    if (fill.size.isNegative() === difference.isNegative()) {
      size = size.plus(fill.size);
      value = value.plus(fill.size.mul(fill.price));
    }
    if (come.eq(difference)) return value.div(size);
  }
  return null;
}

/**
 * A symbol's state was written: its lots are those of the bookings, with the numbers it assigns (I9). The first state
 * of a symbol starts its ledger (strategy 11.3).
 */
export function judgeState(audit: Audit, state: StartSymbol & { readonly begun: boolean }): void {
  const { instrument } = state;
  if (!state.begun) return;
  audit.checked('I9');
  const ledger = audit.ledgers.get(instrument);
  const opened = audit.opened.filter((one) => one.instrument === instrument);
  audit.opened = audit.opened.filter((one) => one.instrument !== instrument);
  audit.filled = audit.filled.filter((one) => one.instrument !== instrument);
  if (ledger !== undefined) {
    const expected = textOf([...ledger.lots.values(), ...opened.map(({ lot }) => lot)]);
    const written = textOf(state.lots);
    if (expected !== written)
      audit.breach({ instrument }, 'I9', '15.2', 'lots that do not follow from the bookings', { expected, written });
  }
  const net = netOf(state.lots);
  const booked = sum(ACCOUNTS.map((account) => state.booked[account]));
  if (!net.eq(booked))
    audit.breach({ instrument }, 'I9', '4.5', 'lots that do not come to the booked net', { net, booked });
  if (ledger === undefined) {
    // Found at the exchange, and gone from its lists before the symbol's ledger started (11.3): nothing looks it up.
    for (const order of audit.orders.live(instrument)) {
      const isKnown = state.orders.some(({ clientOrderId }) => clientOrderId === order.clientOrderId);
      if (order.sentAtMs === null && order.unlisted && !isKnown) order.end = 'absent';
    }
  }
  const orders = ledger?.orders ?? new Map<string, { size: Decimal; valueUsdt: Decimal }>();
  audit.ledgers.set(instrument, {
    ...ledgerOf(state),
    orders: new Map([...orders, ...ledgerOf(state).orders]),
  });
}
