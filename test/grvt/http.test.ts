import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { NoAnswer, networkTrouble } from '../../src/grvt/errors.ts';
import { Deadline, type HttpConnections, type HttpPost, NotSent, openHttp } from '../../src/grvt/http.ts';

interface Held {
  readonly path: string;
  readonly socket: Socket;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  answer(): void;
}

/** A server that holds each request until it is told to answer. */
async function rig(
  context: TestContext,
  connections = 4,
): Promise<{ http: HttpConnections; held: Held[]; arrived(count: number): Promise<void> }> {
  const held: Held[] = [];
  let wake = () => {};
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { socket, headers, url = '' } = request;
      held.push({ path: url, socket, headers, body, answer: () => response.end('{}') });
      wake();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const http = openHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    proxy: null,
    connections,
    maxAnswerBytes: 1_000,
  });
  context.after(async () => {
    http.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const arrived = async (count: number) => {
    while (held.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { http, held, arrived };
}

function request(path: string, deadline = new Deadline(null, () => new Error('never'))): HttpPost {
  return { path, headers: { Cookie: 'gravity=x' }, body: '{ "a" : 1 }', deadline, isRepeatable: false };
}

it('18.2 whether a request may still leave is checked when a connection is free; if not, nothing reaches the server', async (context) => {
  const { http, held, arrived } = await rig(context, 1);
  const first = http.post(request('/first'));
  await arrived(1);
  let asked = 0;
  let late: Reason | null = null;
  const beforeBytes = (): void => {
    asked += 1;
    if (late !== null) throw new NotSent(late);
  };
  // It waits for the one connection, and becomes too old there.
  const second = http.post({ ...request('/second'), beforeBytes });
  await new Promise(setImmediate);
  assert.equal(asked, 0);
  late = reason('lease-short', '18.2', { ms: 2_999 });
  held[0]?.answer();
  await first;
  await assert.rejects(second, (error) => error instanceof NotSent && error.why === late);
  assert.equal(asked, 1);
  late = null;
  const third = http.post({ ...request('/third'), beforeBytes });
  await arrived(2);
  held[1]?.answer();
  await third;
  assert.deepEqual(
    held.map(({ path }) => path),
    ['/first', '/third'],
  );
});

it('9.11 requests one after another share a connection, and carry their body byte for byte', async (context) => {
  const { http, held, arrived } = await rig(context);
  for (const count of [1, 2, 3]) {
    const posted = http.post(request(`/${count}`));
    await arrived(count);
    held.at(-1)?.answer();
    assert.deepEqual({ ...(await posted), date: null }, { status: 200, date: null, text: '{}' });
    // A connection is free again a turn of the event loop after its answer.
    await new Promise(setImmediate);
  }
  assert.equal(new Set(held.map(({ socket }) => socket)).size, 1);
  assert.deepEqual(new Set(held.map(({ body }) => body)), new Set(['{ "a" : 1 }']));
  assert.equal(held[0]?.headers.cookie, 'gravity=x');
});

it('9.6 a request given up before it got a connection never left, and never leaves', async (context) => {
  const { http, held, arrived } = await rig(context, 1);
  const first = http.post(request('/first'));
  await arrived(1);
  const giveUp = new Deadline(null, () => new Error('never'));
  const second = http.post(request('/second', giveUp));
  giveUp.end(new NoAnswer(5_000));
  const failed = await second.catch((error: unknown) => networkTrouble(error));
  assert.deepEqual(failed, { kind: 'no-answer', sent: false, why: reason('no-answer', '10.3', { seconds: 5 }) });
  held[0]?.answer();
  await first;
  const third = http.post(request('/third'));
  await arrived(2);
  held[1]?.answer();
  await third;
  assert.deepEqual(
    held.map(({ path }) => path),
    ['/first', '/third'],
  );
});

it('9.6 a request given up once it was on its connection may have arrived', async (context) => {
  const { http, arrived } = await rig(context);
  const giveUp = new Deadline(null, () => new Error('never'));
  const posted = http.post(request('/only', giveUp));
  await arrived(1);
  giveUp.end(new NoAnswer(5_000));
  const failed = await posted.catch((error: unknown) => networkTrouble(error));
  assert.deepEqual(failed, { kind: 'no-answer', sent: true, why: reason('no-answer', '10.3', { seconds: 5 }) });
});

it('9.6 a connection that is refused, or closed here, proves that nothing left', async (context) => {
  const { http } = await rig(context);
  http.close();
  const refused = openHttp('http://127.0.0.1:1', { proxy: null, connections: 1, maxAnswerBytes: 1_000 });
  context.after(() => refused.close());
  for (const post of [http.post, refused.post]) {
    const failed = await post(request('/never')).catch((error: unknown) => networkTrouble(error));
    assert.ok('sent' in failed && !failed.sent, JSON.stringify(failed));
  }
});
