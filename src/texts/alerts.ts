import type { AlertKind } from '../core/alerts.ts';
import type { Language } from './language.ts';

/**
 * The texts of each alert (strategy 12); `POLICIES` in `src/core/alerts.ts` has period and severity. A new alert needs
 * a row in both and code that raises it; without texts it does not compile.
 * `{name}` is a detail of the alert, `{base}` the symbol's coin, `{hours}` the configured hours; a part in `[…]` is
 * left out if one of its details is missing; details that the line does not name are appended. The English titles
 * contain the phrases of strategy 14 verbatim, with which the log's line of an alert begins.
 */
export interface AlertWords {
  readonly title: string;
  readonly line: string;
  /** What the engine does about it. */
  readonly engine: string;
  /** What the user can do. */
  readonly you: string;
}

export const ALERT_TEXTS: Readonly<Record<AlertKind, Readonly<Record<Language, AlertWords>>>> = {
  'api-failure': {
    en: {
      title: 'API failure',
      line: '[{call} fails][: {reason}][ (code {code})][, {inARow} in a row]',
      engine: 'tries again by itself; without fresh data it places no new orders.',
      you: 'if it lasts, check the network and the status of the exchange.',
    },
    zh: {
      title: 'API 异常 (API failure)',
      line: '[{call} 失败][：{reason}][（代码 {code}）][，连续 {inARow} 次]',
      engine: '自动重试；没有新数据时不下新单。',
      you: '若持续，请检查网络和交易所状态。',
    },
  },
  'account-parked': {
    en: {
      title: 'Account refused by the exchange',
      line: '[{reason}][ (code {code})]',
      engine:
        'places nothing on this account and retries slowly; the other one opens nothing, but repairs while both can be read.',
      you: 'log in at the exchange: check the permissions of the API key, the IP list and the state of the account.',
    },
    zh: {
      title: '账户被交易所拒绝',
      line: '[{reason}][（代码 {code}）]',
      engine: '该账户不再下单，缓慢重试；另一账户不开仓，两账户均可读取时仍对冲。',
      you: '登录交易所，检查 API key 权限、IP 白名单和账户状态。',
    },
  },
  'journal-unreachable': {
    en: {
      title: 'Journal out of reach',
      line: '{reason}',
      engine:
        'creates nothing, keeps repairs, cancels openings after 5 s, books fills, and writes them when the database answers.',
      you: 'check the database server and the network; it continues by itself.',
    },
    zh: {
      title: '日志数据库不可用',
      line: '{reason}',
      engine: '不下新单；保留对冲单，5 秒后撤销开仓单；照常记录成交，数据库恢复后写入。',
      you: '检查数据库服务器及网络；恢复后自动继续。',
    },
  },
  'openings-stopped': {
    en: {
      title: 'Openings stopped',
      line: '{reason}',
      engine: 'cancels openings that grow positions and makes none; repairs go on.',
      you: 'check `report` and the margins; it continues by itself when the ratio is 5 % below the limit, or the day is over.',
    },
    zh: {
      title: '停止开仓',
      line: '{reason}',
      engine: '撤销并不再下增仓的开仓单；对冲照常进行。',
      you: '查看 `report` 与保证金；比率低于上限 5 % 或当日结束后自动恢复。',
    },
  },
  mmr: {
    en: {
      title: 'MMR ALERT',
      line: 'maintenance margin / equity {ratio}, threshold {threshold}[, the other account {other}][ ({marginUsdt} / {equityUsdt} USDT)][; {levelling}]',
      engine: 'goes on hedging and never closes a position to save margin.',
      you: 'add USDT to this account or reduce its positions; at 1.00 the exchange liquidates.',
    },
    zh: {
      title: 'MMR ALERT 维持保证金率告警',
      line: '维持保证金 / 权益 {ratio}，阈值 {threshold}[，另一账户 {other}][（{marginUsdt} / {equityUsdt} USDT）][；{levelling}]',
      engine: '继续对冲，不会为保证金主动平仓。',
      you: '向该账户充值 USDT 或减仓；达到 1.00 交易所会强平。',
    },
  },
  'post-only-exhausted': {
    en: {
      title: 'Post-only retries used up: cooldown',
      line: '[{attempts} attempts refused][, next try in {cooldownSeconds} s]',
      engine: 'places nothing on this symbol during the cooldown, then goes on by itself.',
      you: 'nothing; if it comes often, the market moves too fast for this symbol or the loop is too slow.',
    },
    zh: {
      title: 'post-only 重试用尽，进入冷却 (cooldown)',
      line: '[{attempts} 次被拒][，{cooldownSeconds} 秒后再试]',
      engine: '冷却期内该标的不下单，之后自动继续。',
      you: '无需操作；若频繁出现，说明行情太快或轮询太慢。',
    },
  },
  unhedged: {
    en: {
      title: 'unhedged>{hours}h',
      line: 'to hedge: {side} {size} {base}[, worth {diff} USDT][, guard price {guard} USDT][, market {mark} USDT][, touch {touch} USDT]',
      engine: 'keeps its order at the guard price or better and never hedges at a loss.',
      you: 'wait for the market to come back, or hedge by hand and take the loss.',
    },
    zh: {
      title: 'unhedged>{hours}h 未对冲超过 {hours} 小时',
      line: '待对冲：{side} {size} {base}[，价值 {diff} USDT][，保护价 {guard} USDT][，现价 {mark} USDT][，盘口 {touch} USDT]',
      engine: '挂单不劣于保护价，绝不亏损对冲。',
      you: '等待行情回来，或手动对冲并承担亏损。',
    },
  },
  'foreign-order': {
    en: {
      title: 'non-strategy order detected',
      line: '[order {orderId}][ (client id {clientOrderId})]',
      engine: 'ignores it; reported once per order.',
      you: 'if you did not place it, find out who did; if it is not wanted, cancel it at the exchange.',
    },
    zh: {
      title: '发现非策略订单 (non-strategy order detected)',
      line: '[订单 {orderId}][（client id {clientOrderId}）]',
      engine: '不触碰、不计入；每个订单只提示一次。',
      you: '若不是您下的单，请查明来源；不需要则在交易所撤销。',
    },
  },
  'order-refused': {
    en: {
      title: 'Order refused by the exchange',
      line: '[{reason}][ (code {code})][, next try in {restSeconds} s]',
      engine: 'pauses this symbol, longer each time, and tries again.',
      you: 'read the reason: margin, limits of the account, or the settings of the symbol.',
    },
    zh: {
      title: '订单被交易所拒绝',
      line: '[{reason}][（代码 {code}）][，{restSeconds} 秒后再试]',
      engine: '该标的暂停，时间逐次加长，然后重试。',
      you: '查看原因：保证金、账户限制或标的配置。',
    },
  },
  'order-ended': {
    en: {
      title: 'Resting order ended by the exchange or by hand',
      line: '[{side} {purpose}: {reason}][, next try in {restSeconds} s]',
      engine: 'pauses this account for orders of that purpose, longer each time; the other account still repairs.',
      you: 'read the reason: margin, self-trade prevention, a closed market; if someone cancelled by hand, ask why.',
    },
    zh: {
      title: '挂单被交易所或人工终止',
      line: '[{side} {purpose}：{reason}][，{restSeconds} 秒后再试]',
      engine: '该账户的此类订单暂停，时间逐次加长；另一账户继续修复。',
      you: '查看原因：保证金、自成交保护或市场关闭；若为人工撤单，请确认缘由。',
    },
  },
  'orders-ended': {
    en: {
      title: 'Orders of many symbols were ended for one reason',
      line: '[{reason}][, {count} symbols][: {symbols}]',
      engine: 'pauses each account and purpose, then places the orders again.',
      you: 'read the reason: margin of the account, a restart of the exchange, or someone who cancelled everything.',
    },
    zh: {
      title: '多个标的的挂单因同一原因被终止',
      line: '[{reason}][，{count} 个标的][：{symbols}]',
      engine: '各账户按用途暂停，然后重新挂单。',
      you: '查看原因：账户保证金、交易所重启，或有人全部撤单。',
    },
  },
  'reduce-only': {
    en: {
      title: 'The exchange takes only orders that shrink a position',
      line: '[orders that grow one are withheld, one is tried every {minutes} min]',
      engine:
        'sends what shrinks a position with reduce_only, opens nothing, and repairs from the account that can shrink.',
      you: 'find out why this account, or this instrument, may only reduce: risk, compliance, or a delisting to come.',
    },
    zh: {
      title: '交易所只接受减仓单 (reduce-only)',
      line: '[不发送增仓订单；每 {minutes} 分钟试一次]',
      engine: '减仓订单带 reduce_only 照常发送；不开仓；能减仓的一方负责修复。',
      you: '查看该账户或该合约被限制的原因：风控、合规，或合约即将下线。',
    },
  },
  drift: {
    en: {
      title: 'Position differs from what was traded (drift)',
      line: '[difference {difference} {base}][, adopted at {price} USDT]',
      engine: 'adopts the position at the exchange and continues.',
      you: 'if somebody traded by hand, nothing; otherwise look into the trade history of the account.',
    },
    zh: {
      title: '持仓与成交记录不符 (drift)',
      line: '[差额 {difference} {base}][，按 {price} USDT 接管]',
      engine: '以交易所为准，继续运行。',
      you: '若有人手动交易则无需操作；否则请查该账户成交历史。',
    },
  },
  'drift-held': {
    en: {
      title: 'Position differs from what was traded (drift), not adopted yet',
      line: '[difference {difference} {base}]',
      engine: 'places no new orders on this symbol until position and trades agree, or the difference is explained.',
      you: 'check whether somebody, or another program, trades this account right now.',
    },
    zh: {
      title: '持仓与成交记录不符 (drift)，尚未接管',
      line: '[差额 {difference} {base}]',
      engine: '在持仓与成交记录一致、或差额得到解释之前，该标的不下新单。',
      you: '检查此刻是否有人或其他程序在交易该账户。',
    },
  },
  split: {
    en: {
      title: 'Both positions changed by one ratio, as in a split: paused',
      line: '[ratio {ratio}][: A {a} {base}, B {b} {base}]',
      engine: 'cancels its orders on it and trades it no more until it is started again, with lots in the new units.',
      you: 'read the exchange’s announcements: after a split, check the row in the symbols file and restart. Otherwise trade the positions back by hand, and it goes on.',
    },
    zh: {
      title: '两个账户持仓按同一比例变化（疑似拆分），已暂停',
      line: '[比例 {ratio}][：A {a} {base}，B {b} {base}]',
      engine: '撤销该标的的挂单，重启前不再交易；重启后按新单位换算批次。',
      you: '请查看交易所公告：若为拆分，请核对配置行后重启；否则请手动恢复原持仓，引擎将自动继续。',
    },
  },
  'same-direction': {
    en: {
      title: 'Both accounts hold the same direction',
      line: '[A {a} {base}, B {b} {base}]',
      engine: 'trades back to opposite positions, as maker.',
      you: 'check whether somebody traded by hand.',
    },
    zh: {
      title: '两个账户持仓同向',
      line: '[A {a} {base}，B {b} {base}]',
      engine: '以 maker 方式交易回反向持仓。',
      you: '检查是否有人手动交易。',
    },
  },
  'side-contradicts-config': {
    en: {
      title: 'Positions are opposite to the configured side',
      line: '[A {a} {base}, B {b} {base}][, configured for A: {configured}][, held: {held}]',
      engine: 'continues in the present direction.',
      you: 'nothing, or correct a_side_when_equal.',
    },
    zh: {
      title: '持仓方向与配置相反',
      line: '[A {a} {base}，B {b} {base}][，A 配置为 {configured}][，实际 {held}]',
      engine: '按实际持仓方向继续。',
      you: '无需操作，或修正 a_side_when_equal。',
    },
  },
  'order-count': {
    en: {
      title: 'More live orders than allowed',
      line: '[account {account}: ][{count} orders, at most {cap}]',
      engine: 'cancels the surplus, oldest first.',
      you: 'if it stays, check whether a second engine runs on these accounts.',
    },
    zh: {
      title: '挂单数超过上限',
      line: '[账户 {account}：][{count} 个，上限 {cap}]',
      engine: '撤销多余订单，先撤最旧的。',
      you: '若持续，检查是否有第二个引擎在用这些账户。',
    },
  },
  'clock-skew': {
    en: {
      title: 'Clock differs from the clock of the exchange',
      line: '[{skew}][, at most {limit}]',
      engine: 'goes on; orders may be refused as expired or live for a different time.',
      you: 'synchronise the clock of this machine (NTP).',
    },
    zh: {
      title: '本机时钟与交易所不一致',
      line: '[相差 {skew}][，上限 {limit}]',
      engine: '继续运行；订单可能被判过期或有效期不准。',
      you: '校准本机时钟 (NTP)。',
    },
  },
  'rate-limited': {
    en: {
      title: 'The exchange refused a request as over the rate limit',
      line: '[{bucket}][, {share} of the budget left]',
      engine: 'sends requests more slowly; the budget recovers within ten minutes.',
      you: 'check which other programs use these accounts; lower GRVT_HEDGE_RATE_SCALE if it is above your tier.',
    },
    zh: {
      title: '交易所以请求过频为由拒绝了请求',
      line: '[{bucket}][，剩余额度 {share}]',
      engine: '放慢请求；额度在十分钟内恢复。',
      you: '检查是否有其他程序使用这些账户；若 GRVT_HEDGE_RATE_SCALE 高于账户等级，请调低。',
    },
  },
  'requests-waiting': {
    en: {
      title: 'Requests wait longer than 10 s for the request budget',
      line: '[{bucket}]',
      engine: 'continues; cancels and hedges are sent first, and its data of the accounts are older.',
      you: 'trade fewer symbols, or raise GRVT_HEDGE_RATE_SCALE if your tier allows more.',
    },
    zh: {
      title: '请求等待额度超过 10 秒',
      line: '[{bucket}]',
      engine: '继续运行；撤单与对冲优先，账户数据会较旧。',
      you: '减少标的，或在账户等级允许时调高 GRVT_HEDGE_RATE_SCALE。',
    },
  },
  'stream-disagreement': {
    en: {
      title: 'A stream of the exchange contradicts its REST answers',
      line: '[account {account}][: {why}]',
      engine: 'uses the REST answers until the stream agrees with them again.',
      you: 'nothing; if it stays, look at the status page of the exchange.',
    },
    zh: {
      title: '交易所的推送与查询结果不一致',
      line: '[账户 {account}][：{why}]',
      engine: '以查询结果为准，两者一致后恢复使用推送。',
      you: '无需操作；若持续，请查看交易所状态页。',
    },
  },
  'limit-reached': {
    en: {
      title: 'Position limit reached',
      line: '[total {total} USDT, limit {limit} USDT][, mode {mode}][: {why}]',
      engine: 'opens nothing more on this symbol.',
      you: 'nothing, or change the limits in the symbols file.',
    },
    zh: {
      title: '达到持仓限额',
      line: '[总额 {total} USDT，限额 {limit} USDT][，模式 {mode}][：{why}]',
      engine: '该标的不再开仓。',
      you: '无需操作，或修改标的配置中的限额。',
    },
  },
  'mark-doubtful': {
    en: {
      title: 'The mark price is doubtful',
      line: '[mark {mark}][, last accepted {accepted}][, book {bid} / {ask}]',
      engine: 'cancelled its openings and opens nothing; hedges go on in small steps.',
      you: 'compare the mark price and the book at the exchange; it ends by itself when they agree again.',
    },
    zh: {
      title: '标记价格可疑',
      line: '[标记价格 {mark}][，上次确认 {accepted}][，盘口 {bid} / {ask}]',
      engine: '已撤销开仓单且不再开仓；对冲以小额继续。',
      you: '在交易所核对标记价格与盘口；两者一致后自动恢复。',
    },
  },
  'repair-blocked': {
    en: {
      title: 'The position limits keep a net from being hedged',
      line: '[total {total} USDT, limit {limit} USDT][, mode {mode}][: {why}]',
      engine: 'places no repair on this symbol until the limits leave room.',
      you: 'change the limits in the symbols file, or hedge by hand.',
    },
    zh: {
      title: '持仓限额使净额无法对冲',
      line: '[总额 {total} USDT，限额 {limit} USDT][，模式 {mode}][：{why}]',
      engine: '限额腾出空间之前不下对冲单。',
      you: '修改标的配置中的限额，或手动对冲。',
    },
  },
  'invariant-broken': {
    en: {
      title: 'A safety rule was broken',
      line: '[{invariant}][: {detail}]',
      engine: 'places no new orders on this symbol and keeps managing what is open.',
      you: 'look at the orders and positions at the exchange now; keep the log and restart when it is understood.',
    },
    zh: {
      title: '安全规则被破坏',
      line: '[{invariant}][：{detail}]',
      engine: '该标的不再下新单，继续管理已有订单。',
      you: '立即查看交易所的订单和持仓；保留日志，查明后重启。',
    },
  },
  'actor-failed': {
    en: {
      title: 'A part of the engine failed and was restarted',
      line: '[{actor}][: {reason}]',
      engine: 'restarted that part; the others went on.',
      you: 'look at the log; if it comes again, stop the engine.',
    },
    zh: {
      title: '引擎的一个部件出错并已重启',
      line: '[{actor}][：{reason}]',
      engine: '已重启该部件，其余不受影响。',
      you: '查看日志；若再次出现，请停止引擎。',
    },
  },
  'task-failed': {
    en: {
      title: 'A task of the engine failed',
      line: '[{actor}][: {reason}]',
      engine: 'ended that task; an order it may have sent is looked up until the exchange proves what became of it.',
      you: 'look at the log; if it comes again, stop the engine.',
    },
    zh: {
      title: '引擎的一个任务出错',
      line: '[{actor}][：{reason}]',
      engine: '已结束该任务；可能已发出的订单会一直查询，直到交易所证明其结果。',
      you: '查看日志；若再次出现，请停止引擎。',
    },
  },
  'journal-failed': {
    en: {
      title: 'The journal could not be written or read',
      line: '[{reason}]',
      engine: 'continues; no order is sent before its journal entry is safe.',
      you: 'check the disk: space, permissions, the file; keep the log.',
    },
    zh: {
      title: '账本无法写入或读取',
      line: '[{reason}]',
      engine: '继续运行；条目未安全落盘之前不会发出任何订单。',
      you: '检查磁盘：空间、权限、文件；保留日志。',
    },
  },
  'lock-lost': {
    en: {
      title: 'A lock of this engine is lost: a second one could trade',
      line: '[{reason}]',
      engine: 'keeps trading; only you can decide which of two engines is the right one.',
      you: 'stop one of two engines; if only this one runs, stop it, put its data directory back and start it again.',
    },
    zh: {
      title: '本引擎的锁已丢失：另一个引擎可能同时交易',
      line: '[{reason}]',
      engine: '继续交易；两个引擎中该留哪一个只能由你决定。',
      you: '停掉其中一个；若只有这一个在运行，请停止它，恢复数据目录后重新启动。',
    },
  },
  'start-difference': {
    en: {
      title: 'The exchange differs from what was remembered',
      line: '[{difference}]',
      engine: 'adopts the state at the exchange.',
      you: 'check whether somebody traded while the engine was down.',
    },
    zh: {
      title: '交易所与本地记录不一致',
      line: '[{difference}]',
      engine: '以交易所为准。',
      you: '检查引擎停止期间是否有人交易。',
    },
  },
  'instrument-unlisted': {
    en: {
      title: 'The exchange does not list this instrument any more',
      line: '[A {a} {base}, B {b} {base}][, open lots: {lots}]',
      engine: 'keeps its positions and lots, places no orders on it, and continues by itself once it is listed again.',
      you: 'check these positions at the exchange; to end this alert, set "enabled" to false for this symbol.',
    },
    zh: {
      title: '交易所已下架该标的',
      line: '[A {a} {base}，B {b} {base}][，未对冲批次：{lots}]',
      engine: '保留其持仓和批次，不再对其下单；重新上架后自动继续。',
      you: '在交易所查看这些持仓；若不再需要提示，请将该标的的 enabled 设为 false。',
    },
  },
  'held-with-net': {
    en: {
      title: 'Held with a net: nothing hedges it',
      line: 'net {net} {base}[, worth {diff} USDT][, {mode}]',
      engine: 'submits nothing on this symbol until it is resumed.',
      you: 'hedge it by hand, or resume the symbol: grvt-hedge resume SYMBOL.',
    },
    zh: {
      title: '已冻结但存在净额：无对冲',
      line: '净额 {net} {base}[，价值 {diff} USDT][，{mode}]',
      engine: '恢复之前不对该标的下任何单。',
      you: '手动对冲，或恢复该标的：grvt-hedge resume SYMBOL。',
    },
  },
  'symbol-leaving': {
    en: {
      title: 'Hedge-only: removed or disabled while something is open',
      line: '[{leaving}][: A {a} {base}, B {b} {base}, net {net} {base}][, live orders: {orders}]',
      engine: 'opens nothing on it, repairs until it is hedged, then stops managing it; positions stay.',
      you: 'nothing; to trade it again, put its row back and reload.',
    },
    zh: {
      title: '仅对冲 (hedge-only)：已移除或停用但尚有未结',
      line: '[{leaving}][：A {a} {base}，B {b} {base}，净额 {net} {base}][，挂单 {orders} 个]',
      engine: '不再开仓，对冲完成后退出该标的；持仓保留。',
      you: '无需操作；若要继续交易，请恢复其配置行并 reload。',
    },
  },
  'symbol-left': {
    en: {
      title: 'A removed or disabled symbol has ended',
      line: '[remaining: A {a} {base}, B {b} {base}][, net {net} {base}]',
      engine: 'has no orders on it any more and does not manage these positions.',
      you: 'nothing; what is listed stays at the exchange until you close it.',
    },
    zh: {
      title: '已移除或停用的标的已退出',
      line: '[保留：A {a} {base}，B {b} {base}][，净额 {net} {base}]',
      engine: '该标的已无挂单，不再管理这些持仓。',
      you: '无需操作；所列持仓保留在交易所，直到您平仓。',
    },
  },
  'taker-fill': {
    en: {
      title: 'One of our orders filled as taker',
      line: '{side} {size} at {price} [order {clientOrderId}][, fee {fee}]',
      engine: 'booked it like any other; all its orders are post-only, but the exchange did not treat this one so.',
      you: 'compare the order at the exchange (why ORDER_ID shows ours) and ask its support.',
    },
    zh: {
      title: '本方成交为吃单',
      line: '{side} {size}，价格 {price}[，订单 {clientOrderId}][，手续费 {fee}]',
      engine: '已照常记账；引擎所有订单均为只挂单，此单交易所未按只挂单处理。',
      you: '在交易所核对该订单（why 订单号 可查看本方记录），并联系其客服。',
    },
  },
  'money-unexplained': {
    en: {
      title: 'Money that no row explains',
      line: '{usdt} USDT between the balances of {from} and {to}[, {rows} rows]',
      engine: 'reads the exchange’s lists of the last day again every hour; a late row may explain it.',
      you: 'if it stays: compare fills, funding and transfers of that hour at the exchange with `report --csv`.',
    },
    zh: {
      title: '存在无法解释的资金变动',
      line: '{from} 至 {to} 两次余额之间 {usdt} USDT[，{rows} 条记录]',
      engine: '每小时重读交易所最近一天的列表；迟到的记录会解释该差额。',
      you: '若持续存在：将该时段交易所的成交、资金费和划转与 `report --csv` 对照。',
    },
  },
  'rollout-held': {
    en: {
      title: 'The gray rollout is held',
      line: '[{figure} {value}, limit {limit}]',
      engine: 'keeps this symbol on trial and starts no further one until the figure is good again.',
      you: 'find out why; `rollout skip SYMBOL` continues with it in full.',
    },
    zh: {
      title: '灰度发布停住',
      line: '[{figure} {value}，限值 {limit}]',
      engine: '该标的保持试运行，在指标恢复之前不再启动其他标的。',
      you: '查明原因；`rollout skip 标的` 让它直接全额运行。',
    },
  },
  'isolated-margin': {
    en: {
      title: 'Isolated margin',
      line: '[leverage {leverage}]',
      engine: 'keeps trading; the account’s margin ratio that it watches does not include this position.',
      you: 'set this instrument to cross margin at the exchange, or watch its liquidation price there.',
    },
    zh: {
      title: '逐仓保证金',
      line: '[杠杆 {leverage}]',
      engine: '继续交易；所监控的保证金率是账户整体的，不反映此持仓。',
      you: '在交易所将该标的改为全仓，或自行关注其强平价。',
    },
  },
  'net-left': {
    en: {
      title: 'Not hedged while the engine is stopped',
      line: 'to hedge: {side} {size} {base}[, worth {diff} USDT][, cost at the touch {cost} USDT]',
      engine: 'has stopped and does not hedge this; its next start continues with it.',
      you: 'start it again, or hedge by hand.',
    },
    zh: {
      title: '引擎已停止，尚未对冲',
      line: '待对冲：{side} {size} {base}[，价值 {diff} USDT][，按盘口对冲的成本 {cost} USDT]',
      engine: '已停止，不再对冲；下次启动后继续处理。',
      you: '重新启动，或手动对冲。',
    },
  },
  'dead-man-off': {
    en: {
      title: 'The dead-man timer of the exchange is off',
      line: '[order {orderId} is not ours, and the timer would cancel it][{reason}]',
      engine: 'keeps trading without it, and arms it again when no such order rests and the exchange accepts it.',
      you: 'cancel that order, or move it to another account; until then orders stay when the engine dies.',
    },
    zh: {
      title: '交易所的失联撤单计时已关闭',
      line: '[订单 {orderId} 不是本策略的，计时到期会将其撤销][{reason}]',
      engine: '在没有它的情况下继续交易；没有此类订单且交易所接受后重新启用。',
      you: '撤销该订单或移至其他账户；在此之前，引擎失联时挂单会保留。',
    },
  },
  'dead-man-armed': {
    en: {
      title: 'The dead-man timer of the exchange could not be switched off at the stop',
      line: '[{reason}]',
      engine: 'has stopped; when the timer runs out, the exchange cancels the orders that were kept.',
      you: 'look at the open orders at the exchange; the next start manages what is left.',
    },
    zh: {
      title: '停止时未能关闭交易所的失联定时器',
      line: '[{reason}]',
      engine: '已停止；定时器到期后，交易所会撤销所保留的订单。',
      you: '查看交易所的未完成订单；下次启动会接着处理剩余部分。',
    },
  },
  defect: {
    en: {
      title: 'A defect stops the engine',
      line: '[{reason}]',
      engine: 'places no new orders, cancels its own as at any stop, and ends with exit code 70.',
      you: 'look at positions and orders at the exchange; keep the log and report it; start it again.',
    },
    zh: {
      title: '程序缺陷，引擎停止',
      line: '[{reason}]',
      engine: '不再下新单，照常撤销自己的挂单，以退出码 70 结束。',
      you: '查看交易所的持仓和挂单；保留日志并报告；然后重新启动。',
    },
  },
  'stray-order': {
    en: {
      title: 'Own order on an unknown instrument',
      line: '[client id {clientOrderId}]',
      engine: 'cancels it; it cannot hedge what it fills.',
      you: 'look at this order and its position at the exchange.',
    },
    zh: {
      title: '未知标的上有本策略订单',
      line: '[client id {clientOrderId}]',
      engine: '撤销该订单；其成交无法对冲。',
      you: '请在交易所查看该订单及其持仓。',
    },
  },
  'other-engine': {
    en: {
      title: 'Another engine trades this account',
      line: '[client id {clientOrderId}]: placed while this engine runs, with our prefix, but not by it',
      engine: 'keeps trading and manages that order as its own; each engine cancels what it finds surplus.',
      you: 'stop one of the two engines, on whichever machine it runs.',
    },
    zh: {
      title: '另一个引擎正在交易此账户',
      line: '[client id {clientOrderId}]：本引擎运行期间出现，带有本策略前缀，但不是本引擎所下',
      engine: '继续交易，并把该订单当作自己的管理；两个引擎会互相撤销多余的订单。',
      you: '请停止其中一个引擎，无论它在哪台机器上运行。',
    },
  },
};
