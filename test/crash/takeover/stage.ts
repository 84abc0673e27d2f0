import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pair, Run } from '../../support/lease-pair.ts';
import type { TestPostgres } from '../../support/postgres.ts';
import { startWire, type Wire } from '../../support/wire.ts';
import type { Order, Point } from './freeze-hook.ts';

/** Two engines that take over from each other, each with wires of its own to the exchange and to the database. */

const HOOK = join(import.meta.dirname, 'freeze-hook.ts');
const LOOK_MS = 25;
/** Between two fills that lead to a create. */
const PROVOKE_MS = 2_000;
/** What an engine must never say. */
const WRONG = /invariant .*broken|A safety rule|A defect|[Aa]nother engine trades these accounts/;

/** A create in the moment in which it is handed to the exchange. */
export interface Arrival {
  readonly clientOrderId: string;
  readonly atMs: number;
  readonly member: string;
}

export class Member {
  readonly name: string;
  readonly exchange: Wire;
  readonly database: Wire;
  readonly problems: string[] = [];
  run: Run;
  /** Of the newest lease it has held, and when it was taken; 0: none yet. */
  epoch = 0;
  leasedAtMs = 0;
  /** It trades by that lease. */
  trades = false;
  /** Sub-accounts whose positions it has asked for since. */
  readonly #read = new Set<string>();
  /** When it had asked for both; null: not yet. */
  readAtMs: number | null = null;
  readonly #pair: Pair;

  private constructor(pair: Pair, name: string, wires: readonly [Wire, Wire]) {
    this.#pair = pair;
    this.name = name;
    [this.exchange, this.database] = wires;
    this.run = this.#start();
  }

  static async begin(
    pair: Pair,
    name: string,
    server: TestPostgres,
    onCreate: (one: Arrival) => void,
  ): Promise<Member> {
    const paths = new WeakMap<Socket, string>();
    const member: { value: Member | null } = { value: null };
    const request = (text: string, from: Socket) => {
      const path = /POST (\S+) HTTP/.exec(text)?.[1];
      if (path !== undefined) paths.set(from, path);
      const of = paths.get(from) ?? '';
      const account = /"sa":"(\d+)"/.exec(text)?.[1];
      if (of.endsWith('/positions') && account !== undefined) member.value?.hasRead(account);
      const id = /"client_order_id":\s*"(\d+)"/.exec(text)?.[1];
      if (of.endsWith('/create_order') && id !== undefined)
        onCreate({ clientOrderId: id, atMs: Date.now(), member: name });
    };
    const exchange = await startWire(Number(new URL(pair.paper.url).port), { request });
    const database = await startWire(server.port);
    member.value = new Member(pair, name, [exchange, database]);
    return member.value;
  }

  get lives(): boolean {
    return this.run.child.exitCode === null && this.run.child.signalCode === null;
  }

  restart(): void {
    this.run = this.#start();
  }

  hasRead(account: string): void {
    if (this.epoch === 0) return;
    this.#read.add(account);
    if (this.#read.size === 2) this.readAtMs ??= Date.now();
  }

  tell(order: Order): void {
    this.run.child.send(order);
  }

  /**
   * Waits until the process has stopped itself there.
   *
   * @param provoke makes it create something
   * @returns whether it came to that
   */
  async frozenAt(point: Point, withinMs: number, provoke: () => void): Promise<boolean> {
    this.tell({ freezeAt: point });
    let next = 0;
    for (const began = Date.now(); Date.now() - began < withinMs; await pause(LOOK_MS)) {
      if (this.isStopped()) return true;
      if (Date.now() < next) continue;
      provoke();
      next = Date.now() + PROVOKE_MS;
    }
    this.tell({ freezeAt: null });
    await pause(10 * LOOK_MS);
    return this.isStopped();
  }

  isStopped(): boolean {
    const stat = readFileSync(`/proc/${this.run.child.pid}/stat`, 'latin1');
    return /\) [Tt] /.test(stat);
  }

  freeze(): void {
    this.run.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.run.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.run.child.kill('SIGKILL');
    await this.run.exit;
    this.trades = false;
  }

  #start(): Run {
    this.trades = false;
    const through = (url: string, wire: Wire) => {
      const at = new URL(url);
      at.port = String(wire.port);
      return at.href.replace(/\/$/, '');
    };
    const exchange = through(this.#pair.paper.url, this.exchange);
    const hosts = ['EDGE', 'TRADES', 'MARKET_DATA'].map((host) => [`GRVT_${host}_URL`, exchange]);
    const env = {
      ...Object.fromEntries(hosts),
      GRVT_HEDGE_JOURNAL_URL: through(this.#pair.url, this.database),
      GRVT_HEDGE_LOOP_INTERVAL_SEC: '0.5',
      // What may still arrive holds up a symbol for as long: there is something to create at the next event.
      GRVT_HEDGE_ORDER_TTL_SEC: '60',
    };
    const run = this.#pair.start(this.name, ['--standby'], env, HOOK);
    let line = '';
    run.child.stdout?.on('data', (data) => {
      const lines = `${line}${data}`.split('\n');
      line = lines.pop() ?? '';
      for (const one of lines) this.#says(one);
    });
    return run;
  }

  #says(line: string): void {
    const epoch = /Journal: .*, epoch (\d+)/.exec(line)?.[1];
    if (epoch !== undefined) {
      [this.epoch, this.leasedAtMs, this.readAtMs, this.trades] = [Number(epoch), Date.now(), null, false];
      this.#read.clear();
    }
    if (/Started on dev/.test(line)) this.trades = true;
    if (/This engine (?:stands by|ends)/.test(line)) this.trades = false;
    if (WRONG.test(line)) this.problems.push(line);
  }
}

/** Waits until one of them trades and has asked for both accounts: the one of the newest lease. @throws with what they said */
export async function untilTrades(
  members: readonly Member[],
  withinMs: number,
  isMeant: (one: Member) => boolean = () => true,
): Promise<Member> {
  const latest = () => members.filter((one) => one.lives && one.trades && one.readAtMs !== null && isMeant(one));
  for (const began = Date.now(); Date.now() - began < withinMs; await pause(LOOK_MS)) {
    const [found] = latest().sort((one, other) => other.leasedAtMs - one.leasedAtMs);
    if (found !== undefined) return found;
  }
  const screens = members.map((one) => `${one.name}:\n${one.run.screen().slice(-2_500)}`);
  throw new Error(`nobody trades within ${withinMs} ms\n${screens.join('\n')}`);
}
