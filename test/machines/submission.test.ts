import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { AnyActorRef } from 'xstate';
import { submissionMachine } from '../../machines/submission.ts';
import type { SubmissionInput } from '../../machines/submission-calls.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { ExchangeOrder, Intent, OrderStatus, TrackedOrder } from '../../src/core/model.ts';
import { isStrategyOrder, nextSequence, nonceOf, parseClientOrderId } from '../../src/core/order-id.ts';
import type { PricedOrder } from '../../src/core/pricing.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { CONFIRM_LOOKUPS_MAX, FENCE_TTL_MS, HISTORY_MARGIN_MS } from '../../src/core/submission/waits.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { TestFailure, testBook, testInstrument, testIntent, testOrder } from '../support/fake-exchange.ts';
import { BENCH_START_MS, Bench, deferred } from '../support/machine-bench.ts';
import { assertReadable, TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(submissionMachine);
after(() => coverage.assertComplete());

test('every state says what it is for, and the chart holds names only', () => assertReadable(submissionMachine));

const ORDER_TTL_MS = 3_600_000;

function submit(bench: Bench, intent: Intent = testIntent(), retries = 3, intact = false) {
  const reserved: PricedOrder[] = [];
  let last: bigint | null = null;
  const input: SubmissionInput = {
    childId: 'submission-1',
    deps: {
      exchange: bench.exchange,
      journal: bench.journal,
      clock: bench.clock,
      reporter: bench.reporter,
      instruments: new Map([['BNB_USDT_Perp', testInstrument()]]),
      settings: { postOnlyMaxRetry: retries, orderTtlMs: ORDER_TTL_MS },
    },
    shared: {
      nextSequence: () => {
        last = nextSequence(last, bench.clock.nowMs());
        return last;
      },
      pricesToGoBeyond: () => [],
      reserve: (order) => reserved.push(order),
      whyNot: () => null,
      isOrphaned: () => false,
    },
    intact,
    task: { kind: 'submit', intent },
  };
  const { child } = bench.startAmong(submissionMachine, { input, inspect: coverage.inspect });
  return { child, reserved, intent, input };
}

const CLIENT_ID = '16140901064495857664';

function trackedOrder(changes: Partial<TrackedOrder> = {}): TrackedOrder {
  return {
    instrument: 'BNB_USDT_Perp',
    account: 'A',
    clientOrderId: CLIENT_ID,
    side: 'buy',
    size: decimal('0.1'),
    price: decimal('600'),
    purpose: 'opening',
    guardPrice: null,
    attempt: 1,
    sentAtMs: BENCH_START_MS - 5_000,
    expirationMs: BENCH_START_MS + ORDER_TTL_MS,
    ...changes,
  };
}

function resolveOrder(bench: Bench, order = trackedOrder(), rounds = 0) {
  const prepared = submitInput(bench);
  const task = { kind: 'resolve', order, why: reason('no-outcome-in-journal', '9.6'), rounds } as const;
  return bench.startAmong(submissionMachine, { input: { ...prepared, task }, inspect: coverage.inspect });
}

function submitInput(bench: Bench): Omit<SubmissionInput, 'task'> {
  return {
    childId: 'resolution-1',
    deps: {
      exchange: bench.exchange,
      journal: bench.journal,
      clock: bench.clock,
      reporter: bench.reporter,
      instruments: new Map([['BNB_USDT_Perp', testInstrument()]]),
      settings: { postOnlyMaxRetry: 3, orderTtlMs: ORDER_TTL_MS },
    },
    shared: {
      nextSequence: () => 1n,
      pricesToGoBeyond: () => [],
      reserve: () => {},
      whyNot: () => null,
      isOrphaned: () => false,
    },
    intact: false,
  };
}

/** What the gateway received, in short: `order.sent`, `attempt.refused`, `ended confirmed`, `resolved absent`, … */
function reported(bench: Bench): string[] {
  return bench.received.flatMap(({ by, event }) => {
    if (by !== 'parent') return [];
    if (event.type === 'submission.prepared') return ['order.sent'];
    if (event.type === 'parking.found') return ['parking.found'];
    if (event.type !== 'submission.reported') return [];
    const message = event.message as { type: string; result?: { kind: string }; outcome?: string };
    if (message.type === 'submission.ended') return [`ended ${message.result?.kind}`];
    if (message.type === 'order.resolved') return [`resolved ${message.outcome}`];
    return [message.type];
  });
}

function result(bench: Bench): { kind: string; reason: Reason; why: Reason; code: number | null; attempts: number } {
  const ended = bench.received.map(({ event }) => event.message as { type: string; result: never }).findLast(isEnded);
  assert.ok(ended, 'the submission has not ended');
  return ended.result;
}

function isEnded(message: { type: string } | undefined): boolean {
  return message?.type === 'submission.ended';
}

const rejectsWith =
  (kind: ConstructorParameters<typeof TestFailure>[0], code: number | null = null) =>
  () =>
    Promise.reject(new TestFailure(kind, 'createOrder', code, 'A'));

test('an order is priced, written down, announced, sent and confirmed by its state, in that order', async () => {
  const bench = new Bench();
  const { reserved } = submit(bench);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  let journalledBeforeCreate = 0;
  let announcedBeforeCreate: string[] = [];
  bench.exchange.onCreate = async ({ draft }) => {
    journalledBeforeCreate = bench.journal.entries.filter(({ kind }) => kind === 'order.prepared').length;
    announcedBeforeCreate = reported(bench);
    return testOrder(draft.clientOrderId, 'PENDING');
  };
  await bench.pass(100);
  assert.equal(journalledBeforeCreate, 1);
  assert.deepEqual(announcedBeforeCreate, ['order.sent']);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
  assert.deepEqual(bench.journal.outcomes(), ['resting']);
  assert.deepEqual(
    bench.facts.map(({ type }) => type),
    ['order.sent', 'order.placed'],
  );
  const [draft] = bench.exchange.sent();
  assert.ok(draft && isStrategyOrder(draft.clientOrderId));
  assert.equal(draft.price.toFixed(), '599.9');
  assert.equal(draft.expirationMs, BENCH_START_MS + ORDER_TTL_MS);
  assert.equal(draft.nonce, nonceOf(parseClientOrderId(draft.clientOrderId)?.sequence ?? 0n));
  assert.equal(reserved[0]?.clientOrderId, draft.clientOrderId);
  const prepared = bench.journal.latest('order.prepared', draft.clientOrderId)?.body;
  assert.equal(prepared?.payload, bench.exchange.onSign(draft));
});

test('an end that a snapshot reported first stays the last word, whatever a slow answer says', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = async ({ draft }) => {
    const { clientOrderId } = draft;
    const body = { clientOrderId, outcome: 'filled', detail: '', atMs: 1 } as const;
    bench.journal.append([{ kind: 'order.outcome', key: clientOrderId, atMs: 1, body }]);
    return testOrder(clientOrderId, 'OPEN');
  };
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
  assert.deepEqual(bench.journal.outcomes(), ['filled']);
});

test('a rejected order that traded all the same is not let go of unseen', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => ({ ...testOrder(id, 'REJECTED'), tradedSize: decimal('0.1') });
  resolveOrder(bench);
  await bench.pass(100);
  assert.deepEqual(bench.journal.outcomes(), ['cancelled']);
});

test('an acknowledgement that already says OPEN but has no id yet is not a resting order (9.4)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = async ({ draft }) => testOrder(draft.clientOrderId, 'OPEN', { orderId: '0x00' });
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'PENDING');
  await bench.pass(50);
  assert.deepEqual(reported(bench), ['order.sent']);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'FILLED', { tradedSize: decimal('0.1') });
  await bench.pass(200);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
  assert.deepEqual(bench.journal.outcomes(), ['filled']);
});

test('a post-only refusal is tried again at a fresh price, attempts at least 500 ms apart, until the attempts are used up (9.5)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ side: 'sell', guardPrice: decimal('600.5') }));
  const asks = ['600.1', '600.7', '600.2'];
  bench.exchange.onBook = async () => testBook('599.9', asks[bench.exchange.named('book').length - 1] ?? null);
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  await bench.pass(1_100);
  assert.deepEqual(reported(bench), [
    ...['order.sent', 'attempt.refused', 'order.sent', 'attempt.refused', 'order.sent', 'attempt.refused'],
    'ended exhausted',
  ]);
  assert.equal(result(bench).attempts, 3);
  const prices = bench.exchange.sent().map(({ price }) => price.toFixed());
  assert.deepEqual(prices, ['600.5', '600.7', '600.5'], 'the guard holds in each attempt');
  const times = bench.exchange.named('createOrder').map(({ atMs }) => atMs - BENCH_START_MS);
  assert.deepEqual(times, [0, 500, 1000]);
  assert.equal(new Set(bench.exchange.sent().map(({ clientOrderId }) => clientOrderId)).size, 3, 'no id twice');
  assert.deepEqual(
    bench.reported('order.post-only-refused').map(({ attemptsLeft }) => attemptsLeft),
    [2, 1, 0],
  );
  assert.equal(bench.reported('intent.exhausted').length, 1);
});

test('after a post-only refusal the next attempt is priced from a book received since; after other failures from any (7.4)', async () => {
  const bench = new Bench();
  submit(bench, testIntent(), 3);
  let attempts = 0;
  bench.exchange.onCreate = async ({ draft }) => {
    attempts += 1;
    if (attempts === 1) throw new TestFailure('rate-limited', 'createOrder', 1006, 'A');
    return testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  };
  await bench.pass(10_000, 50);
  const refused = bench.exchange.named('createOrder').map(({ atMs }) => atMs);
  assert.equal(refused.length, 3);
  assert.deepEqual(
    bench.exchange.named('book').map(({ args }) => args[1]),
    [{}, {}, { receivedAfterMs: refused[1] }],
  );
});

/** Each attempt is refused with that reason; prices sent, and how often the index was asked for. */
async function refusedFor(reason: string, side: 'buy' | 'sell', index: string, books: [string, string][]) {
  const bench = new Bench();
  submit(bench, testIntent({ side, guardPrice: null }));
  bench.exchange.onBook = async () => testBook(...(books[bench.exchange.named('book').length - 1] ?? assert.fail()));
  bench.exchange.onIndexPrice = async () => decimal(index);
  bench.exchange.onCreate = async ({ draft }) => testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: reason });
  await bench.pass(1_100);
  const prices = bench.exchange.sent().map(({ price }) => price.toFixed());
  return { prices, asked: bench.exchange.named('indexPrice').length };
}

const STANDING: [string, string][] = Array<[string, string]>(3).fill(['599.9', '600.1']);
for (const [what, reason, side, index, books, prices, asked] of [
  ['a sell', 'RESTING_ORDER_WOULD_CROSS', 'sell', '600.42', STANDING, ['600.1', '600.5', '600.5'], 2],
  ['a buy', 'RESTING_ORDER_WOULD_CROSS', 'buy', '599.48', STANDING, ['599.9', '599.4', '599.4'], 2],
  [
    'one that the index lies behind',
    'RESTING_ORDER_WOULD_CROSS',
    'sell',
    '599',
    STANDING,
    ['600.1', '600.1', '600.1'],
    2,
  ],
  [
    'one that the newest book explains',
    'RESTING_ORDER_WOULD_CROSS',
    'sell',
    '602',
    [
      ['599.9', '600.1'],
      ['600.1', '600.3'],
      ['600.3', '600.4'],
    ],
    ['600.1', '600.3', '600.4'],
    2,
  ],
  ['FAIL_POST_ONLY', 'FAIL_POST_ONLY', 'sell', '602', STANDING, ['600.1', '600.1', '600.1'], 0],
] as const) {
  test(`refused as crossing, the next attempt is also no nearer than the index: ${what} (9.5)`, async () => {
    assert.deepEqual(await refusedFor(reason, side, index, [...books] as [string, string][]), { prices, asked });
  });
}

test('the index cannot be read: that attempt fails, the next one reads it again (9.5)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ side: 'sell', guardPrice: null }));
  bench.exchange.onIndexPrice = async () => {
    throw new Error('down');
  };
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'RESTING_ORDER_WOULD_CROSS' });
  await bench.pass(1_100);
  assert.deepEqual([bench.exchange.sent().length, bench.exchange.named('indexPrice').length], [1, 2]);
});

/** The account's streams tell that row of the attempt under way. */
function seen(bench: Bench, child: () => AnyActorRef, status: OrderStatus, changes: Partial<ExchangeOrder> = {}): void {
  const { clientOrderId } = bench.exchange.sent().at(-1) ?? assert.fail('nothing was sent');
  const order = testOrder(clientOrderId, status, changes);
  child().send({ type: 'order.seen', account: 'A', order, intact: true });
}

/** (what a stream tells, while waiting for it) → (what the gateway is named it, state), without a look-up (9.4). */
const STREAMED: readonly (readonly [OrderStatus, Partial<ExchangeOrder>, readonly string[], unknown])[] = [
  ['OPEN', {}, ['ended confirmed'], 'resting'],
  ['FILLED', { tradedSize: decimal('0.1') }, ['ended confirmed'], 'over'],
  ['CANCELLED', {}, ['ended confirmed'], 'over'],
  ['REJECTED', { rejectReason: 'FAIL_POST_ONLY' }, ['attempt.refused', 'ended exhausted'], 'exhausted'],
  ['REJECTED', { rejectReason: 'BELOW_MARGIN' }, ['attempt.refused', 'ended refused'], 'refused'],
  ['OPEN', { orderId: '0x00' }, [], { confirming: 'following' }],
  ['OPEN', { clientOrderId: CLIENT_ID }, [], { confirming: 'following' }],
  ['PENDING', {}, [], { confirming: 'following' }],
];
for (const [status, changes, expected, state] of STREAMED) {
  const row = `${status} ${Object.values(changes).join(' ')}`;
  test(`acknowledged, then a stream reports ${row}: ${expected.at(-1) ?? 'nothing yet'} (9.4)`, async () => {
    const bench = new Bench();
    const { child } = submit(bench, testIntent(), 1, true);
    await bench.pass(100);
    assert.deepEqual(child().getSnapshot().value, { confirming: 'following' });
    const ended = child();
    seen(bench, child, status, changes);
    await bench.settle();
    assert.deepEqual(reported(bench).slice(1), expected);
    assert.deepEqual(ended.getSnapshot().value, state);
    assert.deepEqual(bench.exchange.named('order'), []);
  });
}

test('a stream may report that the order rests before the create is answered (9.4)', async () => {
  const bench = new Bench();
  const { child } = submit(bench, testIntent(), 1, true);
  bench.exchange.onCreate = () => deferred<ExchangeOrder>().promise;
  await bench.settle();
  seen(bench, child, 'PENDING', { orderId: '0x00' });
  seen(bench, child, 'OPEN');
  await bench.settle();
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
});

test('intact streams are silent about an order for a second: REST is asked, again and again (9.4)', async () => {
  const bench = new Bench();
  const { child } = submit(bench, testIntent(), 1, true);
  bench.exchange.onOrder = async (_, id) =>
    testOrder(id, bench.exchange.named('order').length < 2 ? 'PENDING' : 'OPEN');
  await bench.pass(600);
  seen(bench, child, 'PENDING');
  await bench.pass(990);
  assert.equal(bench.exchange.named('order').length, 0, 'a row is a sign of life');
  await bench.pass(20);
  assert.equal(bench.exchange.named('order').length, 1);
  await bench.pass(1_010);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
});

test('silence of the streams ends nothing: never confirmed by REST either, the outcome is unknown (9.4, 9.6)', async () => {
  const bench = new Bench();
  submit(bench, testIntent(), 1, true);
  await bench.pass(11_000, 50);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown']);
  assert.ok(bench.exchange.named('order').length > CONFIRM_LOOKUPS_MAX, 'and is being found out');
});

test('streams that are not intact any more are not waited for: REST is asked at once; and the reverse (9.4)', async () => {
  const bench = new Bench();
  const { child } = submit(bench, testIntent(), 1, true);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'PENDING');
  await bench.pass(100);
  child().send({ type: 'streams.changed', account: 'A', intact: false });
  await bench.pass(100);
  const asked = bench.exchange.named('order').length;
  assert.ok(asked >= 2, `${asked} look-ups`);
  child().send({ type: 'streams.changed', account: 'A', intact: true });
  await bench.pass(1_500);
  assert.ok(bench.exchange.named('order').length <= asked + 2);
});

test('a stream brings the proof of an unknown outcome; PENDING is none (9.6)', async () => {
  const bench = new Bench();
  const { child } = submit(bench, testIntent(), 1, true);
  bench.exchange.onCreate = rejectsWith('unknown');
  await bench.pass(50);
  seen(bench, child, 'PENDING');
  await bench.settle();
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown']);
  seen(bench, child, 'CANCELLED');
  await bench.settle();
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved exists']);
  assert.deepEqual(bench.journal.outcomes(), ['unknown', 'cancelled']);
});

test('a post-only refusal that comes after the acknowledgement is one all the same (9.4)', async () => {
  const bench = new Bench();
  submit(bench, testIntent(), 1);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended exhausted']);
});

test('a rejection for another reason is a refusal with that reason: nothing is guessed (9.5)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'BELOW_MARGIN' });
  await bench.pass(1_000);
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended refused']);
  assert.deepEqual(result(bench).reason, reason('rejected', '9.5', { word: 'BELOW_MARGIN' }));
  assert.equal(bench.exchange.named('createOrder').length, 1);
});

for (const code of [2032, 2084]) {
  test(`error ${code} is a refusal, not a post-only refusal, whatever its text says (9.5)`, async () => {
    const bench = new Bench();
    submit(bench);
    bench.exchange.onCreate = rejectsWith('refused', code);
    await bench.pass(1_000);
    assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended refused']);
    assert.equal(result(bench).code, code);
    assert.deepEqual(bench.journal.outcomes(), ['refused']);
  });
}

test('an unusable or unreadable book fails its attempt only; attempts gone without a refusal end as unsent (7.4)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = async () => {
    if (bench.exchange.named('book').length === 1) throw new TestFailure('unavailable', 'book');
    return testBook('600', null);
  };
  submit(bench, testIntent(), 2);
  await bench.pass(1_000);
  assert.deepEqual(reported(bench), ['ended unsent']);
  assert.match(reasonText(result(bench).why), /2 attempts failed: .*no asks/);
  assert.equal(bench.reported('book.failed').length, 1);
  assert.equal(bench.exchange.sent().length, 0);
});

test('an order below the smallest tradable size by its own price is denied, not sent (7.3)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ size: decimal('0.001') }));
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.equal(result(bench).why.rule, '7.3');
  assert.equal(bench.reported('intent.denied').length, 1);
});

test('an intent is not priced once the data it rests on are too old, however fresh the book is (10.3)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ validUntilMs: BENCH_START_MS - 1 }));
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.equal(result(bench).why.rule, '10.3');
  assert.equal(bench.exchange.sent().length, 0);
});

test('an intent is not priced on a clock that was set back since: how old its data are, nobody knows (10.3)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ validInEra: bench.clock.era(), validUntilMs: BENCH_START_MS + 10_000 }));
  bench.setClockBack(2_000);
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.equal(bench.exchange.named('createOrder').length, 0);
});

test('our clock is set back by an hour between two attempts: they stay 500 ms apart (9.5)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = async ({ draft }) => {
    bench.setClockBack(3_600_000);
    return testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  };
  await bench.pass(600);
  assert.equal(bench.exchange.named('createOrder').length, 2);
});

test('our clock is set back while an attempt is under way, and runs past the time of the data again: no further attempt (10.3)', async () => {
  const bench = new Bench();
  bench.exchange.onCreate = async ({ draft }) => testOrder(draft.clientOrderId, 'PENDING', { orderId: '0x00' });
  let looks = 0;
  bench.exchange.onOrder = async (_, id) => {
    looks += 1;
    if (looks === 1) bench.setClockBack(2_000);
    return looks < 9
      ? testOrder(id, 'PENDING', { orderId: '0x00' })
      : testOrder(id, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  };
  submit(bench, testIntent({ validInEra: bench.clock.era(), validUntilMs: BENCH_START_MS + 10_000 }));
  await bench.pass(8_000, 100);
  assert.ok(looks >= 9, `${looks} looks`);
  assert.ok(bench.clock.nowMs() > BENCH_START_MS, 'past it again');
  assert.equal(bench.exchange.named('createOrder').length, 1);
  assert.equal(reported(bench).at(-1), 'ended denied');
});

test('an instrument the exchange does not list is denied', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ instrument: 'NOPE_USDT_Perp' }));
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended denied']);
});

test('a buy that would match a sell of the other account goes one tick beyond it (6.6)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ beyondPrice: decimal('599.5') }));
  await bench.pass(10);
  assert.equal(bench.exchange.sent()[0]?.price.toFixed(), '599.4');
});

test('a buy with no price above zero left is denied (7.1)', async () => {
  const bench = new Bench();
  submit(bench, testIntent({ beyondPrice: decimal('0.1') }));
  await bench.pass(10);
  assert.equal(result(bench).why.rule, '7.1');
});

test('a journal that cannot be written lets nothing leave (9.3)', async () => {
  const bench = new Bench();
  bench.journal.refuses = () => true;
  submit(bench);
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended unsent']);
  assert.match(reasonText(result(bench).why), /disk full/);
  assert.equal(bench.exchange.sent().length, 0);
  assert.equal(bench.reported('journal.failed').length, 1);
});

test('an outcome that cannot be written is reported and does not stop the submission', async () => {
  const bench = new Bench();
  bench.journal.refuses = ({ kind }) => kind === 'order.outcome';
  submit(bench);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
  assert.match(reasonText(bench.reported('journal.failed')[0]?.message ?? ''), /disk full/);
});

test('a create not admitted because the account is parked parks it, and nothing was priced (9.1, 9.8)', async () => {
  const bench = new Bench();
  bench.exchange.onAdmit = rejectsWith('parked', 1008);
  submit(bench);
  await bench.settle();
  assert.deepEqual(reported(bench), ['parking.found', 'ended unsent']);
  assert.equal(bench.exchange.named('book').length, 0);
});

test('a create not admitted for want of budget or session ends the submission; nothing was sent (9.1)', async () => {
  const bench = new Bench();
  bench.exchange.onAdmit = rejectsWith('unavailable');
  submit(bench);
  await bench.settle();
  assert.deepEqual(reported(bench), ['ended unsent']);
  assert.deepEqual(bench.journal.outcomes(), []);
});

test('a login that was answered 429 is waited out like a create that was (9.9)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  bench.exchange.onAdmit = () =>
    bench.exchange.named('book').length === 0 && bench.clock.nowMs() < BENCH_START_MS + 500
      ? rejectsWith('rate-limited', 1006)()
      : null;
  submit(bench);
  await bench.pass(3_000, 50);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
});

test('an attempt halted while it waits for the budget ends at once, and returns its permit when that comes (9.1, 9.5)', async () => {
  const bench = new Bench();
  const admission = deferred<void>();
  bench.exchange.onAdmit = () => admission.promise;
  const { child } = submit(bench);
  await bench.settle();
  child().send({ type: 'submission.halt', result: OUTDATED });
  assert.deepEqual(reported(bench), ['ended outdated']);
  assert.deepEqual(bench.exchange.returned, []);
  admission.resolve();
  await bench.settle();
  assert.deepEqual(bench.exchange.returned, ['A BNB_USDT_Perp']);
});

test('an attempt that is not sent returns its permit (9.1)', async () => {
  for (const prevent of [
    (bench: Bench) => {
      bench.exchange.onBook = rejectsWith('unavailable');
    },
    (bench: Bench) => {
      bench.exchange.onBook = async () => testBook('600', '600');
    },
    (bench: Bench) => {
      bench.exchange.onSign = () => {
        throw new Error('no key');
      };
    },
  ]) {
    const bench = new Bench();
    prevent(bench);
    submit(bench);
    await bench.settle();
    assert.deepEqual(bench.exchange.returned.slice(0, 1), ['A BNB_USDT_Perp']);
  }
});

test('a rate-limited create did not happen: it is tried again after a growing pause, within the attempts (9.9)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = rejectsWith('rate-limited', 1006);
  await bench.pass(10_000, 50);
  assert.deepEqual(reported(bench).at(-1), 'ended unsent');
  const times = bench.exchange.named('createOrder').map(({ atMs }) => atMs - BENCH_START_MS);
  assert.deepEqual(times, [0, 1_000, 3_000]);
});

test('attempts that end in a 429 are not used up by post-only refusals: no rest of minutes for a budget of seconds (9.5, 9.9)', async () => {
  const bench = new Bench();
  submit(bench);
  let sent = 0;
  bench.exchange.onCreate = async (signed) => {
    sent += 1;
    if (sent > 1) return rejectsWith('rate-limited', 1006)();
    return testOrder(signed.draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  };
  await bench.pass(10_000, 50);
  assert.equal(sent, 3);
  assert.deepEqual(reported(bench).at(-1), 'ended unsent');
  assert.equal(bench.reported('intent.exhausted').length, 0);
});

for (const kind of ['parked', 'unauthenticated'] as const) {
  test(`a create answered as ${kind} did not happen, and parks the account (9.8)`, async () => {
    const bench = new Bench();
    submit(bench);
    bench.exchange.onCreate = rejectsWith(kind);
    await bench.pass(1_000);
    assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'parking.found', 'ended unsent']);
    assert.equal(bench.exchange.sent().length, 1);
  });
}

test('a create that never left ends as unsent', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = rejectsWith('unavailable');
  await bench.pass(1_000);
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended unsent']);
  assert.deepEqual(bench.journal.outcomes(), ['unsent']);
});

test('a drain before pricing is done denies at once (13.1)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = () => new Promise(() => {});
  const { child } = submit(bench);
  await bench.settle();
  child().send({ type: 'submission.halt', result: { kind: 'denied', why: reason('gateway-drains', '13.1') } });
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.equal(result(bench).why.rule, '13.1');
});

test('a drain between attempts lets no further attempt leave (13.1)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  await bench.pass(100);
  child().send({ type: 'submission.halt', result: { kind: 'denied', why: reason('gateway-drains', '13.1') } });
  await bench.pass(2_000);
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended denied']);
});

test('an attempt in flight when an account is parked is settled first, then nothing further leaves (9.8)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  await bench.settle();
  child().send({
    type: 'submission.halt',
    result: { kind: 'unsent', why: reason('accounts-parked', '9.8', { accounts: ['B'] }) },
  });
  await bench.pass(2_000);
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended unsent']);
  assert.equal(reasonText(result(bench).why), 'account B is parked');
});

test('a drain while the attempt is being written down keeps it from leaving (13.1)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onSign = () => {
    child().send({ type: 'submission.halt', result: { kind: 'denied', why: reason('gateway-drains', '13.1') } });
    return '{}';
  };
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.equal(bench.exchange.sent().length, 0);
  assert.deepEqual(bench.journal.outcomes(), ['unsent']);
});

test('a create leaves when its bytes are safe in the journal, and not before, however long that takes (9.3)', async () => {
  const bench = new Bench();
  const safe = deferred<void>();
  bench.journal.safe = safe.promise;
  submit(bench);
  await bench.pass(10_000);
  assert.equal(bench.journal.entries.filter(({ kind }) => kind === 'order.prepared').length, 1);
  assert.deepEqual([reported(bench), bench.exchange.sent().length], [[], 0]);
  safe.resolve();
  await bench.settle();
  assert.equal(bench.exchange.sent().length, 1);
  assert.deepEqual(reported(bench), ['order.sent']);
});

test('a create whose bytes turn out not to be safe never leaves (9.3)', async () => {
  const bench = new Bench();
  const safe = deferred<void>();
  bench.journal.safe = safe.promise;
  submit(bench);
  await bench.settle();
  safe.reject(new Error('the disk is gone'));
  await bench.pass(10_000);
  assert.equal(bench.exchange.sent().length, 0);
  assert.deepEqual(reported(bench), ['ended unsent']);
  assert.match(reasonText(result(bench).why), /the disk is gone/);
});

test('a halt while it is unknown whether its bytes are safe ends it at once, and it never leaves (9.3, 13.1)', async () => {
  const bench = new Bench();
  const safe = deferred<void>();
  bench.journal.safe = safe.promise;
  const { child } = submit(bench);
  await bench.settle();
  child().send({ type: 'submission.halt', result: { kind: 'denied', why: reason('gateway-drains', '13.1') } });
  assert.deepEqual(reported(bench), ['ended denied']);
  assert.deepEqual(bench.journal.outcomes(), ['unsent']);
  safe.resolve();
  await bench.pass(10_000);
  assert.equal(bench.exchange.sent().length, 0);
});

const OUTDATED = { kind: 'outdated', why: reason('fill-booked-since', '9.5') } as const;

test('no first attempt leaves after a fill was booked that the intent does not know of (9.5)', async () => {
  const bench = new Bench();
  bench.exchange.onBook = () => new Promise(() => {});
  const { child } = submit(bench);
  await bench.settle();
  child().send({ type: 'submission.halt', result: OUTDATED });
  assert.deepEqual(reported(bench), ['ended outdated']);
  assert.deepEqual(
    bench.facts.map((fact) => (fact.type === 'intent.denied' ? fact.why : fact.type)),
    [OUTDATED.why],
  );
});

const REFUSALS: readonly [string, (bench: Bench) => void][] = [
  [
    'refused as post-only',
    ({ exchange }) => {
      exchange.onCreate = async ({ draft }) =>
        testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
    },
  ],
  [
    'refused as post-only after it was acknowledged',
    ({ exchange }) => {
      exchange.onOrder = async (_, id) => testOrder(id, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
    },
  ],
  [
    'refused by a 429',
    ({ exchange }) => {
      exchange.onCreate = rejectsWith('rate-limited', 1006);
    },
  ],
];
for (const [what, refuse] of REFUSALS) {
  for (const [when, waitMs] of [
    ['in flight', 0],
    ['between attempts', 100],
  ] as const) {
    test(`an attempt ${what} is reported before the end, and is the last: a fill was booked ${when} (9.5, 9.10)`, async () => {
      const bench = new Bench();
      const { child } = submit(bench);
      refuse(bench);
      const answer = deferred<void>();
      if (waitMs === 0) bench.exchange.onPermit = () => answer.promise;
      await bench.pass(waitMs);
      assert.equal(reported(bench).includes('attempt.refused'), waitMs > 0);
      child().send({ type: 'submission.halt', result: OUTDATED });
      answer.resolve();
      await bench.pass(100);
      assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended outdated'], 'at once');
      await bench.pass(10_000, 100);
      assert.equal(bench.exchange.sent().length, 1);
    });
  }
}

test('a later attempt that found no book is outdated like the first; the one that had left was reported (9.5, 9.10)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onCreate = async ({ draft }) =>
    testOrder(draft.clientOrderId, 'REJECTED', { rejectReason: 'FAIL_POST_ONLY' });
  await bench.pass(100);
  bench.exchange.onBook = () => Promise.reject(new TestFailure('unavailable', 'book'));
  await bench.pass(500);
  child().send({ type: 'submission.halt', result: OUTDATED });
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended outdated']);
});

test('what waits for session or budget when a fill is booked does not leave, and ends as outdated (9.5)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  const permit = deferred<void>();
  bench.exchange.onPermit = () => permit.promise;
  bench.exchange.onCreate = rejectsWith('unavailable');
  await bench.settle();
  child().send({ type: 'submission.halt', result: OUTDATED });
  assert.deepEqual(reported(bench), ['order.sent']);
  permit.resolve();
  await bench.settle();
  assert.deepEqual(reported(bench), ['order.sent', 'attempt.refused', 'ended outdated']);
  assert.deepEqual(bench.journal.outcomes(), ['unsent']);
});

test('a fill booked while the attempt is being written down keeps it from leaving (9.5)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onSign = () => {
    child().send({ type: 'submission.halt', result: OUTDATED });
    return '{}';
  };
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['ended outdated']);
  assert.equal(bench.exchange.sent().length, 0);
  assert.deepEqual(bench.journal.outcomes(), ['unsent']);
});

test('an attempt in flight when a fill is booked may rest (9.5)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  await bench.settle();
  child().send({ type: 'submission.halt', result: OUTDATED });
  await bench.pass(2_000);
  assert.deepEqual(reported(bench), ['order.sent', 'ended confirmed']);
});

test('an attempt in flight when a fill is booked, and unknown then, is found out, and is the last (9.5, 9.6)', async () => {
  const bench = new Bench();
  const { child } = submit(bench);
  const answer = deferred<never>();
  bench.exchange.onCreate = () => answer.promise;
  await bench.settle();
  child().send({ type: 'submission.halt', result: OUTDATED });
  answer.reject(new TestFailure('unknown'));
  await bench.pass(7_000, 100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved absent']);
  assert.equal(bench.exchange.sent().length, 1);
});

for (const [what, waitMs] of [
  ['while it is looked up', 0],
  ['while its fence is awaited', 2_000],
] as const) {
  test(`an unknown outcome is found out though a fill is booked ${what}, and nothing is sent again (9.5, 9.6)`, async () => {
    const bench = new Bench();
    const { child } = submit(bench);
    bench.exchange.onCreate = rejectsWith('unknown');
    const look = deferred<null>();
    if (waitMs === 0) bench.exchange.onOrder = () => look.promise;
    await bench.pass(waitMs, 100);
    child().send({ type: 'submission.halt', result: OUTDATED });
    bench.exchange.onOrder = async () => null;
    look.resolve(null);
    await bench.pass(30_000, 100);
    assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved absent']);
    assert.equal(bench.exchange.sent().length, 1, 'absent is the end: no further attempt');
  });
}

test('an order in doubt since a restart is found out though a fill is booked (9.5, 9.6)', async () => {
  const bench = new Bench();
  const { child } = resolveOrder(bench, trackedOrder(), 1);
  child().send({ type: 'submission.halt', result: OUTDATED });
  await bench.pass(30_000, 100);
  assert.deepEqual(reported(bench), ['resolved absent']);
});

// ---- unknown outcomes (9.6) ------------------------------------------------------------------------------------------

test('a create of unknown outcome that is found OPEN is adopted without a cancel (9.6)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = rejectsWith('unknown');
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'OPEN');
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved exists']);
  assert.equal(bench.exchange.named('cancelOrder').length, 0);
  assert.equal(bench.exchange.sent().length, 1, 'never resubmitted blindly');
  assert.deepEqual(bench.journal.outcomes(), ['unknown', 'resting']);
});

test('absence is proven by: 1004, an acknowledged fence whose time has passed, 1004 again, and both lists asked after that (9.6)', async () => {
  const bench = new Bench();
  submit(bench);
  bench.exchange.onCreate = rejectsWith('unknown');
  await bench.pass(5_400, 100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown'], 'the fence’s time has not passed');
  await bench.pass(1_000, 100);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved absent']);
  const names = bench.exchange.calls.map(({ name }) => name).filter((name) => name !== 'book' && name !== 'sign');
  assert.deepEqual(names, ['createOrder', 'order', 'cancelOrder', 'order', 'openOrders', 'orderHistory']);
  const [, , ttl] = bench.exchange.named('cancelOrder')[0]?.args ?? [];
  assert.equal(ttl, FENCE_TTL_MS);
  const [, since] = bench.exchange.named('orderHistory')[0]?.args ?? [];
  assert.equal(since, BENCH_START_MS - HISTORY_MARGIN_MS, 'the history reaches back before the send');
  assert.deepEqual(bench.journal.outcomes(), ['unknown', 'absent']);
  assert.match(reasonText(bench.reported('order.resolved')[0]?.proof ?? ''), /fenced/);
});

test('our clock, two minutes ahead at the send, is set right since: the history reaches back to the send all the same (9.6)', async () => {
  const bench = new Bench();
  bench.exchange.skewMs = -120_000;
  submit(bench);
  bench.exchange.onCreate = rejectsWith('unknown');
  await bench.pass(1_000, 100);
  bench.setClockBack(120_000);
  bench.exchange.skewMs = 0;
  await bench.pass(5_400, 100);
  const [, since] = bench.exchange.named('orderHistory')[0]?.args ?? [];
  assert.equal(since, BENCH_START_MS - 120_000 - HISTORY_MARGIN_MS);
});

const DOUBTS: [string, (id: string) => Promise<never> | Promise<ReturnType<typeof testOrder>>][] = [
  ['an unreadable answer', () => Promise.reject(new TestFailure('malformed'))],
  ['1004 to a create', () => Promise.reject(new TestFailure('not-found', 'createOrder', 1004))],
  [
    '2012, the client id overlaps an active order',
    () => Promise.reject(new TestFailure('refused', 'createOrder', 2012)),
  ],
  ['a defect of ours in the middle of it', () => Promise.reject(new TypeError('cannot read properties of null'))],
  ['an answer about another order', async () => testOrder('16140901064495857665', 'OPEN')],
  [
    'a rejection as an overlapping client id',
    async (id) => testOrder(id, 'REJECTED', { rejectReason: 'OVERLAPPING_CLIENT_ORDER_ID' }),
  ],
  ['a rejection with something traded', async (id) => testOrder(id, 'REJECTED', { tradedSize: decimal('0.1') })],
];
for (const [what, answer] of DOUBTS) {
  test(`${what} leaves the outcome unknown: it is looked up (9.6)`, async () => {
    const bench = new Bench();
    submit(bench);
    bench.exchange.onCreate = ({ draft }) => answer(draft.clientOrderId);
    bench.exchange.onOrder = () => new Promise(() => {});
    await bench.settle();
    assert.deepEqual(reported(bench), ['order.sent', 'ended unknown']);
    assert.equal(bench.exchange.named('order').length, 1);
  });
}

test('an acknowledged order that is never confirmed becomes unknown, and frees the slot after a bounded number of look-ups (9.4)', async () => {
  const bench = new Bench();
  submit(bench);
  let looks = 0;
  bench.exchange.onOrder = async (_, id) => {
    looks += 1;
    if (looks % 2 === 0) throw new TestFailure('unavailable', 'order');
    return testOrder(id, 'PENDING');
  };
  await bench.pass(8_000, 20);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown']);
  assert.ok(looks >= CONFIRM_LOOKUPS_MAX);
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'CANCELLED');
  await bench.pass(31_000, 500);
  assert.deepEqual(reported(bench), ['order.sent', 'ended unknown', 'resolved exists']);
});

test('an order the fence killed is CANCELLED under its id: it existed and is over (9.6)', async () => {
  const bench = new Bench();
  resolveOrder(bench);
  let fenced = false;
  bench.exchange.onCancel = async () => {
    fenced = true;
  };
  bench.exchange.onOrder = async (_, id) => (fenced ? testOrder(id, 'CANCELLED') : null);
  await bench.pass(7_000, 100);
  assert.deepEqual(reported(bench), ['resolved exists']);
  assert.deepEqual(bench.journal.outcomes(), ['cancelled']);
});

for (const [list, where] of [
  ['open orders', 'openOrders'],
  ['the history', 'orderHistory'],
] as const) {
  test(`an order that ${list} shows exists, though order says 1004 (9.6)`, async () => {
    const bench = new Bench();
    resolveOrder(bench);
    const found = testOrder(CLIENT_ID, where === 'openOrders' ? 'OPEN' : 'FILLED');
    if (where === 'openOrders') bench.exchange.onOpenOrders = async () => [found];
    else bench.exchange.onHistory = async () => [found];
    await bench.pass(7_000, 100);
    assert.deepEqual(reported(bench), ['resolved exists']);
  });
}

test('an expired order needs no fence: 1004 and both lists asked after its expiry by the exchange’s clock prove it absent (9.6)', async () => {
  const bench = new Bench();
  resolveOrder(bench, trackedOrder({ expirationMs: BENCH_START_MS - 10_000 }));
  await bench.pass(100);
  assert.deepEqual(reported(bench), ['resolved absent']);
  assert.equal(bench.exchange.named('cancelOrder').length, 0);
  assert.match(reasonText(bench.reported('order.resolved')[0]?.proof ?? ''), /expired/);
});

test('18.2 of an order that a previous holder of the lease prepared a fence is no proof; its expiry and 10 s are', async () => {
  const bench = new Bench();
  Object.assign(bench.journal, { isOfPreviousHolder: (id: string) => id === CLIENT_ID });
  resolveOrder(bench, trackedOrder({ expirationMs: BENCH_START_MS + 300_000 }));
  await bench.pass(309_000, 500);
  assert.deepEqual(reported(bench), [], 'it may still arrive');
  assert.ok(bench.exchange.named('cancelOrder').length >= 1, 'it is fenced all the same');
  await bench.pass(40_000, 500);
  assert.deepEqual(reported(bench), ['resolved absent']);
  assert.match(reasonText(bench.reported('order.resolved')[0]?.proof ?? ''), /expired/);
});

test('18.2 what the journal says before the append is asked for again right before the create leaves', async () => {
  const bench = new Bench();
  const asked: string[] = [];
  const why = reason('append-slow', '18.2', { ms: 2_001 });
  Object.assign(bench.journal, {
    beforeSending: () => {
      asked.push(`before, ${bench.journal.entries.length} entries`);
      return () => {
        asked.push(`at the wire, ${bench.journal.entries.length} entries`);
        return why;
      };
    },
  });
  submit(bench);
  await bench.pass(10, 1);
  assert.deepEqual(asked.slice(0, 2), ['before, 0 entries', 'at the wire, 1 entries']);
  assert.equal(bench.exchange.sent().length, 0);
});

test('an expiry by our own clock alone proves nothing (9.6)', async () => {
  const bench = new Bench();
  bench.exchange.skewMs = null;
  resolveOrder(bench, trackedOrder({ expirationMs: BENCH_START_MS - 10_000 }));
  await bench.pass(1_000);
  assert.deepEqual(reported(bench), []);
  assert.equal(bench.exchange.named('cancelOrder').length, 1);
});

test('no time and no number of failures turns unknown into known: the questions go on, at growing pauses (9.6)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = () => Promise.reject(new TestFailure('unavailable', 'order'));
  resolveOrder(bench);
  await bench.pass(2 * ORDER_TTL_MS, 5_000);
  assert.deepEqual(reported(bench), []);
  const asked = bench.exchange.named('order').length;
  assert.ok(asked > 150 && asked < 300, `asked ${asked} times in two hours`);
});

test('a fence that is refused or lost is no fence: the look-ups begin again (9.6)', async () => {
  const bench = new Bench();
  resolveOrder(bench);
  bench.exchange.onCancel = () => Promise.reject(new TestFailure('refused', 'cancelOrder', 2300));
  await bench.pass(30_000, 250);
  assert.deepEqual(reported(bench), []);
  assert.equal(bench.exchange.named('openOrders').length, 0, 'nothing is proven without a fence');
  assert.ok(bench.exchange.named('cancelOrder').length > 3);
});

test('a fence that the exchange dropped as a duplicate is no fence: another one is asked for (9.12)', async () => {
  const bench = new Bench();
  resolveOrder(bench);
  bench.exchange.voidFences.add(CLIENT_ID);
  await bench.pass(30_000, 250);
  assert.deepEqual(reported(bench), []);
  assert.equal(bench.exchange.named('openOrders').length, 0, 'nothing is proven without a fence');
  bench.exchange.voidFences.clear();
  await bench.pass(30_000, 250);
  assert.deepEqual(reported(bench), ['resolved absent']);
});

test('a list that cannot be read proves nothing; one that shows the order PENDING neither (9.6)', async () => {
  const bench = new Bench();
  resolveOrder(bench);
  let reads = 0;
  bench.exchange.onHistory = async () => {
    reads += 1;
    if (reads === 1) throw new TestFailure('unavailable', 'orderHistory');
    return reads === 2 ? [testOrder(CLIENT_ID, 'PENDING')] : [];
  };
  await bench.pass(5_700, 100);
  assert.equal(reads, 1);
  assert.deepEqual(reported(bench), []);
  await bench.pass(2_000, 50);
  assert.deepEqual(reported(bench), ['resolved absent']);
  assert.equal(reads, 3);
});

test('a PENDING order is known to the exchange: it is asked for again, and not fenced (9.6)', async () => {
  const bench = new Bench();
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'PENDING');
  resolveOrder(bench);
  await bench.pass(20_000, 250);
  assert.deepEqual(reported(bench), []);
  assert.equal(bench.exchange.named('cancelOrder').length, 0);
});

test('one that replaces a failed actor waits before it asks', async () => {
  const bench = new Bench();
  resolveOrder(bench, trackedOrder(), 2);
  await bench.pass(500);
  assert.equal(bench.exchange.named('order').length, 0);
  await bench.pass(1_000);
  assert.equal(bench.exchange.named('order').length, 1);
});

test('a halted unknown outcome is found out all the same (13.1)', async () => {
  const bench = new Bench();
  const answer = deferred<null>();
  bench.exchange.onOrder = () => answer.promise;
  const { child } = resolveOrder(bench);
  await bench.settle();
  child().send({ type: 'submission.halt', result: { kind: 'denied', why: reason('gateway-drains', '13.1') } });
  bench.exchange.onOrder = async (_, id) => testOrder(id, 'FILLED');
  answer.resolve(null);
  await bench.pass(7_000, 100);
  assert.deepEqual(reported(bench), ['resolved exists']);
});
