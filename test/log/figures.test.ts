import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFigures } from '../../src/log/figures.ts';
import { AT, d, FACTS, match } from './facts.ts';

describe('rollout figures', () => {
  it('start with nothing and say so', () => {
    const figures = createFigures();
    const { orderSuccessRate, postOnlyRefusalRate, timeToHedgeMs, fills, accounts } = figures.snapshot();
    assert.deepEqual(
      [orderSuccessRate, postOnlyRefusalRate, timeToHedgeMs, fills, accounts],
      [null, null, null, 0, { A: null, B: null }],
    );
    assert.deepEqual(figures.lines(), [
      'Figures: order success rate none yet (0 placed, 0 failed)',
      'Figures: post-only refusal rate none yet (0 refused and priced again)',
      'Figures: time to hedge none yet',
      'Figures: 0 fills, 0 hedges completed, 0 unwinds, gain 0 USDT before fees and funding',
      'Figures: margin ratio A not polled yet, B not polled yet',
    ]);
  });

  it('count submissions for success and attempts for post-only refusals', () => {
    const figures = createFigures();
    for (let n = 0; n < 17; n += 1) figures.report(FACTS['order.placed']);
    for (let n = 0; n < 7; n += 1) figures.report(FACTS['order.post-only-refused']);
    figures.report(FACTS['order.refused']);
    figures.report(FACTS['intent.exhausted']);
    figures.report(FACTS['intent.exhausted']);
    figures.report(FACTS['order.unknown']);
    const { ordersPlaced, ordersFailed, orderSuccessRate, postOnlyRefusalRate, unknownOutcomes } = figures.snapshot();
    assert.deepEqual([ordersPlaced, ordersFailed, orderSuccessRate, unknownOutcomes], [17, 3, 17 / 20, 1]);
    assert.equal(postOnlyRefusalRate, 7 / 25);
    assert.match(figures.lines().join('\n'), /success rate 85 % \(17 placed, 3 failed\)[\s\S]*refusal rate 28 %/);
  });

  it('tell hedges, unwinds and gains from the matches of fills; netting at start is no gain', () => {
    const figures = createFigures();
    figures.report({ ...FACTS['fill.booked'], matches: [] });
    figures.report({ ...FACTS['fill.booked'], matches: [match(), match({ gainUsdt: d('0.2') })] });
    figures.report({ ...FACTS['fill.booked'], matches: [match({ kind: 'unwind', gainUsdt: d('0.1') })] });
    figures.report({ ...FACTS['fill.booked'], matches: [match({ kind: 'netting', gainUsdt: d('-50') })] });
    figures.report({ ...FACTS['drift.adopted'], matches: [match({ gainUsdt: d('0.3') })] });
    const { fills, hedges, unwinds, gainUsdt } = figures.snapshot();
    assert.deepEqual([fills, hedges, unwinds, gainUsdt.toFixed()], [4, 2, 1, '0.704']);
  });

  it('time to hedge is from the booking of the lot to its hedge: median and p90', () => {
    const figures = createFigures();
    for (const seconds of [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) {
      figures.report({ ...FACTS['fill.booked'], matches: [match({ lotBookedAtMs: AT - seconds * 1000 })] });
    }
    assert.deepEqual(figures.snapshot().timeToHedgeMs, { median: 50_000, p90: 90_000, samples: 10 });
    assert.ok(figures.lines().includes('Figures: time to hedge median 50 s, p90 90 s'));
  });

  it('remember the last 1,000 hedges and no more', () => {
    const figures = createFigures();
    for (let n = 0; n < 1000; n += 1)
      figures.report({ ...FACTS['fill.booked'], matches: [match({ lotBookedAtMs: AT - 999_000 })] });
    for (let n = 0; n < 1000; n += 1)
      figures.report({ ...FACTS['fill.booked'], matches: [match({ lotBookedAtMs: AT - 1000 })] });
    assert.deepEqual(figures.snapshot().timeToHedgeMs, { median: 1000, p90: 1000, samples: 1000 });
  });

  it('margin ratio is maintenance margin / equity of the last poll of each account', () => {
    const figures = createFigures();
    figures.report(FACTS['account.polled']);
    figures.report({
      ...FACTS['account.polled'],
      account: 'B',
      totalEquityUsdt: d('0'),
      maintenanceMarginUsdt: d('5'),
    });
    const { accounts } = figures.snapshot();
    assert.equal(accounts.A?.marginRatio?.toFixed(), '0.03125');
    assert.equal(accounts.B?.marginRatio, null);
    assert.equal(figures.lines().at(-1), 'Figures: margin ratio A 3.12 % of 10000 USDT, B no equity (0 USDT)');
  });
});
