import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { deadManMachine, RETRY_MS } from '../../machines/dead-man.ts';
import type { AccountPolled } from '../../src/core/messages.ts';
import { testOrder } from '../support/fake-exchange.ts';
import { Bench } from '../support/machine-bench.ts';
import { TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(deadManMachine);
after(() => coverage.assertComplete());

const PERIOD_MS = 60_000;
const FOREIGN = { ...testOrder('7', 'OPEN'), orderId: '0xf0' };

/** The timer of account A on an exchange that takes every call, unless told otherwise. */
class World extends Bench {
  readonly #child: () => { send(event: AccountPolled): void; getSnapshot(): unknown };

  constructor() {
    super();
    const input = { account: 'A', exchange: this.exchange, clock: this.clock, periodMs: PERIOD_MS };
    const { child } = this.startAmong(deadManMachine, {
      listeners: ['alert-manager'],
      inspect: coverage.inspect,
      input,
    });
    this.#child = child as () => { send(event: AccountPolled): void; getSnapshot(): unknown };
  }

  get state(): string {
    return String((this.#child().getSnapshot() as { value: unknown }).value);
  }

  async polled(...openOrders: readonly object[]): Promise<void> {
    const snapshot = { account: 'A', openOrders } as unknown as AccountPolled['snapshot'];
    this.#child().send({ type: 'account.polled', snapshot, failedLookups: [] });
    await this.settle();
  }

  /** What the timer was set to, each time. */
  get set(): number[] {
    return this.exchange.named('cancelOnDisconnect').map(({ args }) => args[1] as number);
  }
}

const refuse = () => Promise.reject(new Error('too many requests'));

describe('2.1 the dead-man timer of the exchange', () => {
  it('it is armed once the open orders are known, and renewed twice per period', async () => {
    const world = new World();
    await world.pass(10_000, 1_000);
    assert.deepEqual([world.state, world.set], ['unknown', []]);
    await world.polled();
    assert.equal(world.state, 'armed');
    await world.pass(5 * PERIOD_MS + 5_000, 1_000);
    assert.equal(world.set.length, 11);
    assert.ok(world.set.every((ms) => ms === PERIOD_MS));
    const times = world.exchange.named('cancelOnDisconnect').map(({ atMs }) => atMs);
    for (const [at, ms] of times.entries()) assert.ok(at === 0 || ms - times[at - 1]! <= PERIOD_MS / 2);
  });

  it('a foreign order that appears switches it off, with an alert; when none rests any more it is armed again', async () => {
    const world = new World();
    await world.polled();
    await world.polled(FOREIGN);
    assert.deepEqual([world.state, world.set], ['off', [PERIOD_MS, 0]]);
    assert.deepEqual(world.last('alert-manager', 'alert.raised')?.alert, {
      ...{ kind: 'dead-man-off', key: 'dead-man-off:A', account: 'A', instrument: FOREIGN.instrument },
      ...{ atMs: world.clock.nowMs(), sinceMs: null, details: { orderId: '0xf0' } },
    });
    await world.pass(3 * PERIOD_MS, 1_000);
    assert.equal(world.set.length, 2, 'off it stays');
    await world.polled();
    assert.deepEqual([world.state, world.set.at(-1)], ['armed', PERIOD_MS]);
    assert.equal(world.last('alert-manager', 'alert.cleared')?.key, 'dead-man-off:A');
  });

  it('a foreign order that rests at the start: it is never armed', async () => {
    const world = new World();
    await world.polled(FOREIGN);
    assert.deepEqual([world.state, world.set], ['off', [0]]);
  });

  it('a call that fails is alerted and made again, whichever it is; what has come up meanwhile counts', async () => {
    const world = new World();
    world.exchange.onCountdown = refuse;
    await world.polled();
    assert.equal(world.state, 'notArmed');
    assert.match(JSON.stringify(world.last('alert-manager', 'alert.raised')), /too many requests/);
    await world.pass(RETRY_MS, 500);
    assert.deepEqual(world.set, [PERIOD_MS, PERIOD_MS]);
    await world.polled(FOREIGN);
    assert.equal(world.state, 'notOff');
    await world.pass(RETRY_MS, 500);
    assert.deepEqual(world.set.slice(2), [0, 0]);
    world.exchange.onCountdown = async () => {};
    await world.polled();
    assert.deepEqual([world.state, world.set.at(-1)], ['armed', PERIOD_MS]);
  });

  it('a foreign order that appears while it is being armed switches it off afterwards', async () => {
    const world = new World();
    let arm: () => void = () => {};
    world.exchange.onCountdown = (_account, ms) => (ms === 0 ? Promise.resolve() : new Promise((done) => (arm = done)));
    await world.polled();
    await world.polled(FOREIGN);
    assert.equal(world.state, 'arming');
    arm();
    await world.settle();
    assert.deepEqual([world.state, world.set], ['off', [PERIOD_MS, 0]]);
  });
});
