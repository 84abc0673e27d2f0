import { filled } from '../core/commands.ts';
import type { LeavingWhy } from '../core/model.ts';
import type { Language } from './language.ts';

/** What `check` says of its own, in two languages: `{name}` stands for a value, `[…]` is left out without one of its values. */
export const CHECK_WORDS = {
  settings: [
    'Settings: {mode}, chain id {chainId}, trading at {host}',
    '设置：{mode}，链 ID {chainId}，交易地址 {host}',
  ],
  ownHosts: [
    'Hosts of your own: whether chain id {chainId} is theirs, only the first order tells',
    '自定义主机：链 ID {chainId} 是否与之相符，只有第一张订单才知道',
  ],
  warning: ['Warning: {what}', '警告：{what}'],
  loggedIn: ['Account {account}: logged in as {id}', '账户 {account}：已登录，{id}'],
  unchanged: ['Nothing was changed.', '未做任何更改。'],
  notReady: ['Not ready: {why}', '未就绪：{why}'],
  reloadSays: ['An engine runs here; a reload would say: {what}', '此处有引擎在运行；重新加载会说：{what}'],
  reloadRefused: [
    'An engine runs here; a reload would be refused: {what}',
    '此处有引擎在运行；重新加载会被拒绝：{what}',
  ],
  noAnswer: ['the engine that runs here does not answer: {why}', '此处运行的引擎没有应答：{why}'],
  isNew: ['{symbol}: is new', '{symbol}：新标的'],
  changed: ['{symbol}: {what} since the last run', '{symbol}：自上次运行以来 {what}'],
  levellingUnknown: ['Levelling: not known ({why})', '均衡：未知（{why}）'],
  strayOrder: [
    '{symbol}: our order {id} of account {account} would be cancelled (strategy 16.3)',
    '{symbol}：账户 {account} 上我们的订单 {id} 会被撤销（规则 16.3）',
  ],
  leaves: [
    '{symbol}: {why}: hedge-only until it is hedged, then it leaves (strategy 16.3)',
    '{symbol}：{why}：只对冲，直至对冲完成后退出（规则 16.3）',
  ],
  noDate: ["Clocks: the exchange's answers carry no date", '时钟：交易所的应答不带时间'],
  clocksGood: [
    "Clocks: the exchange's is {apart} s {way} ours, good",
    '时钟：交易所与本机相差 {apart} 秒（{way}），正常',
  ],
  clocksBad: [
    "Clocks: the exchange's is {apart} s {way} ours, TOO FAR APART: set this clock",
    '时钟：交易所与本机相差 {apart} 秒（{way}），相差过大：请校准本机时钟',
  ],
  behind: ['behind', '落后'],
  ahead: ['ahead of', '超前'],
  account: [
    'Account {account}: equity {equity} USDT, maintenance margin {margin} USDT',
    '账户 {account}：权益 {equity} USDT，维持保证金 {margin} USDT',
  ],
  position: ['  position {symbol} {size} @ {price}[{note}]', '  仓位 {symbol} {size} @ {price}[{note}]'],
  leftAlone: [' (no enabled row: left alone)', '（没有启用的行：不处理）'],
  hedgeOnly: [' (hedge-only)', '（只对冲）'],
  ourOrder: ['  our order {order}', '  我们的订单 {order}'],
  foreign: [
    '  {count} non-strategy orders: left alone, and alerted once each',
    '  {count} 张非策略订单：不处理，各告警一次',
  ],
  unlisted: [
    '{symbol}: not listed any more; nothing would be submitted (strategy 11.6)',
    '{symbol}：已不再上市；不会提交任何订单（规则 11.6）',
  ],
  emptyBook: [
    '{symbol}: the book is empty on a side; nothing would be submitted (strategy 7.4)',
    '{symbol}：盘口有一侧为空；不会提交任何订单（规则 7.4）',
  ],
  symbol: [
    '{symbol}: bid {bid}, ask {ask}, tick {tick}, smallest tradable size {size} ({usdt} USDT)',
    '{symbol}：买一 {bid}，卖一 {ask}，最小变动 {tick}，最小可交易数量 {size}（{usdt} USDT）',
  ],
  wouldWait: ['  would wait: {why}', '  会等待：{why}'],
  forMark: ['for a mark price', '等待标记价'],
  state: ['  state {state}: {why}', '  状态 {state}：{why}'],
  wouldCancel: ['  would cancel {account} {side} {size}: {why}', '  会撤销 {account} {side} {size}：{why}'],
  wouldPlace: ['  would place {order} (strategy {rules})', '  会提交 {order}（规则 {rules}）'],
  wouldNothing: ['  would submit nothing: {why} (strategy {rule})', '  不会提交：{why}（规则 {rule}）'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export type CheckText = keyof typeof CHECK_WORDS;

export const WHY_LEAVING: Readonly<Record<Language, Readonly<Record<LeavingWhy, string>>>> = {
  en: {
    removed: 'removed from the symbols file while something of it is open',
    disabled: 'disabled while something of it is open',
    unconfigured: 'orders of ours rest on it, and the symbols file does not name it',
  },
  zh: {
    removed: '已从标的文件删除，但仍有未了结的部分',
    disabled: '已停用，但仍有未了结的部分',
    unconfigured: '其上有我们的挂单，而标的文件没有列出它',
  },
};

/** A text with its values. */
export function checkText(
  language: Language,
  name: CheckText,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const given = Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === '' ? [] : [[key, String(value)]])),
  );
  return filled(CHECK_WORDS[name][language === 'zh' ? 1 : 0], given);
}
