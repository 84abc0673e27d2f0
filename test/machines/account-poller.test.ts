import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { accountPollerMachine, BACK_OFF_MAX_MS, PARKED_RETRY_MS } from '../../machines/account-poller.ts';
import { HISTORY_DEFAULT_MS, HISTORY_MARGIN_MS } from '../../machines/account-reads.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { AccountPolled } from '../../src/core/messages.ts';
import type { AccountSnapshot, Position, SymbolSnapshot } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { LOOKUPS_MAX, SUMMARY_EVERY_MS } from '../../src/core/polling/memory.ts';
import type { Reason } from '../../src/core/reasons.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { type FakeExchange, TestFailure, testOrder } from '../support/fake-exchange.ts';
import { BENCH_START_MS, Bench, deferred } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(accountPollerMachine);
after(() => coverage.assertComplete());

test('every state says what it is for, and the chart holds names only', () => assertReadable(accountPollerMachine));

const BNB = 'symbol:BNB_USDT_Perp';
const SOL = 'symbol:SOL_USDT_Perp';
const INTERVAL_MS = 2_000;

function poll(bench: Bench, instruments = ['BNB_USDT_Perp', 'SOL_USDT_Perp']) {
  const { exchange, clock, reporter } = bench;
  const reconnected: string[] = [];
  const reconnectStreams = (_account: string, why: Reason) => reconnected.push(reasonText(why));
  const input = { account: 'A', instruments, exchange, clock, reporter, loopIntervalMs: INTERVAL_MS, reconnectStreams };
  const listeners = [BNB, SOL, 'gateway', 'daemon', 'alert-manager'];
  const { child } = bench.startAmong(accountPollerMachine, {
    input,
    listeners,
    systemId: 'poller:A',
    inspect: coverage.inspect,
  });
  return {
    reconnected,
    send: (event: { type: string } & Record<string, unknown>) => child().send(event),
    state: () => child().getSnapshot().value,
  };
}

/** Types of the messages an actor received, without `poller.started`. */
const reported = (bench: Bench, by: string): string[] =>
  bench.typesReceived(by).filter((type) => type !== 'poller.started');

const id = (n: number): string => clientOrderIdOf('A', 'buy', BigInt(n));
const slice = (bench: Bench, by = BNB) => bench.last(by, 'snapshot.received')?.snapshot as SymbolSnapshot | undefined;
const position = (instrument: string): Position => ({
  instrument,
  size: decimal('-1'),
  entryPrice: decimal('600'),
  markPrice: decimal('601'),
  eventTimeNs: 1n,
});

test('one poll reads all three at once, gives each symbol its slice, and waits after the work (10.1)', async () => {
  const bench = new Bench();
  const slow = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => slow.promise;
  bench.exchange.onOpenOrders = async () => [
    testOrder(id(1), 'OPEN'),
    testOrder('77', 'OPEN'),
    testOrder(id(2), 'OPEN', { instrument: 'SOL_USDT_Perp' }),
  ];
  poll(bench);
  assert.deepEqual(
    bench.exchange.calls.map(({ name }) => name),
    ['positions', 'openOrders', 'accountSummary'],
  );
  await bench.pass(1_000, 100);
  assert.deepEqual(reported(bench, BNB), []);
  slow.resolve([position('BNB_USDT_Perp')]);
  await bench.pass(INTERVAL_MS - 100, 100);
  assert.equal(bench.exchange.named('positions').length, 1);
  const bnb = slice(bench);
  assert.equal(bnb?.requestedAtMs, BENCH_START_MS, 'the moment before the first read left');
  assert.equal(bnb?.receivedAtMs, BENCH_START_MS + 1_000);
  assert.deepEqual(
    bnb?.orders.map(({ clientOrderId }) => clientOrderId),
    [id(1)],
    'no foreign order, no other instrument',
  );
  assert.equal(bnb?.position?.size.toFixed(), '-1');
  assert.equal(slice(bench, SOL)?.position, null);
  const whole = bench.last('daemon', 'account.polled')?.snapshot as AccountSnapshot;
  assert.equal(whole.openOrders.length, 3, 'the daemon gets the foreign order too');
  assert.equal(bench.reported('account.polled')[0]?.elapsedMs, 1_000);
  await bench.pass(200, 100);
  assert.equal(bench.exchange.named('positions').length, 2);
});

for (const call of ['onPositions', 'onOpenOrders', 'onSummary'] as const) {
  test(`a failed read (${call}) is never an empty one: no snapshot, and everyone is informed (10.3)`, async () => {
    const bench = new Bench();
    bench.exchange[call] = (): Promise<never> => Promise.reject(new TestFailure('unavailable', call, null, 'A'));
    poll(bench);
    await bench.settle();
    assert.deepEqual(reported(bench, BNB), ['snapshot.failed']);
    assert.deepEqual(reported(bench, SOL), ['snapshot.failed']);
    assert.equal(bench.last('daemon', 'account.failed')?.inARow, 1);
    assert.equal(bench.reported('read.failed')[0]?.failure.call, call);
  });
}

test('fills are read only for a symbol that asks, and one history that fails keeps none from its snapshot (10.5)', async () => {
  const bench = new Bench();
  const fill = {
    instrument: 'BNB_USDT_Perp',
    side: 'sell',
    size: decimal('5'),
    price: decimal('700'),
    clientOrderId: '0',
  } as const;
  bench.exchange.onFills = async () => [
    { ...fill, timeMs: BENCH_START_MS },
    { ...fill, timeMs: BENCH_START_MS - 9_000 },
    { ...fill, instrument: 'SOL_USDT_Perp', timeMs: BENCH_START_MS },
  ];
  const actor = poll(bench);
  await bench.settle();
  assert.equal(bench.exchange.named('fillHistory').length, 0);
  assert.equal(slice(bench)?.fills, undefined);
  const sinceMs = BENCH_START_MS - 5_000;
  actor.send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [], fillsSinceMs: sinceMs });
  await bench.pass(INTERVAL_MS, 100);
  assert.deepEqual(bench.exchange.named('fillHistory')[0]?.args, ['A', sinceMs]);
  assert.deepEqual(
    slice(bench)?.fills?.map(({ timeMs }) => timeMs),
    [BENCH_START_MS],
    'its own, since then',
  );
  assert.equal(slice(bench, SOL)?.fills, undefined);
  bench.exchange.onFills = () => Promise.reject(new TestFailure('unavailable', 'fillHistory', null, 'A'));
  await bench.pass(INTERVAL_MS, 100);
  assert.equal(slice(bench)?.fills, null);
  assert.equal(bench.reported('read.failed')[0]?.failure.call, 'fillHistory');
});

test('failures in a row wait longer each time, up to a bound; a success starts again', async () => {
  const bench = new Bench();
  bench.exchange.onSummary = () => Promise.reject(new TestFailure('unavailable', 'accountSummary', null, 'A'));
  poll(bench);
  await bench.pass(180_000, 1_000);
  const times = bench.exchange.named('positions').map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.deepEqual(gaps.slice(0, 6), [2_000, 4_000, 8_000, 16_000, 30_000, BACK_OFF_MAX_MS]);
  bench.exchange.onSummary = new Bench().exchange.onSummary;
  await bench.pass(BACK_OFF_MAX_MS + 3 * INTERVAL_MS, 1_000);
  assert.ok(reported(bench, BNB).filter((type) => type === 'snapshot.received').length >= 2);
});

test('a watched order that is not open is looked up in the same poll, never assumed gone (10.2)', async () => {
  const bench = new Bench();
  const first = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => first.promise;
  bench.exchange.onOpenOrders = async () => [testOrder(id(1), 'OPEN')];
  bench.exchange.onOrder = async (_, orderId) => (orderId === id(2) ? testOrder(id(2), 'FILLED') : null);
  bench.exchange.onHistory = async () => [testOrder(id(3), 'CANCELLED')];
  const { send } = poll(bench);
  const sentAtMs = { [id(3)]: BENCH_START_MS - 9_000 };
  first.resolve([]);
  await bench.settle();
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1), id(2), id(3), id(4)], sentAtMs });
  await bench.pass(INTERVAL_MS, 500);
  assert.deepEqual(
    bench.exchange.named('order').map(({ args }) => args[1]),
    [id(2), id(3), id(4)],
  );
  assert.deepEqual(
    slice(bench)?.orders.map(({ clientOrderId, status }) => `${clientOrderId} ${status}`),
    [`${id(1)} OPEN`, `${id(2)} FILLED`, `${id(3)} CANCELLED`],
  );
  assert.deepEqual(slice(bench)?.absent, [id(4)]);
  assert.deepEqual(slice(bench, SOL)?.absent, []);
  const since = bench.exchange.named('orderHistory')[0]?.args[1];
  assert.equal(since, BENCH_START_MS + INTERVAL_MS - HISTORY_DEFAULT_MS - HISTORY_MARGIN_MS);
});

test('a list counts from the next poll that starts; a symbol’s first one at once: it was started after its poller', async () => {
  const bench = new Bench();
  const slow = deferred<readonly Position[]>();
  bench.exchange.onPositions = () =>
    bench.exchange.named('positions').length === 1 ? slow.promise : new Promise(() => {});
  bench.exchange.onOrder = async (_, orderId) => testOrder(orderId, 'FILLED');
  const { send } = poll(bench);
  const asked = () => bench.exchange.named('order').map(({ args }) => args[1]);
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
  slow.resolve([]);
  await bench.settle();
  assert.deepEqual(asked(), [id(1)]);
  const next = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => next.promise;
  await bench.pass(INTERVAL_MS, 500);
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1), id(2)] });
  next.resolve([]);
  await bench.settle();
  assert.deepEqual(asked(), [id(1), id(1)], 'the second order rested while the poll was under way');
});

test('a poller that replaces a failed one asks the symbols for their lists', async () => {
  const bench = new Bench();
  poll(bench);
  assert.deepEqual(bench.received[0], {
    by: BNB,
    event: { type: 'poller.started', account: 'A' },
    atMs: BENCH_START_MS,
  });
  await bench.settle();
});

test('16.3 symbols that come and go: slices for those there are, from the present poll on', async () => {
  const bench = new Bench();
  const slow = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => slow.promise;
  const { send } = poll(bench, ['BNB_USDT_Perp']);
  send({ type: 'instruments.polled', instruments: ['SOL_USDT_Perp'] });
  slow.resolve([]);
  await bench.settle();
  assert.deepEqual([reported(bench, BNB), reported(bench, SOL)], [[], ['snapshot.received']]);
});

test('16.4 another interval counts from the next pause on', async () => {
  const bench = new Bench();
  const { send } = poll(bench);
  await bench.settle();
  const readings = () => bench.exchange.calls.filter(({ name }) => name === 'positions').length;
  const before = readings();
  send({ type: 'readings.tuned', loopIntervalMs: 60_000, staleMs: 180_000 });
  await bench.pass(20_000);
  assert.ok(readings() - before <= 2, `${readings() - before}`);
});

test('the history is read back to before the oldest order it is asked about', async () => {
  const bench = new Bench();
  const { send } = poll(bench);
  const sentAtMs = { [id(1)]: BENCH_START_MS - 9_000, [id(2)]: BENCH_START_MS - 5_000 };
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1), id(2)], sentAtMs });
  await bench.pass(INTERVAL_MS, 500);
  assert.equal(bench.exchange.named('orderHistory')[0]?.args[1], BENCH_START_MS - 9_000 - HISTORY_MARGIN_MS);
});

test('a look-up that fails leaves its own symbol without a snapshot, and no other (10.3)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = () => Promise.reject(new TestFailure('malformed', 'order', null, 'A'));
  const { send } = poll(bench);
  await bench.settle();
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
  await bench.pass(INTERVAL_MS, 500);
  assert.deepEqual(reported(bench, BNB), ['snapshot.received', 'snapshot.failed']);
  assert.deepEqual(reported(bench, SOL), ['snapshot.received', 'snapshot.received']);
  assert.equal(bench.reported('read.failed').length, 1);
});

test('an order that order does not know and whose history cannot be read is not absent (10.2)', async () => {
  const bench = new Bench();
  bench.exchange.onHistory = () => Promise.reject(new TestFailure('unavailable', 'orderHistory', null, 'A'));
  const { send } = poll(bench);
  await bench.settle();
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
  await bench.pass(INTERVAL_MS, 500);
  assert.deepEqual(reported(bench, BNB), ['snapshot.received', 'snapshot.failed']);
});

for (const [call, break_] of [
  ['order', (exchange: FakeExchange, fails: () => Promise<never>) => (exchange.onOrder = fails)],
  ['orderHistory', (exchange: FakeExchange, fails: () => Promise<never>) => (exchange.onHistory = fails)],
] as const) {
  test(`a look-up (${call}) that keeps failing is reported with each poll, counted, until every look-up succeeds (10.3, 12)`, async () => {
    const bench = new Bench();
    break_(bench.exchange, () => Promise.reject(new TestFailure('unavailable', call, null, 'A')));
    const { send } = poll(bench);
    await bench.settle();
    send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
    await bench.pass(2 * INTERVAL_MS, 500);
    const failed = () =>
      (bench.last('daemon', 'account.polled') as unknown as AccountPolled).failedLookups.map(
        ({ failure, inARow }) => `${failure.call} ${inARow}`,
      );
    assert.deepEqual(failed(), [`${call} 2`]);
    assert.deepEqual(
      bench.reported('read.failed').map(({ inARow }) => inARow),
      [1, 2],
    );
    bench.exchange.onPositions = () => Promise.reject(new TestFailure('unavailable', 'positions', null, 'A'));
    await bench.pass(INTERVAL_MS, 500);
    bench.exchange.onPositions = async () => [];
    await bench.pass(INTERVAL_MS, 500);
    assert.deepEqual(failed(), [`${call} 3`], 'a poll that failed looked nothing up');
    bench.exchange.onOrder = async (_, orderId) => testOrder(orderId, 'FILLED');
    await bench.pass(INTERVAL_MS, 500);
    assert.deepEqual(failed(), []);
    break_(bench.exchange, () => Promise.reject(new TestFailure('unavailable', call, null, 'A')));
    if (call === 'orderHistory') bench.exchange.onOrder = async () => null;
    await bench.pass(INTERVAL_MS, 500);
    assert.deepEqual(failed(), [`${call} 1`], 'counted anew');
    send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [] });
    await bench.pass(INTERVAL_MS, 500);
    assert.deepEqual(failed(), [], 'nothing is missing any more');
  });
}

test('a failed look-up whose turn does not come in a poll is not over (10.3)', async () => {
  const bench = new Bench();
  const failing = id(1_000);
  bench.exchange.onOrder = async (_, orderId) => {
    if (orderId === failing) throw new TestFailure('unavailable', 'order', null, 'A');
    return testOrder(orderId, 'CANCELLED');
  };
  const { send } = poll(bench);
  await bench.settle();
  const ids = (from: number) => Array.from({ length: LOOKUPS_MAX - 1 }, (_, n) => id(from + n));
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: ids(1_000) });
  send({ type: 'orders.watched', instrument: 'SOL_USDT_Perp', clientOrderIds: ids(2_000) });
  await bench.pass(2 * INTERVAL_MS, 500);
  assert.equal(reported(bench, SOL).length, 2, 'its turn was the last');
  const polled = bench.last('daemon', 'account.polled') as unknown as AccountPolled;
  assert.deepEqual(
    polled.failedLookups.map(({ failure, inARow }) => `${failure.call} ${inARow}`),
    ['order 1'],
  );
});

test('look-ups of one poll are bounded, whole instruments at a time, and take turns', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, orderId) => testOrder(orderId, 'CANCELLED');
  const { send } = poll(bench);
  await bench.settle();
  const ids = (from: number) => Array.from({ length: LOOKUPS_MAX - 1 }, (_, n) => id(from + n));
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: ids(1_000) });
  send({ type: 'orders.watched', instrument: 'SOL_USDT_Perp', clientOrderIds: ids(2_000) });
  await bench.pass(INTERVAL_MS, 500);
  assert.equal(bench.exchange.named('order').length, LOOKUPS_MAX - 1);
  assert.equal(reported(bench, BNB).length, 2);
  assert.equal(reported(bench, SOL).length, 1, 'without its look-ups its slice would be incomplete');
  await bench.pass(INTERVAL_MS, 500);
  assert.equal(reported(bench, BNB).length, 2);
  assert.equal(reported(bench, SOL).length, 2, 'its turn');
});

test('a defect in the look-ups fails the poll, not the poller', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = () => {
    throw new TypeError('a defect');
  };
  const { send, state } = poll(bench);
  await bench.settle();
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
  await bench.pass(INTERVAL_MS, 500);
  assert.deepEqual(reported(bench, SOL), ['snapshot.received', 'snapshot.failed']);
  assert.equal(state(), 'backing-off');
});

test('an account that must not go on is parked: reported once, asked slowly, unparked by the first answer (9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = () => Promise.reject(new TestFailure('parked', 'openOrders', 1008, 'A'));
  const { state } = poll(bench);
  await bench.settle();
  assert.equal(state(), 'parked');
  await bench.pass(PARKED_RETRY_MS + 1_000, 500);
  assert.equal(bench.exchange.named('positions').length, 2);
  const parkings = (listener: string) =>
    bench.typesReceived(listener).filter((type) => type.startsWith('account.') && type.endsWith('parked'));
  assert.deepEqual(parkings('gateway'), ['account.parked']);
  assert.deepEqual(parkings('daemon'), ['account.parked']);
  bench.exchange.onOpenOrders = async () => [];
  await bench.pass(PARKED_RETRY_MS, 500);
  assert.deepEqual(parkings('gateway'), ['account.parked', 'account.unparked']);
  assert.deepEqual(parkings('daemon'), ['account.parked', 'account.unparked']);
  assert.equal(state(), 'waiting');
});

const parked = { type: 'account.parked', account: 'A', failure: new TestFailure('parked', 'createOrder', 1400, 'A') };

test('an account the gateway found parked is not unparked by a poll that was under way (9.8)', async () => {
  const bench = new Bench();
  const slow = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => slow.promise;
  const { send, state } = poll(bench);
  send(parked);
  slow.resolve([]);
  await bench.settle();
  assert.equal(state(), 'parked');
  assert.deepEqual(bench.typesReceived('gateway'), []);
  await bench.pass(PARKED_RETRY_MS + 500, 500);
  assert.deepEqual(bench.typesReceived('gateway'), ['account.unparked']);
});

test('a poller’s first success says that its account is not parked: the poller before it may have parked it (9.8)', async () => {
  const bench = new Bench();
  poll(bench);
  await bench.pass(3 * INTERVAL_MS, 500);
  for (const listener of ['gateway', 'daemon']) {
    assert.equal(bench.typesReceived(listener).filter((type) => type === 'account.unparked').length, 1, listener);
  }
});

test('of several failures of one poll the one that parks the account counts (9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onPositions = () => Promise.reject(new TestFailure('unavailable', 'positions', null, 'A'));
  bench.exchange.onSummary = () => Promise.reject(new TestFailure('parked', 'accountSummary', 1008, 'A'));
  const { state } = poll(bench);
  await bench.settle();
  assert.equal(state(), 'parked');
});

test('asked to park again during the poll that would have unparked it: it stays parked (9.8)', async () => {
  const bench = new Bench();
  const { send, state } = poll(bench);
  await bench.settle();
  send(parked);
  const slow = deferred<readonly Position[]>();
  bench.exchange.onPositions = () => slow.promise;
  await bench.pass(PARKED_RETRY_MS + 100, 100);
  send(parked);
  slow.resolve([]);
  await bench.settle();
  assert.equal(state(), 'parked');
  assert.deepEqual(
    bench.typesReceived('gateway'),
    ['account.unparked'],
    'its first poll, before the gateway reported it',
  );
});

test('asked to park during a poll that fails, or while it waits or backs off: parked (9.8)', async () => {
  const failing = new Bench();
  failing.exchange.onSummary = () => Promise.reject(new TestFailure('unavailable', 'accountSummary', null, 'A'));
  const first = poll(failing);
  first.send(parked);
  await failing.settle();
  assert.equal(first.state(), 'parked');

  const backingOff = new Bench();
  backingOff.exchange.onSummary = failing.exchange.onSummary;
  const second = poll(backingOff);
  await backingOff.settle();
  assert.equal(second.state(), 'backing-off');
  second.send(parked);
  assert.equal(second.state(), 'parked');

  const waiting = new Bench();
  const third = poll(waiting);
  await waiting.settle();
  third.send(parked);
  assert.equal(third.state(), 'parked');
});

test('the summary is read every 10 s, the positions and open orders with each poll (10.1)', async () => {
  const bench = new Bench();
  poll(bench);
  await bench.pass(SUMMARY_EVERY_MS + INTERVAL_MS - 100, 100);
  assert.equal(bench.exchange.named('positions').length, 1 + SUMMARY_EVERY_MS / INTERVAL_MS);
  assert.equal(bench.exchange.named('openOrders').length, 1 + SUMMARY_EVERY_MS / INTERVAL_MS);
  assert.equal(bench.exchange.named('accountSummary').length, 2);
});

/** A poller whose streams have been up since its start and whose first whole reading has come. */
async function following(bench: Bench) {
  const poller = poll(bench);
  poller.send({ type: 'streams.reported', up: true, atMs: BENCH_START_MS });
  await bench.pass(100);
  const frame = (of: object) => {
    poller.send({ type: 'frame.received', frame: { from: 5, receivedAtMs: bench.clock.nowMs(), ...of } });
  };
  return { ...poller, frame };
}

test('a frame gives its symbol a slice at once, and the gateway the own order; no other symbol is informed (10.1, 9.4)', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = async () => [testOrder(id(1), 'OPEN')];
  const { frame } = await following(bench);
  const before = [reported(bench, BNB).length, reported(bench, SOL).length];
  const filled = testOrder(id(1), 'FILLED', { tradedSize: decimal('0.1'), avgFillPrice: decimal('600') });
  frame({ kind: 'order', order: filled });
  assert.deepEqual([reported(bench, BNB).length, reported(bench, SOL).length], [before[0]! + 1, before[1]!]);
  const { whole, intact, orders } = slice(bench)!;
  assert.deepEqual([whole, intact, orders.map(({ status, from }) => `${status} ${from}`)], [false, true, ['FILLED 5']]);
  const seen = bench.last('gateway', 'order.seen') as unknown as {
    account: string;
    order: { status: string };
    intact: boolean;
  };
  assert.deepEqual([seen.account, seen.order.status, seen.intact], ['A', 'FILLED', true]);
  frame({ kind: 'order', order: filled });
  assert.equal(reported(bench, BNB).length, before[0]! + 1, 'the same again is no news');
  assert.equal(bench.exchange.named('positions').length, 1, 'and nothing is read for it');
});

test('an order whose end an intact stream has reported is not looked up, watched or not (10.2)', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = async () => [testOrder(id(1), 'OPEN')];
  const { frame, send } = await following(bench);
  send({ type: 'orders.watched', instrument: 'BNB_USDT_Perp', clientOrderIds: [id(1)] });
  frame({ kind: 'order', order: testOrder(id(1), 'CANCELLED') });
  bench.exchange.onOpenOrders = async () => [];
  await bench.pass(INTERVAL_MS + 100, 100);
  assert.equal(bench.exchange.named('positions').length, 2);
  assert.equal(bench.exchange.named('order').length, 0);
});

test('streams that go down or come up are reported to the gateway, and to every symbol by its slice (9.4, 10.3)', async () => {
  const bench = new Bench();
  const { send } = await following(bench);
  assert.equal(slice(bench, SOL)?.intact, true);
  send({ type: 'streams.reported', up: false, atMs: bench.clock.nowMs() });
  assert.equal(slice(bench, SOL)?.intact, false);
  const said = bench.received.flatMap(({ by, event }) =>
    by === 'gateway' && event.type === 'streams.changed' ? [event.intact] : [],
  );
  assert.deepEqual(said, [true, false]);
});

test('a fill that no order frame covers within a second is looked up, until that succeeds (10.1)', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = async () => [testOrder(id(1), 'OPEN')];
  bench.exchange.onOrder = () => Promise.reject(new TestFailure('unavailable', 'order', null, 'A'));
  const { frame } = await following(bench);
  frame({ kind: 'fill', clientOrderId: id(1), instrument: 'BNB_USDT_Perp', eventTimeNs: 9n });
  await bench.pass(900, 100);
  assert.equal(bench.exchange.named('order').length, 0);
  await bench.pass(200, 100);
  assert.equal(bench.exchange.named('order').length, 1);
  assert.equal(bench.reported('read.failed').length, 1);
  const partly = testOrder(id(1), 'OPEN', {
    tradedSize: decimal('0.05'),
    avgFillPrice: decimal('600'),
    updateTimeNs: 9n,
  });
  bench.exchange.onOrder = async () => partly;
  bench.exchange.onOpenOrders = async () => [partly];
  await bench.pass(3_000, 100);
  assert.equal(bench.exchange.named('order').length, 2);
  assert.equal(slice(bench)?.orders[0]?.tradedSize.toFixed(), '0.05');
});

test('an own order that REST shows and no frame follows ends intactness: alert, and streams connected again (10.6)', async () => {
  const bench = new Bench();
  const { reconnected } = await following(bench);
  assert.deepEqual(reconnected, ['the account’s poller has started']);
  await bench.pass(6_000, 500);
  bench.exchange.onOpenOrders = async () => [testOrder(id(1), 'OPEN')];
  await bench.pass(5_000, 500);
  assert.match(reconnected[1] ?? '', /no stream frame of order/);
  assert.equal(slice(bench)?.intact, false);
  assert.equal(bench.reported('stream.contradicted').length, 1);
  assert.ok(bench.last('alert-manager', 'alert.raised'));
  assert.equal(bench.last('gateway', 'streams.changed')?.intact, false);
});
