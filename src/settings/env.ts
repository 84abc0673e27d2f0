import { isAbsolute, resolve } from 'node:path';
import { isUnprotected, shownDatabase } from '../core/database-address.ts';
import type { Decimal } from '../core/decimal.ts';
import type { AccountName } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { complainOfUnknownNames, convertOldRate, type EnvironmentInput, mergedTexts, takeFiles } from './given.ts';
import type { SdkLogLevel } from './kinds.ts';
import { isLoopback, type ProxySettings, proxyAddress, proxyOf } from './network.ts';
import type { Secret } from './secret.ts';
import { type AccountCredentials, credentials, isTradingKey, judgeKeys, TRADING_KEYS } from './trading-keys.ts';
import {
  MODES,
  type Mode,
  VARIABLE_NAMES,
  VARIABLES,
  type Values,
  type Variable,
  type VariableName,
} from './variables.ts';
import {
  EXCHANGES,
  type ExchangeHosts,
  type JudgedMode,
  judgeEncryption,
  judgeExchange,
  judgeMode,
} from './venue-hosts.ts';
import { hidden, nearest, shown, shownOrigin, wrongAt } from './wording.ts';

export interface TelegramSettings {
  readonly gatewayUrl: string;
  readonly chatId: string;
  readonly apiKey: Secret;
}

/** Settings from the environment (2.1). Units are suffixes; null: off, never, or not given. Paths are absolute. */
export interface EnvironmentSettings {
  readonly mode: Mode;
  /** Display name of this pair of accounts, without secrets. */
  readonly name: string;
  /** IANA zone of displayed times. */
  readonly timeZone: string;
  readonly chainId: number;
  /** null in `paper`, whose exchange chooses its own port. */
  readonly hosts: ExchangeHosts | null;
  /** null in `paper`, and if a command that does not trade got none. */
  readonly accounts: Readonly<Record<AccountName, AccountCredentials>> | null;
  /** null if not given: only in `paper`, and for commands that do not trade. */
  readonly telegram: TelegramSettings | null;
  readonly proxy: ProxySettings;
  readonly loopIntervalMs: number;
  readonly orderbookDepth: 10 | 50 | 100 | 500;
  readonly sdkLogLevel: SdkLogLevel;
  readonly singleOrderDiffThresholdUsdt: Decimal;
  /** null: no limit. */
  readonly maxRuntimeMs: number | null;
  readonly cancelOnStop: boolean;
  /** The exchange's dead-man timer (strategy 2.1); 0: none. */
  readonly deadManMs: number;
  readonly stopKeepStrategyOrders: number;
  readonly postOnlyMaxRetry: number;
  readonly postOnlyCooldownMs: number;
  readonly partialFillTimeoutMs: number;
  readonly stuckMs: number;
  readonly mmrAlertThreshold: Decimal;
  /** Openings stop from this margin ratio upwards (strategy 8.6); null: off. */
  readonly openingsStopMmr: Decimal | null;
  /** Openings stop once the day has lost so much, USDT (strategy 8.6); null: off. */
  readonly openingsStopLossUsdt: Decimal | null;
  /** null: none named, and not in `paper`. */
  readonly symbolsFile: string | null;
  readonly paperSeed: number;
  readonly orderTtlMs: number;
  /** Multiplies the request budget (strategy 9.1). */
  readonly rateScale: number;
  /** Minutes after midnight, Beijing time. */
  readonly dailyReportAtMinutes: number;
  /** A daily message with the result (strategy 17.4). */
  readonly dailyStatement: boolean;
  readonly streams: boolean;
  /** Gray rollout (strategy 16.7). */
  readonly rollout: boolean;
  readonly dataDir: string;
  readonly logDir: string;
  readonly journalMs: number;
  /** Address of the journal's database (strategy 18.1); null: a file in the data directory. */
  readonly journalUrl: Secret | null;
  readonly heartbeatUrl: string | null;
  readonly lang: 'en' | 'zh';
  /** null: no dashboard, metrics or health. */
  readonly httpPort: number | null;
  /** Unlocks the page's commands (strategy 16.6); null: the page is read-only. */
  readonly controlToken: Secret | null;
  /** Origin under which a reverse proxy publishes the page; null: none. */
  readonly publicUrl: string | null;
}

export interface EnvironmentReading {
  /** null if and only if there are errors. */
  readonly settings: EnvironmentSettings | null;
  /** Known even if something else is wrong, so that its errors are reported together. */
  readonly symbolsFile: { readonly path: string; readonly given: string } | null;
  readonly errors: readonly Reason[];
  readonly warnings: readonly Reason[];
  /** Of errors and warnings; known even if something is wrong. */
  readonly lang: 'en' | 'zh';
  /** What was given as keys, valid or not: never repeated in a message. */
  readonly secrets: readonly string[];
  /** Files with keys: `.env` and each `NAME_FILE`; they need not exist. */
  readonly keyFiles: readonly string[];
}

/** What `paper` trades by default. */
export const PAPER_SYMBOLS_FILE = 'config/hedge_symbols.example.json';

/**
 * Reads and validates the environment (strategy 2.1): the process environment overrides `.env`, an empty value is
 * unset. Reports every error with the variable, the value (never of a key) and what was expected. Never throws.
 */
export function readEnvironment(input: EnvironmentInput): EnvironmentReading {
  const errors: Reason[] = [];
  const warnings: Reason[] = [];
  const texts = mergedTexts(input, errors);
  convertOldRate(texts, warnings);
  complainOfUnknownNames(texts, errors, warnings);
  const unreadable = takeFiles(texts, input, errors);
  const values = parseAll(texts, errors);
  judgeKeys(texts, errors);
  const mode = judgeMode(texts, unreadable, values, errors, warnings);
  const hosts = judgeExchange(texts, values, mode, errors, warnings);
  const telegram = telegramOf(texts, values, mode, warnings);
  judgeEncryption(texts, mode, errors, warnings);
  warnOfPlainMessages(values, telegram, warnings);
  const proxy = judgeProxy(texts, values, mode, { hosts, telegram }, errors, warnings);
  if (input.purpose === 'trade' && mode.trades) complainOfMissing(texts, unreadable, errors);
  const orderTtlMs = judgeTimes(texts, values, errors, warnings);
  warnOfOpenDatabase(values, warnings);

  const given = values.GRVT_HEDGE_SYMBOLS_FILE ?? (mode.name === 'paper' && !mode.trades ? PAPER_SYMBOLS_FILE : null);
  const symbolsFile = given === null ? null : { path: resolve(input.root, given), given };
  const settings =
    errors.length > 0
      ? null
      : settled(values, {
          ...{ mode: mode.name ?? 'paper', hosts, telegram, proxy, root: input.root, symbolsFile, orderTtlMs },
        });
  const secrets = VARIABLE_NAMES.filter((name) => VARIABLES[name].confidential).map((name) => texts.get(name) ?? '');
  const keyFiles = VARIABLE_NAMES.flatMap((name) => texts.get(`${name}_FILE`) ?? []);
  return {
    settings,
    symbolsFile,
    errors,
    warnings,
    lang: present(values, 'GRVT_HEDGE_LANG'),
    secrets,
    keyFiles: [input.envFile ?? '.env', ...keyFiles].map((path) => resolve(input.root, path)),
  };
}

function parseAll(texts: ReadonlyMap<string, string>, errors: Reason[]): Values {
  const values: Partial<Record<VariableName, unknown>> = {};
  for (const name of VARIABLE_NAMES) {
    const variable: Variable<unknown> = VARIABLES[name];
    const given = texts.get(name);
    const parsed = given === undefined ? null : variable.schema.safeParse(given);
    if (parsed !== null && !parsed.success && given !== undefined && !isTradingKey(name)) {
      errors.push(complaint(name, variable, given));
    }
    const fallback = () => (variable.default === null ? null : variable.schema.parse(variable.default));
    values[name] = parsed?.success ? parsed.data : fallback();
  }
  return values as Values;
}

function complaint(
  name: VariableName,
  { originOnly, confidential, expected }: Variable<unknown>,
  given: string,
): Reason {
  const value = (confidential ? hidden : originOnly ? shownOrigin : shown)(given);
  const near = name === 'GRVT_ENV' ? nearest(ALSO_CALLED[given.toLowerCase()] ?? given, MODES) : null;
  return wrongAt(name, reason('value-illegal', '2.1', { value, expected, near }));
}

const ALSO_CALLED: Readonly<Record<string, Mode>> = {
  production: 'prod',
  mainnet: 'prod',
  live: 'prod',
  demo: 'paper',
};

function warnOfPlainMessages(values: Values, telegram: TelegramSettings | null, warnings: Reason[]): void {
  const addresses = [
    ['TELEGRAM_GATEWAY_URL', telegram?.gatewayUrl ?? null, 'alerts-and-key'],
    ['GRVT_HEDGE_HEARTBEAT_URL', values.GRVT_HEDGE_HEARTBEAT_URL, 'address'],
  ] as const;
  for (const [name, url, what] of addresses) {
    if (url === null || isLoopback(url) || new URL(url).protocol !== 'http:') continue;
    warnings.push(reason('not-encrypted', '2.1', { name, url: new URL(url).origin, what }));
  }
}

/** An unusable proxy is an error if something would use it, and on every real exchange. */
function judgeProxy(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  used: { readonly hosts: ExchangeHosts | null; readonly telegram: TelegramSettings | null },
  errors: Reason[],
  warnings: Reason[],
): ProxySettings {
  const { HTTPS_PROXY: https, HTTP_PROXY: http, NO_PROXY: direct } = values;
  const proxy = { https, http, direct: direct ?? [] };
  const addresses = [...Object.values(used.hosts ?? {}), used.telegram?.gatewayUrl, values.GRVT_HEDGE_HEARTBEAT_URL];
  const through = new Set(addresses.flatMap((url) => (url ? [proxyOf(url, proxy)] : [])));
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY'] as const) {
    const given = texts.get(name);
    if (given === undefined || proxyAddress(given) !== null) continue;
    if (mode.trades || through.has(values[name])) errors.push(complaint(name, VARIABLES[name], given));
  }
  const everywhere = texts.has('ALL_PROXY') || texts.has('all_proxy');
  if (everywhere && https === null && mode.trades) {
    warnings.push(reason('all-proxy-unused', '2.1'));
  }
  return proxy;
}

function telegramOf(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  warnings: Reason[],
): TelegramSettings | null {
  const { CHAT_ID: chatId, API_KEY: apiKey, TELEGRAM_GATEWAY_URL: gatewayUrl } = values;
  if (chatId !== null && apiKey !== null && gatewayUrl !== null) return { gatewayUrl, chatId, apiKey };
  if (!mode.trades && texts.has('CHAT_ID') !== texts.has('API_KEY')) {
    warnings.push(reason('telegram-half-given', '2.1'));
  }
  return null;
}

function complainOfMissing(
  texts: ReadonlyMap<string, string>,
  unreadable: ReadonlySet<VariableName>,
  errors: Reason[],
): void {
  for (const name of [...TRADING_KEYS, 'CHAT_ID', 'API_KEY', 'GRVT_HEDGE_SYMBOLS_FILE'] as const) {
    if (texts.has(name) || unreadable.has(name)) continue;
    const { fromFile: hasFile, expected } = VARIABLES[name];
    errors.push(reason('setting-missing', '2.1', { name, hasFile, expected }));
  }
}

/**
 * Default lifetime of an order if another engine may take over, for which it bounds how long a late request of the
 * previous one counts as live (strategy 18.2).
 */
const LEASED_TTL_MS = 300_000;
const LEASED_TTL_MAX_MS = 600_000;

/** @returns lifetime of each order, ms */
function judgeTimes(texts: ReadonlyMap<string, string>, values: Values, errors: Reason[], warnings: Reason[]): number {
  const isLeased = values.GRVT_HEDGE_JOURNAL_URL !== null;
  if (isLeased && !texts.has('GRVT_HEDGE_ORDER_TTL_SEC')) return LEASED_TTL_MS;
  const { GRVT_HEDGE_ORDER_TTL_SEC: ttlMs, GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: partialMs } = values;
  if (isLeased && ttlMs !== null && ttlMs > LEASED_TTL_MAX_MS) {
    const seconds = { seconds: ttlMs / 1000, most: LEASED_TTL_MAX_MS / 1000 };
    errors.push(wrongAt('GRVT_HEDGE_ORDER_TTL_SEC', reason('ttl-over-lease', '18.2', seconds)));
  }
  if (ttlMs !== null && partialMs !== null && ttlMs <= partialMs) {
    const seconds = { ttlSeconds: ttlMs / 1000, partialSeconds: partialMs / 1000 };
    warnings.push(reason('orders-end-early', '2.1', seconds));
  }
  return ttlMs ?? LEASED_TTL_MS;
}

function warnOfOpenDatabase({ GRVT_HEDGE_JOURNAL_URL: url }: Values, warnings: Reason[]): void {
  if (url === null || !isUnprotected(url.reveal())) return;
  warnings.push(reason('database-open', '18.1', { database: shownDatabase(url.reveal()) }));
}

function settled(
  values: Values,
  found: {
    readonly mode: Mode;
    readonly hosts: ExchangeHosts | null;
    readonly telegram: TelegramSettings | null;
    readonly proxy: ProxySettings;
    readonly root: string;
    readonly symbolsFile: { readonly path: string } | null;
    readonly orderTtlMs: number;
  },
): EnvironmentSettings {
  const directory = (path: string) => (isAbsolute(path) ? path : resolve(found.root, path));
  const accounts = found.mode === 'paper' ? null : credentials(values);
  return {
    mode: found.mode,
    timeZone: values.GRVT_HEDGE_TIME_ZONE ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
    name: values.GRVT_HEDGE_NAME ?? defaultName(found.mode, accounts),
    chainId: values.GRVT_CHAIN_ID ?? EXCHANGES[found.mode].chainId,
    hosts: found.hosts,
    accounts,
    telegram: found.telegram,
    proxy: found.proxy,
    loopIntervalMs: present(values, 'GRVT_HEDGE_LOOP_INTERVAL_SEC'),
    orderbookDepth: present(values, 'GRVT_HEDGE_ORDERBOOK_DEPTH'),
    sdkLogLevel: present(values, 'GRVT_HEDGE_SDK_LOG_LEVEL'),
    singleOrderDiffThresholdUsdt: present(values, 'GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT'),
    maxRuntimeMs: values.GRVT_HEDGE_MAX_RUNTIME_SEC,
    cancelOnStop: present(values, 'GRVT_HEDGE_CANCEL_ON_STOP'),
    deadManMs: present(values, 'GRVT_HEDGE_DEAD_MAN_SEC'),
    stopKeepStrategyOrders: present(values, 'GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS'),
    postOnlyMaxRetry: present(values, 'GRVT_HEDGE_POST_ONLY_MAX_RETRY'),
    postOnlyCooldownMs: present(values, 'GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC'),
    partialFillTimeoutMs: present(values, 'GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC'),
    stuckMs: present(values, 'GRVT_HEDGE_STUCK_HOURS'),
    mmrAlertThreshold: present(values, 'GRVT_HEDGE_MMR_ALERT_THRESHOLD'),
    openingsStopMmr: values.GRVT_HEDGE_OPENINGS_STOP_MMR,
    openingsStopLossUsdt: values.GRVT_HEDGE_OPENINGS_STOP_LOSS_USDT,
    symbolsFile: found.symbolsFile?.path ?? null,
    paperSeed: present(values, 'GRVT_HEDGE_PAPER_SEED'),
    orderTtlMs: found.orderTtlMs,
    rateScale: present(values, 'GRVT_HEDGE_RATE_SCALE'),
    dailyReportAtMinutes: present(values, 'GRVT_HEDGE_DAILY_REPORT_AT'),
    dailyStatement: present(values, 'GRVT_HEDGE_DAILY_STATEMENT'),
    streams: present(values, 'GRVT_HEDGE_STREAMS'),
    rollout: present(values, 'GRVT_HEDGE_ROLLOUT'),
    dataDir: directory(present(values, 'GRVT_HEDGE_DATA_DIR')),
    logDir: directory(present(values, 'GRVT_HEDGE_LOG_DIR')),
    journalMs: present(values, 'GRVT_HEDGE_JOURNAL_DAYS'),
    journalUrl: values.GRVT_HEDGE_JOURNAL_URL,
    heartbeatUrl: values.GRVT_HEDGE_HEARTBEAT_URL,
    lang: present(values, 'GRVT_HEDGE_LANG'),
    httpPort: values.GRVT_HEDGE_HTTP_PORT === 0 ? null : values.GRVT_HEDGE_HTTP_PORT,
    controlToken: values.GRVT_HEDGE_CONTROL_TOKEN,
    publicUrl: values.GRVT_HEDGE_PUBLIC_URL,
  };
}

/** Enough to distinguish two pairs, too little to reveal an id. */
const NAME_DIGITS = 4;

function defaultName(mode: Mode, accounts: EnvironmentSettings['accounts']): string {
  if (accounts === null) return mode;
  return [accounts.A, accounts.B].map(({ accountId }) => lastDigits(accountId)).join('-');
}

/** The part of an account's id that may be shown. */
export function lastDigits(accountId: string): string {
  return accountId.slice(-NAME_DIGITS);
}

/** A value with a default, so that it is never missing. */
function present<N extends VariableName>(values: Values, name: N): NonNullable<Values[N]> {
  const value = values[name];
  if (value === null || value === undefined) throw new Error(`${name} has no default`);
  return value as NonNullable<Values[N]>;
}
