import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngineClock, SET_BACK_MS } from '../../src/engine/clock.ts';

/** A wall clock, a steady one, and what is done to the first. */
function clocks() {
  let [wallMs, steadyMs] = [1_800_000_000_000, 17];
  const clock = createEngineClock(
    () => wallMs,
    () => steadyMs,
  );
  clock.era();
  return {
    clock,
    pass: (ms: number) => {
      wallMs += ms;
      steadyMs += ms;
    },
    set: (byMs: number) => {
      wallMs += byMs;
    },
  };
}

describe('10.3 the eras of our clock', () => {
  it('one, however long it runs and wherever it is set ahead', () => {
    const { clock, pass, set } = clocks();
    for (const byMs of [0, 1, 3_600_000]) {
      set(byMs);
      pass(86_400_000);
      assert.equal(clock.era(), 0);
    }
  });

  it('each set-back begins another, once', () => {
    const { clock, pass, set } = clocks();
    for (const era of [1, 2, 3]) {
      set(-52_000);
      assert.equal(clock.era(), era);
      pass(10_000);
      assert.equal(clock.era(), era);
    }
  });

  it('a set-back is found though the clock is read only after it has passed that time again', () => {
    const { clock, pass, set } = clocks();
    const before = clock.nowMs();
    set(-52_000);
    pass(60_000);
    assert.ok(clock.nowMs() > before);
    assert.equal(clock.era(), 1);
  });

  it('small ones count together: what is dated is never more than that too young', () => {
    const { clock, pass, set } = clocks();
    for (let backMs = 100; backMs < SET_BACK_MS; backMs += 100) {
      set(-100);
      pass(60_000);
      assert.equal(clock.era(), 0);
    }
    set(-100);
    assert.equal(clock.era(), 1);
  });

  it('set ahead and back again by as much is a set-back: what was read between is dated in the future', () => {
    const { clock, set } = clocks();
    set(60_000);
    clock.era();
    set(-60_000);
    assert.equal(clock.era(), 1);
  });

  it('each engine detects set-backs by itself', () => {
    const { clock, set } = clocks();
    set(-60_000);
    assert.equal(clock.era(), 1);
    assert.equal(createEngineClock(clock.nowMs, () => 0).era(), 0);
  });
});
