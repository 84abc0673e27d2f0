import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { restoreSymbol } from '../../machines/restore.ts';
import { ownFills } from '../../src/core/drift.ts';
import { letGo } from '../../src/core/reconcile.ts';
import type { SymbolState } from '../../src/core/symbol-state.ts';
import { unsettledOrders } from '../../src/journal/read.ts';
import { openJournal } from '../../src/journal/sqlite.ts';

/**
 * A journal of the version before 1.0 (commit 49955da), killed on the embedded exchange with lots open and orders resting;
 * what neither names nor opens anything was taken out of the file.
 */
const BEFORE_1 = new URL('../data/journal/before-1.0.db', import.meta.url);
const NOW = Date.UTC(2026, 10, 30, 4, 50);

const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-upgrade-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function restored(name: string): { readonly state: (symbol: string) => SymbolState; readonly close: () => void } {
  copyFileSync(BEFORE_1, join(directory, name));
  const journal = openJournal({ directory, fileName: name, days: 30, clock: { nowMs: () => NOW } });
  const unsettled = unsettledOrders(journal);
  return {
    state: (symbol) => restoreSymbol(journal, `${symbol}_USDT_Perp`, unsettled),
    close: () => journal.close(),
  };
}

describe('a journal of the version before 1.0', () => {
  const lots: readonly (readonly [string, string, string])[] = [
    ['BTC', 'A buy 0.005 @ 95001.6', 'B sell 0.005 @ 95002.7 opening, B sell 0.005 @ 95001.6 repair'],
    ['ETH', 'B buy 0.12 @ 3200.03', 'A sell 0.12 @ 3200.05 opening, A sell 0.12 @ 3200.03 repair'],
    ['BNB', 'A buy 0.48 @ 621.2', 'B sell 0.48 @ 621.3 opening, B sell 0.48 @ 621.2 repair'],
    ['SOL', '', ''],
  ];
  for (const [symbol, lot, orders] of lots) {
    it(`opens with the lots and the orders that it had: ${symbol}`, () => {
      const { state, close } = restored(`${symbol}.db`);
      const found = state(symbol);
      const reported = ({
        account,
        side,
        size,
        price,
      }: {
        account: string;
        side: string;
        size: unknown;
        price: unknown;
      }) => `${account} ${side} ${size} @ ${price}`;
      assert.equal(found.begun, true);
      assert.equal(found.lots.map(reported).join(', '), lot);
      assert.equal(found.orders.map((order) => `${reported(order)} ${order.purpose}`).join(', '), orders);
      assert.deepEqual(found.rests, []);
      close();
    });
  }

  it('books no fill of its closed orders again: it did not note how much of them is booked, and that is all', () => {
    const { state, close } = restored('closed.db');
    const found = state('BTC');
    const clientOrderId = found.closed.at(-1)!;
    assert.ok(clientOrderId);
    const fill = {
      account: 'A',
      clientOrderId,
      side: 'buy',
      size: found.lots[0]!.size,
      price: found.lots[0]!.price,
      timeMs: NOW,
    } as unknown as Parameters<typeof ownFills>[3][number];
    assert.deepEqual(ownFills(found, 'A', NOW, [fill]), []);
    close();
  });

  it('sizes of closed orders count no more once an older version has closed orders without noting them', () => {
    const { state, close } = restored('back.db');
    const found = state('BTC');
    const [one, other] = found.orders;
    const noted = letGo({ ...found, closedSizes: {} }, one!.clientOrderId);
    assert.equal(noted.closedSizesTo, one!.clientOrderId);
    // The older version carries the sizes on as it found them.
    const { closedSizes, closedSizesTo } = noted;
    const back = { ...letGo(found, other!.clientOrderId), closedSizes, closedSizesTo };
    const again = openJournal({ directory, fileName: 'again.db', days: 30, clock: { nowMs: () => NOW } });
    const key = found.instrument;
    again.append([{ kind: 'symbol.state', key, atMs: NOW, body: noted }]);
    assert.deepEqual(restoreSymbol(again, key, []).closedSizes, {});
    again.append([{ kind: 'symbol.state', key, atMs: NOW, body: back }]);
    assert.equal(restoreSymbol(again, key, []).closedSizes, undefined);
    again.close();
    close();
  });
});
