import { accountRoutes } from './api-accounts.ts';
import { marketRoutes } from './api-markets.ts';
import { orderRoutes } from './api-orders.ts';
import type { ApiParts, Route } from './api-route.ts';
import { VenueError } from './errors.ts';
import { DEFAULT_DELAY_MS, DEFAULT_FOR_MS, type FaultKind, withoutOneField } from './faults.ts';
import type { PaperAccount } from './model.ts';
import { liteText, toFull } from './names.ts';
import { readUint64 } from './order-request.ts';
import { type BulkSize, type Charge, chargeOf, LOGIN_WEIGHT, OTHER_WEIGHT } from './rate-limits.ts';
import { accountIdOf, type Session } from './sessions.ts';
import type { Json } from './views.ts';

/** One HTTP request without transport. Header names in lower case. */
export interface PaperRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface PaperAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long the transport delays the answer (a fault). */
  readonly delayMs: number;
  /** The transport breaks the connection instead of answering (a fault). */
  readonly broken: 'refused' | 'reset' | null;
}

/** Parsed paths kept, and parsed bodies of reads; a client uses a dozen. */
const PATHS_KEPT = 200;
/** Longer bodies are orders and cancels, each sent once. */
const KEPT_BODY_CHARS = 40;
/** Answers kept for the `stale` fault. */
const STALE_KEPT = 2_000;

const LOGINS: ReadonlySet<string> = new Set(['auth/api_key/login', 'auth/wallet/login']);

/** The parts of a path. */
interface Address {
  /** Without query and trailing slashes. */
  readonly path: string;
  readonly route: string;
  /** null: none, or an unknown one. */
  readonly version: string | null;
  readonly lite: boolean;
}

/** The exchange's HTTP interface as a function of request and time. */
export class Api {
  readonly #parts: ApiParts;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #addresses = new Map<string, Address>();
  readonly #bodies = new Map<string, Json>();
  readonly #stale = new Map<string, { atMs: number; answer: PaperAnswer }>();
  #dateSecond = Number.NaN;
  #date = '';
  readonly #byRoute = new Map<string, number>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#routes = new Map(Object.entries({ ...orderRoutes(parts), ...accountRoutes(parts), ...marketRoutes(parts) }));
  }

  /** Requests answered so far, by route. */
  requests(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byRoute);
  }

  /** Requests answered 429 because they were over the limit; faults do not count. */
  get rateLimited(): number {
    return this.#parts.rateLimits?.refused ?? 0;
  }

  /** `nowMs`: time of arrival. */
  handle(request: PaperRequest, nowMs: number): PaperAnswer {
    const { venue, faults, rateLimits } = this.#parts;
    venue.advance(nowMs);
    const { path, route, version, lite } = this.#addressOf(request.path);
    const count = this.#byRoute.get(route) ?? 0;
    if (count > 0 || this.#byRoute.size < PATHS_KEPT) this.#byRoute.set(route, count + 1);
    let session = this.#parts.sessions.authenticate(request.headers, venue.clockMs);
    const names = namesOf(session);
    const strikes = (kind: FaultKind) => faults.strikes(kind, route, names);

    const unanswered = { status: 0, headers: {}, body: '', delayMs: 0 };
    if (strikes('refused') !== null) return { ...unanswered, broken: 'refused' };
    if (strikes('reset-before') !== null) return { ...unanswered, broken: 'reset' };
    if (strikes('unauthenticated') !== null && session !== null) {
      this.#parts.sessions.revoke(session.credentials.subAccountId);
      session = null;
    }
    if (strikes('rate-limited') !== null) return this.#refusal(1006, lite);
    if (strikes('server-error') !== null) return this.#refusal(1002, lite);
    if (strikes('unavailable') !== null) return this.#refusal(1009, lite);
    if (strikes('html') !== null) {
      const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';
      return { ...this.#answer(502, page), headers: { ...this.#headers(), 'content-type': 'text/html' } };
    }
    if (rateLimits !== null) {
      const { who, charge } = this.#bill(request, route, lite, session);
      if (!rateLimits.admit(charge, who, nowMs)) return this.#refusal(1006, lite);
    }

    const twice = strikes('duplicate') !== null;
    let answer = this.#serve(request, session, route, version, lite);
    if (twice) this.#serve(request, session, route, version, lite);

    if (strikes('server-error-after') !== null) answer = this.#refusal(1002, lite);
    if (faults.has('stale')) {
      const stale = strikes('stale');
      const staleKey = `${names[0] ?? ''} ${path} ${request.body}`;
      const oldMs = stale?.forMs ?? DEFAULT_FOR_MS;
      const old = this.#stale.get(staleKey);
      this.#remember(staleKey, answer, nowMs, oldMs);
      if (stale !== null && old !== undefined && nowMs - old.atMs <= oldMs) answer = old.answer;
    }
    if (answer.status === 200 && strikes('missing-field') !== null) {
      answer = { ...answer, body: withoutOneField(answer.body, faults.random) };
    }
    if (strikes('garbage') !== null) answer = { ...answer, body: answer.body.slice(0, answer.body.length >> 1) };
    if (strikes('empty') !== null) answer = { ...answer, status: 200, body: '' };
    if (strikes('null') !== null) answer = { ...answer, status: 200, body: 'null' };
    const slow = strikes('slow');
    if (slow !== null) answer = { ...answer, delayMs: slow.delayMs ?? DEFAULT_DELAY_MS };
    return strikes('reset-after') === null ? answer : { ...unanswered, delayMs: answer.delayMs, broken: 'reset' };
  }

  /**
   * The account charged for a request, and the charge. A login is charged to the account it names, so that two accounts
   * do not delay each other.
   */
  #bill(request: PaperRequest, route: string, lite: boolean, session: Session | null): { who: string; charge: Charge } {
    const payer = session?.credentials.subAccountId ?? 'public';
    const single = { creates: 1, cancels: 0 };
    try {
      if (route === 'auth/api_key/login') {
        const { api_key: key } = parseJson(request.body) as Json;
        return { who: this.#parts.sessions.accountOfKey(key) ?? payer, charge: this.chargeOf(route, single) };
      }
      const known = this.#routes.get(route);
      if (route !== 'bulk_orders' || known === undefined) return { who: payer, charge: this.chargeOf(route, single) };
      const { orders, order_i_ds, client_order_i_ds } = this.#read(request, known, lite);
      const count = (list: unknown) => (Array.isArray(list) ? list.length : 0);
      const bulk = { creates: count(orders), cancels: count(order_i_ds) + count(client_order_i_ds) };
      return { who: payer, charge: this.chargeOf(route, bulk) };
    } catch (error) {
      // Refused for its error, at the price of the smallest one.
      if (error instanceof VenueError) return { who: payer, charge: this.chargeOf(route, single) };
      throw error;
    }
  }

  /** A request's price (API 7). */
  chargeOf(route: string, bulk: BulkSize): Charge {
    return chargeOf(route, this.#routes.get(route)?.weight ?? (LOGINS.has(route) ? LOGIN_WEIGHT : OTHER_WEIGHT), bulk);
  }

  #addressOf(asked: string): Address {
    const known = this.#addresses.get(asked);
    if (known !== undefined) return known;
    const path = asked.split('?')[0]!.replace(/\/+$/, '');
    const [, names, version, route] = /^\/(full|lite)\/(v[12])\/([a-z_]+)$/.exec(path) ?? [];
    const address = { path, route: route ?? path.slice(1), version: version ?? null, lite: names === 'lite' };
    if (this.#addresses.size < PATHS_KEPT) this.#addresses.set(asked, address);
    return address;
  }

  /** Delay of a request's arrival (fault `late`), queried by the transport before `handle`. */
  arrivalDelayMs(request: PaperRequest): number {
    const { faults, sessions, venue } = this.#parts;
    if (!faults.has('late')) return 0;
    const route = request.path
      .split('?')[0]!
      .replace(/^\/(full|lite)\/v[12]\//, '')
      .replace(/^\//, '');
    const rule = faults.strikes('late', route, namesOf(sessions.authenticate(request.headers, venue.clockMs)));
    return rule === null ? 0 : (rule.delayMs ?? DEFAULT_DELAY_MS);
  }

  #remember(key: string, answer: PaperAnswer, nowMs: number, forMs: number): void {
    const known = this.#stale.get(key);
    if (answer.status !== 200 || (known !== undefined && nowMs - known.atMs < forMs)) return;
    this.#stale.delete(key);
    this.#stale.set(key, { atMs: nowMs, answer });
    if (this.#stale.size > STALE_KEPT) this.#stale.delete(this.#stale.keys().next().value!);
  }

  /** The HTTP date, from the exchange's clock. */
  #headers(): Record<string, string> {
    const second = Math.floor(this.#parts.venue.clockMs / 1_000);
    // Cached per second: formatting the date would cost more than routing.
    if (second !== this.#dateSecond) {
      this.#dateSecond = second;
      this.#date = new Date(second * 1_000).toUTCString();
    }
    return { 'content-type': 'application/json', date: this.#date };
  }

  #answer(status: number, body: string): PaperAnswer {
    return { status, headers: this.#headers(), body, delayMs: 0, broken: null };
  }

  #refusal(code: number, lite: boolean): PaperAnswer {
    const error = new VenueError(code);
    const body = { code, message: error.message, status: error.status };
    return this.#answer(error.status, lite ? liteText('FullError', body) : JSON.stringify(body));
  }

  #serve(
    request: PaperRequest,
    session: Session | null,
    route: string,
    version: string | null,
    lite: boolean,
  ): PaperAnswer {
    try {
      if (route.startsWith('auth/')) return this.#login(request, route);
      const known = this.#routes.get(route);
      const versionFits = version === null ? false : route === 'bulk_orders' || version === 'v1';
      if (known === undefined || !versionFits) return this.#answer(404, '404 page not found');
      if (request.method !== 'POST') return this.#answer(405, '');
      const result = this.call(route, this.#read(request, known, lite), session);
      return this.#answer(200, lite ? liteText(known.response, result) : JSON.stringify(result));
    } catch (error) {
      if (error instanceof VenueError) return this.#refusal(error.code, lite);
      throw error;
    }
  }

  #read(request: PaperRequest, route: Route, lite: boolean): Json {
    // Without a JSON content type the venue reads no body (API 1).
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new VenueError(1003);
    const key = request.body.length > KEPT_BODY_CHARS ? null : `${request.path} ${request.body}`;
    const known = key === null ? undefined : this.#bodies.get(key);
    if (known !== undefined) return known;
    const parsed = parseJson(request.body);
    const body = (lite && route.request !== null ? toFull(route.request, parsed) : parsed) as Json;
    if (key !== null && this.#bodies.size < PATHS_KEPT) this.#bodies.set(key, body);
    return body;
  }

  /**
   * Answers a call under full names; `caller`: the session, null: none.
   * @throws VenueError with the code of the refusal.
   */
  call(route: string, body: Json, caller: Session | null): Json {
    const known = this.#routes.get(route);
    if (known === undefined) throw new VenueError(1004);
    const { venue } = this.#parts;
    const session = known.access === 'public' ? null : caller;
    if (known.access !== 'public' && session === null) throw new VenueError(1000);
    let account: PaperAccount | null = session === null ? null : venue.account(session.credentials.subAccountId);
    if (known.access === 'account') {
      const id = readUint64(body.sub_account_id);
      if (id === null) throw new VenueError(1003);
      account = venue.account(id);
      if (account === null || id !== session!.credentials.subAccountId) throw new VenueError(1001);
    }
    // A public route does not use the account.
    return known.serve({ body, session, account: account as PaperAccount });
  }

  /** The request and response structures of a call. */
  structures(route: string): { request: string | null; response: string } | null {
    return this.#routes.get(route) ?? null;
  }

  #login(request: PaperRequest, route: string): PaperAnswer {
    const { sessions, venue } = this.#parts;
    if (request.method !== 'POST') return this.#answer(405, '');
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new VenueError(1003);
    const body = parseJson(request.body) as Json;
    let session: Session;
    if (route === 'auth/api_key/login') session = sessions.loginByKey(body.api_key, venue.clockMs);
    else if (route === 'auth/wallet/login') session = sessions.loginByWallet(body, venue.clockMs);
    else return this.#answer(404, '404 page not found');
    const expires = new Date(session.expiresMs).toUTCString();
    const { subAccountId, owner } = session.credentials;
    // The second one is the same number under the name that the Python SDK reads.
    const ids = { sub_account_id: subAccountId, trading_account_id: subAccountId, funding_account_address: owner };
    return {
      ...this.#answer(200, JSON.stringify({ location: '', status: 'success', ...ids })),
      headers: {
        ...this.#headers(),
        'set-cookie': `gravity=${session.cookie}; Path=/; Expires=${expires}; HttpOnly; Secure; SameSite=None`,
        'x-grvt-account-id': accountIdOf(session.credentials),
      },
    };
  }
}

/** All names of its account; none without a session. */
function namesOf(session: Session | null): readonly string[] {
  return session === null ? [] : [session.credentials.name, session.credentials.subAccountId];
}

/** `null` and an empty body count as `{}` (API 10). @throws VenueError 1003 if it is not JSON or not an object. */
function parseJson(body: string): unknown {
  let parsed: unknown;
  try {
    parsed = body === '' ? {} : JSON.parse(body);
  } catch {
    throw new VenueError(1003);
  }
  if (parsed === null) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new VenueError(1003);
  return parsed;
}
