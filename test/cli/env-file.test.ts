import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetWhatNodeRead, main } from '../../src/cli/main.ts';
import { quietMarket } from '../backtest/markets.ts';
import { assertChinese } from '../support/chinese.ts';

test('what Node itself read of the settings file does not stay in the environment; what was set there does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-env-'));
  try {
    const file = join(folder, 'pair.env');
    writeFileSync(file, "GRVT_TRADING_API_KEY_1='a key # one'\nGRVT_ENV=testnet\n");
    const env = { GRVT_TRADING_API_KEY_1: 'a key # one', GRVT_ENV: 'prod', PATH: '/bin' };
    forgetWhatNodeRead(file, env);
    assert.deepEqual(env, { GRVT_ENV: 'prod', PATH: '/bin' });
    forgetWhatNodeRead(join(folder, 'none'), env);
    assert.deepEqual(env, { GRVT_ENV: 'prod', PATH: '/bin' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const command of [
  ['run'],
  ['check'],
  ['status'],
  ['lots'],
  ['journal', 'verify'],
  ['alerts'],
  ['alerts', 'test'],
  ['alerts', 'ack', 'KEY'],
  ['pause', 'BNB', '--for', '1h'],
  ['stop'],
  ['backtest'],
]) {
  test(`--env-file may stand behind or before: ${command.join(' ')}`, async (t) => {
    for (const args of [
      [...command, '--env-file', '/none/pair.env'],
      ['--env-file=/none/pair.env', ...command],
    ]) {
      const said: string[] = [];
      t.mock.method(console, 'error', (line: string) => said.push(line));
      assert.equal(await main(args), 78);
      t.mock.restoreAll();
      assert.equal(said.at(-1), '- /none/pair.env: cannot be read (ENOENT)');
    }
  });
}

test('errors of settings are in the language that the settings name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-env-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pair.env');
  writeFileSync(file, 'GRVT_HEDGE_LANG=zh\nGRVT_HEDGE_STREAMS=maybe\nGRVT_HEDGE_SYMBOLS_FILE=none.json\n');
  const said: string[] = [];
  t.mock.method(console, 'error', (line: string) => said.push(line));
  assert.equal(await main(['check', '--env-file', file]), 78);
  t.mock.restoreAll();
  assert.deepEqual(said.slice(0, 2), [
    '设置不可用（2 处错误）：',
    '- GRVT_HEDGE_STREAMS："maybe" 不合法：应为开关：1（开）或 0（关）',
  ]);
  for (const line of said) assertChinese(line);
});

test('a backtest plays the variables and the rows of the settings that a run would read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'grvt-hedge-env-'));
  t.after(() => rmSync(folder, { recursive: true }));
  quietMarket(join(folder, 'market'), { minutes: 2 });
  const row = { instrument: 'BNB_USDT_Perp', order_notional_usdt: 321, imbalance_limit_usdt: 400 };
  const rest = { max_total_position_usdt: 4_000, min_total_position_usdt: 0, a_side_when_equal: 'buy' };
  const rows = [{ ...row, ...rest, position_mode: 'increase', enabled: true }];
  writeFileSync(join(folder, 'symbols.json'), JSON.stringify(rows));
  const settings = [
    'GRVT_ENV=testnet',
    'GRVT_HEDGE_LOOP_INTERVAL_SEC=7',
    `GRVT_HEDGE_SYMBOLS_FILE=${join(folder, 'symbols.json')}`,
    `GRVT_HEDGE_DATA_DIR=${join(folder, 'data')}`,
  ];
  writeFileSync(join(folder, 'pair.env'), settings.join('\n'));
  const page = join(folder, 'page.html');
  const args = ['--market', join(folder, 'market'), '--fill', 'conservative', '--html', page];
  assert.equal(await main(['backtest', '--env-file', join(folder, 'pair.env'), ...args]), 0);
  const html = readFileSync(page, 'utf8');
  assert.match(html, /"order_notional_usdt":321/);
  assert.match(html, /"GRVT_HEDGE_LOOP_INTERVAL_SEC":"7"/);
});
