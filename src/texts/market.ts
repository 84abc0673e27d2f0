import { wordsOf } from './language.ts';

/** Texts of `market` and `record`: `{name}` stands for a value, `[…]` is left out if one of its values is missing. */
export const MARKET_WORDS = {
  nothing: ['{market}: no market is stored there', '{market}：此处没有保存行情'],
  symbol: ['symbol', '标的'],
  from: ['from', '自'],
  to: ['to', '至'],
  days: ['days', '天数'],
  megabytes: ['MB', '大小 MB'],
  missing: ['days missing', '缺少的日期'],
  none: ['none', '无'],
  andMore: ['{days} and {more} more', '{days} 等，另有 {more} 天'],

  day: ['day', '日期'],
  trades: ['trades', '成交'],
  books: ['books', '盘口'],
  marks: ['marks', '标记价'],
  funding: ['funding', '资金费'],
  candles: ['candles', 'K 线'],
  gaps: ['gaps', '缺口'],
  gapTime: ['gap time', '缺口时长'],
  crossed: ['crossed', '买卖倒挂'],
  outside: ['outside', '盘口外成交'],
  rulesChanged: ['rules changed', '规则变更'],
  minutes: ['{minutes} min', '{minutes} 分钟'],
  daysMissing: ['  days missing: {days}', '  缺少的日期：{days}'],
  intact: ['Everything is intact.', '全部完好。'],
  damaged: ['{count} places are damaged.', '{count} 处损坏。'],

  imported: [
    '{rows} {kind} of {symbol} from {from} to {to} are in {market}.',
    '{symbol} 的 {rows} 条{kind}（{from} 至 {to}）已写入 {market}。',
  ],
  readAs: [
    'Read with the delimiter {delimiter}, times {times}[, candles of {seconds} s].',
    '分隔符为 {delimiter}，时间{times}[，K 线为 {seconds} 秒]。',
  ],
  tab: ['tab', '制表符'],
  asDates: ['as dates, UTC where no zone is given', '为日期，未写时区的按 UTC'],
  inUnit: ['in {unit}', '单位为 {unit}'],
  rounded: [
    'Brought to the tick of {tick}: {prices} prices; to the step of {step}: {sizes} sizes[; left out as smaller than a step: {small} trades].',
    '价格按 tick {tick} 取整：{prices} 个；数量按步长 {step} 取整：{sizes} 个[；小于一个步长而略去：{small} 笔成交]。',
  ],
  gapsIn: ['Gaps: {gaps}, {minutes} minutes together.', '缺口：{gaps} 处，共 {minutes} 分钟。'],
  sideDrawn: [
    'No column names the taker’s side: a trade above the one before counts as a buy, below it as a sell.',
    '没有列给出 taker 方向：高于前一笔的成交视为买入，低于的视为卖出。',
  ],

  recorded: [
    '{books} books, {trades} trades, {marks} marks, {gaps} gaps[, {unreadable} frames that could not be read][, {clockBack} records while our clock was set back]',
    '{books} 个盘口，{trades} 笔成交，{marks} 个标记价，{gaps} 处缺口[，{unreadable} 个无法读取的帧][，本机时钟被回拨期间 {clockBack} 条记录]',
  ],
  areIn: ['{what}. They are in {market}.', '{what}。已写入 {market}。'],
  fetching: ['{symbol}: {rows} {kind} up to {to}', '{symbol}：{rows} 条{kind}，至 {to}'],
  fetched: [
    '{symbol}: {rows} {kind}[ and {rates} funding rates] from {from} to {to}, {pages} pages[, {waits} waits for the limit]',
    '{symbol}：{rows} 条{kind}[和 {rates} 个资金费率]，{from} 至 {to}，{pages} 页[，因限额等待 {waits} 次]',
  ],
  making: ['{done} of {hours} hours', '{done}/{hours} 小时'],
  made: [
    '{hours} hours: {books} books, {trades} trades, {marks} marks',
    '{hours} 小时：{books} 个盘口，{trades} 笔成交，{marks} 个标记价',
  ],
  interrupted: [
    'interrupted: the partial result follows; interrupt again to end at once',
    '已中断：随后给出部分结果；再次中断立即结束',
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export const marketText = wordsOf(MARKET_WORDS);
