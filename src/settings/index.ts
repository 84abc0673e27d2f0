import type { SymbolConfig } from '../core/model.ts';
import { type Reason, reason, withTexts } from '../core/reasons.ts';
import { type EnvironmentSettings, readEnvironment } from './env.ts';
import { exposureWarnings, nodeOptionWarnings } from './exposed.ts';
import { codeOf, givenTexts, overriddenTexts, type Purpose, type ReadFile, unfit } from './given.ts';
import { readSettingsFile } from './read-file.ts';
import { createRedactor } from './redact.ts';
import { readSymbols } from './symbols-file.ts';
import { shown } from './wording.ts';

export { editSymbols } from './edit-symbols.ts';
export { lastDigits, PAPER_SYMBOLS_FILE, type TelegramSettings } from './env.ts';
export { envExample } from './env-example.ts';
export type { Purpose } from './given.ts';
export { type Resolution, type ResolvedSymbol, resolveInstruments } from './instruments.ts';
export { jsonMistake } from './json-mistake.ts';
export type { SdkLogLevel } from './kinds.ts';
export { isLoopback, type ProxySettings, proxyOf, shownProxy } from './network.ts';
export { readSettingsFile } from './read-file.ts';
export { createRedactor, type Redactor, secretsIn, secretsOfAddress } from './redact.ts';
export { Secret } from './secret.ts';
export type { AccountCredentials } from './trading-keys.ts';
export { MODES, type Mode, VARIABLE_NAMES, VARIABLES } from './variables.ts';
export { EXCHANGES, type ExchangeHosts } from './venue-hosts.ts';
export { nearest } from './wording.ts';

/** All settings (strategy 2), frozen. Keys print as `[secret]`. */
export interface Settings extends EnvironmentSettings {
  /** As in the symbols file, enabled or not; names are not resolved. Empty only if no file is needed. */
  readonly symbols: readonly SymbolConfig[];
}

/** The engine's name in messages: `grvt-hedge prod 4782-0114`. */
export function labelOf({ mode, name }: Settings): string {
  return name === mode ? `grvt-hedge ${mode}` : `grvt-hedge ${mode} ${name}`;
}

export type SettingsResult =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly warnings: readonly Reason[];
      /** Why the symbols file could not be read, of a look. */
      readonly unread?: readonly Reason[];
      /** Content of the symbols file; null: none is named. */
      readonly symbolsBytes: Uint8Array | null;
    }
  | { readonly ok: false; readonly errors: readonly Reason[]; readonly lang: Settings['lang'] };

export interface SettingsSource {
  /** The process environment; it overrides `.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Project root: contains `.env`; base of relative paths. */
  readonly root: string;
  /** Read instead of `.env`; must exist; relative to the project root. */
  readonly envFile?: string | undefined;
  /** For tests; default: the file system. */
  readonly readFile?: ReadFile;
  /** Absent: `trade`. */
  readonly purpose?: Purpose;
  /** User of this process; absent: the system has none, and file permissions are not checked. */
  readonly uid?: number | undefined;
}

/**
 * Reads environment and symbols file into one frozen object, or reports all errors at once (strategy 2.1, 2.2; exit
 * code 78 by 13.2). No message contains a key. Never throws.
 */
export function loadSettings(source: SettingsSource): SettingsResult {
  const { env, root, envFile, readFile = readSettingsFile, purpose = 'trade' } = source;
  const environment = readEnvironment({ env, root, envFile, readFile, purpose });
  const errors = [...environment.errors];
  const warnings: Reason[] = [...environment.warnings];
  if (environment.settings !== null && environment.settings.mode !== 'paper') {
    const { path = null } = environment.symbolsFile ?? {};
    warnings.push(
      ...exposureWarnings([...environment.keyFiles, ...(path === null ? [] : [path])], source.uid),
      ...nodeOptionWarnings(env.NODE_OPTIONS),
    );
  }
  const unread: Reason[] = [];
  let symbols: readonly SymbolConfig[] = [];
  let symbolsBytes: Uint8Array | null = null;
  const keep = (path: string): Uint8Array => {
    symbolsBytes = readFile(path);
    return symbolsBytes;
  };
  if (environment.symbolsFile !== null) {
    const reading = symbolsOf(environment.symbolsFile, root, keep);
    if (reading.ok) {
      symbols = reading.symbols;
      warnings.push(...reading.warnings);
    } else {
      (purpose === 'look' ? unread : errors).push(...reading.errors);
    }
  }
  // A key in the wrong variable or in the symbols file would appear in its error message.
  const redact = errors.length + warnings.length + unread.length === 0 ? null : createRedactor(environment.secrets);
  const safe = (reasons: readonly Reason[]) => reasons.map((why) => withTexts(why, (text) => redact?.(text) ?? text));
  if (environment.settings === null || errors.length > 0)
    return { ok: false, errors: safe(errors), lang: environment.lang };
  return {
    ok: true,
    settings: frozen({ ...environment.settings, symbols }),
    warnings: safe(warnings),
    unread: safe(unread),
    symbolsBytes,
  };
}

/** The given values from `.env` and the process environment, not validated ({@link loadSettings} does that). */
export function textsOf(source: SettingsSource): ReadonlyMap<string, string> {
  return givenTexts({ readFile: readSettingsFile, purpose: 'trade', ...source });
}

/** Values in `.env` of variables that the process environment overrides (strategy 16.4). */
export function fixedByProcess(source: SettingsSource): ReadonlyMap<string, string> {
  return overriddenTexts({ readFile: readSettingsFile, purpose: 'trade', ...source });
}

function symbolsOf(file: { readonly path: string; readonly given: string }, root: string, readFile: ReadFile) {
  try {
    return readSymbols(readFile(file.path), file.given);
  } catch (thrown) {
    const [code, given] = [codeOf(thrown), shown(file.given)];
    const problem = unfit(thrown);
    if (problem !== null)
      return { ok: false as const, errors: [reason('symbols-file-invalid', '2.2', { file: file.given, problem })] };
    const error =
      code === 'ENOENT'
        ? reason('symbols-file-missing', '2.2', { file: given, root })
        : reason('symbols-file-unreadable', '2.2', { file: given, code });
    return { ok: false as const, errors: [error] };
  }
}

/** Freezes plain objects and lists recursively; immutable values (Decimal, Secret) stay as they are. */
function frozen<T>(value: T): T {
  if (Array.isArray(value) || (value !== null && typeof value === 'object' && isPlain(value))) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}
