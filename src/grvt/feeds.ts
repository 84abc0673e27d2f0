import type { z } from 'zod';
import type { AccountName, Book } from '../core/model.ts';
import type { FillRow } from '../core/money.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { judgeSequence } from '../core/sequence.ts';
import type { AccountFrame } from '../core/view.ts';
import type { Clock } from '../ports.ts';
import { CANCEL_STREAM, droppedCancel, parseFrame } from './frames.ts';
import type { WireObserver } from './options.ts';
import { UnusableAnswer } from './parse.ts';
import { parseBookFrame } from './parse-market.ts';
import { fillMoneyOf } from './payments.ts';
import type { feedFrame } from './wire.ts';

/** Who receives what the frames of a connection bring. */
export interface FeedOptions {
  readonly subAccountIds: Readonly<Record<AccountName, string>>;
  /** Instruments whose books are subscribed. */
  readonly instruments: readonly string[];
  readonly clock: Clock;
  /** Numbers frames and passes them to the observer of the traffic. */
  readonly wire: WireObserver;
  /** An account frame that a rule uses, without gap or repetition (strategy 10.6). */
  readonly onFrame: (account: AccountName, frame: AccountFrame) => void;
  /** A fill of the account, own or not, with its fee (strategy 17.1). Absent: not needed. */
  readonly onFill?: (fill: FillRow) => void;
  /** A cancel of an own order was dropped as a duplicate (strategy 9.12). */
  readonly onCancelDropped?: (clientOrderId: string) => void;
  /** A book was received (strategy 7.4). Unreadable ones are ignored. */
  readonly onBook: (book: Book) => void;
  /** Its best bid and ask as text, for display. */
  readonly onTouch?: (instrument: string, bid: string, ask: string) => void;
}

/** Reads the frames of one connection: of an account's streams, or of the books (account null). */
export class Feeds {
  readonly #options: FeedOptions;
  readonly #account: AccountName | null;
  /** The last number of each stream. */
  readonly #sequences = new Map<string, bigint>();
  /** A row of the account was delivered. */
  hasGivenRows = false;

  constructor(options: FeedOptions, account: AccountName | null) {
    this.#options = options;
    this.#account = account;
  }

  /** Delivers a frame. @returns why the connection is of no more use; null: it goes on */
  take(frame: z.infer<typeof feedFrame>): Reason | null {
    const { stream, selector, feed } = frame;
    const sequence = BigInt(frame.sequence_number);
    const previous = typeof frame.prev_sequence_number === 'string' ? BigInt(frame.prev_sequence_number) : null;
    // Account streams have one selector each and number by stream, whatever selector a frame echoes.
    const key = this.#account === null ? `${stream} ${selector}` : stream;
    const last = this.#sequences.get(key) ?? null;
    const verdict = judgeSequence(last, sequence, previous);
    const { id, atMs } = this.#observe(frame);
    if (stream === CANCEL_STREAM) {
      const dropped = droppedCancel(feed);
      if (dropped !== null) this.#options.onCancelDropped?.(dropped);
      return null;
    }
    if (verdict === 'gap')
      return reason('stream-gap', '10.6', { stream, sequence: String(sequence), after: String(last) });
    if (verdict !== 'follows') return null;
    if (sequence > 0n) this.#sequences.set(key, sequence);
    if (this.#account !== null) return this.#takeRow(this.#account, stream, feed, id, atMs);
    this.#takeBook(feed);
    return null;
  }

  #observe({ stream, selector, feed, ...numbers }: z.infer<typeof feedFrame>) {
    const { clock, wire } = this.#options;
    const [id, atMs] = [wire.nextId(), clock.nowMs()];
    const { sequence_number: sequence, prev_sequence_number: previous = null } = numbers;
    wire.tell({ kind: 'frame', id, atMs, account: this.#account, stream, selector, sequence, previous, feed });
    return { id, atMs };
  }

  #takeBook(feed: unknown): void {
    const book = unlessUnusable(() => parseBookFrame(feed));
    if (book === null || book instanceof UnusableAnswer) return;
    this.#options.onBook(book);
    const [bid, ask] = [book.bids[0], book.asks[0]];
    if (bid && ask) this.#options.onTouch?.(book.instrument, bid.price.toFixed(), ask.price.toFixed());
  }

  #takeRow(account: AccountName, stream: string, feed: unknown, from: number, receivedAtMs: number): Reason | null {
    const { instruments, subAccountIds, onFrame, onFill } = this.#options;
    const subAccountId = subAccountIds[account];
    if (stream === 'v1.fill') {
      // For the statement only; an unreadable fill is found, or reported, in the history (strategy 17.1).
      const fill = unlessUnusable(() => fillMoneyOf(feed, { account, subAccountId }));
      if (fill !== null && !(fill instanceof UnusableAnswer)) onFill?.(fill);
    }
    const row = unlessUnusable(() => parseFrame(stream, feed, subAccountId, (name) => instruments.includes(name)));
    if (row === null) return null;
    // Its content is missing, as in a gap.
    if (row instanceof UnusableAnswer) return reason('stream-frame-unusable', '10.6', { stream, answer: row.why });
    this.hasGivenRows = true;
    onFrame(account, { ...row, from, receivedAtMs } as AccountFrame);
    return null;
  }
}

function unlessUnusable<T>(read: () => T): T | UnusableAnswer {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof UnusableAnswer) return thrown;
    throw thrown;
  }
}
