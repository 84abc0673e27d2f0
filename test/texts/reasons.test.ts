import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reason, reason, reasonKey } from '../../src/core/reasons.ts';
import { reasonText, reasonWords } from '../../src/texts/reasons.ts';

describe('reasons are values', () => {
  it('a reason has its words in both languages, and its rule', () =>
    assert.deepEqual(reasonWords(reason('data-old', '10.3', { account: 'A', seconds: 12 })), {
      rule: '10.3',
      en: 'data of A are 12 s old',
      zh: '账户 A 的数据已过去 12 秒',
    }));

  it('a reason within a reason is in the same language', () => {
    const by = reason('attempts-used-up', '9.5', { attempts: 5 });
    const { en, zh } = reasonWords(reason('resting', '5', { by, seconds: 7 }));
    assert.deepEqual([en, zh], ['5 post-only attempts used up, 7 s left', '5 次 post-only 尝试用尽，还剩 7 秒']);
  });

  it('the exchange’s word stays beside what it means', () =>
    assert.equal(reasonText(reason('rejected', '9.5', { word: 'BELOW_MARGIN' }), 'zh'), '保证金不足 (BELOW_MARGIN)'));

  it('the sentence of an older journal is shown as it is', () =>
    assert.deepEqual(reasonWords('flat: nothing left to close'), {
      rule: '',
      en: 'flat: nothing left to close',
      zh: 'flat: nothing left to close',
    }));

  it('the code of a newer engine is shown, not an error', () => {
    const newer = { code: 'not-known-yet', rule: '1', params: {} } as unknown as Reason;
    assert.equal(reasonText(newer), 'not-known-yet');
  });

  const quoting = (account: 'A' | 'B', size: string) =>
    reasonKey(reason('quoting', '8.2', { orders: [{ account, side: 'buy', size, price: '1' }] }));
  it('7.3 other figures are the same reason', () => assert.equal(quoting('A', '0.5'), quoting('A', '12')));
  it('7.1 an intent is quoted without a price, which it gets when it leaves', () => {
    const order = { account: 'A', side: 'buy', size: '0.5' } as const;
    const text = (price: string | null) => {
      const { en, zh } = reasonWords(reason('quoting', '8.2', { orders: [{ ...order, price }] }));
      return [en, zh];
    };
    assert.deepEqual(text('612.3'), ['quoting: A buy 0.5 @ 612.3', '挂单中：A 买入 0.5 @ 612.3']);
    assert.deepEqual(text(null), ['quoting: A buy 0.5 (being priced)', '挂单中：A 买入 0.5（定价中）']);
  });
  it('7.3 another account is another reason', () => assert.notEqual(quoting('A', '0.5'), quoting('B', '0.5')));
  it('7.3 another code is another reason', () =>
    assert.notEqual(reasonKey(reason('awaits-book', '6.2')), reasonKey(reason('awaits-price', '6.2'))));
});
