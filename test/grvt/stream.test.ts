import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Fact } from '../../src/core/facts.ts';
import type { AccountName, Book } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { reason } from '../../src/core/reasons.ts';
import type { AccountFrame } from '../../src/core/view.ts';
import type { WireEvent } from '../../src/core/wire-event.ts';
import type { Session, SessionHeaders } from '../../src/grvt/session.ts';
import { createStreams, type Streams } from '../../src/grvt/stream.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { SUB_ACCOUNTS } from './support.ts';

type Changed = Extract<Fact, { type: 'stream.changed' }>;

/** A connection as the scripted exchange sees it. */
interface Peer {
  readonly socket: WebSocket;
  readonly who: 'A' | 'B' | 'books';
  readonly headers: Record<string, unknown>;
}

interface Bench {
  readonly peers: Peer[];
  readonly facts: Changed[];
  readonly frames: (AccountFrame & { account: AccountName })[];
  readonly books: Book[];
  /** `A up`, `B down`: what the account's poller is named its streams. */
  readonly changes: string[];
  readonly wire: WireEvent[];
  readonly sessions: Record<AccountName, { headers: SessionHeaders; renewals: number }>;
  readonly subscribed: { who: string; stream: string; selectors: string[] }[];
  /** How the exchange answers; changed by tests. */
  behave: {
    acknowledge: boolean;
    handshakeStatus: number | null;
    pong: boolean;
    error: number | null;
    optional: string;
  };
  streams: Streams;
  stop(): Promise<void>;
}

describe('streams (strategy 10.6, API 8)', () => {
  let clock: FakeTimers.Clock;
  let bench: Bench;

  beforeEach(async () => {
    bench = await startBench();
    // Sockets stay real; only our own timers and clock are held.
    clock = FakeTimers.install({
      now: 1_000_000,
      toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    });
  });
  afterEach(async () => {
    clock.uninstall();
    bench.streams?.close();
    await bench.stop();
  });

  async function startBench(): Promise<Bench> {
    const server = createServer();
    const wss = new WebSocketServer({ noServer: true, autoPong: false });
    const headers = (account: AccountName, number: number) => ({
      Cookie: `gravity=${account}${number}`,
      'X-Grvt-Account-Id': account,
    });
    const made: Omit<Bench, 'streams'> = {
      peers: [],
      facts: [],
      frames: [],
      books: [],
      changes: [],
      wire: [],
      sessions: { A: { headers: headers('A', 1), renewals: 0 }, B: { headers: headers('B', 1), renewals: 0 } },
      subscribed: [],
      behave: { acknowledge: true, handshakeStatus: null, pong: true, error: null, optional: 'takes' },
      stop: async () => {
        for (const client of wss.clients) client.terminate();
        await new Promise((resolve) => server.close(resolve));
      },
    };
    server.on('upgrade', (request, socket, head) => {
      assert.equal(request.url, '/ws/full');
      if (made.behave.handshakeStatus !== null) {
        socket.end(`HTTP/1.1 ${made.behave.handshakeStatus} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      wss.handleUpgrade(request, socket, head, (peer) => {
        const cookie = String(request.headers.cookie ?? '');
        const who = cookie.startsWith('gravity=A') ? 'A' : cookie.startsWith('gravity=B') ? 'B' : 'books';
        made.peers.push({ socket: peer, who, headers: request.headers });
        peer.on('ping', (data) => made.behave.pong && peer.pong(data));
        peer.on('message', (text) => {
          const { id, params } = JSON.parse(String(text));
          made.subscribed.push({ who, ...params });
          if (params.stream === 'v1.cancel' && made.behave.optional !== 'takes') {
            const error = { code: 1101, message: 'no such stream' };
            const named = made.behave.optional === 'refuses' ? { id } : {};
            if (made.behave.optional !== 'does not answer')
              peer.send(JSON.stringify({ jsonrpc: '2.0', error, ...named }));
            return;
          }
          if (made.behave.error !== null) {
            peer.send(
              JSON.stringify({
                jsonrpc: '2.0',
                error: { code: made.behave.error, message: 'no' },
                id,
                method: 'subscribe',
              }),
            );
          } else if (made.behave.acknowledge) {
            const result = {
              stream: params.stream,
              subs: params.selectors,
              unsubs: [],
              num_snapshots: [1],
              first_sequence_number: ['1'],
            };
            peer.send(JSON.stringify({ jsonrpc: '2.0', result, id, method: 'subscribe' }));
          }
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return Object.assign(made, {
      streams: undefined as unknown as Streams,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
  }

  function start(instruments = ['BTC_USDT_Perp'], dropped: string[] | null = null): void {
    const session = (account: AccountName): Session => ({
      ready: async () => bench.sessions[account].headers,
      current: () => bench.sessions[account].headers,
      renew: async () => {
        bench.sessions[account].renewals += 1;
        bench.sessions[account].headers = { Cookie: `gravity=${account}2`, 'X-Grvt-Account-Id': account };
        bench.behave.handshakeStatus = null;
        bench.behave.error = null;
        return bench.sessions[account].headers;
      },
      login: async () => bench.sessions[account].headers,
      rekey: async () => {},
    });
    const { url } = bench as Bench & { url: string };
    bench.streams = createStreams({
      hosts: { trades: url, marketData: `${url}/` },
      sessions: { A: session('A'), B: session('B') },
      subAccountIds: SUB_ACCOUNTS,
      instruments,
      bookDepth: 10,
      clock: { nowMs: () => Date.now() },
      wire: { nextId: () => 100 + bench.wire.length, tell: (event) => bench.wire.push(event) },
      onFrame: (account, frame) => bench.frames.push({ account, ...frame }),
      onBook: (book) => bench.books.push(book),
      ...(dropped === null ? {} : { onCancelDropped: (id: string) => dropped.push(id) }),
      onChange: (account, up) => bench.changes.push(`${account} ${up ? 'up' : 'down'}`),
      report: (fact) => fact.type === 'stream.changed' && bench.facts.push(fact),
    });
  }

  /** Lets sockets work until something is so; the test's own time-out ends a wait in vain. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const says = (status: string, account: AccountName | null) =>
    bench.facts.filter((fact) => fact.status === status && fact.account === account);
  /** Why the account's streams went down first, in words. */
  const why = (account: AccountName) => reasonText(says('down', account)[0]!.why);
  const allUp = () => says('up', 'A').length > 0 && says('up', 'B').length > 0 && says('up', null).length > 0;
  const peerOf = (who: string) => bench.peers.filter((peer) => peer.who === who).at(-1)!;
  const feed = (stream: string, number: number, before = number - 1) =>
    JSON.stringify({
      stream,
      selector: `${SUB_ACCOUNTS.A}-BTC_USDT_Perp`,
      sequence_number: String(number),
      feed: {},
      prev_sequence_number: String(before),
    });

  it('subscribes order, state, fill and position of each account with its own session, and the books without one', async () => {
    start();
    await until(allUp);
    for (const account of ['A', 'B'] as const) {
      assert.equal(peerOf(account).headers.cookie, `gravity=${account}1`);
      assert.equal(peerOf(account).headers['x-grvt-account-id'], account);
      assert.deepEqual(
        bench.subscribed.filter((one) => one.who === account).map((one) => [one.stream, ...one.selectors]),
        ['v1.order', 'v1.state', 'v1.fill', 'v1.position'].map((stream) => [stream, SUB_ACCOUNTS[account]]),
      );
    }
    assert.equal(peerOf('books').headers.cookie, undefined);
    assert.deepEqual(
      bench.subscribed.filter((one) => one.who === 'books').map((one) => [one.stream, ...one.selectors]),
      [['v1.book.s', 'BTC_USDT_Perp@500-10']],
    );
  });

  it('a hundred books are subscribed in requests of fifty', async () => {
    start(Array.from({ length: 101 }, (_, index) => `I${index}_USDT_Perp`));
    await until(allUp);
    assert.deepEqual(
      bench.subscribed.filter((one) => one.who === 'books').map((one) => one.selectors.length),
      [50, 50, 1],
    );
  });

  const own = clientOrderIdOf('A', 'buy', 7n);
  const legs = [{ instrument: 'BTC_USDT_Perp', size: '1', limit_price: '10', is_buying_asset: true }];
  const state = {
    status: 'OPEN',
    reject_reason: 'UNSPECIFIED',
    traded_size: ['0.4'],
    avg_fill_price: ['10'],
    update_time: '5',
  };
  const order = (id: string, more: object = {}) => ({
    order_id: '0x01',
    sub_account_id: SUB_ACCOUNTS.A,
    legs,
    signature: { expiration: '9' },
    metadata: { client_order_id: id, create_time: '1' },
    state,
    ...more,
  });
  const position = (more: object = {}) => ({
    event_time: '5',
    sub_account_id: SUB_ACCOUNTS.A,
    instrument: 'BTC_USDT_Perp',
    size: '-0.4',
    entry_price: '10',
    mark_price: '11',
    ...more,
  });
  const fill = { client_order_id: own, instrument: 'BTC_USDT_Perp', event_time: '5' };

  it('7.4 a book of the stream is handed over; one that cannot be read counts as nothing, and breaks no stream', async () => {
    start();
    await until(allUp);
    const level = (price: string, size = '1') => ({ price, size, num_orders: 1 });
    const book = (more: object) => ({
      event_time: '5',
      instrument: 'BTC_USDT_Perp',
      bids: [level('10'), level('9.5')],
      asks: [level('10.5')],
      ...more,
    });
    const feeds = [
      book({ bids: [level('9.5'), level('10')] }),
      book({ bids: [level('10', '0')] }),
      book({ asks: null }),
      book({ event_time: 'soon' }),
      null,
      book({ asks: [] }),
      book({ event_time: '6' }),
    ];
    for (const feed of feeds) {
      const frame = { stream: 'v1.book.s', selector: 'BTC_USDT_Perp@500-10', sequence_number: '0', feed };
      peerOf('books').socket.send(JSON.stringify(frame));
    }
    await until(() => bench.wire.length === feeds.length);
    assert.deepEqual(
      bench.books.map((one) => [one.eventTimeNs, one.bids[0]?.price.toFixed(), one.asks[0]?.price.toFixed()]),
      [
        [5n, '10', undefined],
        [6n, '10', '10.5'],
      ],
    );
    assert.deepEqual(says('down', null), []);
  });

  const reported: [name: string, stream: string, feed: object, reported: string | null | RegExp][] = [
    ['an own order', 'v1.order', order(own), 'order OPEN 0.4'],
    ['its state', 'v1.state', { client_order_id: own, order_id: '0x01', order_state: state }, 'state OPEN 0.4'],
    ['its fill', 'v1.fill', fill, 'fill 5'],
    ['a position', 'v1.position', position(), 'position -0.4'],
    ['a position that went flat', 'v1.position', position({ size: '0', entry_price: '0.0' }), 'position 0'],
    ['a foreign order, however odd', 'v1.order', order('77', { legs: [], state: {} }), null],
    ['a foreign order’s state', 'v1.state', { client_order_id: '77', order_state: {} }, null],
    ['a foreign order’s fill', 'v1.fill', { ...fill, client_order_id: '' }, null],
    ['a position nobody trades, however odd', 'v1.position', position({ instrument: 'X', mark_price: '0' }), null],
    ['a stream nobody asked for', 'v1.cancel', { client_order_id: own }, null],
    ['an own order that cannot be read', 'v1.order', order(own, { legs: [] }), /unusable frame of v1\.order: .*legs/],
    [
      'a state that says less than it must',
      'v1.state',
      { client_order_id: own, order_state: { ...state, avg_fill_price: [] } },
      /avg_fill_price/,
    ],
    ['a position of another account', 'v1.position', position({ sub_account_id: '3' }), /sub_account_id/],
    ['a position without a mark', 'v1.position', position({ mark_price: '0' }), /mark_price: is zero/],
  ];
  for (const [name, stream, feed_, expected] of reported) {
    it(`10.4 10.6 ${name}: ${expected === null ? 'no frame' : expected instanceof RegExp ? 'as a gap' : 'a frame, which names its message'}`, async () => {
      start();
      await until(allUp);
      peerOf('A').socket.send(JSON.stringify({ ...JSON.parse(feed(stream, 1)), feed: feed_ }));
      await until(() => bench.wire.length === 1);
      const event = bench.wire[0];
      assert.ok(event?.kind === 'frame' && event.id === 100 && event.stream === stream && event.account === 'A');
      const frame = bench.frames[0];
      if (frame === undefined || expected === null || expected instanceof RegExp) {
        assert.equal(frame, undefined);
        const down = says('down', 'A').length > 0 ? why('A') : '';
        assert.equal(expected instanceof RegExp && expected.test(down), expected !== null, down);
        return;
      }
      assert.deepEqual([frame.account, frame.from], ['A', 100]);
      const words = {
        order: () => frame.kind === 'order' && `${frame.order.status} ${frame.order.tradedSize}`,
        state: () => frame.kind === 'state' && `${frame.state.status} ${frame.state.tradedSize}`,
        fill: () => frame.kind === 'fill' && `${frame.eventTimeNs}`,
        position: () => frame.kind === 'position' && `${frame.position.size}`,
      };
      assert.equal(`${frame.kind} ${words[frame.kind]()}`, expected);
    });
  }

  it('a repeated frame is reported once', async () => {
    start();
    await until(allUp);
    for (const number of [1, 1, 2]) {
      peerOf('A').socket.send(JSON.stringify({ ...JSON.parse(feed('v1.fill', number)), feed: fill }));
    }
    await until(() => bench.wire.length === 3);
    assert.equal(bench.frames.length, 2);
  });

  it('a connection given up from outside is lost, and remade', async () => {
    start();
    await until(allUp);
    bench.streams.reconnect('B', reason('streams-disagree', '10.6', { instruments: 2 }));
    assert.match(why('B'), /2 instruments disagree/);
    bench.streams.reconnect('B', reason('poller-started', '10.6'));
    clock.tick(500);
    await until(() => says('up', 'B').length === 2);
    assert.deepEqual(bench.changes.sort(), ['A up', 'B down', 'B up', 'B up']);
  });

  it('a connection that is being made and has reported nothing is kept: a poller that starts loses nothing by it', async () => {
    start();
    await until(() => bench.peers.some(({ who }) => who === 'B'));
    bench.streams.reconnect('B', reason('poller-started', '10.6'));
    await until(allUp);
    bench.streams.reconnect('A', reason('stream-disagrees', '10.6'));
    assert.deepEqual(says('down', 'B'), []);
    assert.equal(says('down', 'A').length, 1, 'one that is up is given up, also before its first row');
  });

  it('a disconnect is reported at once, and is followed by a new connection', async () => {
    start();
    await until(allUp);
    bench.changes.length = 0;
    peerOf('B').socket.close(1001);
    await until(() => says('down', 'B').length === 1);
    assert.match(why('B'), /disconnected \(1001\)/);
    assert.deepEqual(bench.changes, ['B down']);
    clock.tick(500);
    await until(() => says('up', 'B').length === 2);
    assert.equal(says('down', 'A').length, 0);
  });

  it('silence is noticed within 10 s', async () => {
    start();
    await until(allUp);
    bench.behave.pong = false;
    const startMs = Date.now();
    while (says('down', 'A').length === 0 && Date.now() - startMs < 20_000) {
      clock.tick(500);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.ok(says('down', 'A')[0]!.atMs - startMs <= 10_000);
    assert.match(why('A'), /silent for/);
  });

  it('an idle connection that answers pings stays up', async () => {
    start();
    await until(allUp);
    for (let look = 0; look < 10; look += 1) {
      let pings = 0;
      const count = () => {
        pings += 1;
      };
      for (const peer of bench.peers) peer.socket.once('ping', count);
      clock.tick(3_000);
      await until(() => pings === 3);
      for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assert.equal(bench.facts.filter((fact) => fact.status === 'down').length, 0);
  });

  const frames: [string, [number, number][], RegExp | null][] = [
    [
      'consecutive numbers',
      [
        [1, 0],
        [2, 1],
        [3, 2],
      ],
      null,
    ],
    [
      'snapshots numbered zero',
      [
        [5, 4],
        [0, 0],
        [6, 5],
      ],
      null,
    ],
    [
      'a duplicate',
      [
        [1, 0],
        [1, 0],
        [2, 1],
      ],
      null,
    ],
    [
      'global numbers chained by prev',
      [
        [100, 90],
        [250, 100],
      ],
      null,
    ],
    [
      'a jump',
      [
        [1, 0],
        [3, 2],
      ],
      /gap in v1\.order: 3 after 1/,
    ],
    [
      'a decrease',
      [
        [5, 4],
        [4, 3],
      ],
      /gap in v1\.order: 4 after 5/,
    ],
  ];
  for (const [name, numbers, gap] of frames) {
    it(`${name}: ${gap === null ? 'no gap' : 'a gap, said and answered by a new connection'}`, async () => {
      start();
      await until(allUp);
      for (const [number, before] of numbers) peerOf('A').socket.send(feed('v1.order', number, before));
      await until(() => bench.wire.length >= numbers.length);
      assert.equal(says('down', 'A').length, gap === null ? 0 : 1);
      if (gap === null) return;
      assert.match(why('A'), gap);
      clock.tick(500);
      await until(() => says('up', 'A').length === 2);
    });
  }

  it('a session replaced or ended is noticed within 10 s, and the new one is used', async () => {
    start();
    await until(allUp);
    bench.sessions.A.headers = { Cookie: 'gravity=A9', 'X-Grvt-Account-Id': 'A' };
    clock.tick(3_000);
    await until(() => says('down', 'A').length === 1);
    assert.match(why('A'), /session/);
    clock.tick(500);
    await until(() => says('up', 'A').length === 2);
    assert.equal(peerOf('A').headers.cookie, 'gravity=A9');
  });

  for (const [name, change] of [
    ['a handshake refused with 401', { handshakeStatus: 401 }],
    ['a subscription refused with 1000', { error: 1000 }],
  ] as const) {
    it(`${name} costs a new session, then connects`, async () => {
      Object.assign(bench.behave, change);
      start([]);
      await until(() => bench.sessions.A.renewals === 1 && says('down', 'A').length === 1);
      await new Promise<void>((resolve) => setImmediate(resolve));
      clock.tick(500);
      await until(() => says('up', 'A').length === 1);
      assert.equal(peerOf('A').headers.cookie, 'gravity=A2');
    });
  }

  for (const how of ['takes', 'refuses', 'refuses without saying what', 'does not answer'] as const) {
    it(`9.12 dropped cancels are followed once all else is up; nothing ends where the exchange ${how} that`, async () => {
      const dropped: string[] = [];
      bench.behave.optional = how;
      start(['BTC_USDT_Perp'], dropped);
      await until(() => bench.subscribed.filter(({ stream }) => stream === 'v1.cancel').length === 2);
      const frame = (status: string, id: string, number: number) =>
        peerOf('A').socket.send(
          JSON.stringify({
            ...JSON.parse(feed('v1.cancel', number)),
            feed: { sub_account_id: SUB_ACCOUNTS.A, client_order_id: id, cancel_status: status },
          }),
        );
      // No gap of it matters, nor another's cancel, nor one that ran out of time.
      frame('DROPPED_DUPLICATE', own, 7);
      frame('EXPIRED', own, 3);
      frame('DROPPED_DUPLICATE', '77', 4);
      await until(() => bench.wire.length === 3);
      assert.deepEqual(dropped, [own]);
      assert.deepEqual([says('down', 'A'), says('down', 'B')], [[], []]);
      assert.equal(bench.frames.length, 0);
    });
  }

  it('a subscription without an acknowledgement is given up after 5 s', async () => {
    bench.behave.acknowledge = false;
    start();
    await until(() => bench.subscribed.length === 9);
    clock.tick(5_000);
    await until(() => says('down', 'A').length === 1);
    assert.match(why('A'), /no acknowledgement of v1\.order/);
  });

  it('an error frame and a frame that cannot be read end the connection, with the reason', async () => {
    start();
    await until(allUp);
    peerOf('A').socket.send('{"jsonrpc":"2.0","error":{"code":1002,"message":"broken"}}');
    peerOf('B').socket.send('<html>');
    await until(() => says('down', 'A').length === 1 && says('down', 'B').length === 1);
    assert.match(why('A'), /refused: 1002 broken/);
    assert.match(why('B'), /not JSON/);
  });

  it('pauses grow while connections fail, up to 30 s, and it is reported once', async () => {
    let attempts = 0;
    bench.behave.handshakeStatus = 503;
    const { url } = bench as Bench & { url: string };
    start([]);
    const pauses: number[] = [];
    assert.ok(url);
    await until(() => says('down', 'A').length === 1 && says('down', 'B').length === 1);
    for (let round = 0; round < 8; round += 1) {
      const next = clock.next.bind(clock);
      const before = Date.now();
      next();
      next();
      pauses.push(Date.now() - before);
      attempts += 1;
      await until(() => clock.countTimers() >= 2);
    }
    assert.equal(attempts, 8);
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert.equal(says('down', 'A').length, 1);
  });

  it('close ends everything for good and says so', async () => {
    start();
    await until(allUp);
    bench.streams.close();
    assert.deepEqual(
      bench.facts.filter((fact) => fact.status === 'off').map((fact) => fact.account),
      ['A', 'B', null],
    );
    assert.equal(clock.countTimers(), 0);
  });
});
