import { type Language, wordsOf } from './language.ts';

/** Texts of a backtest's answer, in a terminal and as a page: `{name}` stands for a value, `[…]` is left out without it. */
export const BACKTEST_WORDS = {
  title: ['Backtest', '回测'],
  range: ['{from} to {to}', '{from} 至 {to}'],
  trade: ['{count} trades', '{count} 笔成交'],
  book: ['{count} books', '{count} 个盘口'],
  candle: ['{count} candles', '{count} 根 K 线'],
  accounts: ['{equity} USDT in each account[; set: {fixed}]', '每个账户 {equity} USDT[；设置：{fixed}]'],
  assumed: [
    '{equity} USDT in each account, orders arrive after {orders} ms, data after {data} ms, fees {maker} % and {taker} %, funding {funding}, seed {seed}, {audit}[; set: {fixed}]',
    '每个账户 {equity} USDT，订单 {orders} 毫秒后到达，数据 {data} 毫秒后到达，手续费 {maker} % 和 {taker} %，资金费{funding}，种子 {seed}，{audit}[；设置：{fixed}]',
  ],
  asRecorded: ['as recorded', '按录制'],
  whereNone: ['{percent} % where none was recorded', '在未录制处为 {percent} %'],
  audited: ['audited', '经审计'],
  notAudited: ['not audited', '未审计'],
  asTheyAre: ['as they are', '原样'],
  invented: [
    'Invented: a spread of {spread}, {depth} USDT at each price. What would be gained depends on the invented spread and is not shown.',
    '虚构：点差 {spread}，每个价位 {depth} USDT。收益取决于虚构的点差，因此不显示。',
  ],

  settings: ['settings', '设置'],
  fills: ['fills', '成交规则'],
  volume: ['volume', '成交额'],
  spread: ['spread', '价差'],
  unwinds: ['unwinds', '平仓'],
  openLots: ['open lots', '未对冲批次'],
  differences: ['differences', '差额'],
  fees: ['fees', '手续费'],
  funding: ['funding', '资金费'],
  total: ['total', '合计'],
  hedges: ['hedges', '对冲次数'],
  toHedge: ['to hedge p50 / p90', '对冲用时 p50 / p90'],
  toHedgeHalf: ['to hedge p50', '对冲用时 p50'],
  unhedged: ['unhedged', '未对冲'],
  longest: ['longest', '最长未对冲'],
  worstNet: ['worst net', '最大净额'],
  stranded: ['stranded', '搁置'],
  costAtTouch: ['cost at touch', '按盘口的成本'],
  worstCost: ['at its worst', '最高时'],
  leastMargin: ['least margin', '最低保证金倍数'],
  cut: ['{fill} (cut)', '{fill}（中断）'],
  before: ['before', '此前'],
  after: ['after', '此后'],
  whole: ['all of it', '全部'],

  perSetting: ['Per setting, USDT', '各设置，USDT'],
  gainedPer: ['Gained per setting, USDT', '各设置的收益，USDT'],
  unhedgedPer: ['Unhedged time per setting', '各设置的未对冲时间'],
  chosen: [
    'Of {asked} combinations the one with {best} before {at}: {values}',
    '{asked} 种组合中，{at} 之前{best}的是：{values}',
  ],
  byTotal: ['the largest total', '合计最高'],
  byUnhedged: ['the least unhedged time', '未对冲时间最少'],
  notLookedAt: ['What comes after was not looked at to choose it.', '选择时没有看此后的部分。'],
  course: ['Its course', '过程'],
  choose: ['Settings', '设置'],
  courseGone: [
    'Of a sweep this large only the course of the chosen settings is kept.',
    '组合这么多时，只保留所选设置的过程。',
  ],
  mark: ['{symbol}, mark', '{symbol}，标记价'],
  markOf: ['mark', '标记价'],
  gained: ['Equity of both accounts, gained, USDT', '两账户权益的增加，USDT'],
  booked: ['Spread and unwinds, booked, USDT', '已入账的价差与平仓，USDT'],
  net: ['Net that does not cancel, largest, USDT', '最大净额，USDT'],
  unhedgedMin: ['Unhedged, minutes of each interval', '未对冲，每段的分钟数'],
  volumeUsdt: ['Volume, USDT', '成交额，USDT'],
  touchCost: ['What hedging the open lots at the touch would lose, USDT', '按盘口对冲未对冲批次会损失的金额，USDT'],
  unknown: ['What a backtest cannot know, and what was odd in this one', '回测无从得知的，以及本次的异常'],
  shows: ['{file} shows it.', '已写入 {file}。'],
  speed: [
    '{hours} hours of market in {seconds} s: {times} times real time',
    '{seconds} 秒回放 {hours} 小时行情：实时的 {times} 倍',
  ],

  // --------------------------------------------------------------------------------------------------------------- notes
  unseen: [
    'Other people do not see these orders: nobody steps in front of them, follows them, or leaves because of them.',
    '其他人看不到这些订单：没有人抢在前面、跟随或因此撤走。',
  ],
  queued: [
    'Where in the queue an order stands is estimated: `conservative` lets it wait for all that stood there, `optimistic` fills it at a touch. The truth lies between.',
    '订单在队列中的位置是估计的：`conservative` 让它等前面的全部成交，`optimistic` 触价即成交。实际介于两者之间。',
  ],
  embedded: [
    'Of refusals, outages and limits only what the embedded exchange knows is met; latency is drawn, not measured.',
    '拒绝、故障和限制只有内置交易所具备的那些；延迟是随机抽取的，不是实测的。',
  ],
  past: ['A market that was is not the market that comes.', '过去的行情不等于将来的行情。'],
  drawn: [
    '{symbols}: the path within each candle, the trades’ sizes and their takers are drawn from the seed; open, high, low, close and volume are not.',
    '{symbols}：K 线内的路径、成交数量和 taker 方向由种子抽取；开、高、低、收和成交量不是。',
  ],
  noFunding: [
    'No funding was recorded, and no rate was given with --funding: none was paid.',
    '没有录制资金费，也没有用 --funding 给出费率：没有支付资金费。',
  ],
  noMarks: ['No marks were recorded: the middle of the book is the mark.', '没有录制标记价：以盘口中间价为标记价。'],
  noRow: [
    'No symbols file has a row of {symbols}; where nothing is set: {row}.',
    '标的文件中没有 {symbols} 的行；未设置处取：{row}。',
  ],
  gaps: [
    '{symbol}: {gaps} gaps, {minutes} minutes together, in which nothing traded.',
    '{symbol}：{gaps} 处缺口，共 {minutes} 分钟，其间没有成交。',
  ],
  crossed: ['{symbol}: {count} crossed books were not used.', '{symbol}：{count} 个买卖倒挂的盘口未使用。'],
  outside: [
    '{symbol}: {count} trades were outside the book of their moment.',
    '{symbol}：{count} 笔成交在当时的盘口之外。',
  ],
  manyAsked: [
    '{count} combinations of settings were asked for. Chosen is what was best in the first {percent} % of the time; of many, some are good by chance, and only the rest of the time tells.',
    '共 {count} 种设置组合。选出的是前 {percent} % 时间内最好的；组合一多，总有碰巧好的，只有其余时间才能说明问题。',
  ],
  interrupted: [
    '{count} runs were interrupted before the end of the time; their figures are of the time until then.',
    '{count} 次运行在结束前被中断；其数字只到中断为止。',
  ],
  failed: ['A run ended early: {failure}', '有一次运行提前结束：{failure}'],
  breached: [
    'The auditor found breaches in {count} runs: their figures are not to be trusted.',
    '审计在 {count} 次运行中发现违规：其数字不可信。',
  ],
  ownCandles: [
    '{symbol}: {orders} orders of the journal are of this time; what they traded cannot be taken out of candles.',
    '{symbol}：账本中有 {orders} 张订单属于这段时间；它们的成交无法从 K 线中去除。',
  ],
  ownPlayed: [
    'WARNING: the engine traded in this recording of {symbol}: {trades} trades and {levels} levels of books are its own. They are played as other people’s; --without takes them out.',
    '警告：引擎在 {symbol} 的这段录制中交易过：{trades} 笔成交和 {levels} 个盘口档位是它自己的。回放时按他人的处理；--without 可去除。',
  ],
  ownUnseen: [
    '{symbol}: {orders} orders of the journal are of this time, and none of their trades is in the recording. If it is of the exchange they stood at, --without takes them out.',
    '{symbol}：账本中有 {orders} 张订单属于这段时间，但录制中没有它们的成交。若录制来自它们所在的交易所，--without 可去除。',
  ],
  ownTakenOut: [
    '{symbol}: taken out as own were {trades} trades and {levels} levels of books, by {orders} orders of the journal. What they kept others from doing nobody knows.',
    '{symbol}：作为自己的去除了 {trades} 笔成交和 {levels} 个盘口档位，来自账本的 {orders} 张订单。它们对他人的影响无从得知。',
  ],
  ownElsewhere: [
    'WARNING: {symbol}: most books do not show these orders ({times} times): the journal may be of another market.',
    '警告：{symbol}：多数盘口中没有这些订单（{times} 次）：账本可能属于另一个市场。',
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export type BacktestWord = keyof typeof BACKTEST_WORDS;
export const backtestText = wordsOf(BACKTEST_WORDS);
export type BacktestWords = (name: BacktestWord, values?: Parameters<typeof backtestText>[2]) => string;

export function backtestWords(language: Language): BacktestWords {
  return (name, values) => backtestText(language, name, values);
}
