import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lotsNet, lotsOfPositions } from '../../src/core/ledger.ts';
import { begin, reconcile } from '../../src/core/reconcile.ts';
import { emptySymbolState } from '../../src/core/symbol-state.ts';
import { d, NOW, order, plain, position, seedFor, seen, snapshot } from '../support/core.ts';

const seed = seedFor('core/start');

function lots(a: string | null, b: string | null, priceA = '100', priceB = '100'): string[] {
  const at = (size: string | null, price: string) => (size === null ? null : { size: d(size), entryPrice: d(price) });
  return lotsOfPositions({ A: at(a, priceA), B: at(b, priceB) }, NOW).map(
    (one) => `#${one.id} ${one.account} ${one.side} ${one.size.toFixed()} @ ${one.price.toFixed()} ${one.source}`,
  );
}

describe('11.3 lots of positions found without a journal', () => {
  const cases: [string, string[], string[]][] = [
    ['11.3 flat accounts have no lots', lots(null, null), []],
    ['11.3 positions of zero have no lots', lots('0', '0'), []],
    ['11.3 a position becomes a lot at its entry price', lots('4', null, '97'), ['#1 A buy 4 @ 97 start']],
    ['11.3 a short position becomes a sell lot', lots(null, '-4', '0', '97'), ['#1 B sell 4 @ 97 start']],
    ['11.3 equal and opposite positions are hedged already', lots('4', '-4'), []],
    ['11.3 they consume each other whatever their prices', lots('4', '-4', '120', '80'), []],
    [
      '11.3 the rest is an open lot of the larger, at its entry price',
      lots('4', '-3', '120', '80'),
      ['#1 A buy 1 @ 120 start'],
    ],
    ['11.3 the rest of a short larger is a sell lot', lots('3', '-4', '120', '80'), ['#1 B sell 1 @ 80 start']],
    [
      '11.3 positions in the same direction both stay open',
      lots('3', '4', '120', '80'),
      ['#1 A buy 3 @ 120 start', '#2 B buy 4 @ 80 start'],
    ],
    ['11.3 two shorts both stay open', lots('-3', '-4'), ['#1 A sell 3 @ 100 start', '#2 B sell 4 @ 100 start']],
  ];
  for (const [name, found, expected] of cases) it(name, () => assert.deepEqual(found, expected));

  it('I9 4.5 the signed sum of the lots is the net, for any positions', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const found = lotsOfPositions(
          { A: { size: d(a).div(1000), entryPrice: d(100) }, B: { size: d(b).div(1000), entryPrice: d(90) } },
          NOW,
        );
        assert.equal(lotsNet(found).toFixed(), d(a).plus(b).div(1000).toFixed());
        assert.ok(found.every((one) => one.size.gt(0)));
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('11.3 11.4 the beginning', () => {
  const empty = emptySymbolState('BNB_USDT_Perp');

  it('11.3 positions are booked as they are, and the beginning is reported', () => {
    const { state, facts } = begin(empty, { A: snapshot('A', 4), B: snapshot('B', -3) }, NOW);
    assert.equal(state.begun, true);
    assert.deepEqual(plain(state.booked), { A: '4', B: '-3' });
    assert.equal(state.nextLotId, 2);
    assert.deepEqual(plain(facts[0]), {
      type: 'lots.restored',
      atMs: NOW,
      instrument: 'BNB_USDT_Perp',
      source: 'positions',
      lots: 1,
      net: '1',
      difference: '',
    });
  });

  it('11.4 strategy orders at rest are taken over, oldest first, confirmed', () => {
    const young = order('A', 'buy', 2, 99, { sentAtMs: NOW - 1000 });
    const old = order('B', 'sell', 2, 101, { sentAtMs: NOW - 9000 });
    const { state, facts } = begin(
      empty,
      { A: snapshot('A', 0, { orders: [seen(young)] }), B: snapshot('B', 0, { orders: [seen(old)] }) },
      NOW,
    );
    assert.deepEqual(
      state.orders.map((one) => [one.account, one.clientOrderId, one.confirmedAtMs, one.expirationMs]),
      [
        ['B', old.clientOrderId, NOW, old.expirationMs],
        ['A', young.clientOrderId, NOW, young.expirationMs],
      ],
    );
    assert.deepEqual(
      facts.map((fact) => fact.type),
      ['lots.restored', 'order.adopted', 'order.adopted'],
    );
  });

  it('11.3 what an adopted order had traded by then is part of the position, and counts as booked', () => {
    const half = order('A', 'buy', 10, 99);
    const found = seen(half, { tradedSize: d(4), avgFillPrice: d(99) });
    const first = begin(
      empty,
      { A: snapshot('A', position(4, { entryPrice: d(99) }), { orders: [found] }), B: snapshot('B', 0) },
      NOW,
    ).state;
    assert.deepEqual(plain(first.orders[0]?.bookedSize), '4');
    assert.equal(lotsNet(first.lots).toFixed(), '4');
    const after = reconcile(
      first,
      snapshot('A', 10, {
        orders: [seen(half, { status: 'FILLED', tradedSize: d(10), avgFillPrice: d(99) })],
        atMs: NOW + 2000,
      }),
      { partialFillTimeoutMs: 1_800_000 },
      null,
    );
    assert.equal(after.agrees, true);
    assert.equal(lotsNet(after.state.lots).toFixed(), '10');
  });

  it('11.4 an order that is over is not taken over', () => {
    const over = seen(order('A', 'buy', 2, 99), { status: 'CANCELLED' });
    assert.deepEqual(
      begin(empty, { A: snapshot('A', 0, { orders: [over] }), B: snapshot('B', 0) }, NOW).state.orders,
      [],
    );
  });

  it('11.4 an order found against the net is a repair, else an opening', () => {
    const against = seen(order('B', 'sell', 2, 101));
    const along = seen(order('A', 'buy', 2, 99));
    const { state } = begin(
      empty,
      { A: snapshot('A', 4, { orders: [along] }), B: snapshot('B', 0, { orders: [against] }) },
      NOW,
    );
    assert.deepEqual(Object.fromEntries(state.orders.map((one) => [one.account, one.purpose])), {
      A: 'opening',
      B: 'repair',
    });
  });

  it('11.5 starting twice with nothing changed changes no lot and no order', () => {
    const rests = seen(order('A', 'buy', 10, 99), { tradedSize: d(4), avgFillPrice: d(99) });
    const A = snapshot('A', 4, { orders: [rests] });
    const B = snapshot('B', -3);
    const first = begin(empty, { A, B }, NOW).state;
    const settings = { partialFillTimeoutMs: 1_800_000 };
    const again = reconcile(reconcile(first, A, settings, null).state, B, settings, null);
    assert.equal(again.agrees, true);
    assert.deepEqual(plain(again.state.lots), plain(first.lots));
    assert.deepEqual(plain(again.state.orders), plain(first.orders));
    assert.deepEqual(again.facts, []);
  });
});
