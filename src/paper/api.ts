import { CANDLE_MINUTES, candlesOf } from './candles.ts';
import { VenueError } from './errors.ts';
import { DEFAULT_DELAY_MS, DEFAULT_FOR_MS, type FaultKind, type Faults, withoutOneField } from './faults.ts';
import type { InstrumentSpec } from './instruments.ts';
import { NS, type PaperAccount, type PaperOrder } from './model.ts';
import { liteText, toFull } from './names.ts';
import { readOrder, readUint64 } from './order-request.ts';
import type { PaperTransfer } from './payments.ts';
import { type Charge, chargeOf, type RateLimits } from './rate-limits.ts';
import { accountIdOf, type Session, type Sessions } from './sessions.ts';
import type { AccountTerms } from './terms.ts';
import type { Venue } from './venue.ts';
import {
  acknowledgement,
  aggregateView,
  bookView,
  candleView,
  depositView,
  fillView,
  fundingView,
  instrumentView,
  type Json,
  miniView,
  orderView,
  paidRateView,
  positionsView,
  summaryView,
  tickerView,
  tradeView,
  transferView,
} from './views.ts';

/** One HTTP request, free of any transport. Header names in lower case. */
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
  /** How long the transport holds the answer back (a fault). */
  readonly delayMs: number;
  /** The transport breaks the connection instead of answering (a fault). */
  readonly broken: 'refused' | 'reset' | null;
}

/** Highest `time_to_live_ms` of a cancel, and what counts when none is given (API 5.4). */
const MAX_TTL_MS = 5_000;
const DEFAULT_TTL_MS = 100;
const DEPTHS = [10, 50, 100, 500];
const TRADE_LIMITS = [50, 200, 500, 1000];
const PAGE_DEFAULT = 500;
const PAGE_MAX = 1_000;
/** Of each kind in one bulk request (API 5.5). */
const BULK_MAX = 100;
/** Builders one owner may have let in; a client asks for its own only. */
const BUILDERS_KEPT = 100;
/** Paths remembered with what they name; a client asks for a dozen. */
const PATHS_KEPT = 200;
/** Answers remembered for the `stale` fault. */
const STALE_KEPT = 2_000;

/** What a path names. */
interface Address {
  /** Without query and slashes at its end. */
  readonly path: string;
  readonly route: string;
  /** null: none, or none there is. */
  readonly version: string | null;
  readonly lite: boolean;
}

interface Context {
  readonly body: Json;
  readonly session: Session | null;
  /** Only where the route needs one. */
  readonly account: PaperAccount;
}

interface Route {
  /** Structure of the request; null: it takes none. */
  readonly request: string | null;
  readonly response: string;
  readonly access: 'public' | 'session' | 'account';
  readonly serve: (context: Context) => Json;
}

export interface ApiParts {
  readonly venue: Venue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly rateLimits: RateLimits | null;
  readonly terms: AccountTerms;
  /** Chains a signature may be made for. */
  readonly chainIds: readonly number[];
}

function strings(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw new VenueError(1003);
  return value.length === 0 ? null : value.map(String);
}

/** Filters `kind`, `base`, `quote`; absent or empty: all (API 5.5). */
function filter(body: Json): (spec: InstrumentSpec) => boolean {
  const [kinds, bases, quotes] = [strings(body.kind), strings(body.base), strings(body.quote)];
  return (spec) =>
    (kinds === null || kinds.includes(spec.kind)) &&
    (bases === null || bases.includes(spec.base)) &&
    (quotes === null || quotes.includes(spec.quote));
}

/** Transfers and deposits are of the whole funding account of the session. */
function isOf(session: Session | null, body: Json): (row: PaperTransfer) => boolean {
  const [currencies, txId] = [strings(body.currency), body.tx_id];
  return (row) =>
    (row.from ?? row.to)!.owner === session!.credentials.owner &&
    (currencies === null || currencies.includes('USDT')) &&
    [undefined, null, '', row.txId].includes(txId as string);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new VenueError(1003);
  return value;
}

function time(value: unknown): bigint | null {
  if (value === undefined || value === null || value === '' || value === '0') return null;
  if (!/^\d{1,20}$/.test(String(value))) throw new VenueError(1003);
  return BigInt(String(value));
}

function limit(value: unknown): number {
  if (value === undefined || value === null || value === 0) return PAGE_DEFAULT;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 0) throw new VenueError(1003);
  return Math.min(count, PAGE_MAX);
}

/**
 * Newest first, one page. The cursor names the last item of the page before by its time, which no two share; so a page
 * is right even when items came in between.
 */
function page<T>(
  items: readonly T[],
  stamp: (item: T) => bigint,
  passes: (item: T) => boolean,
  body: Json,
): [T[], string] {
  const [from, to] = [time(body.start_time), time(body.end_time)];
  const cursor =
    typeof body.cursor === 'string' && body.cursor !== ''
      ? time(Buffer.from(body.cursor, 'base64url').toString())
      : null;
  const count = limit(body.limit);
  const found: T[] = [];
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index]!;
    const at = stamp(item);
    if ((cursor !== null && at >= cursor) || (to !== null && at > to) || !passes(item)) continue;
    if (from !== null && at < from) continue;
    if (found.length === count) {
      return [found, Buffer.from(stamp(found[count - 1]!).toString()).toString('base64url')];
    }
    found.push(item);
  }
  return [found, ''];
}

/** The exchange's HTTP interface as a function of request and time. */
export class Api {
  readonly #parts: ApiParts;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #addresses = new Map<string, Address>();
  readonly #stale = new Map<string, { atMs: number; answer: PaperAnswer }>();
  #requests = 0;
  #dateSecond = Number.NaN;
  #date = '';
  readonly #builders = new Map<string, Json[]>();
  readonly #byRoute = new Map<string, number>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#routes = this.#table();
  }

  /** Requests answered so far, by route. */
  requests(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byRoute);
  }

  /** Requests answered 429 because they were one too many; faults do not count. */
  get rateLimited(): number {
    return this.#parts.rateLimits?.refused ?? 0;
  }

  get requestCount(): number {
    return this.#requests;
  }

  /** Answers a request; `nowMs` is the time of its arrival. */
  handle(request: PaperRequest, nowMs: number): PaperAnswer {
    const { venue, faults, rateLimits } = this.#parts;
    venue.advance(nowMs);
    this.#requests += 1;
    const { path, route, version, lite } = this.#addressOf(request.path);
    const count = this.#byRoute.get(route) ?? 0;
    if (count > 0 || this.#byRoute.size < PATHS_KEPT) this.#byRoute.set(route, count + 1);
    let session = this.#parts.sessions.authenticate(request.headers, venue.clockMs);
    const names = session === null ? [] : [session.credentials.name, session.credentials.subAccountId];
    const strikes = (kind: FaultKind) => faults.strikes(kind, route, names);

    const broken = (kind: 'refused' | 'reset'): PaperAnswer => ({
      status: 0,
      headers: {},
      body: '',
      delayMs: 0,
      broken: kind,
    });
    if (strikes('refused') !== null) return broken('refused');
    if (strikes('reset-before') !== null) return broken('reset');
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
    return strikes('reset-after') !== null ? { ...broken('reset'), delayMs: answer.delayMs } : answer;
  }

  /** Who pays for a request, and what. A login is paid for by the account it names: two accounts do not hold up each other. */
  #bill(request: PaperRequest, route: string, lite: boolean, session: Session | null): { who: string; charge: Charge } {
    const payer = session?.credentials.subAccountId ?? 'public';
    const single = { creates: 1, cancels: 0 };
    try {
      if (route === 'auth/api_key/login') {
        const { api_key: key } = parseJson(request.body) as Json;
        return { who: this.#parts.sessions.accountOfKey(key) ?? payer, charge: chargeOf(route, single) };
      }
      const known = this.#routes.get(route);
      if (route !== 'bulk_orders' || known === undefined) return { who: payer, charge: chargeOf(route, single) };
      const { orders, order_i_ds, client_order_i_ds } = this.#read(request, known, lite);
      const count = (list: unknown) => (Array.isArray(list) ? list.length : 0);
      const bulk = { creates: count(orders), cancels: count(order_i_ds) + count(client_order_i_ds) };
      return { who: payer, charge: chargeOf(route, bulk) };
    } catch (error) {
      // It is refused for what is wrong with it, at the price of the smallest one.
      if (error instanceof VenueError) return { who: payer, charge: chargeOf(route, single) };
      throw error;
    }
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

  /** How much later than it was sent a request arrives (fault `late`). Asked by the transport before `handle`. */
  arrivalDelayMs(request: PaperRequest): number {
    const { faults, sessions, venue } = this.#parts;
    if (!faults.has('late')) return 0;
    const route = request.path
      .split('?')[0]!
      .replace(/^\/(full|lite)\/v[12]\//, '')
      .replace(/^\//, '');
    const session = sessions.authenticate(request.headers, venue.clockMs);
    const rule = faults.strikes(
      'late',
      route,
      session === null ? [] : [session.credentials.name, session.credentials.subAccountId],
    );
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
    // Whole seconds: printing a date for each of a burst of answers would cost more than routing them.
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
    // Without a JSON content type the venue reads no body at all (API 1).
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new VenueError(1003);
    const parsed = parseJson(request.body);
    const body = lite && route.request !== null ? toFull(route.request, parsed) : parsed;
    return body as Json;
  }

  /**
   * Answers a call given and answered under full names; `caller`: whose session it came with, null: nobody's.
   *
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
    // A public route never looks at its account.
    return known.serve({ body, session, account: account as PaperAccount });
  }

  /** Whether there is such a call, and the structures it takes and gives. */
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
    return {
      ...this.#answer(
        200,
        JSON.stringify({
          location: '',
          status: 'success',
          sub_account_id: session.credentials.subAccountId,
          // The same number under the name the Python SDK takes it from.
          trading_account_id: session.credentials.subAccountId,
          funding_account_address: session.credentials.owner,
        }),
      ),
      headers: {
        ...this.#headers(),
        'set-cookie': `gravity=${session.cookie}; Path=/; Expires=${expires}; HttpOnly; Secure; SameSite=None`,
        'x-grvt-account-id': accountIdOf(session.credentials),
      },
    };
  }

  #table(): ReadonlyMap<string, Route> {
    const { venue } = this.#parts;
    const route = (
      request: string | null,
      response: string,
      access: Route['access'],
      serve: Route['serve'],
    ): Route => ({ request, response, access, serve });
    return new Map<string, Route>([
      [
        'create_order',
        route('ApiCreateOrderRequest', 'ApiCreateOrderResponse', 'session', (context) => this.#create(context)),
      ],
      ['cancel_order', route('ApiCancelOrderRequest', 'AckResponse', 'account', (context) => this.#cancel(context))],
      [
        'cancel_all_orders',
        route('ApiCancelAllOrdersRequest', 'AckResponse', 'account', ({ account, body }) => {
          venue.cancelAll(account, filter(body));
          return { result: { ack: true } };
        }),
      ],
      [
        'cancel_on_disconnect',
        route('ApiCancelOnDisconnectRequest', 'AckResponse', 'account', (context) => this.#countdown(context)),
      ],
      [
        'bulk_orders',
        route('ApiBulkOrdersRequest', 'ApiBulkOrdersResponse', 'account', (context) => this.#bulk(context)),
      ],
      [
        'order',
        route('ApiGetOrderRequest', 'ApiGetOrderResponse', 'account', (context) => {
          const order = venue.find(context.account, this.#ids(context.body));
          if (order === null) throw new VenueError(1004);
          return { result: orderView(order) };
        }),
      ],
      [
        'open_orders',
        route('ApiOpenOrdersRequest', 'ApiOpenOrdersResponse', 'account', (context) => this.#openOrders(context)),
      ],
      [
        'order_history',
        route('ApiOrderHistoryRequest', 'ApiOrderHistoryResponse', 'account', ({ account, body }) => {
          const passes = filter(body);
          const visible = (order: PaperOrder): boolean =>
            !venue.isHidden(order) && passes(venue.book(order.instrument).spec);
          const [orders, next] = page(account.closed, (order) => order.updatedNs, visible, body);
          return { result: orders.map(orderView), next };
        }),
      ],
      [
        'fill_history',
        route('ApiFillHistoryRequest', 'ApiFillHistoryResponse', 'account', ({ account, body }) => {
          const passes = filter(body);
          const [fills, next] = page(
            account.fills,
            (fill) => fill.timeNs,
            (fill) => passes(venue.book(fill.order.instrument).spec),
            body,
          );
          return { result: fills.map(fillView), next };
        }),
      ],
      [
        'funding_payment_history',
        route('ApiFundingPaymentHistoryRequest', 'ApiFundingPaymentHistoryResponse', 'account', ({ account, body }) => {
          const passes = filter(body);
          const [found, next] = page(
            venue.fundingPayments,
            (row) => row.timeNs,
            (row) =>
              row.account === account &&
              [undefined, null, '', row.instrument].includes(body.instrument as string) &&
              passes(venue.book(row.instrument).spec),
            body,
          );
          return { result: found.map(fundingView), next };
        }),
      ],
      [
        'transfer_history',
        route('ApiTransferHistoryRequest', 'ApiTransferHistoryResponse', 'session', ({ session, body }) => {
          const [found, next] = page(venue.transfers, (row) => row.timeNs, isOf(session, body), body);
          return { result: found.map(transferView), next };
        }),
      ],
      [
        'deposit_history',
        route('ApiDepositHistoryRequest', 'ApiDepositHistoryResponse', 'session', ({ session, body }) => {
          const [found, next] = page(venue.deposits, (row) => row.timeNs, isOf(session, body), body);
          return { result: found.map(depositView), next };
        }),
      ],
      [
        'positions',
        route('ApiPositionsRequest', 'ApiPositionsResponse', 'account', ({ account, body }) => {
          const passes = filter(body);
          this.#spoilMark(account);
          const result = positionsView(venue, account, passes);
          for (const { spec } of account.holdings.values()) {
            if (passes(spec)) venue.shownMarks.answered(spec.name, account, venue.clockMs);
          }
          return { result };
        }),
      ],
      [
        'account_summary',
        route('ApiSubAccountSummaryRequest', 'ApiSubAccountSummaryResponse', 'account', ({ account }) => ({
          result: summaryView(venue, account),
        })),
      ],
      [
        'aggregated_account_summary',
        route(null, 'ApiAggregatedAccountSummaryResponse', 'session', ({ session }) => ({
          result: aggregateView(venue, session!.credentials.owner),
        })),
      ],
      [
        'get_all_initial_leverage',
        route('ApiGetAllInitialLeverageRequest', 'ApiGetAllInitialLeverageResponse', 'account', ({ account }) => ({
          results: [...venue.books()].map(({ spec }) => this.#parts.terms.row(account.subAccountId, spec.name)),
        })),
      ],
      [
        'margin_rules',
        route('ApiGetMarginRulesRequest', 'ApiGetMarginRulesResponse', 'public', ({ body }) =>
          this.#parts.terms.marginRules(venue.book(text(body.instrument)).spec),
        ),
      ],
      [
        'funding_account_summary',
        route(null, 'ApiFundingAccountSummaryResponse', 'session', ({ session }) =>
          this.#parts.terms.summary(session!.credentials.subAccountId, session!.credentials.owner),
        ),
      ],
      [
        'get_sub_accounts',
        route(null, 'ApiGetSubAccountsResponse', 'session', ({ session }) => ({
          sub_account_ids: [session!.credentials.subAccountId],
        })),
      ],
      [
        'get_authorized_builders',
        route(null, 'ApiGetAuthorizedBuildersResponse', 'session', ({ session }) => ({
          results: this.#builders.get(session!.credentials.owner) ?? [],
        })),
      ],
      [
        'authorize_builder',
        route('ApiAuthorizeBuilderRequest', 'ApiAuthorizeBuilderResponse', 'session', ({ session, body }) => {
          const { owner } = session!.credentials;
          const known = (this.#builders.get(owner) ?? []).filter(
            (row) => row.builder_account_id !== body.builder_account_id,
          );
          const row = {
            builder_account_id: text(body.builder_account_id),
            max_futures_fee_rate: String(body.max_futures_fee_rate),
            max_spot_fee_rate: String(body.max_spot_fee_rate),
          };
          this.#builders.set(owner, [...known, row].slice(-BUILDERS_KEPT));
          return { result: { ack: true, tx_id: '0' } };
        }),
      ],
      [
        'instrument',
        route('ApiGetInstrumentRequest', 'ApiGetInstrumentResponse', 'public', ({ body }) => ({
          result: instrumentView(venue.book(text(body.instrument)).spec),
        })),
      ],
      [
        'all_instruments',
        route('ApiGetAllInstrumentsRequest', 'ApiGetAllInstrumentsResponse', 'public', ({ body }) => ({
          result: [...venue.books()]
            .filter((book) => book.spec.active || body.is_active !== true)
            .map((book) => instrumentView(book.spec)),
        })),
      ],
      [
        'instruments',
        route('ApiGetFilteredInstrumentsRequest', 'ApiGetFilteredInstrumentsResponse', 'public', ({ body }) => {
          const passes = filter(body);
          const specs = [...venue.books()].map((book) => book.spec);
          return {
            result: specs
              .filter((spec) => passes(spec) && (spec.active || body.is_active !== true))
              .slice(0, limit(body.limit))
              .map(instrumentView),
          };
        }),
      ],
      [
        'book',
        route('ApiOrderbookLevelsRequest', 'ApiOrderbookLevelsResponse', 'public', ({ body }) => {
          const instrument = text(body.instrument);
          venue.book(instrument, 3000);
          if (!DEPTHS.includes(body.depth as number)) throw new VenueError(3031);
          return { result: bookView(venue, instrument, body.depth as number) };
        }),
      ],
      [
        'mini',
        route('ApiMiniTickerRequest', 'ApiMiniTickerResponse', 'public', ({ body }) => ({
          result: miniView(venue, venue.book(text(body.instrument))),
        })),
      ],
      [
        'ticker',
        route('ApiTickerRequest', 'ApiTickerResponse', 'public', ({ body }) => ({
          result: tickerView(venue, venue.book(text(body.instrument))),
        })),
      ],
      [
        'trade',
        route('ApiTradeRequest', 'ApiTradeResponse', 'public', ({ body }) => {
          const { trades } = venue.book(text(body.instrument));
          const count = body.limit === undefined ? PAGE_DEFAULT : Number(body.limit);
          if (!(count > 0 && count <= TRADE_LIMITS.at(-1)!)) throw new VenueError(1003);
          return { result: trades.slice(-count).reverse().map(tradeView) };
        }),
      ],
      [
        'trade_history',
        route('ApiTradeHistoryRequest', 'ApiTradeHistoryResponse', 'public', ({ body }) => {
          const { trades } = venue.book(text(body.instrument));
          const [found, next] = page(
            trades,
            (trade) => trade.timeNs,
            () => true,
            body,
          );
          return { result: found.map(tradeView), next };
        }),
      ],
      [
        'funding',
        route('ApiFundingRateRequest', 'ApiFundingRateResponse', 'public', ({ body }) => {
          const { name } = venue.book(text(body.instrument)).spec;
          const [found, next] = page(
            venue.paidRates,
            (paid) => paid.timeNs,
            ({ instrument }) => instrument === name,
            body,
          );
          return { result: found.map(paidRateView), next };
        }),
      ],
      [
        'kline',
        route('ApiCandlestickRequest', 'ApiCandlestickResponse', 'public', ({ body }) => {
          const { candles } = venue.book(text(body.instrument));
          const interval = text(body.interval);
          const minutes = Object.hasOwn(CANDLE_MINUTES, interval) ? CANDLE_MINUTES[interval]! : null;
          // Of trades only: marks and indices are not remembered.
          if (minutes === null || (body.type ?? 'TRADE') !== 'TRADE') throw new VenueError(1003);
          const [found, next] = page(
            candlesOf(candles, minutes),
            ({ openMs }) => BigInt(openMs) * NS,
            () => true,
            body,
          );
          return { result: found.map((candle) => candleView(text(body.instrument), candle, minutes)), next };
        }),
      ],
      [
        'currency',
        route(null, 'ApiGetCurrencyResponse', 'public', () => ({
          result: [
            { id: 3, symbol: 'USDT', balance_decimals: 6, quantity_multiplier: '1000000' },
            ...[...venue.books()].map(({ spec }) => ({
              id: Number.parseInt(spec.hash.slice(4, -2), 16),
              symbol: spec.base,
              balance_decimals: spec.baseDecimals,
              quantity_multiplier: (10n ** BigInt(Math.max(0, spec.baseDecimals))).toString(),
            })),
          ],
        })),
      ],
    ]);
  }

  #names(account: PaperAccount): readonly string[] {
    return [account.name, account.subAccountId];
  }

  #create({ body, session, account }: Context): Json {
    return { result: acknowledgement(this.#place(body.order, session!, account)) };
  }

  #place(raw: unknown, session: Session, account: PaperAccount): PaperOrder {
    const order = this.#parts.venue.create(account, readOrder(raw, session, this.#parts));
    if (
      order.status === 'PENDING' &&
      this.#parts.faults.strikes('post-only-refusal', 'create_order', this.#names(account))
    ) {
      order.forceRefusal = true;
    }
    return order;
  }

  /** @throws VenueError 3021 without either id. */
  #ids(body: Json): { orderId?: string; clientOrderId?: string } {
    if (typeof body.order_id === 'string' && body.order_id !== '') return { orderId: body.order_id };
    const clientOrderId = readUint64(body.client_order_id);
    if (clientOrderId !== null) return { clientOrderId };
    throw new VenueError([undefined, null, ''].includes(body.client_order_id as string) ? 3021 : 1003);
  }

  #ttl(value: unknown): number {
    if (value === undefined || value === null || value === '') return DEFAULT_TTL_MS;
    const ms = Number(value);
    if (!Number.isInteger(ms) || ms < 0) throw new VenueError(1003);
    if (ms > MAX_TTL_MS) throw new VenueError(2301);
    return Math.floor(ms / 100) * 100;
  }

  #cancel({ account, body }: Context): Json {
    const ids = this.#ids(body);
    const fillFirst = this.#parts.faults.strikes('fill-during-cancel', 'cancel_order', this.#names(account)) !== null;
    this.#parts.venue.cancel(account, ids, this.#ttl(body.time_to_live_ms), fillFirst);
    return { result: { ack: true } };
  }

  #countdown({ account, body }: Context): Json {
    const ms = Number(body.countdown_time ?? 0);
    if (!Number.isInteger(ms) || ms < 0) throw new VenueError(1003);
    if (ms > 300_000) throw new VenueError(6000);
    this.#parts.venue.countdown(account, ms <= 1_000 ? 0 : Math.floor(ms / 1_000) * 1_000);
    return { result: { ack: true } };
  }

  #openOrders({ account, body }: Context): Json {
    const { venue, faults } = this.#parts;
    const passes = filter(body);
    const open = [...account.active.values()].filter((order) => order.status === 'OPEN');
    if (open.length > 0 && faults.has('lost-order')) {
      const rule = faults.strikes('lost-order', 'open_orders', this.#names(account));
      if (rule !== null) {
        open[faults.random.next() % open.length]!.hiddenUntilMs = venue.nowMs + (rule.forMs ?? DEFAULT_FOR_MS);
      }
    }
    return {
      result: open
        .filter((order) => !venue.isHidden(order) && passes(venue.book(order.instrument).spec))
        .map(orderView),
    };
  }

  /** Fault `wrong-mark`: of an instrument that is held, to this account or to both, in one reading or for a while. */
  #spoilMark(account: PaperAccount): void {
    const { venue, faults } = this.#parts;
    if (!faults.has('wrong-mark')) return;
    const held = [...account.holdings.values()].filter(({ size }) => size !== 0n);
    const rule = held.length === 0 ? null : faults.strikes('wrong-mark', 'positions', this.#names(account));
    if (rule === null) return;
    const { name } = held[faults.random.next() % held.length]!.spec;
    const price = faults.random.chance(0.5) ? venue.mark(name) * 100n : venue.mark(name) / 100n;
    const untilMs = venue.clockMs + (rule.forMs ?? DEFAULT_FOR_MS);
    const left = faults.random.chance(0.5) ? 1 : Number.POSITIVE_INFINITY;
    const shown = { price, fromMs: venue.clockMs, untilMs, left };
    venue.shownMarks.set(name, faults.random.chance(0.5) ? account : null, shown);
  }

  #bulk({ account, body, session }: Context): Json {
    const { venue } = this.#parts;
    const orders = body.orders ?? [];
    const orderIds = strings(body.order_i_ds) ?? [];
    const clientIds = strings(body.client_order_i_ds) ?? [];
    if (!Array.isArray(orders)) throw new VenueError(1003);
    if (orderIds.length > 0 && clientIds.length > 0) throw new VenueError(2233);
    if (orders.length > BULK_MAX || orderIds.length + clientIds.length > BULK_MAX) throw new VenueError(2235);
    const instruments = new Set(
      orders.map((order) => (order as { legs?: { instrument?: string }[] })?.legs?.[0]?.instrument),
    );
    if (instruments.size > 1) throw new VenueError(2234);
    const ttl = this.#ttl(body.time_to_live_ms);
    const acks = [
      ...orderIds.map((orderId) => ({ orderId })),
      ...clientIds.map((clientOrderId) => ({ clientOrderId })),
    ];
    for (const ids of acks) venue.cancel(account, ids, ttl);
    // One bad order refuses itself, not the others: it comes back REJECTED.
    const placed = orders.map((raw) => acknowledgement(this.#place(raw, session!, account)));
    return { orders: placed, cancel_acks: acks.map(() => ({ ack: true })) };
  }
}

/**
 * A request body. `null` and nothing count as `{}` (API 10).
 *
 * @throws VenueError 1003 when it is not JSON or not an object.
 */
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
