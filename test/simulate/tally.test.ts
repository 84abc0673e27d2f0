import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Decimal } from '../../src/core/decimal.ts';
import type { Fact, SymbolPhase } from '../../src/core/facts.ts';
import { reason } from '../../src/core/reasons.ts';
import { createTally } from '../../src/simulate/tally.ts';

const BNB = 'BNB_USDT_Perp';

function changed(to: SymbolPhase): Fact {
  return { type: 'state.changed', atMs: 0, instrument: BNB, from: 'waiting', to, why: reason('flat', '5') };
}

const POLLED: Fact = {
  type: 'account.polled',
  atMs: 0,
  account: 'A',
  elapsedMs: 1,
  totalEquityUsdt: new Decimal(1),
  maintenanceMarginUsdt: new Decimal(0),
  openOrders: 0,
};

describe('what a campaign counts of the engine’s facts', () => {
  it('time in a state is counted until the next one, and not while no engine runs', () => {
    const tally = createTally(() => false);
    tally.observe(changed('equal'), 1_000);
    tally.observe(changed('imbalanced'), 4_000);
    tally.interrupted(5_000);
    tally.observe(changed('equal'), 9_000);
    tally.interrupted(9_500);
    assert.deepEqual(tally.statesMs(), { equal: 3_500, imbalanced: 1_000 });
  });

  it('capped while unhedged is counted from poll to poll, and in no other state', () => {
    let unhedged = true;
    const tally = createTally(() => unhedged);
    tally.observe(changed('imbalanced'), 0);
    tally.observe(POLLED, 1_000);
    tally.observe(changed('capped'), 2_000);
    tally.observe(POLLED, 4_000);
    unhedged = false;
    tally.observe(POLLED, 5_000);
    unhedged = true;
    tally.observe(POLLED, 6_000);
    tally.observe(changed('imbalanced'), 6_500);
    tally.observe(POLLED, 9_000);
    assert.equal(tally.cappedUnhedgedMs(), 3_500);
    assert.deepEqual(tally.statesMs(), { capped: 4_500, imbalanced: 2_000 });
  });

  it('an engine that does not run is not capped', () => {
    const tally = createTally(() => true);
    tally.observe(changed('capped'), 0);
    tally.interrupted(1_000);
    tally.observe(POLLED, 5_000);
    assert.equal(tally.cappedUnhedgedMs(), 1_000);
  });

  it('pairs at a loss are counted, netting is not (strategy 4.4, 11.3)', () => {
    const tally = createTally(() => false);
    const match = (kind: 'hedge' | 'unwind' | 'netting', gain: string) => ({
      ...{ kind, lotId: 1, lotAccount: 'A' as const, lotPrice: new Decimal(1), lotBookedAtMs: 0 },
      ...{ fillAccount: 'B' as const, fillSide: 'sell' as const, fillPrice: new Decimal(1), size: new Decimal(1) },
      gainUsdt: new Decimal(gain),
    });
    tally.observe(
      {
        ...{ type: 'drift.adopted', atMs: 0, instrument: BNB, account: 'A' },
        ...{ difference: new Decimal(1), price: new Decimal(1) },
        matches: [match('hedge', '0'), match('hedge', '-0.1'), match('unwind', '-2'), match('netting', '-3')],
      },
      0,
    );
    assert.equal(tally.pairsAtALoss(), 2);
  });
});
