import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { forgetWhatNodeRead, main } from '../../src/cli/main.ts';
import { readSettingsFile } from '../../src/settings/index.ts';
import { quietMarket, temporaryDirectory } from '../backtest/markets.ts';
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

/** What the command line prints as errors, and its exit code. */
async function refused(t: TestContext, args: readonly string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const silenced = [t.mock.method(console, 'error', (line: string) => said.push(line))];
  silenced.push(t.mock.method(process.stderr, 'write', (text: string) => said.push(text.trim()) > 0) as never);
  const code = await main(args);
  for (const one of silenced) one.mock.restore();
  return { code, said: said.join('\n') };
}

test('a value that a command itself refuses is named, as one that the command line refuses', async (t) => {
  for (const verb of ['set', 'add']) {
    assert.deepEqual(await refused(t, [verb, 'BNB_USDT_Perp', 'order_notional_usdt']), {
      code: 78,
      said: 'error: "order_notional_usdt": expected key=value',
    });
    assert.deepEqual(await refused(t, [verb, 'BNB_USDT_Perp', 'mode=pause', 'mode=trade']), {
      code: 78,
      said: 'error: mode: expected each key once',
    });
  }
});

test('a user without a name, as in a container, may command the engine', async (t) => {
  const folder = temporaryDirectory(t);
  const file = join(folder, 'pair.env');
  writeFileSync(file, `GRVT_HEDGE_DATA_DIR=${folder}\n`);
  t.mock.method(os, 'userInfo', () => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const { code, said } = await refused(t, ['stop', '--env-file', file]);
  assert.deepEqual([code, said], [69, `no engine runs on ${folder}`]);
});

test('a port that is none, and a day that is none, are refused by name', async (t) => {
  for (const args of [
    ['paper', '--port', '65536'],
    ['fleet', '--port', '65536'],
  ]) {
    const { code, said } = await refused(t, args);
    assert.equal(code, 78);
    assert.match(said, /'--port <port>' argument '65536' is invalid\. expected a port from 0 to 65535/);
  }
  for (const day of ['2026-02-30', '2026-11-31', '2026-11-01T24:00']) {
    const { code, said } = await refused(t, ['market', 'fetch', 'BTC_USDT_Perp', '--from', day]);
    assert.equal(code, 78);
    assert.match(said, /expected 2026-11-01 or 2026-11-01T08:00, UTC/);
  }
});

test('of a file of instruments that is another one nothing is shown', async (t) => {
  const file = join(temporaryDirectory(t), 'pair.env');
  writeFileSync(file, '[\n  key_of_the_account\n');
  assert.deepEqual(await refused(t, ['paper', '--port', '0', '--instruments', file]), {
    code: 78,
    said: `${file} line 2 column 3: not JSON: expected a list of instruments`,
  });
});

const posix = process.platform === 'win32' ? { skip: 'Windows has neither' } : {};

test('settings from a pipe are refused: read a second time it is empty, and that means paper', posix, async (t) => {
  const folder = temporaryDirectory(t);
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(await refused(t, ['check', '--env-file', pipe]), {
    code: 78,
    said: [
      'The settings are not usable (1 error):',
      `- ${pipe}: is a pipe, which can be read only once: expected a file`,
    ].join('\n'),
  });
  const file = join(folder, 'pair.env');
  writeFileSync(file, `GRVT_ENV=testnet\nGRVT_HEDGE_SYMBOLS_FILE=${pipe}\nGRVT_TRADING_API_KEY_1_FILE=${pipe}\n`);
  const { code, said } = await refused(t, ['check', '--env-file', file]);
  assert.equal(code, 78);
  assert.match(said, /GRVT_TRADING_API_KEY_1_FILE: ".*pipe" is a pipe, which can be read only once/);
  assert.match(said, /Invalid symbols config JSON: .*pipe: is a pipe, which can be read only once/);
});

test('settings without an end are refused, and /dev/null has none', posix, async (t) => {
  const { code, said } = await refused(t, ['check', '--env-file', '/dev/zero']);
  assert.deepEqual(
    [code, said],
    [78, 'The settings are not usable (1 error):\n- /dev/zero: is too large: expected at most 8000000 bytes'],
  );
  assert.equal(readSettingsFile('/dev/null').length, 0);
  const file = join(temporaryDirectory(t), 'some');
  writeFileSync(file, 'x'.repeat(200_000));
  assert.equal(readSettingsFile(file).length, 200_000);
});

test('16.2 an engine can be looked at and steered while its symbols file is unusable; what needs the rows is refused', async (t) => {
  const folder = temporaryDirectory(t);
  const [file, symbols] = [join(folder, 'pair.env'), join(folder, 'symbols.json')];
  writeFileSync(file, `GRVT_HEDGE_DATA_DIR=${folder}\nGRVT_HEDGE_SYMBOLS_FILE=${symbols}\n`);
  const missing = /^Symbols config file not found: GRVT_HEDGE_SYMBOLS_FILE: /;
  const broken = /^Invalid symbols config JSON: .*symbols\.json: line 1 column 2: expected a value/;
  for (const [wrong, expected] of [
    [null, missing],
    ['[x', broken],
  ] as const) {
    if (wrong !== null) writeFileSync(symbols, wrong);
    for (const command of [
      ['stop'],
      ['cancel', 'all', '--with-net'],
      ['pause', 'all'],
      ['resume', 'all'],
      ['reload'],
    ]) {
      const { code, said } = await refused(t, [...command, '--env-file', file]);
      const [first, ...rest] = said.split('\n');
      assert.deepEqual([code, rest], [69, [`no engine runs on ${folder}`]], command.join(' '));
      assert.match(first ?? '', expected);
    }
    const { code, said } = await refused(t, ['status', '--env-file', file]);
    assert.equal(code, 78);
    assert.match(said, /\nNo paper run has left a journal in /);
    for (const command of ['check', 'run', 'backtest'])
      assert.match(
        (await refused(t, [command, '--env-file', file])).said,
        /^The settings are not usable \(1 error\):\n/,
      );
  }
});
