import WebSocket, { type ClientOptions } from 'ws';
import { z } from 'zod';
import { bookRow, decimalText, feedFrame, nanosText, rpcFrame, unsignedText } from '../grvt/wire.ts';
import { e9 } from '../paper/fixed.ts';
import type { InstrumentSpec, Level } from '../paper/index.ts';
import type { MarketRecord } from './record.ts';
import { MarketWriter } from './store.ts';

/**
 * Records the exchange's public streams (strategy 19.1): books, trades, marks and funding with receive times. What was
 * missed while disconnected is a gap. Nothing is queued: a record is in its block of at most 256 kB, or on disk.
 */
export interface RecorderOptions {
  /** Market data; `http` becomes `ws`. */
  readonly origin: string;
  /** Stored markets; not needed with `sinkOf`. */
  readonly directory?: string;
  /** Receives the records of an instrument; default: its files. */
  readonly sinkOf?: (spec: InstrumentSpec) => RecordSink;
  /** The connection is lost: the present state is unknown. */
  readonly onLost?: (why: string) => void;
  readonly instruments: readonly InstrumentSpec[];
  readonly nowMs: () => number;
  /** Prints a line. */
  readonly say: (text: string) => void;
  /** Levels of each book: 10, 50, 100 or 500. */
  readonly depth?: number;
  readonly agent?: ClientOptions['agent'];
  readonly WebSocket?: new (url: string, options: ClientOptions) => WebSocket;
}

/** Receives the records of one instrument, in order. */
export type RecordSink = Pick<MarketWriter, 'append' | 'flush' | 'close' | 'lastMs' | 'instrument' | 'cut'>;

export interface Recorder {
  readonly counts: Readonly<Counts>;
  /** The present rules of an instrument; recorded if they changed. */
  rules(spec: InstrumentSpec): void;
  /** Writes everything to disk and ends. */
  close(): void;
}

interface Counts {
  books: number;
  trades: number;
  marks: number;
  gaps: number;
  /** Unreadable frames; their content is missing. */
  unreadable: number;
  /** Records whose receive time was raised to that of the one before: our clock was set back. */
  clockBack: number;
}

/** Milliseconds between books and between tickers, and trades in the answer to a subscription. */
const BOOK_RATE_MS = 500;
const TICKER_RATE_MS = 1_000;
const TRADES_AT_FIRST = 50;
const PING_EVERY_MS = 3_000;
/** Silence, pongs included, after which a connection counts as dead. */
const SILENCE_MS = 6_500;
const HANDSHAKE_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** At most this much is lost with the process; shorter blocks compress less. */
const FLUSH_EVERY_MS = 30_000;
/** Largest frame: a book of 500 levels has some 60 kB. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
const DEFAULT_DEPTH = 10;

const tradeRow = z.object({
  event_time: nanosText,
  instrument: z.string(),
  is_taker_buyer: z.boolean(),
  size: unsignedText,
  price: unsignedText,
  trade_id: z.string().max(100),
});
const tickerRow = z.object({
  event_time: nanosText,
  instrument: z.string(),
  mark_price: unsignedText,
  index_price: unsignedText,
  /** Percent of the notional at each interval. */
  funding_rate: decimalText.nullish().catch(null),
  next_funding_time: nanosText.nullish().catch(null),
});

/** State of one recorded symbol. */
interface Recording {
  readonly writer: RecordSink;
  spec: InstrumentSpec;
  /** Set while data are missing: since when, and why. */
  missing: { readonly sinceMs: number; readonly why: string } | null;
  lastBook: string;
  lastMark: string;
  lastFunding: string;
  lastTrade: bigint | null;
}

/** @throws MarketError if what is stored already cannot be continued */
export function startRecorder(options: RecorderOptions): Recorder {
  return new Running(options);
}

class Running implements Recorder {
  readonly counts: Counts = { books: 0, trades: 0, marks: 0, gaps: 0, unreadable: 0, clockBack: 0 };
  readonly #options: RecorderOptions;
  readonly #of = new Map<string, Recording>();
  readonly #flush: NodeJS.Timeout;
  #closed = false;
  #socket: WebSocket | null = null;
  #watch: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #lastMessageMs = 0;
  #failedInARow = 0;
  #isUp = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    for (const spec of options.instruments) {
      const writer = options.sinkOf?.(spec) ?? new MarketWriter(options.directory ?? '.', spec.name);
      const { lastMs, cut } = writer;
      if (cut !== null) options.say(`${cut.file}: ${cut.bytes} bytes of a torn block were moved aside`);
      this.#of.set(spec.name, {
        ...{ writer, spec, lastBook: '', lastMark: '', lastFunding: '', lastTrade: null },
        missing: lastMs === null ? null : { sinceMs: lastMs, why: 'not recorded' },
      });
    }
    this.#flush = setInterval(() => {
      for (const { writer } of this.#of.values()) writer.flush();
    }, FLUSH_EVERY_MS);
    this.#connect();
  }

  rules(spec: InstrumentSpec): void {
    const of = this.#of.get(spec.name);
    if (of !== undefined) of.spec = spec;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#flush);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#end();
    for (const { writer } of this.#of.values()) writer.close();
  }

  #end(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    this.#socket?.terminate();
    this.#socket = null;
  }

  #connect(): void {
    const { origin, agent, WebSocket: Socket = WebSocket, nowMs } = this.#options;
    const socket = new Socket(`${origin.replace(/^http/, 'ws').replace(/\/+$/, '')}/ws/full`, {
      ...(agent === undefined ? {} : { agent }),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#socket = socket;
    this.#lastMessageMs = nowMs();
    const lose = (why: string): void => {
      if (this.#socket === socket) this.#lose(why);
    };
    socket.on('open', () => {
      this.#lastMessageMs = nowMs();
      this.#watch = setInterval(() => this.#checkSilence(socket, lose), PING_EVERY_MS);
      for (const [index, [stream, selectors]] of this.#subscriptions().entries()) {
        const request = { jsonrpc: '2.0', method: 'subscribe', params: { stream, selectors }, id: index + 1 };
        socket.send(JSON.stringify(request));
      }
    });
    socket.on('message', (data) => {
      if (this.#socket !== socket) return;
      this.#lastMessageMs = nowMs();
      this.#receive(String(data), lose);
    });
    socket.on('pong', () => {
      this.#lastMessageMs = nowMs();
    });
    socket.on('close', () => lose('the connection was closed'));
    socket.on('error', (error) => lose(error.message));
  }

  #subscriptions(): [string, string[]][] {
    const { depth = DEFAULT_DEPTH } = this.#options;
    const names = [...this.#of.keys()];
    return [
      ['v1.book.s', names.map((name) => `${name}@${BOOK_RATE_MS}-${depth}`)],
      ['v1.trade', names.map((name) => `${name}@${TRADES_AT_FIRST}`)],
      ['v1.ticker.s', names.map((name) => `${name}@${TICKER_RATE_MS}`)],
    ];
  }

  #checkSilence(socket: WebSocket, lose: (why: string) => void): void {
    const silentMs = this.#options.nowMs() - this.#lastMessageMs;
    if (silentMs >= SILENCE_MS) lose(`silent for ${(silentMs / 1_000).toFixed(1)} s`);
    else socket.ping();
  }

  /** The connection is lost: data are missing until the next one. */
  #lose(why: string): void {
    this.#end();
    if (this.#closed) return;
    for (const of of this.#of.values()) {
      of.lastTrade = null;
      if (of.writer.lastMs !== null) of.missing ??= { sinceMs: this.#lastMessageMs, why };
    }
    this.#options.onLost?.(why);
    if (this.#isUp || this.#failedInARow === 0) this.#options.say(`not recording: ${why}`);
    this.#isUp = false;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failedInARow, MAX_PAUSE_MS);
    this.#failedInARow = Math.min(this.#failedInARow + 1, 16);
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }

  #receive(text: string, lose: (why: string) => void): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      lose('a message that is no JSON');
      return;
    }
    const frame = feedFrame.safeParse(message).data;
    if (frame === undefined) {
      const refusal = rpcFrame.safeParse(message).data?.error;
      if (refusal) lose(`refused: ${refusal.code} ${refusal.message ?? ''}`);
      return;
    }
    const [name = ''] = frame.selector.split('@');
    const of = this.#of.get(name);
    if (of === undefined) return;
    const sequence = BigInt(frame.sequence_number);
    try {
      if (frame.stream === 'v1.book.s') this.#book(of, frame.feed);
      else if (frame.stream === 'v1.ticker.s') this.#ticker(of, frame.feed);
      // The first trades of a subscription happened before.
      else if (frame.stream === 'v1.trade' && sequence > 0n) {
        if (of.lastTrade !== null && sequence > of.lastTrade + 1n) {
          lose(`${sequence - of.lastTrade - 1n} trades of ${name} are missing`);
          return;
        }
        // A frame may be repeated (API 8).
        if (of.lastTrade !== null && sequence <= of.lastTrade) return;
        of.lastTrade = sequence;
        this.#trade(of, frame.feed);
      }
    } catch (thrown) {
      if (!(thrown instanceof z.ZodError)) throw thrown;
      if (this.counts.unreadable === 0) this.#options.say(`a ${frame.stream} of ${name} cannot be read: ${text}`);
      this.counts.unreadable += 1;
    }
  }

  #book(of: Recording, feed: unknown): void {
    const { bids, asks, event_time } = bookRow.parse(feed);
    this.#up(of);
    // A book that shows nothing new is not stored.
    const shown = JSON.stringify([bids, asks]);
    if (shown === of.lastBook) return;
    of.lastBook = shown;
    this.counts.books += 1;
    const atMs = this.#timeOf(of);
    this.#append(of, { kind: 'book', atMs, exchangeNs: BigInt(event_time), bids: levels(bids), asks: levels(asks) });
  }

  #trade(of: Recording, feed: unknown): void {
    const { event_time, is_taker_buyer, price, size, trade_id } = tradeRow.parse(feed);
    if (e9(price) === 0n || e9(size) === 0n) return;
    this.#up(of);
    this.counts.trades += 1;
    const atMs = this.#timeOf(of);
    const timed = { atMs, exchangeNs: BigInt(event_time) };
    const trade = { takerBuys: is_taker_buyer, price: e9(price), size: e9(size), id: trade_id };
    this.#append(of, { kind: 'trade', ...timed, ...trade });
  }

  #ticker(of: Recording, feed: unknown): void {
    const { event_time, mark_price, index_price, funding_rate, next_funding_time } = tickerRow.parse(feed);
    this.#up(of);
    const timed = { atMs: this.#timeOf(of), exchangeNs: BigInt(event_time) };
    const [mark, index] = [e9(mark_price), e9(index_price)];
    const marks = `${mark} ${index}`;
    if (marks !== of.lastMark && mark > 0n && index > 0n) {
      of.lastMark = marks;
      this.counts.marks += 1;
      this.#append(of, { kind: 'mark', ...timed, mark, index });
    }
    const funding = `${funding_rate} ${next_funding_time}`;
    if (typeof funding_rate !== 'string' || typeof next_funding_time !== 'string' || funding === of.lastFunding) return;
    of.lastFunding = funding;
    const [rate, dueMs] = [e9(funding_rate) / 100n, Number(BigInt(next_funding_time) / 1_000_000n)];
    const intervalMs = of.spec.fundingIntervalHours * 3_600_000;
    this.#append(of, { kind: 'funding', ...timed, rate, intervalMs, dueMs });
  }

  /** Records arrive again: what was missed before is a gap. */
  #up(of: Recording): void {
    if (!this.#isUp) {
      this.#isUp = true;
      this.#failedInARow = 0;
      this.#options.say(`recording ${[...this.#of.keys()].join(', ')}`);
    }
    const { missing, writer, spec } = of;
    const now = this.#timeOf(of);
    if (missing !== null) {
      of.missing = null;
      of.lastBook = '';
      const atMs = Math.max(missing.sinceMs, writer.lastMs ?? missing.sinceMs);
      if (now > atMs) {
        this.counts.gaps += 1;
        writer.append({ kind: 'gap', atMs, toMs: now, why: missing.why });
      }
    }
    const known = writer.instrument;
    if (known === null || !isSame(known, spec)) writer.append({ kind: 'instrument', atMs: now, spec });
  }

  #append(of: Recording, record: MarketRecord): void {
    of.writer.append(record);
  }

  /** Now, but never before the last record. */
  #timeOf({ writer }: Recording): number {
    const [now, last] = [this.#options.nowMs(), writer.lastMs ?? 0];
    if (now >= last) return now;
    this.counts.clockBack += 1;
    return last;
  }
}

function levels(rows: readonly { readonly price: string; readonly size: string }[]): Level[] {
  return rows.map(({ price, size }) => ({ price: e9(price), size: e9(size), orders: 1 }));
}

/** Whether both have the same order rules. */
function isSame(one: InstrumentSpec, other: InstrumentSpec): boolean {
  return (
    one.tick === other.tick &&
    one.minSize === other.minSize &&
    one.minNotional === other.minNotional &&
    one.fundingIntervalHours === other.fundingIntervalHours
  );
}
