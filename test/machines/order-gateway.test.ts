import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { cancellationMachine } from '../../machines/cancellation.ts';
import { type GatewayInput, orderGatewayMachine } from '../../machines/order-gateway.ts';
import { submissionMachine } from '../../machines/submission.ts';
import type { Alert } from '../../src/core/alerts.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { FailureKind } from '../../src/core/failure.ts';
import { CANCELS_MAX, QUEUE_MAX } from '../../src/core/gateway/memory.ts';
import type { PreparedOrder } from '../../src/core/journal-entry.ts';
import type { AccountName, Intent, OrderStatus } from '../../src/core/model.ts';
import { clientOrderIdOf, nextSequence, parseClientOrderId } from '../../src/core/order-id.ts';
import { TestFailure, testBook, testInstrument, testIntent, testOrder } from '../support/fake-exchange.ts';
import { BENCH_START_MS, Bench, deferred } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(orderGatewayMachine);
after(() => coverage.assertComplete());

test('every state says what it is for, and the chart holds names only', () => assertReadable(orderGatewayMachine));

const BNB = 'symbol:BNB_USDT_Perp';
const SOL = 'symbol:SOL_USDT_Perp';
const LISTENERS = [BNB, SOL, 'daemon', 'poller:A', 'poller:B'];

interface House {
  readonly send: (event: { type: string } & Record<string, unknown>) => void;
  readonly submit: (intent: Intent) => void;
  readonly state: () => unknown;
  readonly children: () => string[];
}

function openGateway(
  bench: Bench,
  changes: Partial<GatewayInput> = {},
  machine = orderGatewayMachine,
  listeners = LISTENERS,
): House {
  const input: GatewayInput = {
    exchange: bench.exchange,
    journal: bench.journal,
    clock: bench.clock,
    reporter: bench.reporter,
    settings: { postOnlyMaxRetry: 3, orderTtlMs: 3_600_000 },
    instruments: new Map(
      ['BNB_USDT_Perp', 'SOL_USDT_Perp', 'ETH_USDT_Perp'].map((name) => [name, testInstrument(name)]),
    ),
    lastSequence: null,
    unsettled: [],
    ...changes,
  };
  const { child } = bench.startAmong(machine, { input, listeners, systemId: 'gateway', inspect: coverage.inspect });
  return {
    send: (event) => child().send(event),
    submit: (intent) => child().send({ type: 'order.submit', intent }),
    state: () => child().getSnapshot().value,
    children: () => Object.keys(child().getSnapshot().children),
  };
}

/** An order that nothing under way is about. */
const OTHER = testOrder(clientOrderIdOf('A', 'buy', 1n), 'OPEN');

/** Results of the submissions a symbol was sent: `intent kind`. */
function endings(bench: Bench, by = BNB): string[] {
  return bench.received.flatMap(({ by: who, event }) =>
    who === by && event.type === 'submission.ended'
      ? [`${event.intentId} ${(event.result as { kind: string }).kind}`]
      : [],
  );
}

const confirmsAll = (bench: Bench): void => {
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
};

function prepared(account: AccountName, side: 'buy' | 'sell', price: string): PreparedOrder {
  const sequence = nextSequence(null, BENCH_START_MS - 60_000);
  return {
    intent: testIntent({ account, side }),
    attempt: 1,
    clientOrderId: clientOrderIdOf(account, side, sequence),
    sequence,
    price: decimal(price),
    payload: '{}',
    sentAtMs: BENCH_START_MS - 60_000,
    expirationMs: BENCH_START_MS + 3_000_000,
  };
}

test('prices by the rules an instrument has since it was listed again (11.6)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { send, submit } = openGateway(bench);
  send({ type: 'instrument.listed', instrument: { ...testInstrument('BNB_USDT_Perp'), tickSize: decimal('7') } });
  submit(testIntent());
  await bench.settle();
  const [draft] = bench.exchange.sent();
  assert.ok(draft?.price.mod(7).isZero(), draft?.price.toFixed());
});

test('16.4 a submission that begins after settings were read again goes by these', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { send, submit } = openGateway(bench);
  submit(testIntent());
  await bench.settle();
  send({ type: 'submissions.tuned', settings: { postOnlyMaxRetry: 5, orderTtlMs: 7_200_000 } });
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.settle();
  const [before, after] = bench.exchange.sent();
  assert.ok(before !== undefined && after !== undefined);
  assert.ok(after.expirationMs - before.expirationMs > 3_000_000);
});

test('per account and symbol one submission at a time; both accounts at once (9.1)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { submit, children } = openGateway(bench);
  const [a1, a2, b1] = [testIntent(), testIntent(), testIntent({ account: 'B', side: 'sell' })];
  submit(a1);
  submit(a2);
  submit(b1);
  await bench.settle();
  assert.deepEqual(
    bench.exchange.sent().map(({ account }) => account),
    ['A', 'B'],
  );
  await bench.pass(100);
  assert.deepEqual(endings(bench), [
    `${a1.intentId} confirmed`,
    `${b1.intentId} confirmed`,
    `${a2.intentId} confirmed`,
  ]);
  assert.deepEqual(children(), [], 'finished children are taken out');
  assert.deepEqual(bench.typesReceived(BNB).slice(0, 3), ['gateway.started', 'order.sent', 'order.sent']);
});

test('what streams report of an order goes to its submission and its cancel; no look-up is made while they are intact (9.4, 10.2)', async () => {
  const bench = new Bench();
  const { send, submit, children } = openGateway(bench);
  send({ type: 'streams.changed', account: 'A', intact: true });
  const seen = (clientOrderId: string, status: OrderStatus) =>
    send({ type: 'order.seen', account: 'A', order: testOrder(clientOrderId, status), intact: true });
  const [mine, next] = [testIntent(), testIntent()];
  submit(mine);
  submit(next);
  await bench.settle();
  const { clientOrderId } = bench.exchange.sent()[0] ?? assert.fail();
  seen(clientOrderIdOf('A', 'buy', 1n), 'OPEN');
  assert.deepEqual(endings(bench), []);
  seen(clientOrderId, 'OPEN');
  assert.deepEqual(endings(bench), [`${mine.intentId} confirmed`]);
  send({ type: 'order.cancel', account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId });
  await bench.pass(500);
  seen(clientOrderId, 'CANCELLED');
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'over');
  assert.deepEqual(bench.exchange.named('order'), []);
  assert.equal(children().length, 1, 'the next submission');
});

/** (streams of A are intact, event) → (they are, whether orders of A under way are looked up at once). */
const INTACTNESS: readonly (readonly [string, boolean, { type: string } & Record<string, unknown>, boolean])[] = [
  ['streams of A are down', true, { type: 'streams.changed', account: 'A', intact: false }, true],
  ['streams of B are down', true, { type: 'streams.changed', account: 'B', intact: false }, false],
  ['streams of A are up', false, { type: 'streams.changed', account: 'A', intact: true }, false],
  // As a gateway learns it that replaces a failed one.
  ['a row of A, of intact streams', false, { type: 'order.seen', account: 'A', order: OTHER, intact: true }, false],
  ['a row of A, by REST', true, { type: 'order.seen', account: 'A', order: OTHER, intact: false }, true],
];
for (const [what, before, event, looksUp] of INTACTNESS) {
  test(`streams intact: ${before}; then ${what}: the next order is looked up at once: ${looksUp} (9.4)`, async () => {
    const bench = new Bench();
    confirmsAll(bench);
    const { send, submit } = openGateway(bench);
    send({ type: 'streams.changed', account: 'A', intact: before });
    send(event);
    submit(testIntent());
    await bench.pass(200);
    assert.equal(bench.exchange.named('order').length, looksUp ? 1 : 0);
  });
}

test('what REST answers about an order goes to the view of its account, before anybody acts on it (10.1)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { send, submit } = openGateway(bench);
  submit(testIntent());
  await bench.pass(50);
  const { clientOrderId } = bench.exchange.sent()[0] ?? assert.fail();
  assert.deepEqual(bench.last('poller:A', 'lookups.done')?.lookups, [
    { clientOrderId, order: testOrder(clientOrderId, 'OPEN') },
  ]);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
  send({ type: 'order.cancel', account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId });
  await bench.pass(50);
  assert.deepEqual(bench.last('poller:A', 'lookups.done')?.lookups, [
    { clientOrderId, order: testOrder(clientOrderId, 'CANCELLED') },
  ]);
  bench.exchange.onOrder = async () => null;
  const reported = bench.typesReceived('poller:A').length;
  send({ type: 'order.cancel', account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId: OTHER.clientOrderId });
  await bench.pass(50);
  assert.equal(bench.typesReceived('poller:A').length, reported, 'no such order is no row');
});

test('streams that go down are reported to every submission and cancel of the account under way (9.4)', async () => {
  const bench = new Bench();
  const { send, submit } = openGateway(bench);
  send({ type: 'streams.changed', account: 'A', intact: true });
  submit(testIntent());
  submit(testIntent({ instrument: 'SOL_USDT_Perp' }));
  const clientOrderId = clientOrderIdOf('A', 'buy', 1n);
  send({ type: 'order.cancel', account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId });
  await bench.pass(100);
  assert.deepEqual(bench.exchange.named('order'), []);
  send({ type: 'streams.changed', account: 'A', intact: false });
  await bench.pass(40);
  assert.equal(new Set(bench.exchange.named('order').map(({ args }) => args[1])).size, 3);
});

test('no symbol’s answer, confirmation or pause holds up another symbol of the account (9.1)', async () => {
  const bench = new Bench();
  const answer = deferred<never>();
  bench.exchange.onCreate = async ({ draft }) => {
    if (draft.instrument === 'BNB_USDT_Perp') await answer.promise;
    return testOrder(draft.clientOrderId, 'PENDING');
  };
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN', { instrument: 'SOL_USDT_Perp' });
  const { submit } = openGateway(bench);
  const [slow, behind] = [testIntent(), testIntent()];
  const others = [testIntent({ instrument: 'SOL_USDT_Perp' }), testIntent({ instrument: 'SOL_USDT_Perp' })];
  for (const intent of [slow, behind, ...others]) submit(intent);
  await bench.pass(200);
  assert.deepEqual(
    endings(bench, SOL),
    others.map(({ intentId }) => `${intentId} confirmed`),
  );
  assert.deepEqual(endings(bench), []);
  assert.equal(bench.exchange.sent().filter(({ instrument }) => instrument === 'BNB_USDT_Perp').length, 1);
});

test('what a symbol decided before its last fill does not leave any more; other symbols go on (5, 6, 9.5)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { send, submit } = openGateway(bench);
  const [begun, mine] = [testIntent(), testIntent()];
  const [another, other] = [testIntent({ instrument: 'SOL_USDT_Perp' }), testIntent({ account: 'B', side: 'sell' })];
  for (const intent of [begun, mine, another, other]) submit(intent);
  send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
  assert.deepEqual(
    endings(bench).sort(),
    [mine, begun, other].map(({ intentId }) => `${intentId} outdated`).sort(),
    'queued, and begun on either account',
  );
  await bench.pass(100);
  assert.deepEqual(endings(bench, SOL), [`${another.intentId} confirmed`]);
  assert.equal(bench.exchange.sent().length, 1);
});

test('what has left when a fill is booked may rest, and is not sent a second time (9.5)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (account, id) =>
    account === 'A' ? testOrder(id, 'OPEN') : testOrder(id, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  const { send, submit } = openGateway(bench);
  const [rests, refused] = [testIntent(), testIntent({ account: 'B', side: 'sell' })];
  for (const intent of [rests, refused]) submit(intent);
  await bench.settle();
  send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
  await bench.pass(2_000);
  assert.deepEqual(endings(bench).sort(), [`${rests.intentId} confirmed`, `${refused.intentId} outdated`].sort());
  assert.equal(bench.exchange.sent().length, 2);
});

test('what waits for the request budget when a fill is booked does not leave; what is decided then does (9.1, 9.5)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const permit = deferred<void>();
  bench.exchange.onPermit = () => permit.promise;
  const { send, submit } = openGateway(bench);
  const [waits, other] = [testIntent(), testIntent({ account: 'B', side: 'sell', instrument: 'SOL_USDT_Perp' })];
  for (const intent of [waits, other]) submit(intent);
  await bench.settle();
  send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
  const anew = testIntent({ purpose: 'repair' });
  submit(anew);
  permit.resolve();
  await bench.pass(100);
  assert.deepEqual(endings(bench), [`${waits.intentId} outdated`, `${anew.intentId} confirmed`]);
  assert.deepEqual(endings(bench, SOL), [`${other.intentId} confirmed`]);
  assert.equal(bench.exchange.sent().length, 2);
});

test('a fill every second keeps no repair from leaving: each is decided again, and what is in flight may rest (9.5)', async () => {
  const bench = new Bench();
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  const { send, submit } = openGateway(bench);
  for (let second = 1; second <= 5; second += 1) {
    submit(testIntent({ purpose: 'repair' }));
    await bench.pass(400);
    assert.equal(bench.exchange.sent().length, second);
    send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
    await bench.pass(600);
  }
  confirmsAll(bench);
  bench.exchange.onCreate = async ({ draft }) => testOrder(draft.clientOrderId, 'PENDING');
  const last = testIntent({ purpose: 'repair' });
  submit(last);
  await bench.settle();
  send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
  await bench.pass(400);
  assert.equal(endings(bench).at(-1), `${last.intentId} confirmed`);
});

test('a fill that is booked ends no cancel and no search for an order’s fate (9.5, 9.6, 9.7)', async () => {
  const bench = new Bench();
  const { send, submit } = openGateway(bench);
  bench.exchange.onCreate = () => Promise.reject(new TestFailure('unknown', 'createOrder', null, 'A'));
  const lost = testIntent();
  submit(lost);
  await bench.settle();
  const cancelled = clientOrderIdOf('A', 'buy', 1n);
  send({ type: 'order.cancel', account: 'A', instrument: 'BNB_USDT_Perp', clientOrderId: cancelled });
  send({ type: 'intents.outdated', instrument: 'BNB_USDT_Perp' });
  bench.exchange.onOrder = async (_, id) => (id === cancelled ? testOrder(id, 'CANCELLED') : null);
  await bench.pass(20_000, 100);
  assert.deepEqual(endings(bench), [`${lost.intentId} unknown`]);
  assert.equal(bench.last(BNB, 'order.resolved')?.outcome, 'absent');
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'over');
});

test('a full queue turns an intent away as unsent', async () => {
  const bench = new Bench();
  bench.exchange.onBook = () => new Promise(() => {});
  const { submit } = openGateway(bench);
  for (let i = 0; i <= QUEUE_MAX; i += 1) submit(testIntent());
  assert.deepEqual(endings(bench), []);
  const last = testIntent();
  submit(last);
  assert.deepEqual(endings(bench), [`${last.intentId} unsent`]);
});

test('a message to a symbol that does not run is a no-op', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { submit, send, state } = openGateway(bench);
  submit(testIntent({ instrument: 'ETH_USDT_Perp' }));
  send({ type: 'touch.request', instrument: 'ETH_USDT_Perp' });
  await bench.pass(100);
  assert.equal(bench.exchange.sent().length, 1);
  assert.equal(state(), 'trading');
});

test('an order of unknown outcome does not hold the account’s slot (9.6)', async () => {
  const bench = new Bench();
  let creates = 0;
  bench.exchange.onCreate = async ({ draft }) => {
    creates += 1;
    if (creates === 1) throw new TestFailure('unknown', 'createOrder', null, 'A');
    return testOrder(draft.clientOrderId, 'OPEN');
  };
  const { submit } = openGateway(bench);
  const [first, second] = [testIntent(), testIntent()];
  submit(first);
  submit(second);
  await bench.pass(100);
  assert.deepEqual(endings(bench), [`${first.intentId} unknown`, `${second.intentId} confirmed`]);
  await bench.pass(7_000, 100);
  assert.equal(bench.last(BNB, 'order.resolved')?.outcome, 'absent');
});

test('A and B submissions under way together are never priced to match (6.6)', async () => {
  const bench = new Bench();
  const [slowA, slowB] = [deferred<ReturnType<typeof testBook>>(), deferred<ReturnType<typeof testBook>>()];
  bench.exchange.onBook = () => (bench.exchange.named('book').length === 1 ? slowA.promise : slowB.promise);
  const { submit } = openGateway(bench);
  submit(testIntent({ side: 'buy' }));
  submit(testIntent({ account: 'B', side: 'sell' }));
  slowA.resolve(testBook('600', '600.1'));
  slowB.resolve(testBook('599', '599.1'));
  await bench.settle();
  const [buy, sell] = bench.exchange.sent();
  assert.equal(buy?.price.toFixed(), '600');
  assert.equal(
    sell?.price.toFixed(),
    '600.1',
    'the ask alone would have been 599.1, which A’s buy at 600 would have taken',
  );
});

/** The first question for a book is answered so; all others wait. */
function firstBookOf(bench: Bench, book: ReturnType<typeof testBook>) {
  const waiting = deferred<ReturnType<typeof testBook>>();
  bench.exchange.onBook = () => (bench.exchange.named('book').length === 1 ? Promise.resolve(book) : waiting.promise);
  return waiting;
}

test('a confirmed order stays in the price table until its symbol’s next intent, which counts it (6.6)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { submit } = openGateway(bench);
  const waiting = firstBookOf(bench, testBook('600', '600.1'));
  submit(testIntent({ side: 'buy' }));
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.pass(100);
  assert.equal(endings(bench).length, 1, 'A is confirmed before B is priced');
  waiting.resolve(testBook('599', '599.1'));
  await bench.pass(100);
  assert.equal(bench.exchange.sent()[1]?.price.toFixed(), '600.1');
  bench.exchange.onBook = async () => testBook('599', '599.1');
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.pass(100);
  assert.equal(
    bench.exchange.sent()[2]?.price.toFixed(),
    '599.1',
    'the symbol knew of it, and says nothing: it is gone',
  );
});

test('a refused attempt leaves the price table (6.6)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => testBook('600', '600.1');
  bench.exchange.onCreate = () => Promise.reject(new TestFailure('refused', 'createOrder', 2084, 'A'));
  const { submit } = openGateway(bench);
  submit(testIntent({ side: 'buy' }));
  await bench.settle();
  bench.exchange.onBook = async () => testBook('599', '599.1');
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.settle();
  assert.equal(bench.exchange.sent()[1]?.price.toFixed(), '599.1');
});

test('an attempt refused as post-only leaves the price table while its submission goes on (6.6)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => testBook('600', '600.1');
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  const { submit } = openGateway(bench);
  submit(testIntent({ side: 'buy' }));
  await bench.settle();
  bench.exchange.onBook = async () => testBook('599', '599.1');
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.settle();
  assert.equal(bench.exchange.sent()[1]?.price.toFixed(), '599.1');
});

test('an intent asked for before another order rested keeps clear of it, however late it is priced (6.6)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const waiting = firstBookOf(bench, testBook('600', '600.1'));
  const { submit } = openGateway(bench);
  submit(testIntent({ side: 'buy' }));
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.pass(100);
  submit(testIntent({ side: 'buy' }));
  submit(testIntent({ account: 'B', side: 'sell' }));
  waiting.resolve(testBook('599', '599.1'));
  await bench.settle();
  const sell = bench.exchange.sent().find(({ side }) => side === 'sell');
  assert.equal(sell?.price.toFixed(), '600.1', 'the later intents do not make the first sell forget A’s buy');
});

test('however submissions of A and B overlap, no order of A could match one of B (6.6, I10)', async () => {
  const operation = fc.oneof(
    fc.record({
      do: fc.constant('submit' as const),
      account: fc.constantFrom('A', 'B'),
      side: fc.constantFrom('buy', 'sell'),
    }),
    fc.record({ do: fc.constant('answer' as const), which: fc.nat(3), mid: fc.integer({ min: 5_900, max: 6_100 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 30 }), async (operations) => {
      const bench = new Bench();
      const books: ReturnType<typeof deferred<ReturnType<typeof testBook>>>[] = [];
      bench.exchange.onBook = () => {
        const book = deferred<ReturnType<typeof testBook>>();
        books.push(book);
        return book.promise;
      };
      bench.exchange.onCreate = async ({ draft }) => testOrder(draft.clientOrderId, 'OPEN');
      const { submit } = openGateway(bench);
      const answer = async (which: number, mid: number): Promise<void> => {
        const [book] = books.splice(Math.min(which, books.length - 1), 1);
        book?.resolve(testBook(String((mid - 1) / 10), String((mid + 1) / 10)));
        await bench.settle();
      };
      for (const step of operations) {
        if (step.do === 'answer') {
          await answer(step.which, step.mid);
          continue;
        }
        const { account, side } = step as { account: AccountName; side: 'buy' | 'sell' };
        // What the symbol knows when it decides: everything announced by then.
        const known = bench.exchange.sent().filter((order) => order.account !== account && order.side !== side);
        const prices = known.map(({ price }) => price).sort((one, other) => one.comparedTo(other));
        submit(testIntent({ account, side, beyondPrice: (side === 'sell' ? prices.at(-1) : prices[0]) ?? null }));
        await bench.settle();
      }
      while (books.length > 0) await answer(0, 6_000);
      for (const buy of bench.exchange.sent().filter(({ side }) => side === 'buy')) {
        for (const sell of bench.exchange.sent().filter(({ side }) => side === 'sell')) {
          if (buy.account !== sell.account) assert.ok(buy.price.lt(sell.price), `${buy.price} against ${sell.price}`);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('another instrument’s prices do not matter (6.6)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => testBook('600', '600.1');
  const { submit } = openGateway(bench);
  submit(testIntent({ side: 'buy' }));
  await bench.settle();
  bench.exchange.onBook = async () => testBook('599', '599.1');
  submit(testIntent({ account: 'B', side: 'sell', instrument: 'SOL_USDT_Perp' }));
  await bench.settle();
  assert.equal(bench.exchange.sent()[1]?.price.toFixed(), '599.1');
});

test('client ids go on from the journal’s last, even when the clock was set back (9.2)', async () => {
  const bench = new Bench();
  const ahead = nextSequence(null, BENCH_START_MS + 60_000);
  const { submit } = openGateway(bench, { lastSequence: ahead });
  submit(testIntent());
  submit(testIntent({ account: 'B', side: 'sell' }));
  await bench.settle();
  const sequences = bench.exchange.sent().map(({ clientOrderId }) => parseClientOrderId(clientOrderId)?.sequence);
  assert.deepEqual(sequences, [ahead + 1n, ahead + 2n]);
});

// ---- cancels ---------------------------------------------------------------------------------------------------------

const cancelOf = (clientOrderId: string) => ({
  type: 'order.cancel',
  account: 'A',
  instrument: 'BNB_USDT_Perp',
  clientOrderId,
});
const strategyId = (n: number): string => clientOrderIdOf('A', 'buy', BigInt(n));

test('a cancel goes at once, whatever is queued, and ends by the order’s state (9.1, 9.7)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = () => new Promise(() => {});
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
  const { submit, send, children } = openGateway(bench);
  submit(testIntent());
  submit(testIntent());
  send(cancelOf(strategyId(1)));
  send(cancelOf(strategyId(1)));
  await bench.pass(100);
  assert.equal(bench.exchange.named('cancelOrder').length, 1, 'one under way answers for both');
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'over');
  assert.deepEqual(children(), ['submission-1']);
});

test('a foreign order is never cancelled (9.7)', async () => {
  const bench = new Bench();
  const { send } = openGateway(bench);
  send(cancelOf('12345'));
  await bench.pass(100);
  assert.equal(bench.exchange.named('cancelOrder').length, 0);
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'failed');
});

test('cancels under way are bounded', async () => {
  const bench = new Bench();
  bench.exchange.onCancel = () => new Promise(() => {});
  const { send } = openGateway(bench);
  for (let n = 0; n < CANCELS_MAX; n += 1) send(cancelOf(strategyId(n)));
  assert.equal(bench.typesReceived(BNB).includes('cancel.ended'), false);
  send(cancelOf(strategyId(CANCELS_MAX)));
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'failed');
});

// ---- orders in doubt -------------------------------------------------------------------------------------------------

const resolveOf = (clientOrderId: string) => ({
  type: 'order.resolve',
  account: 'A',
  instrument: 'BNB_USDT_Perp',
  clientOrderId,
  side: 'buy',
  size: decimal('0.1'),
  price: decimal('600'),
  sentAtMs: BENCH_START_MS - 1_000,
  expirationMs: BENCH_START_MS + 3_600_000,
});

test('an order lost from sight is found out in the background; asked for twice, it is found out once (9.6)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'FILLED');
  const { send } = openGateway(bench);
  send(resolveOf(strategyId(1)));
  send(resolveOf(strategyId(1)));
  await bench.settle();
  assert.equal(bench.exchange.named('order').length, 1);
  assert.equal(bench.last(BNB, 'order.resolved')?.outcome, 'exists');
});

test('a journal that cannot be read does not keep an order from being found out', async () => {
  const bench = new Bench();
  bench.journal.refusesToRead = true;
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'FILLED');
  const { send } = openGateway(bench);
  send(resolveOf(strategyId(1)));
  await bench.settle();
  assert.equal(bench.last(BNB, 'order.resolved')?.outcome, 'exists');
  assert.equal(bench.reported('journal.failed').length, 1);
});

test('what the journal left in doubt is found out from the start; intents keep clear of it (6.6, 11.2)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => testBook('599', '599.1');
  bench.exchange.onOrder = () => new Promise(() => {});
  const lost = prepared('A', 'buy', '600');
  const { submit } = openGateway(bench, { unsettled: [lost], lastSequence: lost.sequence });
  assert.deepEqual(bench.last(BNB, 'gateway.started')?.unsettled, [
    { account: 'A', clientOrderId: lost.clientOrderId },
  ]);
  assert.equal(bench.exchange.named('order').length, 1);
  submit(testIntent({ account: 'B', side: 'sell', beyondPrice: lost.price }));
  await bench.settle();
  assert.equal(bench.exchange.sent()[0]?.price.toFixed(), '600.1');
});

// ---- touch -----------------------------------------------------------------------------------------------------------

test('a touch is read once for however many ask, and reported (3.1)', async () => {
  const bench = new Bench();
  const { send, children } = openGateway(bench);
  send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
  send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
  await bench.settle();
  assert.equal(bench.exchange.named('book').length, 1);
  assert.equal(String(bench.last(BNB, 'touch.received')?.bid), '599.9');
  assert.deepEqual(children(), []);
});

for (const [what, book] of [
  ['an empty book', async () => testBook(null, null)],
  ['a book that cannot be read', () => Promise.reject(new TestFailure('unavailable', 'book'))],
  ['a book that throws what is no error', () => Promise.reject('gone')],
] as const) {
  test(`${what} gives no touch (7.4)`, async () => {
    const bench = new Bench();
    bench.exchange.onBook = book;
    const { send } = openGateway(bench);
    send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
    await bench.settle();
    assert.ok(bench.last(BNB, 'touch.failed'));
  });
}

// ---- parking (9.8) ---------------------------------------------------------------------------------------------------

const failure = new TestFailure('parked', 'positions', 1001, 'B');

test('a parked account stops creates on both: queued and new intents are unsent, until it is unparked (9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = () => new Promise(() => {});
  const { submit, send, state } = openGateway(bench);
  const [running, queued, late, next] = [testIntent(), testIntent(), testIntent({ account: 'B' }), testIntent()];
  submit(running);
  submit(queued);
  send({ type: 'account.parked', account: 'B', failure });
  send({ type: 'account.parked', account: 'B', failure });
  submit(late);
  assert.equal(state(), 'parked');
  assert.deepEqual(
    new Set(endings(bench)),
    new Set([running, queued, late].map(({ intentId }) => `${intentId} unsent`)),
  );
  send({ type: 'account.parked', account: 'A', failure });
  send({ type: 'account.unparked', account: 'B' });
  assert.equal(state(), 'parked', 'the other one is parked still');
  send({ type: 'account.unparked', account: 'A' });
  assert.equal(state(), 'trading');
  confirmsAll(bench);
  bench.exchange.onBook = async () => testBook('600', '600.1');
  submit(next);
  await bench.pass(100);
  assert.equal(endings(bench).at(-1), `${next.intentId} confirmed`);
});

test('beside a parked account the other one repairs, and its openings are unsent (9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => testBook('600', '600.1');
  confirmsAll(bench);
  const { submit, send, state } = openGateway(bench);
  send({ type: 'account.parked', account: 'B', failure });
  const repair = testIntent({ purpose: 'repair' });
  const [opening, parked] = [testIntent(), testIntent({ account: 'B', purpose: 'repair' })];
  for (const intent of [opening, repair, parked]) submit(intent);
  await bench.pass(100);
  assert.equal(state(), 'parked');
  assert.deepEqual(
    new Set(endings(bench)),
    new Set([`${opening.intentId} unsent`, `${parked.intentId} unsent`, `${repair.intentId} confirmed`]),
  );
});

test('an account found parked by a create is reported to the daemon and to its poller, once (9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onCreate = () => Promise.reject(new TestFailure('parked', 'createOrder', 1400, 'A'));
  const { submit, state } = openGateway(bench);
  submit(testIntent());
  submit(testIntent());
  await bench.settle();
  assert.equal(state(), 'parked');
  assert.equal(bench.exchange.sent().length, 1);
  for (const listener of ['daemon', 'poller:A']) {
    assert.equal(bench.typesReceived(listener).filter((type) => type === 'account.parked').length, 1, listener);
  }
  assert.equal(bench.typesReceived('poller:B').length, 0);
});

test('an account found parked a second time is not reported again', async () => {
  const bench = new Bench();
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('parked', 'cancelOrder', 1001, 'A'));
  const { send } = openGateway(bench);
  send(cancelOf(strategyId(1)));
  send(cancelOf(strategyId(2)));
  await bench.settle();
  assert.equal(bench.typesReceived('daemon').filter((type) => type === 'account.parked').length, 1);
});

// ---- draining (13.1) -------------------------------------------------------------------------------------------------

test('a drain denies what is queued, settles what is in flight, and lets no create leave (13.1)', async () => {
  const bench = new Bench();
  const answer = deferred<ReturnType<typeof testOrder>>();
  bench.exchange.onCreate = () => answer.promise;
  const { submit, send, state } = openGateway(bench);
  const [running, queued, late] = [testIntent(), testIntent(), testIntent({ account: 'B' })];
  submit(running);
  submit(queued);
  await bench.settle();
  send({ type: 'trading.drain' });
  submit(late);
  assert.equal(state(), 'draining');
  assert.deepEqual(endings(bench), [`${queued.intentId} denied`, `${late.intentId} denied`]);
  const denial = bench.last(BNB, 'submission.ended')?.result as { why: { rule: string } } | undefined;
  assert.equal(denial?.why.rule, '13.1');
  assert.equal(bench.last('daemon', 'gateway.idle'), undefined);
  const [draft] = bench.exchange.sent();
  answer.resolve(testOrder(draft?.clientOrderId ?? '', 'OPEN'));
  await bench.settle();
  assert.equal(state(), 'idle');
  assert.equal(endings(bench).at(-1), `${running.intentId} confirmed`);
  assert.deepEqual(bench.last('daemon', 'gateway.idle')?.unknown, []);
  submit(testIntent());
  await bench.settle();
  assert.match(endings(bench).at(-1) ?? '', /denied/);
  assert.equal(bench.exchange.sent().length, 1);
});

test('a drain does not wait for unknown outcomes, but names them (13.1)', async () => {
  const bench = new Bench();
  bench.exchange.onCreate = () => Promise.reject(new TestFailure('unknown', 'createOrder', null, 'A'));
  bench.exchange.onOrder = () => new Promise(() => {});
  const { submit, send, state } = openGateway(bench);
  submit(testIntent());
  await bench.settle();
  send({ type: 'trading.drain' });
  const [draft] = bench.exchange.sent();
  assert.equal(state(), 'idle');
  assert.deepEqual(bench.last('daemon', 'gateway.idle')?.unknown, [
    { account: 'A', clientOrderId: draft?.clientOrderId },
  ]);
});

test('a drain waits for cancels, and works from a parked account too (13.1)', async () => {
  const bench = new Bench();
  const ack = deferred<void>();
  bench.exchange.onCancel = () => ack.promise;
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
  const { send, state } = openGateway(bench);
  send({ type: 'account.parked', account: 'B', failure });
  send(cancelOf(strategyId(1)));
  send({ type: 'trading.drain' });
  assert.equal(state(), 'draining');
  ack.resolve();
  await bench.pass(100);
  assert.equal(state(), 'idle');
});

// ---- children that fail ----------------------------------------------------------------------------------------------

/** A gateway whose submissions throw at the moment named. */
function fragile(when: string): typeof orderGatewayMachine {
  const thrower = () => {
    throw new Error(`a defect at ${when}`);
  };
  return orderGatewayMachine.provide({
    actors: { submission: submissionMachine.provide({ actions: { [when]: thrower } }) },
  });
}

test('a submission that throws before it sent anything ends as unsent; its account goes on ', async () => {
  const bench = new Bench();
  const { submit, state, children } = openGateway(bench, {}, fragile('beginAttempt'));
  const [first, second] = [testIntent(), testIntent()];
  submit(first);
  submit(second);
  await bench.settle();
  assert.equal(state(), 'trading');
  assert.deepEqual(endings(bench), [`${first.intentId} unsent`, `${second.intentId} unsent`]);
  assert.equal(bench.typesReceived('daemon').filter((type) => type === 'task.failed').length, 2);
  assert.match(String(bench.last('daemon', 'task.failed')?.message), /a defect/);
  assert.deepEqual(children(), []);
});

test('a submission that throws before its create leaves ends as unsent: nothing left (9.3)', async () => {
  const bench = new Bench();
  const { submit } = openGateway(bench, {}, fragile('noteSendTime'));
  const intent = testIntent();
  submit(intent);
  await bench.settle();
  assert.deepEqual(endings(bench), [`${intent.intentId} unsent`]);
  assert.equal(bench.exchange.sent().length, 0);
});

test('a submission that throws after its create left is replaced by one that finds out (9.6)', async () => {
  const bench = new Bench();
  confirmsAll(bench);
  const { submit } = openGateway(bench, {}, fragile('countLookup'));
  const intent = testIntent();
  submit(intent);
  await bench.pass(50);
  assert.equal(bench.exchange.sent().length, 1);
  assert.deepEqual(endings(bench), [`${intent.intentId} unknown`]);
  await bench.pass(2_000, 50);
  assert.equal(bench.last(BNB, 'order.resolved')?.outcome, 'exists');
  assert.equal(bench.exchange.sent().length, 1, 'and sends nothing');
});

test('one that finds out and throws is replaced, at growing pauses, until one succeeds (9.6)', async () => {
  const bench = new Bench();
  let failures = 0;
  const machine = orderGatewayMachine.provide({
    actors: {
      submission: submissionMachine.provide({
        actions: {
          noteProofBasis: () => {
            failures += 1;
            throw new Error('a defect in looking up');
          },
        },
      }),
    },
  });
  const { send } = openGateway(bench, {}, machine);
  send(resolveOf(strategyId(1)));
  await bench.pass(10_000, 250);
  assert.ok(failures > 2 && failures < 9, `${failures} failures in 10 s`);
  assert.deepEqual(bench.typesReceived(BNB), ['gateway.started']);
});

test('the failure of a child nobody knows is reported, and changes nothing', async () => {
  const bench = new Bench();
  const { send, state } = openGateway(bench);
  send({ type: 'xstate.error.actor.stranger', actorId: 'stranger', error: 'gone' });
  assert.equal(state(), 'trading');
  assert.equal(bench.last('daemon', 'task.failed')?.task, 'stranger');
});

test('a cancel that throws has failed; its siblings go on', async () => {
  const bench = new Bench();
  const machine = orderGatewayMachine.provide({
    actors: {
      cancellation: cancellationMachine.provide({
        actions: {
          countLookup: () => {
            throw new Error('a defect in looking');
          },
        },
      }),
    },
  });
  const { send, state } = openGateway(bench, {}, machine);
  send(cancelOf(strategyId(1)));
  await bench.pass(100);
  assert.equal(bench.last(BNB, 'cancel.ended')?.outcome, 'failed');
  assert.equal(state(), 'trading');
});

test('a touch whose actor throws has failed', async () => {
  const bench = new Bench();
  let throws = 0;
  const clock = {
    nowMs: () => {
      throws -= 1;
      if (throws >= 0) throw new Error('a clock that throws');
      return bench.clock.nowMs();
    },
    steadyMs: () => 0,
    era: () => 0,
  };
  // Once for the answer, once for the failure that this would be.
  bench.exchange.onBook = async () => {
    throws = 2;
    return testBook('599.9', '600.1');
  };
  const { send } = openGateway(bench, { clock });
  send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
  await bench.settle();
  assert.equal(bench.last('daemon', 'task.failed')?.task, 'touch-BNB_USDT_Perp');
  assert.equal((bench.last(BNB, 'touch.failed')?.why as { code: string } | undefined)?.code, 'part-failed');
});

// ---- API failures of orders (12) -------------------------------------------------------------------------------------

describe('12 calls that no poll makes are alerted when they fail, and resolved', () => {
  const KEY = 'api-failure:A:createOrder';
  const withAlertManager = (bench: Bench) => {
    confirmsAll(bench);
    return openGateway(bench, {}, orderGatewayMachine, [...LISTENERS, 'alert-manager']);
  };
  /** `raised KEY in a row` and `cleared KEY`. */
  const alertsSent = (bench: Bench): string[] =>
    bench.received.flatMap(({ by, event }) => {
      if (by !== 'alert-manager') return [];
      const alert = event.alert as Alert | undefined;
      return [alert === undefined ? `cleared ${event.key}` : `raised ${alert.key} ${alert.details.inARow}`];
    });
  const failing = (kind: FailureKind, call = 'createOrder', account: AccountName | null = 'A') => {
    return async () => {
      throw new TestFailure(kind, call, null, account);
    };
  };

  test('12 creates of unknown outcome count up, and end with the first one that is confirmed', async () => {
    const bench = new Bench();
    const { submit } = withAlertManager(bench);
    bench.exchange.onCreate = failing('unknown');
    bench.exchange.onOrder = async () => null;
    for (let round = 0; round < 2; round += 1) {
      submit(testIntent());
      await bench.pass(100);
    }
    bench.exchange.onCreate = async (signed) => testOrder(signed.draft.clientOrderId, 'OPEN', { orderId: '0x01' });
    submit(testIntent({ account: 'B', side: 'sell' }));
    await bench.pass(100);
    const others = ['cleared api-failure:B:createOrder', 'cleared api-failure:-:book'];
    assert.deepEqual(alertsSent(bench), [`raised ${KEY} 1`, `raised ${KEY} 2`, ...others]);
    submit(testIntent());
    submit(testIntent());
    await bench.pass(100);
    assert.deepEqual(alertsSent(bench).slice(4), [`cleared ${KEY}`]);
  });

  test('12 a book that cannot be read is reported, though nothing left; any order that is answered ends it', async () => {
    const bench = new Bench();
    const { submit } = withAlertManager(bench);
    bench.exchange.onBook = failing('unavailable', 'book', null);
    submit(testIntent());
    await bench.pass(5_000, 100);
    assert.deepEqual(alertsSent(bench), ['raised api-failure:-:book 1']);
    bench.exchange.onBook = async () => testBook('599.9', '600.1');
    bench.exchange.onCreate = failing('refused');
    submit(testIntent({ account: 'B', side: 'sell' }));
    await bench.pass(1_000, 100);
    assert.deepEqual(alertsSent(bench).slice(1), ['cleared api-failure:B:createOrder', 'cleared api-failure:-:book']);
  });

  test('10.3 12 a touch that cannot be read is reported each time, and over with the first book that is, tradable or not', async () => {
    const bench = new Bench();
    const { send } = withAlertManager(bench);
    const ask = async () => {
      send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
      await bench.settle();
    };
    bench.exchange.onBook = failing('unavailable', 'book', null);
    await ask();
    await ask();
    const twice = ['raised api-failure:-:book 1', 'raised api-failure:-:book 2'];
    assert.deepEqual(alertsSent(bench), twice);
    bench.exchange.onBook = async () => testBook(null, '600.1');
    await ask();
    assert.deepEqual(alertsSent(bench), [...twice, 'cleared api-failure:-:book'], 'it was read: it has no bids');
    bench.exchange.onBook = failing('malformed', 'book', null);
    await ask();
    bench.exchange.onBook = async () => testBook('599.9', '600.1');
    await ask();
    await ask();
    assert.deepEqual(alertsSent(bench).slice(3), ['raised api-failure:-:book 1', 'cleared api-failure:-:book']);
  });

  test('12 what a previous gateway reported is over with the first such call that works, and not before', async () => {
    const bench = new Bench();
    const { submit, send } = withAlertManager(bench);
    await bench.pass(1_000, 100);
    assert.deepEqual(alertsSent(bench), []);
    send({ type: 'touch.request', instrument: 'BNB_USDT_Perp' });
    await bench.settle();
    assert.deepEqual(alertsSent(bench), ['cleared api-failure:-:book']);
    submit(testIntent());
    await bench.pass(100);
    assert.deepEqual(alertsSent(bench).slice(1), ['cleared api-failure:A:createOrder']);
    bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
    send({ ...cancelOf(clientOrderIdOf('B', 'buy', 3n)), account: 'B' });
    await bench.pass(1_000, 100);
    assert.deepEqual(alertsSent(bench).slice(2), ['cleared api-failure:B:cancelOrder']);
  });

  for (const kind of ['parked', 'unauthenticated', 'unavailable'] as const) {
    test(`12 a create that is ${kind} has an alert elsewhere`, async () => {
      const bench = new Bench();
      const { submit } = withAlertManager(bench);
      bench.exchange.onCreate = failing(kind);
      submit(testIntent());
      await bench.pass(5_000, 100);
      assert.deepEqual(endings(bench).length, 1);
      assert.deepEqual(alertsSent(bench), []);
    });
  }

  test('12 a cancel that fails is reported, and is over with the next that succeeds', async () => {
    const bench = new Bench();
    const { send } = withAlertManager(bench);
    bench.exchange.onCancel = failing('unknown', 'cancelOrder');
    send(cancelOf(strategyId(1)));
    await bench.pass(30_000, 100);
    assert.deepEqual(alertsSent(bench), ['raised api-failure:A:cancelOrder 1']);
    bench.exchange.onCancel = async () => {};
    bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
    send(cancelOf(strategyId(2)));
    await bench.pass(1_000, 100);
    assert.deepEqual(alertsSent(bench).slice(1), ['cleared api-failure:A:cancelOrder']);
  });
});
