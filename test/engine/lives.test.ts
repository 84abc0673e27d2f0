import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountPollerMachine } from '../../machines/account-poller.ts';
import type { Fact } from '../../src/core/facts.ts';
import { ATTEMPT_MAX_MS, createLives } from '../../src/engine/lives.ts';
import { Bench, deferred } from '../support/machine-bench.ts';

const polled = (account: 'A' | 'B') => ({ type: 'account.polled', account }) as unknown as Fact;
const failed = (account: 'A' | 'B') => ({ type: 'read.failed', account }) as unknown as Fact;

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
      lives.report(failed('B'));
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

  it('a book, a list or a login that fails is no attempt to read an account', () => {
    const { lives, wait } = stage();
    lives.trading();
    wait(ATTEMPT_MAX_MS + 1_000);
    for (const type of ['book.failed', 'listing.failed', 'login.failed'])
      lives.report({ type, account: 'A' } as unknown as Fact);
    assert.equal(lives.problems().length, 2);
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

/** Between two signs of life with the unit's watchdog of 60 s. */
const SIGN_MS = 20_000;

/** The pollers' own timing before an exchange that is given, for ten minutes; gives what each sign of life found. */
async function tenMinutes(arrange: (bench: Bench) => void): Promise<readonly (readonly string[])[]> {
  const bench = new Bench();
  arrange(bench);
  const lives = createLives(() => bench.time.now());
  const { exchange, clock } = bench;
  for (const account of ['A', 'B'] as const) {
    const poller = { account, instruments: ['BNB_USDT_Perp'], exchange, clock, reporter: lives };
    const input = { ...poller, loopIntervalMs: 2_000, reconnectStreams: () => {} };
    bench.startAmong(accountPollerMachine, {
      input,
      listeners: ['symbol:BNB_USDT_Perp', 'gateway', 'daemon', 'alert-manager'],
    });
  }
  lives.trading();
  const found: (readonly string[])[] = [];
  for (let passed = 0; passed < 600_000; passed += SIGN_MS) {
    await bench.pass(SIGN_MS, 1_000);
    found.push(lives.problems());
  }
  return found;
}

describe('ten minutes that a watchdog sees', () => {
  it('an exchange that is down does not stop the watchdog messages, with the back-off that pollers have', async () => {
    const down = () => Promise.reject(new Error('ECONNREFUSED'));
    const found = await tenMinutes(({ exchange }) => {
      exchange.onPositions = down;
      exchange.onOpenOrders = down;
      exchange.onSummary = down;
    });
    assert.deepEqual([...new Set(found.flat())], []);
  });

  it('a request that never ends stops the watchdog messages after two minutes, and for good', async () => {
    const found = await tenMinutes((bench) => {
      bench.exchange.onPositions = (account) => (account === 'B' ? deferred<never>().promise : Promise.resolve([]));
    });
    assert.deepEqual(found[5], []);
    assert.deepEqual(found[6], ['account B: no attempt to read it for 140 s']);
    assert.ok(found.slice(6).every((problems) => problems.length === 1));
  });
});
