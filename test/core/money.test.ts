import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Decimal, decimal, sum, ZERO } from '../../src/core/decimal.ts';
import type { AccountName } from '../../src/core/model.ts';
import {
  type BalanceRow,
  type FillRow,
  intervalsOf,
  isNearFunding,
  type MoneyRow,
  originOf,
  type PaymentRow,
  rowKey,
  unexplainedLimit,
} from '../../src/core/money.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import '../support/fixed-seed.ts';

/** The account view (strategy 17.3): what cash changed by is what the rows say. */

const MINUTE_NS = 60_000_000_000n;
/** Half past an hour. */
const START_NS = 1_800_001_800_000_000_000n;
const OWN = clientOrderIdOf('A', 'buy', 5n);

function at(minutes: number): bigint {
  return START_NS + BigInt(minutes) * MINUTE_NS;
}

function fill(minutes: number, side: 'buy' | 'sell', size: string, price: string, fee = '0'): FillRow {
  return {
    ...{ type: 'fill', account: 'A', tradeId: `${minutes}-1`, orderId: `0x${minutes}`, clientOrderId: OWN },
    ...{ instrument: 'SOL_USDT_Perp', side, size: decimal(size), price: decimal(price), fee: decimal(fee) },
    ...{ feeCurrency: 'USDT', feeRate: null, isTaker: false, origin: 'own', realizedPnl: null, timeNs: at(minutes) },
  };
}

function balance(minutes: number, cash: string, size: string): BalanceRow {
  const [equity, held] = [decimal(cash), decimal(size)];
  return {
    ...{ type: 'balance', account: 'A', timeNs: at(minutes), equity, cash: decimal(cash) },
    sizes: held.isZero() ? {} : { SOL_USDT_Perp: held },
    margin: { maintenance: ZERO, initial: null, availableToTransfer: null, isolated: [], liquidation: [] },
  };
}

const FUNDING: PaymentRow = {
  ...{ type: 'funding', account: 'A', txId: '1', instrument: 'SOL_USDT_Perp', currency: 'USDT' },
  ...{ amount: decimal('0.3'), timeNs: at(30) },
};
const TRANSFER: PaymentRow = {
  ...{ type: 'transfer', account: 'A', txId: '2', currency: 'USDT', amount: decimal('-250'), timeNs: at(31) },
};

describe('the account view (strategy 17.3)', () => {
  // By hand: 10000 − 2 × 150 − 0.05 = 9699.95; less funding 0.3 and 250 taken out = 9449.65.
  const cases: [name: string, rows: MoneyRow[], unexplained: string[]][] = [
    [
      'a buy and its fee',
      [balance(0, '10000', '0'), fill(5, 'buy', '2', '150', '0.05'), balance(10, '9699.95', '2')],
      ['0'],
    ],
    [
      'a sell with a rebate: 9699.95 + 151 + 0.01',
      [balance(0, '9699.95', '2'), fill(5, 'sell', '1', '151', '-0.01'), balance(10, '9850.96', '1')],
      ['0'],
    ],
    ['funding and a transfer out', [balance(0, '9699.95', '2'), FUNDING, TRANSFER, balance(60, '9449.65', '2')], ['0']],
    ['a payment that no list has', [balance(0, '100', '0'), balance(10, '98.5', '0')], ['-1.5']],
    [
      'a balance that does not have the newest fill yet, as its position says',
      [
        ...[balance(0, '10000', '0'), fill(5, 'buy', '2', '150'), balance(6, '10000', '0'), balance(10, '9700', '2')],
        ...[balance(11, '9700', '2')],
      ],
      ['0', '0', '0'],
    ],
    [
      'a balance within a minute of a full hour is not used',
      [balance(0, '100', '0'), balance(30, '7', '0'), balance(59, '100', '0')],
      ['0'],
    ],
    [
      'a fee in another currency is none of USDT',
      [balance(0, '100', '0'), { ...fill(5, 'buy', '1', '10', '0.1'), feeCurrency: 'GRVT' }, balance(9, '90', '1')],
      ['0'],
    ],
  ];
  for (const [name, rows, unexplained] of cases) {
    it(name, () => {
      assert.deepEqual(
        intervalsOf(rows, 'A').map((one) => one.unexplained.toFixed()),
        unexplained,
      );
      assert.deepEqual(intervalsOf(rows, 'B'), []);
    });
  }

  it('any run of fills, payments and balances explains itself to the last digit', () => {
    type Event = typeof event extends fc.Arbitrary<infer One> ? One : never;
    const event = fc.record({
      kind: fc.constantFrom('buy', 'sell', 'funding', 'transfer', 'balance'),
      size: fc.integer({ min: 1, max: 50 }),
      price: fc.integer({ min: 1, max: 1_000_000 }),
      fee: fc.integer({ min: -999, max: 999 }),
    });
    const explainsItself = (events: readonly Event[]) => {
      let cash = new Decimal(1_000);
      let size = ZERO;
      const rows: MoneyRow[] = [balance(1, '1000', '0'), balance(2, '1000', '0')];
      for (const [index, { kind, ...one }] of events.entries()) {
        const minutes = 3 + index;
        const [price, fee] = [new Decimal(one.price).div(1000), new Decimal(one.fee).div(1_000_000)];
        if (kind === 'balance') rows.push(balance(minutes, cash.toFixed(), size.toFixed()));
        else if (kind === 'funding' || kind === 'transfer') {
          const row = kind === 'funding' ? FUNDING : TRANSFER;
          rows.push({ ...row, txId: String(index), amount: fee, timeNs: at(minutes) } as PaymentRow);
          cash = kind === 'funding' ? cash.minus(fee) : cash.plus(fee);
        } else {
          const row = fill(minutes, kind as 'buy' | 'sell', String(one.size), price.toFixed(), fee.toFixed());
          rows.push(row);
          size = kind === 'buy' ? size.plus(one.size) : size.minus(one.size);
          cash = cash.plus(price.mul(one.size).mul(kind === 'buy' ? -1 : 1)).minus(fee);
        }
      }
      rows.push(balance(200, cash.toFixed(), size.toFixed()));
      const intervals = intervalsOf(rows, 'A');
      assert.ok(intervals.length >= 2);
      assert.equal(sum(intervals.map((one) => one.unexplained.abs())).toFixed(), '0');
    };
    fc.assert(fc.property(fc.array(event, { maxLength: 40 }), explainsItself));
  });

  it('times near a full hour, and what may stay unexplained', () => {
    const hour = 3_600_000_000_000n * 500_000n;
    const near = [-60_000_000_001n, -59_999_999_999n, 0n, 59_999_999_999n, 60_000_000_000n].map((by) =>
      isNearFunding(hour + by),
    );
    assert.deepEqual(near, [false, true, true, true, false]);
    assert.equal(unexplainedLimit(5).toFixed(), '0.01');
    assert.equal(unexplainedLimit(20_000).toFixed(), '0.02');
  });
});

describe('whose fill it is (strategy 17.1)', () => {
  const cases: [string, string, boolean, string][] = [
    [OWN, '0x0101', false, 'own'],
    [OWN, '0x0101', true, 'liquidation'],
    ['42', '0x0101', false, 'foreign'],
    ['0', '0x0101', false, 'foreign'],
    ['0', '0x00', false, 'adl'],
    ['0', '0x00', true, 'liquidation'],
  ];
  for (const [clientOrderId, orderId, isLiquidation, origin] of cases) {
    it(`client id ${clientOrderId}, order ${orderId}, liquidation ${isLiquidation}: ${origin}`, () => {
      assert.equal(originOf({ clientOrderId, orderId, isLiquidation }), origin);
    });
  }

  it('a trade between A and B is two rows, and each order of one trade is one', () => {
    const row = fill(1, 'buy', '1', '2');
    const others: FillRow[] = [row, { ...row, account: 'B' as AccountName }, { ...row, orderId: '0x7' }];
    assert.equal(new Set(others.map(rowKey)).size, 3);
    assert.equal(rowKey({ ...row, fee: decimal('9') }), rowKey(row));
  });
});
