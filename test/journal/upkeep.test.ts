import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { keepJournalSmall } from '../../src/run.ts';

/** The journal's daily upkeep: a little at a time, and a failure is told and stops nothing. */

const DAY_MS = 86_400_000;
afterEach(() => mock.timers.reset());

test('once a day, step by step, until there is no more', () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
  let steps = 0;
  const timer = keepJournalSmall({ compact: () => ({ removed: 1, more: ++steps % 3 !== 0 }) }, () => assert.fail());
  mock.timers.tick(DAY_MS - 1);
  assert.equal(steps, 0);
  mock.timers.tick(1);
  assert.equal(steps, 1);
  for (let pause = 0; pause < 20; pause += 1) mock.timers.tick(250);
  assert.equal(steps, 3);
  mock.timers.tick(DAY_MS);
  assert.equal(steps, 4);
  clearInterval(timer);
});

test('a journal that cannot be written is told, and tried again the next day', () => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
  const told: string[] = [];
  const failing = {
    compact: () => {
      throw new Error('journal: writing to it failed: disk full');
    },
  };
  const timer = keepJournalSmall(failing, (message) => told.push(message));
  mock.timers.tick(DAY_MS);
  mock.timers.tick(DAY_MS);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /old entries could not be removed: journal: writing to it failed: disk full/);
  clearInterval(timer);
});
