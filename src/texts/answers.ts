import type { AnswerCode, AnswerLine, HeldBy } from '../core/answers.ts';
import { WHY_LEAVING } from './check.ts';
import { type Language, type Texts, wordsOf } from './language.ts';
import { isKnownReason, reasonText } from './reasons.ts';

/** Texts of answers to commands: `{name}` stands for a parameter, `[…]` is left out if one of its parameters is missing. */
const ANSWERS: Readonly<Record<AnswerCode, readonly [en: string, zh: string]>> = {
  'will-hedge-only': ['opens nothing, repairs go on[, until {until}]', '不再开仓，修复继续[，直至 {until}]'],
  'will-pause': [
    'opens nothing, repairs until it is hedged, then does nothing[, until {until}]',
    '不再开仓，修复至对冲完成后什么都不做[，直至 {until}]',
  ],
  'will-hold': [
    'its {orders} own orders are cancelled now, then nothing is submitted until it is resumed',
    '立即撤销其 {orders} 张自有订单，之后在恢复前不提交任何订单',
  ],
  'will-hold-with-net': [
    'its {orders} own orders are cancelled now and the net of {size}[ ({usdt} USDT)] stays unhedged[, {cost} USDT to hedge at the touch], until it is resumed',
    '立即撤销其 {orders} 张自有订单，净额 {size}[（{usdt} USDT）]保持未对冲[，按盘口对冲需 {cost} USDT]，直至恢复',
  ],
  'will-flatten': [
    'decreases to nothing with maker orders[; what remains at {until} is listed], then pauses; A {a}, B {b} now',
    '以挂单减仓至零[；到 {until} 列出剩余部分]，之后暂停；现有 A {a}、B {b}',
  ],
  'will-trade': ['trades again', '恢复交易'],
  'still-held': ['the command is over; it is in {mode} still: {holds}', '命令已结束；仍处于 {mode}：{holds}'],
  'nothing-to-resume': [
    'no command was in force; it is in {mode}[: {holds}]',
    '没有生效中的命令；当前为 {mode}[：{holds}]',
  ],
  'also-in-force': ['{mode} applies, which is stricter: {holds}', '以更严格的 {mode} 为准：{holds}'],
  replaces: ['replaces {verb}[, until {until}]', '取代 {verb}[，原定至 {until}]'],
  'will-stop': [
    'the engine stops in order: nothing new is submitted, own orders are cancelled as configured',
    '引擎有序停止：不再提交新单，自有订单按设置撤销',
  ],
  'will-skip': [
    'trades in full from now on; it was {stage} in the rollout',
    '从现在起全额交易；此前在灰度发布中为 {stage}',
  ],
  'no-rollout': [
    'no rollout concerns it: it trades as its row and the commands say',
    '没有灰度发布涉及它：按其行与命令交易',
  ],
  forgotten: ['is managed no longer; the positions stay: A {a}, B {b}', '不再管理；仓位保留：A {a}、B {b}'],
  'needs-with-net': [
    'has a net of {size}[ ({usdt} USDT)] that nothing would hedge any more[, {cost} USDT to hedge at the touch]; repeat with --with-net if that is meant',
    '有净额 {size}[（{usdt} USDT）]，将不再有人对冲[，按盘口对冲需 {cost} USDT]；如确有此意，请加 --with-net 重复',
  ],
  'needs-position-stays': [
    'holds A {a}, B {b}, which nobody would manage any more; repeat with --position-stays',
    '持有 A {a}、B {b}，将不再有人管理；请加 --position-stays 重复',
  ],
  'not-leaving': [
    'is not being removed: remove or disable its row first, then forget it',
    '并未在退出：请先删除或停用其行，再遗忘',
  ],
  'orders-live': ['has {orders} live orders: cancel it first', '有 {orders} 张有效订单：请先撤单'],
  'unknown-symbol': [
    'no symbol of this engine is called {name}[; did you mean {nearest}?]',
    '本引擎没有名为 {name} 的标的[；是否指 {nearest}？]',
  ],
  'no-symbol': ['no symbol runs', '没有运行中的标的'],
  'will-ack': [
    '{key} is not sent again while it lasts; its end is sent; if it is critical and gets worse, it is sent anyway',
    '{key} 持续期间不再重复；结束时会通知；严重告警若恶化仍会发送',
  ],
  'will-silence': [
    'no message about {key} is sent[, until {until}]; if it is critical and gets worse, it is sent anyway',
    '不再通知 {key}[，直至 {until}]；严重告警若恶化仍会发送',
  ],
  'unknown-alert': ['no alert {key} is open[; did you mean {nearest}?]', '没有打开的告警 {key}[；是否指 {nearest}？]'],
  'bad-silence': [
    'a silence of {given} is not legal here: expected more than 0 and at most {most}',
    '静默 {given} 在此不合法：应大于 0 且至多 {most}',
  ],
  'bad-duration': [
    'a duration of {given} is not legal: expected more than 0 and at most 30 days',
    '时长 {given} 不合法：应大于 0 且至多 30 天',
  ],
  'not-trading': ['the engine is {phase}: it takes commands while it trades', '引擎处于 {phase}：交易期间才接受命令'],
  'not-remembered': [
    'is in effect, but the journal cannot be written: not remembered after a restart ({reason})',
    '已生效，但账本无法写入：重启后不再记得（{reason}）',
  ],
  'not-journalled': ['nothing was done: the journal cannot be written ({reason})', '未执行：账本无法写入（{reason}）'],
  changed: ['{name} {from} → {to}', '{name} {from} → {to}'],
  'secret-changed': ['{name} changed', '{name} 已更改'],
  'keys-changed': ['account {account} has new keys', '账户 {account} 有了新的密钥'],
  'symbol-added': ['is new, and trades from now on', '新标的，从现在起交易'],
  'symbol-leaves': [
    'is being removed ({leaving}): hedge-only until it is hedged without live orders[; now {orders} live orders, A {a}, B {b}][, {size} of it not hedged][ ({usdt} USDT)]',
    '退出（{leaving}）：只对冲，直至对冲完成且没有有效订单[；现有 {orders} 张有效订单，A {a}、B {b}][，其中 {size} 未对冲][（{usdt} USDT）]',
  ],
  'symbol-returns': ['is no longer being removed', '不再退出'],
  'needs-restart': [
    '{name} cannot change while the engine runs: nothing was applied; restart for it',
    '{name} 在运行中不能更改：未应用任何更改；请重启',
  ],
  fixed: [
    '{name} is fixed by the process environment, whatever .env says: nothing was applied; restart for it',
    '{name} 由进程环境固定，与 .env 无关：未应用任何更改；请重启',
  ],
  'no-file': [
    'no symbols file of your own is named: set GRVT_HEDGE_SYMBOLS_FILE',
    '未指定自己的标的文件：请设置 GRVT_HEDGE_SYMBOLS_FILE',
  ],
  'file-changed': [
    '{path} was changed since it was read: reload first, then give the command again',
    '{path} 在读取后被改动：请先重新加载，再给出命令',
  ],
  warning: ['warning: {reason}', '警告：{reason}'],
  busy: ['too many commands are waiting: try again', '等待中的命令过多：请重试'],
  unchanged: ['nothing has changed', '没有变化'],
  'as-it-is': [
    '{orders} own orders now, A {a}, B {b}[; {size} not hedged][ ({usdt} USDT)][, {cost} USDT to hedge at the touch]',
    '现有 {orders} 张自有订单，A {a}、B {b}[；{size} 未对冲][（{usdt} USDT）][，按盘口对冲需 {cost} USDT]',
  ],
  'dry-run': ['nothing was changed; a reload would be accepted, and say:', '未做任何更改；重新加载会被接受，并说明：'],
  refused: ['{reason}', '{reason}'],
};

const answerWords = wordsOf(ANSWERS);

/** Parameters that are words of ours; the others are names and figures. */
const WORDS_ZH: Readonly<Record<string, string>> = {
  ...WHY_LEAVING.zh,
  ...{ starting: '启动中', stopping: '停止中', waiting: '等待', trial: '试运行' },
};

/** An answer on the way to a client: a line has its English text and parameters, for clients that do not know its code. */
export interface SentLine extends Omit<AnswerLine, 'code' | 'rule'> {
  readonly code: string;
  /** Absent: of an engine of an earlier version. */
  readonly rule?: string | undefined;
  readonly text: string;
}

export interface SentAnswer {
  readonly ok: boolean;
  readonly says: readonly SentLine[];
}

/** The line for a client of any version. */
export function sentLine(said: AnswerLine): SentLine {
  return { ...said, params: valuesOf(said, 'en'), text: answerLine(said, 'en') };
}

/** The answer in every language, without its symbol. */
export function answerTexts(said: AnswerLine): Texts {
  return { en: wordsIn(said, 'en'), zh: wordsIn(said, 'zh') };
}

/** The answer as a line in one language; what an engine of another version says in English alone stays English. */
export function answerLine(said: AnswerLine | SentLine, language: Language): string {
  if (!isKnown(said)) return said.text;
  const words = wordsIn(said, language);
  return said.symbol === null ? words : `${said.symbol}${language === 'zh' ? '：' : ': '}${words}`;
}

function isKnown(said: AnswerLine | SentLine): said is AnswerLine {
  return said.rule !== undefined && said.code in ANSWERS && (said.why === undefined || isKnownReason(said.why));
}

function wordsIn(said: AnswerLine, language: Language): string {
  return answerWords(language, said.code, valuesOf(said, language));
}

/** The parameters as text in one language. */
function valuesOf({ params, why, held = [] }: AnswerLine, language: Language): Readonly<Record<string, string>> {
  const isWord = (name: string) => name === 'leaving' || name === 'phase' || name === 'stage';
  const inLanguage = Object.entries(params).map(([name, value]) => [
    name,
    language === 'zh' && isWord(name) ? (WORDS_ZH[value] ?? value) : value,
  ]);
  return {
    ...Object.fromEntries(inLanguage),
    ...(why === undefined ? {} : { reason: reasonText(why, language) }),
    ...(held.length === 0 ? {} : { holds: held.map(HOLDS[language]).join(language === 'zh' ? '；' : ', ') }),
  };
}

const HOLDS: Readonly<Record<Language, (held: HeldBy) => string>> = {
  en: (held) => {
    switch (held.by) {
      case 'file':
        return `the symbols file says ${held.mode}`;
      case 'leaving':
        return `it leaves (${held.why})`;
      case 'rollout':
        return 'the rollout has not come to it';
      case 'command':
        return held.until === null ? held.verb : `${held.verb}, until ${held.until}`;
    }
  },
  zh: (held) => {
    switch (held.by) {
      case 'file':
        return `标的文件为 ${held.mode}`;
      case 'leaving':
        return `正在退出（${WHY_LEAVING.zh[held.why]}）`;
      case 'rollout':
        return '灰度发布尚未轮到';
      case 'command':
        return held.until === null ? held.verb : `${held.verb}，至 ${held.until}`;
    }
  },
};
