import {
  ALERT_POLICIES,
  type Alert,
  type AlertDetails,
  type AlertKind,
  hedgeDistance,
  type StuckSymbol,
} from '../core/alerts.ts';
import { netLeftAlert } from '../core/conditions.ts';
import { type Decimal, sum as total } from '../core/decimal.ts';
import {
  type AlertTexts,
  clip,
  type DailyReport,
  type Doing,
  type FoldedTally,
  type News,
  type Notice,
  type NoticeGroup,
  type NoticePhase,
} from '../core/outbox.ts';
import { printable } from '../core/printable.ts';
import type { Language } from '../texts/language.ts';
import { reasonText } from '../texts/reasons.ts';

/**
 * Every text people get from the alert desk, English and Chinese (strategy 12).
 *
 * A new alert: a row in both tables, with what it is, its line, what the engine does about it and what the person could
 * do. In a line `{name}` is a detail of the alert, `{base}` the coin of the symbol, `{hours}` the configured hours; a part
 * in `[…]` is left out when one of its details is missing; details that the line does not name are added at its end.
 * Times are told in one zone, which each message names. No text uses markup: a gateway that reads markup must not trip over a symbol's name.
 */
interface KindWords {
  readonly title: string;
  readonly line: string;
  /** What the engine does about it. */
  readonly engine: string;
  /** What the person could do. */
  readonly you: string;
}

interface Words {
  readonly language: Language;
  readonly kinds: Readonly<Record<AlertKind, KindWords>>;
  readonly details: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly you: string;
  readonly resolved: string;
  readonly passed: string;
  readonly account: (name: string) => string;
  readonly exchange: string;
  readonly colon: string;
  readonly comma: string;
  readonly since: (at: string, duration: string) => string;
  readonly lasted: (duration: string, from: string, to: string) => string;
  readonly times: (count: number) => string;
  readonly count: (count: number) => string;
  readonly andNamed: (count: number, names: string) => string;
  readonly late: (at: string, duration: string) => string;
  /** Says the zone of all times of a message. */
  readonly timesAre: (zone: string) => string;
  readonly folded: string;
  readonly foldedLine: (title: string, phase: string, alerts: number, times: number, since: string) => string;
  readonly phase: Readonly<Record<NoticePhase, string>>;
  readonly daily: (date: string, count: number, hours: string) => string;
  readonly dailyLine: (line: DailyWords) => string;
  readonly dailyHints: string;
  readonly dailyMore: (count: number, names: string) => string;
  readonly dailyUnknown: (names: string) => string;
  readonly started: (after: 'stop' | 'crash' | 'none', symbols: number) => string;
  readonly stopped: (why: string) => string;
  readonly mode: (mode: { symbols: string; mode: string; by: string; until: string | null; why: string }) => string;
  readonly allHedged: string;
  readonly unhedged: (count: number, usdt: string | null, costUsdt: string | null) => string;
  readonly newsUnknown: (names: string) => string;
  readonly test: (at: string) => string;
  readonly duration: { readonly s: string; readonly min: string; readonly h: string; readonly d: string };
}

interface DailyWords {
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly size: string;
  readonly since: string;
  readonly duration: string;
  readonly guard: string | null;
  readonly touch: string | null;
  readonly missing: { readonly usdt: string; readonly percent: string; readonly lossUsdt: string } | null;
}

const EN: Words = {
  language: 'en',
  kinds: {
    'api-failure': {
      title: 'API failure',
      line: '[{call} fails][: {reason}][ (code {code})][, {inARow} in a row]',
      engine: 'tries again by itself; without fresh data it places no new orders.',
      you: 'if it lasts, check the network and the status of the exchange.',
    },
    'account-parked': {
      title: 'Account refused by the exchange',
      line: '[{reason}][ (code {code})]',
      engine:
        'places nothing on this account and asks again slowly; the other one opens nothing, and repairs while both can be read.',
      you: 'log in at the exchange: check the permissions of the API key, the IP list and the state of the account.',
    },
    mmr: {
      title: 'MMR ALERT',
      line: 'maintenance margin / equity {ratio}, threshold {threshold}[ ({marginUsdt} / {equityUsdt} USDT)]',
      engine: 'goes on hedging and never closes a position to save margin.',
      you: 'add USDT to this account or reduce its positions; at 1.00 the exchange liquidates.',
    },
    'post-only-exhausted': {
      title: 'Post-only retries used up: cooldown',
      line: '[{attempts} attempts refused][, next try in {cooldownSeconds} s]',
      engine: 'places nothing on this symbol during the cooldown, then goes on by itself.',
      you: 'nothing; if it comes often, the market moves too fast for this symbol or the loop is too slow.',
    },
    unhedged: {
      title: 'unhedged>{hours}h',
      line: 'to hedge: {side} {size} {base}[, worth {diff} USDT][, guard price {guard} USDT][, market {mark} USDT][, touch {touch} USDT]',
      engine: 'keeps its order at the guard price or better and never hedges at a loss.',
      you: 'wait for the market to come back, or hedge by hand and take the loss.',
    },
    'foreign-order': {
      title: 'non-strategy order detected',
      line: '[order {orderId}][ (client id {clientOrderId})]',
      engine: 'leaves it alone and counts it nowhere; told once for each order.',
      you: 'if you did not place it, find out who did; if it is not wanted, cancel it at the exchange.',
    },
    'order-refused': {
      title: 'Order refused by the exchange',
      line: '[{reason}][ (code {code})][, next try in {restSeconds} s]',
      engine: 'lets this symbol rest, longer each time, and tries again.',
      you: 'read the reason: margin, limits of the account, or the settings of the symbol.',
    },
    'order-ended': {
      title: 'Resting order ended by the exchange or by hand',
      line: '[{side} {purpose}: {reason}][, next try in {restSeconds} s]',
      engine:
        'lets this account rest for orders of that purpose, longer each time; the other account goes on repairing.',
      you: 'read the reason: margin, self-trade prevention, a closed market; if someone cancelled by hand, ask why.',
    },
    'orders-ended': {
      title: 'Orders of many symbols were ended for one reason',
      line: '[{reason}][, {count} symbols][: {symbols}]',
      engine: 'lets each account and purpose rest and places the orders again.',
      you: 'read the reason: margin of the account, a restart of the exchange, or someone who cancelled everything.',
    },
    'reduce-only': {
      title: 'The exchange takes only orders that shrink a position',
      line: '[orders that grow one are withheld, one is tried every {minutes} min]',
      engine:
        'sends what shrinks a position with reduce_only, opens nothing, and repairs from the account that can shrink.',
      you: 'find out why this account, or this instrument, may only reduce: risk, compliance, or a delisting to come.',
    },
    drift: {
      title: 'Position differs from what was traded (drift)',
      line: '[difference {difference} {base}][, taken over at {price} USDT][, {held}]',
      engine: 'takes the exchange as right and goes on from there.',
      you: 'if somebody traded by hand, nothing; otherwise look into the trade history of the account.',
    },
    split: {
      title: 'Both positions changed by one ratio, as in a split: paused',
      line: '[ratio {ratio}][: A {a} {base}, B {b} {base}]',
      engine: 'cancels its orders on it and trades it no more until it is started again, with lots in the new units.',
      you: 'read the exchange’s announcements: after a split, check the row in the symbols file and restart. Otherwise trade the positions back by hand, and it goes on.',
    },
    'same-direction': {
      title: 'Both accounts hold the same direction',
      line: '[A {a} {base}, B {b} {base}]',
      engine: 'trades back to opposite positions, as maker.',
      you: 'check whether somebody traded by hand.',
    },
    'side-contradicts-config': {
      title: 'Positions are held the other way round than configured',
      line: '[A {a} {base}, B {b} {base}][, configured for A: {configured}][, held: {held}]',
      engine: 'goes on in the direction that is held.',
      you: 'nothing, or correct a_side_when_equal.',
    },
    'order-count': {
      title: 'More live orders than allowed',
      line: '[account {account}: ][{count} orders, at most {cap}]',
      engine: 'cancels the surplus, oldest first.',
      you: 'if it stays, check whether a second engine runs on these accounts.',
    },
    'clock-skew': {
      title: 'Clock differs from the clock of the exchange',
      line: '[{skew}][, at most {limit}]',
      engine: 'goes on; orders may be refused as expired or live for a different time.',
      you: 'synchronise the clock of this machine (NTP).',
    },
    'rate-limited': {
      title: 'The exchange refused a request as one too many',
      line: '[{bucket}][, {share} of the budget left]',
      engine: 'asks more slowly; the budget recovers within ten minutes.',
      you: 'check which other programs use these accounts; lower GRVT_HEDGE_RATE_SCALE if it is above your tier.',
    },
    'requests-waiting': {
      title: 'Requests wait longer than 10 s for the request budget',
      line: '[{bucket}]',
      engine: 'goes on; cancels and hedges leave first, what it knows of the accounts is older.',
      you: 'trade fewer symbols, or raise GRVT_HEDGE_RATE_SCALE if your tier allows more.',
    },
    'stream-disagreement': {
      title: 'A stream of the exchange contradicts its REST answers',
      line: '[account {account}][: {why}]',
      engine: 'goes by the REST answers, and follows the stream again once they agree.',
      you: 'nothing; if it stays, look at the status page of the exchange.',
    },
    'limit-reached': {
      title: 'Position limit reached',
      line: '[total {total} USDT, limit {limit} USDT][, mode {mode}][: {why}]',
      engine: 'opens nothing more on this symbol.',
      you: 'nothing, or change the limits in the symbols file.',
    },
    'mark-doubtful': {
      title: 'The mark price is doubtful',
      line: '[mark {mark}][, last accepted {accepted}][, book {bid} / {ask}]',
      engine: 'cancelled its openings and opens nothing; hedges go on in small steps.',
      you: 'compare the mark price and the book at the exchange; it ends by itself when they agree again.',
    },
    'repair-blocked': {
      title: 'The position limits keep a net from being hedged',
      line: '[total {total} USDT, limit {limit} USDT][, mode {mode}][: {why}]',
      engine: 'places no repair on this symbol until the limits leave room.',
      you: 'change the limits in the symbols file, or hedge by hand.',
    },
    'invariant-broken': {
      title: 'A safety rule was broken',
      line: '[{invariant}][: {detail}]',
      engine: 'places no new orders on this symbol and keeps managing what is open.',
      you: 'look at the orders and positions at the exchange now; keep the log and restart when it is understood.',
    },
    'actor-failed': {
      title: 'A part of the engine failed and was restarted',
      line: '[{actor}][: {reason}]',
      engine: 'restarted that part; the others went on.',
      you: 'look at the log; if it comes again, stop the engine.',
    },
    'start-difference': {
      title: 'The exchange differs from what was remembered',
      line: '[{difference}]',
      engine: 'takes the exchange as right.',
      you: 'check whether somebody traded while the engine was down.',
    },
    'instrument-unlisted': {
      title: 'The exchange does not list this instrument any more',
      line: '[A {a} {base}, B {b} {base}][, open lots: {lots}]',
      engine: 'keeps its positions and lots, places no orders on it, and goes on by itself once it is listed again.',
      you: 'look at these positions at the exchange; to be told no more, set "enabled" to false for this symbol.',
    },
    'held-with-net': {
      title: 'Held with a net: nothing hedges it',
      line: 'net {net} {base}[, worth {diff} USDT][, {mode}]',
      engine: 'submits nothing on this symbol until it is resumed.',
      you: 'hedge it by hand, or resume the symbol: grvt-hedge resume SYMBOL.',
    },
    'symbol-leaving': {
      title: 'Hedge-only: removed or disabled while something is open',
      line: '[{leaving}][: A {a} {base}, B {b} {base}, net {net} {base}][, live orders: {orders}]',
      engine: 'opens nothing on it, repairs until it is hedged, then lets it go; positions stay.',
      you: 'nothing; to trade it again, put its row back and reload.',
    },
    'symbol-left': {
      title: 'A removed or disabled symbol has left',
      line: '[stays: A {a} {base}, B {b} {base}][, net {net} {base}]',
      engine: 'has no order on it any more and does not manage these positions.',
      you: 'nothing; what is listed stays at the exchange until you close it.',
    },
    'taker-fill': {
      title: 'A fill of ours was a taker’s',
      line: '{side} {size} at {price} [order {clientOrderId}][, fee {fee}]',
      engine: 'has booked it like any other; all its orders are post-only, so the exchange did not treat this one so.',
      you: 'compare the order at the exchange (why ORDER_ID shows ours) and ask its support.',
    },
    'isolated-margin': {
      title: 'Isolated margin',
      line: '[leverage {leverage}]',
      engine: 'trades on; the margin ratio it watches is the account’s and says nothing about this position.',
      you: 'set this instrument to cross margin at the exchange, or watch its liquidation price there.',
    },
    'net-left': {
      title: 'Not hedged while the engine is stopped',
      line: 'to hedge: {side} {size} {base}[, worth {diff} USDT][, cost at the touch {cost} USDT]',
      engine: 'has stopped and does not hedge this; it goes on with it at its next start.',
      you: 'start it again, or hedge by hand.',
    },
    'dead-man-off': {
      title: 'The dead-man timer of the exchange is off',
      line: '[order {orderId} is not ours, and the timer would cancel it][{reason}]',
      engine: 'trades on without it, and arms it again when no such order rests and the exchange takes it.',
      you: 'cancel that order, or move it to another account; until then orders stay when the engine dies.',
    },
    defect: {
      title: 'A defect stops the engine',
      line: '[{reason}]',
      engine: 'places no new orders, cancels its own as at any stop, and ends with exit code 70.',
      you: 'look at positions and orders at the exchange; keep the log and report it; start it again.',
    },
    'stray-order': {
      title: 'Own order on an instrument nobody knows',
      line: '[client id {clientOrderId}]',
      engine: 'cancels it; it cannot hedge what it fills.',
      you: 'look at this order and its position at the exchange.',
    },
    'other-engine': {
      title: 'Another engine trades this account',
      line: '[client id {clientOrderId}]: placed while this engine runs, with our prefix, and not by it',
      engine: 'trades on and manages that order as its own; both cancel what each finds surplus.',
      you: 'stop one of the two engines, on whichever machine it runs.',
    },
  },
  details: {
    file: 'symbols file',
    command: 'command',
    rollout: 'rollout',
    leaving: 'leaving',
    removed: 'its row was removed',
    disabled: 'its row is disabled',
    unconfigured: 'the symbols file does not name it',
  },
  engine: 'Engine: ',
  you: 'You: ',
  resolved: 'resolved: ',
  passed: 'resolved before it could be told: ',
  account: (name) => `account ${name}`,
  exchange: 'exchange',
  colon: ': ',
  comma: ', ',
  since: (at, duration) => `since ${at}${duration === '' ? '' : ` (${duration})`}`,
  lasted: (duration, from, to) => `lasted ${duration}, ${from} to ${to}`,
  times: (count) => `came up ${count} times`,
  count: (count) => ` (${count})`,
  andNamed: (count, names) => `and ${count} more: ${names}`,
  late: (at, duration) => `Late: could not be delivered since ${at} (${duration}).`,
  timesAre: (zone) => `times ${zone}`,
  folded: 'Folded, too many to list:',
  foldedLine: (title, phase, alerts, times, since) =>
    `- ${title}${phase}: ${alerts} alert${alerts === 1 ? '' : 's'}, ${times} time${times === 1 ? '' : 's'}, since ${since}`,
  phase: { raised: '', resolved: ' (resolved)', passed: ' (resolved)' },
  daily: (date, count, hours) => `Daily report ${date}: ${count} symbol${count === 1 ? '' : 's'} unhedged>${hours}h`,
  dailyLine: ({ instrument, side, size, since, duration, guard, touch, missing }) =>
    [
      `- ${instrument}: to hedge, ${side} ${size}, since ${since} (${duration})`,
      `; guard price ${guard === null ? 'not known' : `${guard} USDT`}`,
      `, best ${side === 'sell' ? 'ask' : 'bid'} ${touch === null ? 'not known' : `${touch} USDT`}`,
      missing === null
        ? ''
        : missing.usdt === '0'
          ? ': no distance, the next taker can hedge it'
          : `: the price has to ${side === 'sell' ? 'rise' : 'fall'} by ${missing.usdt} USDT (${missing.percent} %); hedged now it would lose ${missing.lossUsdt} USDT`,
    ].join(''),
  dailyHints:
    'Engine: keeps its orders at the guard price or better and never hedges at a loss.\nYou: wait, or hedge by hand and take the loss.',
  dailyMore: (count, names) => `and ${count} more: ${names}`,
  dailyUnknown: (names) => `not known: ${names}`,
  started: (after, symbols) =>
    `${{ stop: 'Started', crash: 'Started, taking over from a run that ended without a stop', none: 'Started for the first time' }[after]}: ${symbols} symbols`,
  stopped: (why) => (why === '' ? 'Stopped' : `Stopped: ${why}`),
  mode: ({ symbols, mode, by, until, why }) =>
    `${symbols}: mode ${mode}${by === '' ? '' : ` (${by})`}${until === null ? '' : `, until ${until}`}${why === '' ? '' : `, ${why}`}`,
  allHedged: 'Nothing is unhedged.',
  unhedged: (count, usdt, costUsdt) =>
    `Unhedged: ${count}${usdt === null ? '' : `, worth ${usdt} USDT`}${costUsdt === null ? ', cost at the touch not known' : `, cost at the touch ${costUsdt} USDT`}`,
  newsUnknown: (names) => `Not known yet: ${names}`,
  test: (at) => `Test message of ${at}: alerts arrive here.`,
  duration: { s: ' s', min: ' min', h: ' h', d: ' d' },
};

const ZH: Words = {
  language: 'zh',
  kinds: {
    'api-failure': {
      title: 'API 异常 (API failure)',
      line: '[{call} 失败][：{reason}][（代码 {code}）][，连续 {inARow} 次]',
      engine: '自动重试；没有新数据时不下新单。',
      you: '若持续，请检查网络和交易所状态。',
    },
    'account-parked': {
      title: '账户被交易所拒绝',
      line: '[{reason}][（代码 {code}）]',
      engine: '两个账户都不再下单，缓慢重试；已有挂单保留至到期。',
      you: '登录交易所，检查 API key 权限、IP 白名单和账户状态。',
    },
    mmr: {
      title: 'MMR ALERT 维持保证金率告警',
      line: '维持保证金 / 权益 {ratio}，阈值 {threshold}[（{marginUsdt} / {equityUsdt} USDT）]',
      engine: '继续对冲，不会为保证金主动平仓。',
      you: '向该账户充值 USDT 或减仓；达到 1.00 交易所会强平。',
    },
    'post-only-exhausted': {
      title: 'post-only 重试用尽，进入冷却 (cooldown)',
      line: '[{attempts} 次被拒][，{cooldownSeconds} 秒后再试]',
      engine: '冷却期内该标的不下单，之后自动继续。',
      you: '无需操作；若频繁出现，说明行情太快或轮询太慢。',
    },
    unhedged: {
      title: 'unhedged>{hours}h 未对冲超过 {hours} 小时',
      line: '待对冲：{side} {size} {base}[，价值 {diff} USDT][，保护价 {guard} USDT][，现价 {mark} USDT][，盘口 {touch} USDT]',
      engine: '挂单不劣于保护价，绝不亏损对冲。',
      you: '等待行情回来，或手动对冲并承担亏损。',
    },
    'foreign-order': {
      title: '发现非策略订单 (non-strategy order detected)',
      line: '[订单 {orderId}][（client id {clientOrderId}）]',
      engine: '不触碰、不计入；每个订单只提示一次。',
      you: '若不是您下的单，请查明来源；不需要则在交易所撤销。',
    },
    'order-refused': {
      title: '订单被交易所拒绝',
      line: '[{reason}][（代码 {code}）][，{restSeconds} 秒后再试]',
      engine: '该标的暂停，时间逐次加长，然后重试。',
      you: '查看原因：保证金、账户限制或标的配置。',
    },
    'order-ended': {
      title: '挂单被交易所或人工终止',
      line: '[{side} {purpose}：{reason}][，{restSeconds} 秒后再试]',
      engine: '该账户的此类订单暂停，时间逐次加长；另一账户继续修复。',
      you: '查看原因：保证金、自成交保护或市场关闭；若为人工撤单，请确认缘由。',
    },
    'orders-ended': {
      title: '多个标的的挂单因同一原因被终止',
      line: '[{reason}][，{count} 个标的][：{symbols}]',
      engine: '各账户按用途暂停，然后重新挂单。',
      you: '查看原因：账户保证金、交易所重启，或有人全部撤单。',
    },
    'reduce-only': {
      title: '交易所只接受减仓单 (reduce-only)',
      line: '[不发送增仓订单；每 {minutes} 分钟试一次]',
      engine: '减仓订单带 reduce_only 照常发送；不开仓；能减仓的一方负责修复。',
      you: '查看该账户或该合约被限制的原因：风控、合规，或合约即将下线。',
    },
    drift: {
      title: '持仓与成交记录不符 (drift)',
      line: '[差额 {difference} {base}][，按 {price} USDT 接管][，{held}]',
      engine: '以交易所为准，继续运行。',
      you: '若有人手动交易则无需操作；否则请查该账户成交历史。',
    },
    split: {
      title: '两个账户持仓按同一比例变化（疑似拆分），已暂停',
      line: '[比例 {ratio}][：A {a} {base}，B {b} {base}]',
      engine: '撤销该标的的挂单，重启前不再交易；重启后按新单位换算批次。',
      you: '请查看交易所公告：若为拆分，请核对配置行后重启；否则请手动恢复原持仓，引擎将自动继续。',
    },
    'same-direction': {
      title: '两个账户持仓同向',
      line: '[A {a} {base}，B {b} {base}]',
      engine: '以 maker 方式交易回反向持仓。',
      you: '检查是否有人手动交易。',
    },
    'side-contradicts-config': {
      title: '持仓方向与配置相反',
      line: '[A {a} {base}，B {b} {base}][，A 配置为 {configured}][，实际 {held}]',
      engine: '按实际持仓方向继续。',
      you: '无需操作，或修正 a_side_when_equal。',
    },
    'order-count': {
      title: '挂单数超过上限',
      line: '[账户 {account}：][{count} 个，上限 {cap}]',
      engine: '撤销多余订单，先撤最旧的。',
      you: '若持续，检查是否有第二个引擎在用这些账户。',
    },
    'clock-skew': {
      title: '本机时钟与交易所不一致',
      line: '[相差 {skew}][，上限 {limit}]',
      engine: '继续运行；订单可能被判过期或有效期不准。',
      you: '校准本机时钟 (NTP)。',
    },
    'rate-limited': {
      title: '交易所以请求过频为由拒绝了请求',
      line: '[{bucket}][，剩余额度 {share}]',
      engine: '放慢请求；额度在十分钟内恢复。',
      you: '检查是否有其他程序使用这些账户；若 GRVT_HEDGE_RATE_SCALE 高于账户等级，请调低。',
    },
    'requests-waiting': {
      title: '请求等待额度超过 10 秒',
      line: '[{bucket}]',
      engine: '继续运行；撤单与对冲优先，账户数据会较旧。',
      you: '减少标的，或在账户等级允许时调高 GRVT_HEDGE_RATE_SCALE。',
    },
    'stream-disagreement': {
      title: '交易所的推送与查询结果不一致',
      line: '[账户 {account}][：{why}]',
      engine: '以查询结果为准，两者一致后恢复使用推送。',
      you: '无需操作；若持续，请查看交易所状态页。',
    },
    'limit-reached': {
      title: '达到持仓限额',
      line: '[总额 {total} USDT，限额 {limit} USDT][，模式 {mode}][：{why}]',
      engine: '该标的不再开仓。',
      you: '无需操作，或修改标的配置中的限额。',
    },
    'mark-doubtful': {
      title: '标记价格可疑',
      line: '[标记价格 {mark}][，上次确认 {accepted}][，盘口 {bid} / {ask}]',
      engine: '已撤销开仓单且不再开仓；对冲以小额继续。',
      you: '在交易所核对标记价格与盘口；两者一致后自动恢复。',
    },
    'repair-blocked': {
      title: '持仓限额使净敞口无法对冲',
      line: '[总额 {total} USDT，限额 {limit} USDT][，模式 {mode}][：{why}]',
      engine: '限额腾出空间之前不下对冲单。',
      you: '修改标的配置中的限额，或手动对冲。',
    },
    'invariant-broken': {
      title: '安全规则被破坏',
      line: '[{invariant}][：{detail}]',
      engine: '该标的不再下新单，继续管理已有订单。',
      you: '立即查看交易所的订单和持仓；保留日志，查明后重启。',
    },
    'actor-failed': {
      title: '引擎的一个部件出错并已重启',
      line: '[{actor}][：{reason}]',
      engine: '已重启该部件，其余不受影响。',
      you: '查看日志；若再次出现，请停止引擎。',
    },
    'start-difference': {
      title: '交易所与本地记录不一致',
      line: '[{difference}]',
      engine: '以交易所为准。',
      you: '检查引擎停止期间是否有人交易。',
    },
    'instrument-unlisted': {
      title: '交易所已下架该标的',
      line: '[A {a} {base}，B {b} {base}][，未对冲批次：{lots}]',
      engine: '保留其持仓和批次，不再对其下单；重新上架后自动继续。',
      you: '在交易所查看这些持仓；若不再需要提示，请将该标的的 enabled 设为 false。',
    },
    'held-with-net': {
      title: '已冻结但存在净敞口：无对冲',
      line: '净敞口 {net} {base}[，价值 {diff} USDT][，{mode}]',
      engine: '恢复之前不对该标的下任何单。',
      you: '手动对冲，或恢复该标的：grvt-hedge resume SYMBOL。',
    },
    'symbol-leaving': {
      title: '仅对冲 (hedge-only)：已移除或停用但尚有未结',
      line: '[{leaving}][：A {a} {base}，B {b} {base}，净敞口 {net} {base}][，挂单 {orders} 个]',
      engine: '不再开仓，对冲完成后退出该标的；持仓保留。',
      you: '无需操作；若要继续交易，请恢复其配置行并 reload。',
    },
    'symbol-left': {
      title: '已移除或停用的标的已退出',
      line: '[保留：A {a} {base}，B {b} {base}][，净敞口 {net} {base}]',
      engine: '该标的已无挂单，不再管理这些持仓。',
      you: '无需操作；所列持仓保留在交易所，直到您平仓。',
    },
    'taker-fill': {
      title: '本方成交为吃单',
      line: '{side} {size}，价格 {price}[，订单 {clientOrderId}][，手续费 {fee}]',
      engine: '已照常记账；引擎所有订单均为只挂单，此单交易所未按只挂单处理。',
      you: '在交易所核对该订单（why 订单号 可查看本方记录），并联系其客服。',
    },
    'isolated-margin': {
      title: '逐仓保证金',
      line: '[杠杆 {leverage}]',
      engine: '继续交易；所监控的保证金率是账户整体的，不反映此持仓。',
      you: '在交易所将该标的改为全仓，或自行关注其强平价。',
    },
    'net-left': {
      title: '引擎已停止，尚未对冲',
      line: '待对冲：{side} {size} {base}[，价值 {diff} USDT][，按盘口对冲的成本 {cost} USDT]',
      engine: '已停止，不再对冲；下次启动后继续处理。',
      you: '重新启动，或手动对冲。',
    },
    'dead-man-off': {
      title: '交易所的失联撤单计时已关闭',
      line: '[订单 {orderId} 不是本策略的，计时到期会将其撤销][{reason}]',
      engine: '在没有它的情况下继续交易；没有此类订单且交易所接受后重新启用。',
      you: '撤销该订单或移至其他账户；在此之前，引擎失联时挂单会保留。',
    },
    defect: {
      title: '程序缺陷，引擎停止',
      line: '[{reason}]',
      engine: '不再下新单，照常撤销自己的挂单，以退出码 70 结束。',
      you: '查看交易所的持仓和挂单；保留日志并报告；然后重新启动。',
    },
    'stray-order': {
      title: '未知标的上有本策略订单',
      line: '[client id {clientOrderId}]',
      engine: '撤销该订单；其成交无法对冲。',
      you: '请在交易所查看该订单及其持仓。',
    },
    'other-engine': {
      title: '另一个引擎正在交易此账户',
      line: '[client id {clientOrderId}]：本引擎运行期间出现，带有本策略前缀，但不是本引擎所下',
      engine: '继续交易，并把该订单当作自己的管理；两个引擎会互相撤销多余的订单。',
      you: '请停止其中一个引擎，无论它在哪台机器上运行。',
    },
  },
  details: {
    file: '配置文件',
    command: '命令',
    rollout: '灰度',
    leaving: '退出中',
    removed: '配置行已移除',
    disabled: '配置行已停用',
    unconfigured: '配置文件中没有该标的',
    buy: '买入',
    sell: '卖出',
    'not taken over yet, no new orders until then': '尚未接管，此前不下新单',
  },
  engine: '引擎：',
  you: '您可以：',
  resolved: '已恢复 (resolved)：',
  passed: '送达前已恢复 (resolved)：',
  account: (name) => `账户 ${name}`,
  exchange: '交易所',
  colon: '：',
  comma: '，',
  since: (at, duration) => `始于 ${at}${duration === '' ? '' : `（${duration}）`}`,
  lasted: (duration, from, to) => `持续 ${duration}，${from} 至 ${to}`,
  times: (count) => `共 ${count} 次`,
  count: (count) => `（${count}）`,
  andNamed: (count, names) => `另有 ${count} 个：${names}`,
  late: (at, duration) => `延迟：自 ${at} 起无法送达（${duration}）。`,
  timesAre: (zone) => `时间 ${zone}`,
  folded: '合并（数量过多）：',
  foldedLine: (title, phase, alerts, times, since) =>
    `- ${title}${phase}：${alerts} 个告警，${times} 次，始于 ${since}`,
  phase: { raised: '', resolved: '（已恢复）', passed: '（已恢复）' },
  daily: (date, count, hours) => `日报 (Daily report) ${date}：${count} 个标的 unhedged>${hours}h`,
  dailyLine: ({ instrument, side, size, since, duration, guard, touch, missing }) =>
    [
      `- ${instrument}：待对冲 ${side === 'sell' ? '卖出' : '买入'} ${size}，始于 ${since}（${duration}）`,
      `；保护价 ${guard === null ? '未知' : `${guard} USDT`}`,
      `，${side === 'sell' ? '卖一' : '买一'} ${touch === null ? '未知' : `${touch} USDT`}`,
      missing === null
        ? ''
        : missing.usdt === '0'
          ? '：已到位，下一个 taker 即可对冲'
          : `：价格需${side === 'sell' ? '上涨' : '下跌'} ${missing.usdt} USDT（${missing.percent} %）；现在对冲亏损 ${missing.lossUsdt} USDT`,
    ].join(''),
  dailyHints: '引擎：挂单不劣于保护价，绝不亏损对冲。\n您可以：等待，或手动对冲并承担亏损。',
  dailyMore: (count, names) => `另有 ${count} 个：${names}`,
  dailyUnknown: (names) => `状态未知：${names}`,
  started: (after, symbols) =>
    `${{ stop: '已启动', crash: '已启动，接管上次未正常停止的运行', none: '首次启动' }[after]}：${symbols} 个标的`,
  stopped: (why) => (why === '' ? '已停止' : `已停止：${why}`),
  mode: ({ symbols, mode, by, until, why }) =>
    `${symbols}：模式 ${mode}${by === '' ? '' : `（${by}）`}${until === null ? '' : `，至 ${until}`}${why === '' ? '' : `，${why}`}`,
  allHedged: '没有未对冲的净额。',
  unhedged: (count, usdt, costUsdt) =>
    `未对冲 ${count} 个${usdt === null ? '' : `，价值 ${usdt} USDT`}${costUsdt === null ? '，按盘口对冲的成本未知' : `，按盘口对冲的成本 ${costUsdt} USDT`}`,
  newsUnknown: (names) => `状态未知：${names}`,
  test: (at) => `${at} 测试消息：告警可以送达。`,
  duration: { s: ' 秒', min: ' 分钟', h: ' 小时', d: ' 天' },
};

const LANGUAGES: Readonly<Record<Language, Words>> = { en: EN, zh: ZH };

/** A detail comes from anywhere, an HTML error page too: one line, and no longer than a phone shows. */
const DETAIL_LIMIT = 140;

/** The words of a language, with the times of a zone: `2026-11-20 09:40`. */
type Told = Words & { readonly local: (atMs: number) => string };

/** The zone of the daily report, and of messages where no other is said. */
const BEIJING = 'Asia/Shanghai';

function localTime(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (atMs) => (Number.isNaN(new Date(atMs).getTime()) ? '????-??-?? ??:??' : format.format(atMs));
}

/** One alert's line: symbol, numbers, since when. */
const LINE_LIMIT = 300;

/** The names of those told by name alone. */
const NAMES_LIMIT = 400;

/**
 * The texts of one language. `label` names the engine, for people with several: e.g. `grvt-hedge prod`; `zone` is the
 * IANA name of the zone its times are told in.
 */
export function alertTexts(
  language: Language,
  label: string,
  zone = BEIJING,
): AlertTexts & { test(nowMs: number): string } {
  const words: Told = { ...LANGUAGES[language], local: localTime(zone) };
  const heading = (lateSinceMs: number | null, nowMs: number): string => {
    const first = `[${label}] ${words.timesAre(zone)}`;
    if (lateSinceMs === null) return first;
    return `${first}\n${words.late(clock(lateSinceMs, nowMs, words), span(nowMs - lateSinceMs, words))}`;
  };
  return {
    heading,
    group: (group, nowMs) => groupText(group, nowMs, words),
    folded: (tallies, nowMs) => [words.folded, ...tallies.map((tally) => foldedLine(tally, nowMs, words))].join('\n'),
    daily: (report, limit, nowMs) => dailyText(report, limit, nowMs, words),
    news: (news, limit, nowMs) => newsText(news, limit, nowMs, words),
    test: (nowMs) => `${heading(null, nowMs)}\n${words.test(words.local(nowMs))}`,
  };
}

/** One line for the log and the command line: title, subject, numbers. */
export function alertLine(
  alert: Pick<Alert, 'kind' | 'account' | 'instrument' | 'details'>,
  language: Language = 'en',
): string {
  const words = LANGUAGES[language];
  const body = [subject(alert, words), lineOf(alert, words)].filter((part) => part !== '').join(words.colon);
  return `${titleOf(alert.kind, alert.details, words)}${body === '' ? '' : words.colon}${body}`;
}

function groupText(group: NoticeGroup, nowMs: number, words: Told): string {
  const { kind, phase } = group;
  const first = group.shown[0] ?? group.named[0];
  const count = group.shown.length + group.named.length;
  const before = phase === 'raised' ? '' : phase === 'resolved' ? words.resolved : words.passed;
  const title = `${before}${titleOf(kind, first?.details ?? {}, words)}${count > 1 ? words.count(count) : ''}`;
  const lines = group.shown.map((notice) => `- ${noticeLine(notice, nowMs, words)}`);
  if (group.named.length > 0) {
    const names = group.named.map((notice) => shortName(notice, words)).join(words.comma);
    lines.push(words.andNamed(group.named.length, clip(names, NAMES_LIMIT)));
  }
  const advice = phase === 'raised' ? [words.engine + words.kinds[kind].engine, words.you + words.kinds[kind].you] : [];
  const mark = phase === 'raised' && ALERT_POLICIES[kind].critical ? '!! ' : '';
  return [`${mark}${title}`, ...lines, ...advice].join('\n');
}

function noticeLine(notice: Notice, nowMs: number, words: Told): string {
  const about = subject(notice, words);
  const line = notice.overAtMs === null ? lineOf(notice, words) : shortCall(notice);
  const lasting = Math.max(0, nowMs - notice.sinceMs);
  const when =
    notice.overAtMs === null
      ? words.since(clock(notice.sinceMs, nowMs, words), lasting < 5000 ? '' : span(lasting, words))
      : words.lasted(
          span(Math.max(0, notice.overAtMs - notice.sinceMs), words),
          clock(notice.sinceMs, nowMs, words),
          clock(notice.overAtMs, nowMs, words),
        );
  const times = notice.times > 1 ? words.times(notice.times) : '';
  const body = clip([about, line].filter((part) => part !== '').join(words.colon), LINE_LIMIT);
  return [body, when, times].filter((part) => part !== '').join(words.comma);
}

/** What tells two alerts of one kind apart, beyond symbol and account. */
function shortCall(notice: Notice): string {
  const { call, orderId, actor, invariant } = notice.details;
  return oneLine(reasonText(call ?? orderId ?? actor ?? invariant ?? ''));
}

function shortName(notice: Notice, words: Words): string {
  return [subject(notice, words), shortCall(notice)].filter((part) => part !== '').join(' ');
}

function subject(alert: Pick<Alert, 'kind' | 'account' | 'instrument'>, words: Words): string {
  const account = alert.account === null ? '' : words.account(alert.account);
  const parts = [alert.instrument === null ? '' : oneLine(alert.instrument), account].filter((part) => part !== '');
  if (parts.length === 0) return alert.kind === 'api-failure' ? words.exchange : '';
  return parts.join(words.comma);
}

function titleOf(kind: AlertKind, details: AlertDetails, words: Words): string {
  return words.kinds[kind].title.replaceAll('{hours}', String(details.hours ?? '?'));
}

function lineOf(alert: Pick<Alert, 'kind' | 'instrument' | 'details'>, words: Words): string {
  const details: Record<string, string> = { base: alert.instrument?.split('_')[0] ?? '' };
  for (const [name, value] of Object.entries(alert.details)) {
    const text = reasonText(value, words.language);
    details[name] = words.details[text] ?? oneLine(text);
  }
  if (details.size === undefined && details.net !== undefined) details.size = details.net.replace(/^-/, '');
  const used = new Set(['base', 'hours', 'net']);
  const fill = (text: string): string | null => {
    let complete = true;
    const filled = text.replace(/\{(\w+)\}/g, (_all, name: string) => {
      used.add(name);
      if (details[name] === undefined) complete = false;
      return details[name] ?? '?';
    });
    return complete ? filled : null;
  };
  const line = words.kinds[alert.kind].line
    .split(/(\[[^\]]*\])/)
    .map((part) =>
      part.startsWith('[') ? (fill(part.slice(1, -1)) ?? '') : (fill(part) ?? fillLoosely(part, details)),
    )
    .join('');
  const rest = Object.entries(details).filter(([name, value]) => !used.has(name) && value !== '');
  const text = [line, ...rest.map(([name, value]) => `${name} ${value}`)].filter((part) => part.trim() !== '');
  return text
    .join(words.comma)
    .replace(/^[,:，：\s]+/, '')
    .trim();
}

function fillLoosely(text: string, details: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_all, name: string) => details[name] ?? '?');
}

function foldedLine(tally: FoldedTally, nowMs: number, words: Told): string {
  const title = words.kinds[tally.kind].title.replaceAll('{hours}', '');
  return words.foldedLine(
    title,
    words.phase[tally.phase],
    tally.alerts,
    tally.times,
    clock(tally.sinceMs, nowMs, words),
  );
}

function dailyText(report: DailyReport, limit: number, nowMs: number, words: Told): string {
  const title = words.daily(isoDate(report.day), report.stuck.length, hoursText(report.stuckMs));
  const { unknown = [] } = report;
  const names = (list: readonly string[]) => clip(list.join(words.comma), NAMES_LIMIT);
  const last = [
    ...(unknown.length > 0 ? [words.dailyUnknown(names(unknown))] : []),
    ...(report.stuck.length > 0 ? [words.dailyHints] : []),
  ].join('\n');
  const lines: string[] = [];
  let room = limit - title.length - last.length - NAMES_LIMIT - 50;
  for (const symbol of report.stuck) {
    const line = clip(dailyLine(symbol, nowMs, words), LINE_LIMIT + 100);
    if (line.length + 1 > room) break;
    lines.push(line);
    room -= line.length + 1;
  }
  const left = report.stuck.slice(lines.length).map((symbol) => symbol.instrument);
  return [title, ...lines, ...(left.length > 0 ? [words.dailyMore(left.length, names(left))] : []), last].join('\n');
}

/** What was done, and what is not hedged: each net, or as many as there is room for, after their sums (strategy 12.3). */
function newsText({ doing, unhedged, unknown }: News, limit: number, nowMs: number, words: Told): string {
  const sum = (amounts: readonly (Decimal | null)[]) =>
    amounts.some((amount) => amount === null) ? null : total(amounts as readonly Decimal[]).toFixed(2);
  const head = [
    doingText(doing, nowMs, words),
    unhedged.length > 0
      ? words.unhedged(unhedged.length, sum(unhedged.map(({ usdt }) => usdt)), sum(unhedged.map((net) => net.costUsdt)))
      : unknown.length === 0
        ? words.allHedged
        : '',
    unknown.length > 0 ? words.newsUnknown(clip(unknown.join(words.comma), NAMES_LIMIT)) : '',
  ].filter((line) => line !== '');
  // At a stop each net is an alert of its own.
  const nets = doing.what === 'stopped' ? [] : unhedged;
  const lines = nets.map((net) => {
    const { kind, instrument, details } = netLeftAlert(net, nowMs);
    const since = net.sinceMs === null ? '' : words.comma + words.since(clock(net.sinceMs, nowMs, words), '');
    return `- ${clip(`${oneLine(instrument ?? '')}${words.colon}${lineOf({ kind, instrument, details }, words)}${since}`, LINE_LIMIT)}`;
  });
  let room = limit - head.join('\n').length - NAMES_LIMIT;
  const shown = lines.filter((line) => {
    room -= line.length + 1;
    return room > 0;
  });
  const left = nets.slice(shown.length).map(({ instrument }) => instrument);
  const more = left.length > 0 ? [words.dailyMore(left.length, clip(left.join(words.comma), NAMES_LIMIT - 50))] : [];
  return clip([...head, ...shown, ...more].join('\n'), limit);
}

function doingText(doing: Doing, nowMs: number, words: Told): string {
  switch (doing.what) {
    case 'started':
      return words.started(doing.after, doing.symbols);
    case 'stopped':
      return words.stopped(oneLine(doing.why));
    case 'mode-changed': {
      const { symbols, mode, by, untilMs, why } = doing;
      const until = untilMs === null ? null : clock(untilMs, nowMs, words);
      const sources = by.map((one) => words.details[one] ?? one).join(words.comma);
      return words.mode({
        symbols: clip(symbols.join(words.comma), NAMES_LIMIT),
        mode,
        by: sources,
        until,
        why: oneLine(why),
      });
    }
  }
}

function dailyLine(symbol: StuckSymbol, nowMs: number, words: Told): string {
  const distance = hedgeDistance(symbol);
  return words.dailyLine({
    instrument: symbol.instrument,
    side: symbol.hedgeSide,
    size: `${symbol.size.toFixed()} ${symbol.instrument.split('_')[0]}`,
    since: clock(symbol.unhedgedSinceMs, nowMs, words),
    duration: span(nowMs - symbol.unhedgedSinceMs, words),
    guard: symbol.guardPrice?.toFixed() ?? null,
    touch: symbol.touch?.toFixed() ?? null,
    missing:
      distance === null
        ? null
        : {
            usdt: short(distance.missing),
            percent: distance.missingPercent.toFixed(2),
            lossUsdt: distance.lossNowUsdt.toFixed(2),
          },
  });
}

function short(value: Decimal): string {
  return value.toDecimalPlaces(8).toFixed();
}

function oneLine(text: string): string {
  return clip(printable(text.replace(/[\s\p{Cc}]+/gu, ' ')).trim(), DETAIL_LIMIT);
}

function hoursText(ms: number): string {
  return String(Math.round((ms / 3_600_000) * 1000) / 1000);
}

/** The minute; with the date when it is not today's. */
function clock(atMs: number, nowMs: number, { local }: Told): string {
  const text = local(atMs);
  return text.slice(0, 10) === local(nowMs).slice(0, 10) ? text.slice(11) : text.slice(5);
}

function isoDate(day: number): string {
  const date = new Date(day * 86_400_000);
  return Number.isNaN(date.getTime()) ? '????-??-??' : date.toISOString().slice(0, 10);
}

function span(ms: number, { duration }: Words): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}${duration.s}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}${duration.min}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${duration.h}${minutes % 60 === 0 ? '' : ` ${minutes % 60}${duration.min}`}`;
  return `${Math.floor(hours / 24)}${duration.d}${hours % 24 === 0 ? '' : ` ${hours % 24}${duration.h}`}`;
}
