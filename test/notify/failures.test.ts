import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallEffect, classify, ERROR_TABLE, type Trouble } from '../../src/grvt/errors.ts';
import { parsePositions, UnusableAnswer } from '../../src/grvt/parse.ts';
import { failureInChinese } from '../../src/notify/failures.ts';
import { alertLine } from '../../src/notify/texts.ts';

const reasonOf = (trouble: Trouble, effect: CallEffect = 'read') =>
  classify({ call: 'createOrder', account: 'A', effect }, trouble).message;

/** Words of English sentences; names, codes and what the exchange said in quotes may stay. */
const ENGLISH =
  /\b(?:the|is|are|not|no|of|with|without|missing|within|already|found|expected|answer|body|meaning|check|lacks|below|must|than)\b/;
const ours = (text: string) => text.replace(/"[^"]*"/g, '');

describe('12 why a call failed or an order was refused, in Chinese', () => {
  for (const row of ERROR_TABLE) {
    it(`${row.code} ${row.meaning}`, () => {
      const trouble = {
        kind: 'error-body',
        status: row.http,
        code: row.code,
        message: 'Said by the exchange',
      } as const;
      for (const effect of ['read', 'create'] as const) {
        const text = failureInChinese(reasonOf(trouble, effect));
        assert.match(text, /[\u4e00-\u9fff]/);
        assert.doesNotMatch(ours(text), ENGLISH, text);
        assert.ok(text.includes(`${row.code} "Said by the exchange" (HTTP ${row.http})`), text);
      }
    });
  }

  const unusable = (answer: unknown): string => {
    try {
      parsePositions(answer, '1', { isTraded: () => true, onSkip: () => {} });
    } catch (thrown) {
      assert.ok(thrown instanceof UnusableAnswer);
      return thrown.message;
    }
    return assert.fail('taken as usable');
  };
  const row = { event_time: '1', sub_account_id: '1', instrument: 'X', size: '1', entry_price: '1', mark_price: '1' };
  const malformed = (answer: unknown): string => reasonOf({ kind: 'malformed', reason: unusable(answer) });
  const site = 'login of account B: ';
  const cases: Readonly<Record<string, readonly [reason: string, chinese: RegExp]>> = {
    'an HTML page': [
      reasonOf({ kind: 'unreadable', status: 502, reason: 'the body is HTML (1200 characters)' }),
      /^HTTP 502 ?，内容无法读取：内容是 HTML/,
    ],
    'an empty body': [reasonOf({ kind: 'unreadable', status: 200, reason: 'the body is empty' }), /内容为空$/],
    'no JSON': [
      reasonOf({ kind: 'unreadable', status: 200, reason: 'the body is no JSON (7 characters)' }),
      /不是 JSON/,
    ],
    'a status': [reasonOf({ kind: 'status', status: 503 }), /^HTTP 503$/],
    'a time-out': [reasonOf({ kind: 'no-answer', sent: true, reason: 'no answer within 5 s' }), /^5 秒内没有答复$/],
    'a connection cut off': [
      reasonOf({ kind: 'no-answer', sent: true, reason: 'ECONNRESET: socket hang up' }),
      /中断$/,
    ],
    'a missing field': [malformed({ result: [{ ...row, size: undefined }] }), /^result\[0\]\.size：缺失$/],
    'a field of another kind': [malformed({ result: [{ ...row, size: true }] }), /^result\[0\]\.size: 格式错误：true$/],
    'an answer that is null': [malformed(null), /^答复：应为 object，实为 null：null$/],
    'a mark of zero': [malformed({ result: [{ ...row, mark_price: '0' }] }), /mark_price：为零$/],
    'a price of zero': [
      reasonOf({ kind: 'malformed', reason: 'result[0].legs[0].limit_price: is missing or zero' }),
      /limit_price：缺失或为零$/,
    ],
    'filled in part': [
      reasonOf({ kind: 'malformed', reason: 'r.traded_size[0]: is 3, not the size 10 though the order is FILLED' }),
      /traded_size\[0\]：为 3，但订单状态为 FILLED，数量为 10$/,
    ],
    'another account': [malformed({ result: [{ ...row, sub_account_id: '2' }] }), /：为 2，不是本账户的 1$/],
    'a login that is none': [
      `${site}HTTP 200 without a session cookie: no answer to a login; if it stays so, check GRVT_EDGE_URL and what stands between here and it`,
      /^HTTP 200 没有会话 cookie: 不是登录的答复；若持续，请检查 GRVT_EDGE_URL 以及中间的代理或网关$/,
    ],
    'a challenge instead of a login': [
      `${site}HTTP 403, the body is HTML (9 characters): no answer to a login; if it stays so, check GRVT_EDGE_URL and what stands between here and it`,
      /^HTTP 403, 内容是 HTML（9 字符）: 不是登录的答复/,
    ],
    'a key that is not accepted': [
      `${site}HTTP 200 without a session cookie: the API key was not accepted`,
      /API key 未被接受$/,
    ],
    'a status of login': [
      `${site}HTTP 403: check GRVT_TRADING_API_KEY_2, the key's IP list, whether the exchange serves this region, and GRVT_EDGE_URL`,
      /^HTTP 403：请检查 GRVT_TRADING_API_KEY_2、该 key 的 IP 白名单、所在地区是否受支持以及 GRVT_EDGE_URL$/,
    ],
    'a code of login that is refused': [
      `${site}${reasonOf({ kind: 'error-body', status: 403, code: 1001, message: 'no' }).replace(/^.*?: /, '')}: check GRVT_TRADING_API_KEY_2, the key's IP list, whether the exchange serves this region, and GRVT_EDGE_URL`,
      /^无此操作权限：1001 "no" \(HTTP 403\)：请检查 GRVT_TRADING_API_KEY_2、/,
    ],
    'a login without an answer': [`${site}no answer within 5 s`, /^5 秒内没有答复$/],
    'a call without a session': [
      'positions of account A: no session: login of account A: HTTP 503',
      /^没有会话：HTTP 503$/,
    ],
    'a call without a session, by code': [
      `positions of account A: no session: ${reasonOf({ kind: 'error-body', status: 401, code: 1008, message: 'ip' }).replace('createOrder', 'login')}`,
      /^没有会话：IP 不在此 API key 的白名单中：1008 "ip" \(HTTP 401\)$/,
    ],
    'a negative amount': [malformed({ result: [{ ...row, entry_price: '-1' }] }), /entry_price：为负："-1"$/],
    'a time that is none': [malformed({ result: [{ ...row, event_time: 'x' }] }), /event_time：不是纳秒时间："x"$/],
    'a size that is none': [malformed({ result: [{ ...row, size: 'x' }] }), /size：不是小数："x"$/],
    'an id that is none': [malformed({ result: [{ ...row, sub_account_id: 'x' }] }), /：不是无符号整数："x"$/],
    'no room in the budget': ['book: waited 10 s for the request budget', /^等待请求额度 10 秒$/],
    'too many requests waiting': ['book: 1000 requests are waiting already', /^已有 1000 个请求在等待$/],
  };
  for (const [name, [reason, chinese]] of Object.entries(cases)) {
    it(name, () => {
      const text = failureInChinese(reason);
      assert.match(text, chinese);
      assert.doesNotMatch(ours(text), ENGLISH, text);
    });
  }

  it('a code nobody knows, and what is not ours, stay as they are', () => {
    const unknown = reasonOf({ kind: 'error-body', status: 400, code: 9999, message: 'New: 2066 "x" (HTTP 1)' });
    assert.ok(failureInChinese(unknown).includes('9999'), failureInChinese(unknown));
    assert.equal(failureInChinese('SOMETHING_NEW'), 'SOMETHING_NEW');
    assert.equal(failureInChinese(''), '');
  });

  it('in an alert it is said in Chinese, and in English as it was', () => {
    const reason = reasonOf({ kind: 'error-body', status: 403, code: 2002, message: 'no match' }, 'create');
    const alert = {
      kind: 'order-refused',
      account: 'A',
      instrument: 'BNB_USDT_Perp',
      details: { reason, code: '2002' },
    } as const;
    assert.match(
      alertLine(alert, 'zh'),
      /签名与内容不符（请检查 GRVT_CHAIN_ID 和 GRVT_TRADING_PRIVATE_KEY_1）：2002 "no match"/,
    );
    assert.ok(alertLine(alert, 'en').includes('check GRVT_CHAIN_ID and GRVT_TRADING_PRIVATE_KEY_1): 2002'));
    const failed = {
      kind: 'actor-failed',
      account: null,
      instrument: null,
      details: { actor: 'x', reason: 'book: is zero' },
    } as const;
    assert.ok(alertLine(failed, 'zh').includes('book: is zero'), 'a defect keeps its own words');
  });
});
