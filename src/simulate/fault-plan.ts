import { FAULT_KINDS, type FaultKind, type FaultRule } from '../paper/index.ts';

/** Faults of the network itself: silence only. */
export const NETWORK_FAULTS = {
  'request-lost': 'the request never arrives, and nobody says so',
  'answer-lost': 'the request is carried out, and its answer never comes',
  'socket-silent': 'nothing comes over an open stream connection any more, pongs included',
} as const;
export type NetworkFault = keyof typeof NETWORK_FAULTS;

/** Events around the engine: how often per day at a rate of 5 %, and what. */
export const WORLD_FAULTS = {
  'exchange-restart': { perDay: 2, what: 'the exchange restarts: resting orders, sessions and streams are gone' },
  'engine-killed': {
    perDay: 6,
    what: 'kill -9 at any moment, around a create or a write, and a start from the journal',
  },
  'engine-restarted': { perDay: 1, what: 'stopped in order and started again' },
  'journal-lost': { perDay: 0.5, what: 'kill -9, and the journal is gone too' },
  'price-gap': { perDay: 1, what: 'the price jumps by 10 %' },
  'empty-book': { perDay: 0.5, what: 'nobody quotes for an hour' },
  'partial-fill': { perDay: 12, what: 'a part of a resting order is filled, the rest stays' },
  'hand-trade': { perDay: 1, what: 'a person trades an account by hand' },
  'foreign-order': { perDay: 4, what: 'a person places an order of another program' },
  'rule-change': { perDay: 0.5, what: 'tick, step or smallest notional of an instrument change for a while' },
  'our-clock-jump': { perDay: 1, what: 'our clock is set by up to two minutes' },
  'their-clock-jump': { perDay: 1, what: 'the exchange’s clock is set by up to two minutes' },
  'telegram-down': { perDay: 1, what: 'the Telegram gateway takes nothing for up to two hours' },
  'disk-slow': { perDay: 2, what: 'each write takes up to 300 ms for ten minutes, one of them three seconds' },
  commanded: { perDay: 6, what: 'a person pauses a symbol, holds it, or lets it only hedge, for some minutes' },
  'moved-money': { perDay: 3, what: 'a person moves USDT between the accounts, or from outside' },
  liquidation: { perDay: 0.2, what: 'the exchange closes a third of a position: a liquidation or auto-deleveraging' },
} as const;
export type WorldFault = keyof typeof WORLD_FAULTS;

/** Nothing fails in these: money moves, and every interval must still be explained (strategy 17.3). */
export const MONEY_EVENTS: ReadonlySet<AnyFault> = new Set<AnyFault>(['moved-money', 'liquidation']);

export type AnyFault = FaultKind | NetworkFault | WorldFault;

/** Requested rate per kind; absent kinds do not happen. */
export type FaultPlan = Readonly<Partial<Record<AnyFault, number>>>;

/** The rate for which WORLD_FAULTS gives daily counts. */
const WORLD_AT_RATE = 0.05;

const ACCOUNT_STREAMS: readonly string[] = ['v1.order', 'v1.state', 'v1.fill', 'v1.position'];

/** Faults of stream messages: on which streams, and at what share of the rate. */
const ON_FRAMES: Readonly<Partial<Record<FaultKind, { readonly routes: readonly string[]; readonly share: number }>>> =
  {
    'lost-frame': { routes: ACCOUNT_STREAMS, share: 1 / 5 },
    'duplicate-frame': { routes: ACCOUNT_STREAMS, share: 1 / 5 },
    'late-frame': { routes: ACCOUNT_STREAMS, share: 1 / 5 },
    'swapped-frame': { routes: ACCOUNT_STREAMS, share: 1 / 5 },
    'gapless-loss': { routes: ACCOUNT_STREAMS, share: 1 / 10 },
    'silent-stream': { routes: ACCOUNT_STREAMS, share: 1 / 20 },
    'session-over': { routes: ACCOUNT_STREAMS, share: 1 / 20 },
    disconnect: { routes: ACCOUNT_STREAMS, share: 1 / 5 },
    'late-position-frame': { routes: ['v1.position'], share: 1 },
    'wrong-position-frame': { routes: ['v1.position'], share: 1 / 5 },
  };
/** Books come twice a second, and each gap costs a connection: a small share. */
const ON_BOOK_FRAMES: readonly FaultKind[] = ['lost-frame', 'duplicate-frame', 'late-frame', 'disconnect'];
const BOOK_SHARE = 1 / 500;
/** Share for all messages of a stream connection, books included. */
const SOCKET_SHARE = 1 / 500;

/** Faults that need streams. */
export const STREAM_FAULTS: readonly AnyFault[] = [...(Object.keys(ON_FRAMES) as FaultKind[]), 'socket-silent'];

/** Each applies to one call only, at its whole rate. */
const OWN_ROUTE: Readonly<Partial<Record<FaultKind, string>>> = {
  'lost-order': 'open_orders',
  'late-position': 'positions',
  'wrong-mark': 'positions',
  'post-only-refusal': 'create_order',
  'fill-during-cancel': 'cancel_order',
};

/** Any call can meet these; together they add up to the rate. */
const CALL_FAULTS: readonly (FaultKind | NetworkFault)[] = [
  ...(Object.keys(FAULT_KINDS) as FaultKind[]).filter(
    (kind) => OWN_ROUTE[kind] === undefined && !STREAM_FAULTS.includes(kind),
  ),
  ...(Object.keys(NETWORK_FAULTS) as NetworkFault[]).filter((kind) => !STREAM_FAULTS.includes(kind)),
];

/** Number of kinds that share the rate on a call that does not trade. */
export const CALL_FAULT_COUNT = CALL_FAULTS.length;

/** Positions are read all the time and a wrong mark lasts a while: a small share. */
const WRONG_MARK_SHARE = 1 / 50;

/** These affect a single call; `late-position` and `wrong-mark` affect later reads. */
const SINGLE_CALL_FAULTS: readonly FaultKind[] = (Object.keys(FAULT_KINDS) as FaultKind[]).filter(
  (kind) => !STREAM_FAULTS.includes(kind) && kind !== 'late-position' && kind !== 'wrong-mark',
);

/** The exchange's counts of faults that affect a single call. */
export function faultyCalls(counts: Readonly<Partial<Record<FaultKind, number>>>): number {
  return SINGLE_CALL_FAULTS.reduce((all, kind) => all + (counts[kind] ?? 0), 0);
}

/** Trading calls are few and their failures matter most: each kind applies at its whole rate, */
export const ORDER_ROUTES: readonly string[] = ['create_order', 'cancel_order', 'order'];
/** but at most this share of them fails. */
const ORDER_CALLS_FAULTY_MAX = 0.5;
/** Calls whose stale answers an engine might believe. */
const STALE_ROUTES: readonly string[] = ['positions', 'open_orders', 'account_summary', 'order'];

export const ALL_FAULTS: readonly AnyFault[] = [
  ...(Object.keys(FAULT_KINDS) as FaultKind[]),
  ...(Object.keys(NETWORK_FAULTS) as NetworkFault[]),
  ...(Object.keys(WORLD_FAULTS) as WorldFault[]),
];

/** Every fault at that rate; none at rate 0. */
export function everyFault(rate: number): FaultPlan {
  if (rate === 0) return {};
  return Object.fromEntries(ALL_FAULTS.map((kind) => [kind, rate]));
}

/** Probability that a call of that route meets one kind of fault. */
function chanceOn(route: string | null, rate: number): number {
  if (route !== null && ORDER_ROUTES.includes(route)) {
    return Math.min(rate, ORDER_CALLS_FAULTY_MAX / CALL_FAULTS.length);
  }
  return rate / CALL_FAULTS.length;
}

/** The exchange's fault rules for a plan. */
export function paperRules(plan: FaultPlan): FaultRule[] {
  const rules: FaultRule[] = [];
  for (const kind of Object.keys(FAULT_KINDS) as FaultKind[]) {
    const rate = plan[kind] ?? 0;
    if (rate === 0) continue;
    const own = OWN_ROUTE[kind];
    const onFrames = ON_FRAMES[kind];
    const times = { delayMs: kind === 'late' ? 3_000 : 2_000, forMs: 5_000 };
    if (kind === 'wrong-mark')
      rules.push({ kind, rate: rate * WRONG_MARK_SHARE, route: 'positions', delayMs: 0, forMs: 15_000 });
    else if (own !== undefined) rules.push({ kind, rate, route: own, ...times });
    else if (onFrames !== undefined) {
      const lasting = { delayMs: kind === 'late-position-frame' ? 8_000 : 2_000, forMs: 20_000 };
      for (const route of onFrames.routes) rules.push({ kind, rate: rate * onFrames.share, route, ...lasting });
      if (ON_BOOK_FRAMES.includes(kind)) rules.push({ kind, rate: rate * BOOK_SHARE, route: 'v1.book.s', ...lasting });
    } else if (kind === 'stale') {
      for (const route of STALE_ROUTES) rules.push({ kind, rate: chanceOn(route, rate), route, ...times });
    } else {
      rules.push({ kind, rate: chanceOn(null, rate), ...times });
      for (const route of ORDER_ROUTES) {
        rules.push({ kind, rate: chanceOn(route, rate), route, ...times });
      }
    }
  }
  return rules;
}

/** Probability that a stream connection falls silent with a message. */
export function silenceChance(plan: FaultPlan): number {
  return (plan['socket-silent'] ?? 0) * SOCKET_SHARE;
}

/** Probability that the network loses a request or answer of that route. */
export function networkChance(plan: FaultPlan, kind: NetworkFault, route: string): number {
  return chanceOn(route, plan[kind] ?? 0);
}

/** How often a world event happens in so many days; at least once, so that every requested kind happens. */
export function worldCount(plan: FaultPlan, kind: WorldFault, days: number, unit: number): number {
  const rate = plan[kind] ?? 0;
  if (rate === 0) return 0;
  const mean = (WORLD_FAULTS[kind].perDay * rate * days) / WORLD_AT_RATE;
  // Between half and one and a half times the mean, by the seed.
  return Math.max(1, Math.round(mean * (0.5 + unit)));
}
