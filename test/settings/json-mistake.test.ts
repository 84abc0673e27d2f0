import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonMistake } from '../../src/settings/json-mistake.ts';

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('2.2 where a text stops being JSON', () => {
  for (const [text, line, column, expected, isAtEnd = false] of [
    ['', 1, 1, 'value', true],
    ['instrument: BNB', 1, 1, 'value'],
    ['[\n  {"a": 1,}\n]', 2, 11, 'key'],
    ['[\r\n  {"a": 1}\r\n  {"b": 2}\r\n]', 3, 3, ']'],
    ['[{"a" 1}]', 1, 7, 'colon'],
    ['[{a: 1}]', 1, 3, 'key'],
    ["[{'a': 1}]", 1, 3, 'key'],
    ['[1, 2,\n]', 2, 1, 'value'],
    ['[\n// x\n1]', 2, 1, 'value'],
    ['[{"a": 1', 1, 9, '}', true],
    ['["abc', 1, 2, 'value'],
    ['["a\nb"]', 1, 2, 'value'],
    ['["\\x"]', 1, 2, 'value'],
    ['[01]', 1, 2, 'value'],
    ['[1.]', 1, 2, 'value'],
    ['[True]', 1, 2, 'value'],
    ['[] []', 1, 4, 'end'],
    ['[}', 1, 2, 'value'],
    ['[1}', 1, 3, ']'],
  ] as const) {
    it(JSON.stringify(text), () => assert.deepEqual(jsonMistake(text), { line, column, expected, isAtEnd }));
  }
  it('agrees with JSON.parse about every JSON text, cut or changed anywhere', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '}', ']', '0', ' ', '\n', 'x'),
        (value, where, sign) => {
          const whole = JSON.stringify(value, null, 1);
          assert.equal(jsonMistake(whole), null);
          const at = where % (whole.length + 1);
          for (const text of [whole.slice(0, at), whole.slice(0, at) + sign + whole.slice(at)]) {
            assert.equal(jsonMistake(text) === null, isJson(text), text);
          }
        },
      ),
      { seed: 20_262, numRuns: 300, verbose: true },
    );
  });
});
