import { filled, type Language } from './language.ts';

/** Texts of `fleet`: `{name}` stands for a value. */
export const FLEET_WORDS = {
  title: ['Fleet', '账户对总览'],
  none: ['No engine has written to this database yet.', '还没有引擎写入这个数据库。'],
  totals: [
    '{pairs} pairs, {traded} traded; unhedged {unhedged} USDT, equity {equity} USDT, today {today} USDT, {critical} critical alerts',
    '{pairs} 对账户，{traded} 对有引擎交易；未对冲 {unhedged} USDT，权益 {equity} USDT，今日 {today} USDT，严重告警 {critical} 个',
  ],
  alone: ['no engine trades it, and something is unhedged', '没有引擎交易它，且有未对冲的净额'],
  noEngine: ['NONE', '无'],
  notRead: ['not read yet', '尚未读取'],
  read: ['read {time} ago', '{time}前读取'],
  otherLanguage: ['中文', 'English'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export const FLEET_COLUMNS = {
  pair: ['pair', '账户对'],
  engine: ['engine', '引擎'],
  unhedged: ['unhedged USDT', '未对冲 USDT'],
  since: ['for', '已持续'],
  nets: ['nets', '净额'],
  equity: ['equity USDT', '权益 USDT'],
  today: ['today USDT', '今日 USDT'],
  alerts: ['alerts', '告警'],
  troubles: ['needs somebody', '需要处理'],
  lastEntry: ['last entry', '最近记录'],
  page: ['page', '页面'],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

export function fleetText(
  language: Language,
  name: keyof typeof FLEET_WORDS,
  values: Readonly<Record<string, string>> = {},
): string {
  return filled(FLEET_WORDS[name][language === 'zh' ? 1 : 0], values);
}

export function fleetColumn(language: Language, name: keyof typeof FLEET_COLUMNS): string {
  return FLEET_COLUMNS[name][language === 'zh' ? 1 : 0];
}
