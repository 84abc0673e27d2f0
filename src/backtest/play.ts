import { errorText } from '../core/error-text.ts';
import type { Fact } from '../core/facts.ts';
import { bookingOf } from '../core/pair-statement.ts';
import type { Engine } from '../engine/engine.ts';
import type { Streams } from '../grvt/stream.ts';
import type { EngineJournal } from '../journal/engine-journal.ts';
import { createMemoryJournal } from '../journal/memory.ts';
import { eventsOf } from '../market/feed.ts';
import { e9 } from '../paper/fixed.ts';
import { createPaper, feedFrom, type PaperExchange, type PaperRequest, ReplayMarket } from '../paper/index.ts';
import type { PaperFill } from '../paper/model.ts';
import type { Settings } from '../settings/index.ts';
import { type Chance, chance } from '../simulate/chance.ts';
import { connectNetwork, type Life, type NetworkParts } from '../simulate/network.ts';
import { openingPositions } from '../simulate/setup.ts';
import { virtualSockets } from '../simulate/socket.ts';
import { Counts } from '../simulate/tally.ts';
import { startVirtualEngine, virtualClock } from '../simulate/virtual-engine.ts';
import { VirtualTime } from '../simulate/virtual-time.ts';
import { reasonText } from '../texts/reasons.ts';
import type { Question } from './question.ts';
import { Samples, type Series } from './samples.ts';
import { settingsOf } from './settings.ts';
import { OpenLots, Period, type PeriodFigures } from './statement.ts';

/**
 * One run of a backtest (strategy 19.2): the unmodified engine in virtual time on the embedded exchange, with the
 * stored market.
 */
export interface Played {
  /** End in market time, ms: its end, or where it was interrupted. */
  readonly untilMs: number;
  readonly playedMs: number;
  readonly isWhole: boolean;
  readonly whole: readonly PeriodFigures[];
  /** Before and after the split; null: not reached, or none. */
  readonly first: readonly PeriodFigures[] | null;
  readonly rest: readonly PeriodFigures[] | null;
  /** null: omitted, because there are too many runs. */
  readonly series: Series | null;
  /** Smallest ratio of equity to maintenance margin; null: no positions. */
  readonly leastMarginRatio: number | null;
  /** Oddities of the recording, by symbol. */
  readonly market: Readonly<Record<string, ReplayMarket['counts']>>;
  readonly alerts: Readonly<Record<string, number>>;
  /** By invariant (strategy 15); null: not audited. */
  readonly breaches: Readonly<Record<string, number>> | null;
  readonly requests: number;
  /** Why the engine ended by itself. */
  readonly failure: string | null;
}

export interface PlayOptions {
  /** Called for each fill at the exchange. */
  readonly onFill?: (fill: PaperFill, atMs: number) => void;
  /** Called for what the engine reports, at true time. */
  readonly onFact?: (fact: Fact, atMs: number) => void;
  readonly onProgress?: (simulatedMs: number) => void;
  /** Called every five simulated minutes. */
  readonly interrupted?: () => boolean;
}

/** Interval of sampling open lots, besides each fill. */
const SAMPLE_EVERY_MS = 60_000;
/** Interval of checking whether to continue. */
const PART_MS = 300_000;
/** Settled journal entries are removed after this time, to keep memory flat. */
const JOURNAL_DAYS = 0.25;
const COMPACT_EVERY_MS = 1_800_000;
/** A latency is drawn between these shares of it. */
const JITTER: readonly [number, number] = [0.8, 1.2];
const ORDER_ROUTES = ['create_order', 'cancel_order', 'cancel_all_orders'];

/**
 * Plays one question to its end. Installs virtual time in this process, so only one at a time. @throws Error if its
 * settings are unusable
 */
export async function play(question: Question, options: PlayOptions = {}): Promise<Played> {
  const reading = settingsOf(question);
  if (!reading.ok) throw new Error(`the settings are not usable: ${reading.errors}`);
  const draw = (purpose: string): Chance => chance(question.seed, purpose);
  const time = new VirtualTime(question.range.fromMs, draw('Math.random').unit);
  time.install();
  try {
    return await new Play(question, reading.settings, time, draw, options).run();
  } finally {
    time.uninstall();
  }
}

class Play {
  readonly #question: Question;
  readonly #settings: Settings;
  readonly #time: VirtualTime;
  readonly #options: PlayOptions;
  readonly #exchange: PaperExchange;
  readonly #network: Chance;
  readonly #journal: EngineJournal = createMemoryJournal({ days: JOURNAL_DAYS });
  readonly #lots = new OpenLots();
  readonly #whole: Period;
  readonly #samples: Samples;
  readonly #alerts = new Counts();
  #period: Period;
  #first: readonly PeriodFigures[] | null = null;
  #engine: Engine | null = null;
  #streams: Streams | null = null;
  #failure: string | null = null;

  constructor(
    question: Question,
    settings: Settings,
    time: VirtualTime,
    draw: (purpose: string) => Chance,
    options: PlayOptions,
  ) {
    this.#question = question;
    this.#settings = settings;
    this.#time = time;
    this.#options = options;
    this.#network = draw('network');
    const { directory, range, seed, symbols, seeded } = question;
    const specs = symbols.map(({ spec }) => spec);
    this.#exchange = createPaper({
      ...{ seed, startMs: seeded?.fromMs ?? range.fromMs, instruments: specs, equityUsdt: question.equityUsdt },
      ...{ makerFeePercent: question.makerFeePercent, takerFeePercent: question.takerFeePercent },
      // The latency is the network's.
      ...{ createLatencyMs: 0, cancelLatencyMs: 0 },
      ...(seeded === null
        ? {
            replay: {
              ...{ fill: question.fill, invented: question.invented },
              feedOf: (symbol: string) => {
                const { without } = symbols.find(({ spec }) => spec.name === symbol)!;
                return feedFrom(eventsOf({ directory, symbol, seed, range, without }));
              },
            },
          }
        : { profile: seeded.profile }),
    });
    const { venue } = this.#exchange;
    this.#exchange.advance(range.fromMs);
    for (const spec of specs) {
      if (question.fundingPercent !== null) venue.payments.setFunding(spec.name, e9(question.fundingPercent) / 100n);
      const row = settings.symbols.find(({ instrument }) => instrument === spec.name);
      if (row !== undefined) openingPositions(this.#exchange, row, spec);
    }
    this.#whole = new Period(this.#exchange, settings.symbols, this.#lots);
    this.#period = this.#whole;
    if (question.splitMs !== null) this.#period = new Period(this.#exchange, settings.symbols, this.#lots);
    this.#samples = new Samples(this.#exchange, specs, range, (instrument) => this.#whole.costAtTouch(instrument));
    venue.onEvent((event) => {
      if (event.type !== 'fill') return;
      for (const period of this.#periods()) period.filled(event.fill, venue.nowMs);
      this.#samples.filled(event.fill);
      options.onFill?.(event.fill, venue.nowMs);
    });
  }

  #periods(): readonly Period[] {
    return this.#period === this.#whole ? [this.#whole] : [this.#whole, this.#period];
  }

  async run(): Promise<Played> {
    const { range, splitMs } = this.#question;
    this.#start();
    this.#keepSampling();
    this.#keepCompact();
    if (this.#settings.streams) this.#keepMarketMoving();
    if (splitMs !== null) this.#time.at(splitMs, () => this.#split(), true);
    let isWhole = true;
    while (this.#time.nowMs < range.toMs && this.#failure === null) {
      await this.#time.run(Math.min(range.toMs, this.#time.nowMs + PART_MS));
      this.#options.onProgress?.(this.#time.nowMs - range.fromMs);
      if (this.#options.interrupted?.()) {
        isWhole = this.#time.nowMs >= range.toMs;
        break;
      }
    }
    return this.#result(isWhole && this.#failure === null);
  }

  #start(): void {
    const [time, exchange, settings] = [this.#time, this.#exchange, this.#settings];
    const life: Life = { alive: true };
    const { ordersMs, dataMs } = this.#question.latency;
    const drawn = (ms: number): number => Math.round(ms * this.#network.between(...JITTER));
    const parts: NetworkParts = {
      ...{ time, exchange, reachable: () => true },
      passage: (request) => ({
        upMs: drawn(isOrder(request) ? ordersMs : dataMs),
        downMs: drawn(dataMs),
        ...{ requestLost: false, answerLost: false },
      }),
    };
    const network = connectNetwork(parts, life);
    const roundTrip = (share: number): number => 2 * dataMs * share;
    const engine = startVirtualEngine({
      ...{
        settings,
        clock: virtualClock(time),
        exchange,
        journal: this.#journal,
        post: network.post,
        fetch: network.fetch,
      },
      report: (fact) => this.#hear(fact),
      ...(this.#question.audit ? {} : { auditedBy: () => null }),
      notifier: { send: () => Promise.resolve() },
      warn: () => {},
      sockets: settings.streams
        ? () =>
            virtualSockets({ ...parts, fallsSilent: () => false }, life, this.#network, [
              roundTrip(JITTER[0]),
              roundTrip(JITTER[1]),
            ])
        : null,
      onStreams: (streams) => {
        this.#streams = streams;
      },
    });
    this.#engine = engine;
    const ended = (why: string): void => {
      this.#failure = why;
      time.stop();
    };
    engine.stopped.then(
      ({ exitCode, failure }) =>
        ended(
          `the engine ended with exit code ${exitCode}: ${failure === null ? 'no reason given' : reasonText(failure)}`,
        ),
      (thrown: unknown) => ended(`the engine failed: ${errorText(thrown)}`),
    );
  }

  #hear(fact: Fact): void {
    this.#options.onFact?.(fact, this.#time.nowMs);
    for (const period of this.#periods()) period.observe(fact);
    this.#lots.observe(fact);
    const booking = bookingOf(fact);
    if (booking !== null) this.#samples.earned(booking.spread.plus(booking.unwindGain));
    if (fact.type === 'alert.raised') this.#alerts.add(fact.alert.kind);
  }

  /** Frames are produced when the market moves, not on request. */
  #keepMarketMoving(): void {
    this.#exchange.advance(this.#time.nowMs);
    const nextMs = Math.max(this.#exchange.nextEventMs(), this.#time.nowMs + 1);
    this.#time.at(nextMs, () => this.#keepMarketMoving(), true);
  }

  #keepSampling(): void {
    this.#sample();
    this.#time.at(this.#time.nowMs + SAMPLE_EVERY_MS, () => this.#keepSampling(), true);
  }

  #sample(): void {
    const { nowMs } = this.#time;
    this.#exchange.advance(nowMs);
    for (const period of this.#periods()) period.sample(nowMs);
    this.#samples.sample(nowMs);
  }

  #keepCompact(): void {
    while (this.#journal.compact(this.#time.nowMs).more);
    this.#time.at(this.#time.nowMs + COMPACT_EVERY_MS, () => this.#keepCompact(), true);
  }

  #split(): void {
    this.#sample();
    this.#first = this.#period.figures();
    this.#period = new Period(this.#exchange, this.#settings.symbols, this.#lots);
    this.#period.sample(this.#time.nowMs);
  }

  #result(isWhole: boolean): Played {
    this.#sample();
    const books = [...this.#exchange.venue.books()];
    const audited = this.#engine?.auditor()?.report();
    this.#streams?.close();
    this.#engine?.exchange.close();
    return {
      untilMs: this.#time.nowMs,
      playedMs: this.#time.nowMs - this.#question.range.fromMs,
      isWhole,
      whole: this.#whole.figures(),
      first: this.#first,
      rest: this.#first === null ? null : this.#period.figures(),
      series: this.#samples.series(),
      leastMarginRatio: this.#samples.leastMarginRatio,
      market: Object.fromEntries(
        books.flatMap(({ spec, market }) => (market instanceof ReplayMarket ? [[spec.name, market.counts]] : [])),
      ),
      alerts: this.#alerts.sorted(),
      breaches: this.#question.audit ? (audited?.breachCounts ?? {}) : null,
      requests: Object.values(this.#exchange.api.requests()).reduce((total, count) => total + count, 0),
      failure: this.#failure,
    };
  }
}

function isOrder({ path }: PaperRequest): boolean {
  return ORDER_ROUTES.includes(path.slice(path.lastIndexOf('/') + 1));
}
