import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import { rejection } from '../../src/core/refusals.ts';
import { outcomeOf, proofBasisOf, verdict } from '../../src/core/submission/answers.ts';
import * as attempt from '../../src/core/submission/attempts.ts';
import * as end from '../../src/core/submission/ends.ts';
import { initialSubmission, type SubmissionMemory } from '../../src/core/submission/memory.ts';
import { quoteFor, tooOld } from '../../src/core/submission/quote.ts';
import * as search from '../../src/core/submission/search.ts';
import type { SubmissionNow, SubmissionStep } from '../../src/core/submission/step.ts';
import { trackedFromPrepared } from '../../src/core/submission/tracked.ts';
import { untilNextAttempt } from '../../src/core/submission/waits.ts';
import { TestFailure, testBook, testInstrument, testIntent, testOrder } from '../support/fake-exchange.ts';

const NOW = 1_800_000_000_000;
const ID = '7';
const order = trackedFromPrepared({
  intent: testIntent(),
  attempt: 1,
  clientOrderId: ID,
  sequence: 1n,
  price: decimal('600'),
  payload: '{}',
  sentAtMs: NOW,
  expirationMs: NOW + 3_600_000,
});
const submitting = initialSubmission({
  childId: 's',
  settings: { postOnlyMaxRetry: 3, orderTtlMs: 3_600_000 },
  intact: true,
  isOfPreviousHolder: false,
  task: { kind: 'submit', intent: testIntent() },
});
const sent: SubmissionMemory = { ...submitting, order };

describe('9.4 what an answer says of an order', () => {
  const named = testOrder(ID, 'OPEN');
  const cases: readonly [string, SubmissionMemory['seen'], ReturnType<typeof verdict>][] = [
    ['nothing', null, 'pending'],
    ['an acknowledgement without an order id', { ...named, orderId: '0x00' }, 'pending'],
    ['it rests', named, 'open'],
    ['it is filled', testOrder(ID, 'FILLED'), 'over'],
    ['an order of another id', testOrder('8', 'OPEN'), 'doubtful'],
    ['it would have taken', { ...testOrder(ID, 'REJECTED'), rejectReason: 'FAIL_POST_ONLY' }, 'post-only'],
    ['margin lacks', { ...testOrder(ID, 'REJECTED'), rejectReason: 'BELOW_MARGIN' }, 'rejected'],
    ['rejected, and traded', { ...testOrder(ID, 'REJECTED'), tradedSize: decimal('1') }, 'doubtful'],
    ['the id lives', { ...testOrder(ID, 'REJECTED'), rejectReason: 'OVERLAPPING_CLIENT_ORDER_ID' }, 'doubtful'],
  ];
  for (const [what, seen, said] of cases) {
    it(`${what}: ${said}`, () => assert.equal(verdict({ ...sent, seen }), said));
  }
  it('11.2 a rejection that traded is no rejection in the journal', () => {
    assert.equal(outcomeOf(testOrder(ID, 'REJECTED')), 'rejected');
    assert.equal(outcomeOf({ ...testOrder(ID, 'REJECTED'), tradedSize: decimal('1') }), 'cancelled');
  });
});

describe('9.6 18.2 what proves that an order is not coming any more', () => {
  const expired = order.expirationMs + 2_001;
  const cases: readonly [string, Partial<SubmissionMemory>, number | null, SubmissionMemory['proofBasis']][] = [
    ['nothing yet', {}, NOW, null],
    ['a fence that has passed', { fencePassed: true }, NOW, 'fence'],
    ['its expiry by the exchange’s clock', {}, expired, 'expiry'],
    ['not before the margin', {}, expired - 1, null],
    ['not by a clock that nobody knows', {}, null, null],
    [
      'no fence of an order that another engine may still send',
      { fencePassed: true, isOfPreviousHolder: true },
      NOW,
      null,
    ],
    ['its expiry, later', { isOfPreviousHolder: true }, expired, null],
    ['its expiry, after 10 s', { isOfPreviousHolder: true }, order.expirationMs + 10_001, 'expiry'],
  ];
  for (const [what, change, exchangeNowMs, basis] of cases) {
    it(what, () => assert.equal(proofBasisOf({ ...sent, ...change }, exchangeNowMs), basis));
  }
});

describe('the price of an attempt', () => {
  const now = { nowMs: NOW, era: 0 };
  const market = { book: testBook('599.9', '600.1'), index: null };
  const given = { instrument: testInstrument('BNB_USDT_Perp'), othersPrices: [], isOrphaned: false };

  it('2.2 an instrument whose rules nobody knows is not priced', () => {
    const quote = quoteFor(submitting, market, { ...given, instrument: undefined }, now);
    assert.equal(quote.kind === 'denied' && quote.why.code, 'instrument-unknown');
  });

  it('10.3 what was decided on old data, or before the clock was set, is not sent', () => {
    const old = { ...submitting, intent: { ...testIntent(), validUntilMs: NOW - 1 } };
    assert.equal(tooOld(old, now)?.code, 'decided-on-old-data');
    assert.equal(
      tooOld({ ...old, intent: { ...testIntent(), validInEra: 1 } }, now)?.code,
      'decided-before-clock-step',
    );
    assert.equal(tooOld(submitting, now), null);
  });

  it('6.6 it goes beyond the prices of the other account', () => {
    const at = (othersPrices: readonly ReturnType<typeof decimal>[]) => {
      const quote = quoteFor(submitting, market, { ...given, othersPrices }, now);
      assert.equal(quote.kind, 'sendable');
      return quote.kind === 'sendable' ? quote.price : assert.fail();
    };
    const free = at([]);
    const kept = at([free]);
    assert.ok(testIntent().side === 'buy' ? kept.lt(free) : kept.gt(free), `${kept} beside ${free}`);
  });
});

describe('what each event of an attempt leads to', () => {
  const now: SubmissionNow = { nowMs: NOW, era: 0, exchangeNowMs: NOW + 7, isExchangeClockKnown: true };
  const limited = {
    kind: 'rate-limited',
    call: 'createOrder',
    account: 'A',
    code: 1006,
    message: 'slow down',
  } as const;
  const thrown = new TestFailure('rate-limited', 'createOrder', 1006, 'A');
  const failed = { ...sent, failure: { ...limited, why: rejection('x') }, why: rejection('x') } as SubmissionMemory;
  const seen = { ...testOrder(ID, 'REJECTED'), rejectReason: 'RESTING_ORDER_WOULD_CROSS' };
  const priced = { bid: decimal('599.9'), ask: decimal('600.1'), beyondPrices: [] };
  const quoted: SubmissionMemory = {
    ...submitting,
    quote: { kind: 'sendable', price: decimal('600'), pricedFrom: priced },
  };
  const halt = { kind: 'outdated', why: rejection('x') } as const;
  const drafted = { ...quoted, draft: { clientOrderId: ID } as SubmissionMemory['draft'] };

  /** What a step does, in short: what it writes down, reports and says. */
  const short = ({ outcome, facts = [], messages = [] }: SubmissionStep) => [
    ...(outcome === undefined ? [] : [`outcome ${outcome.outcome}`]),
    ...facts.map(({ type }) => type),
    ...messages.map((one) => (one.type === 'submission.reported' ? one.message.type : one.type)),
  ];

  const cases: readonly [string, SubmissionStep, Partial<SubmissionMemory>, readonly string[]][] = [
    [
      'begins: the last one counts no more',
      attempt.begun({ ...failed, lookups: 3 }, now),
      { attempt: 1, order: null },
      [],
    ],
    [
      'no leave: a 429 makes the next pause longer',
      attempt.notAdmitted(submitting, now, thrown),
      { rateLimits: 1 },
      [],
    ],
    ['no book', attempt.bookFailed(submitting, now, thrown), { rateLimits: 1 }, ['book.failed']],
    ['a price is entered with its id', attempt.drafted(quoted, now, 1n), {}, []],
    ['not written down', attempt.notRecorded(quoted, now, thrown), {}, ['journal.failed']],
    [
      'withdrawn before it left',
      attempt.haltedWhileRecording(drafted, now, { type: 'submission.halt', result: halt }),
      { halt },
      ['outcome unsent'],
    ],
    ['an answer', attempt.answered(sent, now, seen), { seen }, []],
    [
      'refused as post-only',
      attempt.refusedAsPostOnly({ ...sent, seen }, now),
      { postOnlyRefusals: 1, wouldCross: order.price, refusedAtMs: NOW },
      ['outcome rejected', 'order.post-only-refused', 'attempt.refused'],
    ],
    ['rejected', attempt.rejected({ ...failed, seen }, now), { failure: null }, ['outcome rejected']],
    ['a 429', attempt.rateLimited(failed, now), {}, ['outcome refused', 'order.refused', 'attempt.refused']],
    ['never left', attempt.neverLeft(failed, now), {}, ['outcome unsent', 'attempt.refused']],
    [
      'never left, and parks',
      attempt.neverLeftAndParks(failed, now),
      {},
      ['outcome unsent', 'attempt.refused', 'parking.found'],
    ],
    ['rests', end.resting(sent, now), {}, ['outcome resting', 'order.placed', 'submission.ended']],
    [
      'filled',
      end.over({ ...sent, seen: testOrder(ID, 'FILLED') }, now),
      {},
      ['outcome filled', 'order.placed', 'submission.ended'],
    ],
    ['denied', end.denied(failed, now), {}, ['intent.denied', 'submission.ended']],
    ['refused', end.refused(failed, now), {}, ['order.refused', 'attempt.refused', 'submission.ended']],
    ['exhausted', end.exhausted(failed, now), {}, ['intent.exhausted', 'submission.ended']],
    ['lost from sight', search.lostSight(failed, now), {}, ['outcome unknown', 'order.unknown', 'submission.ended']],
    ['asked for after its fence', search.askedFor({ ...sent, fencePassed: true }, now), { proofBasis: 'fence' }, []],
    [
      'found',
      search.foundToExist({ ...sent, seen: testOrder(ID, 'OPEN') }, now),
      {},
      ['outcome resting', 'order.resolved', 'order.resolved'],
    ],
    [
      'proven absent',
      search.foundAbsent({ ...sent, proofBasis: 'expiry' }, now),
      {},
      ['outcome absent', 'order.resolved', 'order.resolved'],
    ],
  ];
  for (const [what, step, change, done] of cases) {
    it(`${what}: ${done.join(', ') || 'remembered'}`, () => {
      assert.deepEqual({ ...step.change, ...change }, step.change ?? {});
      assert.deepEqual(short(step), done);
    });
  }

  it('6.6 the price that is entered is that of the draft, under its id; it expires by the exchange’s clock', () => {
    const { change, reserve } = attempt.drafted(quoted, now, 1n);
    assert.equal(reserve?.clientOrderId, change?.draft?.clientOrderId);
    assert.equal(reserve?.price, change?.draft?.price);
    assert.equal(change?.draft?.expirationMs, NOW + 7 + 3_600_000);
  });

  it('9.5 9.9 the next attempt waits 500 ms from the last one, after a 429 longer each time, and never longer when the clock is set back', () => {
    const at = (change: Partial<SubmissionMemory>, nowMs: number) => untilNextAttempt({ ...failed, ...change }, nowMs);
    const calm = { failure: null, attemptAtMs: NOW };
    assert.deepEqual([at(calm, NOW + 100), at(calm, NOW + 900), at(calm, NOW - 60_000)], [400, 0, 500]);
    const after = (rateLimits: number) => at({ rateLimits, attemptAtMs: NOW }, NOW);
    assert.deepEqual([1, 2, 3, 9].map(after), [1_000, 2_000, 4_000, 8_000]);
  });
});
