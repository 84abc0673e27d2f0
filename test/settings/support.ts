import { loadSettings, type Settings, type SettingsResult } from '../../src/settings/index.ts';
import { reasonText, reasonTexts } from '../../src/texts/reasons.ts';

export const ROOT = '/project';
export const KEY_A = `0x${'4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d'}`;
export const KEY_B = `0x${'6cbed15c793ce57650b9877cf6fa156fbef513c4e6134f022a85b1ffdd59b2a1'}`;

/** Keys of two accounts and everything else a real exchange asks for. */
export const REAL: Readonly<Record<string, string>> = {
  GRVT_ENV: 'testnet',
  GRVT_TRADING_API_KEY_1: '2zqVxnkPsApiKeyOfAccountA',
  GRVT_TRADING_PRIVATE_KEY_1: KEY_A,
  GRVT_TRADING_ACCOUNT_ID_1: '8289849667772468',
  GRVT_TRADING_API_KEY_2: '3abYwmkQtApiKeyOfAccountB',
  GRVT_TRADING_PRIVATE_KEY_2: KEY_B,
  GRVT_TRADING_ACCOUNT_ID_2: '2927361400114782',
  CHAT_ID: '-1001234567890',
  API_KEY: 'telegram-gateway-key',
  GRVT_HEDGE_SYMBOLS_FILE: 'config/symbols.json',
};

export const ROW = {
  instrument: 'BNB_USDT_Perp',
  enabled: true,
  order_notional_usdt: 1000,
  imbalance_limit_usdt: 1000,
  max_total_position_usdt: 30000,
  min_total_position_usdt: 2000,
  a_side_when_equal: 'buy',
  position_mode: 'increase',
};

/** A disk: texts or bytes by path relative to the root. Everything else is ENOENT. */
export function disk(files: Readonly<Record<string, string | Uint8Array | Error>>) {
  return (path: string): Uint8Array => {
    const name = path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : path;
    const content = files[name];
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    if (content instanceof Error) throw content;
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
}

export const SYMBOLS_FILES = {
  'config/symbols.json': JSON.stringify([ROW]),
  'config/hedge_symbols.example.json': JSON.stringify([ROW]),
};

export function load(
  env: Readonly<Record<string, string | undefined>>,
  files: Readonly<Record<string, string | Uint8Array | Error>> = {},
  purpose: 'trade' | 'look' = 'trade',
): SettingsResult {
  return loadSettings({ env, root: ROOT, readFile: disk({ ...SYMBOLS_FILES, ...files }), purpose });
}

export function settingsOf(result: SettingsResult): Settings {
  if (!result.ok) throw new Error(reasonTexts(result.errors));
  return result.settings;
}

export function errorsOf(result: SettingsResult): readonly string[] {
  if (result.ok) throw new Error('expected errors, got settings');
  return result.errors.map((why) => reasonText(why));
}
