import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import type { Reason } from '../../src/core/reasons.ts';
import { keepJournalSmall } from '../../src/engine/upkeep.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { NOW_MS, open, temporaryDirectory } from './support.ts';

/** The journal's upkeep: soon after the start and daily, a little at a time; a failure is reported and stops nothing. */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
afterEach(() => mock.timers.reset());

test('a minute after the start and then once a day, step by step, until there is no more', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let steps = 0;
  const stop = keepJournalSmall({ compact: () => ({ removed: 1, more: ++steps % 3 !== 0 }) }, () => assert.fail());
  mock.timers.tick(MINUTE_MS - 1);
  assert.equal(steps, 0);
  mock.timers.tick(1);
  assert.equal(steps, 1);
  for (let pause = 0; pause < 20; pause += 1) mock.timers.tick(250);
  assert.equal(steps, 3);
  mock.timers.tick(DAY_MS);
  assert.equal(steps, 4);
  stop();
});

test('once it is stopped no step follows, not even in the middle of a walk', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  let steps = 0;
  const stop = keepJournalSmall({ compact: () => ({ removed: 1, more: ++steps > 0 }) }, () => assert.fail());
  mock.timers.tick(MINUTE_MS);
  stop();
  mock.timers.tick(2 * DAY_MS);
  assert.equal(steps, 1);
});

test('a journal that cannot be written is reported, and tried again the next day', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const reported: Reason[] = [];
  const failing = {
    compact: () => {
      throw new Error('journal: writing to it failed: disk full');
    },
  };
  const stop = keepJournalSmall(failing, (why) => reported.push(why));
  mock.timers.tick(MINUTE_MS);
  mock.timers.tick(DAY_MS - 1);
  assert.equal(reported.length, 1);
  mock.timers.tick(1);
  assert.equal(reported.length, 2);
  assert.match(
    reasonText(reported[0] ?? ''),
    /old entries could not be removed: journal: writing to it failed: disk full/,
  );
  stop();
});

test('restarted before each day is over, a journal holds no more than its days', () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOW_MS });
  const directory = temporaryDirectory();
  /** Twice what an open looks at. */
  const perRun = 20_000;
  const lengths: number[] = [];
  for (let run = 0; run < 4; run += 1) {
    const startedMs = Date.now();
    const journal = open(directory, { days: 1, clock: { nowMs: () => Date.now() } });
    const stop = keepJournalSmall(journal, (why) => assert.fail(reasonText(why)));
    journal.append(Array.from({ length: perRun }, () => ({ kind: 'decision', key: 'x', atMs: startedMs, body: 1 })));
    mock.timers.tick(MINUTE_MS);
    for (let pause = 0; pause < perRun / 100; pause += 1) mock.timers.tick(250);
    lengths.push([...journal.scan()].length);
    stop();
    journal.close();
    mock.timers.tick(startedMs + DAY_MS - 1 - Date.now());
  }
  assert.deepEqual(lengths, [perRun, perRun, perRun, perRun]);
});
