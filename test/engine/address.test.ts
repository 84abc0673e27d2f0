import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readEngineAddress, removeEngineAddress, writeEngineAddress } from '../../src/engine/address.ts';

const directory = mkdtempSync(join(tmpdir(), 'engine-address-'));
after(() => rmSync(directory, { recursive: true }));
const file = join(directory, 'dashboard.json');

test('the port of a living engine is found, and is nobody else’s to read', () => {
  assert.equal(readEngineAddress(directory), null);
  writeEngineAddress(directory, 8_999, process.pid);
  assert.equal(readEngineAddress(directory), 8_999);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  writeEngineAddress(directory, 9_001, process.pid);
  assert.equal(readEngineAddress(directory), 9_001);
  removeEngineAddress(directory);
  assert.equal(readEngineAddress(directory), null);
});

const STALE: readonly [string, string][] = [
  ['an engine that has ended', '{"port":8787,"pid":4194304000}'],
  ['no port', '{"pid":1}'],
  ['a port that cannot be', `{"port":70000,"pid":${process.pid}}`],
  ['a group of processes', '{"port":8787,"pid":-1}'],
  ['half a file', '{"port":87'],
  ['nothing', ''],
  ['null', 'null'],
];
for (const [name, text] of STALE) {
  test(`left behind: ${name} leads nowhere`, () => {
    writeFileSync(file, text);
    assert.equal(readEngineAddress(directory), null);
  });
}
