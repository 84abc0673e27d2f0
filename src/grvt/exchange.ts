import { MDG, TDG } from '@grvt/client';
import nodeFetch from 'node-fetch';
import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import {
  ACCOUNTS,
  type AccountFill,
  type AccountName,
  type AccountSummary,
  type Book,
  type ExchangeOrder,
  type FundingTerms,
  type Instrument,
  type InstrumentTerms,
  type ListedOrder,
  type MarginRules,
  type Position,
  type Rows,
} from '../core/model.ts';
import type { BalanceRow, PaymentRow } from '../core/money.ts';
import { isOwnOrder } from '../core/order-id.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { WireEvent } from '../core/wire-event.ts';
import type { Admission, Exchange, OrderDraft, Redact, SignedOrder } from '../ports.ts';
import { reasonText } from '../texts/reasons.ts';
import {
  carryReads,
  errorOf,
  exchangeOnce,
  type PollRead,
  pollRead,
  type RawAnswer,
  REQUEST_TIMEOUT_MS,
  withoutUnmapped,
} from './answers.ts';
import { type BookClock, createBooks } from './books.ts';
import {
  type Asked,
  type Bucket,
  type BucketName,
  createBucket,
  NotAdmitted,
  OVERDUE_MS,
  type Permit,
} from './budget.ts';
import {
  balanceSpec,
  bookSpec,
  type CallNames,
  type CallSpec,
  FILLS_PAGE_ROWS,
  fillsSpec,
  fundingSpec,
  HISTORY_PAGE_ROWS,
  historySpec,
  instrumentsSpec,
  leverageSpec,
  marginRulesSpec,
  miniSpec,
  openOrdersSpec,
  orderSpec,
  PAYMENTS_PAGE_ROWS,
  type PaymentTime,
  paymentsSpec,
  positionsSpec,
  READ_UNITS,
  type ReadSpec,
  summarySpec,
} from './calls.ts';
import { asItIs, classify, ExchangeError, foreign, networkTrouble, shownReason, type Trouble } from './errors.ts';
import { createExchangeClock } from './exchange-clock.ts';
import { type Agents, NotSent, openAgents, openHttp, type Post } from './http.ts';
import { createLookUps, type LookUps } from './look-ups.ts';
import { cancelCall, countdownCall, createCall } from './orders.ts';
import {
  newestOrders,
  parseBook,
  parseFillHistory,
  parseFundingTerms,
  parseIndexPrice,
  parseInstruments,
  parseInstrumentTerms,
  parseMarginRules,
  parseOpenOrders,
  parseOrder,
  parseOrderHistory,
  parsePositions,
  parseSummary,
  type RowScope,
  readAs,
  UnusableAnswer,
} from './parse.ts';
import { type PaymentList, parseBalance, parsePayments } from './payments.ts';
import { createSession, type FetchLike, type Session, type SessionHeaders } from './session.ts';
import { createOrderSigner, type OrderSigner, type SignableInstrument, SignatureError } from './sign.ts';
import { ackAnswer, bulkAnswer } from './wire.ts';

/** Origins of the three services (API 1), e.g. `https://trades.grvt.io`. */
export interface GrvtHosts {
  readonly edge: string;
  readonly trades: string;
  readonly marketData: string;
}

export interface GrvtKeys {
  readonly apiKey: string;
  readonly privateKey: string;
  readonly subAccountId: string;
}

/** Levels of what is said of REST calls: ERROR no usable answer, WARNING refusals, INFO logins, DEBUG every call. */
export type SdkLogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
const LOG_RANK: Readonly<Record<string, number>> = {
  DEBUG: 0,
  INFO: 1,
  WARN: 2,
  WARNING: 2,
  ERROR: 3,
  CRITICAL: 4,
  OFF: 5,
};

export interface GrvtOptions {
  readonly hosts: GrvtHosts;
  readonly chainId: number;
  readonly accounts: Readonly<Record<AccountName, GrvtKeys>>;
  /** Levels of the books read: 10, 50, 100 or 500. */
  readonly bookDepth: number;
  /** `RATE_SCALE`: multiplies the budget, for other tiers (strategy 9.1). */
  readonly rateScale: number;
  readonly clock: BookClock;
  /** What is said through `log`; default ERROR. Unknown words count as ERROR. */
  readonly sdkLogLevel?: string;
  readonly log?: (level: SdkLogLevel, message: string) => void;
  /** Hears every trading and market data request and answer (strategy 15). */
  readonly onWire?: (event: WireEvent) => void;
  readonly report?: (fact: Fact) => void;
  /** What the exchange writes passes it before anybody sees it; learns each session. */
  readonly redact?: Redact;
  /** Names of the instruments that are traded, in any case: other rows that cannot be read are skipped. Absent: all are (10.4). */
  readonly instruments?: readonly string[];
  /** Carries the REST calls instead of sockets: virtual time. */
  readonly post?: Post;
  /** Carries the logins; default node-fetch. */
  readonly fetch?: FetchLike;
  /** The proxy an address is reached through; absent or null: directly (strategy 2.1). */
  readonly proxyFor?: (url: string) => string | null;
  /** Why an order may not be cancelled from here (strategy 18.2); absent: any may be. */
  readonly whyNotCancel?: (clientOrderId: string) => Reason | null;
}

export interface GrvtExchange extends Exchange {
  /** A new login, proven by a private read (strategy 9.8). @throws ExchangeError */
  login(account: AccountName): Promise<void>;
  /** Leverage and margin type of every instrument (strategy 11.7); no rule needs it. @throws ExchangeError */
  instrumentTerms(account: AccountName): Promise<readonly InstrumentTerms[]>;
  /** Largest position and risk brackets of an instrument (strategy 11.7); no rule needs them. @throws ExchangeError */
  marginRules(instrument: string): Promise<MarginRules>;
  /** Funding account and fee tier (strategy 11.7); no rule needs them. @throws ExchangeError */
  fundingTerms(account: AccountName): Promise<FundingTerms>;
  /**
   * What a list has of the account (strategy 17): every row of that time, page after page; rows that cannot be read are
   * skipped. No rule needs them. @throws ExchangeError, also when there are more pages than are read
   */
  payments(list: PaymentList, account: AccountName, time: PaymentTime): Promise<readonly PaymentRow[]>;
  /** Equity, cash and margins (strategy 17.3); no rule needs them. @throws ExchangeError */
  balance(account: AccountName): Promise<BalanceRow>;
  /** The account's session, for the streams' handshakes. */
  session(account: AccountName): Session;
  /** Other keys of the account: they count once they are logged in and proven, else the former ones stay. @throws ExchangeError, SignatureError */
  rekey(account: AccountName, keys: Pick<GrvtKeys, 'apiKey' | 'privateKey'>): Promise<void>;
  /** This instrument is run from now on (strategy 16.3): its rows are needed, and are not skipped when they cannot be read. */
  takeUp(instrument: string): void;
  /** A stream tells that a cancel of that id was dropped as a duplicate (strategy 9.12). */
  voidFence(clientOrderId: string): void;
  /** A book that its stream brought (strategy 7.4). */
  takeBook(book: Book): void;
  /** Numbers what crosses the wire: the streams share it, so that every message has an id of its own. */
  readonly wire: WireTap;
  /** How each part of the budget stands (strategy 9.1). */
  budget(): readonly BudgetState[];
  /** Ends idle connections and refuses whatever waits. */
  close(): void;
}

/** Observes the wire on behalf of all adapters. */
export interface WireTap {
  nextId(): number;
  /** Never throws: what the observer makes of an event must not decide the fate of a call. */
  tell(event: WireEvent): void;
}

/** One part of the budget (strategy 9.1). */
export interface BudgetState {
  /** null: market data. */
  readonly account: AccountName | null;
  readonly bucket: BucketName;
  /** Requests that wait for it. */
  readonly waiting: number;
  /** Units that can be spent now, and within a second from rest. */
  readonly left: number;
  readonly limit: number;
}

/** Largest answer read: a history page of 500 orders or 600 open orders is about 1 MB; ten times that is a defect. */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;
/** Sockets per host and account: the budget times the time-out, so that slow answers do not queue requests unseen. */
const MAX_SOCKETS = 64;
/** Pages read of fills: newest first, so that what a longer history lacks is what is least likely to explain anything. */
const FILLS_MAX_PAGES = 20;
/** Pages read of one history: 20,000 orders. A history that goes on is an error, never a shortened answer. */
const HISTORY_MAX_PAGES = 40;

/** Pages read of payments: half an hour of the read budget. A list that goes on is an error, never a shortened answer. */
const PAYMENTS_MAX_PAGES = 10_000;

/** Skipped rows that are reported, each once: a list that is odd throughout must not fill the log, nor the memory. */
const MAX_SKIPPED_REPORTED = 1_000;
/** What a create and a cancel ask of their buckets; whose turn and which need is known to the caller. */
const CREATE = { call: 'createOrder', bucket: 'creates', asked: { need: 'repair', units: 5 } } as const;
const CANCEL = { call: 'cancelOrder', bucket: 'cancels', asked: { need: 'cancel', units: 5 } } as const;
/** The dead-man timer, in the bucket of reads. With a lesser need it could wait for ever behind them. */
const COUNTDOWN = { asked: { need: 'overdue-reading', units: 100 } } as const;
/** A login belongs to nothing that could overtake it: without it no read leaves. */
const LOGIN = { call: 'login', bucket: 'reads', asked: { need: 'overdue-reading', units: 100 } } as const;

/** Leave for a create that is neither used nor given back after this: who had it is no more. A book and a journal take less. */
const ADMISSION_MS = 30_000;

/** How long a cancel waits for its create when it says nothing of it (API 5.4). */
const DEFAULT_TTL_MS = 100;
/** Past that, for clocks that do not run alike (strategy 9.12). */
const OVERLAP_MARGIN_MS = 500;
/** Cancels in one call at most (API 5.5). */
const BULK_MAX = 100;

/** A cancel that leaves together with others. */
interface WaitingCancel {
  readonly clientOrderId: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a private call may come with. */
interface CallOptions {
  /** Asked at the last moment: why it must not leave any more; null: it may. */
  readonly whyNot?: (() => Reason | null) | undefined;
  /** Leave that was asked for before; absent or null: it is asked for here. */
  readonly permit?: Permit | null;
}

/** What fails before the request could leave costs nothing of the leave it was given. */
async function unlessUnused<T>(permit: Permit | null, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (thrown) {
    permit?.unused();
    throw thrown;
  }
}

/** One REST host with its client for reads, connections and budget. */
interface Channel<Client> {
  readonly client: Client;
  readonly post: Post;
  readonly buckets: Readonly<Partial<Record<BucketName, Bucket>>>;
}

interface PrivateChannel extends Channel<TDG> {
  readonly buckets: Readonly<Record<'reads' | 'creates' | 'cancels', Bucket>>;
  readonly lookUps: LookUps;
  /** When the last whole reading that was answered had left, our clock; null: none was. */
  readonly readAtMs: { value: number | null };
  readonly keys: GrvtKeys;
  readonly session: Session;
  signer: OrderSigner;
  /** The three reads of every poll (strategy 10.1). */
  readonly polls: {
    readonly positions: PollRead<Position[]>;
    readonly openOrders: PollRead<ListedOrder[]>;
    readonly summary: PollRead<AccountSummary>;
  };
}

/** An answer under full names, and the wire id of its request. */
interface Received {
  readonly body: unknown;
  readonly id: number;
}

/**
 * GRVT over REST (strategy 9.1, 9.8, 9.9, 10.4): the `Exchange` port through `@grvt/client`, one client, one session and
 * one budget per account, one client and one budget for market data.
 *
 * @throws SignatureError when a private key is not one.
 */
export function createGrvtExchange(options: GrvtOptions): GrvtExchange {
  const { clock, hosts, onWire, redact = asItIs } = options;
  const exchangeClock = createExchangeClock(clock);
  /** Ends connections. */
  const closing: (() => void)[] = [];
  let closed = false;
  /** What signatures need, by instrument name: the last `instruments()` answer. */
  let signable: Record<string, SignableInstrument> = {};
  let wireId = 0;
  const wire: WireTap = { nextId: () => ++wireId, tell };
  const traded =
    options.instruments === undefined ? null : new Set(options.instruments.map((name) => name.toLowerCase()));
  const isTraded = (instrument: string) => traded === null || traded.has(instrument.toLowerCase());
  const books = createBooks({ clock, read: readBook, isTraded });
  const skipped = new Set<string>();

  /** Cancels that wait for their leave, by what they share (strategy 9.12). */
  const cancels = new Map<string, WaitingCancel[]>();
  /** Ids with a cancel that is not over, for some seconds each: resolved when it is. */
  const overlaps = new Map<string, Promise<void>>();
  /** Fences that were dropped, until the next one of that id. */
  const voidFences = new Set<string>();
  /** Leave that was given for creates which have not been handed over yet. */
  const permits = new WeakMap<Admission, () => Permit>();
  /** The tap hears; what it makes of it must not decide the fate of a call. */
  function tell(event: WireEvent): void {
    try {
      onWire?.(event);
    } catch (thrown) {
      log('ERROR', `the wire tap failed: ${errorText(thrown)}`);
    }
  }

  const marketData: Channel<MDG> = {
    ...connect(new MDG({ host: hosts.marketData }), hosts.marketData),
    buckets: { 'market data': bucketOf(null, 'market data') },
  };
  const channels = { A: privateChannel('A'), B: privateChannel('B') } satisfies Record<AccountName, PrivateChannel>;

  function bucketOf(account: AccountName | null, bucket: BucketName): Bucket {
    return createBucket({
      account,
      bucket,
      scale: options.rateScale,
      tell: (event) => {
        if (!closed) options.report?.({ ...event, atMs: clock.nowMs() });
      },
    });
  }

  /** The client, whose reads go straight over connections that creates and cancels share. */
  function connect<Client extends TDG | MDG>(client: Client, url: string): { client: Client; post: Post } {
    const post = options.post ?? open(url);
    carryReads(client, url, post);
    return { client, post };
  }

  function open(url: string): Post {
    const limits = { connections: MAX_SOCKETS, maxAnswerBytes: MAX_ANSWER_BYTES };
    const http = openHttp(new URL(url).origin, { proxy: options.proxyFor?.(url) ?? null, ...limits });
    closing.push(http.close);
    return http.post;
  }

  function privateChannel(account: AccountName): PrivateChannel {
    const keys = options.accounts[account];
    const connected = connect(new TDG({ host: hosts.trades }), hosts.trades);
    // A login comes once an hour or so: by then a kept connection is gone.
    const edge = openAgents(options.proxyFor?.(hosts.edge) ?? null, {
      timeoutMs: REQUEST_TIMEOUT_MS,
      keepAlive: false,
    });
    closing.push(() => {
      for (const agent of [edge.httpAgent, edge.httpsAgent]) agent.destroy();
    });
    const buckets = {
      reads: bucketOf(account, 'reads'),
      creates: bucketOf(account, 'creates'),
      cancels: bucketOf(account, 'cancels'),
    };
    const session = createSession({
      account,
      edgeUrl: hosts.edge,
      apiKey: keys.apiKey,
      fetch: options.fetch ?? fetchThrough(edge),
      clock,
      exchangeClock,
      admit: async () => {
        const permit = await admit({ buckets }, account, LOGIN);
        // Nobody says to whom the exchange counts a login: what follows on the market data leaves room for it.
        marketData.buckets['market data']?.count(LOGIN.asked.units);
        return permit;
      },
      prove: async (headers) => {
        const spec = summarySpec(keys);
        const permit = await admit({ buckets }, account, spec);
        parsed(account, spec, await send({ ...connected, buckets }, account, spec, headers, permit), (answer) =>
          parseSummary(answer, keys.subAccountId),
        );
      },
      report: (fact) => {
        if (fact.type === 'session.renewed') log('INFO', `session of account ${account} renewed`);
        options.report?.(fact);
      },
      redact,
    });
    const signer = createOrderSigner({ ...keys, chainId: options.chainId });
    const id = keys.subAccountId;
    const polls = {
      positions: pollRead(positionsSpec(keys), (answer) => parsePositions(answer, id, scopeOf('positions', account))),
      openOrders: pollRead(openOrdersSpec(keys), (answer) =>
        parseOpenOrders(answer, id, scopeOf('openOrders', account)),
      ),
      summary: pollRead(summarySpec(keys), (answer) => parseSummary(answer, id)),
    };
    const lookUps = createLookUps({
      admit: async () => {
        const spec = orderSpec(keys, '');
        await sessionFor(spec, () => session.ready());
        return admit({ buckets }, account, spec);
      },
      order: (clientOrderId, permit) => readOrder(account, clientOrderId, permit),
      openOrders: async (permit) =>
        (await readRows(account, polls.openOrders, openOrdersSpec(keys).asked, permit)).filter(isOwnOrder),
      orderHistory: (sinceMs, wanted) => readHistory(account, sinceMs, wanted),
      nowMs: () => clock.nowMs(),
      skewMs: () => exchangeClock.skewMs() ?? 0,
    });
    return { ...connected, buckets, keys, session, signer, polls, lookUps, readAtMs: { value: null } };
  }

  function scopeOf(call: string, account: AccountName | null): RowScope {
    return {
      isTraded,
      onSkip: (row) => {
        const [name, why] = [foreign(row.name, redact), shownReason(row.why, redact)];
        const key = `${call} ${account} ${name}`;
        if (skipped.has(key) || skipped.size >= MAX_SKIPPED_REPORTED) return;
        skipped.add(key);
        const isLast = skipped.size === MAX_SKIPPED_REPORTED;
        options.report?.({ type: 'row.skipped', atMs: clock.nowMs(), account, call, name, why, isLast });
      },
    };
  }

  /**
   * A private call: session, budget, request, and once more after a new login where the exchange said 1000 (9.8).
   *
   * @param given leave that was asked for before; absent: it is asked for here
   */
  async function callPrivate(
    account: AccountName,
    spec: CallSpec<TDG>,
    { whyNot = () => null, permit: given = null }: CallOptions,
  ): Promise<Received> {
    const channel = channels[account];
    const beforeBytes = (): void => {
      const why = whyNot();
      if (why !== null) throw new NotSent(why);
    };
    const mayLeave = (permit: Permit): Permit => {
      const why = whyNot();
      if (why === null) return permit;
      permit.unused();
      throw new ExchangeError('unavailable', { call: spec.call, account }, null, reason('never-left', '9.5', { why }));
    };
    let headers = await unlessUnused(given, () => sessionFor(spec, () => channel.session.ready()));
    const permit = given ?? (await admit(channel, account, spec));
    // While this waited for the budget another call may have renewed the session.
    headers = channel.session.current() ?? headers;
    try {
      return await send(channel, account, spec, headers, mayLeave(permit), beforeBytes);
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.kind !== 'unauthenticated') throw error;
      const rejected = headers;
      headers = await sessionFor(spec, () => channel.session.renew(rejected));
      return await send(channel, account, spec, headers, mayLeave(await admit(channel, account, spec)), beforeBytes);
    }
  }

  async function callPublic(spec: ReadSpec<MDG>): Promise<Received> {
    return send(marketData, null, spec, null, await admit(marketData, null, spec));
  }

  /** A call that found no session never left: it fails with the login's failure, under its own name. */
  async function sessionFor(
    spec: { readonly call: string },
    get: () => Promise<SessionHeaders>,
  ): Promise<SessionHeaders> {
    try {
      return await get();
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError)) throw thrown;
      throw new ExchangeError(
        thrown.kind,
        { call: spec.call, account: thrown.account },
        thrown.code,
        reason('no-session', '9.8', { login: thrown.why }),
      );
    }
  }

  /** Leave to send one request (strategy 9.1). @throws ExchangeError */
  async function admit(
    { buckets }: Pick<Channel<unknown>, 'buckets'>,
    account: AccountName | null,
    { call, bucket, asked }: CallNames,
  ): Promise<Permit> {
    const asks = buckets[bucket];
    if (asks === undefined) throw new Error(`${call} has no budget: ${bucket}`);
    try {
      return await asks.take(asked);
    } catch (thrown) {
      if (!(thrown instanceof NotAdmitted)) throw thrown;
      throw new ExchangeError('unavailable', { call, account }, null, thrown.why);
    }
  }

  /** Sends one request and reads its answer under full names. @throws ExchangeError */
  async function send<Client>(
    channel: Channel<Client>,
    account: AccountName | null,
    spec: CallSpec<Client>,
    headers: SessionHeaders | null,
    permit: Permit,
    beforeBytes?: () => void,
  ): Promise<Received> {
    const site = { call: spec.call, account, effect: spec.effect };
    const { route } = spec;
    const id = wire.nextId();
    const sentAtMs = clock.nowMs();
    // Nothing stands between the bytes of an order and the wire (strategy 9.11): what is heard of them comes after.
    const exchanging = exchangeOnce(channel, spec, headers, beforeBytes);
    if (onWire !== undefined) {
      const request = 'body' in spec ? JSON.parse(spec.body) : spec.request;
      tell({ kind: 'sent', id, atMs: sentAtMs, account, route, request });
    }

    const fail = (trouble: Trouble): ExchangeError => {
      const error = classify(site, trouble, redact);
      // A session that ended is renewed and the call repeated: trouble only where that fails, and then it is said there.
      const expected = error.kind === 'refused' || error.kind === 'not-found' || error.kind === 'unauthenticated';
      log(expected || spec.isOptional ? 'WARNING' : 'ERROR', `${error.kind} ${error.message}`);
      return error;
    };
    let exchanged: { raw: RawAnswer; mapped: unknown };
    try {
      exchanged = await exchanging;
    } catch (thrown) {
      permit.done();
      if (thrown instanceof NotSent) {
        const why = reason('never-left', '18.2', { why: thrown.why });
        tell({ kind: 'failed', id, atMs: clock.nowMs(), account, route, reason: reasonText(why), neverLeft: true });
        throw new ExchangeError('unavailable', { call: spec.call, account }, null, why);
      }
      const trouble = networkTrouble(thrown);
      tell({ kind: 'failed', id, atMs: clock.nowMs(), account, route, reason: foreign(reasonOf(trouble), redact) });
      throw fail(trouble);
    }
    const { raw, mapped } = exchanged;
    const receivedAtMs = clock.nowMs();
    log(
      'DEBUG',
      `${spec.call}${account === null ? '' : ` of account ${account}`}: HTTP ${raw.status} in ${receivedAtMs - sentAtMs} ms`,
    );
    if (raw.unreadable !== null) {
      const trouble: Trouble = { kind: 'unreadable', status: raw.status, body: raw.unreadable };
      tell({
        kind: 'failed',
        id,
        atMs: receivedAtMs,
        account,
        route,
        reason: `HTTP ${raw.status}: ${reasonText(raw.unreadable)}`,
      });
      if (raw.status === 429) permit.limited();
      else permit.done();
      throw fail(trouble);
    }
    // Market data may be served by another machine with another clock; expiries are judged by the trading one.
    if (account !== null) exchangeClock.hear(sentAtMs, receivedAtMs, raw.date);
    const refusal = errorOf(raw);
    const body = refusal ?? mapped;
    if (onWire !== undefined) {
      tell({
        kind: 'answered',
        id,
        atMs: receivedAtMs,
        account,
        route,
        status: raw.status,
        body: (spec.repeats?.tellable ?? withoutUnmapped)(body),
      });
    }
    if (refusal === null && raw.status >= 200 && raw.status <= 299) {
      permit.done();
      return { body, id };
    }
    const error = fail(
      refusal === null
        ? { kind: 'status', status: raw.status }
        : { kind: 'error-body', status: raw.status, code: refusal.code, message: refusal.message },
    );
    if (error.kind === 'rate-limited') permit.limited();
    else permit.done();
    throw error;
  }

  /** Refuses an answer whose fields are missing or impossible (strategy 10.4). */
  function parsed<T>(
    account: AccountName | null,
    spec: Pick<CallSpec<unknown>, 'call' | 'effect' | 'isOptional'>,
    { body, id }: Received,
    parse: (answer: unknown, from: number) => T,
  ): T {
    try {
      return parse(body, id);
    } catch (thrown) {
      if (!(thrown instanceof UnusableAnswer)) throw thrown;
      const error = classify(
        { call: spec.call, account, effect: spec.effect },
        { kind: 'malformed', why: thrown.why },
        redact,
      );
      log(spec.isOptional ? 'WARNING' : 'ERROR', `${error.kind} ${error.message}`);
      throw error;
    }
  }

  /** A private call and its answer as a value. Everything it rejects with is an ExchangeError. */
  async function readPrivate<T>(
    account: AccountName,
    spec: CallSpec<TDG>,
    parse: (answer: unknown, from: number) => T,
    options: CallOptions = {},
  ): Promise<T> {
    try {
      return parsed(account, spec, await callPrivate(account, spec, options), parse);
    } catch (thrown) {
      if (thrown instanceof ExchangeError) throw thrown;
      // A defect of ours or of the client, perhaps after the request left: of a create nobody knows the outcome (9.6).
      const error = classify({ call: spec.call, account, effect: spec.effect }, networkTrouble(thrown), redact);
      log('ERROR', `${error.kind} ${error.message}`);
      throw error;
    }
  }

  function readPoll<T>(account: AccountName, { spec, parse }: PollRead<T>): Promise<T> {
    return readPrivate(account, spec, parse);
  }

  /** The same rows again are the same values; which answer they came in is said beside them. */
  function readRows<T>(
    account: AccountName,
    { spec, parse }: PollRead<T[]>,
    asked = spec.asked,
    permit: Permit | null = null,
  ): Promise<Rows<T>> {
    const read = (answer: unknown, from: number) =>
      Object.defineProperty([...parse(answer)], 'from', { value: from }) as Rows<T>;
    return readPrivate(account, { ...spec, asked }, read, { permit });
  }

  /** What a whole reading asks of the budget: more urgently once the last one is 6 s old (strategy 9.1). */
  function readingAsked(account: AccountName): Asked {
    const { value } = channels[account].readAtMs;
    // Our clock may have been set back since: then how old it is is not known.
    const ageMs = value === null ? OVERDUE_MS : Math.max(0, clock.nowMs() - value);
    const asked = { need: 'reading', units: READ_UNITS } as const;
    return ageMs >= OVERDUE_MS ? { ...asked, need: 'overdue-reading' } : { ...asked, overdueInMs: OVERDUE_MS - ageMs };
  }

  async function readPositions(account: AccountName): Promise<Rows<Position>> {
    const channel = channels[account];
    const askedAtMs = clock.nowMs();
    const rows = await readRows(account, channel.polls.positions, readingAsked(account));
    channel.readAtMs.value = askedAtMs;
    return rows;
  }

  const logFrom = LOG_RANK[options.sdkLogLevel ?? 'ERROR'] ?? LOG_RANK.ERROR!;
  function log(level: SdkLogLevel, message: string): void {
    // Reads that our own close cut off are no trouble of the exchange.
    if (closed) return;
    if (LOG_RANK[level]! >= logFrom) options.log?.(level, message);
  }

  const idOf = (account: AccountName) => channels[account].keys.subAccountId;
  const allBuckets = (): Bucket[] =>
    [marketData, ...ACCOUNTS.map((account) => channels[account])].flatMap(({ buckets }) => Object.values(buckets));

  async function readBook(instrument: string): Promise<Book> {
    const spec = bookSpec(instrument, options.bookDepth);
    return parsed(null, spec, await callPublic(spec), (answer) => parseBook(answer, instrument));
  }

  async function readOrder(
    account: AccountName,
    clientOrderId: string,
    permit: Permit | null = null,
  ): Promise<ExchangeOrder | null> {
    const spec = orderSpec(channels[account].keys, clientOrderId);
    const read = (answer: unknown, from: number) => ({ ...parseOrder(answer, idOf(account), clientOrderId), from });
    try {
      return await readPrivate(account, spec, read, { permit });
    } catch (error) {
      if (error instanceof ExchangeError && error.kind === 'not-found') return null;
      throw error;
    }
  }

  async function cancelOne(
    account: AccountName,
    clientOrderId: string,
    timeToLiveMs: number | undefined,
    permit: Permit | null = null,
  ): Promise<void> {
    noteCancel(clientOrderId, timeToLiveMs);
    const spec = { ...CANCEL, ...cancelCall(idOf(account), [clientOrderId], timeToLiveMs) };
    await readPrivate(account, spec, (answer) => readAs(ackAnswer, answer), { permit });
  }

  /** Until when another cancel of that id would overlap this one: by a timer, whatever our clock is set to. */
  function noteCancel(clientOrderId: string, timeToLiveMs = DEFAULT_TTL_MS): void {
    const over = new Promise<void>((resolve) => {
      setTimeout(() => {
        if (overlaps.get(clientOrderId) === over) overlaps.delete(clientOrderId);
        resolve();
      }, timeToLiveMs + OVERLAP_MARGIN_MS).unref();
    });
    overlaps.set(clientOrderId, over);
  }

  /**
   * Cancels of one account and instrument: those that come while the first one waits for session and budget leave with it
   * (strategy 9.12). Where the exchange does not take them together, they are asked for one by one.
   */
  async function cancelTogether(
    account: AccountName,
    instrument: string,
    timeToLiveMs: number | undefined,
    group: readonly WaitingCancel[],
    close: () => void,
  ): Promise<void> {
    try {
      await sessionFor(CANCEL, () => channels[account].session.ready());
      const asked = { ...CANCEL.asked, turn: instrument };
      const permit = await admit(channels[account], account, { ...CANCEL, asked });
      close();
      const [first] = group;
      if (first === undefined || group.length > 1) {
        const ids = group.map(({ clientOrderId }) => clientOrderId);
        for (const id of ids) noteCancel(id, timeToLiveMs);
        const spec = { ...CANCEL, ...cancelCall(idOf(account), ids, timeToLiveMs) };
        await readPrivate(account, spec, (answer) => readAs(bulkAnswer, answer), { permit });
      } else await cancelOne(account, first.clientOrderId, timeToLiveMs, permit);
      for (const { resolve } of group) resolve();
    } catch (thrown) {
      close();
      const isRefused = thrown instanceof ExchangeError && ['refused', 'not-found'].includes(thrown.kind);
      for (const { clientOrderId, resolve, reject } of group) {
        if (isRefused && group.length > 1) cancelOne(account, clientOrderId, timeToLiveMs).then(resolve, reject);
        else reject(thrown);
      }
    }
  }

  async function readHistory(
    account: AccountName,
    sinceMs: number,
    wanted?: ReadonlySet<string>,
  ): Promise<readonly ExchangeOrder[]> {
    const missing = new Set(wanted);
    const found: ExchangeOrder[] = [];
    const seen = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < HISTORY_MAX_PAGES; page += 1) {
      const spec: CallSpec<TDG> = historySpec(channels[account].keys, sinceMs, cursor);
      const read = await readPrivate(account, spec, (answer, from) => {
        const page = parseOrderHistory(answer, idOf(account), HISTORY_PAGE_ROWS);
        return { ...page, orders: page.orders.map((order) => ({ ...order, from })) };
      });
      found.push(...read.orders);
      for (const { clientOrderId } of read.orders) missing.delete(clientOrderId);
      const isEnough = wanted !== undefined && (missing.size === 0 || page + 1 >= wanted.size);
      if (read.next === null || isEnough) return newestOrders(found);
      if (seen.has(read.next)) {
        throw new ExchangeError('malformed', { call: spec.call, account }, null, reason('page-repeated', '10.4'));
      }
      seen.add(read.next);
      cursor = read.next;
    }
    const why = reason('too-many-pages', '9.6', { pages: HISTORY_MAX_PAGES });
    throw new ExchangeError('unavailable', { call: 'orderHistory', account }, null, why);
  }

  return {
    wire,
    takeUp: (instrument) => void traded?.add(instrument.toLowerCase()),
    exchangeNowMs: () => exchangeClock.nowMs(),
    clockSkewMs: () => exchangeClock.skewMs(),

    async instruments(): Promise<readonly Instrument[]> {
      const spec = instrumentsSpec();
      const read = (answer: unknown) => parseInstruments(answer, scopeOf(spec.call, null));
      const found = parsed(null, spec, await callPublic(spec), read);
      signable = Object.fromEntries(
        found.map(({ name, hash, baseDecimals }) => [name, { instrument_hash: hash, base_decimals: baseDecimals }]),
      );
      return found;
    },

    book: (instrument, { receivedAfterMs } = {}) => books.newest(instrument, receivedAfterMs),
    takeBook: books.take,
    lastTouch: books.lastTouch,

    async indexPrice(instrument) {
      const spec = miniSpec(instrument);
      return parsed(null, spec, await callPublic(spec), (answer) => parseIndexPrice(answer, instrument));
    },

    positions: readPositions,
    openOrders: (account, need): Promise<Rows<ListedOrder>> =>
      readRows(
        account,
        channels[account].polls.openOrders,
        need === undefined ? readingAsked(account) : { need, units: READ_UNITS },
      ),
    accountSummary: (account): Promise<AccountSummary> => readPoll(account, channels[account].polls.summary),

    order: async (account, clientOrderId, sentAtMs) => channels[account].lookUps.ask(clientOrderId, sentAtMs),

    orderHistory: readHistory,

    async fillHistory(account, sinceMs): Promise<readonly AccountFill[]> {
      const found: AccountFill[] = [];
      const seen = new Set<string>();
      const scope = scopeOf('fillHistory', account);
      let cursor: string | null = null;
      for (let page = 0; page < FILLS_MAX_PAGES; page += 1) {
        const spec: CallSpec<TDG> = fillsSpec(channels[account].keys, sinceMs, cursor);
        const read = await readPrivate(account, spec, (answer) =>
          parseFillHistory(answer, idOf(account), FILLS_PAGE_ROWS, scope),
        );
        for (const { key, fill } of read.fills) {
          if (key !== null && seen.has(key)) continue;
          if (key !== null) seen.add(key);
          found.push(fill);
        }
        if (read.next === null || read.next === cursor) break;
        cursor = read.next;
      }
      return found;
    },

    async payments(list, account, time): Promise<readonly PaymentRow[]> {
      const owner = { account, subAccountId: idOf(account) };
      const spec = paymentsSpec(list, channels[account].keys, time);
      // A row that cannot be read must not keep the others from being booked.
      const scope = { ...scopeOf(spec.call, account), isTraded: () => false };
      const found: PaymentRow[] = [];
      const cursors = new Set<string>();
      for (let cursor: string | null = null; cursors.size < PAYMENTS_MAX_PAGES; ) {
        const request: Record<string, unknown> = cursor === null ? spec.request : { ...spec.request, cursor };
        const read = await readPrivate(account, { ...spec, request }, (answer) =>
          parsePayments(list, answer, owner, PAYMENTS_PAGE_ROWS, scope),
        );
        found.push(...read.rows);
        if (read.next === null) return found;
        if (cursors.has(read.next))
          throw new ExchangeError('malformed', { call: spec.call, account }, null, reason('page-repeated', '10.4'));
        cursors.add(read.next);
        cursor = read.next;
      }
      const why = reason('too-many-pages', '17.1', { pages: PAYMENTS_MAX_PAGES });
      throw new ExchangeError('unavailable', { call: spec.call, account }, null, why);
    },
    balance: (account) => {
      const { keys } = channels[account];
      const owner = { account, subAccountId: keys.subAccountId };
      return readPrivate(account, balanceSpec(keys), (answer) => parseBalance(answer, owner));
    },

    sign(draft: OrderDraft): SignedOrder {
      const { keys, signer } = channels[draft.account];
      const instrument = signable[draft.instrument];
      if (instrument === undefined) throw new SignatureError(`the instrument is not known: ${draft.instrument}`);
      const [size, limitPrice] = [draft.size.toFixed(), draft.price.toFixed()];
      const expiration = BigInt(draft.expirationMs) * 1_000_000n;
      const { nonce, reduceOnly = false } = draft;
      const isBuying = draft.side === 'buy';
      const signed = { instrument, postOnly: true, reduceOnly, isBuying, size, limitPrice, nonce, expiration };
      const { r, s, v, signer: address } = signer.sign(signed);
      const order = {
        sub_account_id: keys.subAccountId,
        is_market: false,
        time_in_force: 'GOOD_TILL_TIME',
        post_only: true,
        reduce_only: reduceOnly,
        legs: [{ instrument: draft.instrument, size, limit_price: limitPrice, is_buying_asset: isBuying }],
        signature: {
          ...{ signer: address, r, s, v, expiration: String(expiration), nonce },
          chain_id: String(options.chainId),
        },
        metadata: { client_order_id: draft.clientOrderId },
      };
      return { draft, payload: JSON.stringify({ order }) };
    },

    async admitCreate(account, instrument, purpose): Promise<Admission> {
      const need = purpose === 'repair' ? 'repair' : 'opening';
      await sessionFor(CREATE, () => channels[account].session.ready());
      const asked = { ...CREATE.asked, need, turn: instrument } as const;
      const permit = await admit(channels[account], account, { ...CREATE, asked });
      const admission = {
        unused: () => {
          permits.delete(admission);
          clearTimeout(expiry);
          permit.unused();
        },
      };
      const expiry = setTimeout(admission.unused, ADMISSION_MS).unref();
      permits.set(admission, () => {
        permits.delete(admission);
        clearTimeout(expiry);
        return permit;
      });
      return admission;
    },

    async createOrder(signed, whyNot, admission): Promise<ExchangeOrder> {
      const { account, clientOrderId } = signed.draft;
      const read = (answer: unknown) => parseOrder(answer, idOf(account), clientOrderId);
      const permit = (admission && permits.get(admission)?.()) ?? null;
      return readPrivate(account, { ...CREATE, ...createCall(signed.payload) }, read, { whyNot, permit });
    },

    async cancelOrder(account, clientOrderId, timeToLiveMs, instrument): Promise<void> {
      const why = options.whyNotCancel?.(clientOrderId) ?? null;
      if (why !== null) {
        const site = { call: 'cancelOrder', account } as const;
        throw new ExchangeError('unavailable', site, null, reason('never-left', '18.2', { why }));
      }
      // Of overlapping ones only the first counts: a fence that overlaps another cancel of that id would be none (9.12).
      if (timeToLiveMs !== undefined) {
        await overlaps.get(clientOrderId);
        voidFences.delete(clientOrderId);
      }
      if (instrument === undefined) return cancelOne(account, clientOrderId, timeToLiveMs);
      return new Promise((resolve, reject) => {
        // Fences and plain cancels never share a call: the time to live is the call's.
        const key = `${account} ${instrument} ${timeToLiveMs ?? ''}`;
        const group = cancels.get(key);
        const one = { clientOrderId, resolve, reject };
        if (group !== undefined && group.length < BULK_MAX) {
          group.push(one);
          return;
        }
        const fresh = [one];
        cancels.set(key, fresh);
        void cancelTogether(account, instrument, timeToLiveMs, fresh, () => {
          if (cancels.get(key) === fresh) cancels.delete(key);
        });
      });
    },

    async cancelOnDisconnect(account, countdownMs): Promise<void> {
      const spec = { ...COUNTDOWN, ...countdownCall(idOf(account), countdownMs) };
      await readPrivate(account, spec, (answer) => readAs(ackAnswer, answer));
    },

    instrumentTerms: (account) => readPrivate(account, leverageSpec(channels[account].keys), parseInstrumentTerms),
    marginRules: async (instrument) => {
      const spec = marginRulesSpec(instrument);
      return parsed(null, spec, await callPublic(spec), parseMarginRules);
    },
    fundingTerms: (account) => readPrivate(account, fundingSpec(), parseFundingTerms),
    isFenceVoid: (clientOrderId) => voidFences.has(clientOrderId),
    voidFence(clientOrderId) {
      // Only of what is or was fenced just now: as many as there are orders in doubt.
      if (overlaps.has(clientOrderId)) voidFences.add(clientOrderId);
    },
    spendAll() {
      for (const bucket of allBuckets()) bucket.hurry();
    },

    async login(account): Promise<void> {
      await channels[account].session.login();
    },
    session: (account) => channels[account].session,
    rekey: async (account, { apiKey, privateKey }) => {
      const signer = createOrderSigner({ privateKey, chainId: options.chainId, subAccountId: idOf(account) });
      await channels[account].session.rekey(apiKey);
      channels[account].signer = signer;
    },
    budget: () =>
      [null, ...ACCOUNTS].flatMap((account) =>
        Object.entries(account === null ? marketData.buckets : channels[account].buckets).map(
          ([bucket, { waiting, left, limit }]) => ({
            account,
            bucket: bucket as BucketName,
            waiting,
            left,
            limit,
          }),
        ),
      ),
    close() {
      closed = true;
      for (const bucket of allBuckets()) bucket.close();
      for (const end of closing) end();
    },
  };
}

/** node-fetch over the agents of the login host; without any it would take those of the process. */
function fetchThrough({ httpAgent, httpsAgent }: Agents): FetchLike {
  const fetch = nodeFetch as unknown as (url: string, init: object) => ReturnType<FetchLike>;
  return (url, init) => fetch(url, { ...init, agent: url.startsWith('https:') ? httpsAgent : httpAgent });
}

function reasonOf(trouble: Trouble): string {
  return 'why' in trouble ? reasonText(trouble.why) : trouble.kind;
}
