#!/usr/bin/env node
// A Telegram gateway for those who have none: takes the engine's messages (contract in ops/README.md) and hands them to a Telegram bot. A
// program of its own that shares nothing with the engine, and needs nothing but Node.
//
//   node --env-file=gateway.env ops/telegram-gateway.mjs          serves until it is stopped
//   node --env-file=gateway.env ops/telegram-gateway.mjs chats    lists the chats that have written to the bot lately
//
// Nothing that it writes holds the bot's token, the key, a chat id or a message.

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

/** The engine waits 10 s for an answer (`GATEWAY_TIMEOUT_MS`); what has not ended by then would be sent twice. */
const WHOLE_MS = 9_000;
/** Tries of one message, all within `WHOLE_MS`; only where Telegram certainly did not take it. */
const TRIES = 4;
/** Before the second try; doubled before each further one. */
const FIRST_PAUSE_MS = 500;
/** Messages that wait for their turn. One engine sends one in 3 s; beyond this somebody else has the key. */
const WAITING_MAX = 20;
/** Telegram's limit, in UTF-16 units; the engine keeps to 3,500. */
const MESSAGE_MAX = 4_096;
/** 4,096 characters, each escaped for JSON as two surrogates, and the rest of the body. */
const BODY_MAX = 65_536;
const CONNECTIONS_MAX = 32;
/** An answer of Telegram is some lines; one of `chats` some hundred. */
const ANSWER_MAX = 1_048_576;
/** A key that can be guessed lets anybody on this machine write to the chat. */
const KEY_LENGTH_MIN = 16;
const EXIT_CONFIGURATION = 78;

class SettingError extends Error {}

/** Why a message was not sent, with the status of the answer. `again`: it was certainly not taken, and may be taken soon. */
class NotSent extends Error {
  constructor(status, text, { retryAfterMs = null, again = false } = {}) {
    super(text);
    Object.assign(this, { status, retryAfterMs, again });
  }
}

/** The value of a setting, or of the file that `NAME_FILE` names; '' where neither is given. */
function setting(name) {
  const [value = '', file = ''] = [process.env[name], process.env[`${name}_FILE`]];
  if (value !== '' && file !== '') throw new SettingError(`${name} and ${name}_FILE are both set: one of them`);
  if (file === '') return value.trim();
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new SettingError(`${name}_FILE: ${file} cannot be read (${thrown.code})`);
  }
}

function readSettings(serves) {
  const token = setting('TELEGRAM_BOT_TOKEN');
  if (!/^\d+:[\w-]{20,}$/.test(token))
    throw new SettingError('TELEGRAM_BOT_TOKEN: expected what @BotFather gave, 123456789:AAH…');
  const key = setting('API_KEY');
  if (serves && !/^[!-~]+$/.test(key)) throw new SettingError('API_KEY: expected letters, digits and signs of ASCII');
  if (serves && key.length < KEY_LENGTH_MIN)
    throw new SettingError(`API_KEY: expected at least ${KEY_LENGTH_MIN} characters; the same one as in the engine`);
  const port = setting('TELEGRAM_GATEWAY_PORT') || '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new SettingError('TELEGRAM_GATEWAY_PORT: expected a port');
  const api = setting('TELEGRAM_API_URL') || 'https://api.telegram.org';
  if (!/^https?:\/\/[^/]+\/?$/.test(api) || !URL.canParse(api))
    throw new SettingError('TELEGRAM_API_URL: expected an address like https://api.telegram.org');
  const host = setting('TELEGRAM_GATEWAY_HOST') || '127.0.0.1';
  return { token, key, port: Number(port), host, api: new URL(api) };
}

/** Honours HTTPS_PROXY and NO_PROXY: Telegram cannot be reached directly from everywhere. */
const agents = {
  'http:': new http.Agent({ proxyEnv: process.env }),
  'https:': new https.Agent({ proxyEnv: process.env }),
};

/** The connection never came about, so that nothing left. */
const NEVER_LEFT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_PROXY_TUNNEL'];

/**
 * One call of the bot's API.
 *
 * @returns the answer's `result`
 * @throws NotSent whose text names neither token nor chat
 */
function call({ api, token }, method, body, withinMs) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const bytes = Buffer.from(JSON.stringify(body));
  const request = (api.protocol === 'https:' ? https : http).request(new URL(`/bot${token}/${method}`, api), {
    method: 'POST',
    agent: agents[api.protocol],
    headers: { 'content-type': 'application/json', 'content-length': bytes.length },
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(withinMs))),
  });
  request.on('error', ({ name, code }) => {
    if (name === 'AbortError' || name === 'TimeoutError')
      return reject(new NotSent(504, 'Telegram did not answer in time'));
    // The error's own text holds the address, and with it the token.
    reject(new NotSent(502, `Telegram cannot be reached: ${code ?? 'unknown'}`, { again: NEVER_LEFT.includes(code) }));
  });
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => {
      text += chunk;
      if (text.length > ANSWER_MAX) response.destroy();
    });
    response.on('close', () => {
      let answer = null;
      try {
        answer = JSON.parse(text);
      } catch {
        // Not Telegram's own answer: a page of a proxy, or half of one. The status says the rest.
      }
      if (answer?.ok === true) resolve(answer.result);
      else reject(refusal(response.statusCode, answer));
    });
  });
  request.end(bytes);
  return promise;
}

/** Telegram's refusal in the words and codes of the contract: 4xx for the message's own content is 400 alone. */
function refusal(status, answer) {
  const code = answer?.error_code ?? status;
  if (answer === null) return new NotSent(502, `status ${status} without Telegram's answer`, { again: status >= 500 });
  const says = String(answer.description ?? '')
    .slice(0, 200)
    .replaceAll(/\s+/g, ' ');
  if (code === 429) {
    const seconds = Number(answer.parameters?.retry_after ?? 1);
    return new NotSent(429, 'Telegram asks to wait', { retryAfterMs: seconds * 1_000, again: true });
  }
  if (code === 401 || code === 404)
    return new NotSent(502, 'Telegram does not know the bot: is TELEGRAM_BOT_TOKEN right?');
  if (code === 403) return new NotSent(403, `the bot may not write to this chat: ${says}`);
  if (answer.parameters?.migrate_to_chat_id !== undefined)
    return new NotSent(404, 'the group has become a supergroup and has another chat id: ask for it with `chats`');
  if (/chat not found|chat_id is empty|peer_id_invalid/i.test(says))
    return new NotSent(404, 'Telegram does not know the chat: has somebody in it written to the bot?');
  if (code === 409) return new NotSent(409, `another program reads this bot's messages: ${says}`);
  if (code >= 500) return new NotSent(502, `Telegram fails: ${code}`, { again: true });
  return new NotSent(400, `Telegram does not take the message: ${says}`);
}

/** Sends one message, again where that cannot double it, all before `endMs` of the monotonic clock. */
async function deliver(settings, { chatId, message }, endMs, gone) {
  for (let tried = 1, pauseMs = FIRST_PAUSE_MS; ; tried += 1, pauseMs *= 2) {
    // Whoever asked has given up, and will ask again.
    if (gone()) throw new NotSent(499, 'the engine has hung up');
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) throw new NotSent(503, 'no time left before the engine stops waiting');
    try {
      await call(settings, 'sendMessage', { chat_id: chatId, text: message }, leftMs);
      return;
    } catch (thrown) {
      if (!(thrown instanceof NotSent) || !thrown.again || tried === TRIES) throw thrown;
      const waitMs = thrown.retryAfterMs ?? pauseMs;
      if (performance.now() + waitMs >= endMs) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

async function bodyOf(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_MAX) throw new NotSent(413, `more than ${BODY_MAX} bytes`);
    chunks.push(chunk);
  }
  let value;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new NotSent(400, 'the body is no JSON');
  }
  if (value === null || typeof value !== 'object') throw new NotSent(400, 'the body is no JSON object');
  const { chatId, message } = value;
  if (!/^(-?\d{1,20}|@\w{4,32})$/.test(String(chatId))) throw new NotSent(404, 'chatId: expected a number or @name');
  if (typeof message !== 'string' || message.trim() === '') throw new NotSent(400, 'message: expected a text');
  if (message.length > MESSAGE_MAX) throw new NotSent(400, `message: more than ${MESSAGE_MAX} characters`);
  return { chatId: String(chatId), message };
}

function log(text) {
  console.log(`${new Date().toISOString()} ${text}`);
}

function serve(settings) {
  const digest = (text) => createHash('sha256').update(text).digest();
  const key = digest(settings.key);
  let waiting = 0;
  /** Messages go out one after another, in the order in which they came. */
  let last = Promise.resolve();

  async function take(request, gone) {
    if (request.url !== '/send-message') throw new NotSent(404, 'POST /send-message');
    if (request.method !== 'POST') throw new NotSent(405, 'POST /send-message');
    if (!timingSafeEqual(digest(String(request.headers['x-api-key'] ?? '')), key))
      throw new NotSent(401, 'X-API-Key is not the API_KEY of this gateway');
    const endMs = performance.now() + WHOLE_MS;
    const what = await bodyOf(request);
    if (waiting >= WAITING_MAX) throw new NotSent(429, `${WAITING_MAX} messages wait already`, { retryAfterMs: 3_000 });
    waiting += 1;
    const sent = last.then(() => deliver(settings, what, endMs, gone)).finally(() => (waiting -= 1));
    last = sent.catch(() => {});
    await sent;
  }

  const server = http.createServer(
    { requestTimeout: WHOLE_MS, headersTimeout: 5_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      const answer = (status, body, headers = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(`${JSON.stringify(body)}\n`);
      };
      if (request.method === 'GET' && request.url === '/healthz') return answer(200, { ok: true, waiting });
      const begun = performance.now();
      take(request, () => response.destroyed).then(
        () => {
          log(`sent after ${Math.round(performance.now() - begun)} ms`);
          answer(200, { ok: true });
        },
        (thrown) => {
          const known = thrown instanceof NotSent;
          const { status, message, retryAfterMs } = known
            ? thrown
            : { status: 500, message: 'a defect of the gateway' };
          log(`not sent (${status}): ${known ? message : `${message}: ${thrown?.name}`}`);
          const headers = retryAfterMs ? { 'retry-after': Math.ceil(retryAfterMs / 1_000) } : {};
          // The rest of a body that is not wanted is not waited for.
          answer(status, { ok: false, error_code: status, error: message }, { ...headers, connection: 'close' });
        },
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.on('error', ({ code }) => {
    console.error(`${settings.host}:${settings.port} cannot be listened on: ${code} (TELEGRAM_GATEWAY_PORT)`);
    process.exitCode = EXIT_CONFIGURATION;
  });
  server.listen(settings.port, settings.host, () => {
    const { address, port } = server.address();
    log(`listens at http://${address}:${port}/send-message and forwards to ${settings.api.host}`);
    if (!/^(127\.|::1$)/.test(address))
      log('Warning: it can be reached from other machines, and the key travels unencrypted');
  });
  const stop = () => {
    // What is under way is answered; that takes `WHOLE_MS` at most.
    server.close();
    server.closeIdleConnections();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
}

/** Which chat ids there are to choose from: those in which somebody has written to the bot within the last day. */
async function listChats(settings) {
  const updates = await call(settings, 'getUpdates', { timeout: 0, limit: 100 }, WHOLE_MS);
  const chats = new Map();
  for (const update of updates) {
    const { chat } = update.message ?? update.channel_post ?? update.my_chat_member ?? {};
    if (chat !== undefined) chats.set(chat.id, chat.title ?? chat.username ?? chat.first_name ?? chat.type);
  }
  // Others chose these names: nothing in them may command a terminal.
  for (const [id, name] of chats) console.log(`${id}\t${String(name).replaceAll(/[\p{C}]/gu, ' ')}`);
  if (chats.size === 0) console.error('Nobody has written to the bot yet: write something to it, then ask again.');
}

try {
  const what = process.argv.slice(2);
  if (what.length > 1 || (what.length === 1 && what[0] !== 'chats'))
    throw new SettingError('usage: telegram-gateway.mjs [chats]; all else by the environment (ops/README.md)');
  const settings = readSettings(what.length === 0);
  if (what.length === 0) serve(settings);
  else await listChats(settings);
} catch (thrown) {
  if (!(thrown instanceof SettingError || thrown instanceof NotSent)) throw thrown;
  console.error(thrown.message);
  process.exitCode = thrown instanceof SettingError ? EXIT_CONFIGURATION : 1;
}
