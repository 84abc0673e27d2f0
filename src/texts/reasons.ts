import type { NoLevelling } from '../core/model.ts';
import { isReason, type QuotedOrder, type Reason, type ReasonCode, type ReasonParams } from '../core/reasons.ts';
import { CODES, FIELD_PROBLEMS, REJECTIONS } from './exchange-words.ts';
import { journalTextsEn, journalTextsZh } from './journal-reasons.ts';
import { type Language, SIDES, type Texts } from './language.ts';
import { lockTextsEn, lockTextsZh } from './lock-reasons.ts';
import { settingTextsEn, settingTextsZh } from './setting-reasons.ts';
import { START_EN, START_ZH } from './start-reasons.ts';

/** Texts of every reason in every language (strategy 12), used by log, page, alerts, `status` and `why`. */

/** Why no transfer between the accounts is advised (strategy 17.5). */
export const WHY_NOT_LEVELLED: Readonly<Record<Language, Readonly<Record<NoLevelling, string>>>> = {
  en: {
    'no-margin': 'no position needs margin',
    'no-equity': 'the accounts have no equity together',
    isolated: 'a position has isolated margin, which the account’s ratio does not include',
    'not-known': 'the exchange does not say what may be transferred',
    level: 'the margin ratios are equal to a cent',
    'nothing-to-give': 'the account with the lower ratio may not transfer anything',
  },
  zh: {
    'no-margin': '没有需要保证金的仓位',
    'no-equity': '两账户合计没有权益',
    isolated: '有逐仓仓位，账户保证金率不反映它',
    'not-known': '交易所未给出可划转金额',
    level: '两账户保证金率已相等（精确到分）',
    'nothing-to-give': '保证金率较低的账户没有可划出的金额',
  },
};

type ReasonTexts = { readonly [C in ReasonCode]: (params: ReasonParams[C]) => string };

const EN: ReasonTexts = {
  'no-data': ({ accounts }) => `no data of ${accounts.join(' and ')} yet`,
  'data-old': ({ account, seconds }) => `data of ${account} are ${seconds} s old`,
  'data-before-clock-step': ({ account }) => `data of ${account} are from before our clock was set back`,
  'reading-twice': () => 'own orders rest here: waiting for two equal reads',
  'position-differs': ({ account, difference }) => `position of ${account} differs from the ledger by ${difference}`,
  'split-found': ({ ratio }) => `both positions changed by one ratio, ${ratio}, as in a split: paused until a restart`,
  unlisted: () => 'the exchange does not list it: no new orders until it does',
  'unlisted-and-flat': () => 'the exchange does not list it: no new orders until it does; both accounts are flat',
  'mark-not-positive': () => 'the mark price is not above zero',
  draining: () => 'the engine stops',

  flat: () => 'flat',
  hedged: ({ A, B }) => `hedged: A ${A}, B ${B}`,
  imbalanced: ({ net, usdt }) => `net ${net} (${usdt} USDT)`,
  'partly-filled': ({ account, side, traded, size }) => `${account} ${side} is filled in part: ${traded} of ${size}`,
  'limits-block-openings': () => 'the limits allow no opening',
  'limits-block-repairs': ({ net }) => `net ${net}, and the limits block both ways to repair it`,
  resting: ({ by, seconds }) => `${reasonText(by, 'en')}, ${seconds} s left`,
  'attempts-used-up': ({ attempts }) => `${attempts} post-only attempts used up`,
  'order-refused': ({ refusal }) => `the exchange refused an order (${reasonText(refusal, 'en')})`,
  'order-ended': ({ refusal }) => `the exchange ended an order (${reasonText(refusal, 'en')})`,

  'symbol-failed': () =>
    'its part of the engine failed and is started again (see the log); its orders are not watched meanwhile',
  halted: () => 'an invariant broke: no new orders for this symbol until a restart',
  'hedge-only': () => 'hedge-only: hedged, and nothing is opened',
  held: () => 'hold: nothing is submitted until it is resumed',
  paused: () => 'paused: nothing is submitted until it is resumed',
  'awaits-price': () => 'waiting for a price that the rules allow',
  'awaits-book': () => 'waiting for a book to size an opening by',
  'awaits-ends': () => 'waiting for the last submission to end and to show in the data',
  'mark-doubtful': (mark) => `the mark is doubtful: ${markFigures(mark)}`,
  'mark-in-question': (mark) => `the mark is not confirmed yet: ${markFigures(mark)}`,
  'nothing-to-close': () => 'flat: nothing left to close',
  'poller-started': () => 'the account’s poller has started',
  'stream-lacks-order': ({ clientOrderId, instrument, seconds }) =>
    `no stream frame of order ${clientOrderId} of ${instrument} within ${seconds} s after REST showed it`,
  'stream-subscribed': () => 'subscribed',
  'stream-closed': () => 'closed',
  'stream-session-over': () => 'the session was renewed or has ended',
  'stream-symbol-added': () => 'a symbol was added',
  'stream-silent': ({ seconds }) => `silent for ${seconds} s`,
  'stream-unacknowledged': ({ streams, seconds }) => `no acknowledgement of ${streams} within ${seconds} s`,
  'stream-refused': ({ code, words }) => `refused: ${code} ${words}`.trim(),
  'stream-handshake-refused': ({ status }) => `handshake refused: HTTP ${status}`,
  'stream-not-subscribed': ({ stream, selectors }) => `not subscribed to ${stream} ${selectors}`,
  'stream-gap': ({ stream, sequence, after }) => `gap in ${stream}: ${sequence} after ${after}`,
  'stream-not-json': () => 'a frame that is not JSON',
  'stream-frame-unknown': () => 'a frame that is neither a feed nor an answer',
  'stream-frame-unusable': ({ stream, answer }) => `an unusable frame of ${stream}: ${reasonText(answer, 'en')}`,
  'stream-failed': ({ words }) => words,
  'stream-disconnected': ({ code }) => `disconnected (${code})`,
  'stream-disagrees': () => 'two full reads in a row show another position than its stream',
  'streams-disagree': ({ instruments }) => `${instruments} instruments disagree with their streams`,
  'awaits-journal': () => 'the journal’s database does not answer: nothing is created until it does',
  'openings-stopped': ({ by }) => `openings are stopped: ${reasonText(by, 'en')}`,
  'margin-stop': ({ account, ratio, limit }) => `margin ratio ${ratio} of account ${account} has reached ${limit}`,
  'loss-stop': ({ loss, limit }) => `the loss of the day, ${loss} USDT, has reached ${limit}`,
  'account-parked': ({ account }) => `account ${account} is parked: no openings on either account`,
  'openings-only-reduce': ({ account }) => `account ${account} may only reduce its positions: no openings`,
  'repairs-only-reduce': ({ account }) => `account ${account} may only reduce its positions: no repair grows one`,
  quoting: ({ orders }) => `quoting: ${orders.map((order) => quoted(order, 'en')).join(', ')}`,
  'awaits-order-gone': ({ account }) => `waiting for ${account}'s order to end`,
  'awaits-opening': ({ accounts }) => `waiting for an opening of ${accounts.join(' and ')} to rest`,
  limited: ({ setting, limit, left, wanted }) =>
    `${setting} ${limit} leaves ${left} USDT an order, less than half of ${wanted}`,
  'opening-too-small': ({ size, smallest }) => `an opening of ${size} is below the smallest tradable size ${smallest}`,
  'repair-too-small': ({ size, smallest }) => `a repair of ${size} is below the smallest tradable size ${smallest}`,
  covered: ({ open, net }) => `live orders of ${open} cover the net of ${net}`,
  'unknown-against-net': () => 'the outcome of an order against the net is not known yet',
  'neither-may-repair': () => 'neither account may repair at the moment',
  'orders-clipped': ({ symbol, largest }) =>
    `${symbol}: orders are clipped to ${largest}, the largest size a signature can carry`,
  'orders-at-cap': ({ account, live, cap }) => `${account} already has ${live} of ${cap} orders`,

  levelling: ({ from, to, amount, isBounded, ratioA, ratioB }) =>
    `a transfer of ${amount} USDT from ${from} to ${to}${isBounded ? ` (the most ${from} may transfer)` : ''} would make the margin ` +
    `ratios ${ratioA} % and ${ratioB} %`,
  'no-levelling': ({ why }) => `no transfer is advised: ${WHY_NOT_LEVELLED.en[why]}`,

  'trial-over': () => 'it has the trial’s amount, and the trial is over',
  'over-low-diff-cap': () => 'Cancelled extra strategy order due to low diff account cap',
  'over-cap': ({ account, cap }) => `more than ${cap} strategy orders on ${account}`,
  'past-net': ({ side }) => `a ${side} would go past the net`,
  'not-a-repair': ({ side, isListed }) =>
    `${isListed ? 'hedge-only' : 'the exchange does not list it'}: a ${side} that does not repair`,
  opens: () => 'it is an opening, and none is allowed now',
  'not-wanted': () => 'the symbol is on hold: every own order is cancelled',
  'order-on-unlisted': () => 'the exchange does not list it',
  'opens-at-doubtful-mark': () => 'the mark is doubtful',
  'worth-too-much': ({ usdt, most }) => `it is worth ${usdt} USDT, more than ${most}`,
  'room-too-small': ({ room, remaining }) => `the limits leave ${room} of its ${remaining}`,
  'without-partner': ({ account }) => `account ${account} cannot open its leg`,
  'before-split': () => 'its units and price are from before a split',
  'remainder-too-small': ({ size }) => `what is left of the opening, ${size}, is no longer tradable`,
  'not-the-opening-side': ({ account, side }) => `a ${side} of ${account} is not on the opening side now`,
  'grows-net': ({ side }) => `a ${side} would grow the net`,
  'towards-limit': () => 'it would move the total towards its limit',
  'closes-nothing': () => 'there is no position for it to close',

  'no-mark': ({ book }) => `no mark: ${reasonText(book, 'en')}`,
  'book-empty': () => 'the book is empty',
  'book-without-bids': () => 'the book has no bids',
  'book-without-asks': () => 'the book has no asks',
  'book-impossible': ({ bid, ask }) => `the book has an impossible price: bid ${bid}, ask ${ask}`,
  'book-crossed': ({ bid, ask }) => `the book is crossed: bid ${bid}, ask ${ask}`,
  'book-unread': () => 'the book cannot be read',

  'price-not-positive': ({ price }) => `no price above zero is left: ${price}`,
  'price-unsignable': ({ price, most }) => `price ${price} is more than a signature can carry, ${most}`,
  'size-below-minimum': ({ size, minimum }) => `size ${size} is below min_size ${minimum}`,
  'size-off-step': ({ size, step }) => `size ${size} is no multiple of the step ${step}`,
  'notional-below-minimum': ({ notional, minimum }) =>
    `size × price = ${notional} USDT is below min_notional ${minimum}`,
  'worth-too-much-at-book': ({ size, usdt, most }) =>
    `size ${size} is worth ${usdt} USDT at this book, more than ${most}`,
  'not-nearer': ({ price, than }) => `price ${price} is not nearer to the market than ${than}`,
  'instrument-unknown': () => 'the exchange lists no such instrument',
  'gateway-replaced': () => 'the gateway that submitted it has failed',
  'decided-before-clock-step': () => 'our clock was set back since the data it was decided on were read',
  'decided-on-old-data': () => 'the data it was decided on are too old by now',
  'fill-booked-since': () => 'a fill was booked since it was decided',
  'gateway-drains': () => 'the engine drains',
  'accounts-parked': ({ accounts }) => `account ${accounts.join(' and ')} is parked`,
  'queue-full': ({ account, waiting }) => `${waiting} intents are waiting on account ${account}`,
  'attempts-failed': ({ attempts, last }) => `${attempts} attempts failed: ${reasonText(last, 'en')}`,
  'part-failed': ({ message }) => message,
  'not-recorded': ({ message }) => `the attempt could not be signed and written down: ${reasonText(message, 'en')}`,
  'outcome-not-recorded': ({ clientOrderId, why }) => `order ${clientOrderId}: ${reasonText(why, 'en')}`,
  'journal-not-compacted': ({ why }) => `old entries could not be removed: ${reasonText(why, 'en')}`,

  rejected: ({ word }) => word,
  'book-call-failed': ({ why }) => `the book could not be read: ${reasonText(why, 'en')}`,
  'impossible-answer': ({ word }) => `an answer that cannot be ours: ${word}`,
  'never-confirmed': () => 'acknowledged, and not confirmed in any state since',
  'no-outcome-in-journal': () => 'found in the journal without an outcome',
  'missing-since-confirmed': () => 'confirmed before, and now missing',
  'proven-to-exist': ({ status }) => `the exchange says ${status}`,
  'proven-absent': ({ by }) =>
    `${by === 'expiry' ? 'expired by the exchange’s clock' : 'fenced by a cancel'}; order says 1004, open_orders and order_history lack it`,

  'stop-asked': ({ by }) => by,
  'stop-commanded': ({ by }) => `a command of ${by}`,
  'run-time-over': ({ seconds }) => `the run time of ${seconds} s is over`,
  'defect-found': ({ message }) => `a defect: ${message}`,

  'answered-with-code': ({ code, words, status, check }) => {
    const meaning = CODES[code]?.[0];
    const settings = check.length === 0 ? '' : ` (check ${check.join(' and ')})`;
    return `${meaning === undefined ? '' : `${meaning}${settings}: `}${code} ${JSON.stringify(words)} (HTTP ${status})`;
  },
  'answered-with-status': ({ status }) => `HTTP ${status}`,
  'answered-with-redirect': ({ status }) => `HTTP ${status}, a redirect`,
  'answered-unreadably': ({ status, body }) => `HTTP ${status} with an unreadable body: ${reasonText(body, 'en')}`,
  'body-empty': () => 'the body is empty',
  'body-html': ({ characters }) => `the body is HTML (${characters} characters)`,
  'body-not-json': ({ characters }) => `the body is no JSON (${characters} characters)`,
  'no-answer': ({ seconds }) => `no answer within ${seconds} s`,
  network: ({ code, words }) => (code === '' ? words : `${code}: ${words}`),
  'never-left': ({ why }) => `never sent: ${reasonText(why, 'en')}`,
  'append-slow': ({ ms }) => `its journal entry was begun ${ms} ms ago, too long for it to be sent`,
  'lease-short': ({ ms }) => `${ms} ms of the lease are left: another engine may take over before it arrives`,
  'order-of-successor': () => 'the lease has run out, and this order may be another engine’s',
  'no-session': ({ login }) => `no session: ${reasonText(login, 'en')}`,
  'budget-waited': ({ seconds }) => `waited ${seconds} s for the request budget`,
  'budget-full': ({ waiting }) => `${waiting} requests are waiting already`,
  'engine-closes': () => 'the engine is closing',
  'page-repeated': () => 'next: names a page already read',
  'too-many-pages': ({ pages }) => `more than ${pages} pages: not read to the end, so it proves nothing`,
  'login-refused': ({ answer, key }) =>
    `${reasonText(answer, 'en')}: check ${key}, the key's IP list, whether the exchange serves this region, and GRVT_EDGE_URL`,
  'not-a-login': ({ answer }) =>
    `${reasonText(answer, 'en')}: no answer to a login; if it stays so, check GRVT_EDGE_URL and what stands between here and it`,
  'without-cookie': ({ status, body }) =>
    `HTTP ${status} without a session cookie${body === null ? '' : `, ${reasonText(body, 'en')}`}`,
  'without-account-id': ({ status }) => `HTTP ${status} without X-Grvt-Account-Id`,
  'cookie-ended': () => 'the session cookie has ended already by the exchange’s clock',
  'key-not-accepted': ({ status }) => `HTTP ${status} without a session cookie: the API key was not accepted`,
  'unusable-answer': ({ field, problem }) => `${field === '' ? 'answer' : field}: ${reasonText(problem, 'en')}`,
  'field-missing': () => 'missing',
  'field-zero': () => 'is zero',
  'field-missing-or-zero': () => 'is missing or zero',
  'field-not-positive': ({ found }) => `must be above 0, is ${found}`,
  'field-odd': ({ expected, found }) => `${FIELD_PROBLEMS[expected]?.[0] ?? expected}, found ${found}`,
  'field-for-another': ({ found, asked }) => `is ${found}, asked for ${asked}`,
  'field-of-other-account': ({ found, own }) => `is ${found}, not this account's ${own}`,
  'level-not-further': ({ price, before }) => `${price} is not further than ${before}`,
  'traded-above-size': ({ traded, size }) => `${traded} is more than the size ${size}`,
  'traded-without-price': () => 'is missing or zero though something traded',
  'filled-without-trade': () => 'is zero though the order is FILLED',
  'filled-in-part': ({ traded, size }) => `is ${traded}, not the size ${size} though the order is FILLED`,
  'row-nameless': () => 'order_id and metadata.client_order_id: neither can be read',
  ...START_EN,
  ...settingTextsEn((why) => reasonText(why, 'en')),
  ...lockTextsEn((why) => reasonText(why, 'en')),
  ...journalTextsEn((why) => reasonText(why, 'en')),
  'start-failed': ({ call, account, why, keysOf }) =>
    callFailed('en', call, account, why) +
    (keysOf === null
      ? ''
      : `; check GRVT_TRADING_API_KEY_${keysOf} and GRVT_TRADING_ACCOUNT_ID_${keysOf}: ` +
        'whether that key belongs to that account, may trade, and may be used from here'),
  'other-engine-unknown': ({ call, account, why }) =>
    `whether another engine trades these accounts is unknown: ${callFailed('en', call, account, why)}`,
};

const ZH: ReasonTexts = {
  'no-data': ({ accounts }) => `尚无账户 ${accounts.join('、')} 的数据`,
  'data-old': ({ account, seconds }) => `账户 ${account} 的数据已过去 ${seconds} 秒`,
  'data-before-clock-step': ({ account }) => `账户 ${account} 的数据早于本机时钟回拨`,
  'reading-twice': () => '先读两遍现状：该标的有挂单',
  'position-differs': ({ account, difference }) => `账户 ${account} 的持仓与账本相差 ${difference}`,
  'split-found': ({ ratio }) => `两个账户持仓按同一比例 ${ratio} 变化，疑似拆分：重启之前暂停`,
  unlisted: () => '交易所已下架：重新上架之前不下新单',
  'unlisted-and-flat': () => '交易所已下架，两个账户均无持仓：重新上架之前不下新单',
  'mark-not-positive': () => '标记价不大于零',
  draining: () => '引擎停止',

  flat: () => '空仓',
  hedged: ({ A, B }) => `已对冲：A ${A}，B ${B}`,
  imbalanced: ({ net, usdt }) => `净额 ${net}（${usdt} USDT）`,
  'partly-filled': ({ account, side, traded, size }) => `${account} ${SIDES.zh[side]} 部分成交：${traded} / ${size}`,
  'limits-block-openings': () => '限额不允许开仓',
  'limits-block-repairs': ({ net }) => `净额 ${net}，限额使两种对冲方式都不可行`,
  resting: ({ by, seconds }) => `${reasonText(by, 'zh')}，还剩 ${seconds} 秒`,
  'attempts-used-up': ({ attempts }) => `${attempts} 次 post-only 尝试用尽`,
  'order-refused': ({ refusal }) => `交易所拒绝了订单（${reasonText(refusal, 'zh')}）`,
  'order-ended': ({ refusal }) => `交易所终止了订单（${reasonText(refusal, 'zh')}）`,

  'symbol-failed': () => '引擎中负责该标的的部分出错，正在重新启动（见日志）；在此期间无人照管其订单',
  halted: () => '违反不变式：重启之前该标的不下新单',
  'hedge-only': () => '仅对冲：已对冲，不开仓',
  held: () => '冻结：恢复之前不下任何单',
  paused: () => '暂停：恢复之前不下任何单',
  'awaits-price': () => '等待规则允许的价格',
  'awaits-book': () => '等待盘口以确定开仓量',
  'awaits-ends': () => '等待之前的请求结束',
  'mark-doubtful': (mark) => `标记价格可疑：${markFiguresZh(mark)}`,
  'mark-in-question': (mark) => `标记价格待确认：${markFiguresZh(mark)}`,
  'nothing-to-close': () => '空仓：没有可平的',
  'poller-started': () => '该账户的轮询器已启动',
  'stream-lacks-order': ({ clientOrderId, instrument, seconds }) =>
    `REST 已显示 ${instrument} 的订单 ${clientOrderId}，${seconds} 秒内推送中仍没有`,
  'stream-subscribed': () => '已订阅',
  'stream-closed': () => '已关闭',
  'stream-session-over': () => '会话已更新或已结束',
  'stream-symbol-added': () => '新增了交易对',
  'stream-silent': ({ seconds }) => `${seconds} 秒没有消息`,
  'stream-unacknowledged': ({ streams, seconds }) => `${seconds} 秒内未收到 ${streams} 的订阅确认`,
  'stream-refused': ({ code, words }) => `被拒绝：${code} ${words}`.trim(),
  'stream-handshake-refused': ({ status }) => `握手被拒绝：HTTP ${status}`,
  'stream-not-subscribed': ({ stream, selectors }) => `未订阅 ${stream} ${selectors}`,
  'stream-gap': ({ stream, sequence, after }) => `${stream} 缺少消息：${after} 之后是 ${sequence}`,
  'stream-not-json': () => '收到的消息不是 JSON',
  'stream-frame-unknown': () => '收到的消息既非推送也非应答',
  'stream-frame-unusable': ({ stream, answer }) => `${stream} 的消息无法使用：${reasonText(answer, 'zh')}`,
  'stream-failed': ({ words }) => words,
  'stream-disconnected': ({ code }) => `连接已断开（${code}）`,
  'stream-disagrees': () => '连续两次完整读取的持仓都与推送不同',
  'streams-disagree': ({ instruments }) => `${instruments} 个标的与其推送不一致`,
  'awaits-journal': () => '日志数据库无响应：恢复之前不下新单',
  'openings-stopped': ({ by }) => `停止开仓：${reasonText(by, 'zh')}`,
  'margin-stop': ({ account, ratio, limit }) => `账户 ${account} 的保证金率 ${ratio} 达到 ${limit}`,
  'loss-stop': ({ loss, limit }) => `当日亏损 ${loss} USDT 达到 ${limit}`,
  'account-parked': ({ account }) => `账户 ${account} 已停用：两个账户都不开仓`,
  'openings-only-reduce': ({ account }) => `账户 ${account} 只能减仓：不开仓`,
  'repairs-only-reduce': ({ account }) => `账户 ${account} 只能减仓：不下会增仓的对冲单`,
  quoting: ({ orders }) => `挂单中：${orders.map((order) => quoted(order, 'zh')).join('，')}`,
  'awaits-order-gone': ({ account }) => `等待账户 ${account} 的订单结束`,
  'awaits-opening': ({ accounts }) => `等待账户 ${accounts.join('、')} 的开仓单挂上`,
  limited: ({ setting, limit, left, wanted }) => `${setting} ${limit} 使每单只剩 ${left} USDT，不足 ${wanted} 的一半`,
  'opening-too-small': ({ size, smallest }) => `开仓量 ${size} 低于最小可交易量 ${smallest}`,
  'repair-too-small': ({ size, smallest }) => `对冲量 ${size} 低于最小可交易量 ${smallest}`,
  covered: ({ open, net }) => `在挂订单 ${open} 已覆盖净额 ${net}`,
  'unknown-against-net': () => '一张反向订单的结果尚未查明',
  'neither-may-repair': () => '两个账户目前都不能对冲',
  'orders-clipped': ({ symbol, largest }) => `${symbol}：订单按签名可承载的最大数量 ${largest} 截断`,
  'orders-at-cap': ({ account, live, cap }) => `账户 ${account} 已有 ${live} / ${cap} 张订单`,

  levelling: ({ from, to, amount, isBounded, ratioA, ratioB }) =>
    `从 ${from} 划转 ${amount} USDT 到 ${to}${isBounded ? `（${from} 最多可划出的金额）` : ''}后，保证金率为 A ${ratioA} %、B ${ratioB} %`,
  'no-levelling': ({ why }) => `无划转建议：${WHY_NOT_LEVELLED.zh[why]}`,

  'trial-over': () => '按试运行金额挂出，试运行已结束',
  'over-low-diff-cap': () => '差额小，每账户一单，撤销多余订单',
  'over-cap': ({ account, cap }) => `账户 ${account} 的策略订单超过 ${cap} 张`,
  'past-net': ({ side }) => `${SIDES.zh[side]}会超过净额`,
  'not-a-repair': ({ side, isListed }) => `${isListed ? '仅对冲' : '交易所已下架'}：该${SIDES.zh[side]}单不用于对冲`,
  opens: () => '该单为开仓，目前不开仓',
  'not-wanted': () => '该标的已冻结：撤销所有本策略订单',
  'order-on-unlisted': () => '交易所已下架',
  'opens-at-doubtful-mark': () => '标记价格可疑',
  'worth-too-much': ({ usdt, most }) => `价值 ${usdt} USDT，超过 ${most}`,
  'room-too-small': ({ room, remaining }) => `限额在其 ${remaining} 中只剩 ${room}`,
  'without-partner': ({ account }) => `账户 ${account} 无法开仓`,
  'before-split': () => '单位和价格为拆分之前',
  'remainder-too-small': ({ size }) => `开仓单剩余 ${size} 已不可交易`,
  'not-the-opening-side': ({ account, side }) => `账户 ${account} 的${SIDES.zh[side]}不是现在的开仓方向`,
  'grows-net': ({ side }) => `${SIDES.zh[side]}会扩大净额`,
  'towards-limit': () => '会使总额靠近限额',
  'closes-nothing': () => '没有可平的持仓',

  'no-mark': ({ book }) => `没有标记价：${reasonText(book, 'zh')}`,
  'book-empty': () => '盘口为空',
  'book-without-bids': () => '盘口没有买单',
  'book-without-asks': () => '盘口没有卖单',
  'book-impossible': ({ bid, ask }) => `盘口价格不可能：买 ${bid}，卖 ${ask}`,
  'book-crossed': ({ bid, ask }) => `盘口交叉：买 ${bid}，卖 ${ask}`,
  'book-unread': () => '盘口读取失败',

  'price-not-positive': ({ price }) => `没有大于零的价格：${price}`,
  'price-unsignable': ({ price, most }) => `价格 ${price} 超过签名可表示的 ${most}`,
  'size-below-minimum': ({ size, minimum }) => `数量 ${size} 低于 min_size ${minimum}`,
  'size-off-step': ({ size, step }) => `数量 ${size} 不是步长 ${step} 的整数倍`,
  'notional-below-minimum': ({ notional, minimum }) => `数量 × 价格 = ${notional} USDT，低于 min_notional ${minimum}`,
  'worth-too-much-at-book': ({ size, usdt, most }) => `数量 ${size} 按此盘口价值 ${usdt} USDT，超过 ${most}`,
  'not-nearer': ({ price, than }) => `价格 ${price} 并不比 ${than} 更靠近市场`,
  'instrument-unknown': () => '交易所没有该标的',
  'gateway-replaced': () => '提交它的网关已出错',
  'decided-before-clock-step': () => '所依据的数据早于本机时钟回拨',
  'decided-on-old-data': () => '所依据的数据已过旧',
  'fill-booked-since': () => '决定之后又有成交入账',
  'gateway-drains': () => '引擎正在停止',
  'accounts-parked': ({ accounts }) => `账户 ${accounts.join('、')} 已停用`,
  'queue-full': ({ account, waiting }) => `账户 ${account} 已有 ${waiting} 个订单在排队`,
  'attempts-failed': ({ attempts, last }) => `${attempts} 次尝试失败：${reasonText(last, 'zh')}`,
  'part-failed': ({ message }) => message,
  'not-recorded': ({ message }) => `无法签名并写入账本：${reasonText(message, 'zh')}`,
  'outcome-not-recorded': ({ clientOrderId, why }) => `订单 ${clientOrderId}：${reasonText(why, 'zh')}`,
  'journal-not-compacted': ({ why }) => `旧记录未能清除：${reasonText(why, 'zh')}`,

  rejected: ({ word }) => (REJECTIONS[word] === undefined ? word : `${REJECTIONS[word]} (${word})`),
  'book-call-failed': ({ why }) => `盘口读取失败：${reasonText(why, 'zh')}`,
  'impossible-answer': ({ word }) => `不可能是本策略订单的答复：${word}`,
  'never-confirmed': () => '已受理，但一直未见确认',
  'no-outcome-in-journal': () => '日志库中没有其结果',
  'missing-since-confirmed': () => '曾确认，现已查不到',
  'proven-to-exist': ({ status }) => `交易所称其为 ${status}`,
  'proven-absent': ({ by }) =>
    `${by === 'expiry' ? '按交易所时钟已过期' : '已用撤单封住'}；order 返回 1004，open_orders 和 order_history 中均没有`,

  'stop-asked': ({ by }) => by,
  'stop-commanded': ({ by }) => `${by} 的命令`,
  'run-time-over': ({ seconds }) => `运行时间 ${seconds} 秒已到`,
  'defect-found': ({ message }) => `程序缺陷：${message}`,

  'answered-with-code': ({ code, words, status, check }) => {
    const meaning = CODES[code]?.[1];
    const settings = check.length === 0 ? '' : `（请检查 ${check.join(' 和 ')}）`;
    return `${meaning === undefined ? '' : `${meaning}${settings}：`}${code} ${JSON.stringify(words)} (HTTP ${status})`;
  },
  'answered-with-status': ({ status }) => `HTTP ${status}`,
  'answered-with-redirect': ({ status }) => `HTTP ${status}，重定向`,
  'answered-unreadably': ({ status, body }) => `HTTP ${status}，内容无法读取：${reasonText(body, 'zh')}`,
  'body-empty': () => '内容为空',
  'body-html': ({ characters }) => `内容是 HTML（${characters} 字符）`,
  'body-not-json': ({ characters }) => `内容不是 JSON（${characters} 字符）`,
  'no-answer': ({ seconds }) => `${seconds} 秒内没有答复`,
  network: ({ code, words }) => `连接失败（${code === '' ? words : `${code}: ${words}`}）`,
  'never-left': ({ why }) => `未发出：${reasonText(why, 'zh')}`,
  'append-slow': ({ ms }) => `账本记录在 ${ms} 毫秒前开始写入，已过久，不再发送`,
  'lease-short': ({ ms }) => `租约只剩 ${ms} 毫秒：到达之前另一个程序可能已接管`,
  'order-of-successor': () => '租约已到期，这张订单可能属于另一个程序',
  'no-session': ({ login }) => `没有会话：${reasonText(login, 'zh')}`,
  'budget-waited': ({ seconds }) => `等待请求额度 ${seconds} 秒`,
  'budget-full': ({ waiting }) => `已有 ${waiting} 个请求在等待`,
  'engine-closes': () => '引擎正在关闭',
  'page-repeated': () => 'next：指向已读过的页',
  'too-many-pages': ({ pages }) => `超过 ${pages} 页，未能读完，不能作为证明`,
  'login-refused': ({ answer, key }) =>
    `${reasonText(answer, 'zh')}：请检查 ${key}、该 key 的 IP 白名单、所在地区是否受支持以及 GRVT_EDGE_URL`,
  'not-a-login': ({ answer }) =>
    `${reasonText(answer, 'zh')}：不是登录的答复；若持续，请检查 GRVT_EDGE_URL 以及中间的代理或网关`,
  'without-cookie': ({ status, body }) =>
    `HTTP ${status} 没有会话 cookie${body === null ? '' : `，${reasonText(body, 'zh')}`}`,
  'without-account-id': ({ status }) => `HTTP ${status} 没有 X-Grvt-Account-Id`,
  'cookie-ended': () => '按交易所时钟，会话 cookie 已过期',
  'key-not-accepted': ({ status }) => `HTTP ${status} 没有会话 cookie：API key 未被接受`,
  'unusable-answer': ({ field, problem }) => `${field === '' ? '答复' : field}：${reasonText(problem, 'zh')}`,
  'field-missing': () => '缺失',
  'field-zero': () => '为零',
  'field-missing-or-zero': () => '缺失或为零',
  'field-not-positive': ({ found }) => `应大于 0，实为 ${found}`,
  'field-odd': ({ expected, found }) => `${FIELD_PROBLEMS[expected]?.[1] ?? `格式错误（${expected}）`}：${found}`,
  'field-for-another': ({ found, asked }) => `为 ${found}，请求的是 ${asked}`,
  'field-of-other-account': ({ found, own }) => `为 ${found}，不是本账户的 ${own}`,
  'level-not-further': ({ price, before }) => `${price} 的顺序不在 ${before} 之后`,
  'traded-above-size': ({ traded, size }) => `${traded} 大于订单数量 ${size}`,
  'traded-without-price': () => '缺失或为零，但已有成交',
  'filled-without-trade': () => '为零，但订单状态为 FILLED',
  'filled-in-part': ({ traded, size }) => `为 ${traded}，但订单状态为 FILLED，数量为 ${size}`,
  'row-nameless': () => 'order_id 和 metadata.client_order_id 都无法读取',
  ...START_ZH,
  ...settingTextsZh((why) => reasonText(why, 'zh')),
  ...lockTextsZh((why) => reasonText(why, 'zh')),
  ...journalTextsZh((why) => reasonText(why, 'zh')),
  'start-failed': ({ call, account, why, keysOf }) =>
    callFailed('zh', call, account, why) +
    (keysOf === null
      ? ''
      : `；请检查 GRVT_TRADING_API_KEY_${keysOf} 和 GRVT_TRADING_ACCOUNT_ID_${keysOf}：该 key 是否属于该账户、是否可交易、是否可从此处使用`),
  'other-engine-unknown': ({ call, account, why }) =>
    `无法得知是否有其他引擎在用这两个账户交易：${callFailed('zh', call, account, why)}`,
};

const TEXTS: Readonly<Record<Language, ReasonTexts>> = { en: EN, zh: ZH };

/** A reason as text. Older journals contain the sentence itself, which is shown unchanged. */
export function reasonText(why: Reason | string, language: Language = 'en'): string {
  if (typeof why === 'string') return why;
  const text = TEXTS[language][why.code] as ((params: Reason['params']) => string) | undefined;
  // A newer engine's code, read from its journal.
  return text === undefined ? why.code : text(why.params);
}

/** Several reasons in one line. */
export function reasonTexts(reasons: readonly Reason[], language: Language = 'en'): string {
  return reasons.map((why) => reasonText(why, language)).join(language === 'zh' ? '；' : '; ');
}

/** Whether it is a reason of this version; one that was received may be of another. */
export function isKnownReason(value: unknown): value is Reason {
  return isReason(value) && value.code in EN;
}

/** A reason for display: its rule, and its text in every language. */
export interface ReasonWords extends Texts {
  readonly rule: string;
}

export function reasonWords(why: Reason | string): ReasonWords {
  return { rule: ruleOf(why), en: reasonText(why, 'en'), zh: reasonText(why, 'zh') };
}

/** The rule of a reason; empty for a sentence of an older journal. */
export function ruleOf(why: Reason | string): string {
  return typeof why === 'string' ? '' : why.rule;
}

function markFigures({ read, accepted, book }: ReasonParams['mark-doubtful']): string {
  const parts = [
    read,
    accepted === null ? '' : `the last accepted one is ${accepted}`,
    book === null ? '' : `the book is ${book.bid} / ${book.ask}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function markFiguresZh({ read, accepted, book }: ReasonParams['mark-doubtful']): string {
  const parts = [
    read,
    accepted === null ? '' : `上次确认 ${accepted}`,
    book === null ? '' : `盘口 ${book.bid} / ${book.ask}`,
  ];
  return parts.filter((part) => part !== '').join('，');
}

function callFailed(language: Language, call: string, account: string | null, why: Reason): string {
  const whom = { en: ` of account ${account}`, zh: `（账户 ${account}）` }[language];
  return `${call}${account === null ? '' : whom}${language === 'en' ? ': ' : '：'}${reasonText(why, language)}`;
}

const BEING_PRICED: Readonly<Record<Language, string>> = { en: ' (being priced)', zh: '（定价中）' };

function quoted({ account, side, size, price }: QuotedOrder, language: Language): string {
  return `${account} ${SIDES[language][side]} ${size}${price === null ? BEING_PRICED[language] : ` @ ${price}`}`;
}
