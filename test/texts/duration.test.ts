import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lasting } from '../../src/texts/duration.ts';

const DAY = 86_400_000;

describe('a duration in its two largest units', () => {
  for (const [ms, en, zh] of [
    [-5, '0 s', '0 秒'],
    [34_400, '34 s', '34 秒'],
    [119_000, '119 s', '119 秒'],
    [120_000, '2 min', '2 分钟'],
    [179_000, '2 min', '2 分钟'],
    [5_400_000, '90 min', '90 分钟'],
    [7_200_000, '2 h', '2 小时'],
    [21_900_000, '6 h 5 min', '6 小时 5 分钟'],
    [3 * DAY, '3 d', '3 天'],
    [3 * DAY + 7_200_000, '3 d 2 h', '3 天 2 小时'],
  ] as const) {
    it(`${ms} ms is ${en}`, () => {
      assert.equal(lasting(ms), en);
      assert.equal(lasting(ms, 'zh'), zh);
    });
  }
});
