import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DRIFT_MS } from '../../src/core/drift.ts';
import { reconcile } from '../../src/core/reconcile.ts';
import { d, NOW, order, seen, snapshot, stateWith, strategy } from '../support/core.ts';

const LIVE = order('A', 'buy', 10, 99);

/** A live buy of A, and a position that shows it filled while the readings of the order lag behind. */
function adoptedAfter(reading: Parameters<typeof snapshot>[2]): boolean {
  let state = stateWith({ begun: true, orders: [LIVE] });
  let adopted = false;
  for (let times = 0; times <= 3; times += 1) {
    const atMs = NOW + times * DRIFT_MS;
    const taken = reconcile(state, snapshot('A', 10, { ...reading, fills: [], atMs }), strategy(), d(100));
    state = taken.state;
    adopted ||= taken.facts.some((fact) => fact.type === 'drift.adopted');
  }
  return adopted;
}

describe('10.5 drift beside a live order of that account', () => {
  const live = seen(LIVE);
  it('10.5 9.6 an order that a reading shows nowhere holds it: the difference may be its fill', () => {
    assert.equal(adoptedAfter({ orders: [] }), false);
  });
  it('10.5 9.6 so does one that is open by its look-up alone', () => {
    assert.equal(adoptedAfter({ orders: [live], lookedUp: [live.clientOrderId] }), false);
  });
  it('10.5 one that is plainly among the open ones does not', () => {
    assert.equal(adoptedAfter({ orders: [live] }), true);
  });
});
