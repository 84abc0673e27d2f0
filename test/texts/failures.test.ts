import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { type CallEffect, classify, ERROR_TABLE, type Trouble, whyNoJson } from '../../src/grvt/errors.ts';
import { UnusableAnswer } from '../../src/grvt/parse.ts';
import { parsePositions } from '../../src/grvt/parse-account.ts';
import { alertLine } from '../../src/notify/texts.ts';
import { CODES } from '../../src/texts/exchange-words.ts';
import { reasonText } from '../../src/texts/reasons.ts';

const whyOf = (trouble: Trouble, effect: CallEffect = 'read'): Reason =>
  classify({ call: 'createOrder', account: 'A', effect }, trouble).why;

/** Words of English sentences; names, codes and what others said may stay. */
const ENGLISH =
  /\b(?:the|is|are|not|no|of|with|without|missing|within|already|found|expected|answer|body|meaning|check|lacks|below|must|than)\b/;
const ours = (text: string) => text.replace(/"[^"]*"|（[^）]*）/g, '');

describe('12 why a call failed, in both languages', () => {
  it('every code of the table has its meaning in both languages', () =>
    assert.deepEqual(Object.keys(CODES).map(Number).sort(), ERROR_TABLE.map(({ code }) => code).sort()));

  for (const { code, http } of ERROR_TABLE) {
    it(`${code} ${CODES[code]?.[0]}`, () => {
      const trouble = { kind: 'error-body', status: http, code, message: 'Said by the exchange' } as const;
      for (const effect of ['read', 'create'] as const) {
        const [en, zh] = [reasonText(whyOf(trouble, effect)), reasonText(whyOf(trouble, effect), 'zh')];
        const said = `${code} "Said by the exchange" (HTTP ${http})`;
        assert.ok(en.startsWith(CODES[code]![0]) && en.endsWith(said), en);
        assert.ok(zh.startsWith(CODES[code]![1]) && zh.endsWith(said), zh);
        assert.doesNotMatch(ours(zh), ENGLISH, zh);
      }
    });
  }

  const row = { event_time: '1', sub_account_id: '1', instrument: 'X', size: '1', entry_price: '1', mark_price: '1' };
  const malformed = (answer: unknown): Reason => {
    try {
      parsePositions(answer, '1', { isTraded: () => true, onSkip: () => {} });
    } catch (thrown) {
      assert.ok(thrown instanceof UnusableAnswer);
      return whyOf({ kind: 'malformed', why: thrown.why });
    }
    return assert.fail('taken as usable');
  };
  const status = (number: number) => whyOf({ kind: 'status', status: number });
  const unreadable = (text: string) => whyOf({ kind: 'unreadable', status: 502, body: whyNoJson(text) });
  const key = 'GRVT_TRADING_API_KEY_2';
  const cases: Readonly<Record<string, readonly [Reason, en: RegExp, zh: RegExp]>> = {
    'an HTML page': [
      unreadable('<p>hi</p>'),
      /^HTTP 502 with an unreadable body: the body is HTML \(9 characters\)$/,
      /^HTTP 502，内容无法读取：内容是 HTML（9 字符）$/,
    ],
    'an empty body': [unreadable(' '), /the body is empty$/, /内容为空$/],
    'no JSON': [unreadable('garbage'), /the body is no JSON \(7 characters\)$/, /内容不是 JSON（7 字符）$/],
    'a status': [status(503), /^HTTP 503$/, /^HTTP 503$/],
    'a time-out': [reason('no-answer', '10.3', { seconds: 5 }), /^no answer within 5 s$/, /^5 秒内没有答复$/],
    'a missing field': [
      malformed({ result: [{ ...row, size: undefined }] }),
      /^result\[0\]\.size: missing$/,
      /^result\[0\]\.size：缺失$/,
    ],
    'a field of another kind': [
      malformed({ result: [{ ...row, size: true }] }),
      /^result\[0\]\.size: .*found true$/,
      /^result\[0\]\.size：格式错误（.*）：true$/,
    ],
    'an answer that is null': [malformed(null), /^answer: .*null$/, /^答复：格式错误（.*）：null$/],
    'a mark of zero': [
      malformed({ result: [{ ...row, mark_price: '0' }] }),
      /mark_price: is zero$/,
      /mark_price：为零$/,
    ],
    'another account': [
      malformed({ result: [{ ...row, sub_account_id: '2' }] }),
      /: is 2, not this account's 1$/,
      /：为 2，不是本账户的 1$/,
    ],
    'a negative amount': [
      malformed({ result: [{ ...row, entry_price: '-1' }] }),
      /entry_price: is negative, found "-1"$/,
      /entry_price：为负："-1"$/,
    ],
    'a time that is none': [
      malformed({ result: [{ ...row, event_time: 'x' }] }),
      /event_time: not a time in nanoseconds, found "x"$/,
      /event_time：不是纳秒时间："x"$/,
    ],
    'a size that is none': [
      malformed({ result: [{ ...row, size: 'x' }] }),
      /size: not a plain decimal number, found "x"$/,
      /size：不是小数："x"$/,
    ],
    'an id that is none': [
      malformed({ result: [{ ...row, sub_account_id: 'x' }] }),
      /: not an unsigned integer, found "x"$/,
      /：不是无符号整数："x"$/,
    ],
    'a refused login': [
      reason('login-refused', '9.8', { answer: status(403), key }),
      /^HTTP 403: check GRVT_TRADING_API_KEY_2, the key's IP list/,
      /^HTTP 403：请检查 GRVT_TRADING_API_KEY_2、该 key 的 IP 白名单/,
    ],
    'a call without a session': [
      reason('no-session', '9.8', { login: status(503) }),
      /^no session: HTTP 503$/,
      /^没有会话：HTTP 503$/,
    ],
  };
  for (const [name, [why, en, zh]] of Object.entries(cases)) {
    it(name, () => {
      assert.match(reasonText(why), en);
      assert.match(reasonText(why, 'zh'), zh);
      assert.doesNotMatch(ours(reasonText(why, 'zh')), ENGLISH);
    });
  }

  it('a code that is in no table keeps the exchange’s words', () => {
    const unknown = whyOf({ kind: 'error-body', status: 400, code: 9999, message: 'New: 2066 "x" (HTTP 1)' });
    for (const language of ['en', 'zh'] as const) {
      assert.equal(reasonText(unknown, language), '9999 "New: 2066 \\"x\\" (HTTP 1)" (HTTP 400)');
    }
  });

  it('an alert has it in its language, with the settings to look at', () => {
    const trouble = { kind: 'error-body', status: 403, code: 2002, message: 'no match' } as const;
    const details = { reason: whyOf(trouble, 'create'), code: '2002' };
    const alert = { kind: 'order-refused', account: 'A', instrument: 'BNB_USDT_Perp', details } as const;
    assert.match(
      alertLine(alert, 'zh'),
      /签名与内容不符（请检查 GRVT_CHAIN_ID 和 GRVT_TRADING_PRIVATE_KEY_1）：2002 "no match"/,
    );
    assert.ok(alertLine(alert, 'en').includes('(check GRVT_CHAIN_ID and GRVT_TRADING_PRIVATE_KEY_1): 2002 "no match"'));
  });
});
