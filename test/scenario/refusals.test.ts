import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccountName } from '../../src/core/model.ts';
import type { EngineStage } from '../support/engine-stage.ts';
import { symbolRow } from '../support/engine-stage.ts';
import { BNB, type Scene, stateOf, withScene } from './venue.ts';

/** Each with an exchange and an engine of its own. */
const TOGETHER = { concurrency: 2 };

/** What rests at the exchange for an account. */
function resting(scene: Scene, account: AccountName) {
  const found = stateOf(scene.paper).accounts.find((one) => one.account === account);
  const open = (found?.open_orders ?? []).filter(({ state }) => state.status === 'OPEN');
  return open.map((order) => ({
    id: order.metadata.client_order_id,
    size: order.legs[0]?.size ?? '',
    price: order.legs[0]?.limit_price ?? '',
  }));
}

function fillWhole(scene: Scene, account: AccountName): void {
  const [order] = resting(scene, account);
  assert.ok(order, `nothing of ${account} rests`);
  scene.paper.exchange.control.fill({ account, client_order_id: order.id });
}

/** Positions of 3 each, a book at 600 / 601, both accounts quoting. */
async function quoting(scene: Scene, changes: Readonly<Record<string, unknown>> = {}): Promise<EngineStage> {
  const { control } = scene.paper.exchange;
  control.book({
    instrument: BNB,
    bids: [{ price: '600.3', size: '50' }],
    asks: [{ price: '600.8', size: '50' }],
    settle: true,
  });
  control.position({ account: 'A', instrument: BNB, size: '3' });
  control.position({ account: 'B', instrument: BNB, size: '-3' });
  const stage = scene.start({ symbols: [symbolRow(BNB, changes)] });
  await stage.until('both quote', () => resting(scene, 'A').length === 1 && resting(scene, 'B').length === 1);
  return stage;
}

describe('11.8 rules that change while the engine runs', TOGETHER, () => {
  it('9.5 a larger tick is read after the first 2064, and the net is repaired on it', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      scene.paper.exchange.control.rules({ instrument: BNB, tick_size: '1' });
      fillWhole(scene, 'A');
      scene.paper.exchange.control.cancel({
        account: 'B',
        client_order_id: resting(scene, 'B')[0]?.id,
        reason: 'CLIENT_CANCEL',
      });
      await stage.until('a repair rests on the new tick', () =>
        resting(scene, 'B').some(({ price }) => price === '601.0'),
      );
      assert.deepEqual(
        stage.reported('order.refused').map(({ code }) => code),
        [2064],
      );
      assert.deepEqual(
        stage.reported('instrument.changed').map(({ changes }) => changes),
        [[{ rule: 'tick_size', from: '0.1', to: '1' }]],
      );
      assert.equal(await stage.stop(), 0);
    }));

  it('9.5 a larger step: what it leaves of a lot is dust, the rest is hedged in whole steps', () =>
    withScene(async (scene) => {
      const stage = await quoting(scene);
      scene.paper.exchange.control.rules({ instrument: BNB, min_size: '0.5' });
      // 0.83 of A is filled; of B, whose order is off the step by now, nothing rests any more.
      const [order] = resting(scene, 'B');
      scene.paper.exchange.control.fill({ account: 'A', client_order_id: resting(scene, 'A')[0]?.id ?? '' });
      scene.paper.exchange.control.cancel({ account: 'B', client_order_id: order?.id, reason: 'CLIENT_CANCEL' });
      await stage.until(
        'a repair in whole steps',
        () => resting(scene, 'B').some(({ size }) => size === '0.5'),
        20_000,
      );
      fillWhole(scene, 'B');
      await stage.until('hedged but for dust', () => stage.symbol(BNB).toldPhase === 'equal', 10_000);
      assert.equal(await stage.stop(), 0);
    }));
});
