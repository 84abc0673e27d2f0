import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, encode } from '../../src/core/codec.ts';
import { intentKey, makePlan, situationOf } from '../../src/core/plan.ts';
import type { PlanInput } from '../../src/core/plan-input.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { d, input, lot, NOW, order, plain, rest } from '../support/core.ts';

it('8.2 the reason for quoting has the price of an order, and none for an intent', () => {
  const intent = { ...order('B', 'sell', 5, 100), isIntent: true } as const;
  const { idle } = makePlan(input({ a: 5, b: -5, orders: [order('A', 'buy', 5, 99), intent] }));
  assert.ok(idle?.code === 'quoting', idle?.code);
  assert.deepEqual(
    idle.params.orders.map(({ account, price }) => [account, price]),
    [
      ['A', '99'],
      ['B', null],
    ],
  );
});

describe('5 what the state is chosen by', () => {
  it('5.1 a symbol rests until the rest’s last millisecond', () => {
    const resting = (untilMs: number) =>
      situationOf(input({ state: { rests: [rest('B', 'opening', { untilMs })] } })).resting;
    assert.equal(resting(NOW + 1), true);
    assert.equal(resting(NOW), false);
    assert.equal(situationOf(input()).resting, false);
  });

  it('5.2 a partial fill waits while something traded is not booked', () => {
    const half = (booked: number) =>
      situationOf(
        input({ a: 1, b: -1, orders: [order('A', 'buy', 5, 99, { tradedSize: d(1), bookedSize: d(booked) })] }),
      );
    assert.equal(half(0).partialFillWaits, true);
    assert.equal(half(1).partialFillWaits, false);
  });

  it('5.3 an order too small for another reason than the limits is no cap', () => {
    const small = input({ config: { orderNotionalUsdt: d('0.5') } });
    assert.equal(makePlan(small).tradingState, 'equal');
    assert.equal(makePlan(small).idle?.rule, '7.3');
  });

  it('4.3 in partial-wait nothing is created, and it is reported which order waits', () => {
    const plan = makePlan(input({ a: 1, b: 0, orders: [order('A', 'buy', 5, 99, { tradedSize: d(1) })] }));
    assert.equal(plan.tradingState, 'partial-wait');
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.idle?.rule, '4.3');
    assert.match(reasonText(plan.why), /A buy is filled in part: 1 of 5/);
  });

  it('9.5 in cooldown nothing is created', () => {
    const rests = (['A', 'B'] as const).map((account) => rest(account, 'repair', { untilMs: NOW + 4001 }));
    const plan = makePlan(input({ a: 5, state: { rests } }));
    assert.equal(plan.tradingState, 'cooldown');
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.idle?.rule, '9.5');
    assert.match(reasonText(plan.why), /5 s left/);
  });
});

describe('7.3 6.4 denied intents', () => {
  const covered = {
    a: 16,
    lots: [lot(1, 'A', 'buy', 16, 99)],
    orders: [order('B', 'sell', 10, 101)],
  };

  it('7.3 an intent that was denied is not asked for again at once', () => {
    const [intent] = makePlan(input(covered)).creates;
    assert.ok(intent);
    const plan = makePlan(input({ ...covered, denied: [intentKey(intent)] }));
    assert.deepEqual(plan.creates, []);
    assert.equal(plan.idle?.rule, '7.3');
  });

  it('6.4 one past the net waits for a nearer price, and says so', () => {
    const past = { a: 6, strategy: { singleOrderDiffThresholdUsdt: d(0) }, orders: [order('B', 'sell', 6, 101)] };
    const [intent] = makePlan(input(past)).creates;
    assert.ok(intent?.nearerThanPrice);
    assert.equal(makePlan(input({ ...past, denied: [intentKey(intent)] })).idle?.rule, '6.4');
  });

  it('7.3 another size, side, account or guard is another intent', () => {
    const [one] = makePlan(input({ a: 16, lots: [lot(1, 'A', 'buy', 16, 99)] })).creates;
    const [two] = makePlan(input({ a: 16, lots: [lot(1, 'A', 'buy', 16, 98)] })).creates;
    const [three] = makePlan(input({ a: 5, lots: [lot(1, 'A', 'buy', 16, 99)] })).creates;
    const [four] = makePlan(input({ a: -16, lots: [lot(1, 'A', 'sell', 16, 99)] })).creates;
    assert.ok(one && two && three && four);
    assert.equal(new Set([one, two, three, four].map(intentKey)).size, 4);
  });

  it('6.5 with one leg of a pair denied the other is still submitted', () => {
    const [a, b] = makePlan(input()).creates;
    assert.ok(a && b);
    const plan = makePlan(input({ denied: [intentKey(a)] }));
    assert.deepEqual(plan.creates.map(intentKey), [intentKey(b)]);
    assert.equal(plan.idle, null);
  });
});

describe('15 decisions are values', () => {
  it('15 halted: nothing is created in any state', () => {
    for (const positions of [{}, { a: 5 }, { a: 5, b: -5 }]) {
      const plan = makePlan(input({ ...positions, halted: true }));
      assert.deepEqual(plan.creates, []);
      assert.equal(plan.idle?.rule, '15');
    }
  });

  it('11.6 not listed: nothing is created in any state, and what halts it is reported first', () => {
    for (const positions of [{}, { a: 5 }, { a: 5, b: -5 }]) {
      const plan = makePlan(input({ ...positions, unlisted: true }));
      assert.deepEqual(plan.creates, []);
      assert.equal(plan.idle?.rule, '11.6');
      assert.equal(makePlan(input({ ...positions, unlisted: true, halted: true })).idle?.rule, '15');
    }
  });

  it('equal inputs give an equal plan, also after the journal had them', () => {
    for (const from of [input(), input({ a: 5, lots: [lot(1, 'A', 'buy', 5, 99)] }), input({ a: 145, b: -145 })]) {
      const replayed = decode<PlanInput>(encode(from));
      assert.deepEqual(plain(makePlan(replayed)), plain(makePlan(from)));
    }
  });

  it('9.2 intents of a symbol are numbered one after the other', () => {
    assert.deepEqual(
      makePlan(input({ state: { nextIntent: 7 } })).creates.map((intent) => intent.intentId),
      ['BNB_USDT_Perp#7', 'BNB_USDT_Perp#8'],
    );
  });

  it('9.2 an intent that is left out because it was denied uses no number', () => {
    const given = { state: { nextIntent: 7 } };
    const [first] = makePlan(input(given)).creates;
    const denied = first === undefined ? [] : [intentKey(first)];
    assert.deepEqual(
      makePlan(input({ ...given, denied })).creates.map((intent) => intent.intentId),
      ['BNB_USDT_Perp#7'],
    );
  });

  it('6.6 the extreme of the other account’s live prices on the other side is what an intent goes beyond', () => {
    const given = {
      a: 16,
      strategy: { singleOrderDiffThresholdUsdt: d(0) },
      orders: [order('A', 'buy', 1, '98.5'), order('A', 'buy', 1, '99.5'), order('B', 'buy', 1, '100')],
    };
    const [sell] = makePlan(input(given)).creates;
    assert.equal(sell?.beyondPrice?.toFixed(), '99.5');
    const [buy] = makePlan(
      input({ a: -16, orders: [order('A', 'sell', 1, '101.5'), order('A', 'sell', 1, '100.5')] }),
    ).creates;
    assert.equal(buy?.beyondPrice?.toFixed(), '100.5');
  });
});
