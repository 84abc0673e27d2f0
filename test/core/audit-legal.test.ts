import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createAuditor } from '../../src/core/audit/index.ts';
import { ceilTo, Decimal, floorTo, max, min } from '../../src/core/decimal.ts';
import type { AccountName, Side } from '../../src/core/model.ts';
import { ACCOUNTS } from '../../src/core/model.ts';
import type { ScriptedOrder } from '../support/wire.ts';
import { INSTRUMENT, SUB_ACCOUNTS, TIMED_OUT, Wire } from '../support/wire.ts';

/**
 * A small trader that keeps the rules, written for this test, in a random market with faults: whatever happens, the auditor
 * finds nothing. With one rule taken away, it finds that.
 */

type Mistake =
  | 'none'
  | 'no guard'
  | 'no limit'
  | 'forgets time-outs'
  | 'grows the net'
  | 'no cancel proof'
  | 'larger repairs';

interface Lot {
  readonly account: AccountName;
  readonly side: Side;
  size: Decimal;
  readonly price: Decimal;
}

const TICK = new Decimal('0.1');
const STEP = new Decimal('0.01');
const ORDER_USDT = new Decimal(200);
const MAX_USDT = new Decimal(2000);

class Trader {
  readonly wire: Wire;
  readonly mistake: Mistake;
  readonly random: () => number;
  lots: Lot[] = [];
  live: ScriptedOrder[] = [];
  repairs = 0;
  known = new Map<ScriptedOrder, Decimal>();
  booked = new Map<ScriptedOrder, Decimal>();
  unknown = new Set<ScriptedOrder>();
  position: Record<AccountName, Decimal> = { A: new Decimal(0), B: new Decimal(0) };

  constructor(mistake: Mistake, random: () => number) {
    this.mistake = mistake;
    this.random = random;
    this.wire = new Wire(
      createAuditor({
        symbols: [
          {
            instrument: INSTRUMENT,
            enabled: true,
            orderNotionalUsdt: ORDER_USDT,
            imbalanceLimitUsdt: new Decimal(100),
            maxTotalPositionUsdt: MAX_USDT,
            minTotalPositionUsdt: new Decimal(0),
            aSideWhenEqual: 'buy',
            positionMode: 'increase',
            decreaseRepair: 'larger',
          },
        ],
        accounts: SUB_ACCOUNTS,
        settings: {
          singleOrderDiffThresholdUsdt: new Decimal(20),
          postOnlyMaxRetry: 5,
          partialFillTimeoutMs: 60_000,
          staleMs: 10_000,
          cancelOnStop: true,
          stopKeepStrategyOrders: 0,
        },
      }),
    );
    this.wire.begin();
  }

  /** The market moves a few ticks; what it crosses fills, whole or in part. */
  market(): void {
    const { wire } = this;
    const bid = max(new Decimal(50), new Decimal(wire.bid).plus(TICK.mul(Math.floor(this.random() * 9) - 4)));
    wire.bid = bid.toFixed(1);
    wire.ask = bid.plus(TICK).toFixed(1);
    wire.mark = bid.plus('0.05').toFixed(2);
    for (const order of wire.orders) {
      if (order.status !== 'OPEN') continue;
      const crossed = order.side === 'buy' ? new Decimal(wire.ask).lte(order.price) : bid.gte(order.price);
      const left = new Decimal(order.size).minus(order.traded);
      if (crossed) wire.fill(order, left.toString());
      else if (this.random() < 0.15) {
        const part = floorTo(left.mul(this.random()), STEP);
        if (part.gt(0)) wire.fill(order, part.toString());
      }
    }
  }

  /** Reads one account and what its poll leaves open. */
  read(account: AccountName): void {
    const { wire } = this;
    wire.poll(account);
    this.position[account] = wire.position[account].size;
    for (const order of [...this.live]) {
      if (order.account !== account) continue;
      if (order.status === 'PENDING') continue;
      const cancelledUnseen = this.mistake === 'no cancel proof' && order.status === 'CANCELLED';
      if (order.status !== 'OPEN' && !cancelledUnseen) wire.lookUp(order);
      this.unknown.delete(order);
      this.known.set(order, order.traded);
      if (order.status === 'OPEN') continue;
      this.live.splice(this.live.indexOf(order), 1);
      this.book(order);
    }
  }

  book(order: ScriptedOrder): void {
    let left = order.traded.minus(this.booked.get(order) ?? 0);
    this.booked.set(order, order.traded);
    const price = new Decimal(order.price);
    for (const own of [false, true]) {
      const fits = this.lots.filter(
        (lot) =>
          lot.side !== order.side &&
          (lot.account === order.account) === own &&
          (order.side === 'sell' ? lot.price.lte(price) : lot.price.gte(price)),
      );
      fits.sort((one, two) => one.price.minus(price).abs().cmp(two.price.minus(price).abs()));
      for (const lot of fits) {
        const size = min(left, lot.size);
        left = left.minus(size);
        lot.size = lot.size.minus(size);
      }
    }
    this.lots = this.lots.filter((lot) => lot.size.gt(0));
    if (left.gt(0)) this.lots.push({ account: order.account, side: order.side, size: left, price });
  }

  guard(account: AccountName, side: Side, size: Decimal): Decimal | null {
    const walk = this.lots.filter((lot) => lot.side !== side);
    walk.sort((one, two) => {
      if (one.account !== two.account) return one.account === account ? 1 : -1;
      return side === 'sell' ? one.price.cmp(two.price) : two.price.cmp(one.price);
    });
    let left = size;
    let hardest: Decimal | null = null;
    for (const lot of walk) {
      if (left.lte(0)) break;
      left = left.minus(lot.size);
      if (!hardest || (side === 'sell' ? lot.price.gt(hardest) : lot.price.lt(hardest))) hardest = lot.price;
    }
    return hardest;
  }

  cancel(order: ScriptedOrder): void {
    this.wire.cancel(order);
    if (order.status === 'OPEN') this.wire.finish(order, 'CANCELLED');
    if (this.mistake === 'no cancel proof') this.wire.wait(100);
    else this.wire.lookUp(order);
    this.live.splice(this.live.indexOf(order), 1);
    this.known.set(order, order.traded);
    this.book(order);
  }

  submit(account: AccountName, side: Side, size: Decimal, guard: Decimal | null): void {
    const { wire } = this;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      let price = new Decimal(side === 'sell' ? wire.ask : wire.bid);
      if (guard) price = side === 'sell' ? max(price, ceilTo(guard, TICK)) : min(price, floorTo(guard, TICK));
      for (const other of this.live) {
        if (other.account === account || other.side === side) continue;
        if (side === 'sell' && price.lte(other.price)) price = new Decimal(other.price).plus(TICK);
        if (side === 'buy' && price.gte(other.price)) price = new Decimal(other.price).minus(TICK);
      }
      const chance = this.random();
      if (chance < 0.15) {
        const order = wire.create(account, side, size.toString(), price.toFixed(1), { ending: 'acknowledged' });
        wire.finish(order, 'REJECTED', 'FAIL_POST_ONLY').lookUp(order).wait(500);
        continue;
      }
      const ending = chance < 0.3 ? TIMED_OUT : 'open';
      const order = wire.create(account, side, size.toString(), price.toFixed(1), { ending });
      if (ending === TIMED_OUT) {
        // It did arrive; the next reads will show it.
        order.status = 'OPEN';
        if (this.mistake === 'forgets time-outs') return;
        this.unknown.add(order);
      }
      this.live.push(order);
      return;
    }
  }

  decide(): void {
    const mark = new Decimal(this.wire.mark);
    const { A, B } = this.position;
    let waiting = new Decimal(0);
    for (const order of this.live) {
      const part = (this.known.get(order) ?? new Decimal(0)).minus(this.booked.get(order) ?? 0);
      waiting = order.side === 'buy' ? waiting.plus(part) : waiting.minus(part);
    }
    const waits = this.live.some((order) => (this.known.get(order) ?? new Decimal(0)).gt(0));
    const net = A.plus(B).minus(waiting);
    const smallest = new Decimal('0.06');
    // Cautious at the edge where the auditor's smallest size depends on lots.
    if (net.abs().gt('0.04') && net.abs().lt('0.2')) return;
    if (net.abs().lt(smallest)) {
      if (waits) return;
      for (const account of ACCOUNTS) {
        if (this.live.some((order) => order.account === account)) continue;
        const held = this.position[account].abs();
        const room = MAX_USDT.div(2)
          .mul('0.97')
          .div(mark)
          .minus(max(held, this.position[account === 'A' ? 'B' : 'A'].abs()));
        const most = this.mistake === 'no limit' ? new Decimal(9) : room;
        const size = floorTo(min(ORDER_USDT.div(mark), most), STEP);
        if (size.lt('0.5')) continue;
        this.submit(account, account === 'A' ? 'buy' : 'sell', size, null);
      }
      return;
    }
    let side: Side = net.gt(0) ? 'sell' : 'buy';
    let ended = false;
    for (const order of [...this.live]) {
      if (this.unknown.has(order)) continue;
      // An order that hedges too may be taken away: then a repair of its own follows.
      if (order.side === side && this.random() < 0.7) continue;
      this.cancel(order);
      ended = true;
    }
    // What the cancels brought to light is read first (9.10).
    if (ended || waits) return;
    if (this.live.some((order) => order.side === side)) return;
    let account: AccountName = A.abs().lt(B.abs()) ? 'A' : 'B';
    if (this.mistake === 'larger repairs') account = account === 'A' ? 'B' : 'A';
    if (this.mistake === 'grows the net') side = side === 'sell' ? 'buy' : 'sell';
    if (this.live.some((order) => order.account === account)) return;
    const room = MAX_USDT.div(2).mul('0.99').div(mark).minus(this.position[account].abs());
    const size = floorTo(min(net.abs(), ORDER_USDT.div(mark).mul('0.98'), room), STEP);
    if (size.lt('0.2')) return;
    this.repairs += 1;
    this.submit(account, side, size, this.mistake === 'no guard' ? null : this.guard(account, side, size));
  }

  run(turns: number): void {
    for (let turn = 0; turn < turns && this.wire.broken.length === 0; turn += 1) {
      this.wire.wait(2_000);
      this.market();
      this.read('A');
      // Now and then something trades between the two reads.
      if (this.random() < 0.2) this.market();
      this.read('B');
      const settled = this.live.every((order) => this.known.has(order) || this.unknown.has(order));
      // An account that was read before the other traded is read again before anything is decided on it.
      if (settled || this.mistake !== 'none') this.decide();
    }
  }
}

/** mulberry32: a seed replays a run. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('a trader that keeps the rules', () => {
  it('breaks no invariant, whatever the market does', () => {
    let hedges = 0;
    let repairs = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => {
        const trader = new Trader('none', seeded(seed));
        trader.run(120);
        hedges += trader.wire.auditor.report().symbols[0]!.hedges;
        repairs += trader.repairs;
        assert.deepEqual(trader.wire.breaches, [], `seed ${seed}`);
      }),
      { numRuns: 60, verbose: 1 },
    );
    assert.ok(hedges > 100 && repairs > 100, `the runs hedged ${hedges} times, with ${repairs} repairs`);
  });
});

describe('a trader that breaks one rule is caught', () => {
  const expected: readonly (readonly [Mistake, RegExp])[] = [
    ['no guard', /^I2 /],
    ['no limit', /^I5 /],
    ['forgets time-outs', /^I[47] /],
    ['grows the net', /^I6 /],
    ['no cancel proof', /^I(4|10|12) /],
    ['larger repairs', /^I6 /],
  ];
  for (const [mistake, invariant] of expected) {
    it(mistake, () => {
      const found = new Set<string>();
      for (let seed = 1; seed <= 12; seed += 1) {
        const trader = new Trader(mistake, seeded(seed));
        trader.run(120);
        for (const one of trader.wire.broken) found.add(one);
      }
      assert.ok(
        [...found].some((one) => invariant.test(one)),
        `found ${[...found].join(', ') || 'nothing'}`,
      );
    });
  }
});
