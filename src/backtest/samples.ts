import type { Decimal } from '../core/decimal.ts';
import type { Range } from '../market/store.ts';
import type { InstrumentSpec, PaperExchange } from '../paper/index.ts';
import type { PaperFill } from '../paper/model.ts';

/**
 * Time series of a run for charts: columns of equal length, as floats, because nothing is computed from them. The
 * interval grows with the run, so that a year has as many points as a day.
 */
export interface Series {
  /** Seconds since the epoch. */
  readonly atSec: readonly number[];
  /** Both accounts' equity less its start, USDT. */
  readonly gained: readonly number[];
  readonly spread: readonly number[];
  readonly volume: readonly number[];
  /** Largest unhedged notional of all symbols since the previous point. */
  readonly net: readonly number[];
  /** Loss of hedging the open lots at the best price. */
  readonly costAtTouch: readonly number[];
  /** Unhedged minutes since the previous point. */
  readonly unhedgedMin: readonly number[];
  /** The mark of each symbol. */
  readonly marks: Readonly<Record<string, readonly number[]>>;
}

const POINTS = 720;
const LEAST_MS = 60_000;

export class Samples {
  readonly #exchange: PaperExchange;
  readonly #specs: readonly InstrumentSpec[];
  readonly #costAtTouch: (instrument: string) => Decimal | null;
  readonly #everyMs: number;
  readonly #equityBefore: number;
  readonly #columns = {
    ...{ atSec: [] as number[], gained: [] as number[], spread: [] as number[], volume: [] as number[] },
    ...{ net: [] as number[], costAtTouch: [] as number[], unhedgedMin: [] as number[] },
  };
  readonly #marks: Record<string, number[]>;
  #nextMs = Number.NEGATIVE_INFINITY;
  #lastMs: number | null = null;
  #worstNet = 0;
  #unhedgedMs = 0;
  #volume = 0n;
  #spread = 0;
  leastMarginRatio: number | null = null;

  constructor(
    exchange: PaperExchange,
    specs: readonly InstrumentSpec[],
    { fromMs, toMs }: Range,
    costAtTouch: (instrument: string) => Decimal | null,
  ) {
    this.#exchange = exchange;
    this.#specs = specs;
    this.#costAtTouch = costAtTouch;
    this.#everyMs = Math.max(LEAST_MS, Math.ceil((toMs - fromMs) / POINTS / LEAST_MS) * LEAST_MS);
    this.#marks = Object.fromEntries(specs.map(({ name }) => [name, []]));
    this.#equityBefore = this.#equity();
  }

  #equity(): number {
    const { venue } = this.#exchange;
    return venue.accounts.reduce((total, account) => total + float18(venue.margins(account).equity), 0);
  }

  filled({ price, size }: PaperFill): void {
    this.#volume += price * size;
  }

  /** What the ledger booked as spread and unwinds. */
  earned(usdt: Decimal): void {
    this.#spread += usdt.toNumber();
  }

  sample(atMs: number): void {
    const { venue } = this.#exchange;
    let net = 0;
    for (const { name } of this.#specs) {
      const size = venue.accounts.reduce((total, { holdings }) => total + (holdings.get(name)?.size ?? 0n), 0n);
      net += Math.abs(float18(size * venue.mark(name)));
    }
    if (this.#lastMs !== null && this.#worstNet > 0) this.#unhedgedMs += atMs - this.#lastMs;
    this.#lastMs = atMs;
    this.#worstNet = Math.max(this.#worstNet, net);
    for (const account of venue.accounts) {
      const { equity, maintenance } = venue.margins(account);
      if (maintenance === 0n) continue;
      const ratio = float18(equity) / float18(maintenance);
      this.leastMarginRatio = Math.min(this.leastMarginRatio ?? ratio, ratio);
    }
    if (atMs < this.#nextMs) return;
    this.#nextMs = atMs + this.#everyMs;
    const columns = this.#columns;
    columns.atSec.push(Math.round(atMs / 1_000));
    columns.gained.push(round(this.#equity() - this.#equityBefore));
    columns.spread.push(round(this.#spread));
    columns.volume.push(round(float18(this.#volume)));
    columns.net.push(round(this.#worstNet));
    columns.costAtTouch.push(
      round(this.#specs.reduce((total, { name }) => total + (this.#costAtTouch(name)?.toNumber() ?? 0), 0)),
    );
    columns.unhedgedMin.push(round(this.#unhedgedMs / 60_000));
    for (const { name } of this.#specs) this.#marks[name]!.push(Number(venue.mark(name)) / 1e9);
    this.#worstNet = net;
    this.#unhedgedMs = 0;
  }

  series(): Series {
    return { ...this.#columns, marks: this.#marks };
  }
}

function float18(value: bigint): number {
  return Number(value) / 1e18;
}

/** Two decimals suffice for a chart. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
