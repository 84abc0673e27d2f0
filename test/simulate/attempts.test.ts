import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAttempts } from '../../src/simulate/attempts.ts';

describe('attempts at a goal', () => {
  it('one that gets there in its second leg took both', () => {
    const attempts = createAttempts();
    attempts.legBegan('BNB', 'increase', 1_000);
    attempts.legEnded('BNB', null);
    attempts.legBegan('BNB', 'increase', 5_000);
    attempts.legEnded('BNB', 7_000);
    assert.deepEqual(attempts.all(11_000), [
      { instrument: 'BNB', mode: 'increase', availableMs: 10_000, tookMs: 6_000 },
    ]);
  });

  it('a symbol that turned round begins again, and one still on its way is named', () => {
    const attempts = createAttempts();
    attempts.legBegan('BNB', 'increase', 0);
    attempts.legBegan('BTC', 'decrease', 0);
    attempts.legEnded('BNB', 3_000);
    attempts.legEnded('BTC', null);
    attempts.legBegan('BNB', 'decrease', 4_000);
    attempts.legBegan('BTC', 'decrease', 4_000);
    assert.deepEqual(attempts.all(10_000), [
      { instrument: 'BNB', mode: 'increase', availableMs: 10_000, tookMs: 3_000 },
      { instrument: 'BTC', mode: 'decrease', availableMs: 10_000, tookMs: null },
      { instrument: 'BNB', mode: 'decrease', availableMs: 6_000, tookMs: null },
    ]);
  });

  it('a mode changed by hand ends the attempt without a verdict', () => {
    const attempts = createAttempts();
    attempts.legBegan('BNB', 'increase', 0);
    attempts.legEnded('BNB', null);
    attempts.legBegan('BNB', 'decrease', 4_000);
    assert.deepEqual(attempts.all(6_000), [{ instrument: 'BNB', mode: 'decrease', availableMs: 2_000, tookMs: null }]);
  });
});
