import { resolve } from 'node:path';
import { Decimal } from '../core/decimal.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { ShownValue } from '../core/start-reasons.ts';
import { readDotenv } from './dotenv.ts';
import { MAX_FILE_BYTES, UnfitFile } from './read-file.ts';
import { knownNames, VARIABLE_NAMES, VARIABLES, type VariableName } from './variables.ts';
import { closest, nearest, shown, wrongAt } from './wording.ts';

/** The given texts: the process environment over `.env`, and key files (strategy 2.1). */

/** Reads a whole file; throws like `fs.readFileSync`. */
export type ReadFile = (path: string) => Uint8Array;

/**
 * `trade`: everything a run needs is required. `rows`: keys, chat and symbols file may be missing, but given values are
 * validated. `look`: as `rows`, and a symbols file that is unusable is read as empty, so that a running engine can be
 * looked at and steered whatever its file has become (strategy 16.2).
 */
export type Purpose = 'trade' | 'rows' | 'look';

export interface EnvironmentInput {
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Project root: contains `.env`; base of relative paths. */
  readonly root: string;
  /** Another file instead of `.env`, which must exist. */
  readonly envFile?: string | undefined;
  readonly readFile: ReadFile;
  readonly purpose: Purpose;
}

/** Larger files cannot be key files. */
const KEY_FILE_MAX_BYTES = 4096;

/** The given values by name, the process environment over `.env`, not validated. */
export function givenTexts(input: EnvironmentInput): ReadonlyMap<string, string> {
  return mergedTexts(input, []);
}

/**
 * Trimmed values of all set variables. The process environment wins; an empty value there is unset, so `.env` counts.
 */
export function mergedTexts(input: EnvironmentInput, errors: Reason[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const source of [dotenv(input, errors), input.env]) {
    for (const [name, value] of Object.entries(source)) {
      const text = value?.trim() ?? '';
      if (text !== '') texts.set(name, text);
    }
    // Proxy variables are commonly lower case, which wins if one source has both, as with curl.
    for (const name of PROXY_VARIABLES) {
      const text = source[name.toLowerCase()]?.trim() ?? '';
      if (text !== '') texts.set(name, text);
    }
  }
  return texts;
}

/** The values in `.env` that the process environment overrides. */
export function overriddenTexts(input: EnvironmentInput): Map<string, string> {
  const said = Object.entries(dotenv(input, []));
  const isGiven = (name: string) => isOurs(name) && (input.env[name]?.trim() ?? '') !== '';
  return new Map(said.flatMap(([name, text]) => (isGiven(name) ? [[name, text?.trim() ?? '']] : [])));
}

const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const satisfies readonly VariableName[];

function dotenv(
  { root, envFile, readFile }: EnvironmentInput,
  errors: Reason[],
): Readonly<Record<string, string | undefined>> {
  const name = envFile ?? '.env';
  let bytes: Uint8Array;
  try {
    bytes = readFile(resolve(root, name));
  } catch (thrown) {
    const code = codeOf(thrown);
    // A start without keys would trade on paper instead of what the file names.
    if (envFile !== undefined || code !== 'ENOENT')
      errors.push(wrongAt(name, unfit(thrown) ?? reason('file-unreadable', '2.1', { code })));
    return {};
  }
  const text = utf8(bytes);
  if (text === null) {
    errors.push(wrongAt(name, reason('file-not-utf8', '2.1')));
    return {};
  }
  const reading = readDotenv(text, isOurs, (variable) => (isProxy(variable) ? variable.toUpperCase() : variable), name);
  errors.push(...reading.errors);
  return reading.values;
}

/** Whether this program reads a variable of that name, or would report it as unknown. */
function isOurs(name: string): boolean {
  return /^(?:GRVT_|TELEGRAM_)/i.test(name) || knownNames().includes(name) || isProxy(name);
}

function isProxy(name: string): boolean {
  return PROXY_VARIABLES.some((proxy) => proxy === name.toUpperCase());
}

/** The bytes as text without byte order mark; null if they are not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Of a file that can be read and is none to read settings from; null: the system refused it. */
export function unfit(thrown: unknown): Reason | null {
  if (!(thrown instanceof UnfitFile)) return null;
  return thrown.problem === 'pipe'
    ? reason('file-is-pipe', '2.1')
    : reason('file-too-large', '2.1', { most: MAX_FILE_BYTES });
}

/** `ENOENT` and the like, else the error's name; never its message, which may contain the file's content. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return thrown instanceof Error ? thrown.name : 'unknown error';
}

export function complainOfUnknownNames(texts: ReadonlyMap<string, string>, errors: Reason[], warnings: Reason[]): void {
  const known = new Set(knownNames());
  for (const name of texts.keys()) {
    if (known.has(name) || !/^GRVT_/i.test(name)) continue;
    if (/^GRVT_HEDGE_/i.test(name)) {
      errors.push(wrongAt(printable(name), nearestSetting(name)));
      continue;
    }
    // Other programs have GRVT_… settings of their own: only a likely typing error is reported.
    const near = nearest(name, known);
    if (near !== null && !texts.has(near)) {
      warnings.push(reason('setting-unknown', '2.1', { name: printable(name), near }));
    }
  }
}

/** Requests per second per account, from before the budget used the exchange's weights; 10 was the lowest tier. */
const OLD_RATE = 'GRVT_HEDGE_REQUESTS_PER_SEC';
const OLD_RATE_OF_SCALE_1 = 10;

/** Settings from before 1.0 keep working: the rate is converted to the factor. */
export function convertOldRate(texts: Map<string, string>, warnings: Reason[]): void {
  const given = texts.get(OLD_RATE);
  // Anything but a number stays and is reported as an unknown setting.
  if (given === undefined || !/^[1-9]\d{0,3}$/.test(given)) return;
  texts.delete(OLD_RATE);
  const rate = { name: OLD_RATE, instead: 'GRVT_HEDGE_RATE_SCALE' };
  const scale = new Decimal(given).div(OLD_RATE_OF_SCALE_1).toFixed();
  if (texts.has('GRVT_HEDGE_RATE_SCALE')) {
    warnings.push(reason('old-rate-ignored', '2.1', rate));
    return;
  }
  texts.set('GRVT_HEDGE_RATE_SCALE', scale);
  warnings.push(reason('old-rate-taken', '2.1', { ...rate, scale }));
}

const OWN_PREFIX = 'GRVT_HEDGE_';

/** The nearest of our names, compared without the common prefix (strategy 2.1). */
function nearestSetting(name: string): Reason {
  const known = knownNames()
    .filter((own) => own.startsWith(OWN_PREFIX))
    .map((own) => own.slice(OWN_PREFIX.length));
  const word = name.slice(OWN_PREFIX.length);
  const near = nearest(word, known);
  return reason('no-such-setting', '2.1', {
    near: `${OWN_PREFIX}${near ?? closest(word, known)}`,
    isLikely: near !== null,
  });
}

/** A variable's name as found, which may be a pasted line: then only its shape. */
function printable(name: string): ShownValue {
  return /^\w{1,80}$/.test(name) && !/[0-9a-f]{64}/i.test(name) ? name : shown(name);
}

/** Replaces each `NAME_FILE` by its file's content; returns the names whose file was unreadable. */
export function takeFiles(
  texts: Map<string, string>,
  input: EnvironmentInput,
  errors: Reason[],
): ReadonlySet<VariableName> {
  const unreadable = new Set<VariableName>();
  for (const name of VARIABLE_NAMES) {
    if (!VARIABLES[name].fromFile) continue;
    const fileName = `${name}_FILE`;
    const path = texts.get(fileName);
    if (path === undefined) continue;
    if (texts.has(name)) {
      errors.push(wrongAt(fileName, reason('given-with', '2.1', { name })));
      continue;
    }
    const content = keyFile(resolve(input.root, path), input.readFile);
    if ('problem' in content) {
      unreadable.add(name);
      const { problem } = content;
      errors.push(wrongAt(fileName, reason('key-file-unusable', '2.1', { path: shown(path), problem })));
    } else {
      texts.set(name, content.text);
    }
  }
  return unreadable;
}

function keyFile(path: string, readFile: ReadFile): { readonly text: string } | { readonly problem: Reason } {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (thrown) {
    const code = codeOf(thrown);
    const problem = code === 'ENOENT' ? reason('file-not-found', '2.1') : reason('file-unreadable', '2.1', { code });
    return { problem: unfit(thrown) ?? problem };
  }
  if (bytes.length > KEY_FILE_MAX_BYTES)
    return { problem: reason('key-file-too-large', '2.1', { bytes: bytes.length }) };
  const text = utf8(bytes)?.trim();
  if (text === undefined) return { problem: reason('key-file-not-utf8', '2.1') };
  if (text === '') return { problem: reason('key-file-empty', '2.1') };
  return { text };
}
