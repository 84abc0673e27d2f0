import type { SymbolConfig } from '../core/model.ts';
import { abs, printE9 } from '../paper/fixed.ts';
import type { PaperExchange } from '../paper/index.ts';
import type { PaperAccount, PaperOrder } from '../paper/model.ts';
import { isOurs, netOf, tradable } from './truth.ts';

/**
 * Omissions of the engine. Invariants check what is sent; an engine that sends nothing violates none. So the exchange's
 * own books are checked once a minute for a net that is not hedged (strategy 6.3), room without openings (6.1, 6.2),
 * and orders that are not trimmed (8.2), by the exchange's rules, mark and numbers, without the engine's arithmetic.
 */
export interface Idle {
  check(): void;
}

/** Interval of the checks. An order that lives between two of them is not seen; its fill is. */
export const CHECK_EVERY_MS = 60_000;
/**
 * With a fifth of all calls failing, a create's outcome was unknown for a quarter of an hour; twice that is too long.
 */
export const NOTHING_DONE_MS = 30 * 60_000;
/** A cancel is confirmed in seconds, and in minutes if half of the trading calls fail (9.7). */
export const NOT_TRIMMED_MS = 10 * 60_000;
/**
 * The engine also values a net by its cheapest lot (3.2) and a repair by its guard (7.3): twice the minimum is clear by
 * either.
 */
const CLEARLY_TRADABLE = 2n;

export interface IdleParts {
  readonly exchange: PaperExchange;
  readonly symbols: () => readonly SymbolConfig[];
  /** True time. */
  readonly nowMs: () => number;
  /** The number of the engine's run; null: it cannot trade now (not running, exchange down, calm). */
  readonly run: () => number | null;
  /** The symbol is suspended (9.5). */
  readonly resting: (instrument: string) => boolean;
  readonly tell: (what: string, rule: string, detail: Readonly<Record<string, string>>) => void;
}

/** An instrument at the exchange. Sizes 1e-9, money 1e-18. */
interface Standing {
  readonly instrument: string;
  readonly mark: bigint;
  readonly accounts: readonly AccountStanding[];
  readonly net: bigint;
  /** By positions, and also without fills of open orders, which may wait (4.3); `unclear` if they differ. */
  readonly stands: 'hedged' | 'unhedged' | 'unclear';
  readonly totalUsdt: bigint;
}

interface AccountStanding {
  readonly account: PaperAccount;
  readonly size: bigint;
  /** Strategy orders, PENDING and OPEN at the exchange. */
  readonly live: readonly PaperOrder[];
}

/** Watches one exchange; `check` is to be called every `CHECK_EVERY_MS`. */
export function createIdle(parts: IdleParts): Idle {
  const { exchange, tell } = parts;
  const { venue } = exchange;
  /** Conditions that last, and since when; by symbol, then by check. */
  const clocks = new Map<string, Map<string, { readonly state: string; readonly sinceMs: number }>>();
  const rules = new Map<string, unknown>();
  let lastRun: number | null = null;

  /** Whether a condition has lasted that long; once reported it starts again. null: it does not hold. */
  const lasts = (instrument: string, what: string, state: string | null, forMs: number): boolean => {
    const of = clocks.get(instrument) ?? new Map();
    clocks.set(instrument, of);
    if (state === null) {
      of.delete(what);
      return false;
    }
    const nowMs = parts.nowMs();
    const known = of.get(what);
    const over = known?.state === state && nowMs - known.sinceMs >= forMs;
    if (over || known?.state !== state) of.set(what, { state, sinceMs: nowMs });
    return over;
  };

  /** Whether a correct engine might do nothing here now, or not know what to do. */
  const excused = (instrument: string): boolean => {
    const { spec, market } = venue.book(instrument);
    const changed = rules.has(instrument) && rules.get(instrument) !== spec;
    rules.set(instrument, spec);
    return (
      changed ||
      !spec.active ||
      market.touch(false) === null ||
      market.touch(true) === null ||
      parts.resting(instrument) ||
      venue.accounts.some(
        (account) =>
          (account.frozen !== null && account.frozen.untilMs > venue.nowMs) ||
          [...account.active.values()].some(
            (order) => order.instrument === instrument && order.hiddenUntilMs > venue.nowMs,
          ),
      )
    );
  };

  const standingOf = (instrument: string): Standing => {
    const accounts = venue.accounts.map((account) => ({
      account,
      size: account.holdings.get(instrument)?.size ?? 0n,
      live: [...account.active.values()].filter((order) => order.instrument === instrument && isOurs(order)),
    }));
    const mark = venue.mark(instrument);
    const net = netOf(venue, instrument);
    const waiting = accounts
      .flatMap(({ live }) => live)
      .reduce((total, order) => total + (order.buy ? order.traded : -order.traded), 0n);
    const settled = net - waiting;
    const { spec } = venue.book(instrument);
    const clearly = (size: bigint): boolean => tradable(spec, mark, size / CLEARLY_TRADABLE);
    const hedged = !tradable(spec, mark, net) && !tradable(spec, mark, settled);
    const unhedged = clearly(net) && clearly(settled) && net > 0n === settled > 0n;
    return {
      ...{ instrument, mark, accounts, net },
      stands: hedged ? 'hedged' : unhedged ? 'unhedged' : 'unclear',
      totalUsdt: accounts.reduce((total, { size }) => total + abs(size) * mark, 0n),
    };
  };

  const judge = (symbol: SymbolConfig): void => {
    const at = standingOf(symbol.instrument);
    const { instrument } = at;
    const live = at.accounts.flatMap((one) => one.live);
    // An engine that trades is not idle, even if no check meets an order.
    const sizes = at.accounts.map(({ account, size }) => `${account.name} ${printE9(size)}`).join(', ');
    const detail = { instrument, positions: sizes, mark: printE9(at.mark) };
    const minutes = (ms: number): string => `${ms / 60_000} minutes`;

    const against = live.some((order) => order.buy === at.net < 0n);
    const unhedged = at.stands === 'unhedged' && !against ? sizes : null;
    if (lasts(instrument, 'unhedged', unhedged, NOTHING_DONE_MS)) {
      tell(`${instrument}: not hedged, and no order against the net for ${minutes(NOTHING_DONE_MS)}`, '6.3', detail);
    }

    const opening = at.stands === 'hedged' && !partlyFilled(at) && opens(symbol, at, tradableUsdt(instrument, at.mark));
    const none = opening && !live.some((order) => isOpening(symbol, at, order)) ? sizes : null;
    if (lasts(instrument, 'room', none, NOTHING_DONE_MS)) {
      const rule = symbol.positionMode === 'increase' ? '6.1' : '6.2';
      const what = `${instrument}: hedged and well inside its limits, and no opening for ${minutes(NOTHING_DONE_MS)}`;
      tell(what, rule, { ...detail, mode: symbol.positionMode });
    }

    for (const { account, live: orders } of at.accounts) {
      const cap = at.stands === 'hedged' ? 1 : 2;
      const surplus = orders.length > cap ? `more than ${cap}` : null;
      if (lasts(instrument, `surplus ${account.name}`, surplus, NOT_TRIMMED_MS)) {
        const what = `${instrument}: ${account.name} has ${surplus} orders for ${minutes(NOT_TRIMMED_MS)}`;
        tell(what, cap === 1 ? '8.2' : '8.1', { ...detail, orders: String(orders.length), stands: at.stands });
      }
    }
    const misplaced = new Map(
      live
        .filter((order) => isMisplaced(symbol, at, opening, order))
        .map((order) => [`${MISPLACED}${order.clientOrderId}`, order]),
    );
    for (const what of [...(clocks.get(instrument)?.keys() ?? [])]) {
      if (what.startsWith(MISPLACED) && !misplaced.has(what)) lasts(instrument, what, null, NOT_TRIMMED_MS);
    }
    for (const [id, order] of misplaced) {
      if (!lasts(instrument, id, at.stands, NOT_TRIMMED_MS)) continue;
      const side = order.buy ? 'buy' : 'sell';
      const what = `${instrument}: a ${side} of ${order.account.name} that nothing asks for stands for ${minutes(NOT_TRIMMED_MS)}`;
      tell(what, '8.2', { ...detail, clientOrderId: order.clientOrderId, stands: at.stands });
    }
  };

  /** Clearly tradable, USDT. */
  const tradableUsdt = (instrument: string, mark: bigint): bigint => {
    const { spec } = venue.book(instrument);
    const byRule = spec.minNotional * 1_000_000_000n;
    const byStep = spec.minSize * mark;
    return (byRule > byStep ? byRule : byStep) * CLEARLY_TRADABLE;
  };

  return {
    check() {
      const run = parts.run();
      if (run === null || run !== lastRun) clocks.clear();
      lastRun = run;
      for (const symbol of parts.symbols()) {
        // Called at every check, because it remembers the rules.
        const excuse = excused(symbol.instrument);
        if (run === null || excuse) clocks.delete(symbol.instrument);
        else judge(symbol);
      }
    },
  };
}

const MISPLACED = 'misplaced ';

/**
 * Whether a hedged symbol must open, being well inside its limits whatever is in flight: below 70 % of its maximum and
 * four orders from it; above 130 % of its minimum and four orders from it, with more than two orders to close.
 */
function opens(symbol: SymbolConfig, at: Standing, leastUsdt: bigint): boolean {
  const order = e18(symbol.orderNotionalUsdt);
  if (order < leastUsdt) return false;
  if (symbol.positionMode === 'increase') {
    const max = e18(symbol.maxTotalPositionUsdt);
    return at.totalUsdt * 10n < max * 7n && at.totalUsdt + 4n * order < max;
  }
  const min = e18(symbol.minTotalPositionUsdt);
  const holds = at.accounts.every(({ size }) => abs(size) * at.mark > 2n * order);
  return holds && at.totalUsdt * 10n > min * 13n && at.totalUsdt > min + 4n * order;
}

/**
 * Whether it is on its account's opening side: it grows the position in `increase`, shrinks it in `decrease`. Either
 * for almost no position.
 */
function isOpening(symbol: SymbolConfig, at: Standing, order: PaperOrder): boolean {
  const size = sizeOf(at, order);
  if (abs(size) * at.mark < e18(symbol.orderNotionalUsdt)) return true;
  return (order.buy === size > 0n) === (symbol.positionMode === 'increase');
}

/**
 * Strategy 8.2: it would grow the net, or is no opening although the symbol is hedged inside the limits, or moves
 * towards a limit that leaves no opening. While a partial fill waits, orders stay (5.2).
 */
function isMisplaced(symbol: SymbolConfig, at: Standing, opening: boolean, order: PaperOrder): boolean {
  if (at.stands === 'unclear' || partlyFilled(at)) return false;
  if (at.stands === 'unhedged') return order.buy === at.net > 0n;
  if (opening) return !isOpening(symbol, at, order);
  const holds = abs(sizeOf(at, order)) * at.mark >= e18(symbol.orderNotionalUsdt);
  return holds && atLimit(symbol, at) && isOpening(symbol, at, order);
}

/** Whether the limits leave less than a quarter of an order: nothing opens below half of one (6.2, 8.3, 8.4). */
function atLimit(symbol: SymbolConfig, at: Standing): boolean {
  const order = e18(symbol.orderNotionalUsdt);
  if (symbol.positionMode === 'increase') {
    return at.totalUsdt > (e18(symbol.maxTotalPositionUsdt) * 98n) / 100n - order / 2n;
  }
  const min = e18(symbol.minTotalPositionUsdt);
  return min > 0n && at.totalUsdt < (min * 102n) / 100n + order / 2n;
}

function partlyFilled(at: Standing): boolean {
  return at.accounts.some(({ live }) => live.some((order) => order.traded > 0n));
}

function sizeOf(at: Standing, order: PaperOrder): bigint {
  return at.accounts.find(({ account }) => account === order.account)?.size ?? 0n;
}

/** USDT of the settings in the exchange's 1e-18. */
function e18(usdt: SymbolConfig['orderNotionalUsdt']): bigint {
  return BigInt(usdt.mul('1e18').toFixed(0));
}
