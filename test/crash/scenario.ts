import type { PaperExchange } from '../../src/paper/index.ts';
import type { PaperOrder } from '../../src/paper/model.ts';

/**
 * The fixed scenario of the crash tests: two symbols on scripted books that stand still, where nothing is filled but by
 * these steps. Each step waits until the exchange looks as it must, so an engine that was down only comes later to the same
 * end: the same positions, the same lots at the same prices.
 *
 * In it: openings filled in part and whole, a post-only refusal, a hedge whose order vanishes, a repair that a nearer one
 * joins, a surplus order that goes, a partial fill whose clock runs out, two lots left open, an order that is not ours.
 */

export const BNB = 'BNB_USDT_Perp';
export const SOL = 'SOL_USDT_Perp';

/** Short, so that the partial fill's clock runs out within the scenario. Seconds, at pace 1. */
const PARTIAL_FILL_TIMEOUT_SEC = 6;
/** After its last step nothing may change any more but what that clock brings, and the finding out of 9.6. */
const REST_MS = 14_000;
/** An engine that started late has this long too: its start, and the finding out of 9.6, which no pace shortens. */
const RECOVERY_MS = 10_000;
/** A run that has not got to its end by then will not. */
export const GIVE_UP_MS = 240_000;

/** Rows of the symbols file. The sizes they give (0.48, 2.01) are far from the next step at any price of the scenario. */
export const SYMBOLS = [
  {
    instrument: BNB,
    order_notional_usdt: 300,
    imbalance_limit_usdt: 300,
    max_total_position_usdt: 20_000,
    min_total_position_usdt: 0,
    a_side_when_equal: 'buy',
    position_mode: 'increase',
  },
  {
    instrument: SOL,
    order_notional_usdt: 302,
    imbalance_limit_usdt: 302,
    max_total_position_usdt: 20_000,
    min_total_position_usdt: 1_000,
    a_side_when_equal: 'buy',
    position_mode: 'decrease',
  },
] as const;

/** Further settings of the engine in the scenario. `pace`: its waits count so much; 1: as written here. */
export function environmentAt(pace: number) {
  return {
    GRVT_HEDGE_PARTIAL_FILL_TIMEOUT_SEC: String(PARTIAL_FILL_TIMEOUT_SEC * pace),
    GRVT_HEDGE_POST_ONLY_COOLDOWN_SEC: '5',
    GRVT_HEDGE_CANCEL_ON_STOP: '0',
  };
}

export const STILL = {
  noiseTicks: 0,
  reversionSteps: 0,
  anchorBps: 0,
  driftBps: 0,
  regimeHours: 1,
  homeHours: 0,
  takerChance: 0,
  raceChance: 0,
} as const;

interface Step {
  readonly what: string;
  /** Does its part when the exchange is ready for it; false: not yet. */
  readonly act: (stage: Stage) => boolean;
}

/** Sees and moves the exchange from behind. */
class Stage {
  readonly exchange: PaperExchange;
  readonly #pace: number;
  /** When the last step of its track was done, the exchange's time. */
  sinceMs = 0;

  constructor(exchange: PaperExchange, pace: number) {
    this.exchange = exchange;
    this.#pace = pace;
  }

  /** That long has passed since the last step. */
  passed(ms: number): boolean {
    return this.nowMs >= this.sinceMs + ms * this.#pace;
  }

  get nowMs(): number {
    return this.exchange.venue.nowMs;
  }

  /** Our resting orders, the nearest to the market first. */
  resting(account: string, instrument: string, buy: boolean): PaperOrder[] {
    const found = this.exchange.venue.accounts.find((one) => one.name === account);
    return [...(found?.active.values() ?? [])]
      .filter((order) => order.status === 'OPEN' && order.instrument === instrument && order.buy === buy)
      .filter((order) => BigInt(order.clientOrderId) >> 60n === 0b1110n)
      .sort((a, b) => Number(buy ? b.price - a.price : a.price - b.price));
  }

  fill(account: string, instrument: string, side: 'buy' | 'sell', size?: string): void {
    const [order] = this.resting(account, instrument, side === 'buy');
    if (order === undefined) throw new Error(`no ${side} of ${account} rests on ${instrument}`);
    this.exchange.control.fill({
      account,
      client_order_id: order.clientOrderId,
      ...(size === undefined ? {} : { size }),
    });
  }

  book(instrument: string, bid: string, ask: string): void {
    const level = (price: string) => [{ price, size: '1000' }];
    this.exchange.control.book({ instrument, bids: level(bid), asks: level(ask), settle: false });
  }

  /** Both accounts quote their opening, one order each. */
  bothQuote(instrument: string, aBuys: boolean): boolean {
    return (
      this.resting('A', instrument, aBuys).length === 1 &&
      this.resting('B', instrument, !aBuys).length === 1 &&
      this.resting('A', instrument, !aBuys).length === 0 &&
      this.resting('B', instrument, aBuys).length === 0
    );
  }
}

/** Prices in 1e-9 units. */
const E9 = 1_000_000_000n;

const TRACKS: Readonly<Record<string, readonly Step[]>> = {
  [BNB]: [
    {
      what: 'A’s opening is filled in part',
      act: (stage) => {
        if (!stage.bothQuote(BNB, true)) return false;
        stage.fill('A', BNB, 'buy', '0.2');
        return true;
      },
    },
    {
      what: 'and three seconds later whole',
      act: (stage) => {
        if (!stage.passed(3_000)) return false;
        stage.fill('A', BNB, 'buy');
        return true;
      },
    },
    {
      what: 'B’s sell hedges it; the next create of A will be refused as post-only',
      act: (stage) => {
        if (!stage.passed(3_000) || stage.resting('B', BNB, false).length === 0) return false;
        stage.exchange.control.faults({
          rules: [{ kind: 'post-only-refusal', rate: 1, route: 'create_order', account: 'A', count: 1 }],
          add: true,
        });
        stage.fill('B', BNB, 'sell');
        return true;
      },
    },
    {
      what: 'B’s second opening is filled, and the market leaves A’s buy behind',
      act: (stage) => {
        if (!stage.bothQuote(BNB, true)) return false;
        stage.fill('B', BNB, 'sell');
        stage.book(BNB, '620.5', '620.6');
        return true;
      },
    },
    {
      what: 'a nearer buy, at its guard, has joined and is filled',
      act: (stage) => {
        const [nearest] = stage.resting('A', BNB, true);
        if (nearest?.price !== (6_201n * E9) / 10n) return false;
        stage.fill('A', BNB, 'buy');
        return true;
      },
    },
    {
      what: 'A’s third opening is filled in part, and stays so until its clock has run out',
      act: (stage) => {
        if (!stage.passed(5_000) || !stage.bothQuote(BNB, true)) return false;
        stage.fill('A', BNB, 'buy', '0.1');
        return true;
      },
    },
  ],
  [SOL]: [
    {
      what: 'B’s closing buy is filled',
      act: (stage) => {
        if (!stage.bothQuote(SOL, false)) return false;
        stage.fill('B', SOL, 'buy');
        return true;
      },
    },
    {
      what: 'the exchange takes A’s sell away, which would have hedged it',
      act: (stage) => {
        const [sell] = stage.resting('A', SOL, false);
        if (!stage.passed(3_000) || sell === undefined) return false;
        stage.exchange.control.cancel({ account: 'A', client_order_id: sell.clientOrderId, reason: 'MARKET_CANCEL' });
        return true;
      },
    },
    {
      what: 'the new one is filled',
      act: (stage) => {
        if (!stage.passed(500) || stage.resting('A', SOL, false).length === 0) return false;
        stage.fill('A', SOL, 'sell');
        return true;
      },
    },
    {
      what: 'of the next pair, A’s is filled in two parts; the lot stays open',
      act: (stage) => {
        if (!stage.bothQuote(SOL, false)) return false;
        stage.fill('A', SOL, 'sell', '0.5');
        stage.fill('A', SOL, 'sell');
        return true;
      },
    },
  ],
};

/** Steps of all tracks. */
export const STEPS: readonly string[] = Object.values(TRACKS).flatMap((track) => track.map((step) => step.what));

export interface ForeignOrder {
  readonly account: string;
  readonly orderId: string;
}

/** Plays the scenario on one exchange. */
export class Scenario {
  readonly exchange: PaperExchange;
  readonly foreign: ForeignOrder;
  readonly #tracks: { readonly stage: Stage; readonly steps: Step[] }[];
  readonly #stage: Stage;
  #restartedAtMs = 0;

  constructor(exchange: PaperExchange, pace = 1) {
    this.exchange = exchange;
    const stage = new Stage(exchange, pace);
    this.#stage = stage;
    stage.book(BNB, '620', '620.1');
    stage.book(SOL, '150', '150.01');
    for (const [account, size] of [
      ['A', '20'],
      ['B', '-20'],
    ] as const) {
      exchange.control.position({ account, instrument: SOL, size, entry_price: '149' });
    }
    const foreign = exchange.control.order({
      ...{ account: 'A', instrument: BNB, side: 'buy', size: '0.7', price: '590' },
      ...{ post_only: true, expires_in_ms: 86_400_000 },
    });
    this.foreign = { account: 'A', orderId: foreign.orderId };
    this.#tracks = Object.values(TRACKS).map((steps) => ({ stage: new Stage(exchange, pace), steps: [...steps] }));
  }

  /** Looks whether a next step can be taken, and takes it. To be called some ten times a second. */
  look(): void {
    for (const { stage, steps } of this.#tracks) {
      const [next] = steps;
      if (next === undefined || !next.act(stage)) continue;
      steps.shift();
      stage.sinceMs = stage.nowMs;
      this.#stage.sinceMs = stage.nowMs;
    }
  }

  /** An engine starts again. */
  restarted(): void {
    this.#restartedAtMs = this.exchange.venue.nowMs;
  }

  /** Every step is taken, and the clocks it started, and the last start, have had their time. */
  get over(): boolean {
    const recovered = this.exchange.venue.nowMs >= this.#restartedAtMs + RECOVERY_MS;
    return this.waitingFor.length === 0 && this.#stage.passed(REST_MS) && recovered;
  }

  /** What it still waits for. */
  get waitingFor(): readonly string[] {
    return this.#tracks.flatMap(({ steps }) => (steps[0] === undefined ? [] : [steps[0].what]));
  }
}
