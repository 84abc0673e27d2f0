import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MISTAKES } from '../../mistakes/list.ts';
import { commandFor, tryMistake, unknownNames } from '../../mistakes/run.ts';

describe('planted mistakes', () => {
  it('there are at least twenty, each with a name of its own', () => {
    assert.ok(MISTAKES.length >= 20);
    assert.equal(new Set(MISTAKES.map((mistake) => mistake.name)).size, MISTAKES.length);
  });

  for (const { name, file, right, wrong } of MISTAKES) {
    it(`${name} has its line, once, in ${file}`, () => {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
      assert.equal(source.split(right).length, 2, right);
      assert.notEqual(right, wrong);
    });
  }

  it('one that breaks the first rule is caught by the first invariant', async () => {
    const mistake = MISTAKES.find((one) => one.name === 'taker-order')!;
    const caught = await tryMistake(mistake, 1);
    assert.match(caught?.by ?? 'nothing', /^(I1|truth) /);
  });

  it('a name that is none is reported with the nearest that is', () => {
    assert.equal(unknownNames(['no-guard', 'taker-order']), null);
    assert.equal(unknownNames(['no-guard', 'no-gaurd']), 'no-gaurd: no such mistake; the nearest is no-guard');
  });

  it('the command ends with 78 on such a name, and prints how it is used when asked', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--disable-sigusr1', 'mistakes/run.ts', ...args], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        encoding: 'utf8',
      });
    const wrong = run('no-guard', 'nope-typo');
    assert.equal(wrong.status, 78);
    assert.match(wrong.stderr, /nope-typo: no such mistake; the nearest is /);
    assert.equal(wrong.stdout, '');
    const help = run('--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /^Usage: npm run mistakes/);
  });

  it('a caught one comes with the command that shows it', () => {
    const mistake = MISTAKES.find((one) => one.name === 'own-orders-cross')!;
    const command = commandFor(mistake, { seed: 3, by: 'I10 (6.6)', at: '', atMs: 1, what: '' });
    assert.match(command, /^PLANTED_MISTAKE=own-orders-cross node --import .* --seed 3 .*--profile choppy --verbose$/);
  });

  for (const [name, by] of [
    ['never-opens', 'truth (6.1)'],
    ['never-hedges', 'truth (6.3)'],
  ] as const) {
    it(`${name} is caught, though nothing it sends is wrong`, async () => {
      const caught = await tryMistake(MISTAKES.find((one) => one.name === name)!, 1);
      assert.equal(caught?.by, by);
    });
  }
});
