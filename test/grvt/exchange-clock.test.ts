import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { createExchangeClock } from '../../src/grvt/exchange-clock.ts';

describe('the exchange’s clock from Date headers', () => {
  const date = (ms: number) => new Date(ms).toUTCString();

  it('is ours until it has answered, and again if its dates are unreadable', () => {
    const clock = createExchangeClock({ nowMs: () => 5_000 });
    clock.observe(1, 2, 'yesterday');
    clock.observe(1, 2, null);
    assert.equal(clock.skewMs(), null);
    assert.equal(clock.nowMs(), 5_000);
  });

  it('finds the difference to well under a second although dates are whole seconds, and stays put', () => {
    const answers = fc.array(fc.tuple(fc.integer({ min: 30, max: 2_500 }), fc.integer({ min: 0, max: 300 })), {
      minLength: 60,
      maxLength: 90,
    });
    fc.assert(
      fc.property(fc.integer({ min: -200_000, max: 200_000 }), answers, (difference, steps) => {
        let nowMs = 1_700_000_000_123;
        const clock = createExchangeClock({ nowMs: () => nowMs });
        const estimates: number[] = [];
        for (const [pause, roundTrip] of steps) {
          nowMs += pause;
          const sentAtMs = nowMs;
          const written = Math.floor((sentAtMs + roundTrip / 2 + difference) / 1_000) * 1_000;
          nowMs += roundTrip;
          clock.observe(sentAtMs, nowMs, date(written));
          estimates.push(clock.skewMs()!);
          assert.ok(Math.abs(clock.skewMs()! - difference) <= 1_000 + roundTrip, `${clock.skewMs()} for ${difference}`);
        }
        // Dates of 60 answers leave some hundred milliseconds of doubt; the estimate does not wander inside it.
        const late = estimates.slice(-20);
        assert.ok(Math.abs(late.at(-1)! - difference) <= 500, `${late.at(-1)} for ${difference}`);
        assert.ok(Math.max(...late) - Math.min(...late) <= 250);
      }),
      { numRuns: 60 },
    );
  });

  it('one answer with a wrong date moves nothing; three in a row are a clock that was set', () => {
    let nowMs = 1_700_000_000_000;
    const clock = createExchangeClock({ nowMs: () => nowMs });
    const observe = (difference: number) => {
      nowMs += 700;
      clock.observe(nowMs, nowMs, date(Math.floor((nowMs + difference) / 1_000) * 1_000));
    };
    for (let index = 0; index < 20; index += 1) observe(0);
    const before = clock.skewMs()!;
    observe(3_600_000);
    observe(0);
    assert.equal(clock.skewMs(), before);
    observe(3_600_000);
    observe(3_600_000);
    assert.equal(clock.skewMs(), before);
    observe(3_600_000);
    assert.ok(Math.abs(clock.skewMs()! - 3_600_000) <= 1_000);
  });
});
