import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Explanation, explain, OWN_LOOKED_UP_MAX, ownFills } from '../../src/core/drift.ts';
import type { AccountFill } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { reconcile } from '../../src/core/reconcile.ts';
import { CLOSED_ORDERS_REMEMBERED, type SymbolState } from '../../src/core/symbol-state.ts';
import { d, NOW, order, position, seen, snapshot, stateWith } from '../support/core.ts';

/** Differences of positions, and the fills that explain them (strategy 10.5). */

const own = (sequence: number) => clientOrderIdOf('A', 'sell', BigInt(sequence));
const OURS = own(1);

/** `5@700` a buy of 5 at 700, `-5@700` a sell; each a second older than the one before. */
function fills(...of: readonly (string | readonly [what: string, clientOrderId: string])[]): AccountFill[] {
  return of.map((one, index) => {
    const [what, clientOrderId] = typeof one === 'string' ? [one, '0'] : one;
    const [size, price] = what.split('@').map((text) => d(text));
    const side = size!.gt(0) ? 'buy' : 'sell';
    return {
      instrument: 'X',
      side,
      size: size!.abs(),
      price: price!,
      timeMs: NOW - 1_000 * (index + 1),
      clientOrderId,
    };
  });
}

function plain(found: Explanation | null): string | null {
  if (found === null) return null;
  const words = found.own.map(
    ({ clientOrderId, size, price }) => `own ${clientOrderId === OURS ? 1 : '?'} ${size}@${price}`,
  );
  return [
    ...words,
    ...(found.rest === null ? [] : [`${found.rest.size}@${found.rest.price}${found.rest.byHand ? ' by hand' : ''}`]),
  ].join(', ');
}

describe('10.5 the fills that explain a difference', () => {
  const state = stateWith();
  const rows: readonly [
    name: string,
    difference: string,
    of: AccountFill[],
    found: string | null,
    over?: Partial<SymbolState>,
  ][] = [
    ['one deleveraging', '-5', fills('-5@700'), '-5@700'],
    ['a liquidation in three fills, at their average', '-6', fills('-1@690', '-2@700', '-3@710'), '-6@703.33'],
    ['a trade of a person and a deleveraging', '-3', fills(['-2@700', '77'], '-1@640'), '-3@680'],
    ['two trades of a person', '-3', fills(['-2@700', '77'], ['-1@640', '78']), '-3@680 by hand'],
    ['the other way between: what was paid for what is there', '-3', fills('-5@700', '2@650'), '-3@700'],
    ['the newest are enough: older ones are not asked for', '-5', fills('-5@700', '-5@600'), '-5@700'],
    ['a round trip after it', '-5', fills('1@705', '-1@704', '-5@700'), '-5@700.67'],
    ['a history that lags', '-5', fills('-2@700'), null],
    ['a history that has nothing', '-5', [], null],
    ['one that does not come to it', '-5', fills('-4@700', '-2@710'), null],
    ['one of before the last adoption', '-5', fills('-5@700'), null, { fillsFromMs: { A: NOW, B: 0 } }],
    ['an order of ours that nobody knows', '-5', fills(['-5@700', OURS]), 'own 1 -5@700'],
    ['one that filled in parts', '-5', fills(['-2@702', OURS], ['-3@700', OURS]), 'own 1 -5@700.8'],
    ['one of ours beside a deleveraging', '-7', fills('-5@700', ['-2@690', OURS]), 'own 1 -2@690, -5@700'],
    ['one that was let go with all of it booked', '-5', fills(['-2@690', OURS], '-5@700'), '-5@700', closed('2')],
    [
      'one that was let go with a part of it booked',
      '-3',
      fills(['-3@690', OURS], ['-2@700', OURS]),
      'own 1 -3@690',
      closed('2'),
    ],
    [
      'one that is managed is none of it',
      '-5',
      fills(['-5@690', OURS]),
      null,
      { orders: [{ ...order('A', 'sell', 5, 690), clientOrderId: OURS }] },
    ],
  ];
  function closed(booked: string): Partial<SymbolState> {
    return { closed: [OURS], closedSizes: { [OURS]: d(booked) } };
  }
  for (const [name, difference, of, found, over] of rows) {
    it(name, () => {
      const explained = explain({ ...state, ...over }, 'A', { difference: d(difference), sinceMs: NOW }, of);
      assert.equal(plain(explained && rounded(explained)), found);
    });
  }
  const rounded = ({ rest, ...also }: Explanation): Explanation => ({
    ...also,
    rest: rest && { ...rest, price: rest.price.toDecimalPlaces(2) },
  });

  it('own orders are bounded, and old ones do not count where closed ones are forgotten', () => {
    const many = fills(...Array.from({ length: 30 }, (_, index) => ['-1@700', own(index)] as const));
    assert.equal(ownFills(state, 'A', NOW, many).length, OWN_LOOKED_UP_MAX);
    const full = { ...state, closed: Array.from({ length: CLOSED_ORDERS_REMEMBERED }, (_, index) => own(index + 100)) };
    const old = fills(['-1@700', OURS]).map((fill) => ({ ...fill, timeMs: NOW - 3_600_000 }));
    assert.equal(ownFills(full, 'A', NOW, old).length, 0);
    assert.equal(ownFills(state, 'A', NOW, old).length, 1);
  });
});

type Told = readonly [
  atSec: number,
  of: readonly AccountFill[] | null | undefined,
  over?: Parameters<typeof snapshot>[2],
];

describe('10.5 a difference into the ledger', () => {
  /** Readings of A from 0 s on: when, position, and what the history then has; undefined: not asked for, null: unreadable. */
  function after(
    sizes: string,
    readings: readonly Told[],
    from = stateWith({ begun: true, booked: { A: d(10), B: d(-10) } }),
  ) {
    let state = from;
    const facts = readings.flatMap(([atSec, of, over]) => {
      const held = position(sizes, { entryPrice: d(600) });
      const reading = snapshot('A', held, {
        atMs: NOW + atSec * 1_000,
        ...(of === undefined ? {} : { fills: of }),
        ...over,
      });
      const taken = reconcile(state, reading, { partialFillTimeoutMs: 1_800_000 }, d(650));
      state = taken.state;
      return taken.facts;
    });
    const lots = state.lots.map(({ side, size, price, source }) => `${side} ${size}@${price} ${source}`);
    return { state, facts: facts.map(({ type }) => type), lots };
  }
  const ADL = fills('-5@700');

  it('a deleveraging is booked at its price, never at entry_price', () => {
    const { lots, state } = after('5', [
      [0, undefined],
      [5, undefined],
      [10, undefined],
      [11, ADL],
    ]);
    assert.deepEqual(lots, ['sell 5@700 drift']);
    assert.equal(state.fillsFromMs?.A, ADL[0]?.timeMs);
    assert.equal(state.contradiction.A, null);
  });

  it('the history is asked for when the difference lasts, not before', () => {
    const asked = (...readings: readonly Told[]) => after('5', readings).state.contradiction.A?.history;
    assert.equal(asked([0, undefined], [5, undefined]), undefined);
    assert.deepEqual(asked([0, undefined], [5, undefined], [10, undefined]), {
      sinceMs: NOW - 86_400_000,
      clientOrderIds: [],
    });
  });

  it('a history that lags is asked again, and explains it when it has followed', () => {
    const start = [
      [0, undefined],
      [5, undefined],
      [10, []],
      [15, fills('-1@700')],
    ] as const;
    assert.deepEqual(after('5', start).lots, []);
    assert.deepEqual(after('5', [...start, [18, ADL]]).lots, ['sell 5@700 drift']);
    assert.deepEqual(after('5', [...start, [20, fills('-1@700')]]).lots, ['sell 5@650 drift'], 'else the mark');
  });

  it('a history that cannot be read is asked for a minute', () => {
    const start = [
      [0, undefined],
      [5, undefined],
      [10, null],
      [59, null],
    ] as const;
    assert.deepEqual(after('5', start).lots, []);
    assert.deepEqual(after('5', [...start, [60, null]]).lots, ['sell 5@650 drift']);
  });

  it('an order of ours is looked up first, and what it filled is its fill, not drift', () => {
    const mine = fills(['-5@701', OURS]);
    const start = [
      [0, undefined],
      [5, undefined],
      [10, mine],
    ] as const;
    const asked = after('5', start);
    assert.deepEqual(asked.state.contradiction.A?.history?.clientOrderIds, [OURS]);
    assert.deepEqual(asked.lots, []);
    const over = after('5', [...start, [11, mine, { absent: [OURS] }]]);
    assert.deepEqual([over.lots, over.facts.slice(1)], [['sell 5@701 fill'], ['fill.booked']]);
    assert.deepEqual(over.state.closed, [OURS]);
    const open = seen(
      { ...order('A', 'sell', 8, 701), clientOrderId: OURS },
      { tradedSize: d(5), avgFillPrice: d(701) },
    );
    const found = after('5', [...start, [11, mine, { orders: [open], lookedUp: [OURS] }]]);
    assert.deepEqual(found.lots, [], 'one that rests is managed: its partial fill waits');
    assert.equal(found.state.orders[0]?.tradedSize.toFixed(), '5');
    assert.equal(found.state.contradiction.A, null);
  });

  it('an order of ours beside fills that are not there yet: its part is its own, the rest is drift at the mark', () => {
    const mine = fills(['-2@701', OURS]);
    const { lots } = after('5', [
      [0, undefined],
      [5, undefined],
      [10, mine],
      [21, mine, { absent: [OURS] }],
    ]);
    assert.deepEqual(lots, ['sell 2@701 fill', 'sell 3@650 drift']);
  });
});
