import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assess } from '../../src/core/assess.ts';
import { type Decimal, max, min, sum, ZERO } from '../../src/core/decimal.ts';
import { lotsNet } from '../../src/core/ledger.ts';
import { addSent, confirm, countIntents, dropRefused } from '../../src/core/managed-orders.ts';
import type { AccountName, Intent, ManagedOrder, Side, SymbolConfig } from '../../src/core/model.ts';
import { otherAccount } from '../../src/core/model.ts';
import { intentKey } from '../../src/core/plan.ts';
import type { PlanInput } from '../../src/core/plan-input.ts';
import { checkSendable, priceFor } from '../../src/core/pricing.ts';
import { begin, reconcile } from '../../src/core/reconcile.ts';
import { emptySymbolState, type SymbolState } from '../../src/core/symbol-state.ts';
import { orderCap } from '../../src/core/trims.ts';
import { config, d, instrument, NOW, seedFor, seen, signed, snapshot, strategy } from '../support/core.ts';

/**
 * The core against a market, closed: its own orders rest on a toy venue inside this file, a price that comes back takes
 * them, and the next decision is made from what that left. No machine, no wire: what core alone can break.
 */

const seed = seedFor('core/closed-loop');

const RULES = instrument({ minNotional: d(5) });
const STRATEGY = strategy();
const STEP_MS = 60_000;
const ORDER_TTL_MS = 3_600_000;
const CENTRE = 1000;
const TICK = d('0.1');

/** Mulberry32: small, seeded, good enough to take orders with. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Resting {
  readonly order: ManagedOrder;
  traded: Decimal;
  over: boolean;
}

/** What a run showed. */
interface Outcome {
  readonly totals: readonly Decimal[];
  readonly fills: number;
  readonly hedges: number;
  readonly partials: number;
  readonly unhedgedSteps: number;
  readonly states: ReadonlySet<string>;
}

class Toy {
  readonly #random: () => number;
  readonly #config: SymbolConfig;
  readonly #resting: Resting[] = [];
  readonly #positions: Record<AccountName, { size: Decimal; entry: Decimal }>;
  #tick = CENTRE;
  #nowMs = NOW;
  #state: SymbolState = emptySymbolState('BNB_USDT_Perp');
  #ids = 0;
  #denied: { key: string; untilMs: number }[] = [];
  readonly totals: Decimal[] = [];
  fills = 0;
  partials = 0;
  unhedgedSteps = 0;
  readonly states = new Set<string>();

  constructor(start: number, limits: SymbolConfig, heldEach: number) {
    this.#random = randomFrom(start);
    this.#config = limits;
    this.#positions = { A: { size: d(heldEach), entry: d(100) }, B: { size: d(-heldEach), entry: d(100) } };
  }

  run(steps: number): Outcome {
    for (let step = 0; step < steps; step += 1) {
      this.#market();
      this.#expire();
      if (!this.#read()) continue;
      this.#decide();
    }
    const { totals, fills, partials, unhedgedSteps, states } = this;
    return { totals, fills, partials, unhedgedSteps, states, hedges: this.#state.realised.hedges };
  }

  /** The mid walks and is drawn back; what it passes is taken whole, what it touches sometimes, and sometimes in part. */
  #market(): void {
    const before = this.#tick;
    const pull = (CENTRE - this.#tick) * 0.03;
    this.#tick = Math.max(500, Math.round(this.#tick + pull + (this.#random() - 0.5) * 12));
    const high = Math.max(before, this.#tick) + 1;
    const low = Math.min(before, this.#tick) - 1;
    for (const one of this.#resting) {
      if (one.over) continue;
      const price = one.order.price.div(TICK).toNumber();
      const sell = one.order.side === 'sell';
      const passed = sell ? price <= this.#tick : price >= this.#tick;
      const touched = sell ? price <= high : price >= low;
      if (passed) this.#fill(one, one.order.size.minus(one.traded));
      else if (touched && this.#random() < 0.7) {
        const left = one.order.size.minus(one.traded);
        const part = this.#random() < 0.4 ? left.mul(this.#random().toFixed(3)) : left;
        this.#fill(one, part.div(RULES.minSize).ceil().mul(RULES.minSize));
      }
    }
  }

  #fill(one: Resting, size: Decimal): void {
    if (size.lte(0)) return;
    one.traded = one.traded.plus(size);
    one.over = one.traded.eq(one.order.size);
    this.fills += 1;
    if (!one.over) this.partials += 1;
    const held = this.#positions[one.order.account];
    held.size = held.size.plus(signed(one.order.side, size));
  }

  #expire(): void {
    for (const one of this.#resting) if (this.#nowMs >= one.order.expirationMs) one.over = true;
  }

  /** Both accounts' readings go into the ledger; on the way it is checked that no fill closed a lot at a loss. */
  #read(): boolean {
    this.#nowMs += STEP_MS;
    const both = { A: this.#snapshot('A'), B: this.#snapshot('B') };
    if (!this.#state.begun) {
      this.#state = begin(this.#state, both, this.#nowMs).state;
      return true;
    }
    for (const account of ['A', 'B'] as const) {
      const before = new Map(this.#state.lots.map((lot) => [lot.id, lot.price]));
      const taken = reconcile(this.#state, both[account], STRATEGY, this.#mark());
      assert.equal(taken.agrees, true, 'the ledger follows every fill');
      for (const fact of taken.facts) {
        if (fact.type !== 'fill.booked') continue;
        const limit = this.#resting.find((one) => one.order.clientOrderId === fact.clientOrderId)?.order.price;
        assert.equal(fact.fillPrice.toFixed(), limit?.toFixed(), 'a maker fills at its price');
        for (const match of fact.matches) {
          const sold = fact.side === 'sell' ? fact.fillPrice : match.lotPrice;
          const bought = fact.side === 'sell' ? match.lotPrice : fact.fillPrice;
          assert.ok(sold.gte(bought), `I2: sold at ${sold} what was bought at ${bought}`);
          const lotPrice = before.get(match.lotId);
          if (lotPrice) assert.equal(lotPrice.toFixed(), match.lotPrice.toFixed());
        }
      }
      this.#state = taken.state;
    }
    for (let index = this.#resting.length - 1; index >= 0; index -= 1)
      if (this.#resting[index]?.over) this.#resting.splice(index, 1);
    return true;
  }

  #snapshot(account: AccountName) {
    const { size, entry } = this.#positions[account];
    const orders = this.#resting
      .filter((one) => one.order.account === account)
      .map((one) =>
        seen(one.order, {
          status: one.over ? (one.traded.eq(one.order.size) ? 'FILLED' : 'CANCELLED') : 'OPEN',
          tradedSize: one.traded,
          avgFillPrice: one.traded.isZero() ? ZERO : one.order.price,
        }),
      );
    const position = size.isZero()
      ? null
      : {
          instrument: 'BNB_USDT_Perp',
          size,
          entryPrice: entry,
          markPrice: this.#mark(),
          eventTimeNs: BigInt(this.#nowMs),
        };
    return snapshot(account, position, { orders, atMs: this.#nowMs });
  }

  #mark(): Decimal {
    return TICK.mul(this.#tick);
  }

  #decide(): void {
    const touch = { bid: TICK.mul(this.#tick - 1), ask: TICK.mul(this.#tick + 1), atMs: this.#nowMs, era: 0 };
    this.#denied = this.#denied.filter((one) => one.untilMs > this.#nowMs);
    const assessment = assess({
      config: this.#config,
      instrument: RULES,
      strategy: STRATEGY,
      state: this.#state,
      snapshots: { A: this.#snapshot('A'), B: this.#snapshot('B') },
      touch,
      staleMs: 10_000,
      loopIntervalMs: 2_000,
      nowMs: this.#nowMs,
      era: 0,
      halted: false,
      unlisted: false,
      denied: this.#denied.map((one) => one.key),
    });
    assert.equal(assessment.kind, 'usable');
    if (assessment.kind !== 'usable') return;
    const { plan, input } = assessment;
    const { valuation } = input;
    this.states.add(plan.tradingState);
    this.totals.push(valuation.totalUsdt);
    if (!valuation.hedged) this.unhedgedSteps += 1;
    assert.equal(lotsNet(input.state.lots).toFixed(), valuation.net.toFixed(), 'I9');
    assert.ok(valuation.hedged || plan.tradingState !== 'capped', `capped while unhedged: ${plan.why}`);

    this.#state = countIntents(input.state, plan.creates);
    for (const intent of plan.creates) this.#create(input, intent);
    for (const { order } of plan.trims) {
      // The venue takes one at once; the next reading says so, as it does of any cancel.
      const one = this.#resting.find((each) => each.order.clientOrderId === order.clientOrderId);
      assert.ok(one, 'only what rests is cancelled');
      one.over = true;
    }
  }

  #create(input: PlanInput, intent: Intent): void {
    const half = { bid: TICK.mul(this.#tick - 1), ask: TICK.mul(this.#tick + 1) };
    const level = (price: Decimal) => [{ price, size: d(1) }];
    const book = { instrument: RULES.name, bids: level(half.bid), asks: level(half.ask), eventTimeNs: 0n };
    const others = this.#state.orders.filter((one) => one.account !== intent.account && one.side !== intent.side);
    const priced = priceFor({
      side: intent.side,
      book,
      guardPrice: intent.guardPrice,
      beyondPrices: [...others.map((one) => one.price), ...(intent.beyondPrice ? [intent.beyondPrice] : [])],
      instrument: RULES,
    });
    assert.ok(priced.ok);
    const sendable = checkSendable({ ...intent, price: priced.price, instrument: RULES });
    if (!sendable.ok) {
      this.#denied.push({ key: intentKey(intent), untilMs: this.#nowMs + 10_000 });
      return;
    }
    this.#judge(input, intent, priced.price);
    this.#ids += 1;
    const clientOrderId = String(this.#ids);
    const { account, side, size, purpose } = intent;
    this.#state = addSent(this.#state, {
      clientOrderId,
      account,
      side,
      size,
      price: priced.price,
      purpose,
      sentAtMs: this.#nowMs + this.#ids,
      expirationMs: this.#nowMs + ORDER_TTL_MS,
    });
    // A tenth is refused as post-only, as happens.
    if (this.#random() < 0.1) {
      this.#state = dropRefused(this.#state, clientOrderId);
      return;
    }
    this.#state = confirm(this.#state, clientOrderId, this.#nowMs);
    const order = this.#state.orders.find((one) => one.clientOrderId === clientOrderId);
    assert.ok(order);
    this.#resting.push({ order, traded: ZERO, over: false });
  }

  /** What strategy 15 says of a create, judged by adding up what rests. */
  #judge(input: PlanInput, intent: Intent, price: Decimal): void {
    const { account, side, size } = intent;
    const { valuation } = input;
    const live = this.#state.orders;
    const mark = valuation.mark;

    assert.ok(live.filter((one) => one.account === account).length < orderCap(input), 'I4');
    assert.ok(size.mod(RULES.minSize).isZero() && size.mul(price).gte(RULES.minNotional), 'I3');
    assert.ok(price.mod(TICK).isZero(), 'I3');
    const crossing = live.some(
      (one) =>
        one.account !== account && one.side !== side && (side === 'sell' ? one.price.gte(price) : one.price.lte(price)),
    );
    assert.ok(!crossing, 'I10');

    if (!valuation.hedged) {
      const against: Side = valuation.net.gt(0) ? 'sell' : 'buy';
      assert.equal(side, against, 'I6');
      const open = sum(live.filter((one) => one.side === against).map((one) => one.size.minus(one.bookedSize)));
      const past = open.plus(size).minus(valuation.net.abs());
      assert.ok(past.mul(mark).lte(this.#config.imbalanceLimitUsdt), 'never past zero by more than the limit');
      if (this.#config.positionMode === 'decrease') assert.ok(past.lte(0), 'never past zero in decrease');
    }

    const remaining = (whose: AccountName, on: Side) =>
      sum(live.filter((one) => one.account === whose && one.side === on).map((one) => one.size.minus(one.tradedSize)));
    const after = (whose: AccountName, on: Side) =>
      valuation.actual[whose]
        .plus(signed(on, remaining(whose, on).plus(whose === account && on === side ? size : ZERO)))
        .abs();
    const other = otherAccount(account);
    if (this.#config.positionMode === 'increase') {
      const own = after(account, side);
      if (own.lte(valuation.actual[account].abs())) return;
      const total = own.plus(max(valuation.actual[other].abs(), after(other, 'buy'), after(other, 'sell')));
      assert.ok(own.mul(mark).lte(this.#config.maxTotalPositionUsdt.div(2)), 'I5: half of the maximum');
      assert.ok(total.mul(mark).lte(this.#config.maxTotalPositionUsdt), 'I5: the maximum');
    } else if (signed(side, valuation.actual[account]).lt(0) && !valuation.sameDirection) {
      const own = valuation.actual[account].abs().minus(remaining(account, side)).minus(size);
      const shrinks: Side = valuation.actual[other].gt(0) ? 'sell' : 'buy';
      const total = own.plus(max(ZERO, valuation.actual[other].abs().minus(remaining(other, shrinks))));
      assert.ok(own.mul(mark).gte(this.#config.minTotalPositionUsdt.div(2)), 'I5: half of the minimum');
      assert.ok(total.mul(mark).gte(this.#config.minTotalPositionUsdt), 'I5: the minimum');
    }
  }
}

const RUNS = 6;
const STEPS = 1500;
/** Of `RUNS`, how many may end short of where they are to get: about one in a hundred does. */
const MOST_SHORT = 2;

const variants: { name: string; over: Partial<SymbolConfig>; heldEach: number }[] = [
  { name: 'increase', over: { positionMode: 'increase' }, heldEach: 0 },
  {
    name: 'increase without an imbalance limit',
    over: { positionMode: 'increase', imbalanceLimitUsdt: d(0) },
    heldEach: 0,
  },
  { name: 'increase from positions held the other way round', over: { positionMode: 'increase' }, heldEach: -10 },
  { name: 'decrease, the larger repairs', over: { positionMode: 'decrease', decreaseRepair: 'larger' }, heldEach: 60 },
  {
    name: 'decrease, the smaller repairs',
    over: { positionMode: 'decrease', decreaseRepair: 'smaller' },
    heldEach: 60,
  },
  {
    name: 'decrease to nothing',
    over: { positionMode: 'decrease', minTotalPositionUsdt: d(0) },
    heldEach: -60,
  },
];

describe('the core trades a market that comes back', () => {
  for (const { name, over, heldEach } of variants) {
    it(`${name}: never a loss, never past a cap or limit, never capped unhedged, and it gets where it is to get`, () => {
      const limits = config({
        orderNotionalUsdt: d(300),
        imbalanceLimitUsdt: d(450),
        maxTotalPositionUsdt: d(12_000),
        minTotalPositionUsdt: d(2000),
        ...over,
      });
      let fills = 0;
      let hedges = 0;
      let partials = 0;
      const short: string[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const start = seed + run;
        const outcome = new Toy(start, limits, heldEach).run(STEPS);
        fills += outcome.fills;
        hedges += outcome.hedges;
        partials += outcome.partials;
        const said = `seed ${start}: ${outcome.fills} fills, total ${outcome.totals.at(-1)?.toFixed(0)}, states ${[...outcome.states].join(' ')}`;
        if (limits.positionMode === 'increase') {
          const most = max(ZERO, ...outcome.totals);
          if (most.lt(limits.maxTotalPositionUsdt.mul('0.9'))) short.push(`got to ${most.toFixed(0)} only; ${said}`);
        } else {
          const [first, ...rest] = outcome.totals;
          const least = min(first ?? ZERO, ...rest);
          const near = limits.minTotalPositionUsdt.mul('1.02').plus(limits.orderNotionalUsdt.mul(2));
          if (least.gt(near)) short.push(`got down to ${least.toFixed(0)} only; ${said}`);
        }
      }
      // A lot dear enough may outlast a run, as it does with the strategy itself; most runs get there.
      assert.ok(short.length <= MOST_SHORT, short.join('\n'));
      assert.ok(
        fills > 200 && hedges > 80 && partials > 20,
        `${fills} fills, ${hedges} hedges, ${partials} partial: it shows nothing`,
      );
    });
  }
});
