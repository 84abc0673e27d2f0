import { closeSync, copyFileSync, fsyncSync, openSync, realpathSync, renameSync, statSync, writeSync } from 'node:fs';
import { type AnswerLine, say } from '../core/answers.ts';
import { ACCOUNTS, type AccountName } from '../core/model.ts';
import {
  fixedByProcess,
  loadSettings,
  PAPER_SYMBOLS_FILE,
  readSettingsFile,
  Secret,
  type Settings,
  type SettingsResult,
  type SettingsSource,
} from '../settings/index.ts';

/** The settings of a running engine and the files they came from (strategy 16.4). */
export interface SettingsOnDisk {
  /** The settings in force. */
  current(): Settings;
  /** Reads everything again without applying it. `symbols`: instead of the symbols file's content. */
  read(symbols?: Uint8Array): SettingsResult;
  /** Names whose new value in `.env` the process environment overrides. */
  fixed(): readonly string[];
  /** The symbols file as it is; null: none is named, or it is the built-in one. */
  symbolsFile(): { readonly path: string; readonly bytes: Uint8Array; readonly isAsRead: boolean } | null;
  /**
   * Writes a new symbols file beside the present one; the returned function replaces it atomically and keeps the
   * previous one as `.previous`.
   */
  stage(symbols: Uint8Array): () => void;
  /** Puts the settings that were read into force. */
  accept(settings: Settings): void;
}

/** @param first the settings read at the start */
export function settingsOnDisk(source: SettingsSource, first: Settings, symbols: Uint8Array | null): SettingsOnDisk {
  const { readFile = readSettingsFile } = source;
  let settings = first;
  let bytes = symbols;
  let read = symbols;
  let fixed = fixedByProcess(source);
  const path = first.symbolsFile;
  return {
    current: () => settings,
    read(given) {
      const take = (file: string): Uint8Array => {
        if (file !== path) return readFile(file);
        read = given ?? readFile(file);
        return read;
      };
      return loadSettings({ ...source, readFile: take });
    },
    fixed: () => [...fixedByProcess(source)].flatMap(([name, text]) => (fixed.get(name) === text ? [] : [name])),
    symbolsFile() {
      if (path === null || path.endsWith(PAPER_SYMBOLS_FILE)) return null;
      const now = readFile(path);
      return { path, bytes: now, isAsRead: bytes !== null && Buffer.compare(now, bytes) === 0 };
    },
    stage(changed) {
      if (path === null) throw new Error('no symbols file is named');
      // A link stays a link: its target is replaced.
      const file = realpathSync(path);
      const fd = openSync(`${file}.new`, 'w', statSync(file).mode);
      try {
        writeSync(fd, changed);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      return () => {
        copyFileSync(file, `${file}.previous`);
        renameSync(`${file}.new`, file);
      };
    },
    accept(now) {
      settings = now;
      bytes = read;
      fixed = fixedByProcess(source);
    },
  };
}

/**
 * The variable of each setting, and whether it can change while the engine runs; values of `secret` ones are never
 * shown.
 */
const VARIABLE_OF = {
  mode: ['GRVT_ENV', false],
  name: ['GRVT_HEDGE_NAME', false],
  timeZone: ['GRVT_HEDGE_TIME_ZONE', true],
  chainId: ['GRVT_CHAIN_ID', false],
  hosts: ['GRVT_EDGE_URL, GRVT_TRADES_URL or GRVT_MARKET_DATA_URL', false],
  telegram: ['CHAT_ID, API_KEY or TELEGRAM_GATEWAY_URL', 'secret'],
  proxy: ['HTTPS_PROXY, HTTP_PROXY or NO_PROXY', false],
  loopIntervalMs: ['GRVT_HEDGE_LOOP_INTERVAL_SEC', true],
  orderbookDepth: ['GRVT_HEDGE_ORDERBOOK_DEPTH', false],
  sdkLogLevel: ['GRVT_HEDGE_SDK_LOG_LEVEL', false],
  singleOrderDiffThresholdUsdt: ['GRVT_HEDGE_SINGLE_ORDER_DIFF_THRESHOLD_USDT', true],
  maxRuntimeMs: ['GRVT_HEDGE_MAX_RUNTIME_SEC', true],
  cancelOnStop: ['GRVT_HEDGE_CANCEL_ON_STOP', true],
  stopKeepStrategyOrders: ['GRVT_HEDGE_STOP_KEEP_STRATEGY_ORDERS', true],
  postOnlyMaxRetry: ['GRVT_HEDGE_POST_ONLY_MAX_RETRY', true],
  postOnlyCooldownMs: ['GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC', true],
  partialFillTimeoutMs: ['GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC', true],
  stuckMs: ['GRVT_HEDGE_STUCK_HOURS', true],
  mmrAlertThreshold: ['GRVT_HEDGE_MMR_ALERT_THRESHOLD', true],
  openingsStopMmr: ['GRVT_HEDGE_OPENINGS_STOP_MMR', true],
  openingsStopLossUsdt: ['GRVT_HEDGE_OPENINGS_STOP_LOSS_USDT', true],
  symbolsFile: ['GRVT_HEDGE_SYMBOLS_FILE', false],
  paperSeed: ['GRVT_HEDGE_PAPER_SEED', false],
  orderTtlMs: ['GRVT_HEDGE_ORDER_TTL_SEC', true],
  deadManMs: ['GRVT_HEDGE_DEAD_MAN_SEC', false],
  rateScale: ['GRVT_HEDGE_RATE_SCALE', false],
  dailyReportAtMinutes: ['GRVT_HEDGE_DAILY_REPORT_AT', true],
  dailyStatement: ['GRVT_HEDGE_DAILY_STATEMENT', true],
  streams: ['GRVT_HEDGE_STREAMS', false],
  rollout: ['GRVT_HEDGE_ROLLOUT', true],
  dataDir: ['GRVT_HEDGE_DATA_DIR', false],
  logDir: ['GRVT_HEDGE_LOG_DIR', false],
  journalMs: ['GRVT_HEDGE_JOURNAL_DAYS', false],
  journalUrl: ['GRVT_HEDGE_JOURNAL_URL', false],
  heartbeatUrl: ['GRVT_HEDGE_HEARTBEAT_URL', 'secret'],
  lang: ['GRVT_HEDGE_LANG', true],
  httpPort: ['GRVT_HEDGE_HTTP_PORT', false],
  controlToken: ['GRVT_HEDGE_CONTROL_TOKEN', 'secret'],
  publicUrl: ['GRVT_HEDGE_PUBLIC_URL', true],
} as const satisfies Record<Exclude<keyof Settings, 'symbols' | 'accounts'>, readonly [string, boolean | 'secret']>;
type Listed = keyof typeof VARIABLE_OF;

/** The differences between two settings, except the symbols (strategy 16.4). */
export interface SettingChanges {
  readonly says: readonly AnswerLine[];
  /** What cannot change while the engine runs. Empty: everything can. */
  readonly refused: readonly AnswerLine[];
  /** Accounts with changed keys. */
  readonly keys: readonly AccountName[];
}

export function settingChanges(before: Settings, now: Settings): SettingChanges {
  const says: AnswerLine[] = [];
  const refused: AnswerLine[] = [];
  for (const [field, [name, live]] of Object.entries(VARIABLE_OF)) {
    const [from, to] = [plain(before[field as Listed]), plain(now[field as Listed])];
    if (from === to) continue;
    if (live === 'secret') says.push(say('secret-changed', null, { name }));
    else if (live) says.push(say('changed', null, { name, from, to }));
    else refused.push(say('needs-restart', null, { name }));
  }
  const keys = ACCOUNTS.filter((account) => {
    const [was, is] = [before.accounts?.[account], now.accounts?.[account]];
    if (was?.accountId !== is?.accountId) {
      refused.push(say('needs-restart', null, { name: `GRVT_TRADING_ACCOUNT_ID_${account === 'A' ? 1 : 2}` }));
    }
    return was?.apiKey.reveal() !== is?.apiKey.reveal() || was?.privateKey.reveal() !== is?.privateKey.reveal();
  });
  for (const account of keys) says.push(say('keys-changed', null, { account }));
  return { says, refused, keys };
}

/** A setting as text; of a secret the hidden text, for comparison only. */
function plain(value: unknown): string {
  if (value instanceof Secret) return value.reveal();
  if (value !== null && typeof value === 'object' && 'apiKey' in value) {
    const { apiKey, ...rest } = value as NonNullable<Settings['telegram']>;
    return JSON.stringify({ ...rest, apiKey: apiKey.reveal() });
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
