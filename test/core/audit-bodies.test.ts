import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOrder } from '../../src/core/audit/bodies.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { parseOpenOrders } from '../../src/grvt/parse.ts';

/** What the engine refuses to read must not count as known for the auditor, and the other way round (strategy 10.4). */

const OURS = clientOrderIdOf('A', 'buy', 7n);
const FOREIGN = '1375879248';

type Fields = Readonly<Record<string, unknown>>;

function order(clientOrderId: string, leg: Fields, state: Fields = {}): Fields {
  return {
    order_id: '0x01',
    sub_account_id: '1',
    post_only: true,
    legs: [{ instrument: 'BTC_USDT_Perp', size: '10', limit_price: '5', is_buying_asset: true, ...leg }],
    signature: { expiration: '9' },
    metadata: { client_order_id: clientOrderId, create_time: '1' },
    state: {
      status: 'OPEN',
      reject_reason: 'UNSPECIFIED',
      traded_size: ['0'],
      update_time: '2',
      avg_fill_price: ['0'],
      ...state,
    },
  };
}

const filled = (status: string, traded: string): Fields => ({ status, traded_size: [traded], avg_fill_price: ['5'] });

const TABLE: readonly (readonly [name: string, row: Fields, refused: RegExp | null])[] = [
  ['a strategy order with its price', order(OURS, {}), null],
  ['a strategy order without a price', order(OURS, { limit_price: undefined }), /legs\[0\]\.limit_price: is missing/],
  ['a strategy order whose price is null', order(OURS, { limit_price: null }), /legs\[0\]\.limit_price: is missing/],
  ['a strategy order at price 0', order(OURS, { limit_price: '0.0' }), /legs\[0\]\.limit_price: is missing or zero/],
  ['a strategy order at a negative price', order(OURS, { limit_price: '-5' }), /limit_price/],
  ['a refused strategy order without a price', order(OURS, { limit_price: '' }, { status: 'REJECTED' }), /limit_price/],
  ['a foreign market order without a price', order(FOREIGN, { limit_price: undefined }), null],
  ['a foreign trigger order at price 0', order(FOREIGN, { limit_price: '0' }), null],
  ['a foreign order at a negative price', order(FOREIGN, { limit_price: '-5' }), /limit_price/],
  ['a strategy order FILLED as a whole', order(OURS, {}, filled('FILLED', '10.0')), null],
  [
    'a strategy order FILLED in part',
    order(OURS, {}, filled('FILLED', '3')),
    /traded_size\[0\]: is 3, not the size 10/,
  ],
  ['a strategy order FILLED of nothing', order(OURS, {}, filled('FILLED', '0')), /traded_size\[0\]: is zero/],
  ['a strategy order cancelled in part', order(OURS, {}, filled('CANCELLED', '3')), null],
  ['a strategy order rejected in part', order(OURS, {}, filled('REJECTED', '3')), null],
  ['an open strategy order filled in part', order(OURS, {}, filled('OPEN', '3')), null],
  ['a foreign order FILLED with what was left of a position', order(FOREIGN, {}, filled('FILLED', '3')), null],
  ['a foreign order FILLED of nothing', order(FOREIGN, {}, filled('FILLED', '0')), /traded_size\[0\]: is zero/],
];

describe('10.4 an order is read by the engine and by the auditor, or by neither', () => {
  for (const [name, row, refused] of TABLE) {
    it(`${name} is ${refused === null ? 'read' : 'refused'}`, () => {
      const parse = () => parseOpenOrders({ result: [row] }, '1');
      if (refused === null) assert.equal(parse().length, 1);
      else assert.throws(parse, refused);
      assert.equal(readOrder(row) === null, refused !== null, 'the auditor');
    });
  }
});
