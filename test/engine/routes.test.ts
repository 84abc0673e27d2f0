import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { hostLines, proxyFor } from '../../src/engine/routes.ts';
import { openVenue, secretsOf } from '../../src/engine/venue.ts';
import { createGrvtExchange } from '../../src/grvt/exchange.ts';
import { createStreams } from '../../src/grvt/stream.ts';
import { httpHeartbeat } from '../../src/notify/heartbeat.ts';
import { telegramNotifier } from '../../src/notify/telegram.ts';
import { startPaper } from '../../src/paper/index.ts';
import { createRedactor } from '../../src/settings/index.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { load, REAL, settingsOf } from '../settings/support.ts';

const PASSWORD = 'pa:ss%20word';

/** A proxy on loopback that notes what it is asked for, and passes plain requests on to `target`. */
async function startProxy(target: string | null) {
  const asked: string[] = [];
  const credentials = new Set<string | undefined>();
  const sockets = new Set<Socket>();
  const note = (what: string, from: IncomingMessage) => {
    asked.push(what);
    credentials.add(from.headers['proxy-authorization']);
  };
  const server: Server = createServer((from, to) => {
    note(`${from.method} ${from.url}`, from);
    if (target === null) {
      to.writeHead(502).end();
      return;
    }
    const { method, headers } = from;
    const { pathname } = new URL(from.url ?? '');
    const onward = request(`${target}${pathname}`, { method: method ?? 'POST', headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  });
  server.on('connect', (from, socket) => {
    note(`CONNECT ${from.url}`, from);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.on('upgrade', (from: IncomingMessage, socket: Socket) => {
    note(`UPGRADE ${from.url}`, from);
    const { hostname, port } = new URL(target ?? '');
    const onward = connect(Number(port), hostname, () => {
      const path = new URL(from.url ?? '').pathname;
      const headers = from.rawHeaders.reduce(
        (text, part, index) => text + (index % 2 === 0 ? `${part}: ` : `${part}\r\n`),
        '',
      );
      onward.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n`);
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [socket, onward]) one.on('error', () => one.destroy());
    sockets.add(onward);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return {
    asked,
    credentials,
    url: `http://hugo:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

it('2.1 REST, login, streams and messages open tunnels through the proxy, and its password is in no error', async (t) => {
  const proxy = await startProxy(null);
  t.after(() => proxy.close());
  const settings = settingsOf(load({ ...REAL, HTTPS_PROXY: proxy.url, GRVT_HEDGE_HEARTBEAT_URL: 'https://hc.test/x' }));
  const venue = await openVenue(settings);
  const way = proxyFor(settings);
  const clock = { nowMs: () => Date.now() };
  const exchange = createGrvtExchange({
    hosts: venue.hosts,
    chainId: venue.chainId,
    accounts: venue.keys,
    bookDepth: 10,
    rateScale: 10,
    clock,
    proxyFor: way,
  });
  t.after(() => exchange.close());
  const failures: Error[] = [];
  const failing = async (call: Promise<unknown>) => {
    const failure = await call.then(
      () => new Error('it went well'),
      (thrown: unknown) => thrown as Error,
    );
    failures.push(failure);
  };
  await failing(exchange.instruments());
  await failing(exchange.positions('A'));
  await failing(
    telegramNotifier(
      { url: 'https://tg.test/send', chatId: '1', apiKey: 'k' },
      { redact: (text) => text, proxy: way('https://tg.test') },
    ).send('x'),
  );
  await failing(httpHeartbeat('https://hc.test/x', { proxy: way('https://hc.test/x') }).beat());
  await new Promise<void>((down) => {
    const streams = createStreams({
      hosts: venue.hosts,
      sessions: { A: exchange.session('A'), B: exchange.session('B') },
      subAccountIds: { A: '1', B: '2' },
      instruments: ['BNB_USDT_Perp'],
      bookDepth: 10,
      clock,
      proxyFor: way,
      wire: exchange.wire,
      onFrame: () => {},
      onBook: () => {},
      onChange: () => {},
      report: (fact) => {
        if (fact.type !== 'stream.changed' || fact.account !== null || fact.status !== 'down') return;
        failures.push(new Error(reasonText(fact.why)));
        streams.close();
        down();
      },
    });
  });
  const hosts = [
    'market-data.testnet.grvt.io',
    'edge.testnet.grvt.io',
    'tg.test',
    'hc.test',
    'market-data.testnet.grvt.io',
  ];
  // Both streams of accounts log in again; what matters is that each way was through the proxy.
  const expected = hosts.map((host) => `CONNECT ${host}:443`);
  assert.deepEqual(
    proxy.asked.filter((one, index) => expected.includes(one) && index < 4),
    expected.slice(0, 4),
  );
  assert.equal(proxy.asked.filter((one) => one === expected[0]).length, 2, 'the instruments, and the stream of books');
  assert.deepEqual([...proxy.credentials], [`Basic ${Buffer.from(`hugo:${PASSWORD}`).toString('base64')}`]);
  assert.equal(failures.length, 5);
  for (const failure of failures) {
    assert.match(failure.message, /tunnel|ERR_PROXY_TUNNEL/i);
    assert.doesNotMatch(failure.message, /hugo|pa:ss|pa%3Ass/);
  }
  // A request that found no tunnel never left.
  assert.deepEqual(failures.map((failure) => 'outcome' in failure && failure.outcome).slice(2, 4), [
    'refused',
    'refused',
  ]);
});

it('2.1 everything works through a proxy: login, REST, streams', async (t) => {
  const paper = await startPaper({ seed: 3 });
  t.after(() => paper.close());
  const proxy = await startProxy(paper.url);
  t.after(() => proxy.close());
  const [a, b] = paper.accounts;
  assert.ok(a && b);
  const clock = { nowMs: () => Date.now() };
  // A name that nobody resolves: only the proxy knows the way.
  const host = 'http://exchange.invalid';
  const exchange = createGrvtExchange({
    hosts: { edge: host, trades: host, marketData: host },
    chainId: paper.chainId,
    accounts: { A: a, B: b },
    bookDepth: 10,
    rateScale: 10,
    clock,
    proxyFor: () => proxy.url,
  });
  t.after(() => exchange.close());
  assert.ok((await exchange.instruments()).length > 0);
  assert.deepEqual(await exchange.positions('A'), []);
  await new Promise<void>((up) => {
    const streams = createStreams({
      hosts: { trades: host, marketData: host },
      sessions: { A: exchange.session('A'), B: exchange.session('B') },
      subAccountIds: { A: a.subAccountId, B: b.subAccountId },
      instruments: ['BNB_USDT_Perp'],
      bookDepth: 10,
      clock,
      proxyFor: () => proxy.url,
      wire: exchange.wire,
      onFrame: () => {},
      onBook: () => {},
      onChange: () => {},
      report: (fact) => {
        if (fact.type !== 'stream.changed' || fact.status !== 'up' || fact.account !== 'A') return;
        streams.close();
        up();
      },
    });
  });
  assert.ok(proxy.asked.includes('POST http://exchange.invalid/auth/api_key/login'), proxy.asked.join('\n'));
  assert.ok(proxy.asked.includes('UPGRADE http://exchange.invalid/ws/full'), proxy.asked.join('\n'));
});

it('2.1 `check` and the start name every host and its route, by origin and without a password', async () => {
  const env = {
    ...REAL,
    HTTPS_PROXY: 'http://hugo:geheim7@proxy.corp:3128',
    NO_PROXY: 'market-data.testnet.grvt.io',
    TELEGRAM_GATEWAY_URL: 'http://localhost:3000/send-message',
    GRVT_HEDGE_HEARTBEAT_URL: 'https://hc.example/uuid-7',
  };
  const settings = settingsOf(load(env));
  const venue = await openVenue(settings);
  assert.deepEqual(hostLines(settings, venue), [
    'Host for login: https://edge.testnet.grvt.io, through the proxy http://proxy.corp:3128',
    'Host for trading: https://trades.testnet.grvt.io, through the proxy http://proxy.corp:3128',
    'Host for market data: https://market-data.testnet.grvt.io, directly',
    'Host for messages: http://localhost:3000, directly',
    'Host for the heartbeat: https://hc.example, through the proxy http://proxy.corp:3128',
  ]);
  const redact = createRedactor(secretsOf(settings, venue));
  assert.equal(
    redact(`x http://hugo:geheim7@proxy.corp:3128 ${Buffer.from('hugo:geheim7').toString('base64')} geheim7`),
    'x [secret] [secret] [secret]',
  );
});
