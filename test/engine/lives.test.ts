import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../src/core/facts.ts';
import { ATTEMPT_MAX_MS, createLives } from '../../src/engine/lives.ts';

const polled = (account: 'A' | 'B') => ({ type: 'account.polled', account }) as unknown as Fact;
const failed = (account: 'A' | 'B' | null) => ({ type: 'read.failed', account }) as unknown as Fact;

function stage() {
  let now = 1_000;
  const lives = createLives(() => now);
  return { lives, wait: (ms: number) => (now += ms) };
}

describe('whether the engine does its work', () => {
  it('an exchange that fails every read is no reason to restart: attempts count, not answers', () => {
    const { lives, wait } = stage();
    lives.trading();
    for (let minute = 0; minute < 30; minute += 1) {
      wait(60_000);
      lives.report(failed('A'));
      lives.report(minute % 2 === 0 ? failed('B') : failed(null));
      assert.deepEqual(lives.problems(), []);
    }
  });

  it('a poller that makes no attempt is named, as soon as the longest pause of its own is over', () => {
    const { lives, wait } = stage();
    lives.trading();
    wait(ATTEMPT_MAX_MS);
    lives.report(polled('B'));
    assert.deepEqual(lives.problems(), []);
    wait(1_000);
    assert.deepEqual(lives.problems(), ['account A: no attempt to read it for 121 s']);
    lives.report(polled('A'));
    assert.deepEqual(lives.problems(), []);
  });

  it('before it trades and once it stops nothing is expected: start and stop have bounds of their own', () => {
    const { lives, wait } = stage();
    wait(10 * ATTEMPT_MAX_MS);
    assert.deepEqual(lives.problems(), []);
    lives.trading();
    lives.stopping();
    wait(10 * ATTEMPT_MAX_MS);
    assert.deepEqual(lives.problems(), []);
  });
});
