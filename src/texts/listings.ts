import { type Language, wordsOf } from './language.ts';

/** Texts of the commands that list and report: `{name}` stands for a value, `[…]` is left out if one of its values is missing. */
export const LIST_WORDS = {
  note: ['Note: {note}', '注意：{note}'],

  lotsOf: ['{symbol}: net {net}[, unhedged for {time}]; {hedge}', '{symbol}：净额 {net}[，未对冲已 {time}]；{hedge}'],
  noHedge: ['nothing is to be hedged', '无需对冲'],
  hedge: ['to be hedged by a {side} of {size} at {price} or better', '需{side} {size} 对冲，价格 {price} 或更优'],
  ofOrder: ['order {id}', '订单 {id}'],
  ofStart: ['a position found at the start', '启动时已有的仓位'],
  ofDrift: ['a change from outside', '外部变动'],
  noLots: ['No open lots: {symbols}', '没有未对冲批次：{symbols}'],
  noSymbol: ['No symbol is known yet.', '还没有任何标的。'],

  noOrder: ['No live order is known.', '没有有效订单。'],
  waits: ['{size} waits', '{size} 待入账'],
  expiresIn: ['in {time}', '{time}后'],
  expired: ['expired', '已到期'],
  unknown: ['unknown, being found out', '未知，正在查明'],
  sent: ['on its way', '在途'],
  resting: ['resting', '挂单中'],
  cancelling: ['being cancelled', '撤单中'],

  noAlert: ['No alert is open.', '没有未结束的告警。'],
  openAlerts: ['Open ({count}):', '未结束（{count}）：'],
  endedAlerts: ['Ended within a day ({count}):', '一天内结束（{count}）：'],
  openAlert: [
    '  {alert} · since {since}, {lasted}[, over for {over}] · {told}',
    '  {alert} · 始于 {since}，已 {lasted}[，解除已 {over}] · {told}',
  ],
  endedAlert: ['  {alert} · {since}, lasted {lasted} · {told}', '  {alert} · {since}，历时 {lasted} · {told}'],
  notTold: ['not sent', '未发送'],
  told: ['sent {times} ×', '已发送 {times} 次'],
  waiting: ['Waiting to be delivered: {count}', '等待送达：{count}'],

  noGateway: [
    'No Telegram gateway is configured (CHAT_ID, API_KEY, TELEGRAM_GATEWAY_URL); in paper, alerts go to the log.',
    '没有配置 Telegram 网关（CHAT_ID、API_KEY、TELEGRAM_GATEWAY_URL）；模拟运行时告警写入日志。',
  ],
  wouldBe: ['The message would have been:', '消息内容应为：'],
  aNotifier: ['the notifier', '告警通道'],
  sentThrough: ['Sent through {gateway}:', '已通过 {gateway} 发送：'],
  gatewaySetBy: [
    'The gateway is set by TELEGRAM_GATEWAY_URL, its key by API_KEY, the chat by CHAT_ID.',
    '网关由 TELEGRAM_GATEWAY_URL 设置，密钥为 API_KEY，聊天为 CHAT_ID。',
  ],

  counts: [
    '{decisions}, {ledgers} with {fills} ({journal})',
    '{decisions} 个决定、{ledgers} 个账目步骤、{fills} 笔入账成交（{journal}）',
  ],
  replayed: ['Replayed {counts}: all results as recorded.', '已重放 {counts}：所有结果与记录一致。'],
  replayedTo: ['Replayed {counts}, up to the first difference:', '已重放 {counts}，至第一处差异：'],
  differs: [
    '{symbol}, {time} {zone}, journal entry {seq}: the {what} differs at {where}',
    '{symbol}，{time} {zone}，账本第 {seq} 条：{what}在 {where} 处不同',
  ],
  recorded: ['  recorded: {value}', '  记录：{value}'],
  now: ['  now:      {value}', '  现在：{value}'],
  decision: ['decision', '决定'],
  valuation: ['valuation', '计价'],
  ledger: ['ledger', '账目'],

  copied: ['Copied {journal}.', '已复制 {journal}。'],
  copiedTo: ['Copied {journal} to {database}.', '已复制 {journal} 到 {database}。'],
  whole: ['Whole: {journal}.', '完好：{journal}。'],
  restored: ['Restored {journal}.', '已恢复 {journal}。'],
  setAside: ['The journal that was there is {file}.', '原来的账本现为 {file}。'],
  nextPaper: [
    'The next paper run begins with a new exchange and puts it aside again.',
    '下次模拟运行使用新的交易所，会再次把它移开。',
  ],
  nextStart: [
    'The next start reads the exchange and says what differs (strategy 11.2).',
    '下次启动会读取交易所并说明差异（规则 11.2）。',
  ],
  journal: [
    '{file}: {entries} entries, {last}, {orders} orders whose end it does not know',
    '{file}：{entries} 条记录，{last}，{orders} 张订单结局未知',
  ],
  noEntry: ['no entry', '没有记录'],
  lastEntry: ['the last ({seq}) of {time} {zone}', '最后一条（第 {seq} 条）写于 {time} {zone}'],

  noMoneyOf: [
    'The journal has no money rows of {symbol}; expected one of: {names}',
    '账本中没有 {symbol} 的盈亏记录；应为其中之一：{names}',
  ],
  noneYet: ['none yet', '尚无'],
  notInCsv: [
    '{day} and before: rows are not kept that long, so they are not in the CSV',
    '{day} 及更早：记录不保留那么久，因此不在 CSV 中',
  ],
  reportSince: [
    'Since {day}, USDT; fees and funding: positive paid, negative received',
    '自 {day} 起，单位 USDT；手续费和资金费：正为支付，负为收到',
  ],
  ownTakers: ["Own fills that were a taker's: {count}", '本引擎的成交中为 taker 的：{count}'],
  unexplained: [
    'Unexplained: {usdt} USDT of account {account}, {from} to {to}, {rows} rows (strategy 17.3)',
    '无法解释：账户 {account} {usdt} USDT，{from} 至 {to}，{rows} 条记录（规则 17.3）',
  ],
  reopened: ['{day}: the exchange listed rows of it after it was final', '{day}：结清之后交易所又列出该日的记录'],
  beforeRows: [
    '{from} to {to}: from daily totals, UTC; rows are kept no longer',
    '{from} 至 {to}：取自每日合计（UTC）；记录已不再保留',
  ],
  notOurs: [
    "Not the engine's fills, {origin}: {fills}, volume {volume}",
    '非引擎的成交，{origin}：{fills} 笔，成交额 {volume}',
  ],
  foreign: ['by hand or by another program', '手工或其他程序'],
  liquidation: ['liquidation', '强平'],
  adl: ['auto-deleveraging', '自动减仓'],
  byHand: [
    'By hand: {usdt} USDT of spread and unwinds, {lots} lots closed (strategy 10.5)',
    '手工：价差和平仓 {usdt} USDT，平掉 {lots} 个批次（规则 10.5）',
  ],
  margins: ['Margins of {time}:', '{time} 的保证金：'],
  total: ['total', '合计'],
  pair: ['pair', '交易对'],
  final: ['final', '已结清'],
  open: ['open', '未结清'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export const listText = wordsOf(LIST_WORDS);
export type ListWords = (name: keyof typeof LIST_WORDS, values?: Parameters<typeof listText>[2]) => string;

export function listWords(language: Language): ListWords {
  return (name, values) => listText(language, name, values);
}

type Heads = Readonly<Record<Language, readonly string[]>>;

export const LOT_HEADS: Heads = {
  en: ['lot', 'account', 'side', 'size', 'price', 'age', 'from'],
  zh: ['批次', '账户', '方向', '数量', '价格', '已持续', '来源'],
};

export const ORDER_HEADS: Heads = {
  en: [
    ...['instrument', 'account', 'side', 'size', 'price', 'traded', 'booking', 'purpose'],
    ...['status', 'age', 'expires', 'client order id'],
  ],
  zh: ['标的', '账户', '方向', '数量', '价格', '已成交', '待入账', '用途', '状态', '已挂', '到期', '客户端订单号'],
};

/** After the column of the group, and the state of a day. */
export const REPORT_HEADS: Heads = {
  en: [
    ...['fills', 'volume', 'spread', 'unwinds', 'fees', 'funding', 'unrealised', 'differences', 'total'],
    ...['transfers', 'unexplained'],
  ],
  zh: ['成交', '成交额', '价差', '平仓', '手续费', '资金费', '未实现', '差额', '合计', '划转', '无法解释'],
};

export const GROUP_HEADS: Readonly<Record<Language, Readonly<Record<'day' | 'symbol' | 'account' | 'state', string>>>> =
  {
    en: { day: 'day', symbol: 'symbol', account: 'account', state: 'state' },
    zh: { day: '日期', symbol: '标的', account: '账户', state: '状态' },
  };

export const PAIR_HEADS: Heads = {
  en: [
    ...['pair', 'spread', 'unwinds', 'open lots', 'differences', '= trades', '+ held', 'unexplained'],
    'cost at the touch',
  ],
  zh: ['交易对', '价差', '平仓', '未对冲批次', '差额', '= 成交现金流', '+ 持仓', '无法解释', '按盘口的成本'],
};
