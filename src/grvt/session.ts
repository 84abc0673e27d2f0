import type { Fact } from '../core/facts.ts';
import type { AccountName } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { Clock, Redact } from '../ports.ts';
import type { Permit } from './budget.ts';
import { asItIs, type CallSite, classify, ExchangeError, networkTrouble, type Trouble, whyNoJson } from './errors.ts';
import type { ExchangeClock } from './exchange-clock.ts';
import { errorBody, isPage } from './wire.ts';

/** A session as requests carry it. Secret: never logged, never in an error. */
export interface SessionHeaders {
  readonly Cookie: string;
  readonly 'X-Grvt-Account-Id': string;
}

/** The part of fetch that is used: node-fetch's, Node's, or a test's. */
export type FetchLike = (
  url: string,
  init: {
    method: 'POST';
    headers: Record<string, string>;
    body: string;
    redirect: 'manual';
    /** Most bytes of the decompressed answer that are read. */
    size: number;
    signal: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: {
    get(name: string): string | null;
    raw?(): Record<string, string[]>;
    getSetCookie?(): string[];
  };
  text(): Promise<string>;
}>;

export interface SessionOptions {
  readonly account: AccountName;
  readonly edgeUrl: string;
  readonly apiKey: string;
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly exchangeClock: ExchangeClock;
  /** Permission to send a login (strategy 9.1). @throws ExchangeError */
  readonly admit: () => Promise<Permit>;
  /** One private read with these headers; rejects with an ExchangeError if it fails. */
  readonly prove: (headers: SessionHeaders) => Promise<void>;
  readonly report?: ((fact: Fact) => void) | undefined;
  /** Applied to foreign text before it is shown; learns each session. */
  readonly redact?: Redact | undefined;
}

/** The session of one account (strategy 9.8): one login at a time, whatever the number of waiting calls. */
export interface Session {
  /** Headers believed to be valid; logs in first if there are none. @throws ExchangeError */
  ready(): Promise<SessionHeaders>;
  /** The same without waiting; null: no session, or it has ended. */
  current(): SessionHeaders | null;
  /** The exchange rejected these headers: a new login, unless there was one since. @throws ExchangeError */
  renew(rejected: SessionHeaders): Promise<SessionHeaders>;
  /** A new login in any case. @throws ExchangeError */
  login(): Promise<SessionHeaders>;
  /** Another API key: used once it is logged in and proven; until then the previous one stays. @throws ExchangeError */
  rekey(apiKey: string): Promise<void>;
}

const LOGIN_TIMEOUT_MS = 5_000;
/** A login answer has a few hundred bytes; longer ones are not read. */
const MAX_LOGIN_BYTES = 64 * 1024;
/** Renewal starts this long before the end, or at a fifth of the lifetime, whichever is later. */
const RENEW_BEFORE_MS = 60_000;
const RENEW_SHARE = 0.2;
/** A session this close to its end is not used: a request and the clock's resolution must fit. */
const LAST_USE_MS = 2_000;
/** Pauses between failing logins, which are limited to about ten a minute (API 7). */
const FIRST_LOGIN_PAUSE_MS = 1_000;
const MAX_LOGIN_PAUSE_MS = 30_000;

interface Live {
  readonly headers: SessionHeaders;
  /** By the exchange's clock; null: the cookie has no expiry, so only a 401 shows the end. */
  readonly expiresMs: number | null;
  readonly renewAtMs: number | null;
}

export function createSession(options: SessionOptions): Session {
  const { account, clock, exchangeClock, admit, prove, report, redact = asItIs } = options;
  const site: CallSite = { call: 'login', account, effect: 'read' };
  /** Proven by a private read. */
  let live: Live | null = null;
  /** Logged in but not proven yet: a failing proof does not cost another login. */
  let candidate: Live | null = null;
  let renewal: Promise<SessionHeaders> | null = null;
  let { apiKey } = options;
  let failedInARow = 0;
  let lastFailure: { error: ExchangeError; retryAtMs: number } | null = null;

  function usable(session: Live | null): session is Live {
    return (
      session !== null && (session.expiresMs === null || exchangeClock.nowMs() < session.expiresMs - lastUse(session))
    );
  }

  function renewOnce(): Promise<SessionHeaders> {
    renewal ??= obtain().finally(() => {
      renewal = null;
    });
    return renewal;
  }

  async function obtain(): Promise<SessionHeaders> {
    if (lastFailure !== null && clock.nowMs() < lastFailure.retryAtMs) throw lastFailure.error;
    try {
      if (!usable(candidate)) candidate = await logIn();
      const proving = candidate;
      try {
        await prove(proving.headers);
      } catch (error) {
        // Only a refusal by the exchange condemns the session; other failures are retried.
        if (error instanceof ExchangeError && (error.kind === 'unauthenticated' || error.kind === 'parked')) {
          candidate = null;
        }
        throw error;
      }
      live = proving;
      candidate = null;
      failedInARow = 0;
      lastFailure = null;
      const untilMs =
        proving.expiresMs === null ? Number.MAX_SAFE_INTEGER : proving.expiresMs - (exchangeClock.skewMs() ?? 0);
      report?.({ type: 'session.renewed', atMs: clock.nowMs(), account, untilMs });
      return proving.headers;
    } catch (thrown) {
      const error = thrown instanceof ExchangeError ? thrown : classify(site, networkTrouble(thrown), redact);
      // While a login waits for its proof the next try costs no login: its pause does not grow.
      if (candidate !== null) failedInARow = 0;
      const pauseMs = Math.min(FIRST_LOGIN_PAUSE_MS * 2 ** failedInARow, MAX_LOGIN_PAUSE_MS);
      failedInARow = Math.min(failedInARow + 1, 16);
      lastFailure = { error, retryAtMs: clock.nowMs() + pauseMs };
      throw error;
    }
  }

  async function logIn(): Promise<Live> {
    const permit = await admit();
    const answer = await send().catch((error: unknown) => {
      permit.done();
      throw error;
    });
    const { status } = answer;
    const body = parsed(answer.text);
    const code = errorCode(body);
    if (answer.status === 429) permit.limited();
    else permit.done();
    if (code !== null) {
      const error = classify(site, { kind: 'error-body', status: answer.status, ...code }, redact);
      // With this status a code proves the refusal, but not its reason.
      throw answer.status === 403 ? new ExchangeError(error.kind, site, error.code, refusedFor(error.why)) : error;
    }
    if (answer.status < 200 || answer.status > 299) {
      if (answer.status === 429 || answer.status >= 500)
        throw classify(site, { kind: 'status', status: answer.status });
      if (answer.status < 400) throw notALogin(reason('answered-with-redirect', '9.8', { status }));
      // A web page is not the exchange's answer but a challenge, portal or proxy, and says nothing about the key. Only
      // 401 without a page is a server's own refusal.
      if (body === undefined && (answer.status !== 401 || isPage(answer.text))) {
        throw notALogin(reason('answered-unreadably', '9.8', { status, body: whyNoJson(answer.text) }));
      }
      throw new ExchangeError(
        'unauthenticated',
        site,
        null,
        refusedFor(reason('answered-with-status', '9.8', { status })),
      );
    }
    const cookie = answer.cookies.map(readCookie).find((found) => found !== null);
    if (cookie === undefined) {
      // A rejected key shows in the status or the body (API 2); otherwise the key is not the cause.
      if (saysNo(body)) {
        throw new ExchangeError('unauthenticated', site, null, reason('key-not-accepted', '9.8', { status }));
      }
      const page = isPage(answer.text) ? whyNoJson(answer.text) : null;
      throw notALogin(reason('without-cookie', '9.8', { status, body: page }));
    }
    if (answer.accountId === null || answer.accountId === '') {
      throw notALogin(reason('without-account-id', '9.8', { status }));
    }
    const nowMs = exchangeClock.nowMs();
    const expiresMs = cookie.expiresMs ?? (cookie.maxAgeMs === null ? null : nowMs + cookie.maxAgeMs);
    if (expiresMs !== null && expiresMs <= nowMs) {
      throw notALogin(reason('cookie-ended', '9.8'));
    }
    redact.learn?.(cookie.value);
    return {
      headers: { Cookie: `gravity=${cookie.value}`, 'X-Grvt-Account-Id': answer.accountId },
      expiresMs,
      renewAtMs: expiresMs === null ? null : expiresMs - Math.min(RENEW_BEFORE_MS, (expiresMs - nowMs) * RENEW_SHARE),
    };
  }

  /** Not an answer to a login: says nothing about the key, so it is retried (strategy 13.2). */
  function notALogin(answer: Reason): ExchangeError {
    return new ExchangeError('unavailable', site, null, reason('not-a-login', '13.2', { answer }));
  }

  /** Possible causes of a refused login (API 2): the exchange does not distinguish them. */
  function refusedFor(answer: Reason): Reason {
    return reason('login-refused', '9.8', { answer, key: `GRVT_TRADING_API_KEY_${account === 'A' ? 1 : 2}` });
  }

  async function send(): Promise<{ status: number; text: string; cookies: string[]; accountId: string | null }> {
    const deadline = new AbortController();
    const sentAtMs = clock.nowMs();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const seconds = LOGIN_TIMEOUT_MS / 1_000;
        reject(new ExchangeError('unavailable', site, null, reason('no-answer', '10.3', { seconds })));
        deadline.abort();
      }, LOGIN_TIMEOUT_MS);
    });
    const request = async () => {
      const answer = await options.fetch(`${options.edgeUrl.replace(/\/+$/, '')}/auth/api_key/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Cookie: 'rm=true;' },
        body: JSON.stringify({ api_key: apiKey }),
        // Following a redirect would send the key to another host.
        redirect: 'manual',
        size: MAX_LOGIN_BYTES,
        signal: deadline.signal,
      });
      const text = await answer.text();
      exchangeClock.observe(sentAtMs, clock.nowMs(), answer.headers.get('date'));
      return {
        status: answer.status,
        text,
        cookies: setCookies(answer.headers),
        accountId: answer.headers.get('x-grvt-account-id'),
      };
    };
    try {
      return await Promise.race([request(), late]);
    } catch (thrown) {
      if (thrown instanceof ExchangeError) throw thrown;
      throw classify(site, hideUrl(networkTrouble(thrown)), redact);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ready() {
      if (!usable(live)) return renewOnce();
      const due = live.renewAtMs !== null && exchangeClock.nowMs() >= live.renewAtMs;
      // Still valid: nobody waits for the renewal. If it fails it is retried, and awaited once the session has ended.
      const paused = lastFailure !== null && clock.nowMs() < lastFailure.retryAtMs;
      if (due && !paused && renewal === null) {
        const { headers } = live;
        renewOnce().catch((failure: ExchangeError) => {
          report?.({ type: 'login.failed', atMs: clock.nowMs(), account, failure, inARow: failedInARow });
        });
        return headers;
      }
      return live.headers;
    },
    current: () => (usable(live) ? live.headers : null),
    async renew(rejected) {
      if (live !== null && live.headers !== rejected && usable(live)) return live.headers;
      if (live?.headers === rejected) live = null;
      return renewOnce();
    },
    async login() {
      lastFailure = null;
      return renewOnce();
    },
    async rekey(key) {
      // A login in progress uses the previous key.
      await renewal?.catch(() => undefined);
      const previous = apiKey;
      const begin = (next: string) => {
        apiKey = next;
        candidate = null;
        lastFailure = null;
      };
      begin(key);
      try {
        await renewOnce();
      } catch (thrown) {
        begin(previous);
        throw thrown;
      }
    },
  };
}

/** How long before its end a session is no longer used; short ones are used for half their life. */
function lastUse(session: Live): number {
  if (session.expiresMs === null || session.renewAtMs === null) return 0;
  return Math.min(LAST_USE_MS, (session.expiresMs - session.renewAtMs) / 2);
}

/** The session cookie of a Set-Cookie header, and its end; null: another cookie. */
function readCookie(header: string): { value: string; expiresMs: number | null; maxAgeMs: number | null } | null {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
  const value = /^gravity=(.+)$/.exec(pair)?.[1];
  if (value === undefined) return null;
  let expiresMs: number | null = null;
  let maxAgeMs: number | null = null;
  for (const attribute of attributes) {
    const [name = '', text = ''] = attribute.split(/=(.*)/s);
    // Parsed as GMT whatever our zone; old servers use hyphens (API 12.23).
    const atMs = /^expires$/i.test(name) ? Date.parse(text.replace(/(\d)-([A-Za-z]{3})-(\d)/, '$1 $2 $3')) : Number.NaN;
    if (!Number.isNaN(atMs)) expiresMs = atMs;
    if (/^max-age$/i.test(name) && /^\d{1,10}$/.test(text)) maxAgeMs = Number(text) * 1_000;
  }
  return { value, expiresMs, maxAgeMs };
}

function setCookies(headers: {
  get(name: string): string | null;
  raw?(): Record<string, string[]>;
  getSetCookie?(): string[];
}): string[] {
  if (headers.getSetCookie !== undefined) return headers.getSetCookie();
  if (headers.raw !== undefined) return headers.raw()['set-cookie'] ?? [];
  // Joined by commas; the comma inside `Expires=Thu, 01 …` is not followed by a name.
  return headers.get('set-cookie')?.split(/,(?=\s*[^;,\s=]+=)/) ?? [];
}

/** A login's body; undefined: not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** GRVT's error code in a login's body, full or lite; null: none. */
function errorCode(body: unknown): { code: number; message: string } | null {
  if (body === null || typeof body !== 'object') return null;
  const lite = body as Record<string, unknown>;
  const read = errorBody.safeParse({ code: lite.code ?? lite.c, message: lite.message ?? lite.m });
  if (read.success) return { code: read.data.code, message: read.data.message ?? '' };
  return null;
}

/** The login's body states that it failed (API 2). */
function saysNo(body: unknown): boolean {
  const said = body !== null && typeof body === 'object' && 'status' in body ? body.status : undefined;
  return typeof said === 'string' && said !== 'success';
}

/** fetch puts the URL into its messages; a key in a query would be secret. */
function hideUrl(trouble: Trouble): Trouble {
  if (trouble.kind !== 'no-answer' || trouble.why.code !== 'network') return trouble;
  const { code, words } = trouble.why.params;
  const hidden = words.replace(/https?:\/\/\S+/g, 'the edge host');
  return { ...trouble, why: reason('network', '10.3', { code, words: hidden }) };
}
