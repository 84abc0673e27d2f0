import type { JournalProblem, JournalReasonParams } from './journal-reasons.ts';
import type { AccountName, NoLevelling, Side } from './model.ts';
import type { JsonExpected, ShownValue, StartReasonParams, TextShape } from './start-reasons.ts';

/**
 * Why something is as it is: a code, its parameters, and the rule of the strategy. `src/texts` renders it in each
 * language; nothing parses the text. A code that lacks a text does not compile. Sizes, prices and sums are decimals as
 * text, USDT if the name says so. `side` is the order's.
 */
export interface ReasonParams extends StartReasonParams, SettingReasonParams, LockReasonParams, JournalReasonParams {
  'no-data': { readonly accounts: readonly AccountName[] };
  'data-old': { readonly account: AccountName; readonly seconds: number };
  /** Read before our clock was set back: its age is unknown. */
  'data-before-clock-step': { readonly account: AccountName };
  'reading-twice': None;
  'position-differs': { readonly account: AccountName; readonly difference: string };
  /** A drift that is not adopted yet. */
  'split-found': { readonly ratio: string };
  unlisted: None;
  'unlisted-and-flat': None;
  'mark-not-positive': None;
  draining: None;

  flat: None;
  hedged: Readonly<Record<AccountName, string>>;
  imbalanced: { readonly net: string; readonly usdt: string };
  'partly-filled': {
    readonly account: AccountName;
    readonly side: Side;
    readonly traded: string;
    readonly size: string;
  };
  'limits-block-openings': None;
  'limits-block-repairs': { readonly net: string };
  /** `by`: what started the suspension. */
  resting: { readonly by: Reason; readonly seconds: number };
  'attempts-used-up': { readonly attempts: number };
  'order-refused': { readonly refusal: Reason };
  'order-ended': { readonly refusal: Reason };

  halted: None;
  'symbol-failed': None;
  'hedge-only': None;
  /** Every own order is cancelled and nothing is submitted: by `cancel`, or after a pause was reached. */
  held: None;
  paused: None;
  'awaits-price': None;
  'awaits-book': None;
  'awaits-ends': None;
  'mark-doubtful': MarkFigures;
  'mark-in-question': MarkFigures;
  'nothing-to-close': None;
  'account-parked': { readonly account: AccountName };
  'awaits-journal': None;
  'poller-started': None;
  /** REST shows a change of that order that its stream did not report within so many seconds. */
  'stream-lacks-order': { readonly clientOrderId: string; readonly instrument: string; readonly seconds: number };
  'stream-subscribed': None;
  'stream-closed': None;
  'stream-session-over': None;
  'stream-symbol-added': None;
  'stream-silent': { readonly seconds: string };
  'stream-unacknowledged': { readonly streams: string; readonly seconds: number };
  /** `words`: the exchange's, or the network's. */
  'stream-refused': { readonly code: number; readonly words: string };
  'stream-handshake-refused': { readonly status: number };
  'stream-not-subscribed': { readonly stream: string; readonly selectors: string };
  'stream-gap': { readonly stream: string; readonly sequence: string; readonly after: string };
  'stream-not-json': None;
  'stream-frame-unknown': None;
  'stream-frame-unusable': { readonly stream: string; readonly answer: Reason };
  'stream-failed': { readonly words: string };
  'stream-disconnected': { readonly code: number };
  'stream-disagrees': None;
  'streams-disagree': { readonly instruments: number };
  /** `by`: what stops openings. */
  'openings-stopped': { readonly by: Reason };
  'margin-stop': { readonly account: AccountName; readonly ratio: string; readonly limit: string };
  'loss-stop': { readonly loss: string; readonly limit: string };
  'openings-only-reduce': { readonly account: AccountName };
  'repairs-only-reduce': { readonly account: AccountName };
  quoting: { readonly orders: readonly QuotedOrder[] };
  'awaits-order-gone': { readonly account: AccountName };
  'awaits-opening': { readonly accounts: readonly AccountName[] };
  /** The limit leaves `left` of the `wanted` USDT of an opening. */
  limited: {
    readonly setting: 'max_total_position_usdt' | 'min_total_position_usdt';
    readonly limit: string;
    readonly left: string;
    readonly wanted: string;
  };
  'opening-too-small': { readonly size: string; readonly smallest: string };
  'repair-too-small': { readonly size: string; readonly smallest: string };
  covered: { readonly open: string; readonly net: string };
  'unknown-against-net': None;
  'neither-may-repair': None;
  /** To the largest size that a signature can carry. */
  'orders-clipped': { readonly symbol: string; readonly largest: string };
  'orders-at-cap': { readonly account: AccountName; readonly live: number; readonly cap: number };

  /** Ratios in percent after the transfer. */
  levelling: {
    readonly from: AccountName;
    readonly to: AccountName;
    readonly amount: string;
    readonly isBounded: boolean;
    readonly ratioA: string;
    readonly ratioB: string;
  };
  'no-levelling': { readonly why: NoLevelling };

  /** One order per account while the difference is low. */
  'over-low-diff-cap': None;
  /** The gray rollout continues with the full amount (strategy 16.7). */
  'trial-over': None;
  'over-cap': { readonly account: AccountName; readonly cap: number };
  'past-net': { readonly side: Side };
  /** In `hedge-only`, or while the exchange does not list the instrument. */
  'not-a-repair': { readonly side: Side; readonly isListed: boolean };
  'order-on-unlisted': None;
  /** The mode allows no opening, or no order at all. */
  opens: None;
  'not-wanted': None;
  'opens-at-doubtful-mark': None;
  'worth-too-much': { readonly usdt: string; readonly most: string };
  'room-too-small': { readonly room: string; readonly remaining: string };
  'without-partner': { readonly account: AccountName };
  'before-split': None;
  'remainder-too-small': { readonly size: string };
  'not-the-opening-side': { readonly account: AccountName; readonly side: Side };
  'grows-net': { readonly side: Side };
  'towards-limit': None;
  'closes-nothing': None;

  'no-mark': { readonly book: Reason };
  'book-empty': None;
  'book-without-bids': None;
  'book-without-asks': None;
  'book-impossible': { readonly bid: string; readonly ask: string };
  'book-crossed': { readonly bid: string; readonly ask: string };
  'book-unread': None;

  'price-not-positive': { readonly price: string };
  'price-unsignable': { readonly price: string; readonly most: string };
  'size-below-minimum': { readonly size: string; readonly minimum: string };
  'size-off-step': { readonly size: string; readonly step: string };
  'notional-below-minimum': { readonly notional: string; readonly minimum: string };
  'worth-too-much-at-book': { readonly size: string; readonly usdt: string; readonly most: string };
  'not-nearer': { readonly price: string; readonly than: string };
  'instrument-unknown': None;
  'gateway-replaced': None;
  'decided-before-clock-step': None;
  'decided-on-old-data': None;
  'fill-booked-since': None;
  'gateway-drains': None;
  'accounts-parked': { readonly accounts: readonly AccountName[] };
  'queue-full': { readonly account: AccountName; readonly waiting: number };
  'attempts-failed': { readonly attempts: number; readonly last: Reason };
  /** A part of the engine threw. */
  'part-failed': { readonly message: string };
  'not-recorded': { readonly message: Reason };
  'outcome-not-recorded': { readonly clientOrderId: string; readonly why: Reason };
  'journal-not-compacted': { readonly why: Reason };

  /** The exchange's reject reason. */
  rejected: { readonly word: string };
  'book-call-failed': { readonly why: Reason };
  'impossible-answer': { readonly word: string };
  'never-confirmed': None;
  'no-outcome-in-journal': None;
  'missing-since-confirmed': None;
  /** The exchange knows the order by its client id, in that status. */
  'proven-to-exist': { readonly status: string };
  'proven-absent': { readonly by: 'fence' | 'expiry' };

  // ------------------------------------------------------------------------------------- the engine stops (strategy 13)
  /** `by`: a signal, or whoever runs the engine in a test. */
  'stop-asked': { readonly by: string };
  'stop-commanded': { readonly by: string };
  'run-time-over': { readonly seconds: number };
  'defect-found': { readonly message: string };

  /** The exchange's error body; `check` names settings that are the usual cause. */
  'answered-with-code': {
    readonly code: number;
    readonly words: string;
    readonly status: number;
    readonly check: readonly string[];
  };
  'answered-with-status': { readonly status: number };
  'answered-with-redirect': { readonly status: number };
  /** `body`: why it is not JSON. */
  'answered-unreadably': { readonly status: number; readonly body: Reason };
  'body-empty': None;
  'body-html': { readonly characters: number };
  'body-not-json': { readonly characters: number };
  'no-answer': { readonly seconds: number };
  /** The message of the system or the HTTP client. */
  network: { readonly code: string; readonly words: string };
  'never-left': { readonly why: Reason };
  'append-slow': { readonly ms: number };
  'lease-short': { readonly ms: number };
  'order-of-successor': None;
  'no-session': { readonly login: Reason };
  'budget-waited': { readonly seconds: number };
  'budget-full': { readonly waiting: number };
  'engine-closes': None;
  'page-repeated': None;
  'too-many-pages': { readonly pages: number };
  'login-refused': { readonly answer: Reason; readonly key: string };
  'not-a-login': { readonly answer: Reason };
  'without-cookie': { readonly status: number; readonly body: Reason | null };
  'without-account-id': { readonly status: number };
  'cookie-ended': None;
  'key-not-accepted': { readonly status: number };
  // An impossible answer; `field` empty: the whole answer.
  'unusable-answer': { readonly field: string; readonly problem: Reason };
  'field-missing': None;
  'field-zero': None;
  'field-missing-or-zero': None;
  'field-not-positive': { readonly found: string };
  /** `expected`: one of ours (FieldProblem), or the schema library's message. */
  'field-odd': { readonly expected: string; readonly found: string };
  'field-for-another': { readonly found: string; readonly asked: string };
  'field-of-other-account': { readonly found: string; readonly own: string };
  'level-not-further': { readonly price: string; readonly before: string };
  'traded-above-size': { readonly traded: string; readonly size: string };
  'traded-without-price': None;
  'filled-without-trade': None;
  'filled-in-part': { readonly traded: string; readonly size: string };
  'row-nameless': None;

  /** A start that the exchange refused. `keysOf`: the number of the account whose keys to check; null: that is not why. */
  'start-failed': {
    readonly call: string;
    readonly account: AccountName | null;
    readonly why: Reason;
    readonly keysOf: 1 | 2 | null;
  };
  /** `directory`: of the file. */
  'journal-unusable': {
    readonly problem: JournalProblem;
    readonly file: string;
    readonly directory: string;
    readonly what: Reason;
  };
  'other-engine-unknown': { readonly call: string; readonly account: AccountName | null; readonly why: Reason };
}

/** What is wrong with settings, lines of `.env`, rows of the symbols file (strategy 2.1, 2.2) and options of commands. */
export interface SettingReasonParams {
  'settings-unusable': { readonly errors: readonly Reason[] };
  'symbols-unusable': { readonly errors: readonly Reason[] };
  /** `at`: a variable, a file or a key. */
  'wrong-at': { readonly at: ShownValue; readonly problem: Reason };
  'row-wrong': {
    readonly file: string;
    readonly row: number;
    readonly name: ShownValue | null;
    readonly key: ShownValue | null;
    readonly problem: Reason;
  };
  'env-line': {
    readonly file: string;
    readonly line: number;
    readonly name: string | null;
    readonly problem: Reason;
  };
  'symbols-file-invalid': { readonly file: string; readonly problem: Reason };
  'symbols-file-missing': { readonly file: ShownValue; readonly root: string };
  'symbols-file-unreadable': { readonly file: ShownValue; readonly code: string };
  /** `near`: what may be meant; `swapped`: whose value it looks like. */
  'value-illegal': {
    readonly value: ShownValue;
    readonly expected: BothTexts;
    readonly near?: string | null;
    readonly swapped?: string | null;
  };
  'value-missing': { readonly expected: BothTexts };
  'setting-missing': { readonly name: string; readonly hasFile: boolean; readonly expected: BothTexts };
  'exchange-not-said': { readonly cause: string; readonly expected: BothTexts };
  'no-such-setting': { readonly near: string; readonly isLikely: boolean };
  'given-with': { readonly name: string };
  'key-file-unusable': { readonly path: ShownValue; readonly problem: Reason };
  'file-not-found': None;
  'file-unreadable': { readonly code: string };
  'file-is-pipe': None;
  'file-too-large': { readonly most: number };
  'file-not-utf8': None;
  'key-file-too-large': { readonly bytes: number };
  'key-file-empty': None;
  'key-file-not-utf8': None;
  'ttl-over-lease': { readonly seconds: number; readonly most: number };
  'chain-id-misfit': { readonly chainId: number; readonly mode: string; readonly own: number };
  'host-of-other': {
    readonly url: string;
    readonly owner: string;
    readonly ownerChainId: number;
    readonly chainId: number;
  };
  'host-not-encrypted': { readonly url: string; readonly mode: string };
  'host-not-own': {
    readonly url: string;
    readonly mode: string;
    readonly own: string;
    readonly hostname: string;
  };
  'any-certificate-refused': None;
  'same-as': { readonly name: string; readonly expected: 'two-accounts' | 'gateway-key' };
  'line-repeats': { readonly earlier: number };
  'line-without-equals': { readonly name: ShownValue };
  'line-no-assignment': TextShape;
  'line-backquotes': None;
  'line-quote-open': { readonly quote: string };
  'line-backslash': None;
  'line-expands': None;
  'line-text-after-quote': None;
  'line-hash': None;
  'line-quote-inside': None;
  'line-continues': None;
  'symbols-too-large': { readonly bytes: number; readonly most: number };
  'symbols-empty': None;
  'symbols-not-json': {
    readonly line: number;
    readonly column: number;
    readonly expected: JsonExpected;
    readonly isAtEnd: boolean;
  };
  'symbols-no-list': { readonly value: ShownValue };
  'symbols-none': None;
  'symbols-too-many': { readonly count: number; readonly most: number };
  'row-no-object': { readonly value: ShownValue };
  'key-repeated': None;
  'key-unknown': { readonly near: string | null };
  /** `instrument`: of both rows; null: their names are equal. */
  'row-repeats': { readonly earlier: number; readonly instrument: string | null };
  'min-above-max': { readonly least: string; readonly most: string };
  'not-listed': { readonly near: string | null };
  'spelling-open': { readonly names: readonly string[] };
  'row-exists': { readonly file: string; readonly symbol: string };
  'no-row': { readonly file: string; readonly symbol: string; readonly near: string | null };
  'names-the-row': None;
  /** `option`: as it is typed; `value`: null: none, or it may hold a secret. */
  'option-wrong': { readonly option: string; readonly value: string | null; readonly expected: BothTexts };
  'option-unusable': { readonly option: string; readonly value: string; readonly problems: readonly Reason[] };
  /** `at`: a file or directory; `found`: null: nothing to name. */
  'market-unusable': { readonly at: string; readonly found: string | null; readonly expected: BothTexts };
  'market-unreadable': { readonly at: string; readonly why: Reason };
  /** A row of a file that is imported; `name`: of the column. */
  'import-row-wrong': {
    readonly file: string;
    readonly line: number;
    readonly name: string;
    readonly found: string;
    readonly expected: BothTexts;
  };
  'takes-long': { readonly combinations: number; readonly ms: number; readonly workers: number };
  /** At this mark an order of the symbol would be below the smallest tradable size, which costs `usdt`. */
  'order-never-tradable': {
    readonly symbol: string;
    readonly order: string;
    readonly size: string;
    readonly base: string;
    readonly mark: string;
    readonly smallest: string;
    readonly usdt: string;
  };
  'one-fill-passes-limit': { readonly symbol: string; readonly order: string; readonly limit: string };
}

/** Why a lock, a private file or the log is not to be had (strategy 11.1); a failed clean-up. */
export interface LockReasonParams {
  /** `isSilent`: the holder does not answer; `uid`: of another user. */
  'lock-held': {
    readonly locked: Locked;
    readonly pid: number | null;
    readonly uid: number | null;
    readonly isSilent: boolean;
  };
  /** `path`: null: it is a name of the system. */
  'lock-unusable': { readonly path: string | null; readonly locked: Locked; readonly why: Reason };
  'lock-replaced': { readonly path: string };
  'lock-taken-again': { readonly path: string };
  'lock-taken-by-other': { readonly path: string; readonly pid: number | null };
  'lock-not-kept': { readonly path: string; readonly why: Reason };
  'log-unusable': { readonly directory: string; readonly why: Reason };
  'directory-of-other': { readonly path: string; readonly uid: number; readonly us: number };
  'directory-shared': { readonly path: string };
  'file-is-link': { readonly path: string };
  'file-not-plain': { readonly path: string };
  'file-of-other': { readonly path: string; readonly uid: number; readonly us: number };
  'file-has-second-name': { readonly path: string };
  'standby-without-database': None;
  'standby-waits': { readonly holder: string };
  'standby-retries': { readonly why: Reason };
  'journal-lost': { readonly why: Reason; readonly standsBy: boolean };
  'cleanup-failed': { readonly why: Reason };
}

/** What an engine holds alone. */
export type Locked = { readonly directory: string } | { readonly subAccountId: string; readonly env: string };

type None = Readonly<Record<never, never>>;

/** What a legal value is, written beside the check of it. */
export type BothTexts = Readonly<Record<'en' | 'zh', string>>;

/** The mark as read, the last accepted one, and the best prices of the book; null: none. */
interface MarkFigures {
  readonly read: string;
  readonly accepted: string | null;
  readonly book: { readonly bid: string; readonly ask: string } | null;
}

export interface QuotedOrder {
  readonly account: AccountName;
  readonly side: Side;
  readonly size: string;
  /** null: an intent; it is priced when it is sent (strategy 7.1). */
  readonly price: string | null;
}

export type ReasonCode = keyof ReasonParams;

export type Reason = {
  readonly [C in ReasonCode]: { readonly code: C; readonly rule: string; readonly params: ReasonParams[C] };
}[ReasonCode];

/** The parameters of a code, none where it has none. */
export type ParamsOf<C extends ReasonCode> = None extends ReasonParams[C] ? [] : [params: ReasonParams[C]];

/** @param rule number of the strategy's rule, e.g. `8.2` */
export function reason<C extends ReasonCode>(code: C, rule: string, ...[params]: ParamsOf<C>): Reason {
  return { code, rule, params: params ?? {} } as Reason;
}

export function isReason(value: unknown): value is Reason {
  return value !== null && typeof value === 'object' && 'code' in value && 'params' in value && 'rule' in value;
}

const FIGURE = /^-?\d+(\.\d+)?$/;

/** Identity of a reason without its figures, which follow mark and clock and alone are not worth reporting (7.3). */
export function reasonKey({ code, params }: Reason): string {
  const isFigure = (value: unknown) => typeof value === 'number' || (typeof value === 'string' && FIGURE.test(value));
  return `${code} ${JSON.stringify(params, (_name, value) => (isFigure(value) ? 0 : value))}`;
}

/** The reason with every text in it changed: shortened, or without secrets. */
export function withTexts(why: Reason, change: (text: string) => string): Reason {
  const changed = (value: unknown): unknown => {
    if (typeof value === 'string') return change(value);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(changed);
    // Codes and rules are ours.
    if ('params' in value) return { ...value, params: changed(value.params) };
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, changed(one)]));
  };
  return changed(why) as Reason;
}
