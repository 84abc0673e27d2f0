import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetWhatNodeRead, main } from '../../src/cli/main.ts';

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
