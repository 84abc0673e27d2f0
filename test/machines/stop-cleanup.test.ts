import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createActor } from 'xstate';
import {
  CLEANUP_MAX_MS,
  READ_PATIENCE_MS,
  type StopCleanupInput,
  type StopCleanupOutput,
  stopCleanupMachine,
} from '../../machines/stop-cleanup.ts';
import type { AccountName, ExchangeOrder, OrderStatus } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { FENCE_TTL_MS } from '../../src/core/submission/waits.ts';
import { TestFailure, testOrder } from '../support/fake-exchange.ts';
import { Bench, deferred } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(stopCleanupMachine);
after(() => coverage.assertComplete());

test('every state says what it is for, and the chart holds names only', () => assertReadable(stopCleanupMachine));

/** An exchange that holds orders and cancels what it is asked to. */
class Venue {
  readonly orders = new Map<string, { account: AccountName; order: ExchangeOrder }>();
  readonly bench: Bench;
  cancelsWork = true;

  constructor(bench: Bench) {
    this.bench = bench;
    bench.exchange.onOpenOrders = async (account) =>
      [...this.orders.values()]
        .filter((row) => row.account === account && row.order.status === 'OPEN')
        .map((row) => row.order);
    bench.exchange.onOrder = async (_, id) => this.orders.get(id)?.order ?? null;
    bench.exchange.onCancel = async (_, id) => {
      const row = this.orders.get(id);
      if (row !== undefined && this.cancelsWork)
        this.orders.set(id, { ...row, order: { ...row.order, status: 'CANCELLED' } });
    };
  }

  rest(
    account: AccountName,
    n: number,
    instrument = 'BNB_USDT_Perp',
    id = clientOrderIdOf(account, 'buy', BigInt(n)),
  ): string {
    this.orders.set(id, { account, order: testOrder(id, 'OPEN', { instrument, createTimeNs: BigInt(n) }) });
    return id;
  }

  /** Client ids that rest, oldest first. */
  resting(): string[] {
    return [...this.orders.values()].flatMap(({ order }) => (order.status === 'OPEN' ? [order.clientOrderId] : []));
  }
}

function cleanUp(bench: Bench, changes: Partial<StopCleanupInput> = {}) {
  const { exchange, clock, reporter } = bench;
  const input = { exchange, clock, reporter, cancelOnStop: true, keep: 0, unknown: [], ...changes };
  const actor = createActor(stopCleanupMachine, { input, clock: bench.time, inspect: coverage.inspect });
  actor.start();
  return {
    output: () => {
      const { rows, ...counted } = actor.getSnapshot().output ?? { rows: null };
      return rows === null ? undefined : (counted as Omit<StopCleanupOutput, 'rows'>);
    },
    rows: () => actor.getSnapshot().output?.rows,
    seen: (account: AccountName, id: string, status: OrderStatus) =>
      actor.send({ type: 'order.seen', account, order: testOrder(id, status), intact: true }),
  };
}

test('the streams prove the ends: one reading of the open orders, and no look-up (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const [mine, filled, other] = [venue.rest('A', 1), venue.rest('A', 2), venue.rest('B', 3)];
  venue.cancelsWork = false;
  const { output, seen } = cleanUp(bench);
  await bench.settle();
  seen('A', mine, 'OPEN');
  seen('A', mine, 'CANCELLED');
  seen('A', filled, 'FILLED');
  seen('A', filled, 'CANCELLED');
  seen('A', clientOrderIdOf('A', 'buy', 99n), 'CANCELLED');
  assert.equal(output(), undefined);
  seen('B', other, 'CANCELLED');
  assert.deepEqual(output(), { cancelled: 2, candidates: 3, kept: 0, left: [] });
  assert.equal(bench.exchange.named('openOrders').length, 2);
  assert.equal(bench.exchange.named('order').length, 0);
});

test('a stream proves nothing of what no reading has listed yet: it is waited for (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const stray = venue.rest('B', 3);
  const read = deferred<void>();
  const { onOpenOrders } = bench.exchange;
  bench.exchange.onOpenOrders = (account) => read.promise.then(() => onOpenOrders(account));
  const id = clientOrderIdOf('A', 'buy', 1n);
  const { output, seen } = cleanUp(bench, { live: [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId: id }] });
  seen('A', id, 'CANCELLED');
  await bench.settle();
  assert.equal(output(), undefined);
  read.resolve();
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 2, candidates: 2, kept: 0, left: [] });
  assert.equal(venue.resting().includes(stray), false);
});

test('an order whose end a stream reported is over, though a reading that lags still lists it (10.6)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const [ended, other] = [venue.rest('A', 1), venue.rest('B', 2)];
  venue.cancelsWork = false;
  const { output, seen } = cleanUp(bench);
  await bench.settle();
  seen('A', ended, 'CANCELLED');
  await bench.pass(500);
  const asked = bench.exchange.named('cancelOrder').filter(({ args }) => args[1] === ended).length;
  assert.equal(asked, 1);
  seen('B', other, 'CANCELLED');
  assert.deepEqual(output(), { cancelled: 2, candidates: 2, kept: 0, left: [] });
});

test('it hands over the last row it read of each order that is not open any more (13.4)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const id = venue.rest('A', 1);
  const { rows } = cleanUp(bench);
  await bench.pass(2_000, 50);
  assert.deepEqual(
    rows()?.map(({ clientOrderId, status }) => [clientOrderId, status]),
    [[id, 'CANCELLED']],
  );
});

test('strategy orders of both accounts go, on every instrument; foreign orders are not touched (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  venue.rest('A', 1);
  venue.rest('A', 2, 'SOL_USDT_Perp');
  venue.rest('B', 3, 'DOT_USDT_Perp');
  const foreign = venue.rest('B', 4, 'BNB_USDT_Perp', '12345');
  const { output } = cleanUp(bench);
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 3, candidates: 3, kept: 0, left: [] });
  assert.deepEqual(venue.resting(), [foreign]);
  const [fact] = bench.reported('cleanup.finished');
  assert.deepEqual([fact?.cancelled, fact?.candidates, fact?.kept, fact?.left], [3, 3, 0, []]);
});

test('the newest few per account and instrument are kept (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const kept = [venue.rest('A', 3), venue.rest('A', 12, 'SOL_USDT_Perp'), venue.rest('B', 9)];
  venue.rest('A', 1);
  venue.rest('A', 2);
  venue.rest('B', 8);
  const { output } = cleanUp(bench, { keep: 1 });
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 3, candidates: 6, kept: 3, left: [] });
  assert.deepEqual(new Set(venue.resting()), new Set(kept));
});

test('of orders made in the same instant the higher id counts as newer', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const ids = [venue.rest('A', 7), venue.rest('A', 7, 'BNB_USDT_Perp', clientOrderIdOf('A', 'sell', 7n))].sort();
  cleanUp(bench, { keep: 1 });
  await bench.pass(1_000);
  assert.deepEqual(venue.resting(), [ids[1]]);
});

test('a kept order that fills meanwhile does not bring back one that was to go', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const newest = venue.rest('A', 2);
  const oldest = venue.rest('A', 1);
  venue.cancelsWork = false;
  const { output } = cleanUp(bench, { keep: 1 });
  await bench.pass(500);
  venue.orders.delete(newest);
  await bench.pass(1_000);
  assert.equal(output(), undefined);
  venue.cancelsWork = true;
  await bench.pass(3_000);
  assert.deepEqual(output(), { cancelled: 1, candidates: 2, kept: 0, left: [] });
  assert.equal(venue.resting().includes(oldest), false);
});

test('without CANCEL_ON_STOP nothing is cancelled; what rests is counted (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  venue.rest('A', 1);
  venue.rest('B', 2);
  const unknown = [{ account: 'A', clientOrderId: clientOrderIdOf('A', 'buy', 9n) }] as const;
  const { output } = cleanUp(bench, { cancelOnStop: false, unknown });
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 0, candidates: 2, kept: 2, left: [] });
  assert.equal(bench.exchange.named('cancelOrder').length, 0);
});

test('an order that filled before its cancel is over, and not counted as cancelled', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const id = venue.rest('A', 1);
  bench.exchange.onCancel = async () => {
    venue.orders.set(id, { account: 'A', order: testOrder(id, 'FILLED') });
  };
  const { output } = cleanUp(bench);
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 0, candidates: 1, kept: 0, left: [] });
});

test('an order gone from open orders is over only when its state says so', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const id = venue.rest('A', 1);
  venue.cancelsWork = false;
  const { output } = cleanUp(bench);
  await bench.settle();
  const answers = [null, testOrder(id, 'OPEN'), testOrder(id, 'CANCELLED')];
  bench.exchange.onOpenOrders = async () => [];
  bench.exchange.onOrder = async () => {
    if (answers.length === 0) throw new TestFailure('unavailable', 'order');
    return answers.shift() ?? null;
  };
  await bench.pass(150);
  assert.equal(output(), undefined, '1004 alone proves nothing');
  await bench.pass(3_000);
  assert.deepEqual(output(), { cancelled: 1, candidates: 1, kept: 0, left: [] });
});

test('an order of unknown outcome is cancelled with a fence, and gone once the fence has passed and the exchange knows none (9.6, 13.1)', async () => {
  const bench = new Bench();
  new Venue(bench);
  const clientOrderId = clientOrderIdOf('B', 'sell', 5n);
  const { output } = cleanUp(bench, { unknown: [{ account: 'B', clientOrderId }] });
  await bench.pass(FENCE_TTL_MS, 100);
  assert.equal(output(), undefined);
  assert.deepEqual(bench.exchange.named('cancelOrder')[0]?.args, ['B', clientOrderId, FENCE_TTL_MS]);
  assert.equal(bench.exchange.named('cancelOrder').length, 1);
  await bench.pass(2_000, 100);
  assert.deepEqual(output(), { cancelled: 0, candidates: 0, kept: 0, left: [] });
});

test('an order held live that no answer shows is asked about until it shows, and goes then (10.2, 13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('B', 5);
  const hidden = venue.orders.get(clientOrderId)!;
  venue.orders.delete(clientOrderId);
  const { output } = cleanUp(bench, { live: [{ account: 'B', instrument: 'BNB_USDT_Perp', clientOrderId }] });
  await bench.pass(3_000, 100);
  assert.equal(output(), undefined, 'an order that is not seen is not gone');
  venue.orders.set(clientOrderId, hidden);
  await bench.pass(3_000, 100);
  assert.deepEqual(output(), { cancelled: 1, candidates: 1, kept: 0, left: [] });
});

test('an order held live that no answer shows is cancelled with a fence all the same, and gone once that has passed (9.6, 13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('A', 5, 'ETH_USDT_Perp');
  bench.exchange.onOpenOrders = async () => [];
  bench.exchange.onOrder = async () => null;
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'ETH_USDT_Perp', clientOrderId }] });
  await bench.pass(FENCE_TTL_MS, 100);
  assert.deepEqual(venue.resting(), []);
  assert.deepEqual(
    bench.exchange.named('cancelOrder').map(({ args }) => args),
    [['A', clientOrderId, FENCE_TTL_MS]],
  );
  assert.equal(output(), undefined, 'the acknowledgement alone proves nothing');
  await bench.pass(2_000, 100);
  assert.deepEqual(output(), { cancelled: 0, candidates: 0, kept: 0, left: [] });
});

test('an order held live that no answer shows, and whose cancel nobody acknowledges, is listed (13.1)', async () => {
  const bench = new Bench();
  new Venue(bench);
  const clientOrderId = clientOrderIdOf('A', 'buy', 5n);
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('unavailable', 'cancelOrder'));
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'ETH_USDT_Perp', clientOrderId }] });
  await bench.pass(CLEANUP_MAX_MS - 500, 500);
  assert.equal(output(), undefined);
  assert.ok(bench.exchange.named('cancelOrder').length > 20, 'it is asked for in every round');
  await bench.pass(1_000, 500);
  assert.deepEqual(output()?.left, [`A ETH_USDT_Perp ${clientOrderId}`]);
});

test('a read that waits, as in a back-off, delays the cancels of orders held live by 2 s at most (9.9, 13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const live = (['A', 'B'] as const).map((account) => {
    return { account, instrument: 'BNB_USDT_Perp', clientOrderId: venue.rest(account, 5), sentAtMs: 1 };
  });
  const { onOpenOrders } = bench.exchange;
  bench.exchange.onOpenOrders = (account) => (account === 'B' ? new Promise(() => {}) : onOpenOrders(account));
  const { output } = cleanUp(bench, { live });
  await bench.pass(READ_PATIENCE_MS - 100, 50);
  assert.equal(venue.resting().length, 2);
  await bench.pass(200, 50);
  assert.deepEqual(venue.resting(), []);
  bench.exchange.onOpenOrders = onOpenOrders;
  await bench.pass(CLEANUP_MAX_MS, 250);
  assert.ok(output());
});

test('the answers of a slow read are used when they come, and it is not repeated meanwhile (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const live = venue.rest('A', 1);
  const openOrders = bench.exchange.onOpenOrders;
  const slow = Promise.withResolvers<void>();
  bench.exchange.onOpenOrders = async (account) => {
    if (account === 'A') await slow.promise;
    return openOrders(account);
  };
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId: live }] });
  await bench.pass(12_000, 50);
  assert.equal(bench.exchange.named('openOrders').length, 2, 'one question an account');
  assert.deepEqual(venue.resting(), [], 'the cancel did not wait for it');
  slow.resolve();
  await bench.settle();
  assert.deepEqual(output(), { cancelled: 1, candidates: 1, kept: 0, left: [] });
});

test('the ends of many orders come from one reading of the history, and only what that lacks is looked up (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const ids = Array.from({ length: 40 }, (_, n) => venue.rest('A', n + 1, `SYM${n % 20}_USDT_Perp`));
  const since: number[] = [];
  bench.exchange.onHistory = async (account, sinceMs) => {
    since.push(sinceMs);
    return [...venue.orders.values()].flatMap((row) =>
      row.account === account && row.order.status !== 'OPEN' && row.order.clientOrderId !== ids[7] ? [row.order] : [],
    );
  };
  const sentAtMs = bench.clock.nowMs() - 5_000;
  const { output } = cleanUp(bench, {
    live: ids.map((clientOrderId) => ({ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId, sentAtMs })),
  });
  await bench.pass(1_000, 20);
  assert.deepEqual(output(), { cancelled: 40, candidates: 40, kept: 0, left: [] });
  assert.deepEqual(
    bench.exchange.named('order').map(({ args }) => args[1]),
    [ids[7]],
  );
  assert.deepEqual(since, [sentAtMs - 60_000]);
});

test('a history that cannot be read leaves every order to be asked for by itself (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const ids = Array.from({ length: 4 }, (_, n) => venue.rest('A', n + 1));
  bench.exchange.onHistory = () => Promise.reject(new TestFailure('unavailable', 'orderHistory'));
  const { output } = cleanUp(bench);
  await bench.pass(1_000, 20);
  assert.deepEqual(output(), { cancelled: ids.length, candidates: ids.length, kept: 0, left: [] });
});

test('an order held live whose end the first read shows is not cancelled', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = clientOrderIdOf('A', 'buy', 5n);
  venue.orders.set(clientOrderId, { account: 'A', order: testOrder(clientOrderId, 'FILLED') });
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId }] });
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 0, candidates: 0, kept: 0, left: [] });
  assert.deepEqual(bench.exchange.named('cancelOrder'), []);
});

test('an order of unknown outcome that turns up open is cancelled whatever is to be kept', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('A', 5);
  const older = venue.rest('A', 1);
  const { output } = cleanUp(bench, { keep: 1, unknown: [{ account: 'A', clientOrderId }] });
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 1, candidates: 2, kept: 1, left: [] });
  assert.deepEqual(venue.resting(), [older], 'and does not take the place of one that is to be kept');
});

test('what the exchange does not let go in 30 s is listed (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const id = venue.rest('A', 1);
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('unknown', 'cancelOrder'));
  const { output } = cleanUp(bench);
  await bench.pass(CLEANUP_MAX_MS - 500, 500);
  assert.equal(output(), undefined);
  await bench.pass(1_000, 500);
  assert.deepEqual(output(), { cancelled: 0, candidates: 1, kept: 0, left: [`A BNB_USDT_Perp ${id}`] });
});

test('an account that cannot be read is not taken for empty: it is listed (13.1)', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = async (account) => {
    if (account === 'B') throw new TestFailure('unavailable', 'openOrders', null, 'B');
    return [];
  };
  const unknown = [{ account: 'B', clientOrderId: clientOrderIdOf('B', 'buy', 1n) }] as const;
  const { output } = cleanUp(bench, { unknown });
  await bench.pass(CLEANUP_MAX_MS + 500, 500);
  assert.equal(output()?.left.length, 2);
  assert.match(output()?.left[0] ?? '', /^B unknown instrument /);
  assert.match(output()?.left[1] ?? '', /^B: open orders not read: openOrders: unavailable/);
});

test('an answer that cannot be understood is reported, and asked for again', async () => {
  const bench = new Bench();
  bench.exchange.onOpenOrders = async () => null as unknown as readonly ExchangeOrder[];
  const { output } = cleanUp(bench);
  await bench.settle();
  assert.equal(bench.reported('cleanup.failed').length, 1);
  bench.exchange.onOpenOrders = () => Promise.reject('gone');
  await bench.pass(200);
  bench.exchange.onOpenOrders = async () => [];
  await bench.pass(1_000);
  assert.deepEqual(output(), { cancelled: 0, candidates: 0, kept: 0, left: [] });
});

/** What rests is created by milliseconds; `hidden` is not in the list, and `order` tells of it only where `isKnown`. */
function hide(bench: Bench, venue: Venue, hidden: string, isKnown: boolean): void {
  const { onOpenOrders } = bench.exchange;
  bench.exchange.onOpenOrders = async (account) =>
    (await onOpenOrders(account)).filter((order) => order.clientOrderId !== hidden);
  bench.exchange.onOrder = async (_, id) => {
    const order = venue.orders.get(id)?.order ?? null;
    return id === hidden && !isKnown && order?.status === 'OPEN' ? null : order;
  };
}

for (const [isKnown, isNewest] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const) {
  test(`an order held live that no list shows has its place among those to be kept: known ${isKnown}, newest ${isNewest} (10.2, 13.1)`, async () => {
    const bench = new Bench();
    const venue = new Venue(bench);
    const ids = [venue.rest('A', 1_000_000), venue.rest('A', 2_000_000)];
    const [clientOrderId, sentAtMs] = isNewest ? [ids[1]!, 2] : [ids[0]!, 1];
    hide(bench, venue, clientOrderId, isKnown);
    const live = [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId, sentAtMs }] as const;
    const { output } = cleanUp(bench, { keep: 1, live });
    await bench.pass(7_000, 50);
    assert.deepEqual(venue.resting(), [ids[1]]);
    assert.deepEqual(output()?.left, []);
  });
}

test('a held order whose state cannot be read is listed when it never could be (13.1)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('A', 1_000_000);
  hide(bench, venue, clientOrderId, true);
  bench.exchange.onOrder = () => Promise.reject(new TestFailure('unavailable', 'order'));
  const live = [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId, sentAtMs: 1 }] as const;
  const { output } = cleanUp(bench, { keep: 1, live });
  await bench.pass(CLEANUP_MAX_MS + 500, 250);
  assert.match(output()?.left[0] ?? '', /its state was not read/);
});

test('a cancel of an order that rests carries no time to live: a venue may have it disabled (API 3: 2300)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('A', 5);
  const { onCancel } = bench.exchange;
  bench.exchange.onCancel = async (account, id, ttl) => {
    if (ttl !== undefined) throw new TestFailure('refused', 'cancelOrder', 2300);
    return onCancel(account, id, ttl);
  };
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId }] });
  await bench.pass(3_000, 100);
  assert.deepEqual(output(), { cancelled: 1, candidates: 1, kept: 0, left: [] });
});

test('an acknowledged cancel is asked for again while the order says that it rests (9.7)', async () => {
  const bench = new Bench();
  const venue = new Venue(bench);
  const clientOrderId = venue.rest('A', 5);
  hide(bench, venue, clientOrderId, true);
  venue.cancelsWork = false;
  const { output } = cleanUp(bench, { live: [{ account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId }] });
  await bench.pass(500, 50);
  venue.cancelsWork = true;
  await bench.pass(5_000, 50);
  assert.equal(output()?.cancelled, 1);
});
