import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { privateKeyToAccount } from 'viem/accounts';
import { signedOrder } from './client.ts';
import { type Loose, PaperBench, START_MS } from './paper-bench.ts';

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const GOOD = { size: '0.01', price: '95000.0', buy: true, postOnly: true } as const;

/** Each rule: what is done to a good order, and the code it is refused with (API 3). */
const RULES: readonly (readonly [
  rule: string,
  code: number,
  status: number,
  make: (bench: PaperBench) => Promise<Loose> | Loose,
])[] = [
  ['v is 27 or 28', 2005, 403, (bench) => altered(bench, (order) => (order.signature.v = 1))],
  ['r has exactly 64 digits', 2006, 403, (bench) => altered(bench, (order) => (order.signature.r = '0x1234'))],
  [
    's is in the lower half',
    2007,
    403,
    (bench) =>
      altered(bench, (order) => {
        order.signature.s = `0x${(N - BigInt(order.signature.s)).toString(16).padStart(64, '0')}`;
        order.signature.v = order.signature.v === 27 ? 28 : 27;
      }),
  ],
  ['another chain id is named', 1012, 400, (bench) => altered(bench, (order) => (order.signature.chain_id = '325'))],
  ['the signature has expired', 2001, 403, (bench) => bench.sign('A', { ...GOOD, expirationMs: START_MS - 1 })],
  [
    'the size was changed after signing',
    2002,
    403,
    (bench) => altered(bench, (order) => (order.legs[0].size = '0.02')),
  ],
  ['signed for another chain', 2002, 403, (bench) => bench.sign('A', { ...GOOD, chainId: 325 })],
  [
    'the signer has no account here',
    2000,
    403,
    (bench) => {
      const privateKey = `0x${'17'.repeat(32)}` as const;
      const stranger = { ...bench.account('A'), privateKey, signer: privateKeyToAccount(privateKey).address };
      return signedOrder(stranger, bench.specs, { ...GOOD, expirationMs: START_MS + 60_000 });
    },
  ],
  [
    'the signer belongs to another account',
    2000,
    403,
    (bench) =>
      signedOrder({ ...bench.account('B'), subAccountId: bench.sub('A') }, bench.specs, {
        ...GOOD,
        expirationMs: START_MS + 60_000,
      }),
  ],
  ['the order is for an account the session is not of', 2003, 403, (bench) => bench.sign('B', GOOD)],
  ['order_id is given', 2010, 400, (bench) => altered(bench, (order) => (order.order_id = '0x01'))],
  [
    'client_order_id is missing',
    2011,
    400,
    (bench) => altered(bench, (order) => delete order.metadata.client_order_id),
  ],
  [
    'client_order_id is no uint64',
    1003,
    400,
    (bench) => altered(bench, (order) => (order.metadata.client_order_id = '-1')),
  ],
  ['state is given', 2050, 400, (bench) => altered(bench, (order) => (order.state = { status: 'OPEN' }))],
  [
    'a trigger is given',
    2110,
    400,
    (bench) => altered(bench, (order) => (order.metadata.trigger = { trigger_type: 'STOP_LOSS' })),
  ],
  ['no leg', 2040, 400, (bench) => altered(bench, (order) => (order.legs = []))],
  ['unknown instrument', 2061, 400, (bench) => bench.sign('A', { ...GOOD, instrument: 'XXX_USDT_Perp' })],
  [
    'closed instrument',
    2060,
    400,
    (bench) => {
      bench.exchange.control.active({ instrument: 'BTC_USDT_Perp', active: false });
      return bench.sign('A', GOOD);
    },
  ],
  ['a market order with a price', 2020, 400, (bench) => bench.sign('A', { ...GOOD, isMarket: true, postOnly: false })],
  ['a limit order without one', 2021, 400, (bench) => bench.sign('A', { ...GOOD, price: '0' })],
  ['all-or-none', 2030, 400, (bench) => bench.sign('A', { ...GOOD, timeInForce: 'ALL_OR_NONE' })],
  [
    'post-only that may not rest',
    2032,
    400,
    (bench) => bench.sign('A', { ...GOOD, timeInForce: 'IMMEDIATE_OR_CANCEL' }),
  ],
  ['less than the smallest size', 2062, 400, (bench) => bench.sign('A', { ...GOOD, size: '0.0005' })],
  ['not whole steps', 2065, 400, (bench) => bench.sign('A', { ...GOOD, size: '0.0105' })],
  ['digits of size beyond those signed', 2065, 400, (bench) => bench.sign('A', { ...GOOD, size: '0.0100000000001' })],
  ['price between ticks', 2064, 400, (bench) => bench.sign('A', { ...GOOD, price: '95000.05' })],
  ['below the smallest notional', 2066, 400, (bench) => bench.sign('A', { ...GOOD, size: '0.001', price: '90000.0' })],
  ['more than the margin allows', 2080, 400, (bench) => bench.sign('A', { ...GOOD, size: '20' })],
  [
    'past the largest position',
    2081,
    400,
    (bench) => {
      bench.exchange.control.equity({ account: 'A', equity: '999999999' });
      return bench.sign('A', { ...GOOD, size: '1000.001' });
    },
  ],
  ['reduce-only, flat', 2400, 400, (bench) => bench.sign('A', { ...GOOD, reduceOnly: true })],
  [
    'reduce-only that would grow',
    2401,
    400,
    (bench) => {
      bench.exchange.control.position({ account: 'A', instrument: 'BTC_USDT_Perp', size: '0.05' });
      return bench.sign('A', { ...GOOD, reduceOnly: true });
    },
  ],
  [
    'reduce-only that would turn',
    2402,
    400,
    (bench) => {
      bench.exchange.control.position({ account: 'A', instrument: 'BTC_USDT_Perp', size: '-0.005' });
      return bench.sign('A', { ...GOOD, reduceOnly: true });
    },
  ],
  [
    'reduce-only below the smallest notional',
    2067,
    400,
    (bench) => {
      bench.exchange.control.position({ account: 'A', instrument: 'BTC_USDT_Perp', size: '-0.05' });
      return bench.sign('A', { ...GOOD, size: '0.001', reduceOnly: true });
    },
  ],
  [
    'client_order_id of a live order',
    2012,
    400,
    async (bench) => {
      const clientOrderId = await bench.place('A', { ...GOOD, price: '90000.0' });
      return bench.sign('A', { ...GOOD, clientOrderId });
    },
  ],
  ['legs is no list', 1003, 400, (bench) => altered(bench, (order) => (order.legs = {}))],
  ['a price that is no number', 1003, 400, (bench) => altered(bench, (order) => (order.legs[0].limit_price = '1e400'))],
];

async function altered(bench: PaperBench, spoil: (order: Loose) => unknown): Promise<Loose> {
  const order = await bench.sign('A', GOOD);
  spoil(order);
  return order;
}

describe('a create is refused with the code of the first rule it breaks', () => {
  for (const [rule, code, status, make] of RULES) {
    it(`${code}: ${rule}`, async () => {
      const bench = new PaperBench();
      const order = await make(bench);
      const before = bench.call('A', 'open_orders').body.result.length;
      const answer = bench.call('A', 'create_order', { order });
      assert.deepEqual(
        [answer.body.code, answer.status, answer.body.status],
        [code, status, status],
        JSON.stringify(answer.body),
      );
      assert.deepEqual(Object.keys(answer.body), ['code', 'message', 'status']);
      bench.wait(1_000);
      assert.equal(bench.call('A', 'open_orders').body.result.length, before, 'nothing came of it');
    });
  }

  it('7201: outside the price band, where one is set', async () => {
    const bench = new PaperBench({ priceBandPercent: '5' });
    const order = await bench.sign('A', { ...GOOD, price: '80000.0' });
    assert.equal(bench.call('A', 'create_order', { order }).body.code, 7201);
  });

  it('2090: more open orders than allowed', async () => {
    const bench = new PaperBench({ maxOpenOrders: 1 });
    await bench.place('A', { ...GOOD, price: '90000.0' });
    const order = await bench.sign('A', { ...GOOD, price: '90000.0' });
    const answer = bench.call('A', 'create_order', { order });
    assert.deepEqual([answer.status, answer.body.code], [429, 2090]);
  });

  it('fields a client leaves null count as absent, and a zero price may have an exponent', async () => {
    const bench = new PaperBench();
    const order = await bench.sign('A', { buy: true, size: '0.01', isMarket: true });
    order.legs[0].limit_price = '0E-9';
    for (const field of ['order_id', 'state', 'builder', 'builder_fee']) order[field] = null;
    for (const field of ['create_time', 'trigger', 'broker']) order.metadata[field] = null;
    assert.equal(bench.call('A', 'create_order', { order }).status, 200);
    bench.wait(40);
    assert.equal(bench.state('A', order.metadata.client_order_id), 'FILLED UNSPECIFIED 0.01');
    assert.equal(bench.call('A', 'cancel_order', { order_id: null, client_order_id: null }).body.code, 3021);
    assert.equal(bench.call('A', 'open_orders', { kind: null, base: null, quote: null }).status, 200);
  });

  it('a further chain id the exchange was given is as good as its own, and no third', async () => {
    const bench = new PaperBench({ alsoChainIds: [327] });
    for (const [signed, named, code] of [
      [326, undefined, undefined],
      [327, undefined, undefined],
      [327, '327', undefined],
      [327, '326', 2002],
      [326, '327', 2002],
      [325, undefined, 2002],
      [325, '325', 1012],
    ] as const) {
      const order = await bench.sign('A', { ...GOOD, price: '90000.0', chainId: signed });
      if (named !== undefined) order.signature.chain_id = named;
      const answer = bench.call('A', 'create_order', { order });
      assert.equal(answer.body.code, code, `signed for ${signed}, named ${named}`);
      // Sent again, the payload is the same one whichever chain it was signed for.
      if (code === undefined) assert.equal(bench.call('A', 'create_order', { order }).status, 200);
    }
    bench.wait(40);
    assert.equal(bench.call('A', 'open_orders').body.result.length, 3);
  });

  it('the good order these are made from is taken', async () => {
    const bench = new PaperBench();
    const id = await bench.place('A', { ...GOOD, price: '90000.0' });
    assert.equal(bench.state('A', id), 'OPEN UNSPECIFIED 0.0');
  });
});
