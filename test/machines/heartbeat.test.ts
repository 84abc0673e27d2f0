import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createActor, SimulatedClock } from 'xstate';
import { BEAT_LIMIT_MS, heartbeatMachine } from '../../machines/heartbeat.ts';
import type { Fact } from '../../src/core/facts.ts';
import type { AccountName, AccountSnapshot } from '../../src/core/model.ts';
import { createEngineClock } from '../../src/engine/clock.ts';
import { failed as why } from '../support/core.ts';
import { TransitionCoverage } from '../support/transition-coverage.ts';

const coverage = new TransitionCoverage(heartbeatMachine);
after(() => coverage.assertComplete());

function world(beat: () => Promise<void>) {
  const clock = new SimulatedClock();
  let setBackMs = 0;
  const beats: number[] = [];
  const facts: Fact[] = [];
  const actor = createActor(heartbeatMachine, {
    clock,
    inspect: coverage.inspect,
    input: {
      heartbeat: {
        beat() {
          beats.push(clock.now());
          return beat();
        },
      },
      clock: createEngineClock(
        () => clock.now() - setBackMs,
        () => clock.now(),
      ),
      reporter: { report: (fact) => facts.push(fact) },
      freshMs: 10_000,
    },
  }).start();
  const polled = (account: AccountName) =>
    actor.send({ type: 'account.polled', snapshot: { account } as AccountSnapshot, failedLookups: [] });
  const failed = (account: AccountName) =>
    actor.send({
      type: 'account.failed',
      account,
      failure: { kind: 'unavailable', call: 'positions', account, code: null, why: why(), message: '' },
      inARow: 1,
      atMs: clock.now(),
    });
  /** A poll of each of `accounts` every 2 s. */
  const pass = async (seconds: number, accounts: readonly AccountName[]) => {
    for (let second = 0; second < seconds; second += 1) {
      if (second % 2 === 0) for (const account of accounts) polled(account);
      clock.increment(1000);
      for (let i = 0; i < 4; i += 1) await Promise.resolve();
    }
  };
  const setClockBack = (ms: number): void => {
    setBackMs += ms;
  };
  return { beats, facts, polled, failed, pass, setClockBack, actor };
}

describe('strategy 2.1: the heartbeat', () => {
  test('once a minute while both accounts are polled', async () => {
    const { beats, pass } = world(async () => {});
    await pass(599, ['A', 'B']);
    assert.equal(beats.length, 10);
    assert.ok(beats.every((at, i) => i === 0 || at - (beats[i - 1] ?? 0) === 60_000));
  });

  test('16.4 with a longer interval older polls count', async () => {
    const { beats, pass, polled, actor } = world(async () => {});
    actor.send({ type: 'readings.tuned', loopIntervalMs: 60_000, staleMs: 180_000 });
    for (const account of ['A', 'B'] as const) polled(account);
    await pass(175, []);
    assert.equal(beats.length, 3);
  });

  test('not while one account is not polled, nor when its polls have stopped coming', async () => {
    const { beats, pass } = world(async () => {});
    await pass(300, ['A']);
    assert.equal(beats.length, 0);
    await pass(30, ['A', 'B']);
    assert.equal(beats.length, 1);
    await pass(300, ['A']);
    assert.equal(beats.length, 1);
    await pass(5, ['A', 'B']);
    assert.equal(beats.length, 2);
  });

  test('not by polls of before our clock was set back, which would look fresh for an hour', async () => {
    const { beats, pass, setClockBack } = world(async () => {});
    await pass(10, ['A', 'B']);
    setClockBack(3_600_000);
    await pass(300, ['A']);
    assert.equal(beats.length, 1);
    await pass(5, ['A', 'B']);
    assert.equal(beats.length, 2);
  });

  test('nor when the clock has run past their time again', async () => {
    const { beats, pass, setClockBack } = world(async () => {});
    await pass(10, ['A', 'B']);
    setClockBack(60_000);
    await pass(65, ['A']);
    assert.equal(beats.length, 1);
  });

  test('not after a failed poll, until the next one succeeds', async () => {
    const { beats, pass, failed } = world(async () => {});
    await pass(10, ['A', 'B']);
    failed('B');
    await pass(120, ['A']);
    assert.equal(beats.length, 1);
    await pass(2, ['A', 'B']);
    assert.equal(beats.length, 2);
  });

  test('a call that fails is reported, and the next is a minute later', async () => {
    const { beats, facts, pass } = world(async () => {
      throw new Error('answered 500');
    });
    await pass(119, ['A', 'B']);
    assert.equal(beats.length, 2);
    assert.deepEqual(
      facts.map((fact) => fact.type === 'heartbeat.missed' && fact.reason),
      ['answered 500', 'answered 500'],
    );
  });

  test('a call that hangs is given up within its minute', async () => {
    const { beats, facts, pass } = world(() => new Promise(() => {}));
    await pass(BEAT_LIMIT_MS / 1000 + 1, ['A', 'B']);
    assert.equal(facts.length, 1);
    await pass(60, ['A', 'B']);
    assert.equal(beats.length, 2);
  });
});
