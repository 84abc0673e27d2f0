import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addSent,
  confirm,
  countIntents,
  dropAbsent,
  dropRefused,
  forgetCancel,
  markCancelRequested,
  markUnknown,
} from '../../src/core/managed-orders.ts';
import { makePlan } from '../../src/core/plan.ts';
import { d, input, NOW, order, plain, stateWith } from '../support/core.ts';

const sent = {
  clientOrderId: '1',
  account: 'A',
  side: 'buy',
  size: d(2),
  price: d(99),
  purpose: 'opening',
  sentAtMs: NOW,
  expirationMs: NOW + 3_600_000,
} as const;

describe('1 9.4 9.6 what becomes of an order', () => {
  it('1 an order that is about to leave is live, not confirmed, and nothing of it is traded', () => {
    const [one] = addSent(stateWith(), sent).orders;
    assert.deepEqual(plain(one), {
      ...(plain(sent) as object),
      unknown: false,
      confirmedAtMs: null,
      tradedSize: '0',
      avgFillPrice: '0',
      bookedSize: '0',
      bookedValueUsdt: '0',
      firstPartialAtMs: null,
      cancelRequestedAtMs: null,
    });
  });

  it('9.2 the same order is not added twice', () => {
    const once = addSent(stateWith(), sent);
    assert.equal(addSent(once, sent), once);
  });

  it('9.4 confirmed once: a later confirmation keeps the first time, and ends an unknown outcome', () => {
    const unknown = markUnknown(addSent(stateWith(), sent), '1');
    assert.equal(unknown.orders[0]?.unknown, true);
    const confirmed = confirm(unknown, '1', NOW + 5);
    assert.equal(confirmed.orders[0]?.unknown, false);
    assert.equal(confirm(confirmed, '1', NOW + 9).orders[0]?.confirmedAtMs, NOW + 5);
  });

  it('9.5 a refused attempt is gone, and a stale answer does not bring it back', () => {
    const state = dropRefused(addSent(stateWith(), sent), '1');
    assert.deepEqual(state.orders, []);
    assert.deepEqual(state.closed, ['1']);
  });

  it('9.6 an order proven absent is gone, and may be adopted should it appear all the same', () => {
    const state = dropAbsent(addSent(stateWith(), sent), '1');
    assert.deepEqual(state.orders, []);
    assert.deepEqual(state.closed, []);
  });

  it('9.7 a cancel asked for is remembered, and forgotten when it failed', () => {
    const asked = markCancelRequested(addSent(stateWith(), sent), '1', NOW + 7);
    assert.equal(asked.orders[0]?.cancelRequestedAtMs, NOW + 7);
    assert.equal(forgetCancel(asked, '1').orders[0]?.cancelRequestedAtMs, null);
  });

  it('updates of an order that is not live change nothing', () => {
    const state = addSent(stateWith(), sent);
    for (const change of [
      confirm(state, '2', NOW),
      markUnknown(state, '2'),
      markCancelRequested(state, '2', NOW),
      forgetCancel(state, '2'),
    ]) {
      assert.equal(change, state);
    }
  });

  it('only the order meant is changed', () => {
    const other = order('B', 'sell', 2, 101);
    const state = markUnknown(addSent(stateWith({ orders: [other] }), sent), '1');
    assert.deepEqual(
      state.orders.map((one) => one.unknown),
      [false, true],
    );
  });

  it('intents are numbered on', () => {
    const { creates } = makePlan(input());
    assert.equal(countIntents(stateWith({ nextIntent: 5 }), creates).nextIntent, 7);
    const state = stateWith();
    assert.equal(countIntents(state, []), state);
  });
});
