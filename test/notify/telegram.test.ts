import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import FakeTimers from '@sinonjs/fake-timers';
import { isForContent, refusalIn } from '../../src/notify/gateway-answer.ts';
import { httpHeartbeat } from '../../src/notify/heartbeat.ts';
import { logNotifier } from '../../src/notify/log.ts';
import { DeliveryError, type Fetch } from '../../src/notify/post.ts';
import { GATEWAY_TIMEOUT_MS, telegramNotifier } from '../../src/notify/telegram.ts';
import { createRedactor, secretsOfAddress } from '../../src/settings/redact.ts';

const CHAT_ID = '-1001234567890';
const API_KEY = 'sécret"key/77';

interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const servers: ReturnType<typeof createServer>[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function gateway(answer: (response: ServerResponse, seen: Seen) => void): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = { method: request.method ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
    seen.push(one);
    answer(response, one);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send-message`, seen };
}

async function failureOf(sending: Promise<void>): Promise<DeliveryError> {
  try {
    await sending;
  } catch (thrown) {
    assert.ok(thrown instanceof DeliveryError, String(thrown));
    const everything = `${thrown.message} ${thrown.stack} ${JSON.stringify(thrown)} ${String(thrown.cause)}`;
    for (const secret of [CHAT_ID, API_KEY, JSON.stringify(API_KEY).slice(1, -1), encodeURIComponent(API_KEY)]) {
      assert.ok(!everything.includes(secret), `a secret is in: ${everything}`);
    }
    return thrown;
  }
  return assert.fail('it was taken');
}

const key = 'key-77';
const redactorOf = (url: string, apiKey: string) => createRedactor([...secretsOfAddress(url), apiKey, CHAT_ID]);
const to = (url: string, apiKey = key) =>
  telegramNotifier({ url, chatId: CHAT_ID, apiKey }, { redact: redactorOf(url, apiKey) });

describe('strategy 12: the Telegram gateway', () => {
  test('is posted chatId and message as JSON, the key in X-API-Key', async () => {
    const { url, seen } = await gateway((response) => response.end('{"success":true}'));
    await to(url).send('MMR ALERT\n≥ 0.70 保证金');
    assert.equal(seen.length, 1);
    assert.equal(seen[0]?.method, 'POST');
    assert.equal(seen[0]?.headers['x-api-key'], key);
    assert.match(seen[0]?.headers['content-type'] ?? '', /application\/json/);
    assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), { chatId: CHAT_ID, message: 'MMR ALERT\n≥ 0.70 保证金' });
  });

  test('a redirect is not followed: the key goes nowhere else', async () => {
    const elsewhere = await gateway((response) => response.end('{}'));
    const { url } = await gateway((response) => response.writeHead(307, { location: elsewhere.url }).end());
    assert.equal((await failureOf(to(url).send('x'))).outcome, 'refused');
    assert.equal(elsewhere.seen.length, 0);
  });

  test('a refusal that quotes our key and chat id does not spread them', async () => {
    const { url } = await gateway((response, { headers }) => {
      response.writeHead(401).end(JSON.stringify({ error: `bad key ${headers['x-api-key']}`, chat: CHAT_ID }));
    });
    const failure = await failureOf(to(url).send('x'));
    assert.match(failure.message, /status 401.*bad key \[secret\]/);
    assert.ok(!failure.message.includes(key));
  });

  test('what follows the origin of its address may be a key: it is taken out too', async () => {
    const { url } = await gateway((response) => response.writeHead(404).end('Cannot POST /bot77:f3c9a1d2/send?x=1'));
    const failed = await failureOf(to(`${new URL(url).origin}/bot77:f3c9a1d2/send?x=1`).send('x'));
    assert.match(failed.message, /Cannot POST \[secret\]/);
  });

  test('a path that is a word is no key', async () => {
    const { url } = await gateway((response) => response.writeHead(404).end('Cannot POST /send-message'));
    assert.match((await failureOf(to(url).send('x'))).message, /Cannot POST \/send-message/);
  });

  test('secrets are taken out before the text is cut, in every spelling', async () => {
    const stand = (body: string) =>
      telegramNotifier(
        { url: 'http://gateway', chatId: CHAT_ID, apiKey: API_KEY },
        {
          redact: redactorOf('http://gateway', API_KEY),
          fetch: (async () => ({ status: 500, text: async () => body })) as unknown as Fetch,
        },
      );
    for (const pad of [0, 150, 170, 180, 190]) {
      const spelled = [API_KEY, JSON.stringify(API_KEY), encodeURIComponent(API_KEY), CHAT_ID].join(' ');
      const failure = await failureOf(stand(`${'.'.repeat(pad)}${spelled}`).send('x'));
      assert.ok(!/sécret|s%C3%A9cret|-1001234/.test(failure.message), failure.message);
    }
  });

  const contents: [number, string, boolean][] = [
    [400, '', true],
    [413, 'too long', true],
    [422, '{}', true],
    ...[401, 402, 403, 404, 405, 407, 408, 409, 410, 423, 425, 429, 451].map((status): [number, string, boolean] => [
      status,
      '',
      false,
    ]),
    [500, '', false],
    [502, '<html>', false],
    [302, '', false],
    // The code of the answer goes before its status.
    [500, '{"ok":false,"error_code":400,"description":"can\'t parse entities"}', true],
    [502, '{"error":{"statusCode":"400"}}', true],
    [400, '{"error_code":429,"parameters":{"retry_after":5}}', false],
    [400, '{"response":{"error_code":403}}', false],
    [200, '{"ok":false,"error_code":400}', true],
    [200, '{"ok":false,"error_code":502}', false],
    [200, '{"ok":false}', true],
  ];
  for (const [status, body, forContent] of contents) {
    test(`12.1 ${status} ${body}: ${forContent ? '' : 'not '}for its content`, () =>
      assert.equal(isForContent(status, body), forContent));
  }

  test('12.1 a refusal for its content is marked so', async () => {
    const { url } = await gateway((response) => response.writeHead(400).end('{"error":"message is too long"}'));
    const sent = to(url).send('x');
    await assert.rejects(sent, (thrown) => thrown instanceof DeliveryError && thrown.forContent);
  });

  test('200 with an error is a failure', async () => {
    const { url } = await gateway((response) => response.end('{"success":false,"error":"chat not found"}'));
    assert.match((await failureOf(to(url).send('x'))).message, /chat not found/);
  });

  test('a connection that breaks leaves the outcome unknown', async () => {
    const { url } = await gateway((response) => response.destroy());
    assert.equal((await failureOf(to(url).send('x'))).outcome, 'unknown');
  });

  test('nobody there: it was not taken', async () => {
    const { url } = await gateway((response) => response.end());
    const server = servers.at(-1);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    const failure = await failureOf(to(url).send('x'));
    assert.equal(failure.outcome, 'refused');
    assert.match(failure.message, /ECONNREFUSED/);
    assert.ok(!failure.message.includes('127.0.0.1'));
  });

  test('an invalid address is a failure like any other', async () => {
    await failureOf(to('nonsense').send('x'));
  });

  test('an answer without end is not read for ever', async () => {
    const { url } = await gateway((response) => response.end('x'.repeat(70_000)));
    await failureOf(to(url).send('x'));
  });

  for (const hang of ['before the answer', 'in the middle of the body'] as const) {
    test(`a gateway that hangs ${hang} is given up after 10 s, outcome unknown`, async () => {
      const clock = FakeTimers.createClock();
      const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
      let arrived = () => {};
      const there = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const hanging = (async (_url: string, init: { signal: AbortSignal }) => {
        const never = () =>
          new Promise<never>((_resolve, reject) => {
            arrived();
            init.signal.addEventListener('abort', () => reject(new Error('aborted')));
          });
        return hang === 'before the answer' ? never() : { status: 200, text: never };
      }) as unknown as Fetch;
      globalThis.setTimeout = clock.setTimeout as unknown as typeof setTimeout;
      globalThis.clearTimeout = clock.clearTimeout as unknown as typeof clearTimeout;
      try {
        let ended = false;
        const failing = failureOf(
          telegramNotifier(
            { url: 'http://gateway', chatId: CHAT_ID, apiKey: key },
            { redact: createRedactor(), fetch: hanging },
          ).send('x'),
        ).finally(() => {
          ended = true;
        });
        await there;
        clock.tick(GATEWAY_TIMEOUT_MS - 1);
        await Promise.resolve();
        assert.equal(ended, false);
        clock.tick(1);
        const failure = await failing;
        assert.equal(failure.outcome, 'unknown');
        assert.match(failure.message, /no answer within 10 s/);
        assert.equal(clock.countTimers(), 0);
      } finally {
        Object.assign(globalThis, real);
      }
    });
  }
});

describe('strategy 12.1: what an answer means', () => {
  const taken: [number, string][] = [
    [200, ''],
    [204, ''],
    [200, 'OK'],
    [200, 'Message sent'],
    [201, '{}'],
    [200, 'null'],
    [200, '{"success":true}'],
    [200, '{"ok":true,"result":{"message_id":7,"text":"error: x failed"}}'],
    [200, '{"status":"ok","error":null}'],
    [200, '{"status":"sent","errors":[]}'],
    [200, '{"code":0,"message":"success"}'],
    [200, '{"code":200}'],
    [200, '{"status":200,"error":""}'],
    [200, '{"message":"error alert delivered"}'],
  ];
  const refused: [number, string][] = [
    [301, ''],
    [400, '{"ok":true}'],
    [429, ''],
    [500, ''],
    [502, '<html>bad gateway</html>'],
    [200, '<!doctype html><title>Sign in</title>'],
    [200, '{"ok":false}'],
    [200, '{"success":false,"message":"x"}'],
    [200, '{"success":"false"}'],
    [200, '{"error":"Unauthorized"}'],
    [200, '{"error":{"code":1}}'],
    [200, '{"errors":["x"]}'],
    [200, '{"error_code":403,"description":"bot was blocked"}'],
    [200, '{"status":"error"}'],
    [200, '{"status":"FAILED"}'],
    [200, '{"status":500}'],
    [200, '{"statusCode":401}'],
    [200, '{"code":"429"}'],
    [200, '{"result":{"ok":false}}'],
    [200, '{"data":{"sent":false}}'],
    [200, '[{"ok":false}]'],
    [200, 'false'],
    [200, 'Error: chat not found'],
    [200, 'Unauthorized'],
    [200, 'Failed to send message'],
  ];
  for (const [status, body] of taken)
    test(`${status} ${body} is taken`, () => assert.equal(refusalIn(status, body), null));
  for (const [status, body] of refused)
    test(`${status} ${body} is not`, () => assert.notEqual(refusalIn(status, body), null));
});

describe('strategy 2.1: the heartbeat', () => {
  test('calls the address once', async () => {
    const { url, seen } = await gateway((response) => response.end('OK'));
    await httpHeartbeat(url).beat();
    assert.deepEqual(
      seen.map(({ method }) => method),
      ['GET'],
    );
  });
  test('another answer than 2xx is a miss that does not tell the address', async () => {
    const { url } = await gateway((response) => response.writeHead(302, { location: 'http://x' }).end());
    const failure = await failureOf(httpHeartbeat(`${url}/uuid-7`).beat());
    assert.ok(!failure.message.includes('uuid-7'));
    assert.match(failure.message, /302/);
  });
});

test('strategy 12: without a gateway, messages go to the log', async () => {
  const lines: string[] = [];
  await logNotifier((text) => lines.push(text)).send('x');
  assert.deepEqual(lines, ['x']);
});

describe('an answer that unpacks to more than a few words is read no further', () => {
  const calls: readonly [string, (url: string) => Promise<void>][] = [
    ['of the gateway', (url) => to(url).send('text')],
    ['of the dead-man switch', (url) => httpHeartbeat(url).beat()],
  ];
  for (const [what, call] of calls) {
    test(`${what}: unknown, for it left`, async () => {
      const packed = gzipSync(Buffer.alloc(5_000_000));
      const { url } = await gateway((response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed));
      const { outcome, message } = await failureOf(call(url));
      assert.deepEqual([outcome, message], ['unknown', 'no answer: max-size']);
    });
  }
});
