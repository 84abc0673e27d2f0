import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { Decimal } from '../../src/core/decimal.ts';
import { startMarkKeeper } from '../../src/engine/mark-keeper.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { d } from '../support/core.ts';

process.env.TZ = 'Asia/Shanghai';
/** 10 s before midnight in Shanghai; UTC turns eight hours later. */
const BEFORE_MS = Date.parse('2026-11-30T15:59:50Z');
const HOUR = 3_600_000;

/** A keeper whose time is set forward by hand, and what it writes. */
function keeper(marks: () => Record<string, Decimal | null>, journal = createMemoryJournal()) {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: BEFORE_MS });
  const said: string[] = [];
  const clock = { nowMs: () => Date.now() };
  const say = (level: string, text: string) => said.push(`${level} ${text}`);
  const running = startMarkKeeper({ journal, clock, marks, say });
  return {
    journal,
    said,
    pass(ms: number) {
      // One by one: a mocked clock stands at the end of what it was set forward by.
      for (let left = ms; left > 0; left -= 10_000) mock.timers.tick(10_000);
    },
    written: () =>
      [...journal.scan({ kind: 'money.marks' })].map(({ atMs, body }) => [
        new Date(atMs).toISOString().slice(11, 19),
        Object.entries(body as Record<string, Decimal>).map(([name, mark]) => `${name} ${mark.toFixed()}`),
      ]),
    close() {
      running.close();
      mock.timers.reset();
    },
  };
}

describe('17.3 the marks at the turn of each day', () => {
  it('17.3 they are written within seconds of midnight, here and by UTC, and once each', () => {
    const world = keeper(() => ({ SOL: d(150) }));
    try {
      world.pass(10_000);
      world.pass(9 * HOUR);
      assert.deepEqual(
        world.written().map(([at]) => at),
        ['16:00:00', '00:00:00'],
      );
    } finally {
      world.close();
    }
  });

  it('17.3 a run that begins after midnight writes the marks when it knows them, and waits for one a minute at most', () => {
    let marks: Record<string, Decimal | null> = {};
    const world = keeper(() => marks);
    try {
      world.pass(30_000);
      assert.deepEqual(world.written(), []);
      marks = { SOL: d(150), BNB: null };
      world.pass(60_000);
      assert.deepEqual(world.written(), [['16:01:00', ['SOL 150']]]);
      const again = startMarkKeeper({
        ...{ journal: world.journal, clock: { nowMs: () => Date.now() }, say: () => {}, marks: () => ({ SOL: d(1) }) },
      });
      world.pass(60_000);
      again.close();
      assert.equal(world.written().length, 1);
    } finally {
      world.close();
    }
  });

  it('17.3 a journal that cannot be written is reported once, and written as soon as it can be', () => {
    const journal = createMemoryJournal();
    const append = journal.append.bind(journal);
    let full = true;
    journal.append = (entries) => {
      if (full) throw new Error('disk full');
      return append(entries);
    };
    const world = keeper(() => ({ SOL: d(150) }), journal);
    try {
      world.pass(60_000);
      full = false;
      world.pass(20_000);
      assert.deepEqual(
        world.said.map((text) => text.split(':')[0]),
        ['warn Money', 'info Money'],
      );
      assert.equal(world.written().length, 1);
    } finally {
      world.close();
    }
  });
});
