import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import fc from 'fast-check';
import '../support/fixed-seed.ts';
import {
  type Asked,
  type Bucket,
  type BudgetEvent,
  createBucket,
  NEEDS,
  NotAdmitted,
  type Permit,
} from '../../src/grvt/budget.ts';

const START_MS = 1_000_000;

describe('the request budget (strategy 9.1, 9.9)', () => {
  let clock: FakeTimers.Clock;
  let reported: BudgetEvent[];
  beforeEach(() => {
    reported = [];
    clock = FakeTimers.install({
      now: START_MS,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
  });
  afterEach(() => clock.uninstall());

  const open = (scale = 1): Bucket =>
    createBucket({ account: 'A', bucket: 'reads', scale, tell: (event) => reported.push(event) });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  async function advance(ms: number, step = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      clock.tick(step);
      await settle();
    }
  }

  /** Asks, answers after so long, and notes who left when. */
  function ask(bucket: Bucket, left: [string, number][], name: string, asked: Asked, answerMs = 0): Promise<void> {
    return bucket.take(asked).then(
      (permit) => {
        left.push([name, Date.now() - START_MS]);
        if (answerMs === 0) permit.done();
        else setTimeout(() => permit.done(), answerMs);
      },
      (error: Error) => void left.push([`${name} ${error.message}`, Date.now() - START_MS]),
    );
  }
  const read = (more: Partial<Asked> = {}): Asked => ({ need: 'look-up', units: 20, ...more });

  it('80 units leave at once and in any second, times the scale', async () => {
    for (const [scale, atOnce] of [
      [1, 4],
      [0.5, 2],
      [3, 12],
    ] as const) {
      const left: [string, number][] = [];
      const bucket = open(scale);
      for (let index = 0; index < 3 * atOnce; index += 1) ask(bucket, left, `r${index}`, read());
      await settle();
      assert.equal(left.length, atOnce);
      await advance(1_000);
      assert.equal(left.length, 2 * atOnce);
      assert.equal(bucket.waiting, atOnce);
    }
  });

  it('whatever is asked and however slowly it is answered, no second at the exchange sees more than 80 units', async () => {
    const asks = fc.array(
      fc.record({
        units: fc.constantFrom(5, 12, 20, 40),
        need: fc.constantFrom(...NEEDS),
        turn: fc.constantFrom('X', 'Y', 'Z'),
        afterMs: fc.nat({ max: 300 }),
        arriveShare: fc.double({ min: 0, max: 1, noNaN: true }),
        answerMs: fc.nat({ max: 3_000 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(asks, async (wanted) => {
        const bucket = open();
        const arrivals: { atMs: number; units: number }[] = [];
        for (const { afterMs, arriveShare, answerMs, ...asked } of wanted) {
          await advance(afterMs, 100);
          void bucket.take(asked).then((permit) => {
            arrivals.push({ atMs: Date.now() + arriveShare * answerMs, units: asked.units });
            setTimeout(() => permit.done(), answerMs);
          });
        }
        await advance(60_000, 1_000);
        assert.equal(arrivals.length, wanted.length, 'everybody has left in the end');
        for (const { atMs } of arrivals) {
          const within = arrivals.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1_000);
          assert.ok(within.reduce((sum, { units }) => sum + units, 0) <= 80);
        }
        assert.equal(bucket.left, 80);
      }),
      { numRuns: 60 },
    );
  });

  it('what the exchange has not answered counts until it has, and a second longer', async () => {
    const bucket = open();
    const permits: Permit[] = [];
    for (let index = 0; index < 4; index += 1) permits.push(await bucket.take(read()));
    await advance(20_000, 1_000);
    assert.equal(bucket.left, 0);
    permits[0]?.done();
    permits[0]?.done();
    permits[0]?.unused();
    await advance(950);
    assert.equal(bucket.left, 0);
    await advance(50);
    assert.equal(bucket.left, 20);
    permits[1]?.unused();
    assert.equal(bucket.left, 40, 'what was not sent costs nothing');
  });

  it('a quarter is left to repairs, however many openings wait', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    for (let index = 0; index < 20; index += 1) ask(bucket, left, 'opening', { need: 'opening', units: 5 });
    await settle();
    assert.equal(left.length, 12);
    for (let index = 0; index < 5; index += 1) ask(bucket, left, 'repair', { need: 'repair', units: 5 });
    await settle();
    assert.equal(left.filter(([name]) => name === 'repair').length, 4);
    await advance(3_000);
    assert.equal(left.length, 25);
  });

  it('our clock set back by an hour does not stop the budget for an hour', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    for (let index = 0; index < 6; index += 1) ask(bucket, left, `r${index}`, read());
    await advance(100);
    clock.setSystemTime(START_MS - 3_600_000);
    await advance(1_000);
    assert.equal(left.length, 6);
  });

  it('by need, in the order of strategy 9.1', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    ask(bucket, left, 'first', read({ units: 80 }));
    for (const need of NEEDS.toReversed()) ask(bucket, left, need, read({ need, units: 80 }));
    await advance(10_000, 250);
    assert.deepEqual(
      left.map(([name]) => name),
      ['first', 'cancel', 'repair', 'opening', 'overdue-reading', 'look-up', 'reading', 'summary', 'rest'],
    );
  });

  it('of equal need symbol by symbol in turn, and first come, first served within one', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    ask(bucket, left, 'first', read({ units: 80 }));
    for (const [name, turn] of ['X1 X', 'X2 X', 'X3 X', 'Y1 Y', 'X4 X', 'Z1 Z', 'Y2 Y'].map((one) => one.split(' '))) {
      ask(bucket, left, name ?? '', read({ units: 80, turn: turn ?? '' }));
    }
    await advance(10_000, 250);
    assert.deepEqual(
      left.map(([name]) => name),
      ['first', 'X1', 'Y1', 'Z1', 'X2', 'Y2', 'X3', 'X4'],
    );
  });

  it('a whole reading that becomes overdue while it waits overtakes look-ups', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    ask(bucket, left, 'first', read({ units: 80 }));
    ask(bucket, left, 'reading', read({ need: 'reading', units: 40, overdueInMs: 1_500 }));
    for (let index = 0; index < 4; index += 1) ask(bucket, left, `look-up ${index}`, read({ units: 80 }));
    await advance(2_100);
    assert.deepEqual(
      left.map(([name]) => name),
      ['first', 'look-up 0', 'reading'],
    );
  });

  it('the first in the line waits for room and is not overtaken by lighter calls', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    ask(bucket, left, 'first', read({ units: 60 }));
    ask(bucket, left, 'heavy', read({ units: 40 }));
    ask(bucket, left, 'light', read({ units: 5, need: 'rest' }));
    await settle();
    assert.deepEqual(left, [['first', 0]]);
    await advance(1_000);
    assert.deepEqual(
      left.map(([name]) => name),
      ['first', 'heavy', 'light'],
    );
  });

  it('a login, heavier than the budget, leaves when nothing else counts; what is counted without asking delays the rest', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    ask(bucket, left, 'read', read());
    ask(bucket, left, 'login', read({ units: 100 }));
    await settle();
    assert.deepEqual(left, [['read', 0]]);
    await advance(1_000);
    assert.deepEqual(left.at(-1), ['login', 1_000]);
    const other = open();
    other.count(100);
    assert.ok(other.left < 20);
    await advance(1_000);
    assert.ok(other.left >= 20);
  });

  it('a stop may use all of it', async () => {
    const bucket = open();
    const left: [string, number][] = [];
    for (let index = 0; index < 6; index += 1) ask(bucket, left, `r${index}`, read());
    await settle();
    assert.equal(left.length, 4);
    bucket.hurry();
    await settle();
    assert.equal(left.length, 5);
  });

  it('a 429 pauses the bucket and cuts it by a fifth; those to requests sent before it was known are the same one', async () => {
    const bucket = open();
    const permits = [await bucket.take(read()), await bucket.take(read()), await bucket.take(read())];
    for (const permit of permits) permit.limited();
    assert.deepEqual(reported, [{ type: 'budget.share', account: 'A', bucket: 'reads', share: 0.8 }]);
    const left: [string, number][] = [];
    for (let index = 0; index < 4; index += 1) ask(bucket, left, `r${index}`, read());
    await advance(950);
    assert.deepEqual(left, []);
    await advance(50);
    assert.equal(left.length, 3, '64 units');
    await advance(3_000);
    const late = await bucket.take(read());
    late.limited();
    assert.equal(reported.length, 2, 'a 429 to what was sent since counts');
  });

  it('pauses double up to 30 s while 429s go on, and the cut ends at a quarter', async () => {
    const bucket = open();
    const pauses: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      const permit = await bucket.take(read());
      permit.limited();
      const since = Date.now();
      const next = bucket.take(read()).then((one) => {
        pauses.push(Date.now() - since);
        one.unused();
      });
      await advance(32_000, 500);
      await next;
    }
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    assert.equal(bucket.limit, 20);
  });

  it('a cut is given back within ten minutes, and that is reported', async () => {
    const bucket = open();
    (await bucket.take(read())).limited();
    await advance(299_000, 1_000);
    assert.ok(bucket.limit > 64 && bucket.limit < 80, String(bucket.limit));
    await advance(301_000, 1_000);
    assert.equal(bucket.limit, 80);
    const last = reported.at(-1);
    assert.ok(last?.type === 'budget.share' && last.share === 1);
    const count = reported.length;
    await advance(600_000, 5_000);
    assert.equal(reported.length, count, 'and then nothing more is said');
  });

  it('after thirty answers in a row the next pause is a first one again', async () => {
    const bucket = open(20);
    for (const [calm, pauseMs] of [
      [0, 1_000],
      [29, 2_000],
      [30, 1_000],
    ] as const) {
      for (let index = 0; index < calm; index += 1) (await bucket.take(read({ units: 1 }))).done();
      (await bucket.take(read({ units: 1 }))).limited();
      await advance(pauseMs - 50);
      assert.equal(bucket.left, 0, `${calm}`);
      await advance(50);
      assert.ok(bucket.left >= 1, `${calm}`);
    }
  });

  it('a wait of more than 10 s is reported once, and its end too', async () => {
    const bucket = open();
    const permit = await bucket.take(read({ units: 80 }));
    const left: [string, number][] = [];
    for (let index = 0; index < 3; index += 1) ask(bucket, left, `r${index}`, read());
    await advance(9_950);
    assert.deepEqual(reported, []);
    await advance(100);
    const event = { type: 'budget.late', account: 'A', bucket: 'reads' } as const;
    assert.deepEqual(reported, [{ ...event, waiting: 1 }]);
    permit.unused();
    await settle();
    assert.deepEqual(reported, [
      { ...event, waiting: 1 },
      { ...event, waiting: 0 },
    ]);
  });

  it('the 601st in the line, and one that waited a minute, are refused; a closed budget refuses all', async () => {
    const bucket = open();
    await bucket.take(read({ units: 80 }));
    const left: [string, number][] = [];
    for (let index = 0; index < 600; index += 1) ask(bucket, left, 'r', read());
    await assert.rejects(
      bucket.take(read()),
      (error: Error) => error instanceof NotAdmitted && /600/.test(error.message),
    );
    await advance(60_000, 1_000);
    assert.equal(left.length, 600);
    assert.ok(left.every(([name]) => name === 'r never sent: waited 60 s for the request budget'));
    assert.equal(bucket.waiting, 0);
    const closing = bucket.take(read());
    bucket.close();
    await assert.rejects(closing, /closing/);
    await assert.rejects(bucket.take(read()), /closing/);
  });

  it('a scale that is none is an error', () => {
    for (const scale of [0, -1, Number.NaN]) assert.throws(() => open(scale), RangeError);
  });
});
