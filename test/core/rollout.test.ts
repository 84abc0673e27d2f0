import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import type { Fact } from '../../src/core/facts.ts';
import {
  counted,
  failing,
  ROLLOUT_LIMITS,
  type RolloutProgress,
  type RolloutReading,
  type RolloutRow,
  rolloutBegin,
  rolloutStep,
  trialRow,
} from '../../src/core/rollout.ts';
import { config, instrument } from '../support/core.ts';

const MINUTE = 60_000;
const AMOUNT = new Decimal(1000);
const CALM: RolloutReading = {
  elapsedMs: MINUTE,
  marginRatio: new Decimal('0.1'),
  mmrAlertThreshold: new Decimal('0.7'),
};

const row = (name: string, more: Partial<RolloutRow> = {}): RolloutRow => ({
  ...{ instrument: name, amountUsdt: AMOUNT, mayTrade: true, isHeldByRow: false },
  ...more,
});
const ROWS = ['A', 'B', 'C'].map((name) => row(name));
const trial = (more: Partial<RolloutProgress> = {}): RolloutProgress => ({ ...rolloutBegin(AMOUNT, 'trial'), ...more });
const ENOUGH = { ranMs: ROLLOUT_LIMITS.ranMs, hedges: ROLLOUT_LIMITS.hedges, placed: 40 };
const stages = (now: ReadonlyMap<string, RolloutProgress>) => [...now.values()].map(({ stage }) => stage).join(' ');
const step = (progress: Record<string, RolloutProgress>, reading: Partial<RolloutReading> = {}, rows = ROWS) =>
  rolloutStep(rows, new Map(Object.entries(progress)), { ...CALM, ...reading });
const fact = (value: object) => ({ atMs: 0, instrument: 'A', ...value }) as unknown as Fact;
const HEDGE = fact({ type: 'fill.booked', matches: [{ kind: 'hedge' }] });

describe('16.7 one after another', () => {
  it('the first begins, the others wait', () => {
    const now = step({});
    assert.equal(stages(now.progress), 'trial waiting waiting');
    assert.deepEqual(now.changes, [{ instrument: 'A', stage: 'trial', why: 'turn' }]);
  });

  it('one that has shown what it had to goes on in full, and the next begins', () => {
    const now = step({ A: trial(ENOUGH) });
    assert.equal(stages(now.progress), 'full trial waiting');
    assert.deepEqual(
      now.changes.map(({ instrument, why }) => `${instrument} ${why}`),
      ['A passed', 'B turn'],
    );
  });

  const NOT_YET: readonly [string, Partial<RolloutProgress>][] = [
    ['nine hedges', { ...ENOUGH, hedges: 9 }],
    ['29 minutes', { ...ENOUGH, ranMs: 28 * MINUTE }],
    ['one failure of ten orders', { ...ENOUGH, placed: 9, failed: 1 }],
  ];
  for (const [name, progress] of NOT_YET) {
    it(`${name}: not yet, and nothing is alerted`, () => {
      const now = step({ A: trial(progress) });
      assert.equal(stages(now.progress), 'trial waiting waiting');
      assert.equal(now.held, null);
    });
  }

  it('what is full stays so, with a smaller amount too', () => {
    const full = rolloutBegin(AMOUNT, 'full');
    const now = step({ A: full, B: full, C: full }, {}, [row('A', { amountUsdt: new Decimal(10) }), ...ROWS.slice(1)]);
    assert.equal(stages(now.progress), 'full full full');
    assert.deepEqual(now.changes, []);
  });

  it('a raised amount begins again for that symbol, also after a smaller one', () => {
    const full = rolloutBegin(AMOUNT, 'full');
    const raised = [row('A', { amountUsdt: AMOUNT.plus(1) }), ...ROWS.slice(1)];
    const now = step({ A: full, B: full }, {}, raised);
    assert.equal(stages(now.progress), 'trial full waiting');
    assert.deepEqual(now.changes, [{ instrument: 'A', stage: 'trial', why: 'raised' }]);
    const lower = step({ A: full }, {}, [row('A', { amountUsdt: new Decimal(10) })]).progress;
    assert.equal(stages(rolloutStep([row('A')], lower, CALM).progress), 'trial');
  });

  it('of time that the engine was away or asleep, a minute counts; of one in a stricter mode, none', () => {
    assert.equal(step({ A: trial() }, { elapsedMs: 3_600_000 }).progress.get('A')?.ranMs, MINUTE);
    const paused = [row('A', { mayTrade: false }), ...ROWS.slice(1)];
    const now = step({ A: trial() }, {}, paused);
    assert.equal(now.progress.get('A')?.ranMs, 0);
    assert.equal(stages(now.progress), 'trial waiting waiting', 'a command is waited out');
  });
});

describe('16.7 what holds it', () => {
  const HOLDS: readonly [string, Partial<RolloutProgress>, Partial<RolloutReading>, string | null][] = [
    ['nothing', { placed: 19, failed: 1 }, {}, null],
    ['two failures among few orders', { placed: 5, failed: 2 }, {}, 'success 5/7'],
    ['a single failure among few', { placed: 1, failed: 1 }, {}, null],
    ['94 % of 100 orders', { placed: 94, failed: 6 }, {}, 'success 94/100'],
    ['95 % of 100 orders', { placed: 95, failed: 5 }, {}, null],
    ['two cooldowns in a row', { cooldowns: 2 }, {}, null],
    ['three cooldowns in a row', { cooldowns: 3 }, {}, 'cooldowns 3'],
    ['a margin ratio of half the threshold', {}, { marginRatio: new Decimal('0.35') }, 'margin 0.35'],
    ['a margin ratio below', {}, { marginRatio: new Decimal('0.3499') }, null],
    ['no margin ratio', {}, { marginRatio: null }, null],
  ];
  for (const [name, progress, reading, expected] of HOLDS) {
    it(`${name}: ${expected ?? 'goes on'}`, () => {
      const figure = failing(trial(progress), { ...CALM, ...reading });
      assert.equal(figure && `${figure.figure} ${figure.value}`, expected);
    });
  }

  it('a failing figure holds it, whatever else it has shown and however long it takes', () => {
    const long = { ...ENOUGH, ranMs: 5 * 3_600_000, placed: 94, failed: 6 };
    const now = step({ A: trial(long) });
    assert.equal(stages(now.progress), 'trial waiting waiting');
    assert.deepEqual(now.held, { instrument: 'A', figure: 'success', value: '94/100', limit: '0.95' });
    assert.deepEqual(now.changes, []);
  });

  it('one that was passed over holds it too, once it fails', () => {
    const now = step({ A: trial({ passedOn: 'time', cooldowns: 3 }), B: rolloutBegin(AMOUNT, 'full') });
    assert.equal(stages(now.progress), 'trial full waiting');
    assert.equal(now.held?.instrument, 'A');
  });

  it('nothing begins while the margin is short, though nothing is on trial', () => {
    const now = step({ A: rolloutBegin(AMOUNT, 'full') }, { marginRatio: new Decimal('0.5') });
    assert.equal(stages(now.progress), 'full waiting waiting');
  });
});

describe('16.7 the next starts all the same', () => {
  const HOURS = 3_600_000;
  const CASES: readonly [string, Partial<RolloutProgress>, Partial<RolloutRow>, string | null][] = [
    ['after 4 h without ten hedges', { ranMs: 4 * HOURS - MINUTE, hedges: 9 }, {}, 'time'],
    ['not before', { ranMs: 4 * HOURS - 2 * MINUTE, hedges: 9 }, {}, null],
    ['where its limits allow nothing', { capped: true }, {}, 'capped'],
    ['where its row does not let it trade', {}, { mayTrade: false, isHeldByRow: true }, 'mode'],
  ];
  for (const [name, progress, more, why] of CASES) {
    it(name, () => {
      const now = step({ A: trial(progress) }, {}, [row('A', more), ...ROWS.slice(1)]);
      assert.equal(stages(now.progress), why === null ? 'trial waiting waiting' : 'trial trial waiting');
      assert.equal(now.changes[0]?.why ?? null, why);
    });
  }

  it('it is reported once, and the symbol goes on in full when it has shown the rest', () => {
    const first = step({ A: trial({ capped: true }) });
    const again = rolloutStep(ROWS, first.progress, CALM);
    assert.deepEqual(again.changes, []);
    const done = step({ A: trial({ ...ENOUGH, passedOn: 'time' }), B: trial() });
    assert.equal(stages(done.progress), 'full trial waiting');
  });
});

describe('16.7 what is counted', () => {
  const CASES: readonly [string, Fact, Partial<RolloutProgress>][] = [
    ['an order that rests', fact({ type: 'order.placed' }), { placed: 1 }],
    ['a refused one', fact({ type: 'order.refused' }), { failed: 1 }],
    ['a post-only refusal does not count', fact({ type: 'order.post-only-refused' }), {}],
    ['a hedge, which ends a row of cooldowns', HEDGE, { hedges: 1, cooldowns: 0 }],
    ['a fill that opens', fact({ type: 'fill.booked', matches: [] }), { cooldowns: 0 }],
    ['a cooldown', fact({ type: 'state.changed', to: 'cooldown' }), { cooldowns: 3 }],
    ['that it is capped', fact({ type: 'state.changed', to: 'capped' }), { capped: true }],
  ];
  for (const [name, one, change] of CASES) {
    it(name, () => {
      const before = trial({ cooldowns: 2 });
      assert.deepEqual(counted(before, one), { ...before, ...change });
    });
    it(`${name}: nothing of it while it waits or trades in full, but for the limits`, () => {
      for (const stage of ['waiting', 'full'] as const) {
        const before = rolloutBegin(AMOUNT, stage);
        assert.deepEqual(counted(before, one), { ...before, capped: change.capped ?? false });
      }
    });
  }
});

describe('16.7 the amount of a trial', () => {
  const CASES: readonly [string, string, string, string | null, string][] = [
    ['a fifth', '1000', '5', '100', '200'],
    ['at least 2.5 tradable sizes', '1000', '1', '100', '250'],
    ['at most its amount', '100', '1', '100', '100'],
    ['a fifth while there is no mark', '1000', '1', null, '200'],
  ];
  for (const [name, amount, minSize, mark, expected] of CASES) {
    it(name, () => {
      const size = name === 'a fifth' ? '0.1' : minSize;
      const rules = instrument({ minSize: new Decimal(size), minNotional: new Decimal(5) });
      const made = trialRow(
        config({ orderNotionalUsdt: new Decimal(amount) }),
        rules,
        mark === null ? null : new Decimal(mark),
      );
      assert.equal(made.orderNotionalUsdt.toFixed(), expected);
    });
  }
});
