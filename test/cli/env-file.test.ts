import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetWhatNodeRead } from '../../src/cli/main.ts';

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
