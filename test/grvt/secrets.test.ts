import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createRedactor } from '../../src/settings/redact.ts';
import { failure, LOGIN, litePosition, rig } from './support.ts';

/** What the exchange echoes of our keys reaches nobody: it is hidden before a text is shortened. */

const KEY = 'qXk27LmVw9ZtR4bNcP6sD';
const SPELLINGS: Readonly<Record<string, string>> = {
  plain: KEY,
  base64: Buffer.from(KEY).toString('base64'),
  hex: Buffer.from(KEY).toString('hex'),
};

describe('keys that the exchange echoes', () => {
  for (const [how, spelling] of Object.entries(SPELLINGS)) {
    it(`in an error, at every distance from where it is cut (${how})`, async (context) => {
      const { scripted, exchange, log, wire } = await rig(context, { redact: createRedactor([KEY]) });
      for (let pad = 270; pad <= 302; pad += 4) {
        scripted.on('/lite/v1/positions', {
          status: 400,
          json: { c: 1003, m: `${'.'.repeat(pad)}${spelling}`, s: 400 },
        });
        const { message } = await failure(exchange.positions('A'));
        for (const text of [message, ...log]) assert.ok(!text.includes(spelling.slice(0, 6)), text);
      }
      assert.ok(wire.length > 0);
    });
  }
  it('in a field that cannot be read', async (context) => {
    const { scripted, exchange } = await rig(context, { redact: createRedactor([KEY]) });
    for (let pad = 30; pad <= 60; pad += 5) {
      scripted.on('/lite/v1/positions', { json: { r: [litePosition({ s: `${'x'.repeat(pad)} ${KEY}` })] } });
      const { message, kind } = await failure(exchange.positions('A'));
      assert.equal(kind, 'malformed');
      assert.ok(!message.includes(KEY.slice(0, 6)), message);
    }
  });
  it('in the answer to a login', async (context) => {
    const { scripted, exchange } = await rig(context, { redact: createRedactor([KEY]) });
    for (let pad = 270; pad <= 302; pad += 4) {
      scripted.on(LOGIN, { status: 401, json: { code: 1000, message: `${'.'.repeat(pad)}${KEY}`, status: 401 } });
      const { message } = await failure(exchange.login('A'));
      assert.ok(!message.includes(KEY.slice(0, 6)), message);
    }
  });
  it('a session once it is made', async (context) => {
    const redact = createRedactor([KEY]);
    const { scripted, exchange } = await rig(context, { redact });
    scripted.on(LOGIN, {
      headers: { 'Set-Cookie': 'gravity=MTczNjQ5Mzg4OHxEWDhFQVFM; Path=/', 'X-Grvt-Account-Id': 'x' },
      json: { status: 'success' },
    });
    await exchange.login('A');
    scripted.on('/lite/v1/positions', { status: 400, json: { c: 1003, m: 'bad MTczNjQ5Mzg4OHxEWDhFQVFM', s: 400 } });
    assert.match((await failure(exchange.positions('A'))).message, /bad \[secret\]/);
  });
});

it('a login answer that unpacks to far more than a login is not read', async (context) => {
  const { scripted, exchange } = await rig(context);
  const packed = gzipSync(Buffer.alloc(5_000_000, 'x'));
  scripted.on(LOGIN, {
    raw: (_request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed),
  });
  const { kind, message } = await failure(exchange.login('A'));
  assert.equal(kind, 'unavailable');
  assert.match(message, /over limit: 65536/);
});

it('no packed answers are asked for, and one is never unpacked; of a long one no more than 10 MB is read', async (context) => {
  const { scripted, exchange } = await rig(context);
  const packed = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
  scripted.on('/lite/v1/positions', {
    raw: (request, response) => {
      assert.equal(request.headers['accept-encoding'], 'identity');
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed);
    },
  });
  const { kind, message } = await failure(exchange.positions('A'));
  assert.equal(kind, 'unavailable');
  assert.match(message, /unreadable body/);
  scripted.on('/lite/v1/positions', { text: 'x'.repeat(10 * 1024 * 1024 + 1) });
  assert.match((await failure(exchange.positions('A'))).message, /UND_ERR_RES_EXCEEDED_MAX_SIZE/);
});
