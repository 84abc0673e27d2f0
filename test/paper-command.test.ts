import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runPaper } from '../src/paper-command.ts';

it('the paper command turns away calls that are one too many only where it is asked to', async (context) => {
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
