import { type Decimal, min, ZERO } from '../decimal.ts';
import type { AccountName, Side } from '../model.ts';
import { CERTAIN_POLLS } from './model.ts';

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
const MAX_READINGS = 64;
/** Two time-outs (strategy 9.1): fills that had to be booked so much later than they were heard of may as well have been. */
const LIKELY_MS = 10_000;
const MAX_REORDERED = 4;
/** How far a view looks back (several attempts of one submission), and how long an account is out of reach; older bookings are settled. */
const RECENT_MS = 600_000;
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

/** The readings whose signed sum is `net`: an engine that trades has no other (strategy 4.5). All of them where none is. */
export function comingTo<T>(readings: readonly T[], net: Decimal, lotsOf: (reading: T) => Lots): readonly T[] {
  const right = readings.filter((reading) => netOf(lotsOf(reading)).eq(net));
  return right.length === 0 ? readings : right;
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

/** Each reading once. */
function distinct(readings: readonly Reading[]): Reading[] {
  if (readings.length === 1) return [readings[0]!];
  const seen = new Map<string, Reading>();
  for (const reading of readings) {
    const key = keyOf(reading.lots);
    const former = seen.get(key);
    if (!former || former.movedMs > reading.movedMs) seen.set(key, reading);
  }
  // Sorting is stable: the auditor's own order stays the first.
  return [...seen.values()].sort((one, two) => one.movedMs - two.movedMs);
}

/** An outcome, and by how much fills had to be booked later than they were heard of for it to be, ms in all. */
interface Reading {
  readonly lots: Lots;
  readonly movedMs: number;
}

interface Recent {
  readonly fill: AuditFill;
  before: readonly Reading[];
}

/** How often an account was read whole since an event: an engine knows and books its fills only from a whole poll on. */
export type WholePolls = (account: AccountName, sinceSeq: number) => number;

/** The lots of one instrument, with what is needed to see them as they were known a little earlier. */
export interface LotBooks {
  /** Books a fill; returns what came of it in each reading, the auditor's own order first. */
  book(fill: AuditFill, wholePolls?: WholePolls): readonly Booked[];
  /** Every reading of the lots when A's fills were known up to `seqA` and B's up to `seqB`. */
  at(seqA: number, seqB: number): readonly Lots[];
  readonly current: readonly Lots[];
  /** There were more likely outcomes than are kept, and lots were not used up in any of them since: guards cannot be judged. */
  readonly crowded: boolean;
  /** Starts over with these lots. */
  reset(lots: Lots): void;
  /**
   * Books a drift that an engine may or may not have adopted: either way is a reading from now on. Of the other account's fills
   * it may know some only later.
   */
  bookPerhaps(fill: AuditFill, wholePolls?: WholePolls): void;
  /** The engine's lots are known to come to `net`: readings that do not are dropped, now and in what is kept of before. */
  settle(net: Decimal): void;
  /**
   * The positions moved back by the size of an adopted drift. It never was one, or `reverse` is another of the same size, which
   * an engine that had adopted the first has adopted too: either way is a reading now.
   */
  withdraw(seq: number, reverse: AuditFill): void;
}

/**
 * @param staleMs fills this close may have been booked in another order, and so may those of an account that has hardly been read
 * since, however long ago: of an account whose polls fail an engine knows later than the wire does, and books the other's meanwhile
 */
export function createLotBooks(staleMs: number): LotBooks {
  const recentMs = Math.max(RECENT_MS, 2 * staleMs);
  let current: readonly Reading[] = [{ lots: [], movedMs: 0 }];
  let recent: Recent[] = [];
  /** The readings in which the last fill that was perhaps booked was not. */
  let perhaps: { readonly drift: AuditFill; without: readonly Reading[] } | null = null;
  let crowded = false;

  const replay = (from: readonly Reading[], fills: readonly AuditFill[], movedMs = 0): Reading[] =>
    from.map((reading) => ({
      lots: fills.reduce((lots, fill) => bookFill(lots, fill).lots, reading.lots),
      movedMs: reading.movedMs + movedMs,
    }));
  const kept = (readings: readonly Reading[]): Reading[] => distinct(readings).slice(0, MAX_READINGS);
  const become = (readings: readonly Reading[]): void => {
    const all = distinct(readings);
    const lost = all[MAX_READINGS];
    current = all.slice(0, MAX_READINGS);
    if (lost && lost.movedMs <= LIKELY_MS) crowded = true;
    else if (current.some(({ lots }) => lots.length === 0)) crowded = false;
  };

  /** What comes of it where an engine has booked `fill` before fills that were heard of earlier. */
  const bookedEarlier = (fill: AuditFill, wholePolls: WholePolls): Reading[] => {
    const readings: Reading[] = [];
    const before: AuditFill[] = [];
    const after: AuditFill[] = [];
    let movedMs = 0;
    for (let index = recent.length - 1; index >= 0 && after.length < MAX_REORDERED; index -= 1) {
      const { fill: one, before: from } = recent[index]!;
      const isDrift = fill.clientOrderId === null;
      if (!isDrift && one.clientOrderId === fill.clientOrderId) break;
      const sinceMs = Math.min(fill.atMs, fill.sinceMs ?? fill.atMs);
      const polls = wholePolls(one.account, one.seq);
      const longAgo = Math.min(fill.atMs - staleMs, sinceMs) > one.atMs && polls >= CERTAIN_POLLS;
      // A drift is what a position is left to differ by when the fills of its own account are booked (10.5).
      if (longAgo || (isDrift && one.account === fill.account)) {
        before.unshift(one);
        continue;
      }
      after.unshift(one);
      movedMs += polls === 0 ? 0 : Math.max(0, sinceMs - one.atMs);
      readings.push(...replay(from, [...before, fill, ...after], movedMs));
    }
    return readings;
  };

  return {
    book(fill, wholePolls = () => CERTAIN_POLLS) {
      const booked = current.map(({ lots }) => bookFill(lots, fill));
      const readings = booked.map(({ lots }, index): Reading => ({ lots, movedMs: current[index]!.movedMs }));
      readings.push(...bookedEarlier(fill, wholePolls));
      // An engine that has read the difference less often adopts it after this fill.
      if (perhaps && wholePolls(perhaps.drift.account, perhaps.drift.seq) < CERTAIN_POLLS)
        readings.push(...replay(perhaps.without, [fill, perhaps.drift]));
      recent.push({ fill, before: current });
      while (recent.length > MAX_RECENT || fill.atMs - recent[0]!.fill.atMs > recentMs) recent.shift();
      become(readings);
      if (perhaps) perhaps.without = kept(replay(perhaps.without, [fill]));
      return booked;
    },
    bookPerhaps(fill, wholePolls = () => CERTAIN_POLLS) {
      perhaps = { drift: fill, without: current };
      become([...replay(current, [fill]), ...bookedEarlier(fill, wholePolls), ...current]);
      recent = [];
    },
    at(seqA, seqB) {
      const known = (one: Recent): boolean => one.fill.seq <= (one.fill.account === 'A' ? seqA : seqB);
      const firstUnknown = recent.findIndex((one) => !known(one));
      if (firstUnknown === -1) return current.map(({ lots }) => lots);
      const later = recent.slice(firstUnknown + 1).filter(known);
      const readings = replay(
        recent[firstUnknown]!.before,
        later.map((one) => one.fill),
      );
      return kept(readings).map(({ lots }) => lots);
    },
    get current() {
      return current.map(({ lots }) => lots);
    },
    get crowded() {
      return crowded;
    },
    reset(lots) {
      perhaps = null;
      current = [{ lots, movedMs: 0 }];
      recent = [];
      crowded = false;
    },
    settle(net) {
      if (current.length > 1) current = comingTo(current, net, ({ lots }) => lots);
      let before = net;
      for (let index = recent.length - 1; index >= 0; index -= 1) {
        const one = recent[index]!;
        before = one.fill.side === 'buy' ? before.minus(one.fill.size) : before.plus(one.fill.size);
        if (one.before.length > 1) one.before = comingTo(one.before, before, ({ lots }) => lots);
      }
    },
    withdraw(seq, reverse) {
      const undone = replay(current, [reverse]);
      if (perhaps?.drift.seq === seq) {
        const { without } = perhaps;
        become([...without, ...comingTo(undone, netOf(without[0]!.lots), ({ lots }) => lots)]);
        recent = [];
        perhaps = null;
        return;
      }
      const index = recent.findIndex((one) => one.fill.seq === seq && one.fill.clientOrderId === null);
      if (index === -1) {
        current = undone;
        return;
      }
      const later = recent.slice(index + 1).map((one) => one.fill);
      become([...replay(recent[index]!.before, later), ...undone]);
      recent = [];
    },
  };
}
