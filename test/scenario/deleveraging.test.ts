import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BNB, positionOf, withScene } from './venue.ts';

/** The whole engine over real HTTP, before an exchange that closes a part of a position by itself (strategy 10.5). */
describe('10.5 what the exchange closes is booked at the price it closed it at', () => {
  it('5 of a hedged 10 at 600, closed in two fills around 700, are hedged again around 700', () =>
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
        await stage.until('the difference is adopted', () => stage.reported('drift.adopted').length > 0, 20_000);
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
});
