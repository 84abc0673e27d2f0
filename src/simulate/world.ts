import type { InstrumentSpec } from '../paper/index.ts';
import type { Chance } from './chance.ts';
import { type FaultPlan, WORLD_FAULTS, type WorldFault, worldCount } from './fault-plan.ts';
import { type Host, KILL_MOMENTS } from './host.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface WorldSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Draws the times of world events and schedules them. */
export function scheduleWorld(host: Host, plan: FaultPlan, draw: Chance, span: WorldSpan): void {
  const days = (span.toMs - span.fromMs) / (24 * HOUR_MS);
  for (const kind of Object.keys(WORLD_FAULTS) as WorldFault[]) {
    const count = worldCount(plan, kind, days, draw.unit());
    for (let index = 0; index < count; index += 1) {
      host.time.at(momentIn(draw, span), () => happen(host, kind, draw));
    }
  }
}

/** Any moment except the first and last twentieth; during the calm at the end of a leg it waits for the next leg. */
function momentIn(draw: Chance, { fromMs, toMs }: WorldSpan): number {
  const spareMs = (toMs - fromMs) / 20;
  return Math.floor(draw.between(fromMs + spareMs, toMs - 2 * spareMs));
}

/** Seconds, minutes, or longer than an order lives. */
function downTime(draw: Chance): number {
  const dice = draw.unit();
  if (dice < 0.5) return draw.integer(1_000, 10_000);
  if (dice < 0.9) return draw.integer(30_000, 10 * MINUTE_MS);
  return draw.integer(50 * MINUTE_MS, 100 * MINUTE_MS);
}

/** Impossible now: tried again in a minute. */
const LATER = 'later';
/** Counted where it takes effect, or nothing to count. */
const COUNTED = null;

function happen(host: Host, kind: WorldFault, draw: Chance): void {
  const { time } = host;
  const again = (inMs: number) => time.at(time.nowMs + inMs, () => happen(host, kind, draw));
  const spec = draw.pick(host.specs);
  const event = { spec, instrument: spec.name, account: draw.pick(['A', 'B'] as const) };
  if (host.calm()) {
    again(20 * MINUTE_MS);
    return;
  }
  host.exchange.advance(time.nowMs);
  const what = EVENTS[kind](host, event, draw);
  if (what === LATER) again(MINUTE_MS);
  else if (what !== COUNTED) {
    host.faults.add(kind);
    host.note(`${kind}: ${what}`);
  }
}

interface WorldEvent {
  readonly spec: InstrumentSpec;
  readonly instrument: string;
  readonly account: 'A' | 'B';
}

/** Lets one kind happen. @returns what happened, {@link LATER} or {@link COUNTED} */
type Happens = (host: Host, event: WorldEvent, draw: Chance) => string | null;

const EVENTS: Readonly<Record<WorldFault, Happens>> = {
  'exchange-restart': (host, _event, draw) => {
    const downMs = draw.integer(2_000, 120_000);
    host.exchangeDown(host.time.nowMs + downMs);
    host.exchange.control.restart({ drop_orders: true });
    return `down for ${downMs} ms`;
  },
  'engine-killed': (host, _event, draw) => {
    const moment = draw.pick(KILL_MOMENTS);
    return host.armKill(moment, { downMs: downTime(draw) }) ? COUNTED : LATER;
  },
  'journal-lost': (host, _event, draw) => (host.kill({ downMs: downTime(draw), journal: 'lost' }) ? COUNTED : LATER),
  'engine-restarted': (host) => (host.restartInOrder() ? COUNTED : LATER),
  'price-gap': ({ exchange: { control } }, { instrument }, draw) => {
    const gap = draw.happens(0.5) ? 0.1 : -0.1;
    control.market({ instrument, gap });
    return `${instrument} ${gap}`;
  },
  'empty-book': ({ exchange: { control }, time }, { instrument }) => {
    control.market({ instrument, empty: true });
    time.at(time.nowMs + HOUR_MS, () => control.market({ instrument, empty: false }), true);
    return instrument;
  },
  'partial-fill': ({ exchange: { venue } }, { spec }, draw) => {
    const open = venue.accounts.flatMap((one) => [...one.active.values()].filter((order) => order.status === 'OPEN'));
    if (open.length === 0) return LATER;
    const order = draw.pick(open);
    const steps = (order.size - order.traded) / spec.minSize;
    const { minSize } = venue.book(order.instrument).spec;
    const part = ((order.size - order.traded) / minSize / 3n) * minSize;
    if (steps === 0n || part <= 0n) return LATER;
    venue.orders.fillOrder(order, part);
    return `${order.account.name} ${order.clientOrderId}`;
  },
  'hand-trade': ({ exchange: { control, venue } }, { instrument, spec, account }, draw) => {
    const side = draw.happens(0.5) ? ('buy' as const) : ('sell' as const);
    const best = venue.best(instrument, side === 'buy');
    if (best === null) return LATER;
    const price = side === 'buy' ? best.price + 20n * spec.tick : best.price - 20n * spec.tick;
    const size = sizeFor(draw.between(50, 400), price, spec.minSize);
    control.order({ account, instrument, side, size, price: e9Text(price), post_only: false, expires_in_ms: 1_000 });
    return `${account} ${side} ${size} ${instrument}`;
  },
  'foreign-order': ({ exchange: { control, venue } }, { instrument, spec, account }, draw) => {
    const side = draw.happens(0.5) ? ('buy' as const) : ('sell' as const);
    const touch = venue.book(instrument).market.touch(side === 'sell');
    if (touch === null) return LATER;
    const away = BigInt(draw.integer(20, 400)) * spec.tick;
    const price = side === 'buy' ? touch - away : touch + away;
    if (price <= 0n) return COUNTED;
    const size = sizeFor(draw.between(120, 400), price, spec.minSize);
    control.order({
      ...{ account, instrument, side, size, price: e9Text(price), post_only: true },
      expires_in_ms: draw.integer(20 * MINUTE_MS, 6 * HOUR_MS),
    });
    return `${account} ${side} ${size} ${instrument} at ${e9Text(price)}`;
  },
  'rule-change': ({ exchange: { venue }, time }, { instrument, spec }, draw) => {
    const { spec: now } = venue.book(instrument);
    const changed = draw.pick([
      { ...now, tick: now.tick * 2n },
      { ...now, minSize: now.minSize * 2n },
      { ...now, minNotional: now.minNotional * 2n },
      { ...now, active: false },
    ]);
    venue.setInstrument(changed);
    time.at(time.nowMs + draw.integer(20 * MINUTE_MS, 2 * HOUR_MS), () => venue.setInstrument(spec), true);
    return instrument;
  },
  'our-clock-jump': ({ time }, _event, draw) => {
    const byMs = (draw.happens(0.5) ? 1 : -1) * draw.integer(500, 120_000);
    time.jumpWall(byMs);
    return `${byMs} ms`;
  },
  'their-clock-jump': ({ exchange: { venue } }, _event, draw) => {
    const byMs = (draw.happens(0.5) ? 1 : -1) * draw.integer(500, 120_000);
    venue.shiftClock(byMs);
    return `${byMs} ms`;
  },
  'telegram-down': (host, _event, draw) => {
    const forMs = draw.integer(10 * MINUTE_MS, 2 * HOUR_MS);
    host.telegramDown(host.time.nowMs + forMs);
    host.note(`telegram down for ${forMs} ms`);
    return COUNTED;
  },
  commanded: (host, { instrument }, draw) => {
    const verb = draw.pick(['pause', 'hedge-only', 'cancel'] as const);
    return host.command(instrument, verb, draw.integer(2, 15) * MINUTE_MS) ? `${verb} ${instrument}` : LATER;
  },
  'moved-money': ({ exchange: { control } }, { account }, draw) => {
    const amount = String(draw.integer(1, 200));
    const from = account === 'A' ? 'B' : 'A';
    const way = draw.integer(0, 3);
    if (way === 0) control.deposit({ account, amount });
    else control.transfer({ amount, ...(way === 1 ? {} : { to: account }), ...(way === 2 ? {} : { from }) });
    return `${amount} USDT, account ${account}`;
  },
  liquidation: ({ exchange: { control, venue } }, { instrument, spec, account }, draw) => {
    const holding = venue.accounts.find((one) => one.name === account)?.holdings.get(instrument);
    const held = holding === undefined ? 0n : holding.size < 0n ? -holding.size : holding.size;
    const size = (held / spec.minSize / 3n) * spec.minSize;
    if (size === 0n) return LATER;
    const closed = { account, instrument, size: e9Text(size), price: e9Text(venue.mark(instrument)) };
    control.close({ ...closed, kind: draw.happens(0.5) ? 'liquidation' : 'adl' });
    return `${account} ${e9Text(size)} ${instrument}`;
  },
  'disk-slow': (host) => {
    host.diskSlow(host.time.nowMs + 10 * MINUTE_MS);
    host.note('disk slow');
    return COUNTED;
  },
};

function e9Text(value: bigint): string {
  return `${value / 1_000_000_000n}.${(value % 1_000_000_000n).toString().padStart(9, '0')}`;
}

/** About so many USDT in whole steps, one step at least. */
function sizeFor(usdt: number, price: bigint, step: bigint): string {
  const units = BigInt(Math.round(usdt * 1e6)) * 1_000_000_000_000n;
  const size = (units / price / step) * step;
  return e9Text(size > 0n ? size : step);
}
