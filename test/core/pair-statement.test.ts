import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decimal, ZERO } from '../../src/core/decimal.ts';
import type { Fact } from '../../src/core/facts.ts';
import { book } from '../../src/core/ledger.ts';
import type { AccountName, ManagedOrder } from '../../src/core/model.ts';
import type { BalanceRow, FillOrigin, FillRow } from '../../src/core/money.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { bookingOf, type LedgerBooking, type PairRecord, pairStatements } from '../../src/core/pair-statement.ts';
import { emptySymbolState, sign } from '../../src/core/symbol-state.ts';
import { plain } from '../support/core.ts';

/** The pair view (strategy 17.3): what the ledger gained is what both accounts traded, whatever happens in between. */

const SOL = 'SOL_USDT_Perp';

interface Step {
  readonly account: AccountName;
  readonly side: 'buy' | 'sell';
  readonly size: number;
  readonly price: number;
  /** `own`: booked so many ms later; `foreign`, `liquidation`: adopted as drift at that price; `unadopted`: not taken over yet. */
  readonly kind: 'own' | 'foreign' | 'liquidation' | 'unadopted';
  readonly lagMs: number;
  readonly driftPrice: number;
}

/** The exchange's rows and the ledger's bookings of some trades, 1 s apart. */
function recordOf(steps: readonly Step[]): PairRecord {
  let state = emptySymbolState(SOL);
  const fills: FillRow[] = [];
  const due: { atMs: number; step: Step; id: string }[] = [];
  for (const [index, step] of steps.entries()) {
    const { account, side, kind } = step;
    const id = kind === 'own' ? clientOrderIdOf(account, side, BigInt(index + 1)) : '7';
    const origin: FillOrigin = kind === 'unadopted' ? 'foreign' : kind;
    fills.push({
      ...{ type: 'fill', account, tradeId: `${index}`, orderId: '0x01', clientOrderId: id, instrument: SOL, side },
      ...{
        size: decimal(`${step.size}`),
        price: decimal(`${step.price}`),
        fee: ZERO,
        feeCurrency: 'USDT',
        feeRate: null,
      },
      ...{ isTaker: false, origin, realizedPnl: null, timeNs: BigInt(index + 1) * 1_000_000_000n },
    });
    if (kind !== 'unadopted') due.push({ atMs: (index + 1) * 1000 + step.lagMs, step, id });
  }
  const bookings: LedgerBooking[] = [];
  for (const { atMs, step, id } of due.sort((one, other) => one.atMs - other.atMs)) {
    const { account, side } = step;
    const isOwn = step.kind === 'own';
    const [size, price] = [decimal(`${step.size}`), decimal(`${isOwn ? step.price : step.driftPrice}`)];
    const clientOrderId = isOwn ? id : null;
    const booked = book(state, { account, side, size, price, source: isOwn ? 'fill' : 'drift', clientOrderId, atMs });
    state = booked.state;
    const gain = (kind: string) =>
      booked.matches.filter((one) => one.kind === kind).reduce((total, one) => total.plus(one.gainUsdt), ZERO);
    const gains = { spread: gain('hedge'), unwindGain: gain('unwind') };
    bookings.push({ ...{ atMs, account, clientOrderId, size: size.mul(sign(side)), price }, ...gains });
  }
  return { fills, bookings, state, balances: [], listedUntilMs: 1_000_000 };
}

const step: fc.Arbitrary<Step> = fc.record({
  account: fc.constantFrom<AccountName>('A', 'B'),
  side: fc.constantFrom('buy', 'sell'),
  size: fc.integer({ min: 1, max: 5 }),
  price: fc.integer({ min: 95, max: 105 }),
  kind: fc.constantFrom('own', 'own', 'own', 'foreign', 'liquidation', 'unadopted'),
  // Below zero: our clock is behind the exchange's.
  lagMs: fc.integer({ min: -1500, max: 20_000 }),
  driftPrice: fc.integer({ min: 95, max: 105 }),
});
const AT = { atMs: 60_000, mark: decimal('101') };

describe('the pair view (strategy 17.3)', () => {
  it('ledger and exchange come to the same at any moment, to the last digit', () => {
    const moments = fc.array(
      fc.record({ atMs: fc.integer({ min: -1, max: 60_000 }), mark: fc.integer({ min: 90, max: 110 }) }),
      {
        minLength: 2,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), moments, (steps, at) => {
        const sorted = [...at].sort((one, other) => one.atMs - other.atMs);
        const marks = sorted.map(({ atMs, mark }) => ({ atMs, mark: decimal(`${mark}`) }));
        for (const statement of pairStatements(recordOf(steps), marks)) {
          assert.equal(statement.unexplained.toFixed(), '0');
          const { spread, unwindGain, openLots, differences, cashFlow, held } = statement;
          const left = spread.plus(unwindGain).plus(openLots!).plus(differences);
          assert.equal(left.toFixed(), cashFlow.plus(held).toFixed());
        }
      }),
    );
  });

  it('a booking at a wrong price, or made twice, is not explained', () => {
    const own = fc.array(
      step.map((one): Step => ({ ...one, kind: 'own', lagMs: 5 })),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(own, fc.nat(), fc.constantFrom('wrong', 'twice'), (steps, which, how) => {
        const record = recordOf(steps);
        const one = record.bookings[which % record.bookings.length]!;
        const spoilt = how === 'wrong' ? [{ ...one, price: one.price.plus(1) }] : [one, one];
        const bookings = record.bookings.flatMap((each) => (each === one ? spoilt : [each]));
        const [statement] = pairStatements({ ...record, bookings }, [{ atMs: 0, mark: AT.mark }, AT]);
        assert.ok(!statement!.unexplained.isZero(), JSON.stringify(statement));
      }),
    );
  });

  const cases: readonly [string, Partial<Step>, { differences: string; unexplained: string }][] = [
    [
      'drift adopted at what was paid leaves no difference',
      { kind: 'foreign', driftPrice: 100 },
      { differences: '0', unexplained: '0' },
    ],
    ['drift adopted above what was paid', { kind: 'foreign', driftPrice: 103 }, { differences: '6', unexplained: '0' }],
    ['drift not adopted yet, at the mark', { kind: 'unadopted' }, { differences: '2', unexplained: '0' }],
  ];
  for (const [name, given, wanted] of cases) {
    it(name, () => {
      const base: Step = { account: 'A', side: 'buy', size: 2, price: 100, kind: 'own', lagMs: 0, driftPrice: 100 };
      const [statement] = pairStatements(recordOf([{ ...base, ...given }]), [{ atMs: 0, mark: AT.mark }, AT]);
      const { differences, unexplained } = statement!;
      assert.deepEqual({ differences: differences.toFixed(), unexplained: unexplained.toFixed() }, wanted);
    });
  }

  it('a partial fill that waits is held at the mark; one that nobody waits for is not explained', () => {
    const base: Step = { account: 'A', side: 'buy', size: 2, price: 100, kind: 'own', lagMs: 0, driftPrice: 100 };
    const record = recordOf([base]);
    const id = record.fills[0]!.clientOrderId;
    const part = { ...record.fills[0]!, tradeId: '9', size: decimal('1'), timeNs: 5_000_000_000n };
    const order = { clientOrderId: id, tradedSize: decimal('3'), bookedSize: decimal('2') } as ManagedOrder;
    const filled = { ...record, fills: [...record.fills, part] };
    const at = [{ atMs: 0, mark: AT.mark }, AT];
    const [waits] = pairStatements({ ...filled, state: { ...record.state, orders: [order] } }, at);
    assert.deepEqual([waits!.openLots?.toFixed(), waits!.unexplained.toFixed()], ['3', '0']);
    const [lost] = pairStatements(filled, at);
    assert.equal(lost!.unexplained.toFixed(), '-100');
  });

  it('a booking whose fill is not listed yet is no mistake; once the list was read past it, it is', () => {
    const base: Step = { account: 'A', side: 'buy', size: 2, price: 100, kind: 'own', lagMs: 0, driftPrice: 100 };
    const record = { ...recordOf([base]), fills: [] };
    const at = [{ atMs: 0, mark: AT.mark }, AT];
    const unexplained = (listedUntilMs: number) =>
      pairStatements({ ...record, listedUntilMs }, at)[0]!.unexplained.toFixed();
    assert.deepEqual([unexplained(1_000), unexplained(60_000)], ['0', '200']);
    // Booked at 1 s; the clocks may be 10 s apart.
    assert.deepEqual([unexplained(10_999), unexplained(11_000)], ['0', '200']);
  });

  it('open lots at a moment without a mark are not valued; the rest is', () => {
    const base: Step = { account: 'A', side: 'buy', size: 2, price: 100, kind: 'own', lagMs: 0, driftPrice: 100 };
    const at = [0, 1_500, 60_000].map((atMs) => ({ atMs, mark: null }));
    const statements = pairStatements(recordOf([base, { ...base, account: 'B', side: 'sell', price: 101 }]), at);
    assert.deepEqual(
      statements.map(({ openLots, spread, unexplained }) => [
        openLots?.toFixed(),
        spread.toFixed(),
        unexplained.toFixed(),
      ]),
      [
        [undefined, '0', '0'],
        [undefined, '2', '0'],
      ],
    );
  });

  const base: Step = { account: 'A', side: 'buy', size: 2, price: 100, kind: 'own', lagMs: 0, driftPrice: 100 };
  const balance = (account: AccountName, size: string): BalanceRow => ({
    ...{
      type: 'balance',
      account,
      timeNs: 30_000_000_000n,
      equity: ZERO,
      cash: ZERO,
      sizes: { [SOL]: decimal(size) },
    },
    margin: { maintenance: ZERO, initial: null, availableToTransfer: null, isolated: [], liquidation: [] },
  });
  /** Hedged for a gain of 2, then 1 more bought at 99. */
  const three = [base, { ...base, account: 'B', side: 'sell', price: 101 }, { ...base, size: 1, price: 99 }] as const;
  const moment = (atMs: number, mark: number | null) => ({ atMs, mark: mark === null ? null : decimal(`${mark}`) });

  it('of two periods, each figure', () => {
    const at = [moment(0, 100), moment(3_000, 101), moment(60_000, 103)];
    assert.deepEqual(plain(pairStatements(recordOf(three), at)), [
      {
        ...{ spread: '2', unwindGain: '0', openLots: '2', differences: '0', unexplained: '0', rows: 3 },
        // −200 + 202 − 99; 1 at 101.
        ...{ cashFlow: '-97', held: '101' },
      },
      {
        ...{ spread: '0', unwindGain: '0', openLots: '2', differences: '0', unexplained: '0', rows: 0 },
        ...{ cashFlow: '0', held: '2' },
      },
    ]);
  });

  it('of periods that end between the trades, each figure', () => {
    const at = [moment(0, 100), moment(1_500, 101), moment(2_500, 102), moment(60_000, 103)];
    const none = { unwindGain: '0', differences: '0', unexplained: '0', rows: 1 };
    assert.deepEqual(plain(pairStatements(recordOf(three), at)), [
      { ...none, spread: '0', openLots: '2', cashFlow: '-200', held: '202' },
      { ...none, spread: '2', openLots: '-2', cashFlow: '202', held: '-202' },
      { ...none, spread: '0', openLots: '4', cashFlow: '-99', held: '103' },
    ]);
  });

  /** One order with two fills, 2 at 100 after 1 s and 2 at 104 after 2 s, booked so much later. */
  const twoFills = (...lagsMs: [number, number]): PairRecord => {
    const [first, second] = lagsMs;
    const record = recordOf([
      { ...base, lagMs: first },
      { ...base, price: 104, lagMs: second },
    ]);
    const { clientOrderId } = record.fills[0]!;
    const fills = record.fills.map((fill) => ({ ...fill, clientOrderId }));
    return { ...record, fills, bookings: record.bookings.map((booking) => ({ ...booking, clientOrderId })) };
  };
  // At a mark of 101: 2 at 100 are worth 2 more than paid, 2 at 104 6 less.
  const partly: [name: string, lags: [number, number], atMs: number, openLots: string][] = [
    ['what is filled and not booked yet', [20_000, 20_000], 1_500, '2'],
    ['at the time of the fill', [20_000, 20_000], 1_000, '2'],
    ['just before it', [20_000, 20_000], 999, '0'],
    ['of two fills the first is booked, the second waits', [500, 20_000], 2_500, '-4'],
    ['both wait', [20_000, 20_000], 2_500, '-4'],
    ['what is booked before its fill, by a clock that is behind', [-500, -500], 750, '0'],
    ['at the time of the booking', [-500, -500], 500, '0'],
    ['of two bookings the second is before its fill', [-500, -500], 1_750, '2'],
    ['both fills are there', [-500, -500], 2_000, '-4'],
  ];
  for (const [name, lags, atMs, openLots] of partly) {
    it(`4.3 open lots count as the exchange’s fills: ${name}`, () => {
      const at = [moment(0, 100), moment(atMs, 101), moment(60_000, 101)];
      const statements = pairStatements(twoFills(...lags), at);
      assert.deepEqual(
        statements.map((one) => [one.openLots?.toFixed(), one.unexplained.toFixed()]),
        [
          [openLots, '0'],
          [decimal('-4').minus(openLots).toFixed(), '0'],
        ],
      );
    });
  }

  it('a fill beyond what the ledger knows of an order is not explained, though the order is managed', () => {
    const record = recordOf([base]);
    const more = { ...record.fills[0]!, tradeId: '9', size: decimal('1'), timeNs: 5_000_000_000n };
    const { clientOrderId } = more;
    const order = { clientOrderId, tradedSize: decimal('2'), bookedSize: decimal('2') } as ManagedOrder;
    const state = { ...record.state, orders: [order] };
    const [statement] = pairStatements({ ...record, state, fills: [...record.fills, more] }, [moment(0, 101), AT]);
    assert.equal(statement!.unexplained.toFixed(), '-100');
  });

  it('of an order with an old and a new booking the newer may not be listed yet', () => {
    const { fills, bookings, ...record } = twoFills(0, 57_000);
    const listed = { ...record, bookings, fills: fills.slice(0, 1) };
    const unexplained = (listedUntilMs: number) =>
      pairStatements({ ...listed, listedUntilMs }, [moment(0, 101), AT])[0]!.unexplained.toFixed();
    assert.deepEqual([unexplained(60_000), unexplained(69_000)], ['0', '208']);
  });

  it('an unwind: its gain, and what was sold of the open lot', () => {
    const steps = [base, { ...base, side: 'sell', size: 1, price: 104 } as const];
    assert.deepEqual(plain(pairStatements(recordOf(steps), [moment(0, 100), moment(60_000, 102)])), [
      {
        ...{ spread: '0', unwindGain: '4', openLots: '2', differences: '0', unexplained: '0', rows: 2 },
        ...{ cashFlow: '-96', held: '102' },
      },
    ]);
  });

  const marks: [name: string, from: number | null, to: number | null, openLots: string | undefined, held: string][] = [
    ['both known', 100, 103, '3', '3'],
    ['the first alone values both; open lots are not valued', 100, null, undefined, '0'],
    ['the last alone', null, 103, undefined, '0'],
    ['none', null, null, undefined, '0'],
  ];
  for (const [name, from, to, openLots, held] of marks) {
    it(`a period with a lot open at both ends, marks: ${name}`, () => {
      const steps = [{ ...base, size: 1 } as const];
      const [, statement] = pairStatements(recordOf(steps), [moment(0, 100), moment(2_000, from), moment(9_000, to)]);
      assert.equal(statement!.openLots?.toFixed(), openLots);
      assert.equal(statement!.held.toFixed(), held);
      assert.equal(statement!.unexplained.toFixed(), '0');
    });
  }

  it('without a mark, no lots open at either end are worth nothing', () => {
    const steps = [base, { ...base, account: 'B', side: 'sell', price: 101 } as const];
    const [statement] = pairStatements(recordOf(steps), [moment(0, null), moment(60_000, null)]);
    assert.deepEqual([statement!.openLots?.toFixed(), statement!.spread.toFixed()], ['0', '2']);
  });

  it('10.5 what is not adopted is valued at the mark of each end', () => {
    const at = [moment(0, 100), moment(3_000, 101), moment(60_000, 104)];
    const record = recordOf([{ ...base, kind: 'unadopted' }]);
    const statements = pairStatements({ ...record, balances: [balance('A', '2'), balance('B', '0')] }, at);
    assert.deepEqual(
      statements.map(({ differences, held, openLots }) => [differences.toFixed(), held.toFixed(), openLots?.toFixed()]),
      [
        ['2', '202', '0'],
        ['6', '6', '0'],
      ],
    );
  });

  it('what was held before the first fill is reported by the balances', () => {
    const record = recordOf([base]);
    const balances = [balance('A', '5'), balance('B', '-3')];
    const [statement] = pairStatements({ ...record, balances }, [{ atMs: 0, mark: decimal('100') }, AT]);
    // Held: nothing before (3 − 3), 2 at 101 after.
    assert.deepEqual([statement!.held.toFixed(), statement!.unexplained.toFixed()], ['202', '0']);
  });
});

describe('what the ledger booked by a fact (strategy 4.4, 4.6)', () => {
  const match = (kind: 'hedge' | 'unwind' | 'netting', gainUsdt: string) => ({ kind, gainUsdt: decimal(gainUsdt) });
  const matches = [match('hedge', '1.5'), match('unwind', '-0.5'), match('hedge', '0.25'), match('netting', '-9')];
  const common = { instrument: SOL, account: 'B', atMs: 7, matches };
  const gains = { spread: '1.75', unwindGain: '-0.5' };
  const own = { ...common, type: 'fill.booked', clientOrderId: '9', fillSize: decimal('2'), fillPrice: decimal('100') };
  const drift = { ...common, type: 'drift.adopted', difference: decimal('-3'), price: decimal('101') };
  const of = { instrument: SOL, account: 'B', atMs: 7, ...gains };
  const cases: [name: string, fact: unknown, booking: unknown][] = [
    ['a buy', { ...own, side: 'buy' }, { ...of, clientOrderId: '9', size: '2', price: '100' }],
    ['a sell', { ...own, side: 'sell' }, { ...of, clientOrderId: '9', size: '-2', price: '100' }],
    ['10.5 drift is of no order', drift, { ...of, clientOrderId: null, size: '-3', price: '101' }],
    ['another fact', { ...drift, type: 'drift.seen' }, null],
  ];
  for (const [name, fact, booking] of cases) {
    it(name, () => assert.deepEqual(plain(bookingOf(fact as Fact)), booking));
  }
});
