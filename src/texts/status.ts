import { type Language, wordsOf } from './language.ts';

/** Texts of `status` (`src/cli/status.ts` has the values). */
export const STATUS_WORDS = {
  silent: [
    "{name} on {mode}: an engine runs and does not answer: frozen, overloaded, or without a dashboard[; its journal's last entry is of {lastEntry}].",
    '{name}（{mode}）：有引擎在运行但没有应答：卡死、过载或没有看板[；其账本的最后一条是 {lastEntry}]。',
  ],
  silentThen: ['Its orders may rest and fill. Its journal remembers:', '它的订单可能仍在挂单并成交。其账本的记录：'],
  killed: [
    "{name} on {mode}: the engine ended without a stop (killed, power cut)[; its journal's last entry is of {lastEntry}].",
    '{name}（{mode}）：引擎未经停止就结束了（被杀、断电）[；其账本的最后一条是 {lastEntry}]。',
  ],
  killedThen: [
    'Its orders rest until they expire or the next start takes them over. Its journal remembers:',
    '它的订单会一直挂到过期，或由下次启动接管。其账本的记录：',
  ],
  none: ['No engine answers ({mode}); its journal remembers:', '没有引擎应答（{mode}）；其账本的记录：'],
  stopped: [
    '{name} on {mode}: stopped in order[ at {at}, exit code {code}].',
    '{name}（{mode}）：已有序停止[，{at}，退出码 {code}]。',
  ],
  running: ['{name}: {engine} on {mode}[ for {since}]', '{name}：{mode} 上 {engine}[，已 {since}]'],
  nothingLeft: ['Nothing is left unhedged.', '没有未对冲的剩余。'],
  left: [
    '{symbol} unhedged: {side} {size} would hedge it, {usdt} USDT[, since {since}][, at the touch that costs {cost} USDT]',
    '{symbol} 未对冲：{side} {size} 可对冲，{usdt} USDT[，始于 {since}][，按盘口需 {cost} USDT]',
  ],
  account: [
    '{account}  equity {equity} USDT, {ratio}[, {free} USDT free][, nearest liquidation {distance} from the mark ({liquidated})], {read}, {poller}[, {failures} failures in a row: {failure}]',
    '{account}  权益 {equity} USDT，{ratio}[，可用 {free} USDT][，最近强平距标记价 {distance}（{liquidated}）]，{read}，{poller}[，连续失败 {failures} 次：{failure}]',
  ],
  ratio: ['margin ratio {value}', '保证金率 {value}'],
  noRatio: ['margin ratio not known', '保证金率未知'],
  read: ['read {time} ago', '{time}前读取'],
  notRead: ['not read yet', '尚未读取'],
  levelling: ['Levelling: {words} (strategy {rule})', '均衡：{words}（规则 {rule}）'],
  budget: [
    '{account}  {waiting} requests wait for the budget ({bucket})',
    '{account}  {waiting} 个请求等待额度（{bucket}）',
  ],
  today: ['Today', '今日'],
  week: ['7 days', '7 天'],
  money: [
    '{span}: {total} USDT earned (spread {spread}, unwinds {unwinds}, fees {fees}, funding {funding}), volume {volume}',
    '{span}：收益 {total} USDT（价差 {spread}，平仓 {unwinds}，手续费 {fees}，资金费 {funding}），成交额 {volume}',
  ],
  openingsStop: ['{why}; repairs go on', '{why}；修复继续'],
  rollout: [
    'Rollout: {full} of {all} symbols in full, {waiting} waiting',
    '灰度发布：{all} 个标的中 {full} 个已全额，{waiting} 个等待',
  ],
  trial: [
    '  {symbol} on trial: {hedges} of {hedgesWanted} hedges, {ran} of {ranWanted}, {placed} of {orders} orders placed[, {cooldowns} cooldowns in a row]',
    '  {symbol} 试运行：对冲 {hedges}/{hedgesWanted} 次，{ran}/{ranWanted}，下单成功 {placed}/{orders}[，连续冷却 {cooldowns} 次]',
  ],
  passedOn: ['; the next one has started meanwhile', '；下一个已先启动'],
  held: ['; HELD by {figure}: {value}, limit {limit}', '；因 {figure} 停住：{value}，限值 {limit}'],
  sinceStart: [' (since the start)', '（自启动起）'],
  symbolsFile: ['symbols file', '标的文件'],
  until: ['{verb} until {time}', '{verb} 至 {time}'],
  leaving: ['leaving: {why}', '退出：{why}'],
  inRollout: ['rollout', '灰度'],
  noAlert: ['No alert holds.', '没有告警。'],
  alert: [
    '{words} (for {time}[, acknowledged by {by}][, silenced until {until}])',
    '{words}（已 {time}[，由 {by} 确认][，静默至 {until}]）',
  ],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export type StatusText = keyof typeof STATUS_WORDS;

export const STATUS_COLUMNS: Readonly<Record<Language, readonly string[]>> = {
  en: ['symbol', 'state', 'A', 'B', 'net', 'net USDT', 'orders', 'lots', 'gained', 'why'],
  zh: ['标的', '状态', 'A', 'B', '净额', '净额 USDT', '订单', '批次', '收益', '原因'],
};

export const statusText = wordsOf(STATUS_WORDS);
