import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startProxy, type TestProxy } from '../journal/postgres/proxy.ts';
import { type Pair, type Run, withPair } from '../support/lease-pair.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

/**
 * Two engines and a standby of each other, by hand: every some seconds the holder is killed, frozen (and thawed after the
 * take-over, or before it), or cut off from the database. Judged at the exchange and in the database (strategy 18.2).
 *
 *   npx node test/crash/take-over.ts --minutes 10 --every 20 --seed 1
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    every: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const [minutes, everyMs, seed] = [Number(values.minutes), 1_000 * Number(values.every), Number(values.seed)];

const BNB = 'BNB_USDT_Perp';
/** From the holder's silence until the next one trades (strategy 18.2). */
const TAKE_OVER_MS = 15_000;
/** A thaw that comes before the lease runs out, and one that comes after it. */
const SHORT_MS = 4_000;
const LONG_MS = 14_000;
const START_MS = 30_000;
const EVENTS = ['kill', 'freeze-short', 'freeze-long', 'cut', 'database'] as const;
type Event = (typeof EVENTS)[number];

/** A small generator with a seed: what happens when is the same again, as far as processes allow. */
let state = seed;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

interface Member {
  readonly name: string;
  readonly proxy: TestProxy;
  run: Run;
}

let server: TestPostgres;
const problems: string[] = [];

async function member(pair: Pair, name: string): Promise<Member> {
  const proxy = await startProxy(server.port);
  return { name, proxy, run: begin(pair, name, proxy) };
}

function begin(pair: Pair, name: string, proxy: TestProxy): Run {
  const through = pair.url.replace(`:${server.port}/`, `:${proxy.port}/`);
  return pair.start(name, ['--standby'], { GRVT_HEDGE_JOURNAL_URL: through });
}

async function rows(pair: Pair, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: pair.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Who trades: the pid in the lease's row, once it says that it has started. */
async function holder(members: readonly Member[], withinMs: number, not: Member | null = null): Promise<Member> {
  const began = performance.now();
  while (performance.now() - began < withinMs) {
    for (const one of members) {
      const lives = one.run.child.exitCode === null && one.run.child.signalCode === null;
      if (one !== not && lives && /Started on dev/.test(one.run.screen())) return one;
    }
    await pause(50);
  }
  throw new Error(
    `nobody trades within ${withinMs} ms:\n${members.map((one) => one.run.screen().slice(-2_000)).join('\n----\n')}`,
  );
}

/** @returns milliseconds until another one traded; null: nobody had to take over */
async function happens(event: Event, victim: Member, members: readonly Member[], pair: Pair): Promise<number | null> {
  const began = performance.now();
  const taken = async () => {
    await holder(members, 2 * TAKE_OVER_MS, victim);
    return performance.now() - began;
  };
  switch (event) {
    case 'kill': {
      victim.run.child.kill('SIGKILL');
      await victim.run.exit;
      return taken();
    }
    case 'freeze-short': {
      victim.run.child.kill('SIGSTOP');
      await pause(SHORT_MS);
      victim.run.child.kill('SIGCONT');
      return null;
    }
    case 'freeze-long': {
      victim.run.child.kill('SIGSTOP');
      const tookMs = await taken();
      await pause(Math.max(0, LONG_MS - tookMs));
      victim.run.child.kill('SIGCONT');
      const code = await victim.run.exit;
      assert.equal(code, 69, victim.run.screen().slice(-2_000));
      return tookMs;
    }
    case 'cut': {
      victim.proxy.refuse(true);
      const tookMs = await taken();
      victim.proxy.refuse(false);
      await victim.run.exit;
      return tookMs;
    }
    case 'database': {
      await server.crash();
      void pair;
      return null;
    }
  }
}

interface PaperState {
  readonly accounts: readonly {
    readonly account: string;
    readonly positions: readonly { readonly instrument: string; readonly size: string }[];
    readonly open_orders: readonly { readonly metadata: { readonly client_order_id: string } }[];
  }[];
}

const stateOf = (pair: Pair) => pair.paper.exchange.control.state() as PaperState;

function resting(pair: Pair): string[] {
  return stateOf(pair).accounts.flatMap((one) => one.open_orders.map((order) => order.metadata.client_order_id));
}

/** A + B at the exchange. */
function netOf(pair: Pair): number {
  return stateOf(pair)
    .accounts.flatMap((one) => one.positions.filter((position) => position.instrument === BNB))
    .reduce((sum, position) => sum + Number(position.size), 0);
}

/** What both accounts' openings can come to at once: an order each, and what a fill of the other leaves. */
const NET_MAX = 4 * 0.8;

async function judge(pair: Pair, members: readonly Member[]): Promise<void> {
  const twice = "SELECT key FROM grvt_hedge.entries WHERE kind = 'order.prepared' GROUP BY key HAVING count(*) > 1";
  for (const { key } of await rows(pair, twice)) problems.push(`client id ${key} was prepared twice`);
  const known = new Set(
    (await rows(pair, "SELECT key FROM grvt_hedge.entries WHERE kind = 'order.prepared'")).map(({ key }) => key),
  );
  for (const id of resting(pair)) if (!known.has(id)) problems.push(`order ${id} rests and is in no journal`);
  const net = netOf(pair);
  if (Math.abs(net) > NET_MAX) problems.push(`net of ${net} at the exchange`);
  for (const { name, run } of members) {
    const found = /(?:invariant .*broken|A safety rule|Another engine trades|A defect).*/i.exec(run.screen());
    if (found !== null) problems.push(`${name}: ${found[0]}`);
  }
}

/** The ledger's net is that of the exchange: no lot was lost, none made up. */
async function judgeLots(pair: Pair): Promise<void> {
  const sql = "SELECT body FROM grvt_hedge.entries WHERE kind = 'symbol.state' ORDER BY seq DESC LIMIT 1";
  const [last] = await rows(pair, sql);
  const { lots } = JSON.parse(String(last?.body)) as { lots: { side: string; size: { $d: string } }[] };
  const net = lots.reduce((sum, lot) => sum + (lot.side === 'buy' ? 1 : -1) * Number(lot.size.$d), 0);
  if (Math.abs(net - netOf(pair)) > 1e-9) problems.push(`the ledger's net is ${net}, the exchange's ${netOf(pair)}`);
}

server = await startPostgres();
const counts = new Map<string, number>();
let slowestMs = 0;
try {
  await withPair(server, async (pair) => {
    const members = await Promise.all(['one', 'two'].map((name) => member(pair, name)));
    await holder(members, START_MS);
    const endMs = Date.now() + minutes * 60_000;
    while (Date.now() < endMs) {
      await pause(everyMs * (0.5 + random()));
      const victim = await holder(members, TAKE_OVER_MS + 10_000);
      const event = EVENTS[Math.floor(random() * EVENTS.length)] ?? 'kill';
      counts.set(event, (counts.get(event) ?? 0) + 1);
      const tookMs = await happens(event, victim, members, pair);
      if (tookMs !== null) {
        slowestMs = Math.max(slowestMs, tookMs);
        if (tookMs > TAKE_OVER_MS) {
          const screens = members.map((one) => `${one.name}:\n${one.run.screen().slice(0, 2_500)}`).join('\n');
          problems.push(`${event} of ${victim.name}: ${Math.round(tookMs)} ms until another one traded\n${screens}`);
        }
      }
      for (const one of members) {
        if (one.run.child.exitCode === null && one.run.child.signalCode === null) continue;
        // 69: its epoch was over. A supervisor starts it again.
        if (one.run.child.exitCode !== null && one.run.child.exitCode !== 69)
          problems.push(`${one.name} ended with ${one.run.child.exitCode}\n${one.run.screen().slice(-2_000)}`);
        one.run = begin(pair, one.name, one.proxy);
      }
      await judge(pair, members);
      console.log(`${new Date().toISOString()} ${event} ${tookMs === null ? '' : `${Math.round(tookMs)} ms`}`);
    }
    const last = await holder(members, TAKE_OVER_MS + 10_000);
    for (const { run } of members.filter((one) => one !== last)) run.child.kill('SIGKILL');
    last.run.child.kill('SIGINT');
    const code = await last.run.exit;
    if (code !== 0) problems.push(`the last one stopped with ${code}\n${last.run.screen().slice(-3_000)}`);
    const left = resting(pair);
    if (left.length > 0) problems.push(`orders rest after an orderly stop: ${left.join(', ')}`);
    await judge(pair, members);
    await judgeLots(pair);
    for (const one of members) one.proxy.close();
  });
} finally {
  server.stop();
}
console.log(
  JSON.stringify({ events: Object.fromEntries(counts), slowestMs: Math.round(slowestMs), problems }, null, 2),
);
process.exitCode = problems.length === 0 ? 0 : 1;
