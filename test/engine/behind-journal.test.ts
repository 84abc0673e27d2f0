import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import type { PreparedOrder } from '../../src/core/journal-entry.ts';
import type { ExchangeOrder, ListedOrder } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { emptySymbolState } from '../../src/core/symbol-state.ts';
import { beginAgain, settleBehindJournal } from '../../src/engine/behind-journal.ts';
import { journalledStart } from '../../src/engine/tuning.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { lastSequence, unsettledOrders } from '../../src/journal/read.ts';

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

  const ends = [
    { what: 'is over', status: 'FILLED', word: 'resting', last: 'filled' },
    { what: 'was cancelled', status: 'CANCELLED', word: 'unknown', last: 'cancelled' },
    { what: 'rests', status: 'OPEN', word: 'unknown', last: 'resting' },
    { what: 'is not shown, and had rested', status: null, word: 'resting', last: 'unknown' },
    { what: 'is not shown, and may still arrive', status: null, word: 'unknown', last: 'unknown' },
  ] as const;
  for (const { what, status, word, last } of ends) {
    it(`an order that ${what} is known as ${last}, so that no later start books it again`, async () => {
      const journal = createMemoryJournal();
      const sequence = at(NOW);
      const { clientOrderId: key } = order(sequence);
      const prepared = { clientOrderId: key, sequence, intent: { account: 'B' } } as PreparedOrder;
      const outcome = { clientOrderId: key, outcome: word, detail: '', atMs: NOW };
      journal.append([
        { kind: 'order.prepared', key, atMs: NOW, body: prepared },
        { kind: 'order.outcome', key, atMs: NOW, body: outcome },
      ]);
      beginAgain(journal, NOW);
      const row = { ...order(sequence), status };
      const shown = exchange([], []);
      const rows = async (account: string) => (account === 'B' && status !== null ? [row as ExchangeOrder] : []);
      await settleBehindJournal({ ...shown, orderHistory: rows }, journal, NOW);
      assert.equal(journal.latest('order.outcome', key)?.body.outcome, last);
      assert.equal(unsettledOrders(journal).length, last === 'filled' || last === 'cancelled' ? 0 : 1);
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

  it('the auditor is informed of orders that may still arrive before their symbol begins', () => {
    const journal = createMemoryJournal();
    const [instrument, clientOrderId] = ['BNB_USDT_Perp', order(at(NOW)).clientOrderId];
    const intent = { account: 'B', side: 'sell', size: decimal('1'), purpose: 'opening', instrument };
    const figures = { price: decimal('600'), sentAtMs: NOW, expirationMs: NOW + 60_000 };
    const prepared = { clientOrderId, sequence: at(NOW), intent, ...figures } as unknown as PreparedOrder;
    journal.append([
      { kind: 'symbol.state', key: instrument, atMs: NOW, body: { ...emptySymbolState(instrument), begun: true } },
      { kind: 'order.prepared', key: clientOrderId, atMs: NOW, body: prepared },
    ]);
    beginAgain(journal, NOW);
    const [known, ...others] = journalledStart(journal);
    assert.deepEqual([known?.begun, known?.orders.map((one) => one.clientOrderId)], [false, [clientOrderId]]);
    assert.equal(others.length, 0);
  });
});
