import { MDG, TDG } from '@grvt/client';
import nodeFetch from 'node-fetch';
import type { AccountName } from '../core/model.ts';
import { isOwnOrder } from '../core/order-id.ts';
import { carryReads, pollRead, REQUEST_TIMEOUT_MS } from './answers.ts';
import { type Bucket, type BucketName, createBucket } from './budget.ts';
import type { Caller, Channel, PrivateChannel } from './caller.ts';
import { asItIs } from './errors.ts';
import type { ExchangeClock } from './exchange-clock.ts';
import { type Agents, openAgents, openHttp, type Post } from './http.ts';
import { createLookUps, type LookUps } from './look-ups.ts';
import type { GrvtOptions } from './options.ts';
import { parsePositions, parseSummary, positionsSpec, summarySpec } from './parse-account.ts';
import { openOrdersSpec, orderSpec, parseOpenOrders } from './parse-orders.ts';
import { readHistory, readOrder } from './reads.ts';
import { createSession, type FetchLike } from './session.ts';
import { createOrderSigner } from './sign.ts';

/** Largest answer: a history page of 500 orders or 600 open orders is about 1 MB; ten times that is a defect. */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;
/** Sockets per host and account: budget times time-out, so that slow answers do not queue requests invisibly. */
const MAX_SOCKETS = 64;
/** A login precedes everything: without it no read is sent. */
const LOGIN = { call: 'login', bucket: 'reads', asked: { need: 'overdue-reading', units: 100 } } as const;

interface Channels extends Readonly<Record<AccountName, PrivateChannel>> {
  readonly marketData: Channel<MDG>;
  /** Every part of the budget. */
  buckets(): readonly Bucket[];
  /** Closes idle connections and rejects whatever waits. */
  close(): void;
}

/** One client, session and budget per account, one client and budget for market data. @throws SignatureError */
export function openChannels(options: GrvtOptions, caller: Caller, exchangeClock: ExchangeClock): Channels {
  const { clock, hosts, redact = asItIs } = options;
  /** Closes connections. */
  const closing: (() => void)[] = [];
  let closed = false;
  const marketData: Channel<MDG> = {
    ...connect(new MDG({ host: hosts.marketData }), hosts.marketData),
    buckets: { 'market data': bucketOf(null, 'market data') },
  };
  const [A, B] = [privateChannel('A'), privateChannel('B')];

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

  /** The client, whose reads use the same connections as creates and cancels. */
  function connect<Client extends TDG | MDG>(client: Client, url: string): { client: Client; post: Post } {
    const post = options.post ?? open(url);
    carryReads(client, url);
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
    // Logins are about an hour apart: a kept connection would be gone.
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
        const permit = await caller.admit({ buckets }, account, LOGIN);
        // It is unknown to whom the exchange counts a login: market data requests leave room for it.
        marketData.buckets['market data']?.count(LOGIN.asked.units);
        return permit;
      },
      prove: async (headers) => {
        const spec = summarySpec(keys);
        const permit = await caller.admit({ buckets }, account, spec);
        caller.parsed(
          account,
          spec,
          await caller.send({ ...connected, buckets }, account, spec, headers, permit),
          (answer) => parseSummary(answer, keys.subAccountId),
        );
      },
      report: (fact) => {
        if (fact.type === 'session.renewed') caller.log('INFO', `session of account ${account} renewed`);
        options.report?.(fact);
      },
      redact,
    });
    const signer = createOrderSigner({ ...keys, chainId: options.chainId });
    const id = keys.subAccountId;
    const polls = {
      positions: pollRead(positionsSpec(keys), (answer) =>
        parsePositions(answer, id, caller.scopeOf('positions', account)),
      ),
      openOrders: pollRead(openOrdersSpec(keys), (answer) =>
        parseOpenOrders(answer, id, caller.scopeOf('openOrders', account)),
      ),
      summary: pollRead(summarySpec(keys), (answer) => parseSummary(answer, id)),
    };
    const lookUps: LookUps = createLookUps({
      admit: async () => {
        const spec = orderSpec(keys, '');
        await caller.sessionFor(spec, () => session.ready());
        return caller.admit({ buckets }, account, spec);
      },
      order: (clientOrderId, permit) => readOrder(caller, channel, clientOrderId, permit),
      openOrders: async (permit) =>
        (await caller.readRows(channel, polls.openOrders, openOrdersSpec(keys).asked, permit)).filter(isOwnOrder),
      orderHistory: (sinceMs, wanted) => readHistory(caller, channel, sinceMs, wanted),
      nowMs: () => clock.nowMs(),
      skewMs: () => exchangeClock.skewMs() ?? 0,
    });
    const readAtMs = { value: null };
    const channel: PrivateChannel = { ...connected, account, buckets, keys, session, signer, polls, lookUps, readAtMs };
    return channel;
  }

  const buckets = (): readonly Bucket[] => [marketData, A, B].flatMap((one) => Object.values(one.buckets));
  return {
    ...{ A, B, marketData, buckets },
    close() {
      closed = true;
      for (const bucket of buckets()) bucket.close();
      for (const end of closing) end();
    },
  };
}

/** node-fetch with the agents of the login host, instead of the process's. */
function fetchThrough({ httpAgent, httpsAgent }: Agents): FetchLike {
  const fetch = nodeFetch as unknown as (url: string, init: object) => ReturnType<FetchLike>;
  return (url, init) => fetch(url, { ...init, agent: url.startsWith('https:') ? httpsAgent : httpAgent });
}
