import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MISTAKES } from '../../mistakes/list.ts';
import { tryMistake } from '../../mistakes/run.ts';

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
});
