import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import { createPacer, NotPaced, type Pacer, type Priority } from '../../src/grvt/pacer.ts';

describe('the request budget (strategy 9.1, 9.9)', () => {
  let clock: FakeTimers.Clock;
  beforeEach(() => {
    clock = FakeTimers.install({
      now: 1_000_000,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
  });
  afterEach(() => clock.uninstall());

  /** Asks for permits and notes who got one when. */
  function ask(pacer: Pacer, granted: [string, number][], name: string, priority: Priority): Promise<void> {
    return pacer.take(priority).then(
      () => void granted.push([name, Date.now() - 1_000_000]),
      (error: Error) => void granted.push([`${name} ${error.message}`, Date.now() - 1_000_000]),
    );
  }
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  async function advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.tick(50);
      await settle();
    }
  }

  it('a burst after idle leaves at once, and no more than the budget in any second', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: false });
    const granted: [string, number][] = [];
    for (let index = 0; index < 25; index += 1) ask(pacer, granted, `r${index}`, 'read');
    await settle();
    assert.equal(granted.length, 10);
    await advance(1_000);
    assert.equal(granted.length, 20);
    await advance(1_000);
    assert.equal(granted.length, 25);
  });

  it('our clock set back by an hour does not stop the budget for an hour', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: false });
    const granted: [string, number][] = [];
    for (let index = 0; index < 12; index += 1) ask(pacer, granted, `r${index}`, 'read');
    await advance(100);
    clock.setSystemTime(1_000_000 - 3_600_000);
    await advance(1_000);
    assert.equal(granted.length, 12);
  });

  it('others never use the share of the cancels', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: true });
    const granted: [string, number][] = [];
    for (let index = 0; index < 20; index += 1) ask(pacer, granted, 'read', 'read');
    await settle();
    assert.equal(granted.length, 8);
    ask(pacer, granted, 'cancel', 'cancel');
    ask(pacer, granted, 'cancel', 'cancel');
    ask(pacer, granted, 'cancel', 'cancel');
    await settle();
    assert.deepEqual(granted.slice(8), [
      ['cancel', 0],
      ['cancel', 0],
    ]);
    await advance(1_000);
    assert.equal(granted[10]![0], 'cancel', 'the third goes before the reads that came first');
  });

  it('cancels may use the whole budget while nobody else does', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: true });
    const granted: [string, number][] = [];
    for (let index = 0; index < 12; index += 1) ask(pacer, granted, 'cancel', 'cancel');
    await settle();
    assert.equal(granted.length, 10);
  });

  it('a cancel that waited in both lanes costs one permit, not two', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: true });
    const granted: [string, number][] = [];
    for (let index = 0; index < 8; index += 1) ask(pacer, granted, 'read', 'read');
    for (let index = 0; index < 3; index += 1) ask(pacer, granted, 'cancel', 'cancel');
    await advance(1_000);
    assert.equal(granted.length, 11);
    for (let index = 0; index < 8; index += 1) ask(pacer, granted, 'read', 'read');
    for (let index = 0; index < 2; index += 1) ask(pacer, granted, 'cancel', 'cancel');
    await settle();
    assert.equal(granted.length, 20, 'one of ten is spent, nine are left');
  });

  it('cancel before create before look-up before other reads, whoever came first', async () => {
    const pacer = createPacer({ requestsPerSec: 5, reserveForCancels: true });
    const granted: [string, number][] = [];
    for (let index = 0; index < 5; index += 1) ask(pacer, granted, 'early', index < 1 ? 'cancel' : 'read');
    for (const priority of ['read', 'look-up', 'create', 'cancel'] as const) ask(pacer, granted, priority, priority);
    await settle();
    assert.equal(granted.length, 5);
    await advance(1_000);
    assert.deepEqual(
      granted.slice(5).map(([name]) => name),
      ['cancel', 'create', 'look-up', 'read'],
    );
  });

  it('whatever is asked for, no second holds more than the budget, nor more of others than their part', async () => {
    const kinds: Priority[] = ['cancel', 'create', 'look-up', 'read'];
    const asks = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 0, max: 6 })), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(asks, fc.integer({ min: 2, max: 12 }), async (wanted, requestsPerSec) => {
        const pacer = createPacer({ requestsPerSec, reserveForCancels: true });
        const granted: [string, number][] = [];
        for (const [priority, wait] of wanted) {
          await advance(wait * 50);
          ask(pacer, granted, priority, priority);
          // Whoever leaves at once is noted now, before time goes on.
          await settle();
        }
        await advance(
          Math.ceil((wanted.length + 2) / (requestsPerSec - Math.max(1, Math.floor(requestsPerSec / 5)))) * 1_050,
        );
        assert.equal(granted.length, wanted.length, 'everyone leaves in the end');
        const reserved = Math.max(1, Math.floor(requestsPerSec * 0.2));
        for (const [, atMs] of granted) {
          const within = granted.filter(([, other]) => other >= atMs && other < atMs + 1_000);
          assert.ok(within.length <= requestsPerSec);
          assert.ok(within.filter(([name]) => name !== 'cancel').length <= requestsPerSec - reserved);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('a budget of one a second is kept on average, and cancels still have their half', async () => {
    const pacer = createPacer({ requestsPerSec: 1, reserveForCancels: true });
    const granted: [string, number][] = [];
    for (let index = 0; index < 3; index += 1) ask(pacer, granted, 'read', 'read');
    ask(pacer, granted, 'cancel', 'cancel');
    await settle();
    assert.deepEqual(
      granted.map(([name]) => name),
      ['read', 'cancel'],
    );
    await advance(4_000);
    assert.equal(granted.length, 4);
  });

  it('after 429 everyone waits, twice as long with each one in a row, up to 30 s; cancels keep their share', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: true });
    const granted: [string, number][] = [];
    let startMs = 0;
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      pacer.backOff();
      pacer.backOff();
      startMs = Date.now() - 1_000_000;
      granted.length = 0;
      ask(pacer, granted, 'read', 'read');
      ask(pacer, granted, 'cancel', 'cancel');
      await settle();
      assert.deepEqual(granted, [['cancel', startMs]]);
      await advance(pauseMs - 50);
      assert.equal(granted.length, 1);
      await advance(50);
      assert.deepEqual(granted[1], ['read', startMs + pauseMs]);
    }
    for (let answers = 0; answers < 30; answers += 1) pacer.answered();
    pacer.backOff();
    granted.length = 0;
    ask(pacer, granted, 'read', 'read');
    await advance(1_000);
    assert.equal(granted.length, 1, 'after thirty answers the next pause is a first one');
  });

  it('a create waits three seconds at most: its price is history then', async () => {
    const pacer = createPacer({ requestsPerSec: 10, reserveForCancels: true });
    for (let times = 0; times < 4; times += 1) {
      pacer.backOff();
      await advance(1_000 * 2 ** times);
    }
    pacer.backOff();
    const granted: [string, number][] = [];
    ask(pacer, granted, 'create', 'create');
    await advance(2_950);
    assert.equal(granted.length, 0);
    await advance(100);
    assert.match(granted[0]?.[0] ?? '', /never left: waited 3 s/);
  });

  it('nobody waits longer than a minute, and then it is said that the request never left', async () => {
    const pacer = createPacer({ requestsPerSec: 1, reserveForCancels: false });
    const granted: [string, number][] = [];
    for (let index = 0; index < 70; index += 1) ask(pacer, granted, 'r', 'read');
    await advance(60_050);
    const refused = granted.filter(([name]) => name.includes('never left: waited 60 s'));
    assert.ok(refused.length >= 9 && refused.length <= 10, String(refused.length));
    assert.equal(pacer.waiting, 0);
  });

  it('the queue is bounded: one more than fits is refused at once', async () => {
    const pacer = createPacer({ requestsPerSec: 1, reserveForCancels: false });
    const held = Array.from({ length: 601 }, () => pacer.take('read').catch((error: unknown) => error));
    assert.equal(pacer.waiting, 600);
    await assert.rejects(
      pacer.take('read'),
      (error: unknown) => error instanceof NotPaced && /600/.test(error.message),
    );
    pacer.close();
    const ended = await Promise.all(held);
    assert.equal(ended.filter((error) => error instanceof NotPaced).length, 600);
  });

  it('a budget that is no positive integer is refused', () => {
    for (const requestsPerSec of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => createPacer({ requestsPerSec, reserveForCancels: true }), RangeError);
    }
  });
});
