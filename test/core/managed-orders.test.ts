import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addSent,
  confirm,
  countIntents,
  dropAbsent,
  dropRefused,
  endRest,
  forgetCancel,
  markCancelRequested,
  markUnknown,
  restAfterExhaustion,
  restAfterRefusal,
} from '../../src/core/managed-orders.ts';
import { makePlan } from '../../src/core/plan.ts';
import { d, input, NOW, order, plain, stateWith } from '../support/core.ts';

const COOLDOWN = 300_000;
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

  it('9.4 confirmed once: a later word does not move the moment, and ends the doubt', () => {
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

  it('words about an order that is not live change nothing', () => {
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

describe('9.5 rests', () => {
  it('9.5 post-only attempts used up: the whole cooldown', () => {
    const state = restAfterExhaustion(stateWith(), NOW, COOLDOWN, 5);
    assert.equal(state.restUntilMs, NOW + COOLDOWN);
    assert.match(state.restReason, /5 post-only attempts/);
  });

  it('9.5 any other refusal: 10 s, doubling with each one in a row, up to the cooldown', () => {
    let state = stateWith();
    const rests: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      const atMs = NOW + count * 1_000_000;
      state = restAfterRefusal(state, atMs, COOLDOWN, 'why');
      rests.push((state.restUntilMs ?? 0) - atMs);
    }
    assert.deepEqual(rests, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it('9.5 a hundred refusals in a row rest no longer than the cooldown', () => {
    const state = restAfterRefusal(stateWith({ refusalsInARow: 2000 }), NOW, COOLDOWN, 'why');
    assert.equal(state.restUntilMs, NOW + COOLDOWN);
  });

  it('9.5 after a rest that ended well the next refusal counts as the first', () => {
    const state = restAfterRefusal(endRest(stateWith({ refusalsInARow: 4 })), NOW, COOLDOWN, 'why');
    assert.equal(state.restUntilMs, NOW + 10_000);
  });

  it('9.5 a refusal of the other leg does not shorten the rest after used-up attempts', () => {
    const exhausted = restAfterExhaustion(stateWith(), NOW, COOLDOWN, 5);
    const refused = restAfterRefusal(exhausted, NOW + 1000, COOLDOWN, 'why');
    assert.equal(refused.restUntilMs, NOW + COOLDOWN);
    assert.match(refused.restReason, /5 post-only attempts/);
    assert.equal(refused.refusalsInARow, 1);
  });

  it('9.5 a rest is never shortened, whatever comes second', () => {
    const refused = restAfterRefusal(stateWith({ refusalsInARow: 9 }), NOW, COOLDOWN, 'why');
    assert.equal(restAfterExhaustion(refused, NOW + 1, COOLDOWN, 5).restUntilMs, NOW + 1 + COOLDOWN);
  });
});
