import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PaperBench, START_MS } from './paper-bench.ts';

const BTC = 'BTC_USDT_Perp';
/** Post-only, resting inside the still book of 100.0 / 101.0. */
const rest = (buy: boolean, price: string, size = '2') => ({ buy, price, size, postOnly: true });

function bench(options: ConstructorParameters<typeof PaperBench>[0] = {}): PaperBench {
  const made = new PaperBench(options);
  made.still();
  return made;
}

describe('matching', () => {
  it('takes the better price first, then the older order', async () => {
    const d = bench();
    const older = await d.place('A', rest(true, '100.5'));
    const younger = await d.place('B', rest(true, '100.5'));
    const better = await d.place('B', rest(true, '100.6'));
    d.exchange.control.market({ instrument: BTC, taker: { side: 'sell', size: '3' } });
    assert.equal(d.state('B', better), 'FILLED UNSPECIFIED 2.0');
    assert.equal(d.state('A', older), 'OPEN UNSPECIFIED 1.0');
    assert.equal(d.state('B', younger), 'OPEN UNSPECIFIED 0.0');
  });

  it('a taker order meets resting orders, the market’s and the accounts’, by price', async () => {
    const d = bench();
    const maker = await d.place('B', rest(false, '100.9', '3'));
    const taker = await d.place('A', { buy: true, price: '101.0', size: '5' });
    assert.equal(d.state('B', maker), 'FILLED UNSPECIFIED 3.0');
    assert.equal(d.state('A', taker), 'FILLED UNSPECIFIED 5.0');
    const order = d.order('A', taker);
    assert.equal(order.state.avg_fill_price[0], '100.94');
    const fills = d.call('A', 'fill_history').body.result;
    assert.deepEqual(
      fills.map((fill: { price: string; size: string; is_taker: boolean }) => [fill.price, fill.size, fill.is_taker]),
      [
        ['101.0', '2.0', true],
        ['100.9', '3.0', true],
      ],
    );
    const [first, second] = fills.map((fill: { trade_id: string }) => fill.trade_id.split('-'));
    assert.equal(first[0], second[0], 'one execution, two parts');
  });

  it('acknowledges a post-only order that crosses, and refuses it after', async () => {
    const d = bench();
    const order = await d.sign('A', { buy: true, price: '101.0', size: '2', postOnly: true });
    const answer = d.call('A', 'create_order', { order });
    assert.equal(answer.status, 200);
    assert.deepEqual([answer.body.result.order_id, answer.body.result.state.status], ['0x00', 'PENDING']);
    d.wait(5);
    assert.equal(d.state('A', order.metadata.client_order_id), 'REJECTED FAIL_POST_ONLY 0.0');
    assert.deepEqual(d.call('A', 'open_orders').body.result, []);
    assert.equal(d.call('A', 'order_history').body.result[0].state.reject_reason, 'FAIL_POST_ONLY');
  });

  it('refuses a post-only order that would match the other account', async () => {
    const d = bench();
    await d.place('B', rest(false, '100.5'));
    const crossing = await d.place('A', rest(true, '100.5'));
    assert.equal(d.state('A', crossing), 'REJECTED FAIL_POST_ONLY 0.0');
  });

  it('fills in parts, and says so as OPEN with a traded size', async () => {
    const d = bench();
    const id = await d.place('A', rest(true, '100.5', '2'));
    d.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.5' });
    const { state } = d.order('A', id);
    assert.deepEqual(
      [state.status, state.book_size[0], state.traded_size[0], state.avg_fill_price[0]],
      ['OPEN', '1.5', '0.5', '100.5'],
    );
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    assert.equal(d.order('A', id).state.book_size[0], '0.0');
    assert.equal(d.state('A', id), 'FILLED UNSPECIFIED 2.0');
  });

  it('ends a resting order when its time is over', async () => {
    const d = bench();
    const id = await d.place('A', { ...rest(true, '100.5'), expirationMs: START_MS + 5_000 });
    d.wait(4_900);
    assert.equal(d.state('A', id), 'OPEN UNSPECIFIED 0.0');
    d.wait(100);
    assert.equal(d.state('A', id), 'CANCELLED EXPIRED 0.0');
  });

  it('refuses an order that would live longer than thirty days', async () => {
    const d = bench();
    const id = await d.place('A', { ...rest(true, '100.5'), expirationMs: START_MS + 31 * 86_400_000 });
    assert.equal(d.state('A', id), 'REJECTED EXCEED_MAX_SIGNATURE_EXPIRATION 0.0');
  });

  it('ignores an identical signed payload', async () => {
    const d = bench();
    const order = await d.sign('A', rest(true, '100.5'));
    for (let time = 0; time < 2; time++) {
      const answer = d.call('A', 'create_order', { order });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.result.state.status, 'PENDING');
      d.wait(40);
    }
    assert.equal(d.call('A', 'open_orders').body.result.length, 1);
    d.call('A', 'cancel_order', { client_order_id: order.metadata.client_order_id });
    d.wait(40);
    d.call('A', 'create_order', { order });
    d.wait(40);
    assert.deepEqual(d.call('A', 'open_orders').body.result, [], 'nor does it come back after its end');
  });

  it('lets a client order id be used again once its order is over', async () => {
    const d = bench();
    const first = await d.place('A', rest(true, '100.5'));
    d.call('A', 'cancel_order', { client_order_id: first });
    d.wait(200);
    const again = await d.place('A', { ...rest(true, '100.4'), clientOrderId: first });
    assert.equal(again, first);
    assert.equal(d.order('A', first).legs[0].limit_price, '100.4');
  });

  it('reports a used client order id as a state, where set so', async () => {
    const d = bench({ overlap: 'state' });
    const first = await d.place('A', rest(true, '100.5'));
    await d.place('A', { ...rest(true, '100.4'), clientOrderId: first });
    assert.equal(d.order('A', first).legs[0].limit_price, '100.5', 'the id still names the first');
    assert.equal(d.call('A', 'order_history').body.result[0].state.reject_reason, 'OVERLAPPING_CLIENT_ORDER_ID');
  });

  for (const [tif, size, expected] of [
    ['IMMEDIATE_OR_CANCEL', '1500', 'CANCELLED IOC_CANCEL 1000.0'],
    ['FILL_OR_KILL', '1500', 'CANCELLED FOK_CANCEL 0.0'],
    ['FILL_OR_KILL', '900', 'FILLED UNSPECIFIED 900.0'],
  ] as const) {
    it(`${tif} of ${size} against a level of 1000 ends ${expected}`, async () => {
      const d = bench();
      d.exchange.control.equity({ account: 'A', equity: '1000000' });
      d.exchange.control.instruments([
        {
          instrument: BTC,
          instrument_hash: '0x030501',
          base: 'BTC',
          quote: 'USDT',
          base_decimals: 9,
          tick_size: '0.1',
          min_size: '0.001',
          max_position_size: '100000',
        },
      ]);
      const id = await d.place('A', { buy: true, price: '101.0', size, timeInForce: tif });
      assert.equal(d.state('A', id), expected);
    });
  }

  it('does not let an account trade with itself', async () => {
    const d = bench();
    await d.place('A', rest(false, '100.5'));
    const id = await d.place('A', { buy: true, price: '100.5', size: '2' });
    assert.equal(d.state('A', id), 'REJECTED SELF_MATCHED_SUBACCOUNT 0.0');
  });

  for (const [rule, maker, taker] of [
    ['allow', 'FILLED UNSPECIFIED 2.0', 'FILLED UNSPECIFIED 2.0'],
    ['reject-taker', 'OPEN UNSPECIFIED 0.0', 'REJECTED SELF_TRADE_PROTECTION 0.0'],
    ['cancel-maker', 'CANCELLED SELF_TRADE_PROTECTION 0.0', 'OPEN UNSPECIFIED 0.0'],
  ] as const) {
    it(`two accounts of one owner meet: ${rule}`, async () => {
      const d = bench({ selfTrade: rule });
      const resting = await d.place('B', rest(false, '100.5'));
      const incoming = await d.place('A', { buy: true, price: '100.5', size: '2' });
      assert.deepEqual([d.state('B', resting), d.state('A', incoming)], [maker, taker]);
    });
  }

  it('never shows a crossed book, even while the crowd trades through a resting order', async () => {
    const d = new PaperBench({ profile: 'choppy' });
    for (let round = 0; round < 60; round++) {
      const { bids, asks } = d.call(null, 'book', { instrument: BTC, depth: 10 }).body.result;
      for (const [name, buy, price] of [
        ['A', true, bids[0].price],
        ['B', false, asks[0].price],
      ] as const) {
        await d.place(name, { buy, price, size: '0.1', postOnly: true });
      }
      for (let step = 0; step < 4; step++) {
        d.wait(250);
        const book = d.call(null, 'book', { instrument: BTC, depth: 10 }).body.result;
        assert.ok(Number(book.bids[0].price) < Number(book.asks[0].price));
        for (let level = 1; level < 10; level++) {
          assert.ok(Number(book.bids[level].price) < Number(book.bids[level - 1].price));
          assert.ok(Number(book.asks[level].price) > Number(book.asks[level - 1].price));
        }
      }
    }
    assert.ok(d.call('A', 'fill_history').body.result.length > 5);
  });
});

describe('cancelling', () => {
  it('is acknowledged first and done later, by either id', async () => {
    const d = bench();
    const byClient = await d.place('A', rest(true, '100.5'));
    const byOrder = await d.place('A', rest(true, '100.4'));
    const { order_id } = d.order('A', byOrder);
    assert.deepEqual(d.call('A', 'cancel_order', { client_order_id: byClient }).body, { result: { ack: true } });
    assert.equal(d.state('A', byClient), 'OPEN UNSPECIFIED 0.0');
    assert.deepEqual(d.call('A', 'cancel_order', { order_id }).body, { result: { ack: true } });
    d.wait(5);
    assert.equal(d.state('A', byClient), 'CANCELLED CLIENT_CANCEL 0.0');
    assert.equal(d.state('A', byOrder), 'CANCELLED CLIENT_CANCEL 0.0');
  });

  it('works on an order that is not yet in the book', async () => {
    const d = bench();
    const order = await d.sign('A', rest(true, '100.5'));
    d.call('A', 'create_order', { order });
    d.call('A', 'cancel_order', { client_order_id: order.metadata.client_order_id });
    d.wait(10);
    assert.equal(d.state('A', order.metadata.client_order_id), 'CANCELLED CLIENT_CANCEL 0.0');
  });

  it('with a time to live kills a create that arrives within it, and none after', async () => {
    const d = bench();
    const inside = await d.sign('A', rest(true, '100.5'));
    const outside = await d.sign('A', rest(true, '100.5'));
    for (const order of [inside, outside]) {
      const { client_order_id } = order.metadata;
      const answer = d.call('A', 'cancel_order', { client_order_id, time_to_live_ms: '1000' });
      assert.deepEqual(answer.body, { result: { ack: true } });
    }
    d.wait(900);
    d.call('A', 'create_order', { order: inside });
    d.wait(200);
    d.call('A', 'create_order', { order: outside });
    d.wait(40);
    assert.equal(d.state('A', inside.metadata.client_order_id), 'REJECTED CLIENT_CANCEL 0.0');
    assert.equal(d.state('A', outside.metadata.client_order_id), 'OPEN UNSPECIFIED 0.0');
  });

  for (const [rule, body, code] of [
    ['needs an id', {}, 3021],
    ['takes a time to live of five seconds at most', { client_order_id: '5', time_to_live_ms: '5100' }, 2301],
  ] as const) {
    it(rule, () => {
      assert.equal(bench().call('A', 'cancel_order', body).body.code, code);
    });
  }

  it('of all orders leaves other accounts alone', async () => {
    const d = bench();
    const mine = await d.place('A', rest(true, '100.5'));
    const theirs = await d.place('B', rest(true, '100.5'));
    d.call('A', 'cancel_all_orders');
    d.wait(10);
    assert.deepEqual(
      [d.state('A', mine), d.state('B', theirs)],
      ['CANCELLED CLIENT_CANCEL 0.0', 'OPEN UNSPECIFIED 0.0'],
    );
  });

  it("happens by itself when the dead man's switch is not refreshed", async () => {
    const d = bench();
    const id = await d.place('A', rest(true, '100.5'));
    assert.equal(d.call('A', 'cancel_on_disconnect', { countdown_time: '300001' }).body.code, 6000);
    d.call('A', 'cancel_on_disconnect', { countdown_time: '2999' });
    d.wait(1_500);
    d.call('A', 'cancel_on_disconnect', { countdown_time: '2999' });
    d.wait(1_900);
    assert.equal(d.state('A', id), 'OPEN UNSPECIFIED 0.0');
    d.wait(100);
    assert.equal(d.state('A', id), 'CANCELLED CLIENT_CANCEL_ON_DISCONNECT_TRIGGERED 0.0');
  });

  it('in bulk: cancels and creates of one instrument, each kind of id on its own', async () => {
    const d = bench();
    const old = await d.place('A', rest(true, '100.5'));
    const orders = [await d.sign('A', rest(true, '100.4')), await d.sign('A', rest(true, '100.3'))];
    const answer = d.call('A', 'bulk_orders', { orders, order_i_ds: [], client_order_i_ds: [old] });
    assert.deepEqual(answer.body.cancel_acks, [{ ack: true }]);
    assert.equal(answer.body.orders.length, 2);
    d.wait(10);
    assert.equal(d.call('A', 'open_orders').body.result.length, 2);
    const both = d.call('A', 'bulk_orders', { orders: [], order_i_ds: ['0x01'], client_order_i_ds: ['1'] });
    assert.equal(both.body.code, 2233);
  });
});

describe('histories', () => {
  it('come newest first, page by page, and each item once', async () => {
    const d = bench();
    const ids: string[] = [];
    for (let index = 0; index < 7; index++) {
      const id = await d.place('A', rest(true, '100.5'));
      ids.unshift(id);
      d.call('A', 'cancel_order', { client_order_id: id });
      d.wait(10);
    }
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages++) {
      const { result, next } = d.call('A', 'order_history', { limit: 3, cursor }).body;
      for (const order of result) seen.push(order.metadata.client_order_id);
      cursor = next;
      if (next === '') break;
    }
    assert.deepEqual(seen, ids);
  });

  it('can be asked from a moment on', async () => {
    const d = bench();
    for (let index = 0; index < 2; index++) {
      const id = await d.place('A', rest(true, '100.5'));
      d.exchange.control.fill({ account: 'A', client_order_id: id });
      d.wait(1_000);
    }
    const start_time = `${START_MS + 1_000}000000`;
    assert.equal(d.call('A', 'fill_history', { start_time }).body.result.length, 1);
  });
});
