import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, describe, it } from 'node:test';
import { DeliveryError } from '../../src/notify/post.ts';
import { telegramNotifier } from '../../src/notify/telegram.ts';

/** `ops/telegram-gateway.mjs` as a process, between the engine's own notifier and a stand-in for Telegram's API. */

const PROGRAM = join(import.meta.dirname, '../../ops/telegram-gateway.mjs');
const TOKEN = '123456789:AAHsecretsecretsecretsecretsecret';
const KEY = 'a-key-that-nobody-guesses';
const CHAT = '-1001234567890';
const TEXT = 'unhedged>6h: 保证金 "quoted" \n second line';

const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-gateway-'));
const children: ChildProcess[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Call {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/** Telegram's API; `answer` gives status and body of the n-th call, from 0; null: none. */
async function telegram(answer: (nth: number, call: Call) => readonly [number, unknown] | null) {
  const calls: Call[] = [];
  const silent: ServerResponse[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = { url: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString()) };
    const given = answer(calls.push(call) - 1, call);
    if (given === null) return void silent.push(response);
    response.writeHead(given[0], { 'content-type': 'application/json' });
    response.end(typeof given[1] === 'string' ? given[1] : JSON.stringify(given[1]));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { calls, api: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const taken = [200, { ok: true, result: { message_id: 1 } }] as const;
const refused = (code: number, description: string, parameters?: object) =>
  [code, { ok: false, error_code: code, description, ...(parameters && { parameters }) }] as const;

function start(env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { TELEGRAM_BOT_TOKEN: TOKEN, API_KEY: KEY, TELEGRAM_GATEWAY_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let written = '';
  child.stderr.on('data', (chunk) => (written += chunk));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => (written += `${line}\n`));
  return { child, lines, written: () => written };
}

async function gateway(api: string, env: Readonly<Record<string, string>> = {}) {
  const process = start({ TELEGRAM_API_URL: api, ...env });
  const [line] = (await once(process.lines, 'line')) as [string];
  const url = /http:\/\/\S+\/send-message/.exec(line)?.[0];
  assert.ok(url, line);
  return { ...process, url };
}

const notifier = (url: string, apiKey = KEY, chatId = CHAT) =>
  telegramNotifier({ url, chatId, apiKey }, { redact: (text) => text });

async function failureOf(sending: Promise<void>): Promise<DeliveryError> {
  const thrown = await sending.then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof DeliveryError, String(thrown));
  return thrown;
}

const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-api-key': KEY, ...headers } });

describe('the Telegram gateway', () => {
  it("hands the engine's message to the bot, word for word, as plain text", async () => {
    const { calls, api } = await telegram(() => taken);
    const { url } = await gateway(api);
    await notifier(url).send(TEXT);
    assert.deepEqual(calls, [{ url: `/bot${TOKEN}/sendMessage`, body: { chat_id: CHAT, text: TEXT } }]);
  });

  it('sends again what Telegram certainly did not take, and waits as long as Telegram asks', async () => {
    const answers = [refused(429, 'Too Many Requests', { retry_after: 1 }), refused(500, 'Internal'), taken];
    const { calls, api } = await telegram((nth) => answers[nth]!);
    const { url } = await gateway(api);
    const begun = performance.now();
    await notifier(url).send(TEXT);
    assert.equal(calls.length, 3);
    // Timers count whole milliseconds.
    assert.ok(performance.now() - begun >= 999, 'it waited the second that was asked for');
  });

  it('a Telegram that goes on failing ends after four tries, and does not count against the message', async () => {
    const { calls, api } = await telegram(() => [502, '<html>bad gateway</html>']);
    const { url } = await gateway(api);
    const { outcome, forContent } = await failureOf(notifier(url).send(TEXT));
    assert.deepEqual({ outcome, forContent, calls: calls.length }, { outcome: 'refused', forContent: false, calls: 4 });
  });

  it('a wait that is longer than the engine waits is handed on, with Retry-After', async () => {
    const { calls, api } = await telegram(() => refused(429, 'Too Many Requests', { retry_after: 37 }));
    const { url } = await gateway(api);
    const answer = await post(url, JSON.stringify({ chatId: CHAT, message: TEXT }));
    assert.deepEqual([answer.status, answer.headers.get('retry-after'), calls.length], [429, '37', 1]);
  });

  for (const [name, answer, status, forContent] of [
    ['a message that is too long', refused(400, 'Bad Request: message is too long'), 400, true],
    ['a chat that Telegram does not know', refused(400, 'Bad Request: chat not found'), 404, false],
    [
      'a group that became a supergroup',
      refused(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: -1002 }),
      404,
      false,
    ],
    ['a bot that was blocked', refused(403, 'Forbidden: bot was blocked by the user'), 403, false],
    ['a token that Telegram does not know', refused(401, 'Unauthorized'), 502, false],
    ['an answer that is none of Telegram’s', [200, 'captive portal'] as const, 502, false],
  ] as const) {
    it(`${name}: ${status}, ${forContent ? '' : 'not '}for the message's content, asked once`, async () => {
      const { calls, api } = await telegram(() => answer);
      const { url } = await gateway(api);
      const failure = await failureOf(notifier(url).send(TEXT));
      assert.match(failure.message, new RegExp(`status ${status}`));
      assert.deepEqual([failure.forContent, calls.length], [forContent, 1]);
    });
  }

  it('refuses a wrong key, another path, another method and an invalid body before it calls Telegram', async () => {
    const { calls, api } = await telegram(() => taken);
    const { url } = await gateway(api);
    assert.match((await failureOf(notifier(url, 'another-key-entirely').send(TEXT))).message, /status 401/);
    const good = JSON.stringify({ chatId: CHAT, message: TEXT });
    const statuses = [
      await post(url.replace('send-message', 'other'), good),
      await fetch(url, { headers: { 'x-api-key': KEY } }),
      await post(url, '{"chatId":'),
      await post(url, 'null'),
      await post(url, JSON.stringify({ chatId: 'x y', message: TEXT })),
      await post(url, JSON.stringify({ chatId: CHAT, message: '' })),
      await post(url, JSON.stringify({ chatId: CHAT, message: 'x'.repeat(4_097) })),
      await post(url, JSON.stringify({ chatId: CHAT, message: 'x'.repeat(70_000) })),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [404, 405, 400, 400, 404, 400, 400, 413]);
    assert.equal(calls.length, 0);
  });

  it('keeps the order of messages, and 20 of them at most wait', async () => {
    let release: () => void = () => {};
    const first = new Promise<void>((resolve) => (release = resolve));
    const texts: unknown[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      texts.push(JSON.parse(Buffer.concat(chunks).toString()).text);
      await first;
      response.end(JSON.stringify({ ok: true, result: {} }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { url } = await gateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const waiting = () => fetch(url.replace('send-message', 'healthz')).then((answer) => answer.json());
    const sent: Promise<Response>[] = [];
    for (let nth = 0; nth < 20; nth += 1) {
      sent.push(post(url, JSON.stringify({ chatId: CHAT, message: `${nth}` })));
      while (((await waiting()) as { waiting: number }).waiting <= nth);
    }
    assert.equal((await post(url, JSON.stringify({ chatId: CHAT, message: 'one too many' }))).status, 429);
    release();
    assert.deepEqual(
      (await Promise.all(sent)).map(({ status }) => status),
      Array(20).fill(200),
    );
    assert.deepEqual(
      texts,
      Array.from({ length: 20 }, (_, nth) => `${nth}`),
    );
  });

  it('does not send what the engine no longer waits for', async () => {
    let hangUp = () => {};
    const { calls, api } = await telegram((nth) => {
      // Before the answer leaves: by the time the wait is over the gateway knows.
      hangUp();
      return nth === 0 ? refused(429, 'wait', { retry_after: 1 }) : taken;
    });
    const { url, lines } = await gateway(api);
    const { hostname, port } = new URL(url);
    const body = JSON.stringify({ chatId: CHAT, message: 'given up' });
    const socket = connect(Number(port), hostname);
    const head = `POST /send-message HTTP/1.1\r\nHost: x\r\nX-API-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n`;
    hangUp = () => socket.destroy();
    socket.write(head + body);
    const [line] = (await once(lines, 'line')) as [string];
    assert.match(line, /not sent \(499\): the engine has hung up/);
    assert.equal(calls.length, 1);
  });

  it('writes neither token nor key, chat or message, whatever goes wrong', async () => {
    const answers = [taken, refused(400, 'Bad Request: message is too long'), refused(401, 'Unauthorized')];
    const { api } = await telegram((nth) => answers[nth]!);
    const { url, written, child } = await gateway(api);
    for (const _ of answers)
      await notifier(url)
        .send(TEXT)
        .catch(() => {});
    await notifier(url, 'another-key-entirely')
      .send(TEXT)
      .catch(() => {});
    servers[0]?.close();
    servers[0]?.closeAllConnections();
    await notifier(url)
      .send(TEXT)
      .catch(() => {});
    child.kill('SIGTERM');
    // Not its exit: what it wrote last may arrive after that.
    await once(child, 'close');
    for (const secret of [TOKEN, TOKEN.split(':')[1]!, KEY, 'another-key', CHAT, 'unhedged', '保证金'])
      assert.ok(!written().includes(secret), `${secret} is in: ${written()}`);
    assert.equal(written().match(/sent after/g)?.length, 1);
    assert.equal(written().match(/not sent/g)?.length, 4);
  });

  it('SIGTERM ends it in order, with what is under way answered', async () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let asked = false;
    const server = createServer(async (request, response) => {
      request.resume();
      asked = true;
      await held;
      response.end(JSON.stringify({ ok: true, result: {} }));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { url, child } = await gateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const sending = notifier(url).send(TEXT);
    while (!asked) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGTERM');
    release();
    await sending;
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(code, 0);
  });

  it('takes token and key from files', async () => {
    const { calls, api } = await telegram(() => taken);
    const [token, key] = [join(folder, 'token'), join(folder, 'key')];
    writeFileSync(token, `${TOKEN}\n`, { mode: 0o600 });
    writeFileSync(key, `${KEY}\n`, { mode: 0o600 });
    const files = { TELEGRAM_BOT_TOKEN: '', API_KEY: '', TELEGRAM_BOT_TOKEN_FILE: token, API_KEY_FILE: key };
    const { url } = await gateway(api, files);
    await notifier(url).send(TEXT);
    assert.equal(calls.length, 1);
  });

  for (const [name, env] of [
    ['no token', { TELEGRAM_BOT_TOKEN: '' }],
    ['a token that is none', { TELEGRAM_BOT_TOKEN: 'abc' }],
    ['a short key', { API_KEY: 'short' }],
    ['a key twice', { API_KEY_FILE: '/dev/null' }],
    ['a file that is not there', { API_KEY: '', API_KEY_FILE: '/nowhere/key' }],
    ['a port that is none', { TELEGRAM_GATEWAY_PORT: '70000' }],
  ] as const) {
    it(`${name}: 78, with the setting named and no value shown`, async () => {
      const { child, written } = start(env);
      const [code] = await once(child, 'close');
      assert.equal(code, 78);
      assert.match(written(), /^(TELEGRAM_BOT_TOKEN|API_KEY|TELEGRAM_GATEWAY_PORT)/);
      assert.ok(!written().includes(TOKEN) && !written().includes(KEY), written());
    });
  }

  it('`chats` lists who has written to the bot, with names that cannot command a terminal', async () => {
    const { api } = await telegram(() => [
      200,
      {
        ok: true,
        result: [
          { update_id: 1, message: { chat: { id: 77, first_name: 'An\u001b[2Jna' } } },
          { update_id: 2, message: { chat: { id: -100500, title: 'Alerts' } } },
          { update_id: 3, message: { chat: { id: 77, first_name: 'An\u001b[2Jna' } } },
        ],
      },
    ]);
    const { child, written } = start({ TELEGRAM_API_URL: api, API_KEY: '' }, 'chats');
    const [code] = await once(child, 'close');
    assert.deepEqual([code, written()], [0, '77\tAn [2Jna\n-100500\tAlerts\n']);
  });
});
