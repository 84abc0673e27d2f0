import { least } from './fixed.ts';
import type { InstrumentSpec } from './instruments.ts';
import { hashText, mix, type RandomStream, randomStream } from './random.ts';

/**
 * The crowd: a seeded walk of the best prices, a ladder of orders around them and takers who cross the spread. It moves
 * in fixed steps and draws the same count of numbers in each, so a price path depends on the seed alone, not on our
 * accounts or on who asks when. All arithmetic is on whole ticks and parts of ticks as integers; the ladder is computed
 * when it is read.
 */

/** How one instrument's market behaves. */
export interface MarketProfile {
  /** Standard deviation of one step around the anchor, ticks. */
  readonly noiseTicks: number;
  /** Steps after which a deviation from the anchor has faded to about a third; 0: never. */
  readonly reversionSteps: number;
  /** Walk of the anchor: basis points per square root of an hour. */
  readonly anchorBps: number;
  /** Trend of the anchor, basis points an hour; its sign flips with each regime. */
  readonly driftBps: number;
  /** Mean length of a regime, hours. */
  readonly regimeHours: number;
  /** Hours after which the anchor has returned a third of the way to its start; 0: never. */
  readonly homeHours: number;
  /** Chance that a taker crosses the spread in one step. */
  readonly takerChance: number;
  /** Chance that the market moves against a post-only order in flight. */
  readonly raceChance: number;
}

/** No trend, and no way back to the start. */
const TRENDLESS = { driftBps: 0, regimeHours: 1, homeHours: 0 };

/**
 * `lively` is the default of a paper run: prices come and go within seconds, so that a minute shows everything the
 * engine does. The others are for campaigns, ordered by difficulty for a hedger.
 */
export const PROFILES = {
  lively: { ...TRENDLESS, noiseTicks: 1.6, reversionSteps: 30, anchorBps: 6, takerChance: 0.35, raceChance: 0.06 },
  calm: {
    ...{ noiseTicks: 0.6, reversionSteps: 80, anchorBps: 12, takerChance: 0.15, raceChance: 0.01 },
    ...{ ...TRENDLESS, homeHours: 6 },
  },
  meanReverting: {
    ...{ noiseTicks: 2, reversionSteps: 40, anchorBps: 60, takerChance: 0.25, raceChance: 0.02 },
    ...{ ...TRENDLESS, homeHours: 2 },
  },
  choppy: { ...TRENDLESS, noiseTicks: 4, reversionSteps: 20, anchorBps: 40, takerChance: 0.3, raceChance: 0.04 },
  walk: { ...TRENDLESS, noiseTicks: 1, reversionSteps: 40, anchorBps: 60, takerChance: 0.25, raceChance: 0.02 },
  trending: {
    ...{ noiseTicks: 1.5, reversionSteps: 40, anchorBps: 30, takerChance: 0.25, raceChance: 0.03 },
    ...{ driftBps: 60, regimeHours: 4, homeHours: 0 },
  },
} as const satisfies Record<string, MarketProfile>;
export type ProfileName = keyof typeof PROFILES;

/** One market step: often enough to race a maker, cheap enough for a hundred markets. */
export const STEP_MS = 250;
const STEPS_PER_HOUR = 3_600_000 / STEP_MS;

/** Parts of a tick that the walk counts in. */
const PART = 4096;
/** Standard deviation of `noise()`: four uniform 16-bit numbers added. */
const NOISE_DEVIATION = 37_837;
/** Most levels on each side; the deepest book the venue serves (API 4). */
export const MAX_LEVELS = 500;
/** A walk never falls below this many ticks. */
const LEAST_TICKS = 50;

export interface Level {
  readonly price: bigint;
  readonly size: bigint;
  readonly orders: number;
}

/** The crowd's effect on resting orders in one step. Sizes in base units, 1e-9. */
export interface Flow {
  /** Whether a taker crosses, and which way. */
  readonly taker: 'buy' | 'sell' | null;
  readonly takerSize: bigint;
  /** How much of the orders in the way of the moving market is filled in this step. */
  readonly sweepSize: bigint;
}

/** The crowd of one instrument: seeded, or as recorded (replay.ts). */
export interface Market {
  readonly spec: InstrumentSpec;
  /** One step of the crowd; null: this market does not move in steps. */
  step(): Flow | null;
  /** When it next moves between steps; infinite: never. */
  nextMs(): number;
  setEmpty(empty: boolean): void;
  setFrozen(frozen: boolean): void;
  setScript(script: { bids: readonly Level[]; asks: readonly Level[] } | null): void;
  gap(fraction: number): void;
  race(buy: boolean, price: bigint): boolean;
  sizeAt(ask: boolean, price: bigint): bigint;
  /** Size at that price that trades before an order that joins it now. */
  queueAt(ask: boolean, price: bigint): bigint;
  levels(ask: boolean, count: number, bound: bigint | null): Level[];
  consume(ask: boolean, price: bigint, size: bigint): void;
  touch(ask: boolean): bigint | null;
  mark(): bigint;
  index(): bigint;
}

/** Takes that much from the level of a ladder at that price. */
export function takeFrom(side: Level[], price: bigint, size: bigint): void {
  const index = side.findIndex((level) => level.price === price);
  const level = side[index];
  if (level === undefined) return;
  const rest = level.size - least(level.size, size);
  if (rest === 0n) side.splice(index, 1);
  else side[index] = { ...level, size: rest };
}

function noise(first: number, second: number): number {
  return (first & 0xffff) + (first >>> 16) + (second & 0xffff) + (second >>> 16) - 131_070;
}

/** The crowd of one instrument. */
export class InstrumentMarket implements Market {
  readonly spec: InstrumentSpec;
  readonly #seed: number;
  readonly #random: RandomStream;
  readonly #raceRandom: RandomStream;
  readonly #profile: MarketProfile;
  readonly #home: number;
  readonly #noise: number;
  readonly #anchorNoise: number;
  readonly #drift: number;
  #anchor: number;
  #deviation = 0;
  #regime: 1 | -1;
  #bidTick = 0;
  #askTick = 0;
  #step = 0;
  /** A sixteenth of about 1,000 USDT, in steps of the size. */
  readonly #sixteenth: number;
  /** What was taken of a level since the last step, by signed tick (asks positive, bids negative). */
  readonly #eaten = new Map<number, bigint>();
  #script: { bids: Level[]; asks: Level[] } | null = null;
  #empty = false;
  #frozen = false;

  constructor(spec: InstrumentSpec, seed: number, profile: MarketProfile) {
    this.spec = spec;
    this.#seed = hashText(seed, spec.name);
    this.#random = randomStream(seed, `walk ${spec.name}`);
    this.#raceRandom = randomStream(seed, `race ${spec.name}`);
    this.#profile = profile;
    const startTicks = Number(spec.startPrice / spec.tick);
    const ticksPerBp = startTicks / 10_000;
    this.#home = startTicks * PART;
    this.#anchor = this.#home;
    this.#noise = Math.round(profile.noiseTicks * PART);
    this.#anchorNoise = Math.round((profile.anchorBps * ticksPerBp * PART) / Math.sqrt(STEPS_PER_HOUR));
    this.#drift = Math.round((profile.driftBps * ticksPerBp * PART) / STEPS_PER_HOUR);
    this.#regime = this.#seed & 1 ? 1 : -1;
    const sixteenthOfThousand = Number((62_500_000_000n * 1_000_000_000n) / (spec.startPrice * spec.minSize || 1n));
    this.#sixteenth = Math.max(1, sixteenthOfThousand);
    this.#place(1);
  }

  #place(spread: number): void {
    const mid = Math.max(LEAST_TICKS * PART, this.#anchor + this.#deviation);
    this.#bidTick = Math.floor(mid / PART) - (spread >> 1);
    this.#askTick = this.#bidTick + spread;
  }

  step(): Flow {
    const random = this.#random;
    const [a, b, c, d] = [random.next(), random.next(), random.next(), random.next()] as const;
    const [e, f, g] = [random.next(), random.next(), random.next()] as const;
    const profile = this.#profile;
    this.#step += 1;
    if (!this.#frozen) {
      this.#deviation += Math.trunc((noise(a, b) * this.#noise) / NOISE_DEVIATION);
      if (profile.reversionSteps > 0) this.#deviation -= Math.trunc(this.#deviation / profile.reversionSteps);
      this.#anchor += Math.trunc((noise(c, mix(c)) * this.#anchorNoise) / NOISE_DEVIATION) + this.#regime * this.#drift;
      if (profile.homeHours > 0) {
        this.#anchor -= Math.trunc((this.#anchor - this.#home) / (profile.homeHours * STEPS_PER_HOUR));
      }
      if (this.#anchor < LEAST_TICKS * PART) this.#anchor = LEAST_TICKS * PART;
      if (g < 4_294_967_296 / (profile.regimeHours * STEPS_PER_HOUR)) this.#regime = this.#regime === 1 ? -1 : 1;
      const dice = d & 15;
      this.#place(dice < 11 ? 1 : dice < 14 ? 2 : 3);
      if (this.#eaten.size > 0) this.#eaten.clear();
    }
    const crosses = !this.#empty && !this.#frozen && (d >>> 4) / 268_435_456 < profile.takerChance;
    return {
      taker: crosses ? (e & 1 ? 'buy' : 'sell') : null,
      takerSize: this.#crowdSize(e >>> 1),
      sweepSize: this.#empty || this.#frozen ? 0n : this.#crowdSize(f),
    };
  }

  /** From about 60 to about 8,000 USDT, small ones most often. */
  #crowdSize(bits: number): bigint {
    const sixteenths = (1 + (bits & 15)) << ((bits >>> 4) & 3);
    return BigInt(this.#sixteenth * sixteenths) * this.spec.minSize;
  }

  /** It moves in steps only. */
  nextMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** The crowd leaves or returns; prices move on unseen. */
  setEmpty(empty: boolean): void {
    this.#empty = empty;
  }

  /** Stops or resumes walk and takers; the book stays. */
  setFrozen(frozen: boolean): void {
    this.#frozen = frozen;
  }

  /** Replaces the crowd's ladder (best first) and stops the walk; null: the walk continues. */
  setScript(script: { bids: readonly Level[]; asks: readonly Level[] } | null): void {
    this.#script = script === null ? null : { bids: [...script.bids], asks: [...script.asks] };
    this.#frozen = script !== null;
  }

  /** Moves the price at once, for good: 0.1 is ten percent up. */
  gap(fraction: number): void {
    this.#anchor = Math.max(LEAST_TICKS * PART, Math.round(this.#anchor * (1 + fraction)));
    this.#place(1);
  }

  /** Whether the market moved against a post-only order in flight, to where it would match. Draws once per call. */
  race(buy: boolean, price: bigint): boolean {
    if (!this.#raceRandom.chance(this.#profile.raceChance) || this.#frozen || this.#empty) return false;
    const tick = Number(price / this.spec.tick);
    const by = buy ? tick - this.#askTick : tick - this.#bidTick;
    // Only for a maker near the best price: a distant order is not reached in a moment.
    if (Math.abs(by) > 3 || by === 0) return false;
    this.#deviation += by * PART;
    this.#bidTick += by;
    this.#askTick += by;
    return true;
  }

  #sizeAt(tick: number, ask: boolean): bigint {
    const dice = mix(this.#seed ^ Math.imul(tick, ask ? 0x9e3779b1 : 0x85ebca77));
    const lots = this.#sixteenth * (16 + (dice & 255)) + (dice >>> 24);
    return BigInt(lots) * this.spec.minSize - (this.#eaten.get(ask ? tick : -tick) ?? 0n);
  }

  /** Size of the crowd's level at that price; zero if there is none. */
  sizeAt(ask: boolean, price: bigint): bigint {
    if (this.#empty) return 0n;
    if (this.#script !== null) {
      return (ask ? this.#script.asks : this.#script.bids).find((level) => level.price === price)?.size ?? 0n;
    }
    const tick = Number(price / this.spec.tick);
    if (ask ? tick < this.#askTick : tick > this.#bidTick) return 0n;
    return this.#sizeAt(tick, ask);
  }

  /** A quarter of the level: the rest of a queue cancels before its turn. */
  queueAt(ask: boolean, price: bigint): bigint {
    return this.sizeAt(ask, price) / 4n;
  }

  /**
   * The crowd's levels on one side, best first: asks if `ask`. `bound`: levels at or beyond it are hidden, because an
   * account's order there is being filled.
   */
  levels(ask: boolean, count: number, bound: bigint | null): Level[] {
    if (this.#empty) return [];
    if (this.#script !== null) {
      return (ask ? this.#script.asks : this.#script.bids)
        .filter((level) => bound === null || (ask ? level.price > bound : level.price < bound))
        .slice(0, count);
    }
    const { tick } = this.spec;
    const direction = ask ? 1 : -1;
    let at = ask ? this.#askTick : this.#bidTick;
    if (bound !== null) {
      const boundTick = Number(bound / tick);
      at = ask ? Math.max(at, boundTick + 1) : Math.min(at, boundTick - 1);
    }
    const levels: Level[] = [];
    const last = at + direction * Math.min(MAX_LEVELS, count + this.#eaten.size);
    for (; at !== last && at > 0 && levels.length < count; at += direction) {
      const size = this.#sizeAt(at, ask);
      if (size > 0n) levels.push({ price: BigInt(at) * tick, size, orders: 1 + (mix(at) % 12) });
    }
    return levels;
  }

  /** Takes that much from the crowd's level. */
  consume(ask: boolean, price: bigint, size: bigint): void {
    if (this.#script !== null) takeFrom(ask ? this.#script.asks : this.#script.bids, price, size);
    else {
      const tick = Number(price / this.spec.tick);
      const key = ask ? tick : -tick;
      this.#eaten.set(key, (this.#eaten.get(key) ?? 0n) + size);
    }
  }

  /** The crowd's best price, whatever our accounts do; null on an empty side. */
  touch(ask: boolean): bigint | null {
    if (this.#empty) return null;
    if (this.#script !== null) return (ask ? this.#script.asks : this.#script.bids)[0]?.price ?? null;
    return BigInt(ask ? this.#askTick : this.#bidTick) * this.spec.tick;
  }

  /** The fair price: the middle of the crowd's quotes with a small deviation, as real marks have. */
  mark(): bigint {
    if (this.#script !== null) {
      const bid = this.#script.bids[0]?.price;
      const ask = this.#script.asks[0]?.price;
      if (bid !== undefined && ask !== undefined) return (bid + ask) / 2n;
      if (bid !== undefined || ask !== undefined) return (bid ?? ask)!;
    }
    const breath = mix(this.#seed ^ (this.#step >> 3)) % 1_000_000_007;
    return (
      (BigInt(this.#bidTick + this.#askTick) * this.spec.tick) / 2n +
      (this.spec.tick * BigInt(breath)) / 1_000_000_007_0n
    );
  }

  /** The index: the mark and a constant basis within three basis points. */
  index(): bigint {
    const mark = this.mark();
    return mark + (mark * BigInt((this.#seed % 601) - 300)) / 1_000_000n;
  }
}
