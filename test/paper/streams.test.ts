import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { FAULT_KINDS, type FaultKind, type FaultRule, type PaperServer, startPaper } from '../../src/paper/index.ts';
import { toFull } from '../../src/paper/names.ts';
import { signedOrder } from './client.ts';
import { type Loose, PaperBench } from './paper-bench.ts';

const BTC = 'BTC_USDT_Perp';

/** A connection in virtual time, and everything it received. */
class Subscriber {
  readonly received: Loose[] = [];
  closed: number | null = null;
  readonly #connection;
  readonly #bench: PaperBench;

  constructor(bench: PaperBench, path: string, name: string | null) {
    this.#bench = bench;
    const connection = bench.exchange.connect(path, name === null ? {} : bench.headers.get(name)!, {
      send: (text) => this.received.push(JSON.parse(text)),
      close: (code) => {
        this.closed = code;
      },
    });
    assert.ok(typeof connection !== 'number', `handshake refused: ${String(connection)}`);
    this.#connection = connection;
  }

  say(message: unknown): Loose {
    const before = this.received.length;
    this.#connection.receive(typeof message === 'string' ? message : JSON.stringify(message), this.#bench.nowMs);
    return this.received[before];
  }

  subscribe(stream: string, ...selectors: string[]): Loose {
    return this.say({ jsonrpc: '2.0', method: 'subscribe', params: { stream, selectors }, id: 1 });
  }

  of(stream: string): Loose[] {
    return this.received.filter((message) => message.stream === stream && message.feed !== undefined);
  }
}

/** A frame without its numbers: what two channels of one stream share. */
const bare = (frame: Loose): Loose => frame.feed;

describe('streams', () => {
  it('report an order, its fills, its position and its end, numbered from one', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    for (const stream of ['v1.order', 'v1.state', 'v1.fill', 'v1.position']) {
      const ack = subscriber.subscribe(stream, d.sub('A'));
      assert.deepEqual(ack, {
        jsonrpc: '2.0',
        result: {
          stream,
          subs: [d.sub('A')],
          unsubs: [],
          num_snapshots: [0],
          first_sequence_number: ['1'],
          latest_sequence_number: ['0'],
        },
        id: 1,
        method: 'subscribe',
      });
    }
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id, size: '0.5' });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    assert.deepEqual(
      subscriber
        .of('v1.state')
        .map((frame) => [frame.sequence_number, frame.feed.order_state.status, frame.feed.order_state.traded_size[0]]),
      [
        ['1', 'OPEN', '0.0'],
        ['2', 'OPEN', '0.5'],
        ['3', 'FILLED', '2.0'],
      ],
    );
    assert.deepEqual(
      subscriber.of('v1.fill').map((frame) => [frame.selector, frame.prev_sequence_number, frame.feed.size]),
      [
        [d.sub('A'), '0', '0.5'],
        [d.sub('A'), '1', '1.5'],
      ],
    );
    assert.deepEqual(
      subscriber.of('v1.position').map((frame) => frame.feed.size),
      ['0.5', '2.0'],
    );
    assert.deepEqual(bare(subscriber.of('v1.order').at(-1)), d.order('A', id));
    assert.deepEqual(bare(subscriber.of('v1.fill')[0]), d.call('A', 'fill_history').body.result[1]);
  });

  it('report one instrument alone if asked to, and no other account', async () => {
    const d = new PaperBench();
    d.still(BTC);
    d.still('ETH_USDT_Perp');
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.order', `${d.sub('A')}-ETH_USDT_Perp`);
    await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    await d.place('B', { instrument: 'ETH_USDT_Perp', buy: true, price: '100.5', size: '2', postOnly: true });
    assert.equal(subscriber.of('v1.order').length, 0);
    await d.place('A', { instrument: 'ETH_USDT_Perp', buy: true, price: '100.4', size: '2', postOnly: true });
    assert.deepEqual(
      subscriber.of('v1.order').map((frame) => frame.selector),
      [`${d.sub('A')}-ETH_USDT_Perp`],
    );
  });

  it('begin a position stream with what is held, as number 0', () => {
    const d = new PaperBench();
    d.exchange.control.position({ account: 'A', instrument: BTC, size: '-0.5' });
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    assert.deepEqual(subscriber.subscribe('v1.position', d.sub('A')).result.num_snapshots, [1]);
    const [frame] = subscriber.of('v1.position');
    assert.deepEqual([frame.sequence_number, frame.prev_sequence_number, frame.feed.size], ['0', '0', '-0.5']);
  });

  it('show the whole book at the rate asked for, always as number 0', () => {
    const d = new PaperBench();
    const subscriber = new Subscriber(d, '/ws/full', null);
    assert.deepEqual(subscriber.subscribe('v1.book.s', `${BTC}@500-10`).result.num_snapshots, [1]);
    d.wait(2_000);
    const frames = subscriber.of('v1.book.s');
    assert.equal(frames.length, 5);
    assert.ok(frames.every((frame) => frame.sequence_number === '0' && frame.selector === `${BTC}@500-10`));
    assert.equal(frames[0].feed.bids.length, 10);
    subscriber.subscribe('v1.book.s', `${BTC}@1000-10`);
    subscriber.received.length = 0;
    d.wait(2_000);
    assert.equal(subscriber.of('v1.book.s').length, 2, 'a new rate replaces the old one');
    subscriber.say({
      jsonrpc: '2.0',
      method: 'unsubscribe',
      params: { stream: 'v1.book.s', selectors: [`${BTC}@1000-10`] },
      id: 2,
    });
    subscriber.received.length = 0;
    d.wait(2_000);
    assert.equal(subscriber.received.length, 0);
  });

  it('of changes add up to the book, without a gap in their numbers', () => {
    const d = new PaperBench();
    const subscriber = new Subscriber(d, '/ws/full', null);
    const ack = subscriber.subscribe('v1.book.d', `${BTC}@500`);
    d.wait(30_000);
    const frames = subscriber.of('v1.book.d');
    assert.equal(frames[0].sequence_number, '0');
    assert.equal(frames[1].sequence_number, ack.result.first_sequence_number[0]);
    const sides: Record<string, Map<string, string>> = { bids: new Map(), asks: new Map() };
    let last = 0;
    for (const frame of frames) {
      if (frame.sequence_number !== '0') {
        if (last !== 0) assert.equal(Number(frame.prev_sequence_number), last);
        last = Number(frame.sequence_number);
        assert.equal(last, Number(frame.prev_sequence_number) + 1);
      }
      for (const side of ['bids', 'asks']) {
        for (const { price, size } of frame.feed[side]) {
          if (Number(size) === 0) sides[side]!.delete(price);
          else sides[side]!.set(price, size);
        }
      }
    }
    assert.ok(frames.length > 20);
    const book = d.call(null, 'book', { instrument: BTC, depth: 50 }).body.result;
    for (const side of ['bids', 'asks']) {
      const shown = book[side].map((level: Loose) => [level.price, level.size]).sort();
      assert.deepEqual([...sides[side]!].sort(), shown, side);
    }
  });

  it('carry changed fields only, of tickers', () => {
    const d = new PaperBench();
    const subscriber = new Subscriber(d, '/ws/full', null);
    subscriber.subscribe('v1.mini.d', `${BTC}@1000`);
    d.wait(5_000);
    const [first, ...rest] = subscriber.of('v1.mini.d');
    assert.ok(Object.keys(first.feed).length === 11 && rest.length === 5);
    const rebuilt = Object.assign({}, ...[first, ...rest].map(bare));
    const { event_time: _ours, ...shown } = rebuilt;
    const { event_time: _theirs, ...now } = d.call(null, 'mini', { instrument: BTC }).body.result;
    assert.deepEqual(shown, now);
  });

  it('answer an account’s calls over the socket with the whole REST body', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    const order = await d.sign('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    const answer = subscriber.say({ jsonrpc: '2.0', method: 'v1/create_order', params: { order }, id: 9 });
    assert.deepEqual([answer.id, answer.result.result.order_id], [9, '0x00']);
    const bad = subscriber.say({
      jsonrpc: '2.0',
      method: 'v1/order',
      params: { sub_account_id: d.sub('A'), client_order_id: '1' },
      id: 10,
    });
    assert.deepEqual(bad.error, { code: 1004, message: 'Data Not Found' });
  });

  it('answer what is no JSON with 1003 and stay open', () => {
    const d = new PaperBench();
    const subscriber = new Subscriber(d, '/ws/full', null);
    assert.equal(subscriber.say('ping').error.code, 1003);
    assert.equal(subscriber.closed, null);
    assert.equal(subscriber.subscribe('v1.book.s', `${BTC}@500-10`).result.stream, 'v1.book.s');
  });

  for (const [rule, name, stream, selector, code] of [
    ['an unknown instrument', null, 'v1.book.s', 'XXX@500-10', 3000],
    ['a rate that is not offered', null, 'v1.book.s', `${BTC}@300-10`, 3030],
    ['a depth that is not offered', null, 'v1.book.s', `${BTC}@500-7`, 3031],
    ['a selector without a rate', null, 'v1.book.s', BTC, 1101],
    ['a selector with too much', null, 'v1.book.d', `${BTC}@500-10`, 1103],
    ['a private stream without a session', null, 'v1.order', '1', 1000],
    ['a sub account that is no number', 'A', 'v1.order', 'me', 3020],
    ['another’s account', 'A', 'v1.order', 'B', 1001],
    ['a stream that does not exist', 'A', 'v1.nothing', BTC, 1003],
  ] as const) {
    it(`refuse ${rule}: ${code}`, () => {
      const d = new PaperBench();
      const subscriber = new Subscriber(d, '/ws/full', name);
      assert.equal(subscriber.subscribe(stream, selector === 'B' ? d.sub('B') : selector).error.code, code);
    });
  }

  it('end with their session', () => {
    const d = new PaperBench({ sessionMs: 10_000 });
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.book.s', `${BTC}@500-10`);
    d.wait(9_000);
    assert.equal(subscriber.closed, null);
    d.wait(2_000);
    assert.equal(subscriber.closed, 1008);
  });

  it('speak lite on /ws/lite, and say the same', async () => {
    const d = new PaperBench();
    d.still();
    const [full, lite] = [new Subscriber(d, '/ws/full', 'A'), new Subscriber(d, '/ws/lite', 'A')];
    full.subscribe('v1.fill', d.sub('A'));
    const ack = lite.say({ j: '2.0', m: 'subscribe', p: { s: 'v1.fill', s1: [d.sub('A')] }, i: 3 });
    assert.deepEqual(ack, {
      j: '2.0',
      r: { s: 'v1.fill', s1: [d.sub('A')], u: [], ns: [0], fs: ['1'], ls: ['0'] },
      i: 3,
      m: 'subscribe',
    });
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    assert.deepEqual(toFull('WSFillFeedDataV1', lite.received.at(-1)), full.of('v1.fill')[0]);
  });

  it('speak the older framing on /ws', () => {
    const d = new PaperBench();
    const subscriber = new Subscriber(d, '/ws', null);
    const ack = subscriber.say({
      request_id: 4,
      stream: 'v1.book.s',
      feed: [`${BTC}@500-10`],
      method: 'subscribe',
      is_full: true,
    });
    assert.deepEqual(ack, {
      request_id: 4,
      stream: 'v1.book.s',
      subs: [`${BTC}@500-10`],
      unsubs: [],
      num_snapshots: [1],
      first_sequence_number: ['0'],
    });
    assert.equal(subscriber.of('v1.book.s').length, 1);
    assert.equal(subscriber.say('ping').code, 1003);
  });
});

describe('faults of streams', () => {
  /** Numbers of the state messages received after each of three orders, and in the end, five seconds later. */
  const received = async (
    kind: FaultKind,
    more: Partial<FaultRule> = {},
  ): Promise<{ numbers: string[]; subscriber: Subscriber }> => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.state', d.sub('A'));
    d.exchange.control.faults({ add: false, rules: [{ kind, rate: 1, count: 1, route: 'v1.state', ...more }] });
    const numbers: string[] = [];
    const note = () =>
      numbers.push(
        subscriber
          .of('v1.state')
          .map((frame) => frame.sequence_number)
          .join(' '),
      );
    for (const price of ['100.5', '100.4', '100.3']) {
      await d.place('A', { buy: true, price, size: '2', postOnly: true });
      note();
    }
    d.wait(5_000);
    note();
    assert.deepEqual(d.exchange.faults.counts(), { [kind]: 1 });
    return { numbers, subscriber };
  };

  const CASES: readonly (readonly [FaultKind, Partial<FaultRule>, readonly string[]])[] = [
    ['lost-frame', {}, ['', '2', '2 3', '2 3']],
    ['duplicate-frame', {}, ['1 1', '1 1 2', '1 1 2 3', '1 1 2 3']],
    ['late-frame', { delayMs: 3_000 }, ['', '', '', '1 2 3']],
    ['swapped-frame', {}, ['', '2 1', '2 1 3', '2 1 3']],
    ['gapless-loss', {}, ['', '1', '1 2', '1 2']],
    ['silent-stream', { forMs: 60_000 }, ['', '', '', '']],
    ['silent-stream', { forMs: 1 }, ['', '2', '2 3', '2 3']],
  ];
  for (const [kind, more, numbers] of CASES)
    it(`${kind}: ${FAULT_KINDS[kind]}`, async () => assert.deepEqual((await received(kind, more)).numbers, numbers));

  it('a gap is known from the first message whose number shows it, until the connection is gone', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.state', d.sub('A'));
    const [a, b] = d.exchange.venue.accounts;
    assert.ok(a && b);
    const place = (price: string) => d.place('A', { buy: true, price, size: '2', postOnly: true });
    await place('100.5');
    d.exchange.control.faults({ add: false, rules: [{ kind: 'lost-frame', rate: 1, count: 1 }] });
    await place('100.4');
    assert.deepEqual(d.exchange.streams.gaps(a), [], 'nothing shows it yet');
    await place('100.3');
    const shown = d.exchange.streams.gaps(a);
    assert.deepEqual(
      shown.map(({ stream }) => stream),
      ['v1.state'],
    );
    assert.deepEqual(d.exchange.streams.gaps(b), [], 'of the other account');
    d.wait(1_000);
    await place('100.2');
    assert.deepEqual(d.exchange.streams.gaps(a), shown, 'still the same one');
    d.exchange.streams.disconnectAll();
    assert.deepEqual(d.exchange.streams.gaps(a), []);
  });

  it('swapped-frame: without a next one it comes after a while', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.state', d.sub('A'));
    d.exchange.control.faults({ add: false, rules: [{ kind: 'swapped-frame', rate: 1, count: 1 }] });
    await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    assert.equal(subscriber.of('v1.state').length, 0);
    d.wait(3_000);
    assert.equal(subscriber.of('v1.state').length, 1);
  });

  it('disconnect and session-over close the connection; after the second the session is gone', async () => {
    assert.equal((await received('disconnect')).subscriber.closed, 1011);
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.state', d.sub('A'));
    d.exchange.control.faults({ add: false, rules: [{ kind: 'session-over', rate: 1 }] });
    await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    assert.equal(subscriber.closed, 1008);
    assert.equal(d.call('A', 'positions').status, 401);
  });

  it('late-position-frame: the fill is reported long before its position', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    for (const stream of ['v1.position', 'v1.fill']) subscriber.subscribe(stream, d.sub('A'));
    const late = { kind: 'late-position-frame', rate: 1, route: 'v1.position', delayMs: 8_000 } as const;
    d.exchange.control.faults({ add: false, rules: [late] });
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    const counts = () => [subscriber.of('v1.fill').length, subscriber.of('v1.position').length];
    d.wait(7_000);
    assert.deepEqual(counts(), [1, 0]);
    assert.equal(d.call('A', 'positions').body.result[0].size, '2.0', 'REST has it');
    d.wait(1_250);
    assert.deepEqual(counts(), [1, 1]);
  });

  it('wrong-position-frame: the message is one step off what REST says', async () => {
    const d = new PaperBench();
    d.still();
    const subscriber = new Subscriber(d, '/ws/full', 'A');
    subscriber.subscribe('v1.position', d.sub('A'));
    d.exchange.control.faults({ add: false, rules: [{ kind: 'wrong-position-frame', rate: 1, route: 'v1.position' }] });
    const id = await d.place('A', { buy: true, price: '100.5', size: '2', postOnly: true });
    d.exchange.control.fill({ account: 'A', client_order_id: id });
    d.wait(50);
    const { size, instrument } = subscriber.of('v1.position')[0]?.feed ?? {};
    const { minSize } = d.exchange.venue.book(instrument).spec;
    assert.equal(Number(size), 2 + Number(minSize) / 1e9);
    assert.equal(d.call('A', 'positions').body.result[0].size, '2.0');
  });
});

describe('streams over a socket', () => {
  let paper: PaperServer;
  const headers: Record<string, string> = {};

  before(async () => {
    paper = await startPaper({ seed: 2 });
    const login = await fetch(`${paper.url}/auth/api_key/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ api_key: paper.accounts[0]!.apiKey }),
    });
    headers.Cookie = login.headers.get('set-cookie')!.split(';')[0]!;
    headers['X-Grvt-Account-Id'] = login.headers.get('x-grvt-account-id')!;
  });
  after(() => paper.close());

  it('a client that knows only the documentation follows a fill', async () => {
    const account = paper.accounts[0]!;
    const socket = new WebSocket(`${paper.url.replace('http', 'ws')}/ws/full`, { headers });
    await once(socket, 'open');
    const messages: Loose[] = [];
    const waiting: { good: (message: Loose) => boolean; found: (message: Loose) => void }[] = [];
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      messages.push(message);
      for (const wait of waiting) if (wait.good(message)) wait.found(message);
    });
    const next = (good: (message: Loose) => boolean): Promise<Loose> => {
      const seen = messages.find(good);
      return seen === undefined ? new Promise((found) => waiting.push({ good, found })) : Promise.resolve(seen);
    };
    const send = (stream: string, selector: string, id: number): void =>
      socket.send(
        JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params: { stream, selectors: [selector] }, id }),
      );
    send('v1.fill', account.subAccountId, 1);
    send('v1.state', account.subAccountId, 2);
    assert.equal((await next((message) => message.id === 2)).result.stream, 'v1.state');
    const specs = [...paper.exchange.venue.books()].map((each) => each.spec);
    const order = await signedOrder(account, specs, {
      size: '0.01',
      price: '90000.0',
      buy: true,
      postOnly: true,
      expirationMs: Date.now() + 60_000,
    });
    socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'v1/create_order', params: { order }, id: 3 }));
    assert.equal((await next((message) => message.id === 3)).result.result.state.status, 'PENDING');
    await next((message) => message.stream === 'v1.state' && message.feed?.order_state.status === 'OPEN');
    const { client_order_id } = order.metadata as Loose;
    const done = await fetch(`${paper.url}/paper/fill`, {
      method: 'POST',
      body: JSON.stringify({ account: 'A', client_order_id }),
    });
    assert.equal(done.status, 200, await done.text());
    const fill = await next((message) => message.stream === 'v1.fill');
    assert.deepEqual([fill.feed.client_order_id, fill.feed.size, fill.sequence_number], [client_order_id, '0.01', '1']);
    socket.close();
    await once(socket, 'close');
  });

  it('a dead session is refused at the handshake', async () => {
    const socket = new WebSocket(`${paper.url.replace('http', 'ws')}/ws/full`, {
      headers: { ...headers, Cookie: 'gravity=dead' },
    });
    const [, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 401);
  });
});
