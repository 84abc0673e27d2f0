import assert from 'node:assert/strict';
import { get, type IncomingMessage, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createRedactor } from '../../src/settings/redact.ts';
import { startWeb, unready, type Web } from '../../src/web/index.ts';
import { CLIENTS_MAX } from '../../src/web/live.ts';
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
  const SECRET = `0x${'ab'.repeat(32)}`;
  before(async () => {
    web = await startWeb(
      webOptions({ source: { status: () => source }, redact: createRedactor([SECRET, 'top-secret-key']) }),
    );
  });
  after(() => web.close());

  for (const path of ['/', '/page/main.js', '/page/texts.js', '/page/style.css', '/page/uplot.js', '/page/uplot.css']) {
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

  test('no secret is in any answer', async () => {
    source = status({
      accounts: status().accounts.map((one) => ({
        ...one,
        failuresInARow: 1,
        failure: `login: ${SECRET} top-secret-key`,
      })),
    });
    const stream = listen(web.url);
    const first = await stream.until('event: first');
    web.reporter.report({ type: 'actor.failed', atMs: NOON_MS, actor: 'x', message: `gravity=abcdef; ${SECRET}` });
    const told = await stream.until('event: facts');
    stream.close();
    const answers = [first, told, (await ask(`${web.url}/status`)).body, (await ask(`${web.url}/metrics`)).body];
    for (const text of answers) assert.doesNotMatch(text, /abababab|top-secret|abcdef/);
    assert.match(told, /\[secret\]/);
    source = status();
  });

  test('/healthz lives; /readyz says what is missing', async () => {
    assert.equal((await ask(`${web.url}/healthz`)).code, 200);
    assert.equal((await ask(`${web.url}/readyz`)).code, 200);
    source = status({ engine: 'draining' });
    const answer = await ask(`${web.url}/readyz`);
    assert.equal(answer.code, 503);
    assert.match(answer.body, /the engine is draining/);
    source = status();
  });

  test('a page is told of a fact, and of the symbols that changed and no others', async () => {
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

  test('one page more than the bound is told so and not kept', async () => {
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
  ['an account is parked', { accounts: [{ ...account, poller: 'parked' }] }, /parked/],
];
for (const [name, change, expected] of UNREADY) {
  test(`readiness: ${name}`, () => {
    const reasons = unready(status(change));
    if (expected === null) assert.deepEqual(reasons, []);
    else assert.match(reasons.join('\n'), expected);
  });
}
