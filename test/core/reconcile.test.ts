import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Decimal, sum, ZERO } from '../../src/core/decimal.ts';
import { DRIFT_MS, DRIFT_SNAPSHOTS } from '../../src/core/drift.ts';
import { lotsNet } from '../../src/core/ledger.ts';
import { addSent, confirm, markUnknown } from '../../src/core/managed-orders.ts';
import type { AccountName, ExchangeOrder, ManagedOrder, SymbolSnapshot } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { begin, type Reconciled, reconcile } from '../../src/core/reconcile.ts';
import { CLOSED_ORDERS_REMEMBERED, type SymbolState } from '../../src/core/symbol-state.ts';
import { valuePair } from '../../src/core/valuing.ts';
import {
  anyAccount,
  anyPrice,
  anySide,
  anySize,
  d,
  instrument,
  lot,
  NOW,
  order,
  position,
  seedFor,
  seen,
  signed,
  snapshot,
  stateWith,
} from '../support/core.ts';

const seed = seedFor('core/reconcile');

const TIMEOUT = 1_800_000;
const SETTINGS = { partialFillTimeoutMs: TIMEOUT };

function take(state: SymbolState, reading: SymbolSnapshot, mark: Decimal | null = d(100)): Reconciled {
  return reconcile(state, reading, SETTINGS, mark);
}

function types(taken: Reconciled): string[] {
  return taken.facts.map((fact) => fact.type);
}

/** One reading of A with that order as the exchange has it, and the position that goes with it. */
function reading(of: ManagedOrder, over: Partial<ExchangeOrder>, size: string | number, atMs = NOW): SymbolSnapshot {
  return snapshot(of.account, size, { orders: [seen(of, over)], atMs });
}

describe('18.1 a symbol that begins from the positions keeps what may still arrive', () => {
  const late = order('A', 'buy', 10, 100, { unknown: true });
  const begunWith = (orders: readonly ExchangeOrder[]) =>
    begin(stateWith({ begun: false, orders: [late] }), { A: snapshot('A', 0, { orders }), B: snapshot('B', 0) }, NOW);

  it('in doubt, where neither list shows it', () => {
    const { state, facts } = begunWith([]);
    assert.deepEqual(state.orders, [late]);
    assert.deepEqual(
      facts.map((fact) => fact.type),
      ['lots.restored'],
    );
  });

  it('as the exchange shows it, once, where it rests', () => {
    const { state } = begunWith([seen(late)]);
    assert.deepEqual(
      state.orders.map((one) => [one.clientOrderId, one.unknown]),
      [[late.clientOrderId, false]],
    );
  });

  it('not at all where it is over: its fills are part of the positions', () => {
    assert.deepEqual(begunWith([seen(late, { status: 'FILLED', tradedSize: d(10) })]).state.orders, []);
  });
});

describe('4.1 4.2 4.3 fills enter the ledger', () => {
  const buy = order('A', 'buy', 10, 100);

  it('4.2 an order that is over has its whole increment booked at once', () => {
    const before = stateWith({ orders: [buy] });
    for (const status of ['FILLED', 'CANCELLED', 'REJECTED'] as const) {
      const taken = take(before, reading(buy, { status, tradedSize: d(4), avgFillPrice: d(100) }, 4));
      assert.deepEqual(types(taken), ['fill.booked', 'order.over']);
      assert.equal(lotsNet(taken.state.lots).toFixed(), '4');
      assert.deepEqual(taken.state.orders, []);
      assert.equal(taken.agrees, true);
    }
  });

  it('4.2 an order that is over with nothing traded leaves no lot', () => {
    const taken = take(stateWith({ orders: [buy] }), reading(buy, { status: 'CANCELLED' }, 0));
    assert.deepEqual(types(taken), ['order.over']);
    assert.deepEqual(taken.state.lots, []);
  });

  it('4.3 a partial fill of an open order waits', () => {
    const taken = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4));
    assert.deepEqual(types(taken), ['fill.waiting']);
    assert.deepEqual(taken.state.lots, []);
    assert.equal(taken.state.orders[0]?.firstPartialAtMs, NOW);
    assert.equal(taken.agrees, true);
  });

  it('4.3 a further fill or a new snapshot does not restart the clock', () => {
    let state = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4)).state;
    state = take(state, reading(buy, { tradedSize: d(5), avgFillPrice: d(100) }, 5, NOW + 1_000_000)).state;
    state = take(state, reading(buy, { tradedSize: d(5), avgFillPrice: d(100) }, 5, NOW + TIMEOUT - 1)).state;
    assert.equal(state.orders[0]?.firstPartialAtMs, NOW);
    assert.deepEqual(state.lots, []);
    const taken = take(state, reading(buy, { tradedSize: d(5), avgFillPrice: d(100) }, 5, NOW + TIMEOUT));
    assert.deepEqual(types(taken), ['fill.booked']);
    assert.equal(lotsNet(taken.state.lots).toFixed(), '5');
  });

  it('4.3 after the time-out each increment is booked as it comes', () => {
    let state = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4)).state;
    state = take(state, reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4, NOW + TIMEOUT)).state;
    const taken = take(state, reading(buy, { tradedSize: d(6), avgFillPrice: d(100) }, 6, NOW + TIMEOUT + 2000));
    assert.deepEqual(types(taken), ['fill.booked']);
    assert.equal(lotsNet(taken.state.lots).toFixed(), '6');
    assert.equal(taken.state.orders[0]?.bookedSize.toFixed(), '6');
  });

  it('4.3 first filled in the future, before our clock was set back, it waits from now on', () => {
    const half = { tradedSize: d(4), avgFillPrice: d(100) };
    const ahead = { ...buy, ...half, firstPartialAtMs: NOW + 3_600_000 };
    const first = take(stateWith({ orders: [ahead] }), reading(ahead, half, 4));
    assert.equal(first.state.orders[0]?.firstPartialAtMs, NOW);
    assert.deepEqual(types(take(first.state, reading(ahead, half, 4, NOW + TIMEOUT - 1))), []);
    assert.deepEqual(types(take(first.state, reading(ahead, half, 4, NOW + TIMEOUT))), ['fill.booked']);
  });

  it('4.3 what waits is reported once, not with every snapshot', () => {
    const state = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4)).state;
    assert.deepEqual(types(take(state, reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4, NOW + 2000))), []);
  });

  it('a reading that says nothing new leaves the very same value: nothing is written down again', () => {
    const confirmed = { ...buy, confirmedAtMs: NOW - 5_000 };
    const untouched = stateWith({ orders: [confirmed] });
    assert.equal(take(untouched, reading(confirmed, {}, 0, NOW + 2_000)).state, untouched);
    const partly = reading(confirmed, { tradedSize: d(4), avgFillPrice: d(100) }, 4, NOW + 2_000);
    const waiting = take(untouched, partly).state;
    assert.notEqual(waiting, untouched);
    assert.equal(take(waiting, { ...partly, requestedAtMs: NOW + 4_000, receivedAtMs: NOW + 4_000 }).state, waiting);
  });

  it('4.2 4.3 of an order that is over only what is not booked yet is booked', () => {
    const half = {
      ...buy,
      tradedSize: d(6),
      bookedSize: d(4),
      bookedValueUsdt: d(400),
      firstPartialAtMs: NOW - TIMEOUT,
    };
    const before = stateWith({ orders: [half], lots: [lot(1, 'A', 'buy', 4, 100)], booked: { A: d(4), B: d(0) } });
    const taken = take(before, reading(half, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) }, 10));
    assert.equal(lotsNet(taken.state.lots).toFixed(), '10');
    assert.equal(taken.agrees, true);
  });

  it('4.1 the booked price is that of the increment, not the average', () => {
    const half = {
      ...buy,
      tradedSize: d(5),
      bookedSize: d(5),
      bookedValueUsdt: d(500),
      firstPartialAtMs: NOW - TIMEOUT,
    };
    const before = stateWith({ orders: [half], booked: { A: d(5), B: d(0) } });
    const taken = take(before, reading(half, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(101) }, 10));
    assert.equal(taken.state.lots[0]?.price.toFixed(), '102');
  });

  it('4.4 a booked fill closes lots, and the fact says which and what is left', () => {
    const before = stateWith({ orders: [buy], lots: [lot(1, 'B', 'sell', 4, 101)], booked: { A: d(0), B: d(-4) } });
    const taken = take(before, reading(buy, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(100) }, 10));
    const [fact] = taken.facts;
    assert.equal(fact?.type, 'fill.booked');
    if (fact?.type !== 'fill.booked') return;
    assert.equal(fact.matches[0]?.kind, 'hedge');
    assert.equal(fact.openedLotSize.toFixed(), '6');
    assert.equal(fact.netAfter.toFixed(), '6');
  });

  it('10.4 10.5 an order that is over at an impossible average is let go, and the position says what is true', () => {
    const clientOrderId = clientOrderIdOf('A', 'buy', 9n);
    const half = {
      ...buy,
      clientOrderId,
      tradedSize: d(5),
      avgFillPrice: d(100),
      bookedSize: d(5),
      bookedValueUsdt: d(500),
    };
    const held = { lots: [lot(1, 'A', 'buy', 5, 100)], booked: { A: d(5), B: d(0) }, orders: [half] };
    const filled = { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(49) } as const;
    let taken = take(stateWith(held), reading(half, filled, 10));
    assert.deepEqual(types(taken), ['order.over']);
    const [over] = taken.facts;
    assert.equal(
      over?.type === 'order.over' && over.reason,
      'impossible avg_fill_price 49: 500 USDT of it are booked',
      'the field is named',
    );
    assert.deepEqual(taken.state.orders, []);
    assert.deepEqual(taken.state.closed, [half.clientOrderId]);
    assert.equal(taken.agrees, false, 'nothing is decided until the position has been believed');
    const paid = {
      instrument: 'X',
      side: 'buy',
      size: d(5),
      price: d(98),
      timeMs: NOW - 1,
      clientOrderId: half.clientOrderId,
    } as const;
    const fills = [paid, { ...paid, price: d(100), timeMs: NOW - 2 }];
    for (const later of [5_000, 10_000, 11_000])
      taken = take(taken.state, snapshot('A', 10, { atMs: NOW + later, fills, absent: [half.clientOrderId] }));
    assert.deepEqual(types(taken), [], 'booked, and only once');
    assert.deepEqual(
      taken.state.lots.map(({ size, price, source }) => [size.toFixed(), price.toFixed(), source]),
      [
        ['5', '100', 'fill'],
        ['5', '98', 'fill'],
      ],
      'its fills say what was paid',
    );
  });

  it('10.4 one that is open is left alone: a later answer may be right', () => {
    const taken = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(5), avgFillPrice: d(0) }, 5));
    assert.equal(taken.state.orders.length, 1);
    assert.deepEqual(taken.state.lots, []);
    assert.equal(taken.agrees, false);
  });

  it('10.4 an older answer than one we had changes nothing: cumulative sizes never shrink', () => {
    const state = take(stateWith({ orders: [buy] }), reading(buy, { tradedSize: d(4), avgFillPrice: d(100) }, 4)).state;
    const taken = take(state, reading(buy, { tradedSize: d(2), avgFillPrice: d(100) }, 4, NOW + 1000));
    assert.equal(taken.state.orders[0]?.tradedSize.toFixed(), '4');
    assert.deepEqual(types(taken), []);
  });
});

describe('9.4 10.2 orders that a snapshot shows or lacks', () => {
  const buy = order('A', 'buy', 10, 100);

  it('10.2 an order that is simply missing from a snapshot stays live', () => {
    const taken = take(stateWith({ orders: [buy] }), snapshot('A', 0));
    assert.equal(taken.state.orders.length, 1);
    assert.deepEqual(taken.lost, []);
  });

  it('10.2 9.6 an order the exchange says it does not know becomes unknown, and is to be found out', () => {
    const taken = take(stateWith({ orders: [buy] }), snapshot('A', 0, { absent: [buy.clientOrderId] }));
    assert.equal(taken.state.orders[0]?.unknown, true);
    assert.deepEqual(
      taken.lost.map((one) => one.clientOrderId),
      [buy.clientOrderId],
    );
  });

  it('10.2 an order unknown already is not lost a second time', () => {
    const unknown = { ...buy, unknown: true };
    assert.deepEqual(
      take(stateWith({ orders: [unknown] }), snapshot('A', 0, { absent: [buy.clientOrderId] })).lost,
      [],
    );
  });

  it('10.2 an absence says nothing of an order confirmed after the snapshot was requested', () => {
    const young = { ...buy, confirmedAtMs: NOW - 40 };
    const taken = take(stateWith({ orders: [young] }), snapshot('A', 0, { absent: [buy.clientOrderId] }));
    assert.deepEqual(taken.lost, []);
    assert.equal(taken.state.orders[0]?.unknown, false);
  });

  it('10.2 an order confirmed in the future was confirmed before our clock was set back', () => {
    const confirmed = { ...buy, confirmedAtMs: NOW + 3_600_000 };
    const taken = take(stateWith({ orders: [confirmed] }), snapshot('A', 0, { absent: [buy.clientOrderId] }));
    assert.equal(taken.lost.length, 1);
  });

  it('10.2 an absence says nothing of an order that is not confirmed', () => {
    const sent = { ...buy, confirmedAtMs: null };
    assert.deepEqual(take(stateWith({ orders: [sent] }), snapshot('A', 0, { absent: [buy.clientOrderId] })).lost, []);
  });

  it('10.2 an absence on one account says nothing of the other’s orders', () => {
    assert.deepEqual(take(stateWith({ orders: [buy] }), snapshot('B', 0, { absent: [buy.clientOrderId] })).lost, []);
  });

  it('9.4 an order seen OPEN is confirmed and known', () => {
    const sent = { ...buy, confirmedAtMs: null, unknown: true };
    const [after] = take(stateWith({ orders: [sent] }), reading(sent, {}, 0)).state.orders;
    assert.equal(after?.confirmedAtMs, NOW);
    assert.equal(after?.unknown, false);
  });

  it('9.4 an order seen PENDING is neither confirmed nor known', () => {
    const sent = { ...buy, confirmedAtMs: null, unknown: true };
    const [after] = take(stateWith({ orders: [sent] }), reading(sent, { status: 'PENDING' }, 0)).state.orders;
    assert.equal(after?.confirmedAtMs, null);
    assert.equal(after?.unknown, true);
  });

  it('9.2 11.4 a strategy order we do not know is adopted, its fills booked like any other’s', () => {
    const found = order('A', 'buy', 10, 100);
    const taken = take(stateWith(), reading(found, { tradedSize: d(3), avgFillPrice: d(100) }, 3));
    assert.deepEqual(types(taken), ['order.adopted', 'fill.waiting']);
    assert.equal(taken.state.orders[0]?.price.toFixed(), '100');
    assert.equal(taken.agrees, true);
  });

  it('9.6 an order proven absent that appears all the same is adopted', () => {
    const late = order('A', 'buy', 10, 100);
    const without = stateWith({ orders: [] });
    assert.equal(take(without, reading(late, {}, 0)).state.orders.length, 1);
  });

  it('11.4 an unknown order that is over already is not adopted', () => {
    const gone = order('A', 'buy', 10, 100);
    assert.deepEqual(take(stateWith(), reading(gone, { status: 'CANCELLED' }, 0)).state.orders, []);
  });

  it('10.4 a stale answer does not bring back an order that is over', () => {
    const before = stateWith({ orders: [buy] });
    const after = take(before, reading(buy, { status: 'CANCELLED' }, 0)).state;
    const again = take(after, reading(buy, {}, 0, NOW + 1000));
    assert.deepEqual(again.state.orders, []);
    assert.deepEqual(again.facts, []);
  });

  it('10.4 a bounded number of closed orders is remembered, the latest ones', () => {
    let state = stateWith();
    const ids: string[] = [];
    for (let count = 0; count < CLOSED_ORDERS_REMEMBERED + 5; count += 1) {
      const one = order('A', 'buy', 1, 100);
      ids.push(one.clientOrderId);
      state = take({ ...state, orders: [one] }, reading(one, { status: 'CANCELLED' }, 0)).state;
    }
    assert.deepEqual(state.closed, ids.slice(-CLOSED_ORDERS_REMEMBERED));
  });

  it('11.4 an adopted order against the net is a repair, any other an opening', () => {
    const against = order('B', 'sell', 4, 101);
    const along = order('A', 'buy', 4, 99);
    const held = stateWith({ lots: [lot(1, 'A', 'buy', 4, 100)], booked: { A: d(4), B: d(0) } });
    assert.equal(take(held, snapshot('B', 0, { orders: [seen(against)] })).state.orders[0]?.purpose, 'repair');
    assert.equal(take(held, snapshot('A', 4, { orders: [seen(along)] })).state.orders[0]?.purpose, 'opening');
    assert.equal(take(stateWith(), snapshot('B', 0, { orders: [seen(against)] })).state.orders[0]?.purpose, 'opening');
  });

  it('8.2 orders are kept oldest first, adopted ones in their place', () => {
    const young = order('A', 'buy', 1, 99, { sentAtMs: NOW - 1000 });
    const old = order('A', 'buy', 1, 98, { sentAtMs: NOW - 9000 });
    const state = take(stateWith({ orders: [young] }), snapshot('A', 0, { orders: [seen(young), seen(old)] })).state;
    assert.deepEqual(
      state.orders.map((one) => one.clientOrderId),
      [old.clientOrderId, young.clientOrderId],
    );
  });
});

describe('10.5 drift', () => {
  const STEP_MS = 5000;

  /** Readings of A with these positions, 5 s apart, and fills at 98 that explain them; entry price 97 where there is one. */
  function readings(
    state: SymbolState,
    sizes: readonly (number | null)[],
    stepMs = STEP_MS,
    mark: Decimal | null = d(100),
    isExplained = true,
  ): Reconciled[] {
    const taken: Reconciled[] = [];
    let now = state;
    sizes.forEach((size, index) => {
      const held = size === null ? null : position(size, { entryPrice: d(97) });
      const moved = d(size ?? 0).minus(state.booked.A);
      const side = moved.gt(0) ? ('buy' as const) : ('sell' as const);
      const fill = { instrument: 'X', side, size: moved.abs(), price: d(98), timeMs: NOW - 1_000, clientOrderId: '0' };
      const fills = isExplained ? [fill] : [];
      const one = take(now, snapshot('A', held, { atMs: NOW + index * stepMs, fills }), mark);
      taken.push(one);
      now = one.state;
    });
    return taken;
  }

  it('10.5 the second snapshot that contradicts alike is reported, the third, 10 s after the first, adopted as a lot at what was paid, never at entry_price', () => {
    const taken = readings(stateWith(), [4, 4, 4]);
    assert.deepEqual(
      taken.map((one) => one.agrees),
      [false, false, true],
    );
    assert.deepEqual(taken.map(types), [[], ['drift.seen'], ['drift.adopted']]);
    const [synthetic] = taken[2]?.state.lots ?? [];
    assert.equal(synthetic?.size.toFixed(), '4');
    assert.equal(synthetic?.side, 'buy');
    assert.equal(synthetic?.price.toFixed(), '98');
    assert.equal(synthetic?.source, 'drift');
    assert.equal(taken[2]?.state.booked.A.toFixed(), '4');
  });

  it('10.5 10.6 a prefetched look-up is newer than the positions of its poll: a contradiction, until they come', () => {
    const sell = order('A', 'sell', 4, 100, { confirmedAtMs: NOW - 9_000 });
    const filled = seen(sell, { status: 'FILLED', tradedSize: d(4), avgFillPrice: d(100) });
    const poll = { orders: [filled], lookedUp: [sell.clientOrderId] };
    const first = take(stateWith({ orders: [sell] }), snapshot('A', 0, { ...poll, atMs: NOW }));
    assert.deepEqual(types(first), ['fill.booked', 'order.over']);
    assert.equal(first.agrees, false, 'the fill is known and the position is older: no decision');
    assert.equal(first.state.contradiction.A?.difference.toFixed(), '4');
    const second = take(first.state, snapshot('A', -4, { atMs: NOW + 2_000 }));
    assert.deepEqual(types(second), []);
    assert.equal(second.agrees, true);
    assert.equal(second.state.contradiction.A, null);
    assert.equal(lotsNet(second.state.lots).toFixed(), '-4', 'booked once');
    // An older poll received late, which still lists it: what is over stays over.
    const stale = take(second.state, snapshot('A', -4, { orders: [seen(sell, {})], atMs: NOW + 2_100 }));
    assert.equal(stale.state, second.state);
  });

  it('10.5 10.6 a reading whose size a frame outranks does not count, and the count begins again after it', () => {
    const asRead = [true, false, true, true, true];
    const seenAs = asRead.reduce<{ state: SymbolState; facts: string[][] }>(
      ({ state, facts }, read, index) => {
        const at = { atMs: NOW + index * STEP_MS, fills: [], asRead: read };
        const taken = take(state, snapshot('A', position(4), at), d(100));
        return {
          state: taken.state,
          facts: [...facts, [...types(taken), String(taken.state.contradiction.A?.snapshots)]],
        };
      },
      { state: stateWith(), facts: [] },
    );
    assert.deepEqual(seenAs.facts, [['1'], ['0'], ['1'], ['drift.seen', '2'], ['3']]);
    assert.equal(seenAs.state.contradiction.A?.alikeSinceMs, NOW + 2 * STEP_MS);
  });

  it('10.5 three snapshots in less than 10 s are not enough', () => {
    const taken = readings(stateWith(), [4, 4, 4, 4], 3333);
    assert.deepEqual(
      taken.map((one) => one.agrees),
      [false, false, false, false],
    );
    assert.equal(DRIFT_SNAPSHOTS, 3);
    assert.equal(DRIFT_MS, 10_000);
    assert.equal(readings(stateWith(), [4, 4, 4, 4], 3334).at(-1)?.agrees, true);
  });

  it('10.5 two snapshots are not enough, however long they are apart', () => {
    assert.equal(readings(stateWith(), [4, 4], 60_000).at(-1)?.agrees, false);
  });

  it('10.5 a snapshot that agrees again ends it: nothing is adopted', () => {
    const taken = readings(stateWith(), [4, 4, 0, 4, 4]);
    assert.equal(taken.at(-1)?.agrees, false);
    assert.equal(taken[2]?.agrees, true);
    assert.deepEqual(taken.at(-1)?.state.lots, []);
  });

  it('10.5 a difference that changes is counted again', () => {
    const taken = readings(stateWith(), [4, 4, 5, 5]);
    assert.equal(taken.at(-1)?.agrees, false);
    assert.equal(readings(stateWith(), [4, 4, 5, 5, 5]).at(-1)?.state.lots[0]?.size.toFixed(), '5');
  });

  it('10.5 the ten seconds are those of the difference as it is now', () => {
    const taken = readings(stateWith(), [4, 6, 6, 6, 6], 4000);
    assert.deepEqual(
      taken.map((one) => one.agrees),
      [false, false, false, false, true],
    );
  });

  it('10.5 since when positions contradict is kept whatever the difference, until they agree', () => {
    const taken = readings(stateWith(), [4, 6, 6, 0, 6]);
    assert.deepEqual(
      taken.map((one) => one.state.contradiction.A?.sinceMs ?? null),
      [NOW, NOW, NOW, null, NOW + 4 * STEP_MS],
    );
  });

  it('10.5 seen first in the future, before our clock was set back, it counts from now', () => {
    const later = { sinceMs: NOW + 3_600_000, alikeSinceMs: NOW + 3_600_000 };
    const contradiction = { A: { difference: d(4), ...later, snapshots: 5 }, B: null };
    const taken = readings(stateWith({ contradiction }), [4, 4, 4]);
    assert.deepEqual(
      taken.map((one) => one.agrees),
      [false, false, true],
    );
  });

  it('10.5 a drift that no fills explain waits 20 s for the history to follow, and is booked at the mark', () => {
    const held = stateWith({ lots: [lot(1, 'A', 'buy', 4, 99)], booked: { A: d(4), B: d(0) } });
    const last = readings(held, [null, null, null, null, null], STEP_MS, d(100), false).at(-1);
    assert.equal(last?.agrees, true);
    assert.deepEqual(last?.state.lots, []);
    assert.equal(last?.state.realised.unwindGainUsdt.toFixed(), '4');
  });

  it('10.5 such a drift without a mark waits for one', () => {
    const held = stateWith({ lots: [lot(1, 'A', 'buy', 4, 99)], booked: { A: d(4), B: d(0) } });
    assert.equal(readings(held, [null, null, null, null, null, null], STEP_MS, null, false).at(-1)?.agrees, false);
  });

  it('10.5 4.4 a drift closes lots by the rules of any fill: never at a loss', () => {
    const held = stateWith({ lots: [lot(1, 'A', 'buy', 4, 105)], booked: { A: d(4), B: d(0) } });
    const last = readings(held, [null, null, null, null, null], STEP_MS, d(100), false).at(-1);
    assert.deepEqual(
      last?.state.lots.map((one) => `${one.side} ${one.size.toFixed()} @ ${one.price.toFixed()}`),
      ['buy 4 @ 105', 'sell 4 @ 100'],
    );
    assert.ok(last && lotsNet(last.state.lots).isZero());
  });

  it('10.5 a shrunken position is a fill against it', () => {
    const held = stateWith({ lots: [lot(1, 'A', 'buy', 4, 90)], booked: { A: d(4), B: d(0) } });
    assert.equal(readings(held, [3, 3, 3]).at(-1)?.state.lots[0]?.size.toFixed(), '3');
  });

  it('10.5 9.6 an order of unknown outcome on that account holds the drift: it may be its fill', () => {
    const unknown = order('A', 'buy', 4, 100, { unknown: true });
    const taken = readings(stateWith({ orders: [unknown] }), [4, 4, 4, 4, 4]);
    assert.ok(taken.every((one) => !one.agrees));
    assert.ok(taken.every((one) => one.state.lots.length === 0));
  });

  it('10.5 9.4 an order that left and is not confirmed holds the drift too', () => {
    const sent = order('A', 'buy', 4, 100, { confirmedAtMs: null });
    const taken = readings(stateWith({ orders: [sent] }), [4, 4, 4, 4, 4]);
    assert.ok(taken.every((one) => !one.agrees));
    assert.ok(taken.every((one) => one.state.lots.length === 0));
  });

  it('10.5 an order of unknown outcome on the other account does not', () => {
    const unknown = order('B', 'buy', 4, 100, { unknown: true });
    assert.equal(readings(stateWith({ orders: [unknown] }), [4, 4, 4]).at(-1)?.agrees, true);
  });

  it('10.5 once the unknown order is seen filled the contradiction is gone, and nothing is booked twice', () => {
    const unknown = order('A', 'buy', 4, 100, { unknown: true });
    const state = readings(stateWith({ orders: [unknown] }), [4, 4, 4]).at(-1)?.state ?? stateWith();
    const taken = take(
      state,
      reading(unknown, { status: 'FILLED', tradedSize: d(4), avgFillPrice: d(100) }, 4, NOW + 60_000),
    );
    assert.equal(taken.agrees, true);
    assert.equal(lotsNet(taken.state.lots).toFixed(), '4');
  });

  it('10.5 a waiting partial fill is part of what the ledger expects', () => {
    const half = order('A', 'buy', 10, 100, { tradedSize: d(4), avgFillPrice: d(100), firstPartialAtMs: NOW });
    assert.equal(take(stateWith({ orders: [half] }), snapshot('A', 4)).agrees, true);
  });

  it('10.5 each account is judged on its own', () => {
    const first = take(stateWith(), snapshot('A', 4));
    const second = take(first.state, snapshot('B', 0));
    assert.equal(first.agrees, false);
    assert.equal(second.agrees, true);
    assert.notEqual(second.state.contradiction.A, null);
  });
});

// ------------------------------------------------------------------------------------------------------------------ generated

describe('I9 the signed sum of the lots is the net on every snapshot taken as usable', () => {
  /** What an exchange does between two readings. */
  type Act =
    | {
        readonly kind: 'send';
        readonly account: AccountName;
        readonly side: 'buy' | 'sell';
        readonly size: Decimal;
        readonly price: Decimal;
      }
    | { readonly kind: 'fill'; readonly which: number; readonly share: number }
    | { readonly kind: 'cancel'; readonly which: number }
    | { readonly kind: 'lose'; readonly which: number }
    | { readonly kind: 'trade by hand'; readonly account: AccountName; readonly steps: number }
    | { readonly kind: 'read'; readonly account: AccountName; readonly afterMs: number; readonly late: boolean };

  const act: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        account: anyAccount,
        side: anySide,
        size: anySize(),
        price: anyPrice,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('fill' as const),
        which: fc.nat(50),
        share: fc.integer({ min: 1, max: 100 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), which: fc.nat(50) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('trade by hand' as const),
        account: anyAccount,
        steps: fc.integer({ min: -500, max: 500 }),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        account: anyAccount,
        afterMs: fc.constantFrom(2000, 6000, 900_000),
        late: fc.boolean(),
      }),
    },
  );

  it('I9 I2 4.1 4.5 through random fills, partials, ends, lost answers and trades by hand', () => {
    let usable = 0;
    let adopted = 0;
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), (acts) => {
        let state = stateWith();
        let nowMs = NOW;
        const positions = { A: ZERO, B: ZERO };
        const venue: { order: ManagedOrder; traded: Decimal; value: Decimal; over: boolean; reported: boolean }[] = [];
        const agreed = { A: true, B: true };

        const read = (account: AccountName): void => {
          const own = venue.filter((one) => one.order.account === account && !(one.over && one.reported));
          const orders = own.map((one) => {
            one.reported = one.over;
            return seen(one.order, {
              status: one.over ? (one.traded.eq(one.order.size) ? 'FILLED' : 'CANCELLED') : 'OPEN',
              tradedSize: one.traded,
              avgFillPrice: one.traded.isZero() ? ZERO : one.value.div(one.traded),
            });
          });
          const held = positions[account];
          const taken = take(
            state,
            snapshot(account, held.isZero() ? null : position(held.toFixed(), { entryPrice: d(100) }), {
              orders,
              atMs: nowMs,
              fills: [],
            }),
          );
          for (const fact of taken.facts) {
            if (fact.type === 'drift.adopted') adopted += 1;
            if (fact.type !== 'fill.booked' && fact.type !== 'drift.adopted') continue;
            assert.ok(
              fact.matches.every((match) => match.gainUsdt.gte(0)),
              'I2',
            );
          }
          state = taken.state;
          agreed[account] = taken.agrees;
          assert.equal(taken.agrees, state.contradiction[account] === null);
          if (taken.agrees) {
            const waits = sum(
              state.orders
                .filter((one) => one.account === account)
                .map((one) => signed(one.side, one.tradedSize.minus(one.bookedSize))),
            );
            assert.ok(state.booked[account].plus(waits).eq(held), 'the account’s ledger is its position');
          }
          if (!agreed.A || !agreed.B) return;
          // Both readings are usable only if nothing moved on the other account since its own.
          usable += 1;
          const both = { A: state.booked.A, B: state.booked.B };
          const actual = {
            A: both.A.plus(
              sum(
                state.orders
                  .filter((one) => one.account === 'A')
                  .map((one) => signed(one.side, one.tradedSize.minus(one.bookedSize))),
              ),
            ),
            B: both.B.plus(
              sum(
                state.orders
                  .filter((one) => one.account === 'B')
                  .map((one) => signed(one.side, one.tradedSize.minus(one.bookedSize))),
              ),
            ),
          };
          const { net } = valuePair(state, instrument(), actual, d(100));
          assert.equal(lotsNet(state.lots).toFixed(), net.toFixed());
        };

        for (const one of acts) {
          const open = venue.filter((each) => !each.over);
          switch (one.kind) {
            case 'send': {
              const sent = order(one.account, one.side, one.size.toFixed(), one.price.toFixed(), { sentAtMs: nowMs });
              state = confirm(addSent(state, { ...sent }), sent.clientOrderId, nowMs);
              venue.push({ order: sent, traded: ZERO, value: ZERO, over: false, reported: false });
              break;
            }
            case 'fill': {
              const target = open[one.which % Math.max(1, open.length)];
              if (target === undefined) break;
              const left = target.order.size.minus(target.traded);
              const part = left.mul(one.share).div(100).mul(100).ceil().div(100);
              const size = part.gt(left) ? left : part;
              target.traded = target.traded.plus(size);
              target.value = target.value.plus(size.mul(target.order.price));
              target.over = target.traded.eq(target.order.size);
              const { account, side } = target.order;
              positions[account] = positions[account].plus(signed(side, size));
              break;
            }
            case 'cancel': {
              const target = open[one.which % Math.max(1, open.length)];
              if (target !== undefined) target.over = true;
              break;
            }
            case 'lose': {
              const target = open[one.which % Math.max(1, open.length)];
              if (target !== undefined) state = markUnknown(state, target.order.clientOrderId);
              break;
            }
            case 'trade by hand':
              positions[one.account] = positions[one.account].plus(d(one.steps).div(100));
              break;
            case 'read':
              nowMs += one.afterMs;
              read(one.account);
              break;
          }
        }
        // Left alone, both accounts agree in the end, whatever happened.
        for (let rest = 0; rest < 6; rest += 1) {
          nowMs += 6000;
          read('A');
          read('B');
        }
        assert.deepEqual(agreed, { A: true, B: true });
        const waiting = sum(state.orders.map((one) => signed(one.side, one.tradedSize.minus(one.bookedSize))));
        assert.equal(lotsNet(state.lots).plus(waiting).toFixed(), positions.A.plus(positions.B).toFixed());
      }),
      { seed, numRuns: 400 },
    );
    assert.ok(usable > 1000 && adopted > 20, `${usable} usable pairs, ${adopted} drifts: the cases show nothing`);
  });

  it('4.1 the value booked of an order is what the exchange says it traded for, to the last digit', () => {
    const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 ** 6 }), fc.integer({ min: 1, max: 10 ** 9 })), {
      minLength: 1,
      maxLength: 10,
    });
    fc.assert(
      fc.property(parts, anySide, fc.integer({ min: 1, max: 9 }), (fills, side, decimals) => {
        const size = sum(fills.map(([steps]) => d(steps).div(1000)));
        const one = order('A', side, size.plus(1).toFixed(), 100, { firstPartialAtMs: NOW - 2 * TIMEOUT });
        let state = stateWith({ orders: [one] });
        let traded = ZERO;
        let value = ZERO;
        let booked = ZERO;
        for (const [steps, price] of fills) {
          traded = traded.plus(d(steps).div(1000));
          value = value.plus(d(steps).div(1000).mul(d(price).div('1e6')));
          const average = value.div(traded).toDecimalPlaces(decimals);
          if (average.lte(0)) return;
          const taken = take(
            state,
            reading(one, { tradedSize: traded, avgFillPrice: average }, signed(side, traded).toFixed()),
          );
          for (const fact of taken.facts) {
            if (fact.type === 'fill.booked') booked = booked.plus(fact.fillPrice.mul(fact.fillSize));
          }
          state = taken.state;
          const [kept] = state.orders;
          if (kept?.bookedSize.eq(traded)) {
            assert.equal(kept.bookedValueUsdt.toFixed(), traded.mul(average).toFixed());
            assert.equal(booked.toFixed(30), traded.mul(average).toFixed(30));
          }
        }
      }),
      { seed, numRuns: 400 },
    );
  });
});
