import type { OrderOutcome } from '../core/journal-entry.ts';
import type { Intent, LotMatch } from '../core/model.ts';
import { type Language, wordsOf } from './language.ts';

/** Texts of `why`: `{name}` stands for a value, `[…]` is left out if one of its values is missing. */
const WHY_WORDS = {
  order: [
    'Order {id}[: {instrument}, account {account}, {side} {size} @ {price}, {purpose}][, attempt {attempt}]',
    '订单 {id}[：{instrument}，账户 {account}，{side} {size} @ {price}，{purpose}][，第 {attempt} 次尝试]',
  ],
  takenAs: ['taken as {purpose}', '视为{purpose}'],
  pair: ['Pair: {pair}', '账户对：{pair}'],
  unknown: ['The journal does not know {id}.', '账本中没有 {id}。'],
  unknownOurs: [
    'By its id it is a strategy order: account {account}, {side} (strategy 9.2). It belongs to another journal (--journal FILE), or is older than what this one keeps (GRVT_HEDGE_JOURNAL_DAYS).',
    '按其编号是策略订单：账户 {account}，{side}（规则 9.2）。它属于另一账本（--journal 文件），或早于本账本的保留期（GRVT_HEDGE_JOURNAL_DAYS）。',
  ],
  unknownForeign: [
    'The journal does not know {id}, and it is no client id of a strategy order: it was placed by somebody else.',
    '账本中没有 {id}，它也不是策略订单的客户端订单号：由他人提交。',
  ],
  notHere: [
    'Why it was placed is not in this journal: the engine found it at the exchange and took it over (strategy 11.4).',
    '本账本中没有下这张单的原因：引擎在交易所发现它并接管（规则 11.4）。',
  ],
  adopted: [
    '{time} taken over[, {traded} traded before] (strategy 11.4)',
    '{time} 接管[，此前已成交 {traded}]（规则 11.4）',
  ],
  placing: ['What gave the order', '订单的由来'],
  decisionGone: [
    'The decision that asked for {intent} is older than what this journal keeps (GRVT_HEDGE_JOURNAL_DAYS).',
    '要求 {intent} 的决定早于本账本的保留期（GRVT_HEDGE_JOURNAL_DAYS）。',
  ],
  known: ['What was known at {time} (all times {zone})', '{time} 时已知（时间均为 {zone}）'],
  state: ['State', '状态'],
  stateIs: ['{state}: {why} (strategy 5)', '{state}：{why}（规则 5）'],
  notRead: ['{account}: not read', '{account}：未读取'],
  snapshot: ['{account}: {held}; read {seconds} s before', '{account}：{held}；{seconds} 秒前读取'],
  flat: ['flat', '空仓'],
  position: ['position {size} @ {price}, mark {mark}', '仓位 {size} @ {price}，标记价 {mark}'],
  seen: [
    '   order {side} {size} @ {price} {status}[, {traded} traded] ({id})',
    '   订单 {side} {size} @ {price} {status}[，已成交 {traded}]（{id}）',
  ],
  live: [
    'live: {account} {side} {size} @ {price}[, {waiting} filled and waiting][, {doubt}] ({id})',
    '有效：{account} {side} {size} @ {price}[，已成交待入账 {waiting}][，{doubt}]（{id}）',
  ],
  doubt: ['outcome unknown', '结果未知'],
  lot: ['open lot #{id}: {account} {side} {size} @ {price}', '未对冲批次 #{id}：{account} {side} {size} @ {price}'],
  valued: [
    'valued at {mark}: net {net} ({usdt} USDT), {hedged}; smallest tradable size {smallest} (strategy 3)',
    '按 {mark} 计价：净额 {net}（{usdt} USDT），{hedged}；最小可交易数量 {smallest}（规则 3）',
  ],
  hedged: ['hedged', '已对冲'],
  notHedged: ['not hedged', '未对冲'],
  withCreate: ['with it: {account} {side} {size}, {purpose}', '同时提交：{account} {side} {size}，{purpose}'],
  withCancel: [
    'with it: cancel {account} {side} {size} @ {price}: {why} (strategy {rule})',
    '同时撤销：{account} {side} {size} @ {price}：{why}（规则 {rule}）',
  ],
  side: ['side   {account} {side}: strategy {rule}, {words}', '方向   {account} {side}：规则 {rule}，{words}'],
  size: [
    'size   {size}: strategy {rule}, {words}[, order_notional_usdt {limit}]',
    '数量   {size}：规则 {rule}，{words}[，order_notional_usdt {limit}]',
  ],
  noGuard: ['guard  none: openings have none (strategy 7.2)', '保护价 无：开仓没有保护价（规则 7.2）'],
  guardBelow: [
    'guard  {price}: strategy 7.2, {words}; never below it',
    '保护价 {price}：规则 7.2，{words}；绝不低于它',
  ],
  guardAbove: [
    'guard  {price}: strategy 7.2, {words}; never above it',
    '保护价 {price}：规则 7.2，{words}；绝不高于它',
  ],
  none: ['none', '无'],
  price: ['price  {price}: {words}', '价格   {price}：{words}'],
  priceRule: ['strategy 7.1, {words}', '规则 7.1，{words}'],
  priceBook: [
    'the book read for this attempt had bid {bid}, ask {ask}; {rule}',
    '本次尝试读到的盘口为买一 {bid}、卖一 {ask}；{rule}',
  ],
  priceMoved: [
    "strategy 6.6, {words}: the other account's are at {others}",
    '规则 6.6，{words}：另一账户的订单在 {others}',
  ],
  priceGuarded: ['the guard is more passive and counts (strategy 7.1, 7.2)', '保护价更被动，以它为准（规则 7.1、7.2）'],
  nearer: [
    '       past the net only if nearer to the market than {price} (strategy 6.4)',
    '       只有比 {price} 更靠近市场才可越过净额（规则 6.4）',
  ],
  rules: ['rules  {rules} (docs/strategy.md)', '规则   {rules}（docs/strategy.md）'],
  sent: [
    "sent   {time}, attempt {attempt}, expires {expires} by the exchange's clock; its signed bytes are in the journal (strategy 9.3)",
    '发送   {time}，第 {attempt} 次尝试，按交易所时钟 {expires} 到期；其签名内容在账本中（规则 9.3）',
  ],
  answered: ['What the exchange answered', '交易所的答复'],
  noAnswer: ['nothing yet that the journal has', '账本中尚无答复'],
  answer: ['{time} {outcome}[: {detail}][, {traded} traded in all]', '{time} {outcome}[：{detail}][，共成交 {traded}]'],
  fills: ['Fills', '成交'],
  noFill: ['none booked', '没有入账的成交'],
  waiting: [
    '{time} partly filled, {filled} of {size} @ {price}: waiting for the rest, at most {rest} more (strategy 4.3)',
    '{time} 部分成交 {filled}/{size} @ {price}：等待其余部分，最多再等 {rest}（规则 4.3）',
  ],
  booked: ['{time} {size} @ {price}, net then {net}', '{time} {size} @ {price}，之后净额 {net}'],
  matched: [
    '   {verb} {size} of lot #{id} ({account} {side} @ {price}, {time}), gain {gain} USDT (strategy 4.4)',
    '   {verb}批次 #{id} 中的 {size}（{account} {side} @ {price}，{time}），收益 {gain} USDT（规则 4.4）',
  ],
  leaves: ['   leaves a lot of {size} @ {price}; {rest}', '   留下批次 {size} @ {price}；{rest}'],
  stillOpen: ['{size} of it is still open', '其中 {size} 仍未对冲'],
  allHedged: ['all of it is hedged', '已全部对冲'],
  hedgedLater: [
    '   hedged later, {time}: {size} @ {price} {by}, gain {gain} USDT, after {age}',
    '   之后对冲，{time}：{size} @ {price}，{by}，收益 {gain} USDT，历时 {age}',
  ],
  byOrder: ['by order {id}', '由订单 {id}'],
  byHand: ['by hand', '由人工'],
  byOutside: ['by a change from outside', '由外部变动'],
  cancels: ['Cancels', '撤单'],
  cancel: ['{time} cancel decided: {why} (strategy {rule})', '{time} 决定撤单：{why}（规则 {rule}）'],
  symbol: ['{symbol} since {time} {zone}', '{symbol}，自 {time} {zone} 起'],
  stretch: [
    '{time}  {state}  {what}{why}[ (strategy {rule})], for {lasted}{now}',
    '{time}  {state}  {what}{why}[（规则 {rule}）]，历时 {lasted}{now}',
  ],
  idle: ['nothing to submit: ', '不提交：'],
  untilNow: [', until now', '，至今'],
  nothing: [
    'The journal has nothing about {symbol} since {time} {zone}',
    '自 {time} {zone} 起，账本中没有 {symbol} 的任何内容',
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export const whyText = wordsOf(WHY_WORDS);
export type WhyWords = (name: keyof typeof WHY_WORDS, values?: Parameters<typeof whyText>[2]) => string;

export const PURPOSES: Readonly<Record<Language, Readonly<Record<Intent['purpose'], string>>>> = {
  en: { opening: 'opening', repair: 'repair' },
  zh: { opening: '开仓', repair: '对冲' },
};

export const MATCHES: Readonly<Record<Language, Readonly<Record<LotMatch['kind'], string>>>> = {
  en: { hedge: 'hedges', unwind: 'unwinds', netting: 'nets' },
  zh: { hedge: '对冲', unwind: '平掉', netting: '轧抵' },
};

export const OUTCOMES: Readonly<Record<Language, Readonly<Record<OrderOutcome['outcome'], string>>>> = {
  en: {
    resting: 'rests in the book',
    filled: 'filled',
    cancelled: 'cancelled',
    rejected: 'rejected by the matching engine',
    refused: 'refused, it was never an order',
    unsent: 'did not leave',
    absent: 'proven never to have existed (strategy 9.6)',
    unknown: 'no clear answer; it counts as live until there is proof (strategy 9.6)',
  },
  zh: {
    resting: '挂在盘口',
    filled: '已成交',
    cancelled: '已撤销',
    rejected: '被撮合引擎拒绝',
    refused: '被拒绝，从未成为订单',
    unsent: '未发出',
    absent: '已证明从未存在（规则 9.6）',
    unknown: '没有明确答复；得到证明之前视为有效（规则 9.6）',
  },
};

/** The rules that an order cites, in a few words each (docs/strategy.md has them whole). */
export const RULE_WORDS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {
    '6.1': 'equal, increase: each account opens on the side that grows its position',
    '6.2': 'equal, decrease: each account closes on the side that shrinks its position',
    '6.3': 'imbalanced: one account trades against the net; which one, by mode and limits',
    '6.4': 'size of a repair: what is not covered yet, at most one order',
    '6.5': 'both orders of an opening pair have one size',
    '6.6': 'no order of A may match one of B: one tick beyond',
    '7.1': 'a sell at the best ask or its guard, a buy at the best bid or its guard',
    '7.2': 'the guard: the hardest open lot the order would be matched with',
    '8.1': 'at most two live orders per account',
    '8.2': 'at most one live order per account while hedged or nearly so; orders on a wrong side go first',
  },
  zh: {
    '6.1': '已平衡、增仓：两账户各在使其仓位增大的方向开仓',
    '6.2': '已平衡、减仓：两账户各在使其仓位减小的方向平仓',
    '6.3': '未平衡：一个账户反向于净额交易；哪一个由模式和限额决定',
    '6.4': '对冲数量：尚未覆盖的部分，至多一张订单',
    '6.5': '一对开仓订单数量相同',
    '6.6': 'A 的订单不得与 B 的成交：再退一个最小变动',
    '7.1': '卖单取卖一或其保护价，买单取买一或其保护价',
    '7.2': '保护价：该订单会匹配的未对冲批次中最严的一个',
    '8.1': '每账户至多两张有效订单',
    '8.2': '已对冲或接近时每账户至多一张有效订单；方向不对的订单先撤',
  },
};
