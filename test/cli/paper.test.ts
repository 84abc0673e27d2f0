import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runPaper } from '../../src/cli/paper.ts';
import { defaultInstruments } from '../../src/paper/index.ts';
import { signedOrder } from '../paper/client.ts';

it('the paper command enforces rate limits only if asked to', async (context) => {
  for (const rateLimits of [false, true]) {
    const lines: string[] = [];
    const log = context.mock.method(console, 'log', (line: string) => lines.push(line));
    const quiet = context.mock.method(console, 'error', () => {});
    const ended = runPaper({ port: 0, seed: 1, rateLimits, selfTrade: 'reject-taker' });
    while (!lines.some((line) => line.startsWith('GRVT_TRADING_ACCOUNT_ID_2='))) await new Promise(setImmediate);
    const url = lines.find((line) => line.startsWith('GRVT_TRADES_URL='))?.split('=')[1];
    const body = JSON.stringify({ instrument: 'BTC_USDT_Perp', depth: 10 });
    const ask = () =>
      fetch(`${url}/full/v1/book`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answers = await Promise.all(Array.from({ length: 60 }, ask));
    process.emit('SIGTERM');
    assert.equal(await ended, 0);
    assert.equal(
      answers.some(({ status }) => status === 429),
      rateLimits,
    );
    log.mock.restore();
    quiet.mock.restore();
  }
});

it('the paper command takes orders signed for the chain it prints, and for that of the environment it prints', async (context) => {
  const lines: string[] = [];
  context.mock.method(console, 'log', (line: string) => lines.push(line));
  context.mock.method(console, 'error', () => {});
  const ended = runPaper({ port: 0, seed: 1 });
  while (!lines.some((line) => line.startsWith('GRVT_TRADING_ACCOUNT_ID_2='))) await new Promise(setImmediate);
  const said = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
  assert.deepEqual([said.GRVT_ENV, said.GRVT_CHAIN_ID], ['dev', '326']);
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${said.GRVT_TRADES_URL}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const login = await post('auth/api_key/login', { api_key: said.GRVT_TRADING_API_KEY_1 });
  const session = {
    cookie: login.headers.get('set-cookie')!.split(';')[0]!,
    'x-grvt-account-id': login.headers.get('x-grvt-account-id')!,
  };
  const [privateKey, subAccountId] = [said.GRVT_TRADING_PRIVATE_KEY_1!, said.GRVT_TRADING_ACCOUNT_ID_1!];
  const account = { privateKey, subAccountId, name: 'A', apiKey: '', signer: '', owner: '' };
  const answers: unknown[] = [];
  for (const chainId of [326, 327, 325]) {
    const order = await signedOrder(account, defaultInstruments(), {
      size: '0.01',
      price: '80000.0',
      buy: true,
      postOnly: true,
      expirationMs: Date.now() + 60_000,
      chainId,
    });
    answers.push([
      chainId,
      ((await (await post('full/v1/create_order', { order }, session)).json()) as { code?: number }).code,
    ]);
  }
  process.emit('SIGTERM');
  assert.equal(await ended, 0);
  assert.deepEqual(answers, [
    [326, undefined],
    [327, undefined],
    [325, 2002],
  ]);
});
