import { type AnswerCode, type AnswerLine, filled } from '../core/commands.ts';
import type { LeavingWhy } from '../core/model.ts';
import { WHY_LEAVING } from './check.ts';
import type { Language, Texts } from './language.ts';
import { reasonText } from './reasons.ts';

/** Answers to commands in Chinese; the English is in src/core/commands.ts. A missing code does not compile. */
const ZH: Readonly<Record<AnswerCode, string>> = {
  'will-hedge-only': '不再开仓，修复继续[，直至 {until}]',
  'will-pause': '不再开仓，修复至对冲完成后什么都不做[，直至 {until}]',
  'will-hold': '立即撤销其 {orders} 张自有订单，之后在恢复前不提交任何订单',
  'will-hold-with-net':
    '立即撤销其 {orders} 张自有订单，净额 {size}[（{usdt} USDT）]保持未对冲[，按盘口对冲需 {cost} USDT]，直至恢复',
  'will-flatten': '以挂单减仓至零[；到 {until} 列出剩余部分]，之后暂停；现有 A {a}、B {b}',
  'will-trade': '恢复交易',
  'still-held': '命令已结束；仍处于 {mode}：{holds}',
  'nothing-to-resume': '没有生效中的命令；当前为 {mode}[：{holds}]',
  'also-in-force': '以更严格的 {mode} 为准：{holds}',
  replaces: '取代 {verb}[，原定至 {until}]',
  'will-stop': '引擎有序停止：不再提交新单，自有订单按设置撤销',
  'will-skip': '从现在起全额交易；此前在灰度发布中为 {stage}',
  'no-rollout': '没有灰度发布涉及它：按其行与命令交易',
  forgotten: '不再管理；仓位保留：A {a}、B {b}',
  'needs-with-net':
    '有净额 {size}[（{usdt} USDT）]，将不再有人对冲[，按盘口对冲需 {cost} USDT]；如确有此意，请加 --with-net 重复',
  'needs-position-stays': '持有 A {a}、B {b}，将不再有人管理；请加 --position-stays 重复',
  'not-leaving': '并未在退出：请先删除或停用其行，再遗忘',
  'orders-live': '有 {orders} 张有效订单：请先撤单',
  'unknown-symbol': '本引擎没有名为 {name} 的标的[；是否指 {nearest}？]',
  'no-symbol': '没有运行中的标的',
  'will-ack': '{key} 持续期间不再重复；结束时会通知；严重告警若恶化仍会发送',
  'will-silence': '不再通知 {key}[，直至 {until}]；严重告警若恶化仍会发送',
  'unknown-alert': '没有打开的告警 {key}[；是否指 {nearest}？]',
  'bad-silence': '静默 {given} 在此不合法：应大于 0 且至多 {most}',
  'bad-duration': '时长 {given} 不合法：应大于 0 且至多 30 天',
  'not-trading': '引擎处于 {phase}：交易期间才接受命令',
  'not-remembered': '已生效，但账本无法写入：重启后不再记得（{reason}）',
  'not-journalled': '未执行：账本无法写入（{reason}）',
  changed: '{what}',
  'symbol-added': '新标的，从现在起交易',
  'symbol-leaves':
    '退出（{leaving}）：只对冲，直至对冲完成且没有有效订单[；现有 {orders} 张有效订单，A {a}、B {b}][，其中 {size} 未对冲][（{usdt} USDT）]',
  'symbol-returns': '不再退出',
  'needs-restart': '{name} 在运行中不能更改：未应用任何更改；请重启',
  fixed: '{name} 由进程环境固定，与 .env 无关：未应用任何更改；请重启',
  'no-file': '未指定自己的标的文件：请设置 GRVT_HEDGE_SYMBOLS_FILE',
  'file-changed': '{path} 在读取后被改动：请先重新加载，再给出命令',
  warning: '警告：{reason}',
  busy: '等待中的命令过多：请重试',
  unchanged: '没有变化',
  'as-it-is': '现有 {orders} 张自有订单，A {a}、B {b}[；{size} 未对冲][（{usdt} USDT）][，按盘口对冲需 {cost} USDT]',
  'dry-run': '未做任何更改；重新加载会被接受，并说明：',
  refused: '{reason}',
};

/** The answer in every language, without its symbol. */
export function answerTexts({ code, symbol, params, text, why }: AnswerLine): Texts {
  const zh = chinese(why === undefined ? params : { ...params, reason: reasonText(why, 'zh') });
  return { en: symbol === null ? text : text.slice(symbol.length + 2), zh: filled(ZH[code], zh) };
}

/** Translates parameters that are words: why a symbol is being removed, and what holds it. Others stay. */
function chinese(params: AnswerLine['params']): AnswerLine['params'] {
  const why = (leaving: string) => (isLeavingWhy(leaving) ? WHY_LEAVING.zh[leaving] : leaving);
  const { leaving, heldFile, heldLeaving, heldRollout, heldCommands } = params;
  const holds = [
    ...(heldFile === undefined ? [] : [`标的文件为 ${heldFile}`]),
    ...(heldLeaving === undefined ? [] : [`正在退出（${why(heldLeaving)}）`]),
    ...(heldRollout === undefined ? [] : ['灰度发布尚未轮到']),
    ...(heldCommands?.split('\n').map((one) => one.replace(' ', '，至 ')) ?? []),
  ].join('；');
  return {
    ...params,
    ...(holds === '' ? {} : { holds }),
    ...(leaving === undefined ? {} : { leaving: why(leaving) }),
  };
}

function isLeavingWhy(text: string): text is LeavingWhy {
  return text in WHY_LEAVING.zh;
}

/** The answer as a line in one language. */
export function answerLine(said: AnswerLine, language: Language): string {
  const words = answerTexts(said)[language];
  return said.symbol === null ? words : `${said.symbol}${language === 'zh' ? '：' : ': '}${words}`;
}
