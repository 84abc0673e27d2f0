import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { BNB, ourOrders, positionOf, withScene } from './venue.ts';

/** The whole engine over real HTTP, before an exchange that closes a part of a position by itself (strategy 10.5). */
describe('10.5 what the exchange does to positions', { concurrency: true }, () => {
  it('5 of a hedged 10 at 600, closed in two fills around 700, are booked at what was paid, and hedged around 700', () =>
    withScene(
      async ({ paper, start }) => {
        const { control } = paper.exchange;
        control.book({
          instrument: BNB,
          bids: [{ price: '699.9', size: '50' }],
          asks: [{ price: '700.1', size: '50' }],
          settle: true,
        });
        control.position({ account: 'A', instrument: BNB, size: '10', entry_price: '600' });
        control.position({ account: 'B', instrument: BNB, size: '-10', entry_price: '600' });
        const stage = start();
        await stage.until('both quotes rest', () => stage.reported('order.placed').length >= 2);
        control.close({ account: 'A', instrument: BNB, size: '2', price: '699' });
        control.close({ account: 'A', instrument: BNB, size: '3', price: '701' });
        await stage.until('the difference is adopted', () => stage.reported('drift.adopted').length > 0);
        const [adopted] = stage.reported('drift.adopted');
        assert.deepEqual(
          [adopted?.account, adopted?.difference.toFixed(), adopted?.price.toFixed(), adopted?.pricedBy],
          ['A', '-5', '700.2', 'fills'],
        );
        const from = stage.facts.length;
        await stage.until('a repair rests', () =>
          stage.facts.slice(from).some((fact) => fact.type === 'order.placed' && fact.purpose === 'repair'),
        );
        const repair = stage.facts
          .slice(from)
          .find((fact) => fact.type === 'order.placed' && fact.purpose === 'repair');
        assert.ok(repair?.type === 'order.placed' && repair.side === 'buy');
        assert.equal(repair.price.toFixed(), '699.9', 'at the touch: the guard is what was paid');
        assert.equal(positionOf(paper, 'A'), '5.0');
        assert.equal(await stage.stop(), 0);
      },
      { rateLimits: false },
    ));

  it('a split pauses the symbol, and the next start goes on in its units', () =>
    withScene(
      async ({ paper, start }) => {
        const { control } = paper.exchange;
        const book = (bid: string, ask: string) =>
          control.book({
            instrument: BNB,
            bids: [{ price: bid, size: '500' }],
            asks: [{ price: ask, size: '500' }],
            settle: true,
          });
        book('699.9', '700.1');
        control.position({ account: 'A', instrument: BNB, size: '10', entry_price: '600' });
        control.position({ account: 'B', instrument: BNB, size: '-10', entry_price: '600' });
        const journal = createMemoryJournal();
        const first = start({ journal });
        await first.until('both quotes rest', () => first.reported('order.placed').length >= 2);
        control.split({ instrument: BNB, from: 1, to: 10 });
        book('69.9', '70.1');
        const isTold = () => first.reported('alert.raised').some(({ alert }) => alert.kind === 'split');
        await first.until('the split is reported', isTold);
        assert.equal(first.reported('drift.adopted').length, 0);
        assert.deepEqual(ourOrders(paper), []);
        assert.equal(await first.stop(), 0);
        const second = start({ journal });
        await second.until('both quotes rest again', () => second.reported('order.placed').length >= 2);
        assert.equal(second.reported('drift.adopted').length, 0);
        assert.deepEqual([positionOf(paper, 'A'), positionOf(paper, 'B')], ['100.0', '-100.0']);
        assert.equal(await second.stop(), 0);
      },
      { rateLimits: false },
    ));
});
