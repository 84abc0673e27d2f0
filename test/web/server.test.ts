import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createRedactor } from '../../src/settings/redact.ts';
import { SECURITY_HEADERS } from '../../src/web/guard.ts';
import { startWeb, unready, type Web } from '../../src/web/index.ts';
import { CLIENTS_MAX } from '../../src/web/live.ts';
import { CONNECTIONS_MAX } from '../../src/web/server.ts';
import { NOON_MS, stateChanged, status, symbolStatus, webOptions } from './fixtures.ts';

interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Sends these bytes as they are. @returns all that came back until the other side closed */
function sendRaw(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
  });
}

/** Listens to the page's stream; resolves with the first text that has all of `wanted`. */
function listen(url: string): { until(wanted: string): Promise<string>; close(): void } {
  let text = '';
  let wake = () => {};
  const sent = get(`${url}/events`, (response) => {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      wake();
    });
  });
  sent.on('error', () => {});
  return {
    async until(wanted) {
      while (!text.includes(wanted))
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return text;
    },
    close: () => sent.destroy(),
  };
}

describe('the web part', () => {
  let web: Web;
  let source = status();
  let problems: readonly string[] = [];
  const SECRET = `0x${'ab'.repeat(32)}`;
  before(async () => {
    web = await startWeb(
      webOptions({
        source: { status: () => source },
        redact: createRedactor([SECRET, 'top-secret-key']),
        problems: () => problems,
      }),
    );
  });
  after(() => web.close());

  for (const path of ['/', '/page/main.js', '/page/texts.js', '/page/base.css', '/page/uplot.js', '/page/uplot.css']) {
    test(`serves ${path} with the headers that keep everything else out`, async () => {
      const answer = await ask(web.url + path);
      assert.equal(answer.code, 200);
      assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.ok(answer.body.length > 100);
    });
  }

  test('every script and style the page names is served', async () => {
    const page = (await ask(`${web.url}/`)).body;
    const scripts = ['/page/main.js', ...[...page.matchAll(/(?:src|href)="(\/page[^"]+)"/g)].map((match) => match[1]!)];
    const seen = new Set<string>();
    while (scripts.length > 0) {
      const path = scripts.pop()!;
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await ask(web.url + path);
      assert.equal(answer.code, 200, path);
      if (!path.endsWith('.js') || path.includes('uplot')) continue;
      for (const [, file] of answer.body.matchAll(/from '\.\/([\w.]+)'/g)) scripts.push(`/page/${file}`);
    }
    assert.ok(seen.has('/page/words.js') && seen.has('/page/uplot.js'));
  });

  test('a path out of its folders does not exist', async () => {
    for (const path of [
      '/page/../server.ts',
      '/page/%2e%2e/server.ts',
      '/charts/..%2f..%2fx.svg',
      '/charts/__proto__.svg',
      '/.env',
      '/inspect',
    ]) {
      assert.equal((await ask(web.url + path)).code, 404, path);
    }
  });

  test('refuses another Host, another Origin and another method', async () => {
    assert.equal((await ask(`${web.url}/status`, { headers: { host: 'evil.example' } })).code, 421);
    assert.equal((await ask(`${web.url}/status`, { headers: { origin: 'https://evil.example' } })).code, 403);
    assert.equal((await ask(`${web.url}/status`, { method: 'POST' })).code, 405);
    assert.equal((await ask(`${web.url}/events`, { headers: { host: 'evil.example' } })).code, 421);
  });

  const HOST = 'Host: 127.0.0.1:PORT\r\n';
  const RAW: readonly [string, string, number][] = [
    ['an address that cannot be decoded', `GET /charts/%ff.svg HTTP/1.1\r\n${HOST}`, 404],
    ['an address that cannot be decoded, of another host', `GET /%ff HTTP/1.1\r\nHost: evil.example\r\n`, 421],
    ['a name that is too long', `GET /api/series/${'x'.repeat(200)} HTTP/1.1\r\n${HOST}`, 404],
    ['no host', 'GET /status HTTP/1.1\r\n', 421],
    ['two hosts, ours second', `GET /status HTTP/1.1\r\nHost: evil.example\r\n${HOST}`, 421],
    ['an expectation', `GET /status HTTP/1.1\r\n${HOST}Expect: 200-maybe\r\n`, 417],
    ['a body of another method', `POST /status HTTP/1.1\r\n${HOST}Content-Length: 99999999999\r\n`, 405],
    ['a method nobody knows', `BREW / HTTP/1.1\r\n${HOST}`, 400],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\r\n', 400],
    ['a header that is too large', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n`, 431],
    ['a page that is not there', `GET /nothing HTTP/1.1\r\n${HOST}`, 404],
    ['another site', `GET /events HTTP/1.1\r\n${HOST}Sec-Fetch-Site: cross-site\r\n`, 403],
  ];
  for (const [name, head, code] of RAW) {
    test(`${name}: ${code}, with every security header`, async () => {
      const bytes = `${head.replace('PORT', new URL(web.url).port)}Connection: close\r\n\r\n`;
      const answer = await sendRaw(web.url, bytes);
      assert.equal(Number(answer.split(' ')[1]), code, answer);
      const lines = answer.split('\r\n').map((line) => line.toLowerCase());
      for (const [header, value] of Object.entries({ ...SECURITY_HEADERS, 'Cache-Control': 'no-store' })) {
        assert.ok(lines.includes(`${header}: ${value}`.toLowerCase()), `${header} in ${answer}`);
      }
    });
  }

  test('a HEAD never takes a place among the listeners', async () => {
    for (let at = 0; at < CLIENTS_MAX + 2; at++) {
      assert.equal((await ask(`${web.url}/events`, { method: 'HEAD' })).code, 405);
    }
    const stream = listen(web.url);
    await stream.until('event: first');
    stream.close();
  });

  test('a name of an address is looked up among ours alone', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__']) {
      assert.equal((await ask(`${web.url}/api/series/${name}`)).body, '[]', name);
      for (const path of [`/charts/${name}.svg`, `/charts/symbol.${name}`, `/charts/${name}.${name}`, `/${name}`]) {
        assert.equal((await ask(web.url + path)).code, 404, path);
      }
    }
  });

  test('no secret is in any answer', async () => {
    source = status({
      accounts: status().accounts.map((one) => ({
        ...one,
        failuresInARow: 1,
        failure: { en: `login: ${SECRET} top-secret-key`, zh: `login: ${SECRET} top-secret-key` },
      })),
    });
    const stream = listen(web.url);
    const first = await stream.until('event: first');
    web.reporter.report({ type: 'actor.failed', atMs: NOON_MS, actor: 'x', message: `gravity=abcdef; ${SECRET}` });
    const reported = await stream.until('event: facts');
    stream.close();
    const answers = [first, reported, (await ask(`${web.url}/status`)).body, (await ask(`${web.url}/metrics`)).body];
    for (const text of answers) assert.doesNotMatch(text, /abababab|top-secret|abcdef/);
    assert.match(reported, /\[secret\]/);
    source = status();
  });

  test('/healthz lives; /readyz says what is missing', async () => {
    assert.equal((await ask(`${web.url}/healthz`)).code, 200);
    problems = ['account A: no attempt to read it for 121 s'];
    const hung = await ask(`${web.url}/healthz`);
    assert.deepEqual([hung.code, hung.body], [503, 'account A: no attempt to read it for 121 s\n']);
    problems = [];
    assert.equal((await ask(`${web.url}/readyz`)).code, 200);
    source = status({ engine: 'draining' });
    const answer = await ask(`${web.url}/readyz`);
    assert.equal(answer.code, 503);
    assert.match(answer.body, /the engine is draining/);
    source = status();
  });

  test('a page receives a fact, and the symbols that changed and no others', async () => {
    source = status({ symbols: [symbolStatus(), symbolStatus({ instrument: 'ETH_USDT_Perp' })] });
    const stream = listen(web.url);
    await stream.until('event: first');
    source = status({
      symbols: [
        symbolStatus(),
        symbolStatus({ instrument: 'ETH_USDT_Perp', phase: 'imbalanced', state: 'imbalanced' }),
      ],
    });
    web.reporter.report(stateChanged('ETH_USDT_Perp'));
    const text = await stream.until('event: status');
    stream.close();
    const change = /event: status\ndata: (.*)\n/.exec(text)?.[1] ?? '';
    const symbols = (JSON.parse(change) as { symbols: { instrument: string }[] }).symbols;
    assert.deepEqual(
      symbols.map((one) => one.instrument),
      ['ETH_USDT_Perp'],
    );
    assert.match(text, /event: facts\ndata: .*"to":"imbalanced"/);
    source = status();
  });

  test('one page more than the bound is refused with that reason', async () => {
    const streams = Array.from({ length: CLIENTS_MAX }, () => listen(web.url));
    await Promise.all(streams.map((stream) => stream.until('event: first')));
    const answer = await ask(`${web.url}/events`);
    assert.match(answer.body, /^event: full/);
    for (const stream of streams) stream.close();
  });

  test('charts come as SVG, mermaid and JSON', async () => {
    assert.equal((await ask(`${web.url}/charts/symbol.svg`)).headers['content-type'], 'image/svg+xml');
    assert.match((await ask(`${web.url}/charts/symbol.mermaid`)).body, /^stateDiagram/);
    assert.equal((await ask(`${web.url}/charts/symbol.png`)).code, 404);
  });
});

test('a status that cannot be had fails its answer and nothing else', async () => {
  let broken = true;
  const web = await startWeb(
    webOptions({
      source: {
        status() {
          if (broken) throw new Error('no status');
          return status();
        },
      },
    }),
  );
  assert.equal((await ask(`${web.url}/status`)).code, 500);
  assert.equal((await ask(`${web.url}/metrics`)).code, 500);
  assert.equal((await ask(`${web.url}/healthz`)).code, 200);
  web.reporter.report(stateChanged('BNB_USDT_Perp'));
  broken = false;
  assert.equal((await ask(`${web.url}/status`)).code, 200);
  await web.close();
});

test('connections beyond the bound are closed, and the ones before go on', async () => {
  const web = await startWeb(webOptions());
  const port = Number(new URL(web.url).port);
  const idle = await Promise.all(
    Array.from({ length: CONNECTIONS_MAX }, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    }),
  );
  const late = connect(port, '127.0.0.1');
  late.on('error', () => {});
  await once(late, 'close');
  const first = idle[0]!;
  first.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  assert.match(String((await once(first, 'data'))[0]), /^HTTP\/1.1 200/);
  for (const socket of idle) socket.destroy();
  await web.close();
});

test('a port that is taken is an error to the caller', async () => {
  const first = await startWeb(webOptions());
  const port = Number(new URL(first.url).port);
  await assert.rejects(startWeb(webOptions({ port })), /EADDRINUSE/);
  await first.close();
});

test('it listens on the loopback only', async () => {
  const web = await startWeb(webOptions());
  assert.equal(new URL(web.url).hostname, '127.0.0.1');
  await web.close();
});

const account = status().accounts[0]!;
const UNREADY: readonly [string, Parameters<typeof status>[0], RegExp | null][] = [
  ['both accounts fresh', {}, null],
  ['it is starting', { engine: 'starting' }, /starting/],
  ['an account was never read', { accounts: [{ ...account, polledAtMs: null }] }, /has not been read/],
  ['an account was read too long ago', { accounts: [{ ...account, polledAtMs: NOON_MS - 10_001 }] }, /too long ago/],
  ['an account was read just in time', { accounts: [{ ...account, polledAtMs: NOON_MS - 10_000 }] }, null],
  ['a symbol’s actor has failed', { symbols: [{ ...status().symbols[0]!, state: null }] }, /BNB_USDT_Perp: its part/],
  ['an account is parked', { accounts: [{ ...account, poller: 'parked' }] }, /parked/],
];
for (const [name, change, expected] of UNREADY) {
  test(`readiness: ${name}`, () => {
    const reasons = unready(status(change));
    if (expected === null) assert.deepEqual(reasons, []);
    else assert.match(reasons.join('\n'), expected);
  });
}
