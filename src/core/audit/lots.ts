import { type Decimal, min, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';

/**
 * The auditor's own lots (strategy 4.4), matched by its own code.
 *
 * The engine and the auditor hear of fills that come close together in the same answers, but may book them in another
 * order, and the order can change which lot is consumed. So the auditor keeps every outcome a correct order of booking
 * could have had, and breaks nobody over the difference: a price is wrong only when it is wrong for each of them.
 */

export interface AuditLot {
  readonly account: AccountName;
  readonly side: Side;
  /** Base units, > 0. */
  readonly size: Decimal;
  readonly price: Decimal;
  /** The wire event that made it known. */
  readonly seq: number;
  readonly atMs: number;
  /** Its price is not settled by the wire alone (drift to flat, strategy 10.5): it counts in size, never as a guard. */
  readonly loose: boolean;
}

export type Lots = readonly AuditLot[];

export interface AuditFill extends AuditLot {
  readonly clientOrderId: string | null;
  /** Since when an engine may have booked it, where that is earlier than fills that come close. */
  readonly sinceMs?: number;
}

export interface AuditMatch {
  readonly kind: 'hedge' | 'unwind';
  readonly size: Decimal;
  /** (sell price − buy price) × size, USDT; never negative. */
  readonly gainUsdt: Decimal;
  readonly heldMs: number;
}

export interface Booked {
  readonly lots: Lots;
  readonly matches: readonly AuditMatch[];
  /** What found no lot it may consume and became a lot itself. */
  readonly left: Decimal;
}

/** How many outcomes of booking order are kept: pairs that could only go at a loss stand for hours, and each doubles them. */
const MAX_READINGS = 32;
const MAX_REORDERED = 4;
/** How long a view may look back (several attempts of one submission) at least; older bookings are settled. */
const RECENT_MS = 120_000;
const MAX_RECENT = 128;

/** Books one fill by strategy 4.4: the other account's lots first, never at a loss, the tightest permitted first. */
export function bookFill(lots: Lots, fill: AuditFill): Booked {
  let left = fill.size;
  const matches: AuditMatch[] = [];
  const remaining = new Map<AuditLot, Decimal>();
  for (const kind of ['hedge', 'unwind'] as const) {
    const candidates = lots.filter(
      (lot) =>
        lot.side !== fill.side &&
        (lot.account !== fill.account) === (kind === 'hedge') &&
        (fill.side === 'sell' ? lot.price.lte(fill.price) : lot.price.gte(fill.price)),
    );
    candidates.sort((one, two) => (fill.side === 'sell' ? two.price.cmp(one.price) : one.price.cmp(two.price)));
    for (const lot of candidates) {
      if (left.isZero()) break;
      const size = min(left, lot.size);
      left = left.minus(size);
      remaining.set(lot, lot.size.minus(size));
      const gain = fill.side === 'sell' ? fill.price.minus(lot.price) : lot.price.minus(fill.price);
      matches.push({ kind, size, gainUsdt: gain.mul(size), heldMs: fill.atMs - lot.atMs });
    }
  }
  const after: AuditLot[] = [];
  for (const lot of lots) {
    const size = remaining.get(lot) ?? lot.size;
    if (!size.isZero()) after.push(size === lot.size ? lot : { ...lot, size });
  }
  if (!left.isZero()) {
    const { account, side, price, seq, atMs, loose } = fill;
    after.push({ account, side, size: left, price, seq, atMs, loose });
  }
  return { lots: after, matches, left };
}

/** Signed sum of lots, base units: buys positive (strategy 4.5). */
export function netOf(lots: Lots): Decimal {
  let net = ZERO;
  for (const lot of lots) net = lot.side === 'buy' ? net.plus(lot.size) : net.minus(lot.size);
  return net;
}

/** The cheapest open lot's price (strategy 3.2); null without lots. */
export function cheapestOf(lots: Lots): Decimal | null {
  let least: Decimal | null = null;
  for (const lot of lots) if (!least || lot.price.lt(least)) least = lot.price;
  return least;
}

/**
 * The price an order of `account` on `side` must not be worse than, when `size` base units (it and the live orders on that
 * side) are taken to fill (strategy 7.2). Null: no lot stands against it, or only lots whose price is not settled.
 */
export function guardOf(lots: Lots, account: AccountName, side: Side, size: Decimal): Decimal | null {
  let left = size;
  let hardest: Decimal | null = null;
  for (const own of [false, true]) {
    const walk = lots.filter((lot) => lot.side !== side && (lot.account === account) === own);
    walk.sort((one, two) => (side === 'sell' ? one.price.cmp(two.price) : two.price.cmp(one.price)));
    for (const lot of walk) {
      if (left.lte(0)) return hardest;
      left = left.minus(lot.size);
      if (lot.loose) continue;
      if (!hardest || (side === 'sell' ? lot.price.gt(hardest) : lot.price.lt(hardest))) hardest = lot.price;
    }
  }
  return hardest;
}

function keyOf(lots: Lots): string {
  const sizes = new Map<string, Decimal>();
  for (const lot of lots) {
    const key = `${lot.account}${lot.side}${lot.price.toString()}${lot.loose}`;
    sizes.set(key, (sizes.get(key) ?? ZERO).plus(lot.size));
  }
  return [...sizes]
    .map(([key, size]) => `${key}:${size.toString()}`)
    .sort()
    .join('|');
}

function distinct(readings: readonly Lots[]): Lots[] {
  if (readings.length === 1) return [readings[0]!];
  const seen = new Map<string, Lots>();
  for (const lots of readings) {
    const key = keyOf(lots);
    if (!seen.has(key) && seen.size < MAX_READINGS) seen.set(key, lots);
  }
  return [...seen.values()];
}

interface Recent {
  readonly fill: AuditFill;
  readonly before: readonly Lots[];
}

/** The lots of one instrument, with what is needed to see them as they were known a little earlier. */
export interface LotBooks {
  /** Books a fill; returns what came of it in each reading, the auditor's own order first. */
  book(fill: AuditFill): readonly Booked[];
  /** Every reading of the lots when A's fills were known up to `seqA` and B's up to `seqB`. */
  at(seqA: number, seqB: number): readonly Lots[];
  readonly current: readonly Lots[];
  /** Starts over with these lots. */
  reset(lots: Lots): void;
  /** Books a fill that an engine may or may not have booked: either way is a reading from now on. */
  bookPerhaps(fill: AuditFill): void;
  /** Takes back an adopted drift that the positions took back: either way is a reading now. */
  withdraw(seq: number, reverse: AuditFill): void;
}

/**
 * @param staleMs fills this close may have been booked in another order: of an account whose polls failed an engine knows
 * later than the wire does, and it decides nothing once they failed for longer (strategy 10.3)
 */
export function createLotBooks(staleMs: number): LotBooks {
  const recentMs = Math.max(RECENT_MS, 2 * staleMs);
  let current: Lots[] = [[]];
  let recent: Recent[] = [];
  /** The readings in which the last fill that was perhaps booked was not. */
  let perhaps: { readonly seq: number; without: Lots[] } | null = null;

  const replay = (from: readonly Lots[], fills: readonly AuditFill[]): Lots[] =>
    from.map((lots) => fills.reduce((state, fill) => bookFill(state, fill).lots, lots));

  return {
    book(fill) {
      const booked = current.map((lots) => bookFill(lots, fill));
      const readings: Lots[] = booked.map((one) => one.lots);
      const close: Recent[] = [];
      for (let index = recent.length - 1; index >= 0 && close.length < MAX_REORDERED; index -= 1) {
        const one = recent[index]!;
        if (
          Math.min(fill.atMs - staleMs, fill.sinceMs ?? fill.atMs) > one.fill.atMs ||
          one.fill.clientOrderId === fill.clientOrderId
        )
          break;
        close.unshift(one);
        readings.push(...replay(one.before, [fill, ...close.map((later) => later.fill)]));
      }
      recent.push({ fill, before: current });
      while (recent.length > MAX_RECENT || fill.atMs - recent[0]!.fill.atMs > recentMs) recent.shift();
      current = distinct(readings);
      if (perhaps) perhaps.without = distinct(replay(perhaps.without, [fill]));
      return booked;
    },
    bookPerhaps(fill) {
      perhaps = { seq: fill.seq, without: current };
      current = distinct([...current.map((lots) => bookFill(lots, fill).lots), ...current]);
      recent = [];
    },
    at(seqA, seqB) {
      const known = (one: Recent): boolean => one.fill.seq <= (one.fill.account === 'A' ? seqA : seqB);
      const firstUnknown = recent.findIndex((one) => !known(one));
      if (firstUnknown === -1) return current;
      const later = recent.slice(firstUnknown + 1).filter(known);
      return distinct(
        replay(
          recent[firstUnknown]!.before,
          later.map((one) => one.fill),
        ),
      );
    },
    get current() {
      return current;
    },
    reset(lots) {
      perhaps = null;
      current = [lots];
      recent = [];
    },
    withdraw(seq, reverse) {
      if (perhaps?.seq === seq) {
        current = perhaps.without;
        recent = [];
        perhaps = null;
        return;
      }
      const index = recent.findIndex((one) => one.fill.seq === seq && one.fill.clientOrderId === null);
      const undone = replay(current, [reverse]);
      if (index === -1) {
        current = undone;
        return;
      }
      const later = recent.slice(index + 1).map((one) => one.fill);
      current = distinct([...replay(recent[index]!.before, later), ...undone]);
      recent = [];
    },
  };
}
