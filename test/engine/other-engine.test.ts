import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListedOrder } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { watchOtherEngine } from '../../src/engine/other-engine.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { BNB, ourOrders, type Scene, withScene } from '../scenario/venue.ts';

const own = (number: number) => clientOrderIdOf('A', 'buy', BigInt(number));
const order = (clientOrderId: string) => ({ instrument: BNB, orderId: '0x1', clientOrderId }) as ListedOrder;

describe('11.1 an engine on another machine, by its orders', () => {
  const [X, Y, Z] = [own(1), own(2), own(3)];
  /** The client ids of account A's open orders in each reading, and what the journal knows. */
  const cases: { what: string; readings: string[][]; known?: string[]; found: string | null; read?: number }[] = [
    { what: 'no order', readings: [[]], found: null, read: 1 },
    { what: 'foreign orders alone', readings: [['77']], found: null, read: 1 },
    { what: 'orders of this journal alone', readings: [[X, Y]], known: [X, Y], found: null, read: 1 },
    { what: 'orders that stay', readings: [[X], [X], [X]], found: null },
    { what: 'orders that fill or end', readings: [[X, Y], [Y], []], found: null },
    { what: 'orders that end and are read once more', readings: [[X, Y], [Y], [X, Y]], found: null },
    { what: 'a foreign order that appears', readings: [[X], [X, '77'], [X, '78']], found: null },
    {
      what: 'an order of this journal that comes to rest late',
      readings: [[X], [X, Y], [X, Y]],
      known: [Y],
      found: null,
    },
    { what: 'an order that appears', readings: [[X], [X, Y]], found: Y, read: 2 },
    { what: 'an order that replaces another', readings: [[X], [Y]], found: Y, read: 2 },
    { what: 'an order that appears late', readings: [[X], [X], [Z]], found: Z },
    { what: 'both', readings: [[X, Y], [X], [Z]], known: [Y], found: Z },
  ];
  for (const { what, readings, known = [], found, read = 3 } of cases) {
    it(`${what}: ${found === null ? 'none' : 'another engine'}`, async () => {
      let reading = 0;
      const orders = async () => ({ A: readings[reading++]!.map(order), B: [] });
      const appeared = await watchOtherEngine(orders, (id) => known.includes(id), 0);
      assert.equal(appeared?.clientOrderId ?? null, found);
      assert.equal(reading, read);
    });
  }
});

describe('11.1 a start beside another engine', { concurrency: 3 }, () => {
  function rest({ paper }: Scene, number: number, price: string): void {
    const ours = { account: 'A', instrument: BNB, side: 'buy', size: '0.8', post_only: true } as const;
    paper.exchange.control.order({ ...ours, price, client_order_id: own(number), expires_in_ms: 3_600_000 });
  }
  /** Runs it once the start has read the open orders for the first time. */
  function afterFirstReading(scene: Scene, then: () => void): void {
    let done = false;
    scene.meddler.meddle = (call) => {
      // The first reading is one call per account.
      if (done || call.route !== 'open_orders' || scene.meddler.count('open_orders') <= 2) return null;
      done = true;
      then();
      return null;
    };
  }

  it('is refused with 78 when a new order of ours appears, and places nothing', () =>
    withScene(async (scene) => {
      rest(scene, 1, '619.0');
      afterFirstReading(scene, () => rest(scene, 2, '618.0'));
      const stage = scene.start({ otherEngineWatchMs: 20 });
      const { exitCode, failure } = await stage.engine.stopped;
      assert.equal(exitCode, 78);
      assert.match(
        failure === null ? '' : reasonText(failure),
        new RegExp(`another engine trades these accounts.*order ${own(2)} of account A`),
      );
      assert.equal(scene.meddler.count('create_order') + scene.meddler.count('cancel_order'), 0);
      assert.equal(ourOrders(scene.paper).length, 2);
    }));

  it('goes on when the orders only fill: they are an ended engine’s and taken over', () =>
    withScene(async (scene) => {
      rest(scene, 1, '619.0');
      rest(scene, 2, '618.0');
      afterFirstReading(scene, () => scene.paper.exchange.control.fill({ account: 'A', client_order_id: own(2) }));
      const stage = scene.start({ otherEngineWatchMs: 20 });
      await stage.until('taken over', () => stage.reported('order.adopted').length === 1);
      stage.unbroken();
    }));

  it('goes on, and says so, when the open orders cannot be read', () =>
    withScene(async (scene) => {
      rest(scene, 1, '619.0');
      let failed = 0;
      scene.meddler.meddle = (call) =>
        call.route === 'open_orders' && failed++ < 2 ? { status: 503, text: '' } : null;
      const stage = scene.start({ otherEngineWatchMs: 20 });
      await stage.until('taken over', () => stage.reported('order.adopted').length === 1);
      assert.match(stage.warnings.join(), /whether another engine trades these accounts is unknown: openOrders/);
    }));
});
