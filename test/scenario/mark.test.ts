import assert from 'node:assert/strict';
import { test } from 'node:test';
import { symbolRow } from '../support/engine-stage.ts';
import { BNB, type Scene, stateOf, withScene } from './venue.ts';

/** Sizes of what rests at the exchange, of both accounts. */
function sizes(scene: Scene): string[] {
  return stateOf(scene.paper).accounts.flatMap(({ open_orders }) =>
    open_orders.filter(({ state }) => state.status === 'OPEN').map(({ legs }) => legs[0]?.size ?? ''),
  );
}

test('3.1 6.2 positions that show a hundredth of the mark just after a pair filled make no order of the wrong size', () =>
  withScene(async (scene) => {
    const { control } = scene.paper.exchange;
    control.book({
      instrument: BNB,
      bids: [{ price: '599.9', size: '500' }],
      asks: [{ price: '600.1', size: '500' }],
      settle: true,
    });
    control.position({ account: 'A', instrument: BNB, size: '1' });
    control.position({ account: 'B', instrument: BNB, size: '-1' });
    const amounts = { order_notional_usdt: '1000', max_total_position_usdt: '12000' };
    const stage = scene.start({ symbols: [symbolRow(BNB, amounts)] });
    await stage.until('both quote', () => sizes(scene).length === 2);
    assert.deepEqual(sizes(scene), ['1.66', '1.66']);

    control.mark({ instrument: BNB, price: '6' });
    for (const { account, open_orders } of stateOf(scene.paper).accounts) {
      for (const { metadata } of open_orders) control.fill({ account, client_order_id: metadata.client_order_id });
    }
    await stage.until('the mark is doubted', () => stage.reported('symbol.idle').some(({ why }) => why.rule === '3.1'));
    assert.deepEqual(sizes(scene), []);

    control.mark({ instrument: BNB });
    await stage.until('both quote again', () => sizes(scene).length === 2);
    assert.deepEqual(sizes(scene), ['1.66', '1.66']);
    assert.deepEqual(stage.reported('invariant.broken'), []);
    assert.equal(await stage.stop(), 0);
  }));
