import { MarketWriter, readMarket } from '../market/store.ts';
import { createPaper, type InstrumentSpec, type MarketProfile } from '../paper/index.ts';
import { play } from './play.ts';
import { DEFAULT_LATENCY, type Question, type Row } from './question.ts';

/**
 * Compares a replay with its original (strategy 19.4): the embedded exchange's market is recorded without an engine;
 * then, in one window after the other, the engine trades at the smallest sizes both on that exchange and on the
 * recording. Its creates are equal until something differs, which is reported.
 */
export interface SelfCheck {
  readonly windows: readonly Window[];
  /** Creates equal in both, all windows. */
  readonly sameCreates: number;
  readonly sameFills: number;
}

export interface Window {
  readonly fromMs: number;
  readonly sameCreates: number;
  readonly sameFills: number;
  /** null: nothing differed until its end. */
  readonly difference: Difference | null;
}

/**
 * `queue`: a trade reached the order's price and filled it in only one of them, because the queue in front of it is
 * computed differently. `passed`: the exchange's market moved through the order; in a replay a moving book fills
 * nothing (19.2). `other`: neither, or a create that no fill explains, which would be a defect.
 */
export type Difference = {
  readonly kind: 'queue' | 'passed' | 'other';
  readonly atMs: number;
  readonly live: string;
  readonly replay: string;
};

export interface SelfCheckOptions {
  /** An empty directory for the recording. */
  readonly directory: string;
  readonly spec: InstrumentSpec;
  readonly profile: MarketProfile;
  readonly seed: number;
  readonly fromMs: number;
  readonly hours: number;
  readonly onWindow?: (done: number, of: number) => void;
}

const WINDOW_MS = 120_000;
/** A market step: what happens within one counts as simultaneous. */
const MOMENT_MS = 250;

/** One create or fill, and its time. */
interface Event {
  readonly atMs: number;
  readonly text: string;
  readonly price: bigint;
  readonly buys: boolean;
}

export async function selfCheck(options: SelfCheckOptions): Promise<SelfCheck> {
  const { directory, spec, fromMs, hours, onWindow } = options;
  // A market that moves against orders in flight would differ between with and without an engine.
  const profile = { ...options.profile, raceChance: 0 };
  const toMs = fromMs + hours * 3_600_000;
  recordSteps({ ...options, profile }, toMs);
  const recorded = pricesOf(directory, spec.name);
  const windows: Window[] = [];
  const count = Math.floor((toMs - fromMs) / WINDOW_MS);
  for (let index = 0; index < count; index += 1) {
    const range = { fromMs: fromMs + index * WINDOW_MS, toMs: fromMs + (index + 1) * WINDOW_MS };
    const question = questionOf(options, range);
    const live = await eventsOf({ ...question, seeded: { profile, fromMs } });
    const replay = await eventsOf(question);
    windows.push(compared(range.fromMs, live, replay, recorded));
    onWindow?.(index + 1, count);
  }
  const sum = (of: (window: Window) => number): number => windows.reduce((total, window) => total + of(window), 0);
  return { windows, sameCreates: sum((one) => one.sameCreates), sameFills: sum((one) => one.sameFills) };
}

/**
 * Every step of that market, and each of its trades, while nobody trades in it. A stream would show every other step only, and each
 * difference could be the book between two of them.
 */
function recordSteps({ directory, spec, seed, profile, fromMs }: SelfCheckOptions, toMs: number): void {
  const { venue } = createPaper({ seed, startMs: fromMs, instruments: [spec], profile });
  const writer = new MarketWriter(directory, spec.name);
  const timed = () => ({ atMs: venue.nowMs, exchangeNs: BigInt(venue.nowMs) * 1_000_000n });
  const show = (): void => {
    const [bids, asks] = [venue.levels(spec.name, false, DEPTH), venue.levels(spec.name, true, DEPTH)];
    const [mark, index] = [venue.mark(spec.name), venue.book(spec.name).market.index()];
    writer.append({ kind: 'book', ...timed(), bids, asks });
    writer.append({ kind: 'mark', ...timed(), mark, index });
  };
  writer.append({ kind: 'instrument', atMs: fromMs, spec });
  show();
  venue.onEvent((event) => {
    if (event.type === 'step') show();
    if (event.type !== 'trade') return;
    const { takerBuys, price, size, tradeId: id } = event.trade;
    writer.append({ kind: 'trade', ...timed(), takerBuys, price, size, id });
  });
  venue.advance(toMs);
  writer.close();
}

const DEPTH = 10;

function questionOf({ directory, spec, seed }: SelfCheckOptions, range: Question['range']): Question {
  const least = (Number(spec.minNotional) / 1e9) * 2 + (Number(spec.minSize) * Number(spec.startPrice)) / 1e18;
  const order = Math.ceil(least);
  const row: Row = {
    ...{ instrument: spec.name, order_notional_usdt: order, imbalance_limit_usdt: 2 * order },
    ...{ max_total_position_usdt: 100 * order, min_total_position_usdt: 0 },
    ...{ a_side_when_equal: 'buy', position_mode: 'increase' },
  };
  return {
    ...{ directory, range, seed, splitMs: null, fill: 'conservative', seeded: null, invented: null, audit: true },
    symbols: [{ spec, isDrawn: false, without: null }],
    ...{ equityUsdt: '10000', makerFeePercent: '-0.0001', takerFeePercent: '0.045', fundingPercent: null },
    ...{ latency: DEFAULT_LATENCY, variables: {}, rows: [row] },
  };
}

async function eventsOf(question: Question): Promise<{ readonly creates: Event[]; readonly fills: Event[] }> {
  const creates: Event[] = [];
  const fills: Event[] = [];
  await play(question, {
    onFact: (fact, atMs) => {
      if (fact.type !== 'order.sent') return;
      const text = `${fact.account} ${fact.side} ${fact.size}@${fact.price}`;
      creates.push({ atMs, text, price: BigInt(fact.price.mul(1e9).toFixed(0)), buys: fact.side === 'buy' });
    },
    onFill: ({ order, price, size }, atMs) => {
      const text = `${order.account.name} ${order.buy ? 'buy' : 'sell'} ${Number(size) / 1e9}@${Number(price) / 1e9}`;
      fills.push({ atMs, text, price, buys: order.buy });
    },
  });
  return { creates, fills };
}

type Run = Awaited<ReturnType<typeof eventsOf>>;

function compared(fromMs: number, live: Run, replay: Run, recorded: Recorded): Window {
  const [create, fill] = [firstDifference(live.creates, replay.creates), firstDifference(live.fills, replay.fills)];
  const before = Math.min(create?.atMs ?? Number.POSITIVE_INFINITY, fill?.atMs ?? Number.POSITIVE_INFINITY);
  const same = (events: readonly Event[]): number => events.filter(({ atMs }) => atMs < before).length;
  const counts = { fromMs, sameCreates: same(live.creates), sameFills: same(live.fills) };
  const isFill = fill !== null && (create === null || fill.atMs <= create.atMs);
  const which = isFill ? fill : create;
  if (which === null) return { ...counts, difference: null };
  const { atMs, live: one, replay: other } = which;
  const told = { atMs, live: shown(one), replay: shown(other) };
  return { ...counts, difference: { kind: isFill ? fillKind(which, recorded) : 'other', ...told } };
}

interface Pair {
  readonly atMs: number;
  readonly live: Event | null;
  readonly replay: Event | null;
}

/** The first entry that only one list has, or at another time. */
function firstDifference(live: readonly Event[], replay: readonly Event[]): Pair | null {
  for (let index = 0; index < Math.max(live.length, replay.length); index += 1) {
    const [one, other] = [live[index] ?? null, replay[index] ?? null];
    // The exchange stamps the moment, a recording the step's end.
    if (one?.text === other?.text && Math.abs((one?.atMs ?? 0) - (other?.atMs ?? 0)) <= 1) continue;
    const atMs = Math.min(one?.atMs ?? Number.POSITIVE_INFINITY, other?.atMs ?? Number.POSITIVE_INFINITY);
    return { atMs, live: one, replay: other };
  }
  return null;
}

function shown(event: Event | null): string {
  return event === null ? 'nothing' : `${new Date(event.atMs).toISOString().slice(11, 23)} ${event.text}`;
}

/** What reached the price of the order that was filled in only one of them. */
function fillKind({ atMs, live, replay }: Pair, recorded: Recorded): 'queue' | 'passed' | 'other' {
  const filled = live !== null && live.atMs === atMs ? live : replay;
  if (filled === null) return 'other';
  const { buys, price } = filled;
  const near = recorded.filter((one) => one.atMs >= atMs - MOMENT_MS && one.atMs <= atMs + 2 * MOMENT_MS);
  const reached = (one: bigint): boolean => (buys ? one <= price : one >= price);
  if (near.some((one) => one.kind === 'trade' && one.takerBuys !== buys && reached(one.price))) return 'queue';
  if (near.some((one) => one.kind === 'touch' && reached(buys ? one.ask : one.bid))) return 'passed';
  return 'other';
}

type Recorded = readonly (
  | { readonly kind: 'trade'; readonly atMs: number; readonly takerBuys: boolean; readonly price: bigint }
  | { readonly kind: 'touch'; readonly atMs: number; readonly bid: bigint; readonly ask: bigint }
)[];

function pricesOf(directory: string, symbol: string): Recorded {
  return [...readMarket(directory, symbol)].flatMap((record): Recorded[number][] => {
    if (record.kind === 'trade') {
      const { atMs, takerBuys, price } = record;
      return [{ kind: 'trade', atMs, takerBuys, price }];
    }
    const [bid, ask] = record.kind === 'book' ? [record.bids[0]?.price, record.asks[0]?.price] : [];
    return bid === undefined || ask === undefined ? [] : [{ kind: 'touch', atMs: record.atMs, bid, ask }];
  });
}
