import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ceilTo, Decimal, decimal, floorTo, max, min, PLAIN_DECIMAL, sum, usdtText } from '../../src/core/decimal.ts';
import { d, seedFor } from '../support/core.ts';

const seed = seedFor('core/decimal');

describe('2.2 decimals are exact from the first byte to the last', () => {
  for (const text of ['0', '-1', '1.5', '0.000000001', '123456789012345678901234567890.123456789', '-0.1']) {
    it(`2.2 ${text} is read to the last digit`, () => assert.equal(decimal(text).toFixed(), text));
  }
  for (const text of [
    '',
    ' 1',
    '1 ',
    '1e3',
    '1e400',
    '+1',
    '.5',
    '1.',
    '0x10',
    'NaN',
    'Infinity',
    '1,5',
    '--1',
    '１',
  ]) {
    it(`2.2 ${JSON.stringify(text)} is no decimal number, and the error names it`, () => {
      assert.throws(
        () => decimal(text),
        (error: unknown) => error instanceof RangeError && error.message.includes(JSON.stringify(text)),
      );
      assert.equal(PLAIN_DECIMAL.test(text), false);
    });
  }

  it('2.2 a tenth ten times is one', () => {
    assert.ok(sum(Array.from({ length: 10 }, () => d('0.1'))).eq(1));
  });

  it('2.2 the product of two uint64 figures keeps every digit', () => {
    const most = '18446744073709551615';
    assert.equal(d(most).mul(most).toFixed(), (BigInt(most) * BigInt(most)).toString());
  });

  it('2.2 a hostile exponent stays comparable instead of becoming infinite', () => {
    const huge = new Decimal('1e400');
    assert.ok(huge.isFinite());
    assert.ok(huge.gt('1e399'));
  });

  const rounding: [string, string, string, string][] = [
    ['1.239', '0.01', '1.23', '1.24'],
    ['1.23', '0.01', '1.23', '1.23'],
    ['0.009', '0.01', '0', '0.01'],
    ['0', '0.01', '0', '0'],
    ['17', '5', '15', '20'],
    ['0.3', '0.1', '0.3', '0.3'],
  ];
  for (const [value, step, down, up] of rounding) {
    it(`7.3 ${value} in steps of ${step} is ${down} rounded down and ${up} rounded up`, () => {
      assert.equal(floorTo(d(value), d(step)).toFixed(), down);
      assert.equal(ceilTo(d(value), d(step)).toFixed(), up);
    });
  }

  it('7.3 rounding down is the largest whole number of steps not above, rounding up the smallest not below', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.integer({ min: 1, max: 10 ** 6 }), (units, stepUnits) => {
        const value = d(units.toString()).div('1e9');
        const step = d(stepUnits).div('1e9');
        const down = floorTo(value, step);
        const up = ceilTo(value, step);
        assert.ok(down.lte(value) && down.plus(step).gt(value) && down.mod(step).isZero());
        assert.ok(up.gte(value) && up.minus(step).lt(value) && up.mod(step).isZero());
      }),
      { seed, numRuns: 500 },
    );
  });

  it('2.2 least, most and sum are those of the figures, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 8 }), (numbers) => {
        const [first, ...rest] = numbers.map((number) => d(number).div(1000));
        assert.ok(first);
        assert.ok(min(first, ...rest).eq(d(Math.min(...numbers)).div(1000)));
        assert.ok(max(first, ...rest).eq(d(Math.max(...numbers)).div(1000)));
        assert.ok(sum([first, ...rest]).eq(d(numbers.reduce((a, b) => a + b, 0)).div(1000)));
      }),
      { seed, numRuns: 300 },
    );
    assert.ok(sum([]).isZero());
  });
});

describe('amounts for people', () => {
  for (const [amount, text] of [
    ['0', '0.00'],
    ['-0.001', '0.00'],
    ['-0.0051', '-0.01'],
    ['0.004', '0.00'],
    ['1234.5', '1234.50'],
  ] as const) {
    it(`${amount} USDT is ${text}`, () => assert.equal(usdtText(d(amount)), text));
  }
});
