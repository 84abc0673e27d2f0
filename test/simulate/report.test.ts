import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import { ATTEMPT_LEAST_MS, type GoalAttempt } from '../../src/simulate/attempts.ts';
import type { CampaignResult } from '../../src/simulate/campaign-result.ts';
import { createDurations, type SymbolFigures } from '../../src/simulate/figures.ts';
import type { Finding } from '../../src/simulate/findings.ts';
import { reportOf } from '../../src/simulate/report.ts';
import { reportText } from '../../src/simulate/report-text.ts';

const DAY_MS = 86_400_000;
const WALL = { seconds: 10, workers: 1 };

function durations(times: readonly number[]) {
  const all = createDurations();
  for (const ms of times) all.add(ms);
  return all.figures();
}

function leg(times: readonly number[], change: Partial<SymbolFigures> = {}): SymbolFigures {
  return {
    ...{ instrument: 'BNB_USDT_Perp', creates: 0, postOnlyRefusals: 0, fills: 0, unwinds: 0, drifts: 0 },
    ...{ hedges: times.length, gainUsdt: new Decimal('0.5'), observedMs: DAY_MS, hedgedMs: 0 },
    ...{ worstImbalanceUsdt: new Decimal(100), worstImbalanceEpisodeMs: 5_000, longestUnhedgedMs: 5_000 },
    ...{ unhedged: durations(times), timeToHedge: durations(times), goalReachedAfterMs: null },
    ...{ totalUsdt: new Decimal(0), unhedgedNow: false, unhedgedNowMs: 0 },
    ...change,
  };
}

function campaign(seed: number, change: Partial<CampaignResult> = {}): CampaignResult {
  return {
    ...{ seed, profile: 'calm', simulatedMs: DAY_MS, symbols: 2, endedAt: '2026-01-06T00:00:00.000Z' },
    ...{ interrupted: false, legs: [], attempts: [], findings: [], breachCounts: {}, checks: { I1: 1 } },
    ...{ faults: {}, missing: [], alerts: {}, facts: {}, statesMs: {}, cappedUnhedgedMs: 0, pairsAtALoss: 0 },
    ...{ carried: { requests: { count: 8, faulty: 2 }, orderCalls: { count: 0, faulty: 0 } } },
    ...{ requests: { positions: 3 }, exchange: { orders: 1, fills: 1, telegrams: 0 }, wireEvents: 1 },
    ...{ logDigest: 'l', journalDigest: 'j', journalEntries: 1, crash: null },
    ...change,
  };
}

const FINDING: Finding = {
  ...{ invariant: 'I12', rule: '10.3', what: 'stale', detail: {}, instrument: null, account: null },
  ...{ clientOrderId: null, atMs: 5_000, at: '2026-01-05T00:00:05.000Z', around: [] },
};

const near = (value: number | null, exact: number) =>
  assert.ok(value !== null && Math.abs(value / exact - 1) <= 0.0101, `${value} is not within 1 % of ${exact}`);

describe('the total over all seeds', () => {
  it('percentiles are those of all hedges, not of the legs’ percentiles', () => {
    // 98 quick ones in one seed, and two slow ones in a seed of their own.
    const quick = Array.from({ length: 98 }, (_, index) => 1_000 + index * 100);
    const report = reportOf(
      [campaign(1, { legs: [leg(quick)] }), campaign(2, { legs: [leg([600_000]), leg([21_600_000])] })],
      {},
      WALL,
    );
    assert.equal(report.timeToHedge.count, 100);
    near(report.timeToHedge.medianMs, quick[49]!);
    near(report.timeToHedge.p90Ms, quick[89]!);
    near(report.timeToHedge.p99Ms, 600_000);
    assert.equal(report.timeToHedge.longestMs, 21_600_000);
    near(report.unhedged.p99Ms, 600_000);
  });

  it('figures add up, and stand by market beside the total', () => {
    const report = reportOf(
      [
        campaign(1, {
          ...{ legs: [leg([1_000])], statesMs: { equal: 60, capped: 40, draining: 900 }, cappedUnhedgedMs: 10 },
        }),
        campaign(2, {
          profile: 'trending',
          legs: [leg([9_000], { worstImbalanceUsdt: new Decimal(300), unhedgedNow: true, unhedgedNowMs: 70_000 })],
          ...{ statesMs: { imbalanced: 100 }, pairsAtALoss: 1, exchange: { orders: 5, fills: 4, telegrams: 0 } },
        }),
      ],
      {},
      WALL,
    );
    assert.equal(report.symbolDays, 4);
    assert.equal(report.orders, 6);
    assert.equal(report.spreadGainedUsdt, '1.00');
    assert.equal(report.pairsAtALoss, 1);
    assert.equal(report.worstImbalanceUsdt, '300.00');
    assert.deepEqual(report.unhedgedAtLegEnd, { count: 1, longestMs: 70_000 });
    assert.equal(report.statesShare.capped, 0.2);
    assert.equal(report.cappedUnhedgedShare, 0.05);
    assert.equal(report.profiles.calm?.cappedUnhedgedShare, 0.1);
    assert.equal(report.profiles.trending?.orders, 5);
    near(report.profiles.trending?.timeToHedge.medianMs ?? null, 9_000);
    const text = reportText(report, 0);
    assert.match(text, /market +days/);
    assert.match(text, /trending +2\.0 +9\.\d s/);
    assert.match(text, /capped while unhedged 5\.0 %/);
  });

  it('goals count what had time enough, by mode and by what the market does', () => {
    const attempt = (mode: 'increase' | 'decrease', availableMs: number, tookMs: number | null): GoalAttempt => ({
      ...{ instrument: 'BNB_USDT_Perp', mode, availableMs, tookMs },
    });
    const long = ATTEMPT_LEAST_MS;
    const report = reportOf(
      [
        campaign(1, {
          attempts: [
            attempt('increase', long, 1_000),
            attempt('increase', 2 * long, 3_000),
            attempt('increase', long, null),
            attempt('increase', long - 1, 500),
            attempt('increase', long - 1, null),
          ],
        }),
        campaign(2, { profile: 'trending', attempts: [attempt('decrease', long, null)] }),
      ],
      {},
      WALL,
    );
    const increase = {
      ...{ attempts: 3, reached: 2, tookMs: { median: 1_000, p90: 3_000, longest: 3_000 }, tooLate: 2 },
    };
    const decrease = { attempts: 1, reached: 0, tookMs: { median: null, p90: null, longest: null }, tooLate: 0 };
    assert.deepEqual(report.goals, { decrease, increase });
    assert.deepEqual(report.markets, { 'comes back': { increase }, trends: { decrease } });
    assert.match(reportText(report, 0), /increase to its cap: 2 of 3, .*; 2 had less than 12 h and do not count/);
  });

  it('a fault is missing only when it happened in no seed, and nobody asks that of an interrupted campaign', () => {
    const one = campaign(1, { missing: ['disconnect', 'garbage'], faults: {} });
    const other = campaign(2, { missing: ['disconnect'], faults: { garbage: 3 } });
    assert.deepEqual(reportOf([one, other], {}, WALL).missingFaults, ['disconnect']);
    assert.match(
      reportText(reportOf([one, other], {}, WALL), 0),
      /asked for and never happened: disconnect\n {2}too short for this, or too low a rate: more --days, more --seeds/,
    );
    const cut = reportOf([one, { ...other, interrupted: true }], {}, WALL, { crashes: [], seeds: [3] });
    assert.deepEqual(cut.missingFaults, []);
    assert.deepEqual(cut.interrupted, { cut: [2], without: [3] });
    assert.match(reportText(cut, 0), /interrupted: cut short 2, without figures 3/);
  });

  it('the share of requests that was faulty is reported, and of order calls by itself', () => {
    const carried = { requests: { count: 12, faulty: 3 }, orderCalls: { count: 4, faulty: 2 } };
    const report = reportOf([campaign(1), campaign(2, { carried, faults: { garbage: 5 } })], {}, WALL);
    assert.deepEqual(report.carried, {
      requests: { count: 20, faulty: 5, share: 0.25 },
      orderCalls: { count: 4, faulty: 2, share: 0.5 },
    });
    const words = '5 of 20 requests (25.0 %), 2 of 4 order calls (50.0 %): create_order, cancel_order, order';
    assert.ok(reportText(report, 0).includes(`faulty            ${words}`));
    assert.equal(reportOf([campaign(1)], {}, WALL).carried.orderCalls.share, 0, 'of none, none');
  });

  it('the last line is the verdict', () => {
    const last = (change: Partial<CampaignResult>, what = {}) =>
      reportText(reportOf([campaign(3, change)], what, WALL), 0)
        .split('\n')
        .at(-1);
    const breach = { findings: [FINDING], breachCounts: { I12: 1, I9: 2 } };
    assert.equal(last({}), 'PASSED');
    assert.equal(last({ missing: ['garbage'] }), 'FAILED: asked for and never happened: garbage');
    assert.equal(last({ interrupted: true }), 'FAILED: interrupted');
    assert.equal(last(breach), 'FAILED: I12 broken once, I9 broken 2 times');
    assert.equal(last(breach, { only: ['I12'] }), 'FAILED: I12 broken once (not acted on: I9)');
    assert.equal(last({ breachCounts: { I9: 2 } }, { only: ['I12'] }), 'PASSED (not acted on: I9)');
    assert.equal(last({ crash: 'Error: out of reach' }), 'FAILED: seed 3 failed');
  });

  it('what --only leaves aside is marked where it is counted', () => {
    const report = reportOf([campaign(3, { breachCounts: { I12: 1, I9: 2 } })], { only: ['I12'] }, WALL);
    assert.deepEqual(report.notActedOn, ['I9']);
    assert.match(reportText(report, 0), /^ {2}I9 {3}2 {2}\(not acted on: --only\)$/m);
    assert.match(reportText(report, 0), /^ {2}I12 {2}1$/m);
  });

  it('a breach and a failure name the command that shows them again, and the commit', () => {
    const results = [campaign(4, { crash: 'Error: out of reach' }), campaign(6, { findings: [FINDING] })];
    const report = reportOf(
      results,
      {},
      WALL,
      { crashes: [], seeds: [] },
      {
        commit: 'abc1234',
        again: (seed, atMs) => `npm run simulate -- --seed ${seed} at ${atMs}`,
      },
    );
    assert.equal(report.commit, 'abc1234');
    assert.equal(report.findings[0]?.again, 'npm run simulate -- --seed 6 at 5000');
    assert.equal(report.crashes[0]?.again, 'npm run simulate -- --seed 4 at null');
    const text = reportText(report, 0);
    assert.match(text, /^ {2}again, at commit abc1234:\n {2}npm run simulate -- --seed 6 at 5000$/m);
    assert.match(text, /^ {2}again, at commit abc1234:\n {2}npm run simulate -- --seed 4 at null$/m);
    assert.match(reportText({ ...report, commit: null }, 0), /^ {2}again:\n {2}npm run simulate -- --seed 6 at 5000$/m);
  });

  it('failures name seed and virtual time, breaches seed, time and invariant', () => {
    const report = reportOf(
      [
        campaign(4, { crash: 'Error: out of reach', endedAt: '2026-01-05T03:00:00.000Z' }),
        campaign(6, { findings: Array.from({ length: 7 }, () => FINDING), breachCounts: { I12: 7 } }),
      ],
      {},
      WALL,
      { crashes: [{ seed: 5, at: null, error: 'its process ended with code 3' }], seeds: [] },
    );
    const text = reportText(report, 0);
    assert.match(text, /seed 4 failed at 2026-01-05T03:00:00\.000Z: Error: out of reach/);
    assert.match(text, /seed 5 failed: its process ended with code 3/);
    assert.match(text, /seed 6, 2026-01-05T00:00:05\.000Z/);
    assert.match(text, /I12 broken in seed 6 at 2026-01-05T00:00:05\.000Z: stale/);
  });
});
