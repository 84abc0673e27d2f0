import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reason } from '../../src/core/reasons.ts';
import { blocksWay, isPostOnlyRefusal, type Refusal, rejection, whoEnded } from '../../src/core/refusals.ts';
import {
  endedRests,
  OTHER_WAY_MS,
  PROVEN_MS,
  RESTS_KEPT_MS,
  refusedOpeningsSince,
  restAfterExhaustion,
  restAfterRefusal,
  restOf,
  restsAfterConfirmation,
  restsAfterFill,
  restsAfterNewRules,
  restsAfterTime,
  yieldsWay,
} from '../../src/core/rests.ts';
import type { Purpose, SymbolState } from '../../src/core/symbol-state.ts';
import { failed, NOW, order, rest, stateWith } from '../support/core.ts';

const COOLDOWN = 300_000;
const OPENING: Purpose = { account: 'B', purpose: 'opening' };
const REPAIR: Purpose = { account: 'B', purpose: 'repair' };
const REFUSED = {
  refusal: { code: 2032, reason: failed('why') },
  by: 'refusal',
  doubtsRules: false,
  alertKey: 'key',
} as const;
const ENDED = { ...REFUSED, refusal: { code: null, reason: rejection('BELOW_MARGIN') }, by: 'end' } as const;
const EXHAUSTED = { attempts: 5, alertKey: 'key' };

describe('9.5 how long a rest lasts', () => {
  it('post-only attempts used up: the whole cooldown, of that account and purpose alone', () => {
    const state = restAfterExhaustion(stateWith(), OPENING, NOW, COOLDOWN, EXHAUSTED);
    assert.equal(restOf(state, OPENING)?.untilMs, NOW + COOLDOWN);
    assert.deepEqual(restOf(state, OPENING)?.reason, reason('attempts-used-up', '9.5', { attempts: 5 }));
    assert.equal(restOf(state, REPAIR), null);
    assert.equal(restOf(state, { ...OPENING, account: 'A' }), null);
  });

  for (const reported of [REFUSED, ENDED]) {
    it(`${reported.by}: 10 s, doubling with each one in a row, up to the cooldown`, () => {
      let state = stateWith();
      const lasted: number[] = [];
      for (let count = 0; count < 7; count += 1) {
        const atMs = NOW + count * 1_000_000;
        state = restAfterRefusal(state, OPENING, atMs, COOLDOWN, reported);
        lasted.push((restOf(state, OPENING)?.untilMs ?? 0) - atMs);
      }
      assert.deepEqual(lasted, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
      assert.equal(restOf(state, OPENING)?.sinceMs, NOW);
    });
  }

  it('two thousand refusals in a row rest no longer than the cooldown', () => {
    const many = stateWith({ rests: [rest('B', 'opening', { inARow: 2000 })] });
    const state = restAfterRefusal(many, OPENING, NOW, COOLDOWN, REFUSED);
    assert.equal(restOf(state, OPENING)?.untilMs, NOW + COOLDOWN);
  });

  it('a longer one that runs already is not shortened', () => {
    const exhausted = restAfterExhaustion(stateWith(), OPENING, NOW, COOLDOWN, EXHAUSTED);
    const refused = restAfterRefusal(exhausted, OPENING, NOW + 1000, COOLDOWN, REFUSED);
    assert.equal(restOf(refused, OPENING)?.untilMs, NOW + COOLDOWN);
    assert.equal(restOf(refused, OPENING)?.inARow, 1);
  });
});

describe('9.5 what ends a run of refusals', () => {
  const resting = (over: Partial<ReturnType<typeof rest>>): SymbolState =>
    stateWith({ rests: [rest('B', 'opening', over)] });
  const over = (state: SymbolState) => (state.rests ?? []).length === 0;

  it('an order of that account and purpose that rests, once the rest is over', () => {
    assert.ok(over(restsAfterConfirmation(resting({}), OPENING, NOW + 10_000)));
    assert.ok(!over(restsAfterConfirmation(resting({}), OPENING, NOW + 9_999)));
    assert.ok(!over(restsAfterConfirmation(resting({}), REPAIR, NOW + 10_000)));
    assert.ok(!over(restsAfterConfirmation(resting({}), { ...OPENING, account: 'A' }, NOW + 10_000)));
  });

  it('that an order rests again proves nothing where orders were ended after they rested; a fill, or a minute, does', () => {
    const ended = resting({ by: 'end' });
    assert.ok(!over(restsAfterConfirmation(ended, OPENING, NOW + 20_000)));
    assert.ok(over(restsAfterFill(ended, OPENING, NOW + 20_000)));
    const rests = (ms: number) =>
      restsAfterTime(
        { ...ended, orders: [order('B', 'sell', 1, 100, { confirmedAtMs: NOW + 20_000 })] },
        NOW + 20_000 + ms,
      );
    assert.ok(!over(rests(PROVEN_MS - 1)));
    assert.ok(over(rests(PROVEN_MS)));
  });

  it('one of which nothing was tried for long is forgotten', () => {
    assert.ok(!over(restsAfterTime(resting({}), NOW + 10_000 + RESTS_KEPT_MS - 1)));
    assert.ok(over(restsAfterTime(resting({}), NOW + 10_000 + RESTS_KEPT_MS)));
  });

  it('11.8 new rules, where they were doubted', () => {
    assert.ok(over(restsAfterNewRules(resting({ doubtsRules: true }))));
    assert.ok(!over(restsAfterNewRules(resting({}))));
  });

  it('names the rests that are over', () => {
    const before = resting({});
    assert.deepEqual(endedRests(before, restsAfterFill(before, OPENING, NOW + 10_000)), before.rests);
    assert.deepEqual(endedRests(before, before), []);
  });
});

describe('6.3 a refusal for margin, limits, permission or reduce-only', () => {
  const ofMargin = { ...REFUSED, refusal: { code: 2080, reason: failed('margin') } };

  it('has the other way go first for 15 minutes', () => {
    const state = restAfterRefusal(stateWith(), REPAIR, NOW, COOLDOWN, ofMargin);
    assert.ok(yieldsWay(state, 'B', NOW + OTHER_WAY_MS - 1));
    assert.ok(!yieldsWay(state, 'B', NOW + OTHER_WAY_MS));
    assert.ok(!yieldsWay(state, 'A', NOW));
  });

  it('of an opening, or for another reason, does not', () => {
    assert.ok(!yieldsWay(restAfterRefusal(stateWith(), OPENING, NOW, COOLDOWN, ofMargin), 'B', NOW));
    assert.ok(!yieldsWay(restAfterRefusal(stateWith(), REPAIR, NOW, COOLDOWN, REFUSED), 'B', NOW));
  });

  const cases: readonly (readonly [number | null, string, boolean])[] = [
    ...[1400, 2080, 2081, 2082, 2083, 2090, 2091, 7304].map((code) => [code, '', true] as const),
    ...[2032, 2064, 7201, 9999].map((code) => [code, '', false] as const),
    [null, 'BELOW_MARGIN', true],
    [null, 'BELOW_MARGIN_WITH_PENALTY_DEVIATION', true],
    [null, 'EXCEED_MAX_POSITION_SIZE', true],
    [null, 'NO_TRADE_PERMISSION', true],
    [null, 'REDUCE_ONLY_LIMIT', true],
    [null, 'DERISK_SOMETHING_NEW', true],
    [null, 'SELF_TRADE_PROTECTION', false],
    [null, 'SOMETHING_NEW', false],
  ];
  for (const [code, reason, blocks] of cases) {
    it(`${code ?? reason} ${blocks ? 'is one' : 'is none'}`, () => {
      assert.equal(blocksWay({ code, reason: rejection(reason) } satisfies Refusal), blocks);
    });
  }
});

describe('5.7 since when an account has been refused openings', () => {
  const state = (over: Partial<SymbolState>) =>
    stateWith({ rests: [rest('B', 'opening', { sinceMs: NOW - 5 })], ...over });

  it('from the first refusal of the run, until one rests', () => {
    assert.equal(refusedOpeningsSince(state({}), 'B', NOW), NOW - 5);
    assert.equal(refusedOpeningsSince(state({}), 'B', NOW + 20_000), NOW - 5);
    assert.equal(refusedOpeningsSince(state({}), 'A', NOW), null);
    const orders = [order('B', 'sell', 1, 100)];
    assert.equal(refusedOpeningsSince(state({ orders }), 'B', NOW + 20_000), null);
    assert.equal(
      refusedOpeningsSince(state({ orders }), 'B', NOW),
      NOW - 5,
      'while it rests, what is there may go as well',
    );
  });
});

describe('9.5 who ended an order that had rested', () => {
  for (const [status, rejectReason, cancelled, by] of [
    ['FILLED', 'UNSPECIFIED', false, 'ours'],
    ['CANCELLED', 'EXPIRED', false, 'ours'],
    ['CANCELLED', 'CLIENT_CANCEL', true, 'ours'],
    ['CANCELLED', 'UNSPECIFIED', true, 'ours'],
    ['CANCELLED', 'CLIENT_CANCEL', false, 'by-hand'],
    ['CANCELLED', 'CLIENT_BULK_CANCEL', false, 'by-hand'],
    ['CANCELLED', 'BELOW_MARGIN', true, 'exchange'],
    ['CANCELLED', 'BELOW_MARGIN', false, 'exchange'],
    ['CANCELLED', 'UNSPECIFIED', false, 'exchange'],
    ['CANCELLED', 'SOMETHING_NEW', false, 'exchange'],
    ['REJECTED', 'SESSION_CLOSED', false, 'exchange'],
  ] as const) {
    it(`${status} ${rejectReason}${cancelled ? ' after a cancel of ours' : ''}: ${by}`, () => {
      assert.equal(whoEnded({ status, rejectReason }, cancelled), by);
    });
  }

  it('our own dead-man timer is no refusal; somebody else’s is a cancel by hand', () => {
    const end = { status: 'CANCELLED', rejectReason: 'CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED' };
    assert.equal(whoEnded(end, false, true), 'ours');
    assert.equal(whoEnded(end, false), 'by-hand');
  });

  it('FAIL_POST_ONLY and RESTING_ORDER_WOULD_CROSS are post-only refusals, nothing else is', () => {
    assert.ok(isPostOnlyRefusal('FAIL_POST_ONLY') && isPostOnlyRefusal('RESTING_ORDER_WOULD_CROSS'));
    assert.ok(!isPostOnlyRefusal('SELF_TRADE_PROTECTION'));
  });
});
