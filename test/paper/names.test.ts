import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MDG, TDG } from '@grvt/client';
import { startPaper } from '../../src/paper/index.ts';
import { NAME_TABLE } from '../../src/paper/name-table.ts';
import { liteText, toFull, toLite } from '../../src/paper/names.ts';
import { type Loose, PaperBench } from './paper-bench.ts';

const read = (name: string): Loose =>
  JSON.parse(readFileSync(new URL(`../data/grvt/${name}`, import.meta.url), 'utf8'));

/** Whether every field a structure of the table requires is there, and of its type. */
function complete(struct: string, value: Loose, path: string, structs: Loose): void {
  for (const [field, { type, required }] of Object.entries<Loose>(structs[struct])) {
    const inner = value[field];
    const where = `${path}.${field}`;
    if (inner === undefined) {
      assert.equal(required, false, `${where} is missing`);
      continue;
    }
    const list = type.startsWith('[');
    const name = type.replace(/[[\]]/g, '');
    assert.equal(Array.isArray(inner), list, where);
    for (const [index, item] of (list ? inner : [inner]).entries()) {
      if (structs[name] !== undefined) complete(name, item, `${where}[${index}]`, structs);
      else if (name === 'integer') assert.ok(Number.isInteger(item), where);
      else if (name === 'boolean') assert.equal(typeof item, 'boolean', where);
      else if (name !== 'object') assert.equal(typeof item, 'string', where);
    }
  }
}

async function busyDesk(): Promise<PaperBench> {
  const d = new PaperBench();
  for (let round = 0; round < 5; round++) {
    const { bids } = d.call(null, 'book', { instrument: 'BTC_USDT_Perp', depth: 10 }).body.result;
    await d.place('A', { buy: true, price: bids[0].price, size: '0.02', postOnly: true });
    d.wait(1_000);
  }
  await d.place('A', { buy: true, size: '0.05', isMarket: true, timeInForce: 'IMMEDIATE_OR_CANCEL' });
  await d.place('A', { buy: true, price: '90000.0', size: '0.02', postOnly: true });
  return d;
}

describe('names and shapes', () => {
  it('the table holds what the documentation’s does', () => {
    const { structs } = read('full-lite-map.json');
    for (const [name, fields] of Object.entries<Loose>(structs)) {
      const expected = Object.entries<Loose>(fields).map(([full, { lite }]) => `${full}:${lite}`);
      const ours = NAME_TABLE[name]!.split(' ').map((part) => part.split(':').slice(0, 2).join(':'));
      assert.deepEqual(ours, expected, name);
    }
  });

  it('an answer carries every field that is not optional, of its type', async () => {
    const d = await busyDesk();
    const { structs } = read('full-lite-map.json');
    const instrument = { instrument: 'BTC_USDT_Perp' };
    const calls: [string | null, string, Loose, string][] = [
      ['A', 'open_orders', {}, 'ApiOpenOrdersResponse'],
      ['A', 'order_history', {}, 'ApiOrderHistoryResponse'],
      ['A', 'fill_history', {}, 'ApiFillHistoryResponse'],
      ['A', 'positions', {}, 'ApiPositionsResponse'],
      ['A', 'account_summary', {}, 'ApiSubAccountSummaryResponse'],
      ['A', 'aggregated_account_summary', {}, 'ApiAggregatedAccountSummaryResponse'],
      ['A', 'get_sub_accounts', {}, 'ApiGetSubAccountsResponse'],
      [null, 'instrument', instrument, 'ApiGetInstrumentResponse'],
      [null, 'all_instruments', {}, 'ApiGetAllInstrumentsResponse'],
      [null, 'instruments', { kind: ['PERPETUAL'], base: ['BTC'] }, 'ApiGetFilteredInstrumentsResponse'],
      [null, 'book', { ...instrument, depth: 50 }, 'ApiOrderbookLevelsResponse'],
      [null, 'mini', instrument, 'ApiMiniTickerResponse'],
      [null, 'ticker', instrument, 'ApiTickerResponse'],
      [null, 'trade', { ...instrument, limit: 50 }, 'ApiTradeResponse'],
    ];
    for (const [name, route, body, struct] of calls) {
      const answer = d.call(name, route, body);
      assert.equal(answer.status, 200, route);
      const { result } = answer.body;
      if (Array.isArray(result)) assert.ok(result.length > 0, `${route} has something to show`);
      complete(struct, answer.body, route, structs);
      assert.deepEqual(
        toFull(struct, toLite(struct, answer.body)),
        JSON.parse(JSON.stringify(stripped(answer.body))),
        route,
      );
      assert.equal(liteText(struct, answer.body), JSON.stringify(toLite(struct, answer.body)), route);
    }
    const order = await d.sign('A', { buy: true, price: '90000.0', size: '0.02' });
    complete('ApiCreateOrderResponse', d.call('A', 'create_order', { order }).body, 'create_order', structs);
  });

  it('the text of lite names is that of the object, whatever the values are', () => {
    const awkward = [
      null,
      undefined,
      '',
      'a"b',
      'back\\slash',
      'line\n',
      'ß',
      '\u2028',
      '\u007f',
      0,
      -1.5,
      true,
      [],
      {},
    ];
    for (const value of awkward) {
      const feed = { status: value, book_size: [value, '1.0', value], unknown: value };
      const order = { order_id: value, legs: [{ instrument: value }, value], state: feed, metadata: value };
      const answer = { result: [order, value], next: value };
      const text = liteText('ApiOrderHistoryResponse', answer);
      assert.equal(text, JSON.stringify(toLite('ApiOrderHistoryResponse', answer)));
    }
  });

  it('numbers have at least one fractional digit', async () => {
    const d = await busyDesk();
    const [order] = d.call('A', 'open_orders').body.result;
    for (const text of [order.legs[0].size, order.legs[0].limit_price, order.state.traded_size[0], order.builder_fee]) {
      assert.match(text, /^-?\d+\.\d+$/);
    }
  });

  it('fields of captured answers are all there', async () => {
    const d = await busyDesk();
    const first = (value: Loose): Loose => (Array.isArray(value) ? value[0] : value);
    const has = (captured: Loose, ours: Loose, path: string): void => {
      for (const [key, value] of Object.entries<Loose>(captured)) {
        assert.ok(key in ours, `${path}.${key}`);
        const [theirs, mine] = [first(value), first(ours[key])];
        if (typeof theirs === 'object' && theirs !== null) {
          if (mine !== undefined) has(theirs, mine, `${path}.${key}`);
        } else if (mine !== undefined && theirs !== undefined) {
          assert.equal(typeof mine, typeof theirs, `${path}.${key}`);
        }
      }
    };
    for (const [file, name, route, body] of [
      ['order.open', 'A', 'open_orders', {}],
      ['order.filled', 'A', 'order_history', {}],
      ['fill_history.response', 'A', 'fill_history', {}],
      ['positions.response', 'A', 'positions', {}],
      ['account_summary.response', 'A', 'account_summary', {}],
      ['aggregated_account_summary.response', 'A', 'aggregated_account_summary', {}],
      ['instrument', null, 'all_instruments', {}],
      ['orderbook', null, 'book', { instrument: 'BTC_USDT_Perp', depth: 10 }],
      ['ticker', null, 'ticker', { instrument: 'BTC_USDT_Perp' }],
    ] as const) {
      const captured = read(`samples/${file}.json`).payload.result;
      has(first(captured), first(d.call(name, route, body).body.result), file);
    }
  });

  it('one answer says the same in full and, through the venue’s client, in lite', async () => {
    const paper = await startPaper({ seed: 4, rateLimits: false });
    try {
      const account = paper.accounts[0]!;
      const { control } = paper.exchange;
      control.market({ instrument: 'BTC_USDT_Perp', frozen: true });
      control.position({ account: 'A', instrument: 'BTC_USDT_Perp', size: '0.5', entry_price: '94000.0' });
      control.order({
        account: 'A',
        instrument: 'BTC_USDT_Perp',
        side: 'buy',
        size: '0.1',
        price: '90000.0',
        post_only: true,
        expires_in_ms: 1e6,
      });
      const login = await fetch(`${paper.url}/auth/api_key/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ api_key: account.apiKey }),
      });
      const headers = {
        'content-type': 'application/json',
        cookie: login.headers.get('set-cookie')!.split(';')[0]!,
        'x-grvt-account-id': login.headers.get('x-grvt-account-id')!,
      };
      const trade: Loose = new TDG({ host: paper.url });
      const market: Loose = new MDG({ host: paper.url });
      const sub = { sub_account_id: account.subAccountId };
      const book = { instrument: 'BTC_USDT_Perp', depth: 10 };
      for (const [route, body, lite] of [
        ['open_orders', sub, () => trade.openOrders(sub, { headers })],
        ['positions', sub, () => trade.positions(sub, { headers })],
        ['account_summary', sub, () => trade.subAccountSummary(sub, { headers })],
        ['all_instruments', {}, () => market.allInstruments({})],
        ['book', book, () => market.orderBook(book)],
      ] as const) {
        const answer = await fetch(`${paper.url}/full/v1/${route}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        // Of fields its tables lack, the client makes the key `undefined` (API 10).
        const known = (value: Loose): Loose => {
          if (Array.isArray(value)) return value.map(known);
          if (typeof value !== 'object' || value === null) return value;
          const skip = [
            'undefined',
            'event_time',
            'is_position_transfer',
            'allow_crossing',
            'margin_balance',
            'is_split_position',
          ];
          return Object.fromEntries(
            Object.entries(value)
              .filter(([key]) => !skip.includes(key))
              .map(([key, inner]) => [key, known(inner)]),
          );
        };
        assert.deepEqual(known(await lite()), known(await answer.json()), route);
      }
    } finally {
      await paper.close();
    }
  });
});

/** Without the fields that have no lite name. */
function stripped(value: Loose): Loose {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'is_position_transfer' && key !== 'allow_crossing')
      .map(([key, inner]) => [key, stripped(inner)]),
  );
}
