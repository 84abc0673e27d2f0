import type { Decimal } from '../decimal.ts';
import type { AccountName, Side, SymbolConfig } from '../model.ts';
import type { OrderBody } from './bodies.ts';

/** A reading is an engine's own after so many whole polls: one or two may have been spoilt for it in ways the wire does not show. */
export const CERTAIN_POLLS = 3;

/** The invariants of strategy 15. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12';
export const INVARIANTS: readonly Invariant[] = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
];

/** An invariant found broken, with the numbers that say so. */
export interface Breach {
  readonly invariant: Invariant;
  /** The rule of the strategy it broke, e.g. `8.3`. */
  readonly rule: string;
  readonly instrument: string | null;
  readonly account: AccountName | null;
  readonly clientOrderId: string | null;
  /** As the wire event said, our clock. */
  readonly atMs: number;
  /** One sentence for people. */
  readonly what: string;
  /** The numbers, by name. */
  readonly detail: Readonly<Record<string, string>>;
}

/** A symbol the engine may trade, in the exchange's own spelling (strategy 2.2). */
export type AuditSymbol = SymbolConfig;

/** What of the settings the invariants depend on (strategy 2.1). */
export interface AuditSettings {
  readonly singleOrderDiffThresholdUsdt: Decimal;
  readonly postOnlyMaxRetry: number;
  readonly partialFillTimeoutMs: number;
  /** The larger of three intervals and 10 s (strategy 10.3). */
  readonly staleMs: number;
  readonly cancelOnStop: boolean;
  readonly stopKeepStrategyOrders: number;
}

/** A lot the engine knows from before the auditor began to listen (its journal, strategy 11.2). `size` > 0. */
export interface StartLot {
  readonly instrument: string;
  readonly account: AccountName;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** Absent: when the auditor began to listen. */
  readonly bookedAtMs?: number;
}

/** What an engine knows of an instrument from its journal when it starts (strategy 11.2). */
export interface StartSymbol {
  readonly instrument: string;
  readonly lots: readonly StartLot[];
  /** The position the fills it has seen come to, waiting ones included; signed. */
  readonly positions: Readonly<Record<AccountName, Decimal>>;
  readonly orders: readonly StartOrder[];
}

/** An order it answers for, with what it had seen and booked of it (strategy 4.3). */
export interface StartOrder {
  readonly account: AccountName;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** Cumulative, as last seen. */
  readonly tradedSize: Decimal;
  readonly avgFillPrice: Decimal;
  readonly bookedSize: Decimal;
  readonly bookedValueUsdt: Decimal;
  readonly firstPartialAtMs: number | null;
  readonly sentAtMs: number;
  readonly expirationMs: number;
  /** null: the exchange never confirmed it. */
  readonly confirmedAtMs: number | null;
  readonly unknown: boolean;
}

/** What an auditor is told when it is built. */
export interface AuditorOptions {
  readonly symbols: readonly AuditSymbol[];
  /** Trading (sub) account ids, decimal. */
  readonly accounts: Readonly<Record<AccountName, string>>;
  readonly settings: AuditSettings;
  /**
   * What the engine knows of lots when the auditor begins to listen. `synthetic` (default): nothing, it builds them from
   * the positions (strategy 11.3). A list: its journal's lots. `unjudged`: it has a journal the auditor cannot know; guards
   * of an instrument are judged once its lots have been used up.
   */
  readonly existingAtStart?: 'synthetic' | 'unjudged' | readonly StartLot[];
  /**
   * What the engine's journal knows of each instrument it has traded: lots, orders with what is booked of them, and the
   * positions these come to. For those instruments it takes the place of `existingAtStart`.
   */
  readonly knownAtStart?: readonly StartSymbol[];
  /** The engine listens to streams, and asks for orders ahead (strategy 10.6); default: it does not. */
  readonly asksAhead?: boolean;
}

/** What an instrument asks of prices and sizes (strategy 7.1, 7.3), as an instruments answer said it. */
export interface InstrumentRules {
  readonly tickSize: Decimal;
  /** `min_size`, rounded up to what a signature's `base_decimals` can say. */
  readonly minSize: Decimal;
  /** USDT; zero where none is stated. */
  readonly minNotional: Decimal;
}

/** What one account's orders have come to, as known after the wire event `seq`. */
export interface OrderMoment {
  readonly seq: number;
  /** Cumulative, base units. */
  readonly traded: Decimal;
  /** Of `traded`, what is booked; the rest waits (strategy 4.3). */
  readonly booked: Decimal;
  /** The exchange said it is over, or it is proven never to have been. */
  readonly over: boolean;
}

/** How far a submission has come, by the wire alone. */
export type OrderPhase =
  /** Sent, no answer yet. */
  | 'sent'
  /** Answered PENDING: an acknowledgement, no proof (strategy 9.4). */
  | 'acknowledged'
  /** Time-out, reset, 5xx or unreadable answer (strategy 9.6). */
  | 'unknown'
  | 'open'
  /** The exchange refused the request: it never was. */
  | 'refused'
  | 'rejected'
  | 'filled'
  | 'cancelled'
  /** Proven never to have existed (strategy 9.6). */
  | 'absent';

/**
 * How long a partial fill has waited, by the engine's wall clock. Which of its readings reached the engine's journal is not on
 * the wire, so there is a span in which it is either booked already or waits still.
 */
export interface PartialWait {
  /** When it was first read: the engine's clock of it began no earlier. */
  firstMs: number;
  /** By when it has begun for certain; null: a kill may still undo it. */
  certainMs: number | null;
  /** Whole polls since the first reading, or since our clock was set back behind it, of one life of the engine. */
  polls: number;
  /** The event since which an engine may have booked it; null: it waits. */
  perhapsSeq: number | null;
  /** Since when that was, by the auditor's own time. */
  perhapsAtMs: number;
  /** Whole polls since its time is up for certain. */
  overduePolls: number;
  /** It is booked, and so is what follows as it comes. */
  isOver: boolean;
}

/** A strategy order as the auditor knows it. */
export interface AuditOrder {
  readonly clientOrderId: string;
  readonly account: AccountName;
  readonly instrument: string;
  readonly side: Side;
  readonly size: Decimal;
  readonly price: Decimal;
  /** False: found among the open orders, never heard leaving. */
  readonly heard: boolean;
  readonly sentSeq: number;
  readonly sentAtMs: number;
  readonly expirationMs: number | null;
  phase: OrderPhase;
  /** When the exchange first ended the submission (9.4), or the request failed; null before. */
  endedAtMs: number | null;
  postOnlyRefused: boolean;
  /** 401 or 429: it did not happen, and the same attempt may be made once more (strategy 9.8, 9.9). */
  turnedAway: boolean;
  overAtMs: number | null;
  traded: Decimal;
  avgPrice: Decimal;
  booked: Decimal;
  bookedValue: Decimal;
  /** The wait of its partial fill (4.3); null: none was read. */
  wait: PartialWait | null;
  /** From this moment on, asking may prove it absent (9.6); null: not fenced. */
  fenceEndMs: number | null;
  /** A look-up did not know it, and nothing was heard of it since: an engine may look for it in the lists. */
  notFound: boolean;
  lookedUpAbsent: boolean;
  /** The newest open orders lack it though it lives, and nothing was heard of it since. */
  unseen: boolean;
  /** The newest open orders that were asked for after it left lack it, whatever its look-ups said since. */
  lacked: boolean;
  /** A look-up asked ahead said that it is over, and no poll that lacks it has ended since: known or not; null: none did. */
  ahead: OrderBody | null;
  openOrdersLack: boolean;
  historyLacks: boolean;
  /** The newest round of asking that may prove it absent (9.6); null: none was asked yet, or it showed since. */
  proof: AbsenceProof | null;
  cancelAskedAtMs: number | null;
  /** Oldest first; bounded. */
  readonly moments: OrderMoment[];
  /** Attempts of its submission up to and with this one, and when the first of them left. */
  readonly attempt: number;
  readonly chainStartMs: number;
  readonly minRequestedMs: number;
  /** Set when it was judged a repair: what that judgement knew of each account; null: opening or not judged. */
  repairSeq: Readonly<Record<AccountName, number>> | null;
  /** Bookings on its own side, and drifts, before it left: whether anything else consumed lots since. */
  readonly sideBookingsAtSend: number;
  readonly driftsAtSend: number;
  ownBookings: number;
}

/** One round of asking for an order that may never have been (9.6): a look-up that says 1004, and the two lists after it. */
export interface AbsenceProof {
  /** When that look-up was answered; lists asked for before are of another round. */
  readonly lookedUpSeq: number;
  openOrdersAskedMs: number | null;
  historyAskedMs: number | null;
  /** From here on no engine counts it as live any more; null: not yet. */
  wholeSeq: number | null;
}

/** Has the exchange not yet told that it is over (strategy 1). */
export function isLive(order: AuditOrder): boolean {
  return order.overAtMs === null;
}

/** May it rest still: live, and no look-up asked ahead said otherwise. */
export function mayRest(order: AuditOrder): boolean {
  return isLive(order) && order.ahead === null;
}

/** Is it not yet known whether the order came to be (strategy 9.4, 9.6). */
export function isUnproven(order: AuditOrder): boolean {
  return order.phase === 'sent' || order.phase === 'acknowledged' || order.phase === 'unknown';
}

/** The last entry known at `seq`, null when none was; entries are oldest first. */
export function knownAt<T extends { readonly seq: number }>(entries: readonly T[], seq: number): T | null {
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const entry = entries[index]!;
    if (entry.seq <= seq) return entry;
  }
  return null;
}
