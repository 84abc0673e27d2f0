import type { MDG, TDG } from '@grvt/client';
import { errorText } from '../core/error-text.ts';
import type { AccountName, AccountSummary, ListedOrder, Position, Rows } from '../core/model.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { WireEvent } from '../core/wire-event.ts';
import { reasonText } from '../texts/reasons.ts';
import { errorOf, exchangeOnce, type PollRead, type RawAnswer, withoutUnmapped } from './answers.ts';
import { type Bucket, type BucketName, NotAdmitted, type Permit } from './budget.ts';
import type { CallNames, CallSpec, ReadSpec } from './calls.ts';
import {
  asItIs,
  type CallEffect,
  classify,
  ExchangeError,
  foreign,
  networkTrouble,
  shownReason,
  type Trouble,
} from './errors.ts';
import type { ExchangeClock } from './exchange-clock.ts';
import { NotSent, type Post } from './http.ts';
import type { LookUps } from './look-ups.ts';
import { type GrvtKeys, type GrvtOptions, LOG_RANK, type SdkLogLevel, type WireObserver } from './options.ts';
import { type RowScope, UnusableAnswer } from './parse.ts';
import type { Session, SessionHeaders } from './session.ts';
import type { OrderSigner } from './sign.ts';

/** Skipped rows that are reported, once each: a malformed list must not fill log or memory. */
const MAX_SKIPPED_REPORTED = 1_000;

/** Options of a private call. */
interface CallOptions {
  /** Asked at the last moment: why it must not be sent any more; null: it may. */
  readonly whyNot?: (() => Reason | null) | undefined;
  /** Permission obtained before; absent or null: obtained here. */
  readonly permit?: Permit | null;
}

/** A failure before sending returns the permission unused. */
async function unlessUnused<T>(permit: Permit | null, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (thrown) {
    permit?.unused();
    throw thrown;
  }
}

/** One REST host with its client for reads, connections and budget. */
export interface Channel<Client> {
  readonly client: Client;
  readonly post: Post;
  readonly buckets: Readonly<Partial<Record<BucketName, Bucket>>>;
}

export interface PrivateChannel extends Channel<TDG> {
  readonly account: AccountName;
  readonly buckets: Readonly<Record<'reads' | 'creates' | 'cancels', Bucket>>;
  readonly lookUps: LookUps;
  /** When the last answered full read was sent, our clock; null: none. */
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
export interface Received {
  readonly body: unknown;
  readonly id: number;
}

/** A request on its way. */
interface Sent extends Pick<Received, 'id'> {
  readonly account: AccountName | null;
  readonly spec: CallSpec<never>;
  readonly atMs: number;
}

/** What its failure needs of a call. */
interface FailedCall {
  readonly call: string;
  readonly effect: CallEffect;
  readonly isOptional?: boolean | undefined;
}

interface CallerOptions extends Pick<GrvtOptions, 'clock' | 'onWire' | 'report' | 'redact' | 'sdkLogLevel' | 'log'> {
  readonly exchangeClock: ExchangeClock;
  readonly isTraded: (instrument: string) => boolean;
}

export type Caller = ReturnType<typeof createCaller>;

/**
 * The common parts of calls: permission from the budget, a session, one request, its parsed answer, and logging
 * (strategy 9.1, 9.8, 10.4).
 */
export function createCaller(options: CallerOptions) {
  const { clock, exchangeClock, onWire, redact = asItIs } = options;
  const skipped = new Set<string>();
  let wireId = 0;
  let ended = false;
  const wire: WireObserver = { nextId: () => ++wireId, tell };

  /** An error of the observer must not affect a call. */
  function tell(event: WireEvent): void {
    try {
      onWire?.(event);
    } catch (thrown) {
      log('ERROR', `the wire observer failed: ${errorText(thrown)}`);
    }
  }

  function scopeOf(call: string, account: AccountName | null): RowScope {
    return {
      isTraded: options.isTraded,
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
   * A private call: session, budget, request, and once more after a new login if the exchange answered 1000 (9.8).
   * @param given permission obtained before; absent: obtained here
   */
  async function callPrivate(
    channel: PrivateChannel,
    spec: CallSpec<TDG>,
    { whyNot = () => null, permit: given = null }: CallOptions,
  ): Promise<Received> {
    const { account } = channel;
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

  /** A call without session was never sent: it fails with the login's failure, under its own name. */
  async function sessionFor(
    spec: { readonly call: string },
    get: () => Promise<SessionHeaders>,
  ): Promise<SessionHeaders> {
    try {
      return await get();
    } catch (thrown) {
      if (!(thrown instanceof ExchangeError)) throw thrown;
      const why = reason('no-session', '9.8', { login: thrown.why });
      throw new ExchangeError(thrown.kind, { call: spec.call, account: thrown.account }, thrown.code, why);
    }
  }

  /** Permission to send one request (strategy 9.1). @throws ExchangeError */
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
    const sent: Sent = { id: wire.nextId(), account, spec, atMs: clock.nowMs() };
    // Nothing runs between the check and sending the bytes (strategy 9.11); observers are called afterwards.
    const exchanging = exchangeOnce(channel, spec, headers, beforeBytes);
    if (onWire !== undefined) {
      const request = 'body' in spec ? JSON.parse(spec.body) : spec.request;
      tell({ kind: 'sent', id: sent.id, atMs: sent.atMs, account, route: spec.route, request });
    }
    let exchanged: { raw: RawAnswer; mapped: unknown };
    try {
      exchanged = await exchanging;
    } catch (thrown) {
      permit.done();
      throw unanswered(sent, thrown);
    }
    const trouble = troubleOf(sent, exchanged);
    const error = trouble === null ? null : failure(spec, account, trouble);
    if (error?.kind === 'rate-limited') permit.limited();
    else permit.done();
    if (error !== null) throw error;
    return { body: exchanged.mapped, id: sent.id };
  }

  /** The request had no answer, or was not sent after all. */
  function unanswered({ id, account, spec }: Sent, thrown: unknown): ExchangeError {
    const event = { kind: 'failed', id, atMs: clock.nowMs(), account, route: spec.route } as const;
    if (thrown instanceof NotSent) {
      const why = reason('never-left', '18.2', { why: thrown.why });
      tell({ ...event, reason: reasonText(why), neverLeft: true });
      return new ExchangeError('unavailable', { call: spec.call, account }, null, why);
    }
    const trouble = networkTrouble(thrown);
    tell({ ...event, reason: foreign(reasonOf(trouble), redact) });
    return failure(spec, account, trouble);
  }

  /** An answer was received: passes it to the observers. @returns why it is none that was asked for; null: it is */
  function troubleOf(
    { id, account, spec, atMs: sentAtMs }: Sent,
    { raw, mapped }: { readonly raw: RawAnswer; readonly mapped: unknown },
  ): Trouble | null {
    const atMs = clock.nowMs();
    const { status, unreadable } = raw;
    const { route } = spec;
    const whose = account === null ? '' : ` of account ${account}`;
    log('DEBUG', `${spec.call}${whose}: HTTP ${status} in ${atMs - sentAtMs} ms`);
    if (unreadable !== null) {
      tell({ kind: 'failed', id, atMs, account, route, reason: `HTTP ${status}: ${reasonText(unreadable)}` });
      return { kind: 'unreadable', status, body: unreadable };
    }
    // Market data may come from another machine with another clock; expiries are judged by the trading one.
    if (account !== null) exchangeClock.observe(sentAtMs, atMs, raw.date);
    const refusal = errorOf(raw);
    if (onWire !== undefined) {
      const body = (spec.repeats?.tellable ?? withoutUnmapped)(refusal ?? mapped);
      tell({ kind: 'answered', id, atMs, account, route, status, body });
    }
    if (refusal !== null) return { kind: 'error-body', ...refusal };
    return status >= 200 && status <= 299 ? null : { kind: 'status', status };
  }

  /** The failure of a call, logged. */
  function failure(spec: FailedCall, account: AccountName | null, trouble: Trouble): ExchangeError {
    const error = classify({ call: spec.call, account, effect: spec.effect }, trouble, redact);
    // An ended session is renewed and the call repeated; only a failure of that is logged.
    const expected = error.kind === 'refused' || error.kind === 'not-found' || error.kind === 'unauthenticated';
    log(expected || spec.isOptional ? 'WARNING' : 'ERROR', `${error.kind} ${error.message}`);
    return error;
  }

  /** Rejects an answer whose fields are missing or impossible (strategy 10.4). */
  function parsed<T>(
    account: AccountName | null,
    spec: FailedCall,
    { body, id }: Received,
    parse: (answer: unknown, from: number) => T,
  ): T {
    try {
      return parse(body, id);
    } catch (thrown) {
      if (!(thrown instanceof UnusableAnswer)) throw thrown;
      throw failure(spec, account, { kind: 'malformed', why: thrown.why });
    }
  }

  /** A private call and its parsed answer. Every rejection is an ExchangeError. */
  async function readPrivate<T>(
    channel: PrivateChannel,
    spec: CallSpec<TDG>,
    parse: (answer: unknown, from: number) => T,
    options: CallOptions = {},
  ): Promise<T> {
    const { account } = channel;
    try {
      return parsed(account, spec, await callPrivate(channel, spec, options), parse);
    } catch (thrown) {
      if (thrown instanceof ExchangeError) throw thrown;
      // A defect of ours or of the client, perhaps after sending: the outcome of a create is unknown (9.6).
      throw failure({ ...spec, isOptional: false }, account, networkTrouble(thrown));
    }
  }

  /** Equal rows give the same objects; the wire id of their answer is attached. */
  function readRows<T>(
    channel: PrivateChannel,
    { spec, parse }: PollRead<T[]>,
    asked = spec.asked,
    permit: Permit | null = null,
  ): Promise<Rows<T>> {
    const read = (answer: unknown, from: number) =>
      Object.defineProperty([...parse(answer)], 'from', { value: from }) as Rows<T>;
    return readPrivate(channel, { ...spec, asked }, read, { permit });
  }

  /** A market data call and its parsed answer. */
  async function readPublic<T>(channel: Channel<MDG>, spec: ReadSpec<MDG>, parse: (answer: unknown) => T): Promise<T> {
    return parsed(null, spec, await send(channel, null, spec, null, await admit(channel, null, spec)), parse);
  }

  const logFrom = LOG_RANK[options.sdkLogLevel ?? 'ERROR'] ?? LOG_RANK.ERROR!;
  function log(level: SdkLogLevel, message: string): void {
    if (ended) return;
    if (LOG_RANK[level]! >= logFrom) options.log?.(level, message);
  }

  return {
    ...{ wire, log, admit, sessionFor, send, parsed, readPrivate, readPublic, readRows, scopeOf },
    /** Stops logging: reads cut off by our own close are no failures of the exchange. */
    end: () => {
      ended = true;
    },
  };
}

function reasonOf(trouble: Trouble): string {
  return 'why' in trouble ? reasonText(trouble.why) : trouble.kind;
}
