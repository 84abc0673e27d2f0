import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { exposureWarnings, nodeOptionWarnings } from '../../src/settings/exposed.ts';
import { reasonText } from '../../src/texts/reasons.ts';

it('files that others can read or write, and root, are warned of', {
  skip: process.platform === 'win32',
}, (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'grvt-hedge-exposed-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = (mode: number): string => {
    const path = join(directory, mode.toString(8));
    writeFileSync(path, '');
    chmodSync(path, mode);
    return path;
  };
  const missing = join(directory, 'missing');
  const paths = [0o600, 0o400, 0o640, 0o604, 0o620, 0o666].map(file);
  assert.deepEqual(
    exposureWarnings([...paths, missing], 1000).map((why) => reasonText(why).slice(directory.length + 1)),
    [
      '640: other users of this machine can read it (mode 640): chmod 600',
      '604: other users of this machine can read it (mode 604): chmod 600',
      '620: other users of this machine can write it (mode 620): chmod 600',
      '666: other users of this machine can write it (mode 666): chmod 600',
    ],
  );
  assert.match(
    exposureWarnings([], 0)
      .map((why) => reasonText(why))
      .join(),
    /runs as root/,
  );
  assert.deepEqual(exposureWarnings(paths, undefined), []);
});

for (const [options, found] of [
  ['--inspect=0.0.0.0:9229', '--inspect'],
  ['--max-old-space-size=200 --inspect-brk', '--inspect-brk'],
  ['--require ./x.js -r y', '--require, -r'],
  ['--import=./x.mjs', '--import'],
  ['--experimental-loader ./x.mjs', '--experimental-loader'],
  ['--max-old-space-size=200', null],
  ['', null],
  [undefined, null],
] as const) {
  it(`NODE_OPTIONS ${JSON.stringify(options)} ${found === null ? 'is no matter' : `is warned of: ${found}`}`, () => {
    const warnings = nodeOptionWarnings(options);
    if (found === null) assert.deepEqual(warnings, []);
    else assert.match(warnings.map((why) => reasonText(why)).join(), new RegExp(`^NODE_OPTIONS holds ${found}: `));
  });
}
