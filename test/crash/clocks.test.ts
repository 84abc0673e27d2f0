import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../src/core/facts.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import type { PaperOrder } from '../../src/paper/model.ts';
import type { VirtualTime } from '../../src/simulate/virtual-time.ts';
import { BNB } from './scenario.ts';
import { inVirtualTime, type Options, World } from './virtual.ts';

/** Clocks of wall time go on through a crash: what waits, what rests and what is stuck does so from when it began (strategy 11.2). */

const ROW = {
  instrument: BNB,
  order_notional_usdt: 300,
  imbalance_limit_usdt: 300,
  max_total_position_usdt: 20_000,
  min_total_position_usdt: 0,
  a_side_when_equal: 'buy',
  position_mode: 'increase',
};

/** One symbol on a book that stands still, with an engine that trades it. */
async function onStage(options: Options, work: (world: World, time: VirtualTime) => Promise<void>): Promise<void> {
  await inVirtualTime(async (time) => {
    const world = new World(time, { symbols: [ROW], ...options });
    world.exchange.control.book({
      instrument: BNB,
      bids: [{ price: '620', size: '1000' }],
      asks: [{ price: '620.1', size: '1000' }],
      settle: false,
    });
    world.start();
    await work(world, time);
    world.engine?.exchange.close();
    assert.deepEqual(world.breaches, []);
  });
}

async function until(time: VirtualTime, world: World, what: string, condition: () => boolean): Promise<void> {
  const endMs = time.nowMs + 120_000;
  while (!condition()) {
    assert.ok(time.nowMs < endMs, `never: ${what}`);
    world.exchange.advance(time.nowMs);
    await time.run(time.nowMs + 100);
  }
}

function resting(world: World, account: string): PaperOrder[] {
  const found = world.exchange.venue.accounts.find((one) => one.name === account);
  return [...(found?.active.values() ?? [])].filter((order) => order.status === 'OPEN');
}

const bothQuote = (world: World) => () => resting(world, 'A').length === 1 && resting(world, 'B').length === 1;

function fill(world: World, account: string, size?: string): void {
  const [order] = resting(world, account);
  assert.ok(order);
  const part = size === undefined ? {} : { size };
  world.exchange.control.fill({ account, client_order_id: order.clientOrderId, ...part });
}

function saved(world: World): SymbolState {
  const state = world.journal.latest('symbol.state', BNB)?.body;
  assert.ok(state);
  return state as SymbolState;
}

function lastOf<T extends Fact['type']>(world: World, type: T): Extract<Fact, { type: T }> {
  const found = world.facts.findLast((fact) => fact.type === type);
  assert.ok(found, `no ${type}`);
  return found as Extract<Fact, { type: T }>;
}

test('a partial fill waits from when it was first seen, not from the restart (4.3)', () =>
  onStage({ environment: { GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: '30' } }, async (world, time) => {
    await until(time, world, 'both quote', bothQuote(world));
    fill(world, 'A', '0.2');
    await until(time, world, 'it waits', () => world.facts.some((fact) => fact.type === 'fill.waiting'));
    const { untilMs } = lastOf(world, 'fill.waiting');
    await time.run(time.nowMs + 12_000);
    world.kill();
    await until(time, world, 'it is booked', () => world.facts.some((fact) => fact.type === 'fill.booked'));
    const { atMs } = lastOf(world, 'fill.booked');
    assert.ok(atMs >= untilMs && atMs < untilMs + 3_000, `${atMs - untilMs} ms after its clock`);
  }));

test('a rest ends when it would have, and nothing is submitted before (9.5)', () =>
  onStage(
    { environment: { GRVT_HEDGE_POST_ONLY_MAX_RETRY: '2', GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: '40' } },
    async (world, time) => {
      world.exchange.control.faults({
        rules: [{ kind: 'post-only-refusal', rate: 1, route: 'create_order', account: 'A', count: 2 }],
        add: false,
      });
      await until(time, world, 'it rests', () => world.facts.some((fact) => fact.type === 'intent.exhausted'));
      const restUntilMs = saved(world).rests?.[0]?.untilMs;
      assert.ok(restUntilMs);
      await time.run(time.nowMs + 5_000);
      const creates = world.watch.creates;
      world.kill();
      await time.run(restUntilMs - 100);
      assert.equal(world.starts, 2);
      assert.equal(saved(world).rests?.[0]?.untilMs, restUntilMs);
      assert.equal(world.watch.creates, creates, 'an order was sent while it rested');
      await until(time, world, 'it quotes again', bothQuote(world));
      assert.ok(time.nowMs < restUntilMs + 5_000, 'it rested longer');
    },
  ));

test('the unhedged clock runs on, even where nothing but time has passed since it started (12)', () =>
  onStage({ symbols: [{ ...ROW, imbalance_limit_usdt: 0 }] }, async (world, time) => {
    await until(time, world, 'both quote', bothQuote(world));
    // B's opening covers what A's fill leaves, and nothing may join it: there is no order of which to write.
    fill(world, 'A');
    await until(time, world, 'it is booked', () => world.facts.some((fact) => fact.type === 'fill.booked'));
    await time.run(time.nowMs + 3_000);
    const { unhedgedSinceMs } = saved(world);
    assert.ok(unhedgedSinceMs, 'the clock is not in the journal');
    await time.run(time.nowMs + 5_000);
    world.kill();
    await time.run(time.nowMs + 15_000);
    assert.equal(world.starts, 2);
    assert.equal(saved(world).unhedgedSinceMs, unhedgedSinceMs);
  }));

test('an alert that was reported is not reported again by a restart, and the stuck clock that went on raises it in time (12)', () =>
  onStage({ environment: { GRVT_HEDGE_STUCK_HOURS: '0.01' } }, async (world, time) => {
    await until(time, world, 'both quote', bothQuote(world));
    fill(world, 'A');
    await until(time, world, 'it is unhedged', () => world.facts.some((fact) => fact.type === 'fill.booked'));
    const bookedAtMs = time.nowMs;
    await time.run(time.nowMs + 20_000);
    world.kill();
    const stuck = () => world.messages.filter((text) => text.includes('unhedged>'));
    await until(time, world, 'it is reported', () => stuck().length > 0);
    assert.ok(time.nowMs - bookedAtMs < 45_000, `reported after ${time.nowMs - bookedAtMs} ms of 36 s`);
    world.kill();
    await time.run(time.nowMs + 60_000);
    assert.equal(stuck().length, 1, stuck().join('\n—\n'));
  }));

test('somebody trades by hand on A: the engine waits, says so, adopts the difference, hedges it, and alerts once (10.5)', () =>
  onStage({}, async (world, time) => {
    await until(time, world, 'both quote', bothQuote(world));
    const from = world.facts.length;
    // A taker order by hand: bought from the crowd at its ask.
    world.exchange.control.order({
      ...{ account: 'A', instrument: BNB, side: 'buy', size: '0.9', price: '620.1' },
      ...{ post_only: false, expires_in_ms: 60_000 },
    });
    const tradedAtMs = time.nowMs;
    await until(time, world, 'it is seen', () => world.facts.some((fact) => fact.type === 'drift.seen'));
    assert.equal(lastOf(world, 'drift.seen').difference.toFixed(), '0.9');
    await until(time, world, 'it is adopted', () => world.facts.some((fact) => fact.type === 'drift.adopted'));
    const adopted = lastOf(world, 'drift.adopted');
    assert.ok(time.nowMs - tradedAtMs >= 10_000, 'adopted in less than ten seconds');
    // The order that hedges it may leave in the very turn in which it is adopted.
    const meanwhile = world.facts.slice(from, world.facts.indexOf(adopted));
    assert.ok(!meanwhile.some((fact) => fact.type === 'order.sent'), 'an order was sent on data in contradiction');
    assert.equal(`${adopted.account} ${adopted.difference} @ ${adopted.price}`, 'A 0.9 @ 620.1');

    // B hedges it, an order at a time.
    for (let round = 0; round < 3; round += 1) {
      await until(time, world, 'B quotes against it', () => resting(world, 'B').some((order) => !order.buy));
      fill(world, 'B');
      await time.run(time.nowMs + 6_000);
      if (saved(world).lots.length === 0) break;
    }
    assert.deepEqual(saved(world).lots, []);
    const reported = world.messages.filter((text) => /drift/i.test(text) && !/resolved/i.test(text));
    assert.equal(reported.length, 1, reported.join('\n—\n'));
    await time.run(time.nowMs + 120_000);
    assert.equal(world.facts.filter((fact) => fact.type === 'drift.adopted').length, 1);
  }));

test('the same by hand while the engine is down: it is adopted once after the restart (11.2)', () =>
  onStage({}, async (world, time) => {
    await until(time, world, 'both quote', bothQuote(world));
    await time.run(time.nowMs + 5_000);
    world.kill(3_000);
    world.exchange.control.order({
      ...{ account: 'A', instrument: BNB, side: 'buy', size: '0.9', price: '620.1' },
      ...{ post_only: false, expires_in_ms: 60_000 },
    });
    await until(time, world, 'it is adopted', () => world.facts.some((fact) => fact.type === 'drift.adopted'));
    await time.run(time.nowMs + 30_000);
    assert.equal(world.facts.filter((fact) => fact.type === 'drift.adopted').length, 1);
    assert.deepEqual(
      saved(world).lots.map((lot) => `${lot.account} ${lot.side} ${lot.size} @ ${lot.price} ${lot.source}`),
      ['A buy 0.9 @ 620.1 drift'],
    );
  }));
