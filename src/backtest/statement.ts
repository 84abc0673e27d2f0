import { Decimal, max, sum, ZERO } from '../core/decimal.ts';
import type { Fact } from '../core/facts.ts';
import type { SymbolConfig } from '../core/model.ts';
import { bookingOf } from '../core/pair-statement.ts';
import type { PaperExchange } from '../paper/index.ts';
import type { PaperFill } from '../paper/model.ts';
import { createLegBooks, type DurationFigures, type LegBooks, type SymbolFigures, usdt } from '../simulate/figures.ts';

/**
 * Result of a period of a backtest by symbol (strategy 19.3): the statement of 17.3, with the exchange's and the
 * ledger's side, and what was open meanwhile. Money in USDT, exact, as text.
 */
export interface PeriodFigures {
  readonly instrument: string;
  /** Traded by both accounts. */
  readonly volume: string;
  readonly fills: number;
  /** The taker fills among them: there should be none. */
  readonly takerFills: number;
  readonly hedges: number;
  readonly unwindCount: number;
  readonly creates: number;
  readonly postOnlyRefusals: number;
  readonly spread: string;
  readonly unwinds: string;
  /** Change in value of the open lots at the mark. */
  readonly openLots: string;
  /** Fills without a lot yet, drift, and previous positions. */
  readonly differences: string;
  /** Positive: paid. */
  readonly fees: string;
  readonly funding: string;
  /** Spread, unwinds, open lots and differences, less fees and funding: the gain of both accounts. */
  readonly total: string;
  readonly observedMs: number;
  readonly unhedgedMs: number;
  readonly longestUnhedgedMs: number;
  readonly timeToHedge: Omit<DurationFigures, 'buckets'>;
  /** Largest unhedged notional. */
  readonly worstNet: string;
  /** How long open lots could only have been hedged at a loss by a maker order at the best price. */
  readonly strandedMs: number;
  /** Loss of hedging the open lots at the best price, at the end and at its worst. */
  readonly costAtTouch: string;
  readonly worstCostAtTouch: string;
  readonly heldAtEnd: string;
}

/** The open lots of each symbol, from the ledger's own bookings. */
export class OpenLots {
  readonly #of = new Map<string, { net: Decimal; value: Decimal }>();

  observe(fact: Fact): void {
    const booking = bookingOf(fact);
    if (booking === null) return;
    const { net, value } = this.of(booking.instrument);
    this.#of.set(booking.instrument, {
      net: net.plus(booking.size),
      // A hedge removes the lot at its own price; the gain is not part of the remaining value.
      value: value.plus(booking.size.mul(booking.price)).plus(booking.spread).plus(booking.unwindGain),
    });
  }

  /** Signed size, and signed size × price. */
  of(instrument: string): { readonly net: Decimal; readonly value: Decimal } {
    return this.#of.get(instrument) ?? { net: ZERO, value: ZERO };
  }
}

/** Of one symbol in a period; money 1e-18. */
interface Counting {
  volume: bigint;
  cashFlow: bigint;
  fees: bigint;
  fills: number;
  takerFills: number;
  spread: Decimal;
  unwinds: Decimal;
  strandedMs: number;
  worstCost: Decimal;
  lastLookMs: number | null;
  isStranded: boolean;
  readonly heldBefore: bigint;
  readonly fundingBefore: bigint;
  readonly openBefore: Decimal;
}

/** One period of a run, all symbols. */
export class Period {
  readonly #exchange: PaperExchange;
  readonly #lots: OpenLots;
  readonly #books: LegBooks;
  readonly #of = new Map<string, Counting>();

  constructor(exchange: PaperExchange, symbols: readonly SymbolConfig[], lots: OpenLots) {
    this.#exchange = exchange;
    this.#lots = lots;
    this.#books = createLegBooks(exchange, symbols);
    for (const { instrument } of symbols) {
      this.#of.set(instrument, {
        ...{ volume: 0n, cashFlow: 0n, fees: 0n, fills: 0, takerFills: 0, spread: ZERO, unwinds: ZERO },
        ...{ strandedMs: 0, worstCost: ZERO, lastLookMs: null, isStranded: false },
        heldBefore: this.#held(instrument),
        fundingBefore: this.#funding(instrument),
        openBefore: this.#openAtMark(instrument),
      });
    }
  }

  #held(instrument: string): bigint {
    const { venue } = this.#exchange;
    const mark = venue.mark(instrument);
    return venue.accounts.reduce((total, { holdings }) => total + (holdings.get(instrument)?.size ?? 0n) * mark, 0n);
  }

  #funding(instrument: string): bigint {
    const { accounts } = this.#exchange.venue;
    return accounts.reduce((total, { holdings }) => total + (holdings.get(instrument)?.funding ?? 0n), 0n);
  }

  #openAtMark(instrument: string): Decimal {
    const { net, value } = this.#lots.of(instrument);
    return net.mul(e9(this.#exchange.venue.mark(instrument))).minus(value);
  }

  observe(fact: Fact): void {
    this.#books.observe(fact);
    const booking = bookingOf(fact);
    const of = booking === null ? undefined : this.#of.get(booking.instrument);
    if (booking === null || of === undefined) return;
    of.spread = of.spread.plus(booking.spread);
    of.unwinds = of.unwinds.plus(booking.unwindGain);
  }

  filled({ order, price, size, fee, taker }: PaperFill, atMs: number): void {
    const of = this.#of.get(order.instrument);
    if (of === undefined) return;
    of.volume += price * size;
    of.cashFlow += order.buy ? -(price * size) : price * size;
    of.fees += fee;
    of.fills += 1;
    if (taker) of.takerFills += 1;
    this.#books.sample(order.instrument, atMs);
  }

  /** Samples what is open; between two samples the earlier one counts. */
  sample(atMs: number): void {
    for (const [instrument, of] of this.#of) {
      this.#books.sample(instrument, atMs);
      if (of.isStranded && of.lastLookMs !== null) of.strandedMs += atMs - of.lastLookMs;
      of.lastLookMs = atMs;
      of.worstCost = max(of.worstCost, this.costAtTouch(instrument) ?? ZERO);
      of.isStranded = this.#strands(instrument);
    }
  }

  /** Whether a maker order at the best price could only hedge the open lots at a loss. */
  #strands(instrument: string): boolean {
    const { net, value } = this.#lots.of(instrument);
    // Lots that cancel out and cost more than they bring: both are stranded.
    if (net.isZero()) return value.gt(0);
    // Without quotes nothing can be said.
    const touch = this.#exchange.venue.book(instrument).market.touch(net.gt(0));
    return touch !== null && value.gt(net.mul(e9(touch)));
  }

  /** Loss of hedging the open lots as taker at the best price, USDT; null: no quotes. */
  costAtTouch(instrument: string): Decimal | null {
    const { net, value } = this.#lots.of(instrument);
    if (net.isZero()) return value;
    const touch = this.#exchange.venue.book(instrument).market.touch(!net.gt(0));
    return touch === null ? null : value.minus(net.mul(e9(touch)));
  }

  /** The result so far; call `sample` first. */
  figures(): PeriodFigures[] {
    return this.#books.figures().map((figures) => this.#figuresOf(figures));
  }

  #figuresOf(figures: SymbolFigures): PeriodFigures {
    const { instrument, timeToHedge } = figures;
    const of = this.#of.get(instrument)!;
    const held = this.#held(instrument);
    const openLots = this.#openAtMark(instrument).minus(of.openBefore);
    const gained = usdt(of.cashFlow + held - of.heldBefore);
    const [fees, funding] = [usdt(of.fees), usdt(this.#funding(instrument) - of.fundingBefore)];
    const { buckets: _buckets, ...hedging } = timeToHedge;
    const text = (value: Decimal): string => value.toFixed();
    return {
      instrument,
      volume: text(usdt(of.volume)),
      fills: of.fills,
      takerFills: of.takerFills,
      hedges: figures.hedges,
      unwindCount: figures.unwinds,
      creates: figures.creates,
      postOnlyRefusals: figures.postOnlyRefusals,
      spread: text(of.spread),
      unwinds: text(of.unwinds),
      openLots: text(openLots),
      differences: text(gained.minus(sum([of.spread, of.unwinds, openLots]))),
      fees: text(fees),
      funding: text(funding),
      total: text(gained.minus(fees).minus(funding)),
      observedMs: figures.observedMs,
      unhedgedMs: figures.observedMs - figures.hedgedMs,
      longestUnhedgedMs: figures.longestUnhedgedMs,
      timeToHedge: hedging,
      worstNet: text(figures.worstImbalanceUsdt),
      strandedMs: of.strandedMs,
      costAtTouch: text(this.costAtTouch(instrument) ?? ZERO),
      worstCostAtTouch: text(of.worstCost),
      heldAtEnd: text(figures.totalUsdt),
    };
  }
}

/** Of the exchange's 1e-9. */
export function e9(value: bigint): Decimal {
  return new Decimal(value.toString()).div('1e9');
}
