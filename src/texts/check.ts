import type { LeavingWhy, TradingState } from '../core/model.ts';
import { type Language, wordsOf } from './language.ts';

/** Texts of `check`: `{name}` stands for a value, `[…]` is left out if one of its values is missing. */
export const CHECK_WORDS = {
  settings: [
    'Settings: {mode}, chain id {chainId}, trading at {host}',
    '设置：{mode}，链 ID {chainId}，交易地址 {host}',
  ],
  ownHosts: [
    'Hosts of your own: only the first order shows whether chain id {chainId} is right',
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
    '{symbol}: {why}: hedge-only until it is hedged, then it ends (strategy 16.3)',
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
    '  {count} non-strategy orders: ignored, and reported once each',
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
  traded: [', {size} traded', '，已成交 {size}'],
  host: ['Host for {what}: {origin}, {way}', '{what}主机：{origin}，{way}'],
  hostLogin: ['login', '登录'],
  hostTrading: ['trading', '交易'],
  hostMarketData: ['market data', '行情'],
  hostMessages: ['messages', '消息'],
  hostHeartbeat: ['the heartbeat', '心跳'],
  directly: ['directly', '直连'],
  throughProxy: ['through the proxy {proxy}', '经由代理 {proxy}'],
  journalServer: [
    'Journal: {name}, PostgreSQL {version}, synchronous_commit {commit}',
    '账本：{name}，PostgreSQL {version}，synchronous_commit {commit}',
  ],
  journalNew: [
    'Journal: no journal of {pair} yet; the first start creates it',
    '账本：尚无 {pair} 的任何内容；首次启动时建立',
  ],
  journalPair: [
    'Journal: {pair} up to entry {seq}, epoch {epoch}; {held}[{behind}]',
    '账本：{pair} 至第 {seq} 条，第 {epoch} 代；{held}[{behind}]',
  ],
  leaseFree: ['no engine holds its lease', '没有引擎持有其租约'],
  leaseHeld: ['engine {holder} holds its lease for {left} s', '引擎 {holder} 持有其租约，还有 {left} 秒'],
  journalBehind: [
    '; it may be behind: the next start reconciles both accounts',
    '；它可能落后：下次启动时核对两个账户',
  ],
  leverageUnknown: [
    'Account {account}: leverage and margin type unknown ({why})',
    '账户 {account}：杠杆与保证金模式未知（{why}）',
  ],
  leverageOfUnknown: [
    'Account {account}: {symbol} leverage and margin type unknown ({why})',
    '账户 {account}：{symbol} 杠杆与保证金模式未知（{why}）',
  ],
  notInAnswer: ['not in the answer', '应答中没有'],
  leverage: [
    'Account {account}: {symbol} leverage {leverage}[ ({least} to {most})], {margin}[{note}]',
    '账户 {account}：{symbol} 杠杆 {leverage}[（{least} 至 {most}）]，{margin}[{note}]',
  ],
  marginTypeUnknown: ['margin type unknown', '保证金模式未知'],
  isolatedNote: [": the account's margin ratio says nothing about it", '：账户的保证金率不反映它'],
  feesUnknown: ['Account {account}: fee tier unknown ({why})', '账户 {account}：费率等级未知（{why}）'],
  fees: [
    "Account {account}: fee tier {tier}, maker fee {maker}, taker fee {taker} (the exchange's integers)",
    '账户 {account}：费率等级 {tier}，挂单费率 {maker}，吃单费率 {taker}（交易所的整数）',
  ],
  selfTradeUnknown: [
    'Self-trade prevention: unknown whether both accounts are under one funding account',
    '自成交防护：不知道两个账户是否属于同一资金账户',
  ],
  selfTradeOne: [
    'Self-trade prevention: both accounts are under one funding account, so it applies between them',
    '自成交防护：两个账户属于同一资金账户，因此双方订单相遇时会触发',
  ],
  selfTradeTwo: [
    'Self-trade prevention: two funding accounts, so it does not apply between them',
    '自成交防护：两个资金账户，因此两者之间不触发',
  ],
  leverageAbove: [
    "{symbol}: account {account} has leverage {leverage}, and at the symbol's maximum position ({most} USDT an account) the exchange allows {allowed}: orders will be refused",
    '{symbol}：账户 {account} 的杠杆为 {leverage}，而在该标的的最大仓位（每账户 {most} USDT）下交易所只允许 {allowed}：订单会被拒绝',
  ],
  positionAbove: [
    "{symbol}: the symbol's maximum position ({most} USDT an account) is {size} at {price}, and the exchange allows {allowed}: orders will be refused",
    '{symbol}：该标的的最大仓位（每账户 {most} USDT）按 {price} 为 {size}，而交易所只允许 {allowed}：订单会被拒绝',
  ],
  marginRulesUnknown: ['{symbols}: margin rules unknown ({why})', '{symbols}：保证金规则未知（{why}）'],
  margins: [
    'Account {account}: margin ratio {ratio}, {free}[, nearest liquidation {distance} from the mark ({symbol})]',
    '账户 {account}：保证金率 {ratio}，{free}[，最近强平距标记价 {distance}（{symbol}）]',
  ],
  free: ['{usdt} USDT free', '可用 {usdt} USDT'],
  freeUnknown: ['free margin not known', '可用保证金未知'],
  marginsOf: ['Margins of {time}:', '{time} 的保证金：'],
  noLevelling: ['Levelling: none, {why}', '均衡：无，{why}'],
  levelling: [
    'Levelling: {usdt} USDT from {from} to {to}[{bound}][{route}]: margin ratios {ratioA} and {ratioB} (strategy 17.5)',
    '均衡：从 {from} 划转 {usdt} USDT 到 {to}[{bound}][{route}]：保证金率 {ratioA} 与 {ratioB}（规则 17.5）',
  ],
  asMuchAs: [', as much as {from} may give', '，{from} 最多可划出的金额'],
  withinFunding: [', between trading accounts of one funding account', '，在同一资金账户的交易账户之间'],
  acrossFunding: [
    ', through two funding accounts: out of one and into the other',
    '，经由两个资金账户：从一个转出，转入另一个',
  ],
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

export const TRADING_STATE_NAMES: Readonly<Record<Language, Readonly<Record<TradingState, string>>>> = {
  en: {
    equal: 'equal',
    imbalanced: 'imbalanced',
    'partial-wait': 'partial-wait',
    capped: 'capped',
    cooldown: 'cooldown',
  },
  zh: { equal: '已平衡', imbalanced: '未平衡', 'partial-wait': '部分成交等待', capped: '已达上限', cooldown: '冷却' },
};

export const checkText = wordsOf(CHECK_WORDS);
