import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry, JournalKind, StoredEntry } from '../../src/core/journal-entry.ts';
import { createHistory, FEED_MAX, FIRST_STEP_MS, POINTS_MAX, TOTAL } from '../../src/web/history.ts';
import {
  createPast,
  ENTRIES_MAX,
  LISTS_IN_A_ROW,
  MOMENTS_IN_A_ROW,
  MOMENTS_MAX,
  type MomentDetail,
  type Moments,
  type Past,
  type PastJournal,
} from '../../src/web/past.ts';
import { handClock, NOON_MS, stateChanged, status, symbolStatus } from './fixtures.ts';

const BNB = 'BNB_USDT_Perp';

test('the feed keeps its newest facts and no more than its bound', () => {
  const history = createHistory();
  for (let at = 0; at < FEED_MAX + 50; at++) history.take(stateChanged(BNB, NOON_MS + at));
  assert.equal(history.feed().length, FEED_MAX);
  assert.equal(history.feed().at(-1)?.fact.atMs, NOON_MS + FEED_MAX + 49);
});

test('facts that only count in figures do not crowd the feed', () => {
  const history = createHistory();
  assert.equal(history.take({ type: 'session.renewed', atMs: NOON_MS, account: 'A', untilMs: NOON_MS }), null);
  assert.equal(history.feed().length, 0);
});

test('curves grow thinner instead of longer, and keep their first and last hours', () => {
  const history = createHistory();
  let atMs = NOON_MS;
  for (let at = 0; at < 5 * POINTS_MAX; at++) {
    history.sample(status({ atMs }));
    atMs += FIRST_STEP_MS;
    assert.ok(history.series(TOTAL).length < POINTS_MAX);
  }
  const points = history.series(BNB);
  assert.ok(points.length >= POINTS_MAX / 4);
  assert.ok(points[0]![0] < NOON_MS + 200 * FIRST_STEP_MS);
  assert.ok(points.at(-1)![0] > atMs - 20 * FIRST_STEP_MS);
  for (const [index, point] of points.entries()) if (index > 0) assert.ok(point[0] > points[index - 1]![0]);
});

test('a clock that was set back does not stop the curves', () => {
  const history = createHistory();
  assert.ok(history.sample(status({ atMs: NOON_MS })));
  assert.equal(history.sample(status({ atMs: NOON_MS + 100 })), null);
  assert.ok(history.sample(status({ atMs: NOON_MS - 3_600_000 })));
});

test('nets of all symbols add up without cancelling', () => {
  const history = createHistory();
  const symbols = [
    symbolStatus({ netUsdt: '300.00' }),
    symbolStatus({ instrument: 'ETH_USDT_Perp', netUsdt: '-200.00' }),
  ];
  const points = history.sample(status({ symbols }));
  assert.equal(points?.[TOTAL]?.[3], 500);
  assert.equal(points?.ETH_USDT_Perp?.[3], -200);
});

/** A journal in an array, which counts what is read of it. */
class ArrayJournal implements PastJournal {
  readonly entries: StoredEntry[] = [];
  read = 0;

  add(entry: JournalEntry): void {
    this.entries.push({ ...entry, seq: this.entries.length + 1 } as StoredEntry);
  }

  newest(kind: JournalKind): StoredEntry | null {
    return this.entries.findLast((entry) => entry.kind === kind) ?? null;
  }

  *scan(filter: { kind?: JournalKind; key?: string; sinceMs?: number; afterSeq?: number } = {}): Iterable<StoredEntry> {
    for (const entry of this.entries) {
      if (filter.kind !== undefined && entry.kind !== filter.kind) continue;
      if (filter.key !== undefined && entry.key !== filter.key) continue;
      if (entry.seq <= (filter.afterSeq ?? 0) || entry.atMs < (filter.sinceMs ?? 0)) continue;
      this.read += 1;
      yield entry;
    }
  }
}

/** A list and a moment that must have been read. */
async function listed(past: Past, hours = 1): Promise<Moments> {
  const found = await past.moments(BNB, hours);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

function lookedAt(past: Past, seq: number): MomentDetail | null {
  const found = past.at(BNB, seq);
  if (found === 'too-often') throw new Error(found);
  return found;
}

function decision(tradingState: string, atMs: number): JournalEntry {
  const plan = { situation: {}, tradingState, why: 'flat', creates: [], trims: [], idle: null };
  return {
    kind: 'decision',
    key: BNB,
    atMs,
    body: { input: { valuation: { net: '0' } }, plan, snapshots: { A: null, B: null } },
  };
}

test('a look back finds each moment with the state of then, and what was decided by then', async () => {
  const journal = new ArrayJournal();
  const clock = handClock();
  journal.add(decision('equal', NOON_MS - 3_000));
  journal.add({ kind: 'symbol.state', key: BNB, atMs: NOON_MS - 2_500, body: { instrument: BNB, lots: [] } });
  journal.add({ kind: 'fact', key: BNB, atMs: NOON_MS - 2_000, body: stateChanged(BNB, NOON_MS - 2_000) });
  journal.add({
    kind: 'fact',
    key: 'ETH',
    atMs: NOON_MS - 1_500,
    body: stateChanged('ETH_USDT_Perp', NOON_MS - 1_500),
  });
  journal.add(decision('imbalanced', NOON_MS - 1_000));
  const past = createPast(journal, clock);

  const found = await listed(past);
  assert.deepEqual(
    found.moments.map(({ seq, kind, phase }) => [seq, kind, phase]),
    [
      [1, 'decision', 'equal'],
      [3, 'state', 'imbalanced'],
      [5, 'decision', 'imbalanced'],
    ],
  );
  assert.equal(found.cut, false);
  assert.deepEqual(lookedAt(past, 3)?.decision?.seq, 1);
  assert.deepEqual(lookedAt(past, 3)?.state, { instrument: BNB, lots: [] });
  assert.equal(lookedAt(past, 1)?.state, null);
  assert.equal(lookedAt(past, 5)?.decision?.seq, 5);
  assert.equal(lookedAt(past, 4), null);
  assert.equal(past.at('nothing', 1), null);
});

test('a long past is shown from its end, and reads no more of the journal than its bound', async () => {
  const journal = new ArrayJournal();
  const count = ENTRIES_MAX + 5_000;
  for (let at = 0; at < count; at++) {
    const atMs = NOON_MS - 3_000_000 + at * 100;
    journal.add({ kind: 'fact', key: BNB, atMs, body: stateChanged(BNB, atMs) });
  }
  const past = createPast(journal, handClock());
  const found = await listed(past, 24);
  assert.equal(found.moments.length, MOMENTS_MAX);
  assert.equal(found.moments.at(-1)?.seq, count);
  assert.equal(found.cut, true);
  assert.ok(journal.read <= ENTRIES_MAX);
});

test('the listed time may end up to 30 days ago, and shows what was then', async () => {
  const journal = new ArrayJournal();
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  const at = [31 * DAY + HOUR, 30 * DAY - HOUR, 10 * DAY, 10 * DAY - HOUR / 2, 10 * DAY - HOUR, 0].map(
    (ago) => NOON_MS - ago,
  );
  for (const atMs of at) journal.add({ kind: 'fact', key: BNB, atMs, body: stateChanged(BNB, atMs) });
  const past = createPast(journal, handClock());
  const seen = async (agoMs: number, hours: number) => {
    const found = await past.moments(BNB, hours, NOON_MS - agoMs);
    if (typeof found === 'string') throw new Error(found);
    return found.moments.map(({ seq }) => seq);
  };
  assert.deepEqual(await seen(10 * DAY - HOUR / 2, 1), [3, 4]);
  assert.deepEqual(await seen(30 * DAY - HOUR, 24), [2]);
  assert.deepEqual(
    await seen(31 * DAY, 24),
    [],
    'no further back than 30 days: one of 31 days ago is not in the day before',
  );
  assert.deepEqual(await seen(-HOUR, 1), [6], 'what ends in the future ends now');
  assert.equal(lookedAt(past, 6)?.seq, 6);
});

test('of a busy time long ago no more is read than the bound either', async () => {
  const journal = new ArrayJournal();
  const count = 2 * ENTRIES_MAX;
  for (let at = 0; at < count; at++) {
    const atMs = NOON_MS - (count - at) * 1_000;
    journal.add({ kind: 'fact', key: BNB, atMs, body: stateChanged(BNB, atMs) });
  }
  const past = createPast(journal, handClock());
  const untilMs = NOON_MS - (count / 4) * 1_000;
  const found = await past.moments(BNB, 24, untilMs);
  if (typeof found === 'string') throw new Error(found);
  assert.equal(found.moments.at(-1)?.atMs, untilMs);
  assert.equal(found.cut, true);
  assert.ok(journal.read <= ENTRIES_MAX + 5, String(journal.read));
});

test('reading the past lets other work through', async () => {
  const journal = new ArrayJournal();
  for (let at = 0; at < 1_000; at++) journal.add({ kind: 'fact', key: BNB, atMs: NOON_MS, body: stateChanged(BNB) });
  const past = createPast(journal, handClock());
  let turns = 0;
  let done = false;
  const count = () => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await past.moments(BNB, 1);
  done = true;
  assert.ok(turns >= 10, `${turns} turns`);
});

test('a third reader at a time is asked to come back', async () => {
  const journal = new ArrayJournal();
  for (let at = 0; at < 200; at++) journal.add({ kind: 'fact', key: BNB, atMs: NOON_MS, body: stateChanged(BNB) });
  const past = createPast(journal, handClock());
  const answers = await Promise.all([past.moments(BNB, 1), past.moments(BNB, 1), past.moments(BNB, 1)]);
  assert.deepEqual(
    answers.map((answer) => answer === 'busy'),
    [false, false, true],
  );
  assert.notEqual(await past.moments(BNB, 1), 'busy');
});

test('the past is read so many times in a row, then every two seconds', async () => {
  const clock = handClock();
  const past = createPast(new ArrayJournal(), clock);
  for (let at = 0; at < LISTS_IN_A_ROW; at++) await listed(past);
  assert.equal(await past.moments(BNB, 1), 'too-often');
  clock.set(NOON_MS + 1_999);
  assert.equal(await past.moments(BNB, 1), 'too-often');
  clock.set(NOON_MS + 2_000);
  await listed(past);
  assert.equal(await past.moments(BNB, 1), 'too-often');
  clock.set(NOON_MS + 3_600_000);
  for (let at = 0; at < LISTS_IN_A_ROW; at++) await listed(past);
  assert.equal(await past.moments(BNB, 1), 'too-often');
});

test('single moments are read as fast as a hand moves the slider, and no faster for long', () => {
  const clock = handClock();
  const past = createPast(new ArrayJournal(), clock);
  for (let at = 0; at < MOMENTS_IN_A_ROW; at++) assert.equal(past.at(BNB, 1), null);
  assert.equal(past.at(BNB, 1), 'too-often');
  clock.set(NOON_MS - 3_600_000);
  assert.equal(past.at(BNB, 1), 'too-often', 'a clock set back gives nothing away');
  clock.set(NOON_MS - 3_600_000 + 100);
  assert.equal(past.at(BNB, 1), null);
});
