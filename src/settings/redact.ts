import { passwordsIn } from '../core/database-address.ts';
import { printable, printableJson } from '../core/printable.ts';
import { Secret } from './secret.ts';

/**
 * The only redactor: every text for a person or a file passes through it before it is shortened. It finds each known
 * secret in plain and encoded form: JSON-escaped at any depth, percent-encoded, as HTML entities, in hex, in base64
 * (also inside a longer base64 text), in nested encodings, and in pieces where the text was cut. Characters that a
 * terminal would execute, or that reverse the writing direction, are made visible.
 */
export interface Redactor {
  /** The printable text with each secret, and whatever looks like a key or a session, replaced by `[secret]`. */
  (text: string): string;
  /** Also hides this session cookie from now on. */
  learn(session: string): void;
  /** The same for JSON text, which stays JSON even if a secret contains quotes. */
  json(text: string): string;
  /**
   * For JSON text that the program reads back (the journal): known secrets only, and only those that no figure or word
   * of ours can equal, so that signatures and sizes never change.
   */
  stored(text: string): string;
}

const HIDDEN = '[secret]';

/** Shorter texts would hide ordinary words and figures; no key is that short. */
const SHORTEST_SECRET = 6;
/** A piece of a secret this long is hidden anywhere; shorter ones are too often a common word. */
const SHORTEST_PIECE = 12;
/** The same for hex digits, which are everywhere: 64 bits of chance. */
const SHORTEST_HEX_PIECE = 16;
/** At the beginning or end of a text, and next to dots that mark a cut, a shorter piece is recognised. */
const SHORTEST_AT_CUT = 6;
const SHORTEST_HEX_AT_CUT = 8;
/** Sessions that stay hidden, the newest: each account has one or two valid ones. */
const SESSIONS_KNOWN = 16;

/** What looks like a secret, known or not: private keys, session cookies, keys in headers and bodies. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/0x[0-9a-f]{64}(?![0-9a-f])/gi, HIDDEN],
  [/\b(gravity=)[^;\s"\\]+/gi, `$1${HIDDEN}`],
  [/(x-api-key\\?"?\s*:\s*\\?"?)[^\s"'\\,;}]+/gi, `$1${HIDDEN}`],
  [/((?:api_?key|private_?key)\w*(?:\\?"\s*:\s*\\?"|=))[^\s"'\\,;}]+/gi, `$1${HIDDEN}`],
];

/** A redactor for these secrets. */
export function createRedactor(secrets: readonly string[] = []): Redactor {
  const keys = secrets.flatMap(formsOf);
  let index = indexOf(keys);
  let sessions: readonly { readonly text: string; readonly forms: readonly Form[] }[] = [];
  const hidden = (text: string): string => {
    let safe = hide(text, index, false);
    for (const [pattern, replacement] of PATTERNS) safe = safe.replace(pattern, replacement);
    return safe;
  };
  const learn = (text: string): void => {
    if (sessions.some((session) => session.text === text)) return;
    sessions = [...sessions, { text, forms: formsOf(text) }].slice(-SESSIONS_KNOWN);
    index = indexOf([...keys, ...sessions.flatMap(({ forms }) => forms)]);
  };
  const stored = (text: string): string => hide(text, index, true);
  return Object.assign((text: string) => printable(hidden(text)), {
    learn,
    json: (text: string) => printableJson(keptJson(text, hidden)),
    stored: (text: string) => keptJson(text, stored),
  });
}

/** JSON text without secrets: redacted as a whole if that leaves it JSON, else string by string. */
function keptJson(json: string, redact: (text: string) => string): string {
  const safe = redact(json);
  if (safe === json || isJson(safe)) return safe;
  return `${JSON.stringify(eachText(JSON.parse(json), redact))}${json.endsWith('\n') ? '\n' : ''}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function eachText(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => eachText(item, redact));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redact(key), eachText(inner, redact)]));
}

/** One encoding of a secret, as folded character codes. */
interface Form {
  readonly codes: Uint16Array;
  /** Shortest piece hidden anywhere; null: only the whole. */
  readonly piece: number;
  readonly atCut: number | null;
  /** Base64: neighbouring characters may contain the rest of the secret. */
  readonly spreads: boolean;
  /** No figure or word of ours can equal it. */
  readonly unmistakable: boolean;
}

interface Place {
  readonly form: Form;
  readonly offset: number;
}

/** Positions in all forms by the four characters there. */
interface Index {
  readonly places: ReadonlyMap<number, readonly Place[]>;
  /** Whether any position may have this hash: checked for each character of each text. */
  readonly mayBe: Uint8Array;
}

const SLOTS = 1 << 18;

function slotOf(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> 14;
}

function indexOf(forms: readonly Form[]): Index {
  const places = new Map<number, Place[]>();
  const mayBe = new Uint8Array(SLOTS);
  for (const form of forms) {
    let four = 0;
    for (const [at, code] of form.codes.entries()) {
      four = (four << 8) ^ code;
      if (at < 3) continue;
      const here = places.get(four) ?? [];
      here.push({ form, offset: at - 3 });
      places.set(four, here);
      mayBe[slotOf(four)] = 1;
    }
  }
  return { places, mayBe };
}

const HEX = /^(?:0x)?([0-9a-f]{16,})$/i;
/** A chat id: its pieces are ordinary figures. An address: its beginning is an ordinary name. */
const WHOLE_ONLY = /^-?\d+$|^[a-z]+:\/\//i;

/** All distinct encodings of a secret. */
function formsOf(secret: string): Form[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const forms = new Map<string, Form>();
  const add = (text: string, spreads: boolean): void => {
    for (const spelling of [text, fullyUnescaped(text)]) {
      const codes = foldedCodes(spelling);
      const key = String.fromCharCode(...codes);
      if (codes.length < SHORTEST_SECRET || forms.has(key)) continue;
      const isHex = /^[0-9a-f]+$/.test(key);
      const isCommon = WHOLE_ONLY.test(spelling);
      const wholeOnly = isCommon || codes.length < SHORTEST_PIECE;
      forms.set(key, {
        codes,
        piece: wholeOnly ? codes.length : Math.min(codes.length, isHex ? SHORTEST_HEX_PIECE : SHORTEST_PIECE),
        atCut: isCommon ? null : isHex ? SHORTEST_HEX_AT_CUT : SHORTEST_AT_CUT,
        spreads,
        unmistakable: !wholeOnly,
      });
    }
  };
  const bare = HEX.exec(secret)?.[1] ?? null;
  const texts = bare === null ? [secret] : [...new Set([bare, bare.toLowerCase(), bare.toUpperCase()])];
  for (const text of texts) add(text, false);
  const bytes = texts.map((text) => Buffer.from(text.toWellFormed()));
  if (bare !== null && bare.length % 2 === 0) bytes.push(Buffer.from(bare, 'hex'));
  // Beyond ASCII, percent-encoding and hex encode UTF-8 bytes.
  for (const one of bytes) if (one.some((byte) => byte > 127)) add(one.toString('latin1'), false);
  // An encoded JSON text or address contains it escaped.
  const escaped = [inJson(secret), inJson(inJson(secret)), encodeURIComponent(secret.toWellFormed())];
  bytes.push(...escaped.filter((text) => text !== secret).map((text) => Buffer.from(text)));
  for (const { text, spreads } of bytes.flatMap(encodings)) add(text, spreads);
  return [...forms.values()];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Bytes in hex and base64 (case-folded, both alphabets); base64 at each of the three alignments in a longer text. */
function encodings(bytes: Buffer): { readonly text: string; readonly spreads: boolean }[] {
  const found = [{ text: bytes.toString('hex'), spreads: false }];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and last characters include bits of their neighbours.
    const from = before === 0 ? 0 : before + 1;
    found.push({ text: encoded.slice(from, (before + bytes.length) % 3 === 0 ? undefined : -1), spreads: true });
  }
  return found;
}

/** Ignores upper case and the URL alphabet of base64. */
function fold(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  if (code === 45) return 43;
  return code === 95 ? 47 : code;
}

function foldedCodes(text: string): Uint16Array {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = fold(text.charCodeAt(at));
  return codes;
}

/** A text without its escapes, and the range of each character in the given text; null: unchanged text. */
interface Unescaped {
  readonly text: string;
  readonly origins: { readonly starts: readonly number[]; readonly ends: readonly number[] } | null;
}

const ESCAPE =
  /\\+(?:u([0-9a-f]{4}))?|%((?:25)*)([0-9a-f]{2})|&(?:amp;)*(?:#(\d{1,7});|#x([0-9a-f]{1,6});|(quot|amp|lt|gt|apos);)/gi;
const ENTITIES: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

/** Removes one level of JSON backslashes, percent-encoding and HTML entities, repeated ones too. */
function unescaped({ text, origins }: Unescaped): Unescaped {
  const starts: number[] = [];
  const ends: number[] = [];
  let plain = '';
  let done = 0;
  const take = (characters: string, from: number, to: number): void => {
    for (let unit = 0; unit < characters.length; unit++) {
      starts.push(origins === null ? from : (origins.starts[from] ?? from));
      ends.push(origins === null ? to : (origins.ends[to - 1] ?? to));
    }
    plain += characters;
  };
  const takeUntil = (end: number): void => {
    for (let at = done; at < end; at++) {
      starts.push(origins === null ? at : (origins.starts[at] ?? at));
      ends.push(origins === null ? at + 1 : (origins.ends[at] ?? at + 1));
    }
    if (done < end) plain += text.slice(done, end);
  };
  for (const found of text.matchAll(ESCAPE)) {
    const [whole, json, , percent, decimal, hex, name] = found;
    takeUntil(found.index);
    done = found.index + whole.length;
    const code = json ?? percent ?? hex;
    if (code !== undefined) take(characterOf(Number.parseInt(code, 16)), found.index, done);
    else if (decimal !== undefined) take(characterOf(Number(decimal)), found.index, done);
    else if (name !== undefined) take(ENTITIES[name.toLowerCase()] ?? '', found.index, done);
    else if (done < text.length && text[done] !== '%' && text[done] !== '&') {
      // A backslash belongs to the character it escapes.
      take(text[done] ?? '', found.index, done + 1);
      done += 1;
    }
  }
  takeUntil(text.length);
  return { text: plain, origins: { starts, ends } };
}

function fullyUnescaped(text: string): string {
  let plain = text;
  for (let round = 0; round < MOST_UNESCAPES; round++) plain = unescaped({ text: plain, origins: null }).text;
  return plain;
}

function characterOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

type Span = [from: number, to: number];

/** Levels of nested escapes that are removed. */
const MOST_UNESCAPES = 6;

function hide(text: string, index: Index, storedOnly: boolean): string {
  if (index.places.size === 0) return text;
  const spans = spansIn({ text, origins: null }, index, storedOnly);
  let plain: Unescaped = { text, origins: null };
  for (let round = 0; round < MOST_UNESCAPES && /[\\%&]/.test(plain.text); round++) {
    const next = unescaped(plain);
    if (next.text === plain.text) break;
    plain = next;
    spans.push(...spansIn(plain, index, storedOnly));
  }
  if (spans.length === 0) return text;
  spans.sort(([a], [b]) => a - b);
  let safe = '';
  let done = 0;
  let last: Span | null = null;
  for (const span of spans) {
    if (last !== null && span[0] <= last[1]) {
      last[1] = Math.max(last[1], span[1]);
      continue;
    }
    if (last !== null) {
      safe += text.slice(done, last[0]) + HIDDEN;
      done = last[1];
    }
    last = [span[0], span[1]];
  }
  if (last === null) return text;
  return safe + text.slice(done, last[0]) + HIDDEN + text.slice(last[1]);
}

/** Ranges of secrets in a text, in positions of the original text. */
function spansIn({ text, origins }: Unescaped, index: Index, storedOnly: boolean): Span[] {
  const spans: Span[] = [];
  const { places, mayBe } = index;
  const end = text.length;
  let four = 0;
  for (let at = 0; at < end; at++) {
    four = (four << 8) ^ fold(text.charCodeAt(at));
    if (at < 3 || mayBe[slotOf(four)] === 0) continue;
    const from = at - 3;
    let furthest = 0;
    let spreads = false;
    for (const { form, offset } of places.get(four) ?? []) {
      if (storedOnly && !form.unmistakable) continue;
      const length = runOf(text, from, form.codes, offset);
      if (length <= furthest || !isGivenAway(text, from, length, form, offset)) continue;
      furthest = length;
      spreads = form.spreads;
    }
    if (furthest === 0) continue;
    const [left, right] = widened(text, from, from + furthest, spreads);
    spans.push(origins === null ? [left, right] : [origins.starts[left] ?? left, origins.ends[right - 1] ?? right]);
    at = right - 1;
    four = 0;
    for (let back = Math.max(0, right - 3); back < right; back++) four = (four << 8) ^ fold(text.charCodeAt(back));
  }
  return spans;
}

/** How many characters from there equal the form's. */
function runOf(text: string, from: number, codes: Uint16Array, offset: number): number {
  const most = Math.min(text.length - from, codes.length - offset);
  let length = 0;
  while (length < most && fold(text.charCodeAt(from + length)) === codes[offset + length]) length++;
  return length;
}

/** Whether a piece is long enough to be hidden at its place. */
function isGivenAway(text: string, from: number, length: number, form: Form, offset: number): boolean {
  if (length >= form.piece) return true;
  if (form.atCut === null || length < form.atCut) return false;
  const beginsAtCut = offset === 0 || isCut(text, from, -1);
  const endsAtCut = offset + length === form.codes.length || isCut(text, from + length, 1);
  // At least one end is a cut, since a whole form is never shorter than its piece.
  return beginsAtCut && endsAtCut;
}

/** Whether the text ends there in that direction, or dots or stars mark an omission. */
function isCut(text: string, at: number, direction: 1 | -1): boolean {
  const next = direction === 1 ? text.slice(at, at + 3) : text.slice(Math.max(0, at - 3), at);
  return (
    next === '' || next === '...' || next === '***' || (direction === 1 ? next.startsWith('…') : next.endsWith('…'))
  );
}

const BASE64 = /[A-Za-z0-9+/=_-]/;

/** Includes a key's 0x, and for base64 the adjoining characters, which may contain the rest of the secret. */
function widened(text: string, from: number, to: number, spreads: boolean): Span {
  let [left, right] = [from, to];
  if (spreads) {
    while (left > 0 && BASE64.test(text[left - 1] ?? '')) left--;
    while (right < text.length && BASE64.test(text[right] ?? '')) right++;
  }
  if (/0x/i.test(text.slice(Math.max(0, left - 2), left))) left -= 2;
  return [left, right];
}

/** A shorter path without a query is a word (`/send-message`), not a key; hiding it everywhere would hide our own. */
const SHORTEST_KEY_PATH = 16;

/**
 * The parts of an address that must never be printed: everything after its origin may be a key (a heartbeat URL, a
 * bot), and so may user and password. The path with its query also alone, since servers repeat it ("Cannot POST /…").
 * An invalid address is secret as a whole.
 */
export function secretsOfAddress(address: string): string[] {
  if (!URL.canParse(address)) return [address];
  const { protocol, origin, href, pathname, search, username, password } = new URL(address);
  // The location of a database may be shown; its password may not.
  if (protocol === 'postgres:' || protocol === 'postgresql:') return [address, ...passwordsIn(address)];
  const sent = `${pathname}${search}`;
  const login = username === '' && password === '' ? [] : loginOf(username, password);
  if (href === `${origin}/`) return [];
  return [address, href, ...login, ...(search !== '' || sent.length >= SHORTEST_KEY_PATH ? [sent] : [])];
}

/** User and password, encoded and decoded. */
function loginOf(username: string, password: string): string[] {
  const [user, word] = [username, password].map((text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      // A stray percent sign stands for itself.
      return text;
    }
  });
  return [`${username}:${password}`, `${user}:${word}`, password, word ?? ''];
}

/** Every secret in a value, at any depth: keys, and addresses that may contain one. */
export function secretsIn(value: unknown): string[] {
  const text = value instanceof Secret ? value.reveal() : value;
  if (typeof text === 'string' && text.includes('://')) return secretsOfAddress(text);
  if (value instanceof Secret) return [value.reveal()];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(secretsIn);
}
