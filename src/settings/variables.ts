import type { z } from 'zod';
import type { BothTexts } from '../core/reasons.ts';
import {
  accountId,
  address,
  apiKey,
  chainId,
  chatId,
  controlToken,
  database,
  deadMan,
  depth,
  duration,
  engineName,
  factor,
  hosts,
  integer,
  type Kind,
  LONGEST_ORDER_TTL_SEC,
  LONGEST_TIMER_SEC,
  MS_PER_DAY,
  MS_PER_HOUR,
  noProxy,
  oneOf,
  onOff,
  origin,
  path,
  privateKey,
  proxy,
  publicOrigin,
  ratio,
  sdkLevel,
  seconds,
  secondsOrNever,
  timeOfDay,
  timeZone,
  usdt,
  usdtAboveZero,
} from './kinds.ts';

/** The exchange (API 1). `paper` is the embedded one. */
export const MODES = ['paper', 'testnet', 'prod', 'staging', 'dev'] as const;
export type Mode = (typeof MODES)[number];

/** Heading in `.env.example`. */
export type Section = 'exchange' | 'keys' | 'alerts' | 'strategy' | 'stop' | 'engine';

/** One environment variable: the single source of its name, default, unit, legal values and explanation (2.1). */
export interface Variable<T> {
  /** As text in `.env`; null: none. */
  readonly default: string | null;
  /** The default as `.env.example` shows it where it is no fixed value, e.g. `by GRVT_ENV`; such a line is left empty. */
  readonly otherwise: string | null;
  readonly unit: string;
  /** Completes "expected …" in errors and in the example. */
  readonly expected: BothTexts;
  /** Never printed; may also be given as `NAME_FILE`. */
  readonly confidential: boolean;
  /** An address of which only the origin is printed: the rest may be a key. */
  readonly originOnly: boolean;
  /** May be given as `NAME_FILE`, a file with the value. */
  readonly fromFile: boolean;
  readonly section: Section;
  readonly en: string;
  readonly zh: string;
  readonly schema: z.ZodType<T, string>;
}

type Words = Pick<Variable<unknown>, 'section' | 'en' | 'zh'> &
  Partial<Pick<Variable<unknown>, 'default' | 'otherwise' | 'unit' | 'confidential' | 'originOnly' | 'fromFile'>>;

export function variable<T>(kind: Kind<T>, words: Words): Variable<T> {
  return {
    default: null,
    otherwise: null,
    unit: kind.unit,
    confidential: false,
    originOnly: false,
    fromFile: false,
    expected: kind.expected,
    schema: kind.schema,
    ...words,
  };
}

/** Every variable of strategy 2.1, in the order of `.env.example`. */
export const VARIABLES = {
  GRVT_ENV: variable(oneOf(MODES), {
    default: 'paper',
    section: 'exchange',
    en: 'Which exchange: paper is the embedded one. Must be set once trading keys are set.',
    zh: '连接哪个交易所：paper 为内置模拟交易所；一旦填写交易密钥就必须明确指定。',
  }),
  GRVT_EDGE_URL: variable(origin, {
    otherwise: 'by GRVT_ENV',
    section: 'exchange',
    en: 'Login host, in place of the one of GRVT_ENV.',
    zh: '覆盖 GRVT_ENV 对应的登录主机。',
  }),
  GRVT_TRADES_URL: variable(origin, {
    otherwise: 'by GRVT_ENV',
    section: 'exchange',
    en: 'Trading host, in place of the one of GRVT_ENV.',
    zh: '覆盖 GRVT_ENV 对应的交易主机。',
  }),
  GRVT_MARKET_DATA_URL: variable(origin, {
    otherwise: 'by GRVT_ENV',
    section: 'exchange',
    en: 'Market data host, in place of the one of GRVT_ENV.',
    zh: '覆盖 GRVT_ENV 对应的行情主机。',
  }),
  GRVT_CHAIN_ID: variable(chainId, {
    otherwise: 'by GRVT_ENV',
    section: 'exchange',
    en: 'Chain id of order signatures, in place of the one of GRVT_ENV (prod 325, testnet and paper 326, staging and dev 327).',
    zh: '覆盖订单签名所用的 chain id（prod 325，testnet 与 paper 326，staging 与 dev 327）。',
  }),
  GRVT_HEDGE_ALLOW_HOSTS: variable(hosts, {
    section: 'exchange',
    en: "Hosts allowed in place of the exchange's own on prod and testnet; loopback needs no entry.",
    zh: '在 prod 与 testnet 上允许代替官方主机的主机名；本机回环地址无需列出。',
  }),
  HTTPS_PROXY: variable(proxy, {
    originOnly: true,
    section: 'exchange',
    en: 'Proxy for https addresses: REST, login, streams and messages. Loopback never goes through it.',
    zh: 'https 地址使用的代理：REST、登录、推送与消息。本机回环地址不经代理。',
  }),
  HTTP_PROXY: variable(proxy, {
    originOnly: true,
    section: 'exchange',
    en: 'Proxy for http addresses.',
    zh: 'http 地址使用的代理。',
  }),
  NO_PROXY: variable(noProxy, {
    section: 'exchange',
    en: 'Hosts reached without a proxy: a name covers its subdomains; a range like 10.0.0.0/8; * for all.',
    zh: '不经代理直连的主机：域名包含其所有子域；可用网段如 10.0.0.0/8；* 表示全部。',
  }),

  GRVT_TRADING_API_KEY_1: variable(apiKey, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'API key of account A.',
    zh: '账户 A 的 API key。',
  }),
  GRVT_TRADING_PRIVATE_KEY_1: variable(privateKey, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'Private key that signs the orders of account A: 0x and 64 hex digits.',
    zh: '账户 A 的订单签名私钥：0x 加 64 位十六进制。',
  }),
  GRVT_TRADING_ACCOUNT_ID_1: variable(accountId, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'Trading account id of account A.',
    zh: '账户 A 的交易账户 ID。',
  }),
  GRVT_TRADING_API_KEY_2: variable(apiKey, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'API key of account B.',
    zh: '账户 B 的 API key。',
  }),
  GRVT_TRADING_PRIVATE_KEY_2: variable(privateKey, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'Private key that signs the orders of account B: 0x and 64 hex digits.',
    zh: '账户 B 的订单签名私钥：0x 加 64 位十六进制。',
  }),
  GRVT_TRADING_ACCOUNT_ID_2: variable(accountId, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'keys',
    en: 'Trading account id of account B.',
    zh: '账户 B 的交易账户 ID。',
  }),

  CHAT_ID: variable(chatId, {
    otherwise: 'required unless paper',
    section: 'alerts',
    en: 'Telegram chat that receives the alerts.',
    zh: '接收告警的 Telegram 会话 ID。',
  }),
  API_KEY: variable(apiKey, {
    otherwise: 'required unless paper',
    confidential: true,
    fromFile: true,
    section: 'alerts',
    en: 'Key of the Telegram gateway (header X-API-Key).',
    zh: 'Telegram 网关的密钥（请求头 X-API-Key）。',
  }),
  TELEGRAM_GATEWAY_URL: variable(address, {
    default: 'http://localhost:3000/send-message',
    originOnly: true,
    section: 'alerts',
    en: 'Address of the Telegram gateway, to which alerts are posted.',
    zh: 'Telegram 网关的地址，告警发送到此。',
  }),
  GRVT_HEDGE_MMR_ALERT_THRESHOLD: variable(ratio, {
    default: '0.70',
    section: 'alerts',
    en: 'Maintenance margin / equity of an account at which an alert is raised.',
    zh: '维持保证金 / 权益达到该比例即告警。',
  }),
  GRVT_HEDGE_STUCK_HOURS: variable(duration('hours', MS_PER_HOUR, '0.001', '590'), {
    default: '6',
    section: 'alerts',
    en: 'A symbol unhedged for longer is stuck: an alert, and a line in the daily report.',
    zh: '未对冲超过该时长视为卡住：告警并列入日报。',
  }),
  GRVT_HEDGE_DAILY_REPORT_AT: variable(timeOfDay, {
    default: '09:00',
    unit: 'HH:MM, Beijing time',
    section: 'alerts',
    en: 'When the daily report of stuck symbols is sent.',
    zh: '每日卡住标的日报的发送时间（北京时间）。',
  }),
  GRVT_HEDGE_DAILY_STATEMENT: variable(onOff, {
    default: '0',
    section: 'alerts',
    en: 'Send the earnings of yesterday and of seven days once a day, at the time of the daily report.',
    zh: '每天在日报时间另发一条消息：昨日与 7 天的盈亏。',
  }),
  GRVT_HEDGE_HEARTBEAT_URL: variable(address, {
    originOnly: true,
    section: 'alerts',
    en: 'Address that is called once a minute while both accounts are polled successfully.',
    zh: '两个账户均轮询正常时，每分钟访问一次该地址。',
  }),
  GRVT_HEDGE_LANG: variable(oneOf(['en', 'zh']), {
    default: 'en',
    section: 'alerts',
    en: 'Language of alerts, pages and what commands print.',
    zh: '告警、页面与命令输出的语言。',
  }),

  GRVT_HEDGE_SYMBOLS_FILE: variable(path, {
    otherwise: 'required unless paper, which takes config/hedge_symbols.example.json',
    section: 'strategy',
    en: 'What to trade: a JSON file, relative to the project root.',
    zh: '标的配置 JSON 文件，相对路径以项目根目录为基准。',
  }),
  GRVT_HEDGE_LOOP_INTERVAL_SEC: variable(seconds('0.01', 3600), {
    default: '2',
    section: 'strategy',
    en: 'Pause between two polls of an account.',
    zh: '同一账户两次轮询之间的间隔。',
  }),
  GRVT_HEDGE_ORDERBOOK_DEPTH: variable(depth, {
    default: '10',
    section: 'strategy',
    en: 'Book levels per request; the exchange accepts no other values.',
    zh: '请求的盘口档数；交易所只接受这些取值。',
  }),
  GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT: variable(usdt, {
    default: '20',
    section: 'strategy',
    en: 'While the two positions differ by less than this, each account has one order at most.',
    zh: '两账户仓位差额低于该值时，每账户最多一单。',
  }),
  GRVT_HEDGE_OPENINGS_STOP_MMR: variable(ratio, {
    section: 'strategy',
    en: 'Maintenance margin / equity of an account from which openings stop; hedging goes on.',
    zh: '任一账户的维持保证金 / 权益达到该比例时停止开仓；对冲照常进行。',
  }),
  GRVT_HEDGE_OPENINGS_STOP_LOSS_USDT: variable(usdtAboveZero, {
    section: 'strategy',
    en: 'Loss of the day from which openings stop until the next day; hedging goes on.',
    zh: '当日亏损达到该金额后，当日剩余时间停止开仓；对冲照常进行。',
  }),
  GRVT_HEDGE_POST_ONLY_MAX_RETRY: variable(integer(1, 100, 'attempts'), {
    default: '5',
    section: 'strategy',
    en: 'Attempts per order while the exchange refuses it as post-only.',
    zh: 'post-only 被拒时，一次下单的最多尝试次数。',
  }),
  GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: variable(seconds('1', 86_400), {
    default: '300',
    section: 'strategy',
    en: 'Pause of the symbol (cooldown) after those attempts are used up.',
    zh: '尝试用尽后该标的的冷却时间。',
  }),
  GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: variable(seconds('0', LONGEST_TIMER_SEC), {
    default: '1800',
    section: 'strategy',
    en: 'How long to wait for the rest of a partly filled order; then the filled part is booked and hedged.',
    zh: '部分成交的最长等待时间，超时后已成交的部分入账并对冲。',
  }),
  GRVT_HEDGE_ORDER_TTL_SEC: variable(seconds('60', LONGEST_ORDER_TTL_SEC), {
    default: '3600',
    otherwise: '3600; with GRVT_HEDGE_JOURNAL_URL 300, and 600 at most',
    section: 'strategy',
    en: 'Lifetime of each order: orders of a crashed process expire after it at the latest.',
    zh: '每张订单的有效期：进程异常退出后遗留的挂单最迟此时到期。',
  }),
  GRVT_HEDGE_RATE_SCALE: variable(factor('0.1', '100'), {
    default: '1',
    section: 'strategy',
    en: "Multiple of the request budget; 1 is the rate limit of the exchange's lowest tier.",
    zh: '请求额度的倍数；1 为交易所最低等级的频率限制。',
  }),
  GRVT_HEDGE_STREAMS: variable(onOff, {
    default: '1',
    section: 'strategy',
    en: "Use the exchange's streams: fills arrive at once.",
    zh: '使用交易所推送，成交即时得知。',
  }),

  GRVT_HEDGE_ROLLOUT: variable(onOff, {
    default: '0',
    section: 'strategy',
    en: 'Start symbols one after another, each with a fifth of its amount until its figures are good.',
    zh: '标的逐一启动，各自先用五分之一的下单额，指标合格后才用全额。',
  }),

  GRVT_HEDGE_MAX_RUNTIME_SEC: variable(secondsOrNever(LONGEST_TIMER_SEC), {
    default: '0',
    section: 'stop',
    en: 'Stop by itself after this time; 0: never.',
    zh: '运行该时长后自动停止；0 表示不自动停止。',
  }),
  GRVT_HEDGE_CANCEL_ON_STOP: variable(onOff, {
    default: '1',
    section: 'stop',
    en: 'Cancel strategy orders at a stop.',
    zh: '停机时撤销策略挂单。',
  }),
  GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS: variable(integer(0, 100, 'orders'), {
    default: '0',
    section: 'stop',
    en: 'Strategy orders per account and instrument that a stop keeps, newest first.',
    zh: '停机时每账户每标的保留的策略挂单数（保留最新的）。',
  }),

  GRVT_HEDGE_DEAD_MAN_SEC: variable(deadMan, {
    default: '0',
    section: 'stop',
    en: 'The exchange cancels ALL orders of both accounts when the engine has not called for this long; 0: never.',
    zh: '引擎失联达到该秒数后，交易所撤销两个账户的全部挂单；0 表示不启用。',
  }),

  GRVT_HEDGE_NAME: variable(engineName, {
    otherwise: 'the last four digits of both accounts',
    section: 'engine',
    en: 'Names this pair of accounts in messages, on the page and in metrics.',
    zh: '这对账户的名称，用于消息、页面与指标。',
  }),
  GRVT_HEDGE_TIME_ZONE: variable(timeZone, {
    otherwise: "the machine's",
    section: 'engine',
    en: 'Time zone of console, commands, pages and messages. The daily report is sent by Beijing time.',
    zh: '控制台、命令、页面与消息所用的时区。日报仍按北京时间发送。',
  }),
  GRVT_HEDGE_PAPER_SEED: variable(integer(0, 4_294_967_295, 'number'), {
    default: '1',
    section: 'engine',
    en: "Seed of the embedded exchange's market.",
    zh: '内置模拟交易所行情的随机种子。',
  }),
  GRVT_HEDGE_DATA_DIR: variable(path, {
    default: 'data',
    section: 'engine',
    en: 'Directory of journal and lock, relative to the project root.',
    zh: '账本与锁文件的目录，相对项目根目录。',
  }),
  GRVT_HEDGE_LOG_DIR: variable(path, {
    default: 'logs',
    section: 'engine',
    en: 'Directory of log files, relative to the project root.',
    zh: '日志文件的目录，相对项目根目录。',
  }),
  GRVT_HEDGE_JOURNAL_DAYS: variable(duration('days', MS_PER_DAY, '1', '3650'), {
    default: '30',
    section: 'engine',
    en: 'How long settled history is kept; open orders, lots and alerts are always kept.',
    zh: '已了结历史的保留天数；未了结的始终保留。',
  }),
  GRVT_HEDGE_JOURNAL_URL: variable(database, {
    otherwise: 'a file in the data directory',
    confidential: true,
    fromFile: true,
    section: 'engine',
    en: 'PostgreSQL database that keeps the journal, so that another machine can take over.',
    zh: '保存账本的 PostgreSQL 数据库，使另一台机器可以接管。',
  }),
  GRVT_HEDGE_SDK_LOG_LEVEL: variable(sdkLevel, {
    default: 'ERROR',
    section: 'engine',
    en: 'Log level of the REST client.',
    zh: 'REST 客户端的日志级别。',
  }),
  GRVT_HEDGE_HTTP_PORT: variable(integer(0, 65_535, 'port'), {
    default: '8787',
    section: 'engine',
    en: 'Port of dashboard, metrics and health checks, on loopback only; 0: off.',
    zh: '看板、指标与健康检查端口，仅本机可访问；0 表示关闭。',
  }),
  GRVT_HEDGE_CONTROL_TOKEN: variable(controlToken, {
    confidential: true,
    fromFile: true,
    section: 'engine',
    en: 'Unlocks the commands of the page; without it the page is read-only.',
    zh: '用于解锁页面上的命令；未设置时页面只读。',
  }),
  GRVT_HEDGE_PUBLIC_URL: variable(publicOrigin, {
    section: 'engine',
    en: 'Address under which a reverse proxy publishes the page.',
    zh: '反向代理对外发布页面所用的地址。',
  }),
} as const;

export type VariableName = keyof typeof VARIABLES;

/** The parsed variables; null: unset without default. */
export type Values = {
  -readonly [N in VariableName]: (typeof VARIABLES)[N] extends Variable<infer T> ? T | null : never;
};

export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly VariableName[];

/** Every legal name: the variables and their `…_FILE` forms. */
export function knownNames(): string[] {
  return VARIABLE_NAMES.flatMap((name) => (VARIABLES[name].fromFile ? [name, `${name}_FILE`] : [name]));
}
