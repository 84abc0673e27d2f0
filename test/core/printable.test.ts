import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable, printableJson } from '../../src/core/printable.ts';
import '../support/fixed-seed.ts';

const CASES: readonly [string, string, string][] = [
  ['a colour', '\u001b[31mred', '\\u001b[31mred'],
  ['a title of the terminal', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
  ['a line written over', 'sold 5\rsold 1', 'sold 5\\u000dsold 1'],
  ['a C1 sequence', '\u009b2J', '\\u009b2J'],
  ['a deletion', 'a\u007fb\u0008', 'a\\u007fb\\u0008'],
  ['an override', 'BNB\u202eTDSU', 'BNB\\u202eTDSU'],
  ['an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
  ['marks', '\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
  ['separators of lines', '\u2028\u2029', '\\u2028\\u2029'],
  ['line breaks and tabs stay', 'a\n\tb', 'a\n\tb'],
  ['words of any language stay', 'größer 大于 → “x”', 'größer 大于 → “x”'],
];
for (const [name, text, shown] of CASES) {
  test(`printable: ${name}`, () => {
    assert.equal(printable(text), shown);
    assert.deepEqual(JSON.parse(printableJson(JSON.stringify({ [text]: [text] }))), { [shown]: [shown] });
    assert.deepEqual(JSON.parse(printable(JSON.stringify({ [text]: [text] }, null, 2))), { [text]: [text] });
  });
}

const anyText = fc.string({ unit: 'binary' });
test('what is printable holds none of them, whatever it was', () => {
  const bad = /[\p{Cc}\p{Bidi_Control}]/u;
  fc.assert(
    fc.property(anyText, (text) => {
      assert.doesNotMatch(printable(text).replaceAll(/[\n\t]/g, ''), bad);
      const value: unknown = JSON.parse(printableJson(JSON.stringify(text)));
      assert.equal(value, printable(text));
    }),
  );
});
