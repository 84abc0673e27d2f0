import { ACCOUNTS } from '../src/core/model.ts';
import { type PaperServer, syntheticInstruments } from '../src/paper/index.ts';
import type { PaperOrder } from '../src/paper/model.ts';
import { cpuSeconds, residentMegabytes } from './load.ts';
import { benchSymbol, delays, openStage, pause, quantile } from './stage.ts';

/** What is measured, and on which exchange. */
export interface ScaleOptions {
  readonly symbols: number;
  readonly seconds: number;
  /** False: no request is turned away for being one too many. */
  readonly limits: boolean;
  readonly streams: boolean;
  readonly roundTripMs: number;
}

/** Before anything counts: the engine starts, quotes every symbol and compiles its code. */
const WARM_UP_MS = 20_000;
/** A stop that takes longer is reported as such. */
const STOP_MOST_MS = 60_000;

/** Many symbols on a lively market, within the exchange's limits: how soon a net is covered, and what it costs. */
export async function scale(options: ScaleOptions): Promise<void> {
  const { symbols, seconds, limits, streams, roundTripMs } = options;
  const instruments = syntheticInstruments(symbols);
  const stage = await openStage({
    symbols: instruments.map((instrument) => benchSymbol(instrument.name)),
    paper: { instruments, equityUsdt: '100000000', rateLimits: limits, faults: delays(roundTripMs) },
    env: { GRVT_HEDGE_STREAMS: streams ? '1' : '0' },
  });
  let stopped = false;
  try {
    const { pid } = stage.engine;
    if (pid === undefined) throw new Error('the engine did not start');
    const traffic = watchTraffic(stage.paper);
    const covers = watchCovers(stage.paper);
    await pause(WARM_UP_MS);
    covers.clear();
    traffic.clear();
    const limitedBefore = stage.paper.exchange.api.rateLimited;
    const cpuBefore = cpuSeconds(pid);
    await pause(seconds * 1_000);
    const cpu = (cpuSeconds(pid) - cpuBefore) / seconds;
    const memory = residentMegabytes(pid);
    const { times, open, quoted } = covers.read();
    const gaps = traffic.gaps();
    const units = traffic.units();
    const limited = stage.paper.exchange.api.rateLimited - limitedBefore;
    const ended = new Promise<number | null>((done) => stage.engine.once('exit', (code) => done(code)));
    const stopAt = performance.now();
    stage.engine.kill('SIGTERM');
    const gone = goneMs(stage.paper, stopAt);
    const code = await Promise.race([ended, pause(STOP_MOST_MS).then(() => 'still running' as const)]);
    const stopMs = performance.now() - stopAt;
    stopped = code !== 'still running';

    const head = `${symbols} lively symbols, limits ${limits ? 'on' : 'off'}, streams ${streams ? 'on' : 'off'}`;
    console.log(`${head}, round trip ${roundTripMs} ms, ${seconds} s after ${WARM_UP_MS / 1_000} s`);
    const ms = (values: readonly number[], share: number) => `${quantile(values, share).toFixed(1)} ms`;
    console.log(
      `fill → create   p50 ${ms(times, 0.5)}   p90 ${ms(times, 0.9)}   p99 ${ms(times, 0.99)}   max ${ms(times, 1)}   ` +
        `(${times.length} nets, ${open} still uncovered, ${quoted} of ${symbols} symbols quoted)`,
    );
    console.log(`429             ${limited} (${stage.paper.exchange.api.rateLimited} since the start)`);
    const row = (account: string) =>
      (['read', 'create', 'cancel'] as const)
        .map((bucket) => `${bucket} ${((units.get(`${account} ${bucket}`) ?? 0) / seconds).toFixed(1)}`)
        .join('   ');
    for (const account of ACCOUNTS) console.log(`units/s ${account}       ${row(account)}`);
    console.log(`units/s market  ${((units.get('market read') ?? 0) / seconds).toFixed(1)}`);
    for (const account of ACCOUNTS) {
      const list = gaps.get(account) ?? [];
      console.log(`reading gaps ${account}  p50 ${ms(list, 0.5)}   max ${ms(list, 1)}   (${list.length})`);
    }
    console.log(`CPU ${(cpu * 100).toFixed(0)} % of one core, memory ${memory.toFixed(0)} MB`);
    console.log(
      `stop            own orders gone after ${await gone}, exit ${code} after ${(stopMs / 1_000).toFixed(1)} s`,
    );
  } finally {
    if (!stopped) stage.engine.kill('SIGKILL');
    await stage.close();
  }
}

/** When no order of ours rests any more, counted from `since`. */
async function goneMs(paper: PaperServer, since: number): Promise<string> {
  const { accounts } = paper.exchange.venue;
  while (performance.now() - since < STOP_MOST_MS) {
    if (accounts.every((account) => account.active.size === 0)) {
      return `${((performance.now() - since) / 1_000).toFixed(2)} s`;
    }
    await pause(5);
  }
  return `more than ${STOP_MOST_MS / 1_000} s`;
}

/** Weights spent and times of whole readings, as requests arrive. */
function watchTraffic(paper: PaperServer) {
  const units = new Map<string, number>();
  const readAt = new Map<string, number[]>();
  const nameOf = new Map(paper.accounts.map((account) => [account.subAccountId, account.name]));
  const handle = paper.exchange.handle.bind(paper.exchange);
  paper.exchange.handle = (request, nowMs) => {
    const route = request.path.split('/').at(-1) ?? '';
    const session = paper.exchange.sessions.authenticate(request.headers, paper.exchange.venue.clockMs);
    const who = (session && nameOf.get(session.credentials.subAccountId)) ?? 'market';
    const bulk = { creates: 0, cancels: 1 };
    for (const [bucket, weight] of Object.entries(paper.exchange.api.chargeOf(route, bulk))) {
      units.set(`${who} ${bucket}`, (units.get(`${who} ${bucket}`) ?? 0) + weight);
    }
    if (route === 'positions') readAt.set(who, [...(readAt.get(who) ?? []), performance.now()]);
    return handle(request, nowMs);
  };
  return {
    clear: () => {
      units.clear();
      readAt.clear();
    },
    units: () => new Map(units),
    gaps: () =>
      new Map([...readAt].map(([who, times]) => [who, times.slice(1).map((at, index) => at - (times[index] ?? at))])),
  };
}

/**
 * From a fill that leaves a net uncovered to the arrival of a create against it, by instrument. What is traded of an order that is
 * still open waits by strategy 4.3 and counts as not traded yet; a net is uncovered when it, less the live orders against it,
 * could be traded. One that ends by another fill, or that two live orders already face (8.1), is no sample.
 */
function watchCovers(paper: PaperServer) {
  const { venue } = paper.exchange;
  const since = new Map<string, number>();
  const times: number[] = [];
  const quoted = new Set<string>();
  const look = (instrument: string) => {
    const { spec } = venue.book(instrument);
    let net = 0n;
    const live: PaperOrder[] = [];
    for (const account of venue.accounts) {
      net += account.holdings.get(instrument)?.size ?? 0n;
      for (const order of account.active.values()) {
        if (order.instrument !== instrument) continue;
        live.push(order);
        net -= order.buy ? order.traded : -order.traded;
      }
    }
    const size = net < 0n ? -net : net;
    const against = live.filter((order) => order.buy === net < 0n);
    const covered = against.reduce((sum, order) => sum + order.size, 0n);
    const least = (spec.minNotional * 1_020_000_000n) / venue.mark(instrument);
    const tradable = size - covered >= (least > spec.minSize ? least : spec.minSize) + spec.minSize;
    return { net, isUncovered: tradable && against.length < 2 };
  };
  venue.onEvent((event) => {
    if (event.type !== 'order' || event.order.traded === 0n) return;
    const { instrument } = event.order;
    const { isUncovered } = look(instrument);
    if (!isUncovered) since.delete(instrument);
    else if (!since.has(instrument)) since.set(instrument, performance.now());
  });
  const handle = paper.exchange.handle.bind(paper.exchange);
  paper.exchange.handle = (request, nowMs) => {
    if (request.path.endsWith('/create_order')) {
      const arrivedAt = performance.now();
      const { instrument, buy } = legOf(request.body);
      quoted.add(instrument);
      const began = since.get(instrument);
      if (began !== undefined && look(instrument).net < 0n === buy) {
        times.push(arrivedAt - began);
        since.delete(instrument);
      }
    }
    return handle(request, nowMs);
  };
  return {
    clear: () => {
      since.clear();
      times.splice(0);
    },
    read: () => ({ times: [...times], open: since.size, quoted: quoted.size }),
  };
}

/** Instrument and side of a create, under lite or full names. */
function legOf(body: string): { readonly instrument: string; readonly buy: boolean } {
  const { o, order = o } = JSON.parse(body);
  const { l, legs = l } = order;
  const { i, instrument = i, ib, is_buying_asset: buy = ib } = legs[0];
  return { instrument, buy };
}
