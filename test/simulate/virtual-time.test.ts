import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { VirtualTime } from '../../src/simulate/virtual-time.ts';

const START_MS = 1_700_000_000_000;

describe('virtual time', () => {
  let time: VirtualTime;
  const happened: [string, number][] = [];
  const note = (what: string) => () => {
    happened.push([what, time.nowMs - START_MS]);
  };

  beforeEach(() => {
    happened.length = 0;
    time = new VirtualTime(START_MS, () => 0.5);
    time.install();
  });
  afterEach(() => time.uninstall());

  it('fires timers in order of time, and those of one moment in the order they were set', async () => {
    setTimeout(note('third'), 30);
    setTimeout(note('first'), 10);
    setTimeout(note('second'), 10);
    await time.run(START_MS + 100);
    assert.deepEqual(happened, [
      ['first', 10],
      ['second', 10],
      ['third', 30],
    ]);
    assert.equal(Date.now(), START_MS + 100);
  });

  it('a timer of no time takes a millisecond, as in Node, and one too long takes one too', async () => {
    setTimeout(note('zero'), 0);
    setTimeout(note('too long'), 2 ** 31);
    await time.run(START_MS + 5);
    assert.deepEqual(happened, [
      ['zero', 1],
      ['too long', 1],
    ]);
  });

  it('lets promises go on between two events, however long their chain', async () => {
    setTimeout(() => {
      let chain = Promise.resolve();
      for (let link = 0; link < 50; link += 1) chain = chain.then(() => {});
      void chain.then(note('chain'));
    }, 10);
    setTimeout(note('after'), 10);
    await time.run(START_MS + 10);
    assert.deepEqual(
      happened.map(([what]) => what),
      ['chain', 'after'],
    );
  });

  it('an interval repeats until it is cleared, also from within', async () => {
    const interval = setInterval(() => {
      note('tick')();
      if (happened.length === 3) clearInterval(interval);
    }, 10);
    await time.run(START_MS + 1_000);
    assert.deepEqual(
      happened.map(([, atMs]) => atMs),
      [10, 20, 30],
    );
  });

  it('a cleared timer does not fire', async () => {
    clearTimeout(setTimeout(note('never'), 10));
    await time.run(START_MS + 100);
    assert.deepEqual(happened, []);
  });

  it('when our clock jumps, timers keep their pace', async () => {
    setTimeout(note('timer'), 1_000);
    time.jumpWall(-60_000);
    assert.equal(Date.now(), START_MS - 60_000);
    await time.run(START_MS + 2_000);
    assert.deepEqual(happened, [['timer', 1_000]]);
    assert.equal(time.nowMs, START_MS + 2_000, 'true time never jumps');
  });

  it('while the process stands still its timers are late', async () => {
    setTimeout(note('late'), 10);
    setTimeout(() => time.block(500), 5);
    await time.run(START_MS + 1_000);
    assert.deepEqual(happened, [['late', 505]]);
  });

  it('the timers of a dead engine are gone; the world’s stay', async () => {
    setTimeout(note('engine'), 10);
    time.at(START_MS + 10, note('world'));
    time.dropEngineTimers();
    await time.run(START_MS + 100);
    assert.deepEqual(happened, [['world', 10]]);
  });

  it('what a timer throws ends the run', async () => {
    setTimeout(() => {
      throw new Error('a defect');
    }, 10);
    await assert.rejects(time.run(START_MS + 100), /a defect/);
  });

  it('dates and chance are virtual, and real again afterwards', () => {
    assert.equal(`${new Date()}`, `${new Date(START_MS)}`);
    assert.equal(new Date('2026-01-01T00:00:00Z').getTime(), Date.UTC(2026, 0, 1));
    assert.ok(new Date() instanceof Date);
    assert.equal(Math.random(), 0.5);
    time.uninstall();
    assert.ok(Math.abs(Date.now() - START_MS) > 1_000_000);
    assert.notEqual(Math.random(), 0.5);
  });
});
