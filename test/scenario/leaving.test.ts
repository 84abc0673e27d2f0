import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lotsNet } from '../../src/core/ledger.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { type EngineStage, symbolRow } from '../support/engine-stage.ts';
import { BNB, ourOrders, positionOf, type Scene, stateOf, withScene } from './venue.ts';

/** 16.3: rows that go while the engine is down, and own orders that nobody's row names. */

const SOL = 'SOL_USDT_Perp';
const TOGETHER = { concurrency: 4 };
const BOTH = [symbolRow(BNB), symbolRow(SOL, { order_notional_usdt: 200 })];

function on({ paper }: Scene, instrument: string): string[] {
  return stateOf(paper)
    .accounts.flatMap((one) => one.open_orders)
    .filter((order) => order.legs[0]?.instrument === instrument)
    .map((order) => order.metadata.client_order_id)
    .filter((id) => ourOrders(paper).includes(id));
}

/** An engine that quotes both symbols and ends as after `kill -9`; its journal. */
async function killedQuoting(scene: Scene): Promise<EngineJournal> {
  const stage = scene.start({ symbols: BOTH });
  await stage.until('both quote', () => on(scene, BNB).length === 2 && on(scene, SOL).length === 2);
  await stage.until('it knows', () =>
    [BNB, SOL].every((name) => stage.symbol(name).state.orders.filter((one) => one.confirmedAtMs).length === 2),
  );
  stage.kill();
  return stage.journal;
}

const left = (stage: EngineStage, name: string) =>
  stage.reported('symbol.left').filter((fact) => fact.instrument === name);

/** Everything of the instrument is hedged or flat and nothing rests there, and nothing was ever opened. */
async function windsDown(scene: Scene, stage: EngineStage, name: string): Promise<void> {
  await stage.until(`${name} has left`, () => left(stage, name).length === 1);
  assert.deepEqual(on(scene, name), []);
  const openings = stage.facts.filter(
    (fact) => fact.type === 'order.sent' && fact.instrument === name && fact.purpose === 'opening',
  );
  assert.deepEqual(openings, []);
  assert.equal(await stage.stop(), 0);
}

describe('16.3 a row that is gone at the start', TOGETHER, () => {
  it('16.3 all rows disabled, one in another spelling, with quotes resting: everything is wound down', () =>
    withScene(async (scene) => {
      const journal = await killedQuoting(scene);
      const stage = scene.start({
        symbols: [symbolRow(BNB, { enabled: false }), symbolRow(SOL.toUpperCase(), { enabled: false })],
        journal,
      });
      await stage.until('BNB has left', () => left(stage, BNB).length === 1);
      assert.deepEqual(
        stage.reported('symbol.leaving').map((fact) => fact.leaving),
        ['disabled', 'disabled'],
      );
      await windsDown(scene, stage, SOL);
    }));

  it('16.3 removed, one filled while the engine was down: the net is repaired by its last row, and the positions stay', () =>
    withScene(async (scene) => {
      const journal = await killedQuoting(scene);
      const [id] = on(scene, SOL).filter((one) => ourOrders(scene.paper, 'A').includes(one));
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id ?? '' });
      const stage = scene.start({ symbols: [symbolRow(BNB)], journal });
      await stage.until('booked', () => stage.reported('fill.booked').some((fact) => fact.instrument === SOL));
      assert.ok(!lotsNet(stage.symbol(SOL).state.lots).isZero());
      assert.equal(stage.symbol(SOL).config.orderNotionalUsdt.toFixed(), '200');
      const repair = () =>
        stage.symbol(SOL).state.orders.find((one) => one.account === 'B' && one.purpose === 'repair');
      await stage.until('B repairs', () => repair()?.confirmedAtMs != null);
      scene.paper.exchange.control.fill({ account: 'B', client_order_id: repair()?.clientOrderId ?? '' });
      await windsDown(scene, stage, SOL);
      const [fact] = left(stage, SOL);
      assert.equal(Number(fact?.sizes.A.toFixed()), Number(positionOf(scene.paper, 'A', SOL)));
      assert.notEqual(Number(fact?.sizes.A.toFixed()), 0);
      // What it holds is nobody's any more: not taken up again by the next start.
      const next = scene.start({ symbols: [symbolRow(BNB)], journal });
      await next.until('it polls', () => next.reported('account.polled').length >= 4);
      assert.deepEqual(next.reported('symbol.leaving'), []);
      assert.equal(await next.stop(), 0);
    }));

  it('16.3 kept by a clean stop, then removed: they are cancelled', () =>
    withScene(async (scene) => {
      const env = { GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS: '1' };
      const first = scene.start({ symbols: BOTH, env });
      await first.until('both quote', () => on(scene, BNB).length === 2 && on(scene, SOL).length === 2);
      await first.stop();
      assert.equal(on(scene, SOL).length, 2);
      const stage = scene.start({ symbols: [symbolRow(BNB)], journal: first.journal });
      await windsDown(scene, stage, SOL);
    }));

  it('9.6 16.3 a create of unknown outcome in the journal: found out, cancelled, left', () =>
    withScene(async (scene) => {
      scene.paper.exchange.control.faults({
        rules: [{ kind: 'reset-after', rate: 1, route: 'create_order' }],
        add: false,
      });
      const first = scene.start({ symbols: [symbolRow(SOL)] });
      await first.until('they rest', () => on(scene, SOL).length > 0);
      first.kill();
      scene.paper.exchange.control.faults({ rules: [], add: false });
      const stage = scene.start({ symbols: [symbolRow(BNB)], journal: first.journal });
      await windsDown(scene, stage, SOL);
    }));
});

describe('16.3 own orders that no row names', TOGETHER, () => {
  const rest = ({ paper }: Scene, number: number, instrument = SOL): string => {
    const id = clientOrderIdOf('A', 'buy', BigInt(number));
    const price = Number(stateOf(paper).instruments.find((one) => one.instrument === instrument)?.mark_price) * 0.97;
    paper.exchange.control.order({
      ...{ account: 'A', instrument, side: 'buy', size: '2', price: price.toFixed(1), client_order_id: id },
      ...{ post_only: true, expires_in_ms: 3_600_000 },
    });
    return id;
  };

  it('16.3 at the start, of an instrument that no journal knows: cancelled', () =>
    withScene(async (scene) => {
      rest(scene, 7);
      const stage = scene.start();
      await stage.until('taken up', () => stage.reported('symbol.leaving').length === 1);
      assert.equal(stage.reported('symbol.leaving')[0]?.leaving, 'unconfigured');
      await windsDown(scene, stage, SOL);
    }));

  it('16.3 while running: cancelled, and what it filled is repaired, never opened', () =>
    withScene(async (scene) => {
      const stage = scene.start();
      await stage.until('it quotes', () => ourOrders(scene.paper).length === 2);
      const id = rest(scene, 8);
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.1' });
      const placed = () => stage.reported('order.placed').filter((fact) => fact.instrument === SOL);
      await stage.until('it repairs', () => placed().length > 0);
      const [first] = placed();
      assert.deepEqual([first?.account, first?.side, first?.purpose], ['A', 'sell', 'repair'], 'A shrinks');
      assert.ok(first?.size.lt('0.1'), 'by the smallest tradable size');
      assert.ok(!on(scene, SOL).includes(id), 'the order is cancelled');
      assert.equal(await stage.stop(), 0);
    }));

  it('16.3 15 the stop while such an order filled unseen reports no false invariant', () =>
    withScene(async (scene) => {
      const journal = await killedQuoting(scene);
      const stage = scene.start({ symbols: [symbolRow(BNB)], journal });
      await stage.until('begun', () => stage.reported('account.polled').length >= 2);
      const [id] = on(scene, SOL);
      if (id !== undefined) {
        const account = ourOrders(scene.paper, 'A').includes(id) ? 'A' : 'B';
        scene.paper.exchange.control.fill({ account, client_order_id: id });
      }
      assert.equal(await stage.stop(), 0);
      assert.deepEqual(ourOrders(scene.paper), []);
    }));
});
