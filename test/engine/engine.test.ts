import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailureKind } from '../../src/core/failure.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { startErrorOf } from '../../src/engine/start.ts';
import { ExchangeError } from '../../src/grvt/errors.ts';
import { reasonText } from '../../src/texts/reasons.ts';
import { failed } from '../support/core.ts';

describe('a start that fails (strategy 13.2)', () => {
  const cases: [FailureKind, 'A' | 'B' | null, string | Reason, number, RegExp][] = [
    ['unavailable', 'A', 'HTTP 502', 69, /^login of account A: HTTP 502$/],
    ['unknown', null, 'HTTP 502', 69, /^login: HTTP 502$/],
    ['malformed', 'B', 'total_equity: missing', 69, /^login of account B: total_equity: missing$/],
    ['unauthenticated', 'A', '1000', 78, /1000; check GRVT_TRADING_API_KEY_1 and GRVT_TRADING_ACCOUNT_ID_1: /],
    ['parked', 'B', '1001', 78, /1001; check GRVT_TRADING_API_KEY_2 and GRVT_TRADING_ACCOUNT_ID_2: /],
    [
      'unauthenticated',
      'A',
      reason('login-refused', '9.8', { answer: failed('no'), key: 'GRVT_TRADING_API_KEY_1' }),
      78,
      /^login of account A: no: check GRVT_TRADING_API_KEY_1, .* GRVT_EDGE_URL$/,
    ],
    ['refused', null, '3031', 78, /^login: 3031$/],
  ];
  for (const [kind, account, why, exitCode, words] of cases) {
    it(`13.2 ${kind}${account === null ? '' : ` of ${account}`} (${reasonText(why)}) ends with ${exitCode}, and says which settings to look at`, () => {
      const error = startErrorOf(
        new ExchangeError(kind, { call: 'login', account }, null, typeof why === 'string' ? failed(why) : why),
      );
      assert.equal(error.exitCode, exitCode);
      assert.match(error.message, words);
    });
  }
});
