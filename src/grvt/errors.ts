import type { ExchangeFailure, FailureKind } from '../core/failure.ts';
import type { AccountName } from '../core/model.ts';
import { type Reason, reason, withTexts } from '../core/reasons.ts';
import type { Redact } from '../ports.ts';
import { reasonText } from '../texts/reasons.ts';
import { isPage } from './wire.ts';

/** What a call changes, which determines the meaning of its failure (strategy 9.6, 10.3). */
export type CallEffect = 'read' | 'create' | 'cancel';

/**
 * The reaction to an error code, unless the HTTP status says more:
 * - `log-in-again`: one new login, then the request once more (strategy 9.8).
 * - `park`: the account must stop (strategy 9.8).
 * - `refused`: it did not happen and would not happen unchanged.
 * - `not-found`: unknown to the exchange at that moment; proves nothing alone (strategy 9.6).
 * - `back-off`: it did not happen; every request of that account waits (strategy 9.9).
 * - `find-out`: a read failed; the outcome of a create or cancel is unknown (strategy 9.6).
 */
export type ErrorAction = 'log-in-again' | 'park' | 'refused' | 'not-found' | 'back-off' | 'find-out';

export interface ErrorRow {
  readonly code: number;
  /** The documented HTTP status. */
  readonly http: number;
  readonly action: ErrorAction;
}

/**
 * GRVT's error codes (API 3) and the reaction to each, in one place. For "retry later" without 5xx (2080 to 2084) the
 * rest after a refusal (strategy 9.5) is that pause. Codes with a 5xx status are `find-out`: strategy 9.6 counts every
 * 5xx as an unknown outcome.
 */
export const ERROR_TABLE: readonly ErrorRow[] = [
  { code: 1000, http: 401, action: 'log-in-again' },
  { code: 1001, http: 403, action: 'park' },
  { code: 1002, http: 500, action: 'find-out' },
  { code: 1003, http: 400, action: 'refused' },
  { code: 1004, http: 404, action: 'not-found' },
  { code: 1005, http: 500, action: 'find-out' },
  { code: 1006, http: 429, action: 'back-off' },
  { code: 1008, http: 401, action: 'park' },
  { code: 1009, http: 503, action: 'find-out' },
  { code: 1012, http: 400, action: 'park' },
  { code: 1014, http: 504, action: 'find-out' },
  { code: 1015, http: 503, action: 'find-out' },
  { code: 1101, http: 400, action: 'refused' },
  { code: 1102, http: 400, action: 'refused' },
  { code: 1103, http: 400, action: 'refused' },
  // Reads still work; the other way of 6.3 is taken.
  { code: 1400, http: 403, action: 'refused' },
  { code: 2000, http: 403, action: 'park' },
  { code: 2001, http: 403, action: 'refused' },
  { code: 2002, http: 403, action: 'refused' },
  { code: 2003, http: 403, action: 'park' },
  { code: 2004, http: 403, action: 'park' },
  { code: 2005, http: 403, action: 'refused' },
  { code: 2006, http: 403, action: 'refused' },
  { code: 2007, http: 403, action: 'refused' },
  { code: 2008, http: 403, action: 'refused' },
  { code: 2010, http: 400, action: 'refused' },
  { code: 2011, http: 400, action: 'refused' },
  { code: 2012, http: 400, action: 'find-out' },
  { code: 2020, http: 400, action: 'refused' },
  { code: 2021, http: 400, action: 'refused' },
  { code: 2030, http: 400, action: 'refused' },
  { code: 2032, http: 400, action: 'refused' },
  { code: 2040, http: 400, action: 'refused' },
  { code: 2041, http: 400, action: 'refused' },
  { code: 2042, http: 400, action: 'refused' },
  { code: 2050, http: 400, action: 'refused' },
  { code: 2051, http: 400, action: 'refused' },
  { code: 2060, http: 400, action: 'refused' },
  { code: 2061, http: 400, action: 'refused' },
  { code: 2062, http: 400, action: 'refused' },
  { code: 2063, http: 400, action: 'refused' },
  { code: 2064, http: 400, action: 'refused' },
  { code: 2065, http: 400, action: 'refused' },
  { code: 2066, http: 400, action: 'refused' },
  { code: 2067, http: 400, action: 'refused' },
  { code: 2070, http: 400, action: 'refused' },
  { code: 2080, http: 400, action: 'refused' },
  { code: 2081, http: 400, action: 'refused' },
  { code: 2082, http: 400, action: 'refused' },
  { code: 2083, http: 400, action: 'refused' },
  { code: 2084, http: 400, action: 'refused' },
  // 429, but no rate limit: orders must be cancelled first; waiting does not help.
  { code: 2090, http: 429, action: 'refused' },
  { code: 2091, http: 403, action: 'refused' },
  { code: 2110, http: 400, action: 'refused' },
  { code: 2111, http: 400, action: 'refused' },
  { code: 2112, http: 400, action: 'refused' },
  { code: 2113, http: 400, action: 'refused' },
  { code: 2114, http: 400, action: 'refused' },
  { code: 2115, http: 400, action: 'refused' },
  { code: 2116, http: 400, action: 'refused' },
  { code: 2117, http: 400, action: 'refused' },
  { code: 2233, http: 400, action: 'refused' },
  { code: 2234, http: 400, action: 'refused' },
  { code: 2235, http: 400, action: 'refused' },
  { code: 2236, http: 400, action: 'refused' },
  { code: 2237, http: 400, action: 'refused' },
  { code: 2242, http: 400, action: 'refused' },
  { code: 2300, http: 400, action: 'refused' },
  { code: 2301, http: 400, action: 'refused' },
  { code: 2400, http: 400, action: 'refused' },
  { code: 2401, http: 400, action: 'refused' },
  { code: 2402, http: 400, action: 'refused' },
  { code: 2413, http: 400, action: 'refused' },
  { code: 2450, http: 400, action: 'refused' },
  { code: 2451, http: 400, action: 'refused' },
  { code: 2452, http: 400, action: 'refused' },
  { code: 2453, http: 400, action: 'refused' },
  { code: 3000, http: 400, action: 'refused' },
  { code: 3004, http: 500, action: 'find-out' },
  { code: 3005, http: 500, action: 'find-out' },
  { code: 3006, http: 500, action: 'find-out' },
  { code: 3007, http: 400, action: 'refused' },
  { code: 3020, http: 400, action: 'refused' },
  { code: 3021, http: 400, action: 'refused' },
  { code: 3030, http: 400, action: 'refused' },
  { code: 3031, http: 400, action: 'refused' },
  { code: 6000, http: 400, action: 'refused' },
  { code: 7201, http: 400, action: 'refused' },
  { code: 7304, http: 400, action: 'refused' },
  { code: 7500, http: 400, action: 'refused' },
  { code: 7501, http: 400, action: 'refused' },
  { code: 7502, http: 400, action: 'refused' },
  { code: 7503, http: 400, action: 'refused' },
  { code: 7504, http: 400, action: 'refused' },
  { code: 7600, http: 400, action: 'refused' },
  { code: 7601, http: 400, action: 'refused' },
  { code: 7602, http: 400, action: 'refused' },
  { code: 7603, http: 400, action: 'refused' },
];

const ROW_BY_CODE = new Map(ERROR_TABLE.map((row) => [row.code, row]));

/** null: not in the table, so its meaning is unknown. */
export function errorRow(code: number): ErrorRow | null {
  return ROW_BY_CODE.get(code) ?? null;
}

/** Which call of which account failed. */
export interface CallSite {
  readonly call: string;
  readonly account: AccountName | null;
  readonly effect: CallEffect;
}

/** Why a call gave no usable answer. */
export type Trouble =
  /** An error body in GRVT's form, whatever the HTTP status. */
  | { readonly kind: 'error-body'; readonly status: number; readonly code: number; readonly message: string }
  /** An answer that is not JSON: HTML, empty, truncated. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly body: Reason }
  /** JSON with 2xx that is not this call's answer; the field is named. */
  | { readonly kind: 'malformed'; readonly why: Reason }
  /** A status other than 2xx with JSON that is no error body. */
  | { readonly kind: 'status'; readonly status: number }
  /** No answer. `sent`: whether anything may have reached the exchange. */
  | { readonly kind: 'no-answer'; readonly sent: boolean; readonly why: Reason };

/** Longest text of the exchange in a message: enough for its sentences, too short for a page of HTML. */
const MAX_FOREIGN_TEXT = 300;

/** A failed call to the exchange as an Error. Its message contains no secret. */
export class ExchangeError extends Error implements ExchangeFailure {
  readonly kind: FailureKind;
  readonly call: string;
  readonly account: AccountName | null;
  readonly code: number | null;
  readonly why: Reason;

  constructor(
    kind: FailureKind,
    site: { call: string; account: AccountName | null },
    code: number | null,
    why: Reason,
  ) {
    const whom = site.account === null ? '' : ` of account ${site.account}`;
    super(`${site.call}${whom}: ${reasonText(why)}`);
    this.name = 'ExchangeError';
    this.kind = kind;
    this.call = site.call;
    this.account = site.account;
    this.code = code;
    this.why = why;
  }
}

/**
 * The meaning of a failed call (strategy 9.6, 9.8, 9.9, 10.3, API 3). What is not in the table is an unknown outcome
 * for creates and cancels, and a failed read for reads. `unauthenticated`: log in again and repeat once; after that it
 * is final.
 */
export function classify(site: CallSite, trouble: Trouble, redact: Redact = asItIs): ExchangeError {
  const unclear: FailureKind = site.effect === 'read' ? 'unavailable' : 'unknown';
  const failure = (kind: FailureKind, code: number | null, why: Reason) =>
    new ExchangeError(kind, site, code, shownReason(why, redact));
  switch (trouble.kind) {
    case 'error-body': {
      const { code, status, message: words } = trouble;
      const row = errorRow(code);
      const check = settingsBehind(code, site);
      const why = reason('answered-with-code', '9.6', { code, words, status, check });
      return failure(kindOf(row, status, unclear), code, why);
    }
    case 'unreadable': {
      const { status, body } = trouble;
      return failure(kindOf(null, status, unclear), null, reason('answered-unreadably', '9.6', { status, body }));
    }
    case 'status': {
      const { status } = trouble;
      return failure(kindOf(null, status, unclear), null, reason('answered-with-status', '9.6', { status }));
    }
    case 'malformed':
      return failure(site.effect === 'read' ? 'malformed' : 'unknown', null, trouble.why);
    case 'no-answer':
      return failure(trouble.sent ? unclear : 'unavailable', null, trouble.why);
  }
}

/** A reason for display: foreign text without our secrets, shortened. */
export function shownReason(why: Reason, redact: Redact): Reason {
  return withTexts(why, (text) => foreign(text, redact));
}

/** Errors of the inputs of a signature. No other call validates them, so the first create shows them (API 9). */
const SIGNATURE_CODES: ReadonlySet<number> = new Set([1012, 2000, 2002]);

/** The settings that usually cause a refused signature; empty for other errors. */
function settingsBehind(code: number, { account, effect }: CallSite): readonly string[] {
  if (effect !== 'create' || account === null || !SIGNATURE_CODES.has(code)) return [];
  return ['GRVT_CHAIN_ID', `GRVT_TRADING_PRIVATE_KEY_${account === 'A' ? 1 : 2}`];
}

function kindOf(row: ErrorRow | null, status: number, unclear: FailureKind): FailureKind {
  // A server that answers 5xx may have passed the request on, whatever the body's code (strategy 9.6).
  if (status >= 500) return unclear;
  switch (row?.action) {
    case 'log-in-again':
      return 'unauthenticated';
    case 'park':
      return 'parked';
    case 'refused':
      return 'refused';
    case 'not-found':
      return 'not-found';
    case 'back-off':
      return 'rate-limited';
    case 'find-out':
      return unclear;
    case undefined:
      // Unknown code. Two statuses are clear without one: a proxy that answers 401 or 429 has not passed anything on.
      if (status === 401 && row === null) return 'unauthenticated';
      if (status === 429) return 'rate-limited';
      return unclear;
  }
}

/** The connection was never established: the request cannot have arrived. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_INVALID_URL',
  // The proxy opened no tunnel, so nothing was sent.
  'ERR_PROXY_TUNNEL',
]);

/**
 * What the HTTP client threw. `sent: false` only if a connection was provably never made (strategy 9.6: everything
 * ambiguous is an unknown outcome). The reason has the system's error code, but no header, body or URL.
 */
export function networkTrouble(thrown: unknown): Trouble {
  const codes = errorChain(thrown);
  const sent = !codes.some(({ code, syscall }) => NEVER_CONNECTED.has(code) || syscall === 'connect');
  const late = [thrown, thrown instanceof Error ? thrown.cause : null].find((one) => one instanceof NoAnswer);
  if (late !== undefined) {
    return { kind: 'no-answer', sent, why: reason('no-answer', '10.3', { seconds: late.seconds }) };
  }
  const code = codes.find((one) => one.code !== '')?.code ?? '';
  const words = thrown instanceof Error && thrown.message !== '' ? thrown.message : 'no answer';
  return { kind: 'no-answer', sent, why: reason('network', '10.3', { code, words }) };
}

/** A call was answered too late, or not at all. */
export class NoAnswer extends Error {
  readonly seconds: number;

  constructor(withinMs: number) {
    super(`no answer within ${withinMs / 1_000} s`);
    this.seconds = withinMs / 1_000;
  }
}

/** Longest chain of causes followed: axios wraps Node's error, which may hold one per address. */
const MAX_CAUSES = 8;

function errorChain(thrown: unknown): { code: string; syscall: string }[] {
  const found: { code: string; syscall: string }[] = [];
  let at: unknown = thrown;
  for (let depth = 0; depth < MAX_CAUSES && at !== null && typeof at === 'object'; depth += 1) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    const syscall = 'syscall' in at && typeof at.syscall === 'string' ? at.syscall : '';
    found.push({ code, syscall });
    if ('errors' in at && Array.isArray(at.errors)) {
      // One error per address: not connected only if all say so.
      const inner = at.errors.map((error) => errorChain(error).some(({ syscall }) => syscall === 'connect'));
      if (inner.length > 0 && inner.every(Boolean)) found.push({ code, syscall: 'connect' });
      break;
    }
    at = 'cause' in at ? at.cause : null;
  }
  return found;
}

/** How much of a foreign text is searched for secrets before it is shortened. */
const MAX_FOREIGN_READ = 16_384;

/** A foreign text for display: without our secrets, shortened. */
export function foreign(text: string, redact: Redact): string {
  const safe = redact(text.slice(0, MAX_FOREIGN_READ));
  return safe.length <= MAX_FOREIGN_TEXT ? safe : `${safe.slice(0, MAX_FOREIGN_TEXT)}…`;
}

/** For texts without secrets. */
export const asItIs: Redact = (text) => text;

/** Why a body is not JSON. */
export function whyNoJson(text: string): Reason {
  if (text.trim() === '') return reason('body-empty', '10.4');
  return reason(isPage(text) ? 'body-html' : 'body-not-json', '10.4', { characters: text.length });
}
