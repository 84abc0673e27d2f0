import type { Decimal } from '../src/core/decimal.ts';
import { decimal, ZERO } from '../src/core/decimal.ts';
import type { AccountName } from '../src/core/model.ts';
import { ACCOUNTS } from '../src/core/model.ts';
import { createGrvtExchange } from '../src/grvt/exchange.ts';
import { type PaperServer, startPaper } from '../src/paper/index.ts';
import { benchSymbol, delays, openStage, pause, quantile } from './stage.ts';

const INSTRUMENT = 'BNB_USDT_Perp';
/** A market that stands still: only the bench fills orders. */
const STILL = {
  noiseTicks: 0,
  reversionSteps: 0,
  anchorBps: 0,
  driftBps: 0,
  regimeHours: 1,
  homeHours: 0,
  takerChance: 0,
  raceChance: 0,
} as const;
/** Between two fills: at any point of the 2 s loop, and within the request budget. */
const GAP_MS = 2_600;
/** What A holds at first, BNB: more than all rounds hedge. */
const HELD = '500';
/** What the loop hedges at a time, as the engine does: 500 USDT. */
const STEP = decimal('0.8');
/** Fills before those that count: code that never ran is not what runs all day. */
const WARM_UP_ROUNDS = 3;
/** A row gives up when a hedge does not come in this time. */
const GIVE_UP_MS = 30_000;

interface Row {
  readonly name: string;
  readonly roundTripMs: number;
  readonly streams: boolean | 'sequential loop';
}

const ROWS: readonly Row[] = [
  { name: 'streams on, 0 ms', roundTripMs: 0, streams: true },
  { name: 'streams off, 0 ms', roundTripMs: 0, streams: false },
  { name: 'sequential loop, 0 ms', roundTripMs: 0, streams: 'sequential loop' },
  { name: 'streams on, 50 ms', roundTripMs: 50, streams: true },
  { name: 'streams off, 50 ms', roundTripMs: 50, streams: false },
  { name: 'sequential loop, 50 ms', roundTripMs: 50, streams: 'sequential loop' },
];

/** From a fill at the exchange to the hedge's create arriving there: median and p99, row by row. */
export async function latency(rounds: number, only = ''): Promise<void> {
  console.log(`fill → hedge's create at the exchange, ${rounds} fills a row, 2 s loop, journal on`);
  for (const row of ROWS.filter(({ name }) => name.includes(only))) {
    const times = row.streams === 'sequential loop' ? await baseline(row, rounds) : await engine(row, rounds);
    const figures = [0.5, 0.99].map((share) => `${quantile(times, share).toFixed(1)} ms`);
    console.log(`${row.name.padEnd(24)} median ${figures[0]?.padStart(10)}   p99 ${figures[1]?.padStart(10)}`);
  }
}

async function engine(row: Row, rounds: number): Promise<number[]> {
  const target = await openTarget({ GRVT_HEDGE_STREAMS: row.streams === true ? '1' : '0' }, row.roundTripMs);
  try {
    return await target.fillAndWait(rounds);
  } finally {
    await target.close();
  }
}

/** An engine with orders that can be filled. @param seed another one has other accounts: two engines on one machine need that */
export async function openTarget(env: Readonly<Record<string, string>>, roundTripMs = 0, seed = 1) {
  const stage = await openStage({
    symbols: [benchSymbol(INSTRUMENT, 100_000_000)],
    paper: { seed, profile: STILL, faults: delays(roundTripMs), equityUsdt: '100000000', sessionMs: 86_400_000 },
    prepare: letAHold,
    env,
  });
  return { fillAndWait: (rounds: number) => fillAndWait(stage.paper, rounds, 2), close: stage.close };
}

/** A holds far more than one order hedges: B works it off order by order, and each of its fills asks for the next. */
function letAHold(paper: PaperServer): void {
  paper.exchange.control.position({ account: 'A', instrument: INSTRUMENT, size: HELD });
}

/** Fills B's oldest order and measures until the next create arrives, at any point of the 2 s loop. */
async function fillAndWait(paper: PaperServer, rounds: number, restingOrders: number): Promise<number[]> {
  const arrivals = listen(paper);
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const [oldest] = await until(() => (resting(paper, 'B').length >= restingOrders ? resting(paper, 'B') : null));
    await pause(GAP_MS + (Math.abs(round) % 10) * 200);
    arrivals.next = null;
    paper.exchange.control.fill({ account: 'B', client_order_id: oldest });
    const filledAt = performance.now();
    const tookMs = (await until(() => arrivals.next)) - filledAt;
    if (round >= 0) times.push(tookMs);
  }
  return times;
}

interface Arrivals {
  next: number | null;
}

function listen(paper: PaperServer): Arrivals {
  const arrivals: Arrivals = { next: null };
  const handle = paper.exchange.handle.bind(paper.exchange);
  paper.exchange.handle = (request, nowMs) => {
    if (request.path.endsWith('/create_order')) arrivals.next ??= performance.now();
    return handle(request, nowMs);
  };
  return arrivals;
}

/** Client ids of an account's resting orders. */
function resting(paper: PaperServer, name: AccountName): string[] {
  const account = paper.exchange.venue.accounts.find((one) => one.name === name);
  return [...(account?.active.values() ?? [])]
    .filter((order) => order.status === 'OPEN')
    .map((order) => order.clientOrderId);
}

async function until<T>(look: () => T | null): Promise<T> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const found = look();
    if (found !== null) return found;
    if (performance.now() > giveUpAt) throw new Error(`nothing happened for ${GIVE_UP_MS / 1000} s`);
    await pause(1);
  }
}

/**
 * What the original did: one loop, account after account, call after call, every 2 s; no streams, no priorities. Same
 * adapter, same machine, same exchange, but without its limits: this loop does not count its requests and would be refused.
 */
async function baseline(row: Row, rounds: number): Promise<number[]> {
  const paper = await startPaper({
    seed: 1,
    profile: STILL,
    faults: delays(row.roundTripMs),
    equityUsdt: '100000000',
    sessionMs: 86_400_000,
    rateLimits: false,
  });
  letAHold(paper);
  const [a, b] = paper.accounts;
  if (!a || !b) throw new Error('the embedded exchange has no two accounts');
  const exchange = createGrvtExchange({
    hosts: { edge: paper.url, trades: paper.url, marketData: paper.url },
    chainId: paper.chainId,
    accounts: { A: a, B: b },
    bookDepth: 10,
    rateScale: 10,
    clock: { nowMs: () => Date.now() },
  });
  let lastId = (0b1110n << 60n) + BigInt(Date.now());
  const place = async (account: AccountName, side: 'buy' | 'sell', size: Decimal) => {
    const book = await exchange.book(INSTRUMENT);
    const price = side === 'buy' ? book.bids[0]?.price : book.asks[0]?.price;
    if (!price) throw new Error('empty book');
    lastId += 1n;
    const clientOrderId = String(lastId);
    const expirationMs = exchange.exchangeNowMs() + 3_600_000;
    const nonce = Number(lastId & 0xffff_ffffn);
    await exchange.createOrder(
      exchange.sign({ account, instrument: INSTRUMENT, side, size, price, clientOrderId, nonce, expirationMs }),
    );
  };
  const positionOf = async (account: AccountName) => {
    const positions = await exchange.positions(account);
    await exchange.openOrders(account);
    await exchange.accountSummary(account);
    return positions.find((one) => one.instrument === INSTRUMENT)?.size ?? ZERO;
  };
  let running = true;
  const loop = async () => {
    while (running) {
      const held = await positionOf('A');
      const hedged = await positionOf('B');
      const net = held.plus(hedged);
      if (net.gt(0) && resting(paper, 'B').length === 0) await place('B', 'sell', STEP);
      await pause(2_000);
    }
  };
  try {
    for (const account of ACCOUNTS) await exchange.login(account);
    await exchange.instruments();
    const looping = loop();
    const times = await fillAndWait(paper, rounds, 1);
    running = false;
    await looping;
    return times;
  } finally {
    exchange.close();
    await paper.close();
  }
}
