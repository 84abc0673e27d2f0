import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExchangeOrder, ListedOrder } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { beginAgain, settleBehindJournal } from '../../src/engine/behind-journal.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { lastSequence } from '../../src/journal/read.ts';

const NOW = 1_800_000_000_000;
const at = (ms: number, more = 0) => (BigInt(ms) << 16n) + BigInt(more);
const order = (sequence: bigint) => ({ clientOrderId: clientOrderIdOf('B', 'sell', sequence) });

/** An exchange that shows these of account B, and two foreign orders. */
function exchange(open: readonly bigint[], history: readonly bigint[]) {
  const asked: number[] = [];
  return {
    asked,
    exchangeNowMs: () => NOW,
    openOrders: async (account: string) =>
      (account === 'A' ? [{ clientOrderId: '77' }] : open.map(order)) as unknown as ListedOrder[],
    orderHistory: async (account: string, sinceMs: number) => {
      asked.push(sinceMs);
      return (account === 'A'
        ? [{ clientOrderId: '18446744073709551616' }]
        : history.map(order)) as unknown as ExchangeOrder[];
    },
  };
}

describe('18.1 client ids after a journal that may be behind', () => {
  const cases = [
    { what: 'an order that rests', open: [at(NOW + 3_600_000)], history: [], above: at(NOW + 3_600_000) },
    { what: 'an order of the history', open: [at(NOW)], history: [at(NOW, 7)], above: at(NOW, 7) },
  ];
  for (const { what, open, history, above } of cases) {
    it(`begin an hour of ids beyond ${what}, once`, async () => {
      const journal = createMemoryJournal();
      beginAgain(journal, NOW);
      assert.equal(await settleBehindJournal(exchange(open, history), journal, NOW), true);
      const first = lastSequence(journal);
      assert.ok(first !== null && first >= above + at(3_600_000), `${first}`);
      assert.equal(await settleBehindJournal(exchange(open, history), journal, NOW), false);
      assert.equal(lastSequence(journal), first);
    });
  }

  it('of a journal that was never behind nothing is asked', async () => {
    const journal = createMemoryJournal();
    const shown = exchange([at(NOW)], []);
    assert.equal(await settleBehindJournal(shown, journal, NOW), false);
    assert.deepEqual([shown.asked, lastSequence(journal)], [[], null]);
  });

  it('an exchange that does not answer leaves it to the next start', async () => {
    const journal = createMemoryJournal();
    beginAgain(journal, NOW);
    const silent = { ...exchange([], []), openOrders: () => Promise.reject(new Error('no answer')) };
    await assert.rejects(settleBehindJournal(silent, journal, NOW), /no answer/);
    assert.equal(await settleBehindJournal(exchange([at(NOW)], []), journal, NOW), true);
  });
});
