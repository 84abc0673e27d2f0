import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import {
  type PriceTable,
  withEnded,
  withEntry,
  withoutCovered,
  withoutOrder,
  withoutSubmission,
} from '../../src/core/price-table.ts';

const entry = (clientOrderId: string, instrument = 'BNB_USDT_Perp') => ({
  clientOrderId,
  instrument,
  account: 'A' as const,
  side: 'buy' as const,
  price: decimal('600'),
});
const ids = (table: PriceTable): string[] => table.map(({ clientOrderId }) => clientOrderId);

test('an entry stays while its submission has not ended (6.6)', () => {
  const table = withEntry([], entry('x'), 1);
  assert.deepEqual(ids(withoutCovered(table, 'BNB_USDT_Perp', [2])), ['x']);
});

test('an entry of an ended submission goes with the next intent of its instrument, which has counted it (6.6)', () => {
  const table = withEnded(withEntry([], entry('x'), 1), 1, 1);
  assert.deepEqual(ids(withoutCovered(table, 'SOL_USDT_Perp', [2])), ['x'], 'another symbol knows nothing of it');
  assert.deepEqual(ids(withoutCovered(table, 'BNB_USDT_Perp', [2])), []);
});

test('an entry stays while an intent from before its end might yet be priced (6.6)', () => {
  const table = withEnded(withEntry([], entry('x'), 1), 1, 2);
  assert.deepEqual(ids(withoutCovered(table, 'BNB_USDT_Perp', [2, 3])), ['x']);
  assert.deepEqual(ids(withoutCovered(table, 'BNB_USDT_Perp', [3])), []);
});

test('a second end does not prolong an entry', () => {
  const table = withEnded(withEnded(withEntry([], entry('x'), 1), 1, 1), 1, 9);
  assert.deepEqual(ids(withoutCovered(table, 'BNB_USDT_Perp', [2])), []);
});

test('a failed attempt is removed, other attempts stay', () => {
  const table = withEntry(withEntry(withEntry([], entry('x'), 1), entry('y'), 1), entry('z'), 2);
  assert.deepEqual(ids(withoutOrder(table, 'x')), ['y', 'z']);
  assert.deepEqual(ids(withoutSubmission(table, 1)), ['z']);
  assert.deepEqual(ids(withEnded(table, 1, 2)), ['x', 'y', 'z']);
});
