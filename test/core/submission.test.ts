import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import { outcomeOf, proofBasisOf, verdict } from '../../src/core/submission/answers.ts';
import { initialSubmission, type SubmissionMemory } from '../../src/core/submission/memory.ts';
import { quoteFor, tooOld } from '../../src/core/submission/quote.ts';
import { trackedFromPrepared } from '../../src/core/submission/tracked.ts';
import { testBook, testInstrument, testIntent, testOrder } from '../support/fake-exchange.ts';

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
const submitting = initialSubmission('s', { kind: 'submit', intent: testIntent() }, true, false);
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
    ['no fence of an order that another engine may still send', { fencePassed: true, isFormer: true }, NOW, null],
    ['its expiry, later', { isFormer: true }, expired, null],
    ['its expiry, after 10 s', { isFormer: true }, order.expirationMs + 10_001, 'expiry'],
  ];
  for (const [what, change, exchangeNowMs, basis] of cases) {
    it(what, () => assert.equal(proofBasisOf({ ...sent, ...change }, exchangeNowMs), basis));
  }
});

describe('the price of an attempt', () => {
  const now = { nowMs: NOW, era: 0 };
  const market = { book: testBook('599.9', '600.1'), index: null };
  const given = { instrument: testInstrument('BNB_USDT_Perp'), othersPrices: [] };

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
