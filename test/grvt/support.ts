import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fact } from '../../src/core/facts.ts';
import type { AccountName } from '../../src/core/model.ts';
import type { WireEvent } from '../../src/core/wire-event.ts';
import { createGrvtExchange, type GrvtExchange } from '../../src/grvt/exchange.ts';
import type { GrvtOptions } from '../../src/grvt/options.ts';

/** What the scripted exchange was asked. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** The body as it came. */
  readonly text: string;
}

/** What it answers: JSON, text as it is, or whatever a handler does to the socket. */
export type Script =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly json: unknown }
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly text: string }
  | { readonly raw: (request: IncomingMessage, response: ServerResponse) => void };

export interface ScriptedExchange {
  readonly url: string;
  readonly asked: Asked[];
  /** How often a path was asked, e.g. `/lite/v1/positions`. */
  count(path: string): number;
  /** Answers to a path from now on: a fixed one, or one per request. */
  on(path: string, script: Script | ((asked: Asked, times: number) => Script | Promise<Script>)): void;
  close(): Promise<void>;
}

export const LOGIN = '/auth/api_key/login';
export const SUMMARY = '/lite/v1/account_summary';
export const SUB_ACCOUNTS: Readonly<Record<AccountName, string>> = { A: '1111111111111111', B: '2222222222222222' };
const KEY_A = '0xf7934647276a6e1fa0af3f4467b4b8ddaf45d25a7368fa1a295eef49a446819d';
const KEY_B = `0x${'2'.repeat(64)}`;

/** A small exchange for one test: logs in whoever asks, answers summaries, and the rest as scripted. */
export async function startScripted(): Promise<ScriptedExchange> {
  const scripts = new Map<string, Script | ((asked: Asked, times: number) => Script | Promise<Script>)>();
  const asked: Asked[] = [];
  let logins = 0;
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', async () => {
      const path = request.url ?? '';
      const one = { path, headers: request.headers, body: text === '' ? {} : JSON.parse(text), text };
      asked.push(one);
      const script = scripts.get(path);
      const times = asked.filter((other) => other.path === path).length;
      const answer =
        typeof script === 'function'
          ? await script(one, times)
          : (script ?? { status: 404, json: liteError(1004, 404) });
      if ('raw' in answer) return answer.raw(request, response);
      response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json', ...answer.headers });
      response.end('json' in answer ? JSON.stringify(answer.json) : answer.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const scripted: ScriptedExchange = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    count: (path) => asked.filter((one) => one.path === path).length,
    on: (path, script) => scripts.set(path, script),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  scripted.on(LOGIN, () => loginAnswer(++logins));
  scripted.on(SUMMARY, (one) => ({ json: { r: liteSummary(String(one.body.sa)) } }));
  return scripted;
}

export function loginAnswer(number: number, options: { expires?: string; date?: string } = {}): Script {
  const expires = options.expires ?? 'Fri, 01 Jan 2100 00:00:00 GMT';
  return {
    headers: {
      'Set-Cookie': `gravity=cookie-${number}; Path=/; Expires=${expires}; HttpOnly; Secure; SameSite=None`,
      'X-Grvt-Account-Id': `account-${number}`,
      ...(options.date === undefined ? {} : { Date: options.date }),
    },
    json: { location: '', status: 'success' },
  };
}

export function liteError(code: number, status: number): unknown {
  return { c: code, m: `text of ${code}`, s: status };
}

export function liteSummary(subAccountId: string): Record<string, unknown> {
  return { et: '1764863116142428457', sa: subAccountId, te: '15.0', im: '0.0', mm: '0.0', ab: '15.0', sb: [], p: [] };
}

export function litePosition(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    et: '1765258069092857642',
    sa: SUB_ACCOUNTS.A,
    i: 'BTC_USDT_Perp',
    s: '-0.001',
    ep: '90000.0',
    mp: '89816.900008979',
    ...change,
  };
}

export function liteOrder(
  change: { co?: string; state?: Record<string, unknown>; leg?: Record<string, unknown> } & Record<
    string,
    unknown
  > = {},
): Record<string, unknown> {
  const { co = '16140901064495857665', state = {}, leg = {}, ...rest } = change;
  return {
    oi: '0x0101010503e693410000000069530a7d',
    sa: SUB_ACCOUNTS.A,
    im: false,
    ti: 'GOOD_TILL_TIME',
    po: true,
    ro: false,
    l: [{ i: 'BTC_USDT_Perp', s: '0.002', lp: '88123.0', ib: true, ...leg }],
    s: {
      s: '0x0982ebb82523fd20d1347d59f5a989ed84caa4b5',
      r: '0x1',
      s1: '0x2',
      v: 28,
      e: '1767871961406000000',
      n: 5,
      ci: '0',
    },
    m: { co, ct: '1765279966899943792' },
    s1: { s: 'OPEN', rr: 'UNSPECIFIED', bs: ['0.002'], ts: ['0.0'], ut: '1765279966899943792', af: ['0.0'], ...state },
    ...rest,
  };
}

/** A create's acknowledgement, under full names. */
export function createAnswer(clientOrderId = '16140901064495857665'): unknown {
  return {
    result: {
      order_id: '0x00',
      sub_account_id: SUB_ACCOUNTS.A,
      post_only: true,
      legs: [{ instrument: 'BTC_USDT_Perp', size: '0.002', limit_price: '88123.0', is_buying_asset: true }],
      signature: { expiration: '1767871961406000000' },
      metadata: { client_order_id: clientOrderId, create_time: '1765279966899943792' },
      state: {
        status: 'PENDING',
        reject_reason: 'UNSPECIFIED',
        traded_size: ['0.0'],
        update_time: '1765279966899943792',
        avg_fill_price: ['0.0'],
      },
    },
  };
}

export const LITE_INSTRUMENT = {
  i: 'BTC_USDT_Perp',
  ih: '0x030501',
  b: 'BTC',
  q: 'USDT',
  k: 'PERPETUAL',
  bd: 9,
  qd: 6,
  ts: '0.1',
  ms: '0.001',
  ct: '1',
  mn: '100.0',
};

export interface Rig {
  readonly scripted: ScriptedExchange;
  readonly exchange: GrvtExchange;
  readonly facts: Fact[];
  readonly wire: WireEvent[];
  readonly log: string[];
  readonly clock: { ms: number };
}

/** An exchange of ours pointed at a scripted one, both closed when the test ends. */
export async function rig(
  context: { after(fn: () => Promise<void>): void },
  change: Partial<GrvtOptions> = {},
): Promise<Rig> {
  const scripted = await startScripted();
  const facts: Fact[] = [];
  const wire: WireEvent[] = [];
  const log: string[] = [];
  const clock = { ms: Date.now() };
  const exchange = createGrvtExchange({
    hosts: { edge: scripted.url, trades: scripted.url, marketData: scripted.url },
    chainId: 326,
    accounts: {
      A: { apiKey: 'api-key-secret-A', privateKey: KEY_A, subAccountId: SUB_ACCOUNTS.A },
      B: { apiKey: 'api-key-secret-B', privateKey: KEY_B, subAccountId: SUB_ACCOUNTS.B },
    },
    bookDepth: 10,
    rateScale: 10,
    clock: { nowMs: () => clock.ms },
    report: (fact) => facts.push(fact),
    onWire: (event) => wire.push(event),
    log: (level, message) => log.push(`${level} ${message}`),
    sdkLogLevel: 'DEBUG',
    ...change,
  });
  context.after(async () => {
    exchange.close();
    await scripted.close();
  });
  return { scripted, exchange, facts, wire, log, clock };
}

/** What a promise was rejected with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ kind: string; message: string; code: number | null }> {
  try {
    const value = await promise;
    throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
  } catch (error) {
    if (error instanceof Error && 'kind' in error) return error as never;
    throw error;
  }
}
