import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Pair } from '../../support/lease-pair.ts';
import type { Arrival } from './stage.ts';

/** What is to hold of two engines that take over from each other, judged at the exchange and in the database (strategy 18.2). */

/** Own orders and lots agree with the exchange within this, while the market stands still. */
const AGREE_MS = 20_000;
const LOOK_MS = 200;
/** Outcomes that promise that an order never came to be. */
const NEVER_WAS = ['absent', 'unsent', 'refused'];

interface PaperState {
  readonly instruments: readonly { readonly instrument: string; readonly mark_price: string }[];
  readonly accounts: readonly {
    readonly account: string;
    readonly positions: readonly { readonly instrument: string; readonly size: string }[];
    readonly open_orders: readonly {
      readonly legs: readonly { readonly instrument: string }[];
      readonly metadata: { readonly client_order_id: string };
    }[];
  }[];
}

interface SymbolBody {
  readonly lots: readonly { readonly side: string; readonly size: { readonly $d: string } }[];
  readonly orders: readonly {
    readonly clientOrderId: string;
    readonly side: string;
    readonly tradedSize: { readonly $d: string };
    /** Of it, what is in the lots. */
    readonly bookedSize: { readonly $d: string };
  }[];
}

export class Judge {
  readonly problems: string[] = [];
  /** Creates that reached the exchange when another engine held the lease. */
  late = 0;
  /** Of those, what the database does not know any more: its copy was behind. */
  lateAndLost = 0;
  arrived = 0;
  undecided = 0;
  netMax = 0;
  readonly #pair: Pair;
  readonly #instruments: readonly string[];
  readonly #netLimit: number;
  readonly #ids = new Set<string>();
  readonly #address: () => string;
  readonly #watch: NodeJS.Timeout;
  #hasLostEntries = false;

  /** @param netLimit USDT: how far fills may take A + B of an instrument (strategy 6.4) */
  constructor(pair: Pair, instruments: readonly string[], netLimit: number, address: () => string) {
    this.#pair = pair;
    this.#instruments = instruments;
    this.#netLimit = netLimit;
    this.#address = address;
    this.#watch = setInterval(() => this.#net(), LOOK_MS);
  }

  /** Whether what was sent before may be missing in the database. */
  entriesLost(areLost: boolean): void {
    this.#hasLostEntries = areLost;
  }

  /** A create reaches the exchange: it was prepared, and whoever holds the lease now has not taken it for one that never was. */
  async arrives({ clientOrderId, member }: Arrival): Promise<void> {
    this.arrived += 1;
    if (this.#ids.has(clientOrderId)) this.problems.push(`${member}: client id ${clientOrderId} was sent twice`);
    this.#ids.add(clientOrderId);
    const sql = `SELECT p.epoch AS now, e.epoch AS of,
        (SELECT array_agg(o.body) FROM grvt_hedge.entries AS o WHERE o.kind = 'order.outcome' AND o.key = $1) AS outcomes
      FROM grvt_hedge.pairs AS p LEFT JOIN grvt_hedge.entries AS e ON e.kind = 'order.prepared' AND e.key = $1`;
    const [row] = await this.#rows(sql, [clientOrderId]).catch(() => [null]);
    if (row === null || row === undefined) {
      this.undecided += 1;
      return;
    }
    const { now, of, outcomes } = row as { now: string; of: string | null; outcomes: string[] | null };
    if (of === null) {
      if (this.#hasLostEntries) this.lateAndLost += 1;
      else this.problems.push(`${member}: create ${clientOrderId} left and is in no journal`);
      return;
    }
    if (of === now) return;
    this.late += 1;
    const proven = (outcomes ?? []).map((body) => (JSON.parse(body) as { outcome: string }).outcome);
    if (proven.some((outcome) => NEVER_WAS.includes(outcome)))
      this.problems.push(
        `${member}: create ${clientOrderId} of epoch ${of} came in epoch ${now}, and counted as ${proven}`,
      );
  }

  /** Nothing is lost: while the market stands still, lots and orders of the journal become those of the exchange. */
  async agrees(what: string): Promise<void> {
    for (const instrument of this.#instruments) this.#pair.paper.exchange.control.market({ instrument, frozen: true });
    let found: string[] = [];
    for (const began = Date.now(); Date.now() - began < AGREE_MS; await pause(LOOK_MS)) {
      found = await this.#differences().catch((thrown: unknown) => [String(thrown)]);
      if (found.length === 0) break;
    }
    this.problems.push(...found.map((one) => `after ${what}: ${one}`));
    for (const instrument of this.#instruments) this.#pair.paper.exchange.control.market({ instrument, frozen: false });
  }

  /** After an orderly stop. */
  async atTheEnd(): Promise<void> {
    clearInterval(this.#watch);
    for (const { id } of this.#resting()) this.problems.push(`order ${id} rests after an orderly stop`);
    const twice = "SELECT key FROM grvt_hedge.entries WHERE kind = 'order.prepared' GROUP BY key HAVING count(*) > 1";
    for (const { key } of await this.#rows(twice)) this.problems.push(`client id ${key} was prepared twice`);
  }

  async #differences(): Promise<string[]> {
    const sql = `SELECT DISTINCT ON (key) key, body FROM grvt_hedge.entries WHERE kind = 'symbol.state' ORDER BY key, seq DESC`;
    const states = (await this.#rows(sql)).map(
      ({ key, body }) => [String(key), JSON.parse(String(body)) as SymbolBody] as const,
    );
    const known = new Set(states.flatMap(([, { orders }]) => orders.map((order) => order.clientOrderId)));
    const orphans = this.#resting().filter(({ id }) => !known.has(id));
    return [
      ...orphans.map(({ id }) => `order ${id} rests and nobody manages it`),
      ...states.flatMap(([instrument, { lots, orders }]) => {
        const waiting = orders.map((one) => [one.side, Number(one.tradedSize.$d) - Number(one.bookedSize.$d)] as const);
        const rows = [...lots.map((lot) => [lot.side, Number(lot.size.$d)] as const), ...waiting];
        const net = rows.reduce((sum, [side, size]) => sum + (side === 'buy' ? size : -size), 0);
        const held = this.#netOf(instrument);
        return Math.abs(net - held) < 1e-9 ? [] : [`${instrument}: the ledger's net is ${net}, the exchange's ${held}`];
      }),
    ];
  }

  #state(): PaperState {
    return this.#pair.paper.exchange.control.state() as PaperState;
  }

  /** A taker fills an order of the engines, if one rests, so that there is something to create. */
  fillOne(): void {
    const [order] = this.#state().accounts.flatMap(({ account, open_orders: [one] }) =>
      one === undefined ? [] : [{ account, client_order_id: one.metadata.client_order_id }],
    );
    if (order !== undefined) this.#pair.paper.exchange.control.fill(order);
  }

  #resting(): { readonly id: string }[] {
    return this.#state().accounts.flatMap((one) =>
      one.open_orders.map((order) => ({ id: order.metadata.client_order_id })),
    );
  }

  #netOf(instrument: string, state = this.#state()): number {
    const rows = state.accounts.flatMap((one) =>
      one.positions.filter((position) => position.instrument === instrument),
    );
    return rows.reduce((sum, position) => sum + Number(position.size), 0);
  }

  #net(): void {
    const state = this.#state();
    for (const instrument of this.#instruments) {
      const mark = state.instruments.find((one) => one.instrument === instrument)?.mark_price;
      const net = Math.abs(this.#netOf(instrument, state)) * Number(mark);
      if (net > this.#netLimit && net > this.netMax) this.problems.push(`${instrument}: a net of ${net} USDT`);
      this.netMax = Math.max(this.netMax, net);
    }
  }

  async #rows(sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({
      connectionString: this.#address(),
      connectionTimeoutMillis: 2_000,
      statement_timeout: 2_000,
    });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }
}
