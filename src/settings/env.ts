import { isAbsolute, resolve } from 'node:path';
import { isUnprotected, shownDatabase } from '../core/database-address.ts';
import { Decimal } from '../core/decimal.ts';
import type { AccountName } from '../core/model.ts';
import { readDotenv } from './dotenv.ts';
import { isAllowed, isLoopback, type ProxySettings, proxyAddress, proxyOf } from './network.ts';
import type { Secret } from './secret.ts';
import {
  knownNames,
  MODES,
  type Mode,
  type SdkLogLevel,
  VARIABLE_NAMES,
  VARIABLES,
  type Values,
  type Variable,
  type VariableName,
} from './variables.ts';
import { closest, nearest, shapeOf, shown, shownOrigin, suggestion } from './wording.ts';

/** Reads a whole file; throws what `fs.readFileSync` throws. */
export type ReadFile = (path: string) => Uint8Array;

/** What one trading account is entered with. */
export interface AccountCredentials {
  readonly apiKey: Secret;
  /** 0x and 64 hex digits. */
  readonly privateKey: Secret;
  /** Decimal uint64: GRVT's sub account id. */
  readonly accountId: string;
}

/** Origins, without a trailing slash. */
export interface ExchangeHosts {
  readonly edgeUrl: string;
  readonly tradesUrl: string;
  readonly marketDataUrl: string;
}

export interface TelegramSettings {
  readonly gatewayUrl: string;
  readonly chatId: string;
  readonly apiKey: Secret;
}

/** What the environment says (strategy 2.1). Units last; null: off, never, or not given. Paths are absolute. */
export interface EnvironmentSettings {
  readonly mode: Mode;
  /** Names this pair of accounts to people; without secrets. */
  readonly name: string;
  /** IANA name of the zone in which people are told times. */
  readonly timeZone: string;
  readonly chainId: number;
  /** null in `paper`, whose exchange finds its own port. */
  readonly hosts: ExchangeHosts | null;
  /** null in `paper`, and where a command that does not trade was given none. */
  readonly accounts: Readonly<Record<AccountName, AccountCredentials>> | null;
  /** null where not given: only in `paper`, and for commands that do not trade. */
  readonly telegram: TelegramSettings | null;
  readonly proxy: ProxySettings;
  readonly loopIntervalMs: number;
  readonly orderbookDepth: 10 | 50 | 100 | 500;
  readonly sdkLogLevel: SdkLogLevel;
  readonly singleOrderDiffThresholdUsdt: Decimal;
  /** null: never stops by itself. */
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
  /** … and once the day has lost so much, USDT; null: off. */
  readonly openingsStopLossUsdt: Decimal | null;
  /** null: none named, and not in `paper`. */
  readonly symbolsFile: string | null;
  readonly paperSeed: number;
  readonly orderTtlMs: number;
  /** Multiplies the request budget (strategy 9.1). */
  readonly rateScale: number;
  /** Minutes after midnight, Beijing time. */
  readonly dailyReportAtMinutes: number;
  /** A message a day with what was earned (strategy 17.4). */
  readonly dailyStatement: boolean;
  readonly streams: boolean;
  /** Gray rollout (strategy 16.7). */
  readonly rollout: boolean;
  readonly dataDir: string;
  readonly logDir: string;
  readonly journalMs: number;
  /** Address of the database that keeps the journal (strategy 18.1); null: a file in the data directory. */
  readonly journalUrl: Secret | null;
  readonly heartbeatUrl: string | null;
  readonly lang: 'en' | 'zh';
  /** null: no dashboard, metrics or health. */
  readonly httpPort: number | null;
  /** Unlocks the commands of the page (strategy 16.6); null: it only shows. */
  readonly controlToken: Secret | null;
  /** Origin under which a reverse proxy publishes the page; null: none does. */
  readonly publicUrl: string | null;
}

export interface EnvironmentInput {
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Project root: where `.env` is, and what relative paths are relative to. */
  readonly root: string;
  /** Another file instead of `.env`, which must be there. */
  readonly envFile?: string | undefined;
  readonly readFile: ReadFile;
  /** `look`: for commands that neither trade nor alert; keys, chat and symbols file may be missing. */
  readonly purpose: 'trade' | 'look';
}

export interface EnvironmentReading {
  /** null exactly when there are errors. */
  readonly settings: EnvironmentSettings | null;
  /** Known even when something else is wrong, so that its own mistakes are reported in the same breath. */
  readonly symbolsFile: { readonly path: string; readonly given: string } | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** What was given for keys and the like, legal or not: it must not be repeated in any message. */
  readonly secrets: readonly string[];
  /** Files that hold keys: `.env` and each `NAME_FILE`; they need not exist. */
  readonly keyFiles: readonly string[];
}

/** What `paper` trades when it is told nothing. */
export const PAPER_SYMBOLS_FILE = 'config/hedge_symbols.example.json';

/** Hosts and chain ids of API 1; staging signs for 327 (API 12.1). */
export const EXCHANGES: Readonly<Record<Mode, { readonly chainId: number; readonly hosts: ExchangeHosts | null }>> = {
  paper: { chainId: 326, hosts: null },
  testnet: { chainId: 326, hosts: officialHosts('testnet.grvt.io') },
  prod: { chainId: 325, hosts: officialHosts('grvt.io') },
  // Its login is not named like the others (API 1).
  staging: {
    chainId: 327,
    hosts: { ...officialHosts('staging.gravitymarkets.io'), edgeUrl: 'https://edge.stg.gravitymarkets.io' },
  },
  dev: { chainId: 327, hosts: officialHosts('dev.gravitymarkets.io') },
};

function officialHosts(domain: string): ExchangeHosts {
  return {
    edgeUrl: `https://edge.${domain}`,
    tradesUrl: `https://trades.${domain}`,
    marketDataUrl: `https://market-data.${domain}`,
  };
}

/** A file that is to hold one key is not larger than this; a larger one is the wrong file. */
const KEY_FILE_MAX_BYTES = 4096;

const ACCOUNT_KEYS = [
  {
    account: 'A',
    apiKey: 'GRVT_TRADING_API_KEY_1',
    privateKey: 'GRVT_TRADING_PRIVATE_KEY_1',
    id: 'GRVT_TRADING_ACCOUNT_ID_1',
  },
  {
    account: 'B',
    apiKey: 'GRVT_TRADING_API_KEY_2',
    privateKey: 'GRVT_TRADING_PRIVATE_KEY_2',
    id: 'GRVT_TRADING_ACCOUNT_ID_2',
  },
] as const;
const TRADING_KEYS: readonly VariableName[] = ACCOUNT_KEYS.flatMap(({ apiKey, privateKey, id }) => [
  apiKey,
  privateKey,
  id,
]);

const HOST_VARIABLES = {
  edgeUrl: 'GRVT_EDGE_URL',
  tradesUrl: 'GRVT_TRADES_URL',
  marketDataUrl: 'GRVT_MARKET_DATA_URL',
} as const satisfies Record<keyof ExchangeHosts, VariableName>;
const HOST_KEYS = Object.keys(HOST_VARIABLES) as readonly (keyof ExchangeHosts)[];

/**
 * Reads and judges the environment (strategy 2.1): `.env` first, the process environment over it, an empty value unset.
 * Every mistake is reported, each naming the variable, the value (never of a key) and what was expected. Never throws.
 */
export function readEnvironment(input: EnvironmentInput): EnvironmentReading {
  const errors: string[] = [];
  const warnings: string[] = [];
  const texts = mergedTexts(input, errors);
  takeFormerRate(texts, warnings);
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
    secrets,
    keyFiles: [input.envFile ?? '.env', ...keyFiles].map((path) => resolve(input.root, path)),
  };
}

/** What is set, by name: `.env` and the process environment over it, none of it judged. */
export function givenTexts(input: EnvironmentInput): ReadonlyMap<string, string> {
  return mergedTexts(input, []);
}

/** Texts of all variables that are set, trimmed. The process environment wins; an empty value there is unset, so `.env` counts. */
function mergedTexts(input: EnvironmentInput, errors: string[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const source of [dotenv(input, errors), input.env]) {
    for (const [name, value] of Object.entries(source)) {
      const text = value?.trim() ?? '';
      if (text !== '') texts.set(name, text);
    }
    // Proxies are commonly named in lower case, which wins where one source has both, as with curl.
    for (const name of PROXY_VARIABLES) {
      const text = source[name.toLowerCase()]?.trim() ?? '';
      if (text !== '') texts.set(name, text);
    }
  }
  return texts;
}

/** What `.env` says of variables that the process environment gives too. */
export function overriddenTexts(input: EnvironmentInput): Map<string, string> {
  const said = Object.entries(dotenv(input, []));
  const isGiven = (name: string) => isOurs(name) && (input.env[name]?.trim() ?? '') !== '';
  return new Map(said.flatMap(([name, text]) => (isGiven(name) ? [[name, text?.trim() ?? '']] : [])));
}

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const satisfies readonly VariableName[];

function dotenv(
  { root, envFile, readFile }: EnvironmentInput,
  errors: string[],
): Readonly<Record<string, string | undefined>> {
  const name = envFile ?? '.env';
  let bytes: Uint8Array;
  try {
    bytes = readFile(resolve(root, name));
  } catch (thrown) {
    const code = codeOf(thrown);
    // A start without keys would trade on paper instead of what the file names.
    if (envFile !== undefined || code !== 'ENOENT') errors.push(`${name}: cannot be read (${code})`);
    return {};
  }
  const text = utf8(bytes);
  if (text === null) {
    errors.push(`${name}: is not UTF-8 text; save it as UTF-8 (PowerShell: Set-Content -Encoding utf8)`);
    return {};
  }
  const reading = readDotenv(text, isOurs, (variable) => (isProxy(variable) ? variable.toUpperCase() : variable), name);
  errors.push(...reading.errors);
  return reading.values;
}

/** Whether this program reads a variable of that name, or would complain of it. */
function isOurs(name: string): boolean {
  return /^(?:GRVT_|TELEGRAM_)/i.test(name) || knownNames().includes(name) || isProxy(name);
}

function isProxy(name: string): boolean {
  return PROXY_VARIABLES.some((proxy) => proxy === name.toUpperCase());
}

/** The bytes as text, without a byte order mark; null when they are not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** `ENOENT` and the like, else the error's name: never its message, which may repeat what a file holds. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown instanceof Error ? thrown.name : 'unknown error';
}

function complainOfUnknownNames(texts: ReadonlyMap<string, string>, errors: string[], warnings: string[]): void {
  const known = new Set(knownNames());
  for (const name of texts.keys()) {
    if (known.has(name) || !/^GRVT_/i.test(name)) continue;
    if (/^GRVT_HEDGE_/i.test(name)) {
      errors.push(`${printable(name)}: no such setting; ${nearestSetting(name)}`);
      continue;
    }
    // Other programs keep GRVT_… settings of their own beside ours: only a likely slip is worth a word.
    const near = nearest(name, known);
    if (near !== null && !texts.has(near)) {
      warnings.push(`${printable(name)}: not a setting of this program, so it is ignored; did you mean ${near}?`);
    }
  }
}

/** Requests per second of one account, before the budget was counted by the weights of the exchange; 10 was the lowest tier's. */
const FORMER_RATE = 'GRVT_HEDGE_REQUESTS_PER_SEC';
const FORMER_RATE_OF_SCALE_1 = 10;

/** A file of settings from before 1.0 goes on working: its rate is taken as the factor that it comes to. */
function takeFormerRate(texts: Map<string, string>, warnings: string[]): void {
  const given = texts.get(FORMER_RATE);
  // What is no number stays, and is named as a setting that there is not.
  if (given === undefined || !/^[1-9]\d{0,3}$/.test(given)) return;
  texts.delete(FORMER_RATE);
  const scale = new Decimal(given).div(FORMER_RATE_OF_SCALE_1).toFixed();
  if (texts.has('GRVT_HEDGE_RATE_SCALE')) {
    warnings.push(`${FORMER_RATE}: of an older version, ignored beside GRVT_HEDGE_RATE_SCALE`);
    return;
  }
  texts.set('GRVT_HEDGE_RATE_SCALE', scale);
  warnings.push(`${FORMER_RATE}: of an older version, read as GRVT_HEDGE_RATE_SCALE=${scale}; write that instead`);
}

const OWN_PREFIX = 'GRVT_HEDGE_';

/** The nearest of our own names, judged by what follows the prefix they all share (strategy 2.1). */
function nearestSetting(name: string): string {
  const known = knownNames()
    .filter((own) => own.startsWith(OWN_PREFIX))
    .map((own) => own.slice(OWN_PREFIX.length));
  const word = name.slice(OWN_PREFIX.length);
  const near = nearest(word, known);
  return near === null ? `the nearest is ${OWN_PREFIX}${closest(word, known)}` : `did you mean ${OWN_PREFIX}${near}?`;
}

/** A variable's name as found, which may be a pasted line. */
function printable(name: string): string {
  return /^\w{1,80}$/.test(name) && !/[0-9a-f]{64}/i.test(name) ? name : shown(name);
}

/** Replaces each `NAME_FILE` by what its file holds; returns the names whose file could not be read. */
function takeFiles(texts: Map<string, string>, input: EnvironmentInput, errors: string[]): ReadonlySet<VariableName> {
  const unreadable = new Set<VariableName>();
  for (const name of VARIABLE_NAMES) {
    if (!VARIABLES[name].fromFile) continue;
    const fileName = `${name}_FILE`;
    const path = texts.get(fileName);
    if (path === undefined) continue;
    if (texts.has(name)) {
      errors.push(`${fileName}: given together with ${name}: expected one of the two`);
      continue;
    }
    const content = keyFile(resolve(input.root, path), input.readFile);
    if ('problem' in content) {
      unreadable.add(name);
      errors.push(`${fileName}: ${shown(path)} ${content.problem}: expected the path of a file that holds the value`);
    } else {
      texts.set(name, content.text);
    }
  }
  return unreadable;
}

function keyFile(path: string, readFile: ReadFile): { readonly text: string } | { readonly problem: string } {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (thrown) {
    return { problem: codeOf(thrown) === 'ENOENT' ? 'does not exist' : `cannot be read (${codeOf(thrown)})` };
  }
  if (bytes.length > KEY_FILE_MAX_BYTES) return { problem: `is too large for a key (${bytes.length} bytes)` };
  const text = utf8(bytes)?.trim();
  if (text === undefined) return { problem: 'is not UTF-8 text' };
  if (text === '') return { problem: 'is empty' };
  return { text };
}

function parseAll(texts: ReadonlyMap<string, string>, errors: string[]): Values {
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

function isTradingKey(name: VariableName): boolean {
  return TRADING_KEYS.includes(name);
}

function complaint(name: VariableName, variable: Variable<unknown>, given: string): string {
  const open = variable.originOnly ? shownOrigin : shown;
  const value = variable.confidential ? `the value given (not shown: ${shapeOf(given)})` : open(given);
  const near = name === 'GRVT_ENV' ? suggestion(ALSO_CALLED[given.toLowerCase()] ?? given, MODES) : '';
  return `${name}: ${value} is not legal: expected ${variable.expected}${near}`;
}

const ALSO_CALLED: Readonly<Record<string, Mode>> = {
  production: 'prod',
  mainnet: 'prod',
  live: 'prod',
  demo: 'paper',
};

/** Trading keys: malformed, in each other's place, or given twice. Says shapes, never values. */
function judgeKeys(texts: ReadonlyMap<string, string>, errors: string[]): void {
  for (const names of ACCOUNT_KEYS) judgeKeysOfOne(names, texts, errors);
  for (const kind of ['apiKey', 'privateKey', 'id'] as const) {
    const [first, second] = [ACCOUNT_KEYS[0][kind], ACCOUNT_KEYS[1][kind]];
    const value = texts.get(first);
    if (value !== undefined && value.toLowerCase() === texts.get(second)?.toLowerCase()) {
      errors.push(`${second}: is the same as ${first} (not shown): expected two accounts, each with its own`);
    }
  }
  const gatewayKey = texts.get('API_KEY');
  for (const name of TRADING_KEYS) {
    if (gatewayKey !== undefined && gatewayKey === texts.get(name)) {
      errors.push(`API_KEY: is the same as ${name} (not shown): expected the key of the Telegram gateway`);
    }
  }
}

function judgeKeysOfOne(
  names: (typeof ACCOUNT_KEYS)[number],
  texts: ReadonlyMap<string, string>,
  errors: string[],
): void {
  const three = [names.apiKey, names.privateKey, names.id] as const;
  const fits = {
    [names.apiKey]: (text: string) => legal(names.apiKey, text) && !legal(names.privateKey, text),
    [names.privateKey]: (text: string) => legal(names.privateKey, text),
    [names.id]: (text: string) => legal(names.id, text),
  };
  const wrong = three.filter((name) => {
    const text = texts.get(name);
    return text !== undefined && !fits[name]?.(text);
  });
  // An API key of digits only is legal by itself; beside an account id that is none, the two are swapped.
  if (wrong.includes(names.id) && !wrong.includes(names.apiKey) && legal(names.id, texts.get(names.apiKey) ?? '')) {
    wrong.unshift(names.apiKey);
  }
  for (const name of wrong) {
    const text = texts.get(name) ?? '';
    const variable: Variable<unknown> = VARIABLES[name];
    const owner = three.find((other) => other !== name && other !== names.apiKey && legal(other, text));
    const swapped =
      owner ?? three.find((other) => other !== name && wrong.includes(other) && fits[name]?.(texts.get(other) ?? ''));
    const hint = swapped === undefined ? '' : `; it looks as if it were swapped with ${swapped}`;
    errors.push(
      `${name}: the value given (not shown: ${shapeOf(text)}) is not legal: expected ${variable.expected}${hint}`,
    );
  }
}

function legal(name: VariableName, text: string): boolean {
  return VARIABLES[name].schema.safeParse(text).success;
}

interface JudgedMode {
  /** null: GRVT_ENV is not one of its words. */
  readonly name: Mode | null;
  /** Whether this is (meant to be) a real exchange, so that keys are needed. */
  readonly trades: boolean;
}

/** `GRVT_ENV` must be said as soon as trading keys are given: nobody trades on the wrong exchange by leaving it out. */
function judgeMode(
  texts: ReadonlyMap<string, string>,
  unreadable: ReadonlySet<VariableName>,
  values: Values,
  errors: string[],
  warnings: string[],
): JudgedMode {
  const said = texts.get('GRVT_ENV');
  const keys = TRADING_KEYS.filter((name) => texts.has(name) || unreadable.has(name));
  const overrides = [...Object.values(HOST_VARIABLES), 'GRVT_CHAIN_ID' as const].filter((name) => texts.has(name));
  if (said === undefined) {
    const cause = keys[0] ?? overrides[0];
    if (cause === undefined) return { name: 'paper', trades: false };
    errors.push(`GRVT_ENV: missing, but ${cause} is given: expected ${VARIABLES.GRVT_ENV.expected}`);
    return { name: null, trades: keys.length > 0 };
  }
  if (!legal('GRVT_ENV', said)) return { name: null, trades: keys.length > 0 };
  const name = values.GRVT_ENV ?? 'paper';
  if (name === 'paper') {
    if (keys.length > 0) warnings.push('GRVT_ENV is paper: the trading keys given are not used');
    const hosts = overrides.filter((override) => override !== 'GRVT_CHAIN_ID');
    if (hosts.length > 0) warnings.push(`GRVT_ENV is paper: ${hosts.join(', ')} not used`);
  }
  return { name, trades: name !== 'paper' };
}

/** Hosts and chain id belong together: a signature for another chain is refused by every order (API 3, 2002). */
function judgeExchange(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  errors: string[],
  warnings: string[],
): ExchangeHosts | null {
  if (mode.name === null) return null;
  const exchange = EXCHANGES[mode.name];
  const chainId = values.GRVT_CHAIN_ID ?? exchange.chainId;
  if (exchange.hosts === null) {
    if (chainId !== exchange.chainId) {
      errors.push(
        `GRVT_CHAIN_ID: "${chainId}" does not fit GRVT_ENV=paper: expected ${exchange.chainId}, or leave it out`,
      );
    }
    return null;
  }
  const hosts = {
    edgeUrl: values.GRVT_EDGE_URL ?? exchange.hosts.edgeUrl,
    tradesUrl: values.GRVT_TRADES_URL ?? exchange.hosts.tradesUrl,
    marketDataUrl: values.GRVT_MARKET_DATA_URL ?? exchange.hosts.marketDataUrl,
  };
  const foreign = HOST_KEYS.flatMap((key) => {
    const owner = MODES.find((name) => EXCHANGES[name].hosts?.[key] === hosts[key]);
    return owner === undefined || EXCHANGES[owner].chainId === chainId ? [] : [{ key, owner }];
  });
  // A host given in so many words is not what "out of date defaults" would explain, so it is named; else the chain id is.
  const named = foreign.filter(({ key }) => texts.has(HOST_VARIABLES[key]));
  for (const { key, owner } of named) {
    errors.push(
      `${HOST_VARIABLES[key]}: "${hosts[key]}" is ${owner}, which signs for chain id ${EXCHANGES[owner].chainId}, ` +
        `but the chain id here is ${chainId}: expected GRVT_ENV=${owner}, or hosts and chain id of one exchange`,
    );
  }
  if (named.length === 0 && foreign.length > 0) {
    errors.push(
      `GRVT_CHAIN_ID: "${chainId}" does not fit GRVT_ENV=${mode.name}: expected ${exchange.chainId}, or leave it out`,
    );
  }
  const taken = new Set(foreign.map(({ key }) => key));
  for (const key of HOST_KEYS) {
    if (!taken.has(key)) judgeHost(key, hosts[key], { mode: mode.name, values }, errors, warnings);
  }
  return hosts;
}

/** Where keys of value are given, they go encrypted and to the exchange itself, or to a host that was named for it. */
const GUARDED: readonly Mode[] = ['prod', 'testnet'];

function judgeHost(
  key: keyof ExchangeHosts,
  url: string,
  { mode, values }: { readonly mode: Mode; readonly values: Values },
  errors: string[],
  warnings: string[],
): void {
  const name = HOST_VARIABLES[key];
  const own = EXCHANGES[mode].hosts?.[key];
  if (url === own) return;
  const guarded = GUARDED.includes(mode);
  if (isLoopback(url)) {
    if (guarded) warnings.push(`${name}: ${url} on this machine stands in for ${own}: GRVT_ENV is ${mode}`);
    return;
  }
  if (new URL(url).protocol === 'http:') {
    const danger = 'is not encrypted (http): keys and orders can be read on the way';
    if (guarded) errors.push(`${name}: "${url}" ${danger}: expected https:// with GRVT_ENV=${mode}`);
    else warnings.push(`${name}: ${url} ${danger}`);
    return;
  }
  const { hostname } = new URL(url);
  if (guarded && !isAllowed(url, values.GRVT_HEDGE_ALLOW_HOSTS ?? [])) {
    errors.push(
      `${name}: "${url}" is not ${mode}'s own host, and the API key would be sent there: expected ${own}, or ` +
        `GRVT_HEDGE_ALLOW_HOSTS=${hostname} if that host may stand in for it`,
    );
  }
}

/** The switch turns off all that https proves, for every connection of the process. */
function judgeEncryption(
  texts: ReadonlyMap<string, string>,
  mode: JudgedMode,
  errors: string[],
  warnings: string[],
): void {
  if (texts.get('NODE_TLS_REJECT_UNAUTHORIZED') !== '0') return;
  const danger = 'NODE_TLS_REJECT_UNAUTHORIZED: "0" accepts every certificate, so anybody on the way can read the keys';
  if (mode.name === null || GUARDED.includes(mode.name)) {
    errors.push(`${danger}: expected it unset; NODE_EXTRA_CA_CERTS=FILE adds a certificate authority of your own`);
  } else {
    warnings.push(danger);
  }
}

function warnOfPlainMessages(values: Values, telegram: TelegramSettings | null, warnings: string[]): void {
  const addresses = [
    ['TELEGRAM_GATEWAY_URL', telegram?.gatewayUrl ?? null, 'alerts and the gateway key'],
    ['GRVT_HEDGE_HEARTBEAT_URL', values.GRVT_HEDGE_HEARTBEAT_URL, 'the address'],
  ] as const;
  for (const [name, url, what] of addresses) {
    if (url === null || isLoopback(url) || new URL(url).protocol !== 'http:') continue;
    warnings.push(`${name}: ${new URL(url).origin} is not encrypted (http): ${what} can be read on the way`);
  }
}

/** A proxy that cannot be used is an error where something would go through it, and on every real exchange. */
function judgeProxy(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  used: { readonly hosts: ExchangeHosts | null; readonly telegram: TelegramSettings | null },
  errors: string[],
  warnings: string[],
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
    warnings.push('ALL_PROXY: not used; HTTPS_PROXY names the proxy of this program');
  }
  return proxy;
}

function telegramOf(
  texts: ReadonlyMap<string, string>,
  values: Values,
  mode: JudgedMode,
  warnings: string[],
): TelegramSettings | null {
  const { CHAT_ID: chatId, API_KEY: apiKey, TELEGRAM_GATEWAY_URL: gatewayUrl } = values;
  if (chatId !== null && apiKey !== null && gatewayUrl !== null) return { gatewayUrl, chatId, apiKey };
  if (!mode.trades && texts.has('CHAT_ID') !== texts.has('API_KEY')) {
    warnings.push('CHAT_ID and API_KEY: only one of them is given, so alerts go to the log alone');
  }
  return null;
}

function complainOfMissing(
  texts: ReadonlyMap<string, string>,
  unreadable: ReadonlySet<VariableName>,
  errors: string[],
): void {
  for (const name of [...TRADING_KEYS, 'CHAT_ID', 'API_KEY', 'GRVT_HEDGE_SYMBOLS_FILE'] as const) {
    if (texts.has(name) || unreadable.has(name)) continue;
    const variable: Variable<unknown> = VARIABLES[name];
    const orFile = variable.fromFile ? ` (or ${name}_FILE)` : '';
    errors.push(`${name}${orFile}: missing, and required unless GRVT_ENV=paper: expected ${variable.expected}`);
  }
}

/**
 * How long an order lives. Where another engine may take over, it bounds how long that one counts a late request of the former
 * one as live, so that it is shorter then (strategy 18.2).
 */
const LEASED_TTL_MS = 300_000;
const LEASED_TTL_MAX_MS = 600_000;

/** @returns the life of each order, milliseconds */
function judgeTimes(texts: ReadonlyMap<string, string>, values: Values, errors: string[], warnings: string[]): number {
  const isLeased = values.GRVT_HEDGE_JOURNAL_URL !== null;
  if (isLeased && !texts.has('GRVT_HEDGE_ORDER_TTL_SEC')) return LEASED_TTL_MS;
  const { GRVT_HEDGE_ORDER_TTL_SEC: ttlMs, GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: partialMs } = values;
  if (isLeased && ttlMs !== null && ttlMs > LEASED_TTL_MAX_MS) {
    errors.push(
      `GRVT_HEDGE_ORDER_TTL_SEC: "${ttlMs / 1000}" is more than ${LEASED_TTL_MAX_MS / 1000} s, and with GRVT_HEDGE_JOURNAL_URL ` +
        'a take-over would count late orders as live for that long',
    );
  }
  if (ttlMs !== null && partialMs !== null && ttlMs <= partialMs) {
    warnings.push(
      `GRVT_HEDGE_ORDER_TTL_SEC: orders expire after ${ttlMs / 1000} s, before a partial fill has waited ` +
        `${partialMs / 1000} s (GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC)`,
    );
  }
  return ttlMs ?? LEASED_TTL_MS;
}

function warnOfOpenDatabase({ GRVT_HEDGE_JOURNAL_URL: url }: Values, warnings: string[]): void {
  if (url === null || !isUnprotected(url.reveal())) return;
  warnings.push(
    `GRVT_HEDGE_JOURNAL_URL: ${shownDatabase(url.reveal())} is not on this machine and its certificate is not proven: the ` +
      'journal and the password can be read and changed on the way; expected ?sslmode=verify-full',
  );
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

/** Enough to tell two pairs apart, too little to be an id. */
const NAME_DIGITS = 4;

function defaultName(mode: Mode, accounts: EnvironmentSettings['accounts']): string {
  if (accounts === null) return mode;
  return [accounts.A, accounts.B].map(({ accountId }) => lastDigits(accountId)).join('-');
}

/** What of an account's id may be shown. */
export function lastDigits(accountId: string): string {
  return accountId.slice(-NAME_DIGITS);
}

function credentials(values: Values): Readonly<Record<AccountName, AccountCredentials>> | null {
  const read = ({ apiKey, privateKey, id }: (typeof ACCOUNT_KEYS)[number]): AccountCredentials | null => {
    const [key, signer, accountId] = [values[apiKey], values[privateKey], values[id]];
    return key === null || signer === null || accountId === null
      ? null
      : { apiKey: key, privateKey: signer, accountId };
  };
  const [a, b] = [read(ACCOUNT_KEYS[0]), read(ACCOUNT_KEYS[1])];
  return a === null || b === null ? null : { A: a, B: b };
}

/** A value that has a default, so that it is never missing. */
function present<N extends VariableName>(values: Values, name: N): NonNullable<Values[N]> {
  const value = values[name];
  if (value === null || value === undefined) throw new Error(`${name} has no default`);
  return value as NonNullable<Values[N]>;
}
