import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOwnOrders, readPositions } from '../../src/core/audit/bodies.ts';
import { clientOrderIdOf, isOwnOrder } from '../../src/core/order-id.ts';
import { parsePositions } from '../../src/grvt/parse-account.ts';
import { parseOpenOrders } from '../../src/grvt/parse-orders.ts';

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

const scope = { isTraded: () => true, onSkip: () => {} };

const FOREIGN_ROWS: Readonly<Record<string, unknown>> = {
  'a foreign market order without a price': order(FOREIGN, { limit_price: undefined }),
  'a foreign order at a negative price': order(FOREIGN, { limit_price: '-5' }),
  'a foreign order of size 0': order(FOREIGN, { size: '0.0' }),
  'a foreign order of an unknown status': order(FOREIGN, {}, { status: 'SUSPENDED' }),
  'a foreign order without a reason': order(FOREIGN, {}, { reject_reason: '' }),
  'a foreign order without a signature': { ...order(FOREIGN, {}), signature: null },
  'a foreign order without metadata': { ...order(FOREIGN, {}), metadata: undefined },
  'a foreign order with a leg that is null': { ...order(FOREIGN, {}), legs: [null] },
  'a row that is null': null,
  'a row that is text': 'row',
};

const filled = (status: string, traded: string): Fields => ({ status, traded_size: [traded], avg_fill_price: ['5'] });

const TABLE: readonly (readonly [name: string, row: Fields, refused: RegExp | null])[] = [
  ['a strategy order with its price', order(OURS, {}), null],
  ['a strategy order without a price', order(OURS, { limit_price: undefined }), /legs\[0\]\.limit_price: is missing/],
  ['a strategy order whose price is null', order(OURS, { limit_price: null }), /legs\[0\]\.limit_price: is missing/],
  ['a strategy order at price 0', order(OURS, { limit_price: '0.0' }), /legs\[0\]\.limit_price: is missing or zero/],
  ['a strategy order at a negative price', order(OURS, { limit_price: '-5' }), /limit_price/],
  ['a refused strategy order without a price', order(OURS, { limit_price: '' }, { status: 'REJECTED' }), /limit_price/],
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
];

describe('10.4 an order is read by the engine and by the auditor, or by neither', () => {
  for (const [name, row, refused] of TABLE) {
    it(`${name} is ${refused === null ? 'read' : 'refused'}`, () => {
      const parse = () => parseOpenOrders({ result: [row] }, '1', scope);
      if (refused === null) assert.equal(parse().length, 1);
      else assert.throws(parse, refused);
      assert.equal(readOwnOrders([row]) === null, refused !== null, 'the auditor');
    });
  }

  for (const [name, row] of Object.entries(FOREIGN_ROWS)) {
    it(`${name} makes a list unusable for neither`, () => {
      const rows = [row, order(OURS, {})];
      const ids = parseOpenOrders({ result: rows }, '1', scope).filter(isOwnOrder);
      assert.deepEqual(
        [ids, readOwnOrders(rows)].map((orders) => orders?.map(({ clientOrderId }) => clientOrderId)),
        [[OURS], [OURS]],
      );
    });
  }

  for (const id of [Number(OURS), `0x${BigInt(OURS).toString(16)}`, ` ${OURS} `]) {
    it(`a client id ${JSON.stringify(id)} may be ours, for both`, () => {
      const rows = [order(id as string, {})];
      assert.throws(() => parseOpenOrders({ result: rows }, '1', scope), /client_order_id/);
      assert.equal(readOwnOrders(rows), null);
    });
  }
});

describe('10.4 a position is read by the engine and by the auditor, or by neither', () => {
  const isTraded = (name: string) => name === 'X';
  const row = { event_time: '1', sub_account_id: '1', instrument: 'X', size: '1', entry_price: '1', mark_price: '1' };
  const odd: readonly unknown[] = [null, 'X', { ...row, size: undefined }, { ...row, mark_price: '-1' }];

  for (const [index, one] of odd.entries()) {
    it(`of an instrument that is not traded it is skipped: ${index}`, () => {
      const other = typeof one === 'object' && one !== null ? { ...one, instrument: 'Y' } : one;
      const rows = [other, row];
      const positions = parsePositions({ result: rows }, '1', { ...scope, isTraded });
      assert.deepEqual(
        positions.map(({ instrument }) => instrument),
        ['X'],
      );
      assert.deepEqual([...(readPositions(rows, isTraded)?.keys() ?? [])], ['X']);
    });
  }

  it('of a traded one it makes the answer unusable', () => {
    const rows = [{ ...row, size: undefined }];
    assert.throws(() => parsePositions({ result: rows }, '1', { ...scope, isTraded }), /size/);
    assert.equal(readPositions(rows, isTraded), null);
  });
});
