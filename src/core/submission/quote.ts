import type { Now } from '../assess.ts';
import { type Decimal, max } from '../decimal.ts';
import type { Book, Instrument, Side } from '../model.ts';
import { checkSendable, priceFor, touchOf } from '../pricing.ts';
import { type Reason, reason } from '../reasons.ts';
import { intentOf, type Quote, type SubmissionMemory } from './memory.ts';

/** The data an attempt is priced from. */
export interface Market {
  readonly book: Book;
  /** Read only after a refusal that the index may explain (9.5); null: not read. */
  readonly index: Decimal | null;
}

export interface QuoteGiven {
  /** undefined: the rules are unknown. */
  readonly instrument: Instrument | undefined;
  /** Prices of the other account's submissions to avoid (strategy 6.6). */
  readonly othersPrices: readonly Decimal[];
  /** Whether its gateway has failed: the one that replaces it may give out the same numbers and prices (strategy 9.1, 9.2). */
  readonly isOrphaned: boolean;
}

export const ORPHANED: Reason = reason('gateway-replaced', '9.1');

/** Whether an order at that price and side would have taken from the book. */
function crossedBook(price: Decimal | null, side: Side, book: Book): boolean {
  const opposite = (side === 'sell' ? book.bids : book.asks)[0]?.price;
  if (price === null || opposite === undefined) return false;
  return side === 'sell' ? price.lte(opposite) : price.gte(opposite);
}

/** The price of this attempt, and whether it may be sent (strategy 7.1, 7.3, 6.4, 6.6). */
export function quoteFor(memory: SubmissionMemory, { book, index }: Market, given: QuoteGiven, now: Now): Quote {
  const intent = intentOf(memory);
  const { instrument, othersPrices, isOrphaned } = given;
  if (isOrphaned) return { kind: 'denied', why: ORPHANED };
  if (instrument === undefined) return { kind: 'denied', why: reason('instrument-unknown', '2.2') };
  const old = tooOld(memory, now);
  if (old !== null) return { kind: 'denied', why: old };
  const own = intent.beyondPrice === null ? [] : [intent.beyondPrice];
  const { side, guardPrice, size, nearerThanPrice } = intent;
  const beyondPrices = [...own, ...othersPrices];
  const indexPrice = crossedBook(memory.wouldCross, side, book) ? null : index;
  const priced = priceFor({ side, book, guardPrice, beyondPrices, instrument, indexPrice });
  const touch = touchOf(book);
  if (!touch.ok) return { kind: 'book-unusable', why: touch.why };
  if (!priced.ok) return { kind: 'denied', why: priced.why };
  const { mostUsdt } = intent;
  // A repair may rest far from the market, so it is valued at the book; an opening at its own price or better.
  const worthPrice = intent.purpose === 'opening' ? max(priced.price, touch.ask) : touch.bid.plus(touch.ask).div(2);
  const worth = mostUsdt === undefined ? {} : { worth: { price: worthPrice, mostUsdt } };
  const sendable = checkSendable({ side, size, price: priced.price, instrument, nearerThanPrice, ...worth });
  if (!sendable.ok) return { kind: 'denied', why: sendable.why };
  return { kind: 'sendable', price: priced.price, pricedFrom: { bid: touch.bid, ask: touch.ask, beyondPrices } };
}

/** Waiting (for a submission, a retry, a book, the budget) made the data of its decision too old (strategy 10.3). */
export function tooOld(memory: SubmissionMemory, { nowMs, era }: Now): Reason | null {
  const { validInEra = era, validUntilMs = Number.POSITIVE_INFINITY } = intentOf(memory);
  if (era !== validInEra) return reason('decided-before-clock-step', '10.3');
  return nowMs > validUntilMs ? reason('decided-on-old-data', '10.3') : null;
}
