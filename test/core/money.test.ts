import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Decimal, decimal, sum, ZERO } from '../../src/core/decimal.ts';
import type { AccountName } from '../../src/core/model.ts';
import {
  addTotals,
  type BalanceRow,
  earnedUsdt,
  type FillRow,
  heldBefore,
  intervalsOf,
  isNearFunding,
  isUnexplained,
  type MoneyRow,
  matchShare,
  NO_TOTALS,
  originOf,
  type PaymentRow,
  rowKey,
  shareOf,
  type Totals,
  unexplainedLimit,
} from '../../src/core/money.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { plain } from '../support/core.ts';
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
      'one that has a fill before its time, and the next one not',
      [
        ...[balance(0, '10000', '0'), balance(6, '9700', '2'), balance(7, '10000', '0')],
        ...[fill(8, 'buy', '2', '150'), balance(10, '9700', '2')],
      ],
      ['0', '0', '0'],
    ],
    [
      'of fills that give its position the nearest to its time: the second sell, though all three do as well',
      [
        ...[balance(0, '1000', '0'), fill(1, 'buy', '1', '10'), fill(2, 'sell', '1', '11'), balance(3, '1001', '0')],
        ...[fill(4, 'buy', '1', '12'), fill(5, 'sell', '1', '15'), balance(6, '1004', '0')],
      ],
      ['0', '0'],
    ],
    [
      'a position that no fills give: time alone decides',
      [balance(0, '1000', '0'), fill(1, 'buy', '1', '10'), balance(2, '990', '7'), balance(3, '990', '1')],
      ['0', '0'],
    ],
    [
      'of such a balance: a fill at its time is in it',
      [balance(0, '1000', '0'), fill(2, 'buy', '1', '10'), balance(2, '990', '7'), balance(3, '990', '1')],
      ['0', '0'],
    ],
    ['fills and no balance', [fill(1, 'buy', '1', '10')], []],
    [
      'what was held before the first fill, on most balances',
      [balance(0, '0', '4'), fill(1, 'buy', '1', '10'), balance(2, '-10', '5'), balance(3, '-10', '5')],
      ['0', '0'],
    ],
    [
      'rows and balances in any order',
      [TRANSFER, balance(60, '9449.65', '2'), FUNDING, balance(0, '9699.95', '2'), balance(65, '9449.65', '2')],
      ['0', '0'],
    ],
    [
      'payments in another currency are none of USDT',
      [
        ...[balance(0, '100', '0'), { ...FUNDING, currency: 'GRVT' }, { ...TRANSFER, currency: 'GRVT' }],
        balance(60, '100', '0'),
      ],
      ['0'],
    ],
    [
      'a payment at the time of a balance is in it; so is a fill, unless its position says otherwise',
      [
        ...[balance(0, '0', '0'), { ...TRANSFER, timeNs: at(5) }, fill(5, 'buy', '1', '10'), balance(5, '-260', '1')],
        balance(6, '-260', '1'),
      ],
      ['0', '0'],
    ],
    [
      'less than a minute before or after funding a balance is not used',
      [
        balance(0, '100', '0'),
        { ...balance(9, '7', '0'), timeNs: at(10) - MINUTE_NS + 1n },
        { ...FUNDING, timeNs: at(10) },
        { ...balance(10, '7', '0'), timeNs: at(10) + MINUTE_NS - 1n },
        balance(20, '99.7', '0'),
      ],
      ['0'],
    ],
    [
      'a minute before or after it is',
      [balance(0, '100', '0'), balance(9, '100', '0'), { ...FUNDING, timeNs: at(10) }, balance(11, '99.7', '0')],
      ['0', '0'],
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

  it('of an interval: its ends, the change, and how many rows concern it', () => {
    const rows = [balance(0, '10000', '0'), fill(5, 'buy', '2', '150', '0.05'), TRANSFER, balance(40, '9449', '2')];
    const other = { ...TRANSFER, account: 'B' } as PaymentRow;
    const earlier = { ...TRANSFER, txId: '9', timeNs: at(0) } as PaymentRow;
    const later = { ...TRANSFER, txId: '8', timeNs: at(41) } as PaymentRow;
    assert.deepEqual(plain(intervalsOf([...rows, other, earlier, later], 'A')), [
      // −551, of which −300.05 and −250 are explained.
      { account: 'A', fromNs: at(0), toNs: at(40), change: '-551', unexplained: '-0.95', rows: 2 },
    ]);
  });

  it('a fill that a balance has and the next one lacks counts as a row of both intervals', () => {
    const rows = [balance(0, '10000', '0'), balance(6, '9700', '2'), balance(7, '10000', '0'), balance(9, '9700', '2')];
    const intervals = intervalsOf([...rows, fill(8, 'buy', '2', '150')], 'A');
    assert.deepEqual(
      intervals.map((one) => [one.change.toFixed(), one.rows]),
      [
        ['-300', 1],
        ['300', 1],
        ['-300', 1],
      ],
    );
  });

  it('the fills of two symbols are told apart', () => {
    const eth = { ...fill(5, 'buy', '1', '10'), instrument: 'ETH_USDT_Perp' };
    const rows = [balance(0, '100', '0'), eth, fill(6, 'buy', '2', '20'), { ...balance(7, '60', '2') }];
    // By its positions the balance has the second fill alone, of SOL.
    const [interval] = intervalsOf([...rows, balance(8, '60', '2'), balance(9, '60', '2')], 'A');
    assert.deepEqual([interval!.unexplained.toFixed(), interval!.rows], ['0', 1]);
  });

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
    const near = [-60_000_000_000n, -59_999_999_999n, 0n, 59_999_999_999n, 60_000_000_000n].map((by) =>
      isNearFunding(hour + by),
    );
    assert.deepEqual(near, [false, true, true, true, false]);
    assert.equal(unexplainedLimit(5).toFixed(), '0.01');
    assert.equal(unexplainedLimit(20_000).toFixed(), '0.02');
    const isBeyond = (unexplained: string, rows: number) =>
      isUnexplained({ account: 'A', fromNs: 0n, toNs: 1n, change: ZERO, unexplained: decimal(unexplained), rows });
    assert.deepEqual([isBeyond('0.01', 5), isBeyond('0.010001', 5), isBeyond('-0.010001', 5)], [false, true, true]);
    assert.deepEqual([isBeyond('-0.02', 20_000), isBeyond('0.020001', 20_000)], [false, true]);
  });

  const SOL = 'SOL_USDT_Perp';
  const of = (account: AccountName, minutes: number, size: string): BalanceRow => ({
    ...balance(minutes, '0', size),
    account,
  });
  const traded = (account: AccountName, minutes: number, side: 'buy' | 'sell', size: string): FillRow => ({
    ...fill(minutes, side, size, '100'),
    account,
  });
  const held: [name: string, balances: BalanceRow[], fills: FillRow[], held: string | undefined][] = [
    ['nothing traded, nothing asked: nothing', [of('A', 1, '5'), of('B', 1, '-3')], [], '0'],
    ['A without a balance', [of('B', 1, '1')], [], undefined],
    ['B without a balance', [of('A', 1, '1')], [], undefined],
    ['both before the first fill', [of('A', 1, '5'), of('B', 1, '-3')], [traded('A', 2, 'buy', '2')], '2'],
    ['A after it: 7 − 2 − 3', [of('A', 3, '7'), of('B', 1, '-3')], [traded('A', 2, 'buy', '2')], '2'],
    ['at its time: 7 − 2 − 3', [of('A', 2, '7'), of('B', 1, '-3')], [traded('A', 2, 'buy', '2')], '2'],
    [
      'after both accounts traded, in any order: 4 for A, −4 for B, one after the other',
      [of('B', 6, '-1'), of('A', 6, '3'), of('A', 3, '6'), of('A', 4, '6'), of('B', 1, '-4')],
      [
        ...[traded('A', 5, 'sell', '3'), traded('B', 4, 'buy', '2'), traded('A', 2, 'buy', '2')],
        traded('B', 5, 'buy', '1'),
      ],
      '0',
    ],
    [
      'what most balances agree on',
      [of('A', 1, '9'), of('A', 2, '5'), of('A', 3, '5'), of('B', 1, '0')],
      [traded('B', 4, 'buy', '1')],
      '5',
    ],
    ['flat', [of('A', 1, '0'), of('B', 1, '0')], [traded('B', 4, 'buy', '1')], '0'],
  ];
  for (const [name, balances, fills, before] of held) {
    it(`what was held before the first fill: ${name}`, () => {
      assert.ok(fills.every(({ instrument }) => instrument === SOL));
      assert.equal(heldBefore(balances, fills)?.toFixed(), before);
    });
  }
});

describe('whose fill it is (strategy 17.1)', () => {
  const cases: [string, string, boolean, string][] = [
    [OWN, '0x0101', false, 'own'],
    [OWN, '0x0101', true, 'liquidation'],
    ['42', '0x0101', false, 'foreign'],
    ['0', '0x0101', false, 'foreign'],
    ['0', '0x00', false, 'adl'],
    ['0', '0x00', true, 'liquidation'],
    ['42', '0x00', false, 'foreign'],
    ['0', '0X000A', false, 'foreign'],
    ['0', '000000', false, 'adl'],
    ['0', '', false, 'adl'],
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

describe('what a row is, and what it adds (strategy 17.1, 17.3)', () => {
  const bought = fill(5, 'buy', '2', '150', '0.05');
  const balanceRow = balance(1, '1', '0');

  const keys: [MoneyRow, string][] = [
    [bought, 'fill A 5-1 0x5'],
    [FUNDING, `funding A 1 SOL_USDT_Perp ${at(30)}`],
    [TRANSFER, 'transfer A 2'],
    [{ ...TRANSFER, type: 'deposit' } as PaymentRow, 'deposit A 2'],
    [balanceRow, `balance A ${at(1)}`],
  ];
  for (const [row, key] of keys) it(`17.1 a ${row.type} is known by its key`, () => assert.equal(rowKey(row), key));

  const NONE = plain(NO_TOTALS) as object;
  const MINUTE_5_MS = 1_800_002_100_000;
  const SOL = 'SOL_USDT_Perp';
  const shares: [name: string, row: PaymentRow, instrument: string, timeMs: number, totals: object][] = [
    ['an own maker fill', bought, SOL, MINUTE_5_MS, { fills: 1, volume: '300', fees: { USDT: '0.05' } }],
    [
      'an own taker fill, its fee in another currency',
      { ...bought, isTaker: true, feeCurrency: 'GRVT' },
      ...([SOL, MINUTE_5_MS] as const),
      { fills: 1, ownTakers: 1, volume: '300', fees: { GRVT: '0.05' } },
    ],
    [
      'a liquidation, as taker',
      { ...bought, isTaker: true, origin: 'liquidation' },
      ...([SOL, MINUTE_5_MS] as const),
      {
        ...{ fills: 1, volume: '300', fees: { USDT: '0.05' } },
        others: { liquidation: { fills: 1, volume: '300' } },
      },
    ],
    ['funding', FUNDING, SOL, MINUTE_5_MS + 25 * 60_000, { funding: { USDT: '0.3' } }],
    ['a transfer: of no symbol', TRANSFER, '', MINUTE_5_MS + 26 * 60_000, { transfers: { USDT: '-250' } }],
  ];
  for (const [name, row, instrument, timeMs, totals] of shares) {
    it(`17.3 ${name}`, () => {
      assert.deepEqual(plain(shareOf(row)), { account: 'A', instrument, timeMs, totals: { ...NONE, ...totals } });
    });
  }

  const match = (kind: 'hedge' | 'unwind' | 'netting', gainUsdt: string) => ({ kind, gainUsdt: decimal(gainUsdt) });
  const matches = [match('hedge', '1.5'), match('unwind', '-0.5'), match('hedge', '0.25'), match('netting', '-9')];
  const booked = (type: string, of = matches) => ({ type, instrument: SOL, atMs: 7, matches: of }) as never;
  for (const type of ['fill.booked', 'drift.adopted']) {
    it(`4.4 4.6 ${type}: hedges and unwinds are the pair’s, netting is neither`, () => {
      const totals = { ...NONE, hedges: 2, spread: '1.75', unwinds: 1, unwindGain: '-0.5' };
      assert.deepEqual(plain(matchShare(booked(type))), { account: 'pair', instrument: SOL, timeMs: 7, totals });
    });
  }
  it('4.4 what matched nothing adds nothing, nor does another fact', () => {
    assert.equal(matchShare(booked('fill.booked', [])), null);
    assert.equal(matchShare(booked('order.foreign')), null);
  });

  const one: Totals = {
    ...{ fills: 3, ownTakers: 1, volume: decimal('100'), hedges: 2, spread: decimal('5'), unwinds: 1 },
    ...{ unwindGain: decimal('-0.5'), fees: { USDT: decimal('0.2'), GRVT: decimal('7') } },
    ...{ funding: { USDT: decimal('-0.1') }, transfers: {} },
    others: { adl: { fills: 1, volume: decimal('30') }, foreign: { fills: 1, volume: decimal('4') } },
  };
  const other: Totals = {
    ...{ fills: 4, ownTakers: 2, volume: decimal('10'), hedges: 3, spread: decimal('1'), unwinds: 4 },
    ...{ unwindGain: decimal('-1'), fees: { USDT: decimal('0.3') }, funding: { USDT: decimal('0.4') } },
    transfers: { USDT: decimal('50') },
    others: {
      ...{ adl: { fills: 2, volume: decimal('6') }, liquidation: { fills: 5, volume: decimal('8') } },
      foreign: { fills: 3, volume: decimal('0.5') },
    },
  };
  it('17.3 totals add up, each currency and each origin of its own', () => {
    assert.deepEqual(addTotals(other, one), addTotals(one, other));
    assert.deepEqual(plain(addTotals(one, other)), {
      ...{ fills: 7, ownTakers: 3, volume: '110', hedges: 5, spread: '6', unwinds: 5, unwindGain: '-1.5' },
      ...{ fees: { USDT: '0.5', GRVT: '7' }, funding: { USDT: '0.3' }, transfers: { USDT: '50' } },
      others: {
        adl: { fills: 3, volume: '36' },
        foreign: { fills: 4, volume: '4.5' },
        liquidation: { fills: 5, volume: '8' },
      },
    });
  });
  it('17.3 nothing added is the same, fills of others included or not', () => {
    const { others: _, ...own } = one;
    assert.deepEqual(addTotals(one, NO_TOTALS), one);
    assert.deepEqual(addTotals(NO_TOTALS, one), one);
    assert.deepEqual(addTotals(own, NO_TOTALS), own);
  });
  it('17.3 earned: 5 − 0.5 less 0.2 of fees, plus 0.1 of funding; other currencies are left out', () => {
    assert.equal(earnedUsdt(one).toFixed(), '4.4');
    assert.equal(earnedUsdt({ ...one, fees: { GRVT: decimal('7') }, funding: {} }).toFixed(), '4.5');
  });
});
