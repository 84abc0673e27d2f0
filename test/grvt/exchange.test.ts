import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import { clientOrderIdOf, isOwnOrder } from '../../src/core/order-id.ts';
import type { Exchange, OrderDraft } from '../../src/ports.ts';
import {
  createAnswer,
  failure,
  LITE_INSTRUMENT,
  LOGIN,
  liteError,
  liteOrder,
  litePosition,
  liteSummary,
  loginAnswer,
  type Rig,
  rig,
  type Script,
  SUB_ACCOUNTS,
  SUMMARY,
} from './support.ts';

const POSITIONS = '/lite/v1/positions';
const OPEN_ORDERS = '/lite/v1/open_orders';
const CREATE = '/full/v1/create_order';
const CANCEL = '/full/v1/cancel_order';
const ORDER = '/lite/v1/order';
const HISTORY = '/lite/v1/order_history';
const BOOK = '/lite/v1/book';
const INSTRUMENTS = '/lite/v1/all_instruments';
const ID = '16140901064495857665';
const ACKED = { json: { result: { ack: true } } };

const draft: OrderDraft = {
  account: 'A',
  instrument: 'BTC_USDT_Perp',
  side: 'buy',
  size: decimal('0.002'),
  price: decimal('88123.0'),
  clientOrderId: ID,
  nonce: 7,
  expirationMs: 1_900_000_000_123,
};

async function readyToCreate(context: { after(fn: () => Promise<void>): void }): Promise<Rig> {
  const made = await rig(context);
  made.scripted.on(INSTRUMENTS, { json: { r: [LITE_INSTRUMENT] } });
  await made.exchange.instruments();
  await made.exchange.login('A');
  return made;
}

describe('calls', () => {
  it('9.5 the index price is read from the mini ticker, of that instrument and above 0', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    const mini = (i: string, ip: string) => scripted.on('/lite/v1/mini', { json: { r: { et: '1', i, ip } } });
    mini('BTC_USDT_Perp', '92727.818122278');
    assert.equal((await exchange.indexPrice('BTC_USDT_Perp')).toFixed(), '92727.818122278');
    assert.deepEqual(scripted.asked.at(-1)?.body, { i: 'BTC_USDT_Perp' });
    for (const [name, price] of [
      ['ETH_USDT_Perp', '1'],
      ['BTC_USDT_Perp', '0'],
      ['BTC_USDT_Perp', '-1'],
    ] as const) {
      mini(name, price);
      assert.equal((await failure(exchange.indexPrice('BTC_USDT_Perp'))).kind, 'malformed');
    }
  });

  it('9.13 reduce_only is part of the payload and of what is signed', async (context) => {
    const { exchange } = await readyToCreate(context);
    const read = (one: OrderDraft) => JSON.parse(exchange.sign(one).payload).order;
    const [grows, shrinks] = [read(draft), read({ ...draft, reduceOnly: true })];
    assert.deepEqual([grows.reduce_only, shrinks.reduce_only], [false, true]);
    assert.notEqual(grows.signature.r, shrinks.signature.r);
  });

  it('9.11 a create leaves as the very bytes that were signed, with its session, and its answer is read', async (context) => {
    const { scripted, exchange, wire } = await readyToCreate(context);
    scripted.on(CREATE, { json: createAnswer() });
    const signed = exchange.sign(draft);
    // As it stands in a journal: no byte of it is ours to change, not even one that means nothing.
    const payload = signed.payload.replace('{', '{ ').replace('"88123"', '"\\u00388123"');
    const order = await exchange.createOrder({ ...signed, payload });
    const { text, headers } = scripted.asked.at(-1)!;
    assert.equal(text, payload);
    assert.equal(headers.cookie, 'gravity=cookie-1');
    assert.equal(headers['x-grvt-account-id'], 'account-1');
    assert.match(String(headers['content-type']), /^application\/json/);
    assert.equal(order.status, 'PENDING');
    assert.equal(order.orderId, '0x00');
    const sent = wire.find((event) => event.kind === 'sent' && event.route === 'create_order');
    assert.ok(sent?.kind === 'sent');
    assert.deepEqual(sent.request, JSON.parse(payload));
  });

  it('a cancel goes by client id with its time to live as text, and resolves with the acknowledgement', async (context) => {
    const { scripted, exchange, wire } = await rig(context);
    scripted.on(CANCEL, ACKED);
    await exchange.cancelOrder('A', ID, 1_000);
    assert.deepEqual(scripted.asked.at(-1)!.body, {
      sub_account_id: SUB_ACCOUNTS.A,
      client_order_id: ID,
      time_to_live_ms: '1000',
    });
    await exchange.cancelOrder('A', ID);
    assert.deepEqual(scripted.asked.at(-1)!.body, { sub_account_id: SUB_ACCOUNTS.A, client_order_id: ID });
    const answered = wire.at(-1)!;
    assert.deepEqual(answered.kind === 'answered' && answered.body, { result: { ack: true } });
  });

  for (const [name, json, kind] of [
    ['ack as text', { result: { ack: 'true' } }, null],
    ['ack false', { result: { ack: false } }, 'unknown'],
    ['null', null, 'unknown'],
    ['no ack', { result: {} }, 'unknown'],
  ] as const) {
    it(`a cancel answered with ${name} is ${kind ?? 'acknowledged'}`, async (context) => {
      const { scripted, exchange } = await rig(context);
      scripted.on(CANCEL, { json });
      if (kind === null) await exchange.cancelOrder('A', ID);
      else assert.equal((await failure(exchange.cancelOrder('A', ID))).kind, kind);
    });
  }

  it('reads answer values: positions, open orders, summary, order, book, instruments', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(POSITIONS, {
      json: { r: [litePosition(), litePosition({ i: 'ETH_USDT_Perp', s: '0.0', mp: '0.0' })] },
    });
    scripted.on(OPEN_ORDERS, { json: { r: [liteOrder({ state: { ts: ['0.001'], af: ['88000.5'] } })] } });
    scripted.on(ORDER, { json: { r: liteOrder() } });
    scripted.on(BOOK, {
      json: {
        r: {
          et: '5',
          i: 'BTC_USDT_Perp',
          b: [{ p: '92336.0', s: '0.005', no: 1 }],
          a: [{ p: '92336.1', s: '5', no: 3 }],
        },
      },
    });
    scripted.on(INSTRUMENTS, { json: { r: [LITE_INSTRUMENT, { k: 'CALL' }] } });
    const [position, ...others] = await exchange.positions('A');
    assert.equal(others.length, 0, 'a flat row is no position');
    assert.equal(position!.size.toFixed(), '-0.001');
    assert.equal(position!.markPrice.toFixed(), '89816.900008979');
    const [order] = (await exchange.openOrders('A')).filter(isOwnOrder);
    assert.deepEqual(
      [order!.side, order!.tradedSize.toFixed(), order!.avgFillPrice.toFixed()],
      ['buy', '0.001', '88000.5'],
    );
    assert.equal((await exchange.accountSummary('A')).totalEquity.toFixed(), '15');
    assert.equal((await exchange.order('A', ID))!.createTimeNs, 1765279966899943792n);
    assert.equal((await exchange.book('BTC_USDT_Perp')).bids[0]!.price.toFixed(), '92336');
    const [instrument] = await exchange.instruments();
    assert.deepEqual([instrument!.hash, instrument!.minNotional.toFixed()], ['0x030501', '100']);
    assert.deepEqual(scripted.asked.find((one) => one.path === BOOK)!.body, { i: 'BTC_USDT_Perp', d: 10 });
  });

  it('an order the exchange does not know is null; that is no failure', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(ORDER, { status: 404, json: liteError(1004, 404) });
    assert.equal(await exchange.order('A', ID), null);
  });

  const own = (sequence: number) => liteOrder({ co: clientOrderIdOf('A', 'buy', BigInt(sequence)) });

  it('history is read page after page until the exchange names no next', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(HISTORY, ({ body }) =>
      body.c === undefined ? { json: { r: [own(1), own(2)], n: 'page-2' } } : { json: { r: [own(2), own(3)], n: '' } },
    );
    const orders = await exchange.orderHistory('A', 1_700_000_000_000);
    assert.deepEqual(
      orders.map((order) => order.clientOrderId),
      [1n, 2n, 3n].map((sequence) => clientOrderIdOf('A', 'buy', sequence)),
    );
    assert.deepEqual(scripted.asked.at(-1)!.body, {
      sa: SUB_ACCOUNTS.A,
      st: '1700000000000000000',
      l: 500,
      c: 'page-2',
    });
  });

  it('a history that never ends is an error, never a shortened answer', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(HISTORY, (_asked, times) => ({ json: { r: [liteOrder()], n: `page-${times}` } }));
    assert.equal((await failure(exchange.orderHistory('A', 0))).kind, 'unavailable');
    assert.equal(scripted.count(HISTORY), 40);
    scripted.on(HISTORY, { json: { r: [liteOrder()], n: 'same' } });
    assert.equal((await failure(exchange.orderHistory('A', 0))).kind, 'malformed');
  });

  it('600 open foreign orders are read', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(OPEN_ORDERS, {
      json: {
        r: Array.from({ length: 600 }, (_, index) => liteOrder({ co: String(index + 1), oi: `0x${index + 1}` })),
      },
    });
    assert.equal((await exchange.openOrders('A')).length, 600);
  });

  it('signing needs the instrument list, and names the instrument that is not in it', async (context) => {
    const { exchange } = await rig(context);
    assert.throws(() => exchange.sign(draft), /BTC_USDT_Perp/);
  });
});

describe('answers that cannot be used (strategy 10.4)', () => {
  type Call = (exchange: Exchange) => Promise<unknown>;
  const positions: Call = (exchange) => exchange.positions('A');
  const openOrders: Call = (exchange) => exchange.openOrders('A');
  const summary: Call = (exchange) => exchange.accountSummary('A');
  const book: Call = (exchange) => exchange.book('BTC_USDT_Perp');
  const instruments: Call = (exchange) => exchange.instruments();
  const order: Call = (exchange) => exchange.order('A', ID);
  const level = (p: string, s = '1') => ({ p, s, no: 1 });
  const bookOf = (change: object) => ({
    r: { et: '5', i: 'BTC_USDT_Perp', b: [level('10')], a: [level('11')], ...change },
  });

  const table: [string, string, Call, unknown, RegExp][] = [
    ['null', POSITIONS, positions, null, /answer/],
    ['a list', POSITIONS, positions, [], /answer: expected object/],
    ['an empty object: never read as flat', POSITIONS, positions, {}, /result: missing/],
    ['full names on lite', POSITIONS, positions, { result: [] }, /result: missing/],
    ['a null result: never read as flat', POSITIONS, positions, { r: null }, /result/],
    [
      'a position without size',
      POSITIONS,
      positions,
      { r: [litePosition({ s: undefined })] },
      /result\[0\]\.size: missing/,
    ],
    ['a size in floating point', POSITIONS, positions, { r: [litePosition({ s: 0.001 })] }, /result\[0\]\.size/],
    ['a size of 1e400', POSITIONS, positions, { r: [litePosition({ s: '1e400' })] }, /result\[0\]\.size/],
    ['a zero mark price', POSITIONS, positions, { r: [litePosition({ mp: '0.0' })] }, /result\[0\]\.mark_price/],
    ['a negative mark price', POSITIONS, positions, { r: [litePosition({ mp: '-1' })] }, /result\[0\]\.mark_price/],
    ['a zero entry price', POSITIONS, positions, { r: [litePosition({ ep: '0' })] }, /result\[0\]\.entry_price/],
    ['another account’s position', POSITIONS, positions, { r: [litePosition({ sa: '7' })] }, /sub_account_id: is 7/],
    [
      'an order without state',
      OPEN_ORDERS,
      openOrders,
      { r: [liteOrder({ s1: undefined })] },
      /result\[0\]\.state: missing/,
    ],
    ['an order of no leg', OPEN_ORDERS, openOrders, { r: [liteOrder({ l: [] })] }, /result\[0\]\.legs/],
    [
      'an unknown status',
      OPEN_ORDERS,
      openOrders,
      { r: [liteOrder({ state: { s: 'HALF' } })] },
      /result\[0\]\.state\.status/,
    ],
    [
      'more traded than ordered',
      OPEN_ORDERS,
      openOrders,
      { r: [liteOrder({ state: { ts: ['1'], af: ['1'] } })] },
      /traded_size/,
    ],
    [
      'a fill without a price',
      OPEN_ORDERS,
      openOrders,
      { r: [liteOrder({ state: { ts: ['0.001'] } })] },
      /avg_fill_price/,
    ],
    ['FILLED of nothing', OPEN_ORDERS, openOrders, { r: [liteOrder({ state: { s: 'FILLED' } })] }, /traded_size/],
    ['another account’s order', OPEN_ORDERS, openOrders, { r: [liteOrder({ sa: '7' })] }, /sub_account_id/],
    [
      'no maintenance margin',
      SUMMARY,
      summary,
      { r: { ...liteSummary(SUB_ACCOUNTS.A), mm: undefined } },
      /maintenance_margin/,
    ],
    ['another order', ORDER, order, { r: liteOrder({ co: '5' }) }, /client_order_id: is 5/],
    ['another instrument’s book', BOOK, book, bookOf({ i: 'ETH_USDT_Perp' }), /instrument/],
    ['a book without asks', BOOK, book, bookOf({ a: undefined }), /result\.asks: missing/],
    ['unordered bids', BOOK, book, bookOf({ b: [level('10'), level('10.5')] }), /bids\[1\]\.price/],
    ['a price of zero', BOOK, book, bookOf({ b: [level('0')] }), /bids\[0\]\.price/],
    ['a level without size', BOOK, book, bookOf({ b: [level('10', '0')] }), /bids\[0\]\.size/],
    ['a tick of zero', INSTRUMENTS, instruments, { r: [{ ...LITE_INSTRUMENT, ts: '0' }] }, /result\[0\]\.tick_size/],
    [
      'no min size',
      INSTRUMENTS,
      instruments,
      { r: [{ ...LITE_INSTRUMENT, ms: undefined }] },
      /result\[0\]\.min_size: missing/,
    ],
  ];
  for (const [name, path, call, json, field] of table) {
    it(`${name} makes the answer unusable, and the field is named`, async (context) => {
      const { scripted, exchange, log } = await rig(context);
      await exchange.login('A');
      scripted.on(path, { json });
      const failed = await failure(call(exchange));
      assert.equal(failed.kind, 'malformed');
      assert.match(failed.message, field);
      assert.ok(log.some((line) => line.startsWith('ERROR') && field.test(line)));
    });
  }

  it('an empty and a one-sided book are read as such', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(BOOK, { json: bookOf({ b: [], a: [] }) });
    assert.deepEqual((await exchange.book('BTC_USDT_Perp')).bids, []);
  });

  it('a row repeated counts once, and of differing rows the newest wins', async (context) => {
    const { scripted, exchange } = await rig(context);
    const newer = liteOrder({ state: { ts: ['0.001'], af: ['88000.0'], ut: '1765279966899943793' } });
    scripted.on(OPEN_ORDERS, {
      json: { r: [liteOrder(), newer, liteOrder(), liteOrder({ co: '9' }), liteOrder({ co: '9' })] },
    });
    const orders = await exchange.openOrders('A');
    assert.deepEqual(
      orders.map((one) => [one.clientOrderId, isOwnOrder(one) && one.tradedSize.toFixed()]),
      [
        [ID, '0.001'],
        ['9', false],
      ],
    );
    scripted.on(POSITIONS, { json: { r: [litePosition({ et: '9', s: '0.5' }), litePosition({ et: '8' })] } });
    assert.deepEqual(
      (await exchange.positions('A')).map((one) => one.size.toFixed()),
      ['0.5'],
    );
  });

  it('a newer flat row beats an older position', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(POSITIONS, {
      json: { r: [litePosition({ et: '8' }), litePosition({ et: '9', s: '0.0', mp: '0.0' })] },
    });
    assert.deepEqual(await exchange.positions('A'), []);
  });

  it('a create answered with another order is an unknown outcome', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    scripted.on(CREATE, { json: createAnswer('5') });
    assert.equal((await failure(exchange.createOrder(exchange.sign(draft)))).kind, 'unknown');
  });
});

describe('the fill history (strategy 10.5)', () => {
  const FILLS = '/lite/v1/fill_history';
  const fill = (change: object) => ({
    ...{
      et: '1765279966899943792',
      sa: SUB_ACCOUNTS.A,
      i: 'BTC_USDT_Perp',
      ib: false,
      s: '0.5',
      p: '700.0',
      ti: '7-1',
    },
    ...change,
  });

  it('is read page after page, each fill once, whatever a liquidation has for an id', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(FILLS, ({ body }) =>
      body.c === undefined
        ? { json: { r: [fill({ co: '0', il: true }), fill({ ti: '6-1', co: ID, ib: true })], n: 'more' } }
        : {
            json: {
              r: [fill({ ti: '6-1', co: ID, ib: true }), fill({ ti: '5-1', s: '0.0' }), fill({ ti: '4-1' })],
              n: '',
            },
          },
    );
    const found = await exchange.fillHistory('A', 1_700_000_000_000);
    assert.deepEqual(
      found.map((one) => [one.side, one.size.toFixed(), one.price.toFixed(), one.clientOrderId, one.timeMs]),
      [
        ['sell', '0.5', '700', '0', 1765279966899],
        ['buy', '0.5', '700', ID, 1765279966899],
        ['sell', '0.5', '700', '0', 1765279966899],
      ],
    );
    assert.deepEqual(scripted.asked.at(-1)!.body, {
      ...{ sa: SUB_ACCOUNTS.A, st: '1700000000000000000', l: 1000, c: 'more' },
    });
  });

  it('is bounded, and its newest part serves', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(FILLS, (_asked, times) => ({ json: { r: [fill({ ti: `${times}-1` })], n: `page-${times}` } }));
    assert.equal((await exchange.fillHistory('A', 0)).length, 20);
  });

  it('is unusable where a fill of a traded instrument is; rows of others are skipped', async (context) => {
    const { scripted, exchange } = await rig(context, { instruments: ['BTC_USDT_Perp'] });
    scripted.on(FILLS, { json: { r: [null, fill({ i: 'ODD', p: '-1' }), fill({})], n: '' } });
    assert.equal((await exchange.fillHistory('A', 0)).length, 1);
    for (const change of [{ p: '0' }, { s: undefined }, { ib: 'yes' }, { co: Number(ID) }]) {
      scripted.on(FILLS, { json: { r: [fill(change)], n: '' } });
      assert.equal((await failure(exchange.fillHistory('A', 0))).kind, 'malformed', JSON.stringify(change));
    }
  });
});

describe('rows that concern nobody (strategy 10.4)', () => {
  const FOREIGN = '42';
  const foreign = (change: object): Record<string, unknown> => ({
    ...liteOrder({ co: FOREIGN, oi: '0xf1' }),
    ...change,
  });
  const metadata = (co: unknown) => ({ m: { ct: '1', ...(co === undefined ? {} : { co }) } });
  const state = (change: object) => foreign({ s1: { ...(liteOrder().s1 as object), ...change } });
  const leg = (change: object) => foreign({ l: [{ ...(liteOrder().l as object[])[0], ...change }] });

  /** A row, and under which names its order is still found; null: it names none. */
  const rows: Readonly<Record<string, readonly [row: unknown, named: readonly [string, string] | null]>> = {
    'an unknown status': [state({ s: 'SUSPENDED' }), ['0xf1', FOREIGN]],
    'no state': [foreign({ s1: undefined }), ['0xf1', FOREIGN]],
    'size 0': [leg({ s: '0.0' }), ['0xf1', FOREIGN]],
    'a negative price': [leg({ lp: '-1' }), ['0xf1', FOREIGN]],
    'an empty reason': [state({ rr: '' }), ['0xf1', FOREIGN]],
    'no reason': [state({ rr: undefined }), ['0xf1', FOREIGN]],
    'no signature': [foreign({ s: undefined }), ['0xf1', FOREIGN]],
    'no expiry': [foreign({ s: { s: '0x1' } }), ['0xf1', FOREIGN]],
    'no client id': [foreign(metadata(undefined)), ['0xf1', '0']],
    'an empty client id': [foreign(metadata('')), ['0xf1', '0']],
    'a client id that is null': [foreign(metadata(null)), ['0xf1', '0']],
    'a client id that is text': [foreign(metadata('my-bot-7')), ['0xf1', 'my-bot-7']],
    'no metadata': [foreign({ m: undefined }), ['0xf1', '0']],
    'metadata that is text': [foreign({ m: 'x' }), ['0xf1', '0']],
    'a leg that is null': [foreign({ l: [null] }), ['0xf1', FOREIGN]],
    'legs that are null': [foreign({ l: null }), ['0xf1', FOREIGN]],
    'no leg': [foreign({ l: [] }), ['0xf1', FOREIGN]],
    'several legs': [foreign({ l: [null, ...(liteOrder().l as object[])] }), ['0xf1', FOREIGN]],
    'more traded than ordered': [state({ ts: ['9'], af: ['1'] }), ['0xf1', FOREIGN]],
    'another account': [foreign({ sa: '7' }), ['0xf1', FOREIGN]],
    'no order id': [foreign({ oi: undefined }), ['0x00', FOREIGN]],
    'an order id that is no hex': [foreign({ oi: 'algo-1' }), ['algo-1', FOREIGN]],
    'new fields': [foreign({ zz: { q: 1 }, s1: { ...(liteOrder().s1 as object), qq: [] } }), ['0xf1', FOREIGN]],
    'no id at all': [foreign({ oi: 'line\nbreak', ...metadata(undefined) }), null],
    null: [null, null],
    text: ['x', null],
    'a list': [[1], null],
  };
  for (const [name, [row, named]] of Object.entries(rows)) {
    it(`a foreign order with ${name} makes no list unusable, and is ${named ? 'named' : 'reported once'}`, async (context) => {
      const { scripted, exchange, facts } = await rig(context);
      scripted.on(OPEN_ORDERS, (_asked, times) => ({ json: { r: [row, liteOrder()], n: times } }));
      scripted.on(HISTORY, { json: { r: [row, liteOrder()], n: '' } });
      const found = await exchange.openOrders('A');
      assert.deepEqual(
        found.map(({ orderId, clientOrderId }) => [orderId, clientOrderId]),
        [['0x0101010503e693410000000069530a7d', ID], ...(named ? [named] : [])],
      );
      assert.deepEqual(
        (await exchange.orderHistory('A', 0)).map(({ clientOrderId }) => clientOrderId),
        [ID],
      );
      await exchange.openOrders('A');
      const skipped = facts.filter(({ type }) => type === 'row.skipped');
      assert.equal(skipped.length, named ? 0 : 1);
    });
  }

  /** Client ids that are ours in another form: the row may be an order of ours, which must not pass for absent. */
  for (const id of [Number(ID), `0x${BigInt(ID).toString(16)}`, ` ${ID}`, `${'0'.repeat(9)}${ID}`]) {
    it(`a client id written as ${JSON.stringify(id)} may be ours: such a row is as strict as ever`, async (context) => {
      const { scripted, exchange } = await rig(context);
      const row = liteOrder({ m: { co: id, ct: '1' } });
      for (const path of [OPEN_ORDERS, HISTORY]) scripted.on(path, { json: { r: [row], n: '' } });
      assert.match((await failure(exchange.openOrders('A'))).message, /result\[0\]\.metadata\.client_order_id/);
      assert.equal((await failure(exchange.orderHistory('A', 0))).kind, 'malformed');
    });
  }

  const instruments = ['btc_usdt_PERP'];
  const position: Readonly<Record<string, unknown>> = {
    'a mark of 0': litePosition({ i: 'DOT_USDT_Perp', mp: '0.0' }),
    'a negative mark': litePosition({ i: 'DOT_USDT_Perp', mp: '-1' }),
    'no size': litePosition({ i: 'DOT_USDT_Perp', s: undefined }),
    'another account': litePosition({ i: 'DOT_USDT_Perp', sa: '7' }),
    'no instrument': litePosition({ i: undefined }),
    'an instrument that is no text': litePosition({ i: 5 }),
    null: null,
  };
  for (const [name, row] of Object.entries(position)) {
    it(`a position of an instrument that is not traded, with ${name}, is skipped and reported once`, async (context) => {
      const { scripted, exchange, facts } = await rig(context, { instruments });
      scripted.on(POSITIONS, (_asked, times) => ({ json: { r: [row, litePosition()], n: times } }));
      for (let times = 0; times < 2; times += 1) {
        assert.deepEqual(
          (await exchange.positions('A')).map(({ instrument }) => instrument),
          ['BTC_USDT_Perp'],
        );
      }
      assert.equal(facts.filter(({ type }) => type === 'row.skipped').length, 1);
      scripted.on(POSITIONS, { json: { r: [litePosition({ mp: '0.0' })] } });
      assert.match((await failure(exchange.positions('A'))).message, /result\[0\]\.mark_price: is zero/);
    });
  }

  const listed: Readonly<Record<string, unknown>> = {
    'no min_size': { ...LITE_INSTRUMENT, i: 'DOT_USDT_Perp', ms: undefined },
    'a tick of 0': { ...LITE_INSTRUMENT, i: 'DOT_USDT_Perp', ts: '0.0' },
    'base decimals of 99': { ...LITE_INSTRUMENT, i: 'DOT_USDT_Perp', bd: 99 },
    'no hash': { ...LITE_INSTRUMENT, i: 'DOT_USDT_Perp', ih: null },
    null: null,
    text: 'DOT_USDT_Perp',
  };
  for (const [name, row] of Object.entries(listed)) {
    it(`an instrument that is not traded, with ${name}, is skipped and reported once`, async (context) => {
      const { scripted, exchange, facts } = await rig(context, { instruments });
      scripted.on(INSTRUMENTS, { json: { r: [row, LITE_INSTRUMENT] } });
      for (let times = 0; times < 2; times += 1) {
        assert.deepEqual(
          (await exchange.instruments()).map((one) => one.name),
          ['BTC_USDT_Perp'],
        );
      }
      assert.equal(facts.filter(({ type }) => type === 'row.skipped').length, 1);
    });
  }

  it('kinds other than perpetuals are not read, and are no news', async (context) => {
    const { scripted, exchange, facts } = await rig(context, { instruments });
    const kinds = ['CALL', 'SPOT_SWAP', 'STABLE_PERP', 'SOMETHING_NEW'].map((k) => ({ k, i: `X_${k}` }));
    scripted.on(INSTRUMENTS, { json: { r: [...kinds, LITE_INSTRUMENT] } });
    assert.equal((await exchange.instruments()).length, 1);
    assert.equal(facts.filter(({ type }) => type === 'row.skipped').length, 0);
  });

  it('what is reported is bounded', async (context) => {
    const { scripted, exchange, facts } = await rig(context, { instruments });
    const odd = Array.from({ length: 1_200 }, (_, index) => litePosition({ i: `ODD_${index}`, mp: '0' }));
    scripted.on(POSITIONS, { json: { r: odd } });
    assert.deepEqual(await exchange.positions('A'), []);
    const skipped = facts.filter((fact) => fact.type === 'row.skipped');
    assert.deepEqual([skipped.length, skipped.filter(({ isLast }) => isLast).length], [1_000, 1]);
    assert.equal(skipped.at(-1)?.isLast, true);
  });

  it('a summary needs what a rule reads of it, and nothing else', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(SUMMARY, {
      json: { r: { sa: SUB_ACCOUNTS.A, te: '15.0', mm: '0.5', im: '-1', ab: null, et: 'soon' } },
    });
    const { totalEquity, maintenanceMargin } = await exchange.accountSummary('A');
    assert.deepEqual([totalEquity.toFixed(), maintenanceMargin.toFixed()], ['15', '0.5']);
  });

  for (const [decimals, min, step] of [
    [-3, '1', '1000'],
    [-3, '1500', '3000'],
    [-3, '2000', '2000'],
    [0, '0.5', '1'],
    [3, '0.0015', '0.003'],
    [9, '0.001', '0.001'],
  ] as const) {
    it(`7.3 base_decimals ${decimals} and min_size ${min} make a step of ${step}`, async (context) => {
      const { scripted, exchange } = await rig(context, { instruments });
      scripted.on(INSTRUMENTS, { json: { r: [{ ...LITE_INSTRUMENT, bd: decimals, ms: min }] } });
      assert.equal((await exchange.instruments())[0]?.minSize.toFixed(), step);
    });
  }
});

describe('answers that are none (strategy 9.6, 10.3)', () => {
  const drop: Script = { raw: (request) => request.socket.destroy() };
  const table: [string, Script][] = [
    ['HTML', { text: '<html><body>502</body></html>', headers: { 'Content-Type': 'text/html' } }],
    ['HTML with 502', { status: 502, text: '<html></html>' }],
    ['an empty body', { text: '' }],
    ['an empty 204', { status: 204, text: '' }],
    ['truncated JSON', { text: '{"r":{"oi":"0x0' }],
    ['a redirect', { status: 302, text: '', headers: { Location: 'http://127.0.0.1:1/' } }],
    ['a dropped connection', drop],
    [
      'a connection dropped in the middle of the body',
      {
        raw: (request, response) => {
          response.writeHead(200, { 'Content-Length': '1000' });
          response.write('{"r":');
          setImmediate(() => request.socket.destroy());
        },
      },
    ],
    ['an oversized body', { text: JSON.stringify({ r: 'x'.repeat(10 * 1024 * 1024) }) }],
    ['500 with JSON that is no error body', { status: 500, json: {} }],
    ['an unknown code', { status: 400, json: liteError(9999, 400) }],
  ];
  for (const [name, script] of table) {
    it(`${name} leaves a create unknown, a cancel unknown, and fails a read`, async (context) => {
      const { scripted, exchange, wire } = await readyToCreate(context);
      for (const path of [CREATE, CANCEL, POSITIONS]) scripted.on(path, script);
      assert.equal((await failure(exchange.createOrder(exchange.sign(draft)))).kind, 'unknown');
      assert.equal((await failure(exchange.cancelOrder('A', ID))).kind, 'unknown');
      assert.equal((await failure(exchange.positions('A'))).kind, 'unavailable');
      const ids = wire.filter((event) => event.kind === 'sent').map((event) => event.id);
      const ended = wire.filter((event) => event.kind !== 'sent').map((event) => event.id);
      assert.deepEqual(ended, ids, 'the end of every request on the wire is observed');
    });
  }

  it('HTTP 200 with an error body is that error', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    scripted.on(CREATE, { status: 200, json: liteError(2066, 400) });
    const failed = await failure(exchange.createOrder(exchange.sign(draft)));
    assert.deepEqual([failed.kind, failed.code], ['refused', 2066]);
    assert.match(failed.message, /below min notional.*text of 2066/);
  });

  it('an answer that never comes is over after 5 s: unknown for a create, unavailable for a read', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    for (const path of [CREATE, POSITIONS]) {
      let arrived = () => {};
      const reached = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      scripted.on(path, { raw: () => arrived() });
      context.mock.timers.enable({ apis: ['setTimeout'] });
      const pending = failure(path === CREATE ? exchange.createOrder(exchange.sign(draft)) : exchange.positions('A'));
      await reached;
      context.mock.timers.tick(5_000);
      const failed = await pending;
      assert.equal(failed.kind, path === CREATE ? 'unknown' : 'unavailable');
      assert.match(failed.message, /no answer within 5 s/);
      context.mock.timers.reset();
    }
  });

  it('an exchange that is down: nothing left, so a create is unavailable, not unknown', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    const signed = exchange.sign(draft);
    await scripted.close();
    // The first request may meet the connection kept from before, which is a reset: that one could have been read.
    await failure(exchange.positions('A'));
    assert.equal((await failure(exchange.createOrder(signed))).kind, 'unavailable');
    assert.equal((await failure(exchange.positions('B'))).kind, 'unavailable');
  });
});

describe('connections that were dropped while idle (strategy 9.6, 10.3)', () => {
  /** Drops the request of each connection that has carried one already, as a balancer does that has forgotten it. */
  const forgetful = (answer: unknown): [Script, () => number] => {
    const used = new Set<unknown>();
    let dropped = 0;
    const script: Script = {
      raw: (request, response) => {
        if (used.has(request.socket)) {
          dropped += 1;
          request.socket.resetAndDestroy();
          return;
        }
        used.add(request.socket);
        response.end(JSON.stringify(answer));
      },
    };
    return [script, () => dropped];
  };

  it('a read is repeated once, on a new connection, however many were dropped, and nothing is reported', async (context) => {
    const { scripted, exchange, log, wire } = await readyToCreate(context);
    const [script, dropped] = forgetful({ r: [] });
    scripted.on(POSITIONS, script);
    // Three connections at once, all kept; then all dropped.
    await Promise.all([1, 2, 3].map(() => exchange.positions('A')));
    const before = scripted.count(POSITIONS);
    await Promise.all([1, 2, 3].map(() => exchange.positions('A')));
    assert.ok(dropped() > 0, 'nothing was dropped: the test is void');
    assert.equal(scripted.count(POSITIONS), before + 3 + dropped());
    assert.ok(!log.some((line) => line.startsWith('ERROR')), log.join('\n'));
    assert.ok(!wire.some((event) => event.kind === 'failed'));
  });

  it('once: a read whose repeat is dropped as well has failed', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    scripted.on(POSITIONS, { json: { r: [] } });
    await exchange.positions('A');
    const before = scripted.count(POSITIONS);
    scripted.on(POSITIONS, { raw: (request) => request.socket.resetAndDestroy() });
    assert.equal((await failure(exchange.positions('A'))).kind, 'unavailable');
    assert.equal(scripted.count(POSITIONS), before + 2);
  });

  it('a read on a new connection is not repeated', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on('/lite/v1/all_instruments', { raw: (request) => request.socket.resetAndDestroy() });
    assert.equal((await failure(exchange.instruments())).kind, 'unavailable');
    assert.equal(scripted.count('/lite/v1/all_instruments'), 1);
  });

  it('a create and a cancel are never repeated: their outcome is unknown', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    await exchange.accountSummary('A');
    for (const path of [CREATE, CANCEL]) scripted.on(path, { raw: (request) => request.socket.resetAndDestroy() });
    assert.equal((await failure(exchange.createOrder(exchange.sign(draft)))).kind, 'unknown');
    assert.equal(scripted.count(CREATE), 1);
    await exchange.accountSummary('A');
    assert.equal((await failure(exchange.cancelOrder('A', ID))).kind, 'unknown');
    assert.equal(scripted.count(CANCEL), 1);
  });
});

describe('sessions in flight (strategy 9.8)', () => {
  it('an expired cookie in mid-flight costs one login and one repeat, however many calls wait', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    scripted.on(POSITIONS, ({ headers }) =>
      headers.cookie === 'gravity=cookie-1' ? { status: 401, json: liteError(1000, 401) } : { json: { r: [] } },
    );
    const answers = await Promise.all(Array.from({ length: 8 }, () => exchange.positions('A')));
    assert.equal(answers.length, 8);
    assert.equal(scripted.count(LOGIN), 2);
    assert.equal(scripted.count(POSITIONS), 16, 'eight refused, eight repeated');
    assert.ok(scripted.asked.every((one) => one.path !== POSITIONS || one.headers['x-grvt-account-id'] !== undefined));
  });

  it('a create refused with 1000 is sent once more with the same bytes', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    scripted.on(CREATE, (_asked, times) =>
      times === 1 ? { status: 401, json: liteError(1000, 401) } : { json: createAnswer() },
    );
    await exchange.createOrder(exchange.sign(draft));
    const [first, second] = scripted.asked.filter((one) => one.path === CREATE);
    assert.deepEqual(first!.body, second!.body);
  });

  it('a 401 that stays is reported, not retried for ever', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    scripted.on(POSITIONS, { status: 401, json: liteError(1000, 401) });
    assert.equal((await failure(exchange.positions('A'))).kind, 'unauthenticated');
    assert.equal(scripted.count(LOGIN), 2);
    assert.equal(scripted.count(POSITIONS), 2);
  });

  for (const [code, status] of [
    [1008, 401],
    [1001, 403],
  ] as const) {
    it(`${code} stops the account with a clear message and without another login`, async (context) => {
      const { scripted, exchange } = await rig(context);
      await exchange.login('A');
      scripted.on(POSITIONS, { status, json: liteError(code, status) });
      const failed = await failure(exchange.positions('A'));
      assert.deepEqual([failed.kind, failed.code], ['parked', code]);
      assert.match(failed.message, /positions of account A: .*(whitelisted|authorised)/);
      assert.equal(scripted.count(LOGIN), 1);
    });
  }

  it('two accounts never share a cookie', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(LOGIN, ({ body }) => loginAnswer(body.api_key === 'api-key-secret-A' ? 1 : 2));
    scripted.on(POSITIONS, { json: { r: [] } });
    await Promise.all([exchange.positions('A'), exchange.positions('B')]);
    for (const one of scripted.asked.filter((other) => other.path === POSITIONS || other.path === SUMMARY)) {
      const number = one.body.sa === SUB_ACCOUNTS.A ? 1 : 2;
      assert.equal(one.headers.cookie, `gravity=cookie-${number}`);
      assert.equal(one.headers['x-grvt-account-id'], `account-${number}`);
    }
  });

  it('market data carries no session', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    scripted.on(INSTRUMENTS, { json: { r: [] } });
    await exchange.instruments();
    assert.equal(scripted.asked.at(-1)!.headers.cookie, undefined);
  });

  it('swapped keys: a session that reads another sub account is not trusted, and both ids are named', async (context) => {
    const { scripted, exchange } = await rig(context);
    scripted.on(SUMMARY, { json: { r: liteSummary(SUB_ACCOUNTS.B) } });
    const failed = await failure(exchange.positions('A'));
    assert.equal(failed.kind, 'malformed');
    assert.match(failed.message, new RegExp(`${SUB_ACCOUNTS.B}, not this account's ${SUB_ACCOUNTS.A}`));
    assert.equal(scripted.count(POSITIONS), 0);
  });

  it('no secret appears in failures, facts, log lines or wire events', async (context) => {
    const { scripted, exchange, facts, wire, log } = await readyToCreate(context);
    scripted.on(CREATE, (_asked, times) =>
      times === 1 ? { status: 401, json: liteError(1000, 401) } : { status: 400, json: liteError(2066, 400) },
    );
    const failed = await failure(exchange.createOrder(exchange.sign(draft)));
    await scripted.close();
    const down = await failure(exchange.positions('B'));
    const said = JSON.stringify([failed, failed.message, down, down.message, facts, wire, log]);
    for (const secret of ['api-key-secret', 'cookie-', 'f7934647276a6e1f', '2222222222222222222']) {
      assert.ok(!said.includes(secret), secret);
    }
    assert.ok(facts.some((fact) => fact.type === 'session.renewed'));
  });
});

describe('what is reported and logged', () => {
  it('a session that ends is no error: it is renewed and the call repeated', async (context) => {
    const { scripted, exchange, log } = await readyToCreate(context);
    scripted.on(POSITIONS, (_asked, times) =>
      times === 1 ? { status: 401, json: liteError(1000, 401) } : { json: { r: [] } },
    );
    assert.deepEqual(await exchange.positions('A'), []);
    assert.deepEqual(
      log.filter((line) => line.startsWith('ERROR')),
      [],
    );
    assert.ok(log.some((line) => line.startsWith('WARNING unauthenticated')));
  });

  it('a wire observer that throws is reported and changes no outcome', async (context) => {
    const log: string[] = [];
    const { scripted, exchange } = await rig(context, {
      onWire: () => {
        throw new Error('deaf');
      },
      log: (_level, message) => log.push(message),
    });
    scripted.on(CANCEL, ACKED);
    await exchange.cancelOrder('A', ID);
    assert.ok(log.includes('the wire observer failed: deaf'));
  });

  it('the same text again is the same answer, received again; another text, account or status is not', async (context) => {
    const received: unknown[] = [];
    const { scripted, exchange } = await rig(context, {
      onWire: (event) => {
        if (event.kind === 'answered' && event.route === 'positions') received.push([event.status, event.body]);
      },
    });
    const sizes = async () => (await exchange.positions('A')).map(({ size }) => size.toFixed());
    const row = (s: string) => ({ json: { r: [litePosition({ s })] } });
    const reported = (size: string) => [
      200,
      { result: [{ ...(received[0] as [0, { result: [object] }])[1].result[0], size }] },
    ];
    for (const size of ['0.5', '0.5', '0.7', '0.5']) {
      scripted.on(POSITIONS, row(size));
      assert.deepEqual(await sizes(), [size]);
    }
    assert.deepEqual(received, ['0.5', '0.5', '0.7', '0.5'].map(reported));
    scripted.on(POSITIONS, { ...row('0.5'), status: 500 });
    for (let time = 0; time < 2; time += 1) assert.equal((await failure(exchange.positions('A'))).kind, 'unavailable');
    scripted.on(POSITIONS, row('0.5'));
    assert.equal((await failure(exchange.positions('B'))).kind, 'malformed', 'rows of A');
    scripted.on(POSITIONS, row('1e400'));
    for (let time = 0; time < 2; time += 1) assert.equal((await failure(exchange.positions('A'))).kind, 'malformed');
  });

  it('the log level filters: ERROR keeps failures, not refusals', async (context) => {
    for (const [sdkLogLevel, wanted] of [
      ['ERROR', ['ERROR']],
      ['WARNING', ['WARNING', 'ERROR']],
      ['no such level', ['ERROR']],
    ] as const) {
      const levels: string[] = [];
      const { scripted, exchange } = await rig(context, { sdkLogLevel, log: (level) => levels.push(level) });
      scripted.on(POSITIONS, { status: 400, json: liteError(1003, 400) });
      scripted.on(OPEN_ORDERS, { status: 500, json: liteError(1002, 500) });
      await failure(exchange.positions('A'));
      await failure(exchange.openOrders('A'));
      assert.deepEqual(levels, wanted);
    }
  });

  it('an answer nested so deep that reading it fails leaves a create unknown', async (context) => {
    const { scripted, exchange } = await readyToCreate(context);
    scripted.on(CREATE, { text: `{"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}` });
    assert.equal((await failure(exchange.createOrder(exchange.sign(draft)))).kind, 'unknown');
  });
});

describe('cancels that leave together (strategy 9.12)', () => {
  const BULK = '/full/v2/bulk_orders';
  const [FIRST, SECOND, THIRD] = [ID, '16140901064495857666', '16140901064495857667'];
  const acks = (count: number) => ({ json: { orders: [], cancel_acks: Array(count).fill({ ack: true }) } });

  it('are one call per account, instrument and time to live; one alone is a plain cancel', async (context) => {
    const { scripted, exchange, wire } = await rig(context);
    await exchange.login('A');
    scripted.on(BULK, (asked) => acks((asked.body.client_order_i_ds as string[]).length));
    scripted.on(CANCEL, ACKED);
    await Promise.all([
      exchange.cancelOrder('A', FIRST, undefined, 'BTC_USDT_Perp'),
      exchange.cancelOrder('A', SECOND, undefined, 'BTC_USDT_Perp'),
      exchange.cancelOrder('A', THIRD, undefined, 'ETH_USDT_Perp'),
      exchange.cancelOrder('A', '16140901064495857668', 5_000, 'BTC_USDT_Perp'),
      exchange.cancelOrder('A', '16140901064495857669', 5_000, 'BTC_USDT_Perp'),
    ]);
    const calls = scripted.asked.filter(({ path }) => path === BULK).map(({ body }) => body);
    assert.deepEqual(calls, [
      { sub_account_id: SUB_ACCOUNTS.A, orders: [], client_order_i_ds: [FIRST, SECOND] },
      {
        sub_account_id: SUB_ACCOUNTS.A,
        orders: [],
        client_order_i_ds: ['16140901064495857668', '16140901064495857669'],
        time_to_live_ms: '5000',
      },
    ]);
    assert.equal(scripted.count(CANCEL), 1);
    assert.equal(wire.filter((event) => event.kind === 'sent' && event.route === 'bulk_orders').length, 2);
  });

  it('are asked for one by one where the exchange does not take them together', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    scripted.on(BULK, { status: 400, json: { code: 2234, message: 'mixed instruments', status: 400 } });
    scripted.on(CANCEL, ACKED);
    await Promise.all([FIRST, SECOND].map((id) => exchange.cancelOrder('A', id, undefined, 'BTC_USDT_Perp')));
    assert.deepEqual([scripted.count(BULK), scripted.count(CANCEL)], [1, 2]);
  });

  it('fail together where nobody knows whether they happened, or an acknowledgement is missing', async (context) => {
    for (const script of [
      { raw: (request: { socket: { destroy(): void } }) => request.socket.destroy() },
      { json: { orders: [], cancel_acks: [{ ack: true }, { ack: false }] } },
    ]) {
      const { scripted, exchange } = await rig(context);
      await exchange.login('A');
      scripted.on(BULK, script);
      const both = [FIRST, SECOND].map((id) => failure(exchange.cancelOrder('A', id, undefined, 'BTC_USDT_Perp')));
      for (const { kind } of await Promise.all(both)) assert.equal(kind, 'unknown');
      assert.equal(scripted.count(CANCEL), 0);
    }
  });

  it('a fence waits until no cancel of that id overlaps it: its time to live and 500 ms', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    scripted.on(CANCEL, ACKED);
    const sentAt = performance.now();
    await exchange.cancelOrder('A', FIRST, undefined, 'BTC_USDT_Perp');
    await exchange.cancelOrder('A', FIRST, 5_000, 'BTC_USDT_Perp');
    assert.ok(performance.now() - sentAt >= 590, String(performance.now() - sentAt));
    assert.equal(exchange.isFenceVoid(FIRST), false);
    for (const id of [FIRST, THIRD]) exchange.voidFence(id);
    assert.deepEqual([FIRST, THIRD].map(exchange.isFenceVoid), [true, false], 'dropped as a duplicate; never sent');
    await exchange.cancelOrder('A', SECOND, 5_000, 'BTC_USDT_Perp');
    assert.equal(scripted.count(CANCEL), 3, 'another order’s fence waits for nothing');
  });
});

describe('rate limits (strategy 9.9)', () => {
  it('429 pauses the account’s other reads, but not its cancels, nor the other account', async (context) => {
    const { scripted, exchange } = await rig(context);
    await exchange.login('A');
    await exchange.login('B');
    scripted.on(POSITIONS, (_asked, times) =>
      times === 1 ? { status: 429, json: liteError(1006, 429) } : { json: { r: [] } },
    );
    scripted.on(CANCEL, ACKED);
    context.mock.timers.enable({ apis: ['setTimeout'] });
    assert.equal((await failure(exchange.positions('A'))).kind, 'rate-limited');
    const waiting = exchange.positions('A');
    await exchange.cancelOrder('A', ID);
    await exchange.positions('B');
    assert.equal(scripted.count(POSITIONS), 2);
    assert.deepEqual(
      exchange.budget().filter(({ waiting }) => waiting > 0),
      [{ account: 'A', bucket: 'reads', waiting: 1, left: 0, limit: 640 }],
    );
    context.mock.timers.tick(1_000);
    assert.deepEqual(await waiting, []);
  });
});

describe('the exchange’s clock', () => {
  it('is read from the Date header of private answers', async (context) => {
    const { scripted, exchange, clock } = await rig(context);
    assert.equal(exchange.clockSkewMs(), null);
    assert.equal(exchange.exchangeNowMs(), clock.ms);
    const dated = (ms: number) => ({ Date: new Date(ms).toUTCString() });
    const ahead = Math.floor(clock.ms / 1_000) * 1_000 + 100_000;
    scripted.on(LOGIN, () => loginAnswer(1, { date: new Date(ahead).toUTCString() }));
    scripted.on(SUMMARY, () => ({ headers: dated(ahead), json: { r: liteSummary(SUB_ACCOUNTS.A) } }));
    await exchange.login('A');
    const skew = exchange.clockSkewMs();
    assert.ok(skew !== null && Math.abs(skew - 100_000) <= 1_000, String(skew));
    assert.equal(exchange.exchangeNowMs(), clock.ms + skew);
  });
});
