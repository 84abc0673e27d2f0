import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Sample } from '../../src/core/sample.ts';
import { createSampler } from '../../src/engine/sampler.ts';
import type { EngineJournal } from '../../src/journal/engine-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { openJournal } from '../../src/journal/sqlite.ts';
import { CURVES_IN_A_ROW, createSamples } from '../../src/web/samples.ts';
import { NOON_MS, status, symbolStatus } from '../web/fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BNB = 'BNB_USDT_Perp';

function looked(
  atMs: number,
  unhedgedSinceMs: number | null = null,
  over: Partial<ReturnType<typeof symbolStatus>> = {},
) {
  const unhedged = unhedgedSinceMs === null ? null : { fromMs: unhedgedSinceMs, untilMs: unhedgedSinceMs + HOUR };
  return status({ atMs, symbols: [symbolStatus({ unhedged, netUsdt: '-3.5', ...over })] });
}

function samplesOf(journal: EngineJournal, key: 'minute' | 'hour') {
  return [...journal.scan({ kind: 'sample', key })].map(({ atMs, body }) => ({ atMs, ...(body as Sample) }));
}

describe('17.6 samples', () => {
  it('17.6 one is written when a minute is over, and one when an hour is, with what was not hedged of each', () => {
    const journal = createMemoryJournal();
    const sampler = createSampler(journal, NOON_MS);
    for (let atMs = NOON_MS + 5_000; atMs <= NOON_MS + HOUR; atMs += 5_000) {
      // Not hedged from the 10th to the 40th second of each minute.
      const second = Math.floor(atMs / 1000) % 60;
      const since = atMs - ((second - 10) % 60) * 1000;
      sampler.take(looked(atMs, second >= 10 && second <= 40 ? since : null));
    }
    const minutes = samplesOf(journal, 'minute');
    assert.equal(minutes.length, 60);
    assert.deepEqual(
      minutes.slice(0, 3).map(({ symbols }) => symbols[BNB]?.u),
      [30, 30, 30],
    );
    const [hour, ...rest] = samplesOf(journal, 'hour');
    assert.deepEqual(rest, []);
    assert.equal(hour?.atMs, NOON_MS + HOUR);
    assert.equal(hour?.symbols[BNB]?.u, 30 * 60);
    assert.deepEqual(hour?.equity, { A: '50000.5', B: '50000.5' });
    assert.equal(hour?.symbols[BNB]?.n, '-3.5');
  });

  it('17.6 a run that begins within an hour counts what the one before it wrote of it', () => {
    const journal = createMemoryJournal();
    const first = createSampler(journal, NOON_MS);
    for (let atMs = NOON_MS + 5_000; atMs <= NOON_MS + 10 * MINUTE; atMs += 5_000) first.take(looked(atMs, NOON_MS));
    const second = createSampler(journal, NOON_MS + 20 * MINUTE);
    second.take(looked(NOON_MS + HOUR, null));
    assert.equal(samplesOf(journal, 'hour')[0]?.symbols[BNB]?.u, 600);
  });

  it('17.6 a clock that is set back loses no more than the time it repeats', () => {
    const journal = createMemoryJournal();
    const sampler = createSampler(journal, NOON_MS);
    sampler.take(looked(NOON_MS + 30_000, NOON_MS));
    sampler.take(looked(NOON_MS - HOUR, null));
    sampler.take(looked(NOON_MS - HOUR + MINUTE, null));
    assert.equal(samplesOf(journal, 'minute').length, 1);
  });

  it('17.6 without a mark or a count nothing is invented', () => {
    const journal = createMemoryJournal();
    const none = { size: '1', notionalUsdt: null, entryPrice: null };
    createSampler(journal, NOON_MS).take(
      looked(NOON_MS + MINUTE, null, { netUsdt: null, positions: { A: none, B: none } }),
    );
    assert.deepEqual(samplesOf(journal, 'minute')[0]?.symbols[BNB], { a: null, b: null, n: null, u: 0, t: null });
  });
});

describe('17.6 samples are forgotten by their own age', () => {
  const DAY = 24 * HOUR;
  const sample: Sample = { equity: { A: '1', B: '1' }, total: null, symbols: {} };
  const fill = (journal: EngineJournal, days: number) => {
    for (let at = 0; at <= days * DAY; at += HOUR)
      journal.append([
        { kind: 'sample', key: 'hour', atMs: NOON_MS - at, body: sample },
        { kind: 'sample', key: 'minute', atMs: NOON_MS - at, body: sample },
      ]);
  };

  for (const days of [7, 60])
    it(`17.6 of 40 days, minutes of a day and hours of a month are left where the journal keeps ${days} days`, () => {
      const directory = mkdtempSync(join(tmpdir(), 'grvt-samples-'));
      const journals = [
        createMemoryJournal({ days }),
        openJournal({ directory, clock: { nowMs: () => NOON_MS }, days }),
      ] as const;
      try {
        for (const journal of journals) {
          fill(journal, 40);
          for (let steps = 0; journal.compact(NOON_MS).more; steps += 1) assert.ok(steps < 100);
          assert.deepEqual([samplesOf(journal, 'minute').length, samplesOf(journal, 'hour').length], [27, 745]);
        }
      } finally {
        for (const journal of journals) journal.close();
        rmSync(directory, { recursive: true });
      }
    });
});

describe('17.6 the curves of them', () => {
  const clock = { nowMs: () => NOON_MS };
  function written() {
    const journal = createMemoryJournal();
    const one = (a: string, u: number) => ({ a, b: '90', n: '-10', u, t: '1.5' });
    const body: Sample = {
      ...{ equity: { A: '1000', B: null }, total: '2.5' },
      symbols: { [BNB]: one('100', 15), SOL_USDT_Perp: one('50', 30) },
    };
    for (const hoursAgo of [800, 100, 30, 2])
      journal.append([{ kind: 'sample', key: 'hour', atMs: NOON_MS - hoursAgo * HOUR, body }]);
    journal.append([{ kind: 'sample', key: 'minute', atMs: NOON_MS - HOUR, body }]);
    return createSamples(journal, clock);
  }

  it('17.6 a day is of minutes, a week and a month of hours, each no further back', async () => {
    const counts = [];
    for (const span of ['day', 'week', 'month', 'year']) {
      const curve = await written().curve(span, '');
      counts.push(Array.isArray(curve) ? curve.length : curve);
    }
    assert.deepEqual(counts, [1, 3, 3, null]);
  });

  it('17.6 all symbols add up, nets as sizes; the share of time is that of the longest', async () => {
    const of = async (instrument: string) => (await written().curve('day', instrument)) as readonly unknown[];
    assert.deepEqual(await of(''), [[NOON_MS - HOUR, 1000, null, 150, 180, 20, 50, 2.5]]);
    assert.deepEqual(await of(BNB), [[NOON_MS - HOUR, null, null, 100, 90, -10, 25, 1.5]]);
    assert.deepEqual(await of('XRP_USDT_Perp'), [[NOON_MS - HOUR, null, null, null, null, null, 0, null]]);
  });

  it('17.6 one that is asked for again and again is refused for a while', async () => {
    const samples = written();
    for (let asked = 0; asked < CURVES_IN_A_ROW; asked += 1) assert.ok(Array.isArray(await samples.curve('day', '')));
    assert.equal(await samples.curve('day', ''), 'too-often');
  });
});
