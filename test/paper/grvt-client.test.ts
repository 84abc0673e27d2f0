import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MDG, TDG } from '@grvt/client';
import { type PaperServer, startPaper } from '../../src/paper/index.ts';
import { signedOrder } from './client.ts';

// biome-ignore lint/suspicious/noExplicitAny: the client's own types name no field as required and some wrongly (API 10)
type Loose = any;

describe("the venue's own REST client, over loopback", () => {
  let paper: PaperServer;
  let trade: Loose;
  let market: Loose;
  let sub = '';

  before(async () => {
    paper = await startPaper({ seed: 3, rateLimits: false });
    const account = paper.accounts[0]!;
    sub = account.subAccountId;
    const login = await fetch(`${paper.url}/auth/api_key/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: 'rm=true;' },
      body: JSON.stringify({ api_key: account.apiKey }),
    });
    assert.equal(login.status, 200);
    assert.deepEqual(await login.json(), {
      location: '',
      status: 'success',
      sub_account_id: sub,
      trading_account_id: sub,
      funding_account_address: account.owner,
    });
    const cookie = /gravity=[^;]+/.exec(login.headers.get('set-cookie') ?? '')?.[0];
    trade = new TDG({ host: paper.url });
    trade.axios.defaults.headers.common.Cookie = cookie;
    trade.axios.defaults.headers.common['X-Grvt-Account-Id'] = login.headers.get('x-grvt-account-id');
    market = new MDG({ host: paper.url });
  });
  after(() => paper.close());

  async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const value = await read();
      if (good(value)) return value;
    }
    throw new Error('never came true');
  }

  it('lists instruments and serves books of the depth asked for', async () => {
    const { result } = await market.allInstruments({});
    assert.deepEqual(
      result.map((row: Loose) => row.instrument),
      ['BTC_USDT_Perp', 'ETH_USDT_Perp', 'SOL_USDT_Perp', 'BNB_USDT_Perp'],
    );
    assert.equal(result[0].tick_size, '0.1');
    const book = (await market.orderBook({ instrument: 'BTC_USDT_Perp', depth: 10 })).result;
    assert.equal(book.bids.length, 10);
    assert.equal(book.asks.length, 10);
    assert.ok(Number(book.bids[0].price) < Number(book.asks[0].price));
    await assert.rejects(market.orderBook({ instrument: 'BTC_USDT_Perp', depth: 7 }), (error: Loose) => {
      assert.deepEqual(error.response.data, { code: 3031, message: 'Depth is invalid', undefined: 400 });
      return error.response.status === 400;
    });
  });

  it('creates an order that is acknowledged first and rests later, and cancels it', async () => {
    const book = (await market.orderBook({ instrument: 'BTC_USDT_Perp', depth: 10 })).result;
    const price = (Number(book.bids[9].price) - 100).toFixed(1);
    const specs = [...paper.exchange.venue.books()].map((each) => each.spec);
    const order: Loose = await signedOrder(paper.accounts[0]!, specs, {
      size: '0.01',
      price,
      buy: true,
      postOnly: true,
      expirationMs: Date.now() + 60_000,
    });
    const ack = (await trade.createOrder({ order })).result;
    assert.equal(ack.order_id, '0x00');
    assert.equal(ack.state.status, 'PENDING');
    const client_order_id = order.metadata.client_order_id;
    const open = await until(
      async () => (await trade.openOrders({ sub_account_id: sub })).result,
      (orders: Loose) => orders.length === 1,
    );
    assert.match(open[0].order_id, /^0x0101010503[0-9a-f]{22}$/);
    assert.equal(open[0].metadata.client_order_id, client_order_id);
    assert.equal(open[0].legs[0].limit_price, price);
    const summary = (await trade.subAccountSummary({ sub_account_id: sub })).result;
    assert.ok(Number(summary.initial_margin) > 0);
    await trade.cancelOrder({ sub_account_id: sub, client_order_id });
    const gone = await until(
      async () => (await trade.order({ sub_account_id: sub, client_order_id })).result,
      (found: Loose) => found.state.status === 'CANCELLED',
    );
    assert.equal(gone.state.reject_reason, 'CLIENT_CANCEL');
    const history = await trade.orderHistory({ sub_account_id: sub });
    assert.equal(history.result[0].order_id, open[0].order_id);
    assert.equal(history.next, '');
    assert.deepEqual((await trade.fillHistory({ sub_account_id: sub })).result, []);
    assert.deepEqual((await trade.positions({ sub_account_id: sub })).result, []);
  });

  it('answers calls without parameters, which this client sends as null', async () => {
    const { result } = await trade.aggregatedAccountSummary();
    assert.equal(result.main_account_id, paper.accounts[0]!.owner);
  });

  it('refuses a stranger with 1000', async () => {
    const stranger: Loose = new TDG({ host: paper.url });
    await assert.rejects(stranger.positions({ sub_account_id: sub }), (error: Loose) => {
      assert.equal(error.response.data.code, 1000);
      return error.response.status === 401;
    });
  });
});
