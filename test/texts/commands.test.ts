import assert from 'node:assert/strict';
import { test } from 'node:test';
import { say } from '../../src/core/commands.ts';
import { answerLine } from '../../src/texts/answers.ts';
import { CHECK_WORDS, checkText } from '../../src/texts/check.ts';
import { STATUS_WORDS, statusText } from '../../src/texts/status.ts';

/** What commands say in two languages: the same values in both. */

const valuesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

for (const [table, words] of [
  ['check', CHECK_WORDS],
  ['status', STATUS_WORDS],
] as const) {
  for (const [name, [en, zh]] of Object.entries(words)) {
    test(`${table}, ${name}: Chinese names what English names`, () => {
      assert.deepEqual(valuesOf(zh), valuesOf(en));
      assert.ok(/[\u4e00-\u9fff]/.test(zh) || valuesOf(en).length > 2, zh);
    });
  }
}

test('a text is filled in, and what lacks its value is left out', () => {
  const position = { symbol: 'BNB_USDT_Perp', size: '1', price: '600' };
  assert.equal(checkText('en', 'position', { ...position, note: '' }), '  position BNB_USDT_Perp 1 @ 600');
  assert.equal(
    checkText('zh', 'position', { ...position, note: checkText('zh', 'hedgeOnly') }),
    '  仓位 BNB_USDT_Perp 1 @ 600（只对冲）',
  );
  assert.equal(statusText('zh', 'noAlert'), '没有告警。');
});

test('an answer is a line of its own, in the language of the settings', () => {
  const said = say('will-hold', 'BNB_USDT_Perp', { orders: '2' });
  assert.equal(answerLine(said, 'en'), said.text);
  assert.equal(answerLine(said, 'zh'), 'BNB_USDT_Perp：立即撤销其 2 张自有订单，之后在恢复前不提交任何订单');
  assert.equal(answerLine(say('busy'), 'zh'), '等待中的命令过多：请重试');
});

test('what restricts a symbol is named in Chinese, too', () => {
  const held = {
    heldFile: 'pause',
    heldLeaving: 'disabled',
    heldRollout: 'waiting',
    heldCommands: 'pause 12:00\ncancel',
  };
  const said = say('still-held', 'BNB_USDT_Perp', { mode: 'pause', holds: 'the symbols file says pause', ...held });
  assert.equal(said.text, 'BNB_USDT_Perp: the command is over; it is in pause still: the symbols file says pause');
  assert.equal(
    answerLine(said, 'zh'),
    'BNB_USDT_Perp：命令已结束；仍处于 pause：标的文件为 pause；正在退出（已停用，但仍有未了结的部分）；灰度发布尚未轮到；pause，至 12:00；cancel',
  );
  // An engine of before says it in words alone.
  const older = say('still-held', 'BNB_USDT_Perp', { mode: 'pause', holds: 'pause' });
  assert.equal(answerLine(older, 'zh'), 'BNB_USDT_Perp：命令已结束；仍处于 pause：pause');
});
