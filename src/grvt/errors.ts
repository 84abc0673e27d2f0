import type { ExchangeFailure, FailureKind } from '../core/failure.ts';
import type { AccountName } from '../core/model.ts';
import type { Redact } from '../ports.ts';

/** What a call does to the world, which decides what its failure means (strategy 9.6, 10.3). */
export type CallEffect = 'read' | 'create' | 'cancel';

/**
 * What we do about an error code, unless the HTTP status says more:
 *
 * - `log-in-again`: one new login, then the request once more (strategy 9.8).
 * - `park`: this account must not go on (strategy 9.8).
 * - `refused`: it did not happen and would not happen unchanged; the call says so.
 * - `not-found`: the exchange knows no such thing at that moment; proves nothing alone (strategy 9.6).
 * - `back-off`: it did not happen; every request of that account waits (strategy 9.9).
 * - `find-out`: a read has failed; of a create or cancel nobody knows the outcome (strategy 9.6).
 */
export type ErrorAction = 'log-in-again' | 'park' | 'refused' | 'not-found' | 'back-off' | 'find-out';

export interface ErrorRow {
  readonly code: number;
  /** The HTTP status documented for it. */
  readonly http: number;
  readonly meaning: string;
  readonly action: ErrorAction;
}

/**
 * GRVT's error codes (API 3) and what we do about each: the one place that knows.
 *
 * Where the API page says "retry later" without 5xx (2080 to 2084), the symbol's rest after a refusal (strategy 9.5) is
 * that later. Codes with a 5xx status are `find-out`: strategy 9.6 counts every 5xx as an unknown outcome.
 */
export const ERROR_TABLE: readonly ErrorRow[] = [
  { code: 1000, http: 401, meaning: 'not authenticated', action: 'log-in-again' },
  { code: 1001, http: 403, meaning: 'not authorised for this', action: 'park' },
  { code: 1002, http: 500, meaning: 'internal server error', action: 'find-out' },
  { code: 1003, http: 400, meaning: 'malformed request', action: 'refused' },
  { code: 1004, http: 404, meaning: 'data not found', action: 'not-found' },
  { code: 1005, http: 500, meaning: 'unknown error', action: 'find-out' },
  { code: 1006, http: 429, meaning: 'rate limit of the tier passed', action: 'back-off' },
  { code: 1008, http: 401, meaning: 'IP address not whitelisted for this API key', action: 'park' },
  { code: 1009, http: 503, meaning: 'endpoint deactivated for now', action: 'find-out' },
  { code: 1012, http: 400, meaning: 'invalid signature chain id', action: 'park' },
  { code: 1014, http: 504, meaning: 'gateway of the exchange timed out', action: 'find-out' },
  { code: 1015, http: 503, meaning: 'exchange temporarily overloaded', action: 'find-out' },
  { code: 1101, http: 400, meaning: 'stream selector format', action: 'refused' },
  { code: 1102, http: 400, meaning: 'number of primary stream selectors', action: 'refused' },
  { code: 1103, http: 400, meaning: 'number of secondary stream selectors', action: 'refused' },
  // Its reads work; the other way of 6.3 is taken.
  { code: 1400, http: 403, meaning: 'signer lacks trade permission', action: 'refused' },
  { code: 2000, http: 403, meaning: 'unauthorised signer', action: 'park' },
  { code: 2001, http: 403, meaning: 'signature expired', action: 'refused' },
  { code: 2002, http: 403, meaning: 'signature does not match the payload', action: 'refused' },
  { code: 2003, http: 403, meaning: 'sub account of the order is not the session’s', action: 'park' },
  { code: 2004, http: 403, meaning: 'expired session key', action: 'park' },
  { code: 2005, http: 403, meaning: 'signature v must be 27 or 28', action: 'refused' },
  { code: 2006, http: 403, meaning: 'signature r and s must be exactly 64 hex characters', action: 'refused' },
  { code: 2007, http: 403, meaning: 'signature s must be in the lower half', action: 'refused' },
  { code: 2008, http: 403, meaning: 'signature lasts longer than allowed', action: 'refused' },
  { code: 2010, http: 400, meaning: 'order_id must be empty on create', action: 'refused' },
  { code: 2011, http: 400, meaning: 'client_order_id missing', action: 'refused' },
  { code: 2012, http: 400, meaning: 'client_order_id overlaps an active order', action: 'find-out' },
  { code: 2020, http: 400, meaning: 'market order with a limit price', action: 'refused' },
  { code: 2021, http: 400, meaning: 'limit order without a limit price', action: 'refused' },
  { code: 2030, http: 400, meaning: 'time in force not for the order book', action: 'refused' },
  { code: 2032, http: 400, meaning: 'post_only needs GOOD_TILL_TIME', action: 'refused' },
  { code: 2040, http: 400, meaning: 'order without a leg', action: 'refused' },
  { code: 2041, http: 400, meaning: 'legs not sorted', action: 'refused' },
  { code: 2042, http: 400, meaning: 'more than one leg on the book', action: 'refused' },
  { code: 2050, http: 400, meaning: 'state must be empty on create', action: 'refused' },
  { code: 2051, http: 400, meaning: 'execution metadata must be empty on create', action: 'refused' },
  { code: 2060, http: 400, meaning: 'inactive instrument', action: 'refused' },
  { code: 2061, http: 400, meaning: 'unsupported instrument', action: 'refused' },
  { code: 2062, http: 400, meaning: 'size below min_size', action: 'refused' },
  { code: 2063, http: 400, meaning: 'below block size', action: 'refused' },
  { code: 2064, http: 400, meaning: 'price not on tick', action: 'refused' },
  { code: 2065, http: 400, meaning: 'size too granular', action: 'refused' },
  { code: 2066, http: 400, meaning: 'below min notional', action: 'refused' },
  { code: 2067, http: 400, meaning: 'below min notional, reducing', action: 'refused' },
  { code: 2070, http: 400, meaning: 'liquidation order not supported', action: 'refused' },
  { code: 2080, http: 400, meaning: 'insufficient margin', action: 'refused' },
  { code: 2081, http: 400, meaning: 'would exceed the maximum position', action: 'refused' },
  { code: 2082, http: 400, meaning: 'pre-order check failed', action: 'refused' },
  { code: 2083, http: 400, meaning: 'would exceed the maximum position of the leverage tier', action: 'refused' },
  { code: 2084, http: 400, meaning: 'post-order check failed', action: 'refused' },
  // 429, but no rate limit: orders must be cancelled first, waiting does not help.
  { code: 2090, http: 429, meaning: 'too many open orders', action: 'refused' },
  { code: 2091, http: 403, meaning: 'account may only reduce its positions', action: 'refused' },
  { code: 2110, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2111, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2112, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2113, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2114, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2115, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2116, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2117, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2233, http: 400, meaning: 'bulk: both kinds of order id', action: 'refused' },
  { code: 2234, http: 400, meaning: 'bulk: mixed instruments', action: 'refused' },
  { code: 2235, http: 400, meaning: 'bulk: too many orders', action: 'refused' },
  { code: 2236, http: 400, meaning: 'bulk: trigger order in a batch', action: 'refused' },
  { code: 2237, http: 400, meaning: 'bulk: source other than API', action: 'refused' },
  { code: 2242, http: 400, meaning: 'trigger order problem', action: 'refused' },
  { code: 2300, http: 400, meaning: 'cancel time-to-live is disabled', action: 'refused' },
  { code: 2301, http: 400, meaning: 'cancel time-to-live above the maximum', action: 'refused' },
  { code: 2400, http: 400, meaning: 'reduce-only without a position', action: 'refused' },
  { code: 2401, http: 400, meaning: 'reduce-only would increase the position', action: 'refused' },
  { code: 2402, http: 400, meaning: 'reduce-only larger than the position', action: 'refused' },
  { code: 2413, http: 400, meaning: 'bulk: counts do not match', action: 'refused' },
  { code: 2450, http: 400, meaning: 'order refused by a risk limit', action: 'refused' },
  { code: 2451, http: 400, meaning: 'order refused by a risk limit', action: 'refused' },
  { code: 2452, http: 400, meaning: 'order refused by a risk limit', action: 'refused' },
  { code: 2453, http: 400, meaning: 'order refused by a risk limit', action: 'refused' },
  { code: 3000, http: 400, meaning: 'instrument is invalid', action: 'refused' },
  { code: 3004, http: 500, meaning: 'instrument lacks margin configuration', action: 'find-out' },
  { code: 3005, http: 500, meaning: 'currency lacks balance decimals', action: 'find-out' },
  { code: 3006, http: 500, meaning: 'instrument lacks decimal configuration', action: 'find-out' },
  { code: 3007, http: 400, meaning: 'not applicable to spot instruments', action: 'refused' },
  { code: 3020, http: 400, meaning: 'sub account id must be a uint64', action: 'refused' },
  { code: 3021, http: 400, meaning: 'order_id or client_order_id needed', action: 'refused' },
  { code: 3030, http: 400, meaning: 'feed rate invalid', action: 'refused' },
  { code: 3031, http: 400, meaning: 'book depth invalid', action: 'refused' },
  { code: 6000, http: 400, meaning: 'cancel-on-disconnect countdown above 300 s', action: 'refused' },
  { code: 7201, http: 400, meaning: 'limit price outside the price protection band', action: 'refused' },
  { code: 7304, http: 400, meaning: 'only reduce-only orders allowed in this asset now', action: 'refused' },
  { code: 7500, http: 400, meaning: 'builder fee or authorisation problem', action: 'refused' },
  { code: 7501, http: 400, meaning: 'builder fee or authorisation problem', action: 'refused' },
  { code: 7502, http: 400, meaning: 'builder fee or authorisation problem', action: 'refused' },
  { code: 7503, http: 400, meaning: 'builder fee or authorisation problem', action: 'refused' },
  { code: 7504, http: 400, meaning: 'builder fee or authorisation problem', action: 'refused' },
  { code: 7600, http: 400, meaning: 'order refused by a rule of the asset', action: 'refused' },
  { code: 7601, http: 400, meaning: 'order refused by a rule of the asset', action: 'refused' },
  { code: 7602, http: 400, meaning: 'order refused by a rule of the asset', action: 'refused' },
  { code: 7603, http: 400, meaning: 'order refused by a rule of the asset', action: 'refused' },
];

const ROW_BY_CODE = new Map(ERROR_TABLE.map((row) => [row.code, row]));

/** The row of a code; null: not in the table, so its meaning is unknown. */
export function errorRow(code: number): ErrorRow | null {
  return ROW_BY_CODE.get(code) ?? null;
}

/** Which call of which account failed, for the words of the failure. */
export interface CallSite {
  readonly call: string;
  readonly account: AccountName | null;
  readonly effect: CallEffect;
}

/** What came of a call that gave no usable answer. */
export type Trouble =
  /** An error body in GRVT's shape, whatever the HTTP status. */
  | { readonly kind: 'error-body'; readonly status: number; readonly code: number; readonly message: string }
  /** An answer that is not JSON: HTML, empty, truncated. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly reason: string }
  /** JSON in 2xx that is not what the call answers; the field is named. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** A status that is not 2xx with JSON that is no error body. */
  | { readonly kind: 'status'; readonly status: number }
  /** No answer at all. `sent`: whether anything may have reached the exchange. */
  | { readonly kind: 'no-answer'; readonly sent: boolean; readonly reason: string };

/** Longest text of the exchange kept in a message: enough for its sentences, too little for a page of HTML. */
const MAX_FOREIGN_TEXT = 300;

/** Why a call to the exchange gave no usable answer, as an Error. Its message names no secret. */
export class ExchangeError extends Error implements ExchangeFailure {
  readonly kind: FailureKind;
  readonly call: string;
  readonly account: AccountName | null;
  readonly code: number | null;
  /** The message without the call and the account. */
  readonly why: string;

  constructor(
    kind: FailureKind,
    site: { call: string; account: AccountName | null },
    code: number | null,
    why: string,
  ) {
    const whom = site.account === null ? '' : ` of account ${site.account}`;
    super(`${site.call}${whom}: ${why}`);
    this.name = 'ExchangeError';
    this.kind = kind;
    this.call = site.call;
    this.account = site.account;
    this.code = code;
    this.why = why;
  }
}

/**
 * Decides what a failed call means (strategy 9.6, 9.8, 9.9, 10.3, API 3).
 *
 * Whatever is not in the table is an unknown outcome for creates and cancels, and a failed read for reads.
 * `unauthenticated` here means: log in again and repeat once; only after that it is final.
 */
export function classify(site: CallSite, trouble: Trouble, redact: Redact = asItIs): ExchangeError {
  const unclear: FailureKind = site.effect === 'read' ? 'unavailable' : 'unknown';
  switch (trouble.kind) {
    case 'error-body': {
      const row = errorRow(trouble.code);
      const said = `${trouble.code} ${JSON.stringify(foreign(trouble.message, redact))} (HTTP ${trouble.status})`;
      const why = row === null ? said : `${row.meaning}${settingsBehind(trouble.code, site)}: ${said}`;
      return new ExchangeError(kindOf(row, trouble.status, unclear), site, trouble.code, why);
    }
    case 'unreadable':
      return new ExchangeError(
        kindOf(null, trouble.status, unclear),
        site,
        null,
        `HTTP ${trouble.status} with an unreadable body: ${foreign(trouble.reason, redact)}`,
      );
    case 'status':
      return new ExchangeError(kindOf(null, trouble.status, unclear), site, null, `HTTP ${trouble.status}`);
    case 'malformed':
      return new ExchangeError(
        site.effect === 'read' ? 'malformed' : 'unknown',
        site,
        null,
        foreign(trouble.reason, redact),
      );
    case 'no-answer':
      return new ExchangeError(trouble.sent ? unclear : 'unavailable', site, null, foreign(trouble.reason, redact));
  }
}

/**
 * What a signature is made with besides the order itself. No call that trades nothing tells whether it is right, so the first
 * create does (API 9).
 */
const SIGNATURE_CODES: ReadonlySet<number> = new Set([1012, 2000, 2002]);

/** Names the settings that are mostly behind a refused signature; empty for everything else. */
function settingsBehind(code: number, { account, effect }: CallSite): string {
  if (effect !== 'create' || account === null || !SIGNATURE_CODES.has(code)) return '';
  return ` (check GRVT_CHAIN_ID and GRVT_TRADING_PRIVATE_KEY_${account === 'A' ? 1 : 2})`;
}

function kindOf(row: ErrorRow | null, status: number, unclear: FailureKind): FailureKind {
  // Whoever answers with a 5xx may have passed the request on, whatever code the body carries (strategy 9.6).
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
      // No code we know. Two statuses are clear without one: a proxy's 401 and 429 never pass a request on.
      if (status === 401 && row === null) return 'unauthenticated';
      if (status === 429) return 'rate-limited';
      return unclear;
  }
}

/** Failures of a connection that was never established: the request cannot have reached anyone. */
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
  // The proxy opened no tunnel, so there was nobody to send to.
  'ERR_PROXY_TUNNEL',
]);

/**
 * Reads what the HTTP client threw: `sent: false` only where a connection was provably never made (strategy 9.6: anything
 * ambiguous is an unknown outcome). The reason carries the system's error code and no header, body or URL.
 */
export function networkTrouble(thrown: unknown): Trouble {
  const codes = errorChain(thrown);
  const sent = !codes.some(({ code, syscall }) => NEVER_CONNECTED.has(code) || syscall === 'connect');
  const named = codes.find(({ code }) => code !== '');
  const message = thrown instanceof Error && thrown.message !== '' ? thrown.message : 'no answer';
  return { kind: 'no-answer', sent, reason: named === undefined ? message : `${named.code}: ${message}` };
}

/** Longest chain of causes followed: axios wraps Node's error, which may hold one per address tried. */
const MAX_CAUSES = 8;

function errorChain(thrown: unknown): { code: string; syscall: string }[] {
  const found: { code: string; syscall: string }[] = [];
  let at: unknown = thrown;
  for (let depth = 0; depth < MAX_CAUSES && at !== null && typeof at === 'object'; depth += 1) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : '';
    const syscall = 'syscall' in at && typeof at.syscall === 'string' ? at.syscall : '';
    found.push({ code, syscall });
    if ('errors' in at && Array.isArray(at.errors)) {
      // One attempt per address: not connected only if none was.
      const inner = at.errors.map((error) => errorChain(error).some(({ syscall }) => syscall === 'connect'));
      if (inner.length > 0 && inner.every(Boolean)) found.push({ code, syscall: 'connect' });
      break;
    }
    at = 'cause' in at ? at.cause : null;
  }
  return found;
}

/** What is read of a text that others wrote: a secret in what is shown of it is whole in here. */
const MAX_FOREIGN_READ = 16_384;

/** A text that others wrote, as it may be shown: without our secrets, then shortened. */
export function foreign(text: string, redact: Redact): string {
  const safe = redact(text.slice(0, MAX_FOREIGN_READ));
  return safe.length <= MAX_FOREIGN_TEXT ? safe : `${safe.slice(0, MAX_FOREIGN_TEXT)}…`;
}

/** Where there is nothing to hide. */
export const asItIs: Redact = (text) => text;
