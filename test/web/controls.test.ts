import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseCommand } from '../../src/control/protocol.ts';
import { type Answer, say } from '../../src/core/answers.ts';
import type { Command } from '../../src/core/commands.ts';
import { reason } from '../../src/core/reasons.ts';
import { createRedactor } from '../../src/settings/redact.ts';
import { startWeb, type Web } from '../../src/web/index.ts';
import { webOptions } from './fixtures.ts';

const TOKEN = 'correct-horse-battery-24';
const PAUSE = { verb: 'pause', symbols: ['BNB_USDT_Perp'], forMs: null };

describe('16.6 commands by the page', () => {
  let web: Web;
  let token: string | null = TOKEN;
  let answer: () => Promise<Answer>;
  const given: [Command, string][] = [];
  before(async () => {
    const give = (command: Command, how: string) => {
      given.push([command, how]);
      return answer();
    };
    web = await startWeb(
      webOptions({
        controls: () => ({ token: () => token, parse: parseCommand, give }),
        redact: createRedactor([TOKEN]),
      }),
    );
  });
  after(() => web.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${web.url}/api/control/${path}`, {
      method: 'POST',
      headers: { origin: web.url, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const unlock = async () => {
    const response = await post('unlock', { token: TOKEN });
    assert.equal(response.status, 200);
    const { key } = (await response.json()) as { key: string };
    return { 'x-hedge-session': key };
  };
  const begin = () => {
    token = TOKEN;
    given.length = 0;
    answer = async () => ({ ok: true, says: [say('will-pause', 'BNB_USDT_Perp', { until: null })] });
  };

  test('an unlocked page gives a command, which says that the page gave it, and is answered in both languages', async () => {
    begin();
    const session = await unlock();
    const response = await post('command', { ...PAUSE, by: 'root', why: 'lunch' }, session);
    assert.equal(response.status, 200);
    assert.deepEqual(given, [[{ ...PAUSE, by: 'page', why: 'lunch' }, 'do']]);
    assert.deepEqual(await response.json(), {
      ok: true,
      says: [
        {
          code: 'will-pause',
          symbol: 'BNB_USDT_Perp',
          params: {},
          en: 'opens nothing, repairs until it is hedged, then does nothing',
          zh: '不再开仓，修复至对冲完成后什么都不做',
        },
      ],
    });
  });

  test('a preview is asked for as one', async () => {
    begin();
    await post('preview', PAUSE, await unlock());
    assert.deepEqual(given, [[{ ...PAUSE, by: 'page', why: null }, 'preview']]);
  });

  test('a session knows how long it lasts, and is over once it is locked', async () => {
    begin();
    const session = await unlock();
    const { untilMs } = (await (await post('session', {}, session)).json()) as { untilMs: number };
    assert.ok(untilMs > 0);
    assert.equal((await post('lock', {}, session)).status, 204);
    assert.equal((await post('session', {}, session)).status, 401);
    assert.equal((await post('command', PAUSE, session)).status, 401);
    assert.deepEqual(given, []);
  });

  // How long a wrong one waits, and how many do, is tested in sessions.test.ts, by a clock.
  test('six wrong tokens and the right one: the right one opens', async () => {
    begin();
    const wrong = Array.from({ length: 6 }, (_, at) => post('unlock', { token: `wrong-token-number-${at}-xxxx` }));
    await unlock();
    for (const { status } of await Promise.all(wrong)) assert.ok(status === 403 || status === 429, `${status}`);
    await unlock();
  });

  const LOCKED: readonly [string, Record<string, string>][] = [
    ['no session', {}],
    ['a session nobody has', { 'x-hedge-session': '0'.repeat(64) }],
    ['the token in place of a session', { 'x-hedge-session': TOKEN }],
    ['a session in a cookie', { cookie: `x-hedge-session=${'0'.repeat(64)}` }],
  ];
  for (const [name, headers] of LOCKED) {
    test(`${name}: nothing is done, and nothing is disclosed`, async () => {
      begin();
      for (const path of ['command', 'preview', 'session']) {
        assert.equal((await post(path, PAUSE, headers)).status, 401, path);
      }
      assert.deepEqual(given, []);
    });
  }

  const REFUSED: readonly [string, unknown, Record<string, string>, number][] = [
    ['a page of another port', PAUSE, { origin: 'http://127.0.0.1:3000' }, 403],
    ['a page of another site', PAUSE, { origin: 'https://evil.example' }, 403],
    ['what is no JSON', 'verb=stop', {}, 400],
    ['a form', 'verb=stop', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form that sends text', JSON.stringify(PAUSE), { 'content-type': 'text/plain' }, 415],
    ['a verb that there is not', { ...PAUSE, verb: 'buy' }, {}, 400],
    ['a command with more than it has', { ...PAUSE, price: '1' }, {}, 400],
    ['a list', [PAUSE], {}, 400],
    ['nothing', 'null', {}, 400],
    ['a body that is too long', { ...PAUSE, why: 'x'.repeat(70_000) }, {}, 413],
  ];
  for (const [name, body, headers, code] of REFUSED) {
    test(`${name} is refused with ${code}, though unlocked`, async () => {
      begin();
      const session = await unlock();
      assert.equal((await post('command', body, { ...session, ...headers })).status, code);
      assert.deepEqual(given, []);
    });
  }

  test('no secret leaves with an answer', async () => {
    begin();
    answer = async () => ({
      ok: false,
      says: [say('refused', null, { why: reason('others-words', '', { words: `bad ${TOKEN}` }) })],
    });
    const text = await (await post('command', PAUSE, await unlock())).text();
    assert.ok(!text.includes(TOKEN), text);
  });

  test('what fails in the engine is an error of this answer alone', async () => {
    begin();
    const session = await unlock();
    answer = async () => {
      throw new Error('a defect');
    };
    assert.equal((await post('command', PAUSE, session)).status, 500);
    begin();
    assert.equal((await post('command', PAUSE, session)).status, 200);
  });

  test('without a token the page is read-only', async () => {
    begin();
    const session = await unlock();
    token = null;
    for (const path of ['unlock', 'command', 'preview', 'session', 'lock']) {
      const response = await post(path, PAUSE, session);
      assert.deepEqual([response.status, await response.text()], [405, 'this server only shows\n'], path);
    }
    assert.deepEqual(given, []);
  });
});

test('before the engine takes commands a page gets an answer that says so', async () => {
  const web = await startWeb(webOptions({ controls: () => ({ token: () => TOKEN, parse: parseCommand, give: null }) }));
  const post = (path: string, body: unknown, headers = {}) =>
    fetch(`${web.url}/api/control/${path}`, {
      method: 'POST',
      headers: { origin: web.url, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  try {
    const { key } = (await (await post('unlock', { token: TOKEN })).json()) as { key: string };
    assert.equal((await post('command', PAUSE, { 'x-hedge-session': key })).status, 503);
  } finally {
    await web.close();
  }
});
