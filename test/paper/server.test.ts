import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createCatchUp } from '../../src/paper/catch-up.ts';
import { boundConnections } from '../../src/paper/connections.ts';
import { createPaper, startPaper } from '../../src/paper/index.ts';
import { serveHttp } from '../../src/paper/server.ts';

const HOUR_MS = 3_600_000;
const JSON_TYPE = { 'content-type': 'application/json' };
const START_MS = Date.UTC(2026, 0, 15);

/** Status of an answer to such headers. */
function statusOf(url: string, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  // Else its end is never seen.
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

const FOREIGN: readonly [string, Record<string, string>, number][] = [
  ['a name that was made to point here', { host: 'evil.example:PORT' }, 421],
  ['a page of another site', { origin: 'https://evil.example' }, 403],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
  ['a sandboxed page', { origin: 'null' }, 403],
  ['an image on another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['an image on another port', { 'sec-fetch-site': 'same-site' }, 403],
  ['a person', {}, 200],
];

describe('the control path and its server', () => {
  it('keeps out other names and other pages, and answers what is too large', async () => {
    const paper = await startPaper({ seed: 9, rateLimits: false });
    try {
      for (const [name, headers, status] of FOREIGN) {
        const sent = Object.fromEntries(
          Object.entries(headers).map(([key, value]) => [key, value.replace('PORT', String(paper.port))]),
        );
        assert.equal(await statusOf(`${paper.url}/paper/accounts`, sent), status, name);
        assert.equal(await statusOf(`${paper.url}/paper/session`, sent, '{}'), status, name);
      }
      for (const name of ['__proto__', 'constructor', 'toString', 'handle', 'state/../__proto__']) {
        assert.equal(await statusOf(`${paper.url}/paper/${name}`, {}, '{}'), 404, name);
      }
      assert.equal(await statusOf(`${paper.url}/full/v1/book`, {}, 'x'.repeat(1_048_577)), 413);
    } finally {
      await paper.close();
    }
  });

  it('lives on when a socket is reset while it is upgraded', async () => {
    const exchange = createPaper({ seed: 9, startMs: START_MS });
    const paper = await serveHttp({ exchange, nowMs: () => START_MS }, 0);
    const sent: unknown[] = [];
    // As a socket whose reset is reported only after the server began to speak on it.
    paper.server.on('upgrade', (_incoming, socket) => {
      sent.push(
        setImmediate(() => socket.emit('error', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))),
      );
    });
    try {
      for (const path of ['/ws/full', '/nothing']) {
        const socket = await opened(paper.port);
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
        );
        await once(socket, 'close');
      }
      assert.equal(sent.length, 2);
      assert.equal(await statusOf(`http://127.0.0.1:${paper.port}/paper/state`, {}), 200);
    } finally {
      await paper.close();
    }
  });

  it('answers others while an hour is skipped, and skips all of it', async () => {
    const paper = await startPaper({ seed: 9, rateLimits: false });
    try {
      const before = paper.exchange.venue.clockMs;
      const hour = statusOf(`${paper.url}/paper/clock`, {}, JSON.stringify({ advance_ms: HOUR_MS }));
      let isOver = false;
      void hour.then(() => {
        isOver = true;
      });
      let answered = 0;
      while (!isOver) {
        assert.equal(
          await statusOf(`${paper.url}/full/v1/book`, JSON_TYPE, '{"instrument":"BTC_USDT_Perp","depth":10}'),
          200,
        );
        if (!isOver) answered += 1;
      }
      assert.equal(await hour, 200);
      assert.ok(answered >= 3, `${answered} answers meanwhile`);
      assert.ok(paper.exchange.venue.clockMs - before >= HOUR_MS);
      const far = await statusOf(`${paper.url}/paper/clock`, {}, JSON.stringify({ jump_ms: 1e300 }));
      assert.equal(far, 400);
    } finally {
      await paper.close();
    }
  });
});

describe('catching up', () => {
  it('a machine that slept for twenty minutes makes them up in parts', async () => {
    const exchange = createPaper({ seed: 9, startMs: START_MS });
    let nowMs = START_MS;
    let turns = 0;
    const catchUp = createCatchUp(
      exchange,
      () => nowMs,
      () => {
        turns += 1;
      },
    );
    nowMs += 500;
    exchange.advance(catchUp.nowMs());
    nowMs += HOUR_MS / 3;
    exchange.advance(catchUp.nowMs());
    assert.equal(exchange.venue.clockMs, START_MS + 500, 'nothing at once');
    await new Promise<void>((done) => catchUp.whenDone(done));
    exchange.advance(catchUp.nowMs());
    assert.equal(exchange.venue.clockMs, nowMs);
    assert.ok(turns > 1, `${turns} turns`);
    assert.ok(exchange.nextEventMs() > catchUp.nowMs());
  });

  it('more than a month under way is refused', () => {
    const catchUp = createCatchUp(
      createPaper({ seed: 9, startMs: START_MS }),
      () => START_MS,
      () => {},
    );
    catchUp.skip(30 * 24 * HOUR_MS);
    assert.throws(() => catchUp.skip(2 * 24 * HOUR_MS), /a month at most/);
    catchUp.close();
  });
});

it('a connection too many takes the place of the one used longest ago, never of one in use', async () => {
  const held: (() => void)[] = [];
  const server = createServer((incoming, response) => {
    if (incoming.url === '/held') held.push(() => response.end());
    else response.end();
  });
  boundConnections(server, 4);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (socket: Socket, path: string) => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    if (path !== '/held') await once(socket, 'data');
  };
  try {
    const [busy, silent, used] = [await opened(port), await opened(port), await opened(port)];
    await ask(busy!, '/held');
    await ask(used!, '/');
    const ended = [silent!, used!].map((socket) => once(socket, 'close'));
    await opened(port);
    const fifth = await opened(port);
    await ended[0];
    await ask(used!, '/');
    await ask(fifth, '/');
    await opened(port);
    await opened(port);
    await ended[1];
    while (held.length === 0) await new Promise(setImmediate);
    held[0]!();
    assert.match(String((await once(busy!, 'data'))[0]), /200/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('a name of an address has the price of any other', () => {
  const { api } = createPaper({ startMs: Date.now() });
  for (const route of ['constructor', '__proto__', 'toString']) {
    assert.deepEqual(api.chargeOf(route, { creates: 1, cancels: 0 }), { read: 12 });
  }
});
