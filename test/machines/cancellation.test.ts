import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AnyActorRef } from 'xstate';
import { cancellationMachine } from '../../machines/cancellation.ts';
import { CANCEL_LOOKUPS_MAX } from '../../src/core/cancellation.ts';
import type { OrderStatus } from '../../src/core/model.ts';
import { TestFailure, testOrder } from '../support/fake-exchange.ts';
import { Bench, deferred } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(cancellationMachine);
after(() => coverage.assertComplete());

test('every state says what it is for, and the chart holds names only', () => assertReadable(cancellationMachine));

const CLIENT_ID = '16140901064495857664';

function cancel(bench: Bench, intact = false): () => AnyActorRef {
  const { exchange, clock, reporter } = bench;
  const input = { childId: 'cancel-1', account: 'A', clientOrderId: CLIENT_ID, exchange, clock, reporter, intact };
  return bench.startAmong(cancellationMachine, { input, inspect: coverage.inspect }).child;
}

/** The account's streams tell that row. */
function seen(child: () => AnyActorRef, status: OrderStatus, id = CLIENT_ID): void {
  child().send({ type: 'order.seen', account: 'A', order: testOrder(id, status), intact: true });
}

function outcome(bench: Bench): string | undefined {
  const reported = bench.last('parent', 'cancellation.reported');
  return (reported?.message as { outcome: string } | undefined)?.outcome;
}

test('a cancel is confirmed by the order’s state, not by the ack (9.7)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) =>
    testOrder(id, bench.exchange.named('order').length < 3 ? 'OPEN' : 'CANCELLED');
  cancel(bench);
  await bench.pass(70);
  assert.equal(outcome(bench), undefined, 'acknowledged, and still open');
  await bench.pass(200);
  assert.equal(outcome(bench), 'over');
  assert.equal(bench.exchange.named('cancelOrder').length, 1);
});

test('a failed cancel may have happened: the order’s state tells (9.6, 9.7)', async () => {
  const bench = new Bench();
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('unknown', 'cancelOrder'));
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
  cancel(bench);
  await bench.pass(100);
  assert.equal(outcome(bench), 'over');
  assert.equal(bench.reported('cancel.failed').length, 1);
});

test('a failed cancel is asked for again, a bounded number of times; then it has failed', async () => {
  const bench = new Bench();
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('rate-limited', 'cancelOrder', 1006));
  bench.exchange.onOrder = () => Promise.reject(new TestFailure('unavailable', 'order'));
  cancel(bench);
  await bench.pass(60_000, 200);
  assert.equal(outcome(bench), 'failed');
  assert.equal(bench.exchange.named('order').length, CANCEL_LOOKUPS_MAX);
  assert.equal(bench.exchange.named('cancelOrder').length, CANCEL_LOOKUPS_MAX);
});

test('an acknowledged cancel of an order that stays open is repeated now and then', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  cancel(bench);
  await bench.pass(60_000, 200);
  assert.equal(outcome(bench), 'failed');
  assert.equal(bench.exchange.named('cancelOrder').length, 4);
});

test('a look-up answered 1004 does not mean that the order is cancelled (9.7)', async () => {
  const bench = new Bench();
  cancel(bench);
  await bench.pass(60_000, 200);
  assert.equal(outcome(bench), 'failed');
});

for (const kind of ['parked', 'unauthenticated'] as const) {
  test(`a cancel answered as ${kind} parks the account (9.8)`, async () => {
    const bench = new Bench();
    bench.exchange.onCancel = () => Promise.reject(new TestFailure(kind, 'cancelOrder', 1001, 'A'));
    cancel(bench);
    await bench.pass(100);
    assert.equal(outcome(bench), 'failed');
    assert.deepEqual(bench.typesReceived('parent').slice(0, 2), ['parking.found', 'cancellation.reported']);
  });
}

for (const status of ['CANCELLED', 'FILLED', 'REJECTED'] as const) {
  test(`an intact stream reports the order as ${status}: the cancel is over without a look-up (9.4, 9.7)`, async () => {
    const bench = new Bench();
    const child = cancel(bench, true);
    await bench.pass(100);
    seen(child, 'OPEN');
    seen(child, status, '16140901064495857665');
    await bench.pass(100);
    assert.equal(outcome(bench), undefined);
    seen(child, status);
    await bench.settle();
    assert.equal(outcome(bench), 'over');
    assert.deepEqual(bench.exchange.named('order'), []);
  });
}

test('a second of silence of intact streams: REST is asked, and the cancel is repeated while the order lives (9.4)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  cancel(bench, true);
  await bench.pass(950);
  assert.equal(bench.exchange.named('order').length, 0);
  await bench.pass(2_100);
  assert.equal(bench.exchange.named('order').length, 3);
  assert.equal(bench.exchange.named('cancelOrder').length, 4);
  assert.equal(outcome(bench), undefined, 'silence is no end');
});

test('a cancel waits for streams only while they are intact: REST is asked at once else (9.4)', async () => {
  const bench = new Bench();
  const acknowledged = deferred<void>();
  bench.exchange.onCancel = () => acknowledged.promise;
  const child = cancel(bench);
  await bench.pass(100);
  child().send({ type: 'streams.changed', account: 'A', intact: true });
  acknowledged.resolve();
  await bench.pass(100);
  assert.equal(bench.exchange.named('order').length, 0);
  child().send({ type: 'streams.changed', account: 'A', intact: false });
  await bench.pass(30);
  assert.equal(bench.exchange.named('order').length, 1);
});

test('a cancel that failed is not waited for: it is looked up at once, and repeated (9.7)', async () => {
  const bench = new Bench();
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('rate-limited', 'cancelOrder', 1006));
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  cancel(bench, true);
  await bench.pass(30);
  assert.equal(bench.exchange.named('cancelOrder').length, 2);
});
