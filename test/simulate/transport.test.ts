import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '../../src/core/decimal.ts';
import type { AccountName } from '../../src/core/model.ts';
import { clientOrderIdOf } from '../../src/core/order-id.ts';
import { createGrvtExchange, type GrvtExchange } from '../../src/grvt/exchange.ts';
import {
  createPaper,
  type PaperAnswer,
  type PaperExchange,
  type PaperRequest,
  startPaper,
} from '../../src/paper/index.ts';
import { chance } from '../../src/simulate/chance.ts';
import { connectNetwork } from '../../src/simulate/network.ts';
import { virtualSockets } from '../../src/simulate/socket.ts';
import { VirtualTime } from '../../src/simulate/virtual-time.ts';

const START_MS = Date.UTC(2026, 0, 5, 12);
const SEED = 11;

interface Carried {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

/** Writes down what reaches the exchange and what it answers. */
function tap(exchange: PaperExchange): Carried[] {
  const carried: Carried[] = [];
  const handle = exchange.handle.bind(exchange);
  exchange.handle = (request: PaperRequest, nowMs: number): PaperAnswer => {
    const answer = handle(request, nowMs);
    const { method, path, headers, body } = request;
    const reported = Object.fromEntries(
      ['content-type', 'cookie', 'x-grvt-account-id', 'accept'].map((name) => [name, headers[name]]),
    );
    carried.push({ method, path, headers: reported, body, status: answer.status, answer: answer.body });
    return answer;
  };
  return carried;
}

/** Everything the engine ever asks for. */
async function useAll(exchange: GrvtExchange): Promise<void> {
  for (const account of ['A', 'B'] as const) await exchange.login(account);
  await exchange.instruments();
  const { bids, asks } = await exchange.book('BNB_USDT_Perp');
  const draft = (account: AccountName, side: 'buy' | 'sell', price: string, sequence: bigint) => ({
    account,
    instrument: 'BNB_USDT_Perp',
    side,
    size: decimal('0.5'),
    price: decimal(price),
    clientOrderId: clientOrderIdOf(account, side, sequence),
    nonce: Number(sequence),
    expirationMs: START_MS + 3_600_000,
  });
  const buy = draft('A', 'buy', bids[3]!.price.toFixed(), 1n);
  const sell = draft('B', 'sell', asks[3]!.price.toFixed(), 2n);
  for (const one of [buy, sell]) await exchange.createOrder(exchange.sign(one));
  await exchange.order('A', buy.clientOrderId);
  assert.equal(await exchange.order('A', clientOrderIdOf('A', 'buy', 99n)), null);
  for (const account of ['A', 'B'] as const) {
    await exchange.openOrders(account);
    await exchange.positions(account);
    await exchange.accountSummary(account);
  }
  await exchange.cancelOrder('A', buy.clientOrderId, 5_000);
  await exchange.cancelOrder('B', sell.clientOrderId);
  await exchange.orderHistory('A', START_MS - 60_000);
  // One leg off the tick: a refusal has bytes too.
  const bad = { ...draft('A', 'buy', '600.03', 3n) };
  await assert.rejects(exchange.createOrder(exchange.sign(bad)));
}

describe('the in-process sockets', () => {
  it('a connection that falls silent stays open and carries nothing, pongs included', async () => {
    const time = new VirtualTime(START_MS, () => 0.5);
    const exchange = createPaper({ seed: SEED, startMs: START_MS });
    let silent = false;
    const parts = { time, exchange, reachable: () => true, fallsSilent: () => silent };
    const Socket = virtualSockets(parts, { alive: true }, chance(SEED, 'sockets'), [5, 80]);
    const socket = new Socket('ws://paper/ws/full', {});
    const received: string[] = [];
    for (const what of ['open', 'message', 'pong', 'close'] as const) socket.on(what, () => received.push(what));
    const ask = () => {
      socket.ping();
      const params = { stream: 'v1.book.s', selectors: ['BNB_USDT_Perp@500-10'] };
      socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'subscribe', params, id: 1 }));
    };
    await time.run(START_MS + 200);
    ask();
    await time.run(START_MS + 400);
    assert.deepEqual([...new Set(received)], ['open', 'pong', 'message']);
    received.length = 0;
    silent = true;
    ask();
    ask();
    await time.run(START_MS + 60_000);
    assert.deepEqual(received, ['pong']);
  });
});

describe('the in-process transport', () => {
  it('carries the same bytes as loopback, both ways', async () => {
    const paper = await startPaper({ seed: SEED, startMs: START_MS, nowMs: () => START_MS, rateLimits: false });
    const overLoopback = tap(paper.exchange);
    const options = (accounts: PaperExchange['accounts'], origin: string) => ({
      hosts: { edge: origin, trades: origin, marketData: origin },
      chainId: paper.chainId,
      accounts: { A: accounts[0]!, B: accounts[1]! },
      bookDepth: 10,
      rateScale: 10,
      clock: { nowMs: () => START_MS },
    });
    const real = createGrvtExchange(options(paper.accounts, paper.url));
    try {
      await useAll(real);
    } finally {
      real.close();
      await paper.close();
    }

    const time = new VirtualTime(START_MS, () => 0.5);
    const exchange = createPaper({ seed: SEED, startMs: START_MS, rateLimits: false });
    const inProcess = tap(exchange);
    // Time stands still for the exchange as it did for the other one: what differs is the transport alone.
    const handle = exchange.handle.bind(exchange);
    exchange.handle = (request) => handle(request, START_MS);
    const network = connectNetwork(
      {
        time,
        exchange,
        passage: () => ({ upMs: 7, downMs: 12, requestLost: false, answerLost: false }),
        reachable: () => true,
      },
      { alive: true },
    );
    time.install();
    try {
      const simulated = createGrvtExchange({ ...options(exchange.accounts, 'http://127.0.0.1:1'), ...network });
      let done = false;
      const all = useAll(simulated).finally(() => {
        done = true;
      });
      while (!done) await time.run(time.nowMs + 1_000);
      await all;
      simulated.close();
    } finally {
      time.uninstall();
    }
    assert.equal(inProcess.length, overLoopback.length);
    assert.ok(inProcess.length > 15);
    for (const [index, one] of inProcess.entries()) assert.deepEqual(one, overLoopback[index], one.path);
  });

  it('each request is reported once, with whether a fault met it', async () => {
    const time = new VirtualTime(START_MS, () => 0.5);
    const exchange = createPaper({ seed: SEED, startMs: START_MS, rateLimits: false });
    const reported: string[] = [];
    let passage = { upMs: 7, downMs: 12, requestLost: false, answerLost: false };
    let reachable = true;
    const network = connectNetwork(
      {
        ...{ time, exchange, passage: () => passage, reachable: () => reachable },
        onCarried: ({ path }, faulty) => reported.push(`${path.split('/').at(-1)} ${faulty ? 'faulty' : 'well'}`),
      },
      { alive: true },
    );
    const send = async (route: string) => {
      const request = { method: 'POST', path: `/full/v1/${route}`, headers: {}, body: '{}' };
      network.carry(request).catch(() => {});
      await time.run(time.nowMs + 10_000);
      return reported.splice(0);
    };
    const rule = { rate: 1, route: 'order' } as const;
    exchange.faults.set([
      { ...rule, kind: 'rate-limited' },
      { ...rule, kind: 'slow' },
      { kind: 'late', rate: 1, route: 'book' },
      { kind: 'refused', rate: 1, route: 'instrument' },
      { kind: 'lost-frame', rate: 1 },
    ]);
    assert.deepEqual(await send('ticker'), ['ticker well']);
    assert.deepEqual(await send('order'), ['order faulty'], 'two faults spoil it once');
    assert.deepEqual(await send('book'), ['book faulty']);
    assert.deepEqual(await send('instrument'), ['instrument faulty']);
    passage = { ...passage, requestLost: true };
    assert.deepEqual(await send('ticker'), ['ticker faulty']);
    passage = { ...passage, requestLost: false, answerLost: true };
    assert.deepEqual(await send('ticker'), ['ticker faulty']);
    reachable = false;
    assert.deepEqual(await send('ticker'), [], 'an exchange that is down is the world’s business');
  });
});
