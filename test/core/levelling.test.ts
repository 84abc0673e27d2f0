import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Decimal, decimal } from '../../src/core/decimal.ts';
import { type LevelledAccount, levelling, levellingAdvice } from '../../src/core/levelling.ts';
import { reason } from '../../src/core/reasons.ts';
import '../support/fixed-seed.ts';

/** Strategy 17.5: the transfer that makes both margin ratios equal. */

function account(equity: string, maintenance: string, more: Partial<LevelledAccount['margin']> = {}): LevelledAccount {
  const margin = { initial: decimal('0'), availableToTransfer: decimal('1000000'), isolated: [], liquidation: [] };
  return { equity: decimal(equity), margin: { ...margin, maintenance: decimal(maintenance), ...more } };
}

const cases: [name: string, A: LevelledAccount, B: LevelledAccount, expected: string][] = [
  // (500 × 1500 − 500 × 1000) / 1000 = 250 into A: both 500 / 1250 = 0.4.
  ['equal margins: half the difference', account('1000', '500'), account('1500', '500'), 'B>A 250 0.4000 0.4000'],
  // (300 × 2000 − 100 × 400) / 400 = 1400 into A: 300 / 1800 = 100 / 600.
  ['unequal margins', account('400', '300'), account('2000', '100'), 'B>A 1400 0.1667 0.1667'],
  ['the other way round', account('2000', '100'), account('400', '300'), 'A>B 1400 0.1667 0.1667'],
  // (1 × 101.999 − 1 × 100) / 2 = 0.9995.
  ['rounded down to 0.01', account('100', '1'), account('101.999', '1'), 'B>A 0.99 0.0099 0.0099'],
  [
    'bounded by what may be transferred',
    account('1000', '500'),
    account('1500', '500', { availableToTransfer: decimal('100.009') }),
    'B>A 100 bounded 0.4545 0.3571',
  ],
  [
    'bounded by the initial margin, live orders included',
    account('1000', '500'),
    account('1500', '500', { initial: decimal('1450.5') }),
    'B>A 49.5 bounded 0.4764 0.3447',
  ],
  // (500 × 1500 + 500 × 100) / 1000 = 800: both 500 / 700.
  ['an account in debt is lifted', account('-100', '500'), account('1500', '500'), 'B>A 800 0.7143 0.7143'],
  ['no position', account('1', '0'), account('2', '0'), 'no-margin'],
  ['no equity', account('-3', '1'), account('2', '1'), 'no-equity'],
  ['isolated', account('1', '1'), account('2', '1', { isolated: ['SOL_USDT_Perp'] }), 'isolated'],
  ['equal already', account('10', '1'), account('10.009', '1'), 'level'],
  ['nothing to give', account('1', '1'), account('9', '1', { initial: decimal('9') }), 'nothing-to-give'],
  [
    'a debt that the bounded transfer does not lift',
    account('-100', '500'),
    account('1500', '500', { availableToTransfer: decimal('50') }),
    'nothing-to-give',
  ],
  [
    'the exchange does not say what may be transferred',
    account('1', '1'),
    account('9', '1', { availableToTransfer: null }),
    'not-known',
  ],
  [
    'the exchange does not say the initial margin',
    account('1', '1'),
    account('9', '1', { initial: null }),
    'not-known',
  ],
];

function shown(found: ReturnType<typeof levelling>): string {
  if (typeof found === 'string') return found;
  const { from, to, amount, isBounded, ratios } = found;
  const end = `${ratios.A.toFixed(4)} ${ratios.B.toFixed(4)}`;
  return `${from}>${to} ${amount.toFixed()} ${isBounded ? 'bounded ' : ''}${end}`;
}

describe('levelling (strategy 17.5)', () => {
  for (const [name, A, B, expected] of cases) it(name, () => assert.equal(shown(levelling({ A, B })), expected));

  it('an unlimited transfer makes both ratios equal to 0.0001, and never exceeds what the paying account has', () => {
    const amount = fc.integer({ min: 100_000, max: 10_000_000 }).map((value) => decimal(`${value}`).div(100));
    const one = fc.record({ equity: amount, share: fc.integer({ min: 30, max: 99 }), free: amount });
    const made = ({ equity, share, free }: { equity: Decimal; share: number; free: Decimal }) =>
      account(equity.toFixed(), equity.mul(share).div(100).toFixed(), { availableToTransfer: free });
    fc.assert(
      fc.property(one, one, (a, b) => {
        const accounts = { A: made(a), B: made(b) };
        const found = levelling(accounts);
        if (typeof found === 'string') return;
        const { availableToTransfer } = accounts[found.from].margin;
        assert.ok(found.amount.lte(availableToTransfer ?? 0) && found.amount.lte(accounts[found.from].equity));
        const difference = found.ratios.A.minus(found.ratios.B).abs();
        if (!found.isBounded) assert.ok(difference.lte('0.0001'), difference.toFixed());
      }),
    );
  });
});

describe('the advice on levelling (strategy 17.5)', () => {
  const summary = (equity: string, maintenance: string) => {
    const { margin } = account(equity, maintenance);
    return { totalEquity: decimal(equity), maintenanceMargin: decimal(maintenance), margin };
  };
  const bare = { totalEquity: decimal('1'), maintenanceMargin: decimal('1') };

  it('names the transfer and both ratios after it, rounded down', () =>
    assert.deepEqual(
      levellingAdvice({ A: summary('400', '300'), B: summary('2000', '100') }),
      reason('levelling', '17.5', {
        ...{ from: 'B', to: 'A', amount: '1400.00', isBounded: false, ratioA: '16.66', ratioB: '16.66' },
      }),
    ));
  for (const [name, accounts, why] of [
    ['A without margin figures', { A: bare, B: summary('9', '1') }, 'not-known'],
    ['B without margin figures', { A: summary('9', '1'), B: bare }, 'not-known'],
    ['accounts that are level', { A: summary('10', '1'), B: summary('10', '1') }, 'level'],
  ] as const)
    it(`says why there is none: ${name}`, () =>
      assert.deepEqual(levellingAdvice(accounts), reason('no-levelling', '17.5', { why })));
});
