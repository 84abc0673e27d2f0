import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type PaperServer, startPaper } from '../../src/paper/index.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/**
 * ccxt's own `grvt` class, untouched but for the hosts, on the embedded exchange over loopback: REST and streams. Installed
 * apart from the engine's own dependencies: `npm ci --prefix test/clients`; without it these are skipped, in CI they are not.
 */

const SYMBOL = 'BTC/USDT:USDT';
/** What is asked again until it is so: loopback answers within milliseconds. */
const LOOKS_MAX = 200;

interface CcxtOrder {
  readonly id: string;
  readonly clientOrderId: string;
  readonly status: string;
  readonly price: number;
  readonly filled: number;
}

/** What these tests use of it. */
interface Ccxt {
  urls: { api: Record<string, unknown> };
  setSandboxMode(on: boolean): void;
  loadHttpProxyAgent(): Promise<void>;
  loadMarkets(): Promise<Record<string, unknown>>;
  fetchOrderBook(symbol: string, depth: number): Promise<{ bids: [number, number][]; asks: [number, number][] }>;
  fetchBalance(): Promise<Record<string, { total: number }>>;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price?: number,
    params?: object,
  ): Promise<CcxtOrder>;
  fetchOpenOrders(symbol: string): Promise<CcxtOrder[]>;
  fetchOrder(id: string | undefined, symbol: string, params?: object): Promise<CcxtOrder>;
  cancelOrder(id: string, symbol: string): Promise<unknown>;
  fetchPositions(symbols: string[]): Promise<{ side: string; contracts: number }[]>;
  fetchMyTrades(symbol: string): Promise<{ side: string; amount: number; takerOrMaker: string }[]>;
  watchOrderBook(symbol: string): Promise<{ bids: [number, number][] }>;
  watchOrders(symbol: string): Promise<CcxtOrder[]>;
  watchMyTrades(symbol: string): Promise<{ side: string; amount: number }[]>;
  watchPositions(symbols: string[]): Promise<{ side: string; contracts: number }[]>;
  close(): Promise<void>;
}

type Library = { grvt: new (keys: object) => Ccxt; pro: { grvt: new (keys: object) => Ccxt } };

async function load(): Promise<Library | null> {
  const name = 'ccxt';
  try {
    return ((await import(name)) as { default: Library }).default;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}

const library = await load();
const skip = library !== null ? false : 'ccxt is not installed: npm ci --prefix test/clients';
if (skip !== false && process.env.CI === 'true') throw new Error(skip);

describe('ccxt', { skip }, () => {
  let paper: PaperServer;
  before(async () => {
    paper = await startPaper({ seed: 5, rateLimits: false });
  });
  after(() => paper.close());

  function client(kind: 'rest' | 'pro'): Ccxt {
    if (library === null) throw new Error('ccxt is not installed');
    const Client = kind === 'rest' ? library.grvt : library.pro.grvt;
    const ccxt = new Client({ privateKey: paper.accounts[0]?.privateKey, options: { builderFee: false } });
    ccxt.setSandboxMode(true);
    const http = `${paper.url}/`;
    const ws = `${paper.url.replace('http', 'ws')}/ws/full`;
    ccxt.urls.api = {
      ...ccxt.urls.api,
      privateEdge: http,
      privateTrading: http,
      publicMarket: http,
      // Two connections, as it has them: it tells them apart by address.
      ws: { publicMarket: ws, privateTrading: `${ws}?private` },
    };
    return ccxt;
  }

  async function until<T>(look: () => Promise<T | null>): Promise<T> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const found = await look();
      if (found !== null) return found;
    }
    return assert.fail('it never came');
  }

  const fill = (clientOrderId: string): void => {
    const account = paper.accounts[0]?.name;
    if (account === undefined) throw new Error('the embedded exchange has no account');
    paper.exchange.control.fill({ account, client_order_id: clientOrderId });
  };

  it('logs in, loads markets, places, reads, cancels and is filled, over REST', async () => {
    const ccxt = client('rest');
    assert.ok(SYMBOL in (await ccxt.loadMarkets()));
    assert.ok((await ccxt.fetchBalance()).USDT!.total > 0);
    const [bid] = (await ccxt.fetchOrderBook(SYMBOL, 10)).bids;
    const far = bid![0] - 500;
    const place = (clientOrderId: string) =>
      ccxt.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { postOnly: true, clientOrderId });

    await place('9223372036854775999');
    const resting = await until(
      async () => (await ccxt.fetchOpenOrders(SYMBOL)).find((one) => one.status === 'open') ?? null,
    );
    assert.deepEqual([resting.clientOrderId, resting.price], ['9223372036854775999', far]);
    await ccxt.cancelOrder(resting.id, SYMBOL);
    const cancelled = await until(async () => {
      const order = await ccxt.fetchOrder(resting.id, SYMBOL);
      return order.status === 'canceled' ? order : null;
    });
    assert.equal(cancelled.filled, 0);

    await place('9223372036854776000');
    await until(async () => (await ccxt.fetchOpenOrders(SYMBOL))[0] ?? null);
    fill('9223372036854776000');
    const filled = await ccxt.fetchOrder(undefined, SYMBOL, { clientOrderId: '9223372036854776000' });
    assert.deepEqual([filled.status, filled.filled], ['closed', 0.01]);
    const [position] = await ccxt.fetchPositions([SYMBOL]);
    assert.deepEqual([position?.side, position?.contracts], ['long', 0.01]);
    const [trade] = await ccxt.fetchMyTrades(SYMBOL);
    assert.deepEqual([trade?.side, trade?.amount, trade?.takerOrMaker], ['buy', 0.01, 'maker']);
  });

  it('follows books, an order, its fill and the position over streams', { timeout: PATIENCE_MS }, async () => {
    // It subscribes orders and positions under one name, so that on one connection the second is never asked for.
    const [ccxt, watcher] = [client('pro'), client('pro')];
    for (const one of [ccxt, watcher]) {
      await one.loadHttpProxyAgent();
      await one.loadMarkets();
    }
    try {
      const [bid] = (await ccxt.watchOrderBook(SYMBOL)).bids;
      const orders = ccxt.watchOrders(SYMBOL);
      const trades = ccxt.watchMyTrades(SYMBOL);
      const positions = watcher.watchPositions([SYMBOL]);
      const placed = { postOnly: true, clientOrderId: '9223372036854776001' };
      await ccxt.createOrder(SYMBOL, 'limit', 'buy', 0.01, bid![0] - 500, placed);
      assert.equal((await orders)[0]?.clientOrderId, '9223372036854776001');
      fill('9223372036854776001');
      const [trade] = await trades;
      assert.deepEqual([trade?.side, trade?.amount], ['buy', 0.01]);
      assert.equal((await positions)[0]?.side, 'long');
    } finally {
      for (const one of [ccxt, watcher]) await one.close();
    }
  });
});
