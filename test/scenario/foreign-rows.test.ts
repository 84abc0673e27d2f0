import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { BNB, ourOrders, positionOf, withScene } from './venue.ts';

/** The whole engine over real HTTP, before an exchange whose lists hold rows that concern nobody (strategy 10.4). */

const ODD_ORDERS = [
  { oi: '0xf1', l: [{ i: BNB, s: '0.0', ib: true }], s1: { s: 'SUSPENDED', rr: '' }, m: { co: '' } },
  { oi: '0xf2', l: [null], m: null },
  null,
];
const ODD_POSITION = { i: 'DOT_USDT_Perp', s: '5', mp: '0.0' };
const ODD_INSTRUMENT = { i: 'DOT_USDT_Perp', k: 'PERPETUAL', ts: '0', bd: -3 };

describe('10.4 rows that concern nobody stop nothing', () => {
  it('hedging, the proof of an absence, the start and the stop go on, and each row is reported once', () =>
    withScene(async ({ paper, meddler, start }) => {
      let lost = 0;
      meddler.meddle = ({ route, body }) => {
        const added = (...rows: unknown[]) => ({
          change: (answer: { r: unknown[] }) => ({ ...answer, r: [...rows, ...answer.r] }),
        });
        if (route === 'open_orders' || route === 'order_history') return added(...ODD_ORDERS);
        if (route === 'positions') return added(ODD_POSITION);
        if (route === 'all_instruments') return added(ODD_INSTRUMENT);
        // The first create never arrives: it has to be proven absent from these very lists (9.6).
        if (route === 'create_order' && body?.order !== undefined && lost === 0) {
          lost += 1;
          return 'drop';
        }
        return null;
      };
      const stage = start();
      await stage.until('the lost create is proven absent', () => stage.reported('order.resolved').length > 0);
      assert.equal(stage.reported('order.resolved')[0]?.outcome, 'absent');
      await stage.until(
        'both quotes rest',
        () => stage.reported('order.placed').length >= 2 && ourOrders(paper).length === 2,
      );
      const [id] = ourOrders(paper, 'A');
      paper.exchange.control.fill({ account: 'A', client_order_id: id });
      await stage.until('the fill is booked', () => stage.reported('fill.booked').length > 0);
      assert.notEqual(positionOf(paper, 'A'), '0');
      paper.exchange.control.cancel({
        account: 'B',
        client_order_id: ourOrders(paper, 'B')[0],
        reason: 'CLIENT_CANCEL',
      });
      await stage.until('it is repaired', () =>
        stage.reported('order.placed').some(({ account, purpose }) => account === 'B' && purpose === 'repair'),
      );
      const foreign = stage.reported('order.foreign').map(({ account, orderId }) => `${account} ${orderId}`);
      assert.deepEqual(foreign.sort(), ['A 0xf1', 'A 0xf2', 'B 0xf1', 'B 0xf2']);
      const skipped = stage.reported('row.skipped').map(({ account, call, name }) => `${account} ${call} ${name}`);
      assert.equal(new Set(skipped).size, skipped.length, skipped.join(', '));
      for (const one of ['null instruments DOT_USDT_Perp', 'A positions DOT_USDT_Perp', 'B openOrders ?'])
        assert.ok(skipped.includes(one), `${one} in ${skipped.join(', ')}`);
      assert.equal(await stage.stop(), 0);
      assert.deepEqual(ourOrders(paper), []);
    }));

  it('an order of ours that cannot be read still stops its account', () =>
    withScene(async ({ meddler, start }) => {
      const row = { m: { co: clientOrderIdOf('A', 'buy', 5n) }, s1: { s: 'SUSPENDED' } };
      meddler.meddle = ({ route }) =>
        route === 'open_orders' ? { change: (answer: { r: unknown[] }) => ({ r: [row, ...answer.r] }) } : null;
      const stage = start();
      await stage.until('both accounts fail', () =>
        ['A', 'B'].every((account) => stage.reported('read.failed').some((fact) => fact.account === account)),
      );
      assert.match(stage.reported('read.failed')[0]?.failure.message ?? '', /result\[0\]/);
      assert.equal(meddler.count('create_order'), 0);
    }));
});
