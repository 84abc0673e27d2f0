import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { declare } from '../../src/core/declare.ts';
import { makePlan } from '../../src/core/plan.ts';
import { d, fill, input, order, plain, position, snapshot, stateAfter } from '../support/core.ts';

describe('15 what a decision declares', () => {
  const bought = stateAfter([fill('A', 'buy', '2', '100')]);
  const partly = order('B', 'sell', '2', '100', { tradedSize: d('0.5'), bookedSize: d('0.2') });
  const given = input({ a: '2', b: '-0.5', state: { ...bought, orders: [partly] } });
  const A = snapshot('A', position('2', { markPrice: d('101') }), { positionFrom: 7 });
  const B = snapshot('B', null, { positionFrom: 9 });
  const declared = declare(given, makePlan(given), { A, B });

  it('holds what is booked and what waits, beside the position and the message it came from', () => {
    assert.deepEqual(plain(declared.accounts), {
      A: { held: '2', position: { size: '2', markPrice: '101' }, intact: false, from: 7 },
      B: { held: '-0.3', position: null, intact: false, from: 9 },
    });
  });

  it('names every live order with its traded and booked size, and every open lot', () => {
    const [row] = declared.orders;
    assert.deepEqual(plain([row?.clientOrderId, row?.traded, row?.booked]), [partly.clientOrderId, '0.5', '0.2']);
    assert.deepEqual(plain(declared.lots), [{ account: 'A', side: 'buy', size: '2', price: '100' }]);
  });
});
