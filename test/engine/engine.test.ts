import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailureKind } from '../../src/core/failure.ts';
import { startErrorOf } from '../../src/engine/engine.ts';
import { ExchangeError } from '../../src/grvt/errors.ts';

describe('a start that fails (strategy 13.2)', () => {
  const cases: [FailureKind, 'A' | 'B' | null, string, number, RegExp][] = [
    ['unavailable', 'A', 'HTTP 502', 69, /^login of account A: HTTP 502$/],
    ['unknown', null, 'HTTP 502', 69, /^login: HTTP 502$/],
    ['malformed', 'B', 'total_equity: missing', 69, /^login of account B: total_equity: missing$/],
    ['unauthenticated', 'A', '1000', 78, /1000; check GRVT_TRADING_API_KEY_1 and GRVT_TRADING_ACCOUNT_ID_1: /],
    ['parked', 'B', '1001', 78, /1001; check GRVT_TRADING_API_KEY_2 and GRVT_TRADING_ACCOUNT_ID_2: /],
    ['unauthenticated', 'A', 'check GRVT_TRADING_API_KEY_1 and the edge URL', 78, /and the edge URL$/],
    ['refused', null, '3031', 78, /^login: 3031$/],
  ];
  for (const [kind, account, why, exitCode, words] of cases) {
    it(`13.2 ${kind}${account === null ? '' : ` of ${account}`} (${why}) ends with ${exitCode}, and says which settings to look at`, () => {
      const error = startErrorOf(new ExchangeError(kind, { call: 'login', account }, null, why));
      assert.equal(error.exitCode, exitCode);
      assert.match(error.message, words);
    });
  }
});
