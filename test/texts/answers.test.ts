import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type AnswerCode, type AnswerParams, say } from '../../src/core/answers.ts';
import { type Reason, reason } from '../../src/core/reasons.ts';
import { answerLine, answerTexts, type SentLine, sentLine } from '../../src/texts/answers.ts';

const SIZES = { a: '10', b: '-9' };
const NET = { size: '1', usdt: '600.00', cost: '0.60' };
const UNTIL = { until: '2026-01-15 13:00:00' };
const WHY = { why: reason('names-the-row', '2.2') };
const HELD = [
  { by: 'file', mode: 'pause' },
  { by: 'leaving', why: 'disabled' },
  { by: 'rollout' },
  { by: 'command', verb: 'pause', until: '12:00' },
  { by: 'command', verb: 'cancel', until: null },
] as const;
const HOLDS_EN =
  'the symbols file says pause, it leaves (disabled), the rollout has not come to it, pause, until 12:00, cancel';
const HOLDS_ZH = '标的文件为 pause；正在退出（已停用，但仍有未了结的部分）；灰度发布尚未轮到；pause，至 12:00；cancel';

/** Every code with all that it may name: its English and its Chinese. A code without a row does not compile. */
const LINES: { readonly [C in AnswerCode]: readonly [params: AnswerParams[C], en: string, zh: string] } = {
  'will-hedge-only': [
    UNTIL,
    'opens nothing, repairs go on, until 2026-01-15 13:00:00',
    '不再开仓，修复继续，直至 2026-01-15 13:00:00',
  ],
  'will-pause': [
    UNTIL,
    'opens nothing, repairs until it is hedged, then does nothing, until 2026-01-15 13:00:00',
    '不再开仓，修复至对冲完成后什么都不做，直至 2026-01-15 13:00:00',
  ],
  'will-hold': [
    { orders: '2' },
    'its 2 own orders are cancelled now, then nothing is submitted until it is resumed',
    '立即撤销其 2 张自有订单，之后在恢复前不提交任何订单',
  ],
  'will-hold-with-net': [
    { orders: '2', ...NET },
    'its 2 own orders are cancelled now and the net of 1 (600.00 USDT) stays unhedged, 0.60 USDT to hedge at the touch, ' +
      'until it is resumed',
    '立即撤销其 2 张自有订单，净额 1（600.00 USDT）保持未对冲，按盘口对冲需 0.60 USDT，直至恢复',
  ],
  'will-flatten': [
    { ...UNTIL, ...SIZES },
    'decreases to nothing with maker orders; what remains at 2026-01-15 13:00:00 is listed, then pauses; A 10, B -9 now',
    '以挂单减仓至零；到 2026-01-15 13:00:00 列出剩余部分，之后暂停；现有 A 10、B -9',
  ],
  'will-trade': [{}, 'trades again', '恢复交易'],
  'still-held': [
    { mode: 'pause', held: HELD },
    `the command is over; it is in pause still: ${HOLDS_EN}`,
    `命令已结束；仍处于 pause：${HOLDS_ZH}`,
  ],
  'nothing-to-resume': [
    { mode: 'pause', held: HELD },
    `no command was in force; it is in pause: ${HOLDS_EN}`,
    `没有生效中的命令；当前为 pause：${HOLDS_ZH}`,
  ],
  'also-in-force': [
    { mode: 'hold', held: HELD.slice(4) },
    'hold applies, which is stricter: cancel',
    '以更严格的 hold 为准：cancel',
  ],
  replaces: [
    { verb: 'pause', ...UNTIL },
    'replaces pause, until 2026-01-15 13:00:00',
    '取代 pause，原定至 2026-01-15 13:00:00',
  ],
  'will-stop': [
    {},
    'the engine stops in order: nothing new is submitted, own orders are cancelled as configured',
    '引擎有序停止：不再提交新单，自有订单按设置撤销',
  ],
  'will-skip': [
    { stage: 'trial' },
    'trades in full from now on; it was trial in the rollout',
    '从现在起全额交易；此前在灰度发布中为 试运行',
  ],
  'no-rollout': [
    {},
    'no rollout concerns it: it trades as its row and the commands say',
    '没有灰度发布涉及它：按其行与命令交易',
  ],
  forgotten: [SIZES, 'is managed no longer; the positions stay: A 10, B -9', '不再管理；仓位保留：A 10、B -9'],
  'needs-with-net': [
    NET,
    'has a net of 1 (600.00 USDT) that nothing would hedge any more, 0.60 USDT to hedge at the touch; repeat with ' +
      '--with-net if that is meant',
    '有净额 1（600.00 USDT），将不再有人对冲，按盘口对冲需 0.60 USDT；如确有此意，请加 --with-net 重复',
  ],
  'needs-position-stays': [
    SIZES,
    'holds A 10, B -9, which nobody would manage any more; repeat with --position-stays',
    '持有 A 10、B -9，将不再有人管理；请加 --position-stays 重复',
  ],
  'not-leaving': [
    {},
    'is not being removed: remove or disable its row first, then forget it',
    '并未在退出：请先删除或停用其行，再遗忘',
  ],
  'orders-live': [{ orders: '2' }, 'has 2 live orders: cancel it first', '有 2 张有效订单：请先撤单'],
  'unknown-symbol': [
    { name: 'BNC', nearest: 'BNB_USDT_Perp' },
    'no symbol of this engine is called BNC; did you mean BNB_USDT_Perp?',
    '本引擎没有名为 BNC 的标的；是否指 BNB_USDT_Perp？',
  ],
  'no-symbol': [{}, 'no symbol runs', '没有运行中的标的'],
  'will-ack': [
    { key: 'mmr:A' },
    'mmr:A is not sent again while it lasts; its end is sent; if it is critical and gets worse, it is sent anyway',
    'mmr:A 持续期间不再重复；结束时会通知；严重告警若恶化仍会发送',
  ],
  'will-silence': [
    { key: 'mmr:A', ...UNTIL },
    'no message about mmr:A is sent, until 2026-01-15 13:00:00; if it is critical and gets worse, it is sent anyway',
    '不再通知 mmr:A，直至 2026-01-15 13:00:00；严重告警若恶化仍会发送',
  ],
  'unknown-alert': [
    { key: 'mmr:C', nearest: 'mmr:A' },
    'no alert mmr:C is open; did you mean mmr:A?',
    '没有打开的告警 mmr:C；是否指 mmr:A？',
  ],
  'bad-silence': [
    { given: '0 s', most: '1 h' },
    'a silence of 0 s is not legal here: expected more than 0 and at most 1 h',
    '静默 0 s 在此不合法：应大于 0 且至多 1 h',
  ],
  'bad-duration': [
    { given: '0 s' },
    'a duration of 0 s is not legal: expected more than 0 and at most 30 days',
    '时长 0 s 不合法：应大于 0 且至多 30 天',
  ],
  'not-trading': [
    { phase: 'starting' },
    'the engine is starting: it takes commands while it trades',
    '引擎处于 启动中：交易期间才接受命令',
  ],
  'not-remembered': [
    WHY,
    'is in effect, but the journal cannot be written: not remembered after a restart (names the row, expected other keys)',
    '已生效，但账本无法写入：重启后不再记得（是该行的名称，应为其他键）',
  ],
  'not-journalled': [
    WHY,
    'nothing was done: the journal cannot be written (names the row, expected other keys)',
    '未执行：账本无法写入（是该行的名称，应为其他键）',
  ],
  changed: [{ name: 'mode', from: 'trade', to: 'pause' }, 'mode trade → pause', 'mode trade → pause'],
  'secret-changed': [{ name: 'CHAT_ID' }, 'CHAT_ID changed', 'CHAT_ID 已更改'],
  'keys-changed': [{ account: 'B' }, 'account B has new keys', '账户 B 有了新的密钥'],
  'symbol-added': [{}, 'is new, and trades from now on', '新标的，从现在起交易'],
  'symbol-leaves': [
    { leaving: 'removed', orders: '2', ...SIZES, size: '1', usdt: '600.00' },
    'is being removed (removed): hedge-only until it is hedged without live orders; now 2 live orders, A 10, B -9, ' +
      '1 of it not hedged (600.00 USDT)',
    '退出（已从标的文件删除，但仍有未了结的部分）：只对冲，直至对冲完成且没有有效订单；现有 2 张有效订单，A 10、B -9，其中 1 未对冲（600.00 USDT）',
  ],
  'symbol-returns': [{}, 'is no longer being removed', '不再退出'],
  'needs-restart': [
    { name: 'GRVT_ENV' },
    'GRVT_ENV cannot change while the engine runs: nothing was applied; restart for it',
    'GRVT_ENV 在运行中不能更改：未应用任何更改；请重启',
  ],
  fixed: [
    { name: 'CHAT_ID' },
    'CHAT_ID is fixed by the process environment, whatever .env says: nothing was applied; restart for it',
    'CHAT_ID 由进程环境固定，与 .env 无关：未应用任何更改；请重启',
  ],
  'no-file': [
    {},
    'no symbols file of your own is named: set GRVT_HEDGE_SYMBOLS_FILE',
    '未指定自己的标的文件：请设置 GRVT_HEDGE_SYMBOLS_FILE',
  ],
  'file-changed': [
    { path: 's.json' },
    's.json was changed since it was read: reload first, then give the command again',
    's.json 在读取后被改动：请先重新加载，再给出命令',
  ],
  warning: [WHY, 'warning: names the row, expected other keys', '警告：是该行的名称，应为其他键'],
  busy: [{}, 'too many commands are waiting: try again', '等待中的命令过多：请重试'],
  unchanged: [{}, 'nothing has changed', '没有变化'],
  'as-it-is': [
    { orders: '2', ...SIZES, ...NET },
    '2 own orders now, A 10, B -9; 1 not hedged (600.00 USDT), 0.60 USDT to hedge at the touch',
    '现有 2 张自有订单，A 10、B -9；1 未对冲（600.00 USDT），按盘口对冲需 0.60 USDT',
  ],
  'dry-run': [
    {},
    'nothing was changed; a reload would be accepted, and say:',
    '未做任何更改；重新加载会被接受，并说明：',
  ],
  refused: [WHY, 'names the row, expected other keys', '是该行的名称，应为其他键'],
};

const said = say as (code: AnswerCode, symbol: string | null, params: object) => ReturnType<typeof say>;
const STRATEGY = readFileSync(new URL('../../docs/strategy.md', import.meta.url), 'utf8');

describe('16.2 what each line of an answer says', () => {
  for (const [code, [params, en, zh]] of Object.entries(LINES) as [AnswerCode, (typeof LINES)[AnswerCode]][]) {
    it(`${code}: in both languages, and by a rule of the strategy`, () => {
      const line = said(code, null, params);
      assert.deepEqual(answerTexts(line), { en, zh });
      assert.ok(STRATEGY.includes(`<a id="${line.rule.replace('.', '')}"></a>**${line.rule} `), line.rule);
      const values = Object.values(params).filter((value) => typeof value === 'string');
      for (const value of values) assert.ok(en.includes(value), `${value} is named`);
    });
    it(`${code}: goes to a client with its English, and comes to the same there`, () => {
      const sent = JSON.parse(JSON.stringify(sentLine(said(code, 'BNB_USDT_Perp', params)))) as SentLine;
      assert.equal(sent.text, `BNB_USDT_Perp: ${en}`);
      assert.ok(Object.values(sent.params).every((value) => typeof value === 'string'));
      assert.equal(answerLine(sent, 'en'), `BNB_USDT_Perp: ${en}`);
      assert.equal(answerLine(sent, 'zh'), `BNB_USDT_Perp：${zh}`);
    });
  }

  it('what is not known is left out', () => {
    const line = say('will-hold-with-net', null, { orders: '2', size: '1', usdt: null, cost: null });
    assert.equal(
      answerLine(line, 'en'),
      'its 2 own orders are cancelled now and the net of 1 stays unhedged, until it is resumed',
    );
    assert.deepEqual(line.params, { orders: '2', size: '1' });
  });

  it('16.5 the words that clients of earlier versions read stay in the parameters', () => {
    assert.equal(sentLine(say('refused', null, WHY)).params.reason, 'names the row, expected other keys');
    assert.equal(sentLine(say('still-held', null, { mode: 'pause', held: HELD })).params.holds, HOLDS_EN);
  });

  it('16.5 an engine of another version: a code without a rule, or one that is not known, in its own English', () => {
    const older = { code: 'changed', symbol: null, params: { what: 'mode trade → pause' }, text: 'mode trade → pause' };
    assert.equal(answerLine(older, 'zh'), 'mode trade → pause');
    const newer = {
      code: 'will-dance',
      symbol: 'BNB_USDT_Perp',
      params: {},
      rule: '16.9',
      text: 'BNB_USDT_Perp: dances',
    };
    assert.equal(answerLine(newer, 'zh'), 'BNB_USDT_Perp: dances');
    const because = { code: 'refused', symbol: null, params: { reason: 'new' }, rule: '16.2', text: 'new' };
    const why = { code: 'of-tomorrow', rule: '16.2', params: {} } as unknown as Reason;
    assert.equal(answerLine({ ...because, why }, 'zh'), 'new');
  });
});
